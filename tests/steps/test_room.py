"""Room to live on the invented island: suitability, seams, parcels, scenarios, two grids."""

import csv
import shutil
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from pyproj import Transformer

from tests.island.island import CRS, KM, make_drawn_island, territory
from tianren.errors import UserError
from tianren.language import set_language
from tianren.project.project import Project, open_project
from tianren.project.runs import RunResults, open_run
from tianren.steps.compare import compare
from tianren.steps.delineate import delineate
from tianren.steps.explain import Results, explain_at
from tianren.steps.nested import nested
from tianren.steps.parcels import parcels
from tianren.steps.seams import seams_of
from tianren.steps.suitability import suitability_of

PARCELS = """
[parcels]
source = "parcels"
code = "code"
"""
PARCEL_SOURCE = """
[parcels]
uri = "data/parcels.gpkg"
kind = "vector"
"""
TOLERANT = """
[parameters.override."seams.tolerance"]
value = 2000
source = "test"
reason = "the line may stop two cells before the border"
"""
DEMAND = """
[suitability]
demand = "demand"
level = "province"
"""
DEMAND_SOURCE = """
[demand]
uri = "data/demand.csv"
kind = "table"
"""


def tiling(side: float) -> gpd.GeoDataFrame:
    """Squares of the territory, side km."""
    west, south, east, north = territory().bounds
    boxes = [
        shapely.box(x, y, x + side, y + side)
        for x in np.arange(np.floor(west), east, side)
        for y in np.arange(np.floor(south), north, side)
    ]
    frame = shapely.transform(territory(), lambda xy: xy * KM)
    cut = [shapely.transform(b, lambda xy: xy * KM).intersection(frame) for b in boxes]
    mine = [part for part in cut if part.area > 0]
    return gpd.GeoDataFrame({"code": [f"P{n}" for n in range(len(mine))]}, geometry=mine, crs=CRS)


@pytest.fixture(scope="module")
def island(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_drawn_island(tmp_path_factory.mktemp("room") / "island")
    tiling(0.5).to_file(folder / "data" / "parcels.gpkg")
    (folder / "data" / "demand.csv").write_text(
        "division,population,built_km2,available_water_m3\n11,90000,40,\n12,1000,,5000000\n",
        encoding="utf-8",
    )
    for name, text in (("project", PARCELS + DEMAND), ("catalog", PARCEL_SOURCE + DEMAND_SOURCE)):
        with (folder / f"{name}.toml").open("a", encoding="utf-8") as file:
            file.write(text)
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "towns-stay.toml").write_text(
        '[conflicts.towns]\ndecision = "keep"\n', encoding="utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def project(island: Path) -> Project:
    return open_project(island)


def rows(run: RunResults, name: str) -> list[dict[str, str]]:
    with run.path(name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def cells(run: RunResults, name: str) -> Any:
    with rasterio.open(run.path(name)) as source:
        return source.read(1)


# -- suitability -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def suited(project: Project) -> RunResults:
    return suitability_of(project).run


def test_the_classes_of_every_unit_sum_to_its_land(suited: RunResults, project: Project) -> None:
    land = float((project.realm().read() == 1).sum() * 1e6)
    whole: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows(suited, "areas.csv"):
        whole[row["level"], row["table"]] += float(row["area_m2"])
    assert {table for _, table in whole} == {"farm", "town", "matrix", "use", "conflict"}
    assert set(whole.values()) == {land}


def test_every_class_is_counted_from_the_map(suited: RunResults) -> None:
    counts = Counter(cells(suited, "suitability/matrix.tif").ravel().tolist())
    told = {int(r["class"]): float(r["area_m2"]) for r in rows(suited, "areas.csv")
            if (r["level"], r["table"]) == ("nation", "matrix")}  # fmt: skip
    assert {code: counts[code] * 1e6 for code in range(1, 6)} == {c: told[c] for c in range(1, 6)}


def test_a_killed_run_that_goes_on_names_the_same_parameters(
    suited: RunResults, project: Project
) -> None:
    suited.path("run.toml").unlink()
    taken_up = suitability_of(project).run
    assert taken_up.id == suited.id and not taken_up.again
    assert taken_up.record["parameters"] == suited.record["parameters"]


def test_the_line_is_for_conservation(suited: RunResults, project: Project) -> None:
    line = delineate(project, report=False).run
    red = cells(line, "redline_cells.tif") > 0
    land = project.realm().read() == 1
    best = cells(suited, "suitability/matrix.tif")
    assert (best[red & land] == 1).all()
    assert not np.isin(best[best != 255], (1, 2, 3, 4, 5), invert=True).any()


def test_demand_decides_where_it_is_given(suited: RunResults) -> None:
    found = {(r["code"], r["purpose"]): r for r in rows(suited, "capacity.csv")}
    assert float(found["11", "town"]["current_m2"]) == 40e6
    assert float(found["11", "town"]["population"]) == 90_000
    assert float(found["12", "farm"]["usable_water_m3"]) == pytest.approx(3.5e6)
    missing = [f for f in suited.findings if f["rule"] == "suitability.missing_factor"]
    assert {f["subject"] for f in missing} == {"farm", "town"}


def test_a_division_that_does_not_exist_is_named(island: Path) -> None:
    path = island / "data" / "demand.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\n11,", "\n99,"), encoding="utf-8")
    try:
        with pytest.raises(UserError) as fault:
            suitability_of(open_project(island))
    finally:
        path.write_text(text, encoding="utf-8")
    assert "99" in fault.value.what


