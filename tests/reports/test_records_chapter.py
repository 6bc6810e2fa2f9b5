"""What the report tells of species records: numbers, where they are from, and names to look at."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from tianren.io.vectors import write_vector
from tianren.reports.chapters import records
from tianren.reports.chapters.topics import topics
from tianren.reports.contents import Contents, Description, Surroundings, read_contents

MEASURES = """indicator,place,period,by,value,unit,low,high,method,sources
records.read,Land,2026,,60,1,,,records,x
records.kept,Land,2026,,40,1,,,records,x
records.species,Land,2026,,2,1,,,records,x
records.dropped,Land,2026,reason=duplicate,15,1,,,records,x
records.dropped,Land,2026,reason=no_coordinates,5,1,,,records,x
"""
TAXA = """species,group,family,protection,category,endemic,records,unique_places,eoo_m2,aoo_m2
Aus bus,,,I,CR,yes,10,8,5000000000.0,32000000.0
Cus dus,,,,,,30,9,7000000000.0,36000000.0
Eus fus,,,II,,,0,0,,
"""
UNMATCHED = "name,records,reason,nearest\nAus buz,3,unmatched_name,Aus bus\nGus,9,genus_only,\n"
CRS = "+proj=laea +lat_0=45 +lon_0=8 +datum=WGS84 +units=m"


@pytest.fixture
def run(tmp_path: Path) -> Contents:
    text = 'run = "records-1"\nstep = "records"\nproject = "Land"\nday = 2026-01-01\n'
    (tmp_path / "run.toml").write_text(text, encoding="utf-8")
    for name, rows in {"measures": MEASURES, "taxa": TAXA, "unmatched": UNMATCHED}.items():
        (tmp_path / f"{name}.csv").write_text(rows, encoding="utf-8")
    lon = np.concatenate([np.full(30, 8.0), np.linspace(8.2, 9.0, 10)])
    places = gpd.GeoDataFrame(
        {"species": "Aus bus", "lon": lon, "lat": 45.0},
        geometry=gpd.points_from_xy(lon, np.full(40, 45.0)),
        crs=4326,
    )
    write_vector(tmp_path / "records.gpkg", places, "records")
    region = gpd.GeoDataFrame(
        {"realm": ["land"]}, geometry=[shapely.box(-20_000, -50_000, 100_000, 50_000)], crs=CRS
    )
    read = read_contents(tmp_path, Description("Land", "Land", CRS))
    return replace(read, surroundings=Surroundings(region=region))


def test_page_one_says_how_many_are_fit_and_what_drops_most(run: Contents) -> None:
    first = topics()["records"].first(run)
    assert first.sentences[0] == "40 of 60 records of 2 species are fit for use."
    assert first.sentences[1].startswith("Most often left out: the same species at the same place")
    assert [number for number, _, _ in first.numbers] == ["40", "2", "15"]


def test_the_pictures_state_what_they_show(run: Contents, tmp_path: Path) -> None:
    drawn = topics()["records"].draw(run, tmp_path)
    assert [d.path.name for d in drawn] == ["records_places.png", "records_left_out.png"]
    assert drawn[0].title.startswith("Half of the records come from 1 of the ")
    assert drawn[1].title.startswith("33.3")
    assert all(d.path.stat().st_size > 10_000 for d in drawn)


def test_tables_put_the_most_first_and_leave_out_species_without_records(run: Contents) -> None:
    (chapter,) = topics()["records"].chapters(run, {})
    species, names = [b for b in chapter.blocks if b["kind"] == "table"]
    assert [row[0] for row in species["rows"]] == ["Cus dus", "Aus bus"]
    assert species["rows"][1][1:] == ["CR", "10", "8", "5\u00a0000", "32.0"]
    assert [row[0] for row in names["rows"]] == ["Gus", "Aus buz"]
    assert names["rows"][1][3] == "Aus bus"


def test_one_of_a_thing_is_told_in_the_singular(run: Contents) -> None:
    one = MEASURES.replace("records.kept,Land,2026,,40", "records.kept,Land,2026,,1")
    (run.folder / "measures.csv").write_text(one, encoding="utf-8")
    first = topics()["records"].first(read_contents(run.folder))
    assert first.sentences[0] == "1 of 60 records is fit for use."
    assert records._how_many_squares(1) == "1 square"
    assert records._how_many_squares(2) == "2 squares"
