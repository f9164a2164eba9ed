"""The windows of a detection, and the fingerprint that names its request."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from engine import __version__
from engine.errors import NoOverlapError
from engine.grid import Grid
from engine.handles import Stack
from engine.inference import crf
from engine.inference.config import InferenceConfig
from engine.inference.networks import Networks, card_threshold
from engine.inference.source import BlockSource, Inputs, excluded_classes, plan
from engine.inference.stream import StreamPlan
from engine.inference.tiling import Axis, lay_out, overlap_for
from engine.models.bundle import ModelBundle
from engine.models.normalization import ChannelStatistics

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

STRIDE_PX = 512
"""What each row of windows adds by default: a block of a GeoTIFF."""

OVERLAP_PX = 192
"""Overlap for models whose cards do not tell their reach."""

_SMALLEST_PX = 256
_GPU_BATCH = 16


@dataclass(frozen=True)
class OverlapChoice:
    """How much windows overlap, before rounding to the networks' strides.

    Attributes:
        overlap_px: Pixels that neighbouring windows share.
        reason: Why, for people.
        hides_borders: Whether it is certain that no result depends on the border of its window.
    """

    overlap_px: int
    reason: str
    hides_borders: bool


def choose_overlap(bundles: Sequence[ModelBundle], config: InferenceConfig) -> OverlapChoice:
    """The overlap asked for, or the smallest that hides borders.

    For a model whose card does not tell its reach, and for a CRF, whose reach is unknown, it is
    what served well with deep networks.
    """
    scale = max(bundle.card.input_scale for bundle in bundles)
    furthest = max((bundle.card.reach_px or 0 for bundle in bundles), default=0)
    silent = [bundle.card.name for bundle in bundles if bundle.card.reach_px is None]
    overlap, reason = overlap_for(furthest), f"The models' reach is {furthest} pixels."
    needed, known = overlap, not silent and config.crf is None
    if not known:
        overlap = max(overlap, OVERLAP_PX // scale)
        reason = f"The reach of {', '.join(silent) or 'a CRF'} is not known."
    if config.overlap_px is not None:
        overlap, reason = config.overlap_px, "It was asked for."
    elif config.window_px is not None and config.window_px // 2 < overlap:
        overlap, reason = config.window_px // 2, f"{reason} It is half of the window at most."
    return OverlapChoice(overlap, reason, known and overlap >= needed)


def windows(
    grid: Grid, bundles: Sequence[ModelBundle], config: InferenceConfig
) -> tuple[Axis, Axis]:
    """Lay windows over a grid that suit all members.

    Returns:
        Windows down the raster, and across it.

    Raises:
        ConfigError: The overlap does not fit the window.
    """
    scale = max(bundle.card.input_scale for bundle in bundles)
    choice = choose_overlap(bundles, config)
    window = config.window_px or max(_SMALLEST_PX, STRIDE_PX // scale + choice.overlap_px)
    multiple = math.lcm(
        *(
            b.card.multiple_of_px // math.gcd(b.card.multiple_of_px, b.card.input_scale)
            for b in bundles
        )
    )
    rows, columns = (
        lay_out(side, window, choice.overlap_px, multiple, reach_known=choice.hides_borders)
        for side in grid.shape
    )
    return rows, columns


def needed_windows(
    grid: Grid, rows: Axis, columns: Axis, area: BaseGeometry | None
) -> NDArray[np.bool_]:
    """Which windows touch the area, shape (rows.count, columns.count).

    Raises:
        NoOverlapError: None does.
    """
    if area is None:
        return np.ones((rows.count, columns.count), np.bool_)
    t, (width, height) = grid.transform, grid.pixel_size
    top = t.f - np.array([max(0, rows.start(i)) for i in range(rows.count)]) * height
    bottom = (
        t.f
        - np.array([min(grid.rows, rows.start(i) + rows.window_px) for i in range(rows.count)])
        * height
    )
    left = t.c + np.array([max(0, columns.start(i)) for i in range(columns.count)]) * width
    right = (
        t.c
        + np.array(
            [min(grid.columns, columns.start(i) + columns.window_px) for i in range(columns.count)]
        )
        * width
    )
    shapely.prepare(area)
    needed = shapely.intersects(
        area, shapely.box(left[None, :], bottom[:, None], right[None, :], top[:, None])
    )
    if not needed.any():
        raise NoOverlapError(
            "The area lies outside the stack, which covers"
            f" {tuple(round(b, 6) for b in grid.bounds)} in {grid.crs_name}; choose an area"
            " inside it."
        )
    return np.asarray(needed, np.bool_)


def assemble(
    stack: Stack,
    bundles: Sequence[ModelBundle],
    networks: Networks,
    config: InferenceConfig,
    statistics: ChannelStatistics,
    area: BaseGeometry | None,
) -> StreamPlan:
    """Put together all that the loop works on."""
    inputs = Inputs.of(stack, bundles)
    rows, columns = windows(stack.grid, bundles, config)
    planes, layouts = plan(inputs, bundles, statistics)
    distinct = tuple(dict.fromkeys(layouts))
    batch = config.batch or (_GPU_BATCH if networks.choice.kind in ("cuda", "directml") else 1)
    return StreamPlan(
        source=BlockSource(stack, inputs, planes, excluded_classes(config.mask_quality), area),
        rows=rows,
        columns=columns,
        needed=needed_windows(stack.grid, rows, columns, area),
        layouts=distinct,
        ensembles=networks.ensembles(
            bundles, [distinct.index(layout) for layout in layouts], config
        ),
        batch=min(batch, columns.count),
        crf=config.crf,
        guide=crf.guide_channels(bundles[0].card.channels),
        centre=card_threshold(bundles),
    )


def fingerprint(
    stack: Stack,
    bundles: Sequence[ModelBundle],
    networks: Networks,
    config: InferenceConfig,
    area: BaseGeometry | None,
) -> str:
    """Name everything that a result depends on.

    These are the stack's file, the models, the configuration, the device and the area.
    """
    file = stack.path.stat()
    settings = {name: value for name, value in asdict(config).items() if name != "checkpoint_s"}
    parts = {
        "engine": __version__,
        "stack": [str(stack.path.resolve()), file.st_size, file.st_mtime_ns],
        "models": [bundle.digest for bundle in bundles],
        "settings": settings,
        "devices": [networks.choice.devices, networks.names, networks.threads],
        "area": None if area is None else shapely.to_wkb(area, hex=True),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
