"""One connected piece, exactly: search, look for islands, cut them off, search again.

A cut for an island S, a unit i in it and a unit r chosen elsewhere: if both stay, some unit that
borders S is chosen too: sum over the border of S >= x_i + x_r - 1. It holds for every connected
answer, so that every search's bound is proven; the search ends when nothing is left to cut.
Carvajal et al. 2013, Operations Research 61:824.
"""

import math
from typing import Any

import numpy as np

from tianren.science.choice import LOCKED_OUT, Chosen, Floats, Ints, Problem, allowed, pieces, value
from tianren.science.choice_highs import Effort, search
from tianren.science.choice_model import Model, as_chosen, with_rows

ROUNDS = 200
EACH = 3  # units of an island that are cut at a time


def joined(problem: Problem, model: Model, effort: Effort) -> tuple[Chosen | None, float, str]:
    """What is chosen in one piece, its proven bound (as minimised), and why the search stopped."""
    best: Chosen | None = None
    bound, cuts = -math.inf, model
    for _ in range(ROUNDS):
        found = search(cuts, effort)
        if not len(found.columns):
            return best, bound, found.state
        bound = max(bound, found.bound)
        chosen = as_chosen(problem, found.columns)
        parts = pieces(problem, chosen)
        for tried in (chosen, *_bridged(problem, chosen, parts)):
            if allowed(problem, tried) and _better(problem, tried, best):
                best = tried
        if len(parts) < 2 or _close(problem, best, bound, effort.gap):
            return best, bound, "gap" if found.state == "optimal" else found.state
        cuts = _cut(problem, cuts, chosen, parts)
    return best, bound, "nodes"


def _minimised(problem: Problem, chosen: Chosen) -> float:
    return value(problem, chosen) * (-1 if problem.maximises else 1)


def _better(problem: Problem, tried: Chosen, best: Chosen | None) -> bool:
    return best is None or _minimised(problem, tried) < _minimised(problem, best)


def _close(problem: Problem, best: Chosen | None, bound: float, gap: float) -> bool:
    if best is None:
        return False
    found = _minimised(problem, best)
    return found - bound <= gap * abs(found)


def _cut(problem: Problem, model: Model, chosen: Chosen, parts: list[Ints]) -> Model:
    """The model with cuts between every island and the largest, both ways."""
    from scipy.sparse import csr_array

    mass = _size(problem)
    rows: list[Floats] = []
    main = parts[0]
    for island in parts[1:]:
        for here, there in ((island, main), (main, island)):
            border = _border(problem, here)
            root = there[np.argmax(mass[there])]
            for unit in here[np.argsort(-mass[here], kind="stable")[:EACH]]:
                rows.append(_row(problem, border, int(unit), int(root)))
    return with_rows(
        model, csr_array(np.array(rows)), np.full(len(rows), -1.0), np.full(len(rows), math.inf)
    )


def _size(problem: Problem) -> Floats:
    """How much each unit holds of what is asked for: the units that a search is likely to keep."""
    scale = np.where(problem.targets > 0, problem.targets, 1.0)
    return np.asarray(sum(a @ (1.0 / scale) for a in problem.amounts))


def _border(problem: Problem, part: Ints) -> Ints:
    """Units that touch a set of units and are not in it."""
    b = problem.borders
    if b is None:
        return np.zeros(0, dtype=np.int64)
    inside = np.zeros(len(problem.units), dtype=bool)
    inside[part] = True
    near = np.concatenate([b.second[inside[b.first]], b.first[inside[b.second]]])
    return np.unique(near[~inside[near]])


def _row(problem: Problem, border: Ints, unit: int, root: int) -> Floats:
    """Over the choices: border minus the two, each in any zone."""
    row = np.zeros(problem.cost.shape)
    row[border] = 1.0
    row[[unit, root]] -= 1.0
    return row.ravel()


def _bridged(problem: Problem, chosen: Chosen, parts: list[Ints]) -> list[Chosen]:
    """The answer with its islands joined to the largest by the cheapest units between them."""
    from scipy.sparse import csgraph, csr_array

    b = problem.borders
    if b is None or len(parts) < 2:
        return []
    shortest: Any = csgraph.dijkstra
    grown, n = chosen.copy(), len(problem.units)
    usable = problem.status != LOCKED_OUT
    price = np.where(usable, problem.cost, np.inf).min(axis=1)
    for island in parts[1:]:
        inside = grown.any(axis=1)
        into = np.where(inside, 0.0, price) + 1e-9
        heads, tails = np.concatenate([b.first, b.second]), np.concatenate([b.second, b.first])
        open_ways = np.isfinite(into[tails])
        graph: Any = csr_array(
            (into[tails][open_ways], (heads[open_ways], tails[open_ways])), shape=(n, n)
        )
        far, came = shortest(graph, indices=int(parts[0][0]), return_predecessors=True)
        if not np.isfinite(far[island[0]]):
            return []
        at = int(island[0])
        while at >= 0 and at != parts[0][0]:
            if not grown[at].any():
                cost = np.where(usable[at], problem.cost[at], np.inf)
                grown[at, int(np.argmin(cost))] = True
            at = int(came[at])
    return [grown]
