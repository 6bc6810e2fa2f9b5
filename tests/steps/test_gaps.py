"""`tianren gaps` on the invented island: with the line, without it, and what is refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio

from tests.island.island import make_drawn_island, make_island
from tianren.errors import UserError
from tianren.project.project import open_project
from tianren.project.runs import RunResults
from tianren.raster.raster import MISSING, cell_area
from tianren.steps.delineate import delineate
from tianren.steps.gaps import gaps
from tianren.steps.zones import zones

SECTION = """
[zones.protected_west]
source = "wdpa"
where = {NAME = ["Parque Nacional Ñandú"]}

[gaps]
ecosystems = "landcover"
ecosystem_status = "ecosystem status"
ecoregions = "provincias"
key_areas = "wdpa"
key_area_column = "NAME"
reference = "habitat_importance"
"""
STATUS = """
["ecosystem status"]
uri = "data/status.csv"
kind = "table"
"""


@pytest.fixture(scope="module")
def island(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The island with its line drawn."""
    folder = make_drawn_island(tmp_path_factory.mktemp("gaps") / "island")
    with (folder / "project.toml").open("a", encoding="utf-8") as stream:
        stream.write(SECTION)
    with (folder / "catalog.toml").open("a", encoding="utf-8") as stream:
        stream.write(STATUS)
    (folder / "data" / "status.csv").write_text(
        "类型,等级\nMangroves,EN\nunicorns,CR\nGrassland,great\n", encoding="utf-8"
    )
    delineate(open_project(folder), report=False)
    return folder


@pytest.fixture(scope="module")
def run(island: Path) -> RunResults:
    return gaps(open_project(island)).run


def number(run: RunResults, indicator: str, by: str = "") -> float:
    (row,) = [r for r in run.measures if r["indicator"] == indicator and r["by"] == by]
    return float(row["value"])


def test_every_kind_is_judged_by_every_zone_and_by_all_together(run: RunResults) -> None:
    rows = run.rows("gaps.csv")
    assert {r["kind"] for r in rows} == {"ecosystem", "ecoregion", "function", "key_area"}
    assert {r["zone"] for r in rows} == {"protected_west", "protected", "redline", "any"}
    for row in rows:
        held, total = float(row["held"]), float(row["total"])
        assert 0 <= held <= total * (1 + 1e-9)
        if row["status"] == "met":
            assert float(row["missing"]) == 0


def test_a_function_is_held_as_the_line_itself_says(run: RunResults, island: Path) -> None:
    (line,) = [r for r in _runs(island) if r.step == "delineate"]
    said = {
        r["by"].removeprefix("function="): float(r["value"])
        for r in line.measures
        if r["indicator"] == "function.held"
    }
    mine = {
        r["feature"]: float(r["held_percent"])
        for r in run.rows("gaps.csv")
        if r["kind"] == "function" and r["zone"] == "redline"
    }
    assert mine == pytest.approx(said, rel=1e-6)


def _runs(island: Path) -> list[RunResults]:
    from tianren.project.runs import list_runs

    return list_runs(open_project(island))


def test_natural_ecosystems_sum_to_the_region_where_land_cover_is_natural(
    run: RunResults, island: Path
) -> None:
    project = open_project(island)
    cover = project.rasters(["landcover"])[0]["landcover"].read()
    known = (cover != MISSING) & (project.realm().read() != MISSING)
    people_made = {"Cropland", "Built-up"}
    codes = [c for c, name in project.entry("landcover").legend.items() if name in people_made]
    known &= ~np.isin(cover, codes)
    total = sum(
        float(r["total"])
        for r in run.rows("gaps.csv")
        if r["kind"] == "ecosystem" and r["zone"] == "any"
    )
    assert total == pytest.approx(known.sum() * cell_area(project.grid))


