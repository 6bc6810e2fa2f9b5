"""The step behind `tianren check`, and the part of `delineate` that computes the criteria."""

import math
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tianren.delineation.compute import SIZE, Note
from tianren.delineation.criteria import CriteriaResult, compute, find_facts
from tianren.delineation.layers import LayerInfo
from tianren.delineation.plan import (
    CriterionPlan,
    Facts,
    Need,
    parameters_of,
    plan,
    plan_order,
)
from tianren.delineation.recipes import Context
from tianren.errors import UserError
from tianren.findings import Finding, Severity, worst_first
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
from tianren.reports.words import criterion as criterion_name
from tianren.reports.words import hazard, severity
from tianren.steps.rivers import inflow

Progress = Callable[[str], None] | None
_WIDTH = 80


# -- what the catalog offers -----------------------------------------------------------------------


def available_layers(project: Project) -> dict[str, LayerInfo]:
    """The layers of the vocabulary that the catalog has, with what it says of them."""
    found = [e for e in project.catalog.values() if e.layer in layers() and _serves(e)]
    return {e.layer: _info(e, _cell(project, e)) for e in found}


def _serves(entry: Entry) -> bool:
    """Polygons serve a layer that only says where something is, never one of values or classes."""
    return entry.is_raster or (entry.is_vector and entry.layer in PRESENCE)


def _cell(project: Project, entry: Entry) -> float:
    """Side of the cells of elevation: as delivered or on the grid, the wider; m.

    Its file is opened only where the grid itself is fine enough for that to matter.
    """
    finest = project.parameters().number("soil.inflow_cell")
    if entry.layer != "elevation" or entry.is_constant or project.resolution > finest:
        return math.inf
    native = open_native(entry)
    ratio = plan_alignment("continuous", native.grid, project.grid).ratio
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
    table = project.delineation.get("methods", {})
    if not isinstance(table, Mapping) or any(not isinstance(v, str) for v in table.values()):
        raise UserError(
            "the methods are not a table of words",
            where="project.toml [delineation.methods]",
            next_step='write [delineation.methods] and, for instance, water_conservation = "npp"',
        )
    return table


def layer_rasters(
    project: Project, wanted: Iterable[str]
) -> tuple[dict[str, Raster], list[Finding]]:
    """The rasters of these layers on the project's grid; polygons become 1 inside, 0 outside."""
    entries = [e for e in (project.serving(name) for name in sorted(set(wanted))) if e is not None]
    rasters, findings = project.rasters([e.name for e in entries if not e.is_vector])
    for entry in entries:
        if entry.is_vector:
            shapes, found = project.vector(entry.name)
            rasters[entry.layer] = burn(shapes, project.grid, name=entry.layer)
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


# -- tianren check ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class CheckReport:
    """For each function and sensitivity: computed, not applicable here, or missing."""

    project: str
    plans: tuple[CriterionPlan, ...]
    findings: tuple[Finding, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "project": self.project,
            "criteria": [p.as_dict() for p in self.plans],
            "findings": [f.as_dict() for f in self.findings],
        }

    def text(self) -> str:
        """The statement first, then the table, what is missing, and the next command to type."""
        parts = [textwrap.fill(self._statement(), _WIDTH)]
        parts += ["", *self._table("function"), "", *self._table("sensitivity")]
        needs = self._needs()
        if needs:
            parts += ["", say("Layers that would bring more:"), *map(_need_text, needs)]
        parts += self._choice()
        parts += self._warnings()
        can = any(p.status == "computed" for p in self.plans)
        return "\n".join([*parts, "", self._next(can)])

    def _statement(self) -> str:
        computed = sum(p.status == "computed" for p in self.plans)
        missing = sum(p.status == "missing" for p in self.plans)
        return say(
            "{project}: {computed} of {all} functions and sensitivities can be computed, {missing} "
            "lack layers, {rest} do not apply here.",
            project=self.project,
            computed=computed,
            all=len(self.plans),
            missing=missing,
            rest=len(self.plans) - computed - missing,
        )

    def _table(self, kind: str) -> list[str]:
        head = say("Functions") if kind == "function" else say("Sensitivities")
        mine = [p for p in self.plans if p.criterion.kind == kind]
        return [head, *(_row(p) for p in mine)]

    def _needs(self) -> list[Need]:
        wanted = [n for p in self.plans if p.status == "missing" for n in p.needs]
        return list({n.layer: n for n in wanted}.values())

    def _choice(self) -> list[str]:
        """How to choose another method, where one could be chosen."""
        first = next((p for p in self.plans if p.alternatives), None)
        if first is None:
            return []
        example = f'{first.id} = "{first.alternatives[0]}"'
        text = say("Choose in project.toml, under [delineation.methods]: {line}", line=example)
        return ["", textwrap.fill(text, _WIDTH)]

    def _warnings(self) -> list[str]:
        """Warnings and worse; notes are only counted, the run keeps them."""
        notes = sum(f.severity == Severity.NOTE for f in self.findings)
        grave = [_finding_text(f) for f in self.findings if f.severity != Severity.NOTE]
        head = ["", say("Findings:")] if self.findings else []
        more = [say("  and {count} notes: tianren check --json", count=notes)] if notes else []
        return [*head, *grave, *more]

    def _next(self, can: bool) -> str:
        if can:
            return say("Next: tianren delineate")
        return say("Next: add one of the layers above to catalog.toml, then tianren check")


