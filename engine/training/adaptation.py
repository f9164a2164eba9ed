"""Adaptation to an unlabelled target by self-training.

Predict, select pseudo-labels, train on both, and again.

What it gives is transductive: the adapted model has seen the images that it will be used on. The
target is a folder of patches or a stack, which is cut into patches; it is normalised by its own
statistics and, with cross-sensor normalisation, has batch statistics of its own, which the exported
bundle carries.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.errors import BundleError, ConfigError, DatasetError
from engine.events import SILENT, Reporter
from engine.files import atomic_path, output_folder, write_json
from engine.models.bundle import ModelBundle
from engine.models.cross_sensor import TARGET
from engine.models.networks import Segmenter, build, monte_carlo_dropout
from engine.patches.arrays import INDEX, PatchArrays, open_patches
from engine.patches.landslide4sense import Split, find_patches
from engine.patches.own import patches_from_stack
from engine.patches.splits import split
from engine.training.checkpoint import digest_of, same_beginning, start_clean
from engine.training.loop import start_fabric, train_network
from engine.training.pools import Pool, make_pool
from engine.training.processes import first_does, rank
from engine.training.pseudolabels import pseudo_labels, selection_summary
from engine.training.recipe import Recipe
from engine.training.results import PSEUDO_LABELS, make_card, score_rows, write_summary
from engine.training.run import BUNDLE, Material, export, make_task, prepare
from engine.training.scoring import histograms_by_site, predict, total
from engine.training.task import Task


@dataclass(frozen=True)
class Teacher:
    """A model that labels the target: its bundle and the network with its weights."""

    bundle: ModelBundle
    model: Segmenter


def adapt(
    models: Sequence[ModelBundle],
    recipe: Recipe,
    data: Path,
    target: Path,
    out: Path,
    *,
    target_split: Split = "test",
    score: bool = False,
    resume: bool = False,
    reporter: Reporter = SILENT,
) -> tuple[ModelBundle, ...]:
    """Adapt a recipe's networks to a target.

    Args:
        models: Trained models that label the target first.
        recipe: How to train; its ``adaptation`` says how to select and how often.
        data: Labelled patches.
        target: Folder of patches, whose masks are never looked at, or a stack (GeoTIFF).
        out: Folder; each round has a folder in it, the final bundles go into ``bundle`` or
            ``NAME/bundle``.
        target_split: Split of the target where its folder holds several.
        score: Score the result on the target's masks at the end, and only then.
        resume: Continue where a stopped adaptation was.
        reporter: Progress and log.

    Returns:
        The adapted bundles.

    Raises:
        ConfigError, DatasetError, BundleError: The models, the recipe or the data make no sense
            together.
    """
    output_folder(out)
    if not models:
        raise ConfigError("Adaptation needs at least one trained model; give --model.")
    if score:
        _check_masks(target, target_split)
    config = recipe.adaptation
    start_fabric(recipe.training)  # joins the processes of torchrun, before the first writes
    material = prepare(recipe, data, reporter=reporter)
    unlabelled = open_target(target, target_split, reporter)
    beginning = {"models": [bundle.digest for bundle in models], "target": digest_of(unlabelled)}
    same_beginning(out, recipe.to_dict(), beginning, resume=resume)
    if not resume:
        rounds = list(out.glob("round-*"))
        first_does(
            partial(
                start_clean, [*rounds, *(r / name for r in rounds for name in recipe.networks())]
            )
        )
    teachers = [Teacher(bundle, load_segmenter(bundle)) for bundle in models]
    bundles: tuple[ModelBundle, ...] = tuple(models)
    for number in range(1, config.rounds + 1):
        folder = out / f"round-{number}"
        output_folder(folder)
        labels = _labels(teachers, unlabelled, recipe, folder, resume=resume, reporter=reporter)
        shares = selection_summary(labels)
        reporter.log(
            f"Round {number} of {config.rounds}: pseudo-labels {shares['landslide']:.2%} landslide,"
            f" {shares['background']:.1%} background, {shares['ignored']:.1%} ignored."
        )
        if shares["landslide"] == 0:
            reporter.warn(
                "The models see no landslide in the target; the adapted model will be trained to"
                " see none there."
            )
        pool = _target_pool(replace(unlabelled, masks=labels), material, recipe)
        last = number == config.rounds
        bundles = _round(
            recipe,
            material,
            pool,
            teachers,
            out if last else folder,
            folder,
            resume=resume,
            reporter=reporter,
        )
        if config.refresh:
            teachers = [Teacher(bundle, load_segmenter(bundle)) for bundle in bundles]
    if score:
        _score(bundles, target, target_split, recipe, out, reporter)
    return bundles


def open_target(
    target: Path, target_split: Split = "test", reporter: Reporter = SILENT
) -> PatchArrays:
    """The target's patches without labels, from a folder or a stack."""
    if target.is_file():
        return patches_from_stack(target, reporter=reporter)
    return open_patches(target, target_split, labels=False, reporter=reporter)


