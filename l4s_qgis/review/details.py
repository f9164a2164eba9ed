"""Type, confidence and notes of the current landslide, by keys or mouse."""

from __future__ import annotations

from typing import Any, Callable

from qgis.core import Qgis, QgsFeature, QgsVectorLayer
from qgis.PyQt.QtWidgets import QComboBox

from . import schema
from .inventory import ReviewError, plain
from .panel import ReviewPanel
from .session import Review


class Details:
    """Writes what a person says of the current landslide.

    Args:
        panel: The dock's widgets.
        review: What is under review.
        notify: Shows the reviewer a message.
        done: Called after something was written or given up, to go back to the map.
    """

    def __init__(
        self,
        panel: ReviewPanel,
        review: Review,
        *,
        notify: Callable[[str, Qgis.MessageLevel], None],
        done: Callable[[], None],
    ) -> None:
        self._panel = panel
        self._review = review
        self._notify = notify
        self._done = done
        self._columns: dict[str, QComboBox] = {
            "ls_type": panel.type,
            "confidence": panel.confidence,
        }
        for column, combo in self._columns.items():
            combo.activated.connect(
                lambda _, column=column, combo=combo: self._write(column, combo.currentData())
            )
        panel.notes.editingFinished.connect(self._write_notes)
        panel.notes.returnPressed.connect(done)

    def open(self, layer: QgsVectorLayer | None) -> None:
        """Offer what the layer's columns may hold."""
        for column, combo in self._columns.items():
            combo.clear()
            for value, title in (schema.choices(layer, column) if layer else {}).items():
                combo.addItem(schema.title_of(column, value, title), value)
            combo.setEnabled(combo.count() > 0)

    def show(self, feature: QgsFeature | None) -> None:
        """Show what is known of the current landslide."""
        for column, combo in self._columns.items():
            value = _text(feature, column)
            combo.setCurrentIndex(combo.findData(value) if value else -1)
        self._panel.notes.setText(_text(feature, "notes"))
        self._panel.notes.setEnabled(feature is not None)

    def choose_type(self) -> None:
        """Open the list of types."""
        self._open(self._panel.type)

    def choose_confidence(self) -> None:
        """Open the list of confidences."""
        self._open(self._panel.confidence)

    def write_notes(self) -> None:
        """Begin to write notes."""
        self._panel.details_box.setCollapsed(False)
        self._panel.notes.setFocus()
        self._panel.notes.selectAll()

    def _open(self, combo: QComboBox) -> None:
        if combo.isEnabled():
            self._panel.details_box.setCollapsed(False)
            combo.setFocus()
            combo.showPopup()

    def _write_notes(self) -> None:
        self._write("notes", self._panel.notes.text().strip() or None)

    def _write(self, column: str, value: Any) -> None:
        reviewed, fid = self._review.reviewed, self._review.queue.current
        if reviewed is None or fid is None:
            return
        if (value or "") != _text(reviewed.feature(fid), column):
            index = reviewed.layer.fields().indexOf(column)
            numeric = index >= 0 and reviewed.layer.fields().at(index).isNumeric()
            try:
                reviewed.describe([fid], {column: int(value) if numeric and value else value})
            except ReviewError as error:
                self._notify(str(error), Qgis.MessageLevel.Critical)
        if column != "notes":
            self._done()


def _text(feature: QgsFeature | None, column: str) -> str:
    if feature is None or feature.fields().indexOf(column) < 0:
        return ""
    value = plain(feature[column])
    return "" if value is None else str(value)
