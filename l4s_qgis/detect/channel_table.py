"""The table in which every band of an image is given its channel."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from .. import channels
from ..i18n import tr


class ChannelTable(QTableWidget):
    """Each band with its description and its channel, which can be changed."""

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels([tr("Band"), tr("Description"), tr("Channel")])
        self.verticalHeader().setVisible(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.setMinimumHeight(150)

    def show_bands(self, descriptions: Sequence[str], names: Sequence[str | None]) -> None:
        """Show bands and the channels that they seem to be."""
        self.setRowCount(len(descriptions))
        for row, (description, name) in enumerate(zip(descriptions, names)):
            number = QTableWidgetItem(str(row + 1))
            number.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
            self.setItem(row, 0, number)
            self.setItem(row, 1, QTableWidgetItem(description or "–"))
            self.setCellWidget(row, 2, self._make_choice(name))
        self.changed.emit()

    def names(self) -> list[str | None]:
        """The channel of every band, or None for those left out."""
        return [self.cellWidget(row, 2).currentData() for row in range(self.rowCount())]

    def _make_choice(self, name: str | None) -> QComboBox:
        choice = QComboBox()
        choice.addItem(tr("left out"), None)
        for channel in channels.CHANNELS:
            choice.addItem(f"{channel} – {tr(channels.TITLES[channel])}", channel)
        choice.setCurrentIndex(max(0, choice.findData(name)))
        choice.currentIndexChanged.connect(self.changed)
        # The wheel is for scrolling the table; a channel changed by accident is hard to notice.
        choice.wheelEvent = lambda event: event.ignore()
        return choice
