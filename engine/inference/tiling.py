"""Windows over a raster and their blending weights, as pure NumPy.

One axis at a time: a lattice of equal windows that overlap, and a profile of weights for each. The
product of the two profiles is a window's weight, and the weights of all windows that touch a pixel
sum to one. Windows reach beyond the raster's edges, where it is mirrored; they start at multiples
of ``multiple_px`` everywhere, so that a network with a stride sees every pixel in the same phase
whatever the window size.

In an overlap each window is faded over the middle eighth only: the outer rim, where a
network still depends on the border of its window, has no weight. With an overlap of 192 pixels::

    window i      1 1 1 1 1 1 1 ┐╲             84 of window i alone, where the other is cut off
    window i+1                   ╲└ 1 1 1 1    24 of both, cosine
                                               84 of window i+1 alone

Where it is not known how far a network looks, no rim is wide enough for certain: then the fade is
nearly as wide as the overlap, windows keep their size, and the overlap grows until they fit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigError

BALANCED_WINDOWS = 8
"""Up to this many windows on an axis, all shrink to the smallest equal size that covers it; with
more there is little to gain."""


LEAST_OVERLAP_PX = 16
"""Below it a fade would be but a pixel wide."""


@dataclass(frozen=True)
class Axis:
    """Windows along one axis of a raster.

    Attributes:
        length_px: Pixels of the raster along it.
        first_px: Where the first window starts: 0 or less.
        window_px: Size of every window.
        stride_px: Distance from one window's start to the next one's.
        count: How many windows there are.
        wide: Whether neighbours are faded into each other over nearly all of their overlap.
    """

    length_px: int
    first_px: int
    window_px: int
    stride_px: int
    count: int
    wide: bool = False

    @property
    def overlap_px(self) -> int:
        """Pixels that two neighbouring windows share."""
        return self.window_px - self.stride_px

    @property
    def reach(self) -> int:
        """How many windows further on still share pixels with a window."""
        return math.ceil(self.overlap_px / self.stride_px)

    def start(self, index: int) -> int:
        """First pixel of a window; negative where it reaches beyond the raster."""
        return self.first_px + index * self.stride_px

    def fresh(self, index: int) -> tuple[int, int]:
        """The pixels (from, to) that a window adds to those before it.

        The mirrored pixels beyond the edges are included.
        """
        start = self.start(index)
        return (start if index == 0 else start + self.overlap_px), start + self.window_px

    def final(self, index: int) -> tuple[int, int]:
        """The raster's pixels (from, to) that this window is the last to touch."""
        start, stop = self.start(index), self.start(index + 1)
        return max(0, start), (
            self.length_px if index == self.count - 1 else max(0, min(self.length_px, stop))
        )

    def weights(self, index: int) -> NDArray[np.float32]:
        """Blending weights of a window, shape (window_px,).

        They are one at the raster's edges and fade towards neighbours.
        """
        profile = np.ones(self.window_px, np.float32)
        faded = fade_px(self.overlap_px)
        if self.wide:
            faded = max(1, min(self.overlap_px - 2 * (self.overlap_px // 16), self.stride_px))
        fade = fade_in(self.overlap_px, faded)
        if index > 0:
            profile[: self.overlap_px] *= fade
        if index < self.count - 1:
            profile[self.stride_px :] *= 1 - fade
        return profile

    def used(self, index: int) -> slice:
        """The pixels of a window whose weight is not zero."""
        weighty = np.flatnonzero(self.weights(index))
        return slice(int(weighty[0]), int(weighty[-1]) + 1)


def lay_out(
    length_px: int,
    window_px: int,
    overlap_px: int,
    multiple_px: int = 1,
    *,
    reach_known: bool = True,
) -> Axis:
    """Lay windows over an axis.

    Args:
        length_px: Pixels of the raster along it.
        window_px: Largest window; rounded up to a multiple of ``multiple_px``.
        overlap_px: Pixels that neighbours share; rounded up likewise. Half of it, rounded up again,
            is mirrored beyond each edge.
        multiple_px: Windows start at and are multiples of this.
        reach_known: Whether the overlap hides the borders of windows. If not, windows are as large
            as they may be, little is mirrored beyond the edges, and neighbours are faded over
            nearly all of their overlap.

    Raises:
        ConfigError: The overlap leaves less than its fade of the window, or a number is not
            positive.
    """
    if min(length_px, window_px, multiple_px) < 1 or overlap_px < 0:
        raise ConfigError(
            f"A window needs a positive size and an overlap of 0 or more, not {window_px} and"
            f" {overlap_px}."
        )
    window, overlap = _round_up(window_px, multiple_px), _round_up(overlap_px, multiple_px)
    if overlap + fade_px(overlap) > window:
        raise ConfigError(
            f"An overlap of {overlap} pixels is too much for a window of {window}; choose a larger"
            " window or a smaller overlap."
        )
    margin = overlap // 2 if reach_known else min(overlap // 2, LEAST_OVERLAP_PX)
    margin = _round_up(margin, multiple_px)
    covered, stride = length_px + 2 * margin, window - overlap
    count = max(1, math.ceil((covered - overlap) / stride))
    if count <= BALANCED_WINDOWS:
        equal = _round_up(math.ceil((covered + (count - 1) * overlap) / count), multiple_px)
        if count == 1:
            return Axis(length_px, -margin, equal, equal, 1)
        if not reach_known:
            stride = _round_up(math.ceil((covered - window) / (count - 1)), multiple_px)
            return Axis(length_px, -margin, window, stride, count, wide=True)
        window = min(window, max(equal, _round_up(overlap + fade_px(overlap), multiple_px)))
        return Axis(length_px, -margin, window, window - overlap, count)
    # Starting one overlap outside makes the rows that each window adds start at multiples of the
    # stride: with a stride of 512, the usual block of a GeoTIFF, every block is then read and
    # decompressed once.
    count = math.ceil((length_px + margin) / stride)
    return Axis(length_px, -overlap, window, stride, count, wide=not reach_known)


def fade_px(overlap_px: int) -> int:
    """Over how many pixels neighbouring windows fade into each other."""
    return max(1, overlap_px // 8) if overlap_px else 0


def overlap_for(reach_px: int) -> int:
    """The smallest overlap whose unused rim is as wide as a network's reach.

    It is at least :data:`LEAST_OVERLAP_PX`.

    Args:
        reach_px: How far a pixel's result depends on its surroundings, in pixels of the raster.
    """
    return max(
        LEAST_OVERLAP_PX, math.ceil(reach_px * 16 / 7)
    )  # 7/16 of an overlap on either side are silent


def fade_in(overlap_px: int, faded_px: int | None = None) -> NDArray[np.float32]:
    """Weights that rise from 0 to 1 in the middle of an overlap.

    Args:
        overlap_px: Pixels that neighbouring windows share.
        faded_px: Over how many of them the weights rise; None is :func:`fade_px`.

    Returns:
        Array of shape (overlap_px,); with its mirror image it sums to exactly one.
    """
    faded = fade_px(overlap_px) if faded_px is None else faded_px
    position = (np.arange(overlap_px) + 0.5 - overlap_px / 2) / max(1, faded)
    # On multiples of 2^-23 both w and 1 - w are exact in float32, so that the sum is exactly one.
    smooth = 0.5 + 0.5 * np.sin(np.pi * np.clip(position, -0.5, 0.5))
    return (np.rint(smooth * 2**23) / 2**23).astype(np.float32)


def mirror(index: NDArray[np.int64], length_px: int) -> NDArray[np.int64]:
    """Mirror pixel numbers beyond the edges of an axis back into it.

    The edge pixel itself is not repeated.

    Args:
        index: Any integers.
        length_px: Pixels of the axis; numbers far outside are thrown back and forth.

    Returns:
        Numbers in 0 … length_px - 1; those already inside are unchanged.
    """
    if length_px == 1:
        return np.zeros_like(index)
    period = 2 * (length_px - 1)
    folded = np.mod(index, period)
    return np.where(folded < length_px, folded, period - folded)


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
