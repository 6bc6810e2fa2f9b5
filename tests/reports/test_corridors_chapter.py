"""What the report tells of corridors, from the tables and rasters of a run."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from odc.geo.geobox import GeoBox

from tianren.io.rasters import raster_sink
from tianren.raster.raster import whole
from tianren.reports import sheet
from tianren.reports.chapters import flyway_map
from tianren.reports.chapters.topics import topics
from tianren.reports.contents import Contents, read_contents

GRID = GeoBox.from_bbox(
    (0, 0, 40_000, 30_000), "+proj=laea +lat_0=45 +lon_0=8 +datum=WGS84 +units=m", resolution=1000
)
MEASURES = """indicator,place,period,by,value,unit,low,high,method,sources
corridors.area,Land,2026,,12000000.0,m2,,,x,x
corridors.cores,Land,2026,,300000000.0,m2,,,x,x
corridors.eca,Land,2026,open=accepted,220000000.0,m2,,,x,x
corridors.eca,Land,2026,open=none,200000000.0,m2,,,x,x
corridors.stranded,Land,2026,,1.0,1,,,x,x
"""
LINKS = """id,from,to,from_name,to_name,length_m,cost,mean_resistance,width_m,area_m2,pinch,\
dpc_percent,accepted,reason
1,1,2,core 1,core 2,9000.0,9000.0,1.0,1000.0,9000000.0,0.75,0.5,no,too dear
2,1,3,core 1,core 3,4000.0,8000.0,2.0,3000.0,12000000.0,0.25,7.5,yes,cheap
"""
PATCHES = """core,name,group,area_m2,dpc_percent,intra_percent,flux_percent,connector_percent
1,core 1,1,200000000.0,80.0,60.0,20.0,0.0
2,core 2,1,60000000.0,20.0,5.0,15.0,0.0
3,core 3,1,40000000.0,15.0,5.0,10.0,0.0
"""
ROUTES = """route,species,from,to,length_km,longest_step_km,too_long
coast,a plover,marsh,lake,420.0,300.0,yes
coast,a plover,lake,bay,120.0,300.0,no
bay,a tern,bay,cape,90.0,,
"""


def write_raster(path: Path, cells: np.ndarray, dtype: str = "float32", **how: float) -> None:
    sink = raster_sink(path, GRID, dtype=dtype, **how)
    sink.write(whole(GRID), cells.astype(dtype))
    sink.close()


@pytest.fixture
def run(tmp_path: Path) -> Contents:
    cost = np.full((30, 40), 5000.0)
    cost[5:10, 2:8] = cost[5:10, 20:26] = 0
    numbers = np.zeros((30, 40))
    numbers[7, 8:20] = 2
    write_raster(tmp_path / "cost.tif", cost)
    write_raster(tmp_path / "current.tif", np.where(cost > 0, 0.1 + numbers / 4, 0))
    write_raster(tmp_path / "corridors.tif", numbers, "int32", nodata=0.0)
    lines = [shapely.LineString([(5000, y), (22000, y)]) for y in (22_500, 20_500)]
    layer = gpd.GeoDataFrame({"accepted": ["yes", "no"]}, geometry=lines, crs=GRID.crs.to_wkt())
    layer.to_file(tmp_path / "paths.gpkg", layer="paths")
    head = 'run = "corridors-1"\nstep = "corridors"\nproject = "Land"\nday = 2026-01-01\n'
    (tmp_path / "run.toml").write_text(head, encoding="utf-8")
    tables = {"measures": MEASURES, "links": LINKS, "patches": PATCHES, "routes": ROUTES}
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return read_contents(tmp_path)


def test_page_one_says_how_many_and_what_they_gain(run: Contents) -> None:
    first = topics()["corridors"].first(run)
    assert first.sentences[0] == "1 of 2 corridors link 2 of the 3 cores of the line."
    assert "10.0" in first.sentences[1] and "12" in first.sentences[1]
    assert first.sentences[2] == "1 core cannot be reached by any way."


def test_the_headline_counts_only_cores_that_are_linked(run: Contents) -> None:
    """Links in two groups are told as two, links of all cores as all."""
    apart = "3,4,5,core 4,core 5,1.0,1.0,1.0,1.0,1.0,0.1,0.1,yes,cheap\n"
    (run.folder / "links.csv").write_text(LINKS + apart, encoding="utf-8")
    told = topics()["corridors"].first(read_contents(run.folder)).sentences[0]
    assert told.endswith("link 4 of the 3 cores of the line, in 2 groups that stay apart.")
    (run.folder / "links.csv").write_text(LINKS.replace(",no,too dear", ",yes,cheap"), "utf-8")
    told = topics()["corridors"].first(read_contents(run.folder)).sentences[0]
    assert told == "2 of 2 corridors link the 3 cores of the line."


def test_tables_are_in_the_order_of_importance(run: Contents) -> None:
    (chapter,) = topics()["corridors"].chapters(run, {})
    links, cores, routes = (b["rows"] for b in chapter.blocks if b["kind"] == "table")
    assert [row[0] for row in links] == ["2", "1"]
    named = "core 1 (200\u00a0km²) to core 3 (40\u00a0km²)"
    assert links[0][1:] == [named, "4.0", "3.0", "2.0", "25", "7.50", "accepted"]
    assert [row[0] for row in cores] == ["core 1", "core 2", "core 3"]
    assert [row[-1] for row in routes] == ["too long", "within reach", "–"]


def test_every_picture_is_drawn_and_says_what_it_shows(run: Contents, tmp_path: Path) -> None:
    drawn = topics()["corridors"].draw(run, tmp_path)
    assert [d.path.stem for d in drawn] == [
        "corridors_map", "corridors_current", "corridors_importance",
    ]  # fmt: skip
    assert all(d.path.stat().st_size > 5000 for d in drawn)
    assert "25" in drawn[1].title and "corridor 2" in drawn[1].title
    assert "7.5" in drawn[2].title


def test_the_legend_has_what_the_map_has_of_flyways_and_nothing_else(
    run: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    for kind in ("line", "dot"):
        monkeypatch.setattr(sheet, kind, lambda text, *how: told.append(text))
    assert flyway_map.entries(run) == []
    crs = GRID.crs.to_wkt()
    lines = [shapely.LineString([(5000, 5000), (x, 9000)]) for x in (9000, 30_000)]
    steps = gpd.GeoDataFrame({"too_long": ["no", ""]}, geometry=lines, crs=crs)
    steps.to_file(tmp_path / "routes.gpkg", layer="routes")
    places = [shapely.Point(5000, 5000), shapely.box(9000, 9000, 9500, 9500)]
    sites = gpd.GeoDataFrame({"used": ["yes", "no"]}, geometry=places, crs=crs)
    sites.to_file(tmp_path / "stopovers.gpkg", layer="stopovers")
    flyway_map.entries(run)
    assert told == ["migratory route", "stopover", "stopover that no route stops at"]


def test_flyways_are_drawn_on_the_map_of_corridors(run: Contents, tmp_path: Path) -> None:
    before = topics()["corridors"].draw(run, tmp_path)[0].path.read_bytes()
    line = shapely.LineString([(5000, 5000), (30_000, 9000)])
    steps = gpd.GeoDataFrame({"too_long": ["yes"]}, geometry=[line], crs=GRID.crs.to_wkt())
    steps.to_file(tmp_path / "routes.gpkg", layer="routes")
    assert topics()["corridors"].draw(run, tmp_path)[0].path.read_bytes() != before
