"""Replacement costs and portfolios against all answers of tiny problems."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.science import choice
from tianren.science.choice import LOCKED_OUT, Borders, Problem, make_problem
from tianren.science.choice_highs import Effort
from tianren.science.choice_importance import (
    best_first,
    distance,
    portfolio,
    rarity_weighted_richness,
    replacement_cost,
    selection_frequency,
)
from tianren.science.choice_solver import solve

EXACT = Effort(gap=0.0, nodes=100_000)


def small(seed: int, n: int = 8) -> Problem:
    rng = np.random.default_rng(seed)
    amounts = rng.integers(0, 4, (n, 3)).astype(float)
    cost = rng.integers(1, 20, n).astype(float)
    return make_problem(cost, amounts, np.floor(0.4 * amounts.sum(axis=0)))


def all_values(problem: Problem) -> list[tuple[float, np.ndarray]]:
    patterns = itertools.product([False, True], repeat=len(problem.units))
    answers = [np.array(p)[:, None] for p in patterns]
    return sorted(
        ((choice.value(problem, a), a) for a in answers if choice.allowed(problem, a)),
        key=lambda pair: pair[0],
    )


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_replacement_cost_is_the_best_without_less_the_best_with(seed: int) -> None:
    problem = small(seed)
    plan = solve(problem, EXACT)
    found = replacement_cost(plan, EXACT)
    assert found.method == "re-solved"
    every = all_values(problem)
    for unit in range(len(problem.units)):
        without = [value for value, a in every if not a[unit, 0]]
        expected = min(without, default=np.inf) - every[0][0] if plan.units[unit] else 0.0
        assert found.cost[unit] == pytest.approx(expected, abs=1e-6)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_prices_never_claim_more_than_the_relaxation_loses(seed: int) -> None:
    """The price of a unit is at most what the bound gains when the unit is locked out."""
    from dataclasses import replace

    from tianren.science.choice_core import relaxation
    from tianren.science.choice_model import model_of

    problem = small(seed)
    plan = solve(problem, EXACT)
    prices = replacement_cost(plan, EXACT, many=0)
    assert prices.method == "price"
    bound = relaxation(model_of(problem)).bound
    every = all_values(problem)
    for unit in np.flatnonzero(plan.units):
        replaceable = any(not a[unit, 0] for _, a in every)
        assert np.isfinite(prices.cost[unit]) == replaceable
    for unit in np.flatnonzero((prices.cost > 1e-9) & np.isfinite(prices.cost)):
        status = problem.status.copy()
        status[unit] = LOCKED_OUT
        without = relaxation(model_of(replace(problem, status=status)))
        assert not without.feasible or without.bound >= bound + prices.cost[unit] - 1e-6


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_a_portfolio_holds_the_best_answers_that_differ_enough(seed: int) -> None:
    problem = small(seed)
    plan = solve(problem, EXACT)
    others = portfolio(plan, 2, worse=0.5, apart=0.3, effort=EXACT)
    least = max(1, round(0.3 * plan.units.sum()))
    far = [v for v, a in all_values(problem) if distance(a, plan.chosen) >= least]
    assert bool(others) == (bool(far) and far[0] <= 1.5 * plan.objective + 1e-9)
    if others:
        assert others[0].objective == pytest.approx(far[0])
    for first, second in itertools.combinations([plan, *others], 2):
        assert distance(first.chosen, second.chosen) >= least
        assert choice.allowed(problem, second.chosen)


def test_large_problems_have_other_answers_too() -> None:
    rng = np.random.default_rng(5)
    amounts = rng.random((1500, 4))
    problem = make_problem(rng.uniform(1, 2, 1500), amounts, 0.1 * amounts.sum(axis=0))
    plan = solve(problem)
    others = portfolio(plan, 2)
    assert len(others) == 2
    assert all(o.objective <= 1.1 * plan.objective and o.bound <= o.objective for o in others)
    often = selection_frequency([plan, *others])
    assert 0 < often.max() <= 1 and set(np.unique(np.round(often * 3))) <= {0, 1, 2, 3}


def test_rarity_weighted_richness_by_hand() -> None:
    """A unit with half of one feature and a tenth of another, of double weight."""
    amounts = np.array([[5.0, 1.0], [5.0, 9.0]])
    problem = make_problem([1, 1], amounts, [1, 1], weights=[1.0, 2.0])
    assert rarity_weighted_richness(problem) == pytest.approx([0.7, 2.3])


def in_a_row(n: int) -> Problem:
    """Units side by side, each of which needs a chosen neighbour."""
    at = np.arange(n)
    borders = Borders(at[:-1], at[1:], np.ones(n - 1), np.full(n, 2.0))
    amounts = np.ones((n, 1))
    return make_problem(np.ones(n), amounts, np.array([2.0]), borders=borders, neighbours=1)


@pytest.mark.parametrize(("units", "method"), [(9, "re-solved"), (101, "price")])
def test_many_units_with_neighbours_are_not_searched_again_one_by_one(
    units: int, method: str
) -> None:
    plan = solve(in_a_row(units), Effort(gap=0.01))
    assert int(plan.units.sum()) == 2
    assert replacement_cost(plan, EXACT).method == method


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_the_best_of_a_portfolio_is_the_plan(seed: int) -> None:
    problem = small(seed)
    coarse = solve(problem, Effort(gap=0.5))
    first, *rest = best_first(coarse, portfolio(coarse, 3, worse=1.0, effort=EXACT))
    assert first.objective == min(p.objective for p in (first, *rest))
    assert first.bound == coarse.bound
    assert sorted(p.objective for p in rest) == [p.objective for p in rest] or first is coarse
