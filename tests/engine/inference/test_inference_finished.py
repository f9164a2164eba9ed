"""What a raster notes of its own run, damaged in every way that keeps it a raster."""

import json

import numpy as np
import pytest
import rasterio
import shapely
from inference_cases import scene

from engine.errors import UnreadableFileError
from engine.files import ResultFolder
from engine.handles import ProbabilityRaster
from engine.inference import finished
from engine.inference.config import InferenceConfig
from engine.inference.detect import predict
from engine.pipeline import redraw

CONFIG = InferenceConfig(device="cpu", threads=1, checkpoint_s=-1)
AREA = shapely.box(500_100, 2_499_000, 501_000, 2_499_900)


@pytest.fixture
def result(make_stack, make_bundle, tmp_path):
    stack, bundle = make_stack(scene((128, 128))), make_bundle(np.full((3, 3, 3), 0.1))

    def run():
        return predict(stack, [bundle], out=tmp_path / "out", config=CONFIG, area=AREA)

    run()
    return run


def retag(path, **tags):
    with rasterio.open(path, "r+") as file:
        file.update_tags(**tags)


def test_facts_and_area_come_back_whole(result, tmp_path):
    origin = finished.origin_of(ResultFolder(tmp_path / "out").probability)
    assert origin.area is not None
    assert origin.area.equals(AREA)
    assert origin.facts["members"][0]["name"] == "tiny"


def test_a_raster_of_another_program_notes_nothing(tmp_path, make_stack):
    stack = make_stack({"B02": np.ones((8, 8))})
    assert finished.origin_of(stack.path) == finished.Origin("", {}, None)


@pytest.mark.parametrize(
    "tags",
    [
        {"facts": "{"},
        {"facts": "[]"},
        {"facts": "[" * 100_000},
        {"facts": json.dumps({"members": [1]})},
        {"area": "01"},
        {"area": "zz"},
        {"area": shapely.to_wkb(shapely.Point(1, 2), hex=True)},
        {"area": shapely.to_wkb(shapely.box(0, 0, 1, float("inf")), hex=True)},
        {"facts_sha256": "0" * 64},
        {"request": "another"},
    ],
    ids=lambda tags: "-".join(f"{key} {value[:12]}" for key, value in tags.items()),
)
def test_damaged_notes_are_one_sentence_and_are_computed_anew(result, tags, tmp_path):
    folder = ResultFolder(tmp_path / "out")
    retag(folder.probability, **tags)
    with pytest.raises(UnreadableFileError, match="notes of its own run is damaged"):
        redraw(ProbabilityRaster.open(folder.probability), out=tmp_path / "i.gpkg")
    assert not (tmp_path / "i.gpkg").exists()
    assert result().facts["reused"] is False
    assert result().facts["reused"] is True


@pytest.mark.parametrize("tags", [{"facts": "{"}, {"facts": "[]"}, {"area": "01"}])
def test_damage_is_noticed_without_a_digest_too(tags):
    noted = finished.tags("f", {"members": []}, AREA)
    del noted["facts_sha256"]
    assert finished._parse(noted).request == "f"
    with pytest.raises((ValueError, TypeError, shapely.errors.ShapelyError)):
        finished._parse({**noted, **tags})


def test_one_flipped_letter_of_the_facts_is_noticed(result, tmp_path):
    path = ResultFolder(tmp_path / "out").probability
    with rasterio.open(path) as file:
        facts = file.tags()["facts"]
    retag(path, facts=facts.replace('"valid_pixels": ', '"valid_pixels": 1', 1))
    with pytest.raises(UnreadableFileError, match="digest"):
        finished.origin_of(path)
