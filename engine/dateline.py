"""Shapes and boxes in degrees that cross the 180th meridian.

Between programs they are written in two pieces, from -180 to 180; to measure, to draw a box around
them or to find a middle they are put together first, with longitudes that go on beyond 180.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Shapes = NDArray[np.object_]
Box = tuple[float, float, float, float]

_HALF = 180.0


def joined(shapes: Shapes, turn: float = 360.0) -> Shapes:
    """Join shapes that cross the date line, so that none spans the globe.

    Args:
        shapes: Geometries in degrees (or another unit of angle), of any kind.
        turn: A full turn in that unit.

    Returns:
        The same shapes; those that are narrower the other way round the globe have their western
        pieces moved eastward by a turn, so that their longitudes are continuous and may exceed
        half a turn.
    """
    out = np.asarray(shapes, np.object_).copy()
    if not len(out):
        return out
    bounds = shapely.bounds(out)
    for index in np.flatnonzero(bounds[:, 2] - bounds[:, 0] > turn / 2):
        out[index] = _joined(out[index], turn)
    return out


def _joined(shape: Any, turn: float) -> Any:
    def eastward(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([np.where(xy[:, 0] < 0, xy[:, 0] + turn, xy[:, 0]), xy[:, 1:]])

    moved = shapely.transform(shape, eastward)
    width = _width(moved)
    if width > turn / 2 or width >= _width(shape):
        return shape  # it does reach round the globe
    if moved.geom_type in ("Polygon", "MultiPolygon"):
        # Pieces that met at the date line become one again.
        parts = shapely.get_parts(moved)
        return shapely.union_all(parts) if shapely.is_valid(parts).all() else moved
    return moved


def box_around(boxes: NDArray[np.float64], turn: float = 360.0) -> Box:
    """The smallest box around boxes, across the date line if shorter.

    Args:
        boxes: (left, bottom, right, top) of each, shape (n, 4).
        turn: A full turn in units of the boxes, 0 for planes that do not close.

    Returns:
        (left, bottom, right, top); ``right`` exceeds half a turn where the box crosses it.
    """
    left, bottom = (float(value) for value in boxes[:, :2].min(axis=0))
    right, top = (float(value) for value in boxes[:, 2:].max(axis=0))
    if not turn or right - left <= turn / 2:
        return left, bottom, right, top
    order = np.argsort(boxes[:, 0])
    starts, ends = boxes[order, 0], np.maximum.accumulate(boxes[order, 2])
    gaps = np.append(starts[1:], starts[0] + turn) - ends
    widest = int(np.argmax(gaps))
    if widest == len(gaps) - 1:
        return left, bottom, right, top
    return float(starts[widest + 1]), bottom, float(ends[widest]) + turn, top


def nearest_turn(left: float, right: float, low: float, high: float, turn: float) -> float:
    """By how many whole turns an interval is moved to meet another one best.

    Args:
        left: Start of the interval to be moved.
        right: Its end.
        low: Start of the interval to be met.
        high: Its end.
        turn: A full turn; 0 for planes that do not close.

    Returns:
        A multiple of ``turn`` to be added to the first interval.
    """
    if not turn:
        return 0.0
    moves = (0.0, turn, -turn)
    return max(moves, key=lambda move: min(right + move, high) - max(left + move, low))


def cut(shapes: Shapes) -> Shapes:
    """Cut shapes at the date line, as RFC 7946 asks.

    All then lie between -180 and 180.

    Args:
        shapes: Geometries in degrees; those that cross may be continuous beyond 180 or have
            vertices on both sides, as transforming them from another CRS leaves them.

    Returns:
        The shapes; those that cross have a piece on each side.
    """
    out = joined(shapes)
    if not len(out):
        return out
    bounds = shapely.bounds(out)
    for index in np.flatnonzero((bounds[:, 2] > _HALF) | (bounds[:, 0] < -_HALF)):
        pieces = []
        for move in (-360.0, 0.0, 360.0):
            south, north = bounds[index, 1] - 1, bounds[index, 3] + 1
            strip = shapely.box(-_HALF - move, south, _HALF - move, north)
            piece = shapely.intersection(out[index], strip)
            if not piece.is_empty:
                pieces.append(shifted(piece, move))
        out[index] = shapely.union_all(pieces)
    return out


def shifted(shape: Any, east: float) -> Any:
    """A geometry (or an array of them) moved eastward."""
    return shapely.transform(shape, lambda xy: xy + np.array([east, 0.0]))


def _width(shape: Any) -> float:
    left, _, right, _ = shapely.bounds(shape)
    return float(right - left)
