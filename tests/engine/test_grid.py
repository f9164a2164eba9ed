import math

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.windows import Window

from engine.errors import GridError, MissingCRSError, NoOverlapError
from engine.grid import Grid

UTM = CRS.from_epsg(32651)
WGS84 = CRS.from_epsg(4326)
coordinate = st.floats(-1e5, 1e5, allow_nan=False)
extent = st.floats(1, 5e3)


def utm(rows: int = 50, columns: int = 40) -> Grid:
    return Grid(UTM, Affine(10, 0, 300000, 0, -10, 2500000), (rows, columns))


@given(coordinate, coordinate, extent, extent)
def test_from_bounds_covers_and_snaps_outward(
    left: float, bottom: float, width: float, height: float
) -> None:
    grid = Grid.from_bounds(UTM, (left, bottom, left + width, bottom + height), 10.0)
    west, south, east, north = grid.bounds
    slack = 1e-4
    assert west <= left + slack
    assert south <= bottom + slack
    assert east >= left + width - slack
    assert north >= bottom + height - slack
    assert west > left - 10 - slack
    assert north < bottom + height + 10 + slack
    assert grid.transform.c % 10 == pytest.approx(
        0, abs=1e-6
    ) or grid.transform.c % 10 == pytest.approx(10, abs=1e-6)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 128))
def test_windows_tile_the_grid_once(rows: int, columns: int, size: int) -> None:
    seen = np.zeros((rows, columns), int)
    for window in utm(rows, columns).windows(size):
        assert max(window.width, window.height) <= size
        seen[window.toslices()] += 1
    assert (seen == 1).all()


@given(st.integers(0, 39), st.integers(0, 49), st.integers(1, 40), st.integers(1, 50))
def test_window_of_a_windows_bounds_is_the_window(
    column: int, row: int, width: int, height: int
) -> None:
    grid = utm()
    window = Window(column, row, min(width, 40 - column), min(height, 50 - row))
    assert grid.window_of(grid.subgrid(window).bounds) == window


def test_window_outside_is_an_error_that_names_both_areas() -> None:
    with pytest.raises(NoOverlapError, match="outside the raster"):
        utm().window_of((0, 0, 10, 10))


def test_pixel_area_in_metres_and_feet() -> None:
    assert utm().pixel_area_m2() == pytest.approx(np.full(50, 100.0))
    feet = Grid(CRS.from_epsg(2263), Affine(10, 0, 0, 0, -10, 0), (3, 3))
    assert feet.pixel_area_m2()[0] == pytest.approx((10 * 0.3048006) ** 2, rel=1e-5)


def test_pixel_size_in_degrees_shrinks_with_the_cosine_of_latitude() -> None:
    size = 10 / 111_320
    equator = Grid(WGS84, Affine(size, 0, 10, 0, -size, size / 2), (1, 1))
    north = Grid(WGS84, Affine(size, 0, 10, 0, -size, 60 + size / 2), (1, 1))
    assert equator.pixel_size_m()[0][0] == pytest.approx(10, rel=1e-3)
    assert north.pixel_size_m()[0][0] / equator.pixel_size_m()[0][0] == pytest.approx(
        math.cos(math.radians(60)), rel=3e-3
    )
    assert 9.9 < north.resolution_m() ** 2 / north.pixel_size_m()[0][0] < 10.1


def test_grids_differ_by_more_than_a_thousandth_of_a_pixel() -> None:
    grid = utm()
    nudged = Grid(UTM, Affine(10, 0, 300000.005, 0, -10, 2500000), (50, 40))
    shifted = Grid(UTM, Affine(10, 0, 300001, 0, -10, 2500000), (50, 40))
    assert grid.same_as(nudged)
    assert not grid.same_as(shifted)
    with pytest.raises(GridError, match="same stack"):
        grid.require_same(shifted, "mask", "probability")


def test_no_crs_and_rotation_are_refused() -> None:
    with pytest.raises(MissingCRSError, match="no coordinate reference system"):
        Grid(CRS(), Affine(10, 0, 0, 0, -10, 0), (2, 2))
    for transform in (
        Affine.rotation(10),
        Affine(10, 0, 0, 0, 10, 0),
        Affine(-10, 0, 0, 0, -10, 0),
    ):
        with pytest.raises(GridError, match="north-up"):
            Grid(UTM, transform, (2, 2))
    with pytest.raises(GridError, match="at least one row"):
        Grid(UTM, Affine(10, 0, 0, 0, -10, 0), (0, 2))


def test_pixels_that_coordinates_cannot_tell_apart_are_refused() -> None:
    with pytest.raises(GridError, match="too small beside its coordinates"):
        Grid(CRS.from_epsg(32651), Affine(10.0, 0.0, 5e5, 0.0, -1e-12, 2600040.0), (2, 24))
