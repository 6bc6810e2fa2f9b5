"""The step behind `tianren habitat`: how good habitats are, and which threats degrade them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tianren.delineation import habitat as room
from tianren.delineation.habitat import HabitatGround, Threat
from tianren.delineation.must_include import flag
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.rules import Rule
from tianren.io.rasters import open_raster, raster_sink
from tianren.io.vectors import burn
from tianren.language import say, set_language
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.parameters.headings import columns_by_role
from tianren.project.runs import Run, RunResults, start_run
from tianren.raster.raster import Raster, cell_area
from tianren.science.habitat import habitat_rarity
from tianren.steps.finding_counts import count_findings, findings_line
from tianren.steps.progress import Progress, silent
from tianren.steps.zones import chosen, raster_of, words

if TYPE_CHECKING:
    from tianren.project.project import Project
    from tianren.project.sections.habitat import HabitatTable, ThreatTable

INVEST = "InVEST Habitat Quality (Sharp et al. 2020)"
THREAT_COLUMNS = (
    "threat", "source", "weight", "reach_m", "decay", "cells", "area_m2", "share_of_degradation",
)  # fmt: skip
RARITY_COLUMNS = ("class", "area_m2", "baseline_m2", "rarity")


@dataclass(frozen=True)
class HabitatQuality:
    """The answer of `tianren habitat`: mean quality, by class, and what degrades it."""

    run: RunResults

    def as_dict(self) -> dict[str, Any]:
        """Plain values: the run, its folder, mean quality in all and by class, the threats."""
        rows = [r for r in self.run.measures if r["indicator"] == "habitat.quality"]
        means = {r["by"]: float(r["value"]) for r in rows}
        return {
            "run": self.run.id,
            "folder": str(self.run.folder),
            "mean_quality": means.get(""),
            "half_saturation": self.run.record["habitat"]["half_saturation"],
            "by_class": {
                by.removeprefix("class="): value
                for by, value in means.items()
                if by.startswith("class=")
            },
            "threats": {
                row["threat"]: float(row["share_of_degradation"])
                for row in self.run.rows("threats.csv")
            },
            "findings": count_findings(self.run.findings),
        }

    def text(self) -> str:
        """The statement, the table, the next command."""
        found = self.as_dict()
        mean = found["mean_quality"]
        if mean is None:
            return say("No cell of the region has a habitat quality.")
        lines = [say("Habitat quality is {mean} on average, of 1.", mean=f"{mean:.3f}")]
        by_class = sorted(found["by_class"].items(), key=lambda pair: -pair[1])
        lines += [f"  {name:<42}{value:>8.3f}" for name, value in by_class]
        for name, share in sorted(found["threats"].items(), key=lambda pair: -pair[1]):
            lines.append(
                say("{share} % of the degradation is by {threat}",
                    share=f"{100 * share:.1f}", threat=name)
            )  # fmt: skip
        lines.append(findings_line(self.run.findings))
        return "\n".join([*lines, f"{say('Results')}: {found['folder']}"])


def habitat(project: "Project", *, progress: Progress = None) -> HabitatQuality:
    """Habitat quality and degradation of a project's [habitat]; a killed run goes on.

    Raises UserError when there is no [habitat], and for a class, threat or value it lacks.
    """
    table = project.habitat
    if table is None:
        raise UserError(
            "the project has no [habitat]", where="project.toml",
            next_step="add [habitat] with suitability = a table, and [habitat.threats.NAME]",
        )  # fmt: skip
    parameters = project.parameters()
    run = start_run(
        project, "habitat", inputs=_inputs(project, table), parameters=parameters,
        settings={"habitat": table.model_dump(mode="json"),
                  "admin": [vars(level) for level in project.admin]},
    )  # fmt: skip
    with run:
        if not run.finished:
            set_language(project.language)
            _make(project, table, run, parameters, progress or silent)
    return HabitatQuality(run.results())


def _landcover(project: "Project", table: "HabitatTable") -> str:
    """The source of the classes."""
    serving = project.serving("landcover")
    if not table.landcover and serving is None:
        raise UserError(
            "there is no land cover to read habitats from", where="project.toml [habitat]",
            next_step="name a source: landcover = ..., or add the layer landcover to catalog.toml",
        )  # fmt: skip
    return table.landcover or (serving.name if serving else "")


def _inputs(project: "Project", table: "HabitatTable") -> Mapping[str, str]:
    region = [project.region_source, project.sea_source, *(v.source for v in project.admin)]
    own = [table.suitability, table.access, table.baseline]
    own += [threat.source for threat in table.threats.values()]
    return project.digests({n for n in (*region, *own, _landcover(project, table)) if n})


def _make(
    project: "Project", table: "HabitatTable", run: Run, parameters: Parameters,
    progress: Callable[[str], None],
) -> None:  # fmt: skip
    progress(say("habitats and threats"))
    ground, findings = _ground(project, table)
    cells = room.class_cells(ground.landcover, ground.region)
    _require_rows(ground, cells, cell_area(project.grid))
    progress(say("degradation"))
    if not run.done("degradation.tif"):
        room.degradation_map(ground, _sink(project, run, "degradation"))
    degraded = _opened(project, run, "degradation")
    half = parameters.number("habitat.half_saturation") * room.largest(degraded)
    findings += _said(ground, half)
    progress(say("habitat quality"))
    exponent = parameters.number("habitat.exponent")
    if not run.done("habitat_quality.tif"):
        sink = _sink(project, run, "habitat_quality")
        room.quality_map(ground, degraded, half or 1.0, exponent, sink)
    measures = _measures(project, run, ground)
    _write_threats(project, table, run, ground)
    if table.baseline:
        measures += _rarity(project, table, run, ground, cells)
    run.finish(measures, findings, parameters, habitat={"half_saturation": half})


def _sink(project: "Project", run: Run, name: str) -> Any:
    path = run.path(f"{name}.tif")
    return raster_sink(path, project.grid, tags={"name": name, "run": run.id}, delivered=True)


def _opened(project: "Project", run: Run, name: str) -> Raster:
    return open_raster(run.path(f"{name}.tif"), name=name, grid=project.grid)


# -- what it is computed from ----------------------------------------------------------------------


def _ground(project: "Project", table: "HabitatTable") -> tuple[HabitatGround, list[Finding]]:
    landcover, findings = raster_of(project, _landcover(project, table))
    rows, found = project.table(table.suitability)
    findings += found
    where = project.entry(table.suitability).where
    records = _rows_of_types(rows.to_dict("records"), list(table.threats))
    types = room.habitat_types(records, list(table.threats), landcover.legend, where=where)
    findings += _unused_columns(records, table)
    threats = []
    for name, threat in table.threats.items():
        raster, found = _strength(project, name, threat)
        threats.append(Threat(name, raster, threat.weight, threat.reach, threat.decay))
        findings += found
    access = None
    if table.access:
        access, found = raster_of(project, table.access)
        _require_shares(access, "[habitat] access")
        findings += found
    return HabitatGround(landcover, project.realm(), types, threats, access), findings


def _rows_of_types(
    rows: Sequence[Mapping[Any, Any]], threats: Sequence[str]
) -> list[dict[str, str]]:
    """The rows with class and suitability so called, whichever usual heading the table gives them.

    A column named as a threat is that threat's.
    """
    columns = [str(column).strip() for column in (rows[0] if rows else {})]
    roles = columns_by_role("habitat_types", [c for c in columns if c not in threats])
    called = {column: role for role, column in roles.items()}
    return [{called.get(c := str(k).strip(), c): str(v) for k, v in r.items()} for r in rows]


def _strength(project: "Project", name: str, threat: "ThreatTable") -> tuple[Raster, list[Finding]]:
    """A threat on the grid: features or classes as 1, a quantity 0..1 as it is."""
    where = f"project.toml [habitat.threats.{name}]"
    if project.entry(threat.source).is_vector:
        layer, findings = project.vector(threat.source)
        layer = chosen(layer, words(threat.where), where)
        if layer.empty:
            findings = [*findings, _empty(name)]
        return burn(layer, project.grid, name=name), findings
    raster, findings = raster_of(project, threat.source)
    if raster.is_category:
        rule = Rule(f"habitat.threats.{name}", "threat", classes=tuple(threat.classes))
        return flag(rule, raster), findings
    _require_shares(raster, where)
    return raster, findings


def _empty(name: str) -> Finding:
    message = say("no feature of the threat {name} is left, so it degrades nothing", name=name)
    return Finding("habitat.threat_empty", name, Severity.WARNING, message)


def _require_shares(raster: Raster, where: str) -> None:
    low, high = room.span(raster)
    if low < 0.0 or high > 1.0:
        raise UserError(
            f"{raster.name} is not between 0 and 1", where=where,
            by_how_much=f"{low:.6g} to {high:.6g}",
            next_step="put it on 0 to 1 with scale = ... in catalog.toml",
        )  # fmt: skip


def _require_rows(ground: HabitatGround, cells: Mapping[int, int], cell_m2: float) -> None:
    """Every class of land cover in the region has its row."""
    rows = set(ground.types.codes.tolist())
    lacking = {code: n for code, n in cells.items() if code not in rows}
    if lacking:
        names = [
            f"{c} {ground.types.names.get(c, '')} ({n * cell_m2 / 1e6:,.0f} km2)"
            for c, n in lacking.items()
        ]
        raise UserError(
            "the table of suitability lacks classes of the land cover",
            where="project.toml [habitat]", by_how_much=", ".join(names),
            next_step="add a row for each: suitability 0 where it is no habitat",
        )  # fmt: skip


def _unused_columns(rows: Sequence[Mapping[str, str]], table: "HabitatTable") -> list[Finding]:
    known = {"class", "suitability", *table.threats}
    unused = [column for column in (rows[0] if rows else {}) if column not in known]
    message = say("columns that are no threat of the project are not used: {names}",
                  names=", ".join(unused))  # fmt: skip
    if not unused:
        return []
    return [Finding("habitat.unused_columns", table.suitability, Severity.NOTE, message)]


def _said(ground: HabitatGround, half: float) -> list[Finding]:
    """The half-saturation that was used, and where threats could not be seen."""
    if not half:
        message = say("nothing is degraded, so quality is suitability")
        return [Finding("habitat.no_degradation", "threats", Severity.WARNING, message, INVEST)]
    message = say("the half-saturation constant is {half}, half-way to the largest degradation "
                  "here unless set otherwise; qualities by another constant cannot be compared",
                  half=f"{half:.6g}")  # fmt: skip
    reach = max(threat.reach for threat in ground.threats)
    edge = say("threats beyond the edge of the project's grid are not seen; they would reach "
               "{reach} km inward", reach=f"{reach / 1e3:g}")  # fmt: skip
    return [
        Finding("habitat.half_saturation", "quality", Severity.NOTE, message, INVEST),
        Finding("habitat.edge", "threats", Severity.NOTE, edge, INVEST),
    ]


# -- tables and measures ---------------------------------------------------------------------------


def _write_threats(
    project: "Project", table: "HabitatTable", run: Run, ground: HabitatGround
) -> None:
    rows = []
    if ground.threats:
        for threat, sums in zip(ground.threats, room.threat_sums(ground), strict=True):
            rows.append({
                "threat": threat.name,
                "source": table.threats[threat.name].source,
                "weight": repr(threat.weight),
                "reach_m": repr(threat.reach),
                "decay": threat.decay,
                "cells": sums.cells,
                "area_m2": repr(sums.cells * cell_area(project.grid)),
                "share_of_degradation": repr(sums.share),
            })  # fmt: skip
    run.write_rows("threats.csv", THREAT_COLUMNS, rows)


def _measures(project: "Project", run: Run, ground: HabitatGround) -> list[Measure]:
    """Mean quality of the region, of each class and of each administrative unit."""
    quality = _opened(project, run, "habitat_quality")

    def rows(codes: Raster, dimension: str, names: Mapping[int, str]) -> list[Measure]:
        found = _by_name(room.means_by(quality, codes), names)
        return [
            _measure(project, run, "habitat.quality", mean, ((dimension, name),))
            for name, mean in found.items()
        ]

    by_class = room.means_by(quality, ground.landcover)
    cells = sum(n for n, _ in by_class.values())
    measures = rows(ground.landcover, "class", ground.types.names)
    if cells:
        mean = sum(n * value for n, value in by_class.values()) / cells
        measures.append(_measure(project, run, "habitat.quality", mean))
    for level in project.admin:
        codes, units = project.admin_codes(level.name)
        names = {number: label for number, (_, label) in units.items()}
        measures += rows(codes, level.name, names)
    return measures


def _by_name(means: Mapping[int, tuple[int, float]], names: Mapping[int, str]) -> dict[str, float]:
    """Means by name: two codes of a legend may be one class."""
    sums: dict[str, tuple[int, float]] = {}
    for code, (n, mean) in means.items():
        had = sums.get(names[code], (0, 0.0))
        sums[names[code]] = (had[0] + n, had[1] + n * mean)
    return {name: total / n for name, (n, total) in sums.items()}


def _measure(
    project: "Project", run: Run, indicator: str, value: float,
    by: tuple[tuple[str, str], ...] = (),
) -> Measure:  # fmt: skip
    return Measure(
        indicator, project.name, str(project.day.year), value, "1", by, method="habitat",
        sources=(run.id,),
    )  # fmt: skip


def _rarity(
    project: "Project", table: "HabitatTable", run: Run, ground: HabitatGround,
    now: Mapping[int, int],
) -> list[Measure]:  # fmt: skip
    """How much of each class of the baseline is gone: rarity.csv, rarity.tif and measures."""
    baseline, _ = raster_of(project, table.baseline)
    before = room.class_cells(baseline, ground.region)
    cell = cell_area(project.grid)
    rarity = {code: habitat_rarity(now.get(code, 0), n) for code, n in before.items()}
    names = {**baseline.legend, **ground.types.names}
    rows = [
        {"class": names.get(code, str(code)), "area_m2": repr(now.get(code, 0) * cell),
         "baseline_m2": repr(before[code] * cell), "rarity": repr(value)}
        for code, value in rarity.items()
    ]  # fmt: skip
    run.write_rows("rarity.csv", RARITY_COLUMNS, rows)
    if rarity and not run.done("rarity.tif"):
        room.rarity_map(ground.landcover, rarity, _sink(project, run, "rarity"))
    return [
        _measure(project, run, "habitat.rarity", rarity[code], (("class", row["class"]),))
        for code, row in zip(rarity, rows, strict=True)
    ]
