"""Whose names are told to whom: to no one without the right to read them where the record is."""

from dataclasses import replace
from typing import TYPE_CHECKING

from tianren.management.people import Person
from tianren.management.procedure import Case
from tianren.project.roles import person_of
from tianren.records import Record

if TYPE_CHECKING:
    from tianren.project.project import Project

READ = "journal.read"  # the right to read names


def whoever_looks(project: "Project", actor: str) -> Person | None:
    """The one who is named with --as; nobody where nobody is: to look needs no right."""
    return person_of(project, actor) if actor else None


def reads_names(person: Person | None, place: str) -> bool:
    return person is not None and person.post_for(READ, place) is not None


def record_seen(person: Person | None, one: Record) -> Record:
    """The record as somebody may see it: without names for who has no right to read them."""
    if reads_names(person, one.place):
        return one
    return replace(one, personal=dict.fromkeys(one.personal))


def case_seen(person: Person | None, case: Case) -> Case:
    """The case as somebody may see it: its steps by their roles for who may not read names."""
    if reads_names(person, case.place):
        return case
    return replace(case, steps=tuple(replace(step, actor="") for step in case.steps))
