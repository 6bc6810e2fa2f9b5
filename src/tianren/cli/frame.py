"""What every command shares: the app, its usual options, opening a project, giving an answer."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from tianren import __version__
from tianren.errors import UserError
from tianren.language import say, set_language, speaks

if TYPE_CHECKING:
    from tianren.project.runs import RunResults

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Example: tianren demo

Draw and justify a country's ecological conservation redline, from the layers you hold.""",
)


def group(name: str, help: str) -> typer.Typer:
    """A group of commands of one subject, `tianren NAME ...`."""
    found = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", help=help)
    app.add_typer(found, name=name)
    return found


Folder = Annotated[
    Path | None,
    typer.Option(
        "--project", "-p", help="Project folder; default: this folder or the nearest above it."
    ),
]
ScenarioName = Annotated[
    str, typer.Option("--scenario", help="A file of scenarios/, laid over project.toml.")
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


def open_project_at(folder: Path | None, language: str | None = None, scenario: str = "") -> Any:
    from tianren.project.project import open_project

    found = _find_project(folder)
    if found is None:
        raise UserError(
            "there is no project.toml here or in a folder above",
            where=str(Path.cwd()),
            next_step="go into a project folder, or start one: tianren new my-country",
        )
    project = open_project(found, scenario)
    if language:
        speak(language)
    else:
        speak(project.language, str(found / "project.toml"))
    return project


def speak(tag: str, where: str = "--language") -> None:
    """Choose the language of this answer; one that Tianren does not speak is refused."""
    if not speaks(tag):
        raise UserError(
            say("Tianren does not speak {tag}", tag=tag or "''"), where=where,
            next_step=say("name one of en, zh, es"),
        )  # fmt: skip
    set_language(tag)


def progress_line() -> Any:
    """A progress line on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        return None
    from rich.console import Console

    console = Console(stderr=True)
    return lambda text: console.print(text, style="dim", markup=False)


def give(answer: Answer, as_json: bool) -> None:
    """Print an answer; of a run that was there already it is said that nothing has changed."""
    run = getattr(answer, "run", None)
    again = getattr(run, "again", False)
    if as_json:
        import json

        table = answer.as_dict()
        typer.echo(json.dumps({**table, "again": True} if again else table, ensure_ascii=False,
                              indent=2))  # fmt: skip
    else:
        typer.echo(answer.text())
        if run is not None and again:
            typer.echo(_unchanged(run))


def _unchanged(run: "RunResults") -> str:
    return say(
        "Nothing that this rests on has changed since {moment}: it is the run made then, with "
        "{n} parameters, which are in {file}",
        moment=run.record.get("finished", ""), n=len(run.record.get("parameters", ())),
        file=run.path("run.toml"),
    )  # fmt: skip


def main() -> None:
    """Run the command line; a person's error is told in words and ends with status 2."""
    try:
        app()
    except UserError as error:
        if "--json" in sys.argv:
            import json

            typer.echo(json.dumps(error.as_dict(), ensure_ascii=False), err=True)
        else:
            typer.secho(error.message(say), fg="red", err=True)
        raise SystemExit(2) from None
