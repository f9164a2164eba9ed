"""Learning-rate schedules against their formulas."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.training.configuration import ScheduleConfig
from engine.training.recipe import load_recipe
from engine.training.schedule import factor, steps_per_epoch, total_steps


@given(
    st.sampled_from(["cosine", "poly", "restarts", "constant"]),
    st.integers(10, 300),
    st.floats(0, 0.5),
)
def test_every_schedule_stays_between_0_and_1_and_peaks_after_the_warm_up(kind, total, warmup):
    config = ScheduleConfig(kind=kind, steps=total, warmup=warmup, cycles=3)
    values = [factor(config, step, total) for step in range(total)]
    assert all(0 <= v <= 1 for v in values)
    assert values[round(warmup * total)] == pytest.approx(1.0)


def test_closed_forms():
    assert factor(
        ScheduleConfig(kind="poly", steps=100, warmup=0, power=0.9), 50, 100
    ) == pytest.approx(0.5**0.9)
    assert factor(ScheduleConfig(kind="cosine", steps=100, warmup=0), 25, 100) == pytest.approx(
        (1 + math.cos(math.pi / 4)) / 2
    )
    assert factor(ScheduleConfig(steps=100, warmup=0.1, start=0.5), 0, 100) == pytest.approx(0.55)


def test_restarts_double_their_cycle_as_in_figure_13():
    config = ScheduleConfig(kind="restarts", steps=72, warmup_epochs=2, cycles=3, multiplier=2)
    values = [factor(config, step, 72, epoch_steps=1) for step in range(72)]
    peaks = [i for i in range(2, 72) if values[i] == pytest.approx(1.0)]
    assert peaks == [2, 12, 32]


@given(patches=st.integers(40, 800), epochs=st.integers(20, 200))
def test_the_last_step_of_sklgp_is_at_the_minimum_for_every_count_of_patches(patches, epochs):
    config = replace(load_recipe("sklgp").schedule, epochs=float(epochs))
    total, epoch_steps = total_steps(config, patches, 8), steps_per_epoch(patches, 8)
    values = [factor(config, step, total, epoch_steps) for step in range(total)]
    assert values[-1] == pytest.approx(0.0, abs=1e-9)
    after = values[round(config.warmup_epochs * epoch_steps) :]
    assert sum(b > a + 0.3 for a, b in itertools.pairwise(after)) == 2  # two restarts, no third


@given(st.integers(1, 6), st.floats(1, 4), st.integers(30, 3000))
def test_restarts_fill_the_run(cycles, multiplier, total):
    config = ScheduleConfig(
        kind="restarts", steps=total, warmup=0, cycles=cycles, multiplier=multiplier
    )
    values = [factor(config, step, total) for step in range(total)]
    assert values[0] == pytest.approx(1.0)
    if round(total * multiplier ** (cycles - 1) / sum(multiplier**k for k in range(cycles))) > 2:
        assert values[-1] == pytest.approx(0.0, abs=1e-9)


def test_lengths():
    assert total_steps(ScheduleConfig(epochs=3), 10, 4) == 9
    assert total_steps(ScheduleConfig(steps=5, epochs=3), 10, 4) == 5
    assert steps_per_epoch(10, 4) == 3
