"""The organisers' archive: names, types, completeness."""

from __future__ import annotations

import zipfile

import h5py
import numpy as np
import pytest

from engine.errors import DatasetError, UnreadableFileError
from engine.patches.landslide4sense import write_mask
from engine.patches.submission import write_submission


@pytest.fixture
def folder(tmp_path):
    masks = tmp_path / "masks"
    masks.mkdir()
    for number in (2, 1, 10):
        mask = np.zeros((128, 128), np.uint8)
        mask[:number] = 1
        write_mask(masks / f"mask_{number}.h5", mask)
    return masks


def test_the_archive_holds_every_mask_without_folders_and_is_reproducible(folder, tmp_path):
    archive = write_submission(folder, [10, 1, 2], tmp_path / "a" / "submission.zip")
    with zipfile.ZipFile(archive) as packed:
        assert packed.namelist() == ["mask_1.h5", "mask_2.h5", "mask_10.h5"]
        packed.extractall(tmp_path / "out")
    with h5py.File(tmp_path / "out" / "mask_10.h5") as file:
        assert file["mask"][:].sum() == 10 * 128
    again = write_submission(folder, [1, 2, 10], tmp_path / "b.zip")
    assert again.read_bytes() == archive.read_bytes()


def broken(path, values, key="mask"):
    with h5py.File(path, "w") as file:
        file[key] = values


@pytest.mark.parametrize(
    ("values", "key", "match"),
    [
        (np.zeros((128, 128), np.int64), "mask", "int64"),
        (np.full((128, 128), 255, np.uint8), "mask", "up to 255"),
        (np.zeros((64, 64), np.uint8), "mask", r"\(64, 64\)"),
        (np.zeros((128, 128), np.uint8), "img", "has the keys img"),
    ],
)
def test_what_the_organisers_would_refuse_is_not_packed(folder, tmp_path, values, key, match):
    broken(folder / "mask_2.h5", values, key)
    with pytest.raises(DatasetError, match=match):
        write_submission(folder, [1, 2, 10], tmp_path / "s.zip")
    assert not (tmp_path / "s.zip").exists()


def test_a_missing_or_damaged_mask_is_named(folder, tmp_path):
    with pytest.raises(DatasetError, match=r"mask_3\.h5"):
        write_submission(folder, [1, 2, 3], tmp_path / "s.zip")
    (folder / "mask_1.h5").write_bytes(b"no HDF5")
    with pytest.raises(UnreadableFileError, match=r"mask_1\.h5"):
        write_submission(folder, [1, 2], tmp_path / "s.zip")
