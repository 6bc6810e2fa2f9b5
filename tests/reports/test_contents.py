"""Reading a finished run back into plain values."""

from pathlib import Path

import make_run
import pytest

from tianren.errors import UserError
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
