"""Rules that decide on many landslides at once. Plain Python."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from . import schema
from .queue import Entry

PROBABILITY, AREA, SLOPE = "probability", "area", "slope"
ABOVE, BELOW = "above", "below"
ANY_FLAG, NO_FLAG = "any", "none"


@dataclass(frozen=True)
class Limit:
    """A condition on a number.

    Attributes:
        what: :data:`PROBABILITY` (0 to 1), :data:`AREA` (m²) or :data:`SLOPE` (degrees).
        side: :data:`ABOVE` (at least the value) or :data:`BELOW` (less than it).
        value: The value.
    """

    what: str
    side: str
    value: float

    def holds(self, entry: Entry) -> bool:
        """Whether a landslide meets it; one whose value is not known does not."""
        number = {
            PROBABILITY: entry.probability,
            AREA: entry.area_m2,
            SLOPE: entry.slope_deg,
        }[self.what]
        if number is None:
            return False
        return number >= self.value if self.side == ABOVE else number < self.value


@dataclass(frozen=True)
class Rule:
    """Selects the landslides that meet every condition.

    Attributes:
        limits: Conditions on numbers.
        flag: A flag that it bears, :data:`ANY_FLAG`, :data:`NO_FLAG`, or empty for no condition.
        only_open: Whether decided landslides are left alone.
    """

    limits: tuple[Limit, ...] = ()
    flag: str = ""
    only_open: bool = True

    def holds(self, entry: Entry) -> bool:
        """Whether a landslide meets all conditions."""
        if self.only_open and not schema.is_open(entry.status):
            return False
        if self.flag == ANY_FLAG and not entry.flags:
            return False
        if self.flag == NO_FLAG and entry.flags:
            return False
        if self.flag not in ("", ANY_FLAG, NO_FLAG) and self.flag not in entry.flags:
            return False
        return all(limit.holds(entry) for limit in self.limits)

    @property
    def is_empty(self) -> bool:
        """Whether it has no condition, and so would take every landslide."""
        return not self.limits and not self.flag


def matching(
    entries: Iterable[Entry], rule: Rule, among: Collection[int] | None = None
) -> list[Entry]:
    """The landslides that a rule is about.

    Args:
        entries: All landslides.
        rule: The rule.
        among: Only these, such as the selected ones; None for all.
    """
    return [
        entry for entry in entries if (among is None or entry.fid in among) and rule.holds(entry)
    ]
