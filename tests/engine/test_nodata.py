"""Pixels without data."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import from_origin
from rasterio.windows import Window

from engine.nodata import has_mask, missing_pixels, undeclared_fill
from engine.raster import open_raster, read_window


def write(
    path: Path, values: np.ndarray, *, nodata: float | None = None, mask: np.ndarray | None = None
) -> Path:
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=1,
            height=values.shape[0],
            width=values.shape[1],
            dtype=values.dtype.name,
            nodata=nodata,
            crs="EPSG:32633",
            transform=from_origin(500000, 5000000, 10, 10),
        ) as dataset,
    ):
        dataset.write(values, 1)
        if mask is not None:
            dataset.write_mask(mask)
    return path


@settings(max_examples=60, deadline=None)
@given(
    dtype=st.sampled_from(["uint8", "int16", "uint16", "int32", "int64", "float32", "float64"]),
    nodata=st.sampled_from([None, 7, 0]),
    masked=st.booleans(),
    seed=st.integers(0, 99),
)
def test_a_pixel_is_missing_where_value_or_mask_says_so(
    dtype: str, nodata: int | None, masked: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 10, (12, 9)).astype(dtype)
    mask = (rng.integers(0, 3, (12, 9)) > 0).astype(np.uint8) * 255 if masked else None
    expected = np.zeros((12, 9), bool)
    if nodata is not None:
        expected |= values == nodata
    if mask is not None:
        expected |= mask == 0
    window = Window(2, 3, 6, 7)
    part = (slice(3, 10), slice(2, 8))
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "r.tif", values, nodata=nodata, mask=mask)
        with open_raster(path) as dataset:
            raw = dataset.read(1, window=window)
            found = missing_pixels(dataset, raw, 1, window)
            read = read_window(dataset, [1], window)[0]
            assert has_mask(dataset, 1) == masked
    assert (found if found is not None else np.zeros_like(raw, bool)).tolist() == (
        expected[part].tolist()
    )
    assert np.isnan(read).tolist() == expected[part].tolist()


@pytest.mark.parametrize(
    ("values", "fill"),
    [
        (np.array([[5, 6]], np.int16), None),
        (np.array([[5, -9999]], np.int16), -9999),
        (np.array([[0, -10000]], np.int16), -10000),
        (np.array([[5, 65535]], np.uint16), 65535),
        (np.array([[0, 65535]], np.uint16), None),
        (np.array([[0.1, 0.0]], np.float32), 0),
        (np.array([[0.1, np.nan]], np.float32), None),
        (np.array([[0.1, -3.4028234663852886e38]], np.float32), -3.4028234663852886e38),
    ],
)
def test_fills_are_found_where_nothing_is_declared(
    tmp_path: Path, values: np.ndarray, fill: float | None
) -> None:
    with open_raster(write(tmp_path / "r.tif", values)) as dataset:
        assert undeclared_fill(dataset, 1) == fill
    with open_raster(write(tmp_path / "d.tif", values, nodata=6)) as dataset:
        assert undeclared_fill(dataset, 1) is None


def test_the_highest_unsigned_number_is_a_fill(tmp_path: Path) -> None:
    values = np.full((9, 9), 800, np.uint32)
    values[:4] = np.iinfo(np.uint32).max
    with open_raster(write(tmp_path / "a.tif", values)) as dataset:
        assert undeclared_fill(dataset, 1) == 4294967295
