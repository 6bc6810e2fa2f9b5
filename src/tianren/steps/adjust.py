"""The steps behind `tianren adjust`: propose, test, answer, approve, refuse, withdraw, show."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from tianren.errors import UserError
from tianren.findings import Finding
from tianren.language import say, say_many
from tianren.management import adjustment
from tianren.management.adjustment import (
    DIRECTION_NAMES,
    NAME,
    REMOVAL,
    Cause,
    Ground,
    Item,
    causes,
    exempt_loss,
    items_of,
    latest_test,
)
from tianren.management.people import Person
from tianren.management.procedure import Act, Case
from tianren.management.register import REDLINE, NewZone, Warrant, Zone, smallest_holding
from tianren.management.three_no import ThreeNo, deficit
from tianren.management.three_no import lines_of as test_lines
from tianren.project.journal.home import levels_of, project_journal
from tianren.project.journal.journal import Book, Reader
from tianren.project.roles import person_of
from tianren.project.runs import open_run
from tianren.steps.adjust_land import LEAST_M2, Planned, neighbours, planned
from tianren.steps.adjust_test import Baseline, lines_of, three_no
from tianren.steps.cases import (
    calendar_of,
    case_from,
    case_line,
    case_lines,
    case_table,
    cases_of,
    next_subject,
    read_cases,
    require_case,
    rules_of,
    undeclared_years,
    written,
)
from tianren.steps.footprint import read_shapes
from tianren.steps.journal_writing import clock_finding, writing
from tianren.steps.register_adopt import wkb_of
from tianren.steps.register_fold import ZONES, require_plane
from tianren.steps.sight import case_seen, whoever_looks
from tianren.steps.told import Told
from tianren.steps.touched import Land, Near, near, touch

if TYPE_CHECKING:
    from tianren.project.project import Project

REACH_BEYOND = 2_000.0  # m around what changes in which zones are read


@dataclass(frozen=True)
class Draft:
    """Land that a proposal is to move, before it has a number. shape: in the project's plane."""

    direction: str
    shape: Any
    cause: str
    ground: str
    name: str = ""
    about: str = ""
    findings: tuple[Finding, ...] = ()  # what was repaired or left out of its file; on the first


@dataclass(frozen=True)
class Site:
    """A protected area that changes with a proposal: zones that end, zones that are entered.

    shape: where it changes; shapes: digest -> WKB of the boundaries of what is entered.
    """

    name: str
    shape: Any
    ends: tuple[str, ...]
    enters: tuple[NewZone, ...]
    shapes: Mapping[str, bytes]

    @property
    def plain(self) -> Mapping[str, Any]:
        enters = [{"kind": z.kind, **z.body, "place": z.place} for z in self.enters]
        return {"name": self.name, "ends": list(self.ends), "enters": enters}


def read_drafts(
    project: "Project", path: Path, direction: str, cause: str, ground: str
) -> list[Draft]:
    """The polygons of a file as removals or additions; columns cause, ground and name count where
    there are such, else what is given for all."""
    layer, findings = read_shapes(project, path)
    found: list[Draft] = []
    for n, row in enumerate(layer.to_dict("records"), start=1):
        if shapely.get_dimensions(row["geometry"]) != 2:
            raise UserError(
                say("feature {n} is no polygon", n=n), where=str(path),
                next_step=say("draw what leaves or comes in as polygons"),
            )  # fmt: skip
        texts = {k: _column_text(row.get(k)) for k in ("cause", "ground", "name")}
        found.append(Draft(direction, row["geometry"], texts["cause"] or cause,
                           texts["ground"] or ground, texts["name"] or path.stem,
                           findings=() if found else tuple(findings)))  # fmt: skip
    return found


def _column_text(value: Any) -> str:
    """What a column says; nothing where it has no value, or its layer has no such column."""
    return value.strip() if isinstance(value, str) else "" if value != value else str(value or "")


def propose(
    project: "Project", drafts: Sequence[Draft], *, actor: str, ground: str, document: str,
    reason: str = "", day: dt.date | None = None, sites: Sequence[Site] = (),
) -> Told:  # fmt: skip
    """A new proposal, checked for what is plainly wrong; it says who across a border is asked.

    sites: protected areas that are entered or abolished with it.
    """
    person = person_of(project, actor)
    on = day or dt.date.today()
    with writing(project, person) as book:
        require_plane(project, book)
        outcome, items, subject, shapes = _proposal(
            project, book, drafts, person, on, ground, document, reason, sites
        )
        (number,) = book.append(outcome.records, shapes)
        findings = [*(f for d in drafts for f in d.findings), *clock_finding(book)]
    facts = outcome.records[0].body["facts"]
    return _proposed(project, subject, number, items, facts, findings, on)


