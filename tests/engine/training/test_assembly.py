"""Several trainings as one network: averaged runs, members trained apart, and the recipe light."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from training_cases import tiny

from engine.errors import ConfigError
from engine.models.networks import build
from engine.training.adapting.teachers import load_segmenter
from engine.training.assembly import mean_weights, train_task, trainings
from engine.training.loop import train_network
from engine.training.pools import prepare
from engine.training.recipe import load_recipe, recipe_from_dict
from engine.training.run import make_task, train

PERCEPTRON = {"builder": "neighbourhood", "width": 8, "neighbourhoods": [1, 3]}
FEW = [
    "schedule.steps=2",
    "training.batch_size=2",
    "training.averaged=2",
    "training.tensorboard=false",
    "data.crop_px=32",
    "scenes.size_px=32",
    "data.folds=2",
    "data.validation=site",
]


def perceptron(**changes):
    recipe = tiny(data={"validation": "none", "positive_share": 0.0}, **changes)
    return recipe_from_dict({**recipe.to_dict(), "network": changes.get("network", PERCEPTRON)})


def task_of(recipe, packed):
    return make_task(recipe, recipe.networks()["tiny"], prepare(recipe, packed), None)


def test_averaged_trainings_start_alike_see_other_samples_and_give_their_mean(packed, tmp_path):
    task = task_of(perceptron(training={"averaged": 2}, schedule={"steps": 4}), packed)
    parts = trainings(task, tmp_path)
    assert [folder.name for _, folder in parts] == ["run-1", "run-2"]
    whole = train_task(task, tmp_path).model.state_dict()
    runs = [
        train_network(part, tmp_path / "again" / f.name).model.state_dict() for part, f in parts
    ]
    assert not all(torch.equal(runs[0][name], runs[1][name]) for name in whole)
    mean = mean_weights(runs)
    assert all(torch.equal(whole[name], mean[name]) for name in whole)
    resumed = train_task(task, tmp_path, resume=True).model.state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_members_are_trained_apart_in_their_own_way_and_put_together(packed, tmp_path):
    network = {"builder": "mean", "members": [PERCEPTRON, {**PERCEPTRON, "width": 4}]}
    recipe = perceptron(network=network)
    recipe = recipe_from_dict(
        {**recipe.to_dict(), "apart": {"wide": {}, "narrow": {"optimizer": {"lr": 0.5}}}}
    )
    assert recipe.member_recipes()["narrow"].optimizer.lr == 0.5
    assert recipe.member_recipes()["wide"].optimizer.lr == recipe.optimizer.lr
    task = task_of(recipe, packed)
    model = train_task(task, tmp_path).model
    for (part, folder), member in zip(
        trainings(task, tmp_path), model.network.members, strict=True
    ):
        alone = train_network(part, tmp_path / "again" / folder.name).model.network.state_dict()
        assert all(torch.equal(value, alone[key]) for key, value in member.state_dict().items())


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"apart": {"only": {}}}, "as many members"),
        ({"apart": {"wide": {"network": {"width": 2}}, "narrow": {}}}, "changes network"),
        ({"apart": {"wide": {"optimizer": {"colour": 1}}, "narrow": {}}}, "unknown keys"),
        ({"apart": {"../wide": {}, "narrow": {}}}, "names of a recipe"),
    ],
)
def test_members_that_make_no_sense_are_refused(change, match):
    network = {"builder": "mean", "members": [PERCEPTRON, PERCEPTRON]}
    with pytest.raises(ConfigError, match=match):
        recipe_from_dict({**perceptron(network=network).to_dict(), **change})


def test_averaging_batch_statistics_is_refused(packed, tmp_path):
    recipe = tiny(training={"averaged": 2}, data={"validation": "none"})
    with pytest.raises(ConfigError, match="batch normalisation"):
        train_task(task_of(recipe, packed), tmp_path)


def test_the_recipe_light_makes_a_model_like_the_bundled_one(packed, tmp_path):
    recipe = load_recipe("light", FEW)
    bundle = train(recipe, packed, tmp_path / "run", negatives=[packed])
    card = bundle.card
    assert "DEM" not in card.channels  # no member looks at it
    assert card.normalization.relief_exponent == 2.5
    assert card.multiple_of_px == 8
    assert card.network["despeckle"] is True
    assert [len(member.get("textures", ())) for member in card.network["members"]] == [0, 5]
    shifts = {card.channels[channel]: by for channel, by in card.network["missing_shift"]}
    assert set(shifts) == {"B12", "slope"}
    rows = {(row["channels"], row["normalised by"]) for row in card.scores}
    assert len(rows) == 6 * 2
    assert all(len(row["f1_folds"]) == 2 for row in card.scores)
    assert card.training["calibration"]["temperature"] == card.network["temperature"]
    trained = [p.parent.name for p in (tmp_path / "run").rglob("checkpoint.pt")]
    assert len(trained) == 2 * 2 * (1 + 2)  # members, runs, all patches and folds
    again = train(recipe, packed, tmp_path / "run", negatives=[packed], resume=True)
    assert again.digest == bundle.digest
    changed = replace(recipe, optimizer=replace(recipe.optimizer, lr=1e-4))
    with pytest.raises(ConfigError, match=r"optimizer\.lr"):
        train(changed, packed, tmp_path / "run", negatives=[packed], resume=True)
    model = load_segmenter(bundle)
    described = json.loads(json.dumps(dict(card.network)))
    assert build(described, len(card.channels)).offset == model.offset


def test_nothing_reads_a_recipe_at_import():
    watch = (
        "import sys; seen = []; "
        "sys.addaudithook(lambda e, a: seen.append(str(a[0])) if e == 'open' else None); "
        "import engine.training.run, engine.training.adapting.adaptation; "
        "import engine.training.experiments.ablation; "
        "print([name for name in seen if name.endswith('.toml')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", watch], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "[]"
