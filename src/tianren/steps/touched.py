"""What a footprint touches: zones of the register, divisions, functions, species."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.few_cells import FEW, few_fractions
from tianren.io.rasters import open_raster
from tianren.language import say
from tianren.management.register import CORE, PROTECTED, REDLINE, UNIT, Zone
from tianren.project.journal.journal import Reader
from tianren.project.runs import RunResults, latest_run, list_runs
from tianren.raster.raster import Grid, Raster, cell_area
from tianren.records import depth
from tianren.steps.places import SLIVER
from tianren.steps.register_fold import ZONES, shapes_of

if TYPE_CHECKING:
    from tianren.project.project import Project
    from tianren.science.species import Ranges

CORE_ZONE, PROTECTED_ZONE, REDLINE_ZONE, OUTSIDE_ZONE = "core", "protected", "redline", "outside"
STRICTEST = (CORE_ZONE, PROTECTED_ZONE, REDLINE_ZONE)
NAMED = 2  # so many of the coarsest divisions are named, the others counted
LEAST_M2 = 1.0  # a zone of which less is touched is touched by the drawing alone


@dataclass(frozen=True)
class Near:
    """The zones that stand on a day near a place, with their shapes."""

    zones: tuple[Zone, ...]
    shapes: Mapping[str, Any]

    def of(self, *kinds: str) -> list[Zone]:
        return [zone for zone in self.zones if zone.kind in kinds]

    @cached_property
    def classes(self) -> dict[str, Any]:
        """Class of the rulebooks -> the land of it, each piece of land in the strictest alone."""
        areas = self.of(PROTECTED)
        core = self._union([z for z in areas if z.level == CORE])
        general = self._union([z for z in areas if z.level != CORE])
        protected = shapely.difference(general, core)
        line = self._union(self.of(REDLINE))
        redline = shapely.difference(line, shapely.union(core, general))
        return {CORE_ZONE: core, PROTECTED_ZONE: protected, REDLINE_ZONE: redline}

    def _union(self, zones: Sequence[Zone]) -> Any:
        return shapely.union_all(np.array([self.shapes[z.subject] for z in zones], dtype=object))


def near(reader: Reader, bounds: Sequence[float], day: dt.date, *kinds: str) -> Near:
    """The zones of these kinds that stand on a day within bounds (west, south, east, north)."""
    west, south, east, north = (float(v) for v in bounds)
    subjects = reader.touching("zone", (west, south, east, north))
    wanted = [s for s in subjects if not kinds or s.split("/")[1] in kinds]
    states = reader.states(ZONES, subjects=wanted, day=day)
    zones = tuple(z for z in states.values() if z.stands)
    return Near(zones, shapes_of(reader, zones))


@dataclass(frozen=True)
class Held:
    """A zone and how much of a footprint it holds, m2."""

    zone: Zone
    area: float


@dataclass(frozen=True)
class Touched:
    """What a footprint touches. classes: of the rulebooks -> m2, which sum to the footprint inside
    the country; held: zones, the largest part first; units: divisions, coarse before fine."""

    classes: Mapping[str, float]
    held: tuple[Held, ...]
    units: tuple[Held, ...]
    inside: float

    @property
    def zone_classes(self) -> list[str]:
        """The classes that are touched by more than the drawing's own error."""
        found = [name for name, area in self.classes.items() if area >= LEAST_M2]
        return found or [OUTSIDE_ZONE]

    @property
    def place(self) -> str:
        """The smallest division that holds it."""
        from tianren.management.register import smallest_holding

        finest = max((depth(h.zone.place) for h in self.units), default=0)
        places = [h.zone.place for h in self.units if depth(h.zone.place) == finest]
        return smallest_holding(places) if places else ""

    @property
    def chains(self) -> list[list[str]]:
        """For each of the coarsest divisions that hold some of it, the largest part first: the
        names from the finest division that holds most of this part up to it, each in the next."""
        tops = [h for h in self.units
                if depth(h.zone.place) == 1 and h.area >= SLIVER * self.inside]  # fmt: skip
        return [[h.zone.name for h in self._below(top)] for top in tops]

    def _below(self, top: Held) -> list[Held]:
        """A division and within it, level by level, the one with the largest part; fine first."""
        chain = [top]
        while inner := [h for h in self.units
                        if h.zone.place.rpartition("/")[0] == chain[0].zone.place]:  # fmt: skip
            chain.insert(0, max(inner, key=lambda h: h.area))
        return chain


def placed(chains: Sequence[Sequence[str]]) -> str:
    """Where something lies: "Andermatt, Uri", with the others where it lies in several."""
    shown = "; ".join(", ".join(dict.fromkeys(names)) for names in chains[:NAMED])
    more = len(chains) - NAMED
    return say("{places}; and {n} more", places=shown, n=more) if more > 0 else shown


