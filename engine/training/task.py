"""What a run trains on what, in which stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from engine.models.networks import Segmenter, parameter_groups
from engine.models.normalization import Normalization
from engine.samples.maker import Area
from engine.training.configuration import OptimizerConfig
from engine.training.pools import Pool
from engine.training.recipe import Recipe


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
        held_out: The patches to validate on by each normalisation that calibration looks at.
        sample_seed: Seed of the samples alone, where several trainings from the same start draw
            different ones; None for the recipe's seed.
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
    held_out: Mapping[str, Pool] = field(default_factory=dict)
    sample_seed: int | None = None

    @property
    def drawn_by(self) -> int:
        """The seed of the samples."""
        return self.recipe.training.seed if self.sample_seed is None else self.sample_seed

    def identity(self) -> dict[str, Any]:
        """What a checkpoint is resumed by: recipe and samples' seed."""
        own = {} if self.sample_seed is None else {"sample_seed": self.sample_seed}
        return {**self.recipe.to_dict(), **own}

    @property
    def clip(self) -> float:
        """The normalisation's."""
        return self.normalization.clip


def make_optimizer(model: Segmenter, config: OptimizerConfig, lr: float) -> torch.optim.Optimizer:
    """The recipe's optimiser over the parameters that are trained."""
    groups = parameter_groups(
        model, lr=lr, encoder_lr=lr * config.encoder_lr_factor, weight_decay=config.weight_decay
    )
    if config.name == "sgd":
        return torch.optim.SGD(groups, lr=lr, momentum=config.momentum)
    if config.name == "adam":
        return torch.optim.Adam(groups, lr=lr)
    return torch.optim.AdamW(groups, lr=lr)
