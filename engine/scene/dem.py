"""Elevation as downloaded: GeoTIFFs, ``.hgt``, archives.

Files of one lattice are grouped into mosaics and read by window. Which rasters of a folder or an
archive are heights is decided in :mod:`engine.scene.dem_files`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.windows import Window

from engine.dateline import box_around, nearest_turn
from engine.errors import UnreadableFileError
from engine.events import SILENT, Reporter
from engine.grid import Grid
from engine.ground import full_turn, pyproj_crs
from engine.nodata import missing_pixels
from engine.raster import open_raster
from engine.scene.dem_files import HIGHEST_M, LOWEST_M, DemFile, find_heights
from engine.scene.heights import LeftOut
from engine.scene.lattice import offset_px, same_lattice, turned, union


@dataclass(frozen=True)
class DemMosaic:
    """Elevation files of one lattice.

    Same CRS, pixel size and, within 0.01 pixel, phase.

    Attributes:
        grid: The grid around all of them.
        files: The files; where they overlap, the first one that has data counts.
        corners: (column, row) of each file's first pixel on the grid.
    """

    grid: Grid
    files: tuple[DemFile, ...]
    corners: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class DemFacts:
    """What the program makes of one elevation raster.

    Attributes:
        path: File or GDAL path.
        product: Name of the product, or ``unknown``.
        crs: Coordinate reference system, such as ``EPSG:4326``.
        spacing_m: Pixel size on the ground in metres.
        unit: Unit of the stored heights.
        lowest_m: Lowest height found in a sample.
        highest_m: Highest height found in a sample.
        void_share: Share of the sample without a height, 0 to 1.
        nodata: How voids are told, for people.
    """

    path: str
    product: str
    crs: str
    spacing_m: float
    unit: str
    lowest_m: float
    highest_m: float
    void_share: float
    nodata: str


@dataclass(frozen=True)
class DemDescription:
    """What the program makes of elevation files.

    Attributes:
        taken: Rasters that are read as heights, in the order in which they count.
        left: Rasters that are not, with the reason.
    """

    taken: tuple[DemFacts, ...]
    left: tuple[LeftOut, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON-like values: what is used, and what is left and why.

        ``{"taken": [...], "left": [{"path": …, "reason": …}]}``.
        """
        return asdict(self)


def describe_dem(paths: Sequence[Path]) -> DemDescription:
    """Report what would be made of elevation files.

    Args:
        paths: Rasters, folders or zip archives, as :func:`open_dems` takes them.

    Returns:
        The rasters that would be read as heights, and those that would be left out.

    Raises:
        InputError: What :func:`open_dems` raises.
    """
    files, left = find_heights(paths)
    return DemDescription(tuple(_facts(file) for file in files), tuple(left))


def _facts(file: DemFile) -> DemFacts:
    if file.nodata is not None:
        rule = f"declared: {file.nodata:g}"
    else:
        rule = f"none declared; outside {LOWEST_M:g} to {HIGHEST_M:g} m"
    return DemFacts(
        file.path,
        file.product or "unknown",
        file.grid.crs_name,
        round(file.grid.resolution_m(), 2),
        file.unit or "m",
        file.lowest_m,
        file.highest_m,
        file.void_share,
        rule + (", and 0" if file.zero_is_void else ""),
    )


def open_dems(paths: Sequence[Path], reporter: Reporter = SILENT) -> list[DemMosaic]:
    """Look at elevation files and put those that fit together into mosaics.

    Args:
        paths: Rasters, folders of rasters, or zip archives (ALOS PALSAR RTC, SRTM, NASADEM …), read
            in place.
        reporter: Told what is read and what is left out.

    Raises:
        MissingFileError, UnreadableFileError, MissingCRSError: A file does not exist, is damaged or
            has no georeference.
        ProductError: Nothing holds heights, or heights are not in a unit known here.
    """
    files, left = find_heights(paths)
    if left:
        taken = ", ".join(file.name for file in files)
        others = ", ".join(f"{one.name} ({one.reason})" for one in left)
        reporter.log(f"Heights are read from {taken}; left out: {others}.")
    groups: list[list[DemFile]] = []
    for file in _side_by_side(files):
        group = next((g for g in groups if same_lattice(g[0].grid, file.grid)), None)
        if group is None:
            groups.append([file])
        else:
            group.append(file)
    return [_mosaic(group) for group in groups]


def _side_by_side(files: Sequence[DemFile]) -> list[DemFile]:
    """Put tiles on both sides of the date line next to each other."""
    result = list(files)
    round_the_globe: dict[Any, list[int]] = {}
    for index, file in enumerate(files):
        round_the_globe.setdefault(file.grid.crs, []).append(index)
    for crs, places in round_the_globe.items():
        turn = full_turn(pyproj_crs(crs))
        if not turn:
            continue
        boxes = np.array([files[index].grid.bounds for index in places])
        left, _, right, _ = box_around(boxes, turn)
        for index, box in zip(places, boxes, strict=True):
            move = nearest_turn(box[0], box[2], left, right, turn)
            result[index] = replace(files[index], grid=turned(files[index].grid, move))
    return result


def _mosaic(files: Sequence[DemFile]) -> DemMosaic:
    grid = union([file.grid for file in files])
    return DemMosaic(grid, tuple(files), tuple(offset_px(grid, file.grid) for file in files))


class OpenMosaic:
    """A mosaic whose files are open; threads may share it.

    Reads take turns.
    """

    def __init__(self, mosaic: DemMosaic, datasets: Sequence[Any]) -> None:
        self.grid = mosaic.grid
        self._parts = tuple(zip(mosaic.files, mosaic.corners, datasets, strict=True))
        self._lock = threading.Lock()

    def read(self, column: int, row: int, shape: tuple[int, int]) -> NDArray[np.float32]:
        """Heights of a block in metres, NaN where there are none.

        The block may reach beyond the mosaic.

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
                missing = missing_pixels(dataset, values, 1, window)
        except RasterioError as error:
            raise UnreadableFileError(
                f"The DEM {file.path} cannot be read ({error.__cause__ or error}); it is damaged or"
                " truncated: download it again."
            ) from error
        factor, offset = (
            float(dataset.scales[0]) * file.to_metres,
            float(dataset.offsets[0]) * file.to_metres,
        )
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is void below
            heights: NDArray[np.float32] = values.astype(np.float32)
            if (factor, offset) != (1.0, 0.0):
                heights = heights * np.float32(factor) + np.float32(offset)
        void = ~((heights >= LOWEST_M) & (heights <= HIGHEST_M))
        if missing is not None:
            void |= missing
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
