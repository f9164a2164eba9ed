"""Locks between real processes: a lock between threads of one process proves nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine import lock as locking
from engine.cli import main
from engine.errors import BusyError, CancelledError, OutputError
from engine.events import Log, Reporter
from engine.files import ResultFolder
from engine.lock import locked_file, locked_folder

HOLD = """
import sys, time
from pathlib import Path
from engine.lock import locked_file, locked_folder
with {kind}(Path(sys.argv[1]), "detect"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""

TURNS = """
import sys, time
from pathlib import Path
from engine.lock import locked_folder
out = Path(sys.argv[1])
for _ in range(10):
    with locked_folder(out, "detect", wait=True):
        inside = out / "inside"
        inside.mkdir()  # fails if another process is in here
        time.sleep(0.003)
        inside.rmdir()
"""


def hold(path: Path, seconds: float = 30, kind: str = "locked_folder") -> subprocess.Popen[str]:
    """A process that has the lock when this returns."""
    program = [sys.executable, "-c", HOLD.format(kind=kind), str(path), str(seconds)]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_second_run_is_told_who_works_there(tmp_path: Path) -> None:
    process = hold(tmp_path / "out")
    try:
        with (
            pytest.raises(BusyError, match=rf"`l4s detect`, process {process.pid} on .*, since 20"),
            locked_folder(tmp_path / "out", "train"),
        ):
            pass
    finally:
        end(process)


@pytest.mark.skipif(os.name == "nt", reason="there, links need rights that tests lack")
def test_another_name_of_the_folder_is_the_same_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "out", target_is_directory=True)
    with (
        locked_folder(tmp_path / "out", "a"),
        pytest.raises(BusyError),
        locked_folder(tmp_path / "link", "b"),
    ):
        pass


def test_what_a_killed_run_left_is_taken_over(tmp_path: Path) -> None:
    end(hold(tmp_path / "out"))
    assert ResultFolder(tmp_path / "out").lock.exists()
    with locked_folder(tmp_path / "out", "train"):
        assert f'"pid": {os.getpid()}' in ResultFolder(tmp_path / "out").lock.read_text()
    assert not ResultFolder(tmp_path / "out").lock.exists()


def test_waiting_ends_with_the_other_run_and_says_so(tmp_path: Path) -> None:
    process = hold(tmp_path / "out", 0.8)
    said: list[str] = []
    reporter = Reporter(lambda event: said.append(event.message) if isinstance(event, Log) else 0)
    begun = time.monotonic()
    with locked_folder(tmp_path / "out", "detect", wait=True, reporter=reporter):
        assert time.monotonic() - begun > 0.3
    assert len(said) == 1
    assert "Waiting for another run" in said[0]
    end(process)


def test_waiting_can_be_cancelled(tmp_path: Path) -> None:
    process = hold(tmp_path / "out")
    until = time.monotonic() + 0.5
    reporter = Reporter(cancelled=lambda: time.monotonic() > until)
    with (
        pytest.raises(CancelledError),
        locked_folder(tmp_path / "out", "detect", wait=True, reporter=reporter),
    ):
        pass
    end(process)


def test_never_two_at_once_whoever_comes_and_goes(tmp_path: Path) -> None:
    """The file is removed at each release: nobody may hold a file that is gone."""
    program = [sys.executable, "-c", TURNS, str(tmp_path / "out")]
    runs = [subprocess.Popen(program) for _ in range(4)]
    assert [run.wait(60) for run in runs] == [0, 0, 0, 0]
    assert not ResultFolder(tmp_path / "out").lock.exists()


def test_a_folder_that_stays_empty_is_removed_and_one_with_results_kept(tmp_path: Path) -> None:
    with locked_folder(tmp_path / "a" / "b", "detect"):
        pass
    assert not (tmp_path / "a" / "b").exists()
    with locked_folder(tmp_path / "c", "detect"):
        (tmp_path / "c" / "run.json").touch()
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["run.json"]


def test_files_of_one_folder_are_written_side_by_side_but_each_by_one_run(tmp_path: Path) -> None:
    process = hold(tmp_path / "a.tif", kind="locked_file")
    with locked_file(tmp_path / "b.tif", "stack"):
        pass
    with pytest.raises(BusyError, match=r"a\.tif"), locked_file(tmp_path / "a.tif", "stack"):
        pass
    with pytest.raises(BusyError), locked_folder(tmp_path, "detect"):
        pass
    end(process)
    with locked_folder(tmp_path, "detect"):
        pass


def test_no_file_is_written_into_a_folder_under_detection(tmp_path: Path) -> None:
    with (
        locked_folder(tmp_path, "detect"),
        pytest.raises(BusyError, match="`l4s detect`"),
        locked_file(tmp_path / "inventory.gpkg", "vectorize"),
    ):
        pass


@pytest.mark.skipif(os.name == "nt", reason="flock is of POSIX")
def test_where_the_disk_has_no_locks_a_living_process_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = hold(tmp_path / "out")
    monkeypatch.setattr(locking, "_try_lock", lambda descriptor, shared: None)
    with pytest.raises(BusyError), locked_folder(tmp_path / "out", "detect"):
        pass
    end(process)
    with locked_folder(tmp_path / "out", "detect"):
        pass


@pytest.mark.parametrize("content", [b"", b"[1]", b"\xff\xfe", b'{"since": "x", "pid": []}'])
def test_a_damaged_lock_file_is_taken_over(tmp_path: Path, content: bytes) -> None:
    lock = ResultFolder(tmp_path).lock
    lock.write_bytes(content)
    with locked_folder(tmp_path, "detect"):
        pass
    assert not lock.exists()


def test_the_command_line_refuses_with_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = hold(tmp_path / "out")
    for command in ("simulate", "demo"):
        assert main([command, "--out", str(tmp_path / "out")]) == 2
        said = capsys.readouterr().err.strip().splitlines()
        assert len(said) == 1
        assert "Another run is at work" in said[0]
    end(process)


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "out.tif"
    path.write_text("x")
    with (
        pytest.raises(OutputError, match="is a file, but results need a folder"),
        locked_folder(path, "detect"),
    ):
        pass


def test_a_run_that_is_cancelled_while_it_waits_ends_with_130(tmp_path: Path) -> None:
    process = hold(tmp_path / "out")
    waiting = subprocess.Popen(
        [sys.executable, "-m", "engine", "simulate", "--wait", "--out", str(tmp_path / "out")],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert waiting.stderr is not None
    assert "Waiting for another run" in waiting.stderr.readline()
    waiting.send_signal(signal.SIGINT)
    assert waiting.wait(20) == 130
    waiting.stderr.close()
    end(process)
