"""Shapes and boxes across the 180th meridian."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, Polygon, box

from engine.dateline import box_around, cut, joined, nearest_turn, shifted

WIDTH = st.floats(0.01, 20)
PLACE = st.floats(-180, 180)


def array(*shapes: object) -> np.ndarray:
    return np.array(shapes, dtype=object)


def halves(left: float, right: float) -> MultiPolygon:
    """A box from ``left`` to ``right`` (beyond 180) as formats write it: cut at the date line."""
    return MultiPolygon([box(left, 0, 180, 1), box(-180, 0, right - 360, 1)])


def test_two_pieces_become_one_and_are_cut_again() -> None:
    whole = joined(array(halves(179, 182)))[0]
    assert whole.geom_type == "Polygon"
    assert whole.bounds == (179, 0, 182, 1)
    back = cut(array(whole))[0]
    assert back.equals(halves(179, 182))


def test_vertices_on_both_sides_are_one_outline() -> None:
    """As a polygon in UTM comes out of a transformation to degrees."""
    torn = Polygon([(179.5, 0), (-179.5, 0), (-179.5, 1), (179.5, 1)])
    whole = joined(array(torn))[0]
    assert whole.bounds == (179.5, 0, 180.5, 1)
    assert cut(array(torn))[0].area == 1.0
    assert cut(array(torn))[0].equals(halves(179.5, 180.5))


def test_what_does_not_cross_stays_as_it_is() -> None:
    globe = shapely.segmentize(box(-170, -60, 170, 60), 30)
    shapes = array(box(10, 0, 12, 1), box(-180, 0, -179, 1), globe, Point(3, 4))
    for function in (joined, cut):
        for before, after in zip(shapes, function(shapes), strict=True):
            assert shapely.equals_exact(before, after)


@given(left=PLACE, width=WIDTH)
def test_cutting_keeps_the_area_and_stays_on_the_globe(left: float, width: float) -> None:
    shape = box(left, -5, left + width, 5)
    pieces = cut(array(shape))[0]
    assert abs(pieces.area - shape.area) < 1e-9 * max(1, shape.area)
    west, _, east, _ = pieces.bounds
    assert -180 <= west <= east <= 180


@given(lefts=st.lists(st.floats(0, 15), min_size=1, max_size=5), start=PLACE, width=WIDTH)
def test_the_box_is_the_shortest_way_round(lefts: list[float], start: float, width: float) -> None:
    """Boxes within 35 degrees of each other, wherever on the globe they lie."""
    true = np.array([[start + one, 0, start + one + width, 1] for one in lefts])
    west = (true[:, 0] + 180) % 360 - 180
    written = np.column_stack([west, true[:, 1], west + width, true[:, 3]])
    left, bottom, right, top = box_around(written)
    expected = true[:, 2].max() - true[:, 0].min()
    assert abs((right - left) - expected) < 1e-9
    assert (bottom, top) == (0, 1)
    for box_left, _, box_right, _ in written:
        move = nearest_turn(box_left, box_right, left, right, 360)
        assert left - 1e-9 <= box_left + move
        assert box_right + move <= right + 1e-9


def test_planes_do_not_close() -> None:
    assert box_around(np.array([[-400.0, 0, -390, 1], [500, 0, 510, 1]]), 0.0) == (-400, 0, 510, 1)
    assert nearest_turn(-400, -390, 500, 510, 0.0) == 0.0


def test_shapes_are_moved_eastward() -> None:
    assert shifted(Point(-179, 3), 360).equals(Point(181, 3))
