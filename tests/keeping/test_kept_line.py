"""The line that the steps ask for is the one that the register keeps, after every adjustment."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from tests.keeping.test_adjust_steps import DECREE, NEXT, ON, area, listed
from tianren.io.rasters import open_raster
from tianren.io.vectors import read_result
from tianren.project.project import Project
from tianren.project.runs import RunResults, latest_run
from tianren.steps import adjust
from tianren.steps.adjust_scan import scan
from tianren.steps.kept_line import (
    CELLS,
    PIECES,
    kept_pieces,
    kept_state,
    line_of,
    moved_line,
    standing_line,
)
from tianren.steps.zones import zones

MARSH = shapely.box(-12_000, 6_000, -10_500, 7_500)  # more than half of a cell of 2 km
PARK = ("7", "Park", shapely.box(6_000, 4_000, 14_000, 12_000))


def cells(project: Project, line: RunResults) -> np.ndarray:
    return open_raster(line.path(CELLS), kind="category", grid=project.grid).read()


def drawn(project: Project) -> RunResults:
    line = latest_run(project, "delineate")
    assert line is not None
    return line


def standing(project: Project) -> RunResults:
    line = standing_line(project)
    assert line is not None
    return line


@pytest.fixture
def adjusted(country: Project, tmp_path: Path) -> Project:
    """The country with a new protected area, which brought its land into the line."""
    path = listed(tmp_path / "l.gpkg", PARK, ("9", "Marsh", MARSH))
    told = scan(country, actor="nat", sites=path, day=ON, **DECREE)
    name = told.table["proposed"][0].partition("/")[2]
    adjust.test(country, name, actor="nat", day=ON)
    adjust.approve(country, name, actor="wes", day=NEXT, accept_unknown="no layer", **DECREE)
    return country


def test_a_line_that_has_not_moved_is_the_run_that_drew_it(country: Project) -> None:
    line = standing(country)
    assert line == drawn(country)
    assert kept_state(line) == {}


def test_what_was_added_is_in_the_line_of_every_step(adjusted: Project) -> None:
    line = standing(adjusted)
    layer = read_result(line.path(PIECES), "redline")
    assert layer.area.sum() == pytest.approx(area(adjusted, NEXT), abs=len(layer))
    assert list(layer.columns) == list(read_result(drawn(adjusted).path(PIECES), "redline").columns)
    new = layer[layer.intersects(MARSH.buffer(-1))]
    before, after = cells(adjusted, drawn(adjusted)), cells(adjusted, line)
    rows, columns = np.nonzero(before != after)
    x, y = adjusted.grid.affine @ (columns + 0.5, rows + 0.5)
    assert len(rows) and shapely.contains_xy(MARSH.buffer(1), x, y).all()
    assert set(after[rows, columns]) <= set(new["piece"])
    assert line_of(adjusted).path(CELLS) == line.path(CELLS)
    assert kept_state(line) == {"kept_line": line.kept} and line.kept
    held = zones(adjusted, ["redline"])
    assert held.any.sum() == pytest.approx((after > 0).sum())
    assert "line.kept" in {f.rule for f in held.findings}
    assert line_of(adjusted, drawn(adjusted).id) == drawn(adjusted)  # named: as it was drawn


def test_what_left_is_in_no_cell_and_in_no_piece(country: Project) -> None:
    pieces, shapes = kept_pieces(country)
    run = drawn(country)
    layer = read_result(run.path(PIECES), "redline")
    whole = shapely.union_all(list(shapes.values()))
    west = shapely.box(-1e6, -1e6, shapely.centroid(whole).x, 1e6)
    cut = {subject: shapely.difference(shape, west) for subject, shape in shapes.items()}
    left = [replace(z, boundary=f"cut {z.code}") for z in pieces if not cut[z.subject].is_empty]
    line = moved_line(country, run, layer, left, cut)
    before, after = cells(country, run), cells(country, line)
    rows, columns = np.nonzero(before > 0)
    x, _ = country.grid.affine @ (columns + 0.5, rows + 0.5)
    stays = after[rows, columns] > 0
    assert stays.any() and not stays.all()
    assert (x[stays] >= west.bounds[2] - 1e-6).all() and (x[~stays] <= west.bounds[2] + 1e-6).all()
    assert (after[before == 0] == 0).all()
    assert set(read_result(line.path(PIECES), "redline")["code"]) == {z.code for z in left}
