"""The event magnitude mLS: its definition, and the example that its authors published."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import loadmat

from engine.report.magnitude import REFERENCE_COUNT, event_magnitude
from engine.report.statistics import fit_power_law

SAMPLE = Path(__file__).parents[4] / "shared" / "data" / "products" / "usgs_mls_sample"


@given(
    exponent=st.floats(1.5, 3.5),
    cutoff=st.floats(100, 1e5),
    count=st.integers(10, 10**6),
    times=st.integers(2, 1000),
)
def test_ten_times_as_many_are_one_more(
    exponent: float, cutoff: float, count: int, times: int
) -> None:
    one = event_magnitude(exponent, cutoff, count)
    many = event_magnitude(exponent, cutoff, count * times)
    assert one is not None
    assert many == pytest.approx(one + math.log10(times))


@given(exponent=st.floats(1.5, 3.5), cutoff=st.floats(100, 1e5), later=st.floats(1.1, 50))
def test_where_the_tail_begins_does_not_matter(
    exponent: float, cutoff: float, later: float
) -> None:
    """Of one power law, a larger cutoff leaves fewer landslides and the same magnitude."""
    count = 10**9
    fewer = round(count * later ** (1 - exponent))
    one = event_magnitude(exponent, cutoff, count)
    other = event_magnitude(exponent, cutoff * later, fewer)
    assert one == pytest.approx(other, abs=1e-3)


def test_no_tail_has_no_magnitude() -> None:
    assert event_magnitude(1.0, 100, 10) is None
    assert event_magnitude(2.4, 0, 10) is None
    assert event_magnitude(2.4, 100, 0) is None
    assert REFERENCE_COUNT == 11_111


def test_the_published_example() -> None:
    """1,024 landslides: β 2.46 ± 0.18, cutoff 9,234 ± 2,433 m², mLS 3.63 ± 0.08."""
    if not SAMPLE.is_dir():
        pytest.skip("the published sample is not here")
    areas = loadmat(SAMPLE / "sample_data.mat")["Area"].ravel().astype(float)
    published = event_magnitude(2.46, 9234, int((areas >= 9234).sum()))
    assert published == pytest.approx(3.63, abs=0.01)
    fit = fit_power_law(areas / 1e6)
    assert fit is not None
    assert fit.exponent.value == pytest.approx(2.44, abs=0.005)
    assert fit.cutoff_km2 * 1e6 == pytest.approx(8720)
    assert abs(fit.exponent.value - 2.46) < 0.18
    assert abs(fit.cutoff_km2 * 1e6 - 9234) < 2433
    ours = event_magnitude(fit.exponent.value, fit.cutoff_km2 * 1e6, fit.count)
    assert ours == pytest.approx(3.63, abs=0.02)
    assert np.isfinite(fit.distance)
