"""From fractions to yes or no: greedy choice, dropping what is not needed, and swaps. Compiled.

Work is on the columns x of a Model with rows of features divided by their targets: `held` counts
shares of targets. Marxan's iterative improvement is the same idea (Ball, Possingham & Watts 2009).
"""

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.kernels import kernel
from tianren.science.choice import TOLERANCE, Floats, Ints

Flags = NDArray[np.bool_]
SLACK = TOLERANCE / 10


@kernel
def filled(
    start: Ints, index: NDArray[np.int32], amount: Floats, need: Floats, held: Floats, u: int
) -> float:
    """How much of what is lacking a column fills, in shares of targets."""
    gain = 0.0
    for e in range(start[u], start[u + 1]):
        short = need[index[e]] - held[index[e]]
        if short > SLACK:
            gain += min(short, amount[e])
    return gain


@kernel
def add_until_met(
    start: Ints,
    index: NDArray[np.int32],
    amount: Floats,
    cost: Floats,
    need: Floats,
    free: Flags,
    chosen: Flags,
    held: Floats,
    order: Ints,
) -> None:
    """Meet every need that can be met, each time by the column that fills most per cost.

    Columns in CSC form: start, index (features), amount; order: columns to try, in order of ties.
    """
    heap = [(-np.inf, k) for k in range(order.size) if free[order[k]] and not chosen[order[k]]]
    while len(heap) > 0 and (need - held).max() > SLACK:
        _, k = heapq.heappop(heap)
        u = order[k]
        rate = filled(start, index, amount, need, held, u) / max(cost[u], 1e-12)
        if rate <= 0.0:
            continue
        if len(heap) > 0 and -rate > heap[0][0]:  # gains only shrink (Minoux 1978): look again
            heapq.heappush(heap, (-rate, k))
            continue
        chosen[u] = True
        apply(start, index, amount, held, u, 1.0)


@kernel
def drop_unneeded(
    start: Ints,
    index: NDArray[np.int32],
    amount: Floats,
    need: Floats,
    free: Flags,
    chosen: Flags,
    held: Floats,
    order: Ints,
) -> int:
    """Leave out, in order, each chosen column without which every need is still met."""
    dropped = 0
    for k in range(order.size):
        u = order[k]
        if not chosen[u] or not free[u]:
            continue
        spare = True
        for e in range(start[u], start[u + 1]):
            if held[index[e]] - amount[e] < need[index[e]] - SLACK:
                spare = False
                break
        if spare:
            chosen[u] = False
            dropped += 1
            for e in range(start[u], start[u + 1]):
                held[index[e]] -= amount[e]
    return dropped


@kernel
def _note_lack(
    start: Ints,
    index: NDArray[np.int32],
    amount: Floats,
    need: Floats,
    held: Floats,
    lack: Floats,
    u: int,
) -> int:
    """Write what each feature would lack without a column; how many would lack something."""
    lacking = 0
    for e in range(start[u], start[u + 1]):
        f = index[e]
        lack[f] = need[f] - (held[f] - amount[e])
        if lack[f] > SLACK:
            lacking += 1
    return lacking


@kernel
def _fits(
    start: Ints, index: NDArray[np.int32], amount: Floats, lack: Floats, lacking: int, v: int
) -> bool:
    """Whether a column fills all that is lacking."""
    filled = 0
    for e in range(start[v], start[v + 1]):
        short = lack[index[e]]
        if short > SLACK and amount[e] >= short - SLACK / 2:
            filled += 1
    return filled == lacking


@kernel
def swap_for_cheaper(
    start: Ints,
    index: NDArray[np.int32],
    amount: Floats,
    cost: Floats,
    need: Floats,
    free: Flags,
    chosen: Flags,
    held: Floats,
    out: Ints,
    into: Ints,
) -> int:
    """Replace a chosen column of `out` by a cheaper one of `into` where every need stays met.

    out is tried in order; of into (in order of cost) the first that fits is taken.
    """
    swapped = 0
    lack = np.zeros(need.size)
    for k in range(out.size):
        u = out[k]
        if not chosen[u] or not free[u]:
            continue
        lacking = _note_lack(start, index, amount, need, held, lack, u)
        for j in range(into.size):
            v = into[j]
            if cost[v] >= cost[u] * (1.0 - 1e-12):
                break
            if not chosen[v] and free[v] and _fits(start, index, amount, lack, lacking, v):
                chosen[u], chosen[v] = False, True
                swapped += 1
                apply(start, index, amount, held, u, -1.0)
                apply(start, index, amount, held, v, 1.0)
                break
        for e in range(start[u], start[u + 1]):
            lack[index[e]] = 0.0
    return swapped


