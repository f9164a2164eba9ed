"""Run one engine command beside QGIS and read its events."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..messages import EngineError
from .child import LONGEST_TEXT, Ended, run_child
from .progress import Overall

LAUNCH = Path(__file__).with_name("launch.py")
SERIES = "0.1"
"""Engine versions that this plugin understands.

The events, options and files of one minor series agree.
"""
PROGRESS_S = 0.05  # a progress bar needs no more
MOST_LOGS = 1000
"""Log events that are passed on; QGIS must not choke on an engine that never stops talking."""


class Listener:
    """Receives what a command reports; the default ignores it."""

    def progress(self, percent: float, stage: str) -> None:
        """The share of the work that is done, and what is being done."""

    def log(self, message: str, warning: bool, code: str = "") -> None:
        """One sentence for the person who waits; ``code`` names the kind of a warning."""

    def detail(self, line: str) -> None:
        """A line for those who want to know more."""

    def is_cancelled(self) -> bool:
        """Whether the person asked to stop."""
        return False


def command_of(python: Path) -> list[str]:
    """The command line that starts the engine with an interpreter."""
    return [str(python), "-I", "-X", "utf8", str(LAUNCH), SERIES]


def run_engine(
    arguments: Sequence[str],
    *,
    command: Sequence[str],
    listener: Listener | None = None,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run an engine command to its end; for a worker thread, as it blocks.

    Args:
        arguments: The engine's command line, without ``--events``.
        command: What starts the engine (:func:`command_of`).
        listener: Receives progress and messages, and is asked whether to stop.
        environment: Variables to add to the clean environment.

    Returns:
        The command's result.

    Raises:
        EngineError: It failed, crashed, was cancelled, could not be started or said nothing
            sensible.
    """
    listener = listener or Listener()
    reader = _EventReader(arguments[0], listener)
    ended = run_child(
        [*command, *arguments, "--events", "json"],
        on_line=reader.read,
        on_error_line=listener.detail,
        is_cancelled=listener.is_cancelled,
        environment=environment,
    )
    return _outcome(ended, reader, command[0])


def _outcome(ended: Ended, reader: _EventReader, program: str) -> dict[str, Any]:
    if not ended.started:
        raise EngineError("engine-start", f"{program}: {ended.text}", "")
    details = "\n".join([*reader.garbage, ended.text]).strip()
    if ended.cancelled and reader.result is None:
        raise EngineError("cancelled", "", details)
    if reader.error is not None:
        raise EngineError(reader.error[0], reader.error[1], details)
    if ended.code is None:
        raise EngineError("engine-crash", "", details)
    if ended.code != 0:
        raise EngineError("engine-failed", f"exit code {ended.code}", details)
    if reader.result is None:
        raise EngineError("engine-silent", "", details)
    return reader.result


class _EventReader:
    """Reads the engine's stdout, one JSON object a line.

    Unknown events come from a newer engine and are ignored.
    """

    def __init__(self, command: str, listener: Listener) -> None:
        self._listener = listener
        self._overall = Overall(command)
        self.result: dict[str, Any] | None = None
        self.error: Sequence[str] | None = None
        self.garbage: deque[str] = deque(maxlen=50)
        self._stage = ""
        self._moved = 0.0
        self._logs = 0

    def read(self, line: bytes) -> None:
        """Read one line, whatever it holds."""
        try:
            event = json.loads(line.decode("utf-8"))
            kind = event["event"]
            if kind == "progress":
                self._move(str(event["stage"])[:100], float(event["done"]), float(event["total"]))
            elif kind == "log":
                self._log(event)
            elif kind == "result":
                self.result = {key: value for key, value in event.items() if key != "event"}
            elif kind == "error":
                self.error = (
                    str(event["code"])[:LONGEST_TEXT],
                    str(event["message"])[:LONGEST_TEXT],
                )
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
            text = line[: 4 * LONGEST_TEXT].decode("utf-8", "replace").strip()[:LONGEST_TEXT]
            if text:
                self.garbage.append(text)
                self._listener.detail(text)

    def _move(self, stage: str, done: float, total: float) -> None:
        percent = self._overall.percent(stage, done, total)
        now = time.monotonic()
        if stage != self._stage or now - self._moved >= PROGRESS_S:
            self._stage, self._moved = stage, now
            self._listener.progress(percent, stage)

    def _log(self, event: Mapping[str, Any]) -> None:
        self._logs += 1
        if self._logs <= MOST_LOGS:
            warning = event.get("level") == "warning"
            code = str(event.get("code") or "")[:100]
            self._listener.log(str(event["message"])[:LONGEST_TEXT], warning, code)
        elif self._logs == MOST_LOGS + 1:
            self._listener.log("… (further messages of the engine are left out)", False)
