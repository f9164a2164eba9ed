"""The training loop, flat: data, network, optimiser, steps, validation, checkpoint.

Variation is a recipe's value, never a subclass. Everything random in a step follows from the seed and the step's number, so that a
resumed run continues to the same weights, and several processes (torchrun) draw together what one would draw alone.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric
from lightning.fabric.strategies.ddp import DDPStrategy
from torch import Tensor

from engine.errors import DatasetError, DeviceError
from engine.events import SILENT, Reporter
from engine.models.cross_sensor import SOURCE, DomainStatistics
from engine.models.losses import LossConfig, total_loss
from engine.models.networks import Segmenter, build, parameter_groups
from engine.patches.augment import Augmentation, enlarge, mixup
from engine.training.averaging import AveragedWeights
from engine.training.batches import Batch, BatchSource
from engine.training.checkpoint import load_checkpoint, save_checkpoint
from engine.training.domains import Pool
from engine.training.logs import RunLog
from engine.training.recipe import OptimizerConfig, Recipe, ScheduleConfig, TrainingConfig
from engine.training.schedule import factor, steps_per_epoch, total_steps
from engine.training.scoring import Histogram, histograms_by_site, predict, total


@dataclass(frozen=True)
class Stage:
    """A stretch of training with one loss, schedule and set of trained parameters."""

    loss: LossConfig
    schedule: ScheduleConfig
    lr: float
    freeze_encoder: bool
    steps: int


@dataclass(frozen=True)
class Trained:
    """The result of a run.

    Attributes:
        model: The network on the CPU, in evaluation mode, with the weights that the recipe selects.
        statistics: Its batch statistics by domain.
        histograms: Validation histograms by site; empty without validation patches.
        steps: Steps done.
        best_f1: Best validation F1 seen on the way.
    """

    model: Segmenter
    statistics: DomainStatistics
    histograms: Mapping[str, Histogram]
    steps: int
    best_f1: float


@dataclass(frozen=True)
class Task:
    """What to train on what.

    Attributes:
        recipe: The recipe.
        network: The network's description, resolved.
        pools: Labelled patches first, then further ones.
        shares: Share of a batch of each further pool.
        validation: Patches to validate on, or None.
        clip: The normalisation's.
        domains: Domains of the cross-sensor normalisation beyond ``source``.
        start: Weights to start from instead of the pretrained encoder.
    """

    recipe: Recipe
    network: Mapping[str, Any]
    pools: Sequence[Pool]
    shares: Sequence[float]
    validation: Pool | None
    clip: float
    domains: tuple[str, ...] = ()
    start: Mapping[str, Tensor] | None = None


def start_fabric(config: TrainingConfig) -> Fabric:
    """Lightning Fabric on the device asked for; the processes of torchrun are joined where there are any.

    Raises:
        DeviceError: CUDA is asked for and not there.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise DeviceError(
            "training.device is cuda, but PyTorch sees no CUDA device; install its CUDA build and a driver, or train on the cpu."
        )
    accelerator = "cuda" if config.device != "cpu" and torch.cuda.is_available() else "cpu"
    precision = config.precision if config.precision != "auto" else "bf16-mixed" if accelerator == "cuda" else "32-true"
    world, local = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    # Domains swap batch statistics, which a broadcast of the wrapped module's buffers would undo.
    strategy: Any = DDPStrategy(broadcast_buffers=False) if world > 1 else "auto"
    fabric = Fabric(
        accelerator=accelerator, devices=local, num_nodes=world // local, strategy=strategy, precision=precision
    )
    fabric.launch()
    return fabric


