"""`tianren account`: a small country whose numbers are known, and the island with its line."""

import csv
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

from tests.island.island import make_drawn_island
from tests.project.small_project import CATALOG, LAEA, PROJECT, make_project
from tests.steps.small_species import SPECIES, make_species_project
from tianren.accounting.account import FLOWS
from tianren.accounting.from_records import STEPS
from tianren.errors import UserError
from tianren.language.folding import columns
from tianren.measures import by_pairs
from tianren.project.project import open_project
from tianren.project.runs import RunResults, own_runs, start_run
from tianren.reports.cbd import HEADS, entries
from tianren.reports.chapters import basis
from tianren.reports.chapters.topics import topics
from tianren.reports.contents import read_contents
from tianren.steps.account import account
from tianren.steps.account_writing import footnotes
from tianren.steps.audit import audit_runs
from tianren.steps.delineate import delineate
from tianren.steps.explain_measure import amount, explain_measure, site_lines
from tianren.steps.explain_sites import sites_behind
from tianren.steps.export import export
from tianren.steps.report import write_report

KM2 = 1e6
SECTION = """
[account]
sites = ["sites"]
opening_sites = ["earlier"]
opening = 2015-12-31
candidates = "wishes"
freshwater = "zones"
assessments = ["mett"]

[gaps]
ecoregions = "ecoregions"
key_areas = "key_areas"
"""
LAYERS = ("sites", "earlier", "wishes", "zones", "ecoregions", "key_areas")
SOURCES = "".join(
    f'\n[{name}]\nuri = "data/{name}.gpkg"\nkind = "vector"\nlicence = "Terms of {name}"\n'
    for name in LAYERS
)
SOURCES += '\n[mett]\nuri = "data/mett.csv"\nkind = "table"\n'


def square(x: float, y: float, wide: float, tall: float) -> Any:
    """A box of km."""
    return shapely.box(1000 * x, 1000 * y, 1000 * (x + wide), 1000 * (y + tall))


def record(number: int, name: str, shape: Any, year: int, pa: int = 1) -> dict[str, Any]:
    return {
        "SITE_ID": number, "SITE_PID": str(number), "SITE_TYPE": "PA" if pa else "OECM",
        "NAME_ENG": name, "DESIG_ENG": "National Park", "IUCN_CAT": "II", "STATUS": "Designated",
        "STATUS_YR": year, "GOV_TYPE": "Federal or national ministry or agency",
        "REP_AREA": shape.area / KM2, "REALM": "Terrestrial", "geometry": shape,
    }  # fmt: skip


PARK = square(-20, -15, 20, 3)  # 60 km2 in the west
LAKE = square(0, -15, 10, 6)  # 60 km2 in the east
GROVE = square(-5, -14, 10, 4)  # 40 km2, 10 in the park and 20 in the lake
NOW = [record(1, "Park", PARK, 1990), record(2, "Lake", LAKE, 2020),
       record(3, "Grove", GROVE, 2022, pa=0)]  # fmt: skip
THEN = [record(1, "Park", square(-20, -15, 20, 2), 1990),
        record(9, "Old Wood", square(10, 5, 5, 4), 1980)]  # fmt: skip


