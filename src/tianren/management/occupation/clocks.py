"""The clocks of an occupation: what comes next, by when, and who is to do it."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from tianren.management.occupation.facts import day_of
from tianren.management.occupation.sheet import NAME, Sheet
from tianren.management.occupation.state import (
    DECISIONS,
    Law,
    made_since_screening,
    needs,
    served,
    steps_since,
    touches_protected,
)
from tianren.management.people import packaged_roles
from tianren.management.procedure import Case, due
from tianren.management.working_days import Calendar

DECIDING = ("received", "screened", "reviewed", "opined")  # statuses in which the period runs
DECISION = ("approve", "refuse")
ACCEPTANCE = ("receive", "set_aside")  # moves from which the period of the decision runs
SERVED = ("approved", "refused", "restoring")  # statuses of a decision that is served


@dataclass(frozen=True)
class Deadline:
    """One of the moves is to be made by a day, by someone with one of the roles for the place.

    place: of whoever is to act: the province of a county's case where the province decides.
    """

    subject: str
    status: str
    moves: tuple[str, ...]
    by: dt.date
    roles: tuple[str, ...]
    place: str
    clause: str

    def days_late(self, day: dt.date, calendar: Calendar) -> int:
        """Working days since the deadline."""
        return calendar.between(self.by, day)


@dataclass(frozen=True)
class Clock:
    """The day on which the clocks are read, and what they go by."""

    day: dt.date
    law: Law

    @property
    def sheet(self) -> Sheet:
        return self.law.sheet

    def after(self, day: dt.date, working_days: int) -> dt.date:
        return self.law.calendar.after(day, working_days)


Due = tuple[tuple[str, ...], dt.date]


def overdue(cases: Iterable[Case], day: dt.date, law: Law) -> list[Deadline]:
    """Every deadline that has passed on a day, the oldest first."""
    passed = [d for case in cases for d in deadlines(case, day, law) if d.by < day]
    return sorted(passed, key=lambda d: (d.by, d.subject, d.moves))


def deadlines(case: Case, day: dt.date, law: Law) -> list[Deadline]:
    """The deadlines of a case as it stands on a day, the first first."""
    clock = Clock(day, law)
    clocks = (_of_status, _of_decision, _of_advice, _of_service, _of_approval, _of_works)
    found = [_deadline(case, clock, *due) for of in clocks for due in of(case, clock)]
    return sorted(found, key=lambda d: (d.by, d.moves))


def _deadline(case: Case, clock: Clock, moves: tuple[str, ...], by: dt.date) -> Deadline:
    place = _acting_place(case, clock, moves)
    clause = clock.sheet.procedure.moves[moves[0]].clause
    return Deadline(case.subject, case.status, moves, by, _who_may(moves), place, clause)


@cache
def _who_may(moves: tuple[str, ...]) -> tuple[str, ...]:
    """The roles that give the right to one of the moves."""
    rights = [f"{NAME}.{move}" for move in moves]
    return tuple(r.id for r in packaged_roles().values() if any(map(r.gives, rights)))


def _acting_place(case: Case, clock: Clock, moves: tuple[str, ...]) -> str:
    """The place whose people may make the moves: no deeper than the level that they need."""
    named = [clock.sheet.procedure.moves[move].level for move in moves]
    if "approve" in moves and "way" in case.facts:
        named.append(clock.sheet.ways[str(case.facts["way"])].level)
    depths = [clock.law.levels[level] for level in named if level]
    codes = case.place.split("/") if case.place else []
    return "/".join(codes[: min(depths)] if depths else codes)


# -- what comes next -------------------------------------------------------------------------------


def next_moves(case: Case, sheet: Sheet) -> tuple[str, ...]:
    """The moves that a case waits for, in its status and on its way; none where it has ended."""
    if case.status in SERVED and served(case) is None:
        return ("deliver",)
    return _NEXT.get(case.status, _of_sheet)(case, sheet)


def _of_sheet(case: Case, sheet: Sheet) -> tuple[str, ...]:
    return sheet.next[case.status]


def _to_end_appeal(case: Case, sheet: Sheet) -> tuple[str, ...]:
    of = case.facts["appealed_from"]
    return tuple(move for move, taken in sheet.taken.items() if of in taken.appealed_from)


def _of_use(case: Case, sheet: Sheet) -> tuple[str, ...]:
    return ("restore",) if case.facts.get("temporary") else ("inspect", "close")


def _towards_decision(case: Case, sheet: Sheet) -> tuple[str, ...]:
    """The first thing that the way still lacks; the decision where it lacks nothing."""
    if case.facts["answer"] == "prohibited":
        return ("refuse",)
    made = made_since_screening(case)
    lacking = [move for move in needs(case.facts, sheet) if move not in made]
    if not lacking:
        return DECISION
    asks_first = {"advise": "consult", "review": "refer"}
    first = asks_first.get(lacking[0], lacking[0])
    return (lacking[0],) if first in made else (first,)


def _before_commencement(case: Case, sheet: Sheet) -> tuple[str, ...]:
    needed = sheet.ways[str(case.facts["way"])].offset
    provided = any(step.move == "offset" for step in steps_since(case, "approve"))
    return ("offset",) if needed and not provided else ("commence",)


_NEXT: Mapping[str, Callable[[Case, Sheet], tuple[str, ...]]] = {
    "screened": _towards_decision,
    "reviewed": _towards_decision,
    "opined": _towards_decision,
    "approved": _before_commencement,
    "refused": lambda *_: ("close",),
    "commenced": _of_use,
    "heard": _to_end_appeal,
}


# -- by when ---------------------------------------------------------------------------------------


def _of_status(case: Case, clock: Clock) -> Iterator[Due]:
    by = due(clock.sheet.procedure, case, clock.law.calendar)
    moves = next_moves(case, clock.sheet)
    if by is not None and moves:
        yield moves, by


def _of_decision(case: Case, clock: Clock) -> Iterator[Due]:
    """Twenty working days from acceptance, and ten more once; expert review is not counted."""
    if case.status not in DECIDING:
        return
    accepted = next(s for s in reversed(case.steps) if s.move in ACCEPTANCE)
    days = _number(clock, accepted.day, "decision_days") + _in_review(case, clock.law.calendar)
    if any(step.move == "extend" for step in steps_since(case, *ACCEPTANCE)):
        days += _number(clock, accepted.day, "extension_days")
    yield DECISION, clock.after(accepted.day, days)


def _in_review(case: Case, calendar: Calendar) -> int:
    """Working days that the experts had, since the acceptance."""
    steps = steps_since(case, *ACCEPTANCE)
    starts = [step.day for step in steps if step.move == "refer"]
    ends = [step.day for step in steps if step.move == "review"]
    return sum(calendar.between(start, end) for start, end in zip(starts, ends, strict=False))


def _of_advice(case: Case, clock: Clock) -> Iterator[Due]:
    if case.status not in DECIDING or not touches_protected(case.facts):
        return
    since = steps_since(case, "screen")
    consulted = next((step for step in reversed(since) if step.move == "consult"), None)
    if consulted is not None and not any(s.move == "advise" for s in steps_since(case, "consult")):
        days = _number(clock, consulted.day, "advice_days")
        yield ("advise",), clock.after(consulted.day, days)


def _of_service(case: Case, clock: Clock) -> Iterator[Due]:
    if case.status not in SERVED or served(case):
        return
    decided = next(step for step in reversed(case.steps) if step.move in DECISIONS)
    days = _number(clock, decided.day, "delivery_days")
    yield ("deliver",), clock.after(decided.day, days)


def _of_approval(case: Case, clock: Clock) -> Iterator[Due]:
    """The applicant commences in time; what was not commenced in time is declared expired."""
    by = day_of(case.facts, "commence_by")
    if case.status == "approved" and by is not None:
        yield ("commence",) if clock.day <= by else ("expire",), by


def _of_works(case: Case, clock: Clock) -> Iterator[Due]:
    if case.status == "commenced":
        seen = next(s for s in reversed(case.steps) if s.move in ("commence", "inspect"))
        days = _number(clock, seen.day, "inspection_days")
        yield ("inspect",), seen.day + dt.timedelta(days=days)
    lent = case.status == "commenced" and case.facts.get("temporary")
    by = day_of(case.facts, "restore_by")
    if by is not None and (lent or case.status == "restoring"):
        yield ("restore",), by


def _number(clock: Clock, day: dt.date, name: str) -> int:
    return clock.law.on(day).days(f"occupation.{name}")
