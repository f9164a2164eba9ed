"""Runs killed by SIGKILL, which tidies nothing up, and resumed: they end where an uninterrupted run
ends."""

from __future__ import annotations

import os

import numpy as np
import pytest
from processes_training import files_below, kill_after, l4s
from safetensors.numpy import load_file
from test_run import toml
from training_cases import TINY, landscape

from engine.cli import main
from engine.patches.arrays import write_packed
from engine.training.recipe import load_recipe
from engine.training.run import train

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="SIGKILL is sent the POSIX way"),
]
LONG = {
    **TINY,
    "augment": {"flip": True, "rotation_deg": 20.0, "colour": 0.1, "mixup": 0.4},
    "schedule": {"steps": 120},
    "second_stage": {"steps": 60, "lr": 0.001},
    "training": {**TINY["training"], "validate_every": 20, "ema": 0.9},
}


def same(first, second):
    one, two = load_file(first / "weights.safetensors"), load_file(second / "weights.safetensors")
    assert set(one) == set(two)
    for name in one:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "long.toml"
    path.write_text(toml(LONG))
    return path


def test_a_killed_training_ends_with_the_weights_of_an_uninterrupted_one(recipe, packed, tmp_path):
    words = ["train", "--recipe", recipe, "--data", packed]
    whole = l4s(*words, "--out", tmp_path / "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr[-3000:]
    out = tmp_path / "cut"
    kill_after(30, *words, "--out", out, cwd=tmp_path)
    assert (out / "checkpoint.pt").is_file()
    assert not (out / "bundle").exists()
    kill_after(120, *words, "--out", out, "--resume", cwd=tmp_path)  # in the second stage
    assert not (out / "bundle").exists()
    (out / "bundle.part").mkdir()  # as a run that is killed while it exports leaves it
    resumed = l4s(*words, "--out", out, "--resume", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr[-3000:]
    same(tmp_path / "whole" / "bundle", out / "bundle")
    assert files_below(out) == files_below(tmp_path / "whole")
    table = (
        (folder / "metrics.csv").read_text().splitlines() for folder in (out, tmp_path / "whole")
    )
    cut, full = (
        [row.rsplit(",", 1)[0] for row in rows] for rows in table
    )  # all but samples a second
    assert cut == full


def test_a_killed_adaptation_ends_with_the_weights_of_an_uninterrupted_one(packed, tmp_path, capfd):
    write_packed(landscape(seed=11, brightness=0.6), tmp_path / "target")
    recipe = tmp_path / "short.toml"
    recipe.write_text(
        toml({**LONG, "schedule": {"steps": 80}, "second_stage": {"steps": 1, "lr": 0.001}})
    )
    teacher = train(load_recipe(recipe, ["schedule.steps=10"]), packed, tmp_path / "teacher")
    words = ["adapt", "--model", teacher.path, "--recipe", recipe, "--data", packed]
    words += [
        "--target",
        tmp_path / "target",
        "--set",
        "adaptation.rounds=2",
        "--set",
        "adaptation.cross_sensor=true",
    ]
    whole = l4s(*words, "--out", tmp_path / "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr[-3000:]
    out = tmp_path / "cut"
    kill_after(81 + 30, *words, "--out", out, cwd=tmp_path)
    assert (out / "round-2" / "checkpoint.pt").is_file()
    assert not (out / "bundle").exists()
    resumed = l4s(*words, "--out", out, "--resume", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr[-3000:]
    same(tmp_path / "whole" / "bundle", out / "bundle")
    assert files_below(out) == files_below(tmp_path / "whole")

    again = [*map(str, words), "--out", str(out), "--resume"]
    capfd.readouterr()
    for change, told in (
        (["--target", str(packed)], "on another target"),
        (["--model", str(out / "bundle")], "from other models"),
        (["--set", "adaptation.threshold=0.8"], "another recipe (differing: adaptation.threshold)"),
    ):
        assert main([*again, *change]) == 2
        error = capfd.readouterr().err
        assert told in error
        assert error.count("\n") == 1, "one sentence"
