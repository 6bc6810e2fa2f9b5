"""Channels from elevation, for countries without a river layer: fill, flow, accumulate, order.

Priority flood: Barnes, Lehman, Mulla (2014), Computers & Geosciences 62:117. Steepest of eight
neighbours: O'Callaghan & Mark (1984), CVGIP 28:323. Order: Strahler (1957), Trans. AGU 38:913.
Whole arrays, no blocks: the caller bounds the grid's size.
"""

import heapq
import math
from typing import Any

import numba
import numpy as np

from tianren.raster.raster import Array


def flow(elevation: Array, cell: float) -> tuple[Array, Array]:
    """Where each cell drains, and cells from the highest step upstream to the outlets.

    elevation: (rows, columns) m, NaN outside; cell: side in m. Returns (receiver: int64 flat index,
    itself at an outlet, -1 outside; order: int64 flat indices, receivers before givers).
    Pits are filled: every cell drains to the edge of the data.
    """
    receiver, order = _flow(np.asarray(elevation, dtype=np.float64), cell)
    return receiver, order


def contributing_cells(receiver: Array, order: Array) -> Array:
    """Cells that drain through each cell, itself included: int64, flat; 0 outside."""
    return np.asarray(_accumulate(receiver.ravel(), order))


def strahler(receiver: Array, order: Array, channel: Array) -> Array:
    """Stream order of channel cells: int32, flat; 0 elsewhere. A channel is closed downstream."""
    return np.asarray(_strahler(receiver.ravel(), order, channel.ravel()))


def first_order_channels(elevation: Array, cell: float, channel_area: float) -> Array:
    """Headwater cells: channels of Strahler order 1, int32 0/1.

    channel_area: contributing area in m2 at which a channel begins.
    """
    receiver, order = flow(elevation, cell)
    cells = contributing_cells(receiver, order)
    found: Array = strahler(receiver, order, cells * cell * cell >= channel_area)
    return np.asarray(found == 1, dtype=np.int32).reshape(elevation.shape)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _flow(z: Any, cell: float) -> Any:
    rows, columns = z.shape
    receiver = np.full(rows * columns, -1, np.int64)
    order = np.empty(rows * columns, np.int64)
    filled = z.copy()
    heap = [(0.0, np.int64(0), np.int64(0))]
    heap.pop()
    seen = np.zeros((rows, columns), np.bool_)
    count = np.int64(0)
    for r in range(rows):
        for c in range(columns):
            if not math.isnan(z[r, c]) and _at_edge(z, r, c):
                seen[r, c] = True
                receiver[r * columns + c] = r * columns + c
                heapq.heappush(heap, (z[r, c], count, np.int64(r * columns + c)))
                count += 1
    done = 0
    while heap:
        _, _, here = heapq.heappop(heap)
        order[done] = here
        done += 1
        r, c = here // columns, here % columns
        for dr in range(-1, 2):
            for dc in range(-1, 2):
                y, x = r + dr, c + dc
                if not (0 <= y < rows and 0 <= x < columns):
                    continue
                if seen[y, x] or math.isnan(z[y, x]):
                    continue
                seen[y, x] = True
                filled[y, x] = max(z[y, x], filled[r, c])
                receiver[y * columns + x] = here
                heapq.heappush(heap, (filled[y, x], count, np.int64(y * columns + x)))
                count += 1
    _steepen(filled, receiver, cell)
    return receiver, order[:done]


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _at_edge(z: Any, r: int, c: int) -> bool:
    rows, columns = z.shape
    for dr in range(-1, 2):
        for dc in range(-1, 2):
            y, x = r + dr, c + dc
            if not (0 <= y < rows and 0 <= x < columns) or math.isnan(z[y, x]):
                return True
    return False


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _steepen(filled: Any, receiver: Any, cell: float) -> None:
    """Drain down the steepest slope where there is one; on flats the flood's own path stays."""
    rows, columns = filled.shape
    for r in range(rows):
        for c in range(columns):
            here = r * columns + c
            if receiver[here] < 0 or receiver[here] == here:
                continue
            steepest = 0.0
            for dr in range(-1, 2):
                for dc in range(-1, 2):
                    y, x = r + dr, c + dc
                    if not (0 <= y < rows and 0 <= x < columns) or math.isnan(filled[y, x]):
                        continue
                    drop = filled[r, c] - filled[y, x]
                    slope = drop / (cell * (math.sqrt(2.0) if dr != 0 and dc != 0 else 1.0))
                    if slope > steepest:
                        steepest = slope
                        receiver[here] = y * columns + x


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _accumulate(receiver: Any, order: Any) -> Any:
    cells = np.zeros(receiver.size, np.int64)
    cells[order] = 1
    for i in range(order.size - 1, -1, -1):
        here = order[i]
        if receiver[here] != here:
            cells[receiver[here]] += cells[here]
    return cells


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _strahler(receiver: Any, order: Any, channel: Any) -> Any:
    found = np.zeros(receiver.size, np.int32)
    highest = np.zeros(receiver.size, np.int32)  # among the cells that flow in
    twice = np.zeros(receiver.size, np.bool_)  # two of them have it
    for i in range(order.size - 1, -1, -1):
        here = order[i]
        if not channel[here]:
            continue
        found[here] = max(np.int32(1), highest[here] + np.int32(twice[here]))
        down = receiver[here]
        if down == here:
            continue
        if found[here] > highest[down]:
            highest[down] = found[here]
            twice[down] = False
        elif found[here] == highest[down]:
            twice[down] = True
    return found
