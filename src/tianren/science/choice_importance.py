"""How much each unit matters to an answer, and other answers that are nearly as good."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.science import choice_advice
from tianren.science.choice import (
    LOCKED_IN,
    LOCKED_OUT,
    TOLERANCE,
    Chosen,
    Floats,
    Ints,
    Problem,
    allowed,
)
from tianren.science.choice_core import relaxation
from tianren.science.choice_highs import Effort, search
from tianren.science.choice_model import Model, as_chosen, model_of, reduced_costs, with_rows
from tianren.science.choice_solver import SMALL, TINY, Plan, plan_of, route_of, solve

MANY = 50  # chosen units: beyond it replacement costs come from prices
DEARER = 0.1  # what is chosen already costs so much more when another answer is looked for
TRIES = 3  # for each answer of a portfolio


@dataclass(frozen=True)
class Importance:
    """Replacement cost of each unit (units,): how much worse the best is without it, 0 for units
    that are not chosen or locked in, inf where nothing replaces it. method: "re-solved" (each
    with the gap of the search) or "price" (the least by which the relaxation grows worse).
    """

    cost: Floats
    method: str


def replacement_cost(plan: Plan, effort: Effort | None = None, many: int = MANY) -> Importance:
    """What it costs to do without each chosen unit; Cabeza & Moilanen 2006, Biol. Conserv. 132:336.

    Re-solved for up to `many` units, otherwise, and where each search would be long, from the
    prices of the relaxation.
    """
    locked = (plan.problem.status == LOCKED_IN).any(axis=1)
    wanted = np.flatnonzero(plan.units & ~locked)
    if len(wanted) > many or _slow(plan.problem):
        cost = _by_price(plan, wanted)
        cost[wanted[_without_substitute(plan.problem, wanted)]] = np.inf
        return Importance(cost, "price")
    cost = np.zeros(len(plan.problem.units))
    for unit in wanted:
        cost[unit] = _without(plan, int(unit), effort)
    return Importance(cost, "re-solved")


def _slow(problem: Problem) -> bool:
    """Whether one search already takes long: neighbours must be chosen among more than a few."""
    return (problem.neighbours > 0 or problem.connected) and problem.cost.size > TINY


def _without(plan: Plan, unit: int, effort: Effort | None) -> float:
    status = plan.problem.status.copy()
    status[unit] = LOCKED_OUT
    try:
        other = solve(replace(plan.problem, status=status), effort)
    except UserError:  # no set keeps the rules without this unit: that is the answer
        return np.inf
    return abs(max(0.0, _sign(plan) * (other.objective - plan.objective)))


def _without_substitute(problem: Problem, wanted: Ints) -> NDArray[np.bool_]:
    """Which of these units no set can do without: all others together miss a target.

    Prices do not tell them: what a target forces needs no price.
    """
    if problem.objective != "minimum_set":
        return np.zeros(len(wanted), dtype=bool)
    most = problem.amounts[0]
    for amounts in problem.amounts[1:]:
        most = most.maximum(amounts)
    spare = choice_advice.available(problem) - problem.targets * (1 - TOLERANCE)
    held = most[wanted].tocoo()
    missed = held.row[held.data > spare[held.col]]
    return np.asarray(np.bincount(missed, minlength=len(wanted)) > 0)


def _sign(plan: Plan) -> float:
    return -1.0 if plan.problem.maximises else 1.0


def _by_price(plan: Plan, wanted: Ints) -> Floats:
    cost = np.zeros(len(plan.problem.units))
    worth = _prices(plan) if plan.prices is None else plan.prices
    cost[wanted] = worth[wanted]
    return cost


def _prices(plan: Plan) -> Floats:
    """What the relaxation would lose at least without each unit (units,)."""
    model = model_of(plan.problem)
    reduced = reduced_costs(model, relaxation(model).duals)[: model.choices]
    return np.asarray(np.maximum(0.0, -reduced.reshape(plan.problem.cost.shape)).max(axis=1))


def rarity_weighted_richness(problem: Problem) -> Floats:
    """(units,) sum over features of weight times the unit's share of all there is of the feature.

    Williams et al. 1996, Conservation Biology 10:155; features that nobody holds count nothing.
    """
    total = np.zeros(len(problem.units))
    everything = sum(np.asarray(a.sum(axis=0)).ravel() for a in problem.amounts)
    shares = problem.weights / np.where(np.asarray(everything) > 0, everything, np.inf)
    for matrix in problem.amounts:
        total = np.maximum(total, matrix @ shares)
    return total


def portfolio(
    plan: Plan, count: int, *, worse: float = 0.1, apart: float = 0.05, effort: Effort | None = None
) -> list[Plan]:
    """Up to `count` other answers, the best first, each at most `worse` (share) behind the plan.

    apart: share of the plan's units by which any two answers differ at least. Small problems: the
    best answer that differs enough, by cuts. Large
    ones: what was chosen before is made dearer and the problem is solved again.
    """
    found = [plan]
    least = max(1, round(apart * int(plan.units.sum())))
    small = route_of(plan.problem) == "whole" and plan.problem.cost.size <= SMALL
    for _ in range(count):
        another = _by_cuts(found, least, effort) if small else _by_price_rise(found, least, effort)
        if another is None or _behind(another, plan) > worse:
            break
        found.append(another)
    return sorted(found[1:], key=lambda p: _sign(p) * p.objective)


def _behind(another: Plan, plan: Plan) -> float:
    """How much worse another answer is, as a share of the plan's objective."""
    apart = _sign(plan) * (another.objective - plan.objective)
    return apart / max(abs(plan.objective), 1e-12)


