"""Inventories rewritten in place: nothing that another program commits is lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from engine.errors import InventoryError, OutputError
from engine.inventory.inventory import Inventory, as_landslides
from engine.inventory.storage import rewriting
from engine.inventory.storage.geopackage import write_geopackage
from engine.inventory.storage.previous import decisions, set_aside
from engine.inventory.storage.reading import read_inventory

# Decides on one pending landslide after the other and tells after each commit. The functions are
# those that the triggers of the spatial index name.
REVIEWER = """
import sqlite3, sys, time
path, mode, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
file = sqlite3.connect(path, timeout=60, isolation_level=None)
file.execute(f"PRAGMA journal_mode = {mode}")
for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
    file.create_function(name, 1, lambda shape: 0)
for number in range(count):
    file.execute("BEGIN IMMEDIATE")
    row = file.execute("SELECT fid FROM landslides WHERE status = 'pending' LIMIT 1").fetchone()
    file.execute(
        "UPDATE landslides SET status = 'accepted', notes = ? WHERE fid = ?", (f"n{number}", row[0])
    )
    file.execute("COMMIT")
    print(f"n{number}", flush=True)
    time.sleep(0.02)
"""


def many(inventory: Inventory, count: int) -> Inventory:
    side = int(np.ceil(count**0.5))
    row, column = np.divmod(np.arange(count), side)
    shapes = shapely.box(
        3e5 + column * 60, 2.6e6 + row * 60, 3e5 + column * 60 + 40, 2.6e6 + row * 60 + 40
    )
    table = as_landslides(shapes, inventory.crs, {"id": np.arange(1, count + 1), "area_m2": 1600.0})
    return Inventory(table, shapely.box(*table.total_bounds), inventory.run)


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_decisions_that_are_committed_meanwhile_survive(
    inventory: Inventory, tmp_path: Path, mode: str
) -> None:
    """Another program commits 200 decisions while the engine writes the inventory anew."""
    found = many(inventory, 400)
    path = write_geopackage(found, tmp_path / "i.gpkg")
    written = refused = 0
    with subprocess.Popen(
        [sys.executable, "-c", REVIEWER, str(path), mode, "200"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as reviewer:
        while reviewer.poll() is None:
            try:
                write_geopackage(found, path)
                written += 1
            except OutputError:  # says that the file is being edited: nothing was changed
                refused += 1
            time.sleep(0.1)  # two programs that never pause would starve each other
        assert reviewer.stdout is not None
        assert reviewer.stderr is not None
        told = reviewer.stdout.read().split()
        assert reviewer.returncode == 0, reviewer.stderr.read()
    assert written >= 2
    assert len(told) == 200
    table = read_inventory(path).landslides
    assert set(table["notes"].dropna()) == set(told)
    assert len(table) == 400
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not list(tmp_path.glob("*.part*"))


def test_a_change_between_reading_and_writing_is_merged(
    inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice in a row; the third time the lock is held from reading on."""
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    copies = 0
    copy_database = rewriting.copy_database

    def copy(source: Path, target: Path) -> None:
        nonlocal copies
        copy_database(source, target)
        copies += 1
        if copies <= rewriting.TRIES:
            other = (
                "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
                "[c.create_function(n, 1, lambda s: 0) for n in"
                " ('ST_IsEmpty', 'ST_MinX', 'ST_MaxX', 'ST_MinY', 'ST_MaxY')];"
                f"c.execute('UPDATE landslides SET notes = \\'n{copies}\\' WHERE id = {copies}');"
                "c.commit()"
            )
            subprocess.run([sys.executable, "-c", other, str(path)], check=True)

    monkeypatch.setattr(rewriting, "copy_database", copy)
    write_geopackage(inventory, path)
    assert copies == rewriting.TRIES + 1
    assert set(read_inventory(path).landslides["notes"].dropna()) == {"n1", "n2"}


def test_the_file_stays_the_same_file_and_other_layers_stay(
    inventory: Inventory, tmp_path: Path
) -> None:
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    roads = gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.Point(3e5, 2.6e6)], crs=32651)
    pyogrio.write_dataframe(roads, path, layer="roads", append=True)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(
            "INSERT INTO layer_styles (f_table_name, styleName, useAsDefault) VALUES"
            " ('landslides', 'mine', 1)"
        )
        file.execute("UPDATE layer_styles SET useAsDefault = 0 WHERE styleName = 'landslides'")
    before = path.stat().st_ino
    write_geopackage(inventory, path)
    write_geopackage(inventory.with_landslides(inventory.landslides.iloc[:1]), path)
    assert path.stat().st_ino == before
    assert len(read_inventory(path)) == 1
    assert pyogrio.read_dataframe(path, layer="roads")["name"].tolist() == ["a"]
    # The spatial index finds what is there.
    bounds = tuple(inventory.landslides.total_bounds)
    assert len(pyogrio.read_dataframe(path, layer="landslides", bbox=bounds)) == 1
    with closing(sqlite3.connect(path)) as file:
        styles = file.execute(
            "SELECT styleName, useAsDefault FROM layer_styles WHERE f_table_name = 'landslides'"
        ).fetchall()
        assert sorted(styles) == [("landslides", 0), ("mine", 1)]
        assert file.execute("SELECT count(*) FROM gpkg_metadata").fetchone() == (1,)
        assert file.execute("SELECT feature_count FROM gpkg_ogr_contents").fetchall()[0] == (1,)


