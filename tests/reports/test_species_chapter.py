"""What the report tells of species, from the tables and surfaces of a run."""

from pathlib import Path

import numpy as np
import pytest

from tests.reports.test_habitat_and_models import MEASURES, run_of, tables_of, write_raster
from tianren.reports.chapters.topics import topics
from tianren.reports.contents import Contents

ROW = "{indicator},Land,2026,{by},{value},{unit},,,species,x\n"
KBA = (
    "site,criterion,verdict,species,estimator,share_percent,basis,needed_percent,"
    "units_known,units_needed,missing\n"
    "wood,B1,cannot decide,Rana lata,range,40.0,national: at most,10.0,,10.0,its global range\n"
    "marsh,A1a,met,Rana rara,mature_individuals,50.0,global,0.5,9.0,5.0,\n"
    "marsh,B1,not met,Rana rara,mature_individuals,5.0,global,10.0,9.0,10.0,\n"
    "fen,C,cannot decide,,,,,,,,evidence\n"
)


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    (tmp_path / "surfaces").mkdir()
    slope = np.tile(np.linspace(0, 3, 40), (30, 1))
    for name, factor in [
        ("richness", 1.0),
        ("weighted_endemism", 0.01),
        ("weighted_richness", 0.0),
    ]:
        write_raster(tmp_path / f"surfaces/{name}.tif", factor * slope)
    numbers = [
        ("species.ranges", "source=habitat", 2, "1"), ("species.ranges", "source=records", 1, "1"),
        ("species.ranges", "source=none", 1, "1"),
        ("species.hotspots", "of=richness", 6e7, "m2"),
        ("species.concentration", "of=richness", 12.5, "%"),
        ("species.hotspots", "of=weighted_richness", 0, "m2"),
        ("species.concentration", "of=weighted_richness", 0, "%"),
        ("species.hotspots", "of=weighted_endemism", 6e7, "m2"),
        ("species.concentration", "of=weighted_endemism", 20, "%"),
    ]  # fmt: skip
    measures = MEASURES + "".join(
        ROW.format(indicator=i, by=by, value=value, unit=unit) for i, by, value, unit in numbers
    )
    species = "species,records,tiny_population\nRana rara,3,120 mature individuals\nRana lata,0,\n"
    places = (
        "of,step,unit,label,lon,lat,added,held,share_percent,species\n"
        'cells,1,"3,4",,8,45,3,3,100.0,a; b; c\nprovince,1,10,East,,,3,3,100.0,a; b; c\n'
    )
    return run_of(tmp_path, "species", measures=measures, species=species, kba=KBA,
                  complementarity=places)  # fmt: skip


def test_page_one_tells_ranges_hotspots_and_sites(contents: Contents) -> None:
    first = topics()["species"].first(contents)
    assert first.sentences[0] == "3 of 4 species have a range here."
    assert "60 km² of hotspots" in first.sentences[1]
    # Weighted richness is zero everywhere: nothing is said of it.
    assert "endemism" in first.sentences[2]
    assert first.sentences[3].startswith("1 site meets a criterion")
    assert "for 1 more" in first.sentences[3]


def test_tables_show_what_is_met_first_and_what_is_missing(contents: Contents) -> None:
    tables = tables_of(contents)
    sites = tables["Sites and criteria; all are in kba.csv"]
    assert [row[0] for row in sites] == ["marsh", "wood"]
    assert sites[1][-1] == "its global range"
    assert tables["Species with tiny populations"] == [["Rana rara", "3", "120 mature individuals"]]
    units = next(rows for caption, rows in tables.items() if "fewest units" in caption)
    assert [row[0] for row in units] == ["East"]


def test_maps_of_what_is_there(contents: Contents, tmp_path: Path) -> None:
    drawn = topics()["species"].draw(contents, tmp_path)
    assert [d.path.stem for d in drawn] == [
        "species_richness", "species_weighted_endemism", "species_sources",
    ]  # fmt: skip
    assert all(d.path.stat().st_size > 5_000 for d in drawn)
