"""How factors are derived from ordinary layers, best way first. Each kernel works on one window.

Kernels are functions of this module (they travel to other processes); the equations are in science.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from tianren.delineation.layers import LayerInfo
from tianren.delineation.legends import classes_of, ecosystems_of
from tianren.delineation.recipes import Context, Flag, Recipe, Statistic
from tianren.findings import Severity
from tianren.parameters.crosswalks import ecosystems, types_where
from tianren.raster.raster import MISSING, Array
from tianren.science import carbon, productivity, sensitivity, soil_erosion, water, wind_erosion
from tianren.science.landcover import look_up, values_by_code

Codes = Mapping[int, float]
Months = tuple[Array, ...]
_DAYS = np.array(water.DAYS_IN_MONTH)


# -- climate ---------------------------------------------------------------------------------------


def mean_of_months(temperature: Months) -> Array:
    """Annual mean of twelve monthly means, weighted by the days of the months; degC."""
    total = sum(
        month.astype(np.float64) * days for month, days in zip(temperature, _DAYS, strict=True)
    )
    return np.asarray(total / _DAYS.sum())


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
    return _mask(dry, np.isnan(precipitation) | np.isnan(potential))


def _mask(holds: Array, missing: Array) -> Array:
    return np.where(missing, MISSING, holds.astype(np.int32))


# -- vegetation ------------------------------------------------------------------------------------


def miami_year(temperature: Array, precipitation: Array, *, carbon_fraction: float) -> Array:
    """Net primary productivity, g C/(m2 a). Lieth (1975)."""
    return np.asarray(productivity.miami(temperature, precipitation, carbon_fraction))


def miami_present(
    temperature: Array, precipitation: Array, fapar: Array, *, carbon_fraction: float
) -> Array:
    """Net primary productivity of the vegetation that is there: Miami model times fAPAR."""
    npp = productivity.miami(temperature, precipitation, carbon_fraction)
    return np.asarray(productivity.potential_share(npp, np.clip(fapar, 0.0, 1.0)))


def cover_from_ndvi(ndvi: Array, *, ends: tuple[float, float]) -> Array:
    """Vegetation cover 0..1 between the NDVI of bare and of fully covered ground."""
    return np.asarray(soil_erosion.cover_fraction(ndvi, *ends))


def cover_from_fapar(fapar: Array) -> Array:
    """The absorbed fraction of radiation taken as vegetation cover."""
    return np.clip(fapar, 0.0, 1.0)


def _ndvi_shares(context: Context) -> tuple[float, float]:
    table = context.parameters.table("criteria.ndvi_percentiles")
    return table["bare"], table["full"]


def cover_factor_cai(cover: Array) -> Array:
    """C of RUSLE from cover alone. Cai et al. (2000)."""
    return np.asarray(soil_erosion.cover_factor(cover))


def cover_factor_table(
    cover: Array, landcover: Array, *, rows: Array, row_of: Codes, dryland_row: int
) -> tuple[Array, Array]:
    """C of RUSLE by type and cover class, and where the dryland formula left 0..1."""
    number = look_up(landcover, row_of, "landcover")
    row = np.where(np.isnan(number), -1, np.nan_to_num(number)).astype(np.int64)
    clipped = (row == dryland_row) & (soil_erosion.dryland_cover_clipped(cover) == 1)
    return soil_erosion.cover_factor_by_type(rows, row, cover), clipped


_COVER_CLASSES = ("from_0", "from_10", "from_30", "from_50", "from_70", "from_90")
_BY_COVER = ("forest", "shrub", "grass", "tree_orchard", "shrub_orchard")


def _cover_table(context: Context) -> dict[str, Any]:
    """The table of C as rows: by cover class, then one number each, then the dryland formula."""
    graded = [context.parameters.table(f"soil.cover_{group}") for group in _BY_COVER]
    fixed = context.parameters.table("soil.cover_fixed")
    rows = [[table[c] for c in _COVER_CLASSES] for table in graded]
    rows += [[value] * len(_COVER_CLASSES) for value in fixed.values()]
    rows.append([np.nan] * len(_COVER_CLASSES))
    index = {name: n for n, name in enumerate((*_BY_COVER, *fixed, "dryland"))}
    known = ecosystems()
    row_of = {
        code: float(index[known[name].cover_group])
        for code, name in landcover_types(context).items()
    }
    return {"rows": np.array(rows), "row_of": row_of, "dryland_row": index["dryland"]}


def landcover_types(context: Context) -> Mapping[int, str]:
    """Code -> ecosystem type of the project's land cover."""
    return ecosystems_of(context.layers["landcover"])


