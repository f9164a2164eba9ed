"""The loop: it learns, resumes exactly, keeps the last good checkpoint, and stops on nonsense."""

from __future__ import annotations

import csv
import errno
import json
import re

import numpy as np
import pytest
import torch
from training_cases import landscape, tiny

from engine.errors import CancelledError, ConfigError, DatasetError, DeviceError, DiskFullError
from engine.events import Log, Progress, Reporter
from engine.models.networks import build
from engine.patches.splits import split
from engine.training.checkpoint import NAME, load_checkpoint, save_checkpoint
from engine.training.configuration import ScheduleConfig, TrainingConfig
from engine.training.loop import train_network
from engine.training.pools import Material, make_normalization, make_pool
from engine.training.processes import start_fabric
from engine.training.run import make_task
from engine.training.schedule import factor
from engine.training.state import AveragedWeights, RunState
from engine.training.task import Task


def task(recipe, fold=None) -> Task:
    arrays = landscape()
    normalization = make_normalization(recipe, arrays)
    material = Material(arrays, normalization, make_pool(arrays, normalization, "site"), ())
    chosen = None if fold is None else split(arrays, "site", 2)[fold]
    return make_task(recipe, next(iter(recipe.networks().values())), material, chosen)


def stop_after(steps: int) -> Reporter:
    seen = []
    return Reporter(
        lambda event: seen.append(event),
        lambda: sum(isinstance(e, Progress) for e in seen) >= steps,
    )


def weights(trained) -> dict[str, torch.Tensor]:
    return trained.model.state_dict()


FULL = {
    "augment": {
        "flip": True,
        "quarter_turns": True,
        "rotation_deg": 20.0,
        "colour": 0.1,
        "mixup": 0.4,
    },
    "training": {"ema": 0.9},
    "loss": {"terms": {"ohem": 1.0, "lovasz": 1.0}},
}


def test_it_learns_what_bright_scars_are(tmp_path):
    recipe = tiny(schedule={"steps": 60, "epochs": 0}, training={"validate_every": 30})
    trained = train_network(task(recipe, fold=0), tmp_path)
    assert trained.best_f1 > 0.8
    assert trained.probabilities.shape == (4, 48, 48)
    with (tmp_path / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["30", "60"]


def test_the_same_seed_gives_the_same_weights_and_another_gives_others(tmp_path):
    first = weights(train_network(task(tiny(**FULL)), tmp_path / "a"))
    again = weights(train_network(task(tiny(**FULL)), tmp_path / "b"))
    other = weights(
        train_network(task(tiny(**{**FULL, "training": {"ema": 0.9, "seed": 1}})), tmp_path / "c")
    )
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert any(not torch.equal(first[k], other[k]) for k in first)


@pytest.mark.parametrize("after", [3, 5, 8])
def test_a_killed_run_continues_to_the_same_result(tmp_path, after):
    recipe = tiny(**FULL, second_stage={"steps": 4, "freeze_encoder": True})
    whole = weights(train_network(task(recipe, fold=0), tmp_path / "whole"))
    with pytest.raises(CancelledError):
        train_network(task(recipe, fold=0), tmp_path / "cut", reporter=stop_after(after))
    resumed = weights(train_network(task(recipe, fold=0), tmp_path / "cut", resume=True))
    assert all(torch.equal(whole[k], resumed[k]) for k in whole)
    assert (tmp_path / "cut" / "metrics.csv").read_text().count("\n") == (
        tmp_path / "whole" / "metrics.csv"
    ).read_text().count("\n")


def test_a_second_stage_leaves_the_encoder_as_it_is(tmp_path):
    one = train_network(task(tiny()), tmp_path / "one")
    two = train_network(
        task(tiny(second_stage={"steps": 3, "lr": 0.01, "freeze_encoder": True})), tmp_path / "two"
    )
    encoder = {
        f"network.encoder.{name}" for name, _ in one.model.network.encoder.named_parameters()
    }
    before, after = weights(one), weights(two)
    assert all(torch.equal(before[k], after[k]) for k in encoder)
    assert any(not torch.equal(before[k], after[k]) for k in before if "decoder" in k)
    assert all(p.requires_grad for p in two.model.parameters())


def test_resume_with_another_recipe_names_the_differing_keys(tmp_path):
    train_network(task(tiny()), tmp_path)
    with pytest.raises(ConfigError, match=r"optimizer\.lr"):
        train_network(task(tiny(optimizer={"lr": 0.5})), tmp_path, resume=True)


def test_a_loss_that_is_no_number_stops_with_the_patches_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "engine.training.loop.total_loss",
        lambda config, logits, mask, whole: (logits.sum() * float("nan"), {}),
    )
    with pytest.raises(DatasetError, match=r"became nan at step 1.*bad-batch\.json"):
        train_network(task(tiny()), tmp_path)
    saved = json.loads((tmp_path / "bad-batch.json").read_text())
    assert saved["ids"]
    assert set(saved["ids"]) <= {f"p{i}" for i in range(8)}


