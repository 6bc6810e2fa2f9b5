"""The probability of connectivity of a graph of patches, and what each patch and link adds to it.

Saura & Pascual-Hortal 2007, Landscape and Urban Planning 83:91 (PC); Saura & Rubio 2010,
Ecography 33:523 (intra, flux and connector fractions); Saura et al. 2017, Ecological Indicators
76:144 (ECA, ProtConn). p*_ij is the largest product of probabilities over the paths from i to j.
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.kernels import kernel
from tianren.science.best_paths import (
    Cells,
    Index,
    best_products,
    forward,
    put_back,
    rows_of_products,
    take,
)
from tianren.science.equation import equation

T = TypeVar("T")

LEAST = 1e-290  # below this, products of floating numbers lose their meaning
ROUNDS = 16  # of all pairs: later sources use what earlier rounds know
SHARES_OF_WORK = 64  # parts of the sources that are summed apart, whatever the number of workers


@equation
def probability(distance: float, half: float) -> float:
    """p = exp(ln(0.5) d / d50): 0.5 at the distance `half`, any unit. Saura et al. 2017."""
    return math.exp(distance * math.log(0.5) / half)


@dataclass(frozen=True)
class Graph:
    """Undirected links between n patches, as neighbour lists.

    start: (n + 1,); other, link, p: (2 links,), the neighbours of i, the links that lead there
    and their probabilities, at start[i]:start[i + 1].
    """

    start: Index
    other: Index
    link: Index
    p: Cells

    @property
    def patches(self) -> int:
        return self.start.size - 1

    @property
    def links(self) -> int:
        return self.link.size // 2


def graph(patches: int, one: Index, other: Index, p: Cells) -> Graph:
    """The graph of links (one[k], other[k]), patches counted from 0, with probability p[k].

    Raises UserError for a probability outside (0, 1], a patch that is not there or a link to
    itself. Of several links between two patches the best one counts; all are kept.
    """
    a, b, p = np.asarray(one), np.asarray(other), np.asarray(p, dtype=np.float64)
    _refuse(~((p > 0) & (p <= 1)), p, "probability of a link", "a number above 0 and at most 1")
    for ends in (a, b):
        _refuse((ends < 0) | (ends >= patches), ends, "patch", f"numbers from 0 to {patches - 1}")
    _refuse(a == b, a, "link to itself of patch", "two different patches")
    ends = np.concatenate([a, b]).astype(np.int64)
    order = np.argsort(ends, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=patches))])
    across = np.concatenate([b, a]).astype(np.int64)[order]
    number = np.tile(np.arange(a.size, dtype=np.int64), 2)[order]
    return Graph(start.astype(np.int64), across, number, p[number])


def _refuse(wrong: NDArray[np.bool_], values: NDArray[np.generic], what: str, wanted: str) -> None:
    if wrong.any():
        first = int(np.argmax(wrong))
        raise UserError(
            f"the {what} {values[first]} cannot be used",
            where=f"row {first + 1} of the links",
            by_how_much=f"{int(wrong.sum()):,} rows",
            next_step=f"give {wanted}",
        )


def all_pairs(net: Graph, *, least: float = 0.0, workers: int | None = None) -> Cells:
    """p*_ij of every pair, (patches, patches); 1 on the diagonal, 0 where no path leads.

    least: paths below this probability are not followed (0: exact). Sources run in parallel; the
    result does not depend on the number of workers.
    """
    near, order = _side_by_side(net)
    n = net.patches
    highest = np.full(n, -1, dtype=np.int64)  # the highest number among the neighbours of each
    np.maximum.at(highest, np.repeat(np.arange(n), np.diff(near.start)), near.other)
    found, result = np.zeros((n, n)), np.empty((n, n))
    for known, last in pairwise(_edges(0, n, ROUNDS)):

        def work(first: int, end: int, known: int = known) -> None:
            rows_of_products(near.start, near.other, near.p, highest, first, end, known,
                  max(least, LEAST), found)  # fmt: skip

        _in_parts(known, last, work, workers)
        found[last:, known:last] = found[known:last, last:].T
    _in_parts(0, n, lambda first, end: put_back(found, order, first, end, result), workers)
    return result


def _in_parts(first: int, last: int, work: Callable[[int, int], T], workers: int | None) -> list[T]:
    """work(begin, end) over fixed parts of first..last, results in order."""
    edges = _edges(first, last, SHARES_OF_WORK)
    with ThreadPoolExecutor(workers) as threads:
        return list(threads.map(work, edges[:-1], edges[1:]))


def _edges(first: int, last: int, parts: int) -> list[int]:
    """first..last cut into at most so many parts, none empty."""
    found: list[int] = np.linspace(first, last, min(last - first, parts) + 1).astype(int).tolist()
    return found


@dataclass(frozen=True)
class Connectivity:
    """What a landscape's patches hold together, and the share of it that each part carries.

    pc_sum: sum of a_i a_j p*_ij, i = j included; eca: its square root, in the unit of a.
    Per patch, in percent of pc_sum lost with it: dpc = intra + flux + connector. Per link: link,
    in percent. error: bound on what `least` left out of pc_sum.
    """

    pc_sum: float
    eca: float
    dpc: Cells
    intra: Cells
    flux: Cells
    connector: Cells
    link: Cells
    error: float = 0.0


def connectivity(
    net: Graph, area: Cells, *, least: float = 0.0, workers: int | None = None
) -> Connectivity:
    """PC and dPC of every patch and link, equal to taking each away in turn. Saura & Rubio 2010.

    area (patches,) >= 0, any unit (or another attribute); least: paths below this probability are
    not followed; then pc_sum is too small by at most `error` = least (sum a)^2. Taking a patch away
    changes, of the shortest-path tree of a source, only what hangs on that patch: only those
    distances are found again, from the edge of what is left.
    """
    area = np.asarray(area, dtype=np.float64)
    _refuse(~((area >= 0) & np.isfinite(area)), area, "area", "a number of zero or more")
    near, order = _side_by_side(net)
    sizes = area[order]

    def work(first: int, last: int) -> tuple[Cells, Cells, Cells]:
        held, lost, cut = (np.zeros(n) for n in (net.patches, net.patches, net.links))
        _lost(
            near.start, near.other, near.link, near.p, sizes, first, last, max(least, LEAST),
            held, lost, cut,
        )  # fmt: skip
        return held, lost, cut

    parts = _in_parts(0, net.patches, work, workers)
    held, lost = np.zeros(net.patches), np.zeros(net.patches)
    held[order] = sum(part[0] for part in parts)
    lost[order] = sum(part[1] for part in parts)
    cut = np.zeros(net.links) + sum(part[2] for part in parts)
    return _shares(area, held, lost, cut, least)


def _side_by_side(net: Graph) -> tuple[Graph, Index]:
    """The graph with its patches numbered so that neighbours have close numbers, and the order.

    Pairs are counted from their lower number: then most subtrees of a source hold only pairs that
    are counted elsewhere, and are not looked at.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    n = net.patches
    if n == 0:
        return net, np.zeros(0, dtype=np.int64)
    ones = csr_array((np.ones(net.other.size), net.other, net.start), shape=(n, n))
    order = np.asarray(reverse_cuthill_mckee(ones, symmetric_mode=True), dtype=np.int64)
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n)
    begin = np.repeat(rank, np.diff(net.start))
    moved = np.lexsort((net.link, begin))
    start = np.concatenate([[0], np.cumsum(np.bincount(begin, minlength=n))]).astype(np.int64)
    return Graph(start, rank[net.other[moved]], net.link[moved], net.p[moved]), order


