"""What a run leaves behind: scores, card, ``run.json``, histograms."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from engine import __version__
from engine.errors import UnreadableFileError
from engine.files import atomic_path, write_json
from engine.models.bundle import ModelBundle
from engine.models.card import EnsembleEntry, ModelCard
from engine.models.normalization import Normalization
from engine.patches.arrays import PatchArrays
from engine.training.calibration import Held, LogitCounts
from engine.training.recipe import Recipe
from engine.training.scoring import STEPS, Histogram, total

SUMMARY = "run.json"
"""Written last: a run that has it is finished."""

HISTOGRAMS = "histograms.json"
HELD_OUT = "held-out.npz"
PSEUDO_LABELS = "pseudo-labels.npy"

_FOR_TRAINING = ("pretrained", "rgb", "weights", "inputs")
"""Entries of a network's description that only its training needs."""


def score_rows(
    results: Sequence[Mapping[str, Histogram]], method: str, *, protocol: str = "inductive"
) -> list[dict[str, Any]]:
    """Score rows for a card: every site, and all together.

    With the spread over folds, at the threshold best over all.

    Args:
        results: Validation histograms by site, one mapping a fold.
        method: How patches were held out.
        protocol: ``inductive``, or ``transductive`` where the model saw the images (not the labels)
            that it is scored on.
    """
    merged = merge_folds(results)
    if not merged:
        return []
    threshold = total(merged).best_threshold()
    head = {"protocol": protocol, "method": method, "threshold": threshold}
    rows = [
        {**head, "site": site, **_rounded(histogram.scores(threshold))}
        for site, histogram in sorted(merged.items())
    ]
    whole: dict[str, Any] = {**head, "site": "all", **_rounded(total(merged).scores(threshold))}
    if len(results) > 1:
        values = [total(dict(fold)).scores(threshold)["f1"] for fold in results]
        whole |= {
            "f1_fold_mean": round(float(np.mean(values)), 4),
            "f1_fold_std": round(float(np.std(values, ddof=1)), 4),
        }
    return [*rows, whole]


def make_card(
    recipe: Recipe,
    network: Mapping[str, Any],
    *,
    name: str,
    arrays: PatchArrays,
    normalization: Normalization,
    multiple_px: int,
    threshold: float,
    rows: Sequence[Mapping[str, Any]],
    calibration: Mapping[str, Any] | None = None,
) -> ModelCard:
    """The card of a trained network.

    Args:
        recipe: The recipe.
        network: The network's description, on the normalisation's channels.
        name: The model's name.
        arrays: The labelled patches.
        normalization: Of the channels that the network looks at.
        multiple_px: What the sides of its input are multiples of.
        threshold: The threshold.
        rows: Its scores.
        calibration: What was calibrated and how well.
    """
    channels = normalization.channels
    return ModelCard(
        name=name,
        version=recipe.card.version,
        title=recipe.title,
        description=recipe.description,
        network={key: value for key, value in network.items() if key not in _FOR_TRAINING},
        normalization=normalization,
        required=tuple(n for n in channels if n not in recipe.optional_channels),
        threshold=threshold,
        window_px=256 // recipe.data.enlarge,
        multiple_of_px=multiple_px,
        input_scale=recipe.data.enlarge,
        training={
            "data": arrays.source,
            "patches": len(arrays),
            **recipe.card.sources,
            "recipe": recipe.to_dict(),
            "engine": __version__,
            **({"calibration": calibration} if calibration else {}),
            **({"weights": _origin(network["weights"])} if network.get("weights") else {}),
        },
        scores=tuple(rows),
        limits=(*_limits(arrays, rows), *recipe.card.limits),
    )


def write_summary(
    out: Path,
    recipe: Recipe,
    bundle: ModelBundle,
    rows: Sequence[Mapping[str, Any]],
    seconds: float,
) -> None:
    """Write ``run.json``: the recipe in full, the bundle, scores and time."""
    summary = {
        "recipe": recipe.to_dict(),
        "bundle": str(bundle.path),
        "digest": bundle.digest,
        "threshold": bundle.card.threshold,
        "scores": list(rows),
        "seconds": round(seconds, 1),
        "engine": __version__,
    }
    write_json(out / SUMMARY, summary)


