"""Detect landslides in QGIS: click, correct, export.

The engine runs beside QGIS, never inside it.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def classFactory(iface: Any) -> Any:
    """Make the plugin; QGIS calls this when it loads it."""
    from .plugin import L4SPlugin

    return L4SPlugin(iface)
