"""Cleaning: every row is kept or dropped with one reason, and nothing is corrected silently."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tianren.geo.area import to_plane
from tianren.geo.records import CODES, KEPT, REASONS, Limits, Region, clean, range_in_degrees

PLANE = "+proj=laea +lat_0=-19 +lon_0=47 +datum=WGS84 +units=m +no_defs"
DEGREES = pyproj.CRS(4326)
DAY = dt.date(2020, 6, 1)
LIMITS = Limits(
    largest_uncertainty=10_000, earliest_year=1600, coast_tolerance=1000, centroid_distance=1000,
    institution_distance=100, range_tolerance=10_000, duplicate_decimals=5,
    refused_basis=frozenset({"fossilspecimen"}),
)  # fmt: skip
NAMES = {
    "Aus bus": ("Aus bus", "accepted"), "Old name": ("Aus bus", "synonym"),
    "Cus dus": ("Cus dus", "accepted"), "Aus": ("", "genus only"), "": ("", "no name"),
    "Aus cf. bus": ("", "uncertain"), "Xus yus": ("", "unmatched"), "Two lives": ("", "ambiguous"),
}  # fmt: skip


def plane(*shapes: Any) -> list[Any]:
    return list(to_plane(list(shapes), DEGREES, pyproj.CRS(PLANE)))


LAND, SEA, EAST = plane(
    shapely.box(44, -25, 50, -13), shapely.box(50, -25, 55, -13), shapely.box(48, -20, 50, -18)
)
CENTRE = np.array([pyproj.Transformer.from_crs(4326, PLANE, always_xy=True).transform(46.5, -19.5)])
MUSEUM = np.array(
    [pyproj.Transformer.from_crs(4326, PLANE, always_xy=True).transform(47.52, -18.91)]
)
REGION = Region(PLANE, LAND, centroids=CENTRE, institutions=MUSEUM)


def table(*rows: Mapping[str, Any]) -> pd.DataFrame:
    """Records with a sound one's values where a row does not say otherwise."""
    sound = {
        "species": "Aus bus", "longitude": 47.0, "latitude": -19.0, "year": 2000.0, "date": "",
        "uncertainty_m": np.nan, "basis": "", "status": "", "written": "",
    }  # fmt: skip
    frame = pd.DataFrame([{**sound, **row} for row in rows], columns=list(sound))
    texts = ("species", "date", "basis", "status", "written")
    return frame.astype(dict.fromkeys(texts, "category"))


def reasons(*rows: Mapping[str, Any], region: Region = REGION) -> list[str]:
    found = clean(table(*rows), NAMES, region, LIMITS, DAY).reason
    words = ["", *REASONS]
    return [words[code] for code in found]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, ""),
        ({"status": "malformed"}, "malformed_row"),
        ({"status": "ABSENT"}, "absence"),
        ({"basis": "FOSSIL_SPECIMEN"}, "not_wild"),
        ({"basis": "HumanObservation"}, ""),
        ({"species": ""}, "no_species"),
        ({"species": "Aus"}, "genus_only"),
        ({"species": "Aus cf. bus"}, "uncertain_name"),
        ({"species": "Two lives"}, "ambiguous_name"),
        ({"species": "Xus yus"}, "unmatched_name"),
        ({"species": "Old name"}, ""),
        ({"longitude": np.nan}, "no_coordinates"),
        ({"latitude": np.nan, "written": "near the road"}, "unreadable_coordinates"),
        ({"longitude": 0.0, "latitude": 0.0}, "zero_coordinates"),
        ({"longitude": -19.0, "latitude": 47.0}, "swapped_coordinates"),
        ({"longitude": -14.0, "latitude": 45.0}, "swapped_coordinates"),
        ({"latitude": 19.0}, "wrong_sign"),
        ({"longitude": -47.0}, "wrong_sign"),
        ({"longitude": 47.0, "latitude": -190.0}, "out_of_range"),
        ({"longitude": 470.0}, "out_of_range"),
        ({"longitude": 36.0}, "outside_region"),
        ({"longitude": 50.005}, ""),
        ({"longitude": 50.02}, "outside_region"),
        ({"longitude": 46.505, "latitude": -19.5}, "centroid"),
        ({"longitude": 46.505, "latitude": -19.5, "uncertainty_m": 30.0}, ""),
        ({"longitude": 46.505, "latitude": -19.5, "uncertainty_m": 1500.0}, "centroid"),
        ({"longitude": 47.5205, "latitude": -18.91}, "institution"),
        ({"longitude": 47.522, "latitude": -18.91}, ""),
        ({"uncertainty_m": 10_000.0}, ""),
        ({"uncertainty_m": 10_001.0}, "uncertainty"),
        ({"year": 2021.0}, "impossible_date"),
        ({"year": 1599.0}, "impossible_date"),
        ({"year": np.nan}, ""),
        ({"year": 2020.0, "date": "2020-06-02"}, "impossible_date"),
        ({"year": 2020.0, "date": "2020-06-01"}, ""),
        ({"date": "2000-02-30"}, "impossible_date"),
    ],
)  # fmt: skip
def test_each_fault_has_its_reason(row: dict[str, Any], reason: str) -> None:
    assert reasons(row) == [reason]


