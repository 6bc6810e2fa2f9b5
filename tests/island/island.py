"""An invented island, 天人岛 (Isla Ñandú), as a complete project with every layer.

Its plane is 60 x 50 km round 20 N 40 W: wet mountains in the east, dry sand and karst in the
west, a salt pan, mangroves, an islet and a sea. Every value is a formula of the place (x east, y
north, in km), so that any grid in any CRS can hold it. The layers differ in CRS, cell size, data
type, nodata, scale and unit on purpose.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import rasterio
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.transform import from_origin
from shapely import affinity

from tianren.project.project import open_project
from tianren.steps.delineate import delineate

Cells = NDArray[Any]
Field = Callable[[Cells, Cells], Cells]  # x, y in km -> values

CRS = "+proj=laea +lat_0=20 +lon_0=-40 +datum=WGS84 +units=m +no_defs"
DEGREES = "EPSG:4326"
UTM = "EPSG:32624"
CYLINDER = "EPSG:6933"
KM = 1000.0
MONTHS = np.arange(12)
DAYS = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


# -- the shape of the country, in km ---------------------------------------------------------------


def main_island() -> shapely.Polygon:
    turn = np.radians(np.arange(0, 360, 2))
    reach = 1 + 0.06 * np.sin(3 * turn) + 0.04 * np.cos(7 * turn)
    return shapely.Polygon(np.column_stack([23 * reach * np.cos(turn), 18 * reach * np.sin(turn)]))


def islet() -> shapely.Polygon:
    return shapely.Point(20.5, -14.5).buffer(2)


def land() -> shapely.MultiPolygon:
    return shapely.MultiPolygon([main_island(), islet()])


def territory() -> shapely.Polygon:
    return affinity.scale(shapely.Point(0, 0).buffer(1, quad_segs=32), 29.7, 24.7)


def sea() -> shapely.Geometry:
    return territory().difference(land())


def shore_distance(x: Cells, y: Cells) -> Cells:
    """km to the shore, negative at sea."""
    points = shapely.points(x, y)
    distance = shapely.distance(points, land().boundary)
    return np.where(shapely.contains_properly(land(), points), distance, -distance)


TOWN = shapely.box(6, 8, 9, 11)  # on the wet slope: deducted
PARK_TOWN = shapely.box(4, -8, 6, -6)  # inside the national park: kept
MINE = shapely.box(10, 4, 11.5, 5.5)
PARK_CORE = shapely.box(3, -9, 9, -3)
PARK = shapely.box(0, -11, 11, -1).difference(PARK_CORE)
PROPOSED = shapely.box(-6, 2, -1, 7)  # ordinary land in the middle
SWAN_LAKE = shapely.box(12, -7, 15, -4)
BIOSPHERE = shapely.box(-6, 11, -3, 14)
MARINE_PARK = shapely.box(24, -8, 27, -3)
FARMLAND = shapely.box(-8, -12, -3, -5)
KARST = shapely.box(-17, 7, -8, 12)
SALT_PAN = shapely.box(-14, -14, -9, -9)
DUNES = shapely.box(-22, -6, -15, 3)
MANGROVE = shapely.box(8, -19, 16, -13)


def _inside(shape: shapely.Geometry, x: Cells, y: Cells) -> Cells:
    return np.asarray(shapely.contains_xy(shape, x, y))


# -- what grows, falls and blows there -------------------------------------------------------------


def elevation(x: Cells, y: Cells) -> Cells:
    rise = 1300 * np.exp(-((x - 7) ** 2 + (y - 1) ** 2) / 90)
    karst = 260 * _inside(KARST, x, y) * (1 + np.sin(2.2 * x) * np.cos(1.9 * y))
    ripple = 25 * np.sin(1.7 * x) * np.cos(1.3 * y)
    level = np.clip(12 * shore_distance(x, y), 0, 80)
    height = level * (1 + (rise + ripple) / 80) + karst
    return np.where(shore_distance(x, y) > -2, height, np.nan)


def wetness(x: Cells, y: Cells) -> Cells:
    """0 in the dry west, 1 in the wet east."""
    return 1 / (1 + np.exp(-(x - 1) / 4))


def rain(x: Cells, y: Cells) -> Cells:
    """mm of each month, shape (12, ...)."""
    year = 120 + 2300 * wetness(x, y) + 20 * np.cos(y / 3)
    weight = 1 + 0.6 * np.cos(2 * np.pi * (MONTHS - 7) / 12)
    return weight[:, None, None] / weight.sum() * year[None]


def temperature(x: Cells, y: Cells) -> Cells:
    """degC of each month, shape (12, ...)."""
    high = np.nan_to_num(elevation(x, y))
    season = 3.5 * np.cos(2 * np.pi * (MONTHS - 7) / 12)
    return 25 + season[:, None, None] - 0.006 * high[None] + 0.02 * y[None]


def green(x: Cells, y: Cells) -> Cells:
    """Vegetation cover, 0 to 1."""
    bare = _inside(DUNES, x, y) | _inside(KARST, x, y) | _inside(SALT_PAN, x, y)
    return np.where(bare, 0.08, 0.15 + 0.8 * wetness(x, y)) * (1 - 0.9 * _inside(TOWN, x, y))


def ndvi(x: Cells, y: Cells) -> Cells:
    return np.where(shore_distance(x, y) > 0, 0.05 + 0.85 * green(x, y), -0.1)


def landcover(x: Cells, y: Cells) -> Cells:
    """Codes of ESA WorldCover."""
    cover = np.select(
        [wetness(x, y) > 0.6, wetness(x, y) > 0.2, green(x, y) > 0.1], [10, 20, 30], default=60
    )
    cover[_inside(FARMLAND, x, y)] = 40
    cover[_inside(SWAN_LAKE, x, y)] = 90
    cover[_inside(TOWN, x, y) | _inside(PARK_TOWN, x, y)] = 50
    cover[_inside(MANGROVE, x, y) & (np.abs(shore_distance(x, y)) < 1.5)] = 95
    return np.where((shore_distance(x, y) < 0) & (cover != 95), 80, cover).astype(np.uint8)


def sand(x: Cells, y: Cells) -> Cells:
    return np.where(_inside(DUNES, x, y), 86, 52 - 18 * wetness(x, y))


def clay(x: Cells, y: Cells) -> Cells:
    return np.where(_inside(DUNES, x, y), 6, 14 + 12 * wetness(x, y))


def silt(x: Cells, y: Cells) -> Cells:
    return 100 - sand(x, y) - clay(x, y)


def organic_carbon(x: Cells, y: Cells) -> Cells:
    return 0.4 + 2.2 * wetness(x, y)


def texture(x: Cells, y: Cells) -> Cells:
    """USDA classes: sand on dunes, sandy loam in the salt pan, silt loam on slopes, loam."""
    kinds = [_inside(DUNES, x, y), _inside(SALT_PAN, x, y), wetness(x, y) > 0.5]
    return np.select(kinds, [13, 11, 7], default=9).astype(np.uint8)


def habitat(x: Cells, y: Cells) -> Cells:
    """Weighted richness: a peak in the mountains and one by the wetland."""
    peak = np.exp(-((x - 9) ** 2 + (y - 6) ** 2) / 40)
    return 12 * peak + 9 * np.exp(-((x - 13) ** 2 + (y + 6) ** 2) / 12) + 1.5 * wetness(x, y)


def respiration(x: Cells, y: Cells) -> Cells:
    return 60 + 420 * wetness(x, y)


def coast(x: Cells, y: Cells) -> Cells:
    """Kinds of coast: 2 sandy, 4 mangrove, 7 coral reef; 0 elsewhere."""
    shore = np.abs(shore_distance(x, y))
    kind = np.where((shore < 0.6) & (x < -19), 2, 0)
    kind[(shore < 1.5) & _inside(MANGROVE, x, y)] = 4
    kind[_inside(shapely.box(24, -8, 26, -5), x, y)] = 7
    return kind.astype(np.uint8)


def retreat(x: Cells, y: Cells) -> Cells:
    """m a year along the shore: fast in the north-west, slow elsewhere; no value inland."""
    rate = np.where((x < 0) & (y > 10), 3.4, 0.3)
    return np.where(np.abs(shore_distance(x, y)) < 1.2, rate, np.nan)


# -- writing rasters -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """How a layer is stored: its CRS, cell in that CRS's unit, reach beyond the territory (km),
    and the shift of the grid's origin in cells."""

    crs: str
    cell: float
    margin: float = 4.0
    corner: tuple[float, float] = (0.0, 0.0)


