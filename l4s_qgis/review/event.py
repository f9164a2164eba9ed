"""Event data that all landslides of an inventory share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from qgis.core import QgsFeatureRequest, QgsVectorLayer

from ..i18n import tr
from .changes import Change
from .inventory import ReviewedLayer, plain

PROPERTY = "l4s/event"
COLUMNS = ("event", "date_from", "date_to", "trigger", "material", "ls_type", "images", "reviewer")
UNKNOWN = ("", "unknown")


def event_of(layer: QgsVectorLayer) -> dict[str, str]:
    """The event data of a layer, which new landslides get, too."""
    try:
        noted = json.loads(str(layer.customProperty(PROPERTY) or "{}"))
    except ValueError:
        return {}
    if not isinstance(noted, dict):
        return {}
    return {name: str(noted[name]) for name in COLUMNS if noted.get(name)}


def write_event(reviewed: ReviewedLayer, values: Mapping[str, str], *, only_empty: bool) -> int:
    """Write what all landslides have in common, in one step of undo.

    Args:
        reviewed: The inventory.
        values: By column of :data:`COLUMNS`; empty ones are passed over.
        only_empty: Whether what a landslide has already stays.

    Returns:
        How many landslides changed.

    Raises:
        ReviewError: It cannot be written; then none is.
    """
    columns = {name: reviewed.index(name) for name, value in values.items() if value}
    columns = {name: index for name, index in columns.items() if index >= 0}
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    request.setSubsetOfAttributes(list(columns.values()))
    changed: dict[int, dict[int, Any]] = {}
    for feature in reviewed.layer.getFeatures(request):
        row = {}
        for name, index in columns.items():
            known = str(plain(feature.attribute(index)) or "")
            if known != values[name] and (known in UNKNOWN or not only_empty):
                row[index] = values[name]
        if row:
            changed[feature.id()] = row
    if changed:
        reviewed.change(Change(changed))
    noted = {name: value for name, value in values.items() if value}
    reviewed.layer.setCustomProperty(PROPERTY, json.dumps(noted))
    return len(changed)


def wrong_days(first: str, last: str) -> str:
    """What is wrong with the days of an event; empty where nothing is."""
    days = []
    for text in (first, last):
        try:
            days.append(date.fromisoformat(text) if text else None)
        except ValueError:
            return tr("“{text}” is no day; write it as 2018-09-06.").format(text=text)
    if days[0] and days[1] and days[0] > days[1]:
        return tr("The first day, {first}, comes after the last, {last}.").format(
            first=first, last=last
        )
    return ""
