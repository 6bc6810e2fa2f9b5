"""Ecosystem types as classes of the IUCN Global Ecosystem Typology: biomes, by a crosswalk.

parameters/typology.csv sends every ecosystem type that legends know to a biome (Keith et al. 2022,
Nature 610:513). Where land cover alone cannot tell biomes apart, several are one class ("T1-T2").
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.parameters.crosswalks import crosswalk, legend, legend_called

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


def biomes_of_codes(name: str, language: str = "en") -> dict[int, str]:
    """Class of a packaged land-cover legend -> biome, for cells.held_of_types.

    Classes of the typology's own legend stay what they are: its functional groups.
    """
    if legend_called(name) == TYPOLOGY:
        return dict(legend(name, language))
    names = biomes(language)
    return {code: names[ecosystem] for code, ecosystem in crosswalk(name).items()}


def told_together(name: str) -> list[Finding]:
    """That some classes of a legend cannot be told apart as biomes."""
    if legend_called(name) == TYPOLOGY:
        return []
    together = {row["ecosystem"]: row["get_codes"] for row in _rows() if row["exact"] == "0"}
    met = sorted({together[kind] for kind in crosswalk(name).values() if kind in together})
    if not met:
        return []
    message = say(
        "land cover alone cannot tell these biomes apart, they are one class: {names}",
        names=", ".join(met),
    )
    return [Finding("coverage.biomes_together", name, Severity.NOTE, message)]
