"""A map of zones near a place: what is there, what is planned, what changes."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from tianren.language import say
from tianren.reports import maps, palette, sheet

ROOM = 0.12  # of the frame's side that is kept free around what is shown
LEAST_ROOM = 1_500.0  # m: a small change is shown where it lies


@dataclass(frozen=True)
class Shown:
    """One group of shapes with its look and its line in the legend.

    detail: a line below the name, such as the area. Without a fill, only the outline is drawn.
    """

    name: str
    shapes: Sequence[Any]
    fill: str = ""
    edge: str = ""
    width: float = 0.8
    hatch: str = ""
    detail: str = ""
    opacity: float = palette.FILL_OPACITY
    dashed: bool = False


@dataclass(frozen=True)
class About:
    """What the page says: its title states the finding. footer: sources, besides date and CRS;
    place: of what it is a map, for those who do not see it."""

    title: str
    subtitle: str
    day: dt.date
    crs: str
    footer: str = ""
    place: str = ""


def zone_map(file: Path, about: About, around: Sequence[Any], shown: Sequence[Shown]) -> maps.Drawn:
    """Draw the groups, the first at the bottom, in a frame around some shapes."""
    extent = _extent(around)
    dated = say("Equal-area CRS: {crs} · Date: {day}", crs=maps.crs_name(about.crs),
                day=about.day.isoformat())  # fmt: skip
    foot = [dated, about.footer] if about.footer else [dated]
    page = sheet.Sheet(about.title, about.subtitle, extent, about.crs, foot, tallest=5.2)
    page.entries += [_legend(group) for group in shown if len(group.shapes)]
    laid = sheet.lay_out(page)
    laid.axes.set_facecolor(palette.PLAIN_LAND)
    frame = shapely.box(*_frame(laid.axes))
    for order, group in enumerate(shown, start=1):
        _draw(laid.axes, group, frame, order)
    file.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(laid.figure, file)
    alt = say("Map of {place}: {finding}", place=about.place or about.subtitle, finding=about.title)
    return maps.Drawn(file, about.title, alt, laid.head)


def _extent(around: Sequence[Any]) -> sheet.Extent:
    west, south, east, north = shapely.total_bounds(np.array(list(around), dtype=object))
    room = max(ROOM * max(east - west, north - south), LEAST_ROOM)
    return float(west - room), float(east + room), float(south - room), float(north + room)


def _frame(axes: Any) -> tuple[float, float, float, float]:
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    return west, south, east, north


def _draw(axes: Any, group: Shown, frame: Any, order: int) -> None:
    near = [s for s in group.shapes if shapely.intersects(s, frame)]
    shapes = [shapely.intersection(s, shapely.buffer(frame, frame.length / 20)) for s in near]
    if group.fill:
        colour = (*palette.rgb(group.fill), group.opacity)
        maps.fill(axes, shapes, fill=colour, zorder=order)
    if group.hatch:
        maps.fill(axes, shapes, edge=group.edge or palette.INK, hatch=group.hatch, zorder=order)
    if group.edge:
        _outline(axes, shapes, group, order)


def _outline(axes: Any, shapes: Sequence[Any], group: Shown, order: int) -> None:
    path = maps.path_of(shapes)
    if path is None:
        return
    from matplotlib.patches import PathPatch

    style = (0, (4, 2)) if group.dashed else "-"
    axes.add_artist(
        PathPatch(path, facecolor="none", edgecolor=group.edge, linewidth=group.width,
                  linestyle=style, zorder=order)
    )  # fmt: skip


def _legend(group: Shown) -> sheet.Entry:
    if not group.fill and not group.hatch:
        return sheet.line(group.name, group.edge, group.width, "--" if group.dashed else "-")
    look: dict[str, Any] = {"alpha": group.opacity, "width": group.width}
    if group.fill:
        look["fill"] = group.fill
    if group.edge:
        look["edge"] = group.edge
    if group.hatch:
        look["hatch"] = group.hatch
    return sheet.swatch(group.name, group.detail, **look)