def _proposal(
    project: "Project", book: Book, drafts: Sequence[Draft], person: Person, on: dt.date,
    ground: str, document: str, reason: str, sites: Sequence[Site],
) -> tuple[Any, list[Item], str, dict[str, bytes]]:  # fmt: skip
    subject = next_subject(book, NAME, on)
    shapes = dict(wkb for site in sites for wkb in site.shapes.items())
    around = near(book, _bounds([*(d.shape for d in drafts), *(s.shape for s in sites)]), on)
    items = [_item(n, d, around, shapes) for n, d in enumerate(drafts, start=1)]
    moved = [*(d.shape for d in drafts), *(s.shape for s in sites)]
    place = _place(moved, around)
    asked = _asked(project, place, moved, around)
    facts: dict[str, Any] = {"items": [dict(i.plain) for i in items], "neighbours": asked}
    if sites:
        facts["sites"] = [dict(site.plain) for site in sites]
    act = Act("propose", subject, place, on, person, ground, reason, {"proposal": document}, facts)
    rules = rules_of(project, NAME)
    outcome = adjustment.decide(rules, None, act, _ground(project, {}))
    return written(outcome, subject, rules, None), items, subject, shapes


def _bounds(shapes: Sequence[Any]) -> Sequence[float]:
    west, south, east, north = shapely.total_bounds(np.array(list(shapes), dtype=object))
    far = REACH_BEYOND
    return west - far, south - far, east + far, north + far


def _item(number: int, draft: Draft, around: Near, shapes: dict[str, bytes]) -> Item:
    digest, wkb = wkb_of(draft.shape)
    shapes[digest] = wkb
    line = [around.shapes[z.subject] for z in around.of(REDLINE)]
    inside = shapely.area(shapely.intersection(draft.shape, _joined(line)))
    area = round(float(shapely.area(draft.shape)))
    return Item(number, draft.direction, digest, area, min(round(float(inside)), area),
                draft.cause, draft.ground, draft.name, draft.about)  # fmt: skip


def _joined(shapes: Sequence[Any]) -> Any:
    return shapely.union_all(np.array(list(shapes), dtype=object))


def _place(shapes: Sequence[Any], around: Near) -> str:
    """The smallest division that holds all that changes."""
    return smallest_holding(touch(shape, around).place for shape in shapes)


def _asked(project: "Project", place: str, shapes: Sequence[Any], around: Near) -> list[str]:
    """The divisions across a border that what changes comes near."""
    levels = [level.name for level in project.admin]
    if project.piece_level not in levels:
        return []
    wanted = levels.index(project.piece_level) + 1
    reach = project.parameters().number("seams.tolerance")
    return neighbours(place, _joined(shapes), around, wanted, reach)


def _ground(project: "Project", boundaries: Mapping[str, str]) -> Ground:
    return Ground(levels_of(project), calendar_of(project), boundaries)


def _proposed(
    project: "Project", subject: str, number: int, items: Sequence[Item],
    facts: Mapping[str, Any], findings: Sequence[Finding], on: dt.date,
) -> Told:  # fmt: skip
    lines = [say("{subject} is proposed (record {n}):", subject=subject, n=number), ""]
    lines += [_item_line(item) for item in items]
    if facts["neighbours"]:
        lines += ["", say("Asked across the border: {places}. They answer: tianren adjust answer",
                          places=", ".join(facts["neighbours"]))]  # fmt: skip
    lines += [f.message for f in findings]
    lines += ["", say("Next: tianren adjust test {case}", case=subject.partition("/")[2])]
    note = undeclared_years(project, [on])
    lines += [note] if note else []
    return Told(lines, {"subject": subject, "record": number,
                        "items": [dict(i.plain) for i in items], **facts})  # fmt: skip


def _item_line(item: Item) -> str:
    cause = causes()[item.cause]
    exempt = say(" (exempt)") if cause.exempt else ""
    sign = "-" if item.direction == REMOVAL else "+"
    area = f"{sign}{item.moved_m2 / 1e6:>12,.4f} km²"
    direction = say(DIRECTION_NAMES[item.direction])
    return f"  {item.number:>2} {direction:<10}{area}  {cause.name}{exempt}  {item.name}"


# -- test ------------------------------------------------------------------------------------------


