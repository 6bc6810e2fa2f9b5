"""Madagascar from records to one report: species, gaps, a plan, corridors, seams, room to live.

On cells of 5 km, which the facts asked for here do not depend on: rows of records are cleaned as
points, protected areas are held by exact shares of cells. Status and viability tables are small and
labelled, row by row; the project is run once.
"""

import csv
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.madagascar.madagascar import make_all_of_madagascar, need
from tianren.project.project import Project, open_project
from tianren.project.runs import RunResults, open_run
from tianren.raster.raster import MISSING, cell_area
from tianren.steps.corridors import corridors
from tianren.steps.delineate import delineate
from tianren.steps.gaps import gaps
from tianren.steps.plan import plan
from tianren.steps.report import write_report
from tianren.steps.seams import seams_of
from tianren.steps.suitability import suitability_of
from tianren.steps.zones import zones

pytestmark = pytest.mark.real_data

LEMURS = ("Eulemur fulvus", "Eulemur rubriventer", "Eulemur rufifrons")
CHAPTERS = (
    "What was recorded", "Habitat quality", "Where species can live", "Where species live",
    "Key biodiversity areas", "Tiny populations", "What is held, and what is missing",
    "Species covered", "Land to restore inside the line",
    "What to keep where not everything can be inside", "Corridors", "Room to live",
    "Seams at administrative borders",
)  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project with every step run once; gaps make records, models, species and habitats."""
    folder = make_all_of_madagascar(tmp_path_factory.mktemp("whole") / "project", 5000)
    made = open_project(folder)
    delineate(made, report=False)
    for step in (gaps, plan, corridors, suitability_of, seams_of):
        step(made)
    return made


def run_of(project: Project, step: str) -> RunResults:
    return open_run(project, step=step)


def measure(run: RunResults, indicator: str, by: str = "") -> float:
    (row,) = [m for m in run.measures if m["indicator"] == indicator and m["by"] == by]
    return float(row["value"])


# -- records, habitats, models, species ------------------------------------------------------------


def test_what_was_kept_and_what_was_dropped_is_all_that_was_read(project: Project) -> None:
    run = run_of(project, "records")
    dropped = Counter(row["source"] for row in run.rows("dropped.csv"))
    kept = Counter(source for source in _kept(run)["source"])
    read = {"amphibians": 7657, "lemurs": 102, "baobabs": 7156}
    for source, rows in read.items():
        assert measure(run, "records.read", f"source={source}") == rows
        assert kept[source] + dropped[source] == rows
    assert kept["amphibians"] == 1754
    assert kept["lemurs"] == 97


def _kept(run: RunResults) -> Any:
    from tianren.io.vectors import read_result

    return read_result(run.path("records.gpkg"), "records")


def test_amphibians_of_madagascar_and_their_group(project: Project) -> None:
    frogs = _kept(run_of(project, "records")).query("source == 'amphibians'")
    assert frogs["species"].nunique() == 193
    assert set(frogs["group"]) == {"Amphibia"}  # said once, in the catalog


def test_trees_that_may_be_either_of_two_species_are_neither(project: Project) -> None:
    (row,) = run_of(project, "records").rows("unmatched.csv")
    assert (row["name"], row["records"]) == ("A_za_perrieri", "82")


def test_lemurs_are_modelled_only_because_of_the_larger_uncertainty(project: Project) -> None:
    with (need("madagascar") / "enmSdmX/lemurs_gbif.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    sure = [r for r in rows if float(r["coordinateUncertaintyInMeters"] or 0) <= 10_000]
    fewest = project.parameters().number("models.minimum_records")
    assert max(Counter(r["species"] for r in sure).values()) < fewest
    models = {r["species"]: r for r in run_of(project, "models").rows("models.csv")}
    assert {models[name]["status"] for name in LEMURS} == {"modelled"}
    assert all(int(models[name]["thinned"]) >= fewest for name in LEMURS)


def test_a_species_with_few_places_has_no_model_and_is_told_why(project: Project) -> None:
    rows = run_of(project, "models").rows("models.csv")
    fewest = project.parameters().number("models.minimum_records")
    for row in rows:
        assert (row["status"] == "modelled") == (int(row["thinned"]) >= fewest)
        assert (row["status"] == "modelled") != bool(row["reason"])
    made = [row for row in rows if row["status"] == "modelled"]
    assert 25 < len(made) < 60
    for row in made:
        kept, lost, today = (
            float(row[c]) for c in ("climate_2050_kept_m2", "climate_2050_lost_m2", "predicted_m2")
        )
        assert kept + lost == pytest.approx(today)


def test_forests_are_the_best_habitat_and_fields_the_poorest(project: Project) -> None:
    run = run_of(project, "habitat")
    means = {m["by"].removeprefix("class="): float(m["value"]) for m in run.measures
             if m["indicator"] == "habitat.quality" and m["by"].startswith("class=")}  # fmt: skip
    assert means["humid forest"] > 0.9 > means["degraded humid forest"] > means["cultivation"]
    assert min(means, key=lambda name: means[name]) == "cultivation"


def test_ranges_come_from_models_that_are_of_use_and_else_from_records(project: Project) -> None:
    rows = {r["species"]: r for r in run_of(project, "species").rows("species.csv")}
    models = {r["species"]: r for r in run_of(project, "models").rows("models.csv")}
    for name, row in rows.items():
        model = models.get(name, {"status": ""})
        useful = model["status"] == "modelled" and float(model["boyce"]) >= 0
        if row["source"] != "none":
            assert row["source"] == ("model" if useful else "records"), name
    endemism = {f["rule"] for f in run_of(project, "species").findings}
    assert "species.records_only" in endemism


# -- gaps ------------------------------------------------------------------------------------------


def test_protected_areas_are_what_they_are_on_cells_of_any_size(project: Project) -> None:
    """43,745 km2 of land, marine records left out as in the account; polygons are held by exact
    shares, so that 5 km says nearly the same."""
    land = project.realm().read().ravel() != MISSING
    held = zones(project, ["protected"]).cells
    area = float(held[:, land].sum()) * cell_area(project.grid)
    assert area == pytest.approx(43_745e6, rel=5e-3)


def test_what_is_held_is_never_more_than_there_is_nor_missing_less(project: Project) -> None:
    rows = run_of(project, "gaps").rows("gaps.csv")
    assert {r["zone"] for r in rows} >= {"protected", "redline", "any"}
    for row in rows:
        total, target, held, missing = (
            float(row[c]) for c in ("total", "target", "held", "missing")
        )
        assert -1e-6 <= held <= total * (1 + 1e-9)
        assert missing == pytest.approx(max(target - held, 0), abs=1e-3)
        assert (row["status"] == "met") == (missing <= 1e-3)


def test_ecosystems_are_natural_types_and_fit_into_protected_areas(project: Project) -> None:
    rows = [r for r in run_of(project, "gaps").rows("gaps.csv")
            if r["kind"] == "ecosystem" and r["zone"] == "protected"]  # fmt: skip
    assert len(rows) == 17  # of 18 types; cultivation is none
    assert sum(float(r["held"]) for r in rows) <= 44_047e6 * 1.002
    humid = next(r for r in rows if r["feature"] == "humid forest")
    assert 20 < float(humid["held_percent"]) < 60


def test_tables_by_class_have_numerator_denominator_and_percent(project: Project) -> None:
    rows = run_of(project, "gaps").rows("coverage.csv")
    for row in rows:
        n, of = int(row["covered"]), int(row["of"])
        assert 0 <= n <= of
        assert float(row["percent"]) == pytest.approx(100 * n / of, abs=0.005001)
    threatened = [r for r in rows if r["zone"] == "protected" and not r["group"]
                  and r["dimension"] == "category" and r["meaning"] == "any_record"]  # fmt: skip
    of = {r["class"]: int(r["of"]) for r in threatened}
    assert of["CR"] + of["EN"] + of["VU"] == of["CR+EN+VU"] == 15
    (endemic,) = [r for r in rows if r["dimension"] == "endemic" and r["zone"] == "protected"
                  and not r["group"] and r["meaning"] == "any_record"]  # fmt: skip
    assert int(endemic["of"]) == 22


def test_more_is_covered_by_any_record_than_by_a_target(project: Project) -> None:
    """The three meanings are of the same species; the last is the hardest in protected areas."""
    rows = [r for r in run_of(project, "gaps").rows("coverage.csv")
            if r["dimension"] == "all" and not r["group"] and r["zone"] == "protected"]  # fmt: skip
    covered = {r["meaning"]: int(r["covered"]) for r in rows}
    assert covered["any_record"] > covered["target_met"]
    assert len({r["of"] for r in rows}) == 1


def test_viability_says_what_it_rests_on(project: Project) -> None:
    rows = [r for r in run_of(project, "gaps").rows("viability.csv") if r["status"] != "unknown"]
    assert {"Eulemur fulvus", "Eulemur rubriventer"} <= {r["species"] for r in rows}
    for row in rows:
        assert row["source"]
        least, largest, held = (float(row[c]) for c in ("minimum_m2", "largest_m2", "held_m2"))
        assert least > 0
        by_hand = (
            "viable" if largest >= least else "viable_in_sum" if held >= least else "too_small"
        )
        assert row["status"] == by_hand
        flagged = row["covered"] == "yes" and by_hand != "viable"
        assert (row["covered_not_viable"] == "yes") == flagged
    fulvus = next(r for r in rows if r["species"] == "Eulemur fulvus" and r["zone"] == "protected")
    density = 10**4.23 * 2500**-0.75  # Damuth 1981, individuals per km2
    assert float(fulvus["minimum_m2"]) == pytest.approx(4169 / density * 1e6, rel=1e-6)


# -- choice, corridors, room to live ---------------------------------------------------------------


def test_the_plan_keeps_its_budget_and_says_how_far_it_may_be_from_the_best(
    project: Project,
) -> None:
    run = run_of(project, "plan")
    said = run.record["plan"]
    land = measure(run_of(project, "delineate"), "region.area", "realm=land")
    assert said["cost"] <= 0.17 * land / 1e6 * 1.001
    assert 0 <= said["gap_percent"] < 5
    assert said["bound"] <= said["objective"]
    rows = run.rows("features.csv")
    assert {r["kind"] for r in rows} == {"species", "ecosystem"}
    for row in rows:
        met = float(row["held"]) >= float(row["target"]) * (1 - 1e-6)
        assert (row["met"] == "yes") == met


def test_seams_lie_on_borders_of_provinces_and_add_up(project: Project) -> None:
    run = run_of(project, "seams")
    rows = run.rows("seams.csv")
    assert rows
    assert all(43 < float(r["lon"]) < 51 and -26 < float(r["lat"]) < -11 for r in rows)
    opened = sum(float(r["length_m"]) for r in rows)
    assert opened == pytest.approx(measure(run, "seams.open"))
    assert 0 < measure(run, "seams.continuity") < 100


def test_corridors_link_parts_of_the_line(project: Project) -> None:
    run = run_of(project, "corridors")
    links = run.rows("links.csv")
    assert links
    assert all(math.isfinite(float(r["cost"])) and float(r["cost"]) >= 0 for r in links)


# -- the report ------------------------------------------------------------------------------------


def test_one_report_holds_every_chapter(project: Project) -> None:
    folder = Path(write_report(project).folder)
    page = (folder / "report.html").read_text(encoding="utf-8")
    headings = re.findall(r"<h2[^>]*>([^<]*)", page)
    assert [title for title in CHAPTERS if title in headings] == list(CHAPTERS)
    assert sorted(CHAPTERS, key=headings.index) == list(CHAPTERS)
    pictures = {path.stem.split("_")[0] for path in (folder / "maps").glob("*.png")}
    assert pictures >= {"habitat", "models", "species", "gaps", "plan", "corridors", "suitability"}
    assert (folder / "report.pdf").stat().st_size > 500_000
