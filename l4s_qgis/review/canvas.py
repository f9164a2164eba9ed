"""Between the review and the map: coordinates, what is drawn on the map, the view."""

from __future__ import annotations

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsGeometry,
    QgsProject,
    QgsWkbTypes,
)
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt.QtGui import QColor

CONTEXT = 2.5
"""How much more than a landslide is shown around it."""
SMALLEST_VIEW_M = 400.0
METRES_PER_DEGREE = 111320.0


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


def show_around(canvas: QgsMapCanvas, geometry: QgsGeometry) -> None:
    """Show a geometry, given in the map's CRS, with its surroundings."""
    box = geometry.boundingBox()
    box.scale(CONTEXT)
    smallest = SMALLEST_VIEW_M / (METRES_PER_DEGREE if map_crs(canvas).isGeographic() else 1.0)
    if max(box.width(), box.height()) < smallest:
        box.grow((smallest - max(box.width(), box.height())) / 2)
    canvas.setExtent(box)
    canvas.refresh()


def make_band(canvas: QgsMapCanvas, colour: QColor, width: int, alpha: int = 0) -> QgsRubberBand:
    """An outline drawn over the map.

    Args:
        canvas: The map.
        colour: Of the line.
        width: Of the line, in pixels.
        alpha: Opacity of the inside, 0 to 255.
    """
    band = QgsRubberBand(canvas, QgsWkbTypes.GeometryType.PolygonGeometry)
    band.setStrokeColor(colour)
    fill = QColor(colour)
    fill.setAlpha(alpha)
    band.setFillColor(fill)
    band.setWidth(width)
    return band


def clear_band(band: QgsRubberBand) -> None:
    """Draw nothing any more."""
    band.reset(QgsWkbTypes.GeometryType.PolygonGeometry)
