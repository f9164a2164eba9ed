"""Zip archives, looked into without unpacking."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from engine.errors import ProductError, UnreadableFileError


def zip_members(path: Path) -> list[str]:
    """Names of an archive's files.

    Raises:
        UnreadableFileError: It is no zip, or its end is missing (an interrupted download).
        ProductError: A name climbs out of the archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    except (zipfile.BadZipFile, OSError) as error:
        raise UnreadableFileError(
            f"The archive {path} cannot be read ({error}); the download was probably interrupted:"
            " download it again."
        ) from error
    for name in names:
        parts = PurePosixPath(name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or name[1:2] == ":":
            raise ProductError(
                f"The archive {path} holds the name {name!r}, which climbs out of it; do not use"
                " it, and download the product from its provider again."
            )
    return names


def zip_text(path: Path, name: str) -> str:
    """Read a small text file of an archive.

    Raises:
        UnreadableFileError: The member is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name).decode("utf-8")
    except (zipfile.BadZipFile, OSError, UnicodeDecodeError, EOFError) as error:
        raise UnreadableFileError(
            f"{name} in the archive {path} is damaged ({error}); download the product again."
        ) from error
