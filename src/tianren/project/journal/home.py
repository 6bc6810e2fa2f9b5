"""The journal of a project: where it is, its anchors in runs, and what its levels are."""

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.errors import UserError
from tianren.language import say

if TYPE_CHECKING:
    from tianren.project.journal.anchors import Anchor
    from tianren.project.journal.journal import Journal, Reader
    from tianren.project.project import Project

ANCHORS = "anchors"  # the folder of a project where anchors are kept, its own and others'


def project_journal(project: "Project") -> "Journal":
    """The project's journal. UserError where none was started."""
    from tianren.project.journal.database import database_of
    from tianren.project.journal.journal import open_journal

    return open_journal(database_of(project.store, project.folder))


def has_journal(folder: Path, store: str) -> bool:
    """Whether a project keeps a journal: a file that is there, or one started on a server."""
    from tianren.project.journal.database import FILE_NAME, database_of

    if not store:
        return (folder / FILE_NAME).exists()
    from tianren.project.journal.schema import revision_of

    database = database_of(store, folder)
    try:
        return not database.lacks_file and (database.is_file or bool(revision_of(database)))
    finally:
        database.close()


def anchor_now(folder: Path, journal: "Journal", signing_key: str = "") -> "Anchor | None":
    """An anchor of the journal's head, signed where the project names a key; None for an empty
    journal."""
    with journal.reading() as reader:
        return anchor_seen(folder, reader, signing_key)


def anchor_seen(folder: Path, reader: "Reader", signing_key: str = "") -> "Anchor | None":
    """An anchor of the head that a reader sees, whatever is written meanwhile."""
    from tianren.project.journal.anchors import anchor_of, read_key

    key = read_key(folder / signing_key) if signing_key else None
    head = reader.head()
    if not head.number:
        return None
    return anchor_of(reader.hash_of(1), head.number, head.hash, dt.datetime.now(dt.UTC), key)


def anchor_for_run(folder: Path, store: str, signing_key: str) -> Mapping[str, Any]:
    """What a run keeps of the journal; nothing where the project has none."""
    if not has_journal(folder, store):
        return {}
    from tianren.project.journal.database import database_of
    from tianren.project.journal.journal import open_journal

    journal = open_journal(database_of(store, folder))
    try:
        anchor = anchor_now(folder, journal, signing_key)
    finally:
        journal.close()
    return anchor.as_dict() if anchor else {}


def anchors_of(folder: Path) -> "Iterator[tuple[Anchor, str]]":
    """The anchors that a project has: in its runs, its published packages and anchors/; each with
    where it is."""
    from tianren.project.journal.anchors import anchor_from, read_anchor
    from tianren.project.runs import list_runs

    for run in list_runs(folder):
        if table := run.record.get("journal"):
            yield anchor_from(table, run.id), run.id
    for path in sorted((folder / ANCHORS).glob("*.json")):
        yield read_anchor(path), f"{ANCHORS}/{path.name}"


def levels_of(project: "Project") -> dict[str, int]:
    """How many levels down nation, province, city, county and township are in this project.

    [management] levels says which level of [admin] each is; else the coarsest is the province, the
    level that names pieces the county, the finest the township. One that a country lacks is the
    next coarser that it has.
    """
    names = [level.name for level in project.admin]
    called = dict(project.management.levels) or _usual(names, project.piece_level)
    found, last = {"nation": 0}, 0
    for level in LEVELS[1:]:
        if level in called:
            last = _depth_of(called[level], names, level)
        found[level] = last
    return found


def depth_of(project: "Project", level: str) -> int:
    """How many levels down the units of a level are, as somebody typed it."""
    known = levels_of(project)
    if level not in known:
        raise UserError(
            say("there is no level called {name}", name=level), where="--level",
            next_step=say("name one of: {known}", known=", ".join(known)),
        )  # fmt: skip
    return known[level]


LEVELS = ("nation", "province", "city", "county", "township")


def _usual(names: list[str], piece_level: str) -> dict[str, str]:
    if not names:
        return {}
    return {"province": names[0], "county": piece_level, "township": names[-1]}


def _depth_of(name: str, names: list[str], level: str) -> int:
    if name not in names:
        raise UserError(
            say("there is no level called {name}", name=name),
            where=f"project.toml, management.levels.{level}",
            next_step=f"use one of {', '.join(names)}",
        )
    return names.index(name) + 1