def write(folder: Path, layer_name: str, rows: Any, **columns: Any) -> None:
    layer = gpd.GeoDataFrame(columns or rows, geometry=rows if columns else "geometry", crs=LAEA)
    layer.to_file(folder / "data" / f"{layer_name}.gpkg")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_project(tmp_path_factory.mktemp("account"), PROJECT + SECTION, CATALOG + SOURCES)
    write(made, "sites", NOW)
    write(made, "earlier", THEN)
    write(made, "wishes", [square(5, 5, 10, 10)], code=["w1"], name=["Wish"])
    write(made, "zones", [square(-20, -15, 20, 3), square(0, 0, 10, 10)], name=["a", "b"])
    write(made, "ecoregions", [square(-20, -15, 20, 30), square(0, -15, 20, 30)], name=["W", "E"])
    write(made, "key_areas", [square(-20, -15, 10, 6), square(0, -15, 5, 6)], name=["k1", "k2"])
    head = "site,tool,year,score\n"
    (made / "data" / "mett.csv").write_text(head + "1,METT-4,2024,70\n", encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def run(folder: Path) -> RunResults:
    return account(open_project(folder)).run


def value(run: RunResults, indicator: str, by: str) -> float:
    found = [
        float(r["value"])
        for r in run.measures
        if r["indicator"] == indicator and set(r["by"].split("; ")) == set(by.split("; "))
    ]
    assert len(found) == 1
    return found[0]


LAND = "realm=land_and_inland_water"


def test_each_square_kilometre_counts_once(run: RunResults) -> None:
    # 1,200 km2 of land: park 60 and lake 60, and of the grove's 40 the 10 that neither has
    # (x -5..0: 3 of 4 km lie in the park below y -12, so 5 x 2; x 0..5: y -14..-10 is all lake).
    assert value(run, "account.area", f"{LAND}; counted=PA") == pytest.approx(120 * KM2)
    assert value(run, "account.area", f"{LAND}; counted=PA+OECM") == pytest.approx(130 * KM2)
    assert value(run, "account.coverage", f"{LAND}; counted=PA+OECM") == pytest.approx(1300 / 120)
    mine = {r["site_id"]: float(r["land_m2"]) for r in run.rows("sites.csv")}
    assert mine == pytest.approx({"1": 60 * KM2, "2": 60 * KM2, "3": 10 * KM2})


def test_the_statement_has_every_flow_and_adds_up(run: RunResults) -> None:
    rows = {r["kind"]: {k: float(v) for k, v in r.items() if k.endswith("_m2")}
            for r in run.rows("statement.csv")}  # fmt: skip
    park = rows["PA"]
    assert park["opening_m2"] == pytest.approx(60 * KM2)  # 40 of the park and 20 of the wood
    assert park["additions_m2"] == pytest.approx(60 * KM2)
    assert park["removals_m2"] == pytest.approx(-20 * KM2)
    assert park["boundary_changes_m2"] == pytest.approx(20 * KM2)
    assert rows["OECM"]["additions_m2"] == pytest.approx(10 * KM2)
    for row in rows.values():
        flows = sum(row[f"{f}_m2"] for f in FLOWS)
        assert row["opening_m2"] + flows == pytest.approx(row["closing_m2"])
    assert run.rows("unbalanced.csv") == []


def test_what_is_missing_and_the_pace(run: RunResults) -> None:
    row = next(r for r in run.rows("distance.csv") if r["counted"] == "PA+OECM")
    assert float(row["gap_m2"]) == pytest.approx(230 * KM2)  # 360 of 1,200 are asked for
    assert float(row["pace_m2"]) == pytest.approx(230 * KM2 * 365.25 / 1825)
    assert float(row["past_pace_m2"]) == pytest.approx(7 * KM2)  # 70 in ten years


def test_a_wish_moves_every_indicator_it_touches(run: RunResults) -> None:
    moved = {(r["indicator"], r["by"]): r for r in run.rows("whatif.csv")
             if r["what_if"] == "wishes"}  # fmt: skip
    land = moved["account.coverage", LAND]
    assert float(land["change"]) == pytest.approx(100 * 100 / 1200)
    east = moved["account.coverage", f"ecoregion=E; {LAND}"]
    assert float(east["after"]) == pytest.approx(100 * (60 + 100) / 600)
    west = moved["account.coverage", f"ecoregion=W; {LAND}"]
    assert float(west["change"]) == 0
    zones = moved["account.freshwater", ""]  # zone b: 25 of its 100 km2 come in: not 30 percent
    assert float(zones["before"]) == float(zones["after"]) == 50
    linked = moved["account.protconn", "part=ProtConn"]
    assert float(linked["after"]) > float(linked["before"])


def test_the_records_step_by_step_end_at_what_counts(run: RunResults) -> None:
    rows = run.rows("from_records.csv")
    assert [r["step"] for r in rows] == list(STEPS)
    assert [float(r["area_m2"]) for r in rows] == pytest.approx([130 * KM2] * len(STEPS))
    share = value(run, "account.from_records", f"{LAND}; step=delivered")
    assert share == pytest.approx(1300 / 120)


def test_effectiveness_is_over_the_area_that_counts(run: RunResults) -> None:
    assert value(run, "account.assessed_share", "") == pytest.approx(100 * 60 / 130)


def test_figures_of_the_account_do_not_contradict_each_other(folder: Path, run: RunResults) -> None:
    found = audit_runs(open_project(folder), run.id)
    assert found.figures > 50
    assert found.faults == []


def test_the_convention_gets_one_sheet_in_its_order(run: RunResults) -> None:
    book = openpyxl.load_workbook(run.path("cbd_3_1.xlsx"))
    assert len(book.sheetnames) == 1
    head, *rows = book.active.iter_rows(values_only=True)  # type: ignore[union-attr]
    assert tuple(head) == HEADS
    assert HEADS[0] == "Indicator code" and HEADS[5:8] == ("Year", "Unit", "Value")
    assert {row[0] for row in rows} == {"3.1", "A.2"}
    for row in rows:
        assert isinstance(row[5], int) and row[6] and isinstance(row[7], int | float)
        assert row[2] == ("Yes" if row[3] else "No")
        assert bool(row[3]) == bool(row[4])
    assert {book.active.cell(k, 6).number_format for k in range(2, len(rows) + 2)} == {"0"}  # type: ignore[union-attr]
    total = [row for row in rows if row[2] == "No"]
    assert [row[0] for row in total] == ["3.1", "A.2"]
    assert total[0][7] == pytest.approx(1300 / 120)
    governed = {row[4] for row in rows if str(row[3]).startswith("Governance type")}
    assert {"Governance by government", "Not reported"} <= governed


def test_every_cell_of_the_convention_is_traced(folder: Path, run: RunResults) -> None:
    book = openpyxl.load_workbook(run.path("cbd_3_1.xlsx"))
    for row in list(book.active.iter_rows(values_only=True))[1:]:  # type: ignore[union-attr]
        name = str(row[8]).split("'")[1]
        traced = explain_measure(open_project(folder), name)
        scale = 1e6 if row[6] == "km2" else 1.0
        assert float(traced.row["value"]) == pytest.approx(row[7] * scale)
        assert traced.run.id == run.id


def test_a_number_is_traced_to_its_sites(folder: Path, run: RunResults) -> None:
    found = explain_measure(open_project(folder), f"account.area[{LAND}; counted=PA]")
    assert [(s[0], s[3]) for s in found.sites] == [("1", pytest.approx(60 * KM2)),
                                                   ("2", pytest.approx(60 * KM2))]  # fmt: skip
    assert "Lake" in found.text()
    assert "sites" in found.sources
    with pytest.raises(UserError, match=r"did you mean account\.area"):
        explain_measure(open_project(folder), "account.area[realm=land_and_water; counted=PA]")


def test_the_sites_of_every_number_sum_to_it_or_none_is_listed(run: RunResults) -> None:
    listed = set()
    for row in run.measures:
        sites, why = sites_behind(run, row)
        assert bool(sites) != bool(why)
        if sites:
            listed |= {row["indicator"], *(d for d, _ in by_pairs(row["by"]))}
        if sites and row["unit"] == "m2":
            assert sum(s[3] for s in sites) == pytest.approx(float(row["value"]), rel=1e-6)
    assert {"account.area", "account.coverage", "account.attributed", "account.governance_share",
            "account.from_records", "unit", "ecoregion", "iucn", "governance_type",
            "designation"} <= listed  # fmt: skip
    assert not listed & {"account.extent", "account.gap", "account.protconn", "biome"}


def test_the_sites_of_an_ecoregion_are_those_with_land_there(folder: Path, run: RunResults) -> None:
    west = f"ecoregion=W; {LAND}; counted=PA+OECM"
    found = explain_measure(open_project(folder), f"account.coverage[{west}]", run.id)
    assert [(s[0], s[3]) for s in found.sites] == [("1", pytest.approx(60 * KM2)),
                                                   ("3", pytest.approx(10 * KM2))]  # fmt: skip
    governed = "account.governance_share[governance=government]"
    found = explain_measure(open_project(folder), governed, run.id)
    assert [s[0] for s in found.sites] == ["1", "2", "3"]


def test_a_run_without_areas_by_ecoregion_says_so(
    folder: Path, run: RunResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    has = RunResults.has
    monkeypatch.setattr(RunResults, "has", lambda self, name:
                        name != "attribution_classes.csv" and has(self, name))  # fmt: skip
    name = f"account.area[ecoregion=W; {LAND}; counted=PA]"
    found = explain_measure(open_project(folder), name, run.id)
    assert not found.sites
    assert "older than its table attribution_classes.csv" in found.text()
    assert "Next: tianren account" in found.text()
    with pytest.raises(UserError) as refused:
        run.rows("gone.csv")
    assert refused.value.next_step == "make the run again: tianren account"


def test_a_number_names_the_inputs_that_it_rests_on(folder: Path, run: RunResults) -> None:
    def inputs(name: str) -> set[str]:
        return set(explain_measure(open_project(folder), name, run.id).sources)

    project = open_project(folder)
    plain = inputs(f"account.area[{LAND}; counted=PA]")
    assert plain == {"sites", project.region_source}
    of_west = inputs(f"account.coverage[ecoregion=W; {LAND}; counted=PA]")
    assert of_west == plain | {"ecoregions"}
    assert inputs("account.green_list_share") == set(run.record["inputs"])


def test_areas_are_told_in_square_kilometres_and_columns_stay_apart() -> None:
    assert amount(6.75e9, "m2") == "6,750.00 km2"
    assert amount(999_999, "m2") == "999,999 m2"
    assert amount(7.38, "%") == "7.38 %"
    long = "Very long name of a park " * 4
    first, second = site_lines([("1234567890123456", long, "PA", 2e9), ("2", "森林", "OECM", 1e6)])
    assert " ...  PA    2,000.00 km2" in first
    assert columns(first) == columns(second)
    assert second.endswith("  OECM      1.00 km2")


def test_what_cannot_be_added_is_refused_before_anything_is_computed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tianren.steps.account_oecm.earlier_gaps", _never)
    monkeypatch.setattr("tianren.steps.account.read_ground", _never)
    write(folder, "dots", [shapely.Point(0, 0)], name=["dot"])
    for wrong, said in (
        ({"what_if": ("hopes",)}, "there is nothing called hopes to add"),
        ({"what_if": ("redline",)}, "there is nothing called redline to add"),
        ({"add": folder / "nowhere.gpkg"}, "there is no such file"),
        ({"add": folder / "data" / "dots.gpkg"}, "1 features, none of them a polygon"),
    ):
        with pytest.raises(UserError, match=said):
            account(open_project(folder), **wrong)


def _never(*_: Any) -> None:
    raise RuntimeError("computed for nothing")


def test_a_changed_layer_or_new_corridors_make_a_new_account(folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(folder, tmp_path / "changed"))

    def made() -> RunResults:
        return account(open_project(folder), what_if=("zones",)).run

    first = made()
    assert made().id == first.id
    _corridors_run(folder, [square(-10, 0, 2, 10)])
    linked = made()
    assert linked.id != first.id
    write(folder, "zones", [square(-20, -15, 20, 4), square(0, 0, 10, 10)], name=["a", "b"])
    later = made()
    assert later.id != linked.id
    told = [f["message"] for f in later.findings if f["rule"] == "runs.outdated"]
    assert len(told) == 1 and "its sources changed since: zones. Next: tianren corridors" in told[0]
    assert not [f for f in linked.findings if f["rule"] == "runs.outdated"]


def _corridors_run(folder: Path, shapes: list[Any]) -> None:
    """A finished run of `tianren corridors` that drew these."""
    project = open_project(folder)
    run = start_run(
        project, "corridors", inputs=["zones"], settings={}, parameters=project.parameters()
    )
    with run:
        layer = gpd.GeoDataFrame(geometry=shapes, crs=LAEA)
        layer.to_file(run.folder / "corridors.gpkg")
        run.finish([], [], project.parameters())


def test_a_drawing_may_be_added(folder: Path) -> None:
    found = account(open_project(folder), what_if=("wishes",), add=folder / "data" / "zones.gpkg")
    names = {row["what_if"] for row in found.run.rows("whatif.csv")}
    assert names == {"wishes", "zones"}


def test_the_chapter_tells_the_numbers(run: RunResults, tmp_path: Path) -> None:
    contents = read_contents(run.folder)
    first = topics()["account"].first(contents)
    assert "10.8" in first.sentences[0] and "230" in first.sentences[1]
    chapters = topics()["account"].chapters(contents, {})
    told = json.dumps([c.blocks for c in chapters])
    assert "It adds up" in told and "Old Wood" in told
    assert "every polygon as delivered" in told and "points with a reported area" in told
    assert '"Government", "land and inland water"' in told and '"government"' not in told


def test_the_report_ends_with_how_the_account_is_checked(run: RunResults) -> None:
    contents = read_contents(run.folder)
    told = json.dumps(
        [basis.how_to_check(contents, {}).blocks, basis.parameters(contents, {}).blocks]
    )
    assert "tianren account" in told and "tianren explain --measure ID" in told
    assert "tianren delineate" not in told and "redline.gpkg" not in told
    assert '"2030"' in told  # the year of the deadline, not a number of thousands


def test_the_report_has_every_picture(folder: Path, run: RunResults) -> None:
    written = write_report(open_project(folder), run.id)
    pictures = {Path(name).stem for name in written.files if name.endswith(".png")}
    assert pictures == {
        "account_map", "account_waterfall_land", "account_years", "account_representation",
    }  # fmt: skip
    assert "10.8" in written.statement
    assert {"report.pdf", "report.html", "ledger.xlsx"} <= set(written.files)
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "Terms of sites" in page and "Terms of ecoregions" in page


def test_the_convention_is_told_how_many_areas_are_circles(run: RunResults) -> None:
    covered = pd.DataFrame(run.rows("coverage.csv"))
    sites = pd.DataFrame({"approximate": [True, False, True]})
    ground = SimpleNamespace(sites=sites, mixed=(), made=())
    told = footnotes(covered, ground)  # type: ignore[arg-type]
    assert told["counted"].startswith("2 of 3 areas are points")
    rows = entries(run.measures, "r", notes=told)
    assert all("2 of 3 areas" in e.footnote for e in rows if e.type == "Realm")
    sites["approximate"] = False
    assert "counted" not in footnotes(covered, ground)  # type: ignore[arg-type]


def test_consent_is_what_the_assessment_read(tmp_path: Path) -> None:
    section = '\n[account]\nsites = ["sites"]\noecm = "answers"\n'
    more = '\n[answers]\nuri = "data/answers.csv"\nkind = "table"\n'
    made = make_project(tmp_path, PROJECT + section, CATALOG + SOURCES + more)
    grove = square(-5, -8, 2, 2)
    write(made, "sites", [*NOW, record(4, "Shrine", grove, 2021, pa=0)])
    head = "site,criterion,answer,evidence,consent\n"
    rows = "Grove,consent,yes,minutes of the village,\nShrine,C1,yes,map,unknown\n"
    (made / "data" / "answers.csv").write_text(head + rows, encoding="utf-8")
    run = account(open_project(made)).run
    told = {r["site_id"]: r["consent"] for r in run.rows("equity.csv")}
    assert told == {"1": "", "2": "", "3": "yes", "4": "no"}
    assert value(run, "account.consent_share", "") == pytest.approx(100 * 10 / 14)


def test_species_are_held_as_tianren_gaps_says(tmp_path: Path) -> None:
    section = SPECIES + '\n[account]\nsites = ["sites"]\n'
    project = open_project(make_species_project(tmp_path / "species", section))
    run = account(project).run
    [held] = own_runs(project, "gaps")
    mine = {r["by"]: r["value"] for r in run.measures if r["indicator"] == INDEX}
    assert mine == {r["by"]: r["value"] for r in held.measures if r["indicator"] == INDEX}
    assert mine
    assert run.rows("species_coverage.csv") == held.rows("coverage.csv")
    assert run.rows("species_viability.csv") == held.rows("viability.csv")


INDEX = "species.protection_index"


@pytest.fixture(scope="module")
def island(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_drawn_island(tmp_path_factory.mktemp("account") / "island")
    delineate(open_project(made), report=False)
    return made


def test_the_island_with_its_line(island: Path) -> None:
    run = account(open_project(island)).run
    steps = {(r["realm"], r["step"]): r for r in run.rows("waterfall.csv")}
    assert {realm for realm, _ in steps} == {"land_and_inland_water", "sea"}
    for realm in ("land_and_inland_water", "sea"):
        adds = sum(float(steps[realm, k]["adds_m2"]) for k in ("PA", "OECM", "redline"))
        assert adds == pytest.approx(float(steps[realm, "redline"]["after_m2"]), rel=1e-9)
    names = {r["what_if"] for r in run.rows("whatif.csv")}
    assert {"redline", "oecm_queue"} <= names
    with run.path("attribution.csv").open(encoding="utf-8", newline="") as stream:
        held = sum(float(row["area_m2"]) for row in csv.DictReader(stream))
    layer = gpd.read_file(run.path("account.gpkg"), layer="sites")
    line = gpd.read_file(run.path("redline.gpkg"), layer="redline")
    region = open_project(island).region
    shapes = [*layer.geometry, *line.geometry]
    whole = shapely.union_all(shapes).intersection(shapely.union_all(region.geometry.to_numpy()))
    assert held == pytest.approx(whole.area, rel=1e-6)
    assert audit_runs(open_project(island), run.id).faults == []
    with pytest.raises(UserError, match="without what the boundary table needs") as refused:
        export(open_project(island), run.id, "shapefile")
    assert "dominant" in refused.value.by_how_much and "--run delineate-" in refused.value.next_step
    assert export(open_project(island), run.id, "geojson").pieces > 0


def test_the_islands_records_step_by_step(island: Path) -> None:
    """Plain unions by shapely of the records with the designations and statuses that count."""
    project = open_project(island)
    run = account(project).run
    made = {(r["step"], r["realm"]): float(r["area_m2"]) for r in run.rows("from_records.csv")}
    layer = project.vector("wdpa")[0]
    there = layer[layer["STATUS"].str.casefold().isin(["designated", "inscribed", "established"])]
    named = there[there["DESIG_ENG"] != "UNESCO-MAB Biosphere Reserve"]
    region = project.region.set_index("realm").geometry
    for realm, shape in (("land_and_inland_water", region["land"]), ("sea", region["sea"])):
        for step, rows in (("delivered", layer), ("status", there), ("designation", named)):
            union = shapely.union_all(rows.geometry.to_numpy()).intersection(shape)
            assert made[step, realm] == pytest.approx(union.area, rel=1e-9, abs=10)
        held = next(r for r in run.rows("distance.csv")
                    if (r["realm"], r["counted"]) == (realm, "PA+OECM"))  # fmt: skip
        assert made["counted", realm] == pytest.approx(float(held["area_m2"]), rel=1e-9)
    land = "land_and_inland_water"
    assert made["delivered", land] > made["status", land] > made["designation", land]
    assert made["counted", land] == pytest.approx(made["designation", land])  # and no points
