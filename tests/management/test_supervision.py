"""Supervision: from each source of clue to closure, what is refused, one event one case."""

import datetime as dt
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any

import pytest

from tianren.errors import UserError
from tianren.management.people import Person, Post, packaged_roles
from tianren.management.procedure import Act
from tianren.management.supervision import (
    SupervisedCase,
    cases_of,
    clues_of,
    common_place,
    decide,
    due,
    original,
    pack,
    packaged_rules,
    require_source,
    rules_of,
    unpack,
)
from tianren.management.working_days import Calendar
from tianren.records import Record

RULES = packaged_rules()
LEVELS = {"nation": 0, "province": 1, "county": 2, "township": 3}
CALENDAR = Calendar()
COUNTY, PROVINCE = "14/1403", "14"
START = dt.date(2026, 3, 2)  # a Monday
ZONE = "zone/140315 0001"
PAPERS = {move.id: list(move.documents) for move in RULES.procedure.moves.values()}


def person(name: str, role: str, place: str = COUNTY) -> Person:
    return Person(name, name, (Post(packaged_roles()[role], place),))


ANN = person("ann", "inspector")
BEN = person("ben", "inspector")
DAN = person("dan", "decider")
COM = person("com", "applicant")
OFF = person("off", "officer")
AUD = person("aud", "auditor")
PIA = person("pia", "inspector", PROVINCE)
PAUL = person("paul", "decider", PROVINCE)
NAT = person("nat", "inspector", "")

FACTS: Mapping[str, Mapping[str, Any]] = {
    **{source: {"zone": ZONE, "severity": "general"} for source in RULES.sources},
    "find": {"violation": "no_approval", "violation_area_m2": 1200.0},
    "extend": {"rectify_by": "2026-12-31"},
}


@dataclass
class Book:
    """The records of a scripted story, as a journal would write them."""

    records: list[Record] = field(default_factory=list)

    @property
    def cases(self) -> dict[str, SupervisedCase]:
        return cases_of(self.records)

    def outcome(self, move: str, who: Person, day: dt.date, subject: str, **more: Any) -> Any:
        act = Act(
            move, subject, more.pop("place", COUNTY), day, who, "a notice",
            documents=more.pop("documents", {name: f"{name}.pdf" for name in PAPERS[move]}),
            facts={**FACTS.get(move, {}), **more.pop("facts", {})},
            personal={"ordered": "com"} if move == "order" else {},
        )  # fmt: skip
        return decide(
            RULES, self.cases.get(subject), replace(act, **more), LEVELS, CALENDAR, self.cases
        )

    def do(
        self, move: str, who: Person, day: dt.date, subject: str = "supervision/1", **more: Any
    ) -> Any:
        outcome = self.outcome(move, who, day, subject, **more)
        told = outcome.or_refuse(subject, "see")
        for record in told.records:
            self.records.append(replace(record, number=len(self.records) + 1))
        return told

    def refused(
        self, move: str, who: Person, day: dt.date, subject: str = "supervision/1", **more: Any
    ) -> set[str]:
        outcome = self.outcome(move, who, day, subject, **more)
        assert not outcome.records
        return {f.rule for f in outcome.findings}


def day(n: int) -> dt.date:
    return START + dt.timedelta(days=n)


def until(status: str) -> Book:
    """A case that has come to a status, a day a move."""
    book = Book()
    way = [("patrol", ANN), ("accept", ANN), ("verify", ANN), ("find", BEN), ("order", DAN),
           ("rectify", COM), ("reinspect", BEN), ("close", DAN)]  # fmt: skip
    for n, (move, who) in enumerate(way):
        if book.records and book.cases["supervision/1"].status == status:
            break
        book.do(move, who, day(n))
    assert book.cases["supervision/1"].status == status
    return book


# -- from each source to closure -------------------------------------------------------------------

WHO_REPORTS = {"alert": OFF, "patrol": ANN, "complaint": COM, "audit": AUD, "satellite": OFF}


