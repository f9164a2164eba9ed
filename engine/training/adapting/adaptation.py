"""Adaptation to an unlabelled target by self-training.

Predict, select pseudo-labels, train on both, and again. What it gives is transductive: the adapted
model has seen the images that it will be used on. The target is a folder of patches or a stack,
which is cut into patches; it is normalised by its own statistics and, with cross-sensor
normalisation, has batch statistics of its own, which the exported bundle carries.
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
from numpy.typing import NDArray

from engine.errors import ConfigError
from engine.events import SILENT, Reporter
from engine.files import atomic_path, output_folder, write_json
from engine.models.bundle import ModelBundle
from engine.models.card import ModelCard
from engine.models.cross_sensor import SOURCE, TARGET
from engine.patches.arrays import PatchArrays
from engine.patches.landslide4sense import Split
from engine.patches.splits import Fold, split
from engine.training.adapting.pseudolabels import pseudo_labels, selection_summary
from engine.training.adapting.target import Target, open_target, require_masks, score_on_target
from engine.training.adapting.teachers import (
    Teacher,
    predict_disturbed,
    predict_mean,
    starting_weights,
)
from engine.training.assembly import fold_result, train_task
from engine.training.checkpoint import below, digest_of, same_beginning, start_clean
from engine.training.configuration import CalibrationConfig
from engine.training.pools import Material, Pool, make_pool, prepare
from engine.training.processes import first_does, rank, start_fabric
from engine.training.recipe import Recipe
from engine.training.rehearsal import rehearse
from engine.training.results import PSEUDO_LABELS
from engine.training.run import BUNDLE, NetworkRun, conclude, finish, make_task
from engine.training.task import Task

SCORES = "target-scores.json"


@dataclass(frozen=True)
class _Adaptation:
    """What stays the same over the rounds."""

    recipe: Recipe
    material: Material
    target: Target
    fold: Fold | None
    out: Path
    resume: bool
    reporter: Reporter


def adapt(
    models: Sequence[ModelBundle],
    recipe: Recipe,
    data: Path,
    target: Path,
    out: Path,
    *,
    target_splits: Sequence[Split] = ("test",),
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
        target_splits: Splits of the target where its folder holds several; each is a domain of its
            own.
        score: Score the models on the target's masks before the first and after every round, each
            alone and all together (``target-scores.json``); nothing else sees the masks.
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
        require_masks(target, target_splits)
    if rank() == 0:
        for name, network in recipe.networks().items():
            rehearse(recipe, name, network, adapts=True)
    start_fabric(recipe.training)  # joins the processes of torchrun, before the first writes
    opened = open_target(target, target_splits, reporter)
    run = _begin(models, recipe, data, opened, out, resume, reporter)
    teachers = [Teacher.load(bundle) for bundle in models]
    bundles: tuple[ModelBundle, ...] = tuple(models)
    for number in range(recipe.adaptation.rounds + 1):
        if number > 0:
            bundles = _round(run, number, teachers)
        if score:
            rows = score_on_target(bundles, target, target_splits, recipe, number, reporter)
            first_does(partial(_keep_scores, out, number, rows))
            _tell_scores(rows, reporter)
        if number > 0 and recipe.adaptation.refresh:
            teachers = [Teacher.load(bundle) for bundle in bundles]
    return bundles


def _begin(
    models: Sequence[ModelBundle],
    recipe: Recipe,
    data: Path,
    target: Target,
    out: Path,
    resume: bool,
    reporter: Reporter,
) -> _Adaptation:
    """Read the labelled patches, and write down or check what is begun."""
    material = prepare(recipe, data, reporter=reporter)
    beginning = {"models": [bundle.digest for bundle in models], "target": digest_of(target.arrays)}
    same_beginning(out, recipe.to_dict(), beginning, resume=resume)
    if not resume:
        begun = [path for folder in out.glob("round-*") for path in below(folder)]
        first_does(partial(start_clean, begun))
    fold, held = None, recipe.data
    if held.validation != "none":
        seed = recipe.training.seed
        folds = split(material.arrays, held.validation, held.folds, seed=seed, reporter=reporter)
        fold = folds[held.fold - 1]
    return _Adaptation(recipe, material, target, fold, out, resume, reporter)


def _round(run: _Adaptation, number: int, teachers: Sequence[Teacher]) -> tuple[ModelBundle, ...]:
    """Label the target with teachers, and train each network on both."""
    recipe, networks = run.recipe, run.recipe.networks()
    folder = run.out / f"round-{number}"
    output_folder(folder)
    labelled = replace(run.target.arrays, masks=_labels(run, number, teachers, folder))
    pool = target_pool(labelled, run.material, recipe, run.target.groups)
    home = run.out if number == recipe.adaptation.rounds else folder
    tuned = _round_recipe(run, teachers)
    runs, homes = [], []
    for name, network in networks.items():
        started = time.monotonic()
        work = folder if len(networks) == 1 else folder / name
        homes.append(home if len(networks) == 1 else home / name)
        task = _round_task(run, tuned, name, network, pool, teachers)
        trained = train_task(task, work, resume=run.resume, reporter=run.reporter)
        results = []
        if run.fold is not None:
            results = [fold_result(trained, task, tuned, run.reporter)]
        bundle = finish(
            trained,
            tuned,
            network,
            run.material,
            results,
            name=name,
            method="held-out source block, after adaptation",
            out=homes[-1] / BUNDLE,
            adjust=partial(_adapted, pool),
            domain=TARGET if recipe.adaptation.cross_sensor else None,
            reporter=run.reporter,
        )
        runs.append(NetworkRun(bundle, results, time.monotonic() - started))
    return conclude(tuned, runs, homes, run.reporter)


def _round_recipe(run: _Adaptation, teachers: Sequence[Teacher]) -> Recipe:
    """The recipe of a round: shorter, with its own learning rate.

    Where nothing is held out, the threshold stays that of the first teacher.
    """
    recipe, config = run.recipe, run.recipe.adaptation
    schedule, optimizer, second = recipe.schedule, recipe.optimizer, recipe.second_stage
    if config.epochs > 0:
        schedule = replace(schedule, steps=0, epochs=config.epochs)
    optimizer = replace(optimizer, lr=optimizer.lr * config.lr_factor)
    if second is not None:
        second = replace(second, lr=second.lr * config.lr_factor)
    tuned = replace(recipe, schedule=schedule, optimizer=optimizer, second_stage=second)
    if run.fold is None:
        threshold = teachers[0].bundle.card.threshold
        training = replace(recipe.training, threshold=threshold)
        tuned = replace(tuned, training=training, calibration=CalibrationConfig())
    return tuned


def _round_task(
    run: _Adaptation,
    tuned: Recipe,
    name: str,
    network: Mapping[str, Any],
    pool: Pool,
    teachers: Sequence[Teacher],
) -> Task:
    """A network on the labelled patches and the target's pseudo-labels."""
    config = tuned.adaptation
    base = make_task(tuned, network, run.material, run.fold)
    return replace(
        base,
        pools=[*base.pools, pool],
        shares=[*base.shares, config.share],
        domains=(TARGET,) if config.cross_sensor else (),
        start=starting_weights(config, name, network, teachers),
    )


