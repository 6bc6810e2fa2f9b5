"""QGIS styles are valid XML with every class; the STAC item has what STAC 1.0 asks for."""

import json
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from tianren.language import set_language
from tianren.reports import palette, stac, styles
from tianren.reports.contents import Contents


@pytest.mark.parametrize("language", ["en", "zh", "es"])
def test_the_redline_style_has_every_category_with_a_hatch(language: str) -> None:
    set_language(language)
    root = fromstring(styles.redline_style().split("\n", 1)[1])
    found = [c.get("value") for c in root.iter("category")]
    assert found == list(palette.CATEGORY_LOOKS)
    hatches = [s for s in root.iter("layer") if "Pattern" in s.get("class", "")]
    assert len(hatches) == 3


@pytest.mark.parametrize("criterion", ["carbon", "salinisation"])
def test_a_grade_style_names_every_grade(criterion: str) -> None:
    root = fromstring(styles.grade_style(criterion).split("\n", 1)[1])
    assert [e.get("value") for e in root.iter("paletteEntry")] == ["5", "3", "1", "0"]


def test_a_value_style_rises_from_end_to_end() -> None:
    root = fromstring(styles.value_style("carbon", 2.0, 12.0, "t<&").split("\n", 1)[1])
    values = [float(item.get("value", "nan")) for item in root.iter("item")]
    assert values[0] == 2.0
    assert values[-1] == pytest.approx(12.0)
    assert values == sorted(values)


def test_the_stac_item_is_complete(contents: Contents) -> None:
    item = json.loads(json.dumps(stac.item(contents)))
    assert item["type"] == "Feature"
    assert item["stac_version"] == "1.0.0"
    assert item["properties"]["datetime"] == "2026-06-30T00:00:00Z"
    west, south, east, north = item["bbox"]
    assert 44 < west < east < 50
    assert -22 < south < north < -16
    assert item["properties"]["proj:projjson"]["type"] == "ProjectedCRS"
    assert item["assets"]["redline.gpkg"]["roles"] == ["data"]
    for asset in item["assets"].values():
        assert (contents.folder / asset["href"]).exists()


def test_a_footprint_across_the_antimeridian_is_two_boxes(contents: Contents) -> None:
    from dataclasses import replace

    assert contents.pieces is not None
    fiji = "+proj=laea +lat_0=-18 +lon_0=179 +datum=WGS84 +units=m"
    moved = replace(contents, crs=fiji, pieces=contents.pieces.set_crs(fiji, allow_override=True))
    geometry, box = stac.footprint(moved)
    assert geometry is not None
    if box[0] > box[2]:
        assert geometry["type"] == "MultiPolygon"
        assert len(geometry["coordinates"]) == 2
    else:
        assert box[2] <= 180


def test_hidden_and_exported_files_are_no_assets(tmp_path: Path) -> None:
    for name in (".x.part.tif", "exports/redline.csv", "values/a.tif", "b.stac.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert list(stac.assets(tmp_path)) == ["values/a.tif"]
