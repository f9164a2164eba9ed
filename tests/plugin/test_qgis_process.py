"""The algorithms from ``qgis_process``, as scripts and servers call them.

The built zip, the real engine, a simulated scene.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from osgeo import gdal
from qgis.core import QgsCoordinateTransformContext, QgsDistanceArea, QgsVectorLayer

from test_desktop import BANDS, build_zip, install, make_scene

# Debian's wrapper hands QGIS's own options to qgis_process, which does not know them.
PROGRAM = shutil.which("qgis_process.bin") or shutil.which("qgis_process")
LIMIT_S = 240


class Caller:
    """Calls algorithms in a home of its own, in which the plugin is installed."""

    def __init__(self, home: Path, python: str) -> None:
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("QGIS_")},
            "HOME": str(home),
            "XDG_DATA_HOME": str(home / ".local" / "share"),
            "XDG_RUNTIME_DIR": str(home),
            "QT_QPA_PLATFORM": "offscreen",
            "LC_ALL": "C.UTF-8",
            "L4S_ENGINE_PYTHON": python,
            "PYTHONPATH": "",
            # QGIS's embedded Python looks for its home beside the first python3 on the path, which
            # must be the system's.
            "PATH": os.pathsep.join(["/usr/bin", "/bin"]),
        }

    def ended(self, algorithm: str, **parameters: object) -> subprocess.CompletedProcess[str]:
        """Run an algorithm, however it ends."""
        words = [f"{name}={value}" for name, value in parameters.items()]
        command = [PROGRAM, "--json", "run", algorithm, "--", *words]
        return subprocess.run(
            command,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )

    def __call__(self, algorithm: str, **parameters: object) -> dict[str, object]:
        """Run an algorithm that succeeds; returns its outputs."""
        ended = self.ended(algorithm, **parameters)
        assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
        return json.loads(ended.stdout[ended.stdout.index("{") :])["results"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with the plugin installed, and a simulated scene."""
    python = os.environ.get("L4S_ENGINE_PYTHON_GIVEN")
    if PROGRAM is None or not python or not Path(python).exists():
        pytest.skip("qgis_process or the engine is not installed")
    folder = tmp_path_factory.mktemp("qgis_process")
    install(build_zip(folder / "dist"), folder / ".local" / "share" / "QGIS" / "QGIS3")
    make_scene(folder / "scene", python, 160)
    folder.chmod(0o700)
    return folder


@pytest.fixture(scope="module")
def call(home):
    """Calls algorithms."""
    return Caller(home, os.environ["L4S_ENGINE_PYTHON_GIVEN"])


@pytest.fixture(scope="module")
def detected(home, call):
    """Outputs of ``l4s:detect``; one landslide is accepted, one rejected."""
    outputs = call(
        "l4s:detect",
        IMAGE=home / "scene" / "image.vrt",
        DEM=home / "scene" / "dem.tif",
        OUTPUT=home / "result",
    )
    with closing(sqlite3.connect(home / "result" / "inventory.gpkg")) as connection, connection:
        # the triggers of the spatial index
        connection.create_function("ST_IsEmpty", 1, lambda _: 0)
        for name in ("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            connection.create_function(name, 1, lambda _: 0.0)
        connection.execute("UPDATE landslides SET status = 'accepted' WHERE fid = 1")
        connection.execute("UPDATE landslides SET status = 'rejected' WHERE fid = 2")
    return outputs


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT count(*) FROM landslides").fetchone()[0]


def test_detect(home, detected):
    assert detected["COUNT"] == count(home / "result" / "inventory.gpkg") > 2
    assert detected["INVENTORY"] == f"{home / 'result' / 'inventory.gpkg'}|layername=landslides"
    for name in ("PROBABILITY", "MASK", "REPORT"):
        assert Path(detected[name]).is_file()


def test_detect_an_image_in_degrees(home, call):
    """Neither refused nor measured wrongly."""
    source, degrees = home / "scene" / "image.vrt", home / "degrees.tif"
    warped = gdal.Warp(str(degrees), str(source), dstSRS="EPSG:4326")
    for number, name in enumerate(BANDS, start=1):
        warped.GetRasterBand(number).SetDescription(name)
    warped = None  # closes the file
    call("l4s:detect", IMAGE=degrees, DEM=home / "scene" / "dem.tif", OUTPUT=home / "degrees")
    layer = QgsVectorLayer(
        f"{home / 'degrees' / 'inventory.gpkg'}|layername=landslides", "degrees", "ogr"
    )
    measure = QgsDistanceArea()
    measure.setSourceCrs(layer.crs(), QgsCoordinateTransformContext())
    measure.setEllipsoid("WGS84")
    found = [
        (feature["area_m2"], measure.measureArea(feature.geometry()))
        for feature in layer.getFeatures()
    ]
    assert len(found) > 2
    for noted, measured in found:
        assert noted == pytest.approx(measured, rel=0.01)


def test_vectorize_at_another_threshold_and_compare(home, call, detected):
    table = home / "higher.gpkg"
    call("l4s:vectorize", PROBABILITY=detected["PROBABILITY"], THRESHOLD=0.3, OUTPUT=table)
    assert count(table) > 0
    outputs = call("l4s:compare", INVENTORY=detected["INVENTORY"], REFERENCE=table)
    assert "one to one" in outputs["TABLE"]


def test_report_and_export(home, call, detected):
    call(
        "l4s:report",
        INVENTORY=detected["INVENTORY"],
        PROBABILITY=detected["PROBABILITY"],
        OUTPUT=home / "r.html",
    )
    assert "<svg" in (home / "r.html").read_text() or "<img" in (home / "r.html").read_text()
    outputs = call(
        "l4s:export",
        INVENTORY=detected["INVENTORY"],
        FORMAT=0,
        REVIEWED=True,
        OUTPUT=home / "e.geojson",
    )
    features = json.loads(Path(outputs["OUTPUT"]).read_text())["features"]
    assert [feature["properties"]["status"] for feature in features] == ["accepted"]
    outputs = call(
        "l4s:export",
        INVENTORY=detected["INVENTORY"],
        FORMAT=4,
        REVIEWED=True,
        OUTPUT=home / "e.gpkg",
    )
    layers = gdal.OpenEx(outputs["OUTPUT"])
    names = {layers.GetLayer(i).GetName() for i in range(layers.GetLayerCount())}
    assert {"landslides", "aoi", "run"} <= names
    assert layers.GetLayerByName("landslides").GetFeatureCount() == 1


def test_stack_and_patches(home, call, detected):
    outputs = call(
        "l4s:stack",
        IMAGE=home / "scene" / "image.vrt",
        DEM=home / "scene" / "dem.tif",
        OUTPUT=home / "stack.tif",
    )
    assert gdal.Open(outputs["OUTPUT"]).RasterCount >= 14
    outputs = call(
        "l4s:patches",
        INVENTORY=detected["INVENTORY"],
        STACK=home / "stack.tif",
        OUTPUT=home / "patches",
    )
    assert (Path(outputs["OUTPUT"]) / "index.json").is_file()


def test_failure_is_told_with_an_exit_code(home, call):
    ended = call.ended(
        "l4s:detect", IMAGE=home / "scene" / "dem.tif", CHANNELS="B02,B03", OUTPUT=home / "nothing"
    )
    assert ended.returncode != 0
    assert "2 channels are given for 1 bands" in ended.stdout + ended.stderr
    assert not (home / "nothing").exists()
