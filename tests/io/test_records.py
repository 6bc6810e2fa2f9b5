"""Species records: whatever the form of the file, the same rows come out, and none is lost."""

import calendar
import io
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.findings import Finding, Severity
from tianren.io.records import COLUMNS, iso_date, read_records, year_of
from tianren.io.sources import Entry

DWC = "http://rs.tdwg.org/dwc/terms/"


def entry(path: Path, **more: object) -> Entry:
    return Entry("birds", "birds", "records", path.parent, path.name, **more)  # type: ignore[arg-type]


def written(path: Path, text: str | bytes, **more: object) -> Entry:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return entry(path, **more)


PLAIN = (
    "species,decimalLongitude,decimalLatitude,year,coordinateUncertaintyInMeters\n"
    "Aus bus,47.5,-18.9,2001,30\n"
    '"Cus dus",48,-19,,\n'
    "Aus bus,NA,,1999,5\n"
)


def check_plain(frame: pd.DataFrame, first_row: int = 2) -> None:
    assert list(frame.columns) == list(COLUMNS)
    assert frame["species"].tolist() == ["Aus bus", "Cus dus", "Aus bus"]
    np.testing.assert_array_equal(frame["longitude"], [47.5, 48, np.nan])
    np.testing.assert_array_equal(frame["latitude"], [-18.9, -19, np.nan])
    np.testing.assert_array_equal(frame["year"], [2001, np.nan, 1999])
    np.testing.assert_array_equal(frame["uncertainty_m"], [30, np.nan, 5])
    assert frame["written"].tolist() == ["", "", ""]
    assert frame["row"].tolist() == [first_row, first_row + 1, first_row + 2]
    assert set(frame["source"]) == {"birds"}


def rules(findings: list[Finding]) -> list[str]:
    return [finding.rule for finding in findings]


def test_a_plain_csv(tmp_path: Path) -> None:
    frame, findings = read_records(written(tmp_path / "r.csv", PLAIN))
    check_plain(frame)
    assert rules(findings) == ["records.columns"]


def test_every_form_of_one_list_gives_the_same(tmp_path: Path) -> None:
    table = pd.read_csv(io.StringIO(PLAIN))
    table.to_csv(tmp_path / "tabs.tsv", sep="\t", index=False)
    table.to_csv(tmp_path / "semicolons.csv", sep=";", index=False, decimal=",")
    table.to_csv(tmp_path / "wide.txt", index=False, encoding="utf-16")
    table.to_excel(tmp_path / "book.xlsx", index=False)
    with zipfile.ZipFile(tmp_path / "plain.zip", "w") as archive:
        archive.write(tmp_path / "tabs.tsv", "0001.csv")
    for name in ("tabs.tsv", "semicolons.csv", "wide.txt", "book.xlsx", "plain.zip"):
        check_plain(read_records(entry(tmp_path / name))[0])


def test_points_of_a_layer_keep_those_without_a_place(tmp_path: Path) -> None:
    points = gpd.points_from_xy([47.5, 48], [-18.9, -19]).tolist()
    layer = gpd.GeoDataFrame(
        {"especie": ["Aus bus", "Cus dus", "Aus bus"], "lon": [0, 0, 0], "lat": [0, 0, 0],
         "year": [2001, None, 1999], "uncertainty": [30, None, 5]},
        geometry=[*points, None], crs=4326,
    )  # fmt: skip
    layer.to_file(tmp_path / "p.gpkg")
    layer.to_crs("EPSG:32738").to_file(tmp_path / "q.gpkg")
    check_plain(read_records(entry(tmp_path / "p.gpkg"))[0], first_row=1)
    moved = read_records(entry(tmp_path / "q.gpkg"))[0]
    np.testing.assert_allclose(moved["longitude"], [47.5, 48, np.nan], atol=1e-9)
    gpd.GeoDataFrame(
        {"species": ["a"]}, geometry=gpd.points_from_xy([0], [0]).buffer(1), crs=4326
    ).to_file(tmp_path / "r.gpkg")
    with pytest.raises(UserError, match="records are points, the layer holds Polygon"):
        read_records(entry(tmp_path / "r.gpkg"))


