"""The steps: everything is written whole, and the redline goes out in six formats."""

import csv
import itertools
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import make_run
import pytest
from defusedxml.ElementTree import parse

from tianren.errors import UserError
from tianren.io.exchange import FORMATS
from tianren.reports.contents import Contents
from tianren.steps.export import boundary_table, export_pieces, format_of
from tianren.steps.report import report_contents


def test_the_report_writes_all_and_leaves_nothing_else(contents: Contents) -> None:
    written = report_contents(contents)
    wanted = {"report.pdf", "report.html", "ledger.xlsx", "redline.qml", "maps/redline.png"}
    wanted |= {f"{make_run.RUN}.stac.json", "grades/water_erosion.qml", "robustness/frequency.qml"}
    assert wanted <= set(written.files)
    assert all((contents.folder / name).stat().st_size > 0 for name in written.files)
    assert not list(contents.folder.glob(".*"))
    assert str(contents.folder / "report.pdf") in written.text()
    assert written.as_dict()["run"] == make_run.RUN


@pytest.mark.parametrize("name", ["../../escaped", "a/b", "a\\b", "..", ""])
def test_a_run_cannot_write_outside_its_folder(contents: Contents, name: str) -> None:
    """A project that someone sends may hold a run with any name in its run.toml."""
    strange = replace(contents, run={**contents.run, "run": name})
    with pytest.raises(UserError, match="cannot be the name of a run"):
        report_contents(strange)
    other = [{**contents.criteria[0], "criterion": name}]
    with pytest.raises(UserError, match="cannot be the name of a run"):
        report_contents(replace(contents, criteria=tuple(other)))


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_format_holds_every_piece(contents: Contents, tmp_path: Path, name: str) -> None:
    made = export_pieces(contents.pieces, contents.admin_levels, name, tmp_path, day="2026-06-30")
    assert made[0].exists()
    assert not list(tmp_path.glob(".*"))
    if name == "csv":
        with made[0].open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert {row["code"] for row in rows} == set(contents.pieces["code"])
        assert all(-90 <= float(row["latitude"]) <= 90 for row in rows)
        return
    read = gpd.read_parquet(made[0]) if name == "geoparquet" else gpd.read_file(made[0])
    assert len(read) == len(contents.pieces)
    area = read.to_crs(make_run.CRS).area.sum()
    assert area == pytest.approx(contents.pieces.area_m2.sum(), rel=1e-5)


@pytest.mark.parametrize("name", ["gpkg", "shapefile", "geojson", "kml", "csv", "geoparquet"])
def test_an_export_is_the_same_bytes(contents: Contents, tmp_path: Path, name: str) -> None:
    first, second = (
        export_pieces(contents.pieces, contents.admin_levels, name, tmp_path / n, day="2026-06-30")
        for n in ("a", "b")
    )
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_the_shapefile_has_the_boundary_table_and_its_encoding(
    contents: Contents, tmp_path: Path
) -> None:
    made = export_pieces(
        contents.pieces, contents.admin_levels, "shapefile", tmp_path, day="2026-06-30"
    )
    fields = ["XZQHDM", "YSDM", "ZDSTXTFWGN", "HXLX", "LXBM", "HXMM", "HXBM", "TBBM", "TBMJ"]
    assert [c for c in gpd.read_file(made[0]).columns if c in fields] == fields
    assert (tmp_path / "redline.cpg").read_text().strip() == "UTF-8"
    assert any("Côte" in name for name in gpd.read_file(made[0])["HXMM"])


def test_the_division_code_is_the_longest_that_begins_the_piece_code(contents: Contents) -> None:
    table = boundary_table(contents.pieces, contents.admin_levels)
    assert list(table["XZQHDM"]) == list(contents.pieces["district_code"])
    assert all(len(c) <= 10 for c in table.columns if c != "geometry")


def test_geojson_is_lon_lat_with_right_hand_rings(contents: Contents, tmp_path: Path) -> None:
    import json

    made = export_pieces(
        contents.pieces, contents.admin_levels, "geojson", tmp_path, day="2026-06-30"
    )
    read = json.loads(made[0].read_text(encoding="utf-8"))
    assert "crs" not in read
    for feature in read["features"]:
        parts = feature["geometry"]["coordinates"]
        rings = parts if feature["geometry"]["type"] == "Polygon" else parts[0]
        assert _signed_area(rings[0]) > 0


def _signed_area(ring: list[list[float]]) -> float:
    pairs = itertools.pairwise(ring)
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs) / 2


def test_kml_escapes_names(contents: Contents, tmp_path: Path) -> None:
    pieces = contents.pieces.assign(name='<script>"&" 红线')
    made = export_pieces(pieces, contents.admin_levels, "kml", tmp_path, day="2026-06-30")
    names = [e.text for e in parse(made[0]).iter("{http://www.opengis.net/kml/2.2}name")]
    assert '<script>"&" 红线' in names


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    assert format_of(" SHP ") == "shapefile"
    with pytest.raises(UserError, match="geoparquet"):
        format_of("dwg")
