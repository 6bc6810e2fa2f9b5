"""A small country whose line is kept: drawn once, entered, with people who look after it."""

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine

from tests.project.small_project import CATALOG, LAEA, PROJECT, make_project
from tianren.project.project import Project, open_project
from tianren.steps.delineate import delineate
from tianren.steps.journal import start
from tianren.steps.register_adopt import adopt

DAY = dt.date(2026, 1, 5)  # a Monday
COUNTIES = """
levels = [
  {name = "province", source = "provinces", code = "code", label = "name"},
  {name = "county", source = "counties", code = "code", label = "name"},
]
piece_level = "county"

[management]
holidays = ["2026-01-01"]
letterhead = "Office of the Redline"
landcover_before = "landcover_before"
"""
SOURCES = """
[counties]
uri = "data/counties.gpkg"
kind = "vector"

[parks]
uri = "data/parks.gpkg"
kind = "vector"

[landcover_before]
uri = "data/lc_before.tif"
legend = "IGBP"
kind = "category"
"""
PARKS = """
[must_include.parks]
source = "parks"
kind = "protected_area"
columns = {name = "name", zone = "zone"}
"""
ROLES = """
[people.ann]
name = "Ann Admin"
posts = [{role = "administrator"}, {role = "registrar"}]

[people.ofi]
name = "Otto Officer"
posts = [{role = "officer", place = "10"}]

[people.wes]
name = "Wei West"
posts = [{role = "officer", place = "2"}, {role = "decider", place = "2"}]

[people.dee]
name = "Dee Decider"
posts = [{role = "decider", place = "10"}]

[people.nat]
name = "Nat Nation"
posts = [{role = "decider"}, {role = "officer"}, {role = "appeal_authority"}]

[people.exp]
name = "Exa Expert"
posts = [{role = "expert"}]

[people.par]
name = "Pat Park"
posts = [{role = "park_authority"}]

[people.app]
name = "Apple Applicant"
posts = [{role = "applicant"}]

[people.ins]
name = "Ines Inspector"
posts = [{role = "inspector"}]
"""


def make(folder: Path) -> Project:
    """The small project with counties, a park with a core zone, and a line that is kept."""
    text = PROJECT.replace(
        'levels = [\n  {name = "province", source = "provinces", code = "code", label = "name"},\n'
        ']\npiece_level = "province"\n', COUNTIES.lstrip(),
    )  # fmt: skip
    head, _, rest = text.partition("[must_include.parks]")
    text = head + PARKS.lstrip() + rest[rest.index("\n[conflicts") :]
    make_project(folder, text, CATALOG + SOURCES)
    data = folder / "data"
    boxes = {
        "201": (-20_000, -15_000, 0, 0), "202": (-20_000, 0, 0, 15_000),
        "1001": (0, -15_000, 20_000, 0), "1002": (0, 0, 20_000, 15_000),
    }  # fmt: skip
    gpd.GeoDataFrame(
        {"code": list(boxes), "name": [f"County {c}" for c in boxes]},
        geometry=[shapely.box(*b) for b in boxes.values()], crs=LAEA,
    ).to_file(data / "counties.gpkg")  # fmt: skip
    core = shapely.box(8_000, 6_000, 11_000, 9_000)
    rest = shapely.difference(shapely.box(6_000, 4_000, 14_000, 12_000), core)
    gpd.GeoDataFrame(
        {"name": ["Park", "Park"], "zone": ["", "core"], "site_id": ["7", "7"],
         "parcel_id": ["7a", "7b"], "status": ["Designated", "Designated"]},
        geometry=[rest, core], crs=LAEA,
    ).to_file(data / "parks.gpkg")  # fmt: skip
    with rasterio.open(data / "lc.tif") as now:
        cells, profile = now.read(1), now.profile
    with rasterio.open(data / "lc_before.tif", "w", **profile) as before:
        before.write(cells, 1)
    project = open_project(folder)
    delineate(project, report=False)
    start(project, "ann", "Ann Admin", day=DAY)
    (folder / "roles.toml").write_text(ROLES, encoding="utf-8")
    adopt(project, actor="ann", ground="Decree 1", day=DAY)
    return open_project(folder)


def copy(project: Project, folder: Path) -> Project:
    """The project with its journal in another folder, to be changed by one test."""
    shutil.copytree(project.folder, folder, ignore=shutil.ignore_patterns("*.lock"))
    return open_project(folder)


def drawn(folder: Path, name: str, *boxes: Any, **columns: Any) -> Path:
    """A file of polygons, from (west, south, east, north) or shapes, in the project's plane."""
    shapes = [b if hasattr(b, "geom_type") else shapely.box(*b) for b in boxes]
    path = folder / f"{name}.gpkg"
    table = {"n": list(range(len(shapes))), **columns}
    gpd.GeoDataFrame(table, geometry=shapes, crs=LAEA).to_file(path)
    return path


def raster(path: Path, cells: Any, size: float = 0.01) -> None:
    """A raster on the small project's degrees."""
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=90, width=100, dtype=np.asarray(cells).dtype,
        crs="EPSG:4326", transform=Affine(size, 0, 7.5, 0, -size, 45.4),
    ) as sink:  # fmt: skip
        sink.write(cells, 1)
