"""Training samples that look like patches of many scenes.

They are made from a few labelled areas and landslide-free scenes.

A sample goes through what a real one goes through: ground, season and atmosphere, covers, the
product's missing bands, and normalisation by a scene of which the sample is only a part. That scene
is simulated too: pixels drawn from the whole training area change their radiometry along with the
sample, and the statistics that normalise it are a random blend of both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.bands import NAMES, OPTICAL, POSITION, in_order
from engine.errors import ConfigError
from engine.models.normalization import ChannelStatistics, Normalization, standardise
from engine.samples.bare_ground import paint_fields, paint_river_bars, paint_scars
from engine.samples.covers import paint_cover
from engine.samples.variation import (
    flat_terrain,
    smooth_noise,
    vary_details,
    vary_image,
    vary_radiometry,
    vary_terrain,
)
from engine.settings import NotNegative, Positive, Range, Share, check_ranges

Kind = Literal["hills", "plain", "cloud"]
CHANNELS = len(NAMES)
BANDS = len(OPTICAL)
"""Optical channels, which come before slope and elevation."""
_CONTEXT_PX = 1024
_RELIEF_ERROR = 0.15
"""Standard deviation of the logarithm of how much steeper or gentler a sample is than its scene."""

_ELSEWHERE = 0.1
"""Share of samples with painted scars whose ground is that of a landslide-free mountain scene."""


@dataclass(frozen=True)
class Area:
    """A piece of ground.

    Attributes:
        image: (14, h, w) raw; a channel that is not there is NaN throughout.
        mask: (h, w), 1 for landslides, 0 for background; other values are carried along.
        kind: What it shows: decides which terrain suits it.
        weight: Relative frequency with which it is drawn.
        name: What it is called where a sample of it has to be named.
    """

    image: Tensor
    mask: Tensor
    kind: Kind = "hills"
    weight: float = 1.0
    name: str = ""


@dataclass(frozen=True)
class SampleConfig:
    """How samples are made.

    Attributes:
        size_px: Side of a sample.
        relief_exponent: That of the normalisation while samples are made, where slopes are
            normalised by ``relief``: a sample's mountain is flattened in proportion, and so are
            its scars.
        largest_gain: The same of its ``largest_gain``.
        negative_share: Share of samples from landslide-free scenes.
        mixed_share: Share of labelled samples into which a piece of a landslide-free scene is set.
        cover_share: Share of labelled samples with clouds, snow or water.
        scar_share: Share of labelled samples on which scars are painted.
        bar_share: Share of labelled samples on which bare, level ground is painted.
        field_share: Share of labelled samples on which fields are painted.
        soil_brightness: Standard deviation of the logarithm of the brightness of painted scars and
            bars.
        details: Standard deviation of the logarithm of the contrast of details, for networks that
            look at textures.
        strengths: Strengths of the radiometric variation with their probabilities.
        scale: Samples are enlarged or shrunk by up to these factors.
        subsets: Channels at hand, with the probability of each; the rest of the probability keeps a
            random three quarters.
    """

    size_px: Annotated[int, Range(16, 4096)] = 128
    relief_exponent: NotNegative = 1.0
    largest_gain: Annotated[float, Range(1)] = 1.8
    negative_share: Share = 0.15
    mixed_share: Share = 0.2
    cover_share: Share = 0.2
    scar_share: Share = 0.0
    bar_share: Share = 0.0
    field_share: Share = 0.0
    soil_brightness: NotNegative = 0.35
    details: NotNegative = 0.0
    strengths: Mapping[float, Share] = field(default_factory=lambda: {0.5: 0.5, 1.0: 0.5})
    scale: tuple[Positive, Positive] = (0.65, 2.0)
    subsets: tuple[tuple[tuple[str, ...], Share], ...] = ()

    def __post_init__(self) -> None:
        check_ranges(self, "scenes.")
        if (
            not math.isclose(sum(self.strengths.values()), 1.0)
            or sum(p for _, p in self.subsets) > 1 + 1e-9
        ):
            raise ConfigError(
                "The probabilities of the strengths sum to 1, those of the channel subsets to at"
                " most 1."
            )
        unknown = {name for names, _ in self.subsets for name in names} - set(NAMES)
        if unknown:
            raise ConfigError(
                f"scenes.subsets names unknown channels: {', '.join(sorted(unknown))}."
            )


class SampleMaker:
    """Make batches; each follows from the seed and the step's number.

    Args:
        labelled: Areas with landslides.
        negatives: Areas without any.
        normalization: Of all 14 channels.
        config: How samples are made.
        seed: Source of chance.
    """

    def __init__(
        self,
        labelled: Sequence[Area],
        negatives: Sequence[Area],
        *,
        normalization: Normalization,
        config: SampleConfig,
        seed: int,
    ) -> None:
        self._labelled, self._negatives, self._config, self._seed = (
            tuple(labelled),
            tuple(negatives),
            config,
            seed,
        )
        self._normalization = replace(
            normalization,
            relief_exponent=config.relief_exponent,
            largest_gain=config.largest_gain,
        )
        self._relief = normalization.modes[POSITION["slope"]] == "relief"
        self._whole_scene = np.full(CHANNELS, normalization.min_pixels, np.int64)
        self._ground = torch.cat([area.image.reshape(CHANNELS, -1) for area in labelled], dim=1)
        self._hills = [area for area in negatives if area.kind == "hills"]
        self._soils = torch.cat([area.image[:BANDS][:, area.mask == 1] for area in labelled], dim=1)
        self._subsets = [_chosen(names) for names, _ in config.subsets]
        self._subset_shares = np.array([share for _, share in config.subsets])

    def batch(self, step: int, size: int) -> tuple[Tensor, Tensor]:
        """Images (N, 14, h, w), normalised, 0 where missing, and masks (N, h, w)."""
        made = [
            self.sample(np.random.default_rng((self._seed, step, index))) for index in range(size)
        ]
        return torch.stack([image for image, _, _ in made]), torch.stack(
            [mask for _, mask, _ in made]
        )

    def sample(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, tuple[str, ...]]:
        """One image, its mask, and the names of its areas.

        (14, h, w), normalised, and (h, w).
        """
        drawn: list[str] = []
        if self._negatives and rng.random() < self._config.negative_share:
            image, mask, pool = self._negative(rng, drawn)
        else:
            image, mask = self._positive(rng, drawn)
            pool = self._ground
        strength = float(
            rng.choice(list(self._config.strengths), p=list(self._config.strengths.values()))
        )
        context = pool[:BANDS, torch.from_numpy(rng.integers(0, pool.shape[1], _CONTEXT_PX))]
        missing = torch.isnan(image).flatten(1).any(dim=1)
        missing[:BANDS] |= torch.isnan(context).any(dim=1)
        pixels = torch.cat([image[:BANDS].flatten(1), context], dim=1)
        pixels = vary_radiometry(pixels, rng, strength)
        optical = pixels[:, :-_CONTEXT_PX].reshape(BANDS, *mask.shape)
        if self._config.details > 0:
            optical = vary_details(optical, rng, self._config.details)
        optical = vary_image(optical, rng, strength)
        mean, std = _scene(optical.flatten(1), pixels[:, -_CONTEXT_PX:], rng)
        image = self._normalise(optical, image[BANDS:], mean, std, rng)
        keep = self._keep(rng) & ~missing
        return (
            torch.where(keep[:, None, None], torch.nan_to_num(image), torch.zeros(())),
            mask,
            tuple(drawn),
        )

    def _positive(self, rng: np.random.Generator, drawn: list[str]) -> tuple[Tensor, Tensor]:
        config = self._config
        scars = rng.random() < config.scar_share
        elsewhere = scars and len(self._hills) > 0 and rng.random() < _ELSEWHERE
        image, mask = warp(
            _draw(self._hills if elsewhere else self._labelled, rng, drawn), config, rng
        )
        image = torch.cat([image[:BANDS], vary_terrain(image[BANDS:], rng)])
        image, mask = self._bare_ground(image, mask, rng, scars=scars)
        if self._negatives and rng.random() < config.mixed_share:
            image, mask = self._mix(image, mask, rng, drawn)
        if rng.random() < config.cover_share:
            image, mask = paint_cover(image, mask, rng)
        return image, mask

    def _bare_ground(
        self, image: Tensor, mask: Tensor, rng: np.random.Generator, *, scars: bool
    ) -> tuple[Tensor, Tensor]:
        """Paint scars, and bare ground that is none."""
        config, soils = self._config, self._soils
        if soils.shape[1] == 0:  # no landslide to take a colour from
            return image, mask
        if scars:
            image, mask = paint_scars(image, mask, soils, rng, brightness=config.soil_brightness)
        if rng.random() < config.bar_share:
            image, mask = paint_river_bars(
                image, mask, soils, rng, brightness=config.soil_brightness
            )
        if rng.random() < config.field_share:
            image, mask = paint_fields(image, mask, soils, rng)
        return image, mask

    def _negative(
        self, rng: np.random.Generator, drawn: list[str]
    ) -> tuple[Tensor, Tensor, Tensor]:
        area = _draw(self._negatives, rng, drawn)
        image, mask = warp(area, self._config, rng)
        pool = area.image.reshape(CHANNELS, -1) if rng.random() < 0.7 else self._ground
        without = bool(torch.isnan(image[BANDS:]).any())
        if area.kind == "cloud" and rng.random() < 0.5:  # clouds hang over mountains as well
            other, _ = warp(_draw(self._labelled, rng, drawn), self._config, rng)
            terrain = vary_terrain(other[BANDS:], rng)
        elif area.kind != "hills" and (without or rng.random() < 0.3):
            terrain = flat_terrain(mask.shape[0], mask.shape[1], rng)
        else:
            terrain = image[BANDS:] if without else vary_terrain(image[BANDS:], rng)
        return torch.cat([image[:BANDS], terrain]), mask, pool

    def _mix(
        self, image: Tensor, mask: Tensor, rng: np.random.Generator, drawn: list[str]
    ) -> tuple[Tensor, Tensor]:
        """Set a piece of a plain or a cloud into a mountain image."""
        area = _draw(self._negatives, rng, drawn)
        other, _ = warp(area, self._config, rng)
        rows, columns = mask.shape
        shape = smooth_noise(rng, 1, rows, columns, int(rng.integers(40, 110)))[0]
        inside = shape > torch.quantile(shape, rng.uniform(0.4, 0.85))
        mask = torch.where(inside, torch.zeros_like(mask), mask)
        if area.kind == "cloud":
            return (
                torch.cat([torch.where(inside, other[:BANDS], image[:BANDS]), image[BANDS:]]),
                mask,
            )
        # Dark objects of both scenes are made alike, as if one atmosphere lay over them.
        dark = _dark(image[:BANDS]) - _dark(other[:BANDS])
        optical = other[:BANDS] + torch.nan_to_num(dark)[:, None, None] * rng.uniform(0.6, 1.2)
        terrain = flat_terrain(rows, columns, rng)
        valley = torch.quantile(image[POSITION["DEM"]], rng.uniform(0.0, 0.4))
        terrain[1] += valley - terrain[1].mean()
        return torch.where(inside, torch.cat([optical, terrain]), image), mask

    def _normalise(
        self, optical: Tensor, terrain: Tensor, mean: Tensor, std: Tensor, rng: np.random.Generator
    ) -> Tensor:
        """Normalise a sample by a simulated scene's statistics."""
        height = terrain[1].mean() + (0.0 if rng.random() < 0.5 else rng.normal() * 400)
        error = math.exp(_RELIEF_ERROR * rng.normal()) if self._relief else 1.0
        slopes = torch.stack([terrain[0].mean(), terrain[0].std()]) * error
        means = torch.cat([mean, torch.stack([slopes[0], height])])
        stds = torch.cat([std, torch.stack([slopes[1], terrain[1].std()])])
        scene = ChannelStatistics(
            NAMES, self._whole_scene, means.double().numpy(), stds.double().numpy()
        )
        shift, scale = (
            torch.from_numpy(v)[:, None, None] for v in self._normalization.affine(scene)
        )
        return standardise(torch.cat([optical, terrain]), shift, scale, self._normalization.clip)

    def _keep(self, rng: np.random.Generator) -> Tensor:
        drawn = rng.random()
        for chosen, edge in zip(self._subsets, np.cumsum(self._subset_shares), strict=True):
            if drawn < edge:
                return chosen
        keep = torch.from_numpy(rng.random(CHANNELS) < 0.75)
        keep[[POSITION[name] for name in ("B02", "B03", "B04")]] = True
        return keep


