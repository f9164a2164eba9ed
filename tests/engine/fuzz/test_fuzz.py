"""Damaged inputs of every kind; `scripts/fuzz.py` tries thousands by hand."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fuzz_readers as readers
import pytest

ROOT = Path(__file__).resolve().parents[3]
PROCESSES, EACH = 2, 250

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="every case is a fork")


def test_no_damage_is_a_traceback_a_hang_or_a_file_outside_the_results(tmp_path: Path) -> None:
    """Cases in turn over the whole table, each process with numbers of its own."""
    seeds = readers.seeds_in(tmp_path / "seeds")

    def run(number: int) -> str:
        work = tmp_path / f"work-{number}"
        work.mkdir()
        (work / "seeds").symlink_to(seeds, target_is_directory=True)
        words = ["--count", str(EACH), "--first", str(number * EACH), "--work", str(work)]
        done = subprocess.run(
            [sys.executable, str(ROOT / "scripts" / "fuzz.py"), *words],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    with ThreadPoolExecutor(PROCESSES) as pool:
        said = list(pool.map(run, range(PROCESSES)))
    for text in said:
        assert text.rstrip().endswith("; 0 faults."), text
        assert "exit code 0: " in text  # damage that is refused throughout would prove nothing
        assert "exit code 2: " in text


def test_a_fault_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the suite would report if it happened."""
    harness = pytest.importorskip("fuzz_harness")
    assert harness._fault(1, "Traceback (most recent call last):", 1.0, 1) == "traceback"
    assert harness._fault(-11, "", 1.0, 1) == "signal 11"
    assert harness._fault(2, "l4s: no.", 30.0, 1) == "hang"
    assert harness._fault(2, "l4s: no.", 1.0, 3 * 2**30) == "memory 3.0 GiB"
    assert harness._fault(2, "", 1.0, 1) == "exit code 2 without a sentence"
    assert harness._fault(2, "l4s: no.", 1.0, 1) == ""
    (tmp_path / "out").mkdir()
    (tmp_path / "in").mkdir()
    before = harness._listing(tmp_path)
    (tmp_path / "out" / "result.tif").touch()
    assert harness._strays(before, harness._listing(tmp_path)) == ""
    (tmp_path / "in" / "stray.aux.xml").touch()
    assert "stray.aux.xml" in harness._strays(before, harness._listing(tmp_path))
