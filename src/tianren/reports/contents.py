"""What a finished run holds, as plain values that maps, charts, documents and tables read."""

import csv
import datetime as dt
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.errors import UserError
from tianren.findings import Finding, worst_first
from tianren.measures import Measure, by_pairs

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Surroundings:
    """What a map shows besides the run's own layers; every part may be absent.

    All GeoDataFrames are in the grid's CRS. borders: the first administrative level; elevation:
    a raster on the grid, m, for the hillshade.
    """

    region: "GeoDataFrame | None" = None
    protected: "GeoDataFrame | None" = None
    borders: "GeoDataFrame | None" = None
    elevation: Path | None = None


@dataclass(frozen=True)
class Description:
    """What the project says about itself, in the language of the reader."""

    title: str = ""
    place: str = ""
    crs: str = ""


@dataclass(frozen=True)
class Contents:
    """One finished run. folder: where it lies; pieces: the layer `redline`, or None without it."""

    folder: Path
    run: Row
    title: str
    place: str
    crs: str
    day: dt.date
    measures: tuple[Measure, ...] = ()
    findings: tuple[Finding, ...] = ()
    decisions: tuple[Row, ...] = ()
    criteria: tuple[Row, ...] = ()
    parameters: tuple[Row, ...] = ()
    inputs: tuple[Row, ...] = ()
    pieces: "GeoDataFrame | None" = None
    admin_levels: tuple[str, ...] = ()
    surroundings: Surroundings = field(default_factory=Surroundings)

    @property
    def run_id(self) -> str:
        return str(self.run.get("run", self.folder.name))

    @property
    def step(self) -> str:
        """The step that made the run."""
        return str(self.run.get("step", ""))

    def rows(self, name: str) -> list[dict[str, str]]:
        """A CSV file of the run as rows of text; none when the run has no such file."""
        return _read_csv(self.folder / name)

    @property
    def version(self) -> str:
        """The version of Tianren that made the run."""
        return str(self.run.get("tianren", ""))

    @property
    def unverified(self) -> list[Row]:
        """The parameters whose source nobody has read."""
        return [p for p in self.parameters if not p.get("verified", False)]

    @property
    def computed(self) -> list[str]:
        """The criteria with a grade, in the order of the plan."""
        planned = [str(c["criterion"]) for c in self.criteria if c.get("status") == "computed"]
        return [name for name in planned if self.grade_path(name).exists()]

    def unit_of(self, criterion: str) -> str:
        found = [str(c.get("unit", "")) for c in self.criteria if c["criterion"] == criterion]
        return found[0] if found else ""

    def grade_path(self, criterion: str) -> Path:
        return self.folder / "grades" / f"{criterion}.tif"

    def value_path(self, criterion: str) -> Path:
        return self.folder / "values" / f"{criterion}.tif"

    @property
    def relief_path(self) -> Path | None:
        """The elevation that the hillshade is drawn from, when the run kept one."""
        return self.surroundings.elevation or _first(self.folder, "factors/elevation.tif")

    @property
    def step_path(self) -> Path | None:
        """What became of each cell of the region (codes of delineation.redline.ORIGINS)."""
        return _first(self.folder, "spatial_step.tif")

    @property
    def must_include_path(self) -> Path | None:
        """The outlines of what had to be included (columns kind, level, site)."""
        return _first(self.folder, "must_include.gpkg")

    @property
    def frequency_path(self) -> Path | None:
        """How often each cell is inside, when a robustness run was made."""
        return _first(self.folder, "robustness/frequency.tif", "robustness.tif", "frequency.tif")

    @cached_property
    def always_inside(self) -> float | None:
        """Percent of this line's own cells that are inside in every draw; None without draws."""
        cells = self.folder / "redline_cells.tif"
        if self.frequency_path is None or not cells.exists():
            return None
        from tianren.io.rasters import open_raster
        from tianren.raster.blocks import reduce_blocks

        rasters = [open_raster(self.frequency_path), open_raster(cells, kind="category")]
        always, line = reduce_blocks(_count_always, rasters, _both)
        return 100 * always / line if line else None

    def pick(self, indicator: str, **by: str) -> Measure | None:
        """The one measure with exactly this breakdown, or None."""
        wanted = sorted(by.items())
        found = [m for m in self.measures if m.indicator == indicator and sorted(m.by) == wanted]
        return found[0] if found else None

    def value(self, indicator: str, **by: str) -> float:
        """The value of the one measure with exactly this breakdown, 0 where there is none."""
        found = self.pick(indicator, **by)
        return found.value if found else 0.0

    def broken_down(self, indicator: str, *dimensions: str) -> list[Measure]:
        """The measures of an indicator that are broken down by exactly these dimensions."""
        wanted = sorted(dimensions)
        return [
            m
            for m in self.measures
            if m.indicator == indicator and sorted(d for d, _ in m.by) == wanted
        ]


