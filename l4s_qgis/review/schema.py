"""The columns of the layer ``landslides`` that the review reads and writes; a test compares them
with the engine's schema.
"""

from __future__ import annotations

from typing import Callable

from ..i18n import tr

PENDING, ACCEPTED, EDITED, REJECTED = "pending", "accepted", "edited", "rejected"
STATUSES = (PENDING, ACCEPTED, EDITED, REJECTED)
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
STATUS_TITLES: dict[str, Callable[[], str]] = {
    PENDING: lambda: tr("pending"),
    ACCEPTED: lambda: tr("accepted"),
    EDITED: lambda: tr("edited"),
    REJECTED: lambda: tr("rejected"),
}
