"""The review dock: the landslides one after the other, accepted and rejected with buttons and
keys.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from qgis.core import Qgis, QgsApplication, QgsProject, QgsSettings, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor, QKeySequence
from qgis.PyQt.QtWidgets import QDockWidget, QShortcut

from ..i18n import tr
from . import facts, schema
from .actions import InventoryActions
from .adding import ClickToAdd
from .canvas import clear_band, make_band, map_crs, show_around, transformed
from .editing import Editing
from .inventory import ReviewError
from .panel import ReviewPanel
from .session import Review
from .swipe import Swipe
from .threshold import ThresholdSlider


class ReviewDock(QDockWidget):
    """Accept, reject, correct: with keys, one landslide after the other."""

    def __init__(self, iface: Any) -> None:
        super().__init__(tr("Review landslides"), iface.mainWindow())
        self.setObjectName("l4s_review")
        self._iface = iface
        self._canvas = iface.mapCanvas()
        self.review = Review()
        self.panel = ReviewPanel()
        self.setWidget(self.panel)
        self._band = make_band(self._canvas, QColor(0, 220, 255), 2)
        self._actions = InventoryActions(
            iface, changed=self._inventory_changed, busy=self._set_busy
        )
        self.threshold = ThresholdSlider(
            self.panel,
            self.review,
            self._canvas,
            revectorize=self._actions.revectorize,
            say=self._say,
            reshaped=self._redrawn,
        )
        self.adding = ClickToAdd(
            iface,
            self.panel,
            self.review,
            threshold=lambda: self.threshold.value,
            say=self._say,
            added=self._added,
        )
        self.swipe = Swipe(self.panel, self.review, self._canvas)
        self._editing = Editing(
            iface, self.panel, saved=self._edited, discarded=self._reread, say=self._say
        )
        self.panel.reviewer.setText(
            QgsSettings().value("l4s/reviewer", "", type=str) or QgsApplication.userFullName()
        )
        self._connect()
        self._add_keys()
        self.choose_layer()

    def _connect(self) -> None:
        panel = self.panel
        panel.layer.layerChanged.connect(self.take)
        panel.reviewer.textChanged.connect(self._set_reviewer)
        panel.order.currentIndexChanged.connect(lambda _: self._sort())
        panel.pending.toggled.connect(self._set_pending)
        for button, slot in (
            (panel.accept, self.accept),
            (panel.reject, self.reject),
            (panel.back, self.back),
            (panel.next, self.next),
            (panel.undo, self.undo),
            (panel.zoom, self.zoom),
        ):
            button.clicked.connect(lambda _=False, slot=slot: slot())
            button.clicked.connect(self._to_map)
        panel.reviewer.returnPressed.connect(self._to_map)
        for button, action in (
            (panel.export, self._actions.export),
            (panel.report, self._actions.report),
            (panel.training, self._actions.training),
        ):
            button.clicked.connect(lambda _=False, action=action: action(self.review.layer))
        QgsProject.instance().layersWillBeRemoved.connect(self._layers_going)

    def _add_keys(self) -> None:
        keys: dict[str, Callable[[], Any]] = {
            "A": self.accept,
            "R": self.reject,
            "N": self.next,
            "B": self.back,
            "U": self.undo,
            "Z": self.zoom,
            "C": self.panel.add.toggle,
            "E": self.panel.edit.toggle,
        }
        for number, reason in enumerate(schema.REASONS, start=1):
            keys[str(number)] = lambda reason=reason: self.reject(reason)
        for home in (self, self._canvas):
            for key, slot in keys.items():
                self._add_key(key, slot, home)
        # in the dock it presses the button that has the focus
        self._add_key("Space", self.next, self._canvas)

    def _to_map(self, *_: Any) -> None:
        """The keys go on from here, whatever was pressed with the mouse."""
        self._canvas.setFocus()

    def _add_key(self, key: str, slot: Callable[[], Any], home: Any) -> None:
        shortcut = QShortcut(QKeySequence(key), home)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(
            lambda: slot() if self.isVisible() and self.panel.isEnabled() else None
        )

    def close_down(self) -> None:
        """Remove everything from the map before the plugin is unloaded."""
        self.panel.layer.layerChanged.disconnect(self.take)
        self._drop()
        for part in (self._actions, self.threshold, self.adding, self.swipe):
            part.close()
        QgsProject.instance().layersWillBeRemoved.disconnect(self._layers_going)
        for shortcut in self._canvas.findChildren(QShortcut):
            shortcut.deleteLater()
        self._canvas.scene().removeItem(self._band)

    # The layer

    def choose_layer(self) -> None:
        """Take the active layer under review, else the one at hand, else any inventory of the
        project.
        """
        candidates = [
            self._iface.activeLayer(),
            self.review.layer,
            *QgsProject.instance().mapLayers().values(),
        ]
        good = next((layer for layer in candidates if _is_inventory(layer)), None)
        if good is not None and good is self.review.layer:
            return
        self.panel.layer.blockSignals(True)
        self.panel.layer.setLayer(good)
        self.panel.layer.blockSignals(False)
        self.take(good)

    def take(self, layer: QgsVectorLayer | None) -> None:
        """Take a layer under review."""
        self._drop()
        try:
            if layer is not None:
                panel = self.panel
                self.review.open(
                    layer,
                    panel.reviewer.text().strip(),
                    panel.order.currentData(),
                    panel.pending.isChecked(),
                )
                self._editing.take(layer)
                layer.selectionChanged.connect(self._selection_changed)
        except ReviewError as error:
            self._say(str(error), Qgis.MessageLevel.Warning)
        self.threshold.begin()
        self.swipe.show()
        self._show()
        if self.review.geometry is not None and self.isVisible():
            self.zoom()

    def _drop(self) -> None:
        if self.review.layer is not None:
            with suppress(RuntimeError, TypeError):  # the layer is gone
                self.review.layer.selectionChanged.disconnect(self._selection_changed)
        self._editing.take(None)
        self.review.close()
        self.swipe.end()
        clear_band(self._band)
        self.threshold.clear()

    def _layers_going(self, ids: list[str]) -> None:
        if self.review.layer is not None and self.review.layer.id() in ids:
            self.take(None)

    def _inventory_changed(self) -> None:
        """The file was made anew."""
        if self.review.layer is not None:
            self.review.layer.dataProvider().reloadData()
            self.review.layer.triggerRepaint()
            self._reread()

    def _set_busy(self, busy: bool) -> None:
        """A decision that is written while the file is made anew would be lost."""
        self.panel.setEnabled(not busy)

    def _reread(self) -> None:
        self.take(self.review.layer)

    # Decisions

    def accept(self) -> None:
        """Accept the landslide at hand and go on."""
        self._decide(schema.ACCEPTED, None)

    def reject(self, reason: str | None = None) -> None:
        """Reject it, with the reason given or the one chosen, and go on."""
        if reason is not None:
            self.panel.reason.setCurrentIndex(self.panel.reason.findData(reason))
        self._decide(schema.REJECTED, self.panel.reason.currentData())

    def next(self) -> None:
        """Go on without a decision."""
        self.review.queue.next()
        self._arrive()

    def back(self) -> None:
        """Go back."""
        self.review.queue.back()
        self._arrive()

    def undo(self) -> None:
        """Take the last step back and return to it."""
        if self.review.reviewed is None:
            return
        try:
            fid = self.review.reviewed.undo()
        except ReviewError as error:
            self._say(str(error), Qgis.MessageLevel.Critical)
            return
        if fid is None:
            self._say(tr("There is nothing to undo."), Qgis.MessageLevel.Info)
            self._show()
            return
        self.review.note(fid)
        self.review.queue.go(fid)
        self._arrive()

    def _decide(self, status: str, reason: str | None) -> None:
        fid, reviewed = self.review.queue.current, self.review.reviewed
        if fid is None or reviewed is None:
            return
        if status == schema.ACCEPTED and self.review.queue.status(fid) == schema.EDITED:
            status = schema.EDITED  # it was corrected and stays so
        try:
            reviewed.decide(fid, status, reason)
        except ReviewError as error:
            self._say(str(error), Qgis.MessageLevel.Critical)
            return
        self.review.queue.set_status(fid, status)
        self.review.queue.next()
        self._arrive()

    def _arrive(self) -> None:
        self._show()
        self.zoom()

    def _sort(self) -> None:
        self.review.queue.sort(self.panel.order.currentData())
        self.review.queue.first()
        self._arrive()

    def _set_pending(self, on: bool) -> None:
        self.review.queue.only_pending = on

    def _set_reviewer(self, text: str) -> None:
        QgsSettings().setValue("l4s/reviewer", text.strip())
        if self.review.reviewed is not None:
            self.review.reviewed.reviewer = text.strip()

    # What the other parts did

    def _redrawn(self, fid: int) -> None:
        self.review.note(fid)
        self._show()

    def _added(self, fid: int) -> None:
        self.review.note(fid)
        self.review.queue.go(fid)
        self._show()

    def _edited(self, changed: list[int], added: list[int], removed: list[int]) -> None:
        """Shapes were saved with QGIS's own tools."""
        if self.review.reviewed is None:
            return
        try:
            self.review.reviewed.mark_edited([*changed, *added])
        except ReviewError as error:
            self._say(str(error), Qgis.MessageLevel.Critical)
        for fid in (*changed, *added, *removed, *self.review.queue.unsaved()):
            self.review.note(fid)
        self._show()

    def _selection_changed(self, selected: list[int], *_: Any) -> None:
        if len(selected) == 1 and self.review.queue.go(selected[0]):
            self._show()

    # What is shown

    def zoom(self) -> None:
        """Show the landslide at hand with its surroundings."""
        geometry = self.review.geometry
        if geometry is not None:
            show_around(
                self._canvas, transformed(geometry, self.review.layer_crs, map_crs(self._canvas))
            )

    def _show(self) -> None:
        panel, queue, reviewed, geometry = (
            self.panel,
            self.review.queue,
            self.review.reviewed,
            self.review.geometry,
        )
        panel.bar.setMaximum(max(1, len(queue)))
        panel.bar.setValue(len(queue) - queue.count(schema.PENDING))
        panel.counts.setText(facts.progress(queue))
        for button in (panel.accept, panel.reject, panel.back, panel.next, panel.zoom):
            button.setEnabled(geometry is not None)
        for button in (
            panel.edit,
            panel.split,
            panel.merge,
            panel.export,
            panel.report,
            panel.training,
        ):
            button.setEnabled(reviewed is not None)
        panel.undo.setEnabled(reviewed is not None and reviewed.can_undo)
        if geometry is not None and reviewed is not None and queue.current is not None:
            panel.facts.setText(facts.describe(reviewed.feature(queue.current), queue))
            self._band.setToGeometry(geometry, reviewed.layer)
        else:
            panel.facts.setText(
                tr("Choose an inventory that “Detect landslides” made.")
                if reviewed is None
                else tr(
                    "This inventory holds no landslide. Lower the threshold, or click to add one."
                )
            )
            clear_band(self._band)
        self.threshold.clear()

    def _say(self, text: str, level: Qgis.MessageLevel) -> None:
        self._iface.messageBar().pushMessage(tr("Review"), text, level, 6)


def _is_inventory(layer: Any) -> bool:
    if not isinstance(layer, QgsVectorLayer):
        return False
    return layer.fields().indexOf("status") >= 0 and layer.fields().indexOf("prob_mean") >= 0
