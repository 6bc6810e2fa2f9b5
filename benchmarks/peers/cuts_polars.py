"""Cuts by sorting: rasterio decodes, polars sorts. Arguments: file, threads. Prints the seconds."""

import os
import sys
import time


def main(path: str) -> None:
    import polars as pl
    import rasterio

    started = time.perf_counter()
    with rasterio.open(path, num_threads=int(sys.argv[2])) as dataset:
        values = dataset.read(1).ravel()
    ordered = (
        pl.LazyFrame({"v": values})
        .filter(pl.col("v").is_not_nan())
        .select(pl.col("v").clip(lower_bound=0))
        .sort("v", descending=True)
        .with_columns(cumulative=pl.col("v").cast(pl.Float64).cum_sum())
        .collect()
    )
    total = ordered["cumulative"][-1]
    before = ordered["cumulative"] - ordered["v"]
    for share in (0.5, 0.8):
        at = before.search_sorted(share * total) - 1
        print(f"threshold {ordered['v'][int(at)]}")
    print(time.perf_counter() - started)


if __name__ == "__main__":
    os.environ["POLARS_MAX_THREADS"] = sys.argv[2]
    main(sys.argv[1])
