"""Numbers over a whole region that some kernels need: exact, in bounded memory, in any order."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tianren.raster.blocks import SIZE, Workers, reduce_blocks
from tianren.raster.raster import Array, Raster

_HALF = 1 << 16


def value_range(
    value: Raster, realm: Raster, code: int, *, size: int = SIZE, workers: Workers = None
) -> tuple[float, float]:
    """(lowest, highest) value where the realm has that code; (nan, nan) where there is none."""
    kernel = partial(_extremes, code=code)
    low, high = reduce_blocks(kernel, [realm, value], _wider, size=size, workers=workers)
    return (low, high) if low <= high else (float("nan"), float("nan"))


def percentiles(
    value: Raster,
    realm: Raster,
    code: int,
    shares: Sequence[float],
    *,
    size: int = SIZE,
    workers: Workers = None,
) -> tuple[float, ...]:
    """The values at shares (0..1) of the sorted cells of a realm: exact, the lower neighbour.

    Two passes over the bit pattern of float32, which sorts like the numbers: the high half of the
    bits finds the bin, the low half the value. No sorting, whatever the size.
    """
    high = _histogram(value, realm, code, None, size, workers)
    total = int(high.sum())
    if not total:
        return tuple(float("nan") for _ in shares)
    ranks = [min(int(share * (total - 1)), total - 1) for share in shares]
    return tuple(_value_at(value, realm, code, high, rank, size, workers) for rank in ranks)


def _value_at(
    value: Raster,
    realm: Raster,
    code: int,
    high: NDArray[np.int64],
    rank: int,
    size: int,
    workers: Workers,
) -> float:
    """The value of the cell with that rank, found in the bin of its high bits."""
    cumulative = np.cumsum(high)
    upper = int(np.searchsorted(cumulative, rank, side="right"))
    before = int(cumulative[upper - 1]) if upper else 0
    low = _histogram(value, realm, code, upper, size, workers)
    lower = int(np.searchsorted(np.cumsum(low), rank - before, side="right"))
    return _from_key(upper * _HALF + lower)


def _histogram(
    value: Raster, realm: Raster, code: int, upper: int | None, size: int, workers: Workers
) -> NDArray[np.int64]:
    kernel = partial(_count_keys, code=code, upper=upper)
    return reduce_blocks(kernel, [realm, value], np.add, size=size, workers=workers)


def _count_keys(realm: Array, value: Array, *, code: int, upper: int | None) -> NDArray[np.int64]:
    cells = value[(realm == code) & ~np.isnan(value)]
    keys = _keys(cells)
    if upper is None:
        return np.bincount(keys >> 16, minlength=_HALF)
    return np.bincount(keys[keys >> 16 == upper] & (_HALF - 1), minlength=_HALF)


def _keys(cells: Array) -> NDArray[np.int64]:
    """Whole numbers that sort as the float32 values do; -0.0 counts as 0.0."""
    bits = (cells.astype(np.float32) + np.float32(0)).view(np.uint32)
    negative = bits >> 31 == 1
    return np.where(negative, ~bits, bits | np.uint32(1 << 31)).astype(np.int64)


def _from_key(key: int) -> float:
    bits = key & 0x7FFFFFFF if key >> 31 else ~key & 0xFFFFFFFF
    return float(np.array([bits], dtype=np.uint32).view(np.float32)[0])


def _extremes(realm: Array, value: Array, *, code: int) -> tuple[float, float]:
    cells = value[(realm == code) & ~np.isnan(value)]
    if not cells.size:
        return float("inf"), float("-inf")
    return float(cells.min()), float(cells.max())


def _wider(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return min(a[0], b[0]), max(a[1], b[1])
