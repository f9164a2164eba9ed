"""The dialog's channels, checks, parameters; algorithms' arguments."""

from __future__ import annotations

import errno
import json
import re
from pathlib import Path

import pytest
from l4s_qgis import channels
from l4s_qgis.detect.checks import Request, check, megapixels
from l4s_qgis.detect.dialog import DetectDialog
from l4s_qgis.detect.estimate import duration
from l4s_qgis.detect.run import BackgroundRun
from l4s_qgis.processing import base, inputs
from l4s_qgis.processing.detect import Detect
from l4s_qgis.processing.inventory import Export
from l4s_qgis.processing.provider import Provider
from l4s_qgis.processing.stack import Stack
from l4s_qgis.processing.training import Adapt, Train
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterRasterLayer,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)

from conftest import ROOT, wait

FOUR = ("B2", "green_B03", "red", "nir")


def layer(path, name="image"):
    return QgsRasterLayer(str(path), name, "gdal")


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        ("B02", "B02"),
        ("b2", "B02"),
        ("Band 4", "B04"),
        ("band_11", "B11"),
        ("red", "B04"),
        ("T51QVG_20200101_B08_10m", "B08"),
        ("B8A", None),
        ("T51_B8A_20m", None),
        ("nir", "B08"),
        ("elevation", "DEM"),
        ("Slope", "slope"),
        ("B13", None),
        ("", None),
        ("SWIR 1", "B11"),
        ("WVP", None),
        ("LC09_L2SP_SR_B5", None),
    ],
)
def test_channels_are_recognised(text, channel):
    assert channels.recognise(text) == channel


def test_rules_are_the_engines():
    """The plugin may not import the engine, so tables and bodies are compared as text."""
    plugin = (ROOT / "l4s_qgis" / "band_names.py").read_text()
    engine = (ROOT / "engine" / "bands.py").read_text()

    def part(text, start, end):
        return text[text.index(start) : text.index(end, text.index(start))]

    tables = ("_ALIASES = {", "\n\n\ndef ")
    assert part(plugin, *tables) == part(engine, *tables)
    for body in (
        ("    words = _words(text)\n", "\n\n\n"),
        ("    return next((_QUANTITIES", "\n\n\n"),
        ("    if _SENTINEL2", "\n\n\n"),
        ("def _words", "\n\n\n"),
        ("def described", "\n\n\n"),
    ):
        assert part(plugin + "\n\n", *body) == part(engine, *body)


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


def test_no_box_is_wider_than_the_dialog(iface, qgis_new_project):
    dialog = DetectDialog(iface, iface.window)
    dialog.advanced.setCollapsed(False)
    boxes = (dialog.image, dialog.ground, dialog.result, dialog.advanced)
    assert max(box.minimumSizeHint().width() for box in boxes) < dialog.width() - 40
    dialog.deleteLater()


def errors(**request):
    return [finding.text for finding in check(Request(**request)) if finding.level == "error"]


@pytest.fixture
def good(make_raster, tmp_path):
    request = {
        "images": (layer(make_raster("s2.tif", names=FOUR)),),
        "names": ("B02", "B03", "B04", "B08"),
        "out": str(tmp_path / "out"),
    }
    yield request
    # pytest keeps fixtures of the last test until QGIS has ended; a layer must not live so long
    request.clear()


def test_good_request_has_an_estimate(good, qgis_new_project):
    found = check(Request(**good))
    assert [finding.level for finding in found] == ["warning", "warning", "info"]
    assert "million pixels" in found[-1].text


def test_layer_without_crs(good, make_raster, qgis_new_project):
    image = layer(make_raster("nocrs.tif", names=FOUR, crs=None))
    image.setCrs(QgsCoordinateReferenceSystem())
    assert "no coordinate reference system" in errors(**{**good, "images": (image,)})[0]


