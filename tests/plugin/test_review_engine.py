"""The review dock with the real engine: new outlines for the whole layer, export, report, patches
for training."""

from __future__ import annotations

import json
import os
import re
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
from qgis.core import QgsApplication, QgsGeometry, QgsLineString, QgsPoint, QgsProject
from qgis.PyQt.QtWidgets import QFileDialog, QMessageBox, QPushButton

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


def redraw(dock, threshold, answer=QMessageBox.StandardButton.Apply):
    """Ask for new outlines of the whole layer, and answer the question."""
    dock.panel.scope.setCurrentIndex(1)
    dock.panel.threshold.setValue(threshold)
    dock.panel.apply.click()
    assert not dock.panel.isEnabled()  # no decision while the outlines are drawn
    finished(dock)
    assert dock.panel.isEnabled()
    question = dock._redrawing.question
    if question is not None:
        text = question.text()
        question.button(answer).click()
        return text
    return ""


def test_whole_layer_is_redrawn_and_what_was_reviewed_is_kept(dock, folder, iface):
    assert len(rows(folder)) > 3
    dock.accept()
    dock.reject("river")
    kept = {row for row in rows(folder) if row[0] != "pending"}
    assert len(kept) == 2
    text = redraw(dock, 30)
    assert "2 on which somebody decided are not touched" in text
    after = rows(folder)
    assert {row for row in after if row[0] != "pending"} == kept
    pending = [row for row in after if row[0] == "pending"]
    assert pending
    assert 0.3 in {row[3] for row in pending}
    assert len(dock.review.queue) == len(after) == dock.review.layer.featureCount()
    dock.accept()
    assert sum(row[0] == "accepted" for row in rows(folder)) == 2


def test_redrawing_asks_with_numbers_and_can_be_undone(dock, folder):
    columns = "fid, id, area_m2, threshold, status, volume_m3, hex(geom)"
    before = rows(folder, columns)
    with closing(sqlite3.connect(folder / "inventory.gpkg")) as file:
        runs = file.execute("SELECT count(*) FROM run").fetchone()
    text = redraw(dock, 30, QMessageBox.StandardButton.Cancel)
    counts = [int(number) for number in re.findall(r"(\d+) (?:landslides|are new|disappear)", text)]
    assert len(counts) == 3
    assert sum(counts) > 0
    assert rows(folder, columns) == before  # nothing is written before the answer
    redraw(dock, 30)
    after = rows(folder, columns)
    changed, added, removed = counts
    assert len(after) == len(before) + added - removed
    old, new = ({row[0]: row for row in table} for table in (before, after))
    assert sum(old[fid] != new[fid] for fid in set(old) & set(new)) == changed
    # a landslide whose outline overlaps the old one is still the same one
    assert all(old[fid][1] == new[fid][1] for fid in set(old) & set(new))
    assert len({row[1] for row in after}) == len(after)
    with closing(sqlite3.connect(folder / "inventory.gpkg")) as file:
        assert file.execute("SELECT count(*) FROM run").fetchone()[0] == runs[0] + 1
    dock.undo()
    assert rows(folder, columns) == before
    with closing(sqlite3.connect(folder / "inventory.gpkg")) as file:
        assert file.execute("SELECT count(*) FROM run").fetchone() == runs


def test_redrawing_at_the_same_threshold_changes_nothing(dock, folder, iface):
    (threshold,) = {row[3] for row in rows(folder)}
    before = rows(folder)
    dock._redrawing.start(dock.review.layer, threshold)
    finished(dock)
    assert dock._redrawing.question is None, dock._redrawing.question.text()
    assert any("every outline stays" in text for text in texts(iface))
    assert rows(folder) == before


def test_whole_layer_keeps_models_agreement_and_mapping_unit(dock, folder):
    columns = "model, model_digest, dem, agreement, ndvi_change"
    known = rows(folder, columns)[0]
    assert None not in known
    redraw(dock, 30)
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
    (button,) = [b for b in iface.bar.findChildren(QPushButton) if b.text() == "Add to map"]
    button.click()
    (added,) = QgsProject.instance().mapLayersByName("landslides_reviewed")
    assert added.featureCount() == 1
    (folder / "report.html").unlink()
    dock.panel.report.click()
    finished(dock)
    assert (folder / "report.html").stat().st_size > 10_000
    assert [url.toLocalFile() for url in opened] == [str(folder / "report.html")]


