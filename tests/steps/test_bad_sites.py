"""A folder of records with every fault at once: each is said with its site and its amount."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from pyproj import Transformer

from tests.project.small_project import CATALOG, LAEA, PROJECT, make_project
from tianren.project.project import open_project
from tianren.steps.sites import Sites, account_sites

ACCOUNT = '\n[account]\nsites = ["wdpa"]\n'
SOURCE = '\n[wdpa]\nuri = "data/wdpa/*"\nkind = "vector"\n'
TO_DEGREES = Transformer.from_crs(LAEA, "EPSG:4326", always_xy=True)


def km(*ring: tuple[float, float]) -> Any:
    """A polygon of km in the project's plane, in degrees."""
    xs, ys = zip(*((1000 * x, 1000 * y) for x, y in ring), strict=True)
    return shapely.Polygon(list(zip(*TO_DEGREES.transform(xs, ys), strict=True)))


def box(west: float, south: float, east: float, north: float) -> Any:
    return km((west, south), (east, south), (east, north), (west, north))


RECORDS: list[tuple[dict[str, Any], Any]] = [
    ({"SITE_ID": 1, "NAME": "Sound", "REP_AREA": 4}, box(0, 0, 2, 2)),
    ({"SITE_ID": 2, "NAME": "Twin", "REP_AREA": 4}, box(-10, -10, -8, -8)),
    ({"SITE_ID": 2, "NAME": "Twin", "REP_AREA": 9}, box(-9, -10, -6, -7)),
    ({"SITE_ID": 3, "NAME": "Abroad", "REP_AREA": 4}, box(60, 0, 62, 2)),
    ({"SITE_ID": 4, "NAME": "Tenfold", "REP_AREA": 0.4}, box(5, 5, 7, 7)),
    ({"SITE_ID": 5, "NAME": "Nothing", "REP_AREA": 7}, km((0, 9), (0, 10), (0, 11))),
    ({"SITE_ID": 6, "NAME": "Future", "REP_AREA": 4, "STATUS_YR": 2071}, box(10, 0, 12, 2)),
    ({"SITE_ID": 7, "NAME": "Seventh", "REP_AREA": 4, "IUCN_CAT": "VII"}, box(10, 5, 12, 7)),
    ({"SITE_ID": 8, "NAME": "Tie", "REP_AREA": 2}, km((-5, 5), (-3, 7), (-3, 5), (-5, 7))),
    ({"SITE_ID": 9, "NAME": "Fiji", "REP_AREA": 300},
     shapely.Polygon([(179.9, -17), (-179.9, -17), (-179.9, -16.9), (179.9, -16.9)])),
    ({"SITE_ID": 10, "NAME": "Blank", "REP_AREA": 3}, None),
    ({"SITE_ID": 11, "NAME": "Reserve", "REP_AREA": 4,
      "DESIG_ENG": "UNESCO-MAB Biosphere Reserve"}, box(14, 0, 16, 2)),
    ({"SITE_ID": 12, "NAME": "Yearless", "REP_AREA": 4, "STATUS_YR": 0}, box(14, 5, 16, 7)),
]  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Sites:
    folder = make_project(tmp_path_factory.mktemp("bad"), PROJECT + ACCOUNT, CATALOG + SOURCE)
    (folder / "data/wdpa").mkdir()
    usual = {"SITE_TYPE": "PA", "STATUS": "Designated", "STATUS_YR": 2000, "IUCN_CAT": "II",
             "REALM": "Terrestrial", "DESIG_ENG": "National Park"}  # fmt: skip
    layer = gpd.GeoDataFrame(
        [{**usual, **fields} for fields, _ in RECORDS],
        geometry=[shape for _, shape in RECORDS], crs="EPSG:4326",
    )  # fmt: skip
    layer.to_file(folder / "data/wdpa/polygons.gpkg")
    empty(layer, folder / "data/wdpa/points.gpkg")
    return account_sites(open_project(folder))


def empty(layer: gpd.GeoDataFrame, path: Path) -> None:
    layer.iloc[:0].to_file(path)


@pytest.mark.parametrize(
    ("rule", "site", "amount"),
    [
        ("other_shape", "2 Twin", "(4 km2, 2 km2 of them in common with the 9 km2 here)"),
        ("region", "3 Abroad", "it lies outside the country: 4 km2, 40 km away"),
        ("area", "4 Tenfold", "its polygon has 4 km2, 10 times the 0.4 km2"),
        ("area", "5 Nothing", "its polygon has no area; 7 km2 are reported"),
        ("year", "6 Future", "its year is 2071, after 2026-01-01 by 45"),
        ("category", "7 Seventh", "VII is no IUCN category"),
        ("large_repair", "8 Tie", "+2 km2"),
        ("read", "9 Fiji", "it crosses the antimeridian"),
        ("region", "9 Fiji", "it lies outside the country"),
        ("geometry", "10 Blank", "it has no geometry; 3 km2 are reported"),
        ("designation", "11 Reserve", "UNESCO-MAB Biosphere Reserve, which does not count"),
        ("year_unknown", "12 Yearless", "not known"),
    ],
)
def test_each_fault_is_said_with_its_site_and_amount(
    found: Sites, rule: str, site: str, amount: str
) -> None:
    (message,) = [f.message for f in found.findings if f.rule == f"sites.{rule}"]
    assert site in message and amount in message


def test_what_counts_in_the_end(found: Sites) -> None:
    areas = found.sites.geometry.area / 1e6
    counted = dict(zip(found.sites["parcel_id"], areas.round(4), strict=True))
    assert counted == {"1": 4, "2": 4, "2~2": 9, "4": 4, "8": 2, "12": 4, "7": 4}


def test_no_record_is_without_its_end(found: Sites) -> None:
    ends = found.cleaned.log[found.cleaned.log["action"].isin(["kept", "refused"])]
    assert sorted(ends["row"]) == list(range(1, len(RECORDS) + 1))
    assert pd.Series(found.cleaned.every["row"]).is_unique


def test_an_empty_layer_beside_others_is_said(found: Sites) -> None:
    (message,) = [f.message for f in found.findings if f.rule == "sites.empty_layer"]
    assert message == "points.gpkg has no records"
