"""The scene's own statistics, on which models are normalised.

Of stacks of more than a million pixels every second row and column counts, and of stacks of more
than eight million only every fourth block of 512 x 512 pixels is read, in a lattice that meets
every row and column of blocks: always the same pixels for the same stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from engine.bands import QUALITY_CLASSES
from engine.errors import NoValidPixelsError
from engine.events import SILENT, Reporter
from engine.handles import Stack
from engine.inference.source import Inputs, valid_pixels
from engine.models.normalization import ChannelStatistics, StatisticsAccumulator
from engine.units import UnitCheck

BLOCK_PX = 512
WHOLE_PX = 1_000_000
"""Up to this many pixels every one counts."""

EVERY_BLOCK_PX = 8_000_000
"""Up to this many pixels every block is read."""


@dataclass(frozen=True)
class SceneStatistics:
    """What one pass over a stack tells.

    Attributes:
        channels: Count, mean and standard deviation of each channel over the pixels that count.
        quality: Share of the pixels sampled in each quality class, by name; empty without a
            quality band.
        sampled: Whether only a part of the pixels was sampled.
    """

    channels: ChannelStatistics
    quality: dict[str, float]
    sampled: bool

    def to_json(self) -> dict[str, Any]:
        """As JSON; floats survive exactly."""
        each = zip(
            self.channels.channels,
            self.channels.count,
            self.channels.mean,
            self.channels.std,
            strict=True,
        )
        return {
            "sampled": self.sampled,
            "quality": self.quality,
            "channels": {
                name: {"pixels": int(n), "mean": float(mean), "std": float(std)}
                for name, n, mean, std in each
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SceneStatistics:
        """Read what :meth:`to_json` gave."""
        table = data["channels"]
        columns = [
            np.array([entry[key] for entry in table.values()]) for key in ("pixels", "mean", "std")
        ]
        return cls(
            ChannelStatistics(tuple(table), *columns), dict(data["quality"]), bool(data["sampled"])
        )


def scene_statistics(
    stack: Stack, inputs: Inputs, *, excluded: tuple[int, ...], reporter: Reporter = SILENT
) -> SceneStatistics:
    """Compute a stack's statistics over its valid pixels.

    These have all required channels and a good quality class.

    Args:
        stack: The stack.
        inputs: Channels to measure, and those that must be there.
        excluded: Quality classes that do not count.
        reporter: Receives progress.

    Raises:
        NoValidPixelsError: Not one pixel counts.
        ChannelError: The values are in other units than a stack's.
    """
    windows = tuple(stack.grid.windows(BLOCK_PX))
    pixels = stack.grid.rows * stack.grid.columns
    if pixels > WHOLE_PX:
        chosen = (
            windows
            if pixels <= EVERY_BLOCK_PX
            else tuple(window for window in windows if _in_lattice(window))
        )
        found = _accumulate(stack, inputs, chosen, 2, excluded, reporter)
        if found.channels.count.max() > 0:
            return found
    found = _accumulate(stack, inputs, windows, 1, excluded, reporter)
    if found.channels.count.max() == 0:
        masked = {
            name: share for name, share in found.quality.items() if name != "clear" and share > 0
        }
        why = ", ".join(f"{share:.0%} {name}" for name, share in masked.items())
        raise NoValidPixelsError(
            f"The stack {stack.path} has no valid pixel: everywhere {', '.join(inputs.required)}"
            " hold nodata"
            + (
                f" or the quality band excludes them ({why}); detect without masking quality"
                if why
                else ""
            )
            + " or choose another scene or area."
        )
    return found


def _in_lattice(window: Window) -> bool:
    return bool((window.col_off // BLOCK_PX + 2 * (window.row_off // BLOCK_PX)) % 4 == 0)


def _accumulate(
    stack: Stack,
    inputs: Inputs,
    windows: tuple[Window, ...],
    step: int,
    excluded: tuple[int, ...],
    reporter: Reporter,
) -> SceneStatistics:
    accumulator = StatisticsAccumulator(inputs.channels)
    classes = np.zeros(256, np.int64)
    units = UnitCheck(inputs.channels)
    with stack.reader() as reader:
        for done, window in enumerate(windows, start=1):
            raw = reader.read(inputs.channels, window)[:, ::step, ::step]
            quality = _quality(reader.quality(window), step)
            if quality is not None:
                classes += np.bincount(quality.ravel(), minlength=256)
            valid = valid_pixels(raw, inputs, quality, excluded)
            if not valid.all():
                raw[:, ~valid] = np.nan
            accumulator.add(raw)
            units.add(raw)
            reporter.progress("statistics", done, len(windows))
    units.finish(str(stack.path), reporter)
    total = max(1, int(classes.sum()))
    shares = (
        {name: int(classes[number]) / total for name, number in QUALITY_CLASSES.items()}
        if classes.any()
        else {}
    )
    return SceneStatistics(accumulator.result(), shares, step > 1)


def _quality(values: NDArray[np.uint8] | None, step: int) -> NDArray[np.uint8] | None:
    return None if values is None else values[::step, ::step]
