from __future__ import annotations

import json
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from inference_cases import RGB, fixed, read, scene, sigmoid
from scipy.ndimage import correlate
from shapely.geometry import MultiPolygon, box

from engine.errors import (
    CancelledError,
    ChannelError,
    ConfigError,
    DiskFullError,
    NoOverlapError,
    NoValidPixelsError,
    OutputError,
)
from engine.events import Log, Progress, Reporter
from engine.inference.config import InferenceConfig
from engine.inference.detect import predict
from engine.inference.devices import Choice
from engine.models.normalization import Normalization

STEP = 0.004
SMALL = InferenceConfig(window_px=64, overlap_px=16, device="cpu", threads=1)


def expected(channels, kernel):
    """The convolution on the whole scene at once, mirrored at its edges."""
    z = [np.clip((values - 1000) / 200, -6, 6) for values in channels.values()]
    return sigmoid(sum(correlate(a, k, mode="mirror") for a, k in zip(z, kernel, strict=True)))


@pytest.mark.parametrize("shape", [(1, 1), (5, 300), (64, 64), (70, 131), (301, 97), (700, 40)])
def test_every_pixel_gets_its_probability_whatever_the_shape(
    shape, make_stack, make_bundle, tmp_path
):
    channels = scene(shape)
    kernel = np.array([0.5, 0.75, 1.0]).reshape(3, 1, 1)
    result = predict(
        make_stack(channels), [make_bundle(kernel)], out=tmp_path / "out", config=SMALL
    )
    assert (
        np.abs(read(result.probability.path) - expected(channels, kernel)).max()
        <= STEP * 0.51 + 1e-3
    )
    assert result.uncertainty is None
    assert result.threshold == 0.5
    assert result.facts["valid_pixels"] == shape[0] * shape[1]


@pytest.mark.parametrize(("window", "overlap"), [(64, 32), (96, 32), (160, 32), (64, 48), (64, 56)])
def test_no_seams_where_the_network_sees_less_than_the_silent_rim(
    window, overlap, make_stack, make_bundle, tmp_path
):
    channels = scene((333, 257))
    kernel = np.random.default_rng(1).normal(0, 0.15, (3, 7, 7))
    config = InferenceConfig(window_px=window, overlap_px=overlap, device="cpu", threads=1)
    result = predict(
        make_stack(channels), [make_bundle(kernel)], out=tmp_path / "out", config=config
    )
    # scipy's "mirror" is the reflection without repeating the edge; the silent rim hides the
    # network's zero padding
    assert (
        np.abs(read(result.probability.path) - expected(channels, kernel)).max()
        <= STEP * 0.51 + 1e-3
    )


def test_nodata_of_any_shape_stays_and_does_not_spread(make_stack, make_bundle, tmp_path):
    channels = scene((200, 200))
    hole = np.zeros((200, 200), bool)
    hole[20:90, 50:130] = hole[150, :] = hole[:, 199] = True
    channels["B03"][hole] = np.nan
    channels["B02"][5, 5] = np.inf
    result = predict(make_stack(channels), [make_bundle()], out=tmp_path / "out", config=SMALL)
    values = read(result.probability.path)
    hole[5, 5] = True
    assert np.array_equal(np.isnan(values), hole)
    assert result.facts["valid_pixels"] == (~hole).sum()


def test_windows_without_data_are_skipped(make_stack, make_bundle, tmp_path):
    channels = scene((400, 400))
    for values in channels.values():
        values[:, 200:] = np.nan
    facts = predict(
        make_stack(channels), [make_bundle(reach_px=0)], out=tmp_path / "out", config=SMALL
    ).facts["windows"]
    assert facts["skipped"] >= 0.4 * facts["total"]
    assert facts["computed"] + facts["skipped"] == facts["total"]


def test_a_missing_optional_pixel_counts_as_the_mean(make_stack, make_bundle, tmp_path):
    channels = scene((50, 50))
    bundle = make_bundle(required=("B02", "B03"))
    full = dict(channels)
    full["B04"] = np.where(np.arange(50) < 25, np.nan, channels["B04"])
    mean = dict(channels)
    mean["B04"] = np.where(np.arange(50) < 25, 1000.0, channels["B04"])
    one = predict(make_stack(full), [bundle], out=tmp_path / "a", config=SMALL)
    two = predict(make_stack(mean, name="m.tif"), [bundle], out=tmp_path / "b", config=SMALL)
    assert np.array_equal(read(one.probability.path), read(two.probability.path))
    without = {name: channels[name] for name in ("B02", "B03")}
    three = predict(make_stack(without, name="w.tif"), [bundle], out=tmp_path / "c", config=SMALL)
    assert three.facts["members"][0]["missing_channels"] == ["B04"]
    assert np.array_equal(read(three.probability.path)[:, :25], read(one.probability.path)[:, :25])


