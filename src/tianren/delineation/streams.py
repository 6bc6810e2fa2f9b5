"""Rivers from elevation, for countries without a river layer: fill, flow, accumulate, order, strip.

Priority flood: Barnes, Lehman, Mulla (2014), Computers & Geosciences 62:117. Steepest of eight
neighbours: O'Callaghan & Mark (1984), CVGIP 28:323. Order: Strahler (1957), Trans. AGU 38:913.
Water crosses a whole country, so arrays are whole, and thin: about 10 bytes a cell at most (100
million cells took 1.2 GB and a minute). The caller bounds the grid's size.
"""

import heapq
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tianren.kernels import kernel
from tianren.raster.raster import Array

# A direction is a neighbour, 0..7 row by row, or one of these.
OUTSIDE, OUTLET = -1, 8
_UNSEEN = 9
_DONE = 9  # of the givers a cell waits for, which are at most 8
_DOWN = (-1, -1, -1, 0, 0, 1, 1, 1)
_ACROSS = (-1, 0, 1, -1, 1, -1, 0, 1)


def flow(elevation: Array, cell: float) -> Array:
    """Where each cell drains: int8, a neighbour 0..7 row by row, OUTLET or OUTSIDE.

    elevation: (rows, columns) m, NaN outside; an array of float32 is filled where it lies. cell:
    side in m. Pits are filled: every cell drains to the edge of the data, and none in a circle.
    """
    filled = np.ascontiguousarray(elevation, dtype=np.float32)
    direction = _flood(filled)
    _steepen(filled, direction, cell)
    return np.asarray(direction)


def contributing_cells(direction: Array) -> Array:
    """Cells that drain through each cell, itself included: int32; 0 outside."""
    return np.asarray(_accumulate(direction))


def strahler(direction: Array, channel: Array) -> Array:
    """Stream order of channel cells: uint8; 0 elsewhere. A channel is closed downstream."""
    return np.asarray(_strahler(direction, channel))


def stream_orders(elevation: Array, cell: float, channel_area: float) -> Array:
    """Strahler order of every channel cell: uint8 (rows, columns); 0 where there is no channel.

    elevation as in `flow`, cell in m; channel_area: contributing area in m2 where a channel begins.
    """
    direction = flow(elevation, cell)
    channel = contributing_cells(direction) >= channel_area / (cell * cell)
    return strahler(direction, channel)


def strips(orders: Array, cell: float, widths: Mapping[int, float]) -> Array:
    """1 within the width of a channel of each order, else 0: uint8 (rows, columns).

    orders: uint8, 0 for no channel; widths: order -> m on each side, measured between the centres
    of cells, so that a strip is never narrower than its channel's cells. An order without a width
    has no strip.
    """
    by_order = [widths.get(order, -1.0) / cell for order in range(256)]
    return np.asarray(_strips(orders, np.array(by_order)))


@kernel
def _flood(z: Any) -> Any:
    """Fill from the edges upwards, z in place; each cell drains to the one that flooded it."""
    rows, columns = z.shape
    direction = np.full((rows, columns), _UNSEEN, np.int8)
    heap = [(np.float32(0), np.int32(0), np.int32(0))]
    heap.pop()
    count = 0
    for r in range(rows):
        for c in range(columns):
            if math.isnan(z[r, c]):
                direction[r, c] = OUTSIDE
            elif _at_edge(z, r, c):
                direction[r, c] = OUTLET
                heapq.heappush(heap, (z[r, c], np.int32(count), np.int32(r * columns + c)))
                count += 1
    while heap:
        _, _, here = heapq.heappop(heap)
        r, c = here // columns, here % columns
        for k in range(8):
            y, x = r + _DOWN[k], c + _ACROSS[k]
            if not (0 <= y < rows and 0 <= x < columns) or direction[y, x] != _UNSEEN:
                continue
            direction[y, x] = 7 - k  # back to here
            z[y, x] = max(z[y, x], z[r, c])
            heapq.heappush(heap, (z[y, x], np.int32(count), np.int32(y * columns + x)))
            count += 1
    return direction


