"""Minimum set with a boundary penalty over very many units, by a saddle point with proven bounds.

min over x in 0..1 of c.x + sum b_ij |x_i - x_j| with A x >= 1 is the saddle point over prices of
targets (lambda >= 0) and flows over borders (|p_ij| <= b_ij). Chambolle & Pock 2011, J. Math.
Imaging and Vision 40:120, with the steps of Pock & Chambolle 2011 (ICCV) and the restarts of
Applegate et al. 2021 (PDLP, NeurIPS). Any prices and flows prove a bound, so that an early stop
costs sharpness, never truth. Levels of x are rounded, repaired and improved unit by unit.
"""

import heapq
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.kernels import kernel
from tianren.science import choice_improve as improve
from tianren.science.choice import LOCKED_IN, LOCKED_OUT, Floats, Ints, Problem
from tianren.science.choice_improve import SLACK, Flags, apply, filled
from tianren.science.choice_model import scaled_amounts

STEPS = 100  # between looks at the bound
LOOKS = 200
ROUND_EVERY = 5  # looks between roundings
LEVELS = (0.25, 0.5, 0.75)
LAST_LEVELS = tuple(level / 20 for level in range(1, 20))
STILL = 0.02  # of the wanted gap: a bound that gains less between roundings stands still
PASSES = 10


@dataclass(frozen=True)
class Fenced:
    """A minimum-set problem with a border as arrays: features by units both ways, pairs of units.

    cost (units,) with the outer edge in it; fence (pairs,) what a border between the two costs.
    """

    cost: Floats
    by_unit: tuple[Ints, NDArray[np.int32], Floats]
    by_feature: tuple[Ints, NDArray[np.int32], Floats]
    first: Ints
    second: Ints
    fence: Floats
    need: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Found:
    """Chosen units (units,), the proven bound, why it stopped: "gap" or "nodes" (steps), and the
    least by which the bound grows without each unit (units,)."""

    chosen: Flags
    bound: float
    stopped: str
    prices: Floats


def fenced(problem: Problem, gap: float) -> Found:
    """The best answer found for a minimum set with a border, until it is within gap or stalls."""
    work = _fenced(problem)
    state = _State(work)
    best, before, close = np.zeros(len(work.cost), dtype=bool), -math.inf, False
    for look in range(1, LOOKS + 1):
        state.go_on()
        if look % ROUND_EVERY:
            continue
        still = state.best - before <= STILL * gap * abs(state.best)
        before = state.best
        levels = LAST_LEVELS if still or look == LOOKS else LEVELS
        answers = [_rounded(work, state.x, level) for level in levels]
        best = min([a for a in (best, *answers) if _meets(work, a)], key=lambda a: worth(work, a))
        close = worth(work, best) - state.best <= gap * worth(work, best)
        if close or levels is LAST_LEVELS:
            break
    return Found(best, state.best, "gap" if close else "nodes", state.prices)


def _meets(work: Fenced, chosen: Flags) -> bool:
    """Whether the locked units and every target are there: the first, empty answer may not be."""
    keeps = (chosen >= (work.low > 0.5)).all()
    return bool(keeps and (_held(work, chosen) >= work.need - SLACK).all())


def _held(work: Fenced, chosen: Flags) -> Floats:
    """Shares of targets in what is chosen."""
    rows = np.repeat(chosen, np.diff(work.by_unit[0]))
    held = np.bincount(work.by_unit[1][rows], work.by_unit[2][rows], len(work.need))
    return held.astype(np.float64)


def worth(work: Fenced, chosen: Flags) -> float:
    """Cost and fence of what is chosen."""
    cut = chosen[work.first] != chosen[work.second]
    return math.fsum(work.cost[chosen]) + math.fsum(work.fence[cut])


def _fenced(problem: Problem) -> Fenced:
    borders = problem.borders
    if borders is None:  # solve() only sends problems with borders here
        raise ValueError("a boundary penalty needs borders")
    table = scaled_amounts(problem)
    status = problem.status[:, 0]
    return Fenced(
        problem.cost[:, 0] + problem.penalty * problem.edge_factor * borders.edge,
        improve.column_form(table),
        improve.column_form(table.T),
        np.ascontiguousarray(borders.first, dtype=np.int64),
        np.ascontiguousarray(borders.second, dtype=np.int64),
        problem.penalty * borders.length,
        (problem.targets > 0).astype(np.float64),
        (status == LOCKED_IN).astype(np.float64),
        (status != LOCKED_OUT).astype(np.float64),
    )


