"""The benchmark model in xarray + dask. Arguments: folder, threads. Prints the seconds."""

import sys
import threading
import time
from pathlib import Path

import dask
import numpy as np
import rioxarray
import xarray as xr


def score(value: xr.DataArray, three: float, five: float, closed: bool) -> xr.DataArray:
    above = value >= three if closed else value > three
    return xr.where(value > five if closed else value >= five, 5.0, xr.where(above, 3.0, 1.0))


def main(folder: Path, threads: int) -> None:
    started = time.perf_counter()
    chunks = {"x": 2048, "y": 2048}
    names = ("R", "K", "LS", "C", "relief", "cover")
    R, K, LS, C, relief, cover = (
        rioxarray.open_rasterio(folder / f"{n}.tif", chunks=chunks, lock=False).squeeze("band")
        for n in names
    )
    retention = R * K * LS * (1 - C)
    product = (
        score(R, 981.0, 5886.0, True) * score(K, 0.02, 0.04, False)
        * xr.where(relief > 300, 5.0, xr.where(relief > 50, 3.0, 1.0))
        * score(-cover, -0.6, -0.2, False)
    )  # fmt: skip
    known = R.notnull() & K.notnull() & relief.notnull() & cover.notnull()
    sensitivity = np.sqrt(np.sqrt(product)).where(known).astype("float32")
    options = {"compress": "zstd", "zstd_level": 1, "tiled": True, "blockxsize": 512,
               "blockysize": 512, "bigtiff": "IF_SAFER"}  # fmt: skip
    later = []
    for name, values in (("retention", retention), ("sensitivity", sensitivity)):
        placed = values.rio.write_crs(R.rio.crs)
        later.append(
            placed.rio.to_raster(
                folder / f"peer-{name}.tif", lock=threading.Lock(), compute=False, **options
            )
        )
    with dask.config.set(scheduler="threads", num_workers=threads):
        dask.compute(*later)
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
