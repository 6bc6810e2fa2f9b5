"""The line itself: core, must-include and corridors, minus conflicts, cleaned and cut into pieces.

The order and the definitions are those of docs/explanation/method.md. Every stage is a raster in a
Store, so that a killed run goes on from what it has, and one cell can be explained afterwards.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from tianren.delineation.must_include import CORE as CORE_ZONE
from tianren.delineation.must_include import PROTECTED, REDLINE_ONLY
from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.language import say
from tianren.raster import patches
from tianren.raster.blocks import map_blocks, reduce_blocks
from tianren.raster.raster import (
    MISSING,
    Array,
    ArraySink,
    ArraySource,
    Grid,
    Raster,
    Sink,
    Source,
    Window,
    cell_area,
)

LAND, SEA = 1, 2
REALMS = {LAND: "land", SEA: "sea"}

# Why a cell is, or is not, a candidate for the line (before), and what became of it (after).
PLAIN, CORE, MUST, NO_DATA, FILLED, DROPPED, DEDUCTED, CORRIDOR = range(8)
OUTSIDE = MISSING  # the region ends here
CANDIDATES = (CORE, MUST, DEDUCTED, CORRIDOR)
ORIGINS = {
    PLAIN: "outside the line",
    CORE: "core",
    MUST: "must-include",
    NO_DATA: "no data",
    FILLED: "filled hole",
    DROPPED: "dropped patch",
    DEDUCTED: "deducted conflict",
    CORRIDOR: "corridor",
    OUTSIDE: "outside the region",
}

# States of raster.patches.clean.
OPEN, INSIDE, KEEPS_PATCH, BARRIER = 0, 1, 2, 3

LARGEST_BITS = 30  # entries that one int32 raster of bits holds


class Store(Protocol):
    """Where the stages of a run are kept: files in a run's folder, or arrays."""

    def done(self, name: str) -> bool: ...

    def sink(self, name: str) -> Sink: ...

    def raster(self, name: str) -> Raster: ...


@dataclass
class ArrayStore:
    """Stages in memory, for tests, notebooks and small grids."""

    grid: Grid
    arrays: dict[str, Array] = field(default_factory=dict)

    def done(self, name: str) -> bool:
        return name in self.arrays

    def sink(self, name: str) -> Sink:
        self.arrays[name] = np.zeros(self.grid.shape, dtype=np.int32)
        return ArraySink(self.arrays[name])

    def raster(self, name: str) -> Raster:
        return Raster(name, self.grid, ArraySource(self.arrays[name]), kind="category")


@dataclass(frozen=True)
class Ground:
    """What the line is drawn from; all rasters on one equal-area grid.

    realm: 1 land, 2 sea, MISSING outside the region. grades: criterion -> 5, 3, 1, 0 or MISSING.
    must, conflicts: bits, 0 where nothing applies. levels: the protection level of each must bit.
    deducted: the conflict bits whose land is taken out. divisions: number of the county-level
    division, MISSING where there is none. corridors: number of the corridor, 0 or MISSING
    elsewhere.
    """

    realm: Raster
    grades: Mapping[str, Raster]
    must: Raster
    levels: Sequence[int]
    conflicts: Raster
    deducted: int
    divisions: Raster
    corridors: Raster | None = None


@dataclass(frozen=True)
class Limits:
    """The two limits of the spatial step, in cells."""

    minimum_cells: int
    hole_cells: int


@dataclass(frozen=True)
class Line:
    """The drawn line. step: codes ORIGINS of every cell; classes: class_number of cells inside;
    cells: number of the piece, 0 outside."""

    step: Raster
    classes: Raster
    cells: Raster
    pieces: int
    findings: tuple[Finding, ...] = ()


def limits(minimum_m2: float, hole_m2: float, grid: Grid) -> Limits:
    """Areas as whole cells: dropped when strictly below the minimum, filled when at most the limit.

    A cell's area in floating point may miss its true area by a hair; a billionth is forgiven.
    """
    cell = cell_area(grid)
    return Limits(math.ceil(minimum_m2 / cell - 1e-9), math.floor(hole_m2 / cell + 1e-9))


def draw(ground: Ground, limit: Limits, store: Store) -> Line:
    """The mask, and the pieces of it. Stages already in the store are used as they are."""
    mask, findings = inside(ground, limit, store)
    _stage(store, ["step"], _finish, [store.raster("origin"), mask])
    sources = [mask, ground.divisions, ground.realm, ground.must]
    _stage(store, ["classes"], _Classes(*_level_bits(ground.levels)), sources)
    pieces = _label(store, "cells", store.raster("classes"))
    step, classes, cells = (store.raster(name) for name in ("step", "classes", "cells"))
    return Line(step, classes, cells, pieces, findings)


