"""Augmentation of normalised batches on the device that trains.

Everything draws from one ``torch.Generator``, so that a step's batch is a function of its seed
alone (exact resume). Images are (N, C, h, w) with 0 for what is missing; masks are (N, h, w) with
255 for pixels that do not count.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from engine.bands import BY_NAME, IGNORE
from engine.errors import ConfigError


@dataclass(frozen=True)
class AugmentConfig:
    """What is done to a training batch; every probability is per image.

    Attributes:
        flip: Flip left-right and up-down, each at half probability.
        quarter_turns: Turn by a random multiple of 90 degrees.
        rotation_deg: Turn by up to this angle to either side (bilinear; what comes in from outside
            is ignored).
        zoom: Enlarge or shrink by up to this factor, 1 for none.
        brightness: Standard deviation of a gain common to all optical bands.
        colour: Standard deviation of a gain and an offset of each optical band alone (colour
            perturbation).
        noise: Standard deviation of noise added to every channel, in standardised units.
        mixup: Alpha of mixup's beta distribution, 0 for none.
        paste: Probability that landslides of another image of the batch are pasted in, optical
            bands only.
        paste_min_slope: Least standardised slope of the ground they are pasted on, where the slope
            is a channel.
        drop_groups: Names of channel groups that may be missing on a user's machine, each with its
            channels.
        drop: Probability of dropping each group; its channels become 0, as the runtime gives
            missing ones.
    """

    flip: bool = False
    quarter_turns: bool = False
    rotation_deg: float = 0.0
    zoom: float = 1.0
    brightness: float = 0.0
    colour: float = 0.0
    noise: float = 0.0
    mixup: float = 0.0
    paste: float = 0.0
    paste_min_slope: float = -1.0
    drop_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    drop: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = set(self.drop) - set(self.drop_groups)
        if unknown:
            raise ConfigError(
                "augment.drop names groups that augment.drop_groups lacks:"
                f" {', '.join(sorted(unknown))}."
            )
        named = {name for group in self.drop_groups.values() for name in group}
        if named - set(BY_NAME):
            raise ConfigError(
                "augment.drop_groups holds unknown channels:"
                f" {', '.join(sorted(named - set(BY_NAME)))}."
            )
        if (
            self.zoom < 1
            or not 0 <= self.paste <= 1
            or self.mixup < 0
            or any(not 0 <= p <= 1 for p in self.drop.values())
        ):
            raise ConfigError(
                "augment.zoom is at least 1, mixup at least 0, and probabilities lie in [0, 1]."
            )


class Augmentation:
    """Apply an :class:`AugmentConfig` to batches of known channels.

    Args:
        config: What to do.
        channels: Names of the channels of every batch.
    """

    def __init__(self, config: AugmentConfig, channels: Sequence[str]) -> None:
        self.config = config
        self._optical = [i for i, name in enumerate(channels) if BY_NAME[name].optical]
        self._slope = list(channels).index("slope") if "slope" in channels else None
        at = {name: i for i, name in enumerate(channels)}
        self._groups = {
            name: [at[c] for c in group if c in at]
            for name, group in config.drop_groups.items()
            if config.drop.get(name, 0) > 0
        }

    def __call__(
        self, image: Tensor, mask: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Augment a batch.

        Args:
            image: (N, C, h, w) float32, square for quarter turns.
            mask: (N, h, w) uint8.
            generator: Source of all chance, on the batch's device.

        Returns:
            Image and mask of the same shapes.
        """
        config = self.config
        if config.paste > 0:
            image, mask = self._paste(image, mask, generator)
        if config.flip or config.quarter_turns:
            image, mask = turn_and_flip(
                image, mask, generator, flip=config.flip, turn=config.quarter_turns
            )
        if config.rotation_deg > 0 or config.zoom > 1:
            image, mask = rotate_and_zoom(
                image, mask, generator, angle_deg=config.rotation_deg, zoom=config.zoom
            )
        if config.brightness > 0 or config.colour > 0:
            image = self._recolour(image, generator)
        if config.noise > 0:
            image = image + config.noise * torch.randn(
                image.shape, generator=generator, device=image.device
            )
        return self._drop(image, generator), mask

    def _recolour(self, image: Tensor, generator: torch.Generator) -> Tensor:
        count, bands = len(image), len(self._optical)
        draws = torch.randn(count, 2 * bands + 1, 1, 1, generator=generator, device=image.device)
        gain = (
            1 + self.config.brightness * draws[:, :1] + self.config.colour * draws[:, 1 : bands + 1]
        )
        offset = self.config.colour * draws[:, bands + 1 :]
        image = image.clone()
        image[:, self._optical] = image[:, self._optical] * gain + offset
        return image

    def _paste(
        self, image: Tensor, mask: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Copy other images' landslides in, where the ground is steep enough.

        Only their optical bands are copied.
        """
        count = len(image)
        chosen = torch.rand(count, generator=generator, device=image.device) < self.config.paste
        donor = torch.arange(count, device=image.device).roll(1)
        area = (mask[donor] == 1) & (mask != IGNORE) & chosen[:, None, None]
        if self._slope is not None:
            area &= image[:, self._slope] >= self.config.paste_min_slope
        pasted = image.clone()
        pasted[:, self._optical] = torch.where(
            area[:, None], image[donor][:, self._optical], image[:, self._optical]
        )
        return pasted, torch.where(area, torch.ones_like(mask), mask)

    def _drop(self, image: Tensor, generator: torch.Generator) -> Tensor:
        for name, indices in self._groups.items():
            keep = (
                torch.rand(len(image), 1, 1, 1, generator=generator, device=image.device)
                >= self.config.drop[name]
            )
            image = image.clone()
            image[:, indices] = image[:, indices] * keep
        return image


def turn_and_flip(
    image: Tensor, mask: Tensor, generator: torch.Generator, *, flip: bool = True, turn: bool = True
) -> tuple[Tensor, Tensor]:
    """Turn each image by a random multiple of 90 degrees and flip it.

    Exact, and the mask with it.
    """
    turns = torch.randint(0, 4, (len(image),), generator=generator, device=image.device).tolist()
    flips = torch.randint(0, 4, (len(image),), generator=generator, device=image.device).tolist()
    images, masks = [], []
    for one, truth, k, f in zip(image, mask, turns, flips, strict=True):
        axes = [axis for axis, bit in ((-1, 1), (-2, 2)) if flip and f & bit]
        quarter = k if turn else 0
        images.append(torch.flip(torch.rot90(one, quarter, (-2, -1)), axes))
        masks.append(torch.flip(torch.rot90(truth, quarter, (-2, -1)), axes))
    return torch.stack(images), torch.stack(masks)


def rotate_and_zoom(
    image: Tensor, mask: Tensor, generator: torch.Generator, *, angle_deg: float, zoom: float
) -> tuple[Tensor, Tensor]:
    """Turn by up to ``angle_deg`` and scale by up to ``zoom``.

    Bilinear for images and nearest for masks.

    Pixels from outside are reflected in the image and ignored in the mask.
    """
    draws = torch.rand(2, len(image), generator=generator, device=image.device) * 2 - 1
    angle = draws[0] * math.radians(angle_deg)
    scale = torch.exp(draws[1] * math.log(zoom))
    cos, sin, zero = torch.cos(angle) / scale, torch.sin(angle) / scale, torch.zeros_like(angle)
    matrix = torch.stack([torch.stack([cos, -sin, zero], 1), torch.stack([sin, cos, zero], 1)], 1)
    grid = functional.affine_grid(matrix, list(image.shape), align_corners=False)
    turned = functional.grid_sample(
        image, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
    # Shifted by IGNORE, the zeros that grid_sample fills in from outside mean "ignore".
    shifted = (mask.float() - IGNORE)[:, None]
    truth = functional.grid_sample(
        shifted, grid, mode="nearest", padding_mode="zeros", align_corners=False
    )[:, 0]
    return turned, (truth + IGNORE).round().to(mask.dtype)


def mixup(image: Tensor, alpha: float, generator: torch.Generator) -> tuple[Tensor, Tensor, float]:
    """Mix each image with another of the batch (paper, Eq. 8).

    Zhang et al. (2018).

    Args:
        image: (N, C, h, w).
        alpha: Both parameters of the beta distribution.
        generator: Source of chance; may be on another device than the batch.

    Returns:
        Mixed images ``w x_i + (1 - w) x_j``, the index j of each image's partner, and w. The loss
        is ``w loss(y_i) + (1 - w) loss(y_j)``.
    """
    weight = beta(alpha, generator)
    partner = torch.randperm(len(image), generator=generator, device=generator.device).to(
        image.device
    )
    return weight * image + (1 - weight) * image[partner], partner, weight


def beta(alpha: float, generator: torch.Generator) -> float:
    """One draw of Beta(alpha, alpha)."""
    # torch.distributions takes no generator; a Dirichlet of two equal parts is a ratio of gammas.
    shape = torch.full((2,), alpha, dtype=torch.float64, device=generator.device)
    parts = torch._standard_gamma(shape, generator=generator).clamp(min=1e-30)
    return float(parts[0] / parts.sum())


def enlarge_batch(image: Tensor, mask: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """Scale promotion: enlarge images bilinearly and masks by repetition.

    Kingdrone: 128 to 512 is factor 4.
    """
    if factor == 1:
        return image, mask
    bigger = functional.interpolate(
        image, scale_factor=float(factor), mode="bilinear", align_corners=False
    )
    return bigger, mask.repeat_interleave(factor, dim=1).repeat_interleave(factor, dim=2)
