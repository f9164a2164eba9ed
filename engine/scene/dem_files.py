"""Choosing the rasters of heights among the files that are given as DEM.

By the conventions of the products first (:mod:`engine.scene.heights`), by content where names say
nothing: companions lie on the very pixels of the heights, and masks and counts are of 8 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rasterio.io import DatasetReader

from engine.bands import OPTICAL, channel_name, described, other_quantity
from engine.errors import InputError, MissingFileError, ProductError, UnreadableFileError
from engine.grid import Grid
from engine.members import is_junk, member_path
from engine.nodata import FILLS
from engine.raster import RASTER_SUFFIXES, grid_of, open_raster
from engine.scene.archive import PACKED, zip_members
from engine.scene.heights import LeftOut, NamedRaster, file_name, read_name

LOWEST_M, HIGHEST_M = -500.0, 9000.0
"""Heights outside are voids: no land lies there, but undeclared nodata values do (-32768, -9999,
3.4e38)."""

_MOST_BANDS = 3
"""Heights, and what some products put beside them: masks, errors, slopes."""

_TO_METRES = {
    "": 1.0,
    "m": 1.0,
    "metre": 1.0,
    "meter": 1.0,
    "metres": 1.0,
    "meters": 1.0,
    "ft": 0.3048,
    "ft (us": 1200 / 3937,
    "foot": 0.3048,
    "feet": 0.3048,
    "us survey foot": 1200 / 3937,
    "us-ft": 1200 / 3937,
    "ftus": 1200 / 3937,
    "us_survey_foot": 1200 / 3937,
}
_UNKNOWN = ("none", "unknown", "undefined", "n/a", "null", "-")
"""Units of files that state none."""
_SAMPLE_PX = 512
_SEA_ROUGHLY_M = 100.0
_FAR_M = 1e7
"""Numbers beyond are fills, not heights in any unit."""
_DEEPEST = 4
"""Folders below the one that was given in which rasters are looked for."""


@dataclass(frozen=True)
class DemFile:
    """One elevation raster.

    Attributes:
        path: File or GDAL path.
        grid: Its grid.
        nodata: Declared nodata value.
        to_metres: Factor from stored values (scaled as the file says) to metres.
        zero_is_void: Whether exact zeros are voids: no nodata is declared, or not this one, and all
            else lies far above the sea.
        product: The elevation product that its name follows; empty where none is recognised.
        unit: Unit of the heights as the file says it; empty for metres by default.
        lowest_m: Lowest height of a thinned-out sample.
        highest_m: Highest height of the sample.
        void_share: Share of the sample without a height, 0 to 1.
    """

    path: str
    grid: Grid
    nodata: float | None
    to_metres: float
    zero_is_void: bool
    product: str = ""
    unit: str = ""
    lowest_m: float = float("nan")
    highest_m: float = float("nan")
    void_share: float = 0.0

    @property
    def name(self) -> str:
        """Its file name."""
        return file_name(self.path)


def find_heights(paths: Sequence[Path]) -> tuple[list[DemFile], list[LeftOut]]:
    """Choose the rasters that hold heights.

    Args:
        paths: Rasters, folders or zip archives.

    Returns:
        The rasters of heights, in the order given; and what is left out.

    Raises:
        InputError: As :func:`open_dems` says.
    """
    taken: list[DemFile] = []
    left: list[LeftOut] = []
    named = [path for path in paths if not _is_container(path)]
    for path in paths:
        if _is_container(path):
            found, others = _of_container(path)
        else:
            found, others = _of_file(path, alone=len(named) == 1)
        taken += found
        left += others
    if not taken and left:
        raise ProductError(
            f"None of the files given as DEM holds heights: {_list(left)}; give the DEM itself."
        )
    return taken, left


def _is_container(path: Path) -> bool:
    if not path.exists():
        raise MissingFileError(f"There is no DEM {path}; check the path.")
    if path.is_file() and path.suffix.lower() in PACKED:
        raise UnreadableFileError(
            f"The DEM {path} is packed as {path.suffix.lower()}, which cannot be read in place;"
            " unpack it, and give the files inside."
        )
    return path.is_dir() or path.suffix.lower() == ".zip"


def _of_file(path: Path, *, alone: bool) -> tuple[list[DemFile], list[LeftOut]]:
    """A file named by itself is heights, unless it tells otherwise."""
    name = read_name(str(path))
    if name.heights is False:
        if alone:
            raise ProductError(
                f"{path} holds no heights by its name ({_kind_of(name)}); give the DEM file itself."
            )
        return [], [LeftOut(str(path), name.reason)]
    return [_open(name)], []


def _kind_of(name: NamedRaster) -> str:
    return f"{name.product} {name.reason}".strip()


def _of_container(path: Path) -> tuple[list[DemFile], list[LeftOut]]:
    """The heights of a folder or archive, by convention or content."""
    members = [read_name(member) for member in _members(path)]
    if not members:
        raise ProductError(
            f"The {_kind(path)} {path} holds no DEM; give GeoTIFF, .hgt or zip files."
        )
    left = [LeftOut(one.path, one.reason) for one in members if one.heights is False]
    taken = [(_open(one), one) for one in members if one.heights and one.product]
    others = [one for one in members if one.heights is not False and not one.product]
    for one in sorted(others, key=lambda one: not one.heights):
        try:
            file = _open(one)
        except InputError as error:
            if len(members) == 1:
                raise
            left.append(LeftOut(one.path, _short(error)))
            continue
        twin = next((pair for pair in taken if pair[0].grid.same_as(file.grid)), None)
        if twin is None or (one.heights and not twin[1].product):
            taken.append((file, one))
        elif twin[1].heights is None:
            left += [LeftOut(twin[1].path, "perhaps heights"), LeftOut(one.path, "perhaps heights")]
            raise _unclear(path, members, left)
        else:
            left.append(LeftOut(one.path, f"on the pixels of {twin[0].name}"))
    if not taken:
        raise _unclear(path, members, left)
    return [file for file, _ in taken], left


def _unclear(path: Path, members: Sequence[NamedRaster], left: Sequence[LeftOut]) -> ProductError:
    return ProductError(
        f"The {_kind(path)} {path} holds {len(members)} rasters, of which none is clearly a DEM"
        f" (such as AP_…_RT1.dem.tif or N42E141.hgt): {_list(left)}; give the DEM file itself."
    )


def _members(path: Path) -> list[str]:
    """All rasters of a folder, with those inside, or of an archive."""
    if not path.is_dir():
        return [member_path(path, name) for name in zip_members(path) if _is_raster(name)]
    found: list[str] = []
    archives: list[Path] = []
    for depth in range(_DEEPEST):
        for file in sorted(path.glob("*/" * depth + "*")):
            if file.suffix.lower() == ".zip" and file.is_file() and not is_junk(file.name):
                archives.append(file)
            elif file.is_file() and _is_raster(file.relative_to(path).as_posix()):
                found.append(str(file))
    return found + [member for archive in archives for member in _members(archive)]


def _is_raster(name: str) -> bool:
    return name.lower().endswith(RASTER_SUFFIXES) and not is_junk(name)


def _kind(path: Path) -> str:
    return "folder" if path.is_dir() else "archive"


def _list(left: Sequence[LeftOut]) -> str:
    shown = "; ".join(f"{one.name}: {one.reason}" for one in left[:6])
    return shown + (" …" if len(left) > 6 else "")


def _short(error: InputError) -> str:
    return str(error).split(";")[0].rstrip(".")


def _open(name: NamedRaster) -> DemFile:
    path = name.path
    with open_raster(path if path.startswith("/vsi") else Path(path)) as dataset:
        grid = grid_of(dataset, path)
        if dataset.dtypes[0] in ("uint8", "int8"):
            raise ProductError(
                f"{path} holds 8-bit values, as masks, counts and pictures do, but heights need"
                " more; give the DEM itself."
            )
        words = described(dataset.descriptions)
        # Earth Engine calls the only band of a DEM b1.
        bands = [text for text in words if channel_name(text) in OPTICAL[1:]]
        told = channel_name(words[0])
        if told not in ("DEM", "B01") and (told or other_quantity(words[0])) and not bands:
            raise ProductError(
                f"The first band of {path} is {words[0]!r}, but heights are needed; export the band"
                " of heights alone, for instance with `gdal_translate -b`."
            )
        if bands:
            raise ProductError(
                f"{path} holds the band {bands[0]}, so it is imagery; give it as imagery, and as"
                " DEM the heights."
            )
        if dataset.count > _MOST_BANDS:
            raise ProductError(
                f"{path} holds {dataset.count} bands, as imagery does, but a DEM has one; give the"
                " DEM itself."
            )
        unit = (dataset.units[0] or "").lower().strip(" []()")
        unit = "" if unit in _UNKNOWN else unit
        factor = _TO_METRES.get(unit)
        if factor is None:
            raise ProductError(
                f"The heights of {path} are in {unit!r}, but metres (or feet) are needed; convert"
                " them."
            )
        file = DemFile(path, grid, dataset.nodatavals[0], factor, False, name.product, unit)
        return _look_at_heights(dataset, file)


def _look_at_heights(dataset: DatasetReader, file: DemFile) -> DemFile:
    """Check a thinned-out copy for plausible heights; note what it shows."""
    side = (min(_SAMPLE_PX, dataset.height), min(_SAMPLE_PX, dataset.width))
    with np.errstate(over="ignore", invalid="ignore"):
        sample = dataset.read(1, out_shape=side, masked=True).astype(np.float64).filled(np.nan)
        heights = (sample * dataset.scales[0] + dataset.offsets[0]) * file.to_metres
    plausible = heights[(heights >= LOWEST_M) & (heights <= HIGHEST_M)]
    known = np.isfinite(heights) & (np.abs(heights) < _FAR_M) & ~np.isin(sample, FILLS)
    finite = heights[known]
    if not plausible.size:
        what = (
            "no heights at all, only voids"
            if not finite.size
            else f"heights around {np.median(finite):.0f} m"
        )
        raise ProductError(f"The DEM {file.path} holds {what}; give a DEM with heights in metres.")
    if finite.size and float(np.mean(finite > HIGHEST_M)) > 0.05:
        raise ProductError(
            f"The DEM {file.path} holds heights up to {finite.max():.0f} m, more than any mountain;"
            " convert it to metres first."
        )
    others = plausible[plausible != 0]
    zero_is_void = bool(others.size) and float(np.percentile(others, 1)) > _SEA_ROUGHLY_M
    usable = others if zero_is_void else plausible
    return replace(
        file,
        zero_is_void=zero_is_void,
        lowest_m=round(float(usable.min()), 1),
        highest_m=round(float(usable.max()), 1),
        void_share=round(1 - usable.size / heights.size, 4),
    )
