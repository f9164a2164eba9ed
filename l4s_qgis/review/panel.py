"""The widgets of the review dock; what they do is in ``dock.py``."""

from __future__ import annotations

from qgis.core import QgsMapLayerProxyModel
from qgis.gui import QgsMapLayerComboBox
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..i18n import tr
from . import schema
from .queue import LARGEST, NUMBER, PLACE, UNCERTAIN


class ReviewPanel(QWidget):
    """Layer and reviewer, progress, the landslide at hand, threshold, tools, export."""

    def __init__(self) -> None:
        super().__init__()
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        for part in (
            self._make_head(),
            self._make_progress(),
            self._make_decision(),
            self._make_threshold(),
            self._make_tools(),
            self._make_export(),
        ):
            layout.addWidget(part)
        layout.addStretch(1)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        self.setMinimumWidth(
            content.minimumSizeHint().width() + scroll.verticalScrollBar().sizeHint().width()
        )

    def _make_head(self) -> QWidget:
        box = QWidget()
        form = QFormLayout(box)
        form.setContentsMargins(0, 0, 0, 0)
        self.layer = QgsMapLayerComboBox()
        self.layer.setFilters(QgsMapLayerProxyModel.Filter.PolygonLayer)
        self.layer.setAllowEmptyLayer(True)
        _narrow(self.layer)
        form.addRow(tr("Inventory"), self.layer)
        self.reviewer = QLineEdit(placeholderText=tr("your name or initials"))
        form.addRow(tr("Reviewer"), self.reviewer)
        self.order = QComboBox()
        for text, value in (
            (tr("most doubtful first"), UNCERTAIN),
            (tr("largest first"), LARGEST),
            (tr("from place to place"), PLACE),
            (tr("by number"), NUMBER),
        ):
            self.order.addItem(text, value)
        self.pending = QCheckBox(tr("pending only"), checked=True)
        _narrow(self.order)
        form.addRow(tr("Order"), self.order)
        form.addRow("", self.pending)
        return box

    def _make_progress(self) -> QWidget:
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        self.bar = QProgressBar(textVisible=False, maximumHeight=8)
        self.counts = QLabel(wordWrap=True)
        layout.addWidget(self.bar)
        layout.addWidget(self.counts)
        return box

    def _make_decision(self) -> QWidget:
        box = QGroupBox(tr("Landslide at hand"))
        grid = QGridLayout(box)
        self.facts = QLabel(wordWrap=True)
        self.facts.setTextFormat(Qt.TextFormat.RichText)
        self.facts.setMinimumHeight(64)
        self.facts.setAlignment(Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.facts, 0, 0, 1, 2)
        self.accept = QPushButton(tr("✔  Accept  (A)"))
        self.accept.setStyleSheet("QPushButton { font-weight: bold; }")
        self.reject = QPushButton(tr("✖  Reject  (R)"))
        self.reason = QComboBox()
        for number, (value, title) in enumerate(schema.REASONS.items(), start=1):
            self.reason.addItem(f"{number}  {title()}", value)
        self.reason.setCurrentIndex(len(schema.REASONS) - 1)
        self.reason.setToolTip(
            tr("The digits 1 to 9 reject at once with the reason of that number")
        )
        _narrow(self.reason)
        self.back = QPushButton(tr("◀  Back  (B)"))
        self.next = QPushButton(tr("Next  (N)  ▶"))
        self.undo = QPushButton(tr("Undo  (U)"))
        self.zoom = QPushButton(tr("Zoom  (Z)"))
        grid.addWidget(self.accept, 1, 0)
        grid.addWidget(self.reject, 1, 1)
        reason = QHBoxLayout()
        reason.addWidget(QLabel(tr("Reason (1–9)")))
        reason.addWidget(self.reason, 1)
        grid.addLayout(reason, 2, 0, 1, 2)
        for column, (first, second) in enumerate(((self.back, self.undo), (self.next, self.zoom))):
            grid.addWidget(first, 3, column)
            grid.addWidget(second, 4, column)
        return box

    def _make_threshold(self) -> QWidget:
        self.threshold_box = QGroupBox(tr("Outline from the probability"))
        grid = QGridLayout(self.threshold_box)
        self.threshold = QSlider(Qt.Orientation.Horizontal, minimum=2, maximum=98, value=50)
        self.threshold.setToolTip(
            tr("Outlines follow at once, in the map in orange; nothing is changed before “Apply”")
        )
        self.threshold_value = QLabel("0.50")
        self.scope = QComboBox()
        self.scope.addItem(tr("this landslide"), "one")
        self.scope.addItem(tr("whole layer"), "all")
        self.apply = QPushButton(tr("Apply"), enabled=False)
        self.add = QToolButton(text=tr("Click to add (C)"), checkable=True)
        self.add.setToolTip(
            tr(
                "Click on a landslide that was missed: it grows from the probability around the click, at the threshold above"
            )
        )
        grid.addWidget(self.threshold, 0, 0, 1, 2)
        grid.addWidget(self.threshold_value, 0, 2)
        grid.addWidget(self.scope, 1, 0)
        grid.addWidget(self.apply, 1, 1, 1, 2)
        self.add.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        grid.addWidget(self.add, 2, 0, 1, 3)
        return self.threshold_box

    def _make_tools(self) -> QWidget:
        box = QGroupBox(tr("Shape and comparison"))
        grid = QGridLayout(box)
        self.edit = QToolButton(
            checkable=True, toolTip=tr("QGIS's own editing, with snapping; press again to save")
        )
        self.show_editing(False)
        self.split = QToolButton(text=tr("Split"), toolTip=tr("Draw a line across a landslide"))
        self.merge = QToolButton(
            text=tr("Merge"), toolTip=tr("Select two or more landslides, then merge them")
        )
        for column, (button, stretch) in enumerate(
            ((self.edit, 2), (self.split, 1), (self.merge, 1))
        ):
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            grid.addWidget(button, 0, column)
            grid.setColumnStretch(column, stretch)
        self.swipe = QComboBox()
        self.swipe.setToolTip(
            tr(
                "Shows another layer right of a line in the map; draw the line aside with the mouse or the slider"
            )
        )
        _narrow(self.swipe)
        self.curtain = QSlider(Qt.Orientation.Horizontal, maximum=100, value=50, enabled=False)
        grid.addWidget(QLabel(tr("Swipe to")), 1, 0)
        grid.addWidget(self.swipe, 1, 1, 1, 2)
        grid.addWidget(self.curtain, 2, 0, 1, 3)
        return box

    def show_editing(self, on: bool) -> None:
        """Show whether the layer is in QGIS's edit mode."""
        self.edit.blockSignals(True)
        self.edit.setChecked(on)
        self.edit.blockSignals(False)
        self.edit.setText(tr("Save edits (E)") if on else tr("Edit vertices (E)"))

    def _make_export(self) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        self.export = QPushButton(tr("Export…"))
        self.report = QPushButton(tr("Report"))
        self.training = QPushButton(tr("Teach…"))
        self.training.setToolTip(
            tr("Cuts labelled patches around reviewed landslides, for “Train a model”")
        )
        for button in (self.export, self.report, self.training):
            row.addWidget(button)
        return box


def _narrow(box: QComboBox) -> None:
    """Let a combo box be narrower than its longest entry, so that the dock leaves room for the
    map.
    """
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