def load_segmenter(bundle: ModelBundle) -> Segmenter:
    """A bundle's network with its weights, for PyTorch.

    Raises:
        BundleError: It has no safetensors, or they do not fit its network.
    """
    from safetensors.torch import load_file

    if bundle.weights_path is None:
        raise BundleError(
            f"The bundle {bundle.path} has no weights.safetensors; adaptation trains on and needs"
            " them."
        )
    model = build(bundle.card.network, len(bundle.card.channels))
    try:
        model.load_state_dict(load_file(bundle.weights_path))
    except RuntimeError as error:
        raise BundleError(
            f"The weights of {bundle.path} do not fit its network; export it again."
        ) from error
    return model.eval()


def predict_with_uncertainty(
    teachers: Sequence[Teacher],
    unlabelled: PatchArrays,
    recipe: Recipe,
    *,
    reporter: Reporter = SILENT,
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Mean probability of the teachers, and its variance under dropout.

    The variance only where the recipe selects by uncertainty.

    Every teacher normalises by its own card, with the target's own statistics where the recipe
    separates them.
    """
    config = recipe.adaptation
    fabric = start_fabric(recipe.training)
    weights = np.array([teacher.bundle.card.weight for teacher in teachers], np.float64)
    mean = np.zeros(unlabelled.masks.shape, np.float64)
    variance = np.zeros_like(mean)
    for share, teacher in zip(weights / weights.sum(), teachers, strict=True):
        card = teacher.bundle.card
        pool = make_pool(
            unlabelled, card.normalization, "dataset" if config.separate_statistics else "training"
        )
        options: dict[str, Any] = {
            "device": fabric.device,
            "clip": card.normalization.clip,
            "factor": card.input_scale,
            "reporter": reporter,
        }
        model = teacher.model.to(fabric.device).eval()
        if config.selection == "uncertainty":
            torch.manual_seed(recipe.training.seed)
            with monte_carlo_dropout(model, config.dropout):
                runs = [predict(model, pool, **options) for _ in range(config.passes)]
            stack = np.stack(runs).astype(np.float64)
            mean += share * stack.mean(axis=0)
            variance += share * stack.var(axis=0)
        else:
            mean += share * predict(model, pool, **options)
    return mean.astype(np.float32), (
        variance.astype(np.float32) if config.selection == "uncertainty" else None
    )


def _labels(
    teachers: Sequence[Teacher],
    unlabelled: PatchArrays,
    recipe: Recipe,
    folder: Path,
    *,
    resume: bool,
    reporter: Reporter,
) -> NDArray[np.uint8]:
    kept = folder / PSEUDO_LABELS
    if resume and kept.is_file():
        labels = np.load(kept, allow_pickle=False)
        if labels.shape == unlabelled.masks.shape:
            return np.asarray(labels, np.uint8)
    probability, variance = predict_with_uncertainty(
        teachers, unlabelled, recipe, reporter=reporter
    )
    labels = pseudo_labels(probability, variance, recipe.adaptation)

    def write() -> None:
        with atomic_path(kept) as temporary:
            np.save(temporary, labels)

    first_does(write)
    return labels if rank() == 0 else np.asarray(np.load(kept, allow_pickle=False), np.uint8)


def _target_pool(labelled: PatchArrays, material: Material, recipe: Recipe) -> Pool:
    config = recipe.adaptation
    by = "dataset" if config.separate_statistics else "training"
    return make_pool(
        labelled, material.normalization, by, domain=TARGET if config.cross_sensor else "source"
    )


def _round(
    recipe: Recipe,
    material: Material,
    pool: Pool,
    teachers: Sequence[Teacher],
    out: Path,
    folder: Path,
    *,
    resume: bool,
    reporter: Reporter,
) -> tuple[ModelBundle, ...]:
    config, data = recipe.adaptation, recipe.data
    shorter = (
        replace(recipe.schedule, steps=0, epochs=config.epochs)
        if config.epochs > 0
        else recipe.schedule
    )
    optimizer = replace(recipe.optimizer, lr=recipe.optimizer.lr * config.lr_factor)
    tuned = replace(recipe, schedule=shorter, optimizer=optimizer)
    fold = None
    if data.validation != "none":
        fold = split(
            material.arrays,
            data.validation,
            data.folds,
            seed=recipe.training.seed,
            reporter=reporter,
        )[data.fold - 1]
    networks = recipe.networks()
    bundles = []
    for name, network in networks.items():
        started = time.monotonic()
        home, work = (out, folder) if len(networks) == 1 else (out / name, folder / name)
        base = make_task(tuned, network, material, fold)
        task = Task(
            tuned,
            network,
            [*base.pools, pool],
            [*base.shares, config.share],
            base.validation,
            base.normalization,
            free=base.free,
            domains=(TARGET,) if config.cross_sensor else (),
            start=_start(config.start, name, network, teachers),
        )
        trained = train_network(task, work, resume=resume, reporter=reporter)
        rows = (
            score_rows([trained.histograms], "held-out source block, after adaptation")
            if fold is not None
            else []
        )
        threshold = (
            total(dict(trained.histograms)).best_threshold()
            if trained.histograms
            else teachers[0].bundle.card.threshold
        )
        card = make_card(
            tuned,
            network,
            name=name,
            arrays=material.arrays,
            normalization=material.normalization,
            threshold=threshold,
            rows=rows,
        )
        card = replace(
            card,
            training={
                **card.training,
                "adapted_to": pool.arrays.source,
                "target_patches": len(pool.arrays),
                "protocol": "transductive",
            },
            limits=(
                *card.limits,
                (
                    f"Adapted to {pool.arrays.source}; elsewhere it may be worse than the model it"
                    " came from."
                ),
            ),
        )
        bundle = export(
            trained,
            card,
            home / BUNDLE,
            domain=TARGET if config.cross_sensor else None,
            reporter=reporter,
        )
        first_does(partial(write_summary, home, tuned, bundle, rows, time.monotonic() - started))
        bundles.append(bundle)
    return tuple(bundles)


def _start(
    start: str, name: str, network: Mapping[str, Any], teachers: Sequence[Teacher]
) -> dict[str, torch.Tensor] | None:
    """The teacher's weights for a network of its name.

    Or of the same description where there is one teacher.
    """
    if start == "scratch":
        return None
    for teacher in teachers:
        if teacher.bundle.card.name == name or len(teachers) == 1:
            mine = {
                k: v for k, v in network.items() if k not in ("pretrained", "rgb", "temperature")
            }
            theirs = {
                k: v
                for k, v in teacher.bundle.card.network.items()
                if k not in ("pretrained", "rgb", "temperature")
            }
            if json.loads(json.dumps(mine)) != json.loads(json.dumps(theirs)):
                raise ConfigError(
                    f"The model {teacher.bundle.card.name} is not the network {name} of the recipe,"
                    " so training cannot continue from it; choose the recipe that it was trained"
                    ' with, or set adaptation.start to "scratch".'
                )
            return {key: value.cpu() for key, value in teacher.model.state_dict().items()}
    raise ConfigError(
        f"None of the models is named {name}; give the recipe's own models or set adaptation.start"
        ' to "scratch".'
    )


def _check_masks(target: Path, target_split: Split) -> None:
    """Refuse a target without masks before hours are spent on it.

    The masks themselves stay unread.
    """
    if target.is_file():
        raise DatasetError(
            "A stack has no masks to score on; give a folder of labelled patches as the target, or"
            " leave --score out."
        )
    if (target / INDEX).is_file():
        open_patches(target)
    else:
        find_patches(target, target_split, labels="needed")


def _score(
    bundles: Sequence[ModelBundle],
    target: Path,
    target_split: Split,
    recipe: Recipe,
    out: Path,
    reporter: Reporter,
) -> None:
    """Score the adapted ensemble on the target's masks.

    Nothing before has seen them; writes ``target-scores.json``.
    """
    labelled = open_patches(target, target_split, reporter=reporter)
    teachers = [Teacher(bundle, load_segmenter(bundle)) for bundle in bundles]
    plain = replace(recipe, adaptation=replace(recipe.adaptation, selection="all"))
    probability, _ = predict_with_uncertainty(teachers, labelled, plain, reporter=reporter)
    threshold = float(np.mean([bundle.card.threshold for bundle in bundles]))
    pool = make_pool(labelled, bundles[0].card.normalization, "training")
    scores = total(histograms_by_site(probability, pool)).scores(threshold)
    row = {"protocol": "transductive", "target": labelled.source, "threshold": threshold, **scores}
    first_does(partial(write_json, out / "target-scores.json", row))
    reporter.log(f"On the target's masks: F1 {scores['f1']:.4f} at {threshold:.3f} (transductive).")
