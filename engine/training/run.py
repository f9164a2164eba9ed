"""A training run from patches to a bundle for detection."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from engine.errors import ConfigError, DatasetError
from engine.events import SILENT, Reporter
from engine.files import output_folder
from engine.models.bundle import ModelBundle, with_card
from engine.models.card import ModelCard
from engine.models.networks import without_unseen
from engine.patches.splits import Fold, split
from engine.training.assembly import check_resumable, fold_result, train_task
from engine.training.calibration import (
    apply_calibration,
    calibrate,
    calibrated_rows,
    describe,
)
from engine.training.checkpoint import below, start_clean
from engine.training.configuration import DataConfig
from engine.training.loop import Trained
from engine.training.pools import Material, prepare, select
from engine.training.processes import first_does, quiet, rank, start_fabric
from engine.training.recipe import Recipe
from engine.training.rehearsal import rehearse
from engine.training.results import (
    HISTOGRAMS,
    SUMMARY,
    FoldResult,
    make_card,
    merge_folds,
    read_fold,
    score_rows,
    together,
    write_fold,
    write_summary,
)
from engine.training.scoring import total
from engine.training.task import Task

BUNDLE = "bundle"
FOLDS = "folds"


def train(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    resume: bool = False,
    negatives: Sequence[Path] = (),
    reporter: Reporter = SILENT,
) -> ModelBundle:
    """Train the recipe's one network and export it.

    Args:
        recipe: The recipe; for one with several members use :func:`train_members`.
        data: Labelled patches: HDF5 in a known layout, or packed.
        out: The run's folder; the bundle is written into ``bundle`` in it.
        resume: Continue a run that was stopped.
        negatives: Folders of patches, of any labels, that hold no landslide; a recipe with
            ``scenes`` takes stacks too.
        reporter: Progress and log.

    Raises:
        ConfigError, DatasetError: The recipe or the data make no sense together.
        DiskFullError, OutputError: Results cannot be written; the last good checkpoint survives.
    """
    if len(recipe.networks()) > 1:
        raise ConfigError(
            f"The recipe {recipe.name} trains {len(recipe.networks())} networks; use train_members."
        )
    return train_members(recipe, data, out, resume=resume, negatives=negatives, reporter=reporter)[
        0
    ]


def train_members(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    resume: bool = False,
    negatives: Sequence[Path] = (),
    reporter: Reporter = SILENT,
) -> tuple[ModelBundle, ...]:
    """Train every network of a recipe; arguments as for :func:`train`.

    Members go into folders of their names.
    """
    output_folder(out)
    if rank() > 0:
        reporter = quiet(reporter)
    material = prepare(recipe, data, negatives, reporter=reporter)
    start_fabric(recipe.training)  # joins the processes of torchrun, before the first writes
    networks = recipe.networks()
    if rank() == 0:
        for name, network in networks.items():
            rehearse(recipe, name, network)
    folders = {name: out if len(networks) == 1 else out / name for name in networks}
    if not resume:
        begun = [path for folder in folders.values() for path in below(folder)]
        first_does(partial(start_clean, begun))
    runs = [
        _train_one(recipe, name, networks[name], material, folder, resume=resume, reporter=reporter)
        for name, folder in folders.items()
    ]
    return conclude(recipe, runs, list(folders.values()), reporter)


@dataclass(frozen=True)
class NetworkRun:
    """A trained and exported network, before its run is written down.

    Attributes:
        bundle: Its bundle.
        results: What was counted on held-out patches, fold by fold.
        seconds: How long it took.
    """

    bundle: ModelBundle
    results: Sequence[FoldResult]
    seconds: float


def conclude(
    recipe: Recipe, runs: Sequence[NetworkRun], folders: Sequence[Path], reporter: Reporter
) -> tuple[ModelBundle, ...]:
    """Choose the threshold of several networks, and write their records.

    Args:
        recipe: Their recipe.
        runs: The networks' runs.
        folders: Each one's folder.
        reporter: Log.
    """
    bundles = [run.bundle for run in runs]
    if len(runs) > 1 and runs[0].results:
        cards = [bundle.card for bundle in bundles]
        entry, scores = together(cards, [run.results for run in runs])
        reporter.log(
            f"All networks together: held-out F1 {scores['f1']:.3f} at {entry.threshold:.3f}."
        )
        for card, bundle in zip(cards, bundles, strict=True):
            first_does(partial(with_card, bundle, replace(card, ensemble=entry)))
        bundles = [ModelBundle.open(bundle.path) for bundle in bundles]
    for run, bundle, folder in zip(runs, bundles, folders, strict=True):
        rows = bundle.card.scores
        first_does(partial(write_summary, folder, recipe, bundle, rows, run.seconds))
    return tuple(bundles)


def _train_one(
    recipe: Recipe,
    name: str,
    network: Mapping[str, Any],
    material: Material,
    out: Path,
    *,
    resume: bool,
    reporter: Reporter,
) -> NetworkRun:
    started = time.monotonic()
    data = recipe.data
    folds = (
        []
        if data.validation == "none"
        else split(
            material.arrays,
            data.validation,
            data.folds,
            seed=recipe.training.seed,
            reporter=reporter,
        )
    )
    if data.cross_validate and not folds:
        raise ConfigError('data.cross_validate needs data.validation to be "block" or "site".')
    fold = folds[data.fold - 1] if folds and not data.cross_validate else None
    task = make_task(recipe, network, material, fold)
    if resume and (out / SUMMARY).is_file():  # written last
        check_resumable(task, out)
        reporter.log(f"{name} is trained already.")
        kept = [read_fold(path) for path in _fold_files(out, folds, data)]
        return NetworkRun(ModelBundle.open(out / BUNDLE), kept, _seconds(out))
    results = []
    if data.cross_validate:
        results = cross_validate(
            recipe, network, material, folds, out / FOLDS, resume=resume, reporter=reporter
        )
        method = f"leave-{data.validation}-out, {len(folds)} folds"
    trained = train_task(task, out, resume=resume, reporter=reporter)
    if fold is not None:
        results = [fold_result(trained, task, recipe, reporter)]
        first_does(partial(write_fold, out / HISTOGRAMS, results[0]))
        method = f"one {data.validation} fold of {data.folds} held out ({fold.name})"
    if not results:
        method = "none"
    bundle = finish(
        trained,
        recipe,
        network,
        material,
        results,
        name=name,
        method=method,
        out=out / BUNDLE,
        reporter=reporter,
    )
    return NetworkRun(bundle, results, time.monotonic() - started)


def _fold_files(out: Path, folds: Sequence[Fold], data: DataConfig) -> list[Path]:
    """Where a finished run keeps what was counted on held-out patches."""
    if data.cross_validate:
        return [out / FOLDS / fold.name / HISTOGRAMS for fold in folds]
    return [out / HISTOGRAMS] if folds else []


def _seconds(out: Path) -> float:
    summary: dict[str, Any] = json.loads((out / SUMMARY).read_text(encoding="utf-8"))
    return float(summary.get("seconds", 0.0))


def finish(
    trained: Trained,
    recipe: Recipe,
    network: Mapping[str, Any],
    material: Material,
    results: Sequence[FoldResult],
    *,
    name: str,
    method: str,
    out: Path,
    adjust: Callable[[ModelCard], ModelCard] | None = None,
    domain: str | None = None,
    reporter: Reporter = SILENT,
) -> ModelBundle:
    """Calibrate a trained network, choose its threshold, and export it.

    Args:
        trained: The network.
        recipe: Its recipe.
        network: Its description, resolved.
        material: What it was trained on.
        results: What was counted on held-out patches, fold by fold.
        name: The model's name.
        method: How they were held out.
        out: The bundle's folder.
        adjust: Changes the card, where given.
        domain: Domain of the cross-sensor normalisation whose statistics are exported.
        reporter: Progress and log.

    Raises:
        ConfigError: The recipe calibrates, but holds nothing out.
    """
    threshold, calibration = recipe.training.threshold, None
    rows = score_rows([result.histograms for result in results], method)
    best = total(merge_folds([result.histograms for result in results])).best_threshold()
    if recipe.calibration.method != "none":
        held = [result.held for result in results]
        if not held:
            raise ConfigError(
                "[calibration] needs held-out patches; set data.validation, or calibration.method"
                ' to "none".'
            )
        found = calibrate(recipe, held, reporter)
        found = apply_calibration(
            trained.model, found, recipe, material.normalization, material.free
        )
        rows, best = calibrated_rows(recipe, found, held, method), found.threshold
        calibration = describe(recipe, found)
    model, described, seen = without_unseen(trained.model, network, recipe.data.channels)
    card = make_card(
        recipe,
        described,
        name=name,
        arrays=material.arrays,
        normalization=material.normalization.of(seen),
        multiple_px=model.multiple_px,
        threshold=best if threshold == "validation" else float(threshold),
        rows=rows,
        calibration=calibration,
    )
    card = card if adjust is None else adjust(card)
    return export(
        replace(trained, model=model),
        card,
        out,
        domain=domain,
        onnx=recipe.card.onnx,
        reporter=reporter,
    )


def make_task(
    recipe: Recipe, network: Mapping[str, Any], material: Material, fold: Fold | None
) -> Task:
    """Training on one fold's patches, or on all of them."""
    pool = material.pool if fold is None else select(material.pool, fold.training)
    if not pool.arrays.positive_pixels.any():
        raise DatasetError(
            f"Without {fold.name if fold else 'them'} no training patch holds landslide; use fewer"
            " data.folds or another data.fold."
        )
    validation = None if fold is None else select(material.pool, fold.validation)
    count = len(material.negatives)
    shares = [recipe.data.negative_share / max(1, count)] * count
    return Task(
        recipe,
        network,
        [pool, *material.negatives],
        shares,
        validation,
        material.normalization,
        material.free,
        held_out={}
        if fold is None
        else {domain: select(pool, fold.validation) for domain, pool in material.by_domain.items()},
    )


