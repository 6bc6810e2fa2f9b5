"""What counts as what: national types of site.

A crosswalk says of each national type whether it is a protected area, may be an OECM, or is
neither; its IUCN category and governance, and whether conservation is its primary, secondary or
ancillary aim. It is data (parameters/national_types.csv), and a country's own table overrides it
row by row. A type that is not there is listed, never guessed.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tianren.accounting.coverage import NOT_STATED
from tianren.accounting.forms import Row, data_rows, read_rows
from tianren.findings import Finding, Severity
from tianren.language import current_language, say, say_many
from tianren.parameters.headings import plain_word

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import DataFrame

PROTECTED, OECM, POTENTIAL, NEITHER = "protected_area", "oecm", "potential_oecm", "neither"
CLASSES = (PROTECTED, OECM, POTENTIAL, NEITHER)
TYPE_CLASSES = (PROTECTED, POTENTIAL, NEITHER)
CATEGORIES = ("Ia", "Ib", "II", "III", "IV", "V", "VI")
GOVERNANCE = ("government", "shared", "private", "community")
CONSERVATION = ("primary", "secondary", "ancillary")
SOURCE = "CCICED 2025, 2.2.2.3 and Appendix 1"

TYPE_COLUMNS = (
    "designation", "sites", "type", "counts_as", "category", "governance", "conservation",
    "verified", "source",
)  # fmt: skip


@dataclass(frozen=True)
class NationalType:
    """One row of the crosswalk.

    counts_as: PROTECTED, POTENTIAL or NEITHER. categories: the IUCN categories that sites of this
    type have; governance: of the four types; several mean that the type alone does not say which.
    conservation: "primary", "secondary", "ancillary" or "". verified: the source was read.
    """

    id: str
    names: Mapping[str, str]
    counts_as: str
    categories: tuple[str, ...] = ()
    governance: tuple[str, ...] = ()
    conservation: str = ""
    source: str = ""
    verified: bool = False

    @property
    def name(self) -> str:
        return self.names.get(current_language(), self.names["en"])


@dataclass(frozen=True)
class Crosswalk:
    """National types by every word that names them."""

    by_word: Mapping[str, NationalType] = field(default_factory=dict)

    def find(self, designation: str) -> NationalType | None:
        """The type that a designation names, or None: it is listed then, not guessed."""
        return self.by_word.get(plain_word(designation))

    @property
    def types(self) -> tuple[NationalType, ...]:
        return tuple({t.id: t for t in self.by_word.values()}.values())


def packaged_crosswalk(jurisdiction: str = "") -> Crosswalk:
    """The packaged crosswalk: a jurisdiction's own words come before those of all."""
    found: dict[str, NationalType] = {}
    for place in dict.fromkeys((jurisdiction, "")):
        for row in data_rows("national_types.csv"):
            if row["jurisdiction"] == place:
                _add(found, _packaged_type(row), _names(row))
    return Crosswalk(found)


def _names(row: Mapping[str, str]) -> list[str]:
    own = [row["id"], row["name_en"], row["name_zh"], row["name_es"]]
    return [*own, *row["other_names"].split("|")]


def _add(found: dict[str, NationalType], kind: NationalType, names: Iterable[str]) -> None:
    for name in names:
        if name:
            found.setdefault(plain_word(name), kind)


def _packaged_type(row: Mapping[str, str]) -> NationalType:
    return NationalType(
        row["id"],
        {"en": row["name_en"], "zh_Hans": row["name_zh"], "es": row["name_es"]},
        row["counts_as"],
        _several(row["category"]),
        _several(row["governance"]),
        row["conservation"],
        row["source"],
        row["verified"] == "1",
    )


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"[|,;，；、]", text) if part.strip())


def own_crosswalk(table: "DataFrame", base: Crosswalk, where: str) -> Crosswalk:
    """A country's own table over a crosswalk: columns type, counts_as, category, governance ...

    A row replaces the packaged type of that name. Raises UserError, with the row, for a class,
    category or governance that is not known, or for two rows of one type that differ.
    """
    rows, _ = read_rows("national_types", table, where, needed=("type", "counts_as"))
    own: dict[str, tuple[Row, NationalType]] = {}
    for row in rows:
        kind = _own_type(row)
        before = own.setdefault(kind.id, (row, kind))
        if before[1] != kind:
            raise row.refused(
                f"two rows say different things of {row.get('type')}",
                "keep the row that is right",
                f"the other is row {before[0].number}",
            )
    return Crosswalk({**base.by_word, **{key: kind for key, (_, kind) in own.items()}})


def _own_type(row: Row) -> NationalType:
    name = row.get("type")
    if not name:
        raise row.refused("the row names no type", "write the national type, or remove the row")
    counts_as = row.word("counts_as", TYPE_CLASSES)
    if not counts_as:
        raise row.refused(f"{name} has no class", f"write one of {', '.join(TYPE_CLASSES)}")
    return NationalType(
        plain_word(name), {"en": name}, counts_as,
        tuple(_category(row, part) for part in _several(row.get("category"))),
        tuple(_governance(row, part) for part in _several(row.get("governance"))),
        row.word("conservation", CONSERVATION), row.get("source") or row.where,
        plain_word(row.get("verified")) in ("1", "yes", "true", "是", "sí", "si"),
    )  # fmt: skip


def _category(row: Row, text: str) -> str:
    known = {plain_word(c): c for c in CATEGORIES}
    if plain_word(text) not in known:
        raise row.refused(
            f"the category {text!r} is not known", f"write one of {', '.join(CATEGORIES)}"
        )
    return known[plain_word(text)]


