"""Terrain channels: elevation and slope on the stack's grid.

Slope is Horn's (1981), in degrees, with true metre spacing. It is computed where it loses least: on
the DEM's own grid where that is as fine as the stack's or finer, then averaged; on the stack's
grid, from heights raised with a smooth kernel, where the DEM is coarser (decision record
``scene-terrain``).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.windows import Window

from engine.grid import Grid
from engine.scene.dem import OpenMosaic
from engine.scene.layers import NODATA
from engine.scene.voids import completed, heights_around, warp

SLOPE_SCALE = 0.01
DEM_SCALE, DEM_OFFSET = 0.2, 4000.0
OWN_GRID_UP_TO_M = 10.5
SPLINE_BELOW = 0.67
"""Heights coarser than 15 m are raised with a cubic B-spline: under interpolating kernels the DEM's
lattice shows in the slope."""

_BLOCK_DEM_PX = 3000


def slope_deg(
    heights: NDArray[np.float32],
    width_m: NDArray[np.float64],
    height_m: NDArray[np.float64],
    skew_m2: NDArray[np.float64] | None = None,
) -> NDArray[np.float32]:
    """Slope by Horn's method.

    Args:
        heights: Heights in metres with a margin of one pixel on every side, shape (rows + 2,
            columns + 2), NaN for voids.
        width_m: Pixel width on the ground for each inner row, shape (rows,).
        height_m: Distance between rows on the ground, shape (rows,).
        skew_m2: Scalar product of a step along the columns and one down the rows, where they are
            not at right angles on the ground (:class:`engine.ground.Metric`), shape (rows,).

    Returns:
        Slope in degrees, shape (rows, columns), NaN where the height itself is void, and where its
        neighbours do not tell. A void neighbour is replaced by the straight line through the pixel
        and the neighbour opposite, as ``gdaldem -compute_edges`` does.

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
        parts = {
            at: np.where(np.isnan(z), 2 * centre - opposite[at], z) if at != (0, 0) else z
            for at, z in parts.items()
        }
        rise_x = _rise([parts[row, 1] - parts[row, -1] for row in (-1, 0, 1)])
        rise_y = _rise([parts[1, column] - parts[-1, column] for column in (-1, 0, 1)])
    else:
        east = parts[-1, 1] + 2 * parts[0, 1] + parts[1, 1]
        west = parts[-1, -1] + 2 * parts[0, -1] + parts[1, -1]
        south = parts[1, -1] + 2 * parts[1, 0] + parts[1, 1]
        north = parts[-1, -1] + 2 * parts[-1, 0] + parts[-1, 1]
        rise_x, rise_y = np.divide(east - west, 8), np.divide(south - north, 8)
    squared = _squared_gradient(rise_x, rise_y, width_m, height_m, skew_m2)
    slope = np.degrees(np.arctan(np.sqrt(squared))).astype(np.float32, copy=False)
    return np.where(np.isnan(parts[0, 0]), np.float32(np.nan), slope)


