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
    dark_is_more: bool = False,
    logarithms: bool = False,
    ends: tuple[float, float] | None = None,
    entries: Sequence[sheet.Entry] = (),
    overlay: Overlay | None = None,
) -> Drawn:
    """A continuous surface in an even ramp; clear where it is missing.

    dark_is_more: turn a ramp that goes from dark to light round. logarithms: the cells are decimal
    logarithms of what the legend tells. ends: of the ramp; the 2nd and 98th percentile when None.
    overlay: draws on top.
    """
    low, high = ends or maps.spread(shown.cells)
    colours = palette.ramp(ramp)
    shades = palette.lightness(colours)
    colours = colours[::-1] if dark_is_more and shades[0] < shades[-1] else colours
    known = shown.cells[np.isfinite(shown.cells)]
    beyond = bool((known < low).any()), bool((known > high).any())
    bar = sheet.ramp_bar(
        colours, low, high, *beyond, sheet.decades(low, high) if logarithms else None
    )
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
    enlarged: bool = False,
    entries: Sequence[sheet.Entry] = (),
    overlay: Overlay | None = None,
) -> Drawn:
    """Classes as flat colours over the relief; codes without a look are clear.

    enlarged: each patch is drawn a little larger within a dark edge, and the legend says so.
    """
    if enlarged:
        shown = _enlarged(shown, [look.code for look in looks])
        entries = [*entries, sheet.note(say("Small places are drawn larger than they are"))]
    picture = np.zeros((*shown.cells.shape, 4))
    for look in looks:
        picture[shown.cells == look.code] = (*palette.rgb(look.colour), 1 if enlarged else 0.86)
    picture[shown.cells == _EDGE] = (*palette.rgb(palette.INK), 1)
    legend = [sheet.heading(caption.heading)] if caption.heading else []
    legend += [sheet.swatch(look.name, look.detail, fill=look.colour) for look in looks]
    return _map(contents, ground, file, caption, [*legend, *entries], picture, shown, overlay)


_EDGE = -1  # the code of a dark edge
_FINE = 1400  # dots along the longer side of a map whose patches are enlarged
_GROWN, _EDGED = 4, 2  # dots that a patch grows on each side, and its edge after that


def _enlarged(shown: Preview, codes: Sequence[int]) -> Preview:
    """Patches of these codes grown by a few dots each way, within an edge; the highest code wins.

    Finer than before where the cells are larger than dots, so that all edges look alike.
    """
    from scipy.ndimage import maximum_filter

    times, more = max(1, _FINE // max(shown.cells.shape)), _GROWN + _EDGED
    cells = np.where(np.isin(shown.cells, codes), shown.cells, 0)
    dots = np.pad(cells.repeat(times, axis=0).repeat(times, axis=1), more)
    grown = np.where(dots > 0, dots, maximum_filter(dots, 2 * _GROWN + 1))
    edge = (grown == 0) & (maximum_filter(grown, 2 * _EDGED + 1) > 0)
    left, right, bottom, top = shown.extent
    wide, tall = (more * side / times for side in shown.cell)
    extent = left - wide, right + wide, bottom - tall, top + tall
    return Preview(np.where(edge, _EDGE, grown).astype(np.float32), extent, shown.crs)


MOST_CLASSES = 10  # beyond it a count has a ramp: nobody tells so many colours apart


def counts(
    contents: Contents,
    ground: Ground,
    shown: Preview,
    most: int,
    file: Path,
    caption: Caption,
    ramp: str = "water_and_vegetation",
) -> Drawn:
    """How many of something there are in each cell: a colour for each number, darker for more.

    A part of one, as where half of a cell counts, has the colour of the next whole number.
    """
    note = sheet.note(say("Darker: more"))
    if most > MOST_CLASSES:
        return surface(contents, ground, shown, file, caption, ramp=ramp, dark_is_more=True,
                       ends=(0.0, float(most)), entries=[note])  # fmt: skip
    whole = np.minimum(np.ceil(shown.cells - 1e-6), max(most, 1)).astype(np.float32)
    looks = [Look(n, str(n), "", colour) for n, colour in enumerate(_darker(max(most, 1), ramp))]
    coded = Preview(whole, shown.extent, shown.crs)
    return classes(contents, ground, coded, file, caption, looks)


def _darker(most: int, ramp: str) -> list[str]:
    """A colour for none, and one for each number from 1 to most, evenly darker."""
    colours = palette.ramp(ramp)
    places = np.linspace(0.62, 0.0, most) if most > 1 else np.array([0.31])
    places = np.rint(places * (len(colours) - 1)).astype(int)
    return [palette.PLAIN_LAND, *(palette.hex_of(colours[place]) for place in places)]


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
