"""What is known of each species: group, family, protection, red-list category, endemic or not.

Tables of status come in many forms; each word of theirs is read through
parameters/status_words.csv, and a word that is not there is told, never guessed.
"""

import csv
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.parameters.headings import (
    needed_columns,
    plain_word,
    row_numbers,
)
from tianren.science.names import Checklist, Match, match_name, match_names

if TYPE_CHECKING:
    from pandas import DataFrame

THREATENED = ("CR", "EN", "VU")
CATEGORIES = ("EX", "EW", "RE", *THREATENED, "NT", "LC", "DD", "NE")


@dataclass(frozen=True)
class Taxon:
    """One row of a status table.

    protection: national class "I", "II" or "" for none; category: of the red list, "" when not
    said; endemic to the country; global_range_km2, population (mature individuals) and
    reproductive_units of the whole species; decline_only: listed for past or current decline alone
    (Red List A1, A2, A4); marine: may be recorded in the sea. None: not said. source: where the row
    is from, as the table says.
    """

    species: str
    group: str = ""
    family: str = ""
    protection: str = ""
    category: str = ""
    endemic: bool | None = None
    global_range_km2: float | None = None
    population: float | None = None
    reproductive_units: float | None = None
    decline_only: bool | None = None
    marine: bool | None = None
    common_name: str = ""
    source: str = ""

    @property
    def threatened(self) -> bool:
        """CR, EN or VU."""
        return self.category in THREATENED


def read_taxa(
    table: "DataFrame", checklist: Checklist | None = None, where: str = "the status table"
) -> tuple[list[Taxon], list[Finding]]:
    """The taxa of a status table, by species, and what could not be read in it.

    Headings are English, Chinese or Spanish (parameters/headings.csv). A value that is not known is
    left empty with an ERROR finding that names row and value; a name that names no species, or is
    not in the checklist, is left out with one. Raises UserError without a column of species, or
    when two rows say different things of one species.
    """
    roles = needed_columns("taxa", table, ["species"], what="the status table", where=where)
    findings: list[Finding] = []
    columns = {role: [_text(v) for v in table[column]] for role, column in roles.items()}
    first: dict[str, tuple[int, Taxon]] = {}
    for i, (number, written) in enumerate(zip(row_numbers(table), columns["species"], strict=True)):
        row = _Row(number, {role: values[i] for role, values in columns.items()}, where, findings)
        if species := _species(row, written, checklist):
            _keep(first, row, _taxon(species, row))
    return [first[species][1] for species in sorted(first)], findings


def without_status(species: Sequence[str], taxa: Sequence[Taxon], where: str) -> list[Finding]:
    """A finding for the species that have records or ranges but no row in the status table."""
    known = {taxon.species for taxon in taxa}
    lacking = sorted(set(species) - known)
    if not lacking:
        return []
    message = say(
        "{n} of {all} species have no row in the status table: {names}",
        n=len(lacking),
        all=len(set(species)),
        names=_some(lacking),
    )
    return [Finding("taxa.no_status", "status", Severity.WARNING, message, where)]


def _some(names: Sequence[str], most: int = 5) -> str:
    more = say(" and {n} more", n=len(names) - most) if len(names) > most else ""
    return ", ".join(names[:most]) + more


@dataclass(frozen=True)
class _Row:
    """One row while it is read: its number in the file (the heading is row 1) and its values."""

    number: int
    values: Mapping[str, str]
    where: str
    findings: list[Finding]

    def told(self, rule: str, column: str, value: str, next_step: str) -> None:
        message = say(
            "row {row}: {value} in the column {column} cannot be used: {next_step}",
            row=self.number, value=repr(value), column=column, next_step=next_step,
        )  # fmt: skip
        self.findings.append(Finding(rule, column, Severity.ERROR, message, self.where))


def _species(row: _Row, written: str, checklist: Checklist | None) -> str:
    if not written:
        if any(row.values.values()):
            row.told(
                "taxa.no_name", "species", written, say("write the species, or remove the row")
            )
        return ""
    match = match_name(written, checklist)
    if checklist is not None and match.how == "unmatched":
        _not_listed(row, match, checklist)
    elif not match.species:
        advice = say("correct the name")
        if match.candidates:
            advice += say("; near it: {names}", names=", ".join(match.candidates))
        row.told("taxa.name", "species", written, advice)
    return match.species


