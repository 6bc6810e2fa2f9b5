"""Supervision: from a clue to closure, with what goes beyond the generic procedure.

A case is in the hands of a unit: at first that of its place, after a transfer another, and when a
clock runs out the unit above. Only who has the right over that unit moves it. What a move needs, it
brings: a report of the first round does not serve the second. Clues of one event are one case.
"""

import datetime as dt
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, cast

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.language import in_tongue, say
from tianren.management import procedure
from tianren.management.not_taken import not_taken
from tianren.management.outcome import Outcome, refuse
from tianren.management.procedure import Act, Case, Levels, Procedure, Step
from tianren.management.procedure_reading import procedure_of
from tianren.management.working_days import Calendar
from tianren.records import Plain, Record, parent, within

NAME = "supervision"  # with which kinds and subjects begin: "supervision/14-2026-001"
ORDERED = "ordered"  # the personal value of an order: who is to put it right
LINKED = "linked"
HANDED = ("escalate", "transfer")  # moves that give a case to another unit, with a new clock
NOT_BY_ORDERED = frozenset({"extend", "reinspect", "return", "close"})
# Facts that only these moves may say, for the state of the case rests on them.
RESERVED: Mapping[str, frozenset[str]] = MappingProxyType({
    "held_by": frozenset({"transfer"}),
    "duplicate_of": frozenset({"link"}),
    "accountable_unit": frozenset({"hold_accountable"}),
    "rectify_by": frozenset({"order", "extend", "return"}),
    "violation": frozenset({"find"}),
    "violation_area_m2": frozenset({"find"}),
    "restored_area_m2": frozenset({"reinspect"}),
})  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A severity or a kind of violation. counts: what it is for the scorecard, "" for nothing."""

    id: str
    names: Mapping[str, str]
    counts: str = ""

    @property
    def name(self) -> str:
        return in_tongue(self.names)


@dataclass(frozen=True)
class Rules:
    """The procedure, with severities from the least to the worst and the kinds of violation."""

    procedure: Procedure
    severities: Mapping[str, Kind]
    violations: Mapping[str, Kind]

    @property
    def sources(self) -> tuple[str, ...]:
        """The moves by which a clue comes in: alert, patrol, complaint, audit, satellite."""
        return tuple(move.id for move in self.procedure.moves.values() if not move.sources)

    def worse(self, severity: str) -> int:
        """How bad a severity is: 0 the least, -1 where it is not known."""
        return list(self.severities).index(severity) if severity in self.severities else -1


@cache
def packaged_rules() -> Rules:
    """The rules of parameters/procedures/supervision.toml."""
    path = files("tianren.parameters").joinpath("procedures").joinpath("supervision.toml")
    return rules_of(tomllib.loads(path.read_text(encoding="utf-8")), "supervision.toml")


def rules_of(table: Mapping[str, Any], where: str) -> Rules:
    """Rules from their table; UserError where the procedure does not hold together."""
    lacking = [name for name in ("severity", "violation") if not table.get(name)]
    if lacking:
        raise UserError(
            say("there is no {table} in it", table=", ".join(lacking)),
            where=where,
            next_step=say("add tables like [severity.minor] and [violation.no_approval]"),
        )
    return Rules(
        procedure_of(NAME, table, where),
        {key: Kind(key, v["name"]) for key, v in table["severity"].items()},
        {key: Kind(key, v["name"], v.get("counts", "")) for key, v in table["violation"].items()},
    )


# -- state -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SupervisedCase(Case):
    """A case with the day on which its clock began, the day that an order set instead, who was
    ordered or reported as put right, the unit that had it when the violation was found, and what
    its source was."""

    clock: dt.date = dt.date.min
    deadline: dt.date | None = None
    ordered: frozenset[str] = frozenset()
    found_unit: str | None = None

    @property
    def unit(self) -> str:
        """The place of the unit that has the case in hand."""
        return str(self.facts.get("held_by", self.place))

    @property
    def source(self) -> str:
        """How the clue came in: the opening move."""
        return self.steps[0].move

    @property
    def zone(self) -> str:
        return str(self.facts.get("zone", ""))

    @property
    def severity(self) -> str:
        return str(self.facts.get("severity", ""))

    @property
    def violation(self) -> str:
        """The kind of violation that was found; empty before."""
        return str(self.facts.get("violation", ""))

    @property
    def is_linked(self) -> bool:
        return self.status == LINKED

    @property
    def times_escalated(self) -> int:
        return sum(step.move == "escalate" for step in self.steps)


Cases = Mapping[str, SupervisedCase]
_NONE: Cases = MappingProxyType({})


def apply(case: SupervisedCase | None, record: Record) -> SupervisedCase:
    """The case after a record of it."""
    status = str(record.body["status"])
    before = case or SupervisedCase(record.subject, record.place, "", ())
    moved = cast(SupervisedCase, procedure.apply(before, record))  # replace() keeps the class
    move, day = moved.steps[-1].move, record.effective
    anew = status != before.status or move in HANDED
    set_day = record.body.get("facts", {}).get("rectify_by")
    kept = None if anew else before.deadline
    return replace(
        moved,
        clock=day if anew else before.clock,
        deadline=dt.date.fromisoformat(set_day) if set_day else kept,
        ordered=before.ordered | _ordered_by(move, record),
        found_unit=before.unit if move == "find" else before.found_unit,
    )


def _ordered_by(move: str, record: Record) -> frozenset[str]:
    """Who is ordered, or acts for them, as far as their names are there."""
    label = {"order": ORDERED, "rectify": "actor"}.get(move)
    name = record.personal.get(label) if label else None
    return frozenset({name} if name else ())


def cases_of(records: Iterable[Record]) -> dict[str, SupervisedCase]:
    """The cases that records of supervision make, by subject; each case's in their order."""
    found: dict[str, SupervisedCase] = {}
    for record in records:
        found[record.subject] = apply(found.get(record.subject), record)
    return found


