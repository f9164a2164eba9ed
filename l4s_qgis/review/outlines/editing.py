"""Split, merge and vertices through QGIS's own editing tools."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from qgis.core import Qgis, QgsProject, QgsTolerance, QgsVectorLayer
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QAction

from ...i18n import tr
from ..panel import ReviewPanel

Saved = Callable[[list[int], list[int], list[int]], None]


class Editing:
    """Turns QGIS's editing on and off for the layer under review.

    Vertices are edited until the person ends it. A split or a merge is one step: it is saved as
    soon as it is done, unless the layer was in edit mode already.

    Args:
        iface: QGIS's interface.
        panel: Its widgets.
        saved: Receives identifiers of changed, added and removed landslides after they were saved.
        discarded: Called after the person discarded edits.
        notify: Shows the reviewer a message.
    """

    def __init__(
        self,
        iface: Any,
        panel: ReviewPanel,
        *,
        saved: Saved,
        discarded: Callable[[], None],
        notify: Callable[[str, Qgis.MessageLevel], None],
    ) -> None:
        self._iface = iface
        self._panel = panel
        self._saved = saved
        self._discarded = discarded
        self._notify = notify
        self._layer: QgsVectorLayer | None = None
        self._one_step = False
        self._snapping: tuple[Any, bool] | None = None
        self._changed: set[int] = set()
        self._added: set[int] = set()
        self._removed: set[int] = set()
        panel.edit.toggled.connect(self.toggle)
        panel.split.clicked.connect(lambda _=False: self.split())
        panel.merge.clicked.connect(lambda _=False: self.merge())

    def take(self, layer: QgsVectorLayer | None) -> None:
        """Listen to another layer, or to none."""
        for signal, slot in self._signals(self._layer):
            with suppress(RuntimeError, TypeError):  # the layer is gone
                signal.disconnect(slot)
        self._layer = layer
        for signal, slot in self._signals(layer):
            signal.connect(slot)
        self._show_mode()

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
            (layer.editCommandEnded, self._step_done),
            (layer.editingStarted, self._show_mode),
            (layer.editingStopped, self._ended),
            (layer.afterRollBack, self._discarded),
        ]

    def toggle(self, on: bool) -> None:
        """Begin to edit vertices with snapping, or save and end."""
        if self._layer is None:
            self._show_mode()
        elif on and self._begin():
            self._one_step = False
            self._iface.actionVertexTool().trigger()
        elif not on and self._layer.isEditable():
            self._save()

    def split(self) -> None:
        """Begin to draw a line across a landslide."""
        if self._begin():
            self._iface.actionSplitFeatures().trigger()

    def merge(self) -> None:
        """Merge the selected landslides."""
        if self._layer is not None and self._layer.selectedFeatureCount() < 2:
            text = tr("Select two or more landslides in the map first, with QGIS's selection tool.")
            self._notify(text, Qgis.MessageLevel.Info)
            return
        action = self._iface.mainWindow().findChild(QAction, "mActionMergeFeatures")
        if action is not None and self._begin():
            action.trigger()
            if self._one_step and not self._layer.isModified():  # the person thought better of it
                self._save()

    def _begin(self) -> bool:
        """Enter QGIS's edit mode, if the layer is not in it."""
        if self._layer is None:
            return False
        self._iface.setActiveLayer(self._layer)
        if not self._layer.isEditable():
            self._snap()
            self._one_step = True
            if not self._layer.startEditing():
                self._one_step = False
                self._notify(
                    tr("The layer cannot be edited: its file is read-only or gone."),
                    Qgis.MessageLevel.Critical,
                )
                self._ended()
        return bool(self._layer.isEditable())

    def _step_done(self) -> None:
        if self._one_step:
            QTimer.singleShot(0, self._save)  # QGIS's tool has still to finish

    def _save(self) -> None:
        layer = self._layer
        if layer is None or not layer.isEditable():
            return
        if not layer.commitChanges():
            reason = "; ".join(layer.commitErrors()[-1:])
            text = tr("The edits could not be saved and are still open: {reason}").format(
                reason=reason
            )
            self._notify(text, Qgis.MessageLevel.Critical)
            self._show_mode()
            return
        self._iface.actionPan().trigger()

    def _ended(self) -> None:
        self._one_step = False
        self._restore_snapping()
        self._show_mode()

    def _show_mode(self) -> None:
        """Show on the button whether the layer is in edit mode."""
        self._panel.show_editing(self._layer is not None and self._layer.isEditable())

    def _snap(self) -> None:
        project = QgsProject.instance()
        config = project.snappingConfig()
        self._snapping = (project.snappingConfig(), project.topologicalEditing())
        config.setEnabled(True)
        config.setTolerance(12)
        config.setUnits(QgsTolerance.UnitType.Pixels)
        project.setSnappingConfig(config)
        project.setTopologicalEditing(True)

    def _restore_snapping(self) -> None:
        if self._snapping is not None:
            config, topological = self._snapping
            QgsProject.instance().setSnappingConfig(config)
            QgsProject.instance().setTopologicalEditing(topological)
            self._snapping = None

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
        QTimer.singleShot(0, self._hand_over)

    def _hand_over(self) -> None:
        if not (self._changed or self._added or self._removed):
            return
        told = sorted(self._changed - self._removed), sorted(self._added), sorted(self._removed)
        self._changed, self._added, self._removed = set(), set(), set()
        self._saved(*told)
