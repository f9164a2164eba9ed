"""The bundled model's training: resumes to the same weights, and its loss prefers the truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.events import Event, Reporter
from engine.models.losses import total_loss
from engine.samples.maker import Area, SampleConfig
from engine.training.light import (
    CHECKPOINT,
    MEMBERS,
    NORMALIZATION,
    SUBSETS,
    WEIGHTS,
    mark_uncertain,
    network_of,
    train_network,
)

TINY = replace(
    MEMBERS["textured"], steps=3, batch_size=2, samples=SampleConfig(size_px=32, details=0.3)
)


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
    whole = train_network(labelled, negatives, tmp_path / "whole", config=TINY, seed=1)

    def stop(event: Event) -> None:
        if getattr(event, "done", 0) == 2:
            raise _StopError

    with pytest.raises(_StopError):
        train_network(
            labelled,
            negatives,
            tmp_path / "cut",
            config=TINY,
            seed=1,
            save_every=1,
            reporter=Reporter(stop),
        )
    assert (tmp_path / "cut" / CHECKPOINT).exists()
    resumed = train_network(
        labelled, negatives, tmp_path / "cut", config=TINY, seed=1, save_every=1
    )
    assert all(
        torch.allclose(whole[name].float(), resumed[name].float(), atol=1e-6) for name in whole
    )
    assert [p.name for p in (tmp_path / "cut").iterdir()] == [WEIGHTS]
    other = train_network(
        labelled, negatives, tmp_path / "cut", config=replace(TINY, lr=1e-2), seed=1
    )
    assert not all(torch.equal(whole[name], other[name]) for name in whole)


def test_the_networks_members_have_the_weights_that_were_trained(tmp_path: Path) -> None:
    weights = {
        name: train_network(
            *two_areas(), tmp_path / name, config=replace(config, steps=2, batch_size=2), seed=1
        )
        for name, config in MEMBERS.items()
    }
    model = network_of(weights)
    assert not model.training
    for name, member in zip(MEMBERS, model.network.members, strict=True):
        assert all(
            torch.equal(value, weights[name][key]) for key, value in member.state_dict().items()
        )
    assert (
        len({len(member.state_dict()["encoder.0.weight"][0]) for member in model.network.members})
        == 2
    )


def loss_of(logits: torch.Tensor, mask: torch.Tensor) -> float:
    return float(total_loss(TINY.loss, logits, mask)[0])


def test_the_loss_prefers_the_truth() -> None:
    mask = torch.zeros(1, 8, 8)
    mask[:, 2:5, 2:5] = 1
    good, bad = (mask * 2 - 1) * 4, (1 - mask * 2) * 4
    assert loss_of(good, mask) < loss_of(torch.zeros_like(mask), mask)
    assert loss_of(torch.zeros_like(mask), mask) < loss_of(bad, mask)


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
    assert loss_of(alarm, doubtful) < loss_of(alarm, wrong)


def test_every_subset_has_the_required_bands() -> None:
    for names in SUBSETS.values():
        assert {"B02", "B03", "B04"} <= set(names)
