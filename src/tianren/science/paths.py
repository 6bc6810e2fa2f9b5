"""Paths and corridors read from least-cost surfaces: neighbours, links, swaths and their width."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tianren.science.corridors import Cells, Floats, Surface

Mask = NDArray[np.bool_]
Places = NDArray[np.int64]  # (n, 2): row, column

HALF_OF_THE_MOVES = ((0, 1), (1, 0), (1, 1), (1, -1))  # the others are the same edges
EVERY_MOVE = ((0, -1), (0, 1), (-1, 0), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))


@dataclass(frozen=True)
class Link:
    """The least-cost way between two neighbouring sources.

    sources a < b; cost: accumulated resistance; crossing: the cells (row, column) on either side
    of the border between the two allocations, the first nearest to a.
    """

    a: int
    b: int
    cost: float
    crossing: tuple[tuple[int, int], tuple[int, int]]


def links(
    surface: Surface,
    resistance: Floats,
    cell: tuple[float, float] = (1.0, 1.0),
    *,
    neighbours: int = 8,
) -> list[Link]:
    """Sources whose allocations touch, each pair with its cheapest crossing, in order of (a, b).

    A least-cost way that leads through the allocation of a third source is not a link: it is two.
    Among crossings of equal cost the first in row-major order is taken.
    """
    found: dict[tuple[int, int], Link] = {}
    for move in HALF_OF_THE_MOVES[: neighbours // 2]:
        for link in _crossings(surface, np.asarray(resistance, dtype=np.float64), cell, move):
            known = found.get((link.a, link.b))
            if known is None or (link.cost, link.crossing) < (known.cost, known.crossing):
                found[link.a, link.b] = link
    return [found[pair] for pair in sorted(found)]


def _crossings(
    surface: Surface, resistance: Cells, cell: tuple[float, float], move: tuple[int, int]
) -> list[Link]:
    """The cheapest crossing of each pair of sources in one direction."""
    here, there = _shifted(resistance.shape, move)
    one, other = surface.nearest[here], surface.nearest[there]
    half = float(np.hypot(move[0] * cell[0], move[1] * cell[1])) / 2
    row, column = np.nonzero((one != other) & (one > 0) & (other > 0))
    step = (resistance[here][row, column] + resistance[there][row, column]) * half
    cost = surface.cost[here][row, column] + step + surface.cost[there][row, column]
    first, second = one[row, column], other[row, column]
    low, high = np.minimum(first, second), np.maximum(first, second)
    order = np.lexsort((column, row, cost, high, low))
    pairs = np.stack([low[order], high[order]], axis=1)
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    left = max(0, -move[1])
    links_found = []
    for i in order[fresh]:
        u = (int(row[i]), int(column[i]) + left)
        v = (u[0] + move[0], u[1] + move[1])
        ends = (u, v) if first[i] == low[i] else (v, u)
        links_found.append(Link(int(low[i]), int(high[i]), float(cost[i]), ends))
    return links_found


def _shifted(
    shape: tuple[int, ...], move: tuple[int, int]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The cells that have a neighbour in this direction, and those neighbours."""
    rows, columns = shape
    r, c = move
    here = (slice(max(0, -r), rows - max(0, r)), slice(max(0, -c), columns - max(0, c)))
    there = (slice(max(0, r), rows - max(0, -r)), slice(max(0, c), columns - max(0, -c)))
    return here, there


def least_path(
    surface: Surface,
    resistance: Floats,
    start: tuple[int, int],
    cell: tuple[float, float] = (1.0, 1.0),
    *,
    neighbours: int = 8,
) -> Places:
    """The cells from `start` down a surface to its source, (n, 2) rows and columns.

    At each cell the step is to the neighbour of the same source from which the surface's own sum
    was made, the first in a fixed order; ValueError where start is not reached.
    """
    if not np.isfinite(surface.cost[start]):
        raise ValueError(f"the cell {start} is not reached from any source")
    path = [start]
    while surface.cost[path[-1]] > 0:
        path.append(_before(surface, resistance, path[-1], cell, neighbours))
    return np.array(path, dtype=np.int64)


def _before(
    surface: Surface,
    resistance: Floats,
    at: tuple[int, int],
    cell: tuple[float, float],
    neighbours: int,
) -> tuple[int, int]:
    cost, nearest = surface.cost, surface.nearest
    rows, columns = cost.shape
    best, found = np.inf, at
    for r, c in EVERY_MOVE[:neighbours]:
        row, column = at[0] + r, at[1] + c
        if not (0 <= row < rows and 0 <= column < columns):
            continue
        if nearest[row, column] != nearest[at] or cost[row, column] >= cost[at]:
            continue
        step = (float(resistance[row, column]) + float(resistance[at])) * (
            float(np.hypot(r * cell[0], c * cell[1])) / 2
        )
        total = cost[row, column] + step
        if total < best:
            best, found = total, (row, column)
    return found


def link_path(
    surface: Surface,
    resistance: Floats,
    link: Link,
    cell: tuple[float, float] = (1.0, 1.0),
    *,
    neighbours: int = 8,
) -> Places:
    """The cells of a link from source a to source b, both ends included."""
    near, far = (
        least_path(surface, resistance, place, cell, neighbours=neighbours)
        for place in link.crossing
    )
    return np.concatenate([near[::-1], far])


def path_length(path: Places, cell: tuple[float, float] = (1.0, 1.0)) -> float:
    """Length along the centres of the cells, in the unit of cell."""
    moved = np.diff(path, axis=0) * np.asarray(cell)
    return float(np.hypot(moved[:, 0], moved[:, 1]).sum())


def swath(from_a: Cells, from_b: Cells, least: float, tolerance: float) -> Mask:
    """The corridor: cells on ways from a to b that cost at most (1 + tolerance) times the least.

    from_a, from_b: cost surfaces of the two sources; tolerance as a share of the least cost. What
    floating point adds to a sum of many steps, a billionth, is forgiven.
    """
    inside: Mask = from_a + from_b <= least * (1 + tolerance + 1e-9)
    return inside


def narrowest(corridor: Mask, a: Mask, b: Mask, cell: float) -> float:
    """Width of the corridor at its narrowest: of the widest disc that passes from a to b, unit of
    cell; 0 where the corridor does not reach.

    A cell's clearance is its distance to the nearest cell outside corridor and sources (the edge
    of the grid is open); a strip of n cells has a clearance of (n + 1) / 2 cells in its middle
    and lets 2 (clearance) - 1 cells pass. Even widths are stated one cell too narrow.
    """
    from scipy.ndimage import distance_transform_edt

    inside = corridor | a | b
    if inside.all():
        return float(min(inside.shape)) * cell
    clearance = np.asarray(distance_transform_edt(inside))
    levels = np.unique(clearance[corridor & ~a & ~b])
    if levels.size == 0:
        return float("inf") if _joined(inside, a, b) else 0.0
    low, high = -1, levels.size - 1
    while low < high:  # the largest level that still lets pass
        middle = (low + high + 1) // 2
        if _joined((clearance >= levels[middle]) & inside | a | b, a, b):
            low = middle
        else:
            high = middle - 1
    return 0.0 if low < 0 else (2 * float(levels[low]) - 1) * cell


def _joined(inside: Mask, a: Mask, b: Mask) -> bool:
    """Whether a and b lie in one 8-connected part of the mask."""
    from scipy.ndimage import label

    parts, _ = label(inside, structure=np.ones((3, 3)))
    return bool(np.intersect1d(parts[a & inside], parts[b & inside]).size)
