"""The steps behind `tianren occupation`: applications, screening, moves, clocks."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from tianren.errors import UserError
from tianren.findings import Finding
from tianren.language import say, say_many
from tianren.management import occupation
from tianren.management.facts import facts_from_text
from tianren.management.occupation import NAME, Deadline, Law
from tianren.management.people import Person
from tianren.management.procedure import Act, Case
from tianren.management.register import UNIT
from tianren.management.rulebook import Answer
from tianren.management.verdict import Verdict
from tianren.project.journal.home import levels_of
from tianren.project.journal.journal import Book
from tianren.project.roles import person_of
from tianren.project.tables import read_table
from tianren.steps.cases import (
    calendar_of,
    case_from,
    case_lines,
    case_table,
    known_case,
    next_subject,
    read_cases,
    require_case,
    undeclared_years,
    written,
)
from tianren.steps.check_project import KINDS, Checked, ProjectChecker
from tianren.steps.footprint import Footprint, outside_finding, read_footprint
from tianren.steps.journal_writing import clock_finding, writing
from tianren.steps.register_adopt import wkb_of
from tianren.steps.register_fold import require_plane
from tianren.steps.rulebooks import project_rulebook
from tianren.steps.screening import screening_facts
from tianren.steps.sight import case_seen, whoever_looks
from tianren.steps.told import Told
from tianren.steps.touched import area_of_country, near, require_inside, require_smaller, touch

if TYPE_CHECKING:
    from tianren.project.project import Project

FOOTPRINT = "footprint"  # the document that is a shape
SCREEN = "screen"


@dataclass(frozen=True)
class Said:
    """What somebody says and brings with a move."""

    actor: str
    ground: str = ""
    reason: str = ""
    documents: Mapping[str, str] | None = None
    facts: Mapping[str, Any] | None = None
    personal: Mapping[str, str] | None = None
    day: dt.date | None = None

    @property
    def on(self) -> dt.date:
        return self.day or dt.date.today()

    def act(self, move: str, subject: str, place: str, person: Person, **also: Any) -> Act:
        """The act, with what the step adds: documents, facts."""
        documents = {**(self.documents or {}), **also.get("documents", {})}
        facts = {**(self.facts or {}), **also.get("facts", {})}
        ground = self.ground or say("occupation of the line")
        return Act(move, subject, place, self.on, person, ground, self.reason, documents, facts,
                   self.personal or {})  # fmt: skip


def law_of(project: "Project") -> Law:
    """What cases of a project are judged by, with its own procedures/occupation.toml, if any."""
    path = project.folder / "procedures" / f"{NAME}.toml"
    sheet = occupation.packaged_sheet()
    if path.exists():
        table, _ = read_table(path)
        sheet = occupation.sheet_of(table, str(path))
    return Law(sheet, levels_of(project), project.parameters(), calendar_of(project))


# -- apply and supplement --------------------------------------------------------------------------


def apply_for(
    project: "Project", path: Path, activity: str, said: Said, *, until: dt.date | None = None,
    width: float | None = None,
) -> Told:  # fmt: skip
    """An application: a footprint and an activity of the rulebook. until: of a temporary one."""
    law, person = law_of(project), person_of(project, said.actor)
    project_rulebook(project, said.on).on(said.on).activity(activity)
    footprint = read_footprint(project, path, width)
    digest, wkb = wkb_of(footprint.shape)
    facts = {"activity": activity, "temporary": until is not None}
    facts |= {"until": until.isoformat()} if until else {}
    with writing(project, person) as book:
        place, beyond = _place_of(project, book, footprint, said.on)
        subject = next_subject(book, NAME, said.on)
        act = said.act("apply", subject, place, person, facts=facts,
                       documents={FOOTPRINT: digest})  # fmt: skip
        case, number, told = _append(book, law, None, act, {digest: wkb})
        findings = [*footprint.findings, *beyond, *told, *clock_finding(book)]
    return _told(project, law, case, number, findings, said.on)


def _place_of(
    project: "Project", book: Book, footprint: Footprint, day: dt.date
) -> tuple[str, list[Finding]]:
    """The smallest division that holds a footprint, which must lie in the country."""
    require_plane(project, book)
    require_smaller(footprint.shape, area_of_country(book, day))
    touched = touch(footprint.shape, near(book, footprint.shape.bounds, day, UNIT))
    require_inside(touched, footprint.shape, book, day)
    beyond = outside_finding(footprint.area, touched.inside)
    return touched.place, [beyond] if beyond else []


def act(
    project: "Project", case_name: str, move: str, said: Said, *, path: Path | None = None,
    width: float | None = None,
) -> Told:  # fmt: skip
    """One move of a case. path: a new footprint, with a supplement."""
    _require_own_command(case_name, move, said)
    law, person = law_of(project), person_of(project, said.actor)
    said = replace(said, facts=occupation.as_meant(said.facts or {}, law.sheet.facts))
    footprint = read_footprint(project, path, width) if path else None
    shapes: dict[str, bytes] = {}
    also: dict[str, Any] = {}
    if footprint:
        digest, shapes[digest] = wkb_of(footprint.shape)
        also = {"documents": {FOOTPRINT: digest}}
    with writing(project, person) as book:
        case = require_case(book, NAME, case_name)
        beyond = _still_there(project, book, case, footprint, said.on)
        done = said.act(move, case.subject, case.place, person, **also)
        case, number, told = _append(book, law, case, done, shapes)
        findings = [*beyond, *told, *clock_finding(book)]
    return _told(project, law, case, number, findings, said.on)


def _require_own_command(case_name: str, move: str, said: Said) -> None:
    """A screening is made by the check, a footprint is a shape: neither is typed."""
    if move in (SCREEN, "apply"):
        step = {SCREEN: say("type: tianren occupation screen {case}", case=case_name),
                "apply": say("type: tianren occupation apply FOOTPRINT")}[move]  # fmt: skip
        raise UserError(say("{move} has a command of its own", move=move), where="MOVE",
                        next_step=step)  # fmt: skip
    if FOOTPRINT in (said.documents or {}):
        raise UserError(
            say("a footprint is a shape, not a name"), where="--document footprint",
            next_step=say("give the file: --footprint road.gpkg"),
        )  # fmt: skip


def _still_there(
    project: "Project", book: Book, case: Case, footprint: Footprint | None, day: dt.date
) -> list[Finding]:
    """A new footprint stays in the place whose people have the case."""
    if footprint is None:
        return []
    place, beyond = _place_of(project, book, footprint, day)
    if place == case.place:
        return [*footprint.findings, *beyond]
    raise UserError(
        say("the new footprint lies in {new}, the case in {old}", old=_named(case.place),
            new=_named(place)),
        where=case.subject,
        next_step=say("withdraw the case and apply anew: others are in charge there"),
    )  # fmt: skip


def _named(place: str) -> str:
    return place or say("the whole country")


def _append(
    book: Book, law: Law, case: Case | None, act: Act, shapes: Mapping[str, bytes]
) -> tuple[Case, int, tuple[Finding, ...]]:
    """The case after an act, the number of its record, and what the rules tell beside it."""
    outcome = written(occupation.decide(case, act, law), act.subject, law.sheet.procedure, case)
    (number,) = book.append(outcome.records, shapes)
    after = case_from(book, act.subject)
    return after or occupation.apply(case, outcome.records[0]), number, outcome.findings


# -- screening -------------------------------------------------------------------------------------


def screen(
    project: "Project", case_name: str, said: Said, *, resident: bool = False
) -> Told:  # fmt: skip
    """The check of the project, on the footprint that was applied for, as the screening of a case.

    said.facts: what the rulebook asks of whoever applies, as typed. UserError where the register
    changed under the footprint meanwhile.
    """
    law, person = law_of(project), person_of(project, said.actor)
    told = facts_from_text({k: str(v) for k, v in (said.facts or {}).items()})
    checker = ProjectChecker(project, said.on)
    try:
        case = require_case(checker.reader, NAME, case_name)
        footprint = Footprint(_shape_of(checker, case), ())
        checked = checker.check(footprint, str(case.facts["activity"]), facts=told,
                                documents=_known_to(checker, case), alternatives=False)  # fmt: skip
    finally:
        checker.close()
    facts = screening_facts(checked)
    _require_in_line(facts, case)
    _require_answer(checked.verdict, case)
    facts |= {"resident": True} if resident else {}
    own = replace(said, facts=facts)
    with writing(project, person) as book:
        _require_same_zones(book, checked, said.on)
        case = require_case(book, NAME, case_name)
        done = own.act(SCREEN, case.subject, case.place, person)
        case, number, told_too = _append(book, law, case, done, {})
        findings = [*checked.findings, *told_too, *clock_finding(book)]
    told_now = _told(project, law, case, number, findings, said.on, [checked.verdict.text(), ""])
    return _with_papers(told_now, case, law)


def _with_papers(told: Told, case: Case, law: Law) -> Told:
    """All that its way will ask of whoever applied before a decision, at once."""
    papers = occupation.papers_to_bring(case, law.sheet)
    if not papers:
        return told
    names = ", ".join(f"{law.sheet.document_name(p, case.facts)} ({p})" for p in papers)
    options = " ".join(f"--lacking {p}" for p in papers)
    lines = [
        say("Still to be brought before the decision: {names}.", names=names),
        say("Ask for all of it at once: tianren occupation act {case} return {options}",
            case=case.subject.partition("/")[2], options=options),
    ]  # fmt: skip
    return Told([*told.lines, *lines], {**told.table, "papers_to_bring": papers})


def _require_in_line(facts: Mapping[str, Any], case: Case) -> None:
    if facts["area_m2"] > 0:
        return
    raise UserError(
        say("the footprint touches neither the line nor a protected area"), where=case.subject,
        next_step=say("no occupation is to be decided: whoever applied withdraws the case"),
    )  # fmt: skip


def _require_answer(verdict: Verdict, case: Case) -> None:
    """What the check still lacks, all at once; the same screening with it can say."""
    if verdict.answer is not Answer.CANNOT_SAY:
        return
    lacking = "; ".join(f"{m.name} ({m.id})" for m in verdict.missing)
    facts = " ".join(f"--fact {m.id}=..." for m in verdict.missing if m.kind == "fact")
    papers = " ".join(f"--lacking {m.id}" for m in verdict.missing if m.kind == "document")
    steps = [say("screen it again with {options}", options=facts)] if facts else []
    short = case.subject.partition("/")[2]
    steps += [say("ask for what is missing: tianren occupation act {case} return {options}",
                  case=short, options=papers)] if papers else []  # fmt: skip
    raise UserError(say("the check cannot say yet; it lacks {names}", names=lacking),
                    where=case.subject, next_step="; ".join(steps))  # fmt: skip


def _shape_of(checker: ProjectChecker, case: Case) -> Any:
    digest = str(case.documents[FOOTPRINT])
    return shapely.from_wkb(checker.reader.shapes([digest])[digest])


def _known_to(checker: ProjectChecker, case: Case) -> dict[str, str]:
    """The documents of a case that the rulebook speaks of."""
    return {k: v for k, v in case.documents.items() if k in checker.rulebook.documents}


def _require_same_zones(book: Book, checked: Checked, day: dt.date) -> None:
    """What was checked is what stands at the moment of writing."""
    shape = checked.footprint.shape
    now = near(book, shape.bounds, day, *KINDS)
    seen = {
        h.zone.subject: h.zone.boundary for h in (*checked.touched.held, *checked.touched.units)
    }
    stands = {z.subject: z.boundary for z in now.zones}
    held = touch(shape, now)
    more = {h.zone.subject for h in (*held.held, *held.units)} - set(seen)
    changed = sorted({s for s, b in seen.items() if stands.get(s) != b} | more)
    if changed:
        raise UserError(
            say("the register changed under the footprint while it was checked"),
            where=", ".join(changed[:3]), next_step=say("screen it again"),
        )  # fmt: skip


# -- looking ---------------------------------------------------------------------------------------


def _told(
    project: "Project", law: Law, case: Case, number: int, findings: Sequence[Finding],
    day: dt.date, before: Sequence[str] = (),
) -> Told:  # fmt: skip
    status = law.sheet.procedure.statuses[case.status].name
    head = say("{subject}: {status} (record {n}).", subject=case.subject, status=status, n=number)
    remarks = [f.message for f in findings]
    # Of what a check does not judge is told before its answer.
    first = [*remarks, *before] if before else []
    lines = [*first, head, *_next_lines(case, law, day), *([] if before else remarks)]
    note = undeclared_years(project, [day])
    lines += [note] if note else []
    table = {**table_of(case, law, day), "record": number,
             "findings": [f.as_dict() for f in findings]}  # fmt: skip
    return Told(lines, table)


def _next_lines(case: Case, law: Law, day: dt.date) -> list[str]:
    found = occupation.deadlines(case, day, law)
    if found:
        return [_deadline_line(d, law, day) for d in found]
    moves = [m.id for m in law.sheet.procedure.open_from(case.status)]
    return [say("Open now: {moves}", moves=", ".join(moves))] if moves else []


def _deadline_line(deadline: Deadline, law: Law, day: dt.date) -> str:
    moves = law.sheet.procedure.moves
    names = " / ".join(f"{moves[m].name} ({m})" for m in deadline.moves)
    text = say("  until {day}, {place}: {moves}", day=deadline.by, moves=names,
               place=_named(deadline.place))  # fmt: skip
    late = deadline.days_late(day, law.calendar) if deadline.by < day else 0
    return f"{text}  {say('OVERDUE by {n} working days', n=late)}" if deadline.by < day else text


def table_of(case: Case, law: Law, day: dt.date) -> dict[str, Any]:
    """A case as plain values, with its deadlines."""
    due = [
        {"moves": list(d.moves), "by": d.by.isoformat(), "roles": list(d.roles), "place": d.place,
         "clause": d.clause}
        for d in occupation.deadlines(case, day, law)
    ]  # fmt: skip
    table = case_table(law.sheet.procedure, case, law.calendar)
    return {**table, "next": list(occupation.next_moves(case, law.sheet)), "deadlines": due}


def show(
    project: "Project", case_name: str = "", *, place: str = "", day: dt.date | None = None,
    actor: str = "",
) -> Told:  # fmt: skip
    """All cases of a place as of a day, or one with its steps; names for who may read them."""
    person = whoever_looks(project, actor)
    law, on = law_of(project), day or dt.date.today()
    found = read_cases(project, NAME, place=place, day=on)
    if case_name:
        return _one(law, case_seen(person, known_case(found, NAME, case_name)), on)
    lines = [say_many("{n} case", "{n} cases", len(found)), ""]
    lines += [_case_line(case, law, on) for case in found.values()]
    return Told(lines, {"cases": [table_of(c, law, on) for c in found.values()]})


def _case_line(case: Case, law: Law, day: dt.date) -> str:
    due = occupation.deadlines(case, day, law)
    until = say("until {day}", day=due[0].by) if due else ""
    late = say("  OVERDUE") if due and due[0].by < day else ""
    status = law.sheet.procedure.statuses[case.status].name
    activity = str(case.facts["activity"])
    return f"{case.subject:<22} {status:<26} {activity:<26} {case.place:<10} {until}{late}"


def _one(law: Law, case: Case, day: dt.date) -> Told:
    lines = case_lines(law.sheet.procedure, case, law.calendar, day)
    return Told([*lines, *_next_lines(case, law, day)], table_of(case, law, day))


def late(project: "Project", *, place: str = "", day: dt.date | None = None) -> Told:
    """What is overdue, the oldest first, and whose turn it is."""
    law, on = law_of(project), day or dt.date.today()
    found = occupation.overdue(read_cases(project, NAME, place=place, day=on).values(), on, law)
    lines = [
        say_many("{n} deadline has passed on {day}", "{n} deadlines have passed on {day}",
                 len(found), day=on),
        "",
    ]  # fmt: skip
    lines += [f"{d.subject:<22}{_deadline_line(d, law, on)}  ({', '.join(d.roles)})" for d in found]
    rows = [
        {"subject": d.subject, "moves": list(d.moves), "by": d.by.isoformat(), "place": d.place,
         "roles": list(d.roles), "working_days": d.days_late(on, law.calendar)}
        for d in found
    ]  # fmt: skip
    return Told(lines, {"overdue": rows})


def moves_listed(project: "Project") -> Told:
    """The moves of the procedure, with what each needs and may bring."""
    sheet = law_of(project).sheet
    lines, rows = [], []
    for move in sheet.procedure.moves.values():
        taken = sheet.taken[move.id]
        may = sorted((taken.documents | taken.facts) - {*move.documents, *move.facts})
        lines.append(f"{move.id:<18} {move.name}  ({', '.join(move.sources) or say('opens a case')}"
                     f" -> {move.to or '-'})")  # fmt: skip
        needs = ", ".join([*move.documents, *move.facts])
        lines += [f"{'':<18} {say('needs: {names}', names=needs)}"] if needs else []
        lines += [f"{'':<18} {say('may bring: {names}', names=', '.join(may))}"] if may else []
        rows.append({"move": move.id, "name": move.name, "from": list(move.sources),
                     "to": move.to, "level": move.level, "documents": list(move.documents),
                     "facts": list(move.facts), "may": may, "clause": move.clause})  # fmt: skip
    return Told(lines, {"moves": rows})
