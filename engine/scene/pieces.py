"""The pieces of a stack, read ahead of the writer by threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from engine.events import Reporter
from engine.grid import Grid
from engine.scene.layers import Layer

ROWS_PX, COLUMNS_PX, STRIPE_PX = 1024, 2560, 5120
"""Size of the pieces read and written, and of the stripes in which they follow each other.

Pieces are whole blocks of the output and small enough to stop soon. A stripe holds whole JPEG 2000
tiles of 10 m (1024) and 20 m (640) bands side by side, and going down it, the tiles that two pieces
share are still in GDAL's block cache: each is decoded once. """

_IN_FLIGHT = 6
_POLL_S = 0.2


def pieces(grid: Grid) -> list[Window]:
    """Cut a grid into the pieces in which a stack is made.

    They are in order: stripe by stripe, downwards.
    """
    return [
        Window(column, row, min(COLUMNS_PX, right - column), min(ROWS_PX, grid.rows - row))
        for left in range(0, grid.columns, STRIPE_PX)
        for right in (min(left + STRIPE_PX, grid.columns),)
        for row in range(0, grid.rows, ROWS_PX)
        for column in range(left, right, COLUMNS_PX)
    ]


def read_all(
    layers: Sequence[Layer], grid: Grid, workers: int, reporter: Reporter
) -> Iterator[tuple[Layer, Window, NDArray[np.int16]]]:
    """Read every layer for every piece of the grid, in order.

    Reading is ahead of the writer by a bounded number of pieces.
    """
    windows = pieces(grid)
    jobs = iter([(layer, window) for window in windows for layer in layers])
    total = len(windows) * len(layers)
    pending: deque[tuple[Layer, Window, Future[NDArray[np.int16]]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="l4s-read")
    try:
        for done in range(total):
            while len(pending) < _IN_FLIGHT + workers and (job := next(jobs, None)) is not None:
                pending.append((*job, pool.submit(job[0].read, job[1])))
            reporter.progress("stack", done, total)
            layer, window, future = pending.popleft()
            yield layer, window, _wait(future, reporter)
        reporter.progress("stack", total, total)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _wait(future: Future[NDArray[np.int16]], reporter: Reporter) -> NDArray[np.int16]:
    while True:
        try:
            return future.result(timeout=_POLL_S)
        except FutureTimeoutError:
            reporter.check()
