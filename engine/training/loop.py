"""The training loop, flat: from data to checkpoint.

Variation is a recipe's value, never a subclass. Everything random in a step follows from the seed
and the step's number, so that a resumed run continues to the same weights, and several processes
(torchrun) draw together what one would draw alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric import Fabric
from numpy.typing import NDArray

from engine.errors import DatasetError
from engine.events import SILENT, Reporter
from engine.files import write_json
from engine.models.cross_sensor import SOURCE, DomainStatistics
from engine.models.losses import total_loss
from engine.models.networks import Segmenter, build
from engine.patches.augment import Augmentation, enlarge_batch, mixup
from engine.samples.areas import joined_areas, mark_uncertain
from engine.samples.maker import SampleMaker
from engine.training.batches import Batch, BatchSource, SceneBatch
from engine.training.checkpoint import Fingerprints, fingerprints, load_checkpoint, save_checkpoint
from engine.training.logs import RunLog
from engine.training.processes import first_does, rank, start_fabric
from engine.training.schedule import Stage, factor, stages, steps_per_epoch
from engine.training.scoring import Histogram, predict_pool
from engine.training.state import RunState
from engine.training.task import Task, make_optimizer


@dataclass(frozen=True)
class Trained:
    """The result of a run.

    Attributes:
        model: The network in evaluation mode with the weights that the recipe selects.
        statistics: Its batch statistics by domain.
        probabilities: Of the validation patches, (N, h, w); None without any.
        best_f1: Best validation F1 seen on the way, -1 without.
    """

    model: Segmenter
    statistics: DomainStatistics
    probabilities: NDArray[np.float32] | None
    best_f1: float


@dataclass(frozen=True)
class _Run:
    """What stays the same during a run."""

    task: Task
    fabric: Fabric
    state: RunState
    source: BatchSource
    augment: Augmentation
    log: RunLog | None
    out: Path
    reporter: Reporter
    data: Fingerprints


def train_network(
    task: Task, out: Path, *, resume: bool = False, reporter: Reporter = SILENT
) -> Trained:
    """Train one network.

    Args:
        task: What to train on what.
        out: Folder for the checkpoint and the logs.
        resume: Continue from the folder's checkpoint.
        reporter: Progress, and a line at every validation.

    Raises:
        DatasetError: The loss stopped being a number; the patches of that batch are saved in
            ``bad-batch.json``.
        ConfigError, DatasetError: The checkpoint is of another recipe, or was trained on other
            data.
        DiskFullError: The disk is full; the last good checkpoint survives.
    """
    recipe, config = task.recipe, task.recipe.training
    fabric = start_fabric(config)
    source = BatchSource(
        task.pools,
        task.shares,
        batch_size=config.batch_size,
        crop_px=recipe.data.crop_px,
        positive_share=recipe.data.positive_share,
        seed=task.drawn_by,
        rank=fabric.global_rank,
        world=fabric.world_size,
        scenes=_sample_maker(task),
    )
    torch.manual_seed(config.seed)
    model = build(task.network, len(recipe.data.channels), pretrained=task.start is None)
    if task.start is not None:
        model.load_state_dict(dict(task.start))
    state = RunState(model.to(fabric.device), task.domains, config.ema)

    out.mkdir(parents=True, exist_ok=True)
    data = fingerprints(task)
    saved = load_checkpoint(out, task.identity(), data) if resume else None
    position = (0, 0)
    if saved is not None:
        state.load_state_dict(saved["state"])
        position = (saved["stage"], saved["step"])
    course = stages(recipe, len(task.pools[0].arrays))
    done = course[position[0]].before + position[1]
    log: RunLog | None = None

    def open_log() -> None:
        nonlocal log
        log = RunLog(
            out, keep=position if saved else None, counter=done, tensorboard=config.tensorboard
        )

    first_does(open_log)
    run = _Run(
        task,
        fabric,
        state,
        source,
        Augmentation(recipe.augment, recipe.data.channels),
        log,
        out,
        reporter,
        data,
    )
    for stage in course:
        if stage.number >= position[0]:
            _train_stage(run, stage, saved if stage.number == position[0] else None)
    state.finish(config.select)
    held = predict_held_out(model, state.statistics, task, fabric, reporter)
    return Trained(model, state.statistics, held, state.best_f1)


def _sample_maker(task: Task) -> SampleMaker | None:
    """What makes labelled samples where the recipe has ``scenes``."""
    recipe = task.recipe
    if recipe.scenes is None:
        return None
    labelled = [mark_uncertain(area) for area in joined_areas(task.pools[0].arrays)]
    return SampleMaker(
        labelled,
        task.free,
        normalization=task.normalization,
        config=recipe.scenes,
        seed=task.drawn_by,
    )


def _train_stage(run: _Run, stage: Stage, saved: Mapping[str, Any] | None) -> None:
    """Train one stage, from its first step or from a checkpoint's."""
    task, fabric, state = run.task, run.fabric, run.state
    recipe, config, model = task.recipe, task.recipe.training, run.state.model
    for parameter in model.encoder_parameters():
        parameter.requires_grad_(not stage.freeze_encoder)
    wrapped, optimizer = fabric.setup(model, make_optimizer(model, recipe.optimizer, stage.lr))
    base = [group["lr"] for group in optimizer.param_groups]
    if saved is not None:
        optimizer.load_state_dict(saved["optimizer"])
    first = saved["step"] if saved is not None else 0
    if saved is None:
        state.stale = 0  # a new stage has its own patience
    if _out_of_patience(run):
        return  # it had stopped early when the checkpoint was written
    every = config.validate_every or max(1, math.ceil(stage.steps / 10))
    epoch_steps = steps_per_epoch(len(task.pools[0].arrays), config.batch_size)
    batches = run.source.batches(stage.first_batch + first, stage.first_batch + stage.steps)
    started, running, since = time.monotonic(), 0.0, 0
    for step, parts in zip(range(first, stage.steps), batches, strict=True):
        share = factor(stage.schedule, step, stage.steps, epoch_steps)
        for group, lr in zip(optimizer.param_groups, base, strict=True):
            group["lr"] = lr * share
        model.train()
        if stage.freeze_encoder:
            for part in model.encoder_modules():
                part.eval()  # batch statistics of a fixed encoder stay fixed too
        loss = _backward(run, stage, wrapped, parts, step)
        if not math.isfinite(loss):
            _stop_on_nan(run.out, parts, "loss", loss, step)
        if recipe.optimizer.clip > 0:
            norm = fabric.clip_gradients(
                wrapped, optimizer, max_norm=recipe.optimizer.clip, error_if_nonfinite=False
            )
            # With 16 bits the scaler leaves such a step out and goes on with a smaller scale.
            if (
                norm is not None
                and config.precision != "16-mixed"
                and not bool(torch.isfinite(norm))
            ):
                _stop_on_nan(run.out, parts, "gradient", float(norm), step)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if state.average is not None:
            state.average.update()
        running, since = running + loss, since + 1
        run.reporter.progress("training", stage.before + step + 1, stage.total)

        if (step + 1) % every == 0 or step + 1 == stage.steps:
            with state.averaged():
                scores = _validate(run)
                state.see(scores)
            rate = (step + 1 - first) * config.batch_size / max(1e-9, time.monotonic() - started)
            row = {
                "stage": stage.number,
                "step": step + 1,
                "lr": base[0] * share,
                "loss": running / since,
                **scores,
            }
            _record(run, stage, optimizer, {**row, "samples_per_s": rate})
            running, since = 0.0, 0
            if _out_of_patience(run):
                run.reporter.log(
                    f"Stopped early: no better validation F1 in {state.stale} validations."
                )
                return


