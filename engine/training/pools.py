"""Separated normalisation of training patches.

Every domain is normalised by its own statistics, as a scene is at detection time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bands import BY_NAME
from engine.errors import DatasetError, NoValidPixelsError
from engine.events import SILENT, Reporter
from engine.models.normalization import (
    ChannelStatistics,
    Normalization,
    StatisticsAccumulator,
    training_statistics,
)
from engine.patches.arrays import PatchArrays, open_patches
from engine.samples.areas import free_areas
from engine.samples.maker import Area
from engine.training.recipe import Recipe


def statistics(
    arrays: PatchArrays, indices: Sequence[int] | NDArray[np.integer[Any]] | None = None
) -> ChannelStatistics:
    """Count, mean and standard deviation of channels over patches."""
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
        channels,
        modes,
        mean,
        std,
        std_floor=config.std_floor,
        min_pixels=config.min_pixels,
        clip=config.clip,
        relief_exponent=config.relief_exponent,
        largest_gain=config.largest_gain,
    )


@dataclass(frozen=True)
class Pool:
    """Patches to draw batches from, with their domain's affine.

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
    arrays: PatchArrays,
    normalization: Normalization,
    domain_by: str | Sequence[str],
    *,
    domain: str = "source",
) -> Pool:
    """Attach to every patch the normalisation of its domain.

    Args:
        arrays: Patches; channels that they lack stay missing.
        normalization: The model's.
        domain_by: ``site``, ``patch``, ``dataset``, or ``training`` for the training statistics
            alone; or the name of each patch's domain.
        domain: Domain of the cross-sensor normalisation.
    """
    own = arrays.take_channels(normalization.channels)
    known = {
        "site": [place.site for place in own.places],
        "patch": list(own.ids),
        "dataset": ["all"] * len(own),
        "training": ["all"] * len(own),
    }
    keys = known[domain_by] if isinstance(domain_by, str) else list(domain_by)
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


@dataclass(frozen=True)
class Material:
    """Labelled patches with the normalisation that a recipe gives them.

    And extra ground without landslides.

    Attributes:
        arrays: The labelled patches.
        normalization: The model's.
        pool: The patches, normalised.
        negatives: Patches without landslides.
        free: Areas without landslides, for a recipe with ``scenes`` (then there are no
            ``negatives``).
        by_domain: The labelled patches by each normalisation that calibration looks at.
    """

    arrays: PatchArrays
    normalization: Normalization
    pool: Pool
    negatives: tuple[Pool, ...]
    free: tuple[Area, ...] = ()
    by_domain: Mapping[str, Pool] = field(default_factory=dict)


def prepare(
    recipe: Recipe, data: Path, negatives: Sequence[Path] = (), *, reporter: Reporter = SILENT
) -> Material:
    """Read and check the labelled patches, and normalise them by domain.

    Raises:
        DatasetError: No patch holds landslide, or labels are missing.
    """
    arrays = open_patches(data, reporter=reporter)
    if not arrays.positive_pixels.any():
        raise DatasetError(
            f"None of the {len(arrays)} patches in {data} holds a landslide pixel; a network cannot"
            " learn from background alone. Add labelled landslides."
        )
    normalization = make_normalization(recipe, arrays)
    by = "training" if set(normalization.modes) == {"fixed"} else recipe.data.domain
    pool = make_pool(arrays, normalization, by)
    domains = recipe.calibration.domains or (by,)
    calibrated = recipe.calibration.method != "none"
    by_domain: dict[str, Pool] = {
        domain: pool if domain == by else make_pool(arrays, normalization, domain)
        for domain in (domains if calibrated else ())
    }
    if recipe.scenes is not None:
        free = tuple(area for path in negatives for area in free_areas(path, reporter))
        return Material(arrays, normalization, pool, (), free, by_domain)
    extra = tuple(
        make_pool(_negative(path, reporter), normalization, recipe.data.domain)
        for path in negatives
    )
    return Material(arrays, normalization, pool, extra, (), by_domain)


def _negative(path: Path, reporter: Reporter) -> PatchArrays:
    arrays = open_patches(path, labels=False, reporter=reporter)
    return replace(arrays, masks=np.zeros(arrays.masks.shape, np.uint8))
