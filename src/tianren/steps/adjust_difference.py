"""The public difference: what of the line changed between two days, where and why."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from tianren.errors import UserError
from tianren.io.exchange import write_exchange
from tianren.language import say
from tianren.language.folding import padded
from tianren.management.adjustment import NAME, Item, causes, items_of
from tianren.management.procedure import Case
from tianren.management.register import REDLINE, UNIT, Zone
from tianren.project.journal.exchange import write_head
from tianren.project.journal.home import anchor_now, has_journal, project_journal
from tianren.project.journal.journal import Reader
from tianren.reports.difference_page import Changed, Difference, write_page
from tianren.steps.adjust_land import LEAST_M2, polygons
from tianren.steps.cases import cases_of, require_case
from tianren.steps.footprint import plane_wkt
from tianren.steps.register_fold import ZONES, shapes_of
from tianren.steps.told import Told
from tianren.steps.touched import near, touch

if TYPE_CHECKING:
    from tianren.project.project import Project

REMOVED, ADDED = "removed", "added"
_LINE = f"zone/{REDLINE}/"


@dataclass(frozen=True)
class Between:
    """Two days of a line."""

    start: dt.date
    end: dt.date


def difference(
    project: "Project", *, case_name: str = "", start: dt.date | None = None,
    end: dt.date | None = None, to: Path | None = None,
) -> Told:  # fmt: skip
    """What one approved proposal changed, or all between two days: a layer, a map, a page."""
    journal = project_journal(project)
    with journal.reading() as reader:
        span, name = _span(reader, case_name, start, end)
        told = _difference(project, reader, span, case_name)
    folder = to or project.folder / "exports" / f"difference-{name}"
    anchor = anchor_now(project.folder, journal, project.management.signing_key)
    journal.close()
    if not told.changed:
        raise UserError(
            say("the line did not change between {a} and {b}", a=span.start, b=span.end),
            where="register", next_step=say("name other days: --from, --until"),
        )  # fmt: skip
    files = [*_layer(told, folder), *write_page(told, folder)]
    if anchor is not None:
        files.append(write_head(folder, anchor.as_dict()))
    return _told(told, files)


def kept_difference(project: "Project") -> Difference | None:
    """What changed since the line was first entered, up to its last change; None where no line is
    kept, or it never changed."""
    if not has_journal(project.folder, project.store):
        return None
    journal = project_journal(project)
    with journal.reading() as reader:
        days = [r.effective for r in reader.records(kind="zone") if r.subject.startswith(_LINE)]
        span = Between(min(days), max(days)) if len(set(days)) > 1 else None
        told = _difference(project, reader, span, "") if span else None
    journal.close()
    return told if told and told.changed else None


def _difference(project: "Project", reader: Reader, span: Between, case_name: str) -> Difference:
    was, now = (reader.states(ZONES, day=day) for day in (span.start, span.end))
    changed = _changed(reader, span, was, now, case_name)
    before, after = (_line_area(zones) for zones in (was, now))
    return Difference(
        project.title.get(project.language, project.name), plane_wkt(project), span.start, span.end,
        changed, _line(reader, changed, span.end), before, after,
    )  # fmt: skip


def _span(
    reader: Reader, case_name: str, start: dt.date | None, end: dt.date | None
) -> tuple[Between, str]:
    if not case_name:
        last = end or dt.date.today()
        first = start or last - dt.timedelta(days=365)
        if first > last:
            raise UserError(
                say("{a} is after {b}", a=first, b=last), where="--from, --until",
                next_step=say("name the earlier day with --from"),
            )  # fmt: skip
        return Between(first, last), f"{first}_{last}"
    case = require_case(reader, NAME, case_name)
    step = case.last("approve")
    if step is None:
        raise UserError(
            say("{subject} is not approved", subject=case.subject), where="journal",
            next_step=say("approve it first: tianren adjust approve"),
        )  # fmt: skip
    return Between(step.day - dt.timedelta(days=1), step.day), case.subject.partition("/")[2]


def _changed(
    reader: Reader, span: Between, was: Mapping[str, Zone], now: Mapping[str, Zone], case_name: str
) -> list[Changed]:
    """What left and what came in, piece of land by piece of land, with the cause that the proposal
    names."""
    cases = cases_of(reader, NAME, day=span.end)
    behind = _behind(reader, span)
    found: list[Changed] = []
    for subject in sorted({*was, *now}):
        before, after = (_standing(zones.get(subject)) for zones in (was, now))
        if (before and before.boundary) == (after and after.boundary):
            continue
        case = cases.get(behind.get(subject, ""))
        if case_name and (case is None or not case.subject.endswith(case_name)):
            continue
        found += _pieces(reader, before, after, case, span.end)
    return _once(found)


def _standing(zone: Zone | None) -> Zone | None:
    return zone if zone is not None and zone.stands and zone.kind == REDLINE else None


def _behind(reader: Reader, span: Between) -> dict[str, str]:
    """Subject of a piece -> the proposal behind its last change up to a day."""
    found = {}
    for record in reader.records(kind="zone"):
        if span.start < record.effective <= span.end and NAME in record.body:
            found[record.subject] = str(record.body[NAME])
    return found


def _pieces(
    reader: Reader, before: Zone | None, after: Zone | None, case: Case | None, day: dt.date
) -> list[Changed]:
    old, new = (_shape(reader, zone) for zone in (before, after))
    zone = after or before
    assert zone is not None  # noqa: S101  (one of them is there)
    found = []
    for what, shape in (
        (REMOVED, polygons(shapely.difference(old, new))),
        (ADDED, polygons(shapely.difference(new, old))),
    ):
        found += [
            Changed(what, part, zone.code, zone.name, _where(reader, part, day), cause, ground,
                    case.subject if case else "")
            for part, cause, ground in _by_cause(reader, shape, case, what)
        ]  # fmt: skip
    return found


def _shape(reader: Reader, zone: Zone | None) -> Any:
    return shapely.Polygon() if zone is None else shapes_of(reader, [zone])[zone.subject]


def _by_cause(
    reader: Reader, shape: Any, case: Case | None, what: str
) -> list[tuple[Any, str, str]]:
    """The parts of a change by the item of the proposal that covers them."""
    if shape.is_empty:
        return []
    if case is None:
        return [(shape, say("not by adjustment"), "")]
    found, rest = [], shape
    direction = "removal" if what == REMOVED else "addition"
    for item in (i for i in items_of(case) if i.direction == direction):
        part = polygons(shapely.intersection(rest, _item_shape(reader, item)))
        if float(shapely.area(part)) >= LEAST_M2:
            found.append((part, causes()[item.cause].name, item.ground))
            rest = polygons(shapely.difference(rest, part))
    if float(shapely.area(rest)) >= LEAST_M2:
        found.append((rest, say("not by adjustment"), ""))
    return found


def _item_shape(reader: Reader, item: Item) -> Any:
    return shapely.from_wkb(reader.shapes([item.boundary])[item.boundary])


def _where(reader: Reader, shape: Any, day: dt.date) -> str:
    """The names of the divisions that hold most of a piece of land, fine before coarse."""
    held = touch(shape, near(reader, shape.bounds, day, UNIT)).units
    best: dict[int, str] = {}
    for one in held:
        best.setdefault(one.zone.place.count("/"), one.zone.name)
    return ", ".join(dict.fromkeys(best[level] for level in sorted(best, reverse=True)))


def _once(found: Sequence[Changed]) -> list[Changed]:
    """Land that goes from one piece to another is neither removed nor added."""
    out = shapely.union_all([c.shape for c in found if c.what == REMOVED])
    into = shapely.union_all([c.shape for c in found if c.what == ADDED])
    both = shapely.intersection(out, into)
    if float(shapely.area(both)) < LEAST_M2:
        return list(found)
    kept = [(c, polygons(shapely.difference(c.shape, both))) for c in found]
    return [
        Changed(c.what, shape, c.code, c.name, c.where, c.cause, c.ground, c.proposal)
        for c, shape in kept
        if float(shapely.area(shape)) >= LEAST_M2
    ]


def _line(reader: Reader, changed: Sequence[Changed], day: dt.date) -> list[Any]:
    """The line around what changed, for the map."""
    if not changed:
        return []
    bounds = shapely.union_all([c.shape for c in changed]).bounds
    far = max(bounds[2] - bounds[0], bounds[3] - bounds[1], 2_000.0)
    west, south, east, north = bounds
    close = near(reader, (west - far, south - far, east + far, north + far), day, REDLINE)
    return [close.shapes[z.subject] for z in close.of(REDLINE)]


def _line_area(zones: Mapping[str, Zone]) -> int:
    """The area of the line among zones, whole m2."""
    return sum(z.area_m2 for z in zones.values() if _standing(z))


def _layer(told: Difference, folder: Path) -> list[Path]:
    from geopandas import GeoDataFrame

    rows, shapes = [c.row for c in told.changed], [c.shape for c in told.changed]
    layer = GeoDataFrame(rows, geometry=shapes, crs=told.crs)
    files = write_exchange(layer, "gpkg", folder, "difference")
    return [*files, *write_exchange(layer, "geojson", folder, "difference")]


def _told(told: Difference, files: Sequence[Path]) -> Told:
    out, into, changed = told.area(REMOVED), told.area(ADDED), told.changed
    lines = [
        say("From {a} to {b}: {out} km² left the line, {in_} km² came in.", a=told.start,
            b=told.end, out=f"{out / 1e6:,.4f}", in_=f"{into / 1e6:,.4f}"),
        "",
        *map(_changed_line, changed[:20]),
        "",
        *(f"  {path}" for path in files),
    ]  # fmt: skip
    table = {"from": told.start.isoformat(), "to": told.end.isoformat(), "removed_m2": out,
             "added_m2": into, "changes": [c.row for c in changed],
             "files": [str(p) for p in files]}  # fmt: skip
    return Told(lines, table)


def _changed_line(one: Changed) -> str:
    where = padded(one.where[:32], 32)
    return f"  {padded(one.direction, 8)} {one.area / 1e6:>10,.4f} km²  {where}  {one.cause}"