def codes_of(context: Context, types: Collection[str]) -> dict[int, float]:
    """Land-cover code -> 1 where its ecosystem type is one of these, else 0."""
    return {code: float(name in types) for code, name in landcover_types(context).items()}


# -- soil and terrain ------------------------------------------------------------------------------


def erosivity_of_months(precipitation: Months) -> Array:
    """R from monthly normals, MJ mm/(hm2 h a). Zhang & Fu (2003)."""
    return soil_erosion.erosivity_monthly(np.stack(precipitation).astype(np.float64))


def erosivity_of_year(precipitation: Array) -> Array:
    """R from annual rain, MJ mm/(hm2 h a). Zhang & Fu (2003)."""
    return np.asarray(soil_erosion.erosivity_from_annual(precipitation))


def erodibility_of_texture(
    sand: Array, silt: Array, clay: Array, carbon_percent: Array
) -> tuple[Array, Array, Array]:
    """K, t hm2 h/(hm2 MJ mm); where it was negative and set to 0; where the texture does not "
    "close."""
    k = soil_erosion.erodibility(sand, silt, clay, carbon_percent)
    floored = soil_erosion.erodibility_floored(sand, silt, clay, carbon_percent)
    return k, floored, soil_erosion.texture_not_closed(sand, silt, clay)


def texture_of_fractions(sand: Array, silt: Array, clay: Array) -> tuple[Array, Array]:
    """USDA texture class 1..13, and where the three fractions do not add up to 100 %."""
    found = soil_erosion.texture_class(sand, silt, clay)
    cells = np.where(np.isnan(found), MISSING, np.nan_to_num(found)).astype(np.int32)
    return cells, soil_erosion.texture_not_closed(sand, silt, clay)


def infiltration_of_texture(texture: Array, *, rank: Codes) -> Array:
    """F_sic = rank / 13."""
    return np.asarray(water.infiltration_factor(look_up(texture, rank, "soil_texture")))


def _texture_ranks(context: Context) -> dict[str, Any]:
    numbers = {known: code for code, known in texture_numbers().items()}
    return {"rank": {c: float(numbers[n]) for c, n in texture_classes(context).items()}}


def texture_numbers() -> Mapping[int, str]:
    """HWSD number 1..13 -> USDA class."""
    return classes_of(LayerInfo("soil_texture"), "usda_texture")


def texture_classes(context: Context) -> Mapping[int, str]:
    """Code -> USDA class of the texture layer that is used: given, or derived."""
    info = context.layers.get("soil_texture", LayerInfo("soil_texture"))
    return classes_of(info, "usda_texture")


def slope_length_steepness(
    slope: Array, *, length: float, longest: float, breaks: tuple[float, float, float]
) -> Array:
    """LS of RUSLE from slope, with one slope length for all: cells wider than 100 m know no "
    "better."""
    factor = soil_erosion.length_factor(length, slope, longest)
    return np.asarray(factor * soil_erosion.steepness_factor(slope, *breaks))


def _ls_settings(context: Context) -> dict[str, Any]:
    table = context.parameters.table("soil.slope_breaks")
    return {
        "length": context.parameters.number("soil.slope_length"),
        "longest": context.parameters.number("soil.longest_slope"),
        "breaks": (table["moderate"], table["steep"], table["flat_top"]),
    }


# -- wind ------------------------------------------------------------------------------------------


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


# -- carbon, karst, coast --------------------------------------------------------------------------


def stock_of_landcover(landcover: Array, *, stock: Codes) -> Array:
    """Carbon stock, t C/hm2, by ecosystem type."""
    return look_up(landcover, stock, "landcover")


def _stock_settings(context: Context) -> dict[str, Any]:
    tables = [context.parameters.table(f"carbon.{p}") for p in ("above", "below", "soil", "dead")]
    types = landcover_types(context)
    pools = [values_by_code(types, table) for table in tables]
    return {"stock": {code: carbon.carbon_stock(*(p[code] for p in pools)) for code in types}}


def is_karst(karst: Array) -> Array:
    """1 where the karst layer has a code above 0."""
    return _mask(karst > 0, karst == MISSING)


def has_outcrop(outcrop: Array, *, limit: float) -> Array:
    """1 where carbonate rock crops out on more than the limit, %."""
    return _mask(outcrop > limit, np.isnan(outcrop))


