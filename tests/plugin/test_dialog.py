"""The dialog's lists, defaults, remembered answers and estimates."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from l4s_qgis import channels
from l4s_qgis.detect import assignment, estimate
from l4s_qgis.detect.checks import Request, check, megapixels
from l4s_qgis.detect.dialog import DetectDialog
from l4s_qgis.detect.inspection import measure
from l4s_qgis.detect.options_box import MIN_AREA_M2, threshold_of
from l4s_qgis.processing import inputs
from l4s_qgis.processing.detect import Detect
from osgeo import gdal
from qgis.core import QgsProcessingContext, QgsProject, QgsRasterLayer, QgsSettings

from conftest import ROOT


def layer(path, name="image"):
    return QgsRasterLayer(str(path), name, "gdal")


@pytest.fixture
def dialog(iface):
    made = []

    def make():
        made.append(DetectDialog(iface, iface.window))
        return made[-1]

    yield make
    for dialog in made:
        dialog.deleteLater()


@pytest.fixture
def singles(make_raster, qgis_new_project):
    """B02, B03 and B04 as three layers, as downloads arrive."""
    found = [
        layer(make_raster(f"T51_{name}_10m.tif", bands=1), f"T51_{name}_10m")
        for name in ("B02", "B03", "B04")
    ]
    QgsProject.instance().addMapLayers(found)
    yield found
    found.clear()


def arguments(dialog, tmp_path):
    dialog.result.folder.setFilePath(str(tmp_path / "out"))
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    from l4s_qgis.detect.run import without_layers

    return Detect().create().arguments(without_layers(dialog.parameters()), context, tmp_path)


def test_single_bands_are_put_together(dialog, singles, tmp_path):
    opened = dialog()
    assert opened.image.from_layers.isChecked()
    assert set(opened.image.names()) == {"B02", "B03", "B04"}
    assert opened.start.isEnabled(), opened.findings.text()
    line = arguments(opened, tmp_path)
    given = line[line.index("--sentinel2") + 1 : line.index("--model")]
    # the files themselves: their names tell level, date and offset, and the record names them
    assert sorted(given) == sorted(single.source() for single in singles)


def test_a_layer_can_be_left_out_and_assigned(dialog, singles, make_raster, tmp_path):
    extra = layer(make_raster("other.tif", bands=1), "something")
    QgsProject.instance().addMapLayer(extra)
    opened = dialog()
    box = opened.image.layers
    from qgis.PyQt.QtCore import Qt

    for index in range(box.count()):
        box.setItemCheckState(index, Qt.CheckState.Checked)
    names = list(opened.image.names())
    assert names.count(None) == 1, (names, box.checkedItems(), box.count())
    choice = opened.image.table.cellWidget(names.index(None), 2)
    choice.setCurrentIndex(choice.findData("B08"))
    assert "B08" in opened.image.names()
    line = arguments(opened, tmp_path)
    virtual = next(word for word in line if word.endswith(".vrt"))
    assert Path(virtual).stem == "other"  # its source's name, not one of ours
    assert inputs.band_descriptions(virtual) == ["B08"]


def test_an_assignment_is_remembered_with_the_layer(dialog, make_raster, qgis_new_project):
    image = layer(make_raster("unnamed.tif", bands=3))
    QgsProject.instance().addMapLayer(image)
    opened = dialog()
    opened.image.layer.setLayer(image)
    for row, name in enumerate(("B04", "B03", "B02")):
        choice = opened.image.table.cellWidget(row, 2)
        choice.setCurrentIndex(choice.findData(name))
    again = dialog()
    again.image.layer.setLayer(image)
    assert again.image.names() == ("B04", "B03", "B02")
    assert image.customProperty(assignment.REMEMBERED) == "B04,B03,B02"


def test_bands_of_a_virtual_raster_are_known_by_their_files(make_raster, tmp_path):
    files = [str(make_raster(f"x_{name}.tif", bands=1)) for name in ("B04", "B8A", "B11")]
    gdal.BuildVRT(str(tmp_path / "v.vrt"), files, separate=True).FlushCache()
    labels = inputs.band_labels(str(tmp_path / "v.vrt"))
    assert channels.assign(labels) == ["B04", None, "B11"]


@pytest.mark.parametrize(
    ("items", "name"),
    [
        ({"wavelength": "664.6", "wavelength_units": "Nanometers"}, "B04"),
        ({"wavelength": "0.4924", "wavelength_units": "Micrometers"}, "B02"),
        ({"wavelength": "865", "wavelength_units": "Nanometers"}, None),  # B8A
        ({"wavelength": "700", "wavelength_units": "Nanometers"}, "B05"),
        ({"wavelength": "odd"}, None),
    ],
)
def test_bands_are_known_by_their_wavelength(make_raster, items, name):
    path = make_raster("w.tif", bands=1)
    dataset = gdal.Open(str(path), gdal.GA_Update)
    dataset.GetRasterBand(1).SetMetadata(items)
    dataset = None
    assert channels.assign(inputs.band_labels(str(path))) == [name]


def test_bands_are_known_by_the_style_that_a_person_chose(make_raster, qgis_new_project):
    image = layer(make_raster("s.tif", bands=5))
    assert assignment.channels_of(image) == [None] * 5  # QGIS's default tells nothing
    image.renderer().setRedBand(4)
    image.renderer().setGreenBand(3)
    image.renderer().setBlueBand(2)
    assert assignment.channels_of(image) == [None, "B02", "B03", "B04", None]


def test_lists_offer_only_what_fits(dialog, make_raster, qgis_new_project):
    image = layer(make_raster("s2.tif", names=("B2", "B3", "B4", "B8")), "S2")
    dem = layer(make_raster("dem.tif", bands=1, dtype=gdal.GDT_Int16), "DEM 30 m")
    result = layer(make_raster("probability.tif", bands=1, dtype=gdal.GDT_Byte), "Probability")
    QgsProject.instance().addMapLayers([image, dem, result])
    opened = dialog()

    def offered(box):
        return {box.layer(index).name() for index in range(box.count()) if box.layer(index)}

    assert offered(opened.image.layer) == {"S2"}
    assert offered(opened.ground.dem.box) == {"DEM 30 m"}
    assert offered(opened.advanced.before.box) == {"S2"}
    assert opened.ground.dem.currentLayer() is dem
    assert opened.advanced.before.currentLayer() is None


def test_image_before_may_be_a_layer_or_files(dialog, make_raster, tmp_path, qgis_new_project):
    names = ("B2", "B3", "B4", "B8")
    image, before = (layer(make_raster(f"{n}.tif", names=names), n) for n in ("after", "before"))
    QgsProject.instance().addMapLayers([image, before])
    opened = dialog()
    opened.image.layer.setLayer(image)
    opened.advanced.before.setLayer(before)
    line = arguments(opened, tmp_path)
    assert line[line.index("--before") + 1] == before.source()
    opened.advanced.before.use_files([str(tmp_path / "after.tif")])
    line = arguments(opened, tmp_path)
    assert line[line.index("--before") + 1] == str(tmp_path / "after.tif")


def test_zipped_elevation_is_left_to_the_engine(make_raster, tmp_path, qgis_new_project):
    """Archives of ALOS are no rasters of their own, but the engine reads them."""
    (tmp_path / "AP_1_RT1.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    request = {
        "images": (layer(make_raster("s2.tif", names=("B2", "B3", "B4", "B8"))),),
        "names": ("B02", "B03", "B04", "B08"),
        "out": str(tmp_path / "out"),
    }

    def errors(dem):
        return [f.text for f in check(Request(**request, dems=(dem,))) if f.level == "error"]

    assert errors(str(tmp_path / "AP_1_RT1.zip")) == []
    assert errors(str(tmp_path)) == []
    assert "does not exist" in errors(str(tmp_path / "gone.zip"))[0]


def test_elevation_is_not_taken_for_an_image(make_raster, tmp_path, qgis_new_project):
    dem = layer(make_raster("dem.tif", bands=1, dtype=gdal.GDT_Int16), "DEM")
    found = check(Request(images=(dem,), names=("DEM",), out=str(tmp_path)))
    assert any("looks like elevation" in finding.text for finding in found)


def test_defaults_are_shown_as_numbers(dialog, qgis_new_project):
    opened = dialog()
    assert opened.advanced.threshold.specialValueText() == "the model's: 0.373"
    assert opened.advanced.min_area.specialValueText() == "the default: 400 m²"
    assert threshold_of("light;other") is None


def test_defaults_are_the_engines():
    source = (ROOT / "engine" / "inventory" / "vectorize.py").read_text()
    assert float(re.search(r"min_area_m2: float = ([\d.]+)", source).group(1)) == MIN_AREA_M2
    card = (ROOT / "resources" / "models" / "light" / "card.json").read_text()
    assert threshold_of("light") == float(re.search(r'"threshold": ([\d.]+)', card).group(1))


def test_a_band_folder_is_measured_not_guessed(tmp_path, make_raster, qgis_new_project):
    """A small folder of bands was announced as a whole tile."""
    folder = tmp_path / "bands"
    folder.mkdir()
    for name in ("B02", "B03", "B04"):
        make_raster(f"bands/{name}.tif", bands=1, size=100)
    found = measure(str(folder))
    assert found.mpx == pytest.approx(0.01)
    request = Request(product=str(folder), out=str(tmp_path / "out"), inspected=found)
    assert megapixels(request) == pytest.approx(0.01)
    texts = [finding.text for finding in check(request)]
    assert not any("whole tile" in text for text in texts)
    assert measure(str(tmp_path / "nowhere")).rectangle is None
    unknown = Request(product=str(folder), out=str(tmp_path / "out"))
    assert megapixels(unknown) == estimate.TILE_MPX


def test_elevation_of_another_place_is_found_before(tmp_path, make_raster, qgis_new_project):
    folder = tmp_path / "bands"
    folder.mkdir()
    make_raster("bands/B02.tif", bands=1)
    far = make_raster("far.tif", bands=1, dtype=gdal.GDT_Int16, origin=(700000, 5000000))
    found = check(
        Request(
            product=str(folder),
            dems=(str(far),),
            out=str(tmp_path / "out"),
            inspected=measure(str(folder)),
        )
    )
    assert any("do not overlap" in f.text for f in found if f.level == "error")


def test_estimates_learn_from_this_computer(qgis_new_project):
    QgsSettings().remove("l4s/runs")
    assert estimate.speed() == estimate.Speed()
    for seconds in (100, 110, 90):
        estimate.remember(10.0, 1, seconds)
    assert estimate.speed().per_mpx_s == pytest.approx(9.4)
    assert estimate.speed().seconds(20, 1) == pytest.approx(194)
    estimate.remember(0.1, 1, 4)
    assert estimate.speed().start_s == 4
    for _ in range(20):
        estimate.remember(10.0, 4, 44)
    assert estimate.speed().per_mpx_s == pytest.approx(0.95)
    QgsSettings().setValue("l4s/runs", "damaged")
    assert estimate.speed() == estimate.Speed()
    QgsSettings().remove("l4s/runs")


def test_reflectance_of_named_bands_stays_the_engines(make_raster, tmp_path):
    """A file that names its bands is read by the engine itself, scale and all."""
    path = make_raster(
        "r.tif",
        bands=2,
        dtype=gdal.GDT_Float32,
        names=("B02", "B03"),
        values=np.full((64, 64), 0.2),
    )
    assert inputs.named_image(str(path), ["B02", "B03"], tmp_path) == str(path)
    assert inputs.named_image(str(path), ["B02", None], tmp_path).endswith("r.vrt")