def _rise(differences: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Rise per pixel from differences over two, some unknown."""
    total = np.zeros_like(differences[0])
    weights = np.zeros_like(differences[0])
    for weight, difference in zip((1, 2, 1), differences, strict=True):
        known = ~np.isnan(difference)
        total += np.where(known, weight * difference, 0)
        weights += weight * known
    return np.divide(total, 2 * weights, out=np.full_like(total, np.nan), where=weights > 0)


def _squared_gradient(
    rise_x: NDArray[np.float32],
    rise_y: NDArray[np.float32],
    width_m: NDArray[np.float64],
    height_m: NDArray[np.float64],
    skew_m2: NDArray[np.float64] | None,
) -> NDArray[np.float32]:
    """Squared gradient on the ground from rises per pixel."""
    if skew_m2 is None:
        x = rise_x / width_m.astype(np.float32)[:, np.newaxis]
        y = rise_y / height_m.astype(np.float32)[:, np.newaxis]
        flat: NDArray[np.float32] = x * x + y * y
        return flat
    e, f, g = width_m**2, skew_m2, height_m**2
    inverse = (np.stack([g, -2 * f, e]) / (e * g - f * f)).astype(np.float32)[:, :, np.newaxis]
    result: NDArray[np.float32] = (
        inverse[0] * rise_x * rise_x + inverse[1] * rise_x * rise_y + inverse[2] * rise_y * rise_y
    )
    return np.maximum(result, 0)


class TerrainLayer:
    """Slope and elevation from one or more DEM mosaics.

    Where the first has voids, the next is asked. Heights beside voids and edges are completed
    before any kernel is applied (:mod:`engine.scene.voids`).
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
        """Side of the blocks, so that the finest DEM's piece is small."""
        finest = min(mosaic.grid.resolution_m() for mosaic in self._mosaics)
        return max(
            32, min(_BLOCK_DEM_PX, int(_BLOCK_DEM_PX * finest / self._target.resolution_m()))
        )

    def _block(self, grid: Grid) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        merged: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
        for mosaic in self._mosaics:
            others = [other for other in self._mosaics if other is not mosaic]
            found = terrain_on(grid, mosaic, others)
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
    grid: Grid, mosaic: OpenMosaic, others: Sequence[OpenMosaic] = ()
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Slope in degrees and heights in metres of one mosaic on a (small) grid.

    Args:
        grid: The grid wanted.
        mosaic: Where heights come from.
        others: Where heights come from that complete its surroundings; they are not in the result.

    Returns:
        Slope and heights, each of the grid's shape, NaN where there are none; None where the
        mosaic does not reach.
    """
    wide = Grid(
        grid.crs, grid.window_transform(Window(-1, -1, 1, 1)), (grid.rows + 2, grid.columns + 2)
    )
    piece = heights_around(wide, mosaic)
    if piece is None:
        return None
    source, heights = piece
    known = ~np.isnan(heights)
    whole = bool(known.all())
    filled = heights if whole else completed(heights, source, others)
    inner = source.subgrid(Window(1, 1, source.columns - 2, source.rows - 2))
    ratio = grid.resolution_m() / mosaic.grid.resolution_m()
    averaged = ratio >= 2
    kernel = (
        Resampling.average
        if averaged
        else Resampling.cubic_spline
        if ratio < SPLINE_BELOW
        else Resampling.cubic
    )
    if mosaic.grid.resolution_m() <= OWN_GRID_UP_TO_M:
        own = _slope(filled, inner)
        middle = filled[1:-1, 1:-1]
        if averaged and not whole:  # an average is of what is known
            middle = np.where(known[1:-1, 1:-1], middle, np.float32(np.nan))
            own = np.where(known[1:-1, 1:-1], own, np.float32(np.nan))
        # The same heights and kernel for both; bilinear for the slope, which must not swing below
        # zero.
        slope = warp(own, inner, grid, Resampling.average if averaged else Resampling.bilinear)
        raised = warp(middle, inner, grid, kernel)
    else:
        wide_heights = warp(filled, source, wide, kernel)
        slope, raised = _slope(wide_heights, grid), wide_heights[1:-1, 1:-1]
    if not whole and not (averaged and mosaic.grid.resolution_m() <= OWN_GRID_UP_TO_M):
        there = warp(known.astype(np.float32), source, grid, Resampling.nearest)
        unknown = ~(there > 0)
        slope, raised = (np.where(unknown, np.float32(np.nan), one) for one in (slope, raised))
    return slope, raised


def _slope(heights: NDArray[np.float32], grid: Grid) -> NDArray[np.float32]:
    """Slope on a grid from heights with a margin of one pixel."""
    metric = grid.pixel_metric()
    skew = metric.f if metric.f.any() else None
    return slope_deg(heights, metric.east_m, metric.north_m, skew)


def encode(slope: NDArray[np.float32], heights: NDArray[np.float32]) -> NDArray[np.int16]:
    """Slope and heights as the stack stores them.

    int16 in steps of 0.01 degree and 0.2 m, shape (2, rows, columns).
    """
    result = np.empty((2, *slope.shape), np.int16)
    for index, steps in enumerate((slope / SLOPE_SCALE, (heights - DEM_OFFSET) / DEM_SCALE)):
        missing = np.isnan(steps)
        result[index] = np.where(missing, NODATA, np.rint(np.where(missing, 0, steps))).astype(
            np.int16
        )
    return result
