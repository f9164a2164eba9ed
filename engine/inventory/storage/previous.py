"""Copies of an inventory as it was; none with decisions is lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path

from engine.inventory.carry_over import CHOSEN, WRITTEN
from engine.inventory.inventory import DEFAULT_TEXT
from engine.inventory.storage.reading import LANDSLIDES

DECISION = ("status", *WRITTEN, *CHOSEN)
"""Columns that a person fills in."""


def set_aside(copy: Path, path: Path) -> Path:
    """Keep a copy of an inventory under the next free name.

    ``NAME.previous.gpkg``, ``NAME.previous-2.gpkg`` …

    An earlier copy is written over only where every decision in it is in the new one, too.

    Args:
        copy: The copy, which is moved.
        path: The inventory beside which it stays.

    Returns:
        Where it is now.
    """
    mine = decisions(copy)
    for number in count(1):
        tail = f"-{number}" if number > 1 else ""
        slot = path.with_name(f"{path.stem}.previous{tail}{path.suffix}")
        if not slot.exists() or _holds_nothing_else(slot, mine):
            break
    copy.replace(slot)
    return slot


def decisions(path: Path) -> set[tuple[object, ...]]:
    """What persons decided: all landslides that are not as detected."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as file:
        file.text_factory = lambda text: text.decode(errors="replace")
        columns = {row[1]: row[1] for row in file.execute(f'PRAGMA table_info("{LANDSLIDES}")')}
        geometry = file.execute(
            "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (LANDSLIDES,)
        ).fetchone()
        if geometry is None:
            return set()
        wanted = ", ".join(f'"{name}"' if name in columns else "NULL" for name in DECISION)
        rows = file.execute(f'SELECT "{geometry[0]}", {wanted} FROM "{LANDSLIDES}"')  # nosec B608
        blank = [{None, "", DEFAULT_TEXT.get(name)} for name in DECISION]
        return {
            tuple(row)
            for row in rows
            if any(value not in empty for value, empty in zip(row[1:], blank, strict=True))
        }


def _holds_nothing_else(path: Path, known: set[tuple[object, ...]]) -> bool:
    """Whether every decision in an earlier copy is known.

    A copy that cannot be read stays.
    """
    try:
        return decisions(path) <= known
    except sqlite3.Error:
        return False
