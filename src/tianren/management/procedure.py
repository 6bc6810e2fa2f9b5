"""How a case goes: its statuses and the moves between them, as dated data that a lawyer can read.

Occupation, adjustment and supervision are procedures. What all share is here: a case is the fold of
its records, a move is open from some statuses to whoever has the right at the right level, needs
its documents, and starts the clock of the status that it leads to.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from tianren.errors import UserError
from tianren.findings import Finding
from tianren.language import in_tongue, say
from tianren.management.outcome import Outcome, refuse
from tianren.management.people import Person, Post
from tianren.management.working_days import Calendar
from tianren.records import ACTOR, Plain, Record

Levels = Mapping[str, int]  # "nation" 0, "province" 1, ...: how many levels down each is


@dataclass(frozen=True)
class Status:
    """A status of a case. due: working days until the next move is to be made; ended: no more."""

    id: str
    names: Mapping[str, str]
    due: int | None = None
    ended: bool = False

    @property
    def name(self) -> str:
        return in_tongue(self.names)


@dataclass(frozen=True)
class Document:
    """A document or signature that a move needs."""

    id: str
    names: Mapping[str, str]

    @property
    def name(self) -> str:
        return in_tongue(self.names)


@dataclass(frozen=True)
class Move:
    """One move. sources: the statuses from which it is open, none opens a case; to: where it leads,
    empty where it stays; level: the lowest level that may make it; documents, facts: what must be
    given, then or before; may_documents, may_facts: what may be, and nothing else; apart_from:
    moves whose actor must have been somebody else.
    """

    id: str
    names: Mapping[str, str]
    sources: tuple[str, ...]
    to: str
    level: str = ""
    documents: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    apart_from: tuple[str, ...] = ()
    clause: str = ""
    may_documents: tuple[str, ...] = ()
    may_facts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return in_tongue(self.names)


@dataclass(frozen=True)
class Procedure:
    """A procedure as a file of parameters/procedures says it."""

    id: str
    names: Mapping[str, str]
    source: str
    verified: bool
    since: dt.date
    statuses: Mapping[str, Status]
    documents: Mapping[str, Document]
    moves: Mapping[str, Move]

    def open_from(self, status: str) -> list[Move]:
        """The moves that are open from a status, in the order of the file."""
        return [move for move in self.moves.values() if status in move.sources]


@dataclass(frozen=True)
class Step:
    """One move that was made. number: of its record."""

    move: str
    status: str
    day: dt.date
    role: str
    actor: str
    number: int
    ground: str
    reason: str = ""
    acts_for: str | None = None  # the place of the post in which it was made; None: not on record


@dataclass(frozen=True)
class Case:
    """A case as its records leave it. facts, documents: all that was given so far, the latest of
    each name."""

    subject: str
    place: str
    status: str
    steps: tuple[Step, ...]
    facts: Plain = field(default_factory=lambda: MappingProxyType({}))
    documents: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def opened(self) -> dt.date:
        return self.steps[0].day

    @property
    def since(self) -> dt.date:
        """The day on which it came to its status; moves that left it there start no clock anew."""
        before = [n for n, step in enumerate(self.steps) if step.status != self.status]
        return self.steps[before[-1] + 1 if before else 0].day

    def last(self, move: str) -> Step | None:
        """The latest time that a move was made."""
        return next((step for step in reversed(self.steps) if step.move == move), None)


@dataclass(frozen=True)
class Act:
    """What somebody wants to do in a case."""

    move: str
    subject: str
    place: str
    day: dt.date
    person: Person
    ground: str
    reason: str = ""
    documents: Mapping[str, str] = field(default_factory=dict)
    facts: Plain = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)
    source: str = ""


def apply(case: Case | None, record: Record) -> Case:
    """The case after a record of it."""
    body = record.body
    name = record.kind.partition(".")[2]
    step = Step(
        name, str(body["status"]), record.effective, record.role, record.actor, record.number,
        record.ground, record.reason, body.get("acts_for"),
    )  # fmt: skip
    if case is None:
        case = Case(record.subject, record.place, step.status, ())
    return replace(
        case,
        status=step.status,
        steps=(*case.steps, step),
        facts=MappingProxyType({**case.facts, **body.get("facts", {})}),
        documents=MappingProxyType({**case.documents, **body.get("documents", {})}),
    )


def case_of(records: Sequence[Record]) -> Case | None:
    """The case that its records make, in their order; None where there are none."""
    case = None
    for record in records:
        case = apply(case, record)
    return case


def decide(
    procedure: Procedure, case: Case | None, act: Act, levels: Levels, *, smallest: bool = False
) -> Outcome:
    """Whether an act is open to its person in a case, with everything that it lacks, at once.

    smallest: the place is the smallest that holds all that the case is about, which is told to
    whoever has the right for a part of it alone.
    """
    move = procedure.moves.get(act.move)
    if move is None:
        raise _no_move(procedure, case, act)
    closed = _closed(procedure, case, move, act)
    if closed:
        return Outcome(findings=(closed,))
    place = case.place if case else act.place
    post = act.person.post_for(f"{procedure.id}.{move.id}", place, _deepest(move, levels))
    faults = [
        *_not_theirs(procedure, move, act, place, post, smallest),
        *_not_apart(move, case, act),
    ]
    faults += [*_lacking_documents(procedure, case, move, act), *_lacking_facts(move, case, act)]
    faults += _before(case, act)
    if faults or post is None:
        return Outcome(findings=tuple(faults))
    return Outcome((_record(procedure, case, move, act, place, post),))


def _no_move(procedure: Procedure, case: Case | None, act: Act) -> UserError:
    open_now = ", ".join(m.id for m in procedure.open_from(case.status if case else ""))
    return UserError(
        say("there is no move called {move}", move=act.move),
        where=act.subject,
        next_step=say("open now: {moves}", moves=open_now or say("none")),
    )


def _closed(procedure: Procedure, case: Case | None, move: Move, act: Act) -> Finding | None:
    status = case.status if case else ""
    if status in move.sources or (case is None and not move.sources):
        return None
    if case is None:
        message = say("there is no case {subject}", subject=act.subject)
    elif not move.sources:
        message = say("the case {subject} is open already", subject=act.subject)
    else:
        last = case.steps[-1]
        message = say(
            "{move} is not open: the case is {status} since {day}, by {role} (record {number}); "
            "open now: {moves}",
            move=move.name, status=procedure.statuses[status].name, day=last.day, role=last.role,
            number=last.number,
            moves=", ".join(m.id for m in procedure.open_from(status)) or say("none"),
        )  # fmt: skip
    return refuse(f"{procedure.id}.not_open", act.subject, message, procedure.source)


def _deepest(move: Move, levels: Levels) -> int | None:
    """How many levels down whoever makes the move may be; a level that a country lacks is the next
    coarser one that it has."""
    return levels[move.level] if move.level else None


def _not_theirs(
    procedure: Procedure, move: Move, act: Act, place: str, post: Post | None, smallest: bool
) -> list[Finding]:
    if post is not None:
        return []
    right = f"{procedure.id}.{move.id}"
    lower = act.person.post_for(right, place)
    parts = act.person.parts_of(right, place)
    if lower is not None:
        message = say(
            "{move} is for the level {level} or above, and {person} acts for {place}",
            move=move.name, level=move.level, person=act.person.id, place=lower.place,
        )  # fmt: skip
    elif smallest and parts:
        message = say(
            "{person} has the right {right} in {parts} alone; the case is one of {place}, for no "
            "smaller place holds all of it",
            person=act.person.id, right=right, parts=", ".join(parts),
            place=place or say("the whole country"),
        )  # fmt: skip
    else:
        message = say(
            "{person} has no role with the right {right} in {place}",
            person=act.person.id, right=right, place=place or say("the whole country"),
        )  # fmt: skip
    return [refuse(f"{procedure.id}.no_right", act.subject, message, move.clause)]


def _not_apart(move: Move, case: Case | None, act: Act) -> list[Finding]:
    """Nobody reviews or decides what is their own, or what may be: where no name is known."""
    steps = [s for name in move.apart_from if case and (s := case.last(name)) is not None]
    own = [s for s in steps if s.actor == act.person.id]
    unknown = [s for s in steps if not s.actor]
    return [
        refuse(
            "procedure.actor_unknown", act.subject,
            say("who made the move {move} (record {number}) is not known, so whether {this} is for "
                "{person} is not either",
                move=s.move, number=s.number, this=move.name, person=act.person.id),
            move.clause,
        )
        for s in unknown
    ] + [
        refuse(
            "procedure.same_person", act.subject,
            say("{person} made the move {move} (record {number}), so {this} is for somebody else",
                person=act.person.id, move=s.move, number=s.number, this=move.name),
            move.clause,
        )
        for s in own
    ]  # fmt: skip


def _lacking_documents(
    procedure: Procedure, case: Case | None, move: Move, act: Act
) -> list[Finding]:
    given = {**(case.documents if case else {}), **act.documents}
    unknown = [name for name in act.documents if name not in procedure.documents]
    lacking = [name for name in move.documents if not str(given.get(name, "")).strip()]
    found = [
        refuse(
            f"{procedure.id}.document_missing", act.subject,
            say("{move} lacks {document} ({id})", move=move.name,
                document=procedure.documents[name].name, id=name),
            move.clause,
        )
        for name in lacking
    ]  # fmt: skip
    known = ", ".join(procedure.documents)
    return found + [
        refuse(f"{procedure.id}.document_unknown", act.subject,
               say("there is no document called {id}; known: {known}", id=name, known=known))
        for name in unknown
    ]  # fmt: skip


def _lacking_facts(move: Move, case: Case | None, act: Act) -> list[Finding]:
    given = {**(case.facts if case else {}), **act.facts}
    return [
        refuse("procedure.fact_missing", act.subject,
               say("{move} needs to know {fact}", move=move.name, fact=name), move.clause)
        for name in move.facts
        if given.get(name) in (None, "")
    ]  # fmt: skip


def _before(case: Case | None, act: Act) -> list[Finding]:
    """A move does not come before the one that led to it."""
    last = case.steps[-1] if case else None
    if last is None or act.day >= last.day:
        return []
    message = say("{day} is before the last move ({last}, record {number})", day=act.day,
                  last=last.day, number=last.number)  # fmt: skip
    return [refuse("procedure.before_last", act.subject, message)]


def _record(
    procedure: Procedure, case: Case | None, move: Move, act: Act, place: str, post: Post
) -> Record:
    status = move.to or (case.status if case else "")
    body: dict[str, Any] = {"status": status, "acts_for": post.place}
    if act.facts:
        body["facts"] = dict(act.facts)
    if act.documents:
        body["documents"] = dict(act.documents)
    return Record(
        kind=f"{procedure.id}.{move.id}",
        subject=act.subject,
        place=place,
        effective=act.day,
        role=post.role.id,
        ground=act.ground,
        reason=act.reason,
        source=act.source,
        body=body,
        personal={**act.personal, ACTOR: act.person.id},
    )


def due(procedure: Procedure, case: Case, calendar: Calendar) -> dt.date | None:
    """The day by which the next move is to be made; None where the status has no clock."""
    days = procedure.statuses[case.status].due
    return None if days is None else calendar.after(case.since, days)
