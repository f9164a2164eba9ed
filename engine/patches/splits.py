"""Splits for validation: by site or by contiguous block.

Neighbouring patches touch, so that a random split leaks.

Where training and validation blocks meet, training patches that touch a validation patch (also at a
corner) are left out of that fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigError, DatasetError
from engine.events import SILENT, Reporter
from engine.patches.arrays import PatchArrays
from engine.patches.landslide4sense import Place

Method = Literal["site", "block", "random"]
METHODS = ("site", "block", "random")


@dataclass(frozen=True)
class Fold:
    """Indices of the patches to train on and to validate on."""

    name: str
    training: NDArray[np.int64]
    validation: NDArray[np.int64]


def split(
    arrays: PatchArrays, method: Method, folds: int, *, seed: int = 0, reporter: Reporter = SILENT
) -> list[Fold]:
    """Cut labelled patches into folds.

    Args:
        arrays: The patches.
        method: ``site``: one fold a site (``folds`` caps their number); ``block``: contiguous
            blocks dealt out so that folds hold about as much landslide; ``random``: patch by patch,
            which leaks and says so.
        folds: Number of folds.
        seed: Order in which equal blocks are dealt, and the random split.
        reporter: Takes the warning.

    Raises:
        ConfigError: Unknown method or fewer than two folds.
        DatasetError: Fewer sites or blocks than folds.
    """
    if method not in METHODS or folds < 2:
        raise ConfigError(
            f"A split is by {', '.join(METHODS)} into at least 2 folds, not by {method!r} into"
            f" {folds}."
        )
    if method == "random":
        reporter.warn(
            "A random split leaks: neighbouring patches touch, so its scores are too high. Use site"
            " or block for anything you report.",
            "training-random-split",
        )
        groups = [str(i) for i in range(len(arrays))]
    else:
        groups = [place.site if method == "site" else place.block for place in arrays.places]
    names = sorted(set(groups))
    if len(names) < folds:
        units = {"site": "sites", "block": "blocks", "random": "patches"}[method]
        remedy = "split by block" if method == "site" else "label a larger area"
        raise DatasetError(
            f"A split by {method} into {folds} folds needs as many {units}, but the {len(arrays)}"
            f" patches lie in {len(names)}; use fewer folds or {remedy}."
        )
    positive = arrays.positive_pixels
    member = {
        name: np.array([i for i, group in enumerate(groups) if group == name]) for name in names
    }
    dealt = _deal(names, {name: int(positive[member[name]].sum()) for name in names}, folds, seed)
    return [
        _fold(arrays, f"{method}-{k + 1}", np.concatenate([member[n] for n in chosen]), method)
        for k, chosen in enumerate(dealt)
    ]


def split_by_id(arrays: PatchArrays, groups: Sequence[Sequence[str]]) -> list[Fold]:
    """Folds that hold out the patches named, group by group.

    What touches them is left out of training.

    Args:
        arrays: The patches.
        groups: Ids of the patches that each fold holds out.

    Raises:
        DatasetError: An id is not there, or nothing is left to train on.
    """
    position = {name: index for index, name in enumerate(arrays.ids)}
    unknown = [name for group in groups for name in group if name not in position]
    if unknown:
        raise DatasetError(
            f"The folds name patches that {arrays.source} lacks: {', '.join(unknown)}; name some of"
            f" {', '.join(arrays.ids[:8])} …."
        )
    folds = [
        _fold(
            arrays,
            f"fold-{number}",
            np.array([position[name] for name in group], np.int64),
            "block",
        )
        for number, group in enumerate(groups, start=1)
    ]
    empty = [fold.name for fold in folds if len(fold.training) == 0 or len(fold.validation) == 0]
    if empty:
        raise DatasetError(
            f"Nothing is left to train on, or to hold out, in {', '.join(empty)}; name other"
            " patches in the folds."
        )
    return folds


def _deal(names: Sequence[str], weight: dict[str, int], folds: int, seed: int) -> list[list[str]]:
    """Heaviest first, each to the lightest fold; ties in seeded order."""
    order = np.random.default_rng(seed).permutation(len(names))
    ranked = sorted((names[i] for i in order), key=lambda name: -weight[name])
    dealt: list[list[str]] = [[] for _ in range(folds)]
    for name in ranked:
        target = min(dealt, key=lambda chosen: (sum(weight[n] for n in chosen), len(chosen)))
        target.append(name)
    return dealt


def _fold(arrays: PatchArrays, name: str, validation: NDArray[np.int64], method: Method) -> Fold:
    held = set(validation.tolist())
    rest = [i for i in range(len(arrays)) if i not in held]
    if method == "block":
        taken = {
            (arrays.places[i].site, arrays.places[i].row, arrays.places[i].column) for i in held
        }
        rest = [i for i in rest if not _touches(arrays.places[i], taken)]
    return Fold(name, np.array(rest, np.int64), np.sort(validation))


def _touches(place: Place, taken: set[tuple[str, int, int]]) -> bool:
    around = (
        (place.site, place.row + dr, place.column + dc) for dr in (-1, 0, 1) for dc in (-1, 0, 1)
    )
    return any(key in taken for key in around)
