"""Swipe: shows another layer right of a movable line."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from qgis.core import (
    QgsMapLayer,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProject,
    QgsVectorLayer,
)
from qgis.gui import QgsMapCanvas, QgsMapCanvasItem
from qgis.PyQt.QtCore import QEvent, QObject, QPoint, QRectF, Qt, QTimer
from qgis.PyQt.QtGui import QColor, QImage, QPainter, QPen

from ..panel import ReviewPanel
from ..session import Review
from .pictures import offer_pictures

HANDLE_PX = 8
"""How near to the line the mouse takes hold of it."""


class Swipe(QObject):
    """Shows the layer that the person chose right of a line.

    Args:
        panel: Its widgets.
        review: What is under review; its outlines stay on top.
        canvas: The map.
    """

    def __init__(self, panel: ReviewPanel, review: Review, canvas: QgsMapCanvas) -> None:
        super().__init__(panel)
        self._panel = panel
        self._review = review
        self._canvas = canvas
        self._held = False
        self.curtain: Curtain | None = None
        panel.swipe.currentIndexChanged.connect(lambda _: self.show())
        panel.curtain.valueChanged.connect(self._move)
        project = QgsProject.instance()
        self._signals = (
            (project.layersAdded, self._fill),
            (project.layersRemoved, self._fill),
            (project.layersWillBeRemoved, self.end),
        )
        for signal, slot in self._signals:
            signal.connect(slot)
        canvas.viewport().installEventFilter(self)
        self._fill()

    def close(self) -> None:
        """Take everything away before the plugin is unloaded."""
        self.end()
        self._canvas.viewport().removeEventFilter(self)
        for signal, slot in self._signals:
            signal.disconnect(slot)

    def show(self) -> None:
        """Show the layer that is chosen, if one is."""
        self.end()
        layer = QgsProject.instance().mapLayer(self._panel.swipe.currentData() or "")
        self._panel.curtain.setEnabled(layer is not None)
        if layer is not None:
            on_top = [self._review.layer] if self._review.layer is not None else []
            # Where the layer lets something through, as a probability does, the image below it is
            # seen.
            below = [
                other
                for other in self._canvas.layers()
                if not isinstance(other, QgsVectorLayer) and other is not layer
            ]
            self.curtain = Curtain(self._canvas, [*on_top, layer, *below])
            self._move(self._panel.curtain.value())

    def end(self, *_: Any) -> None:
        """Take the curtain away; the choice stays."""
        if self.curtain is not None:
            self.curtain.close()
            self.curtain = None

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Let the mouse take hold of the line; everything else goes to the map."""
        if self.curtain is None or event is None:
            return False
        kind = event.type()
        if (
            kind == QEvent.Type.MouseButtonPress
            and event.button() == Qt.MouseButton.LeftButton
            and self._is_near(event.pos())
        ):
            self._held = True
            return True
        if kind == QEvent.Type.MouseMove and self._held:
            self._panel.curtain.setValue(
                round(100 * event.pos().x() / max(1, self._canvas.viewport().width()))
            )
            return True
        if kind == QEvent.Type.MouseButtonRelease and self._held:
            self._held = False
            return True
        return False

    def _is_near(self, place: QPoint) -> bool:
        return (
            abs(place.x() - self._panel.curtain.value() / 100 * self._canvas.viewport().width())
            <= HANDLE_PX
        )

    def _fill(self, *_: Any) -> None:
        offer_pictures(self._panel.swipe)
        self.show()  # what is shown stays what is chosen

    def _move(self, value: int) -> None:
        if self.curtain is not None:
            self.curtain.set_share(value / 100)


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
        self.image = QImage()
        self._job: QgsMapRendererParallelJob | None = None
        self._later = QTimer(canvas, singleShot=True, interval=80)
        self._later.timeout.connect(self._render)
        canvas.extentsChanged.connect(self._later.start)
        self._render()

    def set_share(self, share: float) -> None:
        """Where the line stands, 0 left … 1 right."""
        self._share = min(max(share, 0.0), 1.0)
        self.update()

    def close(self) -> None:
        """Take the curtain away."""
        self._later.stop()
        self._canvas.extentsChanged.disconnect(self._later.start)
        self._stop_job()
        self._canvas.scene().removeItem(self)

    def _render(self) -> None:
        self._stop_job()
        settings = QgsMapSettings(self._canvas.mapSettings())
        settings.setLayers(self._layers)
        settings.setBackgroundColor(QColor(Qt.GlobalColor.white))
        job = QgsMapRendererParallelJob(settings)
        job.finished.connect(partial(self._rendered, job, settings.visibleExtent()))
        self._job = job
        job.start()

    def _stop_job(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.cancelWithoutBlocking()

    def _rendered(self, job: QgsMapRendererParallelJob, extent: Any) -> None:
        if job is not self._job:  # the view has changed since
            return
        self._job = None
        self.image = job.renderedImage()
        self.setRect(extent)
        self.update()

    def paint(self, painter: QPainter | None, option: Any = None, widget: Any = None) -> None:
        """Draw the picture right of the line, and the line."""
        if painter is None or self.image.isNull():
            return
        box = self.boundingRect()
        x = box.width() * self._share
        ratio = self.image.width() / max(box.width(), 1.0)
        painter.drawImage(
            QRectF(x, 0, box.width() - x, box.height()),
            self.image,
            QRectF(x * ratio, 0, self.image.width() - x * ratio, self.image.height()),
        )
        for colour, width in ((QColor(255, 255, 255), 4), (QColor(30, 30, 30), 1.6)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(round(x), 0, round(x), round(box.height()))
