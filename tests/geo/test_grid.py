"""Grids: which are equal-area, what is proposed instead, and what is said of two that differ."""

import math

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from pyproj import CRS

from tianren.errors import UserError
from tianren.geo.area import longitudes, to_plane
from tianren.geo.grid import (
    area_errors,
    check_equal_area,
    make_grid,
    propose_crs,
    same_crs,
    same_grid,
)

MADAGASCAR = shapely.box(43.2, -25.6, 50.5, -11.9)
LAEA = "+proj=laea +lat_0=-19 +lon_0=47 +datum=WGS84 +units=m +no_defs"
WGS84 = CRS.from_epsg(4326)


def grid_over(crs: str, resolution: float = 1000.0) -> GeoBox:
    shape = to_plane([MADAGASCAR], WGS84, CRS(crs))
    return make_grid(shape, crs, resolution)


@pytest.mark.parametrize("crs", [LAEA, "EPSG:6933", "+proj=sinu +lon_0=47", "+proj=cea"])
def test_equal_area_projections_are_accepted(crs: str) -> None:
    assert abs(check_equal_area(grid_over(crs))) < 1e-7


@pytest.mark.parametrize(
    ("crs", "percent"), [("ESRI:54009", 0.52), ("EPSG:32738", 0.78), ("EPSG:3857", 1.0)]
)
def test_others_are_refused_with_their_error_and_a_proposal(crs: str, percent: float) -> None:
    """spherical Mollweide +0.52 % over Madagascar, UTM 38S up to +0.78 %."""
    errors = area_errors(grid_over(crs))
    assert max(errors.values()) * 100 > percent * 0.95
    with pytest.raises(UserError, match=r"not equal-area.*too large") as fault:
        check_equal_area(grid_over(crs))
    assert "1e-04" in fault.value.by_how_much
    proposed = fault.value.next_step.split('"')[1]
    assert abs(check_equal_area(grid_over(proposed))) < 1e-7


def test_degrees_and_feet_are_refused_before_areas_are_compared() -> None:
    degrees = GeoBox((10, 10), Affine(0.01, 0, 8, 0, -0.01, 47), "EPSG:4326")
    with pytest.raises(UserError, match="degree, areas need metres"):
        check_equal_area(degrees)
    feet = GeoBox((10, 10), Affine(1000, 0, 0, 0, -1000, 0), "+proj=laea +lat_0=40 +units=us-ft")
    with pytest.raises(UserError, match="foot, areas need metres"):
        check_equal_area(feet)


@given(
    st.floats(-179, 179),
    st.floats(-70, 70),
    st.floats(0.1, 40),
    st.floats(0.1, 12),
)
def test_what_is_proposed_is_accepted_anywhere(lon: float, lat: float, w: float, h: float) -> None:
    region = shapely.box(lon - w / 2, lat - h / 2, lon + w / 2, lat + h / 2)
    crs = propose_crs([region], WGS84)
    plane = to_plane([region], WGS84, CRS(crs))
    assert abs(check_equal_area(make_grid(plane, crs, 5000))) < 1e-6


def test_wide_countries_get_albers_others_lambert() -> None:
    assert propose_crs([shapely.box(73, 18, 135, 53)], WGS84).startswith("+proj=aea +lat_1=23.8")
    assert propose_crs([MADAGASCAR], WGS84).startswith("+proj=laea +lat_0=-18.8 +lon_0=46.9")
    assert propose_crs([shapely.box(-74, -34, -34, 5)], WGS84).startswith("+proj=laea")


FIJI_SPLIT = [shapely.box(177, -19, 180, -16), shapely.box(-180, -19, -178, -16)]
FIJI_ROUND = [shapely.Polygon([(177, -19), (-178, -19), (-178, -16), (177, -16)])]
FIJI_FAR = [shapely.box(177, -19, 182, -16)]