@kernel
def _at_edge(z: Any, r: int, c: int) -> bool:
    rows, columns = z.shape
    for k in range(8):
        y, x = r + _DOWN[k], c + _ACROSS[k]
        if not (0 <= y < rows and 0 <= x < columns) or math.isnan(z[y, x]):
            return True
    return False


@kernel
def _steepen(filled: Any, direction: Any, cell: float) -> None:
    """Drain down the steepest slope where there is one; on flats the flood's own path stays."""
    rows, columns = filled.shape
    for r in range(rows):
        for c in range(columns):
            if direction[r, c] == OUTSIDE or direction[r, c] == OUTLET:
                continue
            steepest = 0.0
            for k in range(8):
                y, x = r + _DOWN[k], c + _ACROSS[k]  # inside: cells at the edge are outlets
                diagonal = _DOWN[k] != 0 and _ACROSS[k] != 0
                drop = np.float64(filled[r, c]) - np.float64(filled[y, x])
                slope = drop / (cell * (math.sqrt(2.0) if diagonal else 1.0))
                if slope > steepest:
                    steepest = slope
                    direction[r, c] = k


@kernel
def _givers(direction: Any) -> Any:
    """How many neighbours drain into each cell."""
    rows, columns = direction.shape
    givers = np.zeros((rows, columns), np.uint8)
    for r in range(rows):
        for c in range(columns):
            k = direction[r, c]
            if 0 <= k < OUTLET:
                givers[r + _DOWN[k], c + _ACROSS[k]] += 1
    return givers


@kernel
def _accumulate(direction: Any) -> Any:
    """From each spring down, as long as nothing else is still to come from above."""
    rows, columns = direction.shape
    cells = np.zeros((rows, columns), np.int32)
    waiting = _givers(direction)
    for r in range(rows):
        for c in range(columns):
            y, x = r, c
            while direction[y, x] != OUTSIDE and waiting[y, x] == 0:
                waiting[y, x] = _DONE
                cells[y, x] += 1
                k = direction[y, x]
                if k == OUTLET:
                    break
                below = cells[y, x]
                y, x = y + _DOWN[k], x + _ACROSS[k]
                cells[y, x] += below
                waiting[y, x] -= 1
    return cells


@kernel
def _strahler(direction: Any, channel: Any) -> Any:
    rows, columns = direction.shape
    order = np.zeros((rows, columns), np.uint8)  # until a cell's turn: the highest that flows in
    twice = np.zeros((rows, columns), np.bool_)  # two of them have it
    waiting = _givers(direction)
    for r in range(rows):
        for c in range(columns):
            y, x = r, c
            while direction[y, x] != OUTSIDE and waiting[y, x] == 0:
                waiting[y, x] = _DONE
                if channel[y, x]:
                    order[y, x] = max(1, order[y, x] + (1 if twice[y, x] else 0))
                k = direction[y, x]
                if k == OUTLET:
                    break
                mine = order[y, x]
                y, x = y + _DOWN[k], x + _ACROSS[k]
                if mine > order[y, x]:
                    order[y, x] = mine
                    twice[y, x] = False
                elif mine == order[y, x] and mine > 0:
                    twice[y, x] = True
                waiting[y, x] -= 1
    return order


@kernel
def _strips(orders: Any, widths: Any) -> Any:
    """widths: in cells, by order; below 0 for none."""
    rows, columns = orders.shape
    strip = np.zeros((rows, columns), np.uint8)
    for r in range(rows):
        for c in range(columns):
            width = widths[orders[r, c]]
            if orders[r, c] == 0 or width < 0:
                continue
            reach = int(width)
            for y in range(max(r - reach, 0), min(r + reach + 1, rows)):
                for x in range(max(c - reach, 0), min(c + reach + 1, columns)):
                    if (y - r) ** 2 + (x - c) ** 2 <= width * width:
                        strip[y, x] = 1
    return strip
