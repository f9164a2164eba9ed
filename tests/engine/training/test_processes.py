"""Two processes over gloo, as torchrun starts them on several GPUs or machines."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from processes_training import ROOT, files_below, l4s
from test_run import toml
from training_cases import TINY, landscape

from engine.cli import main
from engine.models.bundle import ModelBundle
from engine.patches.arrays import write_packed
from engine.training.processes import first_does
from engine.training.recipe import recipe_from_dict
from engine.training.run import train

# Python imports it at its start: every file that gets its final name is noted with the process that
# named it.
WITNESS = """
import os
from pathlib import Path
_replace = Path.replace
def replace(self, target):
    if os.environ.get("RANK"):
        name = os.path.join(os.environ["WITNESS"], "renamed-" + os.environ["RANK"])
        with open(name, "a") as file:
            file.write(f"{target}\\n")
    return _replace(self, target)
Path.replace = replace
"""


@pytest.fixture
def witness(tmp_path):
    """Folder in which two processes note what they wrote, and the settings that make them."""
    folder = tmp_path / "witness"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WITNESS)
    return folder


def watched(witness):
    return {"WITNESS": str(witness), "PYTHONPATH": f"{witness}:{ROOT}"}


@pytest.mark.slow
def test_two_processes_train_together(packed, tmp_path):
    settings = {
        **TINY,
        "schedule": {"steps": 30},
        "training": {**TINY["training"], "validate_every": 15, "ema": 0.9},
    }
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(toml(settings))
    out = tmp_path / "run"
    words = ["--recipe", recipe, "--data", packed, "--out", out, "--events", "json"]
    done = l4s("train", *words, cwd=tmp_path, processes=2)
    assert done.returncode == 0, done.stderr[-3000:]
    bundle = ModelBundle.open(out / "bundle")
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    (result,) = [
        event for event in events if event["event"] == "result"
    ]  # one process speaks for both
    assert result["models"][0]["digest"] == bundle.digest
    assert [event["done"] for event in events if event["event"] == "progress"] == list(range(1, 31))
    with (out / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["15", "30"]
    alone = train(recipe_from_dict(settings), packed, tmp_path / "alone")
    together, single = (
        json.loads((folder / "run.json").read_text())["scores"][-1]["f1"]
        for folder in (out, tmp_path / "alone")
    )
    # Batch statistics are of half a batch in each process, so the weights differ; what they learn
    # does not.
    assert abs(together - single) < 0.25
    assert bundle.card.training["patches"] == alone.card.training["patches"] == 8
    assert files_below(out) == files_below(tmp_path / "alone")


@pytest.mark.slow
def test_two_processes_adapt_together_and_leave_what_one_leaves(packed, tmp_path, witness):
    settings = {
        **TINY,
        "schedule": {"steps": 30},
        "training": {**TINY["training"], "validate_every": 30},
    }
    teacher = train(recipe_from_dict(settings), packed, tmp_path / "teacher")
    write_packed(landscape(seed=11, brightness=0.6), tmp_path / "target")
    members = {"members": {"a": {"width": 4}, "b": {"width": 6}}, "adaptation": {"rounds": 2}}
    recipe = tmp_path / "two.toml"
    recipe.write_text(toml({**settings, "schedule": {"steps": 4}, **members}))
    words = [
        "--model",
        teacher.path,
        "--recipe",
        recipe,
        "--data",
        packed,
        "--target",
        tmp_path / "target",
        "--score",
    ]
    done = l4s(
        "adapt", *words, "--out", tmp_path / "two", cwd=tmp_path, processes=2, **watched(witness)
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert main(["adapt", *map(str, words), "--out", str(tmp_path / "one")]) == 0
    names = files_below(tmp_path / "two")
    assert names == files_below(tmp_path / "one")
    assert {"adaptation.json", "target-scores.json", "a/run.json", "b/bundle/card.json"} <= names
    assert {f"round-{n}/pseudo-labels.npy" for n in (1, 2)} <= names
    assert not [name for name in names if ".part" in name]
    first, alone = (
        np.load(tmp_path / name / "round-1" / "pseudo-labels.npy") for name in ("two", "one")
    )
    assert (
        first != alone
    ).mean() < 1e-3  # the same models label; rounding may differ with the number of threads
    assert ModelBundle.open(tmp_path / "two" / "a" / "bundle").card.training["target_patches"] == 8
    assert (witness / "renamed-0").read_text().count("run.json\n") >= 2
    assert not (witness / "renamed-1").exists(), (witness / "renamed-1").read_text()


@pytest.mark.slow
def test_two_processes_repeat_a_table_together(packed, tmp_path, witness):
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(toml({**TINY, "schedule": {"steps": 3}}))
    table = tmp_path / "rows.toml"
    rows = '[[variant]]\nlabel = "plain"\n[[variant]]\nlabel = "adapted"\nadapted = true\n'
    table.write_text('folds = [["p0", "p3"], ["p4"]]\n' + rows)
    words = ["--table", table, "--recipe", recipe, "--data", packed, "--seeds", "1"]
    done = l4s(
        "ablate", *words, "--out", tmp_path / "two", cwd=tmp_path, processes=2, **watched(witness)
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert main(["ablate", *map(str, words), "--out", str(tmp_path / "one")]) == 0
    names = files_below(tmp_path / "two")
    assert names == files_below(tmp_path / "one")
    assert {
        "table.md",
        "table.csv",
        "folds/fold-1/held/index.json",
        "02-seed-0/fold-2/histogram.json",
    } <= names
    assert not [name for name in names if ".part" in name]
    two, one = ((tmp_path / name / "table.csv").read_text().splitlines() for name in ("two", "one"))
    assert (
        [row.split(",")[0] for row in two]
        == [row.split(",")[0] for row in one]
        == ["variant", "plain", "adapted"]
    )
    assert (witness / "renamed-0").read_text().count("histogram.json\n") == 4
    assert not (witness / "renamed-1").exists(), (witness / "renamed-1").read_text()


@pytest.mark.slow
def test_a_write_that_fails_in_the_first_process_ends_both(packed, tmp_path):
    recipe, out = tmp_path / "tiny.toml", tmp_path / "run"
    recipe.write_text(toml({**TINY, "schedule": {"steps": 2}}))
    (out / "run.json").mkdir(parents=True)  # no file can take its place
    done = l4s(
        "train", "--recipe", recipe, "--data", packed, "--out", out, cwd=tmp_path, processes=2
    )
    assert done.returncode != 0
    assert (
        done.stderr.count("run.json cannot be written") >= 2
    )  # both know why, none waits for the other
    assert "exitcode  : 2" in done.stderr


def test_alone_the_first_does_and_another_does_not(monkeypatch):
    seen = []
    first_does(lambda: seen.append("first"))
    monkeypatch.setenv("RANK", "1")
    first_does(lambda: seen.append("second"))
    assert seen == ["first"]
