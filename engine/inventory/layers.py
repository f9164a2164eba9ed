"""The rasters that landslides are measured on, read window by window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from engine.bands import ndvi
from engine.errors import ChannelError
from engine.grid import Grid
from engine.handles import ProbabilityRaster, Stack, StackReader
from engine.raster import grid_of, open_raster, read_window

Array = NDArray[np.floating]
Reader = Callable[[Window], list[Array]]

CHANGE_BANDS = {"dndvi": "ndvi_change", "dbrightness": "brightness_change"}
"""Descriptions of the bands of a change raster, lower case, and the layers they become."""


@contextmanager
def open_layers(
    grid: Grid,
    *,
    probability: ProbabilityRaster | None,
    uncertainty: ProbabilityRaster | None,
    stack: Stack | None,
    change: Path | None,
) -> Iterator[tuple[list[str], Callable[[Window], Array]]]:
    """Open everything that is given.

    Args:
        grid: Grid of the mask, on which all must lie.
        probability: Landslide probability.
        uncertainty: Its standard deviation among models and views.
        stack: Image and terrain.
        change: GeoTIFF with bands described ``dNDVI`` and ``dBrightness``.

    Yields:
        Layer names, and a function that reads all of them in a window: (layers, rows, columns), NaN
        where there is no data.

    Raises:
        GridError: One of them lies on another grid.
        ChannelError: The change raster's bands are not named.
    """
    with ExitStack() as files:
        names: list[str] = []
        readers: list[Reader] = []
        for name, raster in (("probability", probability), ("uncertainty", uncertainty)):
            if raster is not None:
                grid.require_same(raster.grid, "mask", f"{name} raster")
                single = files.enter_context(raster.reader())
                names.append(name)
                readers.append(lambda window, source=single: [source.read(window)])  # type: ignore[misc]
        if stack is not None:
            grid.require_same(stack.grid, "mask", "stack")
            opened = files.enter_context(stack.reader())
            for wanted, reader in _stack_layers(stack, opened, grid):
                names += wanted
                readers.append(reader)
        if change is not None:
            wanted, reader = _change_layers(files, change, grid)
            names += wanted
            readers.append(reader)

        def read(window: Window) -> Array:
            return np.stack([plane for reader in readers for plane in reader(window)])

        yield names, read


def _stack_layers(
    stack: Stack, opened: StackReader, grid: Grid
) -> Iterator[tuple[list[str], Reader]]:
    if "DEM" in stack.channels:
        yield (
            ["elevation", "dz_east", "dz_north", "face_east", "face_north", "steepness"],
            lambda window: terrain(opened, grid, window),
        )
    if "slope" in stack.channels:
        yield ["slope"], lambda window: list(opened.read(["slope"], window))
    if {"B04", "B08"} <= set(stack.channels):
        yield ["ndvi"], lambda window: [ndvi(*opened.read(["B04", "B08"], window))]
    if {"B03", "B08"} <= set(stack.channels):
        yield ["ndwi"], lambda window: [_index(opened.read(["B03", "B08"], window))]


def _change_layers(files: ExitStack, path: Path, grid: Grid) -> tuple[list[str], Reader]:
    dataset = files.enter_context(open_raster(path))
    grid.require_same(grid_of(dataset, str(path)), "mask", "change raster")
    found = {
        CHANGE_BANDS[text.strip().lower()]: band
        for band, text in enumerate(dataset.descriptions, start=1)
        if text and text.strip().lower() in CHANGE_BANDS
    }
    if not found:
        raise ChannelError(
            f"{path}: no band is described dNDVI or dBrightness, but a change raster needs one of"
            " them; name the bands, for instance with `gdal_edit.py`."
        )
    return list(found), lambda window: list(read_window(dataset, list(found.values()), window))


def _index(pair: Array) -> Array:
    one, other = pair
    total = one + other
    index: Array = np.divide(one - other, total, out=np.full_like(total, np.nan), where=total > 0)
    return index


def terrain(opened: StackReader, grid: Grid, window: Window) -> list[Array]:
    """Elevation and its derivatives in a window.

    These are elevation, its rise eastward and northward, the unit vector downslope (east, north)
    and the slope in degrees.

    The gradient is by central differences in true metres; the stack's own slope (Horn) is used
    where it has one, the gradient gives the direction.
    """
    row0, column0 = max(0, int(window.row_off) - 1), max(0, int(window.col_off) - 1)
    row1 = min(grid.rows, int(window.row_off + window.height) + 1)
    column1 = min(grid.columns, int(window.col_off + window.width) + 1)
    height = opened.read(["DEM"], Window(column0, row0, column1 - column0, row1 - row0))[0]
    width_m, height_m = (size[row0:row1, None].astype(np.float32) for size in grid.pixel_size_m())
    east = _rise(height, 1) / width_m
    north = -_rise(height, 0) / height_m
    steep = np.hypot(east, north)
    with np.errstate(invalid="ignore", divide="ignore"):
        face = np.where(steep > 0, (-east / steep, -north / steep), np.nan)
    rows = slice(int(window.row_off) - row0, int(window.row_off + window.height) - row0)
    columns = slice(int(window.col_off) - column0, int(window.col_off + window.width) - column0)
    planes = [height, east, north, *face, np.degrees(np.arctan(steep))]
    return [plane[rows, columns] for plane in planes]


def _rise(height: Array, axis: int) -> Array:
    if height.shape[axis] < 2:
        return np.zeros_like(height)
    rise: Array = np.gradient(height, axis=axis)
    return rise
