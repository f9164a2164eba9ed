"""Has corrected outlines measured by the engine, in the background."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Callable

from qgis.core import NULL, Qgis, QgsApplication
from qgis.PyQt.QtCore import QObject, QTimer

from ...i18n import tr
from ...messages import EngineError
from ...setup.task import CommandTask
from ...worker import environment
from .. import schema
from ..changes import Change
from ..files import inventory_file, probability_of, stack_of
from ..inventory import ReviewError
from ..session import Review

AT_ONCE = 200
"""So many landslides are measured by one engine command; a command line is not endless."""


class Measuring(QObject):
    """Asks the engine for the facts of new outlines, and writes them.

    What the engine says of an outline that changed meanwhile is dropped. The values belong to the
    step that changed the outline: undo of that step takes them back.

    Args:
        review: What is under review.
        notify: Shows the reviewer a message.
        measured: Called with the landslides whose facts were written.
    """

    def __init__(
        self,
        review: Review,
        *,
        notify: Callable[[str, Qgis.MessageLevel], None],
        measured: Callable[[list[int]], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._review = review
        self._notify = notify
        self._measured = measured
        self._waiting: set[int] = set()
        self._asked: dict[int, bytes] = {}
        self._task: CommandTask | None = None
        self._told = False

    def __contains__(self, fid: int) -> bool:
        return fid in self._waiting or fid in self._asked

    @property
    def is_busy(self) -> bool:
        """Whether something is being measured, or waits for it."""
        return bool(self._waiting or self._asked)

    def request(self, fids: Iterable[int]) -> None:
        """Measure landslides anew, as soon as the engine is free."""
        layer = self._review.layer
        if layer is None or layer.isEditable():
            return  # what is in the edit buffer is measured when it has been saved
        self._waiting |= {fid for fid in fids if fid >= 0}
        if self._task is None and self._waiting:
            QTimer.singleShot(0, self._start)

    def forget(self) -> None:
        """Another layer is under review: nothing is written any more."""
        self._waiting.clear()
        self._asked.clear()
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        """Stop."""
        self.forget()

    def _start(self) -> None:
        layer, reviewed = self._review.layer, self._review.reviewed
        if self._task is not None or layer is None or reviewed is None:
            return
        fids = sorted(self._waiting)[:AT_ONCE]
        self._waiting -= set(fids)
        shapes = {fid: reviewed.feature(fid).geometry() for fid in fids}
        self._asked = {
            fid: bytes(shape.asWkb()) for fid, shape in shapes.items() if not shape.isNull()
        }
        if not self._asked:
            return
        inventory = inventory_file(layer)
        words = ["measure", "--inventory", str(inventory), "--probability", probability_of(layer)]
        if stack := stack_of(inventory):
            words += ["--stack", stack]
        for fid in self._asked:
            words += ["--fid", str(fid)]
        try:
            python = environment.require().python
        except EngineError as error:
            self._fail(error)
            return
        self._task = CommandTask(tr("Measuring outlines"), python, words)
        self._task.taskCompleted.connect(self._finished)
        self._task.taskTerminated.connect(self._finished)
        QgsApplication.taskManager().addTask(self._task)

    def _finished(self) -> None:
        task, self._task = self._task, None
        asked, self._asked = self._asked, {}
        if task is None:
            return
        if task.failure is not None and asked:
            self._fail(task.failure)
        elif asked:
            self._write(task.result.get("landslides") or [], asked)
        if self._waiting:
            self._start()

    def _write(self, rows: list[dict[str, Any]], asked: dict[int, bytes]) -> None:
        reviewed = self._review.reviewed
        if reviewed is None or reviewed.layer.isEditable():
            return
        values: dict[int, dict[int, Any]] = {}
        for row in rows:
            fid = int(row.get("fid", -1))
            shape = reviewed.feature(fid).geometry()
            if fid not in asked or shape.isNull() or bytes(shape.asWkb()) != asked[fid]:
                continue  # it was changed, or is gone
            values[fid] = {
                reviewed.index(name): NULL if row[name] is None else row[name]
                for name in schema.MEASURED
                if name in row and reviewed.index(name) >= 0
            }
        if not values:
            return
        try:
            reviewed.change(Change(values), undoable=False)
        except ReviewError as error:
            self._notify(str(error), Qgis.MessageLevel.Warning)
            return
        self._measured(list(values))

    def _fail(self, error: EngineError) -> None:
        """Explain once why facts stay empty; the review goes on without them."""
        self._waiting.clear()
        self._asked = {}
        if error.code != "cancelled" and not self._told:
            self._told = True
            text = tr("New outlines could not be measured; their facts stay empty. {reason}")
            self._notify(text.format(reason=error.sentence()), Qgis.MessageLevel.Warning)
        self._measured([])