def _count_always(share: Any, pieces: Any) -> tuple[int, int]:
    """Cells of the line that are inside in every draw, and all cells of the line."""
    line = pieces > 0
    return int(((share == 1) & line).sum()), int(line.sum())


def _both(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    return a[0] + b[0], a[1] + b[1]


def read_contents(folder: Path, description: Description | None = None) -> Contents:
    """Read a finished run's folder. Errors: UserError when run.toml is absent or unreadable."""
    about = description or Description()
    run = _read_run(folder)
    pieces = _read_pieces(folder)
    return Contents(
        folder=folder,
        run=run,
        title=about.title or str(run.get("title") or run.get("project") or folder.name),
        place=about.place or str(run.get("place") or run.get("project") or ""),
        crs=about.crs or _crs_of(pieces),
        day=_day(run.get("day")),
        measures=tuple(_measure(row) for row in _read_csv(folder / "measures.csv")),
        findings=tuple(
            worst_first(Finding.from_dict(row) for row in _read_csv(folder / "findings.csv"))
        ),
        decisions=tuple(_read_csv(folder / "decisions.csv")),
        criteria=tuple(_read_criteria(folder / "criteria.json")),
        parameters=tuple(run.get("parameters", [])),
        inputs=tuple(_inputs(run.get("inputs", []))),
        pieces=pieces,
        admin_levels=_admin_levels(pieces),
    )


def with_surroundings(contents: Contents, surroundings: Surroundings) -> Contents:
    return replace(contents, surroundings=surroundings)


def _read_run(folder: Path) -> Row:
    path = folder / "run.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(
            "this run is not finished: it has no run.toml",
            where=str(folder),
            next_step="finish it: tianren delineate",
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"run.toml cannot be read: {error}", where=str(path)) from error


def _read_csv(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _read_criteria(path: Path) -> list[Row]:
    if not path.exists():
        return []
    read = json.loads(path.read_text(encoding="utf-8"))
    return [{"criterion": k, **v} for k, v in read.items()] if isinstance(read, dict) else read


def _read_pieces(folder: Path) -> "GeoDataFrame | None":
    path = folder / "redline.gpkg"
    if not path.exists():
        return None
    from tianren.io.vectors import read_result

    return read_result(path, "redline").sort_values("code", kind="stable")


def _admin_levels(pieces: "GeoDataFrame | None") -> tuple[str, ...]:
    """The administrative levels are the columns that have a twin `<level>_code`."""
    if pieces is None:
        return ()
    known = set(pieces.columns)
    return tuple(c for c in pieces.columns if c != "type" and f"{c}_code" in known)


def _measure(row: Row) -> Measure:
    return Measure(
        indicator=row["indicator"],
        place=row["place"],
        period=row["period"],
        value=float(row["value"]),
        unit=row["unit"],
        by=by_pairs(row["by"]),
        low=float(row["low"]) if row["low"] else None,
        high=float(row["high"]) if row["high"] else None,
        method=row["method"],
        sources=tuple(part for part in row["sources"].split(" | ") if part),
    )


def _inputs(read: Sequence[Row] | Mapping[str, str]) -> list[Row]:
    """Every input with its sha256: a list of tables, or bare {name: sha256}."""
    if isinstance(read, Mapping):
        return [{"name": name, "sha256": digest} for name, digest in sorted(read.items())]
    return sorted(read, key=lambda row: str(row.get("name", "")))


def _crs_of(pieces: "GeoDataFrame | None") -> str:
    return "" if pieces is None or pieces.crs is None else str(pieces.crs.to_wkt())


def _day(value: object) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    return dt.date.fromisoformat(str(value)) if value else dt.date.min


def _first(folder: Path, *names: str) -> Path | None:
    return next((folder / n for n in names if (folder / n).exists()), None)
