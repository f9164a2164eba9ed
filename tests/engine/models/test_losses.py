"""Losses against closed forms and hand-made cases."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ConfigError
from engine.models.losses import (
    LOSSES,
    LossConfig,
    hard_pixels,
    image_level_cross_entropy,
    total_loss,
)

CONFIG = LossConfig()


def batch(seed: int = 0, size: int = 8):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(3, size, size, generator=generator, requires_grad=True)
    target = (torch.rand(3, size, size, generator=generator) < 0.2).to(torch.uint8)
    return logits, target


@pytest.mark.parametrize("name", list(LOSSES))
def test_ignored_pixels_change_nothing_and_get_no_gradient(name):
    logits, target = batch()
    target[:, :2] = 255
    loss = LOSSES[name](logits, target, CONFIG)
    loss.backward()
    assert logits.grad is not None
    assert torch.all(logits.grad[:, :2] == 0)
    assert torch.any(logits.grad[:, 2:] != 0)
    other = logits.detach().clone()
    other[:, :2] = 50.0
    torch.testing.assert_close(LOSSES[name](other, target, CONFIG), loss.detach())


@pytest.mark.parametrize("name", list(LOSSES))
def test_all_ignored_is_zero_and_can_be_differentiated(name):
    logits, target = batch()
    loss = LOSSES[name](logits, torch.full_like(target, 255), CONFIG)
    loss.backward()
    assert float(loss.detach()) == 0
    assert torch.all(logits.grad == 0)


@pytest.mark.parametrize("name", list(LOSSES))
def test_uncertain_background_is_background_where_no_weight_says_otherwise(name):
    logits, target = batch()
    marked = torch.where(
        (target == 0)
        & (torch.rand(target.shape, generator=torch.Generator().manual_seed(1)) < 0.3),
        2,
        target,
    )
    torch.testing.assert_close(
        LOSSES[name](logits, marked, CONFIG), LOSSES[name](logits, target, CONFIG)
    )


def test_noisy_cross_entropy_and_dice_against_their_formulas():
    logits, target = batch()
    target[0, :4] = torch.where(target[0, :4] == 0, 2, target[0, :4])
    target[1, 0] = 255
    config = LossConfig(smoothing=0.1, positive_weight=3.0, uncertain_weight=0.25)
    x, y = logits.detach().double().numpy(), target.numpy()
    p = 1 / (1 + np.exp(-x))
    weight = np.select([y == 255, y == 2], [0.0, 0.25], 1.0)
    soft = np.where(y == 1, 0.95, 0.05)
    entropy = -(3.0 * soft * np.log(p) + (1 - soft) * np.log(1 - p))
    expected = (weight * entropy).sum() / weight.sum()
    assert float(LOSSES["noisy_cross_entropy"](logits.detach(), target, config)) == pytest.approx(
        expected, rel=1e-5
    )
    expected = 1 - (2 * (weight * p * (y == 1)).sum() + 1) / (
        (weight * p).sum() + (y == 1).sum() + 1
    )
    assert float(LOSSES["dice"](logits.detach(), target, config)) == pytest.approx(
        expected, rel=1e-5
    )


@pytest.mark.parametrize("name", list(LOSSES))
def test_better_predictions_cost_less_and_half_precision_works(name):
    _, target = batch()
    good = (target.float() * 2 - 1) * 6
    config = LossConfig(terms={name: 1.0}, smoothing=0.0)
    right, _ = total_loss(config, good.bfloat16()[:, None], target)
    wrong, _ = total_loss(config, -good.bfloat16()[:, None], target)
    assert right.dtype == torch.float32
    assert float(right) < 0.2 < float(wrong)


def brute_force_lovasz(errors: np.ndarray, truth: np.ndarray) -> float:
    """The Lovász extension of the Jaccard loss as its Choquet integral over the levels of the
    errors."""

    def jaccard_of(missed: np.ndarray) -> float:
        union = truth.sum() + (missed & ~truth).sum()
        return 0.0 if union == 0 else 1 - (truth & ~missed).sum() / union

    levels = np.unique(np.concatenate([[0.0], errors[errors > 0]]))
    return sum((high - low) * jaccard_of(errors > low) for low, high in itertools.pairwise(levels))


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(-3, 3), st.booleans()), min_size=1, max_size=9))
def test_lovasz_is_the_jaccard_extension(pixels):
    scores = np.array([p[0] for p in pixels], np.float32)
    truth = np.array([p[1] for p in pixels])
    errors = np.maximum(1 - scores * np.where(truth, 1.0, -1.0), 0)
    loss = LOSSES["lovasz"](
        torch.from_numpy(scores)[None, None],
        torch.from_numpy(truth.astype(np.uint8))[None, None],
        CONFIG,
    )
    assert float(loss) == pytest.approx(brute_force_lovasz(errors, truth), abs=1e-4)


def test_ohem_keeps_the_uncertain_pixels_and_at_least_its_share():
    probability = torch.tensor([[0.99, 0.6, 0.95, 0.2, 0.9, 0.9, 0.9, 0.9]])
    logits = torch.logit(probability)[None]
    target = torch.ones(1, 1, 8, dtype=torch.uint8)
    assert (
        hard_pixels(logits, target, 0.7, 0.1)[0, 0].tolist()
        == [False, True, False, True] + [False] * 4
    )
    target[0, 0, 3] = 255
    assert hard_pixels(logits, target, 0.7, 0.1)[0, 0].tolist() == [False, True] + [False] * 6
    easy = torch.full((1, 1, 8), 8.0)
    easy[0, 0, 5] = 7.0
    assert hard_pixels(easy, torch.ones(1, 1, 8, dtype=torch.uint8), 0.7, 0.125)[
        0, 0
    ].nonzero().flatten().tolist() == [5]


def test_weighted_cross_entropy_weights_by_image_and_is_clamped():
    logits = torch.zeros(2, 1, 5)
    target = torch.tensor([[[1, 0, 0, 0, 0]], [[0, 0, 0, 0, 0]]], dtype=torch.uint8)
    log2 = math.log(2)
    assert float(LOSSES["weighted_cross_entropy"](logits, target, CONFIG)) == pytest.approx(
        log2 * (4 + 4 + 5) / 10
    )
    clamped = LossConfig(max_positive_weight=2.0)
    assert float(LOSSES["weighted_cross_entropy"](logits, target, clamped)) == pytest.approx(
        log2 * (2 + 4 + 5) / 10
    )


def test_smoothing_and_focal_closed_forms():
    logits = torch.tensor([[[2.0]]])
    target = torch.ones(1, 1, 1, dtype=torch.uint8)
    p = 1 / (1 + math.exp(-2))
    soft = LOSSES["soft_cross_entropy"](logits, target, LossConfig(smoothing=0.2))
    assert float(soft) == pytest.approx(-0.9 * math.log(p) - 0.1 * math.log(1 - p), rel=1e-5)
    focal = LOSSES["focal"](logits, target, LossConfig(gamma=2, alpha=0.25))
    assert float(focal) == pytest.approx(0.25 * (1 - p) ** 2 * -math.log(p), rel=1e-5)


def test_image_level_loss_counts_both_classes_and_skips_unlabelled_images():
    target = torch.zeros(3, 4, 4, dtype=torch.uint8)
    target[0, 0, 0] = 1
    target[2] = 255
    loss = image_level_cross_entropy(torch.tensor([[1.0], [1.0], [9.0]]), target)
    assert float(loss) == pytest.approx(
        (math.log(1 + math.exp(-1)) + math.log(1 + math.e)) / 2, rel=1e-5
    )


def test_total_is_the_weighted_sum_of_its_parts():
    logits, target = batch()
    config = LossConfig(terms={"cross_entropy": 0.5, "jaccard": 2.0}, image_level=0.1)
    whole = torch.zeros(3, 1)
    total, parts = total_loss(config, logits[:, None], target, whole)
    assert set(parts) == {"cross_entropy", "jaccard", "image_level"}
    assert float(total.detach()) == pytest.approx(sum(float(p) for p in parts.values()), rel=1e-6)
    assert float(parts["image_level"]) == pytest.approx(0.1 * math.log(2), rel=1e-5)


@pytest.mark.parametrize(
    "values", [{"terms": {}}, {"terms": {"hinge": 1.0}}, {"smoothing": 1.0}, {"ohem_share": 0.0}]
)
def test_bad_configurations_are_refused(values):
    with pytest.raises(ConfigError):
        LossConfig(**values)


def test_jaccard_and_soft_cross_entropy_against_their_formulas():
    logits, target = batch()
    probability = torch.sigmoid(logits.detach().double())
    truth = target.double()
    hit, union = (probability * truth).sum(), (probability + truth - probability * truth).sum()
    expected = 1 - (hit + 1) / (union + 1)  # over the batch, smoothed by one pixel
    torch.testing.assert_close(
        LOSSES["jaccard"](logits.detach(), target, CONFIG).double(), expected, atol=1e-5, rtol=1e-5
    )
    soft = truth * (1 - CONFIG.smoothing) + CONFIG.smoothing / 2
    entropy = -(soft * probability.log() + (1 - soft) * (1 - probability).log()).mean()
    found = LOSSES["soft_cross_entropy"](logits.detach(), target, CONFIG).double()
    torch.testing.assert_close(found, entropy, atol=1e-5, rtol=1e-5)
