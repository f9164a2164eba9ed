"""Demo data inside QGIS: a simulated scene, made and loaded by one click."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from osgeo import gdal
from qgis.core import Qgis, QgsProcessingUtils, QgsProject, QgsRasterLayer
from qgis.PyQt.QtWidgets import QPushButton

from . import pictures
from .detect.outcome import zoom_to
from .detect.run import BackgroundRun
from .i18n import tr

SIZE_PX = 600


class Demo:
    """Makes the scene, shows it, and offers to detect landslides in it.

    Args:
        iface: QGIS's interface.
        detect: Opens the detection's dialog for a product.
    """

    def __init__(self, iface: Any, detect: Callable[[str], Any]) -> None:
        self._iface = iface
        self._detect = detect

    def prepare(self) -> BackgroundRun:
        """The run that makes the scene, to be started."""
        folder = Path(QgsProcessingUtils.tempFolder()) / "l4s_demo"
        parameters = {"SIZE": SIZE_PX, "OUTPUT": str(folder)}
        run = BackgroundRun(self._iface, "l4s:simulate", parameters, tr("Demo data"))
        run.succeeded.connect(lambda outputs: self.show(outputs))  # keeps this object alive
        return run

    def show(self, outputs: Mapping[str, Any]) -> None:
        """Load image and elevation, and offer the detection.

        Args:
            outputs: Of ``l4s:simulate``.
        """
        group = QgsProject.instance().layerTreeRoot().insertGroup(0, tr("Demo data"))
        image = _image(str(outputs["PRODUCT"]))
        dem = QgsRasterLayer(str(outputs["DEM"]), tr("Elevation (simulated)"), "gdal")
        for layer, visible in ((image, True), (dem, False)):
            if layer is not None and layer.isValid():
                QgsProject.instance().addMapLayer(layer, False)
                node = group.addLayer(layer)
                node.setItemVisibilityChecked(visible)
                node.setExpanded(False)
        if image is not None:
            self._iface.setActiveLayer(image)
            zoom_to(self._iface.mapCanvas(), image)
        bar = self._iface.messageBar()
        text = tr("A simulated scene with {count} landslides is loaded.").format(
            count=outputs["COUNT"]
        )
        item = bar.createMessage(tr("Demo data"), text)
        button = QPushButton(tr("Detect landslides…"))
        product = str(outputs["PRODUCT"])
        button.clicked.connect(lambda: self._detect(product))
        item.layout().addWidget(button)
        bar.pushWidget(item, Qgis.MessageLevel.Success)


def _image(folder: str) -> QgsRasterLayer | None:
    """The scene's natural colour as one layer."""
    files = [str(Path(folder) / f"{name}.tif") for name in pictures.NATURAL]
    if not all(Path(file).is_file() for file in files):
        return None
    path = Path(folder).parent / "natural_colour.vrt"
    virtual = gdal.BuildVRT(str(path), files, separate=True)
    for index, name in enumerate(pictures.NATURAL, start=1):
        virtual.GetRasterBand(index).SetDescription(name)
    virtual.FlushCache()
    del virtual
    layer = QgsRasterLayer(str(path), tr("Sentinel-2 (simulated)"), "gdal")
    pictures.show_colours(layer, (1, 2, 3))
    return layer
