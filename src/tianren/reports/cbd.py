"""The indicator workbook for the online reporting tool of the Convention on Biological Diversity.

One sheet, one row a value, the columns in the tool's order. A year is a number, unit and value are
never empty; each footnote says how the value is traced.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tianren.measures import by_pairs
from tianren.reports.workbook import Cell, Sheet, book_bytes

HEADS = (
    "Indicator code", "Indicator", "Does this data row represent a disaggregation",
    "Disaggregation type", "Disaggregation", "Year", "Unit", "Value", "Footnote",
)  # fmt: skip
COVERAGE = ("3.1", "Coverage of protected areas and OECMs")
EXTENT = ("A.2", "Extent of natural ecosystems")
BOTH = "PA+OECM"
WHOLE = "land_and_sea"
LAND_ALONE = "Land alone: no sea source was given."
IN_CELLS = (
    "Totals are counted in {cells}: another grid gives other totals, and classes sum to the cells "
    "of the region, not to its area within its borders."
)
MIXED_WATER = (
    "Reservoirs and other waters that people made (F3) are in it: the land cover does not tell "
    "them from rivers and lakes (F1, F2)."
)
CIRCLES = "{n} of {all} areas are points with a reported area, drawn as circles: approximate."
NONE = "none"  # the class of land that a layer does not cover
LAYERED = ("unit", "ecoregion", "ecosystem", "biome")
# What the account breaks down by -> what the tool calls it.
_TYPES = {
    "realm": "Realm", "unit": "Sub-national unit", "ecoregion": "Ecoregion",
    "ecosystem": "Ecosystem type", "biome": "Biome (IUCN Global Ecosystem Typology)",
    "iucn": "IUCN management category",
    "governance": "Governance type", "kind": "Type of area",
}  # fmt: skip
_REALMS = {"land_and_inland_water": "Terrestrial and inland water", "sea": "Marine and coastal",
           "inland_water": "Inland water", "land": "Terrestrial"}  # fmt: skip
_KINDS = {"PA": "Protected areas", BOTH: "Protected areas and OECMs"}


@dataclass(frozen=True)
class Entry:
    """One row: code and name of the indicator, what it is broken down by, year, unit, value."""

    indicator: tuple[str, str]
    type: str
    label: str
    year: int
    unit: str
    value: float
    footnote: str

    def cells(self) -> list[Cell]:
        apart = "Yes" if self.type else "No"
        code, name = self.indicator
        return [code, name, apart, self.type, self.label, self.year, self.unit, self.value,
                self.footnote]  # fmt: skip


def measure_id(row: Mapping[str, str]) -> str:
    """How `tianren explain --measure` names a row of measures.csv."""
    by = f"[{row['by']}]" if row["by"] else ""
    return f"{row['indicator']}{by}@{row['period']}"


def entries(
    measures: Iterable[Mapping[str, str]], run: str, *, sea: bool = True, assessed: bool = True,
    notes: Mapping[str, str] | None = None,
) -> list[Entry]:  # fmt: skip
    """The rows of indicators 3.1 and A.2 that the measures of an account give, totals first.

    sea: whether the region has a sea; assessed: whether there are assessments of effectiveness.
    notes: what the footnote says besides of a dimension ("biome"), of a class of it ("biome=T5
    Deserts"), of the whole of A.2 ("A.2"). Classes called "none" (land that a layer does not cover)
    are left out.
    """
    told = [row for row in measures if assessed or row["indicator"] not in _ASSESSED]
    found = [e for row in told for e in _entries(row, run, sea, notes or {})]
    return sorted(found, key=lambda e: (e.indicator[0], e.type != "", e.type, e.label, e.year))


def _entries(row: Mapping[str, str], run: str, sea: bool, notes: Mapping[str, str]) -> list[Entry]:
    by = dict(by_pairs(row["by"]))
    year = row["period"][:4]
    if not year.isdecimal() or any(by.get(dimension) == NONE for dimension in LAYERED):
        return []
    made = _coverage(row, by) or _extent(row, by) or _quality(row, by)
    if made is None:
        return []
    indicator, kind, label, unit, value = made
    note = f"Run {run}. Traced by: tianren explain --measure '{measure_id(row)}'"
    alone = LAND_ALONE if by.get("realm") == WHOLE and not sea else ""
    about = [alone, *(notes.get(key, "") for key in _keys(indicator, by)), note]
    return [Entry(indicator, kind, label, int(year), unit, value, " ".join(filter(None, about)))]


def _keys(indicator: tuple[str, str], by: Mapping[str, str]) -> list[str]:
    """What notes of a row go by; of the whole of A.2, which is broken down by nothing, its code."""
    return [*by, *(f"{d}={c}" for d, c in by.items())] or [indicator[0]]


Made = tuple[tuple[str, str], str, str, str, float] | None


def _coverage(row: Mapping[str, str], by: Mapping[str, str]) -> Made:
    """3.1 as percent: the whole, by realm, and by classes of the account inside a realm."""
    if row["indicator"] != "account.coverage" or by.get("counted") not in _KINDS:
        return None
    rest = {d: c for d, c in by.items() if d not in ("counted", "realm")}
    realm = by.get("realm", "")
    value = float(row["value"])
    if realm == WHOLE:
        kind = "" if by["counted"] == BOTH else _TYPES["kind"]
        label = "" if by["counted"] == BOTH else _KINDS[by["counted"]]
        return COVERAGE, kind, label, "%", value
    if not rest:
        label = _REALMS.get(realm, realm)
        if by["counted"] == BOTH:
            return COVERAGE, _TYPES["realm"], label, "%", value
        return COVERAGE, "Realm by type of area", f"{label}: protected areas", "%", value
    if by["counted"] != BOTH or len(rest) != 1:
        return None
    dimension, name = next(iter(rest.items()))
    label = f"{name} ({_REALMS.get(realm, realm)})" if realm else name
    return COVERAGE, _TYPES.get(dimension, dimension), label, "%", value


def _extent(row: Mapping[str, str], by: Mapping[str, str]) -> Made:
    """A.2: the extent of each ecosystem type or biome, held or not, and of all."""
    if row["indicator"] != "account.extent":
        return None
    dimension, label = next(iter(by.items()), ("", ""))
    return EXTENT, _TYPES.get(dimension, ""), label, "km2", float(row["value"]) / 1e6


_QUALITY = {
    "account.key_areas": "Key biodiversity areas (mean coverage)",
    "account.assessed_share": "Effectiveness (share of area assessed)",
    "account.effectiveness": "Effectiveness (mean score)",
    "account.governance_share": "Governance type (share of area)",
}

_ASSESSED = ("account.assessed_share", "account.effectiveness")

_GOVERNANCE = {
    "government": "Governance by government", "shared": "Shared governance",
    "private": "Private governance", "not_told": "Not reported",
    "community": "Governance by indigenous peoples and local communities",
}  # fmt: skip


def _quality(row: Mapping[str, str], by: Mapping[str, str]) -> Made:
    """3.1's complements: key areas, effectiveness, governance."""
    kind = _QUALITY.get(row["indicator"])
    if kind is None or by.get("counted", BOTH) != BOTH:
        return None
    told = [_GOVERNANCE.get(c, c) for d, c in by.items() if d != "counted"]
    label = "; ".join(told) or "All"
    return COVERAGE, kind, label, "%", float(row["value"])


def cbd_bytes(found: Sequence[Entry], title: str, day: dt.date) -> bytes:
    """The workbook as bytes: one sheet, the head row first."""
    return book_bytes([Sheet("Indicator data", HEADS, [e.cells() for e in found])], title, day)
