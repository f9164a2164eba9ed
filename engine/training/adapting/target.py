"""What a model is adapted to: unlabelled patches, or a stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import DatasetError
from engine.events import SILENT, Reporter
from engine.models.bundle import ModelBundle
from engine.models.card import common_threshold
from engine.patches.arrays import INDEX, PatchArrays, concatenate, open_patches
from engine.patches.landslide4sense import Split, find_patches
from engine.patches.own import patches_from_stack
from engine.training.adapting.teachers import Teacher, predict_mean
from engine.training.recipe import Recipe
from engine.training.scoring import Histogram


@dataclass(frozen=True)
class Target:
    """Unlabelled patches.

    Attributes:
        arrays: The patches, those of all splits one after the other.
        groups: The split of each patch; every split is a domain of its own.
    """

    arrays: PatchArrays
    groups: tuple[str, ...]

    def of(self, group: str) -> NDArray[np.int64]:
        """Indices of the patches of a split."""
        return np.array([i for i, g in enumerate(self.groups) if g == group], np.int64)

    @property
    def names(self) -> tuple[str, ...]:
        """The splits, in order."""
        return tuple(dict.fromkeys(self.groups))


def open_target(
    path: Path, splits: Sequence[Split] = ("test",), reporter: Reporter = SILENT
) -> Target:
    """The target's patches without labels, from a folder or a stack.

    Args:
        path: Folder of patches, or a stack (GeoTIFF).
        splits: Splits of a folder that holds several.
        reporter: Progress.

    Raises:
        DatasetError: A packed dataset holds one split only.
    """
    if path.is_file():
        arrays = patches_from_stack(path, reporter=reporter)
        return Target(arrays, ("stack",) * len(arrays))
    if len(splits) > 1 and (path / INDEX).is_file():
        raise DatasetError(
            f"{path} is a packed dataset, which has one split; give one --target-split, or the"
            " original folder."
        )
    parts = [open_patches(path, split, labels=False, reporter=reporter) for split in splits]
    if len(parts) > 1:
        parts = [
            replace(part, ids=tuple(f"{split}/{name}" for name in part.ids))
            for split, part in zip(splits, parts, strict=True)
        ]
    groups = [split for split, part in zip(splits, parts, strict=True) for _ in part.ids]
    return Target(parts[0] if len(parts) == 1 else concatenate(parts), tuple(groups))


def require_masks(path: Path, splits: Sequence[Split]) -> None:
    """Refuse a target without masks before hours are spent on it.

    The masks themselves stay unread.

    Raises:
        DatasetError: It has none.
    """
    if path.is_file():
        raise DatasetError(
            "A stack has no masks to score on; give a folder of labelled patches as the target, or"
            " leave --score out."
        )
    if (path / INDEX).is_file():
        open_patches(path)
        return
    for split in splits:
        find_patches(path, split, labels="needed")


def score_on_target(
    bundles: Sequence[ModelBundle],
    path: Path,
    splits: Sequence[Split],
    recipe: Recipe,
    round_number: int,
    reporter: Reporter = SILENT,
) -> list[dict[str, Any]]:
    """Score models on the target's masks, each alone and all together.

    Args:
        bundles: The models.
        path: The target.
        splits: Its splits, scored apart.
        recipe: How the target is normalised.
        round_number: 0 for the models that the adaptation starts from: those have not seen the
            target (inductive); later ones have seen its images (transductive).
        reporter: Asked for cancellation.

    Returns:
        Rows with ``round``, ``model``, ``protocol``, ``split``, ``threshold`` and scores.
    """
    by = "dataset" if recipe.adaptation.separate_statistics else "training"
    rows = []
    for split in splits:
        labelled = open_patches(path, split, reporter=reporter)
        masks = np.asarray(labelled.masks)
        teachers = [Teacher.load(bundle) for bundle in bundles]
        maps = [predict_mean([t], labelled, recipe, by=by, reporter=reporter) for t in teachers]
        weights = [bundle.card.weight for bundle in bundles]
        models = [
            (bundle.card.name, found, bundle.card.threshold)
            for bundle, found in zip(bundles, maps, strict=True)
        ]
        if len(bundles) > 1:
            mean = np.average(np.stack(maps), axis=0, weights=weights).astype(np.float32)
            threshold = common_threshold([bundle.card for bundle in bundles])
            models.append(("ensemble", mean, threshold))
        for name, found, threshold in models:
            scores = Histogram.count(found, masks).scores(threshold)
            rows.append(
                {
                    "round": round_number,
                    "model": name,
                    "protocol": "transductive" if round_number else "inductive",
                    "target": labelled.source,
                    "split": split,
                    "threshold": threshold,
                    **{key: round(value, 6) for key, value in scores.items()},
                }
            )
    return rows
