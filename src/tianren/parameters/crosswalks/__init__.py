"""Legends of land-cover products, and the ecosystem type of each of their classes, as data.

`crosswalk("igbp")` gives code -> ecosystem type; `legend("igbp")` code -> a name to read. The
ecosystem types, and what is known of each beyond its name, are the rows of ecosystems.csv. A class
without a row is an error, not a guess; a type that section 1.1 does not count says so in its row.

Codes and names are those of the products' user guides (MCD12 IGBP, ESA WorldCover and CCI,
GlobCover, CGLS-LC100, the IUCN Global Ecosystem Typology 2.0, whose functional groups are
numbered here) and of Chinese practice (china: levels 1-2 of the national ecosystem survey, HJ
1166-2021; cnlucc: the land-use classes of the Chinese Academy of Sciences; china_survey: GB/T
21010-2017 with leading zeros dropped), from memory. Which ecosystem type a class is, is a design
choice; where a class covers several types it is marked coarse, and the one it stands for has the
vegetation that is most common under it.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from tianren.errors import UserError

# What people call a legend that has another id here.
_OTHER_NAMES = {"lc100": "cgls_lc100", "esacci": "cci",
                "esaworldcover": "worldcover", "mcd12q1": "igbp", "mcd12c1": "igbp"}  # fmt: skip
_NAMES = {"en": "name_en", "zh_Hans": "name_zh", "es": "name_es"}


@dataclass(frozen=True)
class Ecosystem:
    """One ecosystem type. level: forest, shrub, grassland, wetland, farmland, built, desert or ice.

    counted: it has a place in the table of water conservation; artificial: people made it;
    open_water: it evaporates freely; cover_group, wind_group: its row in the tables of C of RUSLE
    and RWEQ.
    """

    id: str
    names: Mapping[str, str]
    level: str
    counted: bool
    artificial: bool
    open_water: bool
    cover_group: str
    wind_group: str


@cache
def ecosystems() -> Mapping[str, Ecosystem]:
    """Every ecosystem type, by id."""
    rows = _rows("tianren.parameters", "ecosystems")
    return MappingProxyType({row["id"]: _ecosystem(row) for row in rows})


@cache
def crosswalk(name: str) -> Mapping[int, str]:
    """Code -> ecosystem type of a land-cover legend (or class, for soil texture and coast type)."""
    return MappingProxyType(
        {int(row["code"]): row.get("ecosystem") or row["class"] for row in _legend_rows(name)}
    )


@cache
def coarse_classes(name: str) -> frozenset[int]:
    """The codes whose class covers several ecosystem types, of which the crosswalk chose one."""
    return frozenset(int(row["code"]) for row in _legend_rows(name) if row.get("coarse") == "1")


@cache
def legend(name: str, language: str = "en") -> Mapping[int, str]:
    """Code -> class name to read, in en, zh_Hans or es."""
    column = _NAMES.get(language, "name_en")
    return MappingProxyType({int(row["code"]): row[column] for row in _legend_rows(name)})


@cache
def legend_names() -> tuple[str, ...]:
    """The legends that come with Tianren."""
    found = files("tianren.parameters.crosswalks").iterdir()
    return tuple(sorted(p.name[: -len(".csv")] for p in found if p.name.endswith(".csv")))


def legend_called(name: str, *, where: str = "catalog.toml") -> str:
    """The id of the legend that people call "IGBP", "ESA WorldCover", "CGLS-LC100" ..."""
    plain = _plain(name)
    for known in legend_names():
        if plain == _plain(known) or _OTHER_NAMES.get(plain) == known:
            return known
    raise UserError(
        f"there is no legend called {name}",
        where=where,
        next_step=f"use one of {', '.join(legend_names())}, or write the classes: "
        'legend = {1 = "forest", 2 = "water"}',
    )


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


@cache
def land_cover_legends() -> tuple[str, ...]:
    """The legends whose classes are ecosystem types (not soil texture, not coast type)."""
    return tuple(name for name in legend_names() if "ecosystem" in _legend_rows(name)[0])


@cache
def made_waters(name: str) -> frozenset[int]:
    """The codes of a legend that are open water which people made: reservoirs, ponds, ditches."""
    known = legend_called(name)
    rows = _rows("tianren.parameters", "made_waters")
    return frozenset(int(row["code"]) for row in rows if row["legend"] == known)


def made_by_people(name: str) -> frozenset[int]:
    """The codes of a legend that people made: fields, towns, reservoirs."""
    kinds = ecosystems()
    made = {code for code, kind in crosswalk(name).items()
            if kind in kinds and kinds[kind].artificial}  # fmt: skip
    return frozenset(made | made_waters(name))


def check_classes(name: str, classes: Mapping[int, str]) -> Mapping[int, str]:
    """A user's own crosswalk, code -> ecosystem type; a type that does not exist is refused."""
    import difflib

    for code, ecosystem in sorted(classes.items()):
        if ecosystem not in ecosystems():
            near = difflib.get_close_matches(ecosystem, ecosystems(), n=1)
            raise UserError(
                f"code {code} is given the ecosystem type {ecosystem}, which does not exist",
                where=name,
                next_step=f"did you mean {near[0]}?" if near else "see parameters/ecosystems.csv",
            )
    return classes


def types_where(attribute: str) -> frozenset[str]:
    """The ecosystem types of which counted, artificial or open_water is true."""
    return frozenset(e.id for e in ecosystems().values() if getattr(e, attribute))


def _ecosystem(row: Mapping[str, str]) -> Ecosystem:
    return Ecosystem(
        id=row["id"],
        names={language: row[column] for language, column in _NAMES.items()},
        level=row["level"],
        counted=row["counted"] == "counted",
        artificial=row["artificial"] == "1",
        open_water=row["open_water"] == "1",
        cover_group=row["cover_group"],
        wind_group=row["wind_group"],
    )


@cache
def _legend_rows(name: str) -> tuple[Mapping[str, str], ...]:
    return _rows("tianren.parameters.crosswalks", legend_called(name))


def _rows(package: str, name: str) -> tuple[Mapping[str, str], ...]:
    text = files(package).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
