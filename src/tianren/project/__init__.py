"""A project is a folder: what is in project.toml and catalog.toml, and the runs in results/."""
