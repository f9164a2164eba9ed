"""Keys of the review act only where they cannot be meant otherwise, and on what was seen."""

from __future__ import annotations

import pytest
from l4s_qgis.review import keys, options
from l4s_qgis.review.dock import ReviewDock
from qgis.core import QgsApplication, QgsProject, QgsRectangle, QgsVectorLayer
from qgis.PyQt.QtCore import QEvent, QPoint, Qt
from qgis.PyQt.QtGui import QKeyEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication

from conftest import wait


def statuses(dock):
    return [feature["status"] for feature in dock.review.layer.getFeatures()]


def focus(dock, widget):
    widget.window().activateWindow()
    widget.setFocus()
    wait(lambda: widget.hasFocus() and dock.view.is_painted)


def test_letters_in_an_open_list_decide_nothing(dock):
    focus(dock, dock.panel.reason)
    dock.panel.reason.showPopup()
    wait(lambda: QApplication.activePopupWidget() is not None)
    popup = QApplication.activePopupWidget()
    for key in (Qt.Key.Key_R, Qt.Key.Key_A, Qt.Key.Key_2):
        QTest.keyClick(popup.focusWidget() or popup, key)
    assert statuses(dock) == ["pending", "pending"]
    dock.panel.reason.hidePopup()


@pytest.mark.parametrize("name", ["reason", "order", "reviewer", "notes"])
def test_letters_in_fields_decide_nothing(dock, name):
    dock.panel.details_box.setCollapsed(False)
    widget = getattr(dock.panel, name)
    focus(dock, widget)
    for key in (Qt.Key.Key_R, Qt.Key.Key_A, Qt.Key.Key_2):
        QTest.keyClick(widget, key)
    assert statuses(dock) == ["pending", "pending"]


@pytest.mark.parametrize("name", ["zoom", "threshold", "accept"])
def test_letters_act_where_the_widget_has_no_use_for_them(dock, name):
    focus(dock, getattr(dock.panel, name))
    QTest.keyClick(getattr(dock.panel, name), Qt.Key.Key_A)
    assert sorted(statuses(dock)) == ["accepted", "pending"]


