"""A detection in the background.

Progress is shown in the message bar and the task manager.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsMapLayer,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProject,
)
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QProgressBar, QPushButton

from ..diagnostics import note, show_details
from ..i18n import tr
from ..messages import EngineError, Warned, escaped
from ..processing.base import TaskFeedback
from ..worker.child import KEPT_LINES


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
        self._task = QgsProcessingAlgRunnerTask(
            known, without_layers(parameters), self._context, self._feedback
        )
        self._bar: QProgressBar | None = None
        self._item: Any = None

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self._started

    @property
    def warnings(self) -> list[Warned]:
        """What the engine warned of."""
        return self._feedback.warned

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
        stop.setObjectName("l4s_stop")
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
        note(self._feedback.lines)
        self._remove_item()
        if successful:
            self.succeeded.emit(results)
        else:
            self._show_failure()
        QTimer.singleShot(0, self.deleteLater)  # its parent, QGIS's window, lives on

    def _show_failure(self) -> None:
        failure = self._feedback.failure
        text = (
            failure.sentence()
            if failure
            else self._feedback.last_error or tr("It failed without saying why.")
        )
        cancelled = failure is not None and failure.code == "cancelled"
        window = self._iface.mainWindow()
        item = self._iface.messageBar().createMessage(self._title, escaped(text))
        details = "\n".join([*self._feedback.lines, failure.details if failure else ""]).strip()
        if details and not cancelled:
            button = QPushButton(tr("Details"))
            button.clicked.connect(lambda: show_details(window, text, details))
            item.layout().addWidget(button)
        self._iface.messageBar().pushWidget(
            item, Qgis.MessageLevel.Info if cancelled else Qgis.MessageLevel.Critical
        )
        self.failed.emit(failure or EngineError("input", text))


def without_layers(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters for another thread, with layers' identifiers instead of the layers.

    A layer is freed when it leaves the project or when its last Python name goes, which happens
    while the task still holds its parameters: reading them there ends QGIS. An identifier is
    looked up once, in the main thread, before the task begins.

    Raises:
        TypeError: A layer is neither in the project nor in a file.
    """
    return {name: _reference(value) for name, value in parameters.items()}


def _reference(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_reference(entry) for entry in value]
    if not isinstance(value, QgsMapLayer):
        return value
    if QgsProject.instance().mapLayer(value.id()) is not None:
        return value.id()
    if value.providerType() in ("gdal", "ogr"):
        return value.source()
    raise TypeError(f"{value.name()} is neither in the project nor in a file")


class RunFeedback(TaskFeedback):
    """Feedback that keeps log lines and announces stages."""

    stage = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
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

    def reportError(self, error: str, fatalError: bool = False) -> None:
        """What went wrong."""
        self.last_error = error
