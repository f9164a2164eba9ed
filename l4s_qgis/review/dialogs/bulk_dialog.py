"""The dialog for a decision on many landslides, with a preview."""

from __future__ import annotations

from typing import Any, Callable

from qgis.PyQt.QtCore import QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from ...i18n import tr
from .. import facts, schema
from ..bulk import ABOVE, ANY_FLAG, AREA, BELOW, NO_FLAG, PROBABILITY, SLOPE, Limit, Rule, matching
from ..queue import Entry
from ..session import Review

SELECTION, VIEW, ALL = "selection", "view", "all"
SOON_MS = 60
SHOWN = 20_000
"""Up to so many landslides are shown as selected on the map while the dialog is open."""


class BulkDialog(QDialog):
    """Which landslides, by place and rule, and what is decided on them.

    Args:
        review: What is under review.
        in_view: Gives the landslides that are in view on the map.
        parent: QGIS's window.
    """

    decided = pyqtSignal(list, str, object)
    put_aside = pyqtSignal(object)

    def __init__(self, review: Review, in_view: Callable[[], set[int]], parent: Any = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Decide on many landslides"))
        self._review = review
        self._in_view = in_view
        self._selected = list(review.layer.selectedFeatureIds()) if review.layer else []
        form = QFormLayout(self)
        self.where = QComboBox()
        for value, title in (
            (ALL, tr("all landslides")),
            (VIEW, tr("landslides in view")),
            (SELECTION, tr("the {n} selected landslides").format(n=len(self._selected))),
        ):
            self.where.addItem(title, value)
        if len(self._selected) > 1:
            self.where.setCurrentIndex(self.where.findData(SELECTION))
        form.addRow(tr("&Of"), self.where)
        self.limits = {
            PROBABILITY: _LimitRow(0.5, 1.0, 2, 0.05),
            AREA: _LimitRow(900.0, 1e8, 0, 100.0),
            SLOPE: _LimitRow(10.0, 90.0, 0, 1.0),
        }
        for what, title in (
            (PROBABILITY, tr("mean &probability")),
            (AREA, tr("&area in m²")),
            (SLOPE, tr("mean &slope in degrees")),
        ):
            form.addRow(title, self.limits[what])
            self.limits[what].changed.connect(self._later)
        self.flag = QComboBox()
        self.flag.addItem(tr("does not matter"), "")
        self.flag.addItem(tr("any flag"), ANY_FLAG)
        self.flag.addItem(tr("no flag"), NO_FLAG)
        for name in sorted({flag for entry in review.queue.entries() for flag in entry.flags}):
            self.flag.addItem(name, name)
        form.addRow(tr("&Flag"), self.flag)
        self.only_open = QCheckBox(tr("Leave landslides alone on which somebody decided"))
        self.only_open.setChecked(True)
        form.addRow("", self.only_open)
        self.decision = QComboBox()
        for status in (schema.ACCEPTED, schema.REJECTED, schema.NEEDS_REVIEW, schema.PENDING):
            self.decision.addItem(schema.status(status).title(), status)
        self.decision.setCurrentIndex(1)
        self.reason = QComboBox()
        for value, reason in schema.REASONS.items():
            self.reason.addItem(reason(), value)
        self.reason.setCurrentIndex(self.reason.count() - 1)
        form.addRow(tr("&Decision"), self.decision)
        form.addRow(tr("&Reason"), self.reason)
        self.preview = QLabel(wordWrap=True)
        form.addRow(self.preview)
        self.aside = QPushButton(tr("Leave for later"))
        self.aside.setToolTip(
            tr("Decides nothing: landslides of this rule come last when you go through the rest")
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.apply = buttons.addButton(tr("Decide"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(self.aside, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.accepted.connect(self._decide)
        buttons.rejected.connect(self.reject)
        self.aside.clicked.connect(self._put_aside)
        form.addRow(buttons)
        self._soon = QTimer(self, singleShot=True, interval=SOON_MS)
        self._soon.timeout.connect(self.refresh)
        for combo in (self.where, self.flag, self.decision):
            combo.currentIndexChanged.connect(self._later)
        self.only_open.toggled.connect(self._later)
        self.refresh()

    def rule(self) -> Rule:
        """The rule that the dialog describes."""
        limits = tuple(
            Limit(what, row.side.currentData(), row.value.value())
            for what, row in self.limits.items()
            if row.side.currentData()
        )
        return Rule(limits, self.flag.currentData(), self.only_open.isChecked())

    def chosen(self) -> list[Entry]:
        """The landslides that the rule is about."""
        among: dict[str, Callable[[], set[int] | None]] = {
            ALL: lambda: None,
            VIEW: self._in_view,
            SELECTION: lambda: set(self._selected),
        }
        place = among[self.where.currentData()]()
        return matching(self._review.queue.entries(), self.rule(), place)

    def refresh(self) -> None:
        """Show how many there are, and which."""
        self._soon.stop()
        entries = self.chosen()
        self.reason.setEnabled(self.decision.currentData() == schema.REJECTED)
        self.preview.setText(
            tr(
                "<b>{n} landslides</b>, {area} together. One step of undo takes all of it back."
            ).format(n=len(entries), area=facts.area_text(sum(e.area_m2 for e in entries)))
            if entries
            else tr("No landslide meets this.")
        )
        self.apply.setText(tr("Decide on {n}").format(n=len(entries)))
        self.apply.setEnabled(bool(entries))
        self.aside.setEnabled(not self.rule().is_empty and self.where.currentData() == ALL)
        if self._review.layer is not None:
            shown = entries if len(entries) <= SHOWN else []
            self._review.layer.selectByIds([entry.fid for entry in shown])

    def done(self, result: int) -> None:
        """The selection is again what it was."""
        if self._review.layer is not None:
            self._review.layer.selectByIds(self._selected)
        super().done(result)

    def _later(self, *_: Any) -> None:
        self._soon.start()

    def _decide(self) -> None:
        status = self.decision.currentData()
        reason = self.reason.currentData() if status == schema.REJECTED else None
        fids = [entry.fid for entry in self.chosen()]
        self.accept()
        self.decided.emit(fids, status, reason)

    def _put_aside(self) -> None:
        rule = self.rule()
        self.accept()
        self.put_aside.emit(rule)


class _LimitRow(QWidget):
    """A condition on a number: none, above or below a value."""

    changed = pyqtSignal()

    def __init__(self, value: float, highest: float, digits: int, step: float) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.side = QComboBox()
        for text, side in (
            (tr("does not matter"), ""),
            (tr("at least"), ABOVE),
            (tr("less than"), BELOW),
        ):
            self.side.addItem(text, side)
        self.value = QDoubleSpinBox(maximum=highest, decimals=digits, singleStep=step)
        self.value.setValue(value)
        self.value.setEnabled(False)
        row.addWidget(self.side, 1)
        row.addWidget(self.value, 1)
        self.side.currentIndexChanged.connect(self._side_changed)
        self.value.valueChanged.connect(lambda _: self.changed.emit())

    def _side_changed(self, _: int) -> None:
        self.value.setEnabled(bool(self.side.currentData()))
        self.changed.emit()
