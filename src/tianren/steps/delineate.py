"""The step behind `tianren delineate`: from a project's layers to its redline and its numbers."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tianren.delineation import conflicts as conflict_rules
from tianren.delineation import decisions as decision_rows
from tianren.delineation import redline, totals
from tianren.delineation.criteria import CriteriaResult
from tianren.delineation.decisions import Decision
from tianren.delineation.grades import scope, shares, thresholds
from tianren.delineation.must_include import area_on_grid
from tianren.delineation.pieces import FUNCTIONS, Piece, Tally, Units, check_pieces, describe, tally
from tianren.delineation.plan import CriterionPlan, parameters_of
from tianren.delineation.recipes import Context
from tianren.delineation.redline import Ground, Limits, Line
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.rasters import open_raster
from tianren.io.vectors import write_vector
from tianren.language import say, set_language
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.parameters.layers import layers
from tianren.project.runs import Run, RunResults, start_run
from tianren.raster.blocks import map_blocks
from tianren.raster.raster import Raster, cell_area
from tianren.steps import species_join
from tianren.steps.criteria import Preparation, compute_criteria, prepare
from tianren.steps.declared import Declared, declared, divisions, landscapes, units
from tianren.steps.finding_counts import count_findings, findings_line
from tianren.steps.progress import Progress, silent
from tianren.steps.stages import FileStore

if TYPE_CHECKING:
    from tianren.project.project import Project


@dataclass(frozen=True)
class Delineated:
    """The answer of `tianren delineate`: the run and its first numbers."""

    run: RunResults

    def as_dict(self) -> dict[str, Any]:
        """Plain values: the run, its folder, areas and shares, and how many findings it has."""
        return {
            "run": self.run.id,
            "folder": str(self.run.folder),
            "pieces": int(self.run.record["line"]["pieces"]),
            "area_m2": self._value("redline.area"),
            "share_percent": {
                realm: share
                for realm in ("land", "sea")
                if (share := self._value("redline.share", f"realm={realm}")) is not None
            },
            "category_m2": {
                by.removeprefix("category="): float(row["value"])
                for row in self.run.measures
                if row["indicator"] == "redline.area" and (by := row["by"]).startswith("category=")
            },
            "findings": count_findings(self.run.findings),
        }

    def text(self) -> str:
        """The statement, the table, the next command."""
        found = self.as_dict()
        area = f"{(found['area_m2'] or 0) / 1e6:,.0f}"
        lines = [say("{area} km2 in {n} pieces are inside the line.", area=area, n=found["pieces"])]
        for realm, share in found["share_percent"].items():
            lines.append(say("{share} % of the {realm}", share=f"{share:.1f}", realm=say(realm)))
        lines += [
            f"  {say(CATEGORY_NAMES[category]):<42}{m2 / 1e6:>12,.0f} km2"
            for category, m2 in found["category_m2"].items()
            if m2
        ]
        lines += [findings_line(self.run.findings), *self._where()]
        return "\n".join([*lines, "", say("Why here? tianren explain --at LON,LAT")])

    def _where(self) -> list[str]:
        """The files to open first, on lines of their own, so that they can be copied."""
        files = {say("Map"): "maps/redline.png", say("Report"): "report.pdf"}
        there = {name: self.run.path(file) for name, file in files.items() if self.run.has(file)}
        paths = there or {say("Results"): self.run.folder}
        return [f"{name}: {path}" for name, path in paths.items()]

    def _value(self, indicator: str, by: str = "") -> float | None:
        for row in self.run.measures:
            if row["indicator"] == indicator and row["by"] == by:
                return float(row["value"])
        return None


CATEGORY_NAMES = {
    "key_function": "key ecological function zones",
    "barrier": "ecological barrier zones",
    "habitat": "species' habitats and natural landscapes",
}


def delineate(
    project: "Project",
    *,
    robustness: int = 0,
    seed: int = 1,
    report: bool = True,
    asked: bool = True,
    progress: Progress = None,
) -> Delineated:
    """Draw the redline of a project; a run that was killed goes on from what it has.

    robustness: how many times to draw the line again over the parameters' ranges, from seed;
    report: also write maps and report. The same project asked again is the same run. asked: False
    where another step needs the line as its input alone, which never makes it the latest.
    """
    parameters = project.parameters()
    run = start_run(
        project, "delineate", inputs=sources_of_line(project), parameters=parameters,
        settings=_settings(project, robustness, seed),
    )  # fmt: skip
    with run:
        if not run.finished:
            set_language(project.language)
            _draw(project, run, parameters, robustness, seed, progress or silent)
    results = run.results(asked=asked)
    if report:
        _report(project, run.id)
    return Delineated(results)


def sources_of_line(project: "Project") -> list[str]:
    """The sources that decide about the line; others of the catalog may change without it."""
    named = {
        project.region_source,
        project.sea_source,
        project.scope,
        str(project.delineation.get("corridors", "")),
        str(project.delineation.get("landscapes", "")),
        *(entry.source for entry in project.must_include.values()),
        *(entry.source for entry in project.conflicts),
        *(level.source for level in project.admin),
        *(entry.name for entry in project.catalog.values() if entry.layer in layers()),
        *_sources_of_sections(project),
    }
    return sorted(named & set(project.catalog))


def _sources_of_sections(project: "Project") -> list[str]:
    """What the species and the corridors that join the line are made from."""
    from tianren.project.sections.table import sources_named

    sections = [project.species] if species_join.joins(project) else []
    tables = [*sections, *([project.corridors, project.habitat] if joins(project) else [])]
    return [name for t in tables if t is not None for _, name, _ in sources_named(t, [])]


def _settings(project: "Project", robustness: int, seed: int) -> dict[str, Any]:
    """Everything in project.toml that decides about the line."""
    declared_rows = {
        "must_include": [_known(m) for m in project.must_include.values()],
        "conflicts": [_known(c) for c in project.conflicts],
        "admin": [_known(level) for level in project.admin],
    }
    plain = json.loads(json.dumps(declared_rows, default=dict))
    return {
        "scope": project.scope,
        "piece_level": project.piece_level,
        "language": project.language,
        "robustness": robustness,
        "seed": seed if robustness else 0,
        "delineation": dict(project.delineation),
        **plain,
        **scenario_of(project),
        **_joined(project),
        **species_join.settings(project),
    }


def joins(project: "Project") -> bool:
    """Whether accepted corridors join the line: [corridors] join = true."""
    if project.corridors is None or not project.corridors.join:
        return False
    if project.delineation.get("corridors"):
        raise UserError(
            "corridors are given twice: [delineation] corridors and [corridors] join",
            where="project.toml",
            next_step="remove one of them",
        )
    return True


def _joined(project: "Project") -> dict[str, Any]:
    """The run whose accepted corridors join the line; nothing where none do."""
    if not joins(project):
        return {}
    from tianren.steps.corridors import corridors

    return {"joined": corridors(project).run.id}


def scenario_of(project: "Project") -> dict[str, Any]:
    """What a run says of the scenario that it belongs to; nothing where there is none."""
    if project.scenario is None:
        return {}
    changes = json.loads(json.dumps(project.scenario.changes, default=str))
    return {"scenario": {"name": project.scenario.name, "changes": changes}}


def _known(entry: Any) -> dict[str, Any]:
    """The fields of an entry that say something."""
    return {key: value for key, value in vars(entry).items() if value not in (None, "", (), {})}


def _report(project: "Project", run_id: str) -> None:
    from tianren.steps.report import write_report

    write_report(project, run_id)


@dataclass(frozen=True)
class Drawn:
    """Everything that the outputs of a run are made from."""

    line: Line
    tally: Tally
    pieces: Sequence[Piece]
    declared: Declared
    levels: Sequence[Units]
    decisions: Sequence[Decision]
    measures: Sequence[Measure]
    findings: Sequence[Finding]

    def with_findings(self, more: Sequence[Finding]) -> "Drawn":
        return replace(self, findings=[*self.findings, *more])

    def with_measures(self, more: Sequence[Measure]) -> "Drawn":
        return replace(self, measures=[*self.measures, *more])


def _draw(
    project: "Project",
    run: Run,
    parameters: Parameters,
    draws: int,
    seed: int,
    progress: Callable[[str], None],
) -> None:
    """Everything between the lock and run.toml, which is written last."""
    ready = prepare(project, parameters, progress=progress)
    criteria = compute_criteria(
        project, run, parameters=parameters, prepared=ready, progress=progress
    )
    behind = _parameters_behind(ready, criteria, parameters)
    store = FileStore(run, project.grid)
    limit = limits_of(project, parameters)
    progress(say("must-include areas and conflicts"))
    found = declared(project, parameters, store)
    levels = units(project)
    ground = ground_of(project, found, levels, {n: graded(run, n) for n in criteria.computed})
    progress(say("core, holes, patches and pieces"))
    line = redline.draw(ground, limit, store)
    drawn = _counted(project, run, parameters, line, ground, found, levels, criteria)
    progress(say("boundaries"))
    drawn = drawn.with_findings(_write_polygons(drawn, project, run, parameters))
    wide = totals.large_share(drawn.measures, parameters.number("redline.large_share"))
    drawn = drawn.with_findings([*_coarse(limit), *wide])
    _write_scope(project, run, ready.zones)
    _write_tables(drawn, run, _line_record(drawn, project, limit, parameters, behind))
    more: dict[str, Any] = {}
    if draws:
        from tianren.steps.robustness import draw_again

        sure = draw_again(ready, run, parameters, ground, line.cells, draws, seed, behind, progress)
        drawn = drawn.with_findings(sure.findings).with_measures(sure.measures)
        more["robustness"] = sure.record
    record = _record(project, run, drawn)
    run.finish(drawn.measures, drawn.findings, parameters, **record, **more)
    shutil.rmtree(run.folder / "work", ignore_errors=True)


def _parameters_behind(
    ready: Preparation, criteria: CriteriaResult, parameters: Parameters
) -> dict[str, list[str]]:
    """Criterion -> the parameters behind its value and grade; all are noted as used.

    A resumed run computes nothing again, but its run.toml names the same parameters.
    """
    context = Context(parameters, ready.available)
    known = parameters_of(ready.plans, context)
    found = {}
    for graded_one in criteria.graded:
        plan = graded_one.plan
        names = known.get(plan.id, frozenset()) | grading_parameters(plan, parameters)
        found[plan.id] = sorted(names)
        for name in found[plan.id]:
            parameters[name]
    return found


def grading_parameters(plan: CriterionPlan, parameters: Parameters) -> frozenset[str]:
    """The parameters that decide about the grades of a criterion, its values apart."""
    own = parameters.with_settings({})
    if plan.criterion.grading == "share":
        shares(own)
    elif plan.criterion.grading == "score":
        thresholds(own)
    return frozenset(s.id for s in own.used())


def _write_scope(project: "Project", run: Run, zones: Raster | None) -> None:
    """scope.tif: within what each cell was graded (realm, or 10 * zone + realm)."""
    if not run.done("scope.tif"):
        raster = scope(project.realm(), zones).raster
        map_blocks(_same, [raster], [FileStore(run, project.grid).sink("scope")])


def _same(cells: Any) -> Any:
    return cells


def graded(run: Run, criterion: str) -> Raster:
    return open_raster(run.path(f"grades/{criterion}.tif"), name=criterion, kind="category")


def valued(run: Run, criterion: str) -> Raster:
    return open_raster(run.path(f"values/{criterion}.tif"), name=criterion)


def limits_of(project: "Project", parameters: Parameters) -> Limits:
    """The limits of the spatial step on the project's grid."""
    return redline.limits(
        parameters.number("redline.minimum_area"),
        parameters.number("redline.hole_limit"),
        project.grid,
    )


