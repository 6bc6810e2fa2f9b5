"""The public difference: what of the line changed between two days, where and why."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from tianren.errors import UserError
from tianren.io.exchange import write_exchange
from tianren.language import say
from tianren.language.folding import padded
from tianren.management.adjustment import ADDITION, NAME, REMOVAL, Item, causes, items_of
from tianren.management.procedure import Case
from tianren.management.register import REDLINE, UNIT, Zone
from tianren.project.journal.exchange import write_head
from tianren.project.journal.home import anchor_now, has_journal, project_journal
from tianren.project.journal.journal import Reader
from tianren.records import Record, standing
from tianren.reports.difference_page import CAME_IN, LEFT, Changed, Difference, write_page
from tianren.steps.adjust_land import LEAST_M2, polygons
from tianren.steps.cases import cases_of, require_case
from tianren.steps.footprint import plane_wkt
from tianren.steps.register_fold import ZONES, shapes_of
from tianren.steps.told import Told
from tianren.steps.touched import near, placed, touch

if TYPE_CHECKING:
    from tianren.project.project import Project

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
        told = _difference(project, reader, span, f"{NAME}/{name}" if case_name else "")
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


def _difference(project: "Project", reader: Reader, span: Between, case: str) -> Difference:
    """case: the subject of the proposal that is told alone; "" for all that changed."""
    moves = _moves(reader, span)
    mine = [m for m in moves if not case or m.proposal == case]
    changed = _changed(reader, mine, span.end)
    before = _line_area(reader.states(ZONES, day=span.start).values())
    before += sum(m.gain for m in moves[: moves.index(mine[0])]) if mine else 0
    return Difference(
        project.title.get(project.language, project.name), plane_wkt(project), span.start, span.end,
        changed, _line(reader, changed, span.end), before, before + sum(m.gain for m in mine),
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


@dataclass(frozen=True)
class Move:
    """One change of a piece. before, after: the piece, None where it was, or is, not in the line;
    proposal: the subject of the case that moved it, "" for none."""

    number: int
    day: dt.date
    before: Zone | None
    after: Zone | None
    proposal: str

    @property
    def piece(self) -> Zone:
        zone = self.after or self.before
        assert zone is not None  # noqa: S101  (one of them is there)
        return zone

    @property
    def gain(self) -> int:
        """What the line has more after it, whole m2."""
        return _line_area([self.after]) - _line_area([self.before])


def _moves(reader: Reader, span: Between) -> list[Move]:
    """Every change of every piece between two days, version by version, in their order: a piece
    that changed twice was moved by two proposals."""
    pieces: dict[str, list[Record]] = {}
    for record in reader.records(kind="zone"):
        if record.subject.startswith(_LINE):
            pieces.setdefault(record.subject, []).append(record)
    found = [m for records in pieces.values() for m in _versions(records, span)]
    return sorted(found, key=lambda move: (move.day, move.number))


def _versions(records: Sequence[Record], span: Between) -> Iterator[Move]:
    """The changes of one piece between two days."""
    if not any(span.start < r.effective <= span.end for r in records):
        return
    zone: Zone | None = None
    for record in standing(records, span.end):
        before, zone = _in_line(zone), ZONES.apply(zone, record)
        after = _in_line(zone)
        moved = (before and before.boundary) != (after and after.boundary)
        if moved and record.effective > span.start:
            yield Move(record.number, record.effective, before, after,
                       str(record.body.get(NAME, "")))  # fmt: skip


def _in_line(zone: Zone | None) -> Zone | None:
    return zone if zone is not None and zone.stands and zone.kind == REDLINE else None


@dataclass(frozen=True)
class Traced:
    """Land that left or came in, and the move that it did so by."""

    move: Move
    what: str
    shape: Any


def _changed(reader: Reader, moves: Sequence[Move], day: dt.date) -> list[Changed]:
    """What left and what came in, piece of land by piece of land, with the cause that the proposal
    names."""
    cases = cases_of(reader, NAME, day=day) if moves else {}
    found = [_pieces(reader, one, cases.get(one.move.proposal)) for one in _traced(reader, moves)]
    return [changed for mine in found for changed in mine]


def _traced(reader: Reader, moves: Sequence[Move]) -> list[Traced]:
    """All that left and came in by moves in their order, and did not go back since."""
    found: dict[str, list[Traced]] = {LEFT: [], CAME_IN: []}
    for move in moves:
        old, new = (_shape(reader, zone) for zone in (move.before, move.after))
        for what, other, shape in ((LEFT, CAME_IN, shapely.difference(old, new)),
                                   (CAME_IN, LEFT, shapely.difference(new, old))):  # fmt: skip
            found[other], rest = _without_return(found[other], polygons(shape))
            if not rest.is_empty:
                found[what].append(Traced(move, what, rest))
    return sorted([*found[LEFT], *found[CAME_IN]], key=lambda one: (one.move.day, one.move.number))


def _without_return(opposite: Sequence[Traced], shape: Any) -> tuple[list[Traced], Any]:
    """Land that goes from one piece to another, or left and comes back, is neither removed nor
    added: it is taken from what moved the other way before, and from what moves now."""
    kept = []
    for one in opposite:
        meets = shapely.intersects(one.shape, shape)
        back = polygons(shapely.intersection(one.shape, shape)) if meets else shapely.Polygon()
        if back.is_empty:
            kept.append(one)
            continue
        shape = polygons(shapely.difference(shape, back))
        rest = polygons(shapely.difference(one.shape, back))
        if not rest.is_empty:
            kept.append(replace(one, shape=rest))
    return kept, shape


def _shape(reader: Reader, zone: Zone | None) -> Any:
    return shapely.Polygon() if zone is None else shapes_of(reader, [zone])[zone.subject]


def _pieces(reader: Reader, one: Traced, case: Case | None) -> list[Changed]:
    """The parts of a change, each with the item of the proposal behind it."""
    move, piece = one.move, one.move.piece
    return [
        Changed(one.what, part, piece.code, piece.name, _where(reader, part, move.day),
                causes()[item.cause].name if item else say("not by adjustment"),
                item.ground if item else "", move.proposal if item else "")
        for part, item in _by_item(reader, one.shape, _items(case, one.what))
    ]  # fmt: skip


def _items(case: Case | None, what: str) -> list[Item]:
    """The items of a proposal that take out, or bring in."""
    direction = REMOVAL if what == LEFT else ADDITION
    return [item for item in items_of(case) if item.direction == direction] if case else []


def _by_item(
    reader: Reader, shape: Any, items: Sequence[Item]
) -> list[tuple[Any, Item | None]]:  # fmt: skip
    """The parts of a change by the item of the proposal that covers them; None: by no item."""
    found: list[tuple[Any, Item | None]] = []
    rest = shape
    for item in items:
        part = polygons(shapely.intersection(rest, _item_shape(reader, item)))
        if float(shapely.area(part)) >= LEAST_M2:
            found.append((part, item))
            rest = polygons(shapely.difference(rest, part))
    if float(shapely.area(rest)) >= LEAST_M2:
        found.append((rest, None))
    return found


def _item_shape(reader: Reader, item: Item) -> Any:
    return shapely.from_wkb(reader.shapes([item.boundary])[item.boundary])


def _where(reader: Reader, shape: Any, day: dt.date) -> str:
    """The names of the divisions that hold most of a piece of land, fine before coarse."""
    return placed(touch(shape, near(reader, shape.bounds, day, UNIT)).chains)


def _line(reader: Reader, changed: Sequence[Changed], day: dt.date) -> list[Any]:
    """The line around what changed, for the map."""
    if not changed:
        return []
    bounds = shapely.union_all([c.shape for c in changed]).bounds
    far = max(bounds[2] - bounds[0], bounds[3] - bounds[1], 2_000.0)
    west, south, east, north = bounds
    close = near(reader, (west - far, south - far, east + far, north + far), day, REDLINE)
    return [close.shapes[z.subject] for z in close.of(REDLINE)]


def _line_area(zones: Iterable[Zone | None]) -> int:
    """The area of the line among zones, whole m2."""
    return sum(zone.area_m2 for zone in map(_in_line, zones) if zone)


def _layer(told: Difference, folder: Path) -> list[Path]:
    from geopandas import GeoDataFrame

    rows, shapes = [c.row for c in told.changed], [c.shape for c in told.changed]
    layer = GeoDataFrame(rows, geometry=shapes, crs=told.crs)
    files = write_exchange(layer, "gpkg", folder, "difference")
    return [*files, *write_exchange(layer, "geojson", folder, "difference")]


def _told(told: Difference, files: Sequence[Path]) -> Told:
    out, into, changed = told.area(LEFT), told.area(CAME_IN), told.changed
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
