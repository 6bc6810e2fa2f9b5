"""Factors of climate: months to years, evaporation, dryness, dryland. Best way first."""

from typing import Any

import numpy as np

from tianren.delineation.factors.months import DAYS, Months
from tianren.delineation.legends import Codes, codes_of, landcover_types
from tianren.delineation.recipes import Context, Flag, Recipe, as_mask, nothing, number_setting
from tianren.findings import Severity
from tianren.parameters.crosswalks import types_where
from tianren.raster.raster import Array
from tianren.science import sensitivity, water
from tianren.science.landcover import look_up, values_by_code


def mean_of_months(temperature: Months) -> Array:
    """Annual mean of twelve monthly means, weighted by the days of the months; degC."""
    total = sum(
        month.astype(np.float64) * days for month, days in zip(temperature, DAYS, strict=True)
    )
    return np.asarray(total / DAYS.sum())


def sum_of_months(precipitation: Months) -> Array:
    """Annual sum of twelve months, mm/a."""
    return np.asarray(sum(month.astype(np.float64) for month in precipitation))


def hargreaves_year(temperature: Months, daily_range: Months, latitude: Array) -> Array:
    """Potential evapotranspiration of the year, mm/a. Hargreaves & Samani (1985)."""
    months = water.hargreaves_samani(np.stack(temperature), np.stack(daily_range), latitude)
    return np.asarray(months.sum(axis=0))


def thornthwaite_year(temperature: Months, latitude: Array) -> Array:
    """Potential evapotranspiration of the year, mm/a. Thornthwaite (1948)."""
    return np.asarray(water.thornthwaite(np.stack(temperature), latitude).sum(axis=0))


def zhang_year(
    precipitation: Array, potential: Array, landcover: Array, *, w: Codes, open_water: Codes
) -> tuple[Array, Array]:
    """Actual evapotranspiration, mm/a, and where the curve was cut to the potential."""
    plants = look_up(landcover, w, "landcover")
    wet = look_up(landcover, open_water, "landcover")
    cells = water.actual_evapotranspiration(precipitation, potential, plants, wet)
    return cells, water.et_clipped(precipitation, potential, plants, wet)


def _zhang_settings(context: Context) -> dict[str, Any]:
    types = landcover_types(context)
    table = context.parameters.table("water.plant_water")
    # Open water has no row on purpose: there ET is min(P, PET), and w is not looked at.
    w = values_by_code(types, {**dict.fromkeys(types_where("open_water"), 0.0), **table})
    return {"w": w, "open_water": codes_of(context, types_where("open_water"))}


def fu_year(
    precipitation: Array, potential: Array, landcover: Array, *, omega: float, open_water: Codes
) -> Array:
    """Actual evapotranspiration, mm/a: Fu's curve, which never exceeds rain or the potential."""
    wet = look_up(landcover, open_water, "landcover")
    cells = np.asarray(water.fu(precipitation, potential, omega)) + 0.0 * wet
    return np.where(wet == 1, np.minimum(precipitation, potential), cells)


def _fu_settings(context: Context) -> dict[str, Any]:
    omega = context.parameters.number("water.fu_omega")
    return {"omega": omega, "open_water": codes_of(context, types_where("open_water"))}


def accumulate(temperature: Months, precipitation: Months) -> tuple[Array, Array]:
    """Degree days and rain of the months at or above 10 degC."""
    return sensitivity.warm_season(
        np.stack(temperature), np.stack(precipitation), water.DAYS_IN_MONTH
    )


def dryness_of_months(temperature: Months, precipitation: Months) -> Array:
    """I = 0.16 sum(T >= 10) / sum(P of those months)."""
    warm, rain = accumulate(temperature, precipitation)
    return _bounded(sensitivity.dryness(warm, rain))


def dryness_of_year(accumulated: Array, precipitation: Array) -> Array:
    """I with the rain of the whole year in place of the warm season's."""
    return _bounded(sensitivity.dryness(accumulated, precipitation))


def evaporation_over_rain(potential: Array, precipitation: Array) -> Array:
    """Evaporation over precipitation, 1."""
    return _bounded(sensitivity.evaporation_ratio(potential, precipitation))


