"""The command of corridors."""

from tianren.cli.frame import Folder, Json, Language, app, give, open_project_at, progress_line


@app.command(short_help="What links the parts of the line, and what cannot be reached.")
def corridors(project: Folder = None, language: Language = None, json: Json = False) -> None:
    """Example: tianren corridors

    Corridors between the parts of the line, their pinch points, what each adds to connectivity,
    and the steps of migratory routes. Where project.toml says join = true, they join the line.
    """
    from tianren.steps.corridors import corridors as step

    give(step(open_project_at(project, language), progress=progress_line()), json)
