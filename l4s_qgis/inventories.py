"""Which layers are landslide inventories."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProject, QgsVectorLayer


def is_inventory(layer: Any) -> bool:
    """Whether a layer has the columns that a detection writes."""
    if not isinstance(layer, QgsVectorLayer) or not layer.isValid():
        return False
    return layer.fields().indexOf("status") >= 0 and layer.fields().indexOf("prob_mean") >= 0


def first_inventory(active: Any) -> QgsVectorLayer | None:
    """The active layer where that is an inventory, else the project's first one."""
    candidates = [active, *QgsProject.instance().mapLayers().values()]
    return next((layer for layer in candidates if is_inventory(layer)), None)
