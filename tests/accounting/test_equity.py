"""Governance, consent, territories and SAGE: worked cases and an independent route."""

import datetime as dt
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.accounting.assessments import Score
from tianren.accounting.equity import (
    diversity,
    equity_findings,
    equity_measures,
    governance_areas,
    site_rows,
    territory_areas,
)
from tianren.accounting.oecm import Given, consented, criteria
from tianren.errors import UserError

CRS = "EPSG:6933"
DAY = dt.date(2024, 1, 1)


def test_who_governs_by_area() -> None:
    types = {"a": "government", "b": "community", "c": ""}
    found = governance_areas(types, {"a": 60.0, "b": 30.0, "c": 5.0, "d": 5.0})
    assert found == {
        "government": 60, "shared": 0, "private": 0, "community": 30, "not_told": 10,
    }  # fmt: skip


def test_diversity_counts_types_as_if_they_were_equal() -> None:
    none = dict.fromkeys(("government", "shared", "private", "community", "not_told"), 0.0)
    assert diversity({**none, "not_told": 9.0}) is None
    assert diversity({**none, "government": 5.0}) == pytest.approx(1)
    assert diversity({**none, "government": 5.0, "community": 5.0}) == pytest.approx(2)
    p, q = 0.9, 0.1
    uneven = diversity({**none, "government": 90.0, "private": 10.0})
    assert uneven == pytest.approx(1 / (p**p * q**q))
    assert uneven == pytest.approx(math.exp(-p * math.log(p) - q * math.log(q)))


SITES = pd.DataFrame({
    "site_id": ["p", "o1", "o2", "o1"],
    "kind": ["PA", "OECM", "OECM", "OECM"],
    "governance_type": ["government", "community", "", "community"],
})  # fmt: skip
AREAS = {"p": 700.0, "o1": 200.0, "o2": 100.0}


def test_consent_and_fairness_by_area() -> None:
    whole = consented([Given("o1", c.id, "yes", "a record") for c in criteria()])
    silent = consented([Given("o2", "C1", "yes", "a record")])
    scores = [Score("o1", "SAGE", DAY, 80.0, groups=3), Score("p", "SAGE", DAY, 50.0, groups=1)]
    rows = site_rows(SITES, AREAS, {"o1": whole, "o2": silent}, scores)
    assert list(rows["site_id"]) == ["o1", "o2", "p"]
    assert list(rows["consent"]) == ["yes", "no", ""]
    made = equity_measures(rows, scores, None, "x", "2025")
    found = {(m.indicator, m.by_text): m.value for m in made}
    assert found["account.consent_share", ""] == pytest.approx(100 * 200 / 300)
    assert found["account.equity_share", ""] == pytest.approx(90)
    assert found["account.equity", ""] == pytest.approx((200 * 80 + 700 * 50) / 900)
    assert found["account.governance_share", "governance=community"] == pytest.approx(20)
    told = [(f.rule, f.subject) for f in equity_findings(rows, scores)]
    assert told == [("equity.consent", "o2"), ("equity.one_group", "p")]


def _layer(column: str, *rows: tuple[str, shapely.Polygon]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({column: [r[0] for r in rows]}, geometry=[r[1] for r in rows], crs=CRS)


def _shapes(*shapes: shapely.Polygon) -> np.ndarray:
    made = np.empty(len(shapes), dtype=object)
    made[:] = shapes
    return made


def test_territories_by_recognition_and_where_they_lie() -> None:
    territories = _layer(
        "状态",
        ("已承认", shapely.box(0, 0, 10, 10)),
        ("未承认", shapely.box(5, 0, 20, 10)),
        ("", shapely.box(90, 0, 99, 9)),
    )
    sites = _layer("kind", ("PA", shapely.box(0, 0, 4, 10)), ("OECM", shapely.box(2, 0, 12, 5)))
    table = territory_areas(
        territories, "状态", sites, _shapes(shapely.box(0, 0, 50, 10)), "t.gpkg"
    )
    found = {(r.recognition, r.inside): r.area_m2 for r in table.itertuples()}
    assert found["recognised", "PA"] == pytest.approx(40)
    assert found["recognised", "OECM"] == pytest.approx(30)
    assert found["recognised", "outside"] == pytest.approx(30)
    assert found["not_recognised", "OECM"] == pytest.approx(10)
    assert found["not_recognised", "outside"] == pytest.approx(90)
    assert found["not_told", "outside"] == 0  # it lies outside the region
    made = equity_measures(site_rows(SITES, {}, {}, []), [], table, "x", "2025")
    assert len([m for m in made if m.indicator == "account.territories"]) == 12


boxes = st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 5), st.integers(1, 5))


@given(st.lists(st.tuples(st.sampled_from(["yes", "no", ""]), boxes), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_territories_sum_to_their_union_in_the_region(
    rows: list[tuple[str, tuple[int, int, int, int]]],
) -> None:
    land = shapely.box(0, 0, 10, 10)
    made = _layer("r", *((w, shapely.box(x, y, x + a, y + b)) for w, (x, y, a, b) in rows))
    sites = _layer("kind", ("PA", shapely.box(0, 0, 5, 5)))
    table = territory_areas(made, "r", sites, _shapes(land), "t")
    assert table["area_m2"].sum() == pytest.approx(made.union_all().intersection(land).area)


def test_a_recognition_that_is_not_known_is_refused() -> None:
    territories = _layer("r", ("yes", shapely.box(0, 0, 1, 1)), ("maybe", shapely.box(0, 0, 1, 1)))
    sites = _layer("kind", ("PA", shapely.box(0, 0, 5, 5)))
    with pytest.raises(UserError, match="feature 2: the recognition 'maybe' is not known"):
        territory_areas(territories, "r", sites, _shapes(shapely.box(0, 0, 1, 1)), "territories")
    with pytest.raises(UserError, match="the territories have no column q"):
        territory_areas(territories, "q", sites, _shapes(shapely.box(0, 0, 1, 1)), "territories")
