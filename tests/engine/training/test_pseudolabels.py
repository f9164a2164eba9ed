"""Selections of pseudo-labels on hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.training.adapting.pseudolabels import (
    by_confidence,
    by_threshold,
    by_uncertainty,
    pseudo_labels,
    selection_summary,
)
from engine.training.configuration import AdaptationConfig


def test_threshold_keeps_both_sure_sides():
    probability = np.array([[[0.9, 0.7, 0.69, 0.5, 0.31, 0.3, 0.0]]], np.float32)
    assert by_threshold(probability, 0.7)[0, 0].tolist() == [1, 1, 255, 255, 255, 0, 0]


def test_confidence_keeps_the_surest_share_of_each_class():
    probability = np.array([[[0.95, 0.6, 0.9, 0.7, 0.01, 0.4, 0.2, 0.3]]], np.float32)
    assert by_confidence(probability, 0.5)[0, 0].tolist() == [1, 255, 1, 255, 0, 255, 0, 255]
    assert by_confidence(probability, 1.0)[0, 0].tolist() == [1, 1, 1, 1, 0, 0, 0, 0]


def test_uncertainty_selects_class_by_class_with_its_own_share():
    probability = np.array([[[0.9] * 10 + [0.1] * 10]], np.float32)
    variance = np.array([[list(range(10)) + list(range(10))]], np.float32)
    kept = by_uncertainty(probability, variance, 0.9, 0.7)[0, 0].tolist()
    assert kept == [1] * 7 + [255] * 3 + [0] * 9 + [255]


@given(st.integers(0, 50), st.sampled_from(["threshold", "top", "uncertainty", "all"]))
def test_no_selection_ever_turns_a_prediction_round(seed, selection):
    random = np.random.default_rng(seed)
    probability = random.random((2, 5, 5)).astype(np.float32)
    variance = random.random((2, 5, 5)).astype(np.float32)
    config = AdaptationConfig(selection=selection, top=0.6)
    masks = pseudo_labels(probability, variance, config)
    assert (probability[masks == 1] >= 0.5).all()
    assert (probability[masks == 0] < 0.5).all()
    shares = selection_summary(masks)
    assert sum(shares.values()) == pytest.approx(1)
    if selection == "all":
        assert shares["ignored"] == 0
