"""A small project folder: a region, two provinces, elevation and land cover."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine

LAEA = "+proj=laea +lat_0=45 +lon_0=8 +datum=WGS84 +units=m +no_defs"
DEGREES = Affine(0.01, 0, 7.5, 0, -0.01, 45.4)

PROJECT = f"""
name = "Small"
title.zh = "小"
day = 2026-01-01
jurisdiction = "CN"

[region]
source = "country"
name_column = "name"

[grid]
crs = "{LAEA}"
resolution = 1000

[admin]
levels = [
  {{name = "province", source = "provinces", code = "code", label = "name"}},
]
piece_level = "province"

[must_include.parks]
source = "provinces"
kind = "protected_area"
where = {{name = "东"}}
columns = {{name = "name"}}

[conflicts.built]
source = "landcover"
kind = "built_up"
classes = [13]
decision = "deduct"
reason = "built"

[parameters.override."redline.minimum_area"]
value = 2e6
source = "test"
reason = "test"
"""

CATALOG = """
[country]
uri = "data/region.gpkg"
sublayer = "country"
kind = "vector"

[provinces]
uri = "data/region.gpkg"
sublayer = "provinces"
kind = "vector"

[elevation]
uri = "data/高程 dem.tif"
unit = "m"

[landcover]
uri = "data/lc.tif"
legend = "IGBP"
"""


def make_project(folder: Path, project: str = PROJECT, catalog: str = CATALOG) -> Path:
    """Write the folder with its layers; returns it."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    (folder / "project.toml").write_text(project, encoding="utf-8")
    (folder / "catalog.toml").write_text(catalog, encoding="utf-8")
    west, east = shapely.box(-20_000, -15_000, 0, 15_000), shapely.box(0, -15_000, 20_000, 15_000)
    country = gpd.GeoDataFrame({"name": ["Land"]}, geometry=[west | east], crs=LAEA)
    provinces = gpd.GeoDataFrame(
        {"code": ["2", "10"], "name": ["西", "东"]}, geometry=[west, east], crs=LAEA
    )
    country.to_file(data / "region.gpkg", layer="country")
    provinces.to_file(data / "region.gpkg", layer="provinces")
    rng = np.random.default_rng(1)
    _write(data / "高程 dem.tif", rng.uniform(100, 900, (90, 100)).astype("float32"))
    _write(data / "lc.tif", rng.choice([1, 5, 13], (90, 100)).astype("uint8"))
    return folder


def _write(path: Path, cells: np.ndarray) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=90, width=100, dtype=cells.dtype,
        crs="EPSG:4326", transform=DEGREES,
    ) as sink:  # fmt: skip
        sink.write(cells, 1)