def test_eight_bit_colours(good, make_raster, qgis_new_project):
    image = layer(
        make_raster("rgb.tif", bands=3, dtype=gdal.GDT_Byte, names=("red", "green", "blue"))
    )
    assert "8-bit" in errors(**{**good, "images": (image,), "names": ("B04", "B03", "B02")})[0]


def test_a_cloud_mask_has_to_fit_the_image(good, make_raster, qgis_new_project):
    assert errors(**good, clouds="bright") == []
    assert "needs a Level-1C product" in errors(**good, clouds="s2cloudless")[0]
    stack = layer(make_raster("stack.tif", bands=14, names=channels.CHANNELS))
    made = {**good, "images": (stack,), "names": channels.CHANNELS}
    assert errors(**made) == []
    assert "is a stack already" in errors(**made, clouds="off")[0]


def test_layer_on_a_server(good, qgis_new_project):
    image = QgsRasterLayer("type=xyz&url=https://tiles.example/{z}/{x}/{y}.png", "tiles", "wms")
    assert "server" in errors(**{**good, "images": (image,)})[0]


def test_virtual_layers(good, make_raster, qgis_new_project, tmp_path):
    """A calculated raster has no file; a VRT without its files is damaged."""
    base = layer(make_raster("base.tif", names=FOUR), "base")
    QgsProject.instance().addMapLayer(base)
    extent = base.extent()
    uri = (
        f"?crs=EPSG:32651&extent={extent.xMinimum()},{extent.yMinimum()},{extent.xMaximum()},{extent.yMaximum()}"
        f"&width=64&height=64&formula=%22base@1%22&base:uri={base.source()}&base:provider=gdal"
    )
    virtual = QgsRasterLayer(uri, "calculated", "virtualraster")
    assert virtual.isValid()
    assert "is virtual. Save it as a GeoTIFF" in errors(**{**good, "images": (virtual,)})[0]
    assert "is virtual. Save it as a GeoTIFF" in errors(**{**good, "dems": (virtual,)})[0]
    source = make_raster("gone.tif", names=FOUR)
    gdal.BuildVRT(str(tmp_path / "gone.vrt"), [str(source)]).FlushCache()
    image = layer(tmp_path / "gone.vrt")
    source.unlink()
    (tmp_path / "gone.vrt").write_text("<VRTDataset")
    assert "cannot be read" in errors(**{**good, "images": (image,)})[0]


def test_area_of_a_virtual_layer_is_taken(iface, good, tmp_path):
    """Polygons need no file: they are written to one."""
    polygons = QgsVectorLayer("Polygon?crs=EPSG:32651", "memory", "memory")
    feature = QgsFeature()
    feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(300100, 2599500, 300400, 2599900)))
    polygons.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayers([polygons, good["images"][0]])
    virtual = QgsVectorLayer(f"?query=select * from '{polygons.id()}'", "virtual", "virtual")
    QgsProject.instance().addMapLayer(virtual)
    dialog = DetectDialog(iface, iface.window)
    dialog.result.folder.setFilePath(str(tmp_path / "out"))
    dialog.ground.area.setCurrentIndex(2)
    dialog.ground.polygons.setLayer(virtual)
    dialog.image.layer.setLayer(good["images"][0])
    assert [f.text for f in dialog._check() if f.level == "error"] == []
    line = arguments_of(dialog.parameters(), tmp_path)
    assert Path(line[line.index("--aoi") + 1]).stat().st_size > 0
    dialog.ground.selected.setChecked(True)
    assert any("no polygon" in f.text for f in dialog._check())
    dialog.deleteLater()


def test_before_and_own_model_must_be_there(good, tmp_path, qgis_new_project):
    assert "does not exist" in errors(**good, before=str(tmp_path / "S2B.SAFE"))[0]
    assert "is no model" in errors(**good, model=str(tmp_path))[0]
    (tmp_path / "card.json").write_text("{}")
    assert errors(**good, model=str(tmp_path)) == []


