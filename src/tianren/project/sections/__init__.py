"""The sections of project.toml beyond the line: one module a subject, each a table of its keys."""
