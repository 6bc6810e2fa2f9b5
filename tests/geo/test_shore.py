"""Shores of lines: what they enclose, or where they are open and by how much."""

import numpy as np
import pytest
import shapely

from tianren.geo.shore import enclosed, gaps


def lines(*paths: list[tuple[float, float]]) -> np.ndarray:
    return np.array([shapely.LineString(path) for path in paths], dtype=object)


def test_pieces_of_a_shore_enclose_its_land_whatever_their_direction() -> None:
    shore = lines([(0, 0), (10, 0), (10, 10)], [(0, 0), (0, 10), (10, 10)])
    assert gaps(shore) == []
    (land,) = enclosed(shore)
    assert land.equals(shapely.box(0, 0, 10, 10))


def test_islands_are_land_and_a_lake_is_inland() -> None:
    ring = [(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)]
    lake = [(4, 4), (6, 4), (6, 6), (4, 6), (4, 4)]
    island = [(20, 0), (21, 0), (21, 1), (20, 0)]
    shore = lines(ring, lake, island)
    assert gaps(shore) == []
    assert sorted(shapely.area(enclosed(shore))) == pytest.approx([0.5, 100])


def test_a_shore_that_does_not_close_says_where_and_how_wide() -> None:
    shore = lines([(0, 0), (10, 0), (10, 10)], [(0, 3), (0, 10), (10, 10)])
    assert [(gap.place, gap.width) for gap in gaps(shore)] == [((0, 0), 3), ((0, 3), 3)]
    assert len(enclosed(shore)) == 0


def test_a_line_that_hangs_on_a_closed_shore_is_told_too() -> None:
    ring = [(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)]
    (gap,) = gaps(lines(ring, [(10, 5), (14, 5)]))
    assert gap.place == (14, 5) and gap.width == float("inf")
