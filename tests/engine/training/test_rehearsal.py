"""What is refused before a training: sizes, batches and networks that would fail in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from training_cases import LIGHT_NORMALIZATION, landscape, tiny

from engine.errors import ConfigError
from engine.models.export import export_bundle
from engine.models.networks import build
from engine.training.recipe import load_recipe
from engine.training.rehearsal import rehearse
from engine.training.results import make_card
from engine.training.run import train

SWIN = {"builder": "unet", "encoder": "swin_tiny_patch4_window7_224"}


def windows(network):
    """Window sizes and shifts of a Swin's last stage, and the height of its bias table."""
    model = build(network, 3).network
    stage = [m for m in model.modules() if type(m).__name__ == "SwinTransformerStage"][-1]
    return [(block.window_size[0], block.shift_size[0]) for block in stage.blocks], len(
        stage.blocks[0].attn.relative_position_bias_table
    )


@pytest.mark.parametrize(("crop_px", "enlarge"), [(128, 4), (128, 2), (64, 4), (128, 1)])
def test_a_swin_is_built_for_the_enlarged_crops_and_keeps_its_windows(crop_px, enlarge):
    recipe = tiny(network=SWIN, data={"crop_px": crop_px, "enlarge": enlarge})
    network = recipe.networks()["tiny"]
    network.pop("width")
    assert network["size_px"] == crop_px * enlarge
    assert windows(network) == ([(7, 0), (7, 3)], 169)


def test_a_card_from_before_the_size_was_noted_builds_what_it_did():
    assert windows(SWIN) == ([(4, 0), (4, 0)], 49)


@pytest.mark.parametrize("name", ["kingdrone", "seek"])
def test_recipes_with_a_swin_note_its_size(name):
    recipe = load_recipe(name)
    sizes = [n.get("size_px") for n in recipe.networks().values() if "swin" in n["encoder"]]
    assert sizes == [recipe.data.crop_px * recipe.data.enlarge]


def test_networks_of_other_libraries_with_a_size_get_it():
    recipe = tiny(network={"builder": "unet", "encoder": "maxvit_tiny_tf_224"})
    network = recipe.networks()["tiny"]
    network.pop("width")
    assert network["size_px"] == 32
    model = build({**network, "size_px": 64}, 3)
    assert model.multiple_px == 64
    assert model.eval()(torch.zeros(1, 3, 128, 128)).shape == (1, 1, 128, 128)


def library(encoder="resnet18", builder="unet", **data):
    recipe = tiny(data={"crop_px": 32, **data}, training={"batch_size": data.pop("batch", 4)})
    return recipe, {"builder": builder, "encoder": encoder}


@pytest.mark.parametrize(
    ("crop_px", "builder", "batch", "match"),
    [
        (48, "unet", 4, "multiples of 32"),
        (32, "unet", 1, "more than 1 value|batch_size"),
        (64, "deeplabv3plus", 1, "batch_size"),
    ],
)
def test_crops_and_batches_that_would_fail_are_one_sentence(crop_px, builder, batch, match):
    recipe = tiny(data={"crop_px": crop_px}, training={"batch_size": batch})
    with pytest.raises(ConfigError, match=match):
        rehearse(recipe, "tiny", {"builder": builder, "encoder": "resnet18"})


def test_a_training_of_one_patch_a_step_that_cannot_work_never_begins(packed, tmp_path):
    recipe = tiny(network={"builder": "unet", "encoder": "resnet18"}, training={"batch_size": 1})
    network = {key: value for key, value in recipe.network.items() if key != "width"}
    object.__setattr__(recipe, "network", network)
    with pytest.raises(ConfigError, match="batch_size"):
        train(recipe, packed, tmp_path / "run")
    assert not (tmp_path / "run" / "checkpoint.pt").exists()


def test_a_part_of_one_patch_in_an_adaptation_is_refused_before_it():
    recipe = tiny(data={"crop_px": 32}, training={"batch_size": 8}, adaptation={"share": 0.06})
    network = {"builder": "deeplabv3plus", "encoder": "resnet18"}
    rehearse(recipe, "tiny", network)
    with pytest.raises(ConfigError, match=r"adaptation\.share"):
        rehearse(recipe, "tiny", network, adapts=True)


def test_a_network_without_an_onnx_form_is_refused_unless_the_recipe_says_so(capfd):
    recipe = tiny(data={"crop_px": 64})
    network = {"builder": "upernet", "encoder": "resnet18"}
    with pytest.raises(ConfigError, match=r"card\.onnx"):
        rehearse(recipe, "tiny", network)
    assert capfd.readouterr().out == ""  # the exporter writes the whole graph where it fails
    rehearse(replace(recipe, card=replace(recipe.card, onnx=False)), "tiny", network)


def test_a_bundle_without_onnx_says_so(tmp_path):
    torch.manual_seed(0)
    network = {"builder": "baseline_unet", "width": 4}
    card = make_card(
        tiny(),
        network,
        name="tiny",
        arrays=landscape(count=1),
        normalization=LIGHT_NORMALIZATION,
        multiple_px=16,
        threshold=0.5,
        rows=[],
    )
    bundle = export_bundle(build(network, 14), card, tmp_path / "tiny", onnx=False)
    assert bundle.onnx_path is None
    assert any("PyTorch" in limit for limit in bundle.card.limits)
