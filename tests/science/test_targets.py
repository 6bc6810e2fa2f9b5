"""Targets of ranges and ecosystem types: the worked example W7, and what must be true."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.parameters import Parameters, override
from tianren.science.targets import (
    ecosystem_target,
    loglinear_share,
    loglinear_target,
    rodrigues_rule,
    species_protection_score,
    species_target,
    spi,
    spi_rule,
)

KNOWN = Parameters(dt.date(2026, 1, 1))
KM2 = 1e6
areas = st.floats(1e3, 1e15)


def test_worked_example_w7_targets_by_range() -> None:
    ranges = np.array([500, 1e3, 1e4, 5e4, 2.5e5, 2e7]) * KM2
    shares = loglinear_target(ranges, rodrigues_rule(KNOWN))
    np.testing.assert_allclose(shares, [1, 1, 0.624678, 0.362339, 0.1, 0.05], atol=1e-6)


def test_worked_example_w7_species_protection_index() -> None:
    ranges = np.array([5e3, 5e4, 1e6]) * KM2
    targets = loglinear_target(ranges, spi_rule(KNOWN))
    np.testing.assert_allclose(targets, [1, 0.575, 0.15], atol=1e-6)
    scores = species_protection_score(np.array([0.4, 0.2, 0.05]), targets)
    np.testing.assert_allclose(scores, [40, 34.7826, 33.3333], atol=1e-4)
    assert spi(scores, [1, 1, 1]) == pytest.approx(36.0386, abs=1e-4)
    assert spi(scores, [0.9, 0.5, 0.1]) == pytest.approx(37.8164, abs=1e-4)


@given(areas, areas, st.sampled_from(["loglinear", "spi", "flat"]))
def test_a_larger_range_never_has_a_larger_share_nor_a_smaller_target_area(
    one: float, other: float, rule: str
) -> None:
    small, large = sorted((one, other))
    shares = species_target(np.array([small, large]), rule, KNOWN)
    assert 0 < shares[1] <= shares[0] <= 1
    if rule == "flat":
        assert shares[0] == shares[1] == 0.3


@given(areas)
def test_the_cap_holds_the_target_area(area: float) -> None:
    assert loglinear_target(area, rodrigues_rule(KNOWN)) * area <= 1e12 * (1 + 1e-9)


def test_the_share_is_straight_in_the_logarithm() -> None:
    middle = loglinear_share(100.0, 10.0, 1000.0, 0.2)
    assert middle == pytest.approx(0.6)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1))
def test_more_held_never_scores_less(one: float, other: float, target: float) -> None:
    less, more = sorted((one, other))
    low, high = (species_protection_score(h, target) for h in (less, more))
    assert 0 <= low <= high <= 100


def test_ecosystems_are_lifted_by_their_category_and_small_ones_are_wanted_whole() -> None:
    areas = np.array([999.9, 1000, 5000, 5000, 5000, 5000]) * KM2
    shares = ecosystem_target(areas, ["", "", "CR", "EN", "VU", "LC"], KNOWN)
    np.testing.assert_allclose(shares, [1, 0.3, 0.6, 0.5, 0.4, 0.3])


def test_a_lift_stops_at_all_of_the_type() -> None:
    whole = override("gaps.ecosystem_uplift", {"value": {"CR": 0.9}}, "test")
    lifted = Parameters(KNOWN.day, overrides={whole.id: whole})
    assert ecosystem_target([5e9], ["CR"], lifted)[0] == 1.0


def test_seventeen_percent_can_be_chosen() -> None:
    chosen = Parameters(KNOWN.day, choices={"gaps.ecosystem_share": "17"})
    assert ecosystem_target([5e9], [""], chosen)[0] == pytest.approx(0.17)


def test_without_weights_there_is_no_index() -> None:
    assert np.isnan(spi([50.0], [0.0]))
