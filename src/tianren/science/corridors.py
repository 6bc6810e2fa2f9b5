"""Least-cost surfaces, paths and corridors on a grid: the way of least accumulated resistance.

Knaapen, Scheffer & Harms 1992, Landscape and Urban Planning 23:1 (minimum cumulative resistance);
Adriaensen et al. 2003, Landscape and Urban Planning 64:233. A step from one cell to the next costs
the mean of their resistances times the distance between their centres. NaN is a barrier.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.kernels import kernel

Floats = NDArray[np.floating]
Cells = NDArray[np.float64]
Whole = NDArray[np.int32]

CHUNK = 64  # queue entries that are kept side by side, a power of two
MOST_BUCKETS = 1 << 16
NOWHERE = math.inf
FIRST_MARGIN = 64  # cells round a source that are looked at first

Window = tuple[slice, slice]


@dataclass(frozen=True)
class Surface:
    """cost: least accumulated resistance from the nearest source, inf where it is not reached;
    nearest: the number of that source, 0 where none is reached. Both (rows, columns)."""

    cost: Cells
    nearest: Whole


def check_resistance(resistance: Floats) -> None:
    """Refuse a resistance of zero or less, or infinite: UserError with how many cells and where."""
    values = np.asarray(resistance)
    wrong = (values <= 0) | np.isinf(values)
    if not wrong.any():
        return
    row, column = np.argwhere(wrong)[0]
    raise UserError(
        f"the resistance {values[row, column]:g} is not above zero and finite",
        where=f"row {row + 1}, column {column + 1} of the resistance",
        by_how_much=f"{int(wrong.sum()):,} cells",
        next_step="give every cell a resistance above zero; leave barriers without data",
    )


def cost_surface(
    resistance: Floats,
    sources: Whole,
    cell: tuple[float, float] = (1.0, 1.0),
    *,
    neighbours: int = 8,
    limit: float = NOWHERE,
) -> Surface:
    """Least accumulated resistance from the sources to every cell, exact.

    resistance (rows, columns) > 0, NaN where nothing passes; sources: number of the source in
    its cells, 0 elsewhere (a source on a barrier does not spread); cell: height and width of a
    cell (m: costs are then resistance x m); neighbours 8 or 4; limit: cells that cost more stay
    unreached. Raises UserError for a resistance of zero or less.

    A bucket queue (Dial 1969; Denardo & Fox 1979): as buckets are no wider than the cheapest step,
    a cell is final when its bucket comes up. The sums are those of Dijkstra's algorithm, to the
    bit. Of sources at equal cost one is named, always the same.
    """
    check_resistance(resistance)
    shape = (resistance.shape[0] + 2, resistance.shape[1] + 2)
    field, least, largest = _field(resistance)
    numbers = np.pad(np.asarray(sources, dtype=np.int32), 1).reshape(-1)
    seeds = np.flatnonzero((numbers > 0) & np.isfinite(field[:, 1]))
    nearest = np.zeros(field.shape[0], dtype=np.int32)
    offsets, halves = steps(shape[1], cell, neighbours)
    if seeds.size:
        field[seeds, 0] = 0.0
        nearest[seeds] = numbers[seeds]
        narrow, buckets = _buckets(least, largest, halves)
        many = bool((nearest[seeds] != nearest[seeds[0]]).any())
        moves = tuple(offsets.tolist()), tuple(halves.tolist())  # whose length numba knows
        queue = _queue(buckets, seeds)
        while not _spread(
            field, nearest, queue.pool, queue.below, queue.free, queue.top, queue.count, *moves,
            1 / narrow, float(limit), many,
        ):  # fmt: skip
            _grow(queue)
        if not many:
            nearest[np.isfinite(field[:, 0])] = nearest[seeds[0]]
    inside = (slice(1, -1), slice(1, -1))
    cost = np.abs(field[:, 0]).reshape(shape)[inside]
    return Surface(cost, nearest.reshape(shape)[inside])


@dataclass(frozen=True)
class Reach:
    """What lies within a cost of one source. window: rows and columns of the grid that hold it;
    cost: as a Surface's, of the window; beyond it is inf."""

    window: Window
    cost: Cells

    def over(self, window: Window) -> Cells:
        """The cost in any window of the grid."""
        found = np.full(tuple(s.stop - s.start for s in window), np.inf)
        shared = common(self.window, window)
        if shared:
            found[within(shared, window)] = self.cost[within(shared, self.window)]
        return found


