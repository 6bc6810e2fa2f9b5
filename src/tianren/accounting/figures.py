"""Figures as a table states them, and the range of true values that each printed number allows.

The columns are those of measures.csv, so that a run can be audited as it is; a table typed from a
report may add four: count and total (of a percentage: how many, of how many), whole (what a share
is a share of) and adds (the breakdowns whose classes together make this figure).
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tianren.errors import UserError
from tianren.measures import by_pairs

PERCENT, AREA, LENGTH = "%", "area", "length"
By = tuple[tuple[str, str], ...]

# unit -> (kind, how many of the kind's base unit: m2 or m)
_UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("m2", "square metre", "square meter"), (AREA, 1.0)),
    **dict.fromkeys(("ha", "hm2", "hectare", "公顷"), (AREA, 1e4)),
    **dict.fromkeys(("km2", "square kilometre", "square kilometer", "平方公里"), (AREA, 1e6)),
    **dict.fromkeys(("mu", "亩"), (AREA, 1e4 / 15)),
    "acre": (AREA, 4046.8564224),
    **dict.fromkeys(("m", "metre", "meter"), (LENGTH, 1.0)),
    **dict.fromkeys(("km", "kilometre", "kilometer", "公里"), (LENGTH, 1e3)),
    **dict.fromkeys(("%", "percent", "per cent"), (PERCENT, 1.0)),
}
_WORDS = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "万": 1e4, "亿": 1e8}
_NUMBER = re.compile(r"^(>=|<=|>|<|≥|≤|~|)\s*(-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)$")
# Units of one word that measure and do not count; whatever has a "/" or a digit measures too.
_MEASURED = {
    *("t", "tonne", "ton", "kg", "kilogram", "g", "gram", "l", "litre", "liter", "cm", "mm"),
    *("second", "s", "minute", "h", "hour", "d", "day", "week", "month", "year"),
    *("k", "c", "°c", "degree", "kwh", "usd", "eur", "dollar", "euro", "yuan", "index", "score"),
    *("吨", "千克", "元", "年", "天"),
}
_ROUND = 1000  # a whole number ending in three zeros or more is taken as rounded to them


@dataclass(frozen=True)
class Figure:
    """One number as printed.

    by: its breakdown; kind: "%", "area", "length", or the unit itself of what is counted. low,
    high: the true values it allows, in m2, m, percent or ones. places: decimals printed.
    count, total: of a percentage. whole: what it is a share of. adds: breakdowns that make it up.
    source: page, section, run.
    """

    indicator: str
    place: str
    period: str
    by: By
    printed: str
    unit: str
    kind: str
    low: float
    high: float
    places: int = 0
    count: int | None = None
    total: int | None = None
    whole: str = ""
    adds: tuple[str, ...] = ()
    source: str = ""

    @property
    def exactly(self) -> bool:
        """Whether the number is stated as such, not as a bound or "about"."""
        return self.printed[:1] not in "><≥≤~"

    @property
    def key(self) -> tuple[str, str, str, By]:
        """What is measured, where and when."""
        return (self.indicator, self.place, self.period, self.by)

    @property
    def told(self) -> str:
        """The number with its unit and where it stands."""
        unit = "" if self.unit in ("", "1") else f" {self.unit}"
        many = f" ({self.count:,})" if self.count is not None else ""
        return f"{self.printed}{unit}{many}" + (f" [{self.source}]" if self.source else "")


def subject_of(key: tuple[str, str, str, By]) -> str:
    """A quantity in words: indicator, then place, period and breakdown where there are such."""
    indicator, place, period, by = key
    more = [t for t in (place, period, *(f"{d} = {c}" for d, c in by)) if t]
    return f"{indicator} ({', '.join(more)})" if more else indicator


def read_figures(
    rows: Iterable[Mapping[str, str]], about: float, where: str = "", partitions: "Partitions" = ()
) -> list[Figure]:
    """Rows of text as figures.

    about: how far "~" may be off, as a share of the value. partitions: (indicator, dimension) that
    add up wherever they are broken down. A row with a heading `row` says where it stands. Raises
    UserError for what is no number.
    """
    return [_figure(row, n, about, where, partitions) for n, row in enumerate(rows, start=2)]


Partitions = Iterable[tuple[str, str]]


def _figure(
    row: Mapping[str, str], number: int, about: float, where: str, partitions: Partitions
) -> Figure:
    cells = {k.strip().lower(): unicodedata.normalize("NFKC", v or "").strip()
             for k, v in row.items() if k}  # fmt: skip
    place = f"{where}, row {number}" if where else f"row {number}"
    for needed in ("indicator", "value"):
        if needed not in cells:
            raise UserError(
                f"there is no column {needed}",
                where=where,
                next_step="use the columns of measures.csv: indicator, place, period, by, value, "
                "unit, sources; and count, total, whole, adds where they help",
            )
    kind, factor = kind_of(cells.get("unit", ""))
    counted = factor == 1.0 and counts(kind)
    low, high, places = _allowed(cells["value"], about, place, counted)
    adds = {d for i, d in partitions if i == cells["indicator"]} | set(_list(cells.get("adds", "")))
    return Figure(
        cells["indicator"], cells.get("place", ""), cells.get("period", ""),
        _by(cells.get("by", "")), cells["value"], cells.get("unit", ""), kind,
        low * factor, high * factor, places,
        _whole_number(cells.get("count", ""), place), _whole_number(cells.get("total", ""), place),
        cells.get("whole", ""), tuple(sorted(adds)), cells.get("sources", "") or place,
    )  # fmt: skip


def kind_of(unit: str) -> tuple[str, float]:
    """The kind of a unit and its size in the base unit: "million km2" -> ("area", 1e12)."""
    text = unicodedata.normalize("NFKC", unit).strip()
    factor = 1.0
    for word, times in _WORDS.items():
        if text.casefold().startswith(word):
            text, factor = text[len(word) :].strip(), factor * times
    plain = text.casefold()
    known = _UNITS.get(plain) or _UNITS.get(plain.removesuffix("s"))
    kind, size = known or (text or "1", 1.0)
    return kind, size * factor


def counts(kind: str) -> bool:
    """Whether a kind of unit counts things: sites, species, 1; not %, km2, t, t/a, index."""
    if kind in (PERCENT, AREA, LENGTH):
        return False
    if kind == "1":
        return True
    first = kind.casefold().split()[0]  # "t C" is tonnes of carbon
    measures = first in _MEASURED or first.removesuffix("s") in _MEASURED
    return not measures and not re.search(r"[0-9/]", kind)


def _allowed(text: str, about: float, where: str, counted: bool) -> tuple[float, float, int]:
    """Lowest and highest true value of a printed number, rounded or cut off; and its decimals.

    counted: of things, so that a whole number is exact; one that ends in three zeros or more is
    taken as rounded all the same.
    """
    found = _NUMBER.match(text.replace(",", "").replace(" ", ""))
    if not found:
        raise UserError(
            f"{text!r} is no number",
            where=where,
            next_step='write 12.5, 3,040, >90 ("over 90") or ~5 ("about 5")',
        )
    sign, digits = found.groups()
    value, step = float(digits), _step(digits)
    places = len(digits.partition(".")[2]) if "e" not in digits.lower() else 0
    slack = 1e-9 * abs(value)  # a sum of exact numbers is exact to their last bits
    if sign in (">", ">=", "≥"):
        return value, math.inf, places
    if sign in ("<", "<=", "≤"):
        return -math.inf, value, places
    if sign == "~":
        return value - about * abs(value) - step / 2, value + about * abs(value) + step, places
    if counted and step == 1.0 and digits.lstrip("-").isdecimal():
        return value, value, places
    return value - step / 2 - slack, value + step + slack, places


def _step(digits: str) -> float:
    """What one unit of the last digit is worth; trailing zeros of a large whole number are none."""
    whole, _, part = digits.partition(".")
    if "e" in digits.lower():
        return 0.0
    if part:
        return float(10.0 ** -len(part))
    zeros = len(whole) - len(whole.rstrip("0"))
    return 10.0**zeros if float(digits) and 10**zeros >= _ROUND else 1.0


def _by(text: str) -> By:
    """ "group=plants; category=CR" as pairs, in order of their dimensions."""
    return tuple(sorted(by_pairs(text)))


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _whole_number(text: str, where: str) -> int | None:
    if not text:
        return None
    try:
        return int(text.replace(",", ""))
    except ValueError:
        raise UserError(
            f"{text!r} is no count", where=where, next_step="write a whole number"
        ) from None
