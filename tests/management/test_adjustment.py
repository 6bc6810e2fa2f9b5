"""Adjustment: who may do what when, what a proposal must say, and what approval writes."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tianren.management import procedure
from tianren.management.adjustment import (
    ADDITION,
    NAME,
    REMOVAL,
    Changes,
    Ground,
    Item,
    Moved,
    boundary_records,
    causes,
    decide,
    exempt_loss,
    faults_of,
    latest_test,
)
from tianren.management.people import Person, Post, packaged_roles
from tianren.management.procedure import Act, Case
from tianren.management.procedure_reading import packaged
from tianren.management.register import REDLINE, NewZone, Warrant, Zone
from tianren.management.three_no import Check, ThreeNo
from tianren.management.working_days import Calendar

RULES = packaged(NAME)
LEVELS = {"nation": 0, "province": 1, "city": 1, "county": 2, "township": 3}
DAY = dt.date(2026, 3, 2)  # a Monday
ITEM = Item(1, REMOVAL, "a" * 64, 100, 90, "major_project", "plan 7")


def person(name: str, *posts: tuple[str, str]) -> Person:
    roles = packaged_roles()
    return Person(name, name, tuple(Post(roles[role], place) for role, place in posts))


OFFICER = person("ofi", ("officer", "14/1403"))
DECIDER = person("dee", ("decider", "14"))
BEYOND = person("bey", ("officer", "15/1501"), ("decider", "15"))
NATION = person("nat", ("decider", ""))


def ground(**boundaries: str) -> Ground:
    return Ground(LEVELS, Calendar(), boundaries)


def act(move: str, who: Person, **more: Any) -> Act:
    first = Act(move, f"{NAME}/2026-0001", "14/1403/7", DAY, who, "a law")
    return replace(first, **more)


def took(case: Case | None, done: Act, on: Ground | None = None) -> Case:
    outcome = decide(RULES, case, done, on or ground())
    assert outcome.records, [f.message for f in outcome.findings]
    (record,) = outcome.records
    return procedure.apply(case, replace(record, number=len(case.steps) + 1 if case else 1))


def refusals(case: Case | None, done: Act, on: Ground | None = None) -> set[str]:
    outcome = decide(RULES, case, done, on or ground())
    assert not outcome.records
    return {f.rule.partition(".")[2] for f in outcome.findings}


def proposed(neighbours: tuple[str, ...] = (), items: tuple[Item, ...] = (ITEM,)) -> Case:
    facts = {"items": [dict(i.plain) for i in items], "neighbours": list(neighbours)}
    return took(None, act("propose", OFFICER, documents={"proposal": "P1"}, facts=facts))


def checked(passed: bool | None = True) -> Mapping[str, Any]:
    check = Check("area", "", 10.0, 10.0, "m2", 0.0, passed, "area +0")
    return {"test": ThreeNo("14/1403", (check,)).plain(), "tested_on": {"zone/redline/1": "b1"}}


def after_test(case: Case, passed: bool | None = True) -> Case:
    return took(case, act("test", OFFICER, facts=checked(passed)))


def approval(who: Person = DECIDER, **more: Any) -> Act:
    return act("approve", who, documents={"approval": "D1"}, **more)


AS_TESTED = ground(**{"zone/redline/1": "b1"})


def test_a_proposal_goes_its_way() -> None:
    case = after_test(proposed())
    assert latest_test(case) is not None and latest_test(case).passed  # type: ignore[union-attr]
    assert took(case, approval(), AS_TESTED).status == "approved"


def test_it_is_not_approved_untested_failed_unknown_or_stale() -> None:
    assert "untested" in refusals(proposed(), approval(), AS_TESTED)
    assert refusals(after_test(proposed(), False), approval(), AS_TESTED) == {"failed"}
    unknown = after_test(proposed(), None)
    assert refusals(unknown, approval(), AS_TESTED) == {"unknown"}
    accepted = approval(facts={"unknown_accepted": "one land cover only"})
    assert took(unknown, accepted, AS_TESTED).status == "approved"
    moved = ground(**{"zone/redline/1": "b2"})
    assert refusals(after_test(proposed()), approval(), moved) == {"stale"}
    assert refusals(after_test(proposed()), approval(), ground()) == {"stale"}  # the piece is gone


def test_nobody_decides_their_own_or_above_their_level() -> None:
    both = person("ofi", ("officer", "14/1403"), ("decider", "14"))
    assert refusals(after_test(proposed()), approval(both), AS_TESTED) == {"same_person"}
    county = person("cou", ("decider", "14/1403"))
    assert refusals(after_test(proposed()), approval(county), AS_TESTED) == {"no_right"}
    elsewhere = person("els", ("decider", "15"))
    assert refusals(after_test(proposed()), approval(elsewhere), AS_TESTED) == {"no_right"}


def test_the_second_decision_is_told_of_the_first() -> None:
    done = took(after_test(proposed()), approval(), AS_TESTED)
    outcome = decide(RULES, done, act("refuse", NATION), AS_TESTED)
    assert "approved since 2026-03-02, by decider (record 3)" in outcome.findings[0].message


def test_the_other_side_is_asked_and_waited_for() -> None:
    case = after_test(proposed(("15/1501",)))
    assert refusals(case, approval(), AS_TESTED) == {"unanswered"}
    assert refusals(case, act("answer", OFFICER, place="14/1403")) == {"not_asked"}
    stranger = person("str", ("officer", "16"))
    assert refusals(case, act("answer", stranger, place="15/1501")) == {"no_right"}
    yes = took(case, act("answer", BEYOND, place="15/1501", facts={"agrees": True}))
    assert yes.place == "14/1403/7" and yes.status == "tested"
    assert took(yes, approval(), AS_TESTED).status == "approved"


def test_a_no_from_across_the_border_is_for_who_is_above_both() -> None:
    case = after_test(proposed(("15/1501",)))
    no = took(case, act("answer", BEYOND, place="15/1501", reason="storks",
                        facts={"agrees": False}))  # fmt: skip
    assert refusals(no, approval(), AS_TESTED) == {"disagreed"}
    assert took(no, approval(NATION), AS_TESTED).status == "approved"


def test_silence_lasts_as_long_as_the_clock() -> None:
    case = after_test(proposed(("15/1501",)))
    last = Calendar().after(DAY, 20)
    after = last + dt.timedelta(days=1)
    assert refusals(case, approval(NATION, day=last), AS_TESTED) == {"unanswered"}
    assert refusals(case, approval(DECIDER, day=after), AS_TESTED) == {"unanswered"}
    assert took(case, approval(NATION, day=after), AS_TESTED).status == "approved"


def test_two_sides_are_both_waited_for() -> None:
    case = after_test(proposed(("15/1501", "16/1601")))
    one = took(case, act("answer", BEYOND, place="15/1501", facts={"agrees": True}))
    assert refusals(one, approval(), AS_TESTED) == {"unanswered"}
    other = person("oth", ("officer", "16"))
    two = took(one, act("answer", other, place="16/1601", facts={"agrees": True}))
    assert took(two, approval(), AS_TESTED).status == "approved"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"cause": "greed"}, "cause"), ({"cause": "restored"}, "direction"),
        ({"ground": " "}, "ground"), ({"in_line_m2": 0}, "nothing"),
        ({"direction": ADDITION, "cause": "compensation", "in_line_m2": 100}, "nothing"),
        ({"direction": ADDITION, "cause": "major_project", "in_line_m2": 0}, "direction"),
    ],
)  # fmt: skip
def test_an_item_must_make_sense(change: Mapping[str, Any], rule: str) -> None:
    (fault,) = faults_of([replace(ITEM, **change)], "x")
    assert fault.rule == f"adjustment.{rule}"
    facts = {"items": [dict(replace(ITEM, **change).plain)]}
    done = act("propose", OFFICER, documents={"proposal": "P1"}, facts=facts)
    assert refusals(None, done) == {rule}


def test_a_proposal_without_items_needs_a_site() -> None:
    bare = act("propose", OFFICER, documents={"proposal": "P1"}, facts={"items": []})
    assert refusals(None, bare) == {"empty"}
    assert took(None, replace(bare, facts={"items": [], "sites": [{"enters": []}]}))


def test_exempt_loss_counts_what_the_law_exempts() -> None:
    items = [
        ITEM, replace(ITEM, cause="mapping_error", in_line_m2=40),
        replace(ITEM, cause="protected_area_abolished", in_line_m2=7),
        replace(ITEM, direction=ADDITION, cause="restored", in_line_m2=0),
    ]  # fmt: skip
    assert exempt_loss(items) == 47
    assert all(c.source and c.names["zh_Hans"] and c.names["es"] for c in causes().values())


def test_approval_writes_every_boundary_with_its_proposal() -> None:
    zone = Zone("zone/redline/1", REDLINE, "1", "One", "14/1403", 3, "b1", 100, {"14": 100}, DAY)
    gone = replace(zone, subject="zone/redline/2", code="2")
    new = NewZone(REDLINE, "3", "Three", "14/1403", 3, "b3", 5, {"14": 5})
    changes = Changes((Moved(zone, "b9", 90, {"14": 90}),), (gone,), (new,))
    assert changes.before == {"zone/redline/1": "b1", "zone/redline/2": "b1"}
    warrant = Warrant("dee", DECIDER.posts[0], DAY, "a law")
    records = boundary_records(changes, f"{NAME}/2026-0001", warrant)
    assert [r.kind for r in records] == ["zone.changed", "zone.abolished", "zone.entered"]
    assert {r.body[NAME] for r in records} == {f"{NAME}/2026-0001"}
    assert all(r.actor == "dee" and r.ground == "a law" for r in records)


def test_a_move_takes_nothing_that_it_does_not_name() -> None:
    """Neither another's paper nor a fact that nobody asked for; an answer says yes or no."""
    items = [dict(ITEM.plain)]
    bare = act("propose", OFFICER, documents={"proposal": "P1"}, facts={"items": items})
    papers = {"proposal": "P1", "approval": "A1"}
    assert refusals(None, replace(bare, documents=papers)) == {"not_taken"}
    assert refusals(None, replace(bare, facts={"items": items, "test": {}})) == {"not_taken"}
    asked = proposed(("15/1501",))
    more = {"agrees": True, "test": {"passed": True}}
    answer = act("answer", BEYOND, place="15/1501", facts=more)
    assert refusals(asked, answer) == {"not_taken"}
