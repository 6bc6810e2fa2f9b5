"""The project's line as it stands: as the register keeps it, where it keeps one, else as drawn.

A line that is kept moves by adjustment, without being drawn again. What asks for the line then
takes the drawn run with the cells and pieces that have moved since.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from tianren.findings import Finding, Severity
from tianren.io.rasters import open_raster, raster_sink
from tianren.io.vectors import read_result, write_vector
from tianren.language import say
from tianren.management.register import REDLINE, Zone
from tianren.project.digests import text_sha256
from tianren.project.journal.home import has_journal, project_journal
from tianren.project.runs import RunResults, latest_run, open_run
from tianren.raster.raster import whole
from tianren.steps.progress import Progress
from tianren.steps.register_fold import ZONES, shapes_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.project.project import Project

CELLS, PIECES = "redline_cells.tif", "redline.gpkg"
LEAST_M2 = 1.0  # less is the drawing's own error
HALF = 0.5  # a cell follows the larger part of it


def standing_line(project: "Project") -> RunResults | None:
    """The line of the register, else the latest drawn, None without either.

    A scenario has the line that was drawn for it: the register keeps what is, not what if.
    """
    return kept_line(project) or latest_run(project, "delineate")


def kept_line(project: "Project") -> RunResults | None:
    """The drawn run with what has moved since it was entered into the register; None where no
    register keeps the line of the project as it stands."""
    if project.scenario is not None or not has_journal(project.folder, project.store):
        return None
    zones, shapes = kept_pieces(project)
    if not zones:
        return None
    drawn = Counter(str(zone.attributes.get("run", "")) for zone in zones)
    run = open_run(project, min(drawn, key=lambda name: (-drawn[name], name)), step="delineate")
    layer = read_result(run.path(PIECES), "redline")
    return moved_line(project, run, layer, zones, shapes)


def line_of(project: "Project", run: str | None = None, progress: Progress = None) -> RunResults:
    """The run named, else the line as it stands, else the line drawn now.

    Where no line is kept, the project's own line is drawn again if its layers have changed.
    """
    if run:
        return open_run(project, run, step="delineate")
    if (kept := kept_line(project)) is not None:
        return kept
    from tianren.steps.delineate import delineate

    return delineate(project, report=False, progress=progress).run


def kept_state(line: RunResults | None) -> dict[str, str]:
    """What a run that rests on the line adds to its settings: nothing for a line as drawn."""
    return {"kept_line": line.kept} if line is not None and line.kept else {}


def about_kept(line: RunResults | None) -> list[Finding]:
    """That the line is the register's and no longer the drawn one."""
    if line is None or not line.kept:
        return []
    message = say("the line is the one of the register, adjusted since {run} was drawn",
                  run=line.id)  # fmt: skip
    return [Finding("line.kept", line.id, Severity.NOTE, message)]


def kept_pieces(project: "Project") -> tuple[list[Zone], Mapping[str, Any]]:
    """The pieces that stand today, by code, and subject -> shape."""
    journal = project_journal(project)
    with journal.reading() as reader:
        states = reader.states(ZONES)
        zones = [z for z in states.values() if z.kind == REDLINE and z.stands]
        shapes = shapes_of(reader, zones) if zones else {}
    journal.close()
    return sorted(zones, key=lambda zone: zone.code), shapes


def moved_line(
    project: "Project", run: RunResults, layer: "GeoDataFrame", zones: Sequence[Zone],
    shapes: Mapping[str, Any],
) -> RunResults:  # fmt: skip
    """The drawn run with the files of the line as it is kept; itself where nothing has moved."""
    drawn = dict(zip(layer["code"].astype(str), layer.geometry, strict=True))
    now = {zone.code: shapes[zone.subject] for zone in zones}
    if drawn.keys() == now.keys() and not _moved(project, drawn, now):
        return run
    text = "".join(f"{z.code} {z.boundary} {z.name} {z.level}\n" for z in zones)
    key = text_sha256(f"{run.id}\n{text}")[:12]
    folder = project.cache_folder / "kept_line" / key
    files = {name: folder / name for name in (CELLS, PIECES)}
    if not all(path.exists() for path in files.values()):
        folder.mkdir(parents=True, exist_ok=True)
        numbers = _numbers(layer, zones)
        _write_cells(project, run, files[CELLS], drawn, now, numbers)
        write_vector(files[PIECES], _pieces(layer, zones, shapes, numbers), "redline")
    return replace(run, kept=key, moved=files)


def _moved(project: "Project", drawn: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether a piece is other land of the country than was drawn: what reached beyond the border
    was cut off when the line was entered, and is no change of it."""
    other = [code for code in now if not now[code].equals_exact(drawn[code], 0)]
    if not other:
        return False
    changed = [shapely.symmetric_difference(now[code], drawn[code]) for code in other]
    return bool((shapely.area(shapely.intersection(changed, project.outline)) >= LEAST_M2).any())


def _numbers(layer: "GeoDataFrame", zones: Sequence[Zone]) -> dict[str, int]:
    """Code -> number of its cells: as drawn, and new numbers for new pieces."""
    found = dict(zip(layer["code"].astype(str), map(int, layer["piece"]), strict=True))
    for zone in zones:
        found.setdefault(zone.code, max(found.values(), default=0) + 1)
    return found


def _write_cells(
    project: "Project", run: RunResults, path: Path, drawn: Mapping[str, Any],
    now: Mapping[str, Any], numbers: Mapping[str, int],
) -> None:  # fmt: skip
    """The drawn cells, without those that left the line, with those that came to a piece."""
    from tianren.geo.fractions import cell_fractions

    cells = open_raster(run.path(CELLS), kind="category", grid=project.grid).read().ravel().copy()
    before, after = (shapely.union_all(list(shapes.values())) for shapes in (drawn, now))
    gone = shapely.intersection(shapely.difference(before, after), project.outline)
    left = cell_fractions([gone], project.grid).toarray().ravel()
    cells[left > HALF] = 0
    nothing = shapely.Polygon()
    came = {
        code: shapely.difference(shape, drawn.get(code, nothing)) for code, shape in now.items()
        if code not in drawn or not shape.equals_exact(drawn[code], 0)
    }  # fmt: skip
    shares = cell_fractions(list(came.values()), project.grid)
    for i, code in enumerate(came):
        cells[np.asarray(shares[[i]].toarray()).ravel() >= HALF] = numbers[code]
    sink = raster_sink(path, project.grid, dtype="int32", nodata=0.0, tags={"name": "cells"})
    sink.write(whole(project.grid), np.maximum(cells, 0).reshape(project.grid.shape))
    sink.close()


def _pieces(
    layer: "GeoDataFrame", zones: Sequence[Zone], shapes: Mapping[str, Any],
    numbers: Mapping[str, int],
) -> "GeoDataFrame":  # fmt: skip
    """The layer of pieces as they are kept, with the columns of the drawn one."""
    from geopandas import GeoDataFrame

    columns = [name for name in layer.columns if name != "geometry"]
    rows = {str(row["code"]): row for row in layer[columns].to_dict("records")}
    empty = dict.fromkeys(columns, "")
    kept = [
        {
            **empty, **rows.get(zone.code, {}),
            **{name: str(v) for name, v in zone.attributes.items() if name in empty},
            "code": zone.code, "name": zone.name, "level": zone.level,
            "area_m2": float(zone.area_m2), "piece": numbers[zone.code],
        }
        for zone in zones
    ]  # fmt: skip
    geometry = [shapes[zone.subject] for zone in zones]
    return GeoDataFrame(kept, columns=[*columns], geometry=geometry, crs=layer.crs)
