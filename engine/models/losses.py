"""Losses of the competition for one class against background.

They take logits and leave ignored pixels out everywhere.

Every loss takes logits (N, h, w) and targets (N, h, w) of 0, 1, 2 (background that may be a
landslide) and 255 (ignore), works in float32 whatever the network's precision, and is 0 with a zero
gradient where every pixel is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from segmentation_models_pytorch.losses import LovaszLoss
from torch import Tensor
from torch.nn import functional

from engine.bands import IGNORE
from engine.errors import ConfigError

UNCERTAIN = 2
"""Background that may be a landslide: ``noisy_cross_entropy`` and ``dice`` give it less weight, to
the other losses it is background."""


@dataclass(frozen=True)
class LossConfig:
    """A sum of weighted terms.

    Attributes:
        terms: Weight of each term; names are the keys of :data:`LOSSES`.
        smoothing: Share of the label given to the other class by ``soft_``, ``noisy_cross_entropy``
            and ``ohem`` (halved per class).
        max_positive_weight: Most that ``weighted_cross_entropy`` multiplies landslide pixels by.
        positive_weight: What ``noisy_cross_entropy`` multiplies the landslide part of its sum by.
        uncertain_weight: Weight of background that may be a landslide in ``noisy_cross_entropy``
            and ``dice``.
        uncertain_label: What these two take such background for: 0 for background, 1 for landslide.
        gamma: Focusing exponent of ``focal``.
        alpha: Weight of landslide against background in ``focal``, between 0 and 1.
        ohem_threshold: ``ohem`` keeps pixels whose true class has less than this probability.
        ohem_share: Least share of the valid pixels that ``ohem`` keeps, the hardest first.
        image_level: Weight of the image-level auxiliary loss; needs a network with ``image_level =
            true``.

    Raises:
        ConfigError: No term, or an unknown one, or a value out of range.
    """

    terms: Mapping[str, float] = field(default_factory=lambda: {"cross_entropy": 1.0})
    smoothing: float = 0.1
    max_positive_weight: float = 10.0
    positive_weight: float = 1.0
    uncertain_weight: float = 1.0
    uncertain_label: float = 0.0
    gamma: float = 2.0
    alpha: float = 0.25
    ohem_threshold: float = 0.7
    ohem_share: float = 0.1
    image_level: float = 0.0

    def __post_init__(self) -> None:
        unknown = set(self.terms) - set(LOSSES)
        if unknown or not self.terms:
            raise ConfigError(
                f"loss.terms needs one or more of {', '.join(LOSSES)}; found"
                f" {', '.join(self.terms) or 'none'}."
            )
        if not 0 <= self.smoothing < 1 or not 0 < self.ohem_share <= 1 or not 0 <= self.alpha <= 1:
            raise ConfigError(
                "loss.smoothing lies in [0, 1), loss.ohem_share in (0, 1] and loss.alpha in [0, 1]."
            )
        if (
            self.positive_weight <= 0
            or not 0 <= self.uncertain_weight <= 1
            or not 0 <= self.uncertain_label <= 1
        ):
            raise ConfigError(
                "loss.positive_weight is above 0, and loss.uncertain_weight and"
                " loss.uncertain_label lie in [0, 1]."
            )


def total_loss(
    config: LossConfig, logits: Tensor, target: Tensor, image_logits: Tensor | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """Sum of the configured terms.

    Args:
        config: Terms and their weights.
        logits: (N, 1, h, w) or (N, h, w).
        target: (N, h, w), 0, 1, 2 and 255.
        image_logits: (N, 1) for the image-level term.

    Returns:
        The sum, and each term alone (detached), for the log.
    """
    scores = logits[:, 0] if logits.ndim == 4 else logits
    scores = scores.float()
    parts = {
        name: weight * LOSSES[name](scores, target, config) for name, weight in config.terms.items()
    }
    if config.image_level > 0 and image_logits is not None:
        parts["image_level"] = config.image_level * image_level_cross_entropy(image_logits, target)
    return torch.stack(list(parts.values())).sum(), {
        name: part.detach() for name, part in parts.items()
    }


def pixel_cross_entropy(logits: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
    """Cross-entropy of each pixel, 0 where it is ignored.

    With smoothing e a label y becomes y (1 - e) + e / 2.
    """
    soft = (target == 1).float() * (1 - smoothing) + smoothing / 2
    loss = functional.binary_cross_entropy_with_logits(logits, soft, reduction="none")
    return torch.where(target == IGNORE, torch.zeros_like(loss), loss)


def _mean(values: Tensor, target: Tensor) -> Tensor:
    return values.sum() / (target != IGNORE).sum().clamp(min=1)


def cross_entropy(logits: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Mean cross-entropy over the pixels that count."""
    return _mean(pixel_cross_entropy(logits, target), target)


