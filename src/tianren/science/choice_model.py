"""A planning problem as a linear program over yes and no, and what any duals prove about it.

Columns: first x, one a unit and zone (unit-major), then one a feature where the objective looks at
shortfalls or at targets met, then one a pair of neighbours and zone for the boundary penalty. The
rows of features are divided by their targets, so that all are of one scale. Always minimised.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tianren.science.choice import (
    LOCKED_IN,
    LOCKED_OUT,
    Chosen,
    Floats,
    Ints,
    Problem,
    Sparse,
)


@dataclass(frozen=True)
class Model:
    """min cost.x, lower <= rows x <= upper, low <= x <= high; the first `whole` columns and those
    in integral are 0 or 1. offset is added to the objective; sign -1 where the problem maximises.
    """

    cost: Floats
    rows: Sparse  # csc_array (rows, columns)
    lower: Floats
    upper: Floats
    low: Floats
    high: Floats
    integral: Chosen  # (columns,)
    choices: int  # units x zones
    sign: float = 1.0

    def with_bounds(self, low: Floats, high: Floats) -> "Model":
        return replace(self, low=low, high=high)


def model_of(problem: Problem) -> Model:
    """The whole problem as a Model; contiguity is left out: its cuts come when they are needed."""
    from scipy.sparse import csc_array, vstack

    parts = [_features(problem), _budget(problem), _one_zone(problem), *_spatial(problem)]
    used = [part for part in parts if part is not None]
    columns = _columns(problem)
    blocks = [_widened(block, columns) for block, _, _ in used]
    rows = vstack(blocks, format="csc") if blocks else csc_array((0, columns))
    lower = np.concatenate([low for _, low, _ in used] or [np.zeros(0)])
    upper = np.concatenate([high for _, _, high in used] or [np.zeros(0)])
    low, high, integral = _bounds(problem, columns)
    n = problem.cost.size
    sign = -1.0 if problem.maximises else 1.0
    return Model(_objective(problem, columns), rows, lower, upper, low, high, integral, n, sign)


def scaled_amounts(problem: Problem) -> Sparse:
    """csr_array (features, units x zones): shares of the targets; amounts where the target is 0."""
    from scipy.sparse import csr_array, hstack

    n, z = problem.cost.shape
    order = np.arange(n * z).reshape(z, n).T.ravel()
    wide = (
        hstack([a.T for a in problem.amounts], format="csc")[:, order]
        if z > 1
        else (problem.amounts[0].T)
    )
    scale = np.where(problem.targets > 0, problem.targets, 1.0)
    from scipy.sparse import diags_array

    return csr_array(diags_array(1.0 / scale) @ wide)


Block = tuple[Sparse, Floats, Floats]


def _wants_features(problem: Problem) -> bool:
    return problem.objective in ("minimum_shortfall", "maximum_coverage")


def _pairs(problem: Problem) -> tuple[Ints, Ints, Floats]:
    """Pairs of neighbours that the penalty looks at, as columns, zone by zone."""
    if problem.penalty <= 0 or problem.borders is None:
        none = np.zeros(0, dtype=np.int64)
        return none, none, np.zeros(0)
    b, z = problem.borders, len(problem.zones)
    first = np.concatenate([b.first * z + k for k in range(z)])
    second = np.concatenate([b.second * z + k for k in range(z)])
    return first, second, np.tile(b.length, z)


def _columns(problem: Problem) -> int:
    extra = len(problem.features) if _wants_features(problem) else 0
    return problem.cost.size + extra + len(_pairs(problem)[0])


def _objective(problem: Problem, columns: int) -> Floats:
    """Cost of every column, to be minimised."""
    cost, n, m = np.zeros(columns), problem.cost.size, len(problem.features)
    if problem.objective == "minimum_set":
        cost[:n] = problem.cost.ravel()
    elif problem.objective == "minimum_shortfall":
        cost[n : n + m] = problem.weights
    elif problem.objective == "maximum_coverage":
        cost[n : n + m] = -problem.weights
    else:
        gain = [a @ problem.weights for a in problem.amounts]
        cost[:n] = -np.stack(gain, axis=1).ravel()
    if problem.penalty > 0 and problem.borders is not None:
        first, _, length = _pairs(problem)
        cost[:n] += problem.penalty * np.repeat(fence(problem), len(problem.zones))
        cost[columns - len(first) :] = -2 * problem.penalty * length
    return cost


def fence(problem: Problem) -> Floats:
    """(units,) length of the whole border of each unit, the outer edge times edge_factor."""
    b = problem.borders
    if b is None:
        return np.zeros(len(problem.units))
    n = len(problem.units)
    inner = np.bincount(b.first, b.length, n) + np.bincount(b.second, b.length, n)
    return inner + problem.edge_factor * b.edge


def _bounds(problem: Problem, columns: int) -> tuple[Floats, Floats, Chosen]:
    low, high = np.zeros(columns), np.ones(columns)
    integral = np.zeros(columns, dtype=bool)
    n, m = problem.cost.size, len(problem.features)
    status = problem.status.copy()
    status[(status == LOCKED_IN).any(axis=1)[:, None] & (status != LOCKED_IN)] = LOCKED_OUT
    low[:n] = (status == LOCKED_IN).ravel()
    high[:n] = (status != LOCKED_OUT).ravel()
    integral[:n] = True
    if _wants_features(problem):
        free = problem.targets <= 0
        if problem.objective == "maximum_coverage":
            integral[n : n + m] = True
            low[n : n + m][free] = 1.0
        else:
            high[n : n + m][free] = 0.0
    return low, high, integral


def _features(problem: Problem) -> Block | None:
    """Shares of targets held, with the feature's own column where the objective wants one."""
    from scipy.sparse import diags_array, hstack

    if problem.objective == "maximum_utility":
        return None
    asked, m = problem.targets > 0, len(problem.features)
    table = scaled_amounts(problem)
    if problem.objective == "minimum_shortfall":
        table = hstack([table, diags_array(np.ones(m))], format="csr")
    elif problem.objective == "maximum_coverage":
        table = hstack([table, diags_array(-np.ones(m))], format="csr")
    need = 0.0 if problem.objective == "maximum_coverage" else 1.0
    lower = np.where(asked, need, -math.inf)
    return table, lower, np.full(m, math.inf)


