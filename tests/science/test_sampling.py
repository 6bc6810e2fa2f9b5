"""Samples for checks in the field: exact against scipy and brute force, drawn fairly."""

import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tianren.errors import UserError
from tianren.science.sampling import (
    allocate,
    choose,
    excluded_rate,
    missed_all,
    missed_all_in_strata,
    most_missed,
    most_missed_in_strata,
    neyman_weight,
    power,
    power_in_strata,
    sample_size,
    sample_size_in_strata,
    violations_at,
    worst_spread,
)
from tianren.science.sampling_estimates import (
    Stratum,
    at_most,
    bounds,
    clopper_pearson,
    stratified_bounds,
    stratified_rate,
)

CONFIDENCE = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, Fraction(2, 3)])


@st.composite
def drawn(draw: st.DrawFn, most: int = 60) -> tuple[int, int, int]:
    N = draw(st.integers(1, most))
    return N, draw(st.integers(0, N)), draw(st.integers(0, N))


# -- power and size --------------------------------------------------------------------------------


@given(drawn(8))
def test_missed_all_counts_the_samples_without_a_violation(case: tuple[int, int, int]) -> None:
    N, D, n = case
    samples = list(itertools.combinations(range(N), n))
    clean = sum(all(unit >= D for unit in sample) for sample in samples)
    assert missed_all(N, D, n) == Fraction(clean, len(samples))


@given(drawn(400))
def test_power_is_that_of_scipy(case: tuple[int, int, int]) -> None:
    N, D, n = case
    assert power(N, D, n) == pytest.approx(stats.hypergeom(N, D, n).sf(0), abs=1e-9)


@given(drawn(), CONFIDENCE)
def test_the_size_is_the_fewest_that_suffice(case: tuple[int, int, int], c: float) -> None:
    N, D, _ = case
    if D == 0:
        return
    n = sample_size(N, D, c)
    assert 1 - missed_all(N, D, n) >= Fraction(str(c))
    assert n == 0 or 1 - missed_all(N, D, n - 1) < Fraction(str(c))


@given(drawn(), CONFIDENCE)
def test_what_no_violation_seen_excludes_is_what_would_have_been_seen(
    case: tuple[int, int, int], c: float
) -> None:
    N, _, n = case
    D = most_missed(N, n, c)
    rest = 1 - Fraction(str(c))
    assert missed_all(N, D, n) > rest
    assert D == N or missed_all(N, D + 1, n) <= rest
    assert excluded_rate(N, n, c) == (D + 1) / N
    if D < N:
        assert sample_size(N, D + 1, c) <= n


def test_sizes_of_the_published_package_are_met_or_saved() -> None:
    """RSurveillance 0.2.1, n.hypergeo, prints these for its approximation (Cannon 2001)."""
    populations, printed = (100, 200, 500, 1000, 10000), (95, 156, 226, 259, 296)
    exact = [sample_size(N, violations_at(N, 0.01), 0.95) for N in populations]
    assert exact == [95, 155, 225, 258, 294]
    assert all(0 <= p - e <= 2 for p, e in zip(printed, exact, strict=True))
    assert [sample_size(80, D, 0.95) for D in (1, 2, 5, 10)] == [76, 62, 36, 20]


@pytest.mark.parametrize(("N", "rate", "D"), [(100, 0.07, 7), (100, 0.071, 8), (3, 0.01, 1)])
def test_a_rate_is_taken_as_it_is_written(N: int, rate: float, D: int) -> None:
    assert violations_at(N, rate) == D


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: sample_size(10, 0, 0.95), "no violation at all"),
        (lambda: violations_at(10, 0.0), "cannot be looked for"),
        (lambda: sample_size(10, 1, 1.0), "confidence of 1.0"),
        (lambda: power(10, 11, 1), "11 violations among 10"),
        (lambda: missed_all(10, 1, 12), "12 visits among 10"),
        (lambda: bounds(10, 3, 4, 0.9), "4 violations found among 3"),
    ],
)
def test_what_cannot_be_asked_is_refused(call: object, said: str) -> None:
    with pytest.raises(UserError, match=said):
        call()  # type: ignore[operator]


# -- strata ----------------------------------------------------------------------------------------


@st.composite
def strata(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    return sizes, [draw(st.integers(0, size)) for size in sizes]


@given(strata(), st.data())
def test_the_worst_spread_is_worst(case: tuple[list[int], list[int]], data: st.DataObject) -> None:
    sizes, visits = case
    D = data.draw(st.integers(0, sum(sizes)))
    spreads = [
        spread for spread in itertools.product(*(range(N + 1) for N in sizes)) if sum(spread) == D
    ]

    def hidden(spread: tuple[int, ...]) -> Fraction:
        return math.prod(
            (missed_all(N, d, n) for N, d, n in zip(sizes, spread, visits, strict=True)),
            start=Fraction(1),
        )

    assert missed_all_in_strata(sizes, visits, D) == max(map(hidden, spreads))
    assert sum(worst_spread(sizes, visits, D)) == D


@given(drawn(), CONFIDENCE)
def test_one_stratum_is_a_population(case: tuple[int, int, int], c: float) -> None:
    N, D, n = case
    assert power_in_strata([N], [n], D) == power(N, D, n)
    assert most_missed_in_strata([N], [n], c) == most_missed(N, n, c)
    if D > 0:
        assert sample_size_in_strata([N], [1.0], D, c) == max(sample_size(N, D, c), 1)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), CONFIDENCE, st.data())
