"""Benchmark layers with fixed seeds: noisy ones that hardly compress, smooth ones that do.

Written under bench-data/ as working copies: tiled, zstd 1, float32, NaN where there is no land.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from tianren.io.rasters import open_raster, raster_sink
from tianren.raster.blocks import map_blocks
from tianren.raster.raster import ConstantSource, Grid, Raster, Window

FOLDER = Path("bench-data")
KINDS = ("noisy", "smooth")
# Name: lowest and highest value; R MJ mm/(hm2 h a), K t hm2 h/(hm2 MJ mm), relief m, the rest 1.
LAYERS = {
    "R": (100.0, 8000.0),
    "K": (0.005, 0.06),
    "LS": (0.03, 40.0),
    "C": (0.0, 1.0),
    "relief": (0.0, 600.0),
    "cover": (0.0, 1.0),
}
Floats = NDArray[np.float32]


def grid(size: int) -> Grid:
    return GeoBox((size, size), Affine(100, 0, 0, 0, -100, 0), "EPSG:6933")


def layers(kind: str, size: int) -> list[Raster]:
    """The six layers of a kind and size, made on first use."""
    return [open_raster(_path(kind, size, name, make=True), name=name) for name in LAYERS]


def service(kind: str, size: int) -> Path:
    """One layer for the cuts: the last factor of the six is as good as any."""
    return _path(kind, size, "LS", make=True)


def paths(kind: str, size: int) -> list[Path]:
    return [_path(kind, size, name, make=True) for name in LAYERS]


def _path(kind: str, size: int, name: str, make: bool) -> Path:
    path = FOLDER / f"{kind}-{size}" / f"{name}.tif"
    if make and not path.exists():
        print(f"making {path}", flush=True)
        ground = Raster("ground", grid(size), ConstantSource(0.0))
        sink = raster_sink(path, grid(size))
        map_blocks(_cells(kind, size, name), [ground], [sink], with_window=True)
    return path


def _cells(kind: str, size: int, name: str) -> Callable[[Window, Floats], Floats]:
    """Cells of a window: they depend on the layer and on the place of the window alone."""
    low, high = LAYERS[name]
    seed = list(LAYERS).index(name)

    def make(window: Window, _: Floats) -> Floats:
        rows, columns = np.ogrid[window]
        y, x = rows / size, columns / size
        if kind == "noisy":
            rng = np.random.default_rng([seed, window[0].start, window[1].start])
            part = rng.random((y.size, x.size), dtype=np.float32)
        else:
            part = _waves(x.astype(np.float32), y.astype(np.float32), seed)
        land = (x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.3  # about 94 % of the square
        return np.where(land, low + part * (high - low), np.nan).astype(np.float32)

    return make


def _waves(x: Floats, y: Floats, seed: int) -> Floats:
    """0..1 in 1,024 steps, as a measured layer has: three waves of different length."""
    lengths = np.float32(2 * np.pi) * np.array([1.5, 7.0, 31.0], dtype=np.float32)
    height = sum(
        np.sin(n * x + seed) * np.cos(n * y - seed) / k for k, n in enumerate(lengths, start=1)
    )
    scaled: Floats = np.round((height / 3.7 + 0.5) * 1024) / np.float32(1024)
    return np.clip(scaled, 0, 1)
