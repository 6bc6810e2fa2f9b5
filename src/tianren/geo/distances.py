"""Edge-to-edge distances between polygons, exact: no vertex is left out.

Outlines are cut into runs of a few edges with a box around each; a pair of runs whose boxes lie
farther apart than the best distance known is never measured. Distances need a plane that keeps
them: Lambert azimuthal or Albers on the region's centre, not EPSG:6933; `stretch` says how far the
plane is off. Importing this imports numba.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from tianren.kernels import kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RUN = 8  # edges with one box around them


@dataclass(frozen=True)
class Outlines:
    """The edges of n polygons, ready to be measured.

    box (n, 4): west, south, east, north. The runs of polygon i are first[i]:first[i + 1]; the edges
    of run r are start[r]:start[r + 1], inside around[r]; edges (e, 4): from x, y to x, y.
    """

    box: Floats
    first: Ints
    around: Floats
    start: Ints
    edges: Floats

    @property
    def polygons(self) -> int:
        return len(self.box)


def outlines(polygons: NDArray[Any]) -> Outlines:
    """The edges of single polygons, holes included, any unit of a plane.

    Raises ValueError for what is no polygon, an empty one or a coordinate that is not finite.
    """
    polygons = np.asarray(polygons, dtype=object)
    _refuse_others(polygons)
    rings, owner = shapely.get_rings(polygons, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    inner = ring[1:] == ring[:-1]
    edges = np.concatenate([points[:-1], points[1:]], axis=1)[inner]
    per_ring = np.bincount(ring[:-1][inner], minlength=len(rings))
    start, runs = _runs(per_ring)
    first = np.concatenate([[0], np.cumsum(np.bincount(owner, runs, len(polygons)))])
    box = shapely.bounds(polygons).reshape(-1, 4)
    return Outlines(box, first.astype(np.int64), _boxes(edges, start), start, edges)


def _refuse_others(polygons: NDArray[Any]) -> None:
    wrong = (shapely.get_type_id(polygons) != shapely.GeometryType.POLYGON) | shapely.is_empty(
        polygons
    )
    if wrong.any():
        raise ValueError(f"number {int(np.argmax(wrong))} is no polygon, or an empty one")
    finite = np.isfinite(shapely.bounds(polygons)).all(axis=-1)
    if not finite.all():
        raise ValueError(f"polygon {int(np.argmin(finite))} has a coordinate that is not finite")


def _runs(per_ring: Ints) -> tuple[Ints, Ints]:
    """Where each run of edges begins, and how many runs each ring has."""
    runs = -(-per_ring // RUN)
    before = np.cumsum(per_ring) - per_ring
    nth = np.arange(runs.sum()) - np.repeat(np.cumsum(runs) - runs, runs)
    start = np.repeat(before, runs) + nth * RUN
    return np.append(start, per_ring.sum()).astype(np.int64), runs


def _boxes(edges: Floats, start: Ints) -> Floats:
    if len(edges) == 0:
        return np.empty((0, 4))
    low = np.minimum(edges[:, :2], edges[:, 2:])
    high = np.maximum(edges[:, :2], edges[:, 2:])
    return np.concatenate(
        [np.minimum.reduceat(low, start[:-1]), np.maximum.reduceat(high, start[:-1])], axis=1
    )


def distances(shapes: Outlines, one: Ints, other: Ints, limit: float = math.inf) -> Floats:
    """Distance of polygon one[k] to other[k], in the plane's unit; 0 where they share a point.

    What is not below the limit is `inf`.
    """
    found = np.empty(len(one))
    _measure(
        shapes.box, shapes.first, shapes.around, shapes.start, shapes.edges,
        np.asarray(one, dtype=np.int64), np.asarray(other, dtype=np.int64), limit, found,
    )  # fmt: skip
    return found


def stretch(crs: Any, bounds: tuple[float, float, float, float]) -> tuple[float, float]:
    """Least and largest length in the plane of one metre on the Earth, inside bounds of the plane.

    Of Tissot's ellipse at 21 x 21 places (Snyder 1987, USGS PP 1395); places off the Earth are left
    out. Distances measured in the plane are too short or too long by at most this.
    """
    plane = pyproj.CRS.from_user_input(crs)
    x, y = np.meshgrid(np.linspace(bounds[0], bounds[2], 21), np.linspace(bounds[1], bounds[3], 21))
    projection = pyproj.Proj(plane)
    lon, lat = projection(x.ravel(), y.ravel(), inverse=True)
    there = np.isfinite(lon) & np.isfinite(lat)
    found = projection.get_factors(lon[there], lat[there])
    return float(np.min(found.tissot_semiminor)), float(np.max(found.tissot_semimajor))


@kernel
def _measure(
    box: Floats,
    first: Ints,
    around: Floats,
    start: Ints,
    edges: Floats,
    one: Ints,
    other: Ints,
    limit: float,
    found: Floats,
) -> None:
    for k in range(one.size):
        found[k] = distance(box, first, around, start, edges, one[k], other[k], limit)
        if found[k] >= limit:
            found[k] = np.inf


@kernel
def box_gap(one: Floats, i: int, other: Floats, j: int) -> float:
    """The square of the distance between box i of one and box j of other; 0 where they meet."""
    dx = max(one[i, 0] - other[j, 2], other[j, 0] - one[i, 2], 0.0)
    dy = max(one[i, 1] - other[j, 3], other[j, 1] - one[i, 3], 0.0)
    return float(dx * dx + dy * dy)


@kernel
def distance(
    box: Floats,
    first: Ints,
    around: Floats,
    start: Ints,
    edges: Floats,
    i: int,
    j: int,
    limit: float,
) -> float:
    """Distance between polygons i and j of Outlines, or `limit` if it is not below that."""
    best = limit * limit
    if box_gap(box, i, box, j) >= best:
        return limit
    if first[i + 1] - first[i] < first[j + 1] - first[j]:
        i, j = j, i
    best = _first_guess(box, first, around, start, edges, i, j, best)
    for a in range(first[i], first[i + 1]):
        if best == 0.0:
            return 0.0
        if box_gap(around, a, box, j) >= best:
            continue
        for b in range(first[j], first[j + 1]):
            if box_gap(around, a, around, b) < best:
                best = _between_runs(start, edges, a, b, best)
    if best > 0.0 and _one_holds_the_other(box, first, around, start, edges, i, j):
        return 0.0
    return limit if best >= limit * limit else float(math.sqrt(best))


@kernel
def _first_guess(
    box: Floats,
    first: Ints,
    around: Floats,
    start: Ints,
    edges: Floats,
    i: int,
    j: int,
    best: float,
) -> float:
    """The squared distance of two runs that are likely to be near, so that others are skipped."""
    a = _nearest_run(first, around, i, box, j)
    b = _nearest_run(first, around, j, around, a)
    return _between_runs(start, edges, a, b, best)


@kernel
def _nearest_run(first: Ints, around: Floats, i: int, box: Floats, j: int) -> int:
    nearest, least = int(first[i]), np.inf
    for a in range(first[i], first[i + 1]):
        gap = box_gap(around, a, box, j)
        if gap < least:
            nearest, least = a, gap
    return nearest


@kernel
def _between_runs(start: Ints, edges: Floats, a: int, b: int, best: float) -> float:
    """The least squared distance of two runs of edges, or `best` if that is less."""
    for e in range(start[a], start[a + 1]):
        for f in range(start[b], start[b + 1]):
            best = min(best, _between_edges(edges, e, f, best))
            if best == 0.0:
                return 0.0
    return best


@kernel
def _between_edges(edges: Floats, e: int, f: int, best: float) -> float:
    ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
    cx, cy, dx, dy = edges[f, 0], edges[f, 1], edges[f, 2], edges[f, 3]
    wide = max(min(ax, bx) - max(cx, dx), min(cx, dx) - max(ax, bx), 0.0)
    high = max(min(ay, by) - max(cy, dy), min(cy, dy) - max(ay, by), 0.0)
    if wide * wide + high * high >= best:
        return best
    if wide == 0.0 and high == 0.0 and _cross(ax, ay, bx, by, cx, cy, dx, dy):
        return 0.0
    return min(
        min(_to_edge(ax, ay, cx, cy, dx, dy), _to_edge(bx, by, cx, cy, dx, dy)),
        min(_to_edge(cx, cy, ax, ay, bx, by), _to_edge(dx, dy, ax, ay, bx, by)),
    )


@kernel
def _cross(
    ax: float, ay: float, bx: float, by: float, cx: float, cy: float, dx: float, dy: float
) -> bool:
    """Whether each edge has its ends on both sides of the other; what only touches is measured."""
    c = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    d = (bx - ax) * (dy - ay) - (by - ay) * (dx - ax)
    a = (dx - cx) * (ay - cy) - (dy - cy) * (ax - cx)
    b = (dx - cx) * (by - cy) - (dy - cy) * (bx - cx)
    return ((c > 0) != (d > 0)) and ((a > 0) != (b > 0)) and c != d and a != b


@kernel
def _to_edge(x: float, y: float, ax: float, ay: float, bx: float, by: float) -> float:
    """The squared distance of a point to an edge."""
    wide, high = bx - ax, by - ay
    length = wide * wide + high * high
    along = 0.0
    if length > 0.0:
        along = min(max(((x - ax) * wide + (y - ay) * high) / length, 0.0), 1.0)
    east, north = ax + along * wide - x, ay + along * high - y
    return east * east + north * north


@kernel
def _one_holds_the_other(
    box: Floats, first: Ints, around: Floats, start: Ints, edges: Floats, i: int, j: int
) -> bool:
    """Whether one lies in the other, where their edges do not meet: one point of it decides."""
    e, f = start[first[i]], start[first[j]]
    return _holds(box, first, around, start, edges, i, edges[f, 0], edges[f, 1]) or _holds(
        box, first, around, start, edges, j, edges[e, 0], edges[e, 1]
    )


@kernel
def _holds(
    box: Floats, first: Ints, around: Floats, start: Ints, edges: Floats, i: int, x: float, y: float
) -> bool:
    """Whether polygon i holds the point: an odd number of its edges lies east of it."""
    if x < box[i, 0] or x > box[i, 2] or y < box[i, 1] or y > box[i, 3]:
        return False
    odd = False
    for a in range(first[i], first[i + 1]):
        if around[a, 1] > y or around[a, 3] < y or around[a, 2] < x:
            continue
        for e in range(start[a], start[a + 1]):
            if (edges[e, 1] > y) != (edges[e, 3] > y):
                share = (y - edges[e, 1]) / (edges[e, 3] - edges[e, 1])
                if x < edges[e, 0] + share * (edges[e, 2] - edges[e, 0]):
                    odd = not odd
    return odd
