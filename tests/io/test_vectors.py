"""Polygons, lines and points: repaired without filling, decoded, flat, whole across seams."""

import json
import socket
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tianren.errors import UserError
from tianren.io.sources import Entry
from tianren.io.vectors import burn, read_vector, write_vector
from tianren.raster.blocks import windows
from tianren.raster.raster import MISSING

from .files import GRID, LAEA, digest, left_behind

SQUARE = shapely.box(0, 0, 10_000, 10_000)


def vector(path: Path, **more: Any) -> Entry:
    return Entry(**{"name": "areas", "layer": "areas", "kind": "vector", "folder": path.parent,
                    "uri": path.name, **more})  # fmt: skip


def save(path: Path, shapes: list[Any], crs: Any = LAEA, **columns: list[Any]) -> Path:
    columns = columns or {"name": [f"n{i}" for i in range(len(shapes))]}
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)
        frame.to_file(path, driver="KML" if path.suffix == ".kml" else None)
    return path


def rules(findings: list[Any]) -> list[str]:
    return [f.rule for f in findings]


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.geojson", "a.kml", "a.fgb", "区 划 é.gpkg"])
def test_the_usual_formats(tmp_path: Path, name: str) -> None:
    degrees = [shapely.box(8, 45, 8.1, 45.1), shapely.box(8.2, 45, 8.3, 45.1)]
    path = save(tmp_path / name, degrees, "EPSG:4326", Name=["天山", "Piñón"])
    layer, findings = read_vector(vector(path), LAEA)
    assert set(layer["Name"]) == {"天山", "Piñón"} and findings == []
    np.testing.assert_allclose(layer.area.sum(), 2 * 0.1**2 * 111.16e3 * 78.7e3, rtol=5e-3)


def test_geoparquet_and_several_parts(tmp_path: Path) -> None:
    whole = gpd.GeoDataFrame(
        {"n": [1, 2]}, geometry=[SQUARE, shapely.box(2e4, 0, 3e4, 1e4)], crs=LAEA
    )
    whole.to_parquet(tmp_path / "a.parquet")
    assert len(read_vector(vector(tmp_path / "a.parquet"), LAEA)[0]) == 2
    for n in (1, 2):
        save(tmp_path / f"wdpa_{n}.shp", [whole.geometry[n - 1]], n=[n])
    layer, _ = read_vector(vector(tmp_path / "wdpa_*.shp"), LAEA)
    assert list(layer["n"]) == [1, 2]


