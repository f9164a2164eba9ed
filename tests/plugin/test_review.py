"""The review: queue, decisions, undo, threshold, click to add, keys."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import time
from contextlib import closing

import pytest
from l4s_qgis.layers import load_inventory
from l4s_qgis.review import event, schema
from l4s_qgis.review.inventory import ReviewedLayer, ReviewError
from l4s_qgis.review.outlines.outline import Probability, grow, outlines, redraw
from l4s_qgis.review.queue import LARGEST, NUMBER, PLACE, UNCERTAIN, Entry, Queue, doubt_of
from qgis.core import QgsLineString, QgsPoint, QgsPointXY, QgsRectangle, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest

from conftest import ROOT, review_dock, wait, write_inventory

ENTRIES = [
    Entry(1, "pending", 0.1, 500.0, 0.0, 0.0),
    Entry(2, "accepted", 0.9, 100.0, 10.0, 0.0),
    Entry(3, "pending", 0.5, 900.0, 0.0, 100.0),
    Entry(4, "rejected", 0.2, 50.0, 10.0, 100.0),
    Entry(5, "pending", 0.8, 10.0, 5.0, 50.0),
]


def walk(queue):
    seen = [queue.first()]
    while (following := queue.next()) != seen[0]:
        seen.append(following)
    return seen


def test_queue_orders():
    assert walk(Queue(ENTRIES, UNCERTAIN)) == [5, 3, 1]
    assert walk(Queue(ENTRIES, LARGEST)) == [3, 1, 5]
    assert walk(Queue(ENTRIES, NUMBER, only_pending=False)) == [1, 2, 3, 4, 5]
    assert sorted(walk(Queue(ENTRIES, PLACE, only_pending=False))) == [1, 2, 3, 4, 5]
    near = Queue(
        [Entry(i, "pending", x=float(i % 10), y=float(i // 10)) for i in range(100)], PLACE
    )
    path = walk(near)
    assert len(path) == 100
    assert sum(abs(a % 10 - b % 10) + abs(a // 10 - b // 10) for a, b in zip(path, path[1:])) < 400


def test_queue_counts_follow_decisions():
    queue = Queue(ENTRIES, LARGEST)
    queue.go(3)
    queue.set_status(3, "accepted")
    assert (queue.count("pending"), queue.count("accepted"), queue.confirmed_m2) == (2, 2, 1000.0)
    queue.set_status(3, "rejected")
    assert (queue.count("rejected"), queue.confirmed_m2) == (2, 100.0)
    queue.sort(NUMBER)
    assert queue.current == 3
    queue.remove(3)
    assert 3 not in queue
    assert len(queue) == 4
    queue.put(Entry(9, "accepted", area_m2=7.0))
    assert queue.go(9)
    assert queue.confirmed_m2 == 107.0
    assert not queue.go(3)


def test_queue_stays_where_nothing_is_left():
    queue = Queue([Entry(1, "accepted"), Entry(2, "rejected")])
    queue.go(2)
    assert queue.next() == 2
    assert Queue([]).next() is None
    assert Queue([]).back() is None


def test_doubt():
    assert doubt_of(0.5, None, 0.5) == 1.0
    assert doubt_of(1.0, None, 0.5) == 0.0
    assert doubt_of(0.9, 0.25, 0.5) == 0.5
    assert doubt_of(None, None, 0.5) == 1.0


def test_columns_and_values_are_the_engines(engine_python):
    """What the review writes is what the engine's schema allows, asked of the engine itself."""
    script = (
        "import json; from engine.inventory.schema import FIELDS\n"
        "print(json.dumps({f.name: [f.group, [str(v) for v in f.values]] for f in FIELDS}))"
    )
    done = subprocess.run(
        [engine_python, "-c", script], cwd=ROOT, capture_output=True, check=True, text=True
    )
    fields = json.loads(done.stdout)
    used = {*schema.WRITTEN, *schema.MEASURED, *event.COLUMNS, "id", "notes", "threshold"}
    assert used <= set(fields)
    groups = {name for name, (group, _) in fields.items() if group in ("probability", "geometry")}
    groups |= {name for name, (group, _) in fields.items() if group in ("terrain", "context")}
    assert set(schema.MEASURED) == (groups - {"amalgamated"}) | {"flags"}
    assert set(schema.STATUSES) == set(fields["status"][1])
    assert set(schema.REASONS) == set(fields["reason"][1])
    for column, titles in schema.TITLES.items():
        assert list(titles) == fields[column][1]


