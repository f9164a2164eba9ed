"""Landslides drawn by hand, and a brush that adds or cuts."""

from __future__ import annotations

from typing import Any, Callable

from qgis.core import Qgis, QgsGeometry
from qgis.PyQt.QtWidgets import QToolButton

from ...i18n import tr
from ..inventory import ReviewError
from ..panel import ReviewPanel
from ..session import Review
from .adding import Toggled
from .canvas import map_crs, transformed
from .drawing_tools import BrushTool, DrawingTool, FreehandTool, PolygonTool, valid
from .outline import inside_outline


class Drawing:
    """Polygon, freehand outline and brush.

    Args:
        iface: QGIS's interface.
        panel: The dock's widgets.
        review: What is under review.
        notify: Shows the reviewer a message.
        added: Called with a landslide that was drawn.
        reshaped: Called with a landslide whose outline was changed.
    """

    def __init__(
        self,
        iface: Any,
        panel: ReviewPanel,
        review: Review,
        *,
        notify: Callable[[str, Qgis.MessageLevel], None],
        added: Callable[[int], None],
        reshaped: Callable[[int], None],
    ) -> None:
        self._canvas = iface.mapCanvas()
        self._review = review
        self._notify = notify
        self._added = added
        self._reshaped = reshaped
        self.polygon = PolygonTool(self._canvas)
        self.freehand = FreehandTool(self._canvas)
        self.brush = BrushTool(self._canvas)
        self.cut = BrushTool(self._canvas)
        self.polygon.drawn.connect(self.add)
        self.freehand.drawn.connect(self.add)
        self.brush.drawn.connect(lambda stroke: self.paint(stroke, cut=False))
        self.cut.drawn.connect(lambda stroke: self.paint(stroke, cut=True))
        pairs: tuple[tuple[QToolButton, DrawingTool], ...] = (
            (panel.polygon, self.polygon),
            (panel.freehand, self.freehand),
            (panel.brush, self.brush),
            (panel.cut, self.cut),
        )
        self._toggles = [
            Toggled(iface, button, tool, lambda: review.reviewed is not None)
            for button, tool in pairs
        ]
        self._tools = [tool for _, tool in pairs]

    def close(self) -> None:
        """Take the map tools away."""
        for toggle in self._toggles:
            toggle.close()
        for tool in self._tools:
            tool.close()

    def add(self, drawn: QgsGeometry) -> None:
        """Add a landslide that was drawn, given in the map's CRS."""
        reviewed = self._review.reviewed
        if reviewed is None:
            return
        shape = valid(transformed(drawn, map_crs(self._canvas), self._review.layer_crs))
        if shape.isEmpty():
            return
        try:
            fid = reviewed.add(shape, self._probabilities(shape), self._review.event)
        except ReviewError as error:
            self._notify(str(error), Qgis.MessageLevel.Critical)
            return
        self._added(fid)

    def paint(self, stroke: QgsGeometry, *, cut: bool) -> None:
        """Add a stroke, in the map's CRS, to the landslide, or cut it away."""
        reviewed, fid, before = (
            self._review.reviewed,
            self._review.queue.current,
            self._review.geometry,
        )
        if reviewed is None or fid is None or before is None:
            return
        there = transformed(stroke, map_crs(self._canvas), self._review.layer_crs)
        if not before.intersects(there):
            text = tr("The stroke does not touch the current landslide; nothing was changed.")
            self._notify(text, Qgis.MessageLevel.Info)
            return
        whole = valid(before)
        after = valid(whole.difference(there) if cut else whole.combine(there))
        if after.isEmpty():
            text = tr("Nothing of this landslide would be left; reject it instead.")
            self._notify(text, Qgis.MessageLevel.Info)
            return
        try:
            reviewed.reshape(fid, after, self._probabilities(after))
        except ReviewError as error:
            self._notify(str(error), Qgis.MessageLevel.Critical)
            return
        self._reshaped(fid)

    def _probabilities(self, shape: QgsGeometry) -> tuple[float, float, float] | None:
        probability = self._review.probability
        if probability is None:
            return None
        there = transformed(shape, self._review.layer_crs, self._review.raster_crs)
        return inside_outline(probability, there)
