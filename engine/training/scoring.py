"""Scores of a network on patches.

Pixel precision, recall, F1 and IoU of the landslide class at every stored probability step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from engine.bands import IGNORE
from engine.events import SILENT, Reporter
from engine.models.networks import probability
from engine.patches.augment import enlarge_batch
from engine.training.batches import normalised
from engine.training.pools import Pool

STEPS = 250
"""Probabilities are counted in steps of 0.004, those of a stored probability raster."""


@dataclass(frozen=True)
class Histogram:
    """Valid pixels by probability step: landslide and background.

    Arrays of shape (251,). Histograms add up.
    """

    positive: NDArray[np.int64]
    negative: NDArray[np.int64]

    def __add__(self, other: Histogram) -> Histogram:
        return Histogram(self.positive + other.positive, self.negative + other.negative)

    @classmethod
    def empty(cls) -> Histogram:
        """Nothing counted yet."""
        return cls(np.zeros(STEPS + 1, np.int64), np.zeros(STEPS + 1, np.int64))

    @classmethod
    def count(cls, probabilities: NDArray[np.float32], masks: NDArray[np.uint8]) -> Histogram:
        """Count pixels of probability maps and their masks, ignored ones left out."""
        steps = np.clip(np.rint(probabilities * STEPS), 0, STEPS).astype(np.int64)
        return cls(*(np.bincount(steps[masks == value], minlength=STEPS + 1) for value in (1, 0)))

    def scores(self, threshold: float) -> dict[str, float]:
        """Precision, recall, F1 and IoU at a threshold; 0 where undefined.

        Pixels from ``threshold`` on are called landslide.
        """
        first = int(np.ceil(threshold * STEPS - 1e-9))
        hit, false = int(self.positive[first:].sum()), int(self.negative[first:].sum())
        missed = int(self.positive[:first].sum())
        return {
            "precision": hit / max(1, hit + false),
            "recall": hit / max(1, hit + missed),
            "f1": 2 * hit / max(1, 2 * hit + false + missed),
            "iou": hit / max(1, hit + false + missed),
        }

    def best_threshold(self) -> float:
        """The threshold between 0.1 and 0.9 with the highest F1.

        0.5 where there is no landslide.
        """
        if not self.positive.any():
            return 0.5
        candidates = [step / STEPS for step in range(25, 226)]
        values = np.array([self.scores(t)["f1"] for t in candidates])
        # The middle of the plateau of equal scores: its edge would sit on single pixels.
        top = np.flatnonzero(values >= values.max() - 1e-12)
        return candidates[int(top[len(top) // 2])]


@torch.no_grad()
def predict_pool(
    model: nn.Module,
    pool: Pool,
    *,
    device: torch.device,
    clip: float,
    factor: int = 1,
    missing: Sequence[int] = (),
    batch_size: int = 8,
    reporter: Reporter = SILENT,
) -> NDArray[np.float32]:
    """Probability maps of every patch of a pool.

    Args:
        model: The network; left in the mode it is in.
        pool: The patches.
        device: Where the network is.
        clip: The normalisation's.
        factor: Scale promotion; maps are averaged back to the patch's own pixels.
        missing: Positions of channels that are left out, as if a user lacked them.
        batch_size: Patches at a time.
        reporter: Asked for cancellation.

    Returns:
        Array of shape (N, h, w), float32.
    """
    maps = []
    for start in range(0, len(pool.arrays), batch_size):
        reporter.check()
        at = slice(start, start + batch_size)
        raw = torch.from_numpy(np.array(pool.arrays.images[at])).to(
            device
        )  # a copy: memory maps are read-only
        shift, scale = (
            torch.from_numpy(values[at]).to(device) for values in (pool.shift, pool.scale)
        )
        image = normalised(raw, shift, scale, clip)
        image[:, list(missing)] = 0.0
        image = enlarge_batch(image, torch.zeros_like(image[:, 0]), factor)[0]
        result = probability(model, image)
        if factor > 1:
            result = functional.avg_pool2d(result[:, None], factor)[:, 0]
        maps.append(result.cpu().numpy())
    return np.concatenate(maps)


def histograms_by_site(probabilities: NDArray[np.float32], pool: Pool) -> dict[str, Histogram]:
    """Histograms of a pool's labelled pixels for each site."""
    found: dict[str, Histogram] = {}
    for index, place in enumerate(pool.arrays.places):
        mask = np.asarray(pool.arrays.masks[index])
        if (mask != IGNORE).any():
            found[place.site] = found.get(place.site, Histogram.empty()) + Histogram.count(
                probabilities[index], mask
            )
    return found


def total(histograms: Mapping[str, Histogram]) -> Histogram:
    """All sites together."""
    result = Histogram.empty()
    for histogram in histograms.values():
        result = result + histogram
    return result
