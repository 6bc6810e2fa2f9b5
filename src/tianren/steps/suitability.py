"""The step behind `tianren suitability`: what land is fit for, how much it carries, where uses
collide with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tianren.delineation import capacity, development, suitability
from tianren.delineation.compute import Work
from tianren.delineation.compute import run as run_recipes
from tianren.delineation.legends import ecosystems_of
from tianren.delineation.pieces import Units
from tianren.delineation.plan import CriterionPlan, parameters_of
from tianren.delineation.recipes import Context
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.rasters import open_raster, raster_sink
from tianren.language import say, set_language
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.project.runs import Run, RunResults, start_run
from tianren.raster.blocks import map_blocks
from tianren.raster.raster import MISSING, Raster, cell_area
from tianren.science.landcover import look_up
from tianren.steps.criteria import RunShelf, available_layers, layer_rasters
from tianren.steps.declared import units
from tianren.steps.delineate import scenario_of
from tianren.steps.finding_counts import findings_line
from tianren.steps.kept_line import kept_state, line_of
from tianren.steps.progress import Progress, silent

if TYPE_CHECKING:
    from tianren.project.project import Project

PURPOSE_NAMES = {"farm": "farming", "town": "towns"}
AREA_COLUMNS = ("level", "code", "label", "table", "class", "name", "area_m2")
NATION = "nation"
COARSE = 250.0  # m: beyond it relief in a window says little about a building plot


@dataclass(frozen=True)
class Suited:
    """The answer of `tianren suitability`."""

    run: RunResults

    def as_dict(self) -> dict[str, Any]:
        return {
            "run": self.run.id,
            "folder": str(self.run.folder),
            "factors": self.run.rows("factors.csv"),
            "development_m2": self._national("matrix"),
            "conflict_m2": self._national("conflict"),
            "overloaded": [r for r in self.run.rows("capacity.csv") if _over(r)],
            "findings": self.run.findings,
        }

    def _national(self, table: str) -> dict[str, float]:
        rows = self.run.rows("areas.csv")
        mine = [r for r in rows if r["level"] == NATION and r["table"] == table]
        return {r["name"]: float(r["area_m2"]) for r in mine}

    def text(self) -> str:
        """The statement, the tables, what is missing, the next command."""
        found = self._national("matrix")
        total = sum(found.values())
        lines = [say("What {area} km2 of land are best for:", area=f"{total / 1e6:,.0f}")]
        lines += [_area_row(name, m2, total) for name, m2 in found.items() if m2]
        collisions = {
            name: m2
            for name, m2 in self._national("conflict").items()
            if name in development.CONFLICTS.values()
        }
        if sum(collisions.values()):
            lines += ["", say("Where present use collides with it:")]
            lines += [_area_row(name, m2, total) for name, m2 in collisions.items() if m2]
        lines += self._capacity()
        lines += ["", *(f"  {f['subject']}: {f['message']}" for f in self._grave())]
        lines += ["", findings_line(self.run.findings)]
        return "\n".join([*lines, say("Results: {folder}", folder=self.run.folder)])

    def _capacity(self) -> list[str]:
        over = [r for r in self.run.rows("capacity.csv") if _over(r)]
        if not over:
            return ["", say("No unit uses more than its land and water allow.")]
        head = say("{n} units use more than their land and water allow; most:", n=len(over))
        worst = sorted(over, key=lambda r: (-float(r["overload"]), r["code"], r["purpose"]))[:5]
        return ["", head, *(
            f"  {r['label'][:27]:<28}{say(PURPOSE_NAMES[r['purpose']]):<12}{_times(r):>10}"
            f"  {say(r['limited_by'])}"
            for r in worst
        )]  # fmt: skip

    def _grave(self) -> list[Mapping[str, str]]:
        return [f for f in self.run.findings if f["rule"] == "suitability.missing_factor"]


def _over(row: Mapping[str, str]) -> bool:
    return bool(row["overload"]) and float(row["overload"]) > 1


def _times(row: Mapping[str, str]) -> str:
    value = float(row["overload"])
    return say("no room") if value == float("inf") else f"x {value:,.2f}"


def _area_row(name: str, m2: float, total: float) -> str:
    return f"  {say(name):<44}{m2 / 1e6:>12,.0f} km2{100 * m2 / total:>7.1f} %"


def suitability_of(
    project: "Project", *, run: str | None = None, progress: Progress = None
) -> Suited:
    """Judge a project's land for farming and towns, against its line; see Suited.

    run: the line's run; default: the project's own, drawn first where it is not there yet.
    """
    parameters = project.parameters()
    line = line_of(project, run, progress)
    plans = suitability.plan_factors(available_layers(project), parameters)
    _require_something(plans)
    made = start_run(
        project, "suitability", inputs=sorted(_sources(project, plans)), parameters=parameters,
        settings=_settings(project, line),
    )  # fmt: skip
    with made:
        if not made.finished:
            set_language(project.language)
            _judge(_Job(project, made, line, parameters, plans, progress or silent))
    return Suited(made.results())


def _require_something(plans: Sequence[CriterionPlan]) -> None:
    for purpose in suitability.PURPOSES:
        if not suitability.present(purpose, plans):
            needs = {need.layer for p in plans if p.id.startswith(purpose) for need in p.needs}
            raise UserError(
                f"suitability for {PURPOSE_NAMES[purpose]} needs slope and water",
                where="catalog.toml",
                by_how_much=f"missing: {', '.join(sorted(needs))}",
                next_step="add these layers to catalog.toml",
            )


def _sources(project: "Project", plans: Sequence[CriterionPlan]) -> set[str]:
    """The catalog sources that are read."""
    wanted = {n for p in plans if p.status == "computed" for n in p.inputs} | {"landcover"}
    entries = [project.serving(layer) for layer in wanted]
    named = {e.name for e in entries if e is not None} | {level.source for level in project.admin}
    return named | ({project.suitability.demand} if project.suitability.demand else set())


def _settings(project: "Project", line: RunResults) -> dict[str, Any]:
    return {
        "line": line.id,
        "language": project.language,
        "admin": [vars(level) for level in project.admin],
        "suitability": project.suitability.model_dump(),
        **scenario_of(project),
        **kept_state(line),
    }


@dataclass(frozen=True)
class _Job:
    project: "Project"
    run: Run
    line: RunResults
    parameters: Parameters
    plans: Sequence[CriterionPlan]
    progress: Callable[[str], None]

    def file(self, name: str, **how: Any) -> Raster:
        return open_raster(self.run.path(name), grid=self.project.grid, **how)

    def sink(self, name: str) -> Any:
        tags = {"name": name, "run": self.run.id}
        return raster_sink(
            self.run.path(f"{name}.tif"), self.project.grid, dtype="uint8", tags=tags,
            delivered=True,
        )  # fmt: skip

    def coded(self, name: str) -> Raster:
        return self.file(f"{name}.tif", kind="category")


def _judge(job: _Job) -> None:
    """Everything between the lock and run.toml, which is written last."""
    available = available_layers(job.project)
    used = {n for p in job.plans if p.status == "computed" for n in p.inputs}
    rasters, findings = layer_rasters(job.project, used)
    shelf = RunShelf(job.project, job.run)
    context = Context(job.parameters, available)
    work = Work(
        job.plans, rasters, job.project.realm(), shelf, context, progress=job.progress,
    )  # fmt: skip
    findings += [f for p in job.plans for f in p.findings] + run_recipes(work)
    _note_parameters(job, context)
    for purpose in suitability.PURPOSES:
        _combine(job, shelf, purpose)
        findings += suitability.about_missing(purpose, job.plans)
    job.progress(say("weighing development against conservation"))
    _allocate(job)
    findings += _collide(job, available)
    _write_factors(job)
    levels = units(job.project)
    areas = _areas(job, levels)
    job.run.write_rows("areas.csv", AREA_COLUMNS, areas)
    carried, more = _capacity(job, shelf, levels)
    job.run.write_rows("capacity.csv", capacity.COLUMNS, carried)
    findings += [*more, *capacity.about_overload(carried), *_unverified(job.project)]
    measures = _measures(job, areas, carried)
    job.run.finish(measures, findings, job.parameters, line={"run": job.line.id})


def _note_parameters(job: _Job, context: Context) -> None:
    """A run that was killed and goes on computes no factor again, but names its parameters."""
    for names in parameters_of(job.plans, context).values():
        for name in names:
            job.parameters[name]


def _unverified(project: "Project") -> list[Finding]:
    message = say("the thresholds and matrices of suitability are unverified: a first sketch, "
                  "to be checked against the guide in force")  # fmt: skip
    found = [Finding("suitability.unverified", "suitability", Severity.WARNING, message,
                     suitability.DE20)]  # fmt: skip
    if project.serving("relief") is None and project.resolution > COARSE:
        message = say(
            "relief comes from elevation for cells of {side} m, its limits from finer ones: land "
            "for towns is understated",
            side=f"{project.resolution:g}",
        )
        found.append(Finding("suitability.coarse_relief", "town", Severity.WARNING, message,
                             suitability.DE20))  # fmt: skip
    return found


def _combine(job: _Job, shelf: RunShelf, purpose: str) -> None:
    """suitability/farm.tif: the level 5 to 1; suitability/farm_held_by.tif: the factor behind."""
    names = suitability.present(purpose, job.plans)
    sources = [shelf.open(name, "value") for name in names]
    way = job.parameters.word("suitability.combination")
    matrix = job.parameters.table(f"suitability.{purpose}_matrix") if way == "matrix" else {}
    kernel = partial(suitability.combine, names=names, way=way, matrix=matrix)
    if not job.run.done(f"suitability/{purpose}.tif"):
        map_blocks(kernel, sources, [job.sink(f"suitability/{purpose}")])
    if not job.run.done(f"suitability/{purpose}_held_by.tif"):
        map_blocks(suitability.deciding, sources, [job.sink(f"suitability/{purpose}_held_by")])


def _allocate(job: _Job) -> None:
    """suitability/matrix.tif: what each cell is best for."""
    limits = development.limits_of(job.parameters)
    if job.run.done("suitability/matrix.tif"):
        return
    computed = [c["criterion"] for c in job.line.json("criteria.json") if c["status"] == "computed"]
    grades = [
        open_raster(job.line.path(f"grades/{name}.tif"), kind="category", grid=job.project.grid)
        for name in computed
    ]
    red = open_raster(job.line.path("redline_cells.tif"), kind="category", grid=job.project.grid)
    levels = [job.coded(f"suitability/{purpose}") for purpose in suitability.PURPOSES]
    development.draw(
        [job.project.realm(), *levels, red],
        grades,
        job.sink("suitability/matrix"),
        limits,
    )


def _collide(job: _Job, available: Mapping[str, Any]) -> list[Finding]:
    """conflict_matrix.tif and suitability/use.tif, from the land cover."""
    if "landcover" not in available:
        message = say("no land cover: present use is unknown, so no conflicts are shown")
        return [Finding("suitability.no_use", "landcover", Severity.WARNING, message)]
    uses = development.uses_of(ecosystems_of(available["landcover"]))
    cover, findings = layer_rasters(job.project, ["landcover"])
    if not job.run.done("suitability/use.tif"):
        sources = [cover["landcover"], job.project.realm()]
        map_blocks(partial(_use, uses=uses), sources, [job.sink("suitability/use")])
    if not job.run.done("conflict_matrix.tif"):
        names = ("use", "matrix", "farm", "town")
        sources = [job.coded(f"suitability/{name}") for name in names]
        map_blocks(development.conflicts, sources, [job.sink("conflict_matrix")])
    return findings


def _use(cover: Any, realm: Any, *, uses: Mapping[int, int]) -> Any:
    found = look_up(cover, {code: float(use) for code, use in uses.items()}, "landcover")
    found = np.where((realm == 1) & ~np.isnan(found), np.nan_to_num(found), MISSING)
    return found.astype(np.int32)


def _write_factors(job: _Job) -> None:
    """factors.csv: what each factor was made from, or what would bring it."""
    columns = ("factor", "name", "status", "method", "layers", "missing")
    rows = [
        {
            "factor": p.id,
            "name": suitability.FACTOR_NAMES[p.id],
            "status": p.status,
            "method": p.method,
            "layers": " ".join(p.inputs),
            "missing": " ".join(need.layer for need in p.needs),
        }
        for p in job.plans
    ]
    job.run.write_rows("factors.csv", columns, rows)


# -- counting --------------------------------------------------------------------------------------

TABLES = {
    "farm": ("suitability/farm", {n: f"level {n}" for n in range(1, 6)}),
    "town": ("suitability/town", {n: f"level {n}" for n in range(1, 6)}),
    "matrix": ("suitability/matrix", development.CLASSES),
    "use": ("suitability/use", development.USES),
    "conflict": ("conflict_matrix", development.CONFLICTS),
}


def _areas(job: _Job, levels: Sequence[Units]) -> list[dict[str, Any]]:
    """Area by class of every table, for the nation and for each unit of each level."""
    cell = cell_area(job.project.grid)
    rows = []
    for table, (file, classes) in TABLES.items():
        if not job.run.done(f"{file}.tif"):
            continue
        for level in (None, *levels):
            divisions = len(level.codes) - 1 if level else 0
            raster = level.raster if level else None
            counts = development.counted(
                job.coded(file), job.project.realm(), raster, len(classes), divisions
            )
            named = _named(table, classes)
            rows += _area_rows(counts, level, table, named, job.project.name, cell)
    return rows


def _named(table: str, classes: Mapping[int, str]) -> dict[int, str]:
    """Every code that land can have, so that the areas of a unit sum to its land."""
    none = {0: development.NO_CONFLICT} if table == "conflict" else {}
    return {**classes, **none, len(classes) + 1: development.UNKNOWN}


def _area_rows(
    counts: Any, level: Units | None, table: str, classes: Mapping[int, str], nation: str,
    cell: float,
) -> list[dict[str, Any]]:  # fmt: skip
    found = []
    for number, row in enumerate(counts):
        if level and number == development.NO_UNIT and not row.any():
            continue
        unit = _unit(level, number, nation)
        found += [
            {**unit, "table": table, "class": code, "name": name,
             "area_m2": repr(float(row[code] * cell))}
            for code, name in classes.items()
        ]  # fmt: skip
    return found


def _unit(level: Units | None, number: int, nation: str) -> dict[str, str]:
    if level is None:
        return {"level": NATION, "code": "", "label": nation}
    return {"level": level.name, "code": level.codes[number], "label": level.labels[number]}


def _capacity(
    job: _Job, shelf: RunShelf, levels: Sequence[Units]
) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Rows of capacity.csv for the level that [suitability] names, else the first, else all."""
    level = _chosen(job.project, levels)
    divisions = len(level.codes) - 1 if level else 0
    raster = level.raster if level else None
    cell = cell_area(job.project.grid)
    least = job.parameters.table("suitability.suitable_level")
    best = job.coded("suitability/matrix")
    suited = {
        purpose: cell * capacity.suitable_cells(
            job.coded(f"suitability/{purpose}"), best, raster, divisions, least[purpose])
        for purpose in suitability.PURPOSES
    }  # fmt: skip
    used = _present_use(job, raster, divisions)
    water = capacity.water_by_unit(shelf.open("water_yield", "value"), raster, divisions)
    demand, findings = _demand(job.project, level)
    first = 1 if level else 0
    rooms = [
        _room(_unit(level, n, job.project.name), n, suited, used, water, demand)
        for n in range(first, divisions + 1)
    ]
    known = capacity.rules(job.parameters)
    return capacity.rows_of(level.name if level else NATION, rooms, known), findings


