"""What all landslides of an inventory have in common: event, dates, trigger, type, images."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
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

from ..i18n import tr
from . import schema
from .changes import Change
from .inventory import ReviewedLayer, plain

PROPERTY = "l4s/event"
COLUMNS = ("event", "date_from", "date_to", "trigger", "material", "ls_type", "images", "reviewer")
UNKNOWN = ("", "unknown")


def event_of(layer: QgsVectorLayer) -> dict[str, str]:
    """What was said of all landslides of a layer; new ones get it, too."""
    try:
        noted = json.loads(str(layer.customProperty(PROPERTY) or "{}"))
    except ValueError:
        return {}
    if not isinstance(noted, dict):
        return {}
    return {name: str(noted[name]) for name in COLUMNS if noted.get(name)}


def write_event(reviewed: ReviewedLayer, values: Mapping[str, str], *, only_empty: bool) -> int:
    """Write what all landslides have in common, in one step of undo.

    Args:
        reviewed: The inventory.
        values: By column of :data:`COLUMNS`; empty ones are passed over.
        only_empty: Whether what a landslide has already stays.

    Returns:
        How many landslides changed.

    Raises:
        ReviewError: It cannot be written; then none is.
    """
    columns = {name: reviewed.index(name) for name, value in values.items() if value}
    columns = {name: index for name, index in columns.items() if index >= 0}
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    request.setSubsetOfAttributes(list(columns.values()))
    changed: dict[int, dict[int, Any]] = {}
    for feature in reviewed.layer.getFeatures(request):
        row = {}
        for name, index in columns.items():
            known = str(plain(feature.attribute(index)) or "")
            if known != values[name] and (known in UNKNOWN or not only_empty):
                row[index] = values[name]
        if row:
            changed[feature.id()] = row
    if changed:
        reviewed.change(Change(changed))
    noted = {name: value for name, value in values.items() if value}
    reviewed.layer.setCustomProperty(PROPERTY, json.dumps(noted))
    return len(changed)


def wrong_days(first: str, last: str) -> str:
    """What is wrong with the days of an event; empty where nothing is."""
    days = []
    for text in (first, last):
        try:
            days.append(date.fromisoformat(text) if text else None)
        except ValueError:
            return tr("“{text}” is no day; write it as 2018-09-06.").format(text=text)
    if days[0] and days[1] and days[0] > days[1]:
        return tr("The first day, {first}, comes after the last, {last}.").format(
            first=first, last=last
        )
    return ""


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
    """What the first landslide says, as a proposal; its reviewer is not everybody's."""
    feature = next(iter(layer.getFeatures(QgsFeatureRequest().setLimit(1))), None)
    if feature is None:
        return {}
    found = {}
    for column in COLUMNS[:-1]:
        value = feature[column] if layer.fields().indexOf(column) >= 0 else None
        if value not in (None, NULL) and str(value) not in UNKNOWN:
            found[column] = str(value)
    return found
