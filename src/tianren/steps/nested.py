"""The step behind `tianren nested`: a line against the line of the level above, on a coarser grid.

National grades at 1 km and provincial ones at 250 m are drawn from other layers and other totals;
what differs is told by unit and by grade.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tianren.delineation import comparison
from tianren.delineation.redline import ORIGINS, OUTSIDE
from tianren.delineation.totals import IN_LINE
from tianren.findings import Finding, Severity
from tianren.io.alignment import align
from tianren.io.rasters import open_raster, raster_sink
from tianren.io.sources import Entry
from tianren.language import say, set_language
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.project.runs import Run, RunResults, start_run
from tianren.raster.blocks import map_blocks
from tianren.raster.raster import MISSING, Raster, cell_area
from tianren.science.grading import highest
from tianren.steps.declared import units
from tianren.steps.delineate import scenario_of
from tianren.steps.finding_counts import findings_line
from tianren.steps.kept_line import line_of
from tianren.steps.parcels import parent_project
from tianren.steps.progress import Progress

if TYPE_CHECKING:
    from tianren.project.project import Project

COLUMNS = (
    "level", "code", "label", "parent_m2", "line_m2", "both_m2", "commission_m2", "omission_m2",
    "drift_percent",
)  # fmt: skip
GRADES = (5, 3, 1, 0)
GRADE_COLUMNS = ("parent_grade", "grade", "area_m2")
SOURCE = "Tianren: How to go from nation to township"


@dataclass(frozen=True)
class Nested:
    """The answer of `tianren nested`."""

    run: RunResults

    def as_dict(self) -> dict[str, Any]:
        return {
            "run": self.run.id,
            "folder": str(self.run.folder),
            **self.run.record["nested"],
            "units": self.run.rows("nested.csv"),
            "grades": self.run.rows("grades.csv"),
            "findings": self.run.findings,
        }

    def text(self) -> str:
        rows = self.run.rows("nested.csv")
        whole = rows[0]
        lines = [
            say(
                "{line} km2 are inside the line, {parent} km2 inside the one above: {drift} %.",
                line=_km2(whole["line_m2"]), parent=_km2(whole["parent_m2"]),
                drift=_signed(whole["drift_percent"]),
            ),
            say(
                "In both {both} km2; here only {more} km2; above only {less} km2.",
                both=_km2(whole["both_m2"]), more=_km2(whole["commission_m2"]),
                less=_km2(whole["omission_m2"]),
            ),
        ]  # fmt: skip
        first = rows[1]["level"] if len(rows) > 1 else ""
        mine = [row for row in rows if row["level"] == first][:12]
        lines += ["", *(
            f"  {row['label'][:36]:<38}{_km2(row['line_m2']):>10}{_km2(row['parent_m2']):>10} km2"
            f"{_signed(row['drift_percent']):>9} %"
            for row in mine
        )] if mine else []  # fmt: skip
        lines += ["", *(f"  {f['subject']}: {f['message']}" for f in self.run.findings)]
        lines += ["", findings_line(self.run.findings)]
        return "\n".join([*lines, say("Tables: {folder}", folder=self.run.folder)])


def _km2(m2: str) -> str:
    return f"{float(m2) / 1e6:,.0f}"


def _signed(text: str) -> str:
    return f"{float(text):+.1f}" if text else "-"


def nested(
    project: "Project", *, parent: str | None = None, folder: str = "", run: str | None = None,
    progress: Progress = None,
) -> Nested:  # fmt: skip
    """Compare a line with that of the project above, whose grid may be coarser; see Nested.

    folder: of the project above, relative to this one's (default: [parcels] parent); parent, run:
    the runs of delineate above and here, each project's own unless given.
    """
    table = project.parcels
    above = parent_project(project, folder or (table.parent if table else ""))
    upper, line = line_of(above, parent, progress), line_of(project, run, progress)
    parameters = project.parameters()
    made = start_run(
        project, "nested", inputs=[level.source for level in project.admin], parameters=parameters,
        settings={
            "parent": upper.id, "parent_project": above.name, "line": line.id,
            "language": project.language, **scenario_of(project),
            "kept": [upper.kept, line.kept],
        },
    )  # fmt: skip
    with made:
        if not made.finished:
            set_language(project.language)
            _compare(_Job(project, made, upper, line, parameters))
    return Nested(made.results())


@dataclass(frozen=True)
class _Job:
    project: "Project"
    run: Run
    upper: RunResults
    line: RunResults
    parameters: Parameters

    def brought(self, name: str, path: Any, legend: Mapping[int, str]) -> Raster:
        """A category raster of the line above on this project's grid."""
        entry = Entry(name, name, "category", path.parent, path.name, legend=legend)
        folder = self.project.cache_folder / "aligned"
        key = f"{self.upper.id} {name}"
        return align(entry, self.project.grid, folder, digest=key).rasters[0]

    def sink(self, name: str) -> Any:
        tags = {"name": name, "run": self.run.id}
        return raster_sink(self.run.path(name), self.project.grid, dtype="uint8", tags=tags,
                           delivered=True)  # fmt: skip


