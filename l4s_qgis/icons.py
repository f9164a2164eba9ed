"""The plugin's icons: SVG files, in a colour that reads on light and on dark themes."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtGui import QIcon

_PLUGIN = Path(__file__).resolve().parent


def icon(name: str) -> QIcon:
    """An icon by its name."""
    return QIcon(str(resource(f"icons/{name}.svg")))


def resource(path: str) -> Path:
    """A file of ``resources``: inside the installed plugin, or beside it in a working copy."""
    inside = _PLUGIN / "resources" / path
    return inside if inside.exists() else _PLUGIN.parent / "resources" / path
