"""A training run from a folder of patches to a bundle that `l4s detect` takes as it is."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import ConfigError, DatasetError
from engine.events import SILENT, Reporter
from engine.files import output_folder
from engine.models.bundle import ModelBundle, ModelCard
from engine.models.normalization import Normalization
from engine.patches.arrays import PatchArrays, open_patches
from engine.patches.splits import Fold, split
from engine.samples.areas import free_areas
from engine.samples.maker import Area
from engine.training.checkpoint import fingerprints, load_checkpoint, start_clean
from engine.training.loop import Trained, start_fabric, train_network
from engine.training.pools import Pool, make_normalization, make_pool, select
from engine.training.processes import first_does, rank
from engine.training.recipe import Recipe
from engine.training.results import (
    HISTOGRAMS,
    SUMMARY,
    make_card,
    merge,
    read_histograms,
    score_rows,
    write_histograms,
    write_summary,
)
from engine.training.scoring import Histogram, total
from engine.training.task import Task

BUNDLE = "bundle"
FOLDS = "folds"


@dataclass(frozen=True)
class Material:
    """Labelled patches with the normalisation that a recipe gives them.

    And extra ground without landslides.

    Attributes:
        arrays: The labelled patches.
        normalization: The model's.
        pool: The patches, normalised.
        negatives: Patches without landslides.
        free: Areas without landslides, for a recipe with ``scenes`` (then there are no
            ``negatives``).
    """

    arrays: PatchArrays
    normalization: Normalization
    pool: Pool
    negatives: tuple[Pool, ...]
    free: tuple[Area, ...] = ()


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
    folders = {name: out if len(networks) == 1 else out / name for name in networks}
    if not resume:
        folds = [fold for folder in folders.values() for fold in (folder / FOLDS).glob("*")]
        first_does(partial(start_clean, [*folders.values(), *folds]))
    return tuple(
        _train_one(recipe, name, networks[name], material, folder, resume=resume, reporter=reporter)
        for name, folder in folders.items()
    )


def prepare(
    recipe: Recipe, data: Path, negatives: Sequence[Path] = (), *, reporter: Reporter = SILENT
) -> Material:
    """Read and check the labelled patches, and normalise them by domain.

    Raises:
        DatasetError: No patch holds landslide, or labels are missing.
    """
    arrays = open_patches(data, reporter=reporter)
    if not arrays.positive_pixels.any():
        raise DatasetError(
            f"None of the {len(arrays)} patches in {data} holds a landslide pixel; a network cannot"
            " learn from background alone. Add labelled landslides."
        )
    normalization = make_normalization(recipe, arrays)
    by = "training" if set(normalization.modes) == {"fixed"} else recipe.data.domain
    pool = make_pool(arrays, normalization, by)
    if recipe.scenes is not None:
        free = tuple(area for path in negatives for area in free_areas(path, reporter))
        return Material(arrays, normalization, pool, (), free)
    extra = tuple(
        make_pool(_negative(path, reporter), normalization, recipe.data.domain)
        for path in negatives
    )
    return Material(arrays, normalization, pool, extra)


def _negative(path: Path, reporter: Reporter) -> PatchArrays:
    arrays = open_patches(path, labels=False, reporter=reporter)
    return replace(arrays, masks=np.zeros(arrays.masks.shape, np.uint8))


def _train_one(
    recipe: Recipe,
    name: str,
    network: Mapping[str, Any],
    material: Material,
    out: Path,
    *,
    resume: bool,
    reporter: Reporter,
) -> ModelBundle:
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
        load_checkpoint(
            out, recipe.to_dict(), fingerprints(task)
        )  # refuses another recipe and other data
        reporter.log(f"{name} is trained already.")
        return ModelBundle.open(out / BUNDLE)
    rows: list[dict[str, Any]] = []
    held: dict[str, Histogram] = {}
    if data.cross_validate:
        results = cross_validate(
            recipe, network, material, folds, out / FOLDS, resume=resume, reporter=reporter
        )
        rows, held = (
            score_rows(results, f"leave-{data.validation}-out, {len(folds)} folds"),
            merge(results),
        )
    trained = train_network(task, out, resume=resume, reporter=reporter)
    if fold is not None:
        held = dict(trained.histograms)
        rows = score_rows(
            [held], f"one {data.validation} fold of {data.folds} held out ({fold.name})"
        )
    threshold = recipe.training.threshold
    chosen = total(held).best_threshold() if threshold == "validation" else float(threshold)
    card = make_card(
        recipe,
        network,
        name=name,
        arrays=material.arrays,
        normalization=material.normalization,
        threshold=chosen,
        rows=rows,
    )
    bundle = export(trained, card, out / BUNDLE, reporter=reporter)
    first_does(lambda: write_summary(out, recipe, bundle, rows, time.monotonic() - started))
    return bundle


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
) -> list[dict[str, Histogram]]:
    """Train on every fold in turn; gives each fold's held-out histograms.

    By site; finished folds are not trained again.
    """
    results = []
    for fold in folds:
        folder = out / fold.name
        done = folder / HISTOGRAMS
        task = make_task(recipe, network, material, fold)
        if resume and done.is_file():
            load_checkpoint(
                folder, recipe.to_dict(), fingerprints(task)
            )  # refuses another recipe and other data
            results.append(read_histograms(done))
            continue
        reporter.log(
            f"Fold {fold.name}: {len(fold.training)} patches to train on, {len(fold.validation)}"
            " held out."
        )
        found = dict(train_network(task, folder, resume=resume, reporter=reporter).histograms)
        results.append(found)
        first_does(partial(write_histograms, done, found))
    return results


def export(
    trained: Trained,
    card: ModelCard,
    folder: Path,
    *,
    domain: str | None = None,
    reporter: Reporter = SILENT,
) -> ModelBundle:
    """Write the bundle from the first process; the others wait and open it."""
    from engine.models.export import export_bundle

    if domain is not None:
        trained.statistics.use(domain)
    reporter.log(f"Writing the bundle {folder}.")

    first_does(lambda: export_bundle(trained.model.cpu(), card, folder))
    return ModelBundle.open(folder)


def quiet(reporter: Reporter) -> Reporter:
    """A reporter that is silent and still notices cancellation.

    The first of several processes reports for all.
    """

    def asked() -> bool:
        reporter.check()
        return False

    return Reporter(None, asked)