def merge_folds(results: Sequence[Mapping[str, Histogram]]) -> dict[str, Histogram]:
    """Histograms of several folds together, by site."""
    merged: dict[str, Histogram] = {}
    for fold in results:
        for site, histogram in fold.items():
            merged[site] = merged.get(site, Histogram.empty()) + histogram
    return merged


def _rounded(scores: Mapping[str, float]) -> dict[str, float]:
    return {key: round(value, 4) for key, value in scores.items()}


def _origin(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Where pretrained weights come from, without the path that they had here."""
    return {key: value for key, value in weights.items() if key not in ("file", "inputs", "keys")}


def _limits(arrays: PatchArrays, rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    sites = sorted({place.site for place in arrays.places})
    limits = [
        f"Trained on {len(arrays)} patches of {len(sites)} site{'s' if len(sites) > 1 else ''};"
        " other landscapes are untested."
    ]
    if not rows:
        limits.append(
            "Trained on all patches without any held out: its scores and its threshold are"
            " unmeasured."
        )
    return tuple(limits)


@dataclass(frozen=True)
class FoldResult:
    """What is counted on the patches that a fold holds out.

    Attributes:
        histograms: By site, with all channels.
        held: By set of channels and normalisation; empty where nothing is calibrated.
        maps: Probabilities of the patches in steps of 0.004, (N, h, w); their mean over the
            networks of an ensemble is what its threshold is chosen on.
        masks: Their labels.
    """

    histograms: Mapping[str, Histogram]
    held: Held
    maps: NDArray[np.uint8]
    masks: NDArray[np.uint8]


def write_fold(path: Path, result: FoldResult) -> None:
    """Keep a fold's counts, for a resumed cross-validation."""
    data = {
        "sites": {
            site: [h.positive.tolist(), h.negative.tolist()]
            for site, h in result.histograms.items()
        },
        "sets": [
            [name, domain, counts.positive.tolist(), counts.negative.tolist()]
            for (name, domain), counts in result.held.items()
        ],
    }
    with atomic_path(path.with_name(HELD_OUT)) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, maps=result.maps, masks=result.masks)
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(data), encoding="utf-8")


def read_fold(path: Path) -> FoldResult:
    """What :func:`write_fold` kept.

    Raises:
        UnreadableFileError: It is damaged.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        sites = {
            str(site): Histogram(*(np.array(values, np.int64) for values in pair))
            for site, pair in data["sites"].items()
        }
        held = {
            (str(name), str(domain)): LogitCounts(*(np.array(v, np.int64) for v in pair))
            for name, domain, *pair in data["sets"]
        }
        with np.load(path.with_name(HELD_OUT), allow_pickle=False) as kept:
            maps, masks = (np.asarray(kept[key], np.uint8) for key in ("maps", "masks"))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, BadZipFile) as error:
        raise UnreadableFileError(
            f"{path} cannot be read ({error}); train without --resume."
        ) from error
    return FoldResult(sites, held, maps, masks)


def together(
    cards: Sequence[ModelCard], results: Sequence[Sequence[FoldResult]]
) -> tuple[EnsembleEntry, dict[str, float]]:
    """The threshold of an ensemble, on its mean held-out probabilities.

    Args:
        cards: The members' cards.
        results: What each member gave on the folds, in the same order.

    Returns:
        The entry for the members' cards, and the ensemble's scores at its threshold.
    """
    weights = np.array([card.weight for card in cards])
    counted = Histogram.empty()
    for folds in zip(*results, strict=True):
        mean = sum(w * fold.maps.astype(np.float32) for w, fold in zip(weights, folds, strict=True))
        probability = np.asarray(mean / (weights.sum() * STEPS), np.float32)
        counted = counted + Histogram.count(probability, folds[0].masks)
    threshold = counted.best_threshold()
    entry = EnsembleEntry(tuple(card.name for card in cards), threshold)
    return entry, counted.scores(threshold)