def _governance(row: Row, text: str) -> str:
    found = governance_type(text)
    if not found:
        raise row.refused(
            f"the governance {text!r} is not known", f"write one of {', '.join(GOVERNANCE)}"
        )
    return found


def governance_type(text: str) -> str | None:
    """One of the four types of governance; "" where a record says none; None for unknown words."""
    if not text.strip():
        return ""
    return _governance_words().get(plain_word(text))


def _governance_words() -> Mapping[str, str]:
    return {plain_word(row["word"]): row["governance"] for row in data_rows("governance_types.csv")}


# --- sites ---------------------------------------------------------------------------------------


def with_types(
    sites: "GeoDataFrame", crosswalk: Crosswalk
) -> "tuple[GeoDataFrame, DataFrame, list[Finding]]":
    """Sites with what their national type says, the types that occur, and what is unknown.

    Adds type (id or ""), counts_as, conservation, and fills in iucn (the declared category, else
    the only one of the type, else as declared) and governance_type (declared, else the only one of
    the type, else ""). The declared columns stay as they are.
    """
    kinds = [crosswalk.find(str(d)) for d in sites["designation"]]
    made = sites.copy()
    made["type"] = [k.id if k else "" for k in kinds]
    made["counts_as"] = [k.counts_as if k else "" for k in kinds]
    made["conservation"] = [k.conservation if k else "" for k in kinds]
    made["iucn"] = [_iucn(str(c), k) for c, k in zip(sites["category"], kinds, strict=True)]
    declared = [governance_type(str(g)) for g in sites["governance"]]
    made["governance_type"] = [_only(g, k) for g, k in zip(declared, kinds, strict=True)]
    types = types_of(sites["designation"], crosswalk)
    findings = [*unknown_types(types), *_contradicted(made), *_unverified(types)]
    return made, types, [*findings, *_unknown_governance(sites["governance"], declared)]


def _iucn(category: str, kind: NationalType | None) -> str:
    if category in CATEGORIES or kind is None or len(kind.categories) != 1:
        return category
    return kind.categories[0]


def _only(declared: str | None, kind: NationalType | None) -> str:
    if declared or kind is None or len(kind.governance) != 1:
        return declared or ""
    return kind.governance[0]


def types_of(designations: Iterable[Any], crosswalk: Crosswalk) -> "DataFrame":
    """The designations that occur, and what the crosswalk says of each: TYPE_COLUMNS."""
    import pandas as pd

    rows = []
    for name, count in sorted(Counter(str(d) for d in designations).items()):
        kind = crosswalk.find(name)
        said = ("", "", "", "", "", "", "") if kind is None else (
            kind.id, kind.counts_as, "|".join(kind.categories), "|".join(kind.governance),
            kind.conservation, str(int(kind.verified)), kind.source,
        )  # fmt: skip
        rows.append((name, count, *said))
    return pd.DataFrame(rows, columns=list(TYPE_COLUMNS))


def unknown_types(types: "DataFrame") -> list[Finding]:
    """A finding for each designation that the crosswalk does not have, and for sites without."""
    lacking = types[types["type"] == ""]
    return [
        Finding("classes.unknown_type", str(name), Severity.WARNING, _unknown(str(name), n), SOURCE)
        for name, n in zip(lacking["designation"], lacking["sites"], strict=True)
    ]


def _unknown(name: str, n: int) -> str:
    """The crosswalk can only be mended where a type was read."""
    if name in ("", NOT_STATED):
        return say_many(
            "{n} site says no national type: its list has no column of designation that is read, "
            "or its cell is empty",
            "{n} sites say no national type: their list has no column of designation that is read, "
            "or its cells are empty", n,
        )  # fmt: skip
    return say_many(
        "{n} site is of the type {name}, which the crosswalk does not have: add it to "
        "[account] crosswalk",
        "{n} sites are of the type {name}, which the crosswalk does not have: add it to "
        "[account] crosswalk", n, name=name,
    )  # fmt: skip


def _unverified(types: "DataFrame") -> list[Finding]:
    """A note on the types whose source was not read."""
    names = list(types.loc[(types["type"] != "") & (types["verified"] != "1"), "designation"])
    if not names:
        return []
    message = say_many(
        "what {n} type counts as is from a source that was not read, or by design: {names}",
        "what {n} types count as is from sources that were not read, or by design: {names}",
        len(names),
        names=", ".join(names[:5]) + (" ..." if len(names) > 5 else ""),
    )
    return [Finding("classes.unverified", "national_types.csv", Severity.NOTE, message, SOURCE)]


def _contradicted(sites: "DataFrame") -> list[Finding]:
    """Sites listed as protected areas whose national type is none."""
    wrong = sites[(sites["kind"] == "PA") & sites["counts_as"].isin((POTENTIAL, NEITHER))]
    return [
        Finding(
            "classes.kind",
            str(designation),
            Severity.WARNING,
            say_many(
                "{n} site of the type {name} is listed as a protected area, which the crosswalk "
                "says it is not: the list is followed",
                "{n} sites of the type {name} are listed as protected areas, which the crosswalk "
                "says it is not: the list is followed",
                int(n),
                name=designation,
            ),
            SOURCE,
        )
        for designation, n in sorted(wrong["designation"].astype(str).value_counts().items())
    ]


def _unknown_governance(words: Iterable[Any], found: Iterable[str | None]) -> list[Finding]:
    lacking = sorted({str(w) for w, f in zip(words, found, strict=True) if f is None})
    return [
        Finding(
            "classes.governance",
            word,
            Severity.WARNING,
            say("the governance {word} is none of the known types; it counts as not told",
                word=repr(word)),
            SOURCE,
        )
        for word in lacking
    ]  # fmt: skip
