"""All pairs of a graph by scipy.sparse.csgraph. Argument: folder. Prints seconds."""

import sys
import time
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra


def main(folder: Path) -> None:
    kept = np.load(folder / "links.npz")
    n = kept["areas"].size
    ends = (kept["ends"][:, 0], kept["ends"][:, 1])
    started = time.perf_counter()
    graph = csr_array((-np.log(kept["p"]), ends), shape=(n, n))
    found = np.exp(-dijkstra(graph, directed=False))
    seconds = time.perf_counter() - started
    np.save(folder / "scipy.npy", found)
    print(seconds)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
