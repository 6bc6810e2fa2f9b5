"""How sure is the line? `tianren delineate --robustness N`: the line drawn again N times."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tianren.delineation import redline, robustness
from tianren.delineation.compute import Note
from tianren.delineation.criteria import compute
from tianren.delineation.plan import CriterionPlan, plan_order
from tianren.delineation.redline import Ground
from tianren.findings import Finding
from tianren.io.rasters import open_raster, raster_sink
from tianren.language import say
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.project.runs import Run
from tianren.raster.blocks import map_blocks
from tianren.raster.raster import Raster, Sink, cell_area
from tianren.steps.criteria import (
    Preparation,
    RunShelf,
    deciding_parameters,
    planned,
    prepare,
)
from tianren.steps.declared import declared
from tianren.steps.stages import FileStore


@dataclass(frozen=True)
class Sureness:
    """What the draws add to a run."""

    measures: list[Measure]
    findings: list[Finding]
    record: Mapping[str, Any]


@dataclass
class DrawShelf:
    """The rasters of one draw: what a drawn parameter changes is made anew, the rest is the run's.

    changed: (name, role) of what depends on a drawn parameter.
    """

    base: RunShelf
    folder: str
    changed: frozenset[tuple[str, str]]
    notes: dict[tuple[str, str], Note] = field(default_factory=dict)
    units: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)

    def done(self, name: str, role: str) -> bool:
        if (name, role) in self.changed:
            return (name, role) in self.notes
        return self.base.done(name, role)

    def sink(self, name: str, role: str, unit: str, category: bool) -> Sink:
        self.units[name, role] = unit, category
        dtype = "float32" if not category else "uint8" if role == "grade" else "int32"
        path = self.base.run.path(f"{self.folder}/{role}-{name}.tif")
        return raster_sink(path, self.base.project.grid, dtype=dtype, unit=unit)

    def open(self, name: str, role: str) -> Raster:
        if (name, role) not in self.changed:
            return self.base.open(name, role)
        unit, category = self.units[name, role]
        path = self.base.run.path(f"{self.folder}/{role}-{name}.tif")
        return open_raster(
            path, name=name, unit=unit, kind="category" if category else "continuous",
            grid=self.base.project.grid,
        )  # fmt: skip

    def keep(self, name: str, role: str, note: Note) -> None:
        self.notes[name, role] = note

    def note(self, name: str, role: str) -> Note:
        return (
            self.notes[name, role] if (name, role) in self.changed else self.base.note(name, role)
        )


@dataclass(frozen=True)
class _Draw:
    """What every draw starts from. behind: criterion -> its parameters; made: what is made by a
    recipe -> its parameters; must: the parameters that must-include areas depend on; deciding:
    those that decide whether a criterion applies here."""

    ready: Preparation
    run: Run
    parameters: Parameters
    ground: Ground
    behind: Mapping[str, Sequence[str]]
    made: Mapping[str, frozenset[str]]
    must: frozenset[str]
    deciding: frozenset[str]


def draw_again(
    ready: Preparation,
    run: Run,
    parameters: Parameters,
    ground: Ground,
    line: Raster,
    n: int,
    seed: int,
    behind: Mapping[str, Sequence[str]],
    progress: Callable[[str], None],
) -> Sureness:
    """Draw the line n times over the ranges of the parameters in use; writes the frequency map.

    line: the run's own line, above zero inside.
    Values are computed again only where a drawn parameter is behind them, grades only where their
    values or their own parameters change. The result depends on the seed, not on workers; a draw
    that is already there is not made again.
    """
    from tianren.delineation.plan import parameters_of
    from tianren.delineation.recipes import Context

    made = parameters_of(ready.plans, Context(parameters, ready.available))
    must = _must_parameters(ready, run, parameters)
    draws = robustness.draw_settings(parameters.used(), n, seed)
    deciding = deciding_parameters(ready.project, parameters, ready.available)
    start = _Draw(ready, run, parameters, ground, behind, made, must, deciding)
    masks = []
    for i in range(n):
        progress(say("draw {i} of {n}", i=i + 1, n=n))
        masks.append(_line_of(start, draws, i))
    store = FileStore(run, ready.project.grid)
    if not store.done("frequency"):
        robustness.frequency(masks, ready.realm, store.sink("frequency"))
    always = robustness.always_cells(store.raster("frequency"))
    cells = [robustness.inside_cells(mask) for mask in masks]
    kept = robustness.kept_cells(store.raster("frequency"), line)
    found = robustness.summarise(draws, cells, always, kept)
    found = replace(found, without_effect=_without_effect(start, found, progress))
    place, period = ready.project.name, str(ready.project.day.year)
    cell = cell_area(ready.project.grid)
    return Sureness(
        robustness.measures(found, cell, place, period),
        robustness.findings(found),
        found.record(),
    )


def _must_parameters(ready: Preparation, run: Run, parameters: Parameters) -> frozenset[str]:
    """The parameters that the must-include areas read."""
    own = parameters.with_settings({})
    declared(ready.project, own, FileStore(run, ready.project.grid))
    return frozenset(s.id for s in own.used())


def _line_of(start: _Draw, draws: robustness.Draws, i: int) -> Raster:
    """The line of one draw, 1 inside and 0 elsewhere."""
    name = f"work/draws/{i + 1:05d}"
    path = start.run.path(f"{name}.tif")
    grid = start.ready.project.grid
    if not path.exists():
        settings = draws.at(i)
        parameters = start.parameters.with_settings(settings)
        store = FileStore(start.run, grid, prefix=f"draws/{i + 1:05d}/")
        ground = _ground(start, frozenset(settings), parameters, store, name)
        limit = redline.limits(
            parameters.number("redline.minimum_area"), parameters.number("redline.hole_limit"), grid
        )
        mask, _ = redline.inside(ground, limit, store)
        map_blocks(_same, [redline.as_flag(mask)], [raster_sink(path, grid, dtype="uint8")])
        shutil.rmtree(start.run.folder / name, ignore_errors=True)
    return open_raster(path, kind="category", grid=grid)


def _ground(
    start: _Draw, drawn: frozenset[str], parameters: Parameters, store: FileStore, folder: str
) -> Ground:
    """The ground of one draw: its grades, and must-include areas where a draw shapes them."""
    ground = replace(start.ground, grades=_grades(start, drawn, parameters, folder))
    if not start.must & drawn:
        return ground
    found = declared(start.ready.project, parameters, store)
    return replace(ground, must=found.must, levels=[m.level for m in found.names])


def _grades(
    start: _Draw, drawn: frozenset[str], parameters: Parameters, folder: str
) -> dict[str, Raster]:
    """The grades of one draw; what no drawn parameter is behind is the run's own."""
    ready = _planned_again(start, drawn, parameters)
    changed = _changed(start, ready, drawn)
    if ready is start.ready and not changed:
        return dict(start.ground.grades)
    shelf = DrawShelf(RunShelf(ready.project, start.run), folder, changed)
    result = compute(
        ready.plans, ready.available, ready.rasters, ready.realm, shelf, parameters,
        zones=ready.zones, place=ready.project.name,
    )  # fmt: skip
    return {name: shelf.open(name, "grade") for name in result.computed}


