"""Sentinel-2 products: whole ones and damaged ones."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.testing import assert_allclose, assert_array_equal

from engine.errors import ProductError, UnreadableFileError
from engine.handles import Stack
from engine.scene.readers import open_imagery
from engine.scene.simulation.safe import encode_jp2
from engine.scene.simulation.simulate import SimulatedScene
from engine.scene.stack import StackConfig, make_stack, stack_provenance

OPTICAL_L2A = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B11", "B12")


def optical(stack: Stack, channels: tuple[str, ...]) -> np.ndarray:
    with stack.reader() as reader:
        return reader.read(channels)


def packed(safe: Path, target: Path, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(target, "w", compression) as archive:
        for file in sorted(p for p in safe.rglob("*") if p.is_file()):
            archive.write(file, f"{safe.name}/{file.relative_to(safe).as_posix()}")
    return target


def metadata(safe: Path) -> Path:
    return next(safe.glob("MTD_MSI*.xml"))


def band(safe: Path, name: str) -> Path:
    return next(safe.rglob(f"*_{name}.jp2"))


def test_an_l1c_product_gives_the_true_bands(tmp_path: Path, l1c_scene: SimulatedScene) -> None:
    stack = make_stack(l1c_scene.imagery, l1c_scene.dem, out=tmp_path / "s.tif")
    truth = Stack.open(l1c_scene.stack)
    assert stack.grid.same_as(truth.grid)
    assert stack.channels == truth.channels
    assert_array_equal(optical(stack, truth.channels[:12]), optical(truth, truth.channels[:12]))
    assert_allclose(optical(stack, ("DEM",)), optical(truth, ("DEM",)), atol=3)
    facts = stack_provenance(stack.path)["imagery"][0]
    assert (facts["level"], facts["date"], facts["mask"]) == ("L1C", "2024-07-18", "CLASSI")
    assert set(facts["dn_offsets"].values()) == {-1000.0}


def test_an_l2a_product_goes_without_b10_and_brings_shadows(
    tmp_path: Path, l2a_scene: SimulatedScene
) -> None:
    stack = make_stack(l2a_scene.imagery, l2a_scene.dem, out=tmp_path / "s.tif")
    assert stack.channels == (*OPTICAL_L2A, "slope", "DEM")
    assert_array_equal(
        optical(stack, OPTICAL_L2A), optical(Stack.open(l2a_scene.stack), OPTICAL_L2A)
    )
    share = stack_provenance(stack.path)["quality_share"]
    assert share["shadow"] > 0
    assert share["cloud"] > 0.05


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_is_read_in_place(
    tmp_path: Path, l1c_scene: SimulatedScene, compression: int
) -> None:
    archive = packed(l1c_scene.imagery[0], tmp_path / "product.zip", compression)
    stack = make_stack([archive], [], out=tmp_path / "s.tif")
    assert_array_equal(
        optical(stack, ("B02", "B12")), optical(Stack.open(l1c_scene.stack), ("B02", "B12"))
    )
    assert stack.has_quality
    assert {path.name for path in tmp_path.iterdir()} == {"product.zip", "s.tif"}


def test_the_metadata_file_a_renamed_folder_and_a_parent_all_stand_for_the_product(
    safe_copy: Path,
) -> None:
    renamed = safe_copy.rename(safe_copy.with_name("my scene"))
    by_folder = open_imagery([renamed])[0]
    by_file = open_imagery([metadata(renamed)])[0]
    again = renamed.rename(renamed.with_name("again.SAFE"))
    by_parent = open_imagery([again.parent])[0]
    assert by_folder.channels == by_file.channels == by_parent.channels
    assert len(by_folder.channels) == 12
    assert [source.channel for source in by_folder.extra] == ["B8A"]


def test_old_naming_and_an_old_baseline_are_read_without_offset(
    safe_copy: Path, tmp_path: Path
) -> None:
    file = metadata(safe_copy)
    text = file.read_text().replace("05.10", "02.04")
    text = re.sub(
        r"<RADIO_ADD_OFFSET_VALUES_LIST>.*</RADIO_ADD_OFFSET_VALUES_LIST>",
        "",
        text,
        flags=re.DOTALL,
    )
    file.with_name("S2A_OPER_MTD_SAFL1C_PDMC_20160718T023551_R089_V20160718T023551.xml").write_text(
        text
    )
    file.unlink()
    for old in safe_copy.rglob("*.jp2"):
        if "MSK" not in old.name:
            old.rename(
                old.with_name(
                    f"S2A_OPER_MSI_L1C_TL_SGS__20160718T023551_A005597_T51QTG_{old.name[-7:]}"
                )
            )
    stack = make_stack([safe_copy], [], out=tmp_path / "s.tif")
    with rasterio.open(band(safe_copy, "B02")) as dataset:
        stored = dataset.read(1)
    assert_array_equal(optical(stack, ("B02",))[0], stored)


def test_polygons_of_old_products_mask_clouds(safe_copy: Path, tmp_path: Path) -> None:
    next(safe_copy.rglob("MSK_CLASSI_B00.jp2")).unlink()
    ring = "300000 2600040 300300 2600040 300300 2599440 300000 2599440 300000 2600040"
    hole = "300100 2599940 300200 2599940 300200 2599840 300100 2599840 300100 2599940"
    granule = next(safe_copy.glob("GRANULE/*"))
    (granule / "QI_DATA" / "MSK_CLOUDS_B00.gml").write_text(
        f"""<eop:Mask><eop:maskMembers><eop:MaskFeature gml:id="OPAQUE.0">
        <eop:maskType>OPAQUE</eop:maskType><eop:extentOf><gml:Polygon>
        <gml:exterior><gml:LinearRing><gml:posList srsDimension="2">{ring}</gml:posList>
        </gml:LinearRing></gml:exterior>
        <gml:interior><gml:LinearRing><gml:posList srsDimension="2">{hole}</gml:posList>
        </gml:LinearRing></gml:interior>
        </gml:Polygon></eop:extentOf></eop:MaskFeature></eop:maskMembers></eop:Mask>"""
    )
    stack = make_stack([safe_copy], [], out=tmp_path / "s.tif")
    with stack.reader() as reader:
        quality = reader.quality()
    assert quality is not None
    assert (quality[:60, :30] == 2).mean() == pytest.approx(1 - 100 / 1800, abs=0.01)
    assert (quality[70:, 40:] == 0).all()
    zipped = make_stack([packed(safe_copy, tmp_path / "P.ZIP")], [], out=tmp_path / "z.tif")
    with zipped.reader() as reader:
        assert_array_equal(reader.quality(), quality)


def test_several_products_are_mosaicked(
    tmp_path: Path, l1c_scene: SimulatedScene, safe_copy: Path
) -> None:
    for file in safe_copy.rglob("*.jp2"):
        with rasterio.open(file) as source:
            values, profile = source.read(), source.profile
        profile.update(
            driver="GTiff",
            transform=profile["transform"].translation(1200, 0) @ profile["transform"],
        )
        kept = {
            key: profile[key]
            for key in ("driver", "width", "height", "count", "dtype", "crs", "transform")
        }
        with rasterio.open(tmp_path / "moved.tif", "w", **kept) as target:
            target.write(values)
        encode_jp2(tmp_path / "moved.tif", file, 64)
    stack = make_stack([l1c_scene.imagery[0], safe_copy], [], out=tmp_path / "s.tif")
    assert stack.grid.shape == (120, 240)
    blue = optical(stack, ("B02",))[0]
    assert_array_equal(blue[:, :120], blue[:, 120:])


# -- damaged products


def refuse(path: Path, words: str, error: type[Exception] = ProductError) -> None:
    out = path.parent / "never.tif"
    with pytest.raises(error, match=words) as caught:
        make_stack([path], [], out=out)
    assert str(path.name) in str(caught.value) or path.suffix == ".SAFE"
    assert not list(path.parent.glob("never.tif*"))


def test_a_missing_band(safe_copy: Path) -> None:
    band(safe_copy, "B11").unlink()
    refuse(safe_copy, r"misses B11; .*download it again")


def test_a_band_of_the_wrong_size(safe_copy: Path, l1c_scene: SimulatedScene) -> None:
    shutil.copy(band(safe_copy, "B05"), band(safe_copy, "B08"))
    open_imagery([safe_copy])  # 20 m pixels over the same ground are read as they are
    with rasterio.open(band(safe_copy, "B05")) as source:
        values, transform, crs = source.read(1)[:50], source.transform, source.crs
    cut = safe_copy.parent / "cut.tif"
    with rasterio.open(
        cut,
        "w",
        driver="GTiff",
        width=60,
        height=50,
        count=1,
        dtype="uint16",
        crs=crs,
        transform=transform,
    ) as target:
        target.write(values, 1)
    encode_jp2(cut, band(safe_copy, "B05"), 64)
    refuse(safe_copy, r"Band B05 of .* has the wrong size \(60 x 50")


def test_missing_metadata(safe_copy: Path) -> None:
    metadata(safe_copy).unlink()
    refuse(safe_copy, "misses its metadata")
    refuse(packed(safe_copy, safe_copy.parent / "p.zip"), "misses its metadata")


def test_metadata_without_offsets(safe_copy: Path, tmp_path: Path) -> None:
    file = metadata(safe_copy)
    file.write_text(re.sub(r"<RADIO_ADD_OFFSET .*", "", file.read_text()))
    refuse(safe_copy, "no RADIO_ADD_OFFSET, which every product since 04.00 has")
    make_stack([safe_copy], [], out=tmp_path / "s.tif", config=StackConfig(dn_offset=-1000))


def test_metadata_without_quantification(safe_copy: Path) -> None:
    file = metadata(safe_copy)
    file.write_text(
        re.sub(r"<QUANTIFICATION_VALUE.*?</QUANTIFICATION_VALUE>", "", file.read_text())
    )
    refuse(safe_copy, "no usable QUANTIFICATION_VALUE")


def test_two_granules(safe_copy: Path) -> None:
    granule = next(safe_copy.glob("GRANULE/*"))
    shutil.copytree(granule, granule.with_name("L1C_T51QUG_A047382_20240718T023551"))
    refuse(safe_copy, "2 granules .* one is needed")


def test_no_granule(safe_copy: Path) -> None:
    shutil.rmtree(safe_copy / "GRANULE")
    refuse(safe_copy, "0 granules")


def test_an_archive_whose_paths_climb_out(safe_copy: Path) -> None:
    archive = packed(safe_copy, safe_copy.parent / "p.zip")
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("../../etc/passwd", "x")
    refuse(archive, "climbs out")


def test_an_interrupted_download(safe_copy: Path) -> None:
    archive = packed(safe_copy, safe_copy.parent / "p.zip")
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    refuse(archive, "interrupted", UnreadableFileError)


@pytest.mark.parametrize("zipped", [False, True])
def test_a_truncated_band(safe_copy: Path, zipped: bool) -> None:
    file = band(safe_copy, "B03")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    path = packed(safe_copy, safe_copy.parent / "p.zip") if zipped else safe_copy
    refuse(path, r"B03\.jp2 cannot be read", UnreadableFileError)


def test_an_archive_with_a_damaged_member(safe_copy: Path) -> None:
    archive = packed(safe_copy, safe_copy.parent / "p.zip", zipfile.ZIP_STORED)
    with zipfile.ZipFile(archive) as opened:
        entry = next(e for e in opened.infolist() if e.filename.endswith("_B04.jp2"))
        start = entry.header_offset + 30 + len(entry.filename)
    data = bytearray(archive.read_bytes())
    data[start + 200 : start + entry.compress_size] = bytes(entry.compress_size - 200)
    archive.write_bytes(data)
    refuse(archive, r"B04\.jp2", UnreadableFileError)


def test_a_zip_with_nothing_of_use(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("readme.txt", "x")
    refuse(tmp_path / "p.zip", "no Sentinel-2 product and no raster")
