from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from inference_cases import scene

from engine.errors import CancelledError, DiskFullError
from engine.events import Log, Progress, Reporter
from engine.files import ResultFolder
from engine.inference.config import InferenceConfig
from engine.inference.detect import predict
from engine.inference.journal import Journal, JournalState

CONFIG = InferenceConfig(
    window_px=64, overlap_px=32, tta="flip", device="cpu", threads=1, checkpoint_s=0
)
KERNEL = np.random.default_rng(2).normal(0, 0.2, (3, 5, 5))

KILLED = """
import os, signal, sys
from pathlib import Path
from engine.events import Progress, Reporter
from engine.inference.config import InferenceConfig
from engine.inference.detect import predict
from engine.models.bundle import ModelBundle
from engine.handles import Stack

def listen(event):
    here = isinstance(event, Progress) and event.stage == sys.argv[4]
    if here and event.done >= int(sys.argv[5]):
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

config = InferenceConfig(
    window_px=64, overlap_px=32, tta="flip", device="cpu", threads=1, checkpoint_s=0
)
stack, bundle = Stack.open(Path(sys.argv[1])), ModelBundle.open(Path(sys.argv[2]))
predict(stack, [bundle], out=Path(sys.argv[3]), config=config, reporter=Reporter(listen))
"""


def kill_at(stack, bundle, out: Path, stage: str, done: int) -> None:
    root = Path(__file__).parents[3]
    words = [
        sys.executable,
        "-c",
        KILLED,
        str(stack.path),
        str(bundle.path),
        str(out),
        stage,
        str(done),
    ]
    code = subprocess.run(words, cwd=root, check=False).returncode
    assert code != 0
    assert not (out / "probability.tif").exists()


def bytes_of(folder: Path) -> list[np.ndarray]:
    import rasterio

    arrays = []
    for name in ("probability", "uncertainty"):
        with rasterio.open(folder / f"{name}.tif") as file:
            arrays.append(file.read(1))
    return arrays


@pytest.mark.parametrize(("stage", "done"), [("detect", 40), ("detect", 77), ("write", 2)])
def test_a_killed_run_goes_on_and_ends_with_the_very_same_result(
    stage, done, make_stack, make_bundle, tmp_path
):
    channels = scene((500, 280))
    channels["B02"][100:140] = np.nan
    stack, bundle, messages = make_stack(channels), make_bundle(KERNEL), []
    whole = predict(stack, [bundle], out=tmp_path / "whole", config=CONFIG)
    kill_at(stack, bundle, tmp_path / "killed", stage, done)
    resumed = predict(
        stack, [bundle], out=tmp_path / "killed", config=CONFIG, reporter=Reporter(messages.append)
    )
    assert resumed.facts["resumed_rows"] > 0
    assert any(isinstance(m, Log) and "Going on from row" in m.message for m in messages)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(bytes_of(tmp_path / "whole"), bytes_of(tmp_path / "killed"), strict=True)
    )
    for fact in ("valid_pixels", "windows", "statistics"):
        assert resumed.facts[fact] == whole.facts[fact]
    assert not ResultFolder(tmp_path / "killed").resume.exists()


def test_a_run_killed_while_rows_are_written_computes_no_window_again(
    make_stack, make_bundle, tmp_path
):
    """Rows are made safe every five seconds, and once more when the last is done."""
    stack, bundle, events = make_stack(scene((300, 200))), make_bundle(KERNEL), []
    config = replace(CONFIG, checkpoint_s=3600)

    def asked():
        return any(getattr(event, "stage", "") == "write" for event in events)

    with pytest.raises(CancelledError):
        predict(
            stack, [bundle], out=tmp_path, config=config, reporter=Reporter(events.append, asked)
        )
    events.clear()
    facts = predict(
        stack, [bundle], out=tmp_path, config=config, reporter=Reporter(events.append)
    ).facts
    assert facts["resumed_rows"] == 300
    assert not [e for e in events if getattr(e, "stage", "") in ("detect", "statistics")]


def test_an_uncertainty_of_another_request_is_not_taken(make_stack, make_bundle, tmp_path):
    """As a run leaves it that was killed after the first of its two rasters."""
    stack, bundle, events = make_stack(scene((100, 90))), make_bundle(KERNEL), []
    predict(stack, [bundle], out=tmp_path / "other", config=replace(CONFIG, overlap_px=16))
    predict(stack, [bundle], out=tmp_path / "o", config=CONFIG)
    shutil.copy(tmp_path / "other" / "uncertainty.tif", tmp_path / "o" / "uncertainty.tif")
    facts = predict(
        stack, [bundle], out=tmp_path / "o", config=CONFIG, reporter=Reporter(events.append)
    ).facts
    assert facts["reused"] is False
    assert predict(stack, [bundle], out=tmp_path / "o", config=CONFIG).facts["reused"] is True


