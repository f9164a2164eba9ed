"""Run the whole pipeline over real imagery and draw what comes out.

This makes the numbers and pictures of docs/method/accuracy.md.

    .venv/engine/bin/python scripts/real_data.py --data DIR --out DIR [--model NAME_OR_DIR]

DIR holds Landslide4Sense patches, Hokkaido 2018, Slovenia L1C, SSL4EO Punjab and Major TOM L2A
scenes in the layout described in docs/method/accuracy.md. None of it is part of this repository.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from affine import Affine
from matplotlib.figure import Figure
from rasterio.crs import CRS

from engine.bands import IGNORE, NAMES
from engine.errors import L4SError
from engine.evaluation.evaluate import evaluate
from engine.events import Log, Reporter
from engine.files import output_folder
from engine.grid import Grid
from engine.handles import Stack
from engine.models.bundle import DEFAULT_MODEL, ModelBundle, find_model
from engine.patches.landslide4sense import find_patches
from engine.pipeline import Detection, detect
from engine.raster import RasterWriter
from engine.report.figures import OUTLINE, picture_of, png
from engine.scene.stack import make_stack


@dataclass(frozen=True)
class Case:
    """One real scene: what it is called, its stack, and a reference mask if there is one."""

    name: str
    stack: Stack
    reference: Path | None = None


def patches(data: Path, out: Path) -> Iterator[Case]:
    """Training patches 1, 2 and 3 side by side, in raw units.

    Their place in Taiwan's UTM zone is made up.
    """
    chosen = {
        p.id: p for p in find_patches(data / "landslide4sense").patches() if p.id in (1, 2, 3)
    }
    image = np.concatenate([chosen[i].image for i in (1, 2, 3)], axis=2).astype(np.float32)
    mask = np.concatenate([np.asarray(chosen[i].mask) for i in (1, 2, 3)], axis=1)
    grid = Grid(
        CRS.from_epsg(32651),
        Affine(10, 0, 300000, 0, -10, 2600000),
        (image.shape[1], image.shape[2]),
    )
    with RasterWriter(out / "patches.tif", grid, dtype="float32", bands=NAMES) as writer:
        writer.write(image)
    with RasterWriter(
        out / "patches_mask.tif", grid, dtype="uint8", bands=["landslide"], nodata=IGNORE
    ) as writer:
        writer.write(mask[None])
    yield Case(
        "Landslide4Sense patches 1-2-3", Stack.open(out / "patches.tif"), out / "patches_mask.tif"
    )


def scenes(data: Path, out: Path, reporter: Reporter) -> Iterator[Case]:
    """Real scenes without reference."""
    hokkaido = data / "hokkaido_2018"
    named: list[tuple[str, list[Path], list[Path]]] = [
        ("Hokkaido 2018 after", sorted(hokkaido.glob("post_B0*.tif")), [hokkaido / "dem.tif"]),
        ("Hokkaido 2018 before", sorted(hokkaido.glob("pre_B0*.tif")), [hokkaido / "dem.tif"]),
    ]
    named += [
        (f"Slovenia {path.stem}", [path], [path.parent / "dem.tif"])
        for path in sorted((data / "slovenia_l1c").glob("l1c_*.tif"))
    ]
    named += [
        (f"Punjab {path.parent.name} {path.name[:8]}", [path], [])
        for path in sorted((data / "ssl4eo_punjab").glob("l*/*"))
    ]
    named += [
        (f"Major TOM {path.name.split('_')[5]}", [path], [])
        for path in sorted((data / "majortom_l2a").glob("S2*"))
    ]
    for name, imagery, dem in named:
        try:
            yield Case(
                name, make_stack(imagery, dem, out=out / f"{_slug(name)}.tif", reporter=reporter)
            )
        except L4SError as error:
            print(f"{name}: {error}")


def overlay(case: Case, detection: Detection) -> Figure:
    """The image, and the image with the outlines that were found."""
    rows, columns = case.stack.grid.shape
    figure = Figure(figsize=(16, 8 * rows / columns + 0.5), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    picture = picture_of(case.stack)
    for axes in panels:
        if picture is not None:
            left, bottom, right, top = picture.bounds
            axes.imshow(
                picture.values,
                extent=(left, right, bottom, top),
                interpolation="nearest",
                aspect="auto",
            )
        axes.set_axis_off()
    for part in shapely.get_parts(
        shapely.boundary(detection.inventory.landslides.geometry.to_numpy())
    ):
        panels[1].plot(*part.xy, color=OUTLINE, linewidth=0.7)
    panels[0].set_title(case.name)
    panels[1].set_title(f"{len(detection.inventory)} polygons")
    return figure


def run_case(case: Case, bundles: list[ModelBundle], out: Path, reporter: Reporter) -> str:
    """Detect, draw, and return the row of the table."""
    folder = out / _slug(case.name)
    detection = detect(case.stack, bundles, out=folder, reporter=reporter)
    (out / f"{_slug(case.name)}.png").write_bytes(png(overlay(case, detection)))
    mask = detection.mask.read()
    share = (mask == 1).sum() / max(1, (mask != IGNORE).sum())
    masked = (mask == IGNORE).mean()
    score = (
        f"{evaluate(detection.mask.path, case.reference).total.f1:.3f}" if case.reference else "-"
    )
    return (
        f"| {case.name} | {len(case.stack.channels)} | {len(detection.inventory)} |"
        f" {100 * share:.2f} % | {100 * masked:.1f} % | {score} |"
    )


def main() -> None:
    """Run every case and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the real data")
    parser.add_argument("--out", type=Path, required=True, help="folder for pictures and results")
    parser.add_argument("--model", nargs="+", default=[DEFAULT_MODEL], help="model bundle(s)")
    args = parser.parse_args()
    out = output_folder(args.out)
    reporter = Reporter(
        lambda event: (
            print(f"  {event.message}")
            if isinstance(event, Log) and event.level == "warning"
            else None
        )
    )
    bundles = [find_model(name) for name in args.model]
    rows = [
        run_case(case, bundles, out, reporter)
        for case in (*patches(args.data, out), *scenes(args.data, out, reporter))
    ]
    print(
        "| scene | channels | polygons | landslide pixels | nodata | F1"
        " |\n|---|---|---|---|---|---|"
    )
    print("\n".join(rows))


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")


if __name__ == "__main__":
    main()
