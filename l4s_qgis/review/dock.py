"""The review dock: landslides one by one, with buttons and keys."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from qgis.core import Qgis, QgsApplication, QgsProject, QgsSettings, QgsVectorLayer
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtGui import QColor, QShowEvent
from qgis.PyQt.QtWidgets import QDockWidget

from ..i18n import tr
from ..inventories import is_inventory
from . import facts, options
from .actions import InventoryActions
from .decisions import Decisions
from .details import Details
from .dialogs.dialogs import Dialogs
from .inventory import ReviewError
from .keys import ReviewKeys
from .maps.second import SecondMap
from .maps.swipe import Swipe
from .maps.view import View
from .outlines.adding import ClickToAdd
from .outlines.canvas import Outline, map_crs, transformed
from .outlines.drawing import Drawing
from .outlines.editing import Editing
from .outlines.measuring import Measuring
from .outlines.redrawing import Redrawing
from .outlines.threshold import ThresholdSlider
from .pace import forecast
from .panel import ReviewPanel
from .session import Review


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
        self._outline = Outline(self._canvas, QColor(options.get("colour_current")), 2)
        self.view = View(self._canvas)
        self._make_parts()
        self.panel.reviewer.setText(
            QgsSettings().value(options.REVIEWER, "", type=str) or QgsApplication.userFullName()
        )
        self._connect()
        self.choose_layer()

    def _make_parts(self) -> None:
        iface, panel, review, notify = self._iface, self.panel, self.review, self._notify
        self.decisions = Decisions(panel, review, self.view, notify=notify, show=self._show)
        self.details = Details(panel, review, notify=notify, done=self._to_map)
        self.dialogs = Dialogs(
            iface,
            review,
            self.decisions,
            notify=notify,
            show=self._show,
            closed=self._to_map,
            renewed=self._inventory_changed,
        )
        self.measuring = Measuring(review, notify=notify, measured=self._measured, parent=self)
        self._actions = InventoryActions(iface, busy=self._set_busy)
        self._redrawing = Redrawing(
            iface, review, self._actions, notify=notify, changed=self._inventory_changed
        )
        self.threshold = ThresholdSlider(
            panel,
            review,
            self._canvas,
            revectorize=self._redrawing.start,
            notify=notify,
            reshaped=self._reshaped,
        )
        self.adding = ClickToAdd(
            iface,
            panel,
            review,
            threshold=lambda: self.threshold.value,
            notify=notify,
            added=self._added,
        )
        self.drawing = Drawing(
            iface, panel, review, notify=notify, added=self._added, reshaped=self._reshaped
        )
        self.swipe = Swipe(panel, review, self._canvas)
        self.second = SecondMap(iface, panel, review)
        self._editing = Editing(
            iface, panel, saved=self._edited, discarded=self._reread, notify=notify
        )
        self._keys = ReviewKeys(
            self,
            self._canvas,
            {
                "accept": self.accept,
                "reject": self.reject,
                "second_look": self.decisions.second_look,
                "next": self.next,
                "back": self.decisions.back,
                "undo": self.undo,
                "zoom": self.view.zoom,
                "add": panel.add.toggle,
                "polygon": panel.polygon.toggle,
                "freehand": panel.freehand.toggle,
                "brush": panel.brush.toggle,
                "cut": panel.cut.toggle,
                "edit": panel.edit.toggle,
                "bulk": self.dialogs.bulk,
                "type": self.details.choose_type,
                "confidence": self.details.choose_confidence,
                "notes": self.details.write_notes,
            },
            digit=self.decisions.reject_by_number,
            allowed=self._keys_allowed,
            seen=lambda: self.view.is_painted,
        )

    def _connect(self) -> None:
        panel = self.panel
        panel.layer.layerChanged.connect(self.take)
        panel.reviewer.textChanged.connect(self._set_reviewer)
        for button, slot in (
            (panel.accept, self.accept),
            (panel.reject, self.reject),
            (panel.second_look, self.decisions.second_look),
            (panel.back, self.decisions.back),
            (panel.next, self.next),
            (panel.undo, self.undo),
            (panel.zoom, self.view.zoom),
        ):
            button.clicked.connect(lambda _=False, slot=slot: slot())
            button.clicked.connect(self._to_map)
        panel.bulk.clicked.connect(lambda _=False: self.dialogs.bulk())
        panel.event.clicked.connect(lambda _=False: self.dialogs.event())
        panel.parts.clicked.connect(lambda _=False: self.dialogs.reviewers())
        panel.reviewer.returnPressed.connect(self._to_map)
        for button, action in (
            (panel.export, self._actions.export),
            (panel.report, self._actions.report),
            (panel.share, self._actions.share),
            (panel.training, self._actions.training),
        ):
            button.clicked.connect(lambda _=False, action=action: action(self.review.layer))
        project = QgsProject.instance()
        project.layersWillBeRemoved.connect(self._layers_going)
        project.layersAdded.connect(self._offer_inventories)
        self._offer_inventories()

    def _offer_inventories(self, *_: Any) -> None:
        """The list of inventories holds nothing else."""
        layers = QgsProject.instance().mapLayers().values()
        self.panel.layer.setExceptedLayerList(
            [layer for layer in layers if not is_inventory(layer)]
        )

    def _keys_allowed(self) -> bool:
        """Whether keys act: not while QGIS's advanced digitizing reads them."""
        cad = self._iface.cadDockWidget()
        return bool(self.isVisible() and self.panel.isEnabled() and not (cad and cad.cadEnabled()))

    def _to_map(self, *_: Any) -> None:
        """The keys go on from here, whatever was pressed with the mouse."""
        self._canvas.setFocus()

    def close_down(self) -> None:
        """Remove everything from the map before the plugin is unloaded."""
        self.panel.layer.layerChanged.disconnect(self.take)
        self._drop()
        for part in (
            self._keys,
            self.dialogs,
            self.measuring,
            self._actions,
            self.threshold,
            self.adding,
            self.drawing,
            self.swipe,
            self.second,
            self.view,
            self._outline,
        ):
            part.close()
        QgsProject.instance().layersWillBeRemoved.disconnect(self._layers_going)
        QgsProject.instance().layersAdded.disconnect(self._offer_inventories)

    # The layer

    def choose_layer(self) -> None:
        """Review an inventory: the active layer, the current one, or any."""
        candidates = [
            self._iface.activeLayer(),
            self.review.layer,
            *QgsProject.instance().mapLayers().values(),
        ]
        good = next((layer for layer in candidates if is_inventory(layer)), None)
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
            self._notify(str(error), Qgis.MessageLevel.Warning)
        self.details.open(self.review.layer)
        self.threshold.begin()
        self.swipe.show()
        self.second.fill()
        self.second.show()
        self._show()
        if self.isVisible():
            self.view.zoom()

    def showEvent(self, event: QShowEvent | None) -> None:
        """Bring the first landslide into view once the map has its size."""
        super().showEvent(event)
        QTimer.singleShot(0, self._first_look)

    def _first_look(self) -> None:
        if self.isVisible():
            self.view.arrive()

    def _drop(self) -> None:
        if self.review.layer is not None:
            with suppress(RuntimeError, TypeError):  # the layer is gone
                self.review.layer.selectionChanged.disconnect(self._selection_changed)
        self._editing.take(None)
        self.measuring.forget()
        self.review.close()
        self.swipe.end()
        self._outline.clear()
        self.view.expect(None)
        self.threshold.clear()

    def _layers_going(self, ids: list[str]) -> None:
        if self.review.layer is not None and self.review.layer.id() in ids:
            self.take(None)

    def _inventory_changed(self) -> None:
        """Many landslides were drawn anew in one step."""
        self.review.requeue(self.panel.order.currentData(), self.panel.pending.isChecked())
        self.decisions.arrive()

    def _set_busy(self, busy: bool) -> None:
        """A decision that is written while the file is made anew would be lost."""
        self.panel.setEnabled(not busy)

    def _reread(self) -> None:
        self.take(self.review.layer)

    # Decisions

    def accept(self) -> None:
        """Accept the current landslide and go on."""
        self.decisions.accept()

    def reject(self, reason: str | None = None) -> None:
        """Reject it, with the reason given or the one chosen, and go on."""
        self.decisions.reject(reason)

    def next(self) -> None:
        """Go on without a decision."""
        self.decisions.next()

    def undo(self) -> None:
        """Take the last step back and return to it."""
        self.decisions.undo()

    def _set_reviewer(self, text: str) -> None:
        QgsSettings().setValue(options.REVIEWER, text.strip())
        if self.review.reviewed is not None:
            self.review.reviewed.reviewer = text.strip()

    # What the other parts did

    def _reshaped(self, fid: int) -> None:
        self.review.note(fid)
        self.measuring.request([fid])
        self._show()

    def _measured(self, fids: list[int]) -> None:
        self.review.note(fids)
        self._show_facts()

    def _added(self, fid: int) -> None:
        self.review.note(fid)
        self.review.queue.go(fid)
        self.measuring.request([fid])
        self._show()

    def _edited(self, changed: list[int], added: list[int], removed: list[int]) -> None:
        """Shapes were saved with QGIS's own tools."""
        if self.review.reviewed is None:
            return
        try:
            self.review.reviewed.mark_edited([*changed, *added])
        except ReviewError as error:
            self._notify(str(error), Qgis.MessageLevel.Critical)
        self.review.note([*changed, *added, *removed, *self.review.queue.unsaved()])
        self.measuring.request([*changed, *added])
        self._show()

    def _selection_changed(self, selected: list[int], *_: Any) -> None:
        if self.dialogs.current is not None:
            return  # a dialog shows what it is about
        if len(selected) == 1 and self.review.queue.go(selected[0]):
            self._show()

    # What is shown

    def _show(self) -> None:
        panel, queue, reviewed, geometry = (
            self.panel,
            self.review.queue,
            self.review.reviewed,
            self.review.geometry,
        )
        panel.show_keys()
        panel.bar.setMaximum(max(1, len(queue)))
        panel.bar.setValue(len(queue) - queue.open)
        left = forecast(self.decisions.pace.left_s(queue.open))
        panel.counts.setText(facts.progress(queue, left))
        for button in (panel.accept, panel.reject, panel.second_look, panel.back, panel.next):
            button.setEnabled(geometry is not None)
        panel.zoom.setEnabled(geometry is not None)
        for button in panel.for_inventories():
            button.setEnabled(reviewed is not None)
        panel.undo.setEnabled(reviewed is not None and reviewed.can_undo)
        if geometry is not None and reviewed is not None and queue.current is not None:
            self._show_facts()
            self.details.show(reviewed.feature(queue.current))
            self._outline.show(geometry, reviewed.layer.crs())
            self.second.mark(geometry, reviewed.layer.crs())
            self.view.expect(transformed(geometry, reviewed.layer.crs(), map_crs(self._canvas)))
        else:
            panel.facts.setText(
                tr("Choose an inventory that “Detect landslides” made.")
                if reviewed is None
                else tr(
                    "This inventory holds no landslide. Lower the threshold, or click to add one."
                )
            )
            self.details.show(None)
            self._outline.clear()
            self.second.mark(None, self.review.layer_crs)
            self.view.expect(None)
        self.threshold.clear()

    def _show_facts(self) -> None:
        """What is known of the current landslide; the threshold's preview stays."""
        reviewed, fid = self.review.reviewed, self.review.queue.current
        if reviewed is not None and fid is not None:
            feature = reviewed.feature(fid)
            measuring = fid in self.measuring
            self.panel.facts.setText(
                facts.describe(feature, self.review.queue, measuring=measuring)
            )

    def _notify(self, text: str, level: Qgis.MessageLevel) -> None:
        self._iface.messageBar().pushMessage(tr("Review"), text, level, 6)
