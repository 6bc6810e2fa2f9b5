"""Geometries brought into the project's plane: densified first, whole across the antimeridian.

A border that is straight in degrees is curved on an equal-area plane. Areas are therefore measured
on geometries whose long edges were divided before projecting (science, section 13).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from tianren.geo.moves import move_between

Geometries = NDArray[Any]  # of shapely geometries

# The curve of a parallel leaves its chord by d^2/8 sin(lat): 0.02 degrees stay within 0.1 m.
_STEP_DEGREES = 0.02
_STEP_METRES = 2_000.0


def to_plane(geometries: Sequence[Any] | Geometries, source: CRS, target: CRS) -> Geometries:
    """The geometries in the target CRS, with edges divided so that curves stay curves.

    A geometry in degrees that crosses the antimeridian stays whole: its longitudes are unrolled
    first. Raises nothing; a vertex outside the target's domain becomes infinite.
    """
    shapes = np.asarray(geometries, dtype=object)
    if source.is_geographic:
        shapes = unroll(shapes)
    if source.equals(target, ignore_axis_order=True):
        return shapes
    step = _STEP_DEGREES if source.is_geographic else _STEP_METRES
    move = move_between(source, target)
    dense = _divided(shapes, step)
    return np.asarray(shapely.transform(dense, _mover(move), interleaved=False), dtype=object)


def _divided(shapes: Geometries, step: float) -> Geometries:
    """The shapes with edges of at most a step. GEOS would mend shapes that are not valid on the
    way, lose a half of a bow tie, or fail: theirs are divided path by path and stay as they are."""
    broken = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    out = shapes.copy()
    out[~broken] = shapely.segmentize(shapes[~broken], step)
    out[broken] = [_by_paths(shape, step) for shape in shapes[broken]]
    return out


def _by_paths(shape: Any, step: float) -> Any:
    """A shape of the same type, each of its rings or lines divided."""
    if hasattr(shape, "geoms"):
        return type(shape)([_by_paths(part, step) for part in shape.geoms])
    if shape.geom_type == "Polygon":
        shell, *holes = (_divided_path(ring, step) for ring in shapely.get_rings(shape))
        return shapely.Polygon(shell, holes)
    return type(shape)(_divided_path(shape, step))


def _divided_path(path: Any, step: float) -> NDArray[np.float64]:
    """The coordinates of a path with as many more on each edge as it takes."""
    ends = shapely.get_coordinates(path)
    run = np.diff(ends, axis=0)
    count = np.maximum(1, np.ceil(np.hypot(*run.T) / step)).astype(int)
    edge = np.repeat(np.arange(len(count)), count)
    along = (np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)) / count[edge]
    return np.vstack([ends[edge] + along[:, None] * run[edge], ends[-1:]])


def _mover(move: pyproj.Transformer) -> Callable[..., Any]:
    return partial(_move, move)


def _move(move: pyproj.Transformer, x: Any, y: Any) -> Any:
    return move.transform(x, y)


def unroll(shapes: Geometries) -> Geometries:
    """Longitudes made continuous: an edge longer than half the globe goes the short way round.

    A geometry in degrees with a vertex at 179 E and the next at 179 W is meant to cross the
    antimeridian, not the whole world; its western longitudes become 181 and so on.
    """
    jumps = np.array([_jumps(shape) for shape in shapes], dtype=bool)
    if not jumps.any():
        return shapes
    out = shapes.copy()
    out[jumps] = shapely.transform(shapes[jumps], _east_of_greenwich)
    return np.asarray(out, dtype=object)


def _jumps(shape: Any) -> bool:
    if shape is None or shape.is_empty:
        return False
    west, _, east, _ = shape.bounds
    if east - west <= 180:
        return False
    return any(_ring_jumps(part) for part in _lines(shape))


def _lines(shape: Any) -> list[NDArray[np.float64]]:
    parts = shapely.get_parts(shape)
    rings = [shapely.get_rings(p) if p.geom_type == "Polygon" else [p] for p in parts]
    return [shapely.get_coordinates(ring) for group in rings for ring in group]


def _ring_jumps(coordinates: NDArray[np.float64]) -> bool:
    # An edge from 180 W to 180 E along a pole or round the world is not a crossing.
    steps = np.abs(np.diff(coordinates[:, 0]))
    return bool(((steps > 180) & (steps < 359.999)).any())


def _east_of_greenwich(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    out = coordinates.copy()
    out[:, 0] = np.where(out[:, 0] < 0, out[:, 0] + 360, out[:, 0])
    return out


def longitudes(shapes: Geometries) -> tuple[float, float]:
    """The narrowest span of longitudes that holds the geometries: (west, east), east may pass 180.

    The world is cut at the widest gap, so that Fiji spans 6 degrees, not 360.
    """
    parts = [p for shape in unroll(shapes) for p in shapely.get_parts(shape) if not p.is_empty]
    spans = sorted((b[0] % 360, b[0] % 360 + b[2] - b[0]) for b in (p.bounds for p in parts))
    merged: list[list[float]] = []
    for west, east in spans:
        if merged and west <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], east)
        else:
            merged.append([west, east])
    return _after_widest_gap(merged)


def _after_widest_gap(spans: list[list[float]]) -> tuple[float, float]:
    following = [*spans[1:], [spans[0][0] + 360, spans[0][1] + 360]]
    gaps = [after[0] - here[1] for here, after in zip(spans, following, strict=True)]
    last = max(range(len(gaps)), key=lambda i: gaps[i])
    if gaps[last] <= 0:
        return -180.0, 180.0
    west, east = following[last][0], spans[last][1]
    width = (east - west) % 360
    west = (west + 180) % 360 - 180
    return west, west + width
