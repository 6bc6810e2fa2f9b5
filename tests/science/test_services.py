"""Productivity, biodiversity, carbon, coast and the land-cover tables: examples and limits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.science import biodiversity, carbon, coast, landcover, productivity


def test_miami_by_hand() -> None:
    # T 15, P 1000: min(3000/(1+e^-0.47), 3000 (1-e^-0.664)) = min(1846.2, 1455.7)
    by_rain = 3000 * (1 - math.exp(-0.664))
    assert productivity.miami_dry_matter(15.0, 1000.0) == pytest.approx(by_rain)
    assert productivity.miami(15.0, 1000.0, 0.475) == pytest.approx(0.475 * by_rain)
    assert productivity.miami(15.0, 0.0, 0.475) == 0.0


@given(st.floats(-60, 45), st.floats(0, 15000), st.floats(0, 30), st.floats(0, 5000))
def test_miami_rises_with_warmth_and_rain(t: float, p: float, dt: float, dp: float) -> None:
    here = productivity.miami_dry_matter(t, p)
    assert 0.0 <= here <= 3000.0
    assert productivity.miami_dry_matter(t + dt, p + dp) >= here


def test_light_use() -> None:
    absorbed = productivity.absorbed_radiation(0.6, 5000.0)
    assert absorbed == 1500.0
    assert productivity.light_use(absorbed, 0.389, 0.5) == pytest.approx(291.75)


def test_biodiversity_index() -> None:
    # W15
    assert biodiversity.biodiversity_index(0.7, 0.6, 0.5, 0.2) == pytest.approx(0.168)


def test_biodiversity_rule() -> None:
    assert biodiversity.biodiversity_rule(0.0, 1.0, 1.0, 0.0) == 5.0
    assert biodiversity.biodiversity_rule(0.0, 0.0, 1.0, 0.0) == 3.0
    assert biodiversity.biodiversity_rule(0.0, 0.0, 0.0, 0.0) == 1.0


def test_carbon() -> None:
    assert carbon.carbon_stock(135.0, 40.0, 65.0, 3.0) == 243.0
    assert carbon.carbon_sequestration(800.0, 500.0) == pytest.approx(3.0)
    assert carbon.stock_change(100.0, 110.0, 5.0) == 2.0
    assert math.isnan(carbon.stock_change(100.0, 110.0, 0.0))
    assert carbon.as_carbon_dioxide(12.0) == 44.0


def test_coast_is_buffered_on_each_side() -> None:
    assert coast.coastal_protection(200.0, 1.0, 200.0, 100.0) == 5.0
    assert coast.coastal_protection(200.0, 0.0, 200.0, 100.0) == 0.0
    assert coast.natural_shore_kept(40.0, 30.0) == 0.75


def test_distance_to_the_shore_equals_the_plain_loop() -> None:
    shore = np.random.default_rng(2).random((9, 8)) < 0.1
    found = coast.distance_to(shore, 30.0, 50.0)
    places = np.argwhere(shore)
    for r in range(9):
        for c in range(8):
            nearest = min(math.hypot((r - y) * 50.0, (c - x) * 30.0) for y, x in places)
            assert found[r, c] == pytest.approx(nearest)
    assert np.isinf(coast.distance_to(np.zeros((3, 3), dtype=bool), 30.0, 30.0)).all()


def test_codes_become_numbers() -> None:
    values = landcover.values_by_code({1: "forest", 2: "town"}, {"forest": 2.5}, elsewhere=0.0)
    codes = np.array([[1, 2], [-2147483648, 1]], dtype=np.int32)
    found = landcover.look_up(codes, values, "landcover")
    np.testing.assert_array_equal(found, [[2.5, 0.0], [np.nan, 2.5]])


def test_a_class_without_a_row_is_an_error_not_a_guess() -> None:
    with pytest.raises(UserError, match="no row"):
        landcover.values_by_code({1: "forest", 2: "town"}, {"forest": 2.5})
    with pytest.raises(UserError, match=r"code 9 .*2 cells"):
        landcover.look_up(np.array([1, 9, 9]), {1: 2.5}, "landcover.tif")