def _planned_again(start: _Draw, drawn: frozenset[str], parameters: Parameters) -> Preparation:
    """What a draw computes: other criteria than the run, where a drawn limit makes them apply."""
    if not drawn & start.deciding:
        return start.ready
    plans, _ = planned(start.ready.project, parameters)
    if _computed(plans) == _computed(start.ready.plans):
        return start.ready
    return prepare(start.ready.project, parameters)


def _computed(plans: Sequence[CriterionPlan]) -> list[str]:
    return [p.id for p in plans if p.status == "computed"]


def _changed(start: _Draw, ready: Preparation, drawn: frozenset[str]) -> frozenset[tuple[str, str]]:
    """What a draw has to make: factors and values by their parameters, grades by theirs, and all
    that the run itself did not."""
    criteria = {p.id for p in ready.plans}
    known = {name: names & drawn for name, names in start.made.items()}
    made = [r.makes for r in plan_order(ready.plans)]
    values = [name for name in made if known.get(name, True)]
    grades = [
        name for name in _computed(ready.plans)
        if name not in start.behind or drawn & {*start.behind[name]}
    ]  # fmt: skip
    return frozenset(
        {(name, "value" if name in criteria else "factor") for name in values}
        | {(name, "grade") for name in grades}
    )


def _without_effect(
    start: _Draw, found: robustness.Robustness, progress: Callable[[str], None]
) -> tuple[str, ...]:
    """The parameters that change no grade of any cell at either end of their range.

    Asked one at a time of those whose effect the draws cannot tell from none; not of limits of the
    spatial step and of must-include areas, which are behind no grade.
    """
    graded = {name for names in start.behind.values() for name in names} - start.must
    asked = [name for name in found.by_chance if name in graded]
    if asked:
        progress(say("one parameter at a time: {names}", names=", ".join(asked)))
    return tuple(name for name in asked if not _moves_a_grade(start, found.draws, name))


def _moves_a_grade(start: _Draw, draws: robustness.Draws, name: str) -> bool:
    for end in (0.0, 1.0):
        folder = f"work/alone/{name}-{end:g}"
        parameters = start.parameters.with_settings({name: draws.settings[name].at(end)})
        grades = _grades(start, frozenset({name}), parameters, folder)
        moved = robustness.differ(grades, start.ground.grades)
        shutil.rmtree(start.run.folder / folder, ignore_errors=True)
        if moved:
            return True
    return False


def _same(cells: Any) -> Any:
    return cells
