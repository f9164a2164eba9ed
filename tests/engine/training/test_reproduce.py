"""A whole method in one command, small: every file, the table, and going on after a stop."""

from __future__ import annotations

import json
import zipfile

import pytest
from patch_files import write_image
from test_run import toml
from training_cases import TINY, landscape

from engine.cli import main
from engine.errors import CancelledError, DatasetError
from engine.events import Log, Progress, Reporter
from engine.patches.landslide4sense import write_mask
from engine.training.experiments.reproduce import METHODS, reproduce
from engine.training.recipe import recipe_names


@pytest.fixture
def dataset(tmp_path):
    """Training patches with masks, and two unlabelled test patches."""
    root = tmp_path / "l4s"
    arrays = landscape(count=4, size=128)
    # Ids of one row of site 1 and of site 4, so that both have a block.
    for number, index in ((1, 0), (2, 1), (3306, 2), (3307, 3)):
        write_image(root / "TrainData" / "img" / f"image_{number}.h5", arrays.images[index])
        path = root / "TrainData" / "mask" / f"mask_{number}.h5"
        path.parent.mkdir(exist_ok=True)
        write_mask(path, arrays.masks[index])
    for number, image in enumerate(landscape(count=2, size=128, seed=4).images, start=1):
        write_image(root / "TestData" / "img" / f"image_{number}.h5", image)
    return root


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "small.toml"
    members = {"small": {"width": 4}, "wide": {"width": 6}}
    more = {"schedule": {"steps": 2}, "adaptation": {"rounds": 1}, "members": members}
    data = {**TINY["data"], "validation": "site", "folds": 2}
    path.write_text(toml({**TINY, **more, "data": data}))
    return path


def test_a_method_goes_from_the_data_to_the_submission(dataset, recipe, tmp_path, capfd):
    out = tmp_path / "run"
    words = ["reproduce", str(recipe), "--data", str(dataset), "--out", str(out)]
    assert main(words) == 0
    text = capfd.readouterr().out
    assert "small, held out" in text
    with zipfile.ZipFile(out / "submission-test.zip") as packed:
        assert packed.namelist() == ["mask_1.h5", "mask_2.h5"]
    facts = json.loads((out / "reproduce.json").read_text())
    assert [row["split"] for row in facts["splits"]] == ["test"]
    assert all("adapt" in model["path"] for model in facts["models"])
    digests = [model["digest"] for model in facts["models"]]
    kept = (out / "submission-test.zip").stat().st_mtime_ns
    assert main(words) == 0  # nothing is done again
    facts = json.loads((out / "reproduce.json").read_text())
    assert [model["digest"] for model in facts["models"]] == digests
    assert (out / "submission-test.zip").stat().st_mtime_ns == kept
    assert main([*words, "--set", "optimizer.lr=0.5"]) == 2
    assert "optimizer.lr" in capfd.readouterr().err


def test_a_stopped_run_goes_on_and_masks_are_scored_where_there_are_any(dataset, recipe, tmp_path):
    masks = dataset / "TestData" / "mask"
    masks.mkdir()
    for number, mask in enumerate(landscape(count=2, size=128, seed=4).masks, start=1):
        write_mask(masks / f"mask_{number}.h5", mask)
    seen = []

    def asked():
        return sum(isinstance(e, Progress) and e.stage == "training" for e in seen) >= 3

    with pytest.raises(CancelledError):
        reproduce(recipe, dataset, tmp_path / "run", reporter=Reporter(seen.append, asked))
    said = []
    facts = reproduce(recipe, dataset, tmp_path / "run", reporter=Reporter(said.append))
    messages = [event.message for event in said if isinstance(event, Log)]
    assert any("hours on" in message for message in messages)
    steps = [e for e in said if isinstance(e, Progress) and e.stage == "training"]
    assert len(steps) <= 8 - 2  # of two networks and one round, less what was done before
    assert {row["round"] for row in facts["rounds"]} == {0, 1}
    assert 0 <= facts["splits"][0]["scores"]["precision"] <= 1
    table = (tmp_path / "run" / "table.md").read_text()
    assert "round 1, ensemble, test" in table
    assert "masks, test" in table


def test_without_training_patches_there_is_one_sentence(tmp_path, recipe):
    write_image(tmp_path / "x" / "TestData" / "img" / "image_1.h5", landscape(1, 128).images[0])
    with pytest.raises(DatasetError, match="data get"):
        reproduce(recipe, tmp_path / "x", tmp_path / "run")


def test_methods_are_recipes():
    assert set(METHODS) <= set(recipe_names())
