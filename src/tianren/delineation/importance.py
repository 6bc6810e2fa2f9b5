"""The six functions: the model method first, then the NPP index method. Science section 1.

A project chooses by short name, [delineation.methods] water_conservation = "npp":
water_conservation model | npp; soil_conservation and windbreak_sand_fixation model | npp | rule;
biodiversity species | npp | rule; coastal_protection coast; carbon nep | stock | npp | type_stock.
The rules (Dual-evaluation guidelines, 2020) grade by thresholds and are used only when chosen.
"""

from typing import Any

import numpy as np

from tianren.delineation.coast import natural_codes
from tianren.delineation.factors import Codes, codes_of, landcover_types
from tianren.delineation.recipes import (
    LAND,
    SEA,
    Applicability,
    Context,
    Criterion,
    Flag,
    Recipe,
    Statistic,
    Total,
)
from tianren.findings import Severity
from tianren.parameters.crosswalks import ecosystems, types_where
from tianren.raster.raster import MISSING, Array
from tianren.science import biodiversity, carbon, coast, soil_erosion, water, wind_erosion
from tianren.science.grading import min_max, negative
from tianren.science.landcover import look_up, values_by_code

Range = tuple[float, float]


# -- water -----------------------------------------------------------------------------------------


def water_balance(
    precipitation: Array,
    evapotranspiration: Array,
    landcover: Array,
    *,
    alpha: Codes,
    counted: Codes,
) -> tuple[Array, Array, Array]:
    """W = P (1 - alpha) - ET, mm/a; 0 on types that are not counted. Flags: negative, not "
    "counted."""
    coefficient = look_up(landcover, alpha, "landcover")
    counts = look_up(landcover, counted, "landcover")
    depth = water.water_retention(precipitation, coefficient, evapotranspiration)
    cells = np.where(counts == 0, 0.0 * depth, depth)
    return cells, negative(cells), counts == 0


def _water_settings(context: Context) -> dict[str, Any]:
    types = landcover_types(context)
    percent = values_by_code(types, context.parameters.table("water.runoff"), elsewhere=0.0)
    return {
        "alpha": {code: value / 100 for code, value in percent.items()},
        "counted": codes_of(context, types_where("counted")),
    }


def water_by_npp(
    npp: Array,
    infiltration: Array,
    precipitation: Array,
    slope: Array,
    *,
    npp_range: Range,
    rain_range: Range,
    slope_range: Range,
) -> Array:
    """WR = NPP F_sic F_pre (1 - F_slo), each 0..1 over the land."""
    scaled = (min_max(npp, *npp_range), infiltration, min_max(precipitation, *rain_range))
    return np.asarray(water.water_index(*scaled, min_max(slope, *slope_range)))


# -- soil ------------------------------------------------------------------------------------------


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


def _vegetated(context: Context) -> dict[int, float]:
    """Land-cover code -> 1 for forest, shrub and grass."""
    levels = ("forest", "shrub", "grassland")
    return codes_of(context, [e.id for e in ecosystems().values() if e.level in levels])


def _soil_rule(context: Context) -> dict[str, Any]:
    tables = {
        "extreme": context.parameters.table("soil.rule_extreme"),
        "important": context.parameters.table("soil.rule_important"),
    }
    limits = {grade: (table["slope"], table["cover"]) for grade, table in tables.items()}
    return {"vegetated": _vegetated(context), **limits}


# -- wind ------------------------------------------------------------------------------------------


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
    return {"vegetated": _vegetated(context), **limits}


# -- life, carbon, coast ---------------------------------------------------------------------------


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


def carbon_taken_up(npp: Array, respiration: Array) -> tuple[Array, Array]:
    """NEP, t C/(hm2 a). Flag: negative, the ecosystem loses carbon."""
    cells = carbon.carbon_sequestration(npp, respiration)
    return cells, negative(cells)


def npp_that_stays(npp: Array, landcover: Array, *, artificial: Codes) -> tuple[Array, Array]:
    """NPP of natural ecosystems, g C/(m2 a); 0 where people harvest or have built. Flag: there."""
    made = look_up(landcover, artificial, "landcover")
    return np.where(made == 1, 0.0 * npp, npp + 0.0 * made), made == 1


def _artificial(context: Context) -> dict[str, Any]:
    return {"artificial": codes_of(context, types_where("artificial"))}


def as_given(cells: Array) -> Array:
    """A layer that is the value itself."""
    return cells


def natural_coast(distance: Array, realm: Array, *, landward: float, seaward: float) -> Array:
    """5 within the buffer of natural coast and coastal habitats, else 0."""
    on_land = (realm == LAND).astype(np.float32)
    return np.asarray(coast.coastal_protection(distance, on_land, landward, seaward))


def _coast_settings(context: Context) -> dict[str, Any]:
    natural_codes(
        context
    )  # read here, so that the result is known to depend on which coasts protect
    return {
        side: context.parameters.number(f"coast.{side}_buffer") for side in ("landward", "seaward")
    }


# -- the criteria ----------------------------------------------------------------------------------

