"""The paper's tables as experiments.

Variants of one recipe, trained on some folds and scored on the others, over several seeds.

Held-out patches play the part of the paper's validation set: their images may be adapted to, their
masks are used for scores alone. The threshold is 0.5 in every row, so that none is tuned on what it
is scored on.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from engine.bands import NAMES
from engine.errors import ConfigError
from engine.events import SILENT, Reporter
from engine.files import atomic_path, output_folder
from engine.patches.arrays import PatchArrays, open_patches, write_packed
from engine.patches.landslide4sense import Split
from engine.patches.splits import Fold, split, split_by_id
from engine.settings import read_toml
from engine.training.adaptation import adapt
from engine.training.checkpoint import digest_of
from engine.training.components import SLOTS, fit_components, to_components
from engine.training.processes import first_does, quiet, start_fabric
from engine.training.recipe import Recipe, load_recipe
from engine.training.run import train_members
from engine.training.scoring import Histogram
from engine.training.teachers import Teacher, predict_mean

THRESHOLD = 0.5


@dataclass(frozen=True)
class Variant:
    """A row of a table.

    Attributes:
        label: Its name.
        overrides: Of the recipe.
        adapted: Whether it is adapted to the held-out images, or to the target where one is given.
        recipe: Another recipe than that of the table; the overrides common to all rows are not
            applied to it.
        components: Whether principal components of all channels take the place of red, green and
            blue.
    """

    label: str
    overrides: tuple[str, ...]
    adapted: bool = False
    recipe: str | None = None
    components: bool = False


def _bands(*names: str) -> str:
    return f"data.channels={json.dumps(names)}"


_RGB, _NIR, _SWIR = ("B04", "B03", "B02"), ("B08",), ("B10", "B11", "B12")
_SEPARATE = (
    'normalization.optical="scene"',
    'normalization.slope="scene"',
    'normalization.dem="scene"',
)
_FIXED = (
    'normalization.optical="fixed"',
    'normalization.slope="fixed"',
    'normalization.dem="fixed"',
)
_SLO = ("loss.terms={ ohem = 1.0, lovasz = 1.0 }",)
_ROUNDS = ('adaptation.selection="threshold"', "adaptation.threshold=0.7")

TABLES: dict[str, tuple[Variant, ...]] = {
    # Table III
    "bands": (
        Variant("RGB", (_bands(*_RGB),)),
        Variant("SWIR", (_bands(*_SWIR),)),
        Variant("NGB", (_bands("B08", "B03", "B02"),)),
        Variant(
            "PCA", (_bands(*SLOTS), 'normalization.statistics="data"'), components=True
        ),  # components have no published statistics
        Variant("RGB + NIR", (_bands(*_RGB, *_NIR),)),
        Variant("RGB + SWIR", (_bands(*_RGB, *_SWIR),)),
        Variant("RGB + NIR + SWIR", (_bands(*_RGB, *_NIR, *_SWIR),)),
        Variant("All bands", (_bands(*NAMES),)),
    ),
    # Table IV
    "losses": (
        Variant("Normal training", ("loss.terms={ cross_entropy = 1.0 }",)),
        Variant("Weighted cross-entropy", ("loss.terms={ weighted_cross_entropy = 1.0 }",)),
        Variant("Focal loss", ("loss.terms={ focal = 1.0 }",)),
        Variant("Lovász loss", ("loss.terms={ cross_entropy = 1.0, lovasz = 1.0 }",)),
        Variant(
            "Balanced training",
            (
                "loss.terms={ weighted_cross_entropy = 1.0, lovasz = 1.0 }",
                "second_stage={ epochs = 10.0, lr = 1e-4 }",
            ),
        ),
    ),
    # Table V
    "lambda": (
        Variant("before self-training", ()),
        *(
            Variant(
                f"λ = {share:.0%}",
                ('adaptation.selection="top"', f"adaptation.top={share}"),
                adapted=True,
            )
            for share in (0.5, 0.7, 0.9, 1.0)
        ),
    ),
    # Fig. 6
    "modules": (
        Variant("baseline", (*_FIXED, "loss.terms={ cross_entropy = 1.0 }", "data.enlarge=1")),
        Variant("+ SN", (*_SEPARATE, "loss.terms={ cross_entropy = 1.0 }", "data.enlarge=1")),
        Variant("+ SLO", (*_SEPARATE, *_SLO, "data.enlarge=1")),
        Variant("+ S×2", (*_SEPARATE, *_SLO, "data.enlarge=2")),
        Variant("+ S×4", (*_SEPARATE, *_SLO, "data.enlarge=4")),
        Variant(
            "+ R1",
            (*_SEPARATE, *_SLO, "data.enlarge=4", *_ROUNDS, "adaptation.rounds=1"),
            adapted=True,
        ),
        Variant(
            "+ R2",
            (*_SEPARATE, *_SLO, "data.enlarge=4", *_ROUNDS, "adaptation.rounds=2"),
            adapted=True,
        ),
    ),
}


@dataclass(frozen=True)
class Row:
    """Scores of a variant: F1, precision and recall over all folds together, a value a seed."""

    label: str
    f1: tuple[float, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]


def ablate(
    table: str,
    recipe: str | Path,
    data: Path,
    out: Path,
    *,
    overrides: Sequence[str] = (),
    seeds: int = 3,
    target: Path | None = None,
    target_split: Split = "test",
    reporter: Reporter = SILENT,
) -> list[Row]:
    """Run a table's experiments; finished ones are not run again.

    Args:
        table: A key of :data:`TABLES`, or a TOML file of ``[[variant]]`` with ``label``, ``set``
            and optionally ``adapted`` and ``recipe``; ``folds`` in it names the patches that each
            fold holds out, instead of the recipe's split.
        recipe: The recipe that all rows vary.
        data: Labelled patches.
        out: Folder; ``table.csv`` and ``table.md`` are written into it.
        overrides: Overrides common to all rows, before those of a row.
        seeds: Number of seeds, 0, 1, …
        target: Unlabelled patches, or a stack, that adapted rows adapt to; the held-out images by
            default.
        target_split: Split of the target where its folder holds several.
        reporter: Progress and log.

    Returns:
        The rows in order.

    Raises:
        ConfigError: Unknown table; others as :func:`engine.training.run.train`.
    """
    variants, groups = _read_table(table)
    output_folder(out)
    base = load_recipe(recipe, overrides)
    start_fabric(base.training)  # joins the processes of torchrun, before the first writes
    arrays = open_patches(data, reporter=reporter)
    if groups:
        folds = split_by_id(arrays, groups)
    elif base.data.validation == "none":
        raise ConfigError(
            'An ablation holds patches out; set data.validation to "block" or "site".'
        )
    else:
        folds = split(arrays, base.data.validation, base.data.folds, reporter=reporter)
    sets = [_write_fold(arrays, fold, out / "folds" / fold.name) for fold in folds]
    rows, done, total = [], 0, len(variants) * seeds * len(folds)
    for number, variant in enumerate(variants):
        scores: list[dict[str, float]] = []
        for seed in range(seeds):
            merged = Histogram.empty()
            for fold, (training, held) in zip(folds, sets, strict=True):
                reporter.log(f"{variant.label}, seed {seed}, {fold.name} ({done + 1} of {total})")
                common = overrides if variant.recipe is None else ()
                chosen = load_recipe(
                    variant.recipe or recipe,
                    [
                        *common,
                        *variant.overrides,
                        'data.validation="none"',
                        f"training.seed={seed}",
                    ],
                )
                folder = out / f"{number + 1:02d}-seed-{seed}" / fold.name
                aim = (target or held, target_split)
                merged = merged + _experiment(
                    chosen, variant, training, held, aim, folder, reporter
                )
                done += 1
            scores.append(merged.scores(THRESHOLD))
        rows.append(
            Row(
                variant.label,
                *(tuple(s[key] for s in scores) for key in ("f1", "precision", "recall")),
            )
        )
        first_does(partial(write_table, list(rows), out, Path(table).stem))
    return rows


def _experiment(
    recipe: Recipe,
    variant: Variant,
    training: Path,
    held: Path,
    target: tuple[Path, Split],
    out: Path,
    reporter: Reporter,
) -> Histogram:
    """Train, adapt and score one row on one fold.

    Or use the score of an earlier run with the same settings.
    """
    kept = out / "histogram.json"
    data = [digest_of(open_patches(path), labels=True) for path in (training, held)]
    settings = json.loads(json.dumps([recipe.to_dict(), variant.adapted and str(target[0]), data]))
    if kept.is_file():
        found = json.loads(kept.read_text(encoding="utf-8"))
        if found["settings"] == settings:
            return Histogram(
                np.array(found["positive"], np.int64), np.array(found["negative"], np.int64)
            )
    if variant.components:
        axes = fit_components(open_patches(training))
        made = [out / "components" / path.name for path in (training, held)]
        for source, path in zip((training, held), made, strict=True):
            first_does(partial(to_components, axes, source, path))
        training, held = made
        target = (held, target[1])
    bundles = train_members(recipe, training, out / "train", reporter=quiet(reporter))
    if variant.adapted:
        bundles = adapt(
            bundles,
            recipe,
            training,
            target[0],
            out / "adapt",
            target_split=target[1],
            reporter=quiet(reporter),
        )
    labelled = open_patches(held)
    teachers = [Teacher.load(bundle) for bundle in bundles]
    separate = recipe.adaptation.separate_statistics
    probability = predict_mean(teachers, labelled, recipe, separate=separate, reporter=reporter)
    histogram = Histogram.count(probability, np.asarray(labelled.masks))
    counts = {"positive": histogram.positive.tolist(), "negative": histogram.negative.tolist()}

    def write() -> None:
        with atomic_path(kept) as temporary:
            temporary.write_text(json.dumps({"settings": settings, **counts}), encoding="utf-8")

    first_does(write)
    return histogram


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


def _read_table(table: str) -> tuple[tuple[Variant, ...], list[list[str]]]:
    """The rows of a table, and the held-out ids of each fold, if named."""
    if table in TABLES:
        return TABLES[table], []
    path = Path(table)
    if path.suffix != ".toml" or not path.is_file():
        raise ConfigError(
            f"There is no table {table!r}; choose one of {', '.join(TABLES)} or give a TOML file of"
            " variants."
        )
    content: Any = read_toml(path)
    try:
        folds = [[str(name) for name in group] for group in content.get("folds", [])]
        variants = tuple(
            Variant(
                str(e["label"]),
                tuple(map(str, e.get("set", ()))),
                bool(e.get("adapted", False)),
                e.get("recipe"),
            )
            for e in content.get("variant", [])
        )
    except (KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} needs [[variant]] entries with a label and a list set, and folds, if any, as"
            " lists of patch ids, as in docs/guides/training.md."
        ) from error
    if not variants:
        raise ConfigError(
            f"{path} has no rows; write [[variant]] entries as in docs/guides/training.md."
        )
    return variants, folds


def _write_fold(arrays: PatchArrays, fold: Fold, folder: Path) -> tuple[Path, Path]:
    for name, indices in (("training", fold.training), ("held", fold.validation)):
        chosen = replace(arrays.select(indices), source=f"{arrays.source} ({fold.name}, {name})")
        first_does(partial(write_packed, chosen, folder / name))
    return folder / "training", folder / "held"
