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
from tianren.parameters.crosswalks import ecosystems

TYPOLOGY = "iucn_get"  # the legend that is the typology itself


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
