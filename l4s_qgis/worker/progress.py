"""One honest percentage for a command of several stages."""

from __future__ import annotations

import math

# Shares of the time on a scene of 1000 x 1000 pixels; measured, see docs/method/benchmarks.md. A stage
# that is not listed only moves the text.
_POLYGONS = {
    "mask": 1,
    "reading the mask": 1,
    "tracing outlines": 2,
    "splitting": 1,
    "measuring": 3,
}
SHARES: dict[str, dict[str, float]] = {
    "detect": {
        "stack": 30,
        "change": 4,
        "statistics": 4,
        "detect": 35,
        "write": 1,
        "threshold": 1,
        **_POLYGONS,
        "drawing the report": 18,
    },
    "vectorize": _POLYGONS,
}


class Overall:
    """Adds stages up; never goes back.

    Args:
        command: The engine's command; one without known shares takes each new stage as half of what
            is left.
    """

    def __init__(self, command: str) -> None:
        self._shares = SHARES.get(command, {})
        self._total = sum(self._shares.values())
        self._stage = ""
        self._base = 0.0
        self._span = 0.0
        self._highest = 0.0

    def percent(self, stage: str, done: float, total: float) -> float:
        """The share of the whole that is done, 0 to 100."""
        if stage != self._stage:
            self._stage = stage
            self._base, self._span = self._place(stage)
        part = min(max(done / total, 0.0), 1.0) if total > 0 and math.isfinite(done) else 0.0
        self._highest = max(self._highest, self._base + part * self._span)
        return min(self._highest, 100.0)

    def _place(self, stage: str) -> tuple[float, float]:
        if not self._shares:
            return self._highest, (100.0 - self._highest) / 2
        before = 0.0
        for name, share in self._shares.items():
            if name == stage:
                return 100.0 * before / self._total, 100.0 * share / self._total
            before += share
        return self._highest, 0.0
