"""Cross-sensor normalisation (CSN): batch statistics for each domain.

All domains share one set of weights.

Every batch normalisation keeps its trained weight and bias; its running mean and variance exist
once a domain and are swapped before a batch of that domain goes through (Wang et al. 2022, the
normalisation that Kingdrone puts in all networks). Only buffers are swapped, never modules: timm's
``BatchNormAct2d`` is a batch normalisation with the activation inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from engine.errors import ConfigError

SOURCE = "source"
TARGET = "target"
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


class DomainStatistics:
    """Running statistics of batch normalisations, one set a domain.

    Every further domain starts as a copy of the first one's statistics at the moment it is added.

    Args:
        model: The network; its present statistics become those of ``source``.
    """

    def __init__(self, model: nn.Module) -> None:
        self._layers = {name: m for name, m in model.named_modules() if isinstance(m, _BatchNorm)}
        self._sets: dict[str, dict[str, Tensor]] = {SOURCE: self._present()}
        self.domain = SOURCE

    @property
    def domains(self) -> tuple[str, ...]:
        """Domains that have statistics."""
        return tuple(self._sets)

    def add(self, domain: str) -> None:
        """Start a domain with a copy of the source's statistics."""
        self._sets[domain] = {name: value.clone() for name, value in self._sets[SOURCE].items()}

    def use(self, domain: str) -> None:
        """Let the network read and update this domain's statistics.

        Raises:
            ConfigError: It has none.
        """
        if domain not in self._sets:
            raise ConfigError(
                f"There are no statistics of the domain {domain!r}, only of"
                f" {', '.join(self._sets)}."
            )
        for layer, module in self._layers.items():
            for buffer in _BUFFERS:
                key = f"{layer}.{buffer}"
                if key in self._sets[domain]:
                    module._buffers[buffer] = self._sets[domain][key]
        self.domain = domain

    @contextmanager
    def using(self, domain: str) -> Iterator[None]:
        """Use a domain's statistics for a while."""
        before = self.domain
        self.use(domain)
        try:
            yield
        finally:
            self.use(before)

    def state_dict(self) -> dict[str, dict[str, Tensor]]:
        """Statistics of every domain, for a checkpoint."""
        return {domain: dict(values) for domain, values in self._sets.items()}

    def load_state_dict(self, state: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Restore statistics, in place where the domain exists."""
        for domain, values in state.items():
            if domain not in self._sets:
                self.add(domain)
            for name, value in values.items():
                self._sets[domain][name].copy_(value)

    def reduce(self, mean: Callable[[Tensor], Tensor]) -> None:
        """Replace every running statistic by its mean over the processes.

        ``mean`` works out the mean of one tensor.
        """
        for values in self._sets.values():
            for value in values.values():
                if value.is_floating_point():
                    value.copy_(mean(value))

    def _present(self) -> dict[str, Tensor]:
        found = {}
        for layer, module in self._layers.items():
            for buffer in _BUFFERS:
                value = module._buffers.get(buffer)
                if isinstance(value, torch.Tensor):
                    found[f"{layer}.{buffer}"] = value
        return found


def count_normalizations(model: nn.Module) -> int:
    """Number of batch normalisations that CSN acts on."""
    return sum(isinstance(module, _BatchNorm) for module in model.modules())
