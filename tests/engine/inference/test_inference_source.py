from __future__ import annotations

import re

import numpy as np
import pytest
from inference_cases import RGB, fixed, scene

from engine.errors import ChannelError
from engine.events import SILENT, Log, Reporter
from engine.inference import statistics
from engine.inference.buffer import RowBuffer
from engine.inference.source import BlockSource, Inputs, excluded_classes, plan
from engine.inference.statistics import SceneStatistics, scene_statistics
from engine.inference.tiling import lay_out
from engine.models.normalization import Normalization


def source_of(stack, bundles):
    inputs = Inputs.of(stack, bundles)
    found = scene_statistics(stack, inputs, excluded=excluded_classes(True))
    planes, layouts = plan(inputs, bundles, found.channels)
    return BlockSource(stack, inputs, planes, excluded_classes(True), None), layouts


def steps_of(source, reader, rows, columns):
    """Planes of a block and which of its pixels get a result."""
    raw, valid = source.read(reader, rows, columns)
    steps = np.empty((len(source.planes), *valid.shape), np.int16)
    source.normalise(raw, steps)
    return steps, valid


def test_stored_values_are_the_normalisation_to_a_hair(make_stack, make_bundle):
    normalization = Normalization(
        RGB, ("scene", "centre", "fixed"), (900.0,) * 3, (300.0,) * 3, min_pixels=10
    )
    channels = scene((40, 30))
    channels["B03"][3] = np.nan
    stack, bundle = (
        make_stack(channels),
        make_bundle(normalization=normalization, required=("B02",)),
    )
    source, layouts = source_of(stack, [bundle])
    found = scene_statistics(stack, source.inputs, excluded=()).channels
    with stack.reader() as reader:
        steps, valid = steps_of(source, reader, (0, 40), (0, 30))
        expected = normalization.apply(reader.read(RGB), RGB, normalization.affine(found))
    got = np.stack([steps[p] * np.float32(source.planes[p].step) for p in layouts[0].planes])
    assert np.abs(got - expected).max() < 6 / 32767
    assert valid.all()


def test_blocks_beyond_the_edge_are_mirrored_and_get_no_result(make_stack, make_bundle):
    source, _ = source_of(make_stack(scene((20, 30))), [make_bundle()])
    with source.stack.reader() as reader:
        whole, _ = steps_of(source, reader, (0, 20), (0, 30))
        steps, valid = steps_of(source, reader, (-7, 33), (-45, 50))
    assert np.array_equal(steps, np.pad(whole, ((0, 0), (7, 13), (45, 20)), mode="reflect"))
    assert valid.sum() == 20 * 30
    assert valid[7:27, 45:75].all()


def test_members_that_normalise_alike_share_what_is_kept(make_stack, make_bundle):
    bundles = [
        make_bundle(name="a"),
        make_bundle(name="b", channels=("B04", "B02")),
        make_bundle(
            name="c",
            channels=("B04", "B11"),
            required=("B04",),
            normalization=fixed(("B04", "B11"), 500),
        ),
    ]
    source, layouts = source_of(make_stack(scene((20, 20))), bundles)
    assert len(source.planes) == 4
    assert layouts[1].planes == (layouts[0].planes[2], layouts[0].planes[0])
    assert layouts[2].planes[1] == -1
    assert source.inputs.required == RGB


