"""What a planning problem is made from: units, features, cost and locks of a project's [plan]."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.delineation import planning as room
from tianren.delineation.conflicts import Conflict, selected
from tianren.delineation.gaps import Features
from tianren.delineation.must_include import flag
from tianren.delineation.planning import Held, Units
from tianren.errors import UserError
from tianren.findings import Finding
from tianren.geo.rules import Rule
from tianren.language import say
from tianren.parameters import Parameters
from tianren.project.runs import RunResults
from tianren.project.sections.plan import PlanTable, PlanZone
from tianren.raster.raster import MISSING, Raster, cell_area
from tianren.science.choice import FREE, LOCKED_IN, Floats, Problem, make_problem
from tianren.steps import gap_features
from tianren.steps.gap_species import Earlier, known_species
from tianren.steps.kept_line import standing_line
from tianren.steps.zones import PROTECTED, raster_of, zone_sources, zones

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.project.project import Project

MOST_UNITS = 20_000  # blocks of cells grow until there are no more of them
ONLY = "chosen"  # the zone of a plan that names none
GROUPS = ("species", "ecosystems", "ecoregions", "functions", "key_areas")


@dataclass(frozen=True)
class Ready:
    """A project's problem and what it is made from. layer: the polygons, where units are such."""

    units: Units
    features: tuple[Features, ...]
    held: Held
    problem: Problem
    layer: "GeoDataFrame | None"
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Before:
    """The runs that a plan is made from, None where there is none."""

    species: RunResults | None = None
    line: RunResults | None = None

    def ids(self) -> dict[str, str]:
        return {name: run.id if run else "" for name, run in vars(self).items()}


def runs_before(project: "Project", progress: Any) -> Before:
    """Make, or find made, the species run where it is asked for; take the line as it stands."""
    return Before(_species_run(project, progress), standing_line(project))


def _species_run(project: "Project", progress: Any) -> RunResults | None:
    table = plan_table(project)
    if project.species is None or (table.features and "species" not in table.features):
        return None
    from tianren.steps.species import species

    return species(project, progress=progress).run


def plan_table(project: "Project") -> PlanTable:
    """[plan], or its defaults."""
    return project.plan or PlanTable()


def sources_of(project: "Project") -> set[str]:
    """Every source that a plan reads."""
    table, gaps = plan_table(project), project.gaps
    names = {project.region_source, project.sea_source, table.units, table.cost}
    groups = set(table.features or GROUPS)
    for group, keys in (
        ("ecosystems", (gaps.ecosystems, gaps.ecosystem_status)),
        ("ecoregions", (gaps.ecoregions,)),
        ("key_areas", (gaps.key_areas,)),
        ("species", (project.species.status if project.species else "",)),
    ):
        names |= set(keys) if group in groups else set()
    names |= {f for f in table.features if f not in GROUPS and f in project.catalog}
    for zone in _zones_named(project):
        if zone in project.zones:
            names.add(project.zones[zone].source)
        elif zone == PROTECTED:
            names |= set(zone_sources(project, [zone]))
    names |= {c.source for c in project.conflicts if c.name in locked_out_names(project)}
    return {name for name in names if name}


def locked_out_names(project: "Project") -> tuple[str, ...]:
    """[plan] locked_out, or the conflicts that are deducted."""
    table = plan_table(project)
    if table.locked_out is not None:
        return table.locked_out
    return tuple(c.name for c in project.conflicts if c.decision == "deduct")


def _zones_named(project: "Project") -> tuple[str, ...]:
    conflicts = {c.name for c in project.conflicts}
    out = tuple(n for n in locked_out_names(project) if n not in conflicts)
    return (*plan_table(project).locked_in, *out)


def prepare(project: "Project", before: Before, parameters: Parameters) -> Ready:
    """The project's planning problem. Raises UserError for what cannot be planned with."""
    table = plan_table(project)
    units, layer, found = _units(project, table, parameters)
    features, more = _features(project, table, before, parameters)
    held, outside = room.held_by_units(units, features, table.targets)
    cost, costly = _cost(project, table, units, layer)
    status, locked = _locked(project, units, parameters)
    budget = float("inf") if table.budget is None else table.budget * float(cost.sum())
    ways = table.zones or {ONLY: PlanZone()}
    problem = make_problem(
        np.stack([cost * way.cost_factor for way in ways.values()], axis=1),
        [room.contributing(held, way.contributions, name) for name, way in ways.items()],
        held.targets,
        units=units.names, features=held.names, weights=_weights(table, held),
        status=_by_zone(status, len(ways)), zones=tuple(ways),
        objective=table.objective, budget=budget, borders=units.borders,
        penalty=table.boundary_penalty, edge_factor=parameters.number("choice.edge_factor"),
        neighbours=table.neighbours, connected=table.contiguous, cost_word=_cost_word(table),
    )  # fmt: skip
    findings = (*found, *more, *outside, *costly, *locked)
    return Ready(units, tuple(features), held, problem, layer, findings)


