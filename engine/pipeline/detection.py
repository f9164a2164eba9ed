"""From a stack to its inventory, report and record in one call."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from shapely.geometry.base import BaseGeometry

from engine import __version__
from engine.events import SILENT, Reporter
from engine.files import ResultFolder, output_folder
from engine.handles import WELL_COVERED, LandslideMask, Stack
from engine.inference.config import InferenceConfig, require_threshold
from engine.inference.detect import Prediction, predict
from engine.inference.mask import automatic_threshold, make_mask
from engine.inventory.combine import combine
from engine.inventory.inventory import Inventory
from engine.inventory.vectorize import VectorizeConfig, vectorize
from engine.models.bundle import ModelBundle
from engine.pipeline.results import Results, record_of, write_results
from engine.scene.change import change_on, change_path

Threshold = float | Literal["auto"] | None


@dataclass(frozen=True)
class DetectConfig:
    """How a stack becomes an inventory.

    Attributes:
        threshold: Probability from which a pixel is landslide; None takes the models' cards',
            ``auto`` the histogram's.
        inference: Windows, views, device.
        polygons: Minimum mapping unit, outlines.
    """

    threshold: Threshold = None
    inference: InferenceConfig = field(default_factory=InferenceConfig)
    polygons: VectorizeConfig = field(default_factory=VectorizeConfig)

    def __post_init__(self) -> None:
        if isinstance(self.threshold, (int, float)):
            require_threshold(self.threshold)


@dataclass(frozen=True)
class Detection(Results):
    """What :func:`detect` wrote: the inventory and what it was drawn from.

    Attributes:
        folder: Where everything lies.
        prediction: Probability and uncertainty rasters with the facts of the run.
        mask: The landslide mask.
    """

    folder: Path
    prediction: Prediction
    mask: LandslideMask


def detect(
    stack: Stack,
    bundles: Sequence[ModelBundle],
    *,
    out: Path,
    config: DetectConfig | None = None,
    area: BaseGeometry | None = None,
    change: Path | None = None,
    inputs: Mapping[str, Any] | None = None,
    reporter: Reporter = SILENT,
) -> Detection:
    """Detect landslides in a stack.

    Args:
        stack: Channels on one grid.
        bundles: One or more models; several are averaged.
        out: Folder for ``probability.tif``, ``uncertainty.tif`` (several members or views),
            ``mask.tif``, ``inventory.gpkg``, ``report.html`` and ``run.json``; created if needed.
        config: Threshold, inference and polygons.
        area: Restricts the detection to this polygon; in the stack's CRS.
        change: Raster of NDVI and brightness change on the stack's grid
            (:mod:`engine.scene.change`); None takes the one that ``l4s stack --before`` put beside
            the stack, if there is one.
        inputs: What the stack was made from, for the provenance.
        reporter: Receives progress.

    Returns:
        Handles on all that was written.

    Raises:
        L4SError: See :mod:`engine.errors`; nothing half-written bears its final name.
    """
    config = config or DetectConfig()
    started, clock = datetime.now(timezone.utc), time.monotonic()
    folder = ResultFolder(output_folder(out))
    _warn_without_cloud_mask(stack, config.inference, reporter)
    prediction = predict(
        stack, bundles, out=out, config=config.inference, area=area, reporter=reporter
    )
    threshold = _threshold(config.threshold, prediction, reporter)
    # The record stands for a complete result: an earlier one's must not stay beside the files that
    # are replaced from here on.
    folder.run.unlink(missing_ok=True)
    mask = make_mask(
        prediction.probability, out=folder.mask, threshold=threshold, reporter=reporter
    )
    change = change or change_on(stack.grid, [change_path(stack.path)], reporter)
    run = {
        "engine_version": __version__,
        "created": started.isoformat(timespec="seconds"),
        "parameters": asdict(config),
        **record_of(prediction.facts, threshold, stack=stack, change=change, given=inputs),
    }
    inventory = vectorize(
        mask,
        probability=prediction.probability,
        stack=stack,
        uncertainty=prediction.uncertainty,
        change=change,
        area=area,
        config=config.polygons,
        run=run,
        reporter=reporter,
    )
    _warn_of_partial_slope(inventory, reporter)
    written = write_results(
        inventory, folder, clock, stack=stack, probability=prediction.probability, reporter=reporter
    )
    return Detection(**vars(written), folder=out, prediction=prediction, mask=mask)


def _threshold(wanted: Threshold, prediction: Prediction, reporter: Reporter) -> float:
    if wanted is None:
        return prediction.threshold
    if wanted == "auto":
        value = automatic_threshold(
            prediction.probability, around=prediction.threshold, reporter=reporter
        )
        reporter.log(f"The threshold is {value:.3f}, from the histogram of probabilities.")
        return value
    return float(wanted)


def _warn_without_cloud_mask(stack: Stack, config: InferenceConfig, reporter: Reporter) -> None:
    """Warn that there is no cloud mask.

    A map of clouds without landslides looks like a map of ground without landslides.
    """
    if stack.has_quality or not config.mask_quality:
        return
    remedy = (
        "make the stack with `--quality s2cloudless` (extra `clouds`), which computes a mask from"
        " Level-1C bands."
        if "B10" in stack.channels
        else (
            "make the stack with `--quality bright`, which takes bright ground that is not red for"
            " clouds and snow, or check the image for them before you trust the map."
        )
    )
    reporter.warn(
        f"{stack.path.name} has no cloud mask, so clouds are taken for ground: they hide landslides"
        f" and can look like some; {remedy}",
        "detect-no-cloud-mask",
    )


def _warn_of_partial_slope(inventory: Inventory, reporter: Reporter) -> None:
    covered = inventory.run.get("slope_covered")
    if covered and covered < WELL_COVERED:
        reporter.warn(
            f"{100 * (1 - covered):.1f} % of the ground has no slope, without which most landslides"
            " are missed or fields are drawn: an elevation model (DEM) is missing there.",
            "detect-slope-partial",
        )


def merge(detections: Sequence[Detection], out: Path, *, reporter: Reporter = SILENT) -> Results:
    """Write one inventory of several detections, with its report.

    Ground and landslides that two of them saw count once.

    Args:
        detections: One or more; see :func:`engine.inventory.combine.combine`.
        out: Folder for ``inventory.gpkg``, ``report.html`` and ``run.json``.
        reporter: Receives progress.

    Raises:
        L4SError: See :mod:`engine.errors`.
    """
    clock = time.monotonic()
    stacks = {str(d.inventory.run["inputs"]["stack"]) for d in detections}
    stack = Stack.open(Path(stacks.pop())) if len(stacks) == 1 else None
    combined = combine([d.inventory for d in detections])
    reporter.log(
        f"Of landslides that two detections mapped, {combined.run['mapped_twice']} were left out"
        f" and {combined.run['joined']} joined."
    )
    return write_results(
        combined, ResultFolder(output_folder(out)), clock, stack=stack, reporter=reporter
    )
