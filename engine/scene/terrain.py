"""Terrain channels: elevation and slope on the stack's grid.

Slope is Horn's (1981), in degrees, with true metre spacing. It is computed where it loses least: on
the DEM's own grid where that is as fine as the stack's or finer, then averaged; on the stack's
grid, from heights raised with a smooth kernel, where the DEM is coarser (decision record
``scene-terrain``).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.warp import reproject
from rasterio.windows import Window

from engine.errors import GridError
from engine.grid import Grid
from engine.scene.area import bounds_in
from engine.scene.dem import OpenMosaic
from engine.scene.layers import NODATA

SLOPE_SCALE = 0.01
DEM_SCALE, DEM_OFFSET = 0.2, 4000.0
OWN_GRID_UP_TO_M = 10.5
SPLINE_BELOW = 0.67
"""Heights coarser than 15 m are raised with a cubic B-spline: under interpolating kernels the DEM's
lattice shows in the slope."""

_KERNEL_PX = 4
_BLOCK_DEM_PX = 3000


def slope_deg(
    heights: NDArray[np.float32], width_m: NDArray[np.float64], height_m: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Slope by Horn's method.

    Args:
        heights: Heights in metres with a margin of one pixel on every side, shape (rows + 2,
            columns + 2), NaN for voids.
        width_m: Pixel width on the ground for each inner row, shape (rows,).
        height_m: Distance between rows on the ground, shape (rows,).

    Returns:
        Slope in degrees, shape (rows, columns), NaN where the height itself is void. A void
        neighbour is replaced by the straight line through the pixel and the neighbour opposite, as
        ``gdaldem -compute_edges`` does.

    Source:
        Horn, B. K. P. (1981): Hill shading and the reflectance map. Proceedings of the IEEE 69(1),
        14-47.
    """
    rows, columns = heights.shape[0] - 2, heights.shape[1] - 2
    parts = {
        (r, c): heights[1 + r : 1 + r + rows, 1 + c : 1 + c + columns]
        for r in (-1, 0, 1)
        for c in (-1, 0, 1)
    }
    if np.isnan(heights).any():
        centre = parts[0, 0]
        opposite = {at: parts[-at[0], -at[1]] for at in parts}
        line = {at: np.where(np.isnan(o), centre, 2 * centre - o) for at, o in opposite.items()}
        parts = {
            at: np.where(np.isnan(z), line[at], z) if at != (0, 0) else z for at, z in parts.items()
        }
    east = parts[-1, 1] + 2 * parts[0, 1] + parts[1, 1]
    west = parts[-1, -1] + 2 * parts[0, -1] + parts[1, -1]
    south = parts[1, -1] + 2 * parts[1, 0] + parts[1, 1]
    north = parts[-1, -1] + 2 * parts[-1, 0] + parts[-1, 1]
    rise_x = (east - west) / (8 * width_m).astype(np.float32)[:, np.newaxis]
    rise_y = (south - north) / (8 * height_m).astype(np.float32)[:, np.newaxis]
    slope: NDArray[np.float32] = np.degrees(np.arctan(np.sqrt(rise_x * rise_x + rise_y * rise_y)))
    return np.where(np.isnan(parts[0, 0]), np.float32(np.nan), slope)


class TerrainLayer:
    """Slope and elevation, mosaicked from one or more DEM mosaics: where the first has voids, the
    next is asked.
    """

    names = ("slope", "DEM")

    def __init__(self, target: Grid, mosaics: Sequence[OpenMosaic]) -> None:
        self._target = target
        self._mosaics = tuple(mosaics)
        self._lock = threading.Lock()
        self._asked = self._covered = 0

    @property
    def covered(self) -> float:
        """Share of the pixels read so far for which there is a height, 0 to 1."""
        return self._covered / self._asked if self._asked else 0.0

    def read(self, window: Window) -> NDArray[np.int16]:
        """Slope and elevation, encoded, shape (2, rows, columns)."""
        result = np.full((2, int(window.height), int(window.width)), NODATA, np.int16)
        side = self._block_px()
        for row in range(0, result.shape[1], side):
            for column in range(0, result.shape[2], side):
                height, width = (
                    min(side, result.shape[1] - row),
                    min(side, result.shape[2] - column),
                )
                block = self._target.subgrid(
                    Window(window.col_off + column, window.row_off + row, width, height)
                )
                result[:, row : row + height, column : column + width] = encode(*self._block(block))
        with self._lock:
            self._asked += result[1].size
            self._covered += int(np.count_nonzero(result[1] != NODATA))
        return result

    def _block_px(self) -> int:
        """Side of the blocks worked on, so that the finest DEM's piece stays small."""
        finest = min(mosaic.grid.resolution_m() for mosaic in self._mosaics)
        return max(
            32, min(_BLOCK_DEM_PX, int(_BLOCK_DEM_PX * finest / self._target.resolution_m()))
        )

    def _block(self, grid: Grid) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        merged: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
        for mosaic in self._mosaics:
            found = terrain_on(grid, mosaic)
            if found is None:
                continue
            if merged is not None:
                for mine, other in zip(merged, found, strict=True):
                    np.copyto(mine, other, where=np.isnan(mine))
            else:
                merged = found
            if not np.isnan(merged[1]).any():
                break
        if merged is None:
            nothing = np.full(grid.shape, np.nan, np.float32)
            return nothing, nothing
        return merged