def plan_of(
    project: "Project", reader: Reader, case: Case, day: dt.date
) -> tuple[Planned, Near, Land]:
    """What a proposal does to the line as it is. around: the zones near it."""
    items = items_of(case)
    wkb = reader.shapes(i.boundary for i in items)
    shapes = {digest: shapely.from_wkb(raw) for digest, raw in wkb.items()}
    around = near(reader, _bounds([*shapes.values(), *_site_shapes(reader, case)]), day)
    land = land_near(project, around)
    standing = _pieces_of_place(reader, scope_of(project, case))
    return planned(project, items, shapes, around, land, standing), around, land


def scope_of(project: "Project", case: Case) -> str:
    """Within which a proposal is tested: the division that pieces are numbered in, or the larger
    one that holds it all."""
    levels = [level.name for level in project.admin]
    finest = levels.index(project.piece_level) + 1 if project.piece_level in levels else 0
    return "/".join(case.place.split("/")[:finest])


def _site_shapes(reader: Reader, case: Case) -> list[Any]:
    """The shapes of the protected areas that change with a proposal."""
    sites = case.facts.get("sites", ())
    wanted = [str(zone["boundary"]) for s in sites for zone in s["enters"]]
    ends = [str(subject) for s in sites for subject in s["ends"]]
    wanted += [z.boundary for z in reader.states(ZONES, subjects=ends).values()]
    return [shapely.from_wkb(raw) for raw in reader.shapes(wanted).values()]


def _pieces_of_place(reader: Reader, place: str) -> dict[str, Zone]:
    found = reader.states(ZONES, place=place)
    return {s: z for s, z in found.items() if z.kind == REDLINE}


def land_near(project: "Project", around: Near) -> Land:
    runs = [str(z.attributes.get("run", "")) for z in around.of(REDLINE)]
    return Land.of(project, next((run for run in runs if run), ""))


def _baseline(reader: Reader, scope: str) -> Baseline:
    entered = [r for r in reader.records(kind="zone.entered", place=scope)
               if r.body["kind"] == REDLINE]  # fmt: skip
    first = min((r.effective for r in entered), default=None)
    zones = reader.states(ZONES, place=scope, day=first).values() if first else ()
    area = sum(z.area_m2 for z in zones if z.kind == REDLINE)
    done = [c for c in cases_of(reader, NAME, place=scope).values() if c.status == "approved"]
    return Baseline(area, sum(exempt_of(c) for c in done))


def exempt_of(case: Case) -> int:
    """What left the line by exempt causes with a proposal, whole m2."""
    return exempt_loss(items_of(case))


def of_place(reader: Reader, place: str, around: Near, day: dt.date) -> Near:
    """All zones of a place with those around: what the test is made on."""
    from tianren.steps.register_fold import shapes_of

    mine = [z for z in reader.states(ZONES, place=place, day=day).values() if z.stands]
    known = {z.subject for z in around.zones}
    more = [z for z in mine if z.subject not in known]
    return Near((*around.zones, *more), {**around.shapes, **shapes_of(reader, more)})


def test(
    project: "Project", case_name: str, *, actor: str, ground: str = "",
    day: dt.date | None = None, values: str | None = None,
) -> Told:  # fmt: skip
    """The three-no test of a proposal, recorded with the boundaries that it was made on."""
    person = person_of(project, actor)
    on = day or dt.date.today()
    later = open_run(project, values, step="delineate") if values else None
    journal = project_journal(project)
    with journal.reading() as reader:
        case = require_case(reader, NAME, case_name)
        plan, around, land = plan_of(project, reader, case, on)
        scope = scope_of(project, case)
        lines = lines_of(scope, of_place(reader, scope, around, on), plan)
        baseline = _baseline(reader, scope)
        found = three_no(project, items_of(case), plan, lines, land, baseline, later)
    journal.close()
    facts = {"test": found.plain(), "tested_on": _tested_on(around, plan)}
    act = Act("test", case.subject, case.place, on, person, ground or say("the three no's"),
              facts=facts)  # fmt: skip
    number = _move(project, act)
    return _tested(case.subject, found, number)


def _tested_on(around: Near, plan: Planned) -> dict[str, str]:
    """Subject -> boundary of the pieces that the proposal changes, or lies against."""
    line = around.of(REDLINE)
    close = [z for z in line if shapely.dwithin(around.shapes[z.subject], plan.added, LEAST_M2)
             or shapely.dwithin(around.shapes[z.subject], plan.removed, 0)]  # fmt: skip
    return {**{z.subject: z.boundary for z in close}, **plan.changes.before}


