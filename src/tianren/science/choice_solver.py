"""Answers to planning problems, always with a bound that is proven and the gap to it.

Four routes: the whole problem by branch and bound (small ones, zones, neighbours); the relaxation
rounded (`choice_rounding`, plain ones with many units); the border by saddle point
(`choice_border`, a boundary penalty over many units); cuts where everything must be connected.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from tianren.errors import UserError
from tianren.language import say
from tianren.science import choice_advice
from tianren.science.choice import (
    Chosen,
    Floats,
    Ints,
    Problem,
    allowed,
    held,
    met,
    rounded_up,
    spent,
    value,
)
from tianren.science.choice_core import relaxation
from tianren.science.choice_highs import Answer, Effort, search
from tianren.science.choice_model import Model, as_chosen, model_of, reduced_costs, restricted
from tianren.science.choice_rounding import rounded

Route = Literal["whole", "rounding", "border", "connected"]
TINY = 100  # choices: below it branch and bound looks at the whole at once, always
SMALL = 1000  # below it, too, where neighbours or zones count, or where rounding leaves a gap
NODES = 50  # for the latter: budgeted problems hardly gain by more
WIDE = 5000  # choices: above it what the relaxation settles is held


@dataclass(frozen=True)
class Plan:
    """An answer: chosen (units, zones), its objective, the proven bound, and how it was found.

    bound: no allowed answer is better; gap = |objective - bound| / |objective|; stopped: "gap"
    (good enough as asked), "nodes" (a limit that is the same everywhere) or "time" (one that is
    not: another machine may stop elsewhere); prices (units,): the least by which the bound grows
    worse without each unit, where the search knows it.
    """

    problem: Problem
    chosen: Chosen
    objective: float
    bound: float
    route: Route
    stopped: str
    prices: Floats | None = field(default=None, repr=False)

    @property
    def gap(self) -> float:
        return gap_between(self.objective, self.bound)

    @property
    def units(self) -> Chosen:
        """(units,) chosen in any zone."""
        return np.asarray(self.chosen.any(axis=1))

    @property
    def zone(self) -> Ints:
        """(units,) number of the zone each chosen unit is in, 0 also for the rest."""
        return np.asarray(self.chosen.argmax(axis=1))

    def __str__(self) -> str:
        amounts = held(self.problem, self.chosen)
        lines = [
            say("{n} units chosen for a cost of {cost}; {met} of {m} targets are met.",
                n=f"{int(self.units.sum()):,}", cost=f"{spent(self.problem, self.chosen):,.6g}",
                met=int(met(self.problem, amounts).sum()), m=len(self.problem.features)),
            say("Objective {objective}, proven bound {bound}: at most {gap} % from the best.",
                objective=f"{self.objective:,.6g}", bound=f"{self.bound:,.6g}",
                gap=f"{rounded_up(100 * self.gap):.2f}"),
        ]  # fmt: skip
        if self.stopped == "time":
            lines.append(
                say("A time limit stopped the search: another machine may stop elsewhere.")
            )
        return "\n".join(lines)


def gap_between(objective: float, bound: float) -> float:
    """Share of the objective that is not proven; 0 where both are the same, also at zero."""
    apart = abs(objective - bound)
    if apart <= 1e-9 * max(1.0, abs(objective)):
        return 0.0
    return apart / abs(objective) if objective else math.inf


def solve(problem: Problem, effort: Effort | None = None, route: Route | None = None) -> Plan:
    """The best answer found, with its proven bound. effort: gap wanted, node and time limits.

    Raises UserError naming the targets that cannot be met, or the rules that leave no answer.
    """
    choice_advice.refuse_impossible(problem)
    effort = effort or Effort()
    ways = {"whole": _whole, "rounding": _rounding, "border": _border, "connected": _connected}
    way = route or route_of(problem)
    plan = ways[way](problem, effort)
    if not allowed(problem, plan.chosen):
        raise _no_answer(problem)
    return plan


def route_of(problem: Problem) -> Route:
    """The way that suits the problem's form and size."""
    if problem.connected:
        return "connected"
    if problem.plain:
        return "rounding" if problem.cost.size > TINY else "whole"
    if problem.cost.size <= SMALL:
        return "whole"
    many = problem.cost.size > 2 * SMALL
    by_border = problem.neighbours == 0 and len(problem.zones) == 1
    if many and by_border and problem.objective == "minimum_set":
        return "border"
    return "whole"


