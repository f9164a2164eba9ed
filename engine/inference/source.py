"""Blocks of a stack: which pixels count, and normalised channels.

A normalised value lies within ±clip, so it is kept as int16 in steps of clip / 32767 (0.0002 of a
standard deviation): half the memory of float32, finer than float16, and quick to turn back. Members
of an ensemble that normalise a channel alike share it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rasterio.features import geometry_mask
from rasterio.windows import Window

from engine.bands import QUALITY_CLASSES, in_order
from engine.handles import Stack, StackReader
from engine.inference.tiling import mirror
from engine.models.bundle import ModelBundle
from engine.models.normalization import ChannelStatistics

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

STEPS = 32767


@dataclass(frozen=True)
class Plane:
    """One channel normalised in one way: ``clip((raw - shift) / scale)``."""

    channel: str
    shift: float
    scale: float
    clip: float

    @property
    def step(self) -> float:
        """What one step of the stored integers is worth."""
        return self.clip / STEPS


@dataclass(frozen=True)
class Layout:
    """Where a model finds its input channels.

    Attributes:
        planes: For each of the model's channels the number of its plane, or -1 where the stack
            lacks it (the mean, 0, is given).
    """

    planes: tuple[int, ...]


@dataclass(frozen=True)
class Inputs:
    """What an ensemble reads from one stack.

    Attributes:
        channels: Channels of the stack that any member uses.
        required: Those without which some member cannot work: a pixel that lacks one of them has no
            result.
    """

    channels: tuple[str, ...]
    required: tuple[str, ...]

    @classmethod
    def of(cls, stack: Stack, bundles: Sequence[ModelBundle]) -> Inputs:
        """Collect the channels of all members.

        Raises:
            ChannelError: The stack lacks one that a member needs.
        """
        used = {name for bundle in bundles for name in bundle.select(stack.channels)}
        required = {name for bundle in bundles for name in bundle.card.required}
        # A model that requires nothing still needs some data: then a pixel counts where
        # every used channel is.
        return cls(in_order(used), in_order(required) or in_order(used))


def plan(
    inputs: Inputs, bundles: Sequence[ModelBundle], statistics: ChannelStatistics
) -> tuple[tuple[Plane, ...], tuple[Layout, ...]]:
    """Work out the planes that members need, and each member's layout."""
    planes: dict[Plane, int] = {}
    layouts = []
    for bundle in bundles:
        normalization = bundle.card.normalization
        shift, scale = normalization.affine(statistics)
        numbers = []
        for index, name in enumerate(normalization.channels):
            if name not in inputs.channels:
                numbers.append(-1)
                continue
            plane = Plane(name, float(shift[index]), float(scale[index]), normalization.clip)
            numbers.append(planes.setdefault(plane, len(planes)))
        layouts.append(Layout(tuple(numbers)))
    return tuple(planes), tuple(layouts)


def excluded_classes(mask_quality: bool) -> tuple[int, ...]:
    """Quality classes whose pixels have no result."""
    names = ("nodata", "cloud", "shadow", "snow") if mask_quality else ("nodata",)
    return tuple(QUALITY_CLASSES[name] for name in names)


def valid_pixels(
    raw: NDArray[np.float32],
    inputs: Inputs,
    quality: NDArray[np.uint8] | None,
    excluded: Sequence[int],
) -> NDArray[np.bool_]:
    """Which pixels of a block get a result.

    Args:
        raw: Array of shape (channels, rows, columns), NaN for nodata, in the order of
            ``inputs.channels``.
        inputs: Names and needs.
        quality: Quality classes, shape (rows, columns), or None.
        excluded: Classes that do not count.

    Returns:
        Array of shape (rows, columns).
    """
    valid = np.ones(raw.shape[1:], np.bool_)
    for name in inputs.required:
        valid &= ~np.isnan(raw[inputs.channels.index(name)])
    if quality is not None:
        for number in excluded:
            valid &= quality != number
    return valid


@dataclass(frozen=True)
class BlockSource:
    """Reads blocks of a stack in which a window may reach beyond the edges.

    Attributes:
        stack: The stack.
        inputs: Channels to read.
        planes: What to make of them.
        excluded: Quality classes without result.
        area: Only pixels whose centre lies in it get a result; in the stack's CRS; None for
            everywhere.
    """

    stack: Stack
    inputs: Inputs
    planes: tuple[Plane, ...]
    excluded: tuple[int, ...]
    area: BaseGeometry | None

    def read(
        self, reader: StackReader, rows: tuple[int, int], columns: tuple[int, int]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Read a block, mirrored beyond the raster's edges.

        Args:
            reader: An open reader of the stack.
            rows: From and to; may lie outside the raster.
            columns: Likewise.

        Returns:
            Channels in raw units, shape (channels, rows, columns), NaN for nodata, and which pixels
            get a result, shape (rows, columns): none outside.
        """
        grid = self.stack.grid
        inside_rows, outer_rows = _mirrored(rows, grid.rows)
        inside_columns, outer_columns = _mirrored(columns, grid.columns)
        window = Window(
            int(inside_columns.start), int(inside_rows.start), len(inside_columns), len(inside_rows)
        )
        raw = reader.read(self.inputs.channels, window)
        valid = valid_pixels(raw, self.inputs, reader.quality(window), self.excluded)
        if self.area is not None:
            valid &= geometry_mask(
                [self.area], valid.shape, grid.window_transform(window), invert=True
            )
        if outer_rows is not None:
            raw, valid = (
                raw[:, outer_rows],
                valid[outer_rows] & _is_inside(rows, grid.rows)[:, None],
            )
        if outer_columns is not None:
            raw = raw.take(outer_columns, axis=2)  # along columns five times as fast as an index
            valid = valid[:, outer_columns] & _is_inside(columns, grid.columns)
        return raw, valid

    def normalise(self, raw: NDArray[np.float32], out: NDArray[np.int16]) -> None:
        """Write the planes of a block.

        Args:
            raw: Channels as :meth:`read` gives them, or some of their rows, shape (channels, rows,
                columns).
            out: Planes in steps, shape (planes, rows, columns).
        """
        values = np.empty(raw.shape[1:], np.float32)
        for index, plane in enumerate(self.planes):
            factor = np.float32(STEPS / (plane.clip * plane.scale))
            np.subtract(
                raw[self.inputs.channels.index(plane.channel)], np.float32(plane.shift), out=values
            )
            np.multiply(values, factor, out=values)
            np.clip(values, -STEPS, STEPS, out=values)
            if np.isnan(
                values.min(initial=0)
            ):  # a minimum takes part of the time that looking at every pixel does
                values[np.isnan(values)] = 0
            np.rint(values, out=values)
            out[index] = values


def _mirrored(span: tuple[int, int], length: int) -> tuple[range, NDArray[np.int64] | None]:
    """The pixels to read for a span that may reach outside the raster.

    Returns:
        The pixels, and where each pixel of the span is among them (None where all lie inside).
    """
    if span[0] >= 0 and span[1] <= length:
        return range(*span), None
    source = mirror(np.arange(*span), length)
    inside = range(int(source.min()), int(source.max()) + 1)
    return inside, source - inside.start


def _is_inside(span: tuple[int, int], length: int) -> NDArray[np.bool_]:
    index = np.arange(*span)
    return (index >= 0) & (index < length)
