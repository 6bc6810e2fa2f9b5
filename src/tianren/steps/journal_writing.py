"""How a step writes into the journal: who acts, with which roles, and what the clock says."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.management.people import Person
from tianren.project.digests import text_sha256
from tianren.project.journal.home import project_journal
from tianren.project.journal.journal import JOURNAL, Book
from tianren.project.roles import FILE_NAME
from tianren.records import ACTOR, Record

if TYPE_CHECKING:
    from tianren.project.project import Project

ROLES = "journal.roles"


@contextmanager
def writing(project: "Project", person: Person) -> Iterator[Book]:
    """The project's journal, open to write as a person: all of the block, or nothing.

    Who had which rights is on record too: where roles.toml is not as it last was, its text is
    recorded first, sealed like all that is about people.
    """
    journal = project_journal(project)
    try:
        with journal.writing() as book:
            _note_roles(book, project, person)
            yield book
    finally:
        journal.close()


def _note_roles(book: Book, project: "Project", person: Person) -> None:
    text = (project.folder / FILE_NAME).read_text(encoding="utf-8")
    digest = text_sha256(text)
    known = [r.body["sha256"] for r in book.records(kind=ROLES, subject=JOURNAL)]
    if known and known[-1] == digest:
        return
    role = person.posts[0].role.id if person.posts else "none"
    personal = {ACTOR: person.id, "roles": text}
    book.append([
        Record(ROLES, JOURNAL, dt.date.today(), role, FILE_NAME, body={"sha256": digest},
               personal=personal)
    ])  # fmt: skip


def clock_finding(book: Book) -> list[Finding]:
    """What to tell where the clock was set back: records never go back in time."""
    if book.clock_behind is None:
        return []
    message = say(
        "this computer's clock is {n} s behind the last record; the time of that record was "
        "written instead",
        n=round(book.clock_behind.total_seconds()),
    )  # fmt: skip
    return [Finding("journal.clock", "journal", Severity.WARNING, message)]
