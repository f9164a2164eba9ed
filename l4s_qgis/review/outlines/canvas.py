"""Coordinates of the map, and what is drawn over it."""

from __future__ import annotations

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsWkbTypes,
)
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt.QtGui import QColor

CASING = QColor(16, 16, 16)
"""Dark edge below a bright line: one of the two is seen on any ground."""
CASING_PX = 3


def map_crs(canvas: QgsMapCanvas) -> QgsCoordinateReferenceSystem:
    """The map's coordinate reference system."""
    return canvas.mapSettings().destinationCrs()


def transformed(
    geometry: QgsGeometry,
    source: QgsCoordinateReferenceSystem,
    target: QgsCoordinateReferenceSystem,
) -> QgsGeometry:
    """A copy of a geometry in another coordinate reference system."""
    copy = QgsGeometry(geometry)
    if source != target:
        copy.transform(QgsCoordinateTransform(source, target, QgsProject.instance()))
    return copy


def transformed_box(
    box: QgsRectangle,
    source: QgsCoordinateReferenceSystem,
    target: QgsCoordinateReferenceSystem,
) -> QgsRectangle:
    """A box in another coordinate reference system."""
    return transformed(QgsGeometry.fromRect(box), source, target).boundingBox()


class Outline:
    """An outline over the map: a bright line with a dark edge.

    Args:
        canvas: The map.
        colour: Of the line.
        width: Of the line, in pixels.
        alpha: Opacity of the inside, 0 to 255.
    """

    def __init__(self, canvas: QgsMapCanvas, colour: QColor, width: int, alpha: int = 0) -> None:
        self._canvas = canvas
        self._edge = _band(canvas, CASING, width + CASING_PX, 0)
        self._line = _band(canvas, colour, width, alpha)

    @property
    def bands(self) -> tuple[QgsRubberBand, QgsRubberBand]:
        """The edge and the line."""
        return self._edge, self._line

    @property
    def geometry(self) -> QgsGeometry:
        """What is drawn, in the map's CRS."""
        return self._line.asGeometry()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is drawn."""
        return not self._line.size()

    def show(self, geometry: QgsGeometry, crs: QgsCoordinateReferenceSystem) -> None:
        """Draw a geometry.

        Args:
            geometry: What is drawn.
            crs: Its CRS.
        """
        placed = transformed(geometry, crs, map_crs(self._canvas))
        for band in self.bands:
            band.setToGeometry(placed, None)

    def clear(self) -> None:
        """Draw nothing any more."""
        for band in self.bands:
            band.reset(QgsWkbTypes.GeometryType.PolygonGeometry)

    def close(self) -> None:
        """Remove it from the map."""
        for band in self.bands:
            self._canvas.scene().removeItem(band)


def _band(canvas: QgsMapCanvas, colour: QColor, width: int, alpha: int) -> QgsRubberBand:
    band = QgsRubberBand(canvas, QgsWkbTypes.GeometryType.PolygonGeometry)
    band.setStrokeColor(colour)
    fill = QColor(colour)
    fill.setAlpha(alpha)
    band.setFillColor(fill)
    band.setWidth(width)
    return band
