"""The bundled model's network, and what is added to its logits where a channel is not there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import median_filter
from torch import nn

from engine.errors import ConfigError
from engine.models.blocks import median_over_3
from engine.models.neighbourhood import mean_over, texture_over
from engine.models.networks import Segmenter, build

NETWORK = {"builder": "neighbourhood", "width": 8, "neighbourhoods": [1, 3, 7]}
TWICE = {**NETWORK, "own": [[2, [5, 11]], [4, []]], "marks": 2, "context": [3, 9]}


def lively(network: dict[str, Any] = NETWORK) -> Segmenter:
    torch.manual_seed(0)
    model = build(network, 5).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model


def reach_of_channel(model: Segmenter, channel: int) -> int:
    """How far from a pixel a change of one channel there is felt, -1 for nowhere."""
    image = torch.rand(1, 5, 50, 60)
    other = image.clone()
    other[0, channel, 25, 30] += 5
    with torch.inference_mode():
        changed = (model(other) - model(image)).abs()[0, 0] > 1e-7
    rows, columns = changed.nonzero().T
    if len(rows) == 0:
        return -1
    found = {
        int(25 - rows.min()),
        int(rows.max() - 25),
        int(30 - columns.min()),
        int(columns.max() - 30),
    }
    assert len(found) == 1
    return found.pop()


def test_a_pixel_is_judged_by_its_neighbourhood_alone() -> None:
    model = lively()
    assert {reach_of_channel(model, channel) for channel in range(5)} == {3}
    assert model.network.reach_px == 3


def test_a_second_look_reaches_further_and_channels_have_neighbourhoods_of_their_own() -> None:
    model = lively(TWICE)
    assert [reach_of_channel(model, channel) for channel in range(5)] == [7, 7, 9, 7, -1]
    assert model.network.reach_px == 9


def test_textures_are_looked_at_in_their_channels_as_far_as_their_sides() -> None:
    model = lively({**TWICE, "textures": [[0, [5, 9]], [4, [13]]]})
    # At the rim of a square of 13 a single pixel of one channel counts beside its surroundings, and
    # the second look adds 4.
    assert [reach_of_channel(model, channel) for channel in range(5)] == [8, 7, 9, 7, 10]
    assert model.network.reach_px == 10


@pytest.mark.parametrize("network", [NETWORK, TWICE, {**TWICE, "textures": [[0, [5]]]}])
def test_means_at_the_edge_are_of_what_is_there(network: dict[str, Any]) -> None:
    model = lively(network)
    with torch.inference_mode():
        logits = model(torch.full((1, 5, 20, 20), 0.7))
    torch.testing.assert_close(logits, logits[:, :, :1, :1].expand_as(logits))


@settings(max_examples=30, deadline=None)
@given(
    side=st.integers(0, 6).map(lambda half: 2 * half + 1),
    rows=st.integers(1, 17),
    columns=st.integers(1, 17),
    seed=st.integers(0, 9),
)
def test_means_are_those_of_the_square(side: int, rows: int, columns: int, seed: int) -> None:
    image = torch.from_numpy(np.random.default_rng(seed).normal(size=(1, 1, rows, columns)))
    found, half = mean_over(image, side)[0, 0], side // 2
    for y in range(rows):
        for x in range(columns):
            square = image[0, 0, max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1]
            assert float(found[y, x]) == pytest.approx(float(square.mean()))


@settings(max_examples=30, deadline=None)
@given(
    half=st.integers(1, 6),
    rows=st.integers(1, 17),
    columns=st.integers(1, 17),
    seed=st.integers(0, 9),
)
def test_a_texture_is_the_logarithm_of_the_spread_in_the_square(
    half: int, rows: int, columns: int, seed: int
) -> None:
    image = torch.from_numpy(np.random.default_rng(seed).normal(size=(1, 1, rows, columns)))
    found = texture_over(image, 2 * half + 1)[0, 0]
    for y in range(rows):
        for x in range(columns):
            square = image[
                0, 0, max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1
            ].numpy()
            assert float(found[y, x]) == pytest.approx(
                0.5 * np.log(square.var() + 0.01) + 1, abs=1e-6
            )


def test_a_texture_does_not_depend_on_brightness_and_has_gradients_where_all_is_smooth() -> None:
    image = torch.full((1, 1, 9, 9), 6.0, requires_grad=True)
    smooth = texture_over(image, 5)
    smooth.sum().backward()  # type: ignore[no-untyped-call]
    assert image.grad is not None
    assert torch.isfinite(image.grad).all()
    torch.testing.assert_close(
        smooth, torch.full_like(smooth, 0.5 * float(np.log(0.01)) + 1), atol=1e-3, rtol=0
    )


@given(
    rows=st.integers(1, 12),
    columns=st.integers(1, 12),
    kinds=st.integers(2, 100),
    seed=st.integers(0, 9),
)
def test_a_median_is_that_of_the_nine_pixels(
    rows: int, columns: int, kinds: int, seed: int
) -> None:
    image = np.random.default_rng(seed).integers(0, kinds, (2, 1, rows, columns)).astype(np.float32)
    expected = np.stack([median_filter(one, size=(1, 3, 3), mode="nearest") for one in image])
    np.testing.assert_array_equal(median_over_3(torch.from_numpy(image)).numpy(), expected)


def test_specks_vanish_when_predicting_and_only_then() -> None:
    plain, despeckled = lively(TWICE), lively({**TWICE, "despeckle": True})
    image = torch.rand(1, 5, 30, 40)
    with torch.inference_mode():
        torch.testing.assert_close(despeckled(image), median_over_3(plain(image)))
        torch.testing.assert_close(despeckled.train()(image), plain(image))
    assert despeckled.reach_px == plain.reach_px + 1


def test_what_is_named_twice_is_looked_at_once() -> None:
    once, twice = (build({**NETWORK, "textures": [[0, [5]]] * count}, 5) for count in (1, 2))
    assert once.network.looks == twice.network.looks


def test_a_new_network_says_that_landslides_are_rare() -> None:
    with torch.inference_mode():
        assert torch.sigmoid(build(NETWORK, 5)(torch.rand(1, 5, 9, 9))).max() < 0.1


@pytest.mark.parametrize(
    "changed",
    [
        {"neighbourhoods": [2]},
        {"neighbourhoods": [3, 8]},
        {"context": [4]},
        {"own": [[0, [-1]]]},
        {"textures": [[0, [4]]]},
        {"textures": [[0, [1]]]},
    ],
)
def test_even_and_negative_sides_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="are odd and 1 pixel or more"):
        build({**NETWORK, **changed}, 5)


def test_a_network_that_looks_at_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="looks at no channel"):
        build({**NETWORK, "neighbourhoods": []}, 5)


def test_an_image_level_logit_is_refused() -> None:
    with pytest.raises(ConfigError, match="image-level"):
        build({**NETWORK, "image_level": True}, 5)


def test_only_missing_channels_shift_the_logits_of_their_image() -> None:
    plain = lively()
    shifted = build(
        {**NETWORK, "missing_shift": [[1, 0.5], [3, 2.0]], "temperature": 2.0}, 5
    ).eval()
    shifted.load_state_dict(plain.state_dict())
    image = torch.rand(4, 5, 12, 12)
    image[1, 1] = 0
    image[2, [1, 3]] = 0
    image[3, 0] = 0
    with torch.inference_mode():
        added = 2 * shifted(image) - plain(image)
    for row, expected in zip(added, (0.0, 0.5, 2.5, 0.0), strict=True):
        torch.testing.assert_close(row, torch.full_like(row, expected))