@pytest.mark.parametrize("given", [True, False])
def test_a_missing_slope_is_said_to_cost_landslides(given, make_stack, make_bundle, tmp_path):
    channels = ("B02", "B03", "slope")
    bundle = make_bundle(channels=channels, required=("B02", "B03"), normalization=fixed(channels))
    values = scene((50, 50), channels)
    values["slope"] /= 50
    stack = make_stack(values if given else {name: values[name] for name in ("B02", "B03")})
    said = []
    predict(stack, [bundle], out=tmp_path / "out", config=SMALL, reporter=Reporter(said.append))
    warnings = [
        event.message for event in said if isinstance(event, Log) and event.level == "warning"
    ]
    assert [("has no slope" in text, "elevation model" in text) for text in warnings] == (
        [] if given else [(True, True)]
    )


@pytest.mark.parametrize(
    ("pixel_m", "said"),
    [(6.0, ["pixels of 6 m"]), (10.0, []), (13.0, []), (30.0, ["pixels of 30 m"])],
)
def test_pixels_of_another_size_than_the_models_are_warned_of(
    pixel_m, said, make_stack, make_bundle, tmp_path
):
    events = []
    stack = make_stack(scene((40, 40)), pixel_m=pixel_m)
    predict(
        stack, [make_bundle()], out=tmp_path / "out", config=SMALL, reporter=Reporter(events.append)
    )
    warnings = [
        event.message for event in events if isinstance(event, Log) and event.level == "warning"
    ]
    assert len(warnings) == len(said)
    assert all(words in text and "10 m" in text for words, text in zip(said, warnings, strict=True))


def test_clouds_are_masked_on_request_and_reported(make_stack, make_bundle, tmp_path):
    quality = np.zeros((60, 60), np.uint8)
    quality[:30, :15], quality[50:, :30], quality[0, 59] = 2, 3, 1
    stack = make_stack(scene((60, 60)), quality=quality)
    bundle = make_bundle()
    masked = predict(stack, [bundle], out=tmp_path / "a", config=SMALL)
    assert np.array_equal(np.isnan(read(masked.probability.path)), quality > 0)
    assert masked.facts["quality"]["cloud"] == pytest.approx(450 / 3600)
    free = predict(
        stack,
        [bundle],
        out=tmp_path / "b",
        config=InferenceConfig(window_px=64, device="cpu", mask_quality=False),
    )
    assert np.array_equal(np.isnan(read(free.probability.path)), quality == 1)


def test_results_lie_only_in_the_area_and_do_not_depend_on_it(make_stack, make_bundle, tmp_path):
    stack = make_stack(scene((400, 300)))
    left, _, _, top = stack.grid.bounds
    parts = [
        box(left + 105, top - 995, left + 405, top - 305),
        box(left + 2000, top - 3000, left + 2100, top - 2900),
    ]
    kernel = np.random.default_rng(1).normal(0, 0.2, (3, 5, 5))
    bundle = make_bundle(kernel)
    whole = predict(stack, [bundle], out=tmp_path / "a", config=SMALL)
    part = predict(stack, [bundle], out=tmp_path / "b", config=SMALL, area=MultiPolygon(parts))
    inside = np.zeros((400, 300), bool)
    # a pixel belongs to the area when its centre does: 105 m cuts pixel 10 in half, its centre is
    # on the line's right side
    inside[30:100, 10:40] = True
    inside[290:300, 200:210] = True
    values = read(part.probability.path)
    found = ~np.isnan(values)
    assert np.abs(found.astype(int) - inside).sum() <= 2 * (
        70 + 30
    )  # pixels cut exactly through their centre
    assert np.array_equal(values[found], read(whole.probability.path)[found])
    assert part.facts["windows"]["skipped"] > whole.facts["windows"]["skipped"]


def test_an_area_elsewhere_is_refused(make_stack, make_bundle, tmp_path):
    with pytest.raises(NoOverlapError, match="outside the stack"):
        predict(
            make_stack(scene((40, 40))),
            [make_bundle()],
            out=tmp_path,
            config=SMALL,
            area=box(0, 0, 1, 1),
        )


