"""The part of `delineate` that plans and computes the criteria; `tianren check` plans by it too."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tianren.delineation.compute import SIZE, Note
from tianren.delineation.criteria import CriteriaResult, compute, find_facts
from tianren.delineation.layers import LayerInfo
from tianren.delineation.plan import (
    CriterionPlan,
    Facts,
    plan,
    plan_order,
)
from tianren.delineation.recipes import Context
from tianren.errors import UserError
from tianren.findings import Finding, worst_first
from tianren.io.native import open_native
from tianren.io.rasters import open_raster, raster_sink
from tianren.io.sources import Entry
from tianren.io.vectors import burn
from tianren.language import say
from tianren.parameters import Parameters
from tianren.parameters.layers import PRESENCE, layers
from tianren.project.project import Project
from tianren.project.runs import Run
from tianren.raster.align import plan_alignment
from tianren.raster.blocks import Workers
from tianren.raster.raster import Raster, Sink
from tianren.steps.progress import Progress
from tianren.steps.rivers import inflow
from tianren.steps.species_join import IMPORTANCE, gives_importance, importance, importance_layer

_WIDTH = 80


# -- what the catalog offers -----------------------------------------------------------------------


def available_layers(project: Project) -> dict[str, LayerInfo]:
    """The layers of the vocabulary that the catalog has, or the species run brings, as told."""
    found = [e for e in project.catalog.values() if e.layer in layers() and _serves(e)]
    return {**{e.layer: _info(e, _cell(project, e)) for e in found}, **importance_layer(project)}


def _serves(entry: Entry) -> bool:
    """Polygons serve a layer that only says where something is, never one of values or classes."""
    return entry.is_raster or (entry.is_vector and entry.layer in PRESENCE)


def _cell(project: Project, entry: Entry) -> float:
    """Side of the cells of elevation: as delivered or on the grid, the wider; m.

    Its file is opened only where the grid itself is fine enough for that to matter. One that
    cannot be opened is told when it is read.
    """
    finest = project.parameters().number("soil.inflow_cell")
    if entry.layer != "elevation" or entry.is_constant or project.resolution > finest:
        return math.inf
    try:
        ratio = plan_alignment("continuous", open_native(entry).grid, project.grid).ratio
    except UserError:
        return math.inf
    return max(project.resolution, project.resolution / ratio)


def _info(entry: Entry, cell: float) -> LayerInfo:
    return LayerInfo(
        layer=entry.layer,
        source=entry.name,
        legend=entry.legend,
        legend_name=entry.legend_name,
        constant=entry.constant,
        unit=entry.unit,
        reason=entry.reason,
        approximate=entry.approximate,
        note=entry.note,
        cell=cell,
    )


def chosen_methods(project: Project) -> Mapping[str, str]:
    """Criterion -> the short name of the method that [delineation.methods] chooses for it."""
    found: Mapping[str, str] = project.delineation.get("methods", {})
    return found


def layer_rasters(
    project: Project, wanted: Iterable[str]
) -> tuple[dict[str, Raster], list[Finding]]:
    """The rasters of these layers on the project's grid; polygons become 1 inside, 0 outside."""
    wanted = sorted(set(wanted))
    entries = [e for e in (project.serving(name) for name in wanted) if e is not None]
    rasters, findings = project.rasters([e.name for e in entries if not e.is_vector])
    for entry in entries:
        if entry.is_vector:
            shapes, found = project.vector(entry.name)
            rasters[entry.layer] = burn(shapes, project.grid, name=entry.layer)
            findings += found
    if IMPORTANCE in wanted and gives_importance(project):
        rasters[IMPORTANCE], found = importance(project)
        findings += found
    return rasters, findings


def scope_zones(project: Project) -> Raster | None:
    """The zones within which grading is done: none for the nation, an admin level, or a source."""
    if project.scope in ("", "nation"):
        return None
    if any(level.name == project.scope for level in project.admin):
        return project.admin_codes(project.scope)[0]
    entry = project.entry(project.scope)
    if not entry.is_vector:
        return next(iter(project.rasters([entry.name])[0].values()))
    shapes, _ = project.vector(entry.name)
    column = next((c for c in ("name", "label", "NAME") if c in shapes.columns), None)
    labels = shapes[column].astype(str) if column else [f"zone {n + 1}" for n in range(len(shapes))]
    legend = dict(enumerate(labels, start=1))
    return burn(shapes, project.grid, list(legend), name=project.scope, legend=legend)


# -- the plan --------------------------------------------------------------------------------------


def planned(
    project: Project,
    parameters: Parameters,
    workers: Workers = None,
    *,
    unreadable: Collection[str] = (),
) -> tuple[tuple[CriterionPlan, ...], list[Finding]]:
    """The plan of every criterion, with what the layers say about where criteria apply.

    unreadable: layers that cannot say it; where one is needed, criteria are taken to apply.
    """
    available = available_layers(project)
    sea = bool(project.sea_source)
    methods = chosen_methods(project)
    first = _unmasked(project, parameters, available)
    wanted = {n for p in first for r in p.mask_recipes for n in r.needs if n in available}
    if not wanted or wanted & set(unreadable):
        return first, []
    rasters, findings = layer_rasters(project, wanted)
    facts = find_facts(
        available, rasters, project.realm(), _Nowhere(), parameters, sea=sea, workers=workers
    )
    return plan(available, parameters, facts, methods=methods), findings


