"""What columns of people's tables are called: headings.csv as values."""

import csv
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from tianren.errors import UserError


def columns_by_role(topic: str, columns: Iterable[str]) -> dict[str, str]:
    """Role -> the column that plays it, of the headings a table has.

    topic: "records", "taxa", "checklist", "places" ... Case, accents, spaces and punctuation of
    a heading do not matter. Where several columns could play one role, the one listed first wins.
    """
    known = _ranks(topic)
    found: dict[str, tuple[int, str]] = {}
    for column in columns:
        rank = known.get(plain_heading(column))
        if rank is not None and (rank[0] not in found or rank[1] < found[rank[0]][0]):
            found[rank[0]] = rank[1], column
    return {role: column for role, (_, column) in found.items()}


def needed_columns(
    topic: str, table: Any, needed: Iterable[str], *, what: str, where: str
) -> dict[str, str]:
    """Role -> column of a table; UserError where a needed role has none.

    what: how messages call the table: "the status table".
    """
    columns = [str(c) for c in table.columns]
    roles = columns_by_role(topic, columns)
    for role in needed:
        if role not in roles:
            raise UserError(
                f"{what} has no column of {role}",
                where=where,
                by_how_much=f"its columns are {', '.join(columns[:12])}",
                next_step=f"rename the column to {usual_headings(topic, role)[0]}",
            )
    return roles


def usual_headings(topic: str, role: str) -> tuple[str, ...]:
    """The headings that a role goes by, the first preferred: for advice in messages."""
    return tuple(row["heading"] for row in _rows() if (row["topic"], row["role"]) == (topic, role))


def roles_of(topic: str) -> tuple[str, ...]:
    """The roles that columns of a topic's tables play."""
    return tuple(dict.fromkeys(row["role"] for row in _rows() if row["topic"] == topic))


def plain_heading(heading: str) -> str:
    """A heading as people confuse it: "Decimal_Latitude " and "decimalLatitude" are one.

    Accents do not matter. A unit in brackets, or the namespace before a colon, is no part of the
    name.
    """
    text = unicodedata.normalize("NFKC", str(heading)).casefold().rsplit(":", 1)[-1]
    text = text.split("(")[0] if not text.startswith("(") else text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if c.isalnum())


def plain_word(word: str) -> str:
    """A word as people confuse it: width, case and spaces do not matter."""
    return " ".join(unicodedata.normalize("NFKC", word).casefold().split())


def row_numbers(table: Any) -> list[int]:
    """The rows' numbers in the file: the index that io.tables gives, else counted from 2."""
    if table.index.name == "row":
        return [int(number) for number in table.index]
    return list(range(2, len(table) + 2))


@cache
def _rows() -> tuple[Mapping[str, str], ...]:
    text = files("tianren.parameters").joinpath("headings.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@cache
def _ranks(topic: str) -> Mapping[str, tuple[str, int]]:
    mine = [row for row in _rows() if row["topic"] == topic]
    found: dict[str, tuple[str, int]] = {}
    for rank, row in enumerate(mine):
        found.setdefault(plain_heading(row["heading"]), (row["role"], rank))
    return MappingProxyType(found)
