"""The step behind `tianren seams`: where the line stops at an administrative border."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tianren.delineation.pieces import FUNCTIONS, fixed_point, scale_of
from tianren.delineation.redline import DEDUCTED, ORIGINS
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo import seams as geo
from tianren.geo.seams import Border, Edges, Seam, place_beyond
from tianren.io.rasters import open_raster, raster_sink
from tianren.io.vectors import write_vector
from tianren.language import say, set_language
from tianren.measures import Measure
from tianren.parameters import Parameters
from tianren.project.runs import Run, RunResults, start_run
from tianren.raster.blocks import map_blocks, reduce_blocks
from tianren.raster.raster import MISSING, Raster, Window, cell_area
from tianren.science.grading import highest
from tianren.steps.delineate import scenario_of
from tianren.steps.finding_counts import findings_line
from tianren.steps.kept_line import kept_state, line_of
from tianren.steps.progress import Progress

if TYPE_CHECKING:
    from pyproj import Transformer

    from tianren.project.project import Project

BORDER_COLUMNS = (
    "first_code", "first", "second_code", "second", "length_m", "touching_m", "matched_m",
    "open_first_m", "open_second_m", "continuity_percent",
)  # fmt: skip
SEAM_COLUMNS = (
    "seam", "red_code", "red", "other_code", "other", "length_m", "lon", "lat", "from_lon",
    "from_lat", "to_lon", "to_lat", "beyond", "candidate_m2", "beyond_lon", "beyond_lat",
)  # fmt: skip
Units = Mapping[int, tuple[str, str]]  # number -> code, label


@dataclass(frozen=True)
class Seamed:
    """The answer of `tianren seams`."""

    run: RunResults

    def as_dict(self) -> dict[str, Any]:
        return {
            "run": self.run.id,
            "folder": str(self.run.folder),
            "level": self.run.record["seams"]["level"],
            "continuity_percent": self._total("seams.continuity"),
            "open_m": self._total("seams.open"),
            "seams": self.run.rows("seams.csv"),
            "borders": self.run.rows("borders.csv"),
            "findings": self.run.findings,
        }

    def _total(self, indicator: str) -> float | None:
        rows = (m for m in self.run.measures if m["indicator"] == indicator and not m["by"])
        return next((float(m["value"]) for m in rows), None)

    def text(self) -> str:
        """The statement, the longest seams, where the tables are."""
        found = self.as_dict()
        share, opened = found["continuity_percent"], found["open_m"]
        if share is None:
            return say("The line touches no border of the level {level}.", level=found["level"])
        lines = [
            say(
                "The line goes on across {share} % of the {level} borders that it touches.",
                share=f"{share:.1f}", level=found["level"],
            ),
            say(
                "{n} seams are open over {km} km: red on one side, important on the other.",
                n=len(found["seams"]), km=f"{opened / 1000:,.0f}",
            ),
        ]  # fmt: skip
        lines += ["", *(_seam_row(row) for row in found["seams"][:8])]
        lines += ["", findings_line(self.run.findings)]
        lines += [say("All seams: {file}", file=self.run.path("seams.csv"))]
        if found["seams"]:
            place = ",".join(place_beyond(found["seams"][0]))
            lines.append(say("Why not red beyond? tianren explain --at {place}", place=place))
        return "\n".join(lines)


def _seam_row(row: Mapping[str, str]) -> str:
    sides = f"{row['red']} | {row['other']}"
    lon, lat = place_beyond(row)
    return (
        f"  {sides[:44]:<46}{float(row['length_m']) / 1000:>6,.0f} km"
        f"  {float(lon):.4f},{float(lat):.4f}"
    )


def seams_of(
    project: "Project", *, level: str = "", run: str | None = None, progress: Progress = None
) -> Seamed:
    """Where the line of a project stops at the borders of a level; see Seamed.

    level: of [admin], the coarsest unless given; run: the line's, the project's own unless given.
    """
    parameters = project.parameters()
    chosen = _level(project, level)
    line = line_of(project, run, progress)
    made = start_run(
        project, "seams", inputs=[chosen.source], parameters=parameters,
        settings={
            "line": line.id, "level": vars(chosen), "language": project.language,
            **scenario_of(project), **kept_state(line),
        },
    )  # fmt: skip
    with made:
        if not made.finished:
            set_language(project.language)
            _find(project, made, line, chosen.name, parameters)
    return Seamed(made.results())


def _level(project: "Project", name: str) -> Any:
    if not project.admin:
        raise UserError(
            "the project has no administrative levels, so no borders",
            where="project.toml [admin]",
            next_step="name a layer of provinces or counties under [admin] levels",
        )
    for level in project.admin:
        if name in ("", level.name):
            return level
    raise UserError(
        f"there is no level called {name}",
        where="--level",
        next_step=f"use one of {', '.join(level.name for level in project.admin)}",
    )


@dataclass(frozen=True)
class _Ground:
    """What seams are found in, on the project's grid."""

    project: "Project"
    line: RunResults
    units: Raster
    names: Units

    def file(self, name: str, **how: Any) -> Raster:
        return open_raster(self.line.path(name), grid=self.project.grid, **how)

    @property
    def cell(self) -> tuple[float, float]:
        affine = self.project.grid.affine
        return abs(float(affine.a)), abs(float(affine.e))

    @cached_property
    def to_degrees(self) -> "Transformer":
        from tianren.geo.moves import move_between

        crs = self.project.grid.crs.to_wkt()
        return move_between(crs, "OGC:CRS84")

    @property
    def computed(self) -> list[str]:
        rows = self.line.json("criteria.json")
        return [str(row["criterion"]) for row in rows if row["status"] == "computed"]