@pytest.mark.parametrize("source", RULES.sources)
def test_a_clue_from_each_source_comes_to_closure(source: str) -> None:
    book = Book()
    book.do(source, WHO_REPORTS[source], day(0))
    for n, (move, who) in enumerate(
        [("accept", ANN), ("verify", ANN), ("find", BEN), ("order", DAN), ("rectify", COM),
         ("return", ANN), ("rectify", COM), ("reinspect", BEN), ("close", DAN)], start=1,
    ):  # fmt: skip
        book.do(move, who, day(n))
    case = book.cases["supervision/1"]
    assert (case.status, case.source, case.zone) == ("closed", source, ZONE)
    assert (case.violation, case.found_unit, case.unit) == ("no_approval", COUNTY, COUNTY)
    assert case.ordered == {"com"}
    assert due(RULES, case, CALENDAR) is None
    assert [step.move for step in case.steps].count("rectify") == 2


def test_the_five_sources_are_those_of_the_law() -> None:
    assert set(RULES.sources) == {"alert", "patrol", "complaint", "audit", "satellite"}
    assert require_source(RULES, "audit") == "audit"
    with pytest.raises(UserError, match="no source of clues called rumour"):
        require_source(RULES, "rumour")


def test_a_clue_may_be_no_violation_but_not_by_who_verified_it_alone() -> None:
    book = until("verified")
    assert book.refused("dismiss", ANN, day(5)) == {"procedure.same_person"}
    book.do("dismiss", DAN, day(5))
    assert book.cases["supervision/1"].status == "no_violation"


def test_every_role_of_the_moves_is_there() -> None:
    for move in RULES.procedure.moves:
        assert any(r.gives(f"supervision.{move}") for r in packaged_roles().values()), move


def test_names_are_there_in_three_languages() -> None:
    procedure = RULES.procedure
    named = [*procedure.statuses.values(), *procedure.documents.values(),
             *procedure.moves.values(), *RULES.severities.values(),
             *RULES.violations.values()]  # fmt: skip
    for one in named:
        assert {"en", "zh_Hans", "es"} == set(one.names) and all(one.names.values()), one.id
        assert one.name == one.names["en"]
    assert not procedure.verified


def test_rules_without_severities_are_refused() -> None:
    path = files("tianren.parameters").joinpath("procedures").joinpath("supervision.toml")
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    with pytest.raises(UserError, match="no severity"):
        rules_of({**table, "severity": {}}, "own.toml")
    assert RULES.worse("grave") > RULES.worse("minor") > RULES.worse("unheard of")


# -- who may not -----------------------------------------------------------------------------------


def test_who_was_ordered_neither_inspects_nor_gives_time_nor_closes() -> None:
    both = Person("com", "com", (*COM.posts, *ANN.posts, *DAN.posts))
    book = until("rectified")
    assert book.refused("reinspect", both, day(9)) == {"procedure.same_person"}
    book = until("ordered")
    assert book.refused("extend", both, day(9)) == {"supervision.ordered_person"}
    book = until("reinspected")
    assert "procedure.same_person" in book.refused("close", both, day(9))
    assert book.refused("return", both, day(9)) == {"supervision.ordered_person"}


def test_who_was_ordered_once_stays_so_though_somebody_else_reported_last() -> None:
    book = until("rectified")
    other = person("col", "applicant")
    book.do("return", ANN, day(8))
    book.do("rectify", other, day(9))
    both = Person("com", "com", (*COM.posts, *ANN.posts))
    assert book.refused("reinspect", both, day(10)) == {"supervision.ordered_person"}


def test_who_re_inspected_does_not_close() -> None:
    book = until("reinspected")
    both = Person("ben", "ben", (*BEN.posts, *DAN.posts))
    assert book.refused("close", both, day(9)) == {"procedure.same_person"}


def test_an_order_names_who_is_ordered() -> None:
    book = until("found")
    assert book.refused("order", DAN, day(5), personal={}) == {"supervision.ordered_missing"}


def test_a_second_report_brings_its_own_papers() -> None:
    """What was handed in for the first round does not serve the second."""
    book = until("rectified")
    book.do("return", ANN, day(8))
    found = book.refused("rectify", COM, day(9), documents={})
    assert found == {"supervision.document_missing"}


