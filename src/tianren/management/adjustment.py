"""How the line changes: proposals of removals and additions, each with its cause and legal ground.

A proposal is tested (three_no), those across a border that it touches are asked, and whoever
decides is somebody else than who proposed or tested it. Approval writes the new boundaries.
"""

import csv
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from tianren.findings import Finding
from tianren.language import in_tongue, say
from tianren.management import procedure
from tianren.management.not_taken import not_taken
from tianren.management.outcome import Outcome, refuse
from tianren.management.procedure import Act, Case, Levels, Procedure
from tianren.management.register import NewZone, Warrant, Zone
from tianren.management.three_no import SOURCE, ThreeNo, three_no_from
from tianren.management.working_days import Calendar
from tianren.records import Plain, Record, within

NAME = "adjustment"
REMOVAL, ADDITION = "removal", "addition"
DIRECTION_NAMES = {REMOVAL: "removal", ADDITION: "addition"}


@dataclass(frozen=True)
class Cause:
    """Why land may leave or come in. exempt: whether the law lets the area shrink for it."""

    id: str
    names: Mapping[str, str]
    direction: str
    exempt: bool
    source: str
    verified: bool

    @property
    def name(self) -> str:
        return in_tongue(self.names)

    def allows(self, direction: str) -> bool:
        return self.direction in ("both", direction)


@cache
def causes() -> Mapping[str, Cause]:
    """The causes of parameters/adjustment_causes.csv, by id."""
    path = files("tianren.parameters").joinpath("adjustment_causes.csv")
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return MappingProxyType({row["id"]: _cause(row) for row in rows})


