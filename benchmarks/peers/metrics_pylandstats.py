"""Patch metrics and mesh size by pylandstats. Argument: folder. Prints seconds."""

import sys
import time
from pathlib import Path

import numpy as np
import pylandstats


def main(folder: Path) -> None:
    cells = np.load(folder / "cells.npy")
    started = time.perf_counter()
    found = pylandstats.Landscape(cells, res=(10, 10), nodata=255, neighborhood_rule="4")
    metrics = [
        found.area(class_val=1, hectares=False),
        found.perimeter(class_val=1),
        found.shape_index(class_val=1),
        found.fractal_dimension(class_val=1),
        found.euclidean_nearest_neighbor(class_val=1),
    ]
    mesh = found.effective_mesh_size(class_val=1, hectares=False)
    seconds = time.perf_counter() - started
    np.savez(folder / "pylandstats.npz", metrics=np.stack(metrics), mesh=mesh)
    print(seconds)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
