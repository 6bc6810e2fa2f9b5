"""What a graph of patches loses with a site, and gains with another one.

A site is a group of patches. PC_sum = sum of a_i a_j p*_ij, i = j included (Saura & Pascual-Hortal
2007); ECA is its root. Everything is found from the tree of best paths of each source: taking a
site away changes only what hangs on it, adding one only what is nearer through it.
"""

import math
from dataclasses import dataclass

import numpy as np

from tianren.kernels import kernel
from tianren.science.best_paths import Cells, Index
from tianren.science.connectivity import Graph
from tianren.science.near_links import in_parts
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


@dataclass(frozen=True)
class Total:
    """pc_sum, and the bound on what paths below the cut-off would add to it.

    error: the cut-off times a_i a_j summed over the pairs that no path above it joins.
    """

    pc_sum: float
    error: float

    @property
    def eca(self) -> float:
        return math.sqrt(self.pc_sum)

    @property
    def eca_error(self) -> float:
        """ECA is too small by at most this."""
        return math.sqrt(self.pc_sum + self.error) - self.eca


def total(net: Graph, area: Cells, *, least: float, workers: int | None = None) -> Total:
    """PC of a graph of patches with area (n,) >= 0, paths below `least` not followed."""
    area = np.asarray(area, dtype=np.float64)
    lists = as_net(net)

    def work(first: int, last: int) -> tuple[float, float]:
        held = np.zeros(2)
        _hold(lists, area, room(lists), first, last, least, held)
        return float(held[0]), float(held[1])

    parts = in_parts(net.patches, work, workers)
    pc_sum, joined = (math.fsum(part[k] for part in parts) for k in (0, 1))
    return Total(pc_sum, least * max(float(area.sum()) ** 2 - joined, 0.0))


@kernel
def _hold(
    net: Net, area: Cells, tree: Tree, first: int, last: int, least: float, held: Cells
) -> None:
    for s in range(first, last):
        if area[s] > 0.0:
            reached = climb(net, tree, s, least)
            row, joined = 0.0, 0.0
            for t in range(reached):
                v = tree.order[t]
                row += area[v] * tree.best[v]
                joined += area[v]
            held[0] += area[s] * row
            held[1] += area[s] * joined


@dataclass(frozen=True)
class Heirs:
    """Land of a site that another patch also covers, and so keeps when the site goes.

    Rows (site, patch, area), sorted by site; the patch is none of the site's.
    """

    site: Index
    patch: Index
    area: Cells


def removals(
    net: Graph,
    area: Cells,
    group: Index,
    heirs: Heirs,
    *,
    least: float,
    workers: int | None = None,
) -> Cells:
    """PC_sum without each site in turn, (sites,).

    group (patches,): the site of each patch; the graph must hold the links that decide after any
    site is gone (near_links with spare=True). Land below several sites belongs to one of them in
    `area`; `heirs` says who has it next.
    """
    area, groups = np.asarray(area, dtype=np.float64), group_lists(group)
    sites, lists = groups.first.size - 1, as_net(net)
    start = np.searchsorted(heirs.site, np.arange(sites + 1))

    def lose(first: int, last: int) -> Cells:
        lost = np.zeros((3, sites))
        _lose(lists, area, groups, room(lists), first, last, least, lost)
        return lost

    def inherit(first: int, last: int) -> Cells:
        kept = np.zeros(last - first)
        _inherit(lists, area, groups, room(lists), start, heirs.patch, heirs.area, first, last,
                 least, kept)  # fmt: skip
        return kept

    held, inside, through = sum(in_parts(net.patches, lose, workers), np.zeros((3, sites)))
    kept = np.concatenate([np.zeros(0), *in_parts(sites, inherit, workers)])
    left: Cells = held.sum() - 2 * held + inside - through + kept
    return left


@kernel
def _lose(
    net: Net,
    area: Cells,
    groups: Groups,
    tree: Tree,
    first: int,
    last: int,
    least: float,
    lost: Cells,
) -> None:
    """For the sources first..last-1 and each site: a_i a_j p* of its patches with all, of its
    patches among themselves, and what the pairs of others lose without it (counted both ways).
    """
    done = np.full(groups.first.size, -1, dtype=np.int64)
    for s in range(first, last):
        if area[s] == 0.0:
            continue
        reached, home = grow(net, tree, s, least, area), groups.of[s]
        for t in range(reached):
            v = tree.order[t]
            held = area[s] * area[v] * tree.best[v]
            lost[0, home] += held
            if groups.of[v] == home:
                lost[1, home] += held
        done[home] = s
        for t in range(1, reached):
            v = tree.order[t]
            itself = 1 if v > s and area[v] > 0.0 else 0
            if tree.mine[v] > itself and done[groups.of[v]] != s:  # counted patches hang on it
                g = groups.of[v]
                done[g] = s
                lost[2, g] += 2 * area[s] * _change(groups, tree, area, s, g, least)


@kernel
def _change(groups: Groups, tree: Tree, area: Cells, after: int, gone: int, least: float) -> float:
    """Sum of a_j (p* before - p* after) over the patches numbered above `after`."""
    change = 0.0
    for h in range(without(groups, tree, gone, least)):
        v = tree.hit[h]
        if v > after:
            change += area[v] * (tree.best[v] - tree.again[v])
    return change


@kernel
def _inherit(
    net: Net,
    area: Cells,
    groups: Groups,
    tree: Tree,
    start: Index,
    patch: Index,
    share: Cells,
    first: int,
    last: int,
    least: float,
    kept: Cells,
) -> None:
    """What the land of sites first..last-1 that others also cover still holds without them."""
    for g in range(first, last):
        for h in range(start[g], start[g + 1]):
            reached = grow(net, tree, patch[h], least, area)
            row = -_change(groups, tree, area, -1, g, least)
            for t in range(reached):
                v = tree.order[t]
                if groups.of[v] != g:
                    row += area[v] * tree.best[v]
            row *= 2.0
            for other in range(start[g], start[g + 1]):
                v = patch[other]
                hangs = tree.mark[v] == tree.tick[0]
                row += share[other] * (tree.again[v] if hangs else tree.best[v])
            kept[g - first] += share[h] * row
