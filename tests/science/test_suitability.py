"""Levels of suitability: worked examples, thresholds, and what must hold for any value."""

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.parameters import all_parameters
from tianren.science import suitability

SLOPE = (2.0, 6.0, 15.0, 25.0)
RAIN = (1200.0, 800.0, 400.0, 200.0)
amounts = st.floats(0, 3000, allow_nan=False)
levels = st.integers(1, 5)


@pytest.mark.parametrize(
    ("slope", "level"), [(0, 5), (2, 5), (2.01, 4), (6, 4), (15, 3), (25, 2), (25.1, 1)]
)
def test_gentle_slopes_are_best_and_a_threshold_belongs_to_the_better_level(
    slope: float, level: float
) -> None:
    assert suitability.falling_level(slope, *SLOPE) == level


@pytest.mark.parametrize(
    ("rain", "level"), [(1500, 5), (1200, 5), (1199, 4), (400, 3), (200, 2), (199, 1)]
)
def test_rain_is_good_from_its_threshold_on(rain: float, level: float) -> None:
    assert suitability.rising_level(rain, *RAIN) == level


@given(amounts, amounts)
def test_more_rain_is_never_worse_and_more_slope_never_better(a: float, b: float) -> None:
    less, more = sorted((a, b))
    assert suitability.rising_level(less, *RAIN) <= suitability.rising_level(more, *RAIN)
    assert suitability.falling_level(less, *SLOPE) >= suitability.falling_level(more, *SLOPE)


def test_the_index_of_temperature_and_humidity_of_the_worked_example() -> None:
    # 77 degF and a humidity of 0.6 (science.md, W15).
    assert suitability.temperature_humidity_index(25.0, 0.6) == pytest.approx(72.82, abs=1e-9)


def test_comfort_falls_away_from_its_best_range() -> None:
    found = [suitability.comfort_level(thi, 60, 65, 10) for thi in (40, 50, 59.9, 62, 66, 75.1, 99)]
    assert found == [3.0, 4.0, 4.0, 5.0, 4.0, 3.0, 1.0]


def test_the_most_frequent_month_decides_comfort_and_the_lower_of_equals() -> None:
    comfortable, hot = 16.7, 43.0
    temperature = np.array([comfortable] * 6 + [hot] * 6)[:, None]
    humidity = np.full((12, 1), 0.5)
    found = suitability.comfort_of_year(temperature, humidity, 60, 65, 10)
    of_hot = suitability.comfort_level(suitability.temperature_humidity_index(hot, 0.5), 60, 65, 10)
    assert found.tolist() == [of_hot]
    temperature[0] = np.nan
    assert math.isnan(suitability.comfort_of_year(temperature, humidity, 60, 65, 10)[0])


def test_relief_and_height_cost_levels() -> None:
    assert suitability.lowered_by_relief(5, 100, 100, 200) == 5
    assert suitability.lowered_by_relief(5, 101, 100, 200) == 4
    assert suitability.lowered_by_relief(5, 201, 100, 200) == 3
    assert suitability.lowered_by_relief(1, 201, 100, 200) == 1
    assert suitability.lowered(4, 3500, 5000, 3500) == 3
    assert suitability.lowered(4, 5000, 5000, 3500) == 1
    assert suitability.lowered(4, 3499, 5000, 3500) == 4


def test_a_square_kilometre_of_a_metre_of_water_yields_a_hundred_times_ten_thousand_m3() -> None:
    assert suitability.water_modulus(1500, 500) == 100
    assert suitability.water_modulus(500, 900) == 0


def test_warmth_counts_months_at_or_above_zero() -> None:
    months = np.array([-10.0, 0.0, 10.0, 20.0])[:, None]
    assert suitability.warmth_above_zero(months, (31, 28, 31, 30)).tolist() == [910.0]


@pytest.mark.parametrize("name", ["suitability.farm_matrix", "suitability.town_matrix"])
def test_a_shipped_matrix_is_whole_and_never_better_for_less(name: str) -> None:
    (setting,) = all_parameters()[name].history
    assert isinstance(setting.value, Mapping)
    matrix = suitability.matrix_of(setting.value)
    assert not np.isnan(matrix).any()
    assert not setting.verified
    assert (np.diff(matrix, axis=0) >= 0).all()
    assert (np.diff(matrix, axis=1) >= 0).all()


@given(st.lists(st.tuples(levels, levels, levels), min_size=1, max_size=20))
def test_the_minimum_rule_is_the_minimum(cells: list[tuple[int, int, int]]) -> None:
    arrays = [np.array(column, dtype=float) for column in zip(*cells, strict=True)]
    assert suitability.by_minimum(arrays).tolist() == [min(cell) for cell in cells]


@given(levels, levels)
def test_the_matrix_is_looked_up_by_water_and_land(water: int, land: int) -> None:
    matrix = np.arange(25.0).reshape(5, 5)
    found = suitability.by_matrix(np.array([float(water)]), np.array([float(land)]), matrix)
    assert found[0] == matrix[water - 1, land - 1]


def test_what_is_missing_stays_missing() -> None:
    gap, five = np.array([np.nan]), np.array([5.0])
    assert np.isnan(suitability.by_minimum([five, gap]))
    assert np.isnan(suitability.by_matrix(gap, five, np.ones((5, 5))))
    assert np.isnan(suitability.by_matrix(five, gap, np.ones((5, 5))))


def test_the_shortest_stave_decides_capacity() -> None:
    assert suitability.capacity(100.0, 30.0, 0.5) == 60.0
    assert suitability.capacity(50.0, 30.0, 0.5) == 50.0
    assert suitability.overload(90.0, 60.0) == 1.5
    assert suitability.overload(0.0, 0.0) == 0.0
    assert suitability.overload(1.0, 0.0) == math.inf
