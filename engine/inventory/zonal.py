"""Statistics of rasters over all landslides, in one pass over the raster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from engine.events import SILENT, Reporter
from engine.grid import Grid
from engine.inventory.runs import Runs, strips

Floats = NDArray[np.float64]
Read = Callable[[Window], NDArray[np.floating]]


@dataclass(frozen=True)
class Zonal:
    """Statistics of one layer for each label.

    A label without a value has NaN, or -1 for places.

    Attributes:
        count: Pixels with a value.
        mean: Their mean.
        minimum: Their minimum.
        maximum: Their maximum.
        lowest: (row, column) of the first pixel with the minimum, shape (labels, 2).
        highest: (row, column) of the first pixel with the maximum.
    """

    count: NDArray[np.int64]
    mean: Floats
    minimum: Floats
    maximum: Floats
    lowest: NDArray[np.int64]
    highest: NDArray[np.int64]


class _Sums:
    """What is gathered strip by strip for one layer."""

    def __init__(self, labels: int) -> None:
        self.count = np.zeros(labels, np.int64)
        self.total = np.zeros(labels)
        self.minimum, self.maximum = np.full(labels, np.nan), np.full(labels, np.nan)
        self.lowest, self.highest = np.full((labels, 2), -1), np.full((labels, 2), -1)

    def add(
        self,
        label: NDArray[np.int64],
        first: NDArray[np.int64],
        values: Floats,
        pixel: NDArray[np.int64],
        window: Window,
    ) -> None:
        """Add pixels sorted by label; ``first`` is where each label begins."""
        known = ~np.isnan(values)
        self.count[label] += np.add.reduceat(known, first, dtype=np.int64)
        self.total[label] += np.add.reduceat(np.where(known, values, 0), first)
        for compare, best, place in (
            (np.fmin, self.minimum, self.lowest),
            (np.fmax, self.maximum, self.highest),
        ):
            extreme = compare.reduceat(values, first)
            better = ~np.isnan(extreme) & (
                np.isnan(best[label]) | (compare(extreme, best[label]) != best[label])
            )
            best[label[better]] = extreme[better]
            size = np.diff(np.append(first, len(values)))
            hits = np.flatnonzero(values == np.repeat(np.where(better, extreme, np.nan), size))
            owner = np.searchsorted(first, hits, side="right") - 1
            owner, index = np.unique(owner, return_index=True)
            row, column = np.divmod(pixel[hits[index]], int(window.width))
            place[label[owner]] = np.stack(
                [row + int(window.row_off), column + int(window.col_off)], axis=1
            )

    def result(self) -> Zonal:
        mean = np.divide(
            self.total, self.count, out=np.full(len(self.total), np.nan), where=self.count > 0
        )
        return Zonal(self.count, mean, self.minimum, self.maximum, self.lowest, self.highest)


def zonal_statistics(
    runs: Runs, grid: Grid, layers: Sequence[str], read: Read, *, reporter: Reporter = SILENT
) -> dict[str, Zonal]:
    """Measure layers over labelled runs.

    Args:
        runs: Labelled runs.
        grid: Their grid.
        layers: Names of the layers that ``read`` gives.
        read: Reads a window, shape (layers, rows, columns), NaN where there is no data.
        reporter: Receives progress.

    Returns:
        Statistics by layer name.
    """
    sums = {name: _Sums(runs.count) for name in layers}
    for window in strips(grid, 4 * (len(layers) + 3)):
        row = int(window.row_off)
        reporter.progress("measuring", row, grid.rows)
        here = runs.in_rows(row, row + int(window.height))
        if not len(here):
            continue
        left, right = int(here.start.min()), int(here.stop.max())
        narrow = Window(left, row, right - left, int(window.height))
        label, first, pixel = _pixels_by_label(here, narrow)
        values = read(narrow).reshape(len(layers), -1)
        for name, plane in zip(layers, values, strict=True):
            sums[name].add(label, first, plane[pixel].astype(np.float64), pixel, narrow)
    reporter.progress("measuring", grid.rows, grid.rows)
    return {name: one.result() for name, one in sums.items()}


def _pixels_by_label(
    runs: Runs, window: Window
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Labels, where each begins, and flat pixel numbers grouped by label."""
    order = np.argsort(runs.label, kind="stable")
    label, start, count = (
        runs.label[order],
        runs.start[order].astype(np.int64),
        runs.length[order].astype(np.int64),
    )
    row = runs.row[order].astype(np.int64) - int(window.row_off)
    ends = np.cumsum(count)
    offset = np.arange(ends[-1]) - np.repeat(ends - count, count)
    pixel = np.repeat(row * int(window.width) + start - int(window.col_off), count) + offset
    unique, index = np.unique(label, return_index=True)
    return unique.astype(np.int64), (ends - count)[index], pixel
