"""The loop of a detection: windows are read, computed and blended at once.

Three threads at least: one reads and normalises rows ahead
(:class:`~engine.inference.buffer.RowBuffer`), one for each batch computed at once runs the
ensemble, and this one hands windows over, blends results in their order (so that a result never
depends on timing), appends finished rows to the journal and checks for cancellation ten times
a second.
"""

from __future__ import annotations

import math
import queue
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.events import Reporter
from engine.handles import encode_probability
from engine.inference import crf
from engine.inference.blend import Blender
from engine.inference.buffer import RowBuffer
from engine.inference.config import CrfConfig
from engine.inference.ensemble import Ensemble
from engine.inference.journal import Journal, JournalState
from engine.inference.source import BlockSource, Layout
from engine.inference.tiling import Axis

_POLL_S = 0.1
_SLICE_PX = 64
STAGE = "detect"


@dataclass(frozen=True)
class StreamPlan:
    """What the loop works on.

    Attributes:
        source: Reads blocks.
        rows: Windows down the raster.
        columns: Windows across it.
        needed: Which windows are wanted, shape (rows.count, columns.count).
        layouts: The distinct inputs of the ensemble's members.
        ensembles: The same ensemble, on each device as often as it computes batches at once.
        batch: Windows at once.
        crf: Post-processing of each window, or None.
        guide: Channels of the first layout that serve the CRF as colours.
        centre: Probability at which the CRF is undecided.
    """

    source: BlockSource
    rows: Axis
    columns: Axis
    needed: NDArray[np.bool_]
    layouts: tuple[Layout, ...]
    ensembles: tuple[Ensemble, ...]
    batch: int
    crf: CrfConfig | None
    guide: tuple[int, ...]
    centre: float

    @property
    def layers(self) -> int:
        """How many rasters are written: probability, and uncertainty if any."""
        return 2 if self.ensembles[0].averaged > 1 else 1


@dataclass(frozen=True)
class Tally:
    """What was counted on the way."""

    windows_run: int = 0
    windows_skipped: int = 0
    valid_pixels: int = 0


@dataclass(frozen=True)
class _Batch:
    windows: tuple[tuple[int, int], ...]
    future: Future[NDArray[np.float32]]


@dataclass(frozen=True)
class _EndOfRow:
    row: int
    valid: NDArray[np.bool_]


