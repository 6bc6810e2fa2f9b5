"""The register: what is under which protection, where, since when, and who looks after it.

A zone is a redline piece, a protected area (its core and the rest are two zones), an OECM, another
kind of zone, or a unit of administration. What it is on a day is the fold of its records; its area
is divided among the finest units of administration in whole square metres, so that control figures
of every level sum to their parent exactly, at every version.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.language import say
from tianren.management.outcome import Outcome, refuse
from tianren.management.people import Post
from tianren.records import ACTOR, Plain, Record, within

NAME = "zone"
REDLINE, PROTECTED, OECM, OTHER, UNIT = "redline", "protected_area", "oecm", "other", "unit"
KIND_NAMES = {
    REDLINE: "redline piece",
    PROTECTED: "protected area",
    OECM: "OECM",
    OTHER: "other zone",
    UNIT: "unit of administration",
}
CORE, GENERAL, LINE_ONLY = 1, 2, 3  # protection levels


@dataclass(frozen=True)
class Zone:
    """A zone as it is.

    subject: "zone/redline/1403150001"; place: the division it lies in, or the smallest that holds
    all of it; level: 1 core zone, 2 other protected area, 3 redline only, 0 neither; boundary:
    SHA-256 of its WKB in the journal's plane; parts: place -> m2 of the zone in it, whole numbers
    that sum to area_m2; attributes: what is known of its nature, ecosystems and human activity;
    management: body, tenure, documents; markers: id -> marker or sign; notes: what was written of
    it. version: how often it had another boundary; ended: since when it is no more.
    """

    subject: str
    kind: str
    code: str
    name: str
    place: str
    level: int
    boundary: str
    area_m2: int
    parts: Mapping[str, int]
    since: dt.date
    version: int = 1
    ended: dt.date | None = None
    attributes: Plain = field(default_factory=dict)
    management: Plain = field(default_factory=dict)
    markers: Mapping[str, Plain] = field(default_factory=dict)
    notes: tuple[Plain, ...] = ()

    @property
    def stands(self) -> bool:
        return self.ended is None


def subject_of(kind: str, code: str) -> str:
    return f"{NAME}/{kind}/{code}"


def apply(zone: Zone | None, record: Record) -> Zone:
    """The zone after a record of it."""
    body, event = record.body, record.kind.partition(".")[2]
    if event == "entered" or zone is None:
        return _entered(zone, record)
    if event == "changed":
        return _changed(zone, record)
    if event == "abolished":
        return _with(zone, ended=record.effective)
    if event == "managed":
        return _with(zone, management={**zone.management, **body})
    if event == "marked":
        return _with(zone, markers={**zone.markers, str(body["marker"]): body})
    if event == "noted":
        note = {**body, "day": record.effective.isoformat(), "record": record.number}
        return _with(zone, notes=(*zone.notes, note))
    raise ValueError(f"no zone is {event}")


def _with(zone: Zone, **changes: Any) -> Zone:
    """As dataclasses.replace, which takes most of the time of a long history."""
    return Zone(**{**vars(zone), **changes})


def _entered(before: Zone | None, record: Record) -> Zone:
    body = record.body
    return Zone(
        record.subject,
        str(body["kind"]),
        str(body["code"]),
        str(body["name"]),
        record.place,
        int(body["level"]),
        str(body["boundary"]),
        int(body["area_m2"]),
        body["parts"],
        record.effective,
        version=before.version + 1 if before else 1,
        attributes=body.get("attributes", {}),
        management={**(before.management if before else {}), **body.get("management", {})},
        markers=before.markers if before else {},
        notes=before.notes if before else (),
    )


def _changed(zone: Zone, record: Record) -> Zone:
    body = record.body
    given = {key: body[key] for key in ("name", "level", "boundary", "area_m2", "parts")
             if key in body}  # fmt: skip
    moved = "boundary" in body
    return _with(
        zone,
        **given,
        attributes={**zone.attributes, **body.get("attributes", {})},
        since=record.effective if moved else zone.since,
        version=zone.version + moved,
    )


def pack(zone: Zone) -> Plain:
    """A zone as plain values."""
    ended = zone.ended.isoformat() if zone.ended else ""
    plain = {name: getattr(zone, name) for name in _PLAIN}
    return {
        **plain, "since": zone.since.isoformat(), "ended": ended, "parts": dict(zone.parts),
        "attributes": dict(zone.attributes), "management": dict(zone.management),
        "markers": {k: dict(v) for k, v in zone.markers.items()},
        "notes": [dict(n) for n in zone.notes],
    }  # fmt: skip


_PLAIN = ("subject", "kind", "code", "name", "place", "level", "boundary", "area_m2", "version")


def unpack(plain: Plain) -> Zone:
    """The zone that plain values hold."""
    ended = dt.date.fromisoformat(plain["ended"]) if plain["ended"] else None
    own = {name: plain[name] for name in (*_PLAIN, "parts", "attributes", "management", "markers")}
    return Zone(**own, since=dt.date.fromisoformat(plain["since"]), ended=ended,
                notes=tuple(plain["notes"]))  # fmt: skip


# -- what is entered -------------------------------------------------------------------------------


@dataclass(frozen=True)
class NewZone:
    """A zone that is to be entered; see Zone."""

    kind: str
    code: str
    name: str
    place: str
    level: int
    boundary: str
    area_m2: int
    parts: Mapping[str, int]
    attributes: Plain = field(default_factory=dict)
    management: Plain = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return subject_of(self.kind, self.code)

    @property
    def body(self) -> Plain:
        return {
            "kind": self.kind, "code": self.code, "name": self.name, "level": self.level,
            "boundary": self.boundary, "area_m2": self.area_m2, "parts": dict(self.parts),
            "attributes": dict(self.attributes), "management": dict(self.management),
        }  # fmt: skip


@dataclass(frozen=True)
class Warrant:
    """By whom, when and on what ground something is written into the register."""

    actor: str
    post: Post
    day: dt.date
    ground: str
    reason: str = ""
    source: str = ""

    def record(self, event: str, subject: str, place: str, body: Plain) -> Record:
        return Record(
            f"{NAME}.{event}", subject, self.day, self.post.role.id, self.ground, place, body,
            {ACTOR: self.actor}, self.reason, self.source,
        )  # fmt: skip


def enter(standing: Mapping[str, Zone], new: Sequence[NewZone], warrant: Warrant) -> Outcome:
    """Enter zones that are not in the register. Refused where one is, where two have one code, or
    where a zone's parts do not sum to its area: the line changes by adjustment alone."""
    seen: dict[str, NewZone] = {}
    faults = []
    for zone in new:
        twin = seen.setdefault(zone.subject, zone)
        there = standing.get(zone.subject)
        if twin is not zone:
            message = say("two zones have the code {code}: {a} and {b}", code=zone.code,
                          a=twin.name, b=zone.name)  # fmt: skip
            faults.append(refuse("register.twin", zone.subject, message))
        if there is not None and there.stands:
            message = say("{subject} is in the register since {day}", subject=zone.subject,
                          day=there.since)  # fmt: skip
            faults.append(refuse("register.known", zone.subject, message))
        if sum(zone.parts.values()) != zone.area_m2:
            message = say("the parts of {subject} sum to {sum} m2, not to {area} m2",
                          subject=zone.subject, sum=sum(zone.parts.values()),
                          area=zone.area_m2)  # fmt: skip
            faults.append(refuse("register.parts", zone.subject, message))
    if faults:
        return Outcome(findings=tuple(faults))
    return Outcome(tuple(warrant.record("entered", z.subject, z.place, z.body) for z in new))


