"""What could be added to what is counted: the redline, the queue of OECMs, corridors, a drawing."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from tianren.errors import UserError
from tianren.io.sources import Entry, content_sha256
from tianren.io.vectors import read_result, read_vector
from tianren.language import say
from tianren.project.runs import RunResults, own_runs

if TYPE_CHECKING:
    from tianren.project.project import Project

WHOLE_REDLINE, QUEUE, CORRIDORS = "redline", "oecm_queue", "corridors"
Makers = Mapping[str, Callable[[], Any]]


def refuse_impossible(
    project: "Project", line: RunResults | None, names: tuple[str, ...], add: Path | None
) -> None:
    """Refuse what cannot be added before anything long is computed: a name that there is not, a
    layer or a file without polygons. Whether there is a queue the assessment says later."""
    known = _known(project, line, None)
    for name in names:
        if name != QUEUE:
            polygons_among(_shapes(project, known, name), name)
    if add is not None:
        polygons_among(_drawn(project, add), add.stem)


def what_ifs(
    project: "Project", line: RunResults | None, assessed: RunResults | None,
    names: tuple[str, ...], add: Path | None,
) -> dict[str, Any]:  # fmt: skip
    """Name -> polygons that are added: those named, or all that there are.

    Names: "redline", "oecm_queue" (what `tianren oecm` has in its queue), "corridors" (of the
    latest run), and any vector source of the catalog. add: a file of polygons.
    """
    known = _known(project, line, assessed)
    found = {name: _shapes(project, known, name) for name in names}
    if not names:
        found = {name: shapes for name, make in known.items() if len(shapes := make())}
    if add is not None:
        found[add.stem] = _drawn(project, add)
    return {name: _polygons(shapes, name) for name, shapes in found.items()}


def _shapes(project: "Project", known: Makers, name: str) -> Any:
    if name in known:
        return known[name]()
    if name in project.catalog and project.entry(name).is_vector:
        return project.vector(name)[0].geometry.to_numpy()
    raise UserError(
        say("there is nothing called {name} to add", name=name),
        where="--what-if",
        next_step=say(
            "use {names}, or --add FILE",
            names=", ".join(known) or say("a polygon source of catalog.toml"),
        ),
    )


def _known(project: "Project", line: RunResults | None, assessed: RunResults | None) -> Makers:
    """What there is to add, each with what reads its polygons."""
    found: dict[str, Callable[[], Any]] = {}
    if line is not None:
        found[WHOLE_REDLINE] = lambda: read_result(line.path("redline.gpkg")).geometry.to_numpy()
    if assessed is not None and assessed.rows("queue.csv"):
        found[QUEUE] = lambda: _queue(assessed)
    corridors = linked(project)
    if corridors is not None:
        path = corridors.path("corridors.gpkg")
        found[CORRIDORS] = lambda: read_result(path).geometry.to_numpy()
    drawn = project.account.candidates
    if drawn:
        found[drawn] = lambda: project.vector(drawn)[0].geometry.to_numpy()
    return found


def linked(project: "Project") -> RunResults | None:
    """The latest run of `tianren corridors`, where it drew some."""
    runs = own_runs(project, "corridors")
    return runs[-1] if runs and runs[-1].has("corridors.gpkg") else None


def _queue(assessed: RunResults) -> Any:
    places = read_result(assessed.path("oecm.gpkg"), "oecm")
    waiting = places["site"].astype(str).isin([row["site"] for row in assessed.rows("queue.csv")])
    return places.geometry[waiting].to_numpy()


def _drawn(project: "Project", path: Path) -> Any:
    """The polygons of a file, repaired and in the project's plane."""
    layer, _ = read_vector(Entry.brought(path, "vector"), project.grid.crs.to_wkt())
    return layer.geometry.to_numpy()


def polygons_among(shapes: Any, name: str, where: str = "--what-if") -> list[Any]:
    """The polygons among them; UserError where there is none."""
    flat = [s for s in shapes if s is not None and shapely.get_dimensions(s) == 2]
    if not flat:
        raise UserError(
            say("{name} has no polygons", name=name),
            where=where,
            by_how_much=say("{n} features, none of them a polygon", n=len(shapes)),
            next_step=say("give a polygon layer"),
        )
    return flat


def _polygons(shapes: Any, name: str) -> Any:
    """One valid polygon of all, as an array: overlap among them does not matter."""
    flat = np.array(polygons_among(shapes, name), dtype=object)
    return np.array([shapely.union_all(flat)], dtype=object)


def added_hash(add: Path | None) -> str:
    """What decides of an added file: its name and what it says."""
    if add is None:
        return ""
    if not add.exists():
        raise UserError(
            say("there is no such file"), where=str(add), next_step=say("name a file of polygons")
        )
    return f"{add.stem} {content_sha256(Entry.brought(add, 'vector'))}"
