"""Clues to closure, deadlines, samples and scorecards, on the small country."""

import csv
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.keeping.kept import DAY
from tianren.errors import UserError
from tianren.management.supervision import packaged_rules
from tianren.project.project import Project
from tianren.steps import supervise
from tianren.steps.supervise_samples import results, sample
from tianren.steps.supervise_scores import scores

ON = DAY + dt.timedelta(days=60)
PIECE = "1001150001"
INSIDE = (6_400, -1_600, 6_700, -1_400)
Draw = Callable[..., Path]


def papers(move: str) -> dict[str, str]:
    return {d: f"{d}.pdf" for d in packaged_rules().procedure.moves[move].documents}


def clue(project: Project, **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"zone": PIECE, "severity": "serious", "actor": "ins", "day": ON}
    told = supervise.report(project, "patrol", ground="duty", documents=papers("patrol"),
                            **{**given, **more})  # fmt: skip
    return dict(told.table)


def go(project: Project, name: str, move: str, actor: str, days: int, **facts: Any) -> Any:
    return supervise.act(
        project, name, move, actor=actor, documents=papers(move), facts=facts, reason="as seen",
        personal={"ordered": "Firm"} if move == "order" else {}, day=ON + dt.timedelta(days=days),
    ).table  # fmt: skip


def found(project: Project) -> str:
    name = str(clue(project)["subject"]).partition("/")[2]
    go(project, name, "accept", "ins", 1)
    go(project, name, "verify", "ins", 2)
    go(project, name, "find", "ofi", 3, violation="no_approval", violation_area_m2=900.0)
    return name


def test_a_clue_becomes_a_case_of_the_unit_that_its_zone_lies_in(country: Project) -> None:
    table = clue(country)
    assert table["unit"] == "10/1001" and table["status"] == "clue" and table["due"]


def test_a_footprint_that_lies_elsewhere_says_how_far(country: Project, draw: Draw) -> None:
    with pytest.raises(UserError, match="km away"):
        clue(country, footprint=draw("fp", (-19_000, 1_000, -18_900, 1_100)))


def test_two_clues_that_overlap_are_one_case(country: Project, draw: Draw) -> None:
    first = clue(country, footprint=draw("a", INSIDE))
    second = clue(country, footprint=draw("b", (6_600, -1_500, 6_900, -1_300)))
    assert first["status"] == "clue" and second["status"] == "linked"
    apart = clue(country, footprint=draw("c", (7_500, -600, 7_600, -500)))
    assert apart["status"] == "clue"


def test_from_finding_to_closure(country: Project) -> None:
    name = found(country)
    due = (ON + dt.timedelta(days=30)).isoformat()
    go(country, name, "order", "dee", 4, rectify_by=due)
    go(country, name, "rectify", "app", 10)
    go(country, name, "reinspect", "ins", 12)
    assert go(country, name, "close", "dee", 13)["status"] == "closed"
    told = supervise.show(country, name, day=ON + dt.timedelta(days=20))
    assert "close" in told.text()


def test_a_unit_that_is_none_is_refused(country: Project) -> None:
    name = found(country)
    with pytest.raises(UserError, match="10/9999"):
        go(country, name, "transfer", "ins", 4, held_by="10/9999")
    assert go(country, name, "transfer", "ins", 4, held_by="10/1002")["unit"] == "10/1002"


def test_what_is_overdue_goes_up_a_level(country: Project) -> None:
    clue(country)
    much_later = ON + dt.timedelta(days=60)
    (row,) = supervise.late(country, day=much_later).table["overdue"]
    assert row["unit"] == "10/1001" and row["days_over"] > 0
    told = supervise.escalate(country, actor="nat", ground="rule", day=much_later)
    assert told.table["escalated"] == [row["subject"]]
    (case,) = supervise.show(country, day=much_later).table["cases"]
    assert case["unit"] == "10"


def test_whoever_has_no_right_is_told(country: Project) -> None:
    with pytest.raises(UserError, match=r"supervision\.patrol"):
        clue(country, actor="app")
    with pytest.raises(UserError, match="no zone"):
        clue(country, zone="4711")


def test_figures_of_all_units_are_shown_by_month(country: Project) -> None:
    found(country)
    told = supervise.figures(country, day=ON + dt.timedelta(days=5))
    month = f"{ON:%Y-%m}"
    assert [(m["month"], m["clues"], m["found"], m["open"]) for m in told.table["all_months"]] == [
        (month, 1, 1, 1)
    ]
    assert told.text().splitlines()[-1].split() == [month, "1", "1", "0", "1", "0"]


@pytest.mark.parametrize("command", [supervise.figures, scores])
def test_a_level_that_is_none_is_refused(country: Project, command: Any) -> None:
    with pytest.raises(UserError, match="no level called parish"):
        command(country, level="parish", day=ON)


def test_figures_add_up_over_units(country: Project) -> None:
    name = found(country)
    table = supervise.figures(country, day=ON + dt.timedelta(days=5)).table
    assert sum(unit["found"] for unit in table["units"]) == 1
    assert {m["month"] for m in table["months"]} == {ON.isoformat()[:7]}
    assert name


def test_a_sample_comes_back_as_a_rate_with_its_interval(country: Project, tmp_path: Path) -> None:
    told = sample(country, seed=7, rate=0.2, to=tmp_path / "visits.csv", day=ON)
    again = sample(country, seed=7, rate=0.2, to=tmp_path / "again.csv", day=ON)
    assert (tmp_path / "visits.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()
    assert told.table["power"] >= 0.95 and again.table
    with (tmp_path / "visits.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for n, row in enumerate(rows):
        row.update({"result": "violation" if n == 0 else "none", "visited_on": ON.isoformat()})
    path = tmp_path / "visits.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, rows[0])
        table.writeheader()
        table.writerows(rows)
    back = results(country, path, day=ON + dt.timedelta(days=30)).table
    (rate,) = [m for m in back["measures"] if m["indicator"].endswith("rate")][:1]
    assert float(rate["low"]) < float(rate["value"]) < float(rate["high"])


def test_a_table_without_its_plan_is_told_in_words(country: Project, tmp_path: Path) -> None:
    sample(country, seed=7, rate=0.2, to=tmp_path / "visits.csv", day=ON)
    (tmp_path / "visits.json").unlink()
    with pytest.raises(UserError, match="the plan of the sample is not beside") as fault:
        results(country, tmp_path / "visits.csv", day=ON)
    assert "visits.json" in fault.value.where and "Errno" not in str(fault.value)


def test_scorecards_tell_known_from_unknown(country: Project) -> None:
    name = found(country)
    later = ON + dt.timedelta(days=10)
    cards = {c["unit"]: c for c in scores(country, day=later).table["scorecards"]}
    assert set(cards) == {"2/201", "2/202", "10/1001", "10/1002"} and name
    looked = {c["unit"]: c for c in scores(country, looked=["all"], day=later).table["scorecards"]}
    assert all(looked[u]["known"] >= cards[u]["known"] for u in cards)
    assert all(c["low"] <= c["high"] for c in cards.values())