def _grid(plan: Plan) -> tuple[Any, tuple[int, int]]:
    box = shapely.box(*territory().buffer(plan.margin).bounds)
    outline = shapely.segmentize(affinity.scale(box, KM, KM, origin=(0, 0)), 2000)
    west, south, east, north = _moved(outline, CRS, plan.crs).bounds
    west += plan.corner[0] * plan.cell
    north += plan.corner[1] * plan.cell
    shape = (round((north - south) / plan.cell), round((east - west) / plan.cell))
    return from_origin(west, north, plan.cell, plan.cell), shape


def _moved(shape: Any, source: str, target: str) -> Any:
    turn = Transformer.from_crs(source, target, always_xy=True)
    return shapely.transform(shape, lambda xy: np.column_stack(turn.transform(xy[:, 0], xy[:, 1])))


def _places(plan: Plan) -> tuple[Any, Cells, Cells]:
    """Transform of a plan's grid, and x, y (km) of its cell centres."""
    transform, (rows, columns) = _grid(plan)
    row, column = np.mgrid[0:rows, 0:columns] + 0.5
    east = transform.c + column * transform.a
    north = transform.f + row * transform.e
    turn = Transformer.from_crs(plan.crs, CRS, always_xy=True)
    x, y = turn.transform(east, north)
    return transform, np.asarray(x) / KM, np.asarray(y) / KM


