"""Threshold, temperature and shifts, chosen on unseen patches.

Everything is computed from counts of pixels by logit, so that any number of held-out patches takes
the same memory, and folds add up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.events import SILENT, Reporter
from engine.models.networks import Segmenter
from engine.models.normalization import Normalization, StatisticsAccumulator
from engine.samples.maker import Area
from engine.training.configuration import CalibrationConfig
from engine.training.pools import Pool
from engine.training.recipe import Recipe
from engine.training.scoring import predict_pool

STEP = 0.02
"""Logits are counted in steps of this."""

_HALF = 600
_BINS = 2 * _HALF + 1
_CANDIDATES = 300
"""Thresholds are looked for between -6 and 6."""

_SMOOTH = 45
"""Bins on which the F1 curve is smoothed: the middle of a plateau is wanted, not single pixels."""

_PIECE_PX = 512


@dataclass(frozen=True)
class LogitCounts:
    """Held-out pixels by logit, from -12 to 12; arrays of shape (1201,)."""

    positive: NDArray[np.int64]
    negative: NDArray[np.int64]

    def __add__(self, other: LogitCounts) -> LogitCounts:
        return LogitCounts(self.positive + other.positive, self.negative + other.negative)

    @classmethod
    def empty(cls) -> LogitCounts:
        """Nothing counted yet."""
        return cls(np.zeros(_BINS, np.int64), np.zeros(_BINS, np.int64))

    @classmethod
    def count(cls, probabilities: NDArray[np.float32], masks: NDArray[np.uint8]) -> LogitCounts:
        """Count pixels of probability maps and their masks, ignored ones left out."""
        p = np.clip(probabilities.astype(np.float64), 1e-7, 1 - 1e-7)
        bins = np.clip(np.rint(np.log(p / (1 - p)) / STEP) + _HALF, 0, _BINS - 1).astype(np.int64)
        return cls(*(np.bincount(bins[masks == value], minlength=_BINS) for value in (1, 0)))

    def shifted(self, by: float) -> LogitCounts:
        """The counts after ``by`` was added to every logit."""
        to = np.clip(np.arange(_BINS) + round(by / STEP), 0, _BINS - 1)
        sides = (
            np.bincount(to, side, _BINS).astype(np.int64) for side in (self.positive, self.negative)
        )
        return LogitCounts(*sides)

    def scores(self, at: float) -> dict[str, float]:
        """Precision, recall, F1 and IoU where logits from ``at`` on are landslide."""
        first = int(np.clip(math.ceil(at / STEP - 1e-9) + _HALF, 0, _BINS))
        hit, false = int(self.positive[first:].sum()), int(self.negative[first:].sum())
        missed = int(self.positive[:first].sum())
        return {
            "precision": hit / max(1, hit + false),
            "recall": hit / max(1, hit + missed),
            "f1": 2 * hit / max(1, 2 * hit + false + missed),
            "iou": hit / max(1, hit + false + missed),
        }

    def f1_curve(self) -> NDArray[np.float64]:
        """F1 for a threshold at each step; shape (1201,)."""
        hit = self.positive[::-1].cumsum()[::-1]
        false = self.negative[::-1].cumsum()[::-1]
        return np.asarray(2 * hit / np.maximum(1, hit + false + self.positive.sum()), np.float64)


Held = Mapping[tuple[str, str], LogitCounts]
"""Counts by set of channels and by what patches were normalised with."""


@dataclass(frozen=True)
class Calibration:
    """What was chosen.

    Attributes:
        offset: Subtracted from the logits.
        temperature: Logits are then divided by it.
        missing_shift: Channels, and what is added to the logits where each is not there.
        at: The threshold as a logit after the offset, before the temperature.
        held: The counts that it was chosen on, shifted as the network now shifts.
    """

    offset: float
    temperature: float
    missing_shift: tuple[tuple[str, float], ...]
    at: float
    held: Held

    @property
    def threshold(self) -> float:
        """The threshold as a probability, to three digits."""
        return round(1 / (1 + math.exp(-self.at / self.temperature)), 3)


def channel_sets(recipe: Recipe) -> dict[str, tuple[str, ...]]:
    """Sets of channels that are scored: the recipe's, or all."""
    return dict(recipe.calibration.sets) or {"all channels": recipe.data.channels}


def count_held_out(
    model: Segmenter,
    pools: Mapping[str, Pool],
    recipe: Recipe,
    *,
    device: torch.device,
    clip: float,
    reporter: Reporter = SILENT,
) -> dict[tuple[str, str], LogitCounts]:
    """Logits of held-out patches, for every set and normalisation.

    Args:
        model: A network that has not seen the patches, not calibrated yet.
        pools: The patches, by what they are normalised with.
        recipe: Its recipe.
        device: Where to compute.
        clip: The normalisation's.
        reporter: Asked for cancellation.
    """
    found = {}
    for domain, pool in pools.items():
        masks = np.asarray(pool.arrays.masks)
        for name, channels in channel_sets(recipe).items():
            missing = [i for i, c in enumerate(recipe.data.channels) if c not in channels]
            probabilities = predict_pool(
                model,
                pool,
                device=device,
                clip=clip,
                factor=recipe.data.enlarge,
                missing=missing,
                reporter=reporter,
            )
            found[name, domain] = LogitCounts.count(probabilities, masks)
    return found


