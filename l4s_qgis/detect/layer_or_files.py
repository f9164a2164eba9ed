"""A choice between a raster layer of the project and files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qgis.core import QgsMapLayerProxyModel, QgsProject, QgsRasterLayer
from qgis.gui import QgsMapLayerComboBox
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QToolButton, QWidget

from ..i18n import tr


class LayerOrFiles(QWidget):
    """A list of fitting layers with a button for files and folders.

    Args:
        title: Of the file dialogs.
        patterns: Of the files, such as ``*.tif *.zip``.
        fits: Whether a layer may be chosen.
        folders: Whether a folder may be chosen, too.
    """

    changed = pyqtSignal()

    def __init__(
        self,
        title: str,
        patterns: str,
        fits: Callable[[QgsRasterLayer], bool],
        *,
        folders: bool = False,
    ) -> None:
        super().__init__()
        self._title, self._patterns, self._fits = title, patterns, fits
        self.start_folder = ""
        self.box = QgsMapLayerComboBox()
        self.box.setFilters(QgsMapLayerProxyModel.Filter.RasterLayer)
        self.box.setAllowEmptyLayer(True)
        self.box.setLayer(None)
        self.files = QToolButton(text="…", toolTip=tr("Choose files"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.box, 1)
        row.addWidget(self.files)
        self.setFocusProxy(self.box)
        if folders:
            menu = QMenu(self.files)
            menu.addAction(tr("Files…"), self._choose_files)
            menu.addAction(tr("Folder…"), self._choose_folder)
            self.files.setMenu(menu)
            self.files.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        else:
            self.files.clicked.connect(self._choose_files)
        self.box.layerChanged.connect(self.changed)
        self.box.currentIndexChanged.connect(self.changed)

    def offer(self) -> None:
        """List the layers that fit, as the project holds them now."""
        chosen, paths = self.currentLayer(), self.paths()
        self.box.setExceptedLayerList(
            [
                layer
                for layer in QgsProject.instance().mapLayers().values()
                if isinstance(layer, QgsRasterLayer) and not self._fits(layer)
            ]
        )
        if paths:
            self.use_files(paths)
        elif self.currentLayer() is not chosen:
            self.setLayer(chosen)

    def currentLayer(self) -> QgsRasterLayer | None:
        """The layer chosen, if any."""
        return self.box.currentLayer()

    def setLayer(self, layer: QgsRasterLayer | None) -> None:
        """Choose a layer, or none."""
        self.box.setLayer(layer)

    def paths(self) -> list[str]:
        """The files chosen instead of a layer."""
        if self.currentLayer() is not None:
            return []
        return [text for text in self.box.currentText().split(";") if text]

    def chosen(self) -> tuple[QgsRasterLayer | str, ...]:
        """The layer, or the files."""
        layer = self.currentLayer()
        return (layer,) if layer is not None else tuple(self.paths())

    def use_files(self, files: list[str]) -> None:
        """Choose files instead of a layer."""
        text = ";".join(files)
        self.box.setAdditionalItems([text])
        self.box.setCurrentIndex(self.box.findText(text))
        self.changed.emit()

    def _choose_files(self) -> None:
        filters = f"{self._title} ({self._patterns})"
        files, _ = QFileDialog.getOpenFileNames(self, self._title, self._from(), filters)
        if files:
            self.use_files(files)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self._title, self._from())
        if folder:
            self.use_files([folder])

    def _from(self) -> str:
        """Where the file dialog begins: at what was chosen before, else beside the product."""
        earlier = self.paths()
        return str(Path(earlier[0]).parent) if earlier else self.start_folder
