"""What a reviewer can decide on a landslide, and what each decision means.

A further status is one line of :data:`STATUSES`; everything asks the functions here, and nothing
compares names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Status:
    """One review status.

    Attributes:
        name: Value of the column ``status``.
        label: What a person reads, ``Short: explanation``.
        colour: Colour of the outline, ``#rrggbb``; Okabe and Ito's, which people with colour-vision
            deficiency can tell apart.
        confirmed: Whether the polygon counts as a landslide.
        decided: Whether a person gave it.
    """

    name: str
    label: str
    colour: str
    confirmed: bool = True
    decided: bool = True


STATUSES: tuple[Status, ...] = (
    Status("pending", "Pending: not looked at yet", "#e69f00", decided=False),
    Status("needs-review", "Needs review: a second look is asked for", "#f0e442", decided=False),
    Status("accepted", "Accepted: a landslide, outline as detected", "#0072b2"),
    Status("edited", "Edited: a landslide, outline or attributes corrected", "#cc79a7"),
    Status("rejected", "Rejected: not a landslide", "#7f7f7f", confirmed=False),
)
FIRST = STATUSES[0].name
"""What a detected landslide has before anyone looked at it."""
BY_HAND = "edited"
"""What a polygon has that a person drew or reshaped."""


def is_confirmed(values: pd.Series[Any]) -> pd.Series[bool]:
    """Which polygons count as landslides; those of an unknown status do."""
    return ~values.isin([status.name for status in STATUSES if not status.confirmed])


def is_decided(values: pd.Series[Any]) -> pd.Series[bool]:
    """Which polygons a person has decided on; unknown statuses count."""
    return ~values.isin([status.name for status in STATUSES if not status.decided])


def unknown(values: pd.Series[Any]) -> list[str]:
    """Statuses of a column that are not known, each once, sorted."""
    known = {status.name for status in STATUSES}
    return sorted({str(value) for value in values.dropna().unique() if value != ""} - known)
