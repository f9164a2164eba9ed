"""Every recipe, at reduced size, overfits four real patches, and its bundles say the same through ONNX."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from engine.patches.arrays import PatchArrays, open_patches, write_packed
from engine.training.adaptation import Teacher, load_segmenter, predict_with_uncertainty
from engine.training.domains import make_pool
from engine.training.recipe import load_recipe
from engine.training.run import train_members
from engine.training.scoring import Histogram

SHARED = Path(os.environ.get("L4S_SHARED_DATA", Path(__file__).resolve().parents[3].parent / "shared" / "data"))
SIDE = 64
COMMON = [
    'data.validation="none"', f"data.crop_px={SIDE}", "data.positive_share=0.0", "data.enlarge=1", "augment={}", "training.batch_size=4",
    "training.tensorboard=false", 'training.device="cpu"', "training.ema=0.0", "schedule.steps=150", "training.validate_every=150",
    "training.threshold=0.5", "optimizer.lr=4e-3", "optimizer.encoder_lr_factor=1.0", "optimizer.weight_decay=0.0", "optional_channels=[]",
]  # fmt: skip
SWIN = "embed_dim=24, depths=[1, 1, 1, 1], num_heads=[2, 2, 4, 4], window_size=4, img_size=64, decoder_channels=[32, 24, 16, 16, 16]"
SMALL_ENCODER = 'builder="unet", encoder="test_efficientnet", decoder_channels=[32, 24, 16, 16, 16]'
TINY = {
    "baseline": ["network.width=12"],
    "kingdrone": [
        'network={ pretrained="none" }',
        f'members={{ a={{ builder="unet", encoder="swin_tiny_patch4_window7_224", {SWIN} }}, b={{ {SMALL_ENCODER} }} }}',
    ],
    "seek": [
        f'network={{ builder="unet", encoder="swin_tiny_patch4_window7_224", image_level=true, {SWIN} }}',
        "second_stage.steps=30", "second_stage.lr=2e-3",
    ],
    "tanmlh": [
        'network={ pretrained="none" }',
        f'members={{ a={{ {SMALL_ENCODER} }} }}',
    ],
    "sklgp": ["network.width=16", "network.blocks=1"],
    "best": ['network={ pretrained="none" }', f"members={{ a={{ {SMALL_ENCODER} }} }}"],
}  # fmt: skip


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    if not (SHARED / "landslide4sense").is_dir():
        pytest.skip("the real patches are not on this machine")
    arrays = open_patches(SHARED / "landslide4sense")
    chosen = arrays.select(np.argsort(arrays.positive_pixels)[-4:])
    images, masks = [], []
    for index in range(4):  # the quarter of each patch with the most landslide
        corners = [(r, c) for r in (0, SIDE) for c in (0, SIDE)]
        r, c = max(corners, key=lambda at: int(chosen.masks[index, at[0] : at[0] + SIDE, at[1] : at[1] + SIDE].sum()))
        images.append(chosen.images[index, :, r : r + SIDE, c : c + SIDE])
        masks.append(chosen.masks[index, r : r + SIDE, c : c + SIDE])
    small: PatchArrays = replace(chosen, images=np.stack(images), masks=np.stack(masks))
    folder = tmp_path_factory.mktemp("four") / "packed"
    write_packed(small, folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", list(TINY))
def test_recipe_overfits_four_real_patches(name, four, tmp_path):
    recipe = load_recipe(name, [*COMMON, *TINY[name]])
    bundles = train_members(recipe, four, tmp_path)
    arrays = open_patches(four)
    teachers = [Teacher(bundle, load_segmenter(bundle)) for bundle in bundles]
    plain = replace(recipe, adaptation=replace(recipe.adaptation, selection="all"))
    torch_maps, _ = predict_with_uncertainty(teachers, arrays, plain)
    scores = Histogram.count(torch_maps, np.asarray(arrays.masks)).scores(0.5)
    assert scores["f1"] >= 0.95, f"{name}: {scores}"
    onnx_maps = np.mean([onnx_prediction(bundle, arrays) for bundle in bundles], axis=0)
    again = Histogram.count(onnx_maps, np.asarray(arrays.masks)).scores(0.5)
    assert again["f1"] == pytest.approx(scores["f1"], abs=2e-3)


def onnx_prediction(bundle, arrays):
    pool = make_pool(arrays, bundle.card.normalization, "dataset")
    clip = bundle.card.normalization.clip
    raw = pool.arrays.images.astype(np.float32)
    image = np.clip((raw - pool.shift[:, :, None, None]) / pool.scale[:, :, None, None], -clip, clip)
    return onnxruntime.InferenceSession(str(bundle.onnx_path)).run(["probability"], {"image": image})[0]
