"""Two lines on one grid: what is kept, gained and lost, counted in whole cells."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tianren.delineation.pieces import fixed_point, scale_of
from tianren.raster.blocks import map_blocks, reduce_blocks
from tianren.raster.raster import MISSING, Array, Raster, Sink

NEITHER, KEPT, GAINED, LOST = 0, 1, 2, 3
CHANGES = {NEITHER: "outside both", KEPT: "kept", GAINED: "gained", LOST: "lost"}
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Row:
    """One class of one table: cells of the first line, of the second, and what happened between.

    second = kept + gained + changed_in; first = kept + lost + changed_out, exactly. What changed
    its class stays inside the line.
    """

    table: str
    code: str
    label: str
    first: int
    second: int
    kept: int
    gained: int
    lost: int
    changed_in: int = 0
    changed_out: int = 0

    def areas(self, cell_m2: float) -> dict[str, str]:
        """The row of compare.csv, m2."""
        cells = ("first", "second", "kept", "gained", "lost", "changed_in", "changed_out")
        areas = {f"{name}_m2": repr(float(getattr(self, name) * cell_m2)) for name in cells}
        return {"table": self.table, "code": self.code, "label": self.label, **areas}


COLUMNS = (
    "table", "code", "label", "first_m2", "second_m2", "kept_m2", "gained_m2", "lost_m2",
    "changed_in_m2", "changed_out_m2",
)  # fmt: skip


def difference(first: Array, second: Array, realm: Array) -> Array:
    """CHANGES of every cell of the region, MISSING outside; first, second: number of the piece."""
    was, now = first > 0, second > 0
    found = np.select([was & now, now, was], [KEPT, GAINED, LOST], NEITHER)
    return np.where(realm == MISSING, MISSING, found).astype(np.int32)


def write_difference(first: Raster, second: Raster, realm: Raster, sink: Sink) -> None:
    map_blocks(difference, [first, second, realm], [sink])


def counted(groups: Raster, change: Raster, count: int, of: Callable[..., Any] | None = None
            ) -> Counts:  # fmt: skip
    """Cells by group 0 ... count and change: (count + 1, 4); below 0 or MISSING is group 0.

    of: makes the group of a cell from the raster's value.
    """
    return reduce_blocks(partial(_count, count=count, of=of), [groups, change], np.add)


def _count(groups: Array, change: Array, *, count: int, of: Callable[..., Any] | None) -> Counts:
    inside = change != MISSING
    own = groups[inside] if of is None else of(groups[inside])
    key = np.maximum(own, 0).astype(np.int64) * 4 + change[inside]
    return np.bincount(key, minlength=4 * (count + 1)).reshape(count + 1, 4)


def has_bit(bits: Array, *, bit: int) -> Array:
    """1 where a bit is set."""
    return np.where(bits > 0, bits, 0) >> bit & 1


def row_of(table: str, code: str, label: str, cells: Sequence[int]) -> Row:
    """A row of a table whose classes stay where they are: units, realms, must-include areas."""
    kept, gained, lost = (int(cells[change]) for change in (KEPT, GAINED, LOST))
    return Row(table, code, label, kept + lost, kept + gained, kept, gained, lost)


def transitions(
    first: Raster, second: Raster, was: Sequence[int], now: Sequence[int], classes: int
) -> Counts:
    """Cells by class before and after: (classes + 1, classes + 1); class 0 is outside the line.

    was, now: the class of each piece of the first and the second line, by its number.
    """
    kernel = partial(
        _transit, was=np.asarray(was, np.int64), now=np.asarray(now, np.int64), classes=classes
    )
    return reduce_blocks(kernel, [first, second], np.add)


def _transit(first: Array, second: Array, *, was: Counts, now: Counts, classes: int) -> Counts:
    before, after = was[np.maximum(first, 0)], now[np.maximum(second, 0)]
    key = (before * (classes + 1) + after).ravel()
    shape = (classes + 1, classes + 1)
    return np.bincount(key, minlength=shape[0] * shape[1]).reshape(shape)


def crossed(first: Raster, second: Raster, realm: Raster, most: int) -> Counts:
    """Cells of the region by code 0 ... most of two rasters; below 0 and MISSING count as 0."""
    return reduce_blocks(partial(_cross, most=most), [first, second, realm], np.add)


def _cross(first: Array, second: Array, realm: Array, *, most: int) -> Counts:
    inside = realm != MISSING
    rows, columns = (np.maximum(codes[inside], 0).astype(np.int64) for codes in (first, second))
    shape = (most + 1, most + 1)
    return np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1]).reshape(shape)


def class_rows(table: str, labels: Sequence[str], cells: Counts) -> list[Row]:
    """The rows of a table of classes, from transitions; labels: of the classes from 1 on."""
    found = []
    for n, label in enumerate(labels, start=1):
        kept, gained, lost = int(cells[n, n]), int(cells[0, n]), int(cells[n, 0])
        first, second = int(cells[n].sum()), int(cells[:, n].sum())
        found.append(
            Row(table, label, label, first, second, kept, gained, lost,
                second - kept - gained, first - kept - lost)
        )  # fmt: skip
    return found


def held(change: Raster, values: Mapping[str, Raster]) -> dict[str, list[int]]:
    """Function -> its exact sum by change, in whole numbers; values below zero count as zero."""
    if not values:
        return {}
    scales = tuple(scale_of(value) for value in values.values())
    sums = reduce_blocks(partial(_sums, scales=scales), [change, *values.values()], _added)
    return dict(zip(values, sums, strict=True))


def _sums(change: Array, *values: Array, scales: Sequence[int]) -> list[list[int]]:
    found = []
    for value, scale in zip(values, scales, strict=True):
        amounts = fixed_point(np.maximum(np.nan_to_num(value), 0), scale)
        found.append([int(amounts[change == code].sum()) for code in CHANGES])
    return found


def _added(known: list[list[int]], new: list[list[int]]) -> list[list[int]]:
    return [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(known, new, strict=True)]
