"""What changes during a run, and its checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch import Tensor

from engine.models.cross_sensor import DomainStatistics
from engine.models.networks import Segmenter
from engine.training.averaging import AveragedWeights


class RunState:
    """A network in training: its weights, their average, batch statistics by domain, and the best validation so far.

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
        """Take a validation's scores in; the present weights are kept if they are the best yet. None are no scores."""
        if "f1" not in scores:
            return
        self.stale += 1
        if scores["f1"] > self.best_f1:
            self.best_f1, self.stale = scores["f1"], 0
            weights = {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}
            kept = self.statistics.state_dict()
            self._best = weights, {d: {k: v.detach().cpu().clone() for k, v in s.items()} for d, s in kept.items()}

    def finish(self, select: str) -> None:
        """Leave in the network what the recipe selects: the (averaged) last weights, or the best."""
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
