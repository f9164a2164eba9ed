"""What the program would make of files, told before anything is computed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from product_cases import dimap, maja, plain, raster, safe

from engine.cli import main
from engine.errors import ChannelError, InputError, ProductError
from engine.scene.inspection import inspect, text_of


def heights(path: Path) -> Path:
    grid = np.add.outer(np.arange(60), np.arange(60)).astype(np.float32) + 300
    grid[:6] = -9999
    return raster(path, grid, 30, nodata=-9999)


def test_a_product_is_described_with_its_shares(tmp_path: Path) -> None:
    product = safe(tmp_path)
    for band in product.rglob("*_B02_10m.tif"):
        values = plain(1800)
        values[:15] = 0
        raster(band, values)
    (image,) = inspect([product]).images
    assert (image.product, image.level, image.date) == ("Sentinel-2 SAFE", "L2A", "2023-05-20")
    assert (image.baseline, image.crs, image.resolution_m) == ("05.09", "EPSG:32633", 10.0)
    assert image.size_px == (60, 60)
    assert image.bounds == (300000, 4999440, 300600, 5000040)
    assert (image.channels["B02"], image.channels["B11"], image.channels["B01"]) == (10, 20, 60)
    assert image.missing == ("B10",)
    assert (image.dn_offset, image.dn_offset_source) == ((-1000, -1000), "metadata")
    assert image.dn_offset_detail == "processing baseline 05.09"
    assert image.nodata == "0, which the file does not declare"
    assert image.valid_share == 0.75
    assert image.quality_share["cloud"] == 0.5
    assert image.quality_share["clear"] == 0.5


@pytest.mark.parametrize(
    ("profile", "value", "rule"),
    [
        ({"nodata": 7}, 7, "declared: 7"),
        ({}, 65535, "65535, which the file does not declare"),
        ({"dtype": "float32"}, np.nan, "NaN only"),
    ],
)
def test_how_no_data_is_told(
    tmp_path: Path, profile: dict[str, Any], value: float, rule: str
) -> None:
    values = plain(900, dtype=profile.pop("dtype", "uint16"))
    values[:30] = value
    raster(tmp_path / "x" / "B02.tif", values, **profile)
    (image,) = inspect([tmp_path / "x"]).images
    assert (image.nodata, image.valid_share) == (rule, 0.5)


def test_masks_of_other_programs_have_shares(tmp_path: Path) -> None:
    (image,) = inspect([maja(tmp_path)]).images
    assert image.mask == "MAJA"
    sixth = round(1 / 6, 4)
    assert image.quality_share == {
        "clear": pytest.approx(2 / 6, abs=1e-3),
        "nodata": 0,
        "cloud": pytest.approx(2 / 6, abs=1e-3),
        "shadow": sixth,
        "snow": sixth,
    }


def test_imagery_and_elevation_are_told_apart_in_any_order(tmp_path: Path) -> None:
    dem = heights(tmp_path / "dem.tif")
    product = dimap(tmp_path / "snap")
    loose = [raster(tmp_path / f"B0{n}.tif", plain(500)) for n in (2, 3, 4)]
    found = inspect([dem, product, loose[2], loose[0], loose[1]])
    assert sorted(len(image.channels) for image in found.images) == [3, 4]
    (elevation,) = found.dems
    assert (elevation.lowest_m, elevation.highest_m) == (306, 418)
    assert elevation.spacing_m == 30
    assert elevation.void_share == pytest.approx(0.1, abs=0.01)
    assert found.refused == {}


def test_what_is_refused_stands_beside_what_is_read(tmp_path: Path) -> None:
    raster(tmp_path / "LC09_x" / "LC09_L2SP_113030_20220920_SR_B5.TIF", plain(3200))
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04")
    found = inspect([safe(tmp_path), tmp_path / "LC09_x", tmp_path / "broken.zip"])
    assert len(found.images) == 1
    assert "Landsat" in found.refused[str(tmp_path / "LC09_x")]
    assert "interrupted" in found.refused[str(tmp_path / "broken.zip")]
    with pytest.raises(ChannelError, match="Landsat"):
        inspect([tmp_path / "LC09_x", tmp_path / "broken.zip"])


def test_what_a_detection_would_warn_of_is_said_before(tmp_path: Path) -> None:
    raster(tmp_path / "x" / "B02.tif", plain(1800), 30)
    found = inspect([tmp_path / "x"])
    assert len(found.warnings) == 2
    assert "pixels of 30 m" in found.warnings[0]
    assert "--dn-offset" in found.warnings[1]
    assert inspect([tmp_path / "x"], dn_offset=-1000).images[0].dn_offset == (-1000, -1000)


def test_an_inspection_writes_nothing_and_is_json(tmp_path: Path) -> None:
    product = maja(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    found = inspect([product, heights(tmp_path / "dem.tif")])
    assert sorted(tmp_path.rglob("*")) == sorted([*before, tmp_path / "dem.tif"])
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["images"][0]["channels"]["B02"] == 10
    text = text_of(found)
    for words in ("MAJA Level-2A", "left out", "306 to 418 m", "cloud 33.3 %"):
        assert words in text


def test_the_command_tells_people_and_programs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    product = str(safe(tmp_path))
    assert main(["inspect", product]) == 0
    assert "by metadata: processing baseline 05.09" in capfd.readouterr().out
    assert main(["inspect", product, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["images"][0]["level"] == "L2A"
    assert main(["inspect", product, "--events", "json"]) == 0
    result = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert result["event"] == "result"
    assert result["images"][0]["dn_offset"] == [-1000, -1000]
    assert main(["inspect", str(tmp_path / "nothing.zip")]) == 2
    assert "There is no file or folder" in capfd.readouterr().err


def test_only_overviews_of_a_large_image_are_read(tmp_path: Path) -> None:
    import rasterio

    path = raster(tmp_path / "x" / "B02.tif", plain(900, 4096), tiled=True, compress="deflate")
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([8])
    start = time.process_time()
    inspect([tmp_path / "x"])
    assert time.process_time() - start < 1


def test_imagery_without_names_is_no_elevation(tmp_path: Path) -> None:
    path = raster(tmp_path / "x.tif", np.stack([plain(800)] * 12))
    with pytest.raises(ChannelError, match="none of its 12 band"):
        inspect([path])


def test_nothing_at_all_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError):
        inspect([tmp_path / "empty"])


def test_a_file_of_heights_is_refused_for_its_heights(tmp_path: Path) -> None:
    """Not for lacking the name of a Sentinel-2 band."""
    path = raster(tmp_path / "terrain.tif", plain(9, dtype="int32") * 20_000, 30)
    with pytest.raises(InputError, match="heights around 180000 m"):
        inspect([path])


def test_bands_without_names_are_no_heights(tmp_path: Path) -> None:
    path = raster(tmp_path / "export.tif", np.full((3, 60, 60), 800, np.uint16))
    with pytest.raises(ChannelError, match="named after a Sentinel-2 band"):
        inspect([path])


def test_bands_of_another_extent_are_told(tmp_path: Path) -> None:
    for band in ("B02", "B03"):
        raster(tmp_path / f"{band}.tif", plain(800))
    raster(tmp_path / "B04.tif", plain(800)[:30])
    (warning,) = inspect([tmp_path]).warnings
    assert "B04 covers 50 % of what B02 covers" in warning


def test_bands_of_another_place_are_refused(tmp_path: Path) -> None:
    raster(tmp_path / "B02.tif", plain(800))
    raster(tmp_path / "B03.tif", plain(800))
    with rasterio.open(tmp_path / "B03.tif", "r+") as dataset:
        dataset.crs = "EPSG:32634"
    with pytest.raises(ProductError, match=r"Band B03 .* shows another place than B02"):
        inspect([tmp_path])
