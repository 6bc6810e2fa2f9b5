"""Scenarios: scenarios/NAME.toml holds any keys of project.toml, laid over it."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tianren.errors import UserError
from tianren.project.tables import read_table

FOLDER = "scenarios"


@dataclass(frozen=True)
class Scenario:
    """name: of its file; changes: what it says, as a table; path, text: to find lines in."""

    name: str
    changes: Mapping[str, Any]
    path: Path
    text: str


def scenario_names(folder: Path) -> list[str]:
    """The scenarios of a project, in order."""
    return sorted(path.stem for path in (folder / FOLDER).glob("*.toml"))


def read_scenario(folder: Path, name: str) -> Scenario:
    """A scenario by the name of its file; UserError with the nearest name where there is none."""
    names = scenario_names(folder)
    if name not in names:  # a name that is listed cannot lead out of the folder
        near = difflib.get_close_matches(name, names, n=1)
        known = f"use one of {', '.join(names)}" if names else f"write {FOLDER}/NAME.toml there"
        raise UserError(
            f"there is no scenario called {name}",
            where=str(folder / FOLDER),
            next_step=f"did you mean {near[0]}?" if near else known,
        )
    path = folder / FOLDER / f"{name}.toml"
    changes, text = read_table(path)
    return Scenario(name, changes, path, text)


def laid_over(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The table with the changes: tables are merged key by key, anything else is replaced."""
    out = dict(table)
    for key, value in changes.items():
        known = out.get(key)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        out[key] = laid_over(known, value) if both else value  # type: ignore[arg-type]
    return out
