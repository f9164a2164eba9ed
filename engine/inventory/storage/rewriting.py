"""An inventory rewritten in place, without losing others' commits.

The file stays the same file. Its layers are replaced in one SQLite transaction that holds the lock
from the moment at which nothing has changed since the earlier content was read; so a decision that
another program commits is in what is merged, or waits until the new content is there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from engine.errors import InventoryError, OutputError
from engine.inventory.storage.metadata import describe
from engine.inventory.storage.reading import LANDSLIDES

LAYERS = (LANDSLIDES, "aoi", "run")
"""What an inventory consists of; other layers of the file are left alone."""
LOCK_WAIT_S = 5.0
"""How long another program's transaction is waited for."""
TRIES = 2
"""How often the new content is prepared without holding the lock, before it is with it."""
_BOOKS = (
    "gpkg_contents",
    "gpkg_geometry_columns",
    "gpkg_extensions",
    "gpkg_ogr_contents",
)
"""Tables of the GeoPackage with a column ``table_name``, which say what its layers are."""


def rewrite(
    path: Path,
    folder: Path,
    prepare: Callable[[Path, Path], Mapping[str, Any]],
    keep: Callable[[Path], None],
) -> None:
    """Replace the layers of an inventory in one transaction.

    Args:
        path: The GeoPackage.
        folder: An empty folder for temporary files.
        prepare: Reads the earlier content from its first argument, a copy, and writes the new
            content to its second; returns the record of the run. Called again where the file
            changed meanwhile.
        keep: Puts the copy of the earlier content where it stays; called just before the new
            content is committed.

    Raises:
        OutputError: Another program keeps the file locked.
        InventoryError: Another layer of the file uses the number of the inventory's CRS.
    """
    before, new = folder / f"before{path.suffix}", folder / f"new{path.suffix}"
    with closing(_connect(path)) as file:
        for attempt in range(TRIES + 1):
            locked = attempt == TRIES
            if locked:
                _begin(file, path)
            version = _version(file)
            copy_database(path, before)
            new.unlink(missing_ok=True)
            run = prepare(before, new)
            if not locked:
                _begin(file, path)
            if _version(file) == version:
                break
            file.execute("ROLLBACK")
        with closing(sqlite3.connect(new)) as source:
            _replace_layers(source, file, path)
        describe(file, run)
        keep(before)
        with _busy(path):
            file.execute("COMMIT")


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, without a log beside it."""
    target.unlink(missing_ok=True)
    # A connection of its own: one that is inside a transaction cannot be copied from.
    with closing(_connect(source)) as file, closing(sqlite3.connect(target)) as copy:
        file.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")


def require_unlocked(path: Path) -> None:
    """Check that an existing GeoPackage may be changed now.

    Raises:
        OutputError: It is read-only or locked by another program.
        InventoryError: It is not a GeoPackage.
    """
    if not path.stat().st_mode & 0o222:
        raise OutputError(f"{path} is read-only; make it writable or choose another name.")
    try:
        with closing(_connect(path)) as file:
            _begin(file, path)
            file.execute("ROLLBACK")
    except sqlite3.DatabaseError as error:
        raise InventoryError(
            f"{path} exists but is not a GeoPackage; choose another name."
        ) from error


def _connect(path: Path) -> sqlite3.Connection:
    # Transactions are begun and ended here, not by Python.
    return sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None)


def _begin(file: sqlite3.Connection, path: Path) -> None:
    with _busy(path):
        file.execute("BEGIN IMMEDIATE")


def _version(file: sqlite3.Connection) -> int:
    """A number that changes with every commit of another program."""
    return int(file.execute("PRAGMA data_version").fetchone()[0])


@contextmanager
def _busy(path: Path) -> Iterator[None]:
    """Say that another program holds the lock."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" not in str(error) and "busy" not in str(error):
            raise
        raise OutputError(
            f"{path} is being edited in another program ({error}); save or stop editing there (in"
            " QGIS: toggle editing off) and try again."
        ) from error


