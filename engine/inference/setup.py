"""What a detection works with: windows, networks on their devices, and the fingerprint by which a
later run knows it again.
"""

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
from engine.inference.devices import Choice, choose, cores
from engine.inference.ensemble import Ensemble, Member, views
from engine.inference.runtime import Runtime, load
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
"""Overlap for models that do not tell how far they look."""

_SMALLEST_PX = 256
_GPU_BATCH = 16
_CPU_AT_ONCE = 2
"""Each needs memory of its own for what the network computes in between: not as many as there are
cores."""


@dataclass(frozen=True)
class Networks:
    """The ensemble's networks, loaded.

    Attributes:
        choice: Device and runtime, and why.
        runtimes: For each device the runtime of each bundle.
        threads: Threads on the CPU.
        at_once: Batches that a device computes at once.
    """

    choice: Choice
    runtimes: tuple[tuple[Runtime, ...], ...]
    threads: int
    at_once: int

    @classmethod
    def load(cls, bundles: Sequence[ModelBundle], config: InferenceConfig) -> Networks:
        """Choose devices and load every bundle's network onto each.

        Raises:
            DeviceError, DependencyError, BundleError: See :mod:`engine.inference.devices` and
            :mod:`engine.inference.runtime`.
        """
        choice, threads = choose(config.device, config.runtime), config.threads or cores()
        # On the CPU two windows at once, each with half of the threads, lose less to waiting for
        # each other than one window with all.
        onnx = (
            choice.kind == "cpu"
            and choice.runtime == "onnx"
            and all(b.onnx_path is not None for b in bundles)
        )
        at_once = _CPU_AT_ONCE if onnx and threads % _CPU_AT_ONCE == 0 else 1
        runtimes = tuple(
            tuple(
                load(bundle, choice, device, precision=config.precision, threads=threads // at_once)
                for bundle in bundles
            )
            for device in choice.devices
        )
        return cls(choice, runtimes, threads, at_once)

    @property
    def names(self) -> str:
        """Runtimes in use, for people."""
        return " and ".join(sorted({runtime.name for runtime in self.runtimes[0]}))

    def ensembles(
        self, bundles: Sequence[ModelBundle], layouts: Sequence[int], config: InferenceConfig
    ) -> tuple[Ensemble, ...]:
        """The ensemble on each device, as often as it computes batches at once.

        Args:
            bundles: The models.
            layouts: For each model the number of its input.
            config: Which views.
        """
        return tuple(
            Ensemble(
                [
                    Member(runtime, layout, bundle.card.weight, bundle.card.input_scale)
                    for runtime, layout, bundle in zip(runtimes, layouts, bundles, strict=True)
                ],
                views(config.tta),
            )
            for runtimes in self.runtimes
            for _ in range(self.at_once)
        )


def card_threshold(bundles: Sequence[ModelBundle]) -> float:
    """Weighted mean of the thresholds in the models' cards."""
    weights = [bundle.card.weight for bundle in bundles]
    return float(np.average([bundle.card.threshold for bundle in bundles], weights=weights))


@dataclass(frozen=True)
class OverlapChoice:
    """How much windows overlap, before it is rounded to what the networks' strides ask for.

    Attributes:
        overlap_px: Pixels that neighbouring windows share.
        reason: Why, for people.
    """

    overlap_px: int
    reason: str


def choose_overlap(bundles: Sequence[ModelBundle], config: InferenceConfig) -> OverlapChoice:
    """The overlap asked for, or the smallest with which no result feels the border of its window.

    A model whose card does not tell how far it looks, or a CRF, of which nobody can tell, gets what
    served well with deep networks.
    """
    if config.overlap_px is not None:
        return OverlapChoice(config.overlap_px, "It was asked for.")
    scale = max(bundle.card.input_scale for bundle in bundles)
    furthest = max((bundle.card.reach_px or 0 for bundle in bundles), default=0)
    silent = [bundle.card.name for bundle in bundles if bundle.card.reach_px is None]
    overlap, reason = overlap_for(furthest), f"The models look no further than {furthest} pixels."
    if silent or config.crf is not None:
        overlap = max(overlap, OVERLAP_PX // scale)
        reason = f"It is not known how far {', '.join(silent) or 'a CRF'} looks."
    if config.window_px is not None and config.window_px // 2 < overlap:
        return OverlapChoice(config.window_px // 2, f"{reason} It is half of the window at most.")
    return OverlapChoice(overlap, reason)


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
    overlap = choose_overlap(bundles, config).overlap_px
    window = config.window_px or max(_SMALLEST_PX, STRIDE_PX // scale + overlap)
    multiple = math.lcm(
        *(
            b.card.multiple_of_px // math.gcd(b.card.multiple_of_px, b.card.input_scale)
            for b in bundles
        )
    )
    return lay_out(grid.rows, window, overlap, multiple), lay_out(
        grid.columns, window, overlap, multiple
    )


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
    """Name everything that a result depends on: the file, the models, the configuration, the
    device.
    """
    file = stack.path.stat()
    settings = {name: value for name, value in asdict(config).items() if name != "checkpoint_s"}
    parts = {
        "engine": __version__,
        "stack": [str(stack.path.resolve()), file.st_size, file.st_mtime_ns],
        "models": [
            [bundle.digest, hashlib.sha256(bundle.card.to_json().encode()).hexdigest()]
            for bundle in bundles
        ],
        "settings": settings,
        "devices": [networks.choice.devices, networks.names, networks.threads],
        "area": None if area is None else shapely.to_wkb(area, hex=True),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
