"""Grids whose pixels coincide: comparing them, and the grid around several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info
from rasterio.crs import CRS
from rasterio.windows import Window

from engine.errors import GridError
from engine.grid import Grid
from engine.scene.area import bounds_in

_PHASE_PX = 0.01
TARGET_M = 10.0
_WGS84 = CRS.from_epsg(4326)


def same_lattice(a: Grid, b: Grid) -> bool:
    """Whether two grids have the same CRS and pixel size, and pixels that coincide within a
    hundredth.
    """
    if a.crs != b.crs or not np.allclose(a.pixel_size, b.pixel_size, rtol=1e-7, atol=0):
        return False
    columns, rows = _offset(a, b)
    return abs(columns - round(columns)) < _PHASE_PX and abs(rows - round(rows)) < _PHASE_PX


def offset_px(a: Grid, b: Grid) -> tuple[int, int]:
    """(column, row) on ``a`` of the first pixel of ``b``, rounded to whole pixels."""
    columns, rows = _offset(a, b)
    return round(columns), round(rows)


def _offset(a: Grid, b: Grid) -> tuple[float, float]:
    return (b.transform.c - a.transform.c) / a.transform.a, (
        b.transform.f - a.transform.f
    ) / a.transform.e


def union(grids: Sequence[Grid]) -> Grid:
    """The grid around several of one CRS, on the pixels of the first."""
    first = grids[0]
    width, height = first.pixel_size
    offsets = [_offset(first, grid) for grid in grids]
    column0 = min(int(np.floor(c + _PHASE_PX)) for c, _ in offsets)
    row0 = min(int(np.floor(r + _PHASE_PX)) for _, r in offsets)
    sizes = [(grid.bounds[2] - grid.bounds[0], grid.bounds[3] - grid.bounds[1]) for grid in grids]
    ends = list(zip(offsets, sizes, strict=True))
    column1 = max(int(np.ceil(c + w / width - _PHASE_PX)) for (c, _), (w, _) in ends)
    row1 = max(int(np.ceil(r + h / height - _PHASE_PX)) for (_, r), (_, h) in ends)
    return Grid(
        first.crs,
        first.window_transform(Window(column0, row0, 1, 1)),
        (row1 - row0, column1 - column0),
    )


def ten_metre_grid(reference: Grid) -> Grid:
    """The grid of the stack for imagery whose sharpest band lies on ``reference``.

    Pixels of about 10 m are kept as they are, also in degrees. Coarser or finer imagery gets a new
    grid of 10 m: in its own CRS where that is in metres, else in the UTM zone of its middle.

    Raises:
        GridError: The middle lies in no UTM zone.
    """
    if reference.about_ten_metres():
        return reference
    if reference.crs.is_projected and reference.crs.linear_units_factor[1] == 1.0:
        left, _, _, top = reference.bounds
        return Grid.from_bounds(reference.crs, reference.bounds, TARGET_M, (left, top))
    crs = utm_of(reference)
    return Grid.from_bounds(crs, bounds_in(reference.bounds, reference.crs, crs), TARGET_M)


def utm_of(grid: Grid) -> CRS:
    """The WGS 84 UTM zone of a grid's middle.

    Raises:
        GridError: It lies in none.
    """
    left, bottom, right, top = bounds_in(grid.bounds, grid.crs, _WGS84)
    x, y = (left + right) / 2, (bottom + top) / 2
    found = query_utm_crs_info("WGS 84", AreaOfInterest(x, y, x, y))
    if not found:
        raise GridError(
            f"The imagery lies around {x:.2f}, {y:.2f}, in no UTM zone; warp it to a CRS in metres"
            " first."
        )
    return CRS.from_epsg(int(found[0].code))