def _unmasked(
    project: Project, parameters: Parameters, available: Mapping[str, LayerInfo]
) -> tuple[CriterionPlan, ...]:
    """The plan as if every criterion applied: before any layer was asked where it does."""
    facts = Facts(sea=bool(project.sea_source))
    return plan(available, parameters, facts, methods=chosen_methods(project))


def deciding_parameters(
    project: Project, parameters: Parameters, available: Mapping[str, LayerInfo]
) -> frozenset[str]:
    """The parameters that decide whether a criterion applies here at all."""
    context = Context(parameters, available)
    plans = _unmasked(project, parameters, available)
    found = (r.parameters(context) for p in plans for r in p.mask_recipes)
    return frozenset().union(*found)


class _Nowhere:
    """The shelf of a look at the layers, which keeps nothing."""

    def done(self, name: str, role: str) -> bool:
        return False

    def sink(self, name: str, role: str, unit: str, category: bool) -> Sink:
        raise NotImplementedError

    def open(self, name: str, role: str) -> Raster:
        raise NotImplementedError

    def keep(self, name: str, role: str, note: Note) -> None:
        raise NotImplementedError

    def note(self, name: str, role: str) -> Note:
        raise NotImplementedError


# -- tianren delineate, its first part -------------------------------------------------------------


@dataclass
class RunShelf:
    """The rasters of a run: values/ and grades/ delivered, factors/ as working copies.

    Beside each lies a small JSON file with its flags and statistics; it is written last, so that a
    raster without one is made again.
    """

    project: Project
    run: Run
    units: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)

    def done(self, name: str, role: str) -> bool:
        return self.run.done(f"{role}s/{name}.tif") and self.run.done(f"{role}s/{name}.json")

    def sink(self, name: str, role: str, unit: str, category: bool) -> Sink:
        self.units[name, role] = unit, category
        dtype = "float32" if not category else "uint8" if role == "grade" else "int32"
        return raster_sink(
            self.run.path(f"{role}s/{name}.tif"),
            self.project.grid,
            dtype=dtype,
            unit=unit,
            tags={"name": name, "role": role, "run": self.run.id},
            delivered=role != "factor",
        )

    def open(self, name: str, role: str) -> Raster:
        path = self.run.path(f"{role}s/{name}.tif")
        unit, category = self._known(name, role)
        kind: Any = "category" if category else "continuous"
        return open_raster(path, name=name, unit=unit, kind=kind, grid=self.project.grid)

    def keep(self, name: str, role: str, note: Note) -> None:
        unit, category = self._known(name, role)
        self.run.write_json(
            f"{role}s/{name}.json", {"unit": unit, "category": category, "note": note}
        )

    def note(self, name: str, role: str) -> Note:
        return dict(self._record(name, role)["note"])

    def _known(self, name: str, role: str) -> tuple[str, bool]:
        if (name, role) not in self.units:
            record = self._record(name, role)
            self.units[name, role] = record["unit"], record["category"]
        return self.units[name, role]

    def _record(self, name: str, role: str) -> Mapping[str, Any]:
        import json

        path = self.run.path(f"{role}s/{name}.json")
        return dict(json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Preparation:
    """A project's layers, ready to compute with: what the criteria of any draw start from."""

    project: Project
    plans: tuple[CriterionPlan, ...]
    available: Mapping[str, LayerInfo]
    rasters: Mapping[str, Raster]
    realm: Raster
    zones: Raster | None
    findings: tuple[Finding, ...]

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the catalog sources behind the criteria that are computed."""
        used = {n for p in self.plans if p.status == "computed" for n in p.inputs}
        sources = {self.available[n].source for n in used}
        return tuple(sorted(name for name in sources if name in self.project.catalog))


def prepare(
    project: Project, parameters: Parameters, workers: Workers = None, progress: Progress = None
) -> Preparation:
    """Plan the criteria and put the layers that they need on the project's grid."""
    if progress is not None:
        progress(say("putting the layers on the grid"))
    plans, findings = planned(project, parameters, workers)
    used = {n for p in plans if p.status == "computed" for n in p.inputs}
    rasters, found = layer_rasters(project, used)
    if "daily_precipitation" in used:
        parameters["soil.erosive_rain"]  # read at the door, where the series is
    if any("inflow_area" in r.needs for r in plan_order(plans)):
        rasters |= inflow(rasters["elevation"], project, parameters)
    return Preparation(
        project, plans, available_layers(project), rasters, project.realm(), scope_zones(project),
        tuple(worst_first([*project.findings, *findings, *found])),
    )  # fmt: skip


def compute_criteria(
    project: Project,
    run: Run,
    *,
    parameters: Parameters | None = None,
    prepared: Preparation | None = None,
    size: int = SIZE,
    workers: Workers = None,
    progress: Progress = None,
) -> CriteriaResult:
    """Values and grades of every criterion that can be computed, written into a run's folder.

    values/<criterion>.tif, grades/<criterion>.tif, factors/<factor>.tif, cuts.json and
    criteria.json. A raster that is already there whole is not computed again.
    """
    own = parameters or project.parameters()
    ready = prepared or prepare(project, own, workers, progress)
    result = compute(
        ready.plans, ready.available, ready.rasters, ready.realm, RunShelf(project, run), own,
        zones=ready.zones, place=project.name, period=str(project.day.year),
        size=size, workers=workers, progress=progress,
    )  # fmt: skip
    run.write_json("cuts.json", result.cuts_record())
    run.write_json("criteria.json", result.criteria_record())
    findings = worst_first([*ready.findings, *result.findings])
    return CriteriaResult(
        result.plans, result.graded, result.labels, tuple(findings), result.measures
    )