def test_a_gradient_that_is_no_number_stops_too(tmp_path, monkeypatch):
    def endless(config, logits, mask, whole):
        return (logits.sum() * 0).sqrt(), {}  # 0, with an endless derivative

    monkeypatch.setattr("engine.training.loop.total_loss", endless)
    with pytest.raises(DatasetError, match=r"gradient became (nan|inf) at step 1.*bad-batch\.json"):
        train_network(task(tiny(optimizer={"clip": 1.0})), tmp_path)
    assert json.loads((tmp_path / "bad-batch.json").read_text())["ids"]


def test_gradients_are_clipped_and_half_precision_learns(tmp_path):
    still = weights(
        train_network(
            task(
                tiny(optimizer={"name": "sgd", "momentum": 0.0, "clip": 1e-12, "weight_decay": 0.0})
            ),
            tmp_path / "a",
        )
    )
    moved = weights(
        train_network(
            task(tiny(optimizer={"name": "sgd", "momentum": 0.0, "weight_decay": 0.0})),
            tmp_path / "b",
        )
    )
    torch.manual_seed(0)
    start = build({"builder": "baseline_unet", "width": 4}, 14).state_dict()
    name = next(n for n in start if n.endswith("weight") and start[n].ndim == 4)
    torch.testing.assert_close(still[name], start[name])
    assert (moved[name] - start[name]).abs().max() > 1e-6
    half = {
        "schedule": {"steps": 60},
        "training": {"precision": "bf16-mixed", "validate_every": 60},
    }
    assert train_network(task(tiny(**half), fold=0), tmp_path / "half").best_f1 > 0.8


def test_a_full_disk_leaves_the_last_good_checkpoint(tmp_path, monkeypatch):
    save_checkpoint(tmp_path, {"recipe": {}, "step": 1})

    def full(state, path):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(DiskFullError):
        save_checkpoint(tmp_path, {"recipe": {}, "step": 2})
    assert load_checkpoint(tmp_path, {})["step"] == 1
    assert [p.name for p in tmp_path.iterdir()] == [NAME]


def test_early_stop(tmp_path):
    recipe = tiny(
        schedule={"steps": 200},
        optimizer={"lr": 0.0},
        training={"validate_every": 1, "patience": 3, "select": "best"},
    )
    train_network(task(recipe, fold=0), tmp_path)
    lines = len((tmp_path / "metrics.csv").read_text().splitlines())
    assert lines < 20
    train_network(task(recipe, fold=0), tmp_path, resume=True)  # it has stopped already
    assert len((tmp_path / "metrics.csv").read_text().splitlines()) == lines


def test_a_second_stage_has_its_own_patience(tmp_path):
    recipe = tiny(
        schedule={"steps": 200},
        optimizer={"lr": 0.0},
        training={"validate_every": 1, "patience": 3},
        second_stage={"steps": 200, "lr": 0.0},
    )
    train_network(task(recipe, fold=0), tmp_path)
    with (tmp_path / "metrics.csv").open() as file:
        rows = [row["stage"] for row in csv.DictReader(file)]
    assert rows.count("1") >= 3


def test_average_follows_its_formula():
    model = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(0.0)
    average = AveragedWeights(model, 0.5)
    with torch.no_grad():
        model.weight.fill_(1.0)
    average.update()
    decay = min(0.5, 2 / 11)
    with average.applied():
        assert model.weight.item() == pytest.approx(1 - decay)
    assert model.weight.item() == 1.0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_cuda_without_a_device_is_refused():
    with pytest.raises(DeviceError, match="no CUDA device"):
        start_fabric(TrainingConfig(device="cuda"))


