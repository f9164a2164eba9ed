"""Principal components of all channels in place of RGB.

For the PCA row of the paper's Table III.

They are an experiment's input only: a stack holds channels, so that no bundle made of components is
of use outside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.patches.arrays import NODATA, PatchArrays, open_patches, write_packed
from engine.training.pools import statistics

SLOTS = ("B04", "B03", "B02")
"""Channels whose places the components take, first to third."""

_STEP = 1000.0
"""Stored values a unit of standard deviation of the input: whole numbers lose nothing that
counts."""


@dataclass(frozen=True)
class Components:
    """A projection onto principal components.

    Attributes:
        mean: (C,) of the patches that it was fitted on, raw units.
        std: (C,) of the same; channels are standardised before the projection, as their units
            differ.
        axes: (3, C) unit vectors, the largest variance first; signs such that each one's largest
            weight is positive.
    """

    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    axes: NDArray[np.float64]


def fit_components(arrays: PatchArrays) -> Components:
    """The three principal components of the channels of some patches.

    Pixels with a gap are left out.
    """
    found = statistics(arrays)
    std = np.where(found.std > 0, found.std, 1.0)
    scatter = np.zeros((len(arrays.channels), len(arrays.channels)))
    for index in range(len(arrays)):
        pixels = arrays.raw(index).reshape(len(arrays.channels), -1).astype(np.float64)
        pixels = (pixels[:, np.isfinite(pixels).all(axis=0)] - found.mean[:, None]) / std[:, None]
        scatter += pixels @ pixels.T
    axes = np.linalg.eigh(scatter)[1].T[::-1][: len(SLOTS)]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    return Components(
        np.asarray(found.mean, np.float64), np.asarray(std, np.float64), axes * np.sign(largest)
    )


def to_components(components: Components, patches: Path, out: Path) -> Path:
    """Write the components of a packed dataset's patches as another one.

    Its channels are those of :data:`SLOTS`; returns ``out``.
    """
    arrays = open_patches(patches)
    images = np.full((len(arrays), len(SLOTS), *arrays.images.shape[2:]), NODATA, np.int16)
    for index in range(len(arrays)):
        standard = (arrays.raw(index) - components.mean[:, None, None]) / components.std[
            :, None, None
        ]
        projected = _STEP * np.tensordot(components.axes, standard, axes=1)
        images[index] = np.where(
            np.isfinite(projected), np.clip(np.rint(projected), NODATA + 1, 32767), NODATA
        )
    write_packed(replace(arrays, images=images, channels=SLOTS), out)
    return out
