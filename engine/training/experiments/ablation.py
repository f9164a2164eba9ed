"""The paper's tables as experiments.

Variants of one recipe, trained on some folds and scored on the others, or trained on everything and
scored on another labelled set, over several seeds.

Held-out patches play the part of the paper's validation set: their images may be adapted to, their
masks are used for scores alone. The threshold is 0.5 in every row, so that none is tuned on what it
is scored on. Rows that differ only in their adaptation share the models that they start from.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import ConfigError, DatasetError
from engine.events import SILENT, Reporter
from engine.files import atomic_path, output_folder
from engine.models.bundle import ModelBundle
from engine.patches.arrays import PatchArrays, open_patches, write_packed
from engine.patches.landslide4sense import Split
from engine.patches.splits import Fold, split, split_by_id
from engine.training.adapting.adaptation import adapt
from engine.training.adapting.teachers import Teacher, predict_mean
from engine.training.checkpoint import digest_of
from engine.training.experiments.components import fit_components, to_components
from engine.training.experiments.tables import Variant, read_table
from engine.training.processes import first_does, quiet, start_fabric
from engine.training.recipe import Recipe, load_recipe
from engine.training.run import train_members
from engine.training.schedule import stages
from engine.training.scoring import Histogram

THRESHOLD = 0.5


@dataclass(frozen=True)
class Row:
    """Scores of a variant over all folds, one value a seed.

    F1, precision and recall.
    """

    label: str
    f1: tuple[float, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]


@dataclass(frozen=True)
class Protocol:
    """How rows are trained and scored.

    Attributes:
        seeds: Number of seeds, 0, 1, …
        folds: Folds that are run at most; None for all.
        score_on: Labelled patches that every row is scored on, after training on all of ``data``;
            None holds folds of the data out.
        score_split: Split of these where their folder holds several.
        target: Unlabelled patches, or a stack, that adapted rows adapt to; the held-out images by
            default.
        target_split: Split of the target where its folder holds several.
    """

    seeds: int = 3
    folds: int | None = None
    score_on: Path | None = None
    score_split: Split = "validation"
    target: Path | None = None
    target_split: Split = "test"

    def __post_init__(self) -> None:
        if self.seeds < 1 or (self.folds is not None and self.folds < 1):
            raise ConfigError("An ablation needs one seed and one fold, or more.")
        if self.folds is not None and self.score_on is not None:
            raise ConfigError("With --score-on nothing is held out; leave --folds out.")


@dataclass(frozen=True)
class Part:
    """One split of the data: what is trained on, and what is scored on."""

    name: str
    training: Path
    held: Path
    patches: int


def ablate(
    table: str,
    recipe: str | Path,
    data: Path,
    out: Path,
    *,
    overrides: Sequence[str] = (),
    protocol: Protocol = Protocol(),
    reporter: Reporter = SILENT,
) -> list[Row]:
    """Run a table's experiments; finished ones are not run again.

    Args:
        table: A key of :data:`engine.training.experiments.tables.TABLES`, ``ensemble``, or a TOML
            file of ``[[variant]]`` with ``label``, ``set`` and optionally ``adapted``, ``member``
            and ``recipe``; ``folds`` in it names the patches that each fold holds out, instead of
            the recipe's split.
        recipe: The recipe that all rows vary.
        data: Labelled patches.
        out: Folder; ``table.csv`` and ``table.md`` are written into it.
        overrides: Overrides common to all rows, before those of a row.
        protocol: Seeds, folds, and what is scored and adapted to.
        reporter: Progress and log.

    Returns:
        The rows in order.

    Raises:
        ConfigError: Unknown table; others as :func:`engine.training.run.train`.
    """
    base = load_recipe(recipe, overrides)
    variants, groups = read_table(table, base)
    recipes = [
        [_recipe_of(v, recipe, overrides, seed) for seed in range(protocol.seeds)] for v in variants
    ]
    output_folder(out)
    start_fabric(base.training)  # joins the processes of torchrun, before the first writes
    parts = _parts(base, data, out, groups, protocol, reporter)
    _tell_effort(variants, recipes, parts, reporter)
    rows, done, total = [], 0, len(variants) * protocol.seeds * len(parts)
    for number, (variant, seeded) in enumerate(zip(variants, recipes, strict=True)):
        scores: list[dict[str, float]] = []
        for seed, chosen in enumerate(seeded):
            merged = Histogram.empty()
            for part in parts:
                done += 1
                reporter.log(f"{variant.label}, seed {seed}, {part.name} ({done} of {total})")
                folder = out / f"{number + 1:02d}-seed-{seed}" / part.name
                experiment = Experiment(chosen, variant, part, protocol, out, folder, reporter)
                merged = merged + experiment.run()
            scores.append(merged.scores(THRESHOLD))
        columns = (tuple(s[key] for s in scores) for key in ("f1", "precision", "recall"))
        rows.append(Row(variant.label, *columns))
        first_does(partial(write_table, list(rows), out, Path(table).stem))
    return rows


def _recipe_of(variant: Variant, recipe: str | Path, overrides: Sequence[str], seed: int) -> Recipe:
    """A row's recipe; it holds nothing out, as the folds do that."""
    common = overrides if variant.recipe is None else ()
    fixed = ['data.validation="none"', "data.cross_validate=false", "calibration="]
    chosen = load_recipe(
        variant.recipe or recipe, [*common, *variant.overrides, *fixed, f"training.seed={seed}"]
    )
    if variant.member is not None and variant.member not in chosen.networks():
        raise ConfigError(
            f"The row {variant.label} scores the network {variant.member}, but the recipe trains"
            f" {', '.join(chosen.networks())}."
        )
    return chosen