def test_duplicates_name_the_first_row() -> None:
    rows: list[dict[str, Any]] = [
        {"species": "Cus dus"}, {}, {"species": "Old name"}, {"year": 1999.0},
        {"longitude": 47.000001}, {"longitude": 47.001}, {"year": np.nan}, {"year": np.nan},
    ]  # fmt: skip
    found = clean(table(*rows), NAMES, REGION, LIMITS, DAY)
    assert found.first.tolist() == [-1, -1, 1, -1, 1, -1, -1, 6]
    assert found.counts() == {"duplicate": 2, "duplicate_undated": 1}


def test_the_reason_of_a_repeat_without_a_year_claims_no_year() -> None:
    assert reasons({"year": np.nan}, {"year": np.nan}, {}) == ["", "duplicate_undated", ""]
    assert "same year" not in REASONS["duplicate_undated"]
    assert "without a year" in REASONS["duplicate_undated"]


def test_sea_is_for_marine_species() -> None:
    region = Region(PLANE, LAND, SEA, marine=frozenset({"Cus dus"}))
    at_sea = {"longitude": 52.0}
    swimmer, far = {**at_sea, "species": "Cus dus"}, {"longitude": 57.0}
    assert reasons(at_sea, swimmer, far, region=region) == ["sea", "", "outside_region"]


def test_the_range_of_the_species() -> None:
    region = Region(PLANE, LAND, ranges={"Aus bus": EAST})
    west, near = {"longitude": 46.0}, {"longitude": 47.95}
    inside = {"longitude": 49.0}
    other = {"species": "Cus dus", "longitude": 46.0}
    assert reasons(west, near, inside, other, region=region) == ["outside_range", "", "", ""]


def test_a_range_on_the_other_hemisphere_is_named_as_such() -> None:
    (north,) = plane(shapely.box(48, 18, 50, 20))
    assert reasons({}, region=Region(PLANE, LAND, ranges={"Aus bus": north})) == [
        "other_hemisphere"
    ]
    assert range_in_degrees(north, PLANE) == pytest.approx((48, 18, 50, 20), abs=1e-6)


VALUE = st.one_of(st.floats(-200, 200), st.sampled_from([0.0, 47.0, -19.0, np.nan]))
ROW = st.fixed_dictionaries(
    {"species": st.sampled_from(sorted(NAMES)), "longitude": VALUE, "latitude": VALUE},
    optional={
        "year": st.sampled_from([1500.0, 2000.0, np.nan]),
        "status": st.sampled_from(["", "absent"]),
    },
)


@given(st.lists(ROW, min_size=1, max_size=25), st.randoms())
@settings(deadline=None, max_examples=60)
def test_kept_and_dropped_are_all_rows_in_any_order(rows: list[dict[str, Any]], rng: Any) -> None:
    found = clean(table(*rows), NAMES, REGION, LIMITS, DAY)
    assert int(found.kept.sum()) + sum(found.counts().values()) == len(rows)
    repeats = [CODES["duplicate"], CODES["duplicate_undated"]]
    assert np.isin(found.reason[found.first >= 0], repeats).all()
    assert (found.reason[found.first[found.first >= 0]] == KEPT).all()
    shuffled = rows[:]
    rng.shuffle(shuffled)
    assert clean(table(*shuffled), NAMES, REGION, LIMITS, DAY).counts() == found.counts()


def test_what_is_kept_lies_on_the_land() -> None:
    rng = np.random.default_rng(3)
    rows = [{"longitude": x, "latitude": y} for x, y in rng.uniform((40, -30), (55, -10), (400, 2))]
    found = clean(table(*rows), NAMES, REGION, LIMITS, DAY)
    away = shapely.distance(LAND, shapely.points(found.x, found.y))
    centre = shapely.distance(shapely.points(CENTRE[0]), shapely.points(found.x, found.y))
    assert (found.kept == ((away <= 1000) & (centre > 1000))).all()


def test_a_record_beside_a_rock_in_the_sea_is_kept() -> None:
    x, y = shapely.get_coordinates(plane(shapely.Point(51, -19))[0])[0]
    rock = shapely.Point(x, y).buffer(5)
    region = Region(PLANE, shapely.union_all([LAND, rock]))
    beside, beyond = {"longitude": 51.0090}, {"longitude": 51.0110}
    assert reasons(beside, beyond, region=region) == ["", "outside_region"]


@given(st.integers(0, 10_000), st.floats(10.0, 5_000.0))
@settings(deadline=None, max_examples=25)
def test_the_tolerance_is_a_distance_exactly(seed: int, tolerance: float) -> None:
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, 60))
    radius = rng.uniform(5_000, 40_000, 60)
    ring = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    land = shapely.make_valid(shapely.Polygon(ring)).buffer(0)
    where = shapely.get_coordinates(shapely.segmentize(land, 3_000))
    x, y = (where + rng.normal(0, tolerance, where.shape)).T
    move = pyproj.Transformer.from_crs(PLANE, 4326, always_xy=True)
    lon, lat = move.transform(x, y)
    limits = replace(LIMITS, coast_tolerance=tolerance)
    rows = [{"longitude": a, "latitude": b} for a, b in zip(lon, lat, strict=True)]
    found = clean(table(*rows), NAMES, Region(PLANE, land), limits, DAY)
    away = shapely.distance(land, shapely.points(found.x, found.y))
    said = found.reason == CODES["outside_region"]
    clear = np.abs(away - tolerance) > 1e-6
    assert (said == (away > tolerance))[clear].all()
