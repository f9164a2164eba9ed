"""Statistics panel, print layout, demo data."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from l4s_qgis.layout import make_layout
from l4s_qgis.summary.numbers import density, figures, rose
from l4s_qgis.summary.panel import StatisticsPanel
from qgis.core import QgsLayoutExporter, QgsLayoutItemPicture, QgsProject
from qgis.PyQt.QtGui import QImage
from qgis.PyQt.QtWidgets import QPushButton

from conftest import wait


def test_figures_by_hand():
    found = figures([100, 400, 400, 10_000, math.nan, 0], [0, 359, 44, 180, math.nan])
    assert found.count == 4
    assert found.area_m2 == 10_900
    assert found.median_m2 == 400
    assert found.magnitude == pytest.approx(math.log10(4))
    assert found.rose == (2, 1, 0, 0, 1, 0, 0, 0)
    assert figures([], []).magnitude is None


def test_density_is_a_density():
    """Its integral over all bins is one, whatever the areas are."""
    areas = [10 ** (2 + i / 37) for i in range(120)]
    width = {centre: centre * (10**0.125 - 10**-0.125) for centre, _ in density(areas)}
    assert sum(value * width[centre] for centre, value in density(areas)) == pytest.approx(1)


@pytest.mark.parametrize(("aspect", "sector"), [(0, 0), (22.4, 0), (22.6, 1), (337.6, 0), (-90, 6)])
def test_sectors(aspect, sector):
    assert rose([aspect])[sector] == 1


@pytest.fixture
def panel(iface, inventory):
    iface.active = inventory
    panel = StatisticsPanel(iface)
    panel.choose_layer()
    yield panel
    panel.close_down()
    panel.deleteLater()


def test_panel_follows_layer_and_selection(panel, inventory):
    assert "Landslides: 2" in panel.text.text()
    assert "Fewer than 100" in panel.text.text()
    panel.which.setCurrentIndex(panel.which.findData("selected"))
    inventory.selectByIds([next(inventory.getFeatures()).id()])
    wait(lambda: "Landslides: 1" in panel.text.text())
    panel.which.setCurrentIndex(panel.which.findData("confirmed"))
    assert "Landslides: 0" in panel.text.text()
    QgsProject.instance().removeMapLayer(inventory.id())
    wait(lambda: "Choose an inventory" in panel.text.text())


def test_plots_are_drawn(panel, tmp_path):
    image = panel.frequency.grab().toImage()
    colours = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(image.height())}
    assert len(colours) > 3


def test_print_layout_shows_map_legend_statistics_and_sources(iface, inventory, tmp_path):
    inventory.setName("Landslides: S2A")
    layout = make_layout(inventory, inventory.extent())
    assert [item.text() for item in [layout.itemById("title")]] == ["Landslides: S2A"]
    assert "Landslides: 2" in layout.itemById("statistics").text()
    arrow = next(i for i in layout.items() if isinstance(i, QgsLayoutItemPicture))
    assert Path(arrow.picturePath()).is_file()
    assert "l4s" in layout.itemById("sources").text()
    assert layout.itemById("map").extent().contains(inventory.extent().center())
    assert layout.itemById("legend").linkedMap() is layout.itemById("map")
    assert make_layout(inventory, inventory.extent()).name() == "Landslides: S2A (2)"
    exporter = QgsLayoutExporter(layout)
    settings = QgsLayoutExporter.ImageExportSettings()
    settings.dpi = 50
    picture = tmp_path / "layout.png"
    assert exporter.exportToImage(str(picture), settings) == QgsLayoutExporter.ExportResult.Success
    assert QImage(str(picture)).width() > 400
    QgsProject.instance().layoutManager().clear()


def test_layout_without_an_inventory_says_what_to_do(iface):
    from l4s_qgis import classFactory

    plugin = classFactory(iface)
    plugin.initGui()
    assert plugin.layout() is None
    assert "Load or detect landslides first" in iface.bar.currentItem().text()
    plugin.unload()


def test_demo_data_is_made_and_loaded(iface, engine_python, tmp_path, monkeypatch):
    from l4s_qgis import classFactory

    monkeypatch.setattr("l4s_qgis.demo.SIZE_PX", 150)
    plugin = classFactory(iface)
    plugin.initGui()
    plugin.demo()
    wait(lambda: not plugin._runs, 60)
    names = [layer.name() for layer in QgsProject.instance().mapLayers().values()]
    assert sorted(names) == ["Elevation (simulated)", "Sentinel-2 (simulated)"]
    item = iface.bar.currentItem()
    assert "simulated scene with" in item.text()
    next(b for b in item.findChildren(QPushButton) if b.text().startswith("Detect")).click()
    dialog = plugin._detect_dialog
    assert dialog.image.product_path().endswith("sentinel2")
    assert dialog.ground.dem.currentLayer().name() == "Elevation (simulated)"
    assert dialog.start.isEnabled(), dialog.findings.text()
    dialog.reject()
    plugin.unload()


def test_demo_before_the_engine_is_installed_leads_to_its_page(iface):
    from l4s_qgis import classFactory

    plugin = classFactory(iface)
    plugin.initGui()
    assert type(plugin.demo()).__name__ == "EngineDialog"
    plugin.unload()
