"""What is no data in imagery stays no data in the stack, however the file tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp

from engine.events import Log, Reporter
from engine.scene.layers import NODATA
from engine.scene.stack import StackConfig, make_stack

NAMES = ("B02", "B03", "B04")
HOLE = (slice(0, 20), slice(0, 60))


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        values: np.ndarray = dataset.read(1)
        return values


def holed(dtype: str, value: float, fill: float) -> np.ndarray:
    bands = np.full((3, 60, 60), value, dtype)
    bands[:, HOLE[0], HOLE[1]] = fill
    return bands


def with_mask(path: Path, how: str) -> None:
    mask = np.full((60, 60), 255, np.uint8)
    mask[HOLE] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=how == "internal"), rasterio.open(path, "r+") as file:
        file.write_mask(mask)


@pytest.mark.parametrize("how", ["internal", "msk"])
@pytest.mark.parametrize(("dtype", "value", "fill"), [("uint16", 800, 65535), ("float32", 0.08, 0)])
@pytest.mark.parametrize(("epsg", "pixel"), [(32651, 10.0), (32651, 20.0)])
def test_masks_empty_the_stack(
    tmp_path: Path,
    write_raster: Any,
    how: str,
    dtype: str,
    value: float,
    fill: float,
    epsg: int,
    pixel: float,
) -> None:
    values = holed(dtype, value, fill)
    path = write_raster(tmp_path / "i.tif", values, names=NAMES, epsg=epsg, pixel=pixel)
    with_mask(path, how)
    got = read(make_stack([path], [], out=tmp_path / "s.tif").path)
    hole = int(20 * pixel / 10)
    assert (got[:hole] == NODATA).all()
    assert (got[hole:] == 800).all()


@pytest.mark.parametrize("resampling", ["nearest", "bilinear", "cubic"])
def test_masks_enter_no_kernel(tmp_path: Path, write_raster: Any, resampling: Any) -> None:
    """From degrees to metres: neither the hole's values nor the corners mix with the data."""
    values = holed("uint16", 800, 9000)
    path = write_raster(
        tmp_path / "i.tif", values, names=NAMES, epsg=4326, pixel=2.7e-4, corner=(122.0, 23.0)
    )
    with_mask(path, "internal")
    config = StackConfig(resampling=resampling)
    got = read(make_stack([path], [], out=tmp_path / "s.tif", config=config).path)
    assert set(np.unique(got)) == {NODATA, 800}
    assert 0.5 < (got == 800).mean() < 0.68


@pytest.mark.parametrize("resampling", ["nearest", "bilinear", "cubic"])
@pytest.mark.parametrize("dtype", ["float32", "uint16", "int16", "float64", "int32"])
def test_corners_outside_a_warped_image_are_empty(
    tmp_path: Path, write_raster: Any, dtype: str, resampling: Any
) -> None:
    values = np.full((3, 60, 60), 0.08 if dtype.startswith("f") else 800, dtype)
    path = write_raster(
        tmp_path / "i.tif", values, names=NAMES, epsg=4326, pixel=2.7e-4, corner=(122.0, 50.0)
    )
    config = StackConfig(resampling=resampling)
    got = read(make_stack([path], [], out=tmp_path / "s.tif", config=config).path)
    assert set(np.unique(got)) == {NODATA, 800}


@pytest.mark.parametrize(
    ("dtype", "value", "fill"),
    [
        ("int16", 800, -10000),
        ("int16", 800, -9999),
        ("int16", 800, -32768),
        ("uint16", 800, 65535),
        ("float32", 0.08, -9999),
        ("float32", 0.08, -3.4028234663852886e38),
        ("float32", 0.08, 0.0),
        ("float32", 0.08, np.nan),
        ("uint16", 800, 0),
    ],
)
def test_fills_that_no_file_declares_are_found(
    tmp_path: Path, write_raster: Any, dtype: str, value: float, fill: float
) -> None:
    path = write_raster(tmp_path / "i.tif", holed(dtype, value, fill), names=NAMES)
    heard: list[Any] = []
    stack = make_stack([path], [], out=tmp_path / "s.tif", reporter=Reporter(heard.append))
    got = read(stack.path)
    assert (got[HOLE] == NODATA).all()
    assert (got[20:] == 800).all()
    said = [e for e in heard if isinstance(e, Log) and e.code == "scene-undeclared-nodata"]
    own = np.isnan(fill) or (dtype == "uint16" and fill == 0)  # NaN; Sentinel-2's own convention
    assert len(said) == (not own)


def test_a_rare_fill_that_no_sample_shows_is_empty_all_the_same(
    tmp_path: Path, write_raster: Any
) -> None:
    values = np.full((3, 700, 700), 800, np.int16)
    values[:, 333, 333] = -9999
    path = write_raster(tmp_path / "i.tif", values, names=NAMES)
    got = read(make_stack([path], [], out=tmp_path / "s.tif").path)
    assert got[333, 333] == NODATA
    assert (got == NODATA).sum() == 1


def test_an_alpha_band_in_a_sentinel_style_export_empties_the_stack(
    tmp_path: Path, write_raster: Any
) -> None:
    values = holed("uint16", 800, 1)
    alpha = np.full((1, 60, 60), 65535, np.uint16)
    alpha[0][HOLE] = 0
    path = write_raster(tmp_path / "i.tif", np.concatenate([values, alpha]), names=(*NAMES, "A"))
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = (ColorInterp.gray, *[ColorInterp.undefined] * 2, ColorInterp.alpha)
    got = read(make_stack([path], [], out=tmp_path / "s.tif").path)
    assert (got[HOLE] == NODATA).all()
    assert (got[20:] == 800).all()


def test_a_mask_says_that_zeros_are_data(tmp_path: Path, write_raster: Any) -> None:
    values = holed("uint16", 800, 800)
    values[:, 30, 30] = 0
    path = write_raster(tmp_path / "i.tif", values, names=NAMES)
    with_mask(path, "internal")
    got = read(make_stack([path], [], out=tmp_path / "s.tif").path)
    assert got[30, 30] == 0
    assert (got[HOLE] == NODATA).all()
