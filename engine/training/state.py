"""What changes during a run, and its checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from engine.models.cross_sensor import DomainStatistics
from engine.models.networks import Segmenter


class AveragedWeights:
    """Average of a model's parameters over the steps.

    Batch statistics stay those of the model.

    Args:
        model: The model whose parameters are averaged.
        decay: Share of the old average kept at each step; smaller in the first steps, ``(1 + n) /
            (10 + n)``.
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


class RunState:
    """A network in training.

    Its weights, their average, batch statistics by domain, and the best validation so far.

    Args:
        model: The network, on the training device.
        domains: Domains beyond ``source`` with batch statistics of their own.
        ema: Decay of the weights' average, 0 for none.
    """

    def __init__(self, model: Segmenter, domains: tuple[str, ...], ema: float) -> None:
        self.model = model
        self.statistics = DomainStatistics(model)
        for domain in domains:
            self.statistics.add(domain)
        self.average = AveragedWeights(model, ema) if ema > 0 else None
        self.best_f1, self.stale = -1.0, 0
        self._best: tuple[dict[str, Tensor], dict[str, dict[str, Tensor]]] | None = None

    def averaged(self) -> AbstractContextManager[None]:
        """Let the network hold the average for a while, where there is one."""
        return self.average.applied() if self.average is not None else nullcontext()

    def see(self, scores: Mapping[str, float]) -> None:
        """Compare a validation's scores with the best so far.

        The present weights are kept if they are the best yet; empty scores change nothing.
        """
        if "f1" not in scores:
            return
        self.stale += 1
        if scores["f1"] > self.best_f1:
            self.best_f1, self.stale = scores["f1"], 0
            weights = {
                name: value.detach().cpu().clone()
                for name, value in self.model.state_dict().items()
            }
            kept = self.statistics.state_dict()
            self._best = (
                weights,
                {d: {k: v.detach().cpu().clone() for k, v in s.items()} for d, s in kept.items()},
            )

    def finish(self, select: str) -> None:
        """Leave in the network what the recipe selects.

        The (averaged) last weights, or the best.
        """
        if self.average is not None:
            self.average.swap()
        if select == "best" and self._best is not None:
            self.model.load_state_dict(self._best[0])
            self.statistics.load_state_dict(self._best[1])
        for parameter in self.model.parameters():
            parameter.requires_grad_(True)
        self.model.eval()

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {
            "model": self.model.state_dict(),
            "statistics": self.statistics.state_dict(),
            "average": None if self.average is None else self.average.state_dict(),
            "best_f1": self.best_f1,
            "stale": self.stale,
            "best": None if self._best is None else list(self._best),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore from a checkpoint."""
        self.model.load_state_dict(state["model"])
        self.statistics.load_state_dict(state["statistics"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.best_f1, self.stale = float(state["best_f1"]), int(state["stale"])
        self._best = None if state["best"] is None else (state["best"][0], state["best"][1])
