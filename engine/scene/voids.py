"""Heights beside voids and edges, completed before a kernel.

A kernel that is cut off at a void flattens the heights beside it: slopes of 30 degrees read 12 for
five pixels around. So what is missing within its reach is taken from another DEM, raised or lowered
to meet this one, or else continued in straight lines. What was completed serves kernels only; it
is never given out as a height or a slope.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.warp import reproject
from rasterio.windows import Window
from scipy.ndimage import uniform_filter

from engine.errors import GridError
from engine.grid import Grid
from engine.scene.dem import OpenMosaic
from engine.scene.lattice import turned, window_around

Heights = NDArray[np.float32]

KERNEL_PX = 4
"""Pixels of the DEM that the widest kernel reaches, and that are completed beside a void."""

_MEETING_PX = 4
_DIRECTIONS = tuple((r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0))


def heights_around(grid: Grid, mosaic: OpenMosaic) -> tuple[Grid, Heights] | None:
    """A mosaic's heights around a grid, with room for kernels.

    Returns:
        The piece's grid and its heights, NaN where there are none; None where there are none at
        all.
    """
    found = window_around(mosaic.grid, grid, KERNEL_PX, KERNEL_PX)
    if found is None:
        return None
    window, turn = found
    column, row, columns, rows = (int(value) for value in window.flatten())
    if columns < 4 or rows < 4:
        return None
    heights = mosaic.read(column, row, (rows, columns))
    if np.isnan(heights).all():
        return None
    t = mosaic.grid.window_transform(Window(column, row, 1, 1))
    return turned(Grid(mosaic.grid.crs, t, heights.shape), turn), heights


def completed(heights: Heights, grid: Grid, others: Sequence[OpenMosaic]) -> Heights:
    """Fill voids within reach of kernels, from DEMs or by lines.

    Args:
        heights: Heights, NaN for voids.
        grid: Their grid.
        others: Other DEMs, in the order in which they are asked.

    Returns:
        Heights, NaN only farther than :data:`KERNEL_PX` from what is known, and where too little
        is known to continue it.
    """
    result = heights.copy()
    for other in others:
        void = np.isnan(result)
        if not void.any():
            return result
        found = _on(grid, other)
        if found is not None:
            np.copyto(result, found + _offset(heights, found), where=void)
    return continued(result, KERNEL_PX)


def continued(heights: Heights, reach_px: int) -> Heights:
    """Continue heights into voids in straight lines.

    Args:
        heights: Heights, NaN for voids.
        reach_px: How many pixels far.

    Returns:
        Heights; each filled pixel is the mean of the lines through two known pixels in a row that
        meet it, in eight directions.
    """
    result = heights.copy()
    for _ in range(reach_px):
        void = np.isnan(result)
        if not void.any():
            break
        padded = np.pad(result, 2, constant_values=np.nan)
        total = np.zeros_like(result)
        count = np.zeros(result.shape, np.int8)
        for row, column in _DIRECTIONS:
            line = 2 * _shifted(padded, row, column) - _shifted(padded, 2 * row, 2 * column)
            known = ~np.isnan(line)
            total += np.where(known, line, 0)
            count += known
        np.copyto(result, total / np.maximum(count, 1), where=void & (count > 0))
    return result


def _shifted(padded: Heights, row: int, column: int) -> Heights:
    rows, columns = padded.shape[0] - 4, padded.shape[1] - 4
    return padded[2 + row : 2 + row + rows, 2 + column : 2 + column + columns]


def _on(grid: Grid, mosaic: OpenMosaic) -> Heights | None:
    piece = heights_around(grid, mosaic)
    if piece is None:
        return None
    source, heights = piece
    coarser = grid.resolution_m() / source.resolution_m() >= 2
    filled = heights if coarser else continued(heights, KERNEL_PX)
    values = warp(filled, source, grid, Resampling.average if coarser else Resampling.cubic)
    if coarser:
        return values
    there = warp((~np.isnan(heights)).astype(np.float32), source, grid, Resampling.nearest)
    return np.where(there > 0, values, np.float32(np.nan))


def _offset(heights: Heights, other: Heights) -> Heights:
    """How much higher heights are than others around each pixel.

    0 where both meet nowhere.

    Without it the edge between two DEMs would be a step, and read as a cliff.
    """
    difference = heights - other
    both = ~np.isnan(difference)
    size = 2 * _MEETING_PX + 1
    share = uniform_filter(both.astype(np.float32), size, mode="constant")
    mean = uniform_filter(np.where(both, difference, np.float32(0)), size, mode="constant")
    met = share > 0.5 / size**2
    result: Heights = np.divide(mean, share, out=np.zeros_like(mean), where=met)
    return result


def warp(values: Heights, source: Grid, target: Grid, kernel: Resampling) -> Heights:
    """Bring values, NaN for voids, to another grid.

    Raises:
        GridError: The grids cannot be brought together.
    """
    if source.crs == target.crs and source.same_as(target):
        return values
    result = np.full(target.shape, np.nan, np.float32)
    # Without voids the piece surrounds the target, and GDAL is three times as fast when it need not
    # look for any.
    void = np.nan if np.isnan(values).any() else None
    # On a grid turned against the source's, GDAL takes kernels for wider than they are, and planes
    # come out bumpy.
    scale = {} if kernel in (Resampling.average, Resampling.nearest) else {"XSCALE": 1, "YSCALE": 1}
    try:
        reproject(
            values,
            result,
            src_transform=source.transform,
            src_crs=source.crs,
            dst_transform=target.transform,
            dst_crs=target.crs,
            src_nodata=void,
            dst_nodata=void,
            resampling=kernel,
            num_threads=1,
            **scale,
        )
    except Exception as error:
        raise GridError(
            f"The DEM cannot be warped to the imagery's grid ({error}); warp it with `gdalwarp`."
        ) from error
    return result
