"""Logs: CSV rows and TensorBoard scalars of a run, whole after a run was stopped and resumed."""

from __future__ import annotations

import csv

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from test_loop import stop_after, task
from training_cases import tiny

from engine.errors import CancelledError
from engine.training.logs import COLUMNS, RunLog
from engine.training.loop import train_network


def scalars(folder, tag):
    board = EventAccumulator(str(folder / "tensorboard"))
    board.Reload()
    return [(event.step, event.value) for event in board.Scalars(tag)]


def rows(folder):
    with (folder / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def test_both_logs_hold_every_validation_also_after_a_stop(tmp_path):
    recipe = tiny(
        training={"tensorboard": True, "validate_every": 2}, second_stage={"steps": 4, "lr": 0.001}
    )
    train_network(task(recipe, fold=0), tmp_path / "whole")
    with pytest.raises(CancelledError):
        train_network(task(recipe, fold=0), tmp_path / "cut", reporter=stop_after(9))
    # Events of steps that are done again, as a run leaves them that was killed before its
    # checkpoint.
    RunLog(tmp_path / "cut", keep=(1, 2), counter=8, tensorboard=True).write(
        {"loss": 99.0}, counter=10
    )
    train_network(task(recipe, fold=0), tmp_path / "cut", resume=True)
    for folder in (tmp_path / "whole", tmp_path / "cut"):
        table = rows(folder)
        assert [(row["stage"], row["step"]) for row in table] == [
            ("0", "2"),
            ("0", "4"),
            ("0", "6"),
            ("1", "2"),
            ("1", "4"),
        ]
        for tag in ("loss", "f1", "precision", "recall", "iou", "lr", "samples_per_s"):
            found = scalars(folder, tag)
            assert [step for step, _ in found] == [2, 4, 6, 8, 10], tag
            assert [value for _, value in found] == pytest.approx(
                [float(row[tag]) for row in table], rel=1e-4
            ), tag


def test_a_row_that_was_only_half_written_is_dropped(tmp_path):
    RunLog(tmp_path).write({"stage": 0, "step": 20, "loss": 0.5}, counter=20)
    with (tmp_path / "metrics.csv").open("a") as file:
        file.write("0,4")
    RunLog(tmp_path, keep=(0, 40))
    assert (tmp_path / "metrics.csv").read_text().splitlines() == [
        ",".join(COLUMNS),
        "0,20,,0.5,,,,,,",
    ]
    RunLog(tmp_path, keep=(0, 10))
    assert len(rows(tmp_path)) == 0
    assert not (tmp_path / "tensorboard").exists()
