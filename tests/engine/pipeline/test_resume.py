"""Stopping a detection in any phase: what is finished stays, what is not leaves no trace, and a
second start does only the rest."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio

from engine.errors import CancelledError, DiskFullError
from engine.events import Event, Log, Progress, Reporter
from engine.handles import Stack
from engine.inference.config import InferenceConfig
from engine.inventory.vectorize import VectorizeConfig
from engine.models.bundle import DEFAULT_MODEL, find_model
from engine.pipeline import DetectConfig, Detection, detect
from engine.scene.simulation.simulate import SimulationConfig, simulate
from engine.scene.stack import make_stack

ROOT = Path(__file__).parents[3]
CONFIG = DetectConfig(inference=InferenceConfig(window_px=256, device="cpu", threads=1))
OTHER = replace(CONFIG, threshold=0.7, polygons=VectorizeConfig(min_area_m2=900.0))
OUTPUTS = {"probability.tif", "mask.tif", "inventory.gpkg", "report.html", "run.json"}
STAGES = (
    "statistics",
    "detect",
    "write",
    "mask",
    "reading the mask",
    "tracing outlines",
    "measuring",
    "counting clouds",
    "drawing the report",
)
NETWORK = {"statistics", "detect", "write"}
PROMISE_S = 2.0

KILLED = """
import os, signal, sys
from pathlib import Path
from engine.events import Progress, Reporter
from engine.inference.config import InferenceConfig
from engine.models.bundle import DEFAULT_MODEL, find_model
from engine.handles import Stack
from engine.pipeline import DetectConfig, detect

def listen(event):
    here = isinstance(event, Progress) and event.stage == sys.argv[3]
    if here and event.done >= int(sys.argv[4]):
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

