"""Clouds, snow and water painted over labelled patches.

A network so learns that they are not bare ground.

Few labelled patches show any of them. Raw values as in :mod:`engine.samples.variation`; what is
covered is labelled background.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.bands import OPTICAL, POSITION
from engine.samples.variation import PATH_RADIANCE, smooth_noise

_BANDS = len(OPTICAL)
_SLOPE, _DEM = POSITION["slope"], POSITION["DEM"]
_CLOUD = torch.tensor([1.05, 1.03, 1.0, 1.0, 1.0, 1.03, 1.05, 1.03, 0.45, 0.02, 0.7, 0.55])
_SNOW = torch.tensor([1.0, 1.0, 0.98, 0.96, 0.93, 0.9, 0.88, 0.86, 0.5, 0.005, 0.12, 0.1])
_WATER = torch.tensor([1250.0, 1000, 850, 600, 500, 400, 380, 350, 200, 10, 150, 100])
_SEDIMENT = torch.tensor([100.0, 250, 450, 550, 500, 250, 200, 150, 20, 0, 30, 20])


def paint_cover(image: Tensor, mask: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Paint a cloud (half of the time), snow or water.

    Args:
        image: (14, h, w) raw.
        mask: (h, w), 1 for landslides.
        rng: Source of chance.

    Returns:
        Image and mask, 0 where covered.
    """
    rows, columns = mask.shape
    shape = smooth_noise(rng, 1, rows, columns, int(rng.integers(20, 90)))[0]
    shape = shape + 0.35 * smooth_noise(rng, 1, rows, columns, 9)[0]
    kind = rng.choice(["cloud", "cloud", "snow", "water"])
    paint = {"cloud": _cloud, "snow": _snow, "water": _water}[str(kind)]
    image, covered = paint(image, shape, rng)
    return image, torch.where(covered, torch.zeros_like(mask), mask)


def _cloud(image: Tensor, shape: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """White with soft edges, and half of the time a shadow.

    Dimmer in the absorption bands.
    """
    rows, columns = shape.shape
    edge = torch.quantile(shape, rng.uniform(0.6, 0.97))
    opacity = ((shape - edge) / rng.uniform(0.1, 1.2)).clamp(0, 1)
    colour = _CLOUD * rng.uniform(1800, 8000)
    colour[POSITION["B09"]] *= rng.uniform(0.3, 1.8)
    colour[POSITION["B10"]] += rng.uniform(0, 200)
    colour[POSITION["B11"] :] *= rng.uniform(0.5, 1.2)
    texture = 1 + 0.15 * smooth_noise(rng, 1, rows, columns, 12)[0]
    optical = image[:_BANDS]
    if rng.random() < 0.5:
        shifts = (int(rng.integers(-25, 26)), int(rng.integers(-25, 26)))
        lit = 1 - 0.55 * torch.roll(opacity, shifts=shifts, dims=(0, 1))
        sky = PATH_RADIANCE[:, None, None] * 300
        optical = (optical - sky) * lit + sky
    optical = optical * (1 - opacity) + opacity * colour[:, None, None] * texture
    return torch.cat([optical, image[_BANDS:]]), opacity > 0.15


def _snow(image: Tensor, shape: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """On the high ground, shaded, dark in the short-wave infrared."""
    rows, columns = shape.shape
    height = torch.nan_to_num(image[_DEM]) + 60 * shape
    line = torch.quantile(height, rng.uniform(0.3, 0.97))
    opacity = ((height - line) / rng.uniform(5, 60)).clamp(0, 1) * rng.uniform(0.6, 1)
    light = (1 + 0.3 * smooth_noise(rng, 1, rows, columns, 10)[0]).clamp(0.3, 1.6)
    snow = (_SNOW * rng.uniform(2500, 9000))[:, None, None] * light
    return torch.cat(
        [image[:_BANDS] * (1 - opacity) + opacity * snow, image[_BANDS:]]
    ), opacity > 0.15


def _water(image: Tensor, shape: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """In the low ground, level, clear to muddy."""
    height = torch.nan_to_num(image[_DEM]) + 40 * shape
    level = torch.quantile(height, rng.uniform(0.03, 0.35))
    covered = height < level
    colour = _WATER * rng.uniform(0.7, 1.2) + _SEDIMENT * rng.uniform(0, 1.6) * rng.uniform(0.1, 1)
    ripples = torch.from_numpy(rng.standard_normal((12, *shape.shape), dtype=np.float32))
    water = colour[:, None, None] * (1 + 0.03 * ripples)
    slope = torch.where(covered, rng.uniform(0, 3) * shape.abs().clamp(max=1), image[_SLOPE])
    terrain = torch.stack([slope, torch.where(covered, level, image[_DEM])])
    return torch.cat([torch.where(covered, water, image[:_BANDS]), terrain]), covered
