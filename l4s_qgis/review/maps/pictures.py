"""The pictures of a project, offered for the swipe and for the second map."""

from __future__ import annotations

from collections.abc import Iterable

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtWidgets import QComboBox

from ...i18n import tr


def offer_pictures(box: QComboBox, more: Iterable[tuple[str, str]] = ()) -> None:
    """Fill a list anew with the project's pictures; the choice stays where it still can.

    Args:
        box: The list; its signals are silent meanwhile.
        more: Titles and values that follow the layers.
    """
    chosen = box.currentData()
    box.blockSignals(True)
    box.clear()
    box.addItem(tr("nothing"), None)
    for layer in QgsProject.instance().mapLayers().values():
        if not isinstance(layer, QgsVectorLayer):
            box.addItem(layer.name(), layer.id())
    for title, value in more:
        box.addItem(title, value)
    box.setCurrentIndex(max(0, box.findData(chosen)))
    box.blockSignals(False)