def _by_zone(status: NDArray[np.int8], zones: int) -> NDArray[np.int8]:
    """(units, zones): what is locked in is so in the first zone, what is locked out in all."""
    found = np.repeat(status[:, None], zones, axis=1)
    found[status == LOCKED_IN, 1:] = FREE
    return found


def _cost_word(table: PlanTable) -> str:
    return table.cost or table.cost_column or say("area, km2")


def _units(
    project: "Project", table: PlanTable, parameters: Parameters
) -> tuple[Units, "GeoDataFrame | None", list[Finding]]:
    if table.units:
        return _polygons(project, table, parameters)
    region = project.realm().read() != MISSING
    width, height = abs(project.grid.affine.a), abs(project.grid.affine.e)
    side = round(table.unit_size / project.resolution) if table.unit_size else 1
    if table.unit_size and abs(side * project.resolution - table.unit_size) > 1e-6:
        raise UserError(
            "unit_size is no whole number of cells", where="project.toml [plan] unit_size",
            by_how_much=f"{table.unit_size:g} m, cells of {project.resolution:g} m",
            next_step=f"write unit_size = {max(1, side) * project.resolution:g}",
        )  # fmt: skip
    while not table.unit_size and region.sum() / side**2 > MOST_UNITS:
        side += 1
    return room.block_units(region, max(1, side), width, height), None, []


def _polygons(
    project: "Project", table: PlanTable, parameters: Parameters
) -> tuple[Units, "GeoDataFrame", list[Finding]]:
    from tianren.geo.fractions import cell_fractions

    layer, findings = project.vector(table.units)
    if table.unit_name in layer.columns:
        names = [str(v) for v in layer[table.unit_name]]
    else:
        names = [str(i + 1) for i in range(len(layer))]
    inside = (project.realm().read().ravel() != MISSING).astype(np.float64)
    cells = cell_fractions(layer.geometry.to_numpy(), project.grid) * inside[None, :]
    slack = parameters.number("choice.overlap_slack")
    units = room.polygon_units(layer, names, cells.tocsr(), cell_area(project.grid), slack)
    return units, layer, findings


def _features(
    project: "Project", table: PlanTable, before: Before, parameters: Parameters
) -> tuple[list[Features], list[Finding]]:
    found: list[Features] = []
    findings: list[Finding] = []
    for name in table.features or GROUPS:
        made, more = _group(project, name, before, parameters)
        findings += more if table.features else []
        if made is not None:
            found.append(made)
        elif table.features:
            raise UserError(
                f"there is nothing to plan for under {name}",
                where="project.toml [plan] features",
                next_step=more[0].message if more else f"give the project what {name} needs",
            )
    if not found:
        raise UserError(
            "there is nothing to plan for", where="project.toml [plan] features",
            next_step='add [species], [gaps] ecosystems, a line (tianren delineate), or name '
            "sources: features = [...]",
        )  # fmt: skip
    return found, findings


def _group(
    project: "Project", name: str, before: Before, parameters: Parameters
) -> tuple[Features | None, list[Finding]]:
    if name == "species":
        known = known_species(project, Earlier(species=before.species))
        made, _, findings = gap_features.species_features(project, known, parameters)
        return made, findings
    if name == "functions":
        return gap_features.functions(project, before.line, parameters)
    ways = {
        "ecosystems": gap_features.ecosystems,
        "ecoregions": gap_features.ecoregions,
        "key_areas": gap_features.key_areas,
    }
    return ways[name](project, parameters) if name in ways else _source(project, name, parameters)


def _source(
    project: "Project", name: str, parameters: Parameters
) -> tuple[Features, list[Finding]]:
    """Any source: polygons are one feature, a category raster one a class, a quantity its sum."""
    from scipy.sparse import csr_array

    from tianren.geo.fractions import cell_fractions

    if name not in project.catalog:
        raise UserError(
            f"there is no feature or source called {name}", where="project.toml [plan] features",
            next_step=f"use {', '.join(GROUPS)}, or a source of catalog.toml",
        )  # fmt: skip
    inside = (project.realm().read().ravel() != MISSING).astype(np.float64)
    share, cell = float(parameters.share("gaps.flat_share")), cell_area(project.grid)
    if project.entry(name).is_vector:
        import shapely

        layer, findings = project.vector(name)
        shares = cell_fractions([shapely.union_all(layer.geometry.to_numpy())], project.grid)
        amounts = csr_array(shares * (inside * cell)[None, :])
        return Features(name, (name,), amounts, np.full(1, share)), findings
    raster, findings = raster_of(project, name)
    if raster.is_category:
        return _classes(name, raster, inside > 0, share, cell), findings
    values = np.nan_to_num(raster.read().ravel().astype(np.float64)) * inside
    if (values < 0).any():
        raise UserError(
            f"{name} has values below zero, which no target can be set for",
            where="project.toml [plan] features",
            by_how_much=f"{int((values < 0).sum())} cells, the lowest {values.min():g}",
            next_step="give a raster of amounts of zero or more",
        )
    unit = (raster.unit if raster.unit != "m2" else "m2 of it",)
    return Features(name, (name,), csr_array(values[None]), np.full(1, share), unit), findings


