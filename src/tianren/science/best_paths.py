"""The largest product of probabilities along the paths of a graph: Dijkstra's algorithm, compiled.

A graph is neighbour lists: the neighbours of i, and the probabilities of the links to them, stand
at start[i]:start[i + 1] of `other` and `p`. The heap has four below each, the largest first: keys,
the patches that stand there, and the place of each patch (-1: not in it).
"""

import numpy as np
from numpy.typing import NDArray

from tianren.kernels import kernel

Cells = NDArray[np.float64]
Index = NDArray[np.int64]


@kernel
def rows_of_products(
    start: Index,
    other: Index,
    p: Cells,
    highest: Index,
    first: int,
    last: int,
    known: int,
    least: float,
    found: Cells,
) -> None:
    """p* of the sources first..last-1 to all patches from `known` on; those below stand there.

    A best path leaves the known patches for the last time at one whose p* is known: from there on
    it lies among the others.
    """
    n = start.size - 1
    heap = np.empty(n, dtype=np.int64)
    keys = np.empty(n)
    place = np.full(n, -1, dtype=np.int64)
    for s in range(first, last):
        best = found[s]
        best[s] = 1.0
        size = forward(keys, heap, place, 0, s, 1.0)
        for u in range(known):
            if highest[u] >= known and best[u] > 0.0:
                size = _reach(start, other, p, u, known, least, best, keys, heap, place, size)
        while size > 0:
            u = heap[0]
            size = take(keys, heap, place, size)
            size = _reach(start, other, p, u, known, least, best, keys, heap, place, size)


@kernel
def _reach(
    start: Index,
    other: Index,
    p: Cells,
    u: int,
    known: int,
    least: float,
    best: Cells,
    keys: Cells,
    heap: Index,
    place: Index,
    size: int,
) -> int:
    """Try the links of u to patches from `known` on; the new size of the heap."""
    here = best[u]
    for e in range(start[u], start[u + 1]):
        v = other[e]
        product = here * p[e]
        if product > best[v] and product >= least and v >= known:
            best[v] = product
            size = forward(keys, heap, place, size, v, product)
    return size


@kernel
def put_back(found: Cells, order: Index, first: int, last: int, result: Cells) -> None:
    """Rows first..last-1 in the order in which the patches were given."""
    for i in range(first, last):
        row = result[order[i]]
        for j in range(order.size):
            row[order[j]] = found[i, j]


@kernel
def best_products(
    start: Index,
    other: Index,
    p: Cells,
    source: int,
    least: float,
    best: Cells,
    parent: Index,
    by: Index,
    order: Index,
    keys: Cells,
    heap: Index,
    place: Index,
) -> int:
    """Dijkstra's algorithm on products; how many patches are reached, in `order`.

    best: p* of every patch; parent, by: the patch before it and the place in `other` of that step.
    """
    best[:] = 0.0
    best[source] = 1.0
    parent[source], by[source] = -1, -1
    reached, size = 0, forward(keys, heap, place, 0, source, 1.0)
    while size > 0:
        u = heap[0]
        size = take(keys, heap, place, size)
        order[reached] = u
        reached += 1
        here = best[u]
        for e in range(start[u], start[u + 1]):
            v = other[e]
            product = here * p[e]
            if product > best[v] and product >= least:
                best[v] = product
                parent[v], by[v] = u, e
                size = forward(keys, heap, place, size, v, product)
    return reached


@kernel
def forward(keys: Cells, heap: Index, place: Index, size: int, v: int, key: float) -> int:
    """Put v in the heap (four below each, the largest first) or bring it forward; the new size."""
    i = place[v]
    if i < 0:
        i = size
        size += 1
    while i > 0:
        up = (i - 1) >> 2
        if keys[up] >= key:
            break
        keys[i] = keys[up]
        heap[i] = heap[up]
        place[heap[i]] = i
        i = up
    keys[i] = key
    heap[i] = v
    place[v] = i
    return size


@kernel
def take(keys: Cells, heap: Index, place: Index, size: int) -> int:
    """Take the first from the heap; the new size."""
    place[heap[0]] = -1
    size -= 1
    if size == 0:
        return 0
    key, v = keys[size], heap[size]
    i = 0
    while True:
        low = 4 * i + 1
        if low >= size:
            break
        top = low
        for c in range(low + 1, min(low + 4, size)):
            if keys[c] > keys[top]:
                top = c
        if keys[top] <= key:
            break
        keys[i] = keys[top]
        heap[i] = heap[top]
        place[heap[i]] = i
        i = top
    keys[i] = key
    heap[i] = v
    place[v] = i
    return size