def nowhere_mapped(realm: Array) -> Array:
    """0 everywhere: the place of a layer of presence that nobody has mapped."""
    return _mask(np.zeros(realm.shape, dtype=bool), realm == MISSING)


def nothing(*arrays: Array) -> Array:
    """For layers that are made at the door."""
    raise NotImplementedError


def _number(keyword: str, parameter: str) -> Any:
    def settings(context: Context) -> dict[str, Any]:
        return {keyword: context.parameters.number(parameter)}

    return settings


# -- the recipes, best first -----------------------------------------------------------------------

_NOT_CLOSED = Flag(
    "soil.texture_not_closed",
    "Sand, silt and clay do not add up to 100 % (within 5) in {cells} cells ({share} %).",
    Severity.WARNING,
)

_RECIPES = (
    Recipe(
        "slope",
        "Horn (1981) on the native elevation",
        ("elevation",),
        nothing,
        "degree",
        at_door=True,
        source="Horn 1981",
    ),
    Recipe(
        "relief",
        "highest minus lowest elevation in a window",
        ("elevation",),
        nothing,
        "m",
        at_door=True,
        source="science 12",
    ),
    Recipe(
        "coast_distance",
        "distance to the natural coast",
        ("natural_coast",),
        nothing,
        "m",
        at_door=True,
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
            source="science 12",
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
                source="science 12",
            ),
        ),
        finding=Flag(
            "water.et_derived",
            "Actual evapotranspiration is not measured but derived from rain, potential "
            "evapotranspiration and land cover (Zhang et al. 2001).",
            source="science 12",
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
            source="science 12",
        ),
    ),
    Recipe(
        "npp",
        "Miami model times fAPAR",
        ("annual_temperature", "annual_precipitation", "fapar"),
        miami_present,
        "g C/(m2 a)",
        settings=_number("carbon_fraction", "productivity.carbon_fraction"),
        source="Lieth 1975; science 12",
        choice=("criteria.npp_method", "present"),
        finding=Flag(
            "npp.miami_fapar",
            "Net primary productivity is not measured: it is that of the climate (Miami model, "
            "Lieth 1975) times the absorbed fraction of radiation, so that bare ground and ice "
            "take up nothing.",
            Severity.WARNING,
            "science 12",
        ),
    ),
    Recipe(
        "npp",
        "Miami model (Lieth 1975)",
        ("annual_temperature", "annual_precipitation"),
        miami_year,
        "g C/(m2 a)",
        settings=_number("carbon_fraction", "productivity.carbon_fraction"),
        source="Lieth 1975",
        finding=Flag(
            "npp.miami",
            "Net primary productivity is that of the climate (Miami model, Lieth 1975): it knows "
            "no land use, soil or altitude beyond temperature and rain.",
            Severity.WARNING,
            "science 12",
        ),
    ),
    Recipe(
        "vegetation_cover",
        "NDVI between bare and covered ground",
        ("ndvi_max",),
        cover_from_ndvi,
        statistics=(Statistic("ends", "ndvi_max", _ndvi_shares),),
        source="Zou et al. 2019",
    ),
    Recipe(
        "vegetation_cover",
        "fAPAR as cover",
        ("fapar",),
        cover_from_fapar,
        finding=Flag(
            "vegetation.cover_from_fapar",
            "Vegetation cover is taken to be the absorbed fraction of radiation (fAPAR).",
        ),
    ),
    Recipe(
        "rainfall_erosivity",
        "Zhang & Fu (2003), monthly normals",
        ("precipitation",),
        erosivity_of_months,
        "MJ mm/(hm2 h a)",
        source="Zhang & Fu 2003; Zou et al. 2019 eq. 2",
        choice=("soil.erosivity_method", "best"),
        finding=Flag(
            "soil.erosivity_normals",
            "Rainfall erosivity is computed from monthly normals, which underestimates it: the "
            "storms of single years are averaged away.",
            Severity.WARNING,
            "science 12",
        ),
    ),
    Recipe(
        "rainfall_erosivity",
        "Zhang & Fu (2003), annual rain",
        ("annual_precipitation",),
        erosivity_of_year,
        "MJ mm/(hm2 h a)",
        source="Zhang & Fu 2003",
        finding=Flag(
            "soil.erosivity_annual",
            "Rainfall erosivity is computed from annual rain by a formula fitted to monsoon "
            "China; it overestimates where rain falls evenly over the year.",
            Severity.WARNING,
            "science 12",
        ),
    ),
    Recipe(
        "soil_erodibility",
        "EPIC with the correction for China",
        ("sand", "silt", "clay", "organic_carbon"),
        erodibility_of_texture,
        "t hm2 h/(hm2 MJ mm)",
        source="Williams & Sharpley 1990; Zhang K. et al. 2007",
        flags=(
            Flag(
                "soil.erodibility_floored",
                "Soil erodibility came out negative in {cells} cells ({share} %) and is 0 there.",
            ),
            _NOT_CLOSED,
        ),
    ),
    Recipe(
        "soil_texture",
        "USDA triangle",
        ("sand", "silt", "clay"),
        texture_of_fractions,
        category=True,
        source="Soil Survey Manual (USDA 2017)",
        flags=(_NOT_CLOSED,),
    ),
    Recipe(
        "soil_water_infiltration",
        "rank of the texture class",
        ("soil_texture",),
        infiltration_of_texture,
        settings=_texture_ranks,
    ),
    Recipe(
        "slope_length_steepness",
        "RUSLE L and S with one slope length",
        ("slope",),
        slope_length_steepness,
        settings=_ls_settings,
        source="Zou et al. 2019 eq. 5-7",
        finding=Flag(
            "soil.slope_length_constant",
            "The slope length of RUSLE is one number for the whole region: cells do not show "
            "hillslopes.",
            source="science 12",
        ),
    ),
    Recipe(
        "cover_factor",
        "Cai et al. (2000)",
        ("vegetation_cover",),
        cover_factor_cai,
        source="Cai et al. 2000; Zou et al. 2019",
        choice=("soil.cover_method", "by_cover"),
    ),
    Recipe(
        "cover_factor",
        "table by type and cover",
        ("vegetation_cover", "landcover"),
        cover_factor_table,
        settings=_cover_table,
        choice=("soil.cover_method", "by_type"),
        source="G17 Annex A",
        flags=(
            Flag(
                "soil.dryland_cover_clipped",
                "The C formula of rain-fed cropland leaves 0 to 1 in {cells} cells ({share} %) "
                "and is held at its end there.",
                source="science 12",
            ),
        ),
    ),
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
                "science 1.3",
            ),
            Flag(
                "wind.snow_unknown",
                "Snow cover is not known and counts as none (SD = 1) in the wind factor; {share} "
                "% of the region have months below freezing.",
                source="science 1.3",
            ),
        ),
        finding=Flag(
            "wind.monthly_means",
            "The wind factor is made from monthly mean winds, taken to be measured at 10 m: the "
            "gusts that move soil are averaged away, so it is far too low. Evaporation is "
            "Thornthwaite's, and every day counts as a day with rain.",
            Severity.WARNING,
            "science 1.3",
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
                "science 1.3",
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
        settings=_number("limit", "criteria.aridity_limit"),
        source="UNEP 1997",
    ),
    Recipe("karst_area", "the karst layer", ("karst",), is_karst, category=True),
    Recipe(
        "karst_area",
        "carbonate outcrop",
        ("carbonate_outcrop",),
        has_outcrop,
        category=True,
        settings=_number("limit", "criteria.karst_outcrop"),
    ),
    Recipe(
        "carbon_stock_by_type",
        "IPCC default factors by ecosystem type",
        ("landcover",),
        stock_of_landcover,
        "t C/hm2",
        settings=_stock_settings,
        source="IPCC 2006 Guidelines, vol. 4",
        finding=Flag(
            "carbon.default_factors",
            "Carbon stocks are IPCC default factors by ecosystem type: one number a type, "
            "whatever the climate and the state of the vegetation.",
            Severity.WARNING,
            "science 12",
        ),
    ),
    *(
        Recipe(
            layer,
            "nowhere, for want of a layer",
            ("realm",),
            nowhere_mapped,
            category=True,
            finding=Flag(
                "biodiversity.not_mapped",
                "There is no such layer: the rule takes it to be nowhere.",
                Severity.WARNING,
                "science 1.4",
            ),
        )
        for layer in ("priority_ecosystem", "vulnerable_species_range", "germplasm_habitat")
    ),
)


def _by_name(recipes: tuple[Recipe, ...]) -> Mapping[str, tuple[Recipe, ...]]:
    names = dict.fromkeys(r.makes for r in recipes)
    return {name: tuple(r for r in recipes if r.makes == name) for name in names}


FACTORS = _by_name(_RECIPES)
