"""What 200 species' ranges hold in one layer of zones, against exactextract called 200 times.

Ranges and zones overlap cells by fractions; the areas are compared, zone by zone, to 1e-6. Ours
starts from the polygons of the zones and from the ranges as a run keeps them (one sparse file, read
within the time); making that file of 200 rasters is measured beside it.
"""

import argparse
import math
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import scipy.sparse
import shapely
from numpy.typing import NDArray

from benchmarks import data
from benchmarks.measure import PEERS, Goal, at_least, peer, together
from tianren.geo.fractions import cell_fractions
from tianren.io.ranges import read_ranges, write_ranges
from tianren.io.rasters import open_raster, raster_sink
from tianren.raster.raster import cell_area, whole
from tianren.science.species import held, ranges_of

SIZE, RANGES, ZONES = 2000, 200, 150
FOLDER = data.FOLDER / f"zonal-{SIZE}"


def goals(asked: argparse.Namespace) -> list[Goal | str]:
    """The ratio, after both were found to say the same."""
    print(f"\n{RANGES} ranges x {ZONES} zones on {SIZE:,} x {SIZE:,} cells", flush=True)
    prepare()
    ours, _ = together("zonal", ["ours", "matrix"], "", SIZE, asked.threads, asked.runs)
    if asked.ours:
        return []
    found: list[Goal | str] = []
    for way, limit in (("each", 50.0), ("at_once", 0.0)):
        theirs = peer("zonal_exactextract", ["exactextract", "geopandas"], [str(FOLDER), way])
        if theirs:
            _same(FOLDER / "ours.npy", FOLDER / f"{way}.npy")
            ratio = theirs.seconds / ours.seconds
            print(f"    exactextract ({way}) / ours: {ratio:.0f}", flush=True)
            if limit:
                found.append(at_least("exactextract called 200 times / held", ratio, limit))
    return found


def ours(_kind: str, _size: int, _threads: int) -> float:
    """Fractions of the zones, ranges from their file, one product."""
    grid = data.grid(SIZE)
    zones = gpd.read_file(FOLDER / "zones.gpkg").geometry.to_numpy()
    held(read_ranges(FOLDER / "few.npz"), cell_fractions(zones[:1], grid))  # compile, or load
    started = time.perf_counter()
    shares = cell_fractions(zones, grid)
    areas = held(read_ranges(FOLDER / "ranges.npz"), shares)
    seconds = time.perf_counter() - started
    np.save(FOLDER / "ours.npy", areas / cell_area(grid))
    return seconds


def matrix(_kind: str, _size: int, _threads: int) -> float:
    """The 200 rasters read into the one sparse file."""
    started = time.perf_counter()
    rows = []
    for i in range(RANGES):
        cells = open_raster(_tif(i)).read(whole(data.grid(SIZE)))
        rows.append(scipy.sparse.csr_array(np.nan_to_num(cells).reshape(1, -1)))
    stacked = scipy.sparse.vstack(rows, format="csr")
    names = [f"species {i}" for i in range(RANGES)]
    write_ranges(FOLDER / "again.npz", ranges_of(names, stacked, (SIZE, SIZE), 1e4))
    return time.perf_counter() - started


def prepare() -> None:
    """200 ranges as rasters and as one file, 150 zones as polygons; seeds fixed."""
    if (FOLDER / "zones.gpkg").exists():
        return
    print(f"making {FOLDER}", flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    grid = data.grid(SIZE)
    shares = cell_fractions(_blobs(1, RANGES, 5_000.0, 40_000.0), grid)
    names = [f"species {i}" for i in range(RANGES)]
    ranges = ranges_of(names, shares, (SIZE, SIZE), cell_area(grid))
    write_ranges(FOLDER / "ranges.npz", ranges)
    few = ranges_of(names[:1], ranges.cells[[0]], (SIZE, SIZE), cell_area(grid))
    write_ranges(FOLDER / "few.npz", few)
    for i in range(RANGES):
        sink = raster_sink(_tif(i), grid)
        sink.write(whole(grid), ranges.cells[[i]].toarray().reshape(SIZE, SIZE))
        sink.close()
    zones = gpd.GeoDataFrame(
        {"zone": np.arange(ZONES)},
        geometry=_blobs(2, ZONES, 2_000.0, 12_000.0),
        crs=grid.crs.to_wkt(),
    )
    zones.to_file(FOLDER / "zones.gpkg")


def _blobs(seed: int, count: int, least: float, most: float) -> NDArray[np.object_]:
    """Polygons of 400 corners with a wavy outline, of these radii (m), all over the grid."""
    rng = np.random.default_rng(seed)
    side = SIZE * 100.0
    turns = np.linspace(0, 2 * math.pi, 400, endpoint=False)
    made = []
    for _ in range(count):
        waves = sum(rng.uniform(0, 0.1) * np.sin(k * turns + rng.uniform(0, 6)) for k in (2, 3, 7))
        reach = rng.uniform(least, most) * (1 + waves)
        x, y = rng.uniform(0, side), -rng.uniform(0, side)
        made.append(shapely.Polygon(np.c_[x + reach * np.cos(turns), y + reach * np.sin(turns)]))
    return np.array(made, dtype=object)


def _tif(i: int) -> Path:
    return FOLDER / f"range-{i:03}.tif"


def _same(mine: Path, theirs: Path) -> None:
    """Stop when the two did not find the same areas (zones x species, in cells)."""
    a, b = np.load(mine), np.load(theirs)
    worst = float(np.max(np.abs(a - b) / np.maximum(np.abs(b), 1.0)))
    if a.shape != b.shape or worst > 1e-6:
        sys.exit(f"not the same areas: {worst:.2e} apart")
    print(f"    the same areas, at most {worst:.1e} apart")


if __name__ == "__main__":
    sys.exit(f"python -m benchmarks.run --only zonal (peers: {PEERS})")
