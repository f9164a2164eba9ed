"""Listeners of the command line: for a person, and for a program."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from tqdm import tqdm

from engine.events import Event, Failure, Listener, Log, Progress, Result, to_json


def program() -> Listener:
    """Write every event as one JSON line to stdout."""

    def listen(event: Event) -> None:
        # Pipes on Windows default to a legacy code page; events are always UTF-8.
        sys.stdout.buffer.write(to_json(event).encode() + b"\n")
        sys.stdout.buffer.flush()

    return listen


def person() -> Listener:
    """Draw a progress bar and messages on stderr, results on stdout."""
    bar: tqdm[Any] | None = None
    stage = ""

    def close() -> None:
        nonlocal bar
        if bar is not None:
            bar.close()
            bar = None

    def listen(event: Event) -> None:
        nonlocal bar, stage
        match event:
            case Progress(name, done, total):
                if bar is None or name != stage or bar.total != total:
                    close()
                    stage = name
                    bar = tqdm(  # disable=None: no bar where stderr is a file or a pipe
                        total=total,
                        desc=name,
                        file=sys.stderr,
                        leave=False,
                        dynamic_ncols=True,
                        mininterval=0.2,
                        disable=None,
                    )
                bar.update(done - bar.n)
                if done >= total:
                    close()
            case Log(level, message):
                prefix = "warning: " if level == "warning" else ""
                tqdm.write(f"{prefix}{message}", file=sys.stderr)
            case Failure(_, message):
                close()
                print(f"l4s: {message}", file=sys.stderr)
            case Result(data):
                close()
                print("\n".join(_lines(data)))

    return listen


def _lines(data: Mapping[str, Any]) -> list[str]:
    """Lay a result out: ``text`` as it is, all else as ``name: value``."""
    if "text" in data:
        return [str(data["text"])]
    width = max((len(name) for name in data), default=0)
    return [f"{name:<{width}}  {_plain(value)}" for name, value in data.items()]


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(item)}" for name, item in value.items())
    return str(value)
