"""tianren corridors on the invented island: what it writes, what joins, what is refused."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from scipy.ndimage import label

from tests.island.island import CRS, Plan, make_drawn_island, shore_distance, write_raster
from tianren.delineation import redline
from tianren.errors import UserError
from tianren.project.project import open_project
from tianren.project.runs import latest_run
from tianren.steps.corridors import corridors
from tianren.steps.delineate import delineate
from tianren.steps.explain import explain
from tianren.steps.export import export

SOURCES = """
[hindrance]
uri = "data/hindrance.tif"
unit = "1"
kind = "continuous"

[warmth]
uri = "data/warmth.tif"
unit = "degC"
kind = "continuous"

[flyway]
uri = "data/flyway.gpkg"
kind = "vector"
"""
SECTION = """
[corridors]
resistance = "hindrance"
temperature = "warmth"
routes = "flyway"
"""
SMALL_CORES = """
[parameters.override."corridors.minimum_core_area"]
value = 2e6
source = "test"
reason = "the island is small"
"""


def hindrance(x: Any, y: Any) -> Any:
    """Easy in the west, hard in the east; nothing passes the sea."""
    return np.where(shore_distance(x, y) > -0.5, np.clip(5 + 2 * (x + 20), 1, 100), np.nan)


def made(folder: Path, section: str = SECTION, **fields: Any) -> Path:
    """The island with a resistance, temperatures and one flyway."""
    make_drawn_island(folder)
    data = folder / "data"
    plan = Plan(CRS, 1000)
    write_raster(data / "hindrance.tif", fields.get("resistance", hindrance), plan)
    write_raster(data / "warmth.tif", lambda x, y: 25 - y / 10, plan)
    line = shapely.LineString([(-5000, -5000), (0, 0), (5000, 5000)])
    layer = gpd.GeoDataFrame(
        {"name": ["coast"], "species": ["a plover"], "longest_step_km": [5.0]},
        geometry=[line], crs=CRS,
    )  # fmt: skip
    layer.to_file(data / "flyway.gpkg")
    with (folder / "project.toml").open("a", encoding="utf-8") as stream:
        stream.write(section + SMALL_CORES)
    with (folder / "catalog.toml").open("a", encoding="utf-8") as stream:
        stream.write(SOURCES)
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def cells(path: Path) -> np.ndarray:
    with rasterio.open(path) as source:
        return np.asarray(source.read(1))


@pytest.fixture(scope="module")
def island(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("corridors"))


@pytest.fixture(scope="module")
def run(island: Path) -> Path:
    return corridors(open_project(island)).run.folder


def test_cores_are_parts_of_the_line_without_corridors(island: Path, run: Path) -> None:
    line = delineate(open_project(island), report=False).run.folder
    inside = cells(line / "redline_cells.tif") > 0
    parts, _ = label(inside)
    sizes = np.bincount(parts.ravel())[1:] * 1e6
    patches = rows(run / "patches.csv")
    areas = [float(row["area_m2"]) for row in patches]
    assert len(areas) > 1
    assert areas == sorted((s for s in sizes.tolist() if s >= 2e6), reverse=True)
    layer = gpd.read_file(run / "cores.gpkg")
    assert np.allclose(layer.area, areas)


def test_every_corridor_says_where_it_leads_and_why_it_was_judged_so(run: Path) -> None:
    links = rows(run / "links.csv")
    layer, paths = (gpd.read_file(run / f"{n}.gpkg") for n in ("corridors", "paths"))
    cores = gpd.read_file(run / "cores.gpkg").set_index("core").geometry
    assert len(links) == len(layer) == len(paths) > 0
    costs = np.array([float(row["cost"]) for row in links])
    for row, cost, path in zip(links, costs, paths.geometry, strict=True):
        width = float(row["width_m"])
        good = cost <= 1.5 * np.median(costs) and width >= 1000
        assert (row["accepted"] == "yes") == good
        assert row["reason"]
        assert np.isclose(path.length, float(row["length_m"]))
        ends = cores[int(row["from"])], cores[int(row["to"])]
        assert ends[0].distance(shapely.Point(path.coords[0])) == 0
        assert ends[1].distance(shapely.Point(path.coords[-1])) == 0
        assert 0 <= float(row["pinch"]) <= 1 + 1e-6
        assert float(row["dpc_percent"]) >= 0
        assert row["follows_gradient"] in ("yes", "no")


def test_rasters_agree_with_the_tables(run: Path) -> None:
    links = rows(run / "links.csv")
    numbers = cells(run / "corridors.tif")
    accepted = {int(row["id"]) for row in links if row["accepted"] == "yes"}
    assert set(np.unique(numbers[numbers > 0]).tolist()) <= accepted
    cost, pinch = cells(run / "cost.tif"), cells(run / "pinch.tif")
    assert np.nanmin(cost) == 0
    assert np.isfinite(pinch[numbers > 0]).all()
    strongest = max(float(row["pinch"]) for row in links)
    assert np.isclose(np.nanmax(pinch), strongest, rtol=1e-5)


def test_measures_are_the_tables_added_up(run: Path) -> None:
    measures = {(m["indicator"], m["by"]): float(m["value"]) for m in rows(run / "measures.csv")}
    links = rows(run / "links.csv")
    accepted = sum(row["accepted"] == "yes" for row in links)
    assert measures["corridors.count", "verdict=accepted"] == accepted
    assert measures["corridors.count", "verdict=refused"] == len(links) - accepted
    areas = np.array([float(row["area_m2"]) for row in rows(run / "patches.csv")])
    assert measures["corridors.cores", ""] == areas.sum()
    assert np.isclose(measures["corridors.eca", "open=none"], np.sqrt((areas**2).sum()))
    ways = [measures["corridors.eca", f"open={w}"] for w in ("none", "accepted", "all")]
    assert ways == sorted(ways)
    stranded = sum(row["group"] != "1" for row in rows(run / "patches.csv"))
    assert measures["corridors.stranded", ""] == stranded
    assert ways[-1] <= areas.sum()


def test_a_step_longer_than_the_species_goes_is_flagged(run: Path) -> None:
    steps = rows(run / "routes.csv")
    assert [row["too_long"] for row in steps] == ["yes", "yes"]
    rules = [row["rule"] for row in rows(run / "findings.csv")]
    assert rules.count("corridors.step_too_long") == 2


def test_where_nobody_knows_the_limit_a_step_is_neither_too_long_nor_within_reach(
    tmp_path: Path,
) -> None:
    folder = made(tmp_path, section=SECTION + 'stopovers = "stops"\n')
    layer = gpd.read_file(folder / "data/flyway.gpkg")
    layer.drop(columns="longest_step_km").to_file(folder / "data/flyway.gpkg")
    places = [shapely.Point(-3000, -2000), shapely.Point(-15000, 8000)]
    stops = gpd.GeoDataFrame({"name": ["marsh", "far"]}, geometry=places, crs=CRS)
    stops.to_file(folder / "data/stops.gpkg")
    with (folder / "catalog.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[stops]\nuri = "data/stops.gpkg"\nkind = "vector"\n')
    found = corridors(open_project(folder)).run
    assert {row["too_long"] for row in rows(found.folder / "routes.csv")} == {""}
    told = {f["rule"]: f["message"] for f in found.findings}
    assert "corridors.no_longest_step" in told
    assert "far (16" in told["corridors.stopover_unused"]
    sites = gpd.read_file(found.folder / "stopovers.gpkg")
    assert dict(zip(sites["name"], sites["used"], strict=True)) == {"marsh": "yes", "far": "no"}
    steps = gpd.read_file(found.folder / "routes.gpkg")
    assert len(steps) == len(rows(found.folder / "routes.csv"))


def test_cores_behind_barriers_cannot_be_reached_and_that_is_said(tmp_path: Path) -> None:
    """Only the far west has a resistance: cores meet by corners at most."""
    folder = made(tmp_path, resistance=lambda x, y: np.where(x < -19, 10.0, np.nan))
    found = corridors(open_project(folder))
    groups = {row["group"] for row in rows(found.run.folder / "patches.csv")}
    told = [f for f in found.run.findings if f["rule"] == "corridors.disconnected"]
    assert len(told) == len(groups) - 1 > 0
    assert found.as_dict()["stranded"] >= len(told)
    assert "cannot be reached" in found.text()
    assert "corridors.no_data" in {f["rule"] for f in found.run.findings}


def test_asked_again_it_is_the_same_run(island: Path, run: Path) -> None:
    before = (run / "run.toml").read_bytes()
    assert corridors(open_project(island)).run.folder == run
    assert (run / "run.toml").read_bytes() == before


def test_accepted_corridors_join_the_line_with_their_reason(island: Path, run: Path) -> None:
    project = island / "project.toml"
    text = project.read_text("utf-8")
    project.write_text(text.replace("[corridors]", "[corridors]\njoin = true"), "utf-8")
    try:
        opened = open_project(island)
        joined = delineate(opened, report=False).run
        assert joined.record["settings"]["joined"] == run.name
        assert corridors(opened).run.folder == run  # the run of corridors is still the same
    finally:
        project.write_text(text, "utf-8")
    plain = delineate(open_project(island), report=False).run
    assert joined.id != plain.id
    before, after = (cells(r.folder / "redline_cells.tif") > 0 for r in (plain, joined))
    numbers = cells(run / "corridors.tif") > 0
    step = cells(joined.folder / "spatial_step.tif")
    assert (after >= before).all() and after.sum() > before.sum()
    assert (numbers & (step == redline.CORRIDOR)).any()
    assert not (after & ~before & ~numbers & (step != redline.FILLED)).any()
    layer = gpd.read_file(joined.folder / "redline.gpkg")
    assert layer["reasons"].str.contains("corridor").any()


def test_corridors_leave_the_joined_line_the_latest(tmp_path: Path) -> None:
    """The line without corridors is only what corridors are found on: nothing goes on with it."""
    project = open_project(made(tmp_path, section=SECTION + "join = true\n"))
    drawn = latest_run(project, "delineate")
    found = corridors(project).run
    assert latest_run(project, "delineate") == drawn
    joined = delineate(project, report=False).run
    assert corridors(project).run.id == found.id
    assert found.record["settings"]["line"] != joined.id
    latest = latest_run(project, "delineate")
    assert latest is not None and latest.id == joined.id
    assert explain(project, at=(-40.0, 20.0)).as_dict()["run"] == joined.id


def test_export_takes_the_latest_line_or_names_it(island: Path, run: Path) -> None:
    project = open_project(island)
    line = delineate(project, report=False).run
    corridors(project)
    assert export(project, None, "csv").run == line.id
    with pytest.raises(UserError, match="has no redline") as refused:
        export(project, run.name, "csv")
    assert line.id in refused.value.next_step


def test_the_command_answers_as_data(island: Path, run: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tianren", "corridors", "--project", str(island), "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(told.stdout)
    assert found["run"] == run.name
    assert found["corridors"] == len(rows(run / "links.csv"))
    assert found["steps_too_long"] == 2


def test_a_resistance_of_zero_is_refused_with_place_and_value(tmp_path: Path) -> None:
    folder = made(tmp_path, resistance=lambda x, y: np.where(x > 0, 10.0, -2.0))
    with pytest.raises(UserError) as refused:
        corridors(open_project(folder))
    assert "-2" in refused.value.what
    assert "longitude" in refused.value.where and "latitude" in refused.value.where
    assert "cells" in refused.value.by_how_much


def test_without_resistance_or_quality_there_is_nothing_to_go_on(tmp_path: Path) -> None:
    folder = made(tmp_path, section="\n[corridors]\n")
    with pytest.raises(UserError, match="nothing to make a resistance from"):
        corridors(open_project(folder))


def test_pressure_alone_is_said(tmp_path: Path) -> None:
    section = '\n[corridors]\npressure = "hindrance"\n'
    folder = made(tmp_path, section=section, resistance=lambda x, y: np.where(x > 0, 0.2, 0.7))
    found = corridors(open_project(folder)).run
    assert "corridors.no_quality" in {f["rule"] for f in found.findings}