def warp(area: Area, config: SampleConfig, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Cut a turned, flipped and scaled square out of an area.

    Half of the turns are exact quarter turns.
    """
    rows, columns = area.mask.shape
    scale = (
        1.0
        if rng.random() < 0.3
        else math.exp(rng.uniform(math.log(config.scale[0]), math.log(config.scale[1])))
    )
    quarter = rng.random() < 0.5
    angle = rng.integers(0, 4) * math.pi / 2 if quarter else rng.uniform(-math.pi, math.pi)
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    half = config.size_px / 2 / scale
    centre_y, centre_x = (
        rng.uniform(min(half, side / 2), max(side - half, side / 2)) for side in (rows, columns)
    )
    line = (torch.arange(config.size_px) + 0.5 - config.size_px / 2) / scale
    down, right = torch.meshgrid(line, line * mirror, indexing="ij")
    x = centre_x + math.cos(angle) * right - math.sin(angle) * down
    y = centre_y + math.sin(angle) * right + math.cos(angle) * down
    grid = torch.stack([2 * x / columns - 1, 2 * y / rows - 1], dim=-1)[None]
    nearest = (quarter and scale == 1.0) or rng.random() < 0.3
    image = functional.grid_sample(
        area.image[None],
        grid,
        mode="nearest" if nearest else "bilinear",
        padding_mode="reflection",
        align_corners=False,
    )[0]
    mask = functional.grid_sample(
        area.mask[None, None].float(),
        grid,
        mode="nearest",
        padding_mode="reflection",
        align_corners=False,
    )[0, 0]
    return image, mask


def _scene(own: Tensor, around: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Mean and std of a scene of which the sample is a part.

    Up to all of it, or none; with some error.
    """
    drawn = rng.random()
    share = 1.0 if drawn < 0.3 else 0.0 if drawn < 0.5 else rng.random()
    mean = share * own.mean(1) + (1 - share) * around.mean(1)
    second = share * (own.var(1) + own.mean(1) ** 2) + (1 - share) * (
        around.var(1) + around.mean(1) ** 2
    )
    std = (second - mean**2).clamp(min=0).sqrt()
    if rng.random() < 0.5:
        each = torch.from_numpy(rng.standard_normal(BANDS, dtype=np.float32))
        mean = mean + std * (0.12 * rng.normal() + 0.05 * each)
        std = std * math.exp(0.12 * rng.normal())
    return mean, std


def _draw(areas: Sequence[Area], rng: np.random.Generator, drawn: list[str]) -> Area:
    """Draw an area and put its name down."""
    weights = np.array([area.weight for area in areas])
    area = areas[int(rng.choice(len(areas), p=weights / weights.sum()))]
    drawn.append(area.name)
    return area


def _dark(optical: Tensor) -> Tensor:
    return torch.quantile(optical.flatten(1)[:, ::7], 0.03, dim=1)


def _chosen(names: Sequence[str]) -> Tensor:
    return torch.tensor([name in in_order(names) for name in NAMES])
