"""The charts of a run: area by category, who holds how much of what, what moves the line."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tianren.language import say
from tianren.reports import facts, numerals, palette, sheet, words
from tianren.reports.contents import Contents
from tianren.reports.maps import Drawn
from tianren.reports.typeface import font, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.6
LABEL = 2.1  # inches for the labels left of bars


def draw_charts(contents: Contents, folder: Path) -> list[Drawn]:
    """Draw every chart that the run has numbers for."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    if facts.areas_by_category(contents):
        drawn.append(areas(contents, folder))
    if any(facts.lorenz(contents, name) for name in contents.computed):
        drawn.append(lorenz(contents, folder))
    elif any(facts.lorenz_by_scope(contents, name) for name in contents.computed):
        drawn.append(lorenz_by_scope(contents, folder))
    if effects(contents):
        drawn.append(tornado(contents, folder))
    return drawn


def areas(contents: Contents, folder: Path) -> Drawn:
    """Area by category as bars from zero, with their hatch."""
    found = facts.areas_by_category(contents)
    total = sum(area for _, area in found)
    name, largest = max(found, key=lambda pair: pair[1])
    title = say(
        "{category}: {percent} of the redline's area",
        category=words.category(name),
        percent=numerals.percent(100 * largest / total),
    )
    figure, axes = bar_frame(contents, title, say("Area by category, km²"), len(found), left=LABEL)
    for row, (category, area) in enumerate(found):
        look = palette.CATEGORY_LOOKS.get(category, palette.OTHER_LOOK)
        fill = (*palette.rgb(look.fill), palette.FILL_OPACITY)
        axes.barh(row, area / 1e6, 0.62, color=fill, edgecolor=look.fill, hatch=look.hatch, lw=0)
        axes.barh(row, area / 1e6, 0.62, color="none", edgecolor=palette.EDGE, lw=0.8)
        told = f"{numerals.km2(area)} · {numerals.percent(100 * area / total)}"
        write_after(axes, area / 1e6, row, told)
    name_rows(axes, [words.category(n) for n, _ in found])
    axes.set_xlim(0, max(a for _, a in found) / 1e6 * 1.32)
    number_axis(axes)
    return _save(figure, folder / "areas.png", title)


def lorenz(contents: Contents, folder: Path) -> Drawn:
    """How much area holds how much service: a line a function, labelled where it ends apart."""
    curves = {n: facts.lorenz(contents, n) for n in contents.computed if n in palette.FUNCTIONS}
    curves = {n: c for n, c in curves.items() if c}
    steepest = max(curves, key=lambda n: facts.held_by_best(contents, n, 20) or 0.0)
    title = say(
        "The best fifth of {realm} holds {percent} of {service}",
        realm=facts.where(contents, steepest),
        percent=numerals.percent(facts.held_by_best(contents, steepest, 20) or 0.0),
        service=words.service(steepest),
    )
    subtitle = say("Share of each function (%) held by its best land (% of the area graded)")
    figure, axes = _frame(contents, title, subtitle, 3.9, left=0.55, right=2.3)
    axes.plot([0, 100], [0, 100], color="#9aa2a7", lw=0.8, ls=(0, (4, 3)))
    ends = []
    for name, curve in sorted(curves.items()):
        colour = palette.grade_colours(name)[5]  # the function's own hue, as on its map
        land, share = zip(*curve, strict=True)
        axes.plot(land, share, color=colour, lw=1.7)
        ends.append((name, colour, facts.held_by_best(contents, name, 20) or 0.0))
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    number_axis(axes)
    number_axis(axes, vertical=True)
    axes.plot([20, 20], [0, 100], color="#c9ced1", lw=0.6, zorder=0)
    _labels_beside(axes, ends)
    return _save(figure, folder / "lorenz.png", title)


def _labels_beside(axes: "Axes", ends: Sequence[tuple[str, str, float]]) -> None:
    """Direct labels right of the chart, in the order of the lines at 20 %, kept apart."""
    top = 99.0
    for name, colour, at_fifth in sorted(ends, key=lambda e: (-e[2], e[0])):
        axes.plot([20], [at_fifth], "o", color=colour, ms=4, clip_on=False)
        lines = wrap(words.criterion(name), 8.5, 2.1)
        detail = say("best 20 %: {percent}", percent=numerals.percent(at_fifth))
        for line in lines:
            sheet.write(axes, 102.5, top, line, 8.5, color=colour, va="top", clip_on=False)
            top -= 5.2
        sheet.write(axes, 102.5, top, detail, 7.5, color=palette.FAINT_INK, va="top")
        top -= 7.4
    sheet.write(
        axes, 102.5, top - 1, say("- - -  spread evenly"), 7.5, color=palette.FAINT_INK, va="top"
    )