def _tested(subject: str, found: ThreeNo, number: int) -> Told:
    head = (
        say("{subject} passes the three-no test (record {n}).", subject=subject, n=number)
        if found.passed
        else say("{subject} FAILS the three-no test (record {n}).", subject=subject, n=number)
    )
    lines = [head, say("Within {place}:", place=found.place or say("the whole country")), ""]
    lines += test_lines(found.checks)
    short = subject.partition("/")[2]
    return Told(
        [*lines, "", _after_test(found, short)],
        {"subject": subject, "record": number, **found.plain()},
    )


def _after_test(found: ThreeNo, short: str) -> str:
    """What to type next: only what is lacking can be made up for."""
    if found.passed:
        return say("Next: tianren adjust approve {case}", case=short)
    if deficit(found).nothing:
        return say("Next: propose other land, or end it: tianren adjust refuse {case}", case=short)
    return say("Land that would make it pass: tianren adjust candidates {case}", case=short)


def _move(project: "Project", act: Act) -> int:
    """A move that only the case is concerned by."""
    rules = rules_of(project, NAME)
    with writing(project, act.person) as book:
        case = case_from(book, act.subject)
        outcome = adjustment.decide(rules, case, act, _ground(project, {}))
        numbers = book.append(written(outcome, act.subject, rules, case).records)
    return numbers[-1]


def answer(
    project: "Project", case_name: str, *, agrees: bool, actor: str, place: str = "",
    ground: str = "", reason: str = "", day: dt.date | None = None,
) -> Told:  # fmt: skip
    """The answer of a division across the border."""
    person = person_of(project, actor)
    case = _case(project, case_name)
    asked = list(case.facts.get("neighbours", ()))
    mine = place or next((p for p in asked if person.post_for(f"{NAME}.answer", p)), "")
    act = Act("answer", case.subject, mine, day or dt.date.today(), person,
              ground or say("answer to a notice across the border"), reason,
              facts={"agrees": agrees})  # fmt: skip
    number = _move(project, act)
    text = say("{place} agrees", place=mine) if agrees else say("{place} does not agree",
                                                               place=mine)  # fmt: skip
    return Told([say("{text} (record {n}).", text=text, n=number)],
                {"subject": case.subject, "record": number, "agrees": agrees})  # fmt: skip


def _case(project: "Project", name: str) -> Case:
    journal = project_journal(project)
    with journal.reading() as reader:
        found = require_case(reader, NAME, name)
    journal.close()
    return found


def end(
    project: "Project", case_name: str, move: str, *, actor: str, ground: str, reason: str,
    day: dt.date | None = None,
) -> Told:  # fmt: skip
    """Refuse or withdraw a proposal."""
    person = person_of(project, actor)
    case = _case(project, case_name)
    act = Act(move, case.subject, case.place, day or dt.date.today(), person, ground, reason)
    number = _move(project, act)
    status = rules_of(project, NAME).moves[move].to
    name = rules_of(project, NAME).statuses[status].name
    return Told([say("{subject}: {status} (record {n}).", subject=case.subject, status=name,
                     n=number)],
                {"subject": case.subject, "record": number, "status": status})  # fmt: skip


# -- approval --------------------------------------------------------------------------------------


def approve(
    project: "Project", case_name: str, *, actor: str, ground: str, document: str,
    reason: str = "", accept_unknown: str = "", day: dt.date | None = None,
) -> Told:  # fmt: skip
    """The new boundaries, in one transaction with the decision: all of it, or nothing."""
    person = person_of(project, actor)
    on = day or dt.date.today()
    journal = project_journal(project)
    with journal.reading() as reader:
        case = require_case(reader, NAME, case_name)
        plan, around, _ = plan_of(project, reader, case, on)
    journal.close()
    changes = replace(plan.changes, ended=(*plan.changes.ended, *_sites_ended(case, around)),
                      new=(*plan.changes.new, *_sites_entered(case)))  # fmt: skip
    rules = rules_of(project, NAME)
    facts = {"unknown_accepted": accept_unknown} if accept_unknown else {}
    act = Act("approve", case.subject, case.place, on, person, ground, reason,
              {"approval": document}, facts)  # fmt: skip
    with writing(project, person) as book:
        current = case_from(book, case.subject)
        now = book.states(ZONES, subjects=_concerned(current, changes), day=on)
        boundaries = {s: z.boundary if z.stands else "" for s, z in now.items()}
        outcome = adjustment.decide(rules, current, act, _ground(project, boundaries))
        decided = written(outcome, case.subject, rules, current)
        warrant = _warrant(person, case, on, ground, case.subject)
        records = [*decided.records, *adjustment.boundary_records(changes, case.subject, warrant)]
        numbers = book.append(records, plan.shapes)
        version = sum(1 for r in book.records(kind=f"{NAME}.approve")) + 1
    return _approved(case, plan, numbers, version)


