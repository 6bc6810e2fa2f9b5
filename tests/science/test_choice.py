"""Every answer against all answers: tiny problems are enumerated, whatever the route."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.science import choice
from tianren.science.choice import LOCKED_IN, LOCKED_OUT, Borders, Problem, make_problem
from tianren.science.choice_highs import Effort
from tianren.science.choice_solver import solve

EXACT = Effort(gap=0.0, nodes=100_000)


def row_of_units(n: int) -> Borders:
    first = np.arange(n - 1)
    edge = np.full(n, 2.0)
    edge[[0, -1]] += 1
    return Borders(first, first + 1, np.ones(n - 1), edge)


def block(rows: int, columns: int) -> Borders:
    at = np.arange(rows * columns).reshape(rows, columns)
    first = np.concatenate([at[:, :-1].ravel(), at[:-1].ravel()])
    second = np.concatenate([at[:, 1:].ravel(), at[1:].ravel()])
    touching = np.bincount(first, minlength=at.size) + np.bincount(second, minlength=at.size)
    return Borders(first, second, np.ones(len(first)), 4.0 - touching)


@st.composite
def problems(draw: Any, zones: int = 1, **rules: Any) -> Problem:
    """Six to nine units in three columns, two or three features, any objective."""
    rows = draw(st.integers(2, 3)) if zones == 1 else 2
    n, m = rows * 3, draw(st.integers(2, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    objective = draw(st.sampled_from(choice.Objective.__args__))
    cost = rng.integers(1, 9, (n, zones)).astype(float)
    amounts = [rng.integers(0, 4, (n, m)).astype(float) for _ in range(zones)]
    targets = np.floor(sum(amounts).sum(axis=0) * rng.uniform(0, 0.6 / zones, m))
    status = np.zeros((n, zones), dtype=np.int8)
    if draw(st.booleans()):
        status[0, 0] = LOCKED_IN
        status[n - 1] = LOCKED_OUT
    if objective != "minimum_set":
        rules["budget"] = float(max(cost[0, 0], cost.sum() * rng.uniform(0.1, 0.6)))
    return make_problem(
        cost, amounts, targets, status=status, objective=objective,
        weights=rng.integers(1, 5, m).astype(float), borders=block(rows, 3),
        zones=tuple(f"zone {z}" for z in range(zones)), **rules,
    )  # fmt: skip


def best_of_all(problem: Problem) -> float | None:
    """The value of the best allowed answer, by trying every one."""
    n, z = problem.cost.shape
    best = None
    sign = -1 if problem.maximises else 1
    for pattern in itertools.product(range(z + 1), repeat=n):
        chosen = np.zeros((n, z), dtype=bool)
        for unit, zone in enumerate(pattern):
            if zone:
                chosen[unit, zone - 1] = True
        if choice.allowed(problem, chosen):
            found = sign * choice.value(problem, chosen)
            best = found if best is None else min(best, found)
    return None if best is None else sign * best


def check(problem: Problem, route: Any, exact: bool) -> None:
    best = best_of_all(problem)
    if best is None:
        with pytest.raises(UserError):
            solve(problem, EXACT, route)
        return
    plan = solve(problem, EXACT, route)
    assert choice.allowed(problem, plan.chosen)
    assert plan.objective == pytest.approx(choice.value(problem, plan.chosen))
    sign = -1 if problem.maximises else 1
    close = 1e-6 * max(1.0, abs(best))
    assert sign * plan.bound <= sign * best + close
    assert sign * best <= sign * plan.objective + close
    if exact:
        assert plan.objective == pytest.approx(best, abs=1e-6)
        assert plan.gap <= 1e-5


@given(problems())
@settings(max_examples=60, deadline=None)
def test_branch_and_bound_finds_the_best(problem: Problem) -> None:
    check(problem, "whole", exact=True)


@given(problems())
@settings(max_examples=60, deadline=None)
def test_rounding_keeps_the_rules_and_its_bound_holds(problem: Problem) -> None:
    check(problem, "rounding", exact=False)


@given(problems(penalty=0.7, edge_factor=0.5))
@settings(max_examples=40, deadline=None)
def test_a_boundary_penalty_is_part_of_the_best(problem: Problem) -> None:
    check(problem, "whole", exact=True)


@given(problems(penalty=0.7))
@settings(max_examples=15, deadline=None)
def test_the_border_route_keeps_the_rules_and_its_bound_holds(problem: Problem) -> None:
    if problem.objective == "minimum_set":
        check(problem, "border", exact=False)


@given(problems(neighbours=1))
@settings(max_examples=40, deadline=None)
def test_each_chosen_unit_has_a_chosen_neighbour(problem: Problem) -> None:
    check(problem, "whole", exact=True)


@given(problems(connected=True))
@settings(max_examples=40, deadline=None)
def test_what_is_chosen_is_one_piece(problem: Problem) -> None:
    check(problem, "connected", exact=True)


@given(problems(zones=2))
@settings(max_examples=30, deadline=None)
def test_zones_share_the_units(problem: Problem) -> None:
    check(problem, "whole", exact=True)


@given(problems(zones=2, penalty=0.4))
@settings(max_examples=15, deadline=None)
def test_each_zone_has_its_own_border(problem: Problem) -> None:
    check(problem, "whole", exact=True)


@given(problems())
@settings(max_examples=30, deadline=None)
def test_scipys_own_route_agrees(problem: Problem) -> None:
    """scipy.optimize.milp on a model written out here, without ours."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    if problem.objective != "minimum_set":
        return
    table = problem.amounts[0].toarray().T
    status = problem.status[:, 0]
    bounds = Bounds((status == LOCKED_IN).astype(float), (status != LOCKED_OUT).astype(float))
    targets = LinearConstraint(table, problem.targets - 1e-9)
    found = milp(problem.cost[:, 0], constraints=targets, bounds=bounds, integrality=1)
    if found.success:
        assert solve(problem, EXACT, "whole").objective == pytest.approx(found.fun)
    else:
        with pytest.raises(UserError):
            solve(problem, EXACT, "whole")


