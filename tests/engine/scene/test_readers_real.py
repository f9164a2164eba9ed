"""Real products and metadata of most baselines and layouts, each with what it must give."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from engine.errors import InputError, NoValidPixelsError
from engine.handles import Stack
from engine.scene.imagery import Imagery
from engine.scene.inspection import inspect
from engine.scene.readers import open_imagery
from engine.scene.readers.offsets import darkest_dn
from engine.scene.stack import StackConfig, make_stack

PRODUCTS = Path(__file__).resolve().parents[4] / "shared" / "data" / "products"
pytestmark = pytest.mark.skipif(
    not PRODUCTS.is_dir(), reason=f"the real products are not in {PRODUCTS}"
)

GDAL = "s2_gdal_fixtures"
OLD = "s2_l1c_meta_old"
META = "s2_meta_by_baseline"
PSD13 = "S2A_OPER_PRD_MSIL1C_PDMC_20160905T104813_R002_V20160905T005712_20160905T010424.SAFE"
L1C = tuple(f"B{n:02d}" for n in range(1, 13))
L2A = tuple(name for name in L1C if name != "B10")


@dataclass(frozen=True)
class Row:
    """A product that is read, and what must come out."""

    path: str
    level: str
    date: str
    baseline: str
    epsg: int
    pixels: tuple[int, int]
    mask: str
    offset: float = 0.0
    source: str = "metadata"
    channels: tuple[str, ...] = L1C
    scale: float = 1.0
    extra: tuple[str, ...] = field(default=("B8A",))


READ = [
    Row(
        f"{GDAL}/fake_l1c_processing_baseline_5_09",
        *("L1C", "2023-08-23", "05.09", 32634, (10980, 10980), "CLASSI", -1000),
    ),
    Row(
        f"{GDAL}/fake_l2a_processing_baseline_5_09",
        *("L2A", "2023-08-23", "05.09", 32634, (10980, 10980), "SCL", -1000),
        channels=L2A,
    ),
    # JPEG 2000 without georeference: MTD_TL.xml knows the grid; quantification 1000.
    Row(
        f"{GDAL}/fake_l1c_safecompact",
        *("L1C", "2015-12-31", "01.03", 32632, (10980, 10980), ""),
        scale=10,
    ),
    Row(
        f"{GDAL}/fake_l1c/S2A_OPER_PRD_MSIL1C.SAFE/GRANULE/S2A_OPER_MSI_L1C_T32TQR_N01.03",
        *("L1C", "2015-12-31", "01.03", 32632, (10980, 10980), ""),
        scale=10,
    ),
    Row(
        f"{GDAL}/fake_l2a_MSIL2A",
        *("L2A", "2018-08-18", "02.08", 32634, (1830, 1830), "SCL"),
        channels=L2A,
    ),
    # Sen2Cor before March 2018: L2A_ in front of names and tags.
    Row(
        f"{GDAL}/fake_l2a_MSIL2Ap",
        *("L2A", "2017-08-23", "02.05", 32634, (1830, 1830), "SCL"),
        channels=L2A,
    ),
    Row(
        "s2_l1c_aws_layout/S2B_MSIL1C_20201011T000249_N0209_R030_T55HFA_20201011T011446",
        *("L1C", "2020-10-11", "02.09", 32755, (110, 110), ""),
        source="name",
    ),
    Row(
        "s2_l1c_native_clip/IMG_DATA",
        *("unknown", "2015-07-26", "", 32631, (300, 300), ""),
        source="none",
    ),
    Row(
        "s2_l1c_zip/S2A_MSIL1C_20180629T000241_N0206_R030_T56JMM_20180629T012042.zip",
        *("L1C", "2018-06-29", "02.06", 32756, (439, 439), "CLOUDS_GML"),
    ),
    Row(
        "s2_l1c_zip/S2A_MSIL1C_20201031T004711_N0209_R102_T53JQJ_20201031T022859.zip",
        *("L1C", "2020-10-31", "02.09", 32753, (20, 20), "CLOUDS_GML"),
    ),
    Row(
        "s2_l1c_zip/S2A_MSIL1C_20210713T032051_N0301_R032_T48LWP_20210713T054224.zip",
        *("L1C", "2021-07-13", "03.01", 32748, (20, 20), "CLOUDS_GML"),
    ),
    # Georeference in .aux.xml; offset removed although raster:bands still list it.
    *(
        Row(
            f"s2_l2a_120m_earthsearch/{name}_0_L2A",
            *("L2A", day, "05.09", 32633, (915, 915), "SCL"),
            channels=("B02", "B03", "B04", "B08"),
            extra=(),
        )
        for name, day in (
            ("S2B_33TWL_20230810", "2023-08-10"),
            ("S2B_33TWL_20230813", "2023-08-13"),
            ("S2A_33TWL_20230815", "2023-08-15"),
        )
    ),
]

REFUSED = [
    (f"{GDAL}/fake_l1c", r"holds 2 granules .*give the folder of one granule"),
    (f"{GDAL}/fake_l2a", r"made at 60 m or 20 m only, without B08"),
    (f"{OLD}/compact_safe", r"B01\.jp2 in .* is empty \(0 bytes\)"),
    (f"{OLD}/safe", r"holds 2 granules"),
    (f"{OLD}/safe/{PSD13}/manifest.safe", r"holds 2 granules"),
    (f"{OLD}/safe/{PSD13}/{PSD13[:-5].replace('PRD_MSIL1C', 'MTD_SAFL1C')}.xml", "2 granules"),
    (
        f"{OLD}/safe/{PSD13}/GRANULE/S2A_OPER_MSI_L1C_TL_SGS__20160905T073438_A006291_T53HPA_N02.04",
        r"B01\.jp2 in .* is empty \(0 bytes\)",
    ),
    (f"{OLD}/zipped_safe", r"B01\.jp2 in .* is empty \(0 bytes\)"),
    (f"{META}/mapchete_N0211", r"begins with 'Level-2A_Tile_ID'"),
]
WITHOUT_PIXELS = "0 granules with images, only metadata; download the whole|holds only metadata"


def one(path: str) -> Imagery:
    (image,) = open_imagery([PRODUCTS / path])
    return image


@pytest.mark.parametrize("row", READ, ids=lambda row: row.path)
def test_products_that_are_read(row: Row) -> None:
    image = one(row.path)
    grid = image.reference.grid
    assert (image.level, image.date, image.baseline) == (row.level, row.date, row.baseline)
    assert (grid.crs.to_epsg(), grid.shape) == (row.epsg, row.pixels)
    assert image.channels == row.channels
    assert tuple(source.channel for source in image.extra) == row.extra
    assert (image.mask.kind if image.mask else "") == row.mask
    assert {source.offset for source in image.bands} == {row.offset}
    assert {source.scale for source in image.bands} == {row.scale}
    assert image.offset.source == row.source


@pytest.mark.parametrize(("path", "sentence"), REFUSED, ids=lambda text: str(text)[-60:])
def test_products_that_are_refused(path: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        open_imagery([PRODUCTS / path])


def test_every_folder_of_metadata_without_pixels_is_refused_with_the_reason() -> None:
    folders = sorted((PRODUCTS / META).iterdir())
    assert len(folders) > 20
    for folder in folders:
        if folder.name != "mapchete_N0211":
            with pytest.raises(InputError, match=WITHOUT_PIXELS):
                open_imagery([folder])


def test_every_folder_of_products_stands_in_the_table() -> None:
    named = {row.path.split("/")[0] for row in READ} | {p.split("/")[0] for p, _ in REFUSED}
    folders = {f.name for f in PRODUCTS.iterdir() if f.is_dir() and f.name.startswith("s2_")}
    assert folders <= named


@pytest.mark.parametrize("file", ["manifest.safe", "MTD_MSIL2A.xml"])
def test_a_products_file_chosen_in_a_dialog_means_its_folder(file: str) -> None:
    folder = next((PRODUCTS / GDAL / "fake_l2a_processing_baseline_5_09").glob("*.SAFE"))
    assert one(str(folder / file)) == one(str(folder))


@pytest.mark.parametrize("path", [row.path for row in READ if "earthsearch" in row.path])
def test_dark_water_of_earth_search_carries_no_offset_any_more(path: str) -> None:
    darkest = darkest_dn(one(path))
    assert darkest is not None
    assert 0 < darkest < 400
    facts = inspect([PRODUCTS / path])
    assert not any("offset" in text for text in facts.warnings)


def test_a_native_clip_gives_its_stored_values(tmp_path: Path) -> None:
    import rasterio

    folder = PRODUCTS / "s2_l1c_native_clip" / "IMG_DATA"
    stack = make_stack([folder], [], out=tmp_path / "s.tif")
    with Stack.open(stack.path).reader() as reader:
        blue, edge = reader.read(["B02", "B05"])
    with rasterio.open(next(folder.glob("*_B02.jp2"))) as dataset:
        np.testing.assert_array_equal(blue, dataset.read(1))
    with rasterio.open(next(folder.glob("*_B05.jp2"))) as dataset:
        np.testing.assert_array_equal(edge, np.kron(dataset.read(1), np.ones((2, 2))))


def test_a_product_that_is_all_nodata_is_refused_after_reading(tmp_path: Path) -> None:
    folder = PRODUCTS / GDAL / "fake_l1c_processing_baseline_5_09"
    bounds = (300000.0, 6099020.0, 301000.0, 6100020.0)
    with pytest.raises(NoValidPixelsError, match="no data in this area"):
        make_stack([folder], [], out=tmp_path / "s.tif", config=StackConfig(bounds=bounds))


def test_no_warning_of_python_reaches_the_user(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "engine", "inspect"),
            str(PRODUCTS / GDAL / "fake_l1c_safecompact"),
            str(PRODUCTS / "s2_l2a_120m_earthsearch" / "S2A_33TWL_20230815_0_L2A"),
            str(PRODUCTS / OLD / "compact_safe"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert "is empty (0 bytes)" in done.stdout
