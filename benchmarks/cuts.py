"""Cumulative-share cuts from a compressed file, against decoding it once and against a sort."""

import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from threading import local

import rasterio
from rasterio.windows import Window as Box

from benchmarks import data
from tianren.io.rasters import open_raster
from tianren.raster.blocks import SIZE, windows
from tianren.raster.cuts import share_cuts
from tianren.raster.raster import ArraySource, Raster, Window

SHARES = (Fraction(1, 2), Fraction(4, 5))


def prepare(kind: str, size: int, threads: int) -> float:
    """Make the input."""
    data.service(kind, size)
    return 0.0


def ours(kind: str, size: int, threads: int) -> float:
    value = open_raster(data.service(kind, size), name="service")
    _warm(threads)
    started = time.perf_counter()
    cuts = share_cuts(value, SHARES, workers=threads)
    seconds = time.perf_counter() - started
    print(f"thresholds {cuts[0].thresholds}")
    return seconds


def _warm(threads: int) -> None:
    """Compile, or load what is kept."""
    import numpy as np

    cells = np.ones((2, 2), dtype=np.float32)
    share_cuts(Raster("warm", data.grid(2), ArraySource(cells)), SHARES, workers=threads)


def decode(kind: str, size: int, threads: int) -> float:
    """Seconds to decode the file once, with the same windows and threads; the yardstick."""
    path, handles = data.service(kind, size), local()

    def work(window: Window) -> None:
        if not hasattr(handles, "open"):
            handles.open = rasterio.open(path)
        handles.open.read(1, window=Box.from_slices(*window))

    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, windows(data.grid(size), SIZE)))
    return time.perf_counter() - started
