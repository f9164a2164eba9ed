"""What is said and shown of a finished detection."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from l4s_qgis.detect.outcome import headline
from l4s_qgis.layers import load_results
from l4s_qgis.messages import Warned, escaped
from osgeo import gdal
from qgis.core import QgsMultiBandColorRenderer, QgsProject

CLEAR = {
    "masked_share": {"cloud": 0.0, "shadow": 0.0, "snow": 0, "nodata": 0},
    "slope_covered": 1.0,
}


def test_a_good_result_is_said_plainly():
    said = headline(12, 7.4, CLEAR)
    assert said.text == "12 landslides found in 7 s."
    assert not said.advice
    assert not headline(0, 7, CLEAR).advice


@pytest.mark.parametrize(
    ("changed", "short", "words"),
    [
        ({"masked_share": {"cloud": 0.9, "shadow": 0.05}}, "95 % of the ground", "another date"),
        ({"masked_share": {"cloud": None, "nodata": 0}}, "no cloud mask", "look at the image"),
        ({"masked_share": {"cloud": 0.1, "snow": 0.5}}, "60 % of the ground", "snow or missing"),
        ({"slope_covered": None}, "no elevation", "detect again"),
        ({"slope_covered": 0.6}, "elevation for 60 %", "Add the missing elevation"),
    ],
)
@pytest.mark.parametrize("count", [0, 5])
def test_hidden_ground_is_in_the_headline(changed, short, words, count):
    """A wholly clouded scene gave a green “No landslide found”."""
    said = headline(count, 7, {**CLEAR, **changed})
    assert short in said.text
    assert len(said.text) < 130  # the bar shows it whole
    assert words in said.advice[0]
    if not count:
        assert "says little" in said.text


def test_warnings_of_the_engine_are_in_the_headline():
    said = headline(3, 7, CLEAR, [Warned("", "Something odd.")])
    assert "1 warnings" in said.text
    assert said.advice == ("Something odd.",)


def test_text_of_files_is_no_markup():
    assert "<img" not in escaped('a <img src="file://host/x"> b')


@pytest.fixture
def finished(detection, make_raster):
    """Outputs of a detection whose stack the engine made from a product."""
    bands = ("B02", "B03", "B04", "B08", "B12", "slope")
    stack = make_raster("stack.tif", bands=6, names=bands)
    dataset = gdal.Open(str(stack), gdal.GA_Update)
    values = np.full((64, 64), 900, np.uint16)
    values[:32] = 1400
    values[0, :4] = 20000  # a cloud, which must not make all else dark
    dataset.GetRasterBand(3).WriteArray(values)
    dataset = None
    safe = detection / "S2_before.SAFE" / "GRANULE" / "L1C" / "IMG_DATA"
    safe.mkdir(parents=True)
    gdal.Translate(
        str(safe / "T51_20200101_TCI.jp2"),
        str(make_raster("rgb.tif", bands=3, dtype=gdal.GDT_Byte)),
        format="JP2OpenJPEG",
    )
    return {
        "INVENTORY": f"{detection / 'inventory.gpkg'}|layername=landslides",
        "PROBABILITY": str(detection / "probability.tif"),
        "RESULT": {
            "stack": str(stack),
            "searched": True,
            "before": str(detection / "S2_before.SAFE"),
        },
    }


def names():
    root = QgsProject.instance().layerTreeRoot()
    return [node.name() for node in root.findLayers()]


def test_the_scene_is_shown_below_the_outlines(iface, finished):
    layer = load_results(finished, "Landslides: S2A, 10:00")
    assert names() == [
        "Landslides: S2A, 10:00",
        "Probability",
        "Natural colour: S2A, 10:00",
        "False colour: S2A, 10:00",
        "Before the event",
    ]
    natural = QgsProject.instance().mapLayersByName("Natural colour: S2A, 10:00")[0]
    renderer = natural.renderer()
    assert isinstance(renderer, QgsMultiBandColorRenderer)
    assert (renderer.redBand(), renderer.greenBand(), renderer.blueBand()) == (3, 2, 1)
    assert renderer.redContrastEnhancement().maximumValue() < 3000
    root = QgsProject.instance().layerTreeRoot()
    assert root.findLayer(natural.id()).isVisible()
    assert layer.name() == "Landslides: S2A, 10:00"


def test_an_image_of_the_project_is_not_added_again(iface, finished):
    finished["RESULT"].update(searched=False, before="")
    load_results(finished, "Landslides: S2A")
    assert names() == ["Landslides: S2A", "Probability"]
    shutil.rmtree(finished["PROBABILITY"], ignore_errors=True)