def ground_of(
    project: "Project", found: Declared, levels: Sequence[Units], grades: Mapping[str, Raster]
) -> Ground:
    """What the line is drawn from."""
    return Ground(
        project.realm(),
        grades,
        found.must,
        [m.level for m in found.names],
        found.conflicts,
        conflict_rules.deducted_bits(found.conflict_rules),
        divisions(project, levels),
        _corridors(project),
    )


def _corridors(project: "Project") -> Raster | None:
    """The corridors that a project gives, [delineation] corridors = a source of the catalog, or
    those that it finds and accepts, [corridors] join = true."""
    if joins(project):
        from tianren.steps.corridors import accepted_corridors

        return accepted_corridors(project)
    source = project.delineation.get("corridors")
    if not source:
        return None
    from tianren.io.vectors import burn

    if project.entry(str(source)).is_vector:
        layer, _ = project.vector(str(source))
        return burn(
            layer, project.grid, list(range(1, len(layer) + 1)), name="corridors", outside=0
        )
    rasters, _ = project.rasters([str(source)])
    return next(iter(rasters.values()))


def _counted(
    project: "Project",
    run: Run,
    parameters: Parameters,
    line: Line,
    ground: Ground,
    found: Declared,
    levels: Sequence[Units],
    criteria: CriteriaResult,
) -> Drawn:
    """Attributes of the pieces, decisions and measures."""
    values = {name: valued(run, name) for name in criteria.computed}
    cell = cell_area(project.grid)
    natural = landscapes(project)
    units_of = levels if natural is None else (*levels, natural)
    counts = tally(line, found.must, len(found.names), units_of, ground.grades, values)
    pieces = describe(counts, levels, project.piece_level, found.names, parameters, cell, natural)
    ledger = totals.count_region(ground.realm, line, found.must, found.conflicts, levels)
    rules = found.conflict_rules
    origin = FileStore(run, project.grid).raster("origin")
    decided = conflict_rules.decide(rules, found.conflicts, origin, found.must)
    functions = [name for name in values if name in FUNCTIONS]
    held = totals.held(
        line.cells,
        {name: values[name] for name in functions},
        {name: ground.grades[name] for name in functions},
        counts.scales,
    )
    facts = totals.Facts(
        project.name, str(project.day.year), run.id, cell, ledger, counts, pieces, levels,
        found.names, rules, held,
    )  # fmt: skip
    findings = [
        *criteria.findings, *found.findings, *line.findings,
        *_on_grid(found, ledger, cell), *_no_division(project, levels, ledger, cell),
    ]  # fmt: skip
    return Drawn(
        line, counts, pieces, found, levels,
        decision_rows.in_order([*found.decisions, *decided]),
        [*criteria.measures, *totals.measures(facts)], findings,
    )  # fmt: skip


