"""Runs commands on damaged inputs, each in a process of its own, and judges what happens.

What is promised: exit code 0 or 2 (or 130), never a traceback, no hang, bounded memory, and nothing
written outside ``--out``.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fuzz_readers import READERS, Reader, generator

LONGEST_S = 20.0
"""Of processor time, so that other programs on the machine decide nothing."""

LONGEST_WALL_S = 300.0
"""By the clock: only what waits for ever takes so long, also on a crowded machine."""

MOST_MEMORY = 2 * 2**30

_HEAVY = (
    "engine.cli.detect",
    "engine.cli.stack",
    "engine.cli.vectorize",
    "engine.cli.report",
    "engine.cli.export",
    "engine.cli.compare",
    "engine.cli.evaluate",
    "engine.cli.data",
    "engine.cli.models",
    "engine.cli.train",
    "engine.pipeline.detection",
    "engine.pipeline.redrawing",
    "engine.pipeline.request",
    "engine.evaluation.compare",
    "engine.evaluation.evaluate",
    "engine.report.page",
    "engine.inventory.export",
    "engine.scene.stack",
    "onnxruntime",
    "safetensors.numpy",
    "h5py",
    "matplotlib.figure",
    "defusedxml.ElementTree",
)


@dataclass(frozen=True)
class Outcome:
    """What one case did.

    Attributes:
        reader: Its row in the table.
        number: With the reader's name it gives the damage again.
        code: Exit code; negative for a signal.
        fault: What was promised and not kept, in a few words; empty if all is well.
        text: What the command wrote.
        seconds: Processor time.
        memory: Peak of memory in bytes.
    """

    reader: str
    number: int
    code: int
    fault: str
    text: str
    seconds: float
    memory: int


def warm_up() -> None:
    """Import once what every case would import, so that a case costs a fork and its own work."""
    for name in _HEAVY:
        importlib.import_module(name)
    with contextlib.suppress(ImportError):  # the light installation has no PyTorch
        importlib.import_module("engine.training.run")


def cases(count: int, first: int = 0, only: str = "") -> Iterator[tuple[Reader, int]]:
    """Readers in turn, each with its next number."""
    chosen = [reader for reader in READERS if only in ("", reader.name)]
    for at in range(count):
        yield chosen[at % len(chosen)], first + at // len(chosen)


def run_all(todo: Iterable[tuple[Reader, int]], seeds: Path, work: Path) -> Iterator[Outcome]:
    """Run cases one after the other; :func:`warm_up` first."""
    for reader, number in todo:
        yield run_case(reader, number, seeds, work)


def run_case(reader: Reader, number: int, seeds: Path, work: Path) -> Outcome:
    """Damage a copy of the reader's seed and run its command on it."""
    sandbox = work / "case"
    shutil.rmtree(sandbox, ignore_errors=True)
    folders = {name: sandbox / name for name in ("in", "out", "home", "tmp", "here")}
    for name, folder in folders.items():
        if name != "in":
            folder.mkdir(parents=True)
    place = folders["out"] if reader.in_out else folders["in"]
    shutil.copytree(seeds / reader.seed, place, dirs_exist_ok=True)
    reader.mutate(generator(reader, number), place)
    folders["in"].mkdir(exist_ok=True)
    before = _listing(sandbox)
    arguments = _arguments(reader.command, folders, seeds)
    log = work / "log.txt"
    code, seconds, memory = _run(arguments, folders, log)
    text = log.read_text(encoding="utf-8", errors="replace")
    fault = _fault(code, text, seconds, memory) or _strays(before, _listing(sandbox))
    return Outcome(reader.name, number, code, fault, text, seconds, memory)


def _arguments(command: str, folders: dict[str, Path], seeds: Path) -> list[str]:
    found: list[str] = []
    for part in command.split():
        for name, folder in {**folders, "seeds": seeds}.items():
            part = part.replace(f"{{{name}}}", str(folder))
        matches = sorted(Path("/").glob(part[1:])) if "*" in part else []
        found += [str(match) for match in matches] or [part]
    return found


def _run(arguments: list[str], folders: dict[str, Path], log: Path) -> tuple[int, float, int]:
    """Fork, run the command there, wait; returns exit code, processor time and memory."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _child(arguments, folders, log)
    deadline = time.monotonic() + LONGEST_WALL_S
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.005)
    seconds = usage.ru_utime + usage.ru_stime
    scale = 1 if sys.platform == "darwin" else 1024
    return os.waitstatus_to_exitcode(status), seconds, usage.ru_maxrss * scale


def _child(arguments: list[str], folders: dict[str, Path], log: Path) -> None:
    code = 1
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(folders["here"])
        os.environ.update(TMPDIR=str(folders["tmp"]), HOME=str(folders["home"]))
        import tempfile

        tempfile.tempdir = None
        limit = int(LONGEST_S)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        from engine.cli import main

        code = main(arguments)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _fault(code: int, text: str, seconds: float, memory: int) -> str:
    if code in (-signal.SIGXCPU, -signal.SIGKILL) or seconds > LONGEST_S:
        return "hang"
    if code < 0:
        return f"signal {-code}"
    if "Traceback (most recent call last)" in text:
        return "traceback"
    if code not in (0, 2):
        return f"exit code {code}"
    if memory > MOST_MEMORY:
        return f"memory {memory / 2**30:.1f} GiB"
    if code == 2 and "l4s: " not in text:
        return "exit code 2 without a sentence"
    return ""


def _listing(sandbox: Path) -> dict[str, tuple[int, int]]:
    """Size and time of everything in the sandbox but what lies in ``out``."""
    found = {}
    for path in sandbox.rglob("*"):
        relative = path.relative_to(sandbox)
        if relative.parts[0] != "out" and path.is_file():
            status = path.lstat()
            found[str(relative)] = (status.st_size, status.st_mtime_ns)
    return found


def _strays(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> str:
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    changed = [name for name in changed if "/.cache/" not in f"/{name}"]
    return f"written outside --out: {', '.join(changed[:5])}" if changed else ""
