"""Seams: where the line stops at a border between two units though what it protects goes on.

A border is the cell edges between two units. On each side of an edge stands the state of the land:
ordinary, important, or red. An edge touches the line where one side is red; it is matched where
both are, and it is an open seam where the other side is important but not red. Lengths are along
cell edges, so a slanting border counts up to 1.41 times its length; shares do not suffer from it.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Cells = NDArray[Any]

ORDINARY, IMPORTANT, RED = 0, 1, 2
EAST, SOUTH = 0, 1  # an edge lies between a cell and the next one east, or south


@dataclass(frozen=True)
class Edges:
    """Border edges, one row each: row, column of the cell north-west of the edge, which way its
    neighbour lies, the units on both sides (first: of that cell), and the state of both."""

    rows: Ints  # (n, 7)

    @property
    def row(self) -> Ints:
        return self.rows[:, 0]

    @property
    def column(self) -> Ints:
        return self.rows[:, 1]

    @property
    def way(self) -> Ints:
        return self.rows[:, 2]

    @property
    def units(self) -> Ints:
        return self.rows[:, 3:5]

    @property
    def states(self) -> Ints:
        return self.rows[:, 5:7]

    def lengths(self, width: float, height: float) -> NDArray[np.float64]:
        """Length of each edge, m; width, height of a cell."""
        return np.where(self.way == EAST, height, width)


def border_edges(units: Cells, states: Cells, depth: int = 0) -> Edges:
    """Every edge between two units of a grid.

    units: whole numbers above 0, anything else is no unit; states: ORDINARY, IMPORTANT or RED.
    depth: a side has the best state of its unit within so many cells behind the edge: a tolerance.
    Order: row by row, east before south.
    """
    found = [_edges(units, states, way, depth) for way in (EAST, SOUTH)]
    rows = np.concatenate(found)
    order = np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))
    return Edges(rows[order])


def _edges(units: Cells, states: Cells, way: int, depth: int) -> Ints:
    axis = 1 if way == EAST else 0
    last = units.shape[axis] - 1
    here, there = (np.take(units, range(i, last + i), axis=axis) for i in (0, 1))
    row, column = np.nonzero((here != there) & (here > 0) & (there > 0))
    step = (0, 1) if way == EAST else (1, 0)
    first = _best_behind(units, states, row, column, (-step[0], -step[1]), depth)
    second = _best_behind(units, states, row + step[0], column + step[1], step, depth)
    kind = np.full(row.size, way)
    a, b = here[row, column], there[row, column]
    return np.stack([row, column, kind, a, b, first, second], axis=1).astype(np.int64)


def _best_behind(
    units: Cells, states: Cells, row: Ints, column: Ints, step: tuple[int, int], depth: int
) -> Ints:
    """The best state from a cell up to `depth` cells further in, as long as the unit is one."""
    own = units[row, column]
    best = states[row, column].astype(np.int64)
    inside = np.ones(row.shape, dtype=bool)
    for n in range(1, depth + 1):
        r, c = row + n * step[0], column + n * step[1]
        on_grid = (r >= 0) & (c >= 0) & (r < units.shape[0]) & (c < units.shape[1])
        r, c = np.where(on_grid, r, 0), np.where(on_grid, c, 0)
        inside &= on_grid & (units[r, c] == own)
        best = np.where(inside, np.maximum(best, states[r, c]), best)
    return best


def joined(parts: Iterable[Edges]) -> Edges:
    """Edges of several windows as one, each edge once."""
    rows = [part.rows for part in parts]
    stacked = np.concatenate(rows) if rows else np.empty((0, 7), dtype=np.int64)
    return Edges(np.unique(stacked, axis=0))


@dataclass(frozen=True)
class Border:
    """One border between two units (first < second): lengths in m.

    touching: the line is on one side at least; matched: on both; open_first, open_second: open
    seams where the first, or the second, unit is the one that is not red.
    """

    first: int
    second: int
    length: float
    touching: float
    matched: float
    open_first: float
    open_second: float

    @property
    def open(self) -> float:
        return self.open_first + self.open_second

    @property
    def continuity(self) -> float | None:
        """Matched over touching, 0 to 1; None where the line does not touch the border."""
        return self.matched / self.touching if self.touching else None


def borders(edges: Edges, width: float, height: float) -> list[Border]:
    """Every border with its lengths, by the numbers of its units."""
    low, high, of_low, of_high = _by_unit(edges)
    long = edges.lengths(width, height)
    pairs, own = np.unique(np.stack([low, high], axis=1), axis=0, return_inverse=True)
    own = own.reshape(-1)

    def total(where: Cells) -> NDArray[np.float64]:
        # Counting edges by way and multiplying once keeps sums independent of their order.
        east, south = (
            np.bincount(own[where & (edges.way == way)], minlength=len(pairs))
            for way in (EAST, SOUTH)
        )
        return np.asarray(east * height + south * width)

    both = (of_low == RED) & (of_high == RED)
    any_red = (of_low == RED) | (of_high == RED)
    lengths = [
        total(np.ones(long.shape, dtype=bool)), total(any_red), total(both),
        total((of_low == IMPORTANT) & (of_high == RED)),
        total((of_high == IMPORTANT) & (of_low == RED)),
    ]  # fmt: skip
    return [
        Border(int(a), int(b), *(float(column[n]) for column in lengths))
        for n, (a, b) in enumerate(pairs)
    ]


def _by_unit(edges: Edges) -> tuple[Ints, Ints, Ints, Ints]:
    """Both units of each edge, the smaller first, and their states in that order."""
    turned = edges.units[:, 0] > edges.units[:, 1]
    units = np.where(turned[:, None], edges.units[:, ::-1], edges.units)
    states = np.where(turned[:, None], edges.states[:, ::-1], edges.states)
    return units[:, 0], units[:, 1], states[:, 0], states[:, 1]


def continuity(found: Sequence[Border]) -> float | None:
    """Matched over touching of all borders together, 0 to 1; None where the line touches none."""
    touching = sum(border.touching for border in found)
    return sum(border.matched for border in found) / touching if touching else None


@dataclass(frozen=True)
class Seam:
    """One run of open edges along a border: `red` has the line, `other` does not.

    vertices: the corners of cells along the run, (row, column), from end to end (its longest path);
    cells: the cells of `other` at the run; length in m, along cell edges.
    """

    number: int
    red: int
    other: int
    length: float
    vertices: tuple[tuple[int, int], ...]
    cells: tuple[tuple[int, int], ...]

    @property
    def middle(self) -> tuple[float, float]:
        """The place half way along the run, in rows and columns from the grid's first corner."""
        half, odd = divmod(len(self.vertices) - 1, 2)
        a = self.vertices[half]
        b = self.vertices[half + odd]
        return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def place_beyond(row: Mapping[str, str]) -> tuple[str, str]:
    """Longitude and latitude of the important cell beyond a seam, of a row of seams.csv.

    A run made before the table had them tells the middle of the seam.
    """
    if "beyond_lon" in row:
        return row["beyond_lon"], row["beyond_lat"]
    return row["lon"], row["lat"]


