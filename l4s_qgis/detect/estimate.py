"""How long a detection takes: from the size of the grid and this computer's last runs."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from statistics import median

from qgis.core import QgsSettings

from ..i18n import number, tr

# Measured on two cores (docs/method/benchmarks.md), until this computer has runs of its own.
SECONDS_PER_MPX = 6.0
SECONDS_START = 6.0
BYTES_PER_PIXEL = 32  # stack (14 bands, int16, compressed), probability, mask
TILE_MPX = 120.6
KEPT = 8
LARGE_MPX = 1.0  # smaller runs tell of the start rather than of the rate
_KEY = "l4s/runs"


@dataclass(frozen=True)
class Speed:
    """Seconds that a start costs, and those for each million pixels and view."""

    start_s: float = SECONDS_START
    per_mpx_s: float = SECONDS_PER_MPX

    def seconds(self, mpx: float, views: int) -> float:
        """How long a run takes."""
        return self.start_s + mpx * self.per_mpx_s * max(1, views)


def remember(mpx: float, views: int, seconds: float) -> None:
    """Keep how long a run took on this computer."""
    if not (mpx > 0 and seconds > 0 and math.isfinite(mpx * seconds)):
        return
    runs = [*_runs(), (mpx * max(1, views), seconds)][-KEPT:]
    QgsSettings().setValue(_KEY, json.dumps(runs))


def speed() -> Speed:
    """This computer's speed by its last runs, or the one that was measured elsewhere."""
    runs = _runs()
    small = [seconds for work, seconds in runs if work < LARGE_MPX]
    start = min(median(small), 2 * SECONDS_START) if small else SECONDS_START
    rates = [
        max(seconds - start, 0.1 * seconds) / work for work, seconds in runs if work >= LARGE_MPX
    ]
    return Speed(start, median(rates) if rates else SECONDS_PER_MPX)


def is_measured() -> bool:
    """Whether this computer has runs of its own."""
    return bool(_runs())


def duration(seconds: float) -> str:
    """A duration in words."""
    if seconds <= 10:
        return tr("a few seconds")
    if seconds < 90:
        return tr("about {n} seconds").format(n=5 * math.ceil(seconds / 5))
    if seconds < 5400:
        return tr("about {n} minutes").format(n=math.ceil(seconds / 60))
    return tr("about {n} hours").format(n=number(seconds / 3600, 1))


def disk_size(count: float) -> str:
    """A number of bytes in GB or MB."""
    return f"{number(count / 1e9, 1)} GB" if count >= 1e9 else f"{max(1, round(count / 1e6))} MB"


def _runs() -> list[tuple[float, float]]:
    try:
        runs = json.loads(QgsSettings().value(_KEY, "[]", type=str))
        return [(float(work), float(seconds)) for work, seconds in runs if work > 0]
    except (ValueError, TypeError):
        return []