# -- seams -----------------------------------------------------------------------------------------


def test_seams_lie_on_borders_and_candidates_close_them(project: Project) -> None:
    answer = seams_of(project, level="county")
    found, borders = rows(answer.run, "seams.csv"), rows(answer.run, "borders.csv")
    opened = sum(float(b["open_first_m"]) + float(b["open_second_m"]) for b in borders)
    assert sum(float(s["length_m"]) for s in found) == opened > 0
    for border in borders:
        share = border["continuity_percent"]
        assert (share == "") == (float(border["touching_m"]) == 0)
        assert share == "" or 0 <= float(share) <= 100
    candidates = cells(answer.run, "candidates.tif")
    red = cells(delineate(project, report=False).run, "redline_cells.tif") > 0
    assert not (red & (candidates > 0)).any()
    for seam in found:
        own = (candidates == int(seam["seam"])).sum() * 1e6
        assert float(seam["candidate_m2"]) == own
    lines = gpd.read_file(answer.run.path("seams.gpkg")).to_crs("OGC:CRS84")
    for seam, line in zip(found, lines.geometry, strict=True):
        middle = shapely.Point(float(seam["lon"]), float(seam["lat"]))
        assert line.distance(middle) < 1e-5
    assert "seams are open" in answer.text()


def said_of_seams(project: Project, **more: Any) -> None:
    """Each seam names a cell beyond that is important and not red, in the unit without the line."""
    line = delineate(project, report=False).run
    red = cells(line, "redline_cells.tif") > 0
    best = np.max([cells(line, f"grades/{p.name}") for p in line.path("grades").glob("*.tif")], 0)
    explained = Results(line)
    raster, names = project.admin_codes("county")
    codes = raster.read()
    to = Transformer.from_crs("OGC:CRS84", project.grid.crs.to_wkt(), always_xy=True)
    answer = seams_of(project, level="county")
    found = rows(answer.run, "seams.csv")
    for seam in found:
        lon, lat = float(seam["beyond_lon"]), float(seam["beyond_lat"])
        column, row = (int(v) for v in ~project.grid.affine @ to.transform(lon, lat))
        assert not red[row, column] and best[row, column] >= 3
        assert names[int(codes[row, column])][0] == seam["other_code"]
        assert not explain_at(explained, lon, lat).inside
    first = found[0]
    assert f"--at {first['beyond_lon']},{first['beyond_lat']}" in answer.text()


def test_the_place_to_explain_is_important_land_that_is_not_red(project: Project) -> None:
    said_of_seams(project)


