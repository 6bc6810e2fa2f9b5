"""What the steps of every procedure share: numbering, reading, acting, telling cases."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from tianren.errors import UserError
from tianren.language import say
from tianren.management import procedure
from tianren.management.advice import advice
from tianren.management.outcome import Outcome
from tianren.management.procedure import Case, Procedure, case_of
from tianren.management.procedure_reading import packaged, procedure_of
from tianren.management.working_days import Calendar
from tianren.project.journal.home import project_journal
from tianren.project.journal.journal import Reader
from tianren.project.tables import read_table
from tianren.records import Record, standing
from tianren.steps.places_known import require_place

if TYPE_CHECKING:
    from tianren.project.project import Project

C = TypeVar("C")
COMMANDS = {"occupation": "occupation", "adjustment": "adjust", "supervision": "supervise"}


def rules_of(project: "Project", name: str) -> Procedure:
    """A procedure: the packaged one, or procedures/NAME.toml of the project."""
    path = project.folder / "procedures" / f"{name}.toml"
    if not path.exists():
        return packaged(name)
    table, _ = read_table(path)
    return procedure_of(name, table, str(path))


def calendar_of(project: "Project") -> Calendar:
    """The working days that [management] declares."""
    table = project.management
    return Calendar.of(table.holidays, table.working_weekends)


def undeclared_years(project: "Project", days: Sequence[dt.date]) -> str:
    """What to tell where no holidays are declared for years that clocks run through."""
    calendar = calendar_of(project)
    years = sorted({day.year for day in days if not calendar.declares(day.year)})
    if not years:
        return ""
    return say("No holidays are declared for {years}: only weekends were taken off. Declare them: "
               "[management] holidays", years=", ".join(map(str, years)))  # fmt: skip


def next_subject(reader: Reader, name: str, day: dt.date) -> str:
    """The subject of a new case: numbers count up within a year."""
    start = f"{name}/{day.year}-"
    taken = (subject.removeprefix(start) for subject in reader.subjects(start))
    numbers = [int(number) for number in taken if number.isdigit()]
    return f"{start}{max(numbers, default=0) + 1:04d}"


def subject_of(name: str, text: str) -> str:
    """A case as people name it: its number alone, or the whole subject."""
    return text if text.startswith(f"{name}/") else f"{name}/{text}"


def own_records(reader: Reader, subject: str) -> list[Record]:
    """The records of a case, with who acted; not those about them, such as an erasure."""
    return list(reader.records(kind=subject.partition("/")[0], subject=subject, personal=True))


def case_from(reader: Reader, subject: str, day: dt.date | None = None) -> Case | None:
    """A case as its records leave it, with who acted."""
    return case_of(standing(own_records(reader, subject), day))


def require_case(reader: Reader, name: str, text: str) -> Case:
    """A case that is there. UserError with the nearest where there is none."""
    subject = subject_of(name, text)
    found = case_from(reader, subject)
    if found is not None:
        return found
    raise no_case(subject, sorted(reader.subjects(f"{name}/")))


def known_case(found: Mapping[str, C], name: str, text: str) -> C:
    """One of the cases that were found. UserError with the nearest where it is not among them."""
    subject = subject_of(name, text)
    if subject in found:
        return found[subject]
    raise no_case(subject, sorted(found))


def no_case(subject: str, known: Sequence[str]) -> UserError:
    """That there is none, and which of those known is nearest."""
    import difflib

    name = subject.partition("/")[0]
    near = difflib.get_close_matches(subject, known, n=1)
    return UserError(
        say("there is no case {subject}", subject=subject), where="journal",
        next_step=say("did you mean {near}?", near=near[0]) if near
        else say("there are {n} cases: tianren {command} show", n=len(known),
                 command=COMMANDS[name]),
    )  # fmt: skip


def cases_of(
    reader: Reader, name: str, *, place: str = "", day: dt.date | None = None,
    known: Any = None,
) -> dict[str, Case]:  # fmt: skip
    """Subject -> case of a procedure, in the order of their subjects."""
    mine: dict[str, list[Record]] = {}
    for record in reader.records(kind=name, place=place, known=known, personal=True):
        mine.setdefault(record.subject, []).append(record)
    found = {s: case_of(standing(own, day)) for s, own in sorted(mine.items())}
    return {subject: case for subject, case in found.items() if case is not None}


def written(outcome: Outcome, subject: str, rules: Procedure, case: Case | None) -> Outcome:
    """An outcome that may be written; UserError with all reasons and what is open instead."""
    step = advice(outcome.findings) or say("correct it")
    if case is None:
        return outcome.or_refuse(subject, step)
    moves = ", ".join(move.id for move in rules.open_from(case.status)) or say("none")
    return outcome.or_refuse(subject, say("{step}; open now: {moves}", step=step, moves=moves))


def read_cases(
    project: "Project", name: str, *, place: str = "", day: dt.date | None = None
) -> dict[str, Case]:
    """The cases of a project's journal."""
    require_place(project, place)
    journal = project_journal(project)
    with journal.reading() as reader:
        found = cases_of(reader, name, place=place, day=day)
    journal.close()
    return found


def case_line(rules: Procedure, case: Case, calendar: Calendar, day: dt.date) -> str:
    """A case as one line: subject, status, since when, until when."""
    until = procedure.due(rules, case, calendar)
    clock = "" if until is None else say("until {day}", day=until)
    late = say("  OVERDUE") if until is not None and day > until else ""
    status = rules.statuses[case.status].name
    return f"{case.subject:<24} {status:<18} {case.since}  {clock}{late}"


def case_table(rules: Procedure, case: Case, calendar: Calendar) -> dict[str, Any]:
    """A case as plain values, without names."""
    until = procedure.due(rules, case, calendar)
    return {
        "subject": case.subject, "place": case.place, "status": case.status,
        "status_name": rules.statuses[case.status].name, "opened": case.opened.isoformat(),
        "since": case.since.isoformat(), "due": until.isoformat() if until else "",
        "facts": dict(case.facts), "documents": dict(case.documents),
        "open": [move.id for move in rules.open_from(case.status)],
        "steps": [
            {"move": s.move, "status": s.status, "day": s.day.isoformat(), "role": s.role,
             "record": s.number, "ground": s.ground, "reason": s.reason}
            for s in case.steps
        ],
    }  # fmt: skip


def case_lines(rules: Procedure, case: Case, calendar: Calendar, day: dt.date) -> list[str]:
    """A case for a terminal: its line, its steps, what is open."""
    lines = [case_line(rules, case, calendar, day), ""]
    for step in case.steps:
        move = rules.moves[step.move].name if step.move in rules.moves else step.move
        who = f"{step.actor} ({step.role})" if step.actor else step.role
        lines.append(f"  {step.day}  {move:<28} {who}  [{step.number}]")
        if step.reason:
            lines.append(f"              {step.reason}")
    open_now = ", ".join(m.id for m in rules.open_from(case.status))
    lines += ["", say("Open now: {moves}", moves=open_now or say("none"))]
    return lines
