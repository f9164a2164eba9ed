"""Exact outlines of labelled runs, as valid polygons.

A blob's outline is a closed walk over pixel corners that turns at every stop. Only those turning
corners are made, for all blobs at once: on every grid line the corners of a blob pair up into
horizontal edges, in every grid column into vertical edges, and following both in turn gives the
rings. Sorting does the work, so it is fast in NumPy and knows no block borders.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from engine.events import SILENT, Reporter
from engine.inventory.runs import Runs, label_within

Index = NDArray[np.int64]

BATCH_RUNS = 400_000
"""Runs whose outlines are traced at a time; about 300 bytes each."""


@dataclass(frozen=True)
class Rings:
    """Closed rings over pixel corners, without the repeated last point.

    Attributes:
        x: Columns of the corners, ring after ring.
        y: Rows of the corners.
        size: Corners of each ring.
        part: 4-connected part that each ring bounds; a part's first ring is its shell, the others
            are holes.
    """

    x: Index
    y: Index
    size: Index
    part: Index


def polygons(
    runs: Runs, transform: Affine, *, every_corner: bool = False, reporter: Reporter = SILENT
) -> NDArray[np.object_]:
    """Trace the outline of every label.

    Args:
        runs: Labelled runs.
        transform: Maps (column, row) to coordinates.
        every_corner: Put a vertex at every pixel corner along the outline, so that neighbours share
            their vertices.
        reporter: Receives progress.

    Returns:
        One MultiPolygon a label: valid, with holes; pixels that only share a corner are separate
            polygons of it.
    """
    parts = label_within(runs)
    if not len(parts):
        return np.zeros(0, np.object_)
    first = np.unique(parts.label, return_index=True)[1]
    label_of_part = runs.label[first]
    shapes: list[NDArray[np.object_]] = []
    batches = list(_batches(parts))
    for number, (batch, low, high) in enumerate(batches):
        reporter.progress("tracing outlines", number, len(batches))
        rings = trace(batch)
        rings = with_every_corner(rings) if every_corner else rings
        xy = np.empty((len(rings.x), 2))
        xy[:, 0] = transform.c + transform.a * rings.x
        xy[:, 1] = transform.f + transform.e * rings.y
        closed: Any = shapely.linearrings(
            xy, indices=np.repeat(np.arange(len(rings.size)), rings.size)
        )
        traced: Any = shapely.polygons(closed, indices=rings.part - low)
        shapes.append(traced[: high - low])
    reporter.progress("tracing outlines", len(batches), len(batches))
    order = np.argsort(label_of_part, kind="stable")
    return np.asarray(
        shapely.multipolygons(np.concatenate(shapes)[order], indices=label_of_part[order]),
        np.object_,
    )


def _batches(parts: Runs) -> Iterator[tuple[Runs, int, int]]:
    order = np.argsort(parts.label, kind="stable")
    label = parts.label[order]
    total = parts.count
    begin = 0
    while begin < len(order):
        low = int(label[begin])
        end = int(
            np.searchsorted(label, label[min(begin + BATCH_RUNS, len(order)) - 1], side="right")
        )
        chosen = order[begin:end]
        high = int(label[end]) if end < len(order) else total
        yield (
            Runs(
                parts.shape,
                parts.row[chosen],
                parts.start[chosen],
                parts.stop[chosen],
                label[begin:end],
            ),
            low,
            high,
        )
        begin = end


def trace(runs: Runs) -> Rings:
    """Trace the outlines of labelled, 4-connected parts.

    Args:
        runs: Runs whose labels are 4-connected parts, in any order.

    Returns:
        Simple rings: none touches itself, so that each part is one valid polygon.
    """
    part, y, x, turns = _corners(runs)
    following, twins = _links(runs.shape, part, y, x, turns)
    ring = _cycles(following)
    if len(twins):
        # A ring that comes twice through one corner is cut there into a shell and a hole that touch
        # in a point.
        one, other = (
            twins[ring[twins] == ring[twins + 1]],
            twins[ring[twins] == ring[twins + 1]] + 1,
        )
        following[one], following[other] = following[other], following[one]
        ring = _cycles(following)
    size = np.bincount(ring)
    order = _in_sequence(following, ring, len(size))
    first = np.cumsum(size) - size
    return Rings(x[order], y[order], size, part[order[first]])


def _corners(runs: Runs) -> tuple[Index, Index, Index, NDArray[np.bool_]]:
    """Turning corners, sorted by part, row and column.

    Returns:
        Part, row, column, and whether the edge to the right is a top edge.

    Every run has an event at each of its four corners. Two events of a part at one place come from
    the rows above and below: of the same kind they are a straight side and vanish, of opposite
    kinds two corners touch and both stay.
    """
    rows, columns = runs.shape
    label, row = runs.label.astype(np.int64), runs.row.astype(np.int64)
    above = (label * (rows + 1) + row) * (columns + 1)
    below = above + (columns + 1)
    # The lowest two bits: the run lies below the line (2), the event is its start (1).
    key = np.concatenate(
        [
            (above + runs.start) * 4 + 3,
            (above + runs.stop) * 4 + 2,
            (below + runs.start) * 4 + 1,
            (below + runs.stop) * 4,
        ]
    )
    key.sort()
    place, kind = key >> 2, key & 3
    pair = np.flatnonzero(place[1:] == place[:-1])
    straight = pair[(kind[pair] & 1) == (kind[pair + 1] & 1)]
    keep = np.ones(len(key), np.bool_)
    keep[straight] = keep[straight + 1] = False
    place, kind = place[keep], kind[keep]
    line, x = np.divmod(place, columns + 1)
    part, y = np.divmod(line, rows + 1)
    return part, y, x, (kind == 3) | (kind == 0)


def _links(
    shape: tuple[int, int], part: Index, y: Index, x: Index, turns: NDArray[np.bool_]
) -> tuple[Index, Index]:
    """Which corner follows which, with the landslide on the left.

    Returns:
        The number of the next corner, and the first of each two corners at one place.
    """
    following = np.empty(len(x), np.int64)
    left = np.arange(0, len(x), 2)
    # A top edge is walked westward, a bottom edge eastward.
    following[np.where(turns[left], left + 1, left)] = np.where(turns[left], left, left + 1)
    twins = np.flatnonzero((x[1:] == x[:-1]) & (y[1:] == y[:-1]) & (part[1:] == part[:-1]))
    # Where two pixels touch in a corner, their outlines pass each other there: this orders the two
    # corners so.
    second = np.zeros(len(x), np.int64)
    second[twins] = ~turns[twins]
    second[twins + 1] = turns[twins]
    down = np.argsort(((part * (shape[1] + 1) + x) * (shape[0] + 1) + y) * 2 + second)
    upper, lower = down[0::2], down[1::2]
    # A left side is walked southward, a right side northward.
    following[np.where(turns[upper], upper, lower)] = np.where(turns[upper], lower, upper)
    return following, twins


def _cycles(following: Index) -> Index:
    """Number of each corner's cycle; cycles count by their first corner."""
    graph = csr_array((np.ones(len(following), np.int8), following, np.arange(len(following) + 1)))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _in_sequence(following: Index, ring: Index, count: int) -> Index:
    """All corners in walking order, ring after ring, from its first corner."""
    root = np.empty(count, np.int64)
    root[ring[::-1]] = np.arange(len(ring))[::-1]
    # Opened and hung one behind the other, the rings are one path, which SciPy walks in compiled
    # code.
    chain = following.copy()
    is_root = np.zeros(len(ring), np.bool_)
    is_root[root] = True
    ends = np.flatnonzero(is_root[following])
    after = np.append(root[1:], root[-1])
    chain[ends] = after[ring[ends]]
    graph = csr_array((np.ones(len(chain), np.int8), chain, np.arange(len(chain) + 1)))
    return np.asarray(
        breadth_first_order(graph, int(root[0]), directed=True, return_predecessors=False), np.int64
    )


def with_every_corner(rings: Rings) -> Rings:
    """Insert the pixel corners that lie on the straight sides of rings."""
    last = np.cumsum(rings.size) - 1
    after = np.arange(1, len(rings.x) + 1)
    after[last] = last - rings.size + 1
    dx, dy = rings.x[after] - rings.x, rings.y[after] - rings.y
    steps = np.abs(dx) + np.abs(dy)
    offset = np.arange(steps.sum()) - np.repeat(np.cumsum(steps) - steps, steps)
    ring = np.repeat(np.arange(len(rings.size)), rings.size)
    size = np.bincount(ring, weights=steps).astype(np.int64)
    x = np.repeat(rings.x, steps) + np.repeat(np.sign(dx), steps) * offset
    y = np.repeat(rings.y, steps) + np.repeat(np.sign(dy), steps) * offset
    return Rings(x, y, size, rings.part)
