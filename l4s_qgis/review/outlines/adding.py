"""Click to add: grows a landslide from the probability."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import Qgis, QgsGeometry, QgsPointXY
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QToolButton

from ...i18n import number, tr
from ..inventory import ReviewError
from ..panel import ReviewPanel
from ..session import Review
from .canvas import map_crs, transformed
from .outline import grow


class ClickTool(QgsMapTool):
    """Tells where the person clicked."""

    clicked = pyqtSignal(QgsPointXY)

    def __init__(self, canvas: QgsMapCanvas) -> None:
        super().__init__(canvas)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        """The left button was released."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(self.toMapCoordinates(event.pos()))


class Toggled:
    """A button that turns a map tool on and off, and shows whether it is on.

    Args:
        iface: QGIS's interface.
        button: The button.
        tool: The map tool.
        possible: Whether the tool can be used now.
    """

    def __init__(
        self, iface: Any, button: QToolButton, tool: QgsMapTool, possible: Callable[[], bool]
    ) -> None:
        self._iface = iface
        self._canvas = iface.mapCanvas()
        self._button = button
        self._tool = tool
        self._possible = possible
        button.toggled.connect(self._toggle)
        self._canvas.mapToolSet.connect(self._tool_changed)

    def close(self) -> None:
        """Take the map tool away."""
        self._canvas.mapToolSet.disconnect(self._tool_changed)
        self._canvas.unsetMapTool(self._tool)

    def _toggle(self, on: bool) -> None:
        if on and self._possible():
            self._canvas.setMapTool(self._tool)
        elif self._canvas.mapTool() is self._tool:
            self._canvas.unsetMapTool(self._tool)
            self._iface.actionPan().trigger()
        else:
            self._button.setChecked(False)

    def _tool_changed(self, tool: Any, _: Any = None) -> None:
        self._button.setChecked(tool is self._tool)


class ClickToAdd:
    """Adds the landslide around a click in the map.

    Args:
        iface: QGIS's interface.
        panel: Its widgets.
        review: What is under review.
        threshold: Gives the probability from which a pixel belongs to the landslide.
        notify: Shows the reviewer a message.
        added: Called with the landslide that was added.
    """

    def __init__(
        self,
        iface: Any,
        panel: ReviewPanel,
        review: Review,
        *,
        threshold: Callable[[], float],
        notify: Callable[[str, Qgis.MessageLevel], None],
        added: Callable[[int], None],
    ) -> None:
        self._canvas = iface.mapCanvas()
        self._review = review
        self._threshold = threshold
        self._notify = notify
        self._added = added
        self._tool = ClickTool(self._canvas)
        self._tool.clicked.connect(self.add_at)
        self._toggle = Toggled(iface, panel.add, self._tool, lambda: review.probability is not None)

    def close(self) -> None:
        """Take the map tool away."""
        self._toggle.close()

    def add_at(self, point: QgsPointXY) -> None:
        """Add the landslide around a point of the map."""
        probability, reviewed = self._review.probability, self._review.reviewed
        if probability is None or reviewed is None:
            return
        crs, threshold = self._review.raster_crs, self._threshold()
        there = transformed(QgsGeometry.fromPointXY(point), map_crs(self._canvas), crs).asPoint()
        found = grow(probability, there, threshold)
        if found is None:
            self._explain(probability.at(there), threshold)
            return
        geometry, probabilities = found
        try:
            fid = reviewed.add(
                transformed(geometry, crs, self._review.layer_crs),
                probabilities,
                self._review.event,
            )
        except ReviewError as error:
            self._notify(str(error), Qgis.MessageLevel.Critical)
            return
        self._added(fid)

    def _explain(self, value: float | None, threshold: float) -> None:
        text = tr("There is no result at this place.")
        if value is not None:
            text = tr(
                "The probability here is {value}, below the threshold of {threshold}; lower it to add this place."
            ).format(value=number(value, 2), threshold=number(threshold, 2))
        self._notify(text, Qgis.MessageLevel.Info)
