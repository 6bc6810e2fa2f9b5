"""The sheet of a map: title, frame, legend, north arrow, scale bar, and the line that dates it.

Everything is placed in inches, and text is wrapped by its measured width, so that nothing overlaps
in any language.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tianren.language import say
from tianren.reports import numerals, palette
from tianren.reports.ink import write_png
from tianren.reports.typeface import font, language_tag, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.9  # inches; shrinks little on an A4 page, so that the smallest text stays readable
MARGIN = 0.22
PANEL = 2.3
COLUMNS = 3  # of a legend below the map
COLUMN_GAP = (WIDTH - 2 * MARGIN - COLUMNS * PANEL) / (COLUMNS - 1)
WIDE = 1.2  # from this width over height on, a map may have the whole width of the sheet
NARROWEST = 2.4  # inches: a long thin country's frame is widened to this
ROOM = 1.04  # the frame's sides over the region's
SCALE_BAR = 0.85  # inches of the legend that scale bar and north arrow take
DPI = 180  # 207 on an A4 page
LINE = 1.38  # line height over font size

Extent = tuple[float, float, float, float]  # left, right, bottom, top in metres


@dataclass(frozen=True)
class Entry:
    """One thing in the legend: its height in inches and how it is drawn below a height."""

    height: float
    draw: Callable[["Axes", float], None]
    heads: bool = False  # it heads what follows and may not end a column


@dataclass
class Sheet:
    """A map in the making: what it says and shows.

    tallest: inches; a tall country gets a smaller map rather than unreadable text. whole_width: a
    wide country's map takes the whole width, and its legend stands below.
    """

    title: str
    subtitle: str
    extent: Extent
    crs: str
    footer: Sequence[str]
    entries: list[Entry] = field(default_factory=list)
    tallest: float = 6.4
    whole_width: bool = False


@dataclass(frozen=True)
class Laid:
    """A sheet laid out: the figure, the axes of the map, and the title's share of the height."""

    figure: "Figure"
    axes: "Axes"
    head: float


@dataclass(frozen=True)
class Arrangement:
    """Where map and legend go, in inches from the upper left corner of the sheet's body."""

    wide: float
    tall: float
    body: float
    columns: tuple[tuple[Entry, ...], ...]
    legend: tuple[float, float]  # of the first column: from the left, from the top


def lay_out(sheet: Sheet) -> Laid:
    """Make the figure with title, legend and footer; the frame fits the map's extent."""
    from matplotlib.figure import Figure

    title = wrap(sheet.title, 15, WIDTH - 2 * MARGIN)
    subtitle = wrap(sheet.subtitle, 9.5, WIDTH - 2 * MARGIN)
    footer = [part for text in sheet.footer for part in wrap(text, 7, WIDTH - 2 * MARGIN)]
    head = MARGIN + _height(title, 15) + 0.05 + _height(subtitle, 9.5) + 0.14
    foot = 0.12 + _height(footer, 7) + 0.16
    placed = arrange(sheet)
    total = head + placed.body + foot
    figure = Figure(figsize=(WIDTH, total), dpi=DPI, facecolor="white")
    lines(figure, title, 15, MARGIN, total - MARGIN, palette.INK)
    below = total - MARGIN - _height(title, 15) - 0.05
    lines(figure, subtitle, 9.5, MARGIN, below, palette.FAINT_INK)
    lines(figure, footer, 7, MARGIN, foot - 0.12, palette.FAINT_INK)
    axes = box(figure, MARGIN, total - head, placed.wide, placed.tall)
    frame(axes, fill_box(sheet.extent, placed.wide / placed.tall))
    for number, entries in enumerate(placed.columns):
        left = MARGIN + placed.legend[0] + number * (PANEL + COLUMN_GAP)
        _column(figure, entries, left, total - head - placed.legend[1])
    return Laid(figure, axes, (head - 0.06) / total)


