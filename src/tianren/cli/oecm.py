"""Other effective area-based conservation measures: which sites qualify, what they would add."""

from pathlib import Path
from typing import Annotated

import typer

from tianren.cli.frame import Folder, Json, Language, app, give, open_project_at, progress_line

TemplateFile = Annotated[
    Path | None,
    typer.Option("--template", help="Write a workbook to fill in, with a row for each criterion."),
]
By = Annotated[str, typer.Option("--by", help="Tell the queue by area gained, or by value.")]


@app.command(short_help="Which sites qualify as OECMs, and what they would add.")
def oecm(
    project: Folder = None,
    template: TemplateFile = None,
    by: By = "area",
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren oecm --template answers.xlsx

    Assess sites by the three steps and eight criteria of the IUCN site tool, class each piece of
    the redline as protected area, potential OECM or neither, and order the sites by what they add.
    """
    from tianren.steps.oecm import oecm as assess
    from tianren.steps.oecm_template import template as write

    opened = open_project_at(project, language)
    if template is not None:
        give(write(opened, template), json)
    else:
        give(assess(opened, by=by, progress=progress_line()), json)
