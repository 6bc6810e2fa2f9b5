"""RWEQ: the worked example, its peak, and guards against the known faults of published code."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.science import wind_erosion as wind


def test_worked_example() -> None:
    # W4: sand 70, silt 20, clay 10, OM 1, CaCO3 2; WF 20, K' 0.9; grass at 25 % cover; z 50 m
    ef = wind.erodible_fraction(70.0, 20.0, 10.0, 1.0, 2.0)
    scf = wind.crust_factor(10.0, 1.0)
    c = wind.wind_cover_factor(0.25, -0.1151)
    assert ef == pytest.approx(0.520100, abs=1e-6)
    assert scf == pytest.approx(0.594884, abs=1e-6)
    assert c == pytest.approx(0.056275, abs=1e-6)
    bare = 20 * ef * scf * 0.9
    x = bare * c
    assert x == pytest.approx(0.313407, abs=1e-5)
    assert wind.transport_capacity(x) == pytest.approx(34.412135, abs=1e-4)
    assert wind.critical_field_length(x) == pytest.approx(231.812002, abs=1e-3)
    assert wind.wind_soil_loss(x, 50.0) == pytest.approx(0.061127, abs=1e-6)
    assert wind.transport_capacity(bare) == pytest.approx(611.496514, abs=1e-3)
    assert wind.critical_field_length(bare) == pytest.approx(79.685406, abs=1e-4)
    assert wind.wind_soil_loss(bare, 50.0) == pytest.approx(6.496029, abs=1e-5)
    assert 1000 * wind.sand_fixation(bare, c, 50.0) == pytest.approx(6434.902, abs=1e-2)


def test_air_and_wind() -> None:
    # W4: rho at 1 km and 10 degC; Wf of 6, 8, 4, 10 m/s over 30 days. W15: 5 m/s at 10 m
    assert wind.air_density(1000.0, 10.0) == pytest.approx(1.105513, abs=1e-5)
    assert wind.air_density_barometric(0.0, 0.0) == pytest.approx(1.293)
    speeds = np.array([[6.0], [8.0], [4.0], [10.0]])
    assert wind.wind_value(speeds, 30.0)[0] == pytest.approx(2460.0)
    assert wind.wind_at_two_metres(5.0, 10.0) == pytest.approx(3.972987, abs=1e-6)


@given(st.floats(0.0, 5.0))
def test_calm_moves_no_soil(speed: float) -> None:
    assert wind.erosive_wind(speed) == 0.0


def test_soil_loss_peaks_where_the_derivative_says() -> None:
    # x = 61.7 at z = 50 m; by brute force on a fine ladder
    ladder = np.linspace(1.0, 200.0, 199_001)
    found = ladder[np.argmax(wind.wind_soil_loss(ladder, 50.0))]
    assert found == pytest.approx(61.7, abs=0.05)
    assert wind.peak_driving_force(50.0) == pytest.approx(found, abs=0.002)
    assert wind.beyond_peak(61.0, 50.0) == 0.0
    assert wind.beyond_peak(62.0, 50.0) == 1.0


@given(st.floats(0.0, 61.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_below_the_peak_more_cover_holds_more(x: float, a: float, b: float) -> None:
    dense, thin = min(a, b), max(a, b)  # factor C: smaller is denser
    held = wind.sand_fixation(x, dense, 50.0)
    assert held >= wind.sand_fixation(x, thin, 50.0) - 1e-9
    assert held >= -1e-9


def test_no_driving_force_no_loss() -> None:
    assert wind.wind_soil_loss(0.0, 50.0) == 0.0
    assert wind.sand_fixation(0.0, 0.5, 50.0) == 0.0


def test_soils_outside_the_fit_are_held_and_marked() -> None:
    inside = (70.0, 20.0, 10.0, 1.0, 2.0)
    assert wind.erodible_fraction_outside(*inside) == 0.0
    peat = (70.0, 20.0, 10.0, 30.0, 2.0)
    assert wind.erodible_fraction_outside(*peat) == 1.0
    at_the_end = wind.erodible_fraction(70.0, 20.0, 10.0, 4.79, 2.0)
    assert wind.erodible_fraction(*peat) == at_the_end
    no_clay = (90.0, 10.0, 0.0, 1.0, 0.0)
    assert 0.0 <= wind.erodible_fraction(*no_clay) <= 1.0


@given(st.floats(0, 500), st.floats(0, 800), st.floats(0, 31))
def test_wetness_stays_within_its_range(evaporation: float, rain: float, days: float) -> None:
    assert 0.0 <= wind.soil_wetness(evaporation, rain, days, 31.0) <= 1.0


def test_roughness() -> None:
    assert wind.roughness_from_slope(60.0) == pytest.approx(0.5)
    assert wind.roughness_factor(0.0, 0.0) == 1.0
    assert wind.ridge_roughness(10.0, 100.0) == pytest.approx(0.2)
    assert wind.random_roughness(0.0) == pytest.approx(17.46 * 0.025**0.738)


def test_climate_erosivity_by_hand() -> None:
    # u = 4, ETP = 100, P = 50, 30 days in every month: 12 * 64 * 0.5 * 30 / 100
    u, etp, p = np.full((12, 1), 4.0), np.full((12, 1), 100.0), np.full((12, 1), 50.0)
    assert wind.climate_erosivity(u, etp, p, (30.0,) * 12)[0] == pytest.approx(115.2)
    assert wind.climate_erosivity(u, etp, 4 * p, (30.0,) * 12)[0] == 0.0
    assert wind.climate_erosivity(u, 0 * etp, 0 * p, (30.0,) * 12)[0] == 0.0


def test_index_method() -> None:
    # W15: ETP at 15 degC and relative humidity 0.5
    assert wind.evaporation_from_humidity(15.0, 0.5) == pytest.approx(116.375)
    assert wind.surface_roughness_index(60.0) == pytest.approx(2.0)
    assert wind.sand_fixation_index(0.5, 0.4, 0.3, 2.0) == pytest.approx(0.12)


def test_rule_method() -> None:
    limits = (85.0, 30.0, 0.15, 65.0, 20.0, 0.10)
    assert wind.sand_rule(90.0, 40.0, 0.2, 1.0, *limits) == 5.0
    assert wind.sand_rule(90.0, 25.0, 0.2, 1.0, *limits) == 3.0
    assert wind.sand_rule(50.0, 40.0, 0.2, 1.0, *limits) == 1.0
    assert wind.sand_rule(90.0, 40.0, 0.2, 0.0, *limits) == 0.0
