"""Sites out in the schema of the World Database and in again: nothing changes on the way."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from tianren.errors import UserError
from tianren.geo.sites import SITE_COLUMNS
from tianren.io.sources import Entry
from tianren.io.wdpa import MORE_COLUMNS, read_sites
from tianren.io.wdpa_export import NEWER, OLDER, write_wdpa

from .files import digest, left_behind

PLANE = "+proj=laea +lat_0=-17 +lon_0=179 +datum=WGS84 +units=m"
SOURCES = {
    "wdpa": Entry("wdpa", "wdpa", "vector", Path(), "WDPA.shp", citation="UNEP-WCMC and IUCN",
                  licence="no redistribution", period="2022-11"),
    "national": Entry("national", "national", "vector", Path(), "list.gpkg"),
}  # fmt: skip


def sites() -> gpd.GeoDataFrame:
    """A land site, one at sea across the antimeridian, and an OECM that is a point."""
    text = dict.fromkeys(MORE_COLUMNS, "")
    common = {
        **text, "no_take_km2": 0.0, "status": "Designated", "governance": "Not Reported",
        "management": "Park service", "verified": "State Verified", "reported_sea_km2": 0.0,
        "approximate": False,
    }  # fmt: skip
    rows = [
        {**common, "site_id": "1299", "parcel_id": "1299_A", "name": "Forest", "kind": "PA",
         "designation": "National Park", "category": "Ia", "year": 1927, "realm": "land",
         "reported_km2": 104.5, "source": "wdpa", "row": 1, "metadata_id": "390",
         "original_name": "Forêt 森林", "iso3": "FJI",
         "geometry": shapely.box(-90_000, 0, -80_000, 10_000)},
        {**common, "site_id": "7", "parcel_id": "7", "name": "Reef", "kind": "PA",
         "designation": "Marine Reserve", "category": "Not Reported", "year": None, "realm": "both",
         "reported_km2": 2000.0, "reported_sea_km2": 1900.0, "source": "national", "row": 1,
         "metadata_id": "", "said_realm": "coastal", "no_take": "Part", "no_take_km2": 12.5,
         "geometry": shapely.box(80_000, -50_000, 130_000, -10_000)},
        {**common, "site_id": "8", "parcel_id": "8", "name": "Grove", "kind": "OECM",
         "designation": "Sacred forest", "category": "Not Applicable", "year": 2011,
         "realm": "land", "reported_km2": 3.25, "source": "national", "row": 2, "metadata_id": "",
         "ownership": "Communal", "geometry": shapely.Point(-50_000, -20_000)},
    ]  # fmt: skip
    layer = gpd.GeoDataFrame(rows, geometry="geometry", crs=PLANE)
    layer["year"] = pd.array(layer["year"], dtype="Int64")
    return layer


@pytest.mark.parametrize("format_name", ["gpkg", "shapefile"])
@pytest.mark.parametrize("schema", [NEWER, OLDER])
def test_what_goes_out_comes_in_again(format_name: str, schema: str, tmp_path: Path) -> None:
    before = sites()
    files, findings = write_wdpa(
        tmp_path, "wdpa", before, SOURCES, format_name=format_name, schema=schema
    )
    assert findings == [] and all(f.exists() for f in files) and left_behind(tmp_path) == []
    uri = "wdpa.gpkg" if format_name == "gpkg" else "wdpa-p*.shp"
    after, told = read_sites(Entry("again", "again", "vector", tmp_path, uri), PLANE)
    after = after.set_index("site_id").loc[before["site_id"]].reset_index()
    apart = ("source", "row", "metadata_id", "said_realm")  # the last is the schema's own word
    kept = [c for c in (*SITE_COLUMNS, *MORE_COLUMNS) if c not in apart]
    kept = [c for c in kept if c not in (_NOT_OLDER if schema == OLDER else ("subnational",))]
    for column in kept:
        assert said(after[column]) == said(before[column]), column
    assert told == [] and (after["remark"] == "").all()
    areas = after.geometry.area.to_numpy()
    assert areas == pytest.approx(before.geometry.area.to_numpy(), rel=1e-7)
    off = shapely.area(shapely.symmetric_difference(after.geometry, before.geometry.to_numpy()))
    assert (off <= 1e-5 * areas).all()
    assert after.geometry[2].distance(before.geometry[2]) < 0.01


_NOT_OLDER = ("governance_subtype", "ownership_subtype", "inland_waters", "oecm_assessment")


def said(values: Any) -> list[Any]:
    """Values without what the schema makes of nothing."""
    return [None if pd.isna(v) or v in ("", "Not Reported") else v for v in values]


def test_the_newer_schema_has_its_columns_and_words(tmp_path: Path) -> None:
    write_wdpa(tmp_path, "w", sites(), SOURCES)
    names = [str(n) for n, _ in pyogrio.list_layers(tmp_path / "w.gpkg")]
    assert names == ["WDPA_poly", "WDPA_point", "WDPA_source"]
    poly = gpd.read_file(tmp_path / "w.gpkg", layer="WDPA_poly")
    point = gpd.read_file(tmp_path / "w.gpkg", layer="WDPA_point")
    assert poly["SITE_TYPE"].tolist() == ["PA", "PA"] and point["SITE_TYPE"].tolist() == ["OECM"]
    assert poly["REALM"].tolist() == ["Terrestrial", "Coastal"]
    assert poly["STATUS_YR"].tolist() == [1927, 0] and poly["SITE_ID"].tolist() == [1299, 7]
    assert "GIS_AREA" not in point.columns and poly.crs == "EPSG:4326"
    assert poly["GIS_AREA"].tolist() == pytest.approx([100, 2000])
    assert poly["GIS_M_AREA"].tolist()[0] == 0 and np.isnan(poly["GIS_M_AREA"][1])
    assert set(poly.geom_type) == {"MultiPolygon"}
    assert poly.total_bounds[2] <= 180 and poly.total_bounds[0] >= -180


def test_the_sea_of_a_coastal_site_is_measured_where_the_region_is_known(tmp_path: Path) -> None:
    region = gpd.GeoDataFrame(
        {"realm": ["land", "sea"]}, crs=PLANE,
        geometry=[shapely.box(-2e5, -2e5, 100_000, 2e5), shapely.box(100_000, -2e5, 2e5, 2e5)],
    )  # fmt: skip
    write_wdpa(tmp_path, "w", sites(), SOURCES, region=region)
    poly = gpd.read_file(tmp_path / "w.gpkg", layer="WDPA_poly")
    assert poly["GIS_M_AREA"].tolist() == pytest.approx([0, 1200])


def test_each_site_names_its_row_in_the_table_of_sources(tmp_path: Path) -> None:
    write_wdpa(tmp_path, "w", sites(), SOURCES)
    table = pyogrio.read_dataframe(tmp_path / "w.gpkg", layer="WDPA_source")
    assert table["METADATAID"].tolist() == [390, 391]
    assert table["DATA_TITLE"].tolist() == ["wdpa", "national"]
    assert table["CITATION"].tolist() == ["UNEP-WCMC and IUCN", "Not Reported"]
    assert table["LINEAGE"][0] == "WDPA.shp (METADATAID 390)"
    poly = gpd.read_file(tmp_path / "w.gpkg", layer="WDPA_poly")
    assert poly["METADATAID"].tolist() == [390, 391]


def test_a_delivered_row_of_the_table_of_sources_goes_out_as_it_came(tmp_path: Path) -> None:
    row = {"METADATAID": "390", "DATA_TITLE": "Réserves", "RESP_PARTY": "MNP", "YEAR": "2019"}
    write_wdpa(tmp_path, "w", sites(), SOURCES, delivered={"wdpa": {"390": row}})
    table = pyogrio.read_dataframe(tmp_path / "w.gpkg", layer="WDPA_source")
    wanted = ["METADATAID", "DATA_TITLE", "RESP_PARTY", "YEAR", "CITATION"]
    assert table.loc[0, wanted].tolist() == [390, "Réserves", "MNP", "2019", "Not Reported"]
    assert table["DATA_TITLE"][1] == "national"  # no table came with it: the catalog says it


def test_a_column_beyond_the_schema_of_sources_is_kept(tmp_path: Path) -> None:
    row = {"METADATAID": "390", "DATA_TITLE": "Réserves", "RESP_EMAIL": "parks@example.org"}
    write_wdpa(tmp_path, "w", sites(), SOURCES, delivered={"wdpa": {"390": row}})
    table = pyogrio.read_dataframe(tmp_path / "w.gpkg", layer="WDPA_source")
    assert table["RESP_EMAIL"].tolist() == ["parks@example.org", "Not Reported"]


@pytest.mark.parametrize(
    ("schema", "english", "original"), [(NEWER, "NAME_ENG", "NAME"), (OLDER, "NAME", "ORIG_NAME")]
)
def test_names_and_types_in_another_script_are_the_original_ones(
    schema: str, english: str, original: str, tmp_path: Path
) -> None:
    types = ["国家公园", "Marine Reserve", "Área protegida"]
    local = sites().assign(name=["卧龙", "Reef", "Río Ñandú"], original_name="", designation=types)
    _, findings = write_wdpa(tmp_path, "w", local, SOURCES, schema=schema)
    poly = gpd.read_file(tmp_path / "w.gpkg", layer="WDPA_poly")
    assert poly[[original, "DESIG"]].to_numpy().tolist() == [
        ["卧龙", "国家公园"], ["", "Not Reported"]
    ]  # fmt: skip
    assert poly[[english, "DESIG_ENG"]].to_numpy().tolist() == [
        ["", "Not Reported"], ["Reef", "Marine Reserve"]
    ]  # fmt: skip
    assert [f.rule for f in findings] == ["sites.local_text"] * 2
    assert f"it is in {original}, and {english}" in findings[0].message
    again, _ = read_sites(Entry("again", "again", "vector", tmp_path, "w.gpkg"), PLANE)
    assert again["name"].tolist() == ["卧龙", "Reef", "Río Ñandú"]
    assert again["designation"].tolist() == types


@pytest.mark.parametrize(("schema", "heading"), [(NEWER, "REALM"), (OLDER, "MARINE")])
def test_a_realm_that_no_record_says_is_not_claimed(
    schema: str, heading: str, tmp_path: Path
) -> None:
    """It is taken for both, land and sea, but that it is coastal nobody said."""
    silent = sites().assign(realm=["land", "both", "both"], said_realm=["land", "", "Not Reported"])
    write_wdpa(tmp_path, "w", silent, SOURCES, schema=schema)
    told = [gpd.read_file(tmp_path / "w.gpkg", layer=f"WDPA_{part}")[heading].tolist()
            for part in ("poly", "point")]  # fmt: skip
    assert told == [["Terrestrial" if schema == NEWER else "0", "Not Reported"], ["Not Reported"]]


def test_two_sources_never_share_a_number(tmp_path: Path) -> None:
    both = sites().assign(metadata_id=["5", "5", "5"])
    write_wdpa(tmp_path, "w", both, SOURCES)
    table = pyogrio.read_dataframe(tmp_path / "w.gpkg", layer="WDPA_source")
    assert sorted(table["METADATAID"]) == [5, 6] and table["DATA_TITLE"].is_unique


def test_a_text_too_long_for_a_shapefile_is_said(tmp_path: Path) -> None:
    long = sites().assign(name=["名" * 100, "Reef", "Grove"])
    _, findings = write_wdpa(tmp_path, "w", long, SOURCES, format_name="shapefile")
    (finding,) = findings
    assert finding.rule == "sites.text_cut" and "1299 NAME_ENG" in finding.message
    _, none = write_wdpa(tmp_path, "w", long, SOURCES)
    assert none == []


def test_a_number_that_is_a_text_stays_one_and_is_said(tmp_path: Path) -> None:
    text = sites().assign(site_id=["CN-1", "7", "8"])
    _, (told,) = write_wdpa(tmp_path, "w", text, SOURCES)
    assert told.rule == "sites.text_number" and "1 site has a text" in told.message
    assert "SITE_ID (CN-1)" in told.message and "UNEP-WCMC" in told.message
    assert gpd.read_file(tmp_path / "w.gpkg", layer="WDPA_poly")["SITE_ID"].tolist() == [
        "CN-1",
        "7",
    ]


def test_the_same_sites_give_the_same_bytes(tmp_path: Path) -> None:
    hashes = set()
    for n in range(2):
        files, _ = write_wdpa(tmp_path / str(n), "w", sites(), SOURCES, format_name="shapefile")
        hashes.add(tuple(digest(f) for f in files))
    assert len(hashes) == 1


def test_only_points_or_no_polygon_still_make_a_file(tmp_path: Path) -> None:
    files, _ = write_wdpa(tmp_path, "w", sites().iloc[2:], SOURCES)
    after, _ = read_sites(Entry("again", "again", "vector", tmp_path, "w.gpkg"), PLANE)
    assert after["site_id"].tolist() == ["8"] and [f.name for f in files] == ["w.gpkg"]


@pytest.mark.parametrize("wrong", [{"format_name": "dwg"}, {"schema": "oldest"}])
def test_what_is_not_known_is_refused(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no"):
        write_wdpa(tmp_path, "w", sites(), SOURCES, **wrong)
