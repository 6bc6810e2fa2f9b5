"""Ranking of every cell by what is lost when it goes: cells are removed one by one, least first.

Moilanen et al. 2005, Proc. R. Soc. B 272:1885 (Zonation; core-area removal); Moilanen 2007, Biol.
Conserv. 134:571 (additive benefit). What a cell's loss would cost never falls while others go, so
that the last known loss is a lower limit: with a heap, one by one is exact and still quick.
Removal is from anywhere, not from edges only.
"""

import heapq
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.kernels import kernel
from tianren.science.choice import Floats, Ints

Rule = Literal["core_area", "additive_benefit"]
EXPONENT = 0.25  # of the additive benefit V(R) = R^z; Moilanen 2007


@dataclass(frozen=True)
class Ranking:
    """rank (cells,): 0 < rank <= 1, the share of cells removed up to and with this one; 1 is best.

    left (steps, features): share of each feature left when `share` (steps,) of the cells is left.
    """

    rank: Floats
    order: Ints
    share: Floats
    left: Floats


def rank_cells(
    amounts: Any,
    weights: Floats | None = None,
    cost: Floats | None = None,
    *,
    rule: Rule = "core_area",
    batch: int = 1,
    steps: int = 100,
) -> Ranking:
    """Remove cells by least loss per cost; amounts (cells, features) sparse, >= 0.

    batch: how many go at a time between looks at all the rest; 1 is exact. cost > 0.
    """
    from scipy.sparse import csr_array

    table = csr_array(amounts, dtype=np.float64)
    n, m = int(table.shape[0]), int(table.shape[-1])
    weight = np.ones(m) if weights is None else np.asarray(weights, dtype=np.float64)
    price = np.ones(n) if cost is None else np.asarray(cost, dtype=np.float64)
    if not (price > 0).all():
        raise UserError(
            "a ranking divides by cost, which is zero or less somewhere",
            where="ranking",
            by_how_much=f"{int((~(price > 0)).sum())} of {n} cells",
            next_step="give every cell a cost above zero",
        )
    start, index, share = _shares(table, m)
    core, left = rule == "core_area", np.ones(m)
    order = np.zeros(n, dtype=np.int64)
    if batch <= 1:
        remove_one_by_one(start, index, share, weight, price, core, left, order)
    else:
        remove_in_batches(start, index, share, weight, price, core, left, order, batch)
    rank = np.empty(n)
    rank[order] = np.arange(1, n + 1) / n
    shares = np.linspace(1.0, 0.0, steps + 1)
    return Ranking(rank, order, shares, _curves(table, order, shares))


def _shares(table: Any, features: int) -> tuple[Ints, NDArray[np.int32], Floats]:
    """Rows of the table with each amount as the share of all there is of its feature."""
    total = np.bincount(table.indices, table.data, features)
    share = table.data / np.where(total > 0, total, 1.0)[table.indices]
    return table.indptr.astype(np.int64), table.indices.astype(np.int32), share


def _curves(table: Any, order: Ints, shares: Floats) -> Floats:
    """Share of each feature left at each share of the cells."""
    n, m = int(table.shape[0]), int(table.shape[-1])
    total = np.bincount(table.indices, table.data, m)
    known = np.where(total > 0, total, 1.0)
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)
    rows = np.repeat(place, np.diff(table.indptr))
    first = np.round((1.0 - shares) * n).astype(np.int64)  # removed at each step
    slot = np.searchsorted(first, rows, side="right") - 1
    kept = np.bincount(slot * m + table.indices, table.data, len(shares) * m)
    gone_later = kept.reshape(len(shares), m)[::-1].cumsum(axis=0)[::-1]
    return np.asarray(gone_later / known)


@kernel
def loss_of_cell(
    start: Ints,
    index: NDArray[np.int32],
    share: Floats,
    weight: Floats,
    price: Floats,
    core: bool,
    left: Floats,
    cell: int,
) -> float:
    """What goes with a cell, per cost: the worst feature's, or the benefits of all of them."""
    worst, total = 0.0, 0.0
    for e in range(start[cell], start[cell + 1]):
        f = index[e]
        if share[e] <= 0.0:
            continue
        if core:
            worst = max(worst, weight[f] * share[e] / max(left[f], share[e]))
        else:
            rest = max(0.0, left[f] - share[e])
            total += weight[f] * (left[f] ** EXPONENT - rest**EXPONENT)
    loss: float = (worst if core else total) / price[cell]
    return loss


@kernel
def take_out(start: Ints, index: NDArray[np.int32], share: Floats, left: Floats, cell: int) -> None:
    """Take a cell's shares from what is left."""
    for e in range(start[cell], start[cell + 1]):
        left[index[e]] = max(0.0, left[index[e]] - share[e])


@kernel
def remove_one_by_one(
    start: Ints,
    index: NDArray[np.int32],
    share: Floats,
    weight: Floats,
    price: Floats,
    core: bool,
    left: Floats,
    order: Ints,
) -> None:
    """Fill order with the cells as they go; ties by the cell's number."""
    heap = [(0.0, cell) for cell in range(price.size)]
    gone = 0
    while len(heap) > 0:
        _, cell = heapq.heappop(heap)
        loss = loss_of_cell(start, index, share, weight, price, core, left, cell)
        if len(heap) > 0 and (loss, cell) > heap[0]:
            heapq.heappush(heap, (loss, cell))
            continue
        order[gone] = cell
        gone += 1
        take_out(start, index, share, left, cell)


@kernel
def remove_in_batches(
    start: Ints,
    index: NDArray[np.int32],
    share: Floats,
    weight: Floats,
    price: Floats,
    core: bool,
    left: Floats,
    order: Ints,
    batch: int,
) -> None:
    """As one by one, but the losses are looked at anew only after each batch."""
    cells = np.arange(price.size)
    gone = 0
    while cells.size > 0:
        loss = np.empty(cells.size)
        for k in range(cells.size):
            loss[k] = loss_of_cell(start, index, share, weight, price, core, left, cells[k])
        sequence = np.argsort(loss, kind="mergesort")
        count = min(batch, cells.size)
        keep = np.ones(cells.size, dtype=np.bool_)
        for k in range(count):
            cell = cells[sequence[k]]
            keep[sequence[k]] = False
            order[gone] = cell
            gone += 1
            take_out(start, index, share, left, cell)
        cells = cells[keep]
