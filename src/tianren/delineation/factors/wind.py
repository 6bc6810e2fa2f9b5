"""Factors of wind erosion: those of RWEQ, and of its NPP index. Best way first."""

from typing import Any

import numpy as np

from tianren.delineation.factors.months import Months
from tianren.delineation.legends import Codes, landcover_types
from tianren.delineation.recipes import Context, Flag, Recipe
from tianren.findings import Severity
from tianren.parameters.crosswalks import ecosystems
from tianren.raster.raster import Array
from tianren.science import soil_erosion, water, wind_erosion
from tianren.science.landcover import look_up


def erodible_fraction(
    sand: Array, silt: Array, clay: Array, carbon_percent: Array, carbonate: Array
) -> tuple[Array, Array]:
    """EF of RWEQ, and where a soil lies outside those it was fitted to."""
    organic = soil_erosion.organic_matter(carbon_percent)
    inputs = (sand, silt, clay, organic, carbonate)
    return wind_erosion.erodible_fraction(*inputs), wind_erosion.erodible_fraction_outside(*inputs)


def crust(clay: Array, carbon_percent: Array) -> Array:
    """SCF of RWEQ."""
    return np.asarray(wind_erosion.crust_factor(clay, soil_erosion.organic_matter(carbon_percent)))


def roughness(slope: Array) -> Array:
    """K' = cos(slope)."""
    return np.asarray(wind_erosion.roughness_from_slope(slope))


def wind_cover(cover: Array, landcover: Array, *, coefficient: Codes) -> Array:
    """C of RWEQ, 0..1."""
    a = look_up(landcover, coefficient, "landcover")
    return np.asarray(wind_erosion.wind_cover_factor(cover, a))


def _wind_cover_settings(context: Context) -> dict[str, Any]:
    table = context.parameters.table("wind.cover_coefficients")
    types = landcover_types(context)
    return {"coefficient": {c: table[ecosystems()[n].wind_group] for c, n in types.items()}}


def weather_of_months(
    speed: Months, temperature: Months, precipitation: Months, elevation: Array, latitude: Array
) -> tuple[Array, Array, Array]:
    """WF of RWEQ, kg/m, from monthly means: one observation a month, rain every day, no snow.

    Winds are taken as measured at 10 m, evaporation is Thornthwaite's. Flags: no month blows above
    5 m/s at 2 m; some month is below freezing, where snow may lie.
    """
    evaporation = water.thornthwaite(np.stack(temperature), latitude)
    total = np.zeros(np.shape(elevation))
    for m, days in enumerate(water.DAYS_IN_MONTH):
        wind = np.asarray(wind_erosion.wind_at_two_metres(speed[m], _WIND_HEIGHT))
        force = wind_erosion.wind_value(wind[np.newaxis], days)
        density = wind_erosion.air_density(elevation, temperature[m])
        wetness = wind_erosion.soil_wetness(evaporation[m], precipitation[m], days, days)
        total += wind_erosion.weather_factor(force, density, wetness, 1.0)
    fastest = wind_erosion.wind_at_two_metres(np.max(np.stack(speed), axis=0), _WIND_HEIGHT)
    cold = np.min(np.stack(temperature), axis=0) < 0
    return total, np.asarray(fastest) <= 5, cold


_WIND_HEIGHT = 10.0  # m: where weather services measure wind


def climate_of_months(
    speed: Months, temperature: Months, precipitation: Months, latitude: Array
) -> Array:
    """F_q of the NPP method, with the evaporation of Thornthwaite."""
    evaporation = water.thornthwaite(np.stack(temperature), latitude)
    winds = wind_erosion.wind_at_two_metres(np.stack(speed), _WIND_HEIGHT)
    rain = np.stack(precipitation)
    return wind_erosion.climate_erosivity(winds, evaporation, rain, water.DAYS_IN_MONTH)


RECIPES = (
    Recipe(
        "wind_factor",
        "RWEQ weather factor from monthly means",
        ("wind_speed", "temperature", "precipitation", "elevation", "latitude"),
        weather_of_months,
        "kg/m",
        source="Fryrear et al. 1998, 2000",
        flags=(
            Flag(
                "wind.calm",
                "No month blows above 5 m/s at 2 m on average in {cells} cells ({area} km2, "
                "{share} %): the wind factor is 0 there, whatever the gusts.",
                Severity.WARNING,
                "G17",
            ),
            Flag(
                "wind.snow_unknown",
                "Snow cover is not known and counts as none (SD = 1) in the wind factor; {share} "
                "% of the region have months below freezing.",
                source="G17",
            ),
        ),
        finding=Flag(
            "wind.monthly_means",
            "The wind factor is made from monthly mean winds, taken to be measured at 10 m: the "
            "gusts that move soil are averaged away, so it is far too low. Evaporation is "
            "Thornthwaite's, and every day counts as a day with rain.",
            Severity.WARNING,
            "G17",
        ),
    ),
    Recipe(
        "erodible_fraction",
        "Fryrear et al. (1994)",
        ("sand", "silt", "clay", "organic_carbon", "carbonate"),
        erodible_fraction,
        flags=(
            Flag(
                "wind.soil_outside",
                "The soil lies outside those RWEQ was fitted to in {cells} cells ({share} %); it "
                "is held at the end of the range there.",
                Severity.WARNING,
                "G17",
            ),
        ),
        source="Fryrear et al. 1994",
    ),
    Recipe("crust_factor", "Fryrear et al. (1998)", ("clay", "organic_carbon"), crust),
    Recipe(
        "surface_roughness",
        "cosine of the slope",
        ("slope",),
        roughness,
        choice=("wind.roughness_method", "slope"),
        source="G17 Annex A",
    ),
    Recipe(
        "wind_cover_factor",
        "exponential by type",
        ("vegetation_cover", "landcover"),
        wind_cover,
        settings=_wind_cover_settings,
        source="G17 Annex A",
    ),
    Recipe(
        "climate_erosivity",
        "FAO (1979) with Thornthwaite's evaporation",
        ("wind_speed", "temperature", "precipitation", "latitude"),
        climate_of_months,
        source="FAO 1979; G17 Annex A",
        finding=Flag(
            "wind.climate_by_thornthwaite",
            "The evaporation in the climate factor of wind erosion is Thornthwaite's, because "
            "there is no layer of humidity; wind speed is taken to be measured at 10 m.",
        ),
    ),
)