def test_the_size_over_strata_is_the_fewest(
    sizes: list[int], c: float, data: st.DataObject
) -> None:
    D = data.draw(st.integers(1, sum(sizes)))
    weights = [float(N) for N in sizes]
    total = sample_size_in_strata(sizes, weights, D, c)

    def seen(n: int) -> Fraction:
        return 1 - missed_all_in_strata(sizes, allocate(n, sizes, weights), D)

    assert seen(total) >= Fraction(str(c))
    assert total == len(sizes) or seen(total - 1) < Fraction(str(c))


SIZES = st.lists(st.integers(0, 30), min_size=1, max_size=6).filter(any)


@given(SIZES, st.data())
def test_allocation_adds_up_and_grows(sizes: list[int], data: st.DataObject) -> None:
    least, most = sum(N > 0 for N in sizes), sum(sizes)
    weights = [data.draw(st.floats(0, 100)) for _ in sizes]
    total = data.draw(st.integers(least, most))
    visits = allocate(total, sizes, weights)
    assert sum(visits) == total
    assert all((n >= 1) == (N > 0) and n <= N for n, N in zip(visits, sizes, strict=True))
    if total < most:
        more = allocate(total + 1, sizes, weights)
        assert all(b >= a for a, b in zip(visits, more, strict=True))


@given(st.lists(st.tuples(st.integers(2, 7), st.floats(0.05, 0.5)), min_size=2, max_size=3),
       st.data())  # fmt: skip
def test_neyman_weights_give_the_least_variance(
    strata: list[tuple[int, float]], data: st.DataObject
) -> None:
    """Against every allocation there is; the part of the variance that visits can change."""
    sizes = [N for N, _ in strata]
    weights = [neyman_weight(N, p) for N, p in strata]
    total = data.draw(st.integers(len(sizes), sum(sizes)))

    def variance(visits: tuple[int, ...] | list[int]) -> float:
        return sum(w * w / n for w, n in zip(weights, visits, strict=True))

    every = itertools.product(*(range(1, N + 1) for N in sizes))
    best = min(variance(v) for v in every if sum(v) == total)
    assert variance(allocate(total, sizes, weights)) == pytest.approx(best, rel=1e-12)


def test_visits_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UserError, match="2 visits cannot be spread over 3 strata"):
        allocate(2, [5, 5, 5], [1, 1, 1])
    with pytest.raises(UserError, match="cannot weigh"):
        allocate(4, [5, 5], [1, math.nan])
    with pytest.raises(UserError, match=r"violation rate of 1\.5"):
        neyman_weight(10, 1.5)


# -- drawing ---------------------------------------------------------------------------------------

NAMES = st.lists(st.text(min_size=1, max_size=6), unique=True, min_size=1, max_size=30)


@given(NAMES, st.integers(0, 2**40), st.data())
def test_the_choice_does_not_depend_on_order_and_grows(
    names: list[str], seed: int, data: st.DataObject
) -> None:
    n = data.draw(st.integers(0, len(names)))
    chosen = choose(names, n, seed)
    assert chosen == choose(data.draw(st.permutations(names)), n, seed)
    assert len(set(chosen)) == n and set(chosen) <= set(names)
    assert choose(names, len(names), seed)[:n] == chosen


def test_every_pair_is_drawn_as_often() -> None:
    names = ["a", "b", "c", "d", "e"]
    pairs = Counter(frozenset(choose(names, 2, seed)) for seed in range(4000))
    assert len(pairs) == 10
    assert stats.chisquare(list(pairs.values())).pvalue > 0.001


def test_a_unit_that_comes_changes_one_visit_at_most() -> None:
    names = [f"zone {n}" for n in range(200)]
    before = set(choose(names, 30, 7))
    for newcomer in ("new 1", "new 2", "new 3"):
        assert len(before - set(choose([*names, newcomer], 30, 7))) <= 1


def test_a_unit_listed_twice_is_refused() -> None:
    with pytest.raises(UserError, match="more than once"):
        choose(["a", "b", "a"], 1, 1)


# -- afterwards ------------------------------------------------------------------------------------


@given(drawn(200), st.integers(-1, 200))
def test_the_law_is_that_of_scipy(case: tuple[int, int, int], k: int) -> None:
    N, D, n = case
    assert float(at_most(N, D, n, k)) == pytest.approx(stats.hypergeom(N, D, n).cdf(k), abs=1e-9)