def calibrate(recipe: Recipe, folds: Sequence[Held], reporter: Reporter = SILENT) -> Calibration:
    """Choose what the recipe's ``calibration`` asks for.

    Args:
        recipe: The recipe.
        folds: Counts of each fold by the network that has not seen it.
        reporter: Told where the counts allow no calibration.
    """
    config, sets = recipe.calibration, channel_sets(recipe)
    total = merged(folds)
    domains = list(dict.fromkeys(domain for _, domain in total))
    guiding = config.guiding or tuple(sets)
    shifts = []
    if config.missing:
        whole = best_threshold([total[guiding[0], domains[0]]])
        for channel, name in config.missing.items():
            without = best_threshold([total[name, domains[0]]])
            shifts.append((channel, round(whole - without, 2)))
    total = with_shifts(total, shifts, sets)
    chosen = [counts for (name, _), counts in total.items() if name in guiding]
    offset, temperature = fit(sum(chosen, LogitCounts.empty()), config, reporter)
    total = {key: counts.shifted(-offset) for key, counts in total.items()}
    chosen = [counts for (name, _), counts in total.items() if name in guiding]
    at = best_threshold(chosen, config.tolerated_f1)
    return Calibration(offset, temperature, tuple(shifts), at, total)


def fit(
    counts: LogitCounts, config: CalibrationConfig, reporter: Reporter = SILENT
) -> tuple[float, float]:
    """Offset and temperature by likelihood (Platt 1999).

    ``(logit - offset) / temperature``.

    Newton's method on the two coefficients of a logistic regression.
    """
    if config.method == "none":
        return 0.0, 1.0
    logits = (np.arange(_BINS) - _HALF) * STEP
    count, hits = counts.positive + counts.negative, counts.positive
    columns = np.stack([logits, np.ones_like(logits)] if config.method == "platt" else [logits])
    weights = np.array([1.0, 0.0])[: len(columns)]
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(weights @ columns, -50, 50)))
        gradient = columns @ (hits - count * p)
        curvature = (columns * (count * p * (1 - p))) @ columns.T + 1e-6 * np.eye(len(columns))
        step = np.linalg.solve(curvature, gradient)
        weights = weights + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-7:
            break
    slope = float(weights[0])
    if not counts.positive.any() or not np.isfinite(weights).all() or slope < 0.01:
        reporter.warn(
            "The held-out patches allow no calibration: what the network calls likelier is not"
            " landslide more often there. Its probabilities stay as they are.",
            "training-not-calibrated",
        )
        return 0.0, 1.0
    intercept = float(weights[1]) if len(weights) > 1 else 0.0
    return round(-intercept / slope, 2), max(0.01, round(1 / slope, 2))