def rows(folder, columns="status, reason, reviewer"):
    with closing(sqlite3.connect(folder / "inventory.gpkg")) as connection:
        return connection.execute(f"SELECT {columns} FROM landslides ORDER BY fid").fetchall()


def test_decision_is_in_the_file_at_once(detection, inventory):
    reviewed = ReviewedLayer(inventory, "Ada")
    reviewed.decide(1, schema.ACCEPTED)
    reviewed.decide(2, schema.REJECTED, "river")
    assert rows(detection) == [("accepted", None, "Ada"), ("rejected", "river", "Ada")]
    assert re.match(r"\d{4}-\d\d-\d\dT", rows(detection, "reviewed")[0][0])


def test_undo_restores_values_outline_and_added(detection, inventory):
    reviewed = ReviewedLayer(inventory, "Ada")
    before = inventory.getFeature(1).geometry().asWkt()
    reviewed.decide(1, schema.ACCEPTED)
    reviewed.reshape(1, inventory.getFeature(1).geometry().buffer(20, 2))
    added = reviewed.add(inventory.getFeature(2).geometry().buffer(5, 2), (0.7, 0.5, 0.9))
    assert rows(detection, "id, status")[2] == (3, "accepted")
    assert reviewed.undo() == [added]
    assert len(rows(detection)) == 2
    assert reviewed.undo() == [1]
    assert inventory.getFeature(1).geometry().asWkt() == before
    assert rows(detection)[0][0] == "accepted"
    assert reviewed.undo() == [1]
    assert rows(detection)[0] == ("pending", None, None)
    assert reviewed.undo() is None


def test_decisions_in_edit_mode_go_to_the_edit_buffer(detection, inventory):
    reviewed = ReviewedLayer(inventory, "Ada")
    inventory.startEditing()
    reviewed.decide(1, schema.ACCEPTED)
    assert rows(detection)[0][0] == "pending"
    inventory.commitChanges()
    assert rows(detection)[0][0] == "accepted"


def test_read_only_file_is_told(detection, qgis_new_project):
    if os.geteuid() == 0:
        layer = QgsVectorLayer(f"{detection / 'inventory.gpkg'}|layername=landslides", "x", "ogr")
        layer.setReadOnly(True)
        layer.dataProvider().leaveUpdateMode()
        locked = sqlite3.connect(detection / "inventory.gpkg")
        locked.execute("BEGIN EXCLUSIVE")
    else:
        (detection / "inventory.gpkg").chmod(0o444)
        layer = load_inventory(detection / "inventory.gpkg")
        locked = None
    with pytest.raises(ReviewError, match="could not be written"):
        ReviewedLayer(layer, "Ada").decide(1, schema.ACCEPTED)
    if locked:
        locked.rollback()
        locked.close()
    assert rows(detection)[0][0] == "pending"


def test_other_layers_are_refused(qgis_new_project):
    with pytest.raises(ReviewError, match="no landslide inventory"):
        ReviewedLayer(QgsVectorLayer("Polygon?crs=EPSG:4326&field=a:int", "fields", "memory"), "")


def test_split_pieces_get_numbers_of_their_own(detection, inventory):
    reviewed = ReviewedLayer(inventory, "Ada")
    inventory.startEditing()
    line = [QgsPoint(300000, 2600000 - 85), QgsPoint(300640, 2600000 - 85)]
    inventory.splitFeatures(QgsLineString(line), False, False)
    inventory.commitChanges()
    assert len(rows(detection)) == 3
    reviewed.mark_edited([1, 3])
    numbers = [number for (number,) in rows(detection, "id")]
    assert len(set(numbers)) == 3
    assert [status for (status,) in rows(detection, "status")] == ["edited", "pending", "edited"]
    area = rows(detection, "area_m2")
    assert area[0][0] + area[2][0] == pytest.approx(4900, rel=0.01)


def test_outlines_follow_the_threshold(detection):
    probability = Probability(str(detection / "probability.tif"))
    whole = QgsRectangle(300000, 2599360, 300640, 2600000)
    areas = {
        t: sum(g.area() for g in outlines(probability.read(whole), t))
        for t in (0.5, 0.7, 0.79, 0.9, 0.95)
    }
    assert areas == {0.5: 12900.0, 0.7: 8900.0, 0.79: 4900.0, 0.9: 900.0, 0.95: 0}
    assert probability.read(QgsRectangle(0, 0, 10, 10)) is None
    assert max(probability.read(whole, max_px=16).values.shape) == 16


