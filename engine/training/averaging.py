"""Exponential moving average of the weights (EMA)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class AveragedWeights:
    """Average of a model's parameters over the steps; batch statistics stay those of the model.

    Args:
        model: The model whose parameters are averaged.
        decay: Share of the old average kept at each step; smaller in the first steps, ``(1 + n) / (10 + n)``.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._parameters = dict(model.named_parameters())
        self._average = {name: p.detach().clone() for name, p in self._parameters.items()}
        self._decay = decay
        self._count = 0

    @torch.no_grad()
    def update(self) -> None:
        """Take the present parameters into the average."""
        self._count += 1
        decay = min(self._decay, (1 + self._count) / (10 + self._count))
        for name, parameter in self._parameters.items():
            self._average[name].lerp_(parameter, 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Let the model hold the average for a while."""
        self.swap()
        try:
            yield
        finally:
            self.swap()

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the model's parameters with the average."""
        for name, parameter in self._parameters.items():
            present = parameter.detach().clone()
            parameter.copy_(self._average[name])
            self._average[name].copy_(present)

    def state_dict(self) -> dict[str, object]:
        """For a checkpoint."""
        return {"count": self._count, "average": self._average}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        """Restore from a checkpoint."""
        count, average = state["count"], state["average"]
        if isinstance(count, int) and isinstance(average, Mapping):
            self._count = count
            for name, value in average.items():
                if isinstance(value, Tensor):
                    self._average[name].copy_(value)
