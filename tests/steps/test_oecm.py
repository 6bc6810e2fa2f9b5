"""`tianren oecm` on the invented island: with its line, from the template to the queue."""

import csv
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import rasterio
import shapely

from tests.island.island import CRS, make_drawn_island
from tianren.accounting.oecm import criteria
from tianren.errors import UserError
from tianren.project.project import open_project
from tianren.project.runs import RunResults
from tianren.reports.chapters.oecm import CODES
from tianren.reports.chapters.topics import topics
from tianren.reports.contents import read_contents
from tianren.steps.delineate import delineate
from tianren.steps.oecm import oecm
from tianren.steps.oecm_sites import STANDING
from tianren.steps.oecm_template import template

SECTION = """
[account]
candidates = "guesses"
oecm = "answers"
crosswalk = "types"
"""
SOURCES = """
[guesses]
uri = "data/guesses.gpkg"
kind = "vector"

[answers]
uri = "data/answers.csv"
kind = "table"

[types]
uri = "data/types.csv"
kind = "table"
"""
KM = 1000.0
# The grove lies on ordinary land, the barracks half in it; the annex lies in the national park.
GUESSES = {
    "grove": ("Sacred Grove", "神山", shapely.box(-12, -3, -8, 1)),
    "base": ("Barracks", "Military Site", shapely.box(-10, -3, -6, 1)),
    "annex": ("Park Annex", "Moon Base", shapely.box(4, -8, 6, -4)),
    "far": ("Far Post", "Star Base", shapely.box(-14, 0, -13, 1)),
}
HEAD = "site,criterion,answer,evidence,consent,date,assessor\n"
TYPES = "type,counts_as,category,governance\nMoon Base,neither,,\n"


