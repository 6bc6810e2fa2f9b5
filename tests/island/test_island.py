"""The invented island, from its layers to the line, end to end: what must be true of any run."""

import csv
import hashlib
import json
import random
import shutil
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from shapely import affinity

from tests.island import island
from tests.island.island import lon_lat, make_island
from tianren.errors import UserError
from tianren.project.project import open_project

FUNCTIONS = {
    "water_conservation", "soil_conservation", "windbreak_sand_fixation", "biodiversity",
    "coastal_protection", "carbon",
}  # fmt: skip
SENSITIVITIES = {
    "water_erosion", "desertification", "rocky_desertification", "salinisation", "coastal_erosion",
}  # fmt: skip
CELL = 1e6  # m2
ROBUSTLY: dict[str, Any] = {"robustness": 3, "seed": 7}


# -- the run and how it is read --------------------------------------------------------------------


@dataclass(frozen=True)
class Drawn:
    """A finished run of the island."""

    folder: Path
    results: Path

    @cached_property
    def pieces(self) -> gpd.GeoDataFrame:
        return gpd.read_file(self.results / "redline.gpkg", layer="redline")

    @cached_property
    def measures(self) -> list[dict[str, Any]]:
        with (self.results / "measures.csv").open(encoding="utf-8", newline="") as stream:
            return [{**row, "value": float(row["value"])} for row in csv.DictReader(stream)]

    def measured(self, indicator: str, *dimensions: str) -> dict[tuple[str, ...], float]:
        """Values of an indicator broken down by exactly these dimensions: classes -> value."""
        found = {}
        for row in self.measures:
            by = dict(part.split("=", 1) for part in row["by"].split("; ") if part)
            if row["indicator"] == indicator and set(by) == set(dimensions):
                found[tuple(by[d] for d in dimensions)] = row["value"]
        return found

    def cells(self, name: str) -> np.ndarray:
        with rasterio.open(self.results / name) as source:
            return np.asarray(source.read(1))

    @cached_property
    def line(self) -> np.ndarray:
        return self.cells("redline_cells.tif")

    def burnt(self, shape: shapely.Geometry) -> np.ndarray:
        """Cells whose centre lies in a shape of the island's plane (km)."""
        with rasterio.open(self.results / "redline_cells.tif") as source:
            row, column = np.mgrid[0 : source.height, 0 : source.width] + 0.5
            x = source.transform.c + column * source.transform.a
            y = source.transform.f + row * source.transform.e
        return np.asarray(shapely.contains_xy(affinity.scale(shape, 1e3, 1e3, origin=(0, 0)), x, y))


