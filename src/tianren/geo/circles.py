"""A site known only by a point and an area, drawn as a circle of that area.

Practice of the World Database on Protected Areas; neither its shape nor its place is exact.
"""

import math
from typing import Any

QUARTER = 16  # segments of a quarter of the circle
# A buffered point is a polygon inside its circle; this factor gives it the circle's area.
_SIDES = 4 * QUARTER
_ROUND = math.sqrt(2 * math.pi / (_SIDES * math.sin(2 * math.pi / _SIDES)))


def radius(area_km2: float) -> float:
    """Distance, m, to buffer a point by so that its polygon has the area (km2 above zero)."""
    return _ROUND * math.sqrt(area_km2 * 1e6 / math.pi)


def circles(points: Any, area_km2: float) -> Any:
    """A polygon of the area round a point; several points share it equally."""
    import shapely

    count = len(shapely.get_parts(points))
    return shapely.buffer(points, radius(area_km2 / count), quad_segs=QUARTER)
