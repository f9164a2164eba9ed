"""Learning-rate schedules as pure functions of the step, so that a resumed run continues on the same curve."""

from __future__ import annotations

import math

from engine.training.recipe import ScheduleConfig


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
        A factor between 0 and 1. ``restarts`` (Sklgp, Fig. 13): a warm-up, then cosine cycles, each ``multiplier`` times as long.
    """
    total = max(total, round(config.stretch * total))
    warmup = round(config.warmup_epochs * epoch_steps) if config.warmup_epochs > 0 else round(config.warmup * total)
    if step < warmup:
        return config.start + (1 - config.start) * (step + 1) / warmup
    done, length = step - warmup, max(1, total - warmup)
    if config.kind == "constant":
        return 1.0
    if config.kind == "poly":
        return float(max(config.end, (1 - done / length) ** config.power))
    if config.kind == "restarts":
        cycle = max(1.0, config.first_cycle * length)
        while done >= cycle:
            done -= int(cycle)
            cycle *= config.multiplier
        length = int(cycle)
    return config.end + (1 - config.end) * 0.5 * (1 + math.cos(math.pi * min(1.0, done / length)))
