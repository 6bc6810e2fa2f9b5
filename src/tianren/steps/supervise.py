"""The steps behind `tianren supervise`: clues, moves, what is overdue, who answers for it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from tianren.errors import UserError
from tianren.findings import Finding
from tianren.language import say, say_many
from tianren.management import supervision
from tianren.management.outcome import Outcome
from tianren.management.overdue import escalations, overdue
from tianren.management.procedure import Act
from tianren.management.register import UNIT, Zone
from tianren.management.supervision import NAME, Rules, SupervisedCase, packaged_rules
from tianren.management.supervision_figures import (
    accountability,
    charges_by_unit,
    statistics,
)
from tianren.project.journal.home import depth_of, levels_of, project_journal
from tianren.project.journal.journal import Book, Fold, Reader
from tianren.project.roles import person_of
from tianren.project.tables import read_table
from tianren.records import standing
from tianren.steps.cases import (
    calendar_of,
    known_case,
    next_subject,
    no_case,
    own_records,
    subject_of,
    undeclared_years,
    written,
)
from tianren.steps.footprint import read_footprint
from tianren.steps.journal_writing import clock_finding, writing
from tianren.steps.places_known import require_place
from tianren.steps.register import zone_called
from tianren.steps.register_adopt import wkb_of
from tianren.steps.register_fold import shapes_of
from tianren.steps.told import Told

if TYPE_CHECKING:
    from tianren.project.project import Project

CASES: Fold[SupervisedCase] = Fold(NAME, supervision.apply, supervision.pack, supervision.unpack)


def rules_of(project: "Project") -> Rules:
    """The packaged procedure, or procedures/supervision.toml of the project."""
    path = project.folder / "procedures" / f"{NAME}.toml"
    if not path.exists():
        return packaged_rules()
    table, _ = read_table(path)
    return supervision.rules_of(table, str(path))


def report(
    project: "Project", source: str, *, zone: str, severity: str, actor: str, ground: str,
    documents: Mapping[str, str], footprint: Path | None = None, width: float | None = None,
    facts: Mapping[str, Any] | None = None, personal: Mapping[str, str] | None = None,
    reason: str = "", day: dt.date | None = None,
) -> Told:  # fmt: skip
    """A clue: what was seen, in which zone, how bad. The same event has one case."""
    rules, person = rules_of(project), person_of(project, actor)
    on = day or dt.date.today()
    supervision.require_source(rules, source)
    drawn = read_footprint(project, footprint, width) if footprint else None
    with writing(project, person) as book:
        found = zone_called(book, zone, on)
        others = _others(book, found, None)
        given: dict[str, Any] = {"zone": found.subject, "severity": severity, **(facts or {})}
        shapes: dict[str, bytes] = {}
        if drawn is not None:
            digest, shapes[digest] = wkb_of(drawn.shape)
            _require_meets(book, found, drawn.shape)
            given |= {"footprint": digest, "footprint_area_m2": drawn.area}
            given |= {"overlaps": _overlapping(book, drawn.shape, others)}
        subject = next_subject(book, NAME, on)
        act = Act(source, subject, found.place, on, person, ground, reason, documents, given,
                  personal or {})  # fmt: skip
        number, outcome = _append(project, book, rules, None, act, others, shapes)
        case = _case(book, subject)
        told = [*(drawn.findings if drawn else ()), *clock_finding(book)]
    return _told(project, rules, case, number, [*outcome.findings, *told], on)


def _require_meets(book: Reader, zone: Zone, shape: Any) -> None:
    outline = shapes_of(book, [zone])[zone.subject]
    if not shapely.intersects(outline, shape):
        away = float(shapely.distance(outline, shape))
        raise UserError(
            say("the footprint does not lie in {zone}", zone=zone.code), where="--footprint",
            by_how_much=say("{km} km away", km=f"{away / 1000:,.2f}"),
            next_step=say("name the zone in which it lies: tianren register show"),
        )  # fmt: skip


def _others(book: Reader, zone: Zone, case: SupervisedCase | None) -> dict[str, SupervisedCase]:
    """The cases of a zone, beside one."""
    cases = book.states(CASES, place=zone.place)
    own = case.subject if case else ""
    return {s: c for s, c in cases.items() if s != own and c.zone == zone.subject}


def _overlapping(book: Reader, shape: Any, others: Mapping[str, SupervisedCase]) -> list[str]:
    """The cases whose footprint meets this one."""
    prints = {s: str(c.facts["footprint"]) for s, c in others.items() if "footprint" in c.facts}
    known = {d: shapely.from_wkb(raw) for d, raw in book.shapes(prints.values()).items()}
    return [s for s, d in prints.items() if d in known and shapely.intersects(known[d], shape)]


def _append(
    project: "Project", book: Book, rules: Rules, case: SupervisedCase | None, act: Act,
    others: Mapping[str, SupervisedCase], shapes: Mapping[str, bytes],
) -> tuple[int, Outcome]:  # fmt: skip
    outcome = supervision.decide(rules, case, act, levels_of(project), calendar_of(project), others)
    written(outcome, act.subject, rules.procedure, case)
    numbers = book.append(outcome.records, shapes)
    return numbers[-1], outcome


def _case(book: Reader, subject: str) -> SupervisedCase:
    found = supervision.cases_of(standing(own_records(book, subject))).get(subject)
    if found is None:
        raise no_case(subject, sorted(book.subjects(f"{NAME}/")))
    return found


def act(
    project: "Project", case_name: str, move: str, *, actor: str, ground: str = "",
    documents: Mapping[str, str] | None = None, facts: Mapping[str, Any] | None = None,
    personal: Mapping[str, str] | None = None, reason: str = "", day: dt.date | None = None,
) -> Told:  # fmt: skip
    """One move of a case."""
    rules, person = rules_of(project), person_of(project, actor)
    on = day or dt.date.today()
    with writing(project, person) as book:
        case = _case(book, subject_of(NAME, case_name))
        _require_unit(book, facts or {})
        others = {s: c for s, c in book.states(CASES).items() if s != case.subject}
        done = Act(move, case.subject, case.place, on, person,
                   ground or say("supervision of the line"), reason, documents or {},
                   facts or {}, personal or {})  # fmt: skip
        number, outcome = _append(project, book, rules, case, done, others, {})
        after = _case(book, case.subject)
        told = clock_finding(book)
    return _told(project, rules, after, number, [*outcome.findings, *told], on)


def _require_unit(book: Reader, facts: Mapping[str, Any]) -> None:
    """Refuse a unit that the register does not know."""
    for name in ("held_by", "accountable_unit"):
        place = str(facts.get(name, ""))
        if place and place not in book.subjects(f"zone/{UNIT}/").values():
            raise UserError(
                say("there is no division {place}", place=place), where=name,
                next_step=say("name a place as the register has it, like 14/1403"),
            )  # fmt: skip


def _told(
    project: "Project", rules: Rules, case: SupervisedCase, number: int,
    findings: Sequence[Finding], on: dt.date,
) -> Told:  # fmt: skip
    calendar = calendar_of(project)
    until = supervision.due(rules, case, calendar)
    status = rules.procedure.statuses[case.status].name
    lines = [say("{subject}: {status} (record {n}).", subject=case.subject, status=status,
                 n=number)]  # fmt: skip
    if until is not None:
        moves = ", ".join(m.id for m in rules.procedure.open_from(case.status) if m.to)
        lines.append(say("Next, until {day}, by {unit}: {moves}", day=until,
                         unit=case.unit or say("the whole country"), moves=moves))  # fmt: skip
    lines += [f.message for f in findings]
    note = undeclared_years(project, [on])
    lines += [note] if note and until is not None else []
    return Told(lines, {**_table(rules, case, until), "record": number,
                        "findings": [f.as_dict() for f in findings]})  # fmt: skip


def _table(rules: Rules, case: SupervisedCase, until: dt.date | None) -> dict[str, Any]:
    return {
        "subject": case.subject, "place": case.place, "unit": case.unit, "status": case.status,
        "zone": case.zone, "severity": case.severity, "violation": case.violation,
        "source": case.source, "opened": case.opened.isoformat(),
        "due": until.isoformat() if until else "", "facts": dict(case.facts),
        "open": [m.id for m in rules.procedure.open_from(case.status)],
        "steps": [{"move": s.move, "status": s.status, "day": s.day.isoformat(), "role": s.role,
                   "record": s.number} for s in case.steps],
    }  # fmt: skip


# -- looking ---------------------------------------------------------------------------------------


def cases_on(project: "Project", place: str, day: dt.date) -> dict[str, SupervisedCase]:
    """The cases of a place, as of a day."""
    require_place(project, place)
    journal = project_journal(project)
    with journal.reading() as reader:
        found = reader.states(CASES, place=place, day=day)
    journal.close()
    return found


def show(
    project: "Project", case_name: str = "", *, place: str = "", day: dt.date | None = None
) -> Told:
    """All cases of a place, or one."""
    rules, calendar, on = rules_of(project), calendar_of(project), day or dt.date.today()
    found = cases_on(project, place, on)
    if case_name:
        case = known_case(found, NAME, case_name)
        found = {case.subject: case}
    lines = [say_many("{n} case", "{n} cases", len(found)), ""]
    for case in found.values():
        until = supervision.due(rules, case, calendar)
        late = say("OVERDUE") if until is not None and on > until else ""
        status = rules.procedure.statuses[case.status].name
        lines.append(f"{case.subject:<24} {status:<22} {case.severity:<9} {case.zone[5:]:<26} "
                     f"{until or ''!s:<11} {late}")  # fmt: skip
        if case_name:
            lines += [f"  {s.day}  {_move(rules, s.move):<30} {s.role}  [{s.number}]"
                      for s in case.steps]  # fmt: skip
    table = [_table(rules, c, supervision.due(rules, c, calendar)) for c in found.values()]
    return Told(lines, {"cases": table})


def _move(rules: Rules, name: str) -> str:
    return rules.procedure.moves[name].name if name in rules.procedure.moves else name


def late(project: "Project", *, place: str = "", day: dt.date | None = None) -> Told:
    """What is overdue, who has it, who may act."""
    rules, on = rules_of(project), day or dt.date.today()
    found = overdue(rules, cases_on(project, place, on).values(), on, calendar_of(project))
    lines = [
        say_many(
            "{n} case is overdue on {day}", "{n} cases are overdue on {day}", len(found), day=on
        ),
        "",
    ]
    lines += [
        f"{o.subject:<24} {o.severity:<9} {o.due}  +{o.days_over} d  "
        f"{o.unit or say('the whole country')}: {', '.join(o.moves)} ({', '.join(o.roles)})"
        for o in found
    ]
    lines += ["", say("Take them up: tianren supervise escalate --as YOU")] if found else []
    rows = [{**asdict(o), "due": o.due.isoformat()} for o in found]
    return Told(lines, {"overdue": rows})


def escalate(project: "Project", *, actor: str, ground: str, day: dt.date | None = None) -> Told:
    """What is overdue goes to the units above, as far as the person may take it up."""
    rules, person, on = rules_of(project), person_of(project, actor), day or dt.date.today()
    with writing(project, person) as book:
        cases = supervision.cases_of(standing(book.records(kind=NAME, personal=True), on))
        outcome = escalations(rules, cases.values(), on, calendar_of(project),
                              levels_of(project), [person], ground)  # fmt: skip
        numbers = book.append(outcome.records)
    lines = [
        say_many(
            "{n} case goes to the unit above.", "{n} cases go to the unit above.", len(numbers)
        )
    ]
    lines += [f"  {f.subject}: {f.message}" for f in outcome.findings]
    return Told(lines, {"escalated": [r.subject for r in outcome.records],
                        "findings": [f.as_dict() for f in outcome.findings]})  # fmt: skip


def figures(
    project: "Project", *, place: str = "", level: str = "county", day: dt.date | None = None
) -> Told:
    """Findings by the unit in charge, and the months."""
    rules, calendar, on = rules_of(project), calendar_of(project), day or dt.date.today()
    require_place(project, place)
    journal = project_journal(project)
    with journal.reading() as reader:
        records = standing(reader.records(kind=NAME, place=place), on)
    journal.close()
    charges = charges_by_unit(
        accountability(rules, supervision.cases_of(records).values(), on, calendar)
    )
    months, whole = (
        statistics(rules, records, on, calendar, down) for down in (depth_of(project, level), 0)
    )
    lines = [say("Findings by the unit in charge, on {day}:", day=on), ""]
    lines += [
        say_many("  {unit}: {n} finding, {open} open, {overdue} overdue, {area} ha open",
                 "  {unit}: {n} findings, {open} open, {overdue} overdue, {area} ha open",
                 c.found, unit=c.unit or say("the whole country"), open=c.open,
                 overdue=c.overdue, area=f"{c.open_area_m2 / 1e4:,.2f}")
        for c in charges
    ]  # fmt: skip
    lines += ["", say("Month     clues  found  closed  open  overdue")]
    lines += [f"{m.month}  {m.clues:>6}{m.found:>7}{m.closed:>8}{m.open:>6}{m.overdue:>9}"
              for m in whole]  # fmt: skip
    return Told(lines, {"units": [asdict(c) for c in charges],
                        "months": [asdict(m) for m in months],
                        "all_months": [asdict(m) for m in whole]})  # fmt: skip


def moves_listed(project: "Project") -> Told:
    """The moves of the procedure, with what each needs."""
    rules = rules_of(project)
    rows = [asdict(replace(m, names={"": m.name})) for m in rules.procedure.moves.values()]
    lines = []
    for move in rules.procedure.moves.values():
        needs = [*move.documents, *move.facts]
        source = ", ".join(move.sources) or say("opens a case")
        lines.append(f"{move.id:<18} {move.name}")
        lines.append(f"{'':<18} {source} -> {move.to or '-'}  {', '.join(needs)}".rstrip())
    return Told(lines, {"moves": rows})
