"""What a path stands for."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from product_cases import plain, raster

from engine.grid import Grid
from engine.scene.imagery import BandSource
from engine.scene.layers import NODATA, dn_encoder
from engine.scene.readers import open_imagery
from engine.scene.readers.names import file_channel


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("B02.tif", "B02"),
        ("B2.tif", "B02"),
        ("B8A.tif", None),
        ("T51TVF_20200101T013729_B02_10m.jp2", "B02"),
        ("T51TVF_20200101T013729_B11_20m.jp2", "B11"),
        ("S2A_OPER_MSI_L1C_TL_SGS__20160718T023551_A005597_T51QTG_B12.jp2", "B12"),
        ("post_B03.tif", "B03"),
        ("2020-01-01-00:00_2020-01-01-23:59_Sentinel-2_L1C_B04_(Raw).tiff", "B04"),
        ("nir.tif", "B08"),
        ("swir22.tif", "B12"),
        ("T51TVF_20200101T013729_SCL_20m.jp2", None),
        ("T51TVF_20200101T013729_TCI_10m.jp2", None),
    ],
)
def test_bands_are_known_by_their_file_names(name: str, channel: str | None) -> None:
    assert file_channel(name) == channel


def source(dtype: str = "uint16", **options: Any) -> BandSource:
    from affine import Affine
    from rasterio.crs import CRS

    grid = Grid(CRS.from_epsg(32651), Affine(10, 0, 0, 0, -10, 0), (1, 1))
    return BandSource("B02", "x", 1, grid, dtype, options.pop("nodata", 0.0), **options)


@given(
    dn=st.integers(1, 65535),
    offset=st.sampled_from([0.0, -1000.0]),
    scale=st.sampled_from([1.0, 2.0]),
)
def test_the_table_of_dn_is_the_formula(dn: int, offset: float, scale: float) -> None:
    found = dn_encoder(source(offset=offset, scale=scale))(np.array([dn, 0], np.uint16))
    assert_array_equal(found, [min(dn * scale + offset, 32767), NODATA])
    as_float = dn_encoder(source("float32", offset=offset, scale=scale))(
        np.array([dn, 0], np.float32)
    )
    assert_array_equal(found, as_float)


def test_a_portal_export_with_colons_in_its_names_is_read_from_its_zip(
    tmp_path: Path, write_raster: Any
) -> None:
    band = write_raster(tmp_path / "b.tif", np.full((6, 6), 700, np.uint16))
    with zipfile.ZipFile(tmp_path / "EO_Browser_images.ZIP", "w") as archive:
        archive.write(band, "2020-01-01-00:00_2020-01-01-23:59_Sentinel-2_L1C_B04_(Raw).tiff")
    (image,) = open_imagery([tmp_path / "EO_Browser_images.ZIP"])
    assert image.channels == ("B04",)


def test_an_l2a_folder_keeps_the_finest_of_each_band(tmp_path: Path, write_raster: Any) -> None:
    for name, pixel in (
        ("R10m/T_B02_10m", 10.0),
        ("R20m/T_B02_20m", 20.0),
        ("R20m/T_B05_20m", 20.0),
        ("R60m/T_B05_60m", 60.0),
    ):
        write_raster(tmp_path / f"{name}.tif", np.ones((6, 6), np.uint16), pixel=pixel)
    write_raster(tmp_path / "R20m" / "T_SCL_20m.tif", np.ones((6, 6), np.uint8), pixel=20.0)
    (image,) = open_imagery([tmp_path])
    assert {s.channel: s.grid.resolution_m() for s in image.bands} == {"B02": 10, "B05": 20}
    assert image.mask is not None
    assert image.mask.kind == "SCL"
    assert image.reference.channel == "B02"


def test_files_of_the_working_folder_are_named_without_a_leading_slash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for band in ("B02", "B03"):
        raster(tmp_path / f"{band}.tif", plain(800))
    monkeypatch.chdir(tmp_path)
    (image,) = open_imagery([Path("B02.tif"), Path("B03.tif")])
    assert image.name == "B02.tif …"