def arrange(sheet: Sheet) -> Arrangement:
    """The legend below a wide map that may have the whole width, else beside the map."""
    left, right, bottom, top = sheet.extent
    ratio = (right - left) / (top - bottom)
    below = sheet.whole_width and ratio >= WIDE
    most = WIDTH - 2 * MARGIN if below else WIDTH - 3 * MARGIN - PANEL
    tall = min(sheet.tallest, most / ratio)
    wide = min(most, max(NARROWEST, tall * ratio))
    shown = fill_box(sheet.extent, wide / tall)
    entries = (*sheet.entries, _scale_and_north(sheet, (shown[1] - shown[0]) / wide))
    if below:
        columns = in_columns(entries, COLUMNS)
        high = max(_stacked(column) for column in columns)
        return Arrangement(wide, tall, tall + 0.14 + high, columns, (0.0, tall + 0.14))
    gap = max(0.0, tall - _stacked(entries))
    column = (*entries[:-1], space(gap), entries[-1])
    return Arrangement(wide, tall, max(tall, _stacked(column)), (column,), (wide + MARGIN, 0.0))


def in_columns(entries: Sequence[Entry], count: int) -> tuple[tuple[Entry, ...], ...]:
    """The entries in order, in columns of which the highest is as low as it can be."""
    cuts = combinations(range(1, len(entries)), min(count, len(entries)) - 1)
    ways = [
        tuple(tuple(entries[a:b]) for a, b in pairwise((0, *cut, len(entries)))) for cut in cuts
    ]
    whole = [w for w in ways if not any(column[-1].heads for column in w)] or ways
    return min(whole, key=lambda way: max(_stacked(column) for column in way))


def _stacked(entries: Sequence[Entry]) -> float:
    return sum(entry.height for entry in entries)


def _column(figure: "Figure", entries: Sequence[Entry], left: float, top: float) -> None:
    """Legend entries downward from a corner of the figure, inches from its lower left."""
    high = _stacked(entries)
    axes = box(figure, left, top, PANEL, high)
    axes.set_xlim(0, PANEL)
    axes.set_ylim(0, high)
    axes.set_axis_off()
    for entry in entries:
        entry.draw(axes, high)
        high -= entry.height


def box(figure: "Figure", left: float, top: float, wide: float, tall: float) -> "Axes":
    """Axes of a size in inches below a corner of the figure, inches from its lower left."""
    width, height = figure.get_size_inches()
    return figure.add_axes((left / width, (top - tall) / height, wide / width, tall / height))


def save(figure: "Figure", path: Path) -> None:
    """Write the figure as a PNG of few colours: the same bytes each time, without a date."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    with rc_context({"hatch.linewidth": 0.55, "text.hinting": "none"}):
        canvas.draw()  # type: ignore[no-untyped-call]
    write_png(np.asarray(canvas.buffer_rgba()), path, DPI)  # type: ignore[no-untyped-call]


def write(axes: Any, x: float, y: float, text: str, points: float, **how: Any) -> Any:
    """One line of text in the report's typeface, with the forms of the current language."""
    made = axes.text(
        x,
        y,
        text,
        fontproperties=font(points),
        **{"color": palette.INK, "parse_math": False, **how},
    )
    if hasattr(made, "set_language"):
        made.set_language(language_tag())
    return made


def _height(lines: Sequence[str], points: float) -> float:
    return len(lines) * points * LINE / 72


def lines(
    where: Any, texts: Sequence[str], points: float, x: float, top: float, colour: str
) -> None:
    """Lines of text downward from a height, on a whole figure measured in inches."""
    width, height = where.get_size_inches()
    for number, text in enumerate(texts):
        y = top - number * points * LINE / 72
        write(where, x / width, y / height, text, points, color=colour, va="top")


def fill_box(extent: Extent, ratio: float) -> Extent:
    """The extent widened about its centre so that it fills a box of width/height `ratio`."""
    left, right, bottom, top = extent
    width, height = ROOM * (right - left), ROOM * (top - bottom)
    width, height = max(width, height * ratio), max(height, width / ratio)
    x, y = (left + right) / 2, (bottom + top) / 2
    return x - width / 2, x + width / 2, y - height / 2, y + height / 2


def frame(axes: "Axes", extent: Extent) -> None:
    axes.set_xlim(extent[0], extent[1])
    axes.set_ylim(extent[2], extent[3])
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_autoscale_on(False)
    axes.set_facecolor(palette.ABROAD)
    for side in axes.spines.values():
        side.set_color("#b9c0c4")
        side.set_linewidth(0.6)


# Legend entries ---------------------------------------------------------------------------------


