"""Finished rows on disk, so that a killed run goes on where it was.

::

    OUT/.l4s-resume/
      state.json          fingerprint of inputs and configuration, finished rows, statistics
      probability.rows    finished rows as they will be stored, uint8; one file for each layer
      carry-N.npy         sums of the rows that were not final after row N of windows

``state.json`` is replaced last and at once, after the others are safely on disk: whatever the
moment of a crash, it names rows and sums that belong together. Rows written after it are cut off
when a run resumes and computed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.files import ResultFolder, naming_failures, write_json

_STATE = "state.json"
_VERSION = 2


@dataclass(frozen=True)
class JournalState:
    """How far a run had come.

    Attributes:
        window_rows: Rows of windows that are done.
        rows: Rows of the raster that are final.
        carry: Sums of the rows after them.
        facts: What the run had noted: statistics, counts.
    """

    window_rows: int
    rows: int
    carry: NDArray[np.float32]
    facts: Mapping[str, Any]


class Journal:
    """The finished rows of one run, on disk.

    Open it, append rows, make them safe now and then, read them back at the end, remove it.

    Args:
        results: Folder of the results; the journal is a folder in it.
        layers: Names of the rasters.
        columns: Width of the rasters.
    """

    def __init__(self, results: ResultFolder, layers: Sequence[str], columns: int) -> None:
        self.folder = results.resume
        self._layers, self._columns = tuple(layers), columns
        self._files: dict[str, io.BufferedRandom] = {}

    def found(self, fingerprint: str) -> JournalState | bool | None:
        """What an earlier run left.

        Returns:
            How far it had come, False if it was another request's or is damaged, None if nothing
            was safe yet.
        """
        if not (self.folder / _STATE).exists():
            return None
        try:
            state = json.loads((self.folder / _STATE).read_text(encoding="utf-8"))
            if state["version"] != _VERSION or state["fingerprint"] != fingerprint:
                return False
            if state.pop("digest") != _digest(state):
                return False
            content = (self.folder / f"carry-{int(state['window_rows'])}.npy").read_bytes()
            if hashlib.sha256(content).hexdigest() != state["carry_sha256"]:
                return False
            carry = np.load(io.BytesIO(content), allow_pickle=False)
            rows = int(state["rows"])
            sizes = [self._path(layer).stat().st_size for layer in self._layers]
            found = JournalState(int(state["window_rows"]), rows, carry, dict(state["facts"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return False
        return found if min(sizes) >= rows * self._columns else False

    def start(self, progress: JournalState | None) -> None:
        """Open the files: empty, or cut to the rows that an earlier run made safe.

        Raises:
            OutputError: They cannot be written.
        """
        with naming_failures(self.folder / _STATE):
            if progress is None:
                self.remove()
                self.folder.mkdir(parents=True)
            for layer in self._layers:
                file = self._path(layer).open("w+b" if progress is None else "r+b")
                self._files[layer] = file
                file.truncate(0 if progress is None else progress.rows * self._columns)
                file.seek(0, os.SEEK_END)

    def append(self, rows: Sequence[NDArray[np.uint8]]) -> None:
        """Add finished rows, one array of shape (rows, columns) for each layer.

        Raises:
            DiskFullError: The disk is full.
        """
        with naming_failures(self.folder / _STATE):
            for layer, values in zip(self._layers, rows, strict=True):
                self._files[layer].write(np.ascontiguousarray(values).data)

    def make_safe(self, fingerprint: str, progress: JournalState) -> None:
        """Make everything appended so far survive a crash, the power's too.

        Raises:
            DiskFullError: The disk is full.
        """
        with naming_failures(self.folder / _STATE):
            for file in self._files.values():
                file.flush()
                os.fsync(file.fileno())
            name = f"carry-{progress.window_rows}.npy"
            content = io.BytesIO()
            np.save(content, progress.carry, allow_pickle=False)
            with (self.folder / name).open("wb") as carry:
                carry.write(content.getbuffer())
                carry.flush()
                os.fsync(carry.fileno())
            state = {
                "version": _VERSION,
                "fingerprint": fingerprint,
                "window_rows": progress.window_rows,
                "rows": progress.rows,
                "carry_sha256": hashlib.sha256(content.getbuffer()).hexdigest(),
                "facts": dict(progress.facts),
            }
            state["digest"] = _digest(state)
            write_json(self.folder / _STATE, state, durable=True)
            for old in self.folder.glob("carry-*.npy"):
                if old.name != name:
                    old.unlink(missing_ok=True)

    def read(self, layer: str, first: int, count: int) -> NDArray[np.uint8]:
        """Read rows back, shape (count, columns)."""
        file = self._files[layer]
        with naming_failures(self.folder / _STATE):
            file.seek(first * self._columns)
            data = file.read(count * self._columns)
        return np.frombuffer(data, np.uint8).reshape(count, self._columns)

    def close(self) -> None:
        """Close the files; what is safe stays for a later run."""
        for file in self._files.values():
            with contextlib.suppress(
                OSError
            ):  # a full disk was already reported where rows were appended
                file.close()
        self._files.clear()

    def remove(self) -> None:
        """Close the files and delete the journal."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, layer: str) -> Path:
        return self.folder / f"{layer}.rows"


def _digest(state: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