def test_another_crs_in_the_same_file(inventory: Inventory, tmp_path: Path) -> None:
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    moved = inventory.to_crs("EPSG:3826")
    write_geopackage(moved, path)
    again = read_inventory(path)
    assert again.crs.to_epsg() == 3826
    assert again.landslides.geometry.geom_equals_exact(moved.landslides.geometry, 1e-6).all()


def test_previous_copies_are_numbered_and_no_decision_is_written_over(
    inventory: Inventory, tmp_path: Path
) -> None:
    decided = inventory.landslides.copy()
    decided["status"], decided["notes"] = "accepted", "seen"
    path = write_geopackage(inventory.with_landslides(decided), tmp_path / "i.gpkg")

    def copies() -> list[str]:
        return sorted(p.name for p in tmp_path.glob("i.previous*"))

    for names in (
        ["i.previous.gpkg"],  # the decisions
        ["i.previous-2.gpkg", "i.previous.gpkg"],  # an inventory without any: beside them
        ["i.previous-2.gpkg", "i.previous.gpkg"],  # again without any: nothing is lost
    ):
        write_geopackage(inventory, path, keep_reviews=False)
        assert copies() == names
        assert len(decisions(tmp_path / "i.previous.gpkg")) == 3
    assert read_inventory(tmp_path / "i.previous.gpkg").landslides["notes"].tolist() == ["seen"] * 3
    # Kept decisions are the same decisions: run after run needs no more than one copy.
    path = write_geopackage(inventory.with_landslides(decided), tmp_path / "j.gpkg")
    for _ in range(3):
        write_geopackage(inventory, path)
    assert sorted(p.name for p in tmp_path.glob("j.previous*")) in (
        ["j.previous.gpkg"],
        ["j.previous-2.gpkg", "j.previous.gpkg"],
    )
    # A copy that cannot be read is nobody's to write over.
    (tmp_path / "k.previous.gpkg").write_text("odd")
    copy = tmp_path / "copy.gpkg"
    copy.write_bytes(path.read_bytes())
    assert set_aside(copy, tmp_path / "k.gpkg").name == "k.previous-2.gpkg"


def test_a_link_is_followed(inventory: Inventory, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    link = tmp_path / "i.gpkg"
    link.symlink_to(tmp_path / "data" / "real.gpkg")
    for count in (3, 2):
        write_geopackage(inventory.with_landslides(inventory.landslides.iloc[:count]), link)
        assert link.is_symlink()
        assert len(read_inventory(tmp_path / "data" / "real.gpkg")) == count
    assert (tmp_path / "data" / "real.previous.gpkg").exists()


def test_what_a_killed_run_left_is_removed(inventory: Inventory, tmp_path: Path) -> None:
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    left = tmp_path / "i.gpkg.part"
    left.mkdir()
    (left / "new.gpkg").write_text("half")
    write_geopackage(inventory, path)
    assert not left.exists()


def test_a_failed_write_changes_nothing(
    inventory: Inventory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_geopackage(inventory, tmp_path / "i.gpkg")

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(rewriting, "describe", fail)
    with pytest.raises(OutputError):
        write_geopackage(inventory.with_landslides(inventory.landslides.iloc[:1]), path)
    assert len(read_inventory(path)) == 3
    assert sorted(p.name for p in tmp_path.glob("i.*")) == ["i.gpkg"]


def test_one_number_for_two_crs_is_refused(inventory: Inventory, tmp_path: Path) -> None:
    path = write_geopackage(inventory, tmp_path / "i.gpkg")
    odd = "+proj=tmerc +lat_0=0 +lon_0=121.{} +k=0.9999 +x_0=250000 +ellps=GRS80 +units=m"
    point = gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], crs=odd.format(1))
    pyogrio.write_dataframe(point, path, layer="roads", append=True)
    content = path.read_bytes()
    with pytest.raises(InventoryError, match="layer roads"):
        write_geopackage(inventory.to_crs(odd.format(2)), path)
    assert path.read_bytes() == content


def test_a_write_ahead_log_on_a_read_only_medium_is_read(inventory: Inventory) -> None:
    """Read by a user who may write neither the file nor its folder."""
    program = (
        "import os, sys, pathlib;"
        "from engine.inventory.storage.reading import read_inventory;"
        "one, other = map(pathlib.Path, sys.argv[1:]);"
        "read_inventory(other);"  # what is imported late may lie where that user cannot read
        "os.getuid() or os.setuid(65534);"
        "print(len(read_inventory(one)))"
    )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "disc"
        folder.mkdir()
        path = write_geopackage(inventory, folder / "i.gpkg")
        other = write_geopackage(inventory, Path(place) / "other.gpkg")
        with closing(sqlite3.connect(path)) as file:
            file.execute("PRAGMA journal_mode = WAL")
        path.chmod(0o444)
        folder.chmod(0o555)
        Path(place).chmod(0o755)
        command = [sys.executable, "-c", program, str(path), str(other)]
        done = subprocess.run(command, capture_output=True, text=True)
        folder.chmod(0o755)
        assert (done.stdout.strip(), done.returncode) == ("3", 0), done.stderr
        assert [p.name for p in folder.iterdir()] == ["i.gpkg"]
