"""Every recipe, at reduced size, overfits four real patches, and `l4s predict-patches` with its
bundles scores the same."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.cli import main
from engine.patches.arrays import open_patches
from engine.patches.landslide4sense import read_mask
from engine.training.adapting.teachers import Teacher, predict_mean
from engine.training.recipe import load_recipe, recipe_names
from engine.training.run import train_members
from engine.training.scoring import Histogram

SHARED = Path(
    os.environ.get(
        "L4S_SHARED_DATA", Path(__file__).resolve().parents[3].parent / "shared" / "data"
    )
)
COMMON = [
    'data.validation="none"',
    "data.positive_share=0.0",
    "data.enlarge=1",
    "augment={}",
    "training.batch_size=4",
    "training.tensorboard=false",
    'training.device="cpu"',
    "training.ema=0.0",
    "training.validate_every=1000",
    "training.threshold=0.5",
    "optimizer.lr=4e-3",
    "optimizer.encoder_lr_factor=1.0",
    "optimizer.weight_decay=0.0",
]
SWIN = (
    'builder="unet", encoder="swin_tiny_patch4_window7_224", embed_dim=24, depths=[1, 1, 1, 1],'
    " num_heads=[2, 2, 4, 4], window_size=4, decoder_channels=[32, 24, 16, 16, 16]"
)
EFFNET = 'builder="unet", encoder="test_efficientnet", decoder_channels=[32, 24, 16, 16, 16]'
DEEPLAB = (
    'builder="deeplabv3plus", encoder="test_efficientnet", decoder_channels=32,'
    " decoder_atrous_rates=[2, 4, 6]"
)
TINY = {
    "baseline": ["network.width=8", "schedule.steps=120"],
    "kingdrone": [
        "network={}",
        f"members={{ a={{ {SWIN} }}, b={{ {EFFNET} }} }}",
        "schedule.steps=120",
    ],
    "seek": [
        f"network={{ image_level=true, {SWIN} }}",
        "schedule.steps=120",
        "second_stage.steps=30",
        "second_stage.lr=2e-3",
    ],
    "tanmlh": [
        "network={}",
        f"members={{ a={{ {DEEPLAB} }}, b={{ {EFFNET} }} }}",
        "schedule.steps=120",
    ],
    "sklgp": [
        "network.width=16",
        "network.blocks=1",
        "schedule.steps=150",
        "schedule.cycles=1",
    ],
    # A perceptron that sees 70 m cannot learn patches by heart, which is why it is bundled: the
    # loop is shown with a network that can.
    "light": [
        "apart=",
        "training.averaged=1",
        "data.cross_validate=false",
        "calibration=",
        f"network={{ {EFFNET} }}",
        "schedule.steps=120",
    ],
    "best": ["network={}", f"members={{ a={{ {EFFNET} }}, b={{ {SWIN} }} }}", "schedule.steps=120"],
}


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    """The four real patches with the most landslide, as published."""
    root = SHARED / "landslide4sense" / "TrainData"
    if not root.is_dir():
        pytest.skip("the real patches are not on this machine")
    arrays = open_patches(root.parent)
    folder = tmp_path_factory.mktemp("four")
    for kind, name in (("img", "image"), ("mask", "mask")):
        (folder / kind).mkdir()
        for index in np.argsort(arrays.positive_pixels)[-4:]:
            shutil.copy(root / kind / f"{name}_{arrays.ids[index]}.h5", folder / kind)
    return folder


def test_no_recipe_is_left_out():
    assert set(TINY) == set(recipe_names())


def scores_agree(recipe, bundles, folder, out, capfd) -> float:
    """F1 of the masks that the command writes, after comparing them with what training itself
    computes in PyTorch."""
    arrays = open_patches(folder)
    probability = predict_mean([Teacher.load(b) for b in bundles], arrays, recipe)
    models = [word for bundle in bundles for word in ("--model", str(bundle.path))]
    words = [
        *models,
        "--data",
        str(folder),
        "--split",
        "train",
        "--device",
        "cpu",
        "--out",
        str(out),
    ]
    assert main(["predict-patches", *words]) == 0
    masks = np.stack([read_mask(out / f"mask_{number}.h5") for number in arrays.ids])
    unsure = np.abs(probability - 0.5) < 1e-4  # what ONNX Runtime may round to the other side
    assert unsure.mean() < 0.01
    assert ((probability >= 0.5) == (masks == 1))[~unsure].all()
    capfd.readouterr()
    assert (
        main(["evaluate", "--prediction", str(out), "--reference", str(folder / "mask"), "--json"])
        == 0
    )
    found = json.loads(capfd.readouterr().out)["f1"]
    trained = Histogram.count(probability, np.asarray(arrays.masks)).scores(0.5)["f1"]
    assert found == pytest.approx(trained, abs=2e-3)  # training counts in steps of 0.004
    return float(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(TINY))
def test_recipe_overfits_four_real_patches(name, four, tmp_path, capfd):
    # No augmentation, neither of batches nor of scenes: samples that never come back cannot be
    # learnt by heart in a minute.
    recipe = replace(load_recipe(name, [*COMMON, *TINY[name]]), scenes=None)
    bundles = train_members(recipe, four, tmp_path / "run")
    assert len(bundles) == len(recipe.networks())
    assert scores_agree(recipe, bundles, four, tmp_path / "masks", capfd) >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize(("name", "factor"), [("kingdrone", 4), ("seek", 2)])
def test_enlarged_recipes_score_the_same_through_predict_patches(
    name, factor, four, tmp_path, capfd
):
    words = [
        w
        for w in (*COMMON, *TINY[name])
        if not w.startswith(("data.enlarge", "schedule", "second_stage", "training.batch"))
    ]
    recipe = load_recipe(
        name,
        [
            *words,
            "schedule.steps=3",
            "schedule.warmup=0.0",
            "second_stage.steps=1",
            "training.batch_size=1",
        ],
    )
    recipe = replace(recipe, second_stage=None)
    assert recipe.data.enlarge == factor
    bundles = train_members(recipe, four, tmp_path / "run")
    assert {bundle.card.input_scale for bundle in bundles} == {factor}
    scores_agree(recipe, bundles, four, tmp_path / "masks", capfd)
