"""Zip archives as people really have them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ProductError, UnreadableFileError
from engine.members import is_junk, member_path
from engine.raster import open_raster
from engine.scene.archive import zip_bytes, zip_members, zip_sizes


@pytest.mark.parametrize(
    ("name", "junk"),
    [
        ("._B02.tif", True),
        ("__MACOSX/bands/._B02.tif", True),
        ("X.SAFE/.DS_Store", True),
        ("Thumbs.db", True),
        ("DESKTOP.INI", True),
        ("@eaDir/B02.tif/thumb.jpg", True),
        ("a\\.hidden\\B02.tif", True),
        ("~$B04.tif", True),
        ("bands/~$B04.tif", True),
        ("B02.tif", False),
        ("~B02.tif", False),
        ("./B02.tif", False),
        ("a.b/c._d.tif", False),
    ],
)
def test_leftovers_of_operating_systems_are_known(name: str, junk: bool) -> None:
    assert is_junk(name) is junk


def test_leftovers_are_no_members(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("bands/B02.tif", b"12345")
        archive.writestr("bands/", b"")
        archive.writestr("__MACOSX/bands/._B02.tif", b"x")
        archive.writestr("bands/.DS_Store", b"x")
    assert zip_sizes(tmp_path / "p.zip") == {"bands/B02.tif": 5}


@pytest.mark.parametrize("folder", ["plain", "data.zip", "a#b?c=d%20e", "odd {1", "滑坡"])
def test_rasters_are_read_in_place_whatever_the_folder_is_called(
    tmp_path: Path, write_raster: object, folder: str
) -> None:
    band = write_raster(tmp_path / "b.tif", np.full((4, 4), 700, np.uint16))  # type: ignore[operator]
    (tmp_path / folder).mkdir()
    archive = tmp_path / folder / "p.ZIP"
    with zipfile.ZipFile(archive, "w") as target:
        target.write(band, "windows\\B02.tif")
        entry = zipfile.ZipInfo("windows\\B03.tif")
        entry.filename = "windows\\B03.tif"  # ZipInfo keeps a backslash only so
        target.writestr(entry, band.read_bytes())
    assert "windows/B03.tif" in zip_members(archive)
    assert zip_bytes(archive, "windows/B03.tif") == band.read_bytes()
    with open_raster(member_path(archive, "windows/B03.tif")) as dataset:
        assert (dataset.read(1) == 700).all()


def packed(path: Path, data: bytes = b"x" * 1000) -> bytearray:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("MTD_MSIL1C.xml", data)
    return bytearray(path.read_bytes())


def test_a_password_and_foreign_methods_are_named(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    for words, offsets in (("protected by a password", (6, 8)), ("Deflate64", (8, 10))):
        data = packed(path)
        central = data.rindex(b"PK\x01\x02")
        for start, offset in ((0, offsets[0]), (central, offsets[1])):
            data[start + offset] = 1 if offsets == (6, 8) else 9
        path.write_bytes(data)
        with pytest.raises(UnreadableFileError, match=words):
            zip_members(path)


def test_what_metadata_may_unpack_to_is_limited(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    packed(path, b"0" * 3_000_000)
    assert len(zip_bytes(path, "MTD_MSIL1C.xml")) == 3_000_000
    with pytest.raises(UnreadableFileError, match="larger than 1 MiB"):
        zip_bytes(path, "MTD_MSIL1C.xml", limit=2**20)
    data = bytearray(path.read_bytes())
    central = data.rindex(b"PK\x01\x02")
    for start in (22, central + 24):  # a directory that states a smaller size than there is
        data[start : start + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(UnreadableFileError):
        zip_bytes(path, "MTD_MSIL1C.xml", limit=2**20)


def test_every_damaged_byte_of_a_directory_gives_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    whole = packed(path)
    for position in range(len(whole)):
        for value in (0x00, 0xFF, whole[position] ^ 0x01):
            data = bytearray(whole)
            data[position] = value
            path.write_bytes(data)
            try:
                for name in zip_members(path):
                    zip_bytes(path, name)
            except (UnreadableFileError, ProductError):
                continue
