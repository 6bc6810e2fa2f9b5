"""Overdue, escalation, accountability and figures by month of one scripted quarter, by hand."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from tianren.management.overdue import escalations, overdue, roles_for
from tianren.management.people import Person, Post, packaged_roles
from tianren.management.procedure import Act
from tianren.management.supervision import apply, cases_of, decide, packaged_rules
from tianren.management.supervision_figures import (
    Conduct,
    Month,
    accountability,
    charges_by_unit,
    conduct,
    statistics,
    statistics_measures,
    unit_of,
)
from tianren.management.working_days import Calendar
from tianren.measures import indicators
from tianren.records import Record

RULES = packaged_rules()
LEVELS = {"nation": 0, "province": 1, "county": 2}
CALENDAR = Calendar()
A, B = "14/1403", "14/1404"
ZONE = "zone/1"


def person(name: str, place: str, *roles: str) -> Person:
    return Person(name, name, tuple(Post(packaged_roles()[r], place) for r in roles))


INSPECTOR = person("ina", "14", "inspector")
SECOND = person("ira", "14", "inspector")
DECIDER = person("dee", "14", "decider")
ORDERED = person("orr", "14", "applicant")


def story(*moves: tuple[str, str, str, str, dict[str, Any]]) -> list[Record]:
    """Records of (day, subject, place, move, facts), by whoever may."""
    who = {"verify": SECOND, "order": DECIDER, "close": DECIDER, "rectify": ORDERED,
           "reinspect": SECOND}  # fmt: skip
    records: list[Record] = []
    for day, subject, place, move, facts in moves:
        cases = cases_of(records)
        act = Act(
            move, subject, place, dt.date.fromisoformat(day), who.get(move, INSPECTOR), "a law",
            "a reason", dict.fromkeys(RULES.procedure.moves[move].documents, "a.pdf"), facts,
            {"ordered": "orr"} if move == "order" else {},
        )  # fmt: skip
        made = decide(RULES, cases.get(subject), act, LEVELS, CALENDAR, cases)
        records += made.or_refuse(subject, "see").records
    return records


def clue(severity: str, **more: Any) -> dict[str, Any]:
    return {"zone": ZONE, "severity": severity, **more}


DONE = {"violation": "unlisted_activity", "violation_area_m2": 1000.0}
RECORDS = story(
    ("2026-01-05", "supervision/1", A, "patrol", clue("minor")),
    ("2026-01-06", "supervision/1", A, "accept", {}),
    ("2026-01-07", "supervision/1", A, "verify", {}),
    ("2026-01-08", "supervision/1", A, "find", DONE),
    ("2026-01-09", "supervision/1", A, "order", {}),
    ("2026-01-12", "supervision/2", A, "satellite", clue("grave", overlaps=["supervision/1"])),
    ("2026-01-20", "supervision/3", B, "complaint", clue("serious")),
    ("2026-01-21", "supervision/3", B, "accept", {}),
    ("2026-02-02", "supervision/3", B, "verify", {}),
    ("2026-02-03", "supervision/3", B, "dismiss", {}),
    ("2026-02-10", "supervision/4", B, "alert", clue("grave")),
    ("2026-02-11", "supervision/4", B, "accept", {}),
    ("2026-02-12", "supervision/4", B, "verify", {}),
    (
        "2026-02-13",
        "supervision/4",
        B,
        "find",
        {"violation": "no_approval", "violation_area_m2": 50.0},
    ),
    ("2026-02-16", "supervision/1", A, "rectify", {}),
    ("2026-02-17", "supervision/1", A, "reinspect", {"restored_area_m2": 400.0}),
    ("2026-03-04", "supervision/1", A, "close", {}),
    ("2026-03-05", "supervision/5", A, "audit", clue("general")),
    ("2026-03-06", "supervision/2", A, "separate", {}),
)
END = dt.date(2026, 3, 31)


def test_the_figures_of_each_unit_and_month() -> None:
    assert statistics(RULES, RECORDS, END, CALENDAR, 2) == [
        Month(A, "2026-01", clues=2, linked=1, verified=1, found=1, open=1),
        Month(B, "2026-01", clues=1, open=1),
        Month(A, "2026-02", open=1),
        Month(B, "2026-02", clues=1, verified=2, found=1, dismissed=1, open=1, overdue=1),
        Month(A, "2026-03", clues=1, separated=1, closed=1, open=2, overdue=2, median_days=58.0),
        Month(B, "2026-03", open=1, overdue=1),
    ]
    assert [m.opened for m in statistics(RULES, RECORDS, END, CALENDAR, 2)] == [1, 1, 0, 1, 2, 0]


def test_the_province_is_the_sum_of_its_counties() -> None:
    rows = statistics(RULES, RECORDS, END, CALENDAR, 1)
    assert [(m.month, m.opened, m.closed, m.dismissed, m.open, m.overdue) for m in rows] == [
        ("2026-01", 2, 0, 0, 2, 0), ("2026-02", 1, 0, 1, 2, 1), ("2026-03", 2, 1, 0, 3, 3),
    ]  # fmt: skip
    assert statistics(RULES, [], END, CALENDAR, 1) == []
    assert [unit_of(A, level) for level in (0, 1, 2, 3)] == ["", "14", A, A]


def test_the_last_month_ends_with_its_day() -> None:
    rows = statistics(RULES, RECORDS, dt.date(2026, 3, 4), CALENDAR, 2)
    assert rows[-2] == Month(A, "2026-03", closed=1, median_days=58.0)


def test_figures_are_measures_of_the_registry() -> None:
    measures = statistics_measures(statistics(RULES, RECORDS, END, CALENDAR, 0), "Country")
    days = [m for m in measures if m.indicator == "supervision.days"]
    assert [(m.place, m.period, m.value, m.unit) for m in days] == [
        ("Country", "2026-03", 58.0, "d")
    ]
    for measure in measures:
        names = indicators()[measure.indicator].name
        assert set(names) == {"en", "zh_Hans", "es"} and all(names.values())
        assert indicators()[measure.indicator].targets


def test_february_is_overdue_on_its_clock() -> None:
    """supervision/4 was found on 13 February: ten working days later is the 27th, a Friday."""
    cases = cases_of(RECORDS).values()
    assert not [o for o in overdue(RULES, cases, dt.date(2026, 2, 27), CALENDAR)
                if o.subject == "supervision/4"]  # fmt: skip
    late = overdue(RULES, cases, dt.date(2026, 3, 2), CALENDAR)
    assert [(o.subject, o.unit, o.status, o.severity, o.due, o.days_over) for o in late] == [
        ("supervision/4", B, "found", "grave", dt.date(2026, 2, 27), 1)
    ]
    assert (late[0].moves, late[0].roles) == (("order",), ("decider",))


def test_the_worst_come_first_then_those_due_longest_ago() -> None:
    late = overdue(RULES, cases_of(RECORDS).values(), END, CALENDAR)
    assert [o.subject for o in late] == ["supervision/4", "supervision/2", "supervision/5"]
    assert roles_for(("order",)) == ("decider",)
    assert "officer" in roles_for(("accept",))


def test_what_is_overdue_goes_up_by_whoever_is_nearest() -> None:
    cases = cases_of(RECORDS).values()
    people = [person("zoe", "", "inspector"), person("abe", "14", "decider"),
              person("amy", "14", "inspector"), person("low", B, "inspector")]  # fmt: skip
    made = escalations(RULES, cases, END, CALENDAR, LEVELS, people, "a rule")
    assert not made.findings
    assert [(r.subject, r.actor, r.role, r.place) for r in made.records] == [
        ("supervision/2", "abe", "decider", A), ("supervision/4", "abe", "decider", B),
        ("supervision/5", "abe", "decider", A),
    ]  # fmt: skip
    assert all(r.body["facts"] == {"held_by": "14"} for r in made.records)
    again = escalations(RULES, cases, END, CALENDAR, LEVELS, people[::-1], "a rule")
    assert again == made


def test_what_nobody_takes_up_is_told_and_refuses_nothing() -> None:
    cases = cases_of(RECORDS).values()
    made = escalations(RULES, cases, END, CALENDAR, LEVELS, [person("low", B, "inspector")], "r")
    assert not made.records and not made.refused
    assert {f.rule for f in made.findings} == {"supervision.nobody_takes_up"}
    assert "over 14" in made.findings[0].message and "decider" in made.findings[0].message


def test_a_day_before_the_last_move_takes_nothing_up() -> None:
    """A clock that jumped back: the case is late by its clock, but the move would come too soon."""
    held = replace(RECORDS[13], kind="supervision.hold_accountable", effective=END, number=99,
                   body={"status": "found", "facts": {"accountable_unit": B}})  # fmt: skip
    case = apply(cases_of(RECORDS)["supervision/4"], held)
    made = escalations(RULES, [case], dt.date(2026, 3, 10), CALENDAR, LEVELS, [INSPECTOR], "a rule")
    assert not made.records and not made.refused
    assert {f.rule for f in made.findings} == {"procedure.before_last"}


def test_who_answers_for_what() -> None:
    charges = accountability(RULES, cases_of(RECORDS).values(), END, CALENDAR)
    assert [(c.subject, c.found_unit, c.ended, c.days_over, c.area_m2) for c in charges] == [
        ("supervision/4", B, False, 22, 50.0), ("supervision/1", A, True, 0, 1000.0),
    ]  # fmt: skip
    assert [(u.unit, u.found, u.open, u.overdue, u.open_area_m2, u.taken_up)
            for u in charges_by_unit(charges)] == [
        (A, 1, 0, 0, 0, 0), (B, 1, 1, 1, 50.0, 0),
    ]  # fmt: skip


def test_what_a_scorecard_is_told() -> None:
    """supervision/1 ended late: re-inspected on 17 February, it was to be closed by 3 March."""
    start = dt.date(2026, 1, 1)
    assert conduct(RULES, RECORDS, A, start, END, CALENDAR) == Conduct(600.0, 0, 1, 0, 2)
    assert conduct(RULES, RECORDS, B, start, END, CALENDAR) == Conduct(0.0, 1, 1, 1, 1)
    assert conduct(RULES, RECORDS, "14", start, END, CALENDAR) == Conduct(600.0, 1, 2, 1, 3)
    before = dt.date(2026, 2, 17)
    assert conduct(RULES, RECORDS, A, start, before, CALENDAR).disturbed_m2 == 600.0
    half_way = dt.date(2026, 2, 16)
    assert conduct(RULES, RECORDS, A, start, half_way, CALENDAR).disturbed_m2 == 1000.0
    later = dt.date(2026, 2, 1)
    assert conduct(RULES, RECORDS, A, later, END, CALENDAR) == Conduct(0.0, 0, 1, 0, 2)


def test_what_a_re_inspection_took_back_is_disturbed_still() -> None:
    back = story(
        ("2026-01-05", "supervision/1", A, "patrol", clue("minor")),
        ("2026-01-06", "supervision/1", A, "accept", {}),
        ("2026-01-07", "supervision/1", A, "verify", {}),
        ("2026-01-08", "supervision/1", A, "find", DONE),
        ("2026-01-09", "supervision/1", A, "order", {}),
        ("2026-02-16", "supervision/1", A, "rectify", {}),
        ("2026-02-17", "supervision/1", A, "reinspect", {"restored_area_m2": 400.0}),
        ("2026-02-18", "supervision/1", A, "return", {}),
    )
    told = conduct(RULES, back, A, dt.date(2026, 1, 1), END, CALENDAR)
    assert told.disturbed_m2 == 1000.0


@pytest.mark.parametrize("level", [0, 1, 2])
def test_records_in_any_order_of_subjects_give_the_same(level: int) -> None:
    by_subject = sorted(RECORDS, key=lambda r: r.subject)
    assert statistics(RULES, by_subject, END, CALENDAR, level) == statistics(
        RULES, RECORDS, END, CALENDAR, level
    )
