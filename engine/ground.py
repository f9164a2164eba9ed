"""Lengths and areas on the ground in any coordinate reference system.

A map distorts: one unit of EPSG:3857 is half a metre at 60 degrees north, a degree of longitude
shrinks towards the poles, an equal-area map stretches one way what it squeezes the other. The local
metric of a CRS says it all: ``ds² = e dx² + 2 f dx dy + g dy²``, in m² per unit².
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError, ProjError

from engine.errors import GridError

Floats = NDArray[np.float64]

_PLANAR_TOLERANCE = 0.01
"""Distortion of areas up to which a projected CRS is taken as it is, as GIS users expect of UTM and
national grids."""

_STEP_M = 100.0
_POLE_DEG = 89.9
_WGS84 = Geod(ellps="WGS84")


class Placed(Protocol):
    """What GeoPandas' tables and series have in common here."""

    @property
    def crs(self) -> Any:
        """Their coordinate reference system."""
        ...

    def to_crs(self, crs: Any) -> Self:
        """The same in another CRS."""
        ...

    def set_crs(self, crs: Any, *, allow_override: bool = ...) -> Self:
        """The same with another CRS written on it."""
        ...


Table = TypeVar("Table", bound=Placed)


@dataclass(frozen=True)
class Metric:
    """The local metric of a CRS at points, each array of shape (points,).

    Attributes:
        e: m² of a step of one unit along the first axis (eastward), squared.
        f: Their scalar product; 0 where both axes are at right angles on the ground.
        g: m² of a step of one unit along the second axis (northward), squared.
    """

    e: Floats
    f: Floats
    g: Floats

    @property
    def east_m(self) -> Floats:
        """Metres of one unit eastward."""
        return np.sqrt(self.e)

    @property
    def north_m(self) -> Floats:
        """Metres of one unit northward."""
        return np.sqrt(self.g)

    @property
    def area_m2(self) -> Floats:
        """Square metres of one square unit."""
        return np.sqrt(np.maximum(self.e * self.g - self.f * self.f, 0))

    def scaled(self, width: float, height: float) -> Metric:
        """The metric in other units, such as pixels of this width and height.

        A negative height turns the second axis round, as rows of a raster run southward.
        """
        return Metric(self.e * width**2, self.f * width * height, self.g * height**2)

    def at(self, positions: Floats, wanted: Floats) -> Metric:
        """Interpolate between the points, which stand at increasing ``positions``."""
        return Metric(*(np.interp(wanted, positions, part) for part in (self.e, self.f, self.g)))


def local_metric(crs: CRS, x: Floats, y: Floats) -> Metric:
    """Measure what steps of one CRS unit are on the ground, at points.

    Degrees use the ellipsoid's radii of curvature. A projected CRS counts its unit, unless it
    distorts by more than one per cent of an area, which is then taken out. A CRS that is tied to no
    place on Earth (engineering, local) counts its unit.

    Args:
        crs: Coordinate reference system.
        x: Eastings or longitudes, shape (n,).
        y: Northings or latitudes, shape (n,).

    Returns:
        The metric at each point.

    Source:
        Snyder, J. P. (1987): Map projections, a working manual. USGS Professional Paper 1395,
        chapter 4.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if crs.is_geographic:
        east, north = _radii(crs, y * _radians_a_unit(crs))
        degree = _radians_a_unit(crs)
        return Metric((east * degree) ** 2, np.zeros_like(east), (north * degree) ** 2)
    unit = _metres_a_unit(crs)
    flat = Metric(np.full(x.shape, unit**2), np.zeros(x.shape), np.full(x.shape, unit**2))
    if not x.size or not crs.is_projected:
        return flat
    found = _of_projection(crs, x, y, _STEP_M / unit)
    if found is None:
        return flat
    parts = np.stack([found.e, found.f, found.g]) / unit**2
    strong = (np.abs(parts - np.array([[1.0], [0.0], [1.0]])) > _PLANAR_TOLERANCE).any(axis=0)
    strong &= np.isfinite(parts).all(axis=0) & (parts[0] * parts[2] > parts[1] ** 2)
    return Metric(
        np.where(strong, found.e, flat.e),
        np.where(strong, found.f, flat.f),
        np.where(strong, found.g, flat.g),
    )


def metres_per_unit(crs: CRS, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Metres on the ground of one CRS unit, eastward and northward.

    Each of shape (n,).
    """
    metric = local_metric(crs, x, y)
    return metric.east_m, metric.north_m


