"""Best paths from one source, and what becomes of them when patches are taken away.

Taking patches away changes only what hangs on them in the tree of best paths (the replacement paths
of Malik, Mittal & Gupta 1989, Operations Research Letters 8:223). Each new product is the old one
times a ratio of at most 1, and along the tree the ratio does not fall: where a path comes in from
outside, all that hangs there has that ratio at least, without a search. Few ratios are higher.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tianren.kernels import kernel
from tianren.science.best_paths import Cells, Index, best_products, forward, take
from tianren.science.connectivity import Graph, subtrees

Places = NDArray[np.int32]

# In place of a ratio: not touched by what is taken away; itself away.
OUTSIDE, AWAY = 3.0, -1.0


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
    the other place; arriving, the ratio to best[i] with which the best path to there comes on to i,
    the largest first after the parent's, that is not asked for; leaving, the ratio to best[there]
    the other way. ratio, fresh: room for `without`.
    """

    best: Cells
    below: Places
    parent: Places
    first: Index
    there: Places
    arriving: Cells
    leaving: Cells
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
    below_along, parent_along, fresh = np.zeros((3, n), dtype=np.int32)
    there, (arriving, leaving) = np.zeros(links, dtype=np.int32), np.zeros((2, links))
    along = Along(
        np.zeros(n), below_along, parent_along, np.zeros(n + 1, dtype=np.int64), there, arriving,
        leaving, np.full(n, OUTSIDE), fresh,
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
        along.leaving,
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
) -> None:
    """Fill Along from a tree and its graph; the links of each place are sorted by insertion."""
    count = 0
    for i in range(reached):
        v = walk[i]
        first[i], along_best[i], along_below[i] = count, best[v], below[v]
        along_parent[i] = begin[parent[v]] if i > 0 else 0
        for e in range(start[v], start[v + 1]):
            u = other[e]
            if begin[u] < begin.size:
                ratio = np.inf if u == parent[v] else best[u] * p[e] / best[v]
                k = count
                while k > first[i] and arriving[k - 1] < ratio:
                    there[k], arriving[k], leaving[k] = (
                        there[k - 1],
                        arriving[k - 1],
                        leaving[k - 1],
                    )
                    k -= 1
                there[k], arriving[k], leaving[k] = begin[u], ratio, best[v] * p[e] / best[u]
                count += 1
    first[reached] = count


@kernel
def without(groups: Groups, tree: Tree, gone: int, least: float) -> int:
    """The best products from the source of `grow` when all patches of a group are gone.

    How many patches hung on the group; they are tree.hit, their products now tree.again, and they
    alone are marked with the new tree.tick.
    """
    # Plain arrays from here on: numba counts references each time it takes one out of a tuple.
    along, roots = tree.along, tree.free
    count = _take_away(
        groups.patch, groups.first[gone], groups.first[gone + 1], tree.begin, along.below,
        along.parent, along.ratio, roots,
    )  # fmt: skip
    size = 0
    for r in range(count):
        root, end = roots[r], roots[r] + along.below[roots[r]]
        _come_in(along.parent, along.first, along.there, along.arriving, along.ratio, root, end)
    for r in range(count):
        root, end = roots[r], roots[r] + along.below[roots[r]]
        size = _look_inside(
            along.first, along.there, along.arriving, along.ratio, root, end, tree.keys, tree.heap,
            tree.place, size,
        )  # fmt: skip
    _take_along(
        along.below, along.first, along.there, along.leaving, along.ratio, along.fresh, tree.keys,
        tree.heap, tree.place, size,
    )  # fmt: skip
    return _put_back(
        roots, count, along.below, along.best, along.ratio, least, tree.walk, tree.hit, tree.again,
        tree.mark, tree.tick,
    )  # fmt: skip


@kernel
def _take_away(
    members: Index,
    first: int,
    last: int,
    begin: Index,
    below: Places,
    parent: Places,
    ratio: Cells,
    roots: Index,
) -> int:
    """Open what hangs on members first..last-1; how many of these subtrees are in no other."""
    count = 0
    for m in range(first, last):
        i = begin[members[m]]
        if i < ratio.size and ratio[i] == OUTSIDE:
            for k in range(i, i + below[i]):
                ratio[k] = 0.0
    for m in range(first, last):
        i = begin[members[m]]
        if i < ratio.size:
            ratio[i] = AWAY
            if ratio[parent[i]] == OUTSIDE:
                roots[count] = i
                count += 1
    return count


@kernel
def _come_in(
    parent: Places,
    first: Index,
    there: Places,
    arriving: Cells,
    ratio: Cells,
    root: int,
    end: int,
) -> None:
    """The ratio of the best link from outside to a place, or of those before it in the walk."""
    for i in range(root, end):
        if ratio[i] == AWAY:
            continue
        now = max(ratio[parent[i]], 0.0)
        for e in range(first[i] + 1, first[i + 1]):
            if arriving[e] <= now:
                break
            if ratio[there[e]] == OUTSIDE:
                now = arriving[e]
                break
            now = max(now, ratio[there[e]] * arriving[e])
        ratio[i] = now


@kernel
def _look_inside(
    first: Index,
    there: Places,
    arriving: Cells,
    ratio: Cells,
    root: int,
    end: int,
    keys: Cells,
    heap: Index,
    place: Index,
    size: int,
) -> int:
    """Raise each place to which a link from another opened place is better; the heap holds them."""
    for i in range(root, end):
        if ratio[i] == AWAY:
            continue
        now = ratio[i]
        for e in range(first[i] + 1, first[i + 1]):  # no link from outside is better than the ratio
            if arriving[e] <= now:
                break
            now = max(now, ratio[there[e]] * arriving[e])
        if now > ratio[i]:
            ratio[i] = now
            size = forward(keys, heap, place, size, i, now)
    return size


@kernel
def _take_along(
    below: Places,
    first: Index,
    there: Places,
    leaving: Cells,
    ratio: Cells,
    fresh: Places,
    keys: Cells,
    heap: Index,
    place: Index,
    size: int,
) -> None:
    """From the highest raised place on, raise what hangs there and what its links lead to."""
    while size > 0:
        top, now = heap[0], keys[0]
        size = take(keys, heap, place, size)
        if ratio[top] > now:
            continue
        fresh[0], count, i = top, 1, top + 1
        while i < top + below[top]:
            if ratio[i] >= now or ratio[i] == AWAY:
                i += below[i]
            else:
                ratio[i], fresh[count] = now, i
                count += 1
                i += 1
        for k in range(count):
            for e in range(first[fresh[k]], first[fresh[k] + 1]):
                j, then = there[e], now * leaving[e]
                if then > ratio[j] and ratio[j] != AWAY:
                    ratio[j] = then
                    size = forward(keys, heap, place, size, j, then)


@kernel
def _put_back(
    roots: Index,
    subtrees: int,
    below: Places,
    best: Cells,
    ratio: Cells,
    least: float,
    walk: Index,
    hit: Index,
    again: Cells,
    mark: Index,
    tick: Index,
) -> int:
    """Write what the opened subtrees hold, without those away, and close them; how many patches."""
    count = 0
    tick[0] += 1
    for r in range(subtrees):
        for i in range(roots[r], roots[r] + below[roots[r]]):
            if ratio[i] != AWAY:
                v, product = walk[i], ratio[i] * best[i]
                hit[count], mark[v] = v, tick[0]
                again[v] = product if product >= least else 0.0
                count += 1
            ratio[i] = OUTSIDE
    return count
