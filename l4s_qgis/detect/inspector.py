"""Asks the engine what it would make of files (``l4s inspect``), in the background."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ..i18n import tr
from ..messages import EngineError
from ..setup.task import CommandTask
from ..worker import environment

WAIT_MS = 400  # a person who types a path is not asked after for every letter


class Inspector(QObject):
    """Keeps what the engine found out about the files that were asked for last."""

    found = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted: tuple[str, ...] = ()
        self._known: tuple[str, ...] = ()
        self._result: dict[str, Any] | None = None
        self.failure: EngineError | None = None
        self._task: CommandTask | None = None
        self._timer = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._timer.timeout.connect(self._start)

    def ask(self, paths: Sequence[str]) -> dict[str, Any] | None:
        """What is known of files; the engine is asked where nothing is known yet.

        Args:
            paths: Imagery and elevation.

        Returns:
            The engine's result, or None as long as there is none; :attr:`found` tells of it.
        """
        wanted = tuple(paths)
        if wanted != self._wanted:
            self.stop()
            self._wanted = wanted
            self._result = self.failure = None
            if wanted:
                self._timer.start()
        return self._result if wanted and wanted == self._known else None

    @property
    def is_busy(self) -> bool:
        """Whether the engine is being asked."""
        return self._timer.isActive() or self._task is not None

    def stop(self) -> None:
        """Ask no more."""
        self._timer.stop()
        self._known = ()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _start(self) -> None:
        try:
            python = environment.require().python
        except EngineError as error:
            self.failure = error
            self.found.emit()
            return
        task = CommandTask(
            tr("Looking at the files"), python, ["inspect", *self._wanted], quiet=True
        )
        task.taskCompleted.connect(self._completed)
        task.taskTerminated.connect(self._terminated)
        self._task = task
        QgsApplication.taskManager().addTask(task)

    def _completed(self) -> None:
        if self._task is not None:
            self._result, self._known, self._task = self._task.result, self._wanted, None
            self.found.emit()

    def _terminated(self) -> None:
        if self._task is not None:
            self.failure, self._task = self._task.failure, None
            self.found.emit()