def _on_grid(found: Declared, ledger: totals.Ledger, cell: float) -> list[Finding]:
    """Where the cell-centre rule changes the area of an entry."""
    said = [
        area_on_grid(m.name, polygons, ledger.must_cells(1 << i) * cell)
        for i, (m, polygons) in enumerate(zip(found.names, found.polygon_m2, strict=True))
        if polygons is not None
    ]
    return [finding for finding in said if finding is not None]


def _no_division(
    project: "Project", levels: Sequence[Units], ledger: totals.Ledger, cell: float
) -> list[Finding]:
    """Land that lies in no unit of the level that names the pieces."""
    cells = sum(int(ledger.units[v.name][-1, 0]) for v in levels if v.name == project.piece_level)
    if not cells:
        return []
    message = say(
        "{area} km2 of land lie in no {level}; pieces there are numbered under 0",
        area=f"{cells * cell / 1e6:,.1f}",
        level=project.piece_level,
    )
    return [Finding("redline.no_division", project.piece_level, Severity.WARNING, message)]


def _coarse(limit: Limits) -> list[Finding]:
    """A minimum patch of one cell drops nothing: that is said, not left to be found out."""
    if limit.minimum_cells > 1:
        return []
    message = say("the minimum patch is no larger than a cell, so no patch can be dropped")
    return [
        Finding("redline.minimum_is_a_cell", "redline.minimum_area", Severity.NOTE, message,
                "Tianren: How the line is drawn")
    ]  # fmt: skip


