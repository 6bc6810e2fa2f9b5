"""The same boundaries with rasterio.features.shapes and shapely; prints the seconds.

Arguments: folder, connectivity. With 8 the mask is traced, as usual, not the labels.
"""

import sys
import time
from pathlib import Path

import numpy as np
import rasterio
import shapely
from affine import Affine
from rasterio.features import shapes
from shapely.geometry import shape


def main(folder: str, connectivity: str) -> None:
    cells = np.load(Path(folder) / "labels.npy")
    inside = cells > 0
    if connectivity == "8":
        cells = inside.astype(np.uint8)
    started = time.perf_counter()
    traced = shapes(cells, inside, int(connectivity), Affine(100, 0, 0, 0, -100, 0))
    found = np.array([shape(geometry) for geometry, _ in traced], dtype=object)
    seconds = time.perf_counter() - started
    print(f"area {float(shapely.area(found).sum())!r}")
    invalid = np.count_nonzero(~shapely.is_valid(found))
    print(f"{connectivity}-connected: polygons {len(found)}, invalid {invalid}")
    print(f"rasterio {rasterio.__version__}, GDAL {rasterio.__gdal_version__}, 1 thread")
    print(seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
