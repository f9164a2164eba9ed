"""A mask as horizontal runs of pixels.

It is the sparse form in which blobs are joined, filtered, filled and measured.

A full tile of 120 million pixels holds a million or two runs, so everything after the one pass over
the file is global: no polygon is ever cut at a block's edge, and nothing has to be joined again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rasterio.features import geometry_mask
from rasterio.windows import Window
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from engine.bands import IGNORE
from engine.errors import ConfigError, InventoryError
from engine.events import SILENT, Reporter
from engine.grid import Grid
from engine.handles import LandslideMask

Int = NDArray[np.int32]

STRIP_BYTES = 48 * 2**20
"""How much of a raster is held at a time."""
STRIP_ROWS = 512
"""Strips are multiples of this, the block height of our own GeoTIFFs: no block is read twice."""
MAX_RUNS = 10_000_000
"""About 1 GB of working memory; a mask beyond it is noise, not landslides."""


@dataclass(frozen=True)
class Runs:
    """Runs of equal pixels, sorted by row and then by start.

    Runs of one label in one row never touch.

    Attributes:
        shape: (rows, columns) of the raster.
        row: Row of each run.
        start: First column.
        stop: One past the last column.
        label: To which blob it belongs, 0 to ``count`` - 1; all 0 where nothing was labelled yet.
    """

    shape: tuple[int, int]
    row: Int
    start: Int
    stop: Int
    label: Int

    def __len__(self) -> int:
        return len(self.row)

    @property
    def count(self) -> int:
        """Number of labels."""
        return int(self.label.max()) + 1 if len(self) else 0

    @property
    def length(self) -> Int:
        """Pixels of each run."""
        return np.asarray(self.stop - self.start, np.int32)

    def key(self, column: Int) -> NDArray[np.int64]:
        """One sortable number for row and column; a gap of two keeps rows apart."""
        return self.row.astype(np.int64) * (self.shape[1] + 2) + column

    def pixels(self) -> NDArray[np.int64]:
        """Pixels of each label, shape (count,)."""
        return np.asarray(
            np.bincount(self.label, weights=self.length, minlength=self.count), np.int64
        )

    def area_m2(self, grid: Grid) -> NDArray[np.float64]:
        """Area of each label on the ground in m², shape (count,).

        It is summed row by row, so that degrees are as exact as metres.
        """
        weights = self.length * grid.pixel_area_m2()[self.row]
        return np.asarray(
            np.bincount(self.label, weights=weights, minlength=self.count), np.float64
        )

    def where(self, keep: NDArray[np.bool_]) -> Runs:
        """Keep the labels for which ``keep`` is true and number them anew."""
        number = np.cumsum(keep) - 1
        chosen = keep[self.label]
        label = number[self.label[chosen]].astype(np.int32)
        return Runs(self.shape, self.row[chosen], self.start[chosen], self.stop[chosen], label)

    def in_rows(self, first: int, last: int) -> Runs:
        """The runs of rows ``first`` to ``last`` - 1, with unchanged numbers."""
        a, b = np.searchsorted(self.row, [first, last])
        return Runs(self.shape, self.row[a:b], self.start[a:b], self.stop[a:b], self.label[a:b])


def strips(grid: Grid, bytes_per_pixel: int) -> Iterator[Window]:
    """Cut a grid into full-width strips of at most :data:`STRIP_BYTES`.

    Strips are whole blocks high.
    """
    rows = max(1, STRIP_BYTES // (grid.columns * bytes_per_pixel))
    rows = rows - rows % STRIP_ROWS if rows > STRIP_ROWS else rows
    for row in range(0, grid.rows, rows):
        yield Window(0, row, grid.columns, min(rows, grid.rows - row))


def find_runs(values: NDArray[np.bool_], shape: tuple[int, int], first_row: int = 0) -> Runs:
    """Find the runs of true pixels in a strip.

    Args:
        values: Array of shape (rows, columns).
        shape: Shape of the whole raster.
        first_row: Row of the raster at which the strip begins.

    Returns:
        Unlabelled runs.
    """
    rows, columns = values.shape
    flips = np.empty((rows, columns + 1), np.bool_)
    flips[:, 0], flips[:, -1] = values[:, 0], values[:, -1]
    np.not_equal(values[:, 1:], values[:, :-1], out=flips[:, 1:-1])
    row, column = np.divmod(np.flatnonzero(flips), columns + 1)
    start, stop = column[0::2].astype(np.int32), column[1::2].astype(np.int32)
    return Runs(
        shape, (row[0::2] + first_row).astype(np.int32), start, stop, np.zeros(len(start), np.int32)
    )


def join(parts: list[Runs], shape: tuple[int, int]) -> Runs:
    """Put runs of consecutive strips one after the other."""
    if not parts:
        empty = np.zeros(0, np.int32)
        return Runs(shape, empty, empty, empty, empty)
    row, start, stop, label = (
        np.concatenate([getattr(p, n) for p in parts]) for n in ("row", "start", "stop", "label")
    )
    return Runs(shape, row, start, stop, label)


def read_mask(
    mask: LandslideMask, area: BaseGeometry | None = None, reporter: Reporter = SILENT
) -> tuple[Runs, Runs, Runs]:
    """Read a mask strip by strip.

    Args:
        mask: The mask.
        area: Where was looked, in the mask's CRS: pixels whose centre lies in it; None for
            everywhere.
        reporter: Receives progress.

    Returns:
        Runs of landslide pixels, of pixels without data inside the area, and of those outside it;
        all unlabelled.

    Raises:
        InventoryError: It holds so many separate runs that it must be noise.
    """
    slides: list[Runs] = []
    masked: list[Runs] = []
    outside: list[Runs] = []
    found = 0
    for window in strips(mask.grid, 4):
        reporter.progress("reading the mask", int(window.row_off), mask.grid.rows)
        values = mask.read(window)
        empty = values == IGNORE
        beyond = np.zeros_like(empty)
        if area is not None:
            beyond = empty & geometry_mask([area], empty.shape, mask.grid.window_transform(window))
        for parts, pixels in ((slides, values == 1), (masked, empty & ~beyond), (outside, beyond)):
            parts.append(find_runs(pixels, mask.grid.shape, int(window.row_off)))
            found += len(parts[-1])
        if found > MAX_RUNS:
            raise InventoryError(
                f"{mask.path} holds more than {MAX_RUNS:,} separate runs of pixels, which is noise"
                " and not landslides; raise the threshold or smooth the mask first."
            )
    reporter.progress("reading the mask", mask.grid.rows, mask.grid.rows)
    return (
        join(slides, mask.grid.shape),
        join(masked, mask.grid.shape),
        join(outside, mask.grid.shape),
    )


def label_runs(runs: Runs, connectivity: int = 4) -> Runs:
    """Number the connected blobs, in the order of their first pixel.

    Args:
        runs: Runs; their labels are ignored.
        connectivity: 4 joins pixels that share an edge, 8 also those that share a corner.

    Returns:
        The same runs with new labels.

    Raises:
        ConfigError: The connectivity is neither 4 nor 8.
    """
    if connectivity not in (4, 8):
        raise ConfigError(f"Connectivity must be 4 or 8, but is {connectivity}.")
    upper, lower = _neighbours(runs, diagonal=connectivity == 8)
    return replace(runs, label=_components(len(runs), upper, lower))


def label_within(runs: Runs) -> Runs:
    """Number the 4-connected pieces of each label.

    Pieces of different labels stay apart.
    """
    upper, lower = _neighbours(runs, diagonal=False)
    same = runs.label[upper] == runs.label[lower]
    return replace(runs, label=_components(len(runs), upper[same], lower[same]))


def _components(size: int, one: NDArray[np.int64], other: NDArray[np.int64]) -> Int:
    if size == 0:
        return np.zeros(0, np.int32)
    graph = coo_array((np.ones(len(one), np.float32), (one, other)), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], np.int32)


def _neighbours(runs: Runs, *, diagonal: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of run numbers (in the row above, in the row below) that touch."""
    above = -(runs.shape[1] + 2)
    starts, stops = runs.key(runs.start), runs.key(runs.stop)
    first = np.searchsorted(stops, starts + above, side="left" if diagonal else "right")
    last = np.searchsorted(starts, stops + above, side="right" if diagonal else "left")
    count = np.maximum(last - first, 0)
    lower = np.repeat(np.arange(len(runs)), count)
    offset = np.arange(len(lower)) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(first, count) + offset, lower


