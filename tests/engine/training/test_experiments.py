"""Tables of experiments: what rows mean on the full recipes, protocols, sharing, principal
components."""

from __future__ import annotations

import json

import numpy as np
import pytest
from test_run import recipe_file, toml
from training_cases import TINY, landscape

from engine.cli import main
from engine.errors import ConfigError, DatasetError
from engine.events import Log, Reporter
from engine.models.bundle import ModelBundle
from engine.patches.arrays import NODATA, open_patches, write_packed
from engine.training.experiments.ablation import (
    Experiment,
    Part,
    Protocol,
    Row,
    ablate,
    spread,
    write_table,
)
from engine.training.experiments.components import fit_components, to_components
from engine.training.experiments.tables import TABLES
from engine.training.recipe import load_recipe

__all__ = ["recipe_file"]


def test_ablate_command_writes_a_table(recipe_file, packed, tmp_path, capfd):
    table = tmp_path / "rows.toml"
    table.write_text(
        '[[variant]]\nlabel = "plain"\nset = []\n'
        '[[variant]]\nlabel = "adapted"\nset = ["adaptation.rounds=1"]\nadapted = true\n'
    )
    words = [
        "ablate",
        "--table",
        str(table),
        "--recipe",
        str(recipe_file),
        "--data",
        str(packed),
        "--out",
        str(tmp_path / "out"),
    ]
    assert main([*words, "--seeds", "1", "--set", "schedule.steps=3"]) == 0
    written = (tmp_path / "out" / "table.md").read_text()
    assert "| plain |" in written
    assert len((tmp_path / "out" / "table.csv").read_text().splitlines()) == 3
    capfd.readouterr()
    assert (
        main([*words, "--seeds", "1", "--set", "schedule.steps=3"]) == 0
    )  # finished experiments are not run again
    assert main([*words[:2], "tables.toml", *words[3:]]) == 2


def test_a_table_of_one_s_own_names_folds_recipes_and_a_target_and_its_settings_count(
    recipe_file, packed, tmp_path
):
    other = tmp_path / "other.toml"
    other.write_text(
        toml({**TINY, "name": "other", "network": {"builder": "baseline_unet", "width": 6}})
    )
    table, out = tmp_path / "rows.toml", tmp_path / "out"
    rows = (
        '[[variant]]\nlabel = "plain"\n[[variant]]\nlabel = "other"\nrecipe = "OTHER"\nadapted ='
        " true\n"
    )
    rows = rows.replace("OTHER", str(other))
    table.write_text('folds = [["p0", "p3"], ["p4"]]\n' + rows)
    write_packed(landscape(seed=7), tmp_path / "target")

    def run(steps: int) -> list[Row]:
        steps_set = f"schedule.steps={steps}"
        return ablate(
            str(table),
            recipe_file,
            packed,
            out,
            overrides=[steps_set],
            protocol=Protocol(seeds=1, target=tmp_path / "target"),
        )

    first = run(2)
    folder = out / "02-seed-0" / "fold-1"
    card = ModelBundle.open(folder / "adapt" / "bundle").card
    assert card.network["width"] == 6
    assert card.training["adapted_to"].endswith("synthetic")
    assert card.training["target_patches"] == 8  # the target's, not the two that are held out
    counted = json.loads((folder / "histogram.json").read_text())
    assert sum(counted["positive"]) + sum(counted["negative"]) == 2 * 48 * 48
    before = (out / "01-seed-0" / "fold-1" / "histogram.json").stat().st_mtime_ns
    untouched = (folder / "histogram.json").stat().st_mtime_ns
    assert run(2) == first
    assert (out / "01-seed-0" / "fold-1" / "histogram.json").stat().st_mtime_ns == before
    run(4)  # other settings are another experiment; the second row's recipe is its own
    assert (out / "01-seed-0" / "fold-1" / "histogram.json").stat().st_mtime_ns > before
    assert (folder / "histogram.json").stat().st_mtime_ns == untouched

    table.write_text('folds = [["p0", "nowhere"]]\n' + rows)
    with pytest.raises(DatasetError, match="nowhere"):
        run(2)
    table.write_text("folds = 3\n" + rows)
    with pytest.raises(ConfigError, match="lists of patch ids"):
        run(2)
    table.write_text("")
    with pytest.raises(ConfigError, match="no rows"):
        run(2)


