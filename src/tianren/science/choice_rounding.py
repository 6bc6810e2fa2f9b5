"""Plain problems with many units: the relaxation, rounded, improved, and searched where it is open.

Plain: one zone, no look at neighbours. At the optimum of the relaxation no more columns are
fractional than there are rows, so that little is left to decide. The bound is the relaxation's.
"""

import math
from collections.abc import Callable

import numpy as np

from tianren.science import choice_improve as improve
from tianren.science.choice import Floats, Ints, Problem, value
from tianren.science.choice_core import Relaxed
from tianren.science.choice_highs import Effort, search
from tianren.science.choice_model import (
    Model,
    reduced_costs,
    restricted,
    scaled_amounts,
)

FRACTION = 1e-7
OPEN = 400  # columns that the reduced search may decide beside the fractional ones
NEAR = 600  # columns that swaps look at
PASSES = 3
NODES = 50


class Rounding:
    """The columns of a plain problem in the form that the compiled loops take."""

    def __init__(self, problem: Problem, model: Model, relaxed: Relaxed) -> None:
        n = model.choices
        self.problem, self.model, self.relaxed = problem, model, relaxed
        self.start, self.index, self.amount = improve.column_form(scaled_amounts(problem))
        self.cost = np.ascontiguousarray(problem.cost[:, 0])
        self.need = (problem.targets > 0).astype(np.float64)
        self.free = model.low[:n] < model.high[:n]
        self.reduced = reduced_costs(model, relaxed.duals)[:n]
        self.order = np.argsort(-self.reduced, kind="stable").astype(np.int64)

    @property
    def columns(self) -> tuple[Ints, "np.ndarray[tuple[int], np.dtype[np.int32]]", Floats]:
        return self.start, self.index, self.amount

    def held(self, chosen: improve.Flags) -> Floats:
        """Shares of targets in what is chosen."""
        rows = np.repeat(chosen, np.diff(self.start))
        return np.bincount(self.index[rows], self.amount[rows], len(self.need)).astype(np.float64)

    def near(self, wanted: improve.Flags, count: int) -> Ints:
        """The free columns of reduced cost nearest zero among some."""
        some = np.flatnonzero(wanted & self.free)
        best = np.argsort(np.abs(self.reduced[some]), kind="stable")[:count]
        return np.asarray(some[best], dtype=np.int64)


Maker = Callable[[Rounding, improve.Flags], improve.Flags]


def rounded(problem: Problem, model: Model, relaxed: Relaxed, gap: float) -> improve.Flags:
    """A good answer (units,) from the relaxation; searches on while it is further than gap."""
    work = Rounding(problem, model, relaxed)
    make = _cheapest if problem.objective == "minimum_set" else _within_budget
    x = relaxed.columns[: model.choices]
    chosen = make(work, x > FRACTION if make is _cheapest else x > 1 - FRACTION)
    if _gap(work, chosen) > gap:
        chosen = _searched(work, chosen, gap, make)
    return chosen


def greedy(problem: Problem, model: Model) -> improve.Flags:
    """An answer (units,) by rate of gain per cost alone, for comparison and first answers."""
    nothing = Relaxed(np.zeros(len(model.cost)), np.zeros(len(model.lower)), -math.inf)
    work = Rounding(problem, model, nothing)
    work.order = np.argsort(-work.cost, kind="stable").astype(np.int64)
    start = model.low[: model.choices] > 0.5
    return (_cheapest if problem.objective == "minimum_set" else _within_budget)(work, start)


def _gap(work: Rounding, chosen: improve.Flags) -> float:
    found = work.model.sign * value(work.problem, chosen[:, None])
    return (found - work.relaxed.bound) / max(abs(found), 1e-12)


def _cheapest(work: Rounding, chosen: improve.Flags) -> improve.Flags:
    """Targets met, then nothing unneeded, then cheaper in place of dearer."""
    chosen = chosen.copy()
    held = work.held(chosen)
    improve.add_until_met(
        *work.columns, work.cost, work.need, work.free, chosen, held, work.order[::-1].copy()
    )
    improve.drop_unneeded(*work.columns, work.need, work.free, chosen, held, work.order)
    for _ in range(PASSES):
        into = work.near(~chosen, 4 * NEAR)
        into = into[np.argsort(work.cost[into], kind="stable")]
        out = work.near(chosen, 4 * NEAR)
        out = out[np.argsort(-work.reduced[out], kind="stable")]
        swapped = improve.swap_for_cheaper(
            *work.columns, work.cost, work.need, work.free, chosen, held, out, into
        )
        dropped = improve.drop_unneeded(
            *work.columns, work.need, work.free, chosen, held, work.order
        )
        if not swapped + dropped:
            break
    return chosen


