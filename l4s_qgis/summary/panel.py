"""The panel with an inventory's statistics."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

from qgis.core import QgsFeatureRequest, QgsProject, QgsVectorLayer
from qgis.gui import QgsDockWidget, QgsMapLayerComboBox
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from ..i18n import number, tr
from ..inventories import is_inventory
from ..review import schema
from .numbers import Figures, figures
from .plots import FrequencyArea, Rose

ALL, CONFIRMED, SELECTED = "all", "confirmed", "selected"


class StatisticsPanel(QgsDockWidget):
    """Counts, areas, frequency-area plot and aspect rose of one inventory.

    Args:
        iface: QGIS's interface.
    """

    def __init__(self, iface: Any) -> None:
        super().__init__(tr("Landslide statistics"), iface.mainWindow())
        self.setObjectName("l4s_statistics")
        self._iface = iface
        self._watched: QgsVectorLayer | None = None
        self._timer = QTimer(self, singleShot=True, interval=300)
        self._timer.timeout.connect(self.refresh)
        content = QWidget()
        layout = QVBoxLayout(content)
        form = QFormLayout()
        self.layer = QgsMapLayerComboBox()
        form.addRow(tr("Inventory"), self.layer)
        self.which = QComboBox()
        for text, value in (
            (tr("all landslides"), ALL),
            (tr("accepted and edited"), CONFIRMED),
            (tr("selected"), SELECTED),
        ):
            self.which.addItem(text, value)
        form.addRow(tr("Count"), self.which)
        layout.addLayout(form)
        self.text = QLabel(wordWrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.frequency, self.rose = FrequencyArea(), Rose()
        for widget in (
            self.text,
            QLabel(tr("How often landslides of each area are")),
            self.frequency,
            QLabel(tr("Directions in which they look")),
            self.rose,
        ):
            layout.addWidget(widget)
        layout.addStretch(1)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(content)
        self.setWidget(scroll)
        self.layer.layerChanged.connect(self._watch)
        self.which.currentIndexChanged.connect(self.refresh)

    def choose_layer(self) -> None:
        """List the project's inventories and show the active one, if it is one."""
        layers = QgsProject.instance().mapLayers().values()
        self.layer.setExceptedLayerList([layer for layer in layers if not is_inventory(layer)])
        active = self._iface.activeLayer()
        if is_inventory(active):
            self.layer.setLayer(active)
        self._watch(self.layer.currentLayer())

    def close_down(self) -> None:
        """Let go of the layer before the plugin is unloaded."""
        self._forget()

    def _watch(self, layer: Any) -> None:
        self._forget()
        if is_inventory(layer):
            self._watched = layer
            layer.selectionChanged.connect(self._changed)
            layer.dataChanged.connect(self._changed)
            layer.willBeDeleted.connect(self._forget)
        self.refresh()

    def _forget(self) -> None:
        layer, self._watched = self._watched, None
        if layer is not None:
            with suppress(RuntimeError, TypeError):  # the layer is gone
                layer.selectionChanged.disconnect(self._changed)
                layer.dataChanged.disconnect(self._changed)
                layer.willBeDeleted.disconnect(self._forget)

    def _changed(self, *_: Any) -> None:
        self._timer.start()

    def refresh(self, *_: Any) -> None:
        """Compute the figures anew and draw them."""
        found = self._figures() if self._watched is not None else None
        self.text.setText(describe(found) if found is not None else tr("Choose an inventory."))
        for plot in (self.frequency, self.rose):
            plot.show_figures(found)

    def _figures(self) -> Figures:
        layer = self._watched
        names = layer.fields().names()
        wanted = [name for name in ("area_m2", "aspect_deg", "status") if name in names]
        request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
        request.setSubsetOfAttributes(wanted, layer.fields())
        which = self.which.currentData()
        if which == SELECTED:
            request.setFilterFids(layer.selectedFeatureIds())
        areas, aspects = [], []
        for feature in layer.getFeatures(request):
            status = feature["status"]
            if which == CONFIRMED and not schema.is_confirmed(str(status)):
                continue
            if which == ALL and status == schema.REJECTED:
                continue
            areas.append(_float(feature, "area_m2", names))
            aspects.append(_float(feature, "aspect_deg", names))
        return figures(areas, aspects)


def describe(found: Figures) -> str:
    """Figures in words."""
    lines = [
        tr("Landslides: {n}").format(n=number(found.count, 0)),
        tr("Area together: {area} km²").format(area=number(found.area_m2 / 1e6, 3)),
        tr("Median area: {area} m²").format(area=number(found.median_m2, 0)),
        tr("Largest: {area} m²").format(area=number(found.largest_m2, 0)),
    ]
    if found.magnitude is not None:
        lines.append(tr("Magnitude log₁₀ N: {value}").format(value=number(found.magnitude, 2)))
    if 0 < found.count < 100:
        lines.append(tr("Fewer than 100 landslides: the plot says little."))
    return "\n".join(lines)


def _float(feature: Any, name: str, names: list[str]) -> float:
    value = feature[name] if name in names else None
    return float(value) if isinstance(value, (int, float)) else math.nan
