"""Separated normalisation of training patches.

Every domain is normalised by its own statistics, as a scene is at detection time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bands import BY_NAME
from engine.errors import NoValidPixelsError
from engine.models.normalization import (
    ChannelStatistics,
    Normalization,
    StatisticsAccumulator,
    training_statistics,
)
from engine.patches.arrays import PatchArrays
from engine.training.recipe import Recipe


def statistics(
    arrays: PatchArrays, indices: Sequence[int] | NDArray[np.integer[Any]] | None = None
) -> ChannelStatistics:
    """Count, mean and standard deviation of each channel over some patches, all by default."""
    accumulator = StatisticsAccumulator(arrays.channels)
    for index in range(len(arrays)) if indices is None else indices:
        accumulator.add(arrays.raw(int(index)))
    return accumulator.result()


def make_normalization(recipe: Recipe, arrays: PatchArrays) -> Normalization:
    """The normalisation that a recipe describes.

    With published training statistics or those of ``arrays``.

    Raises:
        NoValidPixelsError: Statistics of the data are asked for and a channel is empty or constant.
    """
    config, channels = recipe.normalization, recipe.data.channels
    if config.statistics == "published":
        mean, std = training_statistics(channels)
    else:
        found = statistics(arrays.take_channels(channels))
        if not (found.std > 0).all():
            empty = [name for name, value in zip(channels, found.std, strict=True) if value <= 0]
            raise NoValidPixelsError(
                f"The training patches hold nothing, or one value only, in {', '.join(empty)};"
                " leave these out of data.channels or set normalization.statistics to"
                ' "published".'
            )
        mean, std = tuple(found.mean.tolist()), tuple(found.std.tolist())
    kind = {"slope": config.slope, "DEM": config.dem}
    modes = tuple(
        kind.get(name, config.optical) if not BY_NAME[name].optical else config.optical
        for name in channels
    )
    return Normalization(
        channels, modes, mean, std, config.std_floor, config.min_pixels, config.clip
    )


@dataclass(frozen=True)
class Pool:
    """Patches that batches are drawn from, each with the shift and scale of its domain.

    Attributes:
        arrays: The patches, on the model's channels.
        shift: (N, C) float32, raw units.
        scale: (N, C) float32, raw units.
        domain: Domain of the cross-sensor normalisation that they belong to.
    """

    arrays: PatchArrays
    shift: NDArray[np.float32]
    scale: NDArray[np.float32]
    domain: str = "source"


def make_pool(
    arrays: PatchArrays, normalization: Normalization, domain_by: str, *, domain: str = "source"
) -> Pool:
    """Attach to every patch the normalisation of its domain.

    Args:
        arrays: Patches; channels that they lack stay missing.
        normalization: The model's.
        domain_by: ``site``, ``patch``, ``dataset``, or ``training`` for the training statistics
            alone.
        domain: Domain of the cross-sensor normalisation.
    """
    own = arrays.take_channels(normalization.channels)
    keys = {
        "site": [place.site for place in own.places],
        "patch": list(own.ids),
        "dataset": ["all"] * len(own),
        "training": ["all"] * len(own),
    }[domain_by]
    shift = np.empty((len(own), len(normalization.channels)), np.float32)
    scale = np.empty_like(shift)
    for key in sorted(set(keys)):
        members = [i for i, k in enumerate(keys) if k == key]
        found = None if domain_by == "training" else statistics(own, members)
        shift[members], scale[members] = normalization.affine(found)
    return Pool(own, shift, scale, domain)


def select(pool: Pool, indices: NDArray[np.integer[Any]]) -> Pool:
    """Some patches of a pool, with the normalisation that they had in it."""
    return Pool(pool.arrays.select(indices), pool.shift[indices], pool.scale[indices], pool.domain)
