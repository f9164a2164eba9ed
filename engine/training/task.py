"""What a run trains on what, in which stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.models.losses import LossConfig
from engine.models.networks import Segmenter, parameter_groups
from engine.models.normalization import Normalization
from engine.training.domains import Pool
from engine.training.recipe import OptimizerConfig, Recipe, ScheduleConfig
from engine.training.scene_samples import Area
from engine.training.schedule import total_steps

_APART = 1_000_003
"""Distance of the stages' batch numbers: a second stage draws other batches than the first."""


@dataclass(frozen=True)
class Task:
    """What to train on what.

    Attributes:
        recipe: The recipe.
        network: The network's description, resolved.
        pools: Labelled patches first, then further ones.
        shares: Share of a batch of each further pool.
        validation: Patches to validate on, or None.
        normalization: The model's.
        free: Landslide-free areas for a recipe with ``scenes``.
        domains: Domains of the cross-sensor normalisation beyond ``source``.
        start: Weights to start from instead of the pretrained encoder.
    """

    recipe: Recipe
    network: Mapping[str, Any]
    pools: Sequence[Pool]
    shares: Sequence[float]
    validation: Pool | None
    normalization: Normalization
    free: tuple[Area, ...] = ()
    domains: tuple[str, ...] = ()
    start: Mapping[str, Tensor] | None = None

    @property
    def clip(self) -> float:
        """The normalisation's."""
        return self.normalization.clip


@dataclass(frozen=True)
class Stage:
    """A stretch of training with one loss, schedule and set of trained parameters.

    Attributes:
        number: 0 for the first.
        loss: Its loss.
        schedule: Its learning-rate schedule.
        lr: Its learning rate.
        freeze_encoder: Whether the encoder stays as it is.
        steps: Its optimiser steps.
        before: Steps of the stages before it.
        total: Steps of all stages.
    """

    number: int
    loss: LossConfig
    schedule: ScheduleConfig
    lr: float
    freeze_encoder: bool
    steps: int
    before: int
    total: int

    @property
    def first_batch(self) -> int:
        """Number of its first batch, by which batches are drawn."""
        return self.before + self.number * _APART


def stages(recipe: Recipe, patches: int) -> list[Stage]:
    """The stages of a recipe on so many labelled patches."""
    size = recipe.training.batch_size
    steps = total_steps(recipe.schedule, patches, size)
    second = recipe.second_stage
    if second is None:
        return [Stage(0, recipe.loss, recipe.schedule, recipe.optimizer.lr, False, steps, 0, steps)]
    schedule = ScheduleConfig(kind="cosine", steps=second.steps, epochs=second.epochs)
    more = total_steps(schedule, patches, size)
    return [
        Stage(0, recipe.loss, recipe.schedule, recipe.optimizer.lr, False, steps, 0, steps + more),
        Stage(1, second.loss, schedule, second.lr, second.freeze_encoder, more, steps, steps + more),
    ]


def make_optimizer(model: Segmenter, config: OptimizerConfig, lr: float) -> torch.optim.Optimizer:
    """The recipe's optimiser over the parameters that are trained."""
    groups = parameter_groups(model, lr=lr, encoder_lr=lr * config.encoder_lr_factor, weight_decay=config.weight_decay)
    if config.name == "sgd":
        return torch.optim.SGD(groups, lr=lr, momentum=config.momentum)
    if config.name == "adam":
        return torch.optim.Adam(groups, lr=lr)
    return torch.optim.AdamW(groups, lr=lr)