def pack(case: SupervisedCase) -> Plain:
    """The case as plain values, without anybody's name."""
    steps = [
        [s.move, s.status, s.day.isoformat(), s.role, s.number, s.ground, s.reason, s.acts_for]
        for s in case.steps
    ]
    return {
        "subject": case.subject, "place": case.place, "status": case.status, "steps": steps,
        "facts": dict(case.facts), "documents": dict(case.documents),
        "clock": case.clock.isoformat(), "found_unit": case.found_unit,
        "deadline": case.deadline.isoformat() if case.deadline else None,
    }  # fmt: skip


def unpack(plain: Plain) -> SupervisedCase:
    """The case that plain values hold; nobody is known in it, so that only moves that do not ask
    who acted before are open."""
    steps = [
        Step(move, status, dt.date.fromisoformat(day), role, "", number, ground, reason, place)
        for move, status, day, role, number, ground, reason, place in plain["steps"]
    ]
    deadline = plain["deadline"]
    return SupervisedCase(
        plain["subject"], plain["place"], plain["status"], tuple(steps),
        MappingProxyType(dict(plain["facts"])), MappingProxyType(dict(plain["documents"])),
        dt.date.fromisoformat(plain["clock"]),
        dt.date.fromisoformat(deadline) if deadline else None,
        found_unit=plain["found_unit"],
    )  # fmt: skip


def due(rules: Rules, case: SupervisedCase, calendar: Calendar) -> dt.date | None:
    """The day by which the next move is to be made: the one that the order set, else by the clock
    of the status; None for an ended case."""
    days = rules.procedure.statuses[case.status].due
    if days is None:
        return None
    return case.deadline or _after(calendar, case.clock, days)


@lru_cache(maxsize=1 << 16)
def _after(calendar: Calendar, day: dt.date, working_days: int) -> dt.date:
    """Many cases began on one day: the days are counted once."""
    return calendar.after(day, working_days)


def original(case: SupervisedCase, cases: Cases) -> SupervisedCase:
    """The case that a linked clue counts with; itself where it is not linked."""
    seen = {case.subject}
    while case.is_linked:
        found = cases.get(str(case.facts.get("duplicate_of")))
        if found is None or found.subject in seen:
            break
        seen.add(found.subject)
        case = found
    return case


# -- deciding --------------------------------------------------------------------------------------


def decide(
    rules: Rules,
    case: SupervisedCase | None,
    act: Act,
    levels: Levels,
    calendar: Calendar,
    others: Cases = _NONE,
) -> Outcome:
    """Whether an act is open to its person in a case, with everything that it lacks, at once.

    case: read with its people, else who acted before is not known. others: the cases of the same
    zone, at least those that act.facts["overlaps"] names. A clue of an event that has an open case
    is written as linked to it, by one record.
    """
    bare = replace(case, place=_over(case, act), documents={}, facts={}) if case else None
    asked = procedure.decide(rules.procedure, bare, act, levels)
    if any(f.rule == "supervision.not_open" for f in asked.findings):
        return asked
    context = _Context(rules, case, act, calendar, others)
    faults = [*asked.findings, *_fact_faults(context), *_people_faults(context, asked)]
    own = {name: value for name, value in act.facts.items() if name not in RESERVED}
    faults += not_taken(rules.procedure, replace(act, facts=own))
    faults += _cannot_escalate(context)
    if faults:
        return Outcome(findings=tuple(faults))
    record = asked.records[0]
    if case is None:
        return _opened(context, record)
    if act.move == "escalate":
        record = _saying(record, {"held_by": parent(case.unit)})
    return Outcome((replace(record, place=case.place),))


