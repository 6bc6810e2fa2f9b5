"""Extent of occurrence and area of occupancy: what must hold, and cases by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.geo.occurrence import area_of_occupancy, extent_of_occurrence, occurrence

PLACE = st.tuples(st.integers(-20_000, 20_000), st.integers(-20_000, 20_000))
PLACES = st.lists(PLACE, min_size=1, max_size=30)
CELL, SHIFTS = 2000.0, 4


def xy(places: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    array = np.array(places, dtype=float).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def test_a_square_and_a_line() -> None:
    square = xy([(0, 0), (10_000, 0), (10_000, 10_000), (0, 10_000), (5_000, 5_000)])
    assert extent_of_occurrence(*square) == pytest.approx(1e8)
    assert area_of_occupancy(*square, CELL, SHIFTS) == 5 * 4e6
    line = xy([(0, 0), (1000, 1000), (1900, 1900)])
    assert extent_of_occurrence(*line) == 0
    assert occurrence(*line, CELL, SHIFTS) == (4e6, 4e6)


def test_two_places_either_side_of_a_cells_edge_are_one_cell() -> None:
    assert area_of_occupancy(*xy([(-10, 0), (10, 0)]), CELL, SHIFTS) == 4e6
    assert area_of_occupancy(*xy([(-10, 0), (10, 0)]), CELL, 1) == 8e6


@given(PLACES)
def test_bounds_and_repeated_places(places: list[tuple[int, int]]) -> None:
    aoo = area_of_occupancy(*xy(places), CELL, SHIFTS)
    assert 4e6 <= aoo <= 4e6 * len(set(places))
    assert area_of_occupancy(*xy(places * 2), CELL, SHIFTS) == aoo
    assert area_of_occupancy(*xy(places[::-1]), CELL, SHIFTS) == aoo
    assert extent_of_occurrence(*xy(places * 2)) == pytest.approx(extent_of_occurrence(*xy(places)))


@given(PLACES, PLACE)
def test_one_more_place_never_makes_either_smaller(
    places: list[tuple[int, int]], more: tuple[int, int]
) -> None:
    before, after = xy(places), xy([*places, more])
    assert area_of_occupancy(*after, CELL, SHIFTS) >= area_of_occupancy(*before, CELL, SHIFTS)
    assert extent_of_occurrence(*after) >= extent_of_occurrence(*before) * (1 - 1e-12)


@given(PLACES, st.integers(-50, 50), st.integers(-50, 50))
def test_moving_everything_by_a_quarter_cell_changes_nothing(
    places: list[tuple[int, int]], east: int, north: int
) -> None:
    x, y = xy(places)
    moved = area_of_occupancy(x + 500.0 * east, y + 500.0 * north, CELL, SHIFTS)
    assert moved == area_of_occupancy(x, y, CELL, SHIFTS)


@given(PLACES)
def test_the_extent_is_never_below_the_occupancy(places: list[tuple[int, int]]) -> None:
    eoo, aoo = occurrence(*xy(places), CELL, SHIFTS)
    assert eoo >= aoo > 0


def test_nothing_occupies_nothing() -> None:
    assert occurrence(*xy([]), CELL, SHIFTS) == (0.0, 0.0)