def cancelled_at(done: int) -> Reporter:
    seen = []

    def listen(event):
        if getattr(event, "stage", "") == "detect":
            seen.append(event.done)

    return Reporter(listen, lambda: bool(seen) and seen[-1] >= done)


def test_a_cancelled_run_goes_on_too(make_stack, make_bundle, tmp_path):
    stack, bundle = make_stack(scene((400, 200))), make_bundle(KERNEL)
    predict(stack, [bundle], out=tmp_path / "whole", config=CONFIG)
    with pytest.raises(CancelledError):
        predict(stack, [bundle], out=tmp_path / "o", config=CONFIG, reporter=cancelled_at(30))
    assert predict(stack, [bundle], out=tmp_path / "o", config=CONFIG).facts["resumed_rows"] > 0
    assert all(
        np.array_equal(a, b)
        for a, b in zip(bytes_of(tmp_path / "whole"), bytes_of(tmp_path / "o"), strict=True)
    )


def test_a_run_cancelled_before_anything_was_safe_starts_anew_without_a_word(
    make_stack, make_bundle, tmp_path
):
    stack, bundle, config, messages = (
        make_stack(scene((300, 200))),
        make_bundle(KERNEL),
        replace(CONFIG, checkpoint_s=1e9),
        [],
    )
    with pytest.raises(CancelledError):
        predict(stack, [bundle], out=tmp_path / "o", config=config, reporter=cancelled_at(2))
    assert ResultFolder(tmp_path / "o").resume.is_dir()
    again = predict(
        stack, [bundle], out=tmp_path / "o", config=config, reporter=Reporter(messages.append)
    )
    assert again.facts["resumed_rows"] == 0
    assert not [m.message for m in messages if isinstance(m, Log) and "stopped" in m.message]


@pytest.mark.parametrize("change", ["config", "stack", "area"])
def test_a_finished_result_of_another_request_is_not_taken(
    change, make_stack, make_bundle, tmp_path
):
    from shapely.geometry import box

    stack, bundle, config, area = make_stack(scene((100, 90))), make_bundle(KERNEL), CONFIG, None
    predict(stack, [bundle], out=tmp_path / "o", config=config)
    if change == "config":
        config = replace(CONFIG, overlap_px=16)
    elif change == "stack":
        stack = make_stack(scene((100, 90), seed=5))
    else:
        area = box(*stack.grid.bounds).buffer(-300)
    assert (
        predict(stack, [bundle], out=tmp_path / "o", config=config, area=area).facts["reused"]
        is False
    )


@pytest.mark.parametrize("change", ["config", "stack", "model", "card", "area"])
def test_another_request_says_so_and_starts_clean(change, make_stack, make_bundle, tmp_path):
    from shapely.geometry import box

    stack, bundle, config, area, messages = (
        make_stack(scene((300, 200))),
        make_bundle(KERNEL),
        CONFIG,
        None,
        [],
    )
    with pytest.raises(CancelledError):
        predict(stack, [bundle], out=tmp_path / "o", config=config, reporter=cancelled_at(30))
    if change == "config":
        config = replace(CONFIG, overlap_px=16)
    elif change == "stack":
        stack = make_stack(scene((300, 200), seed=5))
    elif change == "model":
        bundle = make_bundle(KERNEL * 2)
    elif change == "card":
        bundle = make_bundle(KERNEL, threshold=0.3)
    else:
        area = box(*stack.grid.bounds).buffer(-300)
    fresh = predict(stack, [bundle], out=tmp_path / "fresh", config=config, area=area)
    again = predict(
        stack,
        [bundle],
        out=tmp_path / "o",
        config=config,
        area=area,
        reporter=Reporter(messages.append),
    )
    assert any(
        isinstance(m, Log) and m.level == "warning" and "starts from the first row" in m.message
        for m in messages
    )
    assert again.facts["resumed_rows"] == fresh.facts["resumed_rows"] == 0
    assert all(
        np.array_equal(a, b)
        for a, b in zip(bytes_of(tmp_path / "fresh"), bytes_of(tmp_path / "o"), strict=True)
    )


@pytest.fixture
def journal(tmp_path):
    made = Journal(ResultFolder(tmp_path), ("a", "b"), 10)
    made.start(None)
    yield made
    made.close()


def rows(value: int, count: int = 4) -> list[np.ndarray]:
    return [np.full((count, 10), value, np.uint8), np.full((count, 10), value + 1, np.uint8)]