def heading(text: str) -> Entry:
    lines = wrap(text, 9.5, PANEL)

    def draw(axes: "Axes", top: float) -> None:
        _stack(axes, lines, 9.5, 0, top - 0.02)

    return Entry(_height(lines, 9.5) + 0.06, draw, heads=True)


def note(text: str, points: float = 7.5) -> Entry:
    lines = wrap(text, points, PANEL)

    def draw(axes: "Axes", top: float) -> None:
        _stack(axes, lines, points, 0, top, color=palette.FAINT_INK)

    return Entry(_height(lines, points) + 0.09, draw)


def space(inches: float = 0.1) -> Entry:
    return Entry(inches, lambda axes, top: None)


def swatch(text: str, detail: str = "", **look: Any) -> Entry:
    """A box with its meaning; detail: a line below, such as its area or share."""
    lines, more = wrap(text, 8.5, PANEL - 0.45), wrap(detail, 7.5, PANEL - 0.45)
    tall = max(0.24, _height(lines, 8.5) + _height(more, 7.5) + 0.06)

    def draw(axes: "Axes", top: float) -> None:
        from matplotlib.patches import Rectangle

        alpha = look.get("alpha", 1.0)
        colours = {
            "facecolor": (*palette.rgb(look["fill"]), alpha) if "fill" in look else "none",
            "edgecolor": look.get("edge", "#8a8f93"),
            "hatch": look.get("hatch"),
            "linewidth": look.get("width", 0.6),
        }
        if "hatch_colour" in look:
            colours["edgecolor"] = look["hatch_colour"]
            axes.add_patch(Rectangle((0, top - 0.2), 0.34, 0.17, **{**colours, "linewidth": 0}))
            colours |= {"hatch": None, "facecolor": "none", "edgecolor": look["edge"]}
        axes.add_patch(Rectangle((0, top - 0.2), 0.34, 0.17, **colours))
        _stack(axes, lines, 8.5, 0.45, top - 0.02)
        _stack(axes, more, 7.5, 0.45, top - 0.02 - _height(lines, 8.5), color=palette.FAINT_INK)

    return Entry(tall, draw)


def line(text: str, colour: str, width: float = 1.2, style: str = "-") -> Entry:
    lines = wrap(text, 8.5, PANEL - 0.45)

    def draw(axes: "Axes", top: float) -> None:
        y = top - 0.115
        axes.plot([0, 0.34], [y, y], color=colour, linewidth=width, linestyle=style)
        _stack(axes, lines, 8.5, 0.45, top - 0.02)

    return Entry(max(0.24, _height(lines, 8.5) + 0.06), draw)


def dot(text: str, fill: str, edge: str, size: float = 5.0) -> Entry:
    """A point with its meaning."""
    lines = wrap(text, 8.5, PANEL - 0.45)

    def draw(axes: "Axes", top: float) -> None:
        axes.plot([0.17], [top - 0.115], "o", color=fill, markeredgecolor=edge, markersize=size)
        _stack(axes, lines, 8.5, 0.45, top - 0.02)

    return Entry(max(0.24, _height(lines, 8.5) + 0.06), draw)


def ramp_bar(
    colours: palette.Colours,
    low: float,
    high: float,
    below: bool,
    above: bool,
    marks: Sequence[tuple[float, str]] | None = None,
) -> Entry:
    """A colour bar with round ticks; arrows say that values go on beyond its ends.

    marks: place and text of each tick, where the ramp is not even in what it shows.
    """

    def draw(axes: "Axes", top: float) -> None:
        left, right, y = 0.1, PANEL - 0.25, top - 0.26
        axes.imshow(colours[None, :, :], extent=(left, right, y, y + 0.2), aspect="auto", zorder=2)
        axes.set_xlim(0, PANEL)
        if below:
            _arrow_end(axes, left, y, -0.09, colours[0])
        if above:
            _arrow_end(axes, right, y, 0.09, colours[-1])
        for value, text in ticks(low, high) if marks is None else marks:
            x = left + (value - low) / (high - low) * (right - left) if high > low else left
            axes.plot([x, x], [y - 0.05, y], color=palette.INK, linewidth=0.6)
            write(axes, x, y - 0.08, text, 7.5, ha="center", va="top")

    return Entry(0.56, draw)


