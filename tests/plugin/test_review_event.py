"""Event data once for all landslides; a COOLR export without a warning."""

from __future__ import annotations

import csv
import subprocess

import pytest
from l4s_qgis.review import schema
from l4s_qgis.review.event import event_of, wrong_days
from qgis.core import QgsPointXY

from conftest import ROOT


def values(layer, *columns):
    return [tuple(feature[name] for name in columns) for feature in layer.getFeatures()]


def ask(dock, **answers):
    dock.panel.event.click()
    dialog = dock.dialogs.current
    for column, answer in answers.items():
        field = dialog.fields[column]
        if hasattr(field, "findData"):
            field.setCurrentIndex(field.findData(answer))
        else:
            field.setText(answer)
    return dialog


def test_event_is_written_to_all_and_taken_back_at_once(dock):
    layer = dock.review.layer
    dialog = ask(
        dock,
        event="Typhoon",
        date_from="2018-09-05",
        date_to="2018-09-06",
        trigger="rainfall",
        material="debris",
        images="S2A 2018-09-10",
    )
    dialog._give()
    columns = ("event", "date_from", "date_to", "trigger", "material", "images", "status")
    known = ("Typhoon", "2018-09-05", "2018-09-06", "rainfall", "debris", "S2A 2018-09-10")
    assert values(layer, *columns) == [(*known, "pending")] * 2
    dock.undo()
    assert {value for row in values(layer, "event", "trigger") for value in row if value} == set()


def test_what_a_landslide_has_is_kept_unless_asked(dock):
    layer = dock.review.layer
    dock.review.reviewed.describe([1], {"trigger": "river"})
    ask(dock, trigger="earthquake")._give()
    assert values(layer, "trigger") == [("river",), ("earthquake",)]
    dialog = ask(dock, trigger="earthquake")
    dialog.only_empty.setChecked(False)
    dialog._give()
    assert values(layer, "trigger") == [("earthquake",), ("earthquake",)]


def test_new_landslides_get_the_event(dock):
    ask(dock, event="Typhoon", date_to="2018-09-06")._give()
    dock.adding.add_at(QgsPointXY(300150, 2599480))
    assert values(dock.review.layer, "event", "date_to")[2] == ("Typhoon", "2018-09-06")
    assert event_of(dock.review.layer) == {"event": "Typhoon", "date_to": "2018-09-06"}


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        ("2018-09-06", "2018-09-05", "comes after"),
        ("6.9.2018", "", "no day"),
        ("", "2018-13-01", "no day"),
        ("2018-09-05", "2018-09-05", ""),
        ("", "", ""),
    ],
)
def test_days(first, last, says):
    assert says in wrong_days(first, last)
    assert bool(says) == bool(wrong_days(first, last))


def test_wrong_days_keep_the_dialog_open(dock):
    dialog = ask(dock, date_from="2018-09-06", date_to="2018-09-05")
    dialog._give()
    assert dialog.isVisible()
    assert "comes after" in dialog.problem.text()
    dialog.reject()
    assert {value for (value,) in values(dock.review.layer, "date_from") if value} == set()


def test_coolr_export_has_no_warning_then(dock, detection, engine_python):
    ask(dock, event="Typhoon", date_from="2018-09-05", date_to="2018-09-06")._give()
    dock.accept()
    out = detection / "coolr.csv"
    done = subprocess.run(
        [
            engine_python,
            *("-m", "engine", "export", "--inventory", detection / "inventory.gpkg", "--out", out),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "no date" not in done.stderr + done.stdout
    with out.open() as file:
        dates = {row["event_date"] for row in csv.DictReader(file)}
    assert dates == {"2018-09-06"}


def test_values_offered_are_those_of_the_layers_own_form(dock):
    layer = dock.review.layer
    assert list(schema.choices(layer, "trigger")) == list(schema.TRIGGER_TITLES)
    from qgis.core import QgsEditorWidgetSetup

    entries = {"map": [{"Meteorite impact": "meteorite"}]}
    layer.setEditorWidgetSetup(
        layer.fields().indexOf("trigger"), QgsEditorWidgetSetup("ValueMap", entries)
    )
    assert schema.choices(layer, "trigger") == {"meteorite": "Meteorite impact"}
    assert schema.title_of("trigger", "meteorite", "Meteorite impact") == "Meteorite impact"
