"""Sensitivity: the worked example, the sides of thresholds, and all combinations by brute force."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.parameters import all_parameters
from tianren.science import sensitivity as sens
from tianren.science.grading import grade_score, highest, min_max


def table(name: str, chosen: str) -> tuple[float, float, float, float]:
    settings = all_parameters()[f"sensitivity.{name}"].history
    value = next(s.value for s in settings if s.set == chosen)
    assert not isinstance(value, str | float | int)
    return sens.thresholds(value)  # type: ignore[arg-type]


def test_worked_example() -> None:
    # W5
    assert sens.dryness(3500.0, 180.0) == pytest.approx(3.111111, abs=1e-6)
    d = sens.desertification(3.0, 5.0, 5.0, 3.0)
    s = sens.water_erosion(1.0, 3.0, 1.0, 3.0)
    rocky = sens.rocky_desertification(5.0, 5.0, 3.0)
    assert [d, s, rocky] == pytest.approx([3.872983, 1.732051, 4.217163], abs=1e-6)
    assert [grade_score(v, 2.0, 4.0) for v in (d, s, rocky)] == [3.0, 1.0, 5.0]


def test_which_combinations_are_extreme() -> None:
    # with four factors only 5555 and 5553, with three only 555 and 553
    four = {
        tuple(sorted(c)) for c in itertools.product((1.0, 3.0, 5.0), repeat=4)
        if grade_score(sens.mean_of_four(*c), 2.0, 4.0) == 5.0
    }  # fmt: skip
    three = {
        tuple(sorted(c)) for c in itertools.product((1.0, 3.0, 5.0), repeat=3)
        if grade_score(sens.mean_of_three(*c), 2.0, 4.0) == 5.0
    }  # fmt: skip
    assert four == {(5, 5, 5, 5), (3, 5, 5, 5)}
    assert three == {(5, 5, 5), (3, 5, 5)}


@pytest.mark.parametrize(
    ("score", "name", "values", "expected"),
    [
        (sens.erosivity_score, "rainfall_erosivity", [980, 981, 5886, 5887], [1, 3, 3, 5]),
        (sens.relief_score, "relief", [50, 51, 300, 301], [1, 3, 3, 5]),
        (sens.falling_score, "cover", [0.6, 0.59, 0.21, 0.2], [1, 3, 3, 5]),
        (sens.rising_score, "wind_days", [10, 11, 29, 30], [1, 3, 3, 5]),
        (sens.falling_score, "groundwater_depth", [5, 4.9, 1.1, 1], [1, 3, 3, 5]),
        (sens.rising_score, "groundwater_mineralisation", [5, 5.1, 24.9, 25], [1, 3, 3, 5]),
    ],
)  # fmt: skip
def test_a_value_on_a_threshold_falls_where_the_table_prints_it(
    score: object, name: str, values: list[float], expected: list[float]
) -> None:
    limits = table(name, "G17")
    assert [score(v, *limits) for v in values] == expected  # type: ignore[operator]


def test_tables_without_sets() -> None:
    for name, at in (("dryness", (1.5, 16.0)), ("carbonate_outcrop", (30, 70)),
                     ("karst_slope", (8, 25)), ("evaporation_ratio", (3, 15))):  # fmt: skip
        limits = table(name, "")
        assert [sens.rising_score(v, *limits) for v in at] == [1.0, 5.0], name


def test_five_level_tables_reach_nine() -> None:
    relief, cover = table("relief", "five_level"), table("cover", "five_level")
    assert [sens.relief_score(v, *relief) for v in (20, 50, 100, 300, 301)] == [1, 3, 5, 7, 9]
    assert [sens.falling_score(v, *cover) for v in (0.8, 0.7, 0.5, 0.3, 0.2)] == [1, 3, 5, 7, 9]


@given(st.floats(0, 1), st.floats(0, 1))
def test_less_cover_is_never_less_sensitive(a: float, b: float) -> None:
    limits = table("cover", "G17")
    assert sens.falling_score(min(a, b), *limits) >= sens.falling_score(max(a, b), *limits)


scores = st.sampled_from([1.0, 3.0, 5.0])


@given(scores, scores, scores, scores)
def test_a_composite_lies_between_its_factors(a: float, b: float, c: float, d: float) -> None:
    mean = sens.mean_of_four(a, b, c, d)
    assert min(a, b, c, d) - 1e-12 <= mean <= max(a, b, c, d) + 1e-12
    assert mean <= sens.worst_of_four(a, b, c, d) + 1e-12


def test_a_score_of_exactly_the_bound_is_in_the_lower_class() -> None:
    assert grade_score(2.0, 2.0, 4.0) == 1.0
    assert grade_score(4.0, 2.0, 4.0) == 3.0
    # (1*1*4*4)^(1/4) = 2 exactly in the same arithmetic as the model
    assert grade_score(sens.mean_of_four(1.0, 1.0, 4.0, 4.0), 2.0, 4.0) == 1.0


def test_dryness_without_rain_and_without_warmth() -> None:
    assert sens.dryness(3500.0, 0.0) == math.inf
    assert sens.rising_score(math.inf, *table("dryness", "")) == 5.0
    assert sens.dryness(0.0, 0.0) == 0.0
    assert math.isnan(sens.dryness(math.nan, 100.0))


def test_warm_season_counts_whole_months() -> None:
    temperature = np.array([[0.0]] * 4 + [[15.0]] * 4 + [[9.9]] * 4)
    rain = np.full((12, 1), 30.0)
    warm, fall = sens.warm_season(temperature, rain, (30.0,) * 12)
    assert warm[0] == pytest.approx(4 * 15 * 30)
    assert fall[0] == pytest.approx(120.0)
    temperature[0] = np.nan
    assert np.isnan(sens.warm_season(temperature, rain, (30.0,) * 12)[0]).all()


def test_evaporation_ratio() -> None:
    assert sens.evaporation_ratio(900.0, 300.0) == 3.0
    assert sens.evaporation_ratio(900.0, 0.0) == math.inf


def test_erosion_intensity_by_standard() -> None:
    bounds = (500.0, 2500.0, 5000.0, 8000.0, 15000.0)
    classes = [sens.intensity_class(v, *bounds) for v in (100, 1000, 3000, 6000, 9000, 20000)]
    assert classes == [1, 2, 3, 4, 5, 6]
    assert [sens.vulnerability(c) for c in classes] == [1, 1, 3, 3, 5, 5]
    assert [sens.rocky_vulnerability(c) for c in (0.0, 1.0, 2.0, 3.0, 4.0)] == [1, 1, 3, 5, 5]


def test_coastal_erosion_by_rate_and_coast_type() -> None:
    sandy, muddy = (0.5, 1.0, 2.0, 3.0), (1.0, 5.0, 10.0, 15.0)
    rates = (-2.0, 0.4, 0.7, 1.5, 2.5, 3.0)
    assert [sens.retreat_class(r, *sandy) for r in rates] == [1, 1, 2, 3, 4, 5]
    assert [sens.coastal_erosion(sens.retreat_class(r, *sandy)) for r in rates] == [
        1,
        1,
        1,
        3,
        5,
        5,
    ]
    assert [sens.retreat_class(r, *muddy) for r in rates] == [1, 1, 1, 2, 2, 2]


def test_highest_grade_wins_and_missing_loses() -> None:
    missing = -9
    stack = np.array([[1, 3, 0, missing], [5, missing, 0, missing], [3, 1, 1, missing]])
    assert highest(stack, missing).tolist() == [5, 3, 1, missing]


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_min_max_stays_within_zero_and_one(value: float, low: float, high: float) -> None:
    assert 0.0 <= min_max(value, low, high) <= 1.0
