"""What a run trains on what, in which stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.models.networks import Segmenter, parameter_groups
from engine.models.normalization import Normalization
from engine.samples.maker import Area
from engine.training.pools import Pool
from engine.training.recipe import OptimizerConfig, Recipe


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