def tianren(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tianren", *arguments, "--project", str(folder)]
    return subprocess.run(command, capture_output=True, text=True)


def answer(*arguments: str, folder: Path) -> Any:
    told = tianren(*arguments, "--json", folder=folder)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def draw(folder: Path, **how: Any) -> Drawn:
    from tianren.steps.delineate import delineate

    delineate(open_project(folder), report=False, **how)
    return drawn(folder)


def drawn(folder: Path) -> Drawn:
    (record,) = (folder / "results").glob("*/run.toml")
    return Drawn(folder, record.parent)


def copied(source: Path, target: Path) -> Path:
    """The project without what was made from it."""
    return Path(shutil.copytree(source, target, ignore=shutil.ignore_patterns("results", ".cache")))


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_island(tmp_path_factory.mktemp("天人 岛") / "Isla Ñandú")


@pytest.fixture(scope="module")
def run(layers: Path, tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    return draw(copied(layers, tmp_path_factory.mktemp("run") / "island"), **ROBUSTLY)


def content(folder: Path) -> dict[str, str]:
    """Every file of a run by its hash: files to the byte, except what holds the time of the run."""
    return {
        str(path.relative_to(folder)): _hash(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.toml"
    }


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def without_time(record: Path) -> dict[str, Any]:
    table = tomllib.loads(record.read_text("utf-8"))
    return {k: v for k, v in table.items() if k not in ("started", "finished", "seconds")}


# -- what can be computed --------------------------------------------------------------------------


def statuses(folder: Path) -> dict[str, Any]:
    from tianren.steps.check import check

    return {c["criterion"]: c for c in check(open_project(folder)).as_dict()["criteria"]}


def test_all_eleven_are_computed(run: Drawn) -> None:
    found = {c["criterion"]: c for c in answer("check", folder=run.folder)["criteria"]}
    assert set(found) == FUNCTIONS | SENSITIVITIES
    assert {c["status"] for c in found.values()} == {"computed"}
    assert found["biodiversity"]["method"] == "species surface"


def without(layer: str, run: Drawn, folder: Path) -> Path:
    """The same project without one table of its catalog; data and cache are shared."""
    folder.mkdir()
    for name in ("data", ".cache"):
        (folder / name).symlink_to(run.folder / name)
    shutil.copy(run.folder / "project.toml", folder)
    tables = (run.folder / "catalog.toml").read_text("utf-8").split("\n\n")
    kept = [t for t in tables if t.strip().splitlines()[0] != f"[{layer}]"]
    assert len(kept) == len(tables) - 1
    (folder / "catalog.toml").write_text("\n\n".join(kept), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("layer", "criterion"),
    [
        ("natural_coast", "coastal_protection"),
        ("shoreline_retreat", "coastal_erosion"),
        ("coast_type", "coastal_erosion"),
        ("wind_days", "desertification"),
        ("carbonate_outcrop", "rocky_desertification"),
        ("groundwater_mineralisation", "salinisation"),
        ("groundwater_depth", "salinisation"),
    ],
)
def test_without_a_layer_exactly_its_criterion_is_missing(
    run: Drawn, tmp_path: Path, layer: str, criterion: str
) -> None:
    found = statuses(without(layer, run, tmp_path / "island"))
    assert {c for c, row in found.items() if row["status"] != "computed"} == {criterion}
    assert found[criterion]["status"] == "missing"
    assert [need["layer"] for need in found[criterion]["needs"]] == [layer]
    assert found[criterion]["needs"][0]["where_from"]


def test_without_species_the_index_stands_in_and_the_plan_says_so(
    run: Drawn, tmp_path: Path
) -> None:
    found = statuses(without("habitat_importance", run, tmp_path / "island"))
    assert {row["status"] for row in found.values()} == {"computed"}
    assert found["biodiversity"]["method"] != "species surface"
    assert found["biodiversity"]["findings"]


def test_check_refuses_a_class_that_delineate_would_refuse(run: Drawn, tmp_path: Path) -> None:
    folder = without("wind_days", run, tmp_path / "island")
    catalog = (folder / "catalog.toml").read_text("utf-8")
    renamed = catalog.replace('4 = "mangrove"', '4 = "forest by the sea"')
    (folder / "catalog.toml").write_text(renamed, encoding="utf-8")
    told = tianren("check", "--json", folder=folder)
    assert told.returncode == 2
    (fault,) = json.loads(told.stdout)["faults"]
    assert "forest by the sea" in fault["error"]
    assert "mangrove" in fault["next_step"]


# -- layers arrive as what they are ----------------------------------------------------------------


def value(run: Drawn, name: str, x: float, y: float) -> float:
    """A raster of the run at a place of the plane, km."""
    with rasterio.open(run.results / name) as source:
        (cells,) = source.sample([(x * 1e3, y * 1e3)])
        return float(cells[0])


def test_mixed_grids_and_units_arrive_with_their_values(run: Drawn) -> None:
    """Against the formulas: kelvin, mm/day with a scale, dg/kg, mg/L, 3 km days."""
    x, y = np.array([[-17.5]]), np.array([[-0.5]])
    at = (-17.5, -0.5)
    rasters, _ = open_project(run.folder).rasters()
    grid = next(iter(rasters.values())).grid
    column, row = (int(v) for v in ~grid.affine @ (at[0] * 1e3, at[1] * 1e3))
    window = (slice(row, row + 1), slice(column, column + 1))

    def read(name: str) -> float:
        return float(rasters[name].source.read(window)[0, 0])

    assert read("temperature_07") == pytest.approx(island.temperature(x, y)[6, 0, 0], abs=0.3)
    assert read("precipitation_07") == pytest.approx(island.rain(x, y)[6, 0, 0], rel=0.1)
    assert read("organic_carbon") == pytest.approx(island.organic_carbon(x, y)[0, 0], rel=0.05)
    assert read("sand") == pytest.approx(86, abs=0.5)
    assert read("carbonate") == 3
    assert read("wind_days") == pytest.approx(45)
    assert read("groundwater_mineralisation") == pytest.approx(1)
    assert read("npp") == pytest.approx(1000 * (0.1 + 1.1 * 0.08), rel=0.02)
    assert read("soil_texture") == 13


# -- the line --------------------------------------------------------------------------------------


def test_the_line_has_land_and_sea_with_codes_and_categories(run: Drawn) -> None:
    pieces = run.pieces
    assert set(pieces["realm"]) == {"land", "sea"}
    assert pieces["code"].is_unique
    assert all(c.startswith(d) for c, d in zip(pieces["code"], pieces["county_code"], strict=True))
    assert all(c[4:6] == t for c, t in zip(pieces["code"], pieces["type_code"], strict=True))
    assert set(pieces["category"]) <= {"key_function", "barrier", "habitat"}
    assert set(pieces["level"]) <= {1, 2, 3}
    barrier = pieces["dominant"].isin(SENSITIVITIES)
    assert (barrier == (pieces["category"] == "barrier")).all()
    assert pieces["reasons"].str.len().min() > 0


def test_polygons_are_valid_disjoint_and_sum_to_the_measure(run: Drawn) -> None:
    shapes = run.pieces.geometry
    (total,) = run.measured("redline.area").values()
    assert shapes.is_valid.all()
    assert shapes.area.sum() == pytest.approx(shapely.area(shapely.union_all(shapes)), rel=1e-9)
    assert run.pieces["area_m2"].sum() == total == np.count_nonzero(run.line) * CELL
    assert shapes.area.sum() == pytest.approx(total, rel=0.01)
    drift = abs(shapes.area / run.pieces["area_m2"] - 1)
    assert drift.max() <= 0.01 + 1e-9


@pytest.mark.parametrize(
    "dimension", ["realm", "category", "function", "level", "province", "county"]
)
def test_parts_sum_to_the_total(run: Drawn, dimension: str) -> None:
    (total,) = run.measured("redline.area").values()
    assert sum(run.measured("redline.area", dimension).values()) == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("dimension", ["realm", "province", "county"])
def test_shares_are_areas_over_areas(run: Drawn, dimension: str) -> None:
    whole, inside, share = (
        run.measured(name, dimension) for name in ("region.area", "redline.area", "redline.share")
    )
    assert set(share) == set(whole) == set(inside)
    for key, percent in share.items():
        assert percent == pytest.approx(100 * inside[key] / whole[key], rel=1e-12)
        assert 0 <= percent <= 100


def test_the_region_is_measured_as_it_is(run: Drawn) -> None:
    areas = run.measured("region.area", "realm")
    assert areas["land",] == pytest.approx(island.land().area * 1e6, rel=0.02)
    assert areas["sea",] == pytest.approx(island.sea().area * 1e6, rel=0.02)


def test_class_five_on_land_holds_its_half_and_not_a_cell_more(run: Drawn) -> None:
    """By the raster itself, sorted: the best cells until they hold half."""
    values, grades = run.cells("values/biodiversity.tif"), run.cells("grades/biodiversity.tif")
    graded = run.burnt(island.land()) & ~np.isnan(values)
    best = np.sort(np.maximum(values[graded].astype(float), 0))[::-1]
    before = np.cumsum(best) - best
    threshold = best[np.count_nonzero(before < best.sum() / 2) - 1]
    assert np.array_equal(grades[graded] == 5, values[graded] >= threshold)


@pytest.mark.parametrize(
    ("criterion", "x", "y"),
    [
        ("desertification", -18.5, -1.5),  # the dunes
        ("rocky_desertification", -12.5, 9.5),  # bare karst
        ("salinisation", -11.5, -11.5),  # the salt pan
        ("coastal_erosion", -4.5, 17.0),  # the north-western shore
        ("coastal_protection", 25.5, -6.5),  # the reef
        ("biodiversity", 9.5, 6.5),  # the peak of richness
        ("water_conservation", 9.5, 0.5),  # the wet mountains
    ],
)
def test_each_criterion_is_extreme_where_the_island_was_made_so(
    run: Drawn, criterion: str, x: float, y: float
) -> None:
    assert value(run, f"grades/{criterion}.tif", x, y) == 5


def test_protected_areas_are_inside_unless_they_do_not_count(run: Drawn) -> None:
    for shape in (island.PARK_CORE, island.PARK, island.MARINE_PARK):
        assert (run.line[run.burnt(shape)] > 0).all()
    refused = run.burnt(island.PROPOSED) | run.burnt(island.BIOSPHERE)
    assert refused.sum() == 34
    assert not (run.line[refused] > 0).any()
    decisions = {
        (row["name"], row["decision"])
        for row in csv.DictReader((run.results / "decisions.csv").open(encoding="utf-8"))
    }
    assert ("Parc proposé", "exclude") in decisions
    assert ("Reserva de Biosfera", "exclude") in decisions
    assert ("天鹅湖 湿地", "include") in decisions


def test_core_zones_are_level_one_and_nothing_else_is(run: Drawn) -> None:
    level = dict(zip(run.pieces["piece"], run.pieces["level"], strict=True)) | {0: 0}
    levels = np.vectorize(lambda n: level[max(n, 0)])(run.line)
    assert np.array_equal(levels == 1, run.burnt(island.PARK_CORE))
    assert (levels[run.burnt(island.PARK)] == 2).all()
    assert (levels[run.burnt(island.MARINE_PARK)] == 2).all()


def test_towns_are_outside_except_inside_must_include(run: Drawn) -> None:
    town, village = run.burnt(island.TOWN), run.burnt(island.PARK_TOWN)
    assert town.sum() == 9
    assert village.sum() == 4
    assert not (run.line[town] > 0).any()
    assert (run.line[village] > 0).all()
    conflicts = run.measured("conflict.area", "kind", "decision")
    assert conflicts["built_up", "deduct"] == 13 * CELL


def test_must_include_overlap_counts_once(run: Drawn) -> None:
    (whole,) = run.measured("must_include.area").values()
    kinds = run.measured("must_include.area", "kind")
    assert {k for (k,) in kinds} == {
        "protected_area", "drinking_water", "riparian", "headwaters", "mangrove"
    }  # fmt: skip
    assert max(kinds.values()) <= whole <= sum(kinds.values())
    protected = run.burnt(
        shapely.union_all([island.PARK, island.PARK_CORE, island.MARINE_PARK, island.SWAN_LAKE])
    )
    assert kinds["protected_area",] == protected.sum() * CELL


# -- why -------------------------------------------------------------------------------------------


def why(run: Drawn, x: float, y: float) -> dict[str, Any]:
    from tianren.steps.explain import explain

    told = explain(open_project(run.folder), at=lon_lat(x, y))
    assert told.text()
    return told.as_dict()


def test_explain_inside_names_value_threshold_and_layers(run: Drawn) -> None:
    told = why(run, 9.5, 6.5)
    assert told["inside"]
    bird = {c["criterion"]: c for c in told["criteria"]}["biodiversity"]
    assert bird["grade"] == 5
    assert bird["value"] >= bird["threshold"] > 0
    assert 0 <= bird["rank"][0] <= bird["rank"][1] <= 0.51
    assert "habitat_importance" in bird["layers"]
    assert told["changes"]
    assert told["piece"]["code"].startswith("12")


def test_explain_outside_says_what_would_bring_it_in(run: Drawn) -> None:
    told = why(run, -3.5, 4.5)
    assert not told["inside"]
    assert all(c["grade"] in (0, 1, 3, None) for c in told["criteria"])
    assert told["changes"]


def test_explain_at_sea_and_in_a_deducted_town(run: Drawn) -> None:
    reef, town = why(run, 25.5, -6.5), why(run, 7.5, 9.5)
    assert reef["inside"]
    assert reef["must_include"][0]["sites"] == ["Arrecife Azul"]
    assert reef["piece"]["realm"] == "sea"
    assert not town["inside"]
    assert town["conflicts"][0]["decision"] == "deduct"


def test_explain_off_the_grid_is_refused_with_the_way_back(run: Drawn) -> None:
    from tianren.steps.explain import explain

    with pytest.raises(UserError, match="not on the grid"):
        explain(open_project(run.folder), at=(20.0, -40.0))


def test_explain_answers_for_every_piece(run: Drawn) -> None:
    from tianren.steps.explain import explain

    project = open_project(run.folder)
    for code in run.pieces["code"]:
        assert explain(project, piece=code).inside


def test_explain_from_the_command_line_is_the_same(run: Drawn) -> None:
    lon, lat = lon_lat(9.5, 6.5)
    told = answer("explain", "--at", f"{lon},{lat}", folder=run.folder)
    assert told["statement"] == why(run, 9.5, 6.5)["statement"]


# -- the same again --------------------------------------------------------------------------------


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> int:
    """Every default block of the engine 16 cells on a side, and three workers."""
    patched = 0
    for module in [m for n, m in sorted(sys.modules.items()) if n.startswith("tianren.")]:
        for function in [f for f in vars(module).values() if hasattr(f, "__kwdefaults__")]:
            defaults = function.__kwdefaults__ or {}
            if defaults.get("size", 0) > 16:
                workers = {"workers": 3} if "workers" in defaults else {}
                small = {**defaults, "size": 16, **workers}
                monkeypatch.setattr(function, "__kwdefaults__", small)
                patched += 1
    return patched


def test_another_folder_and_other_blocks_give_the_same_run(
    run: Drawn, layers: Path, tmp_path: Path, small_blocks: int
) -> None:
    assert small_blocks >= 8
    again = draw(copied(layers, tmp_path / "otra carpeta 另一个"), **ROBUSTLY)
    assert again.results.name == run.results.name
    first, second = content(run.results), content(again.results)
    assert set(first) == set(second)
    unlike = {name for name in first if first[name] != second[name]}
    working = {name for name in unlike if name.startswith("factors/")}  # tiles in any order
    assert unlike - working == set()
    for name in working:
        assert np.array_equal(run.cells(name), again.cells(name), equal_nan=True)
    assert without_time(run.results / "run.toml") == without_time(again.results / "run.toml")


def test_asked_again_it_is_the_same_run_and_nothing_is_written(run: Drawn) -> None:
    before = {p: p.stat().st_mtime_ns for p in run.results.rglob("*")}
    draw(run.folder, **ROBUSTLY)
    assert {p: p.stat().st_mtime_ns for p in run.results.rglob("*")} == before


def test_robustness_says_what_is_always_inside(run: Drawn) -> None:
    often = run.cells("robustness/frequency.tif")
    region = ~np.isnan(often)
    assert ((often[region] >= 0) & (often[region] <= 1)).all()
    (core,) = run.measured("robustness.core").values()
    assert core == np.count_nonzero(often == 1) * CELL
    must = run.burnt(island.PARK) | run.burnt(island.MARINE_PARK)
    assert (often[must] == 1).all()
    (area,) = [row for row in run.measures if row["indicator"] == "robustness.area"]
    assert core <= float(area["low"]) <= area["value"] <= float(area["high"])


def started(folder: Path) -> subprocess.Popen[bytes]:
    how = ["--no-report", "--robustness", "3", "--seed", "7", "--project", str(folder)]
    command = [sys.executable, "-m", "tianren", "delineate", *how]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def final_files(folder: Path) -> list[Path]:
    """Files under their final name, in results and cache."""
    found = [p for p in folder.rglob("*") if p.is_file() and "data" not in p.parts]
    return [p for p in found if not p.name.startswith(".") and ".part" not in p.name]


def wait_for_files(process: subprocess.Popen[bytes], folder: Path, count: int) -> None:
    """Until the process has made so many files, or ended."""
    end = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < end:
        if len(list(folder.glob("results/*/**/*.tif"))) >= count:
            return
        time.sleep(0.01)


def test_killed_runs_leave_whole_files_and_end_as_if_never_killed(
    run: Drawn, layers: Path, tmp_path: Path
) -> None:
    folder = copied(layers, tmp_path / "killed")
    chance = random.Random(20260101)
    many = len(list(run.results.rglob("*.tif")))
    for share in (0.05, 0.5, 0.95):
        process = started(folder)
        wait_for_files(process, folder, round(many * share))
        if share == 0.05 and process.poll() is None:
            with pytest.raises(UserError, match=f"process {process.pid}"):
                draw(folder, **ROBUSTLY)
        time.sleep(chance.uniform(0, 0.3))
        process.kill()
        process.wait()
        assert process.returncode == -9, "it ended before it could be killed"
        for path in final_files(folder / "results"):
            twin = run.folder / path.relative_to(folder)
            if twin.exists() and "factors" not in path.parts and path.name != "run.toml":
                assert _hash(path) == _hash(twin), path
            elif path.suffix == ".tif":
                with rasterio.open(path) as source:
                    source.read()
    again = draw(folder, **ROBUSTLY)
    assert again.results.name == run.results.name
    first, second = content(run.results), content(again.results)
    assert set(first) == set(second)
    assert {n for n in first if first[n] != second[n] and not n.startswith("factors/")} == set()
