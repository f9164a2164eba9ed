"""Runs against SciPy's labelling, hole filling and plain NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from inventory_cases import grid_of_shape
from rasterio.crs import CRS
from rasterio.windows import Window
from scipy import ndimage

from engine.errors import ConfigError, InventoryError
from engine.grid import Grid
from engine.inventory import runs as module
from engine.inventory.runs import (
    Runs,
    complement,
    fill_holes,
    find_runs,
    join,
    label_runs,
    label_within,
    paint,
    read_mask,
    strips,
)

MASKS = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda shape: arrays(np.bool_, shape)
)
EIGHT = np.ones((3, 3))


def drawn(runs: Runs) -> np.ndarray:
    return paint(runs, Window(0, 0, runs.shape[1], runs.shape[0]))


@given(MASKS)
def test_runs_hold_exactly_the_true_pixels(mask: np.ndarray) -> None:
    runs = find_runs(mask, mask.shape)
    assert (drawn(runs) == 0).sum() == mask.sum()
    assert ((drawn(runs) == 0) == mask).all()
    assert ((drawn(complement(runs)) == 0) == ~mask).all()


@given(MASKS, st.integers(1, 12))
def test_strips_joined_equal_the_whole(mask: np.ndarray, height: int) -> None:
    parts = [find_runs(mask[r : r + height], mask.shape, r) for r in range(0, len(mask), height)]
    whole, joined = find_runs(mask, mask.shape), join(parts, mask.shape)
    for name in ("row", "start", "stop"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))


@given(MASKS, st.sampled_from([4, 8]))
def test_labels_are_those_of_scipy(mask: np.ndarray, connectivity: int) -> None:
    expected, count = ndimage.label(mask, EIGHT if connectivity == 8 else None)
    runs = label_runs(find_runs(mask, mask.shape), connectivity)
    assert runs.count == count
    pairs = {(int(a), int(b)) for a, b in zip(drawn(runs)[mask], expected[mask], strict=True)}
    assert len(pairs) == count
    np.testing.assert_array_equal(
        np.sort(runs.pixels()), np.sort(np.bincount(expected.ravel())[1:])
    )


@given(MASKS)
def test_pieces_of_an_8_connected_blob_are_its_4_connected_parts(mask: np.ndarray) -> None:
    pieces = label_within(label_runs(find_runs(mask, mask.shape), 8))
    assert pieces.count == ndimage.label(mask)[1]


@given(MASKS)
def test_all_holes_are_filled_where_nothing_is_unknown(mask: np.ndarray) -> None:
    grid, nothing = grid_of_shape(mask.shape), find_runs(np.zeros_like(mask), mask.shape)
    filled = fill_holes(find_runs(mask, mask.shape), nothing, grid, 1e12, 4)
    np.testing.assert_array_equal(drawn(filled) == 0, ndimage.binary_fill_holes(mask, EIGHT))


def test_holes_larger_than_asked_and_holes_without_data_stay_open() -> None:
    mask = np.zeros((9, 20), np.bool_)
    mask[1:8, 1:19] = True
    mask[3, 3] = mask[3:5, 8:10] = mask[3, 15] = False
    empty = np.zeros_like(mask)
    empty[3, 15] = True
    filled = fill_holes(
        find_runs(mask, mask.shape),
        find_runs(empty, mask.shape),
        grid_of_shape(mask.shape),
        100.0,
        4,
    )
    changed = (drawn(filled) == 0) & ~mask
    assert np.argwhere(changed).tolist() == [[3, 3]]


def test_areas_in_degrees_shrink_towards_the_pole() -> None:
    grid = Grid(
        CRS.from_epsg(4326), grid_of_shape((200, 4), CRS.from_epsg(4326), 0.1).transform, (200, 4)
    )
    mask = np.zeros((200, 4), np.bool_)
    mask[0], mask[100] = True, True
    top, lower = label_runs(find_runs(mask, mask.shape), 4).area_m2(grid)
    assert top == pytest.approx(4 * grid.pixel_area_m2()[0])
    assert lower == pytest.approx(4 * grid.pixel_area_m2()[100])
    assert lower > top


def test_mask_is_read_in_strips(make_mask_file, monkeypatch: pytest.MonkeyPatch) -> None:
    mask = (np.random.default_rng(0).random((64, 40)) < 0.3).astype(np.uint8)
    mask[10:20, 5:9] = 255
    monkeypatch.setattr(module, "STRIP_BYTES", 40 * 4 * 7)
    handle = make_mask_file(mask)
    assert len(list(strips(handle.grid, 4))) > 5
    slides, empty, _ = read_mask(handle)
    np.testing.assert_array_equal(drawn(slides) == 0, mask == 1)
    np.testing.assert_array_equal(drawn(empty) == 0, mask == 255)


def test_noise_is_refused(make_mask_file, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_RUNS", 10)
    with pytest.raises(InventoryError, match="noise"):
        read_mask(make_mask_file(np.indices((20, 20)).sum(axis=0) % 2))


def test_wrong_connectivity_is_refused() -> None:
    with pytest.raises(ConfigError, match="4 or 8"):
        label_runs(find_runs(np.ones((2, 2), np.bool_), (2, 2)), 6)


@settings(max_examples=50)
@given(MASKS, st.data())
def test_dropping_labels_keeps_the_others(mask: np.ndarray, data: st.DataObject) -> None:
    runs = label_runs(find_runs(mask, mask.shape), 4)
    keep = np.array(
        data.draw(st.lists(st.booleans(), min_size=runs.count, max_size=runs.count)), np.bool_
    )
    left = runs.where(keep)
    assert left.count == keep.sum()
    np.testing.assert_array_equal(left.pixels(), runs.pixels()[keep])
