"""Gap analysis: what zones hold, what they should, and what is missing."""

from typing import Annotated

import typer

from tianren.cli.frame import Folder, Json, Language, app, give, open_project_at, progress_line

Zone = Annotated[
    list[str] | None,
    typer.Option(
        "--zone", "-z", help="A zone; again for more. Default: those that project.toml names."
    ),
]


@app.command(short_help="What zones hold of species and ecosystems, and what is missing.")
def gaps(
    project: Folder = None, zone: Zone = None, language: Language = None, json: Json = False
) -> None:
    """Example: tianren gaps --zone protected --zone redline

    Measure what zones hold of each species, ecosystem type, ecoregion, function and key area
    against its target, and where the missing area can still be found.
    """
    from tianren.steps.gaps import gaps as find

    give(find(open_project_at(project, language), zone=zone, progress=progress_line()), json)