PANEL = 2.2  # inches, the sides of one function's curves
PANEL_STEP = 2.95  # from one row of panels to the next


def lorenz_by_scope(contents: Contents, folder: Path) -> Drawn:
    """Where land is ranked within each scope: a panel a function, its largest scopes in it."""
    scopes = {n: facts.lorenz_by_scope(contents, n) for n in contents.computed}
    scopes = {n: curves for n, curves in scopes.items() if curves}
    tops = {n: next(iter(curves.items())) for n, curves in scopes.items()}
    steepest = max(tops, key=lambda n: facts.at(tops[n][1], 20))
    title = say(
        "The best fifth of {realm} holds {percent} of {service}",
        realm=tops[steepest][0],
        percent=numerals.percent(facts.at(tops[steepest][1], 20)),
        service=words.service(steepest),
    )
    subtitle = say("Share of each function (%) held by its best land (% of the area graded)")
    rows = -(-len(scopes) // 2)
    tall = PANEL_STEP * rows - 0.35
    figure, whole = _frame(contents, title, subtitle, tall, left=0.3, right=0.2)
    whole.set_axis_off()
    for number, (name, curves) in enumerate(scopes.items()):
        left = 0.55 + number % 2 * (WIDTH - 0.55) / 2
        top = 0.62 + tall - 0.3 - number // 2 * PANEL_STEP
        axes = sheet.box(figure, left, top, PANEL * 0.86, PANEL)
        sheet.lines(figure, [words.criterion(name)], 9.5, left, top + 0.24, palette.INK)
        _scope_panel(axes, name, curves)
    return _save(figure, folder / "lorenz.png", title)


STROKES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1, 2)))


def _scope_panel(axes: "Axes", name: str, curves: dict[str, facts.Curve]) -> None:
    """The largest scopes, each with a stroke of its own and labelled beside the panel."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.plot([0, 100], [0, 100], color="#9aa2a7", lw=0.8, ls=(0, (4, 3)))
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xticks([0, 50, 100])
    number_axis(axes)
    number_axis(axes, vertical=True)
    top, colour = 99.0, palette.grade_colours(name)[5]
    for stroke, (scope, curve) in zip(STROKES, curves.items(), strict=False):
        land, share = zip(*curve, strict=True)
        axes.plot(land, share, color=colour, lw=1.3, ls=stroke)
        axes.plot([104, 118], [top - 3, top - 3], color=colour, lw=1.3, ls=stroke, clip_on=False)
        top = _beside(axes, 121, top, wrap(scope, 7.5, 1.05)[:2], 7.5, palette.INK)
        told = say("best 20 %: {percent}", percent=numerals.percent(facts.at(curve, 20)))
        top = _beside(axes, 121, top, [told], 6.5, palette.FAINT_INK) - 3
    rest = len(curves) - len(STROKES)
    if rest > 0:
        told = say("{count} others, listed in the workbook", count=rest)
        _beside(axes, 104, top, wrap(told, 6.5, 1.3), 6.5, palette.FAINT_INK)


def _beside(
    axes: "Axes", x: float, top: float, texts: Sequence[str], points: float, colour: str
) -> float:
    """Lines of text right of a panel, downward from a height; returns the height below them."""
    for text in texts:
        sheet.write(axes, x, top, text, points, color=colour, va="top", clip_on=False)
        top -= points
    return top


def effects(contents: Contents) -> list[tuple[str, float]]:
    """(parameter, rank correlation with the area), the strongest first."""
    found = [
        (dict(m.by).get("parameter", ""), m.value)
        for m in contents.measures
        if m.indicator == "robustness.effect"
    ]
    return sorted(found, key=lambda pair: (-abs(pair[1]), pair[0]))


def tornado(contents: Contents, folder: Path) -> Drawn:
    """Which parameter moves the redline's area most over the draws."""
    found = effects(contents)[:12]
    count = facts.draws(contents)
    title = say("{parameter} moves the area most", parameter=words.parameter(found[0][0]))
    subtitle = say("Rank correlation (Spearman) of each parameter with the redline's area")
    if count:
        subtitle += say("; n = {count} draws", count=count)
    figure, axes = bar_frame(contents, title, subtitle, len(found), left=2.9)
    for row, (_, effect) in enumerate(found):
        colour = "#b04a45" if effect > 0 else "#3f6f96"
        axes.barh(row, effect, 0.62, color=colour)
        write_after(axes, effect, row, numerals.number(effect, 2))
    name_rows(axes, [words.parameter(name) for name, _ in found], 2.75)
    axes.axvline(0, color=palette.INK, lw=0.8)
    axes.set_xlim(-1.2, 1.2)
    axes.set_xticks([-1, -0.5, 0, 0.5, 1])
    number_axis(axes)
    return _save(figure, folder / "effects.png", title)


# Parts ------------------------------------------------------------------------------------------


