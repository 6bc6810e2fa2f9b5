"""Corridors between the parts of the line: found, measured and judged. Science 5 (8) and 13."""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tianren.language import say
from tianren.parameters import Parameters
from tianren.science.connectivity import Connectivity, connectivity, graph, probability
from tianren.science.corridors import (
    Reach,
    Surface,
    Window,
    common,
    cost_surface,
    reach,
    widened,
)
from tianren.science.current import flow
from tianren.science.equation import equation
from tianren.science.paths import Link, link_path, links, narrowest, path_length, swath

Cells = NDArray[np.float64]
Numbers = NDArray[np.int32]
Mask = NDArray[np.bool_]
Progress = Callable[[str], None]

TELL_EVERY = 20  # corridors
AS_STRONG = 1e-6  # share of a current that is not told apart: 100 times the solver's tolerance


@dataclass(frozen=True)
class Rules:
    """What decides about corridors; m, m2 and shares, as the parameters `corridors.*`."""

    minimum_core_area: float
    swath_tolerance: float
    current_tolerance: float
    accepted_cost: float
    minimum_width: float
    half_distance: float


def rules(parameters: Parameters) -> Rules:
    """The parameters in force."""
    return Rules(
        parameters.number("corridors.minimum_core_area"),
        parameters.number("corridors.swath_tolerance"),
        parameters.number("corridors.current_tolerance"),
        parameters.number("corridors.accepted_cost"),
        parameters.number("corridors.minimum_width"),
        parameters.number("corridors.half_distance"),
    )


@equation
def resistance(
    quality: float, pressure: float, least: float, largest: float, curve: float
) -> float:
    """R = largest - (largest - least) (1 - e^(-c h)) / (1 - e^(-c)), h = quality (1 - pressure).

    quality and pressure 0..1. Keeley, Beier & Gagnon 2016, Landscape Ecology 31:2151; that human
    pressure takes its share off the quality of the habitat is a choice.
    """
    h = quality * (1.0 - pressure)
    if abs(curve) < 1e-9:
        return largest - (largest - least) * h
    return largest - (largest - least) * math.expm1(-curve * h) / math.expm1(-curve)


def cores(inside: Mask, least_cells: int) -> tuple[Numbers, int]:
    """The 4-connected parts of the line with at least so many cells, the largest first, from 1;
    and how many smaller parts there are. Ties in row-major order of their first cells."""
    from scipy.ndimage import label

    parts, count = label(inside)
    sizes = np.bincount(parts.reshape(-1), minlength=count + 1)
    sizes[0] = 0
    order = np.argsort(-sizes, kind="stable")
    kept = order[sizes[order] >= max(least_cells, 1)]
    number = np.zeros(count + 1, dtype=np.int32)
    number[kept] = np.arange(1, kept.size + 1)
    return number[parts], int(count - kept.size)


@dataclass(frozen=True)
class Corridor:
    """One way between two neighbouring cores, a < b by their numbers (1 is the largest).

    length m and cost (resistance x m) of the least-cost path, mean resistance over it, width m at
    the narrowest of the swath, pinch: largest share of the current that one cell outside the
    cores carries, at pinch_at (row, column); dpc: percent of the connectivity that goes with
    the corridor. path: (n, 2) rows and columns; swath: flags of a window of the grid.
    accepted, and the reason in words. rise: degC, NaN where no temperature is given.
    """

    id: int
    a: int
    b: int
    length: float
    cost: float
    width: float
    pinch: float
    pinch_at: tuple[int, int]
    path: NDArray[np.int64]
    window: Window
    swath: Mask
    dpc: float = 0.0
    accepted: bool = False
    reason: str = ""
    rise: float = float("nan")

    @property
    def mean_resistance(self) -> float:
        return self.cost / self.length


@dataclass(frozen=True)
class Web:
    """Cores and all corridors between neighbours.

    cost: least cost to a core; current: sum over the corridors of one ampere each; pinch: the
    largest share of a corridor's current in each cell of its swath, NaN outside swaths.
    connectivity: of the cores joined by all corridors, in which a way that costs half_cost (what
    `half_distance` costs over land of the resistance that corridors usually meet) is taken with a
    probability of one half.
    """

    cores: Numbers
    areas: Cells  # m2
    surface: Surface
    corridors: tuple[Corridor, ...]
    current: Cells
    pinch: Cells
    connectivity: Connectivity
    half_cost: float


