"""Species in `tianren gaps`: ranges, status, needs; and records in zones and ranges."""

import geopandas as gpd
import numpy as np
import pytest
import scipy.sparse
import shapely

from tests.project.small_project import CATALOG, LAEA, PROJECT, make_project
from tianren.project.project import open_project
from tianren.project.runs import RunResults
from tianren.science.species import ranges_of
from tianren.steps.gap_species import Known, Records, count_records, within_range
from tianren.steps.gaps import Gaps, gaps
from tianren.steps.report import write_report
from tianren.steps.zones import Zones

SECTION = """
[zones.strip]
source = "strip"

[species]
records = ["sightings"]
ranges = "ranges"
status = "status"

[gaps]
ecoregions = "provinces"
viability = "needs"
"""
SOURCES = """
[strip]
uri = "data/strip.gpkg"
kind = "vector"

[ranges]
uri = "data/ranges.gpkg"
kind = "vector"

[sightings]
uri = "data/sightings.csv"
kind = "records"

[status]
uri = "data/status.csv"
kind = "table"

[needs]
uri = "data/needs.csv"
kind = "table"
"""
STATUS = """species,group,family,protection,category,endemic,global range (km2)
Mantella alba,frogs,Mantellidae,I,CR,yes,
Mantella nigra,frogs,Mantellidae,II,LC,no,250000
Indri parvus,mammals,Indriidae,I,EN,yes,
Indri absens,mammals,Indriidae,I,CR,yes,
"""
# Ranges in m of the plane, on the cells' borders; the park is the east, x > 0.
RANGES = {
    "Mantella alba": shapely.box(-4_000, 0, 4_000, 4_000),
    "Mantella nigra": shapely.box(-20_000, -15_000, 20_000, 15_000),
    "Indri parvus": shapely.union_all(
        [shapely.box(2_000, 5_000, 4_000, 7_000), shapely.box(10_000, 5_000, 13_000, 7_000)]
    ),
}
KM2 = 1e6


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    folder = make_project(tmp_path_factory.mktemp("s"), PROJECT + SECTION, CATALOG + SOURCES)
    data = folder / "data"
    frame = gpd.GeoDataFrame({"species": list(RANGES)}, geometry=list(RANGES.values()), crs=LAEA)
    frame.to_file(data / "ranges.gpkg")
    strip = shapely.box(-3_000, 1_000, 3_000, 2_000)
    gpd.GeoDataFrame(geometry=[strip], crs=LAEA).to_file(data / "strip.gpkg")
    (data / "status.csv").write_text(STATUS, encoding="utf-8")
    (data / "sightings.csv").write_text(
        "species,longitude,latitude,year\nMantella alba,8.02,45.01,2020\n"
        "Mantella alba,7.98,45.01,2021\nBoophis rarus,8.05,45.05,2020\n",
        encoding="utf-8",
    )
    (data / "needs.csv").write_text(
        "species,mva_km2,body_mass_g,source\nIndri parvus,7,,a paper\nMantella alba,,2,\n"
        "Lemur fictus,3,,\nBoophis rarus,9,,\n",
        encoding="utf-8",
    )
    return gaps(open_project(folder)).run


def rows(run: RunResults, name: str, **wanted: str) -> list[dict[str, str]]:
    return [r for r in run.rows(name) if all(r[k] == v for k, v in wanted.items())]


def test_ranges_are_held_by_their_true_area_and_overlap_once(run: RunResults) -> None:
    held = {
        (r["feature"], r["zone"]): float(r["held"]) for r in rows(run, "gaps.csv", kind="species")
    }
    assert held["Mantella alba", "protected"] == pytest.approx(16 * KM2, rel=1e-6)
    assert held["Mantella alba", "strip"] == pytest.approx(6 * KM2, rel=1e-6)
    assert held["Mantella alba", "any"] == pytest.approx(19 * KM2, rel=1e-6)
    assert held["Mantella nigra", "any"] == pytest.approx(603 * KM2, rel=1e-6)


def test_a_target_goes_by_the_whole_range_where_it_is_known(run: RunResults) -> None:
    share = {
        r["feature"]: float(r["target_percent"])
        for r in rows(run, "gaps.csv", kind="species", zone="any")
    }
    assert share == pytest.approx(
        {"Boophis rarus": 100, "Indri parvus": 100, "Mantella alba": 100, "Mantella nigra": 10}
    )
    status = {r["feature"]: r["status"] for r in rows(run, "gaps.csv", kind="species", zone="any")}
    assert status == {
        "Boophis rarus": "met", "Indri parvus": "met", "Mantella alba": "partial",
        "Mantella nigra": "met",
    }  # fmt: skip


def test_the_table_of_species_counts_those_without_a_range_too(run: RunResults) -> None:
    def of(dimension: str, name: str, meaning: str, group: str = "") -> tuple[str, str, str]:
        (row,) = rows(
            run, "coverage.csv", zone="any", group=group, dimension=dimension, meaning=meaning,
            **{"class": name},
        )  # fmt: skip
        return row["covered"], row["of"], row["percent"]

    assert of("protection", "I", "target_met") == ("1", "3", "33.33")
    assert of("category", "CR+EN+VU", "range_share") == ("2", "3", "66.67")
    assert of("all", "", "range_share", "mammals") == ("1", "2", "50.0")
    assert of("all", "", "any_record") == ("2", "5", "40.0")


