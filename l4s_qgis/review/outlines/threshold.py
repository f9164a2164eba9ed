"""The threshold slider with its preview on the map."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import Qgis, QgsGeometry, QgsVectorLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtGui import QColor

from ...i18n import number, tr
from .. import options
from ..inventory import ReviewError
from ..panel import ReviewPanel
from ..session import Review
from .canvas import Outline, map_crs, transformed
from .outline import inside_outline, outlines, redraw

SOON_MS = 40
"""Moves of the slider closer together than this are drawn once."""


class ThresholdSlider:
    """Previews and applies outlines at another threshold.

    Args:
        panel: Its widgets.
        review: What is under review.
        canvas: The map.
        revectorize: Draws the whole layer anew at a threshold.
        notify: Shows the reviewer a message.
        reshaped: Called with the landslide whose outline was taken.
    """

    def __init__(
        self,
        panel: ReviewPanel,
        review: Review,
        canvas: QgsMapCanvas,
        *,
        revectorize: Callable[[QgsVectorLayer, float], None],
        notify: Callable[[str, Qgis.MessageLevel], None],
        reshaped: Callable[[int], None],
    ) -> None:
        self._panel = panel
        self._review = review
        self._canvas = canvas
        self._revectorize = revectorize
        self._notify = notify
        self._reshaped = reshaped
        self.preview = Outline(canvas, QColor(options.get("colour_preview")), 2, alpha=45)
        self._soon = QTimer(panel, singleShot=True, interval=SOON_MS)
        self._soon.timeout.connect(self._draw)
        panel.threshold.valueChanged.connect(self._moved)
        panel.scope.currentIndexChanged.connect(lambda _: self._soon.start())
        panel.apply.clicked.connect(lambda _=False: self.apply())
        canvas.extentsChanged.connect(self._view_changed)

    def close(self) -> None:
        """Remove what is drawn on the map."""
        self._canvas.extentsChanged.disconnect(self._view_changed)
        self.preview.close()

    @property
    def value(self) -> float:
        """The threshold chosen, 0 to 1."""
        return self._panel.threshold.value() / 100

    def begin(self) -> None:
        """Start at the threshold of the layer under review."""
        self._panel.threshold_box.setEnabled(self._review.probability is not None)
        threshold = self._review.threshold
        self._panel.threshold.blockSignals(True)
        self._panel.threshold.setValue(50 if threshold is None else round(100 * threshold))
        self._panel.threshold.blockSignals(False)
        self._show_value()
        self.clear()

    def clear(self) -> None:
        """Drop the preview."""
        self.preview.clear()
        self._panel.apply.setEnabled(False)

    def apply(self) -> None:
        """Apply the threshold to the landslide or to the whole layer."""
        reviewed, fid = self._review.reviewed, self._review.queue.current
        if self._review.probability is None or reviewed is None:
            return
        if self._whole_layer:
            self._revectorize(reviewed.layer, self.value)
            return
        geometry = self._review.geometry
        if geometry is None or fid is None:
            return
        new = self._redrawn(geometry)
        if new is None:
            text = tr(
                "Nothing of this landslide is left at that threshold; reject it, or lower the threshold."
            )
            self._notify(text, Qgis.MessageLevel.Info)
            return
        try:
            reviewed.reshape(
                fid,
                transformed(new, self._review.raster_crs, self._review.layer_crs),
                inside_outline(self._review.probability, new),
            )
        except ReviewError as error:
            self._notify(str(error), Qgis.MessageLevel.Critical)
            return
        self._reshaped(fid)

    @property
    def _whole_layer(self) -> bool:
        return bool(self._panel.scope.currentData() == "all")

    def _moved(self, _: int) -> None:
        self._show_value()
        self._panel.apply.setEnabled(True)
        self._soon.start()

    def _show_value(self) -> None:
        self._panel.threshold_value.setText(number(self.value, 2))

    def _view_changed(self) -> None:
        if self._panel.apply.isEnabled() and self._whole_layer:
            self._soon.start()

    def _draw(self) -> None:
        """Draw outlines at the slider's threshold; nothing is changed."""
        if self._review.probability is None or not self._panel.apply.isEnabled():
            return
        shapes = self._in_view() if self._whole_layer else self._of_one()
        self.preview.clear()
        if shapes:
            together = QgsGeometry.collectGeometry(shapes)
            self.preview.show(together, self._review.raster_crs)

    def _of_one(self) -> list[QgsGeometry]:
        geometry = self._review.geometry
        new = self._redrawn(geometry) if geometry is not None else None
        return [new] if new is not None else []

    def _redrawn(self, geometry: QgsGeometry) -> QgsGeometry | None:
        there = transformed(geometry, self._review.layer_crs, self._review.raster_crs)
        return (
            redraw(self._review.probability, there, self.value)
            if self._review.probability is not None
            else None
        )

    def _in_view(self) -> list[QgsGeometry]:
        view = QgsGeometry.fromRect(self._canvas.extent())
        box = transformed(view, map_crs(self._canvas), self._review.raster_crs).boundingBox()
        patch = self._review.probability.read(box) if self._review.probability is not None else None
        return outlines(patch, self.value) if patch is not None else []
