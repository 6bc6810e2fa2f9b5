"""Points in a polygon or within a distance of it, millions of them, exactly."""

from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.geo.points import PolygonIndex, index_polygons, inside

Floats = NDArray[np.float64]

_PIECE = 65  # vertices of a piece of boundary that distances are taken to


class Within:
    """A polygon, and what lies within a tolerance of it, in the unit of its plane."""

    def __init__(self, polygon: Any, tolerance: float) -> None:
        self.polygon = polygon
        self.tolerance = tolerance
        self.index: PolygonIndex = index_polygons([polygon])

    @cached_property
    def around(self) -> PolygonIndex:
        """A polygon that surely holds all within the tolerance: only its points are measured.

        Generalising moves an edge by at most a twentieth of the tolerance, and the corners of an
        octant's buffer fall short by half a percent of its radius.
        """
        rough = shapely.simplify(self.polygon, self.tolerance / 20)  # keeps the smallest island
        return index_polygons([shapely.buffer(rough, 1.1 * self.tolerance, quad_segs=8)])

    @cached_property
    def boundary(self) -> shapely.STRtree:
        return shapely.STRtree(_pieces(self.polygon))

    def holds(self, x: Floats, y: Floats) -> NDArray[np.bool_]:
        """Whether each point lies in the polygon or at most the tolerance away; NaN does not."""
        found = inside(x, y, self.index)
        outside = np.flatnonzero(~found)
        if len(outside) and self.tolerance > 0:
            at = outside[inside(x[outside], y[outside], self.around)]
            points = shapely.points(x[at], y[at])
            near, _ = self.boundary.query(points, predicate="dwithin", distance=self.tolerance)
            found[at[near]] = True
        return found


def _pieces(polygon: Any) -> NDArray[Any]:
    """The boundary cut into short lines, so that a distance looks at few of its vertices."""
    rings = shapely.get_rings(shapely.get_parts(polygon))
    lines = []
    for ring in rings:
        points = shapely.get_coordinates(ring)
        starts = range(0, max(len(points) - 1, 1), _PIECE - 1)
        lines += [shapely.linestrings(points[i : i + _PIECE]) for i in starts]
    return np.array(lines, dtype=object)
