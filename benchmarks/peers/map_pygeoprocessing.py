"""The benchmark model in pygeoprocessing. Arguments: folder, threads. Prints the seconds."""

import sys
import time
from pathlib import Path

import numpy as np
import pygeoprocessing
from osgeo import gdal


def retention(R, K, LS, C):
    return R * K * LS * (1 - C)


def sensitivity(R, K, relief, cover):
    product = (
        np.where(R > 5886, 5, np.where(R >= 981, 3, 1))
        * np.where(K >= 0.04, 5, np.where(K > 0.02, 3, 1))
        * np.where(relief > 300, 5, np.where(relief > 50, 3, 1))
        * np.where(cover <= 0.2, 5, np.where(cover < 0.6, 3, 1))
    ).astype(np.float32)
    return np.where(np.isnan(R + K + relief + cover), np.nan, np.sqrt(np.sqrt(product)))


def main(folder: Path, threads: int) -> None:
    started = time.perf_counter()
    options = ("TILED=YES", "COMPRESS=ZSTD", "ZSTD_LEVEL=1", "BLOCKXSIZE=512", "BLOCKYSIZE=512",
               f"NUM_THREADS={threads}", "BIGTIFF=IF_SAFER")  # fmt: skip
    for name, model, layers in (
        ("retention", retention, ("R", "K", "LS", "C")),
        ("sensitivity", sensitivity, ("R", "K", "relief", "cover")),
    ):
        pygeoprocessing.raster_calculator(
            [(str(folder / f"{n}.tif"), 1) for n in layers],
            model,
            str(folder / f"peer-{name}.tif"),
            gdal.GDT_Float32,
            float("nan"),
            calc_raster_stats=False,
            raster_driver_creation_tuple=("GTiff", options),
        )
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
