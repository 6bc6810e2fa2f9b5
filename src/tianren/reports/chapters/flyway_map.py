"""Migratory routes and stopovers on the map of corridors, with their legend."""

from typing import TYPE_CHECKING, Any

import numpy as np

from tianren.io.vectors import read_result
from tianren.language import say
from tianren.reports import sheet
from tianren.reports.contents import Contents

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes

ROUTE, TOO_LONG = "#2b6ca3", "#8e3b8a"
USED, UNUSED, RIM = "#2b6ca3", "#ffffff", "#173a5a"
WIDTH, SIZE = 1.3, 5.0


def entries(contents: Contents) -> list[sheet.Entry]:
    """The legend of what draw draws, and of nothing else."""
    steps, sites = _layer(contents, "routes"), _layer(contents, "stopovers")
    found = []
    if steps is not None and (steps["too_long"] != "yes").any():
        found.append(sheet.line(say("migratory route"), ROUTE, WIDTH))
    if steps is not None and (steps["too_long"] == "yes").any():
        found.append(sheet.line(say("step longer than the species goes"), TOO_LONG, WIDTH))
    if sites is not None and (sites["used"] == "yes").any():
        found.append(sheet.dot(say("stopover"), USED, RIM, SIZE))
    if sites is not None and (sites["used"] != "yes").any():
        found.append(sheet.dot(say("stopover that no route stops at"), UNUSED, RIM, SIZE))
    return found


def draw(axes: "Axes", contents: Contents) -> None:
    """Steps as their lines are drawn, stopovers as dots: a polygon may be too small to see."""
    steps, sites = _layer(contents, "routes"), _layer(contents, "stopovers")
    if steps is not None:
        long = (steps["too_long"] == "yes").to_numpy()
        _lines(axes, steps.geometry[~long], ROUTE)
        _lines(axes, steps.geometry[long], TOO_LONG)
    if sites is not None:
        used = (sites["used"] == "yes").to_numpy()
        middles = sites.geometry.representative_point()
        _dots(axes, middles[~used], UNUSED)
        _dots(axes, middles[used], USED)


def _layer(contents: Contents, name: str) -> "GeoDataFrame | None":
    path = contents.folder / f"{name}.gpkg"
    return read_result(path) if path.exists() else None


def _lines(axes: "Axes", shapes: Any, colour: str) -> None:
    from matplotlib.collections import LineCollection

    lines = [np.asarray(shape.coords) for shape in shapes]
    axes.add_collection(LineCollection(lines, colors=colour, linewidths=WIDTH), autolim=False)


def _dots(axes: "Axes", points: Any, fill: str) -> None:
    """As a collection, which leaves the frame of the map as it is."""
    axes.scatter(points.x, points.y, s=SIZE**2, c=fill, edgecolors=RIM, linewidths=1.0, zorder=3)