def _out_of_patience(run: _Run) -> bool:
    patience = run.task.recipe.training.patience
    return patience > 0 and run.state.stale >= patience


def _backward(
    run: _Run, stage: Stage, model: Any, parts: list[Batch | SceneBatch], step: int
) -> float:
    """Forward and backward of one step, each domain by itself."""
    task, fabric, statistics = run.task, run.fabric, run.state.statistics
    recipe = task.recipe
    count = sum(len(part) for part in parts)
    losses = torch.zeros((), device=fabric.device)
    for index, part in enumerate(parts):
        entropy = [task.drawn_by, stage.number, step, fabric.global_rank, index]
        number = int(np.random.SeedSequence(entropy).generate_state(1)[0])
        torch.manual_seed(number)  # dropout and stochastic depth inside the network
        generator = torch.Generator(fabric.device).manual_seed(number)
        image, mask = part.normalised(fabric.device, task.clip)
        image, mask = run.augment(image, mask, generator)
        image, mask = enlarge_batch(image, mask, recipe.data.enlarge)
        partner, weight = None, 1.0
        if recipe.augment.mixup > 0:
            image, partner, weight = mixup(
                image, recipe.augment.mixup, torch.Generator().manual_seed(number)
            )
        statistics.use(part.domain if part.domain in statistics.domains else SOURCE)
        with fabric.no_backward_sync(model, enabled=index + 1 < len(parts)):
            logits, whole = model(image, image_level=True)
            loss = total_loss(stage.loss, logits, mask, whole)[0]
            if partner is not None:
                loss = (
                    weight * loss
                    + (1 - weight) * total_loss(stage.loss, logits, mask[partner], whole)[0]
                )
            loss = loss * (len(part) / count)
            fabric.backward(loss)
        losses += loss.detach()
    statistics.use(SOURCE)
    return float(losses)


