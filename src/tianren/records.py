"""A Record: what happened. It is written once; a correction is a new record that names the old."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tianren.errors import UserError

# Text, numbers, truth values, and lists and tables of them.
Plain = Mapping[str, Any]

ACTOR = "actor"  # the personal value that every record has


@dataclass(frozen=True)
class Record:
    """One thing that happened.

    kind: "zone.entered", "occupation.decide"; subject: what it is about, "zone/140315 0001";
    place: the codes of the divisions it lies in, from coarse to fine, "14/1403"; "" is the whole
    country. effective: the day from which it holds. role: in which the actor acted; ground: the
    law, plan or document that it rests on. body: what it says, as plain values, without anything
    about a person. personal: label -> text about a person, the actor's name at least; it can be
    erased, and is None then. corrects: the number of the record that this one puts right.

    number, recorded: given by the journal when it is written; 0 and None until then.
    """

    kind: str
    subject: str
    effective: dt.date
    role: str
    ground: str
    place: str = ""
    body: Plain = field(default_factory=lambda: MappingProxyType({}))
    personal: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    reason: str = ""
    source: str = ""
    corrects: int = 0
    number: int = 0
    recorded: dt.datetime | None = None

    @property
    def actor(self) -> str:
        """Who acted; empty where the name was erased."""
        return self.personal.get(ACTOR) or ""

    def require_whole(self) -> None:
        """Refuse a record without its kind, subject, actor, role or ground."""
        needed = (self.kind, self.subject, self.actor, self.role, self.ground)
        if all(map(str.strip, needed)):
            return
        names = ("kind", "subject", "actor", "role", "ground")
        missing = [n for n, value in zip(names, needed, strict=True) if not value.strip()]
        raise UserError(
            f"a record needs its {' and '.join(missing)}",
            where=f"{self.kind or 'record'} of {self.subject or 'nothing'}",
            next_step="name the actor (--as), the role that roles.toml gives, and the ground "
            "(--ground)",
        )


def shapes_named(body: Plain) -> list[str]:
    """The digests of the shapes that a body names: its boundary, its footprint, its items'."""
    found = [str(body["boundary"])] if "boundary" in body else []
    if "footprint" in body.get("documents", {}):
        found.append(str(body["documents"]["footprint"]))
    if "facts" in body:
        items = list(body["facts"].get("items", ()))
        items += [zone for site in body["facts"].get("sites", ()) for zone in site["enters"]]
        found += [str(item["boundary"]) for item in items if "boundary" in item]
        found += [str(body["facts"]["footprint"])] if "footprint" in body["facts"] else []
    return found


def within(place: str, of: str) -> bool:
    """Whether a place is the place `of` or lies in it: "14/1403" lies in "14" and in ""."""
    return of in ("", place) or place.startswith(f"{of}/")


def depth(place: str) -> int:
    """How many levels down a place is: 0 the country, 1 its coarsest divisions."""
    return len(place.split("/")) if place else 0


def parent(place: str) -> str:
    """The place that a place lies in; the country lies in itself."""
    return place.rpartition("/")[0]


def standing(records: Iterable[Record], day: dt.date | None = None) -> list[Record]:
    """The records that stand, in the order in which they take effect.

    A correction stands in the place of what it corrects; what was withdrawn (a correction whose
    kind ends in ".withdrawn") is gone. day: only what is in force by then.
    """
    known: dict[int, tuple[int, Record]] = {}  # number -> its place in the order, and the record
    for record in records:
        place = known.pop(record.corrects)[0] if record.corrects in known else record.number
        if not record.kind.endswith(".withdrawn"):
            known[record.number] = (place, record)
    kept = [pair for pair in known.values() if day is None or pair[1].effective <= day]
    kept.sort(key=lambda pair: (pair[1].effective, pair[0]))
    return [record for _, record in kept]