def _classes(
    name: str, raster: Raster, inside: NDArray[np.bool_], share: float, cell: float
) -> Features:
    from scipy.sparse import csr_array

    codes = raster.read().ravel()
    cells = np.flatnonzero(inside & (codes != MISSING))
    found, row = np.unique(codes[cells], return_inverse=True)
    names = tuple(raster.legend.get(int(c), str(c)) for c in found)
    amounts = csr_array((np.full(len(cells), cell), (row, cells)), shape=(len(found), len(codes)))
    return Features(name, names, amounts, np.full(len(found), share))


def _weights(table: PlanTable, held: Held) -> Floats:
    known = {*held.names, *held.kinds}
    for name in table.weights:
        if name not in known:
            raise UserError(
                f"there is no feature called {name}",
                where=f"project.toml [plan] weights.{name}",
                next_step="name a feature or its kind: species, ecosystem, function ...",
            )
    pairs = zip(held.names, held.kinds, strict=True)
    return np.array([table.weights.get(n, table.weights.get(k, 1.0)) for n, k in pairs])


def _cost(
    project: "Project", table: PlanTable, units: Units, layer: "GeoDataFrame | None"
) -> tuple[Floats, list[Finding]]:
    if table.cost_column:
        return _column(table, layer), []
    if not table.cost:
        return units.area / room.KM2, []
    raster, findings = raster_of(project, table.cost)
    if raster.is_category:
        raise UserError(
            f"{table.cost} holds classes, a cost needs quantities",
            where="project.toml [plan] cost", next_step="name a raster of numbers",
        )  # fmt: skip
    cost, more = room.cost_of_units(units, raster.read().ravel(), cell_area(project.grid))
    return cost, [*findings, *more]


def _column(table: PlanTable, layer: "GeoDataFrame | None") -> Floats:
    import pandas as pd

    if layer is None or table.cost_column not in layer.columns:
        columns = "" if layer is None else ", ".join(c for c in layer.columns if c != "geometry")
        raise UserError(
            f"the planning units have no column {table.cost_column}",
            where="project.toml [plan] cost_column",
            next_step=f"use one of {columns}" if columns else "give units = a polygon layer",
        )
    values = pd.to_numeric(layer[table.cost_column], errors="coerce")
    return np.asarray(values.to_numpy(dtype=np.float64))


def _locked(
    project: "Project", units: Units, parameters: Parameters
) -> tuple[NDArray[np.int8], list[Finding]]:
    share = float(parameters.share("choice.locked_share"))
    findings: list[Finding] = []
    inside, outside = None, None
    if wanted := plan_table(project).locked_in:
        held = zones(project, wanted)
        inside, findings = held.any, [*findings, *held.findings]
    conflicts = {c.name: c for c in project.conflicts}
    names = locked_out_names(project)
    parts = [_conflict(project, conflicts[n]) for n in names if n in conflicts]
    if others := [n for n in names if n not in conflicts]:
        parts.append(zones(project, others).any)
    if parts:
        outside = np.max(parts, axis=0)
    status, more = room.locked(units, inside, outside, share)
    return status, [*findings, *more]


def _conflict(project: "Project", entry: Any) -> Floats:
    """(cells,) share of each cell in one [conflicts.NAME]."""
    import shapely

    from tianren.geo.fractions import cell_fractions

    if project.entry(entry.source).is_vector:
        layer, _ = project.vector(entry.source)
        rule = Conflict(
            entry.name, entry.kind, entry.decision, entry.reason, entry.classes, entry.where
        )
        shape = shapely.union_all(selected(rule, layer).geometry.to_numpy())
        return np.asarray(cell_fractions([shape], project.grid).toarray().ravel())
    raster, _ = raster_of(project, entry.source)
    rule_of_classes = Rule(entry.name, "conflict", entry.where, tuple(entry.classes))
    return np.asarray((flag(rule_of_classes, raster).read().ravel() > 0).astype(np.float64))


def line_share(project: "Project", before: Before) -> Floats | None:
    """(cells,) share of each cell inside the line, None without one."""
    return None if before.line is None else zones(project, ["redline"]).any
