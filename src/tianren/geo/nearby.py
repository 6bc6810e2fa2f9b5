"""An order in which places that lie near one another stand near one another."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BITS = 16  # of a side: 65,536 steps


def nearby_order(x: Floats, y: Floats) -> Ints:
    """The numbers of places (n,) along Hilbert's curve through the square that holds them.

    Loops over neighbours then find in the processor's cache what they need; nothing else depends
    on it. Places on one step of the curve stay in their order.
    """
    if len(x) == 0:
        return np.zeros(0, dtype=np.int64)
    side = max(float(np.ptp(x)), float(np.ptp(y))) or 1.0
    last = 2**_BITS - 1
    column, row = (((v - v.min()) / side * last).astype(np.int64) for v in (x, y))
    return np.argsort(_along(column, row), kind="stable")


def _along(column: Ints, row: Ints) -> Ints:
    """How far along the curve; Hilbert 1891, Mathematische Annalen 38:459."""
    found = np.zeros(len(column), dtype=np.int64)
    for bit in range(_BITS - 1, -1, -1):
        step = 1 << bit
        right, up = (column & step) > 0, (row & step) > 0
        found += step * step * ((3 * right) ^ up)
        turned = right & ~up
        column, row = (np.where(turned, 2**_BITS - 1 - v, v) for v in (column, row))
        column, row = np.where(up, column, row), np.where(up, row, column)
    return found
