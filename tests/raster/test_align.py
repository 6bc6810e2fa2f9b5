"""Which resampling a layer gets: by its kind and by the ratio of cell sizes."""

import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from tianren.errors import UserError
from tianren.raster.align import cell_ratio, plan_alignment
from tianren.raster.raster import Kind

TARGET = GeoBox(
    (100, 100), Affine(1000, 0, -50_000, 0, -1000, 50_000), "+proj=laea +lat_0=45 +lon_0=8"
)


def source(degrees: float) -> GeoBox:
    n = round(4 / degrees)
    return GeoBox((n, n), Affine(degrees, 0, 6, 0, -degrees, 47), "EPSG:4326")


@pytest.mark.parametrize(
    ("kind", "fine", "coarse"),
    [
        ("category", "mode", "nearest"),
        ("continuous", "average", "bilinear"),
        ("flux", "average", "bilinear"),
        ("count", "sum", "sum"),
    ],
)
def test_the_kind_decides(kind: Kind, fine: str, coarse: str) -> None:
    assert plan_alignment(kind, source(0.001), TARGET).method == fine
    assert plan_alignment(kind, source(0.25), TARGET).method == coarse


def test_the_ratio_is_of_sides_on_the_ground() -> None:
    """A cell of 0.01 degrees at 45 N is 1112 m by 788 m, of 0.936 km2."""
    assert cell_ratio(source(0.01), TARGET) == pytest.approx(
        (1 / (1.1117 * 0.7884)) ** 0.5, rel=2e-3
    )


def test_our_own_cells_are_neither_coarsened_nor_refined() -> None:
    plan = plan_alignment("continuous", TARGET, TARGET)
    assert plan.ratio == pytest.approx(1)
    assert not plan.coarsens


def test_a_crs_that_does_not_reach_the_region_is_refused() -> None:
    far = GeoBox((10, 10), Affine(1000, 0, 0, 0, -1000, 0), "+proj=geos +h=35785831 +lon_0=-140")
    with pytest.raises(UserError, match="does not reach"):
        plan_alignment("continuous", far, TARGET)
