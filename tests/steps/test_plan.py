"""`tianren plan` on the invented island: beside its line, by polygons, through Marxan's files."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

from tests.island.island import make_drawn_island
from tianren.errors import UserError
from tianren.project.project import open_project
from tianren.project.runs import RunResults
from tianren.raster.raster import cell_area
from tianren.steps.delineate import delineate
from tianren.steps.plan import Planned, plan
from tianren.steps.plan_marxan import plan_marxan

GAPS = """
[gaps]
ecosystems = "landcover"
"""
LOCKED = 'features = ["ecosystems"]\nlocked_in = ["protected"]\n'
PLAN = """
[plan]
unit_size = 2000
features = ["ecosystems", "functions"]
locked_in = ["protected"]
targets = {ecosystem = 0.3}
portfolio = 1
ranking = "core_area"
"""


@pytest.fixture(scope="module")
def island(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The island with its line drawn, without [plan]."""
    folder = make_drawn_island(tmp_path_factory.mktemp("plan") / "island")
    with (folder / "project.toml").open("a", encoding="utf-8") as stream:
        stream.write(GAPS)
    delineate(open_project(folder), report=False)
    return folder


def planned(island: Path, section: str) -> RunResults:
    path = island / "project.toml"
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(before + section, encoding="utf-8")
        return plan(open_project(island)).run
    finally:
        path.write_text(before, encoding="utf-8")


@pytest.fixture(scope="module")
def run(island: Path) -> RunResults:
    return planned(island, PLAN)


def test_every_target_is_met_with_a_proven_gap(run: RunResults) -> None:
    rows = run.rows("features.csv")
    assert rows and all(r["met"] == "yes" for r in rows)
    assert all(float(r["held"]) >= float(r["target"]) * (1 - 1e-8) for r in rows)
    found = run.record["plan"]
    assert found["bound"] <= found["objective"] and found["gap_percent"] < 5
    assert found["objective"] == pytest.approx(found["cost"])


def test_units_raster_and_tables_tell_the_same(island: Path, run: RunResults) -> None:
    project = open_project(island)
    units = gpd.read_file(run.path("plan.gpkg"), layer="plan")
    chosen = units[units["chosen"] == 1]
    area = run.record["plan"]["area_m2"]
    assert chosen.area.sum() == pytest.approx(area)
    assert chosen["area_km2"].sum() * 1e6 == pytest.approx(area)
    with rasterio.open(run.path("plan.tif")) as source:
        cells = source.read(1)
    assert np.isin(cells, [1, 2]).sum() * cell_area(project.grid) == pytest.approx(area)
    assert units.area.sum() == pytest.approx((cells != 255).sum() * cell_area(project.grid))
    assert (units.loc[units["status"] == "locked in", "chosen"] == 1).all()
    assert (units.loc[units["status"] == "locked out", "chosen"] == 0).all()


def test_the_line_is_compared_both_ways(run: RunResults) -> None:
    found = run.record["comparison"]
    assert 0 < found["agreement_percent"] <= 100
    assert found["both_m2"] <= min(found["plan_m2"], found["line_m2"])
    rows = run.rows("comparison.csv")
    assert found["targets_met"]["line"] == sum(r["line_meets"] == "yes" for r in rows)
    # With the line's area the planner misses no more of the targets, by weight, than the line.
    missed = {
        of: sum(max(0.0, 1 - float(r[of]) / float(r["target"])) for r in rows if float(r["target"]))
        for of in ("line", "plan_of_the_lines_area")
    }
    assert missed["plan_of_the_lines_area"] <= missed["line"] + 0.05


def test_another_answer_and_a_ranking_come_with_it(run: RunResults) -> None:
    rows = run.rows("portfolio.csv")
    assert [r["answer"] for r in rows] == ["0", "1"]
    assert float(rows[1]["objective"]) >= float(rows[0]["bound"])
    assert int(rows[1]["differs_in_units"]) > 0
    with rasterio.open(run.path("ranking.tif")) as source:
        rank = source.read(1, masked=True).compressed()
    assert len(np.unique(rank)) == len(rank) and rank.max() == 1
    curve = [float(r["mean_left"]) for r in run.rows("ranking.csv")]
    assert curve[0] == pytest.approx(1) and curve == sorted(curve, reverse=True)


def test_the_same_plan_is_the_same_run(island: Path, run: RunResults) -> None:
    before = run.path("plan.gpkg").stat().st_mtime_ns
    assert planned(island, PLAN).id == run.id
    assert run.path("plan.gpkg").stat().st_mtime_ns == before


def test_a_budget_is_kept(island: Path) -> None:
    section = PLAN.replace("portfolio = 1", 'objective = "minimum_shortfall"\nbudget = 0.2')
    found = planned(island, section.replace('ranking = "core_area"', "")).record["plan"]
    units = gpd.read_file(next(island.glob("results/*/plan.gpkg")), layer="plan")
    assert found["cost"] <= 0.2 * units["cost"].sum() + 1e-6
    assert found["targets_met"] <= found["targets"]


def test_the_targets_not_met_are_named_or_counted(
    run: RunResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"feature": f"f{n}", "met": "no", "severity": "note"} for n in range(6)]
    monkeypatch.setattr(RunResults, "rows", lambda *_: rows)
    assert "6 targets are not met: f0, f1, f2, f3, f4 and 1 more" in Planned(run).text()
    del rows[5]
    assert "5 targets are not met: f0, f1, f2, f3, f4\n" in Planned(run).text()


