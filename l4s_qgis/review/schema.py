"""The columns that the review reads and writes.

The engine's schema rules; a test compares. What the layer's own form lists beyond the tables here
is offered with the title that stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from ..i18n import tr

if TYPE_CHECKING:
    from qgis.core import QgsVectorLayer

PENDING, ACCEPTED, EDITED, REJECTED = "pending", "accepted", "edited", "rejected"
NEEDS_REVIEW = "needs-review"
WRITTEN = ("status", "reason", "reviewer", "reviewed")
NEEDED = ("status",)
REASONS: dict[str, Callable[[], str]] = {
    "bare-soil": lambda: tr("Bare soil or ploughed field"),
    "river": lambda: tr("River bed or bank"),
    "road": lambda: tr("Road, quarry or building site"),
    "clear-cut": lambda: tr("Clear-cut or burnt area"),
    "cloud": lambda: tr("Cloud, shadow or snow"),
    "rock": lambda: tr("Bare rock or scree, not recent"),
    "old": lambda: tr("Older than the event"),
    "duplicate": lambda: tr("Part of another landslide"),
    "other": lambda: tr("Other reason"),
}


@dataclass(frozen=True)
class Status:
    """What the review does with a status.

    Attributes:
        title: What it is called.
        is_open: Whether somebody has still to decide.
        is_confirmed: Whether it counts as a landslide that a person confirmed.
    """

    title: Callable[[], str]
    is_open: bool = False
    is_confirmed: bool = False


STATUSES: dict[str, Status] = {
    PENDING: Status(lambda: tr("pending"), is_open=True),
    NEEDS_REVIEW: Status(lambda: tr("needs review"), is_open=True),
    ACCEPTED: Status(lambda: tr("accepted"), is_confirmed=True),
    EDITED: Status(lambda: tr("edited"), is_confirmed=True),
    REJECTED: Status(lambda: tr("rejected")),
}

MEASURED = (
    "prob_mean",
    "prob_min",
    "prob_max",
    "uncertainty",
    "agreement",
    "area_m2",
    "perimeter_m",
    "length_m",
    "width_m",
    "axis_m",
    "elongation",
    "compactness",
    "pixels",
    "elev_min_m",
    "elev_max_m",
    "relief_m",
    "slope_deg",
    "aspect_deg",
    "source_lon",
    "source_lat",
    "toe_lon",
    "toe_lat",
    "edge_m",
    "masked_m",
    "ndvi",
    "ndvi_change",
    "brightness_change",
    "volume_m3",
    "volume_low_m3",
    "volume_high_m3",
    "flags",
)
"""Columns that follow from outline and rasters: the engine measures them anew."""


TYPE_TITLES: dict[str, Callable[[], str]] = {
    "fall": lambda: tr("Fall"),
    "topple": lambda: tr("Topple"),
    "rotational-slide": lambda: tr("Rotational slide"),
    "translational-slide": lambda: tr("Translational or planar slide"),
    "compound-slide": lambda: tr("Wedge, compound or irregular slide"),
    "spread": lambda: tr("Spread"),
    "debris-flow": lambda: tr("Debris flow"),
    "mud-flow": lambda: tr("Mud flow"),
    "earthflow": lambda: tr("Earthflow"),
    "debris-avalanche": lambda: tr("Debris or rock avalanche"),
    "dry-flow": lambda: tr("Dry flow or flow slide"),
    "slope-deformation": lambda: tr("Slope deformation or creep"),
    "complex": lambda: tr("Complex"),
    "unknown": lambda: tr("Unknown"),
}
CONFIDENCE_TITLES: dict[str, Callable[[], str]] = {
    "8": lambda: tr("8 High confidence in extent or nature"),
    "5": lambda: tr("5 Confident"),
    "3": lambda: tr("3 Likely"),
    "2": lambda: tr("2 Probable"),
    "1": lambda: tr("1 Possible"),
}
TRIGGER_TITLES: dict[str, Callable[[], str]] = {
    "rainfall": lambda: tr("Rainfall"),
    "earthquake": lambda: tr("Earthquake"),
    "snowmelt": lambda: tr("Snowmelt or thaw"),
    "volcanic": lambda: tr("Volcanic activity"),
    "river": lambda: tr("Undercutting by a river"),
    "human": lambda: tr("Construction, mining or other human activity"),
    "other": lambda: tr("Other"),
    "unknown": lambda: tr("Unknown"),
}
MATERIAL_TITLES: dict[str, Callable[[], str]] = {
    "rock": lambda: tr("Rock"),
    "debris": lambda: tr("Debris"),
    "earth": lambda: tr("Earth"),
    "mixed": lambda: tr("Mixed"),
    "unknown": lambda: tr("Unknown"),
}
TITLES: dict[str, dict[str, Callable[[], str]]] = {
    "ls_type": TYPE_TITLES,
    "confidence": CONFIDENCE_TITLES,
    "trigger": TRIGGER_TITLES,
    "material": MATERIAL_TITLES,
}
"""Titles in the language of QGIS, by column and value."""


def title_of(column: str, value: object, title: str) -> str:
    """A value's title in the language of QGIS, else that of the form."""
    known = TITLES.get(column, {}).get(str(value))
    return known() if known is not None else title


def status(name: str) -> Status:
    """How the review treats a status; an unknown one counts as decided."""
    return STATUSES.get(name) or Status(lambda: name)


def is_open(name: str) -> bool:
    """Whether somebody has still to decide on a landslide of this status."""
    return status(name).is_open


def is_confirmed(name: str) -> bool:
    """Whether a landslide of this status counts as confirmed by a person."""
    return status(name).is_confirmed


def choices(layer: QgsVectorLayer, column: str) -> dict[str, str]:
    """The values of a column and their titles, as the form lists them.

    Args:
        layer: The inventory.
        column: Such as ``ls_type`` or ``confidence``.
    """
    index = layer.fields().indexOf(column)
    if index < 0:
        return {}
    entries = layer.editorWidgetSetup(index).config().get("map", [])
    if isinstance(entries, dict):
        entries = [entries]
    listed = {str(value): title for entry in entries for title, value in entry.items()}
    return listed or {value: title() for value, title in TITLES.get(column, {}).items()}
