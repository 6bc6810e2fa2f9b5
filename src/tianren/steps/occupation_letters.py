"""The letters of a case of occupation, as PDF and DOCX, each resting on one record."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tianren.errors import UserError
from tianren.language import say
from tianren.management.occupation import NAME
from tianren.management.occupation.state import set_aside_by
from tianren.management.procedure import Case, Step, case_of
from tianren.management.register import UNIT
from tianren.project.digests import write_whole
from tianren.project.journal.home import project_journal
from tianren.project.journal.journal import Reader
from tianren.project.roles import person_of
from tianren.records import Record, standing
from tianren.reports.letters import (
    TOLD,
    Office,
    Particulars,
    docx_bytes,
    file_stem,
    letter,
    pdf_bytes,
)
from tianren.steps.cases import own_records, require_case
from tianren.steps.occupation import law_of
from tianren.steps.register_fold import ZONES
from tianren.steps.rulebooks import project_rulebook
from tianren.steps.sight import READ
from tianren.steps.told import Told

if TYPE_CHECKING:
    from tianren.project.project import Project

APPLICANT = "applicant"  # the sealed value that a letter is addressed to


def write_letter(
    project: "Project", case_name: str, *, actor: str, record: int = 0, file_number: str = "",
    to: Path | None = None,
) -> Told:  # fmt: skip
    """The letter of a record of a case; default: the latest that there is a letter of.

    It holds a name and an address: whoever writes it has the right to read them there.

    The applicant's name and address are read from what is sealed; where they were erased, or the
    reader's journal never had them, the letter says so.
    """
    law, person = law_of(project), person_of(project, actor)
    journal = project_journal(project)
    with journal.reading() as reader:
        known = require_case(reader, NAME, case_name)
        person.require(READ, known.place)
        subject = known.subject
        _require_true(reader, subject)
        every = standing(own_records(reader, subject))
        told = _up_to(subject, every, record)
        case = case_of(told)
        given = replace(_particulars(project, reader, told, case, file_number),
                        set_aside=_fallen(every, told[-1].number))  # fmt: skip
    journal.close()
    if case is None:
        raise UserError(say("there is no case {subject}", subject=subject), where="journal")
    made = letter(case, given, law)
    folder = to or project.folder / "exports" / "letters" / subject.partition("/")[2]
    files = [folder / f"{file_stem(made)}.pdf", folder / f"{file_stem(made)}.docx"]
    pages = pdf_bytes(made)
    _require_new(files[0], pages)
    for path, content in zip(files, (pages, docx_bytes(made)), strict=True):
        write_whole(path, content)
    lines = [say("{title}, record {n}:", title=made.title, n=made.record), *map(str, files)]
    if given.set_aside:
        lines.append(say("The letter says that the decision was set aside on appeal on {day}.",
                         day=given.set_aside.day))  # fmt: skip
    return Told(lines, {"subject": subject, "record": made.record, "move": made.move,
                        "files": [str(path) for path in files]})  # fmt: skip


def _fallen(every: list[Record], number: int) -> Step | None:
    """The step by which a decision fell on appeal: known from what came after its record."""
    case = case_of(every)
    return set_aside_by(case.steps, number) if case else None


def _require_true(reader: Reader, subject: str) -> None:
    """No letter rests on a record that was changed."""
    for number in reader.changed(subject):
        here = say("record {n}", n=number)
        raise UserError(
            say("{here} was changed: its text does not give its hash", here=here),
            where=subject, next_step=say("see what else was changed: tianren verify"),
        )  # fmt: skip


def _require_new(path: Path, content: bytes) -> None:
    """A letter that was served stays as it was: an erased name or another heading is a new file."""
    if path.exists() and path.read_bytes() != content:
        raise UserError(
            say("this letter was written before, and said something else"), where=str(path),
            next_step=say("keep that one if it was served, and write this one elsewhere: "
                          "--to FOLDER"),
        )  # fmt: skip


def _up_to(subject: str, records: list[Record], number: int) -> list[Record]:
    """The records of a case until the one that is told."""
    tellable = [r.number for r in records if _move(r) in TOLD]
    last = number or max(tellable, default=0)
    if last not in tellable:
        raise UserError(
            say("there is no letter of record {n}", n=last) if number
            else say("there is no letter yet"),
            where=subject,
            next_step=say("letters tell the moves {moves}; of this case: {records}",
                          moves=", ".join(TOLD),
                          records=", ".join(map(str, tellable)) or say("none")),
        )  # fmt: skip
    return [r for r in records if r.number <= last]


def _move(record: Record) -> str:
    return record.kind.partition(".")[2]


def _particulars(
    project: "Project", reader: Reader, told: list[Record], case: Case | None, file_number: str
) -> Particulars:
    table, last = project.management, told[-1]
    activity = str(case.facts["activity"]) if case else ""
    head, *lines = [line.strip() for line in table.letterhead.splitlines() if line.strip()] or [
        _who_acted(project, reader, case, last)
    ]
    return Particulars(
        office=Office(head, tuple(lines), table.signatory),
        addressee=_addressee(told),
        file_number=file_number or last.subject.partition("/")[2],
        record_number=last.number,
        record_hash=reader.hash_of(last.number),
        activity=_activity_name(project, activity, last),
        place=_place_name(reader, last.place, last),
        appeal_to=table.appeal_to,
        further=table.remedies,
    )


def _addressee(told: list[Record]) -> tuple[str, ...]:
    """The latest name and address that was given, line by line."""
    given = [r.personal[APPLICANT] for r in told if APPLICANT in r.personal]
    if not given:
        return (say("(the applicant)"),)
    return tuple(part.strip() for part in (given[-1] or say("(name erased)")).split(";"))


def _activity_name(project: "Project", activity: str, last: Record) -> str:
    from tianren.reports import words

    book = project_rulebook(project, last.effective).on(last.effective)
    if activity not in book.activities:
        return ""
    return words.in_sentence(book.activities[activity].name)


def _who_acted(project: "Project", reader: Reader, case: Case | None, last: Record) -> str:
    """The division whose office made the last step: a canton's decision is not the country's."""
    place = case.steps[-1].acts_for if case else None
    return (_place_name(reader, place, last) if place else "") or project.name


def _place_name(reader: Reader, place: str, last: Record) -> str:
    wanted = [s for s, of in reader.subjects(f"zone/{UNIT}/").items() if of == place]
    units = reader.states(ZONES, subjects=wanted, day=last.effective)
    return next((unit.name for unit in units.values()), "")