def test_polygons_that_overlap_are_refused(island: Path) -> None:
    region = open_project(island).region.total_bounds
    x, y = (region[0] + region[2]) / 2, (region[1] + region[3]) / 2
    boxes = [shapely.box(x, y, x + 5000, y + 5000), shapely.box(x + 4000, y, x + 9000, y + 5000)]
    crs = open_project(island).grid.crs.to_wkt()
    layer = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=boxes, crs=crs)
    layer.to_file(island / "data" / "units.gpkg")
    catalog = island / "catalog.toml"
    before = catalog.read_text(encoding="utf-8")
    catalog.write_text(
        before + '\n[units]\nuri = "data/units.gpkg"\nkind = "vector"\n', encoding="utf-8"
    )
    try:
        with pytest.raises(UserError, match="a and b by 5 km2"):
            planned(island, '\n[plan]\nunits = "units"\nfeatures = ["ecosystems"]\n')
    finally:
        catalog.write_text(before, encoding="utf-8")


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('[plan]\nfeatures = ["dragons"]\n', "no feature or source called dragons"),
        ('[plan]\nfeatures = ["species"]\n', "nothing to plan for under species"),
        ('[plan]\nunit_size = 2500\nfeatures = ["ecosystems"]\n', "no whole number of cells"),
        ('[plan]\nfeatures = ["ecosystems"]\ntargets = {ecosystem = 2}\n', "no share of 0 to 1"),
        ('[plan]\nfeatures = ["ecosystems"]\ncost_column = "price"\n', "no column price"),
        (
            f"[plan]\n{LOCKED}budget = 0.001\nobjective = 'maximum_coverage'\n",
            "budget is too small",
        ),
        (f"[plan]\nunit_size = 2000\n{LOCKED}", "targets cannot be met .Tree cover: target"),
    ],
)
def test_what_cannot_be_planned_is_refused(island: Path, section: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        planned(island, f"\n{section}")


def test_marxan_files_carry_the_problem_out_and_back(
    island: Path, run: RunResults, tmp_path: Path
) -> None:
    path = island / "project.toml"
    before = path.read_text(encoding="utf-8")
    path.write_text(before + PLAN, encoding="utf-8")
    try:
        plan(open_project(island), marxan=tmp_path / "marxan")
    finally:
        path.write_text(before, encoding="utf-8")
    found = plan_marxan(tmp_path / "marxan")
    mine = run.record["plan"]
    assert found.plan.bound <= mine["objective"] + 1e-6
    assert mine["bound"] <= found.plan.objective + 1e-6
    best = tmp_path / "marxan" / "output" / "tianren_best.csv"
    with best.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sum(int(r["solution"]) for r in rows) == found.plan.units.sum()


def test_the_command_solves_a_folder_without_a_project(tmp_path: Path) -> None:
    (tmp_path / "pu.dat").write_text("id,cost,status\n1,1,0\n2,5,0\n3,1,0\n")
    (tmp_path / "spec.dat").write_text("id,target,spf,name\n1,2,1,lemur\n")
    (tmp_path / "puvspr.dat").write_text("species,pu,amount\n1,1,1\n1,2,2\n1,3,1\n")
    command = [sys.executable, "-m", "tianren", "plan", "--from-marxan", str(tmp_path), "--json"]
    told = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["chosen"] == ["1", "3"]
    (tmp_path / "pu.dat").write_text("id,cost,status\n1,1,3\n2,5,3\n3,1,0\n")
    told = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert told.returncode == 2 and "lemur: target 2, at most 1" in told.stderr


ZONES = """
[plan]
unit_size = 4000
features = ["ecosystems"]
locked_in = ["protected"]
targets = {ecosystem = 0.2}

[plan.zones.strict]

[plan.zones.managed]
cost_factor = 0.25
contributions = {ecosystem = 0.5}
"""


def test_a_unit_goes_into_one_zone_that_counts_and_costs_its_share(island: Path) -> None:
    run = planned(island, ZONES)
    units = gpd.read_file(run.path("plan.gpkg"), layer="plan")
    assert set(units["zone"]) == {"strict", "managed", ""}
    assert ((units["zone"] != "") == (units["chosen"] == 1)).all()
    assert (units.loc[units["status"] == "locked in", "zone"] == "strict").all()
    factor = units["zone"].map({"strict": 1.0, "managed": 0.25, "": 1.0})
    assert units["cost"].to_numpy() == pytest.approx((units["area_km2"] * factor).to_numpy())
    record = run.record["plan"]
    assert record["cost"] == pytest.approx(units.loc[units["chosen"] == 1, "cost"].sum())
    for code, zone in enumerate(record["zones"], start=1):
        mine = units[units["zone"] == zone["name"]]
        assert zone["area_m2"] == pytest.approx(mine.area.sum())
        with rasterio.open(run.path("plan.tif")) as source:
            cells = source.read(1) == code
        assert cells.sum() * cell_area(open_project(island).grid) == pytest.approx(mine.area.sum())
    # Half counts for a quarter of the cost: managed land meets a target at half of the price.
    assert record["cost"] < planned(island, ZONES.split("[plan.zones")[0]).record["plan"]["cost"]


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("contributions = {dragons = 0.5}", "no feature called dragons"),
        ("contributions = {ecosystem = 1.5}", "less than or equal to 1"),
        ("cost_factor = -1", "greater than or equal to 0"),
    ],
)
def test_a_zone_that_says_nonsense_is_refused(island: Path, zone: str, said: str) -> None:
    section = f'\n[plan]\nunit_size = 4000\nfeatures = ["ecosystems"]\n[plan.zones.a]\n{zone}\n'
    with pytest.raises(UserError) as refused:
        planned(island, section)
    assert said in str(refused.value)
