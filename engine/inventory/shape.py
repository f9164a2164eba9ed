"""Size and form of polygons on the ground, whatever their CRS."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from engine.dateline import joined
from engine.ground import full_turn, local_metric

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]


@dataclass(frozen=True)
class Form:
    """Measures of polygons; each array has shape (polygons,).

    Attributes:
        area_m2: Area.
        perimeter_m: Length of all rings.
        length_m: Extent along the given direction, or along the longest axis where there is none.
        width_m: Extent across it.
        axis_m: Long side of the smallest enclosing rectangle.
        short_m: Its short side.
        axis_deg: Azimuth of the long side, 0 to 180.
        rectangle: Share of that rectangle that the polygon fills.
    """

    area_m2: Floats
    perimeter_m: Floats
    length_m: Floats
    width_m: Floats
    axis_m: Floats
    short_m: Floats
    axis_deg: Floats
    rectangle: Floats

    @property
    def elongation(self) -> Floats:
        """Long by short side of the smallest enclosing rectangle."""
        return np.divide(
            self.axis_m, self.short_m, out=np.full_like(self.axis_m, np.nan), where=self.short_m > 0
        )

    @property
    def compactness(self) -> Floats:
        """4π area / perimeter², 1 for a circle."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return 4 * math.pi * self.area_m2 / self.perimeter_m**2


def valid_polygons(shapes: Shapes) -> Shapes:
    """The same polygons, self-intersecting ones repaired."""
    out = shapes.copy()
    broken = ~shapely.is_valid(out)
    out[broken] = shapely.buffer(shapely.make_valid(out[broken]), 0)
    return out


def in_metres(shapes: Shapes, crs: CRS) -> Shapes:
    """Stretch each polygon so that its own units are metres on the ground."""
    if crs.is_geographic:
        shapes = joined(shapes, full_turn(crs))
    bounds = shapely.bounds(shapes)
    metric = local_metric(crs, (bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2)
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    # Offsets from each polygon's corner, so that stretching degrees does not cost digits.
    xy = xy - bounds[owner, :2]
    east = metric.east_m
    slant, upright = metric.f / east, metric.area_m2 / east
    xy = np.stack([xy[:, 0] * east[owner] + xy[:, 1] * slant[owner], xy[:, 1] * upright[owner]], 1)
    return np.asarray(shapely.set_coordinates(shapes.copy(), xy), np.object_)


def ground_area(shapes: Shapes, crs: CRS) -> Floats:
    """Areas on the ground in m²."""
    if not len(shapes):
        return np.zeros(0)
    return np.asarray(shapely.area(in_metres(shapes, crs)), np.float64)


def measure_form(shapes: Shapes, crs: CRS, direction: Floats | None = None) -> Form:
    """Measure polygons on the ground.

    Args:
        shapes: Polygons or MultiPolygons, shape (n,).
        crs: Their CRS.
        direction: Unit vectors (east, north) along which length is taken, shape (n, 2); NaN for the
            longest axis.

    Returns:
        The measures.
    """
    count = len(shapes)
    if count == 0:
        return Form(*(np.zeros(0) for _ in range(8)))
    flat = in_metres(shapes, crs)
    area, perimeter = shapely.area(flat), shapely.length(flat)
    axis, side = _rectangle(flat)
    long, short = np.hypot(*axis.T), np.hypot(*side.T)
    unit = np.divide(
        axis, long[:, None], out=np.tile([1.0, 0.0], (count, 1)), where=long[:, None] > 0
    )
    if direction is not None:
        unit = np.where(np.isnan(direction), unit, direction)
    xy, owner = shapely.get_coordinates(flat, return_index=True)
    first = np.searchsorted(owner, np.arange(count))
    along = (xy * unit[owner]).sum(axis=1)
    across = (xy * np.stack([-unit[:, 1], unit[:, 0]], axis=1)[owner]).sum(axis=1)
    length, width = (
        np.maximum.reduceat(v, first) - np.minimum.reduceat(v, first) for v in (along, across)
    )
    box = long * short
    fill = np.divide(area, box, out=np.zeros(count), where=box > 0)
    return Form(
        area,
        perimeter,
        length,
        width,
        long,
        short,
        np.degrees(np.arctan2(axis[:, 0], axis[:, 1])) % 180,
        fill,
    )


def _rectangle(shapes: Shapes) -> tuple[Floats, Floats]:
    """Sides of the smallest enclosing rectangle, as vectors of shape (n, 2)."""
    boxes: Any = shapely.oriented_envelope(shapes)
    corners, owner = shapely.get_coordinates(shapely.get_exterior_ring(boxes), return_index=True)
    first = np.searchsorted(owner, np.arange(len(shapes)))
    one, other = corners[first + 1] - corners[first], corners[first + 2] - corners[first + 1]
    swap = (np.hypot(*one.T) < np.hypot(*other.T))[:, None]
    return np.where(swap, other, one), np.where(swap, one, other)
