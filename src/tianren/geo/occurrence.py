"""Extent of occurrence and area of occupancy of a species, from the places of its records.

IUCN Standards and Petitions Committee, Guidelines for using the Red List categories and criteria,
sections 4.9 and 4.10. Places are x, y in m on an equal-area plane, so that areas are those of the
ellipsoid; the edges of the hull are straight on that plane.
"""

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def extent_of_occurrence(x: Floats, y: Floats) -> float:
    """EOO: m2 of the smallest convex polygon that holds all places; 0 for fewer than three."""
    if len(x) < 3:
        return 0.0
    return float(shapely.area(shapely.convex_hull(shapely.multipoints(np.column_stack([x, y])))))


def area_of_occupancy(x: Floats, y: Floats, cell: float, shifts: int) -> float:
    """AOO: m2 of the cells, `cell` m on a side, that hold a place; the smallest over grid origins.

    The grid is laid at shifts x shifts origins, cell / shifts apart, and the fewest occupied cells
    count: the result does not hang on where a grid happens to begin.
    """
    if not len(x):
        return 0.0
    steps = [cell * i / shifts for i in range(shifts)]
    fewest = min(_occupied(x + east, y + north, cell) for east in steps for north in steps)
    return fewest * cell * cell


def _occupied(x: Floats, y: Floats, cell: float) -> int:
    columns = np.floor(x / cell).astype(np.int64)
    rows = np.floor(y / cell).astype(np.int64)
    wide = int(columns.max() - columns.min()) + 1
    return len(np.unique((rows - rows.min()) * wide + columns - columns.min()))


def occurrence(x: Floats, y: Floats, cell: float, shifts: int) -> tuple[float, float]:
    """(EOO, AOO) in m2; an EOO smaller than the AOO becomes the AOO (guidelines, section 4.9)."""
    occupied = area_of_occupancy(x, y, cell, shifts)
    return max(extent_of_occurrence(x, y), occupied), occupied
