"""Other scenes out of few.

Radiometry and terrain of labelled patches, varied within what nature and products vary.

Everything works on raw values, before normalisation: digital numbers (reflectance × 10000),
degrees, metres. Optical images are (12, …) tensors in the order of :data:`engine.bands.OPTICAL`,
with NaN for bands that are not there; terrain is (2, h, w), slope and elevation. Chance comes from
one NumPy generator, so that a sample is a function of its seed.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.bands import CHANNELS, OPTICAL, POSITION, ndvi

WAVELENGTH_NM = torch.tensor([c.wavelength_nm for c in CHANNELS if c.wavelength_nm is not None])
PATH_RADIANCE = (WAVELENGTH_NM / 442.7) ** -3.2
"""Path radiance of each band relative to B01: between Rayleigh's exponent of 4 and that of haze,
about 1.3."""
_RED, _NIR = POSITION["B04"], POSITION["B08"]
_TRANSMISSION = torch.tensor([0.0, 0.02, 0.05, 0.05, 0.08, 0.1, 0.08, 0.08, 1.5, 0.0, 0.08, 0.08])
"""What correction of gaseous absorption adds to each band, roughly: L2A minus L1C over vegetation
in the real pairs at hand."""


def smooth_noise(
    rng: np.random.Generator, count: int, rows: int, columns: int, cell_px: int
) -> Tensor:
    """Noise of unit variance, interpolated from a coarse lattice.

    Shape (count, rows, columns).
    """
    shape = (1, count, max(2, rows // cell_px + 2), max(2, columns // cell_px + 2))
    coarse = torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))
    return functional.interpolate(coarse, size=(rows, columns), mode="bicubic", align_corners=True)[
        0
    ]


def vegetation_index(optical: Tensor) -> Tensor:
    """NDVI of raw values (12, …); NaN where B04 or B08 are not there."""
    index: Tensor = ndvi(optical[_RED], optical[_NIR])
    return index


def vegetation_share(optical: Tensor) -> Tensor:
    """Share of vegetation in each pixel from NDVI (0.15 bare, 0.7 full).

    0 where B04 or B08 are not there.
    """
    return torch.nan_to_num(((vegetation_index(optical) - 0.15) / 0.55).clamp(0, 1))


def vary_radiometry(optical: Tensor, rng: np.random.Generator, strength: float) -> Tensor:
    """Change season, soil, atmosphere and illumination, pixel by pixel.

    Args:
        optical: (12, …) raw.
        rng: Source of chance.
        strength: Scales the probability of each change, 0 … 1.

    Returns:
        A tensor of the same shape.
    """

    def across(values: Tensor) -> Tensor:
        return values.view(-1, *(1,) * (optical.ndim - 1))

    plants = vegetation_share(optical)
    if rng.random() < 0.6 * strength:
        added, factor = _season(rng)
        optical = (optical + plants * across(added)) * (1 + plants * (across(factor) - 1))
    if rng.random() < 0.5 * strength:
        slope = np.linspace(rng.uniform(-0.15, 0.15), rng.uniform(-0.25, 0.25), len(OPTICAL))
        own = np.concatenate([rng.uniform(-0.1, 0.1, 4), np.zeros(8)])
        bright = math.exp(0.18 * rng.normal())
        optical = optical * (
            1 + (1 - plants) * across(_tensor(bright * (1 + own) * (1 + slope) - 1))
        )
    if rng.random() < 0.7 * strength:
        haze = rng.uniform(-950, 600) if rng.random() < 0.8 else rng.uniform(600, 1400)
        optical = (optical + across(PATH_RADIANCE * haze)).clamp(min=1)
        if (
            haze < -300 and rng.random() < 0.7
        ):  # corrected to the ground: gaseous absorption goes too
            optical = optical * across(1 + _TRANSMISSION * rng.uniform(0.5, 1.5))
    if rng.random() < 0.8 * strength:
        optical = (
            optical
            * math.exp(0.18 * rng.normal())
            * across(_tensor(np.exp(0.06 * rng.normal(size=len(OPTICAL)))))
        )
    return optical


def _season(rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Of vegetation: what is added to each band, and the factor of each band."""
    autumn = rng.uniform(-0.1, 1.0)
    added, factor = np.zeros(len(OPTICAL)), np.ones(len(OPTICAL))
    at = POSITION
    added[at["B01"]] = rng.uniform(-40, 60)
    added[at["B02"]] = rng.uniform(-60, 120) + 20 * autumn
    added[at["B03"]] = rng.uniform(-80, 150) + 60 * autumn
    added[at["B04"]] = rng.uniform(-60, 120) + autumn * rng.uniform(0, 330)
    added[at["B05"]] = rng.uniform(-100, 150) + 250 * autumn
    factor[at["B06"] : at["B10"]] += rng.uniform(-0.45, 0.25)
    factor[at["B11"]] += rng.uniform(-0.35, 0.35)
    factor[at["B12"]] += rng.uniform(-0.3, 0.6)
    return _tensor(added), _tensor(factor)


