"""Blocks = whole, whatever the block size and the workers; sinks appear whole or not at all."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from tianren.errors import UserError
from tianren.raster.blocks import map_blocks, read_with_halo, reduce_blocks, windows
from tianren.raster.raster import (
    MISSING,
    Array,
    ArraySink,
    ArraySource,
    ConstantSource,
    Raster,
    Window,
    whole,
)


def grid(rows: int, columns: int, west: float = 0.0) -> GeoBox:
    return GeoBox((rows, columns), Affine(1000, 0, west, 0, -1000, 0), "EPSG:6933")


def raster(cells: Array, name: str = "a", west: float = 0.0) -> Raster:
    return Raster(name, grid(*cells.shape, west=west), ArraySource(cells))


@dataclass
class Witness:
    """A sink that remembers what was done to it."""

    events: list[str] = field(default_factory=list)

    def write(self, window: Window, cells: Array) -> None:
        self.events.append("write")

    def close(self) -> None:
        self.events.append("close")

    def abandon(self) -> None:
        self.events.append("abandon")


shapes = st.tuples(st.integers(1, 23), st.integers(1, 23))
sizes = st.integers(1, 30)
crews = st.integers(1, 3)


@given(shapes, sizes)
def test_windows_cover_every_cell_once_in_row_major_order(
    shape: tuple[int, int], size: int
) -> None:
    seen = np.zeros(shape, dtype=int)
    blocks = windows(grid(*shape), size)
    for window in blocks:
        seen[window] += 1
    assert (seen == 1).all()
    assert blocks == sorted(blocks, key=lambda w: (w[0].start, w[1].start))


@settings(max_examples=30, deadline=None)
@given(shapes, sizes, crews, st.integers(0, 2**32 - 1))
def test_map_in_blocks_is_map_on_the_whole(
    shape: tuple[int, int], size: int, crew: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.random(shape, dtype=np.float32), rng.random(shape, dtype=np.float32)
    first, second = ArraySink(np.zeros_like(a)), ArraySink(np.zeros_like(a))
    map_blocks(
        lambda x, y: (x + y, x * y),
        [raster(a), raster(b, "b")],
        [first, second],
        size=size,
        workers=crew,
    )
    assert np.array_equal(first.cells, a + b)
    assert np.array_equal(second.cells, a * b)


def neighbourhood_maximum(cells: Array, n: int) -> Array:
    """Brute force: the largest value within n cells, over the padded array."""
    inner = np.lib.stride_tricks.sliding_window_view(cells, (2 * n + 1, 2 * n + 1))
    return np.nanmax(np.where(np.isnan(inner), -np.inf, inner), axis=(2, 3)).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(shapes, sizes, crews, st.integers(0, 3), st.integers(0, 2**32 - 1))
def test_halo_reads_give_neighbourhood_kernels_the_whole_answer(
    shape: tuple[int, int], size: int, crew: int, halo: int, seed: int
) -> None:
    a = np.random.default_rng(seed).random(shape, dtype=np.float32)
    sink = ArraySink(np.zeros_like(a))
    map_blocks(
        lambda x: neighbourhood_maximum(x, halo),
        [raster(a)],
        [sink],
        size=size,
        workers=crew,
        halo=halo,
    )
    padded = np.pad(a, halo, constant_values=np.nan)
    assert np.array_equal(sink.cells, neighbourhood_maximum(padded, halo))


def test_a_result_that_kept_its_halo_is_trimmed() -> None:
    a = np.arange(30, dtype=np.float32).reshape(5, 6)
    sink = ArraySink(np.zeros_like(a))
    map_blocks(lambda x: x + 1, [raster(a)], [sink], size=2, halo=2)
    assert np.array_equal(sink.cells, a + 1)


def test_beyond_the_grid_categories_are_missing() -> None:
    codes = Raster("c", grid(2, 2), ConstantSource(7, category=True), kind="category")
    read = read_with_halo(codes, whole(codes.grid), 1)
    assert read.dtype == np.int32
    assert read[0, 0] == MISSING
    assert read[1, 1] == 7


def test_the_kernel_may_ask_for_its_window() -> None:
    a = np.zeros((7, 5), dtype=np.float32)
    sink = ArraySink(np.zeros_like(a))
    map_blocks(lambda window, x: x + window[0].start, [raster(a)], [sink], size=3, with_window=True)
    assert sink.cells[:, 0].tolist() == [0, 0, 0, 3, 3, 3, 6]


@settings(max_examples=30, deadline=None)
@given(shapes, sizes, crews)
def test_reduce_combines_in_window_order(shape: tuple[int, int], size: int, crew: int) -> None:
    a = np.zeros(shape, dtype=np.float32)
    found = reduce_blocks(
        lambda window, _: [(window[0].start, window[1].start)],
        [raster(a)],
        lambda x, y: x + y,
        size=size,
        workers=crew,
        with_window=True,
    )
    assert found == [(w[0].start, w[1].start) for w in windows(grid(*shape), size)]


def test_reduce_starts_from_the_initial_value() -> None:
    a = np.ones((4, 4), dtype=np.float32)
    assert reduce_blocks(np.sum, [raster(a)], lambda x, y: x + y, initial=100.0, size=2) == 116.0


def double(cells: Array) -> Array:
    return cells * 2


def test_any_executor_serves() -> None:
    a = np.arange(20, dtype=np.float32).reshape(4, 5)
    for executor in (ThreadPoolExecutor(2), ProcessPoolExecutor(2)):
        with executor:
            sink = ArraySink(np.zeros_like(a))
            map_blocks(double, [raster(a)], [sink], size=2, workers=executor)
            assert np.array_equal(sink.cells, 2 * a)
            assert reduce_blocks(np.sum, [raster(a)], np.add, size=2, workers=executor) == 190


def test_a_cluster_gives_the_same_cells() -> None:
    """A dask cluster on this machine, where dask is installed."""
    distributed = pytest.importorskip(
        "distributed", reason="NO CLUSTER: dask.distributed is not installed, so none was tried"
    )
    a = np.arange(20, dtype=np.float32).reshape(4, 5)
    with distributed.Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        sink = ArraySink(np.zeros_like(a))
        map_blocks(double, [raster(a)], [sink], size=2, workers=client.get_executor())
    assert np.array_equal(sink.cells, 2 * a)


def test_sinks_are_closed_once_on_success() -> None:
    witness = Witness()
    map_blocks(double, [raster(np.zeros((4, 4), dtype=np.float32))], [witness], size=2)
    assert witness.events == ["write"] * 4 + ["close"]


def test_an_error_abandons_the_sinks_and_names_its_window() -> None:
    def fails_low_down(window: Window, cells: Array) -> Array:
        if window[0].start == 2:
            raise ValueError("no such thing")
        return cells

    witness = Witness()
    a = raster(np.zeros((4, 4), dtype=np.float32))
    with pytest.raises(ValueError, match="no such thing") as caught:
        map_blocks(fails_low_down, [a], [witness], size=2, with_window=True)
    assert "rows 2-4, columns 0-2" in caught.value.__notes__[0]
    assert witness.events[-1] == "abandon"
    assert "close" not in witness.events


def test_a_user_error_keeps_its_place_and_gains_the_window() -> None:
    def refuses(cells: Array) -> Array:
        raise UserError("bad tile", where="dem.tif", next_step="copy it again")

    with pytest.raises(UserError, match=r"dem.tif, rows 0-2, columns 0-2: bad tile"):
        reduce_blocks(refuses, [raster(np.zeros((2, 2)))], lambda x, y: x)


def test_rasters_on_different_grids_are_refused_with_the_shift() -> None:
    a = raster(np.zeros((2, 2), dtype=np.float32))
    b = raster(np.zeros((2, 2), dtype=np.float32), "b", west=500.0)
    with pytest.raises(UserError, match=r"b is not on the grid of a .*0.5 cells east"):
        reduce_blocks(double, [a, b], np.add)


def test_the_number_of_arrays_must_match_the_sinks() -> None:
    witness = Witness()
    with pytest.raises(ValueError, match="2 arrays for 1 sinks"):
        map_blocks(lambda x: (x, x), [raster(np.zeros((2, 2)))], [witness])
    assert witness.events == ["abandon"]


def test_memory_is_bounded_by_the_windows_under_way() -> None:
    """No more than twice the workers' windows are started before one is taken."""
    started, taken = 0, 0
    ahead: list[int] = []

    def kernel(cells: Array) -> int:
        nonlocal started
        started += 1
        return 1

    def combine(total: int, part: int) -> int:
        nonlocal taken
        taken += 1
        ahead.append(started - taken)
        return total + part

    a = raster(np.zeros((40, 40), dtype=np.float32))
    assert reduce_blocks(kernel, [a], combine, initial=0, size=2, workers=2) == 400
    assert max(ahead) <= 4


def test_progress_counts_the_windows() -> None:
    seen: list[tuple[int, int]] = []
    a = raster(np.zeros((4, 4), dtype=np.float32))
    reduce_blocks(np.sum, [a], np.add, size=2, progress=lambda n, of: seen.append((n, of)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_to_xarray_keeps_name_unit_and_values() -> None:
    pytest.importorskip("xarray")
    found = raster(np.ones((2, 3), dtype=np.float32), "rain").to_xarray()
    assert found.name == "rain"
    assert found.shape == (2, 3)
    assert found.attrs["units"] == "1"
