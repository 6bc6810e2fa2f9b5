"""The typeface of maps, charts and reports: Noto Sans CJK from its package, never the machine's."""

from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import files as files_of
from pathlib import Path
from typing import TYPE_CHECKING

from tianren.errors import UserError
from tianren.language import current_language

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

PACKAGE = "cvttf-notosanscjk-regular"
FAMILY = "Noto Sans CJK TC"  # holds the forms of all regions; the language picks the right one


@cache
def font_path() -> Path:
    """The font's file inside the installed package."""
    try:
        listed = files_of(PACKAGE) or []
    except PackageNotFoundError:
        listed = []
    for file in listed:
        path = Path(str(file.locate())).resolve()
        if path.suffix.lower() in (".otf", ".ttf", ".ttc") and path.exists():
            return path
    raise UserError(
        "the font with Chinese characters is not installed",
        where=PACKAGE,
        next_step=f"install it: pip install {PACKAGE}",
    )


def font(points: float) -> "FontProperties":
    """The typeface at a size, for one text of a figure."""
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=str(font_path()), size=points)


def language_tag() -> str:
    """The BCP 47 tag that makes the font choose the forms of the current language."""
    return {"zh_Hans": "zh-Hans"}.get(current_language(), current_language())


@cache
def _widths() -> tuple[dict[int, str], dict[str, tuple[int, int]], int]:
    from fontTools.ttLib import TTFont

    with TTFont(font_path(), lazy=True) as opened:
        units = int(opened["head"].unitsPerEm)
        return dict(opened.getBestCmap()), dict(opened["hmtx"].metrics), units


def text_width(text: str, points: float) -> float:
    """The width of one line of text, in inches (advance widths, without kerning)."""
    names, advances, units = _widths()
    total = sum(advances[names.get(ord(char), ".notdef")][0] for char in text)
    return total / units * points / 72


def wrap(text: str, points: float, inches: float) -> list[str]:
    """The text in lines that fit a width: broken at spaces, and between Chinese characters."""
    lines: list[str] = []
    line = ""
    for part in _parts(text):
        if line and text_width((line + part).rstrip(), points) > inches:
            lines.append(line.rstrip())
            line = part.lstrip()
        else:
            line += part
    return [*lines, line.rstrip()] if line.strip() else lines


_NO_LINE_START = "，。、；：）》”！？％%,.;:)"


def _parts(text: str) -> list[str]:
    """The pieces between which a line may break; punctuation stays with what it follows."""
    parts: list[str] = []
    for char in text:
        wide = ord(char) >= 0x2E80
        starts = not parts or parts[-1].endswith(" ") or wide or ord(parts[-1][-1]) >= 0x2E80
        if starts and not (parts and char in _NO_LINE_START):
            parts.append(char)
        else:
            parts[-1] += char
    return parts


def subset(text: str) -> bytes:
    """The font cut down to the characters of a text, as WOFF: what a single HTML file carries."""
    import io

    from fontTools import subset as cutter

    options = cutter.Options(
        flavor="woff", layout_features=["*"], recalc_timestamp=False, notdef_outline=True
    )
    opened = cutter.load_font(str(font_path()), options, lazy=True)
    worker = cutter.Subsetter(options)
    worker.populate(text=text)
    worker.subset(opened)
    target = io.BytesIO()
    cutter.save_font(opened, target, options)
    return target.getvalue()
