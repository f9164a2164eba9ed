"""How much a recipe computes, counted against what the loop really does, and the hours that
follow."""

from __future__ import annotations

import pytest
from training_cases import landscape, tiny
from training_effort import Effort, adaptation_effort, held_out, training_effort

from engine.patches.arrays import write_packed
from engine.training import loop
from engine.training.adapting import teachers
from engine.training.adapting.adaptation import adapt
from engine.training.recipe import load_recipe
from engine.training.run import train


def counted(monkeypatch):
    """Samples of every backward pass, and patches of every prediction, as they happen."""
    seen = {"trained": 0, "predicted": 0}
    backward, predict = loop._backward, loop.predict_pool

    def count_backward(run, stage, model, parts, step):
        seen["trained"] += sum(map(len, parts))
        return backward(run, stage, model, parts, step)

    def count_predict(model, pool, **options):
        seen["predicted"] += len(pool.arrays)
        return predict(model, pool, **options)

    monkeypatch.setattr(loop, "_backward", count_backward)
    monkeypatch.setattr(loop, "predict_pool", count_predict)
    monkeypatch.setattr(teachers, "predict_pool", count_predict)
    return seen


@pytest.mark.parametrize("cross_validate", [False, True])
def test_training_computes_what_is_estimated(packed, tmp_path, monkeypatch, cross_validate):
    recipe = tiny(
        data={"validation": "site", "cross_validate": cross_validate},
        schedule={"steps": 0, "epochs": 4.0},
        training={"validate_every": 0},
        second_stage={"steps": 3},
    )
    seen = counted(monkeypatch)
    train(recipe, packed, tmp_path)
    assert Effort(**seen) == training_effort(recipe, patches=8, held=4)


@pytest.mark.parametrize("selection", ["threshold", "uncertainty"])
def test_adaptation_computes_what_is_estimated(packed, tmp_path, monkeypatch, selection):
    config = {"selection": selection, "passes": 3, "rounds": 2, "epochs": 2.0, "refresh": False}
    recipe = tiny(
        data={"validation": "site"},
        schedule={"steps": 5},
        training={"validate_every": 0},
        adaptation=config,
    )
    teacher = train(recipe, packed, tmp_path / "teacher")
    write_packed(landscape(count=6, seed=3), tmp_path / "target")
    seen = counted(monkeypatch)
    adapt([teacher], recipe, packed, tmp_path / "target", tmp_path / "out")
    assert Effort(**seen) == adaptation_effort(recipe, patches=8, target=6, held=4)


def test_shipped_recipes_by_hand():
    kingdrone = load_recipe("kingdrone")
    assert training_effort(kingdrone) == Effort(15000 * 8, 11 * 380)
    assert adaptation_effort(kingdrone) == Effort(3 * 15000 * 8, 3 * (11 * 380 + 800))
    assert held_out(load_recipe("best")) == 255  # (150 + 121 + 494) / 3
    assert held_out(load_recipe("best", ["data.fold=1"])) == 3034
    assert held_out(load_recipe("best", ['data.validation="none"'])) == 0
    sklgp = load_recipe("sklgp")
    assert training_effort(sklgp).trained == 200 * 441 * 8  # 3,528 patches are 441 batches of 8


def test_hours_follow_from_the_rates():
    both = Effort(7200, 1000) + Effort(0, 800)
    assert both.hours(trained_per_s=2.0, predicted_per_s=0.5) == pytest.approx(2.0)


def test_the_benchmark_times_real_steps_of_every_network(packed, tmp_path):
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    path = Path(__file__).resolve().parents[3] / "scripts" / "bench_train.py"
    spec = spec_from_file_location("bench_train", path)
    bench = module_from_spec(spec)
    spec.loader.exec_module(bench)
    recipe = tiny(
        members={"a": {"width": 4}, "b": {"width": 4, "act": "smu"}}, data={"validation": "block"}
    )
    rows = [bench.measure(recipe, name, packed, steps=2) for name in recipe.networks()]
    assert [row["network"] for row in rows] == ["a", "b"]
    for row in rows:
        assert row["trained_per_s"] > 0
        assert row["predicted_per_s"] > 0
        expected = training_effort(recipe).hours(row["trained_per_s"], row["predicted_per_s"])
        assert row["training_h"] == pytest.approx(expected, rel=1e-6)
    assert "| tiny | b |" in bench.table(rows)
