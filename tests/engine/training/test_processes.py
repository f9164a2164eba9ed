"""Two processes over gloo, as torchrun starts them on several GPUs or machines."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest_training import TINY
from test_run import toml

from engine.models.bundle import ModelBundle
from engine.training.recipe import recipe_from_dict
from engine.training.run import train

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_two_processes_train_together(packed, tmp_path):
    settings = {**TINY, "schedule": {"steps": 30}, "training": {**TINY["training"], "validate_every": 15, "ema": 0.9}}
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(toml(settings))
    out = tmp_path / "run"
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "-m",
        "engine",
        "train",
    ]
    command += ["--recipe", str(recipe), "--data", str(packed), "--out", str(out), "--events", "json"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    bundle = ModelBundle.open(out / "bundle")
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    (result,) = [event for event in events if event["event"] == "result"]  # one process speaks for both
    assert result["models"][0]["digest"] == bundle.digest
    assert [event["done"] for event in events if event["event"] == "progress"] == list(range(1, 31))
    with (out / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["15", "30"]
    alone = train(recipe_from_dict(settings), packed, tmp_path / "alone")
    together, single = (
        json.loads((folder / "run.json").read_text())["scores"][-1]["f1"] for folder in (out, tmp_path / "alone")
    )
    # Batch statistics are of half a batch in each process, so the weights differ; what they learn does not.
    assert abs(together - single) < 0.25
    assert bundle.card.training["patches"] == alone.card.training["patches"] == 8
