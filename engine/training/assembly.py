"""One network out of several trainings: averages and members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from engine.errors import ConfigError
from engine.events import SILENT, Reporter
from engine.models.builders import MeanOfNetworks
from engine.models.cross_sensor import DomainStatistics, count_normalizations
from engine.models.networks import build
from engine.training.calibration import count_held_out
from engine.training.checkpoint import fingerprints, load_checkpoint
from engine.training.loop import Trained, predict_held_out, train_network
from engine.training.processes import start_fabric
from engine.training.recipe import Recipe
from engine.training.results import FoldResult
from engine.training.scoring import STEPS, histograms_by_site
from engine.training.task import Task

_RUN_SEEDS = 7919
"""Distance of the seeds of averaged trainings, so that those of two members are not the same."""


def trainings(task: Task, out: Path) -> list[tuple[Task, Path]]:
    """The single trainings that a task consists of, each with its folder.

    One, in ``out`` itself, unless the recipe trains members apart or averages trainings.
    """
    recipe = task.recipe
    if recipe.apart:
        members = task.network["members"]
        return [
            found
            for (name, own), network in zip(recipe.member_recipes().items(), members, strict=True)
            for found in trainings(replace(task, recipe=own, network=network), out / name)
        ]
    if recipe.training.averaged == 1:
        return [(task, out)]
    return [
        (replace(task, sample_seed=recipe.training.seed + _RUN_SEEDS * run), out / f"run-{run + 1}")
        for run in range(recipe.training.averaged)
    ]


def train_task(
    task: Task, out: Path, *, resume: bool = False, reporter: Reporter = SILENT
) -> Trained:
    """Train a task's network in as many trainings as its recipe asks for.

    Args:
        task: What to train on what.
        out: Folder for checkpoints and logs, with one for each of several trainings.
        resume: Continue from the folders' checkpoints.
        reporter: Progress, and a line at every validation.

    Raises:
        ConfigError: The trainings of this network cannot be put together; others as
            :func:`engine.training.loop.train_network`.
    """
    parts = trainings(task, out)
    if len(parts) == 1 and parts[0][1] == out:
        return train_network(task, out, resume=resume, reporter=reporter)
    model = build(task.network, len(task.recipe.data.channels))
    if count_normalizations(model):
        raise ConfigError(
            f"The recipe {task.recipe.name} puts several trainings together; a network with batch"
            " normalisation allows that not, because its statistics would be those of none. Set"
            " training.averaged to 1 and leave [apart] out, or choose another network."
        )
    found: dict[Path, list[Mapping[str, Tensor]]] = {}
    for number, (part, folder) in enumerate(parts, start=1):
        reporter.log(f"Training {number} of {len(parts)}: {folder.relative_to(out)}.")
        done = train_network(part, folder, resume=resume, reporter=reporter)
        weights = {key: value.detach().cpu() for key, value in done.model.state_dict().items()}
        averaged = part.recipe.training.averaged > 1
        found.setdefault(folder.parent if averaged else folder, []).append(weights)
    if task.recipe.apart:
        members = cast(MeanOfNetworks, model.network).members
        for module, runs in zip(members, found.values(), strict=True):
            module.load_state_dict(_without_prefix(mean_weights(runs)))
    else:
        (runs,) = found.values()
        model.load_state_dict(mean_weights(runs))
    fabric = start_fabric(task.recipe.training)
    model.to(fabric.device).eval()
    statistics = DomainStatistics(model)
    held = predict_held_out(model, statistics, task, fabric, reporter)
    return Trained(model, statistics, held, -1.0)


def check_resumable(task: Task, out: Path) -> None:
    """Refuse to resume a run of another recipe or other data.

    Raises:
        ConfigError, DatasetError: See :func:`engine.training.checkpoint.load_checkpoint`.
    """
    data = fingerprints(task)
    for part, folder in trainings(task, out):
        load_checkpoint(folder, part.identity(), data)


def fold_result(trained: Trained, task: Task, recipe: Recipe, reporter: Reporter) -> FoldResult:
    """What a network that has not seen a fold's patches gives on them."""
    if task.validation is None or trained.probabilities is None:
        raise ConfigError("Nothing is held out, so that nothing can be scored.")
    held = {}
    if recipe.calibration.method != "none":
        device = start_fabric(recipe.training).device
        held = count_held_out(
            trained.model.to(device).eval(),
            task.held_out,
            recipe,
            device=device,
            clip=task.clip,
            reporter=reporter,
        )
    found = trained.probabilities
    maps = np.clip(np.rint(found * STEPS), 0, STEPS).astype(np.uint8)
    masks = np.asarray(task.validation.arrays.masks, np.uint8)
    return FoldResult(histograms_by_site(found, task.validation), held, maps, masks)


def mean_weights(runs: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The mean weights of several trainings from the same start."""
    return {name: torch.stack([run[name] for run in runs]).mean(0) for name in runs[0]}


def _without_prefix(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of a segmenter as those of its network."""
    return {name.removeprefix("network."): value for name, value in weights.items()}