class _State:
    """Where the saddle point search stands: x, prices and flows, and their averages."""

    def __init__(self, work: Fenced) -> None:
        n, m = len(work.cost), len(work.need)
        self.work = work
        self.x, self.price = np.clip(np.full(n, 0.5), work.low, work.high), np.zeros(m)
        self.flow = np.zeros(len(work.fence))
        degree = np.bincount(work.first, minlength=n) + np.bincount(work.second, minlength=n)
        weight = np.bincount(np.repeat(np.arange(n), np.diff(work.by_unit[0])), work.by_unit[2], n)
        full = np.bincount(work.by_unit[1], work.by_unit[2], m)
        # Rows of features are stretched until they pull a unit as hard as its borders do.
        stretch = max(degree.mean(), 1.0) / max(weight.mean(), 1e-300)
        scale = max(float(np.mean(work.cost)), 1e-300)
        self.primal = 1.0 / (scale * np.maximum(stretch * weight + degree, 1e-12))
        self.dual = scale * stretch / np.maximum(full, 1e-300)
        self.edge_step = scale / 2.0
        self.began = (self.x.copy(), self.price.copy(), self.flow.copy())
        self.balance, self.best, self.looks = 1.0, -math.inf, 0
        self.prices = np.zeros(n)

    def go_on(self) -> None:
        """Some steps; then the better of the last point and the average starts the next."""
        w = self.work
        mean = [np.zeros_like(v) for v in (self.x, self.price, self.flow)]
        walk(
            *w.by_unit, *w.by_feature, w.cost, w.first, w.second, w.fence, w.need, w.low, w.high,
            self.x, self.price, self.flow, *mean,
            self.primal / self.balance, self.dual * self.balance,
            self.edge_step * self.balance, STEPS * (1 + self.looks // 5),
        )  # fmt: skip
        self.looks += 1
        here = self._noted(self.price, self.flow)
        average = self._noted(mean[1], mean[2])
        if average > here:
            self.x, self.price, self.flow = mean[0], mean[1], mean[2]
        self._rebalance()

    def _noted(self, price: Floats, flow: Floats) -> float:
        """What prices and flows prove; the best is kept with the prices of units that it gives."""
        left = left_over(self.work, price, flow)
        found = proven_by(self.work, price, left)
        if found > self.best:
            self.best, self.prices = found, np.maximum(0.0, -left)
        return found

    def _rebalance(self) -> None:
        """Primal and dual steps sized by how far each side moved (PDLP's primal weight)."""
        scale = max(float(np.mean(self.work.cost)), 1e-300)
        moved_x = float(np.linalg.norm(self.x - self.began[0]))
        moved_p = float(np.linalg.norm(self.flow - self.began[2])) / scale
        moved_l = float(np.linalg.norm((self.price - self.began[1]) / np.sqrt(self.dual / scale)))
        if moved_x > 1e-9 and moved_p + moved_l > 1e-9:
            wanted = math.hypot(moved_p, moved_l / scale) / moved_x
            self.balance = math.exp(0.5 * math.log(self.balance) + 0.5 * math.log(wanted))
            self.balance = min(max(self.balance, 1e-3), 1e3)
        self.began = (self.x.copy(), self.price.copy(), self.flow.copy())


def left_over(work: Fenced, price: Floats, flow: Floats) -> Floats:
    """(units,) cost less what its features are paid, and the flow over its borders."""
    n = len(work.cost)
    rows = np.repeat(np.arange(n), np.diff(work.by_unit[0]))
    paid = np.bincount(rows, work.by_unit[2] * price[work.by_unit[1]], n)
    out = np.bincount(work.first, flow, n) - np.bincount(work.second, flow, n)
    return np.asarray(work.cost - paid + out)


def proven_by(work: Fenced, price: Floats, left: Floats) -> float:
    """What prices >= 0 and flows within the fences prove: no answer costs less."""
    least = np.where(left > 0, left * work.low, left * work.high)
    return math.fsum(price * work.need) + math.fsum(least)


@kernel
def walk(
    unit_start: Ints,
    unit_index: NDArray[np.int32],
    unit_amount: Floats,
    feature_start: Ints,
    feature_index: NDArray[np.int32],
    feature_amount: Floats,
    cost: Floats,
    first: Ints,
    second: Ints,
    fence: Floats,
    need: Floats,
    low: Floats,
    high: Floats,
    x: Floats,
    price: Floats,
    flow: Floats,
    mean_x: Floats,
    mean_price: Floats,
    mean_flow: Floats,
    primal: Floats,
    dual: Floats,
    edge_step: float,
    steps: int,
) -> None:
    """Steps of the saddle point search; x, price and flow are moved, their means are filled."""
    n, m = cost.size, need.size
    pull, ahead = np.zeros(n), np.zeros(n)
    for _ in range(steps):
        pull[:] = cost
        for e in range(fence.size):
            pull[first[e]] += flow[e]
            pull[second[e]] -= flow[e]
        for i in range(n):
            paid = 0.0
            for k in range(unit_start[i], unit_start[i + 1]):
                paid += unit_amount[k] * price[unit_index[k]]
            new = x[i] - primal[i] * (pull[i] - paid)
            new = min(max(new, low[i]), high[i])
            ahead[i] = 2.0 * new - x[i]
            x[i] = new
            mean_x[i] += new / steps
        for f in range(m):
            has = 0.0
            for k in range(feature_start[f], feature_start[f + 1]):
                has += feature_amount[k] * ahead[feature_index[k]]
            price[f] = max(0.0, price[f] + dual[f] * (need[f] - has)) if need[f] > 0.0 else 0.0
            mean_price[f] += price[f] / steps
        for e in range(fence.size):
            new = flow[e] + edge_step * (ahead[first[e]] - ahead[second[e]])
            flow[e] = min(max(new, -fence[e]), fence[e])
            mean_flow[e] += flow[e] / steps


def _rounded(work: Fenced, x: Floats, level: float) -> Flags:
    """The answer from one level of x, repaired and improved."""
    chosen = ((x > level) | (work.low > 0.5)) & (work.high > 0.5)
    held, free = _held(work, chosen), work.low < work.high
    near = _neighbours_of(work)
    rest: tuple[Any, ...] = (*work.by_unit, *near, work.cost, work.need, free, chosen, held)
    meet_with_fence(*rest)
    for _ in range(PASSES):
        if not flip_for_less(*rest):
            break
    return chosen


def _neighbours_of(work: Fenced) -> tuple[Ints, Ints, Floats]:
    """start, neighbour, fence: the pairs from each unit's side."""
    n = len(work.cost)
    here = np.concatenate([work.first, work.second])
    there = np.concatenate([work.second, work.first])
    order = np.argsort(here, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(here, minlength=n))])
    fences = np.concatenate([work.fence, work.fence])
    return start.astype(np.int64), there[order], fences[order]


