"""The register as a workbook: the form ledger in its five classes, and control figures."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from tianren.language import in_tongue, say
from tianren.management.register import KIND_NAMES, REDLINE, UNIT, Zone, figures
from tianren.parameters.crosswalks import ecosystems
from tianren.reports import words
from tianren.reports.workbook import Cell, Sheet, book_bytes

Column = tuple[str, Callable[[Zone], Cell]]


def register_book(
    title: str, zones: Mapping[str, Zone], day: dt.date, cases: Sequence[Sheet] = ()
) -> bytes:
    """The register on a day as XLSX, the same bytes each time. cases: sheets of what was done."""
    stand = [z for z in zones.values() if z.stands and z.kind != UNIT]
    stand.sort(key=lambda z: (list(KIND_NAMES).index(z.kind), z.place, z.code))
    units = {z.place: z for z in zones.values() if z.kind == UNIT}
    sheets = [
        _sheet(say("1 Boundary"), stand, _boundary(units)),
        _sheet(say("2 Natural attributes"), stand, _natural(stand)),
        _sheet(say("3 Ecosystem and function"), stand, _ecosystem()),
        _sheet(say("4 Human activity"), stand, _activity(stand)),
        _sheet(say("5 Management and projects"), stand, _management()),
        *cases,
        _markers(stand),
        _figures(zones, units),
        _ended(zones),
    ]
    return book_bytes(sheets, title, day)


def _sheet(name: str, zones: Sequence[Zone], columns: Sequence[Column]) -> Sheet:
    every: list[Column] = [(say("Code"), lambda z: z.code), (say("Name"), lambda z: z.name),
                           *columns]  # fmt: skip
    rows = [[value(zone) for _, value in every] for zone in zones]
    return Sheet(name, [head for head, _ in every], rows)


def _boundary(units: Mapping[str, Zone]) -> list[Column]:
    def place(zone: Zone) -> str:
        unit = units.get(zone.place)
        return unit.name if unit else zone.place or say("the whole country")

    return [
        (say("Kind"), lambda z: say(KIND_NAMES[z.kind])),
        (say("Place"), place),
        (say("Division code"), lambda z: z.place.rpartition("/")[2]),
        (say("Area (m²)"), lambda z: z.area_m2),
        (say("Protection level"), lambda z: z.level or ""),
        (say("Version"), lambda z: z.version),
        (say("In force since"), lambda z: z.since.isoformat()),
        (say("Markers"), lambda z: _count(z, "marker")),
        (say("Signs"), lambda z: _count(z, "sign")),
        (say("Missing markers and signs"), lambda z: _fallen(z)),
        (say("Boundary (SHA-256)"), lambda z: z.boundary),
    ]


def _count(zone: Zone, kind: str) -> int:
    return sum(str(m.get("type")) == kind for m in zone.markers.values())


def _fallen(zone: Zone) -> int:
    return sum(not m.get("standing", True) for m in zone.markers.values())


def _natural(zones: Sequence[Zone]) -> list[Column]:
    names = list(dict.fromkeys(n for z in zones for n in z.attributes.get("natural", {})))
    return [(words.capital(words.layer(name)), partial(_within, "natural", name)) for name in names]


def _within(table: str, name: str, zone: Zone) -> Cell:
    """A value of one of the tables among a zone's attributes."""
    value: Cell = zone.attributes.get(table, {}).get(name)
    return value


def _ecosystem() -> list[Column]:
    return [
        (say("Category"), lambda z: _known(words.category, z, "category")),
        (say("Type code"), lambda z: str(z.attributes.get("type_code", ""))),
        (say("Dominant function"), lambda z: _known(words.criterion, z, "dominant")),
        (say("Functions"), lambda z: str(z.attributes.get("functions", ""))),
        (say("Ecosystem types (%)"), _cover),
        (say("Natural (%)"), lambda z: z.attributes.get("natural_percent")),
        (say("Must-include"), lambda z: str(z.attributes.get("must_include", ""))),
        (say("Reasons"), lambda z: str(z.attributes.get("reasons", ""))),
        (say("Drawn by run"), lambda z: str(z.attributes.get("run", ""))),
    ]


def _known(word: Callable[[str], str], zone: Zone, name: str) -> str:
    value = str(zone.attributes.get(name, ""))
    return word(value) if value else ""


def _cover(zone: Zone) -> str:
    kinds = ecosystems()
    shares = zone.attributes.get("ecosystems", {})
    return "; ".join(f"{in_tongue(kinds[k].names)} {share:.1f}" for k, share in shares.items())


def _activity(zones: Sequence[Zone]) -> list[Column]:
    kinds = sorted({k for z in zones for k in z.attributes.get("activity", {})})
    shares: list[Column] = [
        (say("{kind} inside (%)", kind=words.kind(kind)), partial(_within, "activity", kind))
        for kind in kinds
    ]
    return [*shares, (say("Noted"), lambda z: _notes(z, "activity"))]


def _notes(zone: Zone, name: str) -> str:
    return "; ".join(f"{n['day']} {n['text']}" for n in zone.notes if n["class"] == name)


def _management() -> list[Column]:
    fields = {
        "body": say("Body in charge"), "contact": say("Office"), "tenure": say("Land tenure"),
        "designation": say("Designation"), "plan": say("Management plan"),
        "category": say("IUCN category"), "governance": say("Governance"),
        "year": say("Year of designation"),
    }  # fmt: skip
    known: list[Column] = [(title, partial(_managed, name)) for name, title in fields.items()]
    return [*known, (say("Projects and notes"), lambda z: _notes(z, "management"))]


def _managed(name: str, zone: Zone) -> Cell:
    return str(zone.management.get(name, ""))


def _markers(zones: Sequence[Zone]) -> Sheet:
    heads = [say("Code"), say("Marker"), say("Kind"), say("Longitude"), say("Latitude"),
             say("Standing")]  # fmt: skip
    rows = [
        [z.code, str(m["marker"]), str(m["type"]), m.get("lon"), m.get("lat"),
         say("yes") if m.get("standing", True) else say("no")]
        for z in zones
        for m in z.markers.values()
    ]  # fmt: skip
    return Sheet(say("Markers and signs"), heads, rows)


def _figures(zones: Mapping[str, Zone], units: Mapping[str, Zone]) -> Sheet:
    heads = [say("Place"), say("Name"), say("Redline (m²)"), say("Of the division (%)"),
             say("Zones"), say("In no finer division (m²)")]  # fmt: skip
    rows: list[list[Cell]] = []
    for place, figure in figures(zones.values(), REDLINE).items():
        unit = units.get(place)
        share = 100 * figure.area_m2 / unit.area_m2 if unit and unit.area_m2 else None
        name = unit.name if unit else say("The whole country") if not place else ""
        rows.append([place, name, figure.area_m2, share, figure.zones, figure.inside])
    return Sheet(say("Control figures"), heads, rows)


def _ended(zones: Mapping[str, Zone]) -> Sheet:
    heads = [say("Code"), say("Name"), say("Kind"), say("Abolished on"), say("Area (m²)")]
    rows: list[list[Cell]] = [
        [z.code, z.name, say(KIND_NAMES[z.kind]), z.ended.isoformat(), z.area_m2]
        for z in zones.values()
        if z.ended
    ]
    return Sheet(say("No longer in force"), heads, rows)