@pytest.mark.parametrize("fiji", [FIJI_SPLIT, FIJI_ROUND, FIJI_FAR])
def test_a_region_across_the_antimeridian_is_one_region(fiji: list[shapely.Polygon]) -> None:
    west, east = longitudes(np.array(fiji, dtype=object))
    assert (west, east) == (177, 182)
    crs = propose_crs(fiji, WGS84)
    assert "+lon_0=179.5" in crs
    plane = to_plane(fiji, WGS84, CRS(crs))
    whole = shapely.union_all(plane)
    assert whole.geom_type == "Polygon"
    assert make_grid(plane, crs, 1000).shape[1] < 600  # not round the world
    true, _ = (
        CRS(4326)
        .get_geod()
        .geometry_area_perimeter(shapely.segmentize(shapely.box(177, -19, 182, -16), 0.01))
    )
    assert math.isclose(whole.area, abs(true), rel_tol=1e-6)


def test_the_whole_world_is_cut_where_it_always_is() -> None:
    assert longitudes(np.array([shapely.box(-180, -90, 180, 90)], dtype=object)) == (-180, 180)


def test_densifying_keeps_the_area_of_a_long_straight_border() -> None:
    """A parallel is curved on the plane: two vertices alone would lose area."""
    strip = shapely.box(73, 40, 135, 41)
    plane = to_plane([strip], WGS84, CRS("+proj=laea +lat_0=35 +lon_0=104"))[0]
    earth = CRS("+proj=laea +lat_0=35 +lon_0=104").get_geod()
    assert earth is not None
    true, _ = earth.geometry_area_perimeter(shapely.segmentize(strip, 0.001))
    assert math.isclose(plane.area, abs(true), rel_tol=1e-6)


@given(
    st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(1, 1e5), st.floats(1, 1e5),
    st.sampled_from([10.0, 30.0, 250.0, 1000.0]),
)  # fmt: skip
def test_a_grid_covers_its_region_on_multiples_of_the_resolution(
    x: float, y: float, w: float, h: float, size: float
) -> None:
    region = shapely.box(x, y, x + w, y + h)
    grid = make_grid(region, LAEA, size)
    west, south, east, north = grid.boundingbox.bbox
    slack = 1e-6 * size
    assert west <= x + slack and south <= y + slack and east >= x + w - slack
    assert north >= y + h - slack
    assert all(abs(v / size - round(v / size)) < 1e-9 for v in (west, south, east, north))
    assert grid.shape[0] <= h / size + 2 and grid.shape[1] <= w / size + 2


def test_an_empty_region_has_no_grid() -> None:
    with pytest.raises(UserError, match="no extent"):
        make_grid(shapely.Polygon(), LAEA, 1000)


def shifted(grid: GeoBox, columns: float, rows: float) -> GeoBox:
    return GeoBox(grid.shape, grid.affine @ Affine.translation(columns, rows), grid.crs)


def test_two_grids_that_differ_say_by_how_much() -> None:
    grid = grid_over(LAEA)
    same_grid(grid, grid)
    cases = {
        "shifted by 0.5 cells east": shifted(grid, 0.5, 0),
        "shifted by 0.25 cells west and 2 cells south": shifted(grid, -0.25, 2),
        "cells are 500 by 500, not 1000 by 1000": GeoBox(
            grid.shape, Affine(500, 0, 0, 0, -500, 0), grid.crs
        ),
        "has 10 x 10 cells, not": GeoBox((10, 10), grid.affine, grid.crs),
        "its CRS is": GeoBox(grid.shape, grid.affine, "EPSG:6933"),
    }
    for message, other in cases.items():
        with pytest.raises(UserError, match=message):
            same_grid(other, grid, "dem.tif", "ndvi.tif")


def test_a_crs_is_the_same_however_it_is_written() -> None:
    assert same_crs(LAEA, CRS(LAEA).to_wkt("WKT1_GDAL"))
    assert not same_crs(LAEA, "+proj=laea +lat_0=-19 +lon_0=48 +datum=WGS84")
