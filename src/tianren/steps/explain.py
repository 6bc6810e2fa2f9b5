"""The step behind `tianren explain`: why is this place, or this piece, inside or outside?"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from tianren.delineation.explain import Book, Explanation, Sample, explain_cell
from tianren.delineation.explain import explain_piece as explain_one_piece
from tianren.delineation.redline import OUTSIDE
from tianren.errors import UserError
from tianren.io.rasters import open_raster
from tianren.language import say
from tianren.project.runs import RunResults, open_run
from tianren.raster.raster import MISSING, Grid, Raster
from tianren.reports.retelling import retold

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pyproj import Transformer

    from tianren.project.project import Project


def explain(
    project: "Project",
    *,
    run: str | None = None,
    at: tuple[float, float] | None = None,
    piece: str | None = None,
) -> Explanation:
    """Why a place (longitude, latitude in degrees) or a piece is inside or outside, from a run."""
    results = Results(open_run(project, run, step="delineate"))
    if (at is None) == (piece is None):
        raise UserError(
            say("name one place or one piece"),
            where="tianren explain",
            next_step="type --at LON,LAT or --piece CODE",
        )
    return explain_at(results, *at) if at is not None else explain_piece(results, str(piece))


@dataclass
class Results:
    """A finished run with its rasters and tables open: a second question is answered at once."""

    run: RunResults

    @cached_property
    def book(self) -> Book:
        """What the run says of itself."""
        from tianren.raster.cuts import Cuts

        rows = self.run.json("cuts.json")
        cuts = {
            name: {int(row["zone"]): Cuts.from_record(row) for row in zones.values()}
            for name, zones in rows.items()
        }
        labels = {
            int(row["zone"]): str(label) for zones in rows.values() for label, row in zones.items()
        }
        record = self.run.record
        line = self.run.json("line.json")
        limits = {c["criterion"]: c["thresholds"] for c in self.criteria if c.get("thresholds")}
        return Book(
            self.run.id,
            self.criteria,
            cuts,
            {**line, "limits": limits},
            {str(p["id"]): p for p in record.get("parameters", [])},
            {str(i["name"]): i for i in record.get("inputs", [])},
            labels,
        )

    @property
    def zonal(self) -> bool:
        """Whether grading was within zones of the country."""
        return self.book.line["scope"] != "nation" and "zone" in self.codes

    @cached_property
    def criteria(self) -> list[Mapping[str, Any]]:
        """Rows of criteria.json."""
        read = self.run.json("criteria.json")
        return [{"criterion": k, **v} for k, v in read.items()] if isinstance(read, dict) else read

    @cached_property
    def cells(self) -> Raster:
        return self._open("redline_cells.tif")

    @property
    def grid(self) -> Grid:
        return self.cells.grid

    @cached_property
    def codes(self) -> Mapping[str, Raster]:
        """What the line left in each cell, and the scope it was graded in."""
        names = {
            "step": "spatial_step.tif",
            "must": "must_include.tif",
            "conflicts": "conflicts.tif",
            "zone": "scope.tif",
        }
        return {key: self._open(name) for key, name in names.items() if self.run.has(name)}

    @cached_property
    def grades(self) -> Mapping[str, Raster]:
        return {name: self._open(f"grades/{name}.tif") for name in self._computed("grades")}

    @cached_property
    def values(self) -> Mapping[str, Raster]:
        return {
            name: open_raster(self.run.path(f"values/{name}.tif"), name=name)
            for name in self._computed("values")
        }

    @cached_property
    def pieces(self) -> Mapping[str, Mapping[str, Any]]:
        """Code -> its row of redline.csv: the attributes of the polygon layer."""
        return {row["code"]: row for row in self.run.rows("redline.csv")}

    @cached_property
    def by_number(self) -> Mapping[int, Mapping[str, Any]]:
        return {int(row["piece"]): row for row in self.pieces.values()}

    @cached_property
    def counts(self) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        """Piece code -> criterion -> its row of pieces.csv."""
        found: dict[str, dict[str, Mapping[str, Any]]] = {}
        for row in self.run.rows("pieces.csv"):
            found.setdefault(row["code"], {})[row["criterion"]] = row
        return found

    @cached_property
    def sites(self) -> "GeoDataFrame":
        """The must-include polygons, with an index."""
        from tianren.io.vectors import read_result

        return read_result(self.run.path("must_include.gpkg"))

    @cached_property
    def to_grid(self) -> "Transformer":
        """Longitude, latitude to the grid's plane."""
        from tianren.geo.moves import move_between

        return move_between("OGC:CRS84", self.grid.crs.to_wkt())

    def _open(self, name: str) -> Raster:
        return open_raster(self.run.path(name), kind="category")

    def _computed(self, folder: str) -> list[str]:
        names = [str(c["criterion"]) for c in self.criteria if c["status"] == "computed"]
        return [name for name in names if self.run.has(f"{folder}/{name}.tif")]