def bar_frame(
    contents: Contents, title: str, subtitle: str, rows: int, left: float = LABEL,
    right: float = 0.3,
) -> tuple["Figure", "Axes"]:  # fmt: skip
    """The frame of a chart of so many bars; left: inches for their names, right: beside them.

    Many bars stand closer, so that the chart is not shrunk to fit its page.
    """
    apart = max(0.29, min(0.46, 4.6 / max(rows, 1)))
    figure, axes = _frame(contents, title, subtitle, 0.25 + apart * rows, left, right)
    axes.set_ylim(rows - 0.45, -0.55)
    return figure, axes


def _frame(
    contents: Contents, title: str, subtitle: str, tall: float, left: float, right: float
) -> tuple["Figure", "Axes"]:
    from matplotlib.figure import Figure

    room = WIDTH - 0.5
    titles, subtitles = wrap(title, 13, room), wrap(subtitle, 9, room)
    line = sheet.LINE / 72
    head = 0.2 + len(titles) * 13 * line + len(subtitles) * 9 * line + 0.2
    height = head + tall + 0.75
    figure = Figure(figsize=(WIDTH, height), dpi=sheet.DPI, facecolor="white")
    sheet.lines(figure, titles, 13, 0.25, height - 0.2, palette.INK)
    below = height - 0.24 - len(titles) * 13 * line
    sheet.lines(figure, subtitles, 9, 0.25, below, palette.FAINT_INK)
    dated = say("Run: {run} · Date: {day}", run=contents.run_id, day=contents.day.isoformat())
    sheet.lines(figure, [dated], 7, 0.25, 0.24, palette.FAINT_INK)
    left = left + 0.25
    box = (left / WIDTH, 0.62 / height, (WIDTH - left - right) / WIDTH, tall / height)
    axes = figure.add_axes(box)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#9aa2a7")
    axes.set_yticks([])
    axes.tick_params(length=3, color="#9aa2a7")
    return figure, axes


def number_axis(
    axes: "Axes", vertical: bool = False, most: float | None = None, whole: bool = False
) -> None:
    """Ticks in the report's typeface and way of writing numbers.

    most: the largest value shown, beyond which no tick stands; whole: counts have no halves.
    """
    axis = axes.yaxis if vertical else axes.xaxis
    if vertical:
        axes.set_yticks([0, 20, 40, 60, 80, 100])
        axes.spines["left"].set_visible(True)
        axes.spines["left"].set_color("#9aa2a7")
    low, high = axes.get_ylim() if vertical else axes.get_xlim()
    if whole:
        from matplotlib.ticker import MaxNLocator

        axis.set_major_locator(MaxNLocator(integer=True))
    end = high if most is None else most * 1.02  # 0.999 of 1 is labelled 1 too
    ticks = [t for t in axis.get_ticklocs() if low <= t <= end]
    axis.set_ticks(ticks, [_short(t) for t in ticks])
    for label in axis.get_ticklabels():
        label.set_fontproperties(font(8))
        label.set_color(palette.INK)


def _short(value: float) -> str:
    places = 0 if float(value).is_integer() else 1 if round(value, 1) == round(value, 6) else 2
    return numerals.number(value, places)


def name_rows(axes: "Axes", names: Sequence[str], room: float = LABEL - 0.1) -> None:
    """The names of bars, left of the chart, in two lines at most; dots end what is longer."""
    transform = axes.get_yaxis_transform()
    size, box = axes.figure.get_size_inches(), axes.get_position()  # type: ignore[union-attr]
    width = size[0] * box.width
    below, above = axes.get_ylim()
    row_height = size[1] * box.height / abs(above - below)
    apart = max(0.3, 8.5 * 1.15 / 72 / row_height)  # lines of one name, in rows
    for row, name in enumerate(names):
        lines = _two_lines(name, room)
        for number, line in enumerate(lines):
            offset = (number - (len(lines) - 1) / 2) * apart
            sheet.write(
                axes, -0.1 / width, row + offset, line, 8.5,
                transform=transform, ha="right", va="center",
            )  # fmt: skip


def _two_lines(name: str, room: float) -> list[str]:
    lines = wrap(name, 8.5, room)
    return lines if len(lines) <= 2 else [lines[0], wrap(lines[1], 8.5, room - 0.15)[0] + " …"]


def write_after(axes: "Axes", value: float, row: int, text: str) -> None:
    """A number just beyond the end of its bar."""
    side = "left" if value >= 0 else "right"
    pad = "  "
    told = pad + text if value >= 0 else text + pad
    sheet.write(axes, value, row, told, 8, ha=side, va="center")


def _save(figure: Any, path: Path, title: str) -> Drawn:
    sheet.save(figure, path)
    return Drawn(path, title, say("Chart: {finding}", finding=title))