def test_the_buffer_gives_every_window_as_if_read_alone(make_stack, make_bundle):
    channels = scene((230, 170))
    channels["B02"][40:60, 100:] = np.nan
    source, layouts = source_of(make_stack(channels), [make_bundle()])
    for first, rows, columns in (
        (0, lay_out(230, 64, 24, 8), lay_out(170, 48, 16, 8)),
        (2, lay_out(230, 64, 24, 8), lay_out(170, 48, 16, 8)),
        (1, lay_out(230, 64, 48, 8), lay_out(170, 64, 56, 8)),
    ):
        needed = np.ones((rows.count, columns.count), bool)
        with (
            RowBuffer(source, rows, columns, needed=needed, first=first) as buffer,
            source.stack.reader() as reader,
        ):
            for row in range(first, rows.count):
                for column in range(columns.count):
                    while not buffer.wait(row, column):
                        pass
                    out = np.empty((3, rows.window_px, columns.window_px), np.float32)
                    buffer.take(row, column, layouts[0], out)
                    inside = buffer.valid(row, column)
                    buffer.pass_over(row, column)
                    y, x = rows.start(row), columns.start(column)
                    steps, valid = steps_of(
                        source, reader, (y, y + rows.window_px), (x, x + columns.window_px)
                    )
                    assert np.array_equal(inside, valid)
                    alone = np.stack(
                        [steps[p] * np.float32(source.planes[p].step) for p in layouts[0].planes]
                    )
                    assert np.array_equal(out, alone)


def test_every_pixel_is_read_once(make_stack, make_bundle, monkeypatch):
    from engine.handles import StackReader

    source, _ = source_of(make_stack(scene((600, 500))), [make_bundle()])
    rows, columns = lay_out(600, 64, 16, 8), lay_out(500, 64, 16, 8)
    count = np.zeros((600, 500), int)
    original = StackReader.read

    def counted(self, channels, window=None):
        count[window.toslices()] += 1
        return original(self, channels, window)

    monkeypatch.setattr(StackReader, "read", counted)
    needed = np.ones((rows.count, columns.count), bool)
    with RowBuffer(source, rows, columns, needed=needed) as buffer:
        for row in range(rows.count):
            for column in range(columns.count):
                while not buffer.wait(row, column):
                    pass
                buffer.pass_over(row, column)
    assert count.min() == 1
    assert (
        count[: 600 - 64, : 500 - 64].max() == 1
    )  # only the mirror of the last edge reads a little again


def test_an_error_while_reading_ends_the_wait(make_stack, make_bundle):
    source, _ = source_of(make_stack(scene((100, 100))), [make_bundle()])
    source.stack.path.unlink()
    rows = columns = lay_out(100, 64, 16, 8)
    with RowBuffer(
        source, rows, columns, needed=np.ones((rows.count, columns.count), bool)
    ) as buffer:
        buffer._thread.join(10)
        with pytest.raises(FileNotFoundError):
            buffer.wait(0, 0)


def test_statistics_leave_out_what_gets_no_result(make_stack):
    channels = scene((64, 64))
    channels["B02"][:32] = 9999
    channels["B03"][32:34] = np.nan
    quality = np.zeros((64, 64), np.uint8)
    quality[:32] = 2
    inputs = Inputs(RGB, ("B02", "B03"))
    found = scene_statistics(
        make_stack(channels, quality=quality), inputs, excluded=excluded_classes(True)
    )
    assert found.channels.count.tolist() == [30 * 64] * 3
    assert found.channels.mean[0] == pytest.approx(channels["B02"][34:].mean(), rel=1e-6)
    assert found.quality["cloud"] == 0.5
    assert not found.sampled


def test_a_large_stack_is_sampled_the_same_way_every_time(make_stack, monkeypatch):
    monkeypatch.setattr(statistics, "WHOLE_PX", 1000)
    monkeypatch.setattr(statistics, "EVERY_BLOCK_PX", 1000)
    monkeypatch.setattr(statistics, "BLOCK_PX", 32)
    stack = make_stack(scene((400, 400)))
    inputs = Inputs(RGB, RGB)
    one, two = (scene_statistics(stack, inputs, excluded=()) for _ in range(2))
    assert one.sampled
    assert one.channels.count[0] == pytest.approx(400 * 400 / 16, rel=0.1)
    assert np.array_equal(one.channels.mean, two.channels.mean)
    assert one.channels.mean[0] == pytest.approx(1000, abs=10)
    assert one.channels.std[0] == pytest.approx(200, rel=0.05)


