"""What supervision comes to: who answers for which finding, and each unit's figures by month.

A clue that is linked to another case is no case of its own: one event is one case. The figures of a
month are as they stood at its end; a link made or taken apart later is a flow of its own month.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from tianren.management.overdue import days_over
from tianren.management.supervision import Rules, SupervisedCase, apply, due
from tianren.management.working_days import Calendar
from tianren.measures import Measure
from tianren.records import Record, within

METHOD = "the fold of the records; linked clues count with their case"


# -- accountability --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Charge:
    """One finding and the units that answer for it: the one that had the case when the violation
    was found, the one that has it now, how often a unit above had to take it up. held_accountable:
    the unit that was held to account; due, days_over: None and 0 where it is ended."""

    subject: str
    place: str
    zone: str
    violation: str
    severity: str
    area_m2: float
    found_on: dt.date
    found_unit: str
    unit: str
    status: str
    ended: bool
    due: dt.date | None
    days_over: int
    escalated: int
    held_accountable: str


def accountability(
    rules: Rules, cases: Iterable[SupervisedCase], day: dt.date, calendar: Calendar
) -> list[Charge]:
    """The findings of a violation with the units in charge: open ones first, the worst first."""
    found = [
        _charge(rules, case, step.day, day, calendar)
        for case in cases
        if not case.is_linked and (step := case.last("find")) is not None
    ]
    return sorted(found, key=lambda c: (c.ended, -rules.worse(c.severity), c.found_on, c.subject))


def _charge(
    rules: Rules, case: SupervisedCase, found_on: dt.date, day: dt.date, calendar: Calendar
) -> Charge:
    last = due(rules, case, calendar)
    return Charge(
        subject=case.subject,
        place=case.place,
        zone=case.zone,
        violation=case.violation,
        severity=case.severity,
        area_m2=float(case.facts.get("violation_area_m2", 0.0)),
        found_on=found_on,
        found_unit=case.found_unit or "",
        unit=case.unit,
        status=case.status,
        ended=rules.procedure.statuses[case.status].ended,
        due=last,
        days_over=days_over(calendar, last, day) if last else 0,
        escalated=case.times_escalated,
        held_accountable=str(case.facts.get("accountable_unit", "")),
    )


@dataclass(frozen=True)
class UnitCharges:
    """What one unit answers for: findings made while it had the case; of them open, and overdue;
    the area open; how many of them units above had to take up."""

    unit: str
    found: int
    open: int
    overdue: int
    open_area_m2: float
    taken_up: int


def charges_by_unit(charges: Iterable[Charge]) -> list[UnitCharges]:
    """The findings by the unit that had the case when they were made, by its place."""
    own: dict[str, list[Charge]] = {}
    for charge in charges:
        own.setdefault(charge.found_unit, []).append(charge)
    return [_unit_charges(unit, own[unit]) for unit in sorted(own)]


def _unit_charges(unit: str, charges: Sequence[Charge]) -> UnitCharges:
    still = [c for c in charges if not c.ended]
    return UnitCharges(
        unit, len(charges), len(still), sum(c.days_over > 0 for c in still),
        sum(c.area_m2 for c in still), sum(c.escalated > 0 for c in charges),
    )  # fmt: skip


# -- by unit and month -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Month:
    """One unit's supervision in one month ("2026-03"), of the places in it.

    clues: all that came in; linked: those linked to another case, on arrival or later; separated:
    those taken apart again; verified, found, closed, dismissed: cases for which it was the first
    time; open, overdue: cases at the end of the month; median_days: from opening to closing, of
    those closed. open is what was open before, and opened less closed and dismissed.
    """

    unit: str
    month: str
    clues: int = 0
    linked: int = 0
    separated: int = 0
    verified: int = 0
    found: int = 0
    closed: int = 0
    dismissed: int = 0
    open: int = 0
    overdue: int = 0
    median_days: float | None = None

    @property
    def opened(self) -> int:
        """The cases that came in: each event once."""
        return self.clues - self.linked + self.separated


COUNTED: Mapping[str, str] = {
    "verify": "verified", "find": "found", "close": "closed", "dismiss": "dismissed",
}  # fmt: skip
FIGURES = (
    "clues", "linked", "separated", "verified", "found", "closed", "dismissed", "open", "overdue",
)  # fmt: skip
TOLD = (
    "clues", "linked", "opened", "verified", "found", "closed", "dismissed", "open", "overdue",
)  # fmt: skip


def statistics(
    rules: Rules, records: Sequence[Record], until: dt.date, calendar: Calendar, level: int
) -> list[Month]:
    """The figures of each unit by month, up to a day (the last month ends with it).

    records: of supervision, each case's in their order; level: how many levels down the units are,
    0 for the whole country. A unit has a row for each month from its first case on.
    """
    told = sorted((r for r in records if r.effective <= until), key=lambda r: r.effective)
    found: list[Month] = []
    cases: dict[str, SupervisedCase] = {}
    units: set[str] = set()
    for month, own in _by_month(told, until):
        tally = _tally(own, cases, level)
        units |= set(tally)
        _add_open(rules, cases.values(), tally, min(_last_day(month), until), calendar, level)
        found += [_month(unit, month, tally.get(unit, _Tally())) for unit in sorted(units)]
    return found


@dataclass
class _Tally:
    """Counts of one unit in one month while they are made."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIGURES, 0))
    days: list[int] = field(default_factory=list)


