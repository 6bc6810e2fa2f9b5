"""Maps and charts that any topic can draw: surface, classes, outlines, bars, all with one look."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tianren.io.previews import Preview
from tianren.language import say
from tianren.reports import charts, maps, palette, sheet
from tianren.reports.contents import Contents
from tianren.reports.maps import Drawn, Ground

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Overlay = Callable[["Axes"], None]


@dataclass(frozen=True)
class Caption:
    """What a picture says: its title states the finding; subtitle: what is shown; heading: of the
    legend, with the unit."""

    title: str
    subtitle: str
    heading: str = ""


@dataclass(frozen=True)
class Look:
    """One class of a map: its code, its name, a detail such as its area, its colour."""

    code: int
    name: str
    detail: str
    colour: str


def surface(
    contents: Contents,
    ground: Ground,
    shown: Preview,
    file: Path,
    caption: Caption,
    *,
    ramp: str = "magnitude",
    ends: tuple[float, float] | None = None,
    entries: Sequence[sheet.Entry] = (),
    overlay: Overlay | None = None,
) -> Drawn:
    """A continuous surface in an even ramp; clear where it is missing.

    ends: of the ramp; the 2nd and 98th percentile when None. overlay: draws on top.
    """
    low, high = ends or maps.spread(shown.cells)
    colours = palette.ramp(ramp)
    known = shown.cells[np.isfinite(shown.cells)]
    beyond = bool((known < low).any()), bool((known > high).any())
    bar = sheet.ramp_bar(colours, low, high, *beyond)
    legend = [sheet.heading(caption.heading), bar, *entries]
    picture = maps.coloured(shown.cells, colours, low, high)
    return _map(contents, ground, file, caption, legend, picture, shown, overlay)


def classes(
    contents: Contents,
    ground: Ground,
    shown: Preview,
    file: Path,
    caption: Caption,
    looks: Sequence[Look],
    *,
    entries: Sequence[sheet.Entry] = (),
    overlay: Overlay | None = None,
) -> Drawn:
    """Classes as flat colours over the relief; codes without a look are clear."""
    picture = np.zeros((*shown.cells.shape, 4))
    for look in looks:
        picture[shown.cells == look.code] = (*palette.rgb(look.colour), 0.86)
    legend = [sheet.heading(caption.heading)] if caption.heading else []
    legend += [sheet.swatch(look.name, look.detail, fill=look.colour) for look in looks]
    return _map(contents, ground, file, caption, [*legend, *entries], picture, shown, overlay)


def outlines(
    contents: Contents,
    ground: Ground,
    file: Path,
    caption: Caption,
    overlay: Overlay,
    entries: Sequence[sheet.Entry],
) -> Drawn:
    """Lines and polygons over the relief; overlay draws them."""
    legend = [sheet.heading(caption.heading)] if caption.heading else []
    return _map(contents, ground, file, caption, [*legend, *entries], None, None, overlay)


def _map(
    contents: Contents,
    ground: Ground,
    file: Path,
    caption: Caption,
    legend: Sequence[sheet.Entry],
    picture: maps.Picture | None,
    shown: Preview | None,
    overlay: Overlay | None,
) -> Drawn:
    page = maps.page(contents, ground, caption.title, caption.subtitle)
    page.entries += legend
    laid = sheet.lay_out(page)
    ground.draw(laid.axes)
    if picture is not None and shown is not None:
        maps.show(laid.axes, picture, shown.extent)
    ground.outline(laid.axes)
    if overlay is not None:
        overlay(laid.axes)
    return maps.finish(laid, file, caption.title, contents)


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its length, what is written behind it, its colour."""

    name: str
    value: float
    text: str
    colour: str = "#3f6f96"


def bars(contents: Contents, file: Path, caption: Caption, rows: Sequence[Bar]) -> Drawn:
    """Horizontal bars from zero, each labelled with its number."""
    figure, axes = charts.bar_frame(contents, caption.title, caption.subtitle, len(rows))
    for number, row in enumerate(rows):
        axes.barh(number, row.value, 0.62, color=row.colour)
        charts.write_after(axes, row.value, number, row.text)
    charts.name_rows(axes, [row.name for row in rows])
    most = max((row.value for row in rows), default=1)
    axes.set_xlim(0, most * 1.32 or 1)  # room for the number beyond the longest bar
    charts.number_axis(axes, most=most, whole=all(float(row.value).is_integer() for row in rows))
    sheet.save(figure, file)
    return Drawn(file, caption.title, say("Chart: {finding}", finding=caption.title))
