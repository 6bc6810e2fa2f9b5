"""The same holes and patches with connected-components-3d, in two ways; prints the seconds.

Arguments: folder, hole limit, minimum, way. dust: its own dust() twice, with a frame around
the grid that makes what touches the edge one large component. labels: label, count, look up.
"""

import hashlib
import sys
import time
from importlib.metadata import version
from pathlib import Path

import cc3d
import numpy as np


def dust(mask: np.ndarray, limit: int, minimum: int) -> np.ndarray:
    outside = np.pad(~mask, 1, constant_values=True)
    outside = cc3d.dust(outside, threshold=limit + 1, connectivity=8, in_place=True)
    filled = np.ascontiguousarray(~outside[1:-1, 1:-1])
    return cc3d.dust(filled, threshold=minimum, connectivity=4, in_place=True)


def labels(mask: np.ndarray, limit: int, minimum: int) -> np.ndarray:
    parts, n = cc3d.connected_components(~mask, connectivity=8, return_N=True)
    small = np.bincount(parts.ravel(), minlength=n + 1) <= limit
    for edge in (parts[0], parts[-1], parts[:, 0], parts[:, -1]):
        small[edge] = False
    small[0] = True  # the mask itself
    filled = small[parts]
    parts, n = cc3d.connected_components(filled, connectivity=4, return_N=True)
    large = np.bincount(parts.ravel(), minlength=n + 1) >= minimum
    large[0] = False
    return large[parts]


def main(folder: str, limit: str, minimum: str, way: str) -> None:
    mask = np.load(Path(folder) / "mask.npy").astype(bool)
    started = time.perf_counter()
    found = {"dust": dust, "labels": labels}[way](mask, int(limit), int(minimum))
    seconds = time.perf_counter() - started
    print(f"cells {hashlib.sha256(found.astype(np.uint8).tobytes()).hexdigest()[:16]}")
    print(f"connected-components-3d {version('connected-components-3d')}, 1 thread")
    print(seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
