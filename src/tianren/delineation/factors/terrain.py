"""Factors of terrain: slope, relief, L and S of RUSLE. Best way first."""

from typing import Any

import numpy as np

from tianren.delineation.recipes import Context, Flag, Recipe, nothing
from tianren.raster.raster import Array
from tianren.science import soil_erosion

Breaks = tuple[float, float, float]  # moderate, steep, flat top: degrees


def length_steepness_by_inflow(
    slope: Array,
    aspect: Array,
    inflow_area: Array,
    cell_side: Array,
    *,
    longest: float,
    breaks: Breaks,
) -> tuple[Array, Array]:
    """LS of RUSLE, L by the land that drains into a cell; where A_in / D was held at the cap."""
    given = (np.asarray(a, np.float64) for a in (inflow_area, cell_side, slope, aspect))
    factor = soil_erosion.length_factor_grid(*given, longest)
    cells = factor * soil_erosion.steepness_factor(slope, *breaks)
    return np.asarray(cells), soil_erosion.slope_length_capped(inflow_area / cell_side, longest)


def slope_length_steepness(slope: Array, *, length: float, longest: float, breaks: Breaks) -> Array:
    """LS of RUSLE from slope, with one slope length for all: cells wider than 100 m know no
    better."""
    factor = soil_erosion.length_factor(length, slope, longest)
    return np.asarray(factor * soil_erosion.steepness_factor(slope, *breaks))


def _inflow_settings(context: Context) -> dict[str, Any]:
    table = context.parameters.table("soil.slope_breaks")
    return {
        "longest": context.parameters.number("soil.longest_slope"),
        "breaks": (table["moderate"], table["steep"], table["flat_top"]),
    }


def _ls_settings(context: Context) -> dict[str, Any]:
    return {"length": context.parameters.number("soil.slope_length"), **_inflow_settings(context)}


def fine_enough(context: Context) -> bool:
    """Whether elevation and grid are fine enough to show hillslopes."""
    elevation = context.layers.get("elevation")
    widest = context.parameters.number("soil.inflow_cell")
    return elevation is not None and elevation.cell <= widest


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
        source="Tianren: How the line is drawn",
    ),
    Recipe("aspect", "Horn (1981) on the grid", ("elevation",), nothing, "degree", at_door=True),
    Recipe(
        "inflow_area",
        "steepest of eight neighbours",
        ("elevation",),
        nothing,
        "m2",
        at_door=True,
        source="Barnes et al. 2014; O'Callaghan & Mark 1984",
    ),
    Recipe(
        "slope_length_steepness",
        "RUSLE L by contributing area, S",
        ("slope", "aspect", "inflow_area", "cell_side"),
        length_steepness_by_inflow,
        settings=_inflow_settings,
        fits=fine_enough,
        source="Desmet & Govers 1996 eq. 8; Zou et al. 2019 eq. 7",
        flags=(
            Flag(
                "soil.slope_length_capped",
                "The slope length (inflow area over cell side) is longer than the longest slope in "
                "{cells} cells ({share} %), most of them streams; it is held at the longest there.",
                source="Tianren: How the line is drawn",
            ),
        ),
        finding=Flag(
            "soil.slope_length_by_inflow",
            "The slope length of RUSLE follows from the land that drains into each cell; what "
            "drains in from beyond the region is not counted.",
            source="Desmet & Govers 1996",
        ),
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
            source="Tianren: How the line is drawn",
        ),
    ),
)