KINDS = {"minimum_shortfall": 0, "maximum_coverage": 0, "maximum_utility": 2}


def _within_budget(work: Rounding, chosen: improve.Flags) -> improve.Flags:
    """What the budget buys, greedily, then better in place of worse."""
    if work.problem.objective == "maximum_coverage":
        chosen = _feature_by_feature(work, chosen)
    chosen = _affordable(work, chosen)
    held, kind = work.held(chosen), KINDS[work.problem.objective]
    weight = _weights(work)
    rest = (*work.columns, work.cost, kind, weight, work.free, chosen, held)
    left = improve.spend_greedily(*rest, _left(work, chosen), work.order)
    if work.problem.objective == "maximum_coverage":
        return chosen
    for _ in range(PASSES):
        before = float(weight @ held) if kind else float(weight @ np.maximum(0, 1 - held))
        out, into = work.near(chosen, NEAR), work.near(~chosen, NEAR)
        left = improve.swap_within_budget(*rest, left, out, into)
        left = improve.spend_greedily(*rest, left, work.order)
        after = float(weight @ held) if kind else float(weight @ np.maximum(0, 1 - held))
        if abs(after - before) <= 1e-9 * abs(before):
            break
    return chosen


def _weights(work: Rounding) -> Floats:
    """Weights for shares of targets; where amounts count, the target is multiplied back."""
    asked = work.problem.targets > 0
    if work.problem.objective == "maximum_utility":
        return np.asarray(work.problem.weights * np.where(asked, work.problem.targets, 1.0))
    return np.asarray(work.problem.weights * asked)


def _left(work: Rounding, chosen: improve.Flags) -> float:
    return work.problem.budget - math.fsum(work.cost[chosen])


def _affordable(work: Rounding, chosen: improve.Flags) -> improve.Flags:
    """Without the units of the worst reduced cost, until the budget is kept."""
    chosen = chosen.copy()
    spent = math.fsum(work.cost[chosen])
    for u in work.order:
        if spent <= work.problem.budget:
            break
        if chosen[u] and work.free[u]:
            chosen[u] = False
            spent -= work.cost[u]
    return chosen


def _feature_by_feature(work: Rounding, chosen: improve.Flags) -> improve.Flags:
    """Meet targets one after the other, in the relaxation's order, as far as the budget goes."""
    n, problem = work.model.choices, work.problem
    share = work.relaxed.columns[n : n + len(problem.features)]
    chosen = work.model.low[:n] > 0.5
    need, order = np.zeros(len(problem.features)), work.order[::-1].copy()
    for f in np.argsort(-share * problem.weights, kind="stable"):
        tried, more = chosen.copy(), need.copy()
        more[f] = work.need[f]
        held = work.held(tried)
        rest = (more, work.free, tried, held)
        improve.add_until_met(*work.columns, work.cost, *rest, order)
        improve.drop_unneeded(*work.columns, *rest, work.order)
        if _left(work, tried) >= 0 and (held >= more - improve.SLACK).all():
            chosen, need = tried, more
    return chosen


def _searched(work: Rounding, chosen: improve.Flags, gap: float, make: Maker) -> improve.Flags:
    """Branch and bound over what the relaxation leaves open, the rest held; kept if better."""
    model, n = work.model, work.model.choices
    x = work.relaxed.columns[:n]
    fractional = (x > FRACTION) & (x < 1 - FRACTION)
    open_ones = np.union1d(np.flatnonzero(fractional), work.near(work.free, OPEN))
    columns = np.concatenate([open_ones, np.arange(n, len(model.cost))])
    others = np.zeros(len(model.cost))
    others[:n] = chosen
    part, _ = restricted(model, columns, others)
    found = search(part, Effort(gap / 2, NODES))
    if not len(found.columns):
        return chosen
    others[columns] = found.columns
    tried = make(work, others[:n] > 0.5)
    return tried if _gap(work, tried) < _gap(work, chosen) else chosen
