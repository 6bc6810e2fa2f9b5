"""Which graded but unprotected land would make up for what a proposal lacks.

Whole cells, patch by patch: those with least against them first, then those that touch the line,
then the better land; within a patch from the line inward, no more than is needed.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.management.three_no import Deficit

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
MOST = 50  # patches that are proposed


@dataclass(frozen=True)
class Cells:
    """The land that is looked at, on one window of a grid.

    free: may come in; line: is in the line; conflict: how much stands against each cell; grade: the
    highest of all criteria; values: function -> amount of each cell; area: of each cell, m2, as far
    as it lies in the place.
    """

    free: Flags
    line: Flags
    conflict: Floats
    grade: NDArray[Any]
    values: Mapping[str, Floats]
    area: Floats


@dataclass
class _Need:
    """What is still lacking while patches are taken."""

    area: float
    functions: dict[str, float]

    @property
    def met(self) -> bool:
        return self.area <= 0 and all(amount <= 0 for amount in self.functions.values())

    def take(self, cells: Cells, at: tuple[int, int]) -> None:
        self.area -= float(cells.area[at])
        for name in self.functions:
            self.functions[name] -= float(cells.values[name][at])

    def left(self) -> Deficit:
        lacking = {name: amount for name, amount in self.functions.items() if amount > 0}
        return Deficit(max(self.area, 0.0), lacking)


def chosen(
    cells: Cells, wanted: Deficit
) -> tuple[NDArray[np.int64], list[dict[str, float]], Deficit]:
    """Patches that cover a deficit: number of the patch of each cell (0: none), what each brings
    (area_m2, conflict: mean, and each function), and what is lacking even with all of them."""
    from scipy.ndimage import label

    patches, count = label(cells.free)
    need = _Need(wanted.area, dict(wanted.functions))
    found = np.zeros(cells.free.shape, dtype=np.int64)
    brought: list[dict[str, float]] = []
    for patch in _in_order(cells, patches, count):
        if need.met or len(brought) == MOST:
            break
        taken = _from_the_line(cells, patches == patch, need)
        found[tuple(np.array(taken).T)] = len(brought) + 1
        brought.append(_brings(cells, taken))
    return found, brought, need.left()


def _in_order(cells: Cells, patches: NDArray[Any], count: int) -> list[int]:
    """Patches by mean conflict, whether they touch the line, and mean grade."""
    from scipy.ndimage import binary_dilation, mean

    if count == 0:
        return []
    numbers = np.arange(1, count + 1)
    conflict = np.atleast_1d(mean(cells.conflict, patches, numbers))
    grade = np.atleast_1d(mean(cells.grade, patches, numbers))
    beside = set(np.unique(patches[binary_dilation(cells.line)]).tolist())
    apart = np.array([n not in beside for n in numbers.tolist()])
    order = np.lexsort([numbers, -grade, apart, np.round(conflict, 9)])
    return [int(n) for n in numbers[order]]


def _from_the_line(cells: Cells, patch: Flags, need: _Need) -> list[tuple[int, int]]:
    """Cells of a patch outward from the line until the need is met: they hang together."""
    from scipy.ndimage import binary_dilation

    beside = np.argwhere(patch & binary_dilation(cells.line))
    start = beside if len(beside) else np.argwhere(patch)[:1]
    # From one cell: two places along the line would make two patches.
    first = (int(start[0, 0]), int(start[0, 1]))
    waiting, seen, taken = deque([first]), {first}, []
    while waiting and not need.met:
        at = waiting.popleft()
        taken.append(at)
        need.take(cells, at)
        for step in ((-1, 0), (0, -1), (0, 1), (1, 0)):
            there = (at[0] + step[0], at[1] + step[1])
            inside = 0 <= there[0] < patch.shape[0] and 0 <= there[1] < patch.shape[1]
            if inside and patch[there] and there not in seen:
                seen.add(there)
                waiting.append(there)
    return taken


def _brings(cells: Cells, taken: list[tuple[int, int]]) -> dict[str, float]:
    at = tuple(np.array(taken).T)
    return {
        "area_m2": float(cells.area[at].sum()),
        "conflict": float(cells.conflict[at].mean()),
        **{name: float(values[at].sum()) for name, values in cells.values.items()},
    }
