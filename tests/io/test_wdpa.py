"""Records of sites through the door: both schemas of the World Database, and national lists."""

import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from tianren.errors import UserError
from tianren.geo.sites import SITE_COLUMNS
from tianren.io.source_rows import read_source_rows
from tianren.io.sources import Entry
from tianren.io.vectors import read_vector
from tianren.io.wdpa import MORE_COLUMNS, read_sites

PLANE = "EPSG:6933"
OLDER = {
    "WDPAID": 1299.0, "WDPA_PID": "1299_A", "PA_DEF": "1", "NAME": "Ankarafantsika",
    "ORIG_NAME": "Ankarafantsika*", "DESIG": "Parc National", "DESIG_ENG": "National Park",
    "IUCN_CAT": "II", "MARINE": "0", "REP_M_AREA": 1.5, "REP_AREA": 1695.3, "STATUS": "Designated",
    "STATUS_YR": 1927, "GOV_TYPE": "Joint governance", "MANG_AUTH": "MNP",
    "VERIF": "State Verified", "METADATAID": 390, "PARENT_ISO": "MDG", "ISO3": "MDG",
}  # fmt: skip
NEWER = {
    "SITE_ID": 1299, "SITE_PID": "1299_A", "SITE_TYPE": "PA", "NAME_ENG": "Ankarafantsika",
    "NAME": "Ankarafantsika*", "DESIG": "Parc National", "DESIG_ENG": "National Park",
    "IUCN_CAT": "II", "REALM": "Terrestrial", "REP_M_AREA": 1.5, "REP_AREA": 1695.3,
    "STATUS": "Designated", "STATUS_YR": 1927, "GOV_TYPE": "Joint governance", "MANG_AUTH": "MNP",
    "VERIF": "State Verified", "METADATAID": 390, "PRNT_ISO3": "MDG", "ISO3": "MDG",
}  # fmt: skip


def degrees(*boxes: tuple[float, float, float, float]) -> list[Any]:
    return [shapely.box(*b) for b in boxes]


def write(path: Path, *rows: dict[str, Any], shapes: list[Any] | None = None, **more: Any) -> Path:
    boxes = [(46 + n, -16, 46.5 + n, -15.5) for n in range(len(rows))]
    frame = gpd.GeoDataFrame(
        list(rows), geometry=degrees(*boxes) if shapes is None else shapes, crs="EPSG:4326"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_file(path, **more)
    return path


def source(path: Path, **more: Any) -> Entry:
    return Entry("sites", "sites", "vector", path.parent, path.name, **more)


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "geojson"])
@pytest.mark.parametrize("record", [OLDER, NEWER], ids=["older", "newer"])
def test_both_schemas_give_the_same_site(
    record: dict[str, Any], suffix: str, tmp_path: Path
) -> None:
    sites, findings = read_sites(source(write(tmp_path / f"w.{suffix}", record)), PLANE)
    (site,) = sites.to_dict("records")
    assert set(sites.columns) == {*SITE_COLUMNS, *MORE_COLUMNS, "remark", "geometry"}
    wanted = {
        "site_id": "1299", "parcel_id": "1299_A", "name": "Ankarafantsika", "kind": "PA",
        "original_name": "Ankarafantsika*", "designation": "National Park",
        "original_designation": "Parc National", "category": "II", "realm": "land",
        "reported_km2": 1695.3, "reported_sea_km2": 1.5, "status": "Designated", "year": 1927,
        "governance": "Joint governance", "management": "MNP", "verified": "State Verified",
        "metadata_id": "390", "parent_iso3": "MDG", "iso3": "MDG", "source": "sites", "row": 1,
        "approximate": False, "remark": "",
    }  # fmt: skip
    assert {k: site[k] for k in wanted} == wanted
    assert findings == [] and sites.crs == PLANE
    # A box of half a degree at 15.75 S on the ellipsoid.
    assert sites.geometry.area.sum() / 1e6 == pytest.approx(2962, rel=2e-3)


