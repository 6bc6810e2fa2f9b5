"""Habitat quality: how suitable land is, and how much the threats around it take away. InVEST.

Natural Capital Project, InVEST Habitat Quality (Sharp et al. 2020 user's guide); Xiao et al. 2018,
Acta Ecologica Sinica 38(3):909. Distances in m, everything else 0..1. NaN in, NaN out.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tianren.kernels import kernel
from tianren.science.equation import equation

Floats = NDArray[np.floating]
Decay = Callable[[float, float], float]


@equation
def linear_decay(distance: float, reach: float) -> float:
    """i = 1 - d / d_max, 0 beyond d_max; both m. InVEST eq. 1."""
    if distance >= reach:
        return 0.0
    return 1.0 - distance / reach


@equation
def exponential_decay(distance: float, reach: float) -> float:
    """i = exp(-2.99 d / d_max), 0 beyond d_max; both m. InVEST eq. 2."""
    if distance > reach:
        return 0.0
    return math.exp(-2.99 * distance / reach)


def decay_kernel(decay: Decay, reach: float, width: float, height: float) -> NDArray[np.float64]:
    """Influence i of a cell on those around it: odd rows and columns, the source in the middle.

    reach d_max, width and height of a cell in m. Its half size is `halo(reach, size)` each way.
    """
    rows, columns = halo(reach, height), halo(reach, width)
    offsets = [
        [decay(math.hypot(r * height, c * width), reach) for c in range(-columns, columns + 1)]
        for r in range(-rows, rows + 1)
    ]
    return np.array(offsets, dtype=np.float64)


def halo(reach: float, cell: float) -> int:
    """How many cells beyond its own a block must read to feel every threat within reach."""
    return math.floor(reach / cell)


def pressure(threat: Floats, influence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over source cells y of r_y i_xy, same shape as threat. InVEST eq. 3, inner sum.

    threat r 0..1, NaN counts as no threat; influence from decay_kernel. Cells outside the array
    count as no threat: read a block with its halo and cut the halo off. Sources are added row by
    row, so that a block gives the same bits as the whole.
    """
    sources = np.nan_to_num(np.asarray(threat, dtype=np.float64))
    total = np.zeros(sources.shape)
    _spread(sources, influence, total)
    return total


@kernel
def _spread(
    sources: NDArray[np.float64], influence: NDArray[np.float64], total: NDArray[np.float64]
) -> None:
    """Add the influence of every source to the cells around it."""
    rows, columns = sources.shape
    half_rows, half_columns = influence.shape[0] // 2, influence.shape[1] // 2
    for row in range(rows):
        for column in range(columns):
            strength = sources[row, column]
            if strength == 0.0:
                continue
            for r in range(max(0, row - half_rows), min(rows, row + half_rows + 1)):
                for c in range(
                    max(0, column - half_columns), min(columns, column + half_columns + 1)
                ):
                    total[r, c] += (
                        strength * influence[r - row + half_rows, c - column + half_columns]
                    )


def degradation(
    pressures: Sequence[Floats],
    sensitivities: Sequence[Floats],
    weights: Sequence[float],
    accessibility: Floats | float = 1.0,
) -> Floats:
    """D = sum over threats of (w_r / sum w) P_r beta S_jr. InVEST eq. 3.

    pressures P_r from `pressure`, sensitivities S_jr of the habitat of each cell to each threat,
    both one (rows, columns) array a threat; weights w_r; accessibility beta, 1 where anyone may go.
    """
    shares = np.asarray(weights, dtype=float) / math.fsum(weights)
    total = np.zeros(np.broadcast_shapes(np.shape(pressures[0]), np.shape(accessibility)))
    for share, felt, sensitivity in zip(shares, pressures, sensitivities, strict=True):
        total += share * np.asarray(felt) * np.asarray(sensitivity) * accessibility
    return total


@equation
def habitat_quality(suitability: float, degradation: float, half: float, exponent: float) -> float:
    """Q = H [1 - D^z / (D^z + k^z)] = H / [1 + (D/k)^z]. InVEST eq. 4; Xiao et al. 2018.

    H suitability 0..1, D degradation, k = `half` the degradation that halves quality, z =
    `exponent` (2.5).
    """
    if degradation <= 0.0:
        return suitability
    return suitability / (1.0 + math.pow(degradation / half, exponent))


@equation
def habitat_rarity(now: float, baseline: float) -> float:
    """R = 1 - N / N_baseline, the share of a habitat type that is gone; areas. InVEST eq. 5."""
    if baseline <= 0.0:
        return math.nan
    return 1.0 - now / baseline
