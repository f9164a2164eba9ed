"""The dialog's first part: the image and the channels of its bands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsMapLayerProxyModel, QgsProject, QgsRasterLayer
from qgis.gui import (
    QgsCheckableComboBox,
    QgsCollapsibleGroupBox,
    QgsFileWidget,
    QgsMapLayerComboBox,
)
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QComboBox,
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
from . import assignment
from .channel_table import ChannelTable
from .inspection import Inspected, measure


class ImageBox(QGroupBox):
    """A layer of the project, several with one band each, or a Sentinel-2 product."""

    changed = pyqtSignal()

    def __init__(self) -> None:
        super().__init__(tr("Image after the event"))
        self._inspected: tuple[str, Inspected] = ("", Inspected())
        self._showing = False
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
        self.from_layers = QRadioButton(tr("Se&veral layers"))
        self.layers = QgsCheckableComboBox()
        self.layers.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.layers.setMinimumContentsLength(20)
        self.layers.setDefaultText(tr("none"))
        self.layers.setToolTip(
            tr("Tick the layers that are bands of the image, as downloaded: B02, B03, B04 …")
        )
        form.addRow(self.from_layers, self.layers)
        form.addRow(*self._make_product())
        self.bands = QgsCollapsibleGroupBox(tr("Channels"))
        inner = QVBoxLayout(self.bands)
        self.summary = QLabel(wordWrap=True)
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        inner.addWidget(self.summary)
        self.table = ChannelTable()
        inner.addWidget(self.table)
        self.bands.setCollapsed(True)
        form.addRow(self.bands)
        self._connect()

    def _make_product(self) -> tuple[QRadioButton, QHBoxLayout]:
        self.from_product = QRadioButton(tr("Sentinel-2 &product"))
        self.product = QgsFileWidget()
        self.product.setFilter(
            tr("Zipped product or its metadata")
            + " (*.zip MTD_MSIL1C.xml MTD_MSIL2A.xml manifest.safe)"
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
        return self.from_product, row

    def _connect(self) -> None:
        self.layer.layerChanged.connect(self._layer_changed)
        self.layers.model().dataChanged.connect(self._layers_changed)
        self.product.fileChanged.connect(self._product_changed)
        self.product_folder.clicked.connect(self._choose_folder)
        self.table.changed.connect(self._bands_changed)
        for button in (self.from_layer, self.from_layers, self.from_product):
            button.toggled.connect(self._source_changed)

    def choose_first(self, active: Any) -> None:
        """Choose the active layer, or the first whose bands are recognised."""
        self.offer()
        rasters = [layer for layer in _rasters() if assignment.may_be_image(layer)]
        rasters.sort(key=lambda layer: layer is not active)
        good = [layer for layer in rasters if layer.bandCount() >= 3 and _recognised(layer) >= 3]
        self.layer.setLayer(good[0] if good else None)
        singles = [layer for layer in rasters if layer.bandCount() == 1 and _recognised(layer)]
        found = {name for layer in singles for name in assignment.channels_of(layer)}
        if not good and {"B02", "B03", "B04"} <= found:
            self._tick(singles)
            self.from_layers.setChecked(True)
        self._show_bands()

    def offer(self) -> None:
        """List the layers that may be an image, as the project holds them now."""
        unfit = [layer for layer in _rasters() if not assignment.may_be_image(layer)]
        self.layer.setExceptedLayerList(unfit)
        ticked = set(self.layers.checkedItemsData())
        self._showing = True
        self.layers.clear()
        for layer in sorted(_rasters(), key=lambda layer: layer.name()):
            if assignment.may_be_image(layer):
                state = Qt.CheckState.Checked if layer.id() in ticked else Qt.CheckState.Unchecked
                self.layers.addItemWithCheckState(layer.name(), state, layer.id())
        self._showing = False

    def images(self) -> tuple[QgsRasterLayer, ...]:
        """The layers chosen; none where a product is chosen instead."""
        if self.from_layer.isChecked():
            layer = self.layer.currentLayer()
            return (layer,) if layer is not None else ()
        if self.from_layers.isChecked():
            found = (QgsProject.instance().mapLayer(i) for i in self.layers.checkedItemsData())
            return tuple(layer for layer in found if isinstance(layer, QgsRasterLayer))
        return ()

    def names(self) -> tuple[str | None, ...]:
        """The channel of every band of the layers, in order."""
        return () if self.from_product.isChecked() else tuple(self.table.names())

    def product_path(self) -> str:
        """The product chosen; nothing where a layer is chosen instead."""
        return str(self.product.filePath()) if self.from_product.isChecked() else ""

    def measured(self) -> Inspected:
        """What is known of the product without the engine; nothing of a layer."""
        path = self.product_path()
        if not path:
            return Inspected()
        if self._inspected[0] != path:
            self._inspected = (path, measure(path))
        return self._inspected[1]

    def _tick(self, layers: list[QgsRasterLayer]) -> None:
        wanted = {layer.id() for layer in layers}
        for index in range(self.layers.count()):
            if self.layers.itemData(index) in wanted:
                self.layers.setItemCheckState(index, Qt.CheckState.Checked)

    def _layer_changed(self, layer: Any) -> None:
        if layer is not None:
            self.from_layer.setChecked(True)
        self._show_bands()

    def _layers_changed(self, *_: Any) -> None:
        if self._showing:
            return
        if self.layers.checkedItemsData():
            self.from_layers.setChecked(True)
        self._show_bands()

    def _product_changed(self, path: str) -> None:
        if path:
            self.from_product.setChecked(True)
        self.changed.emit()

    def _source_changed(self, chosen: bool) -> None:
        if chosen:
            self.bands.setVisible(not self.from_product.isChecked())
            self._show_bands()

    def _show_bands(self) -> None:
        layers = self.images()
        labels = [
            (f"{layer.name()}: {label}".rstrip(": ") if len(layers) > 1 else label)
            for layer in layers
            for label in assignment.labels_of(layer)
        ]
        names = [name for layer in layers for name in assignment.channels_of(layer)]
        self._showing = True
        self.table.show_bands(labels, names)
        self._showing = False
        self._bands_changed()

    def _bands_changed(self) -> None:
        if self._showing:
            return
        names = self.table.names()
        start = 0
        for layer in self.images():
            count = len(assignment.labels_of(layer))
            assignment.remember(layer, names[start : start + count])
            start += count
        given = {name for name in names if name}
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
        earlier = self.product.filePath()
        start = str(Path(earlier).parent) if earlier else ""
        folder = QFileDialog.getExistingDirectory(self, tr("Sentinel-2 product"), start)
        if folder:
            self.product.setFilePath(folder)


def _rasters() -> list[QgsRasterLayer]:
    return [
        layer
        for layer in QgsProject.instance().mapLayers().values()
        if isinstance(layer, QgsRasterLayer)
    ]


def _recognised(layer: QgsRasterLayer) -> int:
    return sum(name is not None for name in assignment.channels_of(layer))
