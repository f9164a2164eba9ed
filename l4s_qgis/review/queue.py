"""The order in which landslides are reviewed.

Plain Python without QGIS's features, so that 50,000 cost nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Callable

from . import schema

UNCERTAIN, LARGEST, SMALLEST, PLACE, NUMBER = "uncertain", "largest", "smallest", "place", "number"
FIRST, LAST, MIXED = "first", "last", "mixed"
"""Where specks stand in the order."""


@dataclass(frozen=True)
class Entry:
    """What the queue knows of a landslide.

    Attributes:
        fid: Its identifier in the layer.
        status: Its status of review.
        doubt: 0 certain … 1 doubtful.
        area_m2: Its area.
        x: Its place.
        y: Its place.
        probability: Its mean probability, where known.
        slope_deg: Its mean slope, where known.
        flags: Signs of a false positive.
    """

    fid: int
    status: str
    doubt: float = 0.0
    area_m2: float = 0.0
    x: float = 0.0
    y: float = 0.0
    probability: float | None = None
    slope_deg: float | None = None
    flags: tuple[str, ...] = ()


def _never(_: Entry) -> bool:
    return False


def doubt_of(probability: float | None, uncertainty: float | None, threshold: float) -> float:
    """How much a look is needed, 0 to 1.

    The members' disagreement where there is any, else the nearness to the threshold.

    Args:
        probability: Mean probability, 0 to 1.
        uncertainty: Mean standard deviation among members; at most 0.5.
        threshold: Probability from which a pixel was called landslide.
    """
    if uncertainty is not None and uncertainty > 0:
        return min(1.0, 2.0 * uncertainty)
    if probability is None:
        return 1.0  # nothing is known of it: look first
    distance = (probability - threshold) / max(1.0 - threshold, 1e-6)
    return 1.0 - min(1.0, max(0.0, distance))


class Queue:
    """Landslides in an order, and the current one.

    Args:
        entries: All landslides.
        order: One of :data:`UNCERTAIN`, :data:`LARGEST`, :data:`SMALLEST`, :data:`PLACE`,
            :data:`NUMBER`.
        only_pending: Whether those on which somebody decided are passed over.
    """

    def __init__(
        self, entries: Iterable[Entry], order: str = UNCERTAIN, only_pending: bool = True
    ) -> None:
        self._entries = {entry.fid: entry for entry in entries}
        self._counts = Counter(entry.status for entry in self._entries.values())
        self._confirmed_m2 = math.fsum(_confirmed(entry) for entry in self._entries.values())
        self.only_pending = only_pending
        self._specks, self._speck_m2 = MIXED, 0.0
        self._aside: Callable[[Entry], bool] = _never
        self._order: list[int] = []
        self._place: dict[int, int] = {}
        self._at = 0
        self.sort(order)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, fid: int) -> bool:
        return fid in self._entries

    def sort(self, order: str) -> None:
        """Choose another order; the current landslide stays current."""
        self._by = order
        current = self.current
        key = _key(order, self._entries)
        self._order = sorted(
            self._entries, key=lambda fid: (*self._rank(self._entries[fid]), *key(fid))
        )
        self._place = {fid: index for index, fid in enumerate(self._order)}
        self._at = self._place.get(current, 0) if current is not None else 0

    def place_specks(self, where: str, speck_m2: float) -> None:
        """Put landslides below an area first, last or where the order puts them."""
        self._specks, self._speck_m2 = where, speck_m2
        self.sort(self._by)

    def set_aside(self, aside: Callable[[Entry], bool] | None) -> int:
        """Move open landslides of a bulk rule to the end; None undoes it.

        Returns:
            How many there are.
        """
        self._aside = aside or _never
        self.sort(self._by)
        return sum(self._is_aside(entry) for entry in self._entries.values())

    def _is_aside(self, entry: Entry) -> bool:
        return schema.is_open(entry.status) and self._aside(entry)

    def _rank(self, entry: Entry) -> tuple[int, int]:
        speck = entry.area_m2 < self._speck_m2
        side = {FIRST: -1, LAST: 1}.get(self._specks, 0) if speck else 0
        return int(self._is_aside(entry)), side

    @property
    def current(self) -> int | None:
        """The current landslide."""
        return self._order[self._at] if self._order else None

    @property
    def position(self) -> int:
        """Its number in the order, from 1."""
        return self._at + 1 if self._order else 0

    @property
    def confirmed_m2(self) -> float:
        """Area of all that are accepted or edited."""
        return max(0.0, self._confirmed_m2)

    def count(self, status: str) -> int:
        """How many have a status."""
        return self._counts[status]

    @property
    def open(self) -> int:
        """On how many somebody has still to decide."""
        return sum(number for name, number in self._counts.items() if schema.is_open(name))

    @property
    def confirmed(self) -> int:
        """How many are confirmed landslides."""
        return sum(number for name, number in self._counts.items() if schema.is_confirmed(name))

    def ordered(self) -> list[Entry]:
        """All landslides, in the order of the review."""
        return [self._entries[fid] for fid in self._order]

    def entries(self) -> Iterable[Entry]:
        """All landslides, in the order of the file."""
        return self._entries.values()

    def status(self, fid: int) -> str:
        """The status of one."""
        return self._entries[fid].status

    def go(self, fid: int) -> bool:
        """Take current one; False where there is none such."""
        if fid not in self._place:
            return False
        self._at = self._place[fid]
        return True

    def first(self) -> int | None:
        """Take the first one to review."""
        self._at = 0
        if self._order and not self._wanted(self._order[0]):
            self.next()
        return self.current

    def next(self) -> int | None:
        """Go on; after the last comes the first. Stays if nothing is left."""
        return self._step(1)

    def back(self) -> int | None:
        """Go back, to decided ones too, as one goes back to look again."""
        if self._order:
            self._at = (self._at - 1) % len(self._order)
        return self.current

    def set_status(self, fid: int, status: str) -> None:
        """Note a decision."""
        self.put(replace(self._entries[fid], status=status))

    def put(self, entry: Entry) -> None:
        """Update a landslide; a new one comes at the end of the order."""
        old = self._entries.get(entry.fid)
        if old is None:
            self._place[entry.fid] = len(self._order)
            self._order.append(entry.fid)
        else:
            self._counts[old.status] -= 1
            self._confirmed_m2 -= _confirmed(old)
        self._entries[entry.fid] = entry
        self._counts[entry.status] += 1
        self._confirmed_m2 += _confirmed(entry)

    def remove(self, fid: int) -> None:
        """Take a landslide out."""
        entry = self._entries.pop(fid, None)
        if entry is None:
            return
        self._counts[entry.status] -= 1
        self._confirmed_m2 -= _confirmed(entry)
        index = self._place[fid]
        del self._order[index]
        self._place = {other: place for place, other in enumerate(self._order)}
        if index < self._at or self._at >= len(self._order):
            self._at = max(0, self._at - 1)

    def unsaved(self) -> list[int]:
        """Landslides of the edit buffer that had no row in the file yet."""
        return [fid for fid in self._entries if fid < 0]

    def _step(self, direction: int) -> int | None:
        for distance in range(1, len(self._order) + 1):
            index = (self._at + direction * distance) % len(self._order)
            if self._wanted(self._order[index]):
                self._at = index
                break
        return self.current

    def _wanted(self, fid: int) -> bool:
        return not self.only_pending or schema.is_open(self._entries[fid].status)


def _confirmed(entry: Entry) -> float:
    return entry.area_m2 if schema.is_confirmed(entry.status) else 0.0


def _key(order: str, entries: dict[int, Entry]) -> Callable[[int], tuple[float, ...]]:
    if order == UNCERTAIN:
        return lambda fid: (-entries[fid].doubt, -entries[fid].area_m2, fid)
    if order == LARGEST:
        return lambda fid: (-entries[fid].area_m2, fid)
    if order == SMALLEST:
        return lambda fid: (entries[fid].area_m2, fid)
    if order == PLACE:
        return _walk(entries)
    return lambda fid: (fid,)


def _walk(entries: dict[int, Entry]) -> Callable[[int], tuple[float, ...]]:
    """A walk over the map in strips, to and fro, so that the next one is near."""
    if not entries:
        return lambda fid: (fid,)
    ys = [entry.y for entry in entries.values()]
    top, strips = max(ys), max(1, round(math.sqrt(len(entries) / 4)))
    height = (top - min(ys)) / strips or 1.0

    def key(fid: int) -> tuple[float, ...]:
        entry = entries[fid]
        strip = math.floor((top - entry.y) / height)
        return (strip, entry.x if strip % 2 == 0 else -entry.x, fid)

    return key
