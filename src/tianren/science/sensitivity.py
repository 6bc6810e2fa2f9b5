"""Sensitivity: factors scored 1, 3, 5 by tables, composed by geometric mean. G17 Annex B.

A score counts the thresholds that a value has passed: 1 + 2 n. Each scoring function takes four
thresholds in the order in which they are passed; a three-level table has two, and the others are
never passed (infinite). `thresholds(table)` makes the four numbers from a parameter table with the
rows three, five[, seven, nine]. A value on a threshold falls on the side that the tables print.
NaN in, NaN out.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tianren.science.equation import equation

LEVELS = ("three", "five", "seven", "nine")


def thresholds(table: Mapping[str, float]) -> tuple[float, float, float, float]:
    """Four thresholds from a table: rows three, five and, in five-level tables, seven and nine.

    Thresholds that the table lacks lie at the infinity towards which its thresholds run.
    """
    never = math.inf if table["five"] >= table["three"] else -math.inf
    three, five, seven, nine = (table.get(level, never) for level in LEVELS)
    return three, five, seven, nine


# -- factor scores ------------------------------------------------------------


@equation
def passed(value: float, threshold: float) -> float:
    """2 points where the value has reached a threshold that is finite, else 0."""
    return 2.0 if value >= threshold and threshold < math.inf else 0.0


@equation
def rising_score(value: float, three: float, five: float, seven: float, nine: float) -> float:
    """1 up to and with the first threshold, 3 above it, 5 (7, 9) from the next ones on.

    Dryness, wind days, carbonate outcrop, slope of karst, evaporation ratio, mineralisation.
    """
    first = 3.0 if value > three else 1.0
    return float(first + passed(value, five) + passed(value, seven) + passed(value, nine))


@equation
def falling_score(value: float, three: float, five: float, seven: float, nine: float) -> float:
    """1 down to and with the first threshold, 3 below it, 5 (7, 9) from the next ones down.

    Vegetation cover and depth to groundwater.
    """
    return float(rising_score(-value, -three, -five, -seven, -nine))


@equation
def relief_score(value: float, three: float, five: float, seven: float, nine: float) -> float:
    """Relief amplitude, m: each threshold belongs to the class below it."""
    score = 1.0
    if value > three:
        score += 2.0
    if value > five:
        score += 2.0
    if value > seven:
        score += 2.0
    if value > nine:
        score += 2.0
    return score


@equation
def erosivity_score(value: float, three: float, five: float, seven: float, nine: float) -> float:
    """Rainfall erosivity R: as relief_score, but the first threshold belongs to the class above.

    R and thresholds in MJ mm/(hm2 h a).
    """
    return 3.0 if value == three else float(relief_score(value, three, five, seven, nine))


@equation
def dryness(accumulated_temperature: float, precipitation: float) -> float:
    """I = 0.16 sum(T >= 10 degC) / sum(P of that period), 1. G17 Annex B; geogsci.com 309537.

    Accumulated temperature in degC d, precipitation of the same period in mm. Without rain the land
    is as dry as can be (infinite); without a warm season I is 0.
    """
    if accumulated_temperature <= 0.0:
        return 0.0
    return math.inf if precipitation <= 0.0 else 0.16 * accumulated_temperature / precipitation


def warm_season(
    temperature: NDArray[np.floating], precipitation: NDArray[np.floating], days: tuple[float, ...]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Accumulated temperature (degC d) and rain (mm) of the months at or above 10 degC, for
    dryness.

    temperature degC and precipitation mm/month, both (12, ...); days of each month -> two of (...).
    Months stand in for the days of the definition: a month counts whole or not at all.
    """
    warm = np.zeros(np.shape(temperature)[1:])
    rain = np.zeros(np.shape(temperature)[1:])
    for month, fall, length in zip(temperature, precipitation, days, strict=True):
        counts = month >= 10.0
        warm += np.where(counts, month * length, 0.0 * (month + fall))
        rain += np.where(counts, fall, 0.0 * (month + fall))
    return warm, rain


