"""A second map that moves with the first and shows another layer."""

from __future__ import annotations

from typing import Any

from osgeo import gdal
from qgis.core import (
    QgsContrastEnhancement,
    QgsCoordinateReferenceSystem,
    QgsGeometry,
    QgsHillshadeRenderer,
    QgsMapLayer,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsSingleBandGrayRenderer,
)
from qgis.gui import QgsMapCanvas, QgsMapToolPan
from qgis.PyQt.QtCore import QObject, Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QDockWidget

from ...i18n import tr
from .. import options
from ..files import inventory_file, stack_of
from ..outlines.canvas import Outline, map_crs
from ..panel import ReviewPanel
from ..session import Review
from .pictures import offer_pictures

SHADE, SLOPE = "l4s:shade", "l4s:slope"
"""Pictures of the terrain that are made of the stack's bands."""
LIGHT_AZIMUTH_DEG, LIGHT_ALTITUDE_DEG = 315.0, 45.0
STEEPEST_DEG = 60.0


class SecondMap(QObject):
    """Shows the layer that the person chose in a map of its own.

    Args:
        iface: QGIS's interface.
        panel: The dock's widgets.
        review: What is under review; its outlines lie on top.
    """

    def __init__(self, iface: Any, panel: ReviewPanel, review: Review) -> None:
        super().__init__(panel)
        self._iface = iface
        self._canvas = iface.mapCanvas()
        self._panel = panel
        self._review = review
        self._terrain: QgsRasterLayer | None = None
        self._moving = False
        self._size: Any = None
        self.dock: QDockWidget | None = None
        self.canvas: QgsMapCanvas | None = None
        self._outline: Outline | None = None
        self._marked: tuple[QgsGeometry, QgsCoordinateReferenceSystem] | None = None
        panel.second.currentIndexChanged.connect(lambda _: self.show())
        project = QgsProject.instance()
        self._signals = (
            (project.layersAdded, self.fill),
            (project.layersRemoved, self.fill),
            (project.layersWillBeRemoved, self._layers_going),
        )
        for signal, slot in self._signals:
            signal.connect(slot)
        self.fill()

    def close(self) -> None:
        """Take everything away before the plugin is unloaded."""
        self.end()
        for signal, slot in self._signals:
            signal.disconnect(slot)

    def fill(self, *_: Any) -> None:
        """Offer the layers of the project, and the terrain of the stack."""
        box = self._panel.second
        chosen = box.currentData()
        bands = terrain_bands(self._stack())
        views = (
            ("DEM", SHADE, tr("Hillshade of the elevation")),
            ("slope", SLOPE, tr("Slope")),
        )
        offer_pictures(box, [(title, value) for band, value, title in views if band in bands])
        if box.currentData() != chosen:
            self.show()

    def show(self) -> None:
        """Show what is chosen, or nothing."""
        layer = self._layer(self._panel.second.currentData())
        if layer is None:
            self.end()
            return
        canvas = self._open()
        on_top = [self._review.layer] if self._review.layer is not None else []
        canvas.setDestinationCrs(map_crs(self._canvas))
        canvas.setLayers([*on_top, layer])
        self._follow()

    def mark(self, geometry: QgsGeometry | None, crs: QgsCoordinateReferenceSystem) -> None:
        """Show the current landslide in the second map, too."""
        self._marked = (QgsGeometry(geometry), crs) if geometry is not None else None
        if self._outline is None:
            return
        if self._marked is not None:
            self._outline.show(*self._marked)
        else:
            self._outline.clear()

    def end(self) -> None:
        """Take the second map away; the choice stays."""
        dock, self.dock, self.canvas, self._terrain = self.dock, None, None, None
        self._outline = None
        if dock is not None:
            self._canvas.extentsChanged.disconnect(self._follow)
            self._canvas.destinationCrsChanged.disconnect(self.show)
            self._iface.removeDockWidget(dock)
            dock.deleteLater()

    def _open(self) -> QgsMapCanvas:
        if self.canvas is not None and self.dock is not None:
            self.dock.show()
            return self.canvas
        canvas = QgsMapCanvas()
        canvas.setObjectName("l4s_second_canvas")
        canvas.setCanvasColor(QColor(Qt.GlobalColor.white))
        canvas.enableAntiAliasing(True)
        self._pan = QgsMapToolPan(canvas)
        canvas.setMapTool(self._pan)
        self.dock = QDockWidget(tr("Second map"), self._iface.mainWindow())
        self.dock.setObjectName("l4s_second_map")
        self.dock.setWidget(canvas)
        self.dock.setMinimumSize(240, 200)
        self._iface.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, self.dock)
        self.dock.visibilityChanged.connect(self._visibility_changed)
        self._outline = Outline(canvas, QColor(options.get("colour_current")), 2)
        if self._marked is not None:
            self._outline.show(*self._marked)
        self._canvas.extentsChanged.connect(self._follow)
        self._canvas.destinationCrsChanged.connect(self.show)
        canvas.extentsChanged.connect(self._lead)
        self.canvas = canvas
        return canvas

    def _visibility_changed(self, visible: bool) -> None:
        """Closed with its own cross: nothing is chosen any more."""
        dock = self.dock
        if dock is not None and not visible and dock.isHidden():
            self._panel.second.setCurrentIndex(0)

    def _follow(self) -> None:
        """The first map moved."""
        self._move(self._canvas, self.canvas)

    def _lead(self) -> None:
        """The second map moved, or only changed its size."""
        size = self.canvas.size() if self.canvas is not None else None
        if size != self._size:
            self._size = size
            self._follow()
        else:
            self._move(self.canvas, self._canvas)

    def _move(self, one: QgsMapCanvas | None, other: QgsMapCanvas | None) -> None:
        """Give the other map the same centre and the same scale."""
        if one is None or other is None or self._moving:
            return
        self._moving = True
        try:
            unit, centre = one.mapUnitsPerPixel(), one.extent().center()
            width, height = other.width() * unit / 2, other.height() * unit / 2
            box = QgsRectangle(
                centre.x() - width, centre.y() - height, centre.x() + width, centre.y() + height
            )
            other.setExtent(box)
            other.refresh()
        finally:
            self._moving = False

    def _layers_going(self, ids: list[str]) -> None:
        if self._panel.second.currentData() in ids:
            self._panel.second.setCurrentIndex(0)

    def _stack(self) -> str:
        layer = self._review.layer
        return stack_of(inventory_file(layer)) if layer is not None else ""

    def _layer(self, chosen: Any) -> QgsMapLayer | None:
        if chosen in (SHADE, SLOPE):
            self._terrain = terrain_layer(self._stack(), chosen)
            return self._terrain
        return QgsProject.instance().mapLayer(chosen or "")


