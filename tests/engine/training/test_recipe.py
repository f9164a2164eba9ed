"""Recipes: every shipped one loads and builds, nonsense is refused with its key."""

from __future__ import annotations

import re

import pytest

from engine.errors import ConfigError, MissingFileError, UnreadableFileError
from engine.training.recipe import RECIPES, differing_keys, load_recipe, recipe_names

MINIMAL = 'name = "x"\ntitle = "X"\ndescription = "x"\n[network]\nbuilder = "baseline_unet"\n[schedule]\nsteps = 3\n'


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
        path, ["optimizer.lr=1e-4", "network.width=8", "data.domain=dataset", 'data.channels=["B04", "DEM"]']
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
