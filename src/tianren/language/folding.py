"""Text folded to the width of a terminal, in which a Chinese character takes two columns."""

import re
import unicodedata
from collections.abc import Iterator

_WIDE = "WF"  # wide and full width, as Unicode says
_CLOSING = "，。；：、！？）】》」』”’,.;:!?)"  # no line begins with one of these


def columns(text: str) -> int:
    """The columns that a text takes in a terminal."""
    return sum(2 if unicodedata.east_asian_width(c) in _WIDE else 1 for c in text)


def padded(text: str, width: int) -> str:
    """A text with spaces after it up to a width, so that what comes next stands in one column."""
    return text + " " * (width - columns(text))


def fold(text: str, width: int = 80, first: str = "", rest: str = "") -> str:
    """A text on lines of at most so many columns. first, rest: what the first line and the others
    begin with. A word that is longer than a line has its own."""
    lines, line = [], first
    for piece in _pieces(text):
        glued = piece if line.strip() and line not in (first, rest) else piece.lstrip()
        if columns(line + glued.rstrip()) > width and line not in (first, rest):
            lines.append(line.rstrip())
            line, glued = rest, piece.lstrip()
        line += glued
    return "\n".join([*lines, line.rstrip()])


def _pieces(text: str) -> Iterator[str]:
    """What a line can break before: words with the space before them, and single wide characters
    with the closing punctuation after them."""
    wide = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]"
    closing = re.escape(_CLOSING)
    pattern = rf"\s*{wide}[{closing}]*|\s*(?:(?!{wide})\S)+[{closing}]*"
    return (match.group() for match in re.finditer(pattern, text.strip()))