@equation
def evaporation_ratio(potential: float, precipitation: float) -> float:
    """Evaporation over precipitation, 1; both mm/a; infinite without rain."""
    if precipitation <= 0.0:
        return 0.0 if potential <= 0.0 else math.inf
    return potential / precipitation


# -- composites ---------------------------------------------------------------


@equation
def mean_of_four(a: float, b: float, c: float, d: float) -> float:
    """(a b c d)^(1/4), the geometric mean of four factor scores. G17 Annex B."""
    return math.sqrt(math.sqrt(a * b * c * d))


@equation
def mean_of_three(a: float, b: float, c: float) -> float:
    """(a b c)^(1/3), the geometric mean of three factor scores. G17 Annex B."""
    return float((a * b * c) ** (1.0 / 3.0))


@equation
def worst_of_four(a: float, b: float, c: float, d: float) -> float:
    """The highest of four factor scores (Han et al. 2018, the max rule)."""
    return max(max(a, b), max(c, d))


@equation
def water_erosion(R: float, K: float, LS: float, C: float) -> float:
    """SS = (R K LS C)^(1/4) of the scores of erosivity, soil texture, relief and cover. geogsci
    309537.
    """
    return float(mean_of_four(R, K, LS, C))


@equation
def desertification(I: float, W: float, K: float, C: float) -> float:  # noqa: E741
    """D = (I W K C)^(1/4) of the scores of dryness, wind days, soil texture and cover. geogsci
    309537.
    """
    return float(mean_of_four(I, W, K, C))


@equation
def rocky_desertification(J: float, P: float, C: float) -> float:
    """S = (J P C)^(1/3) of the scores of carbonate outcrop, slope and cover, on karst. geogsci
    309537.
    """
    return float(mean_of_three(J, P, C))


@equation
def salinisation(I: float, M: float, D: float, K: float) -> float:  # noqa: E741
    """Y = (I M D K)^(1/4) of evaporation ratio, mineralisation, groundwater depth and texture. G17
    Annex B.
    """
    return float(mean_of_four(I, M, D, K))


# -- vulnerability by intensity -----------------------------------------------


@equation
def intensity_class(
    loss: float, slight: float, light: float, moderate: float, intense: float, very_intense: float
) -> float:
    """Erosion intensity 1 slight .. 6 severe from soil loss, t/(km2 a), by five upper bounds. SL
    190-2007.

    1 slight below the tolerable loss of the region, 2 light, 3 moderate, 4 intense, 5 very intense,
    6 severe.
    """
    intensity = 1.0
    if loss >= slight:
        intensity += 1.0
    if loss >= light:
        intensity += 1.0
    if loss >= moderate:
        intensity += 1.0
    if loss >= intense:
        intensity += 1.0
    if loss >= very_intense:
        intensity += 1.0
    return intensity


@equation
def vulnerability(intensity: float) -> float:
    """Grade from the intensity class of erosion: very intense and severe 5; moderate and intense 3.
    DE20.
    """
    if intensity >= 5.0:
        return 5.0
    return 3.0 if intensity >= 3.0 else 1.0


@equation
def rocky_vulnerability(intensity: float) -> float:
    """Grade from monitored rocky desertification: 0 none, 1 potential or light, 2 moderate, 3 and 4
    severe. DE20.
    """
    if intensity >= 3.0:
        return 5.0
    return 3.0 if intensity >= 2.0 else 1.0


@equation
def retreat_class(
    rate: float, slight: float, eroding: float, strong: float, severe: float
) -> float:
    """Coastal erosion 1 stable, 2 slight, 3 eroding, 4 strong, 5 severe, from shoreline retreat,
    m/a.

    Four lower bounds, by coast type (coast.retreat_sandy, coast.retreat_muddy); advance is
    negative.
    """
    return float(intensity_class(rate, slight, eroding, strong, severe, math.inf))


@equation
def coastal_erosion(severity: float) -> float:
    """Grade from the class of coastal erosion: strong and severe 5, eroding 3, else 1. DE20."""
    if severity >= 4.0:
        return 5.0
    return 3.0 if severity >= 3.0 else 1.0
