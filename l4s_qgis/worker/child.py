"""Run a program beside QGIS and end it with all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    folder: str | None = None,
) -> Ended:
    """Run a program until it ends; for a worker thread, as it blocks.

    Args:
        command: Absolute path of the program, and its arguments.
        on_line: Receives every line of stdout.
        on_error_line: Receives every line of stderr.
        is_cancelled: Asked ten times a second; when it returns True the program is asked to stop,
            then ended.
        environment: Variables to add to the clean environment.
        folder: Where it works.

    Returns:
        How it ended.
    """
    kept: deque[str] = deque(maxlen=KEPT_LINES)

    def keep(line: bytes) -> None:
        text = line.decode("utf-8", "replace")
        kept.append(text)
        on_error_line(text)

    process = QProcess()
    process.setProcessEnvironment(clean_environment(environment))
    if folder:
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
        QProcess.execute("taskkill", ["/PID", str(pid), "/T", "/F"])
        return
    with contextlib.suppress(OSError):  # it has ended already, or leads no group
        os.killpg(pid, signal.SIGKILL)


class _Lines:
    """Cuts a stream of bytes into lines."""

    def __init__(self, receive: Callable[[bytes], None]) -> None:
        self._receive = receive
        self._rest: list[bytes] = []

    def feed(self, data: bytes, last: bool = False) -> None:
        if b"\n" in data:
            *lines, rest = (b"".join(self._rest) + data).split(b"\n")
            self._rest = [rest]
            for line in lines:
                self._receive(line.rstrip(b"\r"))
        elif data:
            self._rest.append(data)
        if last and any(self._rest):
            self._receive(b"".join(self._rest))
            self._rest = []
