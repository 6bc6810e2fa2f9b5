"""The steps behind `tianren register`: look, count, mark, look after, note, export."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.errors import UserError
from tianren.language import say, say_many
from tianren.language.folding import columns, padded
from tianren.management import register
from tianren.management.advice import advice
from tianren.management.outcome import Outcome
from tianren.management.register import (
    ATTRIBUTE_NAMES,
    CLASS_NAMES,
    KIND_NAMES,
    MANAGEMENT_NAMES,
    REDLINE,
    UNIT,
    Figure,
    Warrant,
    Zone,
    figures,
)
from tianren.project.digests import write_whole
from tianren.project.journal.home import project_journal
from tianren.project.journal.journal import Reader
from tianren.project.roles import person_of
from tianren.records import depth, within
from tianren.steps.journal import known_of, told_record
from tianren.steps.journal_writing import clock_finding, writing
from tianren.steps.places_known import require_place
from tianren.steps.register_fold import ZONES
from tianren.steps.sight import record_seen, whoever_looks
from tianren.steps.told import Told

if TYPE_CHECKING:
    from tianren.project.project import Project

SHOWN = 15


def zones_on(
    project: "Project", *, place: str = "", day: dt.date | None = None, known: str = ""
) -> dict[str, Zone]:
    """Subject -> zone of a place, as of a day, as it was known."""
    journal = project_journal(project)
    with journal.reading() as reader:
        found = reader.states(ZONES, place=place, day=day or dt.date.today(), known=known_of(known))
    journal.close()
    return found


def show(
    project: "Project", *, code: str = "", place: str = "", kind: str = "",
    day: dt.date | None = None, known: str = "", actor: str = "",
) -> Told:  # fmt: skip
    """What is registered in a place on a day; or one zone, with its history."""
    if actor:
        _require_sight(project, actor, place)
    require_place(project, place)
    found = zones_on(project, place=place, day=day, known=known)
    if code:
        return _one(project, chosen_zone(found, code), known, actor)
    stand = [z for z in found.values() if z.stands and (not kind or z.kind == kind)]
    lines = [
        say_many("{place} on {day}: {n} zone", "{place} on {day}: {n} zones",
                 sum(z.kind != UNIT for z in stand), place=place or say("The whole country"),
                 day=day or dt.date.today()),
        "",
    ]  # fmt: skip
    for name, title in KIND_NAMES.items():
        mine = [z for z in stand if z.kind == name]
        if mine and name != UNIT:
            area = sum(z.area_m2 for z in mine)
            lines.append(f"  {say(title):<28}{len(mine):>8,}{area / 1e6:>16,.1f} km²")
    some = sorted((z for z in stand if z.kind != UNIT), key=lambda z: (-z.area_m2, z.code))
    lines += ["", *(f"  {z.code:<16} {z.area_m2 / 1e6:>10,.1f} km²  {z.name}"
                    for z in some[:SHOWN])]  # fmt: skip
    if len(some) > SHOWN:
        lines.append(say("  ... and {n} more; all: --json, or tianren register workbook",
                         n=len(some) - SHOWN))  # fmt: skip
    if kind != REDLINE and len({z.kind for z in stand} - {UNIT}) > 1:
        lines += ["", say("Kinds overlap: areas of different kinds are not to be added.")]
    return Told(lines, {"zones": [register.pack(z) for z in stand if z.kind != UNIT]})


def _require_sight(project: "Project", actor: str, place: str) -> None:
    person = person_of(project, actor)
    if not person.sees(place):
        held = ", ".join(p.place or say("the whole country") for p in person.posts)
        raise UserError(
            say("{person} looks after {held}, and does not see {place}", person=actor, held=held,
                place=place),
            where="roles.toml", next_step=say("ask for your own place: --place {held}", held=held),
        )  # fmt: skip


def zone_called(reader: Reader, code: str, day: dt.date) -> Zone:
    """A zone as of a day, by its code or its subject."""
    named = [code, *(f"zone/{kind}/{code}" for kind in KIND_NAMES)]
    found = reader.states(ZONES, subjects=named, day=day)
    return chosen_zone(found or reader.states(ZONES, day=day), code)


def chosen_zone(found: Mapping[str, Zone], code: str) -> Zone:
    """A zone by its code or its subject. UserError with the nearest where there is none."""
    mine = [z for z in found.values() if code in (z.code, z.subject)]
    if len(mine) == 1:
        return mine[0]
    import difflib

    near = difflib.get_close_matches(code, [z.code for z in found.values()], n=1)
    what = say("several zones have the code {code}", code=code) if mine else say(
        "there is no zone {code}", code=code
    )  # fmt: skip
    step = say("name one of {subjects}", subjects=", ".join(z.subject for z in mine))
    other = say("did you mean {near}?", near=near[0]) if near else say(
        "list them: tianren register show"
    )  # fmt: skip
    raise UserError(what, where="register", next_step=step if mine else other)


def _one(project: "Project", zone: Zone, known: str, actor: str) -> Told:
    person = whoever_looks(project, actor)
    journal = project_journal(project)
    with journal.reading() as reader:
        history = reader.history(zone.subject, known_of(known))
    journal.close()
    state = say("version {n}, in force since {day}", n=zone.version, day=zone.since)
    if zone.ended:
        state = say("abolished on {day}", day=zone.ended)
    lines = [
        f"{zone.code}  {zone.name}",
        f"{say(KIND_NAMES[zone.kind])}, {zone.area_m2 / 1e6:,.3f} km², {state}",
        say("Place: {place}", place=zone.place or say("the whole country")),
        "",
    ]
    lines += [_told_attribute(name, value) for name, value in zone.attributes.items() if value]
    lines += [_named_line(MANAGEMENT_NAMES, name, str(value))
              for name, value in zone.management.items()]  # fmt: skip
    if zone.markers:
        standing = sum(bool(m.get("standing", True)) for m in zone.markers.values())
        lines.append(say("Markers and signs: {n}, of which {standing} stand", n=len(zone.markers),
                         standing=standing))  # fmt: skip
    lines += [f"  {n['day']}  {say(CLASS_NAMES[n['class']])}: {n['text']}" for n in zone.notes]
    lines += ["", say("Records:"), *(told_record(record_seen(person, r)) for r in history)]
    table = {"zone": register.pack(zone), "records": [r.number for r in history]}
    return Told(lines, table)


def _told_attribute(name: str, value: Any) -> str:
    """An attribute in the current language; reasons and names as they were recorded."""
    from tianren.reports import words

    called = {"category": words.category, "dominant": words.criterion, "realm": words.realm}
    if isinstance(value, Mapping):
        text = ", ".join(f"{_part(k)} {v:g}" for k, v in value.items() if v is not None)
    elif name == "functions":
        text = "; ".join(map(_function, str(value).split("; ")))
    else:
        text = called[name](str(value)) if name in called else f"{value}"[:200]
    return _named_line(ATTRIBUTE_NAMES, name, text)


def _part(name: str) -> str:
    """A layer, an ecosystem type or a conflict, as people call it."""
    from tianren.reports import words

    found = words.layer(name)
    return found if found != words.plain(name) else words.kind(name)


def _function(text: str) -> str:
    """ "water_conservation 95.4 %" with the function as people call it."""
    from tianren.reports import words

    name, space, share = text.partition(" ")
    return f"{words.criterion(name)}{space}{share}"


def _named_line(names: Mapping[str, str], name: str, text: str) -> str:
    return f"  {padded(say(names[name]) if name in names else name, 24)} {text}"


# -- control figures -------------------------------------------------------------------------------


def control_figures(
    project: "Project", *, place: str = "", kind: str = REDLINE, levels: int = 0,
    day: dt.date | None = None, known: str = "",
) -> Told:  # fmt: skip
    """What each division holds of the line: area, share, number of zones; parents first."""
    require_place(project, place)
    found = zones_on(project, day=day, known=known)
    _require_kept(found, kind, day or dt.date.today())
    names = {z.place: z for z in found.values() if z.kind == UNIT}
    every = figures(found.values(), kind)
    mine = [f for f in every.values() if within(f.place, place) or not f.place]
    deepest = levels or depth(place) + 1
    rows = [_figure_row(f, names) for f in mine]
    shown = [r for r in rows if depth(r["place"]) <= deepest]
    lines = [say("Control figures of {kind}: every level sums to the one above exactly.",
                 kind=say(KIND_NAMES[kind])), "", _figure_heads()]  # fmt: skip
    lines += [_figure_line(r) for r in shown[:40]]
    if len(shown) > 40:
        lines.append(say("  ... and {n} more: --json", n=len(shown) - 40))
    return Told(lines, {"figures": rows})


def _require_kept(found: Mapping[str, Zone], kind: str, day: dt.date) -> None:
    """Refuse a day before there was anything: nothing registered is no area of 0 m2."""
    if any(z.kind == REDLINE for z in found.values()) or (found and kind != REDLINE):
        return
    raise UserError(
        say("no line is kept on {day}", day=day), where="journal",
        next_step=say("enter it (tianren register adopt), or ask for a day from which it "
                      "is in force: --day"),
    )  # fmt: skip


def _figure_heads() -> str:
    heads = ((say("Area"), 21), (say("Share"), 10), (say("Zones"), 7))
    right = "".join(" " * (width - columns(head)) + head for head, width in heads)
    return f"{padded(say('Name'), 44)}{right}  {say('Place')}"


def _figure_row(figure: Figure, names: Mapping[str, Zone]) -> dict[str, Any]:
    unit = names.get(figure.place)
    share = 100 * figure.area_m2 / unit.area_m2 if unit and unit.area_m2 else None
    return {
        "place": figure.place, "name": unit.name if unit else "", "area_m2": figure.area_m2,
        "zones": figure.zones, "percent": share, "in_no_finer_unit_m2": figure.inside,
    }  # fmt: skip


def _figure_line(row: Mapping[str, Any]) -> str:
    name = row["name"] or row["place"] or say("The whole country")
    share = "" if row["percent"] is None else f"{row['percent']:.1f} %"
    indent = "  " * depth(row["place"])
    figures = f"{row['area_m2']:>18,} m²{share:>10}{row['zones']:>7}"
    return f"{padded(indent + name[:40], 44)}{figures}  {row['place']}".rstrip()


# -- writing ---------------------------------------------------------------------------------------


def _written(
    project: "Project", code: str, actor: str, right: str, ground: str, reason: str,
    day: dt.date | None, decide: Any,
) -> Told:  # fmt: skip
    """One decision about one zone, written or refused."""
    person = person_of(project, actor)
    on = day or dt.date.today()
    with writing(project, person) as book:
        zone = zone_called(book, code, on)
        post = person.require(right, zone.place)
        warrant = Warrant(person.id, post, on, ground, reason)
        decided: Outcome = decide(zone, warrant)
        outcome = decided.or_refuse(zone.subject, advice(decided.findings) or say("correct it"))
        numbers = book.append(outcome.records)
        findings = clock_finding(book)
    lines = [
        say_many(
            "Written: {n} record on {subject}.",
            "Written: {n} records on {subject}.",
            len(numbers),
            subject=zone.subject,
        )
    ]
    lines += [f.message for f in findings]
    return Told(lines, {"subject": zone.subject, "records": list(numbers)})


def mark(
    project: "Project", code: str, table: Path, *, actor: str, ground: str, reason: str = "",
    day: dt.date | None = None,
) -> Told:  # fmt: skip
    """Boundary markers and signs of a zone, from a table: marker, type, lon, lat, standing."""
    markers = _markers(project, table)
    return _written(project, code, actor, "register.mark", ground, reason, day,
                    lambda zone, warrant: register.mark(zone, markers, warrant))  # fmt: skip


def _markers(project: "Project", path: Path) -> list[dict[str, Any]]:
    from tianren.geo.moves import move_between
    from tianren.io.sources import Entry
    from tianren.io.tables import read_table

    entry = Entry.brought(path, "table")
    rows, _ = read_table(entry)
    for column in ("marker", "type", "lon", "lat"):
        if column not in rows.columns:
            raise UserError(
                say("there is no column {column}", column=column), where=str(path),
                next_step=say("the table needs marker, type, lon, lat, and may have standing"),
            )  # fmt: skip
    move = move_between("OGC:CRS84", project.grid.crs.to_wkt())
    found = []
    for n, row in enumerate(rows.to_dict("records"), start=2):
        lon, lat = _degrees(row, path, n)
        x, y = move.transform(lon, lat)
        standing = str(row.get("standing", "yes")).strip().lower() not in ("no", "0", "false", "否")
        found.append({"marker": str(row["marker"]), "type": str(row["type"]), "lon": lon,
                      "lat": lat, "x": round(x, 3), "y": round(y, 3),
                      "standing": standing})  # fmt: skip
    return found


def _degrees(row: Mapping[Any, Any], path: Path, line: int) -> tuple[float, float]:
    try:
        lon, lat = float(row["lon"]), float(row["lat"])
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            raise ValueError("off the Earth")
    except ValueError:
        raise UserError(
            say("{lon}, {lat} is no place", lon=row["lon"], lat=row["lat"]),
            where=f"{path}, row {line}", next_step=say("write degrees, longitude in lon"),
        ) from None  # fmt: skip
    return lon, lat


def manage(
    project: "Project", code: str, values: Mapping[str, Any], *, actor: str, ground: str,
    reason: str = "", day: dt.date | None = None,
) -> Told:  # fmt: skip
    """The body in charge of a zone, the reference of its tenure, its documents."""
    return _written(project, code, actor, "register.manage", ground, reason, day,
                    lambda zone, warrant: register.manage(zone, values, warrant))  # fmt: skip


def note(
    project: "Project", code: str, ledger_class: str, text: str, *, actor: str, ground: str,
    day: dt.date | None = None,
) -> Told:  # fmt: skip
    """A line in the form ledger of a zone."""

    def decide(zone: Zone, warrant: Warrant) -> Outcome:
        return register.note(zone, ledger_class, text, warrant)

    return _written(project, code, actor, "register.note", ground, "", day, decide)


def snapshot(project: "Project", actor: str) -> Told:
    """Keep the register as it is, so that long histories are read faster."""
    person = person_of(project, actor)
    person.require("register.snapshot", "")
    with writing(project, person) as book:
        count = book.keep_snapshots(ZONES)
    told = say_many("The state of {n} zone is kept.", "The states of {n} zones are kept.", count)
    return Told([told], {"zones": count})


# -- leaving ---------------------------------------------------------------------------------------


def workbook(project: "Project", to: Path | None, *, day: dt.date | None = None) -> Told:
    """The form ledger as a workbook: five classes, what was done, control figures."""
    from tianren.reports.register_book import register_book
    from tianren.steps.register_cases import case_sheets

    on = day or dt.date.today()
    journal = project_journal(project)
    with journal.reading() as reader:
        found, cases = reader.states(ZONES, day=on), case_sheets(project, reader, on)
    journal.close()
    path = to or project.folder / "exports" / f"register-{on.isoformat()}.xlsx"
    write_whole(path, register_book(project.title.get("en", project.name), found, on, cases))
    return Told([say("Workbook: {path}", path=path)], {"file": str(path)})