def distance(a: Chosen, b: Chosen) -> int:
    """In how many units two answers differ."""
    return int((a != b).any(axis=1).sum())


def _by_cuts(found: list[Plan], least: int, effort: Effort | None) -> Plan | None:
    """The best answer that differs from each known one in at least so many choices."""
    problem = found[0].problem
    model = _apart(model_of(problem), found, least)
    answer = search(model, effort or Effort())
    if not len(answer.columns):
        return None
    chosen = as_chosen(problem, answer.columns)
    stopped = "gap" if answer.state == "optimal" else answer.state
    return plan_of(problem, chosen, answer.bound, "whole", stopped)


def _apart(model: Model, found: list[Plan], least: int) -> Model:
    from scipy.sparse import csr_array

    rows = np.array([np.where(p.chosen.ravel(), -1.0, 1.0) for p in found])
    lower = np.array([least - int(p.chosen.sum()) for p in found], dtype=np.float64)
    return with_rows(model, csr_array(rows), lower, np.full(len(found), np.inf))


def _by_price_rise(found: list[Plan], least: int, effort: Effort | None) -> Plan | None:
    """An answer of a problem in which what was chosen before costs more, valued in the old one."""
    problem = found[0].problem
    often = np.sum([p.chosen for p in found], axis=0) / len(found)
    for k in range(1, TRIES + 1):
        dearer = replace(problem, cost=problem.cost * (1.0 + DEARER * k * often))
        if np.isfinite(problem.budget):
            dearer = replace(dearer, budget=problem.budget * (1.0 + DEARER * k * often.mean()))
        try:
            chosen = solve(dearer, effort).chosen
        except UserError:  # too dear now: no further answer this way
            return None
        if all(distance(chosen, p.chosen) >= least for p in found) and allowed(problem, chosen):
            bound = _sign(found[0]) * found[0].bound
            return plan_of(problem, chosen, bound, found[0].route, "gap")
    return None


def best_first(plan: Plan, others: list[Plan]) -> list[Plan]:
    """The plan and the others, the best first: within the gap of a search another may be better."""
    best = min([plan, *others], key=lambda p: _sign(plan) * p.objective)
    if best is plan:
        return [plan, *others]
    first = replace(best, bound=plan.bound, prices=plan.prices, stopped=plan.stopped)
    rest = [p for p in (plan, *others) if p is not best]
    return [first, *sorted(rest, key=lambda p: _sign(plan) * p.objective)]


def selection_frequency(plans: list[Plan]) -> Floats:
    """(units,) share of the answers that choose each unit."""
    return np.asarray(np.mean([p.units for p in plans], axis=0), dtype=np.float64)
