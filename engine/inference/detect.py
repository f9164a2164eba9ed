"""Stack to probability raster: any size, flat memory, one model or many.

See ``docs/guides/detection.md`` for how it works.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rasterio.windows import Window

from engine import __version__
from engine.errors import ConfigError, DiskFullError, NoValidPixelsError
from engine.events import SILENT, Reporter
from engine.files import ResultFolder, output_folder
from engine.grid import Grid
from engine.handles import PROBABILITY_NODATA, PROBABILITY_SCALE, ProbabilityRaster, Stack
from engine.inference import crf, finished
from engine.inference.config import InferenceConfig
from engine.inference.ensemble import views
from engine.inference.journal import Journal, JournalState
from engine.inference.networks import Networks, card_threshold
from engine.inference.setup import (
    OverlapChoice,
    assemble,
    choose_overlap,
    fingerprint,
    needed_windows,
    windows,
)
from engine.inference.source import Inputs, excluded_classes
from engine.inference.statistics import SceneStatistics, scene_statistics
from engine.inference.stream import Stream, StreamPlan, Tally
from engine.models.bundle import ModelBundle
from engine.raster import RasterWriter

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_STRIP_PX = 512
_LAYERS = ("probability", "uncertainty")


@dataclass(frozen=True)
class Prediction:
    """What :func:`predict` wrote.

    Attributes:
        probability: Probability of landslide.
        uncertainty: Standard deviation between members and views, or None where
            there was only one of both.
        threshold: Weighted mean of the thresholds in the models' cards.
        facts: How it was made, for ``run.json``; everything in it is JSON.
    """

    probability: ProbabilityRaster
    uncertainty: ProbabilityRaster | None
    threshold: float
    facts: dict[str, Any]


def predict(
    stack: Stack,
    bundles: Sequence[ModelBundle],
    *,
    out: Path,
    config: InferenceConfig | None = None,
    area: BaseGeometry | None = None,
    reporter: Reporter = SILENT,
) -> Prediction:
    """Compute the probability of landslide for every pixel of a stack.

    A run that was killed goes on from its last finished rows when it is started again with the same
    inputs and configuration, and a finished result of the same inputs and configuration is taken as
    it is.

    Args:
        stack: Channels on one grid, in raw units.
        bundles: One model, or several that are averaged by their weights.
        out: Folder for ``probability.tif`` and, with several members or views, ``uncertainty.tif``;
            created if needed.
        config: Windows, views, device.
        area: Polygons in the stack's CRS outside which there is no result.
        reporter: Receives progress.

    Returns:
        Handles on the rasters, the threshold and the facts.

    Raises:
        ChannelError: The stack lacks a channel that a model needs.
        NoValidPixelsError: There is no pixel with data (in the area).
        NoOverlapError: The area lies outside the stack.
        DeviceError, DependencyError: The device or a package asked for is not there.
        OutputError, DiskFullError: The results cannot be written.
        CancelledError: On request.
    """
    config = config or InferenceConfig()
    inputs = _check(stack, bundles, config, area)
    _warn_without_slope(stack, bundles, reporter)
    _warn_of_pixel_size(stack, reporter)
    networks = Networks.load(bundles, config)
    layers = _LAYERS[: 2 if len(bundles) * len(views(config.tta)) > 1 else 1]
    name = fingerprint(stack, bundles, networks, config, area)
    folder = ResultFolder(output_folder(out))
    request = _Request(stack, bundles, config, area, inputs, networks, folder, layers, name)
    earlier = finished.facts_of(folder, layers, stack.grid, name)
    if earlier is None:
        facts = {**_compute(request, reporter), "reused": False}
    else:
        reporter.log(
            f"The probability in {out} was computed from the same stack, models and settings and is"
            " used again; delete probability.tif to have it computed anew."
        )
        facts = {**earlier, "reused": True}
    _tidy(request)
    return Prediction(
        ProbabilityRaster.open(folder.probability),
        ProbabilityRaster.open(folder.uncertainty) if len(layers) > 1 else None,
        card_threshold(bundles),
        facts,
    )


@dataclass(frozen=True)
class _Request:
    """What was asked for, checked, with the networks loaded.

    ``name`` is its fingerprint.
    """

    stack: Stack
    bundles: Sequence[ModelBundle]
    config: InferenceConfig
    area: BaseGeometry | None
    inputs: Inputs
    networks: Networks
    folder: ResultFolder
    layers: Sequence[str]
    name: str


def _compute(request: _Request, reporter: Reporter) -> dict[str, Any]:
    """Compute and write the rasters, or finish those of a stopped run.

    Returns:
        How they were made.
    """
    started = time.monotonic()
    stack, config, networks, name = request.stack, request.config, request.networks, request.name
    reporter.log(
        f"Computing on {', '.join(networks.choice.devices)} with {networks.names}."
        f" {networks.choice.reason}"
    )
    _check_room(request.folder.path, stack.grid, len(request.layers))
    journal = Journal(request.folder, request.layers, stack.grid.columns)
    progress = _earlier(journal, name, reporter)
    if progress is not None:
        statistics = SceneStatistics.from_json(progress.facts["statistics"])
    else:
        excluded = excluded_classes(config.mask_quality)
        statistics = scene_statistics(stack, request.inputs, excluded=excluded, reporter=reporter)
    plan = assemble(stack, request.bundles, networks, config, statistics.channels, request.area)
    prepared = time.monotonic()
    try:
        journal.start(progress)
        noted = {"statistics": statistics.to_json()}
        stream = Stream(
            plan,
            journal,
            fingerprint=name,
            facts=noted,
            checkpoint_s=config.checkpoint_s,
            reporter=reporter,
        )
        tally = stream.run(progress)
        streamed = time.monotonic()
        _require_pixels(tally, stack, request.area, journal)
        seconds = {
            "statistics": round(prepared - started, 3),
            "inference": round(streamed - prepared, 3),
        }
        facts = {
            **_how(networks, plan, config, tally, choose_overlap(request.bundles, config)),
            **_speed(plan, tally, seconds, progress.rows if progress is not None else 0),
            "members": [_member(bundle, stack) for bundle in request.bundles],
            "statistics": statistics.to_json(),
            "quality": statistics.quality,
        }
        _write(journal, request, facts, reporter)
    finally:
        journal.close()
    seconds["writing"] = round(time.monotonic() - streamed, 3)
    return {**facts, "inference_seconds": seconds}


def _tidy(request: _Request) -> None:
    """Remove the journal, and layers of an earlier detection."""
    Journal(request.folder, request.layers, request.stack.grid.columns).remove()
    for layer in set(_LAYERS) - set(request.layers):
        request.folder.layer(layer).unlink(missing_ok=True)


def _check(
    stack: Stack, bundles: Sequence[ModelBundle], config: InferenceConfig, area: BaseGeometry | None
) -> Inputs:
    """Find out all that can be wrong before anything slow is done."""
    if not bundles:
        raise ConfigError("A detection needs at least one model; see `l4s models list`.")
    if config.crf is not None:
        crf.require()
    needed_windows(stack.grid, *windows(stack.grid, bundles, config), area)
    return Inputs.of(stack, bundles)


def _check_room(out: Path, grid: Grid, layers: int) -> None:
    needed, free = grid.rows * grid.columns * layers, shutil.disk_usage(out).free
    if free < needed:
        raise DiskFullError(
            f"The results need up to {needed / 1e9:.1f} GB in {out}, but only {free / 1e9:.1f} GB"
            " are free; free some space or choose another output folder."
        )


def _warn_without_slope(stack: Stack, bundles: Sequence[ModelBundle], reporter: Reporter) -> None:
    """Warn of what a missing slope costs.

    Nothing else tells bare fields from scars as well, and a map of missed landslides looks like a
    map without landslides.
    """
    used = [bundle.card.name for bundle in bundles if "slope" in bundle.card.channels]
    if used and "slope" not in stack.channels:
        reporter.warn(
            f"{stack.path.name} has no slope, with which {', '.join(used)} tells scars from bare"
            " fields: expect most landslides to be missed or fields to be drawn; give an elevation"
            " model (DEM) where the stack is made.",
            "detect-no-slope",
        )


def _warn_of_pixel_size(stack: Stack, reporter: Reporter) -> None:
    """Warn of pixels that are not 10 m: shapes and textures differ then."""
    if not stack.grid.about_ten_metres():
        reporter.warn(
            f"{stack.path.name} has pixels of {stack.grid.resolution_m():.3g} m, but models are"
            " trained on 10 m: expect landslides to be missed or invented; give the imagery as"
            " --sentinel2 with a --dem, which brings it onto 10 m, or resample the stack.",
            "detect-pixel-size",
        )


def _earlier(journal: Journal, name: str, reporter: Reporter) -> JournalState | None:
    found = journal.found(name)
    if isinstance(found, JournalState):
        reporter.log(f"Going on from row {found.rows} of an earlier run that was stopped.")
        return found
    if found is False:
        reporter.warn(
            f"An earlier run in {journal.folder.parent} was stopped, but with another stack, model"
            " or configuration; its unfinished rows are discarded and the detection starts from"
            " the first row.",
            "detect-not-resumed",
        )
    return None


def _require_pixels(
    tally: Tally, stack: Stack, area: BaseGeometry | None, journal: Journal
) -> None:
    if tally.valid_pixels == 0:
        journal.remove()
        raise NoValidPixelsError(
            f"No pixel of {stack.path} has data{' inside the area' if area is not None else ''};"
            " choose another area or scene."
        )


def _write(
    journal: Journal, request: _Request, facts: Mapping[str, Any], reporter: Reporter
) -> None:
    """Turn the journal's rows into GeoTIFFs.

    The probability comes last, so that it stands for a complete result.
    """
    grid, layers = request.stack.grid, request.layers
    tags = {**_tags(request.bundles), **finished.tags(request.name, facts, request.area)}
    strips = range(0, grid.rows, _STRIP_PX)
    for number, layer in enumerate(reversed(layers)):
        with RasterWriter(
            request.folder.layer(layer),
            grid,
            dtype="uint8",
            bands=[layer],
            nodata=PROBABILITY_NODATA,
            scales=[PROBABILITY_SCALE],
            tags=tags,
            reporter=reporter,
        ) as writer:
            for index, top in enumerate(strips, start=1):
                count = min(_STRIP_PX, grid.rows - top)
                writer.write(
                    journal.read(layer, top, count)[None], Window(0, top, grid.columns, count)
                )
                reporter.progress("write", number * len(strips) + index, len(layers) * len(strips))


def _tags(bundles: Sequence[ModelBundle]) -> dict[str, str]:
    models = ", ".join(
        f"{bundle.card.name} {bundle.card.version} {bundle.digest[:12]}" for bundle in bundles
    )
    return {
        "engine_version": __version__,
        "models": models,
        "threshold": f"{card_threshold(bundles):.6g}",
    }


def _how(
    networks: Networks,
    plan: StreamPlan,
    config: InferenceConfig,
    tally: Tally,
    overlap: OverlapChoice,
) -> dict[str, Any]:
    choice = networks.choice
    return {
        "device": {
            "devices": list(choice.devices),
            "runtime": networks.names,
            "reason": choice.reason,
            "threads": networks.threads,
            "batches_at_once": networks.at_once,
        },
        "windows": {
            "rows_px": plan.rows.window_px,
            "columns_px": plan.columns.window_px,
            "overlap_px": max(plan.rows.overlap_px, plan.columns.overlap_px),
            "overlap_reason": overlap.reason,
            "total": plan.rows.count * plan.columns.count,
            "computed": tally.windows_run,
            "skipped": tally.windows_skipped,
            "batch": plan.batch,
        },
        "tta": config.tta,
        "views": len(plan.ensembles[0].views),
        "crf": config.crf is not None,
        "channels": list(plan.source.inputs.channels),
    }


def _speed(
    plan: StreamPlan, tally: Tally, seconds: Mapping[str, float], resumed_rows: int
) -> dict[str, Any]:
    pixels = plan.rows.length_px * plan.columns.length_px
    fresh = (plan.rows.length_px - resumed_rows) * plan.columns.length_px
    return {
        "valid_pixels": tally.valid_pixels,
        "valid_share": round(tally.valid_pixels / pixels, 6),
        "inference_seconds": dict(seconds),
        "mpx_per_s": round(fresh / 1e6 / max(1e-9, seconds["inference"]), 3),
        "resumed_rows": resumed_rows,
    }


def _member(bundle: ModelBundle, stack: Stack) -> dict[str, Any]:
    used = bundle.select(stack.channels)
    return {
        "name": bundle.card.name,
        "version": bundle.card.version,
        "digest": bundle.digest,
        "weight": bundle.card.weight,
        "threshold": bundle.card.threshold,
        "channels": list(used),
        "missing_channels": [name for name in bundle.card.channels if name not in used],
    }
