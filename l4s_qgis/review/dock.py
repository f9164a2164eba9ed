"""The review dock: what its buttons and keys do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsSettings,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.gui import QgsRubberBand
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtGui import QColor, QKeySequence
from qgis.PyQt.QtWidgets import QDockWidget, QShortcut

from ..i18n import tr
from . import schema
from .actions import InventoryActions, probability_of
from .editing import Editing
from .inventory import ReviewedLayer, ReviewError
from .outline import Probability, grow, outlines, redraw
from .panel import ReviewPanel
from .queue import Entry, Queue
from .swipe import Curtain
from .tools import ClickTool

CONTEXT = 2.5
"""How much more than the landslide is shown around it."""
SMALLEST_VIEW_M = 400.0


class ReviewDock(QDockWidget):
    """Accept, reject, correct: with keys, one landslide after the other."""

    def __init__(self, iface: Any) -> None:
        super().__init__(tr("Review landslides"), iface.mainWindow())
        self.setObjectName("l4s_review")
        self._iface = iface
        self._canvas = iface.mapCanvas()
        self._reviewed: ReviewedLayer | None = None
        self._queue = Queue([])
        self._probability: Probability | None = None
        self._curtain: Curtain | None = None
        self.panel = ReviewPanel()
        self.setWidget(self.panel)
        self._band = self._make_band(QColor(0, 220, 255), 2.5, 0)
        self._preview = self._make_band(QColor(255, 120, 0), 2.0, 45)
        self._soon = QTimer(self, singleShot=True, interval=40)
        self._soon.timeout.connect(self._draw_preview)
        self._click = ClickTool(self._canvas)
        self._click.clicked.connect(self.add_at)
        self._editing = Editing(iface, self._edited)
        self._actions = InventoryActions(iface, self._inventory_changed)
        self.panel.reviewer.setText(QgsSettings().value("l4s/reviewer", "", type=str) or QgsApplication.userFullName())
        self._connect()
        self._add_keys()
        self._choose_layer()

    def _make_band(self, colour: QColor, width: float, alpha: int) -> QgsRubberBand:
        band = QgsRubberBand(self._canvas, QgsWkbTypes.GeometryType.PolygonGeometry)
        band.setStrokeColor(colour)
        fill = QColor(colour)
        fill.setAlpha(alpha)
        band.setFillColor(fill)
        band.setWidth(round(width))
        return band

    def _connect(self) -> None:
        panel = self.panel
        panel.layer.layerChanged.connect(self.take)
        panel.reviewer.textChanged.connect(self._set_reviewer)
        panel.order.currentIndexChanged.connect(lambda _: self._sort())
        panel.pending.toggled.connect(self._set_pending)
        for button, slot in (
            (panel.accept, self.accept), (panel.reject, self.reject), (panel.back, self.back), (panel.next, self.next), (panel.undo, self.undo),
            (panel.zoom, self.zoom), (panel.apply, self.apply_threshold), (panel.split, self._editing.split), (panel.merge, self._editing.merge),
            (panel.export, lambda: self._actions.export(self._layer())), (panel.report, lambda: self._actions.report(self._layer())),
            (panel.training, lambda: self._actions.training(self._layer())),
        ):  # fmt: skip
            button.clicked.connect(lambda _=False, slot=slot: slot())
        panel.threshold.valueChanged.connect(self._threshold_moved)
        panel.scope.currentIndexChanged.connect(lambda _: self._soon.start())
        panel.add.toggled.connect(self._toggle_add)
        panel.edit.toggled.connect(self._editing.toggle)
        panel.swipe.currentIndexChanged.connect(lambda _: self._swipe())
        panel.curtain.valueChanged.connect(self._move_curtain)
        self._canvas.extentsChanged.connect(self._view_changed)
        self._canvas.mapToolSet.connect(self._tool_changed)
        for signal in (QgsProject.instance().layersAdded, QgsProject.instance().layersRemoved):
            signal.connect(self._fill_swipe)
        QgsProject.instance().layersWillBeRemoved.connect(self._layers_going)
        self._fill_swipe()

    def _add_keys(self) -> None:
        keys: dict[str, Callable[[], Any]] = {
            "A": self.accept, "R": self.reject, "N": self.next, "Space": self.next, "B": self.back, "U": self.undo, "Z": self.zoom,
            "C": self.panel.add.toggle, "E": self.panel.edit.toggle,
        }  # fmt: skip
        for number, reason in enumerate(schema.REASONS, start=1):
            keys[str(number)] = lambda reason=reason: self.reject(reason)
        for home in (self, self._canvas):
            for key, slot in keys.items():
                shortcut = QShortcut(QKeySequence(key), home)
                shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                shortcut.activated.connect(lambda slot=slot: slot() if self.isVisible() else None)

    def close_down(self) -> None:
        """Remove everything from the map before the plugin is unloaded."""
        self._drop()
        self._canvas.extentsChanged.disconnect(self._view_changed)
        self._canvas.mapToolSet.disconnect(self._tool_changed)
        for signal in (QgsProject.instance().layersAdded, QgsProject.instance().layersRemoved):
            signal.disconnect(self._fill_swipe)
        QgsProject.instance().layersWillBeRemoved.disconnect(self._layers_going)
        self._canvas.unsetMapTool(self._click)
        for shortcut in self._canvas.findChildren(QShortcut):
            shortcut.deleteLater()
        for band in (self._band, self._preview):
            self._canvas.scene().removeItem(band)

    def _choose_layer(self) -> None:
        active = self._iface.activeLayer()
        candidates = [active, *QgsProject.instance().mapLayers().values()]
        good = [
            layer
            for layer in candidates
            if isinstance(layer, QgsVectorLayer)
            and layer.fields().indexOf("status") >= 0
            and layer.fields().indexOf("prob_mean") >= 0
        ]
        self.panel.layer.blockSignals(True)
        self.panel.layer.setLayer(good[0] if good else None)
        self.panel.layer.blockSignals(False)
        self.take(self.panel.layer.currentLayer())

    def take(self, layer: QgsVectorLayer | None) -> None:
        """Take a layer under review."""
        self._drop()
        self._queue = Queue([])
        try:
            if layer is not None:
                self._reviewed = ReviewedLayer(layer, self.panel.reviewer.text().strip())
                self._queue = self._reviewed.queue(self.panel.order.currentData(), self.panel.pending.isChecked())
                self._open_probability(layer)
                self._editing.take(layer)
                layer.selectionChanged.connect(self._selection_changed)
        except ReviewError as error:
            self._reviewed = None
            self._say(str(error), Qgis.MessageLevel.Warning)
        self._queue.first()
        self._show()
        if self._queue.current is not None and self.isVisible():
            self.zoom()

    def _drop(self) -> None:
        if self._reviewed is not None:
            with suppress(RuntimeError, TypeError):  # the layer is gone
                self._reviewed.layer.selectionChanged.disconnect(self._selection_changed)
        self._editing.take(None)
        self._reviewed = self._probability = None
        self._end_swipe()
        for band in (self._band, self._preview):
            band.reset(QgsWkbTypes.GeometryType.PolygonGeometry)

    def _layers_going(self, ids: list[str]) -> None:
        layer = self._layer()
        if layer is not None and layer.id() in ids:
            self.take(None)
        elif self._curtain is not None:
            self._end_swipe()

    def _open_probability(self, layer: QgsVectorLayer) -> None:
        try:
            self._probability = Probability(probability_of(layer))
        except OSError:
            self._probability = None
        self.panel.threshold_box.setEnabled(self._probability is not None)
        if self._queue.current is not None and self._reviewed is not None and layer.fields().indexOf("threshold") >= 0:
            threshold = self._reviewed.feature(self._queue.current)["threshold"]
            self.panel.threshold.blockSignals(True)
            self.panel.threshold.setValue(round(100 * threshold) if isinstance(threshold, float) else 50)
            self.panel.threshold.blockSignals(False)
            self._show_threshold()

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
        self._queue.next()
        self._arrive()

    def back(self) -> None:
        """Go back."""
        self._queue.back()
        self._arrive()

    def undo(self) -> None:
        """Take the last step back and return to it."""
        if self._reviewed is None:
            return
        try:
            fid = self._reviewed.undo()
        except ReviewError as error:
            self._say(str(error), Qgis.MessageLevel.Critical)
            return
        if fid is None:
            self._say(tr("There is nothing to undo."), Qgis.MessageLevel.Info)
            return
        feature = self._reviewed.feature(fid)
        if feature.isValid():
            self._note(fid)
            self._queue.go(fid)
        else:
            self._queue.remove(fid)
        self._arrive()

    def _decide(self, status: str, reason: str | None) -> None:
        fid = self._queue.current
        if fid is None or self._reviewed is None:
            return
        if status == schema.ACCEPTED and self._queue.status(fid) == schema.EDITED:
            status = schema.EDITED  # it was corrected and stays so
        try:
            self._reviewed.decide(fid, status, reason)
        except ReviewError as error:
            self._say(str(error), Qgis.MessageLevel.Critical)
            return
        self._queue.set_status(fid, status)
        self._queue.next()
        self._arrive()

    def _arrive(self) -> None:
        self._show()
        self.zoom()

    def _note(self, fid: int) -> None:
        """Bring the queue up to date with the layer."""
        if self._reviewed is None:
            return
        feature = self._reviewed.feature(fid)
        area = self._reviewed.area_m2(feature.geometry())
        status = str(feature["status"] or schema.PENDING)
        if fid in self._queue:
            self._queue.set_status(fid, status, area)
        else:
            self._queue.add(Entry(fid, status, 0.0, area))

    # What is shown

    def zoom(self) -> None:
        """Show the landslide at hand with its surroundings."""
        geometry = self._geometry()
        if geometry is None:
            return
        box = self._to_map(geometry).boundingBox()
        box.scale(CONTEXT)
        smallest = SMALLEST_VIEW_M / (111320.0 if self._canvas.mapSettings().destinationCrs().isGeographic() else 1.0)
        if max(box.width(), box.height()) < smallest:
            box.grow((smallest - max(box.width(), box.height())) / 2)
        self._canvas.setExtent(box)
        self._canvas.refresh()

    def _show(self) -> None:
        panel, queue = self.panel, self._queue
        done = len(queue) - queue.count(schema.PENDING)
        panel.bar.setMaximum(max(1, len(queue)))
        panel.bar.setValue(done)
        confirmed = queue.count(schema.ACCEPTED) + queue.count(schema.EDITED)
        panel.counts.setText(
            tr("{left} left of {all} · {good} landslides, {area} · {bad} rejected").format(
                left=queue.count(schema.PENDING),
                all=len(queue),
                good=confirmed,
                area=area_text(queue.confirmed_m2),
                bad=queue.count(schema.REJECTED),
            )
        )
        geometry = self._geometry()
        for button in (panel.accept, panel.reject, panel.back, panel.next, panel.zoom):
            button.setEnabled(geometry is not None)
        panel.undo.setEnabled(self._reviewed is not None and self._reviewed.can_undo)
        panel.facts.setText(
            self._facts() if geometry is not None else tr("Choose an inventory that “Detect landslides” made.")
        )
        if geometry is not None and self._reviewed is not None:
            self._band.setToGeometry(geometry, self._reviewed.layer)
        else:
            self._band.reset(QgsWkbTypes.GeometryType.PolygonGeometry)
        self._clear_preview()

    def _facts(self) -> str:
        reviewed, fid = self._reviewed, self._queue.current
        if reviewed is None or fid is None:
            return ""
        feature = reviewed.feature(fid)

        def value(name: str, pattern: str) -> str:
            if feature.fields().indexOf(name) < 0 or not isinstance(feature[name], (int, float)):
                return "–"
            return pattern.format(feature[name])

        lines = [
            tr("<b>No. {id}</b> ({position} of {all}), {status}").format(
                id=value("id", "{}"),
                position=self._queue.position,
                all=len(self._queue),
                status=schema.STATUS_TITLES.get(str(feature["status"]), schema.STATUS_TITLES[schema.PENDING])(),
            ),
            tr("{area} m² · probability {mean} (up to {max}) · slope {slope}°").format(
                area=value("area_m2", "{:,.0f}"),
                mean=value("prob_mean", "{:.2f}"),
                max=value("prob_max", "{:.2f}"),
                slope=value("slope_deg", "{:.0f}"),
            ),
        ]
        flags = feature["flags"] if feature.fields().indexOf("flags") >= 0 else None
        if isinstance(flags, str) and flags:
            lines.append(f'<span style="color:#b26a00">⚑ {flags.replace(";", ", ")}</span>')
        return "<br>".join(lines)

    # Threshold, click to add

    def _threshold_moved(self, _: int) -> None:
        self._show_threshold()
        self.panel.apply.setEnabled(True)
        self._soon.start()

    def _show_threshold(self) -> None:
        self.panel.threshold_value.setText(f"{self.panel.threshold.value() / 100:.2f}")

    def _view_changed(self) -> None:
        if self.panel.apply.isEnabled() and self.panel.scope.currentData() == "all":
            self._soon.start()

    def _clear_preview(self) -> None:
        self._preview.reset(QgsWkbTypes.GeometryType.PolygonGeometry)
        self.panel.apply.setEnabled(False)

    def _draw_preview(self) -> None:
        """Draw outlines at the slider's threshold; nothing is changed."""
        if self._probability is None or not self.panel.apply.isEnabled():
            return
        threshold = self.panel.threshold.value() / 100
        crs = self._raster_crs()
        if self.panel.scope.currentData() == "one":
            geometry = self._geometry()
            new = (
                redraw(self._probability, self._transformed(geometry, self._layer_crs(), crs), threshold)
                if geometry is not None
                else None
            )
            shapes = [new] if new is not None else []
        else:
            view = self._transformed(QgsGeometry.fromRect(self._canvas.extent()), self._map_crs(), crs).boundingBox()
            patch = self._probability.read(view)
            shapes = outlines(patch, threshold) if patch is not None else []
        self._preview.reset(QgsWkbTypes.GeometryType.PolygonGeometry)
        if shapes:
            self._preview.setToGeometry(
                self._transformed(QgsGeometry.collectGeometry(shapes), crs, self._map_crs()), None
            )

    def apply_threshold(self) -> None:
        """Take the previewed outline for the landslide at hand, or make the whole layer anew at the slider's threshold."""
        if self._probability is None or self._reviewed is None:
            return
        threshold = self.panel.threshold.value() / 100
        if self.panel.scope.currentData() == "all":
            self._actions.revectorize(self._reviewed.layer, threshold)
            self._clear_preview()
            return
        geometry, fid = self._geometry(), self._queue.current
        if geometry is None or fid is None:
            return
        crs = self._raster_crs()
        new = redraw(self._probability, self._transformed(geometry, self._layer_crs(), crs), threshold)
        if new is None:
            self._say(
                tr("Nothing of this landslide is left at that threshold; reject it, or lower the threshold."),
                Qgis.MessageLevel.Info,
            )
            return
        try:
            self._reviewed.reshape(fid, self._transformed(new, crs, self._layer_crs()))
        except ReviewError as error:
            self._say(str(error), Qgis.MessageLevel.Critical)
            return
        self._note(fid)
        self._show()

    def _toggle_add(self, on: bool) -> None:
        if on and self._probability is not None:
            self._canvas.setMapTool(self._click)
        elif self._canvas.mapTool() is self._click:
            self._canvas.unsetMapTool(self._click)
            self._iface.actionPan().trigger()

    def _tool_changed(self, tool: Any, _: Any = None) -> None:
        self.panel.add.setChecked(tool is self._click)

    def add_at(self, point: QgsPointXY) -> None:
        """Add the landslide around a point of the map."""
        if self._probability is None or self._reviewed is None:
            return
        crs, threshold = self._raster_crs(), self.panel.threshold.value() / 100
        there = self._transformed(QgsGeometry.fromPointXY(point), self._map_crs(), crs).asPoint()
        found = grow(self._probability, there, threshold)
        if found is None:
            value = self._probability.at(there)
            text = (
                tr("There is no result at this place.")
                if value is None
                else tr(
                    "The probability here is {value:.2f}, below the threshold of {threshold:.2f}; lower it to add this place."
                ).format(value=value, threshold=threshold)
            )
            self._say(text, Qgis.MessageLevel.Info)
            return
        geometry, probabilities = found
        try:
            fid = self._reviewed.add(self._transformed(geometry, crs, self._layer_crs()), probabilities)
        except ReviewError as error:
            self._say(str(error), Qgis.MessageLevel.Critical)
            return
        self._note(fid)
        self._queue.go(fid)
        self._show()

    # Swipe

    def _fill_swipe(self, *_: Any) -> None:
        chosen = self.panel.swipe.currentData()
        self.panel.swipe.blockSignals(True)
        self.panel.swipe.clear()
        self.panel.swipe.addItem(tr("nothing"), None)
        for layer in QgsProject.instance().mapLayers().values():
            if not isinstance(layer, QgsVectorLayer):
                self.panel.swipe.addItem(layer.name(), layer.id())
        self.panel.swipe.setCurrentIndex(max(0, self.panel.swipe.findData(chosen)))
        self.panel.swipe.blockSignals(False)

    def _swipe(self) -> None:
        self._end_swipe()
        layer = QgsProject.instance().mapLayer(self.panel.swipe.currentData() or "")
        self.panel.curtain.setEnabled(layer is not None)
        if layer is not None:
            on_top = [self._reviewed.layer] if self._reviewed is not None else []
            self._curtain = Curtain(self._canvas, [*on_top, layer])
            self._move_curtain(self.panel.curtain.value())

    def _move_curtain(self, value: int) -> None:
        if self._curtain is not None:
            self._curtain.set_share(value / 100)

    def _end_swipe(self) -> None:
        if self._curtain is not None:
            self._curtain.close()
            self._curtain = None

    # Small things

    def _edited(self, changed: list[int], added: list[int], removed: list[int]) -> None:
        """Shapes were saved with QGIS's own tools."""
        if self._reviewed is None:
            return
        try:
            self._reviewed.mark_edited([*changed, *added])
        except ReviewError as error:
            self._say(str(error), Qgis.MessageLevel.Critical)
        for fid in removed:
            self._queue.remove(fid)
        for fid in (*changed, *added):
            self._note(fid)
        self._show()

    def _inventory_changed(self) -> None:
        """The file was made anew."""
        layer = self._layer()
        if layer is not None:
            layer.dataProvider().reloadData()
            layer.triggerRepaint()
            self.take(layer)

    def _selection_changed(self, selected: list[int], *_: Any) -> None:
        if len(selected) == 1 and self._queue.go(selected[0]):
            self._show()

    def _set_reviewer(self, text: str) -> None:
        QgsSettings().setValue("l4s/reviewer", text.strip())
        if self._reviewed is not None:
            self._reviewed.reviewer = text.strip()

    def _sort(self) -> None:
        self._queue.sort(self.panel.order.currentData())
        self._queue.first()
        self._arrive()

    def _set_pending(self, on: bool) -> None:
        self._queue.only_pending = on

    def _layer(self) -> QgsVectorLayer | None:
        return self._reviewed.layer if self._reviewed is not None else None

    def _geometry(self) -> QgsGeometry | None:
        if self._reviewed is None or self._queue.current is None:
            return None
        geometry = self._reviewed.feature(self._queue.current).geometry()
        return None if geometry.isNull() else geometry

    def _to_map(self, geometry: QgsGeometry) -> QgsGeometry:
        return self._transformed(geometry, self._layer_crs(), self._map_crs())

    def _transformed(
        self, geometry: QgsGeometry, source: QgsCoordinateReferenceSystem, target: QgsCoordinateReferenceSystem
    ) -> QgsGeometry:
        copy = QgsGeometry(geometry)
        if source != target:
            copy.transform(QgsCoordinateTransform(source, target, QgsProject.instance()))
        return copy

    def _map_crs(self) -> QgsCoordinateReferenceSystem:
        return self._canvas.mapSettings().destinationCrs()

    def _layer_crs(self) -> QgsCoordinateReferenceSystem:
        layer = self._layer()
        return layer.crs() if layer is not None else self._map_crs()

    def _raster_crs(self) -> QgsCoordinateReferenceSystem:
        crs = QgsCoordinateReferenceSystem()
        if self._probability is not None:
            crs.createFromWkt(self._probability.crs_wkt)
        return crs

    def _say(self, text: str, level: Qgis.MessageLevel) -> None:
        self._iface.messageBar().pushMessage(tr("Review"), text, level, 6)


def area_text(area_m2: float) -> str:
    """An area as people say it."""
    return f"{area_m2 / 1e6:.2f} km²" if area_m2 >= 1e6 else f"{area_m2 / 1e4:.1f} ha"
