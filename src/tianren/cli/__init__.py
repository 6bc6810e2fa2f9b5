"""The command line: each command is one step, its answer as text or, with --json, as data.

One module a subject; a new one is imported here, in the order in which `tianren --help` lists them.
"""

from tianren.cli import (
    account,
    adjust,
    audit,
    check_project,
    corridors,
    gaps,
    habitat,
    journal,
    line,
    models,
    occupation,
    oecm,
    plan,
    records,
    register,
    room,
    sites,
    species,
    supervise,
)
from tianren.cli.frame import app, main

__all__ = [
    "account",
    "adjust",
    "app",
    "audit",
    "check_project",
    "corridors",
    "gaps",
    "habitat",
    "journal",
    "line",
    "main",
    "models",
    "occupation",
    "oecm",
    "plan",
    "records",
    "register",
    "room",
    "sites",
    "species",
    "supervise",
]
