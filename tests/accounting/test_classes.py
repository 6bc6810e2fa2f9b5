"""National types: what they count as, what an own table changes, and what is refused."""

import csv
from importlib.resources import files

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from tianren.accounting.classes import (
    CATEGORIES,
    CONSERVATION,
    GOVERNANCE,
    NEITHER,
    POTENTIAL,
    PROTECTED,
    TYPE_CLASSES,
    governance_type,
    own_crosswalk,
    packaged_crosswalk,
    with_types,
)
from tianren.errors import UserError

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


def test_a_site_without_a_type_is_not_sent_to_the_crosswalk() -> None:
    """A type that was not read cannot be added to it."""
    _, _, findings = with_types(_sites(("PA", "Not Reported", "II", "")), CHINA)
    (told,) = (f.message for f in findings if f.rule == "classes.unknown_type")
    assert "no column of designation" in told and "crosswalk" not in told


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
