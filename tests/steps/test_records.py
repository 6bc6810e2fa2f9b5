"""The step of species records, from odd files to cleaned records, in a small project."""

import csv
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from tests.project.small_project import CATALOG, PROJECT, make_project
from tianren.errors import UserError
from tianren.io.vectors import read_result
from tianren.project.project import open_project
from tianren.science.names import match_names
from tianren.science.taxa import Taxon
from tianren.steps.record_tables import Known, other_groups
from tianren.steps.records import CleanedRecords, records

SPECIES = """
[species]
records = ["herbarium", "field"]
status = "status"
checklist = "names"
institutions = "museums"
ranges = "ranges"
range_column = "name"
"""
SOURCES = """
[herbarium]
uri = "data/herbarium.csv"
kind = "records"

[field]
uri = "data/field.tsv"
kind = "records"
species = "Cus dus"

[status]
uri = "data/status.csv"
kind = "table"

[names]
uri = "data/names.csv"
kind = "table"

[museums]
uri = "data/museums.csv"
kind = "table"

[ranges]
uri = "data/ranges.gpkg"
kind = "vector"
"""
HERBARIUM = """学名,decimalLongitude,decimalLatitude,year,coordinateUncertaintyInMeters
Aus bus L.,8.1,45.05,2001,30
Vetus nomen,8.1,45.05,2001,30
Aus bus,45.05,8.1,2001,30
Aus bus,8.1,-45.05,2001,30
Aus bus,0,0,2001,30
Aus bus,,,2001,30
Aus bus,12.0,45.0,2001,30
Aus bus,8.05,45.05,2101,30
Aus bus,8.05,45.05,2001,50000
Aus buz,8.05,45.05,2001,30
Aus,8.05,45.05,2001,30
Aus bus,8.0300,45.0400,2001,30
Eus fus,8.05,45.02,1990,
Gus hus,8.05,45.02,1990,
"""
FIELD = "Name\tPosition\nT1\tN45 03.000 E8 03.000\nT2\tN45 03.600 E8 03.000\nT3\tnear the road\n"
FILES = {
    "herbarium.csv": HERBARIUM,
    "field.tsv": FIELD,
    "status.csv": "species,group,protection,category,endemic\nAus bus,plants,I,CR,yes\n"
    "Cus dus,frogs,,LC,no\nIus jus,frogs,II,EN,\n",
    "names.csv": "name,accepted\nAus bus,\nVetus nomen,Aus bus\nCus dus,\nEus fus,\n"
    "Gus hus,\nIus jus,\n",
    "museums.csv": "institution,lon,lat\nMuseum,8.03,45.04\nLost,,\n",
}


def make(folder: Path, project: str = PROJECT + SPECIES, **files: str) -> Path:
    made = make_project(folder, project, CATALOG + SOURCES)
    for name, text in {**FILES, **files}.items():
        (made / "data" / name).write_text(text, encoding="utf-8")
    ranges = gpd.GeoDataFrame(
        {"name": ["Aus bus", "Eus fus", "Gus hus"]},
        geometry=[
            shapely.box(7, 44, 9, 46),
            shapely.box(7, 44, 7.8, 46),
            shapely.box(7, -46, 9, -44),
        ],
        crs=4326,
    )
    ranges.to_file(made / "data" / "ranges.gpkg")
    return made


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> CleanedRecords:
    return records(open_project(make(tmp_path_factory.mktemp("records"))))


def dropped(answer: CleanedRecords) -> dict[tuple[str, int], tuple[str, str]]:
    return {
        (row["source"], int(row["row"])): (row["reason"], row["detail"])
        for row in answer.run.rows("dropped.csv")
    }


def test_each_dropped_row_has_its_reason_and_detail(answer: CleanedRecords) -> None:
    assert dropped(answer) == {
        ("herbarium", 3): ("duplicate", "row 2 of herbarium"),
        ("herbarium", 4): ("swapped_coordinates", "45.05, 8.1"),
        ("herbarium", 5): ("wrong_sign", "8.1, -45.05"),
        ("herbarium", 6): ("zero_coordinates", "0.0, 0.0"),
        ("herbarium", 7): ("no_coordinates", ""),
        ("herbarium", 8): ("outside_region", "12.0, 45.0"),
        ("herbarium", 9): ("impossible_date", "2101"),
        ("herbarium", 10): ("uncertainty", "50000 m"),
        ("herbarium", 11): ("unmatched_name", ""),
        ("herbarium", 12): ("genus_only", ""),
        ("herbarium", 13): ("institution", "8.03, 45.04"),
        ("herbarium", 14): ("outside_range", "8.05, 45.02"),
        ("herbarium", 15): ("other_hemisphere", "8.05, 45.02"),
        ("field", 4): ("unreadable_coordinates", "near the road"),
    }


