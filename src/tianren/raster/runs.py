"""Runs and components: the shared ground of patches and boundaries. Importing this imports numba.

A row of cells is a list of runs, maximal stretches of one code. Runs of neighbouring rows that
touch and have one key are joined by union-find; what hangs together is a component. Every row ends
with a sentinel (start = number of columns, key END), so that the end of run k is always
starts[k + 1]. Components are numbered by their first cell in row-major order: their order does not
depend on how the grid was cut into bands of rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.kernels import kernel
from tianren.raster.raster import Array, Window

END = -1  # the key and code of a sentinel
OUTSIDE = 0  # the key of what is no piece; its runs join when they are asked to, by corners too
NONE = -1  # no component

# Marks: holds a cell that decides (barrier, kept), touches the grid's edge, is no patch.
HOLDS, AT_EDGE, NOT_INSIDE = 1, 2, 4
AS_IS, TO_INSIDE, TO_OPEN = 0, 1, 2  # verdicts on a component
# Where judge counts what.
INSIDE_BEFORE, FILLED_HOLES, FILLED_CELLS, DROPPED_PATCHES, DROPPED_CELLS = 0, 1, 2, 3, 4
EXEMPTED_PATCHES, KEPT_PATCHES = 5, 6

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Runs:
    """Where the runs of a band of rows are: run k covers starts[k]:starts[k + 1] of its row.

    first: (rows + 1) int64 index of each row's first run; starts: (runs) int32 columns.
    """

    first: NDArray[np.int64]
    starts: Ints


@dataclass(frozen=True)
class Row:
    """The first or the last row of a band: start, key and component of its runs."""

    starts: Ints
    keys: Ints
    of: Ints


@dataclass(frozen=True)
class Band:
    """A band of rows: its runs, the band's component of each run, and its edges for the seams.

    of: (runs) int32, NONE outside; above: (components) int32 component over its first cell, NONE
    when that is in the band's first row.
    """

    window: Window
    runs: Runs
    of: Ints
    above: Ints
    top: Row
    bottom: Row

    @property
    def count(self) -> int:
        return len(self.above)


@dataclass(frozen=True)
class Joined:
    """The components of all bands, numbered through: those of band b from offsets[b] on.

    parent: (components) the first part of the same component, itself when it is the first;
    above: (components) some part of the component over the first cell, NONE in the first row.
    """

    offsets: NDArray[np.int64]
    parent: Ints
    above: Ints

    def split(self, values: Array) -> list[Array]:
        """Values of all components, band by band."""
        return np.split(values, self.offsets[1:-1])


def find_runs(cells: Array) -> tuple[Runs, Ints]:
    """The runs of (rows, columns) codes of any integer type, and their codes (END at sentinels)."""
    if cells.dtype not in (np.dtype(np.uint8), np.dtype(np.int32)):
        cells = cells.astype(np.int32)
    cells = np.ascontiguousarray(cells)
    rows, columns = cells.shape
    first = np.zeros(rows + 1, dtype=np.int64)
    # The worst case is reserved, not touched: the system gives memory only to what is written.
    starts = np.empty(rows * (columns + 1) + 1, dtype=np.int32)
    starts = starts[: _find_starts(cells, first, starts)].copy()
    codes = np.empty(len(starts), dtype=np.int32)
    _find_codes(cells, first, starts, codes)
    return Runs(first, starts), codes


def make_band(window: Window, runs: Runs, keys: Ints, *, outside: bool) -> Band:
    """Join the runs of one band. keys: (runs) int32.

    outside: whether the runs OUTSIDE form components too, which join by corners as well.
    """
    of, above = _components(runs, keys, outside)
    top, bottom = (
        Row(runs.starts[found].copy(), keys[found].copy(), of[found].copy())
        for found in (slice(0, runs.first[1]), slice(runs.first[-2], runs.first[-1]))
    )
    return Band(window, runs, of, above, top, bottom)


def _components(runs: Runs, keys: Ints, outside: bool) -> tuple[Ints, Ints]:
    parent, upper, above = (np.empty(len(keys), dtype=np.int32) for _ in range(3))
    _join(runs.first, runs.starts, keys, outside, parent, upper)
    count = _number(keys, outside, parent, upper, above)
    return parent, above[:count].copy()


def join_bands(bands: Sequence[Band], *, outside: bool) -> Joined:
    """Join the components of neighbouring bands along their seams."""
    offsets = np.cumsum([0, *(band.count for band in bands)], dtype=np.int64)
    parent = np.arange(offsets[-1], dtype=np.int32)
    above = np.concatenate([_moved(b.above, o) for b, o in zip(bands, offsets, strict=False)])
    for n, (a, b) in enumerate(pairwise(bands)):
        runs, keys = _seam(a.bottom, b.top)
        ids = np.concatenate([_moved(a.bottom.of, offsets[n]), _moved(b.top.of, offsets[n + 1])])
        _join_seam(*_components(runs, keys, outside), ids, parent, above)
    _flatten(parent)
    return Joined(offsets, parent, above)


def _seam(a: Row, b: Row) -> tuple[Runs, Ints]:
    """The last row of one band and the first row of the next, as a band of two rows."""
    first = np.cumsum([0, len(a.keys), len(b.keys)], dtype=np.int64)
    starts = np.concatenate([a.starts, b.starts])
    return Runs(first, starts), np.concatenate([a.keys, b.keys])


def _moved(components: Ints, offset: int) -> Ints:
    return np.where(components == NONE, NONE, components + np.int32(offset)).astype(np.int32)


@kernel
def _join_seam(of: Any, above_found: Any, ids: Any, parent: Any, above: Any) -> None:
    """Components that one component of the seam touches are one; learn what lies above them."""
    part = np.full(len(above_found), NONE, dtype=np.int32)
    for k in range(len(of)):
        if of[k] == NONE:
            continue
        if part[of[k]] == NONE:
            part[of[k]] = ids[k]
        else:
            _tie(parent, part[of[k]], ids[k])
    for c in range(len(part)):  # in the order of the row: the first cell comes first
        if above_found[c] != NONE and above[part[c]] == NONE:
            above[part[c]] = part[above_found[c]]


@kernel
def _flatten(parent: Any) -> None:
    for k in range(len(parent)):
        parent[k] = parent[parent[k]]


@kernel
def _find_starts(cells: Any, first: Any, starts: Any) -> int:
    rows, columns = cells.shape
    n = 0
    for r in range(rows):
        first[r] = n
        row = cells[r]
        starts[n] = 0
        n += 1
        c = 1
        while c + 32 <= columns:  # equal cells are passed by 32 at a time, by vector comparison
            changed = row[c] ^ row[c - 1]
            for k in range(1, 32):
                changed |= row[c + k] ^ row[c + k - 1]
            if changed != 0:
                for k in range(32):  # written always, kept when it is a change: no branch to guess
                    starts[n] = c + k
                    n += row[c + k] != row[c + k - 1]
            c += 32
        while c < columns:
            starts[n] = c
            n += row[c] != row[c - 1]
            c += 1
        starts[n] = columns
        n += 1
    first[rows] = n
    return n


@kernel
def _find_codes(cells: Any, first: Any, starts: Any, codes: Any) -> None:
    for r in range(len(first) - 1):
        last = first[r + 1] - 1
        for k in range(first[r], last):
            codes[k] = cells[r, starts[k]]
        codes[last] = END


@kernel
def _root(parent: Any, k: int) -> int:
    """The root of k; halves the path on the way. Most are one step from it."""
    a = parent[k]
    while parent[a] != a:
        parent[a] = parent[parent[a]]
        a = parent[a]
    return int(a)


@kernel
def _tie(parent: Any, k: int, j: int) -> None:
    """Join the sets of k and j; the smaller root becomes the root of both. No branch to guess."""
    a, b = _root(parent, k), _root(parent, j)
    low = min(a, b)
    parent[max(a, b)] = low
    parent[j] = low


@kernel
def _join(first: Any, starts: Any, keys: Any, outside: bool, parent: Any, upper: Any) -> None:
    """Union-find over the runs; upper[k] becomes the run over the first cell of run k."""
    for k in range(len(parent)):
        parent[k] = k
        upper[k] = NONE
    for k in range(1, len(parent)):
        if keys[k] == keys[k - 1]:
            _tie(parent, k - 1, k)
    for r in range(1, len(first) - 1):
        _join_rows(first[r - 1], first[r], first[r + 1] - 1, starts, keys, outside, parent, upper)


@kernel
def _join_rows(
    i: int, j: int, last: int, starts: Any, keys: Any, outside: bool, parent: Any, upper: Any
) -> None:
    """Join the runs from j to last with those of the row above, from i. i and j always overlap."""
    upper[j] = i
    while j < last:
        end_i, end_j, key = starts[i + 1], starts[j + 1], keys[j]
        if keys[i] == key:
            if outside or key != OUTSIDE:
                _tie(parent, i, j)
        elif outside and end_i == end_j:  # four runs meet in a corner
            if key == OUTSIDE:
                if keys[i + 1] == OUTSIDE:
                    _tie(parent, i + 1, j)
            elif keys[i] == OUTSIDE and keys[j + 1] == OUTSIDE:
                _tie(parent, i, j + 1)
        i += end_i <= end_j
        j += end_j <= end_i
        upper[j if end_j <= end_i else last] = i  # the sentinel takes what is not wanted


@kernel
def _number(keys: Any, outside: bool, parent: Any, upper: Any, above: Any) -> int:
    """Number the roots in order; afterwards parent holds each run's component."""
    count = 0
    for k in range(len(keys)):
        key = keys[k]
        if key == END or (key == OUTSIDE and not outside):
            parent[k] = NONE
        elif parent[k] == k:
            above[count] = parent[upper[k]] if upper[k] >= 0 else NONE
            parent[k] = count
            count += 1
        else:
            parent[k] = parent[parent[k]]
    return count