def _write_polygons(
    drawn: Drawn, project: "Project", run: Run, parameters: Parameters
) -> list[Finding]:
    """Trace, smooth, check and write the pieces. A layer that does not sum raises before it is."""
    from geopandas import GeoDataFrame

    geometries, findings = _outlines(drawn, project, parameters)
    cell = cell_area(project.grid)
    mask = totals.cells_inside(drawn.line.step) * cell
    drift = parameters.number("redline.area_drift")
    check_pieces([p.area_m2 for p in drawn.pieces], geometries, mask, drift)
    rows = [piece.row(run.id) for piece in drawn.pieces]
    crs = project.grid.crs.to_wkt()
    if not run.done("redline.gpkg"):
        layer = GeoDataFrame(rows, geometry=geometries, crs=crs)
        write_vector(run.path("redline.gpkg"), layer, "redline")
    run.write_rows("redline.csv", list(rows[0]) if rows else ["code", "piece"], rows)
    if not run.done("must_include.gpkg"):
        write_vector(run.path("must_include.gpkg"), drawn.declared.sites, "must_include")
    return findings


def _outlines(
    drawn: Drawn, project: "Project", parameters: Parameters
) -> tuple[list[Any], list[Finding]]:
    from tianren.geo.smoothing import smooth
    from tianren.raster.trace import trace

    traced = trace(drawn.line.cells)
    side = cell_area(project.grid) ** 0.5
    reach = parameters.number("redline.smoothing") * side
    drift = parameters.number("redline.area_drift") / 100
    if not traced:
        return [], []
    smoothed, findings = smooth(traced, reach, drift)
    return [smoothed[piece.number] for piece in drawn.pieces], findings


