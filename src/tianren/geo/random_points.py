"""Points drawn in a polygon, each place equally likely, the same for the same seed."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.errors import UserError

_BATCH = 1 << 16
_MOST = 50_000_000  # draws in the box of a polygon before it is too thin to hit


def points_in(shape: Any, count: int, seed: int) -> NDArray[np.float64]:
    """count points in a polygon or multipolygon: (count, 2), in its coordinates, in the order
    drawn.

    Points are drawn in its box and kept where it covers them, so that they do not depend on how its
    vertices are listed; more points keep the earlier ones. In an equal-area plane each square metre
    is equally likely.
    """
    if shapely.area(shape) <= 0:
        raise UserError(
            "no point can be drawn in a shape without area",
            where=str(shape.geom_type),
            next_step="give a polygon",
        )
    west, south, east, north = shapely.bounds(shape)
    draws = np.random.default_rng(seed)
    shapely.prepare(shape)
    found, tries, batch = np.empty((0, 2)), 0, 2 * count + 6
    while len(found) < count and tries < _MOST:
        tried = draws.random((batch, 2)) * (east - west, north - south) + (west, south)
        found = np.vstack([found, tried[shapely.intersects_xy(shape, *tried.T)]])
        tries, batch = tries + batch, min(2 * batch, _BATCH)
    if len(found) < count:
        raise UserError(
            f"only {len(found)} of {count} points were drawn in a very thin shape",
            where=f"{shapely.area(shape):g} of {(east - west) * (north - south):g} of its box",
            next_step="split the shape or leave it out",
        )
    return found[:count]
