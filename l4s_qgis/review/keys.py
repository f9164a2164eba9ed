"""Keys of the review: they act only where they cannot be meant otherwise.

A key reaches the review from the map, or from the dock where the widget with the focus has no use
for it: an open list, a text field or a number box keeps its letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Callable

from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QEvent, QObject, Qt
from qgis.PyQt.QtGui import QKeyEvent, QKeySequence
from qgis.PyQt.QtWidgets import QWidget

from ..i18n import tr
from . import options

DECISION, MOVE, TOOL = "decision", "move", "tool"


@dataclass(frozen=True)
class Action:
    """Something that a key does.

    Attributes:
        default: Its key, where the person chose no other.
        title: What it is called.
        kind: ``decision`` (needs a landslide that was seen), ``move`` (may be held down) or
            ``tool``.
    """

    default: str
    title: Callable[[], str]
    kind: str = TOOL


ACTIONS: dict[str, Action] = {
    "accept": Action("A", lambda: tr("Accept"), DECISION),
    "reject": Action("R", lambda: tr("Reject"), DECISION),
    "second_look": Action("Q", lambda: tr("Needs review"), DECISION),
    "next": Action("N", lambda: tr("Next"), MOVE),
    "back": Action("B", lambda: tr("Back"), MOVE),
    "undo": Action("U", lambda: tr("Undo")),
    "zoom": Action("Z", lambda: tr("Zoom")),
    "add": Action("C", lambda: tr("Click to add")),
    "polygon": Action("P", lambda: tr("Draw a polygon")),
    "freehand": Action("F", lambda: tr("Draw freehand")),
    "brush": Action("D", lambda: tr("Brush: add")),
    "cut": Action("X", lambda: tr("Brush: cut")),
    "edit": Action("E", lambda: tr("Edit vertices")),
    "bulk": Action("G", lambda: tr("Decide on many")),
    "type": Action("T", lambda: tr("Landslide type")),
    "confidence": Action("K", lambda: tr("Confidence")),
    "notes": Action("M", lambda: tr("Notes")),
}


def key_of(action: str) -> str:
    """The key of an action, as the person chose it."""
    return options.key(action, ACTIONS[action].default)


def labelled(text: str, action: str) -> str:
    """A button's text with its key."""
    return f"{text}  ({key_of(action)})"


def doubled() -> list[str]:
    """Keys that more than one action has; the first of them gets it."""
    keys = [key_of(action) for action in ACTIONS]
    return sorted({key for key in keys if keys.count(key) > 1})


class ReviewKeys(QObject):
    """Turns keys on the map and in the dock into actions.

    Args:
        dock: The dock.
        canvas: The map.
        slots: What each action of :data:`ACTIONS` does.
        digit: Receives 1 to 9.
        allowed: Whether keys act at all now.
        seen: Whether the current landslide was seen: a decision needs that.
    """

    def __init__(
        self,
        dock: QWidget,
        canvas: QgsMapCanvas,
        slots: Mapping[str, Callable[[], object]],
        *,
        digit: Callable[[int], object],
        allowed: Callable[[], bool],
        seen: Callable[[], bool],
    ) -> None:
        super().__init__(dock)
        self._places = (dock, canvas)
        self._canvas = canvas
        self._slots = slots
        self._digit = digit
        self._allowed = allowed
        self._seen = seen
        for place in self._places:
            place.installEventFilter(self)

    def close(self) -> None:
        """Leave map and dock alone."""
        for place in self._places:
            place.removeEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take the keys of the review; everything else goes its way."""
        if event is None or event.type() not in (
            QEvent.Type.ShortcutOverride,
            QEvent.Type.KeyPress,
        ):
            return False
        found = self._action(event, watched)
        if found is None or not self._allowed():
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # else QGIS's own shortcut of that key would act
            return True
        act, kind = found
        held = event.isAutoRepeat() and kind != MOVE
        if not held and (kind != DECISION or self._seen()):
            act()
        return True

    def _action(
        self, event: QKeyEvent, watched: QObject | None
    ) -> tuple[Callable[[], object], str] | None:
        other = Qt.KeyboardModifier
        if event.modifiers() & (
            other.ControlModifier | other.AltModifier | other.MetaModifier | other.ShiftModifier
        ) and not (event.text().isdigit() and event.modifiers() == other.ShiftModifier):
            return None
        if event.text() in set("123456789"):  # by the text: some keyboards shift their digits
            number = int(event.text())
            return lambda: self._digit(number), DECISION
        if event.key() == Qt.Key.Key_Space and watched is self._canvas:
            return self._slots["next"], MOVE
        name = QKeySequence(event.key()).toString()
        for action, about in ACTIONS.items():
            if key_of(action) == name and action in self._slots:
                return self._slots[action], about.kind
        return None
