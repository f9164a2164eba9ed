"""Decisions on the current landslide, and the way through the queue."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Callable

from qgis.core import Qgis
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QApplication

from ..i18n import tr
from . import options, schema
from .bulk import Rule
from .inventory import ReviewError
from .maps.view import View
from .pace import Pace
from .panel import ReviewPanel
from .session import Review

Notify = Callable[[str, Qgis.MessageLevel], None]


class Decisions:
    """Accept, reject, ask for a second look, go on, go back, undo.

    Args:
        panel: The dock's widgets.
        review: What is under review.
        view: The map's view.
        notify: Shows the reviewer a message.
        show: Shows the current landslide and the progress.
    """

    def __init__(
        self,
        panel: ReviewPanel,
        review: Review,
        view: View,
        *,
        notify: Notify,
        show: Callable[[], None],
    ) -> None:
        self._panel = panel
        self._review = review
        self._view = view
        self._notify = notify
        self._show = show
        self.pace = Pace()
        panel.order.currentIndexChanged.connect(lambda _: self._sort())
        panel.specks.currentIndexChanged.connect(lambda _: self._place_specks())
        panel.pending.toggled.connect(self._set_only_open)
        panel.reason.currentIndexChanged.connect(
            lambda _: options.put("reason", panel.reason.currentData())
        )

    def accept(self) -> None:
        """Accept the current landslide and go on."""
        self._decide(schema.ACCEPTED, None)

    def reject(self, reason: str | None = None) -> None:
        """Reject it, with the reason given or the one chosen, and go on."""
        if reason is not None:
            self._panel.reason.setCurrentIndex(self._panel.reason.findData(reason))
        self._decide(schema.REJECTED, self._panel.reason.currentData())

    def second_look(self) -> None:
        """Leave it open for somebody else, and go on."""
        self._decide(schema.NEEDS_REVIEW, None)

    def reject_by_number(self, number: int) -> None:
        """Reject it with the reason of a number, from 1."""
        if number <= len(schema.REASONS):
            self.reject(list(schema.REASONS)[number - 1])

    def next(self) -> None:
        """Go on without a decision."""
        self._review.queue.next()
        self.arrive()

    def back(self) -> None:
        """Go back."""
        self._review.queue.back()
        self.arrive()

    def undo(self) -> None:
        """Take the last step back and return to it."""
        if self._review.reviewed is None:
            return
        try:
            fids = self._review.reviewed.undo()
        except ReviewError as error:
            self._notify(str(error), Qgis.MessageLevel.Critical)
            return
        if fids is None:
            self._notify(tr("There is nothing to undo."), Qgis.MessageLevel.Info)
            self._show()
            return
        self._review.note(fids)
        self._review.queue.go(fids[0])
        self.arrive()

    def decide_many(self, fids: Sequence[int], status: str, reason: str | None) -> bool:
        """Decide on many landslides in one step.

        Returns:
            Whether it was written.
        """
        reviewed = self._review.reviewed
        if reviewed is None or not fids:
            return False
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)  # 50,000 take ten seconds
        try:
            reviewed.decide(fids, status, reason)
            self._review.note(fids)
        except ReviewError as error:
            self._notify(str(error), Qgis.MessageLevel.Critical)
            return False
        finally:
            QApplication.restoreOverrideCursor()
        self._review.queue.first()
        self.arrive()
        return True

    def set_aside(self, rule: Rule | None) -> None:
        """Move open landslides of a rule to the end; None undoes it."""
        self._review.rule = rule
        self._review.queue.set_aside(rule.holds if rule is not None else None)
        self._review.queue.first()
        self.arrive()

    def arrive(self) -> None:
        """Another landslide is the current one: show it."""
        self._show()
        self._view.arrive()

    def _decide(self, status: str, reason: str | None) -> None:
        fid, reviewed = self._review.queue.current, self._review.reviewed
        if fid is None or reviewed is None:
            return
        if not self._view.is_seen:
            self._view.zoom()
            self._notify(
                tr("This landslide was not in view; here it is. Decide now."),
                Qgis.MessageLevel.Info,
            )
            return
        if status == schema.ACCEPTED and self._review.queue.status(fid) == schema.EDITED:
            status = schema.EDITED  # it was corrected and stays so
        try:
            reviewed.decide(fid, status, reason)
        except ReviewError as error:
            self._notify(str(error), Qgis.MessageLevel.Critical)
            return
        self.pace.note(time.monotonic())
        self._review.queue.set_status(fid, status)
        self._review.queue.next()
        self.arrive()

    def _sort(self) -> None:
        options.put("order", self._panel.order.currentData())
        self._review.queue.sort(self._panel.order.currentData())
        self._review.queue.first()
        self.arrive()

    def _place_specks(self) -> None:
        options.put("specks", self._panel.specks.currentData())
        self._review.queue.place_specks(self._panel.specks.currentData(), options.get("speck_m2"))
        self._review.queue.first()
        self.arrive()

    def _set_only_open(self, on: bool) -> None:
        options.put("only_pending", on)
        self._review.queue.only_pending = on
