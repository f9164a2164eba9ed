"""Time a review of landslides at a person's pace; prints a Markdown table.

    QT_QPA_PLATFORM=offscreen /usr/bin/python3 scripts/bench_review.py
        [--inventory FOLDER/inventory.gpkg] [--sizes 1000 10000 50000] [--keys 300]

Runs the review dock of the plugin in QGIS's own Python, with a map, keys and decisions that go to
the GeoPackage. Measured is the time from a key to the moment when the decision is in the file, the
next landslide is marked, its facts are shown and the map is painted, so that the next key can come;
the map's layers go on being drawn beside. On a loaded machine most of it is waiting: what the main
thread computes is told apart. A person is added by the pace below: nobody waits while
the script runs. With ``--inventory`` a result of ``l4s detect`` is reviewed (a copy of it, whole);
the larger inventories are made.
"""

# ruff: noqa: D102, N802 - the names are those of QGIS's interface
from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from osgeo import gdal, ogr, osr

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from qgis.core import QgsApplication, QgsCoordinateReferenceSystem, QgsProject  # noqa: E402
from qgis.gui import QgsMapCanvas, QgsMessageBar  # noqa: E402
from qgis.PyQt.QtCore import Qt  # noqa: E402
from qgis.PyQt.QtTest import QTest  # noqa: E402
from qgis.PyQt.QtWidgets import QAction, QMainWindow  # noqa: E402

SEE_S = 0.7
"""A person looks at a landslide so long before deciding."""
KEY_S = 0.15
"""A key that the finger lies on."""
CONTROL_S = 1.5
"""A control of a dialog: found, pointed at, set."""
CHECK_S = 10.0
"""The preview of a bulk decision is read and looked at on the map."""
RULES = (
    # what is set in the dialog: a column, a side, a value; then the decision
    ("at least 0.8 probable, without a flag: accept", [("probability", "above", 0.8)], "none", "A"),
    (
        "less than 600 m² and 0.55: reject",
        [("area", "below", 600), ("probability", "below", 0.55)],
        "",
        "R",
    ),
)


class Desk:
    """What the dock uses of QGIS's interface."""

    def __init__(self) -> None:
        self.window = QMainWindow()
        self.canvas = QgsMapCanvas(self.window)
        self.window.setCentralWidget(self.canvas)
        self.bar = QgsMessageBar(self.window)
        self._pan = QAction(self.window)
        self.layer: Any = None

    def mapCanvas(self) -> Any:
        return self.canvas

    def mainWindow(self) -> Any:
        return self.window

    def messageBar(self) -> Any:
        return self.bar

    def activeLayer(self) -> Any:
        return self.layer

    def setActiveLayer(self, layer: Any) -> None:
        self.layer = layer

    def cadDockWidget(self) -> Any:
        return None

    def addDockWidget(self, area: Any, dock: Any) -> None:
        self.window.addDockWidget(area, dock)

    def removeDockWidget(self, dock: Any) -> None:
        self.window.removeDockWidget(dock)

    def actionPan(self) -> Any:
        return self._pan


def make_inventory(path: Path, count: int) -> None:
    """Write an inventory of squares on a grid, with the columns that the review reads."""
    reals = ("area_m2", "perimeter_m", "prob_mean", "prob_max", "threshold", "slope_deg")
    texts = ("status", "reason", "reviewer", "reviewed", "notes", "flags", "ls_type", "kept_from")
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32651)
    source = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    layer = source.CreateLayer("landslides", reference, ogr.wkbMultiPolygon)
    layer.CreateField(ogr.FieldDefn("id", ogr.OFTInteger64))
    layer.CreateField(ogr.FieldDefn("confidence", ogr.OFTInteger))
    for names, kind in ((reals, ogr.OFTReal), (texts, ogr.OFTString)):
        for name in names:
            layer.CreateField(ogr.FieldDefn(name, kind))
    layer.StartTransaction()
    columns = max(1, round(count**0.5))
    for number in range(count):
        size = 20 + 10 * (number % 9)
        left, top = 300000 + 200 * (number % columns), 2600000 - 200 * (number // columns)
        ring = f"{left} {top},{left + size} {top},{left + size} {top - size},{left} {top - size}"
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"MULTIPOLYGON((({ring},{left} {top})))"))
        values = {"id": number + 1, "status": "pending", "area_m2": float(size**2)}
        values |= {"prob_mean": 0.4 + 0.006 * (number % 100), "threshold": 0.4, "slope_deg": 25.0}
        for name, value in values.items():
            feature.SetField(name, value)
        layer.CreateFeature(feature)
    layer.CommitTransaction()
    layer = source = None


