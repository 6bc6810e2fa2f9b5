"""National types and pieces of the redline: worked cases, sums, and what is refused."""

import csv
from importlib.resources import files

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.accounting.classes import (
    CATEGORIES,
    CONSERVATION,
    GOVERNANCE,
    NEITHER,
    OECM,
    POTENTIAL,
    PROTECTED,
    TYPE_CLASSES,
    ClassRules,
    biodiversity_percent,
    class_areas,
    class_measures,
    class_pieces,
    governance_type,
    own_crosswalk,
    packaged_crosswalk,
    with_types,
)
from tianren.errors import UserError

RULES = ClassRules(0.5, 10)
CRS = "EPSG:6933"
CHINA = packaged_crosswalk("CN")


@pytest.mark.parametrize(
    ("designation", "counts_as", "categories", "conservation"),
    [
        ("国家公园", PROTECTED, ("II",), ""),
        ("国家级自然保护区", PROTECTED, ("Ia", "IV"), ""),
        ("地质公园", PROTECTED, ("III",), ""),
        ("湿地公园", PROTECTED, ("IV", "VI"), ""),
        ("Scenic Area", PROTECTED, ("V",), ""),
        ("神山", POTENTIAL, (), "secondary"),
        ("重要农业文化遗产", POTENTIAL, (), "ancillary"),
        ("军事禁区", POTENTIAL, (), "ancillary"),
        ("城市公园", POTENTIAL, (), "ancillary"),
        ("生态公益林", POTENTIAL, (), "secondary"),
        ("生物多样性保护优先区域", NEITHER, (), ""),
        ("habitat", POTENTIAL, (), "primary"),
        ("barrier", NEITHER, (), "ancillary"),
    ],
)
def test_what_a_national_type_counts_as(
    designation: str, counts_as: str, categories: tuple[str, ...], conservation: str
) -> None:
    found = CHINA.find(designation)
    assert found is not None
    assert (found.counts_as, found.categories) == (counts_as, categories)
    assert found.conservation == conservation


def test_a_word_means_what_it_means_in_the_country() -> None:
    assert CHINA.find("自然公园").categories == ("III", "V", "VI")  # type: ignore[union-attr]
    assert packaged_crosswalk("MG").find("自然公园").categories == ("II", "V")  # type: ignore[union-attr]
    assert packaged_crosswalk("MG").find("国家级自然保护区") is None


def test_every_row_of_the_packaged_table_can_be_used() -> None:
    text = files("tianren.parameters").joinpath("national_types.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert len({r["id"] for r in rows}) == len(rows)
    for row in rows:
        assert row["counts_as"] in TYPE_CLASSES and row["source"] and row["verified"] in ("0", "1")
        assert set(filter(None, row["category"].split("|"))) <= set(CATEGORIES), row["id"]
        assert set(filter(None, row["governance"].split("|"))) <= set(GOVERNANCE), row["id"]
        assert row["conservation"] in ("", *CONSERVATION)
        assert all(row[f"name_{tongue}"] for tongue in ("en", "zh", "es"))
        if row["category"]:
            assert row["counts_as"] == PROTECTED, row["id"]


def test_two_types_of_one_country_share_no_word() -> None:
    text = files("tianren.parameters").joinpath("national_types.csv").read_text(encoding="utf-8")
    seen: dict[tuple[str, str], str] = {}
    for row in csv.DictReader(text.splitlines()):
        names = {row["name_en"], row["name_zh"], row["name_es"], *row["other_names"].split("|")}
        for name in names - {""}:
            key = row["jurisdiction"], name.casefold()
            assert seen.setdefault(key, row["id"]) == row["id"], name


def _sites(*rows: tuple[str, str, str, str]) -> gpd.GeoDataFrame:
    columns = ("kind", "designation", "category", "governance")
    table = pd.DataFrame(rows, columns=list(columns))
    return gpd.GeoDataFrame(table, geometry=[shapely.box(0, 0, 1, 1)] * len(rows), crs=CRS)


def test_a_type_fills_what_is_not_reported_and_unknown_types_are_listed() -> None:
    sites = _sites(
        ("PA", "国家公园", "Not Reported", "Not Reported"),
        ("PA", "国家公园", "VI", "Local communities"),
        ("PA", "自然保护区", "Not Reported", ""),
        ("PA", "Moon Park", "Not Reported", "Star Council"),
        ("PA", "水源保护区", "Not Reported", ""),
    )
    made, types, findings = with_types(sites, CHINA)
    assert list(made["iucn"]) == ["II", "VI", *["Not Reported"] * 3]
    assert list(made["governance_type"]) == ["government", "community", "government", "",
                                             "government"]  # fmt: skip
    assert list(made["category"]) == list(sites["category"])
    (unknown,) = types[types["type"] == ""].itertuples()
    assert (unknown.designation, unknown.sites) == ("Moon Park", 1)
    told = [(f.rule, f.subject) for f in findings]
    assert told == [
        ("classes.unknown_type", "Moon Park"),
        ("classes.kind", "水源保护区"),
        ("classes.unverified", "national_types.csv"),
        ("classes.governance", "Star Council"),
    ]


def test_governance_words_of_the_world_database() -> None:
    assert governance_type("Sub-national ministry or agency") == "government"
    assert governance_type("Collaborative governance") == "shared"
    assert governance_type("Non-profit organisations") == "private"
    assert governance_type("Indigenous peoples") == "community"
    assert (governance_type("Not Reported"), governance_type("Star Council")) == ("", None)


def test_an_own_table_overrides_row_by_row() -> None:
    table = pd.DataFrame(
        {"类型": ["水源保护区", "月球公园"], "归类": ["自然保护地", "neither"],
         "IUCN类别": ["VI", ""], "治理": ["政府", ""]}
    )  # fmt: skip
    mine = own_crosswalk(table, CHINA, "types.csv")
    assert CHINA.find("水源保护区").counts_as == POTENTIAL  # type: ignore[union-attr]
    changed = mine.find("水源保护区")
    assert changed is not None and changed.counts_as == PROTECTED
    assert (changed.categories, changed.governance) == (("VI",), ("government",))
    assert mine.find("月球公园").counts_as == NEITHER  # type: ignore[union-attr]
    assert mine.find("国家公园") == CHINA.find("国家公园")


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"counts_as": "park"}, "counts_as 'park' is not known"),
        ({"counts_as": ""}, "has no class"),
        ({"category": "VII"}, "the category 'VII' is not known"),
        ({"governance": "stars"}, "the governance 'stars' is not known"),
        ({"type": ""}, "names no type"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused(row: dict[str, str], what: str) -> None:
    good = {"type": "Moon Park", "counts_as": "PA", "category": "II", "governance": ""}
    with pytest.raises(UserError) as caught:
        own_crosswalk(pd.DataFrame([{**good, **row}]), CHINA, "types.csv")
    assert what in caught.value.what and caught.value.where == "types.csv, row 2"


def test_two_rows_that_differ_are_refused() -> None:
    rows = [{"type": "Moon Park", "counts_as": "PA"}, {"type": "moon park", "counts_as": "neither"}]
    with pytest.raises(UserError, match="row 3: two rows say different things of moon park"):
        own_crosswalk(pd.DataFrame(rows), CHINA, "types.csv")


# --- pieces of the redline -----------------------------------------------------------------------


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
