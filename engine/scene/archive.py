"""Zip archives read in place; leftovers of systems are skipped.

Nothing is unpacked to disk: GDAL reads rasters through ``/vsizip/``, and small texts are read with
a limit on what they may unpack to.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from engine.errors import ProductError, UnreadableFileError
from engine.members import is_junk

ARCHIVES = (".zip",)
"""Suffixes of archives that are read in place."""

PACKED = (".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".txz", ".xz", ".zst")
"""Suffixes of archives that have to be unpacked first."""

TEXT_LIMIT = 48 * 2**20
"""Most bytes that one metadata file may unpack to; the largest of real products is 13 MB."""

_ENCRYPTED = 0x1
_METHODS = {9: "Deflate64", 12: "BZIP2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 99: "AES"}
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile raises on damaged, encrypted or hostile archives; it promises BadZipFile only.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    KeyError,
    ValueError,
    OverflowError,
    RuntimeError,
    NotImplementedError,
    MemoryError,
)


def zip_members(path: Path) -> list[str]:
    """Names of an archive's files, without systems' leftovers.

    Raises:
        UnreadableFileError: It is no zip, its end is missing (an interrupted download), or its
            files are protected by a password or packed by a method that cannot be read.
        ProductError: A name climbs out of the archive.
    """
    return list(zip_sizes(path))


def zip_sizes(path: Path) -> dict[str, int]:
    """Names of an archive's files with their unpacked sizes in bytes."""
    return {name: entry.file_size for name, entry in _entries(path).items()}


def read_small(path: str) -> bytes:
    """Read a small file by the path by which GDAL would open it.

    Raises:
        UnreadableFileError: It is damaged, or too large.
    """
    if not path.startswith("/vsizip/"):
        return file_bytes(Path(path))
    place = path.removeprefix("/vsizip/")
    if place.startswith("{"):
        archive, _, name = place[1:].partition("}/")
    else:
        archive, name = re.split(r"(?<=\.zip)/", place, maxsplit=1, flags=re.IGNORECASE)
    return zip_bytes(Path(archive), name)


def zip_bytes(path: Path, name: str, limit: int = TEXT_LIMIT) -> bytes:
    """Read a small file of an archive.

    Args:
        path: The archive.
        name: One of :func:`zip_members`.
        limit: Most bytes that it may unpack to.

    Raises:
        UnreadableFileError: The file is damaged, or larger than the limit.
    """
    entry = _entries(path)[name]
    if entry.file_size > limit:
        raise _too_large(f"{name} in the archive {path}", limit)
    try:
        with zipfile.ZipFile(path) as archive, archive.open(entry) as file:
            data = file.read(limit + 1)
    except _DAMAGE as error:
        raise UnreadableFileError(
            f"{name} in the archive {path} is damaged ({error}); download the product again."
        ) from error
    if len(data) > limit:  # the directory may lie about the size
        raise _too_large(f"{name} in the archive {path}", limit)
    return data


def file_bytes(path: Path, limit: int = TEXT_LIMIT) -> bytes:
    """Read a small file of a folder.

    Raises:
        UnreadableFileError: It cannot be read, or is larger than the limit.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise UnreadableFileError(
            f"{path} cannot be read ({error.strerror or error}); check its permissions, or download"
            " the product again."
        ) from error
    if len(data) > limit:
        raise _too_large(str(path), limit)
    return data


def _too_large(what: str, limit: int) -> UnreadableFileError:
    return UnreadableFileError(
        f"{what} is larger than {limit // 2**20} MiB, far more than metadata of a product are; do"
        " not use it, and download the product from its provider again."
    )


def _entries(path: Path) -> dict[str, zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except _DAMAGE as error:
        raise UnreadableFileError(
            f"The archive {path} cannot be read ({error}); the download was probably interrupted:"
            " download it again."
        ) from error
    found = {}
    for entry in entries:
        name = entry.filename.replace("\\", "/")  # written by some programs on Windows
        if name.endswith("/"):
            continue
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts or name[1:2] == ":":
            raise ProductError(
                f"The archive {path} holds the name {entry.filename!r}, which climbs out of it; do"
                " not use it, and download the product from its provider again."
            )
        if not is_junk(name):
            _check_readable(path, name, entry)
            found[name] = entry
    return found


def _check_readable(path: Path, name: str, entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & _ENCRYPTED:
        raise UnreadableFileError(
            f"The archive {path} is protected by a password ({name}); unpack it with the password,"
            " and give the folder."
        )
    if entry.compress_type not in _READABLE:
        method = _METHODS.get(entry.compress_type, f"method {entry.compress_type}")
        raise UnreadableFileError(
            f"The archive {path} is packed by {method} ({name}), which cannot be read in place;"
            " unpack it, and give the folder."
        )