def test_kept_and_dropped_are_all_that_was_read(answer: CleanedRecords) -> None:
    said = answer.as_dict()
    assert said["read"] == 17
    assert said["read"] == said["kept"] + sum(said["dropped"].values())
    measured = {(m["indicator"], m["by"]): float(m["value"]) for m in answer.run.measures}
    assert measured["records.read", ""] == said["read"]
    assert measured["records.kept", ""] == said["kept"]
    assert measured["records.read", "source=field"] == 3
    by_reason = {b: v for (i, b), v in measured.items() if i == "records.dropped"}
    assert sum(by_reason.values()) == said["read"] - said["kept"]


def test_the_kept_records(answer: CleanedRecords) -> None:
    kept = read_result(answer.run.path("records.gpkg"), "records")
    assert kept["species"].tolist() == ["Aus bus", "Cus dus", "Cus dus"]
    assert kept["group"].tolist() == ["plants", "frogs", "frogs"]
    np.testing.assert_allclose(kept["lat"], [45.05, 45.05, 45.06])
    np.testing.assert_allclose(kept.geometry.x, kept["lon"])
    assert kept[["source", "row"]].to_numpy().tolist() == [
        ["herbarium", 2],
        ["field", 2],
        ["field", 3],
    ]


def test_taxa_and_unmatched_names(answer: CleanedRecords) -> None:
    taxa = {row["species"]: row for row in answer.run.rows("taxa.csv")}
    assert list(taxa) == ["Aus bus", "Cus dus", "Ius jus"]
    assert (taxa["Aus bus"]["protection"], taxa["Aus bus"]["endemic"]) == ("I", "yes")
    assert (taxa["Cus dus"]["records"], taxa["Cus dus"]["unique_places"]) == ("2", "2")
    assert float(taxa["Aus bus"]["aoo_m2"]) == float(taxa["Aus bus"]["eoo_m2"]) == 4e6
    assert (taxa["Ius jus"]["records"], taxa["Ius jus"]["aoo_m2"]) == ("0", "")
    assert answer.run.rows("unmatched.csv") == [
        {"name": "Aus", "records": "1", "reason": "genus_only", "nearest": "",
         "found_in": "records"},
        {"name": "Aus buz", "records": "1", "reason": "unmatched_name", "nearest": "Aus bus",
         "found_in": "records"},
    ]  # fmt: skip


def test_names_of_status_and_ranges_that_the_checklist_lacks_are_told_and_listed(
    tmp_path: Path,
) -> None:
    names = {"names.csv": "name\nAus bus\nCus dus\nGus hus\n"}
    answer = records(open_project(make(tmp_path, **names)))
    said = {row["rule"]: row["message"] for row in answer.run.findings}
    for rule, name in (("taxa.name", "Ius jus"), ("records.range_name", "Eus fus")):
        assert name in said[rule]
        assert "is not in the checklist data/names.csv ([names] in catalog.toml)" in said[rule]
        assert "to the checklist if" in said[rule]
    listed = {row["name"]: row for row in answer.run.rows("unmatched.csv")}
    assert (listed["Ius jus"]["records"], listed["Ius jus"]["found_in"]) == ("0", "status")
    assert listed["Eus fus"]["found_in"] == "records; ranges"
    borne = [row for row in listed.values() if int(row["records"])]
    assert answer.as_dict()["unmatched_names"] == len(borne)


def test_without_years_no_repeat_is_said_to_be_of_the_same_year(tmp_path: Path) -> None:
    text = "学名,lon,lat,Seen on\nAus bus,8.1,45.05,2001\nAus bus,8.1,45.05,2002\n"
    answer = records(open_project(make(tmp_path, **{"herbarium.csv": text})))
    assert dropped(answer)["herbarium", 3] == ("duplicate_undated", "row 2 of herbarium")
    assert "same year" not in answer.text()
    rules = {(row["rule"], row["subject"]): row["severity"] for row in answer.run.findings}
    assert rules["records.no_date", "herbarium"] == "warning"
    assert rules["records.columns", "herbarium"] == "note"


