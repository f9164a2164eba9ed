"""The dialog that hands out parts and merges decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ...i18n import tr
from .. import schema
from ..files import inventory_file
from ..inventory import ReviewError
from ..reviewers.merging import Merge, compare, take
from ..reviewers.parts import GRID, QUEUE, share_out, write_parts
from ..session import Review


class ReviewersDialog(QDialog):
    """Hand out parts; merge them again.

    Args:
        review: What is under review.
        parent: QGIS's window.
    """

    merged = pyqtSignal(int)
    looked_at = pyqtSignal(int)

    def __init__(self, review: Review, parent: Any = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Several reviewers"))
        self._review = review
        self.merge = Merge()
        self.tabs = QTabWidget()
        self.tabs.addTab(self._make_hand_out(), tr("Hand out parts"))
        self.tabs.addTab(self._make_merge(), tr("Merge decisions"))
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs)
        self.resize(620, 420)

    def _make_hand_out(self) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        self.names = QLineEdit(placeholderText=tr("Ada, Ben, Chen"))
        form.addRow(tr("&Reviewers"), self.names)
        self.by = QComboBox()
        self.by.addItem(tr("regions of the map"), GRID)
        self.by.addItem(tr("in turn, in the order of the queue"), QUEUE)
        form.addRow(tr("&Divide by"), self.by)
        self.only_open = QCheckBox(tr("Only landslides on which nobody decided"), checked=True)
        form.addRow("", self.only_open)
        self.folder = QgsFileWidget()
        self.folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        layer = self._review.layer
        self.folder.setFilePath(str(inventory_file(layer).parent) if layer is not None else "")
        form.addRow(tr("&Folder"), self.folder)
        self.write = QPushButton(tr("Write one GeoPackage for each"))
        self.write.clicked.connect(lambda _=False: self.hand_out())
        form.addRow(self.write)
        self.written = QLabel(wordWrap=True)
        form.addRow(self.written)
        return page

    def _make_merge(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        self.choose = QPushButton(tr("Choose the reviewers' GeoPackages…"))
        self.choose.clicked.connect(lambda _=False: self._choose())
        self.summary = QLabel(wordWrap=True)
        self.table = QTableWidget(0, 2)
        self.table.setHorizontalHeaderLabels([tr("No."), tr("What is taken")])
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.currentCellChanged.connect(lambda row, *_: self._look(row))
        self.take = QPushButton(tr("Take over"), enabled=False)
        self.take.clicked.connect(lambda _=False: self.take_over())
        for widget in (self.choose, self.summary, self.table, self.take):
            layout.addWidget(widget)
        return page

    def hand_out(self) -> None:
        """Write the parts."""
        names = [name.strip() for name in self.names.text().split(",") if name.strip()]
        reviewed, queue = self._review.reviewed, self._review.queue
        if reviewed is None or len(names) < 2:
            self.written.setText(tr("Name two reviewers or more, with commas between them."))
            return
        entries = [
            entry
            for entry in queue.ordered()
            if schema.is_open(entry.status) or not self.only_open.isChecked()
        ]
        shares = share_out(entries, len(names), self.by.currentData())
        inventory = inventory_file(reviewed.layer)
        try:
            files = write_parts(inventory, shares, names, Path(self.folder.filePath()))
        except FileExistsError as error:
            self.written.setText(
                tr("{path} is there already; move it away or choose another folder.").format(
                    path=error
                )
            )
            return
        except (OSError, RuntimeError) as error:
            self.written.setText(
                tr("{path} cannot be written; choose another folder.").format(path=error)
            )
            return
        lines = [f"{file.name}: {len(share)}" for file, share in zip(files, shares)]
        self.written.setText("\n".join(lines))

    def _choose(self) -> None:
        layer = self._review.layer
        start = str(inventory_file(layer).parent) if layer is not None else ""
        files, _ = QFileDialog.getOpenFileNames(
            self, tr("The reviewers' GeoPackages"), start, tr("GeoPackage") + " (*.gpkg)"
        )
        if files:
            self.compare([Path(file) for file in files])

    def compare(self, files: list[Path]) -> None:
        """Compare the files with the inventory, and list where they differ."""
        reviewed = self._review.reviewed
        if reviewed is None:
            return
        own = inventory_file(reviewed.layer).resolve()
        self.merge = compare(reviewed, [file for file in files if file.resolve() != own])
        merge = self.merge
        text = tr("{agreed} decided alike or by one, {added} drawn, {conflicts} conflicts.").format(
            agreed=len(merge.agreed), added=len(merge.added), conflicts=len(merge.conflicts)
        )
        if merge.unreadable:
            text += " " + tr("Not an inventory: {names}.").format(names=", ".join(merge.unreadable))
        self.summary.setText(text)
        self.table.setRowCount(len(merge.conflicts))
        for row, conflict in enumerate(merge.conflicts):
            self.table.setItem(row, 0, QTableWidgetItem(str(conflict.number)))
            box = QComboBox()
            box.addItems([version.describe() for version in conflict.versions])
            box.currentIndexChanged.connect(
                lambda index, conflict=conflict: setattr(conflict, "chosen", index)
            )
            self.table.setCellWidget(row, 1, box)
        self.take.setEnabled(bool(merge.agreed or merge.added or merge.conflicts))

    def take_over(self) -> None:
        """Write what was merged."""
        if self._review.reviewed is None:
            return
        try:
            count = take(self._review.reviewed, self.merge)
        except ReviewError as error:
            self.summary.setText(str(error))
            return
        self.accept()
        self.merged.emit(count)

    def _look(self, row: int) -> None:
        if 0 <= row < len(self.merge.conflicts):
            fid = self.merge.conflicts[row].fid
            if fid is not None:
                self.looked_at.emit(fid)