def touch(shape: Any, around: Near) -> Touched:
    """How much of a shape lies in each zone around it, and in each class."""
    every = list(around.zones)
    areas = _areas(shape, [around.shapes[z.subject] for z in every])
    held = [Held(z, a) for z, a in zip(every, areas, strict=True) if a >= LEAST_M2]
    units = sorted((h for h in held if h.zone.kind == UNIT),
                   key=lambda h: (depth(h.zone.place), -h.area, h.zone.place))  # fmt: skip
    zones = sorted((h for h in held if h.zone.kind != UNIT),
                   key=lambda h: (-h.area, h.zone.subject))  # fmt: skip
    coarsest = [h.area for h in units if depth(h.zone.place) == 1]
    inside = float(sum(coarsest)) if coarsest else float(shapely.area(shape))
    classes = classes_of(shape, around)
    rest = max(inside - sum(classes.values()), 0.0)
    return Touched({**classes, OUTSIDE_ZONE: rest}, tuple(zones), tuple(units), inside)


def classes_of(shape: Any, around: Near) -> dict[str, float]:
    """Class -> m2 of a shape in it."""
    return dict(zip(around.classes, _areas(shape, list(around.classes.values())), strict=True))


def _areas(shape: Any, others: Sequence[Any]) -> list[float]:
    if not others:
        return []
    shapes = np.array(others, dtype=object)
    areas = np.zeros(len(shapes))
    shapely.prepare(shapes)
    meets = shapely.intersects(shapes, shape)
    holds = meets & shapely.covers(shapes, shape)
    areas[holds] = shapely.area(shape)
    part = meets & ~holds
    areas[part] = shapely.area(shapely.intersection(shapes[part], shape))
    return [float(a) for a in areas]


def require_inside(touched: Touched, shape: Any, reader: Reader, day: dt.date) -> None:
    """Refuse a footprint that lies outside the country, or is larger than it."""
    if touched.units and touched.inside >= LEAST_M2:
        return
    country = _country(reader, day)
    if country is None:
        return  # a country without divisions: its border is not in the register
    away = float(shapely.distance(shape, country)) / 1000
    raise UserError(
        say("the footprint lies outside the country"),
        where="footprint", by_how_much=say("{km} km away", km=f"{away:,.1f}"),
        next_step=say("check its CRS, and whether longitude and latitude are swapped"),
    )  # fmt: skip


def require_smaller(shape: Any, country: float) -> None:
    """Refuse a footprint larger than the country's m2, before it is laid on thousands of zones."""
    area = float(shapely.area(shape))
    if country and area > country:
        raise UserError(
            say("the footprint is larger than the country"),
            where="footprint",
            by_how_much=f"{area / 1e6:,.0f} km2, {country / 1e6:,.0f} km2",
            next_step=say("check its CRS and its unit"),
        )


def _coarsest(reader: Reader, day: dt.date) -> list[Zone]:
    wanted = [s for s, place in reader.subjects(f"zone/{UNIT}/").items() if depth(place) == 1]
    states = reader.states(ZONES, subjects=wanted, day=day)
    return [z for z in states.values() if z.stands]


def area_of_country(reader: Reader, day: dt.date) -> float:
    """m2 of the coarsest divisions; 0 where there are none."""
    return float(sum(z.area_m2 for z in _coarsest(reader, day)))


def _country(reader: Reader, day: dt.date) -> Any:
    zones = _coarsest(reader, day)
    if not zones:
        return None
    return shapely.union_all(np.array(list(shapes_of(reader, zones).values()), dtype=object))


# -- functions and species -------------------------------------------------------------------------


@dataclass(frozen=True)
class Loss:
    """What a footprint holds of a function: amount in the unit of its total (m3/a, t/a; an index
    has no unit, and its amount says nothing by itself), share of the national total in %, and how
    much of the footprint is graded extremely important, m2."""

    function: str
    amount: float
    unit: str
    percent: float | None
    extreme_m2: float


@dataclass(frozen=True)
class Affected:
    """A species whose range a footprint meets: m2 of it there, and % of its range."""

    species: str
    area: float
    percent: float


