"""Patches as arrays: packing without loss, damaged packs, channels that are not there."""

from __future__ import annotations

import numpy as np
import pytest
from patch_files import write_image

from engine.bands import NAMES
from engine.errors import CancelledError, DatasetError, UnreadableFileError
from engine.events import Reporter
from engine.patches.arrays import (
    NODATA,
    PatchArrays,
    concatenate,
    open_patches,
    pack,
    to_int16,
    write_packed,
)
from engine.patches.landslide4sense import Place, find_patches, write_mask


@pytest.fixture
def dataset(tmp_path):
    random = np.random.default_rng(1)
    root = tmp_path / "data"
    for kind in ("img", "mask"):
        (root / kind).mkdir(parents=True)
    for number in (1, 2, 50):
        write_image(
            root / "img" / f"image_{number}.h5",
            random.integers(0, 9000, (14, 128, 128)).astype(np.float32),
        )
        write_mask(
            root / "mask" / f"mask_{number}.h5", (random.random((128, 128)) < 0.1).astype(np.uint8)
        )
    return root


def test_packing_loses_nothing_and_maps_instead_of_reading(dataset, tmp_path):
    read = open_patches(dataset)
    packed = pack(find_patches(dataset), tmp_path / "packed")
    assert isinstance(packed.images, np.memmap)
    np.testing.assert_array_equal(packed.images, read.images)
    np.testing.assert_array_equal(packed.masks, read.masks)
    assert packed.ids == ("1", "2", "50")
    assert packed.places == read.places
    assert packed.images.nbytes / len(packed) == 458_752
    again = open_patches(tmp_path / "packed")
    np.testing.assert_array_equal(again.raw(1), read.raw(1))


def test_a_cancelled_pack_leaves_nothing(dataset, tmp_path):
    with pytest.raises(CancelledError):
        pack(find_patches(dataset), tmp_path / "packed", Reporter(cancelled=lambda: True))
    assert not list(tmp_path.glob("packed*"))


def test_packing_does_not_overwrite_other_folders(dataset, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("x")
    with pytest.raises(DatasetError, match="no packed dataset"):
        pack(find_patches(dataset), tmp_path / "precious")
    pack(find_patches(dataset), tmp_path / "packed")
    assert len(pack(find_patches(dataset), tmp_path / "packed")) == 3


def test_a_damaged_pack_is_refused(dataset, tmp_path):
    out = tmp_path / "packed"
    pack(find_patches(dataset), out)
    (out / "images.npy").write_bytes(b"nonsense")
    with pytest.raises(UnreadableFileError, match="damaged"):
        open_patches(out)


def test_missing_channels_hold_nodata_and_read_as_nan(dataset):
    arrays = open_patches(dataset)
    few = arrays.take_channels(["DEM", "B04"])
    np.testing.assert_array_equal(few.images[:, 1], arrays.images[:, NAMES.index("B04")])
    back = few.take_channels(NAMES)
    assert (back.images[:, 0] == NODATA).all()
    assert np.isnan(back.raw(0)[0]).all()
    both = concatenate([arrays, few])
    assert len(both) == 6
    assert both.channels == NAMES


def test_labels_are_asked_for_only_where_needed(dataset, tmp_path):
    unlabelled = open_patches(dataset, labels=False)
    assert not unlabelled.labelled.any()
    write_packed(unlabelled, tmp_path / "target")
    assert len(open_patches(tmp_path / "target", labels=False)) == 3
    with pytest.raises(DatasetError, match="without labels"):
        open_patches(tmp_path / "target")


def test_values_beyond_16_bits_are_refused():
    assert to_int16(np.array([1.4, np.nan], np.float32), "x").tolist() == [1, NODATA]
    with pytest.raises(DatasetError, match="40000"):
        to_int16(np.array([40000.0], np.float32), "x")


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(DatasetError, match="do not fit"):
        PatchArrays(
            np.zeros((2, 1, 4, 4), np.int16),
            np.zeros((1, 4, 4), np.uint8),
            ("a",),
            (Place("s", 0, 0),),
            ("B02",),
            "x",
        )
    with pytest.raises(DatasetError, match="channels"):
        PatchArrays(
            np.zeros((1, 2, 4, 4), np.int16),
            np.zeros((1, 4, 4), np.uint8),
            ("a",),
            (Place("s", 0, 0),),
            ("B02",),
            "x",
        )