def test_within_a_tolerance_the_place_is_the_important_cell_behind_the_border(
    island: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(island, tmp_path / "tolerant")
    with (folder / "project.toml").open("a", encoding="utf-8") as file:
        file.write(TOLERANT)
    said_of_seams(open_project(folder))


def test_a_level_that_does_not_exist_is_refused(project: Project) -> None:
    with pytest.raises(UserError) as fault:
        seams_of(project, level="township")
    assert "province, county" in fault.value.next_step


# -- parcels ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parcelled(project: Project) -> RunResults:
    return parcels(project).run


def test_small_parcels_follow_the_line_with_their_own_edges(
    parcelled: RunResults, island: Path
) -> None:
    given = gpd.read_file(island / "data" / "parcels.gpkg")
    made = gpd.read_file(parcelled.path("parcels.gpkg"))
    assert made.crs == given.crs
    assert list(made["code"]) == list(given["code"])
    assert shapely.equals_exact(made.geometry.to_numpy(), given.geometry.to_numpy()).all()
    assert ((made["red"] == 1) == (made["red_share"] >= 0.5)).all()
    whole = rows(parcelled, "control_figures.csv")[0]
    assert abs(float(whole["drift_percent"])) < 1
    assert int(whole["red_m2"]) == made.loc[made["red"] == 1, "area_m2"].sum()


def test_control_figures_nest_from_the_whole_to_the_county(parcelled: RunResults) -> None:
    found = rows(parcelled, "control_figures.csv")
    own = {(r["level"], r["code"]): int(r["red_m2"]) for r in found}
    below: dict[tuple[str, str], int] = defaultdict(int)
    for row in found[1:]:
        below[row["parent_level"], row["parent_code"]] += int(row["red_m2"])
    assert {key[0] for key in below} == {"whole", "province"}
    assert all(own.get(key, 0) == total for key, total in below.items())


def test_coarse_parcels_are_refused_with_advice(island: Path) -> None:
    coarse = tiling(12)
    with replaced_parcels(island, coarse), pytest.raises(UserError) as fault:
        parcels(open_project(island))
    assert "beyond tolerance" in fault.value.what
    assert "parcels.red_share" in fault.value.next_step


def test_gaps_and_overlaps_are_refused_with_their_place(island: Path) -> None:
    layer = tiling(5)
    hole = layer.drop(index=layer.geometry.area.idxmax()).reset_index(drop=True)
    with replaced_parcels(island, hole), pytest.raises(UserError) as fault:
        parcels(open_project(island))
    assert fault.value.what == "the parcel layer has gaps"
    assert "gaps, 25,000," in fault.value.by_how_much
    assert "faults.csv" in fault.value.next_step
    assert fault.value.where.startswith("the largest, 25,000,")
    double = layer.copy()
    double.loc[0, "geometry"] = layer.geometry[0].union(layer.geometry[1])
    with replaced_parcels(island, double), pytest.raises(UserError) as fault:
        parcels(open_project(island))
    assert fault.value.what == "the parcel layer has overlaps"
    assert "P0 and P1" in fault.value.where


class replaced_parcels:  # noqa: N801  reads as a sentence
    """Another parcel layer for a while."""

    def __init__(self, island: Path, layer: gpd.GeoDataFrame) -> None:
        self.path, self.layer = island / "data" / "parcels.gpkg", layer

    def __enter__(self) -> None:
        self.before = self.path.read_bytes()
        self.path.unlink()
        self.layer.to_file(self.path)

    def __exit__(self, *_: object) -> None:
        self.path.write_bytes(self.before)


# -- scenarios and two lines -----------------------------------------------------------------------


def test_a_scenario_is_a_run_of_its_own_and_is_compared(island: Path, project: Project) -> None:
    first = delineate(project, report=False).run
    second = delineate(open_project(island, "towns-stay"), report=False).run
    assert second.id != first.id
    assert second.record["settings"]["scenario"]["name"] == "towns-stay"
    assert "scenario" not in first.record["settings"]
    answer = compare(project, first.id, second.id, report=False)
    was, now = (cells(run, "redline_cells.tif") > 0 for run in (first, second))
    found = rows(answer.run, "compare.csv")
    total = next(r for r in found if r["table"] == "total")
    assert float(total["gained_m2"]) == (now & ~was).sum() * 1e6 > 0
    assert float(total["lost_m2"]) == (was & ~now).sum() * 1e6
    for table in ("realm", "category", "function"):
        mine = [r for r in found if r["table"] == table]
        for column in ("first_m2", "second_m2"):
            assert sum(float(r[column]) for r in mine) == float(total[column])
    for level in ("unit province", "unit county"):
        mine = [r for r in found if r["table"] == level]
        assert sum(float(r["gained_m2"]) for r in mine) == float(total["gained_m2"])
    assert "From the project's line to towns-stay" in answer.text()
    # What is asked without a run is asked of the line as it stands.
    assert open_run(project, step="delineate").scenario == ""
    assert open_run(open_project(island, "towns-stay"), step="delineate").id == second.id
    back = compare(project, second.id, first.id, report=False).run
    turned = next(r for r in rows(back, "compare.csv") if r["table"] == "total")
    assert (turned["lost_m2"], turned["gained_m2"]) == (total["gained_m2"], total["lost_m2"])


def test_a_line_is_not_compared_with_itself(project: Project) -> None:
    run = delineate(project, report=False).run.id
    with pytest.raises(UserError):
        compare(project, run, run)


def test_a_finer_line_nests_in_a_coarser_one(island: Path, project: Project) -> None:
    (island / "scenarios" / "fine.toml").write_text("[grid]\nresolution = 500\n", encoding="utf-8")
    fine = open_project(island, "fine")
    answer = nested(fine, folder=".")
    units = rows(answer.run, "nested.csv")
    whole = units[0]
    for row in units:
        both, more, less = (float(row[c]) for c in ("both_m2", "commission_m2", "omission_m2"))
        assert float(row["line_m2"]) == both + more
        assert float(row["parent_m2"]) == both + less
    grades = sum(float(r["area_m2"]) for r in rows(answer.run, "grades.csv"))
    assert grades == (fine.realm().read() > 0).sum() * 250_000
    for level in ("province", "county"):
        mine = [r for r in units if r["level"] == level]
        assert sum(float(r["line_m2"]) for r in mine) == float(whole["line_m2"])


@pytest.fixture(autouse=True)
def english() -> None:
    set_language("en")
