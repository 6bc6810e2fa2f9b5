"""The command of species distribution models."""

from typing import Annotated

import typer

from tianren.cli.frame import Folder, Json, Language, app, give, open_project_at, progress_line


@app.command(short_help="Where each species can live, from its records.")
def models(
    project: Folder = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Species at a time; default: the processors.")
    ] = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren models

    Model every species that has enough records, test each on land not seen, and map it now and in
    the climates of the project.
    """
    from tianren.steps.models import models as step

    give(step(open_project_at(project, language), workers=workers, progress=progress_line()), json)
