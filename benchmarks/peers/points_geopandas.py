"""The same points in the same pieces with geopandas.sjoin; prints the count and the seconds.

Arguments: folder, number of points. Making the points into geometries is not counted.
"""

import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely


def main(folder: str, count: str) -> None:
    points = np.load(Path(folder) / "points.npy", mmap_mode="r")[:, : int(count)]
    redline = shapely.from_wkb((Path(folder) / "points_pieces.wkb").read_bytes())
    pieces = gpd.GeoDataFrame(geometry=shapely.get_parts(redline))
    places = gpd.GeoDataFrame(geometry=gpd.points_from_xy(points[0], points[1]))
    started = time.perf_counter()
    joined = gpd.sjoin(places, pieces, predicate="intersects")
    seconds = time.perf_counter() - started
    print(f"{joined.index.nunique()} of the first {count} inside")
    print(f"geopandas {gpd.__version__}, shapely {shapely.__version__}")
    print(seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
