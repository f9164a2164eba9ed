"""Elevation as downloaded: GeoTIFFs, SRTM ``.hgt``, and archives that contain them, grouped into
mosaics and read by window.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from engine.errors import MissingFileError, ProductError, UnreadableFileError
from engine.grid import Grid
from engine.raster import grid_of, open_raster
from engine.scene.archive import zip_members
from engine.scene.lattice import offset_px, same_lattice, union

LOWEST_M, HIGHEST_M = -500.0, 9000.0
"""Heights outside are voids: no land lies there, but undeclared nodata values do (-32768, -9999,
3.4e38)."""

_TO_METRES = {
    "": 1.0,
    "m": 1.0,
    "metre": 1.0,
    "meter": 1.0,
    "metres": 1.0,
    "meters": 1.0,
    "ft": 0.3048,
    "foot": 0.3048,
    "feet": 0.3048,
    "us survey foot": 1200 / 3937,
    "us-ft": 1200 / 3937,
    "ftus": 1200 / 3937,
    "us_survey_foot": 1200 / 3937,
}
_SUFFIXES = (".tif", ".tiff", ".hgt", ".dt2", ".dt1", ".img", ".vrt", ".asc", ".bil")
_SAMPLE_PX = 512
_SEA_ROUGHLY_M = 100.0


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
    """

    path: str
    grid: Grid
    nodata: float | None
    to_metres: float
    zero_is_void: bool


@dataclass(frozen=True)
class DemMosaic:
    """Elevation files that share one lattice: same CRS, pixel size and, within 0.01 pixel, phase.

    Attributes:
        grid: The grid around all of them.
        files: The files; where they overlap, the first one that has data counts.
        corners: (column, row) of each file's first pixel on the grid.
    """

    grid: Grid
    files: tuple[DemFile, ...]
    corners: tuple[tuple[int, int], ...]


def open_dems(paths: Sequence[Path]) -> list[DemMosaic]:
    """Look at elevation files and put those that fit together into mosaics.

    Args:
        paths: Rasters, folders of rasters, or zip archives (ALOS PALSAR RTC, SRTM, NASADEM …), read
            in place.

    Raises:
        MissingFileError, UnreadableFileError, MissingCRSError: A file does not exist, is damaged or
        has no georeference. ProductError: An archive holds no elevation, or heights are not in a
        unit known here.
    """
    files = [_open(member) for path in paths for member in dem_members(path)]
    groups: list[list[DemFile]] = []
    for file in files:
        group = next((g for g in groups if same_lattice(g[0].grid, file.grid)), None)
        if group is None:
            groups.append([file])
        else:
            group.append(file)
    return [_mosaic(group) for group in groups]


def dem_members(path: Path) -> list[str]:
    """The elevation rasters that a path stands for."""
    if not path.exists():
        raise MissingFileError(f"There is no DEM {path}; check the path.")
    if path.is_dir():
        found = sorted(str(p) for p in path.iterdir() if p.suffix.lower() in _SUFFIXES)
        archives = sorted(p for p in path.iterdir() if p.suffix.lower() == ".zip")
        found += [member for archive in archives for member in dem_members(archive)]
        if not found:
            raise ProductError(f"The folder {path} holds no DEM; give GeoTIFF, .hgt or zip files.")
        return found
    if path.suffix.lower() != ".zip":
        return [str(path)]
    members = [name for name in zip_members(path) if name.lower().endswith(_SUFFIXES)]
    # An ALOS archive also holds backscatter images; a GLO-30 one also masks and error maps.
    named = [name for name in members if "dem" in Path(name).name.lower().replace("nasadem", "")]
    heights = [name for name in members if name.lower().endswith((".hgt", ".dt2", ".dt1"))]
    chosen = (
        [name for name in named if name.lower().endswith(".dem.tif")] or heights or named or members
    )
    if not chosen or (chosen is members and len(members) > 1):
        raise ProductError(
            f"The archive {path} holds {len(members)} rasters, of which none is clearly a DEM (such"
            " as AP_…_RT1.dem.tif or N42E141.hgt); unpack it and give the DEM file itself."
        )
    return [f"/vsizip/{path.resolve().as_posix()}/{name}" for name in chosen]


