"""What must be restored inside the line: land in worse condition than its own kind can be.

Target 2 of the Kunming-Montreal Framework. The reference of an ecosystem type is the condition of
its best land in the region; where only human pressure is known, a limit of pressure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.integer[Any]]

ALL = "all"
NO_TYPE = -1
NO_UNIT = "outside any division"


@dataclass(frozen=True)
class Degraded:
    """(cells,) known: condition is known; degraded; lost: share of the reference lacking there."""

    known: NDArray[np.bool_]
    degraded: NDArray[np.bool_]
    lost: Floats


def reference_condition(condition: Floats, types: Codes, quantile: float) -> dict[int, float]:
    """Type -> the quantile of condition (0..1, higher is better) over its cells in the region.

    types: codes, one where no ecosystem types are known; a type without a known cell is left out.
    Cells of NO_TYPE, what people made, are measured by the land of all types: what stood there
    before is not known.
    """
    known = ~np.isnan(condition)
    found = {}
    for code in np.unique(types[known]).tolist():
        mine = known & (types == code)
        if code == NO_TYPE and (types[known] != NO_TYPE).any():
            mine = known & (types != NO_TYPE)
        found[code] = float(np.quantile(condition[mine], quantile))
    return found


def degraded_by_condition(
    condition: Floats, types: Codes, reference: Mapping[int, float], below: float
) -> Degraded:
    """Land whose condition is below a share of its type's reference; lost: 1 - C / C_ref there."""
    codes = np.array(sorted(reference), dtype=np.int64)
    values = np.array([reference[code] for code in codes.tolist()])
    known = ~np.isnan(condition) & np.isin(types, codes)
    best = np.zeros(condition.shape)
    best[known] = values[np.searchsorted(codes, types[known])]
    share = np.ones(condition.shape)
    np.divide(condition, best, out=share, where=known & (condition < best))
    degraded = known & (share < below)
    return Degraded(known, degraded, np.where(degraded, 1.0 - share, 0.0))


def degraded_by_pressure(pressure: Floats, limit: float) -> Degraded:
    """Land under at least this much human pressure; how much of it is lost is not known: NaN."""
    known = ~np.isnan(pressure)
    degraded = known & (np.nan_to_num(pressure, nan=-np.inf) >= limit)
    return Degraded(known, degraded, np.where(degraded, np.nan, 0.0))


@dataclass(frozen=True)
class Grouping:
    """A classification of cells: index (cells,) of each cell's class, and code and label of each.

    An index outside the classes is no class.
    """

    name: str
    index: Codes
    codes: Sequence[str]
    labels: Sequence[str]


COLUMNS = (
    "function", "level", "code", "label", "line_m2", "known_m2", "degraded_m2", "degraded_percent",
    "lost_m2", "restore_m2",
)  # fmt: skip


def need(
    inside: NDArray[np.bool_],
    found: Degraded,
    functions: Grouping,
    levels: Sequence[Grouping],
    cell_m2: float,
    share: float,
) -> list[dict[str, Any]]:
    """Rows of what must be restored inside the line: in all and by function, then by unit.

    inside: (cells,) of the line; levels: of administration; share: of degraded land to be under
    restoration. lost_m2: degraded area times the share of its reference that it lacks. The rows of
    each level add up to those in all.
    """
    rows = _table(inside, found, functions, None, cell_m2, share)
    for units in levels:
        rows += _table(inside, found, functions, units, cell_m2, share)
    return rows


def _table(
    inside: NDArray[np.bool_],
    found: Degraded,
    functions: Grouping,
    units: Grouping | None,
    cell_m2: float,
    share: float,
) -> list[dict[str, Any]]:
    sums = _sums(inside, found, functions, units) * cell_m2
    places = [("", "")] if units is None else [*zip(units.codes, units.labels, strict=True),
                                               ("", NO_UNIT)]  # fmt: skip
    level = ALL if units is None else units.name
    rows = []
    for name, by_unit in [(ALL, sums.sum(axis=0)), *zip(functions.labels, sums, strict=False)]:
        for (code, label), (line, known, degraded, lost) in zip(places, by_unit, strict=True):
            if line > 0:
                rows.append({
                    "function": name, "level": level, "code": code, "label": label,
                    "line_m2": float(line), "known_m2": float(known),
                    "degraded_m2": float(degraded),
                    "degraded_percent": float(100 * degraded / known) if known else "",
                    "lost_m2": "" if np.isnan(lost) else float(lost),
                    "restore_m2": float(share * degraded),
                })  # fmt: skip
    return rows


def _sums(
    inside: NDArray[np.bool_], found: Degraded, functions: Grouping, units: Grouping | None
) -> Floats:
    """(functions + 1, units + 1, 4) cells of the line, known, degraded, and the share lost."""
    of = _within(functions.index, len(functions.codes))
    wide = 1 if units is None else len(units.codes) + 1
    at = 0 if units is None else _within(units.index, len(units.codes))
    key = (of * wide + at)[inside]
    size = (len(functions.codes) + 1) * wide
    parts = [np.ones(len(key)), found.known[inside], found.degraded[inside], found.lost[inside]]
    columns = [np.bincount(key, weights=p, minlength=size) for p in parts]
    table = np.stack(columns, axis=-1).reshape(-1, wide, 4)
    return table.astype(np.float64)


def _within(index: Codes, count: int) -> NDArray[np.int64]:
    return np.where((index >= 0) & (index < count), index, count).astype(np.int64)
