"""Protected areas and OECMs: what became of each record."""

from pathlib import Path
from typing import Annotated

import typer

from tianren.cli.frame import Folder, Json, Language, app, give, open_project_at


@app.command(short_help="Protected areas and OECMs: which records count, and why not the others.")
def sites(
    format: Annotated[
        str, typer.Option(help="Write those that count: gpkg or shapefile. Default: nothing.")
    ] = "",
    schema: Annotated[
        str, typer.Option(help="Of the World Database: newer (SITE_ID) or older (WDPAID).")
    ] = "newer",
    to: Annotated[
        Path | None, typer.Option(help="Folder; default: exports/ of the project.")
    ] = None,
    project: Folder = None,
    language: Language = None,
    json: Json = False,
) -> None:
    """Example: tianren sites --format gpkg

    Read the records of protected areas and OECMs, clean them by the rules in force, and say what
    became of each; write those that count in the schema of the World Database.
    """
    from tianren.steps.site_records import site_records

    give(site_records(open_project_at(project, language), format, to, schema), json)
