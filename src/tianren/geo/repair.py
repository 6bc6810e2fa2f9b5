"""Polygons put right without filling anything: what a ring goes round twice stays open."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray


def repaired(shape: Any) -> Any:
    """A valid polygon or multipolygon of a broken one; empty when no area is left.

    A place is inside a part when the part's shell goes round it an odd number of times and none of
    its holes does, so that no bay between two loops, no loop of lines drawn forth and back and no
    hole beyond its shell becomes land. Then the parts are joined: land drawn twice stays land.
    (GEOS make_valid leaves what two parts share open, and fills the other two.)
    """
    parts = [_part(part) for part in shapely.get_parts(shape)]
    return polygonal(shapely.union_all(np.array(parts, dtype=object)))


def polygonal(shape: Any) -> Any:
    """The polygons of any geometry; an empty polygon when it has none."""
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    parts = shapely.get_parts(shape)
    areas = parts[shapely.get_dimensions(parts) == 2]
    if len(areas) == 0:
        return shapely.Polygon()
    return shapely.multipolygons([p for a in areas for p in shapely.get_parts(a)])


def _part(polygon: Any) -> Any:
    """The faces that the rings of one polygon make, as far as they are inside it."""
    if shapely.is_valid(polygon):
        return polygon
    rings = shapely.get_rings(polygon)
    ends = [shapely.LineString(shapely.get_coordinates(ring)) for ring in rings]
    lines = shapely.union_all(np.array(ends, dtype=object))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    places = shapely.get_coordinates(shapely.point_on_surface(faces))
    inside = _odd(rings[0], places)
    for hole in rings[1:]:
        inside &= ~_odd(hole, places)
    return shapely.union_all(faces[inside])


def _odd(ring: Any, places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a ring goes round each place an odd number of times: crossings of a ray eastwards."""
    ends = shapely.get_coordinates(ring)
    x1, y1, x2, y2 = *ends[:-1].T, *ends[1:].T
    out = np.zeros(len(places), dtype=bool)
    for n, (x, y) in enumerate(places):
        over = np.flatnonzero((y1 > y) != (y2 > y))
        at = x1[over] + (y - y1[over]) / (y2[over] - y1[over]) * (x2[over] - x1[over])
        out[n] = np.count_nonzero(at > x) % 2
    return out
