"""A curtain over the map: another picture of the same place on its right side, drawn aside with the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.core import QgsMapLayer, QgsMapRendererParallelJob, QgsMapSettings
from qgis.gui import QgsMapCanvas, QgsMapCanvasItem
from qgis.PyQt.QtCore import QRectF, Qt, QTimer
from qgis.PyQt.QtGui import QColor, QImage, QPainter, QPen

HANDLE_PX = 12


class Curtain(QgsMapCanvasItem):
    """Shows given layers right of a line.

    Args:
        canvas: The map.
        layers: What is shown, topmost first.
    """

    def __init__(self, canvas: QgsMapCanvas, layers: Sequence[QgsMapLayer]) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._layers = list(layers)
        self._share = 0.5
        self._image = QImage()
        self._extent = canvas.extent()
        self._job: Any = None
        self._later = QTimer(canvas, singleShot=True, interval=80)
        self._later.timeout.connect(self._render)
        canvas.extentsChanged.connect(self._later.start)
        canvas.setMouseTracking(True)
        self._render()

    def set_share(self, share: float) -> None:
        """Where the line stands, 0 left … 1 right."""
        self._share = min(max(share, 0.0), 1.0)
        self.update()

    def close(self) -> None:
        """Take the curtain away."""
        self._later.stop()
        self._canvas.extentsChanged.disconnect(self._later.start)
        if self._job is not None:
            self._job.cancelWithoutBlocking()
        self._canvas.scene().removeItem(self)

    def _render(self) -> None:
        settings = QgsMapSettings(self._canvas.mapSettings())
        settings.setLayers(self._layers)
        settings.setBackgroundColor(QColor(Qt.GlobalColor.white))
        if self._job is not None:
            self._job.cancelWithoutBlocking()
        self._job = QgsMapRendererParallelJob(settings)
        self._job.finished.connect(self._rendered)
        self._extent = settings.visibleExtent()
        self._job.start()

    def _rendered(self) -> None:
        job = self.sender() if hasattr(self, "sender") else self._job
        if job is None or self._job is None:
            return
        self._image = self._job.renderedImage()
        self.setRect(self._extent)
        self.update()

    def paint(self, painter: QPainter | None, option: Any = None, widget: Any = None) -> None:
        """Draw the picture right of the line, and the line."""
        if painter is None or self._image.isNull():
            return
        box = self.boundingRect()
        x = box.width() * self._share
        ratio = self._image.width() / max(box.width(), 1.0)
        painter.drawImage(
            QRectF(x, 0, box.width() - x, box.height()),
            self._image,
            QRectF(x * ratio, 0, self._image.width() - x * ratio, self._image.height()),
        )
        for colour, width in ((QColor(255, 255, 255), 4), (QColor(30, 30, 30), 1.6)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(round(x), 0, round(x), round(box.height()))
