"""Random points as a sample of an area: the binomial law, wherever violating land lies."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tianren.errors import UserError
from tianren.science.sampling_estimates import clopper_pearson
from tianren.science.sampling_points import (
    area_bounds,
    area_rate,
    excluded_share,
    missed_all_points,
    points_needed,
)

SHARES = st.floats(0.01, 0.95)


@given(st.integers(1, 200), SHARES)
def test_one_stratum_follows_the_binomial_law(n: int, share: float) -> None:
    peer = stats.binom(n, share).pmf(0)
    assert missed_all_points([7.0], [n], share) == pytest.approx(peer, rel=1e-9)
    assert missed_all_points([1.0, 2.0], [n, 2 * n], share) == pytest.approx(
        (1 - share) ** (3 * n), rel=1e-9
    )


@given(st.lists(st.tuples(st.floats(0.1, 5), st.integers(0, 12)), min_size=2, max_size=3), SHARES)
def test_no_other_spread_is_missed_more_likely(
    strata: list[tuple[float, int]], share: float
) -> None:
    """Against a grid of spreads of the violating area."""
    areas, visits = [a for a, _ in strata], [n for _, n in strata]
    total = share * sum(areas)
    found = missed_all_points(areas, visits, share)
    for parts in itertools.product(np.linspace(0, 1, 21), repeat=len(areas) - 1):
        spread = [p * a for p, a in zip(parts, areas, strict=False)]
        spread.append(total - sum(spread))
        if not 0 <= spread[-1] <= areas[-1]:
            continue
        missed = math.prod((1 - a / A) ** n for a, A, n in zip(spread, areas, visits, strict=True))
        assert missed <= found * (1 + 1e-9) + 1e-12


def test_a_stratum_without_points_hides_what_fits_into_it() -> None:
    assert missed_all_points([1.0, 1.0], [0, 20], 0.5) == 1.0
    assert missed_all_points([1.0, 1.0], [0, 20], 0.6) == pytest.approx(0.8**20)
    assert missed_all_points([1.0, 1.0], [1, 20], 1.0) == 0.0


def test_59_points_see_5_percent() -> None:
    """ln 0.05 / ln 0.95 = 58.4, known to all who sample."""
    assert points_needed([1.0], 0.05, 0.95) == 59
    assert points_needed([3.0, 1.0, 2.0], 0.05, 0.95) >= 59
    with pytest.raises(UserError, match="cannot be looked for"):
        points_needed([1.0], 0.0, 0.95)


@given(st.lists(st.floats(1, 50), min_size=1, max_size=4), st.sampled_from([0.02, 0.1, 0.3]))
def test_the_points_needed_are_the_fewest(areas: list[float], share: float) -> None:
    from tianren.science.sampling import allocate

    n = points_needed(areas, share, 0.9)
    missed = missed_all_points(areas, allocate(n, [n] * len(areas), areas), share)
    assert missed <= 0.1 * (1 + 1e-9)
    if n > len(areas):
        less = allocate(n - 1, [n] * len(areas), areas)
        assert missed_all_points(areas, less, share) > 0.1


@given(st.integers(1, 500), st.sampled_from([0.8, 0.95]))
def test_what_is_excluded_is_the_one_sided_bound(n: int, c: float) -> None:
    assert excluded_share([4.0], [n], c) == pytest.approx(1 - (1 - c) ** (1 / n), abs=1e-9)
    assert excluded_share([4.0], [n], c) == pytest.approx(
        clopper_pearson(n, 0, 2 * c - 1)[1], abs=1e-9
    )


def test_rate_and_bounds_by_area() -> None:
    assert area_rate([100.0, 300.0], [10, 10], [2, 1]) == pytest.approx((20 + 30) / 400)
    assert math.isnan(area_rate([1.0, 1.0], [0, 3], [0, 1]))
    assert area_bounds([5.0], [20], [3], 0.95) == clopper_pearson(20, 3, 0.95)
    low, high = area_bounds([1.0, 3.0], [20, 20], [3, 0], 0.95)
    assert 0 < low < area_rate([1.0, 3.0], [20, 20], [3, 0]) < high < 1
