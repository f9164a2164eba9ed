"""What a person does in a real QGIS desktop, run with ``--code``.

Clicks and keys come from xdotool, as from a person.

Reads its orders from the folder in ``L4S_DESKTOP``: scene/, results/; writes shots/, report.json.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sqlite3
import sys
import time
import traceback
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import qgis.utils
from qgis.core import (
    QgsApplication,
    QgsContrastEnhancement,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QPoint, QProcess, QTimer
from qgis.PyQt.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QToolBar,
    QWidget,
)
from qgis.utils import iface

FOLDER = Path(os.environ["L4S_DESKTOP"])
facts: dict[str, object] = {"ok": False}


def x(*words: object) -> None:
    QProcess.execute("xdotool", [str(word) for word in words])


def click(widget: QWidget, place: QPoint | None = None) -> None:
    above = widget.parentWidget()
    while above is not None:  # a person scrolls to it first
        if isinstance(above, QScrollArea):
            above.ensureWidgetVisible(widget)
            QApplication.processEvents()
        above = above.parentWidget()
    point = widget.mapToGlobal(place or widget.rect().center())
    x("mousemove", point.x(), point.y(), "sleep", "0.15", "click", "1")


def shot(name: str) -> None:
    QProcess.execute("import", ["-window", "root", str(FOLDER / "shots" / f"{name}.png")])


def button(action_name: str) -> QWidget:
    bar = iface.mainWindow().findChild(QToolBar, "l4s")
    action = next(action for action in bar.actions() if action.objectName() == action_name)
    return bar.widgetForAction(action)


def top(kind: str) -> QDialog | None:
    return next(
        (w for w in QApplication.topLevelWidgets() if type(w).__name__ == kind and w.isVisible()),
        None,
    )


def statuses() -> list[str]:
    with closing(sqlite3.connect(FOLDER / "results" / "inventory.gpkg")) as connection:
        return [row[0] for row in connection.execute("SELECT status FROM landslides ORDER BY fid")]


def until(condition, seconds: float = 30.0):
    """Wait within a step: yields until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:.0f} s in vain")
        yield 0.1


def open_scene():
    """A project as a mapper has it: image and elevation."""
    window = iface.mainWindow()
    window.showNormal()
    window.setGeometry(0, 0, 1600, 1000)
    image = QgsRasterLayer(str(FOLDER / "scene" / "image.vrt"), "Sentinel-2 after")
    dem = QgsRasterLayer(str(FOLDER / "scene" / "dem.tif"), "DEM")
    for name, band in (("Red", 4), ("Green", 3), ("Blue", 2)):
        getattr(image.renderer(), f"set{name}Band")(band)
    image.setContrastEnhancement(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum,
        QgsRasterMinMaxOrigin.Limits.CumulativeCut,
    )
    QgsProject.instance().addMapLayers([dem])
    QgsProject.instance().addMapLayers([image])
    iface.setActiveLayer(image)
    iface.zoomToActiveLayer()
    yield 2.0


def open_dialog():
    """Click the toolbar's button and answer what has no default."""
    click(button("l4s_detect"))
    yield from until(lambda: top("DetectDialog") is not None)
    dialog = top("DetectDialog")
    dialog.move(480, 120)
    dialog.result.folder.setFilePath(str(FOLDER / "results"))
    yield 1.0
    return dialog


def polygons() -> QgsVectorLayer:
    """Two areas inside the scene, one of them selected; only in memory."""
    image = next(
        layer
        for layer in QgsProject.instance().mapLayers().values()
        if isinstance(layer, QgsRasterLayer) and layer.bandCount() > 3
    )
    areas = QgsVectorLayer(f"MultiPolygon?crs={image.crs().authid()}", "areas", "memory")
    for share in (0.2, 0.35):
        box = image.extent()
        box.scale(1 - share)
        feature = QgsFeature()
        feature.setGeometry(QgsGeometry.fromRect(box))
        areas.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayer(areas)
    areas.selectByIds([next(areas.getFeatures()).id()])
    iface.setActiveLayer(image)
    return areas


def choose(box: QWidget, index: int) -> None:
    """Choose an entry of a list with mouse and keys."""
    click(box)
    x("sleep", "0.3", "key", "Home", *(["Down"] * index), "Return")


def results() -> int:
    """How many detections have been loaded."""
    return len(
        [
            layer
            for layer in QgsProject.instance().mapLayers().values()
            if isinstance(layer, QgsVectorLayer) and layer.providerType() == "ogr"
        ]
    )


