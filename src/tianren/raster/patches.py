"""Patches and holes of a whole country: filled, dropped and numbered, one band of rows at a time.

Each band of rows is turned into runs and joined on its own, in threads; the seams between bands
are joined after. What is kept of the whole country is the table of runs and components, never the
cells. The result does not depend on the height of the bands or the number of workers.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from tianren.errors import UserError
from tianren.geo.threads import processors
from tianren.language import say
from tianren.raster.raster import MISSING, Array, Grid, Raster, Sink, Window, window_shape

if TYPE_CHECKING:
    from tianren.raster.runs import Band, Ints  # importing it imports numba: when used

ROWS = 512  # in a band: one row of the usual tiles, however wide the country
OPEN, INSIDE, KEPT, BARRIER = 0, 1, 2, 3  # the states of a cell
S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True)
class CleanCounts:
    """What clean did: inside_before + filled_cells - dropped_cells = inside_after.

    filled_holes, filled_cells: also where the patch around was dropped afterwards;
    exempted_patches: those of the kept ones that are below the minimum and hold a KEPT cell.
    """

    inside_before: int
    filled_holes: int
    filled_cells: int
    dropped_patches: int
    dropped_cells: int
    exempted_patches: int
    kept_patches: int

    @property
    def inside_after(self) -> int:
        return self.inside_before + self.filled_cells - self.dropped_cells


def clean(
    state: Raster,
    sink: Sink,
    *,
    hole_limit_cells: int,
    minimum_cells: int,
    size: int = ROWS,
    workers: int | None = None,
) -> CleanCounts:
    """Fill holes, then drop patches that are too small, steps 3 and 4.

    state: 0 open, 1 inside, 2 inside and its patch stays whatever its area, 3 barrier (nodata,
    foreign, deducted, outside the region); MISSING is a barrier. A hole is an 8-connected set of
    cells that are not inside; it is filled when it has at most hole_limit_cells cells, holds no
    barrier and does not touch the grid's edge (0 fills nothing). A patch is a 4-connected set of
    cells that are inside or filled; it is dropped when it has fewer than minimum_cells cells and
    holds no 2. The sink gets uint8 with the same codes: filled cells are 1, dropped cells 0, a
    barrier stays 3. size: rows in a band. UserError: a code that is none of these.
    """
    try:
        states = each_band(state, size, workers, _state_band(state.grid))
        verdicts, counts = _judge(states, hole_limit_cells, minimum_cells)
        parts = list(zip(states, verdicts, strict=True))
        in_threads(lambda p: sink.write(p[0].band.window, _cleaned(*p)), parts, workers)
    except BaseException:
        sink.abandon()
        raise
    sink.close()
    return counts


def label(classes: Raster, sink: Sink, *, size: int = ROWS, workers: int | None = None) -> int:
    """Number the 4-connected sets of cells of equal class; returns how many there are.

    classes: codes; 0 and MISSING are outside. The sink gets int32: 1, 2, 3 ... in row-major order
    of each set's first cell, MISSING outside. size: rows in a band.
    """
    try:
        bands = each_band(classes, size, workers, lambda *a: class_band(*a)[0])
        numbers, count = numbered(bands)
        parts = list(zip(bands, numbers, strict=True))
        in_threads(lambda p: sink.write(p[0].window, _numbered_cells(*p)), parts, workers)
    except BaseException:
        sink.abandon()
        raise
    sink.close()
    return count


def each_band(
    raster: Raster, size: int, workers: int | None, make: Callable[[Window, Array], T]
) -> list[T]:
    """make(window, cells) of every band of `size` rows of a raster of codes, in order."""
    rows, columns = raster.grid.shape
    windows = [(slice(r, min(r + size, rows)), slice(0, columns)) for r in range(0, rows, size)]
    return in_threads(lambda w: make(w, _codes(raster, w)), windows, workers)


def in_threads(work: Callable[[S], T], items: Sequence[S], workers: int | None) -> list[T]:
    """work(item) of every item; the results in order. The kernels leave the interpreter's lock."""
    with ThreadPoolExecutor(workers or processors(), thread_name_prefix="tianren") as threads:
        return list(threads.map(work, items))


def _codes(raster: Raster, window: Window) -> Array:
    cells = raster.read(window)
    if not np.issubdtype(cells.dtype, np.integer):
        raise UserError(
            say("{name} holds quantities, not codes", name=raster.name),
            next_step=say("grade it or declare it a category in catalog.toml"),
        )
    return cells


