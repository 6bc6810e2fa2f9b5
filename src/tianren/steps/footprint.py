"""A footprint as people bring it: any polygon file, or a line with its width; faults are told."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.sources import Entry
from tianren.io.vectors import read_vector
from tianren.language import say

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tianren.project.project import Project

FEWEST_M2 = 0.01  # less is no area


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
    entry = Entry.brought(path, "vector")
    return read_vector(entry, plane_wkt(project))


def read_footprint(project: "Project", path: Path, width: float | None = None) -> Footprint:
    """The union of a file's polygons, or of its lines with a width, in the project's plane.

    Raises UserError for no file, points, lines without a width, and an area of nothing.
    """
    layer, findings = read_shapes(project, path)
    shapes = layer.geometry.to_numpy()
    return Footprint(_areal(shapes, path, width), tuple(findings))


def plane_wkt(project: "Project") -> str:
    """The project's plane, without reading its region where project.toml says it."""
    if not project.crs:
        return str(project.grid.crs.to_wkt())
    from pyproj import CRS

    return str(CRS.from_user_input(project.crs).to_wkt())


def _areal(shapes: Any, path: Path, width: float | None) -> Any:
    dimension = int(shapely.get_dimensions(shapes).max())
    if dimension == 0:
        raise UserError(
            say("the footprint is a point"), where=str(path),
            next_step=say("draw the land that is used as a polygon"),
        )  # fmt: skip
    if dimension == 1:
        if width is None:
            raise UserError(
                say("the footprint is a line"), where=str(path),
                next_step=say("say how wide it is: --width 12 (in m)"),
            )  # fmt: skip
        shapes = shapely.buffer(shapes, width / 2, cap_style="flat")
    whole = shapely.union_all(shapes)
    if shapely.area(whole) < FEWEST_M2:
        raise UserError(
            say("the footprint has no area"), where=str(path),
            by_how_much=f"{shapely.area(whole):.6f} m2",
            next_step=say("draw the land that is used as a polygon"),
        )  # fmt: skip
    return whole


def outside_finding(area: float, inside: float) -> Finding | None:
    """What to tell of a footprint that reaches beyond the country."""
    if inside >= area * (1 - 1e-6):
        return None
    message = say(
        "{share} % of the footprint lies outside the country and is not judged",
        share=f"{100 * (1 - inside / area):.1f}",
    )
    return Finding("check.beyond", "footprint", Severity.WARNING, message)
