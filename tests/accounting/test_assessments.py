"""Assessments: METT-4 by hand, the same from three layouts, and what is refused."""

import csv
import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.accounting.assessments import (
    GOVERNANCE,
    MANAGEMENT,
    Score,
    latest,
    percent_score,
    read_assessments,
    tools,
)
from tianren.accounting.forms import site_names
from tianren.errors import UserError

DAY = dt.date(2025, 6, 30)
SITES = site_names([("101", "Andohahela"), ("102", "Masoala")])
PLACE = Path(__file__).parent / "effectiveness_cases.csv"
CASES = list(csv.DictReader(PLACE.open(encoding="utf-8")))


def items(text: str) -> list[str]:
    """ "3*10 NA*28" as 38 answers."""
    found: list[str] = []
    for part in text.split():
        value, times = part.split("*")
        found += [value] * int(times)
    return found


@pytest.mark.parametrize("case", CASES, ids=[c["case"] for c in CASES])
def test_mett_by_hand(case: Mapping[str, str]) -> None:
    row = {"site": "101", "year": "2021"}
    row |= {f"Q{n}": v for n, v in enumerate(items(case["scores"]), start=1)}
    (found,), told = read_assessments(pd.DataFrame([row]), SITES, DAY, "mett4.csv")
    assert found.tool == "METT-4" and [f.rule for f in told] == ["assessments.unverified"]
    assert found.percent == pytest.approx(float(case["percent"]), abs=1e-4)
    assert found.answered + found.not_applicable == 38


@given(st.lists(st.integers(0, 3), min_size=1, max_size=38))
def test_the_score_is_the_formula_and_stays_a_percentage(values: list[int]) -> None:
    found = percent_score(values, 0, 3)
    assert found == pytest.approx(100 * sum(values) / (3 * len(values)))
    assert 0 <= found <= 100


def test_one_row_a_question_says_the_same_as_one_row_a_site() -> None:
    values = [n % 4 for n in range(38)]
    wide = pd.DataFrame([{"wdpaid": "101", "year": "2021"}
                         | {f"Question {n}": str(v) for n, v in enumerate(values, 1)}])  # fmt: skip
    long = pd.DataFrame(
        {"保护地": "Andohahela", "工具": "METT-4", "年份": "2021",
         "问题": [f"问题{n}" for n in range(1, 39)], "评分": [str(v) for v in values]}
    )  # fmt: skip
    (a,), _ = read_assessments(wide, SITES, DAY, "our mett-4 of 2021")
    (b,), _ = read_assessments(long, SITES, DAY, "survey.xlsx")
    assert a.percent == b.percent == pytest.approx(100 * sum(values) / 114)
    wanted = ("101", "METT-4", dt.date(2021, 12, 31))
    assert (a.site, a.tool, a.day) == (b.site, b.tool, b.day) == wanted


def test_imet_has_its_elements_by_name() -> None:
    row = {"sitio": "Masoala", "año": "2023", "contexto": "40", "planificación": "50",
           "insumos": "60", "proceso": "70", "productos": "80", "resultados": "30"}  # fmt: skip
    (found,), told = read_assessments(pd.DataFrame([row]), SITES, DAY, "imet_2023.csv")
    assert (found.tool, found.percent) == ("IMET", pytest.approx(55.0))
    assert [f.rule for f in told] == ["assessments.unverified"]


def test_every_group_of_actors_counts_the_same_in_sage() -> None:
    women = {"site": "101", "date": "2024-03-01", "group": "women"}
    rangers = {"site": "101", "date": "2024-03-01", "group": "rangers"}
    rows = [women | {f"P{n}": "1" for n in range(1, 11)},
            rangers | {f"P{n}": "3" for n in range(1, 11)}]  # fmt: skip
    (found,), _ = read_assessments(pd.DataFrame(rows), SITES, DAY, "sage.csv")
    assert found.percent == pytest.approx(100 * 2 / 3)
    assert (found.groups, found.what) == (2, GOVERNANCE)


def test_the_green_list_is_a_status_with_an_end() -> None:
    rows = [{"site": "101", "tool": "Green List", "year": "2022", "status": "列入",
             "until": "2027-12-31"}]  # fmt: skip
    (found,), _ = read_assessments(pd.DataFrame(rows), SITES, DAY, "list.csv")
    assert (found.status, found.until, found.percent) == ("listed", dt.date(2027, 12, 31), None)


def test_items_left_empty_are_told() -> None:
    row = {"site": "101", "year": "2021", "Q1": "3", "Q2": "", "Q3": "NA"}
    (found,), (told, _) = read_assessments(pd.DataFrame([row]), SITES, DAY, "mett4.csv")
    assert (found.percent, found.answered, found.open, found.not_applicable) == (100, 1, 36, 1)
    assert told.rule == "assessments.open_items" and "36 of 38" in told.message


def test_a_score_that_nothing_applies_to_is_no_score() -> None:
    row = {"site": "101", "year": "2021"} | {f"Q{n}": "NA" for n in range(1, 39)}
    (found,), (told, _) = read_assessments(pd.DataFrame([row]), SITES, DAY, "mett4.csv")
    assert found.percent is None and told.rule == "assessments.no_score"
    assert latest([found], MANAGEMENT) == {}


GOOD = {"site": "101", "tool": "METT-4", "year": "2021", "Q1": "3"}


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([{**GOOD, "Q1": "4"}], "Q1 '4' is out of range"),
        ([{**GOOD, "Q1": "-1"}], "Q1 '-1' is out of range"),
        ([{**GOOD, "Q1": "good"}], "Q1 'good' is out of range"),
        ([{**GOOD, "site": "999"}], "the site '999' is not in the list"),
        ([{**GOOD, "year": "2031"}], "the date 2031 lies in the future"),
        ([{**GOOD, "year": ""}], "the assessment has no year"),
        ([{**GOOD, "tool": "METT-9"}], "the tool 'METT-9' is not known"),
        ([{**GOOD, "tool": ""}], "the table does not say its tool"),
        ([GOOD, {**GOOD, "Q1": "2"}], "two scores of Q1: 3 and 2"),
        ([{**GOOD, "Q1": ""}], "the assessment has no score"),
        ([{**GOOD, "question": "Q39", "value": "1"}], "METT-4 has no item 'Q39'"),
        ([{**GOOD, "score": "40"}], "the score 40 is not that of its items, 100.0"),
        ([{**GOOD, "Q1": "", "score": "140"}], "score '140' is out of range"),
        ([{**GOOD, "tool": "Green List", "status": "gold"}], "green_list 'gold' is not known"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_with_site_and_advice(
    rows: list[dict[str, str]], what: str
) -> None:
    with pytest.raises(UserError) as caught:
        read_assessments(pd.DataFrame(rows).fillna(""), SITES, DAY, "survey.csv")
    assert what in caught.value.what
    assert caught.value.where.startswith("survey.csv, row") and caught.value.next_step


def test_of_one_day_the_more_detailed_assessment_counts() -> None:
    day = dt.date(2024, 1, 1)
    scores = [Score("101", "other", day, 90.0), Score("101", "METT-4", day, 60.0),
              Score("101", "METT-4", dt.date(2020, 1, 1), 10.0)]  # fmt: skip
    for order in (scores, scores[::-1]):
        assert latest(order, MANAGEMENT)["101"].percent == 60


def test_every_tool_says_where_it_is_from() -> None:
    assert {"METT-4", "IMET", "SAGE", "Green List"} <= set(tools())
    assert tools()["METT-4"].items == 38
    assert all(tool.source and tool.high > tool.low for tool in tools().values())
