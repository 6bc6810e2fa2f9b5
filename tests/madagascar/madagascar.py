"""Madagascar at 1 km from the shared real layers, as a project that names them where they are.

Nothing is copied: the catalog names the files by their full path. Without the folder the tests are
skipped.
"""

import csv
import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
BAOBABS = (
    "digitata", "grandidieri", "madagascariensis", "perrieri", "rubrostipa", "suarezensis", "za",
)  # fmt: skip


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


HERE = Path(__file__).parent

# What the line must hold: species, habitats, gaps, choice, corridors and room to live.
HELD = """
[parameters.override."records.largest_uncertainty"]
value = 35000
source = "GBIF's records of lemurs: 87 of 102 state about 30 km"
reason = "Without them no lemur could be modelled; at this grid they blur a range by a few cells."

[species]
records = ["amphibians", "lemurs", "baobabs"]
status = "status"
checklist = "checklist"
predictors = ["temperature_now", "rain_now", "rain_seasonality"]

[species.climates.climate_2050]
temperature_now = "temperature_2050"
rain_now = "rain_2050"

[habitat]
suitability = "habitat_suitability"
landcover = "vegetation"

[habitat.threats.farming]
source = "vegetation"
classes = [4]
weight = 1
reach = 10000

[gaps]
zones = ["protected", "redline"]
ecosystems = "vegetation"
ecosystem_omit = ["cultivation"]
ecoregions = "watersheds"
viability = "viability"

[plan]
objective = "minimum_shortfall"
unit_size = 20000
budget = 0.17
features = ["species", "ecosystems"]
locked_in = ["protected"]

[corridors]

[suitability]
"""

# The vegetation's codes have no legend: names are those of the Atlas of the Vegetation of
# Madagascar (Moat & Smith 2007), from memory, matched to codes by area and place.
HELD_CATALOG = """
[amphibians]
uri = "{data}/ConR/malagasy_amphibian_occurrences.csv"
kind = "records"
group = "Amphibia"

[lemurs]
uri = "{data}/enmSdmX/lemurs_gbif.csv"
kind = "records"

[baobabs]
uri = "{data}/baobabs/1_1_data_Adansonia_2004_2012.csv"
kind = "records"

[status]
uri = "{here}/status.csv"
kind = "table"

[viability]
uri = "{here}/viability.csv"
kind = "table"

[checklist]
uri = "checklist.csv"
kind = "table"

[habitat_suitability]
uri = "{here}/habitat.csv"
kind = "table"

[temperature_now]
uri = "{data}/enmSdmX/madClim.tif"
kind = "continuous"
unit = "degC"
bands = [1]

[rain_now]
uri = "{data}/enmSdmX/madClim.tif"
kind = "continuous"
unit = "mm/a"
bands = [2]

[temperature_2050]
uri = "{data}/enmSdmX/madClim2050.tif"
kind = "continuous"
unit = "degC"
bands = [1]

[rain_2050]
uri = "{data}/enmSdmX/madClim2050.tif"
kind = "continuous"
unit = "mm/a"
bands = [2]

[rain_seasonality]
uri = "{data}/worldclim_bio_30s/wc2.1_30s_bio_15.tif"
kind = "continuous"
unit = "%"

[vegetation]
uri = "{data}/madaclim_1km_utm38s/vegmada_1km.tif"
kind = "category"
missing = [18, 25]
note = "Names of classes from memory, matched to codes by area and place."

[vegetation.legend]
1 = "water"
2 = "bare soil and rock"
3 = "mangroves"
4 = "cultivation"
5 = "western dry forest"
6 = "plateau grassland and wooded grassland"
7 = "wooded grassland and bushland"
9 = "western humid forest"
10 = "western dry forest of the south-west"
11 = "degraded spiny forest"
12 = "spiny forest and thicket"
13 = "wetlands"
14 = "humid forest"
15 = "littoral forest"
16 = "degraded humid forest"
19 = "south-western coastal bushland"
22 = "western sub-humid forest"
23 = "tapia forest"

[watersheds]
uri = "{data}/madaclim_1km_utm38s/wshed_1km.tif"
kind = "category"
legend = {watersheds}
"""


def make_madagascar(folder: Path) -> Path:
    """Write project.toml and catalog.toml into a folder; the layers stay where they are."""
    data = need("madagascar")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "project.toml").write_text(PROJECT, encoding="utf-8")
    (folder / "catalog.toml").write_text(CATALOG.format(data=data.resolve()), encoding="utf-8")
    return folder


def make_all_of_madagascar(folder: Path, resolution: int) -> Path:
    """The same, with all that asks what the line must hold, on cells of so many metres."""
    make_madagascar(folder)
    data = need("madagascar").resolve()
    project = PROJECT.replace("resolution = 1000", f"resolution = {resolution}") + HELD
    (folder / "project.toml").write_text(project, encoding="utf-8")
    numbers = ", ".join(f'{n} = "watershed {n}"' for n in range(1, 26))
    held = HELD_CATALOG.format(data=data, here=HERE.resolve(), watersheds="{" + numbers + "}")
    with (folder / "catalog.toml").open("a", encoding="utf-8") as catalog:
        catalog.write(held)
    _write_checklist(folder / "checklist.csv", data)
    return folder


def _write_checklist(path: Path, data: Path) -> None:
    """Names of the records as accepted; A_za and its like are the baobabs' codes.

    A_za_perrieri is left out: nobody says which of the two those trees are.
    """
    names: set[str] = set()
    for file, column in (
        ("ConR/malagasy_amphibian_occurrences.csv", "scientificName"),
        ("enmSdmX/lemurs_gbif.csv", "species"),
    ):
        with (data / file).open(encoding="utf-8", newline="") as stream:
            names |= {row[column] for row in csv.DictReader(stream)}
    rows = [(name, name) for name in sorted(names)]
    for epithet in BAOBABS:
        accepted = f"Adansonia {epithet}"
        rows += [(accepted, accepted), (f"A_{epithet}", accepted)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("name", "accepted name"), *rows])
