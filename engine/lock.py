"""One run at a time in an output folder.

The operating system holds the lock, so that it ends with the process, however that ends: a lock
file that a killed run left is taken over by the next one. The file says who holds the lock.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from engine.errors import BusyError, OutputError
from engine.events import SILENT, Reporter
from engine.files import ResultFolder, naming_failures

if os.name == "nt":  # pragma: no cover
    import msvcrt
else:
    import fcntl

_POLL_S = 0.2
_OFFSET = 2**30
"""Windows locks a byte far behind the text, so that others can read who holds the lock."""

_UNSUPPORTED = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL)
"""What file systems without locks answer; there the file alone tells, if its process lives."""

_OTHER_HOST_S = 24 * 3600
"""After this time a lock of another computer counts as left behind, on such file systems."""


@contextmanager
def locked_folder(
    folder: Path, command: str, *, wait: bool = False, reporter: Reporter = SILENT
) -> Iterator[None]:
    """Keep other runs from writing into a folder.

    The folder is created; if it is still empty at the end, it is removed again.

    Args:
        folder: Folder of results.
        command: Who writes, for the others' message.
        wait: Whether to wait for another run to end instead of failing.
        reporter: Learns whom the run waits for; asked for cancellation.

    Raises:
        BusyError: Another run works there.
        OutputError: The folder cannot be written.
        CancelledError: On request, while waiting.
    """
    made = not folder.exists()
    try:
        with _held(ResultFolder(folder.resolve()).lock, folder, command, wait, reporter):
            yield
    finally:
        if made:
            with contextlib.suppress(OSError):
                folder.rmdir()


@contextmanager
def locked_file(
    path: Path, command: str, *, wait: bool = False, reporter: Reporter = SILENT
) -> Iterator[None]:
    """Keep other runs from writing a file, or into its folder.

    Several runs may write different files of one folder. Where the folder does not exist, nothing
    is locked.

    Args:
        path: The output file.
        command: Who writes, for the others' message.
        wait: Whether to wait for another run to end instead of failing.
        reporter: Learns whom the run waits for; asked for cancellation.

    Raises:
        BusyError, OutputError, CancelledError: See :func:`locked_folder`.
    """
    path = path.resolve()
    if not path.parent.is_dir():
        yield
        return
    whole = ResultFolder(path.parent).lock
    own = path.with_name(f".{path.name}{whole.name}")
    with (
        _held(whole, path.parent, command, wait, reporter, shared=True),
        _held(own, path, command, wait, reporter),
    ):
        yield


@contextmanager
def _held(
    lock: Path,
    target: Path,
    command: str,
    wait: bool,
    reporter: Reporter,
    *,
    shared: bool = False,
) -> Iterator[None]:
    said = False
    while (descriptor := _acquire(lock, shared)) is None:
        owner = _owner(lock)
        if not wait:
            raise BusyError(
                f"Another run is at work in {target}{owner}; wait until it has ended, choose"
                " another --out, or use --wait."
            )
        if not said:
            reporter.log(f"Waiting for another run that is at work in {target}{owner}.")
            said = True
        reporter.check()
        time.sleep(_POLL_S)
    try:
        _sign(descriptor, command)
        yield
    finally:
        _release(descriptor, lock, shared)


def _acquire(lock: Path, shared: bool) -> int | None:
    """Open and lock a file, or None if another run holds it."""
    while True:
        descriptor = _open(lock)
        try:
            free = _try_lock(descriptor, shared)
            if free is None:  # no locks here: the text must tell
                free = not _lives(_read(lock))
            # The one who held it may have removed the file meanwhile: then this is not the file
            # that the next run opens.
            same = free and _is(descriptor, lock)
        except BaseException:
            os.close(descriptor)
            raise
        if same:
            return descriptor
        os.close(descriptor)
        if not free:
            return None


def _open(lock: Path) -> int:
    if lock.parent.exists() and not lock.parent.is_dir():
        raise OutputError(
            f"{lock.parent} is a file, but results need a folder; choose another name for --out."
        )
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    with naming_failures(lock):
        for left in reversed(range(100)):
            try:
                lock.parent.mkdir(parents=True, exist_ok=True)
                return os.open(lock, flags, 0o666)
            except (FileExistsError, FileNotFoundError):
                # Another run may have removed the empty folder at this very moment; a link that
                # leads nowhere stays one.
                if not left or (lock.parent.exists() and not lock.parent.is_dir()):
                    raise
    raise AssertionError("unreachable")


def _try_lock(descriptor: int, shared: bool) -> bool | None:
    """Whether the lock was free; None where the file system has no locks."""
    try:
        if os.name == "nt":  # pragma: no cover
            os.lseek(descriptor, _OFFSET, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        return None if error.errno in _UNSUPPORTED else False
    return True


def _release(descriptor: int, lock: Path, shared: bool) -> None:
    """Remove the file, unless others share the lock, and give the lock back."""
    try:
        if not shared or _try_lock(descriptor, shared=False):
            with contextlib.suppress(OSError):  # Windows keeps files that are open
                lock.unlink()
    finally:
        os.close(descriptor)
    if os.name == "nt":  # pragma: no cover
        with contextlib.suppress(OSError):
            lock.unlink()


def _is(descriptor: int, path: Path) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    mine = os.fstat(descriptor)
    return (mine.st_dev, mine.st_ino) == (found.st_dev, found.st_ino)


def _sign(descriptor: int, command: str) -> None:
    note = {
        "command": command,
        "pid": os.getpid(),
        "host": platform.node(),
        "since": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    with contextlib.suppress(OSError):  # a full disk: the lock holds all the same
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, json.dumps(note).encode())


def _read(lock: Path) -> dict[str, Any]:
    try:
        note = json.loads(lock.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) else {}


def _owner(lock: Path) -> str:
    """Who holds a lock and since when, in brackets, if the file says."""
    note = _read(lock)
    try:
        since = datetime.fromisoformat(note["since"]).astimezone()
        return (
            f" (`l4s {note['command']}`, process {note['pid']} on {note['host']},"
            f" since {since:%Y-%m-%d %H:%M:%S})"
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return ""


def _lives(note: dict[str, Any]) -> bool:
    """Whether the process that signed a lock lives, as far as known."""
    try:
        since = datetime.fromisoformat(note["since"])
        pid, host = int(note["pid"]), str(note["host"])
        age_s = (datetime.now(timezone.utc) - since).total_seconds()
    except (KeyError, TypeError, ValueError, OverflowError):
        return False
    if host != platform.node():
        return age_s < _OTHER_HOST_S
    if os.name == "nt":  # pragma: no cover
        return age_s < _OTHER_HOST_S  # os.kill would end the process there
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return pid != os.getpid()
