"""The step behind `tianren export`: the redline of a run in another format."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.errors import UserError
from tianren.language import say

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.project.project import Project
    from tianren.reports.contents import Contents

# What `boundary_table` reads of a piece.
ASKED = (
    "dominant", "category", "type_code", "name", "code", "area_m2", "level", "realm", "run",
)  # fmt: skip
ALIASES = {"shp": "shapefile", "json": "geojson", "parquet": "geoparquet", "geopackage": "gpkg"}


@dataclass(frozen=True)
class Exported:
    """What was exported: the run, the format, how many pieces, and the files."""

    run: str
    format: str
    pieces: int
    files: tuple[Path, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "format": self.format,
            "pieces": self.pieces,
            "files": [str(path) for path in self.files],
        }

    def text(self) -> str:
        head = say("{count} pieces of {run} written to:", count=self.pieces, run=self.run)
        return "\n".join([head, *(f"  {path}" for path in self.files)])


def export(
    project: "Project", run_id: str | None, format: str = "gpkg", folder: Path | None = None
) -> Exported:
    """Write the redline of a run in another format; without a run that of the latest line.

    format: gpkg, shapefile, geojson, kml, geoparquet or csv; folder: exports/ of the run when None.
    The shapefile has the fields of the boundary attribute table of Ecological Conservation
    Redlines; GeoJSON and KML are in EPSG:4326, the others in the grid's CRS.
    """
    from tianren.project.runs import open_run
    from tianren.reports.contents import read_contents

    name = format_of(format)
    run = open_run(project, run_id, step="" if run_id else "delineate")
    contents = read_contents(run.folder)
    if contents.pieces is None:
        raise UserError(
            say("the run {run} has no redline", run=contents.run_id),
            where=str(contents.folder),
            next_step=_where_one_is(project),
        )
    _require_columns(contents, project, name)
    files = export_pieces(
        contents.pieces,
        contents.admin_levels,
        name,
        folder or contents.folder / "exports",
        day=contents.day.isoformat(),
    )
    return Exported(contents.run_id, name, len(contents.pieces), tuple(files))


def _require_columns(contents: "Contents", project: "Project", name: str) -> None:
    """Refuse the boundary table of a run that keeps the line without what that table asks for."""
    asked = (
        "dominant",
        "category",
        "type_code",
        "name",
        "code",
        "area_m2",
        "level",
        "realm",
        "run",
    )
    lacking = [c for c in asked if contents.pieces is None or c not in contents.pieces.columns]
    if name == "shapefile" and lacking:
        raise UserError(
            say(
                "the run {run} keeps the redline without what the boundary table needs",
                run=contents.run_id,
            ),
            where=str(contents.folder),
            by_how_much=say("it lacks {columns}", columns=", ".join(lacking)),
            next_step=_where_one_is(project),
        )


def _where_one_is(project: "Project") -> str:
    """The next step where a run has no redline: the latest run that has one."""
    from tianren.project.runs import latest_run

    line = latest_run(project, "delineate")
    if line is None:
        return say("draw one: tianren delineate")
    return say("name a run of tianren delineate: --run {run}", run=line.id)


def export_pieces(
    pieces: "GeoDataFrame", levels: Sequence[str], name: str, folder: Path, *, day: str
) -> list[Path]:
    """The layer `redline` as a file of a format of io.exchange; returns the files."""
    from tianren.io.exchange import write_exchange
    from tianren.reports import palette

    if name == "shapefile":
        return write_exchange(boundary_table(pieces, levels), name, folder, "redline", day=day)
    if name == "kml":
        colours = {key: look.fill for key, look in palette.CATEGORY_LOOKS.items()}
        return write_exchange(
            pieces,
            name,
            folder,
            "redline",
            title=say("Ecological conservation redline"),
            colours=colours,
            colour_column="category",
        )
    return write_exchange(pieces, name, folder, "redline")


def boundary_table(pieces: "GeoDataFrame", levels: Sequence[str]) -> "GeoDataFrame":
    """The pieces with the fields of the boundary attribute table, whose names fit a shapefile.

    XZQHDM division code, YSDM feature code (left empty: its code list is not public), ZDSTXTFWGN
    dominant function, HXLX category, LXBM type code, HXMM name, HXBM code, TBBM number of the
    piece, TBMJ area in m2; and, beyond the table, BHJB protection level, HXQY realm, RUN.
    """
    import geopandas

    from tianren.reports import words

    rows = pieces.to_dict("records")
    table = {
        "XZQHDM": [division_of(row, levels) for row in rows],
        "YSDM": [""] * len(rows),
        "ZDSTXTFWGN": [words.criterion(str(row["dominant"])) for row in rows],
        "HXLX": [words.category(str(row["category"])) for row in rows],
        "LXBM": [str(row["type_code"]) for row in rows],
        "HXMM": [str(row["name"]) for row in rows],
        "HXBM": [str(row["code"]) for row in rows],
        "TBBM": [str(row.get("piece", number)) for number, row in enumerate(rows, start=1)],
        "TBMJ": [float(row["area_m2"]) for row in rows],
        "BHJB": [int(row["level"]) for row in rows],
        "HXQY": [words.realm(str(row["realm"])) for row in rows],
        "RUN": [str(row["run"]) for row in rows],
    }
    return geopandas.GeoDataFrame(table, geometry=list(pieces.geometry), crs=pieces.crs)


def division_of(row: dict[str, Any], levels: Sequence[str]) -> str:
    """The division code that the piece's own code begins with: the longest one that fits."""
    codes = [str(row[f"{level}_code"]) for level in levels]
    fitting = [code for code in codes if code and str(row["code"]).startswith(code)]
    return max(fitting, key=len, default="")


def format_of(text: str) -> str:
    """A format of io.exchange by its name or a usual other one; UserError for anything else."""
    from tianren.io.exchange import FORMATS

    name = ALIASES.get(text.strip().lower(), text.strip().lower())
    if name not in FORMATS:
        raise UserError(
            f"{text} is not a format of this program",
            where="--format",
            next_step=f"use one of {', '.join(FORMATS)}",
        )
    return name
