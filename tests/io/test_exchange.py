"""What leaves the house is data wherever it is opened: no formula, no markup."""

import csv
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from defusedxml.ElementTree import parse

from tianren.io.exchange import FORMATS, write_exchange
from tianren.io.sources import Entry
from tianren.io.vectors import read_vector

from .files import LAEA, left_behind

NAMES = ['=HYPERLINK("http://e.org")', "+1", "@x", "-2", "<b>&amp;\x01</b>", "云南"]


def named() -> gpd.GeoDataFrame:
    shapes = [shapely.box(i * 1000, 0, i * 1000 + 900, 900) for i in range(len(NAMES))]
    return gpd.GeoDataFrame(
        {"name": NAMES, "area_m2": [-1.5] * len(NAMES)}, geometry=shapes, crs=LAEA
    )


def test_a_name_never_becomes_a_formula(tmp_path: Path) -> None:
    (path,) = write_exchange(named(), "csv", tmp_path, "a")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert not any(row["name"].startswith(("=", "+", "-", "@")) for row in rows)
    assert [row["name"].removeprefix("'") for row in rows] == NAMES
    assert {float(row["area_m2"]) for row in rows} == {-1.5}  # numbers stay numbers


def test_a_name_never_becomes_markup(tmp_path: Path) -> None:
    (path,) = write_exchange(named(), "kml", tmp_path, "a")
    found = [e.text for e in parse(path).iter("{http://www.opengis.net/kml/2.2}name")][1:]
    assert found == [name.replace("\x01", "") for name in NAMES]


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"csv"}))
def test_what_is_written_can_be_read_again(tmp_path: Path, name: str) -> None:
    path = write_exchange(named(), name, tmp_path, "a")[0]
    layer, _ = read_vector(Entry("a", "a", "vector", tmp_path, path.name), LAEA)
    assert len(layer) == len(NAMES) and left_behind(tmp_path) == []
    assert layer.area.sum() == pytest.approx(len(NAMES) * 900 * 900, rel=1e-3)
