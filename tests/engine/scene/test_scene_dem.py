"""Elevation files and archives."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.testing import assert_allclose

from engine.errors import MissingCRSError, MissingFileError, ProductError, UnreadableFileError
from engine.scene.dem import dem_members, open_dems, open_mosaic


def ramp(rows: int, columns: int) -> np.ndarray:
    y, x = np.mgrid[0:rows, 0:columns]
    return (500 + x + 100 * y).astype(np.int16)


def test_tiles_of_one_lattice_become_one_mosaic(tmp_path: Path, write_raster: Any) -> None:
    whole = ramp(20, 30)
    west = write_raster(tmp_path / "w.tif", whole[:, :16], pixel=30.0)
    east = write_raster(
        tmp_path / "e.tif", whole[:, 15:], pixel=30.0, corner=(300000 + 15 * 30, 2600040)
    )
    (mosaic,) = open_dems([east, west])
    assert mosaic.grid.shape == (20, 30)
    with open_mosaic(mosaic) as opened:
        assert_allclose(opened.read(0, 0, (20, 30)), whole)
        assert_allclose(opened.read(12, 3, (5, 6)), whole[3:8, 12:18])
        beyond = opened.read(-2, -1, (4, 5))
    assert np.isnan(beyond[0]).all()
    assert_allclose(beyond[1:, 2:], whole[:3, :3])


def test_tiles_of_other_lattices_stay_apart(tmp_path: Path, write_raster: Any) -> None:
    one = write_raster(tmp_path / "1.tif", ramp(5, 5), pixel=30.0)
    shifted = write_raster(tmp_path / "2.tif", ramp(5, 5), pixel=30.0, corner=(300011, 2600040))
    zone = write_raster(tmp_path / "3.tif", ramp(5, 5), pixel=30.0, epsg=32652)
    assert len(open_dems([one, shifted, zone])) == 3


def test_undeclared_voids_are_voids(tmp_path: Path, write_raster: Any) -> None:
    heights = ramp(10, 10)
    heights[0, :3] = [-32768, -9999, 0]
    with open_mosaic(open_dems([write_raster(tmp_path / "d.tif", heights)])[0]) as opened:
        found = opened.read(0, 0, (10, 10))
    assert np.isnan(found[0, :3]).all()
    assert np.isnan(found).sum() == 3


def test_zero_is_a_height_at_the_coast(tmp_path: Path, write_raster: Any) -> None:
    heights = ramp(10, 10) - 500
    with open_mosaic(open_dems([write_raster(tmp_path / "d.tif", heights)])[0]) as opened:
        assert opened.read(0, 0, (10, 10))[0, 0] == 0


def test_feet_become_metres(tmp_path: Path, write_raster: Any) -> None:
    path = write_raster(tmp_path / "d.tif", ramp(5, 5))
    with rasterio.open(path, "r+") as dataset:
        dataset.units = ("ft",)
    with open_mosaic(open_dems([path])[0]) as opened:
        assert_allclose(opened.read(0, 0, (5, 5)), ramp(5, 5) * 0.3048, rtol=1e-6)


def test_heights_in_another_unit_are_refused(tmp_path: Path, write_raster: Any) -> None:
    path = write_raster(tmp_path / "d.tif", ramp(5, 5))
    with rasterio.open(path, "r+") as dataset:
        dataset.units = ("dBm",)
    with pytest.raises(ProductError, match=r"'dbm', but metres"):
        open_dems([path])
    high = write_raster(tmp_path / "cm.tif", ramp(5, 5).astype(np.float32) * 20)
    with pytest.raises(ProductError, match=r"heights (around|up to) \d+ m"):
        open_dems([high])


def test_a_dem_of_voids_is_refused(tmp_path: Path, write_raster: Any) -> None:
    path = write_raster(tmp_path / "d.tif", np.full((5, 5), -9999, np.int16), nodata=-9999)
    with pytest.raises(ProductError, match="only voids"):
        open_dems([path])


def test_the_dem_of_an_alos_archive_is_found_among_other_images(
    tmp_path: Path, write_raster: Any
) -> None:
    dem = write_raster(tmp_path / "dem.tif", ramp(8, 8), pixel=12.5)
    archive = tmp_path / "AP_27000_FBD_F0460_RT1.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name in ("_HH.tif", ".dem.tif", ".inc_map.tif", ".geo.jpg"):
            packed.write(dem, f"AP_27000_FBD_F0460_RT1/AP_27000_FBD_F0460_RT1{name}")
    assert [Path(name).name for name in dem_members(archive)] == ["AP_27000_FBD_F0460_RT1.dem.tif"]
    with open_mosaic(open_dems([archive])[0]) as opened:
        assert_allclose(opened.read(0, 0, (8, 8)), ramp(8, 8))


def test_an_srtm_archive_and_a_folder_are_read(tmp_path: Path) -> None:
    heights = np.tile(np.linspace(100, 900, 1201).astype(">i2"), (1201, 1))
    with zipfile.ZipFile(tmp_path / "N42E141.SRTMGL3.hgt.zip", "w") as packed:
        packed.writestr("N42E141.hgt", heights.tobytes())
    (mosaic,) = open_dems([tmp_path])
    assert mosaic.grid.crs_name == "EPSG:4326"
    with open_mosaic(mosaic) as opened:
        assert_allclose(opened.read(600, 10, (1, 1)), heights[10, 600])


@pytest.mark.parametrize(
    "name", ["../../dem.tif", "/etc/dem.tif", "a\\..\\..\\dem.tif", "C:/dem.tif"]
)
def test_an_archive_that_climbs_out_is_refused(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "AP_1.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(name, b"x")
    with pytest.raises(ProductError, match="climbs out"):
        open_dems([archive])


def test_unusable_dems_get_a_sentence(tmp_path: Path, write_raster: Any) -> None:
    with pytest.raises(MissingFileError, match="no DEM"):
        open_dems([tmp_path / "none.tif"])
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(UnreadableFileError):
        open_dems([tmp_path / "text.tif"])
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(UnreadableFileError, match="interrupted"):
        open_dems([tmp_path / "cut.zip"])
    with pytest.raises(MissingCRSError, match=r"nocrs\.tif"):
        open_dems([write_raster(tmp_path / "nocrs.tif", ramp(5, 5), epsg=None)])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ProductError, match="holds no DEM"):
        open_dems([tmp_path / "empty"])
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as packed:
        packed.writestr("a.tif", b"x")
        packed.writestr("b.tif", b"x")
    with pytest.raises(ProductError, match="none is clearly a DEM"):
        open_dems([tmp_path / "two.zip"])
