from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.errors import ConfigError
from engine.inference.tiling import BALANCED_WINDOWS, fade_in, fade_px, lay_out, mirror

KNOWN = st.booleans()


@st.composite
def layouts(draw):
    multiple = draw(st.sampled_from([1, 2, 8, 32]))
    window = draw(st.integers(2, 80)) * multiple
    overlap = draw(st.integers(0, window // multiple - 1)) * multiple
    assume(overlap + fade_px(overlap) <= window)
    return draw(st.integers(1, 3000)), window, overlap, multiple


@given(layouts(), KNOWN)
def test_weights_sum_to_exactly_one_on_every_pixel(case, known):
    axis = lay_out(*case, reach_known=known)
    total = np.zeros(axis.length_px, np.float32)
    for index in range(axis.count):
        start, weights = axis.start(index), axis.weights(index)
        assert (weights >= 0).all()
        left, right = max(0, -start), min(axis.window_px, axis.length_px - start)
        total[start + left : start + right] += weights[left:right]
    assert (total == 1).all()


@given(layouts())
def test_windows_lie_on_the_lattice_and_cover_the_axis_and_its_mirror(case):
    length, window, overlap, multiple = case
    axis = lay_out(*case)
    starts = [axis.start(index) for index in range(axis.count)]
    assert all(start % multiple == 0 for start in starts)
    assert axis.window_px % multiple == 0
    assert axis.window_px <= window
    margin = overlap // 2 // multiple * multiple
    assert starts[0] <= -margin
    assert starts[-1] + axis.window_px >= length + margin
    assert starts[-1] < length
    assert axis.overlap_px == (overlap if axis.count > 1 else 0)


@given(layouts())
def test_windows_of_unknown_reach_keep_their_size_and_share_what_is_to_spare(case):
    length, window, overlap, multiple = case
    axis = lay_out(*case, reach_known=False)
    assume(1 < axis.count <= BALANCED_WINDOWS)
    assert axis.window_px == window
    assert axis.overlap_px >= overlap
    margin = -axis.first_px
    assert margin <= min(overlap, 16) + multiple
    assert axis.stride_px % multiple == margin % multiple == 0
    last = axis.start(axis.count - 1)
    assert length + margin <= last + window < length + margin + axis.count * multiple
    if axis.overlap_px <= axis.stride_px:
        inner = axis.weights(1)[: axis.overlap_px]
        assert axis.overlap_px < 16 or (inner > 0).mean() >= 7 / 8
        assert (np.diff(inner) >= 0).all()


def test_no_more_windows_than_cover_the_raster_where_the_reach_is_unknown():
    """Four by four instead of five by five, which a mirrored margin asks for."""
    known, unknown = (lay_out(1650, 512, 96, 32, reach_known=known) for known in (True, False))
    assert (known.count, unknown.count) == (5, 4)
    assert unknown.window_px == 512


@given(layouts(), KNOWN)
def test_final_and_fresh_spans_meet_without_gap_or_overlap(case, known):
    axis = lay_out(*case, reach_known=known)
    finals = [axis.final(index) for index in range(axis.count)]
    assert finals[0][0] == 0
    assert finals[-1][1] == axis.length_px
    assert all(before[1] == after[0] for before, after in itertools.pairwise(finals))
    fresh = [axis.fresh(index) for index in range(axis.count)]
    assert fresh[0][0] == axis.start(0)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(fresh))


def test_a_final_pixel_is_not_touched_by_a_later_window():
    axis = lay_out(1000, 128, 32, 8)
    for index in range(axis.count - 1):
        assert axis.final(index)[1] <= axis.start(index + 1)


def test_a_large_raster_is_read_in_whole_blocks():
    axis = lay_out(10980, 704, 192, 32)
    assert axis.count > BALANCED_WINDOWS
    assert all(axis.fresh(index)[0] % 512 == 0 for index in range(1, axis.count))


def test_a_scene_a_little_larger_than_a_window_is_not_computed_twice():
    axis = lay_out(600, 512, 128, 32)
    assert axis.count == 2
    assert axis.window_px < 512


def test_a_scene_smaller_than_a_window_takes_one_small_window():
    axis = lay_out(100, 640, 128, 32)
    assert (axis.count, axis.window_px, axis.start(0)) == (1, 256, -64)


@given(st.integers(0, 300))
def test_fades_are_complements_and_their_ends_are_silent(overlap):
    fade = fade_in(overlap)
    assert np.array_equal(fade + fade[::-1], np.ones(overlap, np.float32))
    assert (np.diff(fade) >= 0).all()
    assert (fade[: overlap * 7 // 16] == 0).all()


@given(st.integers(1, 40), st.integers(0, 100), st.integers(0, 100))
def test_mirror_is_numpys_reflection(length, before, after):
    values = np.arange(length)
    expected = np.pad(values, (before, after), mode="reflect" if length > 1 else "edge")
    assert np.array_equal(values[mirror(np.arange(-before, length + after), length)], expected)


def test_an_overlap_that_leaves_nothing_to_fade_is_refused():
    with pytest.raises(ConfigError, match="too much"):
        lay_out(1000, 128, 120)


@pytest.mark.parametrize("case", [(0, 64, 8), (10, 0, 0), (10, 64, -1)])
def test_sizes_that_make_no_sense_are_refused(case):
    with pytest.raises(ConfigError):
        lay_out(*case)
