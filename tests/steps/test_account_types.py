"""`tianren account` by biome, for the World Database, and with sites that do not count."""

from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest

from tests.project.small_project import CATALOG, LAEA, PROJECT, make_project
from tests.steps.test_account import record, square
from tianren.project.project import open_project
from tianren.project.runs import RunResults
from tianren.steps.account import account

SOURCES = """
[sites]
uri = "data/sites.gpkg"
kind = "vector"

[mett]
uri = "data/mett.csv"
kind = "table"
"""
SECTION = '\n[account]\nsites = ["sites"]\nassessments = ["mett"]\n'
KM2 = 1e6
WEST = square(-20, -15, 20, 30)  # half of the country, whole cells
ROWS = [
    record(1, "West", WEST, 1990),
    record(2, "Lake", square(0, -15, 10, 6), 0),
    {**record(3, "Lake", square(10, -15, 5, 6), 1995), "STATUS": "Proposed"},
    {**record(4, "Plan", square(10, 0, 5, 5), 1995), "STATUS": "Proposed"},
]
METT = "site,tool,year,score\n1,METT-4,2024,70\nLake,METT-4,2023,55\n4,METT-4,2024,10\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    folder = make_project(tmp_path_factory.mktemp("types"), PROJECT + SECTION, CATALOG + SOURCES)
    gpd.GeoDataFrame(ROWS, geometry="geometry", crs=LAEA).to_file(folder / "data" / "sites.gpkg")
    (folder / "data" / "mett.csv").write_text(METT, encoding="utf-8")
    return account(open_project(folder)).run


def test_biomes_of_the_land_cover_are_told_with_what_is_held(run: RunResults) -> None:
    """Land cover is needleleaf forest, mixed forest and towns: two biomes."""
    rows = [r for r in run.rows("coverage.csv")
            if r["dimension"] == "biome" and r["counted"] == "PA"]  # fmt: skip
    at = {r["class"]: r for r in rows}
    assert set(at) == {"T1-T2 Forests and woodlands", "T7 Intensive land use"}
    assert sum(float(r["total_m2"]) for r in rows) == pytest.approx(1200 * KM2)
    assert sum(float(r["area_m2"]) for r in rows) == pytest.approx(660 * KM2)


def test_nothing_is_asked_of_towns_and_forests_are_one_class(run: RunResults) -> None:
    asked = {r["class"] for r in run.rows("representation.csv") if r["dimension"] == "biome"}
    assert asked == {"T1-T2 Forests and woodlands"}
    (told,) = (f for f in run.findings if f["rule"] == "account.biomes_together")
    assert "T1-T2" in told["message"]


def test_the_convention_gets_the_extent_of_natural_biomes_where_no_layer_tells_more(
    run: RunResults,
) -> None:
    """Indicator A.2: towns are no natural ecosystem, so forests are all of it."""
    forest = sum(float(r["total_m2"]) for r in run.rows("coverage.csv")
                 if r["class"].startswith("T1-T2") and r["counted"] == "PA")  # fmt: skip
    book = openpyxl.load_workbook(run.path("cbd_3_1.xlsx"))
    rows = [row for row in book.active.iter_rows(values_only=True) if row[0] == "A.2"]  # type: ignore[union-attr]
    assert [row[4] for row in rows] == [None, "T1-T2 Forests and woodlands"]
    assert [row[7] for row in rows] == [pytest.approx(forest / KM2)] * 2 and forest > 0
    assert {row[6] for row in rows} == {"km2"}