def test_the_scene_is_normalised_by_its_own_statistics(make_stack, make_bundle, tmp_path):
    normalization = Normalization(RGB, ("scene",) * 3, (5.0,) * 3, (10.0,) * 3, min_pixels=100)
    channels = scene((80, 80))
    result = predict(
        make_stack(channels),
        [make_bundle(normalization=normalization)],
        out=tmp_path / "o",
        config=SMALL,
    )
    z = [
        np.clip((v - v.astype(float).mean()) / v.astype(float).std(), -6, 6)
        for v in channels.values()
    ]
    by_hand = sigmoid(0.5 * z[0] + 0.75 * z[1] + z[2])
    assert np.abs(read(result.probability.path) - by_hand).max() <= STEP * 0.51 + 1e-3
    assert result.facts["statistics"]["channels"]["B02"]["mean"] == pytest.approx(
        channels["B02"].mean(), abs=0.01
    )


def test_an_ensemble_averages_by_weight_and_reports_the_spread(make_stack, make_bundle, tmp_path):
    channels = scene((100, 90), ("B02", "B03", "B04", "B08"))
    kernels = [np.ones((3, 1, 1)), -np.ones((2, 1, 1)), np.full((1, 1, 1), 0.5)]
    bundles = [
        make_bundle(kernels[0], name="one", weight=2.0, threshold=0.4),
        make_bundle(kernels[1], name="two", channels=("B04", "B08"), weight=1.0, threshold=0.7),
        make_bundle(
            kernels[2],
            name="three",
            channels=("B03",),
            normalization=fixed(("B03",), 900, 300),
            weight=1.0,
            threshold=0.7,
        ),
    ]
    result = predict(make_stack(channels), bundles, out=tmp_path / "o", config=SMALL)
    z = {name: np.clip((v - 1000) / 200, -6, 6) for name, v in channels.items()}
    members = np.stack(
        [
            sigmoid(z["B02"] + z["B03"] + z["B04"]),
            sigmoid(-z["B04"] - z["B08"]),
            sigmoid(0.5 * np.clip((channels["B03"] - 900) / 300, -6, 6)),
        ]
    )
    mean = np.average(members, axis=0, weights=[2, 1, 1])
    spread = np.sqrt(np.average((members - mean) ** 2, axis=0, weights=[2, 1, 1]))
    assert np.abs(read(result.probability.path) - mean).max() <= STEP * 0.51 + 1e-3
    assert np.abs(read(result.uncertainty.path) - spread).max() <= STEP * 0.51 + 1e-3
    assert result.threshold == pytest.approx(0.55)


@pytest.mark.parametrize(("tta", "count"), [("flip", 4), ("d4", 8)])
def test_views_are_averaged_in_their_own_orientation(tta, count, make_stack, make_bundle, tmp_path):
    channels = scene((150, 110), ("B04",))
    kernel = np.zeros((1, 5, 5))
    kernel[0, 0, 1] = 2.0  # looks up and to the left only
    config = InferenceConfig(window_px=64, overlap_px=32, tta=tta, device="cpu", threads=1)
    result = predict(
        make_stack(channels),
        [make_bundle(kernel, channels=("B04",))],
        out=tmp_path / "o",
        config=config,
    )
    flips = [kernel, kernel[:, ::-1], kernel[:, :, ::-1], kernel[:, ::-1, ::-1]]
    turned = flips if tta == "flip" else [*flips, *(k.swapaxes(1, 2) for k in flips)]
    views = np.stack([expected(channels, k) for k in turned])
    assert len(views) == count == result.facts["views"]
    assert np.abs(read(result.probability.path) - views.mean(axis=0)).max() <= STEP * 0.51 + 1e-3
    assert np.abs(read(result.uncertainty.path) - views.std(axis=0)).max() <= STEP * 0.51 + 2e-3


def test_scale_promotion_is_done_here(make_stack, make_bundle, tmp_path):
    flat = {"B04": np.full((70, 50), 1130.0)}
    flat["B04"][:, 25:] = 700.0
    bundle = make_bundle(np.ones((1, 1, 1)), channels=("B04",), input_scale=4)
    values = read(
        predict(make_stack(flat), [bundle], out=tmp_path / "o", config=SMALL).probability.path
    )
    assert np.abs(values[:, :23] - sigmoid(0.65)).max() < 0.005
    assert np.abs(values[:, 28:] - sigmoid(-1.5)).max() < 0.005
    assert values.shape == (70, 50)


