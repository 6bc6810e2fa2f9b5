"""Distances between polygons against GEOS, and where they touch, hold and surround each other."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from tianren.geo.distances import distances, outlines, stretch


def stars(seed: int, count: int, span: float) -> np.ndarray:
    """Star-shaped polygons of 5 to 60 corners, some with a hole, that may overlap."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        corners = rng.integers(5, 60)
        turn = np.sort(rng.random(corners)) * 2 * np.pi
        reach = rng.lognormal(1, 0.8) * rng.uniform(0.4, 1, corners)
        x, y = rng.uniform(0, span, 2)
        rim = np.c_[x + reach * np.cos(turn), y + reach * np.sin(turn)]
        hole = [np.c_[x, y] + (rim - [x, y]) * 0.5] if rng.random() < 0.3 else None
        found.append(shapely.make_valid(Polygon(rim, hole)))
    return shapely.get_parts(np.array(found, dtype=object))


@given(st.integers(0, 10_000), st.sampled_from([5.0, 50.0, 500.0]))
@settings(max_examples=40, deadline=None)  # compiled on first use
def test_every_pair_is_as_far_apart_as_geos_says(seed: int, span: float) -> None:
    shapes = stars(seed, 10, span)
    shapes = shapes[shapely.get_type_id(shapes) == 3]
    one, other = (side.ravel() for side in np.indices((len(shapes),) * 2))
    found = distances(outlines(shapes), one, other)
    np.testing.assert_allclose(found, shapely.distance(shapes[one], shapes[other]), atol=1e-9)


def test_what_is_not_below_the_limit_is_infinite() -> None:
    shapes = outlines(np.array([box(0, 0, 1, 1), box(4, 0, 5, 1), box(2, 0, 3, 1)]))
    np.testing.assert_array_equal(
        distances(shapes, np.zeros(2, int), np.arange(1, 3), 3.0), [np.inf, 1.0]
    )


def test_inside_in_a_hole_and_touching() -> None:
    ring = Polygon(box(0, 0, 10, 10).exterior, [box(2, 2, 8, 8).exterior])
    shapes = outlines(np.array([ring, box(4, 4, 5, 5), box(0.5, 0.5, 1, 1), box(10, 10, 11, 11)]))
    np.testing.assert_array_equal(
        distances(shapes, np.zeros(3, int), np.arange(1, 4)), [2.0, 0.0, 0.0]
    )


def test_what_is_no_polygon_is_refused() -> None:
    with pytest.raises(ValueError, match="number 1 is no polygon"):
        outlines(np.array([box(0, 0, 1, 1), shapely.Point(0, 0)]))
    with pytest.raises(ValueError, match="not finite"):
        outlines(np.array([box(0, 0, 1, np.inf)]))


def test_an_azimuthal_plane_is_true_in_its_middle_and_6933_is_not_in_switzerland() -> None:
    laea = "+proj=laea +lat_0=-19 +lon_0=47 +datum=WGS84 +units=m +no_defs"
    low, high = stretch(laea, (-1000, -1000, 1000, 1000))
    assert low == pytest.approx(1, abs=1e-6) and high == pytest.approx(1, abs=1e-6)
    low, high = stretch(laea, (-400e3, -800e3, 400e3, 800e3))
    assert 0.995 < low < 1 < high < 1.005
    low, high = stretch("EPSG:6933", (700e3, 5.3e6, 800e3, 5.4e6))
    assert low == pytest.approx(0.79, abs=0.02) and high == pytest.approx(1.27, abs=0.02)
