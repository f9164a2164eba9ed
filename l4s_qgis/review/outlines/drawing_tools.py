"""Map tools that draw: a polygon, a freehand outline, a brush."""

from __future__ import annotations

from qgis.core import QgsGeometry, QgsPointXY, QgsUnitTypes
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QKeyEvent, QWheelEvent

from .. import options
from .canvas import Outline, map_crs

SMOOTH_TIMES = 2
HAND_PX = 2.0
"""Tremor of a hand with a mouse, on the screen."""
ROUND = 8
"""Segments of a quarter circle of the brush."""
LARGEST_BRUSH_M = 2000.0
SMALLEST_BRUSH_M = 2.0


class DrawingTool(QgsMapTool):
    """Base of the drawing tools: a preview, and a signal when done."""

    drawn = pyqtSignal(QgsGeometry)

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._points: list[QgsPointXY] = []
        self.preview = Outline(canvas, QColor(options.get("colour_preview")), 2, alpha=45)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def close(self) -> None:
        """Remove what is drawn on the map."""
        self.preview.close()

    def deactivate(self) -> None:
        """Another tool is chosen: what was begun is dropped."""
        self._drop()
        super().deactivate()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Escape drops what was begun."""
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self._drop()

    def _drop(self) -> None:
        self._points.clear()
        self.preview.clear()

    def _show(self, geometry: QgsGeometry) -> None:
        self.preview.show(geometry, map_crs(self._canvas))

    def _finish(self, geometry: QgsGeometry) -> None:
        self._drop()
        if not geometry.isEmpty() and geometry.area() > 0:
            self.drawn.emit(geometry)


class PolygonTool(DrawingTool):
    """Corners by clicks; right button ends, Backspace removes the last."""

    def canvasReleaseEvent(self, event: QgsMapMouseEvent | None) -> None:
        """A corner, or the end."""
        if event is None:
            return
        if event.button() == Qt.MouseButton.LeftButton:
            self._points.append(self.toMapCoordinates(event.pos()))
            self._show(self._shape([]))
        elif event.button() == Qt.MouseButton.RightButton and len(self._points) >= 3:
            self._finish(valid(self._shape([])))
        elif event.button() == Qt.MouseButton.RightButton:
            self._drop()

    def canvasMoveEvent(self, event: QgsMapMouseEvent | None) -> None:
        """Where the next corner would be."""
        if event is not None and self._points:
            self._show(self._shape([self.toMapCoordinates(event.pos())]))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Backspace takes the last corner back."""
        if event is not None and event.key() == Qt.Key.Key_Backspace and self._points:
            self._points.pop()
            self._show(self._shape([]))
            event.ignore()  # handled: QGIS shall not delete what is selected
        else:
            super().keyPressEvent(event)

    def _shape(self, more: list[QgsPointXY]) -> QgsGeometry:
        return QgsGeometry.fromPolygonXY([[*self._points, *more]])


class FreehandTool(DrawingTool):
    """An outline drawn with the left button held down, smoothed."""

    def canvasPressEvent(self, event: QgsMapMouseEvent | None) -> None:
        """Begin."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self._points = [self.toMapCoordinates(event.pos())]

    def canvasMoveEvent(self, event: QgsMapMouseEvent | None) -> None:
        """Go on."""
        if event is not None and self._points:
            self._points.append(self.toMapCoordinates(event.pos()))
            self._show(QgsGeometry.fromPolygonXY([self._points]))

    def canvasReleaseEvent(self, event: QgsMapMouseEvent | None) -> None:
        """End."""
        if event is None or not self._points:
            return
        shape = QgsGeometry.fromPolygonXY([self._points])
        if len(self._points) < 3:
            self._drop()
            return
        self._finish(smoothed(shape, HAND_PX * self._canvas.mapUnitsPerPixel()))


class BrushTool(DrawingTool):
    """A round brush; Ctrl and the wheel change its size."""

    def canvasPressEvent(self, event: QgsMapMouseEvent | None) -> None:
        """Begin."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self._points = [self.toMapCoordinates(event.pos())]
            self._show(self._stroke())

    def canvasMoveEvent(self, event: QgsMapMouseEvent | None) -> None:
        """Go on; without a button, show where the brush is."""
        if event is None:
            return
        here = self.toMapCoordinates(event.pos())
        if self._points:
            self._points.append(here)
            self._show(self._stroke())
        else:
            self._show(QgsGeometry.fromPointXY(here).buffer(self.radius, ROUND))

    def canvasReleaseEvent(self, event: QgsMapMouseEvent | None) -> None:
        """End."""
        if self._points:
            self._finish(self._stroke())

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Ctrl and the wheel change the size."""
        if event is None or not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if event is not None:
                event.ignore()
            return
        self.enlarge(1.25 if event.angleDelta().y() > 0 else 0.8)
        event.accept()

    def enlarge(self, factor: float) -> None:
        """Change the size of the brush."""
        size = options.get("brush_m") * factor
        options.put("brush_m", min(max(size, SMALLEST_BRUSH_M), LARGEST_BRUSH_M))

    @property
    def radius(self) -> float:
        """Its radius, in the map's units."""
        metres = QgsUnitTypes.DistanceUnit.DistanceMeters
        unit = QgsUnitTypes.fromUnitToUnitFactor(metres, self._canvas.mapUnits())
        return float(options.get("brush_m") * unit)

    def _stroke(self) -> QgsGeometry:
        if len(self._points) == 1:
            return QgsGeometry.fromPointXY(self._points[0]).buffer(self.radius, ROUND)
        line = QgsGeometry.fromPolylineXY(self._points).simplify(self.radius / 20)
        return line.buffer(self.radius, ROUND)


def smoothed(shape: QgsGeometry, tolerance: float) -> QgsGeometry:
    """An outline without the tremor of the hand that drew it.

    Args:
        shape: A polygon.
        tolerance: How far the hand trembles, in the units of its CRS.
    """
    calm = valid(shape).simplify(tolerance)
    return valid(calm.smooth(SMOOTH_TIMES, 0.25)) if not calm.isEmpty() else valid(shape)


def valid(shape: QgsGeometry) -> QgsGeometry:
    """The polygons of a shape that may cross itself."""
    made = shape if shape.isGeosValid() else shape.makeValid()
    parts = [part for part in made.asGeometryCollection() if part.area() > 0]
    return QgsGeometry.unaryUnion(parts) if parts else QgsGeometry()
