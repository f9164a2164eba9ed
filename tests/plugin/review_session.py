"""A review in a real QGIS desktop; ``desktop_session.py`` runs it. Clicks and keys are xdotool's."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from qgis.core import (
    QgsApplication,
    QgsContrastEnhancement,
    QgsProject,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
)
from qgis.PyQt.QtCore import QPoint, QProcess
from qgis.PyQt.QtWidgets import QApplication, QWidget
from qgis.utils import iface


def steps(tools):
    """The steps; each yield gives control back to QGIS for so many seconds."""
    facts, x = tools.facts, tools.x
    results = tools.folder / "results"
    yield from _open(tools, results)
    dock = next(
        w for w in iface.mainWindow().findChildren(QWidget) if type(w).__name__ == "ReviewDock"
    )
    canvas = iface.mapCanvas()
    facts["first_in_view"] = canvas.extent().intersects(dock.view._box)
    facts["count"] = len(dock.review.queue)

    # an open list keeps its letters
    tools.click(dock.panel.reason)
    yield from tools.until(lambda: QApplication.activePopupWidget() is not None)
    tools.shot("review-list")
    for key in ("r", "a", "2"):
        x("key", key)
        yield 0.2
    facts["decided_by_list"] = _decided(results)
    x("key", "Escape")
    yield 0.5

    # keys on the map
    tools.click(canvas, QPoint(8, 8))
    yield 0.5
    for key in ("a", "2", "q"):
        x("key", key)
        yield 0.9
    facts["statuses"] = sorted(set(_statuses(results)))
    tools.shot("review-keys")

    yield from _paint(tools, dock, canvas, results)
    yield from _draw(tools, dock, canvas, results)

    dock.panel.second.setCurrentIndex(dock.panel.second.findText("Hillshade of the elevation"))
    yield 2.0
    tools.shot("review-second-map")
    facts["second_map"] = dock.second.canvas is not None
    dock.panel.second.setCurrentIndex(0)
    yield 0.7

    yield from _bulk(tools, dock, canvas, results)
    yield from tools.until(lambda: QgsApplication.taskManager().countActiveTasks() == 0, 60)
    facts["ok"] = True


def _open(tools, results):
    """Detect with the engine, load the result, open the dock with its button."""
    window = iface.mainWindow()
    window.showNormal()
    window.setGeometry(0, 0, 1600, 1000)
    yield 1.0
    scene = tools.folder / "scene"
    words = ["-m", "engine", "detect", "--sentinel2", str(scene / "sentinel2")]
    words += ["--dem", str(scene / "dem.tif"), "--out", str(results)]
    code = QProcess.execute(os.environ["L4S_ENGINE_PYTHON"], words)
    tools.facts["detected"] = code
    image = QgsRasterLayer(str(scene / "image.vrt"), "Sentinel-2")
    for name, band in (("Red", 4), ("Green", 3), ("Blue", 2)):
        getattr(image.renderer(), f"set{name}Band")(band)
    image.setContrastEnhancement(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum,
        QgsRasterMinMaxOrigin.Limits.CumulativeCut,
    )
    QgsProject.instance().addMapLayers([image])
    from l4s_qgis.layers import load_inventory

    layer = load_inventory(results / "inventory.gpkg")
    root = QgsProject.instance().layerTreeRoot()
    node = root.findLayer(layer.id())
    root.insertChildNode(0, node.clone())
    root.removeChildNode(node)
    iface.setActiveLayer(layer)
    iface.zoomToActiveLayer()
    yield 1.5
    tools.click(tools.button("l4s_review"))
    yield from tools.until(
        lambda: any(
            type(w).__name__ == "ReviewDock" and w.isVisible() for w in window.findChildren(QWidget)
        )
    )
    yield 2.0
    tools.shot("review-opened")


def _paint(tools, dock, canvas, results):
    """Paint ground to the current landslide with the button held down."""
    tools.click(dock.panel.brush)
    yield 0.5
    fid = dock.review.queue.current
    before = dock.review.geometry.area()
    box = dock.view._box
    start = _screen(canvas, box.center().x(), box.center().y())
    end = _screen(canvas, box.xMaximum() + box.width() / 3, box.center().y())
    tools.x("mousemove", start.x(), start.y(), "mousedown", "1")
    for step in range(1, 9):
        tools.x(
            "mousemove",
            start.x() + (end.x() - start.x()) * step // 8,
            start.y() + (end.y() - start.y()) * step // 8,
        )
        yield 0.1
    tools.shot("review-brush")
    tools.x("mouseup", "1")
    yield 0.7
    tools.facts["painted"] = dock.review.geometry.area() / before
    yield from tools.until(lambda: not dock.measuring.is_busy, 60)
    feature = dock.review.reviewed.feature(fid)
    tools.facts["measured"] = {
        name: feature[name] for name in ("area_m2", "pixels", "volume_m3", "length_m", "slope_deg")
    }
    tools.click(dock.panel.brush)
    yield 0.5


def _draw(tools, dock, canvas, results):
    """Draw a polygon: corners by clicks, the right button ends."""
    count = len(_statuses(results))
    tools.click(dock.panel.polygon)
    yield 0.5
    width, height = canvas.width(), canvas.height()
    for share_x, share_y in ((0.15, 0.15), (0.3, 0.15), (0.25, 0.35)):
        tools.click(canvas, QPoint(int(share_x * width), int(share_y * height)))
        yield 0.3
    tools.shot("review-polygon")
    tools.x("click", "3")
    yield from tools.until(lambda: len(_statuses(results)) == count + 1)
    tools.facts["drawn"] = len(_statuses(results)) - count
    tools.click(dock.panel.polygon)
    yield 0.5


def _bulk(tools, dock, canvas, results):
    """Reject all that are below a probability, with the key of the dialog; then undo."""
    tools.click(canvas, QPoint(8, 8))
    yield 0.4
    tools.x("key", "g")
    yield from tools.until(lambda: dock.dialogs.current is not None)
    dialog = dock.dialogs.current
    side = dialog.limits["probability"].side
    side.setCurrentIndex(side.findData("below"))
    dialog.limits["probability"].value.setValue(0.99)
    yield 0.8
    tools.shot("review-bulk")
    tools.facts["bulk_preview"] = len(dialog.chosen())
    before = _statuses(results).count("rejected")
    tools.click(dialog.apply)
    yield from tools.until(lambda: dock.dialogs.current is None)
    yield 0.7
    tools.facts["bulk_decided"] = _statuses(results).count("rejected") - before
    tools.x("key", "u")
    yield 1.0
    tools.facts["bulk_left_after_undo"] = _statuses(results).count("rejected") - before


def _screen(canvas, x, y):
    place = canvas.getCoordinateTransform().transform(x, y).toQPointF().toPoint()
    return canvas.mapToGlobal(place)


def _statuses(results):
    with closing(sqlite3.connect(results / "inventory.gpkg")) as connection:
        return [row[0] for row in connection.execute("SELECT status FROM landslides ORDER BY fid")]


def _decided(results):
    return sum(status != "pending" for status in _statuses(results))
