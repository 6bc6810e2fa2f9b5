"""Corridors by which species can follow the climate: from warm to cool, never far back up.

McGuire et al. 2016, PNAS 113:7195 (from patch to cooler patch); Nunez et al. 2013, Conservation
Biology 27:407 (corridors along temperature gradients). Temperatures in degC.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.floating]


def core_temperatures(temperature: Cells, cores: NDArray[np.int32]) -> NDArray[np.float64]:
    """Mean temperature of each core 1..n, NaN where no cell of it has one."""
    known = (cores > 0) & ~np.isnan(temperature)
    n = int(cores.max(initial=0)) + 1
    sums = np.bincount(cores[known], weights=temperature[known].astype(float), minlength=n)
    counts = np.bincount(cores[known], minlength=n)
    mean: NDArray[np.float64] = np.divide(sums, counts, out=np.full(n, np.nan), where=counts > 0)
    return mean[1:]


def rise(temperatures: Sequence[float] | Cells) -> float:
    """How far a way from warm to cool leads back up: the largest rise above its coolest so far.

    temperatures along the way in its direction; cells without one are stepped over; NaN when none
    has one.
    """
    known = np.asarray(temperatures, dtype=float)
    known = known[~np.isnan(known)]
    if known.size == 0:
        return float("nan")
    return float((known - np.minimum.accumulate(known)).max())


@dataclass(frozen=True)
class Escape:
    """coolest: degC, the coolest core that a core reaches; through: that core; gain: degC."""

    coolest: float
    through: int
    gain: float


def escapes(
    temperatures: NDArray[np.float64], ways: Sequence[tuple[int, int]]
) -> list[Escape | None]:
    """The coolest core that each core reaches by ways that lead from core to cooler core.

    ways: pairs of cores (from 1) whose corridor keeps to the gradient; None for a core without a
    temperature. Ties go to the lower number.
    """
    n = temperatures.size
    best = [(t, core) for core, t in enumerate(temperatures.tolist(), start=1)]
    neighbours: dict[int, list[int]] = {core: [] for core in range(1, n + 1)}
    for a, b in ways:
        neighbours[a].append(b)
        neighbours[b].append(a)
    for i in np.argsort(temperatures, kind="stable").tolist():
        for other in neighbours[i + 1]:
            if temperatures[other - 1] < temperatures[i]:
                best[i] = min(best[i], best[other - 1])
    return [
        None if np.isnan(own) else Escape(coolest, core, own - coolest)
        for own, (coolest, core) in zip(temperatures.tolist(), best, strict=True)
    ]
