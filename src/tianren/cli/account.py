"""The 30x30 account."""

from pathlib import Path
from typing import Annotated

import typer

from tianren.cli.frame import (
    Folder,
    Json,
    Language,
    ScenarioName,
    app,
    give,
    open_project_at,
    progress_line,
)


@app.command(short_help="The 30x30 account: what counts, what is missing, what would move it.")
def account(
    project: Folder = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option("--what-if", help="redline, oecm_queue, corridors or a source; again for "
                     "more. Default: all there are."),
    ] = None,
    add: Annotated[
        Path | None, typer.Option(help="A file of polygons to add as one more what-if.")
    ] = None,
    scenario: ScenarioName = "",
    language: Language = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Example: tianren account --what-if redline

    Count protected areas, OECMs and the redline towards 30 percent of land and of sea, overlap
    once; with years, representation, quality, the statement, and what would move each number.
    """
    from tianren.steps.account import account as step

    found = step(
        open_project_at(project, language, scenario), what_if=tuple(what_if or ()), add=add,
        progress=progress_line(),
    )  # fmt: skip
    give(found, json)
