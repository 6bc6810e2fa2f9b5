"""Random walks through supervision: whatever people try, these things stay true."""

import datetime as dt
import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.management.overdue import escalations, overdue
from tianren.management.people import Person, Post, packaged_roles
from tianren.management.procedure import Act
from tianren.management.supervision import (
    SupervisedCase,
    apply,
    cases_of,
    clues_of,
    decide,
    due,
    original,
    packaged_rules,
)
from tianren.management.supervision_figures import (
    accountability,
    charges_by_unit,
    conduct,
    statistics,
    statistics_measures,
)
from tianren.management.working_days import Calendar
from tianren.records import Record, parent, within

RULES = packaged_rules()
LEVELS = {"nation": 0, "province": 1, "county": 2}
CALENDAR = Calendar.of([dt.date(2026, 5, 1)], [dt.date(2026, 5, 9)])
START = dt.date(2026, 1, 5)
PLACES = ("", "14", "14/1403", "14/1404")
SUBJECTS = ("supervision/1", "supervision/2", "supervision/3")
ZONES = ("zone/a", "zone/b")


def person(name: str, *roles: str, place: str) -> Person:
    return Person(name, name, tuple(Post(packaged_roles()[role], place) for role in roles))


EVERYBODY = tuple(
    person(f"{name}@{place}", *roles, place=place)
    for place in PLACES
    for name, roles in (
        ("one", ("inspector", "decider", "applicant", "officer")),
        ("two", ("inspector", "decider", "applicant")),
        ("three", ("decider", "applicant", "auditor")),
        ("four", ("inspector", "decider")),
    )
)
MOVES = tuple(RULES.procedure.moves)
PAPERS = {m.id: dict.fromkeys(m.documents, "a.pdf") for m in RULES.procedure.moves.values()}
SEEDS = st.integers(0, 2**32)


def walk(seed: int, steps: int = 120) -> list[Record]:
    """The records of what people tried and was open. Each step tries a few people and moves, those
    that are open among them, so that walks come far; days pass, now and then many."""
    dice = random.Random(seed)
    records: list[Record] = []
    cases: dict[str, SupervisedCase] = {}
    day = START
    for _ in range(steps):
        day += dt.timedelta(days=dice.choice((0, 0, 1, 2, 9, 40)))
        subject = dice.choice(SUBJECTS)
        case = cases.get(subject)
        onward = [m.id for m in RULES.procedure.open_from(case.status)] if case else []
        for move in (dice.choice(MOVES), *dice.sample(onward, min(len(onward), 3))):
            place, zone, other = (dice.choice(some) for some in (PLACES, ZONES, SUBJECTS))
            act = Act(move, subject, place or "14/1403", day, dice.choice(EVERYBODY), "a law",
                      "a reason", PAPERS[move], facts_for(move, place, zone, other, cases, day),
                      {"ordered": "one@14/1403"} if move == "order" else {})  # fmt: skip
            made = decide(RULES, case, act, LEVELS, CALENDAR, cases)
            assert bool(made.records) is not made.refused
            if made.records:
                record = replace(made.records[0], number=len(records) + 1)
                record.require_whole()
                records.append(record)
                cases[subject] = apply(case, record)
                break
    assert cases == cases_of(records)
    return records


def facts_for(
    move: str, place: str, zone: str, other: str, cases: dict[str, SupervisedCase], day: dt.date
) -> dict[str, object]:
    if move in RULES.sources:
        overlaps = [other] if other in cases else []
        return {"zone": zone, "severity": "serious", "overlaps": overlaps}
    return {
        "find": {"violation": "nature_lost", "violation_area_m2": 10.0},
        "order": {"rectify_by": (day + dt.timedelta(days=20)).isoformat()},
        "extend": {"rectify_by": (day + dt.timedelta(days=9)).isoformat()},
        "transfer": {"held_by": place}, "hold_accountable": {"accountable_unit": place},
        "link": {"duplicate_of": other}, "reinspect": {"restored_area_m2": 4.0},
    }.get(move, {})  # fmt: skip


