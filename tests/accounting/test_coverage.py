"""Each piece of land counts once: parts sum to totals, and shapely agrees."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.accounting.coverage import (
    KINDS,
    NOT_STATED,
    Zoning,
    attributed,
    balance,
    breakdown,
    counted_names,
    coverage,
    outside_m2,
    waterfall,
)

REGION = gpd.GeoDataFrame(
    {"realm": ["land", "sea"]}, geometry=[shapely.box(0, 0, 100, 10), shapely.box(0, 10, 100, 20)]
)
UNITS = Zoning(
    "unit", ("west", "east"), np.array([shapely.box(0, 0, 40, 20), shapely.box(40, 0, 100, 20)])
)
COLUMNS = ("site_id", "parcel_id", "name", "kind", "category", "governance", "year")


def site(number: int, shape: shapely.Geometry, kind: str = "PA", **more: object) -> dict:
    made = {"site_id": str(number), "parcel_id": str(number), "name": f"site {number}"}
    return {**made, "kind": kind, "category": "II", "governance": "A", "year": 2000,
            **more, "geometry": shape}  # fmt: skip


def layer(*rows: dict) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(list(rows), columns=[*COLUMNS, "geometry"], geometry="geometry")
    return frame.assign(year=frame["year"].astype("Int64"))


@st.composite
def some_sites(draw: st.DrawFn, least: int = 1) -> gpd.GeoDataFrame:
    rows = []
    for n in range(draw(st.integers(least, 7))):
        x, y = draw(st.floats(-5, 95)), draw(st.floats(-5, 18))
        wide, high = draw(st.floats(0.5, 40)), draw(st.floats(0.5, 15))
        turn = draw(st.floats(0, 90))
        box = shapely.affinity.rotate(shapely.box(x, y, x + wide, y + high), turn)
        kind = draw(st.sampled_from(KINDS))
        category = draw(st.sampled_from(["Ia", "IV", "Not Reported", "unheard of"]))
        year = draw(st.sampled_from([1990, 2005, pd.NA]))
        rows.append(site(n, box, kind, category=category, year=year))
    return layer(*rows)


def test_worked_example_of_two_sites_that_overlap() -> None:
    """Science 10, W10: 180 and 40 with an overlap of 15, of 1000: 20.5 %, not 22 %."""
    sites = layer(
        site(1, shapely.box(0, 0, 18, 10)), site(2, shapely.box(16.5, 0, 20.5, 10), "OECM")
    )
    found = balance(sites, REGION)
    table = coverage(found).set_index(["realm", "counted"])["percent"]
    assert table["land_and_inland_water", "PA"] == pytest.approx(18.0, rel=1e-12)
    assert table["land_and_inland_water", "PA+OECM"] == pytest.approx(20.5, rel=1e-12)
    steps = waterfall(found).set_index(["realm", "step"])
    oecm = steps.loc[("land_and_inland_water", "OECM")]
    assert (oecm["once_m2"], oecm["shared_m2"], oecm["adds_m2"]) == pytest.approx((40, 15, 25))


@given(some_sites())
@settings(max_examples=60, deadline=None)
def test_sum_of_attributed_is_the_union(sites: gpd.GeoDataFrame) -> None:
    found = balance(sites, REGION, [UNITS])
    union = shapely.union_all(sites.geometry.to_numpy())
    land = shapely.union_all(REGION.geometry.to_numpy())
    inside = shapely.intersection(union, land).area
    assert attributed(found)["area_m2"].sum() == pytest.approx(inside, rel=1e-9, abs=1e-9)
    assert outside_m2(found) == pytest.approx(union.area - inside, rel=1e-9, abs=1e-6)
    steps = waterfall(found)
    assert steps["adds_m2"].sum() == pytest.approx(inside, rel=1e-9, abs=1e-9)
    for column in ("category", "governance", "year"):
        assert breakdown(found, column)["area_m2"].sum() == pytest.approx(inside, abs=1e-9)


@given(some_sites())
@settings(max_examples=40, deadline=None)
def test_each_figure_equals_shapely(sites: gpd.GeoDataFrame) -> None:
    """By hand: the union of the sites counted, cut by realm and unit."""
    table = coverage(balance(sites, REGION, [UNITS]), "unit")
    names = {"land_and_inland_water": 0, "sea": 1}
    for row in table.to_dict("records"):
        kinds = row["counted"].split("+")
        union = shapely.union_all(sites.geometry.to_numpy()[sites["kind"].isin(kinds).to_numpy()])
        unit = UNITS.polygons[UNITS.names.index(row["class"])]
        place = shapely.intersection(REGION.geometry.iloc[names[row["realm"]]], unit)
        held = shapely.intersection(union, place).area
        assert row["area_m2"] == pytest.approx(held, rel=1e-9, abs=1e-9)
        assert row["total_m2"] == pytest.approx(place.area, rel=1e-9)


@given(some_sites(least=2))
@settings(max_examples=40, deadline=None)
def test_adding_a_site_never_lowers_coverage(sites: gpd.GeoDataFrame) -> None:
    fewer = coverage(balance(sites.iloc[:-1], REGION))["area_m2"]
    assert (coverage(balance(sites, REGION))["area_m2"] >= fewer - 1e-9).all()


@given(some_sites())
@settings(max_examples=40, deadline=None)
def test_order_of_kinds_changes_who_has_land_but_not_how_much(sites: gpd.GeoDataFrame) -> None:
    one = coverage(balance(sites, REGION))
    two = coverage(balance(sites, REGION, kinds=tuple(reversed(KINDS))))
    every = [t[t["counted"].str.count(r"\+") == 2]["area_m2"].to_numpy() for t in (one, two)]
    assert every[0] == pytest.approx(every[1], abs=1e-9)


def test_inland_water_is_a_part_of_land_and_not_of_the_sea() -> None:
    lake = np.array([shapely.box(0, 5, 10, 15)])  # half of it beyond the shore
    found = balance(layer(site(1, shapely.box(0, 0, 10, 20))), REGION, inland_water=lake)
    table = coverage(found)
    total = table[table["counted"] == "PA"].set_index("realm")["total_m2"]
    assert total.to_dict() == pytest.approx(
        {"inland_water": 50, "land": 950, "land_and_inland_water": 1000, "sea": 1000}
    )
    held = table[table["counted"] == "PA"].set_index("realm")["area_m2"]
    assert held["inland_water"] + held["land"] == held["land_and_inland_water"]


def test_land_goes_to_the_first_of_a_kind_and_to_protected_areas_before_oecms() -> None:
    box = shapely.box(0, 0, 1, 1)
    sites = layer(site(3, box, "OECM"), site(2, box), site(1, box, category="Ia"))
    assert attributed(balance(sites, REGION))["site_id"].tolist() == ["2"]
    oecms = attributed(balance(sites, REGION, kinds=("OECM", "PA")))
    assert oecms["site_id"].tolist() == ["3"]


def test_what_is_not_stated_is_a_class_of_its_own() -> None:
    sites = layer(site(1, shapely.box(0, 0, 5, 5), governance=None),
                  site(2, shapely.box(6, 0, 8, 5), governance="D"))  # fmt: skip
    table = breakdown(balance(sites, REGION), "governance").set_index("class")
    assert table.loc[NOT_STATED, "area_m2"] == pytest.approx(25)
    assert table.loc["D", "percent"] == pytest.approx(1.0)


def test_no_site_at_all_is_nothing_held() -> None:
    table = coverage(balance(layer(), REGION, [UNITS]), "unit")
    assert (table["area_m2"] == 0).all()
    assert table["total_m2"].sum() == pytest.approx(3 * 2000)
    assert counted_names(KINDS)[-1] == "PA+OECM+redline"