def test_read_only_folder(good, tmp_path, monkeypatch, qgis_new_project):
    """Also where rights do not tell, as on a disk that is mounted read-only."""

    def refuse(**_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("l4s_qgis.detect.checks.tempfile.TemporaryFile", refuse)
    assert "cannot be written; choose another folder" in errors(**good)[0]


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
    assert (
        "coordinate reference system"
        in errors(**good, area=far, area_crs=QgsCoordinateReferenceSystem())[0]
    )


def test_folders_that_cannot_be_used(good, tmp_path, monkeypatch, qgis_new_project):
    assert "Choose a folder" in errors(**{**good, "out": ""})[0]
    (tmp_path / "file").write_text("")
    assert "cannot be written" in errors(**{**good, "out": str(tmp_path / "file" / "below")})[0]
    monkeypatch.setattr("l4s_qgis.detect.estimate.BYTES_PER_PIXEL", 10**12)
    assert "are free there" in errors(**good)[0]


def test_nothing_chosen(qgis_new_project, tmp_path):
    assert "Choose an image" in errors(out=str(tmp_path))[0]
    assert "does not exist" in errors(out=str(tmp_path), product=str(tmp_path / "S2.zip"))[0]


def test_layer_in_degrees_is_measured_in_metres(good, make_raster, qgis_new_project):
    image = layer(
        make_raster("degrees.tif", names=FOUR, crs=4326, origin=(121.0, 24.0), pixel=0.0001)
    )
    assert errors(**{**good, "images": (image,)}) == []
    assert megapixels(Request(images=(image,))) == pytest.approx(
        0.0064**2 * 101.7e3 * 110.75e3 / 100 / 1e6, rel=0.01
    )


def test_durations_are_said_as_people_do():
    assert duration(7) == "a few seconds"
    assert duration(31) == "about 35 seconds"
    assert duration(600) == "about 10 minutes"
    assert duration(7200) == "about 2.0 hours"


def arguments_of(parameters, tmp_path):
    algorithm = Detect().create()
    return algorithm.arguments(
        {"OUTPUT": str(tmp_path / "out"), **parameters}, QgsProcessingContext(), tmp_path
    )


def test_command_line_of_a_layer(good, make_raster, tmp_path, qgis_new_project):
    dem = layer(make_raster("dem.tif", bands=1, dtype=gdal.GDT_Int16))
    line = arguments_of(
        {
            "IMAGE": good["images"][0],
            "DEM": [dem],
            "THRESHOLD": 0.4,
            "MIN_AREA": 900,
            "TTA": 2,
            "CRF": True,
            "MODEL": "light; other",
            "CLOUDS": 1,
        },
        tmp_path,
    )
    assert line[:3] == ["detect", "--sentinel2", good["images"][0].source()]
    text = " ".join(line)
    for part in (
        "--dem " + str(dem.source()),
        "--threshold 0.4",
        "--min-area 900",
        "--tta d4",
        "--crf",
        "--model light --model other",
        "--quality bright",
    ):
        assert part in text
    assert line[-2:] == ["--out", str(tmp_path / "out")]


def test_reflectance_becomes_digital_numbers(make_raster, tmp_path):
    import numpy as np

    path = make_raster(
        "reflectance.tif", bands=3, dtype=gdal.GDT_Float32, values=np.full((64, 64), 0.23)
    )
    virtual = inputs.named_image(str(path), ["B02", "B03", None], tmp_path)
    assert gdal.Open(virtual).RasterCount == 2
    assert gdal.Open(virtual).GetRasterBand(1).GetScale() == 10000


def test_engines_own_stack_is_read_as_it_is(make_raster, tmp_path, qgis_new_project):
    path = make_raster("stack.tif", bands=14, names=channels.CHANNELS)
    assert arguments_of({"IMAGE": layer(path)}, tmp_path)[1:3] == ["--stack", str(path)]
    with pytest.raises(QgsProcessingException, match="is a stack already"):
        arguments_of({"IMAGE": layer(path), "CLOUDS": 1}, tmp_path)
    made = (
        Stack()
        .create()
        .arguments(
            {"IMAGE": layer(path), "CLOUDS": 3, "OUTPUT": str(tmp_path / "new.tif")},
            QgsProcessingContext(),
            tmp_path,
        )
    )
    assert made[1:5] == ["--sentinel2", str(path), "--quality", "off"]


def test_area_is_written_with_its_crs(good, tmp_path, qgis_new_project):
    line = arguments_of(
        {"IMAGE": good["images"][0], "EXTENT": "300000,300300,2599700,2600000 [EPSG:32651]"},
        tmp_path,
    )
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
    line = algorithm.arguments(given, QgsProcessingContext(), tmp_path)
    assert [value for word, value in zip(line, line[1:]) if word == "--set"] == [
        "optimizer.lr=1e-4",
        "training.seed=2",
    ]
    assert "--set" not in algorithm.arguments(
        {**given, "SETTINGS": ""}, QgsProcessingContext(), tmp_path
    )


def test_metadata_file_stands_for_its_product(tmp_path):
    safe = tmp_path / "S2A.SAFE"
    safe.mkdir()
    (safe / "MTD_MSIL1C.xml").write_text("")
    assert arguments_of({"PRODUCT": str(safe / "MTD_MSIL1C.xml")}, tmp_path)[2] == str(safe)


def test_both_or_neither_scene(good, tmp_path, qgis_new_project):
    for parameters in ({}, {"IMAGE": good["images"][0], "PRODUCT": str(tmp_path)}):
        with pytest.raises(QgsProcessingException, match="either an image"):
            arguments_of(parameters, tmp_path)


@pytest.fixture
def provider(qgis_app):
    found = Provider()
    QgsApplication.processingRegistry().addProvider(found)
    yield found
    QgsApplication.processingRegistry().removeProvider(found)


def test_provider_has_documented_algorithms(provider):
    names = {algorithm.name() for algorithm in provider.algorithms()}
    assert {
        "stack",
        "simulate",
        "detect",
        "vectorize",
        "compare",
        "report",
        "train",
        "adapt",
        "export",
        "patches",
    } == names
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
    run = BackgroundRun(
        iface, "l4s:detect", {"IMAGE": good["images"][0], "OUTPUT": str(tmp_path / "out")}, "Detect"
    )
    started, outputs = wait_for(run)
    assert started
    assert outputs["OUTPUT"] == str(tmp_path / "out")
    assert [warned.sentence for warned in run.warnings] == ["Half of it is cloud."]


@pytest.mark.parametrize(
    ("behaviour", "code", "advice"),
    [
        ("error", "no-overlap", "check their coordinate reference systems"),
        ("crash", "engine-crash", "QGIS is not affected"),
        ("killed", "engine-crash", "memory ran out"),
        ("full", "disk-full", "free some space or choose another output folder"),
    ],
)
def test_background_run_tells_failures(fake, iface, good, tmp_path, behaviour, code, advice):
    fake(behaviour)
    run = BackgroundRun(
        iface, "l4s:detect", {"IMAGE": good["images"][0], "OUTPUT": str(tmp_path / "out")}, "Detect"
    )
    _, error = wait_for(run)
    assert error.code == code
    assert advice in iface.bar.currentItem().text()


def test_background_run_is_cancelled(fake, iface, good, tmp_path, monkeypatch):
    monkeypatch.setattr("l4s_qgis.worker.child.GRACE_S", 0.3)
    fake("stubborn")
    run = BackgroundRun(
        iface, "l4s:detect", {"IMAGE": good["images"][0], "OUTPUT": str(tmp_path / "out")}, "Detect"
    )
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
    run = BackgroundRun(
        iface, "l4s:detect", {"IMAGE": good["images"][0], "OUTPUT": str(tmp_path)}, "Detect"
    )
    outcome = []
    run.failed.connect(outcome.append)
    assert not run.start()
    assert outcome[0].code == "environment-missing"


def start_detection(iface, monkeypatch, good, out):
    """The plugin with its dialog open and everything answered."""
    import sys

    from l4s_qgis import classFactory

    monkeypatch.setenv("L4S_ENGINE_PYTHON", sys.executable)
    plugin = classFactory(iface)
    plugin.initGui()
    QgsProject.instance().addMapLayers([good["images"][0]])
    dialog = plugin.detect()
    dialog.result.folder.setFilePath(str(out))
    assert dialog.start.isEnabled(), dialog.findings.text()
    return plugin, dialog


def test_answers_are_kept_after_a_failure(iface, good, tmp_path, monkeypatch, fake_engine):
    plugin, dialog = start_detection(iface, monkeypatch, good, tmp_path / "out")
    dialog.advanced.threshold.setValue(0.35)
    monkeypatch.setattr(base, "command_of", lambda python: fake_engine("full"))
    dialog.start.click()
    assert not dialog.isVisible()
    wait(lambda: not plugin._runs, 30)
    assert "disk is full" in iface.bar.currentItem().text()
    again = plugin.detect()
    assert again is dialog
    assert again.isVisible()
    assert again.advanced.threshold.value() == pytest.approx(0.35)
    again.reject()
    assert plugin.detect() is not again
    plugin.unload()


def test_environment_deleted_behind_the_dialogs_back(iface, good, tmp_path, monkeypatch):
    plugin, dialog = start_detection(iface, monkeypatch, good, tmp_path / "out")
    monkeypatch.setenv("L4S_ENGINE_PYTHON", str(tmp_path / "deleted" / "bin" / "python"))
    dialog.start.click()
    assert plugin._runs == []
    assert "damaged or was removed" in iface.bar.currentItem().text()
    assert "repair it" in iface.bar.currentItem().text()
    # and the next click leads to the repair
    assert type(plugin.detect()).__name__ == "EngineDialog"
    plugin.unload()


def test_unloading_ends_the_engine(iface, good, tmp_path, monkeypatch, fake_engine):
    """As when QGIS is closed or the plugin disabled during a detection."""
    monkeypatch.setattr("l4s_qgis.worker.child.GRACE_S", 0.3)
    plugin, dialog = start_detection(iface, monkeypatch, good, tmp_path / "out")
    monkeypatch.setattr(base, "command_of", lambda python: fake_engine("stubborn"))
    dialog.start.click()
    run = plugin._runs[0]
    wait(lambda: run._task.status() == run._task.TaskStatus.Running and run._feedback.lines)
    ended = []
    run.failed.connect(ended.append)
    plugin.unload()
    wait(lambda: bool(ended), 20)
    assert ended[0].code == "cancelled"


@pytest.mark.parametrize("kind", [Detect, Train, Adapt])
def test_temporary_folder_is_a_folder(kind, good, tmp_path, qgis_new_project):
    """The toolbox hands over a word where the person left the folder to QGIS."""
    algorithm = kind().create()
    given = {
        "IMAGE": good["images"][0],
        "DATA": str(tmp_path),
        "TARGET": str(tmp_path),
        "OUTPUT": "TEMPORARY_OUTPUT",
    }
    line = algorithm.arguments(given, QgsProcessingContext(), tmp_path)
    out = Path(line[line.index("--out") + 1])
    assert out.is_absolute()
    assert "TEMPORARY_OUTPUT" not in str(out)


def test_inventory_without_a_file_is_written_to_one(detection, qgis_new_project):
    """Results of other steps of a model are often in memory; a filter counts."""
    stored = QgsVectorLayer(f"{detection / 'inventory.gpkg'}|layername=landslides", "stored", "ogr")
    algorithm = Export().create()
    context = QgsProcessingContext()

    def source(vector):
        line = algorithm.arguments(
            {"INVENTORY": vector, "OUTPUT": str(detection / "e.geojson")}, context, detection
        )
        return line[line.index("--inventory") + 1]

    assert source(stored) == str(detection / "inventory.gpkg")
    stored.setSubsetString("id = 1")
    memory = stored.materialize(QgsFeatureRequest())
    for vector in (stored, memory):
        written = QgsVectorLayer(f"{source(vector)}|layername=landslides", "written", "ogr")
        assert [feature["id"] for feature in written.getFeatures()] == [1]
    memory.setCrs(QgsCoordinateReferenceSystem())
    with pytest.raises(QgsProcessingException, match="no coordinate reference system"):
        source(memory)


def test_model_of_two_algorithms(provider, engine_python, detection, qgis_new_project):
    """The modeler with the real engine: polygons, then their export."""
    source = QgsProcessingModelChildParameterSource
    model = QgsProcessingModelAlgorithm("chain", "tests")
    model.addModelParameter(
        QgsProcessingParameterRasterLayer("P", "P"), QgsProcessingModelParameter("P")
    )
    first = QgsProcessingModelChildAlgorithm("l4s:vectorize")
    first.setChildId("polygons")
    first.addParameterSources("PROBABILITY", [source.fromModelParameter("P")])
    first.addParameterSources("THRESHOLD", [source.fromStaticValue(0.5)])
    second = QgsProcessingModelChildAlgorithm("l4s:export")
    second.setChildId("export")
    second.addParameterSources("INVENTORY", [source.fromChildOutput("polygons", "OUTPUT")])
    second.addParameterSources("FORMAT", [source.fromStaticValue(0)])
    second.addParameterSources("REVIEWED", [source.fromStaticValue(False)])
    output = QgsProcessingModelOutput("E", "E")
    output.setChildId("export")
    output.setChildOutputName("OUTPUT")
    second.setModelOutputs({"E": output})
    for child in (first, second):
        model.addChildAlgorithm(child)
    assert model.validate()[0], model.validate()
    parameters = {"P": str(detection / "probability.tif"), "export:E": str(detection / "e.geojson")}
    _, succeeded = model.run(parameters, QgsProcessingContext(), QgsProcessingFeedback())
    assert succeeded
    assert len(json.loads((detection / "e.geojson").read_text())["features"]) == 3


def test_paths_are_absolute_because_the_engine_works_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "light").mkdir()
    (tmp_path / "dem.tif").write_text("")
    given = ["detect", "--dem", "dem.tif", "--model", "light", "--threshold", "0.4", "--out", "new"]
    assert base.absolute(given) == [
        "detect",
        *("--dem", str(tmp_path / "dem.tif")),
        *("--model", "light"),
        *("--threshold", "0.4"),
        *("--out", str(tmp_path / "new")),
    ]
    assert base.absolute(["--model", "./light"])[1] == str(tmp_path / "light")


