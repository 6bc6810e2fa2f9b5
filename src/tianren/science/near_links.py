"""The links between patches that best paths can need, out of all pairs of polygons.

p = exp(d ln(0.5) / d50), d edge to edge. A pair is not linked when a path through other patches is
already as good as the pair could be: its boxes are nearer than its edges. Pairs are looked at in
rings of growing distance, so that far pairs, nearly always led by nearer ones, are seldom measured.
No best path is lost: every link left out is at least equalled by a path that is kept, with
`spare` even after any one group of patches is taken away.
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tianren.geo.distances import Outlines, box_gap, distance
from tianren.kernels import kernel
from tianren.science.best_paths import Cells, Index
from tianren.science.connectivity import Graph, graph
from tianren.science.replacement_paths import (
    Groups,
    Net,
    Tree,
    as_net,
    climb,
    group_lists,
    grow,
    room,
    without,
)

T = TypeVar("T")
Flags = NDArray[np.bool_]

SHARES_OF_WORK = 64  # parts of the sources, whatever the number of workers
# The widest ring reaches all, each other half as far as the next; with fewer, pairs in one cluster
# are all linked, and every search after that is slower.
RINGS = 10


class Shapes(NamedTuple):
    """Outlines (geo.distances) as compiled code takes them."""

    box: Cells
    first: Index
    around: Cells
    start: Index
    edges: Cells


class Asked(NamedTuple):
    """Of one source, about each patch: the least the distance can be (inf: not in this ring), the
    distance (-1: not measured), whether the link is wanted; how much longer the way there may get
    without one group (`_detours`). seen, done: the source for which a patch, a group may matter.
    """

    gap: Cells
    away: Cells
    wanted: Flags
    detour: Cells
    several: Cells
    seen: Index
    done: Index


@dataclass(frozen=True)
class Links:
    """Links one[k] - other[k] with the distance metres[k] between their edges."""

    one: Index
    other: Index
    metres: Cells

    def graph(self, patches: int, half: float) -> Graph:
        """The graph with p = exp(d ln(0.5) / half)."""
        return graph(patches, self.one, self.other, np.exp(self.metres * (math.log(0.5) / half)))


def reach(half: float, least: float) -> float:
    """The distance at which p = exp(d ln(0.5) / half) falls to `least`, in the unit of half."""
    return half * math.log(least) / math.log(0.5)


def near_links(
    outlines: Outlines,
    group: Index,
    half: float,
    *,
    least: float,
    spare: bool = False,
    workers: int | None = None,
) -> Links:
    """The links that decide every best path with p* >= least between the patches.

    group (patches,): the site of each patch, from 0 on. spare: also the links that would decide
    after all patches of any one group are gone. half: the distance of p = 0.5, m.
    """
    n = outlines.polygons
    groups, rate = group_lists(group), math.log(2.0) / half
    shapes, found = as_shapes(outlines), Links(*_no_links())
    far, nearer = reach(half, least), -1.0
    for ring in range(RINGS):
        wide = far / 2 ** (RINGS - 1 - ring)
        net = as_net(found.graph(n, half))

        def work(first: int, last: int, net: Net = net, nearer: float = nearer,
                 wide: float = wide) -> tuple[Index, Cells]:  # fmt: skip
            answer: tuple[Index, Cells] = _ring(
                net, shapes, groups, room(net), _asked(n, groups), first, last,
                (nearer, wide, far), rate, spare,
            )  # fmt: skip
            return answer

        found = _joined(found, in_parts(n, work, workers))
        nearer = wide
    return found


def _asked(n: int, groups: Groups) -> Asked:
    gap, away, detour, several = np.zeros((4, n))
    seen, done = np.empty(n, dtype=np.int64), np.empty(groups.first.size, dtype=np.int64)
    return Asked(gap, away, np.zeros(n, dtype=np.bool_), detour, several, seen, done)


def _no_links() -> tuple[Index, Index, Cells]:
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)


def _joined(found: Links, parts: list[tuple[Index, Cells]]) -> Links:
    ends = np.concatenate([np.empty((0, 2), dtype=np.int64), *(part[0] for part in parts)])
    return Links(
        np.concatenate([found.one, ends[:, 0]]),
        np.concatenate([found.other, ends[:, 1]]),
        np.concatenate([found.metres, *(part[1] for part in parts)]),
    )


def in_parts(n: int, work: Callable[[int, int], T], workers: int | None) -> list[T]:
    """work(first, last) over fixed parts of 0..n, results in order."""
    edges = np.linspace(0, n, min(n, SHARES_OF_WORK) + 1).astype(int).tolist()
    with ThreadPoolExecutor(workers) as threads:
        return list(threads.map(work, edges[:-1], edges[1:]))


def as_shapes(outlines: Outlines) -> Shapes:
    return Shapes(outlines.box, outlines.first, outlines.around, outlines.start, outlines.edges)


@kernel
def _ring(
    net: Net,
    shapes: Shapes,
    groups: Groups,
    tree: Tree,
    asked: Asked,
    first: int,
    last: int,
    ring: tuple[float, float, float],
    rate: float,
    spare: bool,
) -> tuple[Index, Cells]:
    """Links of the sources first..last-1 to higher numbers; ring: nearer, wide, far, m."""
    ends, metres, count = np.empty((1024, 2), dtype=np.int64), np.empty(1024), 0
    ones = np.ones(tree.best.size)
    asked.done[:], asked.seen[:] = -1, -1
    for s in range(first, last):
        least = math.exp(-rate * ring[1])
        reached = grow(net, tree, s, least, ones) if spare else climb(net, tree, s, least)
        _ask_for_all(shapes, tree, asked, s, ring, rate)
        if spare:
            _ask_without_each(net, shapes, groups, tree, asked, s, reached, ring, rate)
        for v in range(s + 1, ones.size):
            if asked.wanted[v]:
                if count == metres.size:
                    ends, metres = np.append(ends, ends, axis=0), np.append(metres, metres)
                ends[count, 0], ends[count, 1], metres[count] = s, v, asked.away[v]
                count += 1
    return ends[:count].copy(), metres[:count].copy()


@kernel
def _ask_for_all(
    shapes: Shapes, tree: Tree, asked: Asked, s: int, ring: tuple[float, float, float], rate: float
) -> None:
    """Links of s to patches whose boxes lie in the ring and to which no path is as good."""
    for v in range(s + 1, tree.best.size):
        asked.wanted[v], asked.away[v] = False, -1.0
        gap = math.sqrt(box_gap(shapes.box, s, shapes.box, v))
        if gap > ring[1] or gap <= ring[0]:
            asked.gap[v] = np.inf
        else:
            asked.gap[v] = gap
            _ask(shapes, asked, s, v, tree.best[v], ring[2], rate)


@kernel
def _ask_without_each(
    net: Net,
    shapes: Shapes,
    groups: Groups,
    tree: Tree,
    asked: Asked,
    s: int,
    reached: int,
    ring: tuple[float, float, float],
    rate: float,
) -> None:
    """Links of s to patches to which no path is as good once a group on the way is gone."""
    _detours(net, shapes, groups, tree, asked, s, reached, ring[0], rate)
    for t in range(1, reached):
        v = tree.order[t]
        if v > s and not asked.wanted[v]:
            way = tree.best[v] * math.exp(-rate * (asked.detour[v] + asked.several[v]))
            if math.exp(-rate * asked.gap[v]) > way:
                k = tree.parent[v]
                while k != s and asked.seen[k] != s:
                    asked.seen[k], asked.done[groups.of[k]] = s, s
                    k = tree.parent[k]
    for g in range(groups.first.size - 1):
        if asked.done[g] != s or g == groups.of[s]:
            continue
        for h in range(without(groups, tree, g, math.exp(-rate * ring[1]))):
            v = tree.hit[h]
            if v > s:
                _ask(shapes, asked, s, v, tree.again[v], ring[2], rate)


@kernel
def _detours(
    net: Net,
    shapes: Shapes,
    groups: Groups,
    tree: Tree,
    asked: Asked,
    s: int,
    reached: int,
    nearer: float,
    rate: float,
) -> None:
    """How much longer the way to each patch can get when one group on it goes, m, at most.

    Past a patch that is gone one goes straight from the patch before it to the one after it. The
    longest of these ways round counts (detour); those past groups of several patches, that a way
    may meet more than once, are added up (several).
    """
    asked.detour[s], asked.several[s] = 0.0, 0.0
    for t in range(1, reached):
        v = tree.order[t]
        k = tree.parent[v]
        asked.detour[v], asked.several[v] = asked.detour[k], asked.several[k]
        g, u = groups.of[k], k
        while u != s and groups.of[u] == g:
            u = tree.parent[u]
        if groups.of[u] == g or groups.of[v] == g:
            continue
        longer = _straight(net, shapes, u, v, nearer, rate)
        longer = max(longer + math.log(tree.best[v] / tree.best[u]) / rate, 0.0)
        if groups.first[g + 1] - groups.first[g] == 1:
            asked.detour[v] = max(asked.detour[v], longer)
        else:
            asked.several[v] += longer


@kernel
def _straight(net: Net, shapes: Shapes, u: int, v: int, nearer: float, rate: float) -> float:
    """A distance of u and v, too large rather than too small; infinite for pairs not yet decided.

    Where no link tells it, that of one point of each.
    """
    if box_gap(shapes.box, u, shapes.box, v) > nearer * nearer or nearer < 0.0:
        return np.inf
    for e in range(net.start[u], net.start[u + 1]):
        if net.other[e] == v:
            return -math.log(net.p[e]) / rate
    a, b = shapes.start[shapes.first[u]], shapes.start[shapes.first[v]]
    east = shapes.edges[a, 0] - shapes.edges[b, 0]
    north = shapes.edges[a, 1] - shapes.edges[b, 1]
    return math.sqrt(east * east + north * north)


@kernel
def _ask(
    shapes: Shapes, asked: Asked, s: int, v: int, path: float, far: float, rate: float
) -> None:
    """Want the link s - v if it is better than the path; it is measured once, if it may be."""
    if asked.wanted[v] or math.exp(-rate * asked.gap[v]) <= path:
        return
    if asked.away[v] < 0.0:
        asked.away[v] = distance(
            shapes.box, shapes.first, shapes.around, shapes.start, shapes.edges, s, v, far
        )
        asked.gap[v] = asked.away[v] if asked.away[v] < far else np.inf
    asked.wanted[v] = math.exp(-rate * asked.gap[v]) > path