def complement(runs: Runs) -> Runs:
    """The runs of all pixels that are in none of the given runs."""
    rows, columns = runs.shape
    line = np.arange(rows, dtype=np.int64) * (columns + 2)
    start = np.sort(np.concatenate([line, runs.key(runs.stop)]))
    stop = np.sort(np.concatenate([line + columns, runs.key(runs.start)]))
    start, stop = start[start < stop], stop[start < stop]
    row = start // (columns + 2)
    parts = row, start - row * (columns + 2), stop - row * (columns + 2), np.zeros(len(row))
    return Runs(runs.shape, *(part.astype(np.int32) for part in parts))


def fill_holes(runs: Runs, empty: Runs, grid: Grid, max_area_m2: float, connectivity: int) -> Runs:
    """Fill holes up to an area.

    Holes at the raster's border and holes with pixels without data stay open.

    Args:
        runs: Landslide pixels.
        empty: Pixels without data.
        grid: Grid of the raster.
        max_area_m2: Largest hole that is filled.
        connectivity: Connectivity of the landslides; holes take the other one.

    Returns:
        Unlabelled runs.
    """
    if not len(runs) or max_area_m2 <= 0:
        return runs
    outside = label_runs(complement(runs), 12 - connectivity)
    rows, columns = runs.shape
    border = (
        (outside.row == 0)
        | (outside.row == rows - 1)
        | (outside.start == 0)
        | (outside.stop == columns)
    )
    unknown = _covered(empty, outside.key(outside.stop)) > _covered(
        empty, outside.key(outside.start)
    )
    open_labels = np.bincount(outside.label, weights=border | unknown, minlength=outside.count) > 0
    holes = outside.where(~open_labels & (outside.area_m2(grid) <= max_area_m2))
    return both(runs, holes)