@kernel
def measure(
    first: Any, starts: Any, codes: Any, of: Any, marking: Any, ends: Any, cells: Any, marks: Any
) -> None:
    """Add up the cells and the marks of each component of a band; cells, marks are filled here.

    marking: (codes) the mark of each code; ends: the marks of the first and of the last row. The
    first and last column are the grid's: AT_EDGE.
    """
    rows = len(first) - 1
    for r in range(rows):
        last = first[r + 1] - 1
        mark = (ends[0] if r == 0 else 0) | (ends[1] if r == rows - 1 else 0)
        for k in range(first[r], last):
            cells[of[k]] += starts[k + 1] - starts[k]
            marks[of[k]] |= marking[codes[k]] | mark
        marks[of[first[r]]] |= AT_EDGE
        marks[of[last - 1]] |= AT_EDGE


@kernel
def judge(
    parent: Any, above: Any, cells: Any, marks: Any, limit: int, minimum: int, counts: Any
) -> Any:
    """The verdict on each component: AS_IS, TO_INSIDE or TO_OPEN. counts (one a Count) is filled.

    parent, above: as in Joined; cells, marks: of each part, added up here. What lies over the first
    cell of a component lies around it and has a smaller number. So a filled hole hands its cells,
    and those of its islands, up to the patch around it in reverse order, and the verdict on the
    patch comes down in order.
    """
    verdict = np.zeros(len(parent), dtype=np.uint8)
    _add_parts(parent, cells, marks)
    _fill_holes(parent, cells, marks, limit, verdict, counts)
    _hand_up(parent, above, cells, marks, verdict)
    _hand_down(parent, above, cells, marks, minimum, verdict, counts)
    return verdict