@kernel
def _fence_change(near_start: Ints, near: Ints, fence: Floats, chosen: Flags, u: int) -> float:
    """What the fence grows by when unit u joins those chosen."""
    change = 0.0
    for k in range(near_start[u], near_start[u + 1]):
        change += -fence[k] if chosen[near[k]] else fence[k]
    return change


@kernel
def meet_with_fence(
    start: Ints,
    index: NDArray[np.int32],
    amount: Floats,
    near_start: Ints,
    near: Ints,
    fence: Floats,
    cost: Floats,
    need: Floats,
    free: Flags,
    chosen: Flags,
    held: Floats,
) -> None:
    """Meet every need, each time by the unit that fills most per cost and fence."""
    small = cost.mean() * 1e-3
    heap = [(-np.inf, u) for u in range(cost.size) if free[u] and not chosen[u]]
    while len(heap) > 0 and (need - held).max() > SLACK:
        _, u = heapq.heappop(heap)
        if chosen[u]:
            continue
        gain = filled(start, index, amount, need, held, u)
        if gain <= 0.0:
            continue
        price = cost[u] + _fence_change(near_start, near, fence, chosen, u)
        rate = gain / max(price, small)
        if len(heap) > 0 and -rate > heap[0][0] * (1.0 - 1e-9):
            heapq.heappush(heap, (-rate, u))
            continue
        chosen[u] = True
        apply(start, index, amount, held, u, 1.0)
        for k in range(near_start[u], near_start[u + 1]):  # a neighbour has become cheaper
            if free[near[k]] and not chosen[near[k]]:
                heapq.heappush(heap, (-np.inf, near[k]))


@kernel
def flip_for_less(
    start: Ints,
    index: NDArray[np.int32],
    amount: Floats,
    near_start: Ints,
    near: Ints,
    fence: Floats,
    cost: Floats,
    need: Floats,
    free: Flags,
    chosen: Flags,
    held: Floats,
) -> int:
    """Take in what pays for itself in fence, leave out what is not needed; dearest first."""
    flipped = 0
    price = np.zeros(cost.size)
    for u in range(cost.size):
        price[u] = cost[u] + _fence_change(near_start, near, fence, chosen, u)
    for u in np.argsort(-price):
        if not free[u]:
            continue
        now = cost[u] + _fence_change(near_start, near, fence, chosen, u)
        if chosen[u] and now > 1e-12:
            spare = True
            for k in range(start[u], start[u + 1]):
                if held[index[k]] - amount[k] < need[index[k]] - SLACK:
                    spare = False
                    break
            if spare:
                chosen[u] = False
                flipped += 1
                apply(start, index, amount, held, u, -1.0)
        elif not chosen[u] and now < -1e-12:
            chosen[u] = True
            flipped += 1
            apply(start, index, amount, held, u, 1.0)
    return flipped
