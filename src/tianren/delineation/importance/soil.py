"""Soil conservation: RUSLE, else the NPP index; a rule where it is chosen. Science 1.2."""

from typing import Any

import numpy as np

from tianren.delineation.importance.parts import (
    BY_RULE,
    HECTARE,
    NPP,
    NPP_INDEX,
    SLOPE,
    K,
    Range,
)
from tianren.delineation.legends import (
    Codes,
    vegetated_codes,
)
from tianren.delineation.recipes import (
    Context,
    Criterion,
    Recipe,
    Total,
)
from tianren.raster.raster import Array
from tianren.science import soil_erosion
from tianren.science.grading import min_max
from tianren.science.landcover import look_up


def soil_by_rusle(
    erosivity: Array, erodibility: Array, length_steepness: Array, cover: Array
) -> Array:
    """Ac = R K LS (1 - C), t/(hm2 a)."""
    return np.asarray(
        soil_erosion.soil_retention(erosivity, erodibility, length_steepness, 1.0, cover)
    )


def soil_by_npp(
    npp: Array,
    erodibility: Array,
    slope: Array,
    *,
    npp_range: Range,
    erodibility_range: Range,
    slope_range: Range,
) -> Array:
    """S_pro = NPP (1 - K) (1 - F_slo), each 0..1 over the land."""
    k = min_max(erodibility, *erodibility_range)
    return np.asarray(
        soil_erosion.soil_index(min_max(npp, *npp_range), k, min_max(slope, *slope_range))
    )


def soil_by_rule(
    slope: Array,
    cover: Array,
    landcover: Array,
    *,
    vegetated: Codes,
    extreme: tuple[float, float],
    important: tuple[float, float],
) -> Array:
    """Grade 5, 3 or 1 by slope and cover (two thresholds a grade) on forest, shrub and grass."""
    plants = look_up(landcover, vegetated, "landcover")
    return np.asarray(soil_erosion.soil_rule(slope, cover, plants, *extreme, *important))


def _soil_rule(context: Context) -> dict[str, Any]:
    tables = {
        "extreme": context.parameters.table("soil.rule_extreme"),
        "important": context.parameters.table("soil.rule_important"),
    }
    limits = {grade: (table["slope"], table["cover"]) for grade, table in tables.items()}
    return {"vegetated": vegetated_codes(context), **limits}


SOIL = Criterion(
    "soil_conservation",
    "function",
    (
        Recipe(
            "soil_conservation",
            "RUSLE",
            ("rainfall_erosivity", "soil_erodibility", "slope_length_steepness", "cover_factor"),
            soil_by_rusle,
            "t/(hm2 a)",
            name="model",
            source="Liu et al. 2018 eq. 5; G17 Annex A",
            proportional_to=("rainfall_erosivity", "soil_erodibility"),
        ),
        Recipe(
            "soil_conservation",
            "NPP index",
            ("npp", "soil_erodibility", "slope"),
            soil_by_npp,
            statistics=(NPP, K, SLOPE),
            name="npp",
            finding=NPP_INDEX,
            source="G17 Annex A",
        ),
        Recipe(
            "soil_conservation",
            "rule of slope and cover",
            ("slope", "vegetation_cover", "landcover"),
            soil_by_rule,
            settings=_soil_rule,
            name="rule",
            use="asked",
            grading="present",
            finding=BY_RULE,
            source="DE20",
        ),
    ),
    "share",
    totals={
        "RUSLE": Total("soil_conservation.total", "t/a", HECTARE),
        "NPP index": Total("soil_conservation.index", "1", 1e-6),
    },
)
