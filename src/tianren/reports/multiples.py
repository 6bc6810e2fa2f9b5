"""Small multiples: every criterion's grades on one extent, which beats one crowded map."""

from typing import TYPE_CHECKING, Any

from tianren.language import say
from tianren.reports import facts, numerals, palette, sheet, words
from tianren.reports.contents import Contents
from tianren.reports.typeface import text_width, wrap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tianren.reports.maps import Ground

GAP = 0.22  # inches between maps
NAME = 9.5 * sheet.LINE / 72  # height of one line of a map's name


def draw_multiples(contents: Contents, ground: "Ground", names: list[str], title: str) -> "Figure":
    """One small map a criterion, each with the share of the graded area in the first grade."""
    from matplotlib.figure import Figure

    across = 3 if len(names) > 4 or len(names) == 3 else 2
    box = (sheet.WIDTH - 2 * sheet.MARGIN - (across - 1) * GAP) / across
    left, right, bottom, top = ground.extent
    tall = min(1.25 * box, max(0.45 * box, box * (top - bottom) / (right - left)))
    above = 0.37 + NAME * max(len(wrap(words.criterion(n), 9.5, box)) for n in names)
    head = _Head(contents, title)
    height = head.height + -(-len(names) // across) * (tall + above) + 0.1 + head.foot
    figure = Figure(figsize=(sheet.WIDTH, height), dpi=sheet.DPI, facecolor="white")
    head.draw(figure)
    for number, name in enumerate(names):
        x = sheet.MARGIN + (number % across) * (box + GAP)
        y = height - head.height - (number // across) * (tall + above)
        _name(figure, contents, name, x, y - 0.08, box)
        below = (y - above - tall) / height
        place = (x / sheet.WIDTH, below, box / sheet.WIDTH, tall / height)
        _one(figure.add_axes(place), contents, ground, name, box / tall)
    return figure


class _Head:
    """The title, the key that all the small maps share, and the footer."""

    def __init__(self, contents: Contents, title: str) -> None:
        from tianren.reports.maps import footer

        room = sheet.WIDTH - 2 * sheet.MARGIN
        self.title = wrap(title, 15, room)
        self.subtitle = wrap(
            f"{contents.title} · {say('Grades of every criterion that could be computed')}",
            9.5,
            room,
        )
        self.feet = [part for text in footer(contents) for part in wrap(text, 7, room)]
        self.height = sheet.MARGIN + (len(self.title) * 15 + len(self.subtitle) * 9.5) * (
            sheet.LINE / 72
        )
        self.height += 0.42
        self.foot = 0.2 + len(self.feet) * 7 * sheet.LINE / 72

    def draw(self, figure: "Figure") -> None:
        height = figure.get_size_inches()[1]
        y = height - sheet.MARGIN
        sheet.lines(figure, self.title, 15, sheet.MARGIN, y, palette.INK)
        y -= len(self.title) * 15 * sheet.LINE / 72 + 0.05
        sheet.lines(figure, self.subtitle, 9.5, sheet.MARGIN, y, palette.FAINT_INK)
        y -= len(self.subtitle) * 9.5 * sheet.LINE / 72 + 0.08
        _key(figure, y)
        sheet.lines(figure, self.feet, 7, sheet.MARGIN, self.foot - 0.12, palette.FAINT_INK)


def _key(figure: "Figure", top: float) -> None:
    """Light to dark means ordinary to extreme, whatever the hue."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((0, (top - 0.25) / height, 1, 0.25 / height))
    axes.set_xlim(0, width)
    axes.set_ylim(0, 0.25)
    axes.set_axis_off()
    x = sheet.MARGIN
    texts = {
        1: say("Ordinary"),
        3: say("Important or sensitive"),
        5: say("Extremely important or sensitive"),
        0: say("Not applicable here"),
    }
    for code, text in texts.items():
        x = _key_entry(axes, x, code, text)


def _key_entry(axes: Any, x: float, code: int, text: str) -> float:
    from matplotlib.patches import Rectangle

    colours = [_colour(name, code) for name in ("water_conservation", "carbon", "water_erosion")]
    for number, colour in enumerate(colours):
        axes.add_patch(
            Rectangle((x + 0.12 * number, 0.06), 0.12, 0.14, facecolor=colour, edgecolor="none")
        )
    sheet.write(axes, x + 0.43, 0.13, text, 8, va="center")
    return x + 0.43 + text_width(text, 8) + 0.3


def _colour(name: str, code: int) -> str:
    return {**palette.grade_colours(name), 0: palette.NOT_APPLICABLE}[code]


def _one(axes: Any, contents: Contents, ground: "Ground", name: str, ratio: float) -> None:
    from tianren.reports import maps

    sheet.frame(axes, sheet.fill_box(ground.extent, ratio))
    ground.draw(axes)
    maps.draw_grade(axes, contents, name, 600)
    ground.outline(axes)


def _name(figure: Any, contents: Contents, name: str, x: float, top: float, room: float) -> None:
    shares = facts.grade_shares(contents, name)
    told = say(
        "{percent} {grade}",
        percent=numerals.percent(shares.get(5, 0.0)),
        grade=words.grade(5, name in palette.SENSITIVITIES).lower(),
    )
    lines = wrap(words.criterion(name), 9.5, room)
    sheet.lines(figure, lines, 9.5, x, top, palette.INK)
    sheet.lines(figure, [told], 8, x, top - NAME * len(lines), palette.FAINT_INK)
