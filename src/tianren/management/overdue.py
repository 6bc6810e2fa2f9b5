"""What is overdue in supervision, who is next, and what goes to the unit above."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.management.outcome import Outcome
from tianren.management.people import Person, packaged_roles
from tianren.management.procedure import Act, Levels
from tianren.management.supervision import Rules, SupervisedCase, decide, due
from tianren.management.working_days import Calendar
from tianren.records import Record, depth, parent


@dataclass(frozen=True)
class Overdue:
    """A case whose time ran out: where it is, who has it, since when, and what is open to whom.

    days_over: working days after the day due; moves: those that lead on; roles: those that may.
    """

    subject: str
    place: str
    unit: str
    status: str
    severity: str
    due: dt.date
    days_over: int
    moves: tuple[str, ...]
    roles: tuple[str, ...]


def overdue(
    rules: Rules, cases: Iterable[SupervisedCase], day: dt.date, calendar: Calendar
) -> list[Overdue]:
    """The cases whose time ran out before a day: the worst first, then those due longest ago."""
    found = []
    for case in cases:
        last = due(rules, case, calendar)
        if last is not None and day > last:
            found.append(_overdue(rules, case, last, days_over(calendar, last, day)))
    return sorted(found, key=lambda o: (-rules.worse(o.severity), o.due, o.subject))


@lru_cache(maxsize=1 << 16)
def days_over(calendar: Calendar, due: dt.date, day: dt.date) -> int:
    """Working days after the day due, none before; many cases were due on one day."""
    return max(calendar.between(due, day), 0)


def _overdue(rules: Rules, case: SupervisedCase, last: dt.date, days: int) -> Overdue:
    moves = tuple(move.id for move in rules.procedure.open_from(case.status) if move.to)
    return Overdue(
        case.subject, case.place, case.unit, case.status, case.severity, last, days, moves,
        roles_for(moves),
    )  # fmt: skip


@cache
def roles_for(moves: tuple[str, ...]) -> tuple[str, ...]:
    """The roles that give the right to one of some moves, in the order of roles.csv."""
    rights = [f"supervision.{move}" for move in moves]
    return tuple(
        role.id for role in packaged_roles().values() if any(role.gives(r) for r in rights)
    )


def escalations(
    rules: Rules,
    cases: Iterable[SupervisedCase],
    day: dt.date,
    calendar: Calendar,
    levels: Levels,
    people: Sequence[Person],
    ground: str,
) -> Outcome:
    """The records by which units above take up what is overdue, one level for each case.

    people: those who may act; of several the one with the post nearest to the unit above, then by
    id. A case that nobody takes up stays where it is and is told, so is one that the whole country
    has: then no one is above. No finding refuses the others.
    """
    records: list[Record] = []
    findings: list[Finding] = []
    held = {case.subject: case for case in cases}
    for late in sorted(overdue(rules, held.values(), day, calendar), key=lambda o: o.subject):
        person = _who_takes_up(late, people)
        if late.unit == "" or person is None:
            findings.append(_nobody(rules, late))
            continue
        act = Act("escalate", late.subject, parent(late.unit), day, person, ground)
        outcome = decide(rules, held[late.subject], act, levels, calendar)
        records += outcome.records
        findings += [replace(f, severity=Severity.WARNING) for f in outcome.findings]
    return Outcome(tuple(records), tuple(findings))


def _who_takes_up(late: Overdue, people: Sequence[Person]) -> Person | None:
    """The person with the right over the unit above whose post is nearest to it."""
    posts = [(person, person.post_for("supervision.escalate", parent(late.unit)))
             for person in people]  # fmt: skip
    near = [(-depth(post.place), person.id, person) for person, post in posts if post]
    return min(near, key=lambda found: found[:2])[2] if near else None


def _nobody(rules: Rules, late: Overdue) -> Finding:
    above = parent(late.unit) or say("the whole country")
    if late.unit == "":
        rule = "supervision.overdue_at_the_top"
        message = say("due on {day}, and the whole country has it: nobody is above", day=late.due)
    else:
        rule = "supervision.nobody_takes_up"
        message = say(
            "due on {day}, and nobody with the right supervision.escalate over {unit} acts: "
            "roles {roles}",
            day=late.due, unit=above, roles=", ".join(roles_for(("escalate",))),
        )  # fmt: skip
    source = rules.procedure.moves["escalate"].clause
    return Finding(rule, late.subject, Severity.WARNING, message, source)