def common(one: Window, other: Window) -> Window | None:
    """The rows and columns of both, None where there are none."""
    rows, columns = (
        slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(one, other, strict=True)
    )
    return None if rows.start >= rows.stop or columns.start >= columns.stop else (rows, columns)


def within(part: Window, window: Window) -> Window:
    """A window of the grid as rows and columns of a larger window."""
    rows, columns = (
        slice(p.start - w.start, p.stop - w.start) for p, w in zip(part, window, strict=True)
    )
    return rows, columns


def widened(window: Window, margin: int, shape: tuple[int, ...]) -> Window:
    """A window with so many cells more on each side, as far as the grid goes."""
    rows, columns = (
        slice(max(0, s.start - margin), min(size, s.stop + margin))
        for s, size in zip(window, shape, strict=True)
    )
    return rows, columns


def reach(
    resistance: Floats,
    sources: Whole,
    number: int,
    home: Window,
    cell: tuple[float, float] = (1.0, 1.0),
    *,
    limit: float,
) -> Reach:
    """`cost_surface` of one of the sources up to a limit, to the bit, without the whole grid.

    home: a window that holds all cells of the source. The window is widened until no way within
    the limit comes to its edge: then none leaves it.
    """
    margin, shape = FIRST_MARGIN, resistance.shape
    while True:
        window = widened(home, margin, shape)
        source = np.where(sources[window] == number, number, 0)
        cost = cost_surface(resistance[window], source, cell, limit=limit).cost
        if not _at_the_edge(np.isfinite(cost), window, shape):
            return _cropped(cost, window)
        margin *= 4


def _at_the_edge(reached: NDArray[np.bool_], window: Window, shape: tuple[int, ...]) -> bool:
    """Whether a reached cell lies on a side of the window beyond which the grid goes on."""
    rows, columns = window
    sides = (
        (rows.start > 0, reached[0]),
        (rows.stop < shape[0], reached[-1]),
        (columns.start > 0, reached[:, 0]),
        (columns.stop < shape[1], reached[:, -1]),
    )
    return any(goes_on and bool(side.any()) for goes_on, side in sides)


def _cropped(cost: Cells, window: Window) -> Reach:
    """Only the rows and columns with reached cells; the source's own where it does not spread."""
    reached = np.isfinite(cost)
    if not reached.any():
        return Reach(window, cost)
    rows, columns = (np.flatnonzero(reached.any(axis=axis)) for axis in (1, 0))
    top, left = window[0].start, window[1].start
    part = (
        slice(top + int(rows[0]), top + int(rows[-1]) + 1),
        slice(left + int(columns[0]), left + int(columns[-1]) + 1),
    )
    return Reach(part, cost[within(part, window)].copy())


def _field(resistance: Floats) -> tuple[Cells, float, float]:
    """Cost and resistance of each cell side by side, so that one visit to memory brings both; and
    the least and the largest resistance.

    The grid stands in a frame of barriers, and barriers are infinite: no test is needed.
    """
    kept = np.asarray(resistance)
    kept = kept if kept.dtype in (np.float32, np.float64) else kept.astype(np.float64)
    field = np.full(((kept.shape[0] + 2) * (kept.shape[1] + 2), 2), np.inf)
    least, largest = _lay(np.ascontiguousarray(kept), field)
    return field, least, largest


@kernel
def _lay(resistance: Floats, field: Cells) -> tuple[float, float]:
    rows, columns = resistance.shape
    least, largest = np.inf, 0.0
    for i in range(rows):
        start = (i + 1) * (columns + 2) + 1
        for j in range(columns):
            r = np.float64(resistance[i, j])
            if r == r:
                field[start + j, 1] = r
                least, largest = min(least, r), max(largest, r)
    return least, largest


