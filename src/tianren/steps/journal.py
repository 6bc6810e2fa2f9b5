"""The steps behind `tianren journal`: start, show, correct, erase, export, import, anchor, key."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.errors import UserError
from tianren.language import say
from tianren.management.people import packaged_roles
from tianren.project.digests import write_whole
from tianren.project.journal import anchors, exchange
from tianren.project.journal.database import database_of
from tianren.project.journal.home import ANCHORS, anchor_now, anchor_seen, project_journal
from tianren.project.journal.journal import Known, Reader, start_journal
from tianren.project.roles import FILE_NAME, people_of, person_of, roles_of, write_first
from tianren.records import ACTOR, Record
from tianren.steps.journal_writing import clock_finding, writing
from tianren.steps.sight import READ, record_seen, whoever_looks
from tianren.steps.told import Told

if TYPE_CHECKING:
    from tianren.project.project import Project

FORMAT = 1  # of the lines of an export


def start(
    project: "Project", actor: str, name: str = "", ground: str = "", day: dt.date | None = None
) -> Told:
    """A new journal, and a roles.toml with whoever starts it."""
    if not actor:
        raise UserError(
            say("nobody is named"), where="tianren journal start",
            next_step=say("name who starts it: tianren journal start --as YOU"),
        )  # fmt: skip
    path = write_first(project.folder, actor, name)
    person = person_of(project, actor)
    post = person.require("journal.start", "")
    opening = Record(
        "", "", day or dt.date.today(), post.role.id, ground or say("start of the journal"),
        body={"project": project.name, "crs": plane_of(project), "format": FORMAT},
        personal={ACTOR: person.id},
    )  # fmt: skip
    database = database_of(project.store, project.folder)
    journal = start_journal(database, opening)
    journal.close()
    lines = [
        say("The journal of {project} is open: {where}", project=project.name,
            where=database.where),
        say("Who may do what: {path}", path=path),
        "",
        say("Next: enter the line: tianren register adopt --as {actor} --ground DECREE",
            actor=actor),
    ]  # fmt: skip
    return Told(lines, {"journal": database.where, "roles": str(path), "actor": actor})


def plane_of(project: "Project") -> str:
    """The equal-area plane in which the journal keeps shapes: that of the project's grid."""
    return project.crs or project.grid.crs.to_wkt()


def show(
    project: "Project",
    *,
    subject: str = "",
    record: int = 0,
    kind: str = "",
    place: str = "",
    known: str = "",
    last: int = 20,
    actor: str = "",
) -> Told:
    """Records, the latest last; with names only for who may read them, of the places they see."""
    journal = project_journal(project)
    person = whoever_looks(project, actor)
    with journal.reading() as reader:
        found = [
            one
            for one in reader.records(
                kind=kind, subject=subject, place=place, known=known_of(known), personal=True,
                after=record - 1 if record else 0,
            )
            if not record or one.number == record
        ]  # fmt: skip
        total = reader.head().number
    shown = [record_seen(person, one) for one in found[-last:]]
    lines = [_how_many(len(shown), len(found), total), ""]
    lines += [told_record(one) for one in shown]
    if record and shown:
        lines += ["", json.dumps(dict(shown[0].body), ensure_ascii=False, indent=1)]
    return Told(lines, {"total": total, "found": len(found), "records": [_plain(r) for r in shown]})


def _how_many(shown: int, found: int, total: int) -> str:
    if shown < found:
        return say("The last {shown} of {n} records (of {all} in the journal); more: --last {n}",
                   shown=shown, n=found, all=total)  # fmt: skip
    return say("{n} of {all} records", n=found, all=total)


def told_record(one: Record) -> str:
    who = f"{one.actor} ({one.role})" if one.actor else one.role
    fixes = say(", corrects {n}", n=one.corrects) if one.corrects else ""
    return f"{one.number:>7}  {one.effective}  {one.kind:<24} {one.subject}  {who}{fixes}"


def _plain(one: Record) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in ("number", "kind", "subject", "place", "role",
                                                 "ground", "reason", "source", "corrects")},
        "effective": one.effective.isoformat(),
        "recorded": one.recorded.isoformat() if one.recorded else "",
        "body": one.body, "personal": dict(one.personal),
    }  # fmt: skip


