import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bands import BY_NAME, CHANNELS, NAMES, OPTICAL, TERRAIN, channel_name, in_order


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
