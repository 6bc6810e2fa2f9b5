"""Whole-country work, window by window: map and reduce over aligned rasters on any executor.

Memory is bounded by the window and the number of workers, never by the country. Results do not
depend on the window size, the order or the number of workers, as long as the kernel looks at its
cells only (or, with a halo, at its neighbourhood); `combine` is applied in window order.
"""

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np

from tianren.errors import UserError
from tianren.geo.threads import processors
from tianren.raster.raster import MISSING, Array, Grid, Raster, Sink, Window, window_shape

SIZE = 1024  # cells on a side: a multiple of the usual tile, and 4 MB a raster in flight
Workers = int | Executor | None
Progress = Callable[[int, int], None]  # (windows done, windows in all), from the calling thread
T = TypeVar("T")


def windows(grid: Grid, size: int = SIZE) -> list[Window]:
    """Windows of at most size x size cells that cover the grid once, in row-major order."""
    rows, columns = grid.shape
    return [
        (slice(r, min(r + size, rows)), slice(c, min(c + size, columns)))
        for r in range(0, rows, size)
        for c in range(0, columns, size)
    ]


def map_blocks(
    kernel: Callable[..., Any],
    sources: Sequence[Raster],
    sinks: Sequence[Sink],
    *,
    size: int = SIZE,
    workers: Workers = None,
    halo: int = 0,
    with_window: bool = False,
    progress: Progress | None = None,
    title: str = "",
) -> None:
    """Read each window of the sources, call kernel(*arrays), write what it returns to the sinks.

    kernel: returns one array, or a tuple with one array a sink, of the window's shape. Several
    models share one decode when one kernel computes them all. With halo=n every array comes with n
    more cells on each side (NaN or MISSING beyond the grid) and the result may keep them: they are
    cut off. With with_window=True the window comes first: kernel(window, *arrays).
    workers: a number of threads (default: the processors), or an Executor: threads read, compute
    and write; processes and clusters read and compute (sources and kernel must pickle) and this
    process writes.
    progress: called after each window; without it, a title shows a bar when standard error is a
    terminal.
    Sinks are closed when all is written, abandoned when anything fails; an error names its window.
    """
    try:
        grid = one_grid(sources)
        job = _Job(kernel, tuple(sources), halo, with_window, len(sinks))
        blocks = windows(grid, size)
        with _executor(workers) as executor, _progress(progress, title, len(blocks)) as step:
            if isinstance(executor, ThreadPoolExecutor):
                _write_in_threads(executor, job, blocks, sinks, step)
            else:
                _write_here(executor, job, blocks, sinks, step)
        _close(sinks)
    except BaseException:
        for sink in sinks:
            sink.abandon()
        raise


def reduce_blocks(
    kernel: Callable[..., Any],
    sources: Sequence[Raster],
    combine: Callable[[Any, Any], T],
    *,
    initial: T | None = None,
    size: int = SIZE,
    workers: Workers = None,
    halo: int = 0,
    with_window: bool = False,
    progress: Progress | None = None,
    title: str = "",
) -> T:
    """One value for the whole grid: combine(combine(combine(initial, part1), part2), part3) ...

    part = kernel(*arrays) of a window; combine runs in the calling thread, in window order, so the
    value is the same for any number of workers. Without initial the first part starts. Other
    arguments: as for map_blocks.
    """
    job = _Job(kernel, tuple(sources), halo, with_window)
    blocks = windows(one_grid(sources), size)
    value: Any = initial
    with (
        _executor(workers) as executor,
        _progress(progress, title, len(blocks)) as step,
        closing(_in_order(executor, job.value, blocks)) as parts,
    ):
        for n, (_, part) in enumerate(parts):
            value = part if n == 0 and initial is None else combine(value, part)
            step()
    return cast(T, value)


def one_grid(rasters: Sequence[Raster]) -> Grid:
    """The grid that all rasters share; UserError says which is off it, and by how much."""
    if not rasters:
        raise ValueError("the engine needs at least one raster to know the grid")
    first = rasters[0]
    for other in rasters[1:]:
        if other.grid != first.grid:
            raise UserError(
                f"{other.name} is not on the grid of {first.name}",
                by_how_much=_difference(first.grid, other.grid),
                next_step="name it in catalog.toml: every layer of a project is put on its grid",
            )
    return first.grid


def _difference(wanted: Grid, found: Grid) -> str:
    if wanted.crs != found.crs:
        return f"its CRS is {found.crs}, not {wanted.crs}"
    if wanted.affine == found.affine:
        return f"it has {found.shape} cells, not {wanted.shape}"
    a, b = wanted.affine, found.affine
    if (a.a, a.b, a.d, a.e) != (b.a, b.b, b.d, b.e):
        return f"its cells are {b.a:.9g} x {-b.e:.9g}, not {a.a:.9g} x {-a.e:.9g}"
    east, south = (b.c - a.c) / a.a, (b.f - a.f) / a.e
    return f"it is shifted by {east:.6g} cells east and {south:.6g} cells south"


