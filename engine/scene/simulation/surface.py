"""The made-up landscape seen from above: cover, spectra, light.

Spectra are top-of-atmosphere DN (reflectance x 10000) after real Level-1C scenes: forest is the
median of Landslide4Sense patches in Taiwan; fresh ground is set so that the median landslide pixel,
lit and mixed with its surroundings, is that of the patches (within 2 %, B01 within 8 %); crops and
cloud are those of a scene in Slovenia; water, gravel, rock and roofs are set between them. Light
from the ground is scaled by the sun's angle on the slope, light scattered by the air (the path) is
not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.scene.simulation.landscape import (
    RIVER_HALF_WIDTH_M,
    Array,
    Block,
    Landscape,
    hashed,
    smoothstep,
)
from engine.scene.simulation.slides import Ground

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
RESOLUTION_M = {
    "B01": 60,
    "B02": 10,
    "B03": 10,
    "B04": 10,
    "B05": 20,
    "B06": 20,
    "B07": 20,
    "B08": 10,
    "B8A": 20,
    "B09": 60,
    "B10": 60,
    "B11": 20,
    "B12": 20,
}
SUN_AZIMUTH_DEG, SUN_ELEVATION_DEG = 148.0, 56.0
_CLOUD_HEIGHT_M = 1400.0

_SPECTRA: dict[str, tuple[int, ...]] = {
    "forest": (930, 680, 610, 390, 730, 1850, 2270, 2300, 2490, 920, 12, 1170, 510),
    "pasture": (1010, 760, 760, 560, 1020, 2200, 2700, 2750, 2950, 960, 12, 1850, 960),
    "crop": (1000, 745, 740, 480, 950, 2500, 3150, 3100, 3400, 1000, 11, 1700, 820),
    "ripe": (1090, 930, 980, 1010, 1350, 2050, 2350, 2420, 2550, 880, 12, 2450, 1600),
    "soil": (1120, 990, 960, 1010, 1180, 1400, 1560, 1620, 1750, 690, 12, 2350, 1850),
    "scar": (1290, 1240, 1240, 1290, 1510, 1880, 2070, 2110, 2270, 950, 13, 2620, 2060),
    "deposit": (1230, 1150, 1130, 1150, 1360, 1790, 1980, 2010, 2150, 900, 13, 2340, 1800),
    "rock": (1080, 960, 900, 860, 960, 1230, 1350, 1380, 1450, 640, 12, 1480, 1130),
    "gravel": (1210, 1160, 1110, 1110, 1220, 1380, 1460, 1490, 1540, 690, 12, 1700, 1380),
    "water": (1010, 840, 730, 520, 480, 430, 410, 350, 330, 230, 10, 170, 90),
    "roof": (1300, 1270, 1250, 1260, 1390, 1850, 2020, 2080, 2150, 870, 12, 2060, 1720),
}
_CLOUD = (6900, 6800, 6500, 6600, 6800, 7200, 7400, 7300, 7500, 3600, 90, 5200, 4200)
_PATH = (760, 500, 300, 165, 135, 100, 85, 70, 60, 30, 9, 15, 8)
"""Light scattered by the air, in DN; what Level-2A has removed."""
_DIFFUSE = (0.55, 0.5, 0.42, 0.36, 0.33, 0.3, 0.28, 0.27, 0.26, 0.25, 0.25, 0.2, 0.18)
_CROPS = ("crop", "crop", "pasture", "ripe", "soil", "pasture", "crop", "ripe")


@dataclass(frozen=True)
class Sky:
    """Clouds over a block; arrays of shape (rows, columns).

    Attributes:
        cloud: Opacity, 0 to 1.
        shadow: Share of direct sunlight that clouds take away, 0 to 1.
    """

    cloud: Array
    shadow: Array


def spectrum(name: str) -> Array:
    """DN of a land cover in all 13 bands, shape (13,)."""
    return np.asarray(_SPECTRA[name], np.float32)


def sky_over(block: Block, seed: int, threshold: float) -> Sky:
    """Clouds where noise exceeds a threshold, and their shadows."""
    if not np.isfinite(threshold):
        empty = np.zeros((block.y.size, block.x.size), np.float32)
        return Sky(empty, empty)
    reach = _CLOUD_HEIGHT_M / np.tan(np.radians(SUN_ELEVATION_DEG))
    # A shadow lies opposite the sun: the cloud that darkens a place stands towards the sun from it
    # (y grows southwards).
    towards_x = reach * np.sin(np.radians(SUN_AZIMUTH_DEG))
    towards_y = -reach * np.cos(np.radians(SUN_AZIMUTH_DEG))
    cloud = smoothstep(cloud_noise(block, seed), threshold, threshold + 0.45)
    shifted = Block(block.x[0] + towards_x, block.y[:, 0] + towards_y)
    return Sky(cloud, 0.85 * smoothstep(cloud_noise(shifted, seed), threshold, threshold + 0.6))


def cloud_noise(block: Block, seed: int) -> Array:
    """The field from which clouds are cut, of about unit variance."""
    cells = ((1900.0, 0.75), (800.0, 0.5), (330.0, 0.33), (140.0, 0.18), (60.0, 0.09))
    field = np.zeros((block.y.size, block.x.size), np.float32)
    for index, (cell, weight) in enumerate(cells):
        field += weight * block.noise(cell, seed + 90 + index)
    return field


def cloud_threshold(seed: int, width_m: float, height_m: float, share: float) -> float:
    """The value of the cloud noise that a given share of the area exceeds."""
    if share <= 0:
        return float("inf")
    block = Block(np.linspace(0, width_m, 256), np.linspace(0, height_m, 256))
    return float(np.quantile(cloud_noise(block, seed), 1 - share)) - 0.15


def land_cover(landscape: Landscape, block: Block, slope: Array) -> Array:
    """Spectra under even light, without landslides, shape (13, rows, columns)."""
    seed = landscape.seed
    river = landscape.river_distance_m(block)
    from_floor = river - np.maximum(landscape.floor_half_width_m(block), 150)
    stands = (
        1
        + 0.07 * block.noise(160, seed + 40)
        + 0.07 * block.noise(45, seed + 41)
        + 0.07 * block.noise(15, seed + 42)
    )
    # Trees vary, the air above them does not.
    path = np.asarray(_PATH, np.float32)
    result = np.asarray(
        path[:, None, None] + (spectrum("forest") - path)[:, None, None] * stands, np.float32
    )
    clearings = smoothstep(
        block.noise(330, seed + 43) + 0.4 * block.noise(90, seed + 44), 2.0, 2.25
    )
    _mix(result, spectrum("pasture"), clearings)
    _mix(result, spectrum("rock"), 0.8 * smoothstep(slope + 4 * block.noise(40, seed + 45), 54, 62))
    _mix(
        result,
        _fields(block, seed),
        1 - smoothstep(from_floor + 25 * block.noise(120, seed + 46), -25, 15),
    )
    bar = 1 - smoothstep(river + 22 * block.noise(140, seed + 47), 40, 58)
    _mix(result, spectrum("gravel"), bar)
    _mix(
        result,
        spectrum("water"),
        1
        - smoothstep(
            river + 6 * block.noise(160, seed + 48), RIVER_HALF_WIDTH_M - 6, RIVER_HALF_WIDTH_M + 4
        ),
    )
    return result


def _mix(image: Array, other: Array, share: Array) -> None:
    """Blend another spectrum (13,) or image (13, rows, columns) in, in place."""
    other = other if other.ndim == 3 else other[:, None, None]
    image += share * (other - image)


def _fields(block: Block, seed: int) -> Array:
    """A patchwork of parcels and villages, shape (13, rows, columns)."""
    angle = 0.35
    x = block.x + 18 * block.noise(400, seed + 50)
    y = block.y + 18 * block.noise(400, seed + 51)
    u = (x * np.cos(angle) + y * np.sin(angle)) / 145
    v = (y * np.cos(angle) - x * np.sin(angle)) / 78
    column, row = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
    kind = (hashed(column, row, seed + 52) * len(_CROPS)).astype(np.int64)
    table = np.stack([spectrum(name) for name in _CROPS])
    tone = (0.9 + 0.2 * hashed(column, row, seed + 53)).astype(np.float32)
    image = np.moveaxis(table[kind], -1, 0) * tone * (1 + 0.03 * block.noise(25, seed + 54))
    hedge = (u - column < 0.07) | (v - row < 0.13)
    _mix(image, spectrum("pasture") * 0.85, np.where(hedge, 0.7, 0).astype(np.float32))
    village = smoothstep(block.noise(420, seed + 55), 1.25, 1.5)
    pixel = hashed(
        np.floor(block.x / 20).astype(np.int64), np.floor(block.y / 20).astype(np.int64), seed + 56
    )
    roofs = (
        village
        * (pixel > 0.45)
        * (
            0.4
            + 0.6
            * hashed(
                np.floor(block.x / 10).astype(np.int64),
                np.floor(block.y / 10).astype(np.int64),
                seed + 57,
            )
        )
    )
    _mix(image, spectrum("roof"), roofs.astype(np.float32))
    return np.asarray(image, np.float32)


def bare(image: Array, ground: Ground, block: Block, seed: int) -> None:
    """Lay the landslides' fresh ground over the land cover, in place."""
    fresh = (
        spectrum("scar")[:, None, None] * (1 - ground.toe)
        + spectrum("deposit")[:, None, None] * ground.toe
    )
    mottle = 1 + 0.08 * block.noise(35, seed + 80) + 0.06 * block.noise(14, seed + 81)
    # Patches of turf and trees ride along, more of them in the deposit.
    rafts = smoothstep(block.noise(30, seed + 82), 1.1, 1.9) * (0.25 + 0.35 * ground.toe)
    image += ground.cover * (1 - rafts) * (fresh * ground.tone * mottle - image)