def _replace_layers(source: sqlite3.Connection, file: sqlite3.Connection, path: Path) -> None:
    """Replace the inventory's layers by those of another GeoPackage."""
    for layer in LAYERS:
        _drop(file, layer)
    _copy_crs(source, file, path)
    indexes = _indexes(source)
    tables = {name: sql for name, sql in _objects(source, "table") if name in (*LAYERS, *indexes)}
    for name, sql in tables.items():
        file.execute(sql)
        _copy_rows(source, file, name)
    for kind in ("index", "trigger"):
        for _, sql in _objects(source, kind, tables):
            file.execute(sql)
    books = dict(_objects(source, "table"))
    for book in _BOOKS:
        if book in books:
            if not _has(file, book):
                file.execute(books[book])
            _copy_rows(source, file, book, f"WHERE table_name IN {LAYERS}")


def _drop(file: sqlite3.Connection, layer: str) -> None:
    """Remove a layer with its index, triggers and table entries."""
    columns = file.execute(
        "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (layer,)
    ).fetchall()
    tables = [layer, *(f"rtree_{layer}_{column}" for (column,) in columns)]
    # The triggers of a spatial index call functions that only a GIS brings.
    for table in tables:
        for (name,) in file.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
        ).fetchall():
            file.execute(f'DROP TRIGGER "{name}"')
    for table in reversed(tables):
        file.execute(f'DROP TABLE IF EXISTS "{table}"')
    for book in (*reversed(_BOOKS), "gpkg_data_columns"):
        if _has(file, book):
            file.execute(f"DELETE FROM {book} WHERE table_name = ?", (layer,))  # nosec B608


def _copy_crs(source: sqlite3.Connection, file: sqlite3.Connection, path: Path) -> None:
    """Copy the definition of the CRS.

    Raises:
        InventoryError: Another layer of the file uses its number for another CRS.
    """
    query = "SELECT srs_id, definition FROM gpkg_spatial_ref_sys"
    known = dict(file.execute(query))
    for number, definition in source.execute(query).fetchall():
        if known.get(number) == definition:
            continue
        used = file.execute(
            "SELECT table_name FROM gpkg_contents WHERE srs_id = ?", (number,)
        ).fetchone()
        # A new version of the database words EPSG's definitions anew.
        if number in known and used and number >= 100_000:
            raise InventoryError(
                f"{path} holds the layer {used[0]} in another coordinate reference system of one"
                " number with the inventory's; choose another name."
            )
        if number not in known or not used:
            file.execute("DELETE FROM gpkg_spatial_ref_sys WHERE srs_id = ?", (number,))
            _copy_rows(source, file, "gpkg_spatial_ref_sys", f"WHERE srs_id = {int(number)}")


def _copy_rows(
    source: sqlite3.Connection, file: sqlite3.Connection, table: str, where: str = ""
) -> None:
    rows = source.execute(f'SELECT * FROM "{table}" {where}')  # nosec B608
    names = [column[0] for column in rows.description]
    columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" for _ in names)
    file.executemany(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', rows)  # nosec B608


def _indexes(source: sqlite3.Connection) -> list[str]:
    """Names of the layers' spatial indexes."""
    return [
        f"rtree_{table}_{column}"
        for table, column in source.execute(
            "SELECT table_name, column_name FROM gpkg_geometry_columns"
        )
    ]


def _objects(
    source: sqlite3.Connection, kind: str, of: Mapping[str, str] | None = None
) -> list[tuple[str, str]]:
    """Names and SQL of a database's tables, indexes or triggers."""
    found = source.execute(
        "SELECT name, sql, tbl_name FROM sqlite_master WHERE type = ? AND sql IS NOT NULL", (kind,)
    )
    return [(str(n), str(sql)) for n, sql, table in found if of is None or table in of]


def _has(file: sqlite3.Connection, table: str) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return file.execute(query, (table,)).fetchone() is not None