def _write_tables(drawn: Drawn, run: Run, line: Mapping[str, Any]) -> None:
    run.write_json("line.json", line)
    rows = (d.row() for d in drawn.decisions)
    run.write_rows("decisions.csv", decision_rows.COLUMNS, rows)
    run.write_rows("pieces.csv", PIECE_COLUMNS, _piece_rows(drawn))


PIECE_COLUMNS = (
    "code", "criterion", "share_5_percent", "share_3_percent", "mean", "highest",
)  # fmt: skip


def _piece_rows(drawn: Drawn) -> list[dict[str, str]]:
    """What each criterion is in each piece: for explanations and ledgers."""
    return [_piece_row(drawn.tally, p, name) for p in drawn.pieces for name in drawn.tally.extreme]


def _piece_row(counts: Tally, piece: Piece, name: str) -> dict[str, str]:
    n, cells = piece.number, int(counts.cells[piece.number])
    known = name in counts.known and int(counts.known[name][n]) > 0
    return {
        "code": piece.code,
        "criterion": name,
        "share_5_percent": repr(100 * int(counts.extreme[name][n]) / cells),
        "share_3_percent": repr(100 * int(counts.important[name][n]) / cells),
        "mean": repr(counts.mean(name, n)) if known else "",
        "highest": repr(float(counts.highest[name][n])) if known else "",
    }


def _line_record(
    drawn: Drawn,
    project: "Project",
    limit: Limits,
    parameters: Parameters,
    behind: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """line.json: what the bits and codes of the run's rasters mean, and the limits that decided."""
    rules = drawn.declared.conflict_rules
    return {
        "must": [vars(m) for m in drawn.declared.names],
        "conflicts": [
            {"name": c.name, "kind": c.kind, "decision": c.decision, "reason": c.reason}
            for c in rules
        ],
        "steps": {str(code): text for code, text in redline.ORIGINS.items()},
        "cell_m2": cell_area(project.grid),
        "minimum_m2": parameters.number("redline.minimum_area"),
        "hole_m2": parameters.number("redline.hole_limit"),
        "minimum_cells": limit.minimum_cells,
        "hole_cells": limit.hole_cells,
        "scope": project.scope,
        "parameters": dict(behind),
    }


def _record(project: "Project", run: Run, drawn: Drawn) -> dict[str, Any]:
    """What run.toml says besides: who, where, from what."""
    return {
        "id": run.id,
        "title": project.title.get("en", project.name),
        "titles": dict(project.title),
        "place": project.name,
        "language": project.language,
        "grid": {
            "crs": project.crs or project.grid.crs.to_wkt(),
            "resolution": project.resolution,
            "rows": project.grid.shape[0],
            "columns": project.grid.shape[1],
        },
        "line": {"pieces": drawn.line.pieces, "scope": project.scope},
        "inputs": [input_row(project, name, digest) for name, digest in run.inputs.items()],
    }


def input_row(project: "Project", name: str, digest: str) -> dict[str, Any]:
    """One source as the catalog declares it, with the hash of what was read."""
    entry = project.entry(name)
    words = ("uri", "layer", "unit", "period", "licence", "citation", "note", "reason")
    found = {word: str(getattr(entry, word, "") or "") for word in words}
    return {"name": name, **found, "sha256": digest, "approximate": bool(entry.approximate)}