def test_share_writes_one_file(dock, folder, iface, monkeypatch):
    out = folder / "map.html"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(out), ""))
    dock.accept()
    dock.panel.share.click()
    wait(lambda: not dock._actions._tasks, ENGINE_S)
    assert any("map.html" in text for text in texts(iface)), texts(iface)
    page = out.read_text(encoding="utf-8")
    assert "data:image/jpeg;base64" in page
    assert '"status":"accepted"' in page


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


FACTS = "volume_m3, length_m, slope_deg, prob_mean, pixels, relief_m"


def test_new_outline_is_measured_by_the_engine(dock, folder):
    """A half of a landslide has half of the pixels and a volume of its own, not the whole one's."""
    fid = dock.review.queue.current
    where = f"{FACTS}, area_m2 FROM landslides WHERE fid = {fid} --"
    (before,) = rows(folder, where)
    whole = dock.review.geometry
    box = whole.boundingBox()
    box.setXMaximum(box.center().x())
    half = whole.intersection(QgsGeometry.fromRect(box))
    dock.review.reviewed.reshape(fid, half)
    dock._reshaped(fid)
    assert "Measuring" in dock.panel.facts.text()
    (at_once,) = rows(folder, where)
    assert at_once[0] is None  # never the volume of another outline
    wait(lambda: not dock.measuring.is_busy, ENGINE_S)
    assert "Measuring" not in dock.panel.facts.text()
    (after,) = rows(folder, where)
    assert None not in after
    assert after[0] < 0.75 * before[0]
    assert after[4] == pytest.approx(after[6] / 100, abs=after[6] / 1000 + 2)
    dock.undo()
    assert rows(folder, where) == [before]


def test_undo_while_the_engine_measures_is_not_overwritten(dock, folder):
    fid = dock.review.queue.current
    where = f"{FACTS} FROM landslides WHERE fid = {fid} --"
    before = rows(folder, where)
    dock.review.reviewed.reshape(fid, dock.review.geometry.buffer(30, 4))
    dock._reshaped(fid)
    wait(lambda: dock.measuring._task is not None)
    dock.undo()
    wait(lambda: not dock.measuring.is_busy, ENGINE_S)
    assert rows(folder, where) == before


def test_split_is_measured_in_both_pieces(dock, folder, iface):
    layer = dock.review.layer
    fid = max(layer.getFeatures(), key=lambda feature: feature["area_m2"]).id()
    volume = layer.getFeature(fid)["volume_m3"]
    box = layer.getFeature(fid).geometry().boundingBox()
    line = [QgsPoint(box.xMinimum() - 50, box.center().y())]
    line.append(QgsPoint(box.xMaximum() + 50, box.center().y()))
    layer.selectByIds([fid])

    def split():
        layer.beginEditCommand("split")
        layer.splitFeatures(QgsLineString(line), False, False)
        layer.endEditCommand()

    iface.split_action.triggered.connect(split)
    count = len(rows(folder))
    dock.panel.split.click()
    wait(lambda: len(rows(folder)) > count)
    wait(lambda: dock.measuring.is_busy)
    wait(lambda: not dock.measuring.is_busy, ENGINE_S)
    pieces = [
        volume for (volume, status) in rows(folder, "volume_m3, status") if status == "edited"
    ]
    assert len(pieces) >= 2
    assert None not in pieces
    assert max(pieces) < volume


def test_without_an_engine_the_review_goes_on(dock, folder, iface, monkeypatch):
    monkeypatch.setenv("L4S_ENGINE_PYTHON", "/nowhere/python")
    fid = dock.review.queue.current
    for _ in range(2):
        dock.review.reviewed.reshape(fid, dock.review.geometry.buffer(10, 4))
        dock._reshaped(fid)
        wait(lambda: not dock.measuring.is_busy)
    said = [text for text in texts(iface) if "could not be measured" in text]
    assert len(said) == 1
    dock.accept()
    assert any(row[0] == "edited" for row in rows(folder))
