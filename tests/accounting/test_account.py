"""The statement: opening and flows make the closing balance, for any history of sites."""

import datetime as dt
import math

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from tianren.accounting.account import (
    ADDITION,
    BOUNDARY,
    CORRECTION,
    FLOWS,
    MOVED,
    REMOVAL,
    Goal,
    distance,
    moves,
    statement,
    there_by,
    unbalanced,
)
from tianren.accounting.coverage import KINDS, TERRESTRIAL, attributed, balance, coverage
from tianren.accounting.series import Years, time_series

OPENED = dt.date(2015, 12, 31)
REGION = gpd.GeoDataFrame(
    {"realm": ["land", "sea"]}, geometry=[box(0, 0, 100, 100), box(100, 0, 150, 100)], crs=None
)


def site(
    number: str, shape: object, year: int | None = 2000, kind: str = "PA", name: str = ""
) -> dict[str, object]:
    return {
        "site_id": number, "parcel_id": number, "name": name or f"site {number}", "kind": kind,
        "category": "II", "year": year, "geometry": shape,
    }  # fmt: skip


def layer(*rows: dict[str, object]) -> gpd.GeoDataFrame:
    columns = ["site_id", "parcel_id", "name", "kind", "category", "year", "geometry"]
    made = gpd.GeoDataFrame(list(rows), columns=columns, geometry="geometry", crs=None)
    made["year"] = pd.array(made["year"], dtype="Int64")
    return made


def entries(opening: gpd.GeoDataFrame, closing: gpd.GeoDataFrame) -> dict[tuple[str, ...], float]:
    flows = statement(opening, closing, REGION, OPENED).flows
    return {(row.site_id, row.realm, row.kind, row.flow): row.area_m2 for row in flows.itertuples()}


def test_each_flow_has_its_site() -> None:
    opening = layer(
        site("1", box(0, 0, 10, 10)),
        site("2", box(20, 0, 30, 10)),
        site("3", box(40, 0, 50, 10), kind="OECM"),
    )
    closing = layer(
        site("1", box(0, 0, 12, 10)),  # two metres wider
        site("3", box(40, 0, 50, 10), kind="OECM"),
        site("4", box(45, 0, 55, 10), year=2020),  # half of it was an OECM
        site("5", box(95, 20, 105, 30), year=2018),  # half of it at sea
        site("6", box(60, 60, 70, 70), year=1990),  # was there, and was not in the list
    )
    assert entries(opening, closing) == {
        ("1", TERRESTRIAL, "PA", BOUNDARY): 20,
        ("2", TERRESTRIAL, "PA", REMOVAL): -100,
        ("3", TERRESTRIAL, "OECM", MOVED): -50,
        ("4", TERRESTRIAL, "PA", MOVED): 50,
        ("4", TERRESTRIAL, "PA", ADDITION): 50,
        ("5", TERRESTRIAL, "PA", ADDITION): 50,
        ("5", "sea", "PA", ADDITION): 50,
        ("6", TERRESTRIAL, "PA", CORRECTION): 100,
    }
    table = statement(opening, closing, REGION, OPENED).table.set_index(["realm", "kind"])
    assert table.loc[(TERRESTRIAL, "PA"), "opening_m2"] == 200
    assert table.loc[(TERRESTRIAL, "PA"), "closing_m2"] == 370
    assert table.loc[("sea", "PA"), "closing_m2"] == 50
    assert table["moved_m2"].sum() == 0


def test_land_that_others_had_already_is_no_addition() -> None:
    first = site("1", box(0, 0, 10, 10))
    assert entries(layer(first), layer(first, site("2", box(2, 2, 8, 8), year=2020))) == {}


def test_a_site_of_unknown_year_was_there_before() -> None:
    sites = layer(site("1", box(0, 0, 1, 1), year=None), site("2", box(2, 0, 3, 1), year=2020))
    assert list(there_by(sites, OPENED)["site_id"]) == ["1"]
    assert list(there_by(sites, dt.date(2020, 6, 1))["site_id"]) == ["1"]
    assert list(there_by(sites, dt.date(2020, 12, 31))["site_id"]) == ["1", "2"]


def test_an_id_used_for_another_place_is_told() -> None:
    told = statement(
        layer(site("7", box(0, 0, 10, 10), name="Old wood")),
        layer(site("7", box(50, 50, 60, 60), name="New lake")), REGION, OPENED,
    )  # fmt: skip
    assert [(f.rule, f.subject) for f in told.findings] == [("account.site_changed", "7")]
    assert "Old wood" in told.findings[0].message