def lit(
    image: Array, heights: Array, pixel_m: float, sky: Sky, *, bottom_of_atmosphere: bool
) -> Array:
    """Put sun, shade and clouds on an evenly lit image.

    Args:
        image: DN under even light, shape (13, rows, columns).
        heights: Elevation with one pixel around, shape (rows + 2, columns + 2).
        pixel_m: Pixel size.
        sky: Clouds.
        bottom_of_atmosphere: Whether the path's light is taken out, as in Level-2A.

    Returns:
        DN before noise, shape (13, rows, columns).
    """
    east = (heights[1:-1, 2:] - heights[1:-1, :-2]) / (2 * pixel_m)
    south = (heights[2:, 1:-1] - heights[:-2, 1:-1]) / (2 * pixel_m)
    azimuth, elevation = np.radians(SUN_AZIMUTH_DEG), np.radians(SUN_ELEVATION_DEG)
    towards = (
        -east * np.sin(azimuth) * np.cos(elevation)
        + south * np.cos(azimuth) * np.cos(elevation)
        + np.sin(elevation)
    )
    incidence = np.clip(towards / np.sqrt(1 + east**2 + south**2), 0, None) / np.sin(elevation)
    direct = np.asarray(incidence * (1 - sky.shadow), np.float32)
    path = np.asarray(_PATH, np.float32)[:, None, None]
    diffuse = np.asarray(_DIFFUSE, np.float32)[:, None, None]
    result = (image - path) * (diffuse + (1 - diffuse) * direct)
    if not bottom_of_atmosphere:
        result += path
    cloud = np.asarray(_CLOUD, np.float32)[:, None, None]
    result += sky.cloud * (cloud - result)
    return np.asarray(result, np.float32)


def coarsened(image: Array, factor: int) -> Array:
    """Mean of blocks of ``factor`` x ``factor`` pixels.

    Its shape is (..., rows / factor, columns / factor).
    """
    if factor == 1:
        return image
    rows, columns = image.shape[-2] // factor, image.shape[-1] // factor
    return np.asarray(
        image.reshape(*image.shape[:-2], rows, factor, columns, factor).mean(axis=(-3, -1)),
        np.float32,
    )


def noisy(values: Array, rng: np.random.Generator) -> NDArray[np.float64]:
    """Add sensor noise: about 3 DN and half a percent."""
    return np.asarray(values + rng.standard_normal(values.shape) * (3 + 0.005 * np.abs(values)))
