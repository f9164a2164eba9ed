"""Recipes: every shipped one loads and builds, nonsense is refused with its key."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
import torch

from engine.errors import ConfigError, MissingFileError, UnreadableFileError
from engine.models.networks import build
from engine.training.recipe import RECIPES, differing_keys, load_recipe, recipe_names

MINIMAL = (
    'name = "x"\ntitle = "X"\ndescription = "x"\n[network]\nbuilder ='
    ' "baseline_unet"\n[schedule]\nsteps = 3\n'
)


@pytest.mark.parametrize("name", recipe_names())
def test_shipped_recipes_load_and_comment_every_value(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    for line in (RECIPES / f"{name}.toml").read_text(encoding="utf-8").splitlines():
        # text for people explains itself; every other value says where it comes from
        if re.match(r"^\w+ = ", line) and not re.match(r"^(name|title|description) = ", line):
            assert re.search(r"#.*\w{2}", line), f"{name}: no source for: {line}"


def test_overrides_replace_single_values(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(MINIMAL)
    recipe = load_recipe(
        path,
        [
            "optimizer.lr=1e-4",
            "network.width=8",
            "data.domain=dataset",
            'data.channels=["B04", "DEM"]',
        ],
    )
    assert recipe.optimizer.lr == 1e-4
    assert recipe.network["width"] == 8
    assert recipe.data.domain == "dataset"
    assert recipe.data.channels == ("B04", "DEM")


@pytest.mark.parametrize(
    ("override", "match"),
    [
        ("optimizer.learning_rate=1", r"unknown keys: optimizer\.learning_rate"),
        ("colour=1", "unknown keys: colour"),
        ("optimizer.lr=fast", r"optimizer\.lr is of kind float"),
        ("training.batch_size=2.5", r"training\.batch_size is of kind int"),
        ("training.batch_size=true", r"training\.batch_size is of kind int"),
        ("data.domain=planet", r"data\.domain is one of site, patch, dataset"),
        ("data.channels=B04", r"data\.channels is a list"),
        ('data.channels=["B99"]', "B99"),
        ("optimizer=3", "optimizer is a group"),
        ("name.first=x", "name is a value"),
        ("lr", "KEY=VALUE"),
        ("schedule.steps=0", r"needs schedule\.steps"),
        ("data.fold=9", r"data\.fold"),
        ("loss.terms={hinge = 1.0}", "hinge"),
        ("second_stage.speed=1", r"second_stage\.speed"),
    ],
)
def test_wrong_values_are_named(tmp_path, override, match):
    path = tmp_path / "x.toml"
    path.write_text(MINIMAL)
    with pytest.raises(ConfigError, match=match):
        load_recipe(path, [override])


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(MissingFileError, match="baseline"):
        load_recipe("no-such-recipe")
    path = tmp_path / "x.toml"
    path.write_text("name = ")
    with pytest.raises(UnreadableFileError, match="not TOML"):
        load_recipe(path)
    path.write_text('name = "x"')
    with pytest.raises(ConfigError, match="lacks title"):
        load_recipe(path)


def test_channel_names_in_networks_become_positions(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(MINIMAL.replace("baseline_unet", "multispectral_unet"))
    recipe = load_recipe(path, ['network.high_resolution=["B08", "B02"]'])
    assert recipe.networks()["x"]["high_resolution"] == [7, 1]
    with pytest.raises(ConfigError, match="B08"):
        load_recipe(path, ['network.high_resolution=["B08"]', 'data.channels=["B02"]']).networks()


def test_differing_keys_are_dotted_and_tuples_equal_lists():
    before = {"a": {"b": 1, "c": (1, 2)}, "d": 1}
    assert differing_keys(before, {"a": {"b": 2, "c": [1, 2]}, "d": 1}) == ["a.b"]
    assert differing_keys(before, before) == []


NUMBERS = {
    "baseline": {
        "training.batch_size": 32,
        "schedule.steps": 5000,
        "optimizer.name": "adam",
        "loss.terms.cross_entropy": 1.0,
    },
    "kingdrone": {
        "data.enlarge": 4,
        "adaptation.selection": "threshold",
        "adaptation.threshold": 0.7,
        "adaptation.rounds": 3,
        "adaptation.cross_sensor": True,
        "adaptation.refresh": True,
        "normalization.optical": "scene",
        "schedule.kind": "poly",
        "loss.terms.ohem": 1.0,
        "loss.terms.lovasz": 1.0,
        "optimizer.clip": 35.0,
    },
    "seek": {
        "data.channels": ("B04", "B03", "B02"),
        "network.image_level": True,
        "second_stage.freeze_encoder": True,
        "adaptation.selection": "top",
        "loss.terms.weighted_cross_entropy": 1.0,
        "loss.terms.lovasz": 1.0,
    },
    "tanmlh": {
        "adaptation.selection": "uncertainty",
        "adaptation.passes": 10,
        "adaptation.dropout": 0.3,
        "adaptation.keep_background": 0.9,
        "adaptation.keep_landslide": 0.7,
        "adaptation.refresh": False,
        "augment.mixup": 0.4,
        "loss.terms.jaccard": 1.0,
    },
    "sklgp": {
        "schedule.kind": "restarts",
        "network.act": "smu",
        "adaptation.selection": "all",
        "network.builder": "multispectral_unet",
    },
    "best": {"adaptation.threshold": 0.7, "loss.terms.lovasz": 1.0, "augment.paste": 0.25},
    "light": {"network.builder": "mean", "scenes.details": 0.35},
}


@pytest.mark.parametrize("name", recipe_names())
def test_recipes_carry_the_numbers_of_their_method(name):
    recipe = load_recipe(name)
    for key, expected in NUMBERS[name].items():
        value = recipe
        for part in key.split("."):
            value = value[part] if isinstance(value, Mapping) else getattr(value, part)
        assert value == expected, key


NETWORKS = {
    "kingdrone": {"swin", "efficientnet", "mit_b"},
    "seek": {"swin"},
    "tanmlh": {"resnet", "hrnet"},
    "best": {"efficientnet", "mit_b"},
}


@pytest.mark.parametrize(
    "channels", [None, '["B02", "B03", "B04", "B08", "slope"]'], ids=["all", "five"]
)
@pytest.mark.parametrize("name", recipe_names())
def test_every_network_of_a_recipe_is_built_at_full_size_on_any_channels(name, channels):
    if name == "light" and channels:
        pytest.skip("samples of scenes need all 14 channels")
    recipe = load_recipe(name, [] if channels is None else [f"data.channels={channels}"])
    count, side = len(recipe.data.channels), recipe.data.crop_px * recipe.data.enlarge
    encoders = " ".join(str(network.get("encoder")) for network in recipe.networks().values())
    assert all(part in encoders for part in NETWORKS.get(name, ()))
    for network in recipe.networks().values():
        # Without memory and arithmetic: shapes alone. SegFormer's constructor needs numbers.
        with torch.device("cpu" if network["builder"] == "segformer" else "meta"):
            model = build(network, count).eval()
        model = model.to("meta")
        with torch.no_grad():
            assert model(torch.empty(1, count, side, side, device="meta")).shape == (
                1,
                1,
                side,
                side,
            )
