"""Geometries in the plane: edges are divided, and nothing is mended or lost on the way."""

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from tianren.geo.area import to_plane

DEGREES, PLANE = CRS("EPSG:4326"), CRS("+proj=laea +lat_0=45 +lon_0=8 +datum=WGS84")
BOW_TIE = shapely.Polygon([(8, 45), (8.1, 45.1), (8.1, 45), (8, 45.1)])


def moved(shape: Any) -> Any:
    return to_plane(np.array([shape], dtype=object), DEGREES, PLANE)[0]


@pytest.mark.parametrize(
    "shape",
    [
        BOW_TIE,
        shapely.MultiPolygon([BOW_TIE, shapely.box(8.3, 45, 8.4, 45.1)]),
        shapely.Polygon(shapely.box(8, 45, 8.1, 45.1).exterior,
                        [[(8.05, 45.02), (8.2, 45.02), (8.2, 45.04)]]),
        shapely.GeometryCollection([BOW_TIE, shapely.Point(8, 45)]),
    ],
)  # fmt: skip
def test_a_polygon_that_crosses_itself_stays_as_it_is(shape: Any) -> None:
    plane = moved(shape)
    assert plane.geom_type == shape.geom_type and not plane.is_valid
    corners = shapely.get_coordinates(moved(shapely.MultiPoint(shapely.get_coordinates(shape))))
    kept = shapely.get_coordinates(plane)
    assert all(np.abs(kept - corner).max(axis=1).min() < 1e-6 for corner in corners)
    lengths = [shapely.get_coordinates(ring) for ring in shapely.get_rings(plane)]
    assert all(np.hypot(*np.diff(ring, axis=0).T).max() < 2300 for ring in lengths)  # 0.02 degrees


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=4, max_size=8))
def test_the_area_of_rings_as_drawn_is_kept(ring: list[tuple[int, int]]) -> None:
    """The signed area of a small polygon is that of its corners in the plane, valid or not."""
    shape = shapely.Polygon([(8 + x / 1000, 45 + y / 1000) for x, y in ring])
    xy = shapely.get_coordinates(
        [moved(shapely.Point(p)) for p in shapely.get_coordinates(shape)[:-1]]
    )
    x, y = (xy - xy[0]).T
    by_hand = abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2
    assert moved(shape).area == pytest.approx(by_hand, rel=1e-4, abs=10)
