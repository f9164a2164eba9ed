"""How far a network looks, and what window borders cost, measured.

A network is run on a whole synthetic image and on windows of it. Where a pixel's results differ,
the window's border was within its reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from engine.errors import BundleError
from engine.events import SILENT, Reporter
from engine.handles import PROBABILITY_SCALE
from engine.inference.config import InferenceConfig
from engine.inference.ensemble import Ensemble
from engine.inference.networks import Networks
from engine.inference.tiling import Axis
from engine.models.bundle import ModelBundle

IMAGE_PX = 768
WINDOW_PX = 512
OVERLAPS_PX = (32, 64, 128, 192)
VISIBLE = 0.02
"""A difference of probability that can be seen on a map."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Seams:
    """What :func:`measure_seams` found.

    Attributes:
        reach_px: Largest distance from a window's border at which a result differs by more than
            half a stored step (0.002).
        rows: For each overlap the largest difference of a blended result from that of the whole
            image, and the share of pixels that differ visibly (by more than 0.02).
    """

    reach_px: int
    rows: tuple[dict[str, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"reach_px": self.reach_px, "overlaps": [dict(row) for row in self.rows]}


def measure_seams(
    bundle: ModelBundle, config: InferenceConfig | None = None, *, reporter: Reporter = SILENT
) -> Seams:
    """Measure a model's reach, and what windows of 512 pixels change.

    Args:
        bundle: The model.
        config: Device and runtime.
        reporter: Receives progress.

    Raises:
        BundleError: The network fails on the image.
    """
    config = config or InferenceConfig(device="cpu")
    ensemble = Networks.load([bundle], config).ensembles([bundle], [0], config)[0]
    multiple = bundle.card.multiple_of_px
    image = synthetic_image(len(bundle.card.channels), IMAGE_PX)
    whole = ensemble.run([image])[0][0]
    reporter.progress("seams", 1, 2 + len(OVERLAPS_PX))
    reach = _reach(ensemble, image, whole, multiple)
    reporter.progress("seams", 2, 2 + len(OVERLAPS_PX))
    rows = []
    for number, overlap in enumerate(OVERLAPS_PX, start=3):
        axis = _two_windows(overlap, multiple)
        image = synthetic_image(len(bundle.card.channels), axis.length_px)
        whole = ensemble.run([image])[0][0]
        difference = np.abs(_blended(ensemble, image, axis) - whole)
        rows.append(
            {
                "overlap_px": axis.overlap_px,
                "largest": round(float(difference.max()), 4),
                "visible_share": round(float((difference > VISIBLE).mean()), 6),
            }
        )
        reporter.progress("seams", number, 2 + len(OVERLAPS_PX))
    return Seams(reach, tuple(rows))


def require_reach(bundle: ModelBundle, seams: Seams) -> None:
    """Check a card's claim against what was measured.

    Raises:
        BundleError: The model looks further than its card says.
    """
    told = bundle.card.reach_px
    if told is not None and seams.reach_px > told:
        raise BundleError(
            f"The card of {bundle.card.name} says that the model's reach is {told} pixels, but"
            f" {seams.reach_px} were measured: maps would show the borders of windows; set"
            " reach_px to null or to the measured value and seal the bundle."
        )


def synthetic_image(channels: int, size_px: int) -> Floats:
    """Normalised noise of several sizes, shape (1, channels, size, size)."""
    rng = np.random.default_rng(0)
    image = np.zeros((1, channels, size_px, size_px), np.float32)
    for sigma in (0.0, 2.0, 12.0):
        for channel in range(channels):
            noise = rng.standard_normal((size_px, size_px)).astype(np.float32)
            smooth = gaussian_filter(noise, sigma)
            image[0, channel] += smooth / smooth.std()
    return np.asarray(np.clip(image / np.sqrt(3), -3, 3), np.float32)


def _reach(ensemble: Ensemble, image: Floats, whole: Floats, multiple: int) -> int:
    start = (IMAGE_PX - WINDOW_PX) // 2 // multiple * multiple
    part = slice(start, start + WINDOW_PX // multiple * multiple)
    alone = ensemble.run([np.ascontiguousarray(image[:, :, part, part])])[0][0]
    rows, columns = np.nonzero(np.abs(alone - whole[part, part]) > PROBABILITY_SCALE / 2)
    if not len(rows):
        return 0
    size = alone.shape[0]
    border = np.minimum.reduce([rows, columns, size - 1 - rows, size - 1 - columns])
    return int(border.max()) + 1


def _two_windows(overlap_px: int, multiple: int) -> Axis:
    """Two windows that fit an image, faded as for an unknown reach."""
    window, overlap = (-(-side // multiple) * multiple for side in (WINDOW_PX, overlap_px))
    return Axis(2 * window - overlap, 0, window, window - overlap, 2, wide=True)


def _blended(ensemble: Ensemble, image: Floats, axis: Axis) -> Floats:
    """Windows of an image that fits them exactly, blended as in a detection."""
    total: Floats = np.zeros(image.shape[2:], np.float32)
    for row in range(axis.count):
        for column in range(axis.count):
            down = slice(axis.start(row), axis.start(row) + axis.window_px)
            across = slice(axis.start(column), axis.start(column) + axis.window_px)
            values = ensemble.run([np.ascontiguousarray(image[:, :, down, across])])[0][0]
            weight = axis.weights(row)[:, None] * axis.weights(column)
            total[down, across] += values * weight
    return total
