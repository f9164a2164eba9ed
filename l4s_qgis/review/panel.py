"""The widgets of the review dock, without behaviour."""

from __future__ import annotations

from qgis.core import QgsMapLayerProxyModel
from qgis.gui import QgsCollapsibleGroupBox, QgsMapLayerComboBox
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
    QVBoxLayout,
    QWidget,
)

from ..i18n import tr
from . import options, schema
from .keys import ACTIONS, key_of, labelled
from .queue import FIRST, LARGEST, LAST, MIXED, NUMBER, PLACE, SMALLEST, UNCERTAIN
from .shape_widgets import ShapeWidgets, narrow, tool


class ReviewPanel(ShapeWidgets, QWidget):
    """Layer, reviewer, progress, current landslide, tools and export."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: tuple[str, ...] = ()
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(6, 6, 6, 6)
        for part in (
            self._make_head(),
            self._make_progress(),
            self._make_decision(),
            self._make_details(),
            self._make_threshold(),
            self._make_drawing(),
            self._make_comparison(),
        ):
            layout.addWidget(part)
        layout.addStretch(1)
        self.show_keys()
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll, 1)
        outer.addWidget(self._make_inventory())  # always in view
        self.setMinimumWidth(
            content.minimumSizeHint().width() + scroll.verticalScrollBar().sizeHint().width()
        )

    def show_keys(self) -> None:
        """Show the keys on the buttons, as the person chose them last."""
        keys = tuple(key_of(action) for action in ACTIONS)
        if keys == self._keys:
            return
        self._keys = keys
        for button, text, action in (
            (self.accept, tr("✔  Accept"), "accept"),
            (self.reject, tr("✖  Reject"), "reject"),
            (self.second_look, tr("?  Needs review"), "second_look"),
            (self.bulk, tr("Many…"), "bulk"),
            (self.undo, tr("Undo"), "undo"),
            (self.zoom, tr("Zoom"), "zoom"),
            (self.add, tr("Click to add"), "add"),
            (self.polygon, tr("Polygon"), "polygon"),
            (self.freehand, tr("Freehand"), "freehand"),
            (self.brush, tr("Brush +"), "brush"),
            (self.cut, tr("Brush −"), "cut"),
        ):
            button.setText(labelled(text, action))
        self.back.setText(f"◀  {labelled(tr('Back'), 'back')}")
        self.next.setText(f"{labelled(tr('Next'), 'next')}  ▶")
        for label, title, action in (
            (self.type_label, tr("Type"), "type"),
            (self.confidence_label, tr("Confidence"), "confidence"),
            (self.notes_label, tr("Notes"), "notes"),
        ):
            label.setText(f"{title} ({key_of(action)})")
        self.show_editing(self.edit.isChecked())

    def for_inventories(self) -> list[QWidget]:
        """The buttons that need an inventory."""
        return [
            self.bulk,
            self.event,
            self.polygon,
            self.freehand,
            self.brush,
            self.cut,
            self.edit,
            self.split,
            self.merge,
            self.export,
            self.report,
            self.share,
            self.training,
            self.parts,
        ]

    def _make_head(self) -> QWidget:
        box = QWidget()
        form = QFormLayout(box)
        form.setContentsMargins(0, 0, 0, 0)
        self.layer = QgsMapLayerComboBox()
        self.layer.setFilters(QgsMapLayerProxyModel.Filter.PolygonLayer)
        self.layer.setAllowEmptyLayer(True)
        narrow(self.layer)
        form.addRow(tr("Inventory"), self.layer)
        self.reviewer = QLineEdit(placeholderText=tr("your name or initials"))
        form.addRow(tr("Reviewer"), self.reviewer)
        self.order = choice(
            {
                UNCERTAIN: tr("most doubtful first"),
                LARGEST: tr("largest first"),
                SMALLEST: tr("smallest first"),
                PLACE: tr("from place to place"),
                NUMBER: tr("by number"),
            },
            options.get("order"),
        )
        self.specks = choice(
            {
                MIXED: tr("specks in order"),
                FIRST: tr("specks first"),
                LAST: tr("specks last"),
            },
            options.get("specks"),
        )
        self.specks.setToolTip(
            tr("Specks are landslides below {area} m²").format(area=round(options.get("speck_m2")))
        )
        form.addRow(tr("Order"), self.order)
        self.pending = QCheckBox(tr("open only"), checked=options.get("only_pending"))
        self.pending.setToolTip(tr("Pass over landslides on which somebody decided"))
        row = QHBoxLayout()
        row.addWidget(self.pending)
        row.addWidget(self.specks, 1)
        form.addRow("", row)
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
        box = QGroupBox(tr("Current landslide"))
        grid = QGridLayout(box)
        self.facts = QLabel(wordWrap=True)
        self.facts.setTextFormat(Qt.TextFormat.RichText)
        self.facts.setMinimumHeight(80)
        self.facts.setAlignment(Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.facts, 0, 0, 1, 2)
        self.accept = QPushButton()
        self.accept.setStyleSheet("QPushButton { font-weight: bold; }")
        self.reject = QPushButton()
        self.second_look = QPushButton()
        self.second_look.setToolTip(tr("Somebody else should look at it; it stays open"))
        self.bulk = QPushButton()
        self.bulk.setToolTip(
            tr("Decide on the selection, on all in view, or on all that meet a rule")
        )
        self.reason = QComboBox()
        for number, (value, title) in enumerate(schema.REASONS.items(), start=1):
            self.reason.addItem(f"{number}  {title()}", value)
        self.reason.setCurrentIndex(max(0, self.reason.findData(options.get("reason"))))
        self.reason.setToolTip(
            tr("The digits 1 to 9 reject at once with the reason of that number")
        )
        narrow(self.reason)
        self.back = QPushButton()
        self.next = QPushButton()
        self.undo = QPushButton()
        self.zoom = QPushButton()
        reason = QHBoxLayout()
        reason.addWidget(QLabel(tr("Reason (1–9)")))
        reason.addWidget(self.reason, 1)
        for row, pair in enumerate(((self.accept, self.reject), (self.second_look, self.bulk)), 1):
            for column, button in enumerate(pair):
                grid.addWidget(button, row, column)
        grid.addLayout(reason, 3, 0, 1, 2)
        for row, pair in enumerate(((self.back, self.next), (self.undo, self.zoom)), 4):
            for column, button in enumerate(pair):
                grid.addWidget(button, row, column)
        return box

    def _make_details(self) -> QWidget:
        self.details_box = QgsCollapsibleGroupBox(tr("Type and event"))
        self.details_box.setObjectName("l4s_details")
        self.details_box.setSettingGroup("l4s")
        self.details_box.setCollapsed(True)
        form = QFormLayout(self.details_box)
        self.type = QComboBox()
        self.confidence = QComboBox()
        for combo in (self.type, self.confidence):
            narrow(combo)
        self.notes = QLineEdit(placeholderText=tr("anything worth keeping"))
        self.type_label, self.confidence_label, self.notes_label = QLabel(), QLabel(), QLabel()
        for label, widget in (
            (self.type_label, self.type),
            (self.confidence_label, self.confidence),
            (self.notes_label, self.notes),
        ):
            form.addRow(label, widget)
        self.event = tool(
            tr("Event of all landslides…"),
            tr("Event, dates, trigger and material, once for the whole inventory"),
        )
        form.addRow(self.event)
        return self.details_box

    def _make_inventory(self) -> QWidget:
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(6, 2, 6, 6)
        grid.setSpacing(4)
        self.export = QPushButton(tr("Export…"))
        self.report = QPushButton(tr("Report"))
        self.training = QPushButton(tr("Training patches…"))
        self.training.setToolTip(
            tr("Cuts labelled patches around reviewed landslides, for “Train a model”")
        )
        self.parts = QPushButton(tr("Reviewers…"))
        self.parts.setToolTip(tr("Hand out parts to several reviewers, and merge their decisions"))
        self.share = QPushButton(tr("Share…"))
        self.share.setToolTip(tr("One HTML file with an interactive map, for people without a GIS"))
        for index, button in enumerate((self.export, self.report, self.share)):
            grid.addWidget(button, 0, 2 * index, 1, 2)
        for index, button in enumerate((self.parts, self.training)):
            grid.addWidget(button, 1, 3 * index, 1, 3)
        return box


def choice(entries: dict[str, str], chosen: str) -> QComboBox:
    """A combo box of values and their titles."""
    box = QComboBox()
    for value, title in entries.items():
        box.addItem(title, value)
    box.setCurrentIndex(max(0, box.findData(chosen)))
    narrow(box)
    return box