def _chosen(project: "Project", levels: Sequence[Units]) -> Units | None:
    wanted = project.suitability.level
    if not wanted:
        return levels[0] if levels else None
    for level in levels:
        if level.name == wanted:
            return level
    raise UserError(
        f"there is no level called {wanted}",
        where="project.toml [suitability] level",
        next_step=f"use one of {', '.join(level.name for level in levels)}",
    )


def _present_use(job: _Job, units_raster: Raster | None, divisions: int) -> Any:
    """Area in use by unit and purpose, m2; nothing where there is no land cover."""
    if not job.run.done("suitability/use.tif"):
        return {}
    use = job.coded("suitability/use")
    realm = job.project.realm()
    counts = development.counted(use, realm, units_raster, len(development.USES), divisions)
    cell = cell_area(job.project.grid)
    return {
        "farm": counts[:, development.FARMED] * cell, "town": counts[:, development.BUILT] * cell
    }  # fmt: skip


def _demand(
    project: "Project", level: Units | None
) -> tuple[dict[str, dict[str, float]], list[Finding]]:
    """What the demand table says of each division; a division that is none is refused."""
    source = project.suitability.demand
    if not source:
        message = say("no table of demand: present use is from the land cover, people are not "
                      "counted, usable water is a share of the yield")  # fmt: skip
        return {}, [Finding("capacity.no_demand", "capacity", Severity.NOTE, message)]
    table, findings = project.table(source)
    demand = capacity.read_demand([dict(row) for _, row in table.iterrows()], source)
    codes = set(level.codes) if level else {""}
    strange = sorted(set(demand) - codes)
    if strange:
        raise UserError(
            f"{source} names divisions that do not exist: {', '.join(strange[:3])}",
            where="project.toml [suitability] demand",
            by_how_much=f"{len(strange)} of {len(demand)}",
            next_step=f"use the codes of the level {level.name if level else NATION}",
        )
    return demand, findings