@pytest.mark.parametrize(
    ("record", "kind", "realm"),
    [({**OLDER, "PA_DEF": "0", "MARINE": "2"}, "OECM", "sea"),
     ({**OLDER, "PA_DEF": 0, "MARINE": 1}, "OECM", "both"),
     ({**NEWER, "SITE_TYPE": "OECM", "REALM": "Marine"}, "OECM", "sea"),
     ({**NEWER, "SITE_TYPE": "else", "REALM": "Coastal"}, "else", "both")],
)  # fmt: skip
def test_kinds_and_realms(record: dict[str, Any], kind: str, realm: str, tmp_path: Path) -> None:
    sites, _ = read_sites(source(write(tmp_path / "w.gpkg", record)), PLANE)
    assert (sites["kind"][0], sites["realm"][0]) == (kind, realm)


def test_parts_polygons_and_points_of_one_download_come_together(tmp_path: Path) -> None:
    point = [shapely.Point(47, -17)]
    for n in range(2):
        write(tmp_path / f"WDPA_{n}-polygons.shp", {**OLDER, "WDPAID": n + 1})
        write(tmp_path / f"WDPA_{n}-points.shp", {**OLDER, "WDPAID": n + 11}, shapes=point)
    sites, _ = read_sites(source(tmp_path / "WDPA_*.shp"), PLANE)
    assert sites["site_id"].tolist() == ["11", "1", "12", "2"]  # in the order of the files' names
    assert shapely.get_dimensions(sites.geometry).tolist() == [0, 2, 0, 2]
    assert sites["row"].tolist() == [1, 2, 3, 4]
    (tmp_path / "WDPA_sources.csv").write_text("METADATAID\n390\n", "utf-8")
    (tmp_path / "notes.csv").write_text("SITE,NOTE\n1,none\n", "utf-8")
    folder, findings = read_sites(Entry("sites", "sites", "vector", tmp_path, "."), PLANE)
    assert folder["site_id"].tolist() == ["11", "1", "12", "2"]
    assert [f.message for f in findings] == ["tables without places are not read: notes.csv"]


