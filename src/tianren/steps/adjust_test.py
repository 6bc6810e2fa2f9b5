"""The three-no test of a proposal, on the line as it is and as it would be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.accounting.connectivity import link_rules, network, patches, protconn
from tianren.geo import seams
from tianren.geo.fractions import cell_fractions
from tianren.io.rasters import open_raster
from tianren.management.adjustment import Item, exempt_loss
from tianren.management.register import REDLINE, UNIT
from tianren.management.three_no import (
    Check,
    ThreeNo,
    additions_check,
    area_check,
    climate_neutral,
    connectivity_check,
    conversion_check,
    function_check,
    seams_check,
    species_checks,
)
from tianren.parameters import Parameters
from tianren.parameters.crosswalks import ecosystems
from tianren.project.runs import RunResults
from tianren.raster.raster import MISSING, Grid, cell_area
from tianren.records import depth, within
from tianren.reports import words
from tianren.steps.adjust_land import Planned
from tianren.steps.touched import Land, Near
from tianren.steps.zone_nature import land_cover

if TYPE_CHECKING:
    from tianren.project.project import Project

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Lines:
    """The line of a place before and after: shapes of its pieces. place: its shape."""

    place: str
    outline: Any
    before: Sequence[Any]
    after: Sequence[Any]


def lines_of(place: str, around: Near, plan: Planned) -> Lines:
    """The pieces of a place, as they are and as they would be. around: all zones of the place."""
    changes = plan.changes
    own = [z for z in around.of(REDLINE) if within(z.place, place)]
    gone = {z.subject for z in changes.ended}
    moved = {m.zone.subject: m.boundary for m in changes.moved}
    after = [
        shapely.from_wkb(plan.shapes[moved[z.subject]]) if z.subject in moved
        else around.shapes[z.subject]
        for z in own
        if z.subject not in gone
    ]  # fmt: skip
    after += [shapely.from_wkb(plan.shapes[z.boundary]) for z in changes.new
              if within(z.place, place)]  # fmt: skip
    return Lines(place, _outline(place, around), [around.shapes[z.subject] for z in own], after)


def _outline(place: str, around: Near) -> Any:
    units = around.of(UNIT)
    mine = [z for z in units if z.place == place] or [z for z in units if depth(z.place) == 1]
    return shapely.union_all(np.array([around.shapes[z.subject] for z in mine], dtype=object))


@dataclass(frozen=True)
class Baseline:
    """The line of a place on the day it was first entered, whole m2, and what left it since by
    exempt causes: against today's area alone, small losses could go on for ever."""

    area: int
    exempt: int


def three_no(
    project: "Project", items: Sequence[Item], plan: Planned, lines: Lines, land: Land,
    baseline: Baseline, values: RunResults | None = None,
) -> ThreeNo:  # fmt: skip
    """Every check. land: the run that drew the line; baseline: against which area is held; values:
    a later run whose functions the new line is valued by, with the climate taken out by the land
    outside both lines."""
    parameters = project.parameters()
    after = sum(round(float(shapely.area(shape))) for shape in lines.after)
    exempt = baseline.exempt + exempt_loss(items)
    checks: list[Check] = [area_check(baseline.area, after, exempt, parameters)]
    checks += _functions(lines, land, values, parameters)
    checks += _nature(project, lines, plan, parameters)
    checks.append(_connectivity(lines, parameters))
    checks += _species(project, plan, land, parameters)
    checks += _seams(project, lines, land, parameters)
    return ThreeNo(lines.place, tuple(checks))


# -- functions -------------------------------------------------------------------------------------


def shares_on(shapes: Sequence[Any], grid: Grid, rows: slice, columns: slice) -> Floats:
    """The share of each cell of a window that shapes of one coverage cover, row by row."""
    if not len(shapes):
        return np.zeros((rows.stop - rows.start) * (columns.stop - columns.start), dtype=np.float64)
    found = cell_fractions(list(shapes), grid[rows, columns])
    return np.asarray(found.sum(axis=0), dtype=np.float64).ravel()


