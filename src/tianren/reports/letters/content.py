"""What a letter says, as plain values, and how days, areas and numbers are written in it."""

import datetime as dt
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tianren.language import current_language, say
from tianren.management.procedure import Step
from tianren.reports import numerals

Block = Mapping[str, Any]
SQUARE_METRES = 10_000  # of a hectare
_LOCALES = {"en": "en_GB", "zh_Hans": "zh_Hans_CN", "es": "es"}
_CHINESE = "零一二三四五六七八九十"
# Marks that turn the direction of what follows: with them a name could rewrite the line around it.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True)
class Office:
    """Who writes. lines: address, telephone, e-mail; post: of whoever signs."""

    name: str
    lines: tuple[str, ...] = ()
    post: str = ""


@dataclass(frozen=True)
class Particulars:
    """What is given when a letter is written.

    addressee: name and address, which no record holds; file_number: as the office counts;
    record_number, record_hash: of the record that the letter rests on. activity, place: what they
    are called in the letter's language, "a path for visitors", "Lan County"; appeal_to: who hears
    an appeal; further: a sentence on courts or other remedies; set_aside: the step by which the
    decision fell on appeal, if it did.
    """

    office: Office
    addressee: tuple[str, ...]
    file_number: str
    record_number: int
    record_hash: str
    activity: str = ""
    place: str = ""
    appeal_to: str = ""
    further: str = ""
    set_aside: Step | None = None


@dataclass(frozen=True)
class Letter:
    """A letter, told in one language. move: of the case that it tells; record: its number.

    fields: label and text beside the head; basis: the sentence on the record, and its hash; sign:
    the labels and texts of the place for signature and seal.
    """

    move: str
    record: int
    language: str
    day: dt.date
    title: str
    office: Office
    fields: tuple[tuple[str, str], ...]
    addressee: tuple[str, ...]
    subject: str
    blocks: tuple[Block, ...]
    sign: Mapping[str, str]
    basis: tuple[str, str]
    foot: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the two drawers, every text of them clean."""
        return {**clean(asdict(self)), "day": self.day.isoformat()}


def clean(value: Any) -> Any:
    """The value with every text in it as one line without what no page should hold: control
    characters, lone surrogates, characters that are none, marks that turn the direction."""
    if isinstance(value, str):
        return "".join(map(_kept, value)).strip(" ")
    if isinstance(value, Mapping):
        return {key: clean(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [clean(item) for item in value]
    return value


def _kept(char: str) -> str:
    if char in "\n\r\t\u2028\u2029":
        return " "
    code = ord(char)
    no_character = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    unfit = no_character or unicodedata.category(char) in ("Cc", "Cs") or char in _TURNING
    return "" if unfit else char


# -- blocks ----------------------------------------------------------------------------------------


def paragraph(text: str, strong: bool = False) -> Block:
    return {"kind": "paragraph", "text": text, "strong": strong}


def heading(number: int, text: str) -> Block:
    """ "1. Grounds", "一、理由"."""
    return {"kind": "heading", "text": f"{_counted(number)}{text}"}


def _counted(number: int) -> str:
    return f"{_CHINESE[number]}、" if current_language() == "zh_Hans" else f"{number}. "


def listed(items: Sequence[str], marks: Sequence[str] = ()) -> Block:
    """A list; marks: what stands before each item, a dash where none are given."""
    return {"kind": "list", "items": list(items), "marks": list(marks) or ["–"] * len(items)}


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], total: Sequence[str] = ()) -> Block:
    """A table whose first column is words and whose others are numbers."""
    return {"kind": "table", "heads": list(heads), "rows": [list(r) for r in rows],
            "total": list(total)}  # fmt: skip


# -- numbers ---------------------------------------------------------------------------------------


def day_text(day: dt.date) -> str:
    """5 March 2026, 2026年3月5日, 5 de marzo de 2026."""
    from babel.dates import format_date

    return format_date(day, "long", locale=_LOCALES[current_language()])


def hectares(square_metres: float) -> str:
    """An area in hectares to the square metre, without its unit."""
    return numerals.number(square_metres / SQUARE_METRES, 4)


def area_text(square_metres: float) -> str:
    return f"{hectares(square_metres)}{numerals.GAP}{say('ha')}"
