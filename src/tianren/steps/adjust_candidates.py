"""Land that would make a proposal pass: graded but unprotected, cheapest in conflict first."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.delineation.redline import DEDUCTED
from tianren.io.rasters import open_raster
from tianren.io.vectors import write_vector
from tianren.language import say, say_many
from tianren.management.adjustment import NAME, latest_test
from tianren.management.candidates import Cells, chosen
from tianren.management.register import REDLINE
from tianren.management.three_no import Deficit, deficit
from tianren.parameters.crosswalks import ecosystems
from tianren.project.journal.home import project_journal
from tianren.project.journal.journal import Reader
from tianren.raster.raster import Grid, cell_area
from tianren.records import within
from tianren.reports import words
from tianren.steps.adjust import of_place, plan_of, scope_of
from tianren.steps.adjust_land import Planned
from tianren.steps.adjust_test import lines_of, shares_on, window_of
from tianren.steps.cases import require_case
from tianren.steps.told import Told
from tianren.steps.touched import Land, Near, near
from tianren.steps.zone_nature import land_cover

if TYPE_CHECKING:
    from tianren.project.project import Project

Floats = NDArray[np.float64]
IMPORTANT = 3  # the lowest grade that may come in
MOSTLY = 0.5  # of a cell must lie in the place for it to be a candidate


@dataclass(frozen=True)
class Found:
    """Candidates on a grid: numbers of the patches (0: none), what they bring, the place."""

    grid: Grid
    window: tuple[slice, slice]
    outline: Any
    patches: NDArray[np.int64]
    brought: Sequence[Mapping[str, float]]
    left: Deficit


def candidates(
    project: "Project", case_name: str, to: Path | None = None, *, day: dt.date | None = None
) -> Told:
    """Land that covers what a proposal lacks, as polygons that a new proposal can take up."""
    on = day or dt.date.today()
    journal = project_journal(project)
    with journal.reading() as reader:
        case = require_case(reader, NAME, case_name)
        test = latest_test(case)
        wanted = deficit(test) if test else Deficit()
        plan, around, land = plan_of(project, reader, case, on)
        scope = scope_of(project, case)
        place = with_line(reader, scope, of_place(reader, scope, around, on), on)
    journal.close()
    short = case.subject.partition("/")[2]
    if test is None or wanted.nothing or land.run is None:
        text = say("{subject} lacks no area and no function", subject=case.subject)
        return Told([text], {"subject": case.subject, "candidates": []})
    found = _look(project, wanted, plan, place, scope, land)
    path = to or project.folder / "exports" / f"candidates-{short}.gpkg"
    return _told(project, case.subject, found, path, short)


def with_line(reader: Reader, place: str, around: Near, day: dt.date) -> Near:
    """The zones of a place with the pieces of its neighbours near it: pieces end at cells, so they
    reach a little over the border, and what they hold is not free."""
    own = [around.shapes[z.subject] for z in around.zones if within(z.place, place)]
    bounds = shapely.total_bounds(np.array(own, dtype=object)).tolist()
    more = near(reader, bounds, day, REDLINE)
    known = {z.subject for z in around.zones}
    new = tuple(z for z in more.zones if z.subject not in known)
    return Near((*around.zones, *new), {**more.shapes, **around.shapes})


def _look(
    project: "Project", wanted: Deficit, plan: Planned, around: Near, place: str, land: Land
) -> Found:
    grids = next(iter(land.grades.values())).grid
    lines = lines_of(place, around, plan)
    window = window_of([lines.outline], grids)
    shape = (window[0].stop - window[0].start, window[1].stop - window[1].start)
    inside = shares_on([lines.outline], grids, *window).reshape(shape)
    every = [around.shapes[z.subject] for z in around.of(REDLINE)]
    taken = shares_on([*every, *([plan.added] if not plan.added.is_empty else [])], grids, *window)
    gone = shares_on([plan.removed] if not plan.removed.is_empty else [], grids, *window)
    line = taken.reshape(shape) > 0
    grade = np.max([g.read(window) for g in land.grades.values()], axis=0)
    free = (inside >= MOSTLY) & ~line & (gone.reshape(shape) == 0) & (grade >= IMPORTANT)
    free &= ~_deducted(land, window)
    area = inside * cell_area(grids)
    cells = Cells(
        free, line, _conflict(project, land, window), grade,
        {words.criterion(n): np.nan_to_num(np.maximum(r.read(window), 0)) * area
         for n, r in land.values.items()},
        area,
    )  # fmt: skip
    patches, brought, left = chosen(cells, wanted)
    return Found(grids, window, lines.outline, patches, brought, left)


def _deducted(land: Land, window: tuple[slice, slice]) -> Any:
    """Cells whose conflicts were taken out of the line."""
    assert land.run is not None  # noqa: S101  (asked before)
    step = open_raster(land.run.path("spatial_step.tif"), kind="category").read(window)
    return step == DEDUCTED


def _conflict(project: "Project", land: Land, window: tuple[slice, slice]) -> Floats:
    """How much stands against each cell: declared conflicts that were kept, and artificial land."""
    assert land.run is not None  # noqa: S101  (asked before)
    bits = open_raster(land.run.path("conflicts.tif"), kind="category").read(window)
    cost = np.where(bits > 0, 1.0, 0.0)
    found = land_cover(project, project.management.landcover)
    if found is None:
        return cost
    raster, types = found
    known = ecosystems()
    made = [code for code, kind in types.items() if known[kind].artificial]
    return np.asarray(cost + np.isin(raster.read(window), made), dtype=np.float64)


def _told(project: "Project", subject: str, found: Found, path: Path, short: str) -> Told:
    from geopandas import GeoDataFrame

    shapes = _polygons(found)
    rows = [{"candidate": n + 1, **brought} for n, brought in enumerate(found.brought)]
    lines = [
        say_many("{n} candidate within the same place:", "{n} candidates within the same place:",
                 len(rows)),
        "",
    ]  # fmt: skip
    lines += [
        f"  {row['candidate']:>3}  {float(row['area_m2']) / 1e6:>10,.3f} km²  "
        + say("conflict {c}", c=f"{float(row['conflict']):.2f}")
        for row in rows
    ]
    if rows:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        layer = GeoDataFrame(rows, geometry=shapes, crs=project.grid.crs.to_wkt())
        write_vector(path, layer, "candidates")
        lines += ["", say("Polygons: {path}", path=path),
                  say("Propose anew what leaves, with them: --remove ... --add {path}; and "
                      "take this proposal back: tianren adjust withdraw {case}", path=path,
                      case=short)]  # fmt: skip
    if not found.left.nothing:
        lines.append(_lacking(found.left))
    table = {"subject": subject, "candidates": rows, "file": str(path) if rows else "",
             "still_lacking": {"area_m2": found.left.area, **found.left.functions}}  # fmt: skip
    return Told(lines, table)


def _lacking(left: Deficit) -> str:
    parts = [f"{left.area / 1e6:,.3f} km²"] if left.area > 0 else []
    parts += [f"{name} {amount:,.4g}" for name, amount in left.functions.items()]
    return say("Even with all of them it would lack {what}.", what=", ".join(parts))


def _polygons(found: Found) -> list[Any]:
    """The patches as polygons: their cells, as far as they lie in the place."""
    affine = found.grid.affine
    shapes = []
    for n in range(1, len(found.brought) + 1):
        row, column = np.nonzero(found.patches == n)
        x = affine.c + affine.a * (found.window[1].start + column)
        y = affine.f + affine.e * (found.window[0].start + row)
        cells = shapely.union_all(shapely.box(x, y + affine.e, x + affine.a, y))
        shapes.append(shapely.intersection(cells, found.outline))
    return shapes