def write_raster(
    path: Path,
    field: Field,
    plan: Plan,
    *,
    dtype: str = "float32",
    nodata: float | None = None,
    scale: float = 1.0,
    offset: float = 0.0,
    gaps: float | None = None,
) -> None:
    """A field on a grid of its own; gaps: what stands where it is NaN (nodata if not given)."""
    transform, x, y = _places(plan)
    cells = np.asarray(field(x, y), dtype=float)
    bands = cells if cells.ndim == 3 else cells[None]
    empty = np.isnan(bands)
    stored = (bands - offset) / scale
    stored = np.rint(stored) if np.issubdtype(np.dtype(dtype), np.integer) else stored
    filler = gaps if gaps is not None else (nodata if nodata is not None else np.nan)
    stored[empty] = filler if empty.any() else 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", count=len(bands), height=x.shape[0], width=x.shape[1],
        dtype=dtype, crs=plan.crs, transform=transform, nodata=nodata,
    ) as target:  # fmt: skip
        target.write(stored.astype(dtype))
        target.scales = [scale] * len(bands)
        target.offsets = [offset] * len(bands)


def _dated(field: Field, per_day: bool = False) -> Field:
    """A monthly sum as a mean per day."""
    return lambda x, y: field(x, y) / DAYS[:, None, None]


def _plus(field: Field, amount: float) -> Field:
    return lambda x, y: field(x, y) + amount


def _times(field: Field, factor: float) -> Field:
    return lambda x, y: field(x, y) * factor


def _on_land(field: Field) -> Field:
    return lambda x, y: np.where(shore_distance(x, y) > -1, field(x, y), np.nan)


