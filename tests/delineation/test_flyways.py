"""Steps of routes against a species' range."""

import geopandas as gpd
import numpy as np
import pytest
from pyproj import Geod
from shapely import LineString, Point, box

from tianren.delineation.flyways import route_steps
from tianren.errors import UserError

LAEA = "+proj=laea +lat_0=-19 +lon_0=47 +datum=WGS84 +units=m +no_defs"


def layer(geometries, **columns) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=geometries, crs="EPSG:4326").to_crs(LAEA)


def route(longest=300.0) -> gpd.GeoDataFrame:
    line = LineString([(46, -20), (46, -18), (46, -15)])
    return layer([line], name=["west"], species=["a plover"], longest_step_km=[longest])


def test_without_stopovers_the_corners_are_the_stops_and_lengths_are_geodesic() -> None:
    steps, findings = route_steps(route(), None, 10_000.0)
    earth = Geod(ellps="WGS84")
    lengths = [earth.inv(46, a, 46, b)[2] / 1000 for a, b in ((-20, -18), (-18, -15))]
    np.testing.assert_allclose([s.length_km for s in steps], lengths, rtol=1e-6)
    assert [s.too_long for s in steps] == [False, True]
    (told,) = findings
    assert told.rule == "corridors.step_too_long" and "332 km" in told.message


def test_stopovers_near_the_line_break_it_into_steps_in_its_order() -> None:
    sites = layer(
        [Point(46.01, -16.5), box(45.99, -17.51, 46.01, -17.49), Point(47, -17), Point(46, -19)],
        name=["marsh", "lake", "far away", "other bird"],
        species=["a plover", "a plover", "a plover", "a tern"],
    )
    steps, findings = route_steps(route(), sites, 10_000.0)
    assert [s.end for s in steps] == ["lake", "marsh", "end"]
    assert [s.site for s in steps] == [True, True, False]
    assert not findings


def test_ordered_sites_are_a_route_of_their_own() -> None:
    sites = layer(
        [Point(46, -15), Point(46, -20), Point(46, -18)],
        site=["c", "a", "b"], species=["a tern"] * 3, order=[3, 1, 2],
        longest_step_km=[250, 250, 250],
    )  # fmt: skip
    steps, findings = route_steps(None, sites, 10_000.0)
    assert [(s.start, s.end, s.too_long) for s in steps] == [("a", "b", False), ("b", "c", True)]
    assert [f.rule for f in findings] == ["corridors.step_too_long"]


def test_a_route_without_its_longest_step_is_said() -> None:
    steps, findings = route_steps(route(None), None, 10_000.0)
    assert not any(s.too_long for s in steps)
    assert [f.rule for f in findings] == ["corridors.no_longest_step"]


def test_a_word_for_a_length_and_a_polygon_for_a_route_are_refused() -> None:
    with pytest.raises(UserError, match="'far'"):
        route_steps(route("far"), None, 10_000.0)
    polygon = layer([box(46, -18, 47, -17)], longest_step_km=[100])
    with pytest.raises(UserError, match="not a line"):
        route_steps(polygon, None, 10_000.0)
