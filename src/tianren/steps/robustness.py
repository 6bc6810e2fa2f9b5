"""How sure is the line? `tianren delineate --robustness N`: the line drawn again N times."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tianren.delineation import redline, robustness
from tianren.delineation.compute import Note
from tianren.delineation.criteria import compute
from tianren.delineation.redline import Ground
from tianren.findings import Finding
from tianren.io.rasters import open_raster, raster_sink
from tianren.language import say
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.project.runs import Run
from tianren.raster.blocks import map_blocks
from tianren.raster.raster import Raster, Sink, cell_area
from tianren.steps.criteria import Preparation, RunShelf
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
    recipe -> its parameters; must: the parameters that must-include areas depend on."""

    ready: Preparation
    run: Run
    parameters: Parameters
    ground: Ground
    behind: Mapping[str, Sequence[str]]
    made: Mapping[str, frozenset[str]]
    must: frozenset[str]


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
    start = _Draw(ready, run, parameters, ground, behind, made, must)
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
    changed = _changed(start, drawn)
    shelf = DrawShelf(RunShelf(start.ready.project, start.run), folder, changed)
    grades = dict(start.ground.grades)
    if changed:
        ready = start.ready
        result = compute(
            ready.plans, ready.available, ready.rasters, ready.realm, shelf, parameters,
            zones=ready.zones, place=ready.project.name,
        )  # fmt: skip
        grades = {name: shelf.open(name, "grade") for name in result.computed}
    ground = replace(start.ground, grades=grades)
    if not start.must & drawn:
        return ground
    found = declared(start.ready.project, parameters, store)
    return replace(ground, must=found.must, levels=[m.level for m in found.names])


def _changed(start: _Draw, drawn: frozenset[str]) -> frozenset[tuple[str, str]]:
    """What a draw has to make again: factors and values by their parameters, grades by theirs."""
    plans = {p.id for p in start.ready.plans}
    found = {
        (name, "value" if name in plans else "factor")
        for name, names in start.made.items()
        if names & drawn
    }
    return frozenset(
        found | {(n, "grade") for n, names in start.behind.items() if drawn & {*names}}
    )


def _same(cells: Any) -> Any:
    return cells