def explain_at(results: Results, lon: float, lat: float) -> Explanation:
    """Why one place is inside the line or outside. UserError where it is off the grid."""
    row, column = _cell(results, lon, lat)
    window = (slice(row, row + 1), slice(column, column + 1))

    def read(raster: Raster) -> Any:
        return raster.read(window)[0, 0].item()

    codes = {key: read(raster) for key, raster in results.codes.items()}
    number = max(read(results.cells), 0)
    sample = Sample(
        lon, lat, row, column,
        codes["step"],
        number,
        codes.get("zone", MISSING),
        codes["must"],
        codes["conflicts"],
        {name: read(raster) for name, raster in results.values.items()},
        {name: read(raster) for name, raster in results.grades.items()},
        _sites_at(results, lon, lat) if codes["must"] > 0 else (),
    )  # fmt: skip
    piece = results.by_number.get(number) if codes["step"] != OUTSIDE and number else None
    return explain_cell(sample, results.book, piece)


def _cell(results: Results, lon: float, lat: float) -> tuple[int, int]:
    """Row and column of the cell that holds a place."""
    x, y = results.to_grid.transform(lon, lat)
    rows, columns = results.grid.shape
    if math.isfinite(x) and math.isfinite(y):
        column, row = ~results.grid.affine @ (x, y)
        if 0 <= row < rows and 0 <= column < columns:
            return math.floor(row), math.floor(column)
        off = f"{_beyond(row, rows) + _beyond(column, columns):,.0f} cells outside"
    else:
        off = "on the other side of the Earth"
    west, south, east, north = results.grid.geographic_extent.boundingbox
    raise UserError(
        say("longitude {lon}, latitude {lat} is not on the grid of the run", lon=lon, lat=lat),
        where=results.run.id,
        by_how_much=off,
        next_step=say("the grid reaches from {west} to {east} E and {south} to {north} N; "
                      "longitude comes first", west=f"{west:.2f}", east=f"{east:.2f}",
                      south=f"{south:.2f}", north=f"{north:.2f}"),
    )  # fmt: skip


def _beyond(index: float, size: int) -> float:
    return max(-index, index - size, 0.0)


def _sites_at(results: Results, lon: float, lat: float) -> list[dict[str, Any]]:
    """The must-include sites that hold a place, or come within a cell of it."""
    from shapely import Point

    x, y = results.to_grid.transform(lon, lat)
    reach = abs(results.grid.affine.a)
    near = results.sites.sindex.query(Point(x, y).buffer(reach), predicate="intersects")
    found = results.sites.iloc[sorted(near.tolist())]
    return [
        {"site": row.site, "entry": row.entry, "level": int(row.level)}
        for row in found.itertuples()
    ]


def explain_piece(results: Results, code: str) -> Explanation:
    """Why one piece is inside the line. UserError with the nearest code where there is none."""
    piece = results.pieces.get(code)
    if piece is None:
        import difflib

        near = difflib.get_close_matches(code, results.pieces, n=1)
        raise UserError(
            say("there is no piece {code}", code=code),
            where=results.run.id,
            next_step=f"did you mean {near[0]}?" if near else "codes are in redline.gpkg",
        )
    reasons = "; ".join(retold(text) for text in str(piece["reasons"]).split("; "))
    piece = {**piece, "reasons": reasons}
    zones = _zones_under(results, int(piece["piece"])) if results.zonal else ()
    return explain_one_piece(piece, results.counts.get(code, {}), results.book, zones)


def _zones_under(results: Results, number: int) -> tuple[int, ...]:
    """The codes of the zones that a piece lies in, the one with most of its cells first."""
    from tianren.raster.blocks import reduce_blocks

    sources = [results.cells, results.codes["zone"]]
    found = reduce_blocks(partial(_zone_cells, number=number), sources, Counter.__add__)
    return tuple(sorted(found, key=lambda zone: (-found[zone], zone)))


def _zone_cells(cells: Any, zones: Any, *, number: int) -> Counter[int]:
    return Counter(zones[(cells == number) & (zones != MISSING)].tolist())
