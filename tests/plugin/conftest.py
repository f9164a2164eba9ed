"""Fixtures: engines, small rasters, a stand-in for QGIS's interface."""

from __future__ import annotations

import gc
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, ogr, osr
from qgis.core import QgsApplication, QgsCoordinateReferenceSystem, QgsProject, QgsSettings
from qgis.gui import QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtCore import QEvent, Qt
from qgis.PyQt.QtWidgets import QAction, QMainWindow

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory, monkeypatch):
    """Keep the settings and variables of whoever runs the tests out."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("L4S_QGIS_HOME", str(home))
    monkeypatch.delenv("L4S_ENGINE_PYTHON", raising=False)
    QgsSettings().remove("l4s")
    return home


@pytest.fixture(autouse=True, scope="session")
def nothing_outlives_qgis(qgis_app):
    """Free what only cycles hold: layers that outlive QGIS crash at exit."""
    yield
    QgsProject.instance().clear()
    QgsApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QgsApplication.processEvents()
    gc.collect()


@pytest.fixture
def fake_engine():
    """The command line of an engine that behaves as it is told."""

    def command(behaviour: str) -> list[str]:
        return [sys.executable, str(HERE / "fake_engine.py"), behaviour]

    return command


@pytest.fixture
def engine_python(monkeypatch) -> Path:
    """The Python with the real engine, which the plugin uses in this test."""
    python = os.environ.get("L4S_TEST_ENGINE_PYTHON") or os.environ.get("L4S_ENGINE_PYTHON_GIVEN")
    if not python or not Path(python).exists():
        pytest.skip("L4S_ENGINE_PYTHON does not name a Python with the engine")
    monkeypatch.setenv("L4S_ENGINE_PYTHON", python)
    return Path(python)


def pytest_configure(config):
    """Remember the engine's Python before the tests hide it from the plugin."""
    os.environ["L4S_ENGINE_PYTHON_GIVEN"] = os.environ.get("L4S_ENGINE_PYTHON", "")


@pytest.fixture
def make_raster(tmp_path):
    """Writes small GeoTIFFs."""

    def make(
        name="image.tif",
        bands=4,
        size=64,
        dtype=gdal.GDT_UInt16,
        names=(),
        crs=32651,
        origin=(300000, 2600000),
        pixel=10.0,
        values=None,
    ):
        path = tmp_path / name
        dataset = gdal.GetDriverByName("GTiff").Create(str(path), size, size, bands, dtype)
        dataset.SetGeoTransform((origin[0], pixel, 0, origin[1], 0, -pixel))
        if crs:
            reference = osr.SpatialReference()
            reference.ImportFromEPSG(crs)
            dataset.SetProjection(reference.ExportToWkt())
        rng = np.random.default_rng(1)
        for index in range(bands):
            band = dataset.GetRasterBand(index + 1)
            band.WriteArray(values if values is not None else rng.integers(1, 250, (size, size)))
            if index < len(names):
                band.SetDescription(names[index])
        dataset = None
        return path

    return make


class StubIface:
    """What the plugin uses of QGIS's interface."""

    def __init__(self):
        self.window = QMainWindow()
        self.canvas = QgsMapCanvas(self.window)
        self.window.setCentralWidget(self.canvas)
        self.bar = QgsMessageBar(self.window)
        self.active = None
        self.menu = []
        self.factories = []
        self.designed = []
        self._pan = QAction(self.window)
        self.split_action = QAction(self.window)
        self.merge_action = QAction(self.window)
        self.merge_action.setObjectName("mActionMergeFeatures")

    def mapCanvas(self):
        return self.canvas

    def mainWindow(self):
        return self.window

    def messageBar(self):
        return self.bar

    def activeLayer(self):
        return self.active

    def setActiveLayer(self, layer):
        self.active = layer

    def addToolBar(self, name):
        return self.window.addToolBar(name)

    def addPluginToRasterMenu(self, name, action):
        self.menu.append(action)

    def removePluginRasterMenu(self, name, action):
        self.menu.remove(action)

    def addDockWidget(self, area, dock):
        self.window.addDockWidget(area, dock)

    def removeDockWidget(self, dock):
        self.window.removeDockWidget(dock)

    def cadDockWidget(self):
        return None

    def registerOptionsWidgetFactory(self, factory):
        self.factories.append(factory)

    def unregisterOptionsWidgetFactory(self, factory):
        self.factories.remove(factory)

    def openLayoutDesigner(self, layout):
        self.designed.append(layout)

    def actionPan(self):
        return self._pan

    def actionVertexTool(self):
        return self._pan

    def actionSplitFeatures(self):
        return self.split_action


