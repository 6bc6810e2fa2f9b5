"""Advice before solving: what cannot be met and by how much, and what will hurt. Plain words."""

import math

import numpy as np

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.science.choice import (
    LOCKED_IN,
    LOCKED_OUT,
    NAMED,
    TOLERANCE,
    Floats,
    Problem,
    pieces,
)

SCALE = 1e6  # largest over smallest positive number in a row: beyond it solvers lose digits
SOURCE = "Hanson et al. 2025, Conservation Biology 39:e14376 (presolve checks)"


def available(problem: Problem) -> Floats:
    """(features,) the most of each feature that units not locked out can hold, one zone a unit."""
    best = np.zeros((len(problem.units), 0))
    total = np.zeros(len(problem.features))
    if len(problem.zones) == 1:
        usable = (problem.status[:, 0] != LOCKED_OUT).astype(np.float64)
        return np.asarray(problem.amounts[0].T @ usable)
    bound_to = (problem.status == LOCKED_IN).any(axis=1)
    for f in range(len(problem.features)):
        columns = [np.asarray(a[:, [f]].todense()).ravel() for a in problem.amounts]
        best = np.stack(columns, axis=1)
        best[problem.status == LOCKED_OUT] = 0.0
        best[bound_to[:, None] & (problem.status != LOCKED_IN)] = 0.0
        total[f] = math.fsum(best.max(axis=1))
    return total


def unreachable(problem: Problem) -> list[tuple[str, float, float]]:
    """Features whose target is beyond all that there is: name, target, available."""
    there = available(problem)
    lacking = np.flatnonzero(there < problem.targets * (1 - TOLERANCE))
    return [(problem.features[f], float(problem.targets[f]), float(there[f])) for f in lacking]


def refuse_impossible(problem: Problem) -> None:
    """UserError where no answer can exist: targets out of reach, locked-in units over budget."""
    if problem.objective == "minimum_set":
        lacking = unreachable(problem)
        if lacking:
            some = "; ".join(
                f"{name}: target {t:,.6g}, at most {a:,.6g} can be held"
                for name, t, a in lacking[:NAMED]
            )
            raise UserError(
                f"{len(lacking)} of {len(problem.features)} targets cannot be met",
                where="project.plan.targets",
                by_how_much=some,
                next_step="lower these targets, free units that are locked out, or use "
                'objective = "minimum_shortfall"',
            )
    need = locked_cost(problem)
    if need > problem.budget * (1 + TOLERANCE):
        raise UserError(
            "the budget is too small for the units that are locked in",
            where="project.plan.budget",
            by_how_much=f"they cost {need:,.6g}, the budget is {problem.budget:,.6g}",
            next_step="raise the budget or lock fewer units in",
        )


def locked_cost(problem: Problem) -> float:
    return math.fsum(problem.cost[problem.status == LOCKED_IN])


def advice(problem: Problem) -> list[Finding]:
    """What to know before solving, worst first within each kind; nothing is changed."""
    return [
        *_out_of_reach(problem), *_held_by_nobody(problem), *_budget(problem),
        *_scales(problem), *_twins(problem), *_free(problem), *_lonely(problem),
    ]  # fmt: skip


def _out_of_reach(problem: Problem) -> list[Finding]:
    severity = Severity.ERROR if problem.objective == "minimum_set" else Severity.WARNING
    return [
        Finding(
            "choice.target_out_of_reach", name, severity,
            say("the target of {name} is {target}, but at most {most} can be held: {lack} short",
                name=name, target=f"{t:,.6g}", most=f"{a:,.6g}", lack=f"{t - a:,.6g}"),
            SOURCE,
        )
        for name, t, a in unreachable(problem)
        if a > 0
    ]  # fmt: skip


def _held_by_nobody(problem: Problem) -> list[Finding]:
    there = sum(np.asarray(a.sum(axis=0)).ravel() for a in problem.amounts)
    severity = Severity.ERROR if problem.objective == "minimum_set" else Severity.WARNING
    return [
        Finding(
            "choice.held_by_nobody", problem.features[f],
            severity if problem.targets[f] > 0 else Severity.WARNING,
            say("no planning unit holds {name}", name=problem.features[f]), SOURCE,
        )
        for f in np.flatnonzero(np.asarray(there) <= 0)
    ]  # fmt: skip


