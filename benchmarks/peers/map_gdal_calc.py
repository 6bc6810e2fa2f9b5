"""The benchmark model in gdal_calc, one command a result. Arguments: folder, threads."""

import subprocess
import sys
import time
from pathlib import Path

RETENTION = "A*B*C*(1-D)"
SENSITIVITY = (
    "where(isnan(A+B+C+D),nan,sqrt(sqrt(where(A>5886,5.,where(A>=981,3.,1.))"
    "*where(B>=0.04,5.,where(B>0.02,3.,1.))*where(C>300,5.,where(C>50,3.,1.))"
    "*where(D<=0.2,5.,where(D<0.6,3.,1.)))))"
)
MODELS = (
    ("retention", RETENTION, ("R", "K", "LS", "C")),
    ("sensitivity", SENSITIVITY, ("R", "K", "relief", "cover")),
)


def main(folder: Path, threads: int) -> None:
    started = time.perf_counter()
    for name, formula, layers in MODELS:
        inputs = [
            part
            for letter, layer in zip("ABCD", layers, strict=True)
            for part in (f"-{letter}", str(folder / f"{layer}.tif"))
        ]
        options = [
            part
            for option in ("TILED=YES", "COMPRESS=ZSTD", "ZSTD_LEVEL=1", "BLOCKXSIZE=512",
                           "BLOCKYSIZE=512", f"NUM_THREADS={threads}", "BIGTIFF=IF_SAFER")
            for part in ("--co", option)
        ]  # fmt: skip
        subprocess.run(
            ["gdal_calc.py", *inputs, f"--calc={formula}", "--type=Float32", "--overwrite",
             "--quiet", "--NoDataValue=nan", f"--outfile={folder / f'peer-{name}.tif'}", *options],
            check=True,
        )  # fmt: skip
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