def _cause(row: Mapping[str, str]) -> Cause:
    names = {"en": row["name_en"], "zh_Hans": row["name_zh"], "es": row["name_es"]}
    return Cause(row["id"], names, row["direction"], row["exempt"] == "1", row["source"],
                 row["verified"] == "1")  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One piece of land that leaves or comes in.

    boundary: SHA-256 of its shape; area_m2: of it, whole; in_line_m2: how much of it lies in the
    line now. about: the zone or case that is behind it.
    """

    number: int
    direction: str
    boundary: str
    area_m2: int
    in_line_m2: int
    cause: str
    ground: str
    name: str = ""
    about: str = ""

    @property
    def plain(self) -> Plain:
        return asdict(self)

    @property
    def moved_m2(self) -> int:
        """How much the line changes by it."""
        return self.in_line_m2 if self.direction == REMOVAL else self.area_m2 - self.in_line_m2


def items_of(case: Case) -> list[Item]:
    return [Item(**plain) for plain in case.facts.get("items", ())]


def latest_test(case: Case) -> ThreeNo | None:
    """The latest test of a proposal."""
    plain = case.facts.get("test")
    return three_no_from(plain) if plain else None


def exempt_loss(items: Sequence[Item]) -> int:
    """The area that leaves by causes that the law exempts, whole m2."""
    known = causes()
    lost = [i for i in items if i.direction == REMOVAL and known[i.cause].exempt]
    return sum(item.moved_m2 for item in lost)


def faults_of(items: Sequence[Item], subject: str) -> list[Finding]:
    """What is wrong with what is proposed, item by item."""
    if not items:
        return [refuse("adjustment.empty", subject, say("the proposal has no item"))]
    return [fault for item in items for fault in _faults(item, f"{subject}, {item.number}")]


def _faults(item: Item, where: str) -> list[Finding]:
    found = []
    cause = causes().get(item.cause)
    if cause is None:
        message = say("there is no cause {cause}; known: {known}", cause=item.cause,
                      known=", ".join(causes()))  # fmt: skip
        found.append(refuse("adjustment.cause", where, message))
    elif not cause.allows(item.direction):
        message = say("{cause} is no cause of a {direction}", cause=cause.name,
                      direction=say(DIRECTION_NAMES[item.direction]))  # fmt: skip
        found.append(refuse("adjustment.direction", where, message, cause.source))
    if not item.ground.strip():
        found.append(refuse("adjustment.ground", where, say("item {n} has no legal ground",
                                                            n=item.number)))  # fmt: skip
    if item.moved_m2 <= 0:
        message = (
            say("item {n} takes out land that is not in the line", n=item.number)
            if item.direction == REMOVAL
            else say("item {n} brings land that is in the line already", n=item.number)
        )
        found.append(refuse("adjustment.nothing", where, message))
    return found


# -- deciding --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ground:
    """What a decision rests on besides the case. levels: of this country; calendar: its working
    days; boundaries: subject -> boundary of the zones as they are now."""

    levels: Levels
    calendar: Calendar
    boundaries: Mapping[str, str]


def decide(rules: Procedure, case: Case | None, act: Act, ground: Ground) -> Outcome:
    """Whether a move of a proposal is open, with all that it lacks."""
    if act.move == "answer" and case is not None:
        return _answer(rules, case, act, ground)
    outcome = procedure.decide(rules, case, act, ground.levels, smallest=True)
    faults = not_taken(rules, act)
    if act.move == "propose":
        items = [Item(**plain) for plain in act.facts.get("items", ())]
        # A protected area may come or go without moving the line.
        faults += [] if act.facts.get("sites") and not items else faults_of(items, act.subject)
    elif act.move == "approve" and case is not None:
        faults += _not_ready(rules, case, act, ground)
    if not faults:
        return outcome
    return Outcome(findings=(*outcome.findings, *faults))


def _answer(rules: Procedure, case: Case, act: Act, ground: Ground) -> Outcome:
    """The other side answers for its own place: its right is looked for there."""
    asked = list(case.facts.get("neighbours", ()))
    if not asked:
        message = say("nobody across a border was asked, so nobody is to answer")
        return Outcome(findings=(refuse("adjustment.not_asked", act.subject, message),))
    mine = [place for place in asked if within(act.place, place) or within(place, act.place)]
    if not mine:
        message = say("{place} was not asked; asked were: {asked}",
                      place=act.place or say("the whole country"),
                      asked=", ".join(asked))  # fmt: skip
        return Outcome(findings=(refuse("adjustment.not_asked", act.subject, message),))
    given = dict(case.facts.get("answers", {}))
    answer = {"agrees": bool(act.facts.get("agrees")), "reason": act.reason,
              "day": act.day.isoformat()}  # fmt: skip
    told = replace(act, facts={"answers": {**given, **dict.fromkeys(mine, answer)}})
    seen = replace(case, place=mine[0])
    outcome = procedure.decide(rules, seen, told, ground.levels)
    faults = not_taken(rules, replace(told, facts={**_beside(act), **told.facts}))
    if faults:
        return Outcome(findings=(*outcome.findings, *faults))
    return Outcome(tuple(replace(r, place=case.place) for r in outcome.records), outcome.findings)


def _beside(act: Act) -> dict[str, Any]:
    """What an answer says beside whether it agrees."""
    return {name: value for name, value in act.facts.items() if name != "agrees"}


def _not_ready(rules: Procedure, case: Case, act: Act, ground: Ground) -> list[Finding]:
    """Why a proposal may not be approved yet."""
    test = latest_test(case)
    if test is None:
        return [refuse("adjustment.untested", act.subject, say("it was not tested"), SOURCE)]
    found = [refuse("adjustment.failed", act.subject, check.message, SOURCE)
             for check in test.failed]  # fmt: skip
    if test.unknown and not act.facts.get("unknown_accepted"):
        message = say("what is not known must be accepted with a reason: {what}",
                      what="; ".join(c.message for c in test.unknown))  # fmt: skip
        found.append(refuse("adjustment.unknown", act.subject, message, SOURCE))
    return [*found, *_stale(case, act, ground), *_unanswered(rules, case, act, ground)]


def _stale(case: Case, act: Act, ground: Ground) -> list[Finding]:
    """A test holds for the line that it was made on."""
    tested: Mapping[str, str] = case.facts.get("tested_on", {})
    moved = [s for s, digest in tested.items() if ground.boundaries.get(s, "") != digest]
    if not moved:
        return []
    message = say("the line has changed since the test ({zones}): test it again",
                  zones=", ".join(sorted(moved)[:5]))  # fmt: skip
    return [refuse("adjustment.stale", act.subject, message)]


def _unanswered(rules: Procedure, case: Case, act: Act, ground: Ground) -> list[Finding]:
    """Whoever lies across a border is asked, and waited for as long as the clock says; a refusal
    across the border can be overruled only by who is above both."""
    answers: Mapping[str, Any] = case.facts.get("answers", {})
    above = act.person.post_for(f"{NAME}.approve", "")  # acts for the whole country
    found = []
    for place in case.facts.get("neighbours", ()):
        over = act.person.post_for(f"{NAME}.approve", place) is not None
        answer = answers.get(place)
        if answer is None and not (over and _waited(rules, case, act.day, ground.calendar)):
            due = waits_until(rules, case, ground.calendar)
            message = say("{place} across the border has not answered; it has until {day}, then "
                          "who is above both may decide", place=place, day=due)  # fmt: skip
            found.append(refuse("adjustment.unanswered", act.subject, message))
        elif answer is not None and not answer["agrees"] and not over and above is None:
            message = say("{place} across the border does not agree ({reason}): who is above both "
                          "decides", place=place, reason=answer["reason"])  # fmt: skip
            found.append(refuse("adjustment.disagreed", act.subject, message))
    return found


def waits_until(rules: Procedure, case: Case, calendar: Calendar) -> dt.date:
    """The day until which those across the border may answer: the clock of a proposal."""
    days = rules.statuses["proposed"].due or 0
    return calendar.after(case.opened, days)


def _waited(rules: Procedure, case: Case, day: dt.date, calendar: Calendar) -> bool:
    return day > waits_until(rules, case, calendar)


# -- new boundaries --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moved:
    """A zone with its new boundary."""

    zone: Zone
    boundary: str
    area_m2: int
    parts: Mapping[str, int]


@dataclass(frozen=True)
class Changes:
    """What an approval does to the register. sites: protected areas that come with it."""

    moved: tuple[Moved, ...] = ()
    ended: tuple[Zone, ...] = ()
    new: tuple[NewZone, ...] = ()

    @property
    def before(self) -> dict[str, str]:
        """Subject -> boundary of the zones that change, as they are."""
        zones = [*(m.zone for m in self.moved), *self.ended]
        return {zone.subject: zone.boundary for zone in zones}


def boundary_records(changes: Changes, case: str, warrant: Warrant) -> list[Record]:
    """The records of the new boundaries, each with the proposal that it comes from."""
    found = [
        warrant.record(
            "changed", m.zone.subject, m.zone.place,
            {"boundary": m.boundary, "area_m2": m.area_m2, "parts": dict(m.parts), NAME: case},
        )
        for m in changes.moved
    ]  # fmt: skip
    found += [warrant.record("abolished", z.subject, z.place, {NAME: case}) for z in changes.ended]
    found += [
        warrant.record("entered", z.subject, z.place, {**z.body, NAME: case}) for z in changes.new
    ]
    return found
