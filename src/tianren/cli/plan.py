"""The command of choice: what to keep where not everything can be inside."""

from pathlib import Path
from typing import Annotated

import typer

from tianren.cli.frame import (
    Folder,
    Json,
    Language,
    app,
    give,
    open_project_at,
    progress_line,
    speak,
)

Marxan = Annotated[
    Path | None,
    typer.Option("--marxan", help="Also write the problem into this folder as Marxan's files."),
]
FromMarxan = Annotated[
    Path | None,
    typer.Option("--from-marxan", help="Solve a folder of Marxan's files; no project is needed."),
]


@app.command(short_help="What to keep where not everything can be inside.")
def plan(
    project: Folder = None,
    marxan: Marxan = None,
    from_marxan: FromMarxan = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren plan --marxan marxan-files

    Choose planning units that meet the targets at least cost, or most of them within a budget, with
    a proven bound, and set the plan beside the line.
    """
    from tianren.steps.plan import plan as step
    from tianren.steps.plan_marxan import plan_marxan

    if from_marxan is not None:
        speak(language or "en")
        give(plan_marxan(from_marxan), json)
    else:
        opened = open_project_at(project, language)
        give(step(opened, marxan=marxan, progress=progress_line()), json)
