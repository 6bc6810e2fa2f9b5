"""The command of habitat quality."""

from tianren.cli.frame import Folder, Json, Language, app, give, open_project_at, progress_line


@app.command(short_help="How good habitats are, and what degrades them.")
def habitat(project: Folder = None, language: Language = None, json: Json = False) -> None:
    """Example: tianren habitat

    Habitat quality from land cover and the threats around it, with each threat's part.
    """
    from tianren.steps.habitat import habitat as step

    give(step(open_project_at(project, language), progress=progress_line()), json)
