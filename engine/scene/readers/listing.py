"""The files that a path stands for: folder, archive or list."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from engine.errors import MissingFileError, ProductError, UnreadableFileError
from engine.files import printable
from engine.members import is_junk, member_path
from engine.scene.archive import (
    ARCHIVES,
    PACKED,
    file_bytes,
    zip_bytes,
    zip_sizes,
)

RASTERS = (".tif", ".tiff", ".jp2", ".vrt", ".img", ".dat", ".bsq", ".bil", ".bip")
"""Suffixes of rasters that are looked for in folders and archives."""

_DEEPEST = 8
"""Folders below the one given that are searched: a SAFE below a folder has six."""

_MOST_FILES = 200_000


@dataclass(frozen=True)
class Listing:
    """The files of a product, in a folder or an archive, or named one by one.

    Attributes:
        path: What was given: folder, archive, or the first of several files.
        sizes: Name of each file, relative and with ``/``, and its size in bytes. Files named one
            by one have their paths as names.
        kind: Folder, archive or single files.
        root: Folder below ``path`` that the product stands in, with ``/`` at its end, or empty.
    """

    path: Path
    sizes: Mapping[str, int]
    kind: Literal["folder", "archive", "files"]
    root: str = ""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the files below the root, sorted."""
        return tuple(sorted(name for name in self.sizes if name.startswith(self.root)))

    def under(self, root: str) -> Listing:
        """The part of the listing below a folder (``/`` at its end)."""
        return replace(self, root=root)

    def gdal(self, name: str) -> str:
        """The path by which GDAL opens a file."""
        if self.kind == "archive":
            return member_path(self.path, name)
        return name if self.kind == "files" else (self.path / name).as_posix()

    def read(self, name: str) -> bytes:
        """Content of a small file.

        Raises:
            UnreadableFileError: It is damaged, or too large for metadata.
        """
        if self.kind == "archive":
            return zip_bytes(self.path, name)
        return file_bytes(Path(self.gdal(name)))

    @property
    def title(self) -> str:
        """What it is called in messages and provenance."""
        inner = self.root.rstrip("/").rpartition("/")[2]
        if self.kind == "folder" and inner:
            return inner
        return self.path.name or self.path.resolve().name

    @property
    def where(self) -> str:
        """The product for messages, with its path."""
        return str(self.path / self.root) if self.kind == "folder" and self.root else str(self.path)

    @property
    def folder_names(self) -> tuple[str, ...]:
        """Names of the folder or archive that files lie in, links too."""
        inner = self.root.rstrip("/").rpartition("/")[2]
        start = self.path.parent if self.kind == "files" else self.path
        return (inner,) if inner else (start.name, start.resolve().name)

    @property
    def surroundings(self) -> tuple[str, ...]:
        """Names of the folders that the files lie in, the innermost first."""
        inner = [part for part in self.root.split("/") if part][::-1]
        start = self.path.parent if self.kind == "files" else self.path
        outer = [part for part in start.resolve().parts[::-1] if part != "/"]
        given = [] if self.kind == "files" else [self.path.name]  # the name of a symbolic link
        return tuple(dict.fromkeys([*inner, *given, *outer[:_DEEPEST]]))


def listing_of(path: Path) -> Listing:
    """List what a path stands for.

    A metadata file (``MTD_MSIL2A.xml``, ``manifest.safe``, a STAC item …) means its folder.

    Raises:
        MissingFileError: There is nothing of that name.
        UnreadableFileError: An archive is damaged, or of a kind that is not read in place.
        ProductError: There are too many files.
    """
    if not _exists(path):
        raise MissingFileError(
            f"There is no file or folder {printable(str(path))}; check the path."
        )
    if path.is_dir():
        return Listing(path, _walk(path), "folder")
    suffix = path.suffix.lower()
    if suffix in ARCHIVES:
        return Listing(path, zip_sizes(path), "archive")
    if suffix in PACKED:
        raise UnreadableFileError(
            f"{path} is packed as {suffix}, which cannot be read in place; unpack it, and give the"
            " folder."
        )
    if suffix in (".xml", ".safe", ".json", ".dim"):
        folder = path.absolute().parent
        return Listing(folder, _walk(folder), "folder")
    return files_listing([path])


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, a link in circles
        return False


def files_listing(paths: Sequence[Path]) -> Listing:
    """Files that were named one by one."""
    sizes = {}
    for path in paths:
        try:
            sizes[path.as_posix()] = path.stat().st_size
        except OSError as error:
            raise UnreadableFileError(
                f"{path} cannot be read ({error.strerror or error}); check its permissions."
            ) from error
    return Listing(paths[0], sizes, "files")


def _walk(folder: Path) -> dict[str, int]:
    if not os.access(folder, os.R_OK | os.X_OK):
        raise UnreadableFileError(f"The folder {folder} may not be read; check its permissions.")
    sizes: dict[str, int] = {}
    seen: set[str] = set()  # links may lead in circles
    for place, folders, files in os.walk(folder, followlinks=True):
        inside = Path(place).relative_to(folder)
        real = os.path.realpath(place)
        if real in seen:
            folders[:] = []
            continue
        seen.add(real)
        deep = len(inside.parts) >= _DEEPEST
        folders[:] = [] if deep else sorted(name for name in folders if not is_junk(name))
        for name in files:
            if not is_junk(name):
                sizes[(inside / name).as_posix()] = _size(Path(place, name))
        if len(sizes) > _MOST_FILES:
            raise ProductError(
                f"The folder {folder} holds more than {_MOST_FILES} files; give the folder of the"
                " product itself."
            )
    return sizes


def _size(file: Path) -> int:
    raster = file.suffix.lower() in RASTERS
    if raster and printable(file.name) != file.name:
        raise ProductError(
            f"The folder {printable(str(file.parent))} holds a file whose name is not in UTF-8"
            f" ({printable(file.name)}), which GDAL cannot open; rename it."
        )
    try:
        return file.stat().st_size
    except OSError as error:
        if not raster:
            return 0
        reason = "is a link to a file that is not there" if file.is_symlink() else error.strerror
        raise UnreadableFileError(
            f"{file} cannot be read: it {reason}; restore the file, or remove it."
        ) from error