def pack(folder: Path, archive: Path) -> Path:
    """All of a folder in an archive."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as sink:
        for path in sorted(folder.rglob("*")):
            sink.write(path, path.relative_to(folder))
    return archive


def shapefiles_of_protected_planet(folder: Path, parts: int) -> Path:
    """An archive of archives: in each the same two names, in all of them every record once."""
    for n in range(parts):
        made, shape = folder / f"made_{n}", [shapely.Point(47, -17)]
        write(made / "WDPA_shp-polygons.shp", {**OLDER, "WDPAID": n + 1})
        write(made / "WDPA_shp-points.shp", {**OLDER, "WDPAID": n + 11}, shapes=shape)
        pack(made, folder / f"all/WDPA_shp_{n}.zip")
    (folder / "all/Recursos").mkdir()
    (folder / "all/Recursos/manual.pdf").write_bytes(b"%PDF-1.7")
    (folder / "all/WDPA_sources.csv").write_text("METADATAID\n390\n", "utf-8")
    return pack(folder / "all", folder / "WDPA_shp.zip")


def test_shapefiles_as_protected_planet_delivers_them(tmp_path: Path) -> None:
    path = shapefiles_of_protected_planet(tmp_path, 3)
    for uri in ("WDPA_shp.zip", "all", "all/*.zip"):
        sites, findings = read_sites(Entry("sites", "sites", "vector", tmp_path, uri), PLANE)
        assert sites["site_id"].tolist() == ["11", "1", "12", "2", "13", "3"]
        assert shapely.get_dimensions(sites.geometry).tolist() == [0, 2] * 3
        assert findings == []  # the table of sources is for those who hand the records on
        rows, told = read_source_rows(Entry("sites", "sites", "vector", tmp_path, uri))
        assert list(rows) == ["390"][: "*" not in uri] and told == []
    points, _ = read_sites(source(path, sublayer="WDPA_shp-points"), PLANE)
    assert points["site_id"].tolist() == ["11", "12", "13"]


@pytest.mark.filterwarnings("ignore:Field .* of type Integer64 will be written as a Float64")
def test_a_geodatabase_as_protected_planet_delivers_it(tmp_path: Path) -> None:
    made = tmp_path / "made/WDPA_Public.gdb"
    point = [shapely.Point(47, -17)]
    table = pd.DataFrame({"METADATAID": [390]})
    made.parent.mkdir()
    pyogrio.write_dataframe(table, made, layer="WDPA_source", driver="OpenFileGDB")
    write(made, OLDER, layer="WDPA_poly", driver="OpenFileGDB")
    for shapes in ({}, {"shapes": point, "layer": "WDPA_point"}):
        if shapes:
            write(made, {**OLDER, "WDPAID": 2}, driver="OpenFileGDB", **shapes)
        pack(made.parent, tmp_path / "WDPA_Public.zip")
        for uri in ("WDPA_Public.zip", "made/WDPA_Public.gdb", "made"):
            sites, findings = read_sites(Entry("sites", "sites", "vector", tmp_path, uri), PLANE)
            assert sorted(sites["site_id"]) == ["1299", "2"][: len(sites)]
            assert len(sites) == 1 + bool(shapes)
            assert findings == []
            rows, _ = read_source_rows(Entry("sites", "sites", "vector", tmp_path, uri))
            assert rows == {"390": {"METADATAID": "390"}}


def test_the_table_of_sources_beside_a_shapefile_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "WDPA-polygons.shp", OLDER)
    table = "METADATAID,DATA_TITLE,CITATION\n390,Aires protégées,MNP 2020\n"
    (tmp_path / "WDPA_sources.csv").write_text(table, "utf-8")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", "utf-8")
    rows, findings = read_source_rows(source(path))
    assert rows["390"]["DATA_TITLE"] == "Aires protégées" and len(rows) == 1
    assert findings == []


def test_a_table_of_sources_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "WDPA-polygons.shp", OLDER)
    (tmp_path / "s.csv").write_text("METADATAID,METADATAID\n390,1\n", "utf-8")
    rows, (told,) = read_source_rows(source(path))
    assert rows == {} and told.rule == "sites.sources_unread"


def test_archives_that_swell_are_refused(tmp_path: Path) -> None:
    (tmp_path / "zeros").mkdir()
    (tmp_path / "zeros/a.shp").write_bytes(bytes(3_000_000))
    alone = pack(tmp_path / "zeros", tmp_path / "alone.zip")
    inner = pack(tmp_path / "zeros", tmp_path / "once/inner.zip")
    outer = pack(inner.parent, tmp_path / "outer.zip")
    for path in (alone, outer):
        with pytest.raises(UserError, match="far more than a layer"):
            read_sites(source(path), PLANE)


def test_archives_in_archives_in_archives_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "0/sites.geojson", OLDER).parent
    for level in (1, 2, 3):
        path = pack(folder, tmp_path / f"{level}/sites.zip")
        folder = path.parent
    assert len(read_sites(source(path), PLANE)[0]) == 1
    with pytest.raises(UserError, match="archives in archives") as fault:
        read_sites(source(pack(folder, tmp_path / "4.zip")), PLANE)
    assert "level 4" in str(fault.value)


def test_one_layer_of_a_download_is_read_as_any_other(tmp_path: Path) -> None:
    path = shapefiles_of_protected_planet(tmp_path, 2)
    with pytest.raises(UserError, match="it holds 2 layers, one is needed") as fault:
        read_vector(source(path), PLANE)
    assert "WDPA_shp-points, WDPA_shp-polygons" in str(fault.value)
    for uri in (path.name, "all"):
        named = Entry("sites", "sites", "vector", tmp_path, uri, "WDPA_shp-polygons")
        assert read_vector(named, PLANE)[0]["WDPAID"].tolist() == [1, 2]


def test_a_layer_that_is_not_in_it_is_refused(tmp_path: Path) -> None:
    path = shapefiles_of_protected_planet(tmp_path, 1)
    with pytest.raises(UserError, match="no layer called rivers") as fault:
        read_sites(source(path, sublayer="rivers"), PLANE)
    assert "WDPA_shp-points, WDPA_shp-polygons" in str(fault.value)


def test_all_layers_with_places_of_a_database(tmp_path: Path) -> None:
    path = tmp_path / "w.gpkg"
    write(path, OLDER, layer="WDPA_poly")
    write(path, {**OLDER, "WDPAID": 2}, shapes=[shapely.Point(47, -17)], layer="WDPA_point")
    sites, _ = read_sites(source(path), PLANE)
    assert sites["site_id"].tolist() == ["1299", "2"]
    only, _ = read_sites(source(path, sublayer="WDPA_point"), PLANE)
    assert only["site_id"].tolist() == ["2"]


def test_a_table_of_points_with_their_area(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text(
        "SITE_ID,NAME,STATUS,STATUS_YR,REP_AREA,MARINE,LON,LAT,VERIFIED\n"
        "local-1,One,Designated,1914,170.3,0,10.2,46.67,true\n",
        encoding="utf-8",
    )
    sites, findings = read_sites(source(path, approximate=True), PLANE)
    (site,) = sites.to_dict("records")
    assert (site["site_id"], site["reported_km2"], site["approximate"]) == ("local-1", 170.3, True)
    lacks = {"sites.no_kind", "sites.no_category", "sites.no_designation"}
    assert {f.rule for f in findings} == lacks


def test_a_national_list_in_gbk_with_chinese_headings_and_hectares(tmp_path: Path) -> None:
    headings = ("保护地编号", "名称", "类型", "面积", "批建时间")
    values = [("N-01", "卧龙", "国家公园", 200000, "1963年"),
              ("N-02", "九寨沟", "自然公园", 64297, "1978")]  # fmt: skip
    rows = [dict(zip(headings, row, strict=True)) for row in values]
    write(tmp_path / "list.shp", *rows, encoding="GBK")
    (tmp_path / "list.cpg").unlink()
    sites, findings = read_sites(
        source(tmp_path / "list.shp"), PLANE, {"status": "=Designated", "kind": "=PA"}
    )
    assert sites["name"].tolist() == ["卧龙", "九寨沟"] and sites["year"].tolist() == [1963, 1978]
    assert sites["designation"].tolist() == ["国家公园", "自然公园"]
    assert {"vector.encoding", "sites.unit", "sites.no_realm"} <= {f.rule for f in findings}


def test_the_unit_of_an_area_stands_in_its_heading(tmp_path: Path) -> None:
    for heading in ("总面积(公顷)", "面积（hm2）", "superficie (ha)"):
        path = write(tmp_path / f"{abs(hash(heading))}.gpkg", {"id": "1", heading: 200000})
        sites, findings = read_sites(source(path), PLANE)
        assert sites["reported_km2"].tolist() == [2000]
        assert "sites.unit" not in {f.rule for f in findings}


@pytest.mark.parametrize(
    ("heading", "km2"),
    [("面积公顷", 2000), ("总面积万公顷", 2e7), ("面积平方公里", 2e5), ("面积km2", 2e5),
     ("superficie_ha", 2000), ("REP_AREA ha", 2000), ("面积 hm²", 2000)],
)  # fmt: skip
def test_the_unit_of_an_area_may_end_its_heading_without_brackets(
    heading: str, km2: float, tmp_path: Path
) -> None:
    path = write(tmp_path / "w.gpkg", {"id": "1", heading: 200000})
    sites, findings = read_sites(source(path), PLANE)
    assert sites["reported_km2"].tolist() == [km2]
    assert not {"sites.unit", "sites.no_reported_area"} & {f.rule for f in findings}


def test_a_word_that_ends_like_a_unit_has_none(tmp_path: Path) -> None:
    path = write(tmp_path / "w.gpkg", {"id": "1", "Alpha": 200000})
    sites, findings = read_sites(source(path), PLANE, {"reported_area": "Alpha"})
    assert sites["reported_km2"].tolist() == [200000]
    assert "sites.unit" in {f.rule for f in findings}


def test_points_without_a_known_area_say_which_headings_were_not_understood(
    tmp_path: Path,
) -> None:
    path = tmp_path / "points.csv"
    path.write_text("id,name,Size (ha),Longitud,Latitud\nA4,Sihl forest,1100,8.5,47.2\n", "utf-8")
    _, findings = read_sites(source(path), PLANE)
    (told,) = (f for f in findings if f.rule == "sites.no_reported_area")
    assert told.severity.value == "warning" and "1 point counts only with one" in told.message
    assert "not understood: Size (ha); name it in [account.columns.sites]" in told.message
    sites, findings = read_sites(source(path), PLANE, {"reported_area": "Size (ha)"})
    assert sites["reported_km2"].tolist() == [11]
    assert "sites.no_reported_area" not in {f.rule for f in findings}


@pytest.mark.parametrize(
    ("text", "km2"),
    [("45 000", 45000), ("45\u2009000", 45000), ("45\u202f000.5", 45000.5), ("45\u00a0000", 45000),
     ("45'000", 45000), ("1’234’567", 1234567), ("45,000", 45000), ("1,234.5", 1234.5),
     ("45,5", 45.5), ("1.234,5", 1234.5), ("1 234,5", 1234.5), ("45.5", 45.5)],
)  # fmt: skip
def test_an_area_is_read_as_people_write_thousands(text: str, km2: float, tmp_path: Path) -> None:
    path = write(tmp_path / "w.gpkg", {**OLDER, "REP_AREA": text})
    sites, _ = read_sites(source(path), PLANE)
    assert sites["reported_km2"].tolist() == [km2] and sites["remark"].tolist() == [""]


@pytest.mark.parametrize("text", ["45 00", "4,5,6", "about 45", "1 2345"])
def test_an_area_that_is_no_number_is_told_on_its_record(text: str, tmp_path: Path) -> None:
    path = write(tmp_path / "w.gpkg", {**OLDER, "REP_AREA": text}, OLDER)
    sites, _ = read_sites(source(path), PLANE)
    assert sites["remark"].tolist() == [f"the area {text} cannot be read", ""]


@pytest.mark.parametrize("headings", [("Code", "Type"), ("code", "tipo"), ("CODE", "nationalType")])
def test_lists_are_read_under_the_headings_of_candidates(
    headings: tuple[str, str], tmp_path: Path
) -> None:
    code, kind = headings
    path = write(tmp_path / "w.gpkg", {code: "R7", "Name": "Alp", kind: "Nature park"})
    sites, findings = read_sites(source(path), PLANE)
    assert sites[["site_id", "name", "designation"]].to_numpy().tolist() == [
        ["R7", "Alp", "Nature park"]
    ]
    assert "sites.no_designation" not in {f.rule for f in findings}


def test_without_a_column_of_designation_the_headings_that_are_read_are_told(
    tmp_path: Path,
) -> None:
    sites, findings = read_sites(source(write(tmp_path / "w.gpkg", {"Code": "R7"})), PLANE)
    (told,) = (f for f in findings if f.rule == "sites.no_designation")
    assert "DESIG_ENG, designation" in told.message and "type" in told.message
    assert sites["designation"].tolist() == ["Not Reported"]


def test_columns_as_the_project_maps_them(tmp_path: Path) -> None:
    path = write(tmp_path / "w.gpkg", {"FID_X": "a", "sorte": "II", "seit": "2001-05-02"})
    columns = {"site_id": "FID_X", "category": "sorte", "year": "seit", "kind": "=OECM"}
    sites, _ = read_sites(source(path), PLANE, columns)
    (site,) = sites.to_dict("records")
    assert (site["site_id"], site["category"], site["year"], site["kind"]) == (
        "a", "II", 2001, "OECM")  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "what"),
    [({"site_id": "nowhere"}, "there is no column nowhere"), ({"colour": "NAME"}, "no colour")],
)
def test_a_mapping_that_fits_nothing_is_refused(
    columns: dict[str, str], what: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=what):
        read_sites(source(write(tmp_path / "w.gpkg", OLDER)), PLANE, columns)


@pytest.mark.parametrize(
    ("year", "read"),
    [(0, None), (None, None), ("Not Reported", None), ("1982-05-01", 1982), ("1982年", 1982),
     ("82", None), ("20155", None)],
)  # fmt: skip
def test_years(year: object, read: int | None, tmp_path: Path) -> None:
    sites, _ = read_sites(source(write(tmp_path / "w.gpkg", {**OLDER, "STATUS_YR": year})), PLANE)
    found = sites["year"].tolist()[0]
    assert (found == read) if read else sites["year"].isna().all()
    assert bool(sites["remark"][0]) == (year in ("82", "20155"))


def test_what_cannot_be_read_is_remarked_on_its_record(tmp_path: Path) -> None:
    path = write(
        tmp_path / "w.gpkg", {**OLDER, "REP_AREA": "-5"}, {**OLDER, "WDPAID": None, "PA_DEF": None}
    )
    sites, _ = read_sites(source(path), PLANE)
    assert sites["remark"].tolist() == [
        "the area -5 cannot be read",
        "it does not say whether it is a protected area: it is taken for one; it has no number",
    ]
    assert sites["site_id"].tolist() == ["1299", "sites-2"]


def test_a_polygon_across_the_antimeridian_stays_whole_and_says_so(tmp_path: Path) -> None:
    ring = [(179.5, -17), (-179.5, -17), (-179.5, -16), (179.5, -16)]
    plane = "+proj=laea +lat_0=-17 +lon_0=179 +datum=WGS84"
    path = write(tmp_path / "w.gpkg", OLDER, shapes=[shapely.Polygon(ring)])
    sites, _ = read_sites(source(path), plane)
    here = write(tmp_path / "h.gpkg", OLDER, shapes=degrees((178.5, -17, 179.5, -16)))
    same, _ = read_sites(source(here), plane)
    assert "antimeridian" in sites["remark"][0] and same["remark"][0] == ""
    assert sites.geometry.area[0] == pytest.approx(same.geometry.area[0], rel=1e-6)


def test_a_record_without_a_shape_stays(tmp_path: Path) -> None:
    path = write(tmp_path / "w.gpkg", OLDER, OLDER, shapes=[None, shapely.box(46, -16, 47, -15)])
    sites, _ = read_sites(source(path), PLANE)
    assert len(sites) == 2 and sites.geometry.isna().tolist() == [True, False]


def test_an_empty_layer_is_said(tmp_path: Path) -> None:
    path = tmp_path / "w.gpkg"
    write(path, OLDER)
    gpd.read_file(path).iloc[:0].to_file(tmp_path / "empty.gpkg")
    sites, findings = read_sites(source(tmp_path / "empty.gpkg"), PLANE)
    assert len(sites) == 0 and [f.rule for f in findings] == ["sites.empty_layer", "sites.empty"]


def test_a_ring_that_does_not_close_is_said_with_its_gap(tmp_path: Path) -> None:
    ring = [[46, -16], [47, -16], [47, -15], [46, -15.5]]
    feature = {"type": "Feature", "properties": OLDER,
               "geometry": {"type": "Polygon", "coordinates": [ring]}}  # fmt: skip
    path = tmp_path / "w.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    with pytest.raises(UserError, match="does not close") as caught:
        read_sites(source(path), PLANE)
    assert (
        caught.value.by_how_much == "1 of 1 features; the first is open by 0.5 units of the layer"
    )
    assert "feature 1" in caught.value.where


def test_an_empty_folder_and_a_layer_without_crs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError, match="no layer in it"):
        read_sites(source(tmp_path / "none"), PLANE)
    gpd.GeoDataFrame([OLDER], geometry=degrees((0, 0, 1, 1))).to_file(tmp_path / "w.shp")
    with pytest.raises(UserError, match="has no CRS"):
        read_sites(source(tmp_path / "w.shp"), PLANE)