def _row(made: CriterionPlan) -> str:
    words = {
        "computed": say("computed"),
        "missing": say("missing"),
        "not_applicable": say("not here"),
    }
    lacking = ", ".join(need.layer for need in made.needs)
    text = {"computed": _method_text(made), "missing": lacking}.get(made.status, made.reason)
    if made.status == "not_applicable" and lacking:
        text += say("; {layers} missing too", layers=lacking)
    is_function = made.criterion.kind == "function"
    name = criterion_name(made.id) if is_function else hazard(made.id).capitalize()
    head = f"  {name:<27} {words[made.status]:<9} "
    return _hung(head, text)


def _method_text(made: CriterionPlan) -> str:
    """The method with its short name, and the others that project.toml could choose instead."""
    others = ", ".join(made.alternatives)
    also = "; " + say("could be {others}", others=others) if others else ""
    return f"{say(made.method)} ({made.name}){also}"


def _need_text(need: Need) -> str:
    bands = say(", {bands} bands", bands=need.bands) if need.bands > 1 else ""
    unit = "" if need.unit == "1" else f" [{need.unit}]"
    return _hung(f"  {need.layer}{unit}{bands}: ", f"{need.name}; {need.where_from}", 4)


def _finding_text(finding: Finding) -> str:
    return _hung(
        f"  {severity(finding.severity).lower()}: ", f"{finding.subject}: {finding.message}", 4
    )


def _hung(head: str, text: str, indent: int = 0) -> str:
    """A head and its text, wrapped under the text (or at an indent)."""
    rest = " " * (indent or len(head))
    return textwrap.fill(text, _WIDTH, initial_indent=head, subsequent_indent=rest) or head


def check(project: Project) -> CheckReport:
    """What can be computed in a project, and what is missing for the rest."""
    parameters = project.parameters()
    plans, findings = planned(project, parameters)
    # Legends are looked up now: what check promises, delineate must not refuse.
    parameters_of(plans, Context(parameters, available_layers(project)))
    found = [*project.findings, *findings, *(f for p in plans for f in p.findings)]
    return CheckReport(project.name, plans, tuple(worst_first(found)))


def planned(
    project: Project, parameters: Parameters, workers: Workers = None
) -> tuple[tuple[CriterionPlan, ...], list[Finding]]:
    """The plan of every criterion, with what the layers say about where criteria apply."""
    available = available_layers(project)
    sea = bool(project.sea_source)
    methods = chosen_methods(project)
    first = plan(available, parameters, Facts(sea=sea), methods=methods)
    wanted = {n for p in first for r in p.mask_recipes for n in r.needs if n in available}
    if not wanted:
        return first, []
    rasters, findings = layer_rasters(project, wanted)
    facts = find_facts(
        available, rasters, project.realm(), _Nowhere(), parameters, sea=sea, workers=workers
    )
    return plan(available, parameters, facts, methods=methods), findings


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
        return tuple(sorted(self.available[n].source for n in used))


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