def train_network(task: Task, out: Path, *, resume: bool = False, report: Reporter = SILENT) -> Trained:
    """Train one network.

    Args:
        task: What to train on what.
        out: Folder for the checkpoint and the logs.
        resume: Continue from the folder's checkpoint.
        report: Progress, and a line at every validation.

    Raises:
        DatasetError: The loss stopped being a number; the patches of that batch are saved in ``bad-batch.json``.
        ConfigError: The checkpoint is of another recipe.
    """
    recipe, config = task.recipe, task.recipe.training
    # Data
    fabric = start_fabric(config)
    labelled = len(task.pools[0].arrays)
    stages = _stages(recipe, labelled)
    source = BatchSource(
        task.pools, task.shares, batch_size=config.batch_size, crop_px=recipe.data.crop_px, positive_share=recipe.data.positive_share,
        seed=config.seed, rank=fabric.global_rank, world=fabric.world_size,
    )  # fmt: skip
    augment = Augmentation(recipe.augment, recipe.data.channels)
    # Model
    torch.manual_seed(config.seed)
    model = build(task.network, len(recipe.data.channels), pretrained=task.start is None)
    if task.start is not None:
        model.load_state_dict(dict(task.start))
    model.to(fabric.device)
    statistics = DomainStatistics(model)
    for domain in task.domains:
        statistics.add(domain)
    average = AveragedWeights(model, config.ema) if config.ema > 0 else None
    # Where the run stands
    out.mkdir(parents=True, exist_ok=True)
    saved = load_checkpoint(out, recipe.to_dict()) if resume else None
    position = (saved["stage"], saved["step"]) if saved else (0, 0)
    best = _Best(saved)
    if saved:
        model.load_state_dict(saved["model"])
        statistics.load_state_dict(saved["statistics"])
        if average is not None:
            average.load_state_dict(saved["average"])
    log = (
        RunLog(out, keep=position if saved else None, tensorboard=config.tensorboard) if fabric.is_global_zero else None
    )

    for number, stage in enumerate(stages):
        if number < position[0]:
            continue
        first = position[1] if number == position[0] else 0
        for parameter in model.encoder_parameters():
            parameter.requires_grad_(not stage.freeze_encoder)
        optimizer = make_optimizer(model, recipe.optimizer, stage.lr)
        wrapped, optimizer = fabric.setup(model, optimizer)
        if saved and number == position[0] and saved["optimizer"] is not None:
            optimizer.load_state_dict(saved["optimizer"])
        base = (
            [group["lr"] for group in optimizer.param_groups]
            if not saved or number != position[0]
            else saved["base_lr"]
        )
        every = config.validate_every or max(1, math.ceil(stage.steps / 10))
        epoch_steps = steps_per_epoch(labelled, config.batch_size)
        before = sum(s.steps for s in stages[:number])
        offset = before + number * 1_000_003  # the second stage draws other batches than the first
        started, running = time.monotonic(), 0.0

        for step, parts in zip(
            range(first, stage.steps), source.batches(offset + first, offset + stage.steps), strict=True
        ):
            share = factor(stage.schedule, step, stage.steps, epoch_steps)
            for group, lr in zip(optimizer.param_groups, base, strict=True):
                group["lr"] = lr * share
            model.train()
            if stage.freeze_encoder:
                for part in model.encoder_modules():
                    part.eval()  # batch statistics of a fixed encoder stay fixed too
            loss = _step(task, stage, wrapped, statistics, augment, parts, fabric, (config.seed, number, step))
            if not math.isfinite(loss):
                _stop_on_nan(out, parts, loss, step)
            if recipe.optimizer.clip > 0:
                fabric.clip_gradients(wrapped, optimizer, max_norm=recipe.optimizer.clip)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            if average is not None:
                average.update()
            running += loss
            report.progress("training", before + step + 1, sum(s.steps for s in stages))

            if (step + 1) % every == 0 or step + 1 == stage.steps:
                done = step + 1 - first
                with average.applied() if average is not None else nullcontext():
                    scores = _validate(task, model, statistics, fabric, report)
                    better = best.see(scores, model, statistics)
                rate = done * config.batch_size / max(1e-9, time.monotonic() - started)
                since = (step % every) + 1
                row = {
                    "stage": number,
                    "step": step + 1,
                    "lr": base[0] * share,
                    "loss": running / since,
                    **scores,
                    "samples_per_s": rate,
                }
                running = 0.0
                state = {
                    "recipe": recipe.to_dict(), "stage": number, "step": step + 1, "model": model.state_dict(),
                    "statistics": statistics.state_dict(), "average": average.state_dict() if average is not None else None,
                    "optimizer": optimizer.state_dict(), "base_lr": base, "best": best.state_dict(),
                }  # fmt: skip
                if fabric.is_global_zero and log is not None:
                    save_checkpoint(out, state)
                    log.write(row, counter=before + step + 1)
                    left = (sum(s.steps for s in stages) - before - step - 1) * config.batch_size / rate
                    report.log(_sentence(row, stage.steps, left))
                fabric.barrier()
                if config.patience and not better and best.stale >= config.patience:
                    report.log(f"Stopped early: no better validation F1 in {best.stale} validations.")
                    break

    if log is not None:
        log.close()
    if average is not None:
        average.swap()
    if config.select == "best" and best.weights is not None:
        model.load_state_dict(best.weights)
        if best.statistics is not None:
            statistics.load_state_dict(best.statistics)
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    model.eval()
    histograms = _histograms(task, model, statistics, fabric, report)
    return Trained(model, statistics, histograms, sum(s.steps for s in stages), best.f1)


def _step(
    task: Task,
    stage: Stage,
    model: Any,
    statistics: DomainStatistics,
    augment: Augmentation,
    parts: list[Batch],
    fabric: Fabric,
    seed: tuple[int, int, int],
) -> float:
    """Forward and backward of one step, each domain's part by itself; returns the step's loss."""
    recipe = task.recipe
    count = sum(len(part) for part in parts)
    losses = torch.zeros((), device=fabric.device)
    for index, part in enumerate(parts):
        number = (
            hash((*seed, fabric.global_rank, index)) & 0x7FFFFFFF
        )  # hashes of integers do not vary between processes
        torch.manual_seed(number)  # dropout and stochastic depth inside the network
        generator = torch.Generator(fabric.device).manual_seed(number)
        image, mask = part.normalised(fabric.device, task.clip)
        image, mask = augment(image, mask, generator)
        image, mask = enlarge(image, mask, recipe.data.enlarge)
        partner, weight = None, 1.0
        if recipe.augment.mixup > 0:
            image, partner, weight = mixup(image, recipe.augment.mixup, torch.Generator().manual_seed(number))
        statistics.use(part.domain if part.domain in statistics.domains else SOURCE)
        with fabric.no_backward_sync(model, enabled=index + 1 < len(parts)):
            logits, whole = model(image, image_level=True)
            loss = total_loss(stage.loss, logits, mask, whole)[0]
            if partner is not None:
                loss = weight * loss + (1 - weight) * total_loss(stage.loss, logits, mask[partner], whole)[0]
            loss = loss * (len(part) / count)
            fabric.backward(loss)
        losses += loss.detach()
    statistics.use(SOURCE)
    return float(losses)


