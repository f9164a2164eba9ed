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
from engine.events import Reporter
from engine.scene.dem import describe_dem, open_dems, open_mosaic
from engine.scene.dem_files import find_heights


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
    assert [file.name for file in find_heights([archive])[0]] == ["AP_27000_FBD_F0460_RT1.dem.tif"]
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


FAMILIES = {
    "AW3D30": ("ALPSMLC30_N045E015_DSM", ["_MSK", "_STK"], "_DSM"),
    "ASTER GDEM": ("ASTGTMV003_N45E015_dem", ["_num"], "_dem"),
    "ALOS PALSAR RTC": ("AP_2_FBD_F0990_RT1.dem", [".inc_map", ".ls_map", "_HH", "_HV"], ".dem"),
    "Copernicus GLO-30": (
        "Copernicus_DSM_COG_10_N45_00_E015_00_DEM",
        ["_EDM", "_FLM", "_HEM", "_WBM"],
        "_DEM",
    ),
    "Copernicus GLO-90": ("Copernicus_DSM_30_N45_00_E015_00_DEM", ["_HEM", "_ACM"], "_DEM"),
    "TanDEM-X": ("TDM1_DEM__30_N45E015_DEM", ["_AMP", "_COV", "_HEM", "_LSM", "_WAM"], "_DEM"),
    "SRTM": ("n45_e015_1arc_v3", [], ""),
    "FABDEM": ("N45E015_FABDEM_V1-2", [], ""),
}


def family(folder: Path, write_raster: Any, product: str) -> tuple[str, int]:
    """A tile of a product as it comes: companions of the heights' own type and plausible range."""
    stem, companions, ending = FAMILIES[product]
    write_raster(folder / f"{stem}.tif", ramp(12, 12), pixel=30.0)
    for companion in companions:
        values = np.full((12, 12), 12, np.int16)
        write_raster(folder / f"{stem.removesuffix(ending)}{companion}.tif", values, pixel=30.0)
    return f"{stem}.tif", len(companions)


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("product", FAMILIES)
def test_companions_of_a_product_are_no_heights(
    tmp_path: Path, write_raster: Any, product: str, packed: bool
) -> None:
    folder = tmp_path / "tile"
    name, companions = family(folder, write_raster, product)
    given = folder
    if packed:
        given = tmp_path / "tile.zip"
        with zipfile.ZipFile(given, "w") as archive:
            for file in sorted(folder.iterdir()):
                archive.write(file, f"tile/DEM/{file.name}")
    described = describe_dem([given])
    assert [Path(one.path).name for one in described.taken] == [name]
    assert described.taken[0].product == product
    assert len(described.left) == companions
    assert all(one.reason and not one.reason.startswith("layer") for one in described.left)
    with open_mosaic(open_dems([given])[0]) as opened:
        assert_allclose(opened.read(0, 0, (12, 12)), ramp(12, 12))


def test_a_glob_over_a_product_leaves_its_companions_out(tmp_path: Path, write_raster: Any) -> None:
    name, _ = family(tmp_path, write_raster, "AW3D30")
    said: list[Any] = []
    (mosaic,) = open_dems(sorted(tmp_path.glob("*.tif")), Reporter(said.append))
    assert [file.name for file in mosaic.files] == [name]
    assert "ALPSMLC30_N045E015_MSK.tif (mask)" in said[0].message
    with pytest.raises(ProductError, match="no heights by its name"):
        open_dems([tmp_path / "ALPSMLC30_N045E015_MSK.tif"])


def test_names_that_say_nothing_are_told_apart_by_content(
    tmp_path: Path, write_raster: Any
) -> None:
    write_raster(tmp_path / "lidar.tif", ramp(12, 12))
    write_raster(tmp_path / "classes.tif", np.full((12, 12), 3, np.uint8))
    described = describe_dem([tmp_path])
    assert [Path(one.path).name for one in described.taken] == ["lidar.tif"]
    assert "8-bit" in described.left[0].reason
    write_raster(tmp_path / "other.tif", ramp(12, 12))
    with pytest.raises(ProductError, match="none is clearly a DEM"):
        open_dems([tmp_path])
    write_raster(tmp_path / "my_dem.tif", ramp(12, 12))
    described = describe_dem([tmp_path])
    assert [Path(one.path).name for one in described.taken] == ["my_dem.tif"]
    assert [one.reason for one in described.left[1:]] == ["on the pixels of my_dem.tif"] * 2


def test_tiles_in_folders_of_their_own_are_found(tmp_path: Path, write_raster: Any) -> None:
    for number, corner in enumerate([300000, 300360]):
        folder = tmp_path / f"tile{number}" / "DEM"
        name = f"N45E01{number}_FABDEM_V1-2.tif"
        write_raster(folder / name, ramp(12, 12), pixel=30.0, corner=(corner, 2600040))
    write_raster(tmp_path / "__MACOSX" / "._N45E010_FABDEM_V1-2.tif", ramp(12, 12))
    (mosaic,) = open_dems([tmp_path])
    assert mosaic.grid.shape == (12, 24)


