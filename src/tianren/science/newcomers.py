"""What each of many candidates would add to a graph of patches, one at a time.

A candidate is one or more patches outside the graph. Through it some pairs come nearer: from each
source only those are searched. PC_sum as in science.marginal.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tianren.geo.distances import Outlines, box_gap, distance
from tianren.kernels import kernel
from tianren.science.best_paths import Cells, Index, forward, take
from tianren.science.connectivity import Graph
from tianren.science.near_links import RINGS, Shapes, as_shapes, in_parts, reach
from tianren.science.replacement_paths import Net, Tree, as_net, climb, room


class Guests(NamedTuple):
    """The candidates' patches: those of candidate c are first[c]:first[c + 1], counted from 0.

    start, other, p: their links, to patches of the graph or (patches + x) to the candidate's own.
    """

    first: Index
    start: Index
    other: Index
    p: Cells


@dataclass(frozen=True)
class Newcomers:
    """Candidates, linked with a graph of `patches`."""

    patches: int
    guests: Guests


def newcomers(
    net: Graph,
    outlines: Outlines,
    group: Index,
    half: float,
    *,
    least: float,
    workers: int | None = None,
) -> Newcomers:
    """Link candidates with a graph.

    outlines: the graph's patches, then the candidates'; group: the candidate of each of the latter,
    rising from 0; half: the distance of p = 0.5, m.
    """
    shapes, lists = as_shapes(outlines), as_net(net)
    count = int(group[-1]) + 1 if len(group) else 0
    first = np.searchsorted(group, np.arange(count + 1)).astype(np.int64)
    far, rate = reach(half, least), math.log(2.0) / half

    def work(begin: int, end: int) -> tuple[Index, Cells]:
        answer: tuple[Index, Cells] = _links(
            lists, shapes, first, room(lists), begin, end, far, rate
        )
        return answer

    parts = in_parts(count, work, workers)
    ends = np.concatenate([np.empty((0, 2), dtype=np.int64), *(part[0] for part in parts)])
    p = np.exp(-rate * np.concatenate([np.empty(0), *(part[1] for part in parts)]))
    order = np.argsort(ends[:, 0], kind="stable")
    start = np.searchsorted(ends[order, 0], np.arange(len(group) + 1)).astype(np.int64)
    return Newcomers(net.patches, Guests(first, start, ends[order, 1], p[order]))


def additions(
    net: Graph,
    area: Cells,
    new: Newcomers,
    new_area: Cells,
    *,
    least: float,
    workers: int | None = None,
) -> Cells:
    """What each candidate alone adds to PC_sum, (candidates,).

    area (patches,) of the graph; new_area: of the candidates' patches, what the graph's patches do
    not cover.
    """
    area, new_area = (np.asarray(a, dtype=np.float64) for a in (area, new_area))
    lists, count = as_net(net), new.guests.first.size - 1

    def gain(first: int, last: int) -> Cells:
        gained = np.zeros(count)
        _gain(lists, new.guests, room(lists), area, new_area, first, last, least, gained)
        return gained

    def own(first: int, last: int) -> Cells:
        held = np.zeros(last - first)
        _own(lists, new.guests, room(lists), new_area, first, last, least, held)
        return held

    gained = sum(in_parts(net.patches, gain, workers), np.zeros(count))
    return np.asarray(gained + np.concatenate([np.zeros(0), *in_parts(count, own, workers)]))


@kernel
def _links(
    net: Net,
    shapes: Shapes,
    of: Index,
    tree: Tree,
    first: int,
    last: int,
    far: float,
    rate: float,
) -> tuple[Index, Cells]:
    """Links of the candidates first..last-1, each pair of its own patches both ways."""
    n = tree.best.size
    ends, metres, count = np.empty((1024, 2), dtype=np.int64), np.empty(1024), 0
    mine, away = np.empty(n + shapes.box.shape[0], dtype=np.int64), np.empty(shapes.box.shape[0])
    for c in range(first, last):
        for x in range(of[c], of[c + 1]):
            found = _around(net, shapes, tree, n + x, mine, away, far, rate)
            for y in range(of[c], of[c + 1]):
                metre = _metres(shapes, n + x, n + y, far) if y != x else far
                if metre < far:
                    mine[found], away[found] = n + y, metre
                    found += 1
            while count + found > metres.size:
                ends, metres = np.append(ends, ends, axis=0), np.append(metres, metres)
            for k in range(found):
                ends[count, 0], ends[count, 1], metres[count] = x, mine[k], away[k]
                count += 1
    return ends[:count].copy(), metres[:count].copy()


@kernel
def _metres(shapes: Shapes, i: int, j: int, far: float) -> float:
    found: float = distance(
        shapes.box, shapes.first, shapes.around, shapes.start, shapes.edges, i, j, far
    )
    return found


@kernel
def _around(
    net: Net,
    shapes: Shapes,
    tree: Tree,
    x: int,
    mine: Index,
    away: Cells,
    far: float,
    rate: float,
) -> int:
    """Links of patch x with the graph that no path is as good as; how many, in mine and away."""
    found, nearer = 0, -1.0
    for ring in range(RINGS):
        wide = far / 2.0 ** (RINGS - 1 - ring)
        _spread(net, tree, mine, away, found, math.exp(-rate * wide), rate)
        for v in range(tree.best.size):
            gap = math.sqrt(box_gap(shapes.box, x, shapes.box, v))
            if nearer < gap <= wide and math.exp(-rate * gap) > tree.best[v]:
                metre = _metres(shapes, x, v, far)
                if metre < far and math.exp(-rate * metre) > tree.best[v]:
                    mine[found], away[found] = v, metre
                    found += 1
        nearer = wide
    return found


@kernel
def _spread(
    net: Net, tree: Tree, mine: Index, away: Cells, found: int, least: float, rate: float
) -> None:
    """tree.best: the best products from a patch with so many links into the graph."""
    tree.best[:] = 0.0
    size = 0
    for k in range(found):
        product = math.exp(-rate * away[k])
        if product > tree.best[mine[k]] and product >= least:
            tree.best[mine[k]] = product
            size = forward(tree.keys, tree.heap, tree.place, size, mine[k], product)
    while size > 0:
        u = tree.heap[0]
        size = take(tree.keys, tree.heap, tree.place, size)
        for e in range(net.start[u], net.start[u + 1]):
            v = net.other[e]
            product = tree.best[u] * net.p[e]
            if product > tree.best[v] and product >= least:
                tree.best[v] = product
                size = forward(tree.keys, tree.heap, tree.place, size, v, product)


@kernel
def _gain(
    net: Net,
    guests: Guests,
    tree: Tree,
    area: Cells,
    new_area: Cells,
    first: int,
    last: int,
    least: float,
    gained: Cells,
) -> None:
    """Add to each candidate what the sources first..last-1 gain by it."""
    through = np.zeros(new_area.size)
    for s in range(first, last):
        if area[s] == 0.0:
            continue
        climb(net, tree, s, least)
        for c in range(guests.first.size - 1):
            through[guests.first[c] : guests.first[c + 1]] = 0.0
            hits = _visit(net, guests, tree, through, c, least)
            row = 0.0
            for h in range(hits):
                v = tree.hit[h]
                row += area[v] * (tree.again[v] - tree.best[v])
            for x in range(guests.first[c], guests.first[c + 1]):
                row += 2.0 * new_area[x] * through[x]
            gained[c] += area[s] * row


@kernel
def _own(
    net: Net,
    guests: Guests,
    tree: Tree,
    new_area: Cells,
    first: int,
    last: int,
    least: float,
    held: Cells,
) -> None:
    """The pairs of each candidate's own patches, by the paths that it makes."""
    through = np.zeros(new_area.size)
    tree.best[:] = 0.0
    for c in range(first, last):
        begin, end = guests.first[c], guests.first[c + 1]
        for x in range(begin, end):
            through[begin:end] = 0.0
            through[x] = 1.0
            if end - begin > 1:
                _visit(net, guests, tree, through, c, least)
            for y in range(begin, end):
                held[c - first] += new_area[x] * new_area[y] * through[y]