def write_rasters(data: Path) -> None:
    fine, coarse = Plan(DEGREES, 0.004), Plan(DEGREES, 0.05, margin=12)
    plane, cylinder = Plan(CRS, 1000, corner=(0.37, -0.21)), Plan(CYLINDER, 1000)
    put = lambda name, *rest, **how: write_raster(data / name, *rest, **how)  # noqa: E731
    put("高程 élévation.tif", elevation, fine, dtype="int16", nodata=-32768)
    put("cobertura del suelo.tif", landcover, Plan(UTM, 500), dtype="uint8", nodata=255)
    put("température.tif", _plus(temperature, 273.15), coarse, dtype="float32", nodata=-9999)
    put("降水.tif", _dated(rain), coarse, dtype="uint16", nodata=65535, scale=0.01)
    put("ndvi max.tif", ndvi, cylinder, dtype="int16", nodata=-3000, scale=0.0001)
    put("ndvi min.tif", _times(ndvi, 0.5), cylinder, nodata=-3000, gaps=np.nan)
    put("suelo/sand.tif", _on_land(sand), Plan(DEGREES, 0.01), dtype="uint8", nodata=255)
    put("suelo/silt.tif", _on_land(_times(silt, 10)), Plan(DEGREES, 0.01), dtype="int16", nodata=-1)
    put("suelo/clay.tif", _on_land(_times(clay, 10)), Plan(DEGREES, 0.01), nodata=-9999)
    put("suelo/soc.tif", _on_land(_times(organic_carbon, 100)), Plan(DEGREES, 0.01), nodata=-32768)
    put("suelo/textura.tif", texture, Plan(UTM, 1000), dtype="uint8", nodata=0)
    put("wind.tif", lambda x, y: 25 + 30 * (1 - wetness(x, y)), Plan(CRS, 5000))
    put("wind days.tif", lambda x, y: np.where(x < -4, 45, 5), Plan(CRS, 3000), dtype="int16")
    put("karst.tif", lambda x, y: _inside(KARST, x, y), plane, dtype="uint8", nodata=255)
    put("outcrop.tif", lambda x, y: np.where(_inside(KARST, x, y), 85, 4), plane)
    put("groundwater salt.tif", _times(lambda x, y: np.where(_inside(SALT_PAN, x, y), 40, 1), 1000),
        plane)  # fmt: skip
    put("groundwater depth.tif", lambda x, y: np.where(_inside(SALT_PAN, x, y), 0.6, 8), plane)
    put("costa.tif", coast, Plan(UTM, 250), dtype="uint8", nodata=255)
    put("retreat.tif", retreat, Plan(CRS, 500), nodata=-9999)
    put("species.tif", habitat, Plan(CRS, 2000))
    put("npp.tif", lambda x, y: 0.1 + 1.1 * green(x, y), cylinder)
    put("respiration.tif", respiration, cylinder, dtype="int16", nodata=-1)


# -- writing vectors -------------------------------------------------------------------------------


def _frame(rows: list[Mapping[str, Any]], crs: str) -> gpd.GeoDataFrame:
    """Rows with shapes in km of the plane, put into a CRS; long edges are densified first."""
    plain = [{k: v for k, v in row.items() if k != "shape"} for row in rows]
    shapes = [affinity.scale(row["shape"], KM, KM, origin=(0, 0)) for row in rows]
    dense = [shapely.segmentize(shape, 500) for shape in shapes]
    return gpd.GeoDataFrame(plain, geometry=[_moved(s, CRS, crs) for s in dense], crs=crs)


