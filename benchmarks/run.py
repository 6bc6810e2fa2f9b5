"""make bench: ratios against yardsticks and peers, taken in one run on one machine.

python -m benchmarks.run [--size 10000] [--kind noisy smooth] [--only map cuts patches zonal points]
                         [--threads N] [--runs 3] [--ours]
"""

import argparse
import importlib
import platform
from importlib.metadata import version

from benchmarks import data
from benchmarks.measure import Goal, at_least, at_most, peer, prepare, together
from tianren.geo.threads import processors
from tianren.raster.blocks import SIZE

# modules beside this one
PARTS = (
    "patches", "zonal", "points", "choice", "connectivity", "landscape", "overlay", "protconn",
    "journal", "check_project",
)  # fmt: skip


def main() -> None:
    asked = _arguments()
    _header(asked)
    goals: list[Goal | str] = []
    for kind in asked.kind:
        goals.append(f"{kind} {asked.size:,} x {asked.size:,}")
        if "map" in asked.only:
            goals += _map(kind, asked)
        if "cuts" in asked.only:
            goals += _cuts(kind, asked)
    for part in PARTS:
        if part in asked.only:
            goals += importlib.import_module(f"benchmarks.{part}").goals(asked)
    print("\nGoals")
    for goal in goals:
        print(goal)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, default=10_000, help="cells on a side")
    parser.add_argument("--kind", nargs="+", default=list(data.KINDS), choices=data.KINDS)
    parts = ["map", "cuts", *PARTS]
    parser.add_argument("--only", nargs="+", default=parts, choices=parts)
    parser.add_argument("--threads", type=int, default=processors())
    parser.add_argument("--runs", type=int, default=3, help="the fastest of so many")
    parser.add_argument("--ours", action="store_true", help="no peers: for 30,000 x 30,000")
    return parser.parse_args()


def _header(asked: argparse.Namespace) -> None:
    import rasterio

    names = ("tianren", "numba", "numpy", "rasterio")
    print(
        f"Python {platform.python_version()}, {platform.machine()}, GDAL", rasterio.__gdal_version__
    )
    print(", ".join(f"{name} {version(name)}" for name in names))
    print(f"{asked.threads} threads; windows of {SIZE} cells; files float32, tiled 512, zstd 1")
    print(f"data: seeds fixed, {data.FOLDER}/; the fastest of {asked.runs} runs, files in memory")


def _map(kind: str, asked: argparse.Namespace) -> list[Goal | str]:
    print(f"\nFused map, {kind}: six rasters in, two out", flush=True)
    prepare("fused_map", kind, asked.size)
    work = (kind, asked.size, asked.threads, asked.runs)
    codec, ours, one = together("fused_map", ["codec", "ours", "one_model"], *work)
    goals = [
        at_most("map / decoding six and encoding two", ours.seconds / codec.seconds, 1.15),
        at_most("a further model / the first", ours.seconds / one.seconds - 1, 0.5),
    ]
    if asked.ours:
        return goals
    folder = [str(data.FOLDER / f"{kind}-{asked.size}"), str(asked.threads)]
    for script, needs, limit in (
        ("map_xarray", ["dask", "rioxarray"], 2.5),
        ("map_gdal_calc", ["gdal_calc.py"], 3.0),
        ("map_pygeoprocessing", ["pygeoprocessing"], 3.0),
    ):
        found = peer(script, needs, folder)
        if found:
            goals.append(at_least(f"{script} / map", found.seconds / ours.seconds, limit))
    return goals


def _cuts(kind: str, asked: argparse.Namespace) -> list[Goal | str]:
    print(f"\nCumulative-share cuts, {kind}: shares 1/2 and 4/5", flush=True)
    prepare("cuts", kind, asked.size)
    path = data.service(kind, asked.size)
    work = (kind, asked.size, asked.threads, asked.runs)
    decode, ours = together("cuts", ["decode", "ours"], *work)
    print(f"  {'; '.join(ours.said)}")
    goals = [
        at_most("cuts / decoding once", ours.seconds / decode.seconds, 2.2),
        at_most("cuts, peak resident GiB", ours.peak_mib / 1024, 0.7),
    ]
    if asked.ours:
        return goals
    found = peer("cuts_polars", ["polars"], [str(path), str(asked.threads)])
    if found:
        print(f"  {'; '.join(found.said)}")
        goals.append(at_least("cuts_polars / cuts", found.seconds / ours.seconds, 10.0))
    return goals


if __name__ == "__main__":
    main()
