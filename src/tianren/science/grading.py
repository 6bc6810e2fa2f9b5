"""Grades from scores, and how grades and criteria combine. 5 extremely, 3 sensitive or important, 1
ordinary.

The cut by cumulative share of a service works on whole countries: raster.cuts.
"""

import numpy as np
from numpy.typing import NDArray

from tianren.science.equation import equation


@equation
def grade_score(score: float, sensitive: float, extreme: float) -> float:
    """Grade of a composite score: 1 up to `sensitive`, 3 above it, 5 above `extreme`. G17 Annex B.

    Boundaries belong to the lower class: [1, 2], (2, 4], above 4 with the published 2 and 4.
    """
    if score > extreme:
        return 5.0
    return 3.0 if score > sensitive else 1.0


@equation
def not_below_zero(value: float) -> float:
    """Negative values count as 0 before a total is formed; NaN stays NaN. Science 1.1, 1.6 (design
    choice).
    """
    return 0.0 if value < 0.0 else value


@equation
def negative(value: float) -> float:
    """1 where a service value is negative, else 0: the mask behind the finding."""
    return 1.0 if value < 0.0 else 0.0


@equation
def counted_value(value: float, counted: float) -> float:
    """What a cell puts into the total: value if its ecosystem type is counted, 0 if not, never
    below 0.
    """
    if counted < 0.5 or value < 0.0:
        return 0.0
    return value


@equation
def min_max(value: float, low: float, high: float) -> float:
    """(v - low) / (high - low) held within 0..1; 0 where the range is empty (a constant layer)."""
    if value <= low or high <= low:
        return 0.0
    return 1.0 if value >= high else (value - low) / (high - low)


def highest(grades: NDArray[np.integer], missing: int) -> NDArray[np.int32]:
    """Cellwise maximum over criteria: grades (criteria, ...) -> (...). Liu et al. 2018
    (38(5):1650).

    A cell is missing only where every criterion is; 0 (not applicable) loses to any grade.
    """
    if np.shape(grades)[0] == 0:
        raise ValueError("at least one criterion is needed")
    stack = np.where(grades == missing, -1, grades)
    best = stack.max(axis=0)
    return np.where(best < 0, missing, best).astype(np.int32)
