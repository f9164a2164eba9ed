"""Models of different channels, normalisations and input scales in one ensemble, against a slow
computation of the whole scene."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from inference_cases import fixed, read, scene, sigmoid

from engine.inference.config import InferenceConfig
from engine.inference.detect import predict
from engine.inference.ensemble import Ensemble, Member, views
from engine.inference.onnx_runtime import OnnxRuntime
from engine.inference.runtime import DeviceMemoryError
from engine.models.normalization import Normalization

STEP = 0.004
EDGE = 24
FIRST, SECOND, THIRD = ("B02", "B03", "B04"), ("B04", "B08"), ("B03", "DEM", "B11")
RNG = np.random.default_rng(5)
KERNELS = (
    RNG.normal(0, 0.2, (3, 5, 5)),
    RNG.normal(0, 0.3, (2, 3, 3)),
    RNG.normal(0, 0.3, (3, 7, 7)),
)
WEIGHTS = (2.0, 1.0, 0.5)
SCALES = (1, 2, 4)


@pytest.fixture
def members(make_bundle):
    statistics = Normalization(
        FIRST,
        ("scene", "centre", "fixed"),
        (900.0,) * 3,
        (300.0,) * 3,
        std_floor=0.1,
        min_pixels=10,
    )
    return [
        make_bundle(KERNELS[0], name="one", weight=2.0, normalization=statistics),
        make_bundle(
            KERNELS[1],
            name="two",
            channels=SECOND,
            input_scale=2,
            normalization=fixed(SECOND, 950, 250),
        ),
        make_bundle(
            KERNELS[2],
            name="four",
            channels=THIRD,
            required=("B03",),
            weight=0.5,
            input_scale=4,
            bias=0.3,
        ),
    ]


def normalised(channels):
    """What each member sees of each of its channels, by the formulas of its card."""
    values = {name: array.astype(float) for name, array in channels.items()}
    b02, b03, b04 = (values[name] for name in FIRST)
    first = [(b02 - b02.mean()) / b02.std(), (b03 - b03.mean()) / 300, (b04 - 900) / 300]
    second = [(values[name] - 950) / 250 for name in SECOND]
    third = [
        (b03 - 1000) / 200,
        (values["DEM"] - 1000) / 200,
        np.zeros_like(b03),
    ]  # B11 is not there: its mean, 0
    return [[np.clip(z, -6, 6) for z in member] for member in (first, second, third)]


def larger(image, scale):
    """Bilinear between pixel centres, row by row and column by column."""
    for axis in (0, 1):
        centres = np.arange(image.shape[axis])
        wanted = (np.arange(image.shape[axis] * scale) + 0.5) / scale - 0.5
        image = np.apply_along_axis(
            lambda line, w=wanted, c=centres: np.interp(w, c, line), axis, image
        )
    return image


def slow(images, kernel, bias, scale):
    """A member on the whole scene: mirrored, enlarged, convolved by hand, averaged back."""
    height, width = (side + 2 * EDGE for side in images[0].shape)
    half = kernel.shape[1] // 2
    total = np.full((height * scale, width * scale), float(bias))
    for image, weights in zip(images, kernel, strict=True):
        large = np.pad(larger(np.pad(image, EDGE, mode="reflect"), scale), half)
        for y in range(kernel.shape[1]):
            for x in range(kernel.shape[2]):
                total += weights[y, x] * large[y : y + height * scale, x : x + width * scale]
    back = sigmoid(total).reshape(height, scale, width, scale).mean(axis=(1, 3))
    return back[EDGE:-EDGE, EDGE:-EDGE]


@pytest.mark.parametrize("tta", ["none", "flip", "d4"])
def test_any_mix_of_models_is_averaged_as_if_each_had_seen_the_whole_scene(
    tta, members, make_stack, tmp_path
):
    channels = scene((130, 110), ("B02", "B03", "B04", "B08", "DEM"))
    opinions, weights = [], []
    for images, kernel, bias, scale, weight in zip(
        normalised(channels), KERNELS, (0, 0, 0.3), SCALES, WEIGHTS, strict=True
    ):
        turns = [kernel]
        if tta != "none":
            turns = [kernel, kernel[:, ::-1], kernel[:, :, ::-1], kernel[:, ::-1, ::-1]]
        if tta == "d4":
            turns += [turn.swapaxes(1, 2) for turn in turns]
        for turn in turns:  # to turn the kernel is to turn the image and its result back
            opinions.append(slow(images, turn, bias, scale))
            weights.append(weight / len(turns))
    mean = np.average(opinions, axis=0, weights=weights)
    spread = np.sqrt(np.average((np.array(opinions) - mean) ** 2, axis=0, weights=weights))
    config = InferenceConfig(window_px=64, overlap_px=32, tta=tta, device="cpu", threads=2)
    result = predict(make_stack(channels), members, out=tmp_path / "o", config=config)
    assert [member["missing_channels"] for member in result.facts["members"]] == [[], [], ["B11"]]
    assert np.abs(read(result.probability.path) - mean).max() <= STEP * 0.51 + 1e-3
    assert np.abs(read(result.uncertainty.path) - spread).max() <= STEP * 0.51 + 2e-3


def test_memory_does_not_grow_with_the_number_of_members():
    class Constant:
        name = "constant"

        def run(self, image):
            return np.full((len(image), *image.shape[2:]), 0.5, np.float32)

        def stop(self):
            pass

    def peak(count):
        ensemble = Ensemble([Member(Constant(), 0, 1.0)] * count, views("flip"))
        image = np.zeros((1, 1, 400, 400), np.float32)
        tracemalloc.start()
        ensemble.run([image])
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(12) <= peak(2) * 1.05


def test_a_device_that_runs_out_of_memory_gives_the_same_in_smaller_batches(
    make_stack, make_bundle, tmp_path, monkeypatch
):
    stack, bundle, sizes = make_stack(scene((200, 400))), make_bundle(KERNELS[0]), []
    whole = predict(
        stack,
        [bundle],
        out=tmp_path / "a",
        config=InferenceConfig(window_px=64, overlap_px=16, device="cpu", threads=1),
    )
    run = OnnxRuntime.run

    def small(self, image):
        sizes.append(len(image))
        if len(image) > 2:
            raise DeviceMemoryError("out of memory")
        return run(self, image)

    monkeypatch.setattr(OnnxRuntime, "run", small)
    config = InferenceConfig(window_px=64, overlap_px=16, device="cpu", threads=1, batch=7)
    halved = predict(stack, [bundle], out=tmp_path / "b", config=config)
    assert sizes[:3] == [7, 4, 2]
    assert max(sizes[3:]) == 2
    assert np.abs(read(whole.probability.path) - read(halved.probability.path)).max() <= STEP + 1e-6