def seams(edges: Edges, width: float, height: float) -> list[Seam]:
    """Open edges of one border and side that hang together at corners, longest first."""
    groups: dict[tuple[int, int], list[int]] = {}
    # Of two states only important and red sum to this.
    for n in np.flatnonzero(edges.states.sum(axis=1) == IMPORTANT + RED).tolist():
        first, second = edges.units[n].tolist()
        red = (first, second) if edges.states[n, 0] == RED else (second, first)
        groups.setdefault(red, []).append(n)
    runs = [(pair, run) for pair, members in groups.items() for run in _runs(edges, members)]
    long = edges.lengths(width, height)
    made = [_seam(edges, pair, run, long) for pair, run in runs]
    made.sort(key=lambda s: (-s.length, s.red, s.other, s.cells))
    return [Seam(n, s.red, s.other, s.length, s.vertices, s.cells)
            for n, s in enumerate(made, start=1)]  # fmt: skip


def _ends(edges: Edges, n: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The two corners of an edge, as (row, column) of grid lines."""
    row, column = int(edges.row[n]), int(edges.column[n])
    if edges.way[n] == EAST:
        return (row, column + 1), (row + 1, column + 1)
    return (row + 1, column), (row + 1, column + 1)


def _runs(edges: Edges, members: Sequence[int]) -> list[list[int]]:
    """Edges grouped by common corners."""
    at: dict[tuple[int, int], list[int]] = {}
    for n in members:
        for corner in _ends(edges, n):
            at.setdefault(corner, []).append(n)
    left, found = set(members), []
    for n in members:
        if n in left:
            found.append(_reached(edges, n, at, left))
    return found


def _reached(
    edges: Edges, start: int, at: Mapping[tuple[int, int], Sequence[int]], left: set[int]
) -> list[int]:
    left.discard(start)
    todo, run = [start], []
    while todo:
        n = todo.pop()
        run.append(n)
        for corner in _ends(edges, n):
            near = [other for other in at[corner] if other in left]
            left.difference_update(near)
            todo += near
    return sorted(run)


def _seam(
    edges: Edges, pair: tuple[int, int], run: Sequence[int], long: NDArray[np.float64]
) -> Seam:
    length = float(sum(long[n] for n in run))
    cells = sorted({_other_cell(edges, n, pair[1]) for n in run})
    return Seam(0, *pair, length, _longest_path(edges, run), tuple(cells))


def _other_cell(edges: Edges, n: int, unit: int) -> tuple[int, int]:
    row, column = int(edges.row[n]), int(edges.column[n])
    if edges.units[n, 0] == unit:
        return row, column
    return (row, column + 1) if edges.way[n] == EAST else (row + 1, column)


def _longest_path(edges: Edges, run: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """From the corner farthest from any one to the corner farthest from that."""
    near: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for n in run:
        a, b = _ends(edges, n)
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    return tuple(_farthest(near, _farthest(near, min(near))[-1]))


def _farthest(
    near: Mapping[tuple[int, int], Sequence[tuple[int, int]]], start: tuple[int, int]
) -> list[tuple[int, int]]:
    """The way from a corner to the last corner that is reached from it, the first of equals."""
    before: dict[tuple[int, int], tuple[int, int] | None] = {start: None}
    steps, last, todo = {start: 0}, start, deque([start])
    while todo:
        here = todo.popleft()
        if (-steps[here], here) < (-steps[last], last):
            last = here
        for corner in sorted(near[here]):
            if corner not in before:
                before[corner], steps[corner] = here, steps[here] + 1
                todo.append(corner)
    way = [last]
    while (previous := before[way[-1]]) is not None:
        way.append(previous)
    return way[::-1]


def grow(starts: Cells, free: Cells, units: Cells, reach: int) -> Cells:
    """Numbers spread from their start cells over free cells of the same unit, 4-connected.

    starts: number of the seam in the cells beside it, 0 elsewhere; free: cells that could be red;
    reach: steps. A cell takes the number that gets there first, the lowest of equals. A window with
    `reach` more cells on each side gives in its middle what the whole grid would give.
    """
    found = np.where(free, starts, 0).astype(np.int64)
    for _ in range(reach - 1):
        empty = free & (found == 0)
        spread = np.full(found.shape, np.iinfo(np.int64).max)
        for there, here in _NEIGHBOURS:
            offered = (found[there] > 0) & (units[there] == units[here])
            spread[here] = np.minimum(spread[here], np.where(offered, found[there], spread[here]))
        took = empty & (spread < np.iinfo(np.int64).max)
        if not took.any():
            break
        found = np.where(took, spread, found)
    return found


_ALL = slice(None)
_NEIGHBOURS = (
    ((slice(1, None), _ALL), (slice(None, -1), _ALL)),
    ((slice(None, -1), _ALL), (slice(1, None), _ALL)),
    ((_ALL, slice(1, None)), (_ALL, slice(None, -1))),
    ((_ALL, slice(None, -1)), (_ALL, slice(1, None))),
)