def window_of(shapes: Sequence[Any], grid: Grid) -> tuple[slice, slice]:
    """The window of a grid that holds shapes."""
    west, south, east, north = shapely.total_bounds(np.array(list(shapes), dtype=object))
    columns, rows = ~grid.affine @ (np.array([west, east]), np.array([north, south]))
    first = np.maximum(np.floor([rows.min(), columns.min()]).astype(int), 0)
    last = np.minimum(np.ceil([rows.max(), columns.max()]).astype(int), grid.shape)
    return slice(int(first[0]), max(int(last[0]), int(first[0]) + 1)), slice(
        int(first[1]), max(int(last[1]), int(first[1]) + 1)
    )


def _functions(
    lines: Lines, land: Land, values: RunResults | None, parameters: Parameters
) -> list[Check]:
    if land.run is None or not land.values:
        return []
    grid = next(iter(land.values.values())).grid
    window = window_of([*lines.before, *lines.after, lines.outline], grid)
    before, after = (shares_on(s, grid, *window) for s in (lines.before, lines.after))
    outside = np.where((before + after) == 0, shares_on([lines.outline], grid, *window), 0.0)
    cell = cell_area(grid)
    found = []
    for name, raster in land.values.items():
        now = np.maximum(raster.read(window).ravel(), 0)
        later = now if values is None else _later(values, name, window)
        was = float(np.nansum(before * now)) * cell
        will = float(np.nansum(after * later)) * cell
        if values is not None:
            reference = (float(np.nansum(outside * layer)) for layer in (now, later))
            will = climate_neutral(will, *reference)
        found.append(function_check(words.criterion(name), was, will, raster.unit, parameters))
    return found


def _later(values: RunResults, name: str, window: tuple[slice, slice]) -> Floats:
    raster = open_raster(values.path(f"values/{name}.tif"), name=name)
    return np.asarray(np.maximum(raster.read(window).ravel(), 0), dtype=np.float64)


# -- nature ----------------------------------------------------------------------------------------


def _nature(project: "Project", lines: Lines, plan: Planned, parameters: Parameters) -> list[Check]:
    now = natural_of(project, project.management.landcover)
    was = natural_of(project, project.management.landcover_before)
    found = [_conversion(lines, was, now)]
    area = float(shapely.area(plan.added))
    artificial = None if now is None else _made(plan.added, *now)
    more = additions_check(area, artificial, parameters)
    return [*found, *([more] if more else [])]


Natural = tuple[Any, Mapping[int, bool]]


def natural_of(project: "Project", source: str) -> Natural | None:
    """A land cover and code -> whether the class is natural; None where none is given."""
    if not source and project.serving("landcover") is None:
        return None
    found = land_cover(project, source)
    if found is None:
        return None
    raster, types = found
    known = ecosystems()
    return raster, {code: not known[kind].artificial for code, kind in types.items()}


def _conversion(lines: Lines, was: Natural | None, now: Natural | None) -> Check:
    """Natural land of the line that stays in it, then and now."""
    if was is None or now is None or was[0] is now[0] or was[0].name == now[0].name:
        return conversion_check(None, None)
    grid = now[0].grid
    window = window_of([*lines.before, lines.outline], grid)
    kept = np.minimum(shares_on(lines.before, grid, *window),
                      shares_on(lines.after, grid, *window))  # fmt: skip
    first, second = (_flags(*layer, window) for layer in (was, now))
    cell = cell_area(grid)
    before, both = float((kept * first).sum() * cell), float((kept * first * second).sum() * cell)
    return conversion_check(before, both)


def _flags(raster: Any, natural: Mapping[int, bool], window: tuple[slice, slice]) -> Floats:
    codes = raster.read(window).ravel()
    made = [code for code, yes in natural.items() if yes]
    return np.asarray(np.isin(codes, made), dtype=np.float64)


