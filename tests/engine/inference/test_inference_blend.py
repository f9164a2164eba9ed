"""Blending gives back what the windows saw, and rows leave as soon as no later window touches
them."""

from __future__ import annotations

import threading

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from inference_cases import scene

from engine.events import Progress, Reporter
from engine.handles import StackReader
from engine.inference.blend import Blender
from engine.inference.config import InferenceConfig
from engine.inference.detect import predict
from engine.inference.journal import Journal
from engine.inference.tiling import fade_px, lay_out


@st.composite
def axes(draw):
    multiple = draw(st.sampled_from([1, 2, 8]))
    window = draw(st.integers(2, 40)) * multiple
    overlap = draw(st.integers(0, window // multiple - 1)) * multiple
    assume(overlap + fade_px(overlap) <= window)
    return lay_out(draw(st.integers(1, 300)), window, overlap, multiple)


def window_of(image, rows, columns, row, column):
    """A window that saw the image, and noise wherever it reaches beyond it."""
    layers, (height, width) = len(image), image.shape[1:]
    y, x = rows.start(row), columns.start(column)
    seen = np.full((layers, rows.window_px, columns.window_px), 77.0, np.float32)
    top, bottom = max(0, -y), min(rows.window_px, height - y)
    left, right = max(0, -x), min(columns.window_px, width - x)
    seen[:, top:bottom, left:right] = image[:, y + top : y + bottom, x + left : x + right]
    return seen


@given(axes(), axes(), st.integers(1, 2), st.data())
def test_windows_that_agree_are_blended_into_what_they_saw_also_from_a_later_start(
    rows, columns, layers, data
):
    image = (
        np.random.default_rng(0)
        .random((layers, rows.length_px, columns.length_px))
        .astype(np.float32)
    )
    stopped_after = data.draw(st.integers(0, rows.count - 1))
    blender, done = Blender(rows, columns, layers), []
    for row in range(rows.count):
        for column in range(columns.count):
            blender.add(row, column, window_of(image, rows, columns, row, column))
        done.append(blender.finish(row))
        assert done[-1].shape[1] == rows.final(row)[1] - rows.final(row)[0]
        if row == stopped_after:
            carry = blender.carry()
            blender = Blender(rows, columns, layers)
            blender.resume(carry)
    assert np.allclose(np.concatenate(done, axis=1), image, atol=1e-6)


def test_rows_are_written_as_soon_as_no_later_window_touches_them(
    make_stack, make_bundle, tmp_path, monkeypatch
):
    height, width = 700, 90
    rows, columns = lay_out(height, 64, 16, 8), lay_out(width, 64, 16, 8)
    assert rows.count > 10
    written, blended = [0], []
    append, add = Journal.append, Blender.add

    def counted(self, layers):
        written[0] += len(layers[0])
        append(self, layers)

    def checked(self, row, column, values):
        # When a window comes, all rows above it that are final have left, and none that it touches.
        blended.append((row, column))
        assert written[0] == rows.final(row)[0]
        add(self, row, column, values)

    monkeypatch.setattr(Journal, "append", counted)
    monkeypatch.setattr(Blender, "add", checked)
    config = InferenceConfig(window_px=64, overlap_px=16, device="cpu", threads=2)
    predict(make_stack(scene((height, width))), [make_bundle()], out=tmp_path / "o", config=config)
    assert blended == [
        (row, column) for row in range(rows.count) for column in range(columns.count)
    ]
    assert written[0] == height


def test_reading_goes_on_while_the_network_computes(make_stack, make_bundle, tmp_path, monkeypatch):
    from engine.inference.onnx_runtime import OnnxRuntime

    reading, enough, ahead = [], threading.Event(), []
    read, run = StackReader.read, OnnxRuntime.run

    def counted(self, channels, window=None):
        if started:
            reading.append(window)
            if len(reading) >= 5:
                enough.set()
        return read(self, channels, window)

    def slow(self, image):
        ahead.append(enough.wait(20))
        return run(self, image)

    started: list[bool] = []

    def listen(event):
        if isinstance(event, Progress) and event.stage == "statistics":
            started.append(True)

    monkeypatch.setattr(StackReader, "read", counted)
    monkeypatch.setattr(OnnxRuntime, "run", slow)
    config = InferenceConfig(window_px=64, overlap_px=16, device="cpu", threads=1)
    stack = make_stack(scene((300, 500)))
    predict(stack, [make_bundle()], out=tmp_path / "o", config=config, reporter=Reporter(listen))
    assert ahead[0], "five blocks were read while the first window was computed"
