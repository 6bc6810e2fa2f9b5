"""The sites of a project: which sources, with which columns, and what is said of them."""

import datetime as dt
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from tests.project.small_project import CATALOG, LAEA, PROJECT, make_project
from tianren.errors import UserError
from tianren.project.project import Project, open_project
from tianren.steps.site_records import site_records
from tianren.steps.sites import account_sites

ACCOUNT = """
[account]
sites = ["wdpa", "national"]
columns.national = {site_id = "code_no", designation = "sort", kind = "=OECM", realm = "=land"}

[parameters.choose]
"sites.accepted_statuses" = "wcmc"
"""
SOURCES = """
[wdpa]
uri = "data/wdpa.gpkg"
kind = "vector"

[national]
uri = "data/national.gpkg"
kind = "vector"
"""
WDPA = {"WDPAID": [1, 2, 3], "WDPA_PID": ["1", "2", "3"], "PA_DEF": ["1"] * 3,
        "NAME": ["A", "B", "C"], "DESIG_ENG": ["National Park"] * 3, "IUCN_CAT": ["II"] * 3,
        "MARINE": ["0"] * 3, "REP_AREA": [100.0, 25, 4], "STATUS_YR": [2000, 0, 2010],
        "STATUS": ["Designated", "Adopted", "Proposed"]}  # fmt: skip
SHAPES = [shapely.box(-10_000, -5_000, 0, 5_000), shapely.box(5_000, 0, 10_000, 5_000),
          shapely.box(0, 0, 2_000, 2_000)]  # fmt: skip


def make(folder: Path, project: str, *, rows: int = 3) -> Project:
    made = make_project(folder, project, CATALOG + SOURCES)
    wdpa = gpd.GeoDataFrame(WDPA, geometry=SHAPES, crs=LAEA)
    wdpa.iloc[:rows].to_file(made / "data" / "wdpa.gpkg")
    place = shapely.box(-20_000, 0, -15_000, 5_000)
    grove = gpd.GeoDataFrame({"code_no": ["N1"], "sort": ["风水林"]}, geometry=[place], crs=LAEA)
    grove.iloc[:rows].to_file(made / "data" / "national.gpkg")
    return open_project(made)


def test_the_sources_of_the_account_with_their_columns(tmp_path: Path) -> None:
    found = account_sites(make(tmp_path, PROJECT + ACCOUNT))
    assert found.sources == ("wdpa", "national")
    # The choice of "wcmc" keeps the adopted one; the OECM comes last.
    assert found.sites["site_id"].tolist() == ["1", "2", "N1"]
    assert found.sites["kind"].tolist() == ["PA", "PA", "OECM"]
    assert found.sites["designation"].tolist()[2] == "风水林"
    assert (found.sites.geometry.area / 1e6).tolist() == pytest.approx([100, 25, 25])
    rules = [(f.rule, f.subject) for f in found.findings]
    assert ("sites.status", "wdpa") in rules and ("sites.no_status", "national") in rules
    assert found.cleaned.log["source"].tolist()[:2] == ["national", "national"]


def test_the_day_and_the_parameters_of_the_project_decide(tmp_path: Path) -> None:
    earlier = PROJECT.replace("2026-01-01", "1999-12-31").replace("minimum_area", "hole_limit")
    project = make(tmp_path, earlier + ACCOUNT)
    assert project.day == dt.date(1999, 12, 31)
    found = account_sites(project)
    assert "its year is 2000, after 1999-12-31 by 1" in str(found.findings)
    used = project.parameters()
    account_sites(project, used)
    assert {"sites.accepted_statuses", "sites.sliver"} <= {s.id for s in used.used()}


def test_without_an_account_those_that_must_be_inside_the_line(tmp_path: Path) -> None:
    parks = PROJECT.replace('where = {name = "东"}\n', "")
    parks = parks.replace('source = "provinces"\nkind', 'source = "wdpa"\nkind')
    columns = 'columns = {name = "DESIG_ENG", area = "REP_AREA"}'
    parks = parks.replace('columns = {name = "name"}', columns)
    found = account_sites(make(tmp_path, parks))
    assert found.sources == ("wdpa",) and found.sites["name"].tolist() == ["National Park"]


def test_a_project_without_protected_areas_is_told_what_to_add(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="names no protected areas") as fault:
        account_sites(make(tmp_path, PROJECT))  # its [must_include] counts a part of its source
    assert "[account]" in fault.value.next_step


def test_only_empty_layers_give_no_account(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no record") as fault:
        account_sites(make(tmp_path, PROJECT + ACCOUNT, rows=0))
    assert fault.value.by_how_much == "0 records in wdpa, national"


def test_what_became_of_each_record_and_what_counts_for_others(tmp_path: Path) -> None:
    project = make(tmp_path, PROJECT + ACCOUNT)
    told = site_records(project, format="shp")
    assert (told.records, told.kept) == (4, 3)
    assert told.text().startswith("3 of 4 records count (wdpa, national)\n")
    touched = {(r["action"], r["rule"]): r["records"] for r in told.outcome}
    assert touched == {("kept", ""): 3, ("noted", "year_unknown"): 2, ("refused", "status"): 1}
    assert [p.name for p in told.files if p.suffix in (".shp", ".csv")] == [
        "sites-polygons.shp", "sites-sources.csv"]  # fmt: skip
    out = gpd.read_file(told.files[0])
    assert out["SITE_ID"].tolist() == ["N1", "1", "2"] and out["DESIG"][0] == "风水林"
    assert out["SITE_TYPE"].tolist() == ["OECM", "PA", "PA"]
    assert site_records(project).files == ()


def test_the_table_of_sources_that_came_with_the_records_goes_out_with_them(tmp_path: Path) -> None:
    project = make(tmp_path, PROJECT + ACCOUNT)
    layer = gpd.read_file(tmp_path / "data" / "wdpa.gpkg").assign(METADATAID=[5, 6, 6])
    layer.to_file(tmp_path / "data" / "wdpa.shp")
    (tmp_path / "data" / "WDPA_sources.csv").write_text(
        "METADATAID,DATA_TITLE,RESP_PARTY\n5,National parks,Ministry\n", encoding="utf-8"
    )
    catalog = (tmp_path / "catalog.toml").read_text("utf-8").replace("wdpa.gpkg", "wdpa.shp")
    (tmp_path / "catalog.toml").write_text(catalog, "utf-8")
    project = open_project(tmp_path)
    found = site_records(project, "gpkg", tmp_path / "out")
    table = gpd.read_file(found.files[0], layer="WDPA_source").set_index("METADATAID")
    assert table.loc[5, ["DATA_TITLE", "RESP_PARTY"]].tolist() == ["National parks", "Ministry"]
    (told,) = [f for f in found.findings if f.rule == "sites.sources_made"]
    assert told.subject == "wdpa" and "METADATAID 6:" in told.message