def _bounded(cells: Array) -> Array:
    """Infinity (no rain at all) as the largest float32: rasters hold numbers."""
    return np.where(np.isinf(cells), np.finfo(np.float32).max, cells)


def below(precipitation: Array, potential: Array, *, limit: float) -> Array:
    """1 where P / PET is below the limit (dryland), 0 elsewhere; MISSING where one is missing."""
    dry = precipitation < limit * potential
    return as_mask(dry, np.isnan(precipitation) | np.isnan(potential))


RECIPES = (
    *(
        Recipe(
            "precipitation",
            "means of the months of a series",
            (series,),
            nothing,
            "mm/month",
            at_door=True,
            use="given",
        )
        for series in ("daily_precipitation", "monthly_precipitation_series")
    ),
    Recipe("annual_temperature", "mean of the months", ("temperature",), mean_of_months, "degC"),
    Recipe("annual_precipitation", "sum of the months", ("precipitation",), sum_of_months, "mm/a"),
    Recipe(
        "potential_evapotranspiration",
        "Hargreaves & Samani (1985)",
        ("temperature", "temperature_range", "latitude"),
        hargreaves_year,
        "mm/a",
        source="Hargreaves & Samani 1985; FAO-56 eq. 52",
    ),
    Recipe(
        "potential_evapotranspiration",
        "Thornthwaite (1948)",
        ("temperature", "latitude"),
        thornthwaite_year,
        "mm/a",
        source="Thornthwaite 1948; Willmott et al. 1985",
        finding=Flag(
            "water.pet_thornthwaite",
            "Potential evapotranspiration is estimated from temperature alone (Thornthwaite "
            "1948); it is too low where the air is dry or windy.",
            source="Tianren: How the line is drawn",
        ),
    ),
    Recipe(
        "evapotranspiration",
        "Zhang et al. (2001)",
        ("annual_precipitation", "potential_evapotranspiration", "landcover"),
        zhang_year,
        "mm/a",
        settings=_zhang_settings,
        source="Zhang, Dawes & Walker 2001",
        choice=("water.evapotranspiration_curve", "zhang"),
        flags=(
            Flag(
                "water.et_clipped",
                "Actual evapotranspiration by the curve exceeds the potential one in {cells} cells "
                "({area} km2, {share} %); it is cut to the potential one there.",
                source="Tianren: How the line is drawn",
            ),
        ),
        finding=Flag(
            "water.et_derived",
            "Actual evapotranspiration is not measured but derived from rain, potential "
            "evapotranspiration and land cover (Zhang et al. 2001).",
            source="Tianren: How the line is drawn",
        ),
    ),
    Recipe(
        "evapotranspiration",
        "Fu (1981)",
        ("annual_precipitation", "potential_evapotranspiration", "landcover"),
        fu_year,
        "mm/a",
        settings=_fu_settings,
        source="Fu 1981; Zhang et al. 2004",
        choice=("water.evapotranspiration_curve", "fu"),
        finding=Flag(
            "water.et_by_fu",
            "Actual evapotranspiration is not measured but derived from rain and potential "
            "evapotranspiration by one curve for all land cover but open water (Fu 1981).",
            source="Tianren: How the line is drawn",
        ),
    ),
    Recipe(
        "dryness",
        "accumulated temperature over rain, by month",
        ("temperature", "precipitation"),
        dryness_of_months,
        source="G17 Annex B",
    ),
    Recipe(
        "dryness",
        "accumulated temperature over annual rain",
        ("accumulated_temperature", "annual_precipitation"),
        dryness_of_year,
        source="G17 Annex B",
        finding=Flag(
            "dryness.annual_rain",
            "Dryness uses the rain of the whole year, because monthly rain is not known; it comes "
            "out too low where winters are wet.",
            Severity.WARNING,
        ),
    ),
    Recipe(
        "evaporation_ratio",
        "evaporation over precipitation",
        ("potential_evapotranspiration", "annual_precipitation"),
        evaporation_over_rain,
    ),
    Recipe(
        "dryland",
        "precipitation over potential evapotranspiration",
        ("annual_precipitation", "potential_evapotranspiration"),
        below,
        category=True,
        settings=number_setting("limit", "criteria.aridity_limit"),
        source="UNEP 1997",
    ),
)