def predict_held_out(
    model: Segmenter,
    statistics: DomainStatistics,
    task: Task,
    fabric: Fabric,
    reporter: Reporter = SILENT,
) -> NDArray[np.float32] | None:
    """Probabilities of validation patches now; None without any.

    Args:
        model: The network, on the device that trains.
        statistics: Its batch statistics.
        task: Where the validation patches are.
        fabric: For the device and the precision.
        reporter: Asked for cancellation.
    """
    validation = task.validation
    if validation is None:
        return None
    domain = validation.domain if validation.domain in statistics.domains else SOURCE
    options: dict[str, Any] = {
        "device": fabric.device,
        "clip": task.clip,
        "factor": task.recipe.data.enlarge,
    }
    with statistics.using(domain), fabric.autocast():
        return predict_pool(model, validation, **options, reporter=reporter)


def _validate(run: _Run) -> dict[str, float]:
    """Scores at the best threshold, empty where nothing is held out."""
    run.state.model.eval()
    if run.fabric.world_size > 1:

        def mean(value: torch.Tensor) -> torch.Tensor:
            reduced = run.fabric.all_reduce(value, reduce_op="mean")
            return reduced if isinstance(reduced, torch.Tensor) else value

        run.state.statistics.reduce(mean)
    validation = run.task.validation
    found = predict_held_out(
        run.state.model, run.state.statistics, run.task, run.fabric, run.reporter
    )
    if validation is None or found is None:
        return {}
    histogram = Histogram.count(found, np.asarray(validation.arrays.masks))
    if not (histogram.positive.any() or histogram.negative.any()):
        return {}
    threshold = histogram.best_threshold()
    return {**histogram.scores(threshold), "threshold": threshold}


def _record(run: _Run, stage: Stage, optimizer: Any, row: Mapping[str, float]) -> None:
    """Save a checkpoint, log a row and report.

    The first process does, the others wait.
    """
    step = int(row["step"])

    def save() -> None:
        state = {
            "recipe": run.task.identity(),
            "data": run.data,
            "stage": stage.number,
            "step": step,
        }
        # The row first: one without a checkpoint is dropped on resuming, a checkpoint without its
        # row would leave a gap.
        if run.log is not None:
            run.log.write(row, counter=stage.before + step)
        save_checkpoint(
            run.out, {**state, "state": run.state.state_dict(), "optimizer": optimizer.state_dict()}
        )

    first_does(save)
    rate = row["samples_per_s"]
    left = int((stage.total - stage.before - step) * run.task.recipe.training.batch_size / rate)
    scores = f", validation F1 {row['f1']:.3f} at {row['threshold']:.2f}" if "f1" in row else ""
    speed = f"{rate:.1f} patches/s, {left // 60}:{left % 60:02d} left"
    run.reporter.log(
        f"step {stage.before + step} of {stage.total}: loss {row['loss']:.4f}{scores}, {speed}"
    )


def _stop_on_nan(
    out: Path, parts: list[Batch | SceneBatch], what: str, value: float, step: int
) -> None:
    ids = sorted({name for part in parts for name in part.ids})
    path = out / (
        "bad-batch.json" if rank() == 0 else f"bad-batch-{rank()}.json"
    )  # each process has its own patches
    write_json(path, {"step": step, "ids": ids})
    raise DatasetError(
        f"The {what} became {value} at step {step + 1}; the patches of that batch"
        f" ({', '.join(ids[:8])}) are listed in {path}: check them with `l4s data check`, lower"
        " optimizer.lr, or set optimizer.clip."
    )
