"""The step behind `tianren parcels`: the line of the level above, carried to parcels."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tianren.delineation import parcels as rules
from tianren.delineation.parcels import Level, Plots
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.area import to_plane
from tianren.geo.coverage import gaps, most_of, overlaps
from tianren.io.rasters import open_raster
from tianren.io.vectors import read_vector, write_vector
from tianren.language import say, set_language
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.project.runs import Run, RunResults, start_run
from tianren.raster.raster import Raster, cell_area
from tianren.steps.delineate import scenario_of
from tianren.steps.finding_counts import findings_line
from tianren.steps.kept_line import kept_state, line_of
from tianren.steps.progress import Progress, silent

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.project.project import Project
    from tianren.project.sections.room import ParcelsTable

FAULT_COLUMNS = ("kind", "first", "second", "area_m2", "lon", "lat")
STRADDLES = 0.99  # a parcel of which less lies in its unit crosses the unit's border


@dataclass(frozen=True)
class Parcelled:
    """The answer of `tianren parcels`."""

    run: RunResults

    def as_dict(self) -> dict[str, Any]:
        return {
            "run": self.run.id,
            "folder": str(self.run.folder),
            "parent": self.run.record["parcels"]["parent"],
            "figures": self.run.rows("control_figures.csv"),
            "findings": self.run.findings,
        }

    def text(self) -> str:
        """The statement, the control figures of the coarsest level, where the rest is."""
        rows = self.run.rows("control_figures.csv")
        whole = rows[0]
        lines = [
            say(
                "{red} of {all} parcels are red: {area} km2, {drift} % against the line above.",
                red=whole["red_parcels"], all=whole["parcels"], area=_km2(whole["red_m2"]),
                drift=f"{float(self.run.record['parcels']['drift_percent']):+.2f}",
            ),
            say(
                "Red by parcel only: {more} km2; by the line only: {less} km2.",
                more=_km2(whole["commission_m2"]), less=_km2(whole["omission_m2"]),
            ),
        ]  # fmt: skip
        first = rows[1]["level"] if len(rows) > 1 else ""
        mine = [row for row in rows if row["level"] == first]
        lines += ["", say("Control figures by {level} (all levels: control_figures.csv):",
                          level=first)] if first else []  # fmt: skip
        lines += [_figure_line(row) for row in mine[:12]]
        more = len(mine) - 12
        lines += [say("  and {n} more", n=more)] if more > 0 else []
        grave = [f for f in self.run.findings if f["severity"] != Severity.NOTE.value]
        lines += ["", *(f"  {f['subject']}: {f['message']}" for f in grave)] if grave else []
        lines += ["", findings_line(self.run.findings)]
        return "\n".join([*lines, say("Parcels: {file}", file=self.run.path("parcels.gpkg"))])


def _km2(m2: str) -> str:
    return f"{int(m2) / 1e6:,.1f}"


def _figure_line(row: Mapping[str, str]) -> str:
    share = f"{float(row['red_percent']):.1f} %" if row["red_percent"] else ""
    return f"  {row['label'][:36]:<38}{_km2(row['red_m2']):>12} km2{share:>9}"


def parcels(
    project: "Project", *, parent: str | None = None, folder: str = "", progress: Progress = None
) -> Parcelled:
    """Carry the line of the level above to the parcels of [parcels]; see Parcelled.

    parent: a run of delineate; folder: of the project that it belongs to, relative to this one's
    (default: [parcels] parent, else this project). UserError where the parcels have gaps or
    overlaps, or change the line's area, beyond tolerance.
    """
    table = project.parcels
    if table is None:
        raise UserError(
            "the project names no parcels",
            where="project.toml [parcels]",
            next_step='write [parcels], source = a polygon source, code = "the column of its code"',
        )
    above = parent_project(project, folder or table.parent)
    line = line_of(above, parent, progress)
    parameters = project.parameters()
    sources = [table.source, *(level.source for level in project.admin)]
    made = start_run(
        project, "parcels", inputs=sources, parameters=parameters,
        settings={
            "parent": line.id, "parent_project": above.name, "code": table.code,
            "admin": [vars(level) for level in project.admin], "language": project.language,
            **scenario_of(project), **kept_state(line),
        },
    )  # fmt: skip
    with made:
        if not made.finished:
            set_language(project.language)
            _carry(_Job(project, table, made, line, parameters, progress or silent))
    return Parcelled(made.results())


def parent_project(project: "Project", folder: str) -> "Project":
    """The project of the level above, beside this one; this one where no folder is named."""
    from tianren.project.project import open_project

    return open_project((project.folder / Path(folder)).resolve()) if folder else project


@dataclass(frozen=True)
class _Job:
    """Everything in the plane of the line above, which is equal-area."""

    project: "Project"
    table: "ParcelsTable"
    run: Run
    line: RunResults
    parameters: Parameters
    progress: Callable[[str], None]

    @cached_property
    def cells(self) -> Raster:
        return open_raster(self.line.path("redline_cells.tif"), kind="category")

    def moved(self, layer: "GeoDataFrame") -> Any:
        """Geometries in the plane of the line above, valid there."""
        import shapely
        from pyproj import CRS

        plane = CRS(self.cells.grid.crs.to_wkt())
        shapes = to_plane(layer.geometry.to_numpy(), CRS(layer.crs), plane)
        return np.asarray(shapely.make_valid(shapes), dtype=object)

    def lon_lat(self, places: Sequence[tuple[float, float]]) -> list[tuple[str, str]]:
        from tianren.geo.moves import move_between

        if not places:
            return []
        crs = self.cells.grid.crs.to_wkt()
        move = move_between(crs, "OGC:CRS84")
        lon, lat = move.transform(*np.array(places).T)
        return [(f"{x:.6f}", f"{y:.6f}") for x, y in zip(lon, lat, strict=True)]


def _codes(layer: "GeoDataFrame", column: str, source: str) -> list[str]:
    if column not in layer.columns:
        raise UserError(
            f"{source} has no column {column}",
            where="project.toml [parcels] code",
            next_step=f"use one of {', '.join(str(c) for c in layer.columns if c != 'geometry')}",
        )
    codes = [str(code) for code in layer[column]]
    twice = sorted(code for code, n in Counter(codes).items() if n > 1)
    if twice:
        raise UserError(
            f"the parcel code {twice[0]} is used more than once",
            where=f"{source}, column {column}",
            by_how_much=f"{len(twice)} codes",
            next_step="give each parcel a code of its own, or dissolve the parts of one parcel",
        )
    return codes


def _carry(job: _Job) -> None:
    """Everything between the lock and run.toml, which is written last."""
    import shapely

    job.progress(say("parcels: gaps and overlaps"))
    region = shapely.union_all(job.moved(job.project.region))
    layer, shapes, findings = _parcels_of(job, region)
    codes = _codes(layer, job.table.code, job.table.source)
    findings += _check(job, shapes, codes, region)
    job.progress(say("parcels: share inside the line"))
    inside, in_region = _inside(job, shapes, region)
    share = job.parameters.share("parcels.red_share")
    plots = rules.judge(codes, shapely.area(shapes), inside, share)
    levels, more = _levels(job, shapes)
    places = job.lon_lat([(p.x, p.y) for p in shapely.point_on_surface(shapes)])
    _write_parcels(job, plots, levels)
    tolerance = job.parameters.number("parcels.drift_tolerance")
    rules.require_little_drift(plots, in_region, tolerance, str(job.run.path("parcels.csv")))
    rows = rules.figures(plots, levels, job.project.name, places)
    job.run.write_rows("control_figures.csv", rules.FIGURE_COLUMNS, rows)
    findings += [*more, *_outside(plots, in_region), *rules.about_units(rows, tolerance)]
    _write_layer(job, layer, plots, levels)
    job.run.finish(
        _measures(job, plots, in_region), findings, job.parameters,
        parcels={
            "parent": job.line.id, "line_m2": in_region,
            "drift_percent": 100 * float(rules.drift(int(plots.red_area.sum()), in_region)),
        },
    )  # fmt: skip


def _parcels_of(job: _Job, region: Any) -> "tuple[GeoDataFrame, Any, list[Finding]]":
    """The parcels of the region as given, in their own CRS: their edges are never touched; their
    shapes in the plane of the line; what was left out because most of it lies abroad."""
    import shapely

    job.project.digest(job.table.source)
    layer, findings = read_vector(job.project.entry(job.table.source), None)
    shapes = job.moved(layer)
    shapely.prepare(region)
    mine = shapely.covers(region, shapes)
    rest = np.flatnonzero(~mine)
    common = shapely.area(shapely.intersection(shapes[rest], region))
    mine[rest] = 2 * common >= shapely.area(shapes[rest])
    if mine.all():
        return layer, shapes, findings
    message = say("{n} of {all} parcels lie outside the region for the most part and are left out",
                  n=int((~mine).sum()), all=len(mine))  # fmt: skip
    if not mine.any():
        raise UserError(
            "no parcel lies in the region",
            where=job.project.entry(job.table.source).where,
            next_step="check [region], and that the parcels' CRS is the one they were made in",
        )
    told = Finding("parcels.outside", job.table.source, Severity.NOTE, message, rules.SOURCE)
    return layer[mine].reset_index(drop=True), shapes[mine], [*findings, told]


def _check(job: _Job, shapes: Any, codes: Sequence[str], region: Any) -> list[Finding]:
    """Gaps and overlaps, listed in faults.csv before they are refused."""
    least = job.parameters.number("parcels.least_fault")
    faults = [*gaps(shapes, region, least), *overlaps(shapes, least)]
    places = job.lon_lat([fault.place for fault in faults])
    names = [*codes, ""]  # a gap has no parcels: -1
    rows = [
        {"kind": f.kind, "first": names[f.first], "second": names[f.second],
         "area_m2": repr(f.area), "lon": lon, "lat": lat}
        for f, (lon, lat) in zip(faults, places, strict=True)
    ]  # fmt: skip
    job.run.write_rows("faults.csv", FAULT_COLUMNS, rows)
    limits = {
        "gap": job.parameters.number("parcels.gap_tolerance"),
        "overlap": job.parameters.number("parcels.overlap_tolerance"),
    }
    where = [f"{lon},{lat}" for lon, lat in places]
    table = str(job.run.path("faults.csv"))
    return rules.require_coverage(faults, codes, where, float(region.area), limits, table)


def _inside(job: _Job, shapes: Any, region: Any) -> tuple[Any, int]:
    """The area of the line in each parcel, and in the region (whole m2)."""
    from tianren.geo.fractions import cell_fractions

    red = (job.cells.read() > 0).ravel().astype(np.float64)
    cell = cell_area(job.cells.grid)
    inside = cell_fractions(shapes, job.cells.grid) @ red * cell
    whole = cell_fractions([region], job.cells.grid) @ red * cell
    return inside, int(np.rint(whole[0]))


def _levels(job: _Job, shapes: Any) -> tuple[list[Level], list[Finding]]:
    """The unit of each parcel at every level: its finest unit, and the units that hold that."""
    read = [read_vector(job.project.entry(level.source), None)[0] for level in job.project.admin]
    dissolved = [
        _dissolved(job, layer, level.code, level.label)
        for layer, level in zip(read, job.project.admin, strict=True)
    ]
    if not dissolved:
        return [], []
    own, share = most_of(shapes, dissolved[-1][2])
    findings = _straddling(job, own, share)
    parents = [most_of(fine[2], coarse[2])[0] for coarse, fine in pairwise(dissolved)]
    of_parcel = [own]
    for parent in reversed(parents):
        above = of_parcel[0]
        of_parcel.insert(0, np.where(above >= 0, parent[np.maximum(above, 0)], -1))
    parents.insert(0, np.full(len(dissolved[0][0]), -1))
    levels = [
        Level(level.name, codes, labels, units, parent)
        for level, (codes, labels, _), units, parent in zip(
            job.project.admin, dissolved, of_parcel, parents, strict=True)
    ]  # fmt: skip
    return levels, findings


def _dissolved(
    job: _Job, layer: "GeoDataFrame", code: str, label: str
) -> tuple[list[str], list[str], Any]:
    """Codes, labels and shapes of the units of a level, by code."""
    import shapely

    shapes = job.moved(layer)
    codes = np.array([str(c) for c in layer[code]])
    labels = dict(zip(codes.tolist(), (str(name) for name in layer[label]), strict=True))
    known = sorted(labels)
    units = np.array([shapely.union_all(shapes[codes == c]) for c in known], dtype=object)
    return known, [labels[c] for c in known], units


def _straddling(job: _Job, own: Any, share: Any) -> list[Finding]:
    finest = job.project.admin[-1].name
    found = []
    across = int(((own >= 0) & (share < STRADDLES)).sum())
    if across:
        message = say("{n} parcels lie in several units and are counted whole where most of them "
                      "lies", n=across)  # fmt: skip
        found.append(Finding("parcels.straddles", finest, Severity.NOTE, message, rules.SOURCE))
    none = int((own < 0).sum())
    if none:
        message = say("{n} parcels lie in no unit", n=none)
        found.append(Finding("parcels.no_unit", finest, Severity.WARNING, message, rules.SOURCE))
    return found


def _outside(plots: Plots, in_region: int) -> list[Finding]:
    """The line above in land that no parcel covers."""
    left = in_region - int(plots.line.sum())
    if abs(left) < 1e-6 * max(in_region, 1):
        return []
    message = say("{area} m2 of the line above lie in no parcel, or in two (negative)",
                  area=f"{left:,}")  # fmt: skip
    return [Finding("parcels.line_outside", "parcels", Severity.NOTE, message, rules.SOURCE)]


def _write_parcels(job: _Job, plots: Plots, levels: Sequence[Level]) -> None:
    """parcels.csv: every parcel, written before drift is judged, so that a refusal can be read."""
    rows = [_row(plots, levels, n) for n in range(len(plots.codes))]
    names = [name for level in levels for name in (f"{level.name}_code", level.name)]
    columns = ("code", "red", "red_share", "area_m2", "line_m2", *names)
    job.run.write_rows("parcels.csv", columns, rows)


def _row(plots: Plots, levels: Sequence[Level], n: int) -> dict[str, Any]:
    area, line = int(plots.area[n]), int(plots.line[n])
    row = {
        "code": plots.codes[n],
        "red": int(plots.red[n]),
        "red_share": line / area if area else 0.0,
        "area_m2": area,
        "line_m2": line,
    }
    for level in levels:
        unit = int(level.of_parcel[n])
        row[f"{level.name}_code"] = level.codes[unit] if unit >= 0 else ""
        row[level.name] = level.labels[unit] if unit >= 0 else ""
    return row


def _write_layer(job: _Job, layer: "GeoDataFrame", plots: Plots, levels: Sequence[Level]) -> None:
    """parcels.gpkg: every parcel with its own geometry, and the line's figures beside it."""
    from geopandas import GeoDataFrame

    if job.run.done("parcels.gpkg"):
        return
    rows = [_row(plots, levels, n) for n in range(len(plots.codes))]
    out = GeoDataFrame(rows, geometry=layer.geometry.to_numpy(), crs=layer.crs)
    write_vector(job.run.path("parcels.gpkg"), out, "parcels")


def _measures(job: _Job, plots: Plots, line: int) -> list[Measure]:
    red = int(plots.red_area.sum())
    values = {
        "parcels.area": (red, "m2"),
        "parcels.commission": (int(plots.commission.sum()), "m2"),
        "parcels.omission": (int(plots.omission.sum()), "m2"),
        "parcels.drift": (100 * float(rules.drift(red, line)), "%"),
    }
    return [
        Measure(name, job.project.name, str(job.project.day.year), float(value), unit,
                method="parcels", sources=(job.run.id,))
        for name, (value, unit) in values.items()
    ]  # fmt: skip