def _adapted(pool: Pool, card: ModelCard) -> ModelCard:
    """A card that says what its model was adapted to."""
    source = pool.arrays.source
    facts = {
        "adapted_to": source,
        "target_patches": len(pool.arrays),
        "protocol": "transductive",
    }
    limit = f"Adapted to {source}; elsewhere it may be worse than the model it came from."
    return replace(card, training={**card.training, **facts}, limits=(*card.limits, limit))


def _labels(
    run: _Adaptation, number: int, teachers: Sequence[Teacher], folder: Path
) -> NDArray[np.uint8]:
    """The round's pseudo-labels, or those of an earlier start."""
    kept, config, reporter = folder / PSEUDO_LABELS, run.recipe.adaptation, run.reporter
    labels = _kept_labels(kept, run.target.arrays) if run.resume else None
    if labels is None:
        labels = _new_labels(run, teachers)
        first_does(partial(_keep_labels, kept, labels))
        if rank() > 0:
            labels = np.asarray(np.load(kept, allow_pickle=False), np.uint8)
    shares = selection_summary(labels)
    reporter.log(
        f"Round {number} of {config.rounds}: pseudo-labels {shares['landslide']:.2%} landslide,"
        f" {shares['background']:.1%} background, {shares['ignored']:.1%} ignored."
    )
    if shares["landslide"] == 0:
        reporter.warn(
            "The models see no landslide in the target; the adapted model will be trained to see"
            " none there.",
            "training-no-pseudo-landslide",
        )
    return labels


def _new_labels(run: _Adaptation, teachers: Sequence[Teacher]) -> NDArray[np.uint8]:
    """Pseudo-labels by the teachers, selected in each split apart."""
    config, target = run.recipe.adaptation, run.target
    by = target.groups if config.separate_statistics else "training"
    variance = None
    if config.selection == "uncertainty":
        probability, variance = predict_disturbed(
            teachers, target.arrays, run.recipe, by=by, reporter=run.reporter
        )
    else:
        probability = predict_mean(
            teachers, target.arrays, run.recipe, by=by, reporter=run.reporter
        )
    labels = np.empty(probability.shape, np.uint8)
    for name in target.names:
        at = target.of(name)
        uncertain = None if variance is None else variance[at]
        labels[at] = pseudo_labels(probability[at], uncertain, config)
    return labels


def _kept_labels(path: Path, unlabelled: PatchArrays) -> NDArray[np.uint8] | None:
    if not path.is_file():
        return None
    labels = np.load(path, allow_pickle=False)
    return np.asarray(labels, np.uint8) if labels.shape == unlabelled.masks.shape else None


def _keep_labels(path: Path, labels: NDArray[np.uint8]) -> None:
    with atomic_path(path) as temporary:
        np.save(temporary, labels)


def target_pool(
    labelled: PatchArrays, material: Material, recipe: Recipe, groups: Sequence[str] = ()
) -> Pool:
    """The target's patches with pseudo-labels, normalised.

    They go through the network apart from the labelled patches where batch statistics or losses are
    kept apart, or where images are mixed: mixup mixes labelled patches with labelled ones, and
    those with pseudo-labels with each other (Eq. 8).
    """
    config = recipe.adaptation
    own: str | Sequence[str] = groups or "dataset"
    by = own if config.separate_statistics else "training"
    apart = config.cross_sensor or config.separate_losses or recipe.augment.mixup > 0
    domain = TARGET if apart else SOURCE
    return make_pool(labelled, material.normalization, by, domain=domain)


def _keep_scores(out: Path, number: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write ``target-scores.json``: the last ensemble, and every round."""
    path = out / SCORES
    before: list[Any] = []
    if number > 0 and path.is_file():
        before = [
            r for r in json.loads(path.read_text(encoding="utf-8"))["rows"] if r["round"] < number
        ]
    write_json(path, {**rows[-1], "rows": [*before, *rows]})


def _tell_scores(rows: Sequence[Mapping[str, Any]], reporter: Reporter) -> None:
    for row in rows:
        reporter.log(
            f"On the target's masks ({row['split']}), round {row['round']}, {row['model']}: F1"
            f" {row['f1']:.4f} at {row['threshold']:.3f} ({row['protocol']})."
        )