_NEGATIVE = Flag(
    "function.negative",
    "The value is negative in {cells} cells ({area} km2, {share} %); it counts as 0 in totals and "
    "grades.",
    source="science 1.1, 1.6",
)
_NPP_INDEX = Flag(
    "function.npp_index",
    "The NPP index method is used: it ranks places, its total is no amount.",
    source="science 1",
)
_NPP = Statistic("npp_range", "npp")
_RAIN = Statistic("rain_range", "annual_precipitation")
_SLOPE = Statistic("slope_range", "slope")
_K = Statistic("erodibility_range", "soil_erodibility")
_LIFE_RANGES = (
    _NPP,
    _RAIN,
    Statistic("warmth_range", "annual_temperature"),
    Statistic("height_range", "elevation"),
)
_HECTARE = 1e-4  # hm2 in a m2
_BY_RULE = Flag(
    "function.rule",
    "Grades come from rules with thresholds, not from shares of a total; there is no amount.",
    source="DE20",
)

WATER = Criterion(
    "water_conservation",
    "function",
    (
        Recipe(
            "water_conservation",
            "water balance",
            ("annual_precipitation", "evapotranspiration", "landcover"),
            water_balance,
            "mm/a",
            settings=_water_settings,
            name="model",
            source="Gong et al. 2017 eq. 1-2; G17 Annex A",
            flags=(
                _NEGATIVE,
                Flag(
                    "water.not_counted",
                    "{area} km2 ({share} %) are of types that the runoff table does not count "
                    "(farmland, built-up, bare, ice); they hold no water conservation.",
                    source="science 1.1",
                ),
            ),
        ),
        Recipe(
            "water_conservation",
            "NPP index",
            ("npp", "soil_water_infiltration", "annual_precipitation", "slope"),
            water_by_npp,
            statistics=(_NPP, _RAIN, _SLOPE),
            name="npp",
            finding=_NPP_INDEX,
            source="G17 Annex A",
        ),
    ),
    "share",
    totals={
        "water balance": Total("water_conservation.total", "m3/a", 1e-3),
        "NPP index": Total("water_conservation.index", "1", 1e-6),
    },
)

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
            statistics=(_NPP, _K, _SLOPE),
            name="npp",
            finding=_NPP_INDEX,
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
            finding=_BY_RULE,
            source="DE20; science 1.2",
        ),
    ),
    "share",
    totals={
        "RUSLE": Total("soil_conservation.total", "t/a", _HECTARE),
        "NPP index": Total("soil_conservation.index", "1", 1e-6),
    },
)

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
                    "science 12",
                ),
                _NEGATIVE,
            ),
        ),
        Recipe(
            "windbreak_sand_fixation",
            "NPP index",
            ("npp", "soil_erodibility", "climate_erosivity", "slope"),
            sand_by_npp,
            statistics=(_NPP, _K, Statistic("climate_range", "climate_erosivity")),
            name="npp",
            finding=_NPP_INDEX,
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
            finding=_BY_RULE,
            source="DE20; science 1.3",
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
            source="G17; science 1.4",
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
                    source="science 1.4",
                ),
            ),
            name="npp",
            finding=_NPP_INDEX,
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
                "science 1.4",
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
            finding=_BY_RULE,
            source="DE20; science 1.4",
        ),
    ),
    "share",
    totals={
        "species surface": Total("biodiversity.total", "1", 1e-6),
        "NPP index": Total("biodiversity.index", "1", 1e-6),
    },
)

COAST = Criterion(
    "coastal_protection",
    "function",
    (
        Recipe(
            "coastal_protection",
            "natural coast",
            ("coast_distance", "realm"),
            natural_coast,
            settings=_coast_settings,
            name="coast",
            source="DE20; science 1.5",
        ),
    ),
    "present",
    realms=frozenset({LAND, SEA}),
    needs_coast=True,
)

CARBON = Criterion(
    "carbon",
    "function",
    (
        Recipe(
            "carbon",
            "NPP less respiration",
            ("npp", "heterotrophic_respiration"),
            carbon_taken_up,
            "t C/(hm2 a)",
            flags=(_NEGATIVE,),
            name="nep",
            source="Chapin et al. 2006",
        ),
        Recipe("carbon", "carbon stock", ("carbon_stock",), as_given, "t C/hm2", name="stock"),
        Recipe(
            "carbon",
            "NPP of natural ecosystems",
            ("npp", "landcover"),
            npp_that_stays,
            "g C/(m2 a)",
            settings=_artificial,
            name="npp",
            source="science 12",
            flags=(
                Flag(
                    "carbon.not_counted",
                    "{area} km2 ({share} %) are farmland, orchards or built-up: what grows there "
                    "is harvested or cleared, so it does not count as carbon taken up.",
                    source="science 12",
                ),
            ),
            finding=Flag(
                "carbon.npp_only",
                "Carbon is graded by net primary productivity alone, because neither the carbon "
                "stock nor the respiration of the soil is known: what is taken up, not what stays.",
                Severity.WARNING,
                "science 12",
            ),
        ),
        Recipe(
            "carbon",
            "carbon stock by ecosystem type",
            ("carbon_stock_by_type",),
            as_given,
            "t C/hm2",
            name="type_stock",
            source="IPCC 2006 Guidelines, vol. 4",
        ),
    ),
    "share",
    totals={
        "NPP less respiration": Total("carbon.sequestration", "t C/a", _HECTARE),
        "carbon stock": Total("carbon.total", "t C", _HECTARE),
        "NPP of natural ecosystems": Total("carbon.npp", "t C/a", 1e-6),
        "carbon stock by ecosystem type": Total("carbon.total", "t C", _HECTARE),
    },
)

FUNCTIONS: tuple[Criterion, ...] = (WATER, SOIL, WIND, LIFE, COAST, CARBON)
