"""Water: worked examples, limits of the curves, and radiation against the examples of FAO-56."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.science import water
from tianren.science.grading import counted_value, negative, not_below_zero

rain = st.floats(0.0, 5000.0)
demand = st.floats(0.0, 3000.0)
plants = st.floats(0.05, 3.0)


def test_water_balance_of_three_areas() -> None:
    # W1: depth 1200, 900, 400 mm on 2, 1, 1 km2
    cases = [(1200, 0.0302, 700, 2), (900, 0.0478, 650, 1), (400, 0.1827, 450, 1)]
    volumes = [water.water_volume(water.water_retention(p, a, e), area) for p, a, e, area in cases]
    assert volumes == pytest.approx([927_520.0, 206_980.0, -123_080.0])
    assert sum(volumes) == pytest.approx(1_011_420.0)
    assert sum(not_below_zero(v) for v in volumes) == pytest.approx(1_134_500.0)
    assert sum(negative(v) for v in volumes) == 1


def test_index_method() -> None:
    # W15
    assert water.infiltration_factor(9.0) == pytest.approx(9 / 13)
    assert water.water_index(0.7, 9 / 13, 0.6, 0.3) == pytest.approx(0.203538, abs=1e-6)
    assert math.isnan(water.infiltration_factor(14.0))


def test_extraterrestrial_radiation_of_the_fao_example() -> None:
    # FAO-56 example 8: 20 degrees south on 3 September, Ra = 32.2 MJ/(m2 d); example 9: N = 11.7 h
    assert water.extraterrestrial_radiation(-20.0, 246.0) == pytest.approx(32.2, abs=0.05)
    assert water.day_length(-20.0, 246.0) == pytest.approx(11.7, abs=0.05)


def test_polar_night_and_polar_day() -> None:
    assert water.day_length(80.0, 355.0) == 0.0
    assert water.extraterrestrial_radiation(80.0, 355.0) == 0.0
    assert water.day_length(80.0, 172.0) == 24.0


@given(st.floats(-90, 90), st.floats(1, 365))
def test_day_length_mirrors_across_the_equator(latitude: float, day: float) -> None:
    both = water.day_length(latitude, day) + water.day_length(-latitude, day)
    assert both == pytest.approx(24.0, abs=1e-6)


def test_thornthwaite_where_every_month_is_alike() -> None:
    # T = 20 all year: I = 12 (20/5)^1.514 = 97.8664; a by the cubic; N = 12 h on the equator
    index = 12 * 4**1.514
    a = 6.75e-7 * index**3 - 7.71e-5 * index**2 + 1.792e-2 * index + 0.49239
    expected = 16 * (31 / 30) * (200 / index) ** a
    monthly = water.thornthwaite(np.full((12, 1), 20.0), np.array([0.0]))
    assert monthly[0, 0] == pytest.approx(expected, rel=1e-3)
    assert monthly[1, 0] / monthly[0, 0] == pytest.approx(28.25 / 31, rel=1e-3)


def test_thornthwaite_in_frost_is_zero_and_above_the_limit_follows_willmott() -> None:
    frost = water.thornthwaite(np.full((12, 1), -3.0), np.array([45.0]))
    assert (frost == 0).all()
    hot = water.thornthwaite_month(30.0, 150.0, 12.0, 30.0)
    assert hot == pytest.approx(-415.85 + 32.24 * 30 - 0.43 * 900)


def test_thornthwaite_takes_one_latitude_a_row() -> None:
    temperature = np.random.default_rng(1).uniform(-5, 30, (12, 4, 3))
    rows = np.array([60.0, 30.0, 0.0, -30.0])
    together = water.thornthwaite(temperature, rows[:, None])
    for r, latitude in enumerate(rows):
        alone = water.thornthwaite(temperature[:, r], np.full(3, latitude))
        assert np.array_equal(together[:, r], alone)


def test_twelve_months_are_needed() -> None:
    with pytest.raises(ValueError, match="twelve"):
        water.heat_index(np.zeros((11, 2)))


def test_hargreaves_by_hand() -> None:
    # 0.0023 * (0.408 * 40) * (20 + 17.8) * sqrt(16) = 5.675
    assert water.hargreaves_samani_day(20.0, 16.0, 40.0) == pytest.approx(5.6755, abs=1e-3)
    year = water.hargreaves_samani(np.full((12, 2), 20.0), np.full((12, 2), 16.0), 0.0)
    assert year.shape == (12, 2)
    assert 1500 < year[:, 0].sum() < 2200


def test_zhang_by_hand() -> None:
    # P = 1000, PET = 1000, w = 2: phi = 1, ET/P = 3/4
    assert water.zhang(1000.0, 1000.0, 2.0) == pytest.approx(750.0)
    assert water.fu(1000.0, 1000.0, 2.0) == pytest.approx(1000 * (2 - math.sqrt(2)))


def test_zhang_exceeds_the_energy_for_forest_below_half() -> None:
    # phi = 0.4, w = 2: 1.8 / 4.3 = 0.4186 of P, above the PET of 0.4 P
    assert water.zhang(1000.0, 400.0, 2.0) > 400.0
    assert water.actual_evapotranspiration(1000.0, 400.0, 2.0, 0.0) == 400.0
    assert water.et_clipped(1000.0, 400.0, 2.0, 0.0) == 1.0
    assert water.et_clipped(1000.0, 600.0, 2.0, 0.0) == 0.0


def test_open_water_evaporates_all_it_can() -> None:
    assert water.actual_evapotranspiration(800.0, 600.0, 0.0, 1.0) == 600.0
    assert water.actual_evapotranspiration(500.0, 600.0, 0.0, 1.0) == 500.0
    assert water.et_clipped(800.0, 600.0, 0.0, 1.0) == 0.0


@given(rain, demand, plants)
def test_evapotranspiration_keeps_within_water_and_energy(p: float, e0: float, w: float) -> None:
    et = water.actual_evapotranspiration(p, e0, w, 0.0)
    assert 0.0 <= et <= e0
    assert et <= p * (1 + 1e-12) + 1e-300
    assert (et == 0.0) == (p == 0.0 or e0 == 0.0) or et < 1e-300


@given(rain, demand, st.floats(1.5, 5.0))
def test_fu_keeps_within_water_and_energy(p: float, e0: float, omega: float) -> None:
    et = water.fu(p, e0, omega)
    assert -1e-9 * (p + e0) <= et <= min(p, e0) * (1 + 1e-9) + 1e-9


@given(rain, demand, plants, st.floats(0, 1000))
def test_more_demand_never_evaporates_less(p: float, e0: float, w: float, more: float) -> None:
    less = water.actual_evapotranspiration(p, e0, w, 0.0)
    nothing = 1e-300  # mm: numbers below the normal ones have fewer digits
    assert water.actual_evapotranspiration(p, e0 + more, w, 0.0) >= less * (1 - 1e-12) - nothing


def test_uncounted_and_negative_cells_put_nothing_in_the_total() -> None:
    assert counted_value(5.0, 1.0) == 5.0
    assert counted_value(5.0, 0.0) == 0.0
    assert counted_value(-5.0, 1.0) == 0.0
    assert math.isnan(counted_value(math.nan, 0.0))
