"""Simplified and smooth outlines, and split blobs."""

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.inventory.outline import polygons
from engine.inventory.runs import Runs, find_runs, label_runs
from engine.inventory.smoothing import MOST_AREA_CHANGE, reshape
from engine.inventory.split import split_one
from engine.inventory.vectorize import VectorizeConfig, vectorize

PIXELS = Affine(1, 0, 0, 0, -1, 0)
MASKS = st.tuples(st.integers(2, 14), st.integers(2, 14)).flatmap(
    lambda shape: arrays(np.bool_, shape)
)


def halved(mask: np.ndarray) -> Runs:
    """Labelled runs whose upper and lower half are different landslides, so that outlines share
    edges."""
    runs = label_runs(find_runs(mask, mask.shape), 8)
    _, label = np.unique(runs.label * 2 + (runs.row >= len(mask) // 2), return_inverse=True)
    return Runs(runs.shape, runs.row, runs.start, runs.stop, label.astype(np.int32))


@settings(max_examples=80)
@given(MASKS, st.sampled_from(["simplified", "smooth"]))
def test_neighbours_neither_overlap_nor_part(mask: np.ndarray, outline: str) -> None:
    exact = polygons(halved(mask), PIXELS, every_corner=True)
    found = reshape(exact, outline, PIXELS)
    assert len(found) == len(exact)
    assert shapely.is_valid(found).all()
    assert not shapely.is_empty(found).any()
    if len(found):
        assert shapely.area(found).sum() == pytest.approx(shapely.union_all(found).area, rel=1e-9)
        assert (
            np.abs(shapely.area(found) / shapely.area(exact) - 1) <= MOST_AREA_CHANGE + 1e-9
        ).all()


@pytest.mark.parametrize("outline", ["simplified", "smooth"])
def test_shared_edges_stay_shared(outline: str) -> None:
    row, column = np.indices((40, 40))
    blob = (row - 20) ** 2 + (column - 20) ** 2 < 200
    upper, lower = reshape(polygons(halved(blob), PIXELS, every_corner=True), outline, PIXELS)
    assert upper.intersection(lower).length > 20
    assert upper.union(lower).area == pytest.approx(upper.area + lower.area)


@pytest.mark.parametrize("outline", ["simplified", "smooth"])
def test_every_small_slide_survives_with_about_its_area(outline: str) -> None:
    mask = np.zeros((20, 60), np.bool_)
    for index, (height, width) in enumerate([(1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (1, 6)]):
        mask[5 : 5 + height, 2 + 9 * index : 2 + 9 * index + width] = True
    runs = label_runs(find_runs(mask, mask.shape), 4)
    found = reshape(polygons(runs, PIXELS, every_corner=True), outline, PIXELS)
    np.testing.assert_allclose(shapely.area(found), runs.pixels(), rtol=MOST_AREA_CHANGE)


def test_stairs_become_straight_and_area_stays() -> None:
    row, column = np.indices((60, 60))
    mask = (row >= column) & (row < 50) & (column > 5)
    runs = label_runs(find_runs(mask, mask.shape), 4)
    exact = polygons(runs, PIXELS, every_corner=True)
    simple, smooth = (reshape(exact, outline, PIXELS)[0] for outline in ("simplified", "smooth"))
    assert shapely.get_num_coordinates(simple) < 30
    assert simple.length < 0.9 * exact[0].length
    assert smooth.area == pytest.approx(exact[0].area, rel=0.01)
    assert smooth.hausdorff_distance(exact[0]) < 2


def two_hills(axis: str = "column") -> tuple[np.ndarray, np.ndarray]:
    row, column = np.indices((40, 80)).astype(float)
    peaks = np.maximum(
        np.exp(-((column - 25) ** 2 + (row - 20) ** 2) / 150),
        np.exp(-((column - 55) ** 2 + (row - 20) ** 2) / 150),
    )
    inside = (np.abs(row - 20) < 8) & (column > 12) & (column < 68)
    return inside, peaks


def test_two_peaks_of_probability_are_two_slides() -> None:
    inside, peaks = two_hills()
    found = split_one(inside, peaks, "probability", 8, 16)
    assert found.max() == 2
    assert ((found > 0) == inside).all()
    assert found[20, 25] != found[20, 55]
    edge = np.argwhere((found[:, 1:] != found[:, :-1]) & (found[:, 1:] > 0) & (found[:, :-1] > 0))[
        :, 1
    ]
    assert np.abs(edge - 39.5).max() <= 2


def test_a_single_peak_and_small_pieces_stay_whole() -> None:
    inside, peaks = two_hills()
    assert split_one(inside, np.ones_like(peaks), "probability", 8, 16).max() == 1
    assert split_one(inside, peaks, "probability", 8, int(inside.sum()) // 2 + 10).max() == 1


def test_split_inventory_is_marked_and_keeps_every_pixel(
    make_mask_file, make_probability, make_stack_file
) -> None:
    inside, peaks = two_hills()
    inside[2:5, 2:5] = True
    mask = make_mask_file(inside.astype(np.uint8))
    by_probability = vectorize(
        mask,
        probability=make_probability(0.4 + 0.6 * peaks),
        config=VectorizeConfig(split="probability", outline="smooth"),
    )
    hollows = make_stack_file(1000 - 300 * peaks)
    by_flow = vectorize(mask, stack=hollows, config=VectorizeConfig(split="flow"))
    for inventory in (by_probability, by_flow):
        table = inventory.landslides
        assert table["pixels"].sum() == inside.sum()
        assert table["amalgamated"].tolist() == [True, True, False]
        assert table.geometry.is_valid.all()
    assert shapely.area(by_flow.landslides.geometry).sum() == inside.sum() * 100