def test_without_the_role_or_elsewhere_nobody_moves() -> None:
    book = until("found")
    assert book.refused("order", ANN, day(5)) == {"supervision.no_right"}
    assert book.refused("order", person("far", "decider", "15"), day(5)) == {"supervision.no_right"}
    town = person("tom", "decider", "14/1403/01")
    assert book.refused("order", town, day(5)) == {"supervision.no_right"}


def test_a_clock_that_jumps_back_is_refused() -> None:
    assert until("found").refused("order", DAN, day(0)) == {"procedure.before_last"}


def test_a_move_that_is_not_open_says_what_is() -> None:
    outcome = until("found").outcome("close", DAN, day(5), "supervision/1")
    assert [f.rule for f in outcome.findings] == ["supervision.not_open"]
    assert "order" in outcome.findings[0].message
    assert Book().refused("accept", ANN, day(1), "supervision/9") == {"supervision.not_open"}


def test_a_move_takes_no_paper_of_another_and_no_fact_that_it_does_not_name() -> None:
    """As in an occupation: what nobody asked for would stand on record as if somebody had."""
    given = {"rectification_report": "r.pdf", "closure_decision": "c.pdf"}
    book = until("ordered")
    assert book.refused("rectify", COM, day(6), documents=given) == {"supervision.not_taken"}
    assert book.refused("rectify", COM, day(6), facts={"weather": "fine"}) == {
        "supervision.not_taken"
    }
    assert Book().refused("patrol", ANN, day(0), facts={"restored": 1}) == {"supervision.not_taken"}


# -- facts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"severity": "huge"}, "known: minor, general"),
        ({"zone": 7}, "zone: it is a text"),
        ({"footprint": "abc", "footprint_area_m2": 1}, "sha256"),
        ({"footprint": "a" * 64}, "comes with its area"),
        ({"footprint": "a" * 64, "footprint_area_m2": -1}, "no area in m2"),
        ({"footprint_area_m2": True}, "no area in m2"),
        ({"footprint_area_m2": float("inf")}, "no area in m2"),
        ({"overlaps": "supervision/1"}, "list of cases"),
        ({"overlaps": ["supervision/7"]}, "no case supervision/7"),
        ({"seen": "2026-04-31"}, "no day like"),
        ({"seen": "2027-01-01"}, "is after"),
        ({"held_by": "14"}, "only these moves may say it: transfer"),
        ({"violation": "no_approval"}, "only these moves may say it: find"),
    ],
)
def test_facts_that_cannot_be_are_refused(facts: dict[str, Any], said: str) -> None:
    outcome = Book().outcome("patrol", ANN, day(0), "supervision/1", facts=facts)
    assert {f.rule for f in outcome.findings} == {"supervision.fact_wrong"}
    assert said in outcome.findings[0].message


def test_a_clue_without_its_zone_and_paper_lacks_both() -> None:
    found = Book().refused("patrol", ANN, day(0), facts={"zone": ""}, documents={})
    assert found == {
        "supervision.document_missing", "procedure.fact_missing", "supervision.fact_wrong"
    }  # fmt: skip


@pytest.mark.parametrize("value", ["soon", "2026-03-07", 20260401])
def test_a_deadline_lies_ahead(value: object) -> None:
    book = until("found")
    assert book.refused("order", DAN, day(5), facts={"rectify_by": value}) == {
        "supervision.fact_wrong"
    }


def test_a_finding_says_what_was_violated() -> None:
    book = until("verified")
    assert book.refused("find", BEN, day(5), facts={"violation": "noise"}) == {
        "supervision.fact_wrong"
    }


# -- clocks ----------------------------------------------------------------------------------------


def test_the_clock_of_each_status_is_counted_in_working_days() -> None:
    clue = until("clue").cases["supervision/1"]
    assert due(RULES, clue, CALENDAR) == dt.date(2026, 3, 9)
    holiday = Calendar.of([dt.date(2026, 3, 5)], [])
    assert due(RULES, clue, holiday) == dt.date(2026, 3, 10)


