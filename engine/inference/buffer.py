"""Rows for the current windows, which a thread reads ahead of inference.

The buffer is as high as a window and as wide as the raster, and never grows. Its rows are reused in
a circle: as soon as no window of the current row of windows needs a column of it any more, the
reading thread puts the next rows there. So reading is almost a whole row of windows ahead of
inference without a second buffer, and every pixel is read and normalised once.
"""

from __future__ import annotations

import threading
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from engine.errors import CancelledError
from engine.handles import StackReader
from engine.inference.source import BlockSource, Layout
from engine.inference.tiling import Axis

_PATIENCE_S = 0.1


class RowBuffer:
    """Windows of a stack in reading order, row by row.

    Use it as a context manager; :meth:`wait` for each window in turn, :meth:`take` what it holds,
    then :meth:`pass_over` it.

    Args:
        source: What fills it.
        rows: Windows down the raster.
        columns: Windows across it.
        needed: Which windows are wanted, shape (rows.count, columns.count); blocks that none of
            them touches are not read.
        first: The row of windows to begin with.
    """

    def __init__(
        self,
        source: BlockSource,
        rows: Axis,
        columns: Axis,
        *,
        needed: NDArray[np.bool_],
        first: int = 0,
    ) -> None:
        width = columns.start(columns.count - 1) + columns.window_px - columns.first_px
        self._source, self._rows, self._columns = source, rows, columns
        self._needed, self._first = needed, first
        self._planes = np.zeros((len(source.planes), rows.window_px, width), np.int16)
        self._valid = np.zeros((rows.window_px, width), np.bool_)
        self._steps = np.array([plane.step for plane in source.planes], np.float32)
        self._ready = self._passed = first * columns.count
        self._changed = threading.Condition()
        self._stopped = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._fill, name="l4s-read", daemon=True)

    def __enter__(self) -> RowBuffer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join()

    def wait(self, row: int, column: int) -> bool:
        """Wait a moment for a window.

        The caller can then check for cancellation.

        Returns:
            Whether it is there.
        """
        number = self._number(row, column)
        with self._changed:
            if self._ready <= number and self._failure is None:
                self._changed.wait(_PATIENCE_S)
            if self._failure is not None:
                raise self._failure
            return self._ready > number

    def valid(self, row: int, column: int) -> NDArray[np.bool_]:
        """Which pixels of a window get a result, shape (rows, columns)."""
        return np.concatenate([self._valid[part] for part in self._parts(row, column)])

    def take(self, row: int, column: int, layout: Layout, out: NDArray[np.float32]) -> None:
        """Write a window's normalised channels.

        Args:
            row: Number of the row of windows.
            column: Number of the window in it.
            layout: Which channels, in which order.
            out: Receives them, shape (channels, window rows, window columns).
        """
        at = 0
        for rows, columns in self._parts(row, column):
            height = rows.stop - rows.start
            for channel, plane in enumerate(layout.planes):
                target = out[channel, at : at + height]
                if plane < 0:
                    target.fill(0)
                else:
                    # In two steps, each of which NumPy vectorises: a multiplication of two types it
                    # does not.
                    np.copyto(target, self._planes[plane, rows, columns])
                    target *= self._steps[plane]
            at += height

    def pass_over(self, row: int, column: int) -> None:
        """Release a window and all before it."""
        with self._changed:
            self._passed = self._number(row, column) + 1
            self._changed.notify_all()

    def _number(self, row: int, column: int) -> int:
        return row * self._columns.count + column

    def _parts(self, row: int, column: int) -> list[tuple[slice, slice]]:
        left = self._columns.start(column) - self._columns.first_px
        return self._slots(
            self._rows.start(row),
            self._rows.start(row) + self._rows.window_px,
            left,
            left + self._columns.window_px,
        )

    def _slots(self, top: int, bottom: int, left: int, right: int) -> list[tuple[slice, slice]]:
        """Where rows top … bottom lie: one piece, or two where the circle closes."""
        height, columns = self._rows.window_px, slice(left, right)
        start = (top - self._rows.first_px) % height
        stop = start + bottom - top
        if stop <= height:
            return [(slice(start, stop), columns)]
        return [(slice(start, height), columns), (slice(0, stop - height), columns)]

    def _fill(self) -> None:
        try:
            with self._source.stack.reader() as reader:
                for row in range(self._first, self._rows.count):
                    for column in range(self._columns.count):
                        self._await_room(row, column)
                        self._read(reader, row, column)
                        with self._changed:
                            self._ready += 1
                            self._changed.notify_all()
        except CancelledError:
            return
        except BaseException as error:
            with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _await_room(self, row: int, column: int) -> None:
        """Wait until no window above needs the place that this block will use."""
        last = min(column + self._columns.reach, self._columns.count - 1)
        with self._changed:
            while (
                not self._stopped
                and row > self._first
                and self._passed <= self._number(row - 1, last)
            ):
                self._changed.wait()
            if self._stopped:
                raise CancelledError("Reading was stopped.")

    def _read(self, reader: StackReader, row: int, column: int) -> None:
        top, bottom = self._rows.fresh(row)
        if row == self._first:
            top = self._rows.start(row)
        left, right = self._columns.fresh(column)
        edge = self._columns.first_px
        slots = self._slots(top, bottom, left - edge, right - edge)
        users = (
            slice(row, row + 1 + self._rows.reach),
            slice(column, column + 1 + self._columns.reach),
        )
        if not self._needed[users].any():
            for slot in slots:
                self._valid[slot] = False
            return
        raw, valid = self._source.read(reader, (top, bottom), (left, right))
        at = 0
        for rows, columns in slots:
            height = rows.stop - rows.start
            self._source.normalise(raw[:, at : at + height], self._planes[:, rows, columns])
            self._valid[rows, columns] = valid[at : at + height]
            at += height
