"""Biodiversity maintenance: species, else the NPP index; a rule if chosen. Science 1.4."""

from typing import Any

import numpy as np

from tianren.delineation.importance.parts import (
    BY_RULE,
    NPP,
    NPP_INDEX,
    RAIN,
    Range,
)
from tianren.delineation.legends import (
    Codes,
    artificial_codes,
)
from tianren.delineation.recipes import (
    LAND,
    SEA,
    Context,
    Criterion,
    Flag,
    Recipe,
    Statistic,
    Total,
)
from tianren.findings import Severity
from tianren.raster.raster import MISSING, Array
from tianren.science import biodiversity
from tianren.science.grading import min_max
from tianren.science.landcover import look_up


def species_surface(importance: Array) -> Array:
    """The weighted richness of species as it is given."""
    return importance


def life_by_npp(
    npp: Array,
    precipitation: Array,
    temperature: Array,
    elevation: Array,
    *,
    npp_range: Range,
    rain_range: Range,
    warmth_range: Range,
    height_range: Range,
) -> Array:
    """S_bio = NPP F_pre F_tem (1 - F_alt), each 0..1 over the land."""
    scaled = (min_max(npp, *npp_range), min_max(precipitation, *rain_range))
    rest = (min_max(temperature, *warmth_range), min_max(elevation, *height_range))
    return np.asarray(biodiversity.biodiversity_index(*scaled, *rest))


def life_on_natural_land(
    npp: Array,
    precipitation: Array,
    temperature: Array,
    elevation: Array,
    landcover: Array,
    *,
    artificial: Codes,
    **ranges: Range,
) -> tuple[Array, Array]:
    """S_bio of natural ecosystems, 0 where people farm or have built. Flag: there.

    The index is meant for natural ecosystems, and rain and warmth grow crops too; that farmland,
    orchards and built-up land hold 0, as in carbon, is a design choice.
    """
    cells = life_by_npp(npp, precipitation, temperature, elevation, **ranges)
    made = look_up(landcover, artificial, "landcover")
    return np.where(made == 1, 0.0 * cells, cells + 0.0 * made), made == 1


def life_by_rule(priority: Array, critical: Array, vulnerable: Array, germplasm: Array) -> Array:
    """Grade 5, 3 or 1 by what is mapped in a cell: codes above 0 are there."""
    there = [np.where(codes == MISSING, np.nan, codes > 0) for codes in
             (priority, critical, vulnerable, germplasm)]  # fmt: skip
    return np.asarray(biodiversity.biodiversity_rule(*there))


def _artificial(context: Context) -> dict[str, Any]:
    return {"artificial": artificial_codes(context)}


_LIFE_RANGES = (
    NPP,
    RAIN,
    Statistic("warmth_range", "annual_temperature"),
    Statistic("height_range", "elevation"),
)


LIFE = Criterion(
    "biodiversity",
    "function",
    (
        Recipe(
            "biodiversity",
            "species surface",
            ("habitat_importance",),
            species_surface,
            realms=frozenset({LAND, SEA}),
            name="species",
            source="G17",
        ),
        Recipe(
            "biodiversity",
            "NPP index",
            ("npp", "annual_precipitation", "annual_temperature", "elevation", "landcover"),
            life_on_natural_land,
            settings=_artificial,
            statistics=_LIFE_RANGES,
            flags=(
                Flag(
                    "biodiversity.not_counted",
                    "{area} km2 ({share} %) are farmland, orchards or built-up: the index is meant "
                    "for natural ecosystems, so they hold no biodiversity maintenance.",
                    source="G17",
                ),
            ),
            name="npp",
            finding=NPP_INDEX,
            source="G17 Annex A",
        ),
        Recipe(
            "biodiversity",
            "NPP index",
            ("npp", "annual_precipitation", "annual_temperature", "elevation"),
            life_by_npp,
            statistics=_LIFE_RANGES,
            name="npp",
            finding=Flag(
                "biodiversity.all_land",
                "The NPP index method is used: it ranks places, its total is no amount. Without "
                "land cover it cannot tell nature from farmland, and counts both.",
                Severity.WARNING,
                "G17",
            ),
            source="G17 Annex A",
        ),
        Recipe(
            "biodiversity",
            "rule of ecosystems, species and germplasm",
            (
                "priority_ecosystem",
                "critical_species_range",
                "vulnerable_species_range",
                "germplasm_habitat",
            ),
            life_by_rule,
            realms=frozenset({LAND, SEA}),
            name="rule",
            use="asked",
            grading="present",
            finding=BY_RULE,
            source="DE20",
        ),
    ),
    "share",
    totals={
        "species surface": Total("biodiversity.total", "1", 1e-6),
        "NPP index": Total("biodiversity.index", "1", 1e-6),
    },
)
