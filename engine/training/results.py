"""What a run leaves behind: score rows, the model's card, ``run.json``, and histograms by site."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine import __version__
from engine.files import atomic_path, write_json
from engine.models.bundle import ModelBundle, ModelCard
from engine.models.normalization import Normalization
from engine.patches.arrays import PatchArrays
from engine.training.recipe import Recipe
from engine.training.scoring import Histogram, total

SUMMARY = "run.json"
"""Written last: a run that has it is finished."""

HISTOGRAMS = "histograms.json"
PSEUDO_LABELS = "pseudo-labels.npy"

_MULTIPLES = {"baseline_unet": 16, "multispectral_unet": 8}


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
    merged = merge(results)
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
    threshold: float,
    rows: Sequence[Mapping[str, Any]],
) -> ModelCard:
    """The card of a trained network."""
    channels = recipe.data.channels
    required = tuple(n for n in channels if n not in recipe.optional_channels)
    return ModelCard(
        name=name,
        version="1",
        title=recipe.title,
        description=recipe.description,
        network={key: value for key, value in network.items() if key not in ("pretrained", "rgb")},
        normalization=normalization,
        required=required,
        threshold=threshold,
        window_px=256 // recipe.data.enlarge,
        multiple_of_px=_MULTIPLES.get(str(network["builder"]), 32),
        input_scale=recipe.data.enlarge,
        training={
            "data": arrays.source,
            "patches": len(arrays),
            "recipe": recipe.to_dict(),
            "engine": __version__,
        },
        scores=tuple(rows),
        limits=_limits(arrays, rows),
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


def merge(results: Sequence[Mapping[str, Histogram]]) -> dict[str, Histogram]:
    """Histograms of several folds together, by site."""
    merged: dict[str, Histogram] = {}
    for fold in results:
        for site, histogram in fold.items():
            merged[site] = merged.get(site, Histogram.empty()) + histogram
    return merged


def _rounded(scores: Mapping[str, float]) -> dict[str, float]:
    return {key: round(value, 4) for key, value in scores.items()}


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


def write_histograms(path: Path, histograms: Mapping[str, Histogram]) -> None:
    """Keep a fold's histograms, so that a resumed cross-validation does not train it again."""
    data = {site: [h.positive.tolist(), h.negative.tolist()] for site, h in histograms.items()}
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(data), encoding="utf-8")


def read_histograms(path: Path) -> dict[str, Histogram]:
    """What :func:`write_histograms` kept."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return {
        site: Histogram(*(np.array(values, np.int64) for values in pair))
        for site, pair in data.items()
    }
