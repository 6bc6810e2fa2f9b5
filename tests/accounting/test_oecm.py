"""The OECM assessment: cases that a lawyer can read, what must hold for any answers, bad input."""

import csv
import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.accounting.classes import packaged_crosswalk
from tianren.accounting.forms import site_names
from tianren.accounting.oecm import (
    ANSWERS,
    CANDIDATE,
    DONE,
    NOT,
    QUALIFIES,
    Given,
    Lack,
    assess,
    assess_all,
    consented,
    criteria,
    oecm_measures,
    read_answers,
    recorded_but_failing,
)
from tianren.errors import UserError
from tianren.findings import Severity

DAY = dt.date(2025, 6, 30)
IDS = [c.id for c in criteria()]
SITES = site_names([("B1", "Sacred Mountain"), ("B2", "神山"), ("B3", "Lake"), ("B4", "Lake")])
CASES = list(csv.DictReader((Path(__file__).parent / "oecm_cases.csv").open(encoding="utf-8")))


@pytest.mark.parametrize("case", CASES, ids=[c["case"] for c in CASES])
def test_what_the_answers_come_to(case: Mapping[str, str]) -> None:
    found = assess("B1", _answers(case))
    assert (found.outcome, found.step) == (case["outcome"], case["step"])
    said = "; ".join(found.failed) if found.failed else found.missing_text()
    assert said == case["why"]


def _answers(case: Mapping[str, str]) -> list[Given]:
    shown = {"all": set(IDS), "none": set(), "all but consent": set(IDS) - {"consent"}}
    return [
        Given("B1", i, case[i], "a record" if i in shown[case["evidence"]] else "")
        for i in IDS
        if case[i]
    ]


def test_the_tool_has_three_steps_and_eight_criteria() -> None:
    assert [c.id for c in criteria() if c.id != "consent"] == [f"C{n}" for n in range(1, 9)]
    assert list(dict.fromkeys(c.step for c in criteria())) == ["screening", "consent", "full"]


def test_consent_refused_for_one_criterion_ends_the_assessment() -> None:
    answers = [Given("B1", i, "yes", "a record") for i in IDS]
    answers[-1] = Given("B1", "C8", "yes", "a record", consent="no")
    found = assess("B1", answers)
    assert (found.outcome, found.failed) == (NOT, ("consent",))
    assert not consented(found.answers)


def test_evidence_and_consent_are_asked_for_in_one_turn_and_once_for_each_criterion() -> None:
    answers = [Given("B1", c, "yes", "a record") for c in IDS]
    answers[-1] = Given("B1", "C8", "yes", "", consent="unknown")
    found = assess("B1", answers)
    assert found.outcome == CANDIDATE
    assert found.missing == (Lack("C8", "evidence"), Lack("C8", "consent"))
    silent = [a for a in answers if a.criterion != "consent"]
    unsure = assess("B1", [*silent, Given("B1", "consent", "unknown", consent="unknown")])
    assert [m for m in unsure.missing if m.criterion == "consent"] == [Lack("consent", "unknown")]


def test_a_site_that_the_map_shows_protected_cannot_qualify_as_something_else() -> None:
    answers = [Given("B1", i, "yes", "a record") for i in IDS]
    assert assess("B1", answers).outcome == QUALIFIES
    (found,), (told,) = assess_all(answers, packaged_crosswalk(), {"B1": 0.8}, 0.5)
    assert found.outcome == CANDIDATE
    assert found.missing_text() == "C1: the map shows a protected area"
    assert told.rule == "oecm.protected" and "80.0 %" in told.message
    (found,), (told,) = assess_all(answers, packaged_crosswalk(), {"B1": 0.1}, 0.5)
    assert (found.outcome, told.rule) == (QUALIFIES, "oecm.overlap")


BETTER = {"no": 0, "unknown": 1, "partly": 2, "yes": 3}
RANK = {NOT: 0, CANDIDATE: 1, QUALIFIES: 2}
some_answers = st.lists(
    st.tuples(st.sampled_from(IDS), st.sampled_from(ANSWERS), st.booleans()),
    unique_by=lambda t: t[0],
)


@given(some_answers, st.data())
def test_a_better_answer_or_more_evidence_never_makes_the_outcome_worse(
    said: list[tuple[str, str, bool]], data: st.DataObject
) -> None:
    before = assess("B1", [Given("B1", c, a, "x" * e) for c, a, e in said])
    better = [
        Given(
            "B1", c, data.draw(st.sampled_from([b for b in ANSWERS if BETTER[b] >= BETTER[a]])), "x"
        )
        for c, a, e in said
    ]  # fmt: skip
    assert RANK[assess("B1", better).outcome] >= RANK[before.outcome]


@given(some_answers)
def test_only_what_is_complete_qualifies_and_only_a_failure_excludes(
    said: list[tuple[str, str, bool]],
) -> None:
    found = assess("B1", [Given("B1", c, a, "x" * e) for c, a, e in said])
    whole = {(c, a, e) for c, a, e in said} == {(i, "yes", True) for i in IDS}
    assert (found.outcome == QUALIFIES) == whole == (found.step == DONE)
    assert (found.outcome == NOT) == any(a == "no" for _, a, _ in said)
    assert {*found.failed, *(m.criterion for m in found.missing)} == {
        i for i in IDS if (i, "yes", True) not in said
    }


@given(st.permutations(range(9)), st.lists(st.sampled_from(ANSWERS), min_size=9, max_size=9))
@settings(max_examples=30)
def test_the_order_of_answers_does_not_matter(order: list[int], answers: list[str]) -> None:
    rows = [Given("B1", i, a, "x") for i, a in zip(IDS, answers, strict=True)]
    assert assess("B1", [rows[n] for n in order]) == assess("B1", rows)


