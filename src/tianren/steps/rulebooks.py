"""The rulebook of a project: packaged for its jurisdiction, or a file of its own, checked first."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from tianren.errors import UserError
from tianren.language import say
from tianren.management.rulebook import Rulebook
from tianren.management.rulebook_cases import read_cases, run_cases
from tianren.management.rulebook_check import check_rulebook, require_sound
from tianren.management.rulebook_reading import (
    packaged,
    packaged_tables,
    rulebook_for,
    rulebook_of,
)
from tianren.project.tables import read_table
from tianren.steps.told import Told

if TYPE_CHECKING:
    from tianren.project.project import Project

LARGEST = 4 * 1024 * 1024  # bytes of a file of cases


def project_rulebook(project: "Project", day: dt.date) -> Rulebook:
    """The rulebook in force in a project on a day. UserError where it has gaps or contradictions,
    and where there is none."""
    name = project.management.rulebook
    if not name:
        return rulebook_for(project.jurisdiction, day)
    if name in packaged_tables():
        return packaged(name)
    found = read_rulebook(project.folder / name)
    require_sound(found)
    return found


def read_rulebook(path: Path) -> Rulebook:
    """A rulebook of one's own, from a TOML file."""
    if not path.exists():
        raise UserError(
            say("there is no rulebook called {name}", name=path.name),
            where=str(path),
            next_step=say("use one of {known}, or the path of a file in the project's folder",
                          known=", ".join(packaged_tables())),
        )  # fmt: skip
    table, _ = read_table(path)
    return rulebook_of(path.stem, table, str(path))


def check(path: Path, cases: Path | None) -> Told:
    """Whether a rulebook may be used: every zone x activity has one answer, names are known; and
    whether its cases come out as they should."""
    book = read_rulebook(path)
    findings = check_rulebook(book)
    count = 0
    if cases is not None and not findings:
        worked = read_cases(_text(cases), str(cases))
        count = len(worked)
        findings = run_cases(book, worked)
    lines = [_statement(book, findings, count)]
    lines += [f"  {f.subject}: {f.message}" for f in findings]
    table = {"rulebook": book.id, "sound": not findings, "cases": count,
             "findings": [f.as_dict() for f in findings]}  # fmt: skip
    return Told(lines, table, faulty=bool(findings))


def _text(path: Path) -> str:
    if not path.exists() or path.stat().st_size > LARGEST:
        raise UserError(
            say("the file of cases is not there, or larger than {n} MB", n=LARGEST // 2**20),
            where=str(path), next_step=say("name a YAML file of cases"),
        )  # fmt: skip
    return path.read_text(encoding="utf-8")


def _statement(book: Rulebook, findings: object, count: int) -> str:
    if findings:
        return say("The rulebook {name} may not be used as it is:", name=book.id)
    zones, activities = len(book.zones), len(book.activities)
    text = say("The rulebook {name} is sound: {n} zones x {m} activities, one answer each.",
               name=book.id, n=zones, m=activities)  # fmt: skip
    if not count:
        return text
    return f"{text} {say('All {n} cases come out as they should.', n=count)}"


def listed(project: "Project | None", day: dt.date) -> Told:
    """The activities of the project's rulebook, or the rulebooks that there are."""
    if project is None:
        names = list(packaged_tables())
        rows = [f"{name:<12} {packaged(name).name}" for name in names]
        return Told(rows, {"rulebooks": names})
    book = project_rulebook(project, day).on(day)
    lines = [say("{name}, in force on {day}", name=book.name, day=day), ""]
    for key, group in book.classes.items():
        lines.append(group.name)
        mine = [a for a in book.activities.values() if a.of == key]
        lines += [f"  {a.id:<28} {a.name}" for a in mine]
    table = {
        "rulebook": book.id,
        "activities": {a.id: {"name": a.name, "class": a.of} for a in book.activities.values()},
    }
    return Told(lines, table)