def test_what_is_missing_can_be_found_and_adds_up_at_every_level(run: RunResults) -> None:
    every = {(r["kind"], r["feature"]): r for r in run.rows("gaps.csv") if r["zone"] == "any"}
    sums: dict[tuple[str, str, str], float] = {}
    for row in run.rows("where.csv"):
        key = (row["kind"], row["feature"], row["level"])
        sums[key] = sums.get(key, 0.0) + float(row["unheld"])
    assert sums
    for (kind, feature, _), area in sums.items():
        mine = every[kind, feature]
        assert area == pytest.approx(float(mine["total"]) - float(mine["held"]), rel=1e-6)
        assert area >= float(mine["missing"]) * (1 - 1e-9)


def test_cells_that_close_a_gap_are_outside_the_zones(run: RunResults, island: Path) -> None:
    with rasterio.open(run.path("unheld.tif")) as source:
        gain = source.read(1)
    project = open_project(island)
    held = zones(project).any.reshape(project.grid.shape)
    assert np.nanmax(gain) > 0
    assert (gain[held >= 1] == 0)[~np.isnan(gain[held >= 1])].all()
    assert (np.isnan(gain) == (project.realm().read() == MISSING)).all()


def test_restoration_inside_the_line(run: RunResults, island: Path) -> None:
    (line,) = [r for r in _runs(island) if r.step == "delineate"]
    rows = run.rows("restoration.csv")
    (total,) = [r for r in rows if r["function"] == "all" and r["level"] == "all"]
    drawn = [r for r in line.measures if r["indicator"] == "redline.area" and not r["by"]]
    assert float(total["line_m2"]) == pytest.approx(float(drawn[0]["value"]))
    assert 0 < float(total["degraded_m2"]) < float(total["known_m2"])
    assert number(run, "restoration.need") == pytest.approx(0.3 * float(total["degraded_m2"]))
    by_function = [r for r in rows if r["function"] != "all" and r["level"] == "all"]
    assert sum(float(r["degraded_m2"]) for r in by_function) == pytest.approx(
        float(total["degraded_m2"])
    )


def test_what_is_not_there_is_said_with_what_to_do(run: RunResults) -> None:
    said = {f["rule"]: f["message"] for f in run.findings}
    assert "see [species]" in said["gaps.no_species"]
    status = [f["message"] for f in run.findings if f["rule"] == "gaps.ecosystem_status"]
    assert any("unicorns" in m for m in status) and any("GREAT" in m for m in status)
    assert "Cropland" in said["gaps.omitted_types"]


def test_a_red_listed_type_has_a_higher_target(run: RunResults) -> None:
    targets = {
        r["feature"]: float(r["target_percent"])
        for r in run.rows("gaps.csv")
        if r["kind"] == "ecosystem"
    }
    assert not {"Cropland", "Built-up"} & set(targets)
    assert targets["Mangroves"] == 100.0  # a small type, and so wanted whole


def test_fewer_zones_never_hold_more_and_the_same_again_is_the_same_run(
    run: RunResults, island: Path
) -> None:
    project = open_project(island)
    few = gaps(project, zone=["protected"]).run
    assert few.id != run.id
    assert gaps(project).run.id == run.id
    held = [
        {(r["kind"], r["feature"]): float(r["held"]) for r in one.rows("gaps.csv")
         if r["zone"] == "any"}
        for one in (few, run)
    ]  # fmt: skip
    assert all(held[0][key] <= held[1][key] * (1 + 1e-9) for key in held[0])


def test_the_answer_is_a_statement_a_table_and_a_place(run: RunResults, island: Path) -> None:
    one = gaps(open_project(island), zone=["protected"]).text()
    assert "targets are met by protected." in one.splitlines()[0]
    answer = gaps(open_project(island))
    lines = answer.text().splitlines()
    assert "targets are met by all zones together" in lines[0]
    assert any(line.strip().startswith("ecosystem types") for line in lines)
    assert str(run.folder) in lines[-1]
    assert all(len(line) <= 79 for line in lines[:-1])
    plain = answer.as_dict()
    assert sum(plain["features"]["any"]["function"].values()) == len(
        {r["feature"] for r in run.rows("gaps.csv") if r["kind"] == "function"}
    )