def test_the_walks_come_everywhere() -> None:
    """Else what follows would be true of nothing."""
    walks = [walk(seed) for seed in range(40)]
    moves = {record.kind.removeprefix("supervision.") for records in walks for record in records}
    assert moves == set(MOVES)
    assert {r.body["status"] for records in walks for r in records} == set(RULES.procedure.statuses)
    closed = [c for records in walks for c in cases_of(records).values() if c.status == "closed"]
    assert len(closed) > 20
    assert any(step.move == "return" for case in closed for step in case.steps)
    assert any(case.times_escalated for case in closed)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_nothing_closes_without_re_inspection_by_somebody_else(
    seed: int,
) -> None:
    for case in cases_of(walk(seed)).values():
        if case.status != "closed":
            continue
        ordered = {s.actor for s in case.steps if s.move == "rectify"} | {"one@14/1403"}
        moves = [s.move for s in case.steps]
        last = len(moves) - 1 - moves[::-1].index("rectify")
        after = [s for s in case.steps[last:] if s.move == "reinspect"]
        assert after and all(s.actor not in ordered for s in after)
        closing = case.last("close")
        assert closing is not None and closing.actor not in ordered | {after[-1].actor}
        verified, dismissed = case.last("verify"), case.last("dismiss")
        assert verified is not None and dismissed is None


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_every_case_is_due_or_ended_and_in_somebodys_hands(
    seed: int,
) -> None:
    cases = cases_of(walk(seed))
    for case in cases.values():
        ended = RULES.procedure.statuses[case.status].ended
        assert (due(RULES, case, CALENDAR) is None) is ended
        assert case.unit in PLACES
        assert [s.day for s in case.steps] == sorted(s.day for s in case.steps)
        first = original(case, cases)
        assert not first.is_linked and first.zone == case.zone
        if case.is_linked:
            assert case in clues_of(first.subject, cases)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_escalation_ends_with_the_whole_country(
    seed: int,
) -> None:
    cases = cases_of(walk(seed))
    day, rounds = START + dt.timedelta(days=4000), 0
    before = {s: c.unit for s, c in cases.items()}
    while True:
        made = escalations(RULES, cases.values(), day, CALENDAR, LEVELS, EVERYBODY, "a rule")
        assert not made.refused
        for record in made.records:
            case = cases[record.subject]
            cases[record.subject] = apply(case, record)
            assert cases[record.subject].unit == parent(case.unit)
            assert within(case.unit, cases[record.subject].unit)
            assert record.place == case.place
        if not made.records:
            break
        day += dt.timedelta(days=200)
        rounds += 1
    assert rounds <= 2  # from a county to the province to the country
    late = overdue(RULES, cases.values(), day, CALENDAR)
    still = [c for c in cases.values() if not RULES.procedure.statuses[c.status].ended]
    assert {o.subject for o in late} == {c.subject for c in still}
    assert all(o.unit == "" for o in late)
    assert {f.rule for f in made.findings} <= {"supervision.overdue_at_the_top"}
    assert len(made.findings) == len(late)
    assert all(within(before[s], c.unit) for s, c in cases.items())


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(0, 2))
def test_figures_add_up_at_the_end_of_every_month(seed: int, level: int) -> None:
    records = walk(seed)
    until = records[-1].effective + dt.timedelta(days=45) if records else START
    months = statistics(RULES, records, until, CALENDAR, level)
    by_unit: dict[str, list[object]] = {}
    for m in months:
        own = by_unit.setdefault(m.unit, [])
        before = own[-1].open if own else 0  # type: ignore[attr-defined]
        assert m.open == before + m.opened - m.closed - m.dismissed
        assert 0 <= m.overdue <= m.open
        assert (m.median_days is None) is (m.closed == 0)
        own.append(m)
    cases = cases_of(records)
    assert sum(m.clues for m in months) == len(cases)
    assert sum(m.linked - m.separated for m in months) == sum(c.is_linked for c in cases.values())
    assert sum(m.closed for m in months) == sum(c.status == "closed" for c in cases.values())
    if records:  # what a month said stays said
        early = records[len(records) // 2].effective.replace(day=1) - dt.timedelta(days=1)
        then = statistics(RULES, records, early, CALENDAR, level)
        assert then == months[: len(then)]
    for rows in by_unit.values():
        assert [m.month for m in rows] == sorted({m.month for m in rows})  # type: ignore[attr-defined]
    counted = statistics_measures(months, "Country")
    assert sum(m.value for m in counted if m.indicator == "supervision.opened") == sum(
        m.opened for m in months
    )
    if months:
        last = months[-1].month
        late = overdue(RULES, cases.values(), until, CALENDAR)
        assert sum(m.overdue for m in months if m.month == last) == len(late)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_every_finding_has_a_unit_that_answers(
    seed: int,
) -> None:
    records = walk(seed)
    cases = cases_of(records)
    end = records[-1].effective if records else START
    charges = accountability(RULES, cases.values(), end, CALENDAR)
    found = [c for c in cases.values() if c.last("find")]
    assert {c.subject for c in charges} == {c.subject for c in found}
    assert all(c.found_unit in PLACES and c.violation for c in charges)
    by_unit = charges_by_unit(charges)
    assert sum(u.found for u in by_unit) == len(charges)
    assert sum(u.open for u in by_unit) == sum(not c.ended for c in charges)
    whole = conduct(RULES, records, "", START, end, CALENDAR)
    parts = [conduct(RULES, records, p, START, end, CALENDAR) for p in PLACES if p.count("/")]
    parts.append(conduct(RULES, [r for r in records if r.place == "14"], "14", START, end,
                         CALENDAR))  # fmt: skip
    assert whole.ended == sum(p.ended for p in parts)
    assert whole.disturbed_m2 == sum(p.disturbed_m2 for p in parts)
    assert 0 <= whole.in_time <= whole.ended