@kernel
def _add_parts(parent: Any, cells: Any, marks: Any) -> None:
    for k in range(len(parent)):
        root = parent[k]
        if root != k:
            cells[root] += cells[k]
            marks[root] |= marks[k]


@kernel
def _fill_holes(parent: Any, cells: Any, marks: Any, limit: int, verdict: Any, counts: Any) -> None:
    for k in range(len(parent)):
        if parent[k] != k:
            continue
        if not marks[k] & NOT_INSIDE:
            counts[INSIDE_BEFORE] += cells[k]
        elif not marks[k] & (HOLDS | AT_EDGE) and cells[k] <= limit:
            verdict[k] = TO_INSIDE
            counts[FILLED_HOLES] += 1
            counts[FILLED_CELLS] += cells[k]


@kernel
def _hand_up(parent: Any, above: Any, cells: Any, marks: Any, verdict: Any) -> None:
    for k in range(len(parent) - 1, -1, -1):
        if parent[k] == k and above[k] != NONE:
            around = parent[above[k]]
            if verdict[k] == TO_INSIDE or verdict[around] == TO_INSIDE:
                cells[around] += cells[k]
                marks[around] |= marks[k] & HOLDS


@kernel
def _hand_down(
    parent: Any, above: Any, cells: Any, marks: Any, minimum: int, verdict: Any, counts: Any
) -> None:
    for k in range(len(parent)):
        if parent[k] != k:
            verdict[k] = verdict[parent[k]]
            continue
        around = verdict[parent[above[k]]] if above[k] != NONE else AS_IS
        if marks[k] & NOT_INSIDE:
            if verdict[k] == TO_INSIDE and around == TO_OPEN:
                verdict[k] = TO_OPEN
        elif around == AS_IS:  # a patch of its own
            verdict[k] = _patch_verdict(cells[k], marks[k], minimum, counts)
        elif around == TO_OPEN:
            verdict[k] = TO_OPEN


@kernel
def _patch_verdict(cells: int, marks: int, minimum: int, counts: Any) -> int:
    if cells >= minimum or marks & HOLDS:
        counts[KEPT_PATCHES] += 1
        counts[EXEMPTED_PATCHES] += cells < minimum
        return AS_IS
    counts[DROPPED_PATCHES] += 1
    counts[DROPPED_CELLS] += cells
    return TO_OPEN


@kernel
def paint(first: Any, starts: Any, of: Any, values: Any, outside: int, out: Any) -> None:
    """Write the value of each run's component into its cells of out (rows, columns), which is 0."""
    for r in range(len(first) - 1):
        row = out[r]
        before: Any = np.int32(0)
        for k in range(first[r], first[r + 1] - 1):
            value = values[of[k]] if of[k] != NONE else outside
            row[starts[k]] = value ^ before
            before = value
        _spread(row)


@kernel
def paint_cleaned(
    first: Any, starts: Any, of: Any, codes: Any, verdict: Any, becomes: Any, out: Any
) -> None:
    """Write becomes[verdict on the run's component, the run's code] into its cells of out."""
    for r in range(len(first) - 1):
        row, before = out[r], np.uint8(0)
        for k in range(first[r], first[r + 1] - 1):
            value = becomes[verdict[of[k]], codes[k]]
            row[starts[k]] = value ^ before
            before = value
        _spread(row)


@kernel
def _spread(row: Any) -> None:
    """From changes (by exclusive or) to values: many short runs are written faster so."""
    for c in range(1, len(row)):
        row[c] ^= row[c - 1]
