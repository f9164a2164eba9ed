from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DeviceError
from engine.inference.ensemble import Ensemble, Member, downsample, upsample, views
from engine.inference.runtime import DeviceMemoryError


class Small:
    """A device that takes at most ``room`` windows at once and answers with the first channel."""

    name = "small"

    def __init__(self, room: int) -> None:
        self.room, self.sizes = room, []

    def run(self, image):
        self.sizes.append(len(image))
        if len(image) > self.room:
            raise DeviceMemoryError("CUDA out of memory")
        return image[:, 0]

    def stop(self) -> None:
        pass


@pytest.mark.parametrize("kind", ["none", "flip", "d4"])
def test_every_view_undoes_itself_and_is_another_one(kind):
    image = np.arange(2 * 3 * 5 * 7, dtype=np.float32).reshape(2, 3, 5, 7)
    seen = set()
    for view in views(kind):
        turned = view.apply(image)
        assert turned.flags.c_contiguous
        assert np.array_equal(view.undo(turned), image)
        seen.add(turned.tobytes() + bytes(turned.shape))
    assert len(seen) == {"none": 1, "flip": 4, "d4": 8}[kind]
    assert np.array_equal(views(kind)[0].apply(image), image)


@given(st.lists(st.floats(0.1, 5), min_size=1, max_size=5), st.sampled_from(["none", "flip", "d4"]))
def test_the_running_mean_is_the_weighted_mean_and_spread(weights, kind):
    images = np.random.default_rng(0).random((len(weights), 2, 1, 8, 8)).astype(np.float32)
    ensemble = Ensemble([Member(Small(9), i, w) for i, w in enumerate(weights)], views(kind))
    mean, variance = ensemble.run(list(images))
    by_hand = np.average(images[:, :, 0], axis=0, weights=weights)
    assert np.allclose(mean, by_hand, atol=1e-6)
    if ensemble.averaged == 1:
        assert variance is None
    else:
        assert np.allclose(
            variance,
            np.average((images[:, :, 0] - by_hand) ** 2, axis=0, weights=weights),
            atol=1e-6,
        )


@pytest.mark.parametrize(("room", "first"), [(3, [8, 4, 2, 2, 2, 2]), (1, [8, 4, 2, 1]), (8, [8])])
def test_too_little_memory_halves_the_batch_and_goes_on(room, first):
    image = np.random.default_rng(0).random((8, 2, 4, 4)).astype(np.float32)
    device = Small(room)
    ensemble = Ensemble([Member(device, 0, 1.0)], views("none"))
    assert np.array_equal(ensemble.run([image])[0], image[:, 0])
    assert device.sizes[: len(first)] == first
    device.sizes.clear()
    assert np.array_equal(ensemble.run([image])[0], image[:, 0])
    assert max(device.sizes) <= room


def test_a_single_window_that_does_not_fit_names_the_remedy():
    ensemble = Ensemble([Member(Small(0), 0, 1.0)], views("none"))
    with pytest.raises(DeviceError, match="smaller --window"):
        ensemble.run([np.zeros((2, 1, 4, 4), np.float32)])


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 2, 4]))
def test_enlarging_keeps_ramps_and_downsampleing_brings_them_back(rows, columns, scale):
    ramp = (np.arange(rows)[:, None] * 2.0 + np.arange(columns) * 3.0).astype(np.float32)
    large = upsample(ramp[None], scale)
    assert large.shape == (1, rows * scale, columns * scale)
    inner = downsample(large, scale)[0, 1:-1, 1:-1]
    assert np.allclose(inner, ramp[1:-1, 1:-1], atol=1e-4)
    assert large.min() >= ramp.min()
    assert large.max() <= ramp.max()


def test_enlarging_is_pytorchs_bilinear():
    torch = pytest.importorskip("torch")
    image = np.random.default_rng(0).random((2, 3, 6, 5)).astype(np.float32)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(image), scale_factor=4, mode="bilinear", align_corners=False
    )
    assert np.allclose(upsample(image, 4), expected.numpy(), atol=1e-6)
