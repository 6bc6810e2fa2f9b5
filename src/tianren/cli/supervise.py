"""Supervision: from a clue to closure, who answers for it, random checks, scorecards."""

from pathlib import Path
from typing import Annotated

import typer

from tianren.cli.acting import As, CaseName, Day, Documents, Facts, Ground, Personal, Place, Reason
from tianren.cli.frame import Folder, Json, Language, give, group, open_project_at
from tianren.cli.values import day_of, pairs, texts

supervise = group("supervise", "From a clue to closure; random checks; scorecards.")


@supervise.command(short_help="Report a clue.")
def report(
    source: Annotated[str, typer.Argument(help="alert, patrol, complaint, audit, satellite.")],
    zone: Annotated[str, typer.Option(help="The code of the zone that it is in.")],
    as_: As,
    severity: Annotated[str, typer.Option(help="minor, general, serious, grave.")] = "general",
    footprint: Annotated[
        Path | None, typer.Option(help="A file of polygons, or lines with --width: where.")
    ] = None,
    width: Annotated[float | None, typer.Option(help="Width of a line, m.")] = None,
    document: Documents = None,
    fact: Facts = None,
    personal: Personal = None,
    ground: Ground = "duty to report",
    reason: Reason = "",
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren supervise report patrol --zone 1403150001 --document patrol_log=P7 --as ann

    Report what was seen in a zone. Clues of one event become one case.
    """
    from tianren.steps.supervise import report as step

    found = step(
        open_project_at(project, language), source, zone=zone, severity=severity, actor=as_,
        ground=ground, documents=texts(document or [], "--document"), footprint=footprint,
        width=width, facts=pairs(fact or [], "--fact"),
        personal=texts(personal or [], "--personal"), reason=reason, day=day_of(day),
    )  # fmt: skip
    give(found, json)


@supervise.command(short_help="Make a move of a case.")
def act(
    case: CaseName,
    move: Annotated[str, typer.Argument(help="verify, find, order ...; see moves.")],
    as_: As,
    document: Documents = None,
    fact: Facts = None,
    personal: Personal = None,
    ground: Ground = "",
    reason: Reason = "",
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren supervise act 2026-0001 verify --document verification_report=V3 --as ann

    Make a move of a case; what it lacks is told at once.
    """
    from tianren.steps.supervise import act as step

    found = step(
        open_project_at(project, language), case, move, actor=as_, ground=ground, reason=reason,
        documents=texts(document or [], "--document"), facts=pairs(fact or [], "--fact"),
        personal=texts(personal or [], "--personal"), day=day_of(day),
    )  # fmt: skip
    give(found, json)


@supervise.command(short_help="The moves, and what each needs.")
def moves(project: Folder = None, language: Language = None, json: Json = False) -> None:
    """Example: tianren supervise moves

    List the moves of supervision with the documents and facts that each needs.
    """
    from tianren.steps.supervise import moves_listed

    give(moves_listed(open_project_at(project, language)), json)


@supervise.command(short_help="Cases, or one with its steps.")
def show(
    case: Annotated[str, typer.Argument(help="A case; default: all.")] = "",
    place: Place = "",
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren supervise show --place 14

    List the cases of a place as of a day, or show one.
    """
    from tianren.steps.supervise import show as step

    give(step(open_project_at(project, language), case, place=place, day=day_of(day)), json)


@supervise.command(short_help="What is overdue, and who is next.")
def overdue(
    place: Place = "", day: Day = "", project: Folder = None, language: Language = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Example: tianren supervise overdue --place 14

    List the cases whose time ran out: who has them, who may act.
    """
    from tianren.steps.supervise import late

    give(late(open_project_at(project, language), place=place, day=day_of(day)), json)


@supervise.command(short_help="What is overdue goes to the unit above.")
def escalate(
    as_: As, ground: Ground = "time has run out", day: Day = "", project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Example: tianren supervise escalate --as ana.ruiz

    Take up what is overdue one level below, as far as your rights reach.
    """
    from tianren.steps.supervise import escalate as step

    give(step(open_project_at(project, language), actor=as_, ground=ground, day=day_of(day)), json)


@supervise.command(short_help="Findings by the unit in charge, and the months.")
def figures(
    place: Place = "",
    level: Annotated[str, typer.Option(help="province, city, county, township.")] = "county",
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren supervise figures --level province

    Show what each unit answers for, and clues, findings and closures by month.
    """
    from tianren.steps.supervise import figures as step

    found = step(open_project_at(project, language), place=place, level=level, day=day_of(day))
    give(found, json)


@supervise.command(short_help="A random sample for checks in the field.")
def sample(
    seed: Annotated[int, typer.Option(help="Of the draw: the same seed gives the same sample.")],
    kind: Annotated[str, typer.Option(help="redline, protected_area, oecm.")] = "redline",
    place: Place = "",
    draw: Annotated[str, typer.Option(help="zones, or points in them.")] = "zones",
    visits: Annotated[int | None, typer.Option(help="So many; default: as the power asks.")] = None,
    rate: Annotated[float | None, typer.Option(help="Violation rate to be seen, 0.05.")] = None,
    confidence: Annotated[float | None, typer.Option(help="How surely, 0.95.")] = None,
    by: Annotated[list[str] | None, typer.Option(help="Strata: unit, level, kind; again.")] = None,
    level: Annotated[str, typer.Option(help="Of the units of strata: province, county.")] = "",
    to: Annotated[Path | None, typer.Option(help="Default: exports/checks-DAY-SEED.csv.")] = None,
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren supervise sample --seed 7 --by level

    Draw zones, or points in them, at random, as few as see a violation rate with the confidence
    asked, and write the table that inspectors take along.
    """
    from tianren.steps.supervise_samples import sample as step

    found = step(
        open_project_at(project, language), seed=seed, kind=kind, place=place, draw=draw,
        visits=visits, rate=rate, confidence=confidence, by=by or (), level=level, to=to,
        day=day_of(day),
    )  # fmt: skip
    give(found, json)


@supervise.command(short_help="What the checks in the field say.")
def results(
    table: Annotated[Path, typer.Argument(help="The table that came back.")],
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren supervise results checks-2026-11-30-7.csv

    Read the table that came back, and say the violation rate with its exact interval, or the rate
    that is excluded where no violation was seen.
    """
    from tianren.steps.supervise_samples import results as step

    give(step(open_project_at(project, language), table, day=day_of(day)), json)


@supervise.command(short_help="How well each unit keeps its line.")
def scorecard(
    level: Annotated[str, typer.Option(help="province, city, county, township.")] = "county",
    place: Place = "",
    looked: Annotated[
        list[str] | None, typer.Option(help="Units that were looked at as a whole, or all.")
    ] = None,
    from_: Annotated[str, typer.Option("--from", help="What supervision tells since; 1 Jan.")] = "",
    day: Day = "",
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren supervise scorecard --level province --looked all

    Score area, nature, function, activity and management of each unit; what is not known is not
    zero, and is told.
    """
    from tianren.steps.supervise_scores import scores

    found = scores(
        open_project_at(project, language), level=level, place=place, looked=looked or (),
        start=day_of(from_), day=day_of(day),
    )  # fmt: skip
    give(found, json)
