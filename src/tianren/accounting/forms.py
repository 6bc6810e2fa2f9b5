"""Tables that people fill in: rows by role of their columns, words through the lists of words.

Headings are English, Chinese or Spanish (parameters/headings.csv), words too
(parameters/assessment_words.csv). A word that is not listed is refused with its row, never guessed.
"""

import csv
import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from tianren.errors import UserError
from tianren.parameters.headings import (
    needed_columns,
    plain_word,
    row_numbers,
)

if TYPE_CHECKING:
    from pandas import DataFrame

EMPTY = ("", "-", "—", "/")


@dataclass(frozen=True)
class Row:
    """One row of a table: its number in the file (the heading is row 1), its values by role."""

    number: int
    values: Mapping[str, str]
    where: str

    def get(self, role: str) -> str:
        """The text of a role, "" where it is empty or has no column."""
        value = self.values.get(role, "")
        return "" if value in EMPTY else value

    def word(self, role: str, allowed: Sequence[str] = ()) -> str:
        """The value that a word stands for, "" for an empty cell; any other word is refused."""
        return self.word_of(role, self.get(role), allowed)

    def word_of(self, column: str, text: str, allowed: Sequence[str] = ()) -> str:
        """The value that a text stands for in a column of the lists of words."""
        if not text:
            return ""
        found = meaning(column, text)
        if found is None or (allowed and found not in allowed):
            known = allowed or tuple(dict.fromkeys(_words(column).values()))
            raise self.refused(
                f"{column} {text!r} is not known", f"write one of {', '.join(known)}"
            )
        return found

    def day(self, role: str, latest: dt.date) -> dt.date | None:
        """A day not after the latest; a year alone is its last day, or the latest if that is
        earlier."""
        text = self.get(role)
        if not text:
            return None
        found = _day(text)
        if found is None:
            raise self.refused(f"{text!r} is no date", "write it as 2024-05-31, or the year alone")
        first, last = found
        if first > latest:
            raise self.refused(
                f"the date {text} lies in the future", "correct the date", f"after {latest}"
            )
        return min(last, latest)

    def number_of(self, role: str, low: float, high: float) -> float | None:
        """A number between two bounds, None for an empty cell."""
        text = self.get(role)
        return None if not text else self.within(role, text, low, high)

    def within(self, column: str, text: str, low: float, high: float) -> float:
        """A text as a number between two bounds."""
        plain = text.removesuffix("%").strip()
        if not _NUMBER.fullmatch(plain) or not low <= float(plain) <= high:
            raise self.refused(
                f"{column} {text!r} is out of range", f"write a number from {low:g} to {high:g}"
            )
        return float(plain)

    def refused(self, what: str, next_step: str, by_how_much: str = "") -> UserError:
        """The error of this row, with the site it is about."""
        site = f", {self.get('site')}" if self.get("site") else ""
        return UserError(
            what,
            where=f"{self.where}, row {self.number}{site}",
            by_how_much=by_how_much,
            next_step=next_step,
        )


_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def read_rows(
    topic: str, table: "DataFrame", where: str, needed: Iterable[str] = ()
) -> tuple[list[Row], dict[str, str]]:
    """The rows of a table by role, and the columns that play none as column -> column.

    Raises UserError where a needed role has no column.
    """
    roles = needed_columns(topic, table, needed, what="the table", where=where)
    others = {str(c): str(c) for c in table.columns if str(c) not in roles.values()}
    taken = {**others, **roles}
    return [Row(number, {r: _text(v) for r, v in zip(taken, values, strict=True)}, where)
            for number, values in zip(row_numbers(table), table[list(taken.values())].to_numpy(),
                                      strict=True)], others  # fmt: skip


def _text(value: object) -> str:
    if value is None or value != value:
        return ""
    return unicodedata.normalize("NFC", str(value)).strip()


def meaning(column: str, word: str) -> str | None:
    """The value that a word of a column stands for, or None."""
    return _words(column).get(plain_word(word))


@cache
def _words(column: str) -> Mapping[str, str]:
    rows = [row for row in data_rows("assessment_words.csv") if row["column"] == column]
    return MappingProxyType({plain_word(row["word"]): row["value"] for row in rows})


@cache
def data_rows(name: str) -> tuple[Mapping[str, str], ...]:
    """The rows of a packaged table."""
    text = files("tianren.parameters").joinpath(name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _day(text: str) -> tuple[dt.date, dt.date] | None:
    """The first and last day that a text can mean; None when it is no date."""
    if re.fullmatch(r"\d{4}(\.0+)?", text):
        year = int(text[:4])
        return (dt.date(year, 1, 1), dt.date(year, 12, 31)) if year else None
    match = re.match(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?([T ].*)?$", text)
    if match is None:
        return None
    try:
        day = dt.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
    return day, day


@dataclass(frozen=True)
class SiteNames:
    """Which site a text means: by its id, or by its name where only one site has it."""

    by_id: Mapping[str, str]
    by_name: Mapping[str, tuple[str, ...]]

    def find(self, row: Row) -> str:
        """The id of the site of a row; a site that is not in the list is refused."""
        text = row.get("site")
        if not text:
            raise row.refused("the row names no site", "write the site's code or name")
        key = plain_word(text)
        if key in self.by_id:
            return self.by_id[key]
        named = self.by_name.get(key, ())
        if len(named) > 1:
            raise row.refused(
                f"{len(named)} sites are called {text}", f"write its code: {', '.join(named[:5])}"
            )
        if not named:
            raise row.refused(f"the site {text!r} is not in the list", self._advice(key))
        return named[0]

    def _advice(self, key: str) -> str:
        import difflib

        near = difflib.get_close_matches(key, [*self.by_id, *self.by_name], n=1)
        if near:
            meant = self.by_id.get(near[0]) or ", ".join(self.by_name[near[0]])
            return f"did you mean {meant}?"
        return "add it to the sites or to [account] candidates, or remove the row"


def site_names(sites: Iterable[tuple[str, str]]) -> SiteNames:
    """How sites are found, from (id, name) pairs; parcels of one site are one."""
    ids: dict[str, str] = {}
    names: dict[str, dict[str, None]] = {}
    for site, name in sites:
        ids.setdefault(plain_word(site), site)
        if name:
            names.setdefault(plain_word(name), {})[site] = None
    return SiteNames(ids, {name: tuple(found) for name, found in names.items()})
