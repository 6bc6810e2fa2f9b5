"""RUSLE: the worked example factor by factor, tables, and what must be true of each factor."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.parameters import all_parameters
from tianren.science import soil_erosion as soil

CN_RUSLE = (5.14, 10.20, 28.81)
angle = st.floats(0.0, 80.0)
share = st.floats(0.0, 1.0)


def test_worked_example() -> None:
    # W3: sand 40, silt 40, clay 20, OC 1.5 %; 100 m at 15 degrees; cover 60 %; R 3000
    assert soil.erodibility_epic(40.0, 40.0, 20.0, 1.5) == pytest.approx(0.260440, abs=1e-6)
    k = soil.erodibility(40.0, 40.0, 20.0, 1.5)
    m = soil.length_exponent(15.0)
    long, steep = soil.length_factor(100.0, 15.0, 300.0), soil.steepness_factor(15.0, *CN_RUSLE)
    c = soil.cover_factor(0.60)
    assert k == pytest.approx(0.01586876, abs=1e-8)
    assert m == pytest.approx(0.646789, abs=1e-6)
    assert long == pytest.approx(2.652523, abs=1e-6)
    assert soil.steepness_factor(3.0, *CN_RUSLE) == pytest.approx(0.595228, abs=1e-6)
    assert soil.steepness_factor(8.0, *CN_RUSLE) == pytest.approx(1.838108, abs=1e-6)
    assert steep == pytest.approx(4.710725, abs=1e-6)
    assert soil.steepness_factor(30.0, *CN_RUSLE) == 9.5988
    assert c == pytest.approx(0.039827, abs=1e-6)
    potential = soil.soil_loss(3000.0, k, long, steep, 1.0, 1.0)
    actual = soil.soil_loss(3000.0, k, long, steep, c, 1.0)
    kept = soil.soil_retention(3000.0, k, long, steep, c)
    assert potential == pytest.approx(594.8551, abs=1e-3)
    assert actual == pytest.approx(23.6914, abs=1e-3)
    assert kept == pytest.approx(571.1637, abs=1e-3)
    assert kept == pytest.approx(potential - actual)


def test_erosivity_from_monthly_rain() -> None:
    # W3b
    months = np.array([5, 8, 20, 35, 60, 90, 150, 140, 80, 40, 15, 7], dtype=float)
    assert float(soil.fournier_index(months)) == pytest.approx(98.135385, abs=1e-6)
    r = soil.erosivity_monthly(months.reshape(12, 1))
    assert r[0] == pytest.approx(1730.8079, abs=1e-3)


def test_erosivity_of_a_series_is_not_below_that_of_its_normals() -> None:
    rng = np.random.default_rng(3)
    series = rng.gamma(1.0, 60.0, (9, 12, 50))
    from_series = soil.erosivity_series(series)
    assert from_series.shape == (50,)
    assert (from_series >= soil.erosivity_monthly(series.mean(axis=0)) - 1e-9).all()
    twelve_years = rng.gamma(1.0, 60.0, (12, 12, 3))  # years are never taken for months
    by_year = np.mean([soil.fournier_index(y) for y in twelve_years], axis=0)
    assert soil.erosivity_series(twelve_years) == pytest.approx(0.1833 * by_year**1.9957)


def test_erosivity_without_rain_is_zero_and_missing_stays_missing() -> None:
    dry = soil.erosivity_monthly(np.zeros((12, 2)))
    assert (dry == 0).all()
    assert np.isnan(soil.erosivity_monthly(np.full((12, 2), np.nan))).all()


def test_annual_erosivity_overestimates_even_rain() -> None:
    # 1050 mm/a gives 5333 by the annual formula, 1377 from even months
    assert soil.erosivity_from_annual(1050.0) == pytest.approx(5333, abs=1)
    even = soil.erosivity_monthly(np.full((12, 1), 1050 / 12))
    assert even[0] == pytest.approx(1377, abs=1)


def test_daily_erosivity_by_hand() -> None:
    # one warm day of 50 mm and one cold of 20 mm in two years; 11.9 mm is below the threshold
    rain = np.array([[50.0], [20.0], [11.9]])
    r = soil.erosivity_daily(rain, [7, 12, 7], years=2, threshold=12.0)
    assert r[0] == pytest.approx((0.3937 * 50**1.7265 + 0.3101 * 20**1.7265) / 2)


def test_erodibility_has_a_floor_that_is_reported() -> None:
    # sand with much humus and hardly any silt: K_EPIC below 0.0268
    assert soil.erodibility_epic(95.0, 0.1, 4.9, 8.0) < 0.01383 / 0.51575
    assert soil.erodibility(95.0, 0.1, 4.9, 8.0) == 0.0
    assert soil.erodibility_floored(95.0, 0.1, 4.9, 8.0) == 1.0
    assert soil.erodibility_floored(40.0, 40.0, 20.0, 1.5) == 0.0
    assert soil.erodibility_epic(100.0, 0.0, 0.0, 0.0) == 0.0


def test_textures_that_do_not_add_up_are_marked() -> None:
    assert soil.texture_not_closed(40.0, 40.0, 20.0) == 0.0
    assert soil.texture_not_closed(40.0, 40.0, 30.0) == 1.0


@pytest.mark.parametrize(
    ("sand", "silt", "clay", "expected"),
    [
        (20, 10, 70, 1), (5, 50, 45, 2), (30, 20, 50, 3), (10, 56, 34, 4), (33, 33, 34, 5),
        (5, 88, 7, 6), (20, 65, 15, 7), (52, 6, 42, 8), (40, 40, 20, 9), (60, 13, 27, 10),
        (65, 25, 10, 11), (82, 12, 6, 12), (92, 5, 3, 13),
    ],
)  # fmt: skip
def test_texture_triangle(sand: float, silt: float, clay: float, expected: float) -> None:
    # a point well inside each class of the USDA triangle
    assert soil.texture_class(sand, silt, clay) == expected


@given(angle)
def test_length_exponent_stays_below_one(slope: float) -> None:
    assert 0.0 <= soil.length_exponent(slope) < 1.0


@given(angle, st.floats(1, 300), st.floats(0, 300))
def test_longer_slopes_never_erode_less(slope: float, length: float, more: float) -> None:
    shorter = soil.length_factor(length, slope, 300.0)
    assert soil.length_factor(length + more, slope, 300.0) >= shorter * (1 - 1e-12)


def test_slope_length_is_held_at_the_cap_and_marked() -> None:
    held = soil.length_factor(900.0, 10.0, 300.0)
    assert held == soil.length_factor(300.0, 10.0, 300.0)
    assert soil.slope_length_capped(900.0, 300.0) == 1.0
    assert soil.slope_length_capped(300.0, 300.0) == 0.0


def test_grid_length_of_a_headwater_cell() -> None:
    # no inflow, aspect along the grid: L = (D / 22.13)^m
    m = soil.length_exponent(12.0)
    found = soil.length_factor_grid(0.0, 30.0, 12.0, 0.0, 300.0)
    assert found == pytest.approx((30.0 / 22.13) ** m)


def test_grid_length_is_the_mean_of_the_slope_it_covers() -> None:
    # Desmet & Govers by another route: point values (m + 1) (A / (22.13 D))^m averaged over a cell
    cell, inflow, slope = 30.0, 4500.0, 9.0
    m = soil.length_exponent(slope)
    lengths = (inflow + cell * np.linspace(0, cell, 200_001)) / cell
    by_points = np.mean((m + 1.0) * (lengths / 22.13) ** m)
    found = soil.length_factor_grid(inflow, cell, slope, 0.0, 300.0)
    assert found == pytest.approx(by_points, rel=1e-6)


def test_break_sets_differ_where_they_say() -> None:
    sets = {s.set: s.value for s in all_parameters()["soil.slope_breaks"].history}
    at_twelve = {
        name: soil.steepness_factor(12.0, b["moderate"], b["steep"], b["flat_top"])
        for name, b in sets.items()
        if not isinstance(b, str | float | int)
    }
    liu, mccool = 21.91 * math.sin(math.radians(12)) - 0.96, 16.8 * math.sin(math.radians(12)) - 0.5
    assert at_twelve == pytest.approx({"CN-RUSLE": liu, "CSLE": liu, "ZOU19": mccool})


def test_break_angles_are_slope_percents() -> None:
    assert math.degrees(math.atan(0.09)) == pytest.approx(5.14, abs=0.005)
    assert math.degrees(math.atan(0.18)) == pytest.approx(10.20, abs=0.005)
    assert math.degrees(math.atan(0.25)) == pytest.approx(14.0362, abs=1e-4)
    assert math.degrees(math.atan(0.55)) == pytest.approx(28.81, abs=0.005)


@given(share, share)
def test_more_cover_never_erodes_more(a: float, b: float) -> None:
    thin, dense = min(a, b), max(a, b)
    assert 0.0 <= soil.cover_factor(dense) <= soil.cover_factor(thin) <= 1.0
    assert 0.0 <= soil.dryland_cover_factor(dense) <= soil.dryland_cover_factor(thin) <= 1.0


def test_dryland_cover_factor() -> None:
    # c1 = 0.6 gives 0.353; above 1 below 5 % cover
    assert soil.dryland_cover_factor(0.6) == pytest.approx(0.353, abs=5e-4)
    assert soil.dryland_cover_factor(0.04) == 1.0
    assert soil.dryland_cover_clipped(0.04) == 1.0
    assert soil.dryland_cover_clipped(0.06) == 0.0


def test_cover_fraction_from_ndvi() -> None:
    assert soil.cover_fraction(0.4, 0.1, 0.7) == pytest.approx(0.5)
    assert soil.cover_fraction(-0.2, 0.1, 0.7) == 0.0
    assert soil.cover_fraction(0.9, 0.1, 0.7) == 1.0
    assert math.isnan(soil.cover_fraction(0.4, 0.5, 0.5))


def test_cover_factor_by_type() -> None:
    forest = [0.10, 0.08, 0.06, 0.02, 0.004, 0.001]
    rows = np.array([forest, [np.nan] * 6])  # the second type is rain-fed cropland
    types = np.array([0, 0, 0, 1, -1, 0])
    cover = np.array([0.05, 0.3, 0.95, 0.6, 0.5, np.nan])
    found = soil.cover_factor_by_type(rows, types, cover)
    assert found[:4] == pytest.approx([0.10, 0.06, 0.001, soil.dryland_cover_factor(0.6)])
    assert np.isnan(found[4:]).all()


def test_rule_method() -> None:
    limits = (25.0, 0.8, 15.0, 0.6)
    assert soil.soil_rule(26.0, 0.85, 1.0, *limits) == 5.0
    assert soil.soil_rule(26.0, 0.85, 0.0, *limits) == 3.0
    assert soil.soil_rule(16.0, 0.85, 1.0, *limits) == 3.0
    assert soil.soil_rule(16.0, 0.5, 1.0, *limits) == 1.0


def test_index_method() -> None:
    # W15
    assert soil.soil_index(0.7, 0.4, 0.3) == pytest.approx(0.294)


@given(st.floats(0, 100), st.floats(0, 1))
def test_every_texture_has_a_class(sand: float, part: float) -> None:
    silt = (100.0 - sand) * part
    assert 1.0 <= soil.texture_class(sand, silt, 100.0 - sand - silt) <= 13.0
