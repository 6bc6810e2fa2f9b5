"""Polygons put right without filling anything: what a ring goes round twice stays open."""

from typing import Any

import numpy as np
import shapely


def repaired(shape: Any) -> Any:
    """A valid polygon or multipolygon of a broken one; empty when no area is left.

    Each part is put right by even-odd, so that a bay between two loops of its ring is not filled;
    then the parts are joined, so that land drawn twice stays land.
    """
    parts = [polygonal(shapely.make_valid(part)) for part in shapely.get_parts(shape)]
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