def test_the_row_of_principal_components_is_the_library_s_and_scores(packed, tmp_path):
    arrays = landscape()
    arrays.images[1, 4, :3] = NODATA
    pixels = np.concatenate([arrays.raw(i).reshape(14, -1).T for i in range(8)]).astype(np.float64)
    mean, std = np.nanmean(pixels, axis=0), np.nanstd(pixels, axis=0)
    whole = ((pixels - mean) / std)[np.isfinite(pixels).all(axis=1)]
    expected = np.linalg.svd(whole, full_matrices=False)[2][:3]
    components = fit_components(arrays)
    np.testing.assert_allclose(np.abs(np.sum(components.axes * expected, axis=1)), 1, atol=1e-6)
    write_packed(arrays, tmp_path / "patches")
    made = open_patches(to_components(components, tmp_path / "patches", tmp_path / "made"))
    assert made.channels == ("B04", "B03", "B02")
    assert (made.images[1, :, :3] == NODATA).all()
    variances = [np.var(made.images[[0, 2, 3, 4, 5, 6, 7], k] / 1000) for k in range(3)]
    assert variances == sorted(variances, reverse=True)

    row = next(v for v in TABLES["bands"] if v.label == "PCA")
    recipe = load_recipe(
        "baseline",
        [
            *row.overrides,
            "network.width=4",
            "schedule.steps=40",
            "optimizer.lr=0.01",
            "training.batch_size=4",
            "data.crop_px=48",
            'data.validation="none"',
            'training.device="cpu"',
            "training.tensorboard=false",
        ],
    )
    part = Part("all", packed, packed, 8)
    folder = tmp_path / "row"
    scored = Experiment(recipe, row, part, Protocol(), tmp_path, folder, Reporter()).run()
    assert scored.scores(scored.best_threshold())["f1"] > 0.5
    (model,) = json.loads((folder / "histogram.json").read_text())["models"]
    assert ModelBundle.open(tmp_path / model).card.channels == ("B04", "B03", "B02")


def test_shipped_tables_fit_the_shipped_recipes():
    for variants in TABLES.values():
        for variant in variants:
            load_recipe("baseline", variant.overrides)


ROWS_OF_TABLE_4 = {  # terms of the first stage, image-level loss, terms of the second stage
    "Normal training": ({"cross_entropy"}, False, None),
    "Weighted cross-entropy": ({"weighted_cross_entropy"}, False, None),
    "Focal loss": ({"focal"}, False, None),
    "Lovász loss": ({"cross_entropy", "lovasz"}, False, None),
    "Balanced training": ({"weighted_cross_entropy", "lovasz"}, True, {"cross_entropy"}),
}


@pytest.mark.parametrize("variant", TABLES["losses"], ids=lambda v: v.label)
def test_rows_of_losses_mean_what_the_paper_says_on_the_full_recipe(variant):
    recipe = load_recipe("seek", variant.overrides)
    terms, image_level, second = ROWS_OF_TABLE_4[variant.label]
    assert set(recipe.loss.terms) == terms
    assert (recipe.loss.image_level > 0) is recipe.network["image_level"] is image_level
    if second is None:
        assert recipe.second_stage is None
    else:
        assert set(recipe.second_stage.loss.terms) == second
        assert recipe.second_stage.loss.image_level == 1.0
        assert recipe.second_stage.freeze_encoder


def test_balanced_training_is_the_recipe_of_its_team():
    (row,) = [v for v in TABLES["losses"] if v.label == "Balanced training"]
    whole, varied = load_recipe("seek"), load_recipe("seek", row.overrides)
    assert (varied.loss, varied.second_stage) == (whole.loss, whole.second_stage)
    (best,) = [v for v in TABLES["test"] if v.adapted]
    assert load_recipe("seek", best.overrides).adaptation == whole.adaptation


