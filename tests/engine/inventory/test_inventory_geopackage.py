"""The GeoPackage: what is inside, what survives a re-run, and files that are in use."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from engine.errors import InventoryError, MissingFileError, OutputError, UnreadableFileError
from engine.events import Log, Reporter
from engine.inventory.inventory import Inventory
from engine.inventory.schema import BY_NAME, FIELDS, STATUS
from engine.inventory.storage.geopackage import write_geopackage
from engine.inventory.storage.reading import read_inventory


def rows(path: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def change(path: Path, statement: str) -> None:
    """Edit attributes; the triggers of the spatial index need functions that only a GIS brings."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'landslides'"
        ).fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute(statement)


QGIS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA journal_mode = WAL")
for line in sys.stdin:
    print(connection.execute("SELECT count(*) FROM landslides").fetchone()[0], flush=True)
"""


def test_what_is_written_is_read_again(inventory: Inventory, tmp_path: Path) -> None:
    again = read_inventory(write_geopackage(inventory, tmp_path / "i.gpkg"))
    assert again.run == inventory.run
    assert again.aoi.equals(inventory.aoi)
    assert again.crs == inventory.crs
    assert shapely.equals_exact(again.landslides.geometry, inventory.landslides.geometry).all()
    for f in FIELDS:
        assert (
            again.landslides[f.name].tolist() == inventory.landslides[f.name].tolist()
            or f.kind == "real"
        )
    assert [p.name for p in tmp_path.glob("i.*")] == ["i.gpkg"]


def test_layers_version_styles_and_value_lists(inventory: Inventory, tmp_path: Path) -> None:
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    assert {name for name, _ in pyogrio.list_layers(path)} >= {"landslides", "aoi", "run"}
    assert rows(path, "PRAGMA user_version") == [(10300,)]
    styles = dict(
        rows(path, "SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault = 1")
    )
    assert set(styles) == {"landslides", "aoi"}
    for status in STATUS:
        assert f'value="{status}"' in styles["landslides"]
    aliases = dict(
        rows(
            path, "SELECT column_name, title FROM gpkg_data_columns WHERE table_name = 'landslides'"
        )
    )
    assert aliases == {name: f.alias for name, f in BY_NAME.items()}
    lists = rows(
        path,
        "SELECT value FROM gpkg_data_column_constraints WHERE constraint_name = 'status_values'",
    )
    assert {value for (value,) in lists} == set(STATUS)
    (document,) = rows(path, "SELECT metadata FROM gpkg_metadata")[0]
    assert json.loads(document)["run"]["models"][0]["digest"] == "ab" * 32


def test_empty_inventory_has_all_layers_and_columns(inventory: Inventory, tmp_path: Path) -> None:
    empty = inventory.with_landslides(inventory.landslides.iloc[:0])
    again = read_inventory(write_geopackage(empty, tmp_path / "i.gpkg"))
    assert len(again) == 0
    kinds = dict(
        zip(
            *[
                pyogrio.read_info(tmp_path / "i.gpkg", layer="landslides")[k]
                for k in ("fields", "dtypes")
            ],
            strict=True,
        )
    )
    assert kinds["area_m2"] == "float64"
    assert kinds["id"] == "int64"
    assert kinds["status"] == "object"


def test_reviewed_polygons_survive_a_new_run(inventory: Inventory, tmp_path: Path) -> None:
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    change(
        path,
        "UPDATE landslides SET status = 'rejected', reason = 'river', reviewer = 'Ada' WHERE"
        " id = 2",
    )
    moved = inventory.landslides.copy()
    moved["geometry"] = moved.geometry.translate(10, 0)
    messages: list[str] = []
    reporter = Reporter(
        lambda event: messages.append(event.message) if isinstance(event, Log) else None
    )
    new = Inventory(moved, inventory.aoi, {**inventory.run, "created": "2027-01-01T00:00:00+00:00"})
    write_geopackage(new, path, reporter=reporter)
    table = read_inventory(path).landslides.set_index("id")
    assert len(table) == 3
    assert table.loc[2, ["status", "reason", "reviewer", "kept_from"]].tolist() == [
        "rejected",
        "river",
        "Ada",
        "2026-01-02T03:04:05+00:00",
    ]
    assert table.loc[2].geometry.equals(inventory.landslides.geometry[1])
    assert table["notes"].isna().all()
    assert sorted(table.index) == [2, 3, 4]
    assert "Kept 1 reviewed" in messages[0]
    assert (tmp_path / "i.previous.gpkg").exists()
    assert [
        run["created"][:4] for run in (*read_inventory(path).earlier, read_inventory(path).run)
    ] == ["2026", "2027"]
    # A third run keeps it again, with the mark of the first.
    write_geopackage(new, path)
    assert read_inventory(path).landslides.set_index("id").loc[2, "kept_from"].startswith("2026")


def test_notes_and_changed_outlines_count_as_reviewed(inventory: Inventory, tmp_path: Path) -> None:
    table = inventory.landslides.copy()
    table.loc[0, "notes"] = "seen in the field"
    table.loc[1, "geometry"] = shapely.multipolygons(
        [table.geometry[1].convex_hull]
    )  # its hole of 4 % is gone
    path = write_geopackage(inventory.with_landslides(table), tmp_path / "i.gpkg")
    write_geopackage(inventory, path)
    again = read_inventory(path).landslides.set_index("id")
    assert again.loc[1, ["notes", "status"]].tolist() == ["seen in the field", "pending"]
    assert again.loc[2, "status"] == "edited"
    assert again["kept_from"].notna().tolist() == [True, True, False]


def test_partial_overlap_is_kept_and_flagged(inventory: Inventory, tmp_path: Path) -> None:
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    change(path, "UPDATE landslides SET status = 'accepted' WHERE id = 3")
    larger = inventory.landslides.copy()
    larger.loc[2, "geometry"] = shapely.multipolygons(
        [larger.geometry[2].envelope.buffer(60, cap_style="square")]
    )
    write_geopackage(inventory.with_landslides(larger), path)
    table = read_inventory(path).landslides
    assert len(table) == 4
    assert (table["flags"].str.contains("overlaps-reviewed")).tolist().count(True) == 1


def test_hand_drawn_and_split_polygons_get_numbers(inventory: Inventory, tmp_path: Path) -> None:
    drawn = inventory.landslides.copy()
    drawn["status"], drawn["id"] = "edited", [0, 7, 7]
    path = write_geopackage(inventory.with_landslides(drawn), tmp_path / "i.gpkg")
    write_geopackage(inventory, path)
    assert sorted(read_inventory(path).landslides["id"]) == [7, 8, 9]


def test_a_file_open_in_qgis_is_replaced_in_place(inventory: Inventory, tmp_path: Path) -> None:
    """QGIS opens GeoPackages with a write-ahead log and keeps reading while the file is
    replaced."""
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    # Another process: SQLite's locks do not hold between two libraries within one.
    with subprocess.Popen(
        [sys.executable, "-c", QGIS, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as qgis:
        assert qgis.stdin is not None
        assert qgis.stdout is not None

        def seen() -> int:
            qgis.stdin.write("look\n")
            qgis.stdin.flush()
            return int(qgis.stdout.readline())

        assert seen() == 3
        before = path.stat().st_ino
        write_geopackage(inventory.with_landslides(inventory.landslides.iloc[:1]), path)
        assert seen() == 1
        assert (
            path.stat().st_ino == before
        )  # what the other program saves later must reach the file
    assert len(read_inventory(path)) == 1


def test_a_file_that_is_being_edited_is_refused(inventory: Inventory, tmp_path: Path) -> None:
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    content = path.read_bytes()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutputError, match="being edited in another program"):
            write_geopackage(inventory, path)
        other.execute("ROLLBACK")
    assert path.read_bytes() == content
    assert [p.name for p in tmp_path.glob("*.part*")] == []


def test_read_only_and_foreign_files_are_refused(inventory: Inventory, tmp_path: Path) -> None:
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    path.chmod(0o444)
    with pytest.raises(OutputError, match="read-only"):
        write_geopackage(inventory, path)
    path.chmod(0o644)
    text = tmp_path / "text.gpkg"
    text.write_text("not a database")
    with pytest.raises(InventoryError, match="not a GeoPackage"):
        write_geopackage(inventory, text)
    other = tmp_path / "other.gpkg"
    pyogrio.write_dataframe(
        inventory.landslides[["geometry"]], other, layer="roads", dataset_options={"VERSION": "1.3"}
    )
    with pytest.raises(InventoryError, match="no layer `landslides`"):
        write_geopackage(inventory, other)
    with pytest.raises(OutputError):
        write_geopackage(inventory, tmp_path / "no" / "folder.gpkg")


def test_reading_bad_files(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        read_inventory(tmp_path / "no.gpkg")
    (tmp_path / "bad.gpkg").write_bytes(b"SQLite format 3\0" + bytes(300))
    with pytest.raises(UnreadableFileError, match="damaged"):
        read_inventory(tmp_path / "bad.gpkg")


def test_columns_that_a_user_added_are_kept(inventory: Inventory, tmp_path: Path) -> None:
    own = inventory.landslides.assign(photo=["a.jpg", None, "c.jpg"])
    again = read_inventory(write_geopackage(inventory.with_landslides(own), tmp_path / "i.gpkg"))
    assert np.array(again.landslides["photo"])[[0, 2]].tolist() == ["a.jpg", "c.jpg"]
