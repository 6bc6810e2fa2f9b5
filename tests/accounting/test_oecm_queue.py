"""What OECMs would add, against a route of its own: unions of squares."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from tianren.accounting.oecm import CANDIDATE, NOT, QUALIFIES, Given, assess, criteria
from tianren.accounting.oecm_queue import gained, queue

KM2 = 1e6
CRS = "EPSG:6933"


def box(x: float, y: float, width: float, height: float) -> shapely.Polygon:
    return shapely.box(x * 1e3, y * 1e3, (x + width) * 1e3, (y + height) * 1e3)


def places(**shapes: BaseGeometry) -> gpd.GeoDataFrame:
    columns = {"site": list(shapes), "name": list(shapes), "origin": ["candidate"] * len(shapes)}
    return gpd.GeoDataFrame(columns, geometry=list(shapes.values()), crs=CRS)


def shapes(*given: BaseGeometry) -> np.ndarray:
    made = np.empty(len(given), dtype=object)
    made[:] = given
    return made


def test_land_is_gained_once_and_only_where_nothing_is_counted() -> None:
    # a: 4 x 4, half of it counted; b overlaps a by 1 x 4 of what is new; c is counted already.
    sites = places(a=box(0, 0, 4, 4), b=box(3, 0, 3, 4), c=box(0, 1, 1, 1))
    table = queue(sites, {}, shapes(box(0, 0, 2, 4)), {"a": 0.2, "b": 0.9})
    rows = table.set_index("site")
    assert list(table["site"]) == ["b", "a", "c"]  # 12 km2 new, 8, 0
    assert rows["gain_m2"].to_dict() == pytest.approx({"a": 8 * KM2, "b": 12 * KM2, "c": 0})
    assert rows["adds_m2"].to_dict() == pytest.approx({"b": 12 * KM2, "a": 4 * KM2, "c": 0})
    assert list(table["total_m2"]) == pytest.approx([12 * KM2, 16 * KM2, 16 * KM2])
    assert rows["rank_by_value"].to_dict() == {"b": 1, "a": 2, "c": 3}
    assert set(table["missing"]) == {"not assessed yet"}


def test_what_cannot_qualify_is_not_in_the_queue() -> None:
    sites = places(a=box(0, 0, 1, 1), b=box(2, 0, 1, 1))
    table = queue(sites, {"a": assess("a", [Given("a", "C6", "no")])}, shapes(), {})
    assert list(table["site"]) == ["b"]


def test_land_under_two_outcomes_counts_for_the_better() -> None:
    sites = places(a=box(0, 0, 2, 1), b=box(1, 0, 2, 1), c=box(2, 0, 2, 1), d=box(9, 9, 1, 1))
    found = {
        "a": assess("a", [Given("a", "C6", "no")]),
        "b": assess("b", [Given("b", "C6", "partly")]),
        "c": assess("c", [Given("c", c.id, "yes", "x") for c in criteria()]),
    }
    areas = gained(sites, found, shapes(box(3, 0, 1, 1)))
    assert areas == pytest.approx({QUALIFIES: KM2, CANDIDATE: KM2, NOT: KM2})


boxes = st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 4), st.integers(1, 4))


@given(st.lists(boxes, min_size=1, max_size=6), st.lists(boxes, max_size=4))
@settings(max_examples=40, deadline=None)
def test_the_queue_adds_up_to_the_union_of_what_is_new(
    sites: list[tuple[int, int, int, int]], counted: list[tuple[int, int, int, int]]
) -> None:
    candidates = places(**{f"s{n}": box(*b) for n, b in enumerate(sites)})
    held = [box(*b) for b in counted]
    table = queue(candidates, {}, shapes(*held), {})
    new = shapely.difference(
        shapely.union_all(candidates.geometry.to_numpy()), shapely.union_all(held)
    )
    assert table["total_m2"].iloc[-1] == pytest.approx(new.area, abs=1e-3)
    assert table["adds_m2"].sum() == pytest.approx(new.area, abs=1e-3)
    alone = candidates.set_index("site").geometry.difference(shapely.union_all(held)).area
    assert table.set_index("site")["gain_m2"].to_dict() == pytest.approx(alone.to_dict(), abs=1e-3)
    assert table["gain_m2"].is_monotonic_decreasing
    assert (table["adds_m2"] <= table["gain_m2"] + 1e-3).all()
