"""The dialog's first part: the image and the channels of its bands."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsMapLayerProxyModel, QgsProject, QgsRasterLayer
from qgis.gui import QgsCollapsibleGroupBox, QgsFileWidget, QgsMapLayerComboBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QToolButton,
    QVBoxLayout,
)

from .. import channels
from ..i18n import tr
from ..processing import inputs
from .channel_table import ChannelTable


class ImageBox(QGroupBox):
    """A layer of the project with its channels, or a Sentinel-2 product."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__(tr("Image after the event"))
        form = QFormLayout(self)
        self.from_layer = QRadioButton(tr("&Layer of the project"), checked=True)
        self.layer = QgsMapLayerComboBox()
        self.layer.setFilters(QgsMapLayerProxyModel.Filter.RasterLayer)
        self.layer.setAllowEmptyLayer(True)
        self.layer.setToolTip(
            tr(
                "A raster whose bands are Sentinel-2 channels, as digital numbers (reflectance × 10000) or reflectance"
            )
        )
        form.addRow(self.from_layer, self.layer)
        self.from_product = QRadioButton(tr("Sentinel-2 &product"))
        self.product = QgsFileWidget()
        self.product.setFilter(
            tr("Zipped product or its metadata") + " (*.zip MTD_MSIL1C.xml MTD_MSIL2A.xml)"
        )
        self.product.setToolTip(
            tr(
                "The zip as downloaded, or MTD_MSIL1C.xml / MTD_MSIL2A.xml inside the SAFE folder; a folder can be dropped here"
            )
        )
        self.product_folder = QToolButton(
            text=tr("Folder…"),
            toolTip=tr("Choose a SAFE folder, or a folder with one file for each band"),
        )
        row = QHBoxLayout()
        row.addWidget(self.product, 1)
        row.addWidget(self.product_folder)
        form.addRow(self.from_product, row)
        self.bands = QgsCollapsibleGroupBox(tr("Channels"))
        inner = QVBoxLayout(self.bands)
        self.summary = QLabel(wordWrap=True)
        inner.addWidget(self.summary)
        self.table = ChannelTable()
        inner.addWidget(self.table)
        self.bands.setCollapsed(True)
        form.addRow(self.bands)
        self._connect()

    def _connect(self) -> None:
        self.layer.layerChanged.connect(self._layer_changed)
        self.product.fileChanged.connect(self._product_changed)
        self.product_folder.clicked.connect(self._choose_folder)
        self.table.changed.connect(self._bands_changed)
        self.from_layer.toggled.connect(self._source_changed)

    def choose_first(self, active: Any) -> None:
        """Choose the active layer, or the first whose bands are recognised."""
        rasters = [
            layer
            for layer in QgsProject.instance().mapLayers().values()
            if isinstance(layer, QgsRasterLayer)
        ]
        rasters.sort(key=lambda layer: layer is not active)
        good = [layer for layer in rasters if layer.bandCount() >= 3 and _recognised(layer) >= 3]
        self.layer.setLayer(good[0] if good else None)
        self._show_bands()

    def image(self) -> QgsRasterLayer | None:
        """The layer chosen; None where a product is chosen instead."""
        return self.layer.currentLayer() if self.from_layer.isChecked() else None

    def names(self) -> tuple[str | None, ...]:
        """The channel of every band of the layer."""
        return tuple(self.table.names()) if self.from_layer.isChecked() else ()

    def product_path(self) -> str:
        """The product chosen; nothing where a layer is chosen instead."""
        return "" if self.from_layer.isChecked() else str(self.product.filePath())

    def _layer_changed(self, layer: Any) -> None:
        if layer is not None:
            self.from_layer.setChecked(True)
        self._show_bands()

    def _product_changed(self, path: str) -> None:
        if path:
            self.from_product.setChecked(True)
        self.changed.emit()

    def _source_changed(self, by_layer: bool) -> None:
        self.bands.setVisible(by_layer)
        self.changed.emit()

    def _show_bands(self) -> None:
        layer = self.layer.currentLayer()
        descriptions = (
            inputs.band_descriptions(layer.source().split("|")[0])
            if layer is not None and layer.providerType() == "gdal"
            else []
        )
        self.table.show_bands(
            descriptions, channels.assign(descriptions, layer.name() if layer is not None else "")
        )

    def _bands_changed(self) -> None:
        given = {name for name in self.table.names() if name}
        # Slope and elevation come from the elevation model; an image need not bring them.
        missing = [name for name in channels.OPTICAL if name not in given]
        found = len(channels.OPTICAL) - len(missing)
        self.bands.setTitle(
            tr("Channels: {n} of {all} found").format(n=found, all=len(channels.OPTICAL))
        )
        self.summary.setText(
            tr("Missing: {channels}.").format(channels=", ".join(missing))
            if missing
            else tr("All channels of Sentinel-2 are there.")
        )
        self.changed.emit()

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Sentinel-2 product"))
        if folder:
            self.product.setFilePath(folder)


def _recognised(layer: QgsRasterLayer) -> int:
    if layer.providerType() != "gdal":
        return 0
    return sum(
        name is not None
        for name in channels.assign(inputs.band_descriptions(layer.source()), layer.name())
    )
