"""Sums of range rasters by zone with exactextract. Arguments: folder, each | at_once. Seconds."""

import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
from exactextract import exact_extract


def main(folder: Path, way: str) -> None:
    zones = gpd.read_file(folder / "zones.gpkg")
    rasters = [str(path) for path in sorted(folder.glob("range-*.tif"))]
    started = time.perf_counter()
    if way == "each":
        columns = [
            _sums(exact_extract(raster, zones, "sum", output="pandas")) for raster in rasters
        ]
        found = np.concatenate(columns, axis=1)
    else:
        found = _sums(exact_extract(rasters, zones, "sum", output="pandas"))
    seconds = time.perf_counter() - started
    np.save(folder / f"{way}.npy", np.nan_to_num(found))
    print(seconds)


def _sums(table: object) -> np.ndarray:
    return np.asarray(table)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
