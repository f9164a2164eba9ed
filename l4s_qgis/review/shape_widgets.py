"""The widgets of the review dock for outlines, drawing and comparison."""

from __future__ import annotations

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QGridLayout,
    QGroupBox,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

from ..i18n import tr
from .keys import labelled


class ShapeWidgets:
    """Threshold, drawing tools, swipe and second map; a part of the panel."""

    def _make_threshold(self) -> QWidget:
        self.threshold_box = QGroupBox(tr("Outline from the probability"))
        grid = QGridLayout(self.threshold_box)
        self.threshold = QSlider(Qt.Orientation.Horizontal, minimum=2, maximum=98, value=50)
        self.threshold.setToolTip(
            tr("Outlines follow at once on the map; nothing is changed before “Apply”")
        )
        self.threshold_value = QLabel("0.50")
        self.scope = QComboBox()
        self.scope.addItem(tr("this landslide"), "one")
        self.scope.addItem(tr("whole layer"), "all")
        self.apply = QPushButton(tr("Apply"), enabled=False)
        self.add = tool(
            "",
            tr(
                "Click on a landslide that was missed: it grows from the probability around the click, at the threshold above"
            ),
            checkable=True,
        )
        grid.addWidget(self.threshold, 0, 0, 1, 2)
        grid.addWidget(self.threshold_value, 0, 2)
        grid.addWidget(self.scope, 1, 0)
        grid.addWidget(self.apply, 1, 1, 1, 2)
        grid.addWidget(self.add, 2, 0, 1, 3)
        return self.threshold_box

    def _make_drawing(self) -> QWidget:
        box = QGroupBox(tr("Draw and correct"))
        grid = QGridLayout(box)
        self.polygon = tool(
            "",
            tr("Draw a landslide that was missed: click its corners, end with the right button"),
            checkable=True,
        )
        self.freehand = tool(
            "",
            tr("Draw around a landslide that was missed with the button held down"),
            checkable=True,
        )
        self.brush = tool(
            "",
            tr("Paint ground that belongs to this landslide; Ctrl and the wheel change the size"),
            checkable=True,
        )
        self.cut = tool(
            "",
            tr("Cut ground away from this landslide; Ctrl and the wheel change the size"),
            checkable=True,
        )
        self.edit = tool(
            "", tr("QGIS's own editing, with snapping; press again to save"), checkable=True
        )
        self.show_editing(False)
        self.split = tool(tr("Split"), tr("Draw a line across a landslide"))
        self.merge = tool(tr("Merge"), tr("Select two or more landslides, then merge them"))
        for index, button in enumerate((self.polygon, self.freehand, self.brush, self.cut)):
            grid.addWidget(button, index // 2, 3 * (index % 2), 1, 3)
        for index, button in enumerate((self.edit, self.split, self.merge)):
            grid.addWidget(button, 2, 2 * index, 1, 2)
        return box

    def _make_comparison(self) -> QWidget:
        box = QGroupBox(tr("Compare"))
        grid = QGridLayout(box)
        self.swipe = QComboBox()
        self.swipe.setToolTip(
            tr(
                "Shows another layer right of a line in the map; draw the line aside with the mouse or the slider"
            )
        )
        self.curtain = QSlider(Qt.Orientation.Horizontal, maximum=100, value=50, enabled=False)
        self.second = QComboBox()
        self.second.setToolTip(tr("Shows another layer in a second map that moves with the first"))
        for combo in (self.swipe, self.second):
            narrow(combo)
        grid.addWidget(QLabel(tr("Swipe to")), 0, 0)
        grid.addWidget(self.swipe, 0, 1)
        grid.addWidget(self.curtain, 1, 0, 1, 2)
        grid.addWidget(QLabel(tr("Second map")), 2, 0)
        grid.addWidget(self.second, 2, 1)
        grid.setColumnStretch(1, 1)
        return box

    def show_editing(self, on: bool) -> None:
        """Show whether the layer is in QGIS's edit mode."""
        self.edit.blockSignals(True)
        self.edit.setChecked(on)
        self.edit.blockSignals(False)
        self.edit.setText(labelled(tr("Save edits") if on else tr("Vertices"), "edit"))


def tool(text: str, tip: str, *, checkable: bool = False) -> QToolButton:
    """A button of a tool, as wide as its place."""
    button = QToolButton(text=text, toolTip=tip, checkable=checkable)
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return button


def narrow(box: QComboBox) -> None:
    """Let a combo box be narrower than its longest entry."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
