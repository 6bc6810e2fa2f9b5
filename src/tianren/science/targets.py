"""How much of a species' range or of an ecosystem type should be protected.

Rodrigues et al. 2004, BioScience 54:1092; Butchart et al. 2015, Conservation Letters 8:329; Jetz
et al. 2022, Nature Ecology & Evolution 6:123. Areas in m2, targets as shares 0..1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tianren.parameters import Parameters
from tianren.science.equation import equation

Floats = NDArray[np.float64]


@equation
def loglinear_share(area: float, small: float, large: float, least: float) -> float:
    """All of a range up to `small`, the share `least` from `large` on, linear in log(area) between.

    t = 1 + (least - 1) (log r - log small) / (log large - log small). Rodrigues et al. 2004.
    """
    if area <= small:
        return 1.0
    if area >= large:
        return least
    return 1.0 + (least - 1.0) * math.log(area / small) / math.log(large / small)


@equation
def capped_share(share: float, area: float, cap: float) -> float:
    """The share with the target area held to `cap`. Butchart et al. 2015."""
    if share * area > cap:
        return cap / area
    return share


@equation
def species_protection_score(held: float, target: float) -> float:
    """SPS = min(100, 100 held / target), both shares of the range. Jetz et al. 2022."""
    if target <= 0.0 or held >= target:
        return 100.0
    return 100.0 * held / target


@dataclass(frozen=True)
class LogLinear:
    """A log-linear rule: limits and cap in m2, the least share 0..1."""

    small: float
    large: float
    least: float
    cap: float = math.inf


def rodrigues_rule(parameters: Parameters) -> LogLinear:
    """The rule of Rodrigues et al. 2004 with the cap of Butchart et al. 2015."""
    return LogLinear(
        parameters.number("gaps.small_range"),
        parameters.number("gaps.large_range"),
        float(parameters.share("gaps.large_range_share")),
        parameters.number("gaps.target_cap"),
    )


def spi_rule(parameters: Parameters) -> LogLinear:
    """The rule of the Species Protection Index, Jetz et al. 2022."""
    return LogLinear(
        parameters.number("gaps.spi_small_range"),
        parameters.number("gaps.spi_large_range"),
        float(parameters.share("gaps.spi_large_range_share")),
    )


def loglinear_target(area: ArrayLike, rule: LogLinear) -> Any:
    """Target share of ranges by their area in m2, with the rule's cap; a number or an array."""
    areas: Any = np.asarray(area, dtype=float)
    areas = areas if areas.ndim else float(areas)
    share = loglinear_share(areas, rule.small, rule.large, rule.least)
    return capped_share(share, areas, rule.cap)


RULES = ("loglinear", "spi", "flat")


def species_target(area: ArrayLike, rule: str, parameters: Parameters) -> Any:
    """Target share of ranges by one of RULES; area: of the whole range, m2."""
    if rule == "flat":
        return np.full(np.shape(area), float(parameters.share("gaps.flat_share")))
    return loglinear_target(area, (spi_rule if rule == "spi" else rodrigues_rule)(parameters))


def spi(scores: ArrayLike, stewardship: ArrayLike) -> float:
    """SPI = sum(w SPS) / sum(w); w the share of each species' whole range that is in the country.

    Jetz et al. 2022. NaN where no species has a weight.
    """
    weights = np.asarray(stewardship, dtype=float)
    total = math.fsum(weights)
    return math.fsum(weights * np.asarray(scores, dtype=float)) / total if total else math.nan


def ecosystem_target(areas: ArrayLike, categories: Sequence[str], parameters: Parameters) -> Floats:
    """Target share of ecosystem types: flat, more where red-listed, all where the type is small.

    areas m2; categories: of the Red List of Ecosystems, "" where none is known.
    """
    flat = float(parameters.share("gaps.ecosystem_share"))
    uplift = parameters.table("gaps.ecosystem_uplift")
    shares = np.array([min(1.0, flat + uplift.get(c, 0.0)) for c in categories])
    small = np.asarray(areas, dtype=float) < parameters.number("gaps.small_ecosystem")
    return np.where(small, 1.0, shares)
