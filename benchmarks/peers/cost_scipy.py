"""Cost surface by scipy.sparse.csgraph.dijkstra, graph included. Argument: folder. Seconds."""

import sys
import time
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra


def main(folder: Path) -> None:
    field = np.load(folder / "resistance.npy").astype(np.float64)
    size = field.shape[0]
    started = time.perf_counter()
    number = np.arange(field.size, dtype=np.int32).reshape(field.shape)
    one, other, weight = [], [], []
    for rows, columns in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = (slice(0, size - rows), slice(max(0, -columns), size - max(0, columns)))
        there = (slice(rows, size), slice(max(0, columns), size - max(0, -columns)))
        cost = (field[here] + field[there]) / 2 * np.hypot(rows, columns)
        passable = np.isfinite(cost)
        one.append(number[here][passable])
        other.append(number[there][passable])
        weight.append(cost[passable])
    ends = (np.concatenate(one), np.concatenate(other))
    graph = coo_array((np.concatenate(weight), ends), shape=(field.size, field.size)).tocsr()
    middle = size // 2 * size + size // 2
    found = dijkstra(graph, directed=False, indices=middle)
    seconds = time.perf_counter() - started
    np.save(folder / "cost_scipy.npy", found.reshape(field.shape))
    print(seconds)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
