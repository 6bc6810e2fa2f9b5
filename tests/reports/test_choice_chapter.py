"""What the report tells of a plan: what is chosen, how sure, and beside the line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.reports.test_habitat_and_models import MEASURES, run_of, tables_of, write_raster
from tianren.reports.chapters import choice
from tianren.reports.chapters.topics import topics
from tianren.reports.contents import Contents

PLAN = (
    '[plan]\nobjective_kind = "minimum_set"\nunits = 12\nchosen = 3\narea_m2 = 6e8\n'
    "gap_percent = 0.121\ntargets = 3\ntargets_met = 3\n"
)
BESIDE = (
    "[comparison]\nplan_m2 = 6e8\nline_m2 = 9e8\nboth_m2 = 3e8\nagreement_percent = 25.0\n"
    "line_content_m2 = 7e8\n[comparison.targets_met]\nplan = 3\nline = 1\nsame_area = 3\n"
)
PROBLEM = "Choose from 12 planning units the cheapest set.\n- units: two are the same\n"
FEATURES = (
    "feature,kind,unit,target,held,share_of_target_percent,met,weight\n"
    "Rana rara,species,km2,100,120,120,yes,1\nRana lata,species,km2,50,50,100,yes,1\n"
    "bog,ecosystem,km2,10,12,120,yes,1\n"
)
COMPARISON = (
    "feature,kind,unit,target,plan,line,plan_of_the_lines_area,plan_meets,line_meets,"
    "plan_of_the_lines_area_meets\n"
    "Rana rara,species,km2,100,120,80,150,yes,no,yes\n"
    "Rana lata,species,km2,50,50,60,60,yes,yes,yes\n"
    "bog,ecosystem,km2,10,12,1,14,yes,no,yes\n"
)
ANSWERS = (
    "answer,objective,bound,gap_percent,cost,units,area_m2,targets_met,differs_in_units\n"
    "0,600,599,0.125,600,3,600000000.0,3,0\n1,610,599,1.8,610,3,610000000.0,3,2\n"
)
AREA = "plan.area,Land,2026,status={status},{value},m2,,,plan,x\n"
BESIDE_AREA = "plan.beside_line,Land,2026,in={where},{value},m2,,,plan,x\n"


def plan_in(folder: Path, beside: bool, more: str = "") -> Contents:
    cells = np.zeros((30, 40))
    cells[:10, :10], cells[10:15, :10] = 1, 2
    write_raster(folder / "plan.tif", cells, "int32")
    write_raster(folder / "agreement.tif", cells, "int32")
    (folder / "problem.txt").write_text(PROBLEM, encoding="utf-8")
    measures = MEASURES + AREA.format(status="chosen", value=4e8)
    measures += AREA.format(status="locked_in", value=2e8)
    for where, value in (("both", 3e8), ("plan_only", 3e8), ("line_only", 6e8)):
        measures += BESIDE_AREA.format(where=where, value=value) if beside else ""
    empty = COMPARISON.splitlines()[0] + "\n"
    return run_of(folder, "plan", measures=measures, features=FEATURES, portfolio=ANSWERS,
                  comparison=COMPARISON if beside else empty,
                  more=PLAN + more + (BESIDE if beside else ""))  # fmt: skip


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    return plan_in(tmp_path, beside=True)


def test_page_one_states_the_plan_its_proof_and_the_line(contents: Contents) -> None:
    first = topics()["plan"].first(contents)
    assert first.sentences == (
        "600 km² of planning units meet 3 of 3 targets.",
        "No other choice is better by more than 0.13 %: that is proven.",
        "The line meets 1 of 3 targets, a plan of the same area 3.",
    )
    assert first.numbers[-1][0] == "25.0"


def test_targets_by_kind_and_those_that_the_line_misses_worst_first(contents: Contents) -> None:
    tables = tables_of(contents)
    assert tables["Targets met, by kind"] == [["species", "2", "2", "1"],
                                              ["ecosystem types", "1", "1", "0"]]  # fmt: skip
    (missed,) = [rows for caption, rows in tables.items() if "line misses" in caption]
    assert [row[0] for row in missed] == ["bog", "Rana rara"]
    assert [row[2] for row in missed] == ["10.0", "80.0"]
    answers = tables["Other answers nearly as good"]
    assert [row[0] for row in answers] == ["the plan", "1"]


def test_the_chapter_states_the_problem_without_its_advice(contents: Contents) -> None:
    (chapter,) = topics()["plan"].chapters(contents, {})
    said = " ".join(str(b["text"]) for b in chapter.blocks if b["kind"] == "text")
    assert "Choose from 12 planning units" in said
    assert "two are the same" not in said


def test_plan_and_line_are_drawn_side_by_side(contents: Contents, tmp_path: Path) -> None:
    drawn = topics()["plan"].draw(contents, tmp_path)
    assert [d.path.name for d in drawn] == ["plan_chosen.png", "plan_beside_line.png"]
    assert all(d.path.stat().st_size > 5_000 for d in drawn)


def test_without_a_line_nothing_is_said_of_one(tmp_path: Path) -> None:
    contents = plan_in(tmp_path, beside=False)
    assert len(topics()["plan"].first(contents).sentences) == 2
    assert [d.path.name for d in topics()["plan"].draw(contents, tmp_path)] == ["plan_chosen.png"]
    assert tables_of(contents)["Targets met, by kind"][0] == ["species", "2", "2"]


ZONES = (
    '[[plan.zones]]\nname = "strict"\nunits = 2\narea_m2 = 4e8\n'
    '[[plan.zones]]\nname = "managed"\nunits = 1\narea_m2 = 2e8\n'
)


def test_the_map_names_the_zones_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[list[str]] = []
    draw = choice.pictures.classes

    def watched(*args: Any, **more: Any) -> Any:
        shown.append([f"{look.name} {look.detail}" for look in args[5]])
        return draw(*args, **more)

    monkeypatch.setattr(choice.pictures, "classes", watched)
    topics()["plan"].draw(plan_in(tmp_path, beside=False, more=ZONES), tmp_path)
    assert shown == [["strict 400 km²", "managed 200 km²"]]