class Timed:
    """The dock over one inventory, and how long it takes to react."""

    def __init__(self, inventory: Path) -> None:
        from l4s_qgis.layers import load_inventory
        from l4s_qgis.review.dock import ReviewDock

        self.desk = Desk()
        layer: Any = load_inventory(inventory)
        self.desk.layer = layer
        self.desk.canvas.setDestinationCrs(layer.crs())
        self.desk.canvas.setLayers([layer])
        started = time.perf_counter()
        self.dock = ReviewDock(self.desk)
        self.opening_s = time.perf_counter() - started
        self.desk.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.desk.window.resize(1400, 900)
        self.desk.window.show()
        self.desk.window.activateWindow()
        self.desk.canvas.setFocus()
        self.settle()
        self.reactions: list[float] = []
        self.busy: list[float] = []

    def settle(self) -> None:
        """Let the map finish, as it does while a person looks."""
        end = time.monotonic() + SEE_S
        while time.monotonic() < end:
            QgsApplication.processEvents()
            if not self.desk.canvas.isDrawing() and self.dock.view.is_painted:
                return
            time.sleep(0.005)

    def key(self, key: Qt.Key) -> None:
        """Press a key, and time until the next one can come."""
        started, busy = time.perf_counter(), time.thread_time()
        QTest.keyClick(self.desk.canvas, key)
        while not self.dock.view.is_painted:
            QgsApplication.processEvents()
            if time.perf_counter() - started > 5:
                raise TimeoutError("the next landslide was not shown")
        self.reactions.append(time.perf_counter() - started)
        self.busy.append(time.thread_time() - busy)
        self.settle()

    def review(self, most: int) -> int:
        """Decide by single keys: two of three accepted, else a reason; returns how many."""
        done = 0
        while self.dock.review.queue.open > 1 and done < most:
            self.key(Qt.Key.Key_1 if done % 3 == 2 else Qt.Key.Key_A)
            done += 1
        return done

    def bulk(self) -> tuple[int, int, float]:
        """Decide by the rules; returns landslides, controls that were set, and seconds waited."""
        decided, controls, waited = 0, 0, 0.0
        for _, limits, flag, decision in RULES:
            started = time.perf_counter()
            self.dock.dialogs.bulk()
            dialog: Any = self.dock.dialogs.current
            controls += 2  # the key that opens it, and “Decide”
            for what, side, value in limits:
                row = dialog.limits[what]
                row.side.setCurrentIndex(row.side.findData(side))
                row.value.setValue(value)
                controls += 2
            if flag:
                dialog.flag.setCurrentIndex(dialog.flag.findData(flag))
                controls += 1
            status = "accepted" if decision == "A" else "rejected"
            dialog.decision.setCurrentIndex(dialog.decision.findData(status))
            controls += 1
            dialog.refresh()
            decided += len(dialog.chosen())
            dialog.apply.click() if dialog.apply.isEnabled() else dialog.reject()
            QgsApplication.processEvents()
            waited += time.perf_counter() - started
            self.settle()
        return decided, controls, waited

    def close(self) -> None:
        """End, and free the file."""
        self.dock.close_down()
        self.desk.window.close()
        self.desk.window.deleteLater()
        QgsProject.instance().clear()
        QgsApplication.processEvents()


def megabytes() -> float:
    """The largest memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def copied(inventory: Path, folder: Path) -> Path:
    """A copy of a result that may be written to."""
    folder.mkdir()
    for path in inventory.parent.iterdir():
        if path.suffix in (".gpkg", ".tif", ".json"):
            shutil.copy(path, folder / path.name)
    return folder / inventory.name


def whole_review(inventory: Path, folder: Path) -> None:
    """Review a result twice: by single keys, and with bulk rules before."""
    before = megabytes()
    timed = Timed(copied(inventory, folder / "single"))
    count = len(timed.dock.review.queue)
    by_keys = timed.review(count)
    waited = sum(timed.reactions)
    single = by_keys * (SEE_S + KEY_S) + waited
    slowest = max(timed.reactions)
    timed.close()
    timed = Timed(copied(inventory, folder / "bulk"))
    decided, controls, bulk_s = timed.bulk()
    rest = timed.review(count)
    many = controls * CONTROL_S + len(RULES) * CHECK_S + bulk_s
    many += rest * (SEE_S + KEY_S) + sum(timed.reactions)
    slowest = max(slowest, *timed.reactions)
    timed.close()
    print(f"\n{count} landslides of {inventory}:\n")
    print("| way | landslides by rules | by keys | minutes | waited for QGIS |")
    print("|---|---|---|---|---|")
    print(f"| single keys | 0 | {by_keys} | {single / 60:.1f} | {waited:.1f} s |")
    print(
        f"| {len(RULES)} bulk rules, then keys | {decided} | {rest} | {many / 60:.1f} |"
        f" {bulk_s + sum(timed.reactions):.1f} s |"
    )
    print(
        f"\nSlowest reaction {1000 * slowest:.0f} ms; memory {before:.0f} MB before,"
        f" {megabytes():.0f} MB at most."
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inventory", type=Path, help="a result of l4s detect, reviewed whole")
    parser.add_argument("--sizes", type=int, nargs="*", default=[1000, 10_000, 50_000])
    parser.add_argument("--keys", type=int, default=300, help="keys for each size")
    args = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    gdal.UseExceptions()
    with tempfile.TemporaryDirectory() as home:
        os.environ["QGIS_CUSTOM_CONFIG_PATH"] = home
        application = QgsApplication([], True)
        application.initQgis()
        QgsProject.instance().setCrs(QgsCoordinateReferenceSystem("EPSG:32651"))
        print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        if args.inventory:
            whole_review(args.inventory, Path(home))
        print(
            "\n| landslides | opened in | reaction: median | 95 % | slowest |"
            " of it computing: median | slowest | memory |"
        )
        print("|---|---|---|---|---|---|---|---|")
        for size in args.sizes:
            path = Path(home) / f"{size}.gpkg"
            make_inventory(path, size)
            timed = Timed(path)
            timed.review(args.keys)
            ordered = sorted(1000 * reaction for reaction in timed.reactions)
            print(
                f"| {size:,} | {timed.opening_s:.2f} s | {statistics.median(ordered):.0f} ms |"
                f" {ordered[int(0.95 * len(ordered))]:.0f} ms | {ordered[-1]:.0f} ms |"
                f" {1000 * statistics.median(timed.busy):.0f} ms |"
                f" {1000 * max(timed.busy):.0f} ms |"
                f" {megabytes():.0f} MB |"
            )
            timed.close()
    sys.stdout.flush()
    os._exit(0)  # PyQGIS objects that outlive QGIS would crash it at its end


if __name__ == "__main__":
    main()
