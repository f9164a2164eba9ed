"""A detection in the background.

Progress is shown in the message bar and the task manager, results are loaded into the project.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProject,
)
from qgis.PyQt.QtCore import QObject, QTimer, QUrl, pyqtSignal
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..i18n import tr
from ..layers import load_results
from ..messages import EngineError
from ..processing.base import TaskFeedback


class BackgroundRun(QObject):
    """Runs one Processing algorithm in the background.

    Progress, warnings and failures are shown in the message bar.

    Args:
        iface: QGIS's interface.
        algorithm: Identifier, such as ``l4s:detect``.
        parameters: Its parameters.
        title: What is being done.
    """

    succeeded = pyqtSignal(object)
    failed = pyqtSignal(object)

    def __init__(self, iface: Any, algorithm: str, parameters: dict[str, Any], title: str) -> None:
        super().__init__(iface.mainWindow())
        self._iface = iface
        self._title = title
        self._started = time.monotonic()
        self._context = QgsProcessingContext()
        self._context.setProject(QgsProject.instance())
        self._feedback = RunFeedback()
        known = QgsApplication.processingRegistry().algorithmById(algorithm)
        self._task = QgsProcessingAlgRunnerTask(known, parameters, self._context, self._feedback)
        self._bar: QProgressBar | None = None
        self._item: Any = None

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self._started

    def start(self) -> bool:
        """Start it.

        Returns:
            Whether it could be started; where not, the person has been told why.
        """
        if self._task.isCanceled():  # reading the parameters failed
            self._show_failure()
            return False
        self._show_progress()
        self._feedback.progressChanged.connect(self._move)
        self._feedback.stage.connect(self._set_stage)
        self._task.executed.connect(self._done)
        QgsApplication.taskManager().addTask(self._task)
        return True

    def cancel(self) -> None:
        """Ask it to stop."""
        self._set_stage(tr("Stopping…"))
        self._feedback.cancel()
        self._task.cancel()

    def _show_progress(self) -> None:
        bar = self._iface.messageBar()
        self._item = bar.createMessage(self._title, tr("Starting the engine…"))
        self._bar = QProgressBar(maximum=100)
        self._bar.setMaximumWidth(260)
        stop = QPushButton(tr("Stop"))
        stop.clicked.connect(self.cancel)
        self._item.layout().addWidget(self._bar)
        self._item.layout().addWidget(stop)
        self._item.destroyed.connect(self._forget_item)
        bar.pushWidget(self._item, Qgis.MessageLevel.Info)

    def _forget_item(self) -> None:
        self._item = self._bar = None

    def _move(self, percent: float) -> None:
        if self._bar is not None:
            self._bar.setValue(round(percent))

    def _set_stage(self, text: str) -> None:
        if self._item is not None:
            self._item.setText(text)

    def _remove_item(self) -> None:
        if self._item is not None:
            self._iface.messageBar().popWidget(self._item)
            self._forget_item()

    def _done(self, successful: bool, results: dict[str, Any]) -> None:
        self._remove_item()
        if successful:
            for warning in self._feedback.warnings:
                self._iface.messageBar().pushMessage(
                    self._title, warning, Qgis.MessageLevel.Warning, 20
                )
            self.succeeded.emit(results)
        else:
            self._show_failure()

    def _show_failure(self) -> None:
        failure = self._feedback.failure
        text = (
            failure.sentence()
            if failure
            else self._feedback.last_error or tr("It failed without saying why.")
        )
        cancelled = failure is not None and failure.code == "cancelled"
        item = self._iface.messageBar().createMessage(self._title, text)
        details = "\n".join([*self._feedback.lines, failure.details if failure else ""]).strip()
        if details and not cancelled:
            button = QPushButton(tr("Details"))
            button.clicked.connect(lambda: show_details(self._iface.mainWindow(), text, details))
            item.layout().addWidget(button)
        self._iface.messageBar().pushWidget(
            item, Qgis.MessageLevel.Info if cancelled else Qgis.MessageLevel.Critical
        )
        self.failed.emit(failure or EngineError("input", text))


class RunFeedback(TaskFeedback):
    """Feedback that keeps warnings and log lines and announces stages."""

    stage = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[str] = []
        self.lines: list[str] = []
        self.last_error = ""

    def setProgressText(self, text: str) -> None:
        """A stage begins."""
        self.lines.append(text)
        self.stage.emit(text)

    def pushInfo(self, info: str) -> None:
        """A sentence for the person."""
        self.lines.append(info)

    def pushCommandInfo(self, info: str) -> None:
        """The engine's command line."""
        self.lines.append(info)

    def pushWarning(self, warning: str) -> None:
        """A sentence that the person should not miss."""
        self.lines.append(warning)
        self.warnings.append(warning)

    def reportError(self, error: str, fatalError: bool = False) -> None:
        """What went wrong."""
        self.last_error = error


def load_detection(
    iface: Any,
    outputs: dict[str, Any],
    title: str,
    seconds: float,
    review: Callable[[], Any] = lambda: None,
) -> Any:
    """Load a detection's results, zoom to them, offer review and report.

    Args:
        iface: QGIS's interface.
        outputs: Of ``l4s:detect``.
        title: What the results are called.
        seconds: How long the detection took.
        review: Opens the review dock for the layer that is active then.

    Returns:
        The landslide layer, or None.
    """
    layer = load_results(Path(outputs["OUTPUT"]), title)
    count = int(outputs.get("COUNT") or 0)
    text = tr("{count} landslides found in {seconds} s.").format(
        count=count, seconds=round(seconds)
    )
    if not count:
        text = tr(
            "No landslide found. The layer “Probability” shows where it was closest; a lower threshold finds more."
        )
    bar = iface.messageBar()
    item = bar.createMessage(tr("Detect landslides"), text)
    if count and layer is not None:
        begin = QPushButton(tr("Review"))
        begin.clicked.connect(lambda: (iface.setActiveLayer(layer), review()))
        item.layout().addWidget(begin)
    report = QPushButton(tr("Open report"))
    report.clicked.connect(
        lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(outputs["REPORT"])))
    )
    item.layout().addWidget(report)
    # After QGIS's own “Task complete”, which would hide it.
    QTimer.singleShot(500, lambda: bar.pushWidget(item, Qgis.MessageLevel.Success))
    if layer is not None:
        iface.setActiveLayer(layer)
        zoom_to(iface.mapCanvas(), layer if layer.featureCount() else None)
    return layer


def zoom_to(canvas: Any, layer: Any) -> None:
    """Show a whole layer with some room around it."""
    if layer is None:
        return
    extent = canvas.mapSettings().layerExtentToOutputExtent(layer, layer.extent())
    if not extent.isEmpty():
        extent.scale(1.1)
        canvas.setExtent(extent)
        canvas.refresh()


def show_details(parent: QWidget, sentence: str, details: str) -> None:
    """Show the engine's last lines, to be copied into a report of the problem."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(tr("Details"))
    dialog.resize(800, 420)
    layout = QVBoxLayout(dialog)
    layout.addWidget(QLabel(sentence, wordWrap=True))
    layout.addWidget(QPlainTextEdit(details, readOnly=True))
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    layout.addWidget(buttons)
    dialog.open()
