"""The review dock with the real engine: new outlines for the whole layer, export, report, patches
for training."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from l4s_qgis.layers import load_inventory
from l4s_qgis.processing.provider import Provider
from l4s_qgis.review import actions, schema
from l4s_qgis.review.actions import ExportDialog
from qgis.core import QgsApplication
from qgis.PyQt.QtWidgets import QFileDialog

from conftest import ROOT, review_dock, wait

ENGINE_S = 120


@pytest.fixture(scope="module")
def detected(tmp_path_factory):
    """The folder of a detection by the real engine on a tiny simulated scene."""
    python = os.environ.get("L4S_ENGINE_PYTHON_GIVEN")
    if not python or not Path(python).exists():
        pytest.skip("L4S_ENGINE_PYTHON does not name a Python with the engine")
    folder = tmp_path_factory.mktemp("detected")
    for words in (
        ["simulate", "--out", folder / "scene", "--size", "160", "--seed", "4", "--clouds", "0"],
        [
            "detect",
            "--sentinel2",
            folder / "scene" / "sentinel2",
            "--dem",
            folder / "scene" / "dem.tif",
            "--out",
            folder / "out",
            "--before",
            folder / "scene" / "sentinel2",
            "--tta",
            "flip",
            "--min-area",
            "500",
        ],
    ):
        command = [python, "-m", "engine", *(str(word) for word in words)]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return folder / "out"


@pytest.fixture
def folder(detected, tmp_path):
    """A copy of it for one test."""
    return Path(shutil.copytree(detected, tmp_path / "out"))


@pytest.fixture
def dock(iface, folder, engine_python):
    provider = Provider()
    QgsApplication.processingRegistry().addProvider(provider)
    layer = load_inventory(folder / "inventory.gpkg")
    iface.active = layer
    with review_dock(iface) as dock:
        yield dock
    QgsApplication.processingRegistry().removeProvider(provider)


def rows(folder, columns="status, reviewer, area_m2, threshold"):
    with closing(sqlite3.connect(folder / "inventory.gpkg")) as connection:
        return connection.execute(f"SELECT {columns} FROM landslides ORDER BY fid").fetchall()


def finished(dock):
    wait(lambda: not dock._actions._runs, ENGINE_S)


def texts(iface):
    return [item.text() for item in iface.bar.items()]


def test_whole_layer_is_redrawn_and_what_was_reviewed_is_kept(dock, folder, iface):
    assert len(rows(folder)) > 3
    dock.accept()
    dock.reject("river")
    kept = {row for row in rows(folder) if row[0] != "pending"}
    assert len(kept) == 2
    dock.panel.scope.setCurrentIndex(1)
    dock.panel.threshold.setValue(30)
    dock.panel.apply.click()
    assert not dock.panel.isEnabled()  # a decision written meanwhile would be lost
    finished(dock)
    assert dock.panel.isEnabled(), texts(iface)
    after = rows(folder)
    assert {(status, reviewer) for status, reviewer, *_ in after if status != "pending"} == {
        ("accepted", "Ada"),
        ("rejected", "Ada"),
    }
    assert {round(row[2]) for row in after if row[0] != "pending"} == {
        round(row[2]) for row in kept
    }
    pending = [row for row in after if row[0] == "pending"]
    assert pending
    assert {row[3] for row in pending} == {0.3}
    # The dock shows the new file and goes on writing into it.
    assert len(dock.review.queue) == len(after) == dock.review.layer.featureCount()
    dock.accept()
    assert sum(row[0] == "accepted" for row in rows(folder)) == 2


def test_whole_layer_keeps_models_agreement_and_mapping_unit(dock, folder):
    columns = "model, model_digest, dem, agreement, ndvi_change"
    known = rows(folder, columns)[0]
    assert None not in known
    dock.panel.scope.setCurrentIndex(1)
    dock.panel.threshold.setValue(30)
    dock.panel.apply.click()
    finished(dock)
    after = rows(folder, columns)
    assert {row[:3] for row in after} == {known[:3]}
    assert all(None not in row for row in after)
    assert min(area for (area,) in rows(folder, "area_m2")) >= 500


def test_layer_in_edit_mode_is_not_redrawn_nor_handed_on(dock, folder, iface):
    before = rows(folder)
    dock.review.layer.startEditing()
    dock.panel.scope.setCurrentIndex(1)
    dock.panel.threshold.setValue(30)
    dock.panel.apply.click()
    dock.panel.export.click()
    assert dock._actions._runs == []
    assert dock.panel.isEnabled()
    assert any("edit mode" in text for text in texts(iface))
    dock.review.layer.rollBack()
    assert rows(folder) == before


def test_failed_redraw_gives_the_dock_back(dock, folder, iface):
    (folder / "probability.tif").write_text("damaged")
    dock.panel.scope.setCurrentIndex(1)
    dock.panel.threshold.setValue(30)
    dock.panel.apply.click()
    finished(dock)
    assert dock.panel.isEnabled()
    assert texts(iface)
    dock.accept()
    assert any(row[0] == "accepted" for row in rows(folder))


def test_export_and_report(dock, folder, iface, monkeypatch):
    opened = []
    monkeypatch.setattr(actions.QDesktopServices, "openUrl", opened.append)
    dock.accept()
    dock.panel.export.click()
    dialog = iface.window.findChild(ExportDialog)
    assert dialog.reviewed.isChecked()
    dialog.accept()
    finished(dock)
    features = json.loads((folder / "landslides_reviewed.geojson").read_text())["features"]
    assert [feature["properties"]["status"] for feature in features] == ["accepted"]
    (folder / "report.html").unlink()
    dock.panel.report.click()
    finished(dock)
    assert (folder / "report.html").stat().st_size > 10_000
    assert [url.toLocalFile() for url in opened] == [str(folder / "report.html")]


def test_corrections_become_patches(dock, folder, iface, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "patches"))
    dock.panel.training.click()  # nothing is accepted yet
    finished(dock)
    assert any("No landslide is accepted" in text for text in texts(iface))
    for _ in range(len(dock.review.queue) - 1):
        dock.accept()
    dock.panel.training.click()
    finished(dock)
    assert (tmp_path / "patches" / "index.json").is_file(), texts(iface)
    assert any("still pending" in text for text in texts(iface))


def test_patches_need_the_stack(dock, folder, iface):
    dock.accept()
    (folder / "stack.tif").unlink()
    (folder / "run.json").unlink()
    dock.panel.training.click()
    assert any("stack from which this inventory was made is gone" in text for text in texts(iface))
    assert schema.ACCEPTED in {row[0] for row in rows(folder)}
