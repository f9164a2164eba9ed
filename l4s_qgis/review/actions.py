"""Export, report, shared map and training patches of an inventory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsApplication, QgsProject, QgsVectorLayer
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QPushButton,
)

from ..detect.run import BackgroundRun
from ..i18n import number, tr
from ..layers import load_inventory
from ..messages import EngineError
from ..processing.inventory import SUFFIXES, format_names
from ..setup.task import CommandTask
from ..worker import environment
from . import schema
from .files import inventory_file, probability_of, stack_of


class InventoryActions:
    """Starts the algorithms that take an inventory.

    Args:
        iface: QGIS's interface.
        busy: Told when outlines are being drawn anew, while no decision should be made, and when
            that is over.
    """

    def __init__(self, iface: Any, *, busy: Callable[[bool], None]) -> None:
        self._iface = iface
        self._busy = busy
        self._runs: list[BackgroundRun] = []
        self._tasks: list[CommandTask] = []

    def export(self, layer: QgsVectorLayer | None) -> None:
        """Ask for format and file, and export."""
        if layer is None or not self.is_saved(layer):
            return
        dialog = ExportDialog(inventory_file(layer), self._iface.mainWindow())
        dialog.accepted.connect(
            lambda: self._run(
                "l4s:export",
                {"INVENTORY": layer, **dialog.parameters()},
                tr("Export"),
                self._offer_map,
            )
        )
        dialog.open()

    def report(self, layer: QgsVectorLayer | None) -> None:
        """Write the report beside the inventory and open it."""
        if layer is None or not self.is_saved(layer):
            return
        inventory = inventory_file(layer)
        parameters: dict[str, Any] = {
            "INVENTORY": layer,
            "OUTPUT": str(inventory.with_name("report.html")),
        }
        for name, path in (("STACK", stack_of(inventory)), ("PROBABILITY", probability_of(layer))):
            if path and Path(path).exists():
                parameters[name] = path
        self._run(
            "l4s:report",
            parameters,
            tr("Report"),
            lambda outputs: QDesktopServices.openUrl(QUrl.fromLocalFile(outputs["OUTPUT"])),
        )

    def share(self, layer: QgsVectorLayer | None) -> None:
        """Write one HTML file with an interactive map, for people without a GIS."""
        if layer is None or not self.is_saved(layer):
            return
        inventory = inventory_file(layer)
        out, _ = QFileDialog.getSaveFileName(
            self._iface.mainWindow(),
            tr("Map for people without a GIS"),
            str(inventory.with_name("landslides_map.html")),
            "HTML (*.html)",
        )
        if not out:
            return
        words = ["report", "--share", "--inventory", str(inventory), "--out", out]
        if stack := stack_of(inventory):
            words += ["--stack", stack]
        try:
            python = environment.require().python
        except EngineError as error:
            self._warn(error.sentence())
            return
        task = CommandTask(tr("Writing the map"), python, words)
        task.taskCompleted.connect(lambda: self._shared(task, Path(out)))
        task.taskTerminated.connect(lambda: self._shared(task, None))
        self._tasks.append(task)
        QgsApplication.taskManager().addTask(task)

    def _shared(self, task: CommandTask, out: Path | None) -> None:
        self._tasks.remove(task)
        if out is None:
            if task.failure is not None and task.failure.code != "cancelled":
                self._warn(task.failure.sentence())
            return
        bar = self._iface.messageBar()
        megabytes = number(out.stat().st_size / 1e6, 1)
        item = bar.createMessage(
            tr("Landslides"),
            tr("Written: {path}").format(path=f"{out} ({megabytes} MB)"),
        )
        button = QPushButton(tr("Open"))
        button.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(out))))
        item.layout().addWidget(button)
        bar.pushWidget(item, Qgis.MessageLevel.Success)

    def training(self, layer: QgsVectorLayer | None) -> None:
        """Cut labelled patches around reviewed landslides."""
        if layer is None or not self.is_saved(layer):
            return
        inventory = inventory_file(layer)
        pending = sum(schema.is_open(str(feature["status"])) for feature in layer.getFeatures())
        if not stack_of(inventory):
            self._warn(
                tr(
                    "The stack from which this inventory was made is gone; make it again with “Stack image and elevation”."
                )
            )
            return
        if pending:
            self._warn(
                tr(
                    "{n} landslides are still pending and would be taught as background; decide on them first where you can."
                ).format(n=pending)
            )
        folder = QFileDialog.getExistingDirectory(
            self._iface.mainWindow(), tr("Folder for labelled patches"), str(inventory.parent)
        )
        if folder:
            parameters = {"INVENTORY": layer, "STACK": stack_of(inventory), "OUTPUT": folder}
            self._run("l4s:patches", parameters, tr("Patches for training"), self._exported)

    def redraw(
        self, layer: QgsVectorLayer, threshold: float, copy: Path, done: Callable[[Path], None]
    ) -> None:
        """Draw all outlines at another threshold into a copy of the inventory.

        Args:
            layer: The inventory; it is not changed.
            threshold: Probability from which a pixel is landslide.
            copy: The copy; the engine keeps what was reviewed, and draws as the run before.
            done: Receives the copy when it is drawn.
        """
        parameters: dict[str, Any] = {
            "PROBABILITY": probability_of(layer),
            "THRESHOLD": threshold,
            "OUTPUT": str(copy),
        }
        if stack := stack_of(inventory_file(layer)):
            parameters["STACK"] = stack
        self._busy(True)

        def drawn(_: Any) -> None:
            self._busy(False)
            done(copy)

        run = self._run("l4s:vectorize", parameters, tr("New outlines"), drawn)
        run.failed.connect(lambda _: self._busy(False))
        if run not in self._runs:
            self._busy(False)  # it could not even start

    def close(self) -> None:
        """Stop what is still running."""
        for run in [*self._runs, *self._tasks]:
            run.cancel()

    def is_saved(self, layer: QgsVectorLayer) -> bool:
        """Whether the file holds all decisions, as the engine reads the file."""
        if layer.isEditable():
            self._warn(tr("The landslides are in QGIS's edit mode. Press “Save edits” first."))
        return not layer.isEditable()

    def _run(
        self,
        algorithm: str,
        parameters: dict[str, Any],
        title: str,
        done: Callable[[dict[str, Any]], Any],
    ) -> BackgroundRun:
        run = BackgroundRun(self._iface, algorithm, parameters, title)
        run.succeeded.connect(done)
        for signal in (run.succeeded, run.failed):
            signal.connect(lambda _: self._runs.remove(run) if run in self._runs else None)
        self._runs.append(run)
        run.start()
        return run

    def _warn(self, text: str) -> None:
        self._iface.messageBar().pushWarning(tr("Landslides"), text)

    def _offer_map(self, outputs: dict[str, Any]) -> None:
        """An export is written; where it holds shapes, it can be added to the map."""
        path = Path(outputs["OUTPUT"])
        bar = self._iface.messageBar()
        item = bar.createMessage(tr("Landslides"), tr("Written: {path}").format(path=path))
        if path.suffix != ".csv":
            button = QPushButton(tr("Add to map"))
            button.clicked.connect(lambda: self._add_to_map(path))
            item.layout().addWidget(button)
        bar.pushWidget(item, Qgis.MessageLevel.Success)

    def _add_to_map(self, path: Path) -> None:
        layer = load_inventory(path) if path.suffix == ".gpkg" else None
        if layer is None:
            layer = QgsVectorLayer(str(path), path.stem, "ogr")
            if not layer.isValid():
                self._warn(tr("QGIS cannot read {path}.").format(path=path))
                return
            QgsProject.instance().addMapLayer(layer)
        layer.setName(path.stem)

    def _exported(self, outputs: dict[str, Any]) -> None:
        self._iface.messageBar().pushSuccess(
            tr("Landslides"), tr("Written: {path}").format(path=outputs["OUTPUT"])
        )


class ExportDialog(QDialog):
    """Format, file, and whether pending and rejected landslides go with it."""

    def __init__(self, inventory: Path, parent: Any = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Export landslides"))
        form = QFormLayout(self)
        self.format = QComboBox()
        self.format.addItems(format_names())
        self.file = QgsFileWidget()
        self.file.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        self.file.setFilePath(str(inventory.with_name("landslides_reviewed.geojson")))
        self.reviewed = QCheckBox(tr("Only accepted and edited landslides"), checked=True)
        form.addRow(tr("&Format"), self.format)
        form.addRow(tr("F&ile"), self.file)
        form.addRow("", self.reviewed)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)
        self.format.currentIndexChanged.connect(self._set_suffix)
        self.resize(480, self.sizeHint().height())

    def parameters(self) -> dict[str, Any]:
        """The parameters of ``l4s:export``, without the inventory."""
        return {
            "FORMAT": self.format.currentIndex(),
            "REVIEWED": self.reviewed.isChecked(),
            "OUTPUT": self.file.filePath(),
        }

    def _set_suffix(self, index: int) -> None:
        path = Path(self.file.filePath())
        self.file.setFilePath(str(path.with_suffix(SUFFIXES[index])))
