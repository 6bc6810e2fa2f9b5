"""What the report tells of room to live and of two lines compared, from the tables of a run."""

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from odc.geo.geobox import GeoBox

from tianren.io.rasters import raster_sink
from tianren.language import set_language
from tianren.raster.raster import whole
from tianren.reports.chapters.blocks import Block, Chapter
from tianren.reports.chapters.topics import topics
from tianren.reports.contents import Contents, Description, read_contents

CRS = "+proj=laea +lat_0=45 +lon_0=8 +datum=WGS84 +units=m"
GRID = GeoBox.from_bbox((0, 0, 20_000, 10_000), CRS, resolution=1000)
MEASURE = "indicator,place,period,by,value,unit,low,high,method,sources\n"
CHANGE = (
    "table,code,label,first_m2,second_m2,kept_m2,gained_m2,lost_m2,changed_in_m2,changed_out_m2"
)


@pytest.fixture(autouse=True)
def english() -> None:
    set_language("en")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder, beside that of the line that it was made from."""
    write_raster(tmp_path / "delineate-1" / "spatial_step.tif", np.ones((10, 20)))
    write_raster(tmp_path / "delineate-1" / "redline_cells.tif", np.ones((10, 20)))
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def write_raster(path: Path, cells: np.ndarray, **how: float) -> None:
    path.parent.mkdir(exist_ok=True)
    sink = raster_sink(path, GRID, dtype="uint8", **how)
    sink.write(whole(GRID), cells.astype("uint8"))
    sink.close()


def made(folder: Path, step: str, tables: Mapping[str, str], more: str = "") -> Contents:
    head = f'run = "{step}-1"\nstep = "{step}"\nproject = "Land"\nday = 2026-01-01\n'
    (folder / "run.toml").write_text(f"{head}[{step}]\n{more}", encoding="utf-8")
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return read_contents(folder, Description("Land", "Land", GRID.crs.to_wkt()))


def told(contents: Contents, folder: Path) -> tuple[Chapter, list[Path]]:
    """The one chapter of a topic, with its pictures drawn."""
    topic = topics()[contents.step]
    maps = folder / "maps"
    maps.mkdir()
    drawn = topic.draw(contents, maps)
    (chapter,) = topic.chapters(contents, {d.path.stem: d for d in drawn})
    figures = [b["file"] for b in chapter.blocks if b["kind"] == "figure"]
    assert figures == [d.path.name for d in drawn]
    assert all(d.path.name.startswith(contents.step) and d.path.exists() for d in drawn)
    assert topic.subtitle() and topic.tables()
    return chapter, [d.path for d in drawn]


def tables_of(chapter: Chapter) -> list[Block]:
    return [block for block in chapter.blocks if block["kind"] == "table"]


AREAS = """level,code,label,table,class,name,area_m2
nation,,Land,matrix,1,conserve,120000000
nation,,Land,matrix,2,farm,50000000
nation,,Land,matrix,3,build,0
nation,,Land,matrix,4,farm or build,10000000
nation,,Land,matrix,5,residual,20000000
nation,,Land,conflict,1,x,3000000
nation,,Land,conflict,2,x,1000000
nation,,Land,conflict,0,no conflict,196000000
nation,,Land,farm,1,level 1,40000000
nation,,Land,farm,5,level 5,160000000
province,1,West,matrix,1,conserve,80000000
province,1,West,matrix,2,farm,20000000
province,1,West,matrix,3,build,0
province,1,West,matrix,4,farm or build,0
province,1,West,matrix,5,residual,0
province,2,East,matrix,1,conserve,40000000
province,2,East,matrix,2,farm,30000000
province,2,East,matrix,3,build,0
province,2,East,matrix,4,farm or build,10000000
province,2,East,matrix,5,residual,20000000
"""
CAPACITY = """level,code,label,purpose,capacity_m2,limited_by,current_m2,overload
province,1,West,farm,20000000,water,30000000,1.5
province,2,East,town,10000000,land,5000000,0.5
"""
FACTORS = """factor,name,status,method,layers,missing
farm_land,"land (slope, silt)",computed,slope,slope,
hazard_limit,hazard,missing,,,hazard
"""


def test_what_land_is_fit_for(folder: Path) -> None:
    cells = np.tile(np.arange(20) % 5 + 1, (10, 1))
    for name in ("suitability/matrix", "suitability/farm", "suitability/town", "conflict_matrix"):
        write_raster(folder / f"{name}.tif", cells)
    tables = {"areas": AREAS, "capacity": CAPACITY, "factors": FACTORS}
    contents = made(folder, "suitability", tables)
    first = topics()["suitability"].first(contents)
    assert first.sentences[0].startswith("60.0")
    assert "30.0" in first.sentences[0]
    assert "4.00 km²" in first.sentences[1]
    assert first.sentences[2].startswith("1 units")
    chapter, pictures = told(contents, folder)
    assert len(pictures) == 4
    factors, units, *_, capacity = tables_of(chapter)
    assert factors["rows"][1][2] != ""
    assert [row[0] for row in units["rows"]] == ["West", "East"]
    assert [float(text) for text in units["total"][1:]] == [120, 50, 0, 10, 20]
    assert [row[0] for row in capacity["rows"]] == ["West"]


SEAMS = """seam,red_code,red,other_code,other,length_m,lon,lat,from_lon,from_lat,to_lon,to_lat,\
beyond,candidate_m2
1,1,West,2,East,3000,8.1,45.2,8.1,45.2,8.1,45.2,outside the line,4000000
"""
BORDERS = """first_code,first,second_code,second,length_m,touching_m,matched_m,open_first_m,\
open_second_m,continuity_percent
1,West,2,East,9000,8000,4000,0,3000,50.0
1,West,3,North,9000,0,0,0,0,
"""


def test_seams_and_what_would_close_them(folder: Path) -> None:
    cells = np.zeros((10, 20))
    cells[4:6, 11:13] = 1
    write_raster(folder / "candidates.tif", cells, nodata=0.0)
    path = shapely.LineString([(11e3, 4e3), (11e3, 7e3)])
    line = gpd.GeoDataFrame({"seam": [1]}, geometry=[path], crs=GRID.crs.to_wkt())
    line.to_file(folder / "seams.gpkg", layer="seams")
    measures = MEASURE + ("seams.continuity,Land,2026,,50.0,%,,,x,x\n"
                          "seams.open,Land,2026,,3000.0,m,,,x,x\n")  # fmt: skip
    contents = made(folder, "seams", {"seams": SEAMS, "borders": BORDERS, "measures": measures},
                    'level = "province"\nline = "delineate-1"\n')  # fmt: skip
    first = topics()["seams"].first(contents)
    assert "50.0" in first.sentences[0]
    assert "3 km are open" in first.sentences[0]
    chapter, _ = told(contents, folder)
    seams, borders = tables_of(chapter)
    assert seams["rows"][0][:3] == ["West", "East", "3.0"]
    assert [row[0] for row in borders["rows"]] == ["West | East"]


FIGURES = """level,code,label,parent_level,parent_code,parcels,red_parcels,area_m2,red_m2,\
red_percent,line_m2,commission_m2,omission_m2,drift_percent,largest_plot,lon,lat
whole,,Land,,,2,1,200000000,100000000,50.0,99000000,1000000,0,1.0,a,8,45
county,1,West,whole,,2,1,200000000,100000000,50.0,99000000,1000000,0,1.0,a,8,45
"""


def test_parcels_and_their_control_figures(folder: Path) -> None:
    boxes = [shapely.box(0, 0, 1e4, 1e4), shapely.box(1e4, 0, 2e4, 1e4)]
    table = {"code": ["a", "b"], "red": [1, 0], "red_share": [0.99, 0.2], "area_m2": [10**8] * 2}
    layer = gpd.GeoDataFrame(table, geometry=boxes, crs=GRID.crs.to_wkt())
    layer.to_file(folder / "parcels.gpkg", layer="parcels")
    more = 'parent = "delineate-1"\ndrift_percent = 1.0\n'
    contents = made(folder, "parcels", {"control_figures": FIGURES}, more)
    assert "1 of 2 parcels are red" in topics()["parcels"].first(contents).sentences[0]
    chapter, pictures = told(contents, folder)
    (figures,) = tables_of(chapter)
    assert figures["rows"][0][1:] == figures["total"][1:]
    assert len(pictures) == 1


def test_two_lines_compared(folder: Path) -> None:
    write_raster(folder / "difference.tif", np.tile(np.arange(20) % 4, (10, 1)))
    rows = f"""{CHANGE}