def _compare(job: _Job) -> None:
    """Everything between the lock and run.toml, which is written last."""
    steps = {code: text for code, text in ORIGINS.items() if code != OUTSIDE}
    upper = job.brought("parent_step", job.upper.path("spatial_step.tif"), steps)
    own = open_raster(job.line.path("redline_cells.tif"), kind="category", grid=job.project.grid)
    if not job.run.done("difference.tif"):
        map_blocks(_difference, [upper, own, job.project.realm()], [job.sink("difference.tif")])
    change = open_raster(job.run.path("difference.tif"), kind="category", grid=job.project.grid)
    rows = _rows(job, change)
    job.run.write_rows("nested.csv", COLUMNS, rows)
    _write_grades(job)
    findings = _about(rows[0], job.parameters.number("parcels.drift_tolerance"))
    job.run.finish(
        _measures(job, rows[0]), findings, job.parameters,
        nested={"parent": job.upper.id, "line": job.line.id},
    )  # fmt: skip


def _difference(upper: Any, own: Any, realm: Any) -> Any:
    return comparison.difference(np.isin(upper, IN_LINE), own, realm)


def _rows(job: _Job, change: Raster) -> list[dict[str, Any]]:
    cell = cell_area(job.project.grid)
    whole = comparison.counted(job.project.realm(), change, 2).sum(axis=0)
    rows = [_row("whole", "", job.project.name, whole, cell)]
    for level in units(job.project):
        cells = comparison.counted(level.raster, change, len(level.codes) - 1)
        rows += [
            _row(level.name, code, label, found, cell)
            for code, label, found in zip(level.codes, level.labels, cells, strict=True)
            if found.any()
        ]
    return rows


def _row(level: str, code: str, label: str, cells: Sequence[int], cell: float) -> dict[str, Any]:
    both, more, less = (
        int(cells[n]) for n in (comparison.KEPT, comparison.GAINED, comparison.LOST)
    )
    upper = both + less
    return {
        "level": level, "code": code, "label": label,
        "parent_m2": repr(upper * cell), "line_m2": repr((both + more) * cell),
        "both_m2": repr(both * cell), "commission_m2": repr(more * cell),
        "omission_m2": repr(less * cell),
        "drift_percent": repr(100 * (more - less) / upper) if upper else "",
    }  # fmt: skip


def _write_grades(job: _Job) -> None:
    """grades.csv: area by the highest grade above and the highest grade here."""
    legend = {code: f"grade {code}" for code in GRADES}
    for run, name in ((job.upper, "parent"), (job.line, "own")):
        if not job.run.done(f"work/{name}_grade.tif"):
            _highest(run, job.run.path(f"work/{name}_grade.tif"))
    upper = job.brought("parent_grade", job.run.path("work/parent_grade.tif"), legend)
    own = open_raster(job.run.path("work/own_grade.tif"), kind="category", grid=job.project.grid)
    pairs = comparison.crossed(upper, own, job.project.realm(), max(GRADES))
    cell = cell_area(job.project.grid)
    rows = [
        {"parent_grade": above, "grade": here, "area_m2": repr(float(pairs[above, here] * cell))}
        for above in GRADES
        for here in GRADES
    ]
    job.run.write_rows("grades.csv", GRADE_COLUMNS, rows)


def _highest(run: RunResults, path: Any) -> None:
    """The highest grade of a line's functions and sensitivities, on its own grid."""
    computed = [c["criterion"] for c in run.json("criteria.json") if c["status"] == "computed"]
    grades = [open_raster(run.path(f"grades/{name}.tif"), kind="category") for name in computed]
    sink = raster_sink(path, grades[0].grid, dtype="uint8", tags={"name": path.stem})
    map_blocks(_best, grades, [sink])


def _best(*grades: Any) -> Any:
    return highest(np.stack(grades), MISSING)


def _about(whole: Mapping[str, Any], tolerance: float) -> list[Finding]:
    drift = float(whole["drift_percent"] or 0)
    if abs(drift) <= tolerance:
        return []
    message = say(
        "the line's area differs from the line above by {drift} %, more than {tolerance} %: say "
        "why, or draw it from the same layers and totals",
        drift=f"{drift:+.1f}", tolerance=f"{tolerance:g}",
    )  # fmt: skip
    return [Finding("nested.drift", "line", Severity.ERROR, message, SOURCE)]


def _measures(job: _Job, whole: Mapping[str, Any]) -> list[Measure]:
    values = {
        "parcels.commission": ("commission_m2", "m2"),
        "parcels.omission": ("omission_m2", "m2"),
        "parcels.drift": ("drift_percent", "%"),
    }
    return [
        Measure(name, job.project.name, str(job.project.day.year), float(whole[column]), unit,
                (("against", job.upper.id),), method="nested", sources=(job.run.id,))
        for name, (column, unit) in values.items()
        if whole[column] != ""
    ]  # fmt: skip