def inside(ground: Ground, limit: Limits, store: Store) -> tuple[Raster, tuple[Finding, ...]]:
    """The mask (states of raster.patches.clean)."""
    if ground.corridors is None:
        _clean(ground, limit, store, "", None)
        return store.raster("mask"), ()
    _clean(ground, limit, store, "first_", None)
    _clean(ground, limit, store, "", ground.corridors)
    return store.raster("mask"), _broken_corridors(ground.corridors, store)


def _clean(
    ground: Ground, limit: Limits, store: Store, prefix: str, corridors: Raster | None
) -> None:
    """Union, deduction, holes, small patches: stages origin, state and mask."""
    kernel = _Union(ground.deducted, corridors is not None)
    sources = [ground.realm, ground.must, ground.conflicts]
    sources += [] if corridors is None else [corridors]
    names = [f"{prefix}origin", f"{prefix}state"]
    _stage(store, names, kernel, [*sources, *ground.grades.values()])
    if not store.done(f"{prefix}mask"):
        patches.clean(
            store.raster(f"{prefix}state"),
            store.sink(f"{prefix}mask"),
            hole_limit_cells=limit.hole_cells,
            minimum_cells=limit.minimum_cells,
        )


def _stage(
    store: Store, names: Sequence[str], kernel: Callable[..., Any], sources: Sequence[Raster]
) -> None:
    if not all(store.done(name) for name in names):
        map_blocks(kernel, sources, [store.sink(name) for name in names])


def _label(store: Store, name: str, classes: Raster) -> int:
    """Number the 4-connected cells of equal class; the count is also read back after a resume."""
    if not store.done(name):
        return patches.label(classes, store.sink(name))
    return max(0, int(reduce_blocks(np.max, [store.raster(name)], max)))


@dataclass(frozen=True)
class _Union:
    """Steps 1 and 2: where each candidate comes from, and the state of the spatial step."""

    deducted: int
    with_corridors: bool

    def __call__(self, realm: Array, must: Array, conflicts: Array, *rest: Array) -> Any:
        corridor = rest[0] > 0 if self.with_corridors else np.zeros(realm.shape, dtype=bool)
        grades = rest[1:] if self.with_corridors else rest
        core, known = _core(grades, realm.shape)
        outside, kept, taken = realm == MISSING, must > 0, (conflicts & self.deducted) != 0
        candidate = core | corridor
        origin = _first_true(
            (outside, OUTSIDE),
            (kept, MUST),
            (taken & candidate, DEDUCTED),
            (core, CORE),
            (corridor, CORRIDOR),
            (~known, NO_DATA),
        )
        state = _first_true(
            (outside, BARRIER),
            (kept, KEEPS_PATCH),
            (taken, BARRIER),
            (candidate, INSIDE),
            (~known, BARRIER),
        )
        return origin, state


