"""Reading a finished run back into plain values."""

from dataclasses import replace
from pathlib import Path

import make_run
import numpy as np
import pytest
import rasterio

from tianren.errors import UserError
from tianren.measures import Measure
from tianren.reports import facts
from tianren.reports.contents import Contents, read_contents


def test_everything_is_read(contents: Contents) -> None:
    assert contents.run_id == make_run.RUN
    assert contents.computed == list(make_run.CRITERIA)
    assert contents.admin_levels == ("province", "district")
    assert {str(p["id"]) for p in contents.unverified} == {"grading.important", "water.runoff"}
    assert [i["name"] for i in contents.inputs] == ["precipitation", "protected_areas"]
    assert contents.findings[0].severity == "warning"


def test_a_run_that_is_not_finished_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not finished.*run\.toml"):
        read_contents(tmp_path)


def test_a_damaged_run_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("run = [", encoding="utf-8")
    with pytest.raises(UserError, match=r"run\.toml"):
        read_contents(tmp_path)


def test_the_line_area_is_the_sum_of_its_pieces(contents: Contents) -> None:
    assert contents.pieces is not None
    total = facts.total_area(contents)
    assert total == pytest.approx(float(contents.pieces.geometry.area.sum()))
    assert sum(a for _, a in facts.areas_by_category(contents)) == pytest.approx(total)


def test_grade_shares_add_up(contents: Contents) -> None:
    for name in contents.computed:
        assert sum(facts.grade_shares(contents, name).values()) == pytest.approx(100)


def test_the_best_land_holds_the_share_it_was_cut_at(contents: Contents) -> None:
    """Class 5 was cut at half of the total, so the Lorenz curve must say half there too."""
    for name in make_run.FUNCTIONS:
        best = facts.grade_shares(contents, name)[5]
        assert facts.held_by_best(contents, name, best) == pytest.approx(50, abs=1.0)


def test_statements_carry_their_numbers(contents: Contents) -> None:
    statement = facts.redline_statement(contents)
    assert f"in {len(contents.pieces)} pieces" in statement  # type: ignore[arg-type]
    assert "% of the land holds" in facts.grade_statement(contents, "water_conservation")
    assert "extremely sensitive" in facts.grade_statement(contents, "water_erosion")


def test_what_is_always_inside_is_counted_on_the_line_itself(contents: Contents) -> None:
    """Cells of this line that are inside in every draw, over all cells of this line."""
    with rasterio.open(contents.folder / "robustness/frequency.tif") as source:
        share = source.read(1)
    with rasterio.open(contents.folder / "redline_cells.tif") as source:
        line = source.read(1) > 0
    assert contents.always_inside == pytest.approx(100 * np.mean(share[line] == 1))
    assert 0 < float(contents.always_inside or 0) <= 100


def test_a_grading_by_province_has_a_curve_a_province(contents: Contents) -> None:
    """The largest total comes first; there is no curve of the whole nation to speak of."""
    name = "soil_conservation"
    mine = [m for m in contents.measures if dict(m.by).get("function") == name]
    scoped = [_within(m, place) for m in mine for place in ("North Shore", "Côte")]
    totals = [_total(name, "North Shore", 3.0), _total(name, "Côte", 7.0)]
    zonal = replace(contents, measures=(*scoped, *totals))
    assert list(facts.lorenz_by_scope(zonal, name)) == ["Côte", "North Shore"]
    assert facts.lorenz(zonal, name) == []
    assert facts.lorenz_by_scope(contents, name) == {"nation": facts.lorenz(contents, name)}


def _within(measure: Measure, place: str) -> Measure:
    return replace(measure, by=tuple((k, place if k == "scope" else v) for k, v in measure.by))


def _total(name: str, place: str, value: float) -> Measure:
    return Measure(f"{name}.total", "Synthetia", "2026", value, "t/a", (("scope", place),))