def soft_cross_entropy(logits: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Cross-entropy with smoothed labels, for noisy pseudo-labels.

    Kingdrone; Szegedy et al. 2016.
    """
    return _mean(pixel_cross_entropy(logits, target, config.smoothing), target)


def weighted_cross_entropy(logits: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Landslide pixels weigh N_neg / N_pos of their image (Seek, Eq. 3).

    At least 1 and at most ``max_positive_weight``.
    """
    positive = (target == 1).sum(dim=(1, 2))
    negative = ((target != 1) & (target != IGNORE)).sum(dim=(1, 2))
    ratio = (negative / positive.clamp(min=1)).clamp(1.0, config.max_positive_weight)
    weight = torch.where(target == 1, ratio[:, None, None], torch.ones_like(logits))
    return _mean(weight * pixel_cross_entropy(logits, target), target)


def noisy_cross_entropy(logits: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Cross-entropy for labels that leave landslides out.

    Smoothed, landslides weighted up, uncertain background down.
    """
    soft = _landslide(target, config) * (1 - config.smoothing) + config.smoothing / 2
    weight = _confidence(target, config)
    positive = torch.tensor(config.positive_weight, device=logits.device)
    loss = functional.binary_cross_entropy_with_logits(
        logits, soft, weight, pos_weight=positive, reduction="sum"
    )
    return loss / weight.sum().clamp(min=1)


def dice(logits: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Dice loss of the landslide class over the batch.

    Smoothed by one pixel; uncertain background counts less.
    """
    weight, truth = _confidence(target, config), _landslide(target, config)
    probability, truth = torch.sigmoid(logits) * weight, truth * weight
    return 1 - (2 * (probability * truth).sum() + 1) / (probability.sum() + truth.sum() + 1)


def _landslide(target: Tensor, config: LossConfig) -> Tensor:
    """1 for landslides, a label between for doubtful ground, else 0.

    ``uncertain_label`` is the one between.
    """
    return torch.where(target == UNCERTAIN, config.uncertain_label, (target == 1).float())


def _confidence(target: Tensor, config: LossConfig) -> Tensor:
    weight = torch.where(target == UNCERTAIN, config.uncertain_weight, 1.0)
    return torch.where(target == IGNORE, torch.zeros_like(weight), weight)


def focal(logits: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Focal loss (Lin et al. 2017).

    Cross-entropy times (1 - p of the true class)^gamma, balanced by alpha.
    """
    probability = torch.sigmoid(logits)
    positive = target == 1
    true = torch.where(positive, probability, 1 - probability)
    alpha = torch.where(positive, config.alpha, 1 - config.alpha)
    return _mean(alpha * (1 - true) ** config.gamma * pixel_cross_entropy(logits, target), target)


def ohem(logits: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Online hard example mining on the smoothed cross-entropy.

    The mean over the hard pixels of the batch (Kingdrone).

    Hard are the pixels whose true class has less than ``ohem_threshold`` probability, and at least
    the ``ohem_share`` hardest.
    """
    loss = pixel_cross_entropy(logits, target, config.smoothing)
    chosen = hard_pixels(logits.detach(), target, config.ohem_threshold, config.ohem_share)
    return (loss * chosen).sum() / chosen.sum().clamp(min=1)


def hard_pixels(logits: Tensor, target: Tensor, threshold: float, share: float) -> Tensor:
    """Which pixels ``ohem`` keeps, as a boolean mask of the logits' shape."""
    valid = target != IGNORE
    probability = torch.sigmoid(logits)
    true = torch.where(target == 1, probability, 1 - probability)
    true = torch.where(valid, true, torch.full_like(true, 2.0))
    least = int((valid.sum() * share).ceil())
    if least == 0:
        return torch.zeros_like(valid)
    # The least-th smallest probability is the bar where fewer pixels lie below the threshold.
    bar = true.flatten().kthvalue(least).values
    return valid & ((true < threshold) | (true <= bar))


def lovasz(logits: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Lovász hinge over all valid pixels of the batch (Berman et al. 2018).

    From the library, in float32.
    """
    if not bool((target != IGNORE).any()):
        return logits.sum() * 0.0
    truth = torch.where(target == UNCERTAIN, 0, target.long())
    result: Tensor = LovaszLoss("binary", per_image=False, ignore_index=IGNORE)(logits, truth)
    return result


def jaccard(logits: Tensor, target: Tensor, config: LossConfig) -> Tensor:
    """Soft Jaccard loss of the landslide class over the batch (Tanmlh, Eq. 6).

    Smoothed by one pixel, so that batches without landslide still push false alarms down.
    """
    valid = (target != IGNORE).float()
    truth = (target == 1).float()
    probability = torch.sigmoid(logits) * valid
    shared = (probability * truth).sum()
    union = (probability + truth - probability * truth).sum()
    return 1 - (shared + 1) / (union + 1)


def image_level_cross_entropy(image_logits: Tensor, target: Tensor) -> Tensor:
    """Whether an image holds any landslide, as binary cross-entropy.

    Seek's Eq. 2 has no negative term and would be best at "always"; both classes count here. Images
    that are ignored wholly do not.
    """
    counted = (target != IGNORE).flatten(1).any(dim=1)
    label = (target == 1).flatten(1).any(dim=1).float()
    loss = functional.binary_cross_entropy_with_logits(
        image_logits[:, 0].float(), label, reduction="none"
    )
    return (loss * counted).sum() / counted.sum().clamp(min=1)


LOSSES: dict[str, Callable[[Tensor, Tensor, LossConfig], Tensor]] = {
    "cross_entropy": cross_entropy,
    "soft_cross_entropy": soft_cross_entropy,
    "weighted_cross_entropy": weighted_cross_entropy,
    "noisy_cross_entropy": noisy_cross_entropy,
    "dice": dice,
    "focal": focal,
    "ohem": ohem,
    "lovasz": lovasz,
    "jaccard": jaccard,
}
