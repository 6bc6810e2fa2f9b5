"""Laplace's equation on a grid of conductances: conjugate gradients with a multigrid of our own.

The unknowns are joined two by two (plain aggregation): the coarse equation is again a grid in
which every cell has eight neighbours, so that no matrix is ever stored. Plain aggregation needs
the K-cycle of Notay (2008, Numerical Linear Algebra with Applications 15:473; 2010, ETNA 37:123)
to converge at a rate that does not depend on the size of the grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.science.equation import kernel

Cells = NDArray[np.float64]

MOVES = ((0, 1), (1, 0), (1, 1), (1, -1))  # of the four kinds of edges
COARSEST = 600  # unknowns that are solved at once


@dataclass(frozen=True)
class Network:
    """Conductances of a grid in a frame of nothing, all arrays (rows + 2, columns + 2).

    east, south, southeast, southwest: conductance from a cell to that neighbour, 0 where there is
    no way; total: the sum of all conductances of a cell, those to cells of known voltage included;
    0 in cells that are no unknown.
    """

    east: Cells
    south: Cells
    southeast: Cells
    southwest: Cells
    total: Cells

    @property
    def edges(self) -> tuple[Cells, Cells, Cells, Cells]:
        return self.east, self.south, self.southeast, self.southwest

    @cached_property
    def inverse(self) -> Cells:
        return np.divide(1.0, self.total, out=np.zeros_like(self.total), where=self.total > 0)


@dataclass(frozen=True)
class Solution:
    """values: the unknowns; residual: |b - A x| / |b|; iterations: of conjugate gradients."""

    values: Cells
    residual: float
    iterations: int


def solve(network: Network, known: Cells, tolerance: float, most: int = 500) -> Solution:
    """Solve total x - sum of conductance x neighbour = known, to a residual of tolerance |known|.

    Raises UserError when `most` iterations do not reach it. Flexible conjugate gradients (the
    K-cycle is not a fixed preconditioner).
    """
    size = float(np.linalg.norm(known))
    values = np.zeros_like(known)
    if size == 0:
        return Solution(values, 0.0, 0)
    levels = _levels(network)
    residual = known.copy()
    direction, applied, scale = np.zeros_like(known), np.zeros_like(known), 1.0
    for iteration in range(1, most + 1):
        correction = _cycle(levels, 0, residual)
        share = _dot(correction, applied) / scale
        direction = correction - share * direction
        _apply(*network.edges, network.total, direction, applied)
        scale = _dot(direction, applied)
        step = _dot(direction, residual) / scale
        values += step * direction
        residual -= step * applied
        left = float(np.linalg.norm(residual)) / size
        if left <= tolerance:
            return Solution(values, left, iteration)
    raise UserError(
        "the current did not settle",
        by_how_much=f"residual {left:.2g} after {most} iterations, {tolerance:g} is asked for",
        next_step="make resistances less extreme (1 to 100 is usual), or allow a larger tolerance",
    )


@dataclass(frozen=True)
class _Level:
    """One grid of the hierarchy; factor: of its dense matrix, on the coarsest."""

    network: Network
    unknown: NDArray[np.int64]
    factor: Any = None


def _levels(network: Network) -> list[_Level]:
    found = []
    while True:
        unknown = np.flatnonzero(network.total > 0)
        if unknown.size <= COARSEST or max(network.total.shape) <= 4:
            found.append(_Level(network, unknown, _factor(network, unknown)))
            return found
        found.append(_Level(network, unknown))
        network = _coarser(network)


def _coarser(fine: Network) -> Network:
    rows, columns = ((n - 1) // 2 + 2 for n in fine.total.shape)
    east, south, southeast, southwest, total = (np.zeros((rows, columns)) for _ in range(5))
    _aggregate(fine.total, total)
    for edge, (down, right) in zip(fine.edges, MOVES, strict=True):
        _join(edge, down, right, east, south, southeast, southwest, total)
    return Network(east, south, southeast, southwest, total)


def _factor(network: Network, unknown: NDArray[np.int64]) -> Any:
    """Cholesky factor of the dense matrix."""
    from scipy.linalg import cho_factor

    columns = network.total.shape[1]
    place = np.full(network.total.size, -1)
    place[unknown] = np.arange(unknown.size)
    matrix = np.diag(network.total.reshape(-1)[unknown])
    for edge, offset in zip(network.edges, (1, columns, columns + 1, columns - 1), strict=True):
        start = np.flatnonzero(edge)
        i, j = place[start], place[start + offset]
        matrix[i, j] -= edge.reshape(-1)[start]
        matrix[j, i] -= edge.reshape(-1)[start]
    return cho_factor(matrix)


def _cycle(levels: Sequence[_Level], n: int, residual: Cells) -> Cells:
    """An approximate solution on level n: sweep, correct from the coarser level, sweep back."""
    level = levels[n]
    if level.factor is not None:
        return _direct(level, residual)
    net = level.network
    values = np.zeros_like(residual)
    _sweep(*net.edges, net.inverse, residual, values, True)
    coarse = np.zeros_like(levels[n + 1].network.total)
    _restrict(*net.edges, net.total, residual, values, coarse)
    _prolong(_corrected(levels, n + 1, coarse), net.total, values)
    _sweep(*net.edges, net.inverse, residual, values, False)
    return values


def _direct(level: _Level, residual: Cells) -> Cells:
    from scipy.linalg import cho_solve

    values = np.zeros_like(residual)
    if level.unknown.size:
        flat = residual.reshape(-1)[level.unknown]
        values.reshape(-1)[level.unknown] = cho_solve(level.factor, flat, check_finite=False)
    return values


def _corrected(levels: Sequence[_Level], n: int, residual: Cells) -> Cells:
    """The K-cycle: at most two steps of conjugate gradients, each with the next cycle inside."""
    first = _cycle(levels, n, residual)
    if levels[n].factor is not None:
        return first
    net = levels[n].network
    applied = np.zeros_like(first)
    _apply(*net.edges, net.total, first, applied)
    rho, alpha = _dot(first, applied), _dot(first, residual)
    if rho <= 0:
        return first
    rest = residual - (alpha / rho) * applied
    if np.linalg.norm(rest) <= 0.25 * np.linalg.norm(residual):
        first *= alpha / rho
        return first
    second = _cycle(levels, n, rest)
    again = np.zeros_like(second)
    _apply(*net.edges, net.total, second, again)
    gamma, beta, alpha2 = _dot(second, applied), _dot(second, again), _dot(second, rest)
    rho2 = beta - gamma * gamma / rho
    if rho2 <= 0:
        first *= alpha / rho
        return first
    first *= alpha / rho - gamma * alpha2 / (rho * rho2)
    first += (alpha2 / rho2) * second
    return first


def _dot(a: Cells, b: Cells) -> float:
    return float(np.vdot(a, b))


@kernel
def _apply(
    east: Cells,
    south: Cells,
    southeast: Cells,
    southwest: Cells,
    total: Cells,
    x: Cells,
    result: Cells,
) -> None:
    """result = A x."""
    rows, columns = x.shape
    for i in range(1, rows - 1):
        for j in range(1, columns - 1):
            result[i, j] = total[i, j] * x[i, j] - (
                east[i, j] * x[i, j + 1]
                + east[i, j - 1] * x[i, j - 1]
                + south[i, j] * x[i + 1, j]
                + south[i - 1, j] * x[i - 1, j]
                + southeast[i, j] * x[i + 1, j + 1]
                + southeast[i - 1, j - 1] * x[i - 1, j - 1]
                + southwest[i, j] * x[i + 1, j - 1]
                + southwest[i - 1, j + 1] * x[i - 1, j + 1]
            )


@kernel
def _sweep(
    east: Cells,
    south: Cells,
    southeast: Cells,
    southwest: Cells,
    inverse: Cells,
    b: Cells,
    x: Cells,
    forward: bool,
) -> None:
    """One sweep of Gauss and Seidel over the cells, forward or backward."""
    rows, columns = x.shape
    for s in range(1, rows - 1):
        i = s if forward else rows - 1 - s
        for t in range(1, columns - 1):
            j = t if forward else columns - 1 - t
            x[i, j] = inverse[i, j] * (
                b[i, j]
                + south[i, j] * x[i + 1, j]
                + south[i - 1, j] * x[i - 1, j]
                + southeast[i, j] * x[i + 1, j + 1]
                + southeast[i - 1, j - 1] * x[i - 1, j - 1]
                + southwest[i, j] * x[i + 1, j - 1]
                + southwest[i - 1, j + 1] * x[i - 1, j + 1]
                + east[i, j] * x[i, j + 1]
                + east[i, j - 1] * x[i, j - 1]
            )


@kernel
def _restrict(
    east: Cells,
    south: Cells,
    southeast: Cells,
    southwest: Cells,
    total: Cells,
    b: Cells,
    x: Cells,
    coarse: Cells,
) -> None:
    """The residual b - A x, summed over the four cells of each coarse cell."""
    rows, columns = x.shape
    for i in range(1, rows - 1):
        for j in range(1, columns - 1):
            if total[i, j] > 0:
                coarse[(i + 1) // 2, (j + 1) // 2] += (
                    b[i, j]
                    - total[i, j] * x[i, j]
                    + (
                        east[i, j] * x[i, j + 1]
                        + east[i, j - 1] * x[i, j - 1]
                        + south[i, j] * x[i + 1, j]
                        + south[i - 1, j] * x[i - 1, j]
                        + southeast[i, j] * x[i + 1, j + 1]
                        + southeast[i - 1, j - 1] * x[i - 1, j - 1]
                        + southwest[i, j] * x[i + 1, j - 1]
                        + southwest[i - 1, j + 1] * x[i - 1, j + 1]
                    )
                )


@kernel
def _prolong(coarse: Cells, total: Cells, x: Cells) -> None:
    """Add to every unknown what its coarse cell says."""
    rows, columns = x.shape
    for i in range(1, rows - 1):
        for j in range(1, columns - 1):
            if total[i, j] > 0:
                x[i, j] += coarse[(i + 1) // 2, (j + 1) // 2]


@kernel
def _aggregate(total: Cells, total2: Cells) -> None:
    """Sum the totals of the four cells of each coarse cell."""
    rows, columns = total.shape
    for i in range(1, rows - 1):
        for j in range(1, columns - 1):
            total2[(i + 1) // 2, (j + 1) // 2] += total[i, j]


@kernel
def _join(
    edge: Cells,
    down: int,
    right: int,
    east2: Cells,
    south2: Cells,
    southeast2: Cells,
    southwest2: Cells,
    total2: Cells,
) -> None:
    """Add one kind of edges to those between coarse cells; within one they leave its total."""
    rows, columns = edge.shape
    for i in range(1, rows - 1):
        for j in range(1, columns - 1):
            g = edge[i, j]
            if g == 0.0:
                continue
            r, c = (i + 1) // 2, (j + 1) // 2
            below, beside = (i + down + 1) // 2 - r, (j + right + 1) // 2 - c
            if below == 0 and beside == 0:
                total2[r, c] -= 2 * g
            elif below == 0:
                east2[r, min(c, c + beside)] += g
            elif beside == 0:
                south2[r, c] += g
            elif beside > 0:
                southeast2[r, c] += g
            else:
                southwest2[r, c] += g
