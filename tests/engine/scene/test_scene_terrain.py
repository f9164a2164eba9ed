"""Slope and elevation."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from rasterio.crs import CRS
from rasterio.windows import Window

from engine.grid import Grid
from engine.scene.dem import open_dems, open_mosaic
from engine.scene.layers import NODATA
from engine.scene.simulation.landscape import Block, Landscape
from engine.scene.terrain import TerrainLayer, encode, slope_deg, terrain_on
from engine.scene.voids import continued

UTM = CRS.from_epsg(32651)


def rows(value: float, count: int) -> np.ndarray:
    return np.full(count, value)


@given(
    east=st.floats(-3, 3),
    south=st.floats(-3, 3),
    width=st.floats(0.5, 100),
    height=st.floats(0.5, 100),
    base=st.floats(-100, 4000),
)
def test_slope_of_a_plane_is_the_angle_of_its_gradient(
    east: float, south: float, width: float, height: float, base: float
) -> None:
    y, x = np.mgrid[0:6, 0:7]
    plane = (base + east * x * width + south * y * height).astype(np.float32)
    expected = np.degrees(np.arctan(np.hypot(east, south)))
    assert_allclose(slope_deg(plane, rows(width, 4), rows(height, 4)), expected, atol=0.15)


@settings(max_examples=25)
@given(turns=st.integers(1, 3), seed=st.integers(0, 1000))
def test_slope_does_not_depend_on_the_direction_one_looks(turns: int, seed: int) -> None:
    heights = np.random.default_rng(seed).normal(0, 20, (9, 9)).astype(np.float32)
    turned = slope_deg(np.rot90(heights, turns).copy(), rows(10, 7), rows(10, 7))
    assert_allclose(
        turned, np.rot90(slope_deg(heights, rows(10, 7), rows(10, 7)), turns), atol=1e-3
    )


def test_void_neighbours_are_bridged_and_voids_stay_voids() -> None:
    y, x = np.mgrid[0:7, 0:7]
    plane = (100 + 5.0 * x + 2.0 * y).astype(np.float32)
    plane[0], plane[3, 3] = np.nan, np.nan
    slope = slope_deg(plane, rows(10, 5), rows(10, 5))
    assert np.isnan(slope[2, 2])
    assert np.isnan(slope).sum() == 1
    assert_allclose(slope[~np.isnan(slope)], np.degrees(np.arctan(np.hypot(0.5, 0.2))), atol=1e-3)


def rugged(shape: tuple[int, int], pixel: float) -> np.ndarray:
    x, y = (np.arange(shape[1]) + 0.5) * pixel + 3000, (np.arange(shape[0]) + 0.5) * pixel
    return Landscape(5).heights_m(Block(x, y))


def gdaldem(dem: Path, out: Path, *options: str) -> np.ndarray:
    program = shutil.which("gdaldem")
    if program is None:
        pytest.skip("gdaldem (gdal-bin) is not installed")
    subprocess.run([program, "slope", "-q", *options, str(dem), str(out)], check=True)
    with rasterio.open(out) as dataset:
        return dataset.read(1, masked=True).filled(np.nan)


def test_slope_agrees_with_gdaldem_in_metres(tmp_path: Path, write_raster: Any) -> None:
    dem = write_raster(tmp_path / "dem.tif", rugged((90, 80), 10.0))
    expected = gdaldem(dem, tmp_path / "slope.tif")
    with open_mosaic(open_dems([dem])[0]) as mosaic:
        found = terrain_on(mosaic.grid, mosaic)
    assert found is not None
    inner = (slice(1, -1), slice(1, -1))
    assert expected[inner].mean() > 15
    assert_allclose(found[0][inner], expected[inner], atol=2e-3)


def test_slope_in_degrees_uses_true_metres(tmp_path: Path, write_raster: Any) -> None:
    """At 60 degrees north a degree of longitude is half as long: gdaldem on a grid in those metres
    is the yardstick."""
    heights = rugged((60, 60), 10.0)
    pixel = 9e-5
    dem = write_raster(tmp_path / "dem.tif", heights, epsg=4326, pixel=pixel, corner=(20.0, 60.0))
    grid = Grid(CRS.from_epsg(4326), Affine(pixel, 0, 20.0, 0, -pixel, 60.0), (60, 60))
    width, height = (float(sizes.mean()) for sizes in grid.pixel_size_m())
    assert 4.9 < width < 5.1
    assert 9.9 < height < 10.1
    metres = tmp_path / "metres.tif"
    with rasterio.open(
        metres,
        "w",
        driver="GTiff",
        count=1,
        height=60,
        width=60,
        dtype="float32",
        crs=UTM,
        transform=Affine(width, 0, 3e5, 0, -height, 3e6),
    ) as dataset:
        dataset.write(heights, 1)
    expected = gdaldem(metres, tmp_path / "slope.tif")
    with open_mosaic(open_dems([dem])[0]) as mosaic:
        found = terrain_on(grid, mosaic)
    assert found is not None
    inner = (slice(1, -1), slice(1, -1))
    assert_allclose(found[0][inner], expected[inner], atol=0.02)


@pytest.mark.parametrize(("pixel", "limit_deg"), [(5.0, 2.5), (12.5, 3.0), (30.0, 9.0)])
def test_slope_from_dems_of_any_resolution_follows_the_true_slope(
    tmp_path: Path, write_raster: Any, pixel: float, limit_deg: float
) -> None:
    size = int(1500 / pixel)
    dem = write_raster(tmp_path / "dem.tif", rugged((size, size), pixel), pixel=pixel)
    grid = Grid(UTM, Affine(10, 0, 300300, 0, -10, 2599740), (80, 80))
    x, y = np.arange(-1, 81) * 10 + 3305.0, np.arange(-1, 81) * 10 + 305.0
    true = slope_deg(Landscape(5).heights_m(Block(x, y)), rows(10, 80), rows(10, 80))
    with open_mosaic(open_dems([dem])[0]) as mosaic:
        found = terrain_on(grid, mosaic)
    assert found is not None
    assert np.sqrt(np.mean((found[0] - true) ** 2)) < limit_deg
    assert np.corrcoef(found[0].ravel(), true.ravel())[0, 1] > 0.75


def test_a_coarse_dem_leaves_no_stairs_in_the_slope(tmp_path: Path, write_raster: Any) -> None:
    """On an even slope of 20 degrees sampled at 30 m in whole metres, nearest neighbour would
    alternate between 0 and 45 degrees."""
    _, x = np.mgrid[0:50, 0:50]
    heights = np.rint(1000 + np.tan(np.radians(20)) * 30 * x).astype(np.int16)
    dem = write_raster(tmp_path / "dem.tif", heights, pixel=30.0)
    grid = Grid(UTM, Affine(10, 0, 300300, 0, -10, 2599740), (90, 90))
    with open_mosaic(open_dems([dem])[0]) as mosaic:
        found = terrain_on(grid, mosaic)
    assert found is not None
    assert abs(found[0] - 20).max() < 1.2


def test_the_layer_counts_coverage_and_marks_the_rest(tmp_path: Path, write_raster: Any) -> None:
    dem = write_raster(tmp_path / "dem.tif", rugged((40, 40), 12.5), pixel=12.5)
    grid = Grid(UTM, Affine(10, 0, 300000, 0, -10, 2600040), (50, 100))
    with open_mosaic(open_dems([dem])[0]) as mosaic:
        layer = TerrainLayer(grid, [mosaic])
        values = layer.read(Window(0, 0, 100, 50))
    assert layer.covered == pytest.approx(0.5, abs=0.02)
    assert (values[:, :, 60:] == NODATA).all()
    assert (values[:, :, :48] != NODATA).all()


def test_pieces_join_without_seams(tmp_path: Path, write_raster: Any) -> None:
    dem = write_raster(tmp_path / "dem.tif", rugged((40, 40), 30.0), pixel=30.0)
    grid = Grid(UTM, Affine(10, 0, 300100, 0, -10, 2599940), (64, 64))
    with open_mosaic(open_dems([dem])[0]) as mosaic:
        layer = TerrainLayer(grid, [mosaic])
        whole = layer.read(grid.full_window)
        halves = [layer.read(Window(0, 0, 64, 37)), layer.read(Window(0, 37, 64, 27))]
    assert_allclose(np.concatenate(halves, axis=1), whole, atol=1)


@given(slope=st.floats(0, 90), height=st.floats(-450, 8900))
def test_encoding_loses_less_than_half_a_step(slope: float, height: float) -> None:
    stored = encode(np.full((1, 1), slope, np.float32), np.full((1, 1), height, np.float32))
    assert abs(stored[0, 0, 0] * 0.01 - slope) <= 0.0051
    assert abs(stored[1, 0, 0] * 0.2 + 4000 - height) <= 0.101


CENTRES = {
    "UTM": (32633, 15.0, 45.0, 30.0),
    "web Mercator": (3857, 10.0, 60.0, 60.0),
    "polar stereographic": (3413, -45.0, 71.0, 30.0),
    "polar stereographic, aslant": (3031, 37.0, -66.0, 30.0),
    "equal-area cylinder": (6933, 20.0, 60.0, 30.0),
    "sinusoidal": (
        "+proj=sinu +lon_0=0 +R=6371007.181 +units=m +no_defs",
        40.0,
        50.0,
        30.0,
    ),
    "degrees": (4326, 7.0, 46.0, 3e-4),
}


def on_the_ground(grid: Grid, lon: float, lat: float) -> tuple[np.ndarray, np.ndarray]:
    """Metres east and north of a place for each pixel, by a projection that is true around it."""
    t = grid.transform
    x, y = np.meshgrid(
        t.c + t.a * (np.arange(grid.columns) + 0.5), t.f + t.e * (np.arange(grid.rows) + 0.5)
    )
    local = pyproj.CRS.from_proj4(f"+proj=aeqd +lat_0={lat} +lon_0={lon} +datum=WGS84")
    return pyproj.Transformer.from_crs(
        pyproj.CRS.from_wkt(grid.crs.to_wkt()), local, always_xy=True
    ).transform(x, y)


def grid_at(name: str, size: int, step: float | None = None) -> tuple[Grid, float, float]:
    code, lon, lat, pixel = CENTRES[name]
    crs = CRS.from_user_input(code)
    to = pyproj.Transformer.from_crs(4326, pyproj.CRS.from_wkt(crs.to_wkt()), always_xy=True)
    x, y = to.transform(lon, lat)
    step = step or pixel
    half = size / 2 * step
    return Grid(crs, Affine(step, 0, x - half, 0, -step, y + half), (size, size)), lon, lat


@pytest.mark.parametrize("name", CENTRES)
@settings(max_examples=8, deadline=None)
@given(angle=st.floats(1, 60), azimuth=st.floats(0, 360))
def test_a_plane_has_its_angle_in_every_crs(name: str, angle: float, azimuth: float) -> None:
    grid, lon, lat = grid_at(name, 12)
    east, north = on_the_ground(grid, lon, lat)
    turn = np.radians(azimuth)
    rise = np.tan(np.radians(angle)) * (np.sin(turn) * east + np.cos(turn) * north)
    inner = grid.subgrid(Window(1, 1, 10, 10))
    metric = inner.pixel_metric()
    found = slope_deg((2000 + rise).astype(np.float32), *inner.pixel_size_m(), metric.f)
    assert_allclose(found, angle, atol=0.35)


@pytest.mark.parametrize("name", CENTRES)
def test_a_stack_in_any_crs_gets_the_true_slope(
    tmp_path: Path, write_raster: Any, name: str
) -> None:
    """The DEM lies in degrees, the stack in the CRS: 30 degrees stay 30 degrees."""
    grid, lon, lat = grid_at(name, 60, CENTRES[name][3] / 3)
    step = 1 / 3600
    span = 180
    corner = (round(lon / step) * step - span * step, round(lat / step) * step + span * step)
    dem_grid = Grid(
        CRS.from_epsg(4326),
        Affine(step, 0, corner[0], 0, -step, corner[1]),
        (2 * span, 2 * span),
    )
    east, north = on_the_ground(dem_grid, lon, lat)
    heights = 3000 + np.tan(np.radians(30)) * (0.6 * east + 0.8 * north)
    heights = np.clip(heights, 0, 8000).astype(np.float32)
    dem = write_raster(tmp_path / "dem.tif", heights, epsg=4326, pixel=step, corner=corner)
    with open_mosaic(open_dems([dem])[0]) as mosaic:
        found = terrain_on(grid, mosaic)
    assert found is not None
    assert_allclose(found[0], 30, atol=0.3)


def test_slopes_beside_a_void_are_those_of_the_ground(tmp_path: Path, write_raster: Any) -> None:
    """A void cuts no kernel: beside it the slopes of rugged terrain stay near the true ones."""
    heights = rugged((60, 60), 30.0)
    holed = heights.copy()
    holed[25:33, 25:33] = np.nan
    whole, cut = (
        write_raster(tmp_path / f"{name}.tif", values, pixel=30.0)
        for name, values in (("whole", heights), ("cut", holed))
    )
    grid = Grid(UTM, Affine(10, 0, 300300, 0, -10, 2599740), (120, 120))
    with open_mosaic(open_dems([whole])[0]) as one, open_mosaic(open_dems([cut])[0]) as other:
        true, found, filled = terrain_on(grid, one), terrain_on(grid, other), None
        filled = terrain_on(grid, other, [one])
    assert true is not None
    assert found is not None
    assert filled is not None
    known = ~np.isnan(found[0])
    assert (~known).sum() == 24 * 24
    assert np.abs(found[0] - true[0])[known].max() < 12
    assert np.abs(found[0] - true[0])[known].mean() < 0.15
    assert_allclose(filled[0][known], true[0][known], atol=0.02)
    assert (np.isnan(filled[0]) == ~known).all()


@settings(max_examples=20, deadline=None)
@given(
    east=st.floats(-1, 1), north=st.floats(-1, 1), shift=st.floats(-40, 40), edge=st.integers(8, 22)
)
def test_two_dems_of_other_spacing_and_level_meet_without_a_cliff(
    tmp_path_factory: pytest.TempPathFactory,
    write_raster: Any,
    east: float,
    north: float,
    shift: float,
    edge: int,
) -> None:
    folder = tmp_path_factory.mktemp("meet")
    y, x = (np.mgrid[0:40, 0:40] + 0.5) * 30.0
    plane = (2000 + east * x - north * y).astype(np.float32)
    plane[:, edge:] = np.nan
    y, x = (np.mgrid[0:50, 0:50] + 0.5) * 24.0
    other = (2000 + shift + east * x - north * y).astype(np.float32)
    files = [
        write_raster(folder / "a.tif", plane, pixel=30.0),
        write_raster(folder / "b.tif", other, pixel=24.0),
    ]
    grid = Grid(UTM, Affine(10, 0, 300100, 0, -10, 2599940), (90, 90))
    with ExitStack() as stack:
        mosaics = [stack.enter_context(open_mosaic(one)) for one in open_dems(files)]
        slope = TerrainLayer(grid, mosaics).read(grid.full_window)[0] * 0.01
    assert_allclose(slope, np.degrees(np.arctan(np.hypot(east, north))), atol=0.3)


def test_pieces_join_without_seams_beside_voids(tmp_path: Path, write_raster: Any) -> None:
    heights = rugged((40, 40), 30.0)
    heights[10:20, 10:30] = np.nan
    dem = write_raster(tmp_path / "dem.tif", heights, pixel=30.0)
    grid = Grid(UTM, Affine(10, 0, 300100, 0, -10, 2599940), (64, 64))
    with open_mosaic(open_dems([dem])[0]) as mosaic:
        layer = TerrainLayer(grid, [mosaic])
        whole = layer.read(grid.full_window)
        halves = [layer.read(Window(0, 0, 64, 37)), layer.read(Window(0, 37, 64, 27))]
    assert (whole[0] == NODATA).any()
    assert_allclose(np.concatenate(halves, axis=1), whole, atol=1)


def test_where_neighbours_do_not_tell_the_slope_is_unknown() -> None:
    """One row of heights tells nothing of the slope across it."""
    strip = np.full((5, 9), np.nan, np.float32)
    strip[2] = 100 + 3 * np.arange(9)
    assert np.isnan(slope_deg(strip, rows(10, 3), rows(10, 3))).all()
    strip[3] = strip[2] + 4
    found = slope_deg(strip, rows(10, 3), rows(10, 3))
    assert np.isnan(found[0]).all()
    assert_allclose(found[1:], np.degrees(np.arctan(0.5)), atol=1e-4)


@given(east=st.floats(-50, 50), south=st.floats(-50, 50), size=st.integers(2, 6))
def test_planes_are_continued_as_planes(east: float, south: float, size: int) -> None:
    y, x = np.mgrid[0:14, 0:14]
    plane = (500 + east * x + south * y).astype(np.float32)
    seen = np.full_like(plane, np.nan)
    seen[5 : 5 + size, 5 : 5 + size] = plane[5 : 5 + size, 5 : 5 + size]
    found = continued(seen, 4)
    assert not np.isnan(found[1 : 9 + size, 1 : 9 + size]).any()
    near = ~np.isnan(found)
    assert_allclose(found[near], plane[near], atol=0.01)