def _concerned(case: Case | None, changes: Any) -> list[str]:
    """The zones whose boundaries must be as they were when it was tested."""
    tested = case.facts.get("tested_on", {}) if case else {}
    return sorted({*tested, *changes.before})


def _warrant(person: Person, case: Case, on: dt.date, ground: str, reason: str) -> Warrant:
    post = person.post_for(f"{NAME}.approve", case.place)
    role = post or person.require(f"{NAME}.approve", case.place)
    return Warrant(person.id, role, on, ground, reason)


def _sites_ended(case: Case, around: Near) -> list[Zone]:
    """Protected areas that are abolished, or that get another boundary, by this proposal."""
    wanted = {str(subject) for s in case.facts.get("sites", ()) for subject in s["ends"]}
    return [z for z in around.zones if z.subject in wanted]


def _sites_entered(case: Case) -> list[NewZone]:
    """Protected areas that come in, or come in anew, by this proposal."""
    return [NewZone(**zone) for s in case.facts.get("sites", ()) for zone in s["enters"]]


def _approved(case: Case, plan: Planned, numbers: range, version: int) -> Told:
    changes = plan.changes
    gone, come = float(shapely.area(plan.removed)), float(shapely.area(plan.added))
    lines = [
        say("{subject} is approved: version {n} of the line.", subject=case.subject, n=version),
        say("{out} km² leave, {in_} km² come in; {moved} pieces have a new boundary, {ended} end, "
            "{new} are new.", out=f"{gone / 1e6:,.4f}", in_=f"{come / 1e6:,.4f}",
            moved=len(changes.moved), ended=len(changes.ended), new=len(changes.new)),
        say_many("Record {first}.", "Records {first} to {last}.", len(numbers),
                 first=numbers.start, last=numbers.stop - 1),
        "",
        say("Next: what the public is shown: tianren adjust difference {case}",
            case=case.subject.partition("/")[2]),
    ]  # fmt: skip
    table = {
        "subject": case.subject, "version": version, "removed_m2": gone, "added_m2": come,
        "moved": [m.zone.code for m in changes.moved], "ended": [z.code for z in changes.ended],
        "new": [z.code for z in changes.new], "first_record": numbers.start,
        "last_record": numbers.stop - 1,
    }  # fmt: skip
    return Told(lines, table)


# -- looking ---------------------------------------------------------------------------------------


def show(
    project: "Project", case_name: str = "", *, day: dt.date | None = None, actor: str = ""
) -> Told:
    """All proposals, or one with its items, its test and its steps; names for who may read them."""
    person = whoever_looks(project, actor)
    rules, calendar = rules_of(project, NAME), calendar_of(project)
    on = day or dt.date.today()
    if case_name:
        return _one(project, case_seen(person, _case(project, case_name)), on)
    found = read_cases(project, NAME, day=on)
    lines = [say_many("{n} proposal", "{n} proposals", len(found)), ""]
    lines += [case_line(rules, case, calendar, on) for case in found.values()]
    return Told(lines, {"cases": [case_table(rules, c, calendar) for c in found.values()]})


def _one(project: "Project", case: Case, on: dt.date) -> Told:
    rules, calendar = rules_of(project, NAME), calendar_of(project)
    lines = case_lines(rules, case, calendar, on)
    lines += ["", *(_item_line(item) for item in items_of(case))]
    found = latest_test(case)
    lines += ["", *test_lines(found.checks)] if found else []
    answers = case.facts.get("answers", {})
    for place in case.facts.get("neighbours", ()):
        told = answers.get(place)
        state = (say("not answered") if told is None else say("agrees") if told["agrees"]
                 else say("does not agree: {reason}", reason=told["reason"]))  # fmt: skip
        lines.append(f"  {place}: {state}")
    return Told(lines, case_table(rules, case, calendar))


def _cause_line(cause: Cause) -> str:
    ways = [say(name) for way, name in DIRECTION_NAMES.items() if cause.allows(way)]
    exempt = f"  {say('exempt')}" if cause.exempt else ""
    return f"{cause.id:<26}{cause.name:<44}{', '.join(ways)}{exempt}"


def causes_listed() -> Told:
    """The causes of parameters/adjustment_causes.csv."""
    rows = [
        {"id": c.id, "name": c.name, "direction": c.direction, "exempt": c.exempt,
         "source": c.source, "verified": c.verified}
        for c in causes().values()
    ]  # fmt: skip
    lines = [_cause_line(cause) for cause in causes().values()]
    return Told(lines, {"causes": rows})
