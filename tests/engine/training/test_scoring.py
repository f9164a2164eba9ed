"""Scores from histograms against counting pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.training.scoring import Histogram


@given(st.integers(0, 1000), st.sampled_from([0.2, 0.5, 0.7]))
def test_scores_are_those_of_counting_pixels(seed, threshold):
    random = np.random.default_rng(seed)
    steps = random.integers(0, 251, (2, 9, 9))
    masks = random.choice([0, 1, 255], (2, 9, 9)).astype(np.uint8)
    probabilities = (steps / 250).astype(np.float32)
    called, valid = steps >= round(threshold * 250), masks != 255
    hit = int((called & (masks == 1)).sum())
    false, missed = int((called & (masks == 0)).sum()), int((~called & valid & (masks == 1)).sum())
    scores = Histogram.count(probabilities, masks).scores(threshold)
    assert scores["f1"] == pytest.approx(2 * hit / max(1, 2 * hit + false + missed))
    assert scores["precision"] == pytest.approx(hit / max(1, hit + false))
    assert scores["iou"] == pytest.approx(hit / max(1, hit + false + missed))


def test_best_threshold_lies_between_separated_classes_and_is_half_without_landslide():
    probabilities = np.array([[0.3, 0.31, 0.6, 0.61]], np.float32)
    histogram = Histogram.count(probabilities, np.array([[0, 0, 1, 1]], np.uint8))
    assert 0.31 < histogram.best_threshold() <= 0.6
    assert histogram.scores(histogram.best_threshold())["f1"] == 1
    assert Histogram.empty().best_threshold() == 0.5


def test_histograms_add_up():
    a = Histogram.count(np.array([[0.5]], np.float32), np.array([[1]], np.uint8))
    both = a + a
    assert both.positive.sum() == 2
