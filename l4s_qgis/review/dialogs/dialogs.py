"""The dialogs of the dock: decide on many, the event, several reviewers."""

from __future__ import annotations

from typing import Any, Callable

from qgis.core import Qgis
from qgis.PyQt.QtWidgets import QDialog

from ...i18n import tr
from ..decisions import Decisions
from ..event import write_event
from ..inventory import ReviewError
from ..outlines.canvas import map_crs, transformed_box
from ..session import Review
from .bulk_dialog import BulkDialog
from .event_dialog import EventDialog
from .reviewers_dialog import ReviewersDialog


class Dialogs:
    """Opens the dialogs of the dock, one at a time.

    Args:
        iface: QGIS's interface.
        review: What is under review.
        decisions: What a bulk decision goes through.
        notify: Shows the reviewer a message.
        show: Shows the current landslide and the progress.
        closed: Called after a dialog was closed.
        renewed: Called after many landslides came, went or changed.
    """

    def __init__(
        self,
        iface: Any,
        review: Review,
        decisions: Decisions,
        *,
        notify: Callable[[str, Qgis.MessageLevel], None],
        show: Callable[[], None],
        closed: Callable[[], None],
        renewed: Callable[[], None],
    ) -> None:
        self._iface = iface
        self._review = review
        self._decisions = decisions
        self._notify = notify
        self._show = show
        self._closed = closed
        self._renewed = renewed
        self.current: QDialog | None = None

    def bulk(self) -> None:
        """Prepare a decision on many landslides."""
        if self._review.layer is None or self.current is not None:
            return
        dialog = BulkDialog(self._review, self._in_view, self._iface.mainWindow())
        dialog.decided.connect(self._decisions.decide_many)
        dialog.put_aside.connect(self._decisions.set_aside)
        self._open(dialog)

    def event(self) -> None:
        """Ask what all landslides have in common, and write it."""
        if self._review.layer is None or self.current is not None:
            return
        dialog = EventDialog(self._review.layer, self._iface.mainWindow())
        dialog.given.connect(self._write_event)
        self._open(dialog)

    def reviewers(self) -> None:
        """Hand out parts, or merge them."""
        if self._review.layer is None or self.current is not None:
            return
        if self._review.layer.isEditable():
            text = tr("The landslides are in QGIS's edit mode. Press “Save edits” first.")
            self._notify(text, Qgis.MessageLevel.Warning)
            return
        dialog = ReviewersDialog(self._review, self._iface.mainWindow())
        dialog.merged.connect(self._merged)
        dialog.looked_at.connect(self._look)
        self._open(dialog)

    def _look(self, fid: int) -> None:
        if self._review.queue.go(fid):
            self._decisions.arrive()

    def _merged(self, count: int) -> None:
        self._notify(
            tr("{n} landslides were taken over; one step of undo takes them back.").format(n=count),
            Qgis.MessageLevel.Success,
        )
        self._renewed()

    def close(self) -> None:
        """Close the dialog that is open."""
        if self.current is not None:
            self.current.reject()

    def _open(self, dialog: QDialog) -> None:
        self.current = dialog
        dialog.finished.connect(self._finished)
        dialog.open()

    def _finished(self, _: int) -> None:
        dialog, self.current = self.current, None
        if dialog is not None:
            dialog.deleteLater()
        self._closed()

    def _write_event(self, values: dict[str, str], only_empty: bool) -> None:
        reviewed = self._review.reviewed
        if reviewed is None:
            return
        try:
            count = write_event(reviewed, values, only_empty=only_empty)
        except ReviewError as error:
            self._notify(str(error), Qgis.MessageLevel.Critical)
            return
        self._notify(
            tr("Written to {n} landslides; new ones get it, too.").format(n=count),
            Qgis.MessageLevel.Success,
        )
        self._show()

    def _in_view(self) -> set[int]:
        canvas = self._iface.mapCanvas()
        box = transformed_box(canvas.extent(), map_crs(canvas), self._review.layer_crs)
        entries = self._review.queue.entries()
        return {entry.fid for entry in entries if box.contains(entry.x, entry.y)}
