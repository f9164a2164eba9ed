"""Calibration on held-out patches: counts, thresholds, temperature, shifts for missing channels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from training_cases import LIGHT_NORMALIZATION, tiny

from engine.bands import NAMES
from engine.errors import ConfigError
from engine.events import Log, Reporter
from engine.models.networks import build
from engine.samples.maker import Area
from engine.training.calibration import (
    Calibration,
    LogitCounts,
    apply_calibration,
    best_threshold,
    calibrate,
    fit,
    highest_logit,
)
from engine.training.configuration import CalibrationConfig


def counts_of(logits, masks):
    return LogitCounts.count((1 / (1 + np.exp(-logits))).astype(np.float32), masks)


def drawn(seed, slope=0.5, offset=1.0, count=60_000):
    """Logits, and landslides as likely as ``slope * (logit - offset)`` says."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, count)
    likely = 1 / (1 + np.exp(-slope * (logits - offset)))
    return logits, (rng.random(count) < likely).astype(np.uint8)


def test_counts_give_the_scores_of_the_pixels():
    logits, masks = drawn(1)
    masks[:50] = 255
    counts = counts_of(logits, masks)
    predicted, known = logits >= 0.5, masks != 255
    hit = (predicted & (masks == 1)).sum()
    f1 = 2 * hit / (predicted[known].sum() + (masks == 1).sum())
    assert counts.scores(0.5)["f1"] == pytest.approx(f1, abs=2e-3)
    assert (counts + counts).scores(0.5) == counts.scores(0.5)


@settings(max_examples=30, deadline=None)
@given(by=st.floats(-3, 3), at=st.floats(-3, 3))
def test_shifting_the_logits_shifts_the_threshold(by, at):
    by, at = round(by, 2), round(at, 2)
    steps = round(by / 0.02) * 0.02
    counts = counts_of(*drawn(2, count=2000))
    moved = counts.shifted(by)
    assert moved.positive.sum() == counts.positive.sum()
    assert moved.scores(at + steps)["f1"] == pytest.approx(counts.scores(at)["f1"], abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(slope=st.floats(0.3, 2.0), offset=st.floats(-1.5, 1.5), seed=st.integers(0, 100))
def test_platt_finds_the_offset_and_temperature_that_the_labels_were_drawn_with(
    slope, offset, seed
):
    counts = counts_of(*drawn(seed, slope, offset))
    found = fit(counts, CalibrationConfig(method="platt"))
    assert found == pytest.approx((offset, 1 / slope), rel=0.08, abs=0.08)


def test_a_temperature_alone_leaves_the_offset():
    counts = counts_of(*drawn(3, 0.5, 0.0))
    assert fit(counts, CalibrationConfig(method="temperature")) == pytest.approx((0, 2), abs=0.05)
    assert fit(counts, CalibrationConfig()) == (0, 1)


def test_labels_that_contradict_the_network_leave_it_as_it_is_and_are_told():
    logits, masks = drawn(4)
    said = []
    wrong = counts_of(-logits, masks)
    assert fit(wrong, CalibrationConfig(method="platt"), Reporter(said.append)) == (0, 1)
    assert [e.code for e in said if isinstance(e, Log)] == ["training-not-calibrated"]


def test_the_highest_threshold_that_is_as_good_is_chosen():
    counts = counts_of(*drawn(5))
    best, tolerant = best_threshold([counts]), best_threshold([counts], 0.02)
    assert tolerant > best
    assert counts.scores(tolerant)["f1"] > counts.scores(best)["f1"] - 0.03


def sets(**changes):
    few = ["B02", "B03", "B04"]
    return tiny(
        calibration={
            "method": "platt",
            "sets": {"all": list(NAMES), "few": few},
            "guiding": ["all"],
            "missing": {"B12": "few"},
            **changes,
        }
    )


def test_a_missing_channel_shifts_the_logits_so_that_one_threshold_serves_all():
    logits, masks = drawn(6, slope=1.5)
    fold = {
        ("all", "dataset"): counts_of(logits, masks),
        ("few", "dataset"): counts_of(logits - 1.4, masks),
    }
    found = calibrate(sets(), [fold])
    assert dict(found.missing_shift)["B12"] == pytest.approx(1.4, abs=0.1)
    f1 = {name: counts.scores(found.at)["f1"] for (name, _), counts in found.held.items()}
    assert f1["few"] == pytest.approx(f1["all"], abs=0.01)
    assert found.threshold == pytest.approx(
        1 / (1 + np.exp(-found.at / found.temperature)), abs=1e-3
    )


def area(seed=0):
    rng = np.random.default_rng(seed)
    mean = np.array(LIGHT_NORMALIZATION.mean, np.float32)[:, None, None]
    image = mean * (1 + 0.3 * rng.standard_normal((14, 40, 40), dtype=np.float32))
    return Area(torch.from_numpy(image), torch.zeros(40, 40), "plain")


def test_without_terrain_no_pixel_of_free_ground_reaches_the_threshold():
    torch.manual_seed(3)
    model = build({"builder": "neighbourhood", "width": 8}, 14).eval()
    torch.nn.init.normal_(model.network.head.weight, std=3.0)
    recipe = sets(quiet_without=["slope"], missing={})
    free = [area(1), area(2)]
    without = recipe.calibration.sets["few"]
    at = max(highest_logit(model, a, without, LIGHT_NORMALIZATION) for a in free) - 0.7
    found = Calibration(0.4, 1.3, (), at - 0.4, {})
    done = apply_calibration(model, found, recipe, LIGHT_NORMALIZATION, free)
    ((channel, by),) = done.missing_shift
    assert channel == "slope"
    assert by == pytest.approx(-0.7, abs=0.011)
    assert (model.offset, model.temperature) == (0.4, 1.3)
    assert model.missing_shift == ((NAMES.index("slope"), by),)
    for a in free:
        assert highest_logit(model, a, without, LIGHT_NORMALIZATION) <= done.at / 1.3 + 1e-5


@pytest.mark.parametrize(
    ("config", "match"),
    [
        ({"guiding": ["none such"]}, "lacks"),
        ({"missing": {"B12": "all"}, "sets": {"all": ["B02"]}}, "first set"),
        ({"sets": {"odd": ["B99"]}}, "unknown channels"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(config, match):
    with pytest.raises(ConfigError, match=match):
        tiny(calibration=config)