def mark(zone: Zone, markers: Sequence[Plain], warrant: Warrant) -> Outcome:
    """Boundary markers and signs of a zone: each with marker (its number), type (marker, sign), x,
    y in the journal's plane, and standing (true or false); a later one of a number replaces it."""
    faults = [
        refuse("register.marker", zone.subject, say("a marker needs {what}", what=name))
        for one in markers
        for name in ("marker", "type", "x", "y")
        if one.get(name) in (None, "")
    ]
    faults += _gone(zone)
    if faults:
        return Outcome(findings=tuple(dict.fromkeys(faults)))
    records = (warrant.record("marked", zone.subject, zone.place, m) for m in markers)
    return Outcome(tuple(records))


def manage(zone: Zone, values: Plain, warrant: Warrant) -> Outcome:
    """The body in charge, the reference of its tenure, its documents."""
    unknown = sorted(set(values) - set(MANAGEMENT_NAMES))
    faults = [
        refuse("register.field", zone.subject,
               say("there is no field {name}; known: {known}", name=name,
                   known=", ".join(MANAGEMENT_NAMES)))
        for name in unknown
    ]  # fmt: skip
    faults += _gone(zone)
    if faults:
        return Outcome(findings=tuple(faults))
    return Outcome((warrant.record("managed", zone.subject, zone.place, values),))


