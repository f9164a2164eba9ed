"""Windows overlap as much as the models' reach asks for, and then no result depends on where
windows lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inference_cases import read, scene, sigmoid
from scipy.ndimage import correlate

from engine.inference.blend import Blender
from engine.inference.config import CrfConfig, InferenceConfig
from engine.inference.detect import predict
from engine.inference.ensemble import downsample, upsample
from engine.inference.setup import choose_overlap, windows
from engine.inference.tiling import LEAST_OVERLAP_PX, fade_in, lay_out, mirror, overlap_for

STEP = 0.004


@given(st.integers(0, 400))
def test_the_rim_that_counts_for_nothing_is_as_wide_as_the_reach_and_hardly_wider(reach):
    overlap = overlap_for(reach)
    rim = np.flatnonzero(fade_in(overlap))[0]
    assert rim >= reach
    assert overlap == LEAST_OVERLAP_PX or rim <= reach + 1


@st.composite
def scenes(draw):
    reach, multiple = draw(st.integers(0, 9)), draw(st.sampled_from([1, 2, 8, 32]))
    smallest = -(-overlap_for(reach) // multiple) + max(1, 8 // multiple)
    window = draw(st.integers(smallest, smallest + 60 // multiple)) * multiple
    return draw(st.integers(1, 150)), draw(st.integers(1, 150)), window, reach, multiple


def mirrored(image, rows, columns):
    """The pixels of an image at any row and column numbers."""
    return image[
        mirror(np.arange(*rows), image.shape[0])[:, None],
        mirror(np.arange(*columns), image.shape[1]),
    ]


@given(scenes())
def test_with_the_overlap_for_a_reach_any_windows_give_what_the_whole_image_gives(case):
    height, width, window, reach, multiple = case
    rng = np.random.default_rng(height * 1000 + width)
    image, kernel = (
        rng.normal(size=(height, width)),
        rng.normal(size=(2 * reach + 1, 2 * reach + 1)),
    )
    around = mirrored(image, (-reach, height + reach), (-reach, width + reach))
    whole = correlate(around, kernel, mode="constant")[
        reach : reach + height, reach : reach + width
    ]
    rows, columns = (lay_out(n, window, overlap_for(reach), multiple) for n in (height, width))
    blender, done = Blender(rows, columns, 1), []
    for row in range(rows.count):
        for column in range(columns.count):
            y, x = rows.start(row), columns.start(column)
            seen = mirrored(image, (y, y + rows.window_px), (x, x + columns.window_px))
            # a network knows nothing beyond its window: zeros there
            blender.add(
                row, column, correlate(seen, kernel, mode="constant")[None].astype(np.float32)
            )
        done.append(blender.finish(row)[0])
    assert np.allclose(np.concatenate(done), whole, atol=1e-5 * np.abs(whole).max())


@pytest.mark.parametrize("multiple", [8, 32])
def test_with_the_reach_in_the_card_a_detection_is_the_same_in_any_windows(
    multiple, make_stack, make_bundle, tmp_path
):
    channels = scene((333, 257))
    kernel = np.random.default_rng(1).normal(0, 0.15, (3, 7, 7))
    stack = make_stack(channels)
    bundle = make_bundle(kernel, reach_px=3, multiple_of_px=multiple)
    z = [np.clip((values - 1000) / 200, -6, 6) for values in channels.values()]
    whole = sigmoid(sum(correlate(a, k, mode="mirror") for a, k in zip(z, kernel, strict=True)))
    for window in (64, 96, 224, 512):
        config = InferenceConfig(window_px=window, device="cpu", threads=1)
        result = predict(stack, [bundle], out=tmp_path / str(window), config=config)
        assert np.abs(read(result.probability.path) - whole).max() <= STEP * 0.51 + 1e-3, window
        assert result.facts["windows"]["overlap_px"] in (0, max(16, multiple))
        assert result.facts["windows"]["overlap_reason"] == "The models' reach is 3 pixels."


def test_a_card_without_a_reach_keeps_the_usual_overlap(make_stack, make_bundle):
    grid = make_stack(scene((40, 40))).grid
    config = InferenceConfig()
    bundle = make_bundle(multiple_of_px=32)
    choice = choose_overlap([bundle], config)
    assert choice.overlap_px == 192
    assert choice.reason == "The reach of tiny is not known."
    large = type(grid)(grid.crs, grid.transform, (10980, 10980))
    for axis in windows(large, [bundle], config):
        assert (axis.window_px, axis.overlap_px) == (704, 192)
    enlarging = make_bundle(name="four", input_scale=4, multiple_of_px=32)
    for axis in windows(large, [enlarging], config):
        assert (axis.window_px, axis.overlap_px) == (256, 48)


def test_a_card_with_a_small_reach_adds_whole_blocks_too(make_stack, make_bundle):
    grid = make_stack(scene((40, 40))).grid
    large = type(grid)(grid.crs, grid.transform, (10980, 10980))
    for axis in windows(large, [make_bundle(reach_px=3, multiple_of_px=32)], InferenceConfig()):
        assert (axis.window_px, axis.overlap_px) == (544, 32)
        assert all(axis.fresh(index)[0] % 512 == 0 for index in range(1, axis.count))


def test_the_member_that_looks_furthest_decides(make_bundle):
    near, far, silent = (
        make_bundle(name="n", reach_px=3),
        make_bundle(name="f", reach_px=70),
        make_bundle(name="s"),
    )
    deep = make_bundle(name="d", reach_px=200)
    config = InferenceConfig()
    assert choose_overlap([near], config).overlap_px == 16
    assert choose_overlap([near, far], config).overlap_px == 160
    assert choose_overlap([near, silent], config).overlap_px == 192
    assert choose_overlap([deep, silent], config).overlap_px == overlap_for(200) > 192


def test_an_overlap_that_was_asked_for_wins(make_stack, make_bundle, tmp_path):
    config = InferenceConfig(window_px=64, overlap_px=24, device="cpu", threads=1)
    facts = predict(
        make_stack(scene((200, 200))), [make_bundle(reach_px=3)], out=tmp_path / "o", config=config
    ).facts
    assert facts["windows"]["overlap_px"] == 24
    assert facts["windows"]["overlap_reason"] == "It was asked for."


def test_half_of_a_given_window_is_the_most(make_bundle):
    choice = choose_overlap([make_bundle(reach_px=60)], InferenceConfig(window_px=128))
    assert choice.overlap_px == 64
    assert "half of the window" in choice.reason


def test_of_a_crf_nobody_can_tell_how_far_it_looks(make_bundle):
    choice = choose_overlap([make_bundle(reach_px=3)], InferenceConfig(crf=CrfConfig()))
    assert (choice.overlap_px, choice.reason) == (192, "The reach of a CRF is not known.")


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("reach", [0, 1, 3, 4])
def test_the_reach_of_a_network_on_enlarged_images_is_that_of_its_result(scale, reach):
    export = pytest.importorskip("engine.models.export")
    told = export.reach_px(type("Model", (), {"reach_px": reach})(), scale)
    image = np.zeros((1, 1, 31, 31), np.float32)
    image[0, 0, 15, 15] = 1.0
    box = np.ones((1, 1, 2 * reach + 1, 2 * reach + 1), np.float32)
    felt = downsample(correlate(upsample(image, scale), box, mode="constant")[:, 0], scale)[0] > 0
    rows = np.flatnonzero(felt.any(axis=1))
    assert (rows[0], rows[-1]) == (15 - told, 15 + told)