def make_optimizer(model: Segmenter, config: OptimizerConfig, lr: float) -> torch.optim.Optimizer:
    """The recipe's optimiser over the parameters that are trained."""
    groups = parameter_groups(model, lr=lr, encoder_lr=lr * config.encoder_lr_factor, weight_decay=config.weight_decay)
    if config.name == "sgd":
        return torch.optim.SGD(groups, lr=lr, momentum=config.momentum)
    if config.name == "adam":
        return torch.optim.Adam(groups, lr=lr)
    return torch.optim.AdamW(groups, lr=lr)


class _Best:
    """The best validation so far, its weights, and how many validations ago it was."""

    def __init__(self, saved: Mapping[str, Any] | None) -> None:
        state: Mapping[str, Any] = (
            saved["best"] if saved else {"f1": -1.0, "stale": 0, "weights": None, "statistics": None}
        )
        self.f1, self.stale = float(state["f1"]), int(state["stale"])
        self.weights: dict[str, Tensor] | None = state["weights"]
        self.statistics: dict[str, dict[str, Tensor]] | None = state["statistics"]

    def see(self, scores: Mapping[str, float], model: Segmenter, statistics: DomainStatistics) -> bool:
        if "f1" not in scores:
            return True
        self.stale += 1
        if scores["f1"] <= self.f1:
            return False
        self.f1, self.stale = scores["f1"], 0
        self.weights = {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
        kept = statistics.state_dict()
        self.statistics = {d: {k: v.detach().cpu().clone() for k, v in values.items()} for d, values in kept.items()}
        return True

    def state_dict(self) -> dict[str, Any]:
        return {"f1": self.f1, "stale": self.stale, "weights": self.weights, "statistics": self.statistics}


def _stages(recipe: Recipe, patches: int) -> list[Stage]:
    size = recipe.training.batch_size
    steps = total_steps(recipe.schedule, patches, size)
    stages = [Stage(recipe.loss, recipe.schedule, recipe.optimizer.lr, False, steps)]
    second = recipe.second_stage
    if second is not None:
        schedule = ScheduleConfig(kind="cosine", steps=second.steps, epochs=second.epochs)
        stages.append(
            Stage(second.loss, schedule, second.lr, second.freeze_encoder, total_steps(schedule, patches, size))
        )
    return stages


def _histograms(
    task: Task, model: Segmenter, statistics: DomainStatistics, fabric: Fabric, report: Reporter
) -> dict[str, Histogram]:
    if task.validation is None:
        return {}
    domain = task.validation.domain
    with statistics.using(domain if domain in statistics.domains else SOURCE), fabric.autocast():
        maps = predict(
            model, task.validation, device=fabric.device, clip=task.clip, factor=task.recipe.data.enlarge, report=report
        )
    return histograms_by_site(maps, task.validation)


def _validate(
    task: Task, model: Segmenter, statistics: DomainStatistics, fabric: Fabric, report: Reporter
) -> dict[str, float]:
    model.eval()
    if fabric.world_size > 1:
        statistics.reduce(lambda value: fabric.all_reduce(value, reduce_op="mean"))  # type: ignore[arg-type,return-value]
    histogram = total(_histograms(task, model, statistics, fabric, report))
    if not (histogram.positive.any() or histogram.negative.any()):
        return {}
    threshold = histogram.best_threshold()
    return {**histogram.scores(threshold), "threshold": threshold}


def _stop_on_nan(out: Path, parts: list[Batch], loss: float, step: int) -> None:
    ids = sorted({name for part in parts for name in part.ids})
    (out / "bad-batch.json").write_text(json.dumps({"step": step, "ids": ids}) + "\n", encoding="utf-8")
    raise DatasetError(
        f"The loss became {loss} at step {step + 1}; the patches of that batch ({', '.join(ids[:8])}) are listed in "
        f"{out / 'bad-batch.json'}: check them with `l4s data check`, lower optimizer.lr, or set optimizer.clip."
    )


def _sentence(row: Mapping[str, float], steps: int, seconds_left: float) -> str:
    scores = f", validation F1 {row['f1']:.3f} at {row['threshold']:.2f}" if "f1" in row else ""
    minutes, seconds = divmod(int(seconds_left), 60)
    speed = f"{row['samples_per_s']:.1f} patches/s, {minutes}:{seconds:02d} left"
    return f"step {row['step']:.0f} of {steps}: loss {row['loss']:.4f}{scores}, {speed}"
