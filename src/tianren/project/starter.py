"""A new project folder: project.toml and catalog.toml with comments to fill in."""

import datetime as dt
import json
import unicodedata
from pathlib import Path

from tianren.errors import UserError
from tianren.project.digests import write_whole

_PROJECT = """\
# A project: a region, its grid, and what is to be drawn. Lines that begin with # are comments.

name = {name}
title.en = {name}
# title.zh = "..."
# title.es = "..."
language = {language}               # en, zh or es: the language of answers, maps and the report
day = {day}              # the day whose parameters are in force
# jurisdiction = "CN"         # whose thresholds are applied, where a parameter has several
# scope = "nation"            # grade over the whole nation, or within an admin level or zone layer

[region]
source = "country"            # a polygon source of catalog.toml
# name_column = "name"
# where = {{ ISO3 = "MDG" }}    # only some of its features
# sea_source = "sea"          # the marine part, if there is one

[grid]
# An equal-area CRS in metres; left out, one is proposed from the region.
# crs = "+proj=laea +lat_0=-19 +lon_0=47 +datum=WGS84 +units=m +no_defs"
resolution = 1000             # side of a cell, m

# Administration from coarse to fine; pieces are named and numbered by piece_level.
# [admin]
# levels = [
#   {{name = "province", source = "provinces", code = "code", label = "name"}},
#   {{name = "county", source = "counties", code = "code", label = "name"}},
# ]
# piece_level = "county"

# What must be inside the line, by kind: protected_area, drinking_water, riparian, headwaters,
# wetland, glacier, mangrove, coral, seagrass, natural_shoreline, tiny_population, or your own.
# [must_include]
# protected_areas = {{source = "protected_areas", kind = "protected_area"}}

# Conflicts with the line, and what is decided: keep, retire or deduct.
# [conflicts.built_up]
# source = "landcover"
# classes = [13]
# kind = "built_up"
# decision = "deduct"
# reason = "..."

# Another published set of a parameter, or a value of your own with its source and reason.
# [parameters.choose]
# "water.runoff" = "B"
# [parameters.override."redline.minimum_area"]
# value = 2e6
# source = "..."
# reason = "..."

# Everything below is optional: what the line must hold, what links it, what room is left.

# [species]                    # tianren records, models, species
# records = ["sightings"]      # sources of kind = "records"
# status = "status"            # a table: species, group, family, protection, category, endemic
# checklist = "names"          # a table: name, acceptedName
# ranges = "ranges"            # polygons
# range_column = "species"
# habitats = "habitats"        # a table: species, classes, low, high
# predictors = ["elevation"]   # rasters that models are made from
# [species.climates.ssp245_2050]
# temperature_mean = "temperature_mean_2050"

# [habitat]                    # tianren habitat
# suitability = "habitat"      # a table: class, suitability, a column for each threat
# [habitat.threats.towns]
# source = "landcover"
# classes = [13]
# weight = 1.0
# reach = 10000                # m
# decay = "exponential"        # or linear

# [zones.community]            # beside "protected" and "redline"
# source = "community_forests"

# [gaps]                       # tianren gaps
# ecosystems = "landcover"     # types that must be held
# ecoregions = "ecoregions"
# ecoregion_column = "name"
# key_areas = "key_areas"
# viability = "needs"          # a table: species, minimum_area_km2 ...

# [account]                    # tianren sites, account, oecm: what counts towards 30 percent
# sites = ["protected_areas"]  # WDPA or national lists; left out, those of [must_include]
# candidates = "candidates"    # polygons that could become OECMs
# oecm = "answers"             # a table: tianren oecm --template answers.xlsx
# assessments = ["mett"]       # tables: site, tool, date, score or questions
# opening = 2016-01-01         # the day of the opening balance
# [account.columns.protected_areas]
# reported_area = "size (ha)"  # only where headings are unusual

# [plan]                       # tianren plan
# unit_size = 5000             # m; or units = "watersheds"
# objective = "minimum_set"    # or minimum_shortfall, maximum_coverage, maximum_utility
# budget = 0.3                 # of all cost, for these three

# [corridors]                  # tianren corridors: from [habitat], or resistance = a raster
# join = true                  # accepted corridors join the line

# [suitability]                # tianren suitability
# demand = "demand"            # a table: division, population, cropland_km2, built_km2
# level = "province"

# [parcels]                    # tianren parcels
# source = "parcels"
# code = "code"
# parent = "../province"       # the project of the level above

# [management]                 # tianren journal, register, check-project, occupation, adjust ...
# rulebook = "rulebooks/ours.toml"   # left out: the packaged one of the jurisdiction
# levels = {{province = "province", county = "county"}}   # levels of [admin] in the procedures
# holidays = ["2026-01-01"]    # days off besides weekends; clocks run in working days
# letterhead = "Office of the Redline"   # who writes the letters; address on further lines
# signatory = "Head of the office"
# appeal_to = "the government of the province"
# signing_key = "/home/me/.tianren/journal.key.pem"   # tianren journal key; outside this folder
# landcover_before = "landcover_2015"    # with it, natural land that was converted is known
# Who may do what stands in roles.toml, which tianren journal start writes.
"""