def _saying(record: Record, facts: Mapping[str, Any]) -> Record:
    """The record with more facts."""
    told = {**record.body.get("facts", {}), **facts}
    return replace(record, body={**record.body, "facts": told})


@dataclass(frozen=True)
class _Context:
    """What a check looks at."""

    rules: Rules
    case: SupervisedCase | None
    act: Act
    calendar: Calendar
    others: Cases

    def refuse(self, rule: str, message: str) -> Finding:
        clause = self.rules.procedure.moves[self.act.move].clause
        source = clause or self.rules.procedure.source
        return refuse(f"supervision.{rule}", self.act.subject, message, source)


def _over(case: SupervisedCase, act: Act) -> str:
    """The place over which the person needs the right."""
    if act.move == "escalate":
        return parent(case.unit)
    if act.move == "transfer":
        return common_place(case.unit, str(act.facts.get("held_by", "")))
    if act.move == "hold_accountable":
        return parent(str(act.facts.get("accountable_unit", "")))
    return case.place if act.move == "rectify" else case.unit


def common_place(one: str, other: str) -> str:
    """The nearest place that two places lie in: "14" for "14/1403" and "14/1404"."""
    while not within(other, one):
        one = parent(one)
    return one


def _cannot_escalate(context: _Context) -> list[Finding]:
    """A unit above takes a case up when its time has run out, not before."""
    case, act = context.case, context.act
    if act.move != "escalate" or case is None:
        return []
    if case.unit == "":
        return [context.refuse("nobody_above", say("the whole country has nobody above it"))]
    last = due(context.rules, case, context.calendar)
    if last is None or act.day > last:
        return []
    return [context.refuse("not_overdue", say("its time runs until {day}", day=last))]


def _people_faults(context: _Context, asked: Outcome) -> list[Finding]:
    """An order names who is ordered; none of those ever ordered inspects, gives time or closes."""
    act, case = context.act, context.case
    if act.move == "separate" and not act.reason.strip():
        message = say("say the reason why it is another event")
        return [context.refuse("reason_missing", message)]
    if act.move == "order" and not act.personal.get(ORDERED, "").strip():
        message = say("an order names who is ordered (personal value {label})", label=ORDERED)
        return [context.refuse("ordered_missing", message)]
    barred = case is not None and act.move in NOT_BY_ORDERED and act.person.id in case.ordered
    if not barred or any(f.rule == "procedure.same_person" for f in asked.findings):
        return []
    this = context.rules.procedure.moves[act.move].name
    message = say("{person} was ordered to put it right, so {this} is for somebody else",
                  person=act.person.id, this=this)  # fmt: skip
    return [context.refuse("ordered_person", message)]


def _fact_faults(context: _Context) -> list[Finding]:
    """Facts that the move may not say, or that cannot be."""
    found = []
    if context.case is None and not context.act.subject.startswith(f"{NAME}/"):
        message = say("a case is called {name}/ and its number", name=NAME)
        found.append(context.refuse("subject_wrong", message))
    for name, value in context.act.facts.items():
        message = _not_for_this_move(name, context) or _CHECKS.get(name, _anything)(value, context)
        if message:
            found.append(context.refuse("fact_wrong", f"{name}: {message}"))
    if "footprint" in context.act.facts and "footprint_area_m2" not in context.act.facts:
        found.append(context.refuse("fact_wrong", say("a footprint comes with its area")))
    return found


def _not_for_this_move(name: str, context: _Context) -> str:
    moves = RESERVED.get(name)
    if moves is None or context.act.move in moves:
        return ""
    return say("only these moves may say it: {moves}", moves=", ".join(sorted(moves)))


# Each check gives the fault as a sentence, or an empty text.


def _anything(value: Any, context: _Context) -> str:
    return ""


def _text(value: Any, context: _Context) -> str:
    return "" if isinstance(value, str) and value.strip() else say("it is a text")


def _severity(value: Any, context: _Context) -> str:
    return _one_of(value, context.rules.severities)


def _violation(value: Any, context: _Context) -> str:
    return _one_of(value, context.rules.violations)


def _one_of(value: Any, known: Mapping[str, Kind]) -> str:
    if value in known:
        return ""
    return say("{value} is not known; known: {known}", value=value, known=", ".join(known))


def _area(value: Any, context: _Context) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and math.isfinite(value) and value >= 0:
        return ""
    return say("{value} is no area in m2", value=value)


def _digest(value: Any, context: _Context) -> str:
    right = isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value)
    return "" if right else say("it is the sha256 of the footprint, 64 hexadecimal digits")


def _subjects(value: Any, context: _Context) -> str:
    if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
        return say("it is a list of cases")
    unknown = [v for v in value if v not in context.others]
    return say("there is no case {subject}", subject=", ".join(unknown)) if unknown else ""