def vary_image(optical: Tensor, rng: np.random.Generator, strength: float) -> Tensor:
    """Change what depends on the place in the image; (12, h, w) raw.

    Shading, thin haze, sensor noise, sharpness.
    """
    rows, columns = optical.shape[1:]
    if rng.random() < 0.05 + 0.3 * strength:
        optical = optical * (1 + 0.12 * rng.uniform(0, 1) * smooth_noise(rng, 1, rows, columns, 40))
    if rng.random() < 0.2:
        haze = smooth_noise(rng, 1, rows, columns, 50).clamp(min=0)
        optical = optical + PATH_RADIANCE[:, None, None] * 400 * rng.uniform(0, 1) * haze
    if rng.random() < 0.3:
        noise = torch.from_numpy(rng.standard_normal(tuple(optical.shape), dtype=np.float32))
        optical = optical + noise * rng.uniform(2, 20)
    if rng.random() < 0.15:
        optical = blur(optical, 3)
    return optical


def vary_details(optical: Tensor, rng: np.random.Generator, spread: float) -> Tensor:
    """Make details stronger or weaker, in all bands alike.

    Details are what stands out from the mean over 9 x 9 pixels.

    Args:
        optical: (12, h, w) raw.
        rng: Source of chance.
        spread: Standard deviation of the logarithm of the factor.

    Returns:
        A tensor of the same shape.
    """
    around = blur(optical, 9)
    return around + math.exp(spread * rng.normal()) * (optical - around)


def vary_terrain(terrain: Tensor, rng: np.random.Generator) -> Tensor:
    """Vary the terrain (2, h, w).

    Gentler or steeper relief, a coarser DEM, another datum, misregistration, noise.
    """
    slope_deg, dem_m = terrain
    if rng.random() < 0.6:
        exaggeration = math.exp(rng.uniform(math.log(0.3), math.log(1.25)))
        slope_deg = torch.rad2deg(torch.atan(exaggeration * torch.tan(torch.deg2rad(slope_deg))))
        dem_m = dem_m.mean() + exaggeration * (dem_m - dem_m.mean())
    terrain = torch.stack([slope_deg, dem_m])
    if rng.random() < 0.5:
        size = int(rng.choice([3, 5, 5, 7]))
        terrain = blur(terrain, size)
        if rng.random() < 0.5:
            terrain = blur(terrain, size)
    if rng.random() < 0.25:
        terrain = torch.roll(
            terrain, shifts=(int(rng.integers(-2, 3)), int(rng.integers(-2, 3))), dims=(1, 2)
        )
    noise = torch.from_numpy(rng.standard_normal(tuple(slope_deg.shape), dtype=np.float32))
    slope_deg = (terrain[0] * (1 + 0.08 * rng.normal()) + rng.uniform(0, 0.8) * noise).clamp(0, 85)
    return torch.stack([slope_deg, terrain[1] + rng.uniform(-1200, 600)])


def flat_terrain(rows: int, columns: int, rng: np.random.Generator) -> Tensor:
    """Plains: slopes of a few degrees at most, shape (2, h, w)."""
    if rng.random() < 0.3:
        return torch.stack(
            [torch.zeros(rows, columns), torch.full((rows, columns), rng.uniform(0, 1000))]
        )
    steepest_deg = rng.uniform(0, 3) if rng.random() < 0.8 else rng.uniform(0, 7)
    slope_deg = (
        smooth_noise(rng, 1, rows, columns, int(rng.integers(8, 40)))[0].abs() * steepest_deg
    )
    dem_m = smooth_noise(rng, 1, rows, columns, 32)[0] * rng.uniform(0, 6) + rng.uniform(0, 1500)
    return torch.stack([slope_deg * rng.uniform(0.1, 1), dem_m])


def blur(image: Tensor, size_px: int) -> Tensor:
    """Mean over a square of an odd side; (channels, h, w)."""
    padded = functional.pad(image[None], [size_px // 2] * 4, mode="replicate")
    return functional.avg_pool2d(padded, size_px, 1)[0]


def _tensor(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))