# --- reading -------------------------------------------------------------------------------------


def _table(*rows: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows).fillna("")


def test_the_same_table_in_three_languages() -> None:
    english = _table(
        {"site": "B2", "criterion": "C4", "answer": "yes", "evidence": "survey 2024",
         "consent": "not needed", "date": "2024-05-31", "assessor": "Wu"}
    )  # fmt: skip
    chinese = _table(
        {"地块": "神山", "标准": "标准4", "答案": "是", "证据": "survey 2024", "同意": "不需要",
         "日期": "2024年5月31日", "评估人": "Wu"}
    )  # fmt: skip
    spanish = _table(
        {"Sitio": "b2", "Criterio": "criterio 4", "Respuesta": "Sí", "Evidencia": "survey 2024",
         "Consentimiento": "no aplica", "Fecha": "2024/05/31", "Evaluadora": "Wu"}
    )  # fmt: skip
    wanted = [Given("B2", "C4", "yes", "survey 2024", "not_needed", dt.date(2024, 5, 31), "Wu",
                    row=2)]  # fmt: skip
    for table in (english, chinese, spanish):
        assert read_answers(table, SITES, DAY, "answers.csv") == (wanted, [])


def test_rows_that_nobody_filled_in_are_open() -> None:
    table = _table({"site": "B1", "criterion": "C1", "answer": ""})
    assert read_answers(table, SITES, DAY, "answers.csv") == ([], [])


def test_a_later_answer_replaces_an_earlier_one_and_is_told() -> None:
    rows = [
        {**GOOD, "criterion": "C7", "answer": "no", "date": "2020"},
        {**GOOD, "criterion": "C7", "evidence": "lease", "date": "2024-01-05"},
    ]
    for order in (rows, rows[::-1]):
        (kept,), (told,) = read_answers(_table(*order), SITES, DAY, "answers.csv")
        assert (kept.answer, kept.day) == ("yes", dt.date(2024, 1, 5))
        assert told.rule == "oecm.answered_again"


GOOD = {"site": "B1", "criterion": "C1", "answer": "yes"}


@pytest.mark.parametrize(
    ("rows", "what", "where"),
    [
        ([{**GOOD, "site": "Mount Nowhere"}], "not in the list", "row 2, Mount Nowhere"),
        ([{**GOOD, "site": "Lake"}], "2 sites are called Lake", "row 2, Lake"),
        ([{**GOOD, "site": ""}], "names no site", "row 2"),
        ([{**GOOD, "criterion": "C9"}], "criterion 'C9' is not known", "row 2, B1"),
        ([{**GOOD, "criterion": ""}], "names no criterion", "row 2, B1"),
        ([{**GOOD, "answer": "maybe"}], "answer 'maybe' is not known", "row 2, B1"),
        ([{**GOOD, "date": "2025-07-01"}], "lies in the future", "row 2, B1"),
        ([{**GOOD, "date": "2026"}], "lies in the future", "row 2, B1"),
        ([{**GOOD, "date": "2024-02-30"}], "is no date", "row 2, B1"),
        ([GOOD, {**GOOD, "answer": "no"}], "two answers to C1: yes and no", "row 3, B1"),
        ([{**GOOD, "conservation": "total"}], "conservation 'total' is not known", "row 2, B1"),
    ],
)
def test_an_answer_that_cannot_be_used_is_refused_with_its_row(
    rows: list[dict[str, str]], what: str, where: str
) -> None:
    with pytest.raises(UserError) as caught:
        read_answers(_table(*rows), SITES, DAY, "answers.csv")
    assert what in caught.value.what
    assert caught.value.where == f"answers.csv, {where}"
    assert caught.value.next_step


def test_a_misspelt_site_is_told_the_one_meant() -> None:
    with pytest.raises(UserError, match="did you mean B1"):
        read_answers(_table({**GOOD, "site": "Sacred Mountian"}), SITES, DAY, "answers.csv")


def test_a_table_without_answers_names_its_columns() -> None:
    with pytest.raises(UserError, match="no column of answer"):
        read_answers(_table({"site": "B1", "criterion": "C1"}), SITES, DAY, "answers.csv")


# --- what follows --------------------------------------------------------------------------------


def test_the_kind_of_conservation_comes_from_the_type_where_nobody_said() -> None:
    answers = [
        Given("B1", "C1", "yes", type="军事禁区"),
        Given("B2", "C1", "yes", type="moon base"),
        Given("B3", "C1", "yes", type="校园", conservation="primary"),
    ]
    made, told = assess_all(answers, packaged_crosswalk("CN"), {}, 0.5)
    assert [a.conservation for a in made] == ["ancillary", "", "primary"]
    assert [f.rule for f in told] == ["oecm.unknown_type"] and "moon base" in told[0].message


def test_a_recorded_site_that_fails_is_an_error_and_an_open_one_a_warning() -> None:
    made = [assess("B1", [Given("B1", "C6", "no")]), assess("B2", [Given("B2", "C6", "partly")])]
    told = recorded_but_failing(made, ["B1", "B2"])
    assert [f.severity for f in told] == [Severity.ERROR, Severity.WARNING]
    assert recorded_but_failing(made, []) == []


def test_measures_count_every_site_once() -> None:
    made = [assess("B1", [Given("B1", "C6", "no")]), assess("B2", [])]
    found = {
        (m.indicator, m.by_text): m.value for m in oecm_measures(made, {NOT: 5.0}, "x", "2025")
    }
    assert found["account.oecm_sites", "outcome=not"] == 1
    assert found["account.oecm_sites", "outcome=candidate"] == 1
    assert found["account.oecm_sites", "outcome=OECM"] == 0
    assert found["account.oecm_area", "outcome=not"] == 5.0
