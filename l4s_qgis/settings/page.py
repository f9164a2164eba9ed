"""The page Settings ▸ Options ▸ Landslides."""

from __future__ import annotations

from typing import Any, Callable

from qgis.core import QgsSettings
from qgis.gui import QgsColorButton, QgsOptionsPageWidget
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QKeySequence
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ..i18n import tr
from ..messages import EngineError, escaped
from ..review import keys, options
from ..worker import environment
from . import about, values


class OptionsPage(QgsOptionsPageWidget):
    """What a person sets once; kept when the dialog is accepted.

    Args:
        open_engine: Opens the page on which the engine is installed.
    """

    def __init__(self, parent: QWidget | None, open_engine: Callable[[], Any]) -> None:
        super().__init__(parent)
        self._open_engine = open_engine
        content = QWidget()
        layout = QVBoxLayout(content)
        for box in (self._make_engine(), self._make_review(), self._make_keys(), _make_about()):
            layout.addWidget(box)
        layout.addStretch(1)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)

    def showEvent(self, event: Any) -> None:
        """Measure what is installed only when somebody looks: QGIS makes all pages at once."""
        super().showEvent(event)
        self._show_engine()

    def _make_engine(self) -> QGroupBox:
        from ..detect.options_box import bundled_models

        box = QGroupBox(tr("Detection"))
        form = QFormLayout(box)
        self.device = QComboBox()
        for text, value in (
            (tr("Automatic"), "auto"),
            (tr("Processor (CPU)"), "cpu"),
            (tr("NVIDIA GPU (CUDA)"), "cuda"),
        ):
            self.device.addItem(text, value)
        self.device.setCurrentIndex(self.device.findData(values.device()))
        form.addRow(tr("Device"), self.device)
        self.model = QComboBox()
        self.model.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.model.setMinimumContentsLength(20)
        for name, title in bundled_models():
            self.model.addItem(title, name)
        self.model.setCurrentIndex(max(0, self.model.findData(values.model())))
        form.addRow(tr("Model"), self.model)
        self.engine = QLabel(wordWrap=True)
        self.uninstall = QPushButton(tr("Uninstall the engine"))
        self.uninstall.clicked.connect(self._uninstall)
        open_page = QPushButton(tr("Install or repair…"))
        open_page.clicked.connect(lambda: self._open_engine())
        form.addRow(tr("Engine"), self.engine)
        row = QHBoxLayout()
        row.addWidget(open_page)
        row.addWidget(self.uninstall)
        row.addStretch(1)
        form.addRow("", row)
        return box

    def _make_review(self) -> QGroupBox:
        box = QGroupBox(tr("Review"))
        form = QFormLayout(box)
        self.reviewer = QLineEdit(QgsSettings().value(options.REVIEWER, "", type=str))
        form.addRow(tr("Reviewer"), self.reviewer)
        self.numbers = {
            "context": _number(1.0, 20.0, 0.5, 1, " ×"),
            "smallest_view_m": _number(20, 20000, 50, 0, " m"),
            "speck_m2": _number(0, 1e6, 100, 0, " m²"),
            "brush_m": _number(1, 5000, 5, 0, " m"),
        }
        labels = {
            "context": tr("Ground around a landslide, by its size"),
            "smallest_view_m": tr("Ground around a landslide, at least"),
            "speck_m2": tr("Specks are smaller than"),
            "brush_m": tr("Radius of the brush"),
        }
        for name, widget in self.numbers.items():
            widget.setValue(float(options.get(name)))
            form.addRow(labels[name], widget)
        self.colours = {"colour_current": QgsColorButton(), "colour_preview": QgsColorButton()}
        labels = {
            "colour_current": tr("Outline of the landslide at hand"),
            "colour_preview": tr("Outlines that are only proposed"),
        }
        for name, button in self.colours.items():
            button.setColor(QColor(str(options.get(name))))
            form.addRow(labels[name], button)
        return box

    def _make_keys(self) -> QGroupBox:
        box = QGroupBox(tr("Keys of the review"))
        form = QFormLayout(box)
        self.keys: dict[str, QKeySequenceEdit] = {}
        for action, about_it in keys.ACTIONS.items():
            self.keys[action] = QKeySequenceEdit(QKeySequence(keys.key_of(action)))
            self.keys[action].keySequenceChanged.connect(self._check_keys)
            form.addRow(about_it.title(), self.keys[action])
        self.doubled = QLabel(wordWrap=True, visible=False)
        form.addRow(self.doubled)
        return box

    def _check_keys(self, *_: Any) -> None:
        given = [_key_text(edit) for edit in self.keys.values()]
        twice = sorted({key for key in given if key and given.count(key) > 1})
        self.doubled.setVisible(bool(twice))
        self.doubled.setText(
            tr("{keys}: chosen for more than one action; the first one gets it.").format(
                keys=", ".join(twice)
            )
        )

    def _show_engine(self) -> None:
        try:
            found = environment.require()
        except EngineError as error:
            self.engine.setText(escaped(error.sentence()))
        else:
            self.engine.setText(f"<tt>{escaped(str(found.python))}</tt>")
        size = environment.installed_bytes()
        self.uninstall.setEnabled(size > 0)
        if size:
            self.engine.setText(
                self.engine.text()
                + "<br>"
                + tr("{size} MB in {folder}").format(
                    size=round(size / 1e6), folder=escaped(str(environment.root()))
                )
            )

    def _uninstall(self) -> None:
        box = QMessageBox.StandardButton
        question = tr("Remove the engine from this computer? Results and models stay.")
        if QMessageBox.question(self, tr("Uninstall the engine"), question) == box.Yes:
            try:
                environment.uninstall()
            except EngineError as error:
                QMessageBox.warning(self, tr("Uninstall the engine"), error.sentence())
            self._show_engine()

    def apply(self) -> None:
        """Keep everything; QGIS calls this when the dialog is accepted."""
        values.set_device(self.device.currentData())
        if self.model.currentData():
            values.set_model(self.model.currentData())
        QgsSettings().setValue(options.REVIEWER, self.reviewer.text().strip())
        for name, widget in self.numbers.items():
            options.put(name, widget.value())
        for name, button in self.colours.items():
            options.put(name, button.color().name())
        for action, edit in self.keys.items():
            chosen = _key_text(edit)
            options.put_key(action, "" if chosen == keys.ACTIONS[action].default else chosen)


def _make_about() -> QGroupBox:
    box = QGroupBox(tr("About"))
    layout = QVBoxLayout(box)
    label = QLabel(about.text(), wordWrap=True, openExternalLinks=True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
    layout.addWidget(label)
    return box


def _number(least: float, most: float, step: float, digits: int, unit: str) -> QDoubleSpinBox:
    widget = QDoubleSpinBox(minimum=least, maximum=most, singleStep=step, decimals=digits)
    widget.setSuffix(unit)
    return widget


def _key_text(edit: QKeySequenceEdit) -> str:
    """The first key of a sequence: the review knows single keys only."""
    return edit.keySequence().toString().split(",")[0].strip()
