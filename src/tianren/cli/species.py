"""The command of species: ranges, surfaces, key areas, tiny habitats."""

from tianren.cli.frame import Folder, Json, Language, app, give, open_project_at, progress_line


@app.command(short_help="Where species live, richness and endemism, key biodiversity areas.")
def species(project: Folder = None, language: Language = None, json: Json = False) -> None:
    """Example: tianren species

    Take each species' range from the best source there is, map richness and endemism, and screen
    sites by the criteria of key biodiversity areas.
    """
    from tianren.steps.species import species as step

    give(step(open_project_at(project, language), progress=progress_line()), json)
