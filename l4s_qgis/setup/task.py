"""Installing and checking the engine as tasks of QGIS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsTask
from qgis.PyQt.QtCore import pyqtSignal

from ..i18n import tr
from ..messages import EngineError
from ..worker.failures import InstallError
from ..worker.install import Plan, Watcher, install
from ..worker.process import Listener, command_of, run_engine


class InstallTask(QgsTask):
    """Installs the engine; ``failure`` says why where it did not."""

    said = pyqtSignal(str)
    stepped = pyqtSignal(int, int, str)

    def __init__(self, plan: Plan) -> None:
        super().__init__(tr("Installing the landslide engine"), QgsTask.Flag.CanCancel)
        self._plan = plan
        self.failure: InstallError | None = None

    def run(self) -> bool:
        """Install; called in a worker thread."""
        try:
            install(self._plan, _TaskWatcher(self))
        except InstallError as error:
            self.failure = error
            return False
        except Exception as error:  # an exception here would end the thread without a word
            self.failure = InstallError("unknown", repr(error))
            return False
        return True


class _TaskWatcher(Watcher):
    def __init__(self, task: InstallTask) -> None:
        self._task = task

    def step(self, done: int, total: int, name: str) -> None:
        self._task.setProgress(100.0 * done / total)
        self._task.stepped.emit(done, total, name)

    def log(self, line: str) -> None:
        self._task.said.emit(line)

    def is_cancelled(self) -> bool:
        return bool(self._task.isCanceled())


class CommandTask(QgsTask):
    """Runs an engine command whose result is shown, such as ``doctor``."""

    def __init__(
        self, title: str, python: Path, arguments: list[str], *, quiet: bool = False
    ) -> None:
        flags = QgsTask.Flag.CanCancel
        if quiet and hasattr(QgsTask.Flag, "Silent"):  # QGIS 3.26 and newer
            flags = flags | QgsTask.Flag.Hidden | QgsTask.Flag.Silent
        super().__init__(title, flags)
        self._python = python
        self._arguments = arguments
        self.result: dict[str, Any] = {}
        self.failure: EngineError | None = None

    def run(self) -> bool:
        """Run the command; called in a worker thread."""
        try:
            self.result = run_engine(
                self._arguments, command=command_of(self._python), listener=_TaskListener(self)
            )
        except EngineError as error:
            self.failure = error
            return False
        except Exception as error:  # an exception here would end the thread without a word
            self.failure = EngineError("bug", repr(error))
            return False
        return True


class _TaskListener(Listener):
    def __init__(self, task: QgsTask) -> None:
        self._task = task

    def progress(self, percent: float, stage: str) -> None:
        self._task.setProgress(percent)

    def is_cancelled(self) -> bool:
        return bool(self._task.isCanceled())
