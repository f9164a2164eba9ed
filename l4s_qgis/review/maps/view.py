"""The map's view: zooms to landslides, and notes which were seen."""

from __future__ import annotations

from qgis.core import QgsGeometry, QgsRectangle
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QEvent, QObject, QSize

from .. import options
from ..outlines.canvas import map_crs

METRES_PER_DEGREE = 111320.0
SEEN_PX = 8
"""A landslide that is smaller on the screen was not seen."""
CLEAR_PX = 16
"""Where the person's own zoom shows a landslide smaller than this, it is given up."""


class View(QObject):
    """Brings landslides into view, and knows whether the current one was seen.

    A zoom or a pan of the person stays: the next landslide is brought into that view at the same
    scale, and where it lies in view already, nothing moves.

    Args:
        canvas: The map.
    """

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._box: QgsRectangle | None = None
        self._seen = False
        self._moving = False
        self._own = False
        self._size = QSize(canvas.size())
        self._scale = canvas.scale()
        canvas.extentsChanged.connect(self._view_changed)
        canvas.viewport().installEventFilter(self)

    def close(self) -> None:
        """Leave the map alone."""
        self._canvas.extentsChanged.disconnect(self._view_changed)
        self._canvas.viewport().removeEventFilter(self)

    def expect(self, geometry: QgsGeometry | None) -> None:
        """Set the current landslide, in the map's CRS; None for none."""
        box = geometry.boundingBox() if geometry is not None else None
        if box is None or box != self._box:
            self._seen = False
        self._box = box
        if self._box is None:
            self._own = False

    def arrive(self) -> None:
        """Bring the current landslide into view, at the chosen scale."""
        if self._box is None:
            return
        extent = self._canvas.extent()
        if not (self._own and self._largest_px() >= CLEAR_PX):
            self.zoom()
        elif not extent.contains(self._box):
            centre = self._box.center()
            half_width, half_height = extent.width() / 2, extent.height() / 2
            moved = QgsRectangle(
                centre.x() - half_width,
                centre.y() - half_height,
                centre.x() + half_width,
                centre.y() + half_height,
            )
            moved.combineExtentWith(self._box)
            self._show(moved)

    def zoom(self) -> None:
        """Show the current landslide with its surroundings."""
        self._own = False
        if self._box is not None:
            self._show(surroundings(self._box, self._canvas))

    @property
    def is_seen(self) -> bool:
        """Whether the current landslide was painted, or is in view."""
        return self._seen or self._in_view()

    @property
    def is_painted(self) -> bool:
        """Whether the landslide was painted since it became current."""
        return self._seen

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Note that the map was painted."""
        if event is not None and event.type() == QEvent.Type.Paint and not self._seen:
            self._seen = self._in_view()
        return False

    def _in_view(self) -> bool:
        if self._box is None or not self._canvas.isVisible():
            return False
        in_view = self._canvas.extent().intersects(self._box)
        return bool(in_view and self._largest_px() >= SEEN_PX)

    def _largest_px(self) -> float:
        unit = self._canvas.mapUnitsPerPixel()
        if self._box is None or unit <= 0:
            return 0.0
        return float(max(self._box.width(), self._box.height()) / unit)

    def _show(self, box: QgsRectangle) -> None:
        self._moving = True
        try:
            self._canvas.setExtent(box)
        finally:
            self._moving = False
        self._canvas.refresh()

    def _view_changed(self) -> None:
        size, scale = QSize(self._canvas.size()), self._canvas.scale()
        zoomed = abs(scale / self._scale - 1) > 1e-3 if self._scale else False
        # a window that changes its size changes the scale, too: that is no wish of the person
        if zoomed and not self._moving and size == self._size and self._box is not None:
            self._own = True
        self._size, self._scale = size, scale


def surroundings(box: QgsRectangle, canvas: QgsMapCanvas) -> QgsRectangle:
    """The view around a landslide, by its size and the settings.

    Args:
        box: Of the landslide, in the map's CRS.
        canvas: The map.
    """
    wide = QgsRectangle(box)
    wide.scale(max(1.0, options.get("context")))
    unit = METRES_PER_DEGREE if map_crs(canvas).isGeographic() else 1.0
    smallest = options.get("smallest_view_m") / unit
    largest = max(wide.width(), wide.height())
    if largest < smallest:
        wide.grow((smallest - largest) / 2)
    return wide
