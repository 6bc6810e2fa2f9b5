"""Broken polygons put right: nothing is filled, no land is lost, bays stay open."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.geo.repair import polygonal, repaired


def test_parts_that_overlap_are_land_once() -> None:
    a, b = shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3)
    assert repaired(shapely.MultiPolygon([a, b])).area == 7  # even-odd over both would leave 6


def test_a_bay_between_the_arms_of_a_ring_stays_open() -> None:
    # A horseshoe whose arms cross at their tips: the bay is enclosed but is not the polygon's.
    ring = [(0, 0), (10, 0), (10, 10), (4, 10), (4, 8), (8, 8), (8, 2), (2, 2), (2, 8), (6, 8),
            (6, 10), (0, 10)]  # fmt: skip
    shape = shapely.Polygon(ring)
    assert not shape.is_valid
    right = repaired(shape)
    assert not right.contains(shapely.Point(5, 5)) and right.contains(shapely.Point(1, 5))
    assert right.area == 10 * 10 - 6 * 6 - 2 * 2 - 2 * 2 + 2 * 2


def test_lines_drawn_forth_and_back_round_a_bay_do_not_fill_it() -> None:
    ring = [(0, 0), (4, 0), (0, 0), (0, 1), (4, 0), (0, 1)]
    assert repaired(shapely.Polygon(ring)).is_empty


def test_a_hole_beyond_its_shell_is_no_land() -> None:
    holes = [[(8, 4), (14, 4), (14, 6), (8, 6)], [(20, 0), (21, 0), (21, 1)]]
    shape = shapely.Polygon(shapely.box(0, 0, 10, 10).exterior, holes)
    assert repaired(shape).equals(shapely.box(0, 0, 10, 10) - shapely.box(8, 4, 10, 6))


@pytest.mark.parametrize("hole", [[(2, 2), (6, 2), (6, 6), (2, 6)], [(8, 8), (12, 8), (12, 9)]])
def test_what_comes_back_is_valid_and_polygons(hole: list[tuple[int, int]]) -> None:
    shape = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)], [hole])
    right = repaired(shape)
    assert right.is_valid and right.geom_type in ("Polygon", "MultiPolygon")


def test_what_has_no_area_is_empty() -> None:
    assert repaired(shapely.Polygon([(0, 0), (1, 1), (2, 2)])).is_empty
    lines = shapely.GeometryCollection([shapely.LineString([(0, 0), (1, 1)])])
    assert polygonal(lines).is_empty


points = st.tuples(st.integers(0, 12), st.integers(0, 12))


@settings(max_examples=100, deadline=None)
@given(st.lists(points, min_size=4, max_size=9))
def test_a_place_is_inside_when_the_ring_goes_round_it_an_odd_number_of_times(ring: list) -> None:
    shape = shapely.Polygon(ring)
    right = repaired(shape)
    assert right.is_valid or right.is_empty
    places = np.random.default_rng(1).uniform(0, 12, (40, 2)) + 1e-4 * np.pi
    for x, y in places:
        point = shapely.Point(x, y)
        if shape.exterior.distance(point) > 1e-6:
            assert right.contains(point) == _odd(ring, x, y)


def _odd(ring: list[tuple[int, int]], x: float, y: float) -> bool:
    """Crossings of a ray to the right of the place, counted by hand."""
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside
