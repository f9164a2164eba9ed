"""Bare ground painted over samples.

Scars on slopes, and what looks like them in the wrong place, river bars and fields.

Fourteen labelled patches hold a few dozen scars, which a network learns by heart. Painted scars
have true labels and no end of shapes, colours and backgrounds; their colours are those of labelled
scars, brighter or darker and tilted over the spectrum, and the ground's shading lies over them. Raw
values as in :mod:`engine.samples.variation`.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.bands import OPTICAL, POSITION
from engine.models.losses import UNCERTAIN
from engine.samples.variation import blur, smooth_noise

_BANDS = len(OPTICAL)
_NIR, _SLOPE, _DEM = (POSITION[name] for name in ("B08", "slope", "DEM"))
_SEVERAL = 6
_PATTERNS = 997  # a prime: colours of fields repeat after as many


def paint_scars(
    image: Tensor, mask: Tensor, soils: Tensor, rng: np.random.Generator, *, brightness: float
) -> tuple[Tensor, Tensor]:
    """Paint scars: streaks along the fall line on slopes.

    Args:
        image: (14, h, w) raw; slope and elevation are there.
        mask: (h, w), 1 for landslides.
        soils: Spectra of bare ground (12, n).
        rng: Source of chance.
        brightness: Standard deviation of the logarithm of the scars' brightness against the
            labelled ones'.

    Returns:
        Image and mask: 1 where mostly bare, 2 (uncertain) where some bare ground was added to
            background.
    """
    slope = image[_SLOPE]
    field = _streaks(image[_DEM], rng)
    field = field + rng.uniform(0, 0.06) * (slope - 25).clamp(-20, 20)
    opacity = _opacity(field, slope > rng.uniform(10, 20), rng)
    painted = _lay(image, opacity, soils, rng, brightness)
    partly = (opacity > 0.15) & (opacity <= 0.4) & (mask == 0)
    mask = torch.where(partly, torch.full_like(mask, UNCERTAIN), mask)
    return painted, torch.where(opacity > 0.4, torch.ones_like(mask), mask)


def paint_river_bars(
    image: Tensor, mask: Tensor, soils: Tensor, rng: np.random.Generator, *, brightness: float
) -> tuple[Tensor, Tensor]:
    """Paint bare ground where it is level, below 3 to 12 degrees.

    It is background. Arguments as :func:`paint_scars`.
    """
    opacity = _opacity(_streaks(image[_DEM], rng), image[_SLOPE] < rng.uniform(3, 12), rng)
    painted = _lay(image, opacity, soils, rng, brightness)
    return painted, torch.where(opacity > 0.4, torch.zeros_like(mask), mask)


def paint_fields(
    image: Tensor, mask: Tensor, soils: Tensor, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Paint fields and roofs, rectangles in rows, each of one colour.

    On slopes below 10 to 30 degrees; they are background.
    """
    rows, columns = mask.shape
    turn = rng.uniform(0, math.pi)
    down, right = torch.meshgrid(
        torch.arange(rows).float(), torch.arange(columns).float(), indexing="ij"
    )
    along = right * math.cos(turn) + down * math.sin(turn) + 1000
    across = down * math.cos(turn) - right * math.sin(turn) + 1000
    length, width = rng.uniform(3, 16), rng.uniform(3, 16)
    number = (
        (along / length).floor().long() * 7919 + (across / width).floor().long() * 104729
    ) % _PATTERNS
    apart = (along % length < length - rng.uniform(0, 1)) & (
        across % width < width - rng.uniform(0, 1)
    )
    tilled = torch.from_numpy(rng.random(_PATTERNS) < rng.uniform(0.1, 0.7))[number]
    place = (
        smooth_noise(rng, 1, rows, columns, int(rng.integers(20, 60)))[0]
        - rng.uniform(0, 0.06) * image[_SLOPE]
    )
    near = place > torch.quantile(place, rng.uniform(0.7, 0.97))
    inside = tilled & apart & near & (image[_SLOPE] < rng.uniform(10, 30))
    colours = soils[:, torch.from_numpy(rng.integers(0, soils.shape[1], (_PATTERNS, 3)))].mean(-1)
    bright = np.exp(rng.uniform(-0.3, 0.6) + 0.3 * rng.standard_normal(_PATTERNS))
    tilt = 1 + rng.uniform(-0.25, 0.25, (1, _PATTERNS)) * np.linspace(-1, 1, _BANDS)[:, None]
    colour = (colours * torch.from_numpy((bright * tilt).astype(np.float32)))[:, number]
    layers = torch.cat([(inside * rng.uniform(0.5, 1))[None], colour])
    if rng.random() < 0.5:
        layers = blur(layers, 3)
    painted = image[:_BANDS] * (1 - layers[0]) + layers[0] * layers[1:]
    return torch.cat([painted, image[_BANDS:]]), torch.where(inside, torch.zeros_like(mask), mask)


