"""Laplace's equation on a grid of conductances: conjugate gradients with a multigrid of our own.

The unknowns are joined two by two (plain aggregation): the coarse equation is again a grid in
which every cell has eight neighbours, so that no matrix is ever stored. Plain aggregation needs
the K-cycle of Notay (2008, Numerical Linear Algebra with Applications 15:473; 2010, ETNA 37:123)
to converge at a rate that does not depend on the size of the grid.

No sum is left to a library of linear algebra: those split it over processors, wait for each other
(most of the time where several systems are solved side by side) and round by their number.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.kernels import kernel

Cells = NDArray[np.float64]
Spans = NDArray[np.int64]  # (rows, 2): from which to before which column a row has unknowns

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

    @cached_property
    def spans(self) -> Spans:
        found = np.zeros((self.total.shape[0], 2), dtype=np.int64)
        _span(self.total, found)
        return found


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
    spans = network.spans
    size = math.sqrt(_dot(known, known, spans))
    values = np.zeros_like(known)
    if size == 0:
        return Solution(values, 0.0, 0)
    levels = _levels(network)
    residual = known.copy()
    direction, applied, scale = np.zeros_like(known), np.zeros_like(known), 1.0
    for iteration in range(1, most + 1):
        correction = _cycle(levels, 0, residual)
        share = _dot(correction, applied, spans) / scale
        direction = correction - share * direction
        _apply(*network.edges, network.total, spans, direction, applied)
        scale = _dot(direction, applied, spans)
        step = _dot(direction, residual, spans) / scale
        values += step * direction
        residual -= step * applied
        left = math.sqrt(_dot(residual, residual, spans)) / size
        if left <= tolerance:
            return Solution(values, left, iteration)
    raise UserError(
        "the current did not settle",
        by_how_much=f"residual {left:.2g} after {most} iterations, {tolerance:g} is asked for",
        next_step="make resistances less extreme (1 to 100 is usual), or allow a larger tolerance",
    )


@dataclass(frozen=True)
class _Level:
    """One grid of the hierarchy; factor: of its matrix, on the coarsest."""

    network: Network
    unknown: NDArray[np.int64]
    factor: Cells | None = None


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


def _factor(network: Network, unknown: NDArray[np.int64]) -> Cells:
    """Cholesky factor, (unknowns, width + 1): in column d what stands d left of the diagonal."""
    columns = network.total.shape[1]
    place = np.full(network.total.size, -1)
    place[unknown] = np.arange(unknown.size)
    entries = []
    for edge, offset in zip(network.edges, (1, columns, columns + 1, columns - 1), strict=True):
        start = np.flatnonzero(edge)
        entries.append((place[start], place[start + offset], edge.reshape(-1)[start]))
    width = max((int((j - i).max(initial=0)) for i, j, _ in entries), default=0)
    band = np.zeros((unknown.size, width + 1))
    band[:, 0] = network.total.reshape(-1)[unknown]
    for i, j, g in entries:
        band[j, j - i] -= g
    _cholesky(band)
    return band


def _cycle(levels: Sequence[_Level], n: int, residual: Cells) -> Cells:
    """An approximate solution on level n: sweep, correct from the coarser level, sweep back."""
    level = levels[n]
    if level.factor is not None:
        return _direct(level, level.factor, residual)
    net = level.network
    values = np.zeros_like(residual)
    _sweep(*net.edges, net.inverse, net.spans, residual, values, True)
    coarse = np.zeros_like(levels[n + 1].network.total)
    _restrict(*net.edges, net.total, net.spans, residual, values, coarse)
    _prolong(_corrected(levels, n + 1, coarse), net.total, net.spans, values)
    _sweep(*net.edges, net.inverse, net.spans, residual, values, False)
    return values


def _direct(level: _Level, factor: Cells, residual: Cells) -> Cells:
    values = np.zeros_like(residual)
    flat = residual.reshape(-1)[level.unknown]
    _substitute(factor, flat)
    values.reshape(-1)[level.unknown] = flat
    return values


def _corrected(levels: Sequence[_Level], n: int, residual: Cells) -> Cells:
    """The K-cycle: at most two steps of conjugate gradients, each with the next cycle inside."""
    first = _cycle(levels, n, residual)
    if levels[n].factor is not None:
        return first
    net = levels[n].network
    spans = net.spans
    applied = np.zeros_like(first)
    _apply(*net.edges, net.total, spans, first, applied)
    rho, alpha = _dot(first, applied, spans), _dot(first, residual, spans)
    if rho <= 0:
        return first
    rest = residual - (alpha / rho) * applied
    if _dot(rest, rest, spans) <= 0.25**2 * _dot(residual, residual, spans):
        first *= alpha / rho
        return first
    second = _cycle(levels, n, rest)
    again = np.zeros_like(second)
    _apply(*net.edges, net.total, spans, second, again)
    gamma, beta = _dot(second, applied, spans), _dot(second, again, spans)
    alpha2 = _dot(second, rest, spans)
    rho2 = beta - gamma * gamma / rho
    if rho2 <= 0:
        first *= alpha / rho
        return first
    first *= alpha / rho - gamma * alpha2 / (rho * rho2)
    first += (alpha2 / rho2) * second
    return first


@kernel
def _span(total: Cells, spans: Spans) -> None:
    """Where the unknowns of each row begin and end."""
    rows, columns = total.shape
    for i in range(rows):
        for j in range(columns):
            if total[i, j] > 0:
                if spans[i, 1] == 0:
                    spans[i, 0] = j
                spans[i, 1] = j + 1


@kernel
def _dot(a: Cells, b: Cells, spans: Spans) -> float:
    """The sum of a b over the unknowns."""
    found = 0.0
    for i in range(a.shape[0]):
        for j in range(spans[i, 0], spans[i, 1]):
            found += a[i, j] * b[i, j]
    return found


@kernel
def _cholesky(band: Cells) -> None:
    """The factor of a positive definite band matrix, in its place."""
    size, width = band.shape
    for i in range(size):
        most = min(i, width - 1)
        for d in range(most, -1, -1):
            rest = band[i, d]
            for e in range(d + 1, most + 1):
                rest -= band[i, e] * band[i - d, e - d]
            band[i, d] = math.sqrt(rest) if d == 0 else rest / band[i - d, 0]


@kernel
def _substitute(factor: Cells, x: Cells) -> None:
    """Solve with the factor, forward and backward, in the place of the right side."""
    size, width = factor.shape
    for i in range(size):
        for d in range(1, min(i, width - 1) + 1):
            x[i] -= factor[i, d] * x[i - d]
        x[i] /= factor[i, 0]
    for i in range(size - 1, -1, -1):
        x[i] /= factor[i, 0]
        for d in range(1, min(i, width - 1) + 1):
            x[i - d] -= factor[i, d] * x[i]


@kernel
def _apply(
    east: Cells,
    south: Cells,
    southeast: Cells,
    southwest: Cells,
    total: Cells,
    spans: Spans,
    x: Cells,
    result: Cells,
) -> None:
    """result = A x."""
    for i in range(1, x.shape[0] - 1):
        for j in range(spans[i, 0], spans[i, 1]):
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
    spans: Spans,
    b: Cells,
    x: Cells,
    forward: bool,
) -> None:
    """One sweep of Gauss and Seidel over the cells, forward or backward."""
    rows = x.shape[0]
    for s in range(1, rows - 1):
        i = s if forward else rows - 1 - s
        for t in range(spans[i, 0], spans[i, 1]):
            j = t if forward else spans[i, 0] + spans[i, 1] - 1 - t
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
    spans: Spans,
    b: Cells,
    x: Cells,
    coarse: Cells,
) -> None:
    """The residual b - A x, summed over the four cells of each coarse cell."""
    for i in range(1, x.shape[0] - 1):
        for j in range(spans[i, 0], spans[i, 1]):
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
def _prolong(coarse: Cells, total: Cells, spans: Spans, x: Cells) -> None:
    """Add to every unknown what its coarse cell says."""
    for i in range(1, x.shape[0] - 1):
        for j in range(spans[i, 0], spans[i, 1]):
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