def test_totals_of_cells_say_so_in_the_table_the_footnote_and_a_finding(run: RunResults) -> None:
    """Biomes are whole cells of the grid: another grid gives another total."""
    how = "cells of 1000 m by their centre"
    rows = run.rows("coverage.csv")
    assert {r["measured_by"] for r in rows if r["dimension"] == "biome"} == {how}
    assert {r["measured_by"] for r in rows if r["dimension"] != "biome"} == {"borders"}
    book = openpyxl.load_workbook(run.path("cbd_3_1.xlsx"))
    for row in list(book.active.iter_rows(values_only=True))[1:]:  # type: ignore[union-attr]
        by_cells = row[0] == "A.2" or str(row[3]).startswith("Biome")
        assert str(row[8]).startswith(f"Totals are counted in {how}") == by_cells
    (told,) = (f for f in run.findings if f["rule"] == "account.cells")
    assert "sum to 1,200.00 km2, the region within its borders is 1,200.00 km2" in told["message"]
    methods = {m["method"] for m in run.measures if m["by"].startswith("biome=")}
    assert methods and all(how in method for method in methods)


def test_without_a_sea_source_the_total_says_that_it_is_land_alone(run: RunResults) -> None:
    book = openpyxl.load_workbook(run.path("cbd_3_1.xlsx"))
    rows = list(book.active.iter_rows(values_only=True))[1:]  # type: ignore[union-attr]
    notes = [str(row[8]) for row in rows if "land_and_sea" in str(row[8])]
    assert notes and all(n.startswith("Land alone: no sea source was given.") for n in notes)
    (told,) = (f for f in run.findings if f["rule"] == "account.land_alone")
    assert told["severity"] == "warning"


def test_assessments_of_sites_that_do_not_count_are_told_and_stop_nothing(run: RunResults) -> None:
    scored = {r["site_id"]: r for r in run.rows("effectiveness.csv")}
    assert "4" not in scored
    assert float(scored["2"]["percent"]) == 55  # of two lakes the one that counts
    (told,) = (f for f in run.findings if f["rule"] == "assessments.not_counted")
    assert told["message"].endswith(": 4")


def test_sites_without_a_year_are_told_where_the_series_is(run: RunResults) -> None:
    (told,) = (f for f in run.findings if f["rule"] == "account.series_years")
    assert told["message"].startswith("1 of 2 sites")


def test_sites_that_count_are_written_in_the_schema_of_the_world_database(
    run: RunResults,
) -> None:
    written = gpd.read_file(run.path("wdpa.gpkg"), layer="WDPA_poly")
    assert sorted(written["SITE_ID"]) == [1, 2]
    assert sorted(written["STATUS_YR"]) == [0, 1990]
    assert written.to_crs(LAEA).area.sum() == pytest.approx(660 * KM2, rel=1e-6)
    sources = gpd.read_file(run.path("wdpa.gpkg"), layer="WDPA_source")
    assert set(written["METADATAID"]) == set(pd.DataFrame(sources)["METADATAID"])


def test_what_a_layer_does_not_cover_and_what_nobody_assessed_is_not_in_the_workbook(
    tmp_path: Path,
) -> None:
    own = '\n[account]\nsites = ["sites"]\n\n[gaps]\necoregions = "regions"\n'
    source = '\n[regions]\nuri = "data/regions.gpkg"\nkind = "vector"\n'
    folder = make_project(tmp_path, PROJECT + own, CATALOG + SOURCES + source)
    gpd.GeoDataFrame(ROWS, geometry="geometry", crs=LAEA).to_file(folder / "data" / "sites.gpkg")
    named = gpd.GeoDataFrame({"name": ["W"]}, geometry=[WEST], crs=LAEA)
    named.to_file(folder / "data" / "regions.gpkg")
    (folder / "data" / "mett.csv").write_text(METT, encoding="utf-8")
    run = account(open_project(folder)).run
    book = openpyxl.load_workbook(run.path("cbd_3_1.xlsx"))
    rows = list(book.active.iter_rows(values_only=True))[1:]  # type: ignore[union-attr]
    labels = {str(row[4]) for row in rows if row[3] == "Ecoregion"}
    assert labels == {"W (Terrestrial and inland water)"}
    assert not [row for row in rows if str(row[3]).startswith("Effectiveness")]
    (told,) = (f for f in run.findings if f["rule"] == "account.not_covered")
    assert told["subject"] == "regions" and told["severity"] == "note"
    assert told["message"].startswith("regions does not cover 600.00 km2")