def _shares(area: Cells, held: Cells, lost: Cells, cut: Cells, least: float) -> Connectivity:
    """held[i] = sum over j of a_i a_j p*_ij; lost, cut: the pairs' sums that go with each."""
    pc_sum = float(held.sum())
    scale = 100.0 / pc_sum if pc_sum > 0 else 0.0
    intra = area**2 * scale
    flux = 2 * (held - area**2) * scale
    connector = lost * scale
    error = least * float(area.sum()) ** 2
    return Connectivity(
        pc_sum, math.sqrt(pc_sum), intra + flux + connector, intra, flux, connector,
        cut * scale, error,
    )  # fmt: skip


@kernel
def _lost(
    start: Index,
    other: Index,
    link: Index,
    p: Cells,
    area: Cells,
    first: int,
    last: int,
    least: float,
    held: Cells,
    lost: Cells,
    cut: Cells,
) -> None:
    """For the sources first..last-1: held a_i a_j p*, and what is lost without each patch, link.

    Pairs of a source with lower numbers are those sources' own: what they lose counts twice.
    """
    n = start.size - 1
    parent, by, order, heap, below, begin, free, walk, mine = np.empty((9, n), dtype=np.int64)
    keys, best, again = np.empty(n), np.empty(n), np.empty(n)
    place = np.full(n, -1, dtype=np.int64)
    for s in range(first, last):
        if area[s] == 0.0:
            continue
        reached = best_products(
            start, other, p, s, least, best, parent, by, order, keys, heap, place
        )
        subtrees(order, parent, reached, s, area, below, mine, begin, free, walk)
        for t in range(reached):
            held[s] += area[s] * area[order[t]] * best[order[t]]
        for t in range(1, reached):
            k = order[t]
            if mine[k] == 0:
                continue
            low, high, e = begin[k], begin[k] + below[k], by[k]
            cut[link[e]] += (2 * area[s]) * _change(
                start, other, link, p, area, best, again, begin, walk,
                low, high, s, -1, link[e], least, keys, heap, place,
            )  # fmt: skip
            if below[k] > 1:
                lost[k] += (2 * area[s]) * _change(
                    start, other, link, p, area, best, again, begin, walk,
                    low + 1, high, s, k, -1, least, keys, heap, place,
                )  # fmt: skip