def plan_of(problem: Problem, chosen: Chosen, bound: float, route: Route, stopped: str) -> Plan:
    """A Plan from a bound as it is minimised; a bound beyond the answer is the answer."""
    sign = -1.0 if problem.maximises else 1.0
    found = value(problem, chosen)
    return Plan(problem, chosen, found, sign * min(bound, sign * found), route, stopped)


def _rounding(problem: Problem, effort: Effort) -> Plan:
    model = model_of(problem)
    relaxed = relaxation(model)
    if not relaxed.feasible:
        raise _no_answer(problem)
    chosen = rounded(problem, model, relaxed, effort.gap)[:, None]
    plan = plan_of(problem, chosen, relaxed.bound, "rounding", "gap")
    if plan.gap > effort.gap and model.choices <= SMALL:
        plan = _closer(plan, search(model, replace(effort, nodes=min(NODES, effort.nodes))))
    prices = np.maximum(0.0, -reduced_costs(model, relaxed.duals)[: model.choices])
    return replace(plan, prices=prices, stopped="gap" if plan.gap <= effort.gap else "nodes")


def _closer(plan: Plan, found: Answer) -> Plan:
    """The better of two answers with the better of their bounds."""
    sign = -1.0 if plan.problem.maximises else 1.0
    bound = np.nanmax([sign * plan.bound, found.bound])
    chosen = plan.chosen
    if len(found.columns):
        tried = as_chosen(plan.problem, found.columns)
        better = sign * value(plan.problem, tried) < sign * plan.objective
        chosen = tried if better and allowed(plan.problem, tried) else chosen
    return plan_of(plan.problem, chosen, float(bound), plan.route, plan.stopped)


def _whole(problem: Problem, effort: Effort) -> Plan:
    model = model_of(problem)
    if model.choices > WIDE:
        return _settled(problem, model, effort)
    found = search(model, effort)
    return _plan_from(problem, found, found.bound, "whole")


def _settled(problem: Problem, model: Model, effort: Effort) -> Plan:
    """Hold the choices that the relaxation settles, search the rest; wider where it finds none."""
    relaxed = relaxation(model)
    if not relaxed.feasible:
        raise _no_answer(problem)
    x = relaxed.columns[: model.choices]
    rest = np.arange(model.choices, len(model.cost))
    far = np.abs(x - np.round(x))
    others = np.round(relaxed.columns)
    for share in (0.1, 0.3, 1.0):
        count = max(int((far > 1e-6).sum()), int(share * len(x)))
        columns = np.concatenate([np.sort(np.argsort(-far, kind="stable")[:count]), rest])
        part, _ = restricted(model, columns, others)
        found = search(part, effort)
        if len(found.columns):
            full = others.copy()
            full[columns] = found.columns
            chosen = as_chosen(problem, full)
            plan = plan_of(problem, chosen, relaxed.bound, "whole", found.state)
            return replace(plan, stopped="gap" if plan.gap <= effort.gap else "nodes")
    raise _no_answer(problem)


def _plan_from(problem: Problem, found: Answer, bound: float, route: Route) -> Plan:
    if not len(found.columns):
        raise _no_answer(problem, found.state)
    stopped = "gap" if found.state == "optimal" else found.state
    return plan_of(problem, as_chosen(problem, found.columns), bound, route, stopped)


def _border(problem: Problem, effort: Effort) -> Plan:
    from tianren.science.choice_border import fenced

    found = fenced(problem, effort.gap)
    plan = plan_of(problem, found.chosen[:, None], found.bound, "border", found.stopped)
    return replace(plan, prices=found.prices)


def _connected(problem: Problem, effort: Effort) -> Plan:
    from tianren.science.choice_connected import joined

    chosen, bound, stopped = joined(problem, model_of(problem), effort)
    if chosen is None:
        raise _no_answer(problem, stopped)
    return plan_of(problem, chosen, bound, "connected", stopped)


def _no_answer(problem: Problem, state: str = "infeasible") -> UserError:
    if state != "infeasible":
        return UserError(
            "no allowed answer was found before a limit stopped the search",
            where="project.plan",
            by_how_much=state,
            next_step="raise the limit, or ask for less: lower targets, fewer rules",
        )
    rules = [
        name
        for name, on in (
            ("the locked units", bool(problem.status.any())),
            ("the budget", math.isfinite(problem.budget)),
            ("the number of neighbours", problem.neighbours > 0),
            ("connection in one piece", problem.connected),
            ("the zones", len(problem.zones) > 1),
        )
        if on
    ]
    return UserError(
        f"no set of units keeps all the rules: the targets together with {', '.join(rules)}",
        where="project.plan",
        next_step="leave out one of these rules, or lower the targets",
    )
