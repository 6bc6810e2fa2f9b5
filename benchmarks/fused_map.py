"""Fused map: RUSLE soil retention and four-factor erosion sensitivity, six rasters in, two out.

The yardstick is decoding the six and encoding the two, with the same codec, blocks and threads and
nothing in between. Peers compute the same model.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window as Box

from benchmarks import data
from tianren.io.rasters import raster_sink
from tianren.raster.blocks import SIZE, map_blocks, windows
from tianren.raster.raster import Window
from tianren.science.equation import fuse
from tianren.science.sensitivity import (
    erosivity_score,
    falling_score,
    relief_score,
    rising_score,
    water_erosion,
)
from tianren.science.soil_erosion import soil_retention

NEVER = 1e30  # three-level tables have no classes 7 and 9
OUTPUTS = ("retention", "sensitivity")


def first_model(R: float, K: float, LS: float, C: float, relief: float, cover: float) -> float:
    """Soil retained, t/(hm2 a)."""
    return soil_retention(R, K, LS, 1.0, C)


def both_models(
    R: float, K: float, LS: float, C: float, relief: float, cover: float
) -> tuple[float, float]:
    """Soil retained, and sensitivity to water erosion by three-level factor scores."""
    return soil_retention(R, K, LS, 1.0, C), water_erosion(
        erosivity_score(R, 981.0, 5886.0, NEVER, NEVER),
        rising_score(K, 0.02, 0.04, NEVER, NEVER),
        relief_score(relief, 50.0, 300.0, NEVER, NEVER),
        falling_score(cover, 0.6, 0.2, -NEVER, -NEVER),
    )


def ours(kind: str, size: int, threads: int) -> float:
    """Seconds for both models in one pass."""
    return _mapped(kind, size, threads, fuse(both_models), OUTPUTS)


def one_model(kind: str, size: int, threads: int) -> float:
    """Seconds for the first model alone, from the same six rasters."""
    return _mapped(kind, size, threads, fuse(first_model), OUTPUTS[:1])


def _mapped(
    kind: str, size: int, threads: int, kernel: Callable[..., object], names: tuple[str, ...]
) -> float:
    rasters = data.layers(kind, size)
    kernel(*(np.zeros((1, 1), dtype=np.float32) for _ in rasters))  # compile, or load what is kept
    started = time.perf_counter()
    sinks = [raster_sink(_output(kind, size, name), rasters[0].grid) for name in names]
    map_blocks(kernel, rasters, sinks, workers=threads)
    return time.perf_counter() - started


def codec(kind: str, size: int, threads: int) -> float:
    """Seconds to decode the six and encode the two with plain rasterio; the yardstick."""
    results = [_raw(kind, size, name) for name in OUTPUTS]
    inputs, grid = data.paths(kind, size), data.grid(size)
    started = time.perf_counter()
    profile = {
        "driver": "GTiff", "height": size, "width": size, "count": 1, "dtype": "float32",
        "nodata": float("nan"), "crs": grid.crs.to_wkt(), "transform": grid.affine,
        "tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "zstd", "zstd_level": 1,
        "bigtiff": "if_safer",
    }  # fmt: skip
    handles, locks = threading.local(), [threading.Lock() for _ in OUTPUTS]
    outputs = [rasterio.open(_output(kind, size, n), "w", **profile) for n in OUTPUTS]

    def work(window: Window) -> None:
        if not hasattr(handles, "open"):
            handles.open = [rasterio.open(path) for path in inputs]
        for handle in handles.open:
            handle.read(1, window=_box(window))
        for output, lock, cells in zip(outputs, locks, results, strict=True):
            with lock:
                output.write(cells[window], 1, window=_box(window))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, windows(grid, SIZE)))
    for output in outputs:
        output.close()
    return time.perf_counter() - started


def prepare(kind: str, size: int, threads: int) -> float:
    """Make the inputs, and keep the two results unencoded for the yardstick to encode."""
    rasters = data.layers(kind, size)
    if not all(_raw_path(kind, size, name).exists() for name in OUTPUTS):
        sinks = [_RawSink(_raw_path(kind, size, name), size) for name in OUTPUTS]
        map_blocks(fuse(both_models), rasters, sinks, workers=threads)
    return 0.0


class _RawSink:
    """Cells as they are, in a file that is mapped into memory."""

    def __init__(self, path: Path, size: int) -> None:
        self.cells = np.lib.format.open_memmap(
            path, mode="w+", dtype=np.float32, shape=(size, size)
        )

    def write(self, window: Window, cells: np.ndarray) -> None:
        self.cells[window] = cells

    def close(self) -> None:
        self.cells.flush()

    def abandon(self) -> None:
        Path(str(self.cells.filename)).unlink()


def _raw(kind: str, size: int, name: str) -> np.ndarray:
    return np.load(_raw_path(kind, size, name), mmap_mode="r")


def _raw_path(kind: str, size: int, name: str) -> Path:
    return data.FOLDER / f"{kind}-{size}" / f"{name}.npy"


def _output(kind: str, size: int, name: str) -> Path:
    return data.FOLDER / f"{kind}-{size}" / f"out-{name}.tif"


def _box(window: Window) -> Box:
    return Box.from_slices(*window)
