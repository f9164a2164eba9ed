"""Lengths and areas on the ground in every kind of CRS."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio.crs
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pyproj import CRS
from shapely.geometry import box

from engine.errors import GridError
from engine.grid import Grid
from engine.ground import bring, is_local, local_metric, lon_lat, same_crs

LOCAL = CRS.from_wkt(
    'LOCAL_CS["Undefined Cartesian SRS",UNIT["metre",1],'
    'AXIS["Easting",EAST],AXIS["Northing",NORTH]]'
)
GEOD = pyproj.Geod(ellps="WGS84")
SYSTEMS = {
    "web Mercator": (3857, (-170, 170), (-80, 80)),
    "polar stereographic north": (3413, (-180, 180), (55, 88)),
    "polar stereographic south": (3031, (-180, 180), (-88, -60)),
    "equal-area cylinder": (6933, (-170, 170), (-75, 75)),
    "Mollweide": ("ESRI:54009", (-150, 150), (-70, 70)),
    "plate carree in metres": ("ESRI:54001", (-170, 170), (-75, 75)),
    "LAEA Europe": (3035, (-20, 45), (35, 70)),
    "US feet": (2225, (-124, -120), (39, 42)),
    "degrees": (4326, (-180, 180), (-85, 85)),
}


@pytest.mark.parametrize("name", SYSTEMS)
@settings(max_examples=25, deadline=None)
@given(east=st.floats(0, 1), north=st.floats(0, 1), azimuth=st.floats(0, 360))
def test_the_metric_gives_geodesic_lengths(
    name: str, east: float, north: float, azimuth: float
) -> None:
    """A short step in any direction: its length by the metric is the geodesic's."""
    code, (west_lon, east_lon), (south, top) = SYSTEMS[name]
    lon = west_lon + east * (east_lon - west_lon)
    lat = south + north * (top - south)
    crs = CRS.from_user_input(code)
    there_lon, there_lat, _ = GEOD.fwd(lon, lat, azimuth, 50.0)
    to = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    (x0, x1), (y0, y1) = to.transform([lon, there_lon], [lat, there_lat])
    if abs(x1 - x0) > 1e6 or (crs.is_geographic and abs(x1 - x0) > 180):
        return  # across the edge of the map
    metric = local_metric(crs, np.array([(x0 + x1) / 2]), np.array([(y0 + y1) / 2]))
    dx, dy = x1 - x0, y1 - y0
    squared = metric.e * dx**2 + 2 * metric.f * dx * dy + metric.g * dy**2
    assert_allclose(np.sqrt(squared), 50.0, rtol=0.006)


@pytest.mark.parametrize("name", [name for name in SYSTEMS if name != "US feet"])
def test_areas_of_pixels_are_those_of_the_ellipsoid(name: str) -> None:
    code, lons, lats = SYSTEMS[name]
    crs = rasterio.crs.CRS.from_user_input(code)
    proj = CRS.from_user_input(code)
    to = pyproj.Transformer.from_crs(4326, proj, always_xy=True)
    x, y = to.transform(sum(lons) / 2 + 11, lats[0] + 0.75 * (lats[1] - lats[0]))
    pixel = 3e-4 if proj.is_geographic else 30.0
    grid = Grid(crs, Affine(pixel, 0, x, 0, -pixel, y), (40, 3))
    left, bottom, right, top = grid.bounds
    back = pyproj.Transformer.from_crs(proj, 4326, always_xy=True)
    lon, lat = back.transform([left, right, right, left], [bottom, bottom, top, top])
    area = abs(GEOD.polygon_area_perimeter(lon, lat)[0])
    assert_allclose(grid.pixel_area_m2().sum() * 3, area, rtol=0.004)


def test_utm_and_national_grids_count_their_own_unit() -> None:
    """GIS users measure there in map units; feet are converted."""
    for code, unit in ((32633, 1.0), (27700, 1.0), (2154, 1.0), (2225, 1200 / 3937)):
        crs = CRS.from_epsg(code)
        area = crs.area_of_use
        assert area is not None
        to = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
        x, y = to.transform((area.west + area.east) / 2, (area.south + area.north) / 2)
        metric = local_metric(crs, np.array([x]), np.array([y]))
        assert_allclose([metric.east_m[0], metric.north_m[0]], unit, rtol=1e-9)


def test_a_web_mercator_pixel_of_10_units_is_5_metres_at_60_degrees() -> None:
    _, y = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform(0, 60)
    grid = Grid(rasterio.crs.CRS.from_epsg(3857), Affine(10, 0, 0, 0, -10, y), (200, 200))
    assert grid.resolution_m() == pytest.approx(5, abs=0.03)
    assert not grid.true_to_scale()
    assert not grid.about_ten_metres()


def test_places_beyond_180_degrees_are_given_between() -> None:
    lon, lat = lon_lat(CRS.from_epsg(4326), np.array([180.5, -181.0, 12.0]), np.zeros(3))
    assert_allclose(lon, [-179.5, 179.0, 12.0])
    assert_allclose(lat, 0)


def test_local_systems_measure_but_are_nowhere() -> None:
    assert is_local(LOCAL)
    assert not is_local(CRS.from_epsg(3857))
    metric = local_metric(LOCAL, np.zeros(2), np.zeros(2))
    assert_allclose(metric.area_m2, 1)
    assert np.isnan(lon_lat(LOCAL, np.zeros(2), np.zeros(2))).all()
    shapes = gpd.GeoSeries([box(0, 0, 1, 1)], crs=LOCAL)
    with pytest.raises(GridError, match="tied to no place"):
        bring(shapes, 4326)
    again = CRS.from_wkt(LOCAL.to_wkt("WKT1_GDAL"))
    assert same_crs(LOCAL, again)
    assert bring(shapes, again).iloc[0].equals(shapes.iloc[0])
