"""Occupation of the line: applications, their way to a decision, and what follows it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tianren.cli.acting import (
    As,
    CaseName,
    Day,
    Documents,
    Facts,
    Ground,
    Looks,
    Personal,
    Place,
    Reason,
)
from tianren.cli.frame import Folder, Json, Language, give, group, open_project_at
from tianren.cli.values import day_of, pairs, texts
from tianren.errors import UserError

if TYPE_CHECKING:
    from tianren.steps.occupation import Said

occupation = group("occupation", "Applications to use land in the line, and what becomes of them.")

Width = Annotated[float | None, typer.Option(help="Width of a line, m.")]


@occupation.command(short_help="Apply to use land.")
def apply(
    footprint: Annotated[Path, typer.Argument(help="A file of polygons, or of lines with width.")],
    activity: Annotated[str, typer.Option(help="Of the rulebook: tianren check-project --list.")],
    as_: As,
    document: Documents = None,
    applicant: Annotated[
        str, typer.Option(help='Sealed: "Name; street; town", to whom letters go.')
    ] = "",
    personal: Personal = None,
    until: Annotated[str, typer.Option(help="End of a temporary use, 2027-03-01.")] = "",
    width: Width = None,
    ground: Ground = "",
    reason: Reason = "",
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren occupation apply path.gpkg --activity visitor_facilities --as applicant.desk
    --document application=A-17.pdf --applicant "Ann Lee; 5 Mill Road; Lan County"

    Enter an application: the footprint goes into the journal, the applicant's name is sealed.
    """
    from tianren.steps.occupation import apply_for

    sealed = {**texts(personal or [], "--personal"), **({"applicant": applicant} if applicant
                                                        else {})}  # fmt: skip
    said = _said(as_, ground, reason, document, {}, sealed, day)
    opened = open_project_at(project, language)
    give(apply_for(opened, footprint, activity, said, until=day_of(until), width=width), json)


def _said(
    actor: str, ground: str, reason: str, documents: list[str] | None, facts: dict[str, Any],
    personal: dict[str, str], day: str,
) -> "Said":  # fmt: skip
    from tianren.steps.occupation import Said

    return Said(actor, ground, reason, texts(documents or [], "--document"), facts, personal,
                day_of(day))  # fmt: skip


@occupation.command(short_help="Screen a case: the check, put on record.")
def screen(
    case: CaseName,
    as_: As,
    document: Documents = None,
    fact: Annotated[
        list[str] | None,
        typer.Option("--fact", help="What the rulebook asks: new_construction_m2=1200. Again."),
    ] = None,
    resident: Annotated[bool, typer.Option(help="Whether it is a facility of residents.")] = False,
    ground: Ground = "",
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren occupation screen 2026-0001 --document screening_report=S-3 --as li.wei

    Check the footprint that was applied for by the rulebook, as check-project does, and put answer,
    clause, areas and losses on record: they decide the way of the case.
    """
    from tianren.steps.occupation import screen as step

    said = _said(as_, ground, "", document, texts(fact or [], "--fact"), {}, day)
    give(step(open_project_at(project, language), case, said, resident=resident), json)


@occupation.command(short_help="Make a move of a case.")
def act(
    case: CaseName,
    move: Annotated[str, typer.Argument(help="receive, consult, approve ...; see moves.")],
    as_: As,
    document: Documents = None,
    fact: Facts = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(help='Of an approval: "Keep 50 m from the stream." or "2026-09-30: ..."'),
    ] = None,
    kept: Annotated[
        list[str] | None, typer.Option(help="A condition found kept: 1. Again.")
    ] = None,
    broken: Annotated[list[str] | None, typer.Option(help="A condition found broken.")] = None,
    lacking: Annotated[list[str] | None, typer.Option(help="A document to ask for.")] = None,
    personal: Personal = None,
    footprint: Annotated[Path | None, typer.Option(help="A new footprint (supplement).")] = None,
    width: Width = None,
    ground: Ground = "",
    reason: Reason = "",
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren occupation act 2026-0001 approve --as carla
    --document decision_signature=D-9 --condition "Keep 50 m from the stream."

    Make a move of a case; all that it lacks is told at once.
    """
    from tianren.steps.occupation import act as step

    facts = pairs(fact or [], "--fact")
    facts |= {"conditions": _conditions(condition)} if condition else {}
    facts |= {"lacking": lacking} if lacking else {}
    marks = {**dict.fromkeys(kept or [], True), **dict.fromkeys(broken or [], False)}
    facts |= {"fulfilled": marks} if marks else {}
    said = _said(as_, ground, reason, document, facts, texts(personal or [], "--personal"), day)
    opened = open_project_at(project, language)
    give(step(opened, case, move, said, path=footprint, width=width), json)


def _conditions(given: list[str]) -> list[dict[str, str]]:
    """Conditions counted from 1, each with its last day where it begins with one."""
    found = []
    for number, text in enumerate(given, start=1):
        day, colon, rest = text.partition(":")
        row = {"id": str(number), "text": text.strip()}
        if colon and _is_day(day.strip()):
            row = {"id": str(number), "text": rest.strip(), "by": day.strip()}
        found.append(row)
    return found


def _is_day(text: str) -> bool:
    try:
        return day_of(text) is not None
    except UserError:
        return False


@occupation.command(short_help="The letter of a decision, PDF and DOCX.")
def letter(
    case: CaseName,
    as_: As,
    record: Annotated[int, typer.Option(help="Of this record; default: the latest.")] = 0,
    file_number: Annotated[str, typer.Option(help="As your office counts its letters.")] = "",
    to: Annotated[Path | None, typer.Option(help="Default: exports/letters/CASE.")] = None,
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren occupation letter 2026-0001 --as li.wei --language es

    Write the letter of the latest acknowledgement, request, decision or order of a case. It names
    the record that it rests on, and holds the applicant's name: who writes it may read names there.
    """
    from tianren.steps.occupation_letters import write_letter

    found = write_letter(open_project_at(project, language), case, actor=as_,
                         record=record, file_number=file_number, to=to)  # fmt: skip
    give(found, json)


@occupation.command(short_help="Cases, or one with its steps and clocks.")
def show(
    case: Annotated[str, typer.Argument(help="A case; default: all.")] = "",
    place: Place = "",
    day: Day = "",
    as_: Looks = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren occupation show --place 14

    List the cases of a place as of a day, or show one with its steps and what comes next.
    """
    from tianren.steps.occupation import show as step

    opened = open_project_at(project, language)
    give(step(opened, case, place=place, day=day_of(day), actor=as_), json)


@occupation.command(short_help="Deadlines that have passed, and whose turn it is.")
def overdue(
    place: Place = "", day: Day = "", project: Folder = None, language: Language = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Example: tianren occupation overdue --place 14

    List the deadlines that have passed, the oldest first, with whose turn it is.
    """
    from tianren.steps.occupation import late

    give(late(open_project_at(project, language), place=place, day=day_of(day)), json)


@occupation.command(short_help="The moves, and what each needs.")
def moves(project: Folder = None, language: Language = None, json: Json = False) -> None:
    """Example: tianren occupation moves

    List the moves of the procedure with the documents and facts that each needs.
    """
    from tianren.steps.occupation import moves_listed

    give(moves_listed(open_project_at(project, language)), json)
