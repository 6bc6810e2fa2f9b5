"""Points drawn in a polygon: inside, evenly, the same for the same seed."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tianren.errors import UserError
from tianren.geo.random_points import points_in

HOLED = shapely.box(0, 0, 10, 10).difference(shapely.box(2, 2, 9, 9))
TWO = shapely.union_all([shapely.box(0, 0, 1, 1), shapely.box(50, 50, 53, 51)])


@given(st.integers(0, 2**256 - 1), st.integers(1, 40), st.sampled_from([HOLED, TWO]))
def test_points_lie_inside_and_come_again(seed: int, count: int, shape: object) -> None:
    points = points_in(shape, count, seed)
    assert points.shape == (count, 2)
    assert shapely.intersects_xy(shape, *points.T).all()
    assert (points_in(shape, count + 5, seed)[:count] == points).all()
    assert (points_in(shapely.normalize(shape), count, seed) == points).all()


def test_each_part_gets_its_share() -> None:
    points = points_in(TWO, 8000, 1)
    in_small = int((points[:, 0] < 10).sum())
    assert stats.binomtest(in_small, 8000, 0.25).pvalue > 0.001
    quarters = np.histogram(points[points[:, 0] > 10][:, 0], bins=4, range=(50, 53))[0]
    assert stats.chisquare(quarters).pvalue > 0.001


def test_what_has_no_area_or_next_to_none_is_refused() -> None:
    with pytest.raises(UserError, match="without area"):
        points_in(shapely.LineString([(0, 0), (1, 1)]), 1, 1)
    with pytest.raises(UserError, match="without area"):
        points_in(shapely.Polygon(), 1, 1)


def test_a_thin_strip_across_its_box_is_hit() -> None:
    strip = shapely.Polygon([(0, 0), (1000, 1000), (1000, 1000.5), (0, 0.5)])
    points = points_in(strip, 3, 5)
    assert shapely.intersects_xy(strip, *points.T).all()
