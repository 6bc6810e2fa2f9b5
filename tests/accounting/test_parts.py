"""Pairs, key areas, years, cells and representation: worked by hand and against shapely."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from scipy.sparse import csr_array

from tianren.accounting.cells import held_of_function, held_of_types, held_shares
from tianren.accounting.coverage import Zoning, balance, coverage
from tianren.accounting.key_areas import mean_share, share_reaching, shares_of_each
from tianren.accounting.measures import (
    breakdown_measures,
    coverage_measures,
    each_measures,
    evenness_measures,
    function_measures,
    series_measures,
    waterfall_measures,
)
from tianren.accounting.overlaps import apart, overlaps
from tianren.accounting.representation import evenness, represented, where_to_find
from tianren.accounting.series import LEFT_OUT, SAMPLED, Years, time_series

REGION = gpd.GeoDataFrame({"realm": ["land"]}, geometry=[shapely.box(0, 0, 100, 10)])


def layer(*rows: tuple) -> gpd.GeoDataFrame:
    """Sites from (id, kind, year, west, east): boxes across the whole of the region."""
    frame = gpd.GeoDataFrame(
        [
            {"site_id": n, "parcel_id": n, "name": f"site {n}", "kind": kind, "category": "II",
             "governance": "A", "year": year, "geometry": shapely.box(west, 0, east, 10)}
            for n, kind, year, west, east in rows
        ],
        geometry="geometry",
    )  # fmt: skip
    return frame.assign(year=frame["year"].astype("Int64"))


SITES = layer(("1", "PA", 1990, 0, 18), ("2", "OECM", pd.NA, 16.5, 20.5), ("3", "PA", 2005, 50, 60))


def test_pairs_that_overlap_are_listed_with_their_shares() -> None:
    (row,) = overlaps(SITES).to_dict("records")
    assert (row["site_id"], row["other_id"], row["other_kind"]) == ("1", "2", "OECM")
    assert row["area_m2"] == pytest.approx(15)
    assert (row["percent"], row["percent_of_other"]) == pytest.approx((100 * 15 / 180, 37.5))
    assert len(overlaps(SITES, at_least_m2=15.5)) == 0


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 20)), max_size=12))
@settings(max_examples=40, deadline=None)
def test_groups_hold_each_polygon_once_and_none_that_meet(spans: list) -> None:
    shapes = np.array([shapely.box(x, 0, x + wide, 1) for x, wide in spans], dtype=object)
    groups = apart(shapes)
    assert sorted(np.concatenate([*groups, np.empty(0, int)]).tolist()) == list(range(len(spans)))
    for group in groups:
        meeting = shapely.STRtree(shapes[group]).query(shapes[group], predicate="intersects")
        assert (meeting[0] == meeting[1]).all()


def test_key_areas_count_each_for_itself_even_where_they_overlap() -> None:
    """A small area held whole and a large one held in part: the mean is not the pooled share."""
    areas = np.array([shapely.box(0, 0, 10, 10), shapely.box(0, 0, 90, 10)])
    table = shares_of_each(areas, ["small", "large"], SITES)
    assert mean_share(table)["PA"] == pytest.approx((100 + 100 * 28 / 90) / 2)
    assert mean_share(table)["PA+OECM"] == pytest.approx((100 + 100 * 30.5 / 90) / 2)
    assert share_reaching(table, 0.3) == {"PA": 100.0, "PA+OECM": 100.0, "PA+OECM+redline": 100.0}
    assert share_reaching(table, 0.32)["PA"] == 50.0


def test_key_areas_are_cut_to_the_region_and_parts_of_one_name_are_one() -> None:
    areas = np.array([shapely.box(-50, 0, 5, 10), shapely.box(10, 0, 30, 10),
                      shapely.box(200, 0, 210, 10)])  # fmt: skip
    table = shares_of_each(areas, ["one", "one", "far"], SITES, REGION.geometry.iloc[0])
    assert set(table["name"]) == {"one"}
    assert table["area_m2"].iloc[0] == pytest.approx(250)
    assert table["held_m2"].tolist() == pytest.approx([130, 155, 155])


def test_unknown_years_count_as_is_stated() -> None:
    areas = {}
    for unknown in ("start", LEFT_OUT):
        table = time_series(SITES, REGION, 2010, Years(unknown), "PA+OECM")
        areas[unknown] = table.set_index("year")["area_m2"]
    assert areas["start"][[1990, 2004, 2005, 2010]].tolist() == pytest.approx([205, 205, 305, 305])
    assert areas[LEFT_OUT][[1990, 2004, 2005]].tolist() == pytest.approx([180, 180, 280])


def test_sampled_years_are_the_same_for_a_seed_and_told_with_a_range() -> None:
    sites = layer(("1", "PA", 1990, 0, 10), ("2", "PA", 2000, 20, 30), ("3", "PA", pd.NA, 40, 50))
    years = Years(SAMPLED, draws=50, seed=3, low=0.0, high=1.0)
    table, again = (time_series(sites, REGION, 2010, years) for _ in range(2))
    assert table.equals(again)
    at = table.set_index("year")
    assert (at.loc[1995, "low_m2"], at.loc[1995, "high_m2"]) == pytest.approx((100, 200))
    assert at.loc[2010, ["low_m2", "area_m2", "high_m2"]].tolist() == pytest.approx([300] * 3)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 90), st.integers(1, 40),
            st.one_of(st.none(), st.integers(1950, 2030)), st.sampled_from(["PA", "OECM"]),
        ),
        min_size=1, max_size=8,
    ),
    st.sampled_from(["start", LEFT_OUT, SAMPLED]),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_a_time_series_never_falls_and_ends_at_the_union(rows: list, unknown: str) -> None:
    sites = layer(*((str(n), kind, pd.NA if year is None else year, x, x + wide)
                    for n, (x, wide, year, kind) in enumerate(rows)))  # fmt: skip
    table = time_series(sites, REGION, 2020, Years(unknown, draws=5))  # type: ignore[arg-type]
    assert (table["added_m2"] >= -1e-9).all()
    assert (table["low_m2"] <= table["high_m2"] + 1e-9).all()
    year = sites["year"]
    there = year.fillna(2000) <= 2020
    if unknown == LEFT_OUT:
        there &= year.notna()
    union = shapely.union_all(sites.geometry.to_numpy()[there.to_numpy(dtype=bool)])
    wanted = shapely.intersection(union, REGION.geometry.iloc[0]).area
    assert table["area_m2"].iloc[-1] == pytest.approx(wanted, rel=1e-9, abs=1e-9)


GRID = GeoBox((1, 10), Affine(10, 0, 0, 0, -10, 10), "EPSG:6933")  # ten cells of 10 by 10


def test_types_of_a_raster_are_held_by_exact_shares_of_cells() -> None:
    shares = held_shares(SITES, GRID)
    assert shares[0, :3].tolist() == pytest.approx([1.0, 0.8, 0.0])
    assert shares[1, :3].tolist() == pytest.approx([1.0, 1.0, 0.05])
    amounts = csr_array([[100.0] * 3 + [0.0] * 7, [0.0] * 3 + [100.0] * 5 + [0.0] * 2, [0.0] * 10])
    table = held_of_types(("forest", "steppe", "nowhere"), amounts, shares)
    assert set(table["class"]) == {"forest", "steppe"}
    at = table.set_index(["class", "counted"])
    assert at.loc[("forest", "PA"), ["area_m2", "total_m2"]].tolist() == pytest.approx([180, 300])
    assert at.loc[("forest", "PA+OECM"), "area_m2"] == pytest.approx(205)
    assert at.loc[("steppe", "PA"), "percent"] == pytest.approx(20.0)


def test_a_function_is_held_by_value_not_by_area() -> None:
    value = np.array([[8.0, 5.0, np.nan, 2.0, 0.0, 0.0, 0.0, -3.0, 0.0, 0.0]])
    table = held_of_function("soil_conservation", value, held_shares(SITES, GRID), "t/a")
    assert table["held"].tolist() == pytest.approx([12, 13, 13])
    assert table["percent"].tolist() == pytest.approx([80, 100 * 13 / 15, 100 * 13 / 15])


ECOREGIONS = Zoning(
    "ecoregion",
    ("hills", "plain"),
    np.array([shapely.box(0, 0, 20, 10), shapely.box(20, 0, 80, 10)]),
)
UNITS = Zoning(
    "unit", ("a", "b"), np.array([shapely.box(0, 0, 55, 10), shapely.box(55, 0, 100, 10)])
)


def test_representation_counts_each_ecoregion_to_its_target() -> None:
    found = balance(SITES, REGION, [ECOREGIONS, UNITS])
    rows = represented(coverage(found, "ecoregion"), 0.3)
    at = rows.set_index(["class", "counted"])
    assert at.loc[("plain", "PA"), ["area_m2", "gap_m2"]].tolist() == pytest.approx([100, 80])
    assert at.loc[("hills", "PA"), "gap_m2"] == 0
    first = evenness(rows)[0]
    assert first.counted == "PA"
    assert first.capped_mean == pytest.approx(100 * (1 + 100 / 180) / 2)
    assert (first.at_target, first.gap_m2, first.classes) == pytest.approx((50.0, 80.0, 2))
    where = where_to_find(found, "ecoregion", "unit", 0.3)
    mine = where[where["counted"] == "PA"]
    assert mine["unit"].tolist() == ["a", "b"]
    assert mine["left_m2"].tolist() == pytest.approx([300, 200])
    assert mine["rank"].tolist() == [1, 2]
    assert mine["left_m2"].sum() == pytest.approx(600 - 100)


def test_every_table_is_told_as_measures() -> None:
    found = balance(SITES, REGION, [ECOREGIONS, UNITS])
    by_region = coverage(found, "ecoregion")
    shares = held_shares(SITES, GRID)
    function = held_of_function("carbon", np.ones(10), shares)
    made = [
        *coverage_measures(by_region, "Atlantis", "2020"),
        *breakdown_measures(_category(found), "Atlantis", "2020"),
        *waterfall_measures(_steps(found), "Atlantis", "2020"),
        *series_measures(time_series(SITES, REGION, 2010, Years()), "Atlantis"),
        *each_measures("account.key_areas", {"PA": 12.5}, "Atlantis", "2020"),
        *function_measures(function, "Atlantis", "2020"),
        *evenness_measures(evenness(represented(by_region, 0.3)), "ecoregion", "Atlantis", "2020"),
    ]
    told = {(m.indicator, m.by_text): m.value for m in made}
    plain = "ecoregion=plain; realm=land_and_inland_water; counted=PA"
    assert told["account.coverage", plain] == pytest.approx(100 / 6)
    assert told["account.adds", "realm=land_and_inland_water; kind=OECM"] == pytest.approx(25)
    assert told["account.function", "function=carbon; counted=PA"] == pytest.approx(28)
    assert len(told) == len([m for m in made if not m.indicator.endswith("series")]) + 1


def _category(found: object) -> pd.DataFrame:
    from tianren.accounting.coverage import breakdown

    return breakdown(found, "category")  # type: ignore[arg-type]


def _steps(found: object) -> pd.DataFrame:
    from tianren.accounting.coverage import waterfall

    return waterfall(found)  # type: ignore[arg-type]
