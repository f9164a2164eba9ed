"""Run a program beside QGIS and end it with all that it started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from qgis.PyQt.QtCore import QIODevice, QProcess, QProcessEnvironment

# What QGIS and its start scripts set for its own Python, GDAL, PROJ and Qt; another program must
# not inherit it.
FOREIGN = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "PYTHONEXECUTABLE",
    "PROJ_LIB",
    "PROJ_DATA",
    "GDAL_DATA",
    "GDAL_DRIVER_PATH",
    "GDAL_PYTHON_DRIVER_PATH",
    "QT_PLUGIN_PATH",
    "QT_QPA_PLATFORM_PLUGIN_PATH",
    "OSGEO4W_ROOT",
    "SSL_CERT_DIR_QGIS",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
)
POLL_MS = 100
GRACE_S = 6.0
KEPT_LINES = 2000
LONGEST_LINE = 2**20  # bytes; an event is a few hundred
LONGEST_TEXT = 4000  # characters of a line that is kept or shown


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Attributes:
        code: Its exit code; None where it could not be started or was ended by a signal.
        started: Whether it could be started at all.
        cancelled: Whether it was asked to stop.
        text: The last lines that it wrote to stderr.
    """

    code: int | None
    started: bool
    cancelled: bool
    text: str


def clean_environment(extra: Mapping[str, str] | None = None) -> QProcessEnvironment:
    """QGIS's environment without its own Python, GDAL, PROJ and Qt."""
    environment = QProcessEnvironment.systemEnvironment()
    for name in FOREIGN:
        environment.remove(name)
    for name, value in (extra or {}).items():
        environment.insert(name, value)
    return environment


def run_child(
    command: Sequence[str],
    *,
    on_line: Callable[[bytes], None],
    on_error_line: Callable[[str], None] = lambda line: None,
    is_cancelled: Callable[[], bool] = lambda: False,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run a program until it ends; for a worker thread, as it blocks.

    It works in an empty folder of its own: files that lie where QGIS was started (a ``pip.py``, a
    ``uv.toml``, a library) must not be run or obeyed. Paths in the command must be absolute.

    Args:
        command: Absolute path of the program, and its arguments.
        on_line: Receives every line of stdout.
        on_error_line: Receives every line of stderr.
        is_cancelled: Asked ten times a second; when it returns True the program is asked to stop,
            then ended.
        environment: Variables to add to the clean environment.

    Returns:
        How it ended.
    """
    folder = tempfile.mkdtemp(prefix="l4s-")
    try:
        return _run(command, on_line, on_error_line, is_cancelled, environment, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # on Windows a child may still hold it


def _run(
    command: Sequence[str],
    on_line: Callable[[bytes], None],
    on_error_line: Callable[[str], None],
    is_cancelled: Callable[[], bool],
    environment: Mapping[str, str] | None,
    folder: str,
) -> Ended:
    kept: deque[str] = deque(maxlen=KEPT_LINES)

    def keep(line: bytes) -> None:
        text = line.decode("utf-8", "replace")[:LONGEST_TEXT]
        kept.append(text)
        on_error_line(text)

    process = QProcess()
    process.setProcessEnvironment(clean_environment(environment))
    process.setWorkingDirectory(folder)
    process.start(command[0], list(command[1:]), QIODevice.OpenModeFlag.ReadWrite)
    if not process.waitForStarted(30000):
        return Ended(None, False, False, process.errorString())
    out, err = _Lines(on_line), _Lines(keep)
    pid, asked, ended = int(process.processId()), 0.0, False
    while process.state() != QProcess.ProcessState.NotRunning:
        process.waitForReadyRead(POLL_MS)
        out.feed(bytes(process.readAllStandardOutput()))
        err.feed(bytes(process.readAllStandardError()))
        if not asked and is_cancelled():
            asked = time.monotonic()
            process.write(b"stop\n")
            process.waitForBytesWritten(POLL_MS)
            process.closeWriteChannel()
        elif asked and not ended and time.monotonic() - asked > GRACE_S:
            ended = True
            end_tree(pid)
            process.kill()
    out.feed(bytes(process.readAllStandardOutput()), last=True)
    err.feed(bytes(process.readAllStandardError()), last=True)
    normal = process.exitStatus() == QProcess.ExitStatus.NormalExit
    if asked or not normal:
        end_tree(pid)  # children of a program that crashed
    return Ended(process.exitCode() if normal else None, True, bool(asked), "\n".join(kept))


def end_tree(pid: int) -> None:
    """End a process started through ``launch.py`` and all that it started."""
    if os.name == "nt":
        # By its full path: Windows looks in the working directory before its own folder.
        system = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32"
        QProcess.execute(str(system / "taskkill.exe"), ["/PID", str(pid), "/T", "/F"])
        return
    with contextlib.suppress(OSError):  # it has ended already, or leads no group
        os.killpg(pid, signal.SIGKILL)


class _Lines:
    """Cuts a stream of bytes into lines of at most :data:`LONGEST_LINE` bytes."""

    def __init__(self, receive: Callable[[bytes], None]) -> None:
        self._receive = receive
        self._rest: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes, last: bool = False) -> None:
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._keep(line)
            self._pass_on()
        self._keep(rest)
        if last and self._size:
            self._pass_on()

    def _keep(self, data: bytes) -> None:
        data = data[: LONGEST_LINE - self._size]  # what is longer is cut, and is no event then
        if data:
            self._rest.append(data)
            self._size += len(data)

    def _pass_on(self) -> None:
        self._receive(b"".join(self._rest).rstrip(b"\r"))
        self._rest, self._size = [], 0
