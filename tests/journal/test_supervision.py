"""Supervision kept in the journal: the same states by every way of reading them."""

import datetime as dt
import hashlib
from dataclasses import replace

import pytest
import shapely

from tianren.management.overdue import escalations, overdue
from tianren.management.people import Person, Post, packaged_roles
from tianren.management.procedure import Act
from tianren.management.supervision import (
    NAME,
    SupervisedCase,
    apply,
    decide,
    pack,
    packaged_rules,
    unpack,
)
from tianren.management.supervision_figures import statistics
from tianren.management.working_days import Calendar
from tianren.project.journal.journal import Fold, Journal
from tianren.records import standing

CASES: Fold[SupervisedCase] = Fold(NAME, apply, pack, unpack)
RULES = packaged_rules()
LEVELS = {"nation": 0, "province": 1, "county": 2}
CALENDAR = Calendar()
START = dt.date(2026, 3, 2)


def person(name: str, *roles: str, place: str = "14/1403") -> Person:
    return Person(name, name, tuple(Post(packaged_roles()[r], place) for r in roles))


ANN, BEN = person("ann", "inspector"), person("ben", "inspector")
DAN, COM = person("dan", "decider"), person("com", "applicant")
PIA = person("pia", "inspector", place="14")

LAND = shapely.to_wkb(shapely.box(0, 0, 2, 2))
DIGEST = hashlib.sha256(LAND).hexdigest()


def do(journal: Journal, subject: str, move: str, who: Person, days: int, **facts: object) -> None:
    """One move in one transaction, as a step makes it: the case with its people, the others
    without."""
    act = Act(
        move, subject, "14/1403", START + dt.timedelta(days=days), who, "a law",
        documents=dict.fromkeys(RULES.procedure.moves[move].documents, "a.pdf"), facts=facts,
        personal={"ordered": "com"} if move == "order" else {},
    )  # fmt: skip
    with journal.writing() as book:
        made = decide(
            RULES, book.state(CASES, subject), act, LEVELS, CALENDAR, book.states(CASES)
        ).or_refuse(subject, "see")
        shapes = {DIGEST: LAND} if "footprint" in facts else {}
        book.append(made.records, shapes)


def scripted(journal: Journal) -> None:
    one, clue = "supervision/1", {"zone": "zone/1", "severity": "serious"}
    do(journal, one, "patrol", ANN, 0, **clue)
    do(journal, one, "accept", ANN, 1)
    do(journal, one, "verify", ANN, 2)
    do(journal, one, "find", BEN, 3, violation="no_approval", violation_area_m2=9.0)
    do(journal, "supervision/2", "complaint", COM, 3, overlaps=[one], **clue)
    do(journal, one, "order", DAN, 4, rectify_by="2026-04-30")
    do(journal, one, "rectify", COM, 5)
    do(journal, one, "reinspect", BEN, 6)


def test_every_way_of_reading_gives_the_same_state(journal: Journal) -> None:
    scripted(journal)
    with journal.writing() as book:
        known = book.state(CASES, "supervision/1")
        assert known is not None and known.ordered == {"com"}
        folded = book.states(CASES)
        assert book.keep_snapshots(CASES) == 2
        assert book.states(CASES) == folded
        assert book.states(CASES, subjects=["supervision/2"])["supervision/2"].is_linked
    assert unpack(pack(known)) == folded["supervision/1"]
    do(journal, "supervision/1", "close", DAN, 7)
    with journal.reading() as book:
        assert book.states(CASES)["supervision/1"].status == "closed"
        on_that_day = book.states(CASES, day=START + dt.timedelta(days=4))
        assert on_that_day["supervision/1"].status == "ordered"


def test_a_case_read_without_its_people_cannot_be_decided_about(journal: Journal) -> None:
    scripted(journal)
    with journal.reading() as book:
        nameless = book.states(CASES)["supervision/1"]
    act = Act("close", nameless.subject, "", START + dt.timedelta(days=9), BEN, "a law",
              documents={"closure_decision": "a.pdf"})  # fmt: skip
    found = {f.rule for f in decide(RULES, nameless, act, LEVELS, CALENDAR).findings}
    assert "procedure.actor_unknown" in found


def test_what_is_overdue_is_taken_up_in_one_transaction(journal: Journal) -> None:
    scripted(journal)
    day = START + dt.timedelta(days=200)
    with journal.writing() as book:
        cases = book.states(CASES, place="14")
        made = escalations(RULES, cases.values(), day, CALENDAR, LEVELS, [PIA], "a rule")
        book.append(made.records)
        assert book.states(CASES)["supervision/1"].unit == "14"
        assert not overdue(RULES, book.states(CASES).values(), day, CALENDAR)


def test_a_corrected_record_changes_the_figures(journal: Journal) -> None:
    """A closing that was withdrawn leaves the case open."""
    scripted(journal)
    do(journal, "supervision/1", "close", DAN, 7)
    until = dt.date(2026, 3, 31)

    def march() -> tuple[int, int]:
        with journal.reading() as book:
            told = standing(book.records(kind=NAME))
        month = statistics(RULES, told, until, CALENDAR, 1)[-1]
        return month.closed, month.open

    assert march() == (1, 0)
    with journal.writing() as book:
        last = book.history("supervision/1")[-1]
        book.append([replace(last, kind=f"{NAME}.withdrawn", body={}, corrects=last.number,
                             personal={"actor": "dan"}, number=0, recorded=None)])  # fmt: skip
    assert march() == (0, 1)


@pytest.mark.parametrize("move", ["patrol", "satellite"])
def test_two_clues_of_one_event_are_one_case_whoever_writes_first(
    journal: Journal, move: str
) -> None:
    clue = {"zone": "zone/1", "severity": "minor", "footprint": DIGEST, "footprint_area_m2": 4.0}
    do(journal, "supervision/1", move, ANN, 0, **clue)
    do(journal, "supervision/2", "patrol", BEN, 0, **clue)
    with journal.reading() as book:
        cases = book.states(CASES)
    assert [c.status for c in cases.values()] == ["clue", "linked"]