def _streaks(dem_m: Tensor, rng: np.random.Generator) -> Tensor:
    """Noise drawn out along the fall line; (h, w), unit variance."""
    rows, columns = dem_m.shape
    gradient_y, gradient_x = torch.gradient(blur(dem_m[None], 5)[0])
    steepness = torch.hypot(gradient_y, gradient_x).clamp(min=1e-3)
    noise = smooth_noise(rng, 1, rows, columns, int(rng.integers(4, 16)))[0]
    noise = noise + 0.5 * smooth_noise(rng, 1, rows, columns, 4)[0]
    down, right = torch.meshgrid(
        torch.arange(rows) + 0.5, torch.arange(columns) + 0.5, indexing="ij"
    )
    total = torch.zeros_like(noise)
    for distance in np.linspace(0, rng.uniform(0, 14), 6):
        x, y = right + gradient_x / steepness * distance, down + gradient_y / steepness * distance
        grid = torch.stack([2 * x / columns - 1, 2 * y / rows - 1], dim=-1)[None]
        total += functional.grid_sample(
            noise[None, None], grid, padding_mode="reflection", align_corners=False
        )[0, 0]
    return total / total.std().clamp(min=1e-3)


def _opacity(field: Tensor, where: Tensor, rng: np.random.Generator) -> Tensor:
    """The highest 1.5 to 22 per cent of a field, 0 … 1.

    With soft or sharp edges; 0 outside ``where``.
    """
    edge = torch.quantile(field, rng.uniform(0.78, 0.985))
    return ((field - edge) / rng.uniform(0.05, 0.5)).clamp(0, 1) * where * rng.uniform(0.7, 1)


def _lay(
    image: Tensor, opacity: Tensor, soils: Tensor, rng: np.random.Generator, brightness: float
) -> Tensor:
    """Bare ground of one colour over an image.

    Shaded as the ground below it is in the near infrared, where that band is there.
    """
    rows, columns = opacity.shape
    colour = soils[:, torch.from_numpy(rng.integers(0, soils.shape[1], _SEVERAL))].mean(1)
    tilt = 1 + np.linspace(rng.uniform(-0.15, 0.15), rng.uniform(-0.25, 0.25), _BANDS)
    colour = colour * torch.from_numpy(
        (math.exp(brightness * rng.normal() + 0.1) * tilt).astype(np.float32)
    )
    shading = torch.ones(rows, columns)
    if not torch.isnan(image[_NIR]).any():
        light = blur(image[_NIR][None], 3)[0]
        shading = (light / light.median().clamp(min=1)).clamp(0.35, 1.8) ** rng.uniform(0.2, 1)
    grain = torch.from_numpy(rng.standard_normal((rows, columns), dtype=np.float32))
    texture = torch.exp(0.1 * smooth_noise(rng, 1, rows, columns, 3)[0] + 0.05 * grain)
    soil = colour[:, None, None] * shading * texture
    return torch.cat([image[:_BANDS] * (1 - opacity) + opacity * soil, image[_BANDS:]])
