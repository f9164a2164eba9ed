"""Whether a stack's values are in the units that models are trained on.

Those are digital numbers for optical channels and degrees for the slope.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.bands import LARGEST_REFLECTANCE, OPTICAL
from engine.errors import ChannelError
from engine.events import Reporter

_LEAST_REFLECTANCE = -0.2
"""Dark ground falls a little below 0 where the atmosphere has been subtracted."""

_SLOPES = (-0.5, 90.5)
"""Degrees, with room for rounding."""

_LEAST_RADIANS = 0.2
"""The steepest slope of a raster in radians is no lower where a landslide is to be looked for: 11
degrees."""


class UnitCheck:
    """Checks a stack's values by pieces: can their units be right?

    Flat rasters are left alone.

    Args:
        channels: Of the pieces.
    """

    def __init__(self, channels: Sequence[str]) -> None:
        self._channels = tuple(channels)
        self._lowest = np.full(len(self._channels), np.inf, np.float32)
        self._highest = np.full(len(self._channels), -np.inf, np.float32)

    def add(self, raw: NDArray[np.float32]) -> None:
        """Consider a piece (channels, rows, columns), NaN where it does not count."""
        np.fmin(self._lowest, np.fmin.reduce(raw, axis=(1, 2)), out=self._lowest)
        np.fmax(self._highest, np.fmax.reduce(raw, axis=(1, 2)), out=self._highest)

    def finish(self, path: str, reporter: Reporter) -> None:
        """Refuse reflectance, and warn of slopes that are none.

        Args:
            path: The stack, for the message.
            reporter: Receives the warning.

        Raises:
            ChannelError: Optical channels hold reflectance instead of DN.
        """
        each = zip(self._channels, self._lowest.tolist(), self._highest.tolist(), strict=True)
        ranges = {name: (low, high) for name, low, high in each if low <= high}
        optical = [ranges[name] for name in OPTICAL if name in ranges]
        lowest, highest = (
            min((low for low, _ in optical), default=0.0),
            max((high for _, high in optical), default=0.0),
        )
        varies = any(low < high for low, high in optical)
        if lowest >= _LEAST_REFLECTANCE and highest <= LARGEST_REFLECTANCE and varies:
            raise ChannelError(
                f"The optical bands of {path} hold values from {lowest:.4g} to {highest:.4g}, which"
                " is reflectance, but digital numbers (reflectance x 10000) are needed; make the"
                " stack with l4s stack or detect with --sentinel2 and a --dem, which convert the"
                " file, or multiply its optical bands by 10000."
            )
        lowest, highest = ranges.get("slope", (0.0, 0.0))
        if lowest < _SLOPES[0] or highest > _SLOPES[1]:
            reporter.warn(
                f"The slope of {path} goes from {lowest:.4g} to {highest:.4g}, but models need"
                " degrees from 0 to 90: expect landslides to be missed or invented; compute it in"
                " degrees (not in per cent), and declare as nodata what stands for no data.",
                "scene-slope-range",
            )
        elif _LEAST_RADIANS <= highest <= math.pi / 2:
            reporter.warn(
                f"The slope of {path} is nowhere above {highest:.4g}, but models need degrees:"
                " expect landslides to be missed if these are radians, which have to be multiplied"
                " by 57.3; if they are degrees, the ground is flat and all is well.",
                "scene-slope-small",
            )