@pytest.fixture
def iface(qgis_new_project):
    stub = StubIface()
    stub.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:32651"))
    stub.window.resize(900, 600)
    yield stub
    QgsProject.instance().clear()
    stub.window.deleteLater()


@pytest.fixture
def detection(tmp_path, make_raster):
    """A folder as ``l4s detect`` leaves it, with three blobs of probability.

    Two of them are drawn as polygons.
    """
    values = np.full((64, 64), 10, np.uint8)
    values[5:12, 5:12] = 150  # 0.6
    values[7:10, 7:10] = 230  # 0.92
    values[30:40, 30:34] = 200  # 0.8
    values[50:54, 10:20] = 190  # 0.76, missed by the inventory
    values[60:, 60:] = 255
    path = make_raster("probability.tif", bands=1, dtype=gdal.GDT_Byte, values=values)
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.GetRasterBand(1).SetScale(0.004)
    dataset.GetRasterBand(1).SetNoDataValue(255)
    dataset = None
    write_inventory(tmp_path / "inventory.gpkg", [(5, 5, 7, 7, 0.66), (30, 30, 4, 10, 0.8)])
    return tmp_path


def write_inventory(path, boxes, origin=(300000, 2600000)):
    """Write the columns of the engine's schema that the review uses.

    One polygon for each (column, row, width, height, probability).
    """
    names = {
        "id": ogr.OFTInteger64,
        "area_m2": ogr.OFTReal,
        "perimeter_m": ogr.OFTReal,
        "prob_mean": ogr.OFTReal,
        "prob_max": ogr.OFTReal,
    }
    names.update({"threshold": ogr.OFTReal, "slope_deg": ogr.OFTReal, "uncertainty": ogr.OFTReal})
    names.update(
        dict.fromkeys(("status", "reason", "reviewer", "reviewed", "notes", "flags"), ogr.OFTString)
    )
    names.update(
        dict.fromkeys(
            ("ls_type", "material", "trigger", "event", "date_from", "date_to", "images"),
            ogr.OFTString,
        )
    )
    names.update({"confidence": ogr.OFTInteger, "length_m": ogr.OFTReal, "volume_m3": ogr.OFTReal})
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32651)
    source = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    layer = source.CreateLayer("landslides", reference, ogr.wkbMultiPolygon)
    for name, kind in names.items():
        layer.CreateField(ogr.FieldDefn(name, kind))
    layer.StartTransaction()
    for number, (column, row, width, height, probability) in enumerate(boxes, start=1):
        left, top = origin[0] + 10 * column, origin[1] - 10 * row
        right, bottom = left + 10 * width, top - 10 * height
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(
            ogr.CreateGeometryFromWkt(
                f"MULTIPOLYGON((({left} {top},{right} {top},{right} {bottom},{left} {bottom},{left} {top})))"
            )
        )
        values = {
            "id": number,
            "status": "pending",
            "area_m2": 100.0 * width * height,
            "prob_mean": probability,
            "prob_max": probability,
            "threshold": 0.5,
        }
        for name, value in values.items():
            feature.SetField(name, value)
        layer.CreateFeature(feature)
    layer.CommitTransaction()
    source = None


@pytest.fixture
def inventory(detection, qgis_new_project):
    """The landslide layer of a detection, in the project."""
    from l4s_qgis.layers import load_inventory

    return load_inventory(detection / "inventory.gpkg")


def wait(condition, seconds=10.0):
    """Let QGIS work until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        QgsApplication.processEvents()
        time.sleep(0.01)


def pytest_sessionfinish(session, exitstatus):
    """Remember how the tests went."""
    session.config.l4s_exit_status = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """End without the interpreter's own shutdown.

    PyQGIS objects that it frees after QGIS has ended crash it.

    That a real QGIS ends cleanly with the plugin is what ``test_desktop.py`` sees to.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(getattr(config, "l4s_exit_status", 4))


@contextmanager
def review_dock(iface):
    """The review dock in QGIS's window over the active inventory."""
    from l4s_qgis.review.dock import ReviewDock

    dock = ReviewDock(iface)
    iface.window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    iface.window.show()
    dock.panel.reviewer.setText("Ada")
    wait(lambda: dock.review.geometry is None or dock.view.is_painted)
    yield dock
    dock.close_down()


@pytest.fixture
def dock(iface, inventory):
    with review_dock(iface) as dock:
        yield dock
