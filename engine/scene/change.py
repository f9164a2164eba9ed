"""Change since an image from before the event.

Greenness lost and brightness gained tell fresh scars from old bare ground.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from engine import __version__
from engine.bands import QUALITY_CLASSES, ndvi
from engine.errors import ChannelError, NoOverlapError
from engine.events import SILENT, Reporter
from engine.files import output_folder
from engine.grid import Grid
from engine.handles import Stack, StackReader
from engine.raster import RasterWriter, grid_of, open_raster
from engine.scene.announce import announce
from engine.scene.imagery import Imagery
from engine.scene.layers import NODATA, PROVENANCE_TAG, Layer, open_band
from engine.scene.masks import open_quality
from engine.scene.readers import open_imagery
from engine.scene.readers.offsets import OFFSET_DN
from engine.scene.stack import KERNELS, StackConfig

NDVI_CHANGE, BRIGHTNESS_CHANGE = "dNDVI", "dBrightness"
NDVI_SCALE = 0.0001
_NDVI_BANDS = ("B04", "B08")
_BRIGHTNESS_BANDS = ("B02", "B03", "B04")
_WINDOW_PX = 1024
_BINS = 4001
_NEAR_OFFSET_DN = 100
DEFAULT = StackConfig()


@dataclass(frozen=True)
class ChangeRaster:
    """After minus before, on the stack's grid.

    Attributes:
        path: GeoTIFF with the bands ``dNDVI`` (-2 to 2) and ``dBrightness`` (mean of B02 B03 B04,
            in DN), with GDAL scales.
        grid: The stack's grid.
        known_share: Share of the grid for which the brightness change is known, 0 to 1.
    """

    path: Path
    grid: Grid
    known_share: float


def change_path(stack: Path) -> Path:
    """Where a stack's change raster is: beside it, ``NAME.change.tif``."""
    return stack.with_name(f"{stack.stem}.change.tif")


def change_on(grid: Grid, candidates: Sequence[Path], reporter: Reporter = SILENT) -> Path | None:
    """Find the change raster of a grid among files, None without one.

    The log says which one is read.
    """
    for path in candidates:
        if not path.exists():
            continue
        with open_raster(path) as dataset:
            fits = grid_of(dataset, str(path)).same_as(grid)
        if fits:
            reporter.log(f"The change since before the event is read from {path}.")
            return path
        reporter.log(f"{path} lies on another grid and is left aside.")
    return None


