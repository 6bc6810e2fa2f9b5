"""Dual evaluation on the grid: levels of suitability for farming and towns, from what there is.

Each factor is planned like a function of the line: computed, or missing with the layers that would
bring it; the guide is DE20 (MNR 2020).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from tianren.delineation.factors import FACTORS
from tianren.delineation.layers import LayerInfo
from tianren.delineation.legends import landcover_types
from tianren.delineation.plan import CriterionPlan, Facts, plan
from tianren.delineation.recipes import Context, Criterion, Flag, Recipe
from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.parameters import Parameters
from tianren.parameters.crosswalks import types_where
from tianren.raster.raster import MISSING, Array
from tianren.science import suitability as science
from tianren.science.landcover import look_up
from tianren.science.water import DAYS_IN_MONTH

DE20 = "Dual evaluation guide (MNR 2020)"
PURPOSES = ("farm", "town")
FACTORS_OF = {
    "farm": ("farm_water", "farm_land", "farm_climate", "farm_soil", "hazard_limit", "dry_land"),
    "town": ("town_water", "town_land", "town_climate", "hazard_limit", "dry_land"),
}
FACTOR_NAMES = {
    "farm_land": "land (slope, silt)",
    "farm_water": "water (rain)",
    "farm_climate": "climate (warmth)",
    "farm_soil": "soil (pollution)",
    "town_land": "land (slope, elevation, relief)",
    "town_water": "water (water yield)",
    "town_climate": "climate (comfort)",
    "hazard_limit": "hazard",
    "dry_land": "open water and wetland",
    "water_yield": "water yield",
}
NEEDED = ("water", "land")  # without these a purpose is not judged at all


# -- kernels: one window of cells in, levels 5 ... 1 out -------------------------------------------


def farm_land(
    slope: Array, silt: Array, *, steps: tuple[float, ...], lowest: float, down: float
) -> Array:
    level = science.falling_level(slope, *steps)
    return np.asarray(science.lowered(level, silt, lowest, down))


def farm_slope(slope: Array, *, steps: tuple[float, ...]) -> Array:
    return np.asarray(science.falling_level(slope, *steps))


def rising(value: Array, *, steps: tuple[float, ...]) -> Array:
    return np.asarray(science.rising_level(value, *steps))


def town_land(
    slope: Array,
    elevation: Array,
    relief: Array,
    *,
    steps: tuple[float, ...],
    lowest: float,
    down: float,
    one: float,
    two: float,
) -> Array:
    level = science.falling_level(slope, *steps)
    high = science.lowered(level, elevation, lowest, down)
    return np.asarray(science.lowered_by_relief(high, relief, one, two))


def comfort(
    temperature: tuple[Array, ...],
    humidity: tuple[Array, ...],
    *,
    low: float,
    high: float,
    step: float,
) -> Array:
    share = np.stack(humidity) / 100.0
    return np.asarray(science.comfort_of_year(np.stack(temperature), share, low, high, step))


def limit_by_class(classes: Array, *, levels: Mapping[int, float], layer: str) -> Array:
    return look_up(classes, levels, layer)


def dry(landcover: Array, *, levels: Mapping[int, float]) -> Array:
    return look_up(landcover, levels, "landcover")


def warmth(temperature: tuple[Array, ...]) -> Array:
    return np.asarray(science.warmth_above_zero(np.stack(temperature), DAYS_IN_MONTH))


def water_yield(precipitation: Array, evapotranspiration: Array) -> Array:
    return np.asarray(science.water_modulus(precipitation, evapotranspiration))


# -- rules -----------------------------------------------------------------------------------------


def _steps(parameter: str) -> Any:
    def settings(context: Context) -> dict[str, Any]:
        return {"steps": science.limits(context.parameters.table(parameter))}

    return settings


def _farm_land(context: Context) -> dict[str, Any]:
    table = context.parameters.table("suitability.farm_silt")
    return {**_steps("suitability.farm_slope")(context), **table}


def _town_land(context: Context) -> dict[str, Any]:
    elevation = context.parameters.table("suitability.town_elevation")
    relief = context.parameters.table("suitability.town_relief")
    return {**_steps("suitability.town_slope")(context), **elevation, **relief}


def _comfort(context: Context) -> dict[str, Any]:
    return dict(context.parameters.table("suitability.town_comfort"))


def _classes(parameter: str, layer: str) -> Any:
    def settings(context: Context) -> dict[str, Any]:
        table = context.parameters.table(parameter)
        return {"levels": {int(code): level for code, level in table.items()}, "layer": layer}

    return settings


def _dry(context: Context) -> dict[str, Any]:
    """Open water and wetland are no land to farm or build on."""
    wet = types_where("open_water")
    types = landcover_types(context)
    return {"levels": {code: 1.0 if name in wet else 5.0 for code, name in types.items()}}


_NO_SILT = Flag(
    "suitability.no_silt", "no layer of silt: soil texture does not lower farm land",
    Severity.NOTE, DE20,
)  # fmt: skip


def _factor(name: str, *methods: Recipe) -> Criterion:
    return Criterion(name, "sensitivity", methods, "present")


def _recipe(makes: str, method: str, needs: tuple[str, ...], kernel: Any, **more: Any) -> Recipe:
    return Recipe(makes, method, needs, kernel, source=DE20, name=makes, **more)


FACTOR_RULES = (
    _factor(
        "farm_land",
        _recipe("farm_land", "slope, lowered by silt", ("slope", "silt"), farm_land,
                settings=_farm_land, use="given"),
        _recipe("farm_land", "slope", ("slope",), farm_slope, finding=_NO_SILT,
                settings=_steps("suitability.farm_slope")),
    ),
    _factor("farm_water", _recipe("farm_water", "rain", ("annual_precipitation",), rising,
                                  settings=_steps("suitability.farm_rain"))),
    _factor("farm_climate", _recipe("farm_climate", "accumulated temperature",
                                    ("accumulated_temperature_0",), rising,
                                    settings=_steps("suitability.farm_warmth"))),
    _factor("farm_soil", _recipe("farm_soil", "soil pollution", ("soil_pollution",),
                                 limit_by_class,
                                 settings=_classes("suitability.pollution_level",
                                                   "soil_pollution"))),
    _factor("dry_land", _recipe("dry_land", "no open water or wetland", ("landcover",), dry,
                                settings=_dry)),
    _factor("town_land", _recipe("town_land", "slope, lowered by elevation and relief",
                                 ("slope", "elevation", "relief"), town_land,
                                 settings=_town_land)),
    _factor("town_water", _recipe("town_water", "water yield", ("water_modulus",), rising,
                                  settings=_steps("suitability.town_water"))),
    _factor("town_climate", _recipe("town_climate", "index of temperature and humidity",
                                    ("temperature", "relative_humidity"), comfort,
                                    settings=_comfort)),
    _factor("hazard_limit", _recipe("hazard_limit", "danger of natural hazards", ("hazard",),
                                    limit_by_class,
                                    settings=_classes("suitability.hazard_level", "hazard"))),
)  # fmt: skip

WAYS = {
    **FACTORS,
    "accumulated_temperature_0": (
        Recipe("accumulated_temperature_0", "sum of the months at or above 0 degC",
               ("temperature",), warmth, "degC d"),
    ),
    "water_modulus": (
        Recipe("water_modulus", "rain less evapotranspiration",
               ("annual_precipitation", "evapotranspiration"), water_yield, "1e4 m3/(km2 a)"),
    ),
}  # fmt: skip
# Water yield is wanted on its own too: carrying capacity counts it in m3.
WATER = Criterion(
    "water_yield", "function",
    (_recipe("water_yield", "water yield", ("water_modulus",), np.asarray, unit="1e4 m3/(km2 a)"),),
    "present",
)  # fmt: skip


def plan_factors(
    available: Mapping[str, LayerInfo], parameters: Parameters
) -> tuple[CriterionPlan, ...]:
    """Each factor and the water yield: computed, or missing and what would bring it."""
    return plan(available, parameters, Facts(), criteria=(*FACTOR_RULES, WATER), factors=WAYS)


def present(purpose: str, plans: Sequence[CriterionPlan]) -> tuple[str, ...]:
    """The factors of a purpose that can be computed; none at all without its water and land."""
    found = {p.id for p in plans if p.status == "computed"}
    if not {f"{purpose}_{need}" for need in NEEDED} <= found:
        return ()
    return tuple(name for name in FACTORS_OF[purpose] if name in found)


def lacking(purpose: str, plans: Sequence[CriterionPlan]) -> tuple[str, ...]:
    """The factors of a purpose that cannot be computed."""
    missing = {p.id for p in plans if p.status != "computed"}
    return tuple(name for name in FACTORS_OF[purpose] if name in missing)


def about_missing(purpose: str, plans: Sequence[CriterionPlan]) -> list[Finding]:
    """What a suitability is when some of its factors are missing: said, never hidden."""
    names = lacking(purpose, plans)
    if not names:
        return []
    listed = ", ".join(say(FACTOR_NAMES[name]) for name in names)
    layers = ", ".join(
        dict.fromkeys(need.layer for p in plans if p.id in names for need in p.needs)
    )
    message = say(
        "judged without {factors}; missing layers: {layers}. It can only be lower with them",
        factors=listed, layers=layers,
    )  # fmt: skip
    if not present(purpose, plans):
        message = say("not judged: {factors} missing; layers: {layers}", factors=listed,
                      layers=layers)  # fmt: skip
    return [Finding("suitability.missing_factor", purpose, Severity.WARNING, message, DE20)]


def combine(*levels: Array, names: Sequence[str], way: str, matrix: Mapping[str, float]) -> Array:
    """The level of one purpose, int 5 ... 1 or MISSING, from those of its factors.

    names: the factor of each array. way: "minimum" of all; "matrix": water and land by the matrix,
    the other factors can only lower it.
    """
    known = dict(zip(names, levels, strict=True))
    if way == "matrix":
        water, land = (known.pop(_ending(known, end)) for end in NEEDED)
        first = science.by_matrix(water, land, science.matrix_of(matrix))
        found = science.by_minimum([first, *known.values()])
    else:
        found = science.by_minimum(list(known.values()))
    return np.where(np.isnan(found), MISSING, np.nan_to_num(found)).astype(np.int32)


def _ending(names: Collection[str], end: str) -> str:
    return next(name for name in names if name.endswith(f"_{end}"))


def deciding(*levels: Array) -> Array:
    """Which factor (index from 1, the first of equals) holds the level down; 0 where unknown."""
    stack = np.stack(levels)
    known = ~np.isnan(stack).any(axis=0)
    return np.where(known, np.where(known, stack, 9.0).argmin(axis=0) + 1, 0).astype(np.int32)
