"""Best paths from one source, and what becomes of them when patches are taken away.

Taking patches away changes only what hangs on them in the tree of best paths (the replacement paths
of Malik, Mittal & Gupta 1989, Operations Research Letters 8:223). Each new product is the old one
times a ratio of at most 1, and along the tree the ratio stays the same: a patch reached again takes
all that still hangs on it along, without a search.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tianren.kernels import kernel
from tianren.science.best_paths import Cells, Index, best_products, forward, take
from tianren.science.connectivity import Graph, subtrees

Places = NDArray[np.int32]

# Of a place of the walk, while patches are away: not touched by that; its ratio is known, or it is
# itself away. Below: the best ratio seen so far.
OUTSIDE, SETTLED = 3.0, 2.0
AWAY = -1.0  # the ratio of a patch that is itself away


class Net(NamedTuple):
    """Graph (science.connectivity) as compiled code takes it."""

    start: Index
    other: Index
    p: Cells


class Groups(NamedTuple):
    """of (patches,): each patch's group; the members of g: patch[first[g]:first[g + 1]]."""

    of: Index
    first: Index
    patch: Index


class Tree(NamedTuple):
    """Room for the best paths from one source; `subtrees` and `best_products` say what is what."""

    best: Cells
    again: Cells
    keys: Cells
    parent: Index
    by: Index
    order: Index
    heap: Index
    below: Index
    mine: Index
    begin: Index
    free: Index
    walk: Index
    place: Index
    mark: Index
    hit: Index
    tick: Index
    along: "Along"


class Along(NamedTuple):
    """The graph numbered along the walk of a tree, so that each subtree is one run of numbers.

    best, below, parent (patches,): as in the tree. Links of place i: first[i]:first[i + 1]; there,
    the other place, the ratio with which a path from the other place arrives at i (arriving), from
    i at the other (leaving). low, high: the farthest places with a link to i, or i. state, ratio,
    fresh: room for `without`.
    """

    best: Cells
    below: Places
    parent: Places
    first: Index
    there: Places
    arriving: Cells
    leaving: Cells
    low: Places
    high: Places
    state: Cells
    ratio: Cells
    fresh: Places


def as_net(net: Graph) -> Net:
    return Net(net.start, net.other, net.p)


def group_lists(group: Index) -> Groups:
    """Groups of patches numbered from 0 on."""
    group = np.asarray(group, dtype=np.int64)
    counts = np.bincount(group, minlength=1) if group.size else np.zeros(1, dtype=np.int64)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Groups(group, first, np.argsort(group, kind="stable").astype(np.int64))