def _open(path: str) -> DemFile:
    with open_raster(path if path.startswith("/vsi") else Path(path)) as dataset:
        grid = grid_of(dataset, path)
        unit = (dataset.units[0] or "").strip().lower()
        factor = _TO_METRES.get(unit)
        if factor is None:
            raise ProductError(
                f"The heights of {path} are in {unit!r}, but metres (or feet) are needed; convert"
                " them."
            )
        return DemFile(
            path, grid, dataset.nodatavals[0], factor, _look_at_heights(dataset, path, factor)
        )


def _look_at_heights(dataset: DatasetReader, path: str, factor: float) -> bool:
    """Check a thinned-out copy for plausible heights; say whether exact zeros must be voids."""
    side = (min(_SAMPLE_PX, dataset.height), min(_SAMPLE_PX, dataset.width))
    sample = dataset.read(1, out_shape=side, masked=True).astype(np.float64).filled(np.nan)
    heights = (sample * dataset.scales[0] + dataset.offsets[0]) * factor
    plausible = heights[(heights >= LOWEST_M) & (heights <= HIGHEST_M)]
    finite = heights[np.isfinite(heights) & (np.abs(heights) < 32000)]
    if not plausible.size:
        what = (
            "no heights at all, only voids"
            if not finite.size
            else f"heights around {np.median(finite):.0f} m"
        )
        raise ProductError(f"The DEM {path} holds {what}; give a DEM with heights in metres.")
    if finite.size and float(np.mean(finite > HIGHEST_M)) > 0.05:
        raise ProductError(
            f"The DEM {path} holds heights up to {finite.max():.0f} m, more than any mountain;"
            " convert it to metres first."
        )
    others = plausible[plausible != 0]
    return bool(others.size) and float(np.percentile(others, 1)) > _SEA_ROUGHLY_M


def _mosaic(files: Sequence[DemFile]) -> DemMosaic:
    grid = union([file.grid for file in files])
    return DemMosaic(grid, tuple(files), tuple(offset_px(grid, file.grid) for file in files))


class OpenMosaic:
    """A mosaic whose files are open. Safe to share between threads: reads take turns."""

    def __init__(self, mosaic: DemMosaic, datasets: Sequence[Any]) -> None:
        self.grid = mosaic.grid
        self._parts = tuple(zip(mosaic.files, mosaic.corners, datasets, strict=True))
        self._lock = threading.Lock()

    def read(self, column: int, row: int, shape: tuple[int, int]) -> NDArray[np.float32]:
        """Heights in metres of a block that may reach beyond the mosaic, NaN where there are none.

        Args:
            column: First column on the mosaic's grid, may be negative.
            row: First row, may be negative.
            shape: (rows, columns).

        Raises:
            UnreadableFileError: A file is damaged there.
        """
        result = np.full(shape, np.nan, np.float32)
        for file, (corner_column, corner_row), dataset in self._parts:
            left, top = max(column, corner_column), max(row, corner_row)
            right = min(column + shape[1], corner_column + file.grid.columns)
            bottom = min(row + shape[0], corner_row + file.grid.rows)
            if left >= right or top >= bottom:
                continue
            window = Window(left - corner_column, top - corner_row, right - left, bottom - top)
            part = result[top - row : bottom - row, left - column : right - column]
            np.copyto(part, self._heights(file, dataset, window), where=np.isnan(part))
        return result

    def _heights(self, file: DemFile, dataset: Any, window: Window) -> NDArray[np.float32]:
        try:
            with self._lock:
                values = dataset.read(1, window=window)
        except RasterioError as error:
            raise UnreadableFileError(
                f"The DEM {file.path} cannot be read ({error.__cause__ or error}); it is damaged or"
                " truncated: download it again."
            ) from error
        heights: NDArray[np.float32] = values.astype(np.float32)
        factor, offset = (
            float(dataset.scales[0]) * file.to_metres,
            float(dataset.offsets[0]) * file.to_metres,
        )
        if (factor, offset) != (1.0, 0.0):
            heights = heights * np.float32(factor) + np.float32(offset)
        void = ~((heights >= LOWEST_M) & (heights <= HIGHEST_M))
        if file.nodata is not None and not math.isnan(file.nodata):
            void |= values == file.nodata
        if file.zero_is_void:
            void |= values == 0
        heights[void] = np.nan
        return heights


@contextmanager
def open_mosaic(mosaic: DemMosaic) -> Iterator[OpenMosaic]:
    """Open a mosaic's files."""
    with ExitStack() as stack:
        datasets = [
            stack.enter_context(open_raster(f.path if f.path.startswith("/vsi") else Path(f.path)))
            for f in mosaic.files
        ]
        yield OpenMosaic(mosaic, datasets)