def test_windows_in_batches_give_the_same(make_stack, make_bundle, tmp_path):
    stack, bundle = make_stack(scene((200, 400))), make_bundle(np.full((3, 3, 3), 0.1))
    one = predict(stack, [bundle], out=tmp_path / "a", config=SMALL)
    config = InferenceConfig(window_px=64, overlap_px=16, device="cpu", threads=1, batch=3)
    many = predict(stack, [bundle], out=tmp_path / "b", config=config)
    assert np.abs(read(one.probability.path) - read(many.probability.path)).max() <= STEP + 1e-6


def test_several_devices_share_the_windows_and_give_the_same(
    make_stack, make_bundle, tmp_path, monkeypatch
):
    from engine.inference import networks, onnx_runtime

    users = set()
    original = onnx_runtime.OnnxRuntime.run

    def run(self, image):
        users.add(id(self))
        time.sleep(0.01)
        return original(self, image)

    monkeypatch.setattr(onnx_runtime.OnnxRuntime, "run", run)
    stack, bundle = make_stack(scene((300, 300))), make_bundle(np.full((3, 3, 3), 0.1))
    one = predict(stack, [bundle], out=tmp_path / "a", config=SMALL)
    monkeypatch.setattr(
        networks,
        "choose",
        lambda device, name: Choice("cpu", ("cpu", "cpu"), "onnx", "Two of them."),
    )
    users.clear()
    two = predict(stack, [bundle], out=tmp_path / "b", config=SMALL)
    assert len(users) == 2
    assert np.array_equal(read(one.probability.path), read(two.probability.path))


@pytest.mark.parametrize(("threads", "most"), [(1, 1), (2, 2), (3, 1), (6, 2)])
def test_the_cpu_computes_two_windows_at_once_and_never_more(
    threads, most, make_stack, make_bundle, tmp_path, monkeypatch
):
    """Each window under way needs memory of its own, so that their number must not grow with the
    cores."""
    from engine.inference import onnx_runtime

    busy, seen, lock = 0, [], threading.Lock()
    original = onnx_runtime.OnnxRuntime.run

    def run(self, image):
        nonlocal busy
        with lock:
            busy += 1
            seen.append(busy)
        time.sleep(0.01)
        try:
            return original(self, image)
        finally:
            with lock:
                busy -= 1

    stack, bundle = make_stack(scene((300, 300))), make_bundle(np.full((3, 3, 3), 0.1))
    alone = predict(stack, [bundle], out=tmp_path / "a", config=SMALL)
    monkeypatch.setattr(onnx_runtime.OnnxRuntime, "run", run)
    result = predict(stack, [bundle], out=tmp_path / "b", config=replace(SMALL, threads=threads))
    assert max(seen) == most == result.facts["device"]["batches_at_once"]
    assert np.array_equal(read(alone.probability.path), read(result.probability.path))


def test_the_file_is_as_the_contract_says(make_stack, make_bundle, tmp_path):
    result = predict(
        make_stack(scene((700, 600))), [make_bundle()], out=tmp_path / "o", config=SMALL
    )
    with rasterio.open(result.probability.path) as file:
        assert (file.dtypes, file.nodata, file.scales) == (("uint8",), 255, (0.004,))
        assert file.descriptions == ("probability",)
        assert file.overviews(1)
        assert file.tags()["models"].startswith("tiny 1 ")
    assert sorted(p.name for p in (tmp_path / "o").iterdir()) == ["probability.tif"]
    json.dumps(result.facts, allow_nan=False)


def test_an_old_uncertainty_does_not_stay_beside_a_new_probability(
    make_stack, make_bundle, tmp_path
):
    stack, bundle = make_stack(scene((40, 40))), make_bundle()
    predict(stack, [bundle], out=tmp_path / "o", config=InferenceConfig(tta="flip", device="cpu"))
    assert (tmp_path / "o" / "uncertainty.tif").exists()
    predict(stack, [bundle], out=tmp_path / "o", config=SMALL)
    assert not (tmp_path / "o" / "uncertainty.tif").exists()


def test_a_stack_without_data_is_refused_in_one_sentence(make_stack, make_bundle, tmp_path):
    empty = {name: np.full((30, 30), np.nan) for name in RGB}
    with pytest.raises(NoValidPixelsError, match="no valid pixel"):
        predict(make_stack(empty), [make_bundle()], out=tmp_path / "o", config=SMALL)


def test_an_area_without_data_is_refused(make_stack, make_bundle, tmp_path):
    channels = scene((60, 60))
    channels["B02"][:, 30:] = np.nan
    stack = make_stack(channels)
    left, _, _, top = stack.grid.bounds
    with pytest.raises(NoValidPixelsError, match="inside the area"):
        predict(
            stack,
            [make_bundle()],
            out=tmp_path / "o",
            config=SMALL,
            area=box(left + 400, top - 300, left + 500, top - 200),
        )
    assert list((tmp_path / "o").iterdir()) == []