def unit_of(place: str, level: int) -> str:
    """The unit at a level that a place lies in: "14" of "14/1403" at level 1."""
    return "/".join(place.split("/")[:level])


def _by_month(records: Sequence[Record], until: dt.date) -> Iterator[tuple[str, list[Record]]]:
    """Every month from the first record on, also those without records."""
    own: dict[str, list[Record]] = {}
    for record in records:
        own.setdefault(_month_of(record.effective), []).append(record)
    day = records[0].effective.replace(day=1) if records else None
    while day is not None and day <= until:
        yield _month_of(day), own.get(_month_of(day), [])
        day = _last_day(_month_of(day)) + dt.timedelta(days=1)


def _month_of(day: dt.date) -> str:
    return f"{day:%Y-%m}"


def _last_day(month: str) -> dt.date:
    later = dt.date.fromisoformat(f"{month}-28") + dt.timedelta(days=4)
    return later.replace(day=1) - dt.timedelta(days=1)


def _tally(
    records: Iterable[Record], cases: dict[str, SupervisedCase], level: int
) -> dict[str, _Tally]:
    """Counts of a month's records by unit; the cases move on with them."""
    found: dict[str, _Tally] = {}
    for record in records:
        before = cases.get(record.subject)
        case = cases[record.subject] = apply(before, record)
        tally = found.setdefault(unit_of(case.place, level), _Tally())
        for figure in _figures_of(before, case):
            tally.counts[figure] += 1
        if case.steps[-1].move == "close":
            tally.days.append((record.effective - case.opened).days)
    return found


def _figures_of(before: SupervisedCase | None, case: SupervisedCase) -> list[str]:
    """What one record counts for."""
    move = case.steps[-1].move
    was_linked = before is not None and before.is_linked
    found = ["clues"] if before is None else []
    if case.is_linked != was_linked:
        found.append("linked" if case.is_linked else "separated")
    if move in COUNTED and (before is None or before.last(move) is None):
        found.append(COUNTED[move])
    return found


def _add_open(
    rules: Rules,
    cases: Iterable[SupervisedCase],
    tallies: dict[str, _Tally],
    day: dt.date,
    calendar: Calendar,
    level: int,
) -> None:
    """What is open and what overdue at the end of a day."""
    for case in cases:
        if rules.procedure.statuses[case.status].ended:
            continue
        counts = tallies.setdefault(unit_of(case.place, level), _Tally()).counts
        counts["open"] += 1
        counts["overdue"] += _is_late(rules, case, day, calendar)


def _month(unit: str, month: str, tally: _Tally) -> Month:
    days = float(median(tally.days)) if tally.days else None
    return replace(Month(unit, month, **tally.counts), median_days=days)


def statistics_measures(months: Iterable[Month], country: str) -> list[Measure]:
    """The figures as measures; country: the name of the whole, for the unit "" ."""
    found = []
    for month in months:
        place = month.unit or country
        for figure in TOLD:
            value = float(getattr(month, figure))
            indicator = f"supervision.{figure}"
            found.append(Measure(indicator, place, month.month, value, "1", method=METHOD))
        if month.median_days is not None:
            found.append(
                Measure("supervision.days", place, month.month, month.median_days, "d",
                        method=METHOD)
            )  # fmt: skip
    return found


# -- for the scorecard -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Conduct:
    """What supervision tells the scorecard of a unit and a span of days.

    disturbed_m2: area of findings of the span that count as disturbance, less what was restored of
    them; unapproved: findings of occupation without approval or beyond it; ended: cases that ended
    in the span, in_time: of them those whose time never ran out; late_open: cases that are open and
    overdue at its end.
    """

    disturbed_m2: float
    unapproved: int
    ended: int
    in_time: int
    late_open: int


def conduct(
    rules: Rules,
    records: Sequence[Record],
    unit: str,
    start: dt.date,
    end: dt.date,
    calendar: Calendar,
) -> Conduct:
    """What supervision tells of a unit from a day to a day, both counted."""
    cases: dict[str, SupervisedCase] = {}
    late: set[str] = set()
    for record in records:
        if record.effective > end or not within(record.place, unit):
            continue
        before = cases.get(record.subject)
        if before is not None and _is_late(rules, before, record.effective, calendar):
            late.add(record.subject)
        cases[record.subject] = apply(before, record)
    own = [case for case in cases.values() if not case.is_linked]
    found = [c for c in own if (s := c.last("find")) is not None and s.day >= start]
    done = [c for c in own if rules.procedure.statuses[c.status].ended and c.since >= start]
    return Conduct(
        sum(_still_disturbed(rules, case) for case in found),
        sum(_counts(rules, case) == "unapproved" for case in found),
        len(done),
        sum(case.subject not in late for case in done),
        sum(_is_late(rules, case, end, calendar) for case in own),
    )


def _is_late(rules: Rules, case: SupervisedCase, day: dt.date, calendar: Calendar) -> bool:
    last = due(rules, case, calendar)
    return last is not None and day > last


def _counts(rules: Rules, case: SupervisedCase) -> str:
    kind = rules.violations.get(case.violation)
    return kind.counts if kind else ""


def _still_disturbed(rules: Rules, case: SupervisedCase) -> float:
    if _counts(rules, case) != "disturbed":
        return 0.0
    area = float(case.facts.get("violation_area_m2", 0.0))
    accepted = case.status in ("reinspected", "closed")
    restored = float(case.facts.get("restored_area_m2", 0.0)) if accepted else 0.0
    return max(area - restored, 0.0)
