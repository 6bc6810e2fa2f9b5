"""What several functions say and need: flags, ranges over the land, units."""

from tianren.delineation.recipes import Flag, Statistic

NEGATIVE = Flag(
    "function.negative",
    "The value is negative in {cells} cells ({area} km2, {share} %); it counts as 0 in totals and "
    "grades.",
    source="G17",
)


NPP_INDEX = Flag(
    "function.npp_index",
    "The NPP index method is used: it ranks places, its total is no amount.",
    source="G17",
)


NPP = Statistic("npp_range", "npp")


RAIN = Statistic("rain_range", "annual_precipitation")


SLOPE = Statistic("slope_range", "slope")


K = Statistic("erodibility_range", "soil_erodibility")


HECTARE = 1e-4  # hm2 in a m2


BY_RULE = Flag(
    "function.rule",
    "Grades come from rules with thresholds, not from shares of a total; there is no amount.",
    source="DE20",
)


Range = tuple[float, float]