@kernel
def _visit(net: Net, guests: Guests, tree: Tree, through: Cells, c: int, least: float) -> int:
    """Let paths go through candidate c: through, its patches; tree.again of so many tree.hit.

    A path may come back to the candidate's other patches, so they are asked until nothing changes.
    """
    n = tree.best.size
    tree.tick[0] += 1
    hits, again = 0, True
    for x in range(guests.first[c], guests.first[c + 1]):
        if through[x] > 0.0:
            hits = _leave(net, guests, tree, x, through[x], least, hits)
    while again:
        again = False
        for x in range(guests.first[c], guests.first[c + 1]):
            product = 0.0
            for e in range(guests.start[x], guests.start[x + 1]):
                u = guests.other[e]
                here = through[u - n] if u >= n else _now(tree, u)
                product = max(product, here * guests.p[e])
            if product > through[x] and product >= least:
                through[x], again = product, True
                hits = _leave(net, guests, tree, x, product, least, hits)
    return hits


@kernel
def _now(tree: Tree, v: int) -> float:
    now: float = tree.again[v] if tree.mark[v] == tree.tick[0] else tree.best[v]
    return now


@kernel
def _leave(
    net: Net, guests: Guests, tree: Tree, x: int, product: float, least: float, hits: int
) -> int:
    """Follow the paths that leave patch x of a candidate; how many patches are nearer by now."""
    size = 0
    for e in range(guests.start[x], guests.start[x + 1]):
        if guests.other[e] < tree.best.size:
            size, hits = _nearer(tree, guests.other[e], product * guests.p[e], least, size, hits)
    while size > 0:
        u = tree.heap[0]
        size = take(tree.keys, tree.heap, tree.place, size)
        for e in range(net.start[u], net.start[u + 1]):
            size, hits = _nearer(tree, net.other[e], tree.again[u] * net.p[e], least, size, hits)
    return hits


@kernel
def _nearer(
    tree: Tree, v: int, product: float, least: float, size: int, hits: int
) -> tuple[int, int]:
    """Put v in the heap if the product is better than any before."""
    if product < least or product <= _now(tree, v):
        return size, hits
    if tree.mark[v] != tree.tick[0]:
        tree.mark[v] = tree.tick[0]
        tree.hit[hits] = v
        hits += 1
    tree.again[v] = product
    return forward(tree.keys, tree.heap, tree.place, size, v, product), hits