def test_an_order_may_set_its_own_day_and_more_time_moves_it() -> None:
    book = until("found")
    book.do("order", DAN, day(5), facts={"rectify_by": "2026-04-30"})
    assert due(RULES, book.cases["supervision/1"], CALENDAR) == dt.date(2026, 4, 30)
    book.do("extend", DAN, day(20), facts={"rectify_by": "2026-05-29"})
    assert due(RULES, book.cases["supervision/1"], CALENDAR) == dt.date(2026, 5, 29)
    book.do("rectify", COM, day(30))
    book.do("return", ANN, day(31))  # sets no day: the clock of the status runs anew
    assert due(RULES, book.cases["supervision/1"], CALENDAR) == CALENDAR.after(day(31), 60)


# -- from hand to hand -----------------------------------------------------------------------------


def test_what_is_overdue_goes_to_the_unit_above_with_a_new_clock() -> None:
    book = until("found")
    last = due(RULES, book.cases["supervision/1"], CALENDAR)
    assert last is not None
    assert book.refused("escalate", PIA, last) == {"supervision.not_overdue"}
    late = last + dt.timedelta(days=1)
    assert book.refused("escalate", ANN, late) == {"supervision.no_right"}
    book.do("escalate", PIA, late)
    case = book.cases["supervision/1"]
    assert (case.unit, case.place, case.status) == (PROVINCE, COUNTY, "found")
    assert due(RULES, case, CALENDAR) == CALENDAR.after(late, 10)
    assert book.records[-1].place == COUNTY  # the county's records hold its whole story
    assert book.refused("order", DAN, late) == {"supervision.no_right"}
    book.do("order", PAUL, late)
    book.do("rectify", COM, late)  # who is ordered reports where it lies


def test_above_the_whole_country_is_nobody() -> None:
    book = until("found")
    late = day(60)
    book.do("escalate", PIA, late)
    later = day(120)
    book.do("escalate", NAT, later)
    assert book.cases["supervision/1"].unit == ""
    assert book.cases["supervision/1"].times_escalated == 2
    assert book.refused("escalate", NAT, day(400)) == {"supervision.nobody_above"}


def test_a_unit_above_both_hands_a_case_over() -> None:
    book = until("verifying")
    other = {"held_by": "14/1404"}
    assert book.refused("transfer", ANN, day(3), facts=other) == {"supervision.no_right"}
    assert book.refused("transfer", PIA, day(3), facts={"held_by": COUNTY}) == {
        "supervision.fact_wrong"
    }
    book.do("transfer", PIA, day(3), facts=other)
    case = book.cases["supervision/1"]
    assert (case.unit, case.clock) == ("14/1404", day(3))
    assert book.refused("verify", ANN, day(4)) == {"supervision.no_right"}
    book.do("verify", person("eva", "inspector", "14/1404"), day(4))


def test_a_unit_is_held_to_account_from_above() -> None:
    book = until("found")
    county = {"accountable_unit": COUNTY}
    assert book.refused("hold_accountable", DAN, day(5), facts=county) == {"supervision.no_right"}
    far = {"accountable_unit": "15/1501"}
    assert "supervision.fact_wrong" in book.refused("hold_accountable", PAUL, day(5), facts=far)
    book.do("hold_accountable", PAUL, day(5), facts=county)
    case = book.cases["supervision/1"]
    assert (case.status, case.facts["accountable_unit"]) == ("found", COUNTY)
    assert case.clock == day(3)  # it gives nobody more time


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [("14/1403", "14/1404", "14"), ("14/1403", "14", "14"), ("14/1403", "15/1501", ""),
     ("14/1403/01", "14/1403", "14/1403"), ("14", "140", "")],
)  # fmt: skip
def test_the_nearest_common_place(one: str, other: str, common: str) -> None:
    assert common_place(one, other) == common_place(other, one) == common


# -- one event, one case ---------------------------------------------------------------------------

PRINT = {"footprint": "a" * 64, "footprint_area_m2": 1500.0}


def test_a_second_clue_of_an_event_is_linked_by_one_record() -> None:
    book = until("verifying")
    told = book.do("satellite", OFF, day(3), "supervision/2", facts={"overlaps": ["supervision/1"]})
    assert [f.rule for f in told.findings] == ["supervision.linked"]
    assert len(told.records) == 1
    second = book.cases["supervision/2"]
    assert (second.status, second.facts["duplicate_of"]) == ("linked", "supervision/1")
    book.do("complaint", COM, day(4), "supervision/3", facts={"overlaps": ["supervision/2"]})
    assert book.cases["supervision/3"].facts["duplicate_of"] == "supervision/1"
    assert [c.subject for c in clues_of("supervision/1", book.cases)] == [
        "supervision/2",
        "supervision/3",
    ]


