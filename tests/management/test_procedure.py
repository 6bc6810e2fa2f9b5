"""A procedure: what is open, to whom, with what; a case is the fold of its records."""

import datetime as dt
import tomllib
from dataclasses import replace

import pytest

from tianren.errors import UserError
from tianren.management.people import Person, Post, Role
from tianren.management.procedure import (
    Act,
    Case,
    Procedure,
    apply,
    case_of,
    decide,
    due,
)
from tianren.management.procedure_reading import procedure_of
from tianren.management.working_days import Calendar

TOY = """
name = {en = "Toy"}
source = "a test"
verified = false
since = 2026-01-01
status.asked = {name = {en = "asked"}, due = 5}
status.granted = {name = {en = "granted"}, ended = true}
document.form = {name = {en = "form"}}
document.seal = {name = {en = "seal"}}
move.ask = {name = {en = "ask"}, to = "asked", documents = ["form"]}
move.note = {name = {en = "note"}, from = ["asked"]}
move.grant = {name = {en = "grant"}, from = ["asked"], to = "granted", level = "province", documents = ["seal"], facts = ["area"], apart_from = ["ask"]}
"""  # noqa: E501
LEVELS = {"nation": 0, "province": 1, "county": 2}
DAY = dt.date(2026, 1, 5)


def toy() -> Procedure:
    return procedure_of("toy", tomllib.loads(TOY), "toy.toml")


def person(name: str, place: str = "14", rights: str = "toy.*") -> Person:
    return Person(name, name, (Post(Role(name, {"en": name}, tuple(rights.split())), place),))


def act(move: str, who: Person, **more: object) -> Act:
    first = Act(move, "toy/1", "14/1403", DAY, who, "a law")
    return replace(first, **more)  # type: ignore[arg-type]


def asked() -> Case:
    made = decide(toy(), None, act("ask", person("ann"), documents={"form": "f.pdf"}), LEVELS)
    return apply(None, replace(made.records[0], number=1))


def refusals(case: Case | None, done: Act) -> set[str]:
    outcome = decide(toy(), case, done, LEVELS)
    assert outcome.refused is bool(outcome.findings) and outcome.refused is not bool(
        outcome.records
    )
    return {f.rule for f in outcome.findings}


def test_a_case_goes_its_way() -> None:
    case = asked()
    assert (case.status, case.place, case.documents) == ("asked", "14/1403", {"form": "f.pdf"})
    assert due(toy(), case, Calendar()) == dt.date(2026, 1, 12)
    grant = act("grant", person("bob"), documents={"seal": "s"}, facts={"area": 3})
    done = apply(case, decide(toy(), case, grant, LEVELS).records[0])
    assert done.status == "granted" and done.facts == {"area": 3}
    assert due(toy(), done, Calendar()) is None
    assert [s.actor for s in done.steps] == ["ann", "bob"]


def test_everything_that_is_missing_is_said_at_once() -> None:
    ann = person("ann", place="14/1403")
    found = refusals(asked(), act("grant", ann, day=dt.date(2026, 1, 1)))
    assert found == {
        "toy.no_right", "procedure.same_person", "toy.document_missing", "procedure.fact_missing",
        "procedure.before_last",
    }  # fmt: skip


def test_where_the_first_name_is_not_known_nobody_is_somebody_else() -> None:
    """A case that was read without its people, or whose names were erased."""
    case = asked()
    case = replace(case, steps=tuple(replace(step, actor="") for step in case.steps))
    grant = act("grant", person("bob"), documents={"seal": "s"}, facts={"area": 3})
    assert refusals(case, grant) == {"procedure.actor_unknown"}


def test_who_has_no_right_here_is_refused() -> None:
    elsewhere = person("cy", place="15")
    assert refusals(None, act("ask", elsewhere, documents={"form": "f"})) == {"toy.no_right"}
    reader = person("dee", rights="toy.note")
    assert refusals(None, act("ask", reader, documents={"form": "f"})) == {"toy.no_right"}


def test_a_move_that_is_not_open_names_what_is() -> None:
    outcome = decide(toy(), None, act("grant", person("bob")), LEVELS)
    assert "there is no case" in outcome.findings[0].message
    outcome = decide(toy(), asked(), act("ask", person("bob"), documents={"form": "f"}), LEVELS)
    assert "open already" in outcome.findings[0].message
    with pytest.raises(UserError, match="no move called sing"):
        decide(toy(), asked(), act("sing", person("bob")), LEVELS)


def test_a_move_without_status_leaves_it() -> None:
    case = asked()
    later = act("note", person("bob"), day=DAY + dt.timedelta(days=4))
    noted = apply(case, decide(toy(), case, later, LEVELS).records[0])
    assert noted.status == "asked" and noted.since == case.since == DAY
    assert due(toy(), noted, Calendar()) == due(toy(), case, Calendar())


def test_a_move_that_stays_does_not_wind_the_clock_again() -> None:
    later = act("note", person("bob"), day=dt.date(2026, 1, 8))
    noted = apply(asked(), decide(toy(), asked(), later, LEVELS).records[0])
    assert noted.since == DAY and due(toy(), noted, Calendar()) == dt.date(2026, 1, 12)


def test_nobody_acts_in_another_name() -> None:
    claimed = act("ask", person("ann"), documents={"form": "f"}, personal={"actor": "bob"})
    assert decide(toy(), None, claimed, LEVELS).records[0].actor == "ann"


def test_an_unknown_document_is_refused_with_the_known() -> None:
    outcome = decide(
        toy(), None, act("ask", person("a"), documents={"form": "f", "x": "y"}), LEVELS
    )
    assert [f.rule for f in outcome.findings] == ["toy.document_unknown"]
    assert "form, seal" in outcome.findings[0].message


def test_no_records_are_no_case() -> None:
    assert case_of([]) is None


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        ('move.ask = {name = {en = "ask"}, to = "asked", documents = ["form"]}', "cannot be come"),
        ("ended = true", "no way on"),
        ('"form"]', "no document"),
    ],
)
def test_a_broken_procedure_is_refused(broken: str, fault: str) -> None:
    text = TOY.replace(broken, '"none"]' if broken == '"form"]' else "", 1).replace("}, }", "}}")
    text = text.replace("}, , ", "}, ")
    with pytest.raises(UserError, match=fault):
        procedure_of("toy", tomllib.loads(text), "toy.toml")
