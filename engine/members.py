"""Files of folders and archives: leftovers of systems, GDAL's paths."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path, PurePosixPath

_JUNK = frozenset(
    (
        "$recycle.bin",
        "@eadir",
        "__macosx",
        "desktop.ini",
        "lost+found",
        "system volume information",
        "thumbs.db",
    )
)


def is_junk(name: str) -> bool:
    r"""Whether a file is a leftover of an operating system, not data.

    Hidden files (``._B02.tif``, ``.DS_Store``) are, Office's lock files (``~$B02.tif``), and
    those in ``__MACOSX`` and the like.

    Args:
        name: Path below the folder or archive that was given, with ``/`` or ``\``.
    """
    parts = name.replace("\\", "/").split("/")
    return any(
        part.lower() in _JUNK
        or part.startswith("~$")
        or (part.startswith(".") and part not in (".", ".."))
        for part in parts
    )


def member_path(path: Path, name: str) -> str:
    """The GDAL path of an archive's file.

    Right also below a folder called ``x.zip``.
    """
    place = path.resolve().as_posix()
    # GDAL counts braces; without them it takes the first ".zip" in the path for the archive.
    return f"/vsizip/{place}/{name}" if set(place) & set("{}") else f"/vsizip/{{{place}}}/{name}"


VECTORS = (".shp", ".gpkg", ".geojson", ".json", ".kml", ".kmz", ".gml", ".fgb", ".tab", ".mif")
"""Suffixes of the vector files that are looked for in zip archives."""


def vector_sources(path: Path) -> list[Path | str]:
    """Where GDAL finds the vector layers of a file.

    GDAL itself sees only the top of a zip, where shapefiles seldom lie.

    Args:
        path: A vector file, or a zip archive of some.

    Returns:
        The file itself, or the vector files inside the archive, in whatever folder.
    """
    if path.suffix.lower() != ".zip" or not path.is_file():
        return [path]
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.replace("\\", "/") for name in archive.namelist()]
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, EOFError):
        return [path]  # which cannot be opened, and is refused so
    found: dict[str, None] = {}
    for name in sorted(names):
        database = next(
            (one for one in PurePosixPath(name).parents if one.suffix.lower() == ".gdb"), None
        )
        if is_junk(name):
            continue
        if database is not None:
            found[str(database)] = None
        elif name.lower().endswith(VECTORS):
            found[name] = None
    return [member_path(path, name) for name in found] or [path]