def read_with_halo(raster: Raster, window: Window, halo: int) -> Array:
    """The cells of a window and of n more on each side; beyond the grid they are missing."""
    if not halo:
        return raster.read(window)
    inside, before_after = [], []
    for span, length in zip(window, raster.grid.shape, strict=True):
        start, stop = max(span.start - halo, 0), min(span.stop + halo, length)
        inside.append(slice(start, stop))
        before_after.append((start - span.start + halo, span.stop + halo - stop))
    cells = raster.read((inside[0], inside[1]))
    missing = MISSING if np.issubdtype(cells.dtype, np.integer) else np.nan
    return np.pad(cells, before_after, constant_values=missing)


@dataclass(frozen=True)
class _Job:
    """What one window needs; plain values, so that it travels to a process or a cluster."""

    kernel: Callable[..., Any]
    sources: tuple[Raster, ...]
    halo: int
    with_window: bool
    outputs: int = 0

    def value(self, window: Window) -> Any:
        arrays = [read_with_halo(source, window, self.halo) for source in self.sources]
        return self.kernel(window, *arrays) if self.with_window else self.kernel(*arrays)

    def cells(self, window: Window) -> tuple[Array, ...]:
        value = self.value(window)
        found = value if isinstance(value, tuple) else (value,)
        if len(found) != self.outputs:
            raise ValueError(f"the kernel returned {len(found)} arrays for {self.outputs} sinks")
        return tuple(_core(cells, window, self.halo) for cells in found)


def _core(cells: Array, window: Window, halo: int) -> Array:
    """The window's own cells: the kernel may return them with the halo still on."""
    rows, columns = window_shape(window)
    if cells.shape == (rows + 2 * halo, columns + 2 * halo):
        return cells[halo : halo + rows, halo : halo + columns]
    if cells.shape != (rows, columns):
        raise ValueError(f"the kernel returned {cells.shape} cells for {rows, columns}")
    return cells


def _write_in_threads(
    executor: Executor,
    job: _Job,
    blocks: Sequence[Window],
    sinks: Sequence[Sink],
    step: Callable[[], None],
) -> None:
    """Decoding, computing and encoding of different windows overlap."""

    def work(window: Window) -> None:
        for sink, cells in zip(sinks, job.cells(window), strict=True):
            sink.write(window, cells)

    with closing(_in_order(executor, work, blocks)) as done:
        for _ in done:
            step()


def _write_here(
    executor: Executor,
    job: _Job,
    blocks: Sequence[Window],
    sinks: Sequence[Sink],
    step: Callable[[], None],
) -> None:
    """A sink stays in the process that opened it."""
    with closing(_in_order(executor, job.cells, blocks)) as done:
        for window, cells in done:
            for sink, part in zip(sinks, cells, strict=True):
                sink.write(window, part)
            step()


def _close(sinks: Sequence[Sink]) -> None:
    """All at once: closing a file encodes what is still in memory, or makes the delivered form."""
    with ThreadPoolExecutor(min(len(sinks), processors()) or 1) as executor:
        for closed in [executor.submit(sink.close) for sink in sinks]:
            closed.result()


def _in_order(
    executor: Executor, work: Callable[[Window], T], blocks: Iterable[Window]
) -> Generator[tuple[Window, T], None, None]:
    """Results in window order, with a bounded number of windows under way."""
    limit = 2 * int(getattr(executor, "_max_workers", None) or processors())
    under_way: deque[tuple[Window, Future[T]]] = deque()
    try:
        for window in blocks:
            under_way.append((window, executor.submit(work, window)))
            if len(under_way) >= limit:
                yield _finished(*under_way.popleft())
        while under_way:
            yield _finished(*under_way.popleft())
    finally:
        wait([future for _, future in under_way if not future.cancel()])


def _finished(window: Window, future: "Future[T]") -> tuple[Window, T]:
    """The result, or its error with the window named."""
    rows, columns = window
    place = f"rows {rows.start}-{rows.stop}, columns {columns.start}-{columns.stop}"
    try:
        return window, future.result()
    except UserError as error:
        where = f"{error.where}, {place}" if error.where else place
        raise UserError(
            error.what, where=where, by_how_much=error.by_how_much, next_step=error.next_step
        ) from error
    except Exception as error:
        error.add_note(f"while working on {place}")
        raise


@contextmanager
def _executor(workers: Workers) -> Iterator[Executor]:
    """The given executor, or threads of our own that end with the work."""
    if isinstance(workers, Executor):
        yield workers
        return
    with ThreadPoolExecutor(workers or processors(), thread_name_prefix="tianren") as executor:
        yield executor


@contextmanager
def _progress(progress: Progress | None, title: str, total: int) -> Iterator[Callable[[], None]]:
    """A function to call once a window: tells `progress`, or moves a bar on a terminal."""
    if progress is None and title and sys.stderr.isatty():
        with _bar(title, total) as step:
            yield step
        return
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    yield count


@contextmanager
def _bar(title: str, total: int) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda: bar.advance(task)