def _core(grades: Sequence[Array], shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Cells where any criterion is graded 5, and cells where any criterion is known at all."""
    core, known = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for grade in grades:
        core |= grade == 5
        known |= grade != MISSING
    return core, known


def _first_true(*cases: tuple[Array, int]) -> Array:
    """The code of the first case that holds in each cell; 0 where none does."""
    found = np.zeros(cases[0][0].shape, dtype=np.int32)
    for mask, code in reversed(cases):
        found[mask] = code
    return found


def _finish(origin: Array, mask: Array) -> Array:
    """What became of each cell: its origin, except where the spatial step filled or dropped it."""
    inside = (mask == INSIDE) | (mask == KEEPS_PATCH)
    filled = inside & (origin == PLAIN)
    dropped = ~inside & ((origin == CORE) | (origin == CORRIDOR))
    return np.where(filled, FILLED, np.where(dropped, DROPPED, origin)).astype(np.int32)


def _level_bits(levels: Sequence[int]) -> tuple[int, int]:
    """The must bits of core zones and of other protected areas."""
    core, other = (
        sum(1 << i for i, level in enumerate(levels) if level == wanted)
        for wanted in (CORE_ZONE, PROTECTED)
    )
    return core, other


@dataclass(frozen=True)
class _Classes:
    """The class of each cell inside: division, realm and protection level in one number."""

    core_bits: int
    protected_bits: int

    def __call__(self, mask: Array, division: Array, realm: Array, must: Array) -> Array:
        inside = (mask == INSIDE) | (mask == KEEPS_PATCH)
        level = np.where(must & self.protected_bits, PROTECTED, REDLINE_ONLY)
        level = np.where(must & self.core_bits, CORE_ZONE, level)
        known = np.where(division == MISSING, -1, division)
        number = class_number(known, np.where(inside, realm, LAND), level)
        return np.where(inside, number, 0).astype(np.int32)


def class_number(division: Any, realm: Any, level: Any) -> Any:
    """Division (-1: none), realm (1, 2) and level (1, 2, 3) in one number above zero."""
    return (division + 1) * 6 + (realm - 1) * 3 + level


def class_parts(number: int) -> tuple[int, int, int]:
    """Division (-1: none), realm and level of a class number."""
    division, rest = divmod(number - 1, 6)
    return division - 1, rest // 3 + 1, rest % 3 + 1


def bits(rasters: Sequence[Raster], grid: Grid, sink: Sink, what: str) -> None:
    """Many 0/1 rasters as one: raster i is bit i. UserError beyond 30."""
    if len(rasters) > LARGEST_BITS:
        raise UserError(
            f"there are too many {what} entries",
            where="project.toml",
            by_how_much=f"{len(rasters)}, at most {LARGEST_BITS}",
            next_step="join layers of one kind into one source",
        )
    if rasters:
        map_blocks(_as_bits, rasters, [sink])
    else:
        nothing = Raster(what, grid, _Zero(), kind="category")
        map_blocks(_as_bits, [nothing], [sink])


def _as_bits(*flags: Array) -> Array:
    found = np.zeros(flags[0].shape, dtype=np.int32)
    for i, flag in enumerate(flags):
        found |= (flag > 0).astype(np.int32) << i
    return found


@dataclass(frozen=True)
class _Zero:
    def read(self, window: Window) -> Array:
        rows, columns = window
        return np.zeros((rows.stop - rows.start, columns.stop - columns.start), dtype=np.int32)


def _broken_corridors(corridors: Raster, store: Store) -> tuple[Finding, ...]:
    """A Finding for each corridor whose components are not one after deduction and cleaning.

    The components of the first pass (without corridors) only grow in the second, so each lies in
    one component of the final mask; a corridor links those it touches when that is the same one.
    """
    first, last = (
        _label_inside(store, f"{prefix}mask", f"{prefix}components") for prefix in ("first_", "")
    )
    taken = store.raster("origin")
    nothing: Touched = {}
    touched = reduce_blocks(
        _touched, [corridors, first, last, taken], _joined, initial=nothing, halo=1
    )
    return tuple(
        _broken(number, len(found), bool(cut))
        for number, (found, cut) in sorted(touched.items())
        if len(found) > 1
    )


def _label_inside(store: Store, mask: str, name: str) -> Raster:
    _label(store, name, as_flag(store.raster(mask)))
    return store.raster(name)


def as_flag(mask: Raster) -> Raster:
    """States of raster.patches.clean as 1 inside, 0 elsewhere."""
    return Raster(mask.name, mask.grid, _Inside(mask.source), kind="category")


@dataclass(frozen=True)
class _Inside:
    mask: Source

    def read(self, window: Window) -> Array:
        mask = self.mask.read(window)
        inside: Array = (mask == INSIDE) | (mask == KEEPS_PATCH)
        return inside.astype(np.int32)


Touched = dict[int, tuple[set[int], int]]


def _touched(corridor: Array, first: Array, last: Array, origin: Array) -> Touched:
    """Corridor -> final components of the first-pass ones it touches, and its deducted cells."""
    core = (slice(1, -1), slice(1, -1))
    numbers = np.where(corridor > 0, corridor, 0)[core]
    found: Touched = {
        int(n): (set(), int(np.count_nonzero((numbers == n) & (origin[core] == DEDUCTED))))
        for n in np.unique(numbers[numbers > 0])
    }
    rows, columns = numbers.shape
    for dr, dc in ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)):
        there = (slice(1 + dr, 1 + dr + rows), slice(1 + dc, 1 + dc + columns))
        touch = (numbers > 0) & (first[there] > 0)
        pairs = np.unique(np.stack([numbers[touch], last[there][touch]]), axis=1)
        for n, component in pairs.T.tolist():
            found[n][0].add(component)
    return found


def _joined(known: Touched, part: Touched) -> Touched:
    for number, (components, cut) in part.items():
        before, cut_before = known.get(number, (set(), 0))
        known[number] = (before | components, cut + cut_before)
    return known


def _broken(number: int, parts: int, deducted: bool) -> Finding:
    why = say("deduction breaks it") if deducted else say("it does not reach across")
    message = say(
        "corridor {number} leaves {parts} parts of the line apart: {why}",
        number=number,
        parts=parts,
        why=why,
    )
    rule = "redline.corridor_broken" if deducted else "redline.corridor_short"
    return Finding(
        rule, f"corridor {number}", Severity.WARNING, message, "Tianren: How the line is drawn"
    )