def choices():
    """Every kind of area, and a product, chosen and detected with real clicks."""
    yield from open_scene()
    polygons()
    facts["areas"] = []
    for number, (area, selected) in enumerate(
        ((0, False), (1, False), (2, False), (2, True)), start=1
    ):
        dialog = yield from open_dialog()
        dialog.result.folder.setFilePath(str(FOLDER / "results" / str(number)))
        choose(dialog.ground.area, area)
        yield from until(lambda dialog=dialog, area=area: dialog.ground.area.currentIndex() == area)
        yield 0.5
        if selected:
            click(dialog.ground.selected, QPoint(10, dialog.ground.selected.height() // 2))
            yield from until(lambda dialog=dialog: dialog.ground.selected.isChecked())
        yield from until(lambda dialog=dialog: dialog.start.isEnabled())
        if number == 4:
            shot("choices")
        gc.collect()
        click(dialog.start)
        yield from until(lambda number=number: results() == number, 120)
        facts["areas"].append(area)
        yield 1.0
    dialog = yield from open_dialog()
    dialog.result.folder.setFilePath(str(FOLDER / "results" / "product"))
    dialog.image.product.setFilePath(str(FOLDER / "scene" / "sentinel2"))
    choose(dialog.ground.area, 0)
    yield from until(lambda: "bands" in dialog.findings.text(), 60)
    shot("product")
    click(dialog.start)
    yield from until(lambda: results() == 5, 120)
    yield 2.0
    shot("product_result")
    names = [layer.name() for layer in QgsProject.instance().mapLayers().values()]
    facts["natural"] = [name for name in names if name.startswith("Natural colour")]
    yield from until(lambda: QgsApplication.taskManager().countActiveTasks() == 0)
    facts["ok"] = True


def memory_mb() -> float:
    """How much memory QGIS holds."""
    gc.collect()
    text = Path("/proc/self/status").read_text()
    return (
        int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
    )


def soak():
    """Many detections: all choices, stopped, layers removed and projects closed meanwhile."""
    count = int(os.environ.get("L4S_SOAK", "8"))
    plugin = qgis.utils.plugins["l4s_qgis"]
    facts["memory_mb"], facts["outcomes"] = [], []
    for number in range(count):
        if number % 8 == 0:
            QgsProject.instance().clear()
            yield from open_scene()
            polygons()
            facts["memory_mb"].append(round(memory_mb()))
        dialog = plugin.detect()
        yield 0.2
        dialog.result.folder.setFilePath(str(FOLDER / "results" / str(number % 4)))
        dialog.ground.area.setCurrentIndex((0, 1, 2, 2)[number % 4])
        dialog.ground.selected.setChecked(number % 4 == 3)
        dialog.advanced.outline.setCurrentIndex(number % 3)
        dialog.advanced.clouds.setCurrentIndex((0, 1, 0, 3)[number % 4])
        dialog._check()
        if not dialog.start.isEnabled():
            raise AssertionError(dialog.findings.text())
        dialog.start.click()
        run = plugin._runs[-1]
        ended = []
        run.succeeded.connect(lambda _, ended=ended: ended.append("done"))
        run.failed.connect(lambda error, ended=ended: ended.append(error.code))
        yield 0.05 * (number % 10)
        if number % 8 == 3:
            run.cancel()
        elif number % 8 == 5:
            QgsProject.instance().removeAllMapLayers()
        elif number % 8 == 7:
            QgsProject.instance().clear()
        gc.collect()
        yield from until(lambda ended=ended: bool(ended), 120)
        facts["outcomes"].append(ended[0])
        yield 0.1
        if plugin._detect_dialog is not None:
            plugin._detect_dialog.reject()
        for item in list(iface.messageBar().items()):
            iface.messageBar().popWidget(item)
        if number % 8 == 5:
            yield from open_scene()
            polygons()
    QgsProject.instance().clear()
    yield 1.0
    facts["memory_mb"].append(round(memory_mb()))
    facts["ok"] = True


def pages():
    """Demo data, its detection, statistics, print layout and options, as pictures for the guide."""
    window = iface.mainWindow()
    window.showNormal()
    window.setGeometry(0, 0, 1600, 1000)
    plugin = qgis.utils.plugins["l4s_qgis"]
    plugin.demo()
    yield from until(lambda: len(QgsProject.instance().mapLayers()) == 2, 120)
    yield 2.0
    shot("demo")
    next(b for b in window.findChildren(QPushButton) if b.text() == "Detect landslides…").click()
    yield from until(lambda: top("DetectDialog") is not None)
    dialog = top("DetectDialog")
    dialog.result.folder.setFilePath(str(FOLDER / "results"))
    yield from until(lambda: "bands" in dialog.findings.text(), 60)
    click(dialog.start)
    yield from until(lambda: results() == 1, 120)
    panel = plugin.statistics()
    yield 3.0
    facts["statistics"] = panel.text.text()
    shot("statistics")
    panel.hide()
    plugin.layout()
    yield 3.0
    shot("layout")
    designer = next(
        w
        for w in QApplication.topLevelWidgets()
        if w.metaObject().className() == "QgsLayoutDesignerDialog" and w.isVisible()
    )
    designer.close()
    QgsProject.instance().layoutManager().clear()
    yield 1.0

    def look() -> None:
        shown = QApplication.activeModalWidget()
        facts["options"] = [label.text()[:40] for label in shown.findChildren(QLabel)][:3]
        shot("options")
        shown.reject()

    QTimer.singleShot(3000, look)
    plugin.options()
    yield from until(lambda: QgsApplication.taskManager().countActiveTasks() == 0)
    facts["ok"] = True


def children() -> list[int]:
    """Processes that QGIS started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid():
                found.append(int(status.parent.name))
    return found


def closing_while_the_engine_runs():
    """QGIS is closed in the middle of a detection."""
    yield from open_scene()
    dialog = yield from open_dialog()
    views = dialog.advanced.views
    views.setCurrentIndex(views.count() - 1)  # eight views: long enough to be closed in the middle
    before = set(children())
    click(dialog.start)
    yield from until(
        lambda: any(
            bar.maximum() == 100 and bar.value() > 0
            for bar in iface.mainWindow().findChildren(QProgressBar)
        )
    )
    facts["engine"] = sorted(set(children()) - before)
    facts["ok"] = True


def session():
    """The steps; each yield gives control back to QGIS for so many seconds."""
    yield from open_scene()
    window = iface.mainWindow()
    facts["qgis"] = qgis.utils.Qgis.QGIS_VERSION
    facts["plugin_load"] = qgis.utils.plugin_times.get("l4s_qgis")
    facts["algorithms"] = sorted(
        a.id() for a in QgsApplication.processingRegistry().providerById("l4s").algorithms()
    )
    dialog = yield from open_dialog()
    yield from until(lambda: "Looking" not in dialog.findings.text(), 60)
    shot("dialog")
    facts["findings"] = dialog.findings.text()
    facts["load_average"] = os.getloadavg()[0]
    started = time.monotonic()
    click(dialog.start)
    yield from until(lambda: iface.messageBar().currentItem() is not None)
    beats, last, longest = 0, time.monotonic(), 0.0
    shot_taken = False
    while not any(
        isinstance(layer, QgsVectorLayer) for layer in QgsProject.instance().mapLayers().values()
    ):
        if time.monotonic() - started > 240:
            raise TimeoutError(
                f"no result: {iface.messageBar().currentItem().text() if iface.messageBar().currentItem() else ''}"
            )
        running = iface.mainWindow().findChildren(QProgressBar)
        if not shot_taken and any(
            bar.maximum() == 100 and 25 < bar.value() < 100 for bar in running
        ):
            shot("running")
            shot_taken, last = True, time.monotonic()
        yield 0.05
        beats, longest, last = beats + 1, max(longest, time.monotonic() - last), time.monotonic()
    facts["seconds_to_polygons"] = round(time.monotonic() - started, 1)
    # how long QGIS did not answer while the engine worked
    facts["longest_pause_s"] = round(longest, 2)
    yield 3.0
    shot("result")
    layer = next(
        layer
        for layer in QgsProject.instance().mapLayers().values()
        if isinstance(layer, QgsVectorLayer)
    )
    facts["landslides"] = layer.featureCount()

    click(button("l4s_review"))
    yield from until(
        lambda: any(
            type(w).__name__ == "ReviewDock" and w.isVisible() for w in window.findChildren(QWidget)
        )
    )
    dock = next(w for w in window.findChildren(QWidget) if type(w).__name__ == "ReviewDock")
    dock.panel.reviewer.setText("A. Mapper")
    yield 1.5
    canvas = iface.mapCanvas()
    canvas.setFocus()
    iface.actionPan().trigger()
    click(canvas, QPoint(5, 5))
    yield 1.0
    for key in ("a", "a", "2", "u", "2"):
        x("key", key)
        yield 0.7
    yield 1.0
    facts["statuses"] = sorted(set(statuses()))
    facts["counts"] = dock.panel.counts.text()
    shot("review")
    dock.panel.scope.setCurrentIndex(1)
    dock.panel.threshold.setValue(30)
    dock.panel.swipe.setCurrentIndex(dock.panel.swipe.findText("Probability"))
    yield 2.0
    shot("threshold")
    dock.panel.swipe.setCurrentIndex(0)
    dock.panel.scope.setCurrentIndex(0)
    facts["counted"] = len(statuses())
    yield from split_and_merge(dock, layer)

    click(dock.panel.export)
    yield from until(lambda: top("ExportDialog") is not None)
    yield 0.5
    export = top("ExportDialog")
    shot("export")
    out = Path(export.file.filePath())
    x("key", "Return")
    yield from until(out.exists, 60)
    facts["exported"] = len(json.loads(out.read_text())["features"])
    yield 1.0
    # else QGIS asks whether to end them
    yield from until(lambda: QgsApplication.taskManager().countActiveTasks() == 0)
    facts["ok"] = True


def split_and_merge(dock, layer):
    """Split the landslide at hand with QGIS's own tool, then merge it."""
    canvas = iface.mapCanvas()
    before = len(statuses())
    box = canvas.mapSettings().layerToMapCoordinates(layer, dock.review.geometry.boundingBox())
    place = canvas.getCoordinateTransform().transform
    left = place(box.xMinimum() - box.width() / 4, box.center().y()).toQPointF().toPoint()
    right = place(box.xMaximum() + box.width() / 4, box.center().y()).toQPointF().toPoint()
    click(dock.panel.split)
    yield 0.7
    click(canvas, left)
    yield 0.5
    click(canvas, right)
    yield 0.5
    x("click", "3")
    yield from until(lambda: len(statuses()) > before)
    yield 0.7
    shot("split")
    facts["split_left_edit_mode"] = layer.isEditable()
    edited = [feature.id() for feature in layer.getFeatures() if feature["status"] == "edited"]
    facts["pieces"] = len(edited)
    layer.selectByIds(edited)
    yield 0.5
    click(dock.panel.merge)
    yield from until(lambda: merge_dialog() is not None)
    yield 0.5
    shot("merge")
    click(merge_dialog().findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok))
    yield from until(lambda: len(statuses()) == before)
    yield 0.7
    facts["merge_left_edit_mode"] = layer.isEditable()


def merge_dialog() -> QDialog | None:
    widgets = (w for w in QApplication.topLevelWidgets() if w.isVisible())
    return next(
        (w for w in widgets if w.metaObject().className() == "QgsMergeAttributesDialog"), None
    )


def insist_on_the_end() -> None:
    """Answer QGIS's question about its tasks, then close it once more."""
    for box in QApplication.topLevelWidgets():
        if isinstance(box, QMessageBox) and box.isVisible():
            shot("question")
            (box.button(QMessageBox.StandardButton.Yes) or box.buttons()[0]).click()
            return
    if QgsApplication.taskManager().countActiveTasks() == 0:
        iface.actionExit().trigger()


def run(steps) -> None:
    try:
        wait = next(steps)
    except StopIteration:
        finish()
        return
    except Exception:
        facts["error"] = traceback.format_exc()
        shot("error")
        finish()
        return
    QTimer.singleShot(int(1000 * wait), lambda: run(steps))


def plugin_errors() -> list[str]:
    """Where the plugin met an error that nobody caught."""
    return sorted(qgis.utils.plugins["l4s_qgis"]._hook.places)


def finish() -> None:
    try:
        facts["plugin_errors"] = plugin_errors()
        (FOLDER / "report.json").write_text(json.dumps(facts, indent=2, default=str))
    finally:  # whatever happened, QGIS does not stay open
        insisting = QTimer(iface.mainWindow(), interval=400)
        insisting.timeout.connect(insist_on_the_end)
        insisting.start()
        QgsProject.instance().clear()
        QgsProject.instance().setDirty(False)
        iface.actionExit().trigger()


def review():
    """A review with keys, lists, brush and dialogs; in a file of its own."""
    sys.path.insert(0, os.environ["L4S_DESKTOP_TESTS"])
    import review_session

    tools = {"x": x, "click": click, "shot": shot, "until": until, "button": button}
    yield from review_session.steps(SimpleNamespace(facts=facts, folder=FOLDER, **tools))


STORIES = {
    "session": session,
    "choices": choices,
    "soak": soak,
    "review": review,
    "pages": pages,
    "closing": closing_while_the_engine_runs,
}
QTimer.singleShot(1500, lambda: run(STORIES[os.environ["L4S_DESKTOP_STORY"]]()))
