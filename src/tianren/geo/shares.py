"""How much of each polygon lies in each of others: pairs with their areas, in one plane."""

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

_AT_ONCE = 20_000  # pairs whose common area is computed in one go


class Shares(NamedTuple):
    """One row a pair that has an area in common: numbers of both, and the area, m2."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    area: NDArray[np.float64]


def shares(first: NDArray[Any], second: NDArray[Any]) -> Shares:
    """The common area of every pair that has one, by first, then second.

    first, second: valid polygons in one equal-area plane; those of a layer may overlap.
    """
    tree = shapely.STRtree(second)
    a, b = tree.query(first, predicate="intersects")
    order = np.lexsort((b, a))
    a, b = a[order].astype(np.int64), b[order].astype(np.int64)
    area = np.zeros(len(a))
    for start in range(0, len(a), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        area[part] = _common(first[a[part]], second[b[part]])
    kept = area > 0
    return Shares(a[kept], b[kept], area[kept])


def _common(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
    """Common areas pair by pair: where one holds the other, the other's own area."""
    area = np.where(shapely.area(first) < shapely.area(second), shapely.area(first),
                    shapely.area(second))  # fmt: skip
    shapely.prepare(first)
    shapely.prepare(second)
    held = shapely.covers(first, second) | shapely.covers(second, first)
    area[~held] = shapely.area(shapely.intersection(first[~held], second[~held]))
    return np.asarray(area, dtype=np.float64)