MANAGEMENT_NAMES = {
    "body": "body in charge",
    "contact": "office",
    "tenure": "land tenure reference",
    "designation": "designation document",
    "plan": "management plan",
    "category": "IUCN category",
    "governance": "governance",
    "year": "year of designation",
}


# What is known of a zone from the run, or the list, that it was entered from.
ATTRIBUTE_NAMES = {
    "category": "category",
    "type_code": "code of the type",
    "dominant": "main function",
    "functions": "functions",
    "realm": "land or sea",
    "reasons": "reasons",
    "must_include": "must be included as",
    "run": "run",
    "natural": "natural attributes",
    "ecosystems": "ecosystems (%)",
    "natural_percent": "natural (%)",
    "activity": "conflicts inside (%)",
}


def note(zone: Zone, ledger_class: str, text: str, warrant: Warrant) -> Outcome:
    """A line in the form ledger of a zone, in one of its classes."""
    faults = _gone(zone)
    if ledger_class not in CLASS_NAMES:
        message = say("there is no class {name}; known: {known}", name=ledger_class,
                      known=", ".join(CLASS_NAMES))  # fmt: skip
        faults.append(refuse("register.class", zone.subject, message))
    if faults:
        return Outcome(findings=tuple(faults))
    body = {"class": ledger_class, "text": text}
    return Outcome((warrant.record("noted", zone.subject, zone.place, body),))


CLASS_NAMES = {
    "boundary": "boundary",
    "natural": "natural attributes",
    "ecosystem": "ecosystem and function",
    "activity": "human activity",
    "management": "management and projects",
}


def _gone(zone: Zone) -> list[Any]:
    if zone.stands:
        return []
    message = say("{subject} is no more since {day}", subject=zone.subject, day=zone.ended)
    return [refuse("register.abolished", zone.subject, message)]


# -- control figures -------------------------------------------------------------------------------


def divided(areas: NDArray[np.float64], total: int) -> list[int]:
    """Areas as whole numbers that sum to a total, each off by less than one: the largest
    remainders are rounded up (Hamilton 1792); ties go to the first."""
    whole = float(areas.sum())
    if total == 0 or whole <= 0:
        return [0] * len(areas)
    exact = areas / whole * total  # shares first: a whole of next to nothing must not overflow
    found = np.floor(exact).astype(np.int64)
    missing = total - int(found.sum())
    order = np.argsort(-(exact - found), kind="stable")
    found[order[:missing]] += 1
    return [int(n) for n in found]


@dataclass(frozen=True)
class Figure:
    """A control figure: what a division holds of a kind of zone, m2, and in how many zones.

    inside: of that, what its own parts hold (below it there is no finer unit).
    """

    place: str
    area_m2: int
    zones: int
    inside: int


def figures(zones: Iterable[Zone], kind: str = REDLINE) -> dict[str, Figure]:
    """The control figure of every place that zones of a kind lie in, and of all above it.

    A place's figure is the sum of those of the places in it, and of what lies in none of them.
    """
    area: dict[str, int] = {"": 0}
    inside: dict[str, int] = {}
    held: dict[str, set[str]] = {"": set()}
    for zone in zones:
        if zone.kind != kind or not zone.stands:
            continue
        for place, part in zone.parts.items():
            inside[place] = inside.get(place, 0) + part
            for above in upward(place):
                area[above] = area.get(above, 0) + part
                held.setdefault(above, set()).add(zone.subject)
    return {p: Figure(p, area[p], len(held[p]), inside.get(p, 0)) for p in in_order(area)}


def in_order(places: Iterable[str]) -> list[str]:
    """Places as people count them: the country, then 2 before 10, each before those within it."""
    return sorted(places, key=lambda place: [_counted(c) for c in place.split("/") if c])


def _counted(code: str) -> tuple[int, int, str]:
    """Numbers first, as numbers; then texts."""
    return (0, int(code), code) if code.isdecimal() else (1, 0, code)


def upward(place: str) -> list[str]:
    """A place, the one it lies in, and so on up to the country ""."""
    found = [place]
    while place:
        place = place.rpartition("/")[0]
        found.append(place)
    return found


def smallest_holding(places: Iterable[str]) -> str:
    """The smallest place that holds all of these."""
    every = list(places)
    common = upward(every[0]) if every else [""]
    return next(place for place in common if all(within(p, place) for p in every))
