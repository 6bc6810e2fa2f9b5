"""The small project with species: ranges, habitats, a status table and a few records."""

from pathlib import Path

import geopandas as gpd
import pyproj
import shapely

from tests.project.small_project import CATALOG, LAEA, PROJECT, make_project

SPECIES = """
[species]
records = ["sightings"]
status = "status"
ranges = "ranges"
habitats = "habitats"
sites = "sites"
evidence = "evidence"
"""
SOURCES = """
[sightings]
uri = "data/sightings.csv"
kind = "records"

[status]
uri = "data/status.csv"
kind = "table"

[habitats]
uri = "data/habitats.csv"
kind = "table"

[evidence]
uri = "data/evidence.csv"
kind = "table"

[ranges]
uri = "data/ranges.gpkg"
kind = "vector"

[sites]
uri = "data/sites.gpkg"
kind = "vector"
"""
STATUS = """species,group,family,protection,category,endemic,population,tiny population,range km2
Rana alta,Amphibia,Ranidae,,CR,yes,,,
Rana lata,Amphibia,Ranidae,I,VU,no,,,10000
Rana rara,Amphibia,Ranidae,,EN,yes,120,,
Rana mortua,Amphibia,Ranidae,,CR,yes,,,
Rana australis,Amphibia,Ranidae,,LC,no,,,
"""
HABITATS = """species,classes,low,high
Rana alta,"1; Deciduous needleleaf forests",,500
Rana lata,,0,5000
"""
EVIDENCE = """site,species,item,value,source
marsh,Rana rara,reproductive_units,9,field notes
marsh,Rana rara,mature_individuals,60,field notes
"""
# Records in km on the grid's plane: two in one cell of 2 km, one apart, in the north-east.
RECORDS = [("Rana rara", 10.5, 10.5), ("Rana rara", 11.2, 11.2), ("Rana rara", 15.1, 5.1)]


def make_species_project(
    folder: Path, section: str = SPECIES, sources: str = SOURCES, status: str = STATUS
) -> Path:
    """Write the folder; returns it."""
    made = make_project(folder, PROJECT + section, CATALOG + sources)
    data = made / "data"
    (data / "status.csv").write_text(status, encoding="utf-8")
    (data / "habitats.csv").write_text(HABITATS, encoding="utf-8")
    (data / "evidence.csv").write_text(EVIDENCE, encoding="utf-8")
    move = pyproj.Transformer.from_crs(LAEA, 4326, always_xy=True)
    rows = [(name, *move.transform(1000 * x, 1000 * y)) for name, x, y in RECORDS]
    lines = [f"{name},{lat:.7f},{lon:.7f},2015" for name, lon, lat in rows]
    text = "\n".join(["species,latitude,longitude,year", *lines]) + "\n"
    (data / "sightings.csv").write_text(text, encoding="utf-8")
    km = [
        ("Rana alta", shapely.box(-20, -15, 0, 15)),
        ("Rana lata", shapely.box(-5.5, -100, 4.25, -10)),
        ("Rana lata", shapely.box(-5.5, -12, 4.25, -8)),  # overlaps the first: dissolved
        ("Rana australis", shapely.box(4000, -9000, 4100, -8900)),
    ]
    _layer([n for n, _ in km], [s for _, s in km], "species").to_file(data / "ranges.gpkg")
    sites = [shapely.box(10, 10, 12, 12), shapely.box(-19.5, -15, -14.5, 15)]
    _layer(["marsh", "west bank"], sites, "name").to_file(data / "sites.gpkg")
    return made


def _layer(names: list[str], shapes: list[shapely.Geometry], column: str) -> gpd.GeoDataFrame:
    metres = [shapely.transform(shape, lambda xy: xy * 1000) for shape in shapes]
    return gpd.GeoDataFrame({column: names}, geometry=metres, crs=LAEA)