@kernel
def subtrees(
    order: Index,
    parent: Index,
    reached: int,
    source: int,
    area: Cells,
    below: Index,
    mine: Index,
    begin: Index,
    free: Index,
    walk: Index,
) -> None:
    """Put every subtree of the tree of best paths in one run of `walk`, from `begin` on.

    below: how many patches hang on each, itself included; mine: how many of them are counted.
    """
    begin[:] = begin.size  # what is not reached stands behind every subtree
    for t in range(reached):
        v = order[t]
        below[v] = 1
        mine[v] = 1 if v > source and area[v] > 0.0 else 0
    for t in range(reached - 1, 0, -1):
        v = order[t]
        below[parent[v]] += below[v]
        mine[parent[v]] += mine[v]
    for t in range(reached):
        v = order[t]
        begin[v] = 0
        if t > 0:
            begin[v] = free[parent[v]]
            free[parent[v]] += below[v]
        free[v] = begin[v] + 1
        walk[begin[v]] = v


@kernel
def _change(
    start: Index,
    other: Index,
    link: Index,
    p: Cells,
    area: Cells,
    best: Cells,
    again: Cells,
    begin: Index,
    walk: Index,
    low: int,
    high: int,
    source: int,
    patch: int,
    gone: int,
    least: float,
    keys: Cells,
    heap: Index,
    place: Index,
) -> float:
    """Sum of a_j (p* before - p* after) over walk[low:high], without a patch or a link."""
    size = 0
    for w in range(low, high):
        v = walk[w]
        product = _from_outside(start, other, link, p, best, begin, low, high, v, patch, gone)
        again[v] = 0.0
        if product >= least:
            again[v] = product
            size = forward(keys, heap, place, size, v, product)
    while size > 0:
        u = heap[0]
        size = take(keys, heap, place, size)
        for e in range(start[u], start[u + 1]):
            v = other[e]
            if begin[v] < low or begin[v] >= high:
                continue
            product = again[u] * p[e]
            if product > again[v] and product >= least and link[e] != gone:
                again[v] = product
                size = forward(keys, heap, place, size, v, product)
    change = 0.0
    for w in range(low, high):
        v = walk[w]
        if v > source:
            change += area[v] * (best[v] - again[v])
    return change


@kernel
def _from_outside(
    start: Index,
    other: Index,
    link: Index,
    p: Cells,
    best: Cells,
    begin: Index,
    low: int,
    high: int,
    v: int,
    patch: int,
    gone: int,
) -> float:
    """The best way to v whose last step comes from outside the subtree."""
    product = 0.0
    for e in range(start[v], start[v + 1]):
        u = other[e]
        inside = low <= begin[u] < high
        if not inside and u != patch and link[e] != gone:
            product = max(product, best[u] * p[e])
    return product
