"""Layers and projects that go while a detection runs."""

from __future__ import annotations

import gc
import sys

import pytest
from l4s_qgis.detect.dialog import DetectDialog
from l4s_qgis.detect.run import BackgroundRun, without_layers
from l4s_qgis.processing import base
from l4s_qgis.processing.provider import Provider
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QEvent

from conftest import wait

EXTENT = QgsRectangle(300100, 2599500, 300400, 2599900)


@pytest.fixture
def plugin(iface, fake_engine, monkeypatch):
    """The plugin with an engine that finds nothing at once."""
    from l4s_qgis import classFactory

    monkeypatch.setenv("L4S_ENGINE_PYTHON", sys.executable)
    monkeypatch.setattr(base, "command_of", lambda python: fake_engine("good"))
    plugin = classFactory(iface)
    plugin.initGui()
    yield plugin
    uncaught = set(plugin._hook.places)
    plugin.unload()
    assert not uncaught


@pytest.fixture
def project(iface, make_raster):
    """Image, elevation and polygons, one of them selected."""
    image = QgsRasterLayer(str(make_raster("s2.tif", names=("B2", "B3", "B4", "B8"))), "S2", "gdal")
    dem = QgsRasterLayer(
        str(make_raster("dem.tif", bands=1, dtype=gdal.GDT_Int16)), "DEM 30 m", "gdal"
    )
    polygons = QgsVectorLayer("MultiPolygon?crs=EPSG:32651", "areas", "memory")
    for offset in (0, 40):
        feature = QgsFeature()
        feature.setGeometry(QgsGeometry.fromRect(EXTENT.buffered(-offset)))
        polygons.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayers([image, dem, polygons])
    iface.canvas.setExtent(EXTENT)
    return [image.id(), dem.id(), polygons.id()]


def start(plugin, tmp_path, area, *, selected=False):
    """Answer the dialog and press its button."""
    dialog = plugin.detect()
    dialog.result.folder.setFilePath(str(tmp_path / "out"))
    dialog.ground.area.setCurrentIndex(dialog.ground.area.findData(area))
    dialog.ground.polygons.setLayer(
        next(
            layer
            for layer in QgsProject.instance().mapLayers().values()
            if isinstance(layer, QgsVectorLayer)
        )
    )
    dialog.ground.selected.setChecked(selected)
    assert dialog.start.isEnabled(), dialog.findings.text()
    dialog.start.click()
    gc.collect()
    return plugin._runs[0]


@pytest.mark.parametrize("area", ["all", "canvas", "layer"])
def test_each_area_can_be_chosen(plugin, project, tmp_path, area):
    """A layer that only Python holds is freed before the other thread reads it."""
    run = start(plugin, tmp_path, area)
    outcome = []
    run.succeeded.connect(outcome.append)
    wait(lambda: not plugin._runs, 30)
    line = outcome[0]["RESULT"]["words"]
    assert ("--aoi" in line) == (area != "all")


def test_layers_may_go_meanwhile(plugin, project, tmp_path):
    run = start(plugin, tmp_path, "layer")
    outcome = []
    run.succeeded.connect(outcome.append)
    QgsProject.instance().removeMapLayers(project)
    QgsApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    wait(lambda: not plugin._runs, 30)
    assert outcome[0]["COUNT"] == 0


def test_results_do_not_enter_another_project(plugin, project, tmp_path, iface):
    start(plugin, tmp_path, "canvas")
    QgsProject.instance().clear()
    gc.collect()
    wait(lambda: not plugin._runs, 30)
    assert not QgsProject.instance().mapLayers()
    wait(lambda: iface.bar.currentItem() is not None)
    texts = [b.text() for b in iface.bar.currentItem().findChildren(type(plugin_button()))]
    assert "Add to the map" in texts


def plugin_button():
    """A button, for its class."""
    from qgis.PyQt.QtWidgets import QPushButton

    return QPushButton()


def test_parameters_hold_no_layers(project, qgis_new_project):
    stray = QgsVectorLayer("Polygon?crs=EPSG:32651", "stray", "memory")
    kept = QgsVectorLayer("Polygon?crs=EPSG:32651", "kept", "memory")
    QgsProject.instance().addMapLayer(kept)
    assert without_layers({"A": kept, "B": [kept], "C": 3}) == {
        "A": kept.id(),
        "B": [kept.id()],
        "C": 3,
    }
    with pytest.raises(TypeError, match="stray"):
        without_layers({"A": stray})


def test_soak(plugin, project, tmp_path, iface):
    """Many runs in one QGIS: every choice, some stopped, leave nothing behind."""
    for number in range(12):
        area = ("all", "canvas", "layer", "layer")[number % 4]
        run = start(plugin, tmp_path, area, selected=False)
        if number % 3 == 2:
            run.cancel()
        wait(lambda: not plugin._runs, 30)
        if plugin._detect_dialog is not None:
            plugin._detect_dialog.reject()
    for _ in range(5):
        QgsApplication.processEvents()
        QgsApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    assert not iface.window.findChildren(BackgroundRun)
    assert not iface.window.findChildren(DetectDialog)
    assert isinstance(QgsApplication.processingRegistry().providerById("l4s"), Provider)
