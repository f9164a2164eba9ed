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
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from .. import channels
from ..i18n import tr
from ..processing import inputs


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
        self.dem = QgsMapLayerComboBox()
        self.dem.setFilters(QgsMapLayerProxyModel.Filter.RasterLayer)
        self.dem.setAllowEmptyLayer(True)
        self.dem.setToolTip(
            tr(
                "A digital elevation model in metres, of any resolution and coordinate reference system"
            )
        )
        self.dem_files = QToolButton(
            text="…", toolTip=tr("Choose files: GeoTIFF, .hgt, or zips of ALOS or SRTM")
        )
        row = QHBoxLayout()
        row.addWidget(self.dem, 1)
        row.addWidget(self.dem_files)
        label = QLabel(tr("&Elevation"))
        label.setBuddy(self.dem)
        form.addRow(label, row)
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
        self.dem_files.clicked.connect(self._choose_files)
        for widget in (self.dem, self.polygons):
            widget.layerChanged.connect(lambda _: self.changed.emit())
        self.dem.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.selected.toggled.connect(lambda _: self.changed.emit())
        self.area.currentIndexChanged.connect(self._area_changed)

    def choose_first(self, active: Any) -> None:
        """Choose the first layer that looks like elevation.

        The active layer goes before the others.
        """
        rasters = [
            layer
            for layer in QgsProject.instance().mapLayers().values()
            if isinstance(layer, QgsRasterLayer)
        ]
        rasters.sort(key=lambda layer: layer is not active)
        named = [
            layer
            for layer in rasters
            if layer.bandCount() == 1
            and layer.providerType() == "gdal"
            and channels.assign(inputs.band_descriptions(layer.source()), layer.name()) == ["DEM"]
        ]
        self.dem.setLayer(named[0] if named else None)

    def dems(self) -> tuple[QgsRasterLayer | str, ...]:
        """The elevation layer or files."""
        layer = self.dem.currentLayer()
        return (
            (layer,)
            if layer is not None
            else tuple(text for text in self.dem.currentText().split(";") if text)
        )

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

    def _choose_files(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(
            self, tr("Elevation"), "", tr("Elevation") + " (*.tif *.tiff *.hgt *.zip *.vrt *.img)"
        )
        if files:
            self.use_files(files)

    def use_files(self, files: list[str]) -> None:
        """Take elevation from files instead of a layer."""
        text = ";".join(files)
        self.dem.setAdditionalItems([text])
        self.dem.setCurrentIndex(self.dem.findText(text))
        self.changed.emit()