@kernel
def loss_of(kind: int, weight: float, held: float) -> float:
    """What a feature loses with this share of its target: 0 shortfall, 1 not met, 2 amount."""
    if kind == 0:
        return weight * max(0.0, 1.0 - held)
    if kind == 1:
        return weight if held < 1.0 - TOLERANCE else 0.0
    return -weight * held


@kernel
def _change(
    start: Ints,
    index: NDArray[np.int32],
    amount: Floats,
    kind: int,
    weight: Floats,
    held: Floats,
    u: int,
    sign: float,
) -> float:
    total = 0.0
    for e in range(start[u], start[u + 1]):
        f = index[e]
        total += loss_of(kind, weight[f], held[f] + sign * amount[e]) - loss_of(
            kind, weight[f], held[f]
        )
    return total


@kernel
def apply(
    start: Ints, index: NDArray[np.int32], amount: Floats, held: Floats, u: int, sign: float
) -> None:
    """Add a column to what is held, or with sign -1 take it away."""
    for e in range(start[u], start[u + 1]):
        held[index[e]] += sign * amount[e]


@kernel
def spend_greedily(
    start: Ints,
    index: NDArray[np.int32],
    amount: Floats,
    cost: Floats,
    kind: int,
    weight: Floats,
    free: Flags,
    chosen: Flags,
    held: Floats,
    left: float,
    order: Ints,
) -> float:
    """Add, while the budget lasts, the affordable column that cuts the loss most per cost.

    kind 0 or 2: gains only shrink (submodular), so that a column's last known rate is an upper
    limit and most need no new look (Minoux 1978). Returns the budget that is left.
    """
    heap = [(-np.inf, k) for k in range(order.size) if free[order[k]] and not chosen[order[k]]]
    while len(heap) > 0:
        _, k = heapq.heappop(heap)
        u = order[k]
        if cost[u] > left:
            continue
        change = _change(start, index, amount, kind, weight, held, u, 1.0)
        rate = -change / max(cost[u], 1e-12)
        if rate <= 0.0:
            continue
        if len(heap) > 0 and -rate > heap[0][0]:
            heapq.heappush(heap, (-rate, k))
            continue
        chosen[u] = True
        left -= cost[u]
        apply(start, index, amount, held, u, 1.0)
    return left


@kernel
def swap_within_budget(
    start: Ints,
    index: NDArray[np.int32],
    amount: Floats,
    cost: Floats,
    kind: int,
    weight: Floats,
    free: Flags,
    chosen: Flags,
    held: Floats,
    left: float,
    out: Ints,
    into: Ints,
) -> float:
    """Replace each chosen column of `out` by the affordable one of `into` that helps most.

    Returns the budget that is left.
    """
    for k in range(out.size):
        u = out[k]
        if not chosen[u] or not free[u]:
            continue
        lost = _change(start, index, amount, kind, weight, held, u, -1.0)
        apply(start, index, amount, held, u, -1.0)
        best, best_change = u, -lost
        for j in range(into.size):
            v = into[j]
            if chosen[v] or not free[v] or cost[v] > left + cost[u]:
                continue
            change = _change(start, index, amount, kind, weight, held, v, 1.0)
            if change < best_change - 1e-12:
                best, best_change = v, change
        if best != u:
            chosen[u], chosen[best] = False, True
            left += cost[u] - cost[best]
        apply(start, index, amount, held, best, 1.0)
    return left


def column_form(rows: Any) -> tuple[Ints, NDArray[np.int32], Floats]:
    """start, index, amount of a matrix (features, columns)."""
    table = rows.tocsc()
    table.sort_indices()
    start, index = table.indptr.astype(np.int64), table.indices.astype(np.int32)
    return start, index, table.data.astype(np.float64)