class Stream:
    """One run of the loop.

    Args:
        plan: What to work on.
        journal: Where finished rows go; opened by the caller.
        fingerprint: Names inputs and configuration in the journal.
        facts: Noted in the journal with the rows.
        checkpoint_s: How often rows are made safe; negative never.
        reporter: Receives progress; cancellation is looked for here.
    """

    def __init__(
        self,
        plan: StreamPlan,
        journal: Journal,
        *,
        fingerprint: str,
        facts: Mapping[str, Any],
        checkpoint_s: float,
        reporter: Reporter,
    ) -> None:
        self._plan, self._journal, self._reporter = plan, journal, reporter
        self._fingerprint, self._facts, self._checkpoint_s = fingerprint, facts, checkpoint_s
        self._blender = Blender(plan.rows, plan.columns, plan.layers)
        self._pending: deque[_Batch | _EndOfRow] = deque()
        self._idle: queue.SimpleQueue[Ensemble] = queue.SimpleQueue()
        self._tally = Tally()
        self._done = 0
        self._safe = -math.inf  # the first finished rows are made safe at once

    def run(self, progress: JournalState | None) -> Tally:
        """Work through all rows of windows that are not done.

        Args:
            progress: Where an earlier run stopped, or None.

        Returns:
            Counts over the whole raster.

        Raises:
            CancelledError: On request; rows made safe so far stay in the journal.
        """
        plan, first = self._plan, 0
        if progress is not None:
            first = progress.window_rows
            self._tally = Tally(**progress.facts["tally"])
            self._blender.resume(progress.carry)
        self._done = first * plan.columns.count
        if first == plan.rows.count:
            return self._tally
        buffer = RowBuffer(plan.source, plan.rows, plan.columns, needed=plan.needed, first=first)
        with buffer, self._workers() as pool:
            for row in range(first, plan.rows.count):
                valid = self._hand_over(row, buffer, pool)
                self._pending.append(_EndOfRow(row, valid))
            self._settle(0)
        return self._tally

    @contextmanager
    def _workers(self) -> Iterator[ThreadPoolExecutor]:
        ensembles = self._plan.ensembles
        for ensemble in ensembles:
            self._idle.put(ensemble)
        pool = ThreadPoolExecutor(len(ensembles), thread_name_prefix="l4s-infer")
        try:
            yield pool
        except BaseException:
            for ensemble in ensembles:
                ensemble.stop()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _hand_over(
        self, row: int, buffer: RowBuffer, pool: ThreadPoolExecutor
    ) -> NDArray[np.bool_]:
        """Hand the windows of a row to the ensemble.

        Returns:
            Which pixels of its final rows get a result.
        """
        plan = self._plan
        top, bottom = plan.rows.final(row)
        valid = np.zeros((bottom - top, plan.columns.length_px), np.bool_)
        waiting: list[tuple[int, int]] = []
        inputs: list[NDArray[np.float32]] = []
        for column in range(plan.columns.count):
            while not buffer.wait(row, column):
                self._reporter.check()
            inside = buffer.valid(row, column)
            self._note_valid(valid, inside, row, column)
            if plan.needed[row, column] and self._counts(inside, row, column):
                if not waiting:
                    inputs = self._empty_inputs()
                for layout, values in zip(plan.layouts, inputs, strict=True):
                    buffer.take(row, column, layout, values[len(waiting)])
                waiting.append((row, column))
            else:
                self._tally = replace(self._tally, windows_skipped=self._tally.windows_skipped + 1)
                self._step(1)
            buffer.pass_over(row, column)
            if len(waiting) == plan.batch or (waiting and column == plan.columns.count - 1):
                self._submit(waiting, inputs, pool)
                waiting = []
        return valid

    def _submit(
        self,
        windows: Sequence[tuple[int, int]],
        inputs: Sequence[NDArray[np.float32]],
        pool: ThreadPoolExecutor,
    ) -> None:
        # One batch an ensemble under way, and one ready for the first that is done.
        self._settle(len(self._plan.ensembles))
        filled = [values[: len(windows)] for values in inputs]
        self._pending.append(_Batch(tuple(windows), pool.submit(self._infer, filled)))

    def _empty_inputs(self) -> list[NDArray[np.float32]]:
        size = (self._plan.rows.window_px, self._plan.columns.window_px)
        return [
            np.empty((self._plan.batch, len(layout.planes), *size), np.float32)
            for layout in self._plan.layouts
        ]

    def _note_valid(
        self, valid: NDArray[np.bool_], inside: NDArray[np.bool_], row: int, column: int
    ) -> None:
        (top, bottom), (left, right) = self._plan.rows.final(row), self._plan.columns.final(column)
        y, x = self._plan.rows.start(row), self._plan.columns.start(column)
        valid[:, left:right] = inside[top - y : bottom - y, left - x : right - x]

    def _counts(self, inside: NDArray[np.bool_], row: int, column: int) -> bool:
        """Whether a window contributes to a pixel that gets a result."""
        return bool(inside[self._plan.rows.used(row), self._plan.columns.used(column)].any())

    def _infer(self, inputs: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Mean and, if there is one, variance of a batch, shape (N, layers, h, w)."""
        ensemble = self._idle.get()
        try:
            mean, variance = ensemble.run(inputs)
        finally:
            self._idle.put(ensemble)
        if self._plan.crf is not None:
            guides = inputs[0][:, list(self._plan.guide)]
            pairs = zip(mean, guides, strict=True)
            mean = np.stack(
                [crf.refine(p, g, self._plan.crf, centre=self._plan.centre) for p, g in pairs]
            )
        return mean[:, None] if variance is None else np.stack([mean, variance], axis=1)

    def _settle(self, depth: int) -> None:
        """Blend results in order until at most ``depth`` batches are under way."""
        while self._pending and (
            isinstance(self._pending[0], _EndOfRow)
            or sum(isinstance(p, _Batch) for p in self._pending) > depth
        ):
            item = self._pending.popleft()
            if isinstance(item, _EndOfRow):
                self._finish(item)
                continue
            while not wait([item.future], _POLL_S).done:
                self._reporter.check()
            for (row, column), values in zip(item.windows, item.future.result(), strict=True):
                self._blender.add(row, column, values)
            self._tally = replace(
                self._tally, windows_run=self._tally.windows_run + len(item.windows)
            )
            self._step(len(item.windows))

    def _finish(self, end: _EndOfRow) -> None:
        sums = self._blender.finish(end.row)
        np.copyto(sums, np.float32(np.nan), where=~end.valid)
        if len(sums) > 1:
            np.sqrt(np.maximum(sums[1], 0), out=sums[1])
        # In slices: encoding a row of windows at once would need five more arrays of its size.
        for top in range(0, sums.shape[1], _SLICE_PX):
            self._journal.append(
                [encode_probability(layer[top : top + _SLICE_PX]) for layer in sums]
            )
        self._tally = replace(
            self._tally, valid_pixels=self._tally.valid_pixels + int(np.count_nonzero(end.valid))
        )
        now, rows = time.monotonic(), self._plan.rows.final(end.row)[1]
        # After the last row no network is needed any more; before the first there is nothing.
        last = end.row == self._plan.rows.count - 1
        due = rows > 0 and now - self._safe >= self._checkpoint_s
        if self._checkpoint_s >= 0 and (last or due):
            self._safe = now
            facts = {**self._facts, "tally": asdict(self._tally)}
            self._journal.make_safe(
                self._fingerprint, JournalState(end.row + 1, rows, self._blender.carry(), facts)
            )

    def _step(self, windows: int) -> None:
        self._done += windows
        self._reporter.progress(STAGE, self._done, self._plan.rows.count * self._plan.columns.count)
