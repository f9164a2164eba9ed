"""Varied scenes: shapes, missing bands, labels, and that a batch is a function of its seed and
step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter
from training_cases import LIGHT_NORMALIZATION as NORMALIZATION

from engine.bands import NAMES
from engine.errors import ConfigError
from engine.samples.covers import paint_cover
from engine.samples.maker import Area, SampleConfig, SampleMaker, warp
from engine.samples.variation import (
    flat_terrain,
    vary_details,
    vary_image,
    vary_radiometry,
    vary_terrain,
    vegetation_share,
)

SMALL = SampleConfig(size_px=32, subsets=((NAMES, 1.0),))


def ground(rows: int = 48, columns: int = 64, seed: int = 0) -> Area:
    """Forest on a slope with one bright bare scar."""
    rng = np.random.default_rng(seed)
    mean = np.array(NORMALIZATION.mean, np.float32)[:, None, None]
    image = mean * (1 + 0.05 * rng.standard_normal((14, rows, columns), dtype=np.float32))
    mask = np.zeros((rows, columns), np.float32)
    mask[10:30, 20:40] = 1
    image[3, 10:30, 20:40] = 1500
    return Area(torch.from_numpy(image), torch.from_numpy(mask))


def plain(seed: int = 1) -> Area:
    area = ground(seed=seed)
    image = area.image.clone()
    image[[9, 12, 13]] = torch.nan
    return Area(image, torch.zeros_like(area.mask), "plain")


def maker(
    config: SampleConfig = SMALL, negatives: tuple[Area, ...] = (), seed: int = 3
) -> SampleMaker:
    return SampleMaker([ground()], negatives, normalization=NORMALIZATION, config=config, seed=seed)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.5, 1.0]))
def test_variation_keeps_shape_and_makes_no_number_infinite(seed: int, strength: float) -> None:
    rng = np.random.default_rng(seed)
    area = ground()
    optical = vary_image(vary_radiometry(area.image[:12], rng, strength), rng, strength)
    terrain = vary_terrain(area.image[12:], rng)
    assert optical.shape == (12, 48, 64)
    assert torch.isfinite(optical).all()
    assert torch.isfinite(terrain).all()
    assert (terrain[0] >= 0).all()
    assert (terrain[0] <= 85).all()


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_details_grow_or_shrink_in_all_bands_alike_around_what_they_stand_out_from(
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    image = torch.from_numpy(rng.uniform(500, 1500, (12, 30, 40)).astype(np.float32))
    varied = vary_details(image, np.random.default_rng(seed), 0.35)
    factor = float(np.exp(0.35 * np.random.default_rng(seed).normal()))
    around = torch.from_numpy(
        np.stack([uniform_filter(band, 9, mode="nearest") for band in image.numpy()])
    )
    torch.testing.assert_close(varied - around, factor * (image - around), rtol=1e-3, atol=0.1)


def test_details_of_samples_vary_where_it_is_asked_for() -> None:
    sharp, again = (maker(replace(SMALL, details=spread)).batch(2, 6)[0] for spread in (1.0, 0.0))
    assert not torch.allclose(sharp, again)


def test_strength_0_leaves_the_radiometry_alone() -> None:
    image = ground().image[:12]
    for seed in range(10):
        assert torch.equal(vary_radiometry(image, np.random.default_rng(seed), 0.0), image)


def test_bare_ground_is_not_vegetation() -> None:
    area = ground()
    share = vegetation_share(area.image[:12])
    assert share[area.mask == 1].max() < 0.2
    assert share[area.mask == 0].min() > 0.6


def test_plains_are_flat() -> None:
    for seed in range(20):
        assert flat_terrain(20, 30, np.random.default_rng(seed))[0].median() < 8


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_what_is_covered_is_no_landslide_and_the_rest_keeps_its_label(seed: int) -> None:
    area = ground()
    image, mask = paint_cover(area.image, area.mask, np.random.default_rng(seed))
    assert image.shape == area.image.shape
    assert torch.isfinite(image).all()
    assert ((mask == 0) | (area.mask == 1)).all()
    assert not torch.equal(image[:12], area.image[:12])


def test_an_exact_quarter_turn_moves_image_and_mask_together() -> None:
    area = ground(32, 32)
    both = Area(area.mask.expand(14, -1, -1).clone(), area.mask)
    for seed in range(20):
        image, mask = warp(both, SMALL, np.random.default_rng(seed))
        assert ((image[0] > 0.5) == (mask == 1)).float().mean() > 0.97


def test_a_batch_is_a_function_of_seed_and_step() -> None:
    first, again, other = maker(), maker(), maker(seed=4)
    image, mask = first.batch(5, 3)
    repeated, _ = again.batch(5, 3)
    assert torch.equal(image, repeated)
    assert not torch.equal(image, first.batch(6, 3)[0])
    assert not torch.equal(image, other.batch(5, 3)[0])
    assert image.shape == (3, 14, 32, 32)
    assert set(mask.unique().tolist()) <= {0.0, 1.0}
    assert image.abs().max() <= NORMALIZATION.clip


def test_missing_channels_are_zero_as_the_runtime_gives_them() -> None:
    only = ("B02", "B03", "B04", "slope", "DEM")
    image, _ = maker(SampleConfig(size_px=32, subsets=((only, 1.0),))).batch(0, 4)
    for index, name in enumerate(NAMES):
        assert bool((image[:, index] == 0).all()) == (name not in only)


def test_negatives_without_a_band_never_show_it_and_hold_no_landslide() -> None:
    config = SampleConfig(size_px=32, negative_share=1.0, subsets=((NAMES, 1.0),))
    image, mask = maker(config, (plain(),)).batch(0, 6)
    assert (image[:, 9] == 0).all()
    assert (mask == 0).all()
    assert (image[:, 3] != 0).any()


def test_mixed_samples_have_no_landslide_in_the_foreign_piece() -> None:
    config = SampleConfig(
        size_px=32, mixed_share=1.0, cover_share=0.0, negative_share=0.0, subsets=((NAMES, 1.0),)
    )
    image, mask = maker(config, (plain(),)).batch(0, 8)
    assert torch.isfinite(image).all()
    assert mask.sum() > 0


def test_probabilities_that_do_not_sum_are_refused() -> None:
    with pytest.raises(ConfigError, match="sum"):
        SampleConfig(strengths={0.5: 0.4})
    with pytest.raises(ConfigError, match="sum"):
        SampleConfig(subsets=((NAMES, 0.8), (NAMES[:3], 0.4)))
