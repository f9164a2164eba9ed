"""Logs of a run: one CSV row and TensorBoard scalars at every validation."""

from __future__ import annotations

import csv
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.files import atomic_path, naming_failures

COLUMNS = (
    "stage",
    "step",
    "lr",
    "loss",
    "precision",
    "recall",
    "f1",
    "iou",
    "threshold",
    "samples_per_s",
)


class RunLog:
    """Write rows to ``metrics.csv`` and, where asked for, TensorBoard events.

    Args:
        folder: The run's folder.
        keep: Rows up to this (stage, step) stay, for a resumed run; None starts anew.
        counter: Steps of all stages that are done, where ``keep`` is given.
        tensorboard: Write events as well.

    Raises:
        DiskFullError, OutputError: A file cannot be written, now or later.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keep: tuple[int, int] | None = None,
        counter: int = 0,
        tensorboard: bool = False,
    ) -> None:
        self._path = folder / "metrics.csv"
        kept = _rows_until(self._path, keep) if keep is not None and self._path.is_file() else []
        with (
            atomic_path(self._path) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(kept)
        self._board = (
            EventFile(folder / "tensorboard", first_step=counter + 1) if tensorboard else None
        )

    def write(self, row: Mapping[str, float], *, counter: int) -> None:
        """Add a row; ``counter`` counts steps over all stages, for TensorBoard."""
        with (
            naming_failures(self._path),
            self._path.open("a", newline="", encoding="utf-8") as file,
        ):
            csv.DictWriter(file, COLUMNS, restval="").writerow(
                {key: f"{row[key]:.6g}" for key in COLUMNS if key in row}
            )
        if self._board is not None:
            self._board.write(
                {key: value for key, value in row.items() if key not in ("stage", "step")}, counter
            )


class EventFile:
    """TensorBoard's event file, written at once.

    Its own writer does so in a thread, which dies with a traceback on a full disk.

    Args:
        folder: Folder of the run's events; every start adds a file.
        first_step: Scalars of earlier files from this step on no longer count, as a resumed run
            computes them again.
    """

    def __init__(self, folder: Path, *, first_step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog

        self._event = Event
        with naming_failures(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._path = (
            folder / f"events.out.tfevents.{time.time():.0f}.{socket.gethostname()}.{os.getpid()}"
        )
        start = SessionLog(status=SessionLog.START)
        self._append(
            [Event(file_version="brain.Event:2"), Event(step=first_step, session_log=start)],
        )

    def write(self, scalars: Mapping[str, float], step: int) -> None:
        """Add the scalars of one step."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
        self._append([self._event(step=step, summary=Summary(value=values))])

    def _append(self, events: list[Any]) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        with naming_failures(self._path), self._path.open("ab") as file:
            writer = RecordWriter(file)
            for event in events:
                event.wall_time = time.time()
                writer.write(event.SerializeToString())


def _rows_until(path: Path, last: tuple[int, int]) -> list[dict[str, str]]:
    """Rows up to a (stage, step); one that was only half written is left out."""
    kept = []
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            stage, step = row.get("stage") or "", row.get("step") or ""
            whole = stage.isdigit() and step.isdigit() and None not in row.values()
            if whole and (int(stage), int(step)) <= last:
                kept.append(row)
    return kept