def known_of(text: str) -> Known:
    """What was known: a record's number, a day or a moment; nothing for all."""
    if not text:
        return None
    if text.isdigit():
        return int(text)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise UserError(
            say("{text} is neither a day, a moment nor a record", text=text), where="--known",
            next_step=say("write 2026-03-31, 2026-03-31T12:00+01:00 or the number of a record"),
        ) from None  # fmt: skip
    if len(text) == len("2026-03-31"):
        moment += dt.timedelta(days=1) - dt.timedelta(microseconds=1)  # to the end of that day
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def correct(
    project: "Project",
    number: int,
    changes: Mapping[str, Any],
    *,
    actor: str,
    ground: str,
    reason: str,
    withdraw: bool = False,
) -> Told:
    """A new record that puts an old one right: values of its body replaced, or all withdrawn.

    What a case said and decided stays: it is put right by another move, which its procedure judges.
    """
    person = person_of(project, actor)
    with writing(project, person) as book:
        old = next((r for r in book.records(after=number - 1) if r.number == number), None)
        if old is None:
            raise _no_record(number)
        _require_correctable(old, changes)
        post = person.require(f"{old.kind.partition('.')[0]}.correct", old.place)
        _require_latest(book, old)
        kind = f"{old.kind.partition('.')[0]}.withdrawn" if withdraw else old.kind
        body = {} if withdraw else {**old.body, **changes}
        (new,) = book.append([
            replace(old, kind=kind, role=post.role.id, ground=ground, reason=reason, body=body,
                    corrects=number, personal={ACTOR: person.id}, number=0, recorded=None)
        ])  # fmt: skip
        found = clock_finding(book)
    text = say("Record {new} puts record {old} right.", new=new, old=number)
    return Told([text, *(f.message for f in found)], {"record": new, "corrects": number})


def _require_latest(book: Reader, old: Record) -> None:
    """A correction starts from what stands: of a record put right already, from its correction."""
    own = book.records(subject=old.subject, after=old.number)
    later = [r.number for r in own if r.corrects == old.number]
    if later:
        raise UserError(
            say("record {n} was put right by record {m}", n=old.number, m=later[-1]),
            where=old.subject, next_step=say("correct record {m}", m=later[-1]),
        )  # fmt: skip


def _require_correctable(old: Record, changes: Mapping[str, Any]) -> None:
    if old.kind.startswith("journal."):
        raise UserError(
            say("record {n} is about the journal itself, and stands", n=old.number),
            where=old.kind, next_step=say("records of the journal are not corrected"),
        )  # fmt: skip
    fixed = [say("a move of a case")] if "status" in old.body else []
    fixed += [say("the boundary of a record")] if _OF_BOUNDARY & set(changes) else []
    if fixed:
        raise UserError(
            say("{name} is not corrected", name=fixed[0]),
            where=say("record {n}", n=old.number),
            next_step=say("make the move that the procedure has for it: appeal, adjustment"),
        )
    for name in changes:
        if name not in old.body:
            raise UserError(
                say("record {n} says nothing called {name}", n=old.number, name=name),
                where="--change", next_step=say("name one of: {known}",
                                                known=", ".join(sorted(old.body))),
            )  # fmt: skip


_OF_BOUNDARY = {"boundary", "area_m2", "parts"}  # what follows from the boundary moves with it


def _no_record(number: int) -> UserError:
    return UserError(
        say("there is no record {n}", n=number), where="tianren journal",
        next_step=say("list them: tianren journal show"),
    )  # fmt: skip


def erase(
    project: "Project", number: int, labels: Sequence[str], *, actor: str, ground: str, reason: str
) -> Told:
    """Erase personal values of a record, with their salts. The chain holds; that it was done, by
    whom and why, is a record. Names in copies and exports are not reached, and that is said."""
    person = person_of(project, actor)
    with writing(project, person) as book:
        old = next((r for r in book.records(after=number - 1) if r.number == number), None)
        if old is None:
            raise _no_record(number)
        post = person.require("journal.erase", old.place)
        wanted = list(labels) or sorted(old.personal)
        note = Record("", old.subject, dt.date.today(), post.role.id, ground, old.place,
                      personal={ACTOR: person.id}, reason=reason)  # fmt: skip
        new = book.erase({number: wanted}, note)
    lines = [
        say("Erased from record {n}: {labels}. Record {new} says so.", n=number,
            labels=", ".join(wanted), new=new),
        say("Copies, backups and exports made before still hold it: see to them yourself."),
    ]  # fmt: skip
    return Told(lines, {"record": new, "erased_from": number, "labels": wanted})


