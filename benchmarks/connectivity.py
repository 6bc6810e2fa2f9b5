"""Least-cost surfaces, current and the probability of connectivity, against their peers.

Resistances 1 to 100 with a tenth of barriers, noisy (independent) or smooth (hills), one source in
the middle; the cost surface is compared cell by cell with each peer's. Current from one corner to
the other. Graphs of patches: points at random, each linked with its nearest eight, areas
log-normal; p* compared pair by pair. Taking each patch away in turn with scipy is not run (hours):
one run of all pairs is timed and counted once for every patch. Links come on top in ours.
"""

import argparse
import shutil
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import data
from benchmarks.measure import Goal, at_least, at_most, measured, peer
from tianren.science.connectivity import Graph, all_pairs, connectivity, graph
from tianren.science.corridors import cost_surface
from tianren.science.current import flow

COST_SIZE, CURRENT_SIZE, PATCHES = 4000, 2000, 5000
FOLDER = data.FOLDER / "connectivity"
LIKE_ONE = 1e-6  # of a cost


def goals(asked: argparse.Namespace) -> list[Goal | str]:
    """Measure what benchmarks.run was asked for."""
    found: list[Goal | str] = []
    for kind in asked.kind:
        found += _cost(kind, asked)
        found += _current(kind, asked)
    return found + _graph(asked)


def _cost(kind: str, asked: argparse.Namespace) -> list[Goal | str]:
    size = min(asked.size, COST_SIZE)
    print(f"\nLeast-cost surface, {kind}, {size:,} x {size:,}", flush=True)
    folder = FOLDER / f"{kind}-{size}"
    resistance(kind, size)
    ours = measured("connectivity", "cost", kind, size, asked.threads, asked.runs)
    found: list[Goal | str] = []
    for script, needs in (
        ("cost_skimage", ["skimage"]),
        ("cost_scipy", ["scipy"]),
        ("cost_grass", ["rasterio"]),
    ):
        if script == "cost_grass" and not shutil.which("grass"):
            print(f"  SKIPPED {script}: the command grass is not installed", flush=True)
            continue
        other = None if asked.ours else peer(script, needs, [str(folder)])
        if other:
            apart = _apart(folder / "cost.npy", folder / f"{script}.npy")
            found.append(at_most(f"{script}: largest difference, {kind}", apart, LIKE_ONE))
            found.append(at_least(f"{script} / ours, {kind}", other.seconds / ours.seconds, 4.0))
    return found


def _apart(one: Path, other: Path) -> float:
    """Largest difference relative to the cost; infinite where only one of them arrives."""
    a, b = np.load(one), np.load(other)
    there = np.isfinite(a)
    if (there != np.isfinite(b)).any():
        return float("inf")
    return float(np.max(np.abs(a[there] - b[there]) / np.maximum(a[there], 1)))


def _current(kind: str, asked: argparse.Namespace) -> list[Goal | str]:
    size = min(asked.size, CURRENT_SIZE)
    print(f"\nCurrent, {kind}, {size:,} x {size:,}", flush=True)
    resistance(kind, size)
    ours = measured("connectivity", "current", kind, size, asked.threads, 1)
    print(f"  {'; '.join(ours.said)}")
    return [
        at_most(f"current, seconds, {kind}", ours.seconds, 120.0),
        at_most(f"current, peak resident GiB, {kind}", ours.peak_mib / 1024, 8.0),
    ]


def _graph(asked: argparse.Namespace) -> list[Goal | str]:
    n = min(asked.size, PATCHES)
    print(f"\nGraph of {n:,} patches", flush=True)
    links(n)
    folder = FOLDER / f"patches-{n}"
    pairs = measured("connectivity", "pairs", "links", n, asked.threads, asked.runs)
    importance = measured("connectivity", "importance", "links", n, asked.threads, 1)
    other = None if asked.ours else peer("pairs_scipy", ["scipy"], [str(folder)], asked.runs)
    if not other:
        return []
    apart = float(np.max(np.abs(np.load(folder / "pairs.npy") - np.load(folder / "scipy.npy"))))
    in_turn = n * other.seconds
    print(f"  each patch away in turn with scipy, projected: {in_turn / 3600:.1f} h")
    return [
        at_most("p*, largest difference", apart, 1e-9),
        at_least("scipy all pairs / ours", other.seconds / pairs.seconds, 2.0),
        at_least("each away in turn (projected) / dPC", in_turn / importance.seconds, 100.0),
    ]