def test_a_large_stack_with_data_in_a_corner_only_is_read_whole(make_stack, monkeypatch):
    monkeypatch.setattr(statistics, "WHOLE_PX", 1000)
    monkeypatch.setattr(statistics, "EVERY_BLOCK_PX", 1000)
    monkeypatch.setattr(statistics, "BLOCK_PX", 32)
    channels = {name: np.full((200, 200), np.nan, np.float32) for name in RGB}
    for values in channels.values():
        values[32:40, 32:40] = 7  # in a block that the sample leaves out
    found = scene_statistics(make_stack(channels), Inputs(RGB, RGB), excluded=())
    assert found.channels.count.tolist() == [64] * 3
    assert not found.sampled


def test_statistics_survive_json_exactly(make_stack):
    import json

    found = scene_statistics(make_stack(scene((30, 30))), Inputs(RGB, RGB), excluded=())
    back = SceneStatistics.from_json(json.loads(json.dumps(found.to_json())))
    assert back.channels.channels == found.channels.channels
    assert np.array_equal(back.channels.mean, found.channels.mean)
    assert np.array_equal(back.channels.std, found.channels.std)
    assert np.array_equal(back.channels.count, found.channels.count)


WHOLE = ("B02", "B03", "slope")


def ground(**bands):
    """DN and degrees, with some bands replaced."""
    rng = np.random.default_rng(3)
    values = {**scene((40, 30), ("B02", "B03")), "slope": 40 * rng.random((40, 30), np.float32)}
    return {name: bands.get(name, band) for name, band in values.items()}


def statistics_of(stack, reporter=SILENT):
    return scene_statistics(stack, Inputs(WHOLE, ("B02", "B03")), excluded=(), reporter=reporter)


@pytest.mark.parametrize("darkest", [0.03, 0.0, -0.04])
def test_reflectance_in_place_of_digital_numbers_is_refused(darkest, make_stack):
    scaled = {name: values / 10000 for name, values in ground().items() if name != "slope"}
    scaled["B03"][2, 5] = darkest
    with pytest.raises(
        ChannelError, match=r"hold values from .* reflectance, but digital numbers .* --sentinel2"
    ):
        statistics_of(make_stack(ground(**scaled)))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_flat_and_empty_rasters_are_no_reflectance(value, make_stack):
    flat = np.full((40, 30), value, np.float32)
    found = statistics_of(make_stack(ground(B02=flat, B03=flat)))
    assert found.channels.mean[:2].tolist() == [value, value]


@pytest.mark.parametrize("wrong", [139.8, -9999.0])
def test_slopes_that_cannot_be_degrees_are_warned_of(wrong, make_stack):
    slope = ground()["slope"]
    slope[7, 9] = wrong
    events = []
    for values in (ground(), ground(slope=slope)):
        statistics_of(make_stack(values), Reporter(events.append))
    (said,) = [
        event.message for event in events if isinstance(event, Log) and event.level == "warning"
    ]
    assert re.search(rf"slope .* {wrong:.4g}.* degrees from 0 to 90", said)


@pytest.mark.parametrize(("steepest", "said"), [(1.2, 1), (0.1, 0), (0.0, 0), (3.0, 0)])
def test_slopes_in_radians_are_warned_of_and_flat_ground_is_not(steepest, said, make_stack):
    events = []
    statistics_of(
        make_stack(ground(slope=ground()["slope"] / 40 * steepest)), Reporter(events.append)
    )
    warned = [
        event.message for event in events if isinstance(event, Log) and event.level == "warning"
    ]
    assert len(warned) == said
    assert all(
        re.search(r"nowhere above 1\.2, .* radians, which have to be multiplied by 57\.3", text)
        for text in warned
    )


def test_what_does_not_count_may_hold_anything(make_stack):
    channels = ground()
    channels["slope"][:5], channels["B02"][:5] = -9999, np.nan
    assert statistics_of(make_stack(channels)).channels.count.tolist() == [35 * 30] * 3
