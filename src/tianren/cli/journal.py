"""The journal: what happened, and whether it is still what was written."""

from pathlib import Path
from typing import Annotated

import typer

from tianren.cli.acting import As, Ground, Looks, Reason
from tianren.cli.frame import Folder, Json, Language, app, give, group, open_project_at, speak

journal = group("journal", "What happened, append-only and hash-chained.")


@journal.command(short_help="Start the journal of a project.")
def start(
    as_: As,
    name: Annotated[str, typer.Option(help="Your name, for roles.toml.")] = "",
    ground: Ground = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren journal start --as li.wei --name "Li Wei"

    Start the journal of a project (a file in its folder, or the server that store names), and write
    roles.toml with yourself in it.
    """
    from tianren.steps.journal import start as step

    give(step(open_project_at(project, language), as_, name, ground), json)


@journal.command(short_help="Show records.")
def show(
    subject: Annotated[str, typer.Option(help="Of one subject, zone/140315 0001.")] = "",
    record: Annotated[int, typer.Option(help="One record, whole.")] = 0,
    kind: Annotated[str, typer.Option(help="Of a kind: zone, occupation, zone.entered.")] = "",
    place: Annotated[str, typer.Option(help="Of a place and all in it, 14/1403.")] = "",
    known: Annotated[str, typer.Option(help="As known by a day, a moment or a record.")] = "",
    last: Annotated[int, typer.Option(help="At most so many, the latest.")] = 20,
    as_: Looks = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren journal show --subject zone/1403150001

    Show records, the latest last. Names are shown to those who may read them (--as).
    """
    from tianren.steps.journal import show as step

    found = step(
        open_project_at(project, language), subject=subject, record=record, kind=kind, place=place,
        known=known, last=last, actor=as_,
    )  # fmt: skip
    give(found, json)


@journal.command(short_help="Put a record of a zone right by a new one.")
def correct(
    record: Annotated[int, typer.Argument(help="The number of the record that is wrong.")],
    as_: As,
    ground: Ground,
    reason: Reason,
    change: Annotated[
        list[str] | None, typer.Option(help='A value of its body: name="Wetland of Chi".')
    ] = None,
    withdraw: Annotated[bool, typer.Option(help="It should never have been made.")] = False,
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren journal correct 17 --change name="Chi" --as li.wei --ground "survey 2026/3"
    --reason "misspelt on entry"

    Put a record of a zone right by a new one that names it: what was known when stays known. What a
    case said and decided is not corrected by anybody: it is put right by the next move, such as a
    supplement, a new screening or an appeal.
    """
    from tianren.cli.values import pairs
    from tianren.steps.journal import correct as step

    found = step(
        open_project_at(project, language), record, pairs(change or [], "--change"), actor=as_,
        ground=ground, reason=reason, withdraw=withdraw,
    )  # fmt: skip
    give(found, json)


@journal.command(short_help="Erase what a record says about a person.")
def erase(
    record: Annotated[int, typer.Argument(help="The number of the record.")],
    as_: As,
    ground: Ground,
    label: Annotated[
        list[str] | None, typer.Option(help="actor, applicant ...; default: all of the record.")
    ] = None,
    reason: Reason = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren journal erase 17 --label applicant --as li.wei --ground "request of 3 May"

    Erase personal values with their salts. The chain holds without them; a record says that it was
    done, by whom and why.
    """
    from tianren.steps.journal import erase as step

    opened = open_project_at(project, language)
    give(step(opened, record, label or [], actor=as_, ground=ground, reason=reason), json)


@journal.command(short_help="Write the journal as JSON Lines for an auditor.")
def export(
    to: Annotated[Path | None, typer.Option(help="Folder; default: exports/journal.")] = None,
    personal: Annotated[bool, typer.Option(help="With names; needs the right to read.")] = False,
    as_: As = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren journal export --to audit-2026

    Write the journal as JSON Lines that anyone can check with sha256sum, without names unless they
    are asked for.
    """
    from tianren.steps.journal import export as step

    give(step(open_project_at(project, language), to, personal=personal, actor=as_), json)


@journal.command("import", short_help="Read an exported journal into a project without one.")
def import_(
    folder: Annotated[Path, typer.Argument(help="What tianren journal export wrote.")],
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren journal import audit-2026

    Read an exported journal into a project that has none; a chain that does not hold is refused.
    """
    from tianren.steps.journal import import_ as step

    give(step(open_project_at(project, language), folder), json)


@journal.command(short_help="Write an anchor for a witness to keep.")
def anchor(
    to: Annotated[Path | None, typer.Option(help="File; default: anchors/NUMBER.json.")] = None,
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren journal anchor --to anchor-2026-06.json

    Write the head of the journal, signed where [management] signing_key is set, for somebody who
    cannot write the journal: with it a cut or rewritten history is found.
    """
    from tianren.steps.journal import anchor as step

    give(step(open_project_at(project, language), to), json)


@journal.command(short_help="Make a key pair that signs anchors.")
def key(
    folder: Annotated[Path, typer.Argument(help="A folder outside the project.")],
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren journal key ~/.tianren

    Make an Ed25519 key pair: the private key signs anchors, the public one checks them.
    """
    from tianren.steps.journal import key as step

    speak(language or "en")
    give(step(folder), json)


@journal.command(short_help="What each role may do, and who has which.")
def roles(project: Folder = None, language: Language = None, json: Json = False) -> None:
    """Example: tianren journal roles

    List the roles with their rights, and the people of roles.toml with their posts.
    """
    from tianren.steps.journal import roles as step

    give(step(open_project_at(project, language)), json)


@app.command(short_help="Is the journal still what was written?")
def verify(
    anchor: Annotated[
        list[Path] | None, typer.Option(help="An anchor that somebody kept; again for more.")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option(help="Check the anchors' signatures with this key.")
    ] = None,
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren verify --anchor anchor-2026-06.json

    Check every record, personal value, shape and snapshot of the journal, and its anchors; say what
    can and cannot be found so. A fault ends with status 1.
    """
    from tianren.steps.verify import verify as step

    opened = open_project_at(project, language)
    found = step(opened, anchors=anchor or [], public_key=public_key)
    give(found, json)
    if found.faulty:
        raise typer.Exit(1)
