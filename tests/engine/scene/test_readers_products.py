"""Products of many providers and programs, each with the right values."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from product_cases import dimap, maja, plain, product_xml, raster, safe, stac_item

from engine.errors import (
    ChannelError,
    InputError,
    MissingFileError,
    ProductError,
    UnreadableFileError,
)
from engine.handles import Stack
from engine.scene.imagery import Imagery
from engine.scene.readers import open_imagery
from engine.scene.stack import StackConfig, make_stack, stack_provenance

L2A = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B11", "B12")


def one(*paths: Path) -> Imagery:
    (image,) = open_imagery(paths)
    return image


def values(tmp_path: Path, *paths: Path, **config: Any) -> dict[str, np.ndarray]:
    """The channels of a stack, NaN where there is no data, and its classes as ``QA``."""
    stack = make_stack(paths, [], out=tmp_path / "s.tif", config=StackConfig(**config))
    with Stack.open(stack.path).reader() as reader:
        found = dict(zip(stack.channels, reader.read(stack.channels), strict=True))
        quality = reader.quality()
    return found if quality is None else {**found, "QA": quality}


def zipped(folder: Path) -> Path:
    target = folder.with_name(f"{folder.name}.zip")
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, f"{folder.name}/{file.relative_to(folder).as_posix()}")
    return target


# -- SAFE


@pytest.mark.parametrize("suffix", ["tif", "jp2"])
@pytest.mark.parametrize(
    ("before", "old", "baseline", "offset", "expected"),
    [("", False, "05.09", -1000, 800), ("L2A_", True, "02.04", None, 1800)],
)
def test_level_2a_of_all_ages_gives_dn_and_its_scene_classification(
    tmp_path: Path,
    suffix: str,
    before: str,
    old: bool,
    baseline: str,
    offset: int | None,
    expected: int,
) -> None:
    product = safe(
        tmp_path, suffix=suffix, before=before, old=old, baseline=baseline, offset=offset
    )
    found = values(tmp_path, product)
    assert {name for name in found if name != "QA"} == set(L2A)
    assert (found["B02"] == expected).all()
    assert (found["B12"] == expected + 90).all()
    assert (found["QA"][:30] == 2).all()
    assert (found["QA"][30:] == 0).all()


def test_a_tile_without_georeference_lies_where_its_metadata_say(tmp_path: Path) -> None:
    product = safe(tmp_path, suffix="jp2", georeference=False)
    image = one(product)
    assert image.reference.grid.crs.to_epsg() == 32633
    assert image.reference.grid.bounds == (300000, 4999440, 300600, 5000040)
    assert (values(tmp_path, product)["QA"][:30] == 2).all()
    next(product.rglob("MTD_TL.xml")).unlink()
    with pytest.raises(InputError, match="no coordinate reference system"):
        open_imagery([product])


@pytest.mark.parametrize(
    "inside",
    [
        "manifest.safe",
        "MTD_MSIL2A.xml",
        "GRANULE",
        "GRANULE/*",
        "GRANULE/*/IMG_DATA",
        "GRANULE/*/IMG_DATA/R10m",
        "GRANULE/*/IMG_DATA/R10m/*_B02_10m.tif",
    ],
)
def test_any_part_of_a_product_that_is_chosen_knows_the_products_offset(
    tmp_path: Path, inside: str
) -> None:
    product = safe(tmp_path).rename(tmp_path / "renamed")  # its name tells nothing any more
    (product / "manifest.safe").write_text("<xfdu/>")
    image = one(next(product.glob(inside)))
    assert {source.offset for source in image.bands} == {-1000}
    assert (image.offset.source, image.baseline) == ("metadata", "05.09")
    assert (image.level, image.date) == ("L2A", "2023-05-20")


def test_the_images_of_a_whole_product_bring_its_cloud_mask(tmp_path: Path) -> None:
    product = safe(tmp_path, level="L1C")
    images = next(product.glob("GRANULE/*/IMG_DATA"))
    classes = np.zeros((3, 10, 10), np.uint8)
    classes[0, :5] = 1
    raster(images.parent / "QI_DATA" / "MSK_CLASSI_B00.tif", classes, 60)
    assert (values(tmp_path, images)["QA"][:30] == 2).all()
    for band in images.glob("*_B1*.tif"):
        band.unlink()
    image = one(images)  # what is left are band files, still with the product's offset
    assert image.product == "band files"
    assert {source.offset for source in image.bands} == {-1000}


def test_several_granules_are_chosen_by_their_folders(tmp_path: Path) -> None:
    product = safe(tmp_path)
    granule = next(product.glob("GRANULE/*"))
    other = shutil.copytree(granule, granule.with_name("L2A_T33TVM_A032395_20230520T104624"))
    with pytest.raises(ProductError, match=r"2 granules.*give the folder of one granule"):
        open_imagery([product])
    assert one(other).name == other.name
    assert f"/{other.name}/" in one(other).reference.path


def test_a_folder_of_zips_means_all_of_them(tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    for name in ("a", "b"):
        zipped(safe(tmp_path / name)).rename(folder / f"{name}.zip")
    assert len(open_imagery([folder])) == 2


def test_a_zip_in_a_zip_and_other_archives_get_a_sentence(tmp_path: Path) -> None:
    inner = zipped(safe(tmp_path))
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.write(inner, inner.name)
    with pytest.raises(ProductError, match="holds another archive"):
        open_imagery([tmp_path / "outer.zip"])
    (tmp_path / "p.tar.gz").write_bytes(b"x")
    with pytest.raises(UnreadableFileError, match=r"packed as \.gz.*unpack it"):
        open_imagery([tmp_path / "p.tar.gz"])


def test_backslashes_in_a_zip_are_folders(tmp_path: Path) -> None:
    product = safe(tmp_path)
    archive = tmp_path / "windows.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for file in (p for p in product.rglob("*") if p.is_file()):
            entry = zipfile.ZipInfo("x")
            entry.filename = str(Path(product.name, file.relative_to(product))).replace("/", "\\")
            target.writestr(entry, file.read_bytes())
    assert (values(tmp_path, archive)["B02"] == 800).all()


def test_metadata_alone_an_empty_band_and_a_tiles_metadata_are_told_apart(tmp_path: Path) -> None:
    product = safe(tmp_path)
    band = next(product.rglob("*_B03_10m.tif"))
    band.write_bytes(b"")
    with pytest.raises(UnreadableFileError, match=r"B03_10m\.tif .* is empty \(0 bytes\)"):
        open_imagery([product])
    shutil.rmtree(next(product.glob("GRANULE/*")) / "IMG_DATA")
    with pytest.raises(ProductError, match="only metadata; download the whole product"):
        open_imagery([product])
    shutil.copy(next(product.rglob("MTD_TL.xml")), product / "MTD_MSIL2A.xml")
    with pytest.raises(ProductError, match="begins with 'Level-2A_Tile_ID'"):
        open_imagery([product])


def test_the_level_follows_the_metadata_not_the_files_name(tmp_path: Path) -> None:
    product = safe(tmp_path)
    (product / "MTD_MSIL2A.xml").rename(product / "MTD_MSIL2a.xml")
    assert one(product).level == "L2A"


def test_own_sen2cor_without_offset_is_asked_by_its_pixels(tmp_path: Path) -> None:
    product = safe(tmp_path, baseline="99.99", offset=None)
    image = one(product)
    assert (image.offset.source, image.offset.checked) == ("none", True)
    assert {source.offset for source in image.bands} == {0}


# -- MAJA, SNAP


@pytest.mark.parametrize("how", ["folder", "zip", "files"])
def test_maja_gives_reflectance_not_corrected_for_slopes_and_its_masks(
    tmp_path: Path, how: str
) -> None:
    product = maja(tmp_path)
    paths = {
        "folder": [product],
        "zip": [zipped(product)],
        "files": sorted(product.rglob("*.tif")),
    }[how]
    image = one(*paths)
    assert image.channels == ("B02", "B03", "B04", "B05", "B08", "B11")
    assert (image.product, image.level, image.date) == ("MAJA Level-2A", "L2A", "2020-08-01")
    assert [source.channel for source in image.extra] == ["B8A"]
    assert any("corrected for slopes" in text for text in image.left_out)
    found = values(tmp_path, *paths)
    assert (found["B02"][:50] == 800).all()
    assert np.isnan(found["B02"][50:]).all()
    assert [int(found["QA"][row, 0]) for row in (5, 15, 25, 35, 45, 55)] == [2, 2, 3, 4, 0, 1]


def test_maja_with_slope_correction_only_is_read(tmp_path: Path) -> None:
    found = values(tmp_path, maja(tmp_path, kinds=["FRE"]))
    assert (found["B02"][:50] == 900).all()


def test_maja_without_any_channel_is_no_image(tmp_path: Path) -> None:
    product = maja(tmp_path)
    for file in product.glob("*_SRE_B*.tif"):
        if not file.stem.endswith("B8A"):
            file.unlink()
    assert one(product).source("B02").path.endswith("_FRE_B2.tif")
    for file in product.glob("*_FRE_B*.tif"):
        file.unlink()
    with pytest.raises(ProductError, match="no raster whose name tells a band"):
        open_imagery([product])


@pytest.mark.parametrize("how", ["header", "folder", "above"])
def test_snap_gives_dn_by_its_headers_scaling(tmp_path: Path, how: str) -> None:
    header = dimap(tmp_path / "export")
    path = {"header": header, "folder": header.with_suffix(".data"), "above": header.parent}[how]
    image = one(path)
    assert image.channels == ("B02", "B03", "B04", "B08")
    assert [source.channel for source in image.extra] == ["B8A"]
    assert (image.offset.source, image.date, image.level) == ("tags", "2023-05-20", "L2A")
    assert (values(tmp_path, path)["B02"] == 800).all()


def test_snap_without_header_or_scaling_follows_the_name(tmp_path: Path) -> None:
    header = dimap(tmp_path / "export", scaling=(1.0, 0.0))
    assert (values(tmp_path, header)["B02"] == 800).all()
    header.unlink()
    assert (values(tmp_path, header.with_suffix(".data"))["B02"] == 800).all()


@pytest.mark.parametrize("number", ["1.2.3", "9" * 5001, "nan"])
def test_snaps_numbers_that_are_none_get_a_sentence(tmp_path: Path, number: str) -> None:
    header = dimap(tmp_path)
    header.write_text(header.read_text().replace("0.0001", number))
    with pytest.raises(ProductError):
        open_imagery([header])


# -- band files


def test_other_quantities_beside_bands_are_left_out_and_named(tmp_path: Path) -> None:
    stem = "T33TVL_20200801T100031"
    for name, value in (("B02", 500), ("B03", 600), ("B04", 700), ("WVP", 2222), ("AOT", 111)):
        raster(tmp_path / "R" / f"{stem}_{name}_10m.tif", plain(value))
    raster(tmp_path / "R" / f"{stem}_B09_60m.tif", plain(900, 10), 60)
    raster(tmp_path / "R" / f"{stem}_TCI_10m.tif", plain(90, dtype="uint8"))
    raster(tmp_path / "R" / f"{stem}_B8A_20m.tif", plain(3000, 30), 20)
    raster(tmp_path / "R" / f"{stem}_SCL_20m.tif", plain(9, 30, "uint8"), 20)
    raster(tmp_path / "R" / "LC08_L2SP_113030_20180920_SR_B5.tif", plain(3200))
    as_folder = one(tmp_path / "R")
    as_files = one(*sorted((tmp_path / "R").glob("*.tif")))
    for image in (as_folder, as_files):
        assert image.channels == ("B02", "B03", "B04", "B09")
        assert image.source("B09").path.endswith("_B09_60m.tif")
        assert [source.channel for source in image.extra] == ["B8A"]
        assert image.mask is not None
        told = "; ".join(image.left_out)
        for word in ("water vapour", "aerosol", "true-colour", "Landsat"):
            assert word in told
    found = values(tmp_path, tmp_path / "R")
    assert (found["B09"] == 900).all()
    assert (found["QA"] == 2).all()


def test_files_of_two_tiles_named_one_by_one_are_two_images(tmp_path: Path) -> None:
    files = [
        raster(tmp_path / f"T{tile}_20200801T100031_{band}.tif", plain(500))
        for tile in ("33TVL", "33TVM")
        for band in ("B02", "B03")
    ]
    images = open_imagery([files[0], files[3], files[1], files[2]])
    assert [sorted(Path(s.path).name[1:6] for s in image.bands) for image in images] == [
        ["33TVL", "33TVL"],
        ["33TVM", "33TVM"],
    ]


def test_a_picture_named_after_one_band_is_refused(tmp_path: Path) -> None:
    raster(tmp_path / "x_B04.tif", np.zeros((3, 9, 9), np.uint16))
    with pytest.raises(ChannelError, match="holds 3 bands, but its name tells B04 alone"):
        open_imagery([tmp_path / "x_B04.tif"])


def test_a_described_image_is_read_whatever_its_name_tells(tmp_path: Path) -> None:
    path = raster(
        tmp_path / "S2_B4.tif",
        np.stack([plain(1), plain(2), plain(3)]),
        names=("B2", "B3", "B4"),
    )
    assert one(path).channels == ("B02", "B03", "B04")


def test_hls_of_sentinel2_is_read_in_its_scale(tmp_path: Path) -> None:
    stem = "HLS.S30.T54TWN.2018263T011600.v2.0"
    for band in ("B02", "B05", "B8A"):
        raster(
            tmp_path / stem / f"{stem}.{band}.tif",
            plain(800, dtype="int16"),
            30,
            nodata=-9999,
            scale=(0.0001, 0.0),
        )
    raster(tmp_path / stem / f"{stem}.Fmask.tif", plain(64, dtype="uint8"), 30)
    image = one(tmp_path / stem)
    assert image.channels == ("B02", "B05")
    assert {source.scale for source in image.bands} == {1.0}


@pytest.mark.parametrize(
    ("folder", "file"),
    [
        ("x", "LC09_L2SP_113030_20220920_20220922_02_T1_SR_B5.TIF"),
        ("x", "LT05_L1TP_113030_19900920_20200830_02_T1_B5.TIF"),
        ("x", "HLS.L30.T54TWN.2018263T011600.v2.0.B05.tif"),
        ("LC08_L2SP_113030_20180920_20200830_02_T1", "B5.tif"),
        ("x", "20200801_PSScene_AnalyticMS_B5.tif"),
    ],
)
@pytest.mark.parametrize("as_file", [True, False])
def test_other_sensors_are_refused(tmp_path: Path, folder: str, file: str, as_file: bool) -> None:
    path = raster(tmp_path / folder / file, plain(3200))
    with pytest.raises(ChannelError, match="band numbers mean other wavelengths"):
        open_imagery([path if as_file else path.parent])


@pytest.mark.parametrize(
    ("names", "tags"),
    [(("LC09_044034_SR_B5",), {}), (("SR_B5",), {}), (("B5",), {"SPACECRAFT_ID": "LANDSAT_9"})],
)
def test_descriptions_and_tags_tell_other_sensors(
    tmp_path: Path, names: tuple[str, ...], tags: dict[str, str]
) -> None:
    path = raster(tmp_path / "x.tif", plain(3200), names=names, tags=tags)
    with pytest.raises(ChannelError):
        open_imagery([path])
    if not tags:
        with pytest.raises(ChannelError):
            Stack.open(path)


# -- many bands in one file


def test_earth_engines_whole_collection_in_parts_is_one_mosaic(tmp_path: Path) -> None:
    names = (
        *("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B11", "B12"),
        *("AOT", "WVP", "SCL", "TCI_R", "TCI_G", "TCI_B", "MSK_CLDPRB", "QA60"),
    )
    for number, column in ((0, 0), (1, 60)):
        cube = np.full((len(names), 60, 60), 700, np.float32)
        cube[1] = 500 + number
        cube[names.index("WVP")] = 2222
        cube[names.index("SCL")] = 4
        cube[names.index("SCL"), :20] = 9
        cube[names.index("SCL"), 50:] = np.nan
        path = tmp_path / "gee" / f"export-0000000000-{column:010d}.tif"
        raster(path, cube, names=names)
        moved = rasterio_moved(path, 600 * number)
        assert moved == path
    for paths in ([tmp_path / "gee"], sorted((tmp_path / "gee").glob("*.tif"))):
        images = open_imagery(paths)
        assert len(images) == 2
        assert images[0].channels == L2A
        assert [source.channel for source in images[0].extra] == ["B8A"]
        assert "WVP (water vapour)" in images[0].left_out
        found = values(tmp_path, *paths)
        assert found["B02"].shape == (60, 120)
        assert (found["B02"][:, :60] == 500).all()
        assert (found["B02"][:, 60:] == 501).all()
        assert (found["B09"] == 700).all()
        assert (found["QA"][:20] == 2).all()
        assert (found["QA"][20:50] == 0).all()
        assert (found["QA"][50:] == 1).all()


def rasterio_moved(path: Path, metres: float) -> Path:
    import rasterio
    from affine import Affine

    with rasterio.open(path, "r+") as dataset:
        dataset.transform = Affine.translation(metres, 0) @ dataset.transform
    return path


def test_files_that_complete_each_other_are_one_image_with_the_mask_of_any(tmp_path: Path) -> None:
    fine = raster(tmp_path / "ten.tif", np.stack([plain(500)] * 2), names=("B2", "B3"))
    cube = np.stack([plain(600, 30), plain(9, 30), plain(3000, 30)])
    coarse = raster(tmp_path / "twenty.tif", cube, 20, names=("B11", "SCL", "B8A"))
    image = one(fine, coarse)
    assert image.channels == ("B02", "B03", "B11")
    assert [source.channel for source in image.extra] == ["B8A"]
    assert (values(tmp_path, fine, coarse)["QA"] == 2).all()


@pytest.mark.parametrize("names", [("Band 1", "Band 2", "Band 3"), ("", "", ""), ("1", "2", "3")])
def test_bands_that_tell_nothing_but_their_place_are_refused(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    path = raster(tmp_path / "x.tif", np.stack([plain(500)] * 3), names=names)
    with pytest.raises(ChannelError, match=r"none of its 3 band\(s\) is named"):
        open_imagery([path])
    with pytest.raises(ChannelError, match="none of its 3 bands"):
        Stack.open(path)


def test_several_dates_in_a_folder_are_no_mosaic(tmp_path: Path) -> None:
    for name in ("date0", "date1"):
        cube = np.stack([plain(500)] * 2)
        raster(tmp_path / "x" / f"{name}.tif", cube, names=("B2", "B3"))
    with pytest.raises(ProductError, match=r"date0\.tif and date1\.tif show the same ground"):
        open_imagery([tmp_path / "x"])
    assert len(open_imagery(sorted((tmp_path / "x").glob("*.tif")))) == 2  # asked for


def test_an_unnamed_image_beside_named_ones_is_refused(tmp_path: Path) -> None:
    named = raster(tmp_path / "a.tif", np.stack([plain(500)] * 2), names=("B2", "B3"))
    other = raster(tmp_path / "b.tif", np.stack([plain(500)] * 2))
    with pytest.raises(ChannelError, match=r"b\.tif: none of its 2 band"):
        open_imagery([named, other])


def test_a_saturated_pixel_does_not_make_zeros_data(tmp_path: Path) -> None:
    stored = plain(800)
    stored[:30] = 0
    stored[50, 50] = 65535
    raster(tmp_path / "x" / "B02.tif", stored)
    found = values(tmp_path, tmp_path / "x")["B02"]
    assert np.isnan(found[:30]).all()
    assert found[50, 50] != 800
    assert (np.delete(found[30:].ravel(), 20 * 60 + 50) == 800).all()


def test_earth_engines_bits_are_a_mask(tmp_path: Path) -> None:
    cube = np.full((2, 60, 60), 700, np.uint16)
    cube[1] = 0
    cube[1, :20] = 1 << 10
    cube[1, 20:30] = 1 << 11
    path = raster(tmp_path / "x.tif", cube, names=("B2", "QA60"))
    quality = values(tmp_path, path)["QA"]
    assert (quality[:30] == 2).all()
    assert (quality[30:] == 0).all()


def test_a_stack_made_here_is_no_imagery_of_its_folder(tmp_path: Path) -> None:
    path = raster(tmp_path / "in" / "scene.tif", np.stack([plain(500)] * 2), names=("B02", "B03"))
    make_stack([path.parent], [], out=path.parent / "s.tif")
    assert one(path.parent).name == "scene.tif"


# -- offsets: one rule


NAME = "S2B_MSIL2A_20220706T085611_N0400_R007_T33NZA_20220706T153419"
OLD_NAME = NAME.replace("N0400", "N0301")


@pytest.mark.parametrize(
    ("folder", "tags", "item", "metadata", "option", "dn", "source"),
    [
        ("x", None, None, None, None, 1800, "none"),
        (NAME, None, None, None, None, 800, "name"),
        (OLD_NAME, None, None, None, None, 1800, "name"),
        (NAME.replace("N0400", "N9999"), None, None, None, None, 1800, "none"),
        (f"{NAME}/sub", None, None, None, None, 800, "name"),
        (NAME, (0.0001, -0.1), None, None, None, 800, "tags"),
        (OLD_NAME, (0.0001, -0.1), None, None, None, 800, "tags"),
        (NAME, (0.0001, 0.0), None, None, None, 800, "name"),
        ("x", (1.0, -1000.0), None, None, None, 800, "tags"),
        ("x", (0.0002, -0.1), None, None, None, 2600, "tags"),
        ("x", None, {"earthsearch:boa_offset_applied": True}, None, None, 1800, "metadata"),
        ("x", None, {"earthsearch:boa_offset_applied": False}, None, None, 800, "metadata"),
        ("x", None, {"s2:processing_baseline": "05.09", "offset": 0}, None, None, 800, "metadata"),
        ("x", None, {"s2:processing_baseline": "02.14", "offset": 0}, None, None, 1800, "metadata"),
        (NAME, None, {"earthsearch:boa_offset_applied": True}, None, None, 1800, "metadata"),
        (OLD_NAME, None, None, "05.09", None, 800, "metadata"),
        (NAME, None, None, "03.01", None, 1800, "metadata"),
        (NAME, None, None, None, 0.0, 1800, "option"),
        (NAME, (0.0001, -0.1), None, None, 0.0, 1800, "option"),
        ("x", (0.0001, -0.1), None, None, -500.0, 1300, "option"),
        (NAME, None, None, "05.09", 100.0, 1900, "option"),
    ],
)
def test_the_first_source_that_states_an_offset_counts_alone(
    tmp_path: Path,
    folder: str,
    tags: tuple[float, float] | None,
    item: dict[str, Any] | None,
    metadata: str | None,
    option: float | None,
    dn: int,
    source: str,
) -> None:
    place = tmp_path / "data" / folder
    for name in ("B02", "B03"):
        raster(place / f"{name}.tif", plain(1800), scale=tags)
    if item is not None:
        (place / "item.json").write_text(json.dumps(stac_item(**item)))
    if metadata is not None:
        offset = -1000 if metadata >= "04" else None
        (place / "MTD_MSIL2A.xml").write_text(product_xml("L2A", metadata, offset=offset))
        (place / "MTD_MSIL2A.xml").rename(place.parent / "MTD_MSIL2A.xml")
    files = sorted(place.glob("*.tif"))
    for paths in ([place], files):
        if metadata is not None and paths == [place]:
            paths = files[:1]
        found = values(tmp_path, *paths, dn_offset=option)
        assert (found["B02"] == dn).all()
        facts = stack_provenance(tmp_path / "s.tif")["imagery"][0]
        assert facts["dn_offset_source"] == source
        assert facts["dn_offset_detail"]


@pytest.mark.parametrize("tags", [(0.0001, -1000.0), (-1.0, 0.0)])
def test_tags_that_give_no_reflectance_are_refused(
    tmp_path: Path, tags: tuple[float, float]
) -> None:
    raster(tmp_path / "x" / "B02.tif", plain(1800), scale=tags)
    with pytest.raises(ProductError, match="gives no reflectance"):
        open_imagery([tmp_path / "x"])


def test_reflectance_and_dn_in_floating_point_are_told_apart(tmp_path: Path) -> None:
    for name, value, dn in (("a", 0.08, 800), ("b", 1800.0, 800)):
        raster(tmp_path / NAME / name / "B02.tif", plain(value, dtype="float32"))
        assert (values(tmp_path, tmp_path / NAME / name)["B02"] == dn).all()


# -- names and places of files


def test_a_circle_of_links_is_walked_once(tmp_path: Path) -> None:
    raster(tmp_path / "x" / "B02.tif", plain(800))
    (tmp_path / "x" / "again").symlink_to(tmp_path / "x")
    assert one(tmp_path / "x").channels == ("B02",)


def test_a_link_to_a_product_elsewhere_is_followed(tmp_path: Path) -> None:
    product = safe(tmp_path / "archive")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / product.name).symlink_to(product)
    assert one(tmp_path / "project").name == product.name


def test_a_link_to_nothing_and_names_that_are_not_utf8_get_a_sentence(tmp_path: Path) -> None:
    import os

    raster(tmp_path / "x" / "B02.tif", plain(800))
    link = tmp_path / "x" / "B03.tif"
    link.symlink_to(tmp_path / "gone.tif")
    with pytest.raises(UnreadableFileError, match="link to a file that is not there"):
        open_imagery([tmp_path / "x"])
    link.unlink()
    raster(tmp_path / "x" / "B03.tif", plain(800))
    link.rename(link.with_name(os.fsdecode(b"\xfcber_B03.tif")))
    with pytest.raises(ProductError, match=r"not in UTF-8 \(\\xfcber_B03\.tif\)"):
        open_imagery([tmp_path / "x"])


def test_envi_without_a_suffix_and_parts_of_an_export_are_bands(tmp_path: Path) -> None:
    written = raster(tmp_path / "x" / "B02.dat", plain(800), driver="ENVI")
    written.rename(written.with_suffix(""))
    raster(tmp_path / "x" / "B3-0000000000-0000000000.tif", plain(700))
    assert one(tmp_path / "x").channels == ("B02", "B03")


def test_bands_deep_in_an_archive_are_found(tmp_path: Path) -> None:
    band = raster(tmp_path / "B02.tif", plain(1800))
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(band, f"home/user/{NAME}/IMG_DATA/R10m/B02.tif")
    assert (values(tmp_path, tmp_path / "x.zip")["B02"] == 800).all()


def test_files_of_subdatasets_are_refused_with_what_to_do(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["B02"], file["B03"] = plain(1), plain(2)
    with pytest.raises(ChannelError, match=r"holds no raster of its own.*gdal_translate"):
        open_imagery([tmp_path / "x.h5"])


def test_a_name_that_is_too_long_and_a_folder_that_is_closed_get_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    with pytest.raises(MissingFileError, match="There is no file or folder"):
        open_imagery([tmp_path / ("x" * 300)])
    link = tmp_path / "circle"
    link.symlink_to(link)
    with pytest.raises(MissingFileError, match="There is no file or folder"):
        open_imagery([link])
    raster(tmp_path / "x" / "B02.tif", plain(800))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UnreadableFileError, match="may not be read; check its permissions"):
        open_imagery([tmp_path / "x"])
