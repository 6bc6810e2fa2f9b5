"""Sites in units with geopandas: overlay, then dissolve by unit.

Arguments: folder, kind. Prints the area in each unit, the version and the seconds.
"""

import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely


def main(folder: str, kind: str) -> None:
    files = (Path(folder) / f"overlay_{kind}.npy", Path(folder) / f"overlay_{kind}_units.npy")
    sites, units = (
        gpd.GeoDataFrame(geometry=shapely.polygons(np.load(f)), crs=6933) for f in files
    )
    units["unit"] = range(len(units))
    started = time.perf_counter()
    cut = gpd.overlay(sites, units, how="intersection", keep_geom_type=True)
    areas = cut.dissolve("unit").area.reindex(units["unit"], fill_value=0.0)
    seconds = time.perf_counter() - started
    print(*(repr(float(a)) for a in areas))
    print(f"geopandas {gpd.__version__}, shapely {shapely.__version__}")
    print(seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
