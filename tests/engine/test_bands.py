import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.bands import (
    BY_NAME,
    CHANNELS,
    NAMES,
    OPTICAL,
    TERRAIN,
    channel_name,
    described,
    in_order,
    is_narrow_infrared,
    ndvi,
    other_quantity,
    other_sensor,
)


def test_the_benchmarks_order() -> None:
    assert (*(f"B{n:02d}" for n in range(1, 13)), "slope", "DEM") == NAMES
    assert OPTICAL + TERRAIN == NAMES


def test_divisors_give_the_published_scale() -> None:
    # A DN of exactly the divisor is 1.0 in the files; published means lie near 1 for all optical
    # bands.
    assert BY_NAME["B02"].divisor == pytest.approx(824.63171476)
    assert all(0.9 < c.mean < 1.3 for c in CHANNELS if c.optical)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("B2", "B02"),
        ("b02", "B02"),
        ("band_2", "B02"),
        ("Band 12", "B12"),
        ("T51TVF_20200101T012345_B02_10m", "B02"),
        ("blue", "B02"),
        ("NIR", "B08"),
        ("elevation", "DEM"),
        ("AP_12345_RT1.dem", "DEM"),
        ("post_B03", "B03"),
        ("slope_deg", "slope"),
        ("B8A", None),
        ("T51TVF_20200101_B8A_20m", None),
        ("B13", None),
        ("SCL", None),
        ("", None),
        ("B02 and B03", None),
        ("2020", None),
    ],
)
def test_channel_names_are_recognised(text: str, name: str | None) -> None:
    assert channel_name(text) == name


@given(st.lists(st.sampled_from(NAMES)))
def test_in_order_sorts_and_removes_repeats(names: list[str]) -> None:
    ordered = in_order(names)
    assert set(ordered) == set(names)
    assert list(ordered) == sorted(set(names), key=NAMES.index)


@given(st.text(max_size=40))
def test_any_text_is_taken(text: str) -> None:
    assert channel_name(text) in {None, *NAMES}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Red Edge 1", "B05"),
        ("red-edge-3", "B07"),
        ("Vegetation red edge", None),
        ("NIR narrow", None),
        ("SWIR 1", "B11"),
        ("Coastal aerosol", "B01"),
        ("WVP", None),
        ("T33TVL_20200801T100031_WVP_10m", None),
        ("water_vapour", None),
        ("nir09", "B09"),
        ("TCI_red", None),
        ("MSK_QUALIT_B03", None),
        ("MSK_CLDPRB", None),
        ("visual red", None),
        ("LC09_L2SP_113030_20220920_SR_B5", None),
        ("LT05_L1TP_113030_19900920_B5", None),
        ("LC81130302018263LGN00_B5", None),
        ("SR_B5", None),
        ("sr_band5", None),
        ("HLS.L30.T54TWN.2018263T011600.v2.0.B05", None),
        ("HLS.S30.T54TWN.2018263T011600.v2.0.B05", "B05"),
        ("PSScene_AnalyticMS_blue", None),
        ("S2A_MSIL2A_20200801T100031_B05", "B05"),
        ("b1_blue", None),
        ("b3_red", None),
        ("B8 nir", "B08"),
        ("B5 red edge 1", "B05"),
        ("B1 coastal aerosol", "B01"),
    ],
)
def test_other_quantities_and_sensors_are_no_channels(text: str, name: str | None) -> None:
    assert channel_name(text) == name


@pytest.mark.parametrize(
    ("text", "sensor"),
    [
        ("LC08_L2SP_113030_20180920_20200830_02_T1", "Landsat"),
        ("LANDSAT_8", "Landsat"),
        ("HLS.L30.T54TWN.2018263T011600.v2.0", "Landsat (HLS L30)"),
        ("HLS.S30.T54TWN.2018263T011600.v2.0", None),
        ("MOD09GA.A2018263.h28v05.006", "MODIS"),
        ("S1A_IW_GRDH_1SDV_20180906T", "Sentinel-1"),
        ("S2A_MSIL1C_20180906T", None),
        ("Sentinel-2A", None),
        ("T54TWN_20180906T012649_B05", None),
        ("slc_study_B5", None),
        ("landslide_B05", None),
        ("island_B02", None),
        ("", None),
    ],
)
def test_sensors_are_told_apart(text: str, sensor: str | None) -> None:
    assert other_sensor(text) == sensor


@given(st.text(max_size=60))
def test_no_text_breaks_the_recognition(text: str) -> None:
    other_sensor(text), other_quantity(text), is_narrow_infrared(text)


@pytest.mark.parametrize(
    ("descriptions", "expected"),
    [
        (("Band 1", "Band 2", "Band 3"), ["", "", ""]),
        (("Band_1",), [""]),
        (("layer.1", "layer.2"), ["", ""]),
        (("Band 2", "Band 3", "Band 4"), ["Band 2", "Band 3", "Band 4"]),
        (("B1", "B2"), ["B1", "B2"]),
        ((None, " blue "), ["", "blue"]),
    ],
)
def test_descriptions_that_programs_invent_tell_nothing(
    descriptions: tuple[str | None, ...], expected: list[str]
) -> None:
    assert described(descriptions) == expected


def test_the_vegetation_index_is_one_for_arrays_and_tensors() -> None:
    red = np.array([400.0, 2000.0, -30.0, np.nan], np.float32)
    infrared = np.array([3600.0, 2000.0, 999.0, 5.0], np.float32)
    wanted = [0.8, 0.0, 0.998, np.nan]  # a negative reflectance counts as 1 DN
    found = ndvi(red, infrared)
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert found.dtype == np.float32
    tensors = ndvi(torch.from_numpy(red), torch.from_numpy(infrared))
    np.testing.assert_array_equal(tensors.numpy(), found)
