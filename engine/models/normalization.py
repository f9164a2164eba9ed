"""Normalisation of raw channels to what a network sees.

The winners' separated normalisation standardises every domain by its own statistics, the largest
single gain of the competition (paper, Section IV-B1). A scene is a domain, but not every scene has
a landslide scene's variety: standardised by its own spread, flat farmland would look like
mountains, and a cloud sheet like a valley. So each channel is one of

* ``scene``: ``(x - scene mean) / max(scene std, floor x training std)``, for the optical bands;
* ``centre``: ``(x - scene mean) / training std``, for elevation, whose datum says nothing but whose
  relief does;
* ``fixed``: ``(x - training mean) / training std``, for the slope, whose degrees mean the same
  everywhere;
* ``relief``: the same after multiplication by ``(training's steepness / scene's steepness) **
  relief_exponent``, between 1 and ``largest_gain``: for the slope, where scars of gentler
  mountains, or of a coarser DEM, shall count as steep as the training's. Steepness is ``mean +
  variance / mean``, the mean slope weighted by the slope, to which the plains beside mountains add
  nothing.

Where fewer than ``min_pixels`` valid pixels are at hand the scene's statistics are blended with the
training statistics in proportion (none of the scene's at zero pixels); the same happens to every
channel alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from engine.bands import BY_NAME
from engine.errors import ConfigError
from engine.settings import Count, NotNegative, Positive, Range, check_ranges

Mode = Literal["scene", "centre", "fixed", "relief"]

Numbers = float | NDArray[np.float64]

Array = TypeVar("Array", bound=Any)
"""An array of NumPy or a tensor of PyTorch."""


@dataclass(frozen=True)
class ChannelStatistics:
    """Valid pixels, mean and standard deviation of each channel, raw units.

    Arrays of shape (channels,).
    """

    channels: tuple[str, ...]
    count: NDArray[np.int64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]


class StatisticsAccumulator:
    """Merge blocks into statistics, exactly and in any order.

    Chan et al. (1979).

    Args:
        channels: Names of the channels of every block.
    """

    def __init__(self, channels: Sequence[str]) -> None:
        self._channels = tuple(channels)
        size = len(self._channels)
        self._count = np.zeros(size, np.int64)
        self._mean = np.zeros(size)
        self._m2 = np.zeros(size)

    def add(self, block: NDArray[np.floating]) -> None:
        """Add a block of shape (channels, …); NaN pixels do not count."""
        values = block.reshape(len(self._channels), -1).astype(np.float64)
        valid = ~np.isnan(values)
        count = valid.sum(axis=1)
        divisor = np.maximum(count, 1)
        mean = np.where(valid, values, 0.0).sum(axis=1) / divisor
        m2 = np.where(valid, (values - mean[:, None]) ** 2, 0.0).sum(axis=1)
        total = self._count + count
        delta = mean - self._mean
        weight = count / np.maximum(total, 1)
        self._m2 += m2 + delta**2 * self._count * weight
        self._mean += delta * weight
        self._count = total

    def result(self) -> ChannelStatistics:
        """The statistics so far; 0 where a channel had no valid pixel."""
        return ChannelStatistics(
            self._channels,
            self._count.copy(),
            self._mean.copy(),
            np.sqrt(self._m2 / np.maximum(self._count, 1)),
        )


@dataclass(frozen=True)
class Normalization:
    """How a model's channels are normalised; part of its card.

    Attributes:
        channels: The model's channels, in its input order.
        modes: Mode of each channel.
        mean: Training mean in raw units.
        std: Training standard deviation in raw units, positive.
        std_floor: Least share of the training std by which a ``scene`` channel is divided.
        min_pixels: Valid pixels from which the scene's own statistics count fully.
        clip: Normalised values are clipped to ±clip.
        relief_exponent: Power of the ratio of steepness by which ``relief`` channels are
            multiplied; 1 is in proportion.
        largest_gain: ``relief`` channels are multiplied by no more, so that plains stay plains.

    Raises:
        ConfigError: Lengths differ, or a std, the exponent or the largest gain is too small.
    """

    channels: tuple[str, ...]
    modes: tuple[Mode, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    std_floor: Annotated[float, Range(0, 10)] = 0.5
    min_pixels: Count = 16384
    clip: Positive = 6.0
    relief_exponent: NotNegative = 1.0
    largest_gain: Annotated[float, Range(1)] = 1.8

    def __post_init__(self) -> None:
        check_ranges(self, "normalization.")
        if not len(self.channels) == len(self.modes) == len(self.mean) == len(self.std):
            raise ConfigError(
                "A normalisation needs one mode, mean and std for each channel, but their numbers"
                " differ."
            )
        if len(set(self.channels)) < len(self.channels):
            raise ConfigError("A normalisation names each channel once, but one is repeated.")
        if not self.channels:
            raise ConfigError("A normalisation needs one channel or more.")
        if not (np.isfinite(self.mean).all() and np.isfinite(self.std).all()):
            raise ConfigError("A normalisation needs finite means and standard deviations.")
        if min(self.std) <= 0:
            raise ConfigError("A normalisation needs positive standard deviations.")
        unknown = set(self.modes) - set(get_args(Mode))
        if unknown:
            raise ConfigError(
                f"A normalisation's modes are {', '.join(get_args(Mode))}, not"
                f" {', '.join(sorted(unknown))}."
            )

    def of(self, channels: Sequence[str]) -> Normalization:
        """The same normalisation of some of its channels, in the order given."""
        at = [self.channels.index(name) for name in channels]
        return replace(
            self,
            channels=tuple(channels),
            modes=tuple(self.modes[i] for i in at),
            mean=tuple(self.mean[i] for i in at),
            std=tuple(self.std[i] for i in at),
        )

    def affine(
        self, scene: ChannelStatistics | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Work out ``normalised = (raw - shift) / scale`` for one scene.

        Args:
            scene: Statistics of the scene's channels; channels that it lacks, or None, fall back on
                the training statistics.

        Returns:
            Shift and scale, each of shape (channels,), in raw units.
        """
        mean, std = np.array(self.mean), np.array(self.std)
        scene_mean, scene_std, trust = mean.copy(), std.copy(), np.zeros(len(mean))
        if scene is not None:
            at = {name: index for index, name in enumerate(scene.channels)}
            for index, name in enumerate(self.channels):
                if name in at and scene.count[at[name]] > 0:
                    trust[index] = min(1.0, float(scene.count[at[name]]) / self.min_pixels)
                    scene_mean[index], scene_std[index] = scene.mean[at[name]], scene.std[at[name]]
        blended_mean = trust * scene_mean + (1 - trust) * mean
        blended_spread = trust * scene_std + (1 - trust) * std
        blended_std = np.maximum(blended_spread, self.std_floor * std)
        modes = np.array(self.modes)
        gain = np.where(
            modes == "relief", self.relief_gain(mean, std, blended_mean, blended_spread), 1.0
        )
        shift = np.where((modes == "fixed") | (modes == "relief"), mean / gain, blended_mean)
        scale = np.where(modes == "scene", blended_std, std / gain)
        return shift.astype(np.float32), scale.astype(np.float32)

    def relief_gain(
        self, mean: Numbers, std: Numbers, scene_mean: Numbers, scene_std: Numbers
    ) -> NDArray[np.float64]:
        """Factor by which a scene's slopes are multiplied.

        From the training's and the scene's statistics.
        """
        ratio = _steepness(mean, std) / np.maximum(_steepness(scene_mean, scene_std), 1e-6)
        return np.asarray(np.clip(ratio**self.relief_exponent, 1.0, self.largest_gain))

    def apply(
        self,
        raw: NDArray[np.float32],
        channels: Sequence[str],
        affine: tuple[NDArray[np.float32], NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Normalise a block and arrange it in the model's channel order.

        Args:
            raw: Array of shape (present channels, rows, columns) in raw units, NaN for nodata.
            channels: Names of the channels of ``raw``; any subset of the model's, others are
                ignored.
            affine: What :meth:`affine` gave for the scene.

        Returns:
            Array of shape (model channels, rows, columns); 0, the mean, for nodata and for channels
            that are not there.
        """
        shift, scale = affine
        result = np.zeros((len(self.channels), *raw.shape[1:]), np.float32)
        for source, name in enumerate(channels):
            if name in self.channels:
                target = self.channels.index(name)
                result[target] = standardise(raw[source], shift[target], scale[target], self.clip)
        return result


def standardise(raw: Array, shift: Array, scale: Array, clip: float) -> Array:
    """``(raw - shift) / scale``, clipped to ±clip; 0, the mean, for NaN.

    The one place where this is computed: for scenes on NumPy arrays, for batches in training on
    tensors of any device.

    Args:
        raw: Values in raw units, NaN for nodata.
        shift: What :meth:`Normalization.affine` gives; broadcast against ``raw``.
        scale: The same.
        clip: The normalisation's.
    """
    values = ((raw - shift) / scale).clip(-clip, clip)
    values[values != values] = 0.0  # NaN is unlike itself, in both libraries
    result: Array = values
    return result


def _steepness(mean: Numbers, std: Numbers) -> NDArray[np.float64]:
    return np.asarray(mean + np.square(std) / np.maximum(mean, 1e-6))


def training_statistics(channels: Iterable[str]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Published training mean and std of channels, in raw units.

    See :mod:`engine.bands`.
    """
    table = [BY_NAME[name] for name in channels]
    return tuple(c.mean * c.divisor for c in table), tuple(c.std * c.divisor for c in table)
