"""A simulated scene as functions of place, rendered by pieces.

Nothing is in memory but the landslides' paths.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.windows import Window

from engine.bands import QUALITY_CLASSES
from engine.errors import ConfigError
from engine.grid import Grid
from engine.scene.simulation.landscape import Array, Block, Landscape
from engine.scene.simulation.slides import Slides, find_slides, ground_of
from engine.scene.simulation.surface import (
    BANDS,
    RESOLUTION_M,
    Sky,
    bare,
    cloud_threshold,
    coarsened,
    land_cover,
    lit,
    noisy,
    sky_over,
)
from engine.scene.terrain import slope_deg

PIXEL_M = 10.0
TILE_PX = 10980
_STEP_PX = 6
_BLOCK_PX = 1536
_CORNER = (300000.0, 2600040.0)


@dataclass(frozen=True)
class SimulationConfig:
    """What is simulated.

    Attributes:
        size_px: Side of the scene in 10 m pixels, a multiple of 6, at most 10980 (a full tile).
        seed: Everything follows from it.
        clouds: Share of the sky that is cloudy, 0 to 0.9.
        density: Factor on the number of landslides.
        product: ``bands`` writes one GeoTIFF a band; ``l1c`` and ``l2a`` write a SAFE folder with
            JPEG 2000 and an ALOS-like DEM archive.
        zipped: Whether a SAFE is packed into a zip, as it is downloaded.
        before: Whether a scene of the year before, without landslides, is written too.
        epsg: UTM zone of the scene.
    """

    size_px: int = 516
    seed: int = 0
    clouds: float = 0.02
    density: float = 1.0
    product: Literal["bands", "l1c", "l2a"] = "bands"
    zipped: bool = False
    before: bool = False
    epsg: int = 32651

    def __post_init__(self) -> None:
        if not 60 <= self.size_px <= TILE_PX or self.size_px % _STEP_PX:
            raise ConfigError(
                f"A simulated scene has 60 to {TILE_PX} pixels on a side, in multiples of"
                f" {_STEP_PX} (a 60 m pixel), not {self.size_px}."
            )
        if not 0 <= self.clouds <= 0.9:
            raise ConfigError(f"The share of clouds lies between 0 and 0.9, not {self.clouds:g}.")
        if not 0 <= self.density <= 10:
            raise ConfigError(
                f"The density of landslides lies between 0 and 10, not {self.density:g}."
            )
        if self.product not in ("bands", "l1c", "l2a"):
            raise ConfigError(
                f"The product {self.product!r} is not known; choose bands, l1c or l2a."
            )
        if self.seed < 0:
            raise ConfigError("The seed is a whole number from 0.")


@dataclass(frozen=True)
class Scene:
    """A scene about to be rendered, as functions of place."""

    config: SimulationConfig
    landscape: Landscape
    slides: Slides
    cloud_threshold: float
    grid: Grid
    bottom_of_atmosphere: bool = False

    @classmethod
    def plan(cls, config: SimulationConfig) -> Scene:
        """Fix where everything is."""
        landscape = Landscape(config.seed)
        extent_m = config.size_px * PIXEL_M
        slides = find_slides(landscape, extent_m, extent_m, config.density)
        threshold = cloud_threshold(config.seed, extent_m, extent_m, config.clouds)
        grid = Grid(
            CRS.from_epsg(config.epsg),
            Affine(PIXEL_M, 0, _CORNER[0], 0, -PIXEL_M, _CORNER[1]),
            (config.size_px, config.size_px),
        )
        return cls(config, landscape, slides, threshold, grid, config.product == "l2a")

    def year_before(self) -> Scene:
        """The same ground before the landslides, under another sky."""
        empty = np.zeros((0, 1))
        none = Slides(empty, empty, empty, empty, np.zeros(0))
        config = replace(self.config, seed=self.config.seed + 7919)
        extent_m = self.config.size_px * PIXEL_M
        threshold = cloud_threshold(config.seed, extent_m, extent_m, config.clouds)
        return replace(self, config=config, slides=none, cloud_threshold=threshold)

    def windows(self) -> Iterator[Window]:
        """Pieces in which the scene is rendered.

        Their sides are multiples of 60 m and of the output's blocks.
        """
        return self.grid.windows(_BLOCK_PX)

    def render(self, window: Window) -> Rendered:
        """Compute everything in one piece."""
        rows = (
            np.arange(window.row_off - 1, window.row_off + window.height + 1) * PIXEL_M
            + PIXEL_M / 2
        )
        columns = (
            np.arange(window.col_off - 1, window.col_off + window.width + 1) * PIXEL_M + PIXEL_M / 2
        )
        block = Block(columns[1:-1], rows[1:-1])
        heights = self.landscape.heights_m(Block(columns, rows))
        metres = np.full(int(window.height), PIXEL_M)
        slope = slope_deg(heights, metres, metres)
        ground = ground_of(self.slides, block, PIXEL_M, self.landscape.seed)
        sky = sky_over(block, self.config.seed, self.cloud_threshold)
        image = land_cover(self.landscape, block, slope)
        bare(image, ground, block, self.landscape.seed)
        image = lit(image, heights, PIXEL_M, sky, bottom_of_atmosphere=self.bottom_of_atmosphere)
        bands = {}
        for index, name in enumerate(BANDS):
            rng = np.random.default_rng(
                [self.config.seed, index, int(window.row_off), int(window.col_off)]
            )
            native = coarsened(image[index], int(RESOLUTION_M[name] / PIXEL_M))
            bands[name] = np.clip(np.rint(noisy(native, rng)), 1, 20000).astype(np.int16)
        return Rendered(
            bands, (ground.cover >= 0.5).astype(np.uint8), slope, heights[1:-1, 1:-1], quality(sky)
        )


@dataclass(frozen=True)
class Rendered:
    """One piece of the scene.

    Attributes:
        bands: DN (reflectance x 10000) of each band at its native resolution.
        truth: 1 where at least half of a 10 m pixel is landslide.
        slope: True slope at 10 m in degrees.
        heights: True elevation at 10 m in metres.
        quality: Quality classes at 10 m.
    """

    bands: dict[str, NDArray[np.int16]]
    truth: NDArray[np.uint8]
    slope: Array
    heights: Array
    quality: NDArray[np.uint8]


def quality(sky: Sky) -> NDArray[np.uint8]:
    """Quality classes that a careful eye would give."""
    result = np.where(sky.shadow > 0.4, QUALITY_CLASSES["shadow"], QUALITY_CLASSES["clear"])
    return np.where(sky.cloud > 0.15, QUALITY_CLASSES["cloud"], result).astype(np.uint8)


def widened(values: NDArray[np.int16], factor: int) -> NDArray[np.int16]:
    """Repeat every pixel ``factor`` times in both directions."""
    return values if factor == 1 else values.repeat(factor, axis=0).repeat(factor, axis=1)


def rounded_size(size_px: int) -> int:
    """The next size that a scene can have."""
    return math.ceil(size_px / _STEP_PX) * _STEP_PX
