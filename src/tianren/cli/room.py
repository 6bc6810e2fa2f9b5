"""Room to live: suitability, parcels, seams, scenarios compared."""

from typing import Annotated

import typer

from tianren.cli.frame import (
    Folder,
    Json,
    Language,
    RunId,
    ScenarioName,
    app,
    give,
    open_project_at,
    progress_line,
)


@app.command(short_help="What land is fit for, and where its use collides with that.")
def suitability(
    project: Folder = None,
    run: RunId = None,
    scenario: ScenarioName = "",
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren suitability

    Judge land for farming and towns, weigh it against the line, and show carrying capacity and
    conflicts by administrative unit.
    """
    from tianren.steps.suitability import suitability_of

    opened = open_project_at(project, language, scenario=scenario)
    give(suitability_of(opened, run=run, progress=progress_line()), json)


@app.command(short_help="Where the line stops at an administrative border.")
def seams(
    level: Annotated[str, typer.Option(help="A level of [admin]; default: the coarsest.")] = "",
    project: Folder = None,
    run: RunId = None,
    scenario: ScenarioName = "",
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren seams --level district

    Find where one side of a border is red and the other important but not red, how much of the line
    goes on across borders, and which land would close the seams.
    """
    from tianren.steps.seams import seams_of

    opened = open_project_at(project, language, scenario=scenario)
    give(seams_of(opened, level=level, run=run, progress=progress_line()), json)


@app.command(short_help="What a second line gains and loses against a first.")
def compare(
    first: Annotated[str, typer.Argument(help="A run of delineate.")],
    second: Annotated[str, typer.Argument(help="Another; lines of scenarios are runs too.")],
    project: Folder = None,
    report: Annotated[bool, typer.Option(help="Write the map and the report.")] = True,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren compare delineate-1a2b3c4d delineate-5e6f7a8b

    Show what is gained and lost from one line to another, by category, function, division and
    realm, what it holds, and where, on a map.
    """
    from tianren.steps.compare import compare as step

    opened = open_project_at(project, language)
    give(step(opened, first, second, report=report, progress=progress_line()), json)


@app.command(short_help="Carry the line of the level above to parcels.")
def parcels(
    parent: Annotated[
        str | None, typer.Option(help="The run of the line above; default: its project's own.")
    ] = None,
    parent_project: Annotated[
        str, typer.Option(help="The project above; default: parent of [parcels], else this.")
    ] = "",
    project: Folder = None,
    scenario: ScenarioName = "",
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren parcels --parent delineate-1a2b3c4d

    Make each parcel red or not by its share inside the line above, with edges from the parcel
    layer; report commission, omission and drift, and control figures from province to township.
    """
    from tianren.steps.parcels import parcels as step

    opened = open_project_at(project, language, scenario=scenario)
    give(step(opened, parent=parent, folder=parent_project, progress=progress_line()), json)


@app.command(short_help="Compare a line with that of the level above.")
def nested(
    parent_project: Annotated[
        str, typer.Option(help="The project above; default: parent of [parcels].")
    ] = "",
    parent: Annotated[
        str | None, typer.Option(help="The run of the line above; default: its project's own.")
    ] = None,
    project: Folder = None,
    run: RunId = None,
    scenario: ScenarioName = "",
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren nested --parent-project ../nation

    Compare a province's line with the nation's, whose cells may be larger: commission, omission and
    drift by administrative unit, and the area of each pair of grades.
    """
    from tianren.steps.nested import nested as step

    opened = open_project_at(project, language, scenario=scenario)
    give(
        step(opened, parent=parent, folder=parent_project, run=run, progress=progress_line()), json
    )
