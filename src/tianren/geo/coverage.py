"""A layer of polygons that should cover a place once: where it leaves gaps, and where it overlaps.

Geometries lie in an equal-area plane; areas are m2.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Shapes = NDArray[Any]
_AT_ONCE = 200_000  # pairs of neighbours whose overlap is computed in one go


@dataclass(frozen=True)
class Fault:
    """One overlap of two polygons (their places in the layer), or one gap (-1, -1)."""

    kind: str  # "overlap" or "gap"
    first: int
    second: int
    area: float
    place: tuple[float, float]  # inside it, in the plane


def overlaps(shapes: Shapes, least: float) -> list[Fault]:
    """Pairs of polygons that overlap by at least `least` m2, largest first."""
    found = [fault for chunk in _neighbours(shapes) for fault in _overlapping(shapes, chunk, least)]
    return sorted(found, key=lambda f: (-f.area, f.first, f.second))


def _neighbours(shapes: Shapes) -> Iterator[NDArray[np.int64]]:
    """Pairs whose insides may meet, each once."""
    tree = shapely.STRtree(shapes)
    for start in range(0, len(shapes), _AT_ONCE // 4):
        part = shapes[start : start + _AT_ONCE // 4]
        first, second = tree.query(part)
        pairs = np.stack([first + start, second], axis=1)
        yield pairs[pairs[:, 0] < pairs[:, 1]]


def _overlapping(shapes: Shapes, pairs: NDArray[np.int64], least: float) -> list[Fault]:
    common = shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]])
    areas = shapely.area(common)
    return [
        Fault("overlap", int(pairs[n, 0]), int(pairs[n, 1]), float(areas[n]), _within(common[n]))
        for n in np.flatnonzero(areas >= least)
    ]


def gaps(shapes: Shapes, frame: Any, least: float) -> list[Fault]:
    """Parts of the frame of at least `least` m2 that no polygon covers, largest first."""
    open_ = shapely.difference(frame, shapely.union_all(shapes))
    parts = shapely.get_parts(open_)
    areas = shapely.area(parts)
    found = [
        Fault("gap", -1, -1, float(areas[n]), _within(parts[n]))
        for n in np.flatnonzero(areas >= least)
    ]
    return sorted(found, key=lambda f: (-f.area, f.place))


def _within(shape: Any) -> tuple[float, float]:
    inside = shapely.point_on_surface(shape)
    return float(inside.x), float(inside.y)


def most_of(shapes: Shapes, units: Shapes) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each shape the unit that holds most of it (the first of equals), -1 where none does, and
    the share of the shape that lies there, 0 to 1."""
    of, unit = shapely.STRtree(units).query(shapes)
    areas = shapely.area(shapely.intersection(shapes[of], units[unit]))
    best = np.full(len(shapes), -1, dtype=np.int64)
    share = np.zeros(len(shapes))
    order = np.lexsort((unit, -areas, of))
    first = np.unique(of[order], return_index=True)[1]
    mine = order[first]
    mine = mine[areas[mine] > 0]
    best[of[mine]] = unit[mine]
    whole = shapely.area(shapes[of[mine]])
    share[of[mine]] = np.minimum(1.0, areas[mine] / whole)
    return best, share