def write_island(folder: Path) -> Path:
    made = make_drawn_island(folder)
    with (made / "project.toml").open("a", encoding="utf-8") as stream:
        stream.write(SECTION)
    with (made / "catalog.toml").open("a", encoding="utf-8") as stream:
        stream.write(SOURCES)
    shapes = [shapely.transform(s, lambda xy: xy * KM) for _, _, s in GUESSES.values()]
    columns = {"code": list(GUESSES), "name": [n for n, _, _ in GUESSES.values()],
               "type": [t for _, t, _ in GUESSES.values()]}  # fmt: skip
    gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS).to_file(made / "data" / "guesses.gpkg")
    rows = [f"grove,{c.id},yes,record of the elders,,2024-05-01,Wu\n" for c in criteria()]
    rows += ["base,C1,yes,list,,2024,\n", "base,C6,no,,,2024,\n", "annex,C1,yes,map,,2024,\n"]
    (made / "data" / "answers.csv").write_text(HEAD + "".join(rows), encoding="utf-8")
    (made / "data" / "types.csv").write_text(TYPES, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def island(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_island(tmp_path_factory.mktemp("oecm") / "island")
    delineate(open_project(folder), report=False)
    return folder


@pytest.fixture(scope="module")
def run(island: Path) -> RunResults:
    return oecm(open_project(island)).run


def measured(run: RunResults, indicator: str) -> dict[str, float]:
    return {r["by"].split("=")[1]: float(r["value"]) for r in run.measures
            if r["indicator"] == indicator}  # fmt: skip


def test_each_site_has_its_outcome_with_what_is_missing(run: RunResults) -> None:
    rows = {r["site"]: r for r in run.rows("oecm.csv")}
    assert {s: r["outcome"] for s, r in rows.items()} == {
        "grove": "OECM", "base": "not", "annex": "candidate",
    }  # fmt: skip
    assert rows["base"]["failed"] == "C6" and rows["base"]["conservation"] == "ancillary"
    assert rows["grove"]["conservation"] == "secondary"
    assert "C1" in rows["annex"]["missing"] and "C8" in rows["annex"]["missing"]
    assert float(rows["annex"]["protected_percent"]) == pytest.approx(100, abs=0.1)
    assert measured(run, "account.oecm_sites") == {"OECM": 1, "candidate": 1, "not": 1}


def test_land_gained_counts_once_for_the_better_outcome(run: RunResults) -> None:
    areas = measured(run, "account.oecm_area")
    assert areas["OECM"] == pytest.approx(16e6, rel=1e-3)  # the grove: 4 km x 4 km
    assert areas["not"] == pytest.approx(8e6, rel=1e-3)  # the half of the base outside it
    assert areas["candidate"] == pytest.approx(0, abs=1e4)  # the annex is in the park


def test_the_redline_is_classed_to_the_last_square_metre(run: RunResults, island: Path) -> None:
    areas = measured(run, "account.redline_area")
    line = gpd.read_file(next((island / "results").glob("delineate-*/redline.gpkg")))
    assert sum(areas.values()) == pytest.approx(line.area.sum(), rel=1e-9)
    assert areas["protected_area"] > 0 and areas["potential_oecm"] > 0
    rows = run.rows("classes.csv")
    assert len(rows) == len(line) and all(r["reason"] for r in rows)


def test_the_queue_adds_up_and_leaves_out_what_failed(run: RunResults) -> None:
    rows = run.rows("queue.csv")
    sites = [r["site"] for r in rows]
    assert "base" not in sites and {"grove", "annex"} <= set(sites)
    gains = [float(r["gain_m2"]) for r in rows]
    assert gains == sorted(gains, reverse=True)
    total = 0.0
    for row in rows:
        total += float(row["adds_m2"])
        assert float(row["total_m2"]) == pytest.approx(total)
        assert 0 <= float(row["value"]) <= 1
    waiting = {r["code"] for r in run.rows("classes.csv") if r["class"] == "potential_oecm"}
    assert waiting <= set(sites)


def test_unknown_types_are_listed_and_own_types_are_not(run: RunResults) -> None:
    told = {f["subject"] for f in run.findings if f["rule"] == "classes.unknown_type"}
    assert told == {"Star Base"}  # the project's own table has the Moon Base
    assert told == {r["designation"] for r in run.rows("types.csv") if not r["type"]}


def test_the_answer_tells_and_its_order_can_be_chosen(island: Path) -> None:
    answer = oecm(open_project(island), by="value")
    found = answer.as_dict()
    ranks = [int(r["rank_by_value"]) for r in found["queue"]]
    assert ranks == sorted(ranks)
    assert "Sacred Grove" in oecm(open_project(island)).text()
    with pytest.raises(UserError, match="no order called beauty"):
        oecm(open_project(island), by="beauty")


def test_the_template_in_chinese_is_read_back(island: Path, tmp_path: Path) -> None:
    from tianren.language import set_language

    copy = tmp_path / "island"
    shutil.copytree(island, copy)
    set_language("zh")
    try:
        made = template(open_project(copy), copy / "data" / "answers.xlsx")
    finally:
        set_language("en")
    book = openpyxl.load_workbook(made.path)
    sheet = book.worksheets[0]
    heads = [cell.value for cell in sheet[1]]
    column = {head: n for n, head in enumerate(heads, start=1)}
    assert sheet.max_row - 1 == made.sites * len(criteria())
    for row in range(2, sheet.max_row + 1):
        if sheet.cell(row, column["地块"]).value == "grove":
            sheet.cell(row, column["答案"]).value = "是"
            sheet.cell(row, column["证据"]).value = "长老记录"
    book.save(made.path)
    catalog = (copy / "catalog.toml").read_text(encoding="utf-8")
    (copy / "catalog.toml").write_text(catalog.replace("answers.csv", "answers.xlsx"), "utf-8")
    rows = oecm(open_project(copy)).run.rows("oecm.csv")
    assert [(r["site"], r["outcome"]) for r in rows] == [("grove", "OECM")]
    with pytest.raises(UserError, match="the file is there already"):
        template(open_project(copy), made.path)


def test_an_answer_for_a_site_that_is_not_there_is_refused_with_its_row(
    island: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "island"
    shutil.copytree(island, copy)
    with (copy / "data" / "answers.csv").open("a", encoding="utf-8") as stream:
        csv.writer(stream).writerow(["atlantis", "C1", "yes", "", "", "", ""])
    with pytest.raises(UserError, match="row 14, atlantis: the site 'atlantis' is not in the list"):
        oecm(open_project(copy))


def test_a_candidate_without_a_code_is_refused(island: Path, tmp_path: Path) -> None:
    copy = tmp_path / "island"
    shutil.copytree(island, copy)
    layer = gpd.read_file(copy / "data" / "guesses.gpkg")
    layer.loc[1, "code"] = ""
    layer.to_file(copy / "data" / "guesses.gpkg")
    with pytest.raises(UserError, match="1 candidates have no code"):
        oecm(open_project(copy))


def test_candidates_that_are_points_are_refused(island: Path, tmp_path: Path) -> None:
    copy = tmp_path / "island"
    shutil.copytree(island, copy)
    file = copy / "data" / "guesses.gpkg"
    layer = gpd.read_file(file)
    file.unlink()
    layer.set_geometry(layer.centroid).to_file(file)
    with pytest.raises(UserError, match="4 features, none of them a polygon"):
        oecm(open_project(copy))


def test_the_map_shows_the_classes_at_their_areas(run: RunResults, island: Path) -> None:
    with rasterio.open(run.path("standing.tif")) as source:
        codes = source.read(1)
    cell = abs(open_project(island).grid.affine.a) ** 2
    areas = measured(run, "account.redline_area")
    neither = STANDING.index("neither")
    assert np.count_nonzero(codes == neither) * cell == pytest.approx(areas["neither"], rel=0.05)
    assert np.count_nonzero(codes == STANDING.index("qualifies")) * cell == pytest.approx(16e6)
    assert CODES == STANDING


def test_the_report_tells_what_the_tables_hold(run: RunResults, tmp_path: Path) -> None:
    contents = read_contents(run.folder)
    topic = topics()["oecm"]
    drawn = topic.draw(contents, tmp_path)
    assert [d.path.name for d in drawn] == ["oecm_map.png", "oecm_queue.png"]
    assert all(d.path.stat().st_size > 10_000 for d in drawn)
    (chapter,) = topic.chapters(contents, {d.path.stem: d for d in drawn})
    classes, sites, waiting = [b for b in chapter.blocks if b["kind"] == "table"]
    assert sum(int(row[1]) for row in classes["rows"]) == int(classes["total"][1])
    assert [row[2] for row in sites["rows"]] == ["candidate", "not", "OECM"]
    assert "Barracks" not in {row[1] for row in waiting["rows"]}
    assert topic.first(contents).numbers[-1][0] == "16.0"
    assert set(topic.tables()) <= {p.name for p in run.folder.glob("*.csv")}
