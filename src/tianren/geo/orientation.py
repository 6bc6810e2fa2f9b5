"""On which side of a line a point lies, exactly, for any coordinates in double precision.

Shewchuk 1997, Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates,
Discrete and Computational Geometry 18:305. Most signs are certain in plain arithmetic; where the
rounding could decide, the determinant is summed without any.
"""

import numpy as np
from numpy.typing import NDArray

from tianren.kernels import kernel

_SPLITTER = 134217729.0  # 2^27 + 1, Shewchuk's splitter of a 53-bit product
_CERTAIN = 3.3306690738754716e-16  # (3 + 16 e) e with e = 2^-53: Shewchuk's ccwerrboundA


@kernel
def side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """1 when p lies left of the line from a to b, -1 right of it, 0 on it. Exact.

    Coordinates of one unit between about 1e-140 and 1e140, or 0: products must not under- or
    overflow.
    """
    left = (ax - px) * (by - py)
    right = (ay - py) * (bx - px)
    determinant = left - right
    if abs(determinant) > _CERTAIN * (abs(left) + abs(right)):
        return 1 if determinant > 0.0 else -1
    return _exact_side(ax, ay, bx, by, px, py)


@kernel
def _exact_side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """The sign of ax by - ay bx + bx py - by px + px ay - py ax, each product in two parts."""
    parts = np.zeros(12)
    size = 0
    size = _add_product(parts, size, ax, by)
    size = _add_product(parts, size, -ay, bx)
    size = _add_product(parts, size, bx, py)
    size = _add_product(parts, size, -by, px)
    size = _add_product(parts, size, px, ay)
    size = _add_product(parts, size, -py, ax)
    # The largest part that is not zero has the sign of the sum.
    for i in range(size - 1, -1, -1):
        if parts[i] != 0.0:
            return 1 if parts[i] > 0.0 else -1
    return 0


@kernel
def _add_product(parts: NDArray[np.float64], size: int, a: float, b: float) -> int:
    product = a * b
    rounding = _rounding(a, b, product)
    size = _add(parts, size, rounding)
    return _add(parts, size, product)


@kernel
def _rounding(a: float, b: float, product: float) -> float:
    """a b - product, exactly. Dekker 1971; Shewchuk 1997, Two-Product."""
    c = _SPLITTER * a
    a_high = c - (c - a)
    a_low = a - a_high
    c = _SPLITTER * b
    b_high = c - (c - b)
    b_low = b - b_high
    rest = ((product - a_high * b_high) - a_low * b_high) - a_high * b_low
    return a_low * b_low - rest


@kernel
def _add(parts: NDArray[np.float64], size: int, value: float) -> int:
    """One more number into a sum kept as parts that do not overlap. Shewchuk 1997, fig. 6."""
    total = value
    for i in range(size):
        high = total + parts[i]
        virtual = high - total
        parts[i] = (total - (high - virtual)) + (parts[i] - virtual)
        total = high
    parts[size] = total
    return size + 1
