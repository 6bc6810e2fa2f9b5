"""The sheet of a map: title, frame, legend, north arrow, scale bar, and the line that dates it.

Everything is placed in inches, and text is wrapped by its measured width, so that nothing overlaps
in any language.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tianren.language import say
from tianren.reports import numerals, palette
from tianren.reports.typeface import font, language_tag, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.9  # inches; shrinks little on an A4 page, so that the smallest text stays readable
MARGIN = 0.22
PANEL = 2.3
DPI = 200
LINE = 1.38  # line height over font size

Extent = tuple[float, float, float, float]  # left, right, bottom, top in metres


@dataclass(frozen=True)
class Entry:
    """One thing in the legend: its height in inches and how it is drawn below a height."""

    height: float
    draw: Callable[["Axes", float], None]


@dataclass
class Sheet:
    """A map in the making: what it says and shows."""

    title: str
    subtitle: str
    extent: Extent
    crs: str
    footer: Sequence[str]
    entries: list[Entry] = field(default_factory=list)
    tallest: float = 6.4  # inches: a tall country gets a smaller map rather than unreadable text


@dataclass(frozen=True)
class Laid:
    """A sheet laid out: the figure and the axes to draw the map in."""

    figure: "Figure"
    axes: "Axes"


def lay_out(sheet: Sheet) -> Laid:
    """Make the figure with title, legend and footer; the returned axes have the map's extent."""
    from matplotlib.figure import Figure

    title = wrap(sheet.title, 15, WIDTH - 2 * MARGIN)
    subtitle = wrap(sheet.subtitle, 9.5, WIDTH - 2 * MARGIN)
    footer = [part for text in sheet.footer for part in wrap(text, 7, WIDTH - 2 * MARGIN)]
    head = MARGIN + _height(title, 15) + 0.05 + _height(subtitle, 9.5) + 0.14
    foot = 0.12 + _height(footer, 7) + 0.16
    box = WIDTH - 3 * MARGIN - PANEL
    bar = _scale_height(sheet)
    legend = sum(e.height for e in sheet.entries) + bar
    body = max(_map_height(sheet, box), legend)
    figure = Figure(figsize=(WIDTH, head + body + foot), dpi=DPI, facecolor="white")
    total = head + body + foot
    lines(figure, title, 15, MARGIN, total - MARGIN, palette.INK)
    below = total - MARGIN - _height(title, 15) - 0.05
    lines(figure, subtitle, 9.5, MARGIN, below, palette.FAINT_INK)
    lines(figure, footer, 7, MARGIN, foot - 0.12, palette.FAINT_INK)
    axes = figure.add_axes((MARGIN / WIDTH, foot / total, box / WIDTH, body / total))
    extent = fill_box(sheet.extent, box / body)
    frame(axes, extent)
    panel = figure.add_axes(((2 * MARGIN + box) / WIDTH, foot / total, PANEL / WIDTH, body / total))
    _panel(panel, sheet, body, bar, (extent[1] - extent[0]) / box)
    return Laid(figure, axes)


def save(figure: "Figure", path: Any) -> None:
    """Write the figure as PNG: the same bytes each time, without a date or a program's name."""
    from matplotlib import rc_context

    with rc_context({"hatch.linewidth": 0.55, "text.hinting": "none"}):
        figure.savefig(path, format="png", dpi=DPI, metadata={"Software": None})


def write(axes: Any, x: float, y: float, text: str, points: float, **how: Any) -> Any:
    """One line of text in the report's typeface, with the forms of the current language."""
    made = axes.text(x, y, text, fontproperties=font(points), **{"color": palette.INK, **how})
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


def _map_height(sheet: Sheet, box: float) -> float:
    left, right, bottom, top = sheet.extent
    return float(min(sheet.tallest, max(3.6, box * (top - bottom) / (right - left))))


def fill_box(extent: Extent, ratio: float) -> Extent:
    """The extent widened about its centre so that it fills a box of width/height `ratio`."""
    left, right, bottom, top = extent
    width, height = 1.04 * (right - left), 1.04 * (top - bottom)
    width, height = max(width, height * ratio), max(height, width / ratio)
    x, y = (left + right) / 2, (bottom + top) / 2
    return x - width / 2, x + width / 2, y - height / 2, y + height / 2


def frame(axes: "Axes", extent: Extent) -> None:
    axes.set_xlim(extent[0], extent[1])
    axes.set_ylim(extent[2], extent[3])
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_autoscale_on(False)
    for side in axes.spines.values():
        side.set_color("#b9c0c4")
        side.set_linewidth(0.6)


def _panel(axes: "Axes", sheet: Sheet, body: float, bar: float, metres: float) -> None:
    axes.set_xlim(0, PANEL)
    axes.set_ylim(0, body)
    axes.set_axis_off()
    top = body
    for entry in sheet.entries:
        entry.draw(axes, top)
        top -= entry.height
    _scale_and_north(axes, sheet, metres, bar)


# Legend entries ---------------------------------------------------------------------------------


def heading(text: str) -> Entry:
    lines = wrap(text, 9.5, PANEL)

    def draw(axes: "Axes", top: float) -> None:
        _stack(axes, lines, 9.5, 0, top - 0.02)

    return Entry(_height(lines, 9.5) + 0.06, draw)


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


def ramp_bar(colours: palette.Colours, low: float, high: float, below: bool, above: bool) -> Entry:
    """A colour bar with round ticks; arrows say that values go on beyond its ends."""

    def draw(axes: "Axes", top: float) -> None:
        left, right, y = 0.1, PANEL - 0.25, top - 0.26
        axes.imshow(colours[None, :, :], extent=(left, right, y, y + 0.2), aspect="auto", zorder=2)
        axes.set_xlim(0, PANEL)
        if below:
            _arrow_end(axes, left, y, -0.09, colours[0])
        if above:
            _arrow_end(axes, right, y, 0.09, colours[-1])
        for value, text in ticks(low, high):
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
    return [(n * step, numerals.number(n * step, places)) for n in range(first, last + 1)]


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


def _scale_height(sheet: Sheet) -> float:
    return 0.95


def _scale_and_north(axes: "Axes", sheet: Sheet, metres: float, height: float) -> None:
    """metres: ground metres per inch of the map; true because the plane is equal-area."""
    long = round_down(1.5 * metres)
    inches = long / metres
    y = 0.2
    for number, shade in enumerate(("#1f2a30", "#ffffff")):
        from matplotlib.patches import Rectangle

        axes.add_patch(
            Rectangle(
                (number * inches / 2, y), inches / 2, 0.055,
                facecolor=shade, edgecolor=palette.INK, linewidth=0.6,
            )
        )  # fmt: skip
    unit, size = ("km", long / 1000) if long >= 1000 else ("m", long)
    write(axes, 0, y + 0.08, "0", 7.5, ha="left")
    write(axes, inches, y + 0.08, f"{size:g} {unit}", 7.5, ha="center")
    _north_arrow(axes, PANEL - 0.3, 0.42, bearing_of_north(sheet))


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
    from pyproj import CRS, Transformer

    there = Transformer.from_crs(CRS.from_user_input(sheet.crs), "EPSG:4326", always_xy=True)
    left, right, bottom, top = sheet.extent
    x, y = (left + right) / 2, (bottom + top) / 2
    lon, lat = there.transform(x, y)
    step = 0.01 if lat < 89 else -0.01
    east, north = there.transform(lon, lat + step, direction="INVERSE")
    return math.atan2((east - x) * step, (north - y) * step)
