"""Landslide4Sense files: layouts, raw values, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from patch_files import write_image

from engine.bands import CHANNELS
from engine.errors import DatasetError, MissingFileError, UnreadableFileError
from engine.patches.landslide4sense import (
    SITES,
    PatchFile,
    find_patches,
    place_of,
    read_image,
    read_mask,
    read_patch,
    write_mask,
)

SHARED = Path(
    os.environ.get(
        "L4S_SHARED_DATA", Path(__file__).resolve().parents[3].parent / "shared" / "data"
    )
)


def raw_patch(seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    raw = random.integers(500, 4000, (14, 128, 128)).astype(np.float32)
    raw[12] = random.integers(0, 60, (128, 128))
    return raw


def make(folder: Path, images: str, masks: str | None, ids: tuple[int, ...] = (1, 2)) -> None:
    (folder / images).mkdir(parents=True)
    for number in ids:
        write_image(folder / images / f"image_{number}.h5", raw_patch(number))
    if masks is not None:
        (folder / masks).mkdir(parents=True)
        for number in ids:
            write_mask(folder / masks / f"mask_{number}.h5", np.eye(128, dtype=np.uint8))


@pytest.mark.parametrize(
    ("images", "masks"),
    [("TrainData/img", "TrainData/mask"), ("images/train", "annotations/train"), ("img", "mask")],
)
def test_finds_each_layout_and_reads_raw_whole_numbers(tmp_path, images, masks):
    make(tmp_path, images, masks, (10, 2))
    folder = find_patches(tmp_path, "train", labels="needed")
    assert [file.id for file in folder.files] == [2, 10]
    patch = next(folder.patches())
    np.testing.assert_array_equal(patch.image, raw_patch(2))
    assert patch.mask is not None
    assert patch.mask.sum() == 128
    assert find_patches(tmp_path / images, labels="needed").files == folder.files


def test_stray_images_among_the_masks_are_left_out(tmp_path):
    make(tmp_path, "images/train", "annotations/train")
    stray = tmp_path / "annotations" / "train" / "image_77.h5"
    write_image(stray, raw_patch())
    folder = find_patches(tmp_path, labels="needed")
    assert len(folder) == 2
    assert folder.stray == (stray,)


def test_images_without_masks_are_refused_only_where_labels_are_needed(tmp_path):
    make(tmp_path, "TestData/img", None)
    assert not find_patches(tmp_path, "test").labelled
    with pytest.raises(DatasetError, match="2 of the 2 images"):
        find_patches(tmp_path, "test", labels="needed")


def test_empty_and_missing_folders(tmp_path):
    with pytest.raises(DatasetError, match="holds no Landslide4Sense patches"):
        find_patches(tmp_path)
    with pytest.raises(MissingFileError):
        find_patches(tmp_path / "nowhere")


def test_places_follow_the_scan_order():
    assert (place_of(1).site, place_of(1).row, place_of(1).column) == ("taiwan", 0, 0)
    assert (place_of(42).row, place_of(42).column) == (1, 0)
    assert place_of(3799).site == "site-4"
    assert place_of(3799).column == 25
    assert place_of(9).block != place_of(1).block == place_of(8).block
    assert place_of(5000).block != place_of(5001).block
    assert sum(site.last - site.first + 1 for site in SITES) == 3799


def test_corrupt_file_wrong_key_and_wrong_shape(tmp_path):
    broken = tmp_path / "image_1.h5"
    broken.write_bytes(b"\x89HDF\r\n\x1a\n" + b"0" * 100)
    with pytest.raises(UnreadableFileError, match="cannot be read as HDF5"):
        read_image(broken)
    other = tmp_path / "mask_1.h5"
    with h5py.File(other, "w") as file:
        file["label"] = np.zeros((128, 128))
    with pytest.raises(DatasetError, match="its keys: label"):
        read_mask(other)
    write_mask(tmp_path / "mask_2.h5", np.zeros((64, 64), np.uint8))
    with pytest.raises(DatasetError, match=r"shape \(64, 64\)"):
        read_mask(tmp_path / "mask_2.h5")


def test_mask_values_other_than_0_1_255_are_refused(tmp_path):
    mask = np.zeros((128, 128), np.uint8)
    mask[0, 0] = 7
    write_mask(tmp_path / "mask_1.h5", mask)
    with pytest.raises(DatasetError, match="holds 7"):
        read_mask(tmp_path / "mask_1.h5")
    mask[0, 0] = 255
    write_mask(tmp_path / "mask_1.h5", mask)
    assert read_mask(tmp_path / "mask_1.h5")[0, 0] == 255


def test_standardised_values_are_refused(tmp_path):
    values = np.random.default_rng(0).normal(size=(128, 128, 14))
    with h5py.File(tmp_path / "image_1.h5", "w") as file:
        file["img"] = values
    with pytest.raises(DatasetError, match="not on the scale"):
        read_image(tmp_path / "image_1.h5")


def test_nan_is_refused(tmp_path):
    raw = raw_patch()
    raw[0, 0, 0] = np.nan
    write_image(tmp_path / "image_1.h5", raw)
    with pytest.raises(DatasetError, match="NaN"):
        read_image(tmp_path / "image_1.h5")


@pytest.mark.skipif(
    not (SHARED / "landslide4sense").is_dir(), reason="the real patches are not on this machine"
)
def test_real_patches_are_whole_numbers():
    root = SHARED / "landslide4sense"
    folder = find_patches(root, labels="needed")
    assert len(folder) == 14
    assert len(find_patches(root, "test")) == 14
    patch = read_patch(folder.files[0])
    with h5py.File(folder.files[0].image) as file:
        values = np.asarray(file["img"])
    divisors = np.array([channel.divisor for channel in CHANNELS])
    np.testing.assert_allclose(np.moveaxis(patch.image, 0, -1) / divisors, values, atol=1e-9)
    assert patch.site == "taiwan"


def test_a_patch_without_its_mask_file_reads_without_label(tmp_path):
    make(tmp_path, "img", None, (3,))
    assert read_patch(PatchFile(3, tmp_path / "img" / "image_3.h5", None)).mask is None


def test_ids_of_validation_and_test_sets_say_nothing_of_training_sites(tmp_path):
    make(tmp_path, "TestData/img", None, (1, 3100))
    assert {patch.site for patch in find_patches(tmp_path, "test").patches()} == {"TestData"}
