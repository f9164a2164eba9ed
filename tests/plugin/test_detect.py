"""The dialog's channels, checks and parameters; the algorithms' command lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from l4s_qgis import channels
from l4s_qgis.detect.checks import Request, check, duration, megapixels
from l4s_qgis.detect.dialog import DetectDialog
from l4s_qgis.detect.run import BackgroundRun
from l4s_qgis.processing import base, inputs
from l4s_qgis.processing.detect import Detect
from l4s_qgis.processing.provider import Provider
from l4s_qgis.processing.training import Adapt, Train
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
)

from conftest import ROOT, wait

FOUR = ("B2", "blue_B03", "red", "nir")


def layer(path, name="image"):
    return QgsRasterLayer(str(path), name, "gdal")


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        ("B02", "B02"), ("b2", "B02"), ("Band 4", "B04"), ("band_11", "B11"), ("red", "B04"), ("T51QVG_20200101_B08_10m", "B08"), ("B8A", None),
        ("T51_B8A_20m", None), ("nir", "B08"), ("elevation", "DEM"), ("Slope", "slope"), ("B13", None), ("", None), ("SWIR 1", None),
    ],
)  # fmt: skip
def test_channels_are_recognised(text, channel):
    assert channels.recognise(text) == channel


def test_rules_are_the_engines():
    """The plugin may not import the engine, so the two tables are compared as text."""

    def table(path, start, end):
        return re.sub(r"\s+", "", re.search(f"{start}(.*?){end}", path.read_text(), re.DOTALL).group(1))

    plugin, engine = ROOT / "l4s_qgis" / "channels.py", ROOT / "engine" / "bands.py"
    for start, end in (("_ALIASES = {", "}"), (r"_BAND = ", "\n")):
        assert table(plugin, start, end) == table(engine, start, end)


def test_bands_without_descriptions():
    assert channels.assign([""] * 14) == list(channels.CHANNELS)
    assert channels.assign([""] * 4) == [None] * 4
    assert channels.assign([""], "DEM of the valley") == ["DEM"]
    assert channels.assign(["B02", "B02", "B03"]) == [None, None, "B03"]
    assert channels.parse("B02,-, B04", 3) == ["B02", None, "B04"]
    for text in ("B02", "B02,B02,-", "B02,x,-"):
        with pytest.raises(ValueError, match=r"channels are given|no channel"):
            channels.parse(text, 3)


def test_dialog_maps_channels_and_finds_the_dem(iface, make_raster):
    image = layer(make_raster("s2.tif", names=FOUR), "Sentinel-2")
    dem = layer(make_raster("dem.tif", bands=1, dtype=gdal.GDT_Int16), "DEM 30 m")
    QgsProject.instance().addMapLayers([dem, image])
    dialog = DetectDialog(iface, iface.window)
    assert dialog.image.layer.currentLayer() is image
    assert dialog.ground.dem.currentLayer() is dem
    assert dialog.image.table.names() == ["B02", "B03", "B04", "B08"]
    assert "B10" in dialog.image.summary.text()
    assert dialog.start.isEnabled()
    parameters = dialog.parameters()
    assert parameters["CHANNELS"] == "B02,B03,B04,B08"
    assert "THRESHOLD" not in parameters
    assert "MIN_AREA" not in parameters
    box = dialog.image.table.cellWidget(0, 2)
    box.setCurrentIndex(box.findData("B03"))  # green twice, blue gone
    found = dialog._check()
    assert [f.level for f in found if f.level == "error"] == ["error"]
    assert not dialog.start.isEnabled()
    dialog.deleteLater()


def errors(**request):
    return [finding.text for finding in check(Request(**request)) if finding.level == "error"]


@pytest.fixture
def good(make_raster, tmp_path):
    request = {
        "image": layer(make_raster("s2.tif", names=FOUR)),
        "names": ("B02", "B03", "B04", "B08"),
        "out": str(tmp_path / "out"),
    }
    yield request
    request.clear()  # pytest keeps fixtures of the last test until QGIS has ended; a layer must not live so long


def test_good_request_has_an_estimate(good, qgis_new_project):
    found = check(Request(**good))
    assert [finding.level for finding in found] == ["warning", "warning", "info"]
    assert "million pixels" in found[-1].text


def test_layer_without_crs(good, make_raster, qgis_new_project):
    image = layer(make_raster("nocrs.tif", names=FOUR, crs=None))
    image.setCrs(QgsCoordinateReferenceSystem())
    assert "no coordinate reference system" in errors(**{**good, "image": image})[0]


def test_eight_bit_colours(good, make_raster, qgis_new_project):
    image = layer(make_raster("rgb.tif", bands=3, dtype=gdal.GDT_Byte, names=("red", "green", "blue")))
    assert "8-bit" in errors(**{**good, "image": image, "names": ("B04", "B03", "B02")})[0]


def test_layer_on_a_server(good, qgis_new_project):
    image = QgsRasterLayer("type=xyz&url=https://tiles.example/{z}/{x}/{y}.png", "tiles", "wms")
    assert "server" in errors(**{**good, "image": image})[0]


def test_dem_elsewhere(good, make_raster, qgis_new_project):
    dem = layer(make_raster("far.tif", bands=1, dtype=gdal.GDT_Int16, origin=(700000, 5000000)))
    assert "do not overlap" in errors(**{**good, "dems": (dem,)})[0]
    near = layer(make_raster("near.tif", bands=1, dtype=gdal.GDT_Int16))
    assert errors(**{**good, "dems": (near,)}) == []


def test_empty_selection_and_area_elsewhere(good, qgis_new_project):
    utm = QgsCoordinateReferenceSystem("EPSG:32651")
    assert "no polygon" in errors(**good, area=QgsGeometry(), area_crs=utm)[0]
    far = QgsGeometry.fromRect(QgsRectangle(0, 0, 10, 10))
    assert "do not overlap" in errors(**good, area=far, area_crs=utm)[0]
    assert "coordinate reference system" in errors(**good, area=far, area_crs=QgsCoordinateReferenceSystem())[0]


def test_folders_that_cannot_be_used(good, tmp_path, monkeypatch, qgis_new_project):
    assert "Choose a folder" in errors(**{**good, "out": ""})[0]
    (tmp_path / "file").write_text("")
    assert "cannot be written" in errors(**{**good, "out": str(tmp_path / "file" / "below")})[0]
    monkeypatch.setattr("l4s_qgis.detect.checks.BYTES_PER_PIXEL", 10**12)
    assert "are free there" in errors(**good)[0]


def test_nothing_chosen(qgis_new_project, tmp_path):
    assert "Choose an image" in errors(out=str(tmp_path))[0]
    assert "does not exist" in errors(out=str(tmp_path), product=str(tmp_path / "S2.zip"))[0]


def test_layer_in_degrees_is_measured_in_metres(good, make_raster, qgis_new_project):
    image = layer(make_raster("degrees.tif", names=FOUR, crs=4326, origin=(121.0, 24.0), pixel=0.0001))
    assert errors(**{**good, "image": image}) == []
    assert megapixels(Request(image=image)) == pytest.approx(0.0064**2 * 101.7e3 * 110.75e3 / 100 / 1e6, rel=0.01)


def test_durations_are_said_as_people_do():
    assert duration(7) == "a few seconds"
    assert duration(31) == "35 seconds"
    assert duration(600) == "10 minutes"
    assert duration(7200) == "2.0 hours"


def words(parameters, tmp_path):
    algorithm = Detect().create()
    return algorithm.words({"OUTPUT": str(tmp_path / "out"), **parameters}, QgsProcessingContext(), tmp_path)


def test_command_line_of_a_layer(good, make_raster, tmp_path, qgis_new_project):
    dem = layer(make_raster("dem.tif", bands=1, dtype=gdal.GDT_Int16))
    line = words(
        {
            "IMAGE": good["image"],
            "DEM": [dem],
            "THRESHOLD": 0.4,
            "MIN_AREA": 900,
            "TTA": 2,
            "CRF": True,
            "MODEL": "light; other",
        },
        tmp_path,
    )
    assert line[:2] == ["detect", "--sentinel2"]
    assert inputs.band_descriptions(line[2]) == ["B02", "B03", "B04", "B08"]
    text = " ".join(line)
    for part in (
        "--dem " + str(dem.source()),
        "--threshold 0.4",
        "--min-area 900",
        "--tta d4",
        "--crf",
        "--model light --model other",
    ):
        assert part in text
    assert line[-2:] == ["--out", str(tmp_path / "out")]


def test_reflectance_becomes_digital_numbers(make_raster, tmp_path):
    import numpy as np

    path = make_raster("reflectance.tif", bands=3, dtype=gdal.GDT_Float32, values=np.full((64, 64), 0.23))
    virtual = inputs.named_image(str(path), ["B02", "B03", None], tmp_path)
    assert gdal.Open(virtual).RasterCount == 2
    assert gdal.Open(virtual).GetRasterBand(1).GetScale() == 10000


def test_engines_own_stack_is_read_as_it_is(make_raster, tmp_path, qgis_new_project):
    path = make_raster("stack.tif", bands=14, names=channels.CHANNELS)
    assert words({"IMAGE": layer(path)}, tmp_path)[1:3] == ["--stack", str(path)]


def test_area_is_written_with_its_crs(good, tmp_path, qgis_new_project):
    line = words({"IMAGE": good["image"], "EXTENT": "300000,300300,2599700,2600000 [EPSG:32651]"}, tmp_path)
    assert "--aoi" in line
    assert Path(line[line.index("--aoi") + 1]).exists()


@pytest.mark.parametrize("kind", [Train, Adapt])
def test_settings_of_a_recipe_become_words(kind, tmp_path):
    algorithm = kind().create()
    algorithm.initAlgorithm()
    assert "SETTINGS" in {definition.name() for definition in algorithm.parameterDefinitions()}
    given = {
        "DATA": str(tmp_path),
        "TARGET": str(tmp_path),
        "OUTPUT": str(tmp_path),
        "SETTINGS": "optimizer.lr=1e-4; training.seed=2",
    }
    line = algorithm.words(given, QgsProcessingContext(), tmp_path)
    assert [value for word, value in zip(line, line[1:]) if word == "--set"] == ["optimizer.lr=1e-4", "training.seed=2"]
    assert "--set" not in algorithm.words({**given, "SETTINGS": ""}, QgsProcessingContext(), tmp_path)


def test_metadata_file_stands_for_its_product(tmp_path):
    safe = tmp_path / "S2A.SAFE"
    safe.mkdir()
    (safe / "MTD_MSIL1C.xml").write_text("")
    assert words({"PRODUCT": str(safe / "MTD_MSIL1C.xml")}, tmp_path)[2] == str(safe)


def test_both_or_neither_scene(good, tmp_path, qgis_new_project):
    for parameters in ({}, {"IMAGE": good["image"], "PRODUCT": str(tmp_path)}):
        with pytest.raises(QgsProcessingException, match="either an image"):
            words(parameters, tmp_path)


@pytest.fixture
def provider(qgis_app):
    found = Provider()
    QgsApplication.processingRegistry().addProvider(found)
    yield found
    QgsApplication.processingRegistry().removeProvider(found)


def test_provider_has_documented_algorithms(provider):
    names = {algorithm.name() for algorithm in provider.algorithms()}
    assert {"stack", "detect", "vectorize", "compare", "report", "train", "adapt", "export", "patches"} == names
    for algorithm in provider.algorithms():
        assert len(algorithm.shortHelpString()) > 60
        assert not algorithm.icon().isNull()
        for parameter in algorithm.parameterDefinitions():
            assert parameter.description()


def wait_for(run):
    outcome = []
    run.succeeded.connect(lambda outputs: outcome.append(outputs))
    run.failed.connect(lambda error: outcome.append(error))
    started = run.start()
    wait(lambda: bool(outcome), 60)
    return started, outcome[0]


@pytest.fixture
def fake(provider, fake_engine, monkeypatch):
    """The provider, with an engine that behaves as it is told."""
    import sys

    monkeypatch.setenv("L4S_ENGINE_PYTHON", sys.executable)

    def set_behaviour(behaviour):
        monkeypatch.setattr(base, "command_of", lambda python: fake_engine(behaviour))

    return set_behaviour


def test_background_run_reports_warnings(fake, iface, good, tmp_path):
    fake("good")
    run = BackgroundRun(iface, "l4s:detect", {"IMAGE": good["image"], "OUTPUT": str(tmp_path / "out")}, "Detect")
    started, outputs = wait_for(run)
    assert started
    assert outputs["OUTPUT"] == str(tmp_path / "out")
    assert run._feedback.warnings == ["Half of it is cloud."]


@pytest.mark.parametrize(("behaviour", "code"), [("error", "no-overlap"), ("crash", "engine-crash")])
def test_background_run_tells_failures(fake, iface, good, tmp_path, behaviour, code):
    fake(behaviour)
    run = BackgroundRun(iface, "l4s:detect", {"IMAGE": good["image"], "OUTPUT": str(tmp_path / "out")}, "Detect")
    _, error = wait_for(run)
    assert error.code == code
    assert iface.bar.currentItem() is not None


def test_background_run_is_cancelled(fake, iface, good, tmp_path, monkeypatch):
    monkeypatch.setattr("l4s_qgis.worker.child.GRACE_S", 0.3)
    fake("stubborn")
    run = BackgroundRun(iface, "l4s:detect", {"IMAGE": good["image"], "OUTPUT": str(tmp_path / "out")}, "Detect")
    outcome = []
    run.failed.connect(outcome.append)
    run.start()
    wait(lambda: run._task.status() == run._task.TaskStatus.Running)
    run.cancel()
    wait(lambda: bool(outcome), 15)
    assert outcome[0].code == "cancelled"


def test_parameters_that_cannot_be_used_are_told_at_once(provider, iface, tmp_path, monkeypatch):
    import sys

    monkeypatch.setenv("L4S_ENGINE_PYTHON", sys.executable)
    run = BackgroundRun(iface, "l4s:detect", {"OUTPUT": str(tmp_path)}, "Detect")
    outcome = []
    run.failed.connect(outcome.append)
    assert not run.start()
    assert "either an image" in str(outcome[0])


def test_without_engine_the_algorithm_says_so(provider, iface, good, tmp_path):
    run = BackgroundRun(iface, "l4s:detect", {"IMAGE": good["image"], "OUTPUT": str(tmp_path)}, "Detect")
    outcome = []
    run.failed.connect(outcome.append)
    assert not run.start()
    assert outcome[0].code == "environment-missing"