def test_keys_of_qgis_itself_go_before(dock, iface):
    focus(dock, iface.canvas)
    QTest.keyClick(iface.canvas, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(iface.canvas, Qt.Key.Key_A, Qt.KeyboardModifier.AltModifier)
    assert statuses(dock) == ["pending", "pending"]


def test_qgis_shortcuts_of_the_same_letter_give_way_on_the_map(dock, iface):
    override = QKeyEvent(
        QEvent.Type.ShortcutOverride, Qt.Key.Key_A, Qt.KeyboardModifier.NoModifier, "a"
    )
    override.ignore()
    QApplication.sendEvent(iface.canvas, override)
    assert override.isAccepted()
    other = QKeyEvent(
        QEvent.Type.ShortcutOverride, Qt.Key.Key_J, Qt.KeyboardModifier.NoModifier, "j"
    )
    other.ignore()
    QApplication.sendEvent(iface.canvas, other)
    assert not other.isAccepted()


def test_a_key_that_is_held_decides_once(dock, iface):
    focus(dock, iface.canvas)
    QTest.keyClick(iface.canvas, Qt.Key.Key_A)
    wait(lambda: dock.view.is_painted)
    for _ in range(3):
        again = QKeyEvent(
            QEvent.Type.KeyPress, Qt.Key.Key_A, Qt.KeyboardModifier.NoModifier, "a", True
        )
        QApplication.sendEvent(iface.canvas, again)
    assert sorted(statuses(dock)) == ["accepted", "pending"]


def test_first_landslide_is_in_view_when_the_dock_opens(iface, inventory):
    iface.canvas.setExtent(QgsRectangle(0, 0, 10, 10))
    iface.window.show()
    dock = ReviewDock(iface)
    iface.window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    box = dock.review.geometry.boundingBox()
    wait(lambda: iface.canvas.extent().contains(box))
    dock.close_down()


def test_what_was_not_in_view_is_shown_and_not_decided(dock, iface):
    dock.next()
    iface.canvas.setExtent(QgsRectangle(0, 0, 10, 10))
    wait(lambda: not iface.canvas.isDrawing())
    dock.view._seen = False  # the person moved the map before it was painted
    dock.accept()
    assert statuses(dock) == ["pending", "pending"]
    assert dock.view.is_seen
    assert any("not in view" in item.text() for item in iface.bar.items())
    dock.accept()
    assert sorted(statuses(dock)) == ["accepted", "pending"]


def test_a_speck_on_a_small_scale_was_not_seen(dock, iface):
    iface.canvas.zoomScale(50_000_000)
    dock.view._seen = False
    assert not dock.view.is_seen


def test_zoom_of_the_person_stays(dock, iface):
    scale = iface.canvas.scale()
    iface.canvas.zoomScale(scale / 2)
    dock.next()
    assert iface.canvas.scale() == pytest.approx(scale / 2, rel=0.01)
    assert iface.canvas.extent().contains(dock.review.geometry.boundingBox())
    extent = QgsRectangle(iface.canvas.extent())
    dock.review.queue.go(dock.review.queue.current)
    dock.decisions.arrive()
    assert iface.canvas.extent() == extent  # it is in view: nothing moves
    dock.view.zoom()
    dock.next()
    assert iface.canvas.scale() == pytest.approx(scale, rel=0.5)


def test_zoom_that_hides_landslides_is_given_up(dock, iface):
    iface.canvas.zoomScale(10_000_000)
    dock.next()
    assert iface.canvas.scale() < 100_000


def test_surroundings_follow_the_settings(dock, iface):
    dock.view.zoom()
    narrow = iface.canvas.extent().width()
    options.put("smallest_view_m", 3000.0)
    dock.view.zoom()
    assert iface.canvas.extent().width() >= 3000 > narrow
    options.put("smallest_view_m", 1.0)
    options.put("context", 20.0)
    dock.view.zoom()
    assert iface.canvas.extent().width() >= 20 * dock.review.geometry.boundingBox().width()


def test_chosen_keys_act_and_are_shown(iface, inventory):
    options.put_key("accept", "j")
    from conftest import review_dock

    with review_dock(iface) as dock:
        assert dock.panel.accept.text().endswith("(J)")
        focus(dock, iface.canvas)
        QTest.keyClick(iface.canvas, Qt.Key.Key_A)
        assert statuses(dock) == ["pending", "pending"]
        QTest.keyClick(iface.canvas, Qt.Key.Key_J)
        assert sorted(statuses(dock)) == ["accepted", "pending"]
        options.put_key("undo", "y")  # chosen while the dock is open
        options.put_key("notes", "w")
        dock.next()
        assert dock.panel.undo.text().endswith("(Y)")
        assert dock.panel.notes_label.text() == "Notes (W)"
    assert keys.doubled() == []
    options.put_key("reject", "j")
    assert keys.doubled() == ["J"]
    options.put_key("reject", "")
    options.put_key("accept", "")
    assert keys.key_of("accept") == "A"


def test_only_inventories_are_offered(dock, iface):
    other = QgsVectorLayer("Polygon?crs=EPSG:32651&field=a:int", "fields", "memory")
    QgsProject.instance().addMapLayer(other)
    box = dock.panel.layer
    names = [box.layer(i).name() for i in range(box.count()) if box.layer(i) is not None]
    assert names == ["Landslides"]


def test_default_keys_are_all_different(own_home):
    defaults = [action.default for action in keys.ACTIONS.values()]
    assert len(set(defaults)) == len(defaults)


def test_order_reason_and_open_only_are_remembered(iface, inventory):
    from conftest import review_dock

    with review_dock(iface) as dock:
        dock.panel.order.setCurrentIndex(dock.panel.order.findData("smallest"))
        dock.panel.specks.setCurrentIndex(dock.panel.specks.findData("last"))
        dock.panel.pending.setChecked(False)
        dock.reject("river")
    with review_dock(iface) as dock:
        assert dock.panel.order.currentData() == "smallest"
        assert dock.panel.specks.currentData() == "last"
        assert not dock.panel.pending.isChecked()
        assert dock.panel.reason.currentData() == "river"


def test_type_and_confidence_and_notes_by_keys(dock, iface):
    layer = dock.review.layer
    fid = dock.review.queue.current
    focus(dock, iface.canvas)
    QTest.keyClick(iface.canvas, Qt.Key.Key_M)
    wait(lambda: dock.panel.notes.hasFocus())
    QTest.keyClicks(dock.panel.notes, "ara")
    QTest.keyClick(dock.panel.notes, Qt.Key.Key_Return)
    assert layer.getFeature(fid)["notes"] == "ara"
    assert layer.getFeature(fid)["status"] == "pending"
    wait(lambda: iface.canvas.hasFocus())
    QTest.keyClick(iface.canvas, Qt.Key.Key_T)
    wait(lambda: QApplication.activePopupWidget() is not None)
    popup = QApplication.activePopupWidget()
    for key in (Qt.Key.Key_D, Qt.Key.Key_E):
        QTest.keyClick(popup.focusWidget() or popup, key)
    QTest.keyClick(popup.focusWidget() or popup, Qt.Key.Key_Return)
    wait(lambda: layer.getFeature(fid)["ls_type"] == "debris-flow")
    wait(lambda: iface.canvas.hasFocus())
    QTest.keyClick(iface.canvas, Qt.Key.Key_K)
    wait(lambda: QApplication.activePopupWidget() is not None)
    popup = QApplication.activePopupWidget()
    QTest.keyClick(popup.focusWidget() or popup, Qt.Key.Key_5)
    QTest.keyClick(popup.focusWidget() or popup, Qt.Key.Key_Return)
    wait(lambda: layer.getFeature(fid)["confidence"] == 5)
    assert statuses(dock) == ["pending", "pending"]
    dock.undo()
    assert layer.getFeature(fid)["confidence"] != 5


def test_second_look_stays_open(dock, iface):
    focus(dock, iface.canvas)
    first = dock.review.queue.current
    QTest.keyClick(iface.canvas, Qt.Key.Key_Q)
    assert dock.review.layer.getFeature(first)["status"] == "needs-review"
    assert "2 left of 2" in dock.panel.counts.text()
    assert "1 to look at again" in dock.panel.counts.text()


def test_flags_from_a_file_are_shown_as_text(dock):
    layer = dock.review.layer
    fid = dock.review.queue.current
    index = layer.fields().indexOf("flags")
    layer.dataProvider().changeAttributeValues({fid: {index: "<img src=file://host/x>"}})
    dock._show()
    assert "<img" not in dock.panel.facts.text()
    assert "&lt;img" in dock.panel.facts.text()


def test_wheel_of_the_brush(dock):
    before = options.get("brush_m")
    dock.drawing.brush.enlarge(2.0)
    assert options.get("brush_m") == 2 * before
    dock.drawing.brush.enlarge(1e9)
    assert options.get("brush_m") == 2000.0


def test_place_of_the_mouse_shows_the_brush(dock, iface):
    dock.panel.brush.setChecked(True)
    QTest.mouseMove(iface.canvas.viewport(), QPoint(40, 40))
    QgsApplication.processEvents()
    assert iface.canvas.mapTool() is dock.drawing.brush
    dock.panel.brush.setChecked(False)
    assert iface.canvas.mapTool() is not dock.drawing.brush