def _arrow_end(axes: "Axes", x: float, y: float, length: float, colour: Any) -> None:
    from matplotlib.patches import Polygon

    corners = [(x, y), (x + length, y + 0.1), (x, y + 0.2)]
    axes.add_patch(Polygon(corners, closed=True, facecolor=colour, edgecolor="none", zorder=2))


def ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Three to six round values between two ends."""
    if not high > low:
        return [(low, numerals.number(low))]
    step = _round_up((high - low) / 4)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    places += step * 10**places % 1 > 1e-6
    return [
        (n * step, numerals.number(n * step, places if n else 0)) for n in range(first, last + 1)
    ]


def decades(low: float, high: float) -> list[tuple[float, str]]:
    """Ticks of a ramp of decimal logarithms: the powers of ten between two ends."""
    first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    return [(n, numerals.number(10.0**n, max(0, -n))) for n in range(first, last + 1)]


def _round_up(value: float) -> float:
    """The smallest of 1, 2, 2.5, 5, 10 times a power of ten that is not below a value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= value * (1 - 1e-9))


def round_down(value: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above a value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(f * power for f in (5, 2, 1) if f * power <= value * (1 + 1e-9))


def _stack(
    axes: "Axes", lines: Sequence[str], points: float, x: float, top: float, **how: Any
) -> None:
    for number, text in enumerate(lines):
        write(axes, x, top - number * points * LINE / 72, text, points, va="top", **how)


# Scale bar and north ----------------------------------------------------------------------------


def _scale_and_north(sheet: Sheet, metres: float) -> Entry:
    """metres: ground metres per inch of the map; true because the plane is equal-area."""
    long = round_down(1.5 * metres)
    inches = long / metres
    angle = bearing_of_north(sheet)

    def draw(axes: "Axes", top: float) -> None:
        foot = top - SCALE_BAR
        _scale_bar(axes, inches, foot + 0.1)
        unit, size = ("km", long / 1000) if long >= 1000 else ("m", long)
        write(axes, 0, foot + 0.19, "0", 7.5, ha="left")
        write(axes, inches, foot + 0.19, f"{numerals.written(size)} {unit}", 7.5, ha="center")
        _north_arrow(axes, PANEL - 0.3, foot + 0.32, angle)

    return Entry(SCALE_BAR, draw)


def _scale_bar(axes: "Axes", inches: float, y: float) -> None:
    from matplotlib.patches import Rectangle

    for number, shade in enumerate((palette.INK, "#ffffff")):
        half = Rectangle(
            (number * inches / 2, y), inches / 2, 0.055,
            facecolor=shade, edgecolor=palette.INK, linewidth=0.6, clip_on=False,
        )  # fmt: skip
        axes.add_patch(half)


def _north_arrow(axes: "Axes", x: float, y: float, angle: float) -> None:
    from matplotlib.patches import Polygon

    def turned(along: float, across: float) -> tuple[float, float]:
        sin, cos = math.sin(angle), math.cos(angle)
        return x + along * sin + across * cos, y + along * cos - across * sin

    left = [turned(0.26, 0), turned(-0.2, -0.11), turned(-0.12, 0)]
    right = [turned(0.26, 0), turned(-0.2, 0.11), turned(-0.12, 0)]
    axes.add_patch(Polygon(left, facecolor=palette.INK, edgecolor=palette.INK, linewidth=0.6))
    axes.add_patch(Polygon(right, facecolor="white", edgecolor=palette.INK, linewidth=0.6))
    letter = turned(0.38, 0)
    write(axes, *letter, say("N"), 8.5, ha="center", va="center")


def bearing_of_north(sheet: Sheet) -> float:
    """The angle of true north at the map's centre, clockwise from the top of the sheet, radians."""
    if not sheet.crs:
        return 0.0
    from pyproj import CRS

    from tianren.geo.moves import move_between

    there = move_between(CRS.from_user_input(sheet.crs), "EPSG:4326")
    left, right, bottom, top = sheet.extent
    x, y = (left + right) / 2, (bottom + top) / 2
    lon, lat = there.transform(x, y)
    step = 0.01 if lat < 89 else -0.01
    east, north = there.transform(lon, lat + step, direction="INVERSE")
    return math.atan2((east - x) * step, (north - y) * step)
