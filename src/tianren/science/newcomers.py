"""What each of many candidates would add to a graph of patches, one at a time.

A candidate is one or more patches outside the graph. A path through its patch x is a path to x and
one from x, so that with the candidate p*_ij is the largest of what it was and p*_ix p*_xj for each
of its patches x. PC_sum as in science.marginal.
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

ROOM = 2**28  # bytes for the ways from candidates to all patches at once
TOGETHER = 16  # sources for which a candidate's ways are read once


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
    batches = _batches(new.guests.first, net.patches)
    added = (_added(as_net(net), area, new.guests, new_area, b, least, workers) for b in batches)
    return np.concatenate([np.zeros(0), *added])


def _added(
    net: Net,
    area: Cells,
    guests: Guests,
    new_area: Cells,
    batch: tuple[int, int],
    least: float,
    workers: int | None,
) -> Cells:
    """What the candidates batch[0]..batch[1]-1 add, one at a time."""
    begin, end = batch
    of = guests.first[begin : end + 1] - guests.first[begin]
    ways = np.zeros((of[-1], area.size))

    def own(first: int, last: int) -> Cells:
        held = np.zeros(last - first)
        _own(net, guests, room(net), area, new_area, begin + first, begin + last,
             guests.first[begin], least, ways, held)  # fmt: skip
        return held

    def gain(first: int, last: int) -> Cells:
        gained = np.zeros(end - begin)
        _gain(net, of, room(net), area, ways, first, last, least, gained)
        return gained

    held = np.concatenate(in_parts(end - begin, own, workers))
    return np.asarray(held + sum(in_parts(area.size, gain, workers), np.zeros(end - begin)))


def _batches(first: Index, patches: int) -> list[tuple[int, int]]:
    """Candidates from..to whose ways to all patches fit into ROOM bytes, each at least one."""
    found, begin = [], 0
    while begin < first.size - 1:
        last = np.searchsorted(first, first[begin] + ROOM // (8 * max(patches, 1)), side="right")
        end = max(int(last) - 1, begin + 1)
        found.append((begin, end))
        begin = end
    return found


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
    _go_on(net.start, net.other, net.p, least, tree.best, tree.keys, tree.heap, tree.place, size)


@kernel
def _go_on(
    start: Index,
    other: Index,
    p: Cells,
    least: float,
    best: Cells,
    keys: Cells,
    heap: Index,
    place: Index,
    size: int,
) -> None:
    """Follow the paths on from what the heap holds, where they are better than `best`."""
    while size > 0:
        u = heap[0]
        size = take(keys, heap, place, size)
        here = best[u]
        for e in range(start[u], start[u + 1]):
            v, now = other[e], here * p[e]
            if now > best[v] and now >= least:
                best[v] = now
                size = forward(keys, heap, place, size, v, now)


@kernel
def _own(
    net: Net,
    guests: Guests,
    tree: Tree,
    area: Cells,
    new_area: Cells,
    first: int,
    last: int,
    lowest: int,
    least: float,
    ways: Cells,
    held: Cells,
) -> None:
    """The pairs of which a candidate's patch is one; ways: p* from patch lowest + row to all."""
    through = np.zeros(new_area.size)
    for c in range(first, last):
        begin, end = guests.first[c], guests.first[c + 1]
        for x in range(begin, end):
            way = ways[x - lowest]
            _follow(
                net.start, net.other, net.p, guests.start, guests.other, guests.p, begin, end, x,
                least, through, way, tree.keys, tree.heap, tree.place,
            )  # fmt: skip
            row = 2.0 * _dot(area, way) + _dot(new_area[begin:end], through[begin:end])
            held[c - first] += new_area[x] * row


