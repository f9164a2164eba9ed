"""Grids whose pixels coincide, and the grid around several."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from affine import Affine
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info
from rasterio.crs import CRS
from rasterio.windows import Window

from engine.errors import GridError
from engine.grid import Grid
from engine.scene.area import bounds_in

_PHASE_PX = 0.01
TARGET_M = 10.0
_COARSEST_M = 300.0
"""Coarser imagery shows no landslide, and its stack of 10 m would be immense."""
_WGS84 = CRS.from_epsg(4326)


def same_lattice(a: Grid, b: Grid) -> bool:
    """Whether two grids have one CRS and pixel size, and pixels that coincide.

    A hundredth of a pixel is allowed for.
    """
    if a.crs != b.crs or not np.allclose(a.pixel_size, b.pixel_size, rtol=1e-7, atol=0):
        return False
    columns, rows = _offset(a, b)
    return abs(columns - round(columns)) < _PHASE_PX and abs(rows - round(rows)) < _PHASE_PX


def offset_px(a: Grid, b: Grid) -> tuple[int, int]:
    """(column, row) on ``a`` of the first pixel of ``b``, rounded."""
    columns, rows = _offset(a, b)
    return round(columns), round(rows)


def _offset(a: Grid, b: Grid) -> tuple[float, float]:
    return (b.transform.c - a.transform.c) / a.transform.a, (
        b.transform.f - a.transform.f
    ) / a.transform.e


def union(grids: Sequence[Grid]) -> Grid:
    """The grid around several of one CRS, on the pixels of the first.

    Grids on the other side of the date line are taken the short way round.
    """
    first = grids[0]
    grids = [turned(grid, first.turned(grid.bounds)[0] - grid.bounds[0]) for grid in grids]
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


def window_around(
    source: Grid, target: Grid, margin_px: int, beyond_px: int = 0
) -> tuple[Window, float] | None:
    """The part of a source's grid that is needed to fill a target.

    Args:
        source: Where values come from.
        target: The grid wanted, in any CRS.
        margin_px: Pixels of the source to add on every side, for kernels; those that a coarser
            target's pixel spans are added to them.
        beyond_px: How far the window may reach beyond the source.

    Returns:
        The window, and the full turn by which the source's longitudes are to be moved to meet the
        target (see :func:`turned`); None where the source does not reach.

    Raises:
        NoOverlapError: The target lies where the source's CRS is not defined.
        GridError: One CRS cannot be brought into the other.
    """
    wanted = bounds_in(target.bounds, target.crs, source.crs)
    left, bottom, right, top = source.turned(wanted)
    t, (width, height) = source.transform, source.pixel_size
    # A kernel that averages reaches as far as the target's pixel is wide.
    margin = margin_px + math.ceil(2 * target.resolution_m() / source.resolution_m())
    column0 = max(-beyond_px, math.floor((left - t.c) / width) - margin)
    column1 = min(source.columns + beyond_px, math.ceil((right - t.c) / width) + margin)
    row0 = max(-beyond_px, math.floor((t.f - top) / height) - margin)
    row1 = min(source.rows + beyond_px, math.ceil((t.f - bottom) / height) + margin)
    if column0 >= column1 or row0 >= row1:
        return None
    return Window(column0, row0, column1 - column0, row1 - row0), wanted[0] - left


def turned(grid: Grid, turn: float) -> Grid:
    """The same grid with its longitudes moved by a full turn."""
    if not turn:
        return grid
    t = grid.transform
    return Grid(grid.crs, Affine(t.a, 0, t.c + turn, 0, t.e, t.f), grid.shape)


def meets(target: Grid, other: Grid) -> bool:
    """Whether two grids cover any common ground."""
    return window_around(other, target, 0) is not None


def ten_metre_grid(reference: Grid) -> Grid:
    """The stack's grid for imagery whose sharpest band is given.

    Pixels of about 10 m are kept as they are, also in degrees. Coarser or finer imagery gets a new
    grid of 10 m: in its own CRS where that is in metres on the ground, else in the UTM zone of its
    middle.

    Raises:
        GridError: The middle lies in no UTM zone, or pixels are far too large for landslides.
    """
    if reference.about_ten_metres():
        return reference
    if reference.resolution_m() > _COARSEST_M:
        raise GridError(
            f"The imagery ({reference.describe()}) has pixels of {reference.resolution_m():.4g} m,"
            f" but landslides need about 10 m, and {_COARSEST_M:g} m at the most; give Sentinel-2's"
            " own resolution, or set the georeference right."
        )
    if reference.true_to_scale():
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
    x, y = ((left + right) / 2 + 180) % 360 - 180, (bottom + top) / 2
    found = query_utm_crs_info("WGS 84", AreaOfInterest(x, y, x, y))
    if not found:
        raise GridError(
            f"The imagery lies around {x:.2f}, {y:.2f}, in no UTM zone; warp it to a CRS in metres"
            " first."
        )
    return CRS.from_epsg(int(found[0].code))