def test_what_a_dem_is_stands_in_its_description(tmp_path: Path, write_raster: Any) -> None:
    heights = ramp(10, 10)
    heights[:2, :5] = -32768
    path = write_raster(tmp_path / "N45E015.tif", heights, nodata=-32768, pixel=30.0)
    (facts,) = describe_dem([path]).taken
    assert (facts.product, facts.crs, facts.spacing_m) == ("SRTM", "EPSG:32651", 30.0)
    assert (facts.lowest_m, facts.highest_m) == (505.0, 1409.0)
    assert facts.void_share == pytest.approx(0.1)
    assert facts.nodata == "declared: -32768, and 0"
    assert describe_dem([path]).to_dict()["taken"][0]["unit"] == "m"


@pytest.mark.parametrize("how", ["mask", "msk", "aux"])
def test_voids_told_by_masks_and_sidecars_are_voids(
    tmp_path: Path, write_raster: Any, how: str
) -> None:
    heights = ramp(20, 20)
    heights[:5] = 7
    path = write_raster(tmp_path / "dem.tif", heights)
    if how == "aux":
        (tmp_path / "dem.tif.aux.xml").write_text(
            '<PAMDataset><PAMRasterBand band="1"><NoDataValue>7</NoDataValue></PAMRasterBand>'
            "</PAMDataset>"
        )
    else:
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=how == "mask"),
            rasterio.open(path, "r+") as dataset,
        ):
            dataset.write_mask(heights != 7)
    with open_mosaic(open_dems([path])[0]) as opened:
        found = opened.read(0, 0, (20, 20))
    assert np.isnan(found[:5]).all()
    assert_allclose(found[5:], heights[5:])


def test_tiles_on_both_sides_of_the_date_line_lie_side_by_side(
    tmp_path: Path, write_raster: Any
) -> None:
    whole, pixel = ramp(20, 40), 0.01
    west = write_raster(
        tmp_path / "S17E179.tif", whole[:, :20], epsg=4326, pixel=pixel, corner=(179.8, -16.0)
    )
    east = write_raster(
        tmp_path / "S17W180.tif", whole[:, 20:], epsg=4326, pixel=pixel, corner=(-180.0, -16.0)
    )
    (mosaic,) = open_dems([east, west])
    assert mosaic.grid.shape == (20, 40)
    with open_mosaic(mosaic) as opened:
        assert_allclose(opened.read(0, 0, (20, 40)), whole)


@pytest.mark.parametrize(
    ("unit", "metres"),
    [("[m]", 1.0), ("unknown", 1.0), ("None", 1.0), ("Feet", 0.3048), ("ft (US)", 1200 / 3937)],
)
def test_units_are_read_as_programs_write_them(
    tmp_path: Path, write_raster: Any, unit: str, metres: float
) -> None:
    path = write_raster(tmp_path / "d.tif", ramp(10, 10))
    with rasterio.open(path, "r+") as dataset:
        dataset.units = (unit,)
    assert find_heights([path])[0][0].to_metres == pytest.approx(metres)


def test_what_is_no_dem_is_refused_with_its_reason(tmp_path: Path, write_raster: Any) -> None:
    imagery = write_raster(tmp_path / "a.tif", ramp(10, 10), names=("B02",))
    with pytest.raises(ProductError, match="holds the band B02, so it is imagery"):
        find_heights([imagery])
    assert find_heights([write_raster(tmp_path / "f.tif", ramp(10, 10), names=("b1",))])[0]
    centimetres = write_raster(tmp_path / "b.tif", np.full((10, 10), 150_000, np.int32))
    with pytest.raises(ProductError, match="heights around 150000 m"):
        find_heights([centimetres])
    packed = tmp_path / "c.tif.gz"
    packed.write_bytes(b"x")
    with pytest.raises(UnreadableFileError, match=r"packed as \.gz, .* unpack it"):
        find_heights([packed])
    slope = write_raster(tmp_path / "d.tif", [ramp(10, 10)] * 2, names=("slope", "elevation"))
    with pytest.raises(ProductError, match=r"first band of .* is 'slope', but heights"):
        find_heights([slope])
    shade = write_raster(tmp_path / "hillshade.tif", ramp(10, 10))
    with pytest.raises(ProductError, match=r"by its name \(hillshade\)"):
        find_heights([shade])


@pytest.mark.parametrize("name", ["output_hh", "output_be", "output_COP30", "output_SRTMGL1"])
def test_downloads_of_opentopography_are_heights(
    tmp_path: Path, write_raster: Any, name: str
) -> None:
    path = write_raster(tmp_path / "rasters_COP30" / f"{name}.tif", ramp(10, 10))
    shade = write_raster(path.with_name("viz_hillshade.tif"), ramp(10, 10))
    for given in (path, path.parent):
        taken, left = find_heights([given])
        assert [one.path for one in taken] == [str(path)]
        assert [one.path for one in left] == ([str(shade)] if given.is_dir() else [])
