"""Ranges and percentiles over a region are those of the sorted cells, whatever the blocks."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from odc.geo.geobox import GeoBox

from tianren.delineation.statistics import percentiles, value_range
from tianren.raster.raster import MISSING

from .small_layers import raster

SHAPE = (7, 9)
GRID = GeoBox.from_bbox((0, 0, 9e3, 7e3), "+proj=laea +lat_0=40 +lon_0=100", resolution=1e3)
VALUES = arrays(np.float32, SHAPE, elements=st.floats(-1e6, 1e6, width=32) | st.just(np.nan))
REALMS = arrays(np.int32, SHAPE, elements=st.sampled_from([1, 2, MISSING]))


@settings(max_examples=60, deadline=None)
@given(VALUES, REALMS, st.integers(1, 9))
def test_percentiles_are_values_of_the_sorted_cells(
    values: np.ndarray, realm: np.ndarray, size: int
) -> None:
    shares = (0.0, 0.05, 0.5, 0.95, 1.0)
    found = percentiles(
        raster("v", values, grid=GRID), raster("r", realm, category=True, grid=GRID), 1, shares,
        size=size, workers=2,
    )  # fmt: skip
    inside = np.sort(values[(realm == 1) & ~np.isnan(values)])
    if not inside.size:
        assert np.isnan(found).all()
        return
    expected = [inside[int(share * (inside.size - 1))] for share in shares]
    assert np.array_equal(np.array(found, dtype=np.float32), np.array(expected) + np.float32(0))


@settings(max_examples=30, deadline=None)
@given(VALUES, REALMS, st.integers(1, 9))
def test_the_range_is_that_of_the_realm(values: np.ndarray, realm: np.ndarray, size: int) -> None:
    low, high = value_range(
        raster("v", values, grid=GRID), raster("r", realm, category=True, grid=GRID), 1,
        size=size, workers=2,
    )  # fmt: skip
    inside = values[(realm == 1) & ~np.isnan(values)]
    if inside.size:
        assert (low, high) == (inside.min(), inside.max())
    else:
        assert np.isnan(low) and np.isnan(high)
