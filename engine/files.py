"""Files that are complete or not there: temporary names, output folders, JSON, and what a failed
write says.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.errors import DiskFullError, L4SError, OutputError

TEMPORARY = ".part"
"""What is appended to the name of a file that is not complete yet."""


def output_error(path: Path, error: BaseException) -> OutputError:
    """Turn a failed write into the error that names the cause and the remedy."""
    detail = str(error.__cause__ or error)
    folder = path.parent
    free = shutil.disk_usage(folder).free if folder.is_dir() else None
    if (
        (isinstance(error, OSError) and error.errno == errno.ENOSPC)
        or "space left" in detail
        or (free is not None and free < 2**20)
    ):
        return DiskFullError(
            f"The disk is full: {path.name} could not be finished in {folder}; free some space or"
            " choose another output folder."
        )
    return OutputError(
        f"{path} cannot be written ({detail}); check that the folder exists and that you may write"
        " into it."
    )


@contextmanager
def naming_failures(path: Path) -> Iterator[None]:
    """Let a failed write name the file, the cause and the remedy.

    Raises:
        OutputError, DiskFullError: In place of an OSError that is not one of the engine's own
            errors already.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, L4SError):
            raise
        raise output_error(path, error) from error


def output_folder(path: Path) -> Path:
    """Create an output folder and check that files can be written into it.

    Raises:
        OutputError: It cannot be created or written.
        DiskFullError: The disk is full.
    """
    with naming_failures(path):
        path.mkdir(parents=True, exist_ok=True)
        # A name of its own: several processes of one training try the same folder at once.
        with tempfile.NamedTemporaryFile(dir=path, prefix=".l4s-write-test-") as probe:
            probe.write(b"0" * 4096)
    return path


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; it is renamed to ``path`` on success and removed
    otherwise.

    The temporary name keeps the suffix, by which many libraries choose the format. It is the same
    in every run, so that what a killed run left is found and removed; only the further processes of
    one torchrun have names of their own.
    """
    rank = os.environ.get("RANK", "0")
    own = TEMPORARY if rank == "0" else f"{TEMPORARY}-{rank}"
    temporary = path.with_name(f"{path.stem}{own}{path.suffix}")
    _remove(temporary)
    try:
        with naming_failures(path):
            yield temporary
            temporary.replace(path)
    finally:
        _remove(temporary)


def _remove(path: Path) -> None:
    """Remove a temporary file or folder, if there is one."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write values for people to read, complete or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
