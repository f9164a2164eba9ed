"""Amalgamated landslides, mapped as one blob, split into single slides.

``probability`` floods the probability from its peaks and cuts along the valleys between them;
``flow`` floods the elevation from the lowest points and cuts along the topographic ridges, so that
every piece drains to its own toe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window
from scipy import ndimage
from skimage.morphology import h_maxima
from skimage.segmentation import watershed

from engine.errors import ConfigError
from engine.events import SILENT, Reporter
from engine.handles import ProbabilityRaster, Stack
from engine.inventory.runs import Runs, join, paint

Split = Literal["none", "probability", "flow"]
Labels = NDArray[np.int32]

SMOOTHING_PX = {"probability": 1.0, "flow": 2.0}
DEPTH = {"probability": 0.1, "flow": 10.0}
"""How deep the saddle between two peaks must be: in probability, and in metres."""
LARGEST_PX = 2**24
"""Bounding box of the largest blob that is split, in pixels: about 400 MB of working memory."""


def split_blobs(
    runs: Runs,
    how: Split,
    *,
    probability: ProbabilityRaster | None,
    stack: Stack | None,
    connectivity: int,
    min_pixels: int,
    reporter: Reporter = SILENT,
) -> tuple[Runs, NDArray[np.bool_]]:
    """Split blobs where they consist of several slides.

    Args:
        runs: Labelled runs.
        how: By ``probability``, by ``flow``, or not at all.
        probability: Needed for ``probability``.
        stack: Its DEM is needed for ``flow``.
        connectivity: 4 or 8.
        min_pixels: Pieces are at least this large.
        reporter: Receives progress.

    Returns:
        Runs with new labels, and for each label whether it is one of several pieces of a blob
        (these are the last labels).

    Raises:
        ConfigError: The raster that the method needs was not given.
    """
    if how == "none" or not len(runs):
        return runs, np.zeros(runs.count, np.bool_)
    candidates = np.flatnonzero(runs.pixels() >= 2 * min_pixels)
    of_label = _by_label(runs)
    pieces: list[tuple[int, Runs]] = []
    with _reader(how, probability, stack) as read:
        for number, label in enumerate(candidates):
            reporter.progress("splitting", number, len(candidates))
            blob = of_label(int(label))
            window = _bounding_window(blob)
            if window.width * window.height > LARGEST_PX:
                reporter.warn(
                    f"A blob of {int(blob.length.sum()):,} pixels is too large to be split and"
                    " stays whole.",
                    "vectorize-too-large",
                )
                continue
            found = split_one(paint(blob, window) >= 0, read(window), how, connectivity, min_pixels)
            if found.max() > 1:
                pieces.append((int(label), _runs_of(found, window, runs.shape)))
    reporter.progress("splitting", len(candidates), len(candidates))
    return _replace(runs, pieces)


def split_one(
    inside: NDArray[np.bool_],
    height: NDArray[np.floating],
    how: Literal["probability", "flow"],
    connectivity: int,
    min_pixels: int,
) -> Labels:
    """Split one blob.

    Args:
        inside: Its pixels, shape (rows, columns).
        height: What is flooded from its peaks: probability, or elevation upside down. NaN counts as
            lowest.
        how: Which smoothing and depth apply.
        connectivity: 4 or 8.
        min_pixels: Pieces are at least this large.

    Returns:
        1, 2 … in the pieces, 0 outside.
    """
    known = np.nan_to_num(
        height, nan=float(np.nanmin(height)) if np.isfinite(height).any() else 0.0
    )
    surface = ndimage.gaussian_filter(known.astype(np.float64), SMOOTHING_PX[how])
    surface = np.where(inside, surface, surface.min() - 1)
    corners = ndimage.generate_binary_structure(2, 2)
    peaks: Any = h_maxima(surface, DEPTH[how])  # type: ignore[no-untyped-call]
    markers: Any
    markers, count = ndimage.label(peaks.astype(bool) & inside, corners)
    while count > 1:
        found: Labels = watershed(  # type: ignore[no-untyped-call]
            -surface, markers, mask=inside, connectivity=1 if connectivity == 4 else 2
        )
        size = np.bincount(found.ravel(), minlength=count + 1)[1:]
        if size.min() >= min_pixels:
            return found.astype(np.int32)
        # The smallest piece gives up its peak, and its neighbours share its ground.
        markers[markers == int(np.argmin(size)) + 1] = 0
        markers, count = _renumbered(markers)
    return inside.astype(np.int32)


def _renumbered(markers: Labels) -> tuple[Labels, int]:
    values, numbers = np.unique(markers, return_inverse=True)
    return numbers.reshape(markers.shape).astype(np.int32), len(values) - 1


def splittable(how: Split, probability: bool, stack: Stack | None) -> bool:
    """Whether the raster is there by which landslides are to be split.

    Args:
        how: The way to split.
        probability: Whether there is a probability raster.
        stack: The stack, if there is one.
    """
    return how == "none" or (
        probability if how == "probability" else stack is not None and "DEM" in stack.channels
    )


@contextmanager
def _reader(
    how: Split, probability: ProbabilityRaster | None, stack: Stack | None
) -> Iterator[Callable[[Window], NDArray[np.floating]]]:
    if how == "probability" and probability is not None:
        with probability.reader() as single:
            yield single.read
    elif how == "flow" and stack is not None and "DEM" in stack.channels:
        with stack.reader() as many:
            yield lambda window: -many.read(["DEM"], window)[0]
    elif how == "probability":
        raise ConfigError(
            "Splitting by probability needs the probability raster; give it, or do not split."
        )
    else:
        raise ConfigError(
            "Splitting by flow needs a stack with a DEM; give it, or split by probability."
        )


def _by_label(runs: Runs) -> Callable[[int], Runs]:
    order = np.argsort(runs.label, kind="stable")
    first = np.searchsorted(runs.label[order], np.arange(runs.count + 1))

    def of(label: int) -> Runs:
        chosen = order[first[label] : first[label + 1]]
        return Runs(
            runs.shape, runs.row[chosen], runs.start[chosen], runs.stop[chosen], runs.label[chosen]
        )

    return of


def _bounding_window(blob: Runs) -> Window:
    row, column = int(blob.row[0]), int(blob.start.min())
    return Window(column, row, int(blob.stop.max()) - column, int(blob.row[-1]) + 1 - row)


def _runs_of(labels: Labels, window: Window, shape: tuple[int, int]) -> Runs:
    """Runs of every label above 0 of a window, numbered from 0.

    Rows and columns are those of the whole raster.
    """
    padded = np.pad(labels, ((0, 0), (1, 1)))
    row, edge = np.nonzero(padded[:, 1:] != padded[:, :-1])
    value = padded[row, edge + 1]
    begins = np.flatnonzero(value > 0)
    # A run ends where the next change of its row lies; a row's last change is always to 0.
    start, stop = edge[begins] + int(window.col_off), edge[begins + 1] + int(window.col_off)
    parts = row[begins] + int(window.row_off), start, stop, value[begins] - 1
    return Runs(shape, *(part.astype(np.int32) for part in parts))


def _replace(runs: Runs, pieces: list[tuple[int, Runs]]) -> tuple[Runs, NDArray[np.bool_]]:
    """Put the pieces in the place of their blobs.

    Their labels follow those of the blobs that stay whole.
    """
    whole = np.ones(runs.count, np.bool_)
    whole[[label for label, _ in pieces]] = False
    parts = [runs.where(whole)]
    count = int(whole.sum())
    for _, piece in pieces:
        parts.append(replace(piece, label=piece.label + np.int32(count)))
        count += piece.count
    every = join(parts, runs.shape)
    order = np.argsort(every.key(every.start), kind="stable")
    amalgamated = np.arange(count) >= int(whole.sum())
    return (
        Runs(
            runs.shape, every.row[order], every.start[order], every.stop[order], every.label[order]
        ),
        amalgamated,
    )