def cross_validate(
    recipe: Recipe,
    network: Mapping[str, Any],
    material: Material,
    folds: Sequence[Fold],
    out: Path,
    *,
    resume: bool = False,
    reporter: Reporter = SILENT,
) -> list[FoldResult]:
    """Train on every fold in turn; gives what is counted on each.

    Finished folds are not trained again.
    """
    results = []
    for fold in folds:
        folder = out / fold.name
        done = folder / HISTOGRAMS
        task = make_task(recipe, network, material, fold)
        if resume and done.is_file():
            check_resumable(task, folder)
            results.append(read_fold(done))
            continue
        reporter.log(
            f"Fold {fold.name}: {len(fold.training)} patches to train on, {len(fold.validation)}"
            " held out."
        )
        trained = train_task(task, folder, resume=resume, reporter=reporter)
        results.append(fold_result(trained, task, recipe, reporter))
        first_does(partial(write_fold, done, results[-1]))
    return results


def export(
    trained: Trained,
    card: ModelCard,
    folder: Path,
    *,
    domain: str | None = None,
    onnx: bool = True,
    reporter: Reporter = SILENT,
) -> ModelBundle:
    """Write the bundle from the first process; the others wait and open it."""
    from engine.models.export import export_bundle

    if domain is not None:
        trained.statistics.use(domain)
    reporter.log(f"Writing the bundle {folder}.")

    first_does(lambda: export_bundle(trained.model.cpu(), card, folder, onnx=onnx))
    return ModelBundle.open(folder)
