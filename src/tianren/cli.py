"""The command line: each command is one step, its answer as text or, with --json, as data."""

import sys
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from tianren import __version__
from tianren.errors import UserError
from tianren.language import say, set_language

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Example: tianren demo

Draw and justify a country's ecological conservation redline, from the layers you hold.""",
)

Folder = Annotated[
    Path | None,
    typer.Option(
        "--project", "-p", help="Project folder; default: this folder or the nearest above it."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
RunId = Annotated[str | None, typer.Option("--run", help="A run; default: the latest.")]
Language = Annotated[
    str | None, typer.Option("--language", "-l", help="en, zh or es; default: the project's.")
]


class Answer(Protocol):
    """What a step returns to a person or a program."""

    def text(self) -> str: ...

    def as_dict(self) -> dict[str, Any]: ...


@app.command(short_help="Draw Switzerland's redline from the embedded data.")
def demo(
    folder: Annotated[Path, typer.Argument(help="A new folder for the project.")] = Path(
        "tianren-demo"
    ),
    json: Json = False,
) -> None:
    """Example: tianren demo

    Draw the redline of Switzerland from the data inside the package, with map and report.
    """
    from tianren.demo import copy_switzerland
    from tianren.steps.delineate import delineate as step

    if not (folder / "project.toml").exists():
        copy_switzerland(folder)
    _answer(step(_open(folder), progress=_progress()), json)


@app.command(short_help="Start a project folder.")
def new(
    folder: Annotated[Path, typer.Argument(help="A new folder for the project.")],
) -> None:
    """Example: tianren new madagascar-2026

    Start a project folder: project.toml and catalog.toml with comments to fill in.
    """
    from tianren.project.starter import new_project

    new_project(folder)
    typer.echo(say("Fill in {folder}/project.toml and catalog.toml, then type:", folder=folder))
    typer.echo(f"  cd {folder} && tianren check")


@app.command(short_help="What can be computed, and what is missing.")
def check(project: Folder = None, language: Language = None, json: Json = False) -> None:
    """Example: tianren check

    For each function and sensitivity: computed, not applicable here (why), or missing (which
    layer, in which unit, and where one usually gets it).
    """
    from tianren.steps.criteria import check as step

    _answer(step(_open(project, language)), json)


@app.command(short_help="Draw the redline, with maps and report.")
def delineate(
    project: Folder = None,
    robustness: Annotated[
        int, typer.Option(help="Also draw the line this many times over the parameters' ranges.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 1,
    report: Annotated[bool, typer.Option(help="Write the maps and the report.")] = True,
    json: Json = False,
) -> None:
    """Example: tianren delineate --robustness 50

    Draw the redline: importance, sensitivity, must-include areas, conflicts, pieces, report.
    """
    from tianren.steps.delineate import delineate as step

    answer = step(
        _open(project), robustness=robustness, seed=seed, report=report, progress=_progress()
    )
    _answer(answer, json)


@app.command(short_help="Why is this place, or piece, inside or outside?")
def explain(
    at: Annotated[str | None, typer.Option(help="A place as LON,LAT in degrees.")] = None,
    piece: Annotated[str | None, typer.Option(help="The code of a piece.")] = None,
    project: Folder = None,
    run: RunId = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren explain --at 8.54,46.65

    Why is this place, or this piece, inside the redline or outside it, and what would change it?
    """
    from tianren.steps.explain import explain as step

    place = None if at is None else _lon_lat(at)
    _answer(step(_open(project, language), run=run, at=place, piece=piece), json)


@app.command(short_help="Write a run's maps and report again.")
def report(
    project: Folder = None, run: RunId = None, language: Language = None, json: Json = False
) -> None:
    """Example: tianren report --language zh

    Write maps, PDF, HTML, workbook, styles and the STAC item of a run again.
    """
    from tianren.steps.report import write_report

    _answer(write_report(_open(project, language), run), json)


@app.command(short_help="Write the redline in another format.")
def export(
    format: Annotated[
        str, typer.Option(help="gpkg, shapefile, geojson, kml, geoparquet or csv.")
    ] = "gpkg",
    to: Annotated[Path | None, typer.Option(help="Folder; default: exports/ of the run.")] = None,
    project: Folder = None,
    run: RunId = None,
    json: Json = False,
) -> None:
    """Example: tianren export --format shapefile

    Write the redline in another format.
    """
    from tianren.steps.export import export as step

    _answer(step(_open(project), run, format, to), json)


@app.command(short_help="List the runs of a project.")
def runs(project: Folder = None, json: Json = False) -> None:
    """Example: tianren runs

    List the runs of a project, the latest last.
    """
    from tianren.steps.runs import list_runs

    _answer(list_runs(_open(project)), json)


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

    set_language(language or "en")
    _answer(list_parameters(name), json)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tianren {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def _find_project(folder: Path | None) -> Path | None:
    """The folder given, or the nearest one upward that holds project.toml."""
    if folder is not None:
        return folder
    here = Path.cwd()
    return next((f for f in (here, *here.parents) if (f / "project.toml").exists()), None)


def _open(folder: Path | None, language: str | None = None) -> Any:
    from tianren.project.project import open_project

    found = _find_project(folder)
    if found is None:
        raise UserError(
            "there is no project.toml here or in a folder above",
            where=str(Path.cwd()),
            next_step="go into a project folder, or start one: tianren new my-country",
        )
    project = open_project(found)
    set_language(language or project.language)
    return project


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


def _progress() -> Any:
    """A progress line on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        return None
    from rich.console import Console

    console = Console(stderr=True)
    return lambda text: console.print(text, style="dim", markup=False)


def _answer(answer: Answer, as_json: bool) -> None:
    if as_json:
        import json

        typer.echo(json.dumps(answer.as_dict(), ensure_ascii=False, indent=2))
    else:
        typer.echo(answer.text())


def main() -> None:
    """Run the command line; a person's error is told in words and ends with status 2."""
    try:
        app()
    except UserError as error:
        if "--json" in sys.argv:
            import json

            typer.echo(json.dumps(error.as_dict(), ensure_ascii=False), err=True)
        else:
            typer.secho(error.message(), fg="red", err=True)
        raise SystemExit(2) from None
