"""Holes, patches and boundaries, against connected-components-3d and rasterio.features.shapes.

The same definition (holes 8-connected, off the grid's edge, at most 100 cells; patches 4-connected,
at least 100 cells) on the same binary masks in memory; results compared cell by cell and by area.
Alone (--ours) from a compressed file to compressed files, with the peak of memory.
Compiled before the clock starts; the peers need no compiling.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import data
from benchmarks.measure import PEERS, Goal, Measured, at_least, measured, peer, together
from tianren.io.rasters import open_raster, raster_sink
from tianren.raster.patches import clean, label
from tianren.raster.raster import Array, ArraySink, ArraySource, Raster, cell_area
from tianren.raster.trace import trace

HOLE_LIMIT = MINIMUM = 100  # cells: 1 km2 at 100 m
KINDS = ("noisy", "smooth", "salted")
BAND = 1000  # rows made at a time


def goals(asked: argparse.Namespace) -> list[Goal | str]:
    """Measure what benchmarks.run was asked for; what is not for ratios is printed only."""
    found: list[Goal | str] = []
    for kind in [*asked.kind, *(["salted"] if "noisy" in asked.kind else [])]:
        print(f"\nPatches and boundaries, {kind} mask, {asked.size:,} x {asked.size:,}", flush=True)
        prepare(kind, asked.size, files=asked.ours)
        work = (kind, asked.size, asked.threads, asked.runs)
        if asked.ours:
            _alone(work)
        else:
            found.append(f"{kind} mask {asked.size:,} x {asked.size:,}")
            found += _ratios(work)
    return found


def _alone(work: tuple[str, int, int, int]) -> None:
    for function in ("clean_files", "label_files", "trace_file"):
        _tell(measured("patches", function, *work))


def _ratios(work: tuple[str, int, int, int]) -> list[Goal | str]:
    ours, boundaries = together("patches", ["clean_cells", "boundaries"], *work)
    _tell(ours)
    _tell(boundaries)
    folder, goals = str(_folder(*work[:2])), []
    limits = [folder, str(HOLE_LIMIT), str(MINIMUM)]
    for way in ("dust", "labels"):
        theirs = peer("patches_cc3d", ["cc3d", "numpy"], [*limits, way], runs=work[3])
        if theirs:
            _tell(theirs)
            _same("cells", ours, theirs, 0)
            ratio = theirs.seconds / ours.seconds
            goals.append(at_least(f"connected-components-3d ({way}) / clean", ratio, 3.0))
    theirs = peer("boundaries_rasterio", ["rasterio", "shapely"], [folder, "4"])
    if theirs:
        _tell(theirs)
        _same("area", boundaries, theirs, 1e-12)
        ratio = theirs.seconds / boundaries.seconds
        goals.append(at_least("rasterio.features.shapes + shapely / trace", ratio, 2.0))
    if theirs and work[0] == "noisy":  # how many are invalid when corners join, as many do it
        by_corners = peer("boundaries_rasterio", ["rasterio", "shapely"], [folder, "8"])
        _tell(by_corners or theirs)
    return list(goals)


def _tell(found: Measured) -> None:
    for line in found.said:
        print(f"    {line}", flush=True)


def _same(what: str, ours: Measured, theirs: Measured, relative: float) -> None:
    """Stop when the two did not do the same work."""
    mine, other = (next(s for s in m.said if s.startswith(what)).split()[1] for m in (ours, theirs))
    if mine == other:
        return
    if not relative or abs(float(mine) / float(other) - 1) > relative:
        sys.exit(f"not the same {what}: {mine} here, {other} there")


def clean_cells(kind: str, size: int, threads: int) -> float:
    """Fill and drop, array to array."""
    mask = np.load(_folder(kind, size) / "mask.npy")
    out = np.zeros(mask.shape, dtype=np.uint8)
    _warm()
    started = time.perf_counter()
    clean(_raster(mask), ArraySink(out), **_LIMITS, workers=threads)
    seconds = time.perf_counter() - started
    print(f"cells {hashlib.sha256(out.tobytes()).hexdigest()[:16]}")
    return seconds


def boundaries(kind: str, size: int, threads: int) -> float:
    """Trace labelled pieces, array to polygons."""
    import shapely

    labels = _raster(np.load(_folder(kind, size) / "labels.npy"))
    _warm()
    started = time.perf_counter()
    found = trace(labels, workers=threads)
    seconds = time.perf_counter() - started
    shapes = np.array(list(found.values()), dtype=object)
    print(f"area {float(shapely.area(shapes).sum())!r}")
    print(f"polygons {len(shapes)}, invalid {np.count_nonzero(~shapely.is_valid(shapes))}")
    return seconds


def clean_files(kind: str, size: int, threads: int) -> float:
    """Fill and drop, compressed file to compressed file."""
    state = open_raster(_tif(kind, size, "mask"), kind="category")
    sink = raster_sink(_tif(kind, size, "cleaned"), state.grid, dtype="uint8")
    _warm()
    started = time.perf_counter()
    counts = clean(state, sink, **_LIMITS, workers=threads)
    print(counts)
    return time.perf_counter() - started


def label_files(kind: str, size: int, threads: int) -> float:
    """Number the patches, compressed file to compressed file."""
    cleaned = open_raster(_tif(kind, size, "cleaned"), kind="category")
    sink = raster_sink(_tif(kind, size, "labels"), cleaned.grid, dtype="int32")
    _warm()
    started = time.perf_counter()
    print(f"{label(cleaned, sink, workers=threads)} patches")
    return time.perf_counter() - started


def trace_file(kind: str, size: int, threads: int) -> float:
    """Trace labelled pieces, compressed file to polygons in memory."""
    import shapely

    labels = open_raster(_tif(kind, size, "labels"), kind="category")
    _warm()
    started = time.perf_counter()
    shapes = np.array(list(trace(labels, workers=threads).values()), dtype=object)
    seconds = time.perf_counter() - started
    vertices = int(shapely.get_num_coordinates(shapes).sum())
    area = shapely.area(shapes).sum() / cell_area(labels.grid)
    print(f"{len(shapes)} polygons, {vertices} vertices, {area:.3f} cells")
    return seconds


_LIMITS = {"hole_limit_cells": HOLE_LIMIT, "minimum_cells": MINIMUM}


def _warm() -> None:
    """Compile, or load what is kept."""
    for dtype in (np.uint8, np.int32):
        cells = np.eye(4, dtype=dtype)
        clean(_raster(cells), ArraySink(np.zeros((4, 4), dtype=np.uint8)), **_LIMITS)
        label(_raster(cells), ArraySink(np.zeros((4, 4), dtype=np.int32)))
        trace(_raster(cells))


def _raster(cells: Array) -> Raster:
    return Raster("mask", data.grid(cells.shape[0]), ArraySource(cells), kind="category")


def _folder(kind: str, size: int) -> Path:
    return data.FOLDER / f"{kind}-{size}"


def _tif(kind: str, size: int, name: str) -> Path:
    return _folder(kind, size) / f"{name}.tif"


def prepare(kind: str, size: int, files: bool) -> None:
    """Make the mask, once: as a file, or as an array with the labels of the cleaned mask."""
    made = _tif(kind, size, "mask") if files else _folder(kind, size) / "labels.npy"
    if made.exists():
        return
    print(f"making {made}", flush=True)
    made.parent.mkdir(parents=True, exist_ok=True)
    if files:
        sink = raster_sink(made, data.grid(size), dtype="uint8")
        for start, cells in _bands(kind, size):
            sink.write((slice(start, start + len(cells)), slice(0, size)), cells)
        sink.close()
        return
    mask = np.concatenate([cells for _, cells in _bands(kind, size)])
    np.save(made.parent / "mask.npy", mask)
    cleaned, labels = np.zeros((size, size), np.uint8), np.zeros((size, size), np.int32)
    clean(_raster(mask), ArraySink(cleaned), **_LIMITS)
    label(_raster(cleaned), ArraySink(labels))
    np.save(made, labels)


def _bands(kind: str, size: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Rows of a mask that is about half inside.

    noisy: white noise smoothed over 5 x 5 cells; smooth: hills of 100 to 1,000 cells; salted: noisy
    with every twentieth cell turned over.
    """
    for start in range(0, size, BAND):
        rows = min(BAND, size - start)
        inside = _hills(start, rows, size) if kind == "smooth" else _grain(start, rows, size)
        if kind == "salted":
            salt = np.random.default_rng([7, start]).random(inside.shape, dtype=np.float32)
            inside ^= salt < 0.05
        yield start, inside.astype(np.uint8)


