"""Fully connected CRF on the probabilities of a window.

This is DenseCRF (Krähenbühl and Koltun 2011), as in the competition's third place. It asks
for agreement between pixels that are near, and between pixels that are near and alike in colour, so
that specks go and a boundary moves to the edge in the image. It works on each window before windows
are blended: no seams, and no raster held whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bands import BY_NAME
from engine.errors import DependencyError
from engine.inference.config import CrfConfig

_RED_GREEN_BLUE = ("B04", "B03", "B02")
_SPREAD = 3.0
"""Normalised values of ± this many standard deviations span the colours 0 … 255."""


def require() -> None:
    """Check that the CRF is installed.

    Raises:
        DependencyError: It is not.
    """
    _library()


def guide_channels(channels: Sequence[str]) -> tuple[int, ...]:
    """Which of a model's channels serve as colours.

    They are red, green and blue, or else its first three optical channels (or any).
    """
    names = [name for name in _RED_GREEN_BLUE if name in channels]
    if len(names) < len(_RED_GREEN_BLUE):
        names += [name for name in channels if BY_NAME[name].optical and name not in names]
        names += [name for name in channels if name not in names]
    return tuple(list(channels).index(name) for name in names[:3])


def refine(
    probability: NDArray[np.float32],
    guide: NDArray[np.float32],
    config: CrfConfig,
    *,
    centre: float = 0.5,
) -> NDArray[np.float32]:
    """Refine one window.

    Args:
        probability: Probability of landslide, shape (h, w).
        guide: One to three normalised channels, shape (channels, h, w).
        config: Reaches and weights.
        centre: Probability at which the CRF is undecided, the models' threshold: without it, a CRF
            pulls everything below 0.5 down.

    Returns:
        The CRF's marginal probability of landslide, shape (h, w), with ``centre`` still the point
        of indecision.
    """
    rows, columns = probability.shape
    p = _shifted(np.clip(probability, 1e-4, 1 - 1e-4), (1 - centre) / centre)
    field = _library().DenseCRF2D(columns, rows, 2)
    field.setUnaryEnergy(
        np.ascontiguousarray(-np.log(np.stack([1 - p, p])).reshape(2, -1), np.float32)
    )
    field.addPairwiseGaussian(sxy=config.smooth_px, compat=config.smooth_weight)
    field.addPairwiseBilateral(
        sxy=config.edge_px,
        srgb=config.edge_colour,
        rgbim=_colours(guide),
        compat=config.edge_weight,
    )
    marginals: NDArray[np.float32] = np.asarray(field.inference(config.iterations), np.float32)
    return _shifted(marginals[1].reshape(rows, columns), centre / (1 - centre))


def _shifted(probability: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Multiply the odds of every pixel."""
    return np.asarray(factor * probability / (1 - probability + factor * probability), np.float32)


def _colours(guide: NDArray[np.float32]) -> NDArray[np.uint8]:
    three = guide[[min(index, len(guide) - 1) for index in range(3)]]
    scaled = np.clip((three + _SPREAD) * (255 / (2 * _SPREAD)), 0, 255)
    return np.ascontiguousarray(np.moveaxis(scaled, 0, -1), np.uint8)


def _library() -> Any:
    try:
        return import_module("pydensecrf.densecrf")
    except ImportError as error:
        raise DependencyError(
            f"The CRF needs the package pydensecrf2, which is not installed ({error}); install it"
            " with `pip install l4s-engine[crf]` (Python 3.12 at most) or leave out --crf."
        ) from error