def _budget(problem: Problem) -> list[Finding]:
    if not math.isfinite(problem.budget):
        return []
    left = problem.budget - locked_cost(problem)
    free = (problem.status != LOCKED_IN) & (problem.status != LOCKED_OUT)
    whole = math.fsum(np.where(free, problem.cost, 0.0).max(axis=1))
    if left < 0:
        text = say("the locked-in units cost {more} more than the budget", more=f"{-left:,.6g}")
        return [Finding("choice.budget", "budget", Severity.ERROR, text, SOURCE)]
    if free.any() and left < problem.cost[free].min():
        text = say("after the locked-in units the budget buys no further unit")
        return [Finding("choice.budget", "budget", Severity.WARNING, text, SOURCE)]
    if left >= whole > 0:
        text = say("the budget buys every unit: it does not limit anything")
        return [Finding("choice.budget", "budget", Severity.WARNING, text, SOURCE)]
    return []


def _scales(problem: Problem) -> list[Finding]:
    found = []
    costs = problem.cost[problem.cost > 0]
    if costs.size and costs.max() / costs.min() > SCALE:
        found.append(_scale("cost", costs.max() / costs.min()))
    wide = {}
    for matrix in problem.amounts:
        table = matrix.tocsc()
        for f in range(len(problem.features)):
            values = table.data[table.indptr[f] : table.indptr[f + 1]]
            values = values[values > 0]
            if values.size and values.max() / values.min() > SCALE:
                wide[problem.features[f]] = float(values.max() / values.min())
    found += [_scale(name, ratio) for name, ratio in wide.items()]
    return found


def _scale(name: str, ratio: float) -> Finding:
    text = say(
        "the largest value of {name} is {ratio} times the smallest: digits get lost; leave out "
        "tiny values or use another unit",
        name=name, ratio=f"{ratio:.0e}",
    )  # fmt: skip
    return Finding("choice.scale", name, Severity.WARNING, text, SOURCE)


def _twins(problem: Problem) -> list[Finding]:
    """Units with the same cost, status and amounts: the answer among them is a matter of order."""
    if len(problem.units) < 2 or problem.spatial:
        return []
    table = problem.amounts[0].copy()
    table.sort_indices()
    seen: dict[bytes, int] = {}
    pairs = []
    for u in range(len(problem.units)):
        row = slice(table.indptr[u], table.indptr[u + 1])
        mark = b"|".join(
            [problem.cost[u].tobytes(), problem.status[u].tobytes(),
             table.indices[row].tobytes(), table.data[row].tobytes()]
        )  # fmt: skip
        if mark in seen and row.stop > row.start:
            pairs.append((problem.units[seen[mark]], problem.units[u]))
        seen.setdefault(mark, u)
    if not pairs:
        return []
    some = ", ".join(f"{a} = {b}" for a, b in pairs[:NAMED])
    text = say("{n} units are the same as another in cost and in all they hold: {some}",
               n=len(pairs), some=some)  # fmt: skip
    return [Finding("choice.duplicate_units", "units", Severity.NOTE, text, SOURCE)]


def _free(problem: Problem) -> list[Finding]:
    nothing = int((problem.cost.max(axis=1) <= 0).sum())
    if not nothing:
        return []
    text = say("{n} units cost nothing: they are chosen whenever they help at all", n=nothing)
    return [Finding("choice.free_units", "cost", Severity.NOTE, text, SOURCE)]


def _lonely(problem: Problem) -> list[Finding]:
    """Locked-in units that the rules about neighbours can never suit."""
    b = problem.borders
    if b is None:
        return []
    found = []
    fixed = (problem.status == LOCKED_IN).any(axis=1)
    usable = (problem.status != LOCKED_OUT).any(axis=1)
    n = len(problem.units)
    near = np.bincount(b.first, usable[b.second], n) + np.bincount(b.second, usable[b.first], n)
    few = np.flatnonzero(fixed & (near < problem.neighbours))
    if few.size:
        text = say("{n} locked-in units have fewer than {k} usable neighbours: {some}",
                   n=few.size, k=problem.neighbours,
                   some=", ".join(problem.units[u] for u in few[:NAMED]))  # fmt: skip
        found.append(Finding("choice.lonely_units", "neighbours", Severity.ERROR, text, SOURCE))
    if problem.connected:
        apart = [p for p in pieces(problem, usable[:, None]) if fixed[p].any()]
        if len(apart) > 1:
            text = say("the locked-in units lie in {n} parts that no unit can join", n=len(apart))
            found.append(Finding("choice.apart", "connected", Severity.ERROR, text, SOURCE))
    return found
