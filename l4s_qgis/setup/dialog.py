"""Install, repair, update or choose the engine."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication
from qgis.gui import QgsCollapsibleGroupBox, QgsFileWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtGui import QFontDatabase
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from ..i18n import tr
from ..icons import icon
from ..messages import EngineError, escaped
from ..worker import environment
from ..worker.install import DISK_MB, Plan, obstacle
from .task import CommandTask, InstallTask

STEPS = {
    "prepare": lambda: tr("Looking for Python and the installer…"),
    "environment": lambda: tr("Making an environment of its own…"),
    "packages": lambda: tr("Downloading and installing packages…"),
    "verify": lambda: tr("Checking that the engine starts…"),
    "done": lambda: tr("Done."),
}


class EngineDialog(QDialog):
    """Says what is installed where and how large, installs it, shows the log."""

    installed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Landslide engine"))
        self.setWindowIcon(icon("engine"))
        self.setMinimumWidth(620)
        self._task: InstallTask | CommandTask | None = None
        layout = QVBoxLayout(self)
        layout.addWidget(self._make_introduction())
        self.state = QLabel(wordWrap=True)
        layout.addWidget(self.state)
        layout.addWidget(self._make_choice())
        layout.addWidget(self._make_advanced())
        self.progress = QProgressBar(visible=False)
        self.step = QLabel(visible=False, wordWrap=True)
        layout.addWidget(self.step)
        layout.addWidget(self.progress)
        self.log = QPlainTextEdit(readOnly=True, visible=False)
        self.log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.log.setMinimumHeight(140)
        layout.addWidget(self.log, 1)
        layout.addLayout(self._make_buttons())
        self.refresh()

    def _make_introduction(self) -> QLabel:
        text = tr(
            "<p>Landslides are detected by an <b>engine</b> that runs beside QGIS in a Python of its own. "
            "It is installed once, without administrator rights, and nothing of QGIS is changed.</p>"
            "<p>Folder: <tt>{folder}</tt><br>Packages come from the Python Package Index (pypi.org).</p>"
        )
        return QLabel(text.format(folder=escaped(str(environment.root()))), wordWrap=True)

    def _make_choice(self) -> QWidget:
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        light, full = (_size(DISK_MB[kind]) for kind in ("light", "full"))
        self.light = QRadioButton(
            tr("&Light: detection on the processor, {size} on disk").format(size=light),
            checked=True,
        )
        self.full = QRadioButton(
            tr("&Full: also NVIDIA GPUs (CUDA) and training, {size} on disk").format(size=full)
        )
        layout.addWidget(self.light)
        layout.addWidget(self.full)
        why = obstacle("full")
        if why:
            self.full.setEnabled(False)
            layout.addWidget(QLabel(why, wordWrap=True))
        return box

    def _make_advanced(self) -> QgsCollapsibleGroupBox:
        box = QgsCollapsibleGroupBox(tr("No network, or a Python of your own"))
        form = QFormLayout(box)
        self.wheelhouse = QgsFileWidget()
        self.wheelhouse.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.wheelhouse.setToolTip(
            tr(
                "A folder that holds all packages as wheels; nothing is downloaded then. The help page says how to fill it."
            )
        )
        form.addRow(tr("&Offline folder"), self.wheelhouse)
        self.base = QgsFileWidget()
        self.base.setToolTip(
            tr(
                "The Python 3.10 to 3.13 on which the environment is built; found by itself where this is empty."
            )
        )
        form.addRow(tr("&Build on Python"), self.base)
        self.named = QgsFileWidget()
        self.named.setToolTip(
            tr(
                "A Python in which the engine is installed already, such as that of a Conda environment. Nothing is installed then."
            )
        )
        form.addRow(tr("&Use Python with engine"), self.named)
        self.newest = QCheckBox(tr("&Newest packages instead of the tested ones"))
        self.newest.setToolTip(
            tr(
                "For package servers of an institute that hold other files than pypi.org: versions and hashes are not checked then."
            )
        )
        form.addRow("", self.newest)
        self.use_named = QPushButton(tr("Check and use"))
        self.use_named.clicked.connect(self._check_named)
        form.addRow("", self.use_named)
        box.setCollapsed(True)
        return box

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.check = QPushButton(
            tr("&Check"), toolTip=tr("Ask the engine for its versions, devices and models")
        )
        self.check.clicked.connect(self._check)
        self.stop = QPushButton(tr("&Stop"), visible=False)
        self.stop.clicked.connect(self._stop)
        self.install = QPushButton(tr("&Install"), default=True)
        self.install.clicked.connect(self._install)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        for widget in (self.check, self.stop):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self.install)
        row.addWidget(close)
        return row

    def refresh(self) -> bool:
        """Show what is installed now.

        Returns:
            Whether the engine can be used.
        """
        named = environment.named_python()
        self.named.setFilePath(str(named) if named else "")
        self.named.setEnabled(not environment.is_from_variable())
        try:
            found = environment.require()
        except EngineError as error:
            self._show_state(_missing(error))
            repair = error.code in ("environment-broken", "environment-outdated")
            self.install.setText(tr("&Repair") if repair else tr("&Install"))
            self.check.setEnabled(False)
            return False
        self._show_state(
            tr("<b>Ready.</b> {kind}: <tt>{python}</tt>").format(
                kind=_kind(found.kind), python=escaped(str(found.python))
            )
        )
        self.install.setText(tr("Re&install"))
        self.check.setEnabled(True)
        return True

    def _show_state(self, text: str) -> None:
        if environment.is_from_variable():
            text += "<br>" + tr(
                "The environment variable <tt>{name}</tt> chooses this Python, before anything installed here; unset it and restart QGIS to use another."
            ).format(name=environment.VARIABLE)
        self.state.setText(text)

    def _install(self) -> None:
        if self.named.filePath():
            environment.set_named_python(None)
        wheelhouse, base = self.wheelhouse.filePath(), self.base.filePath()
        plan = Plan(
            "full" if self.full.isChecked() else "light",
            Path(base) if base else None,
            Path(wheelhouse) if wheelhouse else None,
            not self.newest.isChecked(),
        )
        task = InstallTask(plan)
        task.said.connect(self.log.appendPlainText)
        task.stepped.connect(self._show_step)
        task.taskCompleted.connect(self._install_succeeded)
        task.taskTerminated.connect(self._install_failed)
        self._start(task)

    def _show_step(self, done: int, total: int, name: str) -> None:
        self.step.setText(STEPS[name]())
        # The installer does not say how much is left of a download: an honest bar only moves to and
        # fro meanwhile.
        self.progress.setRange(0, 0 if name == "packages" else total)
        self.progress.setValue(done)

    def _install_succeeded(self) -> None:
        if self._finish(tr("The engine is installed.")):
            self.installed.emit()
        else:
            self.step.setText(
                tr("The engine is installed, but another Python is chosen, and that one fails.")
            )

    def _install_failed(self) -> None:
        task = self._task
        failure = task.failure if isinstance(task, InstallTask) else None
        self._finish(
            failure.sentence()
            if failure
            else tr("The installation was cancelled; nothing of it is left.")
        )

    def _check(self) -> None:
        try:
            python = environment.require().python
        except EngineError:  # its folder was removed since the page was opened
            self.refresh()
            return
        self._run_doctor(python, self._show_doctor)

    def _check_named(self) -> None:
        python = Path(self.named.filePath())
        if not self.named.filePath():
            environment.set_named_python(None)
            self.refresh()
        elif not python.is_file():
            self._finish(
                tr("{path} does not exist; it may have been moved or renamed.").format(path=python)
            )
        else:
            self._run_doctor(python, lambda: self._named_good(python))

    def _run_doctor(self, python: Path, done: object) -> None:
        task = CommandTask(tr("Checking the landslide engine"), python, ["doctor"])
        task.taskCompleted.connect(done)
        task.taskTerminated.connect(self._doctor_failed)
        self._start(task)
        self.step.setText(tr("Checking that the engine starts…"))
        self.progress.setRange(0, 0)

    def _named_good(self, python: Path) -> None:
        environment.set_named_python(python)
        self._show_doctor()
        self.installed.emit()

    def _show_doctor(self) -> None:
        task = self._task
        if isinstance(task, CommandTask):
            self.log.appendPlainText(str(task.result.get("text", task.result)))
        self._finish(tr("The engine works."))

    def _doctor_failed(self) -> None:
        task = self._task
        failure = task.failure if isinstance(task, CommandTask) else None
        if failure is not None and failure.details:
            self.log.appendPlainText(failure.details)
        stopped = failure is None or failure.code == "cancelled"
        self._finish(tr("Stopped.") if stopped else failure.sentence())

    def _start(self, task: InstallTask | CommandTask) -> None:
        self._task = task
        self.log.clear()
        for widget in (self.log, self.progress, self.step, self.stop):
            widget.setVisible(True)
        for widget in (self.install, self.check, self.use_named):
            widget.setEnabled(False)
        QgsApplication.taskManager().addTask(task)

    def _finish(self, text: str) -> bool:
        self.progress.setVisible(False)
        self.stop.setVisible(False)
        for widget in (self.install, self.use_named):
            widget.setEnabled(True)
        ready = self.refresh()
        self.step.setText(f"<b>{escaped(text)}</b>")
        self.step.setVisible(True)
        return ready

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self.step.setText(tr("Stopping…"))


def _missing(error: EngineError) -> str:
    """Why there is no engine, on the page that mends it."""
    known = {
        "environment-missing": tr("The engine is not installed yet."),
        "environment-outdated": tr("The engine belongs to another version of this plugin."),
        "environment-broken": tr("The engine's folder is damaged or was removed."),
    }
    text = known.get(error.code) or error.sentence()
    where = f"<br><tt>{escaped(error.message)}</tt>" if error.message else ""
    return f"<b>{escaped(text)}</b>{where}"


def _size(mb: int) -> str:
    return f"{mb / 1000:.1f} GB" if mb >= 1000 else f"{mb} MB"


def _kind(kind: str) -> str:
    return {"light": tr("Light installation"), "full": tr("Full installation")}.get(
        kind, tr("Python of your own")
    )
