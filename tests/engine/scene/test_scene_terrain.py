"""Slope and elevation."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
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
from engine.scene.landscape import Block, Landscape
from engine.scene.layers import NODATA
from engine.scene.terrain import TerrainLayer, encode, slope_deg, terrain_on

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
