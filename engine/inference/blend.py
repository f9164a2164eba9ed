"""Blends windows into finished rows of the raster.

The rows of one row of windows are summed up; those that no later window touches are finished.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.inference.tiling import Axis


@dataclass(frozen=True)
class _Faded:
    """Where a window's weights along an axis are not one: its margins."""

    parts: tuple[tuple[slice, NDArray[np.float32]], ...]

    @classmethod
    def of(cls, weights: NDArray[np.float32]) -> _Faded:
        whole = np.flatnonzero(weights == 1)
        first, last = (
            (int(whole[0]), int(whole[-1]) + 1) if len(whole) else (len(weights), len(weights))
        )
        parts = [slice(0, first), slice(last, len(weights))]
        return cls(tuple((part, weights[part]) for part in parts if part.stop > part.start))


class Blender:
    """Weighted sums of the current row of windows.

    As high as a window and as wide as the raster.

    Args:
        rows: Windows down the raster.
        columns: Windows across it.
        layers: How many rasters are blended with the same weights.
    """

    def __init__(self, rows: Axis, columns: Axis, layers: int) -> None:
        self._rows, self._columns = rows, columns
        self._sums = np.zeros((layers, rows.window_px, columns.length_px), np.float32)
        self._faded_rows = [_Faded.of(rows.weights(index)) for index in range(rows.count)]
        self._faded_columns = [_Faded.of(columns.weights(index)) for index in range(columns.count)]

    def add(self, row: int, column: int, values: NDArray[np.float32]) -> None:
        """Add a window; ``values`` is overwritten.

        Its shape is (layers, window rows, window columns).
        """
        start = self._columns.start(column)
        left, right = max(0, -start), min(self._columns.window_px, self._columns.length_px - start)
        for part, weights in self._faded_rows[row].parts:
            values[:, part] *= weights[:, None]
        for part, weights in self._faded_columns[column].parts:
            values[:, :, part] *= weights
        self._sums[:, :, start + left : start + right] += values[:, :, left:right]

    def finish(self, row: int) -> NDArray[np.float32]:
        """Finish a row of windows and make room for the next.

        Returns:
            The rows that no later window touches, shape (layers, rows, columns).
        """
        top, bottom = self._rows.final(row)
        start = self._rows.start(row)
        done = self._sums[:, top - start : bottom - start].copy()
        stride, kept = self._rows.stride_px, self._rows.overlap_px
        self._sums[:, :kept] = self._sums[:, stride : stride + kept]
        self._sums[:, kept:] = 0
        return done

    def carry(self) -> NDArray[np.float32]:
        """The unfinished rows after :meth:`finish`, which a resumed run needs.

        Returns:
            Array of shape (layers, overlap, columns).
        """
        return self._sums[:, : self._rows.overlap_px].copy()

    def resume(self, carry: NDArray[np.float32]) -> None:
        """Go on from what :meth:`carry` gave."""
        self._sums[:] = 0
        self._sums[:, : self._rows.overlap_px] = carry
