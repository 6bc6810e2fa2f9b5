"""An auditor's eye: figures that contradict each other."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from tianren.cli.frame import Folder, Json, Language, RunId, app, give, open_project_at, speak


@app.command(short_help="Figures that contradict each other, in tables or runs.")
def audit(
    tables: Annotated[
        list[Path] | None, typer.Argument(help="Tables of figures; none: the project's runs.")
    ] = None,
    project: Folder = None,
    run: RunId = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren audit figures.csv

    Find figures that cannot all be true: one quantity with two values, parts that do not make
    their total, percentages that no count gives, conversions that convert nothing. A contradiction
    ends with status 1.
    """
    from tianren.parameters import Parameters
    from tianren.steps.audit import audit_runs, audit_tables

    if tables:
        speak(language or "en")
        found = audit_tables(tables, Parameters(dt.date.today()))
    else:
        found = audit_runs(open_project_at(project, language), run)
    give(found, json)
    if found.faults:
        raise typer.Exit(1)