def test_clouds_everywhere_are_named_as_the_cause(make_stack, make_bundle, tmp_path):
    stack = make_stack(scene((30, 30)), quality=np.full((30, 30), 2))
    with pytest.raises(NoValidPixelsError, match="100% cloud"):
        predict(stack, [make_bundle()], out=tmp_path / "o", config=SMALL)


def test_a_missing_channel_is_named(make_stack, make_bundle, tmp_path):
    channels = scene((30, 30))
    del channels["B03"]
    with pytest.raises(ChannelError, match="B03"):
        predict(make_stack(channels), [make_bundle()], out=tmp_path / "o", config=SMALL)


def test_no_model_and_no_folder(make_stack, make_bundle, tmp_path):
    stack = make_stack(scene((30, 30)))
    with pytest.raises(ConfigError, match="at least one model"):
        predict(stack, [], out=tmp_path / "o", config=SMALL)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        predict(stack, [make_bundle()], out=tmp_path / "file" / "o", config=SMALL)


def test_a_disk_too_small_is_noticed_before_the_work(
    make_stack, make_bundle, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "engine.inference.detect.shutil.disk_usage", lambda path: type("U", (), {"free": 100})()
    )
    with pytest.raises(DiskFullError, match="free some space"):
        predict(make_stack(scene((30, 30))), [make_bundle()], out=tmp_path / "o", config=SMALL)


@pytest.mark.parametrize(
    "settings",
    [
        {"window_px": 8},
        {"overlap_px": -1},
        {"window_px": 64, "overlap_px": 60},
        {"tta": "rot"},
        {"device": "gpu"},
        {"batch": 0},
        {"precision": "int8"},
        {"runtime": "tvm"},
        {"threads": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ConfigError):
        InferenceConfig(**settings)


def test_progress_ends_at_its_total(make_stack, make_bundle, tmp_path):
    events = []
    predict(
        make_stack(scene((200, 200))),
        [make_bundle()],
        out=tmp_path / "o",
        config=SMALL,
        reporter=Reporter(events.append),
    )
    steps = [e for e in events if isinstance(e, Progress) and e.stage == "detect"]
    assert steps[-1].done == steps[-1].total == len({e.done for e in steps})
    assert any(isinstance(e, Log) and "cpu" in e.message for e in events)


def test_cancelling_ends_threads_and_leaves_no_result(make_stack, make_bundle, tmp_path):
    stop = threading.Event()
    before = threading.active_count()

    def listen(event):
        if isinstance(event, Progress) and event.stage == "detect" and event.done >= 5:
            stop.set()

    stack, bundle = make_stack(scene((500, 500))), make_bundle(np.full((3, 9, 9), 0.01))
    with pytest.raises(CancelledError):
        predict(
            stack,
            [bundle],
            out=tmp_path / "o",
            config=SMALL,
            reporter=Reporter(listen, stop.is_set),
        )
    assert threading.active_count() == before
    assert not (tmp_path / "o" / "probability.tif").exists()


def test_cancelling_does_not_wait_for_a_long_window(make_stack, make_bundle, tmp_path, monkeypatch):
    """One window takes longer than the two seconds that a person is made to wait."""
    from engine.inference import networks, runtime

    ended = threading.Event()

    class Slow:
        name = "slow"

        def __init__(self, *args, **kwargs):
            self.stopped = threading.Event()

        def run(self, image):
            self.stopped.wait(20)
            ended.set()
            raise runtime.StoppedError

        def stop(self):
            self.stopped.set()

    monkeypatch.setattr(networks, "OnnxRuntime", Slow)
    deadline = time.monotonic() + 0.5
    with pytest.raises(CancelledError):
        predict(
            make_stack(scene((50, 50))),
            [make_bundle()],
            out=tmp_path / "o",
            config=SMALL,
            reporter=Reporter(cancelled=lambda: time.monotonic() > deadline),
        )
    assert time.monotonic() - deadline < 2
    assert ended.is_set()


def test_a_truncated_stack_is_reported_not_hung_on(make_stack, make_bundle, tmp_path):
    from engine.errors import UnreadableFileError

    stack = make_stack(scene((600, 600)))
    content = stack.path.read_bytes()
    stack.path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UnreadableFileError):
        predict(stack, [make_bundle()], out=tmp_path / "o", config=SMALL)
