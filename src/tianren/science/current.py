"""Circuit theory of connectivity: a landscape as a grid of resistors, movement as its current.

McRae, Dickson, Keitt & Shah 2008, Ecology 89:2712. Two neighbouring cells are joined by the
conductance 1 / (mean of their resistances x distance in cells). Where current squeezes through few
cells lies a pinch point.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tianren.kernels import kernel
from tianren.science.corridors import check_resistance
from tianren.science.multigrid import MOVES, Cells, Network, solve

Mask = NDArray[np.bool_]

TOLERANCE = 1e-8  # of the residual


@dataclass(frozen=True)
class Flow:
    """One ampere through a landscape, all arrays (rows, columns).

    current: A through each cell, 0 where none comes; voltage: V, NaN where no current can come;
    resistance: effective, ohm (inf: not connected); residual and iterations of the solution;
    imbalance: |current out of the sources - current into the grounds|, A (Kirchhoff).
    """

    current: Cells
    voltage: Cells
    resistance: float
    residual: float = 0.0
    iterations: int = 0
    imbalance: float = 0.0


def flow(
    resistance: NDArray[np.floating],
    sources: Mask,
    grounds: Mask,
    *,
    neighbours: int = 8,
    tolerance: float = TOLERANCE,
) -> Flow:
    """One ampere from the source cells to the ground cells, each set short-circuited.

    resistance > 0, NaN where nothing passes. Pairwise: one core to another; one to all: one core
    to all others. Raises UserError for a resistance of zero or less. Unconnected sources and
    grounds are no error: no current, infinite resistance.
    """
    check_resistance(resistance)
    values = np.pad(np.asarray(resistance, dtype=np.float64), 1, constant_values=np.nan)
    passable = np.isfinite(values)
    source, ground = (np.pad(np.asarray(m), 1) & passable for m in (sources, grounds))
    inside = _reached(passable, source, neighbours) & _reached(passable, ground, neighbours)
    if not (inside & source).any() or not (inside & ground).any():
        return _none(resistance.shape)
    edges = _conductances(np.where(inside, values, np.nan), neighbours)
    voltage = np.where(source, 1.0, 0.0)
    fixed = (source | ground) & inside
    network, known = _unknowns(edges, fixed, voltage)
    solution = solve(network, known, tolerance)
    voltage = np.where(fixed, voltage, solution.values)
    return _flow(edges, voltage, inside, source, ground, solution.residual, solution.iterations)


def _none(shape: tuple[int, ...]) -> Flow:
    return Flow(np.zeros(shape), np.full(shape, np.nan), np.inf)


def _reached(passable: Mask, start: Mask, neighbours: int) -> Mask:
    """Cells joined to the start."""
    from scipy.ndimage import label

    structure = np.ones((3, 3)) if neighbours == 8 else None
    parts, _ = label(passable, structure=structure)
    joined = np.unique(parts[start])
    found: Mask = np.isin(parts, joined[joined > 0])
    return found


def _conductances(resistance: Cells, neighbours: int) -> tuple[Cells, Cells, Cells, Cells]:
    """East, south, southeast and southwest of each cell of a padded grid; 0 at barriers."""
    east, south, southeast, southwest = (np.zeros_like(resistance) for _ in range(4))
    r = resistance
    east[:, :-1] = 2.0 / (r[:, :-1] + r[:, 1:])
    south[:-1] = 2.0 / (r[:-1] + r[1:])
    if neighbours == 8:
        southeast[:-1, :-1] = np.sqrt(2.0) / (r[:-1, :-1] + r[1:, 1:])
        southwest[:-1, 1:] = np.sqrt(2.0) / (r[:-1, 1:] + r[1:, :-1])
    for edge in (east, south, southeast, southwest):
        edge[np.isnan(edge)] = 0.0
    return east, south, southeast, southwest


def _ends(edge: Cells, move: tuple[int, int]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where the edges of one kind begin and where they end, as slices of a padded grid."""
    rows, columns = edge.shape
    r, c = move
    begin = (slice(0, rows - r), slice(max(0, -c), columns - max(0, c)))
    end = (slice(r, rows), slice(max(0, c), columns - max(0, -c)))
    return begin, end


def _unknowns(
    edges: tuple[Cells, Cells, Cells, Cells], fixed: Mask, voltage: Cells
) -> tuple[Network, Cells]:
    """The network of the cells whose voltage is not known, and the current that enters them."""
    total, known = np.zeros_like(voltage), np.zeros_like(voltage)
    kept = []
    for edge, move in zip(edges, MOVES, strict=True):
        begin, end = _ends(edge, move)
        g = edge[begin]
        total[begin] += g
        total[end] += g
        known[begin] += np.where(fixed[end], g * voltage[end], 0.0)
        known[end] += np.where(fixed[begin], g * voltage[begin], 0.0)
        free = np.zeros_like(edge)
        free[begin] = np.where(fixed[begin] | fixed[end], 0.0, g)
        kept.append(free)
    total[fixed] = 0.0
    known[fixed] = 0.0
    return Network(kept[0], kept[1], kept[2], kept[3], total), known


def _flow(
    edges: tuple[Cells, Cells, Cells, Cells],
    voltage: Cells,
    inside: Mask,
    source: Mask,
    ground: Mask,
    residual: float,
    iterations: int,
) -> Flow:
    """Currents from voltages, scaled to one ampere out of the sources."""
    gone, come = np.zeros_like(voltage), np.zeros_like(voltage)
    for edge, (down, right) in zip(edges, MOVES, strict=True):
        _currents(edge, down, right, voltage, come, gone)
    sent = float(gone[source].sum() - come[source].sum())
    taken = float(come[ground].sum() - gone[ground].sum())
    cut = (slice(1, -1), slice(1, -1))
    return Flow(
        np.maximum(come, gone)[cut] / sent,
        np.where(inside, voltage / sent, np.nan)[cut],
        1.0 / sent,
        residual,
        iterations,
        abs(sent - taken) / sent,
    )


@kernel
def _currents(edge: Cells, down: int, right: int, voltage: Cells, come: Cells, gone: Cells) -> None:
    """Add the current over one kind of edges to what comes into and goes out of every cell."""
    rows, columns = voltage.shape
    for i in range(1, rows - 1):
        for j in range(1, columns - 1):
            flowing = edge[i, j] * (voltage[i, j] - voltage[i + down, j + right])
            if flowing > 0.0:
                gone[i, j] += flowing
                come[i + down, j + right] += flowing
            else:
                come[i, j] -= flowing
                gone[i + down, j + right] -= flowing
