"""How two sets of polygons overlap: shares, pairs, area, distance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from engine.evaluation.scores import Confusion
from engine.events import SILENT, Reporter
from engine.ground import metres_per_unit
from engine.inventory.shape import ground_area

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]
Pairs = tuple[NDArray[np.int64], NDArray[np.int64], Floats]

BOUNDARY_STEP_M = 5.0
CELL_VERTICES = 512
"""An overlay takes as long as the larger polygon has vertices."""
MOST_HALVINGS = 40
"""A million pieces along each side; more vertices than :data:`CELL_VERTICES` then lie in one
point."""
BATCH = 500
"""Overlays between two looks at whether to go on: under a second."""


def overlaps(ours: Shapes, theirs: Shapes, crs: CRS) -> tuple[Floats, Floats, Pairs]:
    """How two sets of polygons cover each other.

    Returns:
        Share of each of theirs that is in ours, share of each of ours that is in theirs, and the
        pairs: numbers of ours and theirs, and their common area in m².
    """
    if not len(ours) or not len(theirs):
        none = np.zeros(0, np.int64)
        return np.zeros(len(theirs)), np.zeros(len(ours)), (none, none, np.zeros(0))
    one, other = shapely.STRtree(theirs).query(ours, predicate="intersects")
    common = ground_area(shapely.intersection(ours[one], theirs[other]), crs)
    pairs = one[common > 0], other[common > 0], common[common > 0]
    return (
        _covered(theirs, ours, pairs[1], pairs[0]),
        _covered(ours, theirs, pairs[0], pairs[1]),
        pairs,
    )


def _covered(
    shapes: Shapes, cover: Shapes, one: NDArray[np.int64], other: NDArray[np.int64]
) -> Floats:
    """Share of each shape that lies in the union of those that it meets.

    Overlaps among them count once.
    """
    order = np.argsort(one, kind="stable")
    unique, first, count = np.unique(one[order], return_index=True, return_counts=True)
    union = cover[other[order][first]].copy()
    for index in np.flatnonzero(count > 1):
        union[index] = shapely.union_all(
            cover[other[order][first[index] : first[index] + count[index]]]
        )
    share = np.zeros(len(shapes))
    share[unique] = shapely.area(shapely.intersection(shapes[unique], union)) / shapely.area(
        shapes[unique]
    )
    return share


def one_to_one(
    pairs: Pairs, area_ours: Floats, area_theirs: Floats, min_iou: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """The best pairs first; each landslide is in one pair at most."""
    one, other, common = pairs
    iou = common / (area_ours[one] + area_theirs[other] - common)
    chosen: list[int] = []
    taken_one, taken_other = set[int](), set[int]()
    for index in np.argsort(-iou, kind="stable"):
        a, b = int(one[index]), int(other[index])
        if iou[index] < min_iou:
            break
        if a not in taken_one and b not in taken_other:
            chosen.append(int(index))
            taken_one.add(a)
            taken_other.add(b)
    return one[chosen], other[chosen], iou[chosen]


def boundary_distance(ours: Shapes, theirs: Shapes, crs: CRS) -> Floats:
    """Mean distance between outlines of pairs in metres.

    Both ways, along points 5 m apart.
    """
    if not len(ours):
        return np.zeros(0)
    both = np.concatenate([ours, theirs])
    east, north = metres_per_unit(
        crs, *shapely.get_coordinates(shapely.centroid(ours)).T.astype(np.float64)
    )
    factors = np.stack([east, north], axis=1)
    xy, owner = shapely.get_coordinates(both, return_index=True)
    lines = shapely.boundary(shapely.set_coordinates(both.copy(), xy * factors[owner % len(ours)]))
    a, b = lines[: len(ours)], lines[len(ours) :]
    return (_mean_distance(a, b) + _mean_distance(b, a)) / 2


def _mean_distance(lines: Shapes, others: Shapes) -> Floats:
    xy, owner = shapely.get_coordinates(
        shapely.segmentize(lines, BOUNDARY_STEP_M), return_index=True
    )
    distance = shapely.distance(shapely.points(xy), others[owner])
    return np.asarray(np.bincount(owner, weights=distance) / np.bincount(owner), np.float64)


def area_scores(
    ours: Shapes, theirs: Shapes, area: BaseGeometry, crs: CRS, *, reporter: Reporter = SILENT
) -> Confusion:
    """Confusion in m² over the analysed area.

    Where that is not known, the box around all polygons takes its place.
    """
    if area.is_empty and len(ours) + len(theirs):
        area = shapely.box(*shapely.total_bounds(np.concatenate([ours, theirs])))
    looked_at = shapely.get_parts(area)
    cells = _cells(looked_at, reporter)
    one, other = (_within(shapes, looked_at, cells, reporter) for shapes in (ours, theirs))
    a, b = (
        shapely.STRtree(other).query(one, predicate="intersects")
        if len(one) and len(other)
        else (np.zeros(0, int),) * 2
    )
    tp = sum(
        float(ground_area(shapely.intersection(one[a[i]], other[b[i]]), crs).sum())
        for i in _batches(len(a), reporter)
    )
    found, true = ground_area(one, crs).sum(), ground_area(other, crs).sum()
    total = ground_area(looked_at, crs).sum()
    return Confusion(
        *(round(max(0.0, float(v))) for v in (tp, found - tp, true - tp, total - found - true + tp))
    )


def _within(shapes: Shapes, area: Shapes, cells: Shapes, reporter: Reporter) -> Shapes:
    """Disjoint polygons of the union of shapes, cut at the area.

    Args:
        shapes: Polygons, which may overlap.
        area: Disjoint polygons; they may have very many vertices, one for each pixel at the rim of
            a cloud.
        cells: The same area in pieces of few vertices. Only what reaches over the area's rim is
            cut, and with these.
        reporter: Asked whether to go on.

    Returns:
        Polygons that together cover what shapes and area have in common.
    """
    parts = shapely.get_parts(shapely.union_all(shapes)) if len(shapes) else np.zeros(0, np.object_)
    if not len(parts):
        return np.zeros(0, np.object_)
    shapely.prepare(area)
    whole = np.zeros(len(parts), np.bool_)
    one, other = shapely.STRtree(area).query(parts)
    for batch in _batches(len(one), reporter):
        inside = shapely.contains_properly(area[other[batch]], parts[one[batch]])
        whole[one[batch][inside]] = True
    pieces, rest = [parts[whole]], parts[~whole]
    tree = shapely.STRtree(cells)
    for batch in _batches(len(rest), reporter):
        one, other = tree.query(rest[batch], predicate="intersects")
        cut = shapely.intersection(rest[batch][one], cells[other])
        pieces.append(cut[shapely.area(cut) > 0])
    return np.concatenate(pieces)


def _cells(area: Shapes, reporter: Reporter) -> Shapes:
    """Cut polygons in halves until each has few vertices.

    At most :data:`CELL_VERTICES`.

    At most :data:`MOST_HALVINGS` times.
    """
    done: list[Shapes] = []
    for _ in range(MOST_HALVINGS):
        reporter.check()
        large = shapely.get_num_coordinates(area) > CELL_VERTICES
        done.append(area[~large])
        left, bottom, right, top = shapely.bounds(area[large]).T
        wide = right - left > top - bottom
        x, y = (left + right) / 2, (bottom + top) / 2
        lower = shapely.box(left, bottom, np.where(wide, x, right), np.where(wide, top, y))
        upper = shapely.box(np.where(wide, x, left), np.where(wide, bottom, y), right, top)
        parts = shapely.get_parts(
            shapely.intersection(np.tile(area[large], 2), np.concatenate([lower, upper]))
        )
        area = shapely.get_parts(parts)
        area = area[shapely.area(area) > 0]  # what only touches a half leaves points and lines
    return np.concatenate([*done, area])


def _batches(count: int, reporter: Reporter) -> Iterator[slice]:
    """Slices of a long array; between them a request to cancel is noticed."""
    for start in range(0, count, BATCH):
        reporter.check()
        yield slice(start, start + BATCH)
