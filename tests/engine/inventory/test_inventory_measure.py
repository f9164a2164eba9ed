"""Outlines that were corrected by hand are measured on the rasters of their inventory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from inventory_cases import UTM, grid_of_shape, three_slides

from engine.inventory.measure import _pixels_of, measure
from engine.inventory.vectorize import VectorizeConfig, vectorize

SAME = ("amalgamated", "id", "confidence")


@pytest.fixture
def rasters(make_mask_file: Any, make_probability: Any, make_stack_file: Any) -> dict[str, Any]:
    mask = three_slides()
    row, column = np.mgrid[: mask.shape[0], : mask.shape[1]]
    probability = np.where(mask == 1, 0.6 + column / 200, 0.1)
    probability[mask == 255] = np.nan
    dem = 500.0 - 4.0 * row + np.sin(column)
    return {
        "mask": make_mask_file(mask),
        "probability": make_probability(probability),
        "stack": make_stack_file(dem),
    }


def test_exact_outlines_have_the_values_of_vectorize(rasters: dict[str, Any]) -> None:
    found = vectorize(**rasters, config=VectorizeConfig(min_area_m2=0)).landslides
    again = measure(list(found.geometry), **rasters)
    assert len(again) == len(found) == 3
    compared = 0
    for name in again.columns:
        if name in SAME:
            continue
        known, values = found[name].tolist(), again[name].tolist()
        if name == "flags":
            assert values == known
        else:
            assert values == pytest.approx(known, rel=1e-6, abs=1e-6, nan_ok=True), name
        compared += 1
    assert compared > 25


def test_halves_of_a_split_have_half_of_the_volume_not_all(rasters: dict[str, Any]) -> None:
    found = vectorize(**rasters, config=VectorizeConfig(min_area_m2=0)).landslides
    whole = found.geometry.iloc[0]
    left, bottom, right, top = whole.bounds
    middle = (left + right) / 2
    halves = [
        whole.intersection(shapely.box(left, bottom, middle, top)),
        whole.intersection(shapely.box(middle, bottom, right, top)),
    ]
    rows = measure(halves, **rasters)
    assert rows["area_m2"].sum() == pytest.approx(found["area_m2"].iloc[0])
    assert rows["pixels"].sum() == found["pixels"].iloc[0]
    assert rows["volume_m3"].sum() < found["volume_m3"].iloc[0]
    assert rows["prob_mean"].iloc[1] > rows["prob_mean"].iloc[0]  # it grows eastward


def test_overlapping_outlines_are_measured_each_for_itself(rasters: dict[str, Any]) -> None:
    found = vectorize(**rasters, config=VectorizeConfig(min_area_m2=0)).landslides
    whole = found.geometry.iloc[0]
    rows = measure([whole, whole.buffer(0), whole], **rasters)
    assert rows["prob_mean"].nunique() == 1
    assert rows["pixels"].tolist() == [found["pixels"].iloc[0]] * 3


def test_small_outlines_and_those_outside(rasters: dict[str, Any]) -> None:
    grid = rasters["mask"].grid
    left, bottom, _, top = grid.bounds
    tiny = shapely.box(left + 61, top - 61, left + 63, top - 63)  # no pixel's centre
    away = shapely.box(left - 500, bottom - 500, left - 400, bottom - 400)
    rows = measure([tiny, away], **rasters)
    assert rows["pixels"].tolist() == [1, None]
    assert rows["area_m2"].tolist() == pytest.approx([4.0, 10_000.0], rel=0.01)
    assert rows["prob_mean"].iloc[0] == pytest.approx(0.63, abs=0.01)
    assert rows["prob_mean"].iloc[1] is None
    assert rows["slope_deg"].iloc[1] is None
    only_away = measure([away], **rasters)
    assert only_away["volume_m3"].iloc[0] > 0


def test_nothing_to_measure(rasters: dict[str, Any]) -> None:
    assert measure([], **rasters).empty


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(*[st.floats(-40, 540, allow_nan=False)] * 2),
    st.floats(1.0, 300.0),
    st.integers(3, 12),
)
def test_pixels_are_those_whose_centre_lies_in_the_outline(
    centre: tuple[float, float], radius: float, corners: int
) -> None:
    grid = grid_of_shape((40, 50), UTM)
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    x, y = (
        300000 + centre[0] + radius * np.cos(angles),
        2600000 - centre[1] + radius * np.sin(angles),
    )
    shape = shapely.Polygon(np.stack([x, y], axis=1))
    runs = _pixels_of(shape, grid)
    row, column = np.mgrid[:40, :50]
    points = shapely.points(300000 + 10 * (column + 0.5), 2600000 - 10 * (row + 0.5))
    expected = shapely.contains(shape, points)
    drawn = np.zeros((40, 50), bool)
    for r, start, stop in zip(runs.row, runs.start, runs.stop, strict=True):
        drawn[r, start:stop] = True
    if expected.any():
        border = shapely.distance(shape.boundary, points) < 1e-6
        assert ((drawn == expected) | border).all()
    else:
        assert drawn.sum() <= 1
