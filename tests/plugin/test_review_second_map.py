"""The second map: another layer of the same place, moved together with the first."""

from __future__ import annotations

import pytest
from l4s_qgis.review.maps.second import SHADE, SLOPE, terrain_layer
from osgeo import gdal
from qgis.core import QgsApplication, QgsProject, QgsRasterLayer, QgsRectangle

from conftest import wait


@pytest.fixture
def before(dock, make_raster):
    layer = QgsRasterLayer(str(make_raster("before.tif", bands=1)), "before", "gdal")
    QgsProject.instance().addMapLayer(layer)
    return layer


def choose(dock, value):
    dock.panel.second.setCurrentIndex(dock.panel.second.findData(value))


def assert_together(one, other):
    """The same centre, and the same scale up to the pixel that a window may be off."""
    assert one.mapUnitsPerPixel() == pytest.approx(other.mapUnitsPerPixel(), rel=0.01)
    first, second = one.extent().center(), other.extent().center()
    assert first.distance(second) < 2 * one.mapUnitsPerPixel()


def test_both_maps_move_together(dock, before, iface):
    assert dock.second.canvas is None
    choose(dock, before.id())
    second = dock.second.canvas
    wait(lambda: second.width() > 50)
    assert [layer.name() for layer in second.layers()] == ["Landslides", "before"]
    iface.canvas.setExtent(QgsRectangle(300100, 2599700, 300300, 2599900))
    assert_together(second, iface.canvas)
    second.setExtent(QgsRectangle(300000, 2599500, 300400, 2599800))
    assert_together(iface.canvas, second)
    dock.next()
    assert second.extent().contains(dock.review.geometry.boundingBox().center())


def test_landslide_at_hand_is_marked_in_both(dock, before):
    choose(dock, before.id())
    shown = dock.second._outline.geometry
    assert shown.isGeosEqual(dock.review.geometry)
    dock.next()
    assert dock.second._outline.geometry.isGeosEqual(dock.review.geometry)


def test_second_map_ends_with_its_layer_and_by_its_cross(dock, before, iface):
    choose(dock, before.id())
    QgsProject.instance().removeMapLayer(before.id())
    assert dock.second.canvas is None
    assert dock.panel.second.currentIndex() == 0
    assert dock.second.dock is None


def test_closed_with_its_cross(dock, before, iface):
    choose(dock, before.id())
    wait(lambda: dock.second.dock.isVisible())
    dock.second.dock.close()
    wait(lambda: dock.second.canvas is None)
    assert dock.panel.second.currentData() is None
    choose(dock, before.id())  # and opened again
    assert dock.second.canvas is not None


def test_terrain_of_the_stack(dock, detection, make_raster, iface):
    assert dock.panel.second.findData(SHADE) < 0  # there is no stack
    make_raster("stack.tif", bands=2, names=("DEM", "slope"))
    dock.second.fill()
    assert dock.panel.second.findData(SLOPE) > 0
    choose(dock, SHADE)
    wait(lambda: dock.second.canvas.width() > 50)
    assert dock.second.canvas.layers()[-1].renderer().type() == "hillshade"
    choose(dock, SLOPE)
    slope = dock.second.canvas.layers()[-1]
    assert slope.renderer().type() == "singlebandgray"
    assert slope.renderer().contrastEnhancement().maximumValue() == 60
    wait(lambda: not dock.second.canvas.isDrawing())
    QgsApplication.processEvents()
    picture = dock.second.canvas.grab().toImage()
    colours = {picture.pixelColor(x, picture.height() // 2).name() for x in range(picture.width())}
    assert len(colours) > 3


def test_terrain_that_cannot_be_read(tmp_path):
    (tmp_path / "stack.tif").write_text("damaged")
    assert terrain_layer(str(tmp_path / "stack.tif"), SHADE) is None
    assert terrain_layer("", SLOPE) is None
    gdal.GetDriverByName("GTiff").Create(str(tmp_path / "bare.tif"), 4, 4, 1)
    assert terrain_layer(str(tmp_path / "bare.tif"), SHADE) is None
