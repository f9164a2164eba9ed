"""Drawing: polygon, freehand outline, brush; outlines that are seen on any ground."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing

import pytest
from l4s_qgis.review import options
from l4s_qgis.review.outlines.canvas import CASING
from l4s_qgis.review.outlines.drawing_tools import smoothed, valid
from qgis.core import QgsGeometry, QgsPointXY, QgsRectangle
from qgis.PyQt.QtCore import QEvent, QPointF, Qt
from qgis.PyQt.QtGui import QColor, QKeyEvent, QMouseEvent
from qgis.PyQt.QtWidgets import QApplication

from conftest import wait

WHOLE = QgsRectangle(300000, 2599360, 300640, 2600000)


def rows(folder, columns="id, status, reviewer"):
    with closing(sqlite3.connect(folder / "inventory.gpkg")) as connection:
        return connection.execute(f"SELECT {columns} FROM landslides ORDER BY fid").fetchall()


def mouse(canvas, kind, place, button=Qt.MouseButton.LeftButton, held=Qt.MouseButton.NoButton):
    view = canvas.viewport()
    event = QMouseEvent(
        kind,
        QPointF(place),
        QPointF(view.mapToGlobal(place)),
        button,
        held,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(view, event)


def click(canvas, place, button=Qt.MouseButton.LeftButton):
    mouse(canvas, QEvent.Type.MouseButtonPress, place, button, button)
    mouse(canvas, QEvent.Type.MouseButtonRelease, place, button)


def drag(canvas, places):
    left = Qt.MouseButton.LeftButton
    mouse(canvas, QEvent.Type.MouseButtonPress, places[0], left, left)
    for place in places[1:]:
        mouse(canvas, QEvent.Type.MouseMove, place, Qt.MouseButton.NoButton, left)
    mouse(canvas, QEvent.Type.MouseButtonRelease, places[-1], left)


def at(canvas, x, y):
    return canvas.getCoordinateTransform().transform(QgsPointXY(x, y)).toQPointF().toPoint()


@pytest.fixture
def canvas(dock, iface):
    iface.canvas.setExtent(WHOLE)
    wait(lambda: not iface.canvas.isDrawing())
    return iface.canvas


def test_polygon_by_clicks(dock, canvas, detection):
    dock.panel.polygon.setChecked(True)
    for x, y in ((300400, 2599900), (300500, 2599900), (300500, 2599800)):
        click(canvas, at(canvas, x, y))
    assert len(rows(detection)) == 2
    mouse(canvas, QEvent.Type.MouseMove, at(canvas, 300450, 2599700), Qt.MouseButton.NoButton)
    assert not dock.drawing.polygon.preview.is_empty
    click(canvas, at(canvas, 300400, 2599800))
    click(canvas, at(canvas, 300400, 2599800), Qt.MouseButton.RightButton)
    number, status, reviewer = rows(detection)[2]
    assert (number, status, reviewer) == (3, "accepted", "Ada")
    area, mean, length = rows(detection, "area_m2, prob_mean, length_m")[2]
    assert area == pytest.approx(10_000, rel=0.1)
    assert mean == pytest.approx(0.04, abs=0.01)  # measured at once
    assert length is None  # unknown until the engine has measured it, never that of another
    assert dock.drawing.polygon.preview.is_empty
    dock.undo()
    assert len(rows(detection)) == 2


def test_backspace_and_escape(dock, canvas, detection):
    dock.panel.polygon.setChecked(True)
    tool = dock.drawing.polygon
    for x, y in ((300400, 2599900), (300500, 2599900), (300500, 2599800)):
        click(canvas, at(canvas, x, y))

    def press(key):
        QApplication.sendEvent(
            canvas, QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier)
        )

    press(Qt.Key.Key_Backspace)
    assert len(tool._points) == 2
    click(canvas, at(canvas, 300400, 2599800), Qt.MouseButton.RightButton)
    assert len(rows(detection)) == 2  # two corners are no polygon
    click(canvas, at(canvas, 300400, 2599900))
    press(Qt.Key.Key_Escape)
    assert tool._points == []
    assert tool.preview.is_empty


def test_freehand_outline_is_smooth_and_valid(dock, canvas, detection):
    dock.panel.freehand.setChecked(True)
    corners = ((300400, 2599900), (300503, 2599897), (300500, 2599800), (300398, 2599803))
    drag(canvas, [at(canvas, x, y) for x, y in corners])
    assert len(rows(detection)) == 3
    shape = next(f for f in dock.review.layer.getFeatures() if f["id"] == 3).geometry()
    assert shape.isGeosValid()
    assert 7_000 < shape.area() < 10_500
    assert shape.constGet().nCoordinates() > 8


def test_brush_adds_to_the_landslide_at_hand_and_cuts_from_it(dock, canvas, detection):
    options.put("brush_m", 20.0)
    dock.review.queue.go(1)
    dock._show()
    dock.panel.brush.setChecked(True)
    drag(canvas, [at(canvas, 300110, 2599910), at(canvas, 300180, 2599910)])
    grown, status = rows(detection, "area_m2, status")[0]
    assert status == "edited"
    assert 4900 + 70 * 40 * 0.7 < grown < 4900 + 80 * 40 * 1.3
    dock.panel.cut.setChecked(True)
    assert not dock.panel.brush.isChecked()
    drag(canvas, [at(canvas, 300085, 2599970), at(canvas, 300085, 2599860)])
    cut = rows(detection, "area_m2")[0][0]
    assert cut < grown - 1500
    assert dock.review.geometry.isGeosValid()
    dock.undo()
    dock.undo()
    assert rows(detection, "area_m2, status")[0] == (4900, "pending")


def test_brush_elsewhere_changes_nothing(dock, canvas, detection, iface):
    dock.panel.brush.setChecked(True)
    drag(canvas, [at(canvas, 300600, 2599400), at(canvas, 300610, 2599400)])
    assert {row[1] for row in rows(detection)} == {"pending"}
    assert any("does not touch" in item.text() for item in iface.bar.items())


def test_cutting_all_away_is_refused(dock, canvas, detection, iface):
    options.put("brush_m", 500.0)
    dock.panel.cut.setChecked(True)
    centre = dock.review.geometry.boundingBox().center()
    drag(canvas, [at(canvas, centre.x(), centre.y())] * 2)
    assert {row[1] for row in rows(detection)} == {"pending"}
    assert any("reject it instead" in item.text() for item in iface.bar.items())


def test_reshaped_landslide_keeps_no_stale_fact(dock, canvas, detection):
    layer = dock.review.layer
    fid = dock.review.queue.current
    stale = {layer.fields().indexOf(name): 9.0 for name in ("volume_m3", "length_m", "slope_deg")}
    layer.dataProvider().changeAttributeValues({fid: stale})
    before = rows(detection, "volume_m3, length_m, slope_deg, prob_mean")
    grown = dock.review.geometry.buffer(20, 4)
    dock.review.reviewed.reshape(fid, grown)
    assert rows(detection, "volume_m3, length_m, slope_deg, prob_mean")[fid - 1] == (None,) * 4
    dock.undo()
    assert rows(detection, "volume_m3, length_m, slope_deg, prob_mean") == before


def test_shapes_that_cross_themselves_become_valid():
    bow = QgsGeometry.fromWkt("POLYGON((0 0, 10 10, 10 0, 0 10, 0 0))")
    assert valid(bow).isGeosValid()
    assert valid(bow).area() == pytest.approx(50)
    jagged = QgsGeometry.fromWkt("POLYGON((0 0, 50 1, 100 0, 100 100, 50 99, 0 100, 0 0))")
    assert smoothed(jagged, 3.0).area() == pytest.approx(jagged.area(), rel=0.15)
    assert valid(QgsGeometry.fromWkt("POLYGON((0 0, 1 0, 0 0))")).isEmpty()


def luminance(colour):
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


GROUND = {
    "forest": "#1f3d1c",
    "meadow": "#6f8f4a",
    "soil": "#8a6a45",
    "rock": "#9a9a96",
    "sand": "#d8cba8",
    "snow": "#f4f6f8",
    "shadow": "#0c0f12",
}


@pytest.mark.parametrize("ground", GROUND)
@pytest.mark.parametrize("name", ["colour_current", "colour_preview"])
def test_outline_is_seen_on_any_ground(ground, name):
    """Line or edge stands out by 3 : 1, as the accessibility guidelines ask of graphics."""
    line = QColor(options.DEFAULTS[name])
    under = QColor(GROUND[ground])
    assert max(contrast(line, under), contrast(CASING, under)) >= 3
    assert contrast(line, CASING) >= 7


PROTANOPIA = ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052))
DEUTERANOPIA = ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969))
TRITANOPIA = ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304))


@pytest.mark.parametrize("matrix", [PROTANOPIA, DEUTERANOPIA, TRITANOPIA])
def test_outlines_are_told_apart_by_the_colour_blind(matrix):
    """Machado et al. (2009), severity 1, on linear light; distances in sRGB of 0 to 255."""

    def seen(name):
        colour = QColor(name)
        linear = [
            p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4
            for p in (colour.redF(), colour.greenF(), colour.blueF())
        ]
        mixed = [min(1, max(0, sum(a * b for a, b in zip(row, linear)))) for row in matrix]
        return [
            255 * (12.92 * p if p <= 0.0031308 else 1.055 * p ** (1 / 2.4) - 0.055) for p in mixed
        ]

    names = (options.DEFAULTS["colour_current"], options.DEFAULTS["colour_preview"], "#e69f00")
    for one, other in itertools.combinations(names, 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen(one), seen(other))) ** 0.5
        assert distance > 40, (one, other)
