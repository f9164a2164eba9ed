"""Several reviewers: parts handed out, decisions merged, conflicts listed."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from l4s_qgis.layers import load_inventory
from l4s_qgis.review import schema
from l4s_qgis.review.inventory import ReviewedLayer
from l4s_qgis.review.queue import Entry
from l4s_qgis.review.reviewers.merging import compare, take
from l4s_qgis.review.reviewers.parts import GRID, QUEUE, handed_out, share_out, write_parts
from qgis.core import QgsGeometry, QgsProject, QgsRectangle, QgsVectorLayer

from conftest import review_dock, write_inventory


def rows(path, columns="id, status, reason, reviewer"):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT {columns} FROM landslides ORDER BY id").fetchall()


@pytest.fixture
def inventory(tmp_path, qgis_new_project):
    boxes = [(6 * (i % 5), 6 * (i // 5), 3, 3, 0.6) for i in range(20)]
    write_inventory(tmp_path / "inventory.gpkg", boxes)
    return load_inventory(tmp_path / "inventory.gpkg")


@pytest.fixture
def reviewed(inventory):
    return ReviewedLayer(inventory, "Lead")


@pytest.fixture
def parts(reviewed, tmp_path):
    """The inventory handed out to Ada and Ben by regions; their parts as they review them."""
    (tmp_path / "parts").mkdir()
    shares = share_out(reviewed.entries(), 2, GRID)
    return write_parts(tmp_path / "inventory.gpkg", shares, ["Ada", "Ben"], tmp_path / "parts")


def reopened(path, reviewer):
    layer = QgsVectorLayer(f"{path}|layername=landslides", path.stem, "ogr")
    assert layer.isValid()
    return ReviewedLayer(layer, reviewer)


@pytest.mark.parametrize("by", [GRID, QUEUE])
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shares_are_alike_and_complete(by, count):
    entries = [Entry(i, "pending", x=float(i % 10), y=float(i // 10)) for i in range(103)]
    shares = share_out(entries, count, by)
    assert len(shares) == count
    assert sorted(entry.fid for share in shares for entry in share) == list(range(103))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_regions_do_not_overlap():
    entries = [Entry(i, "pending", x=float(i % 20), y=float(i // 20)) for i in range(400)]
    boxes = []
    for share in share_out(entries, 4, GRID):
        xs, ys = [e.x for e in share], [e.y for e in share]
        boxes.append(QgsRectangle(min(xs), min(ys), max(xs), max(ys)))
    assert not any(a.intersects(b) for a in boxes for b in boxes if a is not b)


def test_parts_are_whole_inventories(parts, tmp_path):
    assert [file.name for file in parts] == ["inventory_Ada.gpkg", "inventory_Ben.gpkg"]
    one, other = ({row[0] for row in rows(file)} for file in parts)
    assert one | other == set(range(1, 21))
    assert not one & other
    assert handed_out(parts[0]) == one
    assert handed_out(tmp_path / "inventory.gpkg") == set()
    assert len(rows(tmp_path / "inventory.gpkg")) == 20
    with pytest.raises(FileExistsError):
        write_parts(tmp_path / "inventory.gpkg", [[]], ["Ada"], tmp_path / "parts")


def test_decisions_come_together(reviewed, parts, tmp_path):
    ada, ben = (reopened(path, name) for path, name in zip(parts, ("Ada", "Ben")))
    first, second = (min(handed_out(path)) for path in parts)
    for one, number in ((ada, first), (ben, second)):
        fid = next(f.id() for f in one.layer.getFeatures() if f["id"] == number)
        one.decide(fid, schema.REJECTED, "river")
    drawn = QgsGeometry.fromRect(QgsRectangle(300500, 2599500, 300560, 2599560))
    ada.add(drawn)
    merge = compare(reviewed, parts)
    assert (len(merge.agreed), len(merge.added), merge.conflicts) == (2, 1, [])
    assert take(reviewed, merge) == 3
    found = {row[0]: row[1:] for row in rows(tmp_path / "inventory.gpkg")}
    assert found[first] == ("rejected", "river", "Ada")
    assert found[second] == ("rejected", "river", "Ben")
    assert found[21][0] == "accepted"
    reviewed.undo()
    assert {row[1] for row in rows(tmp_path / "inventory.gpkg")} == {"pending"}
    assert len(rows(tmp_path / "inventory.gpkg")) == 20


def test_two_who_saw_the_same_ones(reviewed, tmp_path, inventory):
    """Both reviewed the whole inventory: alike on 1, differently on 2, both drew on one ground."""
    shares = [reviewed.entries()] * 2
    files = write_parts(tmp_path / "inventory.gpkg", shares, ["Ada", "Ben"], tmp_path)
    ada, ben = (reopened(path, name) for path, name in zip(files, ("Ada", "Ben")))
    for one in (ada, ben):
        one.decide(1, schema.ACCEPTED)
    ada.decide(2, schema.ACCEPTED)
    ben.decide(2, schema.REJECTED, "road")
    ada.add(QgsGeometry.fromRect(QgsRectangle(300500, 2599500, 300560, 2599560)))
    ben.add(QgsGeometry.fromRect(QgsRectangle(300505, 2599500, 300560, 2599560)))
    merge = compare(reviewed, files)
    assert set(merge.agreed) == {1}
    assert [conflict.number for conflict in merge.conflicts] == [2, 21]
    assert "road" not in merge.conflicts[0].versions[0].describe().split(",")[0]
    ben_said = next(
        i for i, v in enumerate(merge.conflicts[0].versions) if v.values["reviewer"] == "Ben"
    )
    merge.conflicts[0].chosen = ben_said
    take(reviewed, merge)
    found = rows(tmp_path / "inventory.gpkg")
    assert found[0][:2] == (1, "accepted")
    assert found[1] == (2, "rejected", "road", "Ben")
    assert len(found) == 21  # one of the two drawn ones


def test_what_was_decided_here_meanwhile_is_a_version(reviewed, parts):
    ada = reopened(parts[0], "Ada")
    number = min(handed_out(parts[0]))
    reviewed.decide(number, schema.ACCEPTED)
    fid = next(f.id() for f in ada.layer.getFeatures() if f["id"] == number)
    ada.decide(fid, schema.REJECTED, "old")
    merge = compare(reviewed, parts)
    assert not merge.agreed
    (conflict,) = merge.conflicts
    assert {version.source for version in conflict.versions} == {"", "inventory_Ada"}
    conflict.chosen = [version.source for version in conflict.versions].index("")
    assert take(reviewed, merge) == 0
    assert reviewed.feature(number)["status"] == "accepted"


def test_merged_away_by_a_reviewer_is_removed(reviewed, parts, tmp_path):
    ada = reopened(parts[0], "Ada")
    gone = next(iter(ada.layer.getFeatures()))
    number = gone["id"]
    ada.layer.dataProvider().deleteFeatures([gone.id()])
    merge = compare(reviewed, parts)
    assert len(merge.agreed) == 1
    take(reviewed, merge)
    assert number not in {row[0] for row in rows(tmp_path / "inventory.gpkg")}
    reviewed.undo()
    assert number in {row[0] for row in rows(tmp_path / "inventory.gpkg")}


def test_other_files_are_named(reviewed, tmp_path):
    (tmp_path / "text.gpkg").write_text("no database")
    assert compare(reviewed, [tmp_path / "text.gpkg"]).unreadable == ["text.gpkg"]


def test_dialog_hands_out_and_merges(iface, inventory, tmp_path):
    iface.active = inventory
    (tmp_path / "out").mkdir()
    with review_dock(iface) as dock:
        dock.panel.parts.click()
        dialog = dock.dialogs.current
        dialog.hand_out()
        assert "two reviewers" in dialog.written.text()
        dialog.names.setText("Ada, Ben")
        dialog.folder.setFilePath(str(tmp_path / "out"))
        dialog.hand_out()
        assert dialog.written.text().count(": 10") == 2
        dialog.hand_out()
        assert "there already" in dialog.written.text()
        files = sorted((tmp_path / "out").glob("*.gpkg"))
        ada = reopened(files[0], "Ada")
        fid = list(ada.layer.getFeatures())[-1].id()
        ada.decide(fid, schema.ACCEPTED)
        dock.accept()
        dialog.compare(files)
        assert dialog.take.isEnabled()
        dialog.take_over()
        assert dock.review.queue.confirmed == 2
        assert any("taken over" in item.text() for item in iface.bar.items())
    QgsProject.instance().clear()
