"""From the records to what counts, step by step: plain unions by shapely agree."""

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.geo.sites import RULES, box, layer, region, site
from tianren.accounting.from_records import STEPS, from_records
from tianren.geo.circles import circles
from tianren.geo.sites import Cleaned, beyond_realm, clean_sites, realm_shapes

LAND, SEA = "land_and_inland_water", "sea"


def made(records: gpd.GeoDataFrame, where: gpd.GeoDataFrame) -> tuple[Cleaned, Any]:
    cleaned = clean_sites(records, where, RULES)
    return cleaned, from_records(cleaned, where)


def by_step(table: Any, realm: str) -> tuple[list[float], list[int]]:
    rows = table[table["realm"] == realm]
    assert tuple(rows["step"]) == STEPS
    return [round(a / 1e6, 6) for a in rows["area_m2"]], rows["records"].tolist()


def test_each_rule_moves_the_figure_in_its_own_step() -> None:
    records = layer(
        site(box(0, 0, 10, 10), "1"),  # counts: 100 km2
        site(box(5, 0, 15, 10), "2", status="Proposed"),  # 50 km2 more
        site(box(20, 0, 30, 10), "3", designation="UNESCO-MAB Biosphere Reserve"),  # 100
        site(box(40, 0, 50, 10), "4", year=2050),  # 100
        site(shapely.Point(60_000, 50_000), "5", reported_km2=20.0),  # a circle of 20
        site(shapely.Point(70_000, 50_000), "6"),  # a point without area
        site(box(95, 0, 110, 10), "7", realm="land"),  # 50 on land, 100 beyond the coast
        site(box(90, 50, 110, 60), "8", realm="sea"),  # 100 at sea, 100 beyond the coast
        site(box(0, 0, 10, 10), "1"),  # the first again
        site(box(300, 0, 310, 10), "9"),  # in another country
    )
    _, table = made(records, region())
    areas, count = by_step(table, LAND)
    assert areas == [500, 450, 350, 370, 270, 170, 170]
    assert count == [8, 7, 6, 7, 5, 5, 4]
    areas, _ = by_step(table, SEA)
    assert areas == [200, 200, 200, 200, 200, 100, 100]
    land = table[(table["realm"] == LAND) & (table["step"] == "counted")].iloc[0]
    assert land["total_m2"] == pytest.approx(10_000e6)
    assert land["percent"] == pytest.approx(1.7)


@st.composite
def some_records(draw: st.DrawFn) -> gpd.GeoDataFrame:
    rows = []
    for n in range(draw(st.integers(1, 8))):
        x, y = draw(st.floats(-10, 190)), draw(st.floats(-10, 90))
        shape = box(x, y, x + draw(st.floats(1, 80)), y + draw(st.floats(1, 60)))
        if draw(st.integers(0, 3)) == 0:
            shape = shape.centroid
        rows.append(site(
            shape, str(n), status=draw(st.sampled_from(["Designated", "Proposed"])),
            designation=draw(st.sampled_from(["Park", "UNESCO-MAB Biosphere Reserve"])),
            realm=draw(st.sampled_from(["land", "sea", "both"])),
            year=draw(st.sampled_from([1990, 2050])),
            reported_km2=draw(st.sampled_from([0.0, 400.0])),
        ))  # fmt: skip
    return layer(*rows)


def plain_unions(cleaned: Cleaned, where: gpd.GeoDataFrame) -> list[Any]:
    """The steps' unions, written out one by one."""
    every = cleaned.every
    rule = every["rule"].to_numpy()
    points = shapely.get_dimensions(every.geometry.to_numpy()) == 0
    drawn = every.geometry.to_numpy().copy()
    for i in np.flatnonzero(points):
        area = every["reported_km2"].iloc[i]
        drawn[i] = circles(drawn[i], area) if area else shapely.Polygon()
    status = ~np.isin(rule, ["kind", "status"])
    named = status & (rule != "designation")
    left = named & ~np.isin(rule, ["point", "year", "area", "repeated"])
    cut = beyond_realm(drawn[left], every["realm"].to_numpy()[left], realm_shapes(where))
    shapes = [drawn[~points], drawn[status & ~points], drawn[named & ~points], drawn[named],
              drawn[left], cut, cleaned.sites.geometry.to_numpy()]  # fmt: skip
    return [shapely.union_all(s) for s in shapes]


@settings(max_examples=30, deadline=None)
@given(some_records(), st.booleans())
def test_it_is_what_plain_unions_give(records: gpd.GeoDataFrame, sea: bool) -> None:
    where = region(sea=sea)
    cleaned, table = made(records, where)
    unions = plain_unions(cleaned, where)
    for name, shape in zip([LAND, SEA], where.geometry, strict=False):
        wanted = [u.intersection(shape).area for u in unions]
        areas = table[table["realm"] == name]["area_m2"].to_numpy()
        assert areas == pytest.approx(wanted, rel=1e-9, abs=10)