@dataclass(frozen=True)
class _States:
    """A band of states. codes: (runs) int8; cells, marks: (components) of the band."""

    band: "Band"
    codes: NDArray[np.int8]
    cells: NDArray[np.int64]
    marks: NDArray[np.uint8]


def _state_band(grid: Grid) -> Callable[[Window, Array], _States]:
    from tianren.raster import runs as r

    marking = np.array([r.NOT_INSIDE, 0, r.HOLDS, r.NOT_INSIDE | r.HOLDS], dtype=np.uint8)

    def make(window: Window, cells: Array) -> _States:
        runs, found = r.find_runs(cells)
        codes = _state_codes(found)
        keys = ((codes == INSIDE) | (codes == KEPT)).astype(np.int32)
        keys[codes == r.END] = r.END
        band = r.make_band(window, runs, keys, outside=True)
        counted = np.zeros(band.count, dtype=np.int64)
        marks = np.zeros(band.count, dtype=np.uint8)
        at_ends = [window[0].start == 0, window[0].stop == grid.shape[0]]
        ends = np.array(at_ends, dtype=np.uint8) * np.uint8(r.AT_EDGE)
        r.measure(runs.first, runs.starts, codes, band.of, marking, ends, counted, marks)
        return _States(band, codes, counted, marks)

    return make


def _state_codes(codes: "Ints") -> NDArray[np.int8]:
    known = np.where(codes == MISSING, BARRIER, codes)
    if known.max() > BARRIER or known.min() < -1:
        wrong = sorted({int(c) for c in np.unique(known) if not -1 <= c <= BARRIER})
        raise UserError(
            say("the state has codes that mean nothing: {codes}", codes=wrong[:5]),
            next_step=say("use 0 open, 1 inside, 2 inside and kept, 3 barrier"),
        )
    return known.astype(np.int8)


def _judge(
    states: Sequence[_States], hole_limit_cells: int, minimum_cells: int
) -> tuple[list[NDArray[np.uint8]], CleanCounts]:
    """The verdict on each component, band by band."""
    from tianren.raster import runs as r

    joined = r.join_bands([s.band for s in states], outside=True)
    cells = np.concatenate([s.cells for s in states])
    marks = np.concatenate([s.marks for s in states])
    counts = np.zeros(7, dtype=np.int64)
    verdict = r.judge(
        joined.parent, joined.above, cells, marks, hole_limit_cells, minimum_cells, counts
    )
    return joined.split(verdict), CleanCounts(*counts.tolist())


def _cleaned(state: _States, verdict: NDArray[np.uint8]) -> Array:
    from tianren.raster import runs as r

    # Row: verdict; column: code. The last column stands for the sentinels, which are not painted.
    becomes = np.zeros((3, 5), dtype=np.uint8)
    becomes[r.AS_IS, :4] = (OPEN, INSIDE, KEPT, BARRIER)
    becomes[r.TO_INSIDE] = INSIDE
    out = np.zeros(window_shape(state.band.window), dtype=np.uint8)
    band, runs = state.band, state.band.runs
    r.paint_cleaned(runs.first, runs.starts, band.of, state.codes, verdict, becomes, out)
    return out


def class_band(window: Window, cells: Array) -> "tuple[Band, Ints]":
    """A band of classes joined where they are equal, and the class of each run, 0 outside."""
    from tianren.raster import runs as r

    runs, classes = r.find_runs(cells)
    classes[classes == MISSING] = r.OUTSIDE
    return r.make_band(window, runs, classes, outside=False), classes


def numbered(bands: "Sequence[Band]") -> "tuple[list[Ints], int]":
    """The number 1..n of each component of each band, and n."""
    from tianren.raster import runs as r

    joined = r.join_bands(bands, outside=False)
    is_first = joined.parent == np.arange(len(joined.parent))
    numbers = np.cumsum(is_first, dtype=np.int32)[joined.parent]
    return joined.split(numbers), int(np.count_nonzero(is_first))


def _numbered_cells(band: "Band", numbers: "Ints") -> Array:
    from tianren.raster import runs as r

    out = np.zeros(window_shape(band.window), dtype=np.int32)
    r.paint(band.runs.first, band.runs.starts, band.of, numbers, MISSING, out)
    return out
