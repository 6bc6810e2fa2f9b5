"""Dual evaluation: how well land suits farming and towns, in levels from 5 (best) to 1 (worst).

Structure after the guide for the evaluation of carrying capacity and suitability (MNR 2020, DE20).
A level counts thresholds; the thresholds are parameters. NaN in, NaN out.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.science.equation import equation

Floats = NDArray[np.floating[Any]]
LEVELS = ("five", "four", "three", "two")


def limits(table: Mapping[str, float]) -> tuple[float, float, float, float]:
    """The four thresholds of a table, best level first: rows five, four, three, two."""
    five, four, three, two = (table[level] for level in LEVELS)
    return five, four, three, two


@equation
def falling_level(value: float, five: float, four: float, three: float, two: float) -> float:
    """5 up to and with the first threshold, then 4, 3, 2, and 1 beyond the last: slope. DE20."""
    if value <= five:
        return 5.0
    if value <= four:
        return 4.0
    if value <= three:
        return 3.0
    return 2.0 if value <= two else 1.0


@equation
def rising_level(value: float, five: float, four: float, three: float, two: float) -> float:
    """5 from the first threshold on, then 4, 3, 2, and 1 below the last: rain, warmth. DE20."""
    if value >= five:
        return 5.0
    if value >= four:
        return 4.0
    if value >= three:
        return 3.0
    return 2.0 if value >= two else 1.0


@equation
def lowered(level: float, value: float, lowest_from: float, down_from: float) -> float:
    """The level, 1 where value >= lowest_from, one lower where value >= down_from. DE20.

    Silt (%) lowers farm land; elevation (m) lowers land for towns.
    """
    if value >= lowest_from:
        return 1.0
    if value >= down_from:
        return max(1.0, level - 1.0)
    return level


@equation
def lowered_by_relief(level: float, relief: float, one_above: float, two_above: float) -> float:
    """The level of land for towns, two lower above the second relief (m), one above the first.

    DE20: relief over 200 m costs two levels, over 100 m one.
    """
    if relief > two_above:
        return max(1.0, level - 2.0)
    return max(1.0, level - 1.0) if relief > one_above else level


@equation
def temperature_humidity_index(temperature: float, humidity: float) -> float:
    """THI = T - 0.55 (1 - f) (T - 58), degF; temperature in degC, humidity f 0..1.

    Thom (1959) as DE20 uses it; T is taken in degF.
    """
    fahrenheit = 1.8 * temperature + 32.0
    return fahrenheit - 0.55 * (1.0 - humidity) * (fahrenheit - 58.0)


@equation
def comfort_level(thi: float, low: float, high: float, step: float) -> float:
    """5 from low to high (60 to 65 degF are most comfortable), one lower each step away. DE20."""
    away = max(low - thi, thi - high, 0.0)
    return max(1.0, 5.0 - math.ceil(away / step))


def comfort_of_year(
    temperature: Floats, humidity: Floats, low: float, high: float, step: float
) -> Floats:
    """The most frequent of twelve monthly comfort levels, the lower of equals. DE20.

    temperature degC, humidity 0..1, both (12, ...) -> (...).
    """
    thi = temperature_humidity_index(np.asarray(temperature), np.asarray(humidity))
    months = np.asarray(comfort_level(thi, low, high, step))
    counts = np.stack([(months == level).sum(axis=0) for level in range(1, 6)])
    found = counts.argmax(axis=0) + 1.0
    return np.where(np.isnan(months).any(axis=0), np.nan, found)


def warmth_above_zero(temperature: Floats, days: Sequence[float]) -> Floats:
    """Accumulated temperature of the months at or above 0 degC, degC d; temperature (12, ...).

    Months stand in for the days of the definition: a month counts whole or not at all.
    """
    total = np.zeros(np.shape(temperature)[1:])
    for month, length in zip(temperature, days, strict=True):
        total += np.maximum(month, 0.0) * length
    return total


@equation
def water_modulus(precipitation: float, evapotranspiration: float) -> float:
    """Water that a square kilometre yields, 10^4 m3/(km2 a): (P - ET) / 10, never below 0.

    P, ET in mm/a; 1 mm on 1 km2 is 1000 m3.
    """
    return max(0.0, precipitation - evapotranspiration) / 10.0


def by_minimum(levels: Sequence[Floats]) -> Floats:
    """The lowest of the levels, cell by cell: the shortest stave decides. NaN where one is NaN."""
    found = np.array(levels[0], dtype=np.float64)
    for level in levels[1:]:
        found = np.minimum(found, level)  # minimum keeps NaN
    return found


def matrix_of(table: Mapping[str, float]) -> Floats:
    """A table with the rows "water-land" (5-5 ... 1-1) as an array [water - 1, land - 1]."""
    found = np.full((5, 5), np.nan)
    for key, level in table.items():
        water, land = (int(part) for part in key.split("-"))
        found[water - 1, land - 1] = level
    return found


def by_matrix(water: Floats, land: Floats, matrix: Floats) -> Floats:
    """matrix[water - 1, land - 1], cell by cell; NaN where one is NaN. DE20."""
    known = ~(np.isnan(water) | np.isnan(land))
    rows = np.where(known, water, 1).astype(np.int64) - 1
    columns = np.where(known, land, 1).astype(np.int64) - 1
    return np.where(known, matrix[rows, columns], np.nan)


@equation
def tradeoff(level: float, grade: float, weight: float) -> float:
    """Suitability less lambda times ecological importance (grade 5, 3, 1, 0). Science 6 (design).

    level 5..1; lambda = weight.
    """
    return level - weight * grade


def capacity(land: float, water: float, demand: float) -> float:
    """The smaller of what land and water allow, m2: the shortest stave. Science 6.

    land: suitable area, m2; water: what may be used, m3/a; demand: m3/a of one m2 in use.
    """
    return min(land, water / demand)


def overload(current: float, possible: float) -> float:
    """Current over possible; above 1 is overload. 0 where nothing is there, infinite without
    room."""
    if current == 0.0:
        return 0.0
    return math.inf if possible <= 0.0 else current / possible
