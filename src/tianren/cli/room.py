"""Room to live: suitability, parcels, seams, scenarios compared."""

from pathlib import Path
from typing import Annotated

import typer

from tianren.cli.frame import Folder, Json, RunId, app, give, open_project_at, progress_line


@app.command(short_help="What land is fit for, and where its use collides with that.")
def suitability(project: Folder = None, run: RunId = None, json: Json = False) -> None:
    """Example: tianren suitability

    Judge land for farming and towns, weigh it against the line, and show carrying capacity and
    conflicts by administrative unit.
    """
    from tianren.steps.suitability import suitability_of

    give(suitability_of(open_project_at(project), run=run, progress=progress_line()), json)