def lon_lat(crs: CRS, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """WGS 84 longitudes (-180 to 180) and latitudes of points.

    Both are NaN in a CRS that is tied to no place on Earth.
    """
    if not len(x):
        return np.zeros(0), np.zeros(0)
    try:
        lon, lat = _transformer(crs, CRS.from_epsg(4326)).transform(x, y)
    except (CRSError, ProjError):
        return np.full(len(x), np.nan), np.full(len(x), np.nan)
    lon = np.asarray(lon, np.float64)
    lon = np.where(np.abs(lon) > 180, (lon + 180) % 360 - 180, lon)
    return lon, np.asarray(lat, np.float64)


def bring(table: Table, crs: Any) -> Table:
    """A GeoPandas table or series in another CRS.

    Raises:
        GridError: Nothing leads from the one CRS to the other, as with local ones.
    """
    target = pyproj_crs(crs)
    if same_crs(table.crs, target):
        return table.set_crs(target, allow_override=True)
    require_places(table.crs, target)
    try:
        return table.to_crs(target)
    except (CRSError, ProjError) as error:
        raise GridError(
            f"Nothing leads from the coordinate reference system {table.crs.name!r} to"
            f" {target.name!r} ({error}); save the data in a geographic or projected one."
        ) from error


def same_crs(one: CRS, other: CRS) -> bool:
    """Whether two CRS are one; local ones are compared by name.

    Formats write local ones differently.
    """
    if one == other:
        return True
    return is_local(one) and is_local(other) and one.name == other.name


def require_places(*systems: CRS) -> None:
    """Refuse CRS tied to no place on Earth, where places are compared.

    Raises:
        GridError: One of them is.
    """
    for crs in systems:
        if is_local(crs):
            raise GridError(
                f"The coordinate reference system {crs.name!r} is tied to no place on Earth, so"
                " what lies in it cannot be compared with what lies elsewhere; assign the one that"
                " the data are really in, for instance with `gdal_edit.py -a_srs`."
            )


def is_local(crs: CRS) -> bool:
    """Whether a CRS is tied to no place, as engineering ones are."""
    return not (crs.is_geographic or crs.is_projected or crs.geodetic_crs is not None)


@lru_cache(maxsize=64)
def pyproj_crs(crs: Any) -> CRS:
    """A rasterio CRS as pyproj has it."""
    return CRS.from_user_input(crs)


def full_turn(crs: CRS) -> float:
    """What 360 degrees are in a geographic CRS; 0 in others."""
    return 2 * np.pi / _radians_a_unit(crs) if crs.is_geographic else 0.0


def _of_projection(crs: CRS, x: Floats, y: Floats, step: float) -> Metric | None:
    """The metric by differences of the inverse projection, or None."""
    geodetic = crs.geodetic_crs
    if geodetic is None:
        return None
    radian = _radians_a_unit(geodetic)
    points = np.stack([x - step, x + step, x, x]), np.stack([y, y, y - step, y + step])
    try:
        found = _transformer(crs, geodetic).transform(*points)
    except (CRSError, ProjError):
        return None
    lon, lat = (np.asarray(part) * radian for part in found)
    with np.errstate(invalid="ignore"):
        turn = (lon[1::2] - lon[::2] + np.pi) % (2 * np.pi) - np.pi
        east, north = _radii(geodetic, lat.mean(axis=0))
        dx, dy = turn * east / (2 * step), (lat[1::2] - lat[::2]) * north / (2 * step)
    return Metric(dx[0] ** 2 + dy[0] ** 2, dx[0] * dx[1] + dy[0] * dy[1], dx[1] ** 2 + dy[1] ** 2)


def _radii(crs: CRS, latitude: Floats) -> tuple[Floats, Floats]:
    """Metres of a radian of longitude and of latitude at latitudes in radians."""
    ellipsoid = crs.get_geod() or _WGS84
    limit = np.radians(_POLE_DEG)
    phi = np.clip(latitude, -limit, limit)
    root = 1 - ellipsoid.es * np.sin(phi) ** 2
    return (
        ellipsoid.a / np.sqrt(root) * np.cos(phi),
        ellipsoid.a * (1 - ellipsoid.es) / root**1.5,
    )


def _radians_a_unit(crs: CRS) -> float:
    return float(crs.axis_info[0].unit_conversion_factor) if crs.axis_info else np.pi / 180


def _metres_a_unit(crs: CRS) -> float:
    return float(crs.axis_info[0].unit_conversion_factor) if crs.axis_info else 1.0


@lru_cache(maxsize=64)
def _transformer(source: CRS, target: CRS) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)
