"""Ecosystem types as classes of the IUCN Global Ecosystem Typology: biomes, by a crosswalk.

parameters/typology.csv sends every ecosystem type that legends know to a biome (Keith et al. 2022,
Nature 610:513). Where land cover alone cannot tell biomes apart, several are one class ("T1-T2").
"""

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.parameters.crosswalks import ecosystems, made_waters

TYPOLOGY = "iucn_get"  # the legend that is the typology itself
WATER = "water"  # open water, whoever made it
MADE_WATER = "paddy"  # the ecosystem type whose biome is F3: waters that people made


@cache
def biomes(language: str = "en") -> Mapping[str, str]:
    """Ecosystem type -> "T4 Savannas and grasslands"."""
    column = {"zh_Hans": "get_zh", "es": "get_es"}.get(language, "get_en")
    return {row["ecosystem"]: f"{row['get_codes']} {row[column]}" for row in _rows()}


@cache
def _rows() -> tuple[Mapping[str, str], ...]:
    text = files("tianren.parameters").joinpath("typology.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def made_by_people(names: Mapping[int, str], classes: Mapping[int, str]) -> frozenset[str]:
    """The names of which every class is a type that people made: nothing is asked of them.

    names: code -> biome; classes: code -> ecosystem type.
    """
    kinds = ecosystems()
    natural = {name for code, name in names.items() if not kinds[classes[code]].artificial}
    return frozenset(names.values()) - natural


def waters_apart(legend_name: str, classes: Mapping[int, str]) -> Mapping[int, str]:
    """The classes, those of a legend that are waters which people made as such a type."""
    made = made_waters(legend_name) if legend_name else frozenset()
    return {code: MADE_WATER if code in made else kind for code, kind in classes.items()}


def mixed_waters(
    legend_name: str, names: Mapping[int, str], classes: Mapping[int, str]
) -> set[str]:
    """The names of classes of open water in which made waters (F3) may be: of legends that have no
    class of their own for those."""
    if legend_name and made_waters(legend_name):
        return set()
    return {names[code] for code, kind in classes.items() if kind == WATER}


def told_mixed(names: Iterable[str], subject: str) -> list[Finding]:
    """That waters which people made are in the extent of natural ones."""
    mixed = sorted(names)
    if not mixed:
        return []
    message = say(
        "reservoirs and other waters that people made (F3) are in {names}, since the land cover "
        "does not tell them apart: natural extent is too large by them; a layer of ecosystem types "
        "with F3, named in [gaps] ecosystems, leaves them out", names=", ".join(mixed),
    )  # fmt: skip
    return [Finding("account.made_waters", subject, Severity.NOTE, message)]


def told_together(kinds: Iterable[str], subject: str) -> list[Finding]:
    """That some ecosystem types of a land cover cannot be told apart as biomes."""
    together = {row["ecosystem"]: row["get_codes"] for row in _rows() if row["exact"] == "0"}
    met = sorted({together[kind] for kind in kinds if kind in together})
    if not met:
        return []
    message = say(
        "land cover alone cannot tell these biomes apart, they are one class: {names}",
        names=", ".join(met),
    )
    return [Finding("account.biomes_together", subject, Severity.NOTE, message)]