def test_chinese_headings_in_gbk_and_degrees_minutes(tmp_path: Path) -> None:
    text = "物种,东经,北纬,日期\n大熊猫,103°30′,30°45′,2012年5月3日\n金丝猴,103.25,31,2013/6\n"
    frame, findings = read_records(written(tmp_path / "r.csv", text.encode("gb18030")))
    assert frame["species"].tolist() == ["大熊猫", "金丝猴"]
    np.testing.assert_allclose(frame["longitude"], [103.5, 103.25])
    np.testing.assert_allclose(frame["latitude"], [30.75, 31])
    assert frame["date"].tolist() == ["2012-05-03", "2013-06"]
    assert frame["year"].tolist() == [2012, 2013]
    assert rules(findings) == ["vector.encoding", "records.columns"]


def test_a_group_of_them_all_fills_only_what_a_row_does_not_say(tmp_path: Path) -> None:
    text = "species,lat,lon,group\nAus bus,-18,47,frogs\nCus dus,-18,47,\n"
    frame, _ = read_records(written(tmp_path / "r.csv", text, group="Amphibia"))
    assert frame["group"].tolist() == ["frogs", "Amphibia"]


def test_one_column_of_positions_fills_the_empty_ones(tmp_path: Path) -> None:
    text = (
        "Name,Position,Lat,Long\nT1,S12 58.053 E49 07.150,,\nT2,,-12.5,49.25\nT3,near the road,,\n"
    )
    frame, _ = read_records(written(tmp_path / "r.csv", text, species="Adansonia perrieri"))
    assert set(frame["species"]) == {"Adansonia perrieri"}
    np.testing.assert_allclose(frame["latitude"], [-12 - 58.053 / 60, -12.5, np.nan])
    assert frame["written"].tolist() == ["", "", "near the road"]


def test_unusual_headings_as_the_catalog_says(tmp_path: Path) -> None:
    text = "Taxref,E,N\nAus bus,500000,8000000\n"
    columns = {"species": "Taxref", "longitude": "E", "latitude": "N"}
    frame, _ = read_records(written(tmp_path / "r.csv", text, columns=columns, crs="EPSG:32738"))
    np.testing.assert_allclose(frame["longitude"], [45.0], atol=1e-9)
    with pytest.raises(UserError, match="no column called F"):
        read_records(entry(tmp_path / "r.csv", columns={**columns, "latitude": "F"}))
    with pytest.raises(UserError, match="where is no role"):
        read_records(entry(tmp_path / "r.csv", columns={"where": "E"}))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lon,lat\n1,2\n", "no column of species"),
        ("species,lat\na,2\n", "no column of longitude"),
        ("species,lon,lon\na,1,2\n", "two columns are called lon"),
        ("species,lon,lat\n", "no records"),
        ("", "no column of species"),
    ],
)
def test_a_list_without_species_or_place_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_records(written(tmp_path / "r.csv", text))


def test_rows_that_do_not_fit_are_kept_with_their_number(tmp_path: Path) -> None:
    text = "species,lon,lat\nAus bus,1,2\nCus, dus,3,4\nEus fus,5,6\n\nGus hus,7,8\n"
    frame, _ = read_records(written(tmp_path / "r.csv", text))
    kept = frame.set_index("row")
    assert sorted(kept.index) == [2, 3, 4, 5, 6]
    assert kept.loc[3, "status"] == "malformed"
    assert kept.loc[3, "written"] == "Cus, dus,3,4"
    assert kept.loc[[2, 4, 6], "longitude"].tolist() == [1, 5, 7]


def test_another_datum_is_told(tmp_path: Path) -> None:
    text = "species,lon,lat,geodeticDatum\nAus bus,1,2,Tananarive 1925\nAus bus,1,2,WGS84\n"
    _, findings = read_records(written(tmp_path / "r.csv", text))
    assert ["1 records" in f.message for f in findings if f.rule == "records.datum"] == [True]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2013-02-25", "2013-02-25"), ("2013-02-25T10:00:00Z", "2013-02-25"), ("2013", "2013"),
        ("2013-02-25/2013-03-01", "2013-02-25"), ("20130225", "2013-02-25"),
        ("2013/2/5", "2013-02-05"), ("2013年2月5日", "2013-02-05"), ("25.02.2013", "2013"),
        ("25-FEB-13", ""), ("", ""),
        ("2013-13-45", "2013-13-45"),
    ],
)  # fmt: skip
def test_dates(text: str, iso: str) -> None:
    assert iso_date(text) == iso


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("31/02/2005", "2005-02-31"), ("02/31/2005", "2005-02-31"), ("45/13/1999", "1999-13-45"),
        ("29.2.2001", "2001-02-29"), ("29-02-2004", "2004"), ("00/05/2005", "2005-00-05"),
        (" 31/02/2005 10:30", "2005-02-31"), ("31 02 2005", "2005-02-31"), ("02/2005", "2005"),
        ("12/31/2005", "2005"), ("May 2005", "2005"), ("31/02/2005 - 04/03/2006", ""),
        ("2005-02-31", "2005-02-31"), ("2005-01-01/2005-02-01", "2005-01-01"),
    ],
)  # fmt: skip
def test_a_date_that_neither_order_of_day_and_month_makes_a_day_is_given_whole(
    text: str, iso: str
) -> None:
    """Cleaning drops what ISO writes and no calendar has; a year alone it would keep."""
    assert iso_date(text) == iso