def room(net: Net) -> Tree:
    """Scratch for a graph, one for each thread."""
    n, links = net.start.size - 1, net.other.size
    best, again, keys = np.zeros((3, n))
    parent, by, order, heap, below, mine, begin, free, walk, mark, hit = np.zeros((11, n), np.int64)
    place, tick = np.full(n, -1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    arriving, leaving = np.zeros((2, links))
    along_below, along_parent, low, high, fresh = np.zeros((5, n), dtype=np.int32)
    along = Along(
        np.zeros(n), along_below, along_parent, np.zeros(n + 1, dtype=np.int64),
        np.zeros(links, dtype=np.int32), arriving, leaving, low, high, np.full(n, OUTSIDE),
        np.zeros(n), fresh,
    )  # fmt: skip
    return Tree(
        best, again, keys, parent, by, order, heap, below, mine, begin, free, walk, place, mark,
        hit, tick, along,
    )  # fmt: skip


@kernel
def climb(net: Net, tree: Tree, source: int, least: float) -> int:
    """tree.best: the best products from a source; how many patches are reached."""
    reached = best_products(
        net.start, net.other, net.p, source, least, tree.best, tree.parent, tree.by, tree.order,
        tree.keys, tree.heap, tree.place,
    )  # fmt: skip
    return int(reached)


@kernel
def grow(net: Net, tree: Tree, source: int, least: float, area: Cells) -> int:
    """As `climb`, and all laid out along the walk, so that patches can be taken away."""
    reached, along = climb(net, tree, source, least), tree.along
    subtrees(
        tree.order, tree.parent, reached, source, area, tree.below, tree.mine, tree.begin,
        tree.free, tree.walk,
    )  # fmt: skip
    _lay_along(
        net.start, net.other, net.p, tree.best, tree.parent, tree.below, tree.begin, tree.walk,
        reached, along.best, along.below, along.parent, along.first, along.there, along.arriving,
        along.leaving, along.low, along.high,
    )  # fmt: skip
    return int(reached)


@kernel
def _lay_along(
    start: Index,
    other: Index,
    p: Cells,
    best: Cells,
    parent: Index,
    below: Index,
    begin: Index,
    walk: Index,
    reached: int,
    along_best: Cells,
    along_below: Places,
    along_parent: Places,
    first: Index,
    there: Places,
    arriving: Cells,
    leaving: Cells,
    low: Places,
    high: Places,
) -> None:
    """Fill Along from a tree and its graph."""
    count = 0
    for i in range(reached):
        v = walk[i]
        first[i], along_best[i], along_below[i] = count, best[v], below[v]
        along_parent[i] = begin[parent[v]] if i > 0 else 0
        lowest, highest = i, i
        for e in range(start[v], start[v + 1]):
            u = other[e]
            if begin[u] < begin.size:
                there[count] = begin[u]
                arriving[count] = best[u] * p[e] / best[v]
                leaving[count] = best[v] * p[e] / best[u]
                lowest, highest = min(lowest, begin[u]), max(highest, begin[u])
                count += 1
        low[i], high[i] = lowest, highest
    first[reached] = count


@kernel
def without(groups: Groups, tree: Tree, gone: int, least: float) -> int:
    """The best products from the source of `grow` when all patches of a group are gone.

    How many patches hung on the group; they are tree.hit, their products now tree.again, and they
    alone are marked with the new tree.tick.
    """
    along = tree.along
    roots = _take_away(groups, tree, gone)
    size = 0
    for r in range(roots):
        size = _come_in(
            along.first, along.there, along.arriving, along.low, along.high, along.best,
            along.state, tree.free[r], along.below[tree.free[r]], least, tree.keys, tree.heap,
            tree.place, size,
        )  # fmt: skip
    _take_along(
        along.first, along.there, along.leaving, along.below, along.best, along.state, along.ratio,
        along.fresh, least, tree.keys, tree.heap, tree.place, size,
    )  # fmt: skip
    return _put_back(tree, roots, least)


@kernel
def _take_away(groups: Groups, tree: Tree, gone: int) -> int:
    """Open what hangs on a group; how many subtrees that are in no other, from tree.free[0] on."""
    along, roots = tree.along, 0
    for m in range(groups.first[gone], groups.first[gone + 1]):
        i = tree.begin[groups.patch[m]]
        if i < tree.best.size and along.state[i] == OUTSIDE:
            along.state[i : i + along.below[i]] = 0.0
    for m in range(groups.first[gone], groups.first[gone + 1]):
        i = tree.begin[groups.patch[m]]
        if i < tree.best.size:
            along.state[i], along.ratio[i] = SETTLED, AWAY
            if along.state[along.parent[i]] == OUTSIDE:
                tree.free[roots] = i
                roots += 1
    return roots


@kernel
def _come_in(
    first: Index,
    there: Places,
    arriving: Cells,
    low: Places,
    high: Places,
    best: Cells,
    state: Cells,
    root: int,
    below: int,
    least: float,
    keys: Cells,
    heap: Index,
    place: Index,
    size: int,
) -> int:
    """Put what hangs on a root in the heap, with the best ratio of a link from outside."""
    for i in range(root, root + below):
        if state[i] == SETTLED or (low[i] >= root and high[i] < root + below):
            continue
        ratio = 0.0
        for e in range(first[i], first[i + 1]):
            if state[there[e]] == OUTSIDE:
                ratio = max(ratio, arriving[e])
        if ratio * best[i] >= least:
            state[i] = ratio
            size = forward(keys, heap, place, size, i, ratio)
    return size


@kernel
def _take_along(
    first: Index,
    there: Places,
    leaving: Cells,
    below: Places,
    best: Cells,
    state: Cells,
    ratio: Cells,
    fresh: Places,
    least: float,
    keys: Cells,
    heap: Index,
    place: Index,
    size: int,
) -> None:
    """Settle the best ratio each time, with all that hangs on it, and try the links from there."""
    while size > 0:
        top, now = heap[0], keys[0]
        size = take(keys, heap, place, size)
        count, i = 0, top
        while i < top + below[top]:
            if state[i] == SETTLED:
                i += below[i]
            else:
                state[i], ratio[i], fresh[count] = SETTLED, now, i
                count += 1
                i += 1
        for k in range(count):
            i = fresh[k]
            for e in range(first[i], first[i + 1]):
                j, then = there[e], now * leaving[e]
                if then > state[j] and then * best[j] >= least:
                    state[j] = then
                    size = forward(keys, heap, place, size, j, then)


@kernel
def _put_back(tree: Tree, roots: int, least: float) -> int:
    """Write tree.hit and tree.again of the opened subtrees and close them; how many patches."""
    along, count = tree.along, 0
    tree.tick[0] += 1
    for r in range(roots):
        root = tree.free[r]
        for i in range(root, root + along.below[root]):
            settled = along.state[i] == SETTLED
            along.state[i] = OUTSIDE
            if settled and along.ratio[i] == AWAY:
                continue
            v, product = tree.walk[i], along.ratio[i] * along.best[i] if settled else 0.0
            tree.hit[count], tree.mark[v] = v, tree.tick[0]
            tree.again[v] = product if product >= least else 0.0
            count += 1
    return count