def _day_of(value: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _seen(value: Any, context: _Context) -> str:
    day = _day_of(value)
    if day is None:
        return say("{value} is no day like 2026-03-31", value=value)
    if day > context.act.day:
        return say("{value} is after {day}", value=value, day=context.act.day)
    return ""


def _rectify_by(value: Any, context: _Context) -> str:
    day = _day_of(value)
    if day is None:
        return say("{value} is no day like 2026-03-31", value=value)
    if day <= context.act.day:
        return say("{value} is not after {day}", value=value, day=context.act.day)
    return ""


def _held_by(value: Any, context: _Context) -> str:
    case = context.case
    if not isinstance(value, str) or case is None:
        return say("it is the place of a unit, like 14/1403")
    return say("the unit {unit} has it already", unit=value) if value == case.unit else ""


def _accountable(value: Any, context: _Context) -> str:
    if not isinstance(value, str) or not value or context.case is None:
        return say("it is the place of a unit, like 14/1403")
    known = {context.case.unit, context.case.found_unit}
    if value in known or within(context.case.place, value):
        return ""
    return say("{unit} neither has the case nor its place", unit=value)


def _duplicate_of(value: Any, context: _Context) -> str:
    case, other = context.case, context.others.get(value) if isinstance(value, str) else None
    if other is None or case is None:
        return say("there is no case {subject}", subject=value)
    first = original(other, context.others)
    if case.subject in (other.subject, first.subject):
        return say("it is the same case")
    if first.zone != case.zone:
        return say("{subject} is in the zone {zone}", subject=first.subject, zone=first.zone)
    if context.rules.procedure.statuses[first.status].ended:
        return say("the case {subject} is ended", subject=first.subject)
    return ""


_CHECKS: Mapping[str, Callable[[Any, _Context], str]] = MappingProxyType({
    "zone": _text, "severity": _severity, "violation": _violation, "footprint": _digest,
    "footprint_area_m2": _area, "violation_area_m2": _area, "restored_area_m2": _area,
    "overlaps": _subjects, "seen": _seen, "rectify_by": _rectify_by, "held_by": _held_by,
    "accountable_unit": _accountable, "duplicate_of": _duplicate_of,
})  # fmt: skip


# -- one event, one case ---------------------------------------------------------------------------


def _opened(context: _Context, record: Record) -> Outcome:
    """The record of a new clue, linked where its event has an open case; a note where the place
    had one before."""
    same = same_event(context.act.facts, context.others)
    statuses = context.rules.procedure.statuses
    current = [case for case in same if not statuses[case.status].ended]
    if not current:
        return Outcome((record,), tuple(_repeats(context, same)))
    first = current[0]
    linked = _saying(record, {"duplicate_of": first.subject})
    linked = replace(linked, body={**linked.body, "status": LINKED})
    message = say("it is the event of the case {subject}, open since {day}: linked to it",
                  subject=first.subject, day=first.opened)  # fmt: skip
    return Outcome((linked,), (_note(context, "linked", message),))


def same_event(facts: Mapping[str, Any], others: Cases) -> list[SupervisedCase]:
    """Cases of the event that a clue tells of, the oldest first: of the same zone, and overlapping
    in place (facts["overlaps"]) or with the same footprint. Linked ones stand for their originals.
    """
    overlapping = set(facts.get("overlaps", ()))
    footprint = facts.get("footprint")
    found = {}
    for case in others.values():
        meets = case.subject in overlapping
        meets |= footprint is not None and case.facts.get("footprint") == footprint
        if meets and case.zone == facts.get("zone"):
            first = original(case, others)
            found[first.subject] = first
    return sorted(found.values(), key=lambda case: (case.opened, case.subject))


def _repeats(context: _Context, same: list[SupervisedCase]) -> list[Finding]:
    statuses = context.rules.procedure.statuses
    return [
        _note(
            context, "repeat",
            say("the place had the case {subject}, {status} on {day}", subject=case.subject,
                status=statuses[case.status].name, day=case.since),
        )
        for case in same
    ]  # fmt: skip


def _note(context: _Context, rule: str, message: str) -> Finding:
    source = context.rules.procedure.moves["link"].clause
    return Finding(f"supervision.{rule}", context.act.subject, Severity.NOTE, message, source)


def clues_of(subject: str, cases: Cases) -> list[SupervisedCase]:
    """The clues that are linked to a case, the oldest first."""
    found = [c for c in cases.values() if c.is_linked and original(c, cases).subject == subject]
    return sorted(found, key=lambda case: (case.opened, case.subject))


def require_source(rules: Rules, source: str) -> str:
    """The opening move of a source of clues; UserError naming those there are."""
    if source in rules.sources:
        return source
    raise UserError(
        say("there is no source of clues called {source}", source=source),
        next_step=say("name one of: {known}", known=", ".join(rules.sources)),
    )