config = DetectConfig(inference=InferenceConfig(window_px=256, device="cpu", threads=1))
stack, out = Stack.open(Path(sys.argv[1])), Path(sys.argv[2])
detect(stack, [find_model(DEFAULT_MODEL)], out=out, config=config, reporter=Reporter(listen))
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Larger than a block on one side, so that overviews are built."""
    scene = simulate(tmp_path_factory.mktemp("scene"), SimulationConfig(size_px=540, seed=3))
    return make_stack(scene.imagery, scene.dem, out=tmp_path_factory.mktemp("stack") / "valley.tif")


@pytest.fixture(scope="module")
def whole(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(stack, tmp_path_factory.mktemp("whole"), CONFIG).folder


def run(
    stack: Stack, out: Path, config: DetectConfig, reporter: Reporter | None = None
) -> Detection:
    return detect(
        stack, [find_model(DEFAULT_MODEL)], out=out, config=config, reporter=reporter or Reporter()
    )


def pixels(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return np.asarray(file.read(1))


def areas(folder: Path) -> list[float]:
    return gpd.read_file(folder / "inventory.gpkg", layer="landslides")["area_m2"].tolist()


def stages(events: list[Event]) -> set[str]:
    return {event.stage for event in events if isinstance(event, Progress)}


def said(events: list[Event], words: str) -> bool:
    return any(isinstance(event, Log) and words in event.message for event in events)


def unfinished(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if ".part" in path.name]


def test_a_run_killed_after_inference_does_only_the_rest(
    stack: Stack, whole: Path, tmp_path: Path
) -> None:
    written: list[int] = []
    for stage in ("mask", "measuring", "drawing the report"):
        words = [sys.executable, "-c", KILLED, str(stack.path), str(tmp_path), stage, "1"]
        assert subprocess.run(words, cwd=ROOT, check=False).returncode != 0
        assert not (tmp_path / "run.json").exists()
        written.append((tmp_path / "probability.tif").stat().st_mtime_ns)
    assert len(set(written)) == 1, "computed once"
    events: list[Event] = []
    resumed = run(stack, tmp_path, CONFIG, Reporter(events.append))
    assert not stages(events) & NETWORK
    assert said(events, "is used again")
    assert resumed.prediction.facts["reused"] is True
    assert resumed.prediction.facts["valid_pixels"] > 0
    assert np.array_equal(pixels(tmp_path / "mask.tif"), pixels(whole / "mask.tif"))
    assert areas(tmp_path) == areas(whole)
    assert not unfinished(tmp_path)


def test_another_threshold_and_mapping_unit_need_no_network(
    stack: Stack, whole: Path, tmp_path: Path
) -> None:
    shutil.copytree(whole, tmp_path / "out")
    events: list[Event] = []
    again = run(stack, tmp_path / "out", OTHER, Reporter(events.append))
    assert not stages(events) & NETWORK
    clean = run(stack, tmp_path / "clean", OTHER)
    assert clean.prediction.facts["reused"] is False
    assert areas(again.folder) == areas(clean.folder) != areas(whole)
    assert min(areas(again.folder)) >= 900


def test_cancelling_in_any_phase_leaves_nothing_half_written(
    stack: Stack, whole: Path, tmp_path: Path
) -> None:
    """One phase after the other, in one folder: each start goes on where the one before was
    stopped."""
    for stage in STAGES:
        seen: list[Event] = []

        def asked(seen: list[Event] = seen, stage: str = stage) -> bool:
            return stage in stages(seen)

        with pytest.raises(CancelledError):
            run(stack, tmp_path, CONFIG, Reporter(seen.append, asked))
        assert not unfinished(tmp_path), stage
        assert not (tmp_path / "run.json").exists()
        assert (tmp_path / "probability.tif").exists() == (
            STAGES.index(stage) > STAGES.index("write")
        ), stage
    run(stack, tmp_path, CONFIG)
    assert np.array_equal(pixels(tmp_path / "probability.tif"), pixels(whole / "probability.tif"))
    assert areas(tmp_path) == areas(whole)
    assert {path.name for path in tmp_path.iterdir()} >= OUTPUTS


def test_no_phase_goes_long_without_looking_for_a_request_to_cancel(
    stack: Stack, tmp_path: Path
) -> None:
    """Processor time, not the clock: a busy machine must not break the promise."""
    latest: list[Event] = []
    checks = [(time.process_time(), "the start")]

    def asked() -> bool:
        checks.append((time.process_time(), str(latest[-1]) if latest else ""))
        return False

    run(stack, tmp_path, CONFIG, Reporter(latest.append, asked))
    gaps = [(later[0] - earlier[0], later[1]) for earlier, later in pairwise(checks)]
    assert max(gaps)[0] < PROMISE_S, max(gaps)


@pytest.mark.parametrize("file", ["map.part.png", "report.part.html", "run.part.json"])
def test_a_disk_that_fills_up_after_the_inventory_is_said_and_a_second_run_makes_the_rest(
    file: str, stack: Stack, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even an older run.json may stay: it would vouch for polygons of another threshold."""
    shutil.copytree(whole, tmp_path / "out")

    def full(path: Path, *_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        for name in ("write_text", "write_bytes"):
            original = getattr(Path, name)
            patched.setattr(
                Path,
                name,
                lambda self, *a, original=original, **k: (full if self.name == file else original)(
                    self, *a, **k
                ),
            )
        with pytest.raises(
            DiskFullError,
            match=r"disk is full.*inventory\.gpkg is finished, but its report and run\.json",
        ):
            run(stack, tmp_path / "out", OTHER)
    assert (tmp_path / "out" / "inventory.gpkg").exists()
    assert not (tmp_path / "out" / "run.json").exists()
    assert not unfinished(tmp_path / "out")
    events: list[Event] = []
    again = run(stack, tmp_path / "out", OTHER, Reporter(events.append))
    assert not stages(events) & NETWORK
    assert json.loads(again.run_path.read_text(encoding="utf-8"))["threshold"] == OTHER.threshold
    assert min(areas(again.folder)) >= 900


@pytest.mark.parametrize("done", [1, 3])
def test_a_run_killed_while_statistics_are_taken_starts_anew_and_ends_the_same(
    done: int, stack: Stack, whole: Path, tmp_path: Path
) -> None:
    words = [sys.executable, "-c", KILLED, str(stack.path), str(tmp_path), "statistics", str(done)]
    assert subprocess.run(words, cwd=ROOT, check=False).returncode != 0
    assert not {path.name for path in tmp_path.iterdir()} & OUTPUTS
    events: list[Event] = []
    resumed = run(stack, tmp_path, CONFIG, Reporter(events.append))
    assert resumed.prediction.facts["resumed_rows"] == 0
    assert not said(events, "another stack"), (
        "nothing was left that another request could have made"
    )
    assert np.array_equal(pixels(tmp_path / "probability.tif"), pixels(whole / "probability.tif"))
    assert areas(tmp_path) == areas(whole)
