"""`l4s adapt` on each kind of target, and `l4s detect` with what training and adaptation write, as
it is."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from patch_files import write_image
from rasterio.transform import from_origin
from test_run import toml
from training_cases import TINY, landscape, tiny

from engine.bands import CHANNELS, NAMES
from engine.cli import main
from engine.models.bundle import ModelBundle
from engine.patches.landslide4sense import write_mask
from engine.training.run import train

LONG = {
    "schedule": {"steps": 60},
    "training": {"validate_every": 60},
    "data": {"positive_share": 1.0},
}


@pytest.fixture(scope="module")
def teacher(packed, tmp_path_factory) -> ModelBundle:
    return train(tiny(**LONG), packed, tmp_path_factory.mktemp("teacher"))


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A stack as `l4s stack` describes it, 260 x 260 pixels of raw units with scars, and where
    these are."""
    folder = tmp_path_factory.mktemp("scene")
    masks = np.zeros((260, 260), np.uint8)
    images = (
        landscape(count=4, size=260, seed=6).images[3].astype(np.float32)
    )  # the fourth has no scar of its own
    for row, column in ((20, 30), (100, 150), (180, 60), (200, 210)):
        masks[row : row + 30, column : column + 20] = 1
    for band, channel in enumerate(CHANNELS):
        if channel.name in ("B02", "B03", "B04", "B11"):
            images[band] += channel.divisor * 3 * channel.std * masks
    path = folder / "scene.tif"
    profile = {
        "driver": "GTiff",
        "count": 14,
        "height": 260,
        "width": 260,
        "dtype": "float32",
        "nodata": np.nan,
    }
    with rasterio.open(
        path, "w", crs="EPSG:32633", transform=from_origin(5e5, 4e6, 10, 10), **profile
    ) as dataset:
        dataset.write(images)
        dataset.descriptions = NAMES
    return path, masks


@pytest.fixture
def words(teacher, packed, tmp_path):
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(toml({**TINY, "schedule": {"steps": 4}, "adaptation": {"start": "teacher"}}))
    chosen = [
        "--model",
        teacher.path,
        "--recipe",
        recipe,
        "--data",
        packed,
        "--out",
        tmp_path / "out",
    ]
    return ["adapt", *map(str, chosen), "--events", "json"]


def result(capfd):
    events = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert events[-1]["event"] == "result", events[-1]
    return events[-1]["models"][0]


def detects(bundle, stack, out, capfd) -> np.ndarray:
    """The mask that `l4s detect` draws with a bundle."""
    assert (
        main(
            [
                "detect",
                "--stack",
                str(stack),
                "--model",
                str(bundle),
                "--device",
                "cpu",
                "--out",
                str(out),
            ]
        )
        == 0
    )
    capfd.readouterr()
    assert (out / "inventory.gpkg").is_file()
    with rasterio.open(out / "mask.tif") as dataset:
        return np.asarray(dataset.read(1))


def test_detect_takes_the_bundle_of_a_fresh_training_as_it_is(teacher, scene, tmp_path, capfd):
    stack, truth = scene
    mask = detects(teacher.path, stack, tmp_path / "found", capfd)
    assert mask.shape == truth.shape
    hit = int(((mask == 1) & (truth == 1)).sum())
    assert 2 * hit / (int((mask == 1).sum()) + int(truth.sum())) > 0.7
    run = json.loads((tmp_path / "found" / "run.json").read_text())
    assert teacher.digest in json.dumps(run)


def test_a_stack_is_a_target_and_the_adapted_bundle_detects_in_it(words, scene, tmp_path, capfd):
    stack, _ = scene
    assert main([*words, "--target", str(stack)]) == 0
    bundle = ModelBundle.open(tmp_path / "out" / "bundle")
    assert result(capfd)["digest"] == bundle.digest
    assert bundle.card.training["adapted_to"] == "scene"
    assert bundle.card.training["target_patches"] == 4
    assert bundle.card.training["protocol"] == "transductive"
    labels = np.load(tmp_path / "out" / "round-1" / "pseudo-labels.npy")
    assert labels.shape == (4, 128, 128)
    assert (labels == 1).any()
    assert detects(bundle.path, stack, tmp_path / "found", capfd).shape == (260, 260)


def test_a_folder_of_unlabelled_patches_is_a_target(words, tmp_path, capfd):
    folder = tmp_path / "Landslide4Sense" / "TestData" / "img"
    folder.mkdir(parents=True)
    arrays = landscape(count=3, size=128, seed=8)
    for number in range(3):
        write_image(folder / f"image_{number + 1}.h5", arrays.images[number])
    assert main([*words, "--target", str(tmp_path / "Landslide4Sense")]) == 0
    bundle = ModelBundle.open(tmp_path / "out" / "bundle")
    assert result(capfd)["path"] == str(bundle.path)
    assert bundle.card.training["target_patches"] == 3
    assert np.load(tmp_path / "out" / "round-1" / "pseudo-labels.npy").shape == (3, 128, 128)

    (tmp_path / "out2").mkdir()
    again = [word if word != str(tmp_path / "out") else str(tmp_path / "out2") for word in words]
    masks = tmp_path / "Landslide4Sense" / "TestData" / "mask"
    masks.mkdir()
    for number in range(3):
        write_mask(
            masks / f"mask_{number + 1}.h5", 1 - arrays.masks[number]
        )  # masks are not looked at but for --score
    assert main([*again, "--target", str(tmp_path / "Landslide4Sense"), "--score"]) == 0
    scores = json.loads((tmp_path / "out2" / "target-scores.json").read_text())
    assert scores["protocol"] == "transductive"
    capfd.readouterr()
    first, second = (
        np.load(tmp_path / name / "round-1" / "pseudo-labels.npy") for name in ("out", "out2")
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("target", "more", "told"),
    [
        ("nowhere", [], "no folder"),
        ("notes.txt", [], "notes.txt"),
        ("empty", [], "holds no Landslide4Sense patches"),
        ("scene", ["--score"], "A stack has no masks to score on"),
        ("unlabelled", ["--score"], "1 of the 1 images"),
    ],
)
def test_targets_that_are_none_are_one_sentence(words, scene, tmp_path, capfd, target, more, told):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "unlabelled" / "TestData" / "img").mkdir(parents=True)
    write_image(
        tmp_path / "unlabelled" / "TestData" / "img" / "image_1.h5",
        landscape(count=1, size=128).images[0],
    )
    path = scene[0] if target == "scene" else tmp_path / target
    assert main([*words[:-2], "--target", str(path), *more]) == 2
    error = capfd.readouterr().err
    assert told in error
    assert "Traceback" not in error
    assert not (tmp_path / "out" / "round-1").exists()