def forest(n: int = 30, m: int = 8, seed: int = 3) -> Problem:
    """A problem of n x n units, large enough for rounding and borders."""
    rng = np.random.default_rng(seed)
    amounts = rng.random((n * n, m)) * (rng.random((n * n, m)) < 0.3)
    return make_problem(
        rng.uniform(1, 2, n * n), amounts, 0.2 * amounts.sum(axis=0), borders=block(n, n)
    )


def test_many_units_are_solved_close_to_the_bound() -> None:
    plan = solve(forest(40))
    assert plan.route == "rounding" and choice.allowed(plan.problem, plan.chosen)
    assert plan.gap < 0.01
    again = solve(forest(40))
    assert np.array_equal(plan.chosen, again.chosen)


def test_the_core_gives_the_bound_of_the_whole_relaxation(monkeypatch: pytest.MonkeyPatch) -> None:
    from tianren.science import choice_core
    from tianren.science.choice_model import model_of

    model = model_of(forest())
    whole = choice_core.relaxation(model)
    monkeypatch.setattr(choice_core, "CORE", 60)
    monkeypatch.setattr(choice_core, "SAMPLE", 100)
    by_core = choice_core.relaxation(model)
    assert by_core.bound == pytest.approx(whole.bound, rel=1e-9)
    assert (model.rows @ by_core.columns >= model.lower - 1e-7).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_any_prices_prove_a_bound(seed: int) -> None:
    """Duals need not be right: what they prove is never above the relaxation's optimum."""
    from tianren.science.choice_highs import relax
    from tianren.science.choice_model import model_of, proven

    model = model_of(forest(6, 3, seed))
    duals = np.random.default_rng(seed).normal(0, 20, len(model.lower))
    assert proven(model, duals) <= relax(model).objective + 1e-6


def test_a_penalty_gathers_what_is_chosen_and_its_bound_is_near() -> None:
    from dataclasses import replace

    scattered = forest(50, 5)
    gathered = replace(scattered, penalty=0.5)
    plan = solve(gathered, Effort(gap=0.02))
    assert plan.route == "border" and plan.gap < 0.1
    loose = solve(scattered, Effort(gap=0.02))
    assert choice.border_length(gathered, plan.chosen) < choice.border_length(
        gathered, loose.chosen
    )


def test_the_border_bound_is_that_of_the_linear_program() -> None:
    from dataclasses import replace

    from tianren.science.choice_border import fenced
    from tianren.science.choice_highs import relax
    from tianren.science.choice_model import model_of

    problem = replace(forest(12, 3), penalty=0.4)
    exact = relax(model_of(problem)).objective
    bound = fenced(problem, 1e-4).bound
    assert exact * 0.995 <= bound <= exact + 1e-6


@given(st.floats(0, 200))
def test_a_bound_is_never_told_as_less_than_it_is(percent: float) -> None:
    told = float(f"{choice.rounded_up(percent):.2f}")
    assert percent - 1e-9 <= told < percent + 0.01 + 1e-9
