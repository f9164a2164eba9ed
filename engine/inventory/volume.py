"""Landslide volume from area by published power laws, with their spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AreaVolume:
    """V = 10^log10_alpha * A^gamma with V in m³ and A in m².

    Attributes:
        name: Source and kind of landslide.
        log10_alpha: Decimal logarithm of the factor.
        gamma: Exponent.
    """

    name: str
    log10_alpha: float
    gamma: float

    def volume_m3(self, area_m2: Floats) -> Floats:
        """Volumes in m³ of areas in m²."""
        return np.asarray(
            10**self.log10_alpha * np.asarray(area_m2, np.float64) ** self.gamma, np.float64
        )


RELATION = AreaVolume("Larsen et al. (2010), all landslides", -0.836, 1.332)
OTHERS = (
    AreaVolume("Larsen et al. (2010), soil", -0.44, 1.145),
    AreaVolume("Larsen et al. (2010), bedrock", -0.73, 1.35),
    AreaVolume("Guzzetti et al. (2009)", -1.131, 1.450),
)


def estimate_volume(area_m2: Floats) -> tuple[Floats, Floats, Floats]:
    """Estimate volumes.

    The standard errors of a relation's parameters are a few per cent and say nothing about one
    landslide, whose material is unknown; the spread among relations does.

    Args:
        area_m2: Areas, shape (n,).

    Returns:
        Best estimate by :data:`RELATION`, and the smallest and largest of all relations, in m³.
    """
    every = np.stack([relation.volume_m3(area_m2) for relation in (RELATION, *OTHERS)])
    return every[0], np.min(every, axis=0), np.max(every, axis=0)
