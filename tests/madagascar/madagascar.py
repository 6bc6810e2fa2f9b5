"""Madagascar at 1 km from the shared real layers, as a project that names them where they are.

Nothing is copied: the catalog names the files by their full path. Without the folder the tests are
skipped.
"""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def shared_folder() -> Path:
    """The folder of shared real layers: TIANREN_SHARED, else ../shared beside the repository."""
    return Path(os.environ.get("TIANREN_SHARED", REPOSITORY.parent / "shared"))


def need(*parts: str) -> Path:
    """A folder of shared data; the test is skipped, saying where it looked, when it is absent."""
    folder = shared_folder().joinpath("data", *parts)
    if not folder.is_dir():
        pytest.skip(
            f"REAL DATA ABSENT: looked for {folder}; TIANREN_SHARED may name the folder above data/"
        )
    return folder


PROJECT = """
name = "Madagascar"
title.en = "Madagascar"
title.zh = "马达加斯加"
title.es = "Madagascar"
day = "2026-01-01"
jurisdiction = "CN"

[region]
source = "country"
name_column = "NAME_0"

[grid]
crs = "+proj=laea +lat_0=-19 +lon_0=47 +datum=WGS84 +units=m +no_defs"
resolution = 1000

[admin]
levels = [
  {name = "province", source = "provinces", code = "NAME_1", label = "NAME_1"},
  {name = "region", source = "regions", code = "NAME_2", label = "NAME_2"},
]
piece_level = "region"

[must_include]
protected_areas = {source = "wdpa", kind = "protected_area"}

[conflicts.built_up]
source = "landcover"
classes = [13]
kind = "built_up"
decision = "deduct"
reason = "Built-up land is taken out of the line."

[conflicts.farmland]
source = "landcover"
classes = [12]
kind = "farmland"
decision = "keep"
reason = "No layer says which farmland is permanent."
"""

CATALOG = """
[country]
uri = "{data}/enmSdmX/mad0_gadm.gpkg"
kind = "vector"

[provinces]
uri = "{data}/enmSdmX/mad1_gadm.gpkg"
kind = "vector"

[regions]
uri = "{data}/enmSdmX/mad1_gadm.gpkg"
kind = "vector"

[wdpa]
uri = "{data}/wdpa_nov2022/WDPA_*_Public_MDG-polygons_?.shp"
kind = "vector"

[elevation]
uri = "{data}/worldclim_elev_30s/wc2.1_30s_elev.tif"
unit = "m"

[annual_temperature]
uri = "{data}/worldclim_bio_30s/wc2.1_30s_bio_1.tif"
unit = "degC"

[annual_precipitation]
uri = "{data}/worldclim_bio_30s/wc2.1_30s_bio_12.tif"
unit = "mm/a"

[temperature]
uri = "{data}/pypi_clips/era5_t2m_monthly_2000_2025.tif"
unit = "degC"

[precipitation]
uri = "{data}/pypi_clips/era5_tp_monthly_2000_2025.tif"
unit = "mm/month"

[landcover]
uri = "{data}/pypi_clips/mcd12c1_igbp_2019_005deg.tif"
legend = "IGBP"

[ndvi_max]
uri = "{data}/pypi_clips/ndvi_max_005deg.tif"
unit = "1"
missing = -3000

[ndvi_min]
uri = "{data}/pypi_clips/ndvi_min_005deg.tif"
unit = "1"
missing = -3000

[fapar]
uri = "{data}/pypi_clips/faparmax_x1e4_005deg.tif"
unit = "1"
scale = 0.0001

[climate_class]
uri = "{data}/pypi_clips/koppen_main_beck2018_30s.tif"
legend = {{1 = "tropical", 2 = "arid", 3 = "temperate", 4 = "cold", 5 = "polar"}}

[soil_erodibility]
constant = 0.03
unit = "t hm2 h/(hm2 MJ mm)"
reason = "No quantitative soil layer; one number for the country cancels in shares."
"""


def make_madagascar(folder: Path) -> Path:
    """Write project.toml and catalog.toml into a folder; the layers stay where they are."""
    data = need("madagascar")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "project.toml").write_text(PROJECT, encoding="utf-8")
    (folder / "catalog.toml").write_text(CATALOG.format(data=data.resolve()), encoding="utf-8")
    return folder
