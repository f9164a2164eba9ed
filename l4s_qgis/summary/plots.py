"""Frequency-area plot and aspect rose, drawn with Qt alone."""

from __future__ import annotations

import math
from typing import Any

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QPainter, QPalette, QPen, QPolygonF
from qgis.PyQt.QtWidgets import QWidget

from ..i18n import tr
from .numbers import SECTORS, Figures

MARGIN = 42


class Plot(QWidget):
    """A drawing that follows the theme's colours."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figures: Figures | None = None
        self.setMinimumHeight(190)

    def sizeHint(self) -> QSize:
        return QSize(320, 220)

    def show_figures(self, figures: Figures | None) -> None:
        """Draw other figures."""
        self.figures = figures
        self.update()

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.Base))
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        if self.figures is None or not self.figures.count:
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, tr("no landslides"))
        else:
            self.draw(painter, self.figures)
        painter.end()

    def draw(self, painter: QPainter, figures: Figures) -> None:
        """Draw the figures."""
        raise NotImplementedError


class FrequencyArea(Plot):
    """How often landslides of each area are, both axes logarithmic."""

    def draw(self, painter: QPainter, figures: Figures) -> None:
        box = QRectF(self.rect()).adjusted(MARGIN + 24, 12, -14, -MARGIN)
        points = [(math.log10(area), math.log10(value)) for area, value in figures.density]
        left, right = _decades([x for x, _ in points])
        low, high = _decades([y for _, y in points])
        painter.drawRect(box)

        def place(x: float, y: float) -> QPointF:
            return QPointF(
                box.left() + box.width() * (x - left) / (right - left),
                box.bottom() - box.height() * (y - low) / (high - low),
            )

        for decade in range(left, right + 1):
            at = place(decade, low)
            painter.drawLine(at, QPointF(at.x(), at.y() + 4))
            _text(painter, QPointF(at.x(), at.y() + 14), f"10{_raised(decade)}")
        for decade in range(low, high + 1):
            at = place(left, decade)
            painter.drawLine(at, QPointF(at.x() - 4, at.y()))
            _text(painter, QPointF(at.x() - 22, at.y()), f"10{_raised(decade)}")
        _text(painter, QPointF(box.center().x(), box.bottom() + 32), tr("area (m²)"))
        painter.save()
        painter.translate(10, box.center().y())
        painter.rotate(-90)
        _text(painter, QPointF(0, 0), tr("probability density (1/m²)"))
        painter.restore()
        colour = self.palette().color(QPalette.ColorRole.Highlight)
        painter.setPen(QPen(colour, 2))
        placed = [place(x, y) for x, y in points]
        painter.drawPolyline(QPolygonF(placed))
        painter.setBrush(colour)
        for at in placed:
            painter.drawEllipse(at, 3.5, 3.5)


class Rose(Plot):
    """In which directions landslides look."""

    def draw(self, painter: QPainter, figures: Figures) -> None:
        most = max(figures.rose)
        size = min(self.width(), self.height()) - 48
        centre = QPointF(self.width() / 2, self.height() / 2)
        names = (tr("N"), tr("NE"), tr("E"), tr("SE"), tr("S"), tr("SW"), tr("W"), tr("NW"))
        painter.drawEllipse(centre, size / 2, size / 2)
        for index, name in enumerate(names):
            angle = math.radians(360 / SECTORS * index)
            away = size / 2 + 13
            at = QPointF(centre.x() + away * math.sin(angle), centre.y() - away * math.cos(angle))
            _text(painter, at, name)
        if not most:
            _text(painter, centre, tr("no aspects"))
            return
        painter.setBrush(self.palette().color(QPalette.ColorRole.Highlight))
        for index, count in enumerate(figures.rose):
            radius = size / 2 * math.sqrt(count / most)  # areas, not radii, are compared by eye
            box = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
            width = 360 / SECTORS
            start = 90 - width * index - width / 2
            painter.drawPie(box, round(16 * start), round(16 * width))


def _decades(values: list[float]) -> tuple[int, int]:
    low, high = math.floor(min(values)), math.ceil(max(values))
    return low, max(high, low + 1)


def _raised(number: int) -> str:
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _text(painter: QPainter, at: QPointF, text: str) -> None:
    box = QRectF(at.x() - 100, at.y() - 10, 200, 20)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