def terrain_bands(stack: str) -> dict[str, int]:
    """The bands of a stack by name; empty where there is no stack."""
    if not stack:
        return {}
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        dataset = gdal.Open(stack)
    except RuntimeError:
        dataset = None
    finally:
        gdal.PopErrorHandler()
    if dataset is None:
        return {}
    bands = range(1, dataset.RasterCount + 1)
    return {dataset.GetRasterBand(band).GetDescription(): band for band in bands}


def terrain_layer(stack: str, kind: str) -> QgsRasterLayer | None:
    """A picture of the terrain, made of a stack.

    Args:
        stack: The stack.
        kind: :data:`SHADE` or :data:`SLOPE`.
    """
    band = terrain_bands(stack).get("DEM" if kind == SHADE else "slope")
    layer = QgsRasterLayer(stack, tr("Terrain"), "gdal") if band is not None else None
    if layer is None or not layer.isValid():
        return None
    if kind == SHADE:
        layer.setRenderer(
            QgsHillshadeRenderer(layer.dataProvider(), band, LIGHT_AZIMUTH_DEG, LIGHT_ALTITUDE_DEG)
        )
        return layer
    renderer = QgsSingleBandGrayRenderer(layer.dataProvider(), band)
    layer.setRenderer(renderer)
    stretch(layer, band)
    return layer


def stretch(layer: QgsRasterLayer, band: int) -> None:
    """Show slopes from white, level, to black, :data:`STEEPEST_DEG`."""
    enhancement = QgsContrastEnhancement(layer.dataProvider().dataType(band))
    enhancement.setMinimumValue(0.0)
    enhancement.setMaximumValue(STEEPEST_DEG)
    enhancement.setContrastEnhancementAlgorithm(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
    )
    renderer = layer.renderer()
    renderer.setGradient(QgsSingleBandGrayRenderer.Gradient.WhiteToBlack)
    renderer.setContrastEnhancement(enhancement)