def _budget(problem: Problem) -> Block | None:
    """Cost within the budget, of which the row is divided."""
    from scipy.sparse import csr_array

    if not math.isfinite(problem.budget):
        return None
    scale = problem.budget or 1.0
    row = csr_array(problem.cost.ravel()[None, :] / scale)
    return row, np.full(1, -math.inf), np.full(1, problem.budget / scale)


def _one_zone(problem: Problem) -> Block | None:
    """A unit goes into one zone at most."""
    from scipy.sparse import eye_array, kron

    n, z = problem.cost.shape
    if z == 1:
        return None
    rows = kron(eye_array(n), np.ones((1, z)), format="csr")
    return rows, np.full(n, -math.inf), np.ones(n)


def _spatial(problem: Problem) -> list[Block]:
    return [part for part in (_joined(problem), _neighbours(problem)) if part is not None]


def _joined(problem: Problem) -> Block | None:
    """A pair counts as joined only when both of its units are chosen."""
    from scipy.sparse import csr_array

    first, second, _ = _pairs(problem)
    p = len(first)
    if not p:
        return None
    columns, start = _columns(problem), _columns(problem) - p
    pair = start + np.arange(p)
    at = np.concatenate([pair, pair, first, second])
    row = np.concatenate([np.arange(2 * p), np.arange(2 * p)])
    signs = np.concatenate([np.ones(2 * p), -np.ones(2 * p)])
    rows = csr_array((signs, (row, at)), shape=(2 * p, columns))
    return rows, np.full(2 * p, -math.inf), np.zeros(2 * p)


def _neighbours(problem: Problem) -> Block | None:
    """Chosen neighbours minus k times the unit itself are never negative."""
    from scipy.sparse import csr_array, diags_array

    if not problem.neighbours or problem.borders is None:
        return None
    b, (n, z) = problem.borders, problem.cost.shape
    first = np.concatenate([b.first * z + k for k in range(z)])
    second = np.concatenate([b.second * z + k for k in range(z)])
    ones = np.ones(2 * len(first))
    at = (np.concatenate([first, second]), np.concatenate([second, first]))
    near = csr_array((ones, at), shape=(n * z, n * z))
    rows = csr_array(near - diags_array(np.full(n * z, float(problem.neighbours))))
    return rows, np.zeros(n * z), np.full(n * z, math.inf)


def _widened(block: Sparse, columns: int) -> Sparse:
    from scipy.sparse import csr_array

    table = csr_array(block)
    shape = (int(table.shape[0]), columns)
    return csr_array((table.data, table.indices, table.indptr), shape=shape)


def proven(model: Model, duals: Floats) -> float:
    """The bound that duals (rows,) of the relaxation prove, right or not: Lagrange's function.

    For every sign-correct duals y: min cost.x >= y.(lower or upper) + sum of the least that each
    column can add at its reduced cost. Duals of the wrong sign are set to zero.
    """
    y = np.where((duals > 0) & np.isinf(model.lower), 0.0, duals)
    y = np.where((y < 0) & np.isinf(model.upper), 0.0, y)
    side = np.where(y > 0, model.lower, model.upper)
    rows = math.fsum(y[y != 0] * side[y != 0])
    reduced = reduced_costs(model, y)
    return rows + math.fsum(np.where(reduced > 0, reduced * model.low, reduced * model.high))


def reduced_costs(model: Model, duals: Floats) -> Floats:
    """Cost of each column less what its rows are worth."""
    return np.asarray(model.cost - model.rows.T @ duals)


def restricted(model: Model, columns: Ints, others: Floats) -> tuple[Model, float]:
    """The model over some columns, the others held at their values; and what those cost."""
    rest = others.copy()
    rest[columns] = 0.0
    used = model.rows @ rest
    part = Model(
        model.cost[columns], model.rows[:, columns], model.lower - used, model.upper - used,
        model.low[columns], model.high[columns], model.integral[columns],
        int((columns < model.choices).sum()), model.sign,
    )  # fmt: skip
    return part, math.fsum(model.cost * rest)


def with_rows(model: Model, rows: Sparse, lower: Floats, upper: Floats) -> Model:
    """The model with more rows: cuts."""
    from scipy.sparse import vstack

    return replace(
        model,
        rows=vstack([model.rows, _widened(rows, len(model.cost))], format="csc"),
        lower=np.concatenate([model.lower, lower]),
        upper=np.concatenate([model.upper, upper]),
    )


def as_chosen(problem: Problem, columns: Sequence[float] | Floats) -> Chosen:
    """Values of the first columns as yes or no (units, zones)."""
    n, z = problem.cost.shape
    return np.asarray(np.asarray(columns)[: n * z].reshape(n, z) > 0.5)