def test_drawn_areas_may_overlap_and_cross_themselves(tmp_path, qgis_new_project):
    """Collected as they are, one polygon inside another is invalid, and the engine refuses it."""
    outer = QgsGeometry.fromRect(QgsRectangle(0, 0, 100, 100))
    inner = QgsGeometry.fromRect(QgsRectangle(20, 20, 40, 40))
    bow = QgsGeometry.fromWkt("POLYGON((200 0, 300 100, 300 0, 200 100, 200 0))")
    crs = QgsCoordinateReferenceSystem("EPSG:32651")
    together = QgsGeometry.collectGeometry([outer, inner])
    path = inputs.write_area([together, bow], crs, tmp_path)
    written = QgsVectorLayer(path, "area", "ogr")
    (feature,) = written.getFeatures()
    assert feature.geometry().isGeosValid()
    assert feature.geometry().area() == pytest.approx(10_000 + 5_000)


def test_every_stage_of_the_engine_has_a_title():
    """Else people read the engine's own English words."""
    stages = {
        name
        for path in (ROOT / "engine").rglob("*.py")
        for name in re.findall(r'progress\(\s*"([a-z ]+)"', path.read_text())
    }
    assert {"stack", "measuring"} <= stages
    assert stages - {"seams"} <= set(base.stage_titles())  # seams: of the model's own command
    assert base.stage_title("newer stage") == "Newer stage"