def _find(
    project: "Project", run: Run, line: RunResults, level: str, parameters: Parameters
) -> None:
    """Everything between the lock and run.toml, which is written last."""
    raster, names = project.admin_codes(level)
    ground = _Ground(project, line, raster, names)
    edges = _edges(ground, parameters)
    borders = geo.borders(edges, *ground.cell)
    found = geo.seams(edges, *ground.cell)
    candidates = _candidates(ground, run, found, parameters)
    held = _held(ground, candidates, len(found))
    run.write_rows("borders.csv", BORDER_COLUMNS, (_border_row(b, names) for b in borders))
    inward = _Inward.of(ground, parameters)
    rows = [_row(ground, inward, seam, float(held["cells"][seam.number])) for seam in found]
    run.write_rows("seams.csv", SEAM_COLUMNS, rows)
    _write_candidates(ground, run, found, held)
    _write_shapes(ground, run, found, rows, candidates)
    findings = _findings(found, names, candidates, held)
    run.finish(
        _measures(project, run, borders, names), findings, parameters,
        seams={"level": level, "line": line.id},
    )  # fmt: skip


# -- finding ---------------------------------------------------------------------------------------


def _state(red: Any, *grades: Any, important: int) -> Any:
    """ORDINARY, IMPORTANT or RED of every cell."""
    best = highest(np.stack(grades), MISSING) if grades else np.zeros_like(red)
    found = np.where(best >= important, geo.IMPORTANT, geo.ORDINARY)
    return np.where(red > 0, geo.RED, found).astype(np.int32)


def _sources(ground: _Ground) -> list[Raster]:
    grades = [ground.file(f"grades/{name}.tif", kind="category") for name in ground.computed]
    return [ground.file("redline_cells.tif", kind="category"), *grades]