def _parts(
    base: Recipe,
    data: Path,
    out: Path,
    groups: Sequence[Sequence[str]],
    protocol: Protocol,
    reporter: Reporter,
) -> list[Part]:
    """The data split by folds, or whole beside what is scored."""
    if protocol.score_on is not None:
        scored = open_patches(protocol.score_on, protocol.score_split, reporter=reporter)
        arrays = open_patches(data, reporter=reporter)
        paths = out / "data" / "training", out / "data" / "scored"
        for chosen, path in zip((arrays, scored), paths, strict=True):
            first_does(partial(write_packed, chosen, path))
        return [Part("all", *paths, len(arrays))]
    arrays = open_patches(data, reporter=reporter)
    if groups:
        folds = split_by_id(arrays, groups)
    elif base.data.validation == "none":
        raise ConfigError(
            'An ablation holds patches out; set data.validation to "block" or "site", or give'
            " --score-on."
        )
    else:
        folds = split(arrays, base.data.validation, base.data.folds, reporter=reporter)
    return [
        Part(fold.name, *_write_fold(arrays, fold, out / "folds" / fold.name), len(fold.training))
        for fold in folds[: protocol.folds]
    ]


def _tell_effort(
    variants: Sequence[Variant],
    recipes: Sequence[Sequence[Recipe]],
    parts: Sequence[Part],
    reporter: Reporter,
) -> None:
    """Say how much will be trained, before hours pass."""
    trained: dict[str, int] = {}
    rounds = samples = 0
    for variant, seeded in zip(variants, recipes, strict=True):
        for recipe in seeded:
            for part in parts:
                steps = stages(recipe, part.patches)[0].total
                size = recipe.training.batch_size * len(recipe.networks())
                trained[f"{part.name} {_identity(recipe, variant)}"] = steps * size
                if variant.adapted:
                    rounds += recipe.adaptation.rounds
                    samples += recipe.adaptation.rounds * steps * size
    samples += sum(trained.values())
    also = f" and {rounds} rounds of adaptation" if rounds else ""
    reporter.log(
        f"{len(trained)} trainings{also}: about {samples:,} samples; finished ones are not run"
        " again. `scripts/bench_train.py` measures samples a second."
    )


