"""Learning-rate schedules against their formulas."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.training.configuration import ScheduleConfig
from engine.training.schedule import factor, steps_per_epoch, total_steps


@given(
    st.sampled_from(["cosine", "poly", "restarts", "constant"]),
    st.integers(10, 300),
    st.floats(0, 0.5),
)
def test_every_schedule_stays_between_0_and_1_and_peaks_after_the_warm_up(kind, total, warmup):
    config = ScheduleConfig(kind=kind, steps=total, warmup=warmup, first_cycle=0.2)
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
    config = ScheduleConfig(
        kind="restarts", steps=72, warmup_epochs=2, first_cycle=1 / 7, multiplier=2
    )
    values = [factor(config, step, 72, epoch_steps=1) for step in range(72)]
    peaks = [i for i in range(2, 72) if values[i] == pytest.approx(1.0)]
    assert peaks == [2, 12, 32]


def test_lengths():
    assert total_steps(ScheduleConfig(epochs=3), 10, 4) == 9
    assert total_steps(ScheduleConfig(steps=5, epochs=3), 10, 4) == 5
    assert steps_per_epoch(10, 4) == 3
