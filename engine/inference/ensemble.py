"""Any number of models and views of the same windows, averaged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import DeviceError
from engine.inference.config import Views
from engine.inference.runtime import DeviceMemoryError, Runtime


@dataclass(frozen=True)
class View:
    """One of the eight symmetries of a square.

    The image is transposed or not, then flipped along rows, columns or both.
    """

    transpose: bool
    flip_rows: bool
    flip_columns: bool

    def apply(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn an array by its last two axes."""
        turned = image.swapaxes(-1, -2) if self.transpose else image
        return np.ascontiguousarray(
            turned[..., :: self._step(self.flip_rows), :: self._step(self.flip_columns)]
        )

    def undo(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn it back."""
        turned = values[..., :: self._step(self.flip_rows), :: self._step(self.flip_columns)]
        return turned.swapaxes(-1, -2) if self.transpose else turned

    @staticmethod
    def _step(flip: bool) -> int:
        return -1 if flip else 1


def views(kind: Views) -> tuple[View, ...]:
    """The views of test-time augmentation; the upright one is first."""
    flips = [(False, False), (False, True), (True, False), (True, True)]
    turns = {"none": [False], "flip": [False], "d4": [False, True]}[kind]
    return tuple(
        View(turn, *flip) for turn in turns for flip in (flips[:1] if kind == "none" else flips)
    )


@dataclass(frozen=True)
class Member:
    """One model of an ensemble.

    Attributes:
        runtime: Its network.
        layout: Which of the batch's inputs is its own.
        weight: Its weight in the mean, positive.
        scale: Factor by which its images are enlarged before the network.
    """

    runtime: Runtime
    layout: int
    weight: float
    scale: int = 1


class Ensemble:
    """Weighted mean and spread of members and views.

    They are kept as running sums, so that one member's result is in memory at a time.

    Args:
        members: The models, on one device.
        views: Orientations in which each sees a window.
    """

    def __init__(self, members: Sequence[Member], views: Sequence[View]) -> None:
        self.members, self.views = tuple(members), tuple(views)
        self._largest: int | None = None

    @property
    def averaged(self) -> int:
        """How many probabilities are averaged for each pixel."""
        return len(self.members) * len(self.views)

    def run(
        self, inputs: Sequence[NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Average all members' and views' probabilities of a batch.

        Args:
            inputs: One array of shape (N, channels, h, w) for each distinct layout.

        Returns:
            Mean, shape (N, h, w), and variance between members and views (weighted, of the
            population), or None where there is only one result to average.
        """
        mean: NDArray[np.float32] | None = None
        squares: NDArray[np.float32] | None = None
        total = 0.0
        for member in self.members:
            image = upsample(inputs[member.layout], member.scale)
            weight = member.weight / len(self.views)
            for view in self.views:
                values = downsample(
                    view.undo(self._forward(member.runtime, view.apply(image))), member.scale
                )
                total += weight
                if mean is None:
                    mean = np.array(values, np.float32)
                    continue
                # West's update: numerically sound for members that nearly agree.
                delta = values - mean
                mean += delta * np.float32(weight / total)
                squares = np.zeros_like(mean) if squares is None else squares
                squares += np.float32(weight) * delta * (values - mean)
        if mean is None:
            raise ValueError("An ensemble needs at least one member.")
        return mean, None if squares is None else squares / np.float32(total)

    def stop(self) -> None:
        """End a :meth:`run` in another thread as soon as possible."""
        for member in self.members:
            member.runtime.stop()

    def _forward(self, runtime: Runtime, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run a batch, in halves and halves of halves where memory is short.

        Later batches start with the size that fitted.
        """
        parts, at = [], 0
        while at < len(image):
            size = min(self._largest or len(image), len(image) - at)
            try:
                parts.append(runtime.run(image[at : at + size]))
                at += size
            except DeviceMemoryError as error:
                if size == 1:
                    rows, columns = image.shape[2:]
                    raise DeviceError(
                        f"The device's memory is too small for one window of {columns} x {rows}"
                        f" pixels ({error}); choose a smaller --window or --device cpu."
                    ) from error
                self._largest = math.ceil(size / 2)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def upsample(image: NDArray[np.float32], scale: int) -> NDArray[np.float32]:
    """Enlarge by an integer factor, bilinear between pixel centres.

    Returns:
        Array of shape (…, rows · scale, columns · scale); edges are repeated.
    """
    if scale == 1:
        return image
    for axis in (-2, -1):
        image = _interpolate(image, scale, axis)
    return image


def downsample(values: NDArray[np.float32], scale: int) -> NDArray[np.float32]:
    """Bring enlarged values back by the mean over each original pixel."""
    if scale == 1:
        return values
    *outer, rows, columns = values.shape
    blocks = values.reshape(*outer, rows // scale, scale, columns // scale, scale)
    return np.asarray(blocks.mean(axis=(-3, -1)), np.float32)


def _interpolate(image: NDArray[np.float32], scale: int, axis: int) -> NDArray[np.float32]:
    length = image.shape[axis]
    position = np.clip((np.arange(length * scale) + 0.5) / scale - 0.5, 0, length - 1)
    low = np.minimum(position.astype(np.int64), max(0, length - 2))
    high = np.minimum(low + 1, length - 1)
    share = (position - low).astype(np.float32)
    if axis == -2:
        share = share[:, None]
    below = np.take(image, low, axis)
    return np.asarray(below + share * (np.take(image, high, axis) - below), np.float32)
