"""The step behind `tianren compare`: what a second line gains and loses against a first."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tianren.delineation import comparison
from tianren.delineation.comparison import Row
from tianren.delineation.pieces import CATEGORIES, FUNCTIONS, SENSITIVITIES
from tianren.delineation.redline import REALMS
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.geo.grid import same_grid
from tianren.io.rasters import open_raster, raster_sink
from tianren.language import say, set_language
from tianren.measures import Measure
from tianren.project.runs import Run, RunResults, open_run, own_runs, start_run
from tianren.raster.raster import Raster, cell_area
from tianren.steps.declared import units
from tianren.steps.delineate import CATEGORY_NAMES
from tianren.steps.finding_counts import findings_line
from tianren.steps.progress import Progress

if TYPE_CHECKING:
    from tianren.project.project import Project

HELD_COLUMNS = ("function", "kept_percent", "gained_percent", "lost_percent")
SPECIES_COLUMNS = ("species", "range_m2", "kept_m2", "gained_m2", "lost_m2")


@dataclass(frozen=True)
class Compared:
    """The answer of `tianren compare`."""

    run: RunResults

    def as_dict(self) -> dict[str, Any]:
        return {
            "run": self.run.id,
            "folder": str(self.run.folder),
            **self.run.record["compare"],
            "areas": self.run.rows("compare.csv"),
            "functions": self.run.rows("held.csv"),
            "findings": self.run.findings,
        }

    def text(self) -> str:
        """The statement, by category and division, what is held, where the map is."""
        rows = self.run.rows("compare.csv")
        total = next(row for row in rows if row["table"] == "total")
        about = self.run.record["compare"]
        lines = [
            say(
                "From {first} to {second}: {gained} km2 gained, {lost} km2 lost, {kept} km2 kept.",
                first=about["first_name"], second=about["second_name"],
                gained=_km2(total["gained_m2"]), lost=_km2(total["lost_m2"]),
                kept=_km2(total["kept_m2"]),
            )
        ]  # fmt: skip
        lines += ["", f"  {'':<44}{say('gained'):>10}{say('lost'):>10}{say('changed'):>10}  km2"]
        lines += [_line(row) for row in rows if row["table"] == "category"]
        lines += self._divisions(rows)
        lines += self._held()
        folder = self.run.path("maps/compare.png")
        where = folder if folder.exists() else self.run.folder
        lines += ["", findings_line(self.run.findings)]
        return "\n".join([*lines, say("Map: {path}", path=where)])

    def _divisions(self, rows: Sequence[Any]) -> list[str]:
        """The divisions of the coarsest level that change most."""
        tables = [row["table"] for row in rows if row["table"].startswith("unit ")]
        mine = [row for row in rows if tables and row["table"] == tables[0] and _moved(row)]
        most = sorted(mine, key=lambda r: (-_moved(r), r["code"]))[:5]
        return ["", *(_line(row) for row in most)] if most else []

    def _held(self) -> list[str]:
        found = [
            f"  {say(FUNCTIONS.get(r['function'], r['function'])):<44}"
            f"{float(r['gained_percent']):>9.2f} {float(r['lost_percent']):>9.2f}"
            for r in self.run.rows("held.csv")
        ]
        head = f"  {say('Share of the national total (%)'):<44}{say('gained'):>10}{say('lost'):>10}"
        return ["", head, *found] if found else []


def _km2(m2: str) -> str:
    return f"{float(m2) / 1e6:,.0f}"


def _moved(row: Any) -> float:
    return float(row["gained_m2"]) + float(row["lost_m2"])


def _line(row: Any) -> str:
    label = say(CATEGORY_NAMES.get(row["label"], row["label"]))
    gained, lost, changed = (
        _km2(row[column]) for column in ("gained_m2", "lost_m2", "changed_in_m2")
    )
    return f"  {label[:43]:<44}{gained:>10}{lost:>10}{changed:>10}"


def compare(
    project: "Project", first: str, second: str, *, report: bool = True, progress: Progress = None
) -> Compared:
    """What the second line gains and loses against the first; both are runs of `delineate`."""
    was, now = (open_run(project, run, step="delineate") for run in (first, second))
    if was.id == now.id:
        raise UserError(
            "a line is compared with itself",
            where=was.id,
            next_step="name two runs; list them: tianren runs",
        )
    parameters = project.parameters()
    species = _species_run(project)
    made = start_run(
        project, "compare", inputs=[level.source for level in project.admin],
        parameters=parameters,
        settings={
            "first": was.id, "second": now.id, "language": project.language,
            "species": species.id if species else "",
        },
    )  # fmt: skip
    with made:
        if not made.finished:
            set_language(project.language)
            _compare(_Pair(project, made, was, now, species))
    if report:
        from tianren.steps.report import write_report

        write_report(project, made.id)
    return Compared(made.results())


def _species_run(project: "Project") -> RunResults | None:
    runs = [run for run in own_runs(project, "species") if run.has("ranges.npz")]
    return runs[-1] if runs else None


@dataclass(frozen=True)
class _Pair:
    """The two lines, the run that compares them, and the run of species where there is one."""

    project: "Project"
    run: Run
    was: RunResults
    now: RunResults
    species: RunResults | None

    def file(self, of: RunResults, name: str, category: bool = True) -> Raster:
        """A raster of one of the lines; lines of different grids are refused."""
        kind: Any = "category" if category else "continuous"
        return open_raster(of.path(name), kind=kind)

    @property
    def change(self) -> Raster:
        return open_raster(self.run.path("difference.tif"), kind="category")


def _compare(pair: _Pair) -> None:
    """Everything between the lock and run.toml, which is written last."""
    first, second = (pair.file(run, "redline_cells.tif") for run in (pair.was, pair.now))
    _require_one_grid(pair, first, second)
    if not pair.run.done("difference.tif"):
        sink = raster_sink(
            pair.run.path("difference.tif"), second.grid, dtype="uint8", delivered=True,
            tags={"name": "difference", "run": pair.run.id},
        )  # fmt: skip
        comparison.write_difference(first, second, pair.project.realm(), sink)
    rows = [*_total(pair), *_classes(pair, first, second), *_units(pair), *_must(pair)]
    cell = cell_area(second.grid)
    pair.run.write_rows("compare.csv", comparison.COLUMNS, (row.areas(cell) for row in rows))
    findings = _held(pair) + _species(pair, cell)
    first_name, second_name = _names(pair.was, pair.now)
    pair.run.finish(
        [m for row in rows for m in _measures(pair, row, cell)], findings,
        pair.project.parameters(),
        compare={
            "first": pair.was.id, "second": pair.now.id,
            "first_name": first_name,
            "second_name": second_name,
        },
    )  # fmt: skip


def _names(was: RunResults, now: RunResults) -> tuple[str, str]:
    """The lines as people call them: by scenario; two lines without one by their runs."""
    if was.scenario == now.scenario:
        return was.id, now.id
    return was.scenario or say("the project's line"), now.scenario or say("the project's line")


def _require_one_grid(pair: _Pair, first: Raster, second: Raster) -> None:
    same_grid(first.grid, pair.project.grid, pair.was.id, "the project")
    same_grid(second.grid, first.grid, pair.now.id, pair.was.id)


def _total(pair: _Pair) -> list[Row]:
    realm = pair.project.realm()
    cells = comparison.counted(realm, pair.change, max(REALMS))
    rows = [
        comparison.row_of("realm", name, name, cells[code].tolist())
        for code, name in REALMS.items()
        if cells[code].any()
    ]
    return [comparison.row_of("total", "", "total", cells.sum(axis=0).tolist()), *rows]


def _classes(pair: _Pair, first: Raster, second: Raster) -> list[Row]:
    """By category and by dominant function of the pieces: what changes class stays inside."""
    found = []
    for table, column, known in (
        ("category", "category", CATEGORIES),
        ("function", "dominant", (*FUNCTIONS, *SENSITIVITIES, "none")),
    ):
        was, now = (_by_piece(run, column, known) for run in (pair.was, pair.now))
        cells = comparison.transitions(first, second, was, now, len(known))
        rows = comparison.class_rows(table, known, cells)
        found += [row for row in rows if row.first or row.second]
    return found


def _by_piece(run: RunResults, column: str, known: Sequence[str]) -> list[int]:
    """The class of each piece by its number, counted from 1; 0 stands for no piece."""
    rows = run.rows("redline.csv")
    found = [0] * (max((int(row["piece"]) for row in rows), default=0) + 1)
    for row in rows:
        found[int(row["piece"])] = known.index(row[column]) + 1
    return found


def _units(pair: _Pair) -> list[Row]:
    found = []
    for level in units(pair.project):
        cells = comparison.counted(level.raster, pair.change, len(level.codes) - 1)
        found += [
            comparison.row_of(f"unit {level.name}", code, label, row.tolist())
            for code, label, row in zip(level.codes, level.labels, cells, strict=True)
            if code or row[1:].any()
        ]
    return found


def _must(pair: _Pair) -> list[Row]:
    """Must-include areas as the second line declares them."""
    bits = pair.file(pair.now, "must_include.tif")
    found = []
    for bit, must in enumerate(pair.now.json("line.json")["must"]):
        cells = comparison.counted(bits, pair.change, 1, partial(comparison.has_bit, bit=bit))
        name = str(must["name"])
        found.append(comparison.row_of("must_include", name, name, cells[1].tolist()))
    return found


def _held(pair: _Pair) -> list[Finding]:
    """held.csv: the percent of every function's national total that is kept, gained and lost.

    The values are those of the second line; a function whose values the two lines computed
    differently is told.
    """
    computed = [
        str(c["criterion"]) for c in pair.now.json("criteria.json")
        if c["status"] == "computed" and c["criterion"] in FUNCTIONS
        and pair.now.has(f"values/{c['criterion']}.tif")
    ]  # fmt: skip
    values = {n: pair.file(pair.now, f"values/{n}.tif", category=False) for n in computed}
    sums = comparison.held(pair.change, values)
    pair.run.write_rows("held.csv", HELD_COLUMNS, (_percent(n, sums[n]) for n in computed))
    totals = [{m["by"]: m["value"] for m in run.measures if m["indicator"] == "function.total"}
              for run in (pair.was, pair.now)]  # fmt: skip
    changed = sorted(by for by in totals[1] if totals[0].get(by, totals[1][by]) != totals[1][by])
    message = say("the two lines value it differently; the values of the second are used")
    return [Finding("compare.values_differ", by, Severity.NOTE, message) for by in changed]


def _percent(function: str, sums: Sequence[int]) -> dict[str, str]:
    total = sum(sums)
    names = {"kept": comparison.KEPT, "gained": comparison.GAINED, "lost": comparison.LOST}
    shares = {
        f"{name}_percent": repr(100 * sums[code] / total if total else 0.0)
        for name, code in names.items()
    }
    return {"function": function, **shares}


def _species(pair: _Pair, cell: float) -> list[Finding]:
    """species.csv: what each range gains and loses; nothing where no species run fits the grid."""
    if pair.species is None:
        return []
    import numpy as np

    from tianren.io.ranges import read_ranges

    ranges = read_ranges(pair.species.path("ranges.npz"))
    change = pair.change.read().ravel()
    if ranges.cells.shape[1] != change.size:
        message = say("the species' ranges are on another grid, so they are left out")
        return [Finding("compare.other_grid", pair.species.id, Severity.WARNING, message)]
    columns = np.stack([change == code for code in (1, 2, 3)], axis=1).astype(np.float64)
    areas = (ranges.cells @ columns) * cell
    whole = np.asarray(ranges.cells.sum(axis=1)).ravel() * cell
    pair.run.write_rows("species.csv", SPECIES_COLUMNS, (
        {"species": name, "range_m2": repr(float(area)), "kept_m2": repr(float(row[0])),
         "gained_m2": repr(float(row[1])), "lost_m2": repr(float(row[2]))}
        for name, area, row in zip(ranges.names, whole, areas, strict=True)
    ))  # fmt: skip
    gone = [n for n, row in zip(ranges.names, areas, strict=True) if row[2] > 0 and row[0] == 0]
    if not gone:
        return []
    message = say("{n} species lose everything that the first line held of them, among them "
                  "{names}", n=len(gone), names=", ".join(gone[:3]))  # fmt: skip
    return [Finding("compare.species_lost", "species", Severity.WARNING, message)]


def _measures(pair: _Pair, row: Row, cell: float) -> list[Measure]:
    by = () if row.table == "total" else ((row.table, row.code or row.label),)
    return [
        Measure("compare.area", pair.project.name, str(pair.project.day.year),
                getattr(row, change) * cell, "m2", (*by, ("change", change)), method="compare",
                sources=(pair.run.id,))
        for change in ("kept", "gained", "lost")
    ]  # fmt: skip