def test_rows_of_self_training_and_of_fig_6_say_everything_on_the_full_recipes():
    for variant in TABLES["lambda"]:
        recipe = load_recipe("seek", variant.overrides)
        assert recipe.second_stage is not None
        assert recipe.adaptation.selection == (
            "top" if variant.adapted else recipe.adaptation.selection
        )
    rows = {v.label: load_recipe("kingdrone", v.overrides) for v in TABLES["modules"]}
    assert all(r.second_stage is None and r.loss.image_level == 0 for r in rows.values())
    assert [r.data.enlarge for r in rows.values()] == [1, 1, 1, 2, 4, 4, 4, 4]
    assert rows["baseline"].normalization.optical == "fixed"
    assert set(rows["+ SN"].loss.terms) == {"cross_entropy"}
    whole = load_recipe("kingdrone")
    last = rows["+ R3"]
    assert (last.loss, last.adaptation) == (whole.loss, whole.adaptation)
    assert [rows[f"+ R{n}"].adaptation.rounds for n in (1, 2, 3)] == [1, 2, 3]


def test_a_row_can_remove_a_table():
    assert load_recipe("seek", ["second_stage="]).second_stage is None
    assert load_recipe("seek", ["second_stage.lr="]).second_stage.lr == 1e-4  # its default


def test_rows_that_differ_in_adaptation_share_their_training_and_one_network_is_scored_alone(
    packed, tmp_path
):
    recipe = tmp_path / "two.toml"
    members = {"small": {"width": 4}, "wide": {"width": 6}}
    recipe.write_text(toml({**TINY, "members": members}))
    table = tmp_path / "rows.toml"
    table.write_text(
        '[[variant]]\nlabel = "both"\n'
        '[[variant]]\nlabel = "wide"\nmember = "wide"\n'
        '[[variant]]\nlabel = "adapted"\nset = ["adaptation.top=0.5"]\nadapted = true\n'
    )
    said = []
    few = ["schedule.steps=2", "data.validation=site"]
    protocol = Protocol(seeds=1, folds=1)
    ablate(
        str(table),
        recipe,
        packed,
        tmp_path / "out",
        overrides=few,
        protocol=protocol,
        reporter=Reporter(said.append),
    )
    trained = list((tmp_path / "out" / "trained").iterdir())
    assert len(trained) == 1  # one fold, one seed, three rows
    assert sorted(p.name for p in trained[0].iterdir()) == ["small", "wide"]
    messages = [event.message for event in said if isinstance(event, Log)]
    assert any("1 trainings and 1 rounds of adaptation" in m for m in messages[:3])
    models = [
        json.loads((tmp_path / "out" / f"0{n}-seed-0/site-1/histogram.json").read_text())["models"]
        for n in (1, 2)
    ]
    assert [len(found) for found in models] == [2, 1]


def test_the_paper_s_protocol_trains_on_everything_and_scores_another_set(packed, tmp_path):
    write_packed(landscape(count=5, seed=9), tmp_path / "scored")
    table = tmp_path / "rows.toml"
    table.write_text('[[variant]]\nlabel = "plain"\n')
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(toml(TINY))
    protocol = Protocol(seeds=1, score_on=tmp_path / "scored")
    ablate(
        str(table),
        recipe,
        packed,
        tmp_path / "out",
        overrides=["schedule.steps=2"],
        protocol=protocol,
    )
    counted = json.loads((tmp_path / "out/01-seed-0/all/histogram.json").read_text())
    assert sum(counted["positive"]) + sum(counted["negative"]) == 5 * 48 * 48
    (model,) = counted["models"]
    assert ModelBundle.open(tmp_path / "out" / model).card.training["patches"] == 8
    with pytest.raises(ConfigError, match="leave --folds out"):
        Protocol(score_on=tmp_path, folds=1)


def test_tables_hold_mean_and_spread(tmp_path):
    assert spread([0.5, 0.7]) == "60.0 ± 14.1"
    assert spread([0.5]) == "50.0"
    write_table([Row("x", (0.5, 0.7), (0.1, 0.1), (0.2, 0.2))], tmp_path, "t")
    assert "| x | 10.0 ± 0.0 | 20.0 ± 0.0 | 60.0 ± 14.1 |" in (tmp_path / "table.md").read_text()