def _grain(start: int, rows: int, size: int) -> NDArray[np.bool_]:
    from scipy.ndimage import uniform_filter

    def noise(begin: int) -> NDArray[np.float32]:
        return np.random.default_rng([1, begin]).random((BAND, size), dtype=np.float32)

    here, halo = noise(start), 2
    before = noise(start - BAND)[-halo:] if start else here[:halo]
    field = np.concatenate([before, here, noise(start + BAND)[:halo]])
    return (uniform_filter(field, 5) > 0.5)[halo : halo + rows]


def _hills(start: int, rows: int, size: int) -> NDArray[np.bool_]:
    y, x = np.arange(start, start + rows), np.arange(size)
    height = np.zeros((rows, size), dtype=np.float32)
    for seed, step in enumerate((1000, 300, 100)):
        lattice = np.random.default_rng(seed).standard_normal((size // step + 2,) * 2)
        height += np.float32(step) * _between(_between(lattice, y / step).T, x / step).T
    return height > 0


def _between(lattice: NDArray[np.floating], at: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows of the lattice at fractional places."""
    low = at.astype(np.int64)
    share = (at - low)[:, None]
    return (lattice[low] * (1 - share) + lattice[low + 1] * share).astype(np.float32)


if __name__ == "__main__":
    sys.exit(f"python -m benchmarks.run --only patches (peers: {PEERS})")
