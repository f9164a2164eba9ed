"""From probabilities to a mask: a threshold, given or found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.windows import Window

from engine.bands import IGNORE
from engine.contents import PLAIN_MASK
from engine.events import SILENT, Reporter
from engine.handles import (
    PROBABILITY_MAX,
    PROBABILITY_SCALE,
    LandslideMask,
    ProbabilityRaster,
    above_threshold,
    encode_probability,
)
from engine.inference.config import require_threshold
from engine.raster import RasterWriter

_STRIP_PX = 512
_FEWEST_PX = 50.0
_REACH = 0.2


def make_mask(
    probability: ProbabilityRaster, *, out: Path, threshold: float, reporter: Reporter = SILENT
) -> LandslideMask:
    """Call every pixel a landslide whose probability reaches the threshold.

    Small landslides are removed later, as polygons.

    Args:
        probability: The probabilities.
        out: The mask's file.
        threshold: Between 0 and 1.
        reporter: Receives progress.

    Returns:
        The mask: 0, 1 and 255 for nodata.

    Raises:
        ConfigError: The threshold is not between 0 and 1.
    """
    require_threshold(threshold)
    grid = probability.grid
    tags = {"threshold": f"{threshold:.6g}", "probability": probability.path.name}
    with (
        probability.reader() as reader,
        RasterWriter(
            out,
            grid,
            dtype="uint8",
            bands=["landslide"],
            nodata=IGNORE,
            tags=tags,
            resampling=Resampling.nearest,
            reporter=reporter,
        ) as writer,
    ):
        for top in range(0, grid.rows, _STRIP_PX):
            window = Window(0, top, grid.columns, min(_STRIP_PX, grid.rows - top))
            values = reader.read(window)
            writer.write(above_threshold(values, threshold)[None], window)
            reporter.progress("mask", min(top + _STRIP_PX, grid.rows), grid.rows)
    return LandslideMask.open(out, coding=PLAIN_MASK)


def histogram(probability: ProbabilityRaster, *, reporter: Reporter = SILENT) -> NDArray[np.int64]:
    """Count pixels by stored probability, shape (251,).

    0, 0.004 … 1; nodata is left out.
    """
    counts = np.zeros(256, np.int64)
    grid = probability.grid
    with probability.reader() as reader:
        for top in range(0, grid.rows, _STRIP_PX):
            values = reader.read(Window(0, top, grid.columns, min(_STRIP_PX, grid.rows - top)))
            counts += np.bincount(encode_probability(values).ravel(), minlength=256)
            reporter.progress("threshold", min(top + _STRIP_PX, grid.rows), grid.rows)
    return counts[: PROBABILITY_MAX + 1]


def automatic_threshold(
    probability: ProbabilityRaster, *, around: float = 0.5, reporter: Reporter = SILENT
) -> float:
    """Find the threshold that suits this scene, from its histogram.

    If probabilities are what they say, the mask of all pixels with p ≥ t is expected to have F1 = 2
    Σ(p | p ≥ t) / (N(p ≥ t) + Σp); the t that maximises it (half the F1 reached; Lipton, Elkan and
    Naryanaswamy 2014) is taken, but no further than 0.2 from ``around``, and ``around`` itself
    where fewer than 50 pixels are expected to be landslides above it: a scene without landslides
    must not yield its least unlikely pixels.

    Args:
        probability: The probabilities.
        around: The usual threshold, that of the models' cards.
        reporter: Receives progress.

    Returns:
        The threshold.
    """
    return best_threshold(histogram(probability, reporter=reporter), around)


def best_threshold(counts: NDArray[np.int64], around: float) -> float:
    """See :func:`automatic_threshold`; ``counts`` as from :func:`histogram`."""
    steps = np.arange(len(counts)) * PROBABILITY_SCALE
    expected = counts * steps
    if expected[steps >= around].sum() < _FEWEST_PX:
        return around
    above = np.cumsum(counts[::-1])[::-1]
    landslide = np.cumsum(expected[::-1])[::-1]
    score = 2 * landslide / np.maximum(above + expected.sum(), 1)
    allowed = (np.abs(steps - around) <= _REACH + 1e-9) & (steps > 0) & (steps < 1)
    return float(steps[allowed][np.argmax(score[allowed])])