def _edges(ground: _Ground, parameters: Parameters) -> Edges:
    """The border edges of the whole grid, window by window."""
    depth = int(parameters.number("seams.tolerance") // min(ground.cell))
    important = int(parameters.number("seams.important_grade"))
    kernel = partial(_edges_in, depth=depth, important=important)
    parts = reduce_blocks(
        kernel, [ground.units, *_sources(ground)], _both, halo=depth + 1, with_window=True
    )
    return geo.joined(parts)


def _edges_in(
    window: Window, units: Any, red: Any, *grades: Any, depth: int, important: int
) -> list[Edges]:
    """The edges whose north-west cell lies in the window, in cells of the grid."""
    found = geo.border_edges(units, _state(red, *grades, important=important), depth).rows.copy()
    rows, columns = window
    found[:, 0] += rows.start - depth - 1
    found[:, 1] += columns.start - depth - 1
    inside = (found[:, 0] >= rows.start) & (found[:, 0] < rows.stop)
    inside &= (found[:, 1] >= columns.start) & (found[:, 1] < columns.stop)
    return [Edges(found[inside])]


def _both(known: list[Edges], new: list[Edges]) -> list[Edges]:
    return [*known, *new]


def _candidates(ground: _Ground, run: Run, found: Sequence[Seam], parameters: Parameters) -> Raster:
    """candidates.tif: the number of the seam that a cell would close, 0 elsewhere."""
    reach = max(1, int(parameters.number("seams.reach") // min(ground.cell)))
    important = int(parameters.number("seams.important_grade"))
    if not run.done("candidates.tif"):
        seeds = sorted({(*cell, seam.number) for seam in reversed(found) for cell in seam.cells})
        starts = np.array(seeds, dtype=np.int64).reshape(-1, 3)
        kernel = partial(_grown, starts=starts, reach=reach, important=important)
        sources = [ground.units, ground.file("spatial_step.tif", kind="category"),
                   *_sources(ground)]  # fmt: skip
        sink = raster_sink(
            run.path("candidates.tif"), ground.project.grid, dtype="int32", nodata=0.0,
            tags={"name": "candidates", "run": run.id}, delivered=True,
        )  # fmt: skip
        map_blocks(kernel, sources, [sink], halo=reach, with_window=True)
    return open_raster(run.path("candidates.tif"), kind="category", grid=ground.project.grid)


def _grown(
    window: Window, units: Any, step: Any, red: Any, *grades: Any,
    starts: Any, reach: int, important: int,
) -> Any:  # fmt: skip
    """The candidates of a window: what is deducted as a conflict cannot become red."""
    state = _state(red, *grades, important=important)
    free = (state == geo.IMPORTANT) & (step != DEDUCTED) & (units > 0)
    seeds = np.zeros(units.shape, dtype=np.int64)
    row = starts[:, 0] - window[0].start + reach
    column = starts[:, 1] - window[1].start + reach
    here = (row >= 0) & (column >= 0) & (row < units.shape[0]) & (column < units.shape[1])
    # A cell beside two seams starts with the longer one's number, written last.
    order = np.argsort(-starts[here, 2], kind="stable")
    seeds[row[here][order], column[here][order]] = starts[here, 2][order]
    return geo.grow(seeds, free, units, reach).astype(np.int32)


def _held(ground: _Ground, candidates: Raster, seams: int) -> dict[str, Any]:
    """Area (m2, "cells") of each candidate and its percent of every function's total, by seam."""
    names = [
        n for n in ground.computed
        if n in FUNCTIONS and ground.line.has(f"values/{n}.tif")
    ]  # fmt: skip
    values = [ground.file(f"values/{n}.tif") for n in names]
    scales = tuple(scale_of(value) for value in values)
    kernel = partial(_sums, seams=seams, scales=scales)
    sums = reduce_blocks(kernel, [candidates, *values], _added)
    found: dict[str, Any] = {"cells": np.array(sums[0]) * cell_area(ground.project.grid)}
    for name, row in zip(names, sums[1:], strict=True):
        total = sum(row)
        found[name] = [100 * amount / total if total else 0.0 for amount in row]
    return found


def _sums(seam: Any, *values: Any, seams: int, scales: Sequence[int]) -> list[list[int]]:
    """By seam (0: elsewhere): cells, then the exact sum of each value where it is above zero."""
    own = np.maximum(seam, 0).ravel()
    rows = [np.bincount(own, minlength=seams + 1).tolist()]
    for value, scale in zip(values, scales, strict=True):
        amounts = np.zeros(seams + 1, dtype=np.int64)
        positive = np.maximum(np.nan_to_num(value), 0)
        np.add.at(amounts, own, fixed_point(positive, scale).ravel())
        rows.append(amounts.tolist())
    return rows


def _added(known: list[list[int]], new: list[list[int]]) -> list[list[int]]:
    return [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(known, new, strict=True)]


# -- writing ---------------------------------------------------------------------------------------


def _border_row(border: Border, names: Units) -> dict[str, str]:
    share = border.continuity
    return {
        "first_code": names[border.first][0], "first": names[border.first][1],
        "second_code": names[border.second][0], "second": names[border.second][1],
        "length_m": repr(border.length), "touching_m": repr(border.touching),
        "matched_m": repr(border.matched), "open_first_m": repr(border.open_first),
        "open_second_m": repr(border.open_second),
        "continuity_percent": "" if share is None else repr(100 * share),
    }  # fmt: skip


@dataclass(frozen=True)
class _Inward:
    """Where the important cells beyond a seam lie: at it, or at most `depth` cells further in."""

    ground: _Ground
    depth: int
    important: int

    @classmethod
    def of(cls, ground: _Ground, parameters: Parameters) -> "_Inward":
        depth = int(parameters.number("seams.tolerance") // min(ground.cell))
        return cls(ground, depth, int(parameters.number("seams.important_grade")))

    def place(self, seam: Seam) -> tuple[float, float]:
        """The middle, in rows and columns, of the important cell nearest the middle of the run."""
        cells = sorted(seam.cells, key=lambda cell: (_far(cell, seam.middle), cell))
        near = (self._near(cell, seam.other) for cell in cells) if self.depth else iter(cells)
        row, column = next((cell for cell in near if cell is not None), cells[0])
        return row + 0.5, column + 0.5

    def _near(self, cell: tuple[int, int], unit: int) -> tuple[int, int] | None:
        """The nearest cell of the unit that is important but not red; None where none is."""
        top, left = (max(0, place - self.depth) for place in cell)
        bottom, right = (
            min(most, place + self.depth + 1)
            for place, most in zip(cell, self.ground.units.grid.shape, strict=True)
        )
        window = slice(top, bottom), slice(left, right)
        state = _state(*(s.read(window) for s in _sources(self.ground)), important=self.important)
        free = (state == geo.IMPORTANT) & (self.ground.units.read(window) == unit)
        found = [(top + int(r), left + int(c)) for r, c in np.argwhere(free)]
        aim = cell[0] + 0.5, cell[1] + 0.5
        return min(found, key=lambda other: (_far(other, aim), other), default=None)


def _far(cell: tuple[int, int], place: tuple[float, float]) -> float:
    """The square of the distance from the middle of a cell to a place, in cells."""
    return (cell[0] + 0.5 - place[0]) ** 2 + (cell[1] + 0.5 - place[1]) ** 2


def _row(ground: _Ground, inward: _Inward, seam: Seam, candidate: float) -> dict[str, str]:
    places = [seam.middle, seam.vertices[0], seam.vertices[-1]]
    (lon, lat), (from_lon, from_lat), (to_lon, to_lat) = (_lon_lat(ground, p) for p in places)
    beyond_lon, beyond_lat = _lon_lat(ground, inward.place(seam))
    return {
        "seam": str(seam.number),
        "red_code": ground.names[seam.red][0], "red": ground.names[seam.red][1],
        "other_code": ground.names[seam.other][0], "other": ground.names[seam.other][1],
        "length_m": repr(seam.length), "lon": lon, "lat": lat,
        "from_lon": from_lon, "from_lat": from_lat, "to_lon": to_lon, "to_lat": to_lat,
        "beyond": _beyond(ground, seam), "candidate_m2": repr(candidate),
        "beyond_lon": beyond_lon, "beyond_lat": beyond_lat,
    }  # fmt: skip


def _lon_lat(ground: _Ground, place: tuple[float, float]) -> tuple[str, str]:
    """A place (row, column) as degrees, to six digits: a tenth of a metre."""
    x, y = ground.project.grid.affine @ (place[1], place[0])
    lon, lat = ground.to_degrees.transform(x, y)
    return f"{lon:.6f}", f"{lat:.6f}"


def _beyond(ground: _Ground, seam: Seam) -> str:
    """What the line made of most cells beyond: "deducted conflict", "outside the line" ..."""
    step = ground.file("spatial_step.tif", kind="category")
    codes = Counter(int(step.read((slice(r, r + 1), slice(c, c + 1)))[0, 0]) for r, c in seam.cells)
    most = min(codes, key=lambda code: (-codes[code], code))
    return ORIGINS.get(most, "outside the line")


def _write_candidates(
    ground: _Ground, run: Run, found: Sequence[Seam], held: Mapping[str, Any]
) -> None:
    """candidates.csv: the land that would close each seam, and what it holds."""
    functions = [name for name in held if name != "cells"]
    columns = ["seam", "code", "label", "area_m2", *(f"{name}_percent" for name in functions)]
    rows = [
        {
            "seam": s.number, "code": ground.names[s.other][0], "label": ground.names[s.other][1],
            "area_m2": repr(float(held["cells"][s.number])),
            **{f"{name}_percent": repr(float(held[name][s.number])) for name in functions},
        }
        for s in found
    ]  # fmt: skip
    run.write_rows("candidates.csv", columns, rows)


def _write_shapes(
    ground: _Ground, run: Run, found: Sequence[Seam], rows: Sequence[Mapping[str, str]],
    candidates: Raster,
) -> None:  # fmt: skip
    """seams.gpkg: the runs as lines; candidates.gpkg: what would close them as polygons."""
    import shapely
    from geopandas import GeoDataFrame

    from tianren.raster.trace import trace

    crs = ground.project.grid.crs.to_wkt()
    affine = ground.project.grid.affine
    if found and not run.done("seams.gpkg"):
        lines = [shapely.LineString([affine @ (c, r) for r, c in s.vertices]) for s in found]
        table = {column: [row[column] for row in rows] for column in SEAM_COLUMNS}
        write_vector(run.path("seams.gpkg"), GeoDataFrame(table, geometry=lines, crs=crs), "seams")
    shapes = trace(candidates)
    if shapes and not run.done("candidates.gpkg"):
        numbers = sorted(shapes)
        layer = GeoDataFrame({"seam": numbers}, geometry=[shapes[n] for n in numbers], crs=crs)
        write_vector(run.path("candidates.gpkg"), layer, "candidates")


def _findings(
    found: Sequence[Seam], names: Units, candidates: Raster, held: Mapping[str, Any]
) -> list[Finding]:
    if not found:
        return []
    km = sum(s.length for s in found) / 1000
    longest = found[0]
    message = say(
        "{n} seams are open over {km} km; the longest, {long} km, between {red} and {other}; "
        "{area} km2 within reach would close them",
        n=len(found), km=f"{km:,.0f}", long=f"{longest.length / 1000:,.1f}",
        red=names[longest.red][1], other=names[longest.other][1],
        area=f"{float(np.sum(held['cells'][1:])) / 1e6:,.0f}",
    )  # fmt: skip
    return [
        Finding(
            "seams.open",
            "seams",
            Severity.WARNING,
            message,
            "Tianren: How to go from nation to township",
        )
    ]


def _measures(
    project: "Project", run: Run, borders: Sequence[Border], names: Units
) -> list[Measure]:
    def make(indicator: str, value: float, unit: str, *by: tuple[str, str]) -> Measure:
        return Measure(indicator, project.name, str(project.day.year), value, unit, by,
                       method="seams", sources=(run.id,))  # fmt: skip

    whole = geo.continuity(borders)
    found = [make("seams.open", sum(b.open for b in borders), "m")]
    if whole is not None:
        found.append(make("seams.continuity", 100 * whole, "%"))
    for border in borders:
        if border.continuity is not None:
            by = ("border", f"{names[border.first][0]} | {names[border.second][0]}")
            found.append(make("seams.open", border.open, "m", by))
            found.append(make("seams.continuity", 100 * border.continuity, "%", by))
    return found