@kernel
def _follow(
    start: Index,
    other: Index,
    p: Cells,
    guest_start: Index,
    guest_other: Index,
    guest_p: Cells,
    begin: int,
    end: int,
    x: int,
    least: float,
    through: Cells,
    way: Cells,
    keys: Cells,
    heap: Index,
    place: Index,
) -> None:
    """The best products from patch x of a candidate: way, to the graph; through, to its patches.

    A path may come back to the candidate's other patches, so they are asked until nothing changes.
    """
    n = way.size
    way[:], through[begin:end] = 0.0, 0.0
    through[x] = 1.0
    _leave(
        start, other, p, guest_start, guest_other, guest_p, x, 1.0, least, way, keys, heap, place
    )
    again = end - begin > 1
    while again:
        again = False
        for y in range(begin, end):
            product = 0.0
            for e in range(guest_start[y], guest_start[y + 1]):
                u = guest_other[e]
                product = max(product, (through[u - n] if u >= n else way[u]) * guest_p[e])
            if product > through[y] and product >= least:
                through[y], again = product, True
                _leave(
                    start, other, p, guest_start, guest_other, guest_p, y, product, least, way,
                    keys, heap, place,
                )  # fmt: skip


@kernel
def _leave(
    start: Index,
    other: Index,
    p: Cells,
    guest_start: Index,
    guest_other: Index,
    guest_p: Cells,
    y: int,
    product: float,
    least: float,
    way: Cells,
    keys: Cells,
    heap: Index,
    place: Index,
) -> None:
    """Follow the paths that leave patch y of a candidate with a product, where that is better."""
    size = 0
    for e in range(guest_start[y], guest_start[y + 1]):
        v, now = guest_other[e], product * guest_p[e]
        if v < way.size and now > way[v] and now >= least:
            way[v] = now
            size = forward(keys, heap, place, size, v, now)
    _go_on(start, other, p, least, way, keys, heap, place, size)


@kernel
def _gain(
    net: Net,
    of: Index,
    tree: Tree,
    area: Cells,
    ways: Cells,
    first: int,
    last: int,
    least: float,
    gained: Cells,
) -> None:
    """Add to each candidate what the pairs of the sources first..last-1 gain through it.

    A pair is met at its lower number, for both ways.
    """
    n = tree.best.size
    rows, through, more = np.empty((TOGETHER, n)), np.empty(n), np.empty(n)
    for s in range(first, last, TOGETHER):
        many = min(TOGETHER, last - s)
        for k in range(many):
            climb(net, tree, s + k, least)
            rows[k] = tree.best
        for c in range(gained.size):
            more[:] = 0.0
            for k in range(many):
                after, mine = s + k + 1, ways[of[c] : of[c + 1]]
                if mine.shape[0] == 1:
                    _add_nearer(
                        mine[0, s + k], mine[0, after:], rows[k, after:], area[s + k], least,
                        more[after:],
                    )  # fmt: skip
                elif mine.shape[0] > 1:
                    _through_any(mine[:, s + k], mine[:, after:], through[after:])
                    _add_nearer(
                        1.0, through[after:], rows[k, after:], area[s + k], least, more[after:]
                    )
            gained[c] += 2.0 * _dot(area, more)


@kernel
def _through_any(here: Cells, ways: Cells, through: Cells) -> None:
    """The best products by way of any of a candidate's patches, here from a source."""
    through[:] = 0.0
    for x in range(here.size):
        for v in range(through.size):
            through[v] = max(through[v], here[x] * ways[x, v])


@kernel
def _add_nearer(
    here: float, way: Cells, before: Cells, area: float, least: float, more: Cells
) -> None:
    """Add area times what each product grows by, if it is here * way.

    The arrays begin where the loop does, so that it is compiled to vector code.
    """
    for v in range(more.size):
        now = here * way[v]
        grows = now - before[v] if now >= least else 0.0
        more[v] += area * (grows if grows > 0.0 else 0.0)


@kernel
def _dot(a: Cells, b: Cells) -> float:
    total = 0.0
    for v in range(a.size):
        total += a[v] * b[v]
    return total
