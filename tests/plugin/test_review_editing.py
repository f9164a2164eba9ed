"""Split, merge, edit mode, swipe and crash safety of the review, through the dock's buttons."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from qgis.core import (
    QgsApplication,
    QgsLineString,
    QgsPoint,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsSnappingConfig,
)
from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QMouseEvent
from qgis.PyQt.QtWidgets import QApplication

from conftest import HERE, ROOT, wait

WHOLE = QgsRectangle(300000, 2599360, 300640, 2600000)


def rows(folder, columns="id, status, reviewer"):
    with closing(sqlite3.connect(folder / "inventory.gpkg")) as connection:
        return connection.execute(f"SELECT {columns} FROM landslides ORDER BY fid").fetchall()


def split_through(layer, y):
    """What QGIS's tool does after the line was drawn."""
    layer.beginEditCommand("Features split")
    layer.splitFeatures(QgsLineString([QgsPoint(300000, y), QgsPoint(300640, y)]), False, False)
    layer.endEditCommand()


def merge_selected(layer):
    """What QGIS's tool does after its dialog was confirmed."""
    first, second = layer.selectedFeatures()
    layer.beginEditCommand("Merged features")
    layer.changeGeometry(first.id(), first.geometry().combine(second.geometry()))
    layer.deleteFeature(second.id())
    layer.endEditCommand()


def test_split_is_saved_at_once_and_the_queue_follows(dock, detection, iface):
    layer = dock.review.layer
    iface.split_action.triggered.connect(lambda: split_through(layer, 2600000 - 85))
    dock.panel.split.click()
    wait(lambda: len(rows(detection)) == 3 and len(dock.review.queue) == 3)
    assert not layer.isEditable()
    assert sorted(status for _, status, _ in rows(detection)) == ["edited", "edited", "pending"]
    assert len({number for number, *_ in rows(detection)}) == 3
    assert "1 left of 3" in dock.panel.counts.text()


def test_merge_is_saved_at_once_and_the_queue_follows(dock, detection, iface):
    layer = dock.review.layer
    dock.accept()
    dock.accept()
    iface.merge_action.triggered.connect(lambda: merge_selected(layer))
    layer.selectAll()
    dock.panel.merge.click()
    wait(lambda: len(rows(detection)) == 1 and len(dock.review.queue) == 1)
    assert not layer.isEditable()
    assert rows(detection, "status, area_m2") == [("edited", pytest.approx(8900, rel=0.01))]
    # the step before the merge; the one about the landslide that is gone is passed over
    dock.undo()
    assert not dock.review.reviewed.can_undo or len(rows(detection)) == 1
    dock.undo()
    assert any("nothing to undo" in item.text() for item in iface.bar.items())


def test_merge_without_two_selected_says_so(dock, iface):
    called = []
    iface.merge_action.triggered.connect(lambda: called.append(1))
    dock.review.layer.selectByIds([1])
    dock.panel.merge.click()
    assert not called
    assert not dock.review.layer.isEditable()
    assert any("Select two or more" in item.text() for item in iface.bar.items())


def test_merge_that_was_given_up_leaves_no_edit_mode(dock, detection):
    dock.review.layer.selectAll()
    dock.panel.merge.click()  # the action does nothing, as after “Cancel”
    assert not dock.review.layer.isEditable()
    assert len(rows(detection)) == 2


def test_button_shows_the_edit_mode_and_saves(dock, detection):
    layer = dock.review.layer
    before = QgsProject.instance().snappingConfig().enabled()
    dock.panel.edit.click()
    assert layer.isEditable()
    assert QgsProject.instance().snappingConfig().enabled()
    assert dock.panel.edit.text() == "Save edits  (E)"
    layer.changeGeometry(1, layer.getFeature(1).geometry().buffer(20, 2))
    dock.panel.edit.click()
    assert not layer.isEditable()
    assert QgsProject.instance().snappingConfig().enabled() == before
    wait(lambda: rows(detection)[0][1] == "edited")
    layer.startEditing()  # with QGIS's own button
    assert dock.panel.edit.isChecked()
    layer.rollBack()
    assert not dock.panel.edit.isChecked()


def test_snapping_of_the_project_comes_back(dock):
    config = QgsSnappingConfig(QgsProject.instance())
    config.setEnabled(False)
    config.setTolerance(33)
    QgsProject.instance().setSnappingConfig(config)
    dock.panel.edit.click()
    assert QgsProject.instance().snappingConfig().tolerance() == 12
    dock.panel.edit.click()
    assert QgsProject.instance().snappingConfig().tolerance() == 33
    assert not QgsProject.instance().snappingConfig().enabled()


def test_edits_that_cannot_be_saved_stay_open_and_are_told(dock, detection, iface):
    dock.panel.edit.click()
    dock.review.layer.changeGeometry(1, dock.review.layer.getFeature(1).geometry().buffer(20, 2))
    with closing(sqlite3.connect(detection / "inventory.gpkg")) as other:
        other.execute("BEGIN EXCLUSIVE")
        dock.panel.edit.click()
    assert dock.review.layer.isEditable()
    assert dock.panel.edit.isChecked()
    assert any("could not be saved" in item.text() for item in iface.bar.items())
    dock.panel.edit.click()
    assert not dock.review.layer.isEditable()


