"""Painted bare ground lies where it belongs, has the label that belongs to it, and leaves the rest
alone."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from training_cases import LIGHT_NORMALIZATION as NORMALIZATION

from engine.models.losses import UNCERTAIN
from engine.samples.bare_ground import paint_fields, paint_river_bars, paint_scars
from engine.samples.maker import Area, SampleConfig, SampleMaker

SOILS = torch.linspace(900, 2600, 12)[:, None] * torch.tensor([0.8, 1.0, 1.2])
SIDE = 48


def valley() -> torch.Tensor:
    """A valley that runs north to south: a level floor and two slopes of 35 degrees, dark and grown
    over."""
    image = torch.full((14, SIDE, SIDE), 300.0)
    image[7] = 3000.0
    image[12] = 35.0
    image[12, :, 18:30] = 1.0
    column = torch.arange(SIDE).float()
    image[13] = 500 + 7 * torch.maximum(18 - column, column - 29).clamp(min=0)
    return image


def changed(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    return (before != after).any(dim=0)


@given(seed=st.integers(0, 10_000), brightness=st.floats(0, 0.8))
def test_scars_lie_on_slopes_and_are_labelled(seed: int, brightness: float) -> None:
    image, mask = valley(), torch.zeros(SIDE, SIDE)
    painted, labels = paint_scars(
        image, mask, SOILS, np.random.default_rng(seed), brightness=brightness
    )
    where = changed(image, painted)
    assert not where[:, 18:30].any()
    assert set(labels.unique().tolist()) <= {0.0, 1.0, UNCERTAIN}
    assert where[labels > 0].all()
    assert torch.equal(painted[12:], image[12:])
    assert (painted > 0).all()
    assert painted.isfinite().all()


def test_scars_are_painted_but_for_the_few_whose_place_is_level() -> None:
    painted = [
        paint_scars(
            valley(), torch.zeros(SIDE, SIDE), SOILS, np.random.default_rng(seed), brightness=0.3
        )[0]
        for seed in range(100)
    ]
    assert sum(bool(changed(valley(), image).any()) for image in painted) >= 90


@given(seed=st.integers(0, 10_000))
def test_bars_lie_on_the_level_and_are_background(seed: int) -> None:
    image, mask = valley(), torch.ones(SIDE, SIDE)
    painted, labels = paint_river_bars(
        image, mask, SOILS, np.random.default_rng(seed), brightness=0.3
    )
    where = changed(image, painted)
    assert not where[:, :18].any()
    assert not where[:, 30:].any()
    assert (labels[~where] == 1).all()
    assert set(labels.unique().tolist()) <= {0.0, 1.0}


@given(seed=st.integers(0, 10_000))
def test_fields_never_become_landslides_and_never_lie_on_steep_ground(seed: int) -> None:
    image, mask = valley(), torch.ones(SIDE, SIDE)
    painted, labels = paint_fields(image, mask, SOILS, np.random.default_rng(seed))
    assert (labels[:, :18] == 1).all()
    assert (labels[:, 30:] == 1).all()
    assert set(labels.unique().tolist()) <= {0.0, 1.0}
    assert changed(image, painted)[labels == 0].all()


def test_scars_run_down_the_slope() -> None:
    """On slopes that fall to the east, painted scars are longer from west to east than from north
    to south."""
    image = valley()
    image[12], image[13] = 35.0, -7 * torch.arange(SIDE).float()
    east = south = 0.0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        labels = paint_scars(image, torch.zeros(SIDE, SIDE), SOILS, rng, brightness=0.3)[1] == 1
        east += float((labels[:, 1:] != labels[:, :-1]).float().mean())
        south += float((labels[1:] != labels[:-1]).float().mean())
    assert south > 1.15 * east


def test_the_colours_of_the_labelled_scars_are_used_and_none_is_needed() -> None:
    bare = valley()
    mask = torch.zeros(SIDE, SIDE)
    config = SampleConfig(
        size_px=32, scar_share=1.0, bar_share=1.0, field_share=1.0, cover_share=0.0, mixed_share=0.0
    )

    def landslides(labels: torch.Tensor) -> int:
        maker = SampleMaker(
            [Area(bare, labels)], [], normalization=NORMALIZATION, config=config, seed=0
        )
        return sum(int((maker.batch(step, 4)[1] == 1).sum()) for step in range(3))

    assert landslides(mask) == 0
    mask[0, 0] = 1
    assert landslides(mask) > 100