def _covered(runs: Runs, key: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many pixels of ``runs`` lie before each position in reading order."""
    total = np.concatenate([[0], np.cumsum(runs.length, dtype=np.int64)])
    starts = runs.key(runs.start)
    index = np.searchsorted(starts, key, side="right")
    inside = np.zeros(len(key), np.int64)
    some = index > 0
    last = index[some] - 1
    inside[some] = np.maximum(0, runs.key(runs.stop)[last] - key[some])
    return np.asarray(total[index] - inside, np.int64)


def both(one: Runs, other: Runs) -> Runs:
    """All pixels of two sets of runs that have none in common, unlabelled."""
    start = np.concatenate([one.key(one.start), other.key(other.start)])
    stop = np.concatenate([one.key(one.stop), other.key(other.stop)])
    order = np.argsort(start)
    start, stop = start[order], stop[order]
    first = np.ones(len(start), np.bool_)
    first[1:] = start[1:] != stop[:-1]
    last = np.ones(len(start), np.bool_)
    last[:-1] = first[1:]
    start, stop = start[first], stop[last]
    row = start // (one.shape[1] + 2)
    parts = (
        row,
        start - row * (one.shape[1] + 2),
        stop - row * (one.shape[1] + 2),
        np.zeros(len(row)),
    )
    return Runs(one.shape, *(part.astype(np.int32) for part in parts))


def paint(
    runs: Runs, window: Window, value: Callable[[Runs], NDArray[np.int32]] | None = None
) -> Int:
    """Draw labels into a raster window, -1 where there is no run.

    Args:
        runs: Labelled runs.
        window: The part to draw.
        value: What is drawn for each run; its label by default.

    Returns:
        Array of shape (rows, columns) of the window.
    """
    row0, column0, height, width = (
        int(v) for v in (window.row_off, window.col_off, window.height, window.width)
    )
    here = runs.in_rows(row0, row0 + height)
    start, stop = np.clip(here.start - column0, 0, width), np.clip(here.stop - column0, 0, width)
    count = stop - start
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    flat = np.repeat((here.row - row0).astype(np.int64) * width + start, count) + offset
    out = np.full(height * width, -1, np.int32)
    out[flat] = np.repeat(here.label if value is None else value(here), count)
    return out.reshape(height, width)
