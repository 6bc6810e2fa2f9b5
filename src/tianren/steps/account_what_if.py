"""What could be added to what is counted: the redline, the queue of OECMs, corridors, a drawing."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from tianren.errors import UserError
from tianren.io.sources import Entry
from tianren.io.vectors import read_result, read_vector
from tianren.project.runs import RunResults, own_runs
from tianren.steps.account_ground import Ground

if TYPE_CHECKING:
    from tianren.project.project import Project

WHOLE_REDLINE, QUEUE, CORRIDORS = "redline", "oecm_queue", "corridors"


def what_ifs(
    project: "Project", ground: Ground, assessed: RunResults | None, names: tuple[str, ...],
    add: Path | None,
) -> dict[str, Any]:  # fmt: skip
    """Name -> polygons that are added: those named, or all that there are.

    Names: "redline", "oecm_queue" (what `tianren oecm` has in its queue), "corridors" (of the
    latest run), and any vector source of the catalog. add: a file of polygons.
    """
    known = _known(project, ground, assessed)
    found = {}
    for name in names or known:
        if name in known:
            found[name] = known[name]
        elif name in project.catalog and project.entry(name).is_vector:
            found[name] = project.vector(name)[0].geometry.to_numpy()
        else:
            raise UserError(
                f"there is nothing called {name} to add",
                where="--what-if",
                next_step=f"use {', '.join(known) or 'a polygon source of catalog.toml'}, or --add "
                "FILE",
            )
    if add is not None:
        found[add.stem] = _drawn(project, add)
    return {name: _polygons(shapes, name) for name, shapes in found.items()}


def _known(project: "Project", ground: Ground, assessed: RunResults | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if ground.pieces is not None and len(ground.pieces):
        found[WHOLE_REDLINE] = ground.pieces.geometry.to_numpy()
    if assessed is not None and len(queue := assessed.rows("queue.csv")):
        places = read_result(assessed.path("oecm.gpkg"), "oecm")
        waiting = places["site"].astype(str).isin([row["site"] for row in queue])
        found[QUEUE] = places.geometry[waiting].to_numpy()
    runs = own_runs(project, "corridors")
    if runs and runs[-1].has("corridors.gpkg"):
        found[CORRIDORS] = read_result(runs[-1].path("corridors.gpkg")).geometry.to_numpy()
    if project.account.candidates:
        layer, _ = project.vector(project.account.candidates)
        found[project.account.candidates] = layer.geometry.to_numpy()
    return {name: shapes for name, shapes in found.items() if len(shapes)}


def _drawn(project: "Project", path: Path) -> Any:
    """The polygons of a file, repaired and in the project's plane."""
    entry = Entry(path.stem, path.stem, "vector", folder=path.resolve().parent, uri=path.name)
    layer, _ = read_vector(entry, project.grid.crs.to_wkt())
    return layer.geometry.to_numpy()


def _polygons(shapes: Any, name: str) -> Any:
    """One valid polygon of all, as an array: overlap among them does not matter."""
    flat = [s for s in shapes if s is not None and shapely.get_dimensions(s) == 2]
    if not flat:
        raise UserError(
            f"{name} has no polygons", where="--what-if", next_step="give a polygon layer"
        )
    return np.array([shapely.union_all(np.array(flat, dtype=object))], dtype=object)


def added_hash(add: Path | None) -> str:
    """What decides of an added file: its name and its bytes."""
    if add is None:
        return ""
    if not add.exists():
        raise UserError(
            "there is no such file", where=str(add), next_step="name a file of polygons"
        )
    return f"{add.stem} {hashlib.sha256(add.read_bytes()).hexdigest()}"
