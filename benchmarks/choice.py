"""Choice: gaps that are proven and seconds that they take, against HiGHS's own branch and bound.

Features and costs are smooth random fields (seeded), as species and land prices are: 50,000 x 200
minimum set; 10,000 x 400 with 1.5 million entries under a budget; 100,000 with a boundary penalty;
500,000 by rounding and by the greedy way.
"""

import argparse
import time
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_array, vstack

from benchmarks.measure import Goal, at_least, at_most
from tianren.science.choice import Borders, Problem, make_problem, value
from tianren.science.choice_highs import Effort, search
from tianren.science.choice_model import model_of
from tianren.science.choice_rounding import greedy
from tianren.science.choice_solver import Plan, solve

SEED = 1
TARGET = 0.2  # of each feature


def goals(asked: argparse.Namespace) -> list[Goal | str]:
    """Measure; peers are left out with --ours."""
    _warm()
    return [
        "choice",
        *_minimum_set(asked.ours),
        *_budgeted(),
        *_fenced(),
        *_half_a_million(),
    ]


def fields(
    rows: int, columns: int, features: int, share: float, near: float = 2, far: float = 12
) -> tuple[Any, csr_array]:
    """Cost (units,) and amounts (units, features), of which about `share` are above zero."""
    rng = np.random.default_rng(SEED)
    cost = np.exp(0.5 * _smooth(rng, rows, columns, 6)) * rng.uniform(0.8, 1.2, rows * columns)
    found = [_feature(rng, rows, columns, share, rng.uniform(near, far)) for _ in range(features)]
    return cost, csr_array(vstack(found, format="csr").T)


def _smooth(rng: Any, rows: int, columns: int, reach: float) -> Any:
    field = gaussian_filter(rng.standard_normal((rows, columns)), reach, mode="wrap").ravel()
    return (field - field.mean()) / field.std()


def _feature(rng: Any, rows: int, columns: int, share: float, reach: float) -> csr_array:
    field = _smooth(rng, rows, columns, reach)
    edge = np.quantile(field, 1 - min(share * rng.uniform(0.2, 1.8), 0.95))
    amount = np.where(field > edge, np.minimum(1, 0.2 + field - edge), 0)
    return csr_array(amount[None, :])


def borders(rows: int, columns: int) -> Borders:
    """Square cells of side one."""
    at = np.arange(rows * columns).reshape(rows, columns)
    first = np.concatenate([at[:, :-1].ravel(), at[:-1].ravel()])
    second = np.concatenate([at[:, 1:].ravel(), at[1:].ravel()])
    touching = np.bincount(first, minlength=at.size) + np.bincount(second, minlength=at.size)
    return Borders(first, second, np.ones(len(first)), 4.0 - touching)


def problem(rows: int, columns: int, features: int, share: float, **more: Any) -> Problem:
    cost, amounts = fields(rows, columns, features, share)
    return make_problem(cost, amounts, TARGET * np.asarray(amounts.sum(axis=0)), **more)


def timed(asked: Problem, effort: Effort) -> tuple[Plan, float]:
    start = time.perf_counter()
    plan = solve(asked, effort)
    seconds = time.perf_counter() - start
    print(f"    {plan.route:<10} {seconds:8.2f} s  objective {plan.objective:,.4f}  "
          f"bound {plan.bound:,.4f}  gap {100 * plan.gap:.3f} %", flush=True)  # fmt: skip
    return plan, seconds


def _warm() -> None:
    """Compile before the clock starts."""
    small = {"rows": 40, "columns": 40, "features": 5, "share": 0.2}
    solve(problem(**small))
    solve(problem(**small, objective="minimum_shortfall", budget=100.0))
    solve(problem(50, 50, 5, 0.2, borders=borders(50, 50), penalty=0.1))


def _minimum_set(ours: bool) -> list[Goal | str]:
    found: list[Goal | str] = []
    for share in (0.1, 0.3):
        asked = problem(200, 250, 200, share)
        size = f"50,000 x 200, {asked.amounts[0].nnz / 1e6:.1f} M entries"
        print(f"\nMinimum set, {size}", flush=True)
        plan, seconds = timed(asked, Effort(gap=0.002))
        found.append(at_most(f"minimum set {size}: gap, %", 100 * plan.gap, 0.2))
        if not ours:
            start = time.perf_counter()
            answer = search(model_of(asked), Effort(gap=0.01, nodes=10**9))
            theirs = time.perf_counter() - start
            print(f"    HiGHS at 1 % {theirs:6.2f} s  objective {answer.objective:,.4f}")
            found.append(at_least("  HiGHS's own at 1 % / ours", theirs / seconds, 2.0))
    return found


def _budgeted() -> list[Goal | str]:
    cost, amounts = fields(100, 100, 400, 0.375)
    targets = TARGET * np.asarray(amounts.sum(axis=0))
    size = f"10,000 x 400, {amounts.nnz / 1e6:.1f} M entries"
    print(f"\nMinimum shortfall under a budget of a tenth of all cost, {size}", flush=True)
    asked = make_problem(
        cost, amounts, targets, objective="minimum_shortfall", budget=0.1 * float(cost.sum())
    )
    plan, seconds = timed(asked, Effort(gap=0.01))
    return [
        at_most(f"minimum shortfall {size}: gap, %", 100 * plan.gap, 3.0),
        at_most("  seconds", seconds, 60.0),
    ]


def _fenced() -> list[Goal | str]:
    asked = problem(316, 317, 100, 0.1, borders=borders(316, 317), penalty=0.3)
    print("\nMinimum set with a boundary penalty, 100,172 x 100", flush=True)
    plan, seconds = timed(asked, Effort(gap=0.02))
    return [
        at_most("boundary penalty 100,172 units: gap, %", 100 * plan.gap, 2.0),
        at_most("  seconds", seconds, 600.0),
    ]


def _half_a_million() -> list[Goal | str]:
    asked = problem(500, 1000, 200, 0.05)
    print("\nMinimum set, 500,000 x 200", flush=True)
    plan, _ = timed(asked, Effort(gap=0.002))
    start = time.perf_counter()
    chosen = greedy(asked, model_of(asked))
    seconds, found = time.perf_counter() - start, value(asked, chosen[:, None])
    gap = found / plan.bound - 1
    print(f"    greedy     {seconds:8.2f} s  objective {found:,.4f}  gap {100 * gap:.3f} %")
    return [at_most("minimum set 500,000 units, rounded: gap, %", 100 * plan.gap, 1.0)]