def _identity(recipe: Recipe, variant: Variant) -> str:
    """Digest of what a row trains before adaptation.

    Rows that agree in it share a training.
    """
    plain = recipe.to_dict()
    del plain["adaptation"]
    text = json.dumps([plain, variant.components], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Experiment:
    """One row on one part of the data with one seed."""

    recipe: Recipe
    variant: Variant
    part: Part
    protocol: Protocol
    out: Path
    folder: Path
    reporter: Reporter

    def run(self) -> Histogram:
        """Train, adapt and score.

        Or use the score of an earlier run with the same settings.
        """
        kept, variant = self.folder / "histogram.json", self.variant
        training, held = self.part.training, self.part.held
        target = self.protocol.target or held
        data = [digest_of(open_patches(path), labels=True) for path in (training, held)]
        aim = variant.adapted and str(target)
        settings = json.loads(json.dumps([self.recipe.to_dict(), aim, data, variant.member]))
        found = _kept(kept, settings)
        if found is not None:
            return found
        if variant.components:
            training, held = self._components(training, held)
            target = self.protocol.target or held
        bundles = self._trained(training)
        if variant.adapted:
            bundles = self._adapted(bundles, training, target)
        if variant.member is not None:
            names = list(self.recipe.networks())
            bundles = (bundles[names.index(variant.member)],)
        histogram = self._scored(bundles, held)
        models = [str(bundle.path.relative_to(self.out)) for bundle in bundles]
        first_does(partial(_keep, kept, settings, histogram, models))
        return histogram

    def _components(self, training: Path, held: Path) -> tuple[Path, Path]:
        axes = fit_components(open_patches(training))
        made = [self.folder / "components" / path.name for path in (training, held)]
        for source, path in zip((training, held), made, strict=True):
            first_does(partial(to_components, axes, source, path))
        return made[0], made[1]

    def _trained(self, training: Path) -> tuple[ModelBundle, ...]:
        """The row's models before adaptation, trained once for all."""
        name = f"{self.part.name}-{_identity(self.recipe, self.variant)}"
        plain = replace(self.recipe, adaptation=type(self.recipe.adaptation)())
        return train_members(
            plain, training, self.out / "trained" / name, resume=True, reporter=quiet(self.reporter)
        )

    def _adapted(
        self, bundles: Sequence[ModelBundle], training: Path, target: Path
    ) -> tuple[ModelBundle, ...]:
        """The row's adapted models.

        One that was stopped goes on, one with other settings not.
        """
        out = self.folder / "adapt"
        start = partial(adapt, bundles, self.recipe, training, target, out)
        options: dict[str, Any] = {
            "target_splits": (self.protocol.target_split,),
            "reporter": quiet(self.reporter),
        }
        try:
            return start(**options, resume=True)
        except (ConfigError, DatasetError):
            return start(**options)

    def _scored(self, bundles: Sequence[ModelBundle], held: Path) -> Histogram:
        labelled = open_patches(held)
        teachers = [Teacher.load(bundle) for bundle in bundles]
        by = "dataset" if self.recipe.adaptation.separate_statistics else "training"
        probability = predict_mean(teachers, labelled, self.recipe, by=by, reporter=self.reporter)
        return Histogram.count(probability, np.asarray(labelled.masks))


def _kept(path: Path, settings: object) -> Histogram | None:
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    if found["settings"] != settings:
        return None
    return Histogram(np.array(found["positive"], np.int64), np.array(found["negative"], np.int64))


def _keep(path: Path, settings: object, histogram: Histogram, models: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    counts = {"positive": histogram.positive.tolist(), "negative": histogram.negative.tolist()}
    with atomic_path(path) as temporary:
        temporary.write_text(
            json.dumps({"settings": settings, "models": list(models), **counts}), encoding="utf-8"
        )


def write_table(rows: Sequence[Row], out: Path, title: str) -> None:
    """Write ``table.csv`` (a value a seed) and ``table.md``.

    The latter gives mean ± standard deviation over seeds, in percent.
    """
    with (
        atomic_path(out / "table.csv") as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["variant", "seed", "f1", "precision", "recall"])
        for row in rows:
            for seed, values in enumerate(zip(row.f1, row.precision, row.recall, strict=True)):
                writer.writerow([row.label, seed, *(f"{v:.4f}" for v in values)])
    lines = [f"| {title} | Precision | Recall | F1 |", "|---|---|---|---|"]
    lines += [
        f"| {row.label} | {spread(row.precision)} | {spread(row.recall)} | {spread(row.f1)} |"
        for row in rows
    ]
    with atomic_path(out / "table.md") as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def spread(values: Sequence[float]) -> str:
    """Mean and standard deviation in percent; one value stands alone."""
    percent = 100 * np.array(values)
    return (
        f"{percent.mean():.1f} ± {percent.std(ddof=1):.1f}"
        if len(values) > 1
        else f"{percent[0]:.1f}"
    )


def _write_fold(arrays: PatchArrays, fold: Fold, folder: Path) -> tuple[Path, Path]:
    for name, indices in (("training", fold.training), ("held", fold.validation)):
        chosen = replace(arrays.select(indices), source=f"{arrays.source} ({fold.name}, {name})")
        first_does(partial(write_packed, chosen, folder / name))
    return folder / "training", folder / "held"
