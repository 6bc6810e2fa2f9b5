"""Random points as a sample of an area: how many see violating land of a given share.

A_h areas of strata, n_h points in each, drawn independently and uniformly; there is no end of
points, so that the binomial law holds.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

from tianren.science.sampling import (
    Share,
    allocate,
    first_that,
    require_confidence,
    violations_at,
)
from tianren.science.sampling_estimates import clopper_pearson, root


def missed_all_points(areas: Sequence[float], visits: Sequence[int], share: float) -> float:
    """max of the product of (1 - a_h / A_h)^n_h over violating areas a_h that are together `share`
    of all: at most so likely no point drawn falls into them, wherever they lie.

    At the maximum A_h - a_h = n_h / L wherever there is violating area (Lagrange multipliers). With
    n_h in proportion to A_h it is (1 - share)^n, the binomial law.
    """
    clean = (1.0 - share) * math.fsum(areas)
    if clean <= 0.0 and any(visits):
        return 0.0
    order = sorted(range(len(areas)), key=lambda h: visits[h] / areas[h])
    for filled in range(1, len(order) + 1):
        inside, outside = order[:filled], order[filled:]
        left = clean - math.fsum(areas[h] for h in outside)
        drawn = sum(visits[h] for h in inside)
        if left <= 0.0:
            continue
        level = drawn / left
        if filled == len(order) or level <= visits[order[filled]] / areas[order[filled]]:
            logs = (visits[h] * math.log(visits[h] / (level * areas[h])) for h in inside
                    if visits[h] > 0)  # fmt: skip
            return min(math.exp(math.fsum(logs)), 1.0)
    return 0.0


def points_needed(areas: Sequence[float], share: float, confidence: Share) -> int:
    """The fewest points, allocated by area, of which one falls into violating land that is `share`
    of all, at least with the confidence, wherever that lies."""
    wanted = float(1 - require_confidence(confidence))
    violations_at(1, share)  # which refuses what is no share
    least = len(areas)

    def enough(total: int) -> bool:
        visits = allocate(total, [total] * least, areas)
        return missed_all_points(areas, visits, share) <= wanted * (1 + 1e-12)

    most = 2 * least
    while not enough(most):
        most *= 2
    return first_that(enough, least, most)


def excluded_share(areas: Sequence[float], visits: Sequence[int], confidence: Share) -> float:
    """The share of violating land from which on it is excluded where no point fell into any: the
    least that is missed with at most 1 - confidence, wherever it lies. One-sided; with n_h in
    proportion to A_h it is 1 - (1 - confidence)^(1 / n)."""
    rest = float(1 - require_confidence(confidence))
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if missed_all_points(areas, visits, middle) <= rest:
            high = middle
        else:
            low = middle
    return high


def area_rate(areas: Sequence[float], visits: Sequence[int], seen: Sequence[int]) -> float:
    """p = sum(A_h k_h / n_h) / sum(A_h), 0..1: the share of violating land. Cochran 1977, section
    5.3. NaN where a stratum has no point."""
    if 0 in visits:
        return math.nan
    parts = (A * k / n for A, n, k in zip(areas, visits, seen, strict=True))
    return math.fsum(parts) / math.fsum(areas)


def area_bounds(
    areas: Sequence[float], visits: Sequence[int], seen: Sequence[int], confidence: Share
) -> tuple[float, float]:
    """The least and the largest share of violating land: the means by area of each stratum's
    Clopper-Pearson bounds at confidence^(1 / number of strata). Sidak 1967, Journal of the American
    Statistical Association 62:626."""
    each: Fraction = root(require_confidence(confidence), len(areas))
    found = [clopper_pearson(n, k, each) for n, k in zip(visits, seen, strict=True)]
    total = math.fsum(areas)
    low = math.fsum(A * one for A, (one, _) in zip(areas, found, strict=True)) / total
    return low, math.fsum(A * one for A, (_, one) in zip(areas, found, strict=True)) / total