def terrain_on(
    grid: Grid, mosaic: OpenMosaic
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Slope in degrees and heights in metres of one mosaic on a (small) grid, or None where the
    mosaic does not reach.

    Args:
        grid: The grid wanted.
        mosaic: Where heights come from.

    Returns:
        Slope and heights, each of the grid's shape, NaN where there are none.
    """
    wide = Grid(
        grid.crs, grid.window_transform(Window(-1, -1, 1, 1)), (grid.rows + 2, grid.columns + 2)
    )
    piece = _piece(wide, mosaic)
    if piece is None:
        return None
    source, heights = piece
    inner = source.subgrid(Window(1, 1, source.columns - 2, source.rows - 2))
    ratio = grid.resolution_m() / mosaic.grid.resolution_m()
    kernel = (
        Resampling.average
        if ratio >= 2
        else Resampling.cubic_spline
        if ratio < SPLINE_BELOW
        else Resampling.cubic
    )
    if mosaic.grid.resolution_m() <= OWN_GRID_UP_TO_M:
        width_m, height_m = inner.pixel_size_m()
        own = slope_deg(heights, width_m, height_m)
        # The same heights and kernel for both; bilinear for the slope, which must not swing below
        # zero.
        slope = _warp(own, inner, grid, Resampling.average if ratio >= 2 else Resampling.bilinear)
        return slope, _warp(heights[1:-1, 1:-1], inner, grid, kernel)
    raised = _warp(heights, source, wide, kernel)
    width_m, height_m = grid.pixel_size_m()
    return slope_deg(raised, width_m, height_m), raised[1:-1, 1:-1]


def _piece(grid: Grid, mosaic: OpenMosaic) -> tuple[Grid, NDArray[np.float32]] | None:
    """The mosaic's heights around a grid, with room for kernels."""
    left, bottom, right, top = bounds_in(grid.bounds, grid.crs, mosaic.grid.crs)
    t, (width, height) = mosaic.grid.transform, mosaic.grid.pixel_size
    # A kernel that averages reaches as far as the target's pixel is wide.
    margin = _KERNEL_PX + math.ceil(2 * grid.resolution_m() / mosaic.grid.resolution_m())
    column0 = max(-2, math.floor((left - t.c) / width) - margin)
    column1 = min(mosaic.grid.columns + 2, math.ceil((right - t.c) / width) + margin)
    row0 = max(-2, math.floor((t.f - top) / height) - margin)
    row1 = min(mosaic.grid.rows + 2, math.ceil((t.f - bottom) / height) + margin)
    if column0 + 4 > column1 or row0 + 4 > row1:
        return None
    heights = mosaic.read(column0, row0, (row1 - row0, column1 - column0))
    if np.isnan(heights).all():
        return None
    return (
        Grid(
            mosaic.grid.crs,
            mosaic.grid.window_transform(Window(column0, row0, 1, 1)),
            heights.shape,
        ),
        heights,
    )


def _warp(
    values: NDArray[np.float32], source: Grid, target: Grid, kernel: Resampling
) -> NDArray[np.float32]:
    if source.crs == target.crs and source.same_as(target):
        return values
    result = np.full(target.shape, np.nan, np.float32)
    # Without voids the piece surrounds the target, and GDAL is three times as fast when it need not
    # look for any.
    void = np.nan if np.isnan(values).any() else None
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
        )
    except Exception as error:
        raise GridError(
            f"The DEM cannot be warped to the imagery's grid ({error}); warp it with `gdalwarp`."
        ) from error
    return result


def encode(slope: NDArray[np.float32], heights: NDArray[np.float32]) -> NDArray[np.int16]:
    """Slope and heights as the stack stores them: int16 in steps of 0.01 degree and 0.2 m, shape
    (2, rows, columns).
    """
    result = np.empty((2, *slope.shape), np.int16)
    for index, steps in enumerate((slope / SLOPE_SCALE, (heights - DEM_OFFSET) / DEM_SCALE)):
        missing = np.isnan(steps)
        result[index] = np.where(missing, NODATA, np.rint(np.where(missing, 0, steps))).astype(
            np.int16
        )
    return result
