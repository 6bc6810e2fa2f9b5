"""What pieces of the redline count as: a worked case, sums, an independent route."""

import geopandas as gpd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.accounting.classes import NEITHER, OECM, POTENTIAL, PROTECTED, packaged_crosswalk
from tianren.accounting.redline import (
    ClassRules,
    biodiversity_percent,
    class_areas,
    class_measures,
    class_pieces,
)

RULES = ClassRules(0.5, 10)
CRS = "EPSG:6933"
CHINA = packaged_crosswalk("CN")


def _redline(*rows: tuple[str, str, str, shapely.Polygon]) -> gpd.GeoDataFrame:
    codes, categories, functions, shapes = zip(*rows, strict=True)
    columns = {"code": codes, "name": codes, "category": categories, "functions": functions}
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=CRS)


def _held(*rows: tuple[str, shapely.Polygon]) -> gpd.GeoDataFrame:
    kinds = [kind for kind, _ in rows]
    shapes = [shape for _, shape in rows]
    return gpd.GeoDataFrame({"kind": kinds}, geometry=shapes, crs=CRS)


def test_a_park_a_wood_a_dune_and_a_valley() -> None:
    """Four pieces of 10 km x 10 km side by side.

    The park: 80 of its 100 km2 in a protected area. The wood: 60 in an OECM, 10 of them in the
    protected area too. The dune: vulnerable, 4 % important for life. The valley: 12 %.
    """
    km = 1e3
    squares = [shapely.box(12 * n * km, 0, (12 * n + 10) * km, 10 * km) for n in range(4)]
    redline = _redline(
        ("park", "key_function", "water_conservation 90.0 %", squares[0]),
        ("wood", "key_function", "biodiversity 50.0 %", squares[1]),
        ("dune", "barrier", "desertification 99.0 %; biodiversity 4.0 %", squares[2]),
        ("valley", "barrier", "biodiversity 12.0 %", squares[3]),
    )
    sites = _held(
        ("OECM", shapely.box(12 * km, 0, 18 * km, 10 * km)),
        ("PA", shapely.box(2 * km, 0, 13 * km, 10 * km)),
    )
    table = class_pieces(redline, sites, CHINA, RULES).set_index("code")
    assert table["class"].to_dict() == {
        "park": PROTECTED, "wood": OECM, "dune": NEITHER, "valley": POTENTIAL,
    }  # fmt: skip
    assert table.loc["park", "reason"] == "80.0 % lies in protected areas"
    assert table.loc["wood", "reason"] == "60.0 % lies in recorded sites"
    assert "4.0 %" in table.loc["dune", "reason"] and "10 % needed" in table.loc["dune", "reason"]
    assert table.loc["valley", "reason"] == "12.0 % is extremely important for biodiversity"
    assert table.loc["wood", "protected_m2"] == pytest.approx(10e6)
    assert table.loc["wood", "oecm_m2"] == pytest.approx(50e6)
    areas = class_areas(table)
    # Potential: 20 of the park, 40 of the wood, 100 of the valley.
    wanted = {PROTECTED: 90e6, OECM: 50e6, POTENTIAL: 160e6, NEITHER: 100e6}
    assert areas == pytest.approx(wanted)
    measures = {(m.indicator, m.by_text): m.value for m in class_measures(table, "x", "2025")}
    assert measures["account.redline_area", "class=neither"] == pytest.approx(100e6)
    assert measures["account.redline_pieces", "class=potential_oecm"] == 1


def test_a_category_that_nobody_knows_counts_as_neither_and_says_so() -> None:
    redline = _redline(("x", "dream", "", shapely.box(0, 0, 1e3, 1e3)))
    (row,) = class_pieces(redline, _held(), CHINA, RULES).itertuples()
    assert row.rest_class == NEITHER and "dream" in row.reason


boxes = st.tuples(st.integers(0, 18), st.integers(0, 8), st.integers(1, 9), st.integers(1, 9))


@given(st.lists(st.tuples(st.sampled_from(["PA", "OECM"]), boxes), max_size=6))
@settings(max_examples=40, deadline=None)
def test_every_square_metre_of_the_redline_has_one_class(
    sites: list[tuple[str, tuple[int, int, int, int]]],
) -> None:
    redline = _redline(
        ("a", "key_function", "", shapely.box(0, 0, 10, 10)),
        ("b", "barrier", "", shapely.box(10, 0, 20, 10)),
    )
    held = _held(*((k, shapely.box(x, y, x + w, y + h)) for k, (x, y, w, h) in sites))
    table = class_pieces(redline, held, CHINA, RULES)
    areas = class_areas(table)
    assert sum(areas.values()) == pytest.approx(200.0)
    parks = held[held["kind"] == "PA"].union_all()
    every = held.union_all()
    line = redline.union_all()
    assert areas[PROTECTED] == pytest.approx(line.intersection(parks).area, abs=1e-9)
    assert areas[OECM] == pytest.approx(line.intersection(every.difference(parks)).area, abs=1e-9)
    for row in table.to_dict("records"):
        assert (row["protected_percent"] >= 50) == (row["class"] == PROTECTED)


def test_the_line_says_its_functions_as_it_does() -> None:
    assert biodiversity_percent("water_conservation 62.1 %; biodiversity 7.4 %") == 7.4
    assert biodiversity_percent("biodiversity 100.0 %") == 100
    assert biodiversity_percent("carbon 3.0 %") == 0
    assert biodiversity_percent("") == 0