def _not_listed(row: _Row, match: Match, checklist: Checklist) -> None:
    """A name that may be right and is not in the checklist: the row is left out and told."""
    near = say("; near it: {names}", names=", ".join(match.candidates)) if match.candidates else ""
    message = say(
        "row {row}: {name} is not in the checklist {checklist}{near}; the row is not used: add "
        "the name to the checklist if it is right, or correct it",
        row=row.number, name=repr(match.written), checklist=checklist.where, near=near,
    )  # fmt: skip
    row.findings.append(Finding("taxa.name", "species", Severity.ERROR, message, row.where))


def unlisted_names(table: "DataFrame", checklist: Checklist | None, where: str) -> list[Match]:
    """The names of a status table that name no species, or are not in the checklist."""
    roles = needed_columns("taxa", table, ["species"], what="the status table", where=where)
    written = dict.fromkeys(_text(v) for v in table[roles["species"]])
    matches = match_names([name for name in written if name], checklist)
    return [match for match in matches.values() if not match.species]


def _taxon(species: str, row: _Row) -> Taxon:
    said: dict[str, Any] = {"species": species}
    for name, read in _READ.items():
        if name in row.values:
            said[name] = read(name, row)
    return Taxon(**said)


def _keep(first: dict[str, tuple[int, Taxon]], row: _Row, taxon: Taxon) -> None:
    """A second row of a species may repeat the first, or fill what it left open."""
    if taxon.species not in first:
        first[taxon.species] = row.number, taxon
        return
    number, before = first[taxon.species]
    merged: dict[str, Any] = {}
    for field in fields(Taxon):
        a, b = getattr(before, field.name), getattr(taxon, field.name)
        if a not in ("", None) and b not in ("", None) and a != b:
            raise UserError(
                f"two rows say different things of {taxon.species}: {a!r} and {b!r}",
                where=f"{row.where}, rows {number} and {row.number}, {field.name}",
                next_step="keep the row that is right",
            )
        merged[field.name] = b if a in ("", None) else a
    first[taxon.species] = number, Taxon(**merged)


# --- words and numbers -------------------------------------------------------------------------


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    return unicodedata.normalize("NFC", str(value)).strip()


def _as_text(column: str, row: _Row) -> str:
    return row.values[column]


def _word(column: str, row: _Row) -> str:
    value = row.values[column]
    if not value or value in ("-", "—", "/"):
        return ""
    found = _words(column).get(plain_word(value))
    if found is None:
        known = ", ".join(dict.fromkeys(v for v in _words(column).values() if v))
        row.told(f"taxa.{column}", column, value, say("write one of {known}", known=known))
    return found or ""


def _yes(column: str, row: _Row) -> bool | None:
    value = row.values[column]
    if not value or value in ("-", "—", "/", "?"):
        return None
    found = _words("yes").get(plain_word(value))
    if found is None:
        row.told(f"taxa.{column}", column, value, say("write yes or no"))
    return None if found is None else found == "yes"


_NUMBER = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?")


def _number(column: str, row: _Row) -> float | None:
    """A number >= 0; "1,234" is told, for it is 1234 here and 1.234 elsewhere."""
    value = row.values[column]
    if not value or value in ("-", "—", "/"):
        return None
    if _NUMBER.fullmatch(value):
        return float(value)
    advice = say("write digits and a point only, 1234.5, and not less than 0")
    row.told(f"taxa.{column}", column, value, advice)
    return None


_READ: Mapping[str, Callable[[str, _Row], Any]] = {
    "group": _as_text,
    "family": _as_text,
    "protection": _word,
    "category": _word,
    "endemic": _yes,
    "global_range_km2": _number,
    "population": _number,
    "reproductive_units": _number,
    "decline_only": _yes,
    "marine": _yes,
    "common_name": _as_text,
    "source": _as_text,
}


@cache
def _words(column: str) -> Mapping[str, str]:
    text = files("tianren.parameters").joinpath("status_words.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["column"] == column]
    return MappingProxyType({plain_word(row["word"]): row["value"] for row in rows})