def test_a_sublayer(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    frame = gpd.GeoDataFrame({"n": [1]}, geometry=[SQUARE], crs=LAEA)
    frame.to_file(path, layer="one")
    frame.assign(n=2).to_file(path, layer="two")
    assert read_vector(vector(path, sublayer="two"), None)[0]["n"].tolist() == [2]
    with pytest.raises(UserError, match="no layer called three") as fault:
        read_vector(vector(path, sublayer="three"), None)
    assert "one, two" in fault.value.next_step


def test_points_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    path.write_text("NAME,LON,LAT,REP_AREA\nParc,8.0,45.0,3.5\n湿地,8.1,45.0,1\n", "utf-8")
    layer, findings = read_vector(vector(path), LAEA)
    assert layer.geometry.iloc[0].distance(shapely.Point(0, 0)) < 1e-6 and findings == []
    path.write_text("NAME,LON,LAT\na,8,45\nb,8°30,45\n", "utf-8")
    with pytest.raises(UserError, match="no usable coordinates") as fault:
        read_vector(vector(path), LAEA)
    assert "row 3, columns LON and LAT" in fault.value.where
    path.write_text("NAME,east,north\na,8,45\n")
    with pytest.raises(UserError, match="no column of longitude"):
        read_vector(vector(path), LAEA)


@pytest.mark.parametrize(
    "headings", ["Longitud;Latitud", "经度;纬度", "Longitude (°);Latitude (°)"]
)
def test_points_of_a_spreadsheet_with_decimal_commas(tmp_path: Path, headings: str) -> None:
    """A spreadsheet in Spanish divides cells by semicolons, and writes 8,5 for 8.5."""
    path = tmp_path / "sitios.csv"
    rows = "Parque;8,0;45,0;3,5\nRío, Norte;-8,125;45,25;1.200,5\n"
    path.write_bytes(f"NAME;{headings};Superficie\n{rows}".encode("utf-8-sig"))
    layer, findings = read_vector(vector(path), None)
    assert [(p.x, p.y) for p in layer.geometry] == [(8, 45), (-8.125, 45.25)]
    assert layer["NAME"].tolist() == ["Parque", "Río, Norte"] and findings == []


def test_points_of_a_table_in_a_project_named_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tianren demo demo` has a folder that begins nowhere but here."""
    (tmp_path / "demo" / "data").mkdir(parents=True)
    (tmp_path / "demo" / "data" / "p.csv").write_text("lon,lat\n8,45\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    layer, _ = read_vector(Entry("p", "p", "vector", Path("demo"), "data/p.csv"), None)
    assert len(layer) == 1


def test_a_comma_between_thousands_of_metres_is_not_taken_for_a_decimal_one(tmp_path: Path) -> None:
    path = tmp_path / "sites.csv"
    path.write_text("NAME;x;y\na;600,123;200123,4\n", "utf-8")
    with pytest.raises(UserError, match="no usable coordinates"):
        read_vector(vector(path, crs="EPSG:2056"), None)
    path.write_text("NAME;x;y\na;2600123,25;1200123,4\n", "utf-8")
    layer, _ = read_vector(vector(path, crs="EPSG:2056"), None)
    assert layer.geometry.iloc[0].x == 2600123.25


# -- what is repaired and said --------------------------------------------------------------------


def test_self_intersections_are_repaired_without_filling(tmp_path: Path) -> None:
    """A spike and a ring that touches itself: the hole stays a hole."""
    inverted = shapely.Polygon(
        [(0, 0), (10, 0), (10, 10), (5, 10), (3, 5), (7, 5), (5, 10), (0, 10)]
    )
    crossing = shapely.Polygon([(0, 0), (100, 0), (100, 100), (50, 100.2), (50.2, 100.2), (0, 100)])
    big = [shapely.affinity.scale(s, 1000, 1000, origin=(0, 0)) for s in (inverted, crossing)]
    assert not big[0].is_valid and not big[1].is_valid
    path = save(tmp_path / "a.gpkg", [*big, shapely.affinity.translate(SQUARE, 2e5)])
    layer, findings = read_vector(vector(path), LAEA)
    assert layer.is_valid.all() and rules(findings) == ["vector.repaired"]
    assert "2 of 3 features, the first is number 1" in findings[0].message
    assert not layer.geometry.iloc[0].contains(shapely.Point(5000, 6000))  # not filled
    assert layer.geometry.iloc[0].area == pytest.approx(90e6)


def test_a_repair_that_changes_the_area_is_refused(tmp_path: Path) -> None:
    bowtie = shapely.Polygon([(0, 0), (10_000, 10_000), (10_000, 0), (0, 10_000)])
    path = save(tmp_path / "a.gpkg", [SQUARE, bowtie])
    with pytest.raises(UserError, match="cross themselves") as fault:
        read_vector(vector(path), LAEA)
    assert (
        "1 of 2 features, the first is number 2; 33 % of the layer's area"
        in fault.value.by_how_much
    )
    assert "Fix geometries" in fault.value.next_step


def test_where_it_crosses_itself_is_told_as_the_file_has_it(tmp_path: Path) -> None:
    """Whoever mends it has the file's coordinates before them, not the project's plane."""
    bowtie = shapely.Polygon([(8, 46), (8.2, 46.2), (8.2, 46), (8, 46.2)])
    with pytest.raises(UserError, match=r"Self-intersection\[8\.1 46\.1\]"):
        read_vector(vector(save(tmp_path / "a.gpkg", [bowtie], "EPSG:4326")), LAEA)


def test_empty_z_and_mixed_geometries(tmp_path: Path) -> None:
    z = shapely.force_3d(SQUARE, 7.0)
    shapes = [
        z,
        None,
        shapely.Polygon(),
        shapely.Point(1, 1),
        shapely.LineString([(0, 0), (1, 1)]),
        shapely.GeometryCollection([shapely.box(2e4, 0, 3e4, 1e4), shapely.Point(0, 0)]),
    ]
    path = save(tmp_path / "a.gpkg", shapes)
    layer, findings = read_vector(vector(path), LAEA)
    assert rules(findings) == ["vector.empty_geometry", "vector.z_dropped", "vector.mixed_types"]
    assert "2 of 6 features" in findings[0].message and "rows 2, 3" in findings[0].message
    assert "2 of 4 features that are not polygons" in findings[2].message
    assert not layer.has_z.any() and layer.area.tolist() == [1e8, 1e8]
    assert layer["name"].tolist() == ["n0", "n5"]


def test_a_layer_of_nothing_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.gpkg", [None, shapely.Polygon()])
    with pytest.raises(UserError, match=r"no geometry at all \(2 features\)"):
        read_vector(vector(path), LAEA)


def test_names_come_in_one_form(tmp_path: Path) -> None:
    path = save(tmp_path / "a.gpkg", [SQUARE], name=["Pin\u0303o\u0301n"])
    assert read_vector(vector(path), LAEA)[0]["name"].tolist() == ["Piñón"]


def without_cpg(path: Path, encoding: str, name: str) -> Path:
    """A Shapefile whose table is in an encoding that nothing declares."""
    save(path, [SQUARE], name=["x" * 20])
    path.with_suffix(".cpg").unlink()
    table = path.with_suffix(".dbf")
    data = bytearray(table.read_bytes())
    data[29] = 0  # no language driver either
    start, width = struct.unpack("<HH", data[8:12])
    text = name.encode(encoding)
    data[start + 1 : start + width] = text + b" " * (width - 1 - len(text))
    table.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize(
    ("encoding", "name", "said"),
    [
        ("gbk", "云南省西双版纳州", "gb18030"),
        ("gb18030", "新疆维吾尔自治区", "gb18030"),
        ("utf-8", "云南省", ""),
        ("cp1252", "Región Antsiñanã", "cp1252"),
        ("ascii", "Yunnan", ""),
    ],
)
def test_undeclared_encodings(tmp_path: Path, encoding: str, name: str, said: str) -> None:
    path = without_cpg(tmp_path / "a.shp", encoding, name)
    layer, findings = read_vector(vector(path), LAEA)
    assert layer["name"].tolist() == [name]
    assert rules(findings) == (["vector.encoding"] if said else [])
    assert not said or said in findings[0].message


def test_a_declared_encoding_wins(tmp_path: Path) -> None:
    path = without_cpg(tmp_path / "a.shp", "gbk", "云南")
    layer, findings = read_vector(vector(path, encoding="gbk"), LAEA)
    assert layer["name"].tolist() == ["云南"] and findings == []


def test_a_region_across_the_antimeridian(tmp_path: Path) -> None:
    """Fiji split at 180, drawn round the world, or counted on: the same islands."""
    crs = "+proj=laea +lat_0=-17.5 +lon_0=179.5 +datum=WGS84"
    drawn = {
        "split": [
            shapely.MultiPolygon(
                [shapely.box(177, -19, 180, -16), shapely.box(-180, -19, -178, -16)]
            )
        ],
        "round": [shapely.Polygon([(177, -19), (-178, -19), (-178, -16), (177, -16)])],
        "far": [shapely.box(177, -19, 182, -16)],
    }
    areas = {}
    for name, shapes in drawn.items():
        layer, findings = read_vector(
            vector(save(tmp_path / f"{name}.gpkg", shapes, "EPSG:4326")), crs
        )
        assert findings == []
        areas[name] = layer.area.sum()
        assert layer.total_bounds[2] - layer.total_bounds[0] < 600_000
    assert areas["split"] == pytest.approx(areas["round"], rel=1e-9)
    assert areas["far"] == pytest.approx(areas["round"], rel=1e-9)


# -- bad input ------------------------------------------------------------------------------------


def test_no_crs(tmp_path: Path) -> None:
    path = save(tmp_path / "a.shp", [SQUARE], None)
    with pytest.raises(UserError, match="the layer has no CRS") as fault:
        read_vector(vector(path), LAEA)
    assert "a.shp" in fault.value.where and "crs =" in fault.value.next_step
    assert read_vector(vector(path, crs=LAEA), LAEA)[0].area.sum() == 1e8


def test_metres_called_degrees(tmp_path: Path) -> None:
    path = save(tmp_path / "a.gpkg", [SQUARE], "EPSG:4326")
    with pytest.raises(UserError, match="do not fit into the project's CRS"):
        read_vector(vector(path), LAEA)


@pytest.mark.parametrize("kind", ["gpkg", "shp", "geojson", "kml", "zip", "fgb", "csv", "parquet"])
@pytest.mark.parametrize("content", [b"", b"garbage", b"\x00\x01\x02" * 99])
def test_what_is_no_layer(tmp_path: Path, kind: str, content: bytes) -> None:
    name = f"a.{kind}"
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as fault:
        read_vector(vector(tmp_path / name), LAEA)
    assert name in fault.value.where and fault.value.next_step


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.geojson", "a.fgb"])
def test_truncated_layers(tmp_path: Path, name: str) -> None:
    many = [shapely.box(i, 0, i + 1, 1) for i in range(500)]
    path = save(tmp_path / name, many)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    with pytest.raises(UserError) as fault:
        read_vector(vector(path), LAEA)
    assert name in fault.value.where and fault.value.next_step


def test_a_file_that_points_elsewhere_is_not_followed(tmp_path: Path) -> None:
    target = save(tmp_path / "secret.gpkg", [SQUARE])
    vrt = (
        '<OGRVRTDataSource><OGRVRTLayer name="a">'
        f"<SrcDataSource>{target}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    )
    for name in ("a.gpkg", "a.kml", "a.gml", "a.vrt"):
        (tmp_path / name).write_text(vrt)
        with pytest.raises(UserError):
            read_vector(vector(tmp_path / name), LAEA)
    for uri in ("http://example.org/a.geojson", "/vsicurl/http://e.org/a.shp", "WFS:http://e.org"):
        with pytest.raises(UserError):
            read_vector(Entry("a", "a", "vector", tmp_path, uri), LAEA)


def test_a_text_that_points_elsewhere_is_not_followed_however_it_is_wrapped(
    tmp_path: Path,
) -> None:
    target = save(tmp_path / "secret.gpkg", [SQUARE])
    pipeline = {
        "type": "gdal_streamed_alg",
        "command_line": f"gdal vector pipeline ! read {target}",
    }
    vrt = (
        f"<OGRVRTDataSource><OGRVRTLayer name='secret'><SrcDataSource>{target}"
        "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    )
    texts = {
        "a.geojson": json.dumps(pipeline),
        "b.json": " " * 5000 + json.dumps(pipeline),
        "c.gdalg.json": json.dumps(pipeline).replace("streamed_alg", "streamed\\u005falg"),
        "d.gml": f"<?xml version='1.0'?><!-- {'x' * 600} -->{vrt}",
        "e.kml": f"<?xml version='1.0'?><kml/>{vrt}",
        "f.gml": "<?xml version='1.0'?><OGRWFSDataSource><URL>http://localhost/</URL>"
        "</OGRWFSDataSource>",
        "g.gpx": "<?xml version='1.0'?><kml></kml>",
        "h.mif": f"Version 300 {vrt}",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(UserError, match="does not hold what its name says"):
            read_vector(vector(tmp_path / name), LAEA)


def test_nothing_is_fetched_because_a_file_says_so(tmp_path: Path) -> None:
    """A GeoJSON may say that its CRS is found at an address; GDAL by itself would go there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/crs"
        link = {"type": "link", "properties": {"href": address, "type": "proj4"}}
        shape = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(SQUARE)}
        text = {"type": "FeatureCollection", "crs": link, "features": [shape]}
        (tmp_path / "a.geojson").write_text(json.dumps(text))
        read_vector(vector(tmp_path / "a.geojson"), None)
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_damaged_archive_is_said_to_be_one(tmp_path: Path) -> None:
    source = save(tmp_path / "a.geojson", [shapely.box(8, 45, 9, 46)], "EPSG:4326")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(source, "a.geojson")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[len(data) // 3] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(UserError, match="cannot be read"):
        read_vector(vector(tmp_path / "a.zip"), LAEA)


def test_a_name_in_an_archive_cannot_lead_out_of_it(tmp_path: Path) -> None:
    source = save(tmp_path / "in" / "a.geojson", [shapely.box(8, 45, 9, 46)], "EPSG:4326")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(source, "a.geojson")
        archive.writestr("a./../../../../escaped.txt", "out")
        archive.writestr("../escaped.txt", "out")
    assert len(read_vector(vector(tmp_path / "a.zip"), LAEA)[0]) == 1
    assert not list(tmp_path.parent.rglob("escaped.txt"))


def test_an_xml_bomb_is_not_read(tmp_path: Path) -> None:
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "aaa">'
        '<!ENTITY b SYSTEM "file:///etc/passwd">]><kml>&b;</kml>'
    )
    (tmp_path / "a.kml").write_text(bomb)
    with pytest.raises(UserError, match="document type"):
        read_vector(vector(tmp_path / "a.kml"), LAEA)


def test_a_zip_is_read_and_a_zip_bomb_is_not(tmp_path: Path) -> None:
    source = save(tmp_path / "区 划.shp", [SQUARE], name=["云南"])
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for part in tmp_path.glob("区 划.*"):
            archive.write(part, f"folder/{part.name}")
    assert read_vector(vector(tmp_path / "a.zip"), LAEA)[0]["name"].tolist() == ["云南"]
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.geojson", b"0" * 50_000_000)
    with pytest.raises(UserError, match="unpacks to far more") as fault:
        read_vector(vector(tmp_path / "bomb.zip"), LAEA)
    assert "50,000,000 bytes" in fault.value.by_how_much
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.geojson", "{}")
        archive.writestr("b.geojson", "{}")
    with pytest.raises(UserError, match="holds 2 layers"):
        read_vector(vector(tmp_path / "two.zip"), LAEA)
    assert source.exists()


# -- several layers -------------------------------------------------------------------------------


def two_layers(path: Path, driver: str, first: Any, second: Any, crs: Any = LAEA) -> Path:
    for name, shape in (("one", first), ("two", second)):
        layer = gpd.GeoDataFrame({"name": [name]}, geometry=[shape], crs=crs)
        layer.to_file(path, layer=name, driver=driver, mode="a" if path.exists() else "w")
    return path


KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{folders}</Document></kml>"""
KML_FOLDER = """<Folder><name>{name}</name><Placemark><name>x</name><Polygon><outerBoundaryIs>
<LinearRing><coordinates>{w},45 {e},45 {e},45.1 {w},45.1 {w},45</coordinates></LinearRing>
</outerBoundaryIs></Polygon></Placemark></Folder>"""


def kml(path: Path, *names: str) -> Path:
    folders = (KML_FOLDER.format(name=n, w=8 + i, e=8.1 + i) for i, n in enumerate(names))
    path.write_text(KML.format(folders="".join(folders)), encoding="utf-8")
    return path


@pytest.mark.filterwarnings("error")
def test_every_layer_of_a_file_is_read_where_all_are_asked_for(tmp_path: Path) -> None:
    """Nothing is left to a warning of the reader's: what was read together is told."""
    apart = shapely.box(2e4, 0, 3e4, 1e4)
    geopackage = two_layers(tmp_path / "two.gpkg", "GPKG", SQUARE, apart)
    layer, findings = read_vector(vector(geopackage, every_layer=True), LAEA)
    assert layer.area.sum() == pytest.approx(SQUARE.area + apart.area)
    assert rules(findings) == ["vector.layers"] and "2 layers" in findings[0].message
    assert "one, two" in findings[0].message
    folders = kml(tmp_path / "two.kml", "A", "B", "B")
    assert len(read_vector(vector(folders, every_layer=True), LAEA)[0]) == 3
    with zipfile.ZipFile(tmp_path / "two.kmz", "w") as archive:
        archive.write(folders, "doc.kml")
    assert len(read_vector(vector(tmp_path / "two.kmz", every_layer=True), LAEA)[0]) == 3
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.write(kml(tmp_path / "a.kml", "A"), "a.kml")
        archive.write(kml(tmp_path / "b.kml", "B"), "b.kml")
    layer, findings = read_vector(vector(tmp_path / "two.zip", every_layer=True), LAEA)
    assert len(layer) == 2 and rules(findings) == ["vector.layers"]


@pytest.mark.filterwarnings("error")
def test_tables_and_empty_layers_are_no_layers_of_shapes(tmp_path: Path) -> None:
    path = save(tmp_path / "one.gpkg", [SQUARE])
    styles = gpd.pd.DataFrame({"style": ["x"]})
    import pyogrio

    pyogrio.write_dataframe(styles, path, layer="layer_styles", append=False)
    gpd.GeoDataFrame({"name": []}, geometry=[], crs=LAEA).to_file(path, layer="none", mode="a")
    layer, findings = read_vector(vector(path, every_layer=True), LAEA)
    assert len(layer) == 1 and findings == []


def test_each_of_several_layers_is_moved_from_its_own_crs(tmp_path: Path) -> None:
    path = save(tmp_path / "two.gpkg", [SQUARE])
    away = gpd.GeoSeries([shapely.box(2e4, 0, 3e4, 1e4)], crs=LAEA).to_crs(4326)
    gpd.GeoDataFrame({"name": ["b"]}, geometry=away).to_file(path, layer="far", mode="a")
    layer, _ = read_vector(vector(path, every_layer=True), LAEA)
    assert layer.area.sum() == pytest.approx(2 * SQUARE.area, rel=1e-4)
    gpd.GeoDataFrame({"name": ["c"]}, geometry=[SQUARE]).to_file(path, layer="lost", mode="a")
    with pytest.raises(UserError, match="lost: the layer has no CRS"):
        read_vector(vector(path, every_layer=True), LAEA)


# -- burning --------------------------------------------------------------------------------------


def test_a_cell_belongs_to_what_holds_its_centre() -> None:
    rng = np.random.default_rng(8)
    blobs = [shapely.Point(*rng.uniform(-2e4, 2e4, 2)).buffer(r) for r in rng.uniform(500, 9e3, 12)]
    layer = gpd.GeoDataFrame({"code": range(1, 13)}, geometry=blobs, crs=LAEA)
    got = burn(layer, GRID, "code").read()
    c, r = np.meshgrid(np.arange(50) + 0.5, np.arange(40) + 0.5)
    x, y = GRID.affine @ (c, r)
    expected = np.full(GRID.shape, MISSING)
    for code, blob in enumerate(blobs, start=1):  # a later one covers an earlier one
        expected[shapely.contains_xy(blob, x, y)] = code
    np.testing.assert_array_equal(got, expected)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(1, 60), st.integers(1, 60))
def test_burning_does_not_depend_on_the_window(rows: int, columns: int) -> None:
    """Edges on cell centres and along diagonals: the ties of the rule."""
    shapes = [
        shapely.box(-20_500, -10_500, 3_500, 9_500),
        shapely.Polygon([(0, 0), (20_000, 20_000), (20_000, 0)]),
    ]
    raster = burn(gpd.GeoDataFrame(geometry=shapes, crs=LAEA), GRID)
    whole = raster.read()
    for r in range(0, 40, rows):
        for c in range(0, 50, columns):
            window = (slice(r, min(r + rows, 40)), slice(c, min(c + columns, 50)))
            np.testing.assert_array_equal(raster.read(window), whole[window])
    assert set(np.unique(whole)) == {0, 1}
    assert len(windows(GRID, 7)) == 48


# -- writing --------------------------------------------------------------------------------------


def test_a_geopackage_is_whole_and_the_same_each_time(tmp_path: Path) -> None:
    layer = gpd.GeoDataFrame({"name": ["云南", "é"]}, geometry=[SQUARE, SQUARE], crs=LAEA)
    write_vector(tmp_path / "红线 a.gpkg", layer, "redline")
    write_vector(tmp_path / "b.gpkg", layer, "redline")
    again = gpd.read_file(tmp_path / "红线 a.gpkg", layer="redline")
    assert again["name"].tolist() == ["云南", "é"]
    assert digest(tmp_path / "红线 a.gpkg") == digest(tmp_path / "b.gpkg")
    assert left_behind(tmp_path) == []


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    layer = gpd.GeoDataFrame({"name": ["a"]}, geometry=[SQUARE], crs=LAEA)
    write_vector(tmp_path / "a.gpkg", layer, "redline")
    before = digest(tmp_path / "a.gpkg")
    with pytest.raises(UserError, match="cannot be written"):
        write_vector(tmp_path / "a.gpkg" / "b.gpkg", layer, "redline")
    assert digest(tmp_path / "a.gpkg") == before and left_behind(tmp_path) == []
