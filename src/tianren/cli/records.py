"""The command of species records."""

from tianren.cli.frame import Folder, Json, Language, app, give, open_project_at, progress_line


@app.command(short_help="Read, match and clean species records.")
def records(project: Folder = None, language: Language = None, json: Json = False) -> None:
    """Example: tianren records

    Species records matched to names and cleaned; every dropped row keeps its reason.
    """
    from tianren.steps.records import records as step

    give(step(open_project_at(project, language), progress=progress_line()), json)