def test_a_date_no_calendar_has_is_dropped_in_any_order(tmp_path: Path) -> None:
    dates = ["31/02/2005", "02/31/2005", "45/13/1999", "2005-02-31", "12/31/2005", "31/12/2005"]
    rows = "".join(f"Aus bus,8.1{i},45.05,{date}\n" for i, date in enumerate(dates))
    made = make(tmp_path, **{"herbarium.csv": f"学名,lon,lat,date\n{rows}"})
    answer = records(open_project(made))
    found = {key: why for key, why in dropped(answer).items() if why[0] == "impossible_date"}
    assert found == {
        ("herbarium", 2): ("impossible_date", "2005-02-31"),
        ("herbarium", 3): ("impossible_date", "2005-02-31"),
        ("herbarium", 4): ("impossible_date", "1999-13-45"),
        ("herbarium", 5): ("impossible_date", "2005-02-31"),
    }


def test_findings_say_what_a_person_must_look_at(answer: CleanedRecords) -> None:
    found = {row["rule"]: row for row in answer.run.findings}
    assert "row 4 of herbarium" in found["records.swapped_coordinates"]["message"]
    assert "row 5 of herbarium" in found["records.wrong_sign"]["message"]
    assert found["records.range_hemisphere"]["subject"] == "Gus hus"
    assert found["records.range_hemisphere"]["severity"] == "error"
    assert "row 3" in found["records.institution"]["message"]
    assert "2 names (2 records)" in found["records.unmatched"]["message"]


def test_the_same_again_is_the_same_run_and_text_has_the_numbers(answer: CleanedRecords) -> None:
    project = open_project(answer.run.folder.parents[1])
    assert records(project).run.id == answer.run.id
    assert "3 of 17 records of 2 species are kept." in answer.text()
    assert "       1  the same species" in answer.text()


def test_a_taxon_without_status_is_told(tmp_path: Path) -> None:
    status = "species,group\nAus bus,plants\n"
    made = records(open_project(make(tmp_path, **{"status.csv": status})))
    (found,) = [f for f in made.run.findings if f["rule"] == "taxa.no_status"]
    assert "Cus dus" in found["message"]


def test_one_group_by_two_names_is_told() -> None:
    """Records say Anfibios, the table Amphibia: target groups would be two."""
    rows = pd.DataFrame({
        "species": ["Aus bus", "Aus bus", "Cus dus", "Eus fus"],
        "group": ["Anfibios", "Anfibios", "frogs", "Anfibios"],
    })  # fmt: skip
    taxa = [Taxon("Aus bus", "Amphibia"), Taxon("Cus dus", "Frogs")]
    known = Known(rows, match_names(["Aus bus", "Cus dus", "Eus fus"], None), taxa, None, [])
    (told,) = other_groups(known)
    assert (told.rule, told.subject) == ("records.two_groups", "Anfibios")
    assert "1 species" in told.message
    assert "Amphibia" in told.message


def test_nothing_kept_is_an_error_with_every_reason_written(tmp_path: Path) -> None:
    only = 'records = ["herbarium"]'
    project = PROJECT + SPECIES.replace('records = ["herbarium", "field"]', only)
    header = HERBARIUM.splitlines()[0]
    made = records(
        open_project(make(tmp_path, project, **{"herbarium.csv": f"{header}\nAus bus,12,45,,\n"}))
    )
    assert made.as_dict()["kept"] == 0
    assert len(read_result(made.run.path("records.gpkg"), "records")) == 0
    assert ("records.few_kept", "error") in {(f["rule"], f["severity"]) for f in made.run.findings}


def test_a_project_without_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="names no species records"):
        records(open_project(make_project(tmp_path)))


def test_tables_are_the_same_to_the_byte(tmp_path: Path) -> None:
    first, second = (records(open_project(make(tmp_path / name))).run for name in ("a", "b"))
    for name in ("dropped.csv", "taxa.csv", "unmatched.csv", "measures.csv", "records.gpkg"):
        assert first.path(name).read_bytes() == second.path(name).read_bytes(), name
    with first.path("dropped.csv").open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.reader(stream))) == 15


def test_without_a_checklist_names_that_may_be_one_are_told(tmp_path: Path) -> None:
    project = PROJECT + SPECIES.replace('checklist = "names"\n', "")
    head = HERBARIUM.splitlines()[0]
    rows = f"{head}\nRana temporaria,8.1,45.05,,\nRana temporária,8.1,45.06,,\n"
    made = records(open_project(make(tmp_path, project, **{"herbarium.csv": rows})))
    (found,) = [f for f in made.run.findings if f["rule"] == "records.alike"]
    assert "Rana temporaria / Rana temporária" in found["message"]
