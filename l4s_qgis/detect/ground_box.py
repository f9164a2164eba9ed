"""The dialog's second part: elevation and area."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsGeometry,
    QgsMapLayerProxyModel,
    QgsProject,
    QgsRasterLayer,
)
from qgis.gui import QgsMapCanvas, QgsMapLayerComboBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGroupBox,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from ..i18n import tr
from ..inventories import is_inventory
from . import assignment
from .layer_or_files import LayerOrFiles


class GroundBox(QGroupBox):
    """An elevation layer or files, and where landslides are looked for.

    Args:
        canvas: The map, whose extent may be the area.
    """

    changed = pyqtSignal()

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(tr("Elevation and area"))
        self._canvas = canvas
        form = QFormLayout(self)
        self.dem = LayerOrFiles(
            tr("Elevation"),
            "*.tif *.tiff *.hgt *.zip *.vrt *.img *.dem *.asc",
            assignment.may_be_elevation,
            folders=True,
        )
        self.dem.setToolTip(
            tr(
                "A digital elevation model in metres, of any resolution and coordinate reference system; files may be GeoTIFF, .hgt, or zips of ALOS or SRTM"
            )
        )
        label = QLabel(tr("&Elevation"))
        label.setBuddy(self.dem)
        form.addRow(label, self.dem)
        self.area = QComboBox()
        for text, value in (
            (tr("Whole image"), "all"),
            (tr("Visible map"), "canvas"),
            (tr("Polygons of a layer"), "layer"),
        ):
            self.area.addItem(text, value)
        form.addRow(tr("&Area"), self.area)
        self.polygons = QgsMapLayerComboBox()
        self.polygons.setFilters(QgsMapLayerProxyModel.Filter.PolygonLayer)
        self.selected = QCheckBox(tr("Only selected polygons"))
        self.area_layer = QWidget()  # one row, so that hidden it leaves no gap
        inner = QVBoxLayout(self.area_layer)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.polygons)
        inner.addWidget(self.selected)
        form.addRow("", self.area_layer)
        self.area_layer.hide()
        self._connect()

    def _connect(self) -> None:
        self.dem.changed.connect(self.changed)
        self.polygons.layerChanged.connect(self.changed)
        self.selected.toggled.connect(self.changed)
        self.area.currentIndexChanged.connect(self._area_changed)

    def choose_first(self, active: Any) -> None:
        """Choose the first layer that looks like elevation.

        The active layer goes before the others.
        """
        self.offer()
        rasters = [
            layer
            for layer in QgsProject.instance().mapLayers().values()
            if isinstance(layer, QgsRasterLayer) and assignment.is_elevation(layer)
        ]
        rasters.sort(key=lambda layer: layer is not active)
        self.dem.setLayer(rasters[0] if rasters else None)

    def offer(self) -> None:
        """List the layers that fit, as the project holds them now."""
        self.dem.offer()
        chosen = self.polygons.currentLayer()
        inventories = [
            layer for layer in QgsProject.instance().mapLayers().values() if is_inventory(layer)
        ]
        self.polygons.setExceptedLayerList(inventories)
        if chosen is not None and chosen not in inventories:
            self.polygons.setLayer(chosen)

    def dems(self) -> tuple[QgsRasterLayer | str, ...]:
        """The elevation layer or files."""
        return self.dem.chosen()

    def area_polygon(self) -> tuple[QgsGeometry | None, QgsCoordinateReferenceSystem]:
        """The area and its coordinate reference system; None for all of the image."""
        chosen, crs = self.area.currentData(), self._canvas.mapSettings().destinationCrs()
        if chosen == "canvas":
            return QgsGeometry.fromRect(self._canvas.extent()), crs
        layer = self.polygons.currentLayer()
        if chosen != "layer":
            return None, crs
        if layer is None:
            return QgsGeometry(), crs
        features = layer.selectedFeatures() if self.selected.isChecked() else layer.getFeatures()
        return QgsGeometry.collectGeometry(
            [feature.geometry() for feature in features]
        ), layer.crs()

    def _area_changed(self, _: int) -> None:
        self.area_layer.setVisible(self.area.currentData() == "layer")
        self.changed.emit()