@given(
    first=st.integers(0, 99), second=st.integers(0, 99), year=st.integers(1600, 2100),
    mark=st.sampled_from("/.-"),
)  # fmt: skip
def test_only_dates_without_a_day_in_either_order_are_impossible(
    first: int, second: int, year: int, mark: str
) -> None:
    said = iso_date(f"{first:02d}{mark}{second:02d}{mark}{year}")
    exists = _is_day(year, first, second) or _is_day(year, second, first)
    assert (said == str(year)) is exists
    assert year_of(said) == year


def _is_day(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


@pytest.mark.parametrize(
    "headings",
    [
        "Scientific name,Longitude (DD),Latitude (DD),Date of observation,Accuracy (m)",
        "SCIENTIFIC_NAME,decimal_long,decimal_lat,date collected,Coordinate uncertainty (m)",
        "Espèce,Longitude,Latitude,Date d'observation,Précision (m)",
        "ESPECE,longitude decimale,latitude décimale,DATE D’OBSERVATION,Incertitude (m)",
        "Nombre científico,Longitud,Latitud,Fecha de observación,Precisión (m)",
        "nombre cientifico,coordenada X,coordenada Y,fecha de colecta,incertidumbre en metros",
        "物种名称,经度,纬度,调查日期,坐标误差（米）",
        "学名,经度（°）,纬度（°）,观察日期,精度",
    ],
)
def test_usual_headings_of_four_languages_are_found(tmp_path: Path, headings: str) -> None:
    row = "Aus bus,47.5,-18.9,2001-05-03,30"
    frame, _ = read_records(written(tmp_path / "r.csv", f"{headings}\n{row}\n"))
    (one,) = frame[["species", "longitude", "latitude", "date", "uncertainty_m"]].to_numpy()
    assert one.tolist() == ["Aus bus", 47.5, -18.9, "2001-05-03", 30]


@pytest.mark.parametrize("heading", ["Année", "ANNEE", "année d'observation", "Year observed",
                                     "Año de colecta", "调查年份"])  # fmt: skip
def test_usual_headings_of_years_are_found(tmp_path: Path, heading: str) -> None:
    text = f"species,lon,lat,{heading}\nAus bus,47.5,-18.9,2001\n"
    frame, findings = read_records(written(tmp_path / "r.csv", text))
    assert frame["year"].tolist() == [2001]
    assert rules(findings) == ["records.columns"]


def test_a_heading_that_means_one_thing_wins_over_a_vague_one(tmp_path: Path) -> None:
    text = "name,sci_name,X,decLong,Y,decLat,date\nFrog,Aus bus,5e5,47.5,8e6,-18.9,2001\n"
    frame, _ = read_records(written(tmp_path / "r.csv", text))
    assert frame[["species", "longitude", "latitude"]].to_numpy().tolist() == [
        ["Aus bus", 47.5, -18.9]
    ]


def test_each_source_says_which_heading_was_taken_for_what(tmp_path: Path) -> None:
    text = "学名,lon,lat,observer,Fecha\nAus bus,1,2,x,2001\n"
    _, (told,) = read_records(written(tmp_path / "r.csv", text))
    assert (told.subject, told.severity, told.source) == ("birds", Severity.NOTE, "r.csv")
    assert told.message == (
        "columns read: species = 学名, longitude = lon, latitude = lat, date = Fecha; "
        "headings not read: observer"
    )


def test_without_dates_the_source_warns_and_says_what_to_write(tmp_path: Path) -> None:
    text = "species,lon,lat,When it was seen\nAus bus,1,2,2001\n"
    _, (_, told) = read_records(written(tmp_path / "r.csv", text))
    assert (told.rule, told.severity) == ("records.no_date", Severity.WARNING)
    assert "duplicates are judged without the year" in told.message
    assert "When it was seen" in told.message
    assert 'columns = {date = "..."} in [birds] of catalog.toml' in told.message
    columns = {"date": "When it was seen"}
    _, findings = read_records(entry(tmp_path / "r.csv", columns=columns))
    assert rules(findings) == ["records.columns"]


def test_a_layer_says_that_its_places_are_its_points(tmp_path: Path) -> None:
    layer = gpd.GeoDataFrame({"species": ["Aus bus"], "lon": [0], "year": [2001]},
                             geometry=gpd.points_from_xy([1], [2]), crs=4326)  # fmt: skip
    layer.to_file(tmp_path / "p.gpkg")
    _, (told,) = read_records(entry(tmp_path / "p.gpkg"))
    assert "position = geometry" in told.message
    assert "headings not read: lon" in told.message


def test_files_alike_say_their_headings_once_and_others_name_their_file(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(PLAIN, encoding="utf-8")
    source = Entry("birds", "birds", "records", tmp_path, "*.csv")
    assert [f.source for f in read_records(source)[1]] == ["*.csv"]
    (tmp_path / "c.csv").write_text("species,lon,lat,year\nAus bus,1,2,2001\n", encoding="utf-8")
    assert [f.source for f in read_records(source)[1]] == ["a.csv, b.csv", "c.csv"]


# --- Darwin Core Archives ----------------------------------------------------------------------

OCCURRENCES = "1\tAus bus\t47.5\t-18.9\t2001-05-03\n2\tCus dus\t48\t-19\t\n"


def core(
    kind: str, file: str, fields: str, attributes: str = "", key: str = '<id index="0"/>'
) -> str:
    return (
        f'<core rowType="{DWC}{kind}" fieldsTerminatedBy="\\t" linesTerminatedBy="\\n" '
        f'fieldsEnclosedBy="" {attributes}><files><location>{file}</location></files>'
        f"{key}{fields}</core>"
    )


def term(name: str, index: int | None = None, default: str = "") -> str:
    at = "" if index is None else f'index="{index}" '
    value = f'default="{default}" ' if default else ""
    return f'<field {at}{value}term="{DWC}{name}"/>'


FIELDS = (
    term("scientificName", 1) + term("decimalLongitude", 2) + term("decimalLatitude", 3)
    + term("eventDate", 4)
)  # fmt: skip


def archive(path: Path, meta: str, **files: str | bytes) -> Entry:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("meta.xml", f'<archive xmlns="http://rs.tdwg.org/dwc/text/">{meta}</archive>')
        for name, text in files.items():
            made.writestr(name.replace("__", "."), text)
    return entry(path)


def test_an_archive_of_occurrences(tmp_path: Path) -> None:
    basis = term("basisOfRecord", default="HumanObservation")
    meta = core("Occurrence", "occurrence.txt", FIELDS + basis, 'ignoreHeaderLines="1"')
    head = "id\tname\tlon\tlat\tdate\tanother column\n"
    rows = head + OCCURRENCES.replace("\n", "\tx\n")
    frame, findings = read_records(archive(tmp_path / "a.zip", meta, occurrence__txt=rows))
    assert frame["species"].tolist() == ["Aus bus", "Cus dus"]
    assert frame["longitude"].tolist() == [47.5, 48]
    assert frame["date"].tolist() == ["2001-05-03", ""]
    assert frame["basis"].tolist() == ["HumanObservation"] * 2
    assert frame["row"].tolist() == [2, 3]
    assert rules(findings) == ["records.columns"]


def test_quotes_and_encodings_as_meta_says(tmp_path: Path) -> None:
    meta = (
        f'<core rowType="{DWC}Occurrence" encoding="ISO-8859-1" fieldsTerminatedBy=";" '
        f"fieldsEnclosedBy='&quot;'><files><location>o.csv</location></files>{FIELDS}</core>"
    )
    text = '1;"Aus bus; forma";"47.5";-18.9;año 2001\n'.encode("latin-1")
    frame, _ = read_records(archive(tmp_path / "a.zip", meta, o__csv=text))
    assert frame["species"].tolist() == ["Aus bus; forma"]
    assert frame["year"].tolist() == [2001]


def test_events_with_occurrences(tmp_path: Path) -> None:
    meta = core(
        "Event",
        "event.txt",
        term("decimalLongitude", 1) + term("decimalLatitude", 2) + term("eventDate", 3),
    ) + (
        f'<extension rowType="{DWC}Occurrence" fieldsTerminatedBy="\\t" fieldsEnclosedBy="">'
        f'<files><location>occurrence.txt</location></files><coreid index="0"/>'
        f"{term('scientificName', 1)}{term('eventDate', 2)}</extension>"
    )
    events = "e1\t47.5\t-18.9\t2001\ne2\t48\t-19\t2002\n"
    occurrences = "e2\tCus dus\t\ne1\tAus bus\t1999\ne9\tEus fus\t\n"
    made = archive(tmp_path / "a.zip", meta, event__txt=events, occurrence__txt=occurrences)
    frame, findings = read_records(made)
    assert frame["species"].tolist() == ["Cus dus", "Aus bus", "Eus fus"]
    np.testing.assert_array_equal(frame["longitude"], [48, 47.5, np.nan])
    np.testing.assert_array_equal(frame["year"], [2002, 1999, np.nan])
    assert rules(findings) == ["records.no_event", "records.columns"]


@pytest.mark.parametrize(
    ("file", "said"),
    [("../../etc/passwd", "outside the archive"), ("/etc/passwd", "outside the archive"),
     ("missing.txt", "does not hold missing.txt")],
)  # fmt: skip
def test_files_outside_or_missing_are_refused(tmp_path: Path, file: str, said: str) -> None:
    meta = core("Occurrence", file, FIELDS)
    with pytest.raises(UserError, match=said):
        read_records(archive(tmp_path / "a.zip", meta, occurrence__txt=OCCURRENCES))


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    meta = core("Occurrence", "occurrence.txt", FIELDS)
    with pytest.raises(UserError, match="unpacks to far more"):
        read_records(archive(tmp_path / "a.zip", meta, occurrence__txt="a" * 50_000_000))


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ("<broken", "meta.xml cannot be used"),
        ("", "names 0 cores"),
        (core("Taxon", "occurrence.txt", FIELDS), "core is Taxon"),
        (core("Occurrence", "occurrence.txt", term("scientificName", 1)), "no column of longitude"),
        (core("Occurrence", "occurrence.txt", FIELDS, 'encoding="x"'), "meta.xml cannot be used"),
        (core("Occurrence", "occurrence.txt", term("scientificName", -1)), "before the first"),
    ],
)  # fmt: skip
def test_a_description_that_cannot_be_used_is_refused(tmp_path: Path, meta: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_records(archive(tmp_path / "a.zip", meta, occurrence__txt=OCCURRENCES))


def test_entities_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr(
            "meta.xml",
            '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><archive>&x;</archive>',
        )
    with pytest.raises(UserError, match=r"meta\.xml cannot be used"):
        read_records(entry(tmp_path / "a.zip"))


def test_a_zip_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_records(written(tmp_path / "a.zip", "nothing"))


def test_several_files_of_one_pattern_are_told_apart(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(PLAIN, encoding="utf-8")
    (tmp_path / "aa.csv").write_text("species,lon,lat\n", encoding="utf-8")
    frame, _ = read_records(Entry("birds", "birds", "records", tmp_path, "*.csv"))
    assert frame["source"].value_counts().to_dict() == {"birds: a.csv": 3, "birds: b.csv": 3}
    assert frame["row"].tolist() == [2, 3, 4, 2, 3, 4]


def test_a_quote_that_never_closes_loses_no_row_silently(tmp_path: Path) -> None:
    text = 'species,lon,lat\nAus bus,1,2\n"Cus dus,3,4\nEus fus,5,6\n'
    frame, _ = read_records(written(tmp_path / "r.csv", text))
    assert frame["status"].tolist() == ["", "malformed"]
    assert "Cus dus,3,4 Eus fus,5,6" in " ".join(frame["written"].tolist()[1].split())


def test_an_old_workbook_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="save it as XLSX"):
        read_records(written(tmp_path / "r.xls", "nothing"))


@pytest.mark.parametrize(
    ("heading", "metres"),
    [
        ("Uncertainty (m)", [5.0, 12000.0, np.nan]),
        ("Uncertainty (km)", [5000.0, 12000.0, np.nan]),
        ("不确定度（公里）", [5000.0, 12000.0, np.nan]),
    ],
)
def test_an_uncertainty_is_in_the_unit_of_its_heading_or_its_own(
    tmp_path: Path, heading: str, metres: list[float]
) -> None:
    rows = "Mantella aurantiaca,48.4,-18.9,2001,5\nMantella aurantiaca,48.4,-18.9,2002,12 km\n"
    text = f"species,longitude,latitude,year,{heading}\n{rows}Mantella aurantiaca,48,-18,2003,\n"
    frame, _ = read_records(written(tmp_path / "r.csv", text))
    np.testing.assert_array_equal(frame["uncertainty_m"], metres)
