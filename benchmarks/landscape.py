"""Patch metrics and effective mesh size against pylandstats, metric by metric.

A smooth field above its median, patches by sides, on cells of 10 m: with larger ones pylandstats
3.1 squares areas beyond what its whole numbers hold, and its mesh is negative. Ours computes core
area, radius and proximity besides, which the peer is not asked for.
"""

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from benchmarks import data
from benchmarks.measure import Goal, at_least, at_most, measured, peer
from tianren.science.landscape import effective_mesh, patch_metrics

SIZE, SIDE = 1000, 10.0
FOLDER = data.FOLDER / "landscape"
METRICS = ("area", "perimeter", "shape", "fractal", "nearest")


def goals(asked: argparse.Namespace) -> list[Goal | str]:
    """Measure what benchmarks.run was asked for."""
    size = min(asked.size, SIZE)
    print(f"\nPatch metrics, {size:,} x {size:,}", flush=True)
    cells(size)
    ours = measured("landscape", "metrics", "patches", size, asked.threads, asked.runs)
    print(f"  {'; '.join(ours.said)}")
    folder = FOLDER / str(size)
    other = None if asked.ours else peer("metrics_pylandstats", ["pylandstats"], [str(folder)])
    if not other:
        return []
    theirs, mine = np.load(folder / "pylandstats.npz"), np.load(folder / "ours.npz")
    return [
        *(
            at_most(f"pylandstats: largest difference, {name}", _apart(a, b), 1e-9)
            for name, a, b in zip(METRICS, mine["metrics"], theirs["metrics"], strict=True)
        ),
        at_most("pylandstats: difference, mesh", _apart(mine["mesh"], theirs["mesh"]), 1e-9),
        at_least("pylandstats / ours", other.seconds / ours.seconds, 1.0),
    ]


def _apart(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Largest relative difference."""
    return float(np.max(np.abs(a - b) / np.abs(b)))


def metrics(kind: str, size: int, threads: int) -> float:
    from scipy.ndimage import label

    field = cells(size)
    patch_metrics(np.eye(3, dtype=np.int32), (1, 1), edge_depth=1, reach=1)  # compiled before
    started = time.perf_counter()
    labels, n = label(field == 1)
    found = patch_metrics(labels, (SIDE, SIDE), edge_depth=SIDE, reach=10 * SIDE)
    mesh = effective_mesh(found.area, field.size * SIDE**2)
    seconds = time.perf_counter() - started
    table = np.stack([getattr(found, name) for name in METRICS])
    np.savez(FOLDER / str(size) / "ours.npz", metrics=table, mesh=mesh)
    print(f"{n:,} patches")
    return seconds


def cells(size: int) -> NDArray[np.uint8]:
    """1 where a smooth random field lies above its median, 2 elsewhere."""
    path = FOLDER / str(size) / "cells.npy"
    if not path.exists():
        from scipy.ndimage import gaussian_filter

        field = gaussian_filter(np.random.default_rng(13).random((size, size)), 3)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.where(field > np.median(field), 1, 2).astype(np.uint8))
    found: NDArray[np.uint8] = np.load(path)
    return found
