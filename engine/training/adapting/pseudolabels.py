"""Which predicted pixels become labels.

The selections of the four solutions, on probability maps of shape (N, h, w).

Each returns masks (N, h, w) uint8: 0 background, 1 landslide, 255 where the prediction is not
trusted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.bands import IGNORE
from engine.training.configuration import AdaptationConfig

Probabilities = NDArray[np.float32]
Masks = NDArray[np.uint8]


def pseudo_labels(
    probability: Probabilities, variance: Probabilities | None, config: AdaptationConfig
) -> Masks:
    """Select by the method that a recipe names.

    ``variance`` is needed for ``uncertainty`` alone.
    """
    if config.selection == "threshold":
        return by_threshold(probability, config.threshold)
    if config.selection == "top":
        return by_confidence(probability, config.top)
    if config.selection == "uncertainty" and variance is not None:
        return by_uncertainty(probability, variance, config.keep_background, config.keep_landslide)
    return (probability >= 0.5).astype(np.uint8)


def by_threshold(probability: Probabilities, threshold: float) -> Masks:
    """Trust what is surer than a threshold (Kingdrone: 0.7).

    Landslide from ``threshold`` on, background up to ``1 - threshold``, nothing between.
    """
    masks = np.full(probability.shape, IGNORE, np.uint8)
    masks[probability >= threshold] = 1
    masks[probability <= 1 - threshold] = 0
    return masks


def by_confidence(probability: Probabilities, share: float) -> Masks:
    """The most confident share of pixels of each class (Seek's lambda).

    Class by class, as in the self-training that the paper cites: over both classes together the
    background, 98 % of all pixels and the surer ones, would leave no landslide.
    """
    confidence = np.maximum(probability, 1 - probability)
    return _keep(probability, -confidence, {0: share, 1: share})


def by_uncertainty(
    probability: Probabilities, variance: Probabilities, background: float, landslide: float
) -> Masks:
    """The least uncertain share of each class.

    Tanmlh: 90 % of the background, 70 % of the landslide pixels.
    """
    return _keep(probability, variance, {0: background, 1: landslide})


def _keep(probability: Probabilities, badness: Probabilities, shares: dict[int, float]) -> Masks:
    """Label pixels by their likelier class; keep a share of each class.

    Those with the least badness are kept, over all patches.
    """
    label = (probability >= 0.5).astype(np.uint8)
    masks = np.full(probability.shape, IGNORE, np.uint8)
    for value, share in shares.items():
        members = np.flatnonzero(label == value)
        kept = round(share * len(members))
        if kept:
            order = np.argsort(badness.reshape(-1)[members], kind="stable")
            masks.reshape(-1)[members[order[:kept]]] = value
    return masks


def selection_summary(masks: Masks) -> dict[str, float]:
    """Share of landslide, background and ignored pixels, for the log."""
    return {
        "landslide": float((masks == 1).mean()),
        "background": float((masks == 0).mean()),
        "ignored": float((masks == IGNORE).mean()),
    }
