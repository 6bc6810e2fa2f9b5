"""The relaxation of a problem with very many units, by a core: most units are decided by price.

Balas & Zemel 1980, Operations Research 28:1130 (core of a knapsack); Bixby et al. 1992, Operations
Research 40:885 (sifting). Prices come first from a sample; units whose reduced cost is far from
zero are held at 0 or 1, the rest is solved, and what the new prices contradict joins the core.
"""

from dataclasses import dataclass, replace

import numpy as np

from tianren.science.choice import Floats, Ints
from tianren.science.choice_highs import relax
from tianren.science.choice_model import Model, proven, reduced_costs, restricted

CORE = 8000  # units: below it the whole is solved at once
SAMPLE = 8000
ROUNDS = 40
PRICE = 1e-9  # relative to the largest cost: reduced costs smaller than this contradict nothing


@dataclass(frozen=True)
class Relaxed:
    """Answer of the relaxation: value of each column, duals of each row, the bound they prove.

    bound: as minimised; feasible: whether any values keep all rows.
    """

    columns: Floats
    duals: Floats
    bound: float
    feasible: bool = True


def relaxation(model: Model, seed: int = 1) -> Relaxed:
    """The linear relaxation of a model, whole or by a core; the bound is proven from its duals."""
    free = np.flatnonzero(model.low[: model.choices] < model.high[: model.choices])
    if len(free) <= 2 * CORE:
        return _whole(model)
    duals = _sampled(model, free, seed)
    return _whole(model) if duals is None else _by_core(model, free, duals)


def _whole(model: Model) -> Relaxed:
    solved = relax(model)
    if not len(solved.columns):
        return Relaxed(solved.columns, solved.duals, np.inf, feasible=False)
    return Relaxed(solved.columns, solved.duals, proven(model, solved.duals))


def _sampled(model: Model, free: Ints, seed: int) -> Floats | None:
    """Prices from a sample in which each unit stands for many; None where it has no answer."""
    pick = np.sort(np.random.default_rng(seed).choice(free, SAMPLE, replace=False))
    rest = np.arange(model.choices, len(model.cost))
    each = np.concatenate([np.full(len(pick), len(free) / len(pick)), np.ones(len(rest))])
    columns = np.concatenate([pick, rest])
    part, _ = restricted(model, columns, _held(model, model.low))
    scaled = replace(part, cost=part.cost * each, rows=(part.rows * each[None, :]).tocsc())
    found = relax(scaled)
    return found.duals if len(found.columns) else None


def _held(model: Model, values: Floats) -> Floats:
    """Values for the choices, nothing for the other columns."""
    held = np.array(values, dtype=np.float64)
    held[model.choices :] = 0.0
    return held


def _by_core(model: Model, free: Ints, duals: Floats) -> Relaxed:
    rest = np.arange(model.choices, len(model.cost))
    tiny = PRICE * float(np.abs(model.cost).max())
    width, core = CORE, np.zeros(0, dtype=np.int64)
    for _ in range(ROUNDS):
        reduced = reduced_costs(model, duals)
        near = free[np.argsort(np.abs(reduced[free]), kind="stable")[:width]]
        core = np.union1d(core, near)
        others = _priced(model, reduced)
        part, _ = restricted(model, np.concatenate([core, rest]), others)
        found = relax(part)
        if not len(found.columns):  # what is held leaves no room: a wider core does
            width = 2 * max(width, len(core))
            if width >= len(free):
                return _whole(model)
            continue
        duals = found.duals
        values = others.copy()
        values[np.concatenate([core, rest])] = found.columns
        wrong = _contradicted(model, reduced_costs(model, duals), others, core, tiny)
        if not len(wrong):
            return Relaxed(values, duals, proven(model, duals))
        core, width = np.union1d(core, wrong), 0
    return _whole(model)


def _priced(model: Model, reduced: Floats) -> Floats:
    """Every choice at the bound that its reduced cost prefers."""
    return _held(model, np.where(reduced < 0, model.high, model.low))


def _contradicted(model: Model, reduced: Floats, held: Floats, core: Ints, tiny: float) -> Ints:
    """Choices outside the core that the prices would put at their other bound."""
    wrong = (reduced < -tiny) & (held < model.high) | (reduced > tiny) & (held > model.low)
    wrong[model.choices :] = False
    wrong[core] = False
    return np.flatnonzero(wrong)