@given(drawn(25), CONFIDENCE)
def test_bounds_are_the_populations_that_no_tail_refuses(
    case: tuple[int, int, int], c: float
) -> None:
    """Every D is tried, with scipy's tails."""
    N, n, k = case[0], max(case[1:]), min(case[1:])
    a = (1 - float(c)) / 2
    law = [stats.hypergeom(N, D, n) for D in range(N + 1)]
    kept = [D for D in range(k, N - n + k + 1)
            if law[D].sf(k - 1) > a + 1e-12 and law[D].cdf(k) > a + 1e-12]  # fmt: skip
    low, high = bounds(N, n, k, c)
    assert (low, high) == (min(kept), max(kept))
    assert low <= max(k, round(N * k / n)) if n else (low, high) == (0, N)


@given(st.integers(1, 20), st.data(), CONFIDENCE)
def test_bounds_cover_the_truth_as_often_as_they_say(N: int, data: st.DataObject, c: float) -> None:
    """Exactly: the chances of all outcomes whose bounds hold the truth are added."""
    D, n = data.draw(st.integers(0, N)), data.draw(st.integers(0, N))
    covered = Fraction(0)
    for k in range(min(n, D) + 1):
        chance = at_most(N, D, n, k) - at_most(N, D, n, k - 1)
        if chance > 0:
            low, high = bounds(N, n, k, c)
            covered += chance * (low <= D <= high)
    assert covered >= Fraction(str(c))


@given(st.integers(1, 300), st.data(), CONFIDENCE)
def test_clopper_pearson_is_that_of_scipy(n: int, data: st.DataObject, c: float) -> None:
    k = data.draw(st.integers(0, n))
    peer = stats.binomtest(k, n).proportion_ci(float(c), method="exact")
    assert clopper_pearson(n, k, c) == pytest.approx((peer.low, peer.high), abs=1e-9)


def test_clopper_pearson_by_its_own_tails() -> None:
    """3 of 20: the bounds are where a tail is 2.5 %, summed by hand."""
    low, high = clopper_pearson(20, 3, 0.95)

    def tail(p: float, ks: range) -> float:
        return sum(math.comb(20, k) * p**k * (1 - p) ** (20 - k) for k in ks)

    assert tail(low, range(3, 21)) == pytest.approx(0.025)
    assert tail(high, range(4)) == pytest.approx(0.025)
    assert clopper_pearson(0, 0, 0.95) == (0.0, 1.0)


def test_a_large_population_comes_near_the_binomial() -> None:
    low, high = bounds(1_000_000, 500, 7, 0.95)
    assert (low / 1e6, high / 1e6) == pytest.approx(clopper_pearson(500, 7, 0.95), rel=0.01)


# -- several strata --------------------------------------------------------------------------------


def test_the_rate_of_strata_by_hand() -> None:
    strata = [Stratum(100, 10, 2), Stratum(300, 10, 1), Stratum(0, 0, 0)]
    assert stratified_rate(strata) == pytest.approx((20 + 30) / 400)
    assert math.isnan(stratified_rate([Stratum(100, 10, 2), Stratum(5, 0, 0)]))
    assert math.isnan(stratified_rate([]))
    assert stratified_bounds([], 0.95) == (0, 0)


@given(st.integers(1, 40), st.data(), CONFIDENCE)
def test_one_stratum_has_its_own_bounds(N: int, data: st.DataObject, c: float) -> None:
    n = data.draw(st.integers(0, N))
    k = data.draw(st.integers(0, n))
    assert stratified_bounds([Stratum(N, n, k)], c) == bounds(N, n, k, c)


def test_bounds_of_strata_cover_the_truth_as_often_as_they_say() -> None:
    """Every outcome of two strata, with its chance."""
    strata, truth, c = ((9, 4, 3), (14, 2, 5)), 6, Fraction(9, 10)
    covered = Fraction(0)
    for ks in itertools.product(*(range(min(D, n) + 1) for _, D, n in strata)):
        chance = math.prod(
            (at_most(N, D, n, k) - at_most(N, D, n, k - 1)
             for (N, D, n), k in zip(strata, ks, strict=True)),
            start=Fraction(1),
        )  # fmt: skip
        own = [Stratum(N, n, k) for (N, _, n), k in zip(strata, ks, strict=True)]
        low, high = stratified_bounds(own, c)
        covered += chance * (low <= truth <= high)
    assert covered >= c


def test_the_estimate_is_right_in_the_mean() -> None:
    """Over every sample of two strata the estimated rate has the true rate as its mean."""
    values = ([1, 0, 0, 1, 0], [0, 0, 1])
    rates = [
        stratified_rate([Stratum(5, 2, sum(a)), Stratum(3, 2, sum(b))])
        for a in itertools.combinations(values[0], 2)
        for b in itertools.combinations(values[1], 2)
    ]
    assert np.mean(rates) == pytest.approx(3 / 8)
