"""Windbreak and sand fixation: RWEQ, else the NPP index; a rule if chosen. Science 1.3."""

from typing import Any

import numpy as np

from tianren.delineation.importance.parts import (
    BY_RULE,
    NEGATIVE,
    NPP,
    NPP_INDEX,
    K,
    Range,
)
from tianren.delineation.legends import (
    Codes,
    vegetated_codes,
)
from tianren.delineation.recipes import (
    Applicability,
    Context,
    Criterion,
    Flag,
    Recipe,
    Statistic,
    Total,
)
from tianren.findings import Severity
from tianren.raster.raster import Array
from tianren.science import wind_erosion
from tianren.science.grading import min_max, negative
from tianren.science.landcover import look_up


def sand_by_rweq(
    weather: Array,
    erodible: Array,
    crust: Array,
    roughness: Array,
    cover: Array,
    *,
    distance: float,
) -> tuple[Array, Array, Array]:
    """SR, t/(km2 a). Flags: beyond the model's peak, negative."""
    force = (weather * erodible * crust * roughness).astype(np.float64)
    fixed = 1000.0 * wind_erosion.sand_fixation(force, cover, distance)
    return fixed, wind_erosion.beyond_peak(force, distance), negative(fixed)


def _distance(context: Context) -> dict[str, Any]:
    return {"distance": context.parameters.number("wind.downwind_distance")}


def sand_by_npp(
    npp: Array,
    erodibility: Array,
    climate: Array,
    slope: Array,
    *,
    npp_range: Range,
    erodibility_range: Range,
    climate_range: Range,
) -> Array:
    """S_ws = NPP K F_q D, the first three 0..1 over the land."""
    return np.asarray(
        wind_erosion.sand_fixation_index(
            min_max(npp, *npp_range),
            min_max(erodibility, *erodibility_range),
            min_max(climate, *climate_range),
            wind_erosion.surface_roughness_index(slope),
        )
    )


def sand_by_rule(
    sand: Array,
    gale_days: Array,
    cover: Array,
    landcover: Array,
    *,
    vegetated: Codes,
    extreme: tuple[float, float, float],
    important: tuple[float, float, float],
) -> Array:
    """Grade 5, 3 or 1 by sand, gales and cover on forest, shrub and grass; 0 on other land."""
    plants = look_up(landcover, vegetated, "landcover")
    given = (sand, gale_days, cover, plants)
    cells = np.asarray(wind_erosion.sand_rule(*given, *extreme, *important))
    return np.where(plants == 0, 0.0, cells)


def _sand_rule(context: Context) -> dict[str, Any]:
    tables = {
        "extreme": context.parameters.table("wind.rule_extreme"),
        "important": context.parameters.table("wind.rule_important"),
    }
    rows = ("sand", "gale_days", "cover")
    limits = {grade: tuple(table[row] for row in rows) for grade, table in tables.items()}
    return {"vegetated": vegetated_codes(context), **limits}


WIND = Criterion(
    "windbreak_sand_fixation",
    "function",
    (
        Recipe(
            "windbreak_sand_fixation",
            "RWEQ",
            (
                "wind_factor",
                "erodible_fraction",
                "crust_factor",
                "surface_roughness",
                "wind_cover_factor",
            ),
            sand_by_rweq,
            "t/(km2 a)",
            settings=_distance,
            name="model",
            source="Fryrear et al. 1998, 2000; Liu et al. 2018 eq. 2-4",
            flags=(
                Flag(
                    "wind.beyond_peak",
                    "Bare soil lies beyond the peak of RWEQ in {cells} cells ({area} km2, {share} "
                    "%): there "
                    'less cover means less "loss", so the value is too low.',
                    Severity.WARNING,
                    "Tianren: How the line is drawn",
                ),
                NEGATIVE,
            ),
        ),
        Recipe(
            "windbreak_sand_fixation",
            "NPP index",
            ("npp", "soil_erodibility", "climate_erosivity", "slope"),
            sand_by_npp,
            statistics=(NPP, K, Statistic("climate_range", "climate_erosivity")),
            name="npp",
            finding=NPP_INDEX,
            source="G17 Annex A",
        ),
        Recipe(
            "windbreak_sand_fixation",
            "rule of sand, gales and cover",
            ("sand", "gale_days", "vegetation_cover", "landcover"),
            sand_by_rule,
            settings=_sand_rule,
            name="rule",
            use="asked",
            grading="present",
            finding=BY_RULE,
            source="DE20",
        ),
    ),
    "share",
    applies=Applicability(
        "dryland",
        "nowhere dry: rain is above the dryland share of potential evapotranspiration",
        "Whether land is dry is not known (no climate layers), so the criterion is used "
        "everywhere.",
    ),
    totals={
        "RWEQ": Total("windbreak_sand_fixation.total", "t/a", 1e-6),
        "NPP index": Total("windbreak_sand_fixation.index", "1", 1e-6),
    },
)