def test_the_same_footprint_is_the_same_event() -> None:
    book = Book()
    book.do("alert", OFF, day(0), "supervision/1", facts=PRINT)
    book.do("satellite", OFF, day(1), "supervision/2", facts=PRINT)
    assert book.cases["supervision/2"].is_linked
    book.do("satellite", OFF, day(1), "supervision/3", facts={**PRINT, "zone": "zone/other"})
    assert book.cases["supervision/3"].status == "clue"


def test_an_overlap_in_another_zone_is_another_event() -> None:
    book = until("verifying")
    book.do(
        "patrol",
        BEN,
        day(3),
        "supervision/2",
        facts={"zone": "zone/x", "overlaps": ["supervision/1"]},
    )
    assert book.cases["supervision/2"].status == "clue"


def test_an_event_after_closure_is_a_new_case_that_names_the_old() -> None:
    book = until("closed")
    told = book.do("patrol", ANN, day(30), "supervision/2", facts={"overlaps": ["supervision/1"]})
    assert [f.rule for f in told.findings] == ["supervision.repeat"]
    assert "supervision/1" in told.findings[0].message
    assert book.cases["supervision/2"].status == "clue"


def test_what_was_linked_can_be_taken_apart_with_a_reason() -> None:
    book = until("verifying")
    book.do("satellite", OFF, day(3), "supervision/2", facts={"overlaps": ["supervision/1"]})
    assert book.refused("separate", ANN, day(4), "supervision/2") == {"supervision.reason_missing"}
    book.do("separate", ANN, day(4), "supervision/2", reason="it is another pit")
    case = book.cases["supervision/2"]
    assert (case.status, case.clock) == ("clue", day(4))
    assert original(case, book.cases) is case


def test_a_case_is_linked_by_hand_to_an_open_one_of_its_zone() -> None:
    book = until("verifying")
    book.do("complaint", COM, day(3), "supervision/2")
    book.do("complaint", COM, day(3), "supervision/3", facts={"zone": "zone/x"})
    for other, said in (
        ("supervision/9", "no case"),
        ("supervision/2", "same case"),
        ("supervision/3", "zone"),
    ):
        outcome = book.outcome("link", ANN, day(4), "supervision/2", facts={"duplicate_of": other})
        assert said in outcome.findings[0].message
    book.do("link", ANN, day(4), "supervision/2", facts={"duplicate_of": "supervision/1"})
    circle = book.outcome(
        "link", ANN, day(5), "supervision/1", facts={"duplicate_of": "supervision/2"}
    )
    assert "same case" in circle.findings[0].message
    assert original(book.cases["supervision/2"], book.cases).subject == "supervision/1"


# -- names that are gone, states that are kept -----------------------------------------------------


def test_where_names_are_gone_nobody_inspects_or_closes_but_it_can_go_back() -> None:
    book = until("rectified")
    book.records = [replace(r, personal=dict.fromkeys(r.personal)) for r in book.records]
    assert book.cases["supervision/1"].ordered == frozenset()
    assert book.refused("reinspect", BEN, day(8)) == {"procedure.actor_unknown"}
    book.do("return", BEN, day(8))
    book.do("rectify", COM, day(9))
    book.do("reinspect", BEN, day(10))
    book.do("close", DAN, day(11))


@pytest.mark.parametrize("status", ["clue", "found", "ordered", "reinspected", "closed"])
def test_a_packed_state_holds_everything_but_names(status: str) -> None:
    book = until(status)
    nameless = cases_of([replace(r, personal={}) for r in book.records])["supervision/1"]
    packed = json.loads(json.dumps(pack(book.cases["supervision/1"])))
    assert unpack(packed) == nameless
    assert not {"ann", "ben", "dan", "com"} & set(json.dumps(packed).split('"'))


def test_a_case_has_the_name_of_its_kind() -> None:
    assert Book().refused("patrol", ANN, day(0), "case/1") == {"supervision.subject_wrong"}