def weave(
    resistance: NDArray[np.floating],
    cores: Numbers,
    cell: float,
    rule: Rules,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Web:
    """Find, measure and judge the corridors between neighbouring cores.

    resistance (rows, columns) > 0, NaN where nothing passes (in a core: the least there is);
    cores: from `cores`; cell: side of a cell, m. The same whatever the number of workers (threads;
    by default as many as processors). progress: told how far it is.
    """
    passable = _through_cores(resistance, cores)
    size = (cell, cell)
    surface = cost_surface(passable, cores, size)
    found = links(surface, passable, size)
    current = np.zeros(cores.shape)
    pinch = np.full(cores.shape, np.nan)
    measured = []
    with ThreadPoolExecutor(workers or os.cpu_count()) as threads:
        reaches = _reaches(found, passable, cores, size, rule, threads)

        def work(numbered: tuple[int, Link]) -> tuple[Corridor, Cells, Cells]:
            return _measured(*numbered, passable, cores, surface, reaches, cell, rule)

        made = threads.map(work, enumerate(found, start=1))
        for corridor, wide, narrow in _told(made, len(found), progress):
            current[corridor.window] += wide
            part = pinch[corridor.window]
            np.fmax(part, narrow, out=part)
            measured.append(corridor)
    counts = np.bincount(cores.reshape(-1), minlength=int(cores.max(initial=0)) + 1)[1:]
    areas = counts.astype(np.float64) * cell**2
    half = rule.half_distance * _usual_resistance(measured)
    held = joined_by(measured, areas, half)
    shares = held.link.tolist()
    judged = [replace(c, dpc=d) for c, d in zip(_judged(measured, rule), shares, strict=True)]
    return Web(cores, areas, surface, tuple(judged), current, pinch, held, half)


Measured = tuple[Corridor, Cells, Cells]


def _told(made: Iterable[Measured], total: int, progress: Progress | None) -> Iterator[Measured]:
    """The same, saying now and then how many there are."""
    for n, one in enumerate(made, start=1):
        yield one
        if progress and (n % TELL_EVERY == 0 or n == total):
            progress(say("corridors: {n} of {total}", n=n, total=total))


def _reaches(
    found: Sequence[Link],
    resistance: Cells,
    cores: Numbers,
    size: tuple[float, float],
    rule: Rules,
    threads: ThreadPoolExecutor,
) -> dict[int, Reach]:
    """What each linked core reaches for the cost of the widest corridor to a neighbour."""
    from scipy.ndimage import find_objects

    homes = find_objects(cores)
    limits: dict[int, float] = {}
    for link in found:
        for core in (link.a, link.b):
            limits[core] = max(limits.get(core, 0.0), link.cost * (1 + _widest(rule) + 1e-9))

    def work(core: int) -> Reach:
        rows, columns = homes[core - 1]
        return reach(resistance, cores, core, (rows, columns), size, limit=limits[core])

    return dict(zip(limits, threads.map(work, limits), strict=True))


def _widest(rule: Rules) -> float:
    return max(rule.current_tolerance, rule.swath_tolerance)


def _through_cores(resistance: NDArray[np.floating], cores: Numbers) -> Cells:
    """A core without data resists as little as the best land."""
    cells = np.array(resistance, dtype=np.float64)
    least = np.nanmin(cells) if np.isfinite(cells).any() else 1.0
    cells[(cores > 0) & np.isnan(cells)] = least
    return cells


def _measured(
    id: int,
    link: Link,
    resistance: Cells,
    cores: Numbers,
    surface: Surface,
    reaches: dict[int, Reach],
    cell: float,
    rule: Rules,
) -> tuple[Corridor, Cells, Cells]:
    """The corridor of one link, its current in the wider land and in its own swath."""
    size = (cell, cell)
    one, other = reaches[link.a], reaches[link.b]
    window = _around(one, other, link, cores, rule)
    one_cost, other_cost = one.over(window), other.over(window)
    land = swath(one_cost, other_cost, link.cost, _widest(rule))
    own, r = cores[window], resistance[window]
    a, b = own == link.a, own == link.b
    path = link_path(surface, resistance, link, size)
    narrow = swath(one_cost, other_cost, link.cost, rule.swath_tolerance)
    narrow = (narrow | _elbows(path, resistance, window)) & ~a & ~b
    all_current = flow(np.where(land | a | b, r, np.nan), a, b).current
    squeezed = flow(np.where(narrow | a | b, r, np.nan), a, b).current
    squeezed[~narrow] = np.nan
    all_current[a | b] = 0.0
    strongest, at = _strongest(squeezed, window)
    corridor = Corridor(
        id, link.a, link.b, path_length(path, size), link.cost,
        narrowest(narrow, a, b, cell), strongest, at, path, window, narrow,
    )  # fmt: skip
    return corridor, all_current, squeezed


def _elbows(path: NDArray[np.int64], resistance: Cells, window: Window) -> Mask:
    """Cells that make every diagonal step of a path pass by a side: of the two, the easier one.

    The line holds together by the sides of cells; without them a corridor could end at a corner.
    """
    rows, columns = window
    found = np.zeros((rows.stop - rows.start, columns.stop - columns.start), dtype=bool)
    for (r, c), (p, q) in pairwise(path.tolist()):
        if r != p and c != q:
            beside = [(np.nan_to_num(resistance[at], nan=np.inf), at) for at in ((r, q), (p, c))]
            least, at = min(beside)
            if rows.start <= at[0] < rows.stop and columns.start <= at[1] < columns.stop:
                found[at[0] - rows.start, at[1] - columns.start] = np.isfinite(least)
    return found


def _around(one: Reach, other: Reach, link: Link, cores: Numbers, rule: Rules) -> Window:
    """The rows and columns of the land between two cores, and one more on each side.

    A way that both cores reach within the corridor's cost lies where their windows overlap.
    """
    places = [np.array(link.crossing)]  # cores that touch by a corner have no land between them
    box = common(one.window, other.window)
    if box:
        land = swath(one.over(box), other.over(box), link.cost, _widest(rule))
        land &= (cores[box] != link.a) & (cores[box] != link.b)
        places.append(np.argwhere(land) + np.array([box[0].start, box[1].start]))
    every = np.concatenate(places)
    (top, left), (bottom, right) = every.min(axis=0).tolist(), every.max(axis=0).tolist()
    return widened((slice(top, bottom + 1), slice(left, right + 1)), 1, cores.shape)


def _strongest(current: Cells, window: Window) -> tuple[float, tuple[int, int]]:
    """The largest current and its cell in the grid; 0 where the corridor has no cell.

    In a neck one cell after the other carries all of it, and rounding would choose between them:
    it is the first in row-major order.
    """
    if not np.isfinite(current).any():
        return 0.0, (window[0].start, window[1].start)
    value = float(np.nanmax(current))
    row, column = np.argwhere(current >= value * (1 - AS_STRONG))[0]
    return value, (int(row) + window[0].start, int(column) + window[1].start)


def _judged(found: Sequence[Corridor], rule: Rules) -> list[Corridor]:
    """Accepted when no dearer than k times the median and no narrower than the least width."""
    if not found:
        return []
    median = float(np.median([c.cost for c in found]))
    dearest = rule.accepted_cost * median
    return [_judge(c, dearest, median, rule) for c in found]


def _judge(corridor: Corridor, dearest: float, median: float, rule: Rules) -> Corridor:
    faults = []
    times = corridor.cost / median if median else 1.0
    if corridor.cost > dearest:
        faults.append(
            say(
                "it costs {times} times the median, more than {limit}",
                times=f"{times:.2f}",
                limit=f"{rule.accepted_cost:g}",
            )
        )
    if corridor.width < rule.minimum_width:
        faults.append(
            say(
                "it is {width} m wide at its narrowest, less than {limit} m",
                width=f"{corridor.width:,.0f}",
                limit=f"{rule.minimum_width:,.0f}",
            )
        )
    good = say(
        "it costs {times} times the median and is at least {width} m wide",
        times=f"{times:.2f}",
        width=f"{corridor.width:,.0f}",
    )
    return replace(corridor, accepted=not faults, reason="; ".join(faults) or good)


def _usual_resistance(found: Sequence[Corridor]) -> float:
    """The median over the corridors of their mean resistance; 1 where there is none."""
    return float(np.median([c.mean_resistance for c in found])) if found else 1.0


def joined_by(found: Sequence[Corridor], areas: Cells, half_cost: float) -> Connectivity:
    """The probability of connectivity of the cores when these corridors are open.

    A way is taken with probability 1/2 when it costs `half_cost`, less when it costs more.
    """
    p = np.array([max(probability(c.cost, half_cost), 1e-300) for c in found])
    a, b = (np.array([getattr(c, end) - 1 for c in found], dtype=np.int64) for end in "ab")
    return connectivity(graph(areas.size, a, b, p), areas)


def accepted_cells(found: Sequence[Corridor], shape: tuple[int, int]) -> Numbers:
    """The number of the accepted corridor in each cell, 0 elsewhere; where swaths overlap, the
    lower number."""
    cells = np.zeros(shape, dtype=np.int32)
    for corridor in reversed(found):
        if corridor.accepted:
            cells[corridor.window][corridor.swath] = corridor.id
    return cells


def groups(count: int, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Cores 1..count that the pairs join, the group with the lowest core first."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2) - 1
    ones = csr_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    _, group = connected_components(ones, directed=False)
    found: dict[int, list[int]] = {}
    for core, of in enumerate(group.tolist(), start=1):
        found.setdefault(of, []).append(core)
    return sorted(found.values())
