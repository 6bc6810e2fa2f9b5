"""Water conservation: the balance of rain and evaporation, else the NPP index. Science 1.1."""

from typing import Any

import numpy as np

from tianren.delineation.importance.parts import (
    NEGATIVE,
    NPP,
    NPP_INDEX,
    RAIN,
    SLOPE,
    Range,
)
from tianren.delineation.legends import (
    Codes,
    codes_of,
    landcover_types,
)
from tianren.delineation.recipes import (
    Context,
    Criterion,
    Flag,
    Recipe,
    Total,
)
from tianren.parameters.crosswalks import types_where
from tianren.raster.raster import Array
from tianren.science import water
from tianren.science.grading import min_max, negative
from tianren.science.landcover import look_up, values_by_code


def water_balance(
    precipitation: Array,
    evapotranspiration: Array,
    landcover: Array,
    *,
    alpha: Codes,
    counted: Codes,
) -> tuple[Array, Array, Array]:
    """W = P (1 - alpha) - ET, mm/a; 0 on types that are not counted. Flags: negative, not
    counted."""
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
                NEGATIVE,
                Flag(
                    "water.not_counted",
                    "{area} km2 ({share} %) are of types that the runoff table does not count "
                    "(farmland, built-up, bare, ice); they hold no water conservation.",
                    source="G17",
                ),
            ),
        ),
        Recipe(
            "water_conservation",
            "NPP index",
            ("npp", "soil_water_infiltration", "annual_precipitation", "slope"),
            water_by_npp,
            statistics=(NPP, RAIN, SLOPE),
            name="npp",
            finding=NPP_INDEX,
            source="G17 Annex A",
        ),
    ),
    "share",
    totals={
        "water balance": Total("water_conservation.total", "m3/a", 1e-3),
        "NPP index": Total("water_conservation.index", "1", 1e-6),
    },
)
