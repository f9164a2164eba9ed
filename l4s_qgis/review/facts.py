"""What the dock says of the current landslide and of the progress."""

from __future__ import annotations

from html import escape
from typing import Any

from qgis.core import QgsFeature

from ..i18n import number, tr
from . import schema
from .queue import Queue


def describe(feature: QgsFeature, queue: Queue, *, measuring: bool = False) -> str:
    """The current landslide, as rich text.

    Args:
        feature: The landslide.
        queue: Where it stands.
        measuring: Whether the engine is measuring its new outline.
    """
    status = str(_value(feature, "status") or schema.PENDING)
    lines = [
        tr("<b>No. {id}</b> ({position} of {all}), {status}").format(
            id=_text(feature, "id", 0),
            position=queue.position,
            all=len(queue),
            status=escape(schema.status(status).title()),
        ),
        tr("{area} m², slope {slope}°, {length} × {width} m").format(
            area=_text(feature, "area_m2", 0),
            slope=_text(feature, "slope_deg", 0),
            length=_text(feature, "length_m", 0),
            width=_text(feature, "width_m", 0),
        ),
        tr("Probability {mean} on average, up to {max}").format(
            mean=_text(feature, "prob_mean", 2), max=_text(feature, "prob_max", 2)
        ),
    ]
    if measuring:
        lines.append(f"<i>{tr('Measuring the new outline…')}</i>")
    flags = _value(feature, "flags")
    if isinstance(flags, str) and flags:  # from a file: shown as it is, never as markup
        lines.append(f'<span style="color:#b26a00">⚑ {escape(flags.replace(";", ", "))}</span>')
    return "<br>".join(lines)


def progress(queue: Queue, forecast: str = "") -> str:
    """How many are left, confirmed and rejected, and the time left."""
    text = tr("{left} left of {all} · {good} accepted, {area} · {bad} rejected").format(
        left=queue.open,
        all=len(queue),
        good=queue.confirmed,
        area=area_text(queue.confirmed_m2),
        bad=queue.count(schema.REJECTED),
    )
    again = queue.count(schema.NEEDS_REVIEW)
    if again:
        text += " · " + tr("{n} to look at again").format(n=again)
    return f"{text} · {forecast}" if forecast else text


def area_text(area_m2: float) -> str:
    """An area in hectares or square kilometres."""
    return f"{number(area_m2 / 1e6, 2)} km²" if area_m2 >= 1e6 else f"{number(area_m2 / 1e4, 1)} ha"


def _value(feature: QgsFeature, name: str) -> Any:
    return feature[name] if feature.fields().indexOf(name) >= 0 else None


def _text(feature: QgsFeature, name: str, digits: int) -> str:
    value = _value(feature, name)
    return number(value, digits) if isinstance(value, (int, float)) else "–"
