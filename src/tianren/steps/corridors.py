"""The step behind `tianren corridors`: what links the parts of the line, and what cannot be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tianren.delineation import climate
from tianren.delineation import corridors as room
from tianren.delineation.corridors import Rules, Web
from tianren.delineation.flyway_findings import flyway_findings
from tianren.delineation.flyways import Flyways, flyways, named_columns
from tianren.delineation.totals import IN_LINE
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.rasters import open_raster, raster_sink
from tianren.language import say, set_language
from tianren.parameters import Parameters
from tianren.project.runs import Run, RunResults, start_run
from tianren.raster.raster import MISSING, Raster, cell_area, whole
from tianren.steps.delineate import delineate, joins, scenario_of
from tianren.steps.finding_counts import count_findings, findings_line
from tianren.steps.kept_line import kept_line, kept_state
from tianren.steps.progress import Progress, silent
from tianren.steps.zones import raster_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.project.project import Project
    from tianren.project.sections.corridors import CorridorsTable

Array = NDArray[Any]
SCIENCE = "Tianren: How corridors are found"


@dataclass(frozen=True)
class Corridors:
    """The answer of `tianren corridors`: cores, accepted and refused corridors, what is cut off."""

    run: RunResults

    def as_dict(self) -> dict[str, Any]:
        """Plain values: the run, its folder, counts, areas and the corridors themselves."""
        rows = self.run.rows("links.csv")
        routes = self.run.rows("routes.csv") if self.run.has("routes.csv") else []
        return {
            "run": self.run.id,
            "folder": str(self.run.folder),
            "line": self.run.record["settings"]["line"],
            "cores": len(self.run.rows("patches.csv")),
            "corridors": len(rows),
            "accepted": sum(row["accepted"] == "yes" for row in rows),
            "area_m2": self._value("corridors.area"),
            "stranded": int(self._value("corridors.stranded")),
            "steps_too_long": sum(row["too_long"] == "yes" for row in routes),
            "most_important": [
                {"id": int(row["id"]), "dpc_percent": float(row["dpc_percent"])}
                for row in sorted(rows, key=lambda r: (-float(r["dpc_percent"]), int(r["id"])))[:5]
            ],
            "findings": count_findings(self.run.findings),
        }

    def text(self) -> str:
        """The statement, the corridors that matter most, the next command."""
        found = self.as_dict()
        lines = [
            say(
                "{accepted} of {n} corridors between {cores} cores are accepted: {area} km2.",
                accepted=found["accepted"],
                n=found["corridors"],
                cores=found["cores"],
                area=f"{found['area_m2'] / 1e6:,.0f}",
            )
        ]
        if found["stranded"]:
            lines.append(say("{n} cores cannot be reached from the others.", n=found["stranded"]))
        if found["steps_too_long"]:
            n = found["steps_too_long"]
            lines.append(say("{n} steps of routes are longer than the species goes.", n=n))
        lines += self._most_important()
        lines.append(findings_line(self.run.findings))
        return "\n".join([*lines, f"{say('Results')}: {found['folder']}"])

    def _most_important(self) -> list[str]:
        rows = self.run.rows("links.csv")
        rows = sorted(rows, key=lambda r: (-float(r["dpc_percent"]), int(r["id"])))[:8]
        return [
            "  " + say(
                "{id}: {start} to {end}, {length} km, {share} % of the connectivity, {verdict}",
                id=row["id"], start=row["from_name"], end=row["to_name"],
                length=f"{float(row['length_m']) / 1e3:,.0f}",
                share=f"{float(row['dpc_percent']):.2f}",
                verdict=say("accepted") if row["accepted"] == "yes" else say("refused"),
            )
            for row in rows
        ]  # fmt: skip

    def _value(self, indicator: str) -> float:
        mine = (m for m in self.run.measures if m["indicator"] == indicator and not m["by"])
        return next((float(m["value"]) for m in mine), 0.0)


@dataclass(frozen=True)
class Found:
    """Everything that the outputs of a run are made from. parts: areas of all parts of the line,
    m2; small: how many are no cores; temperatures of the cores, or None."""

    web: Web
    rule: Rules
    parts: Array
    small: int
    region_m2: float
    temperatures: Array | None
    flyways: Flyways
    inside: Array


def corridors(project: "Project", *, progress: Progress = None) -> Corridors:
    """Corridors of a project's [corridors]; a killed run goes on.

    Raises UserError when there is no [corridors], no resistance to be made, or one of zero or less.
    """
    table = project.corridors
    if table is None:
        raise UserError(
            "the project has no [corridors]",
            where="project.toml",
            next_step="add [corridors] with resistance = a source, or quality = a source",
        )
    tell = progress or silent
    tell(say("the line without corridors"))
    line = _parts(project, progress)
    quality = _habitat_run(project, table, progress)
    parameters = project.parameters()
    settings = {
        "corridors": table.model_dump(mode="json", exclude={"join"}),
        "line": line.id,
        "habitat": quality.id if quality else "",
        "admin": [vars(level) for level in project.admin],
        "language": project.language,
        **scenario_of(project),
        **kept_state(line),
    }
    run = start_run(
        project, "corridors", inputs=_inputs(project, table), parameters=parameters,
        settings=settings,
    )  # fmt: skip
    with run:
        if not run.finished:
            set_language(project.language)
            _make(project, table, run, line, quality, parameters, tell)
    return Corridors(run.results())


def _parts(project: "Project", progress: Progress) -> RunResults:
    """The line whose parts are linked: as it is kept, where it is, else as drawn without any."""
    return kept_line(project) or line_without(project, progress)


def line_without(project: "Project", progress: Progress = None) -> RunResults:
    """The line drawn by steps 1 to 4 without any corridor: the parts that corridors link.

    Where corridors belong to the project's line this is another one, never its latest.
    """
    kept = {key: v for key, v in project.delineation.items() if key != "corridors"}
    plain = replace(project, corridors=None, delineation=MappingProxyType(kept))
    own = not joins(project) and not project.delineation.get("corridors")
    return delineate(plain, report=False, asked=own, progress=progress).run


def _habitat_run(
    project: "Project", table: "CorridorsTable", progress: Progress
) -> RunResults | None:
    """The run of habitat quality, where neither resistance nor quality is given."""
    if table.resistance or table.quality or project.habitat is None:
        return None
    from tianren.steps.habitat import habitat

    return habitat(project, progress=progress).run


def _inputs(project: "Project", table: "CorridorsTable") -> Mapping[str, str]:
    named = [
        table.resistance, table.quality, table.pressure, table.stopovers, table.routes,
        table.temperature, project.region_source, project.sea_source,
        *(level.source for level in project.admin),
    ]  # fmt: skip
    return project.digests({name for name in named if name})


def _make(
    project: "Project",
    table: "CorridorsTable",
    run: Run,
    line: RunResults,
    quality: RunResults | None,
    parameters: Parameters,
    progress: Callable[[str], None],
) -> None:
    from tianren.steps.corridor_tables import findings_of, measures_of, write_results

    progress(say("resistance"))
    resistance, findings = _resistance(project, table, quality, parameters)
    rule = room.rules(parameters)
    cell = cell_area(project.grid)
    step = open_raster(line.path("spatial_step.tif"), name="step", kind="category").read()
    inside = np.isin(step, IN_LINE)
    least = int(np.ceil(rule.minimum_core_area / cell - 1e-9))
    numbers, small = room.cores(inside, least)
    progress(say("corridors between {n} cores", n=int(numbers.max(initial=0))))
    web = room.weave(resistance, numbers, cell**0.5, rule, progress=progress)
    web, temperatures, warmth = _with_climate(project, table, web)
    routes, told = _routes(project, table, parameters)
    found = Found(
        web, rule, _part_areas(inside, cell), small, _region(project) * cell, temperatures,
        routes, inside,
    )  # fmt: skip
    progress(say("maps and tables"))
    write_results(project, run, parameters, found)
    findings = [*findings, *warmth, *told, *findings_of(found)]
    grid = {"crs": project.crs or project.grid.crs.to_wkt(), "resolution": project.resolution}
    run.finish(measures_of(project, run, found), findings, parameters, grid=grid)


def _part_areas(inside: Array, cell: float) -> Array:
    from scipy.ndimage import label

    parts, _ = label(inside)
    return np.bincount(parts.reshape(-1))[1:] * cell


def _region(project: "Project") -> int:
    return int(np.count_nonzero(project.realm().read() != MISSING))


# -- resistance ------------------------------------------------------------------------------------


def _resistance(
    project: "Project",
    table: "CorridorsTable",
    quality: RunResults | None,
    parameters: Parameters,
) -> tuple[Array, list[Finding]]:
    """Resistance of every cell of the region, NaN where nothing passes."""
    if table.resistance:
        raster, findings = raster_of(project, table.resistance)
        values = raster.read().astype(np.float64)
        _refuse_resistance(project, values, table.resistance)
    else:
        values, findings = _from_habitat(project, table, quality, parameters)
    region = project.realm().read() != MISSING
    values[~region] = np.nan
    return values, [*findings, *_no_data(values, region)]


def _refuse_resistance(project: "Project", values: Array, source: str) -> None:
    """A resistance of zero or less: which value, where, in how many cells."""
    wrong = (values <= 0) | np.isinf(values)
    if not wrong.any():
        return
    row, column = (int(i) for i in np.argwhere(wrong)[0])
    longitude, latitude = lon_lat(project, row, column)
    raise UserError(
        f"the resistance {values[row, column]:g} is not above zero and finite",
        where=f"{source}, at longitude {longitude:.4f}, latitude {latitude:.4f}"
        f" (row {row + 1}, column {column + 1} of the grid)",
        by_how_much=f"{int(wrong.sum()):,} cells",
        next_step="give every cell a resistance above zero; leave barriers without data",
    )


def lon_lat(project: "Project", row: int, column: int) -> tuple[float, float]:
    """The centre of a cell, degrees."""
    from tianren.geo.moves import move_between

    x, y = project.grid.affine @ (column + 0.5, row + 0.5)
    to = move_between(project.grid.crs.to_wkt(), "EPSG:4326")
    longitude, latitude = to.transform(x, y)
    return float(longitude), float(latitude)


def _from_habitat(
    project: "Project",
    table: "CorridorsTable",
    quality: RunResults | None,
    parameters: Parameters,
) -> tuple[Array, list[Finding]]:
    """From habitat quality and human pressure, both 0 to 1; one of them may stand alone."""
    good, findings = _quality(project, table, quality)
    pressure = np.zeros(project.grid.shape)
    if table.pressure:
        raster, found = raster_of(project, table.pressure)
        pressure = _shares(raster, "[corridors] pressure")
        findings += found
    if good is None:
        if not table.pressure:
            raise UserError(
                "there is nothing to make a resistance from",
                where="project.toml [corridors]",
                next_step="name resistance, quality or pressure, or describe [habitat]",
            )
        good = np.ones(project.grid.shape)
        message = say("resistance follows from human pressure alone: no habitat quality is given")
        findings.append(Finding("corridors.no_quality", "resistance", Severity.WARNING, message))
    extent = parameters.table("corridors.resistance_range")
    values = room.resistance(
        good, pressure, extent["least"], extent["largest"],
        parameters.number("corridors.resistance_curve"),
    )  # fmt: skip
    return np.asarray(values, dtype=np.float64), findings


def _quality(
    project: "Project", table: "CorridorsTable", quality: RunResults | None
) -> tuple[Array | None, list[Finding]]:
    if quality is not None:
        raster = open_raster(quality.path("habitat_quality.tif"), name="habitat_quality")
        return raster.read().astype(np.float64), []
    if not table.quality:
        return None, []
    raster, findings = raster_of(project, table.quality)
    return _shares(raster, "[corridors] quality"), findings


def _shares(raster: Raster, where: str) -> Array:
    """Values that must lie between 0 and 1."""
    values = raster.read().astype(np.float64)
    low, high = np.nanmin(values, initial=0.0), np.nanmax(values, initial=0.0)
    if low < 0 or high > 1:
        raise UserError(
            f"{raster.name} is not between 0 and 1",
            where=f"project.toml {where}",
            by_how_much=f"{low:.6g} to {high:.6g}",
            next_step="put it on 0 to 1 with scale = ... in catalog.toml",
        )
    return values


def _no_data(values: Array, region: Array) -> list[Finding]:
    unknown = int(np.count_nonzero(np.isnan(values) & region))
    if not unknown:
        return []
    share = unknown / int(np.count_nonzero(region))
    message = say(
        "{share} % of the region has no resistance: nothing passes there",
        share=f"{100 * share:.2g}",
    )
    severity = Severity.WARNING if share > 0.05 else Severity.NOTE
    return [Finding("corridors.no_data", "resistance", severity, message, SCIENCE)]


# -- climate and routes ----------------------------------------------------------------------------


def _with_climate(
    project: "Project", table: "CorridorsTable", web: Web
) -> tuple[Web, Array | None, list[Finding]]:
    """The corridors with how far each leads back up from warm to cool."""
    if not table.temperature:
        return web, None, []
    raster, findings = raster_of(project, table.temperature)
    values = raster.read()
    warm = climate.core_temperatures(values, web.cores)
    judged = []
    for corridor in web.corridors:
        along = values[corridor.path[:, 0], corridor.path[:, 1]]
        down = along if warm[corridor.a - 1] >= warm[corridor.b - 1] else along[::-1]
        judged.append(replace(corridor, rise=climate.rise(down)))
    return replace(web, corridors=tuple(judged)), warm, findings


def _routes(
    project: "Project", table: "CorridorsTable", parameters: Parameters
) -> tuple[Flyways, list[Finding]]:
    routes, told = _lines_or_sites(project, table.routes)
    stopovers, more = _lines_or_sites(project, table.stopovers)
    reach = parameters.number("corridors.stopover_reach")
    found = flyways(routes, stopovers, reach)
    return found, [*told, *more, *flyway_findings(found, reach)]


def _lines_or_sites(project: "Project", source: str) -> "tuple[GeoDataFrame | None, list[Finding]]":
    """A layer of routes or stopovers with its columns as they are looked for; None without one."""
    if not source:
        return None, []
    layer, found = project.vector(source)
    entry = project.entry(source)
    return named_columns(layer, entry.columns, entry.where), found


def accepted_corridors(project: "Project", progress: Progress = None) -> Raster:
    """The accepted corridors of a project with [corridors] join = true, numbered, 0 elsewhere."""
    answer = corridors(project, progress=progress)
    path = answer.run.path("corridors.tif")
    return open_raster(path, name="corridors", kind="category", grid=project.grid)


def write_raster(
    project: "Project", run: Run, name: str, cells: Array, unit: str = "1", dtype: str = "float32"
) -> None:
    """One delivered raster of the run."""
    if run.done(f"{name}.tif"):
        return
    tags = {"name": name, "run": run.id}
    nodata = 0.0 if dtype == "int32" else None
    sink = raster_sink(
        run.path(f"{name}.tif"), project.grid, dtype=dtype, nodata=nodata, unit=unit, tags=tags,
        delivered=True,
    )  # fmt: skip
    sink.write(whole(project.grid), cells.astype(dtype))
    sink.close()