squares = st.tuples(st.integers(0, 130), st.integers(0, 80), st.integers(1, 30)).map(
    lambda p: box(p[0], p[1], p[0] + p[2], p[1] + p[2])
)
lists = st.dictionaries(
    st.integers(1, 8),
    st.tuples(squares, st.one_of(st.none(), st.integers(1990, 2025)), st.sampled_from(KINDS)),
    max_size=8,
)


def made(histories: dict[int, tuple[object, int | None, str]]) -> gpd.GeoDataFrame:
    return layer(*(site(str(n), s, y, k) for n, (s, y, k) in sorted(histories.items())))


def each(sites: gpd.GeoDataFrame) -> pd.DataFrame:
    """What counts for each site, from the coverage's own overlay."""
    found = balance(sites, REGION)
    rows = attributed(found)
    kinds = found.sites["kind"].to_numpy(object)[rows["site"].to_numpy(int)]
    return rows.assign(kind=kinds, realm=rows["realm"].replace("land", TERRESTRIAL))


@settings(max_examples=60, deadline=None)
@given(lists, lists)
def test_opening_and_flows_make_the_closing_balance(
    one: dict[int, tuple[object, int | None, str]], two: dict[int, tuple[object, int | None, str]]
) -> None:
    opening, closing = made(one), made(two)
    told = statement(opening, closing, REGION, OPENED)
    row = told.table
    sums = row["opening_m2"] + sum(row[f"{f}_m2"] for f in FLOWS)
    assert sums.to_numpy() == pytest.approx(row["closing_m2"].to_numpy(), abs=1e-6)
    assert row["moved_m2"].sum() == pytest.approx(0, abs=1e-6)
    for sites, column in ((opening, "opening_m2"), (closing, "closing_m2")):
        for realm, shape in zip((TERRESTRIAL, "sea"), REGION.geometry, strict=True):
            whole = shapely.union_all(sites.geometry.to_numpy()).intersection(shape).area
            mine = row.loc[row["realm"] == realm, column].sum()
            assert mine == pytest.approx(whole, abs=1e-6)
    assert len(unbalanced(told, each(opening), each(closing))) == 0


def test_a_balance_that_does_not_add_up_names_the_site() -> None:
    opening = layer(site("1", box(0, 0, 10, 10)), site("2", box(20, 0, 30, 10)))
    closing = layer(site("1", box(0, 0, 10, 10)), site("2", box(20, 0, 30, 10)))
    told = statement(opening, closing, REGION, OPENED)
    another = layer(site("1", box(0, 0, 10, 10)), site("2", box(20, 0, 30, 12)))
    off = unbalanced(told, each(opening), each(another))
    assert list(off["site_id"]) == ["", "2"]
    assert list(off["off_m2"]) == [pytest.approx(20), pytest.approx(20)]


def test_the_distance_to_thirty_percent_and_the_pace() -> None:
    sites = layer(
        site("1", box(0, 0, 100, 10), year=2000),
        site("2", box(0, 10, 100, 15), year=2020),
        site("3", box(100, 0, 150, 40), year=2010),
    )
    goal = Goal(0.30, dt.date(2030, 12, 31), dt.date(2025, 12, 31), 10)
    series = time_series(sites, REGION, 2025, Years(), "PA")
    covered = coverage(balance(sites, REGION, kinds=["PA"]))
    rows = distance(covered, series, goal).set_index("realm")
    land, sea = rows.loc[TERRESTRIAL], rows.loc["sea"]
    assert land["percent"] == pytest.approx(15)
    assert land["gap_m2"] == pytest.approx(1500)
    assert land["pace_m2"] == pytest.approx(1500 / (1826 / 365.25))
    assert land["past_pace_m2"] == pytest.approx(50)  # 500 m2 in ten years
    assert land["years_at_past_pace"] == pytest.approx(30)
    assert sea["gap_m2"] == sea["pace_m2"] == sea["years_at_past_pace"] == 0


def test_after_the_deadline_no_pace_is_enough() -> None:
    sites = layer(site("1", box(0, 0, 100, 10)))
    late = Goal(0.30, dt.date(2030, 12, 31), dt.date(2031, 6, 1), 10)
    covered = coverage(balance(sites, REGION, kinds=["PA"]))
    rows = distance(covered, time_series(sites, REGION, 2031, Years(), "PA"), late)
    assert rows["pace_m2"].map(math.isinf).all()


def test_every_indicator_moves_or_does_not() -> None:
    before = {("a", "", "%"): 10.0, ("b", "", "m2"): 5.0}
    after = {("a", "", "%"): 12.5, ("b", "", "m2"): 5.0}
    assert [r["change"] for r in moves("redline", before, after)] == [2.5, 0]
