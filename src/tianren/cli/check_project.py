"""Is this activity allowed here? One footprint and one question."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from tianren.cli.frame import Folder, Json, Language, app, give, open_project_at, speak
from tianren.cli.values import day_of, texts


@app.command("check-project", short_help="Is this activity allowed here, and where instead?")
def check_project(
    footprint: Annotated[
        Path | None, typer.Argument(help="A file of polygons, or of lines with --width.")
    ] = None,
    activity: Annotated[str, typer.Option(help="An activity of the rulebook; see --list.")] = "",
    day: Annotated[str, typer.Option(help="By the rules of this day; default: today.")] = "",
    fact: Annotated[
        list[str] | None, typer.Option(help="What is known: building_land_after_m2=1200. Again.")
    ] = None,
    document: Annotated[
        list[str] | None, typer.Option(help="What is there: plan=plan-2021.pdf. Again.")
    ] = None,
    width: Annotated[float | None, typer.Option(help="Width of a line, m.")] = None,
    alternatives: Annotated[bool, typer.Option(help="Look for places that touch less.")] = True,
    to: Annotated[
        Path | None, typer.Option(help="Write map, layers and answer into this folder.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the activities.")] = False,
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren check-project road.gpkg --activity linear_works --width 12

    Say whether an activity is permitted, permitted with conditions, needs approval, is prohibited,
    or what is missing to say; by which clause, what it touches and loses, and the nearest places
    where the same footprint would touch less.
    """
    from tianren.steps.check_project import check_project as step
    from tianren.steps.check_project import require_question
    from tianren.steps.rulebooks import listed

    opened = open_project_at(project, language)
    if list_ or (footprint is None and not activity):
        give(listed(opened, day_of(day) or dt.date.today()), json)
        return
    require_question(footprint, activity)
    assert footprint is not None  # noqa: S101  (else it was refused)
    found = step(
        opened, footprint, activity, day=day_of(day), facts=texts(fact or [], "--fact"),
        documents=texts(document or [], "--document"), width=width, alternatives=alternatives,
    )  # fmt: skip
    give(found, json)
    if to is not None:
        from tianren.steps.check_project_files import write_files

        files = write_files(opened, found, to)
        # Beside the answer, so that --json stays JSON.
        typer.echo("\n".join(map(str, files)), err=True)


@app.command(short_help="Is this rulebook whole and free of contradictions?")
def rulebook(
    file: Annotated[Path, typer.Argument(help="A rulebook of your own, TOML.")],
    cases: Annotated[Path | None, typer.Option(help="Its cases, YAML.")] = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren rulebook ours.toml --cases ours.yaml

    Check a rulebook before it is used: every zone and activity has one answer, no two rules
    contradict, names are known, and its cases come out as they should. A fault ends with status 1.
    """
    from tianren.steps.rulebooks import check

    speak(language or "en")
    found = check(file, cases)
    give(found, json)
    if found.faulty:
        raise typer.Exit(1)
