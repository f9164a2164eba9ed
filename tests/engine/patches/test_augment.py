"""Augmentation: geometry keeps image and mask together, colour stays optical, chance comes from the
generator alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bands import NAMES
from engine.errors import ConfigError
from engine.patches.augment import (
    Augmentation,
    AugmentConfig,
    beta,
    enlarge_batch,
    mixup,
    rotate_and_zoom,
    turn_and_flip,
)


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch(count: int = 4, size: int = 16):
    image = torch.randn(count, len(NAMES), size, size, generator=chance(1))
    mask = (torch.rand(count, size, size, generator=chance(2)) < 0.3).to(torch.uint8)
    return image, mask


@given(st.integers(0, 100))
def test_turns_and_flips_move_mask_and_image_alike_and_lose_nothing(seed):
    image, mask = batch()
    image[:, 0] = mask
    turned, truth = turn_and_flip(image, mask, chance(seed))
    torch.testing.assert_close(turned[:, 0], truth.float())
    torch.testing.assert_close(turned.flatten(2).sort().values, image.flatten(2).sort().values)


@settings(max_examples=20)
@given(st.integers(0, 100))
def test_rotation_ignores_what_comes_from_outside_and_keeps_labels(seed):
    image, mask = batch(size=32)
    image[:, 0] = 5.0
    turned, truth = rotate_and_zoom(image, mask, chance(seed), angle_deg=45, zoom=1.5)
    assert set(truth.unique().tolist()) <= {0, 1, 255}
    torch.testing.assert_close(turned[:, 0], torch.full_like(turned[:, 0], 5.0))
    ones = rotate_and_zoom(image, torch.ones_like(mask), chance(seed), angle_deg=45, zoom=1.5)[1]
    assert set(ones.unique().tolist()) <= {1, 255}
    same, still = rotate_and_zoom(image, mask, chance(seed), angle_deg=0, zoom=1)
    torch.testing.assert_close(same, image, atol=1e-4, rtol=0)
    assert torch.equal(still, mask)


def test_rotation_takes_the_mask_along():
    image, mask = torch.zeros(6, 1, 65, 65), torch.zeros(6, 65, 65, dtype=torch.uint8)
    mask[:, 20:30, 30:50] = 1
    image[:, 0] = mask
    turned, truth = rotate_and_zoom(image, mask, chance(3), angle_deg=90, zoom=1.3)
    agree = ((turned[:, 0] > 0.5) == (truth == 1)) | (truth == 255)
    assert agree.float().mean() > 0.99


def test_colour_changes_optical_bands_only():
    image, mask = batch()
    new, truth = Augmentation(AugmentConfig(brightness=0.2, colour=0.2), NAMES)(
        image, mask, chance()
    )
    assert torch.equal(new[:, 12:], image[:, 12:])
    assert not torch.isclose(new[:, :12], image[:, :12]).all(dim=(0, 2, 3)).any()
    assert torch.equal(truth, mask)


def test_dropped_groups_are_zero_together():
    image, mask = batch(64)
    config = AugmentConfig(
        drop_groups={"terrain": ["slope", "DEM"], "cirrus": ["B10"]}, drop={"terrain": 0.5}
    )
    new, _ = Augmentation(config, NAMES)(image, mask, chance())
    gone = (new == 0).all(dim=(2, 3))
    assert torch.equal(gone[:, 12], gone[:, 13])
    assert 15 < int(gone[:, 12].sum()) < 50
    assert not gone[:, :12].any()


def test_pasting_moves_optical_landslides_to_steep_valid_ground():
    image, mask = batch()
    mask[1, :4] = 255
    new, truth = Augmentation(AugmentConfig(paste=1.0, paste_min_slope=0.0), NAMES)(
        image, mask, chance()
    )
    came = (truth == 1) & (mask != 1)
    assert came.any()
    assert (image[:, 12][came] >= 0).all()
    assert torch.equal(truth == 255, mask == 255)
    donor = image.roll(1, dims=0)
    assert torch.equal(new[:, 3][came], donor[:, 3][came])
    assert torch.equal(new[:, 12:], image[:, 12:])


def test_the_seed_alone_decides():
    image, mask = batch()
    config = AugmentConfig(
        flip=True, quarter_turns=True, rotation_deg=20, zoom=1.2, colour=0.1, noise=0.1, paste=0.5
    )
    first = Augmentation(config, NAMES)(image, mask, chance(7))
    second = Augmentation(config, NAMES)(image, mask, chance(7))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


def test_mixup_is_linear_and_its_weight_follows_the_beta_distribution():
    image, _ = batch()
    mixed, partner, weight = mixup(image, 0.4, chance(5))
    torch.testing.assert_close(mixed, weight * image + (1 - weight) * image[partner])
    generator = chance(0)
    draws = np.array([beta(2.0, generator) for _ in range(4000)])
    assert draws.mean() == pytest.approx(0.5, abs=0.02)
    assert draws.var() == pytest.approx(1 / 20, abs=0.005)


def test_scale_promotion_keeps_the_share_of_landslide():
    image, mask = batch()
    bigger, truth = enlarge_batch(image, mask, 4)
    assert bigger.shape[-2:] == truth.shape[-2:] == (64, 64)
    assert math.isclose(float(truth.float().mean()), float(mask.float().mean()), rel_tol=1e-6)
    assert enlarge_batch(image, mask, 1)[0] is image


@pytest.mark.parametrize(
    "values",
    [
        {"drop": {"x": 0.5}},
        {"drop_groups": {"x": ["B99"]}},
        {"zoom": 0.5},
        {"paste": 2.0},
        {"mixup": -1.0},
    ],
)
def test_nonsense_is_refused(values):
    with pytest.raises(ConfigError):
        AugmentConfig(**values)
