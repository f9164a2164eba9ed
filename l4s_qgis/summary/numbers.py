"""Figures of an inventory, from areas and aspects alone; nothing of widgets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

SECTORS = 8
BINS_PER_DECADE = 4


@dataclass(frozen=True)
class Figures:
    """Figures of a set of landslides.

    Attributes:
        count: How many there are.
        area_m2: Their areas together.
        median_m2: The area in the middle; 0 where there is none.
        largest_m2: The largest area.
        magnitude: ``log10`` of their number (Malamud et al. 2004); None without landslides.
        density: Centres of area bins in m² with landslides for each m² of bin width and landslide.
        rose: How many look north, north-east, … north-west.
    """

    count: int
    area_m2: float
    median_m2: float
    largest_m2: float
    magnitude: float | None
    density: tuple[tuple[float, float], ...]
    rose: tuple[int, ...]


def figures(areas_m2: Sequence[float], aspects_deg: Sequence[float]) -> Figures:
    """Figures of landslides.

    Args:
        areas_m2: Their areas; what is not positive and finite is left out.
        aspects_deg: Directions in which they look, clockwise from north.
    """
    areas = [area for area in areas_m2 if math.isfinite(area) and area > 0]
    return Figures(
        count=len(areas),
        area_m2=math.fsum(areas),
        median_m2=median(areas) if areas else 0.0,
        largest_m2=max(areas, default=0.0),
        magnitude=math.log10(len(areas)) if areas else None,
        density=density(areas),
        rose=rose(aspects_deg),
    )


def density(areas_m2: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """The frequency density of areas in bins of equal width of their logarithm.

    Args:
        areas_m2: Positive areas.

    Returns:
        The geometric centre of every bin that holds landslides, with their share divided by the
        bin's width in m².
    """
    if not areas_m2:
        return ()
    counts: dict[int, int] = {}
    for area in areas_m2:
        index = math.floor(math.log10(area) * BINS_PER_DECADE)
        counts[index] = counts.get(index, 0) + 1
    found = []
    for index, count in sorted(counts.items()):
        low, high = (10 ** (edge / BINS_PER_DECADE) for edge in (index, index + 1))
        found.append((math.sqrt(low * high), count / (len(areas_m2) * (high - low))))
    return tuple(found)


def rose(aspects_deg: Sequence[float]) -> tuple[int, ...]:
    """How many directions fall into each of eight sectors, the first around north.

    Args:
        aspects_deg: Degrees clockwise from north; what is not finite is left out.
    """
    counts = [0] * SECTORS
    width = 360 / SECTORS
    for aspect in aspects_deg:
        if math.isfinite(aspect):
            counts[int((aspect % 360 + width / 2) // width) % SECTORS] += 1
    return tuple(counts)