def _made(added: Any, raster: Any, natural: Mapping[int, bool]) -> float:
    """m2 of what comes in that people made."""
    if added.is_empty:
        return 0.0
    window = window_of([added], raster.grid)
    shares = shares_on([added], raster.grid, *window)
    codes = raster.read(window).ravel()
    made = [code for code, yes in natural.items() if not yes]
    return float((shares * (np.isin(codes, made) & (codes != MISSING))).sum()
                 * cell_area(raster.grid))  # fmt: skip


# -- connection, species, seams --------------------------------------------------------------------


def _connectivity(lines: Lines, parameters: Parameters) -> Check:
    rules = link_rules(parameters)
    before, after = (_eca(shapes, lines.outline, rules) for shapes in (lines.before, lines.after))
    return connectivity_check(before, after, parameters)


def _eca(shapes: Sequence[Any], outline: Any, rules: Any) -> float:
    """Connected area of the line of a place, which reaches a little beyond its outline."""
    if not len(shapes):
        return 0.0
    frame = shapely.union_all(np.array([outline, *shapes], dtype=object))
    found = patches(np.array(list(shapes), dtype=object), frame)
    return float(protconn(network(found, rules), frame, rules).eca)


def _species(project: "Project", plan: Planned, land: Land, parameters: Parameters) -> list[Check]:
    """Species whose held range changes; held: in the whole country's line."""
    ranges = land.ranges
    moved = plan.moved_area
    if ranges is None or moved <= 0 or land.run is None:
        return []
    grid = project.grid
    if ranges.cells.shape[1] != grid.shape[0] * grid.shape[1]:
        return []
    whole = (slice(0, grid.shape[0]), slice(0, grid.shape[1]))
    cells = open_raster(land.run.path("redline_cells.tif"), kind="category").read().ravel() > 0
    out, in_ = (shares_on([s] if not s.is_empty else [], grid, *whole)
                for s in (plan.removed, plan.added))  # fmt: skip
    before = np.asarray(ranges.cells @ cells.astype(np.float64)) * ranges.cell_m2
    change = np.asarray(ranges.cells @ (in_ - out)) * ranges.cell_m2
    # The cells of the run stand for the line before; what was adjusted since is a hair of it.
    held = {
        str(name): (float(b), max(float(b + c), 0.0))
        for name, b, c in zip(ranges.names, before, change, strict=True)
        if abs(c) > 1e-6
    }
    return species_checks(held, parameters)


def _seams(project: "Project", lines: Lines, land: Land, parameters: Parameters) -> list[Check]:
    """How much of the borders that the line touches here it goes on across, before and after."""
    levels = [level.name for level in project.admin]
    if land.run is None or project.piece_level not in levels:
        return []
    units, _ = project.admin_codes(project.piece_level)
    grid = units.grid
    window = window_of([*lines.before, *lines.after], grid)
    numbers = np.where(units.read(window) == MISSING, 0, units.read(window))
    least = parameters.number("seams.important_grade")
    grades = [g.read(window) for g in land.grades.values()]
    important = np.max(grades, axis=0) >= least if grades else np.zeros(numbers.shape, dtype=bool)
    line = open_raster(land.run.path("redline_cells.tif"), kind="category").read(window) > 0
    side = cell_area(grid) ** 0.5
    depth_cells = int(parameters.number("seams.tolerance") // side)
    shape = numbers.shape
    was = shares_on(lines.before, grid, *window).reshape(shape) >= 0.5
    will = shares_on(lines.after, grid, *window).reshape(shape) >= 0.5
    others = line & ~was  # pieces of other divisions, as the run drew them
    shares = [
        _continuity(numbers, red | (others & ~was), important, depth_cells, side)
        for red in (was, will)
    ]
    check = seams_check(*shares)
    return [check] if check else []


def _continuity(
    units: Any, red: Any, important: Any, depth_cells: int, side: float
) -> float | None:
    states = np.where(red, seams.RED, np.where(important, seams.IMPORTANT, seams.ORDINARY))
    edges = seams.border_edges(units, states, depth_cells)
    return seams.continuity(seams.borders(edges, side, side))
