"""What the dock says of the landslide at hand and of the progress."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsFeature

from ..i18n import number, tr
from . import schema
from .queue import Queue


def describe(feature: QgsFeature, queue: Queue) -> str:
    """The landslide at hand, as rich text."""
    lines = [
        tr("<b>No. {id}</b> ({position} of {all}), {status}").format(
            id=_text(feature, "id", 0),
            position=queue.position,
            all=len(queue),
            status=schema.STATUS_TITLES.get(
                str(feature["status"]), schema.STATUS_TITLES[schema.PENDING]
            )(),
        ),
        tr("{area} m², slope {slope}°").format(
            area=_text(feature, "area_m2", 0), slope=_text(feature, "slope_deg", 0)
        ),
        tr("Probability {mean} on average, up to {max}").format(
            mean=_text(feature, "prob_mean", 2), max=_text(feature, "prob_max", 2)
        ),
    ]
    flags = _value(feature, "flags")
    if isinstance(flags, str) and flags:
        lines.append(f'<span style="color:#b26a00">⚑ {flags.replace(";", ", ")}</span>')
    return "<br>".join(lines)


def progress(queue: Queue) -> str:
    """How many are left, and what is confirmed and rejected."""
    return tr("{left} left of {all} · {good} accepted, {area} · {bad} rejected").format(
        left=queue.count(schema.PENDING),
        all=len(queue),
        good=queue.count(schema.ACCEPTED) + queue.count(schema.EDITED),
        area=area_text(queue.confirmed_m2),
        bad=queue.count(schema.REJECTED),
    )


def area_text(area_m2: float) -> str:
    """An area as people say it."""
    return f"{number(area_m2 / 1e6, 2)} km²" if area_m2 >= 1e6 else f"{number(area_m2 / 1e4, 1)} ha"


def _value(feature: QgsFeature, name: str) -> Any:
    return feature[name] if feature.fields().indexOf(name) >= 0 else None


def _text(feature: QgsFeature, name: str, digits: int) -> str:
    value = _value(feature, name)
    return number(value, digits) if isinstance(value, (int, float)) else "–"
