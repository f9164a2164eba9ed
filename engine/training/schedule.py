"""Learning-rate schedules as pure functions of the step.

A resumed run so continues on the same curve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.models.losses import LossConfig
from engine.training.configuration import ScheduleConfig
from engine.training.recipe import Recipe

_APART = 1_000_003
"""Distance of the stages' batch numbers: a second stage draws other batches than the first."""


def total_steps(config: ScheduleConfig, patches: int, batch_size: int) -> int:
    """Optimiser steps of a run over ``patches`` training patches."""
    if config.steps > 0:
        return config.steps
    return max(1, math.ceil(config.epochs * steps_per_epoch(patches, batch_size)))


def steps_per_epoch(patches: int, batch_size: int) -> int:
    """Optimiser steps in one pass over the training patches."""
    return max(1, math.ceil(patches / batch_size))


def factor(config: ScheduleConfig, step: int, total: int, epoch_steps: int = 1) -> float:
    """Share of the learning rate at a step.

    Args:
        config: The schedule.
        step: Steps already done, 0 to ``total - 1``.
        total: Steps of the run.
        epoch_steps: Steps in an epoch, for a warm-up given in epochs.

    Returns:
        A factor between 0 and 1. ``restarts`` (Sklgp, Fig. 13): a warm-up, then cosine cycles, each
        ``multiplier`` times as long.
    """
    total = max(total, round(config.stretch * total))
    warmup = (
        round(config.warmup_epochs * epoch_steps)
        if config.warmup_epochs > 0
        else round(config.warmup * total)
    )
    if step < warmup:
        return config.start + (1 - config.start) * (step + 1) / warmup
    done, length = step - warmup, max(1, total - warmup)
    if config.kind == "constant":
        return 1.0
    if config.kind == "poly":
        return float(max(config.end, (1 - done / length) ** config.power))
    if config.kind == "restarts":
        done, length = _in_cycle(config, done, length)
    return config.end + (1 - config.end) * 0.5 * (1 + math.cos(math.pi * min(1.0, done / length)))


def _in_cycle(config: ScheduleConfig, done: int, length: int) -> tuple[int, int]:
    """Steps done in the present cycle, and steps from its peak to its minimum.

    The cycles fill the run exactly, so that its last step is the last one of a cycle.
    """
    parts = [config.multiplier**cycle for cycle in range(config.cycles)]
    ends = [round(length * sum(parts[: cycle + 1]) / sum(parts)) for cycle in range(config.cycles)]
    start = 0
    for end in ends:
        if done < end:
            return done - start, max(1, end - start - 1)
        start = end
    return done - start, max(1, length - start - 1)  # of a run longer than its curve


@dataclass(frozen=True)
class Stage:
    """A stretch of training with one loss and schedule.

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
        Stage(
            1, second.loss, schedule, second.lr, second.freeze_encoder, more, steps, steps + more
        ),
    ]