def test_redraw_keeps_to_the_landslide_at_hand(detection, inventory):
    probability = Probability(str(detection / "probability.tif"))
    geometry = inventory.getFeature(1).geometry()
    assert redraw(probability, geometry, 0.9).area() == 900
    assert redraw(probability, geometry, 0.55).area() == 4900
    assert redraw(probability, geometry, 0.97) is None


def test_click_grows_the_missed_landslide(detection):
    probability = Probability(str(detection / "probability.tif"))
    geometry, (mean, lowest, highest) = grow(probability, QgsPointXY(300150, 2599480), 0.5)
    assert geometry.area() == 4000
    assert mean == pytest.approx(0.76)
    assert lowest == highest == pytest.approx(0.76)
    assert grow(probability, QgsPointXY(300150, 2599480), 0.8) is None
    assert grow(probability, QgsPointXY(0, 0), 0.5) is None
    assert probability.at(QgsPointXY(300635, 2599365)) is None


def test_keys_accept_reject_undo(dock, detection, iface):
    iface.window.activateWindow()
    iface.canvas.setFocus()
    wait(lambda: iface.canvas.hasFocus())
    QTest.keyClick(iface.canvas, Qt.Key.Key_A)
    assert [status for status, *_ in rows(detection)] == ["accepted", "pending"]
    QTest.keyClick(iface.canvas, Qt.Key.Key_R)
    assert rows(detection)[1][0] == "pending"  # nobody has seen the second one yet
    wait(lambda: dock.view.is_painted)
    QTest.keyClick(iface.canvas, Qt.Key.Key_2)
    assert rows(detection)[1] == ("rejected", "river", "Ada")
    QTest.keyClick(iface.canvas, Qt.Key.Key_U)
    assert rows(detection)[1][0] == "pending"
    assert "1 left of 2" in dock.panel.counts.text()


def test_slider_previews_and_applies(dock, detection):
    assert dock.panel.threshold.value() == 50
    dock.review.queue.go(1)
    dock.panel.threshold.setValue(90)
    wait(lambda: dock.threshold.preview.is_empty is False)
    assert dock.threshold.preview.geometry.area() == 900
    assert rows(detection, "area_m2")[0][0] == 4900
    dock.panel.apply.click()
    assert rows(detection, "area_m2, status")[0] == (pytest.approx(900, rel=0.01), "edited")
    dock.undo()
    assert rows(detection, "area_m2, status")[0] == (4900, "pending")


def test_slider_for_the_whole_view(dock, iface):
    iface.canvas.setExtent(QgsRectangle(300000, 2599360, 300640, 2600000))
    dock.panel.scope.setCurrentIndex(1)
    dock.panel.threshold.setValue(70)
    wait(lambda: dock.threshold.preview.is_empty is False)
    assert dock.threshold.preview.geometry.area() == pytest.approx(8900)


def test_click_to_add_through_the_dock(dock, detection):
    dock.adding.add_at(QgsPointXY(300150, 2599480))
    assert rows(detection, "id, status, area_m2")[2] == (
        3,
        "accepted",
        pytest.approx(4000, rel=0.01),
    )
    assert "3" in dock.panel.counts.text()
    dock.adding.add_at(QgsPointXY(300500, 2599900))  # probability 0.04
    assert len(rows(detection)) == 3
    dock.undo()
    assert len(rows(detection)) == 2


def test_removed_layer_leaves_the_dock_empty(dock, inventory):
    from qgis.core import QgsProject

    QgsProject.instance().removeMapLayer(inventory.id())
    assert dock.review.reviewed is None
    dock.accept()
    dock.next()
    assert not dock.panel.accept.isEnabled()


def test_fifty_thousand_stay_fluid(tmp_path, qgis_new_project, iface):
    write_inventory(
        tmp_path / "large.gpkg",
        [(3 * (i % 250), 3 * (i // 250), 2, 2, 0.5 + (i % 50) / 100) for i in range(50_000)],
    )
    iface.active = load_inventory(tmp_path / "large.gpkg")
    started = time.process_time()
    with review_dock(iface) as dock:
        loading = time.process_time() - started
        assert len(dock.review.queue) == 50_000
        steps = []
        for _ in range(20):
            started = time.process_time()
            dock.accept()
            steps.append(time.process_time() - started)
        assert dock.review.queue.confirmed == 20
    assert loading < 10
    assert sorted(steps)[10] < 0.1
