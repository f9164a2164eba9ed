"""Masks and probabilities of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin
from rasterio.windows import Window

from engine.bands import IGNORE
from engine.contents import mask_coding
from engine.errors import ConfigError, InputError
from engine.events import Log, Reporter
from engine.handles import LandslideMask, ProbabilityRaster


def write(path: Path, values: np.ndarray, scale: float = 1.0, **profile: Any) -> Path:
    bands = values if values.ndim == 3 else values[None]
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(bands),
        height=bands.shape[1],
        width=bands.shape[2],
        dtype=bands.dtype.name,
        crs="EPSG:32633",
        transform=from_origin(500000, 5000000, 10, 10),
        **profile,
    ) as dataset:
        dataset.write(bands)
        dataset.scales = (scale,) * len(bands)
    return path


TRUTH = np.array([[0, 1, 0, 0], [1, 1, 0, 0]])


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (TRUTH.astype("uint8"), ""),
        ((TRUTH * 255).astype("uint8"), "255 stands for landslide"),
        ((TRUTH * 100).astype("int16"), "100 stands for landslide"),
        ((TRUTH * 65535).astype("uint16"), "65535 stands for landslide"),
        (TRUTH.astype("float32"), ""),
        (TRUTH.astype("int64"), ""),
        (TRUTH.astype("float64"), ""),
    ],
    ids=lambda value: str(getattr(value, "dtype", "")),
)
def test_masks_of_other_programs_read_as_meant(
    tmp_path: Path, stored: np.ndarray, said: str
) -> None:
    heard: list[Any] = []
    mask = LandslideMask.open(write(tmp_path / "m.tif", stored), reporter=Reporter(heard.append))
    assert mask.read().tolist() == TRUTH.tolist()
    warnings = [event.message for event in heard if isinstance(event, Log)]
    assert len(warnings) == bool(said)
    assert all(said in message for message in warnings)


def test_no_data_of_masks_is_kept_apart(tmp_path: Path) -> None:
    usual = write(tmp_path / "usual.tif", np.array([[0, 1, 255, 1]], np.uint8))
    assert LandslideMask.open(usual).read().tolist() == [[0, 1, IGNORE, 1]]
    declared = write(tmp_path / "declared.tif", np.array([[0, 255, 7, 0]], np.uint8), nodata=7)
    assert LandslideMask.open(declared).read().tolist() == [[0, 1, IGNORE, 0]]
    empty = write(tmp_path / "empty.tif", np.array([[0, 255, 255, 0]], np.uint8), nodata=255)
    assert LandslideMask.open(empty).read().tolist() == [[0, IGNORE, IGNORE, 0]]
    sparse = write(tmp_path / "sparse.tif", np.array([[0, 255, 255, 0]], np.uint8), nodata=0)
    assert LandslideMask.open(sparse).read().tolist() == [[IGNORE, 1, 1, IGNORE]]
    nothing = write(tmp_path / "nothing.tif", np.array([[255, 255]], np.uint8))
    assert LandslideMask.open(nothing).read().tolist() == [[IGNORE, IGNORE]]
    fill = write(tmp_path / "fill.tif", np.array([[0, 1, -9999, 1]], np.int16))
    assert LandslideMask.open(fill).read().tolist() == [[0, 1, IGNORE, 1]]
    nan = write(tmp_path / "nan.tif", np.array([[0, 1, np.nan, 1]], np.float32), nodata=np.nan)
    assert LandslideMask.open(nan).read().tolist() == [[0, 1, IGNORE, 1]]


def test_a_mask_with_an_alpha_band_is_empty_where_that_is_0(tmp_path: Path) -> None:
    values = np.array([[[0, 1, 1, 0]], [[255, 255, 0, 0]]], np.uint8)
    path = write(tmp_path / "a.tif", values)
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = (ColorInterp.gray, ColorInterp.alpha)
    assert LandslideMask.open(path).read().tolist() == [[0, 1, IGNORE, IGNORE]]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([0, 1, 2], "holds the values 0, 1, 2"),
        ([0, 7], "holds the values 0, 7"),
        ([0, 1, 100], "holds the values 0, 1, 100"),
        ([0, 0.2, 0.9], "from 0 to 0.9, which are probabilities"),
    ],
)
def test_what_is_no_mask_is_refused_with_what_it_holds(values: list[float], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        mask_coding(values, "m.tif")


@given(st.sets(st.sampled_from([0.0, 1.0, 255.0, 100.0, -9999.0])), st.sampled_from([None, 255]))
def test_a_pixel_is_never_both_landslide_and_no_data(
    values: set[float], ignore: float | None
) -> None:
    try:
        coding = mask_coding(values, "m", ignore=ignore)
    except InputError:
        return
    assert coding.landslide not in coding.nodata
    if 1.0 in values:
        assert coding.landslide == 1.0
    stored = np.array(sorted(values))
    assert set(coding.decode(stored).tolist()) <= {0, 1, IGNORE}


P = np.array([[0.05, 0.8, np.nan, 0.45]])


@pytest.mark.parametrize(
    ("stored", "scale", "profile", "given_scale"),
    [
        (P.astype("float32"), 1.0, {"nodata": np.nan}, None),
        (np.nan_to_num(P, nan=-9999).astype("float32"), 1.0, {"nodata": -9999}, None),
        (np.nan_to_num(P, nan=-9999).astype("float32"), 1.0, {}, None),
        (np.nan_to_num(P * 10000, nan=65535).astype("uint16"), 1e-4, {"nodata": 65535}, None),
        (np.nan_to_num(P * 10000, nan=65535).astype("uint16"), 1e-4, {}, None),
        (np.nan_to_num(P * 100, nan=-1).astype("float32"), 1.0, {"nodata": -1}, 0.01),
        (np.nan_to_num(P * 255, nan=0).astype("uint8"), 1.0, {"nodata": 0}, 1 / 255),
    ],
    ids=["nan", "declared", "undeclared", "scaled", "scaled-undeclared", "per-cent", "8-bit"],
)
def test_probabilities_of_other_programs_read_as_meant(
    tmp_path: Path,
    stored: np.ndarray,
    scale: float,
    profile: dict[str, Any],
    given_scale: float | None,
) -> None:
    path = write(tmp_path / "p.tif", stored, scale, **profile)
    with ProbabilityRaster.open(path, scale=given_scale).reader() as reader:
        np.testing.assert_allclose(reader.read(), P, atol=0.004)


@pytest.mark.parametrize(
    ("stored", "remedy"),
    [
        (np.array([[0, 80]], np.uint8), r"from 0 to 80.*--scale 0\.01"),
        (np.array([[0, 204]], np.uint8), r"from 0 to 204.*--scale 1/255"),
        (np.array([[0, 9800]], np.uint16), r"from 0 to 9800.*--scale 0\.0001"),
        (np.array([[-4.2, 3.1]], np.float32), "from -4.2 to 3.1.*raster of probabilities"),
    ],
)
def test_what_is_no_probability_is_refused_with_range_and_option(
    tmp_path: Path, stored: np.ndarray, remedy: str
) -> None:
    path = write(tmp_path / "p.tif", stored)
    with pytest.raises(InputError, match=remedy):
        ProbabilityRaster.open(path)
    with pytest.raises(ConfigError, match="more than 0"):
        ProbabilityRaster.open(path, scale=0)


@given(st.floats(1.02, 1e6), st.floats(0.001, 1))
def test_a_scale_that_does_not_suit_is_refused(high: float, scale: float) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "p.tif", np.array([[0, high]], np.float64))
        if high * scale > 1.01:
            with pytest.raises(InputError, match="with --scale"):
                ProbabilityRaster.open(path, scale=scale)
        else:
            assert ProbabilityRaster.open(path, scale=scale).coding.scale == scale


def test_minus_one_in_whole_numbers_is_no_overshoot(tmp_path: Path) -> None:
    """As per cent it would be -0.01, within what interpolating kernels overshoot."""
    path = write(tmp_path / "p.tif", np.array([[80, -1, 5]], np.int16))
    with pytest.raises(InputError, match="holds values from -1 to 80"):
        ProbabilityRaster.open(path, scale=0.01)


def test_what_kernels_overshoot_is_clipped(tmp_path: Path) -> None:
    path = write(tmp_path / "p.tif", np.array([[1.005, -0.004, 0.5]], np.float32))
    with ProbabilityRaster.open(path).reader() as reader:
        assert reader.read(Window(0, 0, 3, 1)).tolist() == [[1.0, 0.0, 0.5]]
