import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.errors import ConfigError
from engine.models.normalization import (
    ChannelStatistics,
    Normalization,
    StatisticsAccumulator,
    training_statistics,
)
from engine.settings import parse

NORMALIZATION = Normalization(
    ("B02", "slope", "DEM"),
    ("scene", "fixed", "centre"),
    (760.0, 25.0, 1200.0),
    (180.0, 14.0, 800.0),
)
blocks = st.lists(
    arrays(
        np.float32,
        st.tuples(st.just(2), st.integers(1, 6), st.integers(1, 6)),
        elements=st.floats(-1e4, 1e4, width=32),
    ),
    min_size=1,
    max_size=5,
)


def scene(mean: tuple[float, ...], std: tuple[float, ...], count: int = 10**6) -> ChannelStatistics:
    return ChannelStatistics(
        ("B02", "slope", "DEM"), np.full(3, count), np.array(mean), np.array(std)
    )


@given(blocks)
def test_merged_statistics_equal_those_of_all_pixels_at_once(parts: list[np.ndarray]) -> None:
    accumulator = StatisticsAccumulator(["B02", "B03"])
    for part in parts:
        accumulator.add(part)
    merged = accumulator.result()
    together = np.concatenate([part.reshape(2, -1) for part in parts], axis=1).astype(np.float64)
    assert merged.count.tolist() == [together.shape[1]] * 2
    assert merged.mean == pytest.approx(together.mean(axis=1), abs=1e-6)
    assert merged.std == pytest.approx(together.std(axis=1), rel=1e-6, abs=1e-5)


def test_nan_does_not_count() -> None:
    accumulator = StatisticsAccumulator(["B02"])
    accumulator.add(np.array([[[1.0, np.nan, 3.0]]]))
    accumulator.add(np.full((1, 2, 2), np.nan))
    result = accumulator.result()
    assert (result.count[0], result.mean[0], result.std[0]) == (2, 2.0, 1.0)


def test_modes() -> None:
    shift, scale = NORMALIZATION.affine(scene((1000, 5, 300), (400, 2, 50)))
    assert shift.tolist() == [1000, 25, 300]
    assert scale.tolist() == [400, 14, 800]


def test_a_scene_without_contrast_is_not_blown_up() -> None:
    _, scale = NORMALIZATION.affine(scene((1000, 5, 300), (1, 2, 50)))
    assert scale[0] == 90


def test_small_areas_lean_on_the_training_statistics() -> None:
    shift, scale = NORMALIZATION.affine(scene((1160, 5, 300), (380, 2, 50), count=16384 // 4))
    assert shift[0] == pytest.approx(760 + 0.25 * 400)
    assert scale[0] == pytest.approx(180 + 0.25 * 200)


def test_nothing_known_of_the_scene_means_training_statistics() -> None:
    for statistics in (None, scene((0, 0, 0), (0, 0, 0), count=0)):
        shift, scale = NORMALIZATION.affine(statistics)
        assert shift.tolist() == [760, 25, 1200]
        assert scale.tolist() == [180, 14, 800]


def test_missing_channels_and_nodata_become_the_mean() -> None:
    affine = NORMALIZATION.affine(None)
    raw = np.array([[[2000.0, np.nan]], [[940.0, 1e9]]], np.float32)
    result = NORMALIZATION.apply(raw, ["DEM", "B02"], affine)
    assert result.shape == (3, 1, 2)
    assert result[0, 0].tolist() == [1.0, 6.0]
    assert result[1, 0].tolist() == [0.0, 0.0]
    assert result[2, 0].tolist() == [1.0, 0.0]


def test_it_survives_its_card() -> None:
    assert (
        parse(Normalization, json.loads(json.dumps(asdict(NORMALIZATION))), "card", "")
        == NORMALIZATION
    )


def test_nonsense_is_refused() -> None:
    with pytest.raises(ConfigError, match="numbers differ"):
        replace(NORMALIZATION, mean=(1.0,))
    with pytest.raises(ConfigError, match="positive"):
        replace(NORMALIZATION, std=(1.0, 0.0, 1.0))
    with pytest.raises(ConfigError, match="not other"):
        replace(NORMALIZATION, modes=("scene", "fixed", "other"))  # type: ignore[arg-type]


def test_training_statistics_are_in_raw_units() -> None:
    mean, std = training_statistics(["slope", "DEM"])
    assert mean == pytest.approx((1.2511 * 20.29228266, 1.6495 * 772.83144788))
    assert std == pytest.approx((0.6784 * 20.29228266, 1.0727 * 772.83144788))


RELIEF = replace(
    NORMALIZATION,
    modes=("scene", "relief", "centre"),
    min_pixels=1,
    relief_exponent=2.5,
    largest_gain=3.0,
)


def slope_seen(mean: float, std: float, raw: float, by: Normalization = RELIEF) -> float:
    """A slope as a model sees it in a scene of these statistics."""
    scene = ChannelStatistics(("slope",), np.array([100]), np.array([mean]), np.array([std]))
    shift, scale = by.affine(scene)
    return float((raw - shift[1]) / scale[1])


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.5])
def test_a_gentler_mountains_slopes_count_as_the_training_s(exponent: float) -> None:
    # The training's steepness is 25 + 14² / 25 = 32.84 degrees, this scene's 20 + 10² / 20 = 25.
    seen = slope_seen(20.0, 10.0, 30.0, replace(RELIEF, relief_exponent=exponent))
    assert seen == pytest.approx((30.0 * (32.84 / 25.0) ** exponent - 25.0) / 14.0, rel=1e-5)


@given(share=st.floats(0.05, 1.0))
def test_a_plain_beside_the_mountains_changes_nothing(share: float) -> None:
    slopes = np.random.default_rng(0).uniform(5, 30, 1000)
    mixed = np.concatenate([slopes, np.zeros(round(1000 / share) - 1000)])
    alone = slope_seen(slopes.mean(), slopes.std(), 20.0)
    assert slope_seen(mixed.mean(), mixed.std(), 20.0) == pytest.approx(alone, rel=1e-5)


def test_steeper_mountains_stay_as_they_are_and_plains_stay_plains() -> None:
    assert slope_seen(35.0, 14.0, 30.0) == pytest.approx((30.0 - 25.0) / 14.0, rel=1e-5)
    assert slope_seen(1.0, 1.0, 2.0) == pytest.approx((2.0 * 3.0 - 25.0) / 14.0, rel=1e-5)
    assert slope_seen(0.0, 0.0, 0.0) == pytest.approx(-25.0 / 14.0, rel=1e-5)


@given(mean=st.floats(0, 60), std=st.floats(0, 30), raw=st.floats(0, 80))
def test_relief_never_makes_a_slope_gentler(mean: float, std: float, raw: float) -> None:
    assert slope_seen(mean, std, raw) >= (raw - 25.0) / 14.0 - 1e-4


def test_how_relief_is_read_is_kept_in_the_card_and_an_earlier_card_reads_it_in_proportion() -> (
    None
):
    card = json.loads(json.dumps(asdict(RELIEF)))
    assert parse(Normalization, card, "card", "") == RELIEF
    del card["relief_exponent"], card["largest_gain"]
    earlier = replace(RELIEF, relief_exponent=1.0, largest_gain=1.8)
    assert parse(Normalization, card, "card", "") == earlier


@pytest.mark.parametrize("wrong", [{"relief_exponent": -1.0}, {"largest_gain": 0.5}])
def test_a_relief_that_would_make_slopes_gentler_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"(relief_exponent is 0|largest_gain is 1) or more"):
        replace(RELIEF, **wrong)