def test_rows_after_the_last_safe_point_are_cut_off(journal, tmp_path):
    carry = np.arange(20, dtype=np.float32).reshape(1, 2, 10)
    journal.append(rows(1))
    journal.make_safe("f", JournalState(1, 4, carry, {"x": 0.1}))
    journal.append(rows(7))
    journal.close()
    later = Journal(ResultFolder(tmp_path), ("a", "b"), 10)
    found = later.found("f")
    assert isinstance(found, JournalState)
    assert (found.window_rows, found.rows, found.facts) == (1, 4, {"x": 0.1})
    assert np.array_equal(found.carry, carry)
    later.start(found)
    later.append(rows(3))
    assert later.read("b", 0, 8)[:, 0].tolist() == [2] * 4 + [4] * 4
    later.remove()
    assert later.found("f") is None


@pytest.mark.parametrize("damage", ["state", "carry", "rows", "version"])
def test_a_damaged_journal_is_not_used(damage, journal, tmp_path):
    journal.append(rows(1))
    journal.make_safe("f", JournalState(1, 4, np.zeros((1, 2, 10), np.float32), {}))
    journal.close()
    folder = ResultFolder(tmp_path).resume
    if damage == "state":
        (folder / "state.json").write_text("{")
    elif damage == "carry":
        (folder / "carry-1.npy").write_bytes(b"junk")
    elif damage == "rows":
        (folder / "a.rows").write_bytes(b"\0" * 39)
    else:
        state = json.loads((folder / "state.json").read_text())
        (folder / "state.json").write_text(json.dumps({**state, "version": 0}))
    assert Journal(ResultFolder(tmp_path), ("a", "b"), 10).found("f") is False
    assert Journal(ResultFolder(tmp_path), ("a", "b"), 10).found("g") is False


@pytest.mark.parametrize(
    "key", ["version", "fingerprint", "rows", "window_rows", "facts", "digest"]
)
def test_a_journal_that_lacks_a_key_is_not_used(key, journal, tmp_path):
    journal.append(rows(1))
    journal.make_safe("f", JournalState(1, 4, np.zeros((1, 2, 10), np.float32), {}))
    journal.close()
    path = ResultFolder(tmp_path).resume / "state.json"
    state = json.loads(path.read_text())
    del state[key]
    path.write_text(json.dumps(state))
    assert Journal(ResultFolder(tmp_path), ("a", "b"), 10).found("f") is False


@pytest.mark.parametrize("name", ["state.json", "carry-1.npy"])
def test_one_flipped_bit_anywhere_in_a_journal_is_noticed(name, journal, tmp_path):
    """But where it changes nothing: spaces between the values."""
    carry = np.linspace(0, 1, 20, dtype=np.float32).reshape(1, 2, 10)
    facts = {"tally": {"valid_pixels": 7}}
    journal.append(rows(1))
    journal.make_safe("f", JournalState(1, 4, carry, facts))
    journal.close()
    path = ResultFolder(tmp_path).resume / name
    whole = path.read_bytes()
    later = Journal(ResultFolder(tmp_path), ("a", "b"), 10)
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        found = later.found("f")
        if found is not False:
            assert whole[at : at + 1].isspace()
            assert (found.rows, found.facts) == (4, facts)
            assert np.array_equal(found.carry, carry)


def test_the_first_finished_rows_are_safe_at_once(make_stack, make_bundle, tmp_path):
    """Also where checkpoints are rare: a run killed early loses no finished rows."""
    stack, bundle = make_stack(scene((400, 200))), make_bundle(KERNEL)
    config = replace(CONFIG, tta="none", checkpoint_s=3600)
    seen = []

    def listen(event):
        state = ResultFolder(tmp_path / "o").resume / "state.json"
        if isinstance(event, Progress) and event.stage == "detect" and state.exists():
            seen.append(event.done)

    reporter = Reporter(listen, lambda: len(seen) > 0)
    with pytest.raises(CancelledError):
        predict(stack, [bundle], out=tmp_path / "o", config=config, reporter=reporter)
    result = predict(stack, [bundle], out=tmp_path / "o", config=config)
    assert result.facts["resumed_rows"] > 0


def test_a_full_disk_is_one_clear_sentence(journal, monkeypatch):
    import errno

    def full(fd):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("engine.inference.journal.os.fsync", full)
    journal.append(rows(1))
    with pytest.raises(DiskFullError, match="disk is full"):
        journal.make_safe("f", JournalState(1, 4, np.zeros((1, 2, 10), np.float32), {}))
