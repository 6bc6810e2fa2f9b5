"""The step that draws the line, on the invented island: scope, corridors, headwaters, draws."""

import csv
import json
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from scipy.ndimage import binary_dilation
from shapely import affinity

from tests.island.island import CRS, lon_lat, make_island
from tianren.delineation import redline
from tianren.delineation.streams import stream_orders
from tianren.errors import UserError
from tianren.project.project import open_project
from tianren.project.runs import open_run
from tianren.steps.delineate import Delineated, delineate, sources_of_line
from tianren.steps.explain import Results, explain, explain_at, explain_piece

CORRIDOR = """
[delineation]
corridors = "corridors"
"""
CORRIDOR_SOURCE = """
[corridors]
uri = "data/corridors.gpkg"
kind = "vector"
"""
FROM_ELEVATION = """
[must_include.springs]
source = "elevation"
kind = "headwaters"

[must_include.banks]
source = "elevation"
kind = "riparian"
buffer = 1000
"""


class Made:
    """One run of a changed island."""

    def __init__(self, folder: Path, **how: Any) -> None:
        self.project = open_project(folder)
        self.answer: Delineated = delineate(self.project, report=False, **how)
        self.folder = self.answer.run.folder

    @cached_property
    def pieces(self) -> gpd.GeoDataFrame:
        return gpd.read_file(self.folder / "redline.gpkg")

    def cells(self, name: str) -> np.ndarray:
        with rasterio.open(self.folder / name) as source:
            return np.asarray(source.read(1))

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Graded by province, with two corridors, headwaters from elevation, and four draws."""
    folder = make_island(tmp_path_factory.mktemp("island"))
    strips = [shapely.box(-2, 15, 16, 16), shapely.box(6, 6, 9, 14)]
    layer = gpd.GeoDataFrame(
        {"name": ["north", "through the town"]},
        geometry=[affinity.scale(s, 1000, 1000, origin=(0, 0)) for s in strips],
        crs=CRS,
    )
    layer.to_file(folder / "data/corridors.gpkg")
    text = (
        (folder / "project.toml")
        .read_text("utf-8")
        .replace('jurisdiction = "CN"', 'jurisdiction = "CN"\nscope = "province"')
    )
    (folder / "project.toml").write_text(text + CORRIDOR + FROM_ELEVATION, "utf-8")
    with (folder / "catalog.toml").open("a", encoding="utf-8") as stream:
        stream.write(CORRIDOR_SOURCE)
    return Made(folder, robustness=4, seed=3)


def test_the_run_says_its_scope_and_what_it_was_made_from(changed: Made) -> None:
    record = tomllib.loads((changed.folder / "run.toml").read_text("utf-8"))
    assert record["line"]["scope"] == "province"
    assert record["line"]["pieces"] == len(changed.pieces)
    assert {"wdpa", "elevation", "corridors"} <= {i["name"] for i in record["inputs"]}
    assert all(len(i["sha256"]) == 64 for i in record["inputs"] if i["uri"])


def test_each_province_holds_its_own_half(changed: Made) -> None:
    cuts = changed.answer.run.json("cuts.json")["biodiversity"]
    assert len(cuts) > 1
    assert len({row["thresholds"][0] for row in cuts.values() if row["thresholds"]}) > 1


def test_corridors_are_in_the_line_but_for_what_is_deducted(changed: Made) -> None:
    step = changed.cells("spatial_step.tif")
    assert (step == redline.CORRIDOR).any()
    assert (changed.cells("redline_cells.tif")[step == redline.CORRIDOR] > 0).all()
    assert not (changed.cells("redline_cells.tif")[step == redline.DEDUCTED] > 0).any()


def test_rivers_from_elevation_are_said_to_follow_the_grid(changed: Made) -> None:
    rules = {row["rule"] for row in changed.rows("findings.csv")}
    assert "must_include.headwaters_from_elevation" in rules
    assert "must_include.riparian_from_elevation" in rules


def test_banks_and_springs_from_elevation_lie_along_the_channels_of_the_elevation(
    changed: Made,
) -> None:
    """Springs are the cells of order 1, banks those of any order and their four neighbours."""
    elevation = changed.project.rasters(["elevation"])[0]["elevation"].read()
    land = changed.project.realm().read() == 1
    side = changed.project.resolution
    parameters = changed.project.parameters()
    orders = stream_orders(
        np.where(land, elevation, np.nan), side, parameters.number("river.channel_area")
    )
    line = json.loads((changed.folder / "line.json").read_text("utf-8"))
    bit = {m["name"]: 1 << i for i, m in enumerate(line["must"])}
    must = changed.cells("must_include.tif")
    np.testing.assert_array_equal(must & bit["springs"] > 0, orders == 1)
    near = binary_dilation(orders > 0)
    np.testing.assert_array_equal(must & bit["banks"] > 0, near)
    assert 0 < (orders > 0).sum() < near.sum()


def test_the_layer_sums_to_the_totals_and_carries_its_columns(changed: Made) -> None:
    pieces = changed.pieces
    cells = np.count_nonzero(changed.cells("redline_cells.tif"))
    assert pieces["area_m2"].sum() == cells * 1e6
    assert changed.answer.as_dict()["area_m2"] == cells * 1e6
    assert pieces["code"].is_unique and set(pieces["run"]) == {changed.answer.run.id}
    columns = {"province", "province_code", "county", "county_code", "reasons", "must_include"}
    assert columns <= set(pieces.columns)
    assert list(pieces["piece"]) == list(range(1, len(pieces) + 1))


def test_every_place_is_explained_as_the_rasters_have_it(changed: Made) -> None:
    results = Results(open_run(changed.project, changed.answer.run.id))
    cells, step = changed.cells("redline_cells.tif"), changed.cells("spatial_step.tif")
    rng = np.random.default_rng(5)
    seen = set()
    for x, y in rng.uniform((-28, -23), (28, 23), (60, 2)):
        found = explain_at(results, *lon_lat(x, y))
        row, column = _cell(results, x, y)
        assert found.inside == (cells[row, column] > 0)
        assert (found.piece is not None) == found.inside
        if found.piece is not None:
            assert int(found.piece["piece"]) == cells[row, column]
            assert found.changes
        for why in found.criteria:
            if why.grade == 5 and why.kind == "function" and why.threshold is not None:
                assert why.value is not None and why.value >= why.threshold
                assert why.rank is not None and why.rank[0] <= 0.5
        assert found.text() and found.as_dict()["run"] == changed.answer.run.id
        seen.add(int(step[row, column]))
    assert {redline.CORE, redline.PLAIN} <= seen


def _cell(results: Results, x: float, y: float) -> tuple[int, int]:
    column, row = ~results.grid.affine @ (x * 1000, y * 1000)
    return int(row), int(column)


def test_a_second_question_is_answered_at_once(changed: Made) -> None:
    import time

    results = Results(open_run(changed.project, changed.answer.run.id))
    explain_at(results, *lon_lat(5, 5))
    times = []
    for _ in range(5):
        start = time.perf_counter()
        explain_at(results, *lon_lat(5.5, 5.5))
        times.append(time.perf_counter() - start)
    assert min(times) < 0.1


def test_every_piece_is_explained(changed: Made) -> None:
    results = Results(open_run(changed.project, changed.answer.run.id))
    for code in results.pieces:
        found = explain_piece(results, code)
        assert found.inside and code in found.text()
        for why in found.criteria:
            if why.share_percent and why.criterion in results.book.cuts:
                assert why.threshold is not None or len(why.zones) > 1
    code = next(iter(results.pieces))
    with pytest.raises(UserError, match="did you mean"):
        explain_piece(results, code[:-1] + "X")


def test_one_question_at_a_time(changed: Made) -> None:
    with pytest.raises(UserError, match="one place or one piece"):
        explain(changed.project)
    with pytest.raises(UserError, match="one place or one piece"):
        explain(changed.project, at=lon_lat(0, 0), piece="x")


def test_draws_keep_what_must_be_included_and_name_what_was_held(changed: Made) -> None:
    often = changed.cells("robustness/frequency.tif")
    assert set(np.unique(often[~np.isnan(often)]).tolist()) <= {0, 0.25, 0.5, 0.75, 1}
    record = tomllib.loads((changed.folder / "run.toml").read_text("utf-8"))["robustness"]
    assert (record["draws"], record["seed"]) == (4, 3)
    assert "grading.extremely_important" in record["drawn"]
    assert "river.headwater_width" in record["drawn"]
    assert "redline.minimum_area" in record["held"]
    assert not (changed.folder / "work").exists()


def test_the_same_again_is_the_same_run(changed: Made) -> None:
    before = {p: p.stat().st_mtime_ns for p in changed.folder.rglob("*")}
    again = delineate(changed.project, robustness=4, seed=3, report=False)
    assert again.run.id == changed.answer.run.id
    assert before == {p: p.stat().st_mtime_ns for p in changed.folder.rglob("*")}


def test_a_layer_that_does_not_sum_is_not_written(
    changed: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in the smoothing, put there on purpose: the run ends, the layer does not exist."""
    from tianren.steps import delineate as step

    def shrunk(*args: Any) -> Any:
        shapes, findings = original(*args)
        return [shapely.buffer(s, -300) for s in shapes], findings

    original = step._outlines
    monkeypatch.setattr(step, "_outlines", shrunk)
    with pytest.raises(UserError, match="is not its area"):
        delineate(changed.project, report=False)
    for folder in changed.project.results_folder.glob("delineate-*"):
        if folder != changed.folder:
            assert not (folder / "redline.gpkg").exists()
            assert not (folder / "run.toml").exists()


def test_a_source_that_does_not_decide_leaves_the_run_as_it_is(tmp_path: Path) -> None:
    """A table for another step, put into the catalog later, asks for no new line."""
    folder = make_island(tmp_path / "island")
    before = sources_of_line(open_project(folder))
    (folder / "data" / "demand.csv").write_text("division,population\nA,1\n", encoding="utf-8")
    with (folder / "catalog.toml").open("a", encoding="utf-8") as catalog:
        catalog.write('\n[demand]\nuri = "data/demand.csv"\nkind = "table"\n')
    project = open_project(folder)
    assert "demand" in project.catalog
    assert sources_of_line(project) == before
    assert {project.region_source, *(m.source for m in project.must_include.values())} <= {*before}
