"""A shore or a limit at sea that comes as lines: the land or sea inside it, or where it is open."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray


@dataclass(frozen=True)
class Gap:
    """Where lines do not close: the place of a loose end, and its distance to the next one, m."""

    place: tuple[float, float]
    width: float


def enclosed(lines: NDArray[Any]) -> NDArray[Any]:
    """The polygons that lines enclose: of a shore each island, with the lakes inside it."""
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(_noded(lines))))
    return np.asarray(shapely.get_parts(shapely.union_all(faces)), dtype=object)


def gaps(lines: NDArray[Any]) -> list[Gap]:
    """The loose ends of lines that should close, widest gap first; a single one has no other end.

    lines: in a plane in metres.
    """
    ends = _loose_ends(_noded(lines))
    points = np.atleast_1d(np.asarray(shapely.points(ends), dtype=object))
    found = []
    for n, point in enumerate(points):
        others = np.delete(points, n)
        width = float(shapely.distance(point, others).min()) if len(others) else float("inf")
        found.append(Gap((float(ends[n][0]), float(ends[n][1])), width))
    return sorted(found, key=lambda gap: (-gap.width, gap.place))


def _noded(lines: NDArray[Any]) -> Any:
    """The lines cut wherever they cross or meet, each stretch once."""
    return shapely.union_all(np.asarray(lines, dtype=object))


def _loose_ends(noded: Any) -> NDArray[np.float64]:
    """Ends at which no other line goes on."""
    parts = shapely.get_parts(noded)
    both = np.concatenate([shapely.get_point(parts, 0), shapely.get_point(parts, -1)])
    places, times = np.unique(shapely.get_coordinates(both), axis=0, return_counts=True)
    return np.asarray(places[times == 1])