def export(project: "Project", folder: Path | None, *, personal: bool, actor: str) -> Told:
    """The journal as JSON Lines with its anchor; names only for who may read them everywhere."""
    if personal:
        person_of(project, actor).require(READ, "")
    to = folder or project.folder / "exports" / "journal"
    journal = project_journal(project)
    with journal.reading() as reader:
        written = exchange.export_journal(reader, to, personal=personal)
        anchor = anchor_seen(project.folder, reader, project.management.signing_key)
    if anchor is not None:
        exchange.write_head(to, anchor.as_dict())
    lines = [say("Written to {folder}:", folder=to)]
    lines += [f"  {name:<16} {count:>10,}" for name, count in written.items()]
    lines += [
        f"  {exchange.HEAD}",
        "",
        say('Check it without Tianren: each line\'s "previous" is the SHA-256 of the line before.'),
    ]
    return Told(lines, {"folder": str(to), "rows": written})


def import_(project: "Project", folder: Path) -> Told:
    """A journal from an export, into a project that has none."""
    database = database_of(project.store, project.folder)
    journal, read = exchange.import_journal(database, folder)
    journal.close()
    lines = [
        say("{n} records read; the chain holds.", n=read.records),
        say("{n} personal values, {m} shapes.", n=read.people, m=read.shapes),
        say("Next: tianren verify"),
    ]
    return Told(lines, vars(read))


def anchor(project: "Project", to: Path | None) -> Told:
    """An anchor of the journal as it is, for anyone who will keep it."""
    journal = project_journal(project)
    made = anchor_now(project.folder, journal, project.management.signing_key)
    if made is None:
        raise UserError(
            say("the journal is empty"), where=journal.database.where,
            next_step=say("start one: tianren journal start --as YOU"),
        )  # fmt: skip
    path = to or project.folder / ANCHORS / f"{made.number:09d}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(made.as_dict(), indent=1) + "\n")
    signed = say("signed") if made.signature else say("not signed")
    lines = [
        say("Record {n}, {hash}... ({signed})", n=made.number, hash=made.hash[:16], signed=signed),
        say("Give {path} to somebody who cannot write the journal, and who will keep it.",
            path=path),
        say("With it anyone finds a change to what was recorded until now: tianren verify --anchor "
            "{path}", path=path),
    ]  # fmt: skip
    return Told(lines, {"file": str(path), **made.as_dict()})


def key(folder: Path) -> Told:
    """A new key pair to sign anchors with."""
    secret, public = anchors.make_key(folder)
    lines = [
        say("Private key: {path} (keep it out of the project and of backups that others read)",
            path=secret),
        say("Public key:  {path} (give it to everybody)", path=public),
        say("To sign: [management] signing_key = {path}", path=json.dumps(str(secret.resolve()))),
    ]  # fmt: skip
    return Told(lines, {"private": str(secret), "public": str(public)})


def roles(project: "Project | None") -> Told:
    """What each role may do, and who has which in this project."""
    people = people_of(project) if project and (project.folder / FILE_NAME).exists() else {}
    known = roles_of(project) if project else packaged_roles()
    lines = [f"{role.id:<16} {role.name}\n{'':<17}{' '.join(role.rights)}"
             for role in known.values()]  # fmt: skip
    held = {
        person.id: [{"role": p.role.id, "place": p.place} for p in person.posts]
        for person in people.values()
    }
    lines += ["", *(f"{name:<16} {_posts(posts)}" for name, posts in held.items())] if held else []
    rights = {r.id: {"name": r.name, "rights": list(r.rights)} for r in known.values()}
    return Told(lines, {"roles": rights, "people": held})


def _posts(posts: Sequence[Mapping[str, str]]) -> str:
    return ", ".join(f"{p['role']} ({p['place'] or say('the whole country')})" for p in posts)
