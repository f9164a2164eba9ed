"""The dialog that asks what all landslides of an inventory have in common."""

from __future__ import annotations

from typing import Any

from qgis.core import NULL, QgsFeatureRequest, QgsVectorLayer
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
)

from ...i18n import tr
from .. import schema
from ..event import COLUMNS, UNKNOWN, event_of, wrong_days


class EventDialog(QDialog):
    """Asks what all landslides of an inventory have in common.

    Args:
        layer: The inventory.
        parent: QGIS's window.
    """

    given = pyqtSignal(dict, bool)

    def __init__(self, layer: QgsVectorLayer, parent: Any = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Event of all landslides"))
        known = {**_first(layer), **event_of(layer)}
        form = QFormLayout(self)
        self.fields: dict[str, QLineEdit | QComboBox] = {}
        for column, title, hint in (
            ("event", tr("&Event"), tr("such as Hokkaido earthquake 2018")),
            ("date_from", tr("&First day"), "2018-09-06"),
            ("date_to", tr("&Last day"), "2018-09-06"),
        ):
            self.fields[column] = QLineEdit(known.get(column, ""), placeholderText=hint)
            form.addRow(title, self.fields[column])
        for column, title in (
            ("trigger", tr("&Trigger")),
            ("material", tr("&Material")),
            ("ls_type", tr("T&ype")),
        ):
            box = QComboBox()
            box.addItem(tr("leave as it is"), "")
            for value, text in schema.choices(layer, column).items():
                if value not in UNKNOWN:
                    box.addItem(schema.title_of(column, value, text), value)
            box.setCurrentIndex(max(0, box.findData(known.get(column, ""))))
            self.fields[column] = box
            form.addRow(title, box)
        for column, title in (("images", tr("&Images")), ("reviewer", tr("&Reviewer"))):
            self.fields[column] = QLineEdit(known.get(column, ""))
            form.addRow(title, self.fields[column])
        self.only_empty = QCheckBox(tr("Keep what a landslide has already"), checked=True)
        form.addRow("", self.only_empty)
        self.problem = QLabel(wordWrap=True)
        self.problem.setStyleSheet("color: #b00020")
        form.addRow(self.problem)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self._give)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)
        self.resize(460, self.sizeHint().height())

    def values(self) -> dict[str, str]:
        """What was answered, by column."""
        return {
            column: (
                str(field.currentData() or "")
                if isinstance(field, QComboBox)
                else field.text().strip()
            )
            for column, field in self.fields.items()
        }

    def _give(self) -> None:
        values = self.values()
        wrong = wrong_days(values["date_from"], values["date_to"])
        self.problem.setText(wrong)
        if not wrong:
            self.accept()
            self.given.emit(values, self.only_empty.isChecked())


def _first(layer: QgsVectorLayer) -> dict[str, str]:
    """Values of the first landslide as a proposal, without reviewer."""
    feature = next(iter(layer.getFeatures(QgsFeatureRequest().setLimit(1))), None)
    if feature is None:
        return {}
    found = {}
    for column in COLUMNS[:-1]:
        value = feature[column] if layer.fields().indexOf(column) >= 0 else None
        if value not in (None, NULL) and str(value) not in UNKNOWN:
            found[column] = str(value)
    return found
