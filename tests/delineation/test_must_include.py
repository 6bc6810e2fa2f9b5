"""Which sites count, at which level, and what becomes of points, lines and rasters."""

import datetime as dt
import math
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.delineation import must_include
from tianren.delineation.footprints import river_widths
from tianren.delineation.must_include import from_layer, from_raster, from_streams
from tianren.errors import UserError
from tianren.geo.rules import Rule
from tianren.parameters import Parameters

from .small_country import CRS, category, quantity

PARAMETERS = Parameters(dt.date(2026, 1, 1))


def layer(shapes: list[Any], **columns: list[Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)


def square(side: float = 1000.0) -> Any:
    return shapely.box(0, 0, side, side)


def protected(**columns: list[Any]) -> must_include.Prepared:
    n = len(next(iter(columns.values())))
    rule = Rule("reserves", "protected_area", columns={"zone": "ZONE"} if "ZONE" in columns else {})
    return from_layer(rule, layer([square()] * n, **columns), PARAMETERS)


def test_accepted_statuses_count_and_proposed_ones_do_not() -> None:
    status = ["Designated", "Inscribed", "ESTABLISHED", "Proposed", "Not Reported", "Adopted"]
    found = protected(NAME=list("abcdef"), STATUS=status)
    assert [d.decision for d in found.decisions] == ["include"] * 3 + ["exclude"] * 3
    assert found.decisions[3].reason == "status is Proposed, which does not count"
    (area,) = found.areas
    assert list(area.layer["site"]) == ["a", "b", "c"] and area.level == must_include.PROTECTED


@pytest.mark.parametrize(
    ("column", "land", "both", "sea"),
    [("MARINE", "0", "1", "2"), ("MARINE", 0, 1, 2), ("MARINE", 0.0, 1.0, 2.0),
     ("REALM", "Terrestrial", "Coastal", "Marine")],
)  # fmt: skip
def test_a_site_on_land_has_no_sea_and_a_marine_one_no_land(
    column: str, land: object, both: object, sea: object
) -> None:
    realms = {"land": shapely.box(0, 0, 400, 1000), "sea": shapely.box(400, 0, 5000, 1000)}
    inland = shapely.box(0, 0, 100, 100)
    sites = layer([square()] * 3 + [inland] * 2, NAME=list("abcde"),
                  **{column: [land, both, sea, land, sea]})  # fmt: skip
    rule = Rule("reserves", "protected_area")
    found = from_layer(rule, sites, PARAMETERS, realms)
    assert [d.area_m2 for d in found.decisions[:4]] == [4e5, 1e6, 6e5, 1e4]
    assert [bool(d.reason) for d in found.decisions] == [True, False, True, False, True]
    assert found.decisions[0].reason == "recorded as wholly land: 0.60 km2 beyond were cut off"
    assert found.decisions[4].decision == "exclude"
    (area,) = found.areas
    assert list(area.layer["site"]) == list("abcd")
    whole = from_layer(rule, sites, PARAMETERS, {"land": realms["land"]})
    assert [d.area_m2 for d in whole.decisions] == [1e6, 1e6, 1e6, 1e4, 1e4]


def test_biosphere_reserves_do_not_count() -> None:
    found = protected(NAME=["a"], STATUS=["Designated"], DESIG_ENG=["UNESCO-MAB Biosphere Reserve"])
    assert [d.decision for d in found.decisions] == ["exclude"] and found.areas == ()
    assert [f.rule for f in found.findings] == ["must_include.none_counts"]


def test_level_one_is_only_where_a_zone_column_says_core() -> None:
    found = protected(NAME=["a", "b", "c"], ZONE=["Core", "buffer", None])
    assert {a.level: list(a.layer["site"]) for a in found.areas} == {1: ["a"], 2: ["b", "c"]}
    assert {a.level for a in protected(NAME=["core"]).areas} == {2}


def test_other_kinds_take_every_status_and_protect_as_redline() -> None:
    rule = Rule("wetlands", "wetland")
    found = from_layer(rule, layer([square()], STATUS=["Proposed"]), PARAMETERS)
    assert [a.level for a in found.areas] == [must_include.REDLINE_ONLY]


def test_where_keeps_the_named_zones_only() -> None:
    rule = Rule("water", "drinking_water", where={"zone": ("1",)})
    found = from_layer(rule, layer([square()] * 3, zone=[1, 2, 3], name=list("abc")), PARAMETERS)
    assert [d.decision for d in found.decisions] == ["include", "exclude", "exclude"]
    with pytest.raises(UserError, match="has no column zone"):
        from_layer(rule, layer([square()], name=["a"]), PARAMETERS)


@settings(deadline=None)
@given(st.floats(0.01, 5000))
def test_a_point_becomes_a_circle_of_its_reported_area(km2: float) -> None:
    points = layer([shapely.Point(0, 0)], NAME=["a"], REP_AREA=[km2])
    found = from_layer(Rule("reserves", "protected_area"), points, PARAMETERS)
    assert found.decisions[0].area_m2 == pytest.approx(km2 * 1e6, abs=0.01)
    assert [f.rule for f in found.findings] == ["must_include.circles"]


def test_worked_example_of_a_reported_area() -> None:
    """Science W10: 78.54 km2 is a radius of 5,000.006 m."""
    points = layer([shapely.Point(0, 0)], NAME=["a"], REP_AREA=[78.54])
    found = from_layer(Rule("reserves", "protected_area"), points, PARAMETERS)
    west, _, east, _ = found.areas[0].layer.total_bounds
    assert (east - west) / 2 == pytest.approx(5000.006, rel=2e-3)
    assert math.sqrt(78.54e6 / math.pi) == pytest.approx(5000.006, abs=1e-3)


@pytest.mark.parametrize("area", [0, None, math.nan, "", -3])
def test_a_point_without_a_reported_area_does_not_count(area: Any) -> None:
    points = layer([shapely.Point(0, 0)], NAME=["a"], REP_AREA=[area])
    found = from_layer(Rule("reserves", "protected_area"), points, PARAMETERS)
    assert found.decisions[0].decision == "exclude"
    assert "reported area" in found.decisions[0].reason


def test_riparian_strips_widen_with_the_order_of_the_stream() -> None:
    lines = [shapely.LineString([(0, 0), (10_000, 0)])] * 3
    rivers = layer(lines, STRAHLER=[1, 3, 12])
    found = from_layer(Rule("rivers", "riparian"), rivers, PARAMETERS)
    widths = [(b[3] - b[1]) / 2 for b in found.areas[0].layer.bounds.to_numpy()]
    assert widths == pytest.approx([30, 100, 500])


def test_headwaters_are_first_order_reaches_only() -> None:
    lines = [shapely.LineString([(0, 0), (10_000, 0)])] * 2
    rule = Rule("springs", "headwaters", columns={"order": "n"})
    found = from_layer(rule, layer(lines, n=[1, 2]), PARAMETERS)
    assert [d.decision for d in found.decisions] == ["include", "exclude"]
    assert found.decisions[1].reason == "stream order 2 is not a headwater"


def test_streams_of_an_elevation_have_the_widths_of_their_orders() -> None:
    banks = river_widths(Rule("banks", "riparian"), PARAMETERS)
    assert [banks[order] for order in (1, 3, 7, 12)] == [30, 100, 500, 500]
    assert river_widths(Rule("springs", "headwaters"), PARAMETERS) == {1: 200}
    assert river_widths(Rule("springs", "headwaters", buffer=50), PARAMETERS) == {1: 50}
    assert set(river_widths(Rule("banks", "riparian", buffer=50), PARAMETERS).values()) == {50}


@pytest.mark.parametrize(("width", "rules"), [(30.0, 2), (60.0, 1)])
def test_a_strip_that_a_cell_makes_wider_is_said(width: float, rules: int) -> None:
    strips = category("banks", [[1, 0]])
    side = abs(strips.grid.affine.a)
    found = from_streams(Rule("banks", "riparian"), strips, {1: width * side / 100, 2: 5 * side})
    assert [f.rule for f in found.findings][:rules] == [
        "must_include.riparian_from_elevation",
        "must_include.strip_below_cell",
    ][:rules]
    assert len(found.findings) == rules


@pytest.mark.parametrize(
    ("kind", "columns", "words"),
    [
        ("riparian", {}, "no stream order"),
        ("riparian", {"order": ["x"]}, "not a number from 1"),
        ("wetland", {}, "lines, which cover no area"),
    ],
)
def test_lines_that_cannot_become_areas_are_refused(
    kind: str, columns: dict[str, list[Any]], words: str
) -> None:
    lines = layer([shapely.LineString([(0, 0), (1, 0)])], **(columns or {"name": ["a"]}))
    with pytest.raises(UserError, match=words):
        from_layer(Rule("x", kind), lines, PARAMETERS)


def test_a_declared_buffer_serves_every_geometry() -> None:
    shapes = [shapely.Point(0, 0), shapely.LineString([(0, 0), (9, 0)]), square()]
    found = from_layer(Rule("x", "my_own_kind", buffer=50), layer(shapes, n=[1, 2, 3]), PARAMETERS)
    assert all(d.decision == "include" and d.area_m2 > 0 for d in found.decisions)


def test_empty_geometries_do_not_count() -> None:
    found = from_layer(
        Rule("x", "coral"), layer([shapely.Polygon(), square()], n=[1, 2]), PARAMETERS
    )
    assert [d.decision for d in found.decisions] == ["exclude", "include"]


def test_classes_of_a_category_raster_become_flags() -> None:
    igbp = category("landcover", [[11, 15], [1, np.iinfo(np.int32).min]])
    (area,) = from_raster(Rule("wetlands", "wetland", classes=(11,)), igbp).areas
    np.testing.assert_array_equal(area.raster.read(), [[1, 0], [0, 0]])
    cover = quantity("mangrove", [[0.3, 0.0], [np.nan, 2]])
    (area,) = from_raster(Rule("mangroves", "mangrove"), cover).areas
    np.testing.assert_array_equal(area.raster.read(), [[1, 0], [0, 1]])


def test_a_class_that_the_legend_lacks_is_refused() -> None:
    import dataclasses

    igbp = dataclasses.replace(category("landcover", [[11]]), legend={11: "wetland"})
    with pytest.raises(UserError, match=r"\[12\]"):
        from_raster(Rule("w", "wetland", classes=(11, 12)), igbp)
    with pytest.raises(UserError, match="names no classes"):
        from_raster(Rule("w", "wetland"), igbp)


def test_narrow_shapes_that_the_grid_misses_are_said() -> None:
    assert must_include.area_on_grid("rivers", 1e6, 1.05e6) is None
    assert must_include.area_on_grid("rivers", 0, 0) is None
    finding = must_include.area_on_grid("rivers", 1e6, 0.0)
    assert finding is not None and "0.0 km2 on the grid and 1.0 km2" in finding.message
