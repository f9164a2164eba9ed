"""How fast somebody decides, and how long the rest will take."""

from __future__ import annotations

from collections import deque
from statistics import median

from ..i18n import tr

PAUSE_S = 90.0
"""A longer time between two decisions is a break, not work."""
FEWEST = 5
REMEMBERED = 40


class Pace:
    """The time between decisions, breaks left out."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._steps: deque[float] = deque(maxlen=REMEMBERED)

    def note(self, now_s: float) -> None:
        """A decision was made.

        Args:
            now_s: When, by a clock that only goes forward.
        """
        if self._last is not None and now_s - self._last <= PAUSE_S:
            self._steps.append(now_s - self._last)
        self._last = now_s

    def left_s(self, open_landslides: int) -> float | None:
        """How long the rest takes at this pace; None where too little is known."""
        if len(self._steps) < FEWEST:
            return None
        return median(self._steps) * open_landslides


def forecast(left_s: float | None) -> str:
    """A remaining time in words; empty where it is unknown."""
    if left_s is None or left_s <= 0:
        return ""
    if left_s < 90:
        return tr("about a minute left")
    if left_s < 5400:
        return tr("about {n} minutes left").format(n=round(left_s / 60))
    return tr("about {n} hours left").format(n=round(left_s / 3600))
