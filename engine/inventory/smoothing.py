"""Simplified and smoothed outlines that keep what neighbours share.

Everything happens in pixel coordinates, so that degrees need no special care. Outlines with a
vertex at every pixel corner are smoothed by Taubin's filter (1995), which rounds stairs without
shrinking areas, and then thinned by GEOS's coverage simplification (Visvalingam and Whyatt 1993).
Vertices where three outlines meet stay, and both steps treat a shared edge alike from either side,
so that neither gaps nor overlaps arise.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray

from engine.errors import DependencyError

Shapes = NDArray[np.object_]
Outline = Literal["exact", "simplified", "smooth"]

STYLES: dict[str, tuple[int, float]] = {"simplified": (3, 0.8), "smooth": (10, 0.25)}
"""Rounds of smoothing, and the tolerance in pixels: vertices whose triangle is smaller than its
square are dropped."""
SHRINK, SWELL = 0.5, -0.53
"""Taubin's two weights: the second undoes the shrinking that the first causes."""
MOST_AREA_CHANGE = 0.2
"""A landslide whose area would change by more keeps its exact outline; with one pixel of tolerance
only the smallest do."""


def reshape(exact: Shapes, outline: Outline, transform: Affine) -> Shapes:
    """Simplify or smooth outlines and place them on the map.

    Args:
        exact: One MultiPolygon a landslide in pixel coordinates (column, -row), with a vertex at
            every pixel corner.
        outline: ``simplified`` gives straight sides and few vertices, ``smooth`` rounded ones.
        transform: Maps (column, row) to coordinates.

    Returns:
        As many valid MultiPolygons.

    Raises:
        DependencyError: The installed shapely is older than 2.1.
    """
    if not len(exact):
        return exact
    if not hasattr(shapely, "coverage_simplify"):
        raise DependencyError(
            "Simplified outlines need shapely 2.1 or newer; install it with `pip install -U"
            " shapely`."
        )
    parts, owner = shapely.get_parts(exact, return_index=True)
    shared = _touching(parts)
    rounds, tolerance = STYLES[outline]
    rounded = _restore(round_off(parts, rounds), parts, shared)
    changed: Any = shapely.coverage_simplify(rounded, tolerance)
    changed = _restore(changed, parts, shared, MOST_AREA_CHANGE)
    return place(np.asarray(shapely.multipolygons(changed, indices=owner), np.object_), transform)


def place(shapes: Shapes, transform: Affine) -> Shapes:
    """Bring shapes from pixel coordinates (column, -row) onto the map."""
    scale, offset = np.array([transform.a, -transform.e]), np.array([transform.c, transform.f])
    return np.asarray(shapely.transform(shapes, lambda xy: xy * scale + offset), np.object_)


def _touching(parts: Shapes) -> NDArray[np.bool_]:
    """Which polygons share an edge or a corner with another."""
    one, other = shapely.STRtree(parts).query(parts, predicate="intersects")
    return np.asarray(np.bincount(one[one != other], minlength=len(parts)) > 0, np.bool_)


def _restore(
    changed: Shapes, before: Shapes, shared: NDArray[np.bool_], most: float = np.inf
) -> Shapes:
    """Take back outlines that went wrong.

    An outline is taken back alone where it shares nothing, and otherwise together with everything
    that touches it.
    """
    area = shapely.area(before)
    with np.errstate(divide="ignore", invalid="ignore"):
        wrong = (
            ~shapely.is_valid(changed)
            | shapely.is_empty(changed)
            | (np.abs(shapely.area(changed) / area - 1) > most)
        )
    if (wrong & shared).any():
        other = shapely.STRtree(before).query(before[wrong & shared], predicate="intersects")[1]
        # Neighbours share edges with their neighbours in turn: the whole cluster goes back.
        cluster = set(other.tolist())
        while True:
            grown = set(
                shapely.STRtree(before)
                .query(before[sorted(cluster)], predicate="intersects")[1]
                .tolist()
            )
            if grown == cluster:
                break
            cluster = grown
        wrong[sorted(cluster)] = True
    return np.where(wrong, before, changed)


def round_off(parts: Shapes, rounds: int) -> Shapes:
    """Smooth by Taubin's filter; vertices of more than two edges stay.

    Args:
        parts: Polygons whose shared edges have the same vertices, about equally spaced.
        rounds: How often every vertex moves towards the middle of its neighbours and part of the
            way back.

    Returns:
        As many polygons with as many vertices.
    """
    rings, ring_owner = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    last = np.append(np.flatnonzero(np.diff(ring)), len(ring) - 1)
    keep = np.ones(len(xy), np.bool_)
    keep[last] = False  # the repeated first point
    xy, ring = xy[keep], ring[keep]
    size = np.bincount(ring)
    first = np.cumsum(size) - size
    after, before = np.arange(1, len(xy) + 1), np.arange(-1, len(xy) - 1)
    after[first + size - 1], before[first] = first, first + size - 1
    free = ~_nodes(xy, after)[:, None]
    for weight in (SHRINK, SWELL) * rounds:
        # The sum of the neighbours is the same number from either side of a shared edge.
        xy = xy + free * weight * ((xy[before] + xy[after]) / 2 - xy)
    closed: Any = shapely.linearrings(xy, indices=ring)
    return np.asarray(shapely.polygons(closed, indices=ring_owner), np.object_)


def _nodes(xy: NDArray[np.float64], after: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Vertices where more than two different edges meet."""
    _, place_of = np.unique(xy, axis=0, return_inverse=True)
    place_of = place_of.reshape(-1)
    edge = np.sort(np.stack([place_of, place_of[after]], axis=1), axis=1)
    ends = np.unique(edge, axis=0).reshape(-1)
    return np.asarray(np.bincount(ends, minlength=int(place_of.max()) + 1)[place_of] > 2, np.bool_)
