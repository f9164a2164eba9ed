"""Settings of the review, kept by QGIS under ``l4s/review/``.

===================  ==============================================================  ===========
Key                  Meaning                                                         Default
===================  ==============================================================  ===========
``reviewer``         who decides (kept as ``l4s/reviewer``)                          the account
``order``            order of the queue: ``uncertain``, ``largest``, …               uncertain
``only_pending``     whether decided landslides are passed over                      true
``specks``           where specks stand in the queue: ``first``, ``last``, ``mixed`` mixed
``speck_m2``         area below which a landslide is a speck                         900
``reason``           reason of rejection chosen last                                 other
``context``          width of the view by the width of the landslide                 2.5
``smallest_view_m``  least width of the view, in metres of ground                    400
``brush_m``          radius of the brush, in metres of ground                        20
``colour_current``   outline of the current landslide                                #00e5ff
``colour_preview``   outlines that are only proposed                                 #ffea00
``keys/ACTION``      key of an action of :data:`l4s_qgis.review.keys.ACTIONS`        see there
===================  ==============================================================  ===========
"""

from __future__ import annotations

from typing import Any

from qgis.core import QgsSettings

PREFIX = "l4s/review/"
REVIEWER = "l4s/reviewer"
DEFAULTS: dict[str, Any] = {
    "order": "uncertain",
    "only_pending": True,
    "specks": "mixed",
    "speck_m2": 900.0,
    "reason": "other",
    "context": 2.5,
    "smallest_view_m": 400.0,
    "brush_m": 20.0,
    "colour_current": "#00e5ff",
    "colour_preview": "#ffea00",
}


def get(name: str) -> Any:
    """A setting, or its default where it is not set or of another type."""
    default = DEFAULTS[name]
    try:
        return QgsSettings().value(PREFIX + name, default, type=type(default))
    except TypeError:  # written by hand
        return default


def put(name: str, value: Any) -> None:
    """Keep a setting."""
    QgsSettings().setValue(PREFIX + name, type(DEFAULTS[name])(value))


def key(action: str, default: str) -> str:
    """The key of an action."""
    return str(QgsSettings().value(f"{PREFIX}keys/{action}", default, type=str) or default)


def put_key(action: str, text: str) -> None:
    """Give an action another key; an empty text gives back its own."""
    if text:
        QgsSettings().setValue(f"{PREFIX}keys/{action}", text.upper())
    else:
        QgsSettings().remove(f"{PREFIX}keys/{action}")
