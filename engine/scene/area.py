"""The area of interest as a window of the grid."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rasterio
import shapely
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.warp import transform_bounds
from rasterio.windows import Window
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from engine.dateline import box_around, joined, shifted
from engine.errors import (
    ConfigError,
    InventoryError,
    NoOverlapError,
)
from engine.events import SILENT, Reporter
from engine.grid import Bounds, Grid
from engine.ground import bring, full_turn, pyproj_crs, require_places, same_crs

if TYPE_CHECKING:
    import geopandas

_EDGE_POINTS = 101


def area_window(
    grid: Grid, *, aoi: Path | None, bounds: Bounds | None, bounds_crs: str | None = None
) -> Window:
    """Find the part of a grid asked for, snapped outward to pixels.

    Args:
        grid: The grid of the imagery.
        aoi: A vector file; the box around all its geometries is taken.
        bounds: (left, bottom, right, top); at most one of this and ``aoi``. In degrees, a left
            that exceeds right means a box across the date line.
        bounds_crs: CRS of ``bounds``, such as ``EPSG:4326``; that of the grid by default.

    Returns:
        The window; the whole grid where nothing was asked for.

    Raises:
        ConfigError: Both were given, or the bounds are empty or upside down.
        NoOverlapError: The area lies outside the imagery.
        MissingFileError, UnreadableFileError, MissingCRSError, InputError: The vector file cannot
        be used.
    """
    if aoi is not None and bounds is not None:
        raise ConfigError("Both an area of interest and bounds were given; give one of them.")
    if aoi is not None:
        return grid.window_of(aoi_bounds(aoi, grid.crs))
    if bounds is None:
        return grid.full_window
    crs = grid.crs
    if bounds_crs is not None:
        try:
            crs = CRS.from_user_input(bounds_crs)
        except CRSError as error:
            raise ConfigError(
                f"{bounds_crs!r} is not a coordinate reference system; write it as EPSG:4326."
            ) from error
    left, bottom, right, top = bounds
    turn = full_turn(pyproj_crs(crs))
    if turn and right < left <= turn / 2 and right >= -turn / 2:
        right += turn  # west and east of the date line, as RFC 7946 writes boxes across it
    if not (all(math.isfinite(value) for value in bounds) and left < right and bottom < top):
        raise ConfigError(
            f"The bounds {left:g} {bottom:g} {right:g} {top:g} are empty; give left, bottom, right,"
            " top."
        )
    return grid.window_of(bounds_in((left, bottom, right, top), crs, grid.crs))


def aoi_bounds(path: Path, crs: CRS) -> Bounds:
    """The box around a vector file's geometries, in another CRS.

    Pieces on both sides of the date line are joined. Raises what :func:`read_area` and
    :func:`bounds_in` raise.
    """
    shapes = read_area(path)
    turn = full_turn(shapes.crs)
    parts = shapely.get_parts(np.asarray(shapes))
    parts = joined(parts, turn) if turn else parts
    left, bottom, right, top = box_around(shapely.bounds(parts), turn)
    # A point or a line is an area too: window_of snaps outward, but needs a positive extent.
    tiny = 1e-9 * max(1.0, abs(left), abs(top))
    return bounds_in(
        (left - tiny, bottom - tiny, right + tiny, top + tiny), CRS.from_user_input(shapes.crs), crs
    )


def area_on(grid: Grid, path: Path, *, reporter: Reporter = SILENT) -> list[BaseGeometry]:
    """Read a vector file's geometries as they lie on a grid.

    Args:
        grid: The grid; in degrees, shapes are moved by the full turn that brings them to it.
        path: The vector file.
        reporter: Receives what was left out.

    Returns:
        The geometries that meet the grid's box, in its CRS; those that cross the date line are in
        one piece.

    Raises:
        L4SError: What :func:`read_area` raises.
        GridError: Nothing leads from the file's CRS to the grid's.
    """
    from geopandas import GeoSeries  # here, so that products open without it

    read = read_area(path, reporter=reporter)
    shapes = read.set_axis(range(len(read)))
    if shapes.crs.is_geographic:
        whole = joined(np.asarray(shapes), full_turn(shapes.crs))
        shapes = GeoSeries(whole, crs=shapes.crs)
    moved = np.asarray(bring(shapes, grid.crs))
    turn = full_turn(pyproj_crs(grid.crs))
    if turn:
        moved = joined(moved, turn)
    frame = box(*grid.bounds)
    placed = []
    for shape in moved:
        left, bottom, right, top = shape.bounds
        east = grid.turned((left, bottom, right, top))[0] - left
        here = shifted(shape, east) if east else shape
        if here.intersects(frame):
            placed.append(here)
    return placed


def read_area(path: Path, *, reporter: Reporter = SILENT) -> geopandas.GeoSeries:
    """Read the geometries of a vector file.

    They are those of its layer ``aoi``, as inventories have one, or else of its only layer.

    Returns:
        Its valid, non-empty geometries in the file's CRS.

    Raises:
        MissingFileError: There is no such file.
        UnreadableFileError: It is no vector file.
        MissingCRSError: It does not say in which CRS it is.
        InventoryError: It holds no geometry, or a broken one.
        ConfigError: It has several layers, none of them named ``aoi``.
    """
    # Half a second that nobody waits for who has no area: geopandas.
    from engine.vector import only_layer, read_vector

    what = "The area of interest"
    layer = only_layer(path, what, "aoi")
    shapes = read_vector(path, what, layer=layer, reporter=reporter).geometry
    if shapes.empty:
        raise InventoryError(f"{what} {path} holds no geometry; draw a polygon into it.")
    if not shapes.is_valid.all():
        number = int((~shapes.is_valid).to_numpy().argmax()) + 1
        raise InventoryError(
            f"Geometry {number} of the area of interest {path} is invalid"
            f" ({shapes.is_valid_reason().iloc[number - 1]}); repair it, for instance with QGIS's"
            " 'Fix geometries'."
        )
    return shapes


def bounds_in(bounds: Bounds, source: CRS, target: CRS) -> Bounds:
    """The box around a box in another CRS, its edges followed closely.

    Returns:
        (left, bottom, right, top); in degrees, ``right`` exceeds half a turn where the box crosses
        the date line.

    Raises:
        NoOverlapError: The box lies where the other CRS is not defined.
        GridError: One of them is tied to no place on Earth.
    """
    if same_crs(pyproj_crs(source), pyproj_crs(target)):
        return bounds
    require_places(pyproj_crs(source), pyproj_crs(target))
    try:
        with rasterio.Env():
            result = transform_bounds(source, target, *bounds, densify_pts=_EDGE_POINTS)
    except Exception as error:  # GDAL's own errors have no public class
        raise NoOverlapError(
            f"The area cannot be expressed in the other data's CRS ({error}); choose an area inside"
            " the imagery."
        ) from error
    if not all(math.isfinite(value) for value in result):
        raise NoOverlapError(
            "The area lies where the imagery's CRS is not defined; choose an area inside the"
            " imagery."
        )
    left, bottom, right, top = (float(value) for value in result)
    turn = full_turn(pyproj_crs(target))
    return (left, bottom, right + turn if turn and right < left else right, top)