def test_scale_promotion_and_statistics_survive(tmp_path):
    trained = train_network(
        task(tiny(data={"enlarge": 2, "crop_px": 16}, schedule={"steps": 2}), fold=0), tmp_path
    )
    assert trained.probabilities.shape == (4, 48, 48)
    assert np.isfinite(trained.best_f1)


def test_the_learning_rate_follows_the_schedule_of_each_stage(tmp_path):
    schedule = {"kind": "poly", "steps": 10, "warmup": 0.2, "start": 0.1}
    recipe = tiny(
        schedule=schedule, training={"validate_every": 1}, second_stage={"steps": 4, "lr": 0.003}
    )
    train_network(task(recipe), tmp_path)
    with (tmp_path / "metrics.csv").open() as file:
        rows = [(row["stage"], float(row["lr"])) for row in csv.DictReader(file)]
    first = [0.01 * factor(recipe.schedule, step, 10) for step in range(10)]
    second = [0.003 * factor(ScheduleConfig(kind="cosine", steps=4), step, 4) for step in range(4)]
    assert [lr for stage, lr in rows if stage == "0"] == pytest.approx(first, rel=1e-4)
    assert [lr for stage, lr in rows if stage == "1"] == pytest.approx(second, rel=1e-4)
    assert first[0] < first[1] == first[2] > first[9]


def test_what_is_kept_is_the_average_of_the_weights_and_it_does_not_disturb_the_training(tmp_path):
    plain = weights(train_network(task(tiny()), tmp_path / "plain"))
    averaged = weights(train_network(task(tiny(training={"ema": 0.9})), tmp_path / "ema"))
    state = torch.load(tmp_path / "ema" / "checkpoint.pt", weights_only=True)["state"]
    assert all(torch.equal(state["model"][name], plain[name]) for name in plain)
    for name, value in state["average"]["average"].items():
        assert torch.equal(averaged[name], value)
        assert not torch.equal(averaged[name], plain[name])


@pytest.mark.parametrize(("select", "kept"), [("best", 2.0), ("last", 3.0)])
def test_the_best_weights_are_kept_where_the_recipe_asks_for_them(select, kept):
    state = RunState(build({"builder": "baseline_unet", "width": 4}, 3), (), 0.0)
    parameter = next(state.model.parameters())
    counter = next(v for n, v in state.model.named_buffers() if n.endswith("running_mean"))
    for value, f1 in ((1.0, 0.2), (2.0, 0.6), (3.0, 0.5)):
        with torch.no_grad():
            parameter.fill_(value)
            counter.fill_(value)
        state.see({"f1": f1})
    assert (state.best_f1, state.stale) == (0.6, 1)
    state.finish(select)
    assert (parameter == kept).all()
    assert (counter == kept).all()


def test_mixup_weighs_the_losses_on_both_labels(tmp_path, monkeypatch):
    asked = []

    def loss(config, logits, mask, whole):
        asked.append(mask.clone())
        return logits.sum() * 0 + (1.0 if len(asked) % 2 else 5.0), {}

    swap = torch.tensor([3, 2, 1, 0])
    monkeypatch.setattr(
        "engine.training.loop.mixup", lambda image, alpha, generator: (image, swap, 0.25)
    )
    monkeypatch.setattr("engine.training.loop.total_loss", loss)
    recipe = tiny(augment={"mixup": 0.4}, schedule={"steps": 1}, training={"validate_every": 1})
    train_network(task(recipe), tmp_path)
    with (tmp_path / "metrics.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert float(row["loss"]) == pytest.approx(0.25 * 1 + 0.75 * 5)
    assert torch.equal(asked[1], asked[0][swap])


def test_every_validation_tells_the_speed_and_the_time_left(tmp_path):
    heard = []
    recipe = tiny(second_stage={"steps": 2})
    train_network(task(recipe, fold=0), tmp_path, reporter=Reporter(heard.append))
    lines = [
        event.message
        for event in heard
        if isinstance(event, Log) and event.message.startswith("step ")
    ]
    for line, step in zip(lines, (2, 4, 6, 8), strict=True):
        assert re.fullmatch(
            rf"step {step} of 8: loss [\d.]+, validation F1 [\d.]+ at [\d.]+, [\d.]+ patches/s,"
            r" \d+:\d\d left",
            line,
        ), line
    assert lines[-1].endswith(" 0:00 left")