_CATALOG = """\
# One table per source. uri is relative to this folder; files are never changed.
# unit is the unit of the values as delivered; known units are converted.
# kind: continuous, flux, count, category, vector, table or records.

[country]
uri = "data/country.gpkg"     # GeoPackage, Shapefile, GeoJSON, KML, GeoParquet; CSV for points
# sublayer = "..."            # where the file holds several layers
kind = "vector"
period = ""
licence = ""
citation = ""
# sha256 = "..."              # checked whenever the file is read: sha256sum data/country.gpkg

# [elevation]                 # slope and relief are derived from it on its own grid
# uri = "data/dem.tif"
# unit = "m"
# kind = "continuous"
# missing = [-9999]           # values that mean no data, beside the declared one

# [landcover]
# uri = "data/landcover.tif"
# kind = "category"
# legend = "IGBP"             # or worldcover, cci, cgls_lc100, globcover, or your own:
# legend = {{1 = "forest", 2 = "water"}}

# [temperature]
# uri = "data/temperature.tif"   # twelve bands, January first
# unit = "degC"

# [precipitation]
# uri = "data/precipitation.tif"
# unit = "mm/month"

# [protected_areas]
# uri = "data/wdpa_*.shp"     # several parts of one layer
# kind = "vector"

# [sightings]                 # species records: spreadsheet, Darwin Core Archive, points
# uri = "data/sightings.xlsx"
# kind = "records"
# columns = {{longitude = "E", latitude = "N"}}   # only where headings are unusual

# [status]                    # CSV, TSV, XLSX or DBF
# uri = "data/status.csv"
# kind = "table"

# [daily_precipitation]       # a band a day; erosivity and monthly normals follow from it
# uri = "data/rain_*.tif"
# unit = "mm/day"
# start = "2001-01-01"

# A constant may stand in for a layer you lack; it cancels in shares, not in amounts.
# [erodibility]
# layer = "soil_erodibility"
# constant = 0.03
# unit = "t hm2 h/(hm2 MJ mm)"
# reason = "..."
"""


def new_project(
    folder: Path, language: str = "en", *, name: str = "", day: dt.date | None = None
) -> None:
    """Write a starter project.toml and catalog.toml; a folder that holds either is left alone.

    language: en, zh or es, of the project; name: by default the folder's own. Nothing is
    overwritten.
    """
    present = [f for f in ("project.toml", "catalog.toml") if (folder / f).exists()]
    if present or folder.is_file():
        raise UserError(
            f"there is a {present[0] if present else 'file of that name'} already",
            where=str(folder),
            next_step="name a folder that does not exist yet",
        )
    title = unicodedata.normalize("NFC", name or folder.resolve().name)
    values = {
        "name": json.dumps(title, ensure_ascii=False), "day": day or dt.date.today(),
        "language": json.dumps(language),
    }  # fmt: skip
    (folder / "data").mkdir(parents=True, exist_ok=True)
    write_whole(folder / "catalog.toml", _CATALOG.format())
    write_whole(folder / "project.toml", _PROJECT.format(**values))
