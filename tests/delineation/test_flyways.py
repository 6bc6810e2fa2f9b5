"""Steps of routes against a species' range."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely import LineString, Point, box

from tianren.delineation.flyway_findings import flyway_findings
from tianren.delineation.flyways import flyways, named_columns
from tianren.errors import UserError

LAEA = "+proj=laea +lat_0=-19 +lon_0=47 +datum=WGS84 +units=m +no_defs"


def route_steps(routes, stopovers, reach):
    """Every step, and what is told of them."""
    found = flyways(routes, stopovers, reach)
    return list(found.steps), flyway_findings(found, reach)


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
    assert [f.rule for f in findings] == [
        "corridors.stopover_species", "corridors.stopover_unused",
    ]  # fmt: skip
    assert "other bird (a tern; the nearest name of a route is a plover)" in findings[0].message
    assert "far away (10" in findings[1].message and "10 km" in findings[1].message


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
    assert [s.too_long for s in steps] == [None, None]
    assert [f.rule for f in findings] == ["corridors.no_longest_step"]


def test_a_word_for_a_length_and_a_polygon_for_a_route_are_refused() -> None:
    with pytest.raises(UserError, match="'far'"):
        route_steps(route("far"), None, 10_000.0)
    polygon = layer([box(46, -18, 47, -17)], longest_step_km=[100])
    with pytest.raises(UserError, match="not a line"):
        route_steps(polygon, None, 10_000.0)


def test_a_heading_of_ten_characters_is_the_one_that_a_shapefile_cut(tmp_path) -> None:
    with pytest.warns(UserWarning, match="10 characters"):
        route().to_file(tmp_path / "routes.shp")
    read = gpd.read_file(tmp_path / "routes.shp")
    assert "longest_step_km" not in read.columns
    steps, _ = route_steps(named_columns(read, {}, "routes"), None, 10_000.0)
    assert [s.too_long for s in steps] == [False, True]


def test_the_full_heading_stands_before_the_cut_one() -> None:
    both = route().assign(longest_st=1.0)
    assert named_columns(both, {}, "")["longest_step_km"].tolist() == [300.0]


def test_the_catalog_says_which_column_plays_a_role() -> None:
    given = route(None).assign(farthest=300.0, bird="a tern")
    columns = {"longest_step_km": "farthest", "species": "bird"}
    (step, _), _ = route_steps(named_columns(given, columns, "routes"), None, 10_000.0)
    assert (step.species, step.longest_km) == ("a tern", 300.0)
    with pytest.raises(UserError, match="no column called nowhere"):
        named_columns(given, {"species": "nowhere"}, "routes")
    with pytest.raises(UserError, match="speed is no column"):
        named_columns(given, {"speed": "bird"}, "routes")


def ordered(species, orders, **columns) -> gpd.GeoDataFrame:
    places = [Point(46, -20 + n) for n in range(len(species))]
    names = [f"s{n}" for n in range(len(species))]
    return layer(places, name=names, species=species, order=orders,
                 longest_step_km=[500.0] * len(species), **columns)  # fmt: skip


def test_a_misspelt_stopover_is_not_used_for_the_route_of_another_species() -> None:
    species = ["Ardeola idae", " Ardeola idae ", "Ardeola idea"]
    sites = ordered(species, [1, 2, 3], route=["west"] * 3)
    steps, findings = route_steps(None, sites, 10_000.0)
    assert [(s.start, s.end, s.species) for s in steps] == [("s0", "s1", "Ardeola idae")]
    (told,) = findings
    assert told.rule == "corridors.stopover_species"
    assert "s2 (Ardeola idea; the nearest name of a route is Ardeola idae)" in told.message


def test_one_route_name_of_two_species_is_two_routes_and_a_site_of_any_serves_both() -> None:
    sites = ordered(["a", "b", "", "b"], [1, 1, 2, 3], route=["coast"] * 4)
    steps, findings = route_steps(None, sites, 10_000.0)
    assert [(s.species, s.start, s.end) for s in steps] == [
        ("a", "s0", "s2"), ("b", "s1", "s2"), ("b", "s2", "s3"),
    ]  # fmt: skip
    assert not findings


def test_a_route_of_one_stop_is_told() -> None:
    sites = ordered(["a tern", "a tern", "a tern"], [1, 2, 1], route=["west", "west", "east"])
    _, findings = route_steps(None, sites, 10_000.0)
    assert "corridors.short_route" in {f.rule for f in findings}
    (told,) = (f for f in findings if f.rule == "corridors.short_route")
    assert "1 of the routes" in told.message and "east (s2)" in told.message


def test_a_line_too_short_for_two_stops_is_told() -> None:
    line = layer([LineString([(46, -18), (46.01, -18)])], name=["hop"], species=["a tern"])
    site = layer([Point(46.005, -18)], name=["marsh"], species=["a tern"])
    steps, findings = route_steps(line, site, 10_000.0)
    assert not steps and [f.rule for f in findings] == ["corridors.short_route"]


def test_stopovers_without_lines_or_order_are_told() -> None:
    sites = ordered(["a", "a"], [1, 2]).drop(columns="order")
    steps, findings = route_steps(None, sites, 10_000.0)
    assert not steps and [f.rule for f in findings] == ["corridors.no_routes"]


def test_many_stopovers_are_summed_up_five_by_name() -> None:
    places = [Point(47 + n, -17) for n in range(8)]
    sites = layer(places, name=[f"s{n}" for n in range(8)], species=["a plover"] * 8)
    _, findings = route_steps(route(), sites, 10_000.0)
    (told,) = (f for f in findings if f.rule == "corridors.stopover_unused")
    assert "8 of the stopovers" in told.message and told.message.endswith(" and 3 more")
    assert told.message.index("s0 (") < told.message.index("s4 (") and "s5" not in told.message


@given(st.lists(st.sampled_from(["a plover", "a tern", "", " a plover"]), min_size=1, max_size=6),
       st.lists(st.floats(45, 48), min_size=6, max_size=6))  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_every_stopover_is_stopped_at_or_told_by_name(species, longitudes) -> None:
    places = [Point(x, -18 + n / 4) for n, x in enumerate(longitudes[: len(species)])]
    names = [f"<{n}>" for n in range(len(species))]
    found = flyways(route(), layer(places, name=names, species=species), 10_000.0)
    findings = flyway_findings(found, 10_000.0)
    told = " ".join(f.message for f in findings if f.rule.startswith("corridors.stopover"))
    many = " more" in told
    for site in found.sites:
        assert (site.number in found.used) != (site.name in told) or many
