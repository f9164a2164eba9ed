"""The demonstration: detect landslides in a simulated scene, and score."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import shapely
from matplotlib.figure import Figure

from engine.evaluation.evaluate import evaluate
from engine.evaluation.scores import Confusion
from engine.events import SILENT, Reporter
from engine.files import ResultFolder, atomic_path, output_folder
from engine.handles import LandslideMask
from engine.inventory.inventory import Inventory
from engine.inventory.vectorize import VectorizeConfig, vectorize
from engine.models.bundle import DEFAULT_MODEL, find_model
from engine.pipeline import Detection, detect
from engine.report.figures import OUTLINE, Picture, picture_of, png
from engine.scene.simulation.simulate import SimulationConfig, simulate
from engine.scene.stack import make_stack

TRUTH = "#00e5ff"


@dataclass(frozen=True)
class Demonstration:
    """What the demo wrote, and how well the model did on the simulated scene.

    Attributes:
        detection: Everything that ``l4s detect`` writes.
        confusion: Pixels of the mask against the simulator's truth.
        simulated: Number of landslides in the truth.
        picture: Found and true outlines over the image.
    """

    detection: Detection
    confusion: Confusion
    simulated: int
    picture: Path


def demonstrate(
    out: Path, *, size_px: int = 516, seed: int = 0, reporter: Reporter = SILENT
) -> Demonstration:
    """Simulate a scene, detect its landslides, and compare.

    Args:
        out: Folder for everything; created if needed.
        size_px: Side of the scene in 10 m pixels.
        seed: The scene follows from it.
        reporter: Receives progress.

    Returns:
        Handles on what was written.

    Raises:
        L4SError: The model is missing or damaged, or the folder cannot be written.
    """
    bundle = find_model(DEFAULT_MODEL)
    scene = simulate(
        output_folder(out) / "scene", SimulationConfig(size_px=size_px, seed=seed), reporter
    )
    stack = make_stack(scene.imagery, scene.dem, out=ResultFolder(out).stack, reporter=reporter)
    inputs = {"sentinel2": [str(p) for p in scene.imagery], "dem": [str(p) for p in scene.dem]}
    detection = detect(stack, [bundle], out=out, inputs=inputs, reporter=reporter)
    truth = vectorize(
        LandslideMask.open(scene.truth), config=VectorizeConfig(min_area_m2=0), reporter=reporter
    )
    picture = out / "demo.png"
    with atomic_path(picture) as temporary:
        temporary.write_bytes(png(comparison_figure(detection.inventory, truth, picture_of(stack))))
    scores = evaluate(detection.mask.path, scene.truth, reporter=reporter).total
    return Demonstration(detection, scores, scene.landslides, picture)


def comparison_figure(found: Inventory, truth: Inventory, picture: Picture | None) -> Figure:
    """Draw the image alone, with the found outlines, and with the true ones.

    Args:
        found: Detected landslides.
        truth: Reference landslides in the same CRS.
        picture: The image below, or None.
    """
    figure = Figure(figsize=(16.5, 5.8), layout="constrained")
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    titles = (
        "Sentinel-2 (simulated)",
        f"{len(found)} landslides detected",
        f"{len(truth)} landslides in the truth",
    )
    shapes = (None, found.landslides.geometry, truth.landslides.geometry)
    for axes, title, outlines, colour in zip(
        panels, titles, shapes, ("", OUTLINE, TRUTH), strict=True
    ):
        if picture is not None:
            left, bottom, right, top = picture.bounds
            axes.imshow(picture.values, extent=(left, right, bottom, top), interpolation="nearest")
        if outlines is not None:
            for part in shapely.get_parts(shapely.boundary(outlines.to_numpy())):
                axes.plot(*part.xy, color=colour, linewidth=0.9)
        axes.set_title(title, fontsize=12)
        axes.set_axis_off()
    return figure