def _write(path: Path, rows: list[Mapping[str, Any]], crs: str, layer: str, **how: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pyogrio.write_dataframe(_frame(rows, crs), path, layer=layer, **how)


def counties() -> list[dict[str, Any]]:
    """Six counties on land and sea, three in each province; the islet belongs to the last."""
    west, east = ["Ñuñoa del Río", "San José (El Alto)", "Pueblo Árido"], ["云岭 县", "天鹅 县"]
    names = [*west, *east, "Côte d'Étoile"]
    rows = []
    for number, name in enumerate(names):
        left, right = (-30, 1) if number < 3 else (1, 30)
        south = [25 / 3, -25 / 3, -25][number % 3]
        shape = shapely.box(left, south, right, south + 50 / 3).intersection(territory())
        province, code = ("Región Ñandú", 11) if number < 3 else ("东海 省", 12)
        rows.append({"代码": f"{code}{number % 3 + 1:02d}", "名称": name, "province": province,
                     "province_code": str(code), "shape": shape})  # fmt: skip
    return rows


def provinces() -> list[dict[str, Any]]:
    found: dict[tuple[str, str], list[Any]] = {}
    for county in counties():
        found.setdefault((county["province_code"], county["province"]), []).append(county["shape"])
    return [{"code": c, "name": n, "shape": shapely.union_all(s)} for (c, n), s in found.items()]


def protected_areas() -> list[dict[str, Any]]:
    """WDPA's columns, and a ZONE: core and general parts, a proposed one, a biosphere reserve."""
    rows = [
        ("Parque Nacional Ñandú", "National Park", "II", "Designated", "Core", PARK_CORE),
        ("Parque Nacional Ñandú", "National Park", "II", "Designated", "General", PARK),
        ("天鹅湖 湿地", "Ramsar Site", "IV", "Inscribed", "", SWAN_LAKE),
        ("Arrecife Azul", "Marine Reserve", "Ia", "Established", "", MARINE_PARK),
        ("Parc proposé", "National Park", "II", "Proposed", "", PROPOSED),
        ("Reserva de Biosfera", "UNESCO-MAB Biosphere Reserve", "Not Applicable", "Designated", "",
         BIOSPHERE),
    ]  # fmt: skip
    keys = ("NAME", "DESIG_ENG", "IUCN_CAT", "STATUS", "ZONE", "shape")
    return [dict(zip(keys, row, strict=True)) for row in rows]


def rivers() -> list[dict[str, Any]]:
    main = shapely.LineString([(12, 0), (16, 2), (19, 3), (22, 4)])
    upper = [shapely.LineString([(9, 2), (12, 0)]), shapely.LineString([(9, -2), (12, 0)])]
    return [{"ORDER_": 3, "shape": main}, *({"ORDER_": 1, "shape": line} for line in upper)]


def write_vectors(data: Path) -> None:
    borders = data / "límites 边界.gpkg"
    _write(borders, [{"name": "天人岛", "shape": land()}], DEGREES, "tierra")
    _write(borders, [{"name": "天人岛海域", "shape": sea()}], DEGREES, "mar")
    _write(borders, [dict(c, shape=shapely.force_3d(c["shape"], 7)) for c in counties()], UTM, "县")
    _write(borders, provinces(), CRS, "provincias")
    _write(data / "wdpa.gpkg", protected_areas(), DEGREES, "polygons")
    _write(data / "ríos.geojson", rivers(), DEGREES, "ríos")
    water = [{"level": level, "shape": shapely.Point(x, 8).buffer(1.6)}
             for level, x in ((1, 14), (2, -6))]  # fmt: skip
    _write(data / "agua.gpkg", water, UTM, "fuentes")
    towns = [{"名称": "山 城", "shape": TOWN}, {"名称": "公园 村", "shape": PARK_TOWN}]
    _write(data / "城镇.shp", towns, DEGREES, "城镇", encoding="GBK")
    mines = [{"name": "Mina Ñ", "shape": MINE}]
    _write(data / "minas.gpkg", mines, CYLINDER, "minas")
    _write(data / "farmland.gpkg", [{"class": "permanent", "shape": FARMLAND}], UTM, "f")


# -- the project -----------------------------------------------------------------------------------

PROJECT = """
name = "天人岛 Isla Ñandú"
title.en = "Isla Ñandú"
title.zh = "天人岛"
title.es = "Isla Ñandú"
language = "en"
day = "2026-01-01"
jurisdiction = "CN"

[region]
source = "territorio"
name_column = "name"
sea_source = "mar"

[grid]
crs = "+proj=laea +lat_0=20 +lon_0=-40 +datum=WGS84 +units=m +no_defs"
resolution = 1000

[admin]
levels = [
  {name = "province", source = "provincias", code = "code", label = "name"},
  {name = "county", source = "县", code = "代码", label = "名称"},
]
piece_level = "county"

[must_include]
protected_areas = {source = "wdpa", kind = "protected_area", columns = {zone = "ZONE"}}
drinking_water = {source = "agua", kind = "drinking_water", where = {level = [1]}}
river_banks = {source = "ríos", kind = "riparian", columns = {order = "ORDER_"}}
headwaters = {source = "ríos", kind = "headwaters", columns = {order = "ORDER_"}}
mangroves = {source = "landcover", kind = "mangrove", classes = [95]}

[conflicts]
towns = {source = "城镇", kind = "built_up", decision = "deduct", reason = "Towns grow."}
mines = {source = "minas", kind = "mining", decision = "retire", reason = "Until 2027."}

[conflicts.farmland]
source = "farmland"
kind = "farmland"
where = {class = ["permanent"]}
decision = "keep"
reason = "Farming goes on."
"""

CATALOG = """
[territorio]
uri = "data/límites 边界.gpkg"
sublayer = "tierra"
kind = "vector"
citation = "Invented"

[mar]
uri = "data/límites 边界.gpkg"
sublayer = "mar"
kind = "vector"

[provincias]
uri = "data/límites 边界.gpkg"
sublayer = "provincias"
kind = "vector"

["县"]
uri = "data/límites 边界.gpkg"
sublayer = "县"
kind = "vector"

[wdpa]
uri = "data/wdpa.gpkg"
kind = "vector"

["ríos"]
uri = "data/ríos.geojson"
kind = "vector"

[agua]
uri = "data/agua.gpkg"
kind = "vector"

["城镇"]
uri = "data/城镇.shp"
kind = "vector"

[minas]
uri = "data/minas.gpkg"
kind = "vector"

[farmland]
uri = "data/farmland.gpkg"
kind = "vector"

[elevation]
uri = "data/高程 élévation.tif"
unit = "m"

[landcover]
uri = "data/cobertura del suelo.tif"
legend = "WorldCover"

[temperature]
uri = "data/température.tif"
unit = "K"

[precipitation]
uri = "data/降水.tif"
unit = "mm/day"

[ndvi_max]
uri = "data/ndvi max.tif"
unit = "1"

[ndvi_min]
uri = "data/ndvi min.tif"
unit = "1"

[sand]
uri = "data/suelo/sand.tif"
unit = "%"

[silt]
uri = "data/suelo/silt.tif"
unit = "g/kg"

[clay]
uri = "data/suelo/clay.tif"
unit = "g/kg"

["carbono orgánico"]
layer = "organic_carbon"
uri = "data/suelo/soc.tif"
unit = "dg/kg"

[carbonate]
constant = 3.0
unit = "%"
reason = "The survey gives one number for the island."

[soil_texture]
uri = "data/suelo/textura.tif"
legend = {7 = "silt_loam", 9 = "loam", 11 = "sandy_loam", 13 = "sand"}

[wind_factor]
uri = "data/wind.tif"
unit = "kg/m"

[wind_days]
uri = "data/wind days.tif"
unit = "1"

[karst]
uri = "data/karst.tif"
legend = {0 = "no karst", 1 = "karst"}

[carbonate_outcrop]
uri = "data/outcrop.tif"
unit = "%"

[groundwater_mineralisation]
uri = "data/groundwater salt.tif"
unit = "mg/L"

[groundwater_depth]
uri = "data/groundwater depth.tif"
unit = "m"

[natural_coast]
uri = "data/costa.tif"
legend = {2 = "sandy", 4 = "mangrove", 7 = "coral_reef"}
missing = 0

[shoreline_retreat]
uri = "data/retreat.tif"
unit = "m/a"

[coast_type]
constant = 2
unit = "1"
kind = "category"
legend = {2 = "sandy"}
reason = "The whole coast is sandy."

[habitat_importance]
uri = "data/species.tif"
unit = "1"

[npp]
uri = "data/npp.tif"
unit = "kg C/(m2 a)"

[heterotrophic_respiration]
uri = "data/respiration.tif"
unit = "g C/(m2 a)"
"""


def make_island(folder: Path) -> Path:
    """Write the whole project into a folder; the same bytes of layers wherever it is."""
    shutil.copytree(_written(), folder, dirs_exist_ok=True)
    return folder


def make_drawn_island(folder: Path) -> Path:
    """The same with the line of the project as it is, for tests of what comes after the line."""
    shutil.copytree(_drawn(), folder, dirs_exist_ok=True)
    return folder


@cache
def _written() -> Path:
    """The project, written once for all tests of a process."""
    folder = _forgotten_at_the_end()
    write_rasters(folder / "data")
    write_vectors(folder / "data")
    (folder / "project.toml").write_text(PROJECT, encoding="utf-8")
    (folder / "catalog.toml").write_text(CATALOG, encoding="utf-8")
    return folder


@cache
def _drawn() -> Path:
    """The project with its line, drawn once for all tests of a process."""
    folder = make_island(_forgotten_at_the_end())
    delineate(open_project(folder), report=False)
    return folder


def _forgotten_at_the_end() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tianren-island-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def lon_lat(x: float, y: float) -> tuple[float, float]:
    """A place of the plane (km) in degrees."""
    lon, lat = Transformer.from_crs(CRS, DEGREES, always_xy=True).transform(x * KM, y * KM)
    return float(lon), float(lat)
