"""Sites in units with shapely: a tree, and for each unit the union of its sites, cut to it.

Arguments: folder, kind. Prints the area in each unit, the version and the seconds.
"""

import sys
import time
from pathlib import Path

import numpy as np
import shapely


def main(folder: str, kind: str) -> None:
    files = (Path(folder) / f"overlay_{kind}.npy", Path(folder) / f"overlay_{kind}_units.npy")
    sites, units = (shapely.polygons(np.load(file)) for file in files)
    started = time.perf_counter()
    tree = shapely.STRtree(sites)
    areas = []
    for unit in units:
        shapely.prepare(unit)
        here = sites[tree.query(unit, predicate="intersects")]
        areas.append(shapely.area(shapely.intersection(shapely.union_all(here), unit)))
    seconds = time.perf_counter() - started
    print(*(repr(float(a)) for a in areas))
    print(f"shapely {shapely.__version__}, GEOS {shapely.geos_version_string}")
    print(seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