def test_the_index_weighs_by_the_share_of_the_range_here(run: RunResults) -> None:
    (row,) = [
        r for r in run.measures
        if r["indicator"] == "species.protection_index" and r["by"] == "zone=any"
    ]  # fmt: skip
    weights = np.array([1.0, 1.0, 1200 / 250000])
    scores = np.array([100.0, 100 * 19 / 32, 100.0])
    assert float(row["value"]) == pytest.approx((weights * scores).sum() / weights.sum(), rel=1e-4)


def test_covered_but_not_viable_is_told(run: RunResults) -> None:
    (indri,) = rows(run, "viability.csv", species="Indri parvus", zone="protected")
    assert (indri["patches"], indri["status"], indri["covered_not_viable"]) == (
        "2", "viable_in_sum", "yes",
    )  # fmt: skip
    assert float(indri["largest_m2"]) == pytest.approx(6 * KM2, rel=1e-6)
    (frog,) = rows(run, "viability.csv", species="Mantella alba", zone="protected")
    assert frog["method"] == "body mass"
    assert float(frog["minimum_m2"]) == pytest.approx(4169 / (10**4.23 * 2**-0.75) * KM2)
    said = {f["rule"] for f in run.findings}
    assert {
        "viability.by_mass",
        "viability.covered_not_viable",
        "viability.unknown_species",
    } <= said


def test_representativeness_by_records_range_and_ecoregions(run: RunResults) -> None:
    (frog,) = rows(run, "representativeness.csv", species="Mantella alba", zone="protected")
    assert (frog["records"], frog["records_held"], frog["scores"]) == ("2", "1", "3")
    scores = [float(frog[name]) for name in ("srs", "grs", "ers", "fcs")]
    assert scores == pytest.approx([50, 50, 50, 50], rel=1e-6)
    (indri,) = rows(run, "representativeness.csv", species="Indri parvus", zone="protected")
    assert (indri["srs"], indri["scores"]) == ("", "2")


def test_cells_with_records_are_no_range_and_that_is_said(run: RunResults) -> None:
    sources = {r["feature"]: r["source"] for r in rows(run, "gaps.csv", kind="species")}
    assert sources["Boophis rarus"] == "records" and sources["Mantella alba"] == "range"
    assert not rows(run, "representativeness.csv", species="Boophis rarus")
    (frog,) = rows(run, "viability.csv", species="Boophis rarus", zone="any")
    assert frog["minimum_m2"] == "" and frog["status"] == "unknown"  # though the table has a need
    assert "gaps.only_records" in {f["rule"] for f in run.findings}


def test_the_answer_tells_of_species(run: RunResults) -> None:
    text = Gaps(run).text()
    assert "Species protection index" in text and "covered but not viable" in text


@pytest.mark.parametrize("language", ["en", "zh", "es"])
def test_the_report_has_the_tables_and_pictures(run: RunResults, language: str) -> None:
    written = write_report(open_project(run.folder.parents[1]), run.id, language)
    page = run.path("report.html").read_text(encoding="utf-8")
    assert "66.67" in page and "Indri parvus" in page
    assert page.count("data:image/png") >= 3
    for name in ("gaps_status", "gaps_where", "gaps_species"):
        assert f"maps/{name}.png" in written.files


def test_records_are_counted_in_zones_exactly_and_in_their_own_range() -> None:
    names = ("a", "b")
    cells = scipy.sparse.csr_array(np.array([[1, 1, 0, 0], [0, 0, 0.5, 0]], dtype=np.float32))
    ranges = ranges_of(names, cells, (2, 2), 1.0)
    square = shapely.box(0, 0, 1, 1)
    flags = scipy.sparse.csr_array(np.array([[0.5, 0, 0, 0], [0, 1.0, 0, 1.0]]))
    zones = Zones(("polygon", "raster"), flags, np.ones(4), (square, None))
    records = Records(
        np.array(["a", "a", "a", "b", "b", "stranger"]),
        np.array([1.0, 0.5, 9.0, 1.5, 0.2, 0.5]),
        np.array([1.0, 1.5, 9.0, 0.5, 0.2, 0.5]),
        np.array([0, 1, -1, 3, 2, 0]),
    )
    counts = count_records(Known(ranges, records, ()), zones, names)
    assert counts.every.tolist() == [3, 2]
    assert counts.held.tolist() == [[1, 1, 2], [1, 1, 2]]  # the corner belongs to the polygon
    assert counts.in_range.tolist() == [2, 1]
    assert counts.in_range_held.tolist() == [[1, 1, 2], [1, 0, 1]]


def test_without_ranges_no_record_is_inside_one() -> None:
    assert not within_range(None, np.array(["a"]), np.array([0])).any()