def test_the_same_project_elsewhere_gives_the_same_bytes(
    run: RunResults, island: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(island, tmp_path / "copy", ignore=shutil.ignore_patterns("gaps-*"))
    again = gaps(open_project(copy)).run
    for name in ("gaps.csv", "where.csv", "restoration.csv", "measures.csv", "unheld.tif"):
        assert again.path(name).read_bytes() == run.path(name).read_bytes(), name


HABITAT = """
[habitat]
suitability = "suitability"

[habitat.threats.towns]
source = "landcover"
classes = [50]
weight = 1.0
reach = 4000
"""


def test_the_habitat_run_is_the_condition_where_no_other_is_named(
    island: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(island, tmp_path / "copy", ignore=shutil.ignore_patterns("gaps-*"))
    text = (copy / "project.toml").read_text(encoding="utf-8")
    text = text.replace('reference = "habitat_importance"\n', "") + HABITAT
    (copy / "project.toml").write_text(text, encoding="utf-8")
    with (copy / "catalog.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[suitability]\nuri = "data/suitability.csv"\nkind = "table"\n')
    codes = open_project(copy).entry("landcover").legend
    rows = [f"{code},{0 if code in (40, 50) else 0.9},0.8" for code in codes]
    table = "\n".join(["class,suitability,towns", *rows]) + "\n"
    (copy / "data" / "suitability.csv").write_text(table, encoding="utf-8")
    run = gaps(open_project(copy)).run
    assert run.record["settings"]["runs"]["habitat"].startswith("habitat-")
    (total,) = [
        r for r in run.rows("restoration.csv") if r["function"] == "all" and r["level"] == "all"
    ]
    # Natural land is at most degraded by towns near it: the best of each type is the reference.
    assert 0 <= float(total["degraded_m2"]) < 0.5 * float(total["known_m2"])
    assert float(total["known_m2"]) > 0


def test_human_pressure_says_where_to_restore_but_not_how_much_is_lost(
    island: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(island, tmp_path / "copy", ignore=shutil.ignore_patterns("gaps-*"))
    text = (copy / "project.toml").read_text(encoding="utf-8")
    pressure = 'reference = "elevation"\nreference_kind = "pressure"\n'
    text = text.replace('reference = "habitat_importance"\n', pressure)
    (copy / "project.toml").write_text(text, encoding="utf-8")
    project = open_project(copy)
    run = gaps(project).run
    (total,) = [
        r for r in run.rows("restoration.csv") if r["function"] == "all" and r["level"] == "all"
    ]
    (line,) = [r for r in _runs(copy) if r.step == "delineate"]
    with rasterio.open(line.path("redline_cells.tif")) as source:
        inside = source.read(1) > 0
    above = project.rasters(["elevation"])[0]["elevation"].read() >= 4
    assert float(total["degraded_m2"]) == (inside & above).sum() * cell_area(project.grid)
    assert total["lost_m2"] == ""


def test_without_anything_to_judge_the_next_step_is_said(tmp_path: Path) -> None:
    project = open_project(make_island(tmp_path / "bare"))
    with pytest.raises(UserError, match="nothing whose coverage could be judged"):
        gaps(project)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('key_area_column = "NAME"', 'key_area_column = "nombre"', "wdpa has no column nombre"),
        ('ecosystems = "landcover"', 'ecosystems = "sand"', "holds quantities, not types"),
        ("[gaps]", '[gaps]\necosystem_omit = ["Coral"]', "landcover has no type Coral"),
    ],
)
def test_a_wrong_layer_is_refused(
    island: Path, tmp_path: Path, old: str, new: str, said: str
) -> None:
    copy = shutil.copytree(island, tmp_path / "copy", ignore=shutil.ignore_patterns("gaps-*"))
    text = (copy / "project.toml").read_text(encoding="utf-8")
    (copy / "project.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(UserError, match=said):
        gaps(open_project(copy))
