"""The dialog “Detect landslides”."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from qgis.core import QgsGeometry, QgsMapLayerProxyModel, QgsProject, QgsRasterLayer, QgsSettings
from qgis.gui import QgsCheckableComboBox, QgsCollapsibleGroupBox, QgsFileWidget, QgsMapLayerComboBox
from qgis.PyQt.QtCore import QStandardPaths, Qt, QTimer
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from .. import channels
from ..help import HelpDialog
from ..i18n import tr
from ..icons import icon, resource
from ..processing import inputs
from ..worker import environment
from .channel_table import ChannelTable
from .checks import VIEWS, Finding, Request, check

COLOURS = {"error": "#c62828", "warning": "#b26a00", "info": "#2e7d32"}
SIGNS = {"error": "✖", "warning": "⚠", "info": "✔"}


class DetectDialog(QDialog):
    """Asks for the scene and what to do, checks it, and gives the parameters of ``l4s:detect``."""

    def __init__(self, iface: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._iface = iface
        self.setWindowTitle(tr("Detect landslides"))
        self.setWindowIcon(icon("detect"))
        self._timer = QTimer(self, singleShot=True, interval=150)
        self._timer.timeout.connect(self._check)
        content = QWidget()
        layout = QVBoxLayout(content)
        for box in (self._make_image(), self._make_ground(), self._make_options(), self._make_advanced()):
            layout.addWidget(box)
        layout.addStretch(1)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        outer = QVBoxLayout(self)
        outer.addWidget(scroll, 1)
        self.findings = QLabel(wordWrap=True)
        self.findings.setTextFormat(Qt.TextFormat.RichText)
        self.findings.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        outer.addWidget(self.findings)
        outer.addWidget(self._make_buttons())
        self.resize(640, 600)
        self._connect()
        self._choose_first_image()
        self._show_bands()
        self._check()

    def _make_image(self) -> QGroupBox:
        box = QGroupBox(tr("Image after the event"))
        form = QFormLayout(box)
        self.from_layer = QRadioButton(tr("&Layer of the project"), checked=True)
        self.image = QgsMapLayerComboBox()
        self.image.setFilters(QgsMapLayerProxyModel.Filter.RasterLayer)
        self.image.setAllowEmptyLayer(True)
        self.image.setToolTip(
            tr("A raster whose bands are Sentinel-2 channels, as digital numbers (reflectance × 10000) or reflectance")
        )
        form.addRow(self.from_layer, self.image)
        self.from_product = QRadioButton(tr("Sentinel-2 &product"))
        self.product = QgsFileWidget()
        self.product.setFilter(tr("Zipped product or its metadata") + " (*.zip MTD_MSIL1C.xml MTD_MSIL2A.xml)")
        self.product.setToolTip(
            tr(
                "The zip as downloaded, or MTD_MSIL1C.xml / MTD_MSIL2A.xml inside the SAFE folder; a folder can be dropped here"
            )
        )
        self.product_folder = QToolButton(
            text=tr("Folder…"), toolTip=tr("Choose a SAFE folder, or a folder with one file for each band")
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
        return box

    def _make_ground(self) -> QGroupBox:
        box = QGroupBox(tr("Elevation and area"))
        form = QFormLayout(box)
        row = QHBoxLayout()
        self.dem = QgsMapLayerComboBox()
        self.dem.setFilters(QgsMapLayerProxyModel.Filter.RasterLayer)
        self.dem.setAllowEmptyLayer(True)
        self.dem.setToolTip(
            tr("A digital elevation model in metres, of any resolution and coordinate reference system")
        )
        self.dem_files = QToolButton(text="…", toolTip=tr("Choose files: GeoTIFF, .hgt, or zips of ALOS or SRTM"))
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
        form.addRow("", self.polygons)
        form.addRow("", self.selected)
        return box

    def _make_options(self) -> QGroupBox:
        box = QGroupBox(tr("Result"))
        form = QFormLayout(box)
        self.out = QgsFileWidget()
        self.out.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.out.setFilePath(str(default_folder()))
        form.addRow(tr("&Folder"), self.out)
        self.models = QgsCheckableComboBox()
        for name, title in bundled_models():
            self.models.addItemWithCheckState(title, Qt.CheckState.Unchecked, name)
        if self.models.count():
            self.models.setItemCheckState(0, Qt.CheckState.Checked)
        self.models.setDefaultText(tr("The bundled model"))
        self.models.setToolTip(tr("Several models are averaged, and their disagreement becomes the uncertainty"))
        form.addRow(tr("&Models"), self.models)
        return box

    def _make_advanced(self) -> QgsCollapsibleGroupBox:
        box = QgsCollapsibleGroupBox(tr("Advanced"))
        form = QFormLayout(box)
        self.before = QgsFileWidget()
        self.before.setToolTip(
            tr(
                "A Sentinel-2 product or image from before the event: adds the change of vegetation and brightness to each landslide"
            )
        )
        form.addRow(tr("Image &before"), self.before)
        self.model_folder = QgsFileWidget()
        self.model_folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.model_folder.setToolTip(
            tr("The folder of a model that was trained or received; used instead of the above")
        )
        form.addRow(tr("&Own model"), self.model_folder)
        self.threshold = QDoubleSpinBox(decimals=2, minimum=0.0, maximum=0.99, singleStep=0.05)
        self.threshold.setSpecialValueText(tr("the model's"))
        self.threshold.setToolTip(
            tr("Probability from which a pixel is landslide; it can be changed at once later, in the review")
        )
        form.addRow(tr("&Threshold"), self.threshold)
        self.min_area = QSpinBox(minimum=-100, maximum=1000000, singleStep=100, value=-100, suffix=" m²")
        self.min_area.setSpecialValueText(tr("the default"))
        self.min_area.setToolTip(tr("Landslides below this area are left out"))
        form.addRow(tr("Minimum mapping &unit"), self.min_area)
        self.views = QComboBox()
        for text, value in (
            (tr("one"), 0),
            (tr("four: more even, 4 × slower"), 1),
            (tr("eight: most even, 8 × slower"), 2),
        ):
            self.views.addItem(text, value)
        self.views.setToolTip(tr("The image is also looked at mirrored and turned, and the results are averaged"))
        form.addRow(tr("&Views"), self.views)
        self.crf = QCheckBox(tr("Pull outlines to edges of the image (CRF; needs an extra package)"))
        form.addRow("", self.crf)
        self.device = QComboBox()
        for text, value in (
            (tr("Automatic"), "auto"),
            (tr("Processor (CPU)"), "cpu"),
            (tr("NVIDIA GPU (CUDA)"), "cuda"),
        ):
            self.device.addItem(text, value)
        form.addRow(tr("&Device"), self.device)
        box.setCollapsed(True)
        return box

    def _make_buttons(self) -> QDialogButtonBox:
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Ok | kinds.Close | kinds.Help)
        self.start = buttons.button(kinds.Ok)
        self.start.setText(tr("&Detect"))
        self.start.setIcon(icon("detect"))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        buttons.helpRequested.connect(lambda: HelpDialog(self).show())
        return buttons

    def _connect(self) -> None:
        again = self._timer.start
        self.image.layerChanged.connect(self._image_changed)
        self.product.fileChanged.connect(self._product_changed)
        self.product_folder.clicked.connect(self._choose_product_folder)
        self.dem_files.clicked.connect(self._choose_dem_files)
        self.table.changed.connect(self._bands_changed)
        for widget in (self.dem, self.polygons):
            widget.layerChanged.connect(lambda _: again())
        self.dem.currentIndexChanged.connect(lambda _: again())
        self.from_layer.toggled.connect(lambda _: again())
        self.selected.toggled.connect(lambda _: again())
        for box in (self.area, self.views):
            box.currentIndexChanged.connect(lambda _: again())
        self.out.fileChanged.connect(lambda _: again())

    def _choose_first_image(self) -> None:
        """Choose the layer that the person has selected, or the first whose bands are recognised; and the first that looks like elevation."""
        rasters = [layer for layer in QgsProject.instance().mapLayers().values() if isinstance(layer, QgsRasterLayer)]
        rasters.sort(key=lambda layer: layer is not self._iface.activeLayer())
        good = [layer for layer in rasters if layer.bandCount() >= 3 and _recognised(layer) >= 3]
        self.image.setLayer(good[0] if good else None)
        single = [layer for layer in rasters if layer.bandCount() == 1 and layer.providerType() == "gdal"]
        named = [
            layer
            for layer in single
            if channels.assign(inputs.band_descriptions(layer.source()), layer.name()) == ["DEM"]
        ]
        self.dem.setLayer(named[0] if named else None)

    def _image_changed(self, layer: Any) -> None:
        if layer is not None:
            self.from_layer.setChecked(True)
        self._show_bands()

    def _product_changed(self, path: str) -> None:
        if path:
            self.from_product.setChecked(True)
        self._timer.start()

    def _show_bands(self) -> None:
        layer = self.image.currentLayer()
        descriptions = (
            inputs.band_descriptions(layer.source().split("|")[0])
            if layer is not None and layer.providerType() == "gdal"
            else []
        )
        self.table.show_bands(descriptions, channels.assign(descriptions, layer.name() if layer is not None else ""))

    def _bands_changed(self) -> None:
        given = [name for name in self.table.names() if name]
        missing = [name for name in channels.CHANNELS if name not in given]
        self.bands.setTitle(tr("Channels: {n} of {all} found").format(n=len(set(given)), all=len(channels.CHANNELS)))
        self.summary.setText(
            tr("Missing: {channels}.").format(channels=", ".join(missing)) if missing else tr("All channels are there.")
        )
        self._timer.start()

    def _choose_product_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, tr("Sentinel-2 product"))
        if folder:
            self.product.setFilePath(folder)

    def _choose_dem_files(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(
            self, tr("Elevation"), "", tr("Elevation") + " (*.tif *.tiff *.hgt *.zip *.vrt *.img)"
        )
        if files:
            text = ";".join(files)
            self.dem.setAdditionalItems([text])
            self.dem.setCurrentIndex(self.dem.findText(text))
            self._timer.start()

    def request(self) -> Request:
        """What the person asks for, to be checked."""
        area, crs = self._area()
        by_layer = self.from_layer.isChecked()
        return Request(
            image=self.image.currentLayer() if by_layer else None,
            names=tuple(self.table.names()) if by_layer else (),
            product="" if by_layer else self.product.filePath(),
            dems=tuple(self._dems()), area=area, area_crs=crs, out=self.out.filePath(), views=VIEWS[self.views.currentIndex()],
        )  # fmt: skip

    def _dems(self) -> list[Any]:
        layer = self.dem.currentLayer()
        return [layer] if layer is not None else [text for text in self.dem.currentText().split(";") if text]

    def _area(self) -> tuple[QgsGeometry | None, Any]:
        chosen, canvas = self.area.currentData(), self._iface.mapCanvas()
        crs = canvas.mapSettings().destinationCrs()
        if chosen == "canvas":
            return QgsGeometry.fromRect(canvas.extent()), crs
        layer = self.polygons.currentLayer()
        if chosen != "layer":
            return None, crs
        if layer is None:
            return QgsGeometry(), crs
        features = layer.selectedFeatures() if self.selected.isChecked() else layer.getFeatures()
        return QgsGeometry.collectGeometry([feature.geometry() for feature in features]), layer.crs()

    def _check(self) -> list[Finding]:
        chosen = self.area.currentData()
        self.polygons.setVisible(chosen == "layer")
        self.selected.setVisible(chosen == "layer")
        self.bands.setVisible(self.from_layer.isChecked())
        found = check(self.request())
        lines = [f'<p style="margin:2px; color:{COLOURS[f.level]}">{SIGNS[f.level]} {f.text}</p>' for f in found]
        self.findings.setText("".join(lines))
        self.start.setEnabled(not any(f.level == "error" for f in found))
        return found

    def accept(self) -> None:
        """Close where nothing forbids the start; the disk or a layer may have changed since the last check."""
        if not any(finding.level == "error" for finding in self._check()):
            QgsSettings().setValue("l4s/folder", str(Path(self.out.filePath()).parent))
            super().accept()

    def parameters(self) -> dict[str, Any]:
        """The parameters of ``l4s:detect``."""
        request = self.request()
        own = self.model_folder.filePath()
        parameters: dict[str, Any] = {
            "OUTPUT": request.out,
            "DEM": list(request.dems),
            "MODEL": own or ";".join(self.models.checkedItemsData()),
            "TTA": self.views.currentIndex(),
            "CRF": self.crf.isChecked(),
            "DEVICE": self.device.currentData(),
            "BEFORE": self.before.filePath(),
        }
        if request.image is not None:
            parameters["IMAGE"] = request.image
            parameters["CHANNELS"] = ",".join(name or "-" for name in request.names)
        else:
            parameters["PRODUCT"] = request.product
        if request.area is not None:
            parameters["AREA"] = _area_layer(request)
        if self.threshold.value() > 0:
            parameters["THRESHOLD"] = self.threshold.value()
        if self.min_area.value() >= 0:
            parameters["MIN_AREA"] = self.min_area.value()
        return parameters

    def title(self) -> str:
        """What the results are called in the layer tree."""
        request = self.request()
        name = request.image.name() if request.image is not None else Path(request.product).stem
        return tr("Landslides: {name}, {time}").format(name=name[:40], time=time.strftime("%H:%M"))


def default_folder() -> Path:
    """A folder that does not exist yet: beside the project, where the last results went, or in the documents."""
    home = QgsProject.instance().homePath() or QgsSettings().value("l4s/folder", "", type=str)
    home = home or QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(home) / f"landslides_{time.strftime('%Y-%m-%d_%H%M%S')}"


def bundled_models() -> list[tuple[str, str]]:
    """Names and titles of the models that come with the plugin."""
    models = []
    folders = [resource("models"), environment.source() / "resources" / "models"]
    for card in sorted(next((f for f in folders if f.is_dir()), folders[0]).glob("*/card.json")):
        try:
            data = json.loads(card.read_text(encoding="utf-8"))
            models.append((str(data["name"]), f"{data['name']} – {data['title']}"))
        except (OSError, ValueError, KeyError):
            continue  # a damaged card is no reason to have no dialog; the engine says what is wrong with it
    return models


def _area_layer(request: Request) -> Any:
    from qgis.core import QgsFeature, QgsVectorLayer

    layer = QgsVectorLayer("MultiPolygon", "area", "memory")
    layer.setCrs(request.area_crs)
    feature = QgsFeature()
    feature.setGeometry(request.area)
    layer.dataProvider().addFeature(feature)
    return layer


def _recognised(layer: QgsRasterLayer) -> int:
    if layer.providerType() != "gdal":
        return 0
    return sum(name is not None for name in channels.assign(inputs.band_descriptions(layer.source()), layer.name()))
