"""Areas of interest on a grid: other CRS, the date line, systems that lie nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.windows import Window
from shapely.geometry import MultiPolygon, Polygon, box

from engine.errors import ConfigError, GridError, NoOverlapError
from engine.grid import Grid
from engine.scene.area import aoi_bounds, area_on, area_window, bounds_in
from engine.scene.dem import open_dems, open_mosaic
from engine.scene.lattice import meets, window_around
from engine.scene.terrain import TerrainLayer

WGS84 = CRS.from_epsg(4326)
FIJI = CRS.from_epsg(32760)
LOCAL = CRS.from_wkt(
    'LOCAL_CS["Undefined Cartesian SRS",UNIT["metre",1],'
    'AXIS["Easting",EAST],AXIS["Northing",NORTH]]'
)


def fiji(size: int = 400, pixel: float = 50.0) -> Grid:
    """A grid in UTM whose middle lies on 180 degrees."""
    x, y = pyproj.Transformer.from_crs(4326, 32760, always_xy=True).transform(180, -16.8)
    half = size * pixel / 2
    return Grid(FIJI, Affine(pixel, 0, x - half, 0, -pixel, y + half), (size, size))


def degrees(west: float, step: float = 5e-4) -> Grid:
    return Grid(WGS84, Affine(step, 0, west, 0, -step, -16.7), (400, 400))


ACROSS = {
    "two pieces": MultiPolygon(
        [box(179.95, -16.85, 180, -16.8), box(-180, -16.85, -179.96, -16.8)]
    ),
    "continuous": box(179.95, -16.85, 180.04, -16.8),
    "torn": Polygon([(179.95, -16.85), (-179.96, -16.85), (-179.96, -16.8), (179.95, -16.8)]),
}
GRIDS = {"utm": fiji(), "east of 180": degrees(179.9), "west of -180": degrees(-180.1)}


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("shape", ACROSS.values(), ids=ACROSS)
def test_an_area_across_the_date_line_is_the_small_one(
    tmp_path: Path, grid: Grid, shape: Any
) -> None:
    path = tmp_path / "aoi.gpkg"
    gpd.GeoDataFrame(geometry=[shape], crs=4326).to_file(path)
    window = area_window(grid, aoi=path, bounds=None)
    width, height = grid.subgrid(window).pixel_size_m()
    east = window.width * float(width.mean())
    assert east == pytest.approx(0.09 * 111_320 * np.cos(np.radians(16.82)), rel=0.05)
    assert window.height * float(height.mean()) == pytest.approx(0.05 * 110_600, rel=0.05)
    (placed,) = area_on(grid, path)
    assert box(*grid.bounds).contains(placed)
    assert placed.area == pytest.approx(
        window.width * window.height * grid.pixel_size[0] * grid.pixel_size[1], rel=0.06
    )


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize(
    "bounds",
    [(179.95, -16.85, -179.96, -16.8), (179.95, -16.85, 180.04, -16.8)],
    ids=["west over east", "continuous"],
)
def test_bounds_across_the_date_line_are_the_small_ones(grid: Grid, bounds: Any) -> None:
    window = area_window(grid, aoi=None, bounds=bounds, bounds_crs="EPSG:4326")
    width = float(grid.subgrid(window).pixel_size_m()[0].mean())
    assert window.width * width == pytest.approx(9590, rel=0.05)


def test_bounds_upside_down_stay_a_mistake() -> None:
    with pytest.raises(ConfigError, match="are empty"):
        area_window(fiji(), aoi=None, bounds=(179, -16, -179, -17), bounds_crs="EPSG:4326")
    with pytest.raises(ConfigError, match="are empty"):
        area_window(fiji(), aoi=None, bounds=(830_000, 8_130_000, 820_000, 8_140_000))
    with pytest.raises(NoOverlapError):
        area_window(fiji(), aoi=None, bounds=(10, -17, 11, -16), bounds_crs="EPSG:4326")


def test_a_box_in_utm_across_the_date_line_is_continuous_in_degrees() -> None:
    left, _, right, _ = bounds_in(fiji().bounds, FIJI, WGS84)
    assert 179.8 < left < 180 < right < 180.2
    assert meets(fiji(), degrees(-180.0))
    assert meets(fiji(), degrees(179.8))
    assert not meets(fiji(), degrees(10.0))
    found = window_around(degrees(-180.1), fiji(), 2)
    assert found is not None
    assert found[1] == pytest.approx(360)


def test_terrain_in_degrees_is_whole_across_the_date_line(
    tmp_path: Path, write_raster: Any
) -> None:
    """Imagery and DEM both in degrees, the DEM as two tiles: 10 degrees on both sides."""
    step = 1 / 1200
    rows = np.arange(400)
    rise = np.tan(np.radians(10)) * step * 110_640
    heights = np.repeat((500 + rise * rows)[:, None], 400, axis=1).astype(np.float32)
    files = [
        write_raster(tmp_path / f"{name}.tif", heights, epsg=4326, pixel=step, corner=(west, -16.6))
        for name, west in (("east", -180.0), ("west", 180 - 400 * step))
    ]
    for grid in GRIDS.values():
        part = grid.subgrid(Window(50, 50, 300, 300))
        with open_mosaic(open_dems(files)[0]) as mosaic:
            layer = TerrainLayer(part, [mosaic])
            slope = layer.read(part.full_window)[0] * 0.01
        assert layer.covered == 1
        assert abs(slope - 10).max() < 0.2


@pytest.mark.parametrize(("source", "target"), [(LOCAL, WGS84), (WGS84, LOCAL), (FIJI, LOCAL)])
def test_systems_that_lie_nowhere_are_compared_with_nothing(source: CRS, target: CRS) -> None:
    with pytest.raises(GridError, match="tied to no place on Earth"):
        bounds_in((0, 0, 1, 1), source, target)


def test_areas_in_the_same_local_system_are_read(tmp_path: Path) -> None:
    grid = Grid(LOCAL, Affine(10, 0, 0, 0, -10, 1000), (100, 100))
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame(geometry=[box(100, 100, 300, 500)], crs=LOCAL.to_wkt()).to_file(path)
    assert area_window(grid, aoi=path, bounds=None) == Window(10, 50, 20, 40)
    assert area_on(grid, path)[0].bounds == (100, 100, 300, 500)


@settings(max_examples=40, deadline=None)
@given(lon=st.floats(-179.9, 179.9), lat=st.floats(-70, 70), size=st.floats(0.001, 0.2))
def test_an_area_covers_the_same_ground_in_every_crs(
    tmp_path_factory: pytest.TempPathFactory, lon: float, lat: float, size: float
) -> None:
    """A box in degrees, wherever it lies, is inside its box in Mercator and back."""
    shape = box(lon, lat, lon + size, lat + size)
    path = tmp_path_factory.mktemp("aoi") / "a.geojson"
    gpd.GeoDataFrame(geometry=[shape], crs=4326).to_file(path)
    mercator = CRS.from_epsg(3857)
    left, bottom, right, top = aoi_bounds(path, mercator)
    back = bounds_in((left, bottom, right, top), mercator, WGS84)
    assert shapely.box(*back).buffer(1e-6).contains(shape)
    assert back[2] - back[0] < size + 1e-5
