"""Decisions on many landslides: rules, preview, one step of undo, leaving for later, forecast."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from l4s_qgis.layers import load_inventory
from l4s_qgis.review import bulk, schema
from l4s_qgis.review.bulk import ABOVE, AREA, BELOW, PROBABILITY, SLOPE, Limit, Rule, matching
from l4s_qgis.review.inventory import ReviewedLayer, ReviewError
from l4s_qgis.review.pace import Pace, forecast
from l4s_qgis.review.queue import FIRST, LAST, SMALLEST, UNCERTAIN, Entry, Queue
from qgis.core import QgsRectangle

from conftest import review_dock, wait, write_inventory

ENTRIES = [
    Entry(1, "pending", 0.9, 100.0, probability=0.55, slope_deg=3.0, flags=("flat",)),
    Entry(2, "pending", 0.2, 5000.0, probability=0.95, slope_deg=30.0),
    Entry(3, "accepted", 0.5, 300.0, probability=0.60, slope_deg=2.0, flags=("flat", "river-like")),
    Entry(4, "pending", 0.7, 800.0, probability=None, slope_deg=None),
    Entry(5, "needs-review", 0.8, 50.0, probability=0.5, slope_deg=20.0),
]


def numbers(rule, among=None):
    return [entry.fid for entry in matching(ENTRIES, rule, among)]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (Rule(), [1, 2, 4, 5]),
        (Rule(only_open=False), [1, 2, 3, 4, 5]),
        (Rule((Limit(PROBABILITY, BELOW, 0.6),)), [1, 5]),
        (Rule((Limit(PROBABILITY, ABOVE, 0.6),), only_open=False), [2, 3]),
        (Rule((Limit(AREA, ABOVE, 800.0),)), [2, 4]),
        (Rule((Limit(SLOPE, BELOW, 10.0), Limit(AREA, BELOW, 200.0))), [1]),
        (Rule(flag="flat", only_open=False), [1, 3]),
        (Rule(flag=bulk.ANY_FLAG), [1]),
        (Rule(flag=bulk.NO_FLAG), [2, 4, 5]),
    ],
)
def test_rules(rule, found):
    assert numbers(rule) == found


def test_rule_among_some():
    assert numbers(Rule(), {1, 3}) == [1]
    assert numbers(Rule(), set()) == []


def test_specks_first_last_and_in_order():
    queue = Queue(ENTRIES, UNCERTAIN, only_pending=False)
    queue.place_specks(FIRST, 200.0)
    assert queue._order[:2] == [1, 5]
    queue.place_specks(LAST, 200.0)
    assert queue._order[-2:] == [1, 5]
    queue.sort(SMALLEST)
    assert queue._order == [3, 4, 2, 5, 1]


def test_what_a_rule_can_decide_comes_last():
    queue = Queue(ENTRIES, UNCERTAIN)
    assert queue.first() == 1
    assert queue.set_aside(Rule((Limit(PROBABILITY, BELOW, 0.6),)).holds) == 2
    assert queue.first() == 4
    assert queue._order[-2:] == [1, 5]
    queue.set_aside(None)
    assert queue.first() == 1


@pytest.fixture
def many(tmp_path, qgis_new_project):
    """An inventory of 40 landslides of growing probability."""
    boxes = [(5 * (i % 8), 5 * (i // 8), 2 + i % 3, 2, 0.5 + i / 100) for i in range(40)]
    write_inventory(tmp_path / "inventory.gpkg", boxes)
    return load_inventory(tmp_path / "inventory.gpkg")


@pytest.fixture
def dock(iface, many):
    iface.active = many
    with review_dock(iface) as dock:
        yield dock


def rows(layer, columns="status, reason, reviewer"):
    with closing(sqlite3.connect(layer.source().split("|")[0])) as connection:
        return connection.execute(f"SELECT {columns} FROM landslides ORDER BY fid").fetchall()


def choose(box, value):
    box.setCurrentIndex(box.findData(value))


def test_preview_counts_and_one_undo_takes_all_back(dock, many):
    before = rows(many, "status, reason, reviewer, reviewed")
    dock.panel.bulk.click()
    dialog = dock.dialogs.current
    choose(dialog.limits[PROBABILITY].side, BELOW)
    dialog.limits[PROBABILITY].value.setValue(0.6)
    wait(lambda: "10 landslides" in dialog.preview.text())
    assert many.selectedFeatureCount() == 10
    assert dialog.apply.text() == "Decide on 10"
    choose(dialog.reason, "river")
    dialog.apply.click()
    assert many.selectedFeatureCount() == 0
    assert [row[0] for row in rows(many)].count("rejected") == 10
    assert ("rejected", "river", "Ada") in rows(many)
    assert "30 left of 40" in dock.panel.counts.text()
    dock.undo()
    assert rows(many, "status, reason, reviewer, reviewed") == before
    assert "40 left of 40" in dock.panel.counts.text()


def test_selection_is_proposed_and_comes_back(dock, many):
    many.selectByIds([3, 4, 5])
    dock.panel.bulk.click()
    dialog = dock.dialogs.current
    assert dialog.where.currentData() == "selection"
    assert len(dialog.chosen()) == 3
    choose(dialog.decision, schema.ACCEPTED)
    dialog.reject()
    assert set(many.selectedFeatureIds()) == {3, 4, 5}
    assert {status for status, *_ in rows(many)} == {"pending"}


def test_all_in_view(dock, many, iface):
    dock.panel.bulk.click()
    dialog = dock.dialogs.current
    choose(dialog.where, "view")
    iface.canvas.setExtent(QgsRectangle(299990, 2599990, 300060, 2600010))
    dialog.refresh()
    count = len(dialog.chosen())
    assert 0 < count < 40
    choose(dialog.decision, schema.ACCEPTED)
    dialog.refresh()
    dialog.apply.click()
    assert [row[0] for row in rows(many)].count("accepted") == count


def test_decided_ones_are_left_alone_unless_asked(dock, many):
    dock.accept()
    dock.panel.bulk.click()
    dialog = dock.dialogs.current
    assert len(dialog.chosen()) == 39
    dialog.only_open.setChecked(False)
    assert len(dialog.chosen()) == 40
    dialog.reject()


def test_nothing_to_decide(dock):
    dock.panel.bulk.click()
    dialog = dock.dialogs.current
    choose(dialog.limits[AREA].side, ABOVE)
    dialog.limits[AREA].value.setValue(1e7)
    dialog.refresh()
    assert not dialog.apply.isEnabled()
    assert "No landslide" in dialog.preview.text()
    dialog.reject()


def test_leave_for_later(dock, many):
    dock.panel.bulk.click()
    dialog = dock.dialogs.current
    assert not dialog.aside.isEnabled()  # a rule without a condition would put all aside
    choose(dialog.limits[PROBABILITY].side, BELOW)
    dialog.limits[PROBABILITY].value.setValue(0.7)
    dialog.refresh()
    dialog.aside.click()
    assert {status for status, *_ in rows(many)} == {"pending"}
    assert dock.review.reviewed.feature(dock.review.queue.current)["prob_mean"] >= 0.7
    dock.take(many)  # the rule outlives a re-read
    assert dock.review.reviewed.feature(dock.review.queue.current)["prob_mean"] >= 0.7


def test_bulk_that_cannot_be_written_changes_nothing(many):
    reviewed = ReviewedLayer(many, "Ada")
    many.dataProvider().leaveUpdateMode()
    with closing(sqlite3.connect(many.source().split("|")[0])) as locked:
        locked.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ReviewError, match="could not be written"):
            reviewed.decide(list(range(1, 41)), schema.ACCEPTED)
        locked.rollback()
    assert {status for status, *_ in rows(many)} == {"pending"}
    assert not reviewed.can_undo


def test_bulk_in_edit_mode_goes_to_the_edit_buffer(many):
    reviewed = ReviewedLayer(many, "Ada")
    many.startEditing()
    reviewed.decide([1, 2, 3], schema.REJECTED, "road")
    assert {status for status, *_ in rows(many)} == {"pending"}
    assert reviewed.undo() == [1, 2, 3]
    reviewed.decide([1, 2], schema.ACCEPTED)
    many.commitChanges()
    assert [status for status, *_ in rows(many)].count("accepted") == 2


def test_forecast_of_the_rest():
    pace = Pace()
    for moment in range(6):
        pace.note(2.0 * moment)
    assert pace.left_s(300) == 600.0
    pace.note(1000.0)  # after a break
    pace.note(1002.0)
    assert pace.left_s(300) == 600.0
    assert Pace().left_s(10) is None
    assert forecast(None) == ""
    assert forecast(40) == "about a minute left"
    assert forecast(720) == "about 12 minutes left"
    assert forecast(7200 * 2) == "about 4 hours left"


def test_forecast_is_shown(dock):
    for _ in range(7):
        dock.accept()
    assert "about a minute left" in dock.panel.counts.text()
