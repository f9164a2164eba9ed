"""Files that are complete or absent: temporary names, folders, JSON."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import DiskFullError, L4SError, OutputError

_PROBE_BYTES = 4096
TEMPORARY = ".part"
"""What is appended to the name of a file that is not complete yet."""


@dataclass(frozen=True)
class ResultFolder:
    """The files of one detection, under the names that programs rely on.

    Attributes:
        path: The folder; nothing is checked or created here.
    """

    path: Path

    @property
    def stack(self) -> Path:
        """Channels on one grid, where the detection made them itself."""
        return self.path / "stack.tif"

    @property
    def stack_record(self) -> Path:
        """What the stack was made from, so that it can be used again."""
        return self.path / "stack.json"

    @property
    def change(self) -> Path:
        """Change of NDVI and brightness since before the event."""
        return self.path / "change.tif"

    @property
    def probability(self) -> Path:
        """Probability of landslide."""
        return self.layer("probability")

    @property
    def uncertainty(self) -> Path:
        """Standard deviation between models and views."""
        return self.layer("uncertainty")

    @property
    def mask(self) -> Path:
        """Landslide, background, no data."""
        return self.path / "mask.tif"

    @property
    def inventory(self) -> Path:
        """Landslide polygons."""
        return self.path / "inventory.gpkg"

    @property
    def report(self) -> Path:
        """The report for people."""
        return self.path / "report.html"

    @property
    def run(self) -> Path:
        """The record of the run; it stands for a complete result."""
        return self.path / "run.json"

    @property
    def resume(self) -> Path:
        """Finished rows of a detection that is under way or was stopped."""
        return self.path / ".l4s-resume"

    @property
    def lock(self) -> Path:
        """Says who writes into the folder at the moment."""
        return self.path / ".l4s-lock"

    def layer(self, name: str) -> Path:
        """A raster of the detection by its name, ``probability`` for instance."""
        return self.path / f"{name}.tif"


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
        handle, name = tempfile.mkstemp(dir=path, prefix=".l4s-write-test-")
        try:
            with os.fdopen(handle, "wb", buffering=0) as probe:
                if probe.write(b"0" * _PROBE_BYTES) != _PROBE_BYTES:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            Path(name).unlink(missing_ok=True)
    return path


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path that becomes ``path`` on success.

    On failure it is removed, and ``path`` stays as it was.

    The temporary name keeps the suffix, by which many libraries choose the format. It is the same
    in every run, so that what a killed run left is found and removed; only the further processes of
    one torchrun have names of their own. A symbolic link is followed: its target is replaced, not
    the link.
    """
    path = real_path(path)
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


@contextmanager
def work_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder beside a file for its parts until it is done.

    It is removed afterwards. Its name is the same in every run, so that what a killed run left is
    found and removed.
    """
    folder = path.with_name(f"{path.name}{TEMPORARY}")
    _remove(folder)
    folder.mkdir()
    try:
        yield folder
    finally:
        _remove(folder)


def real_path(path: Path) -> Path:
    """Where a file really lies: the target of a link, else the path."""
    try:
        return path.resolve() if path.is_symlink() else path
    except (OSError, RuntimeError) as error:  # links in a circle
        raise OutputError(
            f"{path} is a link that leads nowhere ({error}); choose another output."
        ) from error


def _remove(path: Path) -> None:
    """Remove a temporary file or folder, if there is one."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_json(path: Path, content: Mapping[str, Any], *, durable: bool = False) -> None:
    """Write values for people to read, complete or not at all.

    Args:
        path: The file.
        content: What it holds; paths and other values that JSON lacks are written as text.
        durable: Whether it must survive a power cut right after this call.

    Raises:
        OutputError, DiskFullError: It cannot be written.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n"
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
        if durable:
            with temporary.open("r+b") as file:
                os.fsync(file.fileno())


def printable(text: str) -> str:
    r"""A name or message as valid UTF-8.

    Bytes of other encodings become ``\xfc`` and the like.
    """
    return os.fsencode(text).decode("utf-8", errors="backslashreplace")