def best_threshold(sets: Sequence[LogitCounts], tolerated: float = 0.0) -> float:
    """The threshold on the logit with the best mean F1 over some counts.

    Args:
        sets: The counts.
        tolerated: The highest threshold is taken whose F1 is less than the best by no more.
    """
    inner = slice(_HALF - _CANDIDATES, _HALF + _CANDIDATES + 1)
    scores = np.mean([counts.f1_curve()[inner] for counts in sets], axis=0)
    padded = np.pad(scores, _SMOOTH // 2, mode="edge")
    smooth = np.convolve(padded, np.ones(_SMOOTH) / _SMOOTH, mode="valid")
    best = int(np.flatnonzero(smooth >= smooth.max() - tolerated - 1e-12)[-1])
    return (best - _CANDIDATES) * STEP


def merged(folds: Sequence[Held]) -> dict[tuple[str, str], LogitCounts]:
    """Counts of several folds together."""
    total: dict[tuple[str, str], LogitCounts] = {}
    for fold in folds:
        for key, counts in fold.items():
            total[key] = total.get(key, LogitCounts.empty()) + counts
    return total


def with_shifts(
    held: Held, shifts: Sequence[tuple[str, float]], sets: Mapping[str, Sequence[str]]
) -> dict[tuple[str, str], LogitCounts]:
    """Counts as a network with these shifts for missing channels gives them."""
    return {
        (name, domain): counts.shifted(
            sum(by for channel, by in shifts if channel not in sets[name])
        )
        for (name, domain), counts in held.items()
    }


def apply_calibration(
    model: Segmenter,
    found: Calibration,
    recipe: Recipe,
    normalization: Normalization,
    free: Sequence[Area],
) -> Calibration:
    """Let a network compute what was chosen for it.

    And keep it quiet without terrain and the like.

    Args:
        model: The network; changed.
        found: What :func:`calibrate` chose.
        recipe: The recipe.
        normalization: Of all its channels.
        free: Areas without landslides, for ``quiet_without``.

    Returns:
        The calibration with the shifts of ``quiet_without``.
    """
    positions = {name: index for index, name in enumerate(recipe.data.channels)}
    shifts = list(found.missing_shift)
    model.offset, model.temperature = found.offset, 1.0
    model.missing_shift = tuple((positions[name], by) for name, by in shifts)
    held = found.held
    for channel in recipe.calibration.quiet_without if free else ():
        sets = {n: c for n, c in channel_sets(recipe).items() if channel not in c}
        highest = max(
            (highest_logit(model, area, c, normalization) for area in free for c in sets.values()),
            default=-math.inf,
        )
        by = math.floor(100 * min(0.0, found.at - highest)) / 100
        shifts.append((channel, by))
        held = with_shifts(held, [(channel, by)], channel_sets(recipe))
        model.missing_shift = tuple((positions[name], by) for name, by in shifts)
    model.temperature = found.temperature
    return Calibration(found.offset, found.temperature, tuple(shifts), found.at, held)


@torch.no_grad()
def highest_logit(
    model: Segmenter, area: Area, channels: Sequence[str], normalization: Normalization
) -> float:
    """The highest logit in an area of which only some channels are given.

    It is normalised by its own statistics, once as the small piece that it is, which leans on the
    training's, and once as if it were a whole scene.
    """
    raw = area.image.numpy()
    there = [
        (index, name)
        for index, name in enumerate(normalization.channels)
        if name in channels and not np.isnan(raw[index]).all()
    ]
    image = np.ascontiguousarray(raw[[index for index, _ in there]])
    names = tuple(name for _, name in there)
    accumulator = StatisticsAccumulator(names)
    accumulator.add(image)
    own = accumulator.result()
    whole = type(own)(
        own.channels, np.maximum(own.count, normalization.min_pixels), own.mean, own.std
    )
    device, multiple = next(model.parameters()).device, model.multiple_px
    highest = -math.inf
    for statistics in (own, whole):
        ready = normalization.apply(image, names, normalization.affine(statistics))
        rows, columns = ready.shape[1:]
        ready = np.pad(
            ready, ((0, 0), (0, -rows % multiple), (0, -columns % multiple)), mode="edge"
        )
        for top in range(0, rows, _PIECE_PX):
            for left in range(0, columns, _PIECE_PX):
                piece = torch.from_numpy(
                    ready[None, :, top : top + _PIECE_PX, left : left + _PIECE_PX]
                )
                highest = max(highest, float(model(piece.to(device)).max()))
    return highest


def calibrated_rows(
    recipe: Recipe, found: Calibration, folds: Sequence[Held], method: str
) -> list[dict[str, Any]]:
    """Score rows for the card, with the spread of the folds."""
    sets, rows = channel_sets(recipe), []
    for (name, domain), counts in found.held.items():
        row: dict[str, Any] = {
            "protocol": "inductive",
            "method": method,
            "channels": name,
            "normalised by": f"the statistics of the {domain}",
            "threshold": found.threshold,
            "site": "all",
            **{key: round(value, 4) for key, value in counts.scores(found.at).items()},
        }
        by = sum(shift for channel, shift in found.missing_shift if channel not in sets[name])
        values = [
            fold[name, domain].shifted(by).shifted(-found.offset).scores(found.at)["f1"]
            for fold in folds
        ]
        if len(values) > 1:
            row |= {
                "f1_folds": [round(value, 4) for value in values],
                "f1_fold_mean": round(float(np.mean(values)), 4),
                "f1_fold_std": round(float(np.std(values, ddof=1)), 4),
            }
        rows.append(row)
    return rows


def describe(recipe: Recipe, found: Calibration) -> dict[str, Any]:
    """The calibration for the card, by predicted probability."""
    guiding = (recipe.calibration.guiding or tuple(channel_sets(recipe)))[0]
    counts = next(c for (name, _), c in found.held.items() if name == guiding)
    logits = (np.arange(_BINS) - _HALF) * STEP
    p = 1 / (1 + np.exp(-logits / found.temperature))
    classes, curve = np.minimum((p * 10).astype(int), 9), []
    for k in range(10):
        hits = int(counts.positive[classes == k].sum())
        pixels = hits + int(counts.negative[classes == k].sum())
        if pixels:
            weight = (counts.positive + counts.negative)[classes == k]
            curve.append(
                {
                    "from": k / 10,
                    "pixels": pixels,
                    "predicted": round(float((p[classes == k] * weight).sum() / pixels), 3),
                    "observed": round(hits / pixels, 3),
                }
            )
    return {
        "method": recipe.calibration.method,
        "offset": found.offset,
        "temperature": found.temperature,
        "missing_shift": [list(pair) for pair in found.missing_shift],
        "reliability": curve,
    }