@dataclass
class Land:
    """The rasters of the run that drew the line, opened once: what a footprint holds of them."""

    project: "Project"
    run: RunResults | None
    findings: list[Finding] = field(default_factory=list)

    @classmethod
    def of(cls, project: "Project", run_id: str) -> "Land":
        found = [run for run in list_runs(project, "delineate") if run.id == run_id]
        if found:
            return cls(project, found[0])
        message = say("the results of {run} are not here, so functions are not told", run=run_id)
        gone = Finding("check.no_run", run_id or "line", Severity.WARNING, message)
        return cls(project, None, [gone])

    @cached_property
    def functions(self) -> list[str]:
        if self.run is None:
            return []
        rows = self.run.json("criteria.json")
        every = rows if isinstance(rows, list) else [{"criterion": k, **v} for k, v in rows.items()]
        return [str(r["criterion"]) for r in every if r["status"] == "computed"]

    @cached_property
    def totals(self) -> Mapping[str, float]:
        """Function -> its national total, in its unit times cells of the grid; from the cuts, which
        have it exactly. What was graded by other rules has none."""
        if self.run is None:
            return {}
        zones = self.run.json("cuts.json")
        return {
            name: float(sum(Fraction(row["total"]) for row in rows.values()))
            for name, rows in zones.items()
        }

    @cached_property
    def values(self) -> Mapping[str, Raster]:
        return self._rasters("values", "continuous")

    @cached_property
    def grades(self) -> Mapping[str, Raster]:
        return self._rasters("grades", "category")

    def _rasters(self, folder: str, kind: Any) -> dict[str, Raster]:
        assert self.run is not None  # noqa: S101  (there are no functions without a run)
        return {
            name: open_raster(self.run.path(f"{folder}/{name}.tif"), name=name, kind=kind)
            for name in self.functions
            if self.run.has(f"{folder}/{name}.tif")
        }

    @cached_property
    def ranges(self) -> "Ranges | None":
        """The ranges of the latest run of species; None where there are none on this grid."""
        run = latest_run(self.project, "species")
        if run is None or not run.has("ranges.npz"):
            return None
        from tianren.io.ranges import read_ranges

        return read_ranges(run.path("ranges.npz"))

    @cached_property
    def range_columns(self) -> Any:
        """The ranges by cell, and how many cells each species has."""
        assert self.ranges is not None  # noqa: S101  (asked only where there are some)
        cells = self.ranges.cells
        return cells.tocsc(), np.asarray(cells.sum(axis=1)).ravel()

    def losses(self, shape: Any) -> list[Loss]:
        """What the footprint holds of each function and sensitivity that the line knows."""
        if self.run is None:
            return []
        found = []
        for name in self.functions:
            grade = self.grades[name]
            window, shares = _cells(shape, grade.grid)
            area = cell_area(grade.grid)
            extreme = float((shares * (grade.read(window).ravel() == 5)).sum() * area)
            amount = self._amount(name, window, shares)
            total = self.totals.get(name)
            share = amount / total if total else None
            whole, unit = self.amounts.get(name, (amount * area, ""))
            held = whole * share if unit and share is not None else amount * area
            percent = None if share is None else 100 * share
            found.append(Loss(name, held, unit if share is not None else "", percent, extreme))
        return found

    @cached_property
    def amounts(self) -> Mapping[str, tuple[float, str]]:
        """Function -> its national total, over all zones, and the unit of it; an index has none."""
        assert self.run is not None  # noqa: S101  (asked only where there is one)
        found: dict[str, tuple[float, str]] = {}
        for row in self.run.measures:
            name, _, what = row["indicator"].partition(".")
            if what == "total" and name in self.functions:
                before = found.get(name, (0.0, ""))[0]
                found[name] = (before + float(row["value"]), row["unit"])
        return found

    def _amount(self, name: str, window: Any, shares: NDArray[np.float64]) -> float:
        """What cells hold of a function, in its unit times cells; less than nothing is nothing."""
        if name not in self.values:
            return 0.0
        value = np.maximum(self.values[name].read(window).ravel(), 0)
        return float(np.nansum(shares * value))

    def affected(self, shape: Any) -> list[Affected]:
        """The species whose range the footprint meets, the largest share of a range first."""
        ranges = self.ranges
        if ranges is None:
            return []
        grid = self.project.grid
        if ranges.cells.shape[1] != grid.shape[0] * grid.shape[1]:
            return []
        window, shares = _cells(shape, grid)
        columns = _numbers(window, grid.shape[1])
        by_cell, sizes = self.range_columns
        held = by_cell[:, columns] @ shares
        found = [
            Affected(
                ranges.names[n], float(held[n]) * ranges.cell_m2, 100 * float(held[n] / sizes[n])
            )
            for n in np.flatnonzero(held > 0)
        ]
        return sorted(found, key=lambda a: (-a.percent, a.species))


def _cells(shape: Any, grid: Grid) -> tuple[Any, NDArray[np.float64]]:
    """The window of a grid under a shape, and the share of each of its cells, row by row."""
    west, south, east, north = shape.bounds
    columns, rows = ~grid.affine @ (np.array([west, east]), np.array([north, south]))
    first = np.floor([rows.min(), columns.min()]).astype(int)
    last = np.ceil([rows.max(), columns.max()]).astype(int)
    low = np.clip(first, 0, np.array(grid.shape) - 1)
    high = np.clip(last, low + 1, grid.shape)
    window = (slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1])))
    return window, _shares(shape, grid[window])


def _shares(shape: Any, part: Grid) -> NDArray[np.float64]:
    if part.shape[0] * part.shape[1] <= FEW:
        return few_fractions(shape, part)
    from tianren.geo.fractions import cell_fractions

    found: NDArray[np.float64] = cell_fractions([shape], part).toarray().ravel()
    return found


def _numbers(window: Any, width: int) -> NDArray[np.int64]:
    """The numbers of a window's cells in the whole grid, row by row."""
    rows = np.arange(window[0].start, window[0].stop)
    columns = np.arange(window[1].start, window[1].stop)
    return (rows[:, None] * width + columns[None, :]).ravel()
