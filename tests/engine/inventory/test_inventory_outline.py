"""Outlines: exact, valid, with holes, whatever the pixels."""

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rasterio.features import shapes as gdal_shapes

from engine.inventory import outline
from engine.inventory.outline import polygons
from engine.inventory.runs import find_runs, label_runs

MASKS = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda shape: arrays(np.bool_, shape)
)
PIXELS = Affine(1, 0, 0, 0, -1, 0)


def traced(mask: np.ndarray, connectivity: int = 4, **options: bool) -> np.ndarray:
    return polygons(label_runs(find_runs(mask, mask.shape), connectivity), PIXELS, **options)


@settings(max_examples=300)
@given(MASKS, st.sampled_from([4, 8]), st.booleans())
def test_outlines_are_valid_and_cover_exactly_the_pixels(
    mask: np.ndarray, connectivity: int, dense: bool
) -> None:
    found = traced(mask, connectivity, every_corner=dense)
    runs = label_runs(find_runs(mask, mask.shape), connectivity)
    assert shapely.is_valid(found).all()
    np.testing.assert_array_equal(shapely.area(found), runs.pixels())
    assert shapely.union_all(found).area == mask.sum()
    rows, columns = np.nonzero(mask)
    assert (
        shapely.union_all(found).contains(shapely.multipoints(np.c_[columns + 0.5, -rows - 0.5]))
        or not mask.any()
    )


@given(MASKS)
def test_outlines_equal_those_of_gdal(mask: np.ndarray) -> None:
    ours = {shapely.normalize(p).wkt for p in shapely.get_parts(traced(mask))}
    theirs = gdal_shapes(mask.astype(np.uint8), mask=mask, connectivity=4, transform=PIXELS)
    expected = {shapely.normalize(shapely.geometry.shape(g).simplify(0)).wkt for g, _ in theirs}
    # simplify(0) may keep a collinear starting vertex, so compare areas of the symmetric difference
    # where texts differ.
    if ours != expected:
        one, other = (
            shapely.union_all([shapely.from_wkt(t) for t in texts]) for texts in (ours, expected)
        )
        assert one.symmetric_difference(other).area == 0
        assert len(ours) == len(expected)


def test_corner_contact_inside_one_part_becomes_a_hole_that_touches() -> None:
    mask = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 0]], np.bool_)
    (shape,) = traced(mask)
    (part,) = shape.geoms
    assert part.is_valid
    assert len(part.interiors) == 1
    assert part.area == 7


def test_diagonal_pixels_are_one_landslide_of_two_polygons_or_two_landslides() -> None:
    mask = np.eye(2, dtype=np.bool_)
    assert [len(shape.geoms) for shape in traced(mask, 8)] == [2]
    assert [len(shape.geoms) for shape in traced(mask, 4)] == [1, 1]


def test_only_turning_corners_unless_every_corner_is_asked_for() -> None:
    mask = np.ones((3, 5), np.bool_)
    assert shapely.get_num_coordinates(traced(mask))[0] == 5
    assert shapely.get_num_coordinates(traced(mask, every_corner=True))[0] == 17


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = np.random.default_rng(3).random((60, 60)) < 0.45
    whole = traced(mask, 8)
    monkeypatch.setattr(outline, "BATCH_RUNS", 7)
    assert shapely.equals_exact(traced(mask, 8), whole).all()


def test_coordinates_follow_the_transform() -> None:
    runs = label_runs(find_runs(np.ones((1, 1), np.bool_), (1, 1)), 4)
    (shape,) = polygons(runs, Affine(10, 0, 300000, 0, -20, 2600000))
    assert shape.bounds == (300000, 2599980, 300010, 2600000)


def test_nothing_gives_nothing() -> None:
    assert len(traced(np.zeros((3, 3), np.bool_))) == 0