def make_change(
    stack: Stack,
    before: Sequence[Path],
    *,
    out: Path,
    config: StackConfig = DEFAULT,
    reporter: Reporter = SILENT,
) -> ChangeRaster:
    """Compare a stack with imagery from before the event.

    Args:
        stack: The scene after the event.
        before: Products, folders or files, in any CRS.
        out: GeoTIFF to write.
        config: Its resampling and quality mask are used; area and offset are not.
        reporter: Told about every window.

    Returns:
        The change, unknown (nodata) under clouds of either date and where one has no data. Without
        a near-infrared band dNDVI is unknown throughout.

    Raises:
        ChannelError: The two have none of the bands compared in common.
        NoOverlapError: The imagery lies elsewhere.
        InputError: It cannot be read.
    """
    products = open_imagery(before)
    announce(products, reporter)
    shared = set(stack.channels).intersection(*(product.channels for product in products))
    brightness = tuple(name for name in _BRIGHTNESS_BANDS if name in shared)
    if not brightness:
        raise ChannelError(
            "The imagery before the event and the stack share none of"
            f" {', '.join(_BRIGHTNESS_BANDS)}; give imagery with visible bands."
        )
    infrared = all(name in shared for name in _NDVI_BANDS)
    if not infrared:
        reporter.warn(
            "B04 or B08 is missing before or after the event: the change of NDVI stays unknown.",
            "scene-no-ndvi-change",
        )
    channels = tuple(dict.fromkeys((*brightness, *(_NDVI_BANDS if infrared else ()))))
    output_folder(out.parent)
    known, changed, histogram = 0, False, np.zeros(_BINS, np.int64)
    with ExitStack() as opened:
        reader = opened.enter_context(stack.reader())
        earlier = _Before(opened, products, channels, stack.grid, config)
        writer = opened.enter_context(
            RasterWriter(
                out,
                stack.grid,
                dtype="int16",
                bands=(NDVI_CHANGE, BRIGHTNESS_CHANGE),
                nodata=NODATA,
                scales=(NDVI_SCALE, 1.0),
                overviews=False,
            )
        )
        windows = list(stack.grid.windows(_WINDOW_PX))
        for done, window in enumerate(windows):
            reporter.progress("change", done, len(windows))
            values = _compare(
                _after(reader, channels, window), earlier.read(window), channels, brightness
            )
            writer.write(_encode(values), window)
            light = values[1][np.isfinite(values[1])]
            known += light.size
            changed = changed or bool((light != 0).any())
            histogram += np.bincount(
                np.clip(light + _BINS // 2, 0, _BINS - 1).astype(np.int64), minlength=_BINS
            )
        if not known:
            raise NoOverlapError(
                "The imagery before the event has no clear pixel in common with the stack; give"
                " imagery of the same area."
            )
        share = known / (stack.grid.rows * stack.grid.columns)
        median = int(np.searchsorted(np.cumsum(histogram), known / 2)) - _BINS // 2
        _doubt(changed, median, reporter)
        facts = {
            "engine": __version__,
            "before": [
                {"name": p.name, "level": p.level, "date": p.date, "notes": list(p.notes)}
                for p in products
            ],
            "known_share": round(share, 6),
            "median_brightness_change": median,
        }
        writer.tag({PROVENANCE_TAG: json.dumps(facts)})
    reporter.progress("change", len(windows), len(windows))
    return ChangeRaster(out, stack.grid, share)


def _doubt(changed: bool, median: int, reporter: Reporter) -> None:
    """Warn where the two dates cannot be what they are taken for."""
    if not changed:
        reporter.warn(
            "The imagery before the event is the same as after it: nothing changes anywhere; give"
            " imagery of an earlier date.",
            "scene-change-doubtful",
        )
    elif abs(abs(median) - abs(OFFSET_DN)) < _NEAR_OFFSET_DN:
        reporter.warn(
            f"Half of the ground changes by {median:+d} DN since before the event, as if the DN of"
            " one date still carried the offset of 1000; look at both with `l4s inspect`, and state"
            " the offset with --dn-offset where the stack is made.",
            "scene-change-doubtful",
        )


class _Before:
    """The earlier imagery on the stack's grid, NaN under clouds."""

    def __init__(
        self,
        opened: ExitStack,
        products: Sequence[Imagery],
        channels: Sequence[str],
        grid: Grid,
        config: StackConfig,
    ) -> None:
        kernel = KERNELS[config.resampling]
        self._layers: list[Layer] = [
            opened.enter_context(open_band(name, [p.source(name) for p in products], grid, kernel))
            for name in channels
        ]
        self._quality = (
            opened.enter_context(open_quality(products, grid)) if config.quality != "off" else None
        )

    def read(self, window: Window) -> NDArray[np.float32]:
        stored = np.concatenate([layer.read(window) for layer in self._layers])
        values = np.where(stored == NODATA, np.nan, stored).astype(np.float32)
        if self._quality is not None:
            values[:, _hidden(self._quality.read(window)[0])] = np.nan
        return values


def _after(reader: StackReader, channels: Sequence[str], window: Window) -> NDArray[np.float32]:
    values = reader.read(channels, window)
    quality = reader.quality(window)
    if quality is not None:
        values[:, _hidden(quality)] = np.nan
    return values


def _hidden(quality: NDArray[np.integer]) -> NDArray[np.bool_]:
    return np.asarray(quality != QUALITY_CLASSES["clear"])


def _compare(
    after: NDArray[np.float32],
    before: NDArray[np.float32],
    channels: Sequence[str],
    brightness: Sequence[str],
) -> NDArray[np.float32]:
    """Change of NDVI and brightness, (2, rows, columns), NaN if unknown."""
    visible = [channels.index(name) for name in brightness]
    light = after[visible].mean(axis=0) - before[visible].mean(axis=0)
    if "B08" not in channels:
        return np.stack([np.full_like(light, np.nan), light])
    return np.stack([_ndvi(after, channels) - _ndvi(before, channels), light])


def _ndvi(values: NDArray[np.float32], channels: Sequence[str]) -> NDArray[np.float32]:
    red, infrared = (values[channels.index(name)] for name in _NDVI_BANDS)
    return np.asarray(ndvi(red, infrared), np.float32)


def _encode(values: NDArray[np.float32]) -> NDArray[np.int16]:
    steps = values / np.array([NDVI_SCALE, 1.0], np.float32)[:, None, None]
    missing = np.isnan(steps)
    return np.where(
        missing, NODATA, np.clip(np.rint(np.where(missing, 0, steps)), -32767, 32767)
    ).astype(np.int16)
