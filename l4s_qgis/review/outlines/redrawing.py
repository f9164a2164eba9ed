"""Draws all outlines at another threshold, after asking."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from osgeo import gdal
from qgis.core import Qgis, QgsProcessingUtils, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QApplication, QMessageBox

from ...i18n import number, tr
from ..actions import InventoryActions
from ..files import inventory_file
from ..inventory import ReviewError
from ..session import Review
from .redraw_plan import Plan, add_record, last_record, make_plan, remove_record


class Redrawing:
    """Draws a copy, reports what would change, and writes it if wanted.

    Args:
        iface: QGIS's interface.
        review: What is under review.
        actions: Runs the engine.
        notify: Shows the reviewer a message.
        changed: Called after the layer was changed.
    """

    def __init__(
        self,
        iface: Any,
        review: Review,
        actions: InventoryActions,
        *,
        notify: Callable[[str, Qgis.MessageLevel], None],
        changed: Callable[[], None],
    ) -> None:
        self._iface = iface
        self._review = review
        self._actions = actions
        self._notify = notify
        self._changed = changed
        self.question: QMessageBox | None = None

    def start(self, layer: QgsVectorLayer, threshold: float) -> None:
        """Draw a copy of the layer at a threshold."""
        if not self._actions.is_saved(layer):
            return
        folder = Path(QgsProcessingUtils.generateTempFilename("redrawn"))
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / "inventory.gpkg"
        if not copy_inventory(inventory_file(layer), copy):
            self._notify(
                tr("The inventory cannot be copied: {path} is gone or cannot be read.").format(
                    path=inventory_file(layer)
                ),
                Qgis.MessageLevel.Critical,
            )
            return
        self._actions.redraw(
            layer, threshold, copy, lambda drawn: self._ask(layer, drawn, threshold)
        )

    def _ask(self, layer: QgsVectorLayer, drawn: Path, threshold: float) -> None:
        reviewed = self._review.reviewed
        if reviewed is None or reviewed.layer is not layer:
            return  # another layer is under review meanwhile
        copy = QgsVectorLayer(f"{drawn}|layername=landslides", "drawn", "ogr")
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            plan = make_plan(reviewed, copy, self._review.event)
        finally:
            QApplication.restoreOverrideCursor()
        if not (plan.changed or plan.added or plan.removed):
            self._notify(
                tr("At the threshold {value} every outline stays as it is.").format(
                    value=number(threshold, 2)
                ),
                Qgis.MessageLevel.Info,
            )
            return
        box = QMessageBox(self._iface.mainWindow())
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(tr("New outlines"))
        box.setText(describe(plan, threshold))
        box.setInformativeText(tr("One step of undo takes all of it back."))
        box.setStandardButtons(QMessageBox.StandardButton.Apply | QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(QMessageBox.StandardButton.Apply)
        box.buttonClicked.connect(
            lambda button: self._answered(box.standardButton(button), plan, drawn)
        )
        self.question = box
        box.open()

    def _answered(self, answer: Any, plan: Plan, drawn: Path) -> None:
        box, self.question = self.question, None
        if box is not None:
            box.deleteLater()
        reviewed = self._review.reviewed
        if answer != QMessageBox.StandardButton.Apply or reviewed is None:
            return
        if not self._actions.is_saved(reviewed.layer):
            return
        inventory = str(inventory_file(reviewed.layer))
        rows: list[int | None] = []
        try:
            reviewed.change(
                plan.change, also=lambda: [remove_record(inventory, row) for row in rows]
            )
        except ReviewError as error:
            self._notify(str(error), Qgis.MessageLevel.Critical)
            return
        record = last_record(str(drawn))
        rows.append(add_record(inventory, record) if record is not None else None)
        self._changed()


def describe(plan: Plan, threshold: float) -> str:
    """What a redrawing would do, in words."""
    return tr(
        "At the threshold {value}: {changed} landslides get another outline and keep their number, {added} are new, {removed} disappear, {same} stay. {kept} on which somebody decided are not touched."
    ).format(
        value=number(threshold, 2),
        changed=plan.changed,
        added=plan.added,
        removed=plan.removed,
        same=plan.same,
        kept=plan.kept,
    )


def copy_inventory(inventory: Path, copy: Path) -> bool:
    """Copy a GeoPackage that may be open, with what was committed to it last."""
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        options = gdal.VectorTranslateOptions(format="GPKG", options=["-preserve_fid"])
        done = gdal.VectorTranslate(str(copy), str(inventory), options=options)
    except RuntimeError:
        return False
    finally:
        gdal.PopErrorHandler()
    if done is None:
        return False
    done = None  # closes the file
    return copy.exists()
