"""The plugin's icons: SVG in colours that suit light and dark themes."""

from __future__ import annotations

from qgis.PyQt.QtGui import QIcon

from .paths import shipped


def icon(name: str) -> QIcon:
    """An icon by its name."""
    return QIcon(str(shipped(f"resources/icons/{name}.svg")))
