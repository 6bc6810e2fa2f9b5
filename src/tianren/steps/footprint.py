"""A footprint as people bring it: polygons, and lines with their width; faults are told."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.formats import OF_SHAPES
from tianren.io.sources import Entry
from tianren.io.vectors import read_vector, which_features
from tianren.language import say

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.project.project import Project

FEWEST_M2 = 1.0  # the register is kept in whole square metres: less touches nothing


@dataclass(frozen=True)
class Footprint:
    """A valid polygon in the project's plane. width: diameter of the largest circle in it, m."""

    shape: Any
    findings: tuple[Finding, ...]

    @property
    def area(self) -> float:
        return float(shapely.area(self.shape))

    @property
    def width(self) -> float:
        """Twice the radius of the largest circle that lies inside, m, to half a percent."""
        parts = shapely.get_parts(self.shape)
        tolerance = max(0.005 * float(np.sqrt(self.area)), 0.01)
        circles = shapely.maximum_inscribed_circle(parts, tolerance=tolerance)
        return float(2 * shapely.length(circles).max())


def read_shapes(project: "Project", path: Path) -> "tuple[GeoDataFrame, list[Finding]]":
    """The features of a file that somebody brings, in the project's plane, and what was found."""
    if not path.exists():
        raise UserError(
            say("there is no such file"), where=str(path),
            next_step=say("name a polygon file: GeoPackage, Shapefile, GeoJSON, KML"),
        )  # fmt: skip
    _require_format(path)
    entry = replace(Entry.brought(path, "vector"), every_layer=True)
    return read_vector(entry, plane_wkt(project), every_kind=True)


def _require_format(path: Path) -> None:
    """A table has points and no land; a drawing does not say where its coordinates are."""
    if path.suffix.lower() in OF_SHAPES:
        return
    raise UserError(
        say("{name} is of no format of polygons that is read here", name=path.name),
        where=str(path),
        next_step=say("save it as GeoPackage, Shapefile, GeoJSON, KML or GeoParquet, with its CRS"),
    )


def read_footprint(project: "Project", path: Path, width: float | None = None) -> Footprint:
    """The union of a file's polygons and, with a width, of its lines, in the project's plane.

    Raises UserError for no file, points, lines without a width, and an area of nothing.
    """
    layer, findings = read_shapes(project, path)
    shapes = layer.geometry.to_numpy()
    _require_no_points(shapes, path)
    idle = _require_width(shapes, path, width)
    whole = shapely.union_all(_areal(shapes, width))
    _require_area(whole, path)
    return Footprint(whole, (*findings, *idle))


def plane_wkt(project: "Project") -> str:
    """The project's plane, without reading its region where project.toml says it."""
    if not project.crs:
        return str(project.grid.crs.to_wkt())
    from pyproj import CRS

    return str(CRS.from_user_input(project.crs).to_wkt())


def _require_no_points(shapes: Any, path: Path) -> None:
    """A point says where, not what land; left out, it would be land that nobody checked."""
    points = shapely.get_dimensions(shapes) == 0
    if not points.any():
        return
    raise UserError(
        say("the footprint is a point"), where=str(path),
        by_how_much="" if len(shapes) == 1 else which_features(points),
        next_step=say("draw the land that is used as a polygon"),
    )  # fmt: skip


def _require_width(shapes: Any, path: Path, width: float | None) -> list[Finding]:
    """Lines need a width; where there are none, that a width was given for nothing is told."""
    lines = int((shapely.get_dimensions(shapes) == 1).sum())
    if lines and width is None:
        raise UserError(
            say("the footprint is a line"), where=str(path),
            by_how_much="" if lines == len(shapes) else
            say("{n} of {all} features", n=lines, all=len(shapes)),
            next_step=say("say how wide it is: --width 12 (in m)"),
        )  # fmt: skip
    if width is None:
        return []
    if not 0 < width < np.inf:
        raise UserError(
            say("the width is {width} m", width=f"{width:g}"), where="--width",
            next_step=say("say how wide it is: --width 12 (in m)"),
        )  # fmt: skip
    message = say("--width {width} was not used: the file has no lines", width=f"{width:g}")
    return [] if lines else [Finding("check.width_unused", path.name, Severity.WARNING, message)]


def _areal(shapes: Any, width: float | None) -> Any:
    """Polygons as they are, lines as wide as they were said to be."""
    if width is None:
        return shapes
    wide = shapely.buffer(shapes, width / 2, cap_style="flat")
    return np.where(shapely.get_dimensions(shapes) == 1, wide, shapes)


def _require_area(whole: Any, path: Path) -> None:
    area = float(shapely.area(whole))
    if area < FEWEST_M2:
        raise UserError(
            say("the footprint has no area"), where=str(path),
            by_how_much=say("{area} m2, at least {least} m2", area=f"{area:.6f}",
                            least=f"{FEWEST_M2:g}"),
            next_step=_how_to_get_area(path),
        )  # fmt: skip


def _how_to_get_area(path: Path) -> str:
    """What to do about nothing: degrees that are said to be metres are land of no size."""
    own, _ = read_vector(replace(Entry.brought(path, "vector"), every_layer=True), None,
                         every_kind=True)  # fmt: skip
    if own.crs.is_geographic or np.abs(own.total_bounds).max() > 360:
        return say("draw the land that is used as a polygon")
    return say("check the file's CRS: its coordinates look like degrees, and {crs} is in metres",
               crs=own.crs.name)  # fmt: skip


def outside_finding(area: float, inside: float) -> Finding | None:
    """What to tell of a footprint that reaches beyond the country."""
    if inside >= area * (1 - 1e-6):
        return None
    message = say(
        "{share} % of the footprint lies outside the country and is not judged",
        share=f"{100 * (1 - inside / area):.1f}",
    )
    return Finding("check.beyond", "footprint", Severity.WARNING, message)