# -- what is measured, each in a process of its own ------------------------------------------------


def cost(kind: str, size: int, threads: int) -> float:
    field = resistance(kind, size)
    sources = np.zeros(field.shape, dtype=np.int32)
    sources[size // 2, size // 2] = 1
    cost_surface(field[:50, :50], np.eye(50, dtype=np.int32))  # compiled before the clock starts
    started = time.perf_counter()
    found = cost_surface(field, sources)
    seconds = time.perf_counter() - started
    np.save(FOLDER / f"{kind}-{size}" / "cost.npy", found.cost)
    return seconds


def current(kind: str, size: int, threads: int) -> float:
    field = resistance(kind, size).astype(np.float64)
    source, ground = np.zeros(field.shape, dtype=bool), np.zeros(field.shape, dtype=bool)
    source[:3, :3] = ground[-3:, -3:] = True
    flow(field[:80, :80], source[:80, :80], np.flip(source)[-80:, -80:])
    started = time.perf_counter()
    found = flow(field, source, ground)
    seconds = time.perf_counter() - started
    print(f"residual {found.residual:.1e} in {found.iterations} iterations", end="; ")
    print(f"out and in differ by {found.imbalance:.1e} A")
    return seconds


def pairs(kind: str, size: int, threads: int) -> float:
    net, _ = links(size)
    all_pairs(graph(2, np.array([0]), np.array([1]), np.array([0.5])))
    started = time.perf_counter()
    found = all_pairs(net, workers=threads)
    seconds = time.perf_counter() - started
    np.save(FOLDER / f"patches-{size}" / "pairs.npy", found)
    return seconds


def importance(kind: str, size: int, threads: int) -> float:
    net, areas = links(size)
    connectivity(graph(2, np.array([0]), np.array([1]), np.array([0.5])), np.ones(2))
    started = time.perf_counter()
    connectivity(net, areas, workers=threads)
    return time.perf_counter() - started


# -- data ------------------------------------------------------------------------------------------


def resistance(kind: str, size: int) -> NDArray[np.float32]:
    """1 to 100, NaN in a tenth of the cells; open at the source and at two corners."""
    path = FOLDER / f"{kind}-{size}" / "resistance.npy"
    if not path.exists():
        from scipy.ndimage import gaussian_filter

        rng = np.random.default_rng(11)
        field = rng.random((size, size))
        if kind == "smooth":
            field = gaussian_filter(field, size / 100)
            field = (field - field.min()) / (field.max() - field.min())
        field = (1 + 99 * field).astype(np.float32)
        field[rng.random(field.shape) < 0.1] = np.nan
        for place in (slice(0, 3), slice(size // 2, size // 2 + 1), slice(-3, None)):
            field[place, place] = 1
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, field)
    found: NDArray[np.float32] = np.load(path)
    return found


def links(n: int) -> tuple[Graph, NDArray[np.float64]]:
    """Points at random in the unit square, each linked with its nearest eight."""
    path = FOLDER / f"patches-{n}" / "links.npz"
    if not path.exists():
        from scipy.spatial import cKDTree

        rng = np.random.default_rng(12)
        places = rng.random((n, 2))
        distance, near = cKDTree(places).query(places, k=9)
        ends = np.stack([np.repeat(np.arange(n), 8), near[:, 1:].reshape(-1)], axis=1)
        ends, first = np.unique(np.sort(ends, axis=1), axis=0, return_index=True)
        p = np.exp(-distance[:, 1:].reshape(-1)[first] * np.sqrt(n) / 2)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, ends=ends, p=p, areas=rng.lognormal(0, 1, n))
    kept = np.load(path)
    return graph(n, kept["ends"][:, 0], kept["ends"][:, 1], kept["p"]), kept["areas"]