def _room(
    unit: Mapping[str, str], number: int, suited: Any, used: Any, water: Any, demand: Any
) -> capacity.Room:
    said = demand.get(unit["code"], {})
    current = {purpose: float(areas[number]) for purpose, areas in used.items()}
    for purpose, column in (("farm", "cropland_km2"), ("town", "built_km2")):
        if column in said:
            current[purpose] = said[column] * 1e6
    return capacity.Room(
        unit["code"], unit["label"],
        {purpose: float(areas[number]) for purpose, areas in suited.items()},
        current, float(water[number]),
        said.get("available_water_m3"), said.get("population"),
    )  # fmt: skip


INDICATORS = {
    "farm": "suitability.area", "town": "suitability.area", "matrix": "development.area",
    "conflict": "development.conflict",
}  # fmt: skip


def _measures(
    job: _Job, areas: Sequence[Mapping[str, Any]], carried: Sequence[Mapping[str, Any]]
) -> list[Measure]:
    period, sources = str(job.project.day.year), (job.run.id,)
    found = []
    for row in areas:
        if row["table"] not in INDICATORS:
            continue
        by = [("unit", f"{row['level']} {row['code']}")] if row["level"] != NATION else []
        by += [("purpose", row["table"])] if row["table"] in suitability.PURPOSES else []
        by.append(("class", row["name"]))
        found.append(Measure(INDICATORS[row["table"]], job.project.name, period,
                             float(row["area_m2"]), "m2", tuple(by), method="suitability",
                             sources=sources))  # fmt: skip
    for row in carried:
        by = [("unit", f"{row['level']} {row['code']}"), ("purpose", row["purpose"])]
        found.append(Measure("capacity.area", job.project.name, period, row["capacity_m2"], "m2",
                             tuple(by), method="suitability", sources=sources))  # fmt: skip
    return found