def steps(
    width: int, cell: tuple[float, float], neighbours: int
) -> tuple[NDArray[np.int64], Cells]:
    """Offsets of the neighbours in a flat grid of this width, and half the distance to each."""
    height, across = cell
    moves = [(0, -1), (0, 1), (-1, 0), (1, 0)]
    if neighbours == 8:
        moves += [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    elif neighbours != 4:
        raise ValueError(f"a cell has 4 or 8 neighbours, not {neighbours}")
    offsets = np.array([r * width + c for r, c in moves], dtype=np.int64)
    halves = np.array([math.hypot(r * height, c * across) / 2 for r, c in moves])
    return offsets, halves


def _buckets(least: float, largest: float, halves: Cells) -> tuple[float, int]:
    """Width of a bucket, and how many must be kept at once (a power of two)."""
    cheapest = 2.0 * least * float(halves.min())
    dearest = 2.0 * largest * float(halves.max())
    narrow = max(cheapest * (1 - 1e-9), dearest / (MOST_BUCKETS - 4))
    needed = int(dearest / narrow) + 4
    return narrow, 1 << (needed - 1).bit_length()


@dataclass
class _Queue:
    """Cells in buckets. The entries of a bucket lie in chunks of the pool.

    top: where the next entry of each bucket goes; below: the full chunk under each chunk, -1 where
    there is none; free: chunks that nobody uses, of which count[0]; count[1] entries are queued,
    and count[2] is the bucket that is being emptied.
    """

    pool: Whole
    below: Whole
    free: Whole
    top: NDArray[np.int64]
    count: NDArray[np.int64]


def _queue(buckets: int, seeds: NDArray[np.int64]) -> _Queue:
    """The seeds in the first bucket, the other buckets empty."""
    filled = seeds.size // CHUNK  # chunks that the seeds fill
    room = filled + 2 * buckets + 64
    pool = np.empty(room * CHUNK, dtype=np.int32)
    pool[: seeds.size] = seeds
    below = np.full(room, -1, dtype=np.int32)
    below[1 : filled + 1] = np.arange(filled)
    top = (filled + np.arange(buckets, dtype=np.int64)) * CHUNK
    top[0] = seeds.size
    free = np.arange(filled + buckets, room, dtype=np.int32)
    count = np.array([free.size, seeds.size, 0])
    return _Queue(pool, below, np.pad(free, (0, room - free.size)), top, count)


def _grow(queue: _Queue) -> None:
    """Twice as many chunks; the new ones are free."""
    room, free = queue.below.size, queue.count[0]
    queue.pool = np.concatenate((queue.pool, np.empty_like(queue.pool)))
    queue.below = np.concatenate((queue.below, np.full(room, -1, dtype=np.int32)))
    new = np.arange(room, 2 * room, dtype=np.int32)
    queue.free = np.concatenate((queue.free[:free], new, np.zeros(room - free, dtype=np.int32)))
    queue.count[0] += room


@kernel
def _spread(
    field: Cells,
    nearest: Whole,
    pool: Whole,
    below: Whole,
    free: Whole,
    top: NDArray[np.int64],
    count: NDArray[np.int64],
    offsets: tuple[int, ...],
    halves: tuple[float, ...],
    per_cost: float,
    limit: float,
    many: bool,
) -> bool:
    """Settle cells bucket by bucket; whether all are, or the queue must grow first.

    A settled cell carries its cost with a minus sign, so that a stale entry is seen at once. Where
    a bucket had to be wider than the cheapest step, a settled cell may be improved and queued
    again: the end is the same. many: whether the sources have several numbers.

    One long loop over what never changes while it runs: calls, and a pool that may grow in the
    midst, cost three times what the work does.
    """
    mask, rim = top.size - 1, CHUNK - 1
    spare, queued, current = count[0], count[1], count[2]
    while queued > 0 and spare >= len(offsets):
        place = top[current & mask]
        if place & rim == 0:  # an empty chunk: go on in the full one under it
            under = np.int64(below[place // CHUNK])
            if under < 0:
                current += 1
                continue
            below[place // CHUNK] = -1
            free[spare] = place // CHUNK
            spare += 1
            place = (under + 1) * CHUNK
        top[current & mask] = place - 1
        queued -= 1
        u = np.int64(pool[place - 1])
        d = field[u, 0]
        if d < 0 or np.int64(d * per_cost) != current:
            continue
        field[u, 0] = -d
        own = field[u, 1]
        for k in range(len(offsets)):
            v = u + offsets[k]
            further = d + (own + field[v, 1]) * halves[k]
            if further < abs(field[v, 0]) and further <= limit:
                field[v, 0] = further
                if many:
                    nearest[v] = nearest[u]
                bucket = np.int64(further * per_cost) & mask
                place = top[bucket]
                pool[place] = v
                queued += 1
                place += 1
                if place & rim == 0:  # a full chunk: lay a free one on it
                    spare -= 1
                    below[free[spare]] = place // CHUNK - 1
                    place = np.int64(free[spare]) * CHUNK
                top[bucket] = place
    count[0], count[1], count[2] = spare, queued, current
    return bool(queued == 0)