total,,total,100e6,110e6,90e6,20e6,10e6,0,0
category,key_function,key_function,100e6,110e6,90e6,20e6,10e6,0,0
must_include,parks,parks,10e6,10e6,10e6,0,0,0,0
unit province,1,West,100e6,110e6,90e6,20e6,10e6,0,0
"""
    held = "function,kept_percent,gained_percent,lost_percent\nwater_conservation,50,8,2\n"
    species = "species,range_m2,kept_m2,gained_m2,lost_m2\nA b,9e6,1e6,0,5e6\nC d,9e6,1e6,1e6,0\n"
    more = 'first_name = "now"\nsecond_name = "wider"\n'
    contents = made(folder, "compare", {"compare": rows, "held": held, "species": species}, more)
    first = topics()["compare"].first(contents)
    assert first.sentences[0].startswith("From now to wider: 20")
    chapter, _ = told(contents, folder)
    named = [block["rows"][0][0] for block in tables_of(chapter)]
    assert named == ["Key ecological function zones", "parks", "West", "Water conservation", "A b"]


def test_a_line_against_the_line_above(folder: Path) -> None:
    write_raster(folder / "difference.tif", np.tile(np.arange(20) % 4, (10, 1)))
    nested = """level,code,label,parent_m2,line_m2,both_m2,commission_m2,omission_m2,drift_percent
whole,,Land,100e6,99e6,90e6,9e6,10e6,-1.0
"""
    grades = "parent_grade,grade,area_m2\n5,5,90e6\n5,1,10e6\n1,5,9e6\n1,1,91e6\n"
    contents = made(folder, "nested", {"nested": nested, "grades": grades})
    assert topics()["nested"].first(contents).sentences[0].startswith("99.0 km² are inside")
    chapter, _ = told(contents, folder)
    _, pairs = tables_of(chapter)
    assert pairs["rows"] == [["5", "90.0", "10.0"], ["1", "9.0", "91.0"]]
