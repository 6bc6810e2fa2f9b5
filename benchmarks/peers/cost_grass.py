"""Cost surface by GRASS r.cost. Argument: folder. Prints the seconds of r.cost alone.

r.cost moves at the mean of both cells too, but counts in cells and rounds to float32 on the way out
unless the output is double, which it is.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine


def main(folder: Path) -> None:
    field = np.load(folder / "resistance.npy")
    size = field.shape[0]
    with tempfile.TemporaryDirectory() as place:
        raster = Path(place) / "resistance.tif"
        with rasterio.open(
            raster, "w", driver="GTiff", width=size, height=size, count=1, dtype="float32",
            nodata=np.nan, crs="EPSG:6933", transform=Affine(1, 0, 0, 0, -1, size),
        ) as sink:  # fmt: skip
            sink.write(field, 1)
        home = Path(place) / "home"
        _run(["grass", "-c", str(raster), "-e", str(home)])
        session = ["grass", str(home / "PERMANENT"), "--exec"]
        _run([*session, "r.in.gdal", f"input={raster}", "output=r"])
        middle = f"{size // 2 + 0.5},{size - size // 2 - 0.5}"
        started = time.perf_counter()
        memory = os.environ.get("GRASS_MEMORY", "4000")
        _run([*session, "r.cost", "input=r", "output=c", f"start_coordinates={middle}",
              f"memory={memory}"])  # fmt: skip
        seconds = time.perf_counter() - started
        out = Path(place) / "cost.tif"
        _run([*session, "r.out.gdal", "input=c", f"output={out}", "type=Float64"])
        with rasterio.open(out) as source:
            found = source.read(1, masked=True).filled(np.inf)
    np.save(folder / "cost_grass.npy", np.where(np.isnan(found), np.inf, found))
    print(seconds)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
