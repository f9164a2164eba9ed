"""How two sets of polygons overlap: shares, pairs, common area, outlines.

Everything is done in batches, and only what needs it is overlaid: polygons of one set that have no
ground in common are never put together, and those inside the analysed area are never cut. So time
grows with the number of polygons, and memory hardly beyond them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from engine.evaluation.scores import Confusion
from engine.events import SILENT, Reporter
from engine.ground import metres_per_unit
from engine.inventory.shape import ground_area

Floats = NDArray[np.float64]
Indexes = NDArray[np.int64]
Shapes = NDArray[np.object_]
Pairs = tuple[Indexes, Indexes, Floats]

BOUNDARY_STEP_M = 5.0
CELL_VERTICES = 512
"""An overlay takes as long as the larger polygon has vertices."""
MOST_CUTS = 20
"""A million pieces along each side; more vertices than :data:`CELL_VERTICES` then lie in one
point."""
BATCH = 500
"""Overlays between two looks at whether to go on: under a second."""


@dataclass(frozen=True)
class Side:
    """The polygons of one inventory.

    Attributes:
        shapes: Valid polygons.
        area_m2: Their areas on the ground.
        factor: Square metres on the ground of a square unit of the CRS, at each polygon.
        disjoint: The same ground as polygons that have none in common: unions of those that
            overlap, all others as they are.
        member: Of which of these each polygon is part.
        alone: Which polygons overlap no other of this side.
    """

    shapes: Shapes
    area_m2: Floats
    factor: Floats
    disjoint: Shapes
    member: Indexes
    alone: NDArray[np.bool_]

    @classmethod
    def of(cls, shapes: Shapes, crs: CRS, reporter: Reporter = SILENT) -> Side:
        """Measure polygons and find those that have ground in common."""
        one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
        one, other = one[one < other], other[one < other]
        area, flat = ground_area(shapes, crs), shapely.area(shapes)
        factor = np.divide(area, flat, out=np.ones(len(flat)), where=flat > 0)
        common = _common(shapes, shapes, one, other, factor, reporter) > 0
        links = np.ones(int(common.sum()), np.int8), (one[common], other[common])
        graph = coo_array(links, shape=(len(shapes), len(shapes)))
        _, member = connected_components(graph, directed=False)
        alone = np.asarray(np.bincount(member)[member] == 1, np.bool_)
        disjoint = np.empty(int(member.max()) + 1 if len(member) else 0, np.object_)
        disjoint[member[alone]] = shapes[alone]
        crowded = np.flatnonzero(~alone)
        crowded = crowded[np.argsort(member[crowded], kind="stable")]
        starts = np.flatnonzero(np.diff(member[crowded], prepend=-1))
        for part in np.split(crowded, starts[1:]) if len(starts) else ():
            reporter.check()
            disjoint[member[part[0]]] = shapely.union_all(shapes[part])
        return cls(shapes, area, factor, disjoint, np.asarray(member, np.int64), alone)


@dataclass(frozen=True)
class Overlaps:
    """How two sides cover each other.

    Attributes:
        ours: One side.
        theirs: The other.
        right_share: Share of each of ours that lies in theirs.
        found_share: Share of each of theirs that lies in ours.
        pairs: Numbers of ours and theirs that have ground in common, and how much, in m².
    """

    ours: Side
    theirs: Side
    right_share: Floats
    found_share: Floats
    pairs: Pairs


def overlaps(ours: Shapes, theirs: Shapes, crs: CRS, reporter: Reporter = SILENT) -> Overlaps:
    """Find how two sets of valid polygons cover each other."""
    mine, yours = Side.of(ours, crs, reporter), Side.of(theirs, crs, reporter)
    one, other = shapely.STRtree(theirs).query(ours, predicate="intersects")
    common = _common(ours, theirs, one, other, mine.factor, reporter)
    some = common > 0
    pairs = one[some], other[some], common[some]
    return Overlaps(
        mine,
        yours,
        _covered(mine, yours, pairs, reporter),
        _covered(yours, mine, (pairs[1], pairs[0], pairs[2]), reporter),
        pairs,
    )


def _common(
    ours: Shapes,
    theirs: Shapes,
    one: Indexes,
    other: Indexes,
    factor: Floats,
    reporter: Reporter,
) -> Floats:
    """Common area of pairs in m²; ``factor`` is that of each of ours."""
    out = np.zeros(len(one))
    for batch in _batches(len(one), reporter):
        out[batch] = shapely.area(shapely.intersection(ours[one[batch]], theirs[other[batch]]))
    return out * factor[one]


def _covered(side: Side, cover: Side, pairs: Pairs, reporter: Reporter) -> Floats:
    """Share of each polygon that lies in the union of those that it meets.

    Common areas add up, but for those with polygons that overlap each other.
    """
    one, other, common = pairs
    plain = cover.alone[other]
    total = np.bincount(one[plain], weights=common[plain], minlength=len(side.shapes))
    crowded = np.stack([one[~plain], cover.member[other[~plain]]])
    a, b = np.unique(crowded, axis=1) if crowded.size else crowded
    more = _common(side.shapes, cover.disjoint, a, b, side.factor, reporter)
    total = total + np.bincount(a, weights=more, minlength=len(side.shapes))
    return np.minimum(total / np.where(side.area_m2 > 0, side.area_m2, 1), 1)


def one_to_one(
    pairs: Pairs, area_ours: Floats, area_theirs: Floats, min_iou: float
) -> tuple[Indexes, Indexes, Floats]:
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


def boundary_distance(
    ours: Shapes, theirs: Shapes, crs: CRS, reporter: Reporter = SILENT
) -> Floats:
    """Mean distance between the outlines of pairs in metres, both ways.

    It is measured along points :data:`BOUNDARY_STEP_M` apart.
    """
    out = np.zeros(len(ours))
    for batch in _batches(len(ours), reporter):
        a, b = _outlines(ours[batch], theirs[batch], crs)
        out[batch] = (_mean_distance(a, b) + _mean_distance(b, a)) / 2
    return out


def _outlines(ours: Shapes, theirs: Shapes, crs: CRS) -> tuple[Shapes, Shapes]:
    """Outlines of pairs, stretched so that units are metres on the ground."""
    both = np.concatenate([ours, theirs])
    middle = shapely.get_coordinates(shapely.centroid(ours)).T.astype(np.float64)
    factors = np.stack(metres_per_unit(crs, *middle), axis=1)
    xy, owner = shapely.get_coordinates(both, return_index=True)
    lines = shapely.boundary(shapely.set_coordinates(both.copy(), xy * factors[owner % len(ours)]))
    return lines[: len(ours)], lines[len(ours) :]


def _mean_distance(lines: Shapes, others: Shapes) -> Floats:
    xy, owner = shapely.get_coordinates(
        shapely.segmentize(lines, BOUNDARY_STEP_M), return_index=True
    )
    shapely.prepare(others)
    distance = shapely.distance(others[owner], shapely.points(xy))
    return np.asarray(np.bincount(owner, weights=distance) / np.bincount(owner), np.float64)


def area_scores(
    found: Overlaps, area: BaseGeometry, crs: CRS, *, reporter: Reporter = SILENT
) -> Confusion:
    """Confusion in m² over the analysed area.

    Where that is not known, the box around all polygons takes its place.
    """
    ours, theirs = found.ours, found.theirs
    if area.is_empty and len(ours.shapes) + len(theirs.shapes):
        area = shapely.box(*shapely.total_bounds(np.concatenate([ours.shapes, theirs.shapes])))
    looked_at = shapely.get_parts(area)
    cells = _cells(looked_at, reporter)
    whole, pieces = _within(ours, cells, reporter)
    whole_theirs, pieces_theirs = _within(theirs, cells, reporter)
    common = float((found.right_share * ours.area_m2)[whole].sum())
    one, other = shapely.STRtree(theirs.disjoint).query(pieces, predicate="intersects")
    size, flat = ground_area(pieces, crs), shapely.area(pieces)
    factor = np.divide(size, flat, out=np.ones(len(flat)), where=flat > 0)
    common += float(_common(pieces, theirs.disjoint, one, other, factor, reporter).sum())
    mine = ours.area_m2[whole].sum() + size.sum()
    true = theirs.area_m2[whole_theirs].sum() + ground_area(pieces_theirs, crs).sum()
    total = ground_area(looked_at, crs).sum()
    counts = (common, mine - common, true - common, total - mine - true + common)
    return Confusion(*(round(max(0.0, float(v))) for v in counts))


def _within(side: Side, cells: Shapes, reporter: Reporter) -> tuple[NDArray[np.bool_], Shapes]:
    """What of one side lies in the analysed area.

    Args:
        side: The polygons.
        cells: The area, in disjoint pieces of few vertices.
        reporter: Asked whether to go on.

    Returns:
        Which polygons lie wholly in it and are alone, and disjoint pieces of all others.
    """
    whole = np.zeros(len(side.shapes), np.bool_)
    tree = shapely.STRtree(side.shapes)
    for batch in _batches(len(cells), reporter):
        whole[tree.query(cells[batch], predicate="covers")[1]] = True
    whole &= side.alone
    others = np.ones(len(side.disjoint), np.bool_)
    others[side.member[whole]] = False
    rest = side.disjoint[others]
    tree, pieces = shapely.STRtree(cells), []
    for batch in _batches(len(rest), reporter):
        one, other = tree.query(rest[batch], predicate="intersects")
        cut = shapely.intersection(rest[batch][one], cells[other])
        pieces.append(cut[shapely.area(cut) > 0])
    return whole, np.concatenate([*pieces, np.zeros(0, np.object_)])


def _cells(area: Shapes, reporter: Reporter) -> Shapes:
    """Cut polygons in quarters until each has few vertices.

    At most :data:`CELL_VERTICES`.

    At most :data:`MOST_CUTS` times.
    """
    area = np.concatenate([*(_latticed(part, reporter) for part in area), np.zeros(0, np.object_)])
    done: list[Shapes] = []
    for _ in range(MOST_CUTS):
        reporter.check()
        large = shapely.get_num_coordinates(area) > CELL_VERTICES
        done.append(area[~large])
        left, bottom, right, top = shapely.bounds(area[large]).T
        x, y = (left + right) / 2, (bottom + top) / 2
        quarters = [
            shapely.box(*sides)
            for sides in (
                (left, bottom, x, y),
                (x, bottom, right, y),
                (left, y, x, top),
                (x, y, right, top),
            )
        ]
        cut = shapely.intersection(np.tile(area[large], 4), np.concatenate(quarters))
        area = shapely.get_parts(shapely.get_parts(cut))
        area = area[shapely.area(area) > 0]  # what only touches a quarter leaves points and lines
    return np.concatenate([*done, area])


def _latticed(part: BaseGeometry, reporter: Reporter) -> Shapes:
    """Cut a polygon of few corners and very many holes along a lattice.

    Each cell loses the holes that it meets, so that time grows with their number; others stay.
    """
    vertices = int(shapely.get_num_coordinates(part))
    shell = shapely.polygons(shapely.get_exterior_ring(part))
    if vertices <= 4 * CELL_VERTICES or shapely.get_num_coordinates(shell) > CELL_VERTICES // 4:
        return np.array([part], np.object_)
    rings: Shapes = shapely.get_rings(part)
    holes = np.atleast_1d(np.asarray(shapely.polygons(rings[1:]), np.object_))
    side = math.ceil(math.sqrt(2 * vertices / CELL_VERTICES))
    left, bottom, right, top = part.bounds
    x, y = np.linspace(left, right, side + 1), np.linspace(bottom, top, side + 1)
    west, south = (edge.ravel() for edge in np.meshgrid(x[:-1], y[:-1]))
    east, north = (edge.ravel() for edge in np.meshgrid(x[1:], y[1:]))
    cells = shapely.intersection(shell, shapely.box(west, south, east, north))
    tree = shapely.STRtree(holes)
    for index, cell in enumerate(cells):
        reporter.check()
        met = tree.query(cell, predicate="intersects")
        if len(met):
            cells[index] = shapely.difference(cell, shapely.union_all(holes[met]))
    parts: Shapes = shapely.get_parts(shapely.get_parts(cells))
    return parts[shapely.area(parts) > 0]


def _batches(count: int, reporter: Reporter) -> Iterator[slice]:
    """Slices of a long array; between them a request to cancel is noticed."""
    for start in range(0, count, BATCH):
        reporter.check()
        yield slice(start, start + BATCH)
