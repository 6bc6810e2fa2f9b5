"""Cost surface by scikit-image's MCP_Geometric. Argument: folder. Prints seconds."""

import sys
import time
from pathlib import Path

import numpy as np
from skimage.graph import MCP_Geometric


def main(folder: Path) -> None:
    field = np.load(folder / "resistance.npy").astype(np.float64)
    field[np.isnan(field)] = -1  # MCP: impassable
    middle = field.shape[0] // 2
    started = time.perf_counter()
    found, _ = MCP_Geometric(field).find_costs([(middle, middle)])
    seconds = time.perf_counter() - started
    np.save(folder / "cost_skimage.npy", found)
    print(seconds)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
