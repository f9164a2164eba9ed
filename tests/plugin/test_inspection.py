"""What the engine says of files, before the start."""

from __future__ import annotations

import json
import subprocess
import zipfile

import pytest
from l4s_qgis.detect.dialog import DetectDialog
from l4s_qgis.detect.inspection import Inspected, read
from l4s_qgis.detect.inspector import Inspector
from osgeo import gdal

from conftest import wait

IMAGE = {
    "name": "S2A",
    "level": "L1C",
    "date": "2020-01-01",
    "baseline": "04.00",
    "size_px": [1000, 500],
    "resolution_m": 20.0,
    "channels": {"B02": 10.0},
    "missing": [],
    "dn_offset": [-1000.0],
    "mask": "SCL",
    "quality_share": {"clear": 1.0},
    "left_out": [],
}


def texts(result, level):
    found = read(result, Inspected())
    return [finding.text for finding in found.findings if finding.level == level]


def test_an_image_is_described():
    (text,) = texts({"images": [IMAGE]}, "info")
    assert text == "S2A, Level-1C, 2020-01-01, baseline 04.00, 1 bands, offset -1,000"
    assert texts({"images": [IMAGE]}, "warning") == []
    assert read({"images": [IMAGE]}, Inspected()).mpx == pytest.approx(2.0)  # on 10 m


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"missing": ["B10", "B12"]}, "B10, B12"),
        ({"mask": ""}, "no cloud mask"),
        ({"quality_share": {"cloud": 0.5, "snow": 0.1}}, "60 % of the image"),
    ],
)
def test_what_may_disappoint_is_said(changed, words):
    (text,) = texts({"images": [{**IMAGE, **changed}]}, "warning")
    assert words in text


def test_refused_files_forbid_the_start():
    assert texts({"refused": {"x.zip": "It has a password."}}, "error") == ["It has a password."]


@pytest.mark.parametrize(
    "result", [{"images": 3}, {"images": [{}]}, {"refused": [1]}, {"images": [None]}]
)
def test_an_engine_that_says_something_else_does_no_harm(result):
    assert read(result, Inspected(mpx=7)).mpx == 7


@pytest.fixture
def scene(tmp_path, engine_python):
    command = [engine_python, "-m", "engine", "simulate", "--size", "120", "--seed", "3", "--out"]
    from conftest import ROOT

    subprocess.run(
        [*map(str, command), str(tmp_path / "s")], check=True, capture_output=True, cwd=ROOT
    )
    return tmp_path / "s"


def test_dialog_asks_the_engine(iface, scene, tmp_path, qgis_new_project):
    """Also for elevation that QGIS itself cannot open, as the zips of ALOS."""
    with zipfile.ZipFile(tmp_path / "AP_1_RT1.zip", "w") as archive:
        archive.write(scene / "dem.tif", "AP_1_RT1/AP_1_RT1.dem.tif")
    dialog = DetectDialog(iface, iface.window)
    dialog.result.folder.setFilePath(str(tmp_path / "out"))
    dialog.image.product.setFilePath(str(scene / "sentinel2"))
    dialog.ground.dem.use_files([str(tmp_path / "AP_1_RT1.zip")])
    dialog._check()
    assert "Looking at the files" in dialog.findings.text()
    assert dialog.start.isEnabled()  # who is in a hurry need not wait
    wait(lambda: "Looking" not in dialog.findings.text(), 30)
    assert "12 bands" in dialog.findings.text()
    assert "✖" not in dialog.findings.text()
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 no zip at all")
    dialog.image.product.setFilePath(str(tmp_path / "broken.zip"))
    dialog._check()
    wait(lambda: "✖" in dialog.findings.text(), 30)
    assert not dialog.start.isEnabled()
    dialog.reject()
    dialog.deleteLater()


def test_only_the_last_question_is_answered(iface, engine_python, make_raster):
    first, second = (str(make_raster(f"dem{n}.tif", bands=1, dtype=gdal.GDT_Int16)) for n in (1, 2))
    inspector = Inspector(iface.window)
    answers = []
    inspector.found.connect(lambda: answers.append(inspector.ask([second])))
    assert inspector.ask([first]) is None
    assert inspector.ask([second]) is None
    wait(lambda: bool(answers), 30)
    assert answers[0] is not None, inspector.failure
    assert first not in json.dumps(answers[0])
    assert not inspector.is_busy
    assert inspector.ask([]) is None


def test_without_an_engine_the_dialog_still_opens(iface, tmp_path, qgis_new_project):
    (tmp_path / "x.zip").write_bytes(b"")
    dialog = DetectDialog(iface, iface.window)
    dialog.image.product.setFilePath(str(tmp_path / "x.zip"))
    dialog._check()
    wait(lambda: "Looking" not in dialog.findings.text())
    assert "not installed yet" in dialog.findings.text()
    dialog.reject()
    dialog.deleteLater()
