"""The upper Piave (Dolomites): real USLE K and C, slope and soil on 1/60 degree, as a project.

K and C are read from the NetCDF as it is; what has to be converted is written into the test's own
temporary folder, never into the repository.
"""

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

from tests.madagascar.madagascar import need

Cells = NDArray[Any]
WEST, NORTH, CELL = 11.775, 46.691666667, 1 / 60

PROJECT = """
name = "Upper Piave"
day = "2026-01-01"
jurisdiction = "CN"

[region]
source = "basin"

[grid]
crs = "+proj=laea +lat_0=46.25 +lon_0=12.25 +datum=WGS84 +units=m +no_defs"
resolution = 1000
"""

CATALOG = """
[basin]
uri = "{folder}/wflow_sediment_piave_subbasin/staticgeoms/basins.geojson"
kind = "vector"

[elevation]
uri = "{folder}/pypi_clips/globe_dem_30s.tif"
unit = "m"

[slope]
uri = "data/slope.tif"
unit = "radian"

[landcover]
uri = "data/landcover.tif"
legend = "GlobCover"

[precipitation]
uri = "{folder}/pypi_clips/era5_tp_monthly_2000_2025.tif"
unit = "mm/month"

[temperature]
uri = "{folder}/pypi_clips/era5_t2m_monthly_2000_2025.tif"
unit = "degC"

[ndvi_max]
uri = "{folder}/pypi_clips/ndvi_max_005deg.tif"
unit = "1"
missing = -3000

[ndvi_min]
uri = "{folder}/pypi_clips/ndvi_min_005deg.tif"
unit = "1"
missing = -3000

[cover_factor]
uri = "{folder}/wflow_sediment_piave_subbasin/staticmaps.nc"
sublayer = "erosion_usle_c"
unit = "1"
"""

GIVEN_K = """
[soil_erodibility]
uri = "{folder}/wflow_sediment_piave_subbasin/staticmaps.nc"
sublayer = "erosion_usle_k"
unit = "t hm2 h/(hm2 MJ mm)"
"""

FRACTIONS = """
[sand]
uri = "data/sand.tif"
unit = "1"

[silt]
uri = "data/silt.tif"
unit = "1"

[clay]
uri = "data/clay.tif"
unit = "1"

[organic_carbon]
constant = 3
unit = "%"
reason = "The model gives no organic carbon; mountain soils under forest and grass hold about 3 %."
"""


def read(name: str) -> Cells:
    """A layer of the sediment model, float64 with NaN where missing, north up, (53, 58)."""
    path = need("piave_wflow") / "wflow_sediment_piave_subbasin" / "staticmaps.nc"
    with rasterio.open(f"netcdf:{path}:{name}") as source:
        return np.asarray(source.read(1, masked=True).astype(float).filled(np.nan))


def fractions() -> tuple[Cells, Cells, Cells]:
    """Sand, silt and clay of the soil, 0..1, from the model's classes of detached particles.

    Foster et al. (1985), as the model uses it: detached clay is a fifth of the soil's clay,
    detached silt 0.13 of its silt; sand is the rest.
    """
    clay, silt = read("soil_clay_fraction") / 0.2, read("soil_silt_fraction") / 0.13
    return 1 - clay - silt, silt, clay


def _write(path: Path, cells: Cells, dtype: str = "float32", nodata: float = -9999) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, columns = cells.shape
    place = from_origin(WEST, NORTH, CELL, CELL)
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=rows, width=columns,
        dtype=dtype, crs="EPSG:4326", transform=place, nodata=nodata,
    ) as target:  # fmt: skip
        target.write(np.where(np.isnan(cells), nodata, cells).astype(dtype), 1)


def make_piave(folder: Path, *, soil: str) -> Path:
    """soil: "given" takes the model's K, "fractions" derives K from the soil's texture."""
    shared = need("piave_wflow").resolve()
    _write(folder / "data" / "slope.tif", np.arctan(read("land_slope")))
    for name, cells in zip(("sand", "silt", "clay"), fractions(), strict=True):
        _write(folder / "data" / f"{name}.tif", cells)
    _write(folder / "data" / "landcover.tif", read("meta_landuse"), "uint8", 255)
    (folder / "project.toml").write_text(PROJECT, encoding="utf-8")
    catalog = CATALOG + (FRACTIONS if soil == "fractions" else GIVEN_K)
    (folder / "catalog.toml").write_text(catalog.format(folder=shared), encoding="utf-8")
    return folder
