"""Factors of terrain: slope, relief, L and S of RUSLE. Best way first."""

from typing import Any

import numpy as np

from tianren.delineation.recipes import Context, Flag, Recipe, nothing
from tianren.raster.raster import Array
from tianren.science import soil_erosion


def slope_length_steepness(
    slope: Array, *, length: float, longest: float, breaks: tuple[float, float, float]
) -> Array:
    """LS of RUSLE from slope, with one slope length for all: cells wider than 100 m know no
    better."""
    factor = soil_erosion.length_factor(length, slope, longest)
    return np.asarray(factor * soil_erosion.steepness_factor(slope, *breaks))


def _ls_settings(context: Context) -> dict[str, Any]:
    table = context.parameters.table("soil.slope_breaks")
    return {
        "length": context.parameters.number("soil.slope_length"),
        "longest": context.parameters.number("soil.longest_slope"),
        "breaks": (table["moderate"], table["steep"], table["flat_top"]),
    }


RECIPES = (
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
)
