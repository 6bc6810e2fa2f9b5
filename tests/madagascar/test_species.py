"""Madagascar's amphibians and lemurs from real records, with the small labelled status table."""

import csv
from pathlib import Path

import numpy as np
import pytest
import rasterio

from tests.madagascar.madagascar import make_madagascar, need
from tianren.io.ranges import read_ranges
from tianren.io.vectors import read_result
from tianren.project.project import open_project
from tianren.science.species import range_area
from tianren.steps.species import Species, species

pytestmark = pytest.mark.real_data

STATUS = Path(__file__).with_name("status.csv")
SECTION = """
[species]
records = ["amphibians", "lemurs"]
status = "status"
"""
SOURCES = """
[amphibians]
uri = "{data}/ConR/malagasy_amphibian_occurrences.csv"
kind = "records"

[lemurs]
uri = "{data}/enmSdmX/lemurs_gbif.csv"
kind = "records"

[status]
uri = "{status}"
kind = "table"
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Species:
    folder = make_madagascar(tmp_path_factory.mktemp("madagascar"))
    with (folder / "project.toml").open("a", encoding="utf-8") as project:
        project.write(SECTION)
    with (folder / "catalog.toml").open("a", encoding="utf-8") as catalog:
        catalog.write(SOURCES.format(data=need("madagascar").resolve(), status=STATUS))
    return species(open_project(folder))


def test_every_row_of_the_status_table_says_where_it_is_from() -> None:
    with STATUS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len({row["species"] for row in rows}) == len(rows) >= 20
    assert all(len(row["source"]) > 20 for row in rows)
    told = [row for row in rows if "from memory" not in row["source"]]
    assert len(told) >= 12  # the others say that nobody looked them up


def test_ranges_are_the_cells_with_records(made: Species) -> None:
    ranges = read_ranges(made.run.path("ranges.npz"))
    assert 150 < len(ranges.names) < 205
    assert range_area(ranges).min() == 1e6
    assert "Caecilia mertensi" not in ranges.names  # not of Madagascar, and not recorded there
    with rasterio.open(made.run.path("surfaces/richness.tif")) as source:
        richness = source.read(1)
    assert np.nansum(richness) == pytest.approx(ranges.cells.nnz)
    with rasterio.open(made.run.path("surfaces/weighted_richness.tif")) as source:
        assert 0 < np.nanmax(source.read(1)) < 60


def test_provinces_that_hold_every_amphibian_between_them(made: Species) -> None:
    rows = [r for r in made.run.rows("complementarity.csv") if r["of"] == "province"]
    assert len(rows) <= 6
    assert float(rows[-1]["share_percent"]) == 100.0


def test_key_areas_are_decided_only_by_what_is_known(made: Species) -> None:
    rows = made.run.rows("kba.csv")
    assert len({row["site"] for row in rows}) == 92  # designated, inscribed, established
    assert all(row["missing"] for row in rows if row["verdict"] == "cannot decide")
    # Nobody counted reproductive units, so nothing that needs them is met.
    assert not [r for r in rows if r["verdict"] == "met" and float(r["units_needed"] or 0) > 0]


def test_no_tiny_population_without_a_record(made: Species) -> None:
    assert read_result(made.run.path("tiny_habitats.gpkg"), "tiny_habitats").empty
    assert "tiny_populations.no_record" in {f["rule"] for f in made.run.findings}
