"""Split, merge and vertices through QGIS's own editing tools; what they saved is told to the review."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from qgis.core import QgsProject, QgsTolerance, QgsVectorLayer
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QAction

Saved = Callable[[list[int], list[int], list[int]], None]


class Editing:
    """Turns QGIS's editing on and off for the layer under review.

    Args:
        iface: QGIS's interface.
        saved: Receives identifiers of changed, added and removed landslides after they were saved.
    """

    def __init__(self, iface: Any, saved: Saved) -> None:
        self._iface = iface
        self._saved = saved
        self._layer: QgsVectorLayer | None = None
        self._changed: set[int] = set()
        self._added: set[int] = set()
        self._removed: set[int] = set()

    def take(self, layer: QgsVectorLayer | None) -> None:
        """Listen to another layer, or to none."""
        for signal, slot in self._signals(self._layer):
            with suppress(RuntimeError, TypeError):  # the layer is gone
                signal.disconnect(slot)
        self._layer = layer
        for signal, slot in self._signals(layer):
            signal.connect(slot)

    def _signals(self, layer: QgsVectorLayer | None) -> list[tuple[Any, Callable[..., None]]]:
        try:
            if layer is None or not layer.isValid():
                return []
        except RuntimeError:
            return []
        return [
            (layer.committedGeometriesChanges, self._note_changed),
            (layer.committedFeaturesAdded, self._note_added),
            (layer.committedFeaturesRemoved, self._note_removed),
        ]

    def toggle(self, on: bool) -> None:
        """Begin to edit vertices with snapping, or save and end."""
        layer = self._layer
        if layer is None:
            return
        self._iface.setActiveLayer(layer)
        if on:
            self._snap()
            layer.startEditing()
            self._iface.actionVertexTool().trigger()
        elif layer.isEditable():
            layer.commitChanges()
            self._iface.actionPan().trigger()

    def split(self) -> None:
        """Begin to draw a line across a landslide."""
        if self._begin():
            self._iface.actionSplitFeatures().trigger()

    def merge(self) -> None:
        """Merge the selected landslides."""
        action = self._iface.mainWindow().findChild(QAction, "mActionMergeFeatures")
        if self._begin() and action is not None:
            action.trigger()

    def _begin(self) -> bool:
        if self._layer is None:
            return False
        self._iface.setActiveLayer(self._layer)
        if not self._layer.isEditable():
            self._snap()
            self._layer.startEditing()
        return bool(self._layer.isEditable())

    def _snap(self) -> None:
        config = QgsProject.instance().snappingConfig()
        config.setEnabled(True)
        config.setTolerance(12)
        config.setUnits(QgsTolerance.UnitType.Pixels)
        QgsProject.instance().setSnappingConfig(config)
        QgsProject.instance().setTopologicalEditing(True)

    def _note_changed(self, _: str, changed: dict[int, Any]) -> None:
        self._changed |= set(changed)
        self._later()

    def _note_added(self, _: str, added: list[Any]) -> None:
        self._added |= {feature.id() for feature in added}
        self._later()

    def _note_removed(self, _: str, removed: list[int]) -> None:
        self._removed |= set(removed)
        self._later()

    def _later(self) -> None:
        # Within a commit nothing may be written; its three signals are gathered into one.
        QTimer.singleShot(0, self._tell)

    def _tell(self) -> None:
        if not (self._changed or self._added or self._removed):
            return
        told = sorted(self._changed - self._removed), sorted(self._added), sorted(self._removed)
        self._changed, self._added, self._removed = set(), set(), set()
        self._saved(*told)
