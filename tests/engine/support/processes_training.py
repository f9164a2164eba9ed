"""Commands in processes of their own: one, or several as torchrun starts them, and processes that
are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def environment(**more: str) -> dict[str, str]:
    """The same numbers whatever the machine does meanwhile: one thread, no GPU."""
    return {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONPATH": str(ROOT),
        **more,
    }


def l4s(
    *words: object, cwd: Path, processes: int = 1, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; with ``processes``, as many of them over gloo."""
    start = [sys.executable]
    if processes > 1:
        start += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [*start, "-m", "engine", *map(str, words)]
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def kill_after(steps: int, *words: object, cwd: Path) -> None:
    """Start a command and kill it (SIGKILL: nothing can be tidied up) once it has told of so many
    training steps."""
    command = [sys.executable, "-m", "engine", *map(str, words), "--events", "json"]
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "progress" and event["stage"] == "training":
            steps -= 1
            if steps == 0:
                process.kill()
                break
    process.stdout.close()
    assert process.wait(60) == -signal.SIGKILL, "it had ended before it could be killed"


def files_below(folder: Path) -> set[str]:
    """Names of all files and folders in a folder, however deep."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
