"""The commands of the line: start, check, delineate, explain, report, export."""

from pathlib import Path
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
    speak,
)
from tianren.errors import UserError
from tianren.language import say


@app.command(short_help="Draw Switzerland's redline from the embedded data.")
def demo(
    folder: Annotated[Path, typer.Argument(help="A new folder for the project.")] = Path(
        "tianren-demo"
    ),
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren demo

    Draw the redline of Switzerland from the data inside the package, with map and report.
    """
    from tianren.demo import copy_switzerland
    from tianren.steps.delineate import delineate as step

    if not (folder / "project.toml").exists():
        copy_switzerland(folder)
    give(step(open_project_at(folder, language), progress=progress_line()), json)


@app.command(short_help="Start a project folder.")
def new(
    folder: Annotated[Path, typer.Argument(help="A new folder for the project.")],
    language: Annotated[
        str, typer.Option("--language", "-l", help="en, zh or es: of the project and its answers.")
    ] = "en",
) -> None:
    """Example: tianren new madagascar-2026

    Start a project folder: project.toml and catalog.toml with comments to fill in.
    """
    from tianren.project.starter import new_project

    speak(language)
    new_project(folder, language)
    typer.echo(say("Fill in {folder}/project.toml and catalog.toml, then type:", folder=folder))
    typer.echo(f"  cd {folder} && tianren check")


@app.command(short_help="What can be computed, and what is missing.")
def check(project: Folder = None, language: Language = None, json: Json = False) -> None:
    """Example: tianren check

    For each function and sensitivity: computed, not applicable here (why), or missing (which
    layer, in which unit, and where one usually gets it). Every layer in use is opened and looked
    at; what cannot be used is told, all at once, and ends with status 2.
    """
    from tianren.steps.check import check as step

    found = step(open_project_at(project, language))
    give(found, json)
    if found.faults:
        raise typer.Exit(2)


@app.command(short_help="Draw the redline, with maps and report.")
def delineate(
    project: Folder = None,
    robustness: Annotated[
        int, typer.Option(help="Also draw the line this many times over the parameters' ranges.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 1,
    report: Annotated[bool, typer.Option(help="Write the maps and the report.")] = True,
    scenario: ScenarioName = "",
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren delineate --robustness 50

    Draw the redline: importance, sensitivity, must-include areas, conflicts, pieces, report.
    """
    from tianren.steps.delineate import delineate as step

    answer = step(
        open_project_at(project, language, scenario=scenario),
        robustness=robustness,
        seed=seed,
        report=report,
        progress=progress_line(),
    )
    give(answer, json)


@app.command(short_help="Why is this place, or piece, inside or outside?")
def explain(
    at: Annotated[str | None, typer.Option(help="A place as LON,LAT in degrees.")] = None,
    piece: Annotated[str | None, typer.Option(help="The code of a piece.")] = None,
    measure: Annotated[
        str | None, typer.Option(help="A number of measures.csv: INDICATOR[breakdown]@period.")
    ] = None,
    project: Folder = None,
    run: RunId = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren explain --at 8.54,46.65

    Why is this place, or this piece, inside the redline or outside it, and what would change it?
    Or, with --measure, what stands behind a number: run, method, sources, parameters, sites.
    """
    from tianren.steps.explain import explain as step

    if measure is not None:
        from tianren.steps.explain_measure import explain_measure

        give(explain_measure(open_project_at(project, language), measure, run), json)
        return
    place = None if at is None else _lon_lat(at)
    give(step(open_project_at(project, language), run=run, at=place, piece=piece), json)


@app.command(short_help="Write a run's maps and report again.")
def report(
    project: Folder = None,
    run: Annotated[
        str | None,
        typer.Option(
            help="A run; default: the latest line, with the latest of every other step as chapters."
        ),
    ] = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren report --language zh

    Write maps, PDF, HTML, workbook, styles and the STAC item of a run again.
    """
    from tianren.steps.report import write_report

    give(write_report(open_project_at(project, language), run), json)


@app.command(short_help="Write the redline in another format.")
def export(
    format: Annotated[
        str, typer.Option(help="gpkg, shapefile, geojson, kml, geoparquet or csv.")
    ] = "gpkg",
    to: Annotated[Path | None, typer.Option(help="Folder; default: exports/ of the run.")] = None,
    project: Folder = None,
    run: RunId = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren export --format shapefile

    Write the redline in another format.
    """
    from tianren.steps.export import export as step

    give(step(open_project_at(project, language), run, format, to), json)


@app.command(short_help="List the runs of a project.")
def runs(project: Folder = None, language: Language = None, json: Json = False) -> None:
    """Example: tianren runs

    List the runs of a project, the latest last.
    """
    from tianren.steps.runs import list_runs

    give(list_runs(open_project_at(project, language)), json)


@app.command(short_help="Show parameters with their sources.")
def parameters(
    name: Annotated[str, typer.Argument(help="A parameter, or the start of its name.")] = "",
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren parameters grading

    Show parameters: value, unit, range, date, source, and whether the source was read.
    """
    from tianren.steps.parameters import list_parameters

    speak(language or "en")
    give(list_parameters(name), json)


def _lon_lat(text: str) -> tuple[float, float]:
    """LON,LAT in degrees; a swapped pair is caught where it can be."""
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(
            f"{text} is not a place", where="--at", next_step="type it as LON,LAT: --at 8.54,46.65"
        ) from None
    if abs(lat) > 90 or abs(lon) > 180:
        raise UserError(
            f"{text} is not on Earth",
            where="--at",
            by_how_much=f"latitude {lat}",
            next_step="longitude comes first: --at LON,LAT",
        )
    return lon, lat