def test_discarded_edits_are_pending_again(dock, detection):
    dock.review.layer.startEditing()
    dock.accept()
    assert "1 left of 2" in dock.panel.counts.text()
    dock.review.layer.rollBack()
    assert "2 left of 2" in dock.panel.counts.text()
    assert [status for _, status, _ in rows(detection)] == ["pending", "pending"]


def test_added_in_edit_mode_counts_once(dock, detection):
    dock.review.layer.startEditing()
    dock.adding.add_at(QgsPointXY(300150, 2599480))
    assert len(dock.review.queue) == 3
    dock.review.layer.commitChanges()
    wait(lambda: not dock.review.queue.unsaved())
    assert len(dock.review.queue) == len(rows(detection)) == 3
    dock.undo()  # its step belongs to an identifier that is gone
    assert len(rows(detection)) == 3


@pytest.fixture
def picture(dock, make_raster, iface):
    """Another picture of the same place, in the project."""
    layer = QgsRasterLayer(str(make_raster("before.tif", bands=1)), "before", "gdal")
    QgsProject.instance().addMapLayer(layer)
    iface.canvas.setExtent(WHOLE)
    return layer


def test_swipe_shows_the_other_layer_right_of_the_line(dock, picture, iface):
    dock.panel.swipe.setCurrentIndex(dock.panel.swipe.findText("before"))
    curtain = dock.swipe.curtain
    wait(lambda: not curtain.image.isNull())
    QgsApplication.processEvents()
    shown = iface.canvas.grab().toImage()
    middle = shown.height() // 2
    left, right = (
        {shown.pixelColor(x, middle).name() for x in columns}
        for columns in (
            range(5, shown.width() // 2 - 5),
            range(shown.width() // 2 + 5, shown.width() - 5),
        )
    )
    assert len(right) > len(left)  # noise on the right, an empty map on the left
    dock.panel.swipe.setCurrentIndex(0)
    assert dock.swipe.curtain is None
    assert not dock.panel.curtain.isEnabled()


def drag(widget, start, end):
    """Press the left button, move, let go; QTest's own moves do not reach a widget without a
    screen."""
    left, none, keys = (
        Qt.MouseButton.LeftButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    kinds = QEvent.Type
    for kind, place, button, held in (
        (kinds.MouseButtonPress, start, left, left),
        (kinds.MouseMove, end, none, left),
        (kinds.MouseButtonRelease, end, left, none),
    ):
        QApplication.sendEvent(
            widget,
            QMouseEvent(
                kind, QPointF(place), QPointF(widget.mapToGlobal(place)), button, held, keys
            ),
        )


def test_line_of_the_swipe_is_drawn_with_the_mouse(dock, picture, iface):
    dock.panel.swipe.setCurrentIndex(dock.panel.swipe.findText("before"))
    view = iface.canvas.viewport()
    middle = QPoint(view.width() // 2, view.height() // 2)
    target = QPoint(view.width() // 4, view.height() // 2)
    drag(view, middle, target)
    assert dock.panel.curtain.value() == pytest.approx(25, abs=2)
    drag(view, middle, middle + QPoint(40, 0))  # far from the line now
    assert dock.panel.curtain.value() == pytest.approx(25, abs=2)


def test_swipe_ends_with_its_layer_and_outlives_others(dock, picture, make_raster, inventory):
    other = QgsRasterLayer(str(make_raster("other.tif", bands=1)), "other", "gdal")
    QgsProject.instance().addMapLayer(other)
    dock.panel.swipe.setCurrentIndex(dock.panel.swipe.findText("before"))
    QgsProject.instance().removeMapLayer(other.id())
    assert dock.swipe.curtain is not None
    assert dock.panel.swipe.currentText() == "before"
    dock.take(inventory)
    assert dock.swipe.curtain is not None
    QgsProject.instance().removeMapLayer(picture.id())
    assert dock.swipe.curtain is None
    assert dock.panel.swipe.currentIndex() == 0


def test_dock_takes_the_inventory_that_is_active(dock, detection, tmp_path, iface):
    from l4s_qgis.layers import load_inventory

    from conftest import write_inventory

    write_inventory(tmp_path / "second.gpkg", [(1, 1, 5, 5, 0.7)])
    second = load_inventory(tmp_path / "second.gpkg")
    iface.active = second
    dock.choose_layer()
    assert dock.review.layer is second
    assert len(dock.review.queue) == 1


CRASH = """
import os, signal, sys
sys.path[:0] = [{root!r}, {here!r}]
from qgis.core import QgsApplication
app = QgsApplication([], False)
app.initQgis()
from l4s_qgis.layers import load_inventory
from l4s_qgis.review.inventory import ReviewedLayer
layer = load_inventory({path!r})
reviewed = ReviewedLayer(layer, "Ada")
reviewed.decide(1, "accepted")
reviewed.decide(2, "rejected", "river")
reviewed.reshape(1, layer.getFeature(1).geometry().buffer(20, 2))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_decisions_outlive_a_killed_qgis(detection):
    """QGIS is killed right after the decisions, without a moment to write anything more."""
    script = CRASH.format(root=str(ROOT), here=str(HERE), path=str(detection / "inventory.gpkg"))
    environment = {
        name: value for name, value in os.environ.items() if name != "QGIS_CUSTOM_CONFIG_PATH"
    }
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()[-2000:]
    assert rows(detection, "status, reason, reviewer") == [
        ("edited", None, "Ada"),
        ("rejected", "river", "Ada"),
    ]
    assert rows(detection, "area_m2")[0][0] > 4900
