"""The latitude of the cells agrees with the projection, whatever the window."""

import numpy as np
import pytest
from odc.geo.geobox import GeoBox
from pyproj import Transformer

from tianren.geo.latitude import LatitudeSource

GRIDS = [
    GeoBox.from_bbox(
        (-200e3, -150e3, 230e3, 170e3), "+proj=laea +lat_0=47 +lon_0=8", resolution=1e3
    ),
    GeoBox.from_bbox(
        (-500e3, -800e3, 500e3, 800e3), "+proj=laea +lat_0=-19 +lon_0=47", resolution=5e3
    ),
    GeoBox.from_bbox((40.0, -30.0, 41.0, -29.0), "EPSG:4326", resolution=0.05),
]


@pytest.mark.parametrize("grid", GRIDS)
def test_latitude_is_that_of_the_projection(grid: GeoBox) -> None:
    rows, columns = grid.shape
    column, row = np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5)
    a = grid.affine
    x, y = a.c + a.a * column + a.b * row, a.f + a.d * column + a.e * row
    inverse = Transformer.from_crs(str(grid.crs), "EPSG:4326", always_xy=True)
    expected = inverse.transform(x, y)[1]
    found = LatitudeSource(grid).read((slice(0, rows), slice(0, columns)))
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < 0.01


def test_a_cell_has_one_latitude_in_every_window() -> None:
    source = LatitudeSource(GRIDS[0])
    rows, columns = GRIDS[0].shape
    whole = source.read((slice(0, rows), slice(0, columns)))
    for window in [
        (slice(0, 1), slice(0, 1)),
        (slice(17, 50), slice(31, 33)),
        (slice(rows - 3, rows), slice(columns - 40, columns)),
    ]:
        assert np.array_equal(source.read(window), whole[window])
